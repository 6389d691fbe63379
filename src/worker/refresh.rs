//! A refresh on its way: reads which tokens to ask for, and asks both targets one after the other.

use super::{
    in_flight::RunningJob,
    outbox::UpdateSender,
    resolver::{BackendResolver, Destination},
};
use crate::{
    domain::{call::api::Target, clock::Clock},
    jobs::refresh::{self, RefreshTokens},
    messages::{JobOutcome, RefreshReport, RefreshScope, WorkerUpdate},
    store::StoreError,
};

/// What a refresh needs to be made and told.
pub(super) struct RefreshTask {
    pub(super) job: RunningJob,
    pub(super) resolver: BackendResolver,
    pub(super) clock: Clock,
    pub(super) outbox: UpdateSender,
}

impl RefreshTask {
    /// `destinations` are the local target and Stripe, in this order, with the profile in use.
    pub(super) async fn run(self, scope: RefreshScope, destinations: [Destination; 2]) {
        let report = self.refresh(scope, destinations).await;
        let Self { job, outbox, .. } = self;
        outbox.send(job.finish(JobOutcome::Refresh(report)));
    }

    async fn refresh(&self, scope: RefreshScope, destinations: [Destination; 2]) -> Result<RefreshReport, String> {
        let words = |error: StoreError| error.to_string();
        let store = self.resolver.targets.store().clone();
        let in_use = destinations[0].profile.id;
        let tokens = tokio::task::spawn_blocking(move || {
            let reader = store.reader()?;
            let of = |target| match &scope {
                RefreshScope::These(ids) => refresh::of_entries(&reader, target, in_use, ids),
                RefreshScope::AllUnused(all) if *all == target => refresh::unused(&reader, target, in_use),
                RefreshScope::AllUnused(_) => Ok(RefreshTokens::default()),
            };
            Ok((of(Target::Local)?, of(Target::Stripe)?))
        });
        let (local, stripe) = tokens.await.map_err(|_| "Could not read the history".to_owned())?.map_err(words)?;
        // What cannot be asked is told before anything is.
        let mut parts = Vec::new();
        let left_out = local.left_out + stripe.left_out;
        for (destination, RefreshTokens { tokens, .. }) in destinations.into_iter().zip([local, stripe]) {
            if !tokens.is_empty() {
                parts.push((self.resolver.backend(destination).await?, tokens));
            }
        }
        let total = parts.iter().map(|(_, tokens)| tokens.len() as u64).sum();
        let mut report = RefreshReport { used: 0, unused: 0, failed: 0, total, left_out };
        let mut done_before = 0;
        for (backend, tokens) in &parts {
            // What was found reaches the window as any other commit does.
            let mut on_progress = |progress: refresh::RefreshProgress, _: &_, _: &_| {
                self.outbox.send(WorkerUpdate::Progress {
                    job: self.job.id(),
                    done: done_before + progress.done,
                    total,
                });
            };
            let part = refresh::refresh(
                backend,
                &self.clock,
                tokens,
                &self.resolver.pace,
                &mut on_progress,
                self.job.cancelled(),
            );
            let part = part.await.map_err(words)?;
            done_before += part.done;
            report.used += part.used;
            report.unused += part.unused;
            report.failed += part.failed;
        }
        Ok(report)
    }
}
