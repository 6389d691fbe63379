//! The jobs of the background: what each is asked for becomes a task that tells its own end.

use std::{path::PathBuf, sync::Arc};

use super::{
    call::{CallPurpose, CallRoute, CallTask},
    commands::CommandHandler,
    files::{CheckedSettings, check_certificates, new_certificates},
    in_flight::RunningJob,
    keeping::KeepTask,
    key::KeyCheckTask,
    outbox::UpdateSender,
    refresh::RefreshTask,
    resolver::Destination,
    run_calls::RunTask,
    run_views,
};
use tokio::runtime::Handle;

use crate::{
    backend::new_idempotency_key,
    domain::{
        call::{
            api::{ApiRequest, Target},
            intent_calls,
        },
        card::expiry::utc_day,
        history::{entry::EntryId, filter::HistoryFilter},
        key::ApiKey,
        settings::{file_format::ExportForm, preferences::Settings, profile::ProfileId, stripe::StripeSettings},
    },
    files::OwnFolders,
    jobs::{
        evidence::save_evidence,
        export::{self, ExportError, ExportFile, ExportProgress},
        run::PauseSwitch,
        run_entries::{GatherError, gather},
    },
    messages::{
        EvidenceOrder, ExportFailure, ExportReport, JobFailure, JobId, JobOutcome, JobRequest, RefreshScope,
        ReportOrder, ResentEvent, RunOrder, SavedSettings, WorkerUpdate,
    },
    store::Store,
    webhooks,
};

const NO_PROFILE: &str = "The profile that this token was made with is gone, and its key with it";

impl CommandHandler {
    pub(super) fn run(&mut self, job: JobId, request: JobRequest) {
        match request {
            JobRequest::CreateToken { request, target, expects } => {
                let request = request.to_api(&new_idempotency_key());
                let route = CallRoute::To(Box::new(self.destination(target)));
                self.call(job, route, request, CallPurpose::Create { expects });
            }
            // To the host and with the key that it was sent with: with another key it would be carried out twice, and
            // a new key is none of the old host's business.
            JobRequest::AskAgain { entry } => match self.in_flight.take_repeatable(entry) {
                Some(call) => {
                    self.call(job, CallRoute::AsBefore(call.backend), call.request, CallPurpose::AskAgain { entry });
                }
                None => {
                    let message = "This call cannot be repeated: its card details are gone. Send it as new";
                    self.tell_end(job, CallPurpose::AskAgain { entry }.outcome(Err(message.to_owned())));
                }
            },
            JobRequest::Retrieve { entry, token, target, profile } => {
                let request = ApiRequest::retrieve_token(&token);
                self.call_with(job, target, profile, request, CallPurpose::Retrieve { entry });
            }
            JobRequest::UseToken { call, target, profile } => {
                self.call_with(job, target, profile, call.to_api(&new_idempotency_key()), CallPurpose::Use);
            }
            JobRequest::Authenticate { intent, result, account } => {
                let params = [(intent_calls::INTENT, &*intent), (intent_calls::RESULT, result.as_str())];
                let headers = account.map(|account| ("Stripe-Account".to_owned(), account));
                let headers = headers.into_iter().collect();
                let request = intent_calls::authenticate(params.into_iter().collect(), headers);
                let route = CallRoute::To(Box::new(self.destination(Target::Local)));
                self.call(job, route, request, CallPurpose::Authenticate { intent });
            }
            JobRequest::ResendEvent { event } => self.resend_event(job, event),
            JobRequest::Refresh(scope) => self.refresh(job, scope),
            JobRequest::Look(subject) => self.look(job, subject),
            JobRequest::Import { path, format } => self.import(job, path, format),
            JobRequest::Export { path, filter, form, overwrite } => self.export(job, path, filter, form, overwrite),
            JobRequest::PreviewRemoval(order) => {
                let (job, task) = (self.in_flight.begin_until_end(job), self.keep_task());
                tokio::task::spawn_blocking(move || task.preview(&job, &order));
            }
            JobRequest::Keep { order, compacts } => {
                let (job, task) = (self.in_flight.begin_until_end(job), self.keep_task());
                tokio::task::spawn_blocking(move || task.keep(&job, &order, compacts));
            }
            JobRequest::SaveEvidence(order) => self.save_evidence(job, order),
            JobRequest::GatherRows(entries) => self.gather_rows(job, entries),
            JobRequest::MakeRun(order) => self.make_run(job, *order),
            JobRequest::ReportRun(order) => self.report_run(job, order),
            JobRequest::SaveSettings { settings, keys } => self.check_settings(job, settings, keys),
            JobRequest::CheckKey { profile, settings, key } => self.check_key(job, profile, *settings, key),
        }
    }

    fn tell_end(&self, job: JobId, outcome: JobOutcome) {
        self.outbox.send(WorkerUpdate::Finished { job, outcome });
    }

    fn destination(&self, target: Target) -> Destination {
        Destination { target, profile: self.settings.profiles.active().clone(), policies: self.settings.policies }
    }

