//! Stripe's test mode as a pure state machine over a [`Ledger`]: no clock, no files, no network.
//!
//! [`handle`] is the whole of it: a row of the route table names the function that answers. What the table does not
//! have is refused, and what Stripe has and the minter has not is refused in words that say so.

mod answers;
pub mod auth;
mod cards;
mod charges;
mod customers;
mod expand;
mod fields;
pub mod idempotency;
pub mod ids;
pub mod ledger;
mod lists;
mod payment_methods;
mod refunds;
mod shapes;
mod sources;
mod tokens;
pub mod workspace;

use jiff::Timestamp;
use serde_json::Value;

pub use answers::{refusal, unavailable};
pub use ledger::{Cursor, Ledger, LedgerError, MemoryLedger, ObjectKind, PageQuery, Remembered, StoredObject};
pub use workspace::Workspace;

use crate::domain::{
    call::{
        api::{
            ApiRequest, ApiResponse,
            HttpMethod::{self, Delete, Get, Post},
        },
        error::ApiError,
    },
    key::{ApiKey, KeyKind},
    mask::{self, OwnSecrets},
    rules::policies::Policies,
};
use idempotency::Standing;
use ids::RequestIds;

/// Answers one call of the API. The key has been checked by [`auth::authenticate`], where there is one.
///
/// A refusal is an answer. The same seed, ledger, moment and request give the same bytes.
///
/// # Errors
/// When the ledger cannot be used: nothing may be kept of the call then.
pub fn handle(
    ledger: &mut dyn Ledger,
    request: &ApiRequest,
    now: Timestamp,
    policies: Policies,
    workspace: &Workspace,
) -> Result<ApiResponse, LedgerError> {
    let ids = workspace.ids().for_request(ledger)?;
    let request_id = ids.request();
    let answer = |outcome| answers::answer(request, &request_id, workspace.account_id(), outcome);
    let record = match idempotency::standing(ledger, request, now, workspace) {
        Ok(Standing::New) => None,
        Ok(Standing::Remember(record)) => Some(record),
        Ok(Standing::Replay(first)) => {
            tracing::debug!(method = request.method.as_str(), request_id, "answered again");
            return Ok(answers::replayed(request, first.answer, &request_id));
        }
        Err(Stop::Refused(error)) => return Ok(answer(Err(error))),
        Err(Stop::Ledger(error)) => return Err(error),
    };
    let mut call = Call { ledger, request, now, policies, workspace, ids };
    let outcome = match run(&mut call) {
        Ok(object) => Ok(shapes::shaped(request, object)),
        Err(Stop::Refused(error)) => Err(error),
        Err(Stop::Ledger(error)) => return Err(error),
    };
    tracing::debug!(
        method = request.method.as_str(),
        request_id,
        code = outcome.as_ref().err().map(ApiError::label),
        "answered"
    );
    let answer = answer(outcome);
    if let Some(record) = record
        && answers::is_carried_out(answer.http_status)
    {
        ledger.remember(&record, &answer)?;
    }
    Ok(answer)
}

/// What the head of a call that came over HTTP says about its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Its key is let in.
    Admitted,
    /// It names none, and the key may be among its parameters: see [`admit_by_param`].
    KeyMayFollow,
}

/// Where Stripe.js has the key of a call. It is no parameter of the call then.
pub const KEY_PARAM: &str = "key";

/// Lets the key of a call in that came over HTTP, by its `Authorization` header, before anything else of it is read: any
/// key of test mode, or of the secret ones this one only. Of the request, method and path count.
///
/// # Errors
/// What [`auth::authenticate`] refuses, and a publishable key where the account does not allow it to make tokens:
/// answer these with [`refusal`].
pub fn admit(
    authorization: Option<&str>,
    request: &ApiRequest,
    policies: Policies,
    only: Option<&ApiKey>,
) -> Result<Admission, ApiError> {
    let takes_publishable = route_of(request).is_some_and(|(route, _)| !route.secret_only);
    if authorization.is_none() && takes_publishable {
        return Ok(Admission::KeyMayFollow);
    }
    let kind = auth::authenticate(authorization, needs_secret_key(request), only)?;
    check_policy(kind, request, policies).map(|()| Admission::Admitted)
}

