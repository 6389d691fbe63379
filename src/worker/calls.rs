//! The desk where commands arrive: calls to the two targets, exports, settings and keys.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, mpsc::UnboundedReceiver},
    time::timeout,
};

use super::{
    Config, Outbox,
    history::{History, Question},
    serving::Serving,
};
use crate::{
    backend::{Backend, Begun, Targets, check_ca, new_idempotency_key},
    domain::{
        call::{
            api::{ApiRequest, ApiResponse, Target},
            error::ErrorView,
            refusal::Refusal,
        },
        card::expiry::utc_day,
        clock::Clock,
        history::{
            edit::Edit,
            entry::{EntryId, Status},
            filter::HistoryFilter,
        },
        key::ApiKey,
        presets::library::Library,
        rules::{expectation::Expectation, policies::Policies},
        settings::{
            layout::Layout,
            preferences::Settings,
            profile::{Profile, ProfileId, Profiles},
            stripe::StripeSettings,
        },
    },
    files::OwnFolders,
    jobs::{
        check_key,
        export::{self, ExportError, ExportFile},
        refresh::{self, Asked, Chosen},
    },
    keys::{KeySource, KeyStatus, Keys},
    messages::{Command, JobId, JobOutcome, KeyInfo, KeyOrigin, Refreshed, Update},
    settings::{self, SettingsError},
    store::{Recorded, Store, StoreError},
};

/// So many entries are edited in one commit: the calls of a server that runs wait for no more.
const MOST_EDITED: usize = 500;

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

/// What several tasks need: the calls whose outcome is unknown, with their secrets and what they went to, and the jobs
/// that can be stopped.
#[derive(Default)]
struct Open {
    unknown: HashMap<EntryId, (Backend, ApiRequest)>,
    stops: HashMap<JobId, Stop>,
}

/// What leads to the two targets.
#[derive(Clone)]
struct Line {
    targets: Targets,
    keys: Arc<Keys>,
}

impl Line {
    /// What leads to this place. Looking a key up may take seconds, so it is done off this thread.
    async fn backend(&self, place: Place) -> Result<Backend, String> {
        let Place { target, profile, policies } = place;
        match target {
            Target::Local => Ok(self.targets.local(policies)),
            Target::Stripe => {
                let line = self.clone();
                let made = tokio::task::spawn_blocking(move || {
                    let missing = || line.keys.status(profile.id).problem.unwrap_or_else(|| NO_KEY.to_owned());
                    let key = line.keys.get(profile.id).ok_or_else(missing)?;
                    line.targets.stripe(profile.id, &profile.stripe, key).map_err(|error| error.to_string())
                });
                made.await.unwrap_or_else(|_| Err("The call could not be prepared".to_owned()))
            }
        }
    }
}

const NO_PROFILE: &str = "The profile that this token was made with is gone, and its key with it";

const NO_KEY: &str = "There is no API key yet. Enter a test key in the settings, or start with STRIPE_SECRET_KEY set";

/// How long a file that the settings name may take to be read: it may lie on a network.
const FILE_PATIENCE: Duration = Duration::from_secs(3);

/// Where a call goes, as the settings had it when it was asked for.
#[derive(Clone)]
struct Place {
    target: Target,
    profile: Profile,
    policies: Policies,
}

/// What a call takes.
enum Way {
    To(Box<Place>),
    /// As an earlier call went, with its key.
    Known(Backend),
}

pub(super) struct Desk {
    line: Line,
    settings: Settings,
    settings_file: Option<PathBuf>,
    /// The profiles as this program last read or wrote them: others in the file are somebody else's.
    known_profiles: Profiles,
    /// The presets as this program last read or wrote them, once they were changed.
    known_library: Option<Library>,
    layout_file: Option<PathBuf>,
    own_folders: Arc<OwnFolders>,
    clock: Clock,
    history: History,
    outbox: Outbox,
    open: Arc<Mutex<Open>>,
    serving: Serving,
}

