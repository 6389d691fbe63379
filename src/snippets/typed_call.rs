//! A call for the SDKs with types: which parameters are members of theirs with which type, and which are extra.
//!
//! Members are those parameters that stand at the top of a call and that Stripe's libraries for Go, Java and .NET have under
//! the same name. What is nested, and a value that its type cannot hold, is sent as an extra parameter, which every one of
//! them takes: a tester's wrong value stays what it is.

use super::{
    call::{ParamFields, ParamValue, SnippetCall},
    sdk_call::{
        SdkAction::{self, Attach, Cancel, Capture, Confirm, Create, IncrementAuthorization, List, Update},
        SdkCall, SdkResource,
    },
};

/// A call of a typed SDK.
#[derive(Debug)]
pub(super) struct TypedCall<'a> {
    pub resource: SdkResource,
    pub action: SdkAction,
    pub id: Option<&'a str>,
    /// By the names of Stripe's API.
    pub members: Vec<(&'static str, TypedValue)>,
    pub metadata: Vec<(String, String)>,
    pub expand: Vec<String>,
    /// Everything else, by the names that are sent.
    pub extra: Vec<(String, String)>,
}

/// The value of a member.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TypedValue {
    Text(String),
    Whole(i64),
    Truth(bool),
    Texts(Vec<String>),
    /// One of the words that Java has an enum for.
    Choice(String),
}

/// What type a member has.
#[derive(Clone, Copy)]
enum MemberType {
    Text,
    Whole,
    Truth,
    Texts,
    Choice(&'static [&'static str]),
}
use MemberType::{Choice, Text, Texts, Truth, Whole};

type Members = &'static [(&'static str, MemberType)];

const CAPTURE_METHOD: MemberType = Choice(&["automatic", "automatic_async", "manual"]);
const FUTURE_USAGE: MemberType = Choice(&["off_session", "on_session"]);
const OF_NEW_INTENT: Members = &[
    ("amount", Whole),
    ("capture_method", CAPTURE_METHOD),
    ("confirm", Truth),
    ("confirmation_method", Choice(&["automatic", "manual"])),
    ("currency", Text),
    ("customer", Text),
    ("description", Text),
    ("error_on_requires_action", Truth),
    ("off_session", Truth),
    ("payment_method", Text),
    ("payment_method_types", Texts),
    ("receipt_email", Text),
    ("return_url", Text),
    ("setup_future_usage", FUTURE_USAGE),
    ("statement_descriptor", Text),
    ("statement_descriptor_suffix", Text),
    ("use_stripe_sdk", Truth),
];
const OF_CHANGED_INTENT: Members = &[
    ("amount", Whole),
    ("capture_method", CAPTURE_METHOD),
    ("currency", Text),
    ("customer", Text),
    ("description", Text),
    ("payment_method", Text),
    ("payment_method_types", Texts),
    ("receipt_email", Text),
    ("setup_future_usage", FUTURE_USAGE),
    ("statement_descriptor", Text),
    ("statement_descriptor_suffix", Text),
];
const OF_CONFIRMATION: Members = &[
    ("capture_method", CAPTURE_METHOD),
    ("error_on_requires_action", Truth),
    ("off_session", Truth),
    ("payment_method", Text),
    ("payment_method_types", Texts),
    ("receipt_email", Text),
    ("return_url", Text),
    ("setup_future_usage", FUTURE_USAGE),
    ("use_stripe_sdk", Truth),
];
const OF_CAPTURE: Members = &[
    ("amount_to_capture", Whole),
    ("final_capture", Truth),
    ("statement_descriptor", Text),
    ("statement_descriptor_suffix", Text),
];
const OF_INCREMENT: Members = &[("amount", Whole), ("description", Text), ("statement_descriptor", Text)];
const OF_NEW_SETUP: Members = &[
    ("confirm", Truth),
    ("customer", Text),
    ("description", Text),
    ("payment_method", Text),
    ("payment_method_types", Texts),
    ("return_url", Text),
    ("usage", FUTURE_USAGE),
    ("use_stripe_sdk", Truth),
];
const OF_CHANGED_SETUP: Members =
    &[("customer", Text), ("description", Text), ("payment_method", Text), ("payment_method_types", Texts)];
const OF_LIST: Members = &[("ending_before", Text), ("limit", Whole), ("starting_after", Text)];