/// Lets the key of a call in that has none in its head, by what was sent as [`KEY_PARAM`], if anything was.
///
/// # Errors
/// As [`admit`].
pub fn admit_by_param(
    key: Option<&str>,
    request: &ApiRequest,
    policies: Policies,
    only: Option<&ApiKey>,
) -> Result<(), ApiError> {
    let kind = auth::recognise(key.unwrap_or_default(), needs_secret_key(request), only)?;
    check_policy(kind, request, policies)
}

fn check_policy(kind: KeyKind, request: &ApiRequest, policies: Policies) -> Result<(), ApiError> {
    if kind == KeyKind::Publishable && !policies.publishable_keys && request.makes_token() {
        return Err(auth::publishable_keys_refused());
    }
    Ok(())
}

/// Whether a publishable key is not enough for this call. A call that nothing answers needs no key to be refused.
pub fn needs_secret_key(request: &ApiRequest) -> bool {
    route_of(request).is_some_and(|(route, _)| route.secret_only)
}

/// One call on its way through a handler.
struct Call<'a> {
    ledger: &'a mut dyn Ledger,
    request: &'a ApiRequest,
    now: Timestamp,
    policies: Policies,
    workspace: &'a Workspace,
    ids: RequestIds<'a>,
}

impl Call<'_> {
    /// Whether the request's version shows objects in their current shape.
    fn shows_current_shape(&self) -> bool {
        shapes::is_current(self.request)
    }
}

/// Why a call does not end in an object.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error("refused: {}", .0.label())]
    Refused(ApiError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<ApiError> for Stop {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// A refusal in validation has changed nothing: a handler checks first, and changes the ledger once it is certain. Only a
/// decline may leave something behind.
type Handler = fn(&mut Call<'_>, &[&str]) -> Result<Value, Stop>;

/// A row of the route table. In a pattern, `:id` takes any one part of the path but [`SEARCH`] and hands it to `run`.
struct Route {
    method: HttpMethod,
    pattern: &'static [&'static str],
    secret_only: bool,
    run: Handler,
}

const fn route(method: HttpMethod, pattern: &'static [&'static str], run: Handler) -> Route {
    Route { method, pattern, secret_only: true, run }
}

/// Stands where an id would in the paths of Stripe's search, which is not modelled.
const SEARCH: &str = "search";

const ROUTES: &[Route] = &[
    Route { secret_only: false, ..route(Post, &["v1", "tokens"], tokens::create) },
    route(Get, &["v1", "tokens", ":id"], tokens::retrieve),
    route(Post, &["v1", "charges"], charges::create),
    route(Get, &["v1", "charges"], charges::list),
    route(Get, &["v1", "charges", ":id"], charges::retrieve),
    route(Post, &["v1", "charges", ":id"], charges::update),
    route(Post, &["v1", "charges", ":id", "capture"], charges::capture),
    route(Get, &["v1", "charges", ":id", "refunds"], refunds::list_of_charge),
    route(Post, &["v1", "refunds"], refunds::create),
    route(Get, &["v1", "refunds"], refunds::list),
    route(Get, &["v1", "refunds", ":id"], refunds::retrieve),
    route(Post, &["v1", "refunds", ":id"], refunds::update),
    route(Post, &["v1", "customers"], customers::create),
    route(Get, &["v1", "customers"], customers::list),
    route(Get, &["v1", "customers", ":id"], customers::retrieve),
    route(Post, &["v1", "customers", ":id"], customers::update),
    route(Delete, &["v1", "customers", ":id"], customers::delete),
    route(Post, &["v1", "customers", ":id", "sources"], sources::create),
    route(Get, &["v1", "customers", ":id", "sources"], sources::list),
    route(Get, &["v1", "customers", ":id", "sources", ":id"], sources::retrieve),
    route(Post, &["v1", "customers", ":id", "sources", ":id"], sources::update),
    route(Delete, &["v1", "customers", ":id", "sources", ":id"], sources::delete),
    route(Post, &["v1", "payment_methods"], payment_methods::create),
    route(Get, &["v1", "payment_methods", ":id"], payment_methods::retrieve),
];

/// What a tester is likely to call next, and the minter does not play.
const NOT_MODELLED: &[&str] = &[
    "account",
    "accounts",
    "balance",
    "balance_transactions",
    "charges",
    "checkout",
    "customers",
    "disputes",
    "events",
    "invoices",
    "payment_intents",
    "payment_methods",
    "payouts",
    "refunds",
    "setup_intents",
    "sources",
    "subscriptions",
    "test_helpers",
    "transfers",
    "webhook_endpoints",
];

fn route_of(request: &ApiRequest) -> Option<(&'static Route, Vec<&str>)> {
    let parts = request.segments();
    ROUTES.iter().filter(|route| route.method == request.method).find_map(|route| Some((route, route.ids(&parts)?)))
}

impl Route {
    /// The parts of a path that fits the pattern which stand at its `:id`s.
    fn ids<'a>(&self, parts: &[&'a str]) -> Option<Vec<&'a str>> {
        let fits = |(expected, part): (&&str, &&str)| match *expected {
            ":id" => !part.is_empty() && *part != SEARCH,
            expected => expected == *part,
        };
        (self.pattern.len() == parts.len() && self.pattern.iter().zip(parts).all(fits)).then(|| {
            self.pattern.iter().zip(parts).filter(|(expected, _)| **expected == ":id").map(|(_, part)| *part).collect()
        })
    }
}

