//! The folders of this program, and the names of the files in them.

use std::path::{self, Path, PathBuf};

use directories::{ProjectDirs, UserDirs};

use super::error::SettingsError;
use crate::files::OwnFolders;

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

    /// Where a person looks for files of their own: the documents folder, else the home folder.
    pub fn documents() -> PathBuf {
        let user = UserDirs::new();
        let folder = user.as_ref().map(|user| user.document_dir().unwrap_or_else(|| user.home_dir()));
        folder.map(Path::to_owned).unwrap_or_default()
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
