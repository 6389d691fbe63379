//! The span that the log lines of one call share, from its arrival to its commit.

use tracing::{Span, field::Empty};

use crate::domain::{
    api::{ApiResponse, Target},
    mask,
};

/// The span of a call, made when it arrives. Its `request_id` is filled in once there is an answer, for it is the answer
/// that has the id. Without a log at debug level the span is not made, and nothing is formatted.
pub fn call_span(target: Target, method: &str) -> Span {
    // Not the path: it may hold what must not be written down, and is masked with the call only later.
    tracing::debug_span!("call", target = target.as_str(), method = mask::text(method), request_id = Empty)
}

/// Fills the request id of an answer into the span of the call, which is entered: every line from here on carries it.
pub(super) fn record_request_id(answer: &ApiResponse) {
    let span = Span::current();
    if !span.is_disabled()
        && let Some(request_id) = answer.request_id()
    {
        span.record("request_id", mask::text(request_id));
    }
}
