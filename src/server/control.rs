//! The control routes, for test suites: `/_testcard/reset`, `/_testcard/clock`, `/_testcard/faults`,
//! `/_testcard/authenticate` and `/_testcard/requests`. They are the server's own and not Stripe's. The bearer token that the server prints at its
//! start guards them. Where each account has a world of its own, each call names an account.

use std::{sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::State,
    http::{header, request::Parts},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    admission::{self, text},
    http::{self, HttpRequest, HttpResponse, closing, respond},
    intake,
    shared::SharedState,
    slot::BusyGuard,
};
use crate::{
    backend::{CallOrigin, ClockChange, LoggedCall, ServedCall, StoreError, refusal},
    domain::{
        call::{
            account::{AccountId, AccountName},
            api::ApiResponse,
            error::{ApiError, ErrorKind},
            intent_calls,
            params::Params,
        },
        clock::{parse_moment, parse_time_span},
        fault::FaultRule,
        mask::{self, keyed_hash},
    },
};

pub(super) const RESET: &str = "/_testcard/reset";
pub(super) const REQUESTS: &str = "/_testcard/requests";
pub(super) const CLOCK: &str = "/_testcard/clock";
pub(super) const FAULTS: &str = "/_testcard/faults";
/// The first part of the path of each of them.
pub(super) const ROOT: &str = "_testcard";
pub(super) const AUTHENTICATE: &str = intent_calls::AUTHENTICATE;

const DEFAULT_LIMIT: usize = 100;
const MOST: usize = 1000;
/// The longest body of these calls, in bytes.
const LONGEST_BODY: usize = 64 * 1024;
/// The parameter that names an account.
const ACCOUNT: &str = "account";

/// Drops the objects and keys of the minter's world and puts its clock right; the history stays.
pub(super) async fn reset(State(shared): State<Arc<SharedState>>, request: HttpRequest) -> HttpResponse {
    carry_out(&shared, request, async |call| {
        call.check_names(&[])?;
        let objects =
            shared.targets.store().reset_world(call.world()?.as_ref()).await.map_err(|error| failed(&error))?;
        Ok(json!({ "reset": true, "objects": objects }))
    })
    .await
}

/// Tells what the clock of the minter's world shows.
pub(super) async fn clock(State(shared): State<Arc<SharedState>>, request: HttpRequest) -> HttpResponse {
    carry_out(&shared, request, async |call| {
        call.check_names(&[])?;
        call.turn_clock(ClockChange::None).await
    })
    .await
}

/// Sets the clock of the minter's world, or lets it go on at once by a time.
pub(super) async fn set_clock(State(shared): State<Arc<SharedState>>, request: HttpRequest) -> HttpResponse {
    carry_out(&shared, request, async |call| {
        call.check_names(&["now", "advance"])?;
        let wrong = |name: &'static str| move |advice| ApiError::request(None, Some(name), format!("{name}: {advice}"));
        let change = match (call.params.get("now"), call.params.get("advance")) {
            (Some("machine"), None) => ClockChange::Machine,
            (Some(moment), None) => ClockChange::To(parse_moment(moment).map_err(wrong("now"))?),
            (None, Some(time)) => ClockChange::By(parse_time_span(time).map_err(wrong("advance"))?),
            _ => {
                let message = "Send either now (a moment, or 'machine') or advance (such as 36h).";
                return Err(ApiError::request(None, None, message));
            }
        };
        call.turn_clock(change).await
    })
    .await
}

/// Puts the rules of the call, each a parameter `rule`, in the place of those of the minter's world.
pub(super) async fn faults(State(shared): State<Arc<SharedState>>, request: HttpRequest) -> HttpResponse {
    carry_out(&shared, request, async |call| {
        call.check_names(&["rule"])?;
        let sent = call.params.iter().filter(|(name, _)| *name == "rule");
        let rules = sent.map(|(_, rule)| rule.parse::<FaultRule>()).collect::<Result<Vec<_>, _>>();
        let rules = rules.map_err(|error| ApiError::request(None, Some("rule"), mask::text(&error.to_string())))?;
        let count = rules.len();
        shared.faults.of(call.world()?.as_ref()).set(rules);
        Ok(json!({ "rules": count }))
    })
    .await
}

