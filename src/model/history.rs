//! The history as the window knows it: a list of ids in the store's order, and the rows that were in view.

use std::collections::HashMap;

use crate::domain::history::{
    entry::{EntryId, HistoryEntry, StatusCounts},
    listing::EntryListing,
};

/// More rows than any screen shows; beyond this the cache starts anew.
const CACHED_ROWS: usize = 4096;

/// The history: which entries pass the filter, and those of them that were in view.
#[derive(Clone, Debug, Default)]
pub struct HistoryModel {
    list: EntryListing,
    /// Whether the list has to be made anew by the background: it is sorted in a way that the window cannot follow.
    is_stale: bool,
    rows: HashMap<EntryId, HistoryEntry>,
    generation: u64,
    /// How often rows came.
    arrivals: u64,
    /// How often the list changed.
    changes: u64,
    is_loaded: bool,
    /// Whether the list has all entries that pass; else more of them come.
    is_whole: bool,
    pub counts: StatusCounts,
}

impl HistoryModel {
    /// How many entries pass the filter.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether the first answer has come.
    pub fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    /// Whether all entries that pass the filter have come.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    pub fn id_at(&self, place: usize) -> Option<EntryId> {
        self.list.at(place)
    }

    /// The place of an entry among those shown.
    pub fn place_of(&self, id: EntryId) -> Option<usize> {
        self.list.place_of(id)
    }

    /// The entries that pass the filter, in its order.
    pub fn ids(&self) -> impl Iterator<Item = EntryId> {
        self.list.iter()
    }

    /// The row of an entry, once it is loaded.
    pub fn row(&self, id: EntryId) -> Option<&HistoryEntry> {
        self.rows.get(&id)
    }

    /// A number that changes whenever rows come: the cache may have dropped other rows for them, which have to be asked
    /// for again.
    pub fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// A number that changes whenever the list does.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    fn keep_row(&mut self, entry: HistoryEntry) {
        if self.rows.len() >= CACHED_ROWS {
            self.rows.clear();
        }
        self.rows.insert(entry.id, entry);
    }

    pub(super) fn keep_rows(&mut self, rows: Vec<HistoryEntry>) {
        self.arrivals += 1;
        for row in rows {
            self.keep_row(row);
        }
    }

    /// Takes over a list that was made anew, or the beginning of one, and the first of its rows.
    pub(super) fn replace(&mut self, generation: u64, list: EntryListing, rows: Vec<HistoryEntry>, is_whole: bool) {
        // The rows of the same list are up to date.
        if generation != self.generation {
            self.rows.clear();
        }
        (self.list, self.generation) = (list, generation);
        (self.is_loaded, self.is_stale, self.is_whole) = (true, false, is_whole);
        self.changes += 1;
        self.keep_rows(rows);
    }

    /// Takes over the next entries of the list, if it is still that of this generation.
    pub(super) fn append(&mut self, generation: u64, ids: Vec<EntryId>, rows: Vec<HistoryEntry>, is_whole: bool) {
        if generation != self.generation {
            return;
        }
        self.list.append(ids);
        self.is_whole = is_whole;
        self.changes += 1;
        self.keep_rows(rows);
    }

    /// Changes the list where entries came, went or changed; `true` stands beside those that pass the filter. Changes
    /// of another generation are of another filter and move no row.
    pub(super) fn change(&mut self, generation: u64, entries: Vec<(HistoryEntry, bool)>, deleted: &[EntryId]) {
        if generation != self.generation {
            return;
        }
        let come_and_go = entries.iter().map(|(entry, is_shown)| (entry.id, *is_shown));
        let is_up_to_date = self.list.change(come_and_go.chain(deleted.iter().map(|id| (*id, false))));
        self.is_stale |= !is_up_to_date;
        self.changes += 1;
        for (entry, _) in entries {
            self.keep_row(entry);
        }
    }

    /// Whether the list must be made anew, told once.
    pub(super) fn take_stale(&mut self) -> bool {
        std::mem::take(&mut self.is_stale)
    }
}
