//! The file of the draft: what is in the form comes back at the next start, but for secrets.

use std::{fs, io, path::Path};

use serde_json::{Map, Value};

use super::{
    disk::{self, OldFile},
    error::SettingsError,
};
use crate::domain::{
    form::kept_draft::{KeptDraft, KeptForm},
    rules::expectation::Expectation,
};

/// The version of the file's format.
const VERSION: u64 = 1;
const WITHOUT: &str = "The form starts empty";

/// Reads the draft. A file that cannot be read has a warning, and an empty form.
pub fn load(path: &Path) -> (Option<KeptForm>, Vec<String>) {
    match disk::read(path, "draft", WITHOUT) {
        Ok(None) => (None, Vec::new()),
        Ok(Some(root)) => match of_json(&root) {
            Some(form) => (Some(form), Vec::new()),
            None => (None, vec![format!("The draft cannot be read, {}. {WITHOUT}", path.display())]),
        },
        Err(unreadable) => (None, vec![unreadable.to_string()]),
    }
}

/// Writes the draft, or removes its file if the draft is empty. Fields that are not known stay in it, and a file that
/// cannot be read is kept as `draft.json.bad`.
///
/// # Errors
/// When the disk refuses; the old file is as it was.
pub fn save_or_remove(path: &Path, form: &KeptForm) -> Result<(), SettingsError> {
    let old = disk::read_to_change(path, "draft", "keep the draft")?;
    let is_good = match &old {
        OldFile::Root(root) => of_json(root).is_some(),
        OldFile::None => true,
        OldFile::Broken => false,
    };
    if !is_good {
        disk::keep_bad(path, "keep a copy of the broken draft")?;
    }
    if form.draft.to_draft(false).is_empty() {
        return match fs::remove_file(path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(SettingsError::Io { doing: "remove the draft", path: path.to_owned(), source })
            }
            _ => Ok(()),
        };
    }
    let mut root = old.root().unwrap_or_default();
    root.insert("version".to_owned(), VERSION.into());
    root.insert("draft".to_owned(), form.draft.to_json());
    root.insert("expects".to_owned(), form.expects.as_ref().map_or(Value::Null, Expectation::to_json));
    disk::write(path, root, "keep the draft").map(drop)
}

fn of_json(root: &Map<String, Value>) -> Option<KeptForm> {
    let is_known = root.get("version").is_none_or(|version| version.as_u64().is_some_and(|known| known <= VERSION));
    let draft = KeptDraft::of_json(root.get("draft")?)?;
    is_known.then(|| KeptForm { draft, expects: root.get("expects").and_then(Expectation::of_json) })
}
