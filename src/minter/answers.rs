//! Answers as Stripe writes them: pretty-printed JSON, and the headers that say something about the call.
//!
//! Which headers are on which answer is recorded of Stripe's test mode, 2013 to August 2026; the newest counts.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{ids::RequestIds, shapes, workspace::MinterAccount};
use crate::domain::{
    call::{
        api::{ApiRequest, ApiResponse, HttpMethod},
        error::{ApiError, ErrorKind},
        version::ApiVersion,
    },
    history::request_log::{FAULT_HEADER, REPLAYED_HEADER},
    mask,
};

/// What an answer says of its call besides the object or the error.
pub(super) struct Answering<'a> {
    request: &'a ApiRequest,
    /// The account that the call is for.
    account_id: &'a str,
    now: Timestamp,
    request_id: String,
    /// Of a POST: the key that the client sent, or one that is made as Stripe makes it since August 2026. Nothing is
    /// remembered under that one.
    key: Option<String>,
}

impl<'a> Answering<'a> {
    pub(super) fn new(request: &'a ApiRequest, account_id: &'a str, now: Timestamp, ids: &RequestIds<'_>) -> Self {
        let sent = request.header("Idempotency-Key").map(str::to_owned);
        let key = match request.method {
            HttpMethod::Post => Some(sent.unwrap_or_else(|| ids.idempotency_key())),
            HttpMethod::Delete => sent,
            HttpMethod::Get => None,
        };
        Self { request, account_id, now, request_id: ids.request(), key }
    }

    pub(super) fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The answer to a request that was let in: the body that shows the object, or the error.
    ///
    /// A POST that was carried out says that a repetition gives the same, a call that meets a lock that one may help.
    /// Both are recorded. A call beyond the rate limit says neither, for Stripe's SDKs are not to repeat it (stripe-ruby).
    pub(super) fn answer(self, outcome: Result<Vec<u8>, ApiError>) -> ApiResponse {
        let is_locked = outcome.as_ref().is_err_and(|error| error.code == Some("lock_timeout"));
        let (is_carried_out, http_status, body) = match outcome {
            Ok(body) => (true, 200, body),
            Err(error) => (error.is_carried_out(), error.http_status, text(&self.error(&error))),
        };
        let is_post = self.request.method == HttpMethod::Post;
        let should_retry = if is_locked { Some("true") } else { (is_post && is_carried_out).then_some("false") };
        let mut headers = common_headers();
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
        add("Request-Id", self.request_id.clone());
        add("Stripe-Version", ApiVersion::shown(self.request).into_owned());
        if let Some(account) = self.request.header("Stripe-Account") {
            add("Stripe-Account", account.to_owned());
        }
        if let Some(key) = self.key {
            add("Idempotency-Key", key);
        }
        if is_post {
            add("Original-Request", self.request_id);
        }
        if let Some(word) = should_retry {
            add("Stripe-Should-Retry", word.to_owned());
        }
        ApiResponse { http_status, headers, body }
    }

    /// The body of an error, as the version of the call shows it.
    fn error(&self, error: &ApiError) -> Value {
        let mut attributes = attributes_of(error, Some(self.log_url()));
        shapes::shown_error(ApiVersion::of(self.request), error.kind, &mut attributes);
        json!({ "error": attributes })
    }

