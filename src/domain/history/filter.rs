//! Which entries of the history a list shows, and in which order.

use jiff::Timestamp;

use super::{
    account_filter::AccountFilter,
    entry::{EntryId, EntryStatus},
};
use crate::domain::{call::api::Target, words::words};

/// Selects the entries to show, count or export, and the order of a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    pub status: Option<EntryStatus>,
    pub target: Option<Target>,
    /// The account that the token is of.
    pub account: Option<AccountFilter>,
    /// Words that must all occur in an entry: in its id, last four digits, brand, code, the object that used it, note,
    /// tags, status or target. The word `run:NAME` stands for the entries of the runs of this name, `run:7` for those of
    /// the run with this number: see [`SearchWord`].
    pub search: String,
    /// A tag that the entry must have; a part of a tag does not match.
    pub tag: Option<String>,
    /// The earliest creation time, inclusive.
    pub since: Option<Timestamp>,
    /// The latest creation time, inclusive.
    pub until: Option<Timestamp>,
    /// If set, only these entries match.
    pub among: Option<Vec<EntryId>>,
    pub sort: SortOrder,
}

impl HistoryFilter {
    /// Whether every entry matches.
    pub fn is_everything(&self) -> bool {
        let is_any_time = self.since.is_none() && self.until.is_none();
        let is_any_word = self.search.trim().is_empty() && self.tag.is_none();
        let is_of_anybody = self.target.is_none() && self.account.is_none();
        self.status.is_none() && is_of_anybody && self.among.is_none() && is_any_time && is_any_word
    }
}

/// What a word of a search asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SearchWord<'a> {
    /// That it occurs in the entry.
    Text(&'a str),
    /// That the entry is of a run with this name or number.
    Run(&'a str),
}

impl<'a> SearchWord<'a> {
    pub fn of(word: &'a str) -> Self {
        match word.strip_prefix("run:") {
            Some(run) if !run.is_empty() => Self::Run(run),
            _ => Self::Text(word),
        }
    }
}

/// The sort key of a list. Entries with equal keys are sorted newest first, and entries without a value come last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// The order of creation.
    #[default]
    Created,
    Took,
    /// The order of `EntryStatus::ALL`.
    Status,
    /// By brand, then by last four digits.
    Card,
    Token,
    Source,
    UsedBy,
    Account,
}

words!(SortKey {
    Created => "created",
    Took => "took",
    Status => "status",
    Card => "card",
    Token => "token",
    Source => "source",
    UsedBy => "used-by",
    Account => "account",
});

/// The sort order of a list. The default is newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SortOrder {
    pub key: SortKey,
    /// Whether the order is descending.
    pub is_descending: bool,
}

impl Default for SortOrder {
    fn default() -> Self {
        Self { key: SortKey::Created, is_descending: true }
    }
}

impl SortOrder {
    pub fn is_newest_first(self) -> bool {
        self == Self::default()
    }

    /// The order after a click on a column header: reversed if the list is sorted by this column already, else by this
    /// column in its usual direction.
    #[must_use]
    pub fn clicked(self, key: SortKey) -> Self {
        let is_descending = if self.key == key { !self.is_descending } else { Self::descends_first(key) };
        Self { key, is_descending }
    }

    /// Whether a column is sorted in descending order first. Times and durations are, because the newest and the
    /// slowest entries matter most; text is sorted from a to z.
    pub fn descends_first(key: SortKey) -> bool {
        matches!(key, SortKey::Created | SortKey::Took)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_on_a_title_sorts_by_it_and_another_turns_it_round() {
        let sort = SortOrder::default();
        assert_eq!(sort.clicked(SortKey::Created), SortOrder { key: SortKey::Created, is_descending: false });
        let by_card = sort.clicked(SortKey::Card);
        assert_eq!(by_card, SortOrder { key: SortKey::Card, is_descending: false });
        assert!(by_card.clicked(SortKey::Card).is_descending);
        assert!(by_card.clicked(SortKey::Took).is_descending);
    }
}