/// Says what the payer of an intent does at the bank's page. It is a call like those of the API: the minter answers it, and
/// it is written down. The header `Stripe-Account` names a connected account.
pub(super) async fn authenticate(State(shared): State<Arc<SharedState>>, request: HttpRequest) -> HttpResponse {
    let names = ["Stripe-Account", "Stripe-Version"];
    let sent = |name: &&str| Some(((*name).to_owned(), request.headers().get(*name)?.to_str().ok()?.to_owned()));
    let headers: Vec<(String, String)> = names.iter().filter_map(sent).collect();
    carry_out(&shared, request, async |call| {
        call.check_names(&[intent_calls::INTENT, intent_calls::RESULT])?;
        let mut params = call.params.clone();
        params.remove(ACCOUNT);
        let (started, arrived) = (shared.clock.now(), Instant::now());
        let origin =
            CallOrigin { started, arrived, world: call.world()?, is_publishable: false, server: shared.origin() };
        let request = intent_calls::authenticate(params, headers);
        let policies = shared.admission().policies;
        Ok(shared.targets.serve(ServedCall { request, origin, fault: None }, policies).await)
    })
    .await
}

/// Lists the newest calls that came to the stand-in, newest first.
pub(super) async fn requests(State(shared): State<Arc<SharedState>>, request: HttpRequest) -> HttpResponse {
    carry_out(&shared, request, async |call| {
        call.check_names(&["limit", "after"])?;
        call.requests().await
    })
    .await
}

/// A call that is let in.
struct ControlCall<'a> {
    shared: &'a SharedState,
    params: Params,
}

/// Reads a call, carries it out where it is let in, and answers it. Where the end of its body is not seen, or the call
/// is refused, the connection is closed.
async fn carry_out<T: Into<ControlAnswer>>(
    shared: &SharedState,
    request: HttpRequest,
    work: impl AsyncFnOnce(&ControlCall<'_>) -> Result<T, ApiError>,
) -> HttpResponse {
    let (head, mut body) = request.into_parts();
    if let Err(error) = check(shared, &head) {
        let answer = respond(refusal(&error));
        intake::drain(&mut body).await;
        return closing(&head, answer);
    }
    let outcome = match params(&head, body).await {
        Ok(params) => {
            let _busy = BusyGuard::of(&head);
            work(&ControlCall { shared, params }).await.map(Into::into)
        }
        Err(error) => Err(error),
    };
    let is_refused = outcome.is_err();
    let answer = match outcome {
        Ok(ControlAnswer::Own(body)) => respond_json(&body),
        Ok(ControlAnswer::OfMinter(answer)) => respond(answer),
        Err(error) => respond(refusal(&error)),
    };
    if is_refused { closing(&head, answer) } else { answer }
}

/// What such a call is answered with.
enum ControlAnswer {
    Own(Value),
    OfMinter(ApiResponse),
}

impl From<Value> for ControlAnswer {
    fn from(body: Value) -> Self {
        Self::Own(body)
    }
}

impl From<ApiResponse> for ControlAnswer {
    fn from(answer: ApiResponse) -> Self {
        Self::OfMinter(answer)
    }
}

/// The parameters of the query, and after them those of the body, which is a form.
async fn params(head: &Parts, body: Body) -> Result<Params, ApiError> {
    let body = intake::short_body(body, LONGEST_BODY).await?;
    let mut params = Params::new();
    http::push_params(&mut params, head.uri.query().unwrap_or_default().as_bytes(), "query string")?;
    if !body.is_empty() {
        http::check_form(&head.headers)?;
        http::push_params(&mut params, &body, "POST body")?;
    }
    Ok(params)
}

impl ControlCall<'_> {
    /// Refuses what the route does not take: a name with a slip in it would do something else than was meant.
    fn check_names(&self, taken: &[&str]) -> Result<(), ApiError> {
        ApiError::refuse_unknown(self.params.names().filter(|name| *name != ACCOUNT && !taken.contains(name)))
    }

    /// The account that the call names, by its id or by a test key of it.
    fn account(&self) -> Result<Option<AccountId>, ApiError> {
        let Some(named) = self.params.get(ACCOUNT) else { return Ok(None) };
        let name = AccountName::parse(named);
        let name = name.map_err(|error| ApiError::request(None, Some(ACCOUNT), error.to_string()))?;
        Ok(Some(self.shared.targets.account_named(&name)))
    }

    fn world(&self) -> Result<Option<AccountId>, ApiError> {
        world_of(self.shared, self.account()?)
    }

    async fn turn_clock(&self, change: ClockChange) -> Result<Value, ApiError> {
        let machine = self.shared.clock.now();
        let shown = self.shared.targets.store().set_clock(self.world()?.as_ref(), change, machine).await;
        let shown: Timestamp = shown.map_err(|error| failed(&error))?;
        Ok(json!({ "now": shown.as_second(), "moment": format!("{shown:.0}"), "machine": machine.as_second() }))
    }

    async fn requests(&self) -> Result<Value, ApiError> {
        let number = |name: &str| match self.params.get(name).map(str::parse::<i64>) {
            None => Ok(None),
            Some(Ok(number)) if number >= 0 => Ok(Some(number)),
            Some(_) => Err(ApiError::request(None, Some(name), "limit and after are whole numbers.")),
        };
        let limit = number("limit")?.map_or(DEFAULT_LIMIT, |limit| usize::try_from(limit).unwrap_or(MOST).min(MOST));
        // With worlds, the account is whose world is meant: all calls in it. Without, the account that a call is for.
        let (world, account) = if self.shared.is_isolating { (self.world()?, None) } else { (None, self.account()?) };
        let found = self.shared.targets.logged(world.as_ref(), account.as_ref(), number("after")?, limit).await;
        let found = found.map_err(|error| failed(&error))?;
        let has_more = found.has_more;
        let own = self.shared.targets.account_id();
        let data: Vec<Value> = found.calls.iter().map(|call| shown(call, own)).collect();
        let mut list = json!({ "object": "list", "data": data, "has_more": has_more, "url": REQUESTS });
        if let Some(damage) = found.damage {
            list["damage"] = damage.into();
        }
        Ok(list)
    }
}