impl Desk {
    pub(super) fn new(config: Config, store: Store, history: History, outbox: Outbox) -> Self {
        store.bound_log(config.settings.log);
        let problems = outbox.clone();
        let targets = Targets::new(store, None)
            .telling(move |problem| problems.send(Update::Problem { message: problem.to_owned() }));
        let serving = Serving::start(targets.clone(), config.clock.clone(), config.settings.policies, outbox.clone());
        Self {
            line: Line { targets, keys: Arc::new(config.keys) },
            known_profiles: config.settings.profiles.clone(),
            known_library: None,
            settings: config.settings,
            settings_file: config.settings_file,
            layout_file: config.layout_file,
            own_folders: Arc::new(config.own_folders),
            clock: config.clock,
            history,
            outbox,
            open: Arc::default(),
            serving,
        }
    }

    pub(super) async fn work(mut self, mut inbox: UnboundedReceiver<Command>) {
        self.with_keys(self.settings.profiles.active().id, |_| ());
        if self.settings.server.serves {
            self.serving.serve(Some(self.settings.server.port));
        }
        while let Some(command) = inbox.recv().await {
            self.carry_out(command);
        }
        // An export leaves nothing behind. Calls on their way stay in the journal, and are told as interrupted.
        for stop in lock(&self.open).stops.values() {
            stop.flag.store(true, Ordering::Relaxed);
        }
        self.serving.end().await;
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::CreateToken { job, request, target, expects } => {
                let request = request.to_api(&new_idempotency_key());
                self.call(job, Way::To(Box::new(self.place(target))), request, How::New(expects));
            }
            // To the host and with the key that it was sent with: with another key it would be carried out twice, and
            // a new key is none of the old host's business.
            Command::AskAgain { job, entry } => match self.take_unknown(entry) {
                Some((backend, request)) => self.call(job, Way::Known(backend), request, How::Again(entry)),
                None => self.fail(job, "This call cannot be repeated: its card details are gone. Send it as new"),
            },
            Command::Retrieve { job, token, target, profile, .. } => {
                self.call_with(job, target, profile, ApiRequest::retrieve_token(&token));
            }
            Command::UseToken { job, call, target, profile } => {
                self.call_with(job, target, profile, call.to_api(&new_idempotency_key()));
            }
            Command::Refresh { job, which } => self.refresh(job, which),
            Command::Cancel { job } => {
                if let Some(stop) = lock(&self.open).stops.get(&job) {
                    stop.ring();
                }
            }
            Command::Edit(edit) => self.edit(edit),
            Command::SetFilter { generation, filter } => self.history.ask(Question::Filter { generation, filter }),
            Command::LoadRows { ids } => self.history.ask(Question::Rows(ids)),
            Command::LoadDetail { id } => self.history.ask(Question::Detail(id)),
            Command::LoadPair { first, second } => self.history.ask(Question::Pair(first, second)),
            Command::LoadExchange { id } => self.history.ask(Question::Exchange(id)),
            Command::Serve { port } => self.serving.serve(port),
            Command::SetFaults { rules } => self.serving.set_faults(rules),
            Command::ResetMinter => self.reset(),
            Command::Export { job, path, filter, overwrite } => self.export(job, path, filter, overwrite),
            Command::SaveLayout(layout) => self.save_layout(&layout),
            Command::SaveSettings(settings) => self.save_settings(settings),
            Command::SaveLibrary { before, library } => self.save_library(before, library),
            Command::SaveForm(form) => {
                self.keep(|file| settings::draft::save(&settings::draft_beside(file), &form));
            }
            Command::CheckCertificates { job, files } => self.check_certificates(job, files),
            Command::SetKey { profile, key } => self.with_keys(profile, move |keys| {
                keys.set(profile, key);
            }),
            Command::LookAtKey(profile) => self.with_keys(profile, |_| ()),
            Command::ForgetKey(profile) => self.with_keys(profile, move |keys| keys.forget(profile)),
            Command::CheckKey { job, profile, settings, key } => self.check_key(job, profile, *settings, key),
        }
    }

    fn place(&self, target: Target) -> Place {
        Place { target, profile: self.settings.profiles.active().clone(), policies: self.settings.policies }
    }

    /// Makes a call about a token with the profile that it was made with, the one in use where that is not known.
    fn call_with(&self, job: JobId, target: Target, made_with: Option<ProfileId>, request: ApiRequest) {
        let profiles = &self.settings.profiles;
        match made_with.map_or(Some(profiles.active()), |id| profiles.get(id)) {
            Some(profile) => {
                let place = Place { profile: profile.clone(), ..self.place(target) };
                self.call(job, Way::To(Box::new(place)), request, How::New(None));
            }
            None => self.fail(job, NO_PROFILE),
        }
    }

    fn take_unknown(&self, entry: EntryId) -> Option<(Backend, ApiRequest)> {
        lock(&self.open).unknown.remove(&entry)
    }

    fn fail(&self, job: JobId, message: &str) {
        let outcome = JobOutcome::Failed { message: message.to_owned() };
        self.outbox.send(Update::Finished { job, outcome });
    }

    /// Starts a call as a task of its own; with `again`, the call of that entry is repeated.
    fn call(&self, job: JobId, way: Way, request: ApiRequest, how: How) {
        let task = CallTask {
            job,
            line: self.line.clone(),
            stop: self.stop_of(job),
            history: self.history.sender(),
            open: Arc::clone(&self.open),
        };
        tokio::spawn(task.run(way, request, how, self.clock.now()));
    }

    fn stop_of(&self, job: JobId) -> Stop {
        let stop = Stop::default();
        lock(&self.open).stops.insert(job, stop.clone());
        stop
    }

    fn export(&self, job: JobId, path: PathBuf, filter: HistoryFilter, overwrite: bool) {
        let (stop, open) = (self.stop_of(job), Arc::clone(&self.open));
        let (store, outbox) = (self.line.targets.store().clone(), self.outbox.clone());
        let own = Arc::clone(&self.own_folders);
        tokio::task::spawn_blocking(move || {
            let file = ExportFile { path: &path, overwrite, own: &own };
            let outcome = match export_to(&store, file, &filter, &stop, &outbox, job) {
                Ok(entries) => JobOutcome::Exported { path, entries },
                Err(ExportError::Cancelled) => JobOutcome::Cancelled,
                Err(error) => JobOutcome::Failed { message: error.to_string() },
            };
            lock(&open).stops.remove(&job);
            outbox.send(Update::Finished { job, outcome });
        });
    }

    fn refresh(&self, job: JobId, which: Refreshed) {
        let task = RefreshTask {
            job,
            line: self.line.clone(),
            stop: self.stop_of(job),
            clock: self.clock.clone(),
            outbox: self.outbox.clone(),
            open: Arc::clone(&self.open),
        };
        let places = [Target::Local, Target::Stripe].map(|target| self.place(target));
        tokio::spawn(task.run(which, places));
    }

    /// Carries an edit out piece by piece. What the pieces before a failed one did stays done; what they hid is told as
    /// deleted, so that it has its way back, before the failure is.
    fn edit(&self, edit: Edit) {
        let (store, now, history) = (self.line.targets.store().clone(), self.clock.now(), self.history.sender());
        tokio::spawn(async move {
            let tell = |edit: Edit, outcome: Result<u64, StoreError>| {
                let told = Update::Edited { edit, outcome: outcome.map_err(|error| error.to_string()) };
                let _ = history.send(Question::Changed(Box::new(told)));
            };
            let mut done = 0;
            for (nth, piece) in edit.in_pieces(MOST_EDITED).into_iter().enumerate() {
                match store.edit(piece, now).await {
                    Ok(more) => done += more,
                    // Others may have deleted what was selected.
                    Err(StoreError::Gone { .. }) => {}
                    Err(error) => {
                        if let Edit::Delete { ids } = &edit
                            && done > 0
                        {
                            tell(Edit::Delete { ids: ids[..nth * MOST_EDITED].to_vec() }, Ok(done));
                        }
                        return tell(edit, Err(error));
                    }
                }
            }
            let outcome = if done > 0 { Ok(done) } else { Err(StoreError::Gone { doing: edit.doing() }) };
            tell(edit, outcome);
        });
    }

    fn reset(&self) {
        let (reply, outbox) = (self.line.targets.store().reset(), self.outbox.clone());
        tokio::spawn(async move {
            outbox.send(match reply.await {
                Ok(objects) => Update::MinterReset { objects },
                Err(error) => Update::Problem { message: error.to_string() },
            });
        });
    }

    /// A window that opens as at first is nothing to be told of.
    fn save_layout(&self, layout: &Layout) {
        if let Some(file) = &self.layout_file
            && let Err(error) = settings::save_layout(file, layout)
        {
            tracing::debug!(%error, "the window's place was not kept");
        }
    }

    fn save_settings(&mut self, settings: Settings) {
        self.settings = settings;
        self.serving.set_policies(self.settings.policies);
        self.line.targets.store().bound_log(self.settings.log);
        if self.keep(|file| settings::save(file, &self.known_profiles, &self.settings)) {
            self.known_profiles = self.settings.profiles.clone();
        }
    }

    fn save_library(&mut self, before: Library, library: Library) {
        let known = self.known_library.take().unwrap_or(before);
        let is_kept = self.keep(|file| settings::presets::save(&settings::presets_beside(file), &known, &library));
        self.known_library = Some(if is_kept { library } else { known });
    }

    /// Writes into the settings folder, where there is one; tells what goes wrong, and gives whether nothing did.
    fn keep(&self, write: impl FnOnce(&Path) -> Result<(), SettingsError>) -> bool {
        match self.settings_file.as_deref().map(write) {
            Some(Err(error)) => {
                self.outbox.send(Update::Problem { message: error.to_string() });
                false
            }
            Some(Ok(())) | None => true,
        }
    }

    fn check_certificates(&self, job: JobId, files: Vec<(ProfileId, String)>) {
        let outbox = self.outbox.clone();
        let check = tokio::task::spawn_blocking(move || {
            files.into_iter().find_map(|(profile, path)| Some((profile, check_ca(&path).err()?.to_string())))
        });
        tokio::spawn(async move {
            let outcome = match timeout(FILE_PATIENCE, check).await {
                Ok(Ok(None)) => JobOutcome::CertificatesGood,
                Ok(Ok(Some((profile, message)))) => JobOutcome::CertificateRefused { profile, message },
                Ok(Err(_)) | Err(_) => {
                    let message = "The file of certificates could not be read in time. Check its path".to_owned();
                    JobOutcome::Failed { message }
                }
            };
            outbox.send(Update::Finished { job, outcome });
        });
    }

    fn check_key(&self, job: JobId, profile: ProfileId, settings: StripeSettings, key: Option<ApiKey>) {
        let (keys, outbox, open) = (Arc::clone(&self.line.keys), self.outbox.clone(), Arc::clone(&self.open));
        let (stop, today) = (self.stop_of(job), utc_day(self.clock.now()));
        let check = async move {
            let key = match key {
                Some(key) => Some(key),
                None => tokio::task::spawn_blocking(move || keys.get(profile)).await.ok().flatten(),
            };
            match key {
                Some(key) => {
                    let found = check_key::check(settings, key, today, check_key::limits()).await;
                    JobOutcome::KeyChecked(Box::new(found))
                }
                None => JobOutcome::Failed { message: NO_KEY.to_owned() },
            }
        };
        tokio::spawn(async move {
            let outcome = tokio::select! {
                outcome = check => outcome,
                () = stop.bell.notified() => JobOutcome::Cancelled,
            };
            lock(&open).stops.remove(&job);
            outbox.send(Update::Finished { job, outcome });
        });
    }

    /// Does something with the keys and tells how that of a profile stands, off this thread: a keyring may take seconds.
    fn with_keys(&self, profile: ProfileId, deed: impl FnOnce(&Keys) + Send + 'static) {
        let (keys, outbox) = (Arc::clone(&self.line.keys), self.outbox.clone());
        tokio::task::spawn_blocking(move || {
            deed(&keys);
            outbox.send(Update::Key { profile, key: key_info(keys.status(profile)) });
        });
    }
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

