//! The constant answer: axum, one route, the same bytes for every call.

use axum::{Router, body::Bytes, routing::post};

use super::{Outcome, server};

pub(super) const WORD: &str = "constant";

pub(super) fn serve(answer_bytes: usize) -> Outcome<()> {
    let body = Bytes::from(vec![b' '; answer_bytes]);
    // The request's body is read, as the other servers do.
    let answer = move |_: Bytes| async move { ([("content-type", "application/json")], body) };
    server::serve_here(Router::new().route("/v1/tokens", post(answer)))
}
