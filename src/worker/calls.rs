//! The desk where commands arrive: calls to the two targets, exports, settings and keys.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Instant,
};

use tokio::sync::{Notify, mpsc::UnboundedReceiver};

use super::{
    Config, Outbox,
    history::{History, Question},
};
use crate::{
    backend::{Backend, Begun},
    domain::{
        api::{ApiRequest, Target},
        entry::{EntryId, HistoryFilter, Status},
        error::ErrorView,
        refusal::Refusal,
        settings::Settings,
    },
    jobs::export::{self, ExportError},
    keys::Keys,
    messages::{Command, JobId, JobOutcome, KeyInfo, Update},
    minter::Workspace,
    settings,
    store::{Recorded, Store},
    stripe,
};

/// How a job is stopped: a task listens to the bell, a thread looks at the flag.
#[derive(Clone, Default)]
struct Stop {
    bell: Arc<Notify>,
    flag: Arc<AtomicBool>,
}

impl Stop {
    fn ring(&self) {
        self.flag.store(true, Ordering::Relaxed);
        self.bell.notify_one();
    }
}

/// What several tasks need: the calls whose outcome is unknown, with their secrets, and the jobs that can be stopped.
#[derive(Default)]
struct Open {
    unknown: HashMap<EntryId, ApiRequest>,
    stops: HashMap<JobId, Stop>,
}

pub(super) struct Desk {
    store: Store,
    workspace: Arc<Workspace>,
    keys: Keys,
    settings: Settings,
    settings_file: Option<PathBuf>,
    clock: crate::domain::clock::Clock,
    history: History,
    outbox: Outbox,
    open: Arc<Mutex<Open>>,
}

impl Desk {
    pub(super) fn new(config: Config, store: Store, keys: Keys, history: History, outbox: Outbox) -> Self {
        let workspace = Arc::new(Workspace::new(store.workspace_secret()));
        Self {
            store,
            workspace,
            keys,
            settings: config.settings,
            settings_file: config.settings_file,
            clock: config.clock,
            history,
            outbox,
            open: Arc::default(),
        }
    }

    pub(super) async fn work(mut self, mut inbox: UnboundedReceiver<Command>) {
        self.tell_key();
        while let Some(command) = inbox.recv().await {
            self.carry_out(command);
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::CreateToken { job, request, target } => {
                let request = request.to_api(&stripe::idempotency_key());
                self.call(job, target, request, None);
            }
            Command::AskAgain { job, entry } => match self.take_unknown(entry) {
                Some(request) => self.call(job, Target::Stripe, request, Some(entry)),
                None => self.fail(job, "This call cannot be repeated: its card details are gone. Send it as new"),
            },
            Command::Retrieve { job, token, target, .. } => {
                self.call(job, target, ApiRequest::retrieve_token(&token), None);
            }
            Command::Cancel { job } => {
                if let Some(stop) = lock(&self.open).stops.get(&job) {
                    stop.ring();
                }
            }
            Command::SetFilter { generation, filter } => self.history.ask(Question::Filter { generation, filter }),
            Command::LoadRows { ids } => self.history.ask(Question::Rows(ids)),
            Command::LoadDetail { id } => self.history.ask(Question::Detail(id)),
            Command::Export { job, path, filter, overwrite } => self.export(job, path, filter, overwrite),
            Command::SaveSettings(settings) => self.save_settings(settings),
            Command::SetKey(key) => {
                self.keys.set(key);
                self.tell_key();
            }
            Command::ForgetKey => {
                self.keys.forget();
                self.tell_key();
            }
        }
    }

    fn take_unknown(&self, entry: EntryId) -> Option<ApiRequest> {
        lock(&self.open).unknown.remove(&entry)
    }

    fn fail(&self, job: JobId, message: &str) {
        let outcome = JobOutcome::Failed { message: message.to_owned() };
        self.outbox.send(Update::Finished { job, outcome });
    }

    fn backend(&self, target: Target) -> Result<Backend, String> {
        let store = self.store.clone();
        match target {
            Target::Local => {
                let (workspace, policies) = (Arc::clone(&self.workspace), self.settings.policies);
                Ok(Backend::Local { store, workspace, policies })
            }
            Target::Stripe => {
                let key = self.keys.get().ok_or(
                    "There is no API key yet. Enter a test key in the settings, or start with STRIPE_SECRET_KEY set",
                )?;
                let client = stripe::Client::new(&self.settings.stripe, key, stripe::Limits::default())
                    .map_err(|error| error.to_string())?;
                Ok(Backend::Stripe { store, client: Arc::new(client) })
            }
        }
    }

    /// Starts a call as a task of its own; with `again`, the call of that entry is repeated.
    fn call(&mut self, job: JobId, target: Target, request: ApiRequest, again: Option<EntryId>) {
        let backend = match self.backend(target) {
            Ok(backend) => backend,
            Err(message) => return self.fail(job, &message),
        };
        let stop = self.stop_of(job);
        let task = CallTask {
            job,
            backend,
            stop,
            history: self.history.sender(),
            open: Arc::clone(&self.open),
        };
        let now = self.clock.now();
        tokio::spawn(task.run(request, again, now));
    }

