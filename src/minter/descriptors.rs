//! The text on a cardholder's statement: what may stand in it, and what a charge shows of it.

use serde_json::Value;

use crate::domain::{call::error::ApiError, mask};

/// What the account's statements begin with.
pub(super) const ACCOUNT_PREFIX: &str = "Stripe";
/// The longest text, in characters.
const LONGEST: usize = 22;
/// Characters that banks do not take (docs.stripe.com/get-started/account/statement-descriptors).
const REFUSED: [char; 6] = ['<', '>', '\\', '\'', '"', '*'];

/// Checks a `statement_descriptor` or its suffix. The requirements are documented; the words are those that users of
/// Stripe report. A text shorter than five characters is taken: the documented five are of the whole text, with the
/// account's prefix.
///
/// # Errors
/// A text that is too long, has a character that banks do not take, or has no letter.
pub(super) fn check(param: &str, text: &str) -> Result<(), ApiError> {
    let length = text.chars().count();
    let message = if length > LONGEST {
        let text = mask::text(text);
        format!("The statement descriptor must be at most {LONGEST} characters. {text} is {length} characters long.")
    } else if let Some(refused) = text.chars().find(|character| REFUSED.contains(character)) {
        format!("The statement descriptor cannot include {refused}")
    } else if !text.chars().any(|character| character.is_ascii_alphabetic()) {
        "The statement descriptor must contain at least one Latin character.".to_owned()
    } else {
        return Ok(());
    };
    Err(ApiError::request(None, Some(param), message))
}

/// Writes what the statement says in the end. For a card it is the account's prefix and the suffix; without a suffix,
/// the descriptor stands for it (docs of the parameter). What is longer than a statement's line is cut.
pub(super) fn write_calculated(charge: &mut Value) {
    let suffix = charge["statement_descriptor_suffix"].as_str().or(charge["statement_descriptor"].as_str());
    let whole = suffix.map_or_else(
        || ACCOUNT_PREFIX.to_owned(),
        |suffix| format!("{ACCOUNT_PREFIX}* {suffix}").chars().take(LONGEST).collect(),
    );
    charge["calculated_statement_descriptor"] = whole.into();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_descriptor_has_a_letter_and_nothing_that_banks_refuse() {
        for (text, expected) in [
            ("Shoes", None),
            ("ccc", None),
            ("1234567890123456789012", Some("The statement descriptor must contain at least one Latin character.")),
            ("été", None),
            ("é", Some("The statement descriptor must contain at least one Latin character.")),
            ("Joe's shoes", Some("The statement descriptor cannot include '")),
            ("Shoes *1", Some("The statement descriptor cannot include *")),
            (
                "1 year period with auto renew",
                Some(
                    "The statement descriptor must be at most 22 characters. 1 year period with auto renew is 29 \
                     characters long.",
                ),
            ),
        ] {
            let error = check("statement_descriptor", text).err().map(|error| error.message);
            assert_eq!(error.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_statement_begins_with_the_account() {
        for (descriptor, suffix, expected) in [
            (Value::Null, Value::Null, "Stripe"),
            (json!("Shoes"), Value::Null, "Stripe* Shoes"),
            (json!("Shoes"), json!("Order 6"), "Stripe* Order 6"),
            (Value::Null, json!("Twenty-two characters!"), "Stripe* Twenty-two cha"),
        ] {
            let mut charge = json!({ "statement_descriptor": descriptor, "statement_descriptor_suffix": suffix });
            write_calculated(&mut charge);
            assert_eq!(charge["calculated_statement_descriptor"], expected);
        }
    }
}
