//! The folders of this program, and the names of the files in them.

use std::path::{self, Path, PathBuf};

use directories::{ProjectDirs, UserDirs};

use super::error::SettingsError;
use crate::{domain::typed_path::PathBase, files::OwnFolders};

/// Where this program keeps its files. None is made before something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppFolders {
    /// The history and the minter's state.
    pub data: PathBuf,
    pub config: PathBuf,
    pub log: PathBuf,
}

impl AppFolders {
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

    /// What a path that a person types is read against: the home folder, and where a person looks for files of their
    /// own, the documents folder if there is one.
    pub fn typed_paths() -> PathBase {
        let user = UserDirs::new();
        let home = user.as_ref().map(|user| user.home_dir().to_owned());
        let documents = user.as_ref().and_then(UserDirs::document_dir).map(Path::to_owned);
        PathBase { folder: documents.or_else(|| home.clone()).unwrap_or_default(), home }
    }

    /// The folders that no export may write into. Temporary files are noted where the history keeps its locks.
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
