//! The jobs that this window started and that have not ended.

use std::collections::{BTreeSet, HashMap};

use crate::{
    domain::{call::token_calls::TokenRequest, history::entry::EntryId},
    messages::JobId,
};

/// What a token is made for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum CreationPurpose {
    /// The form's draft was sent, as this request.
    Form(Box<TokenRequest>),
    /// The card of this entry was sent to the other target, and the two are compared.
    CompareWith(EntryId),
}

/// A token creation that waits for its answer.
#[derive(Debug)]
pub(super) struct TokenCreation {
    pub(super) purpose: CreationPurpose,
    /// The entry that waits, which was selected when the call left; `None` before that.
    pub(super) waits_in: Option<EntryId>,
}

/// What the window has to know of its jobs while they run. All else comes back with their outcome.
#[derive(Debug, Default)]
pub(super) struct JobTable {
    last: u64,
    creations: HashMap<JobId, TokenCreation>,
    refreshes: BTreeSet<JobId>,
    key_checks: BTreeSet<JobId>,
}

impl JobTable {
    pub(super) fn next_id(&mut self) -> JobId {
        self.last += 1;
        JobId(self.last)
    }

    pub(super) fn begin_creation(&mut self, job: JobId, purpose: CreationPurpose) {
        self.creations.insert(job, TokenCreation { purpose, waits_in: None });
    }

    pub(super) fn creation_mut(&mut self, job: JobId) -> Option<&mut TokenCreation> {
        self.creations.get_mut(&job)
    }

    pub(super) fn end_creation(&mut self, job: JobId) -> Option<TokenCreation> {
        self.creations.remove(&job)
    }

    pub(super) fn begin_refresh(&mut self, job: JobId) {
        self.refreshes.insert(job);
    }

    pub(super) fn end_refresh(&mut self, job: JobId) {
        self.refreshes.remove(&job);
    }

    /// A refresh that is on its way.
    pub(super) fn refresh(&self) -> Option<JobId> {
        self.refreshes.first().copied()
    }

    pub(super) fn begin_key_check(&mut self, job: JobId) {
        self.key_checks.insert(job);
    }

    pub(super) fn end_key_check(&mut self, job: JobId) {
        self.key_checks.remove(&job);
    }

    pub(super) fn key_checks(&self) -> impl Iterator<Item = JobId> {
        self.key_checks.iter().copied()
    }
}
