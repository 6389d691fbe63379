//! Which entry the inspector shows.

use crate::domain::history::entry::EntryId;

/// What is done with an entry as soon as everything about it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnceLoaded {
    FillForm,
    /// Its card goes to the other target.
    SendElsewhere,
    /// Its call goes to the clipboard, as a command for a shell.
    CopyCurl,
}

/// The entry that the inspector shows or is to show.
#[derive(Debug, Default)]
pub(super) struct InspectedEntry {
    /// The entry that was asked for last. Answers about another one come too late.
    wanted: Option<EntryId>,
    /// The entry that was shown before: comparing goes back to it.
    previous: Option<EntryId>,
    once_loaded: Option<(EntryId, OnceLoaded)>,
}

impl InspectedEntry {
    /// Asks for another entry to be shown. What was to be done with an earlier one that is not loaded yet is given up.
    pub(super) fn want(&mut self, id: EntryId) {
        self.wanted = Some(id);
        self.once_loaded = self.once_loaded.take().filter(|(pending, _)| *pending == id);
    }

    /// The entry that is shown, or will be once it is loaded.
    pub(super) fn wanted(&self) -> Option<EntryId> {
        self.wanted
    }

    pub(super) fn wants(&self, id: EntryId) -> bool {
        self.wanted == Some(id)
    }

    /// Remembers the entry that was shown until now.
    pub(super) fn leave(&mut self, shown: EntryId) {
        self.previous = Some(shown);
    }

    pub(super) fn previous(&self) -> Option<EntryId> {
        self.previous
    }

    /// Forgets entries that were deleted: nothing is compared with them.
    pub(super) fn forget(&mut self, deleted: &[EntryId]) {
        self.previous = self.previous.filter(|previous| !deleted.contains(previous));
    }

    /// Notes what is to be done with an entry that is wanted next.
    pub(super) fn once_loaded(&mut self, id: EntryId, then: OnceLoaded) {
        self.once_loaded = Some((id, then));
    }

    /// What is to be done with this entry, which is loaded now; told once.
    pub(super) fn take_once_loaded(&mut self, loaded: EntryId) -> Option<OnceLoaded> {
        let (_, then) = self.once_loaded.filter(|(id, _)| *id == loaded)?;
        self.once_loaded = None;
        Some(then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_an_entry_is_done_once_and_given_up_for_another() {
        let mut selection = InspectedEntry::default();
        selection.once_loaded(EntryId(1), OnceLoaded::FillForm);
        selection.want(EntryId(1));
        assert_eq!(selection.take_once_loaded(EntryId(2)), None);
        assert_eq!(selection.take_once_loaded(EntryId(1)), Some(OnceLoaded::FillForm));
        assert_eq!(selection.take_once_loaded(EntryId(1)), None);
        selection.once_loaded(EntryId(1), OnceLoaded::SendElsewhere);
        selection.want(EntryId(2));
        assert_eq!(selection.take_once_loaded(EntryId(1)), None, "something else was selected meanwhile");
    }
}
