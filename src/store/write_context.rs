//! What the writer's jobs work on: the connection, and what has to be known from one job to the next.

use std::{collections::HashMap, path::PathBuf};

use rusqlite::Connection;

use super::{error::StoreError, log_bound::LogBound, worlds::WorldClocks};
use crate::domain::{call::redaction::Redaction, history::request_log::ExchangeId, mask::keyed_hash::IdentityKey};

/// What the jobs work on. It is passed from one to the next; only the writer's thread has it.
pub(super) struct WriteContext {
    pub(super) connection: Connection,
    pub(super) identities: IdentityKey,
    /// The name of this session: the one that waits for the calls which are on their way.
    pub(super) session: String,
    /// For each call on its way to the real API: what must not be written of its answer.
    pub(super) redactions: HashMap<ExchangeId, Redaction>,
    /// The calls that need their redactions no more once the open transaction is committed.
    pub(super) settled: Vec<ExchangeId>,
    /// The database; `None` in memory.
    pub(super) file: Option<PathBuf>,
    pub(super) log: LogBound,
    pub(super) clocks: WorldClocks,
    /// Set by a job that removed something for good.
    pub(super) wal_cleanup: WalCleanup,
    /// Why the transaction is gone, when a job lost it.
    pub(super) lost: Option<StoreError>,
}

impl WriteContext {
    pub(super) fn new(
        connection: Connection,
        identities: IdentityKey,
        session: String,
        file: Option<PathBuf>,
        log: LogBound,
    ) -> Self {
        let (redactions, settled, wal_cleanup) = (HashMap::new(), Vec::new(), WalCleanup::None);
        let clocks = WorldClocks::default();
        Self { connection, identities, session, redactions, settled, file, log, clocks, wal_cleanup, lost: None }
    }

    /// SQLite's error as the store's own, with what was being done and the file that it is about.
    pub(super) fn store_error(&self, doing: &'static str, error: &rusqlite::Error) -> StoreError {
        StoreError::of(doing, error).about(self.file.as_deref())
    }
}

/// Whether the WAL may still have what was taken away for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum WalCleanup {
    #[default]
    None,
    /// The WAL is emptied after the commit.
    Asked,
    /// Somebody read what is older: it is tried again after so many commits more, for each try costs a sync.
    Later(u32),
}
