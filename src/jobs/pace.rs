//! The pace of calls to the real API: so many a second, and as long a pause as it asks for.
//!
//! One [`CallPace`] is the limiter of all work on one target: its clones share it, so that a refresh and a run at the
//! same time are together no faster than one of them.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::domain::call::api::ApiResponse;
pub use crate::domain::settings::stripe::USUAL_RATE;

/// How often a call that met the rate limit is made again.
pub(super) const TRIES: u32 = 4;
/// The pause after the rate limit where the answer names none; it doubles from one to the next.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, whatever an answer asks for: a header that is wrong must not stop a job for hours.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The pause that an answer asks for, or else this one.
pub(super) fn pause_after(answer: &ApiResponse, otherwise: Duration) -> Duration {
    let asked = answer.header("Retry-After").and_then(|seconds| seconds.trim().parse().ok());
    asked.map_or(otherwise, Duration::from_secs).min(LONGEST_PAUSE)
}

/// Lets calls leave one after the other, with the same time between them. Clones share the pace.
#[derive(Clone, Debug, Default)]
pub struct CallPace(Arc<SharedPace>);

#[derive(Debug, Default)]
struct SharedPace {
    /// `None` lets calls leave as fast as they come.
    limiter: Option<DefaultDirectRateLimiter>,
    /// Before it no call leaves.
    held_until: Mutex<Option<Instant>>,
}

impl CallPace {
    /// So many calls a second at most.
    pub fn of(rate: NonZeroU32) -> Self {
        let limiter = Some(RateLimiter::direct(quota(rate)));
        Self(Arc::new(SharedPace { limiter, held_until: Mutex::default() }))
    }

    /// The pace that Stripe's test mode allows, with some room for the user's own calls.
    pub fn usual() -> Self {
        NonZeroU32::new(USUAL_RATE).map(Self::of).unwrap_or_default()
    }

    /// As many calls as can be, but for the pauses that answers ask for: for a target on this machine.
    pub fn unlimited() -> Self {
        Self::default()
    }

    /// Waits until the next call may leave.
    pub async fn turn(&self) {
        loop {
            let held = *self.held();
            if let Some(until) = held.filter(|until| *until > Instant::now()) {
                sleep_until(until).await;
                continue;
            }
            let Some(limiter) = &self.0.limiter else { return };
            match limiter.check() {
                Ok(()) => return,
                Err(early) => sleep(early.wait_time_from(DefaultClock::default().now())).await,
            }
        }
    }

    /// Lets no further call leave for this long. A shorter pause than the one that is waited for changes nothing.
    pub fn hold(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut held = self.held();
        *held = Some(held.map_or(until, |known| known.max(until)));
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0.held_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call at a time, and not two at once after a rest: a burst would meet the limit of the API.
fn quota(rate: NonZeroU32) -> Quota {
    Quota::per_second(rate).allow_burst(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn no_second_has_more_calls_than_the_pace_allows() {
        let clock = FakeRelativeClock::default();
        let limiter = RateLimiter::direct_with_clock(quota(NonZeroU32::new(USUAL_RATE).unwrap()), clock.clone());
        // More calls wait at any moment than may leave, but for two rests in between.
        let mut leaves = Vec::new();
        for now in 0..20_000_u64 {
            let rests = (5_000..7_000).contains(&now) || (11_111..11_999).contains(&now);
            if !rests && limiter.check().is_ok() {
                leaves.push(now);
            }
            clock.advance(millis(1));
        }
        for start in &leaves {
            let in_a_second = leaves.iter().filter(|at| (*start..start + 1000).contains(*at)).count();
            assert!(in_a_second <= 20, "{in_a_second} calls from {start} on");
        }
        assert!(leaves.len() >= 335, "{} calls in 17 s", leaves.len());
    }

    #[tokio::test]
    async fn after_the_rate_limit_all_calls_wait() {
        for pace in [CallPace::unlimited(), CallPace::usual()] {
            let started = Instant::now();
            pace.turn().await;
            pace.clone().hold(millis(80));
            pace.hold(millis(1));
            pace.turn().await;
            assert!(started.elapsed() >= millis(80), "a shorter pause changes nothing");
        }
    }

    #[test]
    fn a_pause_is_as_long_as_the_answer_asks_for_but_never_longer_than_a_minute() {
        for (header, expected_secs) in
            [(None, 2), (Some("soon"), 2), (Some("7"), 7), (Some("3600"), 60), (Some("18446744073709551615"), 60)]
        {
            let headers = header.map(|value| ("Retry-After".to_owned(), value.to_owned())).into_iter().collect();
            let answer = ApiResponse { http_status: 429, headers, body: Vec::new() };
            let pause = pause_after(&answer, Duration::from_secs(2));
            assert_eq!(pause, Duration::from_secs(expected_secs), "{header:?}");
        }
    }
}
