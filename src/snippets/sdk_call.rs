//! What Stripe's SDKs call a request: the resource, and the method of it that makes the call.

use crate::domain::call::api::{HttpMethod, MaskedRequest};
use SdkAction::{
    Attach, Cancel, Capture, Close, Confirm, Create, Delete, Detach, IncrementAuthorization, List, Retrieve, Update,
};

/// A resource that all SDKs know by the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SdkResource {
    /// As in the path: `payment_intents`.
    pub plural: &'static str,
    /// `PaymentIntent`.
    pub class: &'static str,
    /// What its variable is called: `payment_intent`.
    pub single: &'static str,
    actions: &'static [SdkAction],
}

/// A method of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SdkAction {
    Create,
    Retrieve,
    Update,
    Delete,
    List,
    Confirm,
    Capture,
    IncrementAuthorization,
    Cancel,
    Attach,
    Detach,
    Close,
}

const fn resource(
    plural: &'static str,
    class: &'static str,
    single: &'static str,
    actions: &'static [SdkAction],
) -> SdkResource {
    SdkResource { plural, class, single, actions }
}

const RESOURCES: &[SdkResource] = &[
    resource("tokens", "Token", "token", &[Create, Retrieve]),
    resource("charges", "Charge", "charge", &[Create, Retrieve, Update, List, Capture]),
    resource("customers", "Customer", "customer", &[Create, Retrieve, Update, List, Delete]),
    resource("refunds", "Refund", "refund", &[Create, Retrieve, Update, List, Cancel]),
    resource("payment_methods", "PaymentMethod", "payment_method", &[Create, Retrieve, Update, List, Attach, Detach]),
    resource(
        "payment_intents",
        "PaymentIntent",
        "payment_intent",
        &[Create, Retrieve, Update, List, Confirm, Capture, IncrementAuthorization, Cancel],
    ),
    resource("setup_intents", "SetupIntent", "setup_intent", &[Create, Retrieve, Update, List, Confirm, Cancel]),
    resource("disputes", "Dispute", "dispute", &[Retrieve, Update, List, Close]),
    resource("balance_transactions", "BalanceTransaction", "balance_transaction", &[Retrieve, List]),
    resource("events", "Event", "event", &[Retrieve, List]),
    resource("webhook_endpoints", "WebhookEndpoint", "webhook_endpoint", &[Create, Retrieve, Update, List, Delete]),
];

impl SdkAction {
    /// The action whose word ends a path, such as `/v1/payment_intents/pi_1/confirm`.
    fn of_path(word: &str) -> Option<Self> {
        let all = [Confirm, Capture, IncrementAuthorization, Cancel, Attach, Detach, Close];
        all.into_iter().find(|action| action.word() == word)
    }

    /// Its method, as Python and Ruby call it; others write it in camel case.
    pub(super) fn word(self) -> &'static str {
        match self {
            Create => "create",
            Retrieve => "retrieve",
            Update => "update",
            Delete => "delete",
            List => "list",
            Confirm => "confirm",
            Capture => "capture",
            IncrementAuthorization => "increment_authorization",
            Cancel => "cancel",
            Attach => "attach",
            Detach => "detach",
            Close => "close",
        }
    }
}

impl SdkResource {
    /// What the result of an action is called.
    pub(super) fn variable(&self, action: SdkAction) -> &'static str {
        if action == List { self.plural } else { self.single }
    }
}

/// `payment_intents` as `paymentIntents`.
pub(super) fn camel_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (nth, part) in name.split('_').enumerate() {
        if nth == 0 { out.push_str(part) } else { push_capitalized(&mut out, part) }
    }
    out
}

/// `payment_intents` as `PaymentIntents`.
pub(super) fn pascal_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    name.split('_').for_each(|part| push_capitalized(&mut out, part));
    out
}

fn push_capitalized(out: &mut String, part: &str) {
    let mut signs = part.chars();
    out.extend(signs.next().map(|first| first.to_ascii_uppercase()));
    out.push_str(signs.as_str());
}

/// The method of an SDK that makes the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SdkCall {
    /// The id is that of the object which it is about; a creation and a list have none.
    Method { resource: SdkResource, action: SdkAction, id: Option<String> },
    /// A source of this customer.
    CreateSource(String),
    /// A call that only an SDK's raw request can make in every language.
    Raw,
}

impl SdkCall {
    pub(super) fn of(request: &MaskedRequest) -> Self {
        let parts: Vec<&str> = request.path.split('/').skip(1).collect();
        // An id with other signs would change the path in an SDK's method: a raw request sends it as it is.
        // `search` stands where an id does, and is none.
        let is_id = |id: &str| {
            !id.is_empty() && id != "search" && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let (plural, action, id) = match (request.method, &parts[..]) {
            (HttpMethod::Post, ["v1", "customers", id, "sources"]) if is_id(id) => {
                return Self::CreateSource((*id).to_owned());
            }
            (HttpMethod::Post, ["v1", plural]) => (plural, Some(Create), None),
            (HttpMethod::Get, ["v1", plural]) => (plural, Some(List), None),
            (HttpMethod::Get, ["v1", plural, id]) => (plural, Some(Retrieve), Some(*id)),
            (HttpMethod::Post, ["v1", plural, id]) => (plural, Some(Update), Some(*id)),
            (HttpMethod::Delete, ["v1", plural, id]) => (plural, Some(Delete), Some(*id)),
            (HttpMethod::Post, ["v1", plural, id, word]) => (plural, SdkAction::of_path(word), Some(*id)),
            _ => return Self::Raw,
        };
        let resource = RESOURCES.iter().find(|resource| resource.plural == *plural);
        match (resource, action) {
            (Some(resource), Some(action)) if resource.actions.contains(&action) && id.is_none_or(is_id) => {
                Self::Method { resource: *resource, action, id: id.map(str::to_owned) }
            }
            _ => Self::Raw,
        }
    }
}
