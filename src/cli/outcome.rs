//! How a command ends, and the exit status that says so.

use std::io;

use super::signals::EndSignal;
use crate::{
    settings::SettingsError,
    store::{HistoryDamage, SalvageError, StoreError},
};

/// Why a command ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The arguments, or what they name, cannot be used.
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Folders(#[from] SettingsError),
    /// The target gave no answer.
    #[error("{0}")]
    NoAnswer(String),
    #[error("{0}")]
    Export(String),
    /// A file that cannot be imported.
    #[error("{0}")]
    Import(String),
    /// Not all could be read; what can be was shown.
    #[error("{0}")]
    Damaged(Box<HistoryDamage>),
    #[error(transparent)]
    Salvage(#[from] SalvageError),
    /// A signal ended it before it was done.
    #[error("{0}")]
    Ended(String, EndSignal),
    #[error("Could not write the result: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// The exit status of the process.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::Export(_)
            | Self::Import(_)
            | Self::Salvage(SalvageError::NoSource { .. } | SalvageError::Target { .. }) => 2,
            Self::NoAnswer(_) => 3,
            Self::Store(_) | Self::Folders(_) | Self::Damaged(_) | Self::Salvage(_) => 4,
            Self::Ended(_, signal) => signal.exit_code(),
            Self::Output(_) => 1,
        }
    }
}

/// How a command ended that gave its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommandOutcome {
    /// All was done.
    Well,
    /// An error was answered, and printed.
    WithError,
    /// No answer came for any call.
    WithoutAnswer,
    /// Something could not be read, and was named.
    InPart,
}
