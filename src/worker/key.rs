//! What is done with the keys, off the threads of the runtime: a keyring may take seconds.

use std::sync::Arc;

use jiff::civil::Date;

use super::{in_flight::RunningJob, outbox::UpdateSender, resolver::NO_KEY};
use crate::{
    domain::{
        key::ApiKey,
        settings::{profile::ProfileId, stripe::StripeSettings},
    },
    jobs::check_key,
    keys::{ApiKeys, KeySource, KeyStatus},
    messages::{JobFailure, JobOutcome, KeyInfo, KeyOrigin, WorkerUpdate},
};

/// Does something with the keys, then tells how the key of a profile stands.
pub(super) fn with_keys(
    keys: &Arc<ApiKeys>,
    outbox: &UpdateSender,
    profile: ProfileId,
    work: impl FnOnce(&ApiKeys) + Send + 'static,
) {
    let (keys, outbox) = (Arc::clone(keys), outbox.clone());
    tokio::task::spawn_blocking(move || {
        work(&keys);
        outbox.send(WorkerUpdate::Key { profile, key: key_info(keys.status(profile)) });
    });
}

fn key_info(status: KeyStatus) -> KeyInfo {
    let origin = match status.source {
        KeySource::Environment => KeyOrigin::Environment,
        KeySource::Keyring => KeyOrigin::Keyring,
        KeySource::Session => KeyOrigin::Session,
        KeySource::None => KeyOrigin::Missing,
    };
    KeyInfo { origin, kind: status.key, is_remembered: status.remembers, problem: status.problem }
}

/// A check of a key on its way.
pub(super) struct KeyCheckTask {
    pub(super) job: RunningJob,
    pub(super) keys: Arc<ApiKeys>,
    pub(super) outbox: UpdateSender,
    /// The date of the card that the check sends.
    pub(super) today: Date,
}

impl KeyCheckTask {
    /// Without a key, that of the profile is checked.
    pub(super) async fn run(self, profile: ProfileId, settings: StripeSettings, key: Option<ApiKey>) {
        let Self { job, keys, outbox, today } = self;
        let check = async {
            let key = match key {
                Some(key) => Some(key),
                None => tokio::task::spawn_blocking(move || keys.get(profile)).await.ok().flatten(),
            };
            match key {
                Some(key) => Ok(Box::new(check_key::check(settings, key, today, check_key::limits()).await)),
                None => Err(JobFailure::Failed(NO_KEY.to_owned())),
            }
        };
        let checked = job.cancelled().run_until_cancelled(check).await.unwrap_or(Err(JobFailure::Cancelled));
        outbox.send(job.finish(JobOutcome::CheckKey(profile, checked)));
    }
}
