//! What one attempt to send a call came to, whether the call is sent once more, and how long to wait before: the rules
//! of Stripe's own SDKs.

use std::time::Duration;

use reqwest::header::HeaderMap;

use super::limits::CallLimits;
use crate::domain::{
    call::api::{ApiResponse, TransportError},
    mask,
};

/// What the head of an answer says about trying again.
pub(super) struct ResponseHead {
    http_status: u16,
    should_retry: Option<bool>,
    retry_after: Option<Duration>,
}

impl ResponseHead {
    pub(super) fn of(http_status: u16, headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        Self {
            http_status,
            should_retry: text("stripe-should-retry").and_then(|word| word.parse().ok()),
            // Stripe gives seconds; the date form would need the clock.
            retry_after: text("retry-after").and_then(|secs| secs.parse().ok()).map(Duration::from_secs),
        }
    }
}

/// What one attempt came to.
pub(super) struct AttemptResult {
    pub(super) outcome: Result<ApiResponse, TransportError>,
    /// Status and advice; `None` if no head of an answer came.
    pub(super) head: Option<ResponseHead>,
    /// From sending to the end of the body.
    pub(super) took: Duration,
}

impl AttemptResult {
    pub(super) fn log(&self) {
        let took_millis = self.took.as_millis();
        match &self.outcome {
            Ok(answer) => tracing::debug!(
                http_status = answer.http_status,
                request_id = answer.request_id().map(mask::text),
                bytes = answer.body.len(),
                took_millis,
                "answered"
            ),
            Err(error) => tracing::debug!(kind = error.kind(), took_millis, "no usable answer"),
        }
    }

    /// Stripe's own word first; then conflicts, server errors and connections that failed, where a repetition is safe.
    /// Too many requests is not among them: only Stripe knows whether waiting helps.
    pub(super) fn may_be_repeated(&self, is_safe: bool) -> bool {
        if let Some(should_retry) = self.head.as_ref().and_then(|head| head.should_retry) {
            return should_retry;
        }
        let is_transient = match &self.outcome {
            Ok(_) | Err(TransportError::NotJson { .. }) => {
                self.head.as_ref().is_some_and(|head| head.http_status == 409 || head.http_status >= 500)
            }
            Err(error) => matches!(
                error,
                TransportError::Refused { .. }
                    | TransportError::ConnectTimeout { .. }
                    | TransportError::CutOff { .. }
                    | TransportError::Other { .. }
            ),
        };
        is_safe && is_transient
    }

    /// The pause before the next attempt: at least `Retry-After`.
    pub(super) fn pause(&self, attempt: u32, limits: &CallLimits) -> Duration {
        let longest = limits.first_pause.saturating_mul(2_u32.saturating_pow(attempt)).min(limits.longest_pause);
        // A random part, so that clients that failed at the same time do not come back at the same time.
        let pause = longest.mul_f64(rand::random_range(0.5..=1.0));
        pause.max(self.head.as_ref().and_then(|head| head.retry_after).unwrap_or_default())
    }

    /// How much time must be left for another attempt to fail in the same way as this one. With less, the total limit
    /// would end an attempt that is still connecting, and the failure would read as a call that may have been carried
    /// out.
    pub(super) fn time_to_fail(&self, limits: &CallLimits) -> Duration {
        match self.outcome {
            Err(TransportError::ConnectTimeout { .. }) => limits.connect_timeout,
            _ => Duration::ZERO,
        }
    }
}

/// Of two attempts the one that says more about the call: an earlier one that may have reached the host, where the last
/// one certainly did not.
pub(super) fn more_telling(
    earlier: Option<Result<ApiResponse, TransportError>>,
    last: Result<ApiResponse, TransportError>,
) -> Result<ApiResponse, TransportError> {
    let reached = |outcome: &Result<ApiResponse, TransportError>| match outcome {
        Ok(_) | Err(TransportError::NotJson { .. }) => true,
        Err(error) => error.may_have_happened(),
    };
    match earlier {
        Some(earlier) if reached(&earlier) && !reached(&last) => earlier,
        _ => last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(http_status: u16, headers: &[(&'static str, &'static str)]) -> AttemptResult {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        AttemptResult {
            outcome: Ok(ApiResponse { http_status, headers: Vec::new(), body: b"{}".to_vec() }),
            head: Some(ResponseHead::of(http_status, &headers)),
            took: Duration::ZERO,
        }
    }

    #[test]
    fn stripes_own_word_comes_first() {
        for (http_status, headers, safe, unsafe_) in [
            (200, &[][..], false, false),
            (400, &[], false, false),
            (402, &[], false, false),
            (409, &[], true, false),
            (429, &[], false, false),
            (500, &[], true, false),
            (503, &[], true, false),
            (500, &[("stripe-should-retry", "false")], false, false),
            (429, &[("stripe-should-retry", "true")], true, true),
            (500, &[("stripe-should-retry", "perhaps")], true, false),
            (429, &[("retry-after", "1")], false, false),
        ] {
            let tried = tried(http_status, headers);
            assert_eq!(tried.may_be_repeated(true), safe, "{http_status} {headers:?}");
            assert_eq!(tried.may_be_repeated(false), unsafe_, "{http_status} {headers:?}");
        }
    }

    #[test]
    fn pauses_grow_up_to_a_limit_and_retry_after_is_the_least() {
        let limits = CallLimits::default();
        for (attempt, least_millis, most_millis) in [(0, 250, 500), (1, 500, 1000), (2, 1000, 2000), (40, 2500, 5000)] {
            let pause = tried(500, &[]).pause(attempt, &limits).as_millis();
            assert!((least_millis..=most_millis).contains(&pause), "{attempt}: {pause}");
        }
        assert_eq!(tried(500, &[("retry-after", "7")]).pause(0, &limits), Duration::from_secs(7));
        assert!(tried(500, &[("retry-after", "0")]).pause(0, &limits) > Duration::ZERO);
        assert!(
            tried(500, &[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")]).pause(0, &limits) < Duration::from_secs(1)
        );
    }
}