fn lock(open: &Mutex<Open>) -> std::sync::MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn export_to(
    store: &Store,
    file: ExportFile<'_>,
    filter: &HistoryFilter,
    stop: &Stop,
    outbox: &Outbox,
    job: JobId,
) -> Result<u64, ExportError> {
    let reader = store.reader()?;
    let mut progress = |progress: export::Progress| {
        outbox.send(Update::Progress { job, done: progress.done, total: progress.total });
    };
    let written = export::export(&reader, filter, file, &mut progress, &stop.flag);
    let damage = reader.damage();
    if !damage.is_empty() {
        outbox.send(Update::Problem { message: damage.to_string() });
    }
    written
}

/// A refresh on its way.
struct RefreshTask {
    job: JobId,
    line: Line,
    stop: Stop,
    clock: Clock,
    outbox: Outbox,
    open: Arc<Mutex<Open>>,
}

impl RefreshTask {
    async fn run(self, which: Refreshed, places: [Place; 2]) {
        let outcome = match self.ask(which, places).await {
            Ok((refresh::Progress { used, unused, failed, total, .. }, left_out)) => {
                JobOutcome::Refreshed { used, unused, failed, total, left_out }
            }
            Err(message) => JobOutcome::Failed { message },
        };
        lock(&self.open).stops.remove(&self.job);
        self.outbox.send(Update::Finished { job: self.job, outcome });
    }

