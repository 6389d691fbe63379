//! Nested parameters of a document of JSON as Stripe's form writes them: `card[number]`, `expand[]`.

use serde_json::{Number, Value};

/// The longest text of a call, in bytes: a text may take in another as often as anybody likes.
pub(super) const LONGEST_TEXT: usize = 1 << 20;
/// The most that the names and texts of a call take together, in bytes: every name repeats those around it, so that a
/// small document could take all memory.
pub(super) const MOST_FLAT: usize = 4 << 20;

/// What a text becomes, by the parameter's name and the text.
type Fill<'a> = dyn FnMut(&str, &str) -> Result<String, String> + 'a;

/// Why parameters cannot be written flat.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FlatFault {
    /// They take more than [`MOST_FLAT`].
    TooLong,
    /// The parameter whose text could not be filled in, and why.
    Text { name: String, why: String },
}

/// The parameters of a document in their order, each text as `fill` leaves it. A null is left out.
///
/// # Errors
/// The first that `fill` gives, and parameters of more than [`MOST_FLAT`].
pub(super) fn flatten(document: &Value, fill: &mut Fill<'_>) -> Result<Vec<(String, String)>, FlatFault> {
    let mut flat = FlatParams { params: Vec::new(), left: MOST_FLAT, fill };
    flat.add(String::new(), document)?;
    Ok(flat.params)
}

/// A number as a form has it: never `2000.0` or `2e3`, which Stripe takes for no whole number.
pub(super) fn plain_number(number: &Number) -> String {
    match number.as_f64() {
        Some(value) if number.is_f64() => value.to_string(),
        _ => number.to_string(),
    }
}

struct FlatParams<'a, 'b> {
    params: Vec<(String, String)>,
    /// How many bytes may still be written.
    left: usize,
    fill: &'a mut Fill<'b>,
}

impl FlatParams<'_, '_> {
    fn add(&mut self, name: String, value: &Value) -> Result<(), FlatFault> {
        let text = match value {
            Value::Object(fields) => {
                return fields.iter().try_for_each(|(part, value)| self.add_inner(&name, part, value));
            }
            Value::Array(items) => {
                return items.iter().enumerate().try_for_each(|(at, item)| {
                    // Fields of one dictionary need its place to belong together.
                    let place = if item.is_object() || item.is_array() { at.to_string() } else { String::new() };
                    self.add_inner(&name, &place, item)
                });
            }
            Value::Null => return Ok(()),
            Value::String(text) => match (self.fill)(&name, text) {
                Ok(text) => text,
                Err(why) => return Err(FlatFault::Text { name, why }),
            },
            Value::Bool(truth) => truth.to_string(),
            Value::Number(number) => plain_number(number),
        };
        self.take(text.len())?;
        self.params.push((name, text));
        Ok(())
    }

    fn add_inner(&mut self, name: &str, part: &str, value: &Value) -> Result<(), FlatFault> {
        self.take(name.len() + part.len() + 2)?;
        let inner = if name.is_empty() { part.to_owned() } else { format!("{name}[{part}]") };
        self.add(inner, value)
    }

    fn take(&mut self, bytes: usize) -> Result<(), FlatFault> {
        self.left = self.left.checked_sub(bytes).ok_or(FlatFault::TooLong)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_value_gets_the_name_of_its_place() {
        let mut document = json!({
            "amount": 2000,
            "confirm": true,
            "nothing": null,
            "card": { "number": "4242", "networks": { "preferred": "visa" } },
            "expand": ["customer", "latest_charge"],
            "items": [{ "price": "a", "quantity": 1 }, { "price": "c" }],
            "empty": {},
        });
        let mut fill = |_: &str, text: &str| if text == "b" { Err("b".to_owned()) } else { Ok(text.to_uppercase()) };
        let expected = [
            ("amount", "2000"),
            ("confirm", "true"),
            ("card[number]", "4242"),
            ("card[networks][preferred]", "VISA"),
            ("expand[]", "CUSTOMER"),
            ("expand[]", "LATEST_CHARGE"),
            ("items[0][price]", "A"),
            ("items[0][quantity]", "1"),
            ("items[1][price]", "C"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(flatten(&document, &mut fill).unwrap(), expected);
        document["items"][1]["price"] = "b".into();
        let fault = FlatFault::Text { name: "items[1][price]".to_owned(), why: "b".to_owned() };
        assert_eq!(flatten(&document, &mut fill), Err(fault));
    }

    #[test]
    fn numbers_come_out_without_an_exponent_or_an_empty_fraction() {
        let document: Value = serde_json::from_str("[2000.00, 2e3, 20.10, 1e21, 9007199254740993, -5, 0.5]").unwrap();
        let flat = flatten(&document, &mut |_, text| Ok(text.to_owned())).unwrap();
        let numbers: Vec<&str> = flat.iter().map(|(_, number)| &**number).collect();
        assert_eq!(numbers, ["2000", "2000", "20.1", "1000000000000000000000", "9007199254740993", "-5", "0.5"]);
    }

    #[test]
    fn names_that_repeat_a_long_one_are_bounded() {
        let mut fill = |_: &str, text: &str| Ok(text.to_owned());
        let long = "a".repeat(1 << 16);
        let document = |items: usize| json!({ &*long: vec![1; items] });
        assert_eq!(flatten(&document(60), &mut fill).unwrap().len(), 60);
        assert_eq!(flatten(&document(64), &mut fill), Err(FlatFault::TooLong));
        assert_eq!(flatten(&json!({ &*long: vec![json!({}); 64] }), &mut fill), Err(FlatFault::TooLong));
        assert_eq!(flatten(&json!({ "a": "b".repeat(MOST_FLAT) }), &mut fill), Err(FlatFault::TooLong));
    }
}
