//! The folders that are this program's own: an export to a path in one of them is refused.

use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
};

/// How many links are followed from one to the next, as Linux does.
const MOST_LINKS: usize = 40;
/// How many levels of folders are looked through for another name of a file. The own folders have one level below them.
const DEPTH: usize = 4;

/// Where this program keeps its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnFolders {
    /// The folder where the paths of temporary files are noted; `None` where nothing is kept on disk.
    pub notes: Option<PathBuf>,
    pub folders: Vec<PathBuf>,
}

impl OwnFolders {
    /// The own folder that a file lies in, or in which the same file has another name (a hard link). The path must be
    /// free of links, as [`resolve`] gives it.
    ///
    /// Folders are compared by what they are and not by what they are called, so that neither `..` nor another
    /// spelling, case or mount leads around it.
    pub fn holding(&self, file: &Path) -> Option<&Path> {
        let is_within = |folder: &Path| {
            file.ancestors().any(|above| is_same(above, folder))
                || resolve(folder).is_ok_and(|folder| file.starts_with(folder))
        };
        let is_linked = |folder: &Path| {
            fs::metadata(file).is_ok_and(|file| has_other_names(&file) && holds_file(folder, &file, DEPTH))
        };
        self.folders.iter().map(PathBuf::as_path).find(|folder| is_within(folder) || is_linked(folder))
    }
}

/// The path of the file that is written when this path is: absolute, its folder and itself without links. The file
/// itself need not be there, also at the end of a link.
///
/// # Errors
/// When its folder is missing or cannot be looked at, or its links go in a circle.
pub fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder = fs::canonicalize(folder)?;
        let whole = folder.join(name);
        match fs::read_link(&whole) {
            Ok(target) => path = folder.join(target),
            // It is no link, or not there.
            Err(_) => return Ok(whole),
        }
    }
    Err(io::Error::other("its links go in a circle"))
}

#[cfg(unix)]
fn is_same(a: &Path, b: &Path) -> bool {
    match (fs::metadata(a), fs::metadata(b)) {
        (Ok(a), Ok(b)) => identity(&a) == identity(&b),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same(a: &Path, b: &Path) -> bool {
    // The system's own spelling, where a path may be written in several.
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(unix)]
fn identity(file: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (file.dev(), file.ino())
}

#[cfg(unix)]
fn has_other_names(file: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    file.is_file() && file.nlink() > 1
}

/// Elsewhere a rename takes the place of one name and leaves the others, and std tells nothing of them.
#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}

fn holds_file(folder: &Path, file: &Metadata, depth: usize) -> bool {
    let Ok(items) = fs::read_dir(folder) else { return false };
    items.flatten().any(|item| {
        let Ok(there) = item.metadata() else { return false };
        (there.is_dir() && depth > 0 && holds_file(&item.path(), file, depth - 1)) || is_same_file(&there, file)
    })
}

#[cfg(unix)]
fn is_same_file(a: &Metadata, b: &Metadata) -> bool {
    identity(a) == identity(b)
}

#[cfg(not(unix))]
fn is_same_file(_: &Metadata, _: &Metadata) -> bool {
    false
}
