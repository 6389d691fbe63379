//! Keeping less of the history: what a person asks for, and what the rules of the settings say once a day.

use jiff::Timestamp;

use super::{in_flight::RunningJob, outbox::UpdateSender};
use crate::{
    domain::{
        history::removal::{RemovalOrder, RemovalPreview},
        plural::number_of,
        settings::retention::RetentionSettings,
    },
    jobs::keep::{self, KeepProgress, KeepReport},
    messages::{JobOutcome, KeptHistory, WorkerUpdate},
    store::{Store, StoreError},
};
use tokio_util::sync::CancellationToken;

/// What the work needs. Its functions block.
pub(super) struct KeepTask {
    pub(super) store: Store,
    pub(super) outbox: UpdateSender,
    pub(super) now: Timestamp,
}

impl KeepTask {
    /// Counts what would go.
    pub(super) fn preview(&self, job: &RunningJob, order: &RemovalOrder) {
        let counted = self.count(order).map_err(|error| error.to_string());
        self.outbox.send(job.finish(JobOutcome::PreviewRemoval(counted)));
    }

    fn count(&self, order: &RemovalOrder) -> Result<RemovalPreview, StoreError> {
        keep::preview(&self.store.reader()?, order, self.now).map(|(_, preview)| preview)
    }

    /// Removes what an order does not keep.
    pub(super) fn keep(&self, job: &RunningJob, order: &RemovalOrder, compacts: bool) {
        let mut on_progress = |progress| {
            let (done, total) = match progress {
                KeepProgress::Removed { done, total } | KeepProgress::GivenBack { done, total } => (done, total),
                KeepProgress::Rewriting => return,
            };
            self.outbox.send(WorkerUpdate::Progress { job: job.id(), done, total });
        };
        let kept = keep::keep(&self.store, order, compacts, self.now, &mut on_progress, job.cancelled());
        let kept = kept.map_err(|error| error.to_string()).map(|KeepReport { removed, space, is_stopped }| {
            let bytes = space.map(|(before, after)| (before.bytes, after.bytes));
            KeptHistory { removed, bytes, is_stopped }
        });
        self.outbox.send(job.finish(JobOutcome::Keep(kept)));
    }

    /// Follows the rules of the settings without being asked. Space is given back only when a person asks for it.
    pub(super) fn follow_rules(&self, rules: &RetentionSettings, cancelled: &CancellationToken) {
        let order = RemovalOrder { rules: rules.rules().to_vec(), takes_marked: false };
        match keep::keep(&self.store, &order, false, self.now, &mut |_| {}, cancelled) {
            Ok(KeepReport { removed, .. }) if removed.entries > 0 => {
                let entries = number_of(removed.entries, "entry", "entries");
                let message = format!("{entries} went by the rules of what is kept");
                self.outbox.send(WorkerUpdate::Hint { message });
            }
            Ok(_) => {}
            Err(error) => self.outbox.problem(&error),
        }
    }
}
