//! The settings file, read and written. Another window may write it too.

use std::path::Path;

use super::{
    disk::{self, OldFile},
    error::SettingsError,
    format,
};
use crate::{
    domain::{
        mask,
        settings::{
            preferences::Settings,
            profile::{Profile, ProfileList},
            stripe::StripeField,
        },
    },
    files,
};

/// What holds where the settings file cannot be read.
const WITHOUT: &str = "The defaults are used, and no call to Stripe's API is made until it is mended or removed";

/// Reads the settings. Whatever is missing or wrong has its default, and what is wrong has a warning. Where the default
/// would be less safe than what was written, the profile says so, and no call leaves with it.
pub fn load(path: &Path) -> (Settings, Vec<String>) {
    match disk::read(path, "settings", WITHOUT) {
        Ok(None) => (Settings::default(), Vec::new()),
        Ok(Some(root)) => format::of_json(root, path),
        Err(unreadable) => {
            let warning = unreadable.to_string();
            (format::of_unreadable(&warning), vec![warning])
        }
    }
}

/// The text of a settings file, by which it is seen whether somebody else wrote it. Empty without a file that can be
/// read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsText(Vec<u8>);

impl SettingsText {
    /// Reads the file. One that cannot be read counts as one that is not there.
    pub fn read(path: &Path) -> Self {
        Self(files::read_at_most(path, disk::MOST_BYTES).unwrap_or_default())
    }
}

/// Settings as they were written.
#[derive(Debug)]
pub struct WrittenSettings {
    pub text: SettingsText,
    /// Profiles that were not written, for another window deleted them since this program last read or wrote them.
    pub deleted_elsewhere: Vec<Profile>,
}

/// Writes the settings beside the file and renames: a failure leaves the old file alone. What is no file, too large or
/// cannot be read is left alone too. Fields that are not known stay in it. A file with anything wrong in it is kept as
/// `settings.json.bad`.
///
/// `known` are the profiles as this program last read or wrote them, for another window may have written the file
/// since: a profile of the file that is not among them was made there and stays, and one of them that the file lacks
/// was deleted there and does not come back. Of all other settings these ones take the place of what the file holds.
///
/// # Errors
/// [`SettingsError::Secret`] before anything is written, [`SettingsError::Io`] when the disk refuses.
pub fn save(path: &Path, known: &ProfileList, settings: &Settings) -> Result<WrittenSettings, SettingsError> {
    refuse_secrets(settings)?;
    let old = disk::read_to_change(path, "settings", "save the settings")?;
    let is_good = match &old {
        OldFile::Root(root) => format::of_json(root.clone(), path).1.is_empty(),
        OldFile::None => true,
        OldFile::Broken => false,
    };
    if !is_good {
        disk::keep_bad(path, "keep a copy of the broken settings")?;
    }
    let (root, deleted_elsewhere) = format::over(old.root().unwrap_or_default(), known, settings)?;
    let text = disk::write(path, root, "save the settings")?;
    Ok(WrittenSettings { text: SettingsText(text.into_bytes()), deleted_elsewhere })
}

/// A key or a card number that was pasted into the wrong field stays out of the file.
fn refuse_secrets(settings: &Settings) -> Result<(), SettingsError> {
    let is_secret = |text: &str| mask::text(text) != text;
    let refused = |field: &str| Err(SettingsError::Secret { field: field.to_owned() });
    for profile in settings.profiles.iter() {
        if is_secret(&profile.name) {
            return refused("profiles.name");
        }
        if let Some(field) = StripeField::ALL.into_iter().find(|field| field.is_secret(field.text(&profile.stripe))) {
            return refused(&format!("profiles.{}", field.name()));
        }
    }
    if is_secret(&settings.form.name) { refused("form.name") } else { Ok(()) }
}
