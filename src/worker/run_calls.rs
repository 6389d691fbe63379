//! A run on its way: finds where its calls go, writes its rows down, makes them, and tells how far it is.

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rand::RngExt as _;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    in_flight::RunningJob,
    outbox::UpdateSender,
    resolver::{BackendResolver, Destination},
    run_views::find,
};
use crate::{
    backend::Backend,
    domain::{
        call::api::Target,
        card::expiry::utc_day,
        clock::Clock,
        run::{
            list::RunList,
            list_hash::ListHash,
            record::{NewRun, RunRecord},
            summary::VerdictCounts,
        },
        settings::{preferences::Settings, profile::Profile, stripe::USUAL_RATE},
    },
    jobs::{
        pace::CallPace,
        run::{self, PauseSwitch, RunJob, RunProgress},
        run_again,
    },
    messages::{JobOutcome, RunOrder, RunningRun, WorkerUpdate},
};

/// How often the window is told how far a run is.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// How many random letters tell a run's calls from those of all other runs.
const UID_LETTERS: usize = 20;

/// What a run needs to be made and told.
pub(super) struct RunTask {
    pub(super) job: RunningJob,
    pub(super) pause: PauseSwitch,
    pub(super) resolver: BackendResolver,
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    pub(super) outbox: UpdateSender,
}

impl RunTask {
    /// Reads the rows of the run between its calls: not for a thread that must not wait.
    pub(super) async fn run(self, order: RunOrder) {
        let outcome = self.make(order).await;
        let Self { job, outbox, .. } = self;
        outbox.send(job.finish(JobOutcome::MakeRun(outcome.map(Box::new))));
    }

