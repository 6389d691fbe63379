//! The background of a window, without the window.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use testcard::{
    domain::{clock::Clock, settings::preferences::Settings},
    files::OwnFolders,
    keys::ApiKeys,
    worker::{Worker, WorkerConfig},
};

/// A background over this folder, with the settings of a first start and no key.
pub fn worker(folder: &Path) -> Worker {
    let config = WorkerConfig {
        folder: Some(folder.to_owned()),
        settings: Settings::default(),
        settings_file: None,
        layout_file: None,
        own_folders: OwnFolders::default(),
        clock: Clock::fixed(Timestamp::UNIX_EPOCH),
        keys: ApiKeys::session_only(None),
    };
    Worker::start(config, Arc::new(|| ()))
}
