//! Gathers entries of the history as the list of a new run.

use std::ops::ControlFlow;

use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        history::entry::EntryId,
        run::entry_rows::{EntryRows, MOST_ENTRIES},
    },
    store::{HistoryReader, StoreError},
};

/// Progress is reported once for so many entries.
const REPORT_EVERY: usize = 64;

/// Why entries cannot be gathered.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{MOST_ENTRIES} entries at most are run again at once, and these are {0}: choose fewer")]
    TooMany(usize),
    #[error("Stopped before all entries were read")]
    Cancelled,
}

/// The rows that make these entries again, in their order. An entry that is gone is none of them.
///
/// # Errors
/// Too many entries; a history that cannot be read; a cancellation.
pub fn gather(
    reader: &HistoryReader,
    ids: &[EntryId],
    on_progress: &mut dyn FnMut(u64),
    cancelled: &CancellationToken,
) -> Result<EntryRows, GatherError> {
    if ids.len() > MOST_ENTRIES {
        return Err(GatherError::TooMany(ids.len()));
    }
    let mut rows = EntryRows::default();
    let mut done = 0;
    reader.for_each_detail_of(ids, |detail| {
        rows.add(&detail);
        done += 1;
        if done % REPORT_EVERY == 0 {
            on_progress(done as u64);
        }
        if cancelled.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if cancelled.is_cancelled() { Err(GatherError::Cancelled) } else { Ok(rows) }
}
