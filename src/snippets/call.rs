//! A kept call, ready to be written in any language: its parameters as nested values, what an SDK calls it, and what a
//! reader has to know.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{kept_call::KeptCall, sdk_call::SdkCall};
use crate::domain::call::{
    again::StandIn,
    api::{ApiResponse, HttpMethod},
};

/// What stands in a path or a query as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Brackets are Stripe's notation: SDKs and servers take them bare.
const IN_NAME: &AsciiSet = &UNRESERVED.remove(b'[').remove(b']');

/// A parameter's value: a text, a dictionary, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ParamValue {
    Text(String),
    Map(ParamFields),
    List(Vec<ParamValue>),
}

pub(super) type ParamFields = Vec<(String, ParamValue)>;

#[derive(Clone, Debug)]
pub(super) struct SnippetCall {
    pub method: HttpMethod,
    pub kind: SdkCall,
    /// Percent-encoded.
    pub path: String,
    /// As they were sent, except that a passing security code stands for the one that is not kept.
    pub params: Vec<(String, String)>,
    /// The connected account that the call is for.
    pub account: Option<String>,
    /// The version of the API that the call asked for; `None` for the account's own.
    pub version: Option<String>,
    notes: Vec<String>,
}

impl SnippetCall {
    pub(super) fn of(call: KeptCall<'_>) -> Self {
        let request = call.request;
        let code_failed = call.answer.is_some_and(ApiResponse::refuses_cvc);
        let mut notes = Vec::new();
        let params = request.params.iter().zip(request.stand_ins()).map(|((name, value), (_, kept))| {
            let value = stand_in(name, kept, code_failed, &mut notes).unwrap_or(value);
            (name.clone(), value.to_owned())
        });
        let params = params.collect();
        let header = |name| request.header(name).filter(|value| !value.is_empty()).map(str::to_owned);
        Self {
            method: request.method,
            kind: SdkCall::of(request),
            path: encoded_path(&request.path),
            params,
            account: header("Stripe-Account"),
            version: header("Stripe-Version"),
            notes,
        }
    }

    /// What has to be said before the code, a sentence each.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The connected account and the version of the API, as far as the call named them, under the names that a language
    /// has for these two options.
    pub(super) fn options(&self, account: &'static str, version: &'static str) -> Vec<(&'static str, &str)> {
        let pairs = [(account, &self.account), (version, &self.version)];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }

    /// As [`Self::options`], for the languages that have literals.
    pub(super) fn option_fields(&self, account: &'static str, version: &'static str) -> ParamFields {
        let options = self.options(account, version).into_iter();
        options.map(|(name, value)| (name.to_owned(), ParamValue::Text(value.to_owned()))).collect()
    }

    /// The headers for the connected account and the version of the API, as far as the call named them.
    pub(super) fn headers(&self) -> Vec<(&'static str, &str)> {
        self.options("Stripe-Account", "Stripe-Version")
    }

    /// The parameters as nested values; and apart from them, flat, those that cannot be nested: malformed names, and
    /// names that are used for a text and for a dictionary at once. Of a name that was sent twice, the last value
    /// counts.
    pub(super) fn fields(&self) -> (ParamFields, Vec<(&str, &str)>) {
        let mut nested = ParamFields::new();
        let mut flat: Vec<(&str, &str)> = Vec::new();
        for (name, value) in self.last_of_each_name() {
            // A dictionary has one value for a name: beside a text nothing can lie under the same name.
            let has_text = |head: &str| name != head && self.params.iter().any(|(other, _)| other == head);
            let parts = parts(name).filter(|parts| !has_text(parts[0]));
            if parts.is_some_and(|parts| place(&mut nested, &parts, value)) {
                continue;
            }
            flat.retain(|(known, _)| *known != name);
            flat.push((name, value));
        }
        (nested, flat)
    }

    /// Everything at one level: the nested fields, and then the names that cannot be nested.
    pub(super) fn all_fields(&self) -> ParamFields {
        let (mut fields, flat) = self.fields();
        fields.extend(flat.into_iter().map(|(name, value)| (name.to_owned(), ParamValue::Text(value.to_owned()))));
        fields
    }

    fn last_of_each_name(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_last = |(nth, (name, _)): &(usize, &(String, String))| {
            !self.params[nth + 1..].iter().any(|(later, _)| later == name && !name.ends_with("[]"))
        };
        self.params.iter().enumerate().filter(is_last).map(|(_, (name, value))| (name.as_str(), value.as_str()))
    }

