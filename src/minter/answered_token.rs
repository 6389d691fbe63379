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

/// Whether an answer in any version tells the whole token, for [`token_of_answer`].
pub fn is_told_by_answer(token: &Value) -> bool {
    let card = &token["card"];
    let is_usual = |name: &str, usual: &Value| name == "networks" || card[name] == *usual;
    card.get("customer").is_none()
        && left_out().iter().all(|(name, usual)| card.get(name).is_some() && is_usual(name, usual))
}

/// The token as the ledger keeps it, unused, of the answer that showed it when it was made. For tokens of which
/// [`is_told_by_answer`] says so.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::call::version::ApiVersion;

    #[test]
    fn the_answer_of_every_version_tells_the_token() {
        let card = |preferred: Value, currency: Option<&str>| {
            let mut card = json!({
                "id": "card_1", "object": "card", "address_city": null, "allow_redisplay": "unspecified", "brand": "Visa",
                "dynamic_last4": null, "email": null, "exp_month": 12, "last4": "4242", "metadata": {}, "name": "Jenny",
                "networks": { "preferred": preferred }, "phone": null, "regulated_status": "unregulated",
                "tokenization_method": null, "wallet": null,
            });
            if let Some(currency) = currency {
                shapes::add(&mut card, "currency", currency.into());
            }
            card
        };
        for card in [card(Value::Null, None), card("visa".into(), None), card(Value::Null, Some("usd"))] {
            let token = json!({
                "id": "tok_1", "object": "token", "card": card, "client_ip": "127.0.0.1", "created": 7, "livemode": false,
                "type": "card", "used": false,
            });
            assert!(is_told_by_answer(&token));
            let versions = [
                "2014-08-04",
                "2014-12-08",
                "2015-09-08",
                "2016-07-06",
                "2018-05-21",
                "2019-08-14",
                "2020-08-27",
                "2022-11-15",
                "2023-10-16",
                "2024-04-10",
                "2025-01-27.acacia",
                "2026-08-26.dahlia",
            ];
            for version in versions {
                let shown = shapes::shaped(ApiVersion::parse(version).unwrap(), token.clone());
                assert_eq!(token_of_answer(shown).to_string(), token.to_string(), "{version}");
            }
        }
    }

    #[test]
    fn a_token_that_is_not_usual_is_not_told() {
        let card = |field: &str, value: Value| {
            let mut token = json!({ "object": "token", "card": {} });
            for (name, usual) in left_out() {
                token["card"][name] = usual;
            }
            token["card"][field] = value;
            token
        };
        assert!(is_told_by_answer(&card("wallet", Value::Null)));
        for (field, value) in
            [("wallet", json!({})), ("allow_redisplay", "always".into()), ("customer", "cus_1".into())]
        {
            assert!(!is_told_by_answer(&card(field, value)), "{field}");
        }
        assert!(!is_told_by_answer(&json!({ "object": "token" })));
    }
}