    /// What was found, and how many tokens of other profiles were left out.
    async fn ask(&self, which: Refreshed, places: [Place; 2]) -> Result<(refresh::Progress, u64), String> {
        let told = |error: StoreError| error.to_string();
        let store = self.line.targets.store().clone();
        let in_use = places[0].profile.id;
        let tokens = tokio::task::spawn_blocking(move || {
            let reader = store.reader()?;
            let of = |target| match &which {
                Refreshed::These(ids) => refresh::of_entries(&reader, target, in_use, ids),
                Refreshed::AllUnused(all) if *all == target => refresh::unused(&reader, target, in_use),
                Refreshed::AllUnused(_) => Ok(Chosen::default()),
            };
            Ok((of(Target::Local)?, of(Target::Stripe)?))
        });
        let (local, stripe) = tokens.await.map_err(|_| "Could not read the history".to_owned())?.map_err(told)?;
        // What cannot be asked is told before anything is.
        let mut parts = Vec::new();
        let left_out = local.left_out + stripe.left_out;
        for (place, Chosen { tokens, .. }) in places.into_iter().zip([local, stripe]) {
            if !tokens.is_empty() {
                parts.push((self.line.backend(place).await?, tokens));
            }
        }
        let total = parts.iter().map(|(_, tokens)| tokens.len() as u64).sum();
        let mut all = refresh::Progress { total, ..refresh::Progress::default() };
        for (backend, tokens) in &parts {
            let before = all.done;
            // What was found reaches the window as any other commit does.
            let mut progress = |progress: refresh::Progress, _: &Asked, _: &Recorded| {
                self.outbox.send(Update::Progress { job: self.job, done: before + progress.done, total });
            };
            let asked = refresh::refresh(backend, &self.clock, tokens, &mut progress, &self.stop.flag);
            let part = asked.await.map_err(told)?;
            all.done += part.done;
            all.used += part.used;
            all.unused += part.unused;
            all.failed += part.failed;
        }
        Ok((all, left_out))
    }
}

