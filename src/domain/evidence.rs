//! What a document for a person who was not there is about.

use super::{history::entry::EntryId, run::record::RunId};

/// What evidence is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvidenceSubject {
    /// In the order of the document.
    Entries(Vec<EntryId>),
    /// Every row of a run, with what was expected of it and what came.
    Run(RunId),
}
