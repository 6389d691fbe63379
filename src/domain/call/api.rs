//! The central types of the program: a request, its response, and the exchange that records both.

use std::{fmt, ops::Range, time::Duration};

use jiff::Timestamp;
use serde::{
    Deserializer as _,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{error::ErrorView, params::Params, token::TokenView};
use crate::domain::{json_document::JsonDocument, json_spans, mask::Kept, words::words};

/// A header that is added to a recorded response whose body was too long to be kept whole: "65536 of 123456 bytes". No
/// server sent it.
pub const CUT_HEADER: &str = "Testcard-Cut";

/// The HTTP methods of Stripe's v1 API.
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

/// Where calls are sent: the local stand-in in this program, or Stripe's test mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

    /// The target as sentences in the window name it.
    pub fn place(self) -> &'static str {
        match self {
            Self::Local => "the local minter",
            Self::Stripe => "Stripe",
        }
    }
}

/// A request to the API. It does not hold the API key: whoever sends it adds the `Authorization` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiRequest {
    pub method: HttpMethod,
    /// With its leading slash and without a query: the parameters of every method are in `params`.
    pub path: String,
    pub params: Params,
    /// Without `Authorization`.
    pub headers: Vec<(String, String)>,
}

impl ApiRequest {
    /// `GET` of a path, without parameters.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: HttpMethod::Get, path: path.into(), params: Params::new(), headers: Vec::new() }
    }

    /// `GET /v1/tokens/:id`.
    pub fn retrieve_token(id: &str) -> Self {
        Self::get(format!("/v1/tokens/{id}"))
    }

    /// The segments of the path. Repeated slashes count as one, as in Stripe's API (stripe-mock, `server.go`). A slash
    /// at the end adds an empty segment, which matches no object.
    pub fn segments(&self) -> Vec<&str> {
        let mut parts: Vec<&str> = self.path.split('/').filter(|part| !part.is_empty()).collect();
        if self.path.ends_with('/') {
            parts.push("");
        }
        parts
    }

    /// Whether the request creates a token. Such requests are the entries of the history.
    pub fn makes_token(&self) -> bool {
        self.method == HttpMethod::Post && self.segments() == ["v1", "tokens"]
    }

    /// The token id in `/v1/tokens/:id`.
    pub fn token_in_path(&self) -> Option<&str> {
        match self.segments()[..] {
            ["v1", "tokens", id] if !id.is_empty() => Some(id),
            _ => None,
        }
    }

    /// The value of a header. The case of its name does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// A request without secrets: the number of any card that is not a published test card is masked, security codes and
/// keys are hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedRequest {
    pub method: HttpMethod,
    pub path: String,
    pub params: Vec<(String, String)>,
    /// How much of each parameter is kept, in the order of `params`.
    pub kept: Vec<Kept>,
    pub headers: Vec<(String, String)>,
}

