//! What is recorded of a call and its response. Both are redacted here only, by [`mask`] and by the secrets of the
//! request itself.
//!
//! The local minter's responses are redacted before they are sent, so the recorded bytes are the sent bytes. The
//! exceptions are two headers that it echoes, `Idempotency-Key` and `Stripe-Account`: they are sent unchanged, and
//! hidden in the record if they hold a secret. In the real API's responses only secrets are replaced; the record says
//! where, and every other byte stays.

use std::ops::Range;

use super::api::{ApiRequest, ApiResponse, CallFailure, MaskedRequest, TransportError};
use crate::domain::mask::{self, Kept, OwnSecrets};

/// Headers that are credentials. They are left out.
const CREDENTIALS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
/// Headers with an identifier that is looked up. They are kept whole or hidden altogether, see [`mask::identity`].
const IDENTITIES: [&str; 2] = ["Idempotency-Key", "Stripe-Account"];

/// Headers of a local answer whose value the program makes of nothing that was sent.
const OWN: [&str; 5] = ["Content-Type", "Cache-Control", "Request-Id", "Original-Request", "Stripe-Should-Retry"];

/// Redacts everything that is recorded about one request.
#[derive(Debug, Default)]
pub struct Redaction {
    own: OwnSecrets,
    /// Whether masking left the request as it is. Then there is nothing to mask in what the minter makes of it either, for
    /// all else that goes into that was masked before: the objects in the ledger.
    is_plain: bool,
    /// Whether an identifier among its headers is hidden in the record, and so its echo too.
    hides_identity: bool,
}

/// A response of the real API as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    pub answer: ApiResponse,
    /// Where its body differs from what was received: byte ranges.
    pub replaced: Vec<Range<usize>>,
}

impl Redaction {
    /// Of a request, with the request as it is masked.
    pub fn with_request(request: &ApiRequest) -> (Self, MaskedRequest) {
        let (params, mut kept) = request.params.masked_with_marks();
        let mut own = OwnSecrets::default();
        for (((name, value), kept), (kept_name, _)) in request.params.iter().zip(&mut kept).zip(&params) {
            own.take(name, value, *kept);
            // Under a name that is lost nothing can be sent again, but its value is no more secret for that.
            if kept_name != name {
                *kept = Kept::Masked;
            }
        }
        let redaction = Self { own, ..Self::default() };
        let headers = redaction.headers(&request.headers);
        let path = mask::path(&request.path, &redaction.own);
        let sent_headers = request.headers.iter().filter(|(name, _)| !is_credential(name));
        let changed = || sent_headers.clone().zip(&headers).filter(|(sent, kept)| sent != kept);
        let hides_identity = changed().any(|((name, _), _)| is_identity(name));
        let has_plain_headers = changed().next().is_none();
        let is_plain = has_plain_headers && path == request.path && kept.iter().all(|kept| *kept == Kept::Whole);
        (
            Self { is_plain, hides_identity, ..redaction },
            MaskedRequest { method: request.method, path, params, kept, headers },
        )
    }

    /// A response of the local minter as it is sent. It is recorded as [`Self::kept_of_sent`] returns it. `is_masked` says
    /// that its body was made of nothing but masked values.
    pub fn local_answer(&self, answer: ApiResponse, is_masked: bool) -> ApiResponse {
        // The names are the program's own words, and so are most of the values.
        let header = |(name, value): (String, String)| {
            let value = if is_own(&name) || is_identity(&name) { value } else { self.message(value) };
            (name, value)
        };
        // An error may quote what is no parameter, such as a key.
        let is_clean = is_masked || (self.is_plain && answer.http_status < 400);
        let text = std::str::from_utf8(&answer.body).ok().filter(|_| !is_clean);
        let redacted = text.and_then(|text| self.redacted_json(text)).map(String::into_bytes);
        let body = redacted.unwrap_or(answer.body);
        let headers = answer.headers.into_iter().filter(|(name, _)| !is_credential(name)).map(header).collect();
        ApiResponse { http_status: answer.http_status, headers, body }
    }

    /// The record of a local response: what was sent, with echoed identifiers hidden if they hold a secret.
    pub fn kept_of_sent(&self, sent: &ApiResponse) -> ApiResponse {
        self.kept_apart(sent).unwrap_or_else(|| sent.clone())
    }

