//! A private copy of a database, for looking at one that must not be written: in a read-only folder, or damaged.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use tempfile::TempDir;

use super::{
    error::StoreError,
    header, new_history,
    paths::{self, FILE_NAME, SHORTEST_DATABASE, holds_something, wal_in_use, wal_of},
    transplant,
    wal::WriteAheadLog,
};

/// How often a copy is begun anew because another program wrote meanwhile.
const ATTEMPTS: usize = 5;

/// The copy, in a folder of its own below the system's folder for temporary files, for its owner only. Dropping it
/// removes it.
#[derive(Debug)]
pub(super) struct PrivateCopy {
    folder: TempDir,
}

impl PrivateCopy {
    /// Copies a database with its write-ahead log. A file that is not there is left out.
    ///
    /// # Errors
    /// A file that cannot be read, no room for the copy, a program that writes without a pause.
    pub(super) fn make(file: &Path) -> Result<Self, StoreError> {
        let failed = |error: io::Error| StoreError::NoCopy {
            file: file.to_owned(),
            reason: format!(
                "a copy of it could not be made in {} ({error}). Make room there, or set TMPDIR to another folder",
                std::env::temp_dir().display()
            ),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix("testcard-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.tempdir().map_err(failed)?;
        let copy = Self { folder };
        let sources = [file.to_owned(), wal_in_use(file)];
        let targets = [copy.file(), wal_of(&copy.file())];
        for _ in 0..ATTEMPTS {
            let before = sources.each_ref().map(|source| seen(source));
            // The log first: what is moved from it into the database meanwhile is then seen as a change.
            for (source, target) in sources.iter().zip(&targets).rev() {
                copy_file(source, target).map_err(failed)?;
            }
            if before == sources.each_ref().map(|source| seen(source)) {
                return Ok(copy);
            }
        }
        let reason = "another program writes to it without a pause. Close that program, then try again".to_owned();
        Err(StoreError::NoCopy { file: file.to_owned(), reason })
    }

    /// Mends what SQLite would throw away or stop at, as `open` finds: a log that is damaged midway, or whose database
    /// is gone, is moved into the database page by page; a header that cannot be right is written anew. Gives what
    /// `open` gave at last, and what was mended.
    ///
    /// # Errors
    /// [`StoreError::NoCopy`] when the copy cannot be written, and what `open` says.
    pub(super) fn mend<T>(&self, open: impl Fn() -> Result<T, StoreError>) -> Result<(T, Vec<String>), StoreError> {
        let failed = |error: io::Error| StoreError::NoCopy {
            file: self.file(),
            reason: format!("its copy could not be mended ({error})"),
        };
        let wal = wal_of(&self.file());
        let mut mended = self.mend_log(&wal).map_err(failed)?;
        // The header of a database that has a log is in the log: what is in the file may be older than the tables.
        let is_tried = holds_something(&wal);
        if is_tried && let Ok(opened) = open() {
            return Ok((opened, mended));
        }
        if is_database(&self.file()) {
            let header = header::mend(&self.file(), self.page_size_of_log().map_err(failed)?).map_err(failed)?;
            mended.extend(header.into_iter().map(str::to_owned));
        }
        open().map(|opened| (opened, mended))
    }

    /// Takes the list of tables from a new database, where the copy's own cannot be read.
    ///
    /// # Errors
    /// A file that cannot be written, or is too short to have a header.
    pub(super) fn replace_schema(&self) -> Result<(), Box<dyn std::error::Error>> {
        let (file, wal) = (self.file(), wal_of(&self.file()));
        if let Some(log) = WriteAheadLog::read(&wal)? {
            log.replay(&wal, &file)?;
        }
        header::mend(&file, None)?;
        transplant::replace_schema(&file, header::read_page_size(&file)?)
    }

    fn page_size_of_log(&self) -> io::Result<Option<u32>> {
        Ok(WriteAheadLog::read(&wal_of(&self.file()))?.as_ref().map(WriteAheadLog::page_size))
    }

    fn mend_log(&self, wal: &Path) -> io::Result<Vec<String>> {
        let file = self.file();
        let mut mended = Vec::new();
        let is_gone = !is_database(&file);
        if let Some(log) = WriteAheadLog::read(wal)?.filter(|log| is_gone || log.is_damaged()) {
            let pages = log.damaged_pages();
            if is_gone {
                // What was never written since the history began is in no log.
                fs::write(&file, new_history::database()?)?;
                mended.push("the database file was gone, and is read from its write-ahead log alone".to_owned());
            }
            if pages > 0 {
                mended.push(format!(
                    "of the write-ahead log, pages are damaged ({pages}): what was last written to them is lost"
                ));
            }
            log.replay(wal, &file)?;
        }
        Ok(mended)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join(FILE_NAME)
    }
}

/// Whether a file is long enough for one page of a database.
fn is_database(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|there| there.len() >= SHORTEST_DATABASE)
}

/// Length and time of the last change: one of them differs once a file was written to.
fn seen(file: &Path) -> Option<(u64, Option<Timestamp>)> {
    let there = fs::metadata(file).ok()?;
    Some((there.len(), there.modified().ok().and_then(|moment| Timestamp::try_from(moment).ok())))
}

fn copy_file(source: &Path, target: &Path) -> io::Result<()> {
    match fs::metadata(source) {
        Ok(there) if there.is_file() => {}
        // Before it is opened: a pipe would wait for somebody to write to it.
        Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not an ordinary file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    let mut from = File::open(source)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    paths::for_its_owner(&mut options);
    io::copy(&mut from, &mut options.open(target)?).map(drop)
}