    /// Makes a call about a token with the profile that it was made with, the one in use where that is not known.
    fn call_with(
        &self,
        job: JobId,
        target: Target,
        made_with: Option<ProfileId>,
        request: ApiRequest,
        purpose: CallPurpose,
    ) {
        let profiles = &self.settings.profiles;
        match made_with.map_or(Some(profiles.active()), |id| profiles.get(id)) {
            Some(profile) => {
                let destination = Destination { profile: profile.clone(), ..self.destination(target) };
                self.call(job, CallRoute::To(Box::new(destination)), request, purpose);
            }
            None => self.tell_end(job, purpose.outcome(Err(NO_PROFILE.to_owned()))),
        }
    }

    /// Starts a call as a task of its own.
    fn call(&self, job: JobId, route: CallRoute, request: ApiRequest, purpose: CallPurpose) {
        let task = CallTask {
            job: self.in_flight.begin(job),
            resolver: self.resolver.clone(),
            history: self.history.sender(),
            in_flight: self.in_flight.clone(),
        };
        tokio::spawn(task.run(route, request, purpose, self.clock.now()));
    }

    fn refresh(&self, job: JobId, scope: RefreshScope) {
        let task = RefreshTask {
            job: self.in_flight.begin_until_end(job),
            resolver: self.resolver.clone(),
            clock: self.clock.clone(),
            outbox: self.outbox.clone(),
        };
        let destinations = [Target::Local, Target::Stripe].map(|target| self.destination(target));
        tokio::spawn(task.run(scope, destinations));
    }

    fn export(&self, job: JobId, path: PathBuf, filter: HistoryFilter, form: ExportForm, overwrite: bool) {
        let task = ExportTask {
            job: self.in_flight.begin_until_end(job),
            store: self.resolver.targets.store().clone(),
            own_folders: Arc::clone(&self.own_folders),
            outbox: self.outbox.clone(),
        };
        tokio::task::spawn_blocking(move || task.run(path, &filter, &form, overwrite));
    }

    /// Follows the rules of what is kept, where they are to be followed by themselves.
    pub(super) fn follow_retention(&self) {
        let rules = self.settings.retention.clone();
        if rules.is_automatic && !rules.rules().is_empty() {
            let (task, cancelled) = (self.keep_task(), self.in_flight.until_end());
            tokio::task::spawn_blocking(move || task.follow_rules(&rules, &cancelled));
        }
    }

    fn keep_task(&self) -> KeepTask {
        let (store, outbox) = (self.resolver.targets.store().clone(), self.outbox.clone());
        KeepTask { store, outbox, now: self.clock.now() }
    }

    fn save_evidence(&self, job: JobId, order: EvidenceOrder) {
        let (job, store) = (self.in_flight.begin_until_end(job), self.resolver.targets.store().clone());
        let (own, outbox, now) = (Arc::clone(&self.own_folders), self.outbox.clone(), self.clock.now());
        tokio::task::spawn_blocking(move || {
            let EvidenceOrder { subject, format, path, overwrite } = order;
            let file = ExportFile { path: &path, overwrite, own: &own };
            let mut on_progress = |progress: ExportProgress| {
                outbox.send(WorkerUpdate::Progress { job: job.id(), done: progress.done, total: progress.total });
            };
            let written = store.reader().map_err(ExportError::from).and_then(|reader| {
                let written = save_evidence(&reader, &subject, format, now, file, &mut on_progress, job.cancelled());
                let damage = reader.damage();
                if !damage.is_empty() {
                    outbox.problem(&damage);
                }
                written
            });
            let outcome = written.map(|_| path).map_err(export_failure);
            outbox.send(job.finish(JobOutcome::SaveEvidence(outcome)));
        });
    }

    fn gather_rows(&self, job: JobId, entries: Vec<EntryId>) {
        let (job, store) = (self.in_flight.begin_until_end(job), self.resolver.targets.store().clone());
        let outbox = self.outbox.clone();
        tokio::task::spawn_blocking(move || {
            let total = entries.len() as u64;
            let mut on_progress = |done| outbox.send(WorkerUpdate::Progress { job: job.id(), done, total });
            let gathered = store.reader().map_err(GatherError::from).and_then(|reader| {
                let gathered = gather(&reader, &entries, &mut on_progress, job.cancelled());
                let damage = reader.damage();
                if !damage.is_empty() {
                    outbox.problem(&damage);
                }
                gathered
            });
            let outcome = gathered.map_err(|error| match error {
                GatherError::Cancelled => JobFailure::Cancelled,
                other => JobFailure::Failed(other.to_string()),
            });
            outbox.send(job.finish(JobOutcome::GatherRows(outcome)));
        });
    }

