//! Copies of the history from before it was brought to a newer version.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, backup::Backup};

use super::error::StoreError;

const PREFIX: &str = "testcard-backup-";
const SUFFIX: &str = ".sqlite3";
/// How the name of a backup ends that is still being written.
const UNFINISHED: &str = ".partial";
/// The moment in the name of a backup: UTC in ISO 8601 without separators, so that names sort by time.
const MOMENT: &str = "%Y%m%dT%H%M%SZ";
const MOST_KEPT: usize = 3;
/// How long a backup is kept: what was deleted from the history is gone from the backups after this time too.
const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// Copies the whole database, of this version, into its folder, and drops the oldest backups beyond three. The copy is
/// on the disk when this returns.
///
/// # Errors
/// [`StoreError::BackupFailed`]; then there is no new file.
pub(super) fn make(connection: &Connection, file: &Path, version: usize, now: Timestamp) -> Result<(), StoreError> {
    let failed = |reason: String| StoreError::BackupFailed { file: file.to_owned(), reason };
    let folder = file.parent().unwrap_or(Path::new("."));
    let name = format!("{PREFIX}{}-v{version}{SUFFIX}", now.strftime(MOMENT));
    // For its owner only, and removed when anything fails.
    let unfinished = tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(UNFINISHED)
        .tempfile_in(folder)
        .map_err(|error| failed(error.to_string()))?;
    copy(connection, unfinished.path()).map_err(|error| failed(error.to_string()))?;
    unfinished.as_file().sync_all().map_err(|error| failed(error.to_string()))?;
    // Another process that does the same now has the same in its file.
    let made = folder.join(&name);
    unfinished.persist(&made).map_err(|error| failed(error.error.to_string()))?;
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    tracing::info!(name, "the history was backed up");
    // Whatever the clock says, the one that was just made is not among those that go.
    let others: Vec<PathBuf> =
        list_backups(folder).into_iter().map(|(path, _)| path).filter(|path| *path != made).collect();
    for path in others.iter().take(others.len().saturating_sub(MOST_KEPT - 1)) {
        remove(path);
    }
    Ok(())
}

fn copy(connection: &Connection, target: &Path) -> rusqlite::Result<()> {
    let mut target = Connection::open(target)?;
    // A copy that is not finished is thrown away: it needs no journal.
    target.pragma_update(None, "journal_mode", "OFF")?;
    // All pages in one step, so that nothing is written in between; damaged ones as they are.
    Backup::new(connection, &mut target)?.run_to_completion(i32::MAX, Duration::ZERO, None)
}

/// Drops the backups that are old enough, and those that a killed process left unfinished.
pub(super) fn drop_old(folder: &Path, now: Timestamp) {
    for (path, made) in list_backups(folder) {
        if now.duration_since(made).unsigned_abs() > KEPT_FOR && made < now {
            remove(&path);
        }
    }
    for path in named(folder, UNFINISHED) {
        let written = fs::metadata(&path).and_then(|there| there.modified()).ok();
        let written = written.and_then(|moment| Timestamp::try_from(moment).ok());
        // A younger one may be another process's.
        if written.is_some_and(|written| written < now - Duration::from_hours(24)) {
            remove(&path);
        }
    }
}

/// The backups in a folder with the moments in their names, oldest first.
fn list_backups(folder: &Path) -> Vec<(PathBuf, Timestamp)> {
    let mut all: Vec<_> = named(folder, SUFFIX)
        .into_iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_prefix(PREFIX)?;
            let (moment, _) = name.split_once("-v")?;
            let made = moment.parse().ok()?;
            Some((path, made))
        })
        .collect();
    all.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    all
}

fn named(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
    let is_ours = |name: &str| name.starts_with(PREFIX) && name.ends_with(suffix);
    files.flatten().filter(|file| file.file_name().to_str().is_some_and(is_ours)).map(|file| file.path()).collect()
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!("an old backup could not be removed: {error}");
    }
}
