//! What is found in a file of calls, and what its readers share.

use crate::domain::{
    call::{
        api::{ApiRequest, HttpMethod},
        params::Params,
    },
    mask,
    presets::found_calls::{FoundCall, FoundCalls},
};

/// Why a file holds no calls at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    #[error("line {line}, column {column}: {what}")]
    Json { line: usize, column: usize, what: String },
    #[error("it is not UTF-8")]
    NotText,
    #[error("it is neither a HAR, a Postman collection, fixtures of the Stripe CLI nor a call of curl")]
    Unknown,
    #[error("it is a collection of Postman's version 1. Export it as Collection v2.1")]
    OldPostman,
    #[error("the call of curl cannot be read: {0}")]
    Curl(String),
}

impl FoundCalls {
    /// Takes a call if it makes a token, else notes why it is left. `path` has no query.
    pub(super) fn take(&mut self, name: String, what: &str, method: &str, path: &str, params: Result<Params, String>) {
        let is_token =
            method.parse().is_ok_and(|method: HttpMethod| ApiRequest { method, ..ApiRequest::get(path) }.makes_token());
        if !is_token {
            return self.leave(&format!("{what} ({method} {path}) makes no token"));
        }
        match params {
            Ok(params) => self.calls.push(FoundCall { name, params, lost: Vec::new() }),
            Err(why) => self.leave(&format!("{what} {why}")),
        }
    }

    /// Notes which call is left, and why. The words come from the file, so they are masked.
    pub(super) fn leave(&mut self, words: &str) {
        self.left.push(mask::sentence(words));
    }
}

/// The path of an address, without host and query.
pub(super) fn path_of(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let behind_scheme = address.split_once("://").map_or(address, |(_, rest)| rest);
    behind_scheme.find('/').map_or_else(|| "/".to_owned(), |at| behind_scheme[at..].to_owned())
}

/// Parameters of a form, as its encoding has them.
pub(super) fn form(text: &str) -> Params {
    form_urlencoded::parse(text.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_an_address_has_no_host_and_no_query() {
        for (address, path) in [
            ("https://api.stripe.com/v1/tokens?x=1", "/v1/tokens"),
            ("http://127.0.0.1:12111/v1/tokens#x", "/v1/tokens"),
            ("{{base}}/v1/tokens", "/v1/tokens"),
            ("https://api.stripe.com", "/"),
            ("/v1/tokens", "/v1/tokens"),
        ] {
            assert_eq!(path_of(address), path);
        }
    }
}
