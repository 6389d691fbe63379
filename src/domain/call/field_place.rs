//! Which field of which object a value of an answer is: `exp_month` of a token's card, `outcome.type` of a charge.
//!
//! An object of the API has its kind in its field `object`; what it holds without such a field is a part of it, and the
//! fields of a part are written with the names on the way. A card is told apart by who holds it, for a token, a charge
//! and a customer show it with other fields.

use std::borrow::Cow;

use super::field_help::member;
use crate::domain::json_document::{JsonKind, JsonView};

/// What holds the field `error` of an answer that is an error.
pub const ANSWER: &str = "answer";
/// The object in that field, which does not name its kind.
pub const ERROR: &str = "error";
/// The fields of an object whose members are the caller's own words.
pub const OWN_WORDS: &str = "metadata";

/// A field of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldPlace {
    /// The kind of the object, such as `charge` or `card of a token`.
    pub object: Cow<'static, str>,
    /// The names from the object to the field, with dots between them.
    pub field: String,
}

impl FieldPlace {
    /// The field that a value is in; an item of an array is in the field of its array. `None` for the whole answer and
    /// for what is in the caller's own words.
    pub fn of(value: JsonView<'_>) -> Option<Self> {
        let mut names = Vec::new();
        let mut inner = value;
        while let Some(outer) = inner.parent() {
            if let Some(name) = inner.key() {
                if name == OWN_WORDS && !names.is_empty() {
                    return None;
                }
                names.push(name);
                if let Some(object) = object_of(outer) {
                    names.reverse();
                    return Some(Self { object, field: names.join(".") });
                }
            }
            inner = outer;
        }
        None
    }

    /// The kind as an answer writes it, in its field `object`.
    pub fn word(&self) -> &str {
        word_of(&self.object)
    }
}

/// The word of a kind: `card` for `card of a token` and for `deleted card`.
pub fn word_of(object: &str) -> &str {
    let object = object.strip_prefix(DELETED).unwrap_or(object);
    if object.starts_with("card ") { "card" } else { object }
}

const DELETED: &str = "deleted ";

/// The kind of an object of the API; `None` for a part of one.
fn object_of(value: JsonView<'_>) -> Option<Cow<'static, str>> {
    let is_own_words = value.key().as_deref() == Some(OWN_WORDS);
    if value.kind() != JsonKind::Object || is_own_words {
        return None;
    }
    let Some(word) = member(value, "object").and_then(JsonView::string) else {
        return match (value.key().as_deref(), value.parent()) {
            (_, None) => Some(ANSWER.into()),
            (Some(ERROR), Some(answer)) if answer.parent().is_none() => Some(ERROR.into()),
            _ => None,
        };
    };
    let is_deleted = member(value, "deleted").is_some_and(|deleted| deleted.text() == "true");
    Some(match &*word {
        word if is_deleted => format!("{DELETED}{word}").into(),
        "card" => card_of(value).into(),
        word => word.to_owned().into(),
    })
}

/// The card of a token is in a token, that of a charge in a charge; any other one is a customer's.
fn card_of(card: JsonView<'_>) -> &'static str {
    let holder = card.parent().and_then(|holder| member(holder, "object")).and_then(JsonView::string);
    match holder.as_deref() {
        Some("token") => "card of a token",
        Some("charge") => "card in a charge",
        _ => "card of a customer",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::json_document::JsonDocument;

    #[track_caller]
    fn check(body: &Value, pointer: &str, expected: Option<(&str, &str)>) {
        let document = JsonDocument::parse(body.to_string()).unwrap();
        let value = (0..document.node_count()).map(|node| document.view(node)).find(|view| view.pointer() == pointer);
        let place = FieldPlace::of(value.unwrap_or_else(|| panic!("no {pointer}")));
        let place = place.as_ref().map(|place| (&*place.object, &*place.field));
        assert_eq!(place, expected, "{pointer}");
    }

    #[test]
    fn a_field_belongs_to_the_nearest_object_that_names_its_kind() {
        let card =
            json!({ "object": "card", "brand": "Visa", "networks": { "preferred": null }, "metadata": { "a": "b" } });
        let charge = json!({
            "object": "charge",
            "source": card,
            "metadata": { "object": "x" },
            "outcome": { "type": "authorized" },
            "refunds": { "object": "list", "data": [{ "object": "refund", "destination_details": { "card": { "type": "refund" } } }] },
        });
        check(&charge, "/outcome", Some(("charge", "outcome")));
        check(&charge, "/outcome/type", Some(("charge", "outcome.type")));
        check(&charge, "/source/networks/preferred", Some(("card in a charge", "networks.preferred")));
        check(&charge, "/refunds/data/0", Some(("list", "data")));
        check(
            &charge,
            "/refunds/data/0/destination_details/card/type",
            Some(("refund", "destination_details.card.type")),
        );
        check(&charge, "/source/metadata", Some(("card in a charge", "metadata")));
        check(&charge, "/source/metadata/a", None);
        check(&charge, "/metadata/object", None);
        check(&charge, "", None);
        check(&json!({ "object": "token", "card": card }), "/card/brand", Some(("card of a token", "brand")));
        check(&card, "/brand", Some(("card of a customer", "brand")));
        let page = json!({ "object": "list", "data": [card] });
        check(&page, "/data/0/brand", Some(("card of a customer", "brand")));
    }

    #[test]
    fn an_error_and_what_is_left_of_a_deleted_object_are_kinds_of_their_own() {
        let error = json!({ "error": { "code": "x", "payment_intent": { "object": "payment_intent", "id": "pi_1" } } });
        check(&error, "/error", Some((ANSWER, "error")));
        check(&error, "/error/code", Some((ERROR, "code")));
        check(&error, "/error/payment_intent/id", Some(("payment_intent", "id")));
        let deleted = json!({ "id": "card_1", "object": "card", "deleted": true });
        check(&deleted, "/deleted", Some(("deleted card", "deleted")));
        for (object, word) in [
            ("card of a token", "card"),
            ("deleted card", "card"),
            ("deleted customer", "customer"),
            ("charge", "charge"),
        ] {
            assert_eq!(word_of(object), word);
        }
    }
}
