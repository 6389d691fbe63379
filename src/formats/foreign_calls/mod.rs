//! Calls that other tools wrote down: of each that makes a token the parameters, of each other one why it is left.
//!
//! What a file is, it says itself: a HAR has a `log`, a Postman collection `info` and `item`, the fixtures of the Stripe
//! CLI have `fixtures`; a text that is no JSON is a call of curl.

mod curl;
mod documents;
mod found;

use serde_json::Value;

pub use found::CallFault;

use crate::domain::presets::found_calls::FoundCalls;

/// The most bytes of a file of calls.
pub const MOST_CALL_BYTES: u64 = 64 << 20;

/// Reads the calls of a file.
///
/// # Errors
/// The file is none of those that are known, or is broken. Calls that make no token are no error.
pub fn read_calls(bytes: &[u8]) -> Result<FoundCalls, CallFault> {
    let text = str::from_utf8(bytes).map_err(|_| CallFault::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    if text.starts_with("curl") {
        return curl::read(text);
    }
    if !text.starts_with('{') {
        return Err(CallFault::Unknown);
    }
    let document: Value = serde_json::from_str(text).map_err(|error| CallFault::Json {
        line: error.line(),
        column: error.column(),
        what: error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
    })?;
    documents::read(&document)
}
