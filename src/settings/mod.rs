//! The settings on disk, and the folders of this program.
//!
//! Reading never fails: what is wrong is replaced by its default, with a warning. What is not known is kept.

mod disk;
pub mod draft;
mod format;
pub mod presets;
mod window;

use disk::OldFile;
pub use window::{load_layout, save_layout};

use std::{
    io,
    path::{self, Path, PathBuf},
};

use directories::{ProjectDirs, UserDirs};

use crate::{
    domain::{
        mask,
        settings::{
            preferences::Settings,
            profile::{Profile, Profiles},
            stripe::StripeSettings,
        },
    },
    files::{self, OwnFolders},
};

/// Where this program keeps its files. None is made before something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// The history and the minter's state.
    pub data: PathBuf,
    pub config: PathBuf,
    pub log: PathBuf,
}

impl Folders {
    /// The system's own places, or all below `home`, the value of `TESTCARD_HOME`.
    ///
    /// # Errors
    /// [`SettingsError::NoHome`] if the system names no home folder, and `home` is not given.
    pub fn find(home: Option<PathBuf>) -> Result<Self, SettingsError> {
        if let Some(home) = home.filter(|home| !home.as_os_str().is_empty()) {
            let home = path::absolute(&home).map_err(|source| SettingsError::Io {
                doing: "find the folder that TESTCARD_HOME names",
                path: home,
                source,
            })?;
            return Ok(Self { data: home.join("data"), config: home.join("config"), log: home.join("log") });
        }
        let system = ProjectDirs::from("", "", "testcard").ok_or(SettingsError::NoHome)?;
        Ok(Self {
            data: system.data_dir().to_owned(),
            config: system.config_dir().to_owned(),
            log: system.state_dir().map_or_else(|| system.data_local_dir().join("log"), |state| state.join("log")),
        })
    }

    /// Where a person looks for files of their own: the documents folder, else the home folder.
    pub fn documents() -> PathBuf {
        let user = UserDirs::new();
        let folder = user.as_ref().map(|user| user.document_dir().unwrap_or_else(|| user.home_dir()));
        folder.map(Path::to_owned).unwrap_or_default()
    }

    /// Where nothing is written that a person names. Temporary files are noted where the history keeps its locks.
    pub fn own(&self) -> OwnFolders {
        let folders = vec![self.data.clone(), self.config.clone(), self.log.clone()];
        OwnFolders { notes: Some(self.data.join(RUN_FOLDER)), folders }
    }

    pub fn settings_file(&self) -> PathBuf {
        self.config.join("settings.json")
    }

    /// How the window was left.
    pub fn layout_file(&self) -> PathBuf {
        self.config.join("window.json")
    }

    pub fn presets_file(&self) -> PathBuf {
        presets_beside(&self.settings_file())
    }

    pub fn draft_file(&self) -> PathBuf {
        draft_beside(&self.settings_file())
    }
}

/// The file of presets in the folder of this settings file.
pub fn presets_beside(settings_file: &Path) -> PathBuf {
    settings_file.with_file_name("presets.json")
}

/// The file of the draft in the folder of this settings file.
pub fn draft_beside(settings_file: &Path) -> PathBuf {
    settings_file.with_file_name("draft.json")
}

/// The folder below the data folder for what belongs to running processes; `store` has its locks there.
const RUN_FOLDER: &str = "run";

/// What holds where the settings file cannot be read.
const WITHOUT: &str = "The defaults are used, and no call to Stripe's API is made until it is mended or removed";

/// Why folders were not found or settings not written.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("This system names no home folder. Set TESTCARD_HOME to a folder for all files")]
    NoHome,
    #[error("Could not {doing}, {path}: {source}", path = path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("Could not write the settings as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("The setting {field} holds a key or a card number. Neither is ever written: remove it and save again")]
    Secret { field: &'static str },
}

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

/// The text of a settings file, by which it is seen whether somebody else wrote it. Empty without a file that can be read.
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
/// `known` are the profiles as this program last read or wrote them, for another window may have written the file since:
/// a profile of the file that is not among them was made there and stays, and one of them that the file lacks was deleted
/// there and does not come back. Of all other settings these ones take the place of what the file holds.
///
/// # Errors
/// [`SettingsError::Secret`] before anything is written, [`SettingsError::Io`] when the disk refuses.
pub fn save(path: &Path, known: &Profiles, settings: &Settings) -> Result<WrittenSettings, SettingsError> {
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
    let name = ("form.name", settings.form.name.as_str());
    let is_secret_path = |profile: &Profile| !mask::is_whole(&profile.stripe.ca_file);
    if settings.profiles.iter().any(is_secret_path) {
        return Err(SettingsError::Secret { field: "profiles.ca_certificate" });
    }
    let of_profiles = settings.profiles.iter().flat_map(|profile| {
        let StripeSettings { base_url, version, account, proxy, ca_file: _, broken: _ } = &profile.stripe;
        [
            ("profiles.name", profile.name.as_str()),
            ("profiles.base_url", base_url.as_str()),
            ("profiles.stripe_version", version),
            ("profiles.stripe_account", account),
            ("profiles.proxy", proxy.as_str()),
        ]
    });
    match of_profiles.chain([name]).find(|(_, text)| mask::text(text) != *text) {
        Some((field, _)) => Err(SettingsError::Secret { field }),
        None => Ok(()),
    }
}
