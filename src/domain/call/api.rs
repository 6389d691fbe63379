//! The seam of the whole program: one request in, one answer out, and the exchange that keeps both.

use std::{fmt, ops::Range, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{error::ErrorView, params::Params, token::Token};
use crate::domain::{mask::Kept, words::words};

/// The header of a kept answer whose body was too long to be kept whole: "65536 of 123456 bytes". It was never sent.
pub const CUT_HEADER: &str = "Testcard-Cut";

/// The HTTP methods that Stripe's v1 API knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HttpMethod {
    Get,
    Post,
    Delete,
}

words!(HttpMethod {
    Get => "GET",
    Post => "POST",
    Delete => "DELETE",
});

/// Who answers: the stand-in in this program, or Stripe's test mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Target {
    #[default]
    Local,
    Stripe,
}

words!(Target {
    Local => "local" | "Local",
    Stripe => "stripe" | "Stripe",
});

impl Target {
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Local => Self::Stripe,
            Self::Stripe => Self::Local,
        }
    }

    /// Where calls go, as a sentence of the window has it.
    pub fn place(self) -> &'static str {
        match self {
            Self::Local => "the local minter",
            Self::Stripe => "Stripe",
        }
    }
}

/// One call of the API. The key is not in it: whoever sends it adds the authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiRequest {
    pub method: HttpMethod,
    /// The path with its leading slash, without a query: parameters of any method are in `params`.
    pub path: String,
    pub params: Params,
    /// Without `Authorization`.
    pub headers: Vec<(String, String)>,
}

impl ApiRequest {
    /// `GET` of a path without parameters.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: HttpMethod::Get, path: path.into(), params: Params::new(), headers: Vec::new() }
    }

    /// `GET /v1/tokens/:id`.
    pub fn retrieve_token(id: &str) -> Self {
        Self::get(format!("/v1/tokens/{id}"))
    }

    /// The parts of the path. Doubled slashes count as one, as in Stripe's API (stripe-mock, `server.go`); after a
    /// slash at the end stands an empty part, which names nothing.
    pub fn segments(&self) -> Vec<&str> {
        let mut parts: Vec<&str> = self.path.split('/').filter(|part| !part.is_empty()).collect();
        if self.path.ends_with('/') {
            parts.push("");
        }
        parts
    }

    /// Whether this call makes a token: such calls are the entries of the history.
    pub fn makes_token(&self) -> bool {
        self.method == HttpMethod::Post && self.segments() == ["v1", "tokens"]
    }

    /// The token that this call is about: `/v1/tokens/:id`.
    pub fn token_in_path(&self) -> Option<&str> {
        match self.segments()[..] {
            ["v1", "tokens", id] if !id.is_empty() => Some(id),
            _ => None,
        }
    }

    /// The value of a header, its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// A call without secrets: numbers that are not published masked, codes and keys hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedRequest {
    pub method: HttpMethod,
    pub path: String,
    pub params: Vec<(String, String)>,
    /// How much of each parameter is kept, in their order.
    pub kept: Vec<Kept>,
    pub headers: Vec<(String, String)>,
}

impl MaskedRequest {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a header, its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// An answer, whatever its status: a decline with 402 is an answer, not an error.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiResponse {
    pub http_status: u16,
    pub headers: Vec<(String, String)>,
    /// The bytes as they came.
    pub body: Vec<u8>,
}

impl ApiResponse {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.http_status)
    }

    /// The value of a header, its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    pub fn request_id(&self) -> Option<&str> {
        self.header("Request-Id")
    }

    /// The body as JSON. `None` cannot come from a target: what is not JSON is a [`TransportError::NotJson`].
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// How many bytes the whole body had, where only its start is kept: a list was too long for the history.
    pub fn cut_from(&self) -> Option<usize> {
        self.header(CUT_HEADER)?.split(' ').nth(2)?.parse().ok()
    }

    /// Whether it refuses the security code that was sent: the code is not kept, so the call cannot be made again as it
    /// was.
    pub fn refuses_cvc(&self) -> bool {
        !self.is_success() && self.json().as_ref().and_then(ErrorView::of).is_some_and(ErrorView::is_about_cvc)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The error in one plain sentence with its code, for a person: `None` if the body is not an error.
    pub fn error_sentence(&self) -> Option<String> {
        let body = self.json()?;
        let error = ErrorView::of(&body)?;
        let message = error.message().unwrap_or("Stripe gave no reason.");
        let mut named: Vec<&str> = [error.code(), error.decline_code()].into_iter().flatten().collect();
        named.dedup();
        if named.is_empty() {
            named.extend(error.kind());
        }
        let param = error.param().map(|param| format!(", param {param}")).unwrap_or_default();
        Some(format!("{message} ({}{param}, HTTP {})", named.join("/"), self.http_status))
    }

    /// Applies `read` to the token in the body, if it is one.
    pub fn with_token<T>(&self, read: impl FnOnce(Token<'_>) -> T) -> Option<T> {
        let body = self.json()?;
        Token::of(&body).map(read)
    }
}

impl fmt::Debug for ApiResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiResponse({}, {} bytes)", self.http_status, self.body.len())
    }
}

