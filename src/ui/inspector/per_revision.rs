//! What a view reads out of a loaded value: read once for each revision, not in every frame.

use crate::model::Revision;

/// Something read out of a loaded value, and which revision it was read from.
#[derive(Clone, Debug)]
pub(super) struct PerRevision<T> {
    read: Option<(Revision, T)>,
}

impl<T> Default for PerRevision<T> {
    fn default() -> Self {
        Self { read: None }
    }
}

impl<T> PerRevision<T> {
    /// What is read of this revision; `read` is called when it was not read yet.
    pub(super) fn of(&mut self, revision: Revision, read: impl FnOnce() -> T) -> &T {
        if self.read.as_ref().is_none_or(|(known, _)| *known != revision) {
            self.read = None;
        }
        let (_, read) = self.read.get_or_insert_with(|| (revision, read()));
        read
    }
}
