//! The runs as the window knows them.

use std::collections::BTreeMap;

use super::loaded::LoadedValue;
use crate::{
    domain::{
        rules::policies::AccountPolicies,
        run::record::{RunId, RunRecord},
        settings::profile::ProfileId,
    },
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
    /// By the answers of the real API to each profile.
    pub(super) known_policies: BTreeMap<ProfileId, AccountPolicies>,
}

impl RunsModel {
    /// The runs that are kept, newest first; `None` before they were listed.
    pub fn kept(&self) -> Option<&[RunRecord]> {
        self.kept.as_deref()
    }

    /// What is known of the policies of the account that a profile calls at the real API.
    pub fn known_policies(&self, profile: ProfileId) -> Option<AccountPolicies> {
        self.known_policies.get(&profile).copied()
    }

    /// What is known of a run: from the list.
    pub fn record(&self, id: RunId) -> Option<&RunRecord> {
        self.kept.iter().flatten().find(|record| record.id == id)
    }

    pub(super) fn ended(&mut self, job: JobId) {
        self.running.take_if(|running| running.job == job);
    }
}