    fn stop_of(&self, job: JobId) -> Stop {
        let stop = Stop::default();
        lock(&self.open).stops.insert(job, stop.clone());
        stop
    }

    fn export(&self, job: JobId, path: PathBuf, filter: HistoryFilter, overwrite: bool) {
        let (stop, open) = (self.stop_of(job), Arc::clone(&self.open));
        let (store, outbox) = (self.store.clone(), self.outbox.clone());
        tokio::task::spawn_blocking(move || {
            let outcome = match export_to(&store, &path, &filter, overwrite, &stop, &outbox, job) {
                Ok(entries) => JobOutcome::Exported { path, entries },
                Err(ExportError::Cancelled) => JobOutcome::Cancelled,
                Err(error) => JobOutcome::Failed { message: error.to_string() },
            };
            lock(&open).stops.remove(&job);
            outbox.send(Update::Finished { job, outcome });
        });
    }

    fn save_settings(&mut self, settings: Settings) {
        self.settings = settings;
        if let Some(file) = &self.settings_file
            && let Err(error) = settings::save(file, &self.settings)
        {
            self.outbox.send(Update::Problem { message: error.to_string() });
        }
    }

    fn tell_key(&self) {
        self.outbox.send(Update::Key(self.keys.status()));
    }
}

fn lock(open: &Mutex<Open>) -> std::sync::MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn export_to(
    store: &Store,
    path: &std::path::Path,
    filter: &HistoryFilter,
    overwrite: bool,
    stop: &Stop,
    outbox: &Outbox,
    job: JobId,
) -> Result<u64, ExportError> {
    let reader = store.reader()?;
    let mut progress = |progress: export::Progress| {
        outbox.send(Update::Progress { job, done: progress.done, total: progress.total });
    };
    export::export(&reader, filter, path, overwrite, &mut progress, &stop.flag)
}

/// One call on its way.
struct CallTask {
    job: JobId,
    backend: Backend,
    stop: Stop,
    history: mpsc::Sender<Question>,
    open: Arc<Mutex<Open>>,
}

impl CallTask {
    async fn run(self, request: ApiRequest, again: Option<EntryId>, now: jiff::Timestamp) {
        let makes_token = request.makes_token();
        let outcome = match self.make(request.clone(), again, now).await {
            Ok(recorded) => {
                self.remember(&recorded, request);
                outcome_of(makes_token, recorded)
            }
            Err(message) => JobOutcome::Failed { message },
        };
        lock(&self.open).stops.remove(&self.job);
        self.tell(Some(Update::Finished { job: self.job, outcome }));
    }

    async fn make(&self, request: ApiRequest, again: Option<EntryId>, now: jiff::Timestamp) -> Result<Recorded, String> {
        let begun = match again {
            Some(entry) => self.backend.begin_again(entry, request, now).await,
            None => self.backend.begin(request, now).await,
        }
        .map_err(|error| error.to_string())?;
        if let Some(entry) = &begun.entry {
            self.tell(Some(Update::Begun { job: self.job, entry: entry.id }));
        }
        self.finish_or_stop(&begun).await
    }

    async fn finish_or_stop(&self, begun: &Begun) -> Result<Recorded, String> {
        let sent = Instant::now();
        let finish = self.backend.finish(begun);
        let recorded = match self.backend.target() {
            // A local commit cannot be cancelled.
            Target::Local => finish.await,
            Target::Stripe => tokio::select! {
                recorded = finish => recorded,
                () = self.stop.bell.notified() => match self.backend.abandon(begun, sent).await {
                    Ok(Some(recorded)) => Ok(recorded),
                    Ok(None) => return Err("The call was cancelled before it was sent".to_owned()),
                    Err(error) => Err(error),
                },
            },
        };
        recorded.map_err(|error| error.to_string())
    }

    /// Keeps the call of an unknown outcome, so that it can be asked again with the same key while the program runs.
    fn remember(&self, recorded: &Recorded, request: ApiRequest) {
        if let Some(entry) = recorded.entry.as_ref().filter(|entry| entry.status == Status::Unknown) {
            lock(&self.open).unknown.insert(entry.id, request);
        }
    }

    fn tell(&self, then: Option<Update>) {
        let _ = self.history.send(Question::Changed(then.map(Box::new)));
    }
}

fn outcome_of(makes_token: bool, recorded: Recorded) -> JobOutcome {
    let refusal = recorded.exchange.outcome.as_ref().ok().and_then(Refusal::of).map(|refusal| {
        let number = recorded.exchange.request.param("card[number]").unwrap_or_default();
        (refusal, refusal.ready_alias(number).map(str::to_owned))
    });
    let (param, message) = match &recorded.exchange.outcome {
        Ok(response) => {
            let body = response.json();
            let error = body.as_ref().and_then(ErrorView::of);
            let text = |text: Option<&str>| text.map(str::to_owned);
            (text(error.and_then(ErrorView::param)), text(error.and_then(ErrorView::message)))
        }
        Err(failure) => (None, Some(failure.message.clone())),
    };
    match recorded.entry {
        Some(entry) if makes_token => JobOutcome::Created { entry, param, message, refusal },
        entry => JobOutcome::Retrieved { entry, message },
    }
}
