//! What a person hands to the program as a file or a text, once it was looked into.

use std::sync::Arc;

use super::{
    history::import_report::ImportReport, presets::found_calls::FoundCalls, run::list::ListFile,
    settings::file_format::FileFormat,
};

/// What it is, by what is in it.
#[derive(Clone, Debug, PartialEq)]
pub enum HandedContent {
    /// Entries that were exported, in this format, and what an import of them would do.
    Export(FileFormat, ImportReport),
    /// The rows of a run, each of which can be read.
    List(Arc<ListFile>),
    /// Calls that other tools wrote down.
    Calls(FoundCalls),
}
