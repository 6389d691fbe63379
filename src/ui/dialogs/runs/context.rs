//! What the parts of the dialog are drawn with.

use jiff::Timestamp;

use crate::{
    domain::{
        presets::library::PresetLibrary, run::record::RunId, settings::preferences::Settings, typed_path::PathBase,
    },
    model::RunsModel,
};

/// What the right side of the dialog shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunsPage {
    #[default]
    New,
    Run(RunId),
}

/// What the dialog is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct RunsContext<'a> {
    pub runs: &'a RunsModel,
    pub settings: &'a Settings,
    /// The user's presets, and a count of their changes.
    pub library: &'a PresetLibrary,
    pub library_revision: u64,
    /// What the path of a report is read against.
    pub paths: &'a PathBase,
    pub now: Timestamp,
}

/// What the parts of the dialog have to know of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct DialogStatus<'a> {
    /// Whether a run is on its way: one at a time is made.
    pub(super) is_busy: bool,
    /// Whether the numbers of a run were asked for and are not here yet.
    pub(super) is_loading: bool,
    /// Why the last run could not be made, as a sentence.
    pub(super) problem: Option<&'a str>,
}
