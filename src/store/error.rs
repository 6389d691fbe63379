//! Why the store could not do something: what was being done, what went wrong, what to do.

use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::{domain::entry::Status, minter::LedgerError};

/// The history cannot be opened, read or written. Nothing of what failed was kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error(
        "Could not create the data folder {}: {reason}. Set TESTCARD_HOME to a folder that can be written",
        folder.display()
    )]
    Folder { folder: PathBuf, reason: String },
    #[error(
        "Could not open the history {}: it cannot be written ({reason}). Change its permissions, or set TESTCARD_HOME to \
         a folder that can be written",
        file.display()
    )]
    NotWritable { file: PathBuf, reason: String },
    #[error(
        "Could not open the history {}: the file is not a Testcard database. Move it away, or set TESTCARD_HOME to \
         another folder",
        file.display()
    )]
    NotADatabase { file: PathBuf },
    #[error(
        "Could not open the history {}: it is {what}, not an ordinary file. Move it away, or set TESTCARD_HOME to another \
         folder",
        file.display()
    )]
    NotAFile { file: PathBuf, what: &'static str },
    #[error(
        "Could not open the history {}: a newer Testcard wrote it (version {found}, this one knows {known}). Update \
         Testcard, or set TESTCARD_HOME to another folder",
        file.display()
    )]
    Newer { file: PathBuf, found: i64, known: usize },
    #[error("Could not {doing}: the disk is full. Free some space, then try again")]
    DiskFull { doing: &'static str },
    #[error("Could not {doing}: another program holds the history locked. Close that program, then try again")]
    Locked { doing: &'static str },
    #[error("Could not {doing}: the history does not let itself be written. Check the permissions of the data folder")]
    ReadOnly { doing: &'static str },
    #[error("Could not {doing}: the history is damaged ({reason}). Move the data folder away and start with a new one")]
    Damaged { doing: &'static str, reason: String },
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("Could not save the answer: the history has no call of that number")]
    NoSuchCall,
    #[error("Could not save the answer: the call was answered already")]
    AnsweredAlready,
    #[error("Could not ask again: the history has no entry of that number")]
    NoSuchEntry,
    #[error("Could not ask again: the entry is {}, and only an unknown or interrupted one can be asked again", status.as_str())]
    NotOpen { status: Status },
    #[error("Could not {doing}: it is not in the history any more")]
    Gone { doing: &'static str },
    #[error("Could not {doing}: the program failed while it did. Please report this")]
    Panicked { doing: &'static str },
    #[error("Could not {doing}: the history was closed already")]
    Closed { doing: &'static str },
    #[error("Could not {doing}: {reason}. Check the disk and the data folder, then try again")]
    Other { doing: &'static str, reason: String },
}

impl StoreError {
    /// What SQLite says, in the words of what was being done. Its texts name tables and columns, never bound values.
    pub(super) fn of(doing: &'static str, error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { doing },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { doing },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { doing },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { doing, reason: error.to_string() }
            }
            _ => Self::Other { doing, reason: error.to_string() },
        }
    }
}

/// Why a job failed: SQLite's error still has to learn what was being done.
#[derive(Debug)]
pub(super) enum Failed {
    Sql(rusqlite::Error),
    Told(StoreError),
}

impl Failed {
    pub(super) fn while_doing(self, doing: &'static str) -> StoreError {
        match self {
            Self::Sql(error) => StoreError::of(doing, &error),
            Self::Told(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Told(error)
    }
}

impl From<LedgerError> for Failed {
    fn from(error: LedgerError) -> Self {
        Self::Told(error.into())
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn each_trouble_of_the_disk_has_its_own_words() {
        for (code, words) in [
            (ffi::SQLITE_FULL, "Could not save the call: the disk is full"),
            (ffi::SQLITE_BUSY, "Could not save the call: another program holds the history locked"),
            (ffi::SQLITE_LOCKED, "Could not save the call: another program holds the history locked"),
            (ffi::SQLITE_READONLY, "Could not save the call: the history does not let itself be written"),
            (ffi::SQLITE_CORRUPT, "Could not save the call: the history is damaged"),
            (ffi::SQLITE_IOERR, "Could not save the call: Error code 10: disk I/O error"),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let told = StoreError::of("save the call", &error).to_string();
            assert!(told.starts_with(words), "{told}");
        }
    }
}
