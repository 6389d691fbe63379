//! Reads entries from a file that was exported and writes those that are new into the history: all, or nothing.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        history::{
            entry::{EntryDetail, EntryUid},
            import_report::ImportReport,
        },
        settings::file_format::FileFormat,
    },
    files,
    formats::{self, ReadFault},
    store::{StageFault, Store, StoreError, not_kept, unmasked_field},
};

/// Progress is reported once for so many entries.
const REPORT_EVERY: u64 = 256;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportProgress {
    /// So many entries were looked at; nothing is written yet.
    Checked(u64),
    /// So many of all entries were written. They are kept once all are.
    Written { done: u64, total: u64 },
}

/// Why nothing was imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("Could not import {}: {reason}. Check the path and its permissions", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error(
        "Could not import {}: only what was exported as JSON or JSON Lines can be imported. Name it .json or .jsonl, or add \
         --format; calls of other tools come in with --as-presets",
        path.display()
    )]
    UnknownFormat { path: PathBuf },
    #[error("Could not import {}, nothing of it was kept: {fault}", path.display())]
    Wrong { path: PathBuf, fault: String },
    #[error("The import was cancelled; nothing was kept")]
    Cancelled,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Imports a file in this format, or in the one that its ending tells. Its entries are checked and written beside the
/// history first, while all calls go on; then they are taken over, all in one transaction.
///
/// # Errors
/// The file cannot be read, is not an export or holds what may not be kept; the history cannot be written; or `cancelled`
/// was cancelled before all was written. Nothing is kept then.
pub fn import(
    store: &Store,
    path: &Path,
    format: Option<FileFormat>,
    on_progress: Arc<dyn Fn(ImportProgress) + Send + Sync>,
    cancelled: &CancellationToken,
) -> Result<ImportReport, ImportError> {
    let format = format.or_else(|| FileFormat::of_path(path));
    let read = reader_of(format).ok_or_else(|| ImportError::UnknownFormat { path: path.to_owned() })?;
    let file = open(path)?;
    let mut stage = store.stage_import()?;
    let mut failed = None;
    let checked = read(file, &mut |detail: EntryDetail| {
        if cancelled.is_cancelled() {
            return Err(String::new());
        }
        stage.add(detail).map_err(|fault| match fault {
            StageFault::Entry(words) => words,
            StageFault::Store(error) => {
                failed = Some(error);
                String::new()
            }
        })?;
        if stage.entries().is_multiple_of(REPORT_EVERY) {
            on_progress(ImportProgress::Checked(stage.entries()));
        }
        Ok(())
    });
    match (checked, failed) {
        (_, Some(error)) => return Err(error.into()),
        (Err(_), None) if cancelled.is_cancelled() => return Err(ImportError::Cancelled),
        (Err(fault), None) => {
            return Err(ImportError::Wrong { path: path.to_owned(), fault: fault.to_string() });
        }
        (Ok(()), None) => {}
    }
    let (total, is_cancelled) = (stage.entries(), cancelled.clone());
    let goes_on = move |done: u64| {
        if done.is_multiple_of(REPORT_EVERY) {
            on_progress(ImportProgress::Written { done, total });
        }
        !is_cancelled.is_cancelled()
    };
    store.import(stage, goes_on).wait().map_err(|error| match error {
        StoreError::ImportCancelled => ImportError::Cancelled,
        error => error.into(),
    })
}

/// What an import of a file would do. Nothing is written.
///
/// # Errors
/// As [`import`].
pub fn preview(
    store: &Store,
    path: &Path,
    file: BufReader<File>,
    format: FileFormat,
    on_checked: &(dyn Fn(u64) + Send + Sync),
    cancelled: &CancellationToken,
) -> Result<ImportReport, ImportError> {
    let read = reader_of(Some(format)).ok_or_else(|| ImportError::UnknownFormat { path: path.to_owned() })?;
    let known = store.reader()?.known_entries()?;
    let state = RefCell::new((known, ImportReport::default()));
    let on_entry = |checked: u64, uid: Option<EntryUid>| {
        let (known, report) = &mut *state.borrow_mut();
        match uid.map(|uid| known.insert(uid, false)) {
            Some(Some(is_deleted)) => {
                report.known += 1;
                report.deleted += u64::from(is_deleted);
            }
            Some(None) | None => report.new += 1,
        }
        if checked.is_multiple_of(REPORT_EVERY) {
            on_checked(checked);
        }
    };
    check(file, read, &on_entry, cancelled).map_err(|fault| wrong(path, fault.to_string(), cancelled))?;
    Ok(state.into_inner().1)
}

/// Reads the entries of a file.
type EntryReading = fn(BufReader<File>, formats::TakeEntry<'_>) -> Result<(), ReadFault>;

/// How a file of this format is read; `None` for one that cannot be imported.
fn reader_of(format: Option<FileFormat>) -> Option<EntryReading> {
    match format? {
        FileFormat::Json => Some(read_json),
        FileFormat::Jsonl => Some(read_jsonl),
        _ => None,
    }
}

/// Looks at every entry of a file: whether it can be read, and may be kept.
fn check(
    file: BufReader<File>,
    read: EntryReading,
    on_entry: &dyn Fn(u64, Option<EntryUid>),
    cancelled: &CancellationToken,
) -> Result<(), ReadFault> {
    let mut checked = 0;
    read(file, &mut |detail: EntryDetail| {
        if cancelled.is_cancelled() {
            return Err(String::new());
        }
        if let Some(field) = unmasked_field(&detail) {
            return Err(not_kept(&field));
        }
        checked += 1;
        on_entry(checked, detail.uid);
        Ok(())
    })
}

/// What is told of a file that could not be read to its end.
fn wrong(path: &Path, fault: String, cancelled: &CancellationToken) -> ImportError {
    if cancelled.is_cancelled() {
        return ImportError::Cancelled;
    }
    ImportError::Wrong { path: path.to_owned(), fault }
}

fn open(path: &Path) -> Result<BufReader<File>, ImportError> {
    let unreadable = |error: io::Error| ImportError::Unreadable { path: path.to_owned(), reason: error.to_string() };
    files::open_file(path).map(BufReader::new).map_err(unreadable)
}

fn read_json(file: BufReader<File>, take: formats::TakeEntry<'_>) -> Result<(), ReadFault> {
    formats::read_json(file, take)
}

fn read_jsonl(file: BufReader<File>, take: formats::TakeEntry<'_>) -> Result<(), ReadFault> {
    formats::read_jsonl(file, take)
}
