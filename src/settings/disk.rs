//! JSON files of the settings folder: read without failing, written in one step, kept beside when broken.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::error::SettingsError;
use crate::files::{self, TemporaryFile};

/// The largest file that is read: what a person sets has a thousandth of it.
pub(super) const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// Why a file gives no settings, as a warning that says what holds without it.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnreadableFile {
    /// It is no file, too large, or the system refuses: what it holds is not known.
    #[error("Could not read the {what}, {path}: {source}. {instead}", path = path.display())]
    Refused { what: &'static str, path: PathBuf, source: io::Error, instead: &'static str },
    #[error("The {what} file is {wrong}, {path}{reason}. {instead}", path = path.display())]
    Broken { what: &'static str, wrong: &'static str, path: PathBuf, reason: String, instead: &'static str },
}

/// The root object of a file; `None` if there is no file. `what` names it in warnings, and `instead` says what holds
/// without it.
pub(super) fn read(
    path: &Path,
    what: &'static str,
    instead: &'static str,
) -> Result<Option<Map<String, Value>>, UnreadableFile> {
    let text = match files::read_at_most(path, MOST_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(UnreadableFile::Refused { what, path: path.to_owned(), source, instead }),
    };
    let broken = |wrong, reason| UnreadableFile::Broken { what, wrong, path: path.to_owned(), reason, instead };
    match serde_json::from_slice(&text) {
        Ok(Value::Object(root)) => Ok(Some(root)),
        Ok(_) => Err(broken("not a JSON object", String::new())),
        Err(error) => Err(broken("not JSON", format!(": {error}"))),
    }
}

/// What a file holds that is to be written anew.
pub(super) enum OldFile {
    None,
    Root(Map<String, Value>),
    /// No JSON object: it is kept beside.
    Broken,
}

impl OldFile {
    pub(super) fn root(self) -> Option<Map<String, Value>> {
        match self {
            Self::Root(root) => Some(root),
            Self::None | Self::Broken => None,
        }
    }
}

/// Reads a file that is to be written anew.
///
/// # Errors
/// Where it cannot be told what is there: it is not written over.
pub(super) fn read_to_change(path: &Path, what: &'static str, doing: &'static str) -> Result<OldFile, SettingsError> {
    match read(path, what, "") {
        Ok(None) => Ok(OldFile::None),
        Ok(Some(root)) => Ok(OldFile::Root(root)),
        Err(UnreadableFile::Broken { .. }) => Ok(OldFile::Broken),
        Err(UnreadableFile::Refused { source, .. }) => Err(failed(doing, path)(source)),
    }
}

/// Keeps a broken file as `….bad`, so that what a person wrote is not lost.
pub(super) fn keep_bad(path: &Path, doing: &'static str) -> Result<(), SettingsError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".bad");
    let bad = PathBuf::from(name);
    let text = files::read_at_most(path, MOST_BYTES).map_err(failed(doing, path))?;
    replace(&bad, &text, doing)
}

/// Writes a root object, and gives the text as it was written. A link, as managers of such files make them, stays a
/// link.
pub(super) fn write(path: &Path, root: Map<String, Value>, doing: &'static str) -> Result<String, SettingsError> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let text = format!("{:#}\n", Value::Object(root));
    replace(path, text.as_bytes(), doing)?;
    Ok(text)
}

/// Writes a file beside the old one and renames: a failure leaves the old one alone. The folder is made if need be, and
/// is cleared of what a killed process was writing.
pub(super) fn replace(path: &Path, text: &[u8], doing: &'static str) -> Result<(), SettingsError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    files::make_folder(folder).map_err(failed("make the settings folder", folder))?;
    files::remove_dead_temporaries(folder);
    let mut file = TemporaryFile::in_folder(folder, None).map_err(failed(doing, path))?;
    file.file().write_all(text).map_err(failed(doing, path))?;
    file.file().sync_all().map_err(failed(doing, path))?;
    file.replace(path).map_err(failed(doing, path))
}

pub(super) fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> SettingsError {
    move |source| SettingsError::Io { doing, path: path.to_owned(), source }
}
