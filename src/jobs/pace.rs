//! The pace of calls to the real API: so many a second, and as long a pause as it asks for.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::domain::call::api::ApiResponse;

/// Stripe's sandbox allows 25 calls a second in all (docs.stripe.com/rate-limits); this leaves some to the user's own.
pub(super) const PACE: Duration = Duration::from_millis(50);
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

/// Lets calls that are made at the same time leave one after the other, with the same time between them.
#[derive(Debug)]
pub(super) struct Pacer {
    started: Instant,
    turns: Mutex<CallTurns>,
}

impl Pacer {
    pub(super) fn new(between: Duration) -> Self {
        Self { started: Instant::now(), turns: Mutex::new(CallTurns { between, next: Duration::ZERO }) }
    }

    /// Waits until it is this call's turn.
    pub(super) async fn turn(&self) {
        let now = self.started.elapsed();
        let turn = self.turns().take(now);
        sleep(turn.saturating_sub(now)).await;
    }

    /// Lets no further call leave for this long.
    pub(super) fn hold(&self, pause: Duration) {
        let until = self.started.elapsed().saturating_add(pause);
        self.turns().hold(until);
    }

    fn turns(&self) -> std::sync::MutexGuard<'_, CallTurns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When calls leave, in time since the start.
#[derive(Debug)]
struct CallTurns {
    between: Duration,
    /// Before it no call leaves.
    next: Duration,
}

impl CallTurns {
    /// Gives a call that is ready `now` the moment at which it leaves.
    fn take(&mut self, now: Duration) -> Duration {
        let turn = self.next.max(now);
        self.next = turn.saturating_add(self.between);
        turn
    }

    fn hold(&mut self, until: Duration) {
        self.next = self.next.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn no_second_has_more_calls_than_the_pace_allows() {
        let mut turns = CallTurns { between: millis(50), next: Duration::ZERO };
        // Calls that come in heaps, with pauses between the heaps.
        let leaves: Vec<Duration> = (0..500).map(|nth: u64| turns.take(millis(nth / 40 * 1700))).collect();
        for start in &leaves {
            let in_a_second = leaves.iter().filter(|at| (*start..*start + Duration::from_secs(1)).contains(at)).count();
            assert!(in_a_second <= 20, "{in_a_second} calls from {start:?} on");
        }
        assert!(leaves.is_sorted());
    }

    #[test]
    fn after_the_rate_limit_all_calls_wait() {
        let mut turns = CallTurns { between: millis(50), next: Duration::ZERO };
        assert_eq!(turns.take(millis(0)), millis(0));
        turns.hold(millis(3000));
        assert_eq!([turns.take(millis(10)), turns.take(millis(10))], [millis(3000), millis(3050)]);
        assert_eq!(turns.take(millis(9000)), millis(9000));
        // A shorter pause than the one that is waited for changes nothing.
        turns.hold(millis(1));
        assert_eq!(turns.take(millis(9000)), millis(9050));
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
