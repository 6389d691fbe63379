//! Temporary files, which are written beside another file and then take its place; and the removal of those that killed
//! processes left behind.
//!
//! Every temporary file and every note is locked while its process lives; the system frees the lock when it dies. So
//! whoever can lock one may remove it. A process that makes one looks, once it has the lock, whether the file is still
//! there, and makes another if not.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile};

use super::{
    private::{make_folder, make_new, set_file_mode},
    read::open_existing,
};

const PREFIX: &str = ".testcard-";
const SUFFIX: &str = ".tmp";
/// How many random letters and digits stand between prefix and suffix: nobody else's file has such a name by chance.
const RANDOM: usize = 20;
/// How the name of a note ends; it begins with the random part of the file that it notes.
const NOTE: &str = ".temporary";
/// The longest path that a note is read for.
const LONGEST_PATH: u64 = 64 * 1024;

/// A file that is removed when this value is dropped, unless it took the place of another.
#[derive(Debug)]
pub struct TemporaryFile {
    file: NamedTempFile,
    /// Dropped, and so removed, after the file.
    _note: Option<TemporaryNote>,
}

impl TemporaryFile {
    /// Makes a file in a folder, for its owner only. Its path is noted in the folder `notes` before it is made, where
    /// that folder can be written to: a history that is only read must not keep an export from being made.
    ///
    /// # Errors
    /// When no file can be made in the folder.
    pub fn in_folder(folder: &Path, notes: Option<&Path>) -> io::Result<Self> {
        let mut note = None;
        let file = Builder::new().prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM).make_in(folder, |path| {
            // The note of the try before this one, whose file was not made.
            note = None;
            if let Some(notes) = notes {
                note = match TemporaryNote::write(notes, path) {
                    Ok(note) => Some(note),
                    // The builder tries another name.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
                    Err(error) => {
                        tracing::debug!(%error, "a temporary file is not noted");
                        None
                    }
                };
            }
            make_locked(path)
        })?;
        Ok(Self { file, _note: note })
    }

    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Gives it the mode that another file has, so that taking its place changes nothing but what it holds.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn take_mode_of(&self, other: &fs::Metadata) -> io::Result<()> {
        #[cfg(unix)]
        let mode = std::os::unix::fs::PermissionsExt::mode(&other.permissions()) & 0o777;
        #[cfg(not(unix))]
        let mode = {
            let _ = other;
            0
        };
        set_file_mode(self.file.as_file(), mode)
    }

    /// Takes the place of what is at `path`, in the same folder.
    ///
    /// # Errors
    /// When the system refuses: then what was there is still there.
    pub fn replace(self, path: &Path) -> io::Result<()> {
        self.file.persist(path).map(drop).map_err(|error| error.error)
    }

    /// Takes a name in the same folder that nothing has yet.
    ///
    /// # Errors
    /// Of the kind `AlreadyExists` where something has it.
    pub fn take_name(self, path: &Path) -> io::Result<()> {
        self.file.persist_noclobber(path).map(drop).map_err(|error| error.error)
    }
}

/// Makes and locks a file. Of the kind `AlreadyExists` where somebody took it for a dead one between the two.
fn make_locked(path: &Path) -> io::Result<File> {
    let file = make_new(path)?;
    match file.try_lock() {
        // Without locks on this file system nobody else can lock it either, so that nobody removes it.
        Ok(()) | Err(TryLockError::Error(_)) if path.exists() => Ok(file),
        _ => Err(io::ErrorKind::AlreadyExists.into()),
    }
}

/// Removes the temporary files of dead processes from a folder of this program's own.
pub fn remove_dead_temporaries(folder: &Path) {
    let Ok(items) = fs::read_dir(folder) else { return };
    for item in items.flatten() {
        let path = item.path();
        if random_part(&path).is_none() || item.file_type().is_ok_and(|kind| !kind.is_file()) {
            continue;
        }
        if let Ok(file) = open_existing(&path)
            && file.try_lock().is_ok()
        {
            remove(&path);
        }
    }
}

/// Removes the temporary files of dead processes that are noted in this folder, and the notes.
pub fn remove_noted_temporaries(notes: &Path) {
    let Ok(items) = fs::read_dir(notes) else { return };
    for item in items.flatten() {
        let note = item.path();
        let Some(random) = item.file_name().to_str().and_then(|name| Some(name.strip_suffix(NOTE)?.to_owned())) else {
            continue;
        };
        let is_file = item.file_type().is_ok_and(|kind| kind.is_file());
        let Some(mut file) = is_file.then(|| open_existing(&note).ok()).flatten() else { continue };
        if file.try_lock().is_err() {
            continue;
        }
        if let Some(path) = noted(&mut file)
            && is_noted(&path, &random, &file)
        {
            remove(&path);
        }
        remove(&note);
    }
}

