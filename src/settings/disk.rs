//! JSON files of the settings folder: read without failing, written in one step, kept beside when broken.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::SettingsError;

/// The root object of a file; `None` if there is no file, a warning if there is something else. `what` names it in
/// warnings, and `instead` says what holds without it.
pub(super) fn read(path: &Path, what: &str, instead: &str) -> Result<Option<Map<String, Value>>, String> {
    let shown = path.display();
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("Could not read the {what}, {shown}: {error}. {instead}")),
    };
    match serde_json::from_slice(&text) {
        Ok(Value::Object(root)) => Ok(Some(root)),
        Ok(_) => Err(format!("The {what} file is not a JSON object, {shown}. {instead}")),
        Err(error) => Err(format!("The {what} file is not JSON, {shown}: {error}. {instead}")),
    }
}

/// Keeps a broken file as `….bad`, so that what a person wrote is not lost.
pub(super) fn keep_bad(path: &Path, doing: &'static str) -> Result<(), SettingsError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".bad");
    let bad = PathBuf::from(name);
    fs::copy(path, &bad).map(drop).map_err(failed(doing, &bad))
}

/// Writes a root object. A link, as managers of such files make them, stays a link.
pub(super) fn write(path: &Path, root: Map<String, Value>, doing: &'static str) -> Result<(), SettingsError> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    replace(path, &format!("{:#}\n", Value::Object(root)), doing)
}

/// Writes a file beside the old one and renames: a failure leaves the old one alone. The folder is made if need be.
pub(super) fn replace(path: &Path, text: &str, doing: &'static str) -> Result<(), SettingsError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed("make the settings folder", folder))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed(doing, path))?;
    file.write_all(text.as_bytes()).map_err(failed(doing, path))?;
    file.as_file().sync_all().map_err(failed(doing, path))?;
    file.persist(path).map(drop).map_err(|error| failed(doing, path)(error.error))
}

pub(super) fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> SettingsError {
    move |source| SettingsError::Io { doing, path: path.to_owned(), source }
}