/// Whether a call is made for the first time.
#[derive(Clone, Debug)]
enum How {
    /// With what should come of it, if it makes a token.
    New(Option<Expectation>),
    /// The call of this entry is repeated.
    Again(EntryId),
}

/// One call on its way.
struct CallTask {
    job: JobId,
    line: Line,
    stop: Stop,
    history: mpsc::Sender<Question>,
    open: Arc<Mutex<Open>>,
}

impl CallTask {
    async fn run(self, way: Way, request: ApiRequest, how: How, now: Timestamp) {
        let kind = CallKind::of(&request);
        let backend = match way {
            Way::To(place) => self.line.backend(*place).await,
            Way::Known(backend) => Ok(backend),
        };
        let outcome = match backend {
            Ok(backend) => match self.make(&backend, request.clone(), how.clone(), now).await {
                Ok(recorded) => {
                    self.remember(&recorded, backend, request);
                    outcome_of(kind, recorded)
                }
                Err(message) => {
                    // The call can still be asked again.
                    if let How::Again(entry) = how {
                        lock(&self.open).unknown.insert(entry, (backend, request));
                    }
                    JobOutcome::Failed { message }
                }
            },
            Err(message) => JobOutcome::Failed { message },
        };
        lock(&self.open).stops.remove(&self.job);
        self.tell(Update::Finished { job: self.job, outcome });
    }

