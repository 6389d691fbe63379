//! What a version of the API shows of objects: `Stripe-Version` chooses between two shapes of a card.

use jiff::civil::Date;
use serde_json::Value;

use crate::domain::call::api::ApiRequest;

/// The first version that shows a card in its current shape.
const CURRENT_SINCE: &str = "2024-04-10";

/// Whether the request's version is this one or newer. One without a version is taken for an old one.
pub(super) fn is_since(request: &ApiRequest, version: &str) -> bool {
    let date = |version: &str| version.get(..10)?.parse::<Date>().ok();
    request.header("Stripe-Version").and_then(date).is_some_and(|asked| Some(asked) >= date(version))
}

/// Whether the request's version shows cards in their current shape.
pub(super) fn is_current(request: &ApiRequest) -> bool {
    is_since(request, CURRENT_SINCE)
}

/// A text field of an object that the minter made; empty where there is none.
pub(super) fn text(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_default().to_owned()
}

/// Adds a field to an object in Stripe's order: `id` and `object` first, the rest by the alphabet.
pub(super) fn add(object: &mut Value, key: &str, value: Value) {
    let Some(fields) = object.as_object_mut() else { return };
    fields.shift_remove(key);
    let is_later = |known: &String| !["id", "object"].contains(&known.as_str()) && known.as_str() > key;
    let place = fields.keys().position(is_later).unwrap_or(fields.len());
    fields.shift_insert(place, key.to_owned(), value);
}

/// An answer with every card in it as the request's version shows it. Without a version, or with an old one, a card has
/// the 23 fields of the API page, and its networks besides when a preference was sent; a charge's outcome has no
/// advice.
pub(super) fn shaped(request: &ApiRequest, mut answer: Value) -> Value {
    if !is_current(request) {
        make_classic(&mut answer);
    }
    answer
}

fn make_classic(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(make_classic),
        Value::Object(fields) => {
            match fields.get("object").and_then(Value::as_str) {
                Some("card") => {
                    fields.shift_remove("allow_redisplay");
                    fields.shift_remove("regulated_status");
                    if fields.get("networks").is_some_and(|networks| networks["preferred"].is_null()) {
                        fields.shift_remove("networks");
                    }
                }
                Some("charge") => {
                    if let Some(outcome) = fields.get_mut("outcome").and_then(Value::as_object_mut) {
                        outcome.retain(|name, _| !name.ends_with("advice_code") && name != "network_decline_code");
                    }
                }
                _ => {}
            }
            // Metadata are the caller's own words: an object in them is none of Stripe's.
            let of_stripe = fields.iter_mut().filter(|(name, _)| *name != "metadata");
            of_stripe.for_each(|(_, value)| make_classic(value));
        }
        _ => {}
    }
}
