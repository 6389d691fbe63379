//! What the window orders of runs.

use std::{num::NonZeroU32, path::PathBuf};

use crate::{
    domain::{
        call::api::Target,
        run::{matrix::RunMatrix, record::RunId, row::RunStep},
    },
    reports::ReportFormat,
};

/// A run that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub enum RunOrder {
    /// A new run of a list.
    New {
        /// As [`crate::domain::run::record::run_name`] gives it.
        name: String,
        /// The text that the matrix was read from, which the run is kept with; it names published cards only.
        text: String,
        matrix: RunMatrix,
        last_step: RunStep,
        target: Target,
        /// So many calls a second at most; `None` for the usual rate at the real API, and for no limit on this machine.
        rate: Option<NonZeroU32>,
    },
    /// A new run of the same list, at the same target.
    Again(RunId),
    /// The rest of a run that was stopped.
    Resume(RunId),
}

/// A report that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportOrder {
    pub run: RunId,
    pub format: ReportFormat,
    pub path: PathBuf,
    pub overwrite: bool,
}