    /// The parameters as a form or a query.
    pub(super) fn form(&self) -> String {
        self.params.iter().map(|(name, value)| pair(name, value)).collect::<Vec<_>>().join("&")
    }

    /// The path, with the parameters of a call that has no body.
    pub(super) fn path_and_query(&self) -> String {
        if self.has_body() || self.params.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.form())
        }
    }

    pub(super) fn has_body(&self) -> bool {
        self.method == HttpMethod::Post
    }
}

/// `name=value`, both percent-encoded.
pub(super) fn pair(name: &str, value: &str) -> String {
    format!("{}={}", utf8_percent_encode(name, IN_NAME), utf8_percent_encode(value, UNRESERVED))
}

/// What a parameter is sent as where its value is not kept, with a note about it; `None` where it goes as it stands.
fn stand_in(name: &str, stand_in: StandIn<'_>, code_failed: bool, notes: &mut Vec<String>) -> Option<&'static str> {
    let mut note = |text: String| {
        if !notes.contains(&text) {
            notes.push(text);
        }
    };
    match stand_in {
        StandIn::Same(_) => return None,
        StandIn::PassingCode(code) if code_failed => {
            note(format!("The security code that failed is not kept: {code} passes, and stands for it."));
            note("Put a code that fails in its place before you run this, to see what was seen.".to_owned());
            return Some(code);
        }
        StandIn::PassingCode(code) => {
            note(format!("The security code is not kept: {code} stands for it."));
            return Some(code);
        }
        StandIn::Lost => {}
    }
    if name == "card[number]" {
        note("The card number is masked, because it is not a published test card.".to_owned());
        note("Put the whole number in its place, or that of a test card, before you run this.".to_owned());
    } else if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"[]_".contains(&byte)) {
        note(format!("{name} is not kept whole: put in what belongs there before you run this."));
    } else {
        note("A parameter is not kept whole: put in what belongs there before you run this.".to_owned());
    }
    None
}

fn encoded_path(path: &str) -> String {
    path.split('/').map(|part| utf8_percent_encode(part, UNRESERVED).to_string()).collect::<Vec<_>>().join("/")
}

/// Names that nest deeper are written flat. Stripe has no such parameter, and parsers have a limit of their own.
const MOST_PARTS: usize = 10;

/// The parts of a well-formed name: `card[networks][preferred]`, `expand[]`.
fn parts(name: &str) -> Option<Vec<&str>> {
    let (head, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    let mut parts = vec![head];
    let mut rest = rest;
    while !rest.is_empty() {
        let (part, behind) = rest.strip_prefix('[').filter(|_| parts.len() < MOST_PARTS)?.split_once(']')?;
        parts.push(part);
        rest = behind;
    }
    let last = parts.len() - 1;
    let is_good =
        |(nth, part): (usize, &&str)| !part.contains(['[', ']']) && (!part.is_empty() || nth == last && nth > 0);
    parts.iter().enumerate().all(is_good).then_some(parts)
}

/// Puts a value in its place; `false` when something of another kind is there.
fn place(fields: &mut ParamFields, parts: &[&str], value: &str) -> bool {
    let name = parts[0];
    let at = fields.iter().position(|(known, _)| known == name);
    match (&parts[1..], at) {
        ([], None) => fields.push((name.to_owned(), ParamValue::Text(value.to_owned()))),
        ([], Some(_)) => return false,
        ([""], None) => fields.push((name.to_owned(), ParamValue::List(vec![ParamValue::Text(value.to_owned())]))),
        ([""], Some(at)) => match &mut fields[at].1 {
            ParamValue::List(items) => items.push(ParamValue::Text(value.to_owned())),
            ParamValue::Text(_) | ParamValue::Map(_) => return false,
        },
        (rest, None) => {
            let mut inner = ParamFields::new();
            let is_placed = place(&mut inner, rest, value);
            fields.push((name.to_owned(), ParamValue::Map(inner)));
            return is_placed;
        }
        (rest, Some(at)) => {
            return match &mut fields[at].1 {
                ParamValue::Map(inner) => place(inner, rest, value),
                ParamValue::Text(_) | ParamValue::List(_) => false,
            };
        }
    }
    true
}
