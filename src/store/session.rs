//! Which runs of the program are alive: each holds a lock on a file of its own, which the system frees when it dies.
//!
//! A run makes its file and locks it; whoever finds a file that can be locked removes it. Between the two steps of a
//! run that starts, another may do so: hence the look whether the file is still there, and another try if not.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use rand::RngExt as _;

use crate::files;

/// The folder of the lock files, below the data folder.
const FOLDER: &str = "run";

/// This run's name, and its lock while the store is open.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) name: String,
    lock: Option<(PathBuf, File)>,
}

impl Run {
    /// A run that no other process can see.
    pub(super) fn in_memory() -> Self {
        Self { name: random_name(), lock: None }
    }

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
                    // Nothing can be told by a lock on this file system; the reason says why.
                    let _ = fs::remove_file(&path);
                    return Err(error);
                }
            }
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some((path, _locked)) = self.lock.take() {
            // A file that stays is taken for a dead run's, which it is.
            let _ = fs::remove_file(path);
        }
    }
}

/// A run that has ended; its file goes when this is dropped.
#[derive(Debug)]
pub(super) struct DeadRun {
    path: PathBuf,
    _locked: Option<File>,
}

impl Drop for DeadRun {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The run of this name if it has ended: its file is gone, or can be locked.
pub(super) fn dead(data: &Path, name: &str) -> Option<DeadRun> {
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
    Some(DeadRun { path, _locked: locked })
}

/// The names of all runs that have a file.
pub(super) fn names(data: &Path) -> Vec<String> {
    let Ok(files) = fs::read_dir(folder(data)) else { return Vec::new() };
    files.flatten().filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".lock")?.to_owned())).collect()
}

/// The folder of what belongs to runs that are alive, below the data folder.
pub(super) fn folder(data: &Path) -> PathBuf {
    data.join(FOLDER)
}

fn lock_path(data: &Path, name: &str) -> PathBuf {
    folder(data).join(format!("{name}.lock"))
}

/// Letters only, so that nothing takes a run for a card number.
fn random_name() -> String {
    let mut random = rand::rng();
    (0..20).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect()
}