    fn resend_event(&self, job: JobId, event: String) {
        let (store, outbox) = (self.resolver.targets.store().clone(), self.outbox.clone());
        tokio::spawn(async move {
            let resent = match store.send_event_again(event).await {
                Ok(endpoints) => webhooks::is_sent_by_another(&store)
                    .map(|is_sent_elsewhere| ResentEvent { endpoints, is_sent_elsewhere })
                    .map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            outbox.send(WorkerUpdate::Finished { job, outcome: JobOutcome::ResendEvent(resent) });
        });
    }

    fn make_run(&self, job: JobId, order: RunOrder) {
        let pause = PauseSwitch::default();
        let task = RunTask {
            job: self.in_flight.begin_until_end(job),
            pause: pause.clone(),
            resolver: self.resolver.clone(),
            settings: self.settings.clone(),
            clock: self.clock.clone(),
            outbox: self.outbox.clone(),
        };
        self.in_flight.may_pause(job, pause);
        let runtime = Handle::current();
        // A thread of its own, for the rows of a long list are read between the calls.
        tokio::task::spawn_blocking(move || runtime.block_on(task.run(order)));
    }

    fn report_run(&self, job: JobId, order: ReportOrder) {
        let (job, store) = (self.in_flight.begin(job), self.resolver.targets.store().clone());
        let (own, outbox) = (Arc::clone(&self.own_folders), self.outbox.clone());
        tokio::task::spawn_blocking(move || {
            let written = run_views::write_report(&store, &outbox, &order, &own);
            let outcome = written.map(|()| order.path).map_err(export_failure);
            outbox.send(job.finish(JobOutcome::ReportRun(outcome)));
        });
    }

    fn check_key(&self, job: JobId, profile: ProfileId, settings: StripeSettings, key: Option<ApiKey>) {
        let task = KeyCheckTask {
            job: self.in_flight.begin(job),
            keys: Arc::clone(&self.resolver.keys),
            outbox: self.outbox.clone(),
            today: utc_day(self.clock.now()),
        };
        tokio::spawn(task.run(profile, settings, key));
    }

    /// Looks at the files that are new in some settings, off this thread, and then saves the settings.
    fn check_settings(&mut self, job: JobId, settings: Box<Settings>, keys: Vec<(ProfileId, ApiKey)>) {
        let files = new_certificates(&settings, &self.settings);
        if files.is_empty() {
            return self.save_checked(CheckedSettings { job, settings, keys, checked: Ok(()) });
        }
        let sender = self.checked.0.clone();
        tokio::spawn(async move {
            let checked = check_certificates(files).await;
            // The receiver is gone only when the program ends.
            let _ = sender.send(CheckedSettings { job, settings, keys, checked });
        });
    }

    pub(super) fn save_checked(&mut self, CheckedSettings { job, settings, keys, checked }: CheckedSettings) {
        if let Err(fault) = checked {
            return self.tell_end(job, JobOutcome::SaveSettings(Err(fault)));
        }
        for gone in self.settings.profiles.iter().filter(|known| settings.profiles.get(known.id).is_none()) {
            let profile = gone.id;
            self.with_keys(profile, move |keys| keys.forget(profile));
        }
        self.settings = (*settings).clone();
        let is_kept = self.use_and_keep_settings();
        let mut looks_at = Some(self.settings.profiles.active().id);
        for (profile, key) in keys {
            looks_at = looks_at.filter(|active| *active != profile);
            self.with_keys(profile, move |keys| {
                keys.set(profile, key);
            });
        }
        if let Some(active) = looks_at {
            self.with_keys(active, |_| ());
        }
        self.tell_end(job, JobOutcome::SaveSettings(Ok(SavedSettings { settings, is_kept })));
    }
}

/// What an export needs to be made and told.
pub(super) struct ExportTask {
    pub(super) job: RunningJob,
    pub(super) store: Store,
    pub(super) own_folders: Arc<OwnFolders>,
    pub(super) outbox: UpdateSender,
}

impl ExportTask {
    /// Blocks: not for a thread of the runtime.
    pub(super) fn run(self, path: PathBuf, filter: &HistoryFilter, form: &ExportForm, overwrite: bool) {
        let file = ExportFile { path: &path, overwrite, own: &self.own_folders };
        let outcome = match self.write(file, filter, form) {
            Ok(entries) => Ok(ExportReport { path, entries }),
            Err(error) => Err(export_failure(error)),
        };
        let Self { job, outbox, .. } = self;
        outbox.send(job.finish(JobOutcome::Export(outcome)));
    }

    fn write(&self, file: ExportFile<'_>, filter: &HistoryFilter, form: &ExportForm) -> Result<u64, ExportError> {
        let reader = self.store.reader()?;
        let mut on_progress = |progress: ExportProgress| {
            self.outbox.send(WorkerUpdate::Progress { job: self.job.id(), done: progress.done, total: progress.total });
        };
        let written = export::export(&reader, filter, form, file, &mut on_progress, self.job.cancelled());
        let damage = reader.damage();
        if !damage.is_empty() {
            self.outbox.problem(&damage);
        }
        written
    }
}

fn export_failure(error: ExportError) -> ExportFailure {
    let message = error.to_string();
    match error {
        ExportError::Cancelled => ExportFailure::Cancelled,
        ExportError::Exists { path } => ExportFailure::Exists { path, message },
        ExportError::IsFolder { path } => ExportFailure::IsFolder { path, message },
        _ => ExportFailure::Failed(message),
    }
}
