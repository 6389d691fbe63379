//! What the background tells of runs.

use super::jobs::JobId;
use crate::domain::run::{
    comparison::RunComparison,
    record::{RunId, RunRecord},
    summary::{RunSummary, VerdictCounts},
};

/// The most runs that the window lists, the newest.
pub const SHOWN_RUNS: usize = 500;

/// How far a run is that this window makes.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningRun {
    pub job: JobId,
    pub id: RunId,
    pub name: String,
    /// Rows by their ends; the open ones are left to be made.
    pub counts: VerdictCounts,
    /// How many rows came to their end in a second, while it was not held back; 0 before the first.
    pub per_second: f64,
    pub is_paused: bool,
}

impl RunningRun {
    /// The share of its rows that came to their end, from 0 to 1.
    pub fn share(&self) -> f32 {
        let rows = self.counts.rows().max(1);
        (rows - self.counts.open) as f32 / rows as f32
    }
}

/// A run as the window shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownRun {
    pub record: RunRecord,
    pub summary: RunSummary,
    /// The run of the same list that it is compared with, and what came otherwise.
    pub before: Option<(RunRecord, RunComparison)>,
}
