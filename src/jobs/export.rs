//! Saves entries of the history to a file: written beside the target, then renamed, so that a file is never half there and
//! an old one stays until the new one is whole.

use std::{
    fs::{self, Metadata},
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use tokio_util::sync::CancellationToken;

use super::halves::in_halves;
use crate::{
    domain::{history::filter::HistoryFilter, mask, settings::file_format::ExportForm},
    files::{self, OwnFolders, TemporaryFile},
    formats,
    store::{HistoryReader, StoreError},
};

/// Progress is reported once for so many entries.
const REPORT_EVERY: u64 = 64;
/// How many bytes are written to the file at a time. The system writes long pieces in a fraction of the time of short ones.
const PIECE: usize = 256 << 10;

/// How many entries an export has read so far; what is not written of them is some dozens at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportProgress {
    pub done: u64,
    pub total: u64,
}

/// Why nothing was exported. A file that was there before is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    #[error("Could not export to {}: there is no folder {}. Create it, or choose another place", path.display(), folder.display())]
    FolderMissing { path: PathBuf, folder: PathBuf },
    #[error("Could not export to {}: it cannot be written ({reason}). Choose another place", path.display())]
    NotWritable { path: PathBuf, reason: String },
    #[error("Could not export to {}: the file exists already. Choose another name", path.display())]
    Exists { path: PathBuf },
    #[error("Could not export to {}: it is a folder. Name a file in it", path.display())]
    IsFolder { path: PathBuf },
    #[error("Could not export to {}: it is {what}, not an ordinary file. Choose another name", path.display())]
    NotAFile { path: PathBuf, what: &'static str },
    #[error(
        "Could not export to {}: that is among Testcard's own files in {}. Choose another folder",
        path.display(),
        folder.display()
    )]
    OwnFile { path: PathBuf, folder: PathBuf },
    #[error("The export was cancelled; nothing was written")]
    Cancelled,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where an export goes.
#[derive(Clone, Copy, Debug)]
pub struct ExportFile<'a> {
    pub path: &'a Path,
    /// Whether a file that is there may be replaced.
    pub overwrite: bool,
    /// Where no export may go, and where its temporary file is noted.
    pub own: &'a OwnFolders,
}

/// Writes the entries that pass the filter, newest first, to a file in this form; gives their number. A new file is for its owner
/// only; one that is replaced keeps its mode, and one at the end of a link is replaced there.
///
/// # Errors
/// The target cannot be written, exists while overwriting is off, or is among the program's own files; the history
/// cannot be read; or `cancelled` was cancelled before the file got its name.
pub fn export(
    reader: &HistoryReader,
    filter: &HistoryFilter,
    form: &ExportForm,
    file: ExportFile<'_>,
    on_progress: &mut dyn FnMut(ExportProgress),
    cancelled: &CancellationToken,
) -> Result<u64, ExportError> {
    let mut total = 0;
    let done = save_whole(file, cancelled, |out| {
        total = reader.count(filter).map_err(WriteStop::Read)?;
        on_progress(ExportProgress { done: 0, total });
        let mut writer = formats::writer(form);
        writer.begin(out).map_err(WriteStop::Write)?;
        let mut done = 0_u64;
        // To read and unpack an entry takes as long as to write it.
        let (read, written) = in_halves(
            "export",
            |hand_over| {
                reader.for_each_detail(filter, |detail| {
                    if cancelled.is_cancelled() {
                        return ControlFlow::Break(());
                    }
                    done += 1;
                    if done.is_multiple_of(REPORT_EVERY) {
                        on_progress(ExportProgress { done, total: total.max(done) });
                    }
                    hand_over(detail)
                })
            },
            |detail| writer.entry(out, &detail),
        );
        written.map_err(WriteStop::Write)?;
        read.map_err(WriteStop::Read)?;
        if cancelled.is_cancelled() {
            return Err(WriteStop::Cancelled);
        }
        writer.end(out).map_err(WriteStop::Write)?;
        Ok(done)
    })?;
    on_progress(ExportProgress { done, total: done });
    tracing::debug!(entries = done, path = mask::text(&file.path.display().to_string()), "exported");
    Ok(done)
}

