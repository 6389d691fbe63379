//! The limits of `metadata`, in Stripe's words: fifty keys of forty characters, each with a text of five hundred.
//!
//! The numbers are documented (docs.stripe.com/api/metadata). The words are reported: of a value and of a key as backends
//! logged them in 2024 to 2026, of the count in FlowFuse/flowfuse#1948, of a value that is no text in
//! stripe/stripe-cli#1064, of metadata that are a text in stripe/stripe-dotnet#488. Whether these errors name a `param`
//! is recorded for a value that is no text (2023) and for the older words of the limits (2016): `metadata`.

use crate::domain::{call::error::ApiError, mask};

const MOST_KEYS: usize = 50;
const LONGEST_KEY: usize = 40;
const LONGEST_VALUE: usize = 500;

fn refused(message: String) -> ApiError {
    ApiError::request(None, Some("metadata"), message)
}

/// Checks one key and its value. `kept` is what may be shown of the value.
///
/// # Errors
/// A list, a key that is too long or holds brackets, and a value that is too long.
pub(super) fn check(key: &str, value: &str, kept: &str) -> Result<(), ApiError> {
    // What is nested is a dictionary or a list to Stripe, which reads brackets so.
    if key.is_empty() {
        return Err(not_pairs());
    }
    if let Some((_, inner)) = key.split_once("][") {
        let shown = quoted(kept);
        let whole = if inner.is_empty() { format!("[{shown}]") } else { nested(inner, &shown) };
        return Err(not_text(&whole));
    }
    let length = key.chars().count();
    if length > LONGEST_KEY {
        return Err(refused(format!(
            "Metadata keys can have up to {LONGEST_KEY} characters, but you passed in a key that is {length} \
             characters. Invalid key: {}",
            mask::text(key)
        )));
    }
    let length = value.chars().count();
    if length > LONGEST_VALUE {
        return Err(refused(format!(
            "Metadata values can have up to {LONGEST_VALUE} characters, but you passed in a value that is {length} \
             characters. Invalid value: {kept}"
        )));
    }
    Ok(())
}

/// Checks how many keys an object has by now.
///
/// # Errors
/// More than fifty.
pub(super) fn check_count(count: usize) -> Result<(), ApiError> {
    if count <= MOST_KEYS {
        return Ok(());
    }
    Err(refused(format!(
        "Metadata can have up to {MOST_KEYS} keys, but you've set {count}. Email us at support+metadata@stripe.com for \
         more information."
    )))
}

/// The refusal of a text where keys and values are due.
pub(super) fn not_pairs() -> ApiError {
    refused("Invalid metadata: metadata must be a set of key-value pairs".to_owned())
}

fn not_text(shown: &str) -> ApiError {
    refused(format!("Invalid value type: {shown} must be a string"))
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// A dictionary as Ruby writes it: of `b][c`, `{"b"=>{"c"=>…}}`.
fn nested(keys: &str, value: &str) -> String {
    keys.split("][")
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .fold(value.to_owned(), |inner, key| format!("{{{}=>{inner}}}", quoted(&mask::text(key))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refusal(key: &str, value: &str) -> String {
        let error = check(key, value, value).unwrap_err();
        assert_eq!((error.http_status, error.code, error.param.as_deref()), (400, None, Some("metadata")));
        error.message
    }

    #[test]
    fn the_limits_are_the_documented_ones() {
        assert_eq!(check(&"k".repeat(40), &"v".repeat(500), ""), Ok(()));
        assert_eq!(check("ключ ключа", "", ""), Ok(()));
        assert_eq!(
            refusal(&"k".repeat(41), "v"),
            format!(
                "Metadata keys can have up to 40 characters, but you passed in a key that is 41 characters. Invalid key: \
                 {}",
                "k".repeat(41)
            )
        );
        assert_eq!(
            refusal("k", &"ä".repeat(501)),
            format!(
                "Metadata values can have up to 500 characters, but you passed in a value that is 501 characters. Invalid \
                 value: {}",
                "ä".repeat(501)
            )
        );
        assert_eq!(check_count(50), Ok(()));
        let message = check_count(51).unwrap_err().message;
        assert!(message.starts_with("Metadata can have up to 50 keys, but you've set 51. Email us"), "{message}");
    }

    #[test]
    fn what_is_no_text_is_shown_as_stripe_shows_it() {
        for (key, shown) in [("a][", "[\"x\"]"), ("a][b", "{\"b\"=>\"x\"}"), ("a][b][c", "{\"b\"=>{\"c\"=>\"x\"}}")] {
            assert_eq!(refusal(key, "x"), format!("Invalid value type: {shown} must be a string"), "{key}");
        }
        assert_eq!(refusal("", "x"), "Invalid metadata: metadata must be a set of key-value pairs");
    }
}
