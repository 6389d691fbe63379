//! The span that the log lines of one call share, from its arrival to its commit.

use tracing::{Span, field::Empty};

use crate::domain::{
    api::{ApiResponse, Target},
    mask,
};

/// The span of a call. Its request id is known once the call is answered: see [`record_request_id`].
///
/// With the log off or below debug, nothing is made and nothing is masked: that costs one comparison a call.
pub fn call_span(target: Target, method: &str, path: &str) -> Span {
    tracing::debug_span!("call", request_id = Empty, target = target.as_str(), method, path = mask::text(path))
}

/// Notes the request id of an answer in the span that is entered. What is logged of the call from then on carries it.
pub(super) fn record_request_id(answer: &ApiResponse) {
    let span = Span::current();
    if !span.is_disabled()
        && let Some(request_id) = answer.request_id()
    {
        span.record("request_id", mask::text(request_id));
    }
}
