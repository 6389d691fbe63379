//! Where the target's answer to a call differs from the minter's.
//!
//! Ids, times and what an account gives differ in every pair of answers. Which fields these are says the table of
//! grades, never the look of a value: of them only the type is compared, and of an id its prefix.

use std::collections::BTreeSet;

use crate::domain::{
    call::{
        api::ApiResponse,
        field_place::FieldPlace,
        grades::{self, FieldVaries},
    },
    json_document::{JsonDocument, JsonKind, JsonView, is_same_value},
    plural::number_of,
    words::words,
};

/// A difference of two answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Drift {
    pub kind: DriftKind,
    /// `HTTP status`, `header NAME`, or the names and indexes that lead to the field in the body, with dots between them.
    pub place: String,
    /// What the minter has there, as JSON in one line or as a name; empty where it has nothing.
    pub ours: String,
    /// What the target has there.
    pub theirs: String,
}

/// How two answers differ at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DriftKind {
    /// Another status, whatever the body says.
    Status,
    /// The target lacks the field or header.
    Missing,
    /// Only the target has the field or header.
    Extra,
    /// The target has the value of the field under another name.
    Renamed,
    /// Both have the field, and one of them without a value.
    Null,
    Type,
    Value,
    /// The fields of an object come in another order.
    Order,
}

words!(DriftKind {
    Status => "status",
    Missing => "missing",
    Extra => "extra",
    Renamed => "renamed",
    Null => "null",
    Type => "type",
    Value => "value",
    Order => "order",
});

/// An answer, and the ids that this side of the comparison gave in the calls before: a message that names one of them
/// says the same as a message that names the other side's.
#[derive(Clone, Copy, Debug)]
pub struct ParityAnswer<'a> {
    pub response: &'a ApiResponse,
    pub ids: &'a [String],
}

/// Compares the answers of the minter and of the target to the same call. An object and an error have nothing in common
/// that could be compared: then the status is the one difference.
pub fn compare(ours: ParityAnswer<'_>, theirs: ParityAnswer<'_>) -> Vec<Drift> {
    let mut walk = DriftWalk { ours: ours.ids, theirs: theirs.ids, found: Vec::new() };
    walk.status(ours.response, theirs.response);
    if ours.response.is_success() != theirs.response.is_success() {
        return walk.found;
    }
    walk.headers(ours.response, theirs.response);
    match (ours.response.document(), theirs.response.document()) {
        (Some(our_body), Some(their_body)) => walk.value(our_body.root(), their_body.root(), ""),
        (our_body, their_body) => walk.text(our_body.as_ref(), their_body.as_ref()),
    }
    walk.found
}

/// Headers of the connection, which say nothing of the answer.
const OF_THE_CONNECTION: &[&str] = &[
    "alt-svc",
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "keep-alive",
    "server",
    "strict-transport-security",
    "transfer-encoding",
    "via",
];
/// What a browser is told about pages of other origins, which depends on the origins that are let in.
const CORS: &str = "access-control-";

/// The headers whose value is the same for any account and call.
const FIXED_VALUES: &[&str] =
    &["cache-control", "content-type", "idempotent-replayed", "stripe-should-retry", "stripe-version", "vary"];

/// What is nested deeper is compared as one text: the walk goes down by calls, and a stack has an end.
const DEEPEST: usize = 64;

struct DriftWalk<'a> {
    ours: &'a [String],
    theirs: &'a [String],
    found: Vec<Drift>,
}