fn members(resource: &SdkResource, action: SdkAction) -> Members {
    match (resource.plural, action) {
        ("payment_intents", Create) => OF_NEW_INTENT,
        ("payment_intents", Update) => OF_CHANGED_INTENT,
        ("payment_intents", Confirm) => OF_CONFIRMATION,
        ("payment_intents", Capture) => OF_CAPTURE,
        ("payment_intents", IncrementAuthorization) => OF_INCREMENT,
        ("payment_intents", Cancel) => {
            &[("cancellation_reason", Choice(&["abandoned", "duplicate", "fraudulent", "requested_by_customer"]))]
        }
        ("setup_intents", Create) => OF_NEW_SETUP,
        ("setup_intents", Update) => OF_CHANGED_SETUP,
        ("setup_intents", Confirm) => &[("payment_method", Text), ("return_url", Text), ("use_stripe_sdk", Truth)],
        ("setup_intents", Cancel) => {
            &[("cancellation_reason", Choice(&["abandoned", "duplicate", "requested_by_customer"]))]
        }
        ("payment_methods", Create) => &[("payment_method", Text), ("type", Choice(&["card"]))],
        ("payment_methods", Attach) => &[("customer", Text)],
        ("refunds", Create) => &[
            ("amount", Whole),
            ("charge", Text),
            ("payment_intent", Text),
            ("reason", Choice(&["duplicate", "fraudulent", "requested_by_customer"])),
        ],
        ("charges", Create) => &[
            ("amount", Whole),
            ("capture", Truth),
            ("currency", Text),
            ("customer", Text),
            ("description", Text),
            ("receipt_email", Text),
        ],
        ("charges", Update) => &[("customer", Text), ("description", Text), ("receipt_email", Text)],
        ("charges", Capture) => &[("amount", Whole), ("receipt_email", Text)],
        ("customers", Create) => {
            &[("description", Text), ("email", Text), ("name", Text), ("payment_method", Text), ("phone", Text)]
        }
        ("customers", Update) => {
            &[("default_source", Text), ("description", Text), ("email", Text), ("name", Text), ("phone", Text)]
        }
        ("webhook_endpoints", Create) => &[("connect", Truth), ("description", Text), ("url", Text)],
        ("webhook_endpoints", Update) => &[("description", Text), ("disabled", Truth), ("url", Text)],
        ("disputes", Update) => &[("submit", Truth)],
        (_, List) => OF_LIST,
        _ => &[],
    }
}

impl MemberType {
    /// A value of this type that is sent as it was; `None` where there is none.
    fn read(self, value: &ParamValue) -> Option<TypedValue> {
        match (self, value) {
            (Text, ParamValue::Text(text)) => Some(TypedValue::Text(text.clone())),
            (Whole, ParamValue::Text(text)) => {
                let number = text.parse::<i64>().ok().filter(|number| number.to_string() == *text)?;
                Some(TypedValue::Whole(number))
            }
            (Truth, ParamValue::Text(text)) => text.parse().ok().map(TypedValue::Truth),
            (Choice(words), ParamValue::Text(text)) => {
                words.contains(&text.as_str()).then(|| TypedValue::Choice(text.clone()))
            }
            (Texts, ParamValue::List(items)) => texts(items).map(TypedValue::Texts),
            _ => None,
        }
    }
}

fn texts(items: &[ParamValue]) -> Option<Vec<String>> {
    let text = |item: &ParamValue| match item {
        ParamValue::Text(text) => Some(text.clone()),
        ParamValue::Map(_) | ParamValue::List(_) => None,
    };
    items.iter().map(text).collect()
}

impl<'a> TypedCall<'a> {
    /// Sorts the parameters of a call; `None` for a call that no method makes, for a token's, which has types of its own,
    /// and for one that asks for a version of the API: the types of an SDK are made for one version, so other versions
    /// need a raw request.
    pub(super) fn of(call: &'a SnippetCall) -> Option<Self> {
        let SdkCall::Method { resource, action, id } = &call.kind else { return None };
        if resource.plural == "tokens" || call.version.is_some() {
            return None;
        }
        let known = members(resource, *action);
        let mut typed = Self {
            resource: *resource,
            action: *action,
            id: id.as_deref(),
            members: Vec::new(),
            metadata: Vec::new(),
            expand: Vec::new(),
            extra: Vec::new(),
        };
        let (fields, flat) = call.fields();
        for (name, value) in fields {
            let member = known.iter().find(|(known, _)| *known == name);
            let read = member.and_then(|(name, kind)| Some((*name, kind.read(&value)?)));
            match (name.as_str(), &value) {
                _ if read.is_some() => typed.members.extend(read),
                ("metadata", ParamValue::Map(entries)) if matches!(action, Create | Update) => {
                    typed.take_metadata(entries);
                }
                ("expand", ParamValue::List(items)) => match texts(items) {
                    Some(names) => typed.expand.extend(names),
                    None => take_extra(&mut typed.extra, &name, &value),
                },
                _ => take_extra(&mut typed.extra, &name, &value),
            }
        }
        typed.extra.extend(flat.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        Some(typed)
    }

    fn take_metadata(&mut self, entries: &ParamFields) {
        for (key, value) in entries {
            match value {
                // An empty value takes the key away, which not every library sends.
                ParamValue::Text(text) if !text.is_empty() => self.metadata.push((key.clone(), text.clone())),
                value => take_extra(&mut self.extra, &format!("metadata[{key}]"), value),
            }
        }
    }

    /// Whether the call has no parameters at all.
    pub(super) fn is_bare(&self) -> bool {
        self.members.is_empty() && self.metadata.is_empty() && self.expand.is_empty() && self.extra.is_empty()
    }

    /// The class of the parameters in Java and .NET, without its ending: `PaymentIntentConfirm`. .NET says `get`.
    pub(super) fn params_class(&self, retrieve: &str) -> String {
        let action = match self.action {
            SdkAction::Retrieve => retrieve.to_owned(),
            action => super::sdk_call::pascal_case(action.word()),
        };
        format!("{}{action}", self.resource.class)
    }
}

/// Adds a value that no member holds, by the names that are sent.
pub(super) fn take_extra(extra: &mut Vec<(String, String)>, name: &str, value: &ParamValue) {
    match value {
        ParamValue::Text(value) => extra.push((name.to_owned(), value.clone())),
        ParamValue::Map(fields) => {
            for (part, value) in fields {
                take_extra(extra, &format!("{name}[{part}]"), value);
            }
        }
        ParamValue::List(items) => {
            for (nth, value) in items.iter().enumerate() {
                take_extra(extra, &format!("{name}[{nth}]"), value);
            }
        }
    }
}
