//! Reads entries from a file that was exported and writes those that are new into the history: all, or nothing.

use std::{
    fs::File,
    io::{self, BufReader},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_util::sync::CancellationToken;

use super::halves::in_halves;
use crate::{
    domain::{history::import_report::ImportReport, settings::file_format::FileFormat},
    files,
    formats::{self, ReadFault},
    store::{CheckedEntry, Store, StoreError},
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
    // To read and check an entry takes as long as to pack and write it.
    let (checked, staged) = in_halves(
        "import stage",
        |hand_over| {
            let on_entry = |checked, entry| {
                if u64::is_multiple_of(checked, REPORT_EVERY) {
                    on_progress(ImportProgress::Checked(checked));
                }
                hand_over(entry)
            };
            check(file, read, on_entry, cancelled)
        },
        |entry| stage.add(entry),
    );
    staged?;
    checked.map_err(|fault| wrong(path, fault.to_string(), cancelled))?;
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
    let mut known = store.reader()?.known_entries()?;
    let mut report = ImportReport::default();
    let on_entry = |checked: u64, entry: CheckedEntry| {
        known.meet(entry.uid(), &mut report);
        if checked.is_multiple_of(REPORT_EVERY) {
            on_checked(checked);
        }
        ControlFlow::Continue(())
    };
    check(file, read, on_entry, cancelled).map_err(|fault| wrong(path, fault.to_string(), cancelled))?;
    Ok(report)
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

/// Looks at every entry of a file: whether it can be read, and may be kept. `on_entry` is told how many there were, this
/// one too.
fn check(
    file: BufReader<File>,
    read: EntryReading,
    mut on_entry: impl FnMut(u64, CheckedEntry) -> ControlFlow<()>,
    cancelled: &CancellationToken,
) -> Result<(), ReadFault> {
    let mut checked = 0;
    read(file, &mut |detail| {
        // Where it is no fault of the file that ends the reading, the caller knows what it is.
        if cancelled.is_cancelled() {
            return Err(String::new());
        }
        let entry = CheckedEntry::of(detail)?;
        checked += 1;
        if on_entry(checked, entry).is_break() { Err(String::new()) } else { Ok(()) }
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
