//! The control routes, for test suites: `POST /_testcard/reset` and `GET /_testcard/requests`. They are the server's
//! own and not Stripe's. The bearer token that the server prints at its start guards them.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Query, State},
    http::{header, request::Parts},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    admission::{self, text},
    http::{HttpRequest, HttpResponse, closing, respond},
    intake,
    shared::SharedState,
};
use crate::{
    backend::{LoggedCall, refusal},
    domain::call::{
        api::{ApiResponse, Target},
        error::{ApiError, ErrorKind},
    },
};

pub(super) const RESET: &str = "/_testcard/reset";
pub(super) const REQUESTS: &str = "/_testcard/requests";

const DEFAULT_LIMIT: usize = 100;
const MOST: usize = 1000;

/// Drops the minter's objects and keys; the history stays.
pub(super) async fn reset(State(shared): State<Arc<SharedState>>, request: HttpRequest) -> HttpResponse {
    let (head, body) = request.into_parts();
    let done = match check(&shared, &head) {
        Ok(()) => shared.targets.store().reset().await.map_err(|error| failed(&error.to_string())),
        Err(error) => Err(error),
    };
    settled(&head, body, done.map(|objects| json!({ "reset": true, "objects": objects }))).await
}

/// The query of [`REQUESTS`]: which calls are asked for.
#[derive(Debug, Deserialize)]
pub(super) struct RequestsQuery {
    /// The most calls in the answer; [`DEFAULT_LIMIT`] where it is not given, [`MOST`] at most.
    limit: Option<usize>,
    /// Only calls that came after the one of this number.
    after: Option<i64>,
}

/// Lists the newest calls that came to the stand-in, newest first.
pub(super) async fn requests(
    State(shared): State<Arc<SharedState>>,
    which: Result<Query<RequestsQuery>, axum::extract::rejection::QueryRejection>,
    request: HttpRequest,
) -> HttpResponse {
    let (head, body) = request.into_parts();
    let found = match (check(&shared, &head), which) {
        (Err(error), _) => Err(error),
        (Ok(()), Err(_)) => Err(ApiError::request(None, None, "limit and after are whole numbers.")),
        (Ok(()), Ok(Query(which))) => calls(&shared, which).await,
    };
    settled(&head, body, found).await
}

/// The answer. A body that came with the call is read away, for these routes take none; where its end is not seen, or
/// the call is refused, the connection is closed.
async fn settled(head: &Parts, mut body: Body, outcome: Result<Value, ApiError>) -> HttpResponse {
    let is_refused = outcome.is_err();
    let answer = respond_json(outcome);
    if intake::drain(&mut body).await && !is_refused { answer } else { closing(head, answer) }
}

async fn calls(shared: &SharedState, which: RequestsQuery) -> Result<Value, ApiError> {
    let limit = which.limit.unwrap_or(DEFAULT_LIMIT).min(MOST);
    let found = shared.targets.logged(Target::Local, which.after, limit).await;
    let found = found.map_err(|error| failed(&error.to_string()))?;
    let has_more = found.has_more;
    let data: Vec<Value> = found.calls.iter().map(shown).collect();
    let mut list = json!({ "object": "list", "data": data, "has_more": has_more, "url": REQUESTS });
    if let Some(damage) = found.damage {
        list["damage"] = damage.into();
    }
    Ok(list)
}

fn shown(call: &LoggedCall) -> Value {
    let LoggedCall { row, exchange } = call;
    let answer = exchange.outcome.as_ref().ok();
    let body = answer.and_then(ApiResponse::json);
    let error = body.as_ref().map(|body| &body["error"]).filter(|error| error.is_object());
    let params: serde_json::Map<String, Value> =
        exchange.request.params.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    json!({
        "id": row.id.0,
        "method": row.method.as_str(),
        "path": row.path,
        "params": params,
        "status": row.http_status,
        "object": body.as_ref().map(|body| &body["id"]),
        "error_type": error.map(|error| &error["type"]),
        "error_code": error.map(|error| &error["code"]),
        "decline_code": error.map(|error| &error["decline_code"]),
        "request_id": answer.and_then(ApiResponse::request_id),
        "idempotency_key": exchange.request.headers.iter()
            .find(|(name, _)| name == "Idempotency-Key").map(|(_, value)| value.as_str()),
        "client": row.client(),
        "fault": row.fault,
        "started": row.started.to_string(),
        "took_micros": row.took.as_micros() as u64,
    })
}

fn check(shared: &SharedState, head: &Parts) -> Result<(), ApiError> {
    admission::check(head, shared.port, &[])?;
    let sent =
        text(&head.headers, &header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if is_same(sent.as_bytes(), shared.control_token.as_bytes()) {
        return Ok(());
    }
    let message = "This is Testcard's own route: send the control token that the server printed as \
                   'Authorization: Bearer ctl_…'.";
    Err(ApiError::request(None, None, message).with_status(401))
}

/// Compares in the same time whatever the difference, so that timing tells nothing of the token.
fn is_same(sent: &[u8], known: &[u8]) -> bool {
    sent.len() == known.len() && sent.iter().zip(known).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

fn failed(reason: &str) -> ApiError {
    ApiError { kind: ErrorKind::Api, ..ApiError::request(None, None, reason).with_status(500) }
}

fn respond_json(outcome: Result<Value, ApiError>) -> HttpResponse {
    match outcome {
        Ok(body) => {
            let mut response = HttpResponse::new(Body::from(format!("{body:#}")));
            response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => respond(refusal(&error)),
    }
}
