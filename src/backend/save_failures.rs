//! Tells a person that calls over HTTP are not saved.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::store::StoreError;

/// How long a reason is not told again.
const PAUSE_BETWEEN: Duration = Duration::from_mins(1);

/// Tells a person why calls that came over HTTP are not saved: each reason once a minute, however many calls it meets.
/// The client of such a call is told too, but is a program.
#[derive(Default)]
pub(super) struct SaveFailures {
    tell: Option<TellPerson>,
    /// The reasons that were told, and when.
    told: Mutex<HashMap<String, Instant>>,
}

type TellPerson = Box<dyn Fn(&str) + Send + Sync>;

impl fmt::Debug for SaveFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaveFailures").field("told", &self.told).finish_non_exhaustive()
    }
}

impl SaveFailures {
    pub(super) fn told_by(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { tell: Some(Box::new(tell)), told: Mutex::default() }
    }

    pub(super) fn add(&self, error: &StoreError) {
        tracing::error!("a call was not saved: {error}");
        let Some(tell) = &self.tell else { return };
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, when| now.duration_since(*when) < PAUSE_BETWEEN);
        if told.insert(error.cause(), now).is_none() {
            tell(&error.to_string());
        }
    }
}
