//! The span that the log lines of one call share, from its arrival to its commit.

use tracing::{Span, field::Empty};

use crate::domain::{
    call::api::{ApiResponse, Target},
    mask,
};

/// The span of a call, made when the call arrives. Its `request_id` is filled in once it is known: by the minter before
/// it answers, or from the answer of the real API. Without a log at debug level the span is not made, and nothing is
/// formatted.
pub fn call_span(target: Target, method: &str) -> Span {
    // Not the path: it may hold what must not be written down, and is masked only later, with the rest of the call.
    tracing::debug_span!("call", target = target.as_str(), method = mask::text(method), request_id = Empty)
}

/// Fills the request id of the real API's answer into the span that is entered, which is the call's.
pub(super) fn record_request_id(answer: &ApiResponse) {
    let span = Span::current();
    if !span.is_disabled()
        && let Some(request_id) = answer.request_id()
    {
        span.record("request_id", mask::text(request_id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_log_no_span_is_made() {
        assert!(call_span(Target::Local, "POST").is_disabled());
    }
}
