//! What the window orders of runs.

use std::{num::NonZeroU32, path::PathBuf};

use crate::{
    domain::{
        call::api::Target,
        run::{list::RunList, record::RunId},
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
        /// What the list was made of, in words, which the run is kept with.
        source: String,
        list: RunList,
        target: Target,
        /// So many calls a second at most; `None` for the usual rate at the real API, and for no limit on this machine.
        rate: Option<NonZeroU32>,
    },
    /// A new run of the same list, at this target. Where that is another one than then, with the profile in use.
    Again(RunId, Target),
    /// The rest of a run that was stopped. The list is needed where it holds what may not be kept, and empty otherwise.
    Resume(RunId, RunList),
}

/// A report that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportOrder {
    pub run: RunId,
    /// The run of the same list that it is compared with; `None` for the one before it.
    pub against: Option<RunId>,
    pub format: ReportFormat,
    pub path: PathBuf,
    pub overwrite: bool,
}
