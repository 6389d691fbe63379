//! A value that was loaded for the inspector, with a number that tells it from every other that was loaded.

use std::{ops::Deref, sync::Arc};

/// Which of all loaded values a value is. What a view reads out of a value is read again when this number changes, and
/// only then. Neither its bytes nor its address tell that: comparing bytes costs as much as reading them, and a later
/// value may lie where an earlier one lay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision(pub u64);

impl Revision {
    /// The number of the next value.
    pub(super) fn count_on(&mut self) -> Self {
        self.0 += 1;
        *self
    }
}

/// A loaded value and its revision. The value of a revision never changes.
#[derive(Clone, Debug)]
pub struct LoadedValue<T> {
    revision: Revision,
    value: Arc<T>,
}

impl<T> LoadedValue<T> {
    pub fn new(revision: Revision, value: Box<T>) -> Self {
        Self { revision, value: Arc::from(value) }
    }

    /// The value for a thread beside the window: to copy a long one would take longer than a frame.
    pub fn shared(&self) -> Arc<T> {
        Arc::clone(&self.value)
    }

    pub fn revision(&self) -> Revision {
        self.revision
    }
}

impl<T> Deref for LoadedValue<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
