//! How the time is handed around: the domain takes `now` as an argument, and only `main` makes the clock that reads it.

use std::{fmt, sync::Arc};

use jiff::Timestamp;

/// Tells the time. Made by `main` from the system's clock, or fixed for repeatable runs and tests.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// A clock that stands still.
    pub fn fixed(now: Timestamp) -> Self {
        Self::new(move || now)
    }

    /// A clock that runs as this one does, and shows `start` now.
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

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