fn run(call: &mut Call<'_>) -> Result<Value, Stop> {
    match route_of(call.request) {
        Some((route, ids)) => (route.run)(call, &ids),
        None => Err(no_such_route(call.request).into()),
    }
}

fn no_such_route(request: &ApiRequest) -> ApiError {
    let (method, path) = (request.method.as_str(), mask::path(&request.path, &OwnSecrets::default()));
    let message = match request.segments()[..] {
        ["v1", resource, ..] if NOT_MODELLED.contains(&resource) => {
            format!("Testcard's local minter does not model {method} {path}.")
        }
        _ => return unrecognized(method, &path),
    };
    ApiError::request(None, None, message).with_status(404)
}

/// A URL, or a method on it, that Stripe does not have.
pub fn unrecognized(method: &str, path: &str) -> ApiError {
    let message = format!(
        "Unrecognized request URL ({method}: {}). Please see https://stripe.com/docs or we can help at \
         https://support.stripe.com/.",
        mask::path(path, &OwnSecrets::default())
    );
    ApiError::request(None, None, message).with_status(404)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_found_by_method_and_path() {
        for (method, path, ids) in [
            (HttpMethod::Post, "/v1/tokens", Some(vec![])),
            (HttpMethod::Post, "//v1//tokens", Some(vec![])),
            (HttpMethod::Get, "/v1/tokens/tok_1", Some(vec!["tok_1"])),
            (HttpMethod::Get, "/v1/tokens", None),
            (HttpMethod::Get, "/v1/charges/search", None),
            (HttpMethod::Get, "/v1/tokens/", None),
            (HttpMethod::Post, "/v1/tokens/", None),
            (HttpMethod::Delete, "/v1/tokens/tok_1", None),
            (HttpMethod::Post, "/v1/tokens/tok_1", None),
            (HttpMethod::Get, "", None),
        ] {
            let request = ApiRequest { method, ..ApiRequest::get(path) };
            assert_eq!(route_of(&request).map(|(_, ids)| ids), ids, "{method:?} {path}");
        }
    }

    #[test]
    fn a_publishable_key_makes_tokens_and_nothing_else() {
        let post = ApiRequest { method: HttpMethod::Post, ..ApiRequest::get("/v1/tokens") };
        assert!(!needs_secret_key(&post));
        assert!(needs_secret_key(&ApiRequest::retrieve_token("tok_1")));
    }
}
