//! Checks an API key with one call: whether the API is reachable, accepts the key, and accepts raw card numbers.

use jiff::civil::Date;

use crate::domain::{
    call::{
        api::{ApiRequest, ApiResponse, TransportError},
        error::ErrorView,
        refusal::AccountRefusal,
        token_calls::TokenRequest,
    },
    card::expiry::CardExpiry,
    key::KeyKind,
    mask,
};

/// The test card that the check creates a token for. It always succeeds.
pub const PROBE_NUMBER: &str = "4242424242424242";

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCheck {
    pub kind: KeyKind,
    /// The host that was called.
    pub host: String,
    pub found: KeyCheckFinding,
}

/// How far the call got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyCheckFinding {
    /// There was no usable response. The message says which of name resolution, connection, proxy, TLS and timeout
    /// failed.
    NotReached { message: String },
    /// The key was refused.
    Refused { message: String },
    /// The key was accepted.
    Accepted(RawNumbers),
    /// The response says nothing about the key.
    Unclear { http_status: u16, message: String },
}

/// Whether this key may send raw card numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawNumbers {
    Accepted,
    /// The account refuses them.
    Refused(AccountRefusal),
    /// The key is restricted, and may not create tokens.
    NotPermitted {
        message: String,
    },
}

impl RawNumbers {
    /// The ready-made token for the card of the check, if raw numbers are refused.
    pub fn ready_alias(&self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => refusal.ready_alias(PROBE_NUMBER),
            Self::Accepted | Self::NotPermitted { .. } => None,
        }
    }
}

/// The request of the check: it creates a token for a test card, which stays unused.
pub fn probe(today: Date, idempotency_key: &str) -> ApiRequest {
    let CardExpiry { month, year } = CardExpiry::default_for(today);
    let (month, year) = (month.to_string(), year.to_string());
    let params = [
        ("card[number]", PROBE_NUMBER),
        ("card[exp_month]", month.as_str()),
        ("card[exp_year]", year.as_str()),
        ("card[cvc]", "123"),
    ];
    TokenRequest::new(params.into_iter().collect()).to_api(idempotency_key)
}

impl KeyCheckFinding {
    /// Interprets the outcome of the request.
    pub fn of(outcome: &Result<ApiResponse, TransportError>) -> Self {
        let answer = match outcome {
            Ok(answer) => answer,
            Err(error) => return Self::NotReached { message: mask::text(&error.to_string()) },
        };
        if answer.is_success() {
            return Self::Accepted(RawNumbers::Accepted);
        }
        let body = answer.json();
        let error = body.as_ref().and_then(ErrorView::of);
        // The response may repeat the key.
        let message = mask::text(error.and_then(ErrorView::message).unwrap_or("The answer gives no reason"));
        let is_about_account = error.and_then(ErrorView::code) == Some("account_invalid");
        match (answer.http_status, AccountRefusal::of(answer)) {
            (_, Some(AccountRefusal::BadKey)) | (401, _) => Self::Refused { message },
            (_, Some(refusal)) => Self::Accepted(RawNumbers::Refused(refusal)),
            (403, None) if !is_about_account => Self::Accepted(RawNumbers::NotPermitted { message }),
            (http_status, None) => Self::Unclear { http_status, message },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(http_status: u16, body: &str) -> KeyCheckFinding {
        KeyCheckFinding::of(&Ok(ApiResponse { http_status, headers: Vec::new(), body: body.as_bytes().to_vec() }))
    }

    #[test]
    fn each_answer_is_told_for_what_it_is() {
        let error = |message: &str| format!(r#"{{"error": {{"type": "x", "message": "{message}"}}}}"#);
        let told = |message: &str| message.to_owned();
        for (status, body, expected) in [
            (200, r#"{"object": "token"}"#.to_owned(), KeyCheckFinding::Accepted(RawNumbers::Accepted)),
            (401, error("Bad."), KeyCheckFinding::Refused { message: told("Bad.") }),
            (
                402,
                error("Sending credit card numbers directly to the Stripe API is generally unsafe."),
                KeyCheckFinding::Accepted(RawNumbers::Refused(AccountRefusal::RawCardData)),
            ),
            (
                400,
                error("This integration surface is unsupported for publishable key tokenization."),
                KeyCheckFinding::Accepted(RawNumbers::Refused(AccountRefusal::PublishableKey)),
            ),
            (403, error("No."), KeyCheckFinding::Accepted(RawNumbers::NotPermitted { message: told("No.") })),
            (
                403,
                r#"{"error": {"code": "account_invalid", "message": "No account."}}"#.to_owned(),
                KeyCheckFinding::Unclear { http_status: 403, message: told("No account.") },
            ),
            (400, error("Version?"), KeyCheckFinding::Unclear { http_status: 400, message: told("Version?") }),
            (429, error("Slow."), KeyCheckFinding::Unclear { http_status: 429, message: told("Slow.") }),
            (
                500,
                "{}".to_owned(),
                KeyCheckFinding::Unclear { http_status: 500, message: told("The answer gives no reason") },
            ),
        ] {
            assert_eq!(found(status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_key_that_an_answer_repeats_is_not_shown() {
        for status in [400, 401, 403, 500] {
            let body = r#"{"error": {"type": "x", "message": "Bad key sk_test_planted1 for 4539578763621486"}}"#;
            let found = format!("{:?}", found(status, body));
            assert!(found.contains("Bad key sk_test_•••") && !found.contains("planted1"), "{found}");
            assert!(!found.contains("4539578763621486"), "{found}");
        }
    }

    #[test]
    fn a_refusal_of_numbers_comes_with_the_ready_token() {
        assert_eq!(RawNumbers::Refused(AccountRefusal::RawCardData).ready_alias(), Some("tok_visa"));
        assert_eq!(RawNumbers::Accepted.ready_alias(), None);
    }
}