impl MaskedRequest {
    /// The recorded value of a parameter. If it was sent repeatedly, the last value counts.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a header. The case of its name does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// A response of any status: a decline with status 402 is a response, not a [`TransportError`].
#[derive(Clone, PartialEq, Eq)]
pub struct ApiResponse {
    pub http_status: u16,
    pub headers: Vec<(String, String)>,
    /// The bytes as they were received.
    pub body: Vec<u8>,
}

impl ApiResponse {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.http_status)
    }

    /// The value of a header. The case of its name does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    pub fn request_id(&self) -> Option<&str> {
        self.header("Request-Id")
    }

    /// The body as JSON for the program's own rules, see [`JsonDocument::to_value`]. It is `Some` for the responses of
    /// both targets, since a body that is not JSON becomes [`TransportError::NotJson`].
    pub fn json(&self) -> Option<Value> {
        // Some JSON cannot be a `Value`: a number of 400 digits, half a surrogate pair, a hundred nested lists.
        serde_json::from_slice(&self.body).ok().or_else(|| self.document().map(|json| json.to_value()))
    }

    /// As [`Self::json`], where the body is an object, with these members of it only: the others are passed over, which
    /// takes a fraction of the time.
    pub fn json_members(&self, names: &[&str]) -> Option<Value> {
        let mut parser = serde_json::Deserializer::from_slice(&self.body);
        let members = parser.deserialize_map(MembersVisitor { names });
        members.and_then(|members| parser.end().map(|()| members)).ok().or_else(|| self.json())
    }

    /// The body as JSON that is spelled as it came, for whatever shows, copies or writes it.
    pub fn document(&self) -> Option<JsonDocument> {
        JsonDocument::parse(str::from_utf8(&self.body).ok()?.to_owned()).ok()
    }

    /// Whether the body is JSON.
    pub fn is_json(&self) -> bool {
        str::from_utf8(&self.body).is_ok_and(|text| json_spans::for_each_span(text, drop).is_ok())
    }

    /// The body as JSON in one line, every token as it came; text that is not JSON as a JSON string.
    pub fn json_line(&self) -> String {
        let text = self.text();
        json_spans::compact(&text).unwrap_or_else(|_| Value::String(text).to_string())
    }

    /// The length of the whole body in bytes, if only its start was kept because it is too long for the history.
    pub fn cut_from(&self) -> Option<usize> {
        self.header(CUT_HEADER)?.split(' ').nth(2)?.parse().ok()
    }

    /// Whether the error is about the security code that was sent. Codes are not kept, so such a request cannot be
    /// repeated unchanged.
    pub fn refuses_cvc(&self) -> bool {
        !self.is_success() && self.json().as_ref().and_then(ErrorView::of).is_some_and(ErrorView::is_about_cvc)
    }

    /// The body as text; bytes that are not UTF-8 are replaced by U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The error as one sentence with its code; `None` if the body is not an error.
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

    /// Applies `read` to the token in the body; `None` if the body is not a token.
    pub fn with_token<T>(&self, read: impl FnOnce(TokenView<'_>) -> T) -> Option<T> {
        let body = self.json()?;
        TokenView::of(&body).map(read)
    }
}

impl fmt::Debug for ApiResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiResponse({}, {} bytes)", self.http_status, self.body.len())
    }
}

/// Builds an object of those members that have one of these names.
struct MembersVisitor<'a> {
    names: &'a [&'a str],
}

impl<'de> Visitor<'de> for MembersVisitor<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Value, M::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if self.names.contains(&name.as_str()) {
                members.insert(name, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Value::Object(members))
    }
}

/// Why there is no usable response. Each message says what failed and what to do, and holds no secret.
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

    /// Whether Stripe may have carried out the request, so that a token may exist.
    pub fn may_have_happened(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::CutOff { .. } | Self::Cancelled | Self::TooLarge { .. })
    }
}

/// A request and its outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiExchange {
    pub target: Target,
    pub started: Timestamp,
    pub took: Duration,
    pub request: MaskedRequest,
    pub outcome: Result<ApiResponse, CallFailure>,
    /// Where the response body differs from what was received, because it held secrets: byte ranges.
    pub replaced: Vec<Range<usize>>,
}

/// A [`TransportError`] as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFailure {
    pub kind: String,
    pub message: String,
    /// The HTTP status, if one was received.
    pub http_status: Option<u16>,
    /// The body that was not JSON.
    pub text: Option<String>,
}

impl From<&TransportError> for CallFailure {
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
    fn of_an_object_the_members_that_are_asked_for_are_built() {
        let members = |body: &str| {
            let answer = ApiResponse { http_status: 200, headers: Vec::new(), body: body.into() };
            answer.json_members(&["id", "error"]).map(|members| members.to_string())
        };
        for (body, expected) in [
            (
                r#"{ "id": "x", "object": "y", "error": { "code": [1, 2] } }"#,
                Some(r#"{"id":"x","error":{"code":[1,2]}}"#),
            ),
            (r#"{ "i\u0064": 1, "id": 2, "a": { "id": 3 } }"#, Some(r#"{"id":2}"#)),
            ("{}", Some("{}")),
            ("[1]", Some("[1]")),
            (r#"{ "id": 1 } x"#, None),
            ("no JSON", None),
        ] {
            assert_eq!(members(body).as_deref(), expected, "{body}");
        }
        let digits = "1".repeat(400);
        assert!(members(&format!(r#"{{"id":{digits}}}"#)).is_some(), "read as `json` reads it");
    }

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
