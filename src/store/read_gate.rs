//! The gate between the calls that read and the writer.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What calls read through, and what the writer closes for a moment where nobody may read: without a pause between them, the
/// write-ahead log would never begin anew.
#[derive(Debug, Default)]
pub(super) struct ReadGate(RwLock<()>);

impl ReadGate {
    pub(super) fn pass(&self) -> RwLockReadGuard<'_, ()> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no call reads, and lets none begin before the guard is gone.
    pub(super) fn close(&self) -> RwLockWriteGuard<'_, ()> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
