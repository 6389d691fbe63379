//! What a store does to keep less: entries go for good, and the disk gets its space back.

use jiff::Timestamp;
use rusqlite::ErrorCode;

use super::{
    Store, compaction,
    error::StoreError,
    paths::wal_in_use,
    removal::RemovalPlan,
    reply::StoreReply,
    schema::{self, DatabaseLocation},
    session,
    write_context::WalCleanup,
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
    /// `false` where `is_cancelled` ended that, and everything is as it was. Blocks, and all calls wait meanwhile.
    ///
    /// # Errors
    /// [`StoreError::InUse`] where another process has the history open; a disk without room for another copy.
    pub fn rewrite(&self, is_cancelled: impl FnMut() -> bool + Send + 'static) -> Result<bool, StoreError> {
        let DatabaseLocation::File(file) = &self.0.location else { return Ok(true) };
        let folder = file.parent().unwrap_or(file);
        if session::is_open_elsewhere(folder, &self.0.session.name) {
            return Err(StoreError::InUse { doing: COMPACTING });
        }
        let store_error = |error: rusqlite::Error| self.0.location.store_error(COMPACTING, &error);
        let mut connection = self.0.location.connect().map_err(store_error)?;
        match compaction::write_anew(&mut connection, is_cancelled) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => return Ok(false),
            written => written.map_err(store_error)?,
        }
        // The log has the whole file in it now.
        if !schema::empty_wal(&connection).map_err(store_error)? {
            tracing::info!(
                log = wal_in_use(file).display().to_string(),
                "the log is emptied when the history is closed"
            );
        }
        Ok(true)
    }
}