/// The path in a note; `None` in one that was not written to its end.
fn noted(note: &mut File) -> Option<PathBuf> {
    let mut bytes = Vec::new();
    note.take(LONGEST_PATH).read_to_end(&mut bytes).ok()?;
    #[cfg(unix)]
    let path = PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes));
    #[cfg(not(unix))]
    let path = PathBuf::from(String::from_utf8(bytes).ok()?);
    path.is_absolute().then_some(path)
}

/// Whether the file at a path is the one that the note was written for, and not something that was put there since.
fn is_noted(path: &Path, random: &str, note: &File) -> bool {
    let Ok(there) = fs::symlink_metadata(path) else { return false };
    random_part(path) == Some(random) && there.is_file() && note.metadata().is_ok_and(|note| is_of_one(&note, &there))
}

#[cfg(unix)]
fn is_of_one(note: &fs::Metadata, file: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    note.uid() == file.uid()
}

#[cfg(not(unix))]
fn is_of_one(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

/// The random part of a temporary file's name.
fn random_part(path: &Path) -> Option<&str> {
    let random = path.file_name()?.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    (random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(random)
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Ok(()) => tracing::info!("a file that a killed process left behind was removed"),
        Err(error) => tracing::debug!(%error, "a file that a killed process left behind stays"),
    }
}

/// A note, as a file, of the path of a temporary file that is being written.
#[derive(Debug)]
struct TemporaryNote {
    path: PathBuf,
    /// Held while the file is written.
    locked: File,
}

impl TemporaryNote {
    fn write(notes: &Path, temporary: &Path) -> io::Result<Self> {
        let random = random_part(temporary).ok_or(io::ErrorKind::InvalidInput)?;
        make_folder(notes)?;
        let path = notes.join(format!("{random}{NOTE}"));
        let locked = make_new(&path)?;
        match locked.try_lock() {
            Ok(()) if path.exists() => {}
            Ok(()) | Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(TryLockError::Error(error)) => {
                // Without a lock nobody could tell whether its process lives.
                let _ = fs::remove_file(&path);
                return Err(error);
            }
        }
        // From here on it goes with this value.
        let note = Self { path, locked };
        let text = std::path::absolute(temporary)?;
        (&note.locked).write_all(text.as_os_str().as_encoded_bytes())?;
        Ok(note)
    }
}

impl Drop for TemporaryNote {
    fn drop(&mut self) {
        // One that stays is taken for a dead process's, and names a file that is not there any more.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let items = fs::read_dir(folder).unwrap().map(|item| item.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = items.collect();
        names.sort();
        names
    }

    #[test]
    fn a_temporary_file_is_noted_while_it_is_there() {
        let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let notes = data.path().join("run");
        for takes_place in [false, true] {
            let mut temporary = TemporaryFile::in_folder(folder.path(), Some(&notes)).unwrap();
            temporary.file().write_all(b"new").unwrap();
            let note = fs::read_to_string(notes.join(&names(&notes)[0])).unwrap();
            assert_eq!(Path::new(&note), folder.path().join(&names(folder.path())[0]));
            // Whoever starts meanwhile leaves it alone.
            remove_noted_temporaries(&notes);
            remove_dead_temporaries(folder.path());
            assert_eq!((names(folder.path()).len(), names(&notes).len()), (1, 1));
            if takes_place {
                temporary.replace(&folder.path().join("file")).unwrap();
            } else {
                drop(temporary);
            }
            assert!(names(&notes).is_empty());
        }
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn of_dead_processes_only_what_is_noted_is_removed() {
        let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (folder, notes) = (folder.path(), data.path());
        let path = |random: &str| folder.join(format!("{PREFIX}{random}{SUFFIX}"));
        let (one, other) = ("a".repeat(RANDOM), "b".repeat(RANDOM));
        for kept in [folder.join("mine.json"), path(&one), path(&other)] {
            fs::write(kept, "x").unwrap();
        }
        // A note for another file than its own, for a file with another name, for none, and for one that is a folder.
        let folder_name = "c".repeat(RANDOM);
        fs::create_dir(path(&folder_name)).unwrap();
        for (random, target) in [
            ("d".repeat(RANDOM), path(&other)),
            ("e".repeat(RANDOM), folder.join("mine.json")),
            ("f".repeat(RANDOM), PathBuf::new()),
            (folder_name, path(&"c".repeat(RANDOM))),
            (one.clone(), path(&one)),
        ] {
            fs::write(notes.join(format!("{random}{NOTE}")), target.to_str().unwrap()).unwrap();
        }
        fs::write(notes.join("somebody.lock"), "").unwrap();
        remove_noted_temporaries(notes);
        assert!(!path(&one).exists());
        assert!(path(&other).exists() && folder.join("mine.json").exists() && path(&"c".repeat(RANDOM)).is_dir());
        assert_eq!(names(notes), ["somebody.lock"]);

        // In a folder of the program's own no note is needed.
        remove_dead_temporaries(folder);
        assert_eq!(names(folder), [format!("{PREFIX}{}{SUFFIX}", "c".repeat(RANDOM)), "mine.json".to_owned()]);
    }
}
