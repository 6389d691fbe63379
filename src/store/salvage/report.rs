//! What a salvage tells: what was saved, what was lost, or why nothing could be done.

use std::path::PathBuf;

use crate::{
    domain::plural::number_of,
    store::{error::StoreError, sound::RowNumbers},
};

/// What was saved of a history, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SalvageReport {
    pub file: PathBuf,
    /// How many rows of each kind are in the new history.
    pub saved: Vec<(RowKind, u64)>,
    /// The numbers of rows that could not be read or understood. On a damaged page nobody can tell which there were.
    pub lost: Vec<(RowKind, RowNumbers)>,
    /// Entries that were lost and were made anew from their calls; notes and tags of them are gone.
    pub remade: RowNumbers,
    /// Rows of which a part could not be read, and is empty now.
    pub emptied: Vec<(RowKind, RowNumbers)>,
    /// What else is not as it was, in sentences.
    pub remarks: Vec<String>,
}

impl SalvageReport {
    /// Whether the new history has all that the old one had.
    pub fn is_whole(&self) -> bool {
        self.lost.is_empty() && self.remade.is_empty() && self.emptied.is_empty() && self.remarks.is_empty()
    }
}

/// What rows of the history are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    Entry,
    /// An entry whose call is lost.
    EntryWithoutCall,
    Call,
    Object,
    IdempotencyKey,
    Run,
    RunRow,
}

impl RowKind {
    /// So many of them in words: "1 call".
    pub fn number_of(self, count: u64) -> String {
        let (one, many) = match self {
            Self::Entry => ("entry", "entries"),
            Self::EntryWithoutCall => ("entry without its call", "entries without their call"),
            Self::Call => ("call", "calls"),
            Self::Object => ("object of the minter", "objects of the minter"),
            Self::IdempotencyKey => ("remembered idempotency key", "remembered idempotency keys"),
            Self::Run => ("run", "runs"),
            Self::RunRow => ("row of a run", "rows of runs"),
        };
        number_of(count, one, many)
    }
}

/// Why nothing was saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SalvageError {
    #[error("Could not salvage {}: there is no history. Name a data folder, or a database file", place.display())]
    NoSource { place: PathBuf },
    #[error("Could not salvage to {}: {reason}. Name a folder that is new", target.display())]
    Target { target: PathBuf, reason: &'static str },
    #[error("Could not salvage {}: nothing of it can be read ({reason})", file.display())]
    Unreadable { file: PathBuf, reason: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}
