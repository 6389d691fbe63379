//! Nested parameters of a document of JSON as Stripe's form writes them: `card[number]`, `expand[]`.

use serde_json::Value;

/// Adds what lies in `value` to `params`, each text as `fill` leaves it, which gets the parameter's name and the text. A
/// null is left out.
///
/// # Errors
/// The first that `fill` gives.
pub(super) fn flatten<E>(
    name: &str,
    value: &Value,
    params: &mut Vec<(String, String)>,
    fill: &mut dyn FnMut(&str, &str) -> Result<String, E>,
) -> Result<(), E> {
    let inner = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}[{part}]") };
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(part, value)| flatten(&inner(part), value, params, fill)),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(at, item)| {
            // Fields of one dictionary need its place to belong together.
            let place = if item.is_object() || item.is_array() { at.to_string() } else { String::new() };
            flatten(&inner(&place), item, params, fill)
        }),
        Value::Null => Ok(()),
        Value::String(text) => {
            params.push((name.to_owned(), fill(name, text)?));
            Ok(())
        }
        Value::Bool(_) | Value::Number(_) => {
            params.push((name.to_owned(), value.to_string()));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_value_gets_the_name_of_its_place() {
        let document = json!({
            "amount": 2000,
            "confirm": true,
            "nothing": null,
            "card": { "number": "4242", "networks": { "preferred": "visa" } },
            "expand": ["customer", "latest_charge"],
            "items": [{ "price": "a", "quantity": 1 }, { "price": "b" }],
            "empty": {},
        });
        let mut params = Vec::new();
        let mut fill = |_: &str, text: &str| if text == "b" { Err("b") } else { Ok(text.to_uppercase()) };
        assert_eq!(flatten("", &document, &mut params, &mut fill), Err("b"));
        let expected = [
            ("amount", "2000"),
            ("confirm", "true"),
            ("card[number]", "4242"),
            ("card[networks][preferred]", "VISA"),
            ("expand[]", "CUSTOMER"),
            ("expand[]", "LATEST_CHARGE"),
            ("items[0][price]", "A"),
            ("items[0][quantity]", "1"),
        ];
        assert_eq!(params, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