impl DriftWalk<'_> {
    fn add(&mut self, kind: DriftKind, place: &str, ours: impl Into<String>, theirs: impl Into<String>) {
        let place = if place.is_empty() { "the whole answer" } else { place };
        self.found.push(Drift { kind, place: place.to_owned(), ours: ours.into(), theirs: theirs.into() });
    }

    /// The status; an error is told with its message, without the ids in it.
    fn status(&mut self, ours: &ApiResponse, theirs: &ApiResponse) {
        if ours.http_status == theirs.http_status {
            return;
        }
        let told = |response: &ApiResponse, ids: &[String]| {
            let error = response.error_sentence().map(|sentence| without_ids(&sentence, ids));
            error.unwrap_or_else(|| response.http_status.to_string())
        };
        let (ours, theirs) = (told(ours, self.ours), told(theirs, self.theirs));
        self.add(DriftKind::Status, "HTTP status", ours, theirs);
    }

    fn headers(&mut self, ours: &ApiResponse, theirs: &ApiResponse) {
        let (our_names, their_names) = (header_names(ours), header_names(theirs));
        for name in our_names.union(&their_names) {
            let place = format!("header {name}");
            let value = |response: &ApiResponse| response.header(name).unwrap_or_default().to_owned();
            match (our_names.contains(name), their_names.contains(name)) {
                (true, false) => self.add(DriftKind::Missing, &place, name.as_str(), ""),
                (false, true) => self.add(DriftKind::Extra, &place, "", name.as_str()),
                _ if FIXED_VALUES.contains(&name.as_str()) && !is_same_header(&value(ours), &value(theirs)) => {
                    self.add(DriftKind::Value, &place, value(ours), value(theirs));
                }
                _ => {}
            }
        }
    }

    /// Bodies of which one at least is not JSON.
    fn text(&mut self, ours: Option<&JsonDocument>, theirs: Option<&JsonDocument>) {
        let shown = |body: Option<&JsonDocument>| if body.is_some() { "JSON" } else { "no JSON" };
        if ours.is_some() != theirs.is_some() {
            self.add(DriftKind::Type, "", shown(ours), shown(theirs));
        }
    }

    fn value(&mut self, ours: JsonView<'_>, theirs: JsonView<'_>, place: &str) {
        let (our_type, their_type) = (type_of(ours), type_of(theirs));
        match (ours.kind(), theirs.kind()) {
            _ if our_type != their_type => {
                let kind = if [our_type, their_type].contains(&NULL) { DriftKind::Null } else { DriftKind::Type };
                self.add(kind, place, our_type, their_type);
            }
            (JsonKind::Object, JsonKind::Object) if ours.depth() < DEEPEST => self.object(ours, theirs, place),
            (JsonKind::Array, JsonKind::Array) if ours.depth() < DEEPEST => self.array(ours, theirs, place),
            _ if self.is_same(ours, theirs) => {}
            _ => self.add(DriftKind::Value, place, ours.text(), theirs.text()),
        }
    }

    fn array(&mut self, ours: JsonView<'_>, theirs: JsonView<'_>, place: &str) {
        if ours.len() != theirs.len() {
            let count = |list: JsonView<'_>| number_of(list.len() as u64, "item", "items");
            self.add(DriftKind::Value, place, count(ours), count(theirs));
        }
        for (nth, (ours, theirs)) in ours.items().zip(theirs.items()).enumerate() {
            self.value(ours, theirs, &inside(place, &nth.to_string()));
        }
    }

    fn object(&mut self, ours: JsonView<'_>, theirs: JsonView<'_>, place: &str) {
        let (ours, theirs) = (members(ours), members(theirs));
        let mut extra: Vec<usize> = (0..theirs.len()).filter(|nth| find(&ours, &theirs[*nth].0).is_none()).collect();
        for (nth, (name, value)) in ours.iter().enumerate() {
            let place = inside(place, name);
            if let Some(other) = find(&theirs, name) {
                self.value(*value, other, &place);
            } else if let Some(at) = extra.iter().position(|at| *at == nth && self.is_alike(*value, theirs[*at].1)) {
                let renamed = extra.remove(at);
                self.add(DriftKind::Renamed, &place, name.as_str(), theirs[renamed].0.as_str());
            } else {
                self.add(DriftKind::Missing, &place, type_of(*value), "");
            }
        }
        for nth in extra {
            let (name, value) = &theirs[nth];
            self.add(DriftKind::Extra, &inside(place, name), "", type_of(*value));
        }
        self.order(&ours, &theirs, place);
    }

    /// The order of the fields that both have; the first one that stands elsewhere is named.
    fn order(&mut self, ours: &[Member<'_>], theirs: &[Member<'_>], place: &str) {
        let shared = |list: &[Member<'_>], other: &[Member<'_>]| -> Vec<String> {
            list.iter().map(|(name, _)| name.clone()).filter(|name| find(other, name).is_some()).collect()
        };
        let (our_names, their_names) = (shared(ours, theirs), shared(theirs, ours));
        if let Some((our_name, their_name)) = our_names.iter().zip(&their_names).find(|(ours, theirs)| ours != theirs) {
            self.add(DriftKind::Order, place, our_name.as_str(), their_name.as_str());
        }
    }

    /// Whether a value under another name is the one that is looked for.
    fn is_alike(&self, ours: JsonView<'_>, theirs: JsonView<'_>) -> bool {
        type_of(ours) == type_of(theirs) && (!ours.is_empty() || self.is_same(ours, theirs))
    }

    fn is_same(&self, ours: JsonView<'_>, theirs: JsonView<'_>) -> bool {
        let varies = FieldPlace::of(ours).and_then(|place| grades::of(&place)).and_then(|field| field.varies);
        match varies {
            Some(FieldVaries::Id) => id_prefix(ours) == id_prefix(theirs),
            Some(FieldVaries::Time | FieldVaries::Account | FieldVaries::Call) => true,
            None if ours.kind() == JsonKind::Text => {
                let without =
                    |value: JsonView<'_>, ids: &[String]| without_ids(&value.string().unwrap_or_default(), ids);
                without(ours, self.ours) == without(theirs, self.theirs)
            }
            None => is_same_value(ours.text(), theirs.text()),
        }
    }
}