/// The account whose world is meant, where this one is named; `None` for the one world of all.
///
/// # Errors
/// No account where each has a world of its own, and one where there is but one world.
pub(super) fn world_of(shared: &SharedState, account: Option<AccountId>) -> Result<Option<AccountId>, ApiError> {
    match (account, shared.is_isolating) {
        (None, true) => {
            let message = "Each account has a world of its own here (--isolate): say whose is meant by the parameter \
                           account, with the id of the account or with a test key of it.";
            Err(ApiError::request(None, Some(ACCOUNT), message))
        }
        (Some(_), false) => {
            let message = "All accounts are in one world here: leave the parameter account out, or start the server \
                           with --isolate.";
            Err(ApiError::request(None, Some(ACCOUNT), message))
        }
        (account, _) => Ok(account),
    }
}

/// A call as it is listed; `own` is the id of the account itself.
fn shown(call: &LoggedCall, own: &str) -> Value {
    let LoggedCall { row, exchange } = call;
    let answer = exchange.outcome.as_ref().ok();
    let body = answer.and_then(ApiResponse::json);
    let error = body.as_ref().map(|body| &body["error"]).filter(|error| error.is_object());
    let params: serde_json::Map<String, Value> =
        exchange.request.params.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    json!({
        "id": row.id.0,
        "account": row.account.as_deref().map_or(own, keyed_hash::shown),
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
    if keyed_hash::is_same_secret(sent.as_bytes(), shared.control_token.as_bytes()) {
        return Ok(());
    }
    let message = "This is Testcard's own route: send the control token that the server printed as \
                   'Authorization: Bearer ctl_…'.";
    Err(ApiError::request(None, None, message).with_status(401))
}

fn failed(error: &StoreError) -> ApiError {
    ApiError { kind: ErrorKind::Api, ..ApiError::request(None, None, error.to_string()).with_status(500) }
}

fn respond_json(body: &Value) -> HttpResponse {
    let mut response = HttpResponse::new(Body::from(format!("{body:#}")));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}
