//! Why the store could not do something: what was being done, what went wrong, what to do.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::{domain::history::entry::EntryStatus, minter::LedgerError};

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
         another folder. If it was one and is damaged, save what can be read: {}",
        file.display(),
        salvage_command(file)
    )]
    NotADatabase { file: PathBuf },
    #[error(
        "Could not open the history {}: the file is {state}, but what was last written is still in {}. Nothing was \
         touched. Put the file back; or save what can be read: {}",
        file.display(),
        wal.display(),
        salvage_command(file)
    )]
    DatabaseLost { file: PathBuf, wal: PathBuf, state: &'static str },
    #[error(
        "Could not back up the history {} before it is brought to this version: {reason}. Nothing was changed. Make \
         room in the data folder, then start again",
        file.display()
    )]
    BackupFailed { file: PathBuf, reason: String },
    #[error(
        "Could not {doing}: the data folder {} was deleted, moved or replaced while Testcard ran ({what}). Put it back, \
         or start Testcard again",
        folder.display()
    )]
    Replaced { doing: &'static str, folder: PathBuf, what: &'static str },
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
    #[error("Could not {doing}: the history is damaged ({reason}){}", salvage_advice(file.as_deref()))]
    Damaged { doing: &'static str, reason: String, file: Option<PathBuf> },
    #[error("Could not look at the history {}: {reason}", file.display())]
    NoCopy { file: PathBuf, reason: String },
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("Could not save the answer: the history has no call of that number")]
    NoSuchCall,
    #[error("There is no event with this id: `testcard events` lists those of the last thirty days")]
    NoSuchEvent,
    #[error("Could not save the answer: the call was answered already")]
    AnsweredAlready,
    #[error("Could not ask again: the history has no entry of that number")]
    NoSuchEntry,
    #[error("Could not ask again: the entry is {}, and only an unknown or interrupted one can be asked again", status.as_str())]
    NotOpen { status: EntryStatus },
    #[error("The history has no run of that number. `testcard runs` lists them")]
    NoSuchRun,
    #[error("The run {run} is on its way: its calls are being made. Wait for its end, or stop it")]
    RunInUse { run: i64 },
    #[error(
        "Could not {doing}: another Testcard has the history open, and its calls would wait. Close it, then try again"
    )]
    InUse { doing: &'static str },
    #[error("Could not import the file: it was cancelled")]
    ImportCancelled,
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
    /// SQLite's error, with what was being done. SQLite's texts name tables and columns, never bound values, so no
    /// secret is in them.
    pub(super) fn of(doing: &'static str, error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { doing },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { doing },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { doing },
            _ if is_damage(error) => Self::Damaged { doing, reason: error.to_string(), file: None },
            _ => Self::Other { doing, reason: error.to_string() },
        }
    }

    /// The same error with the file that it is about: where the file is damaged, the text names the command that saves
    /// what can be read.
    pub(super) fn about(self, path: Option<&Path>) -> Self {
        match self {
            Self::Damaged { doing, reason, file: None } => {
                Self::Damaged { doing, reason, file: path.map(Path::to_owned) }
            }
            other => other,
        }
    }

    /// The same error, about the file that a private copy was made of instead of the copy.
    pub(super) fn of_original(self, original: &Path) -> Self {
        let file = original.to_owned();
        match self {
            Self::Damaged { doing, reason, .. } => Self::Damaged { doing, reason, file: Some(file) },
            Self::NotADatabase { .. } => Self::NotADatabase { file },
            Self::Newer { found, known, .. } => Self::Newer { file, found, known },
            Self::NotWritable { reason, .. } => Self::NoCopy { file, reason },
            other => other,
        }
    }

    /// The reason without what was being done: the same text for all calls that fail for the same reason.
    pub fn cause(&self) -> String {
        let text = self.to_string();
        match text.strip_prefix("Could not ").and_then(|rest| rest.split_once(": ")) {
            Some((_, cause)) => cause.to_owned(),
            None => text,
        }
    }

    /// Whether the history can be looked at all the same, from a place where nothing of it is written.
    pub fn leaves_reading(&self) -> bool {
        matches!(self, Self::NotWritable { .. } | Self::ReadOnly { .. } | Self::Damaged { .. })
    }
}