fn header_names(response: &ApiResponse) -> BTreeSet<String> {
    let names = response.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    names.filter(|name| !OF_THE_CONNECTION.contains(&name.as_str()) && !name.starts_with(CORS)).collect()
}

/// Whether two values of a header are the same, but for white space and case.
fn is_same_header(ours: &str, theirs: &str) -> bool {
    let plain = |value: &str| value.to_ascii_lowercase().split_whitespace().collect::<String>();
    plain(ours) == plain(theirs)
}

const NULL: &str = "null";

/// The type of a value in the words of JSON.
fn type_of(value: JsonView<'_>) -> &'static str {
    match value.kind() {
        JsonKind::Object => "object",
        JsonKind::Array => "array",
        JsonKind::Text => "string",
        JsonKind::Number => "number",
        JsonKind::Literal if value.text() == NULL => NULL,
        JsonKind::Literal => "boolean",
        JsonKind::Plain => "text",
    }
}

type Member<'a> = (String, JsonView<'a>);

fn members(object: JsonView<'_>) -> Vec<Member<'_>> {
    object.items().map(|item| (item.key().unwrap_or_default().into_owned(), item)).collect()
}

/// The member of this name, the last one as a program reads it.
fn find<'a>(members: &[Member<'a>], name: &str) -> Option<JsonView<'a>> {
    members.iter().rev().find(|(known, _)| known == name).map(|(_, value)| *value)
}

