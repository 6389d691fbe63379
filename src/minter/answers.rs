//! Answers as Stripe writes them: pretty-printed JSON, and the headers that its clients read.

use serde_json::{Map, Value, json};

use crate::domain::{
    call::{
        api::{ApiRequest, ApiResponse, HttpMethod},
        error::{ApiError, ErrorKind},
    },
    history::request_log::{FAULT_HEADER, REPLAYED_HEADER},
};

/// The answer to a request that was let in: the object, or the error.
///
/// `Stripe-Should-Retry: false` stands on every POST that was carried out, to an object or a decline, and on no POST
/// that was refused in validation: so in 337 recorded answers of Stripe.
pub(super) fn answer(
    request: &ApiRequest,
    request_id: &str,
    account_id: &str,
    outcome: Result<Value, ApiError>,
) -> ApiResponse {
    let (http_status, body) = match outcome {
        Ok(object) => (200, object),
        Err(error) => {
            let log = format!("https://dashboard.stripe.com/{account_id}/test/workbench/logs?object={request_id}");
            (error.http_status, error_body(&error, Some(log)))
        }
    };
    let mut headers = common_headers();
    let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
    add("Request-Id", request_id);
    if let Some(version) = request.header("Stripe-Version") {
        add("Stripe-Version", version);
    }
    // Stripe's recorded answers repeat the header whenever it was sent.
    if let Some(account) = request.header("Stripe-Account") {
        add("Stripe-Account", account);
    }
    if request.method == HttpMethod::Post {
        if let Some(key) = request.header("Idempotency-Key") {
            add("Idempotency-Key", key);
            add("Original-Request", request_id);
        }
        if is_carried_out(http_status) {
            add("Stripe-Should-Retry", "false");
        }
    }
    ApiResponse { http_status, headers, body: text(&body) }
}

/// Whether the status says that a request was carried out, to an object or a decline. Any other status is a refusal in
/// validation.
pub(super) fn is_carried_out(http_status: u16) -> bool {
    matches!(http_status, 200 | 402)
}

/// The first answer again, byte for byte, to a request that repeats its idempotency key. The request id is this
/// request's own; `Original-Request` stays the first one's. Key and account are echoed as they came, for they may be
/// kept hidden.
pub(super) fn replayed(request: &ApiRequest, mut first: ApiResponse, request_id: &str) -> ApiResponse {
    for (name, value) in &mut first.headers {
        match name.as_str() {
            "Request-Id" => request_id.clone_into(value),
            "Idempotency-Key" | "Stripe-Account" => request.header(name).unwrap_or_default().clone_into(value),
            _ => {}
        }
    }
    // The fault was in the first call; this one has none.
    first.headers.retain(|(name, _)| name != FAULT_HEADER);
    first.headers.push((REPLAYED_HEADER.to_owned(), "true".to_owned()));
    first
}

/// Stripe's 500: the ledger cannot be used, and nothing was changed. The key, if there is one, stays free. The words
/// are ours, with the reason: Stripe's own differ from case to case.
pub fn unavailable(reason: &str) -> ApiResponse {
    let words =
        format!("An unknown error occurred: Testcard could not save the call, and nothing was changed: {reason}");
    let error = ApiError { kind: ErrorKind::Api, ..ApiError::request(None, None, words).with_status(500) };
    ApiResponse { http_status: 500, headers: common_headers(), body: text(&error_body(&error, None)) }
}

/// The answer to a call that does not reach the minter: its key was not let in, or it is no call of the API at all.
/// Stripe gives no request id here.
pub fn refusal(error: &ApiError) -> ApiResponse {
    let mut headers = common_headers();
    if error.http_status == 401 {
        headers.push(("WWW-Authenticate".to_owned(), "Bearer realm=\"Stripe\"".to_owned()));
    }
    ApiResponse { http_status: error.http_status, headers, body: text(&error_body(error, None)) }
}

fn common_headers() -> Vec<(String, String)> {
    [("Content-Type", "application/json"), ("Cache-Control", "no-cache, no-store")]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// `{"error": {…}}`: keys in alphabetical order, what is not set is left out.
fn error_body(error: &ApiError, request_log_url: Option<String>) -> Value {
    let doc_url = error.code.map(|code| format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")));
    let decline = error.decline.as_deref();
    let advice = decline.map(|decline| decline.advice).unwrap_or_default();
    let attributes: Map<String, Value> = [
        ("advice_code", advice.advice_code.map(str::to_owned)),
        ("charge", decline.and_then(|decline| decline.charge.clone())),
        ("code", error.code.map(str::to_owned)),
        ("decline_code", error.decline_code().map(str::to_owned)),
        ("doc_url", doc_url),
        ("message", Some(error.message.clone())),
        ("network_advice_code", advice.network_advice_code.map(str::to_owned)),
        ("network_decline_code", advice.network_decline_code.map(str::to_owned)),
        ("param", error.param.clone()),
        ("request_log_url", request_log_url),
        ("type", Some(error.kind.as_str().to_owned())),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), Value::String(value?))))
    .collect();
    json!({ "error": attributes })
}

/// JSON indented by two spaces, as Stripe writes it.
fn text(body: &Value) -> Vec<u8> {
    format!("{body:#}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::call::token_calls::TokenRequest;

    fn names(response: &ApiResponse) -> Vec<&str> {
        response.headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn a_post_that_was_carried_out_is_not_to_be_repeated() {
        let mut post = TokenRequest::default().to_api("key-1");
        post.headers.push(("stripe-version".to_owned(), "2026-07-29.dahlia".to_owned()));
        let decline = ApiError::card("incorrect_number", "number", "Your card number is incorrect.");
        for outcome in [Ok(json!({})), Err(decline)] {
            let done = answer(&post, "req_1", "acct_1", outcome);
            assert_eq!(done.request_id(), Some("req_1"));
            assert_eq!(done.header("Original-Request"), Some("req_1"));
            assert_eq!(done.header("Idempotency-Key"), Some("key-1"));
            assert_eq!(done.header("Stripe-Should-Retry"), Some("false"));
            assert_eq!(done.header("Stripe-Version"), Some("2026-07-29.dahlia"));
        }
        let refused = answer(&post, "req_1", "acct_1", Err(ApiError::request(None, None, "No")));
        assert_eq!(refused.header("Stripe-Should-Retry"), None);
        assert_eq!(refused.header("Original-Request"), Some("req_1"));
    }

    #[test]
    fn a_get_has_the_request_id_only() {
        let mut get = ApiRequest::retrieve_token("tok_1");
        get.headers.push(("Idempotency-Key".to_owned(), "key-1".to_owned()));
        let got = answer(&get, "req_1", "acct_1", Ok(json!({})));
        assert_eq!(names(&got), ["Content-Type", "Cache-Control", "Request-Id"]);
    }

    #[test]
    fn a_refused_key_has_no_request_id() {
        let no_key = ApiError::request(None, None, "No key").with_status(401);
        assert_eq!(names(&refusal(&no_key)), ["Content-Type", "Cache-Control", "WWW-Authenticate"]);
    }
}