    async fn make(&self, order: RunOrder) -> Result<RunRecord, String> {
        let (record, backend, list) = self.prepare(order).await?;
        let store = self.resolver.targets.store().clone();
        let id = record.id;
        let mut told = RunningRun {
            job: self.job.id(),
            id,
            name: record.run.name.clone(),
            counts: counts_of(RunProgress {
                done: record.as_expected + record.differs,
                total: record.run.rows,
                as_expected: record.as_expected,
                differs: record.differs,
                unanswered: 0,
            }),
            per_second: 0.0,
            is_paused: false,
        };
        self.outbox.send(WorkerUpdate::Running(told.clone()));
        let latest = Mutex::new(told.counts);
        let run = RunJob {
            backend,
            store: store.clone(),
            clock: self.clock.clone(),
            pace: self.pace(&record),
            pause: self.pause.clone(),
            stop: self.job.cancelled().clone(),
        };
        let mut on_progress = |progress: RunProgress, _: &_| {
            *latest.lock().unwrap_or_else(PoisonError::into_inner) = counts_of(progress);
        };
        let mut made = pin!(run.make(record, &list, &mut on_progress));
        let mut ticks = interval(TELL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let open_at_first = told.counts.open;
        let mut at_work = Duration::ZERO;
        loop {
            tokio::select! {
                state = &mut made => break state.map(drop).map_err(|error| error.to_string())?,
                _ = ticks.tick() => {}
            };
            let counts = *latest.lock().unwrap_or_else(PoisonError::into_inner);
            let is_paused = self.pause.is_set();
            if !is_paused {
                at_work += TELL_EVERY;
            }
            if (counts, is_paused) == (told.counts, told.is_paused) {
                continue;
            }
            let ended = open_at_first.saturating_sub(counts.open);
            (told.counts, told.is_paused) = (counts, is_paused);
            told.per_second = ended as f64 / at_work.as_secs_f64().max(TELL_EVERY.as_secs_f64());
            self.outbox.send(WorkerUpdate::Running(told.clone()));
        }
        let reader = store.reader().map_err(|error| error.to_string())?;
        find(&reader, id).map_err(|error| error.to_string())
    }

    /// The run as it is written down, with all its rows, where its calls go, and its list: an empty one where the rows are
    /// made of what is kept of them.
    async fn prepare(&self, order: RunOrder) -> Result<(RunRecord, Backend, RunList), String> {
        let store = self.resolver.targets.store().clone();
        let words = |error: &dyn std::fmt::Display| error.to_string();
        let known = |id| {
            let reader = store.reader().map_err(|error| words(&error))?;
            find(&reader, id).map_err(|error| words(&error))
        };
        let (id, again_at, list) = match order {
            RunOrder::New { name, source, list, target, rate } => {
                let profile = self.settings.profiles.active().clone();
                let rate = rate.map(std::num::NonZeroU32::get).or_else(|| usual_rate(target, &profile));
                let created = self.clock.now();
                let hash = ListHash::new(&store.workspace_secret());
                let read = list.read(hash, utc_day(created), None).map_err(|error| words(&error))?;
                let backend = self.backend(target, profile.clone()).await?;
                let run = NewRun {
                    name,
                    uid: new_uid(),
                    list_hash: read.hash,
                    target,
                    profile: None,
                    base_url: None,
                    created,
                    source,
                    last_step: list.last_step,
                    rate: None,
                    rows: read.preview.rows,
                };
                let run = NewRun { rate, ..at_target(run, target, &profile) };
                let id = run::begin(&store, run, &list).await.map_err(|error| words(&error))?;
                return Ok((known(id)?, backend, list));
            }
            RunOrder::Again(id, target) => (id, Some(target), RunList::default()),
            RunOrder::Resume(id, list) => (id, None, list),
        };
        let earlier = known(id)?;
        let is_elsewhere = again_at.is_some_and(|target| target != earlier.run.target);
        let profile = if is_elsewhere { self.settings.profiles.active().clone() } else { self.profile_of(&earlier)? };
        let target = again_at.unwrap_or(earlier.run.target);
        let backend = self.backend(target, profile.clone()).await?;
        if again_at.is_some() {
            let run = NewRun { uid: new_uid(), created: self.clock.now(), ..earlier.run.clone() };
            let run = if is_elsewhere { at_target(run, target, &profile) } else { run };
            let id = run_again::begin_again(&store, run, &earlier).await.map_err(|error| words(&error))?;
            return Ok((known(id)?, backend, RunList::default()));
        }
        run::resume(&store, &earlier, &list).await.map_err(|error| words(&error))?;
        Ok((known(id)?, backend, list))
    }

    /// The profile that a run was made with: its calls go where they went before, or nowhere.
    fn profile_of(&self, record: &RunRecord) -> Result<Profile, String> {
        let profiles = &self.settings.profiles;
        let Some(id) = record.run.profile else { return Ok(profiles.active().clone()) };
        let gone = || format!("The run {} was made with a profile that is gone from the settings", record.id.0);
        let profile = profiles.get(id).ok_or_else(gone)?;
        match &record.run.base_url {
            Some(was) if was != profile.stripe.base_url.as_str() => Err(format!(
                "The run {} was made at {was}, and the profile {} calls {} now. Set its base URL back, or start a new run",
                record.id.0,
                profile.name,
                profile.stripe.base_url.as_str()
            )),
            _ => Ok(profile.clone()),
        }
    }

    async fn backend(&self, target: Target, profile: Profile) -> Result<Backend, String> {
        let destination = Destination { target, profile, policies: self.settings.policies };
        self.resolver.backend_of_run(destination).await
    }

    /// The pace of a run's calls: of its own where somebody chose it, else the one that all jobs share.
    fn pace(&self, record: &RunRecord) -> CallPace {
        match record.run.rate {
            Some(USUAL_RATE) => self.resolver.pace.clone(),
            Some(rate) => std::num::NonZeroU32::new(rate).map(CallPace::of).unwrap_or_default(),
            None => CallPace::unlimited(),
        }
    }
}

/// A run as it is made at a target with a profile, at the usual rate.
fn at_target(run: NewRun, target: Target, profile: &Profile) -> NewRun {
    let is_stripe = target == Target::Stripe;
    NewRun {
        target,
        profile: is_stripe.then_some(profile.id),
        base_url: is_stripe.then(|| profile.stripe.base_url.as_str().to_owned()),
        rate: usual_rate(target, profile),
        ..run
    }
}

/// The rate of a run that names none: a target on this machine has no limit.
fn usual_rate(target: Target, profile: &Profile) -> Option<u32> {
    (target == Target::Stripe && !profile.stripe.base_url.is_loopback()).then_some(USUAL_RATE)
}

fn counts_of(progress: RunProgress) -> VerdictCounts {
    let RunProgress { done, total, as_expected, differs, unanswered } = progress;
    VerdictCounts { as_expected, differs, unanswered, open: total.saturating_sub(done) }
}

fn new_uid() -> String {
    let mut random = rand::rng();
    (0..UID_LETTERS).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect()
}
