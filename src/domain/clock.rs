//! The clock as a value. The domain takes `now` as an argument; only `main` creates the clock that reads the system
//! time.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};

/// Returns the current time: the system's, as `main` reads it, or a fixed one for repeatable runs and tests.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// A clock that always returns `now`.
    pub fn fixed(now: Timestamp) -> Self {
        Self::new(move || now)
    }

    /// A clock that runs at the speed of this one and shows `start` at the moment of the call.
    #[must_use]
    pub fn running_from(&self, start: Timestamp) -> Self {
        let (clock, origin) = (self.clone(), self.now());
        Self::new(move || {
            let elapsed = clock.now().duration_since(origin);
            start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
        })
    }

    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

/// A moment, so much later (or earlier, where the duration is negative); the last one there is where it would be later.
pub fn shifted(moment: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    moment.checked_add(by).unwrap_or(end)
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
