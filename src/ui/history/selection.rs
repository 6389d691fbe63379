//! Which entries of the list are selected: one by one, a range of them, or all.

use crate::{domain::history::entry::EntryId, model::HistoryModel};

/// A larger selection is not checked against the list when the list changes, for that would take longer than a frame.
/// Another filter ends it.
pub const MOST_CHECKED: usize = 10_000;

/// The selected entries, and the one that the keys move from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntrySelection {
    /// Sorted by id, so the oldest is first.
    ids: Vec<EntryId>,
    cursor: Option<EntryId>,
    /// Where a range of selected entries begins; the cursor is its other end.
    anchor: Option<EntryId>,
}

impl EntrySelection {
    /// The entry that the inspector shows and the keys move from.
    pub fn cursor(&self) -> Option<EntryId> {
        self.cursor
    }

    pub fn contains(&self, id: EntryId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    /// Oldest first.
    pub fn ids(&self) -> &[EntryId] {
        &self.ids
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Selects one entry and nothing else.
    pub fn only(&mut self, id: EntryId) {
        self.ids.clear();
        self.ids.push(id);
        (self.cursor, self.anchor) = (Some(id), Some(id));
    }

    /// Adds an entry, or takes it away.
    pub fn toggle(&mut self, id: EntryId) {
        match self.ids.binary_search(&id) {
            Ok(place) => {
                self.ids.remove(place);
            }
            Err(place) => self.ids.insert(place, id),
        }
        (self.cursor, self.anchor) = (Some(id), Some(id));
    }

    /// Moves the cursor and leaves the selected entries as they are.
    pub fn go_to(&mut self, id: EntryId) {
        (self.cursor, self.anchor) = (Some(id), Some(id));
    }

    /// Selects the range from its beginning to an entry, as the list shows them.
    pub fn extend(&mut self, history: &HistoryModel, id: EntryId) {
        let Some(to) = history.place_of(id) else { return };
        let anchor = self.anchor.filter(|anchor| history.place_of(*anchor).is_some()).unwrap_or(id);
        let from = history.place_of(anchor).unwrap_or(to);
        self.ids.clear();
        self.ids.extend((from.min(to)..=from.max(to)).filter_map(|place| history.id_at(place)));
        self.ids.sort_unstable();
        (self.cursor, self.anchor) = (Some(id), Some(anchor));
    }

    /// Selects everything that the list shows.
    pub fn all(&mut self, history: &HistoryModel) {
        self.ids.clear();
        self.ids.extend(history.ids());
        self.ids.sort_unstable();
        self.cursor = self.cursor.or(history.id_at(0));
    }

    /// Goes back to the one entry that the keys move from.
    pub fn narrow(&mut self) {
        match self.cursor {
            Some(id) => self.only(id),
            None => self.clear(),
        }
    }

    /// Deselects the entries that the list does not show any more.
    pub fn keep_shown(&mut self, history: &HistoryModel) {
        if self.ids.len() <= MOST_CHECKED {
            self.ids.retain(|id| history.place_of(*id).is_some());
        }
        if self.cursor.is_some_and(|id| history.place_of(id).is_none()) {
            self.cursor = self.ids.last().copied().or(self.cursor);
        }
    }

    /// The entry to select when the selected ones are deleted: the next below the cursor that stays, or else above.
    pub fn heir(&self, history: &HistoryModel) -> Option<EntryId> {
        let here = self.cursor.and_then(|id| history.place_of(id))?;
        let stays = |place: &usize| history.id_at(*place).is_some_and(|id| !self.contains(id));
        let place = (here..history.len()).find(stays).or_else(|| (0..here).rev().find(stays))?;
        history.id_at(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::history::{
            entry::StatusCounts,
            filter::{SortKey, SortOrder},
            listing::EntryListing,
        },
        messages::WorkerUpdate,
        model::WindowModel,
    };

    /// A list of these in this order.
    fn history(ids: &[i64]) -> HistoryModel {
        let mut model = WindowModel::default();
        let list =
            EntryListing::new(ids.iter().copied().map(EntryId).collect(), SortOrder::default().clicked(SortKey::Card));
        model.apply(WorkerUpdate::History {
            generation: 1,
            list,
            rows: Vec::new(),
            counts: StatusCounts::default(),
            is_whole: true,
        });
        model.history
    }

    fn ids(selection: &EntrySelection) -> Vec<i64> {
        selection.ids().iter().map(|id| id.0).collect()
    }

    #[test]
    fn entries_are_selected_one_by_one_as_a_range_and_all() {
        let history = history(&[4, 9, 1, 7, 3]);
        let mut selection = EntrySelection::default();
        selection.only(EntryId(9));
        assert_eq!(ids(&selection), [9]);
        selection.toggle(EntryId(3));
        assert_eq!(ids(&selection), [3, 9]);
        selection.toggle(EntryId(9));
        assert_eq!(ids(&selection), [3]);
        selection.only(EntryId(9));
        selection.extend(&history, EntryId(7));
        assert_eq!(ids(&selection), [1, 7, 9], "by their places");
        selection.extend(&history, EntryId(4));
        assert_eq!(ids(&selection), [4, 9], "the other way from where it began");
        assert_eq!(selection.cursor(), Some(EntryId(4)));
        selection.all(&history);
        assert_eq!(ids(&selection), [1, 3, 4, 7, 9]);
        selection.narrow();
        assert_eq!(ids(&selection), [4]);
    }

    #[test]
    fn a_range_begins_anew_when_its_begin_is_gone() {
        let mut selection = EntrySelection::default();
        selection.only(EntryId(9));
        let history = history(&[4, 1, 7]);
        selection.keep_shown(&history);
        assert_eq!(ids(&selection), [0; 0]);
        selection.extend(&history, EntryId(1));
        assert_eq!(ids(&selection), [1]);
    }

    #[test]
    fn the_keys_go_on_below_what_is_deleted_or_above_it_at_the_end() {
        let history = history(&[4, 9, 1, 7, 3]);
        for (from, to, expected) in [(9, 1, Some(7)), (1, 9, Some(7)), (7, 3, Some(1)), (4, 3, None)] {
            let mut selection = EntrySelection::default();
            selection.only(EntryId(from));
            selection.extend(&history, EntryId(to));
            assert_eq!(selection.heir(&history), expected.map(EntryId), "{from} to {to}");
        }
    }
}
