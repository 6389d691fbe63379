//! Giving the disk back what removed rows left free in the file.
//!
//! SQLite gives pages back only in a file that notes for each page who refers to it (`auto_vacuum`), and a file gets these
//! notes by being written anew as a whole. That is done once, with no other process at the history, for all calls wait
//! meanwhile. From then on free pages are given back some at a time, each time in a commit as any other.

use rusqlite::Connection;

use super::{error::StoreError, reader::HistoryReader};

/// What `PRAGMA auto_vacuum` says of a file that can give pages back when it is asked to.
const INCREMENTAL: i64 = 2;
/// How many of SQLite's steps are made before it is asked whether to go on: some milliseconds.
const STEPS_AT_A_TIME: i32 = 100_000;

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

/// Writes a database anew. Where `is_cancelled` ends it, the error is that it was interrupted, and nothing is changed.
pub(super) fn write_anew(
    connection: &mut Connection,
    is_cancelled: impl FnMut() -> bool + Send + 'static,
) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.progress_handler(STEPS_AT_A_TIME, Some(is_cancelled))?;
    let written = connection.execute_batch("VACUUM");
    connection.progress_handler(0, None::<fn() -> bool>)?;
    written
}
