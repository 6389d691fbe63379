//! When a call is sent once more, and how long to wait before: the rules of Stripe's own SDKs.

use std::time::Duration;

use reqwest::header::HeaderMap;

use super::{Limits, Tried};
use crate::domain::call::api::TransportError;

/// What the head of an answer says about trying again.
pub(super) struct Head {
    http_status: u16,
    should_retry: Option<bool>,
    retry_after: Option<Duration>,
}

impl Head {
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

impl Tried {
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
    pub(super) fn pause(&self, attempt: u32, limits: &Limits) -> Duration {
        let longest = limits.first_pause.saturating_mul(2_u32.saturating_pow(attempt)).min(limits.longest_pause);
        // Clients that failed together must not come back together.
        let pause = longest.mul_f64(rand::random_range(0.5..=1.0));
        pause.max(self.head.as_ref().and_then(|head| head.retry_after).unwrap_or_default())
    }

    /// The time that the next attempt must have left to fail in the same way. A connection that is given up by the
    /// total limit would be told as a call that may have been carried out.
    pub(super) fn time_to_fail(&self, limits: &Limits) -> Duration {
        match self.outcome {
            Err(TransportError::ConnectTimeout { .. }) => limits.connect_timeout,
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::call::api::ApiResponse;

    fn tried(http_status: u16, headers: &[(&'static str, &'static str)]) -> Tried {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        Tried {
            outcome: Ok(ApiResponse { http_status, headers: Vec::new(), body: b"{}".to_vec() }),
            head: Some(Head::of(http_status, &headers)),
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
        let limits = Limits::default();
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
