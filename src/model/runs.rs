//! The runs as the window knows them.

use super::loaded::LoadedValue;
use crate::{
    domain::run::record::{RunId, RunRecord},
    messages::{JobId, RunningRun, ShownRun},
};

/// The runs that are kept, the one that is shown, and the one that this window makes.
#[derive(Debug, Default)]
pub struct RunsModel {
    /// Newest first; `None` before they were listed.
    pub(super) kept: Option<Vec<RunRecord>>,
    /// The run that was loaded last.
    pub shown: Option<LoadedValue<ShownRun>>,
    pub running: Option<RunningRun>,
}

impl RunsModel {
    /// The runs that are kept, newest first; `None` before they were listed.
    pub fn kept(&self) -> Option<&[RunRecord]> {
        self.kept.as_deref()
    }

    /// What is known of a run: from the list.
    pub fn record(&self, id: RunId) -> Option<&RunRecord> {
        self.kept.iter().flatten().find(|record| record.id == id)
    }

    pub(super) fn ended(&mut self, job: JobId) {
        self.running.take_if(|running| running.job == job);
    }
}