    /// The same where it is not as it was sent, which is rare.
    pub fn kept_apart(&self, sent: &ApiResponse) -> Option<ApiResponse> {
        if !self.hides_identity {
            return None;
        }
        let mut kept = sent.clone();
        for (_, value) in kept.headers.iter_mut().filter(|(name, _)| is_identity(name)) {
            *value = mask::identity(value).to_owned();
        }
        Some(kept)
    }

    /// A response of the real API as it is recorded.
    pub fn foreign_answer(&self, answer: &ApiResponse) -> KeptAnswer {
        let text = String::from_utf8_lossy(&answer.body);
        let (body, replaced) = match mask::redacted_body(&text, &self.own) {
            Some(redacted) => (redacted.text.into_bytes(), redacted.places),
            None => (text.into_owned().into_bytes(), Vec::new()),
        };
        let headers = self.headers(&answer.headers);
        KeptAnswer { answer: ApiResponse { http_status: answer.http_status, headers, body }, replaced }
    }

    /// A transport error as it is recorded.
    pub fn failure(&self, error: &TransportError) -> CallFailure {
        let failure = CallFailure::from(error);
        let text = failure.text.map(|text| match mask::redacted_body(&text, &self.own) {
            Some(redacted) => redacted.text,
            None => text,
        });
        CallFailure { message: self.message(failure.message), text, ..failure }
    }

    /// Redacts JSON of the minter: an object before it is stored, and the response that shows it, with equal results.
    pub fn local_json(&self, json: String) -> String {
        if self.is_plain { json } else { self.redacted_json(&json).unwrap_or(json) }
    }

    /// JSON of the minter, redacted; `None` where there is nothing to redact. The minter masked the parameters already, so
    /// nearly all of it passes the fast test.
    fn redacted_json(&self, json: &str) -> Option<String> {
        // A `message` may repeat the request's own security code.
        let may_repeat_code = self.own.has_codes() && json.contains("\"message\"");
        if !may_repeat_code && !mask::may_hold_secrets(json, &self.own) {
            return None;
        }
        mask::redacted_body(json, &self.own).map(|redacted| redacted.text)
    }

    fn headers(&self, headers: &[(String, String)]) -> Vec<(String, String)> {
        let kept = |(name, value): &(String, String)| {
            if is_identity(name) {
                return (name.clone(), mask::identity(value).to_owned());
            }
            self.header((name.clone(), value.clone()))
        };
        headers.iter().filter(|(name, _)| !is_credential(name)).map(kept).collect()
    }

    /// Redacts a header that holds no identifier.
    fn header(&self, (name, value): (String, String)) -> (String, String) {
        let value = if mask::is_security_code(&name) { mask::HIDDEN.to_owned() } else { self.message(value) };
        (mask::name(&name), value)
    }

    fn message(&self, text: String) -> String {
        mask::redacted_message(&text, &self.own).map_or(text, |redacted| redacted.text)
    }
}

impl ApiRequest {
    /// The request as it may be recorded and shown.
    pub fn masked(&self) -> MaskedRequest {
        Redaction::with_request(self).1
    }
}

fn is_credential(header: &str) -> bool {
    CREDENTIALS.iter().any(|name| header.eq_ignore_ascii_case(name))
}

fn is_own(header: &str) -> bool {
    OWN.contains(&header)
}

