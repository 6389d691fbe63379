//! The file of presets: favourites, those used last, and the user's own. Without secrets, to be read and edited by
//! hand.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{
    disk::{self, OldFile},
    error::SettingsError,
};
use crate::domain::{
    form::kept_draft::KeptDraft,
    mask,
    presets::{
        library::{OwnPreset, PresetLibrary},
        preset::PresetKey,
    },
    rules::expectation::Expectation,
};

/// The version of the file's format.
const VERSION: u64 = 1;
const WITHOUT: &str = "There are no presets of your own until it is mended";

/// Reads the presets. What is wrong is left out, with a warning; it never fails.
pub fn load(path: &Path) -> (PresetLibrary, Vec<String>) {
    match disk::read(path, "presets", WITHOUT) {
        Ok(None) => (PresetLibrary::default(), Vec::new()),
        Ok(Some(root)) => of_json(&root, path),
        Err(unreadable) => (PresetLibrary::default(), vec![unreadable.to_string()]),
    }
}

/// Writes what changed between `known`, the presets as this program last read or wrote them, and `library`. What
/// another window wrote into the file since then stays. So do unknown fields; a file with anything wrong in it is kept
/// as `presets.json.bad`.
///
/// # Errors
/// When the disk refuses; the old file is as it was.
pub fn save(path: &Path, known: &PresetLibrary, library: &PresetLibrary) -> Result<(), SettingsError> {
    let old = disk::read_to_change(path, "presets", "save the presets")?;
    let kept = match &old {
        OldFile::Root(root) => Some(of_json(root, path)),
        OldFile::None | OldFile::Broken => None,
    };
    let is_good = !matches!(old, OldFile::Broken) && kept.as_ref().is_none_or(|(_, warnings)| warnings.is_empty());
    if !is_good {
        disk::keep_bad(path, "keep a copy of the broken presets")?;
    }
    let mut known = known.clone();
    let library = &match kept {
        Some((kept, _)) => {
            // What cannot be read was not deleted.
            known.own.retain(|own| is_good || kept.own(own.id).is_some());
            library.merged_with(&known, &kept)
        }
        None => library.clone(),
    };
    let mut root = old.root().unwrap_or_default();
    let written = root.get("presets").and_then(Value::as_array).cloned().unwrap_or_default();
    let keys = |keys: &[PresetKey]| keys.iter().map(PresetKey::to_string).collect::<Vec<_>>();
    root.insert("version".to_owned(), VERSION.into());
    root.insert("favourites".to_owned(), json!(keys(&library.favourites)));
    root.insert("recents".to_owned(), json!(keys(&library.recents)));
    let own = library.own.iter().map(|own| {
        let old = written.iter().find(|old| old["id"] == json!(own.id)).and_then(Value::as_object);
        Value::Object(over(old.cloned().unwrap_or_default(), own))
    });
    root.insert("presets".to_owned(), own.collect());
    disk::write(path, root, "save the presets").map(drop)
}

/// Writes a preset over what the file has of it: unknown fields stay.
fn over(mut preset: Map<String, Value>, own: &OwnPreset) -> Map<String, Value> {
    preset.insert("id".to_owned(), own.id.into());
    preset.insert("name".to_owned(), own.name.as_str().into());
    preset.insert("expects".to_owned(), own.expects.as_ref().map_or(Value::Null, Expectation::to_json));
    preset.insert("draft".to_owned(), own.draft.to_json());
    preset.insert("tags".to_owned(), json!(own.tags));
    preset
}

fn of_json(root: &Map<String, Value>, path: &Path) -> (PresetLibrary, Vec<String>) {
    let mut warnings = Vec::new();
    let mut warn = |what: String| warnings.push(format!("{what}, {}", path.display()));
    match root.get("version").map(Value::as_u64) {
        None | Some(Some(..=VERSION)) => {}
        Some(Some(_)) => warn("The presets were written by a newer Testcard: some may be misread".to_owned()),
        Some(None) => warn("The version of the presets is no number".to_owned()),
    }
    let mut list = |name: &str| match root.get(name) {
        None => Vec::new(),
        Some(Value::Array(list)) => list.clone(),
        Some(_) => {
            warn(format!("The field {name} of the presets is no list, and is left out"));
            Vec::new()
        }
    };
    let [favourites, recents, presets] = ["favourites", "recents", "presets"].map(&mut list);
    let mut own: Vec<OwnPreset> = Vec::new();
    for (place, preset) in presets.iter().enumerate() {
        match own_of_json(preset) {
            Some(preset) if own.iter().all(|known| known.id != preset.id) => own.push(preset),
            _ => warn(format!("Preset {} cannot be read, and is left out", place + 1)),
        }
    }
    let mut keys = |name: &str, list: &[Value]| {
        let mut keys: Vec<PresetKey> = Vec::new();
        for text in list {
            let key = text.as_str().and_then(|text| text.parse().ok());
            let is_there = |key: &PresetKey| match key {
                PresetKey::Own(id) => own.iter().any(|own| own.id == *id),
                _ => true,
            };
            match key.filter(is_there) {
                Some(key) if keys.contains(&key) => {}
                Some(key) => keys.push(key),
                None => warn(format!("There is no preset {} among the {name}", mask::text(&text.to_string()))),
            }
        }
        keys
    };
    let (favourites, recents) = (keys("favourites", &favourites), keys("recents", &recents));
    (PresetLibrary { favourites, recents, own }, warnings)
}

fn own_of_json(preset: &Value) -> Option<OwnPreset> {
    let expects = match preset.get("expects") {
        None | Some(Value::Null) => None,
        Some(expects) => Some(Expectation::of_json(expects)?),
    };
    let name = preset["name"].as_str().map(str::trim).filter(|name| !name.is_empty())?;
    let tags = match preset.get("tags") {
        None => Vec::new(),
        Some(tags) => tags.as_array()?.iter().map(|tag| tag.as_str().map(str::to_owned)).collect::<Option<_>>()?,
    };
    let own = OwnPreset::new(preset["id"].as_u64()?, name, KeptDraft::of_json(&preset["draft"])?, expects);
    Some(own.tagged(tags))
}
