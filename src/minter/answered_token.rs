//! The token that an answer shows, as the ledger keeps it: the answer of a version leaves fields out, and all of them have
//! one value in nearly every token. So a ledger that keeps the answer need not keep the token beside it.

use serde_json::{Map, Value, json};

use super::shapes;

/// The fields of a card that some version leaves out, and what stands there in the card of a token. `networks` is always
/// shown where it says something else.
fn left_out() -> [(&'static str, Value); 9] {
    [
        ("allow_redisplay", "unspecified".into()),
        ("dynamic_last4", Value::Null),
        ("email", Value::Null),
        ("metadata", json!({})),
        ("networks", json!({ "preferred": null })),
        ("phone", Value::Null),
        ("regulated_status", "unregulated".into()),
        ("tokenization_method", Value::Null),
        ("wallet", Value::Null),
    ]
}

/// The token as the ledger keeps it, unused, of the answer that showed it when it was made.
pub fn token_of_answer(mut answer: Value) -> Value {
    if let Some(card) = answer["card"].as_object_mut() {
        // Shown until 2015, always null.
        card.shift_remove("customer");
        by_the_alphabet(card);
        for (name, usual) in left_out() {
            if !card.contains_key(name) {
                shapes::insert(card, name, usual);
            }
        }
    }
    if let Some(token) = answer.as_object_mut() {
        by_the_alphabet(token);
    }
    answer
}

/// Puts `id` and `object` first and the others by the alphabet, as all versions since 2015 do.
fn by_the_alphabet(fields: &mut Map<String, Value>) {
    fields.sort_keys();
    for name in ["object", "id"] {
        if let Some(value) = fields.shift_remove(name) {
            fields.shift_insert(0, name.to_owned(), value);
        }
    }
}