    /// The page of the call in the dashboard: in the workbench of the account that it is for, or an older one, which
    /// names connected accounts only.
    fn log_url(&self) -> String {
        let account = mask::identity(self.account_id);
        if shapes::leads_to_workbench(ApiVersion::of(self.request)) {
            return format!("https://dashboard.stripe.com/{account}/test/workbench/logs?object={}", self.request_id);
        }
        let account = self.request.named_account().map(|_| format!("{account}/")).unwrap_or_default();
        format!("https://dashboard.stripe.com/{account}test/logs/{}?t={}", self.request_id, self.now.as_second())
    }
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

/// The refusal of a call that was let in and does not reach the ledger, for it is made to fail on purpose. `nth` tells
/// it from the others of its kind: with a seed, its request id follows from it.
pub fn refused_on_purpose(
    request: &ApiRequest,
    workspace: &MinterAccount,
    now: Timestamp,
    nth: u64,
    error: ApiError,
) -> ApiResponse {
    // The ledger counts from below.
    let ids = workspace.ids().for_request(u64::MAX - nth);
    let account_id = request.named_account().unwrap_or(workspace.account_id());
    Answering::new(request, account_id, now, &ids).answer(Err(error))
}

/// Stripe's 500: the ledger cannot be used, and nothing was changed. The key, if there is one, stays free. The words
/// are ours, with the reason: Stripe's own differ from case to case.
pub fn unavailable(reason: &str) -> ApiResponse {
    let words =
        format!("An unknown error occurred: Testcard could not save the call, and nothing was changed: {reason}");
    let error = ApiError { kind: ErrorKind::Api, ..ApiError::request(None, None, words).with_status(500) };
    ApiResponse {
        http_status: 500,
        headers: common_headers(),
        body: text(&json!({ "error": attributes_of(&error, None) })),
    }
}

/// The answer to a call that does not reach the minter: its key was not let in, or it is no call of the API at all.
/// Stripe gives no request id here, and has the attributes of the error in another order.
pub fn refusal(error: &ApiError) -> ApiResponse {
    let mut headers = common_headers();
    if error.http_status == 401 {
        headers.push(("WWW-Authenticate".to_owned(), "Bearer realm=\"Stripe\"".to_owned()));
    }
    let doc_url = doc_url(error);
    let attributes: Map<String, Value> = [
        ("message", Some(error.message.as_str())),
        ("type", Some(error.kind.as_str())),
        ("param", error.param.as_deref()),
        ("code", error.code),
        ("doc_url", doc_url.as_deref()),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?.into())))
    .collect();
    ApiResponse { http_status: error.http_status, headers, body: text(&json!({ "error": attributes })) }
}

/// The headers that are the same on every answer of a status and say nothing of its call. They are added where the
/// answer is sent, and not kept with it.
///
/// Their names are recorded. The values of the three that would let a browser report to Stripe name nobody.
pub fn sent_headers(http_status: u16) -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_status: &[(&str, &str)] = match http_status {
        401 => &[],
        403 => &[("x-robots-tag", "none")],
        _ => {
            &[("x-stripe-priority-routing-enabled", "true"), ("x-stripe-routing-context-priority-tier", "api-testmode")]
        }
    };
    ON_EVERY_ANSWER.iter().chain(of_status).copied()
}

