//! Whether the files that a store has open are still those that its path leads to.
//!
//! A system lets a program write to a file that was deleted or moved away, and nobody would find again what it
//! acknowledges from then on.

use std::{
    fs::{self, Metadata},
    path::{Path, PathBuf},
};

use super::{error::StoreError, paths::wal_of};

/// The files of one database as they were when it was opened. A check costs two calls of the system (`stat`).
#[derive(Clone, Debug)]
pub(super) struct FileAnchor {
    file: PathBuf,
    opened: Option<FileIdentity>,
    /// The write-ahead log, beside the file that a link points at; `None` where there was none yet.
    wal: Option<(PathBuf, FileIdentity)>,
}

impl FileAnchor {
    /// Of a database that was just opened for writing.
    pub(super) fn of(file: &Path) -> Self {
        let real = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let wal = wal_of(&real);
        let wal_opened = identity(&wal);
        Self { file: file.to_owned(), opened: identity(file), wal: wal_opened.map(|opened| (wal, opened)) }
    }

    /// Of a database that is only read: another program may end meanwhile and take the write-ahead log with it.
    pub(super) fn without_wal(file: &Path) -> Self {
        Self { wal: None, ..Self::of(file) }
    }

    /// # Errors
    /// [`StoreError::Replaced`] when a path leads to another file now, or to none.
    pub(super) fn check(&self, doing: &'static str) -> Result<(), StoreError> {
        let what = match identity(&self.file) {
            None => "the history is not there any more",
            now if now != self.opened => "another history is in its place",
            _ => match &self.wal {
                Some((wal, opened)) if identity(wal).as_ref() != Some(opened) => "its write-ahead log was taken away",
                _ => return Ok(()),
            },
        };
        let folder = self.file.parent().unwrap_or(Path::new(".")).to_owned();
        Err(StoreError::Replaced { doing, folder, what })
    }
}

/// Device and inode: two paths with the same pair lead to the same file.
type FileIdentity = (u64, u64);

fn identity(path: &Path) -> Option<FileIdentity> {
    fs::metadata(path).ok().map(|there| identity_of(&there))
}

#[cfg(unix)]
fn identity_of(there: &Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt as _;
    (there.dev(), there.ino())
}

/// Elsewhere a file that is open can be neither deleted nor renamed: that it is there is enough.
#[cfg(not(unix))]
fn identity_of(_: &Metadata) -> FileIdentity {
    (0, 0)
}
