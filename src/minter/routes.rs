//! The routes of the API that the minter plays, and what it says to all others.

use serde_json::Value;

use super::{
    account_balance, authentication, balance_transactions,
    call::{CallError, HandlerAnswer, MinterCall},
    charges, customers, disputes, events, fraud_warnings, intent_authorization, own_account, payer_page,
    payment_intents, payment_methods, refunds, setup_intents, sources, tokens, webhook_endpoints,
};
use crate::domain::{
    call::{
        api::{
            ApiRequest,
            HttpMethod::{self, Delete, Get, Post},
        },
        error::ApiError,
    },
    mask::{self, OwnSecrets},
};

/// Answers a call, given the ids in its path. A handler checks everything before it changes the ledger, so that a
/// refusal in validation changes nothing; only a decline may leave something behind.
#[derive(Clone, Copy)]
enum RouteHandler {
    /// Ends in an object.
    Object(fn(&mut MinterCall<'_>, &[&str]) -> Result<Value, CallError>),
    /// Ends in either.
    Answer(fn(&mut MinterCall<'_>, &[&str]) -> Result<HandlerAnswer, CallError>),
}

/// A row of the route table. In a pattern, `:id` takes any one part of the path but [`SEARCH`] and hands it to `run`.
pub(super) struct ApiRoute {
    method: HttpMethod,
    pattern: &'static [&'static str],
    pub(super) secret_only: bool,
    run: RouteHandler,
}

const fn route(
    method: HttpMethod,
    pattern: &'static [&'static str],
    run: fn(&mut MinterCall<'_>, &[&str]) -> Result<Value, CallError>,
) -> ApiRoute {
    ApiRoute { method, pattern, secret_only: true, run: RouteHandler::Object(run) }
}

/// The same, of a handler that shows its object itself.
const fn shown_route(
    method: HttpMethod,
    pattern: &'static [&'static str],
    run: fn(&mut MinterCall<'_>, &[&str]) -> Result<HandlerAnswer, CallError>,
) -> ApiRoute {
    ApiRoute { method, pattern, secret_only: true, run: RouteHandler::Answer(run) }
}

/// A route that a payer's browser may call too, with a publishable key.
const fn by_any_key(
    method: HttpMethod,
    pattern: &'static [&'static str],
    run: fn(&mut MinterCall<'_>, &[&str]) -> Result<Value, CallError>,
) -> ApiRoute {
    ApiRoute { method, pattern, secret_only: false, run: RouteHandler::Object(run) }
}

/// Stands in the place of an id in the paths of Stripe's search, which is not modelled.
const SEARCH: &str = "search";

const ROUTES: &[ApiRoute] = &[
    ApiRoute { secret_only: false, ..shown_route(Post, &["v1", "tokens"], tokens::create) },
    shown_route(Get, &["v1", "tokens", ":id"], tokens::retrieve),
    route(Post, &["v1", "charges"], charges::create),
    route(Get, &["v1", "charges"], charges::list),
    route(Get, &["v1", "charges", ":id"], charges::retrieve),
    route(Post, &["v1", "charges", ":id"], charges::update),
    route(Post, &["v1", "charges", ":id", "capture"], charges::capture),
    route(Post, &["v1", "charges", ":id", "refund"], charges::refund),
    route(Get, &["v1", "charges", ":id", "refunds"], refunds::list_of_charge),
    route(Post, &["v1", "charges", ":id", "refunds"], refunds::create_of_charge),
    route(Get, &["v1", "charges", ":id", "refunds", ":id"], refunds::retrieve),
    route(Post, &["v1", "charges", ":id", "refunds", ":id"], refunds::update),
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
    route(Post, &["v1", "customers", ":id", "cards"], sources::create),
    route(Get, &["v1", "customers", ":id", "cards"], sources::list),
    route(Get, &["v1", "customers", ":id", "cards", ":id"], sources::retrieve),
    route(Post, &["v1", "customers", ":id", "cards", ":id"], sources::update),
    route(Delete, &["v1", "customers", ":id", "cards", ":id"], sources::delete),
    by_any_key(Post, &["v1", "payment_methods"], payment_methods::create),
    route(Get, &["v1", "payment_methods"], payment_methods::list),
    route(Get, &["v1", "payment_methods", ":id"], payment_methods::retrieve),
    route(Post, &["v1", "payment_methods", ":id"], payment_methods::update),
    route(Post, &["v1", "payment_methods", ":id", "attach"], payment_methods::attach),
    route(Post, &["v1", "payment_methods", ":id", "detach"], payment_methods::detach),
    route(Post, &["v1", "payment_intents"], payment_intents::create),
    route(Get, &["v1", "payment_intents"], payment_intents::list),
    by_any_key(Get, &["v1", "payment_intents", ":id"], payment_intents::retrieve),
    route(Post, &["v1", "payment_intents", ":id"], payment_intents::update),
    by_any_key(Post, &["v1", "payment_intents", ":id", "confirm"], payment_intents::confirm),
    route(Post, &["v1", "payment_intents", ":id", "capture"], payment_intents::capture),
    route(Post, &["v1", "payment_intents", ":id", "cancel"], payment_intents::cancel),
    route(Post, &["v1", "payment_intents", ":id", "increment_authorization"], intent_authorization::increment),
    route(Post, &["v1", "setup_intents"], setup_intents::create),
    route(Get, &["v1", "setup_intents"], setup_intents::list),
    by_any_key(Get, &["v1", "setup_intents", ":id"], setup_intents::retrieve),
    route(Post, &["v1", "setup_intents", ":id"], setup_intents::update),
    by_any_key(Post, &["v1", "setup_intents", ":id", "confirm"], setup_intents::confirm),
    route(Post, &["v1", "setup_intents", ":id", "cancel"], setup_intents::cancel),
    route(Get, &["v1", "disputes"], disputes::list),
    route(Get, &["v1", "disputes", ":id"], disputes::retrieve),
    route(Post, &["v1", "disputes", ":id"], disputes::update),
    route(Post, &["v1", "disputes", ":id", "close"], disputes::close),
    route(Get, &["v1", "radar", "early_fraud_warnings"], fraud_warnings::list),
    route(Get, &["v1", "radar", "early_fraud_warnings", ":id"], fraud_warnings::retrieve),
    route(Get, &["v1", "account"], own_account::retrieve),
    route(Get, &["v1", "balance"], account_balance::retrieve),
    route(Get, &["v1", "balance_transactions"], balance_transactions::list),
    route(Get, &["v1", "balance_transactions", ":id"], balance_transactions::retrieve),
    // The program's own: a server lets it in by the control token, and by no key.
    route(Post, &["_testcard", "authenticate"], authentication::authenticate),
    // The address of a page is what lets a payer in.
    route(Get, &["_testcard", "3ds", ":id", ":id"], payer_page::show),
    route(Post, &["_testcard", "3ds", ":id", ":id"], payer_page::press),
    route(Get, &["v1", "customers", ":id", "payment_methods"], payment_methods::list_of_customer),
    route(Get, &["v1", "customers", ":id", "payment_methods", ":id"], payment_methods::retrieve_of_customer),
    shown_route(Get, &["v1", "events"], events::list),
    shown_route(Get, &["v1", "events", ":id"], events::retrieve),
    route(Post, &["v1", "webhook_endpoints"], webhook_endpoints::create),
    route(Get, &["v1", "webhook_endpoints"], webhook_endpoints::list),
    route(Get, &["v1", "webhook_endpoints", ":id"], webhook_endpoints::retrieve),
    route(Post, &["v1", "webhook_endpoints", ":id"], webhook_endpoints::update),
    route(Delete, &["v1", "webhook_endpoints", ":id"], webhook_endpoints::delete),
];

/// Resources of Stripe's specification that the minter does not play, or not with every call: refused by name.
const NOT_MODELLED: &[&str] = &[
    "account",
    "account_links",
    "account_sessions",
    "accounts",
    "apple_pay",
    "application_fees",
    "apps",
    "balance",
    "balance_settings",
    "balance_transactions",
    "billing",
    "billing_portal",
    "charges",
    "checkout",
    "climate",
    "confirmation_tokens",
    "country_specs",
    "coupons",
    "credit_notes",
    "customer_sessions",
    "customers",
    "entitlements",
    "ephemeral_keys",
    "exchange_rates",
    "external_accounts",
    "file_links",
    "files",
    "financial_connections",
    "forwarding",
    "identity",
    "invoice_payments",
    "invoice_rendering_templates",
    "invoiceitems",
    "invoices",
    "issuing",
    "linked_accounts",
    "mandates",
    "payment_attempt_records",
    "payment_intents",
    "payment_links",
    "payment_method_configurations",
    "payment_method_domains",
    "payment_methods",
    "payment_records",
    "payouts",
    "plans",
    "prices",
    "products",
    "promotion_codes",
    "quotes",
    "radar",
    "refunds",
    "reporting",
    "reviews",
    "setup_attempts",
    "setup_intents",
    "shipping_rates",
    "sigma",
    "sources",
    "subscription_items",
    "subscription_schedules",
    "subscriptions",
    "tax",
    "tax_codes",
    "tax_ids",
    "tax_rates",
    "terminal",
    "test_helpers",
    "topups",
    "transfers",
    "treasury",
];

/// The route of a request, with the parts of its path that stand at the `:id`s.
pub(super) fn route_of(request: &ApiRequest) -> Option<(&'static ApiRoute, Vec<&str>)> {
    let parts = request.segments();
    let found = ROUTES
        .iter()
        .filter(|route| route.method == request.method)
        .find_map(|route| Some((route, route.ids(&parts)?)));
    found.filter(|(_, ids)| !(request.path.contains("//") && ids.iter().any(|id| is_word_of_routes(id))))
}

/// Whether a part of a path is a word of the API. Behind two slashes it is no id, but the id before it is empty.
fn is_word_of_routes(part: &str) -> bool {
    ROUTES.iter().any(|route| route.pattern.contains(&part))
}

/// Whether a publishable key is not enough for this call. A call without a route is refused whatever its key.
pub fn needs_secret_key(request: &ApiRequest) -> bool {
    route_of(request).is_some_and(|(route, _)| route.secret_only)
}

impl ApiRoute {
    /// The parts of a path that stand at the `:id`s of the pattern; `None` where the path does not fit.
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

/// Lets the handler of the request's route answer it.
///
/// # Errors
/// What the handler refuses, and a request that has no route.
pub(super) fn run(call: &mut MinterCall<'_>) -> Result<HandlerAnswer, CallError> {
    match route_of(call.request) {
        Some((route, ids)) => match route.run {
            RouteHandler::Object(run) => run(call, &ids).map(HandlerAnswer::Object),
            RouteHandler::Answer(run) => run(call, &ids),
        },
        None => Err(no_such_route(call.request).into()),
    }
}

/// Whether an id may be missing in a path, at its end or between two slashes.
fn has_empty_id(path: &str) -> bool {
    path.ends_with('/') || path.contains("//")
}

fn no_such_route(request: &ApiRequest) -> ApiError {
    let (method, path) = (request.method.as_str(), mask::path(&request.path, &OwnSecrets::default()));
    let message = match request.segments()[..] {
        ["v1", resource, ..] if NOT_MODELLED.contains(&resource) && !has_empty_id(&request.path) => {
            format!("Testcard's local minter does not model {method} {path}.")
        }
        _ => return unrecognized(method, &path),
    };
    ApiError::request(None, None, message).with_status(404)
}

/// The refusal of a URL, or of a method on it, that Stripe does not have.
///
/// Where an id may be missing it says so: reported of `/v1/payment_intents/` and of
/// `/v1/payment_intents//confirm`.
pub fn unrecognized(method: &str, path: &str) -> ApiError {
    let hint = if has_empty_id(path) {
        "If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, make \
         sure you passed a valid (non-empty) identifier in your code. "
    } else {
        ""
    };
    let message = format!(
        "Unrecognized request URL ({method}: {}). {hint}Please see https://stripe.com/docs or we can help at \
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
            (HttpMethod::Post, "/v1/charges//capture", None),
            (HttpMethod::Get, "/v1/customers//sources", None),
            (HttpMethod::Get, "/v1/customers//cus_1//sources", Some(vec!["cus_1"])),
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
    fn a_publishable_key_makes_tokens_and_payment_methods_and_acts_for_the_payer_of_an_intent() {
        let taken: Vec<String> =
            ROUTES.iter().filter(|route| !route.secret_only).map(|route| route.pattern.join("/")).collect();
        let expected = [
            "v1/tokens",
            "v1/payment_methods",
            "v1/payment_intents/:id",
            "v1/payment_intents/:id/confirm",
            "v1/setup_intents/:id",
            "v1/setup_intents/:id/confirm",
        ];
        assert_eq!(taken, expected);
        let post = ApiRequest { method: HttpMethod::Post, ..ApiRequest::get("/v1/tokens") };
        assert!(!needs_secret_key(&post));
        assert!(needs_secret_key(&ApiRequest::retrieve_token("tok_1")));
    }
}
