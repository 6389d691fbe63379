//! Why folders were not found or settings not written.

use std::{io, path::PathBuf};

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
    Secret { field: String },
}
