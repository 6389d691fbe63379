//! Which function answers which path: the routes of the server itself, and everything else as a call of the API.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};

use super::{call, control, http::HttpRequest, payer, shared::SharedState};

pub(super) fn router(shared: Arc<SharedState>) -> Router {
    let api = async |State(shared): State<Arc<SharedState>>, request: HttpRequest| call::answer(&shared, request).await;
    // Another method on a route of our own is a call that Stripe does not have, and is checked like any other.
    Router::new()
        .route(control::RESET, post(control::reset).fallback(api))
        .route(control::REQUESTS, get(control::requests).fallback(api))
        .route(control::CLOCK, get(control::clock).post(control::set_clock).fallback(api))
        .route(control::AUTHENTICATE, post(control::authenticate).fallback(api))
        .route(payer::PAGE, get(payer::show).post(payer::press).fallback(api))
        .route(control::FAULTS, post(control::faults).fallback(api))
        .fallback(api)
        .with_state(shared)
}
