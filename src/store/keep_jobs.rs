//! What a store does to keep less: entries go for good, and the disk gets its space back.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::ErrorCode;
use tokio_util::sync::CancellationToken;

use super::{
    Store, compaction::FileRewriting, error::StoreError, removal::RemovalPlan, reply::StoreReply,
    schema::DatabaseLocation, session, write_context::WalCleanup,
};
use crate::domain::history::{entry::EntryId, removal::RemovalReport, request_log::ExchangeId};

const REMOVING: &str = "remove entries";
const COMPACTING: &str = "give the disk its space back";

impl Store {
    /// Removes those of these entries that are still to go by a plan, with their calls: see [`RemovalReport`].
    pub fn remove_entries(&self, ids: Vec<EntryId>, plan: RemovalPlan, now: Timestamp) -> StoreReply<RemovalReport> {
        self.0.writer.submit(REMOVING, move |context| context.remove_entries(&ids, &plan, now))
    }

    /// Removes those of these calls that were kept for the minter and are needed no more; gives how many.
    pub fn remove_minter_calls(&self, ids: Vec<ExchangeId>, now: Timestamp) -> StoreReply<u64> {
        self.0.writer.submit(REMOVING, move |context| context.remove_minter_calls(&ids, now))
    }

    /// Empties the write-ahead log, which still has what was removed.
    pub fn end_removal(&self) -> StoreReply<()> {
        self.0.writer.submit(REMOVING, move |context| {
            context.wal_cleanup = WalCleanup::Asked;
            Ok(())
        })
    }

    /// Gives so many free pages back, or those that there are.
    pub fn give_pages_back(&self, pages: u32) -> StoreReply<()> {
        self.0.writer.submit(COMPACTING, move |context| {
            let mut vacuum = context.connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
            let mut rows = vacuum.query([])?;
            // Each step gives one page back.
            while rows.next()?.is_some() {}
            Ok(())
        })
    }

    /// Writes the file anew, without what is free in it, so that from now on [`Self::give_pages_back`] has an effect;
    /// `false` where it was cancelled, and everything is as it was. Blocks. The writer's thread does it between two
    /// commits, so all calls wait meanwhile, however long it takes.
    ///
    /// # Errors
    /// [`StoreError::InUse`] where another process has the history open; a disk without room for another copy.
    pub fn rewrite(&self, cancelled: &CancellationToken) -> Result<bool, StoreError> {
        let DatabaseLocation::File(file) = &self.0.location else { return Ok(true) };
        let folder = file.parent().unwrap_or(file);
        if session::is_open_elsewhere(folder, &self.0.session.name) {
            return Err(StoreError::InUse { doing: COMPACTING });
        }
        let rewriting = Arc::new(FileRewriting::new(cancelled.clone()));
        let asked = Arc::clone(&rewriting);
        self.0
            .writer
            .submit(COMPACTING, move |context| {
                context.rewriting = Some(Arc::clone(&asked));
                Ok(())
            })
            .wait()?;
        match rewriting.outcome() {
            Some(Err(error)) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(false),
            Some(Err(error)) => Err(self.0.location.store_error(COMPACTING, &error)),
            Some(Ok(())) => Ok(true),
            None => Err(StoreError::Closed { doing: COMPACTING }),
        }
    }
}
