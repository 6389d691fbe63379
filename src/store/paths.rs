//! The files of a history: what they are called, where a link leads, and how they are made.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{error::StoreError, new_history, session};
use crate::files;

/// The name of the database in the data folder.
pub const FILE_NAME: &str = "testcard.sqlite3";

/// The smallest page that SQLite knows, in bytes: no database is shorter.
pub(super) const SHORTEST_DATABASE: u64 = 512;

/// The path of the write-ahead log beside a database file, which may not be there.
pub(super) fn wal_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// The write-ahead log that SQLite would use for a database file: beside what a link points at; where nothing is there,
/// beside the link.
pub(super) fn wal_in_use(file: &Path) -> PathBuf {
    let beside_target = wal_of(&link_target(file));
    if file.exists() || holds_something(&beside_target) { beside_target } else { wal_of(file) }
}

/// Whether an ordinary file of at least one byte is there.
pub(super) fn holds_something(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|there| there.is_file() && there.len() > 0)
}

/// What a link points at, also when that is not there: SQLite has the write-ahead log beside it.
pub(super) fn link_target(file: &Path) -> PathBuf {
    if let Ok(target) = fs::canonicalize(file) {
        return target;
    }
    match fs::read_link(file) {
        Ok(target) => file.parent().unwrap_or(Path::new(".")).join(target),
        Err(_) => file.to_owned(),
    }
}

/// Makes the data folder where it is missing, for its owner only. The path that is given back is absolute, so that it
/// stays right when the working folder changes.
///
/// # Errors
/// [`StoreError::Folder`] when the folder cannot be made.
pub(super) fn make_folder(folder: &Path) -> Result<PathBuf, StoreError> {
    files::make_folder(folder)
        .and_then(|()| fs::canonicalize(folder))
        .map_err(|error| StoreError::Folder { folder: folder.to_owned(), reason: error.to_string() })
}

/// Makes the database file in a data folder where it is missing, for its owner only: SQLite gives the files beside the
/// database its mode. None of them may be a pipe or a device, which SQLite would open.
///
/// # Errors
/// [`StoreError::NotAFile`], or [`StoreError::NotWritable`] when the file cannot be made.
pub(super) fn make_database(folder: &Path) -> Result<PathBuf, StoreError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let file = folder.join(format!("{FILE_NAME}{suffix}"));
        if let Some(what) = files::stands_in_the_way(&file) {
            return Err(StoreError::NotAFile { file, what });
        }
    }
    let file = folder.join(FILE_NAME);
    // What an older file left beside it would be taken for its own.
    let is_new = ["", "-wal", "-journal"].iter().all(|suffix| {
        let beside = fs::symlink_metadata(folder.join(format!("{FILE_NAME}{suffix}")));
        beside.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    });
    if is_new && let Err(error) = new_history::make(&file, &session::folder(folder)) {
        // An empty file gets its tables when it is opened.
        tracing::debug!(%error, "the history is made step by step");
    }
    make_file(&file)?;
    Ok(file)
}

/// Makes one file where it is missing, for its owner only; what it holds stays.
///
/// # Errors
/// [`StoreError::NotWritable`].
pub(super) fn make_file(file: &Path) -> Result<(), StoreError> {
    files::open_or_make(file).map(drop).map_err(|error| not_writable(file, &error))
}

/// The error of a file that the system does not let be written.
pub(super) fn not_writable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::NotWritable { file: path.to_owned(), reason: error.to_string() }
}

/// Lets a file that is made with these options be for its owner only, whatever the umask.
pub(super) fn for_its_owner(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}