fn inside(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

/// What tells the kind of object that an id is of: `ch` of `ch_3Oq…`. Empty for the URLs that hold an id.
fn id_prefix(value: JsonView<'_>) -> String {
    let text = value.string().unwrap_or_default();
    let prefix = text.split_once('_').map(|(prefix, _)| prefix).filter(|prefix| !prefix.contains('/'));
    prefix.unwrap_or_default().to_owned()
}

/// A text with each id in the place that it has among the ids of its side.
fn without_ids(text: &str, ids: &[String]) -> String {
    ids.iter().enumerate().fold(text.to_owned(), |text, (nth, id)| text.replace(id, &format!("{{{nth}}}")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(http_status: u16, headers: &[(&str, &str)], body: &str) -> ApiResponse {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ApiResponse { http_status, headers, body: body.as_bytes().to_vec() }
    }

    fn drifts(ours: &ApiResponse, theirs: &ApiResponse) -> Vec<(&'static str, String)> {
        let side = |response| ParityAnswer { response, ids: &[] };
        let found = compare(side(ours), side(theirs));
        found.into_iter().map(|drift| (drift.kind.as_str(), drift.place)).collect()
    }

    #[track_caller]
    fn check(ours: &Value, theirs: &str, expected: &[(&'static str, &str)]) {
        let found = drifts(&answer(200, &[], &ours.to_string()), &answer(200, &[], theirs));
        let found: Vec<(&str, &str)> = found.iter().map(|(kind, place)| (*kind, place.as_str())).collect();
        assert_eq!(found, expected, "{theirs}");
    }

    #[test]
    fn each_kind_of_difference_is_told_once() {
        let ours = json!({ "object": "charge", "amount": 1, "paid": true, "review": null, "outcome": { "type": "authorized" } });
        for (theirs, expected) in [
            (r#"{"object":"charge","amount":1,"paid":true,"review":null,"outcome":{"type":"authorized"}}"#, &[][..]),
            (r#"{"object":"charge","amount":1.0,"paid":true,"review":null,"outcome":{"type":"authorized"}}"#, &[]),
            (
                r#"{"object":"charge","amount":2,"paid":true,"review":null,"outcome":{"type":"authorized"}}"#,
                &[("value", "amount")],
            ),
            (
                r#"{"object":"charge","paid":true,"review":null,"outcome":{"type":"authorized"}}"#,
                &[("missing", "amount")],
            ),
            (
                r#"{"object":"charge","amount":1,"paid":true,"review":null,"outcome":{"type":"authorized"},"x":1}"#,
                &[("extra", "x")],
            ),
            (
                r#"{"object":"charge","sum":1,"paid":true,"review":null,"outcome":{"type":"authorized"}}"#,
                &[("renamed", "amount")],
            ),
            (
                r#"{"object":"charge","amount":"1","paid":true,"review":null,"outcome":{"type":"authorized"}}"#,
                &[("type", "amount")],
            ),
            (
                r#"{"object":"charge","amount":1,"paid":null,"review":null,"outcome":{"type":"authorized"}}"#,
                &[("null", "paid")],
            ),
            (
                r#"{"object":"charge","amount":1,"paid":true,"review":"x","outcome":{"type":"authorized"}}"#,
                &[("null", "review")],
            ),
            (
                r#"{"object":"charge","paid":true,"amount":1,"review":null,"outcome":{"type":"authorized"}}"#,
                &[("order", "the whole answer")],
            ),
            (
                r#"{"object":"charge","amount":1,"paid":true,"review":null,"outcome":{"type":"blocked"}}"#,
                &[("value", "outcome.type")],
            ),
            (
                r#"{"object":"charge","amount":1,"paid":true,"review":null,"result":{"type":"authorized"}}"#,
                &[("renamed", "outcome")],
            ),
        ] {
            check(&ours, theirs, expected);
        }
    }

    #[test]
    fn what_every_pair_of_answers_differs_in_is_known_by_its_field() {
        let ours = json!({ "id": "ch_1", "object": "charge", "created": 1, "description": "ch_1", "receipt_url": "https://a/b_1" });
        let with = |id: &str, created: &str, description: &str| {
            format!(
                r#"{{"id":"{id}","object":"charge","created":{created},"description":"{description}","receipt_url":"https://c/d"}}"#
            )
        };
        check(&ours, &with("ch_2", "2", "ch_1"), &[]);
        check(&ours, &with("py_2", "2", "ch_1"), &[("value", "id")]);
        check(&ours, &with("ch_2", "\"2\"", "ch_1"), &[("type", "created")]);
        check(&ours, &with("ch_2", "2", "ch_2"), &[("value", "description")]);
    }

    #[test]
    fn a_message_with_an_id_that_was_given_before_is_the_same() {
        let ids = |id: &str| vec![id.to_owned()];
        let body = |id: &str| {
            answer(404, &[], &json!({ "error": { "message": format!("No such token: '{id}'") } }).to_string())
        };
        let (ours, theirs) = (body("tok_1"), body("tok_2"));
        let compared = |our_id: &str, their_id: &str| {
            let (our_ids, their_ids) = (ids(our_id), ids(their_id));
            let ours = ParityAnswer { response: &ours, ids: &our_ids };
            compare(ours, ParityAnswer { response: &theirs, ids: &their_ids }).len()
        };
        assert_eq!(compared("tok_1", "tok_2"), 0);
        assert_eq!(compared("tok_1", "tok_3"), 1);
    }

    #[test]
    fn an_object_in_the_place_of_an_error_is_one_difference() {
        let ours = answer(200, &[], r#"{"object": "charge", "id": "ch_1"}"#);
        let theirs = answer(402, &[], r#"{"error": {"message": "No.", "code": "card_declined"}}"#);
        assert_eq!(drifts(&ours, &theirs), [("status", "HTTP status".to_owned())]);
        let side = |response| ParityAnswer { response, ids: &[] };
        let found = compare(side(&ours), side(&theirs)).remove(0);
        assert_eq!((&*found.ours, &*found.theirs), ("200", "No. (card_declined, HTTP 402)"));
    }

    #[test]
    fn status_and_headers_count_but_for_those_of_the_connection() {
        let ours = answer(200, &[("Content-Type", "application/json"), ("Request-Id", "req_1"), ("Date", "x")], "{}");
        let same =
            answer(200, &[("content-type", "application/json"), ("request-id", "req_2"), ("server", "nginx")], "{}");
        assert_eq!(drifts(&ours, &same), []);
        let other = answer(201, &[("content-type", "text/json"), ("x-new", "1")], "{}");
        let found = drifts(&ours, &other);
        let found: Vec<(&str, &str)> = found.iter().map(|(kind, place)| (*kind, place.as_str())).collect();
        let expected = [
            ("status", "HTTP status"),
            ("value", "header content-type"),
            ("missing", "header request-id"),
            ("extra", "header x-new"),
        ];
        assert_eq!(found, expected);
    }
}
