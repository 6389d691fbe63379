//! Keeps of the history what rules of retention say, and gives the disk the rest back.
//!
//! Entries go some at a time, so that a call waits for one such commit at most. Whoever stops it keeps what is left: what
//! went is gone, and the next time goes on.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::history::{
        entry::EntryId,
        removal::{RemovalOrder, RemovalPreview, RemovalReport},
        request_log::ExchangeId,
    },
    store::{FileSpace, HistoryReader, RemovalPlan, Store, StoreError},
};

/// How many entries go in one commit.
const ENTRIES_AT_A_TIME: usize = 128;
/// How many calls that were kept for the minter are looked at in one commit.
const CALLS_AT_A_TIME: usize = 1024;
/// How many pages of the file are given back in one commit.
const PAGES_AT_A_TIME: u32 = 256;

/// How far the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepProgress {
    /// So many of the entries are gone.
    Removed { done: u64, total: u64 },
    /// So many of the free bytes are given back.
    GivenBack { done: u64, total: u64 },
    /// The file is written anew as a whole.
    Rewriting,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepReport {
    pub removed: RemovalReport,
    /// Before and after, where the disk was to get its space back.
    pub space: Option<(FileSpace, FileSpace)>,
    /// Whether it was stopped before its end.
    pub is_stopped: bool,
}

/// What would go by an order, as a plan and as counts.
///
/// # Errors
/// When the history cannot be read.
pub fn preview(
    reader: &HistoryReader,
    order: &RemovalOrder,
    now: Timestamp,
) -> Result<(RemovalPlan, RemovalPreview), StoreError> {
    let plan = reader.plan_removal(order, now)?;
    let preview = reader.preview_removal(&plan, now)?;
    Ok((plan, preview))
}

/// Removes what an order does not keep; gives the disk its space back where `compacts` says so.
///
/// # Errors
/// When the history cannot be read or written; [`StoreError::InUse`] where the file has to be written anew and another
/// process has it open. What went until then is gone.
pub fn keep(
    store: &Store,
    order: &RemovalOrder,
    compacts: bool,
    now: Timestamp,
    on_progress: &mut dyn FnMut(KeepProgress),
    cancelled: &CancellationToken,
) -> Result<KeepReport, StoreError> {
    let reader = store.reader()?;
    let before = reader.space()?;
    let (plan, preview) = preview(&reader, order, now)?;
    let removed = remove(store, &reader, &plan, preview.entries, now, on_progress, cancelled);
    // Also where it came to no end: what went is in the write-ahead log.
    store.end_removal().wait()?;
    let removed = removed?;
    let space = if compacts {
        compact(store, &reader, on_progress, cancelled)?;
        Some((before, reader.space()?))
    } else {
        None
    };
    Ok(KeepReport { removed, space, is_stopped: cancelled.is_cancelled() })
}

fn remove(
    store: &Store,
    reader: &HistoryReader,
    plan: &RemovalPlan,
    total: u64,
    now: Timestamp,
    on_progress: &mut dyn FnMut(KeepProgress),
    cancelled: &CancellationToken,
) -> Result<RemovalReport, StoreError> {
    let mut removed = RemovalReport::default();
    let mut after = EntryId(0);
    while !cancelled.is_cancelled() {
        let ids = reader.entries_to_remove(plan, after, ENTRIES_AT_A_TIME)?;
        let Some(last) = ids.last() else { break };
        after = *last;
        removed.add(store.remove_entries(ids, plan.clone(), now).wait()?);
        on_progress(KeepProgress::Removed { done: removed.entries, total: total.max(removed.entries) });
    }
    // What the minter needed of entries that went earlier.
    let mut after = ExchangeId(0);
    while !cancelled.is_cancelled() {
        let ids = reader.minter_calls(after, CALLS_AT_A_TIME)?;
        let Some(last) = ids.last() else { break };
        after = *last;
        store.remove_minter_calls(ids, now).wait()?;
    }
    Ok(removed)
}

/// Gives the disk what is free in the file.
fn compact(
    store: &Store,
    reader: &HistoryReader,
    on_progress: &mut dyn FnMut(KeepProgress),
    cancelled: &CancellationToken,
) -> Result<(), StoreError> {
    let FileSpace { free: total, gives_back, .. } = reader.space()?;
    if total == 0 || cancelled.is_cancelled() {
        return Ok(());
    }
    if !gives_back {
        on_progress(KeepProgress::Rewriting);
        store.rewrite(cancelled)?;
        return Ok(());
    }
    let mut left = total;
    while left > 0 && !cancelled.is_cancelled() {
        store.give_pages_back(PAGES_AT_A_TIME).wait()?;
        let now = reader.space()?.free;
        // Others may free pages meanwhile: those are for the next time.
        if now >= left {
            break;
        }
        left = now;
        on_progress(KeepProgress::GivenBack { done: total.saturating_sub(left), total });
    }
    store.end_removal().wait()
}