const ON_EVERY_ANSWER: [(&str, &str); 5] = [
    ("vary", "Origin"),
    (
        "content-security-policy",
        "base-uri 'none'; default-src 'none'; form-action 'none'; frame-ancestors 'none'; img-src 'self'; \
         script-src 'self' 'report-sample'; style-src 'self'; worker-src 'none'",
    ),
    ("report-to", r#"{"group":"csp","max_age":0,"endpoints":[]}"#),
    ("reporting-endpoints", r#"csp="about:blank""#),
    ("x-wc", "3c3"),
];

fn common_headers() -> Vec<(String, String)> {
    [("Content-Type", "application/json"), ("Cache-Control", "no-cache, no-store")]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The page of an error's code. Recorded of every error with a code since July 2018; reported missing of the code that is
/// not on Stripe's list of them.
fn doc_url(error: &ApiError) -> Option<String> {
    let code = error.code.filter(|code| *code != "property_expansion_max_depth")?;
    Some(format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")))
}

/// The attributes of an error as of today: in alphabetical order, without those that are not set.
pub(super) fn attributes_of(error: &ApiError, request_log_url: Option<String>) -> Map<String, Value> {
    let decline = error.decline.as_deref();
    let advice = decline.map(|decline| decline.advice).unwrap_or_default();
    let texts = [
        ("advice_code", advice.advice_code.map(str::to_owned)),
        ("charge", decline.and_then(|decline| decline.charge.clone())),
        ("code", error.code.map(str::to_owned)),
        ("decline_code", error.decline_code().map(str::to_owned)),
        ("doc_url", doc_url(error)),
        ("message", Some(error.message.clone())),
        ("network_advice_code", advice.network_advice_code.map(str::to_owned)),
        ("network_decline_code", advice.network_decline_code.map(str::to_owned)),
        ("param", error.param.clone()),
        ("request_log_url", request_log_url),
        ("type", Some(error.kind.as_str().to_owned())),
    ];
    let texts = texts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::String(value?))));
    let mut attributes: Map<String, Value> = texts.collect();
    for (attribute, object) in &error.objects {
        shapes::insert(&mut attributes, attribute, object.clone());
    }
    attributes
}

/// JSON indented by two spaces, as Stripe writes it.
pub(super) fn text(body: &Value) -> Vec<u8> {
    serde_json::to_vec_pretty(body).expect("a value is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::call::token_calls::TokenRequest;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn answer(request: &ApiRequest, outcome: Result<Value, ApiError>) -> ApiResponse {
        let outcome = outcome.map(|object| text(&object));
        let workspace = MinterAccount::seeded(1);
        let account_id = request.named_account().unwrap_or(workspace.account_id());
        Answering::new(request, account_id, NOW, &workspace.ids().for_request(1)).answer(outcome)
    }

    fn names(response: &ApiResponse) -> Vec<&str> {
        response.headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn a_post_that_was_carried_out_is_not_to_be_repeated() {
        let mut post = TokenRequest::default().to_api("key-1");
        post.headers.push(("stripe-version".to_owned(), "2026-07-29.dahlia".to_owned()));
        let decline = ApiError::card("incorrect_number", "number", "Your card number is incorrect.");
        for outcome in [Ok(json!({})), Err(decline)] {
            let done = answer(&post, outcome);
            assert_eq!(done.header("Original-Request"), done.request_id());
            assert_eq!(done.header("Idempotency-Key"), Some("key-1"));
            assert_eq!(done.header("Stripe-Should-Retry"), Some("false"));
            assert_eq!(done.header("Stripe-Version"), Some("2026-07-29.dahlia"));
        }
        for (error, should_retry) in [
            (ApiError::request(None, None, "No"), None),
            (ApiError::request(None, None, "No").with_status(404), None),
            (ApiError::request(None, None, "No").with_status(500), None),
            (ApiError::request(None, None, "Done already").of_state(), Some("false")),
            (ApiError::request(Some("lock_timeout"), None, "Wait").with_status(429), Some("true")),
            (ApiError::request(Some("rate_limit"), None, "Wait").with_status(429), None),
        ] {
            let refused = answer(&post, Err(error.clone()));
            assert_eq!(refused.header("Stripe-Should-Retry"), should_retry, "{error:?}");
            assert_eq!(refused.header("Original-Request"), refused.request_id());
        }
    }

    #[test]
    fn an_error_says_where_the_log_of_its_account_is() {
        let mut get = ApiRequest::retrieve_token("tok_1");
        let url = |get: &ApiRequest| {
            let refused = answer(get, Err(ApiError::no_such("token", "tok_1", "token")));
            let url = refused.json().unwrap()["error"]["request_log_url"].as_str().unwrap().to_owned();
            url.replace(refused.request_id().unwrap(), "req_1")
        };
        let own = MinterAccount::seeded(1).account_id().to_owned();
        let page = "test/workbench/logs?object=req_1";
        assert_eq!(url(&get), format!("https://dashboard.stripe.com/{own}/{page}"));
        get.headers.push(("Stripe-Account".to_owned(), "acct_2".to_owned()));
        assert_eq!(url(&get), format!("https://dashboard.stripe.com/acct_2/{page}"));
        get.headers.push(("Stripe-Version".to_owned(), "2023-10-16".to_owned()));
        assert_eq!(url(&get), "https://dashboard.stripe.com/acct_2/test/logs/req_1?t=0");
        get.headers.remove(0);
        assert_eq!(url(&get), "https://dashboard.stripe.com/test/logs/req_1?t=0");
    }

    #[test]
    fn a_get_has_the_request_id_only() {
        let mut get = ApiRequest::retrieve_token("tok_1");
        get.headers.push(("Idempotency-Key".to_owned(), "key-1".to_owned()));
        let got = answer(&get, Ok(json!({})));
        assert_eq!(names(&got), ["Content-Type", "Cache-Control", "Request-Id", "Stripe-Version"]);
    }

    #[test]
    fn a_refused_key_has_no_request_id() {
        let no_key = ApiError::request(None, None, "No key").with_status(401);
        assert_eq!(names(&refusal(&no_key)), ["Content-Type", "Cache-Control", "WWW-Authenticate"]);
    }
}