/// As [`write_file`], with a writer that is flushed at the end.
pub(super) fn save_whole<T>(
    file: ExportFile<'_>,
    cancelled: &CancellationToken,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<T, WriteStop>,
) -> Result<T, ExportError> {
    let path = file.path;
    write_file(file, cancelled, |file| {
        let mut out = BufWriter::with_capacity(PIECE, file.file());
        let written = write(&mut out).and_then(|written| {
            out.flush().map_err(WriteStop::Write)?;
            Ok(written)
        });
        written.map_err(|stop| match stop {
            WriteStop::Cancelled => ExportError::Cancelled,
            WriteStop::Read(error) => ExportError::Store(error),
            WriteStop::Write(error) => not_writable(path, &error),
        })
    })
}

/// Writes a file beside the target, which gets its name when `write` has written all of it: see [`export`].
///
/// # Errors
/// As [`export`], and what `write` says.
pub(super) fn write_file<T>(
    file: ExportFile<'_>,
    cancelled: &CancellationToken,
    write: impl FnOnce(&mut TemporaryFile) -> Result<T, ExportError>,
) -> Result<T, ExportError> {
    let ExportFile { path, overwrite, own } = file;
    let failed = |error: io::Error| not_writable(path, &error);
    let (target, there) = check_target(file)?;
    let folder = target.parent().unwrap_or(Path::new("/"));
    // A note is a file too: no card number is written into it.
    let notes = own.notes.as_deref().filter(|_| mask::is_whole(&target.display().to_string()));
    if let Some(notes) = notes {
        files::remove_noted_temporaries(notes);
    }
    let mut file = TemporaryFile::in_folder(folder, notes).map_err(failed)?;
    let written = write(&mut file)?;
    if let Some(there) = &there {
        file.take_mode_of(there).map_err(failed)?;
    }
    file.file().sync_all().map_err(failed)?;
    // The last moment at which nothing has happened yet.
    if cancelled.is_cancelled() {
        return Err(ExportError::Cancelled);
    }
    let renamed = if overwrite { file.replace(&target) } else { file.take_name(&target) };
    renamed.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => ExportError::Exists { path: path.to_owned() },
        _ => failed(error),
    })?;
    sync_folder(folder);
    Ok(written)
}

/// Why the writing of entries ended before the last of them.
pub(super) enum WriteStop {
    Cancelled,
    Read(StoreError),
    Write(io::Error),
}

/// The file that will be written, and what is known of it if it is there already. A link stays one: what it points at
/// is written.
pub(super) fn check_target(file: ExportFile<'_>) -> Result<(PathBuf, Option<Metadata>), ExportError> {
    let path = file.path.to_owned();
    let there = match fs::metadata(&path) {
        Ok(there) => Some(there),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(not_writable(&path, &error)),
    };
    if there.as_ref().is_some_and(Metadata::is_dir) {
        return Err(ExportError::IsFolder { path });
    }
    let target = files::resolve(&path).map_err(|error| match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            ExportError::FolderMissing { path: path.clone(), folder: folder.to_owned() }
        }
        _ => not_writable(&path, &error),
    })?;
    if let Some(folder) = file.own.holding(&target) {
        return Err(ExportError::OwnFile { path, folder: folder.to_owned() });
    }
    if let Some(what) = files::stands_in_the_way(&target) {
        Err(ExportError::NotAFile { path, what })
    } else if there.is_some() && !file.overwrite {
        Err(ExportError::Exists { path })
    } else if there.as_ref().is_some_and(|there| there.permissions().readonly()) {
        // A rename would get around the mode that somebody set on purpose.
        Err(ExportError::NotWritable { path, reason: "the file is read-only".to_owned() })
    } else {
        Ok((target, there))
    }
}

pub(super) fn not_writable(path: &Path, error: &io::Error) -> ExportError {
    ExportError::NotWritable { path: path.to_owned(), reason: error.to_string() }
}

/// Syncs the folder, for only that brings the rename to the disk. Some systems cannot open a folder; they write it by
/// themselves.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}
