//! Saves entries of the history as JSON: written beside the target, then renamed, so that a file is never half there
//! and an old one stays until the new one is whole.

use std::{
    fs,
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use tempfile::{NamedTempFile, PersistError};

use crate::{
    domain::{entry::HistoryFilter, mask},
    store::{EXPORT_FORMAT, EXPORT_VERSION, ExportedEntry, Reader, StoreError},
};

/// How many entries lie between two reports.
const REPORT_EVERY: u64 = 64;

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

/// Why nothing was exported: a file that was there before is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    #[error("Could not export to {}: there is no folder {}. Create it, or choose another place", path.display(), folder.display())]
    FolderMissing { path: PathBuf, folder: PathBuf },
    #[error("Could not export to {}: it cannot be written ({reason}). Choose another place", path.display())]
    NotWritable { path: PathBuf, reason: String },
    #[error(
        "Could not export to {}: the file exists already. Choose another name, or allow overwriting (--force)",
        path.display()
    )]
    Exists { path: PathBuf },
    #[error("Could not export to {}: it is a folder. Name a file in it", path.display())]
    IsFolder { path: PathBuf },
    #[error("Could not export to {}: it is not an ordinary file. Choose another name", path.display())]
    NotAFile { path: PathBuf },
    #[error("The export was cancelled; nothing was written")]
    Cancelled,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes the entries that pass the filter, newest first, to `path`; gives their number.
///
/// # Errors
/// A target that cannot be written or exists while `overwrite` is off, a history that cannot be read, `cancelled`.
pub fn export(
    reader: &Reader,
    filter: &HistoryFilter,
    path: &Path,
    overwrite: bool,
    progress: &mut dyn FnMut(Progress),
    cancelled: &AtomicBool,
) -> Result<u64, ExportError> {
    let target = check_target(path, overwrite)?;
    let told = |error: io::Error| not_writable(path, &error);
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(ExportError::FolderMissing { path: path.to_owned(), folder: folder.to_owned() });
    }
    let mut file = tempfile::Builder::new().prefix(".testcard-").suffix(".tmp").tempfile_in(folder).map_err(told)?;

    let total = reader.count(filter)?;
    progress(Progress { done: 0, total });
    let done = write_entries(reader, filter, &mut file, cancelled, |done| {
        if done.is_multiple_of(REPORT_EVERY) {
            progress(Progress { done, total: total.max(done) });
        }
    })
    .map_err(|failed| match failed {
        Stopped::Cancelled => ExportError::Cancelled,
        Stopped::Read(error) => ExportError::Store(error),
        Stopped::Write(error) => told(error),
    })?;
    file.as_file().sync_all().map_err(told)?;
    // The last moment at which nothing has happened yet.
    if cancelled.load(Ordering::Relaxed) {
        return Err(ExportError::Cancelled);
    }
    let renamed = if overwrite { file.persist(&target) } else { file.persist_noclobber(&target) };
    renamed.map_err(|PersistError { error, .. }| match error.kind() {
        io::ErrorKind::AlreadyExists => ExportError::Exists { path: path.to_owned() },
        _ => told(error),
    })?;
    sync_folder(folder);
    progress(Progress { done, total: done });
    tracing::debug!(entries = done, path = mask::text(&path.display().to_string()), "exported");
    Ok(done)
}

enum Stopped {
    Cancelled,
    Read(StoreError),
    Write(io::Error),
}

fn write_entries(
    reader: &Reader,
    filter: &HistoryFilter,
    file: &mut NamedTempFile,
    cancelled: &AtomicBool,
    mut written: impl FnMut(u64),
) -> Result<u64, Stopped> {
    let mut out = BufWriter::new(file);
    let mut done = 0;
    let mut stopped = None;
    write!(out, "{{\n  \"format\": \"{EXPORT_FORMAT}\",\n  \"version\": {EXPORT_VERSION},\n  \"entries\": [")
        .map_err(Stopped::Write)?;
    reader
        .for_each_detail(filter, |detail| {
            if cancelled.load(Ordering::Relaxed) {
                stopped = Some(Stopped::Cancelled);
                return ControlFlow::Break(());
            }
            if let Err(error) = write_entry(&mut out, done == 0, &ExportedEntry::from(&detail)) {
                stopped = Some(Stopped::Write(error));
                return ControlFlow::Break(());
            }
            done += 1;
            written(done);
            ControlFlow::Continue(())
        })
        .map_err(Stopped::Read)?;
    if let Some(stopped) = stopped {
        return Err(stopped);
    }
    let end = if done == 0 { "]\n}\n" } else { "\n  ]\n}\n" };
    out.write_all(end.as_bytes()).and_then(|()| out.flush()).map_err(Stopped::Write)?;
    Ok(done)
}

/// Indented as it would be if the whole file were one value: a line break within a text is escaped in JSON.
fn write_entry(out: &mut impl Write, is_first: bool, entry: &ExportedEntry) -> io::Result<()> {
    let text = serde_json::to_string_pretty(entry)?;
    if !is_first {
        out.write_all(b",")?;
    }
    for line in text.lines() {
        write!(out, "\n    {line}")?;
    }
    Ok(())
}

/// The file that will be written: what a link points at, so that the link stays one.
fn check_target(path: &Path, overwrite: bool) -> Result<PathBuf, ExportError> {
    let there = match fs::metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(not_writable(path, &error)),
    };
    let path_buf = path.to_owned();
    if there.is_dir() {
        Err(ExportError::IsFolder { path: path_buf })
    } else if !there.is_file() {
        Err(ExportError::NotAFile { path: path_buf })
    } else if !overwrite {
        Err(ExportError::Exists { path: path_buf })
    } else if there.permissions().readonly() {
        // A rename would get around the mode that somebody set on purpose.
        Err(ExportError::NotWritable { path: path_buf, reason: "the file is read-only".to_owned() })
    } else {
        fs::canonicalize(path).map_err(|error| not_writable(path, &error))
    }
}

fn not_writable(path: &Path, error: &io::Error) -> ExportError {
    ExportError::NotWritable { path: path.to_owned(), reason: error.to_string() }
}

/// The rename itself is on the disk only with the folder. Where a folder cannot be opened, the system sees to it.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}
