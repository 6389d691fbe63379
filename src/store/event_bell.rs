//! Tells whoever sends events that there may be something new.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

/// Rung after a commit that may be of interest to whoever sends.
#[derive(Clone, Default)]
pub(super) struct EventBell(Arc<RwLock<Option<RingBell>>>);

type RingBell = Box<dyn Fn() + Send + Sync>;

impl EventBell {
    /// Rings for this one from now on, in the place of the one before.
    pub(super) fn set(&self, ring: RingBell) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(ring);
    }

    pub(super) fn ring(&self) {
        if let Some(ring) = &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            ring();
        }
    }
}

impl fmt::Debug for EventBell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventBell")
    }
}
