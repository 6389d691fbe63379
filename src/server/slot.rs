//! What is known of one connection: whether a call is in flight on it, since when it is idle, and how it is to be
//! closed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::request::Parts;
use tokio::sync::Notify;

/// What is known of a connection, shared by the accept loop and the calls on the connection.
pub(super) struct ConnectionSlot {
    opened: Instant,
    /// Milliseconds after `opened` at which its last answer was ready.
    last_used: AtomicU64,
    /// Calls that have arrived in full and whose answers are not ready yet: HTTP/2 has several at once.
    in_flight: AtomicUsize,
    /// Whether its client may still be sending what nobody reads when the connection is closed: see
    /// [`super::lingering::LingeringStream`].
    pub(super) lingers: AtomicBool,
    /// Asks the connection to close, because another one needs its place.
    pub(super) close: Notify,
}

impl ConnectionSlot {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            last_used: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            lingers: AtomicBool::new(false),
            close: Notify::new(),
        })
    }

    /// A call has arrived in full: the connection is busy until the value is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> BusyGuard {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        BusyGuard(Arc::clone(self))
    }

    /// An answer is ready now.
    pub(super) fn used(&self) {
        self.last_used.store(self.opened.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Since when no call is in flight; `None` while one is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let last_used = Duration::from_millis(self.last_used.load(Ordering::Relaxed));
        (self.in_flight.load(Ordering::Relaxed) == 0).then(|| self.opened + last_used)
    }
}

/// A call in flight. Dropped with the call, also where its client gives it up and no answer is ever ready.
#[must_use]
pub(super) struct BusyGuard(Arc<ConnectionSlot>);

impl BusyGuard {
    /// The connection that a call came on is busy from now on; `None` where there is none.
    pub(super) fn of(head: &Parts) -> Option<Self> {
        head.extensions.get::<Arc<ConnectionSlot>>().map(ConnectionSlot::begin)
    }
}

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.0.used();
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_busy_until_the_last_of_its_calls_is_done() {
        let place = ConnectionSlot::new();
        assert_eq!(place.idle_since(), Some(place.opened));
        let (first, second) = (place.begin(), place.begin());
        drop(first);
        assert_eq!(place.idle_since(), None);
        std::thread::sleep(Duration::from_millis(5));
        drop(second);
        assert!(place.idle_since().unwrap() >= place.opened + Duration::from_millis(5));
    }
}
