//! What is about to go from the history for good, and what went.

use jiff::Timestamp;

use crate::domain::{plural::number_of, settings::retention::RetentionRule};

/// Which entries are to go: all that no rule keeps, except those that are protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovalOrder {
    pub rules: Vec<RetentionRule>,
    /// Whether entries with a note, with a tag and of a finished run go as well. Entries of calls on their way and of
    /// runs that are not finished never do.
    pub takes_marked: bool,
}

/// What would go, as it was counted at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RemovalPreview {
    /// The entries that would go.
    pub entries: u64,
    /// When the oldest and the newest of them were made; `None` where there are none.
    pub oldest: Option<Timestamp>,
    pub newest: Option<Timestamp>,
    /// The calls that would go with them, those of the request log that are about their tokens too.
    pub calls: u64,
    /// The calls whose answer the minter needs: it is kept for the minter alone, and all else of the call goes.
    pub answers_kept: u64,
    /// At least so many bytes of the file become free.
    pub bytes: u64,
    /// Entries that no rule keeps and that stay, for they have a note, a tag or a run.
    pub marked: u64,
    /// Entries that no rule keeps and that stay, for their call is on its way or their run is not finished.
    pub under_way: u64,
}

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RemovalReport {
    pub entries: u64,
    pub calls: u64,
    pub answers_kept: u64,
}

impl RemovalReport {
    /// Adds what went besides.
    pub fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.calls += other.calls;
        self.answers_kept += other.answers_kept;
    }
}

/// A number of bytes for a person, in decimal units: `812 bytes`, `4.3 MB`.
pub fn bytes_words(bytes: u64) -> String {
    match bytes {
        0..1000 => number_of(bytes, "byte", "bytes"),
        1000..1_000_000 => format!("{} KB", bytes / 1000),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