/// Why no usable answer came. Each says what was being done, what went wrong and what to do; none repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    #[error(
        "Could not connect to {host}: the connection was refused. Check that the server runs and that the base URL and port are right"
    )]
    Refused { host: String },
    #[error("Could not find {host}: its name did not resolve. Check the spelling of the base URL and your network")]
    UnknownHost { host: String },
    #[error(
        "Could not open a secure connection to {host}: {reason}. Check the base URL, a proxy in between, and whether the profile must name an extra CA certificate"
    )]
    Tls { host: String, reason: String },
    #[error(
        "Could not reach {host} through the proxy: {reason}. Check the proxy in the settings of the profile, or the system's where that is empty"
    )]
    Proxy { host: String, reason: String },
    #[error("Could not reach {host} within {limit_secs} s. Check your network, then ask again")]
    ConnectTimeout { host: String, limit_secs: u64 },
    #[error(
        "{host} did not answer within {limit_secs} s. The request may have been carried out: ask again with the same key"
    )]
    Timeout { host: String, limit_secs: u64 },
    #[error("The answer of {host} was cut off. The request may have been carried out: ask again with the same key")]
    CutOff { host: String },
    #[error(
        "{host} answered HTTP {http_status} with something that is not JSON. Check that the base URL is an API that speaks Stripe's"
    )]
    NotJson { host: String, http_status: u16, text: String },
    #[error("The answer of {host} is larger than {limit_bytes} bytes and was not read to its end")]
    TooLarge { host: String, limit_bytes: u64 },
    #[error("The call was cancelled before its answer came. It may have been carried out: ask again with the same key")]
    Cancelled,
    #[error("Could not send the call: {reason}")]
    NotSent { reason: String },
    #[error("The connection to {host} failed: {reason}")]
    Other { host: String, reason: String },
}

impl TransportError {
    /// One word for tables and files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "connection_refused",
            Self::UnknownHost { .. } => "unknown_host",
            Self::Tls { .. } => "tls_failed",
            Self::Proxy { .. } => "proxy_failed",
            Self::ConnectTimeout { .. } => "connect_timeout",
            Self::Timeout { .. } => "timeout",
            Self::CutOff { .. } => "cut_off",
            Self::NotJson { .. } => "not_json",
            Self::TooLarge { .. } => "too_large",
            Self::Cancelled => "cancelled",
            Self::NotSent { .. } => "not_sent",
            Self::Other { .. } => "connection_failed",
        }
    }

    /// Whether the request may have reached Stripe, so that a token may exist.
    pub fn may_have_happened(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::CutOff { .. } | Self::Cancelled | Self::TooLarge { .. })
    }
}

/// One request and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    pub target: Target,
    pub started: Timestamp,
    pub took: Duration,
    pub request: MaskedRequest,
    pub outcome: Result<ApiResponse, Failure>,
    /// The places of the answer's body that are not as they came, for they may not be kept: in bytes.
    pub replaced: Vec<Range<usize>>,
}

/// A [`TransportError`] as it is kept: its kind, its sentence, and what came instead of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: String,
    pub message: String,
    /// The HTTP status, when one came.
    pub http_status: Option<u16>,
    /// The text that was not JSON.
    pub text: Option<String>,
}

impl From<&TransportError> for Failure {
    fn from(error: &TransportError) -> Self {
        let (http_status, text) = match error {
            TransportError::NotJson { http_status, text, .. } => (Some(*http_status), Some(text.clone())),
            _ => (None, None),
        };
        Self { kind: error.kind().to_owned(), message: error.to_string(), http_status, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_call_is_known_whatever_the_number_of_slashes() {
        for (path, makes_token, token) in [
            ("/v1/tokens", true, None),
            ("//v1//tokens", true, None),
            ("/v1/tokens/", false, None),
            ("/v1/tokens/tok_1", false, Some("tok_1")),
            ("/v1//tokens//tok_1", false, Some("tok_1")),
            ("/v1/tokens/tok_1/", false, None),
            ("/v1/tokens/tok_1/x", false, None),
            ("/v1/tokenz", false, None),
        ] {
            let mut request = ApiRequest::get(path);
            assert_eq!(request.token_in_path(), token, "{path}");
            request.method = HttpMethod::Post;
            assert_eq!(request.makes_token(), makes_token, "{path}");
        }
    }
}