    async fn make(&self, backend: &Backend, request: ApiRequest, how: How, now: Timestamp) -> Result<Recorded, String> {
        let begun = match how {
            How::Again(entry) => backend.begin_again(entry, request, now).await,
            How::New(expects) => backend.begin_expecting(request, expects, now).await,
        }
        .map_err(|error| error.to_string())?;
        if let Some(entry) = &begun.entry {
            self.tell(Update::Begun { job: self.job, entry: entry.id });
        }
        self.finish_or_stop(backend, &begun).await.map_err(|error| error.to_string())
    }

    async fn finish_or_stop(&self, backend: &Backend, begun: &Begun) -> Result<Recorded, StoreError> {
        let sent = Instant::now();
        let finish = backend.finish(begun);
        tokio::pin!(finish);
        tokio::select! {
            recorded = &mut finish => return recorded,
            () = self.stop.bell.notified() => {}
        }
        match backend.abandon(begun, sent).await? {
            Some(recorded) => Ok(recorded),
            // A local commit cannot be cancelled.
            None => finish.await,
        }
    }

    /// Keeps the call of an unknown outcome, so that it can be asked again with the same key while the program runs.
    fn remember(&self, recorded: &Recorded, backend: Backend, request: ApiRequest) {
        if let Some(entry) = recorded.entry.as_ref().filter(|entry| entry.status == Status::Unknown) {
            lock(&self.open).unknown.insert(entry.id, (backend, request));
        }
    }

    /// Tells what was committed, and then this.
    fn tell(&self, then: Update) {
        let _ = self.history.send(Question::Changed(Box::new(then)));
    }
}

/// What a call was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallKind {
    Create,
    Retrieve,
    Use,
}

impl CallKind {
    fn of(request: &ApiRequest) -> Self {
        if request.makes_token() {
            Self::Create
        } else if request.token_in_path().is_some() {
            Self::Retrieve
        } else {
            Self::Use
        }
    }
}

fn outcome_of(kind: CallKind, recorded: Recorded) -> JobOutcome {
    let refusal = recorded.exchange.outcome.as_ref().ok().and_then(Refusal::of).map(|refusal| {
        let number = recorded.exchange.request.param("card[number]").unwrap_or_default();
        (refusal, refusal.ready_alias(number).map(str::to_owned))
    });
    let is_answered = recorded.exchange.outcome.is_ok();
    let (param, message) = match &recorded.exchange.outcome {
        Ok(response) => {
            let body = response.json();
            let error = body.as_ref().and_then(ErrorView::of);
            let text = |text: Option<&str>| text.map(str::to_owned);
            (text(error.and_then(ErrorView::param)), text(error.and_then(ErrorView::message)))
        }
        Err(failure) => (None, Some(failure.message.clone())),
    };
    match (kind, recorded.entry) {
        (CallKind::Create, Some(entry)) => {
            JobOutcome::Created { entry: Box::new(entry), is_answered, param, message, refusal }
        }
        (CallKind::Create | CallKind::Retrieve, entry) => JobOutcome::Retrieved { entry, message },
        (CallKind::Use, entry) => {
            let judgement = entry.and_then(|entry| entry.judgement).map(|judgement| *judgement);
            let success = recorded.exchange.outcome.ok().filter(ApiResponse::is_success);
            let is_success = success.is_some();
            let made = success.and_then(|answer| answer.json());
            let made = made.and_then(|body| body["id"].as_str().map(str::to_owned));
            let nothing = || "The answer is a success without an object: whether the token was used is not known";
            let message = message.or_else(|| (is_success && made.is_none()).then(|| nothing().to_owned()));
            JobOutcome::TokenUsed { made, message, refusal: refusal.map(|(refusal, _)| refusal), judgement }
        }
    }
}