fn is_identity(header: &str) -> bool {
    IDENTITIES.iter().any(|name| header.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> ApiRequest {
        ApiRequest {
            headers: [
                ("Idempotency-Key", "k 4539578763621486"),
                ("Authorization", "Bearer x"),
                ("User-Agent", "a 987"),
                ("X-Card-CVC", "1"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            params: [("card[number]", "4111x1111x1111x1112"), ("card[cvc]", "987"), ("name", "J*hn")]
                .into_iter()
                .collect(),
            ..ApiRequest::get("/v1/tokens/4539578763621486/4111x1111x1111x1112")
        }
    }

    #[test]
    fn a_request_is_kept_with_a_mark_for_each_parameter() {
        let (_, kept) = Redaction::with_request(&request());
        let pairs: Vec<(&str, &str)> =
            kept.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("card[number]", "4111x11**x****x1112"), ("card[cvc]", "•••"), ("name", "J*hn")]);
        assert_eq!(kept.kept, [Kept::Masked, Kept::Hidden, Kept::Whole]);
        assert_eq!(kept.path, "/v1/tokens/453957******1486/4111x11**x****x1112");
        let headers: Vec<(&str, &str)> =
            kept.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(headers, [("Idempotency-Key", "•••"), ("User-Agent", "a •••"), ("X-Card-CVC", "•••")]);
    }

    #[test]
    fn a_name_that_is_masked_makes_no_secret_of_its_value() {
        let params = [("x[4539578763621486][number]", "4242424242424242"), ("x[4539578763621486][cvc]", "987")];
        let request = ApiRequest { params: params.into_iter().collect(), ..request() };
        let (redaction, kept) = Redaction::with_request(&request);
        assert_eq!(kept.kept, [Kept::Masked; 2]);
        let body = r#"{"number_of_card": "4242424242424242"}"#;
        let answer = ApiResponse { http_status: 200, headers: Vec::new(), body: body.into() };
        assert_eq!(redaction.foreign_answer(&answer).answer.text(), body);
    }

    #[test]
    fn what_is_sent_of_a_local_answer_is_kept_but_for_a_hidden_echo() {
        let redaction = Redaction::with_request(&request()).0;
        let headers = [("Idempotency-Key", "k 4539578763621486"), ("X", "4539578763621486")];
        let answer = ApiResponse {
            http_status: 402,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: br#"{"error": {"message": "987 and 4539578763621486", "param": "987"}}"#.to_vec(),
        };
        let sent = redaction.local_answer(answer, false);
        assert_eq!(sent.text(), r#"{"error": {"message": "••• and 453957******1486", "param": "987"}}"#);
        assert_eq!(sent.header("Idempotency-Key"), Some("k 4539578763621486"));
        assert_eq!(sent.header("X"), Some("453957******1486"));
        let kept = redaction.kept_of_sent(&sent);
        assert_eq!((&kept.body, kept.header("Idempotency-Key")), (&sent.body, Some("•••")));
    }

    #[test]
    fn what_the_minter_makes_of_a_request_without_secrets_is_not_searched_for_them() {
        let plain = ApiRequest {
            headers: vec![("Authorization".to_owned(), "Bearer x".to_owned())],
            params: [("card[number]", "4242424242424242"), ("name", "J*hn")].into_iter().collect(),
            ..ApiRequest::get("/v1/tokens/tok_1")
        };
        let number = r#"{"id": "4539578763621486"}"#;
        let kept = |request: &ApiRequest| Redaction::with_request(request).0.local_json(number.to_owned());
        assert_eq!(kept(&plain), number, "whatever looks like a number here is none that was sent");
        let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        for request in [
            ApiRequest { params: [("card[cvc]", "987")].into_iter().collect(), ..plain.clone() },
            ApiRequest { params: [("metadata[4539578763621486]", "1")].into_iter().collect(), ..plain.clone() },
            ApiRequest { headers: header("Idempotency-Key", "4539578763621486"), ..plain.clone() },
            ApiRequest { headers: header("X", "4539578763621486"), ..plain.clone() },
            ApiRequest { path: "/v1/tokens/4539578763621486".to_owned(), ..plain.clone() },
        ] {
            assert_eq!(kept(&request), r#"{"id": "453957******1486"}"#);
        }
        let answer = |http_status| ApiResponse { http_status, headers: Vec::new(), body: number.into() };
        let sent = |http_status| Redaction::with_request(&plain).0.local_answer(answer(http_status), false).text();
        assert_eq!((sent(200).as_str(), sent(402).as_str()), (number, r#"{"id": "453957******1486"}"#));
    }

    #[test]
    fn a_foreign_answer_keeps_every_byte_but_what_is_secret_and_tells_where() {
        let body = "{ \"a\": 1.10, \"a\": 4539578763621486,\n\"cvc\": \"123\" }";
        let answer = ApiResponse { http_status: 200, headers: Vec::new(), body: body.into() };
        let KeptAnswer { answer: kept, replaced } = Redaction::default().foreign_answer(&answer);
        assert_eq!(kept.text(), "{ \"a\": 1.10, \"a\": \"453957******1486\",\n\"cvc\": \"•••\" }");
        let shown: Vec<&[u8]> = replaced.into_iter().map(|place| &kept.body[place]).collect();
        assert_eq!(shown, ["\"453957******1486\"".as_bytes(), "•••".as_bytes()]);
    }
}