/// Whether an error means damage: a page that is no page, a value of another type than its column has, or one that says
/// to be longer than any that SQLite writes. A statement that SQLite does not understand means it too: the program's are
/// right, so the list of tables is not as it was made.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(_, message) => {
            let code = error.sqlite_error_code();
            matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TooBig))
                // A sector that the disk does not give back.
                || error.sqlite_error().is_some_and(|error| IO_READ.contains(&error.extended_code))
                || (code == Some(ErrorCode::Unknown) && message.as_deref().is_some_and(names_nothing))
        }
        rusqlite::Error::SqlInputError { msg, .. } => names_nothing(msg),
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => true,
        _ => false,
    }
}

/// Whether SQLite says that there is no such table, column or function.
fn names_nothing(message: &str) -> bool {
    message.starts_with("no such ")
}

const IO_READ: [std::os::raw::c_int; 2] = [rusqlite::ffi::SQLITE_IOERR_READ, rusqlite::ffi::SQLITE_IOERR_SHORT_READ];

/// The command that saves what can be read of a database file, as a shell takes it.
pub fn salvage_command(file: &Path) -> String {
    let beside = file.parent().unwrap_or(Path::new("."));
    let mut saved = beside.as_os_str().to_owned();
    saved.push("-saved");
    format!("testcard salvage {} --to {}", shell_word(file), shell_word(Path::new(&saved)))
}

fn salvage_advice(file: Option<&Path>) -> String {
    match file {
        Some(file) => format!(". Save what can be read: {}", salvage_command(file)),
        None => String::new(),
    }
}

/// A path as one word of a shell: in quotes where it holds a character that is special to a shell.
pub fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Why a job of the writer failed. SQLite's error does not say yet what was being done: the writer adds that.
#[derive(Debug)]
pub(super) enum JobError {
    Sql(rusqlite::Error),
    Store(StoreError),
    /// It did not fail: it has more to do than one transaction takes. What it did so far is committed, and it runs again.
    PutOff,
}

impl JobError {
    pub(super) fn while_doing(self, doing: &'static str) -> StoreError {
        match self {
            Self::Sql(error) => StoreError::of(doing, &error),
            Self::Store(error) => error,
            // The writer takes these jobs aside; the words are for one that would not.
            Self::PutOff => StoreError::Other { doing, reason: "it is not done yet".to_owned() },
        }
    }
}

impl From<rusqlite::Error> for JobError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<LedgerError> for JobError {
    fn from(error: LedgerError) -> Self {
        Self::Store(error.into())
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
            // What a flipped bit in the head of a row makes of a length.
            (ffi::SQLITE_TOOBIG, "Could not save the call: the history is damaged"),
            (ffi::SQLITE_IOERR, "Could not save the call: Error code 10: disk I/O error"),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let text = StoreError::of("save the call", &error).to_string();
            assert!(text.starts_with(words), "{text}");
        }
    }

    #[test]
    fn damage_names_the_command_as_a_shell_takes_it() {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None);
        let error = StoreError::of("read the history", &error);
        for (file, command) in [
            ("/home/a/data/testcard.sqlite3", "testcard salvage /home/a/data/testcard.sqlite3 --to /home/a/data-saved"),
            ("/my home/it's/t", r"testcard salvage '/my home/it'\''s/t' --to '/my home/it'\''s-saved'"),
        ] {
            let text = error.clone().about(Some(Path::new(file))).to_string();
            assert!(text.ends_with(command), "{text}");
        }
    }

    #[test]
    fn the_cause_is_the_same_whatever_was_being_done() {
        let causes = ["save the call", "write down the call"].map(|doing| StoreError::DiskFull { doing }.cause());
        assert_eq!(causes, ["the disk is full. Free some space, then try again"; 2]);
    }
}
