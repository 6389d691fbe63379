//! Which entries of the history are shown, and in which order.

use jiff::Timestamp;

use super::entry::{EntryId, Status};
use crate::domain::{call::api::Target, words::words};

/// Which entries are shown, counted or exported, and in which order a list has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    pub status: Option<Status>,
    pub target: Option<Target>,
    /// Words that must all occur in id, last four digits, brand, code, what used it, note, tags, status or target.
    pub search: String,
    /// A whole tag.
    pub tag: Option<String>,
    /// Made at this moment or later.
    pub since: Option<Timestamp>,
    /// Made at this moment or earlier.
    pub until: Option<Timestamp>,
    /// None but these.
    pub among: Option<Vec<EntryId>>,
    pub sort: Sort,
}

impl HistoryFilter {
    /// Whether no entry is left out.
    pub fn is_everything(&self) -> bool {
        let is_any_time = self.since.is_none() && self.until.is_none();
        let is_any_word = self.search.trim().is_empty() && self.tag.is_none();
        self.status.is_none() && self.target.is_none() && self.among.is_none() && is_any_time && is_any_word
    }
}

/// What a list is sorted by. Entries that are alike stand newest first; those without a value stand at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// The order in which they were made.
    #[default]
    Created,
    Took,
    /// In the order of `Status::ALL`.
    Status,
    /// Brand, then last four digits.
    Card,
    Token,
    Source,
    UsedBy,
}

words!(SortKey {
    Created => "created",
    Took => "took",
    Status => "status",
    Card => "card",
    Token => "token",
    Source => "source",
    UsedBy => "used-by",
});

/// The order of a list: newest first unless somebody chose another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sort {
    pub key: SortKey,
    /// From the highest, the latest or the end of the alphabet down.
    pub is_falling: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self { key: SortKey::Created, is_falling: true }
    }
}

impl Sort {
    pub fn is_newest_first(self) -> bool {
        self == Self::default()
    }

    /// What a press on a column's title makes of it: the other way round, or by that column in the way that it is
    /// wanted first.
    #[must_use]
    pub fn pressed(self, key: SortKey) -> Self {
        let is_falling = if self.key == key { !self.is_falling } else { Self::falls_first(key) };
        Self { key, is_falling }
    }

    /// The newest and the slowest are looked for before the oldest and the fastest; words go from a to z.
    pub fn falls_first(key: SortKey) -> bool {
        matches!(key, SortKey::Created | SortKey::Took)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_on_a_title_sorts_by_it_and_another_turns_it_round() {
        let sort = Sort::default();
        assert_eq!(sort.pressed(SortKey::Created), Sort { key: SortKey::Created, is_falling: false });
        let by_card = sort.pressed(SortKey::Card);
        assert_eq!(by_card, Sort { key: SortKey::Card, is_falling: false });
        assert!(by_card.pressed(SortKey::Card).is_falling);
        assert!(by_card.pressed(SortKey::Took).is_falling);
    }
}
