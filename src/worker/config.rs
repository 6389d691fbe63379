//! What the background is started with.

use std::path::PathBuf;

use crate::{
    domain::{clock::Clock, settings::preferences::Settings},
    files::OwnFolders,
    keys::ApiKeys,
};

/// What the background is started with.
#[derive(Debug)]
pub struct WorkerConfig {
    /// The data folder; `None` keeps nothing on disk.
    pub folder: Option<PathBuf>,
    pub settings: Settings,
    /// Where settings are kept; `None` keeps them nowhere. Presets and the draft are kept beside it.
    pub settings_file: Option<PathBuf>,
    /// Where it is kept how the window was left.
    pub layout_file: Option<PathBuf>,
    /// Where no export may go.
    pub own_folders: OwnFolders,
    pub clock: Clock,
    pub keys: ApiKeys,
}
