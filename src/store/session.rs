//! Sessions: the times that a process has the history open. Each holds a lock on a file of its own, which the system
//! frees when the process dies, so that the next process can tell which calls were interrupted.
//!
//! A session makes its file and locks it; whoever finds a file that can be locked removes it. Between the two steps of
//! a session that starts, another process may do so: hence the look whether the file is still there, and another try if
//! not.
//!
//! In the database and the data folder a session is called a *run*: renaming the column needs a migration, and older
//! versions look for the lock files in the folder.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use rand::RngExt as _;
use rusqlite::{Connection, TransactionBehavior};

use super::{entries, rows};
use crate::{
    domain::history::entry::{EntryStatus, HistoryEntry},
    files,
};

/// The folder of the lock files, below the data folder.
const FOLDER: &str = "run";

/// The name of this session, and its lock while the store is open.
#[derive(Debug)]
pub(super) struct StoreSession {
    pub(super) name: String,
    lock: Option<(PathBuf, File)>,
}

impl StoreSession {
    /// A session that no other process can see: of a store in memory.
    pub(super) fn in_memory() -> Self {
        Self { name: random_name(), lock: None }
    }

    /// Starts a session on the data folder.
    ///
    /// # Errors
    /// When the lock file cannot be made or locked.
    pub(super) fn start(data: &Path) -> io::Result<Self> {
        files::make_folder(&folder(data))?;
        loop {
            let name = random_name();
            let path = lock_path(data, &name);
            let file = files::make_new(&path)?;
            match file.try_lock() {
                Ok(()) if path.exists() => return Ok(Self { name, lock: Some((path, file)) }),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    // Without locks nobody could tell whether a session lives. The error says why there are none.
                    let _ = fs::remove_file(&path);
                    return Err(error);
                }
            }
        }
    }
}

impl Drop for StoreSession {
    fn drop(&mut self) {
        if let Some((path, _locked)) = self.lock.take() {
            // A file that stays is taken for that of an ended session, which it is.
            let _ = fs::remove_file(path);
        }
    }
}

/// A session that has ended; its file goes when this is dropped.
#[derive(Debug)]
pub(super) struct EndedSession {
    path: PathBuf,
    _locked: Option<File>,
}

impl Drop for EndedSession {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The session of this name if it has ended: its file is gone, or can be locked.
fn ended(data: &Path, name: &str) -> Option<EndedSession> {
    let path = lock_path(data, name);
    let locked = match files::open_existing(&path) {
        Ok(file) => match file.try_lock() {
            Ok(()) => Some(file),
            // Alive, or nobody can tell: then it may be.
            Err(_) => return None,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(_) => return None,
    };
    Some(EndedSession { path, _locked: locked })
}

/// Whether the session of this name has the history open.
pub(super) fn is_alive(data: &Path, name: &str) -> bool {
    ended(data, name).is_none()
}

/// Whether another session than this one has the history open.
pub(super) fn is_open_elsewhere(data: &Path, own: &str) -> bool {
    names(data).iter().any(|name| name != own && is_alive(data, name))
}

/// Turns the entries that ended sessions left pending into *interrupted*. The lock files of those sessions go when the
/// result is dropped.
pub(super) fn interrupt_pending(connection: &mut Connection, data: &Path) -> rusqlite::Result<Vec<EndedSession>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut names = names(data);
    names.extend(
        transaction
            .prepare("SELECT DISTINCT run FROM entries WHERE run IS NOT NULL")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<String>>>()?,
    );
    names.sort();
    names.dedup();
    let mut ended_sessions = Vec::new();
    for name in names {
        let Some(session) = ended(data, &name) else { continue };
        for entry in pending_of(&transaction, &name)? {
            entries::update(&transaction, &entry, entries::revision(&transaction)? + 1, None)?;
        }
        ended_sessions.push(session);
    }
    transaction.commit()?;
    Ok(ended_sessions)
}

/// The entries that a session left pending when it ended, as interrupted ones. A row that is damaged stays as it is, and
/// stops no opening.
pub(super) fn pending_of(connection: &Connection, session: &str) -> rusqlite::Result<Vec<HistoryEntry>> {
    let pending = connection
        .prepare(&format!("SELECT {} FROM entries WHERE run = ?1 ORDER BY id", rows::ENTRY))?
        .query_map([session], |row| Ok(rows::entry(row).or_else(|_| rows::entry_in_parts(row)).ok()))?
        .collect::<rusqlite::Result<Vec<Option<HistoryEntry>>>>()?;
    let interrupted = |entry: HistoryEntry| {
        tracing::info!(entry = entry.id.0, "a call was interrupted");
        HistoryEntry { status: EntryStatus::Interrupted, ..entry }
    };
    Ok(pending.into_iter().flatten().map(interrupted).collect())
}

/// The names of all sessions that have a file.
fn names(data: &Path) -> Vec<String> {
    let Ok(files) = fs::read_dir(folder(data)) else { return Vec::new() };
    files.flatten().filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".lock")?.to_owned())).collect()
}

/// The folder of what belongs to sessions that are alive, below the data folder.
pub(super) fn folder(data: &Path) -> PathBuf {
    data.join(FOLDER)
}

fn lock_path(data: &Path, name: &str) -> PathBuf {
    folder(data).join(format!("{name}.lock"))
}

/// Locks a file of this name beside those of the sessions, until the file is closed; `None` where another process has it
/// locked. The file stays: it is no session's.
///
/// # Errors
/// When the file cannot be made or locked.
pub(super) fn try_hold(data: &Path, name: &str) -> io::Result<Option<File>> {
    files::make_folder(&folder(data))?;
    let file = files::open_or_make(&folder(data).join(format!("{name}.hold")))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Letters only, so that nothing takes the name of a session for a card number.
fn random_name() -> String {
    let mut random = rand::rng();
    (0..20).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect()
}
