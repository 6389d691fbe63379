//! The permission for pages of other origins: what a browser asks before a call, and what an answer tells it.
//!
//! Only pages whose origin a person named get this far ([`super::admission`]). Stripe lets every page in and lets it send
//! cookies; this server gives each answer to the one page that asked, and takes no cookies.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
};

use super::http::HttpResponse;

/// As Stripe answers.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, PUT, PATCH, POST, DELETE");
/// As Stripe answers: the headers of an answer that a page may read besides those that it always may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Request-Id, Stripe-Manage-Version, Stripe-Should-Retry, X-Stripe-External-Auth-Required, \
     X-Stripe-Privileged-Session-Required",
);
/// What Stripe.js, and Stripe's SDK for Node in a page, send. Undocumented by Stripe: our list.
const ALLOWED: HeaderValue = HeaderValue::from_static(
    "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, Stripe-Account, Stripe-Context, \
     Stripe-Version, User-Agent, X-Requested-With, X-Stripe-Client-Telemetry, X-Stripe-Client-User-Agent",
);
/// For how many seconds a browser may remember the permission, as Stripe answers.
const MAX_AGE: HeaderValue = HeaderValue::from_static("300");
const TRUE: HeaderValue = HeaderValue::from_static("true");

const ASKS_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOWS_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Whether this is a browser's question before a call, and no call itself.
pub(super) fn is_preflight(head: &Parts) -> bool {
    head.method == Method::OPTIONS && head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight of a page that may call. It asks for no key, for a preflight never has one.
pub(super) fn preflight(head: &Parts, page: &HeaderValue) -> HttpResponse {
    let mut answer = HttpResponse::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    permit(headers, page);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    // A page of another machine reaches into this one: some browsers ask for that by name.
    if head.headers.get(ASKS_PRIVATE_NETWORK) == Some(&TRUE) {
        headers.insert(ALLOWS_PRIVATE_NETWORK, TRUE);
    }
    answer
}

/// An answer that this page may read.
pub(super) fn permitted(mut answer: HttpResponse, page: &HeaderValue) -> HttpResponse {
    let headers = answer.headers_mut();
    permit(headers, page);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    answer
}

fn permit(headers: &mut HeaderMap, page: &HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page.clone());
    // Another page must not be given this answer out of a cache.
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
}
