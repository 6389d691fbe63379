//! Giving the disk back what removed rows left free in the file.
//!
//! SQLite gives pages back only in a file that notes for each page who refers to it (`auto_vacuum`), and a file gets these
//! notes by being written anew as a whole. That is done once, with no other process at the history, for all calls wait
//! meanwhile. From then on free pages are given back some at a time, each time in a commit as any other.

use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::{error::StoreError, reader::HistoryReader};

/// What `PRAGMA auto_vacuum` says of a file that can give pages back when it is asked to.
const INCREMENTAL: i64 = 2;
/// How many of SQLite's steps are made before it is asked whether to go on: a millisecond or less.
const STEPS_AT_A_TIME: i32 = 10_000;

/// How large the database is, in bytes, without its write-ahead log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSpace {
    pub bytes: u64,
    /// How much of it holds nothing.
    pub free: u64,
    /// Whether the free part can be given back some at a time; else the file has to be written anew once.
    pub gives_back: bool,
}

impl HistoryReader {
    /// How large the database is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn space(&self) -> Result<FileSpace, StoreError> {
        let number = |name: &str| {
            self.connection()
                .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
                .map_err(|error| StoreError::of("read the history", &error))
        };
        let page = number("page_size")?.unsigned_abs();
        Ok(FileSpace {
            bytes: page * number("page_count")?.unsigned_abs(),
            free: page * number("freelist_count")?.unsigned_abs(),
            gives_back: number("auto_vacuum")? == INCREMENTAL,
        })
    }
}

/// The file is to be written anew, or was.
#[derive(Debug)]
pub(super) struct FileRewriting {
    cancelled: CancellationToken,
    outcome: Mutex<Option<rusqlite::Result<()>>>,
}

impl FileRewriting {
    pub(super) fn new(cancelled: CancellationToken) -> Self {
        Self { cancelled, outcome: Mutex::new(None) }
    }

    /// Writes the database anew. To be called by the writer, outside of a transaction. Where it is cancelled, the outcome is
    /// that it was interrupted, and nothing is changed.
    pub(super) fn run(&self, connection: &mut Connection) {
        let written = write_anew(connection, &self.cancelled);
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(written);
    }

    /// What came of it; `None` where it was not begun.
    pub(super) fn outcome(&self) -> Option<rusqlite::Result<()>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Writes a database anew. Where that is cancelled, the error is that it was interrupted, and nothing is changed.
pub(super) fn write_anew(connection: &mut Connection, cancelled: &CancellationToken) -> rusqlite::Result<()> {
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let cancelled = cancelled.clone();
    connection.progress_handler(STEPS_AT_A_TIME, Some(move || cancelled.is_cancelled()))?;
    let written = connection.execute_batch("VACUUM");
    connection.progress_handler(0, None::<fn() -> bool>)?;
    written
}
