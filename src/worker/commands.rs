//! Where commands arrive: each is carried out at once, or becomes a task that tells its own end.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{MissedTickBehavior, interval},
};

use super::{
    call::{CallPurpose, CallRoute, CallTask},
    config::Config,
    export::ExportTask,
    files::{PersonalFiles, check_certificates, new_certificates},
    history::HistoryQuestion,
    in_flight::InFlight,
    key::{KeyCheckTask, with_keys},
    lookups::LookupQuestion,
    outbox::UpdateSender,
    readers::HistoryReaders,
    refresh::RefreshTask,
    resolver::{BackendResolver, Destination},
    serving::ServerHandle,
};
use crate::{
    backend::{Targets, new_idempotency_key},
    domain::{
        call::api::{ApiRequest, Target},
        card::expiry::utc_day,
        clock::Clock,
        history::{edit::Edit, filter::HistoryFilter},
        key::ApiKey,
        settings::{preferences::Settings, profile::ProfileId, stripe::StripeSettings},
    },
    files::OwnFolders,
    keys::Keys,
    messages::{
        Command, JobId, JobOutcome, JobRequest, RefreshScope, SavedSettings, SettingsEdit, SettingsFault, Update,
    },
    store::{Store, StoreError},
};

const NO_PROFILE: &str = "The profile that this token was made with is gone, and its key with it";

/// So many entries are edited in one commit: the calls of a server that runs wait for no more.
const MOST_EDITED: usize = 500;

/// How often it is looked whether another window wrote the settings: one small file is read.
const LOOK_AT_FILES_EVERY: Duration = Duration::from_secs(1);

/// Settings that a job is to save, once the files that they name were looked at.
struct CheckedSettings {
    job: JobId,
    settings: Box<Settings>,
    keys: Vec<(ProfileId, ApiKey)>,
    checked: Result<(), SettingsFault>,
}

/// Carries out what the window asks for. It alone knows the settings in use.
pub(super) struct CommandHandler {
    resolver: BackendResolver,
    settings: Settings,
    files: PersonalFiles,
    own_folders: Arc<OwnFolders>,
    clock: Clock,
    history: HistoryReaders,
    outbox: UpdateSender,
    in_flight: InFlight,
    server: ServerHandle,
    /// Where the check of settings hands them back.
    checked: (UnboundedSender<CheckedSettings>, UnboundedReceiver<CheckedSettings>),
}

impl CommandHandler {
    /// Must be called on the runtime.
    pub(super) fn new(config: Config, store: Store, history: HistoryReaders, outbox: UpdateSender) -> Self {
        store.bound_log(config.settings.log);
        let problems = outbox.clone();
        let targets = Targets::new(store, None).telling(move |problem| problems.problem(&problem));
        let server =
            ServerHandle::start(targets.clone(), config.clock.clone(), config.settings.policies, outbox.clone());
        let files = PersonalFiles::new(config.settings_file, config.layout_file, &config.settings, outbox.clone());
        Self {
            resolver: BackendResolver { targets, keys: Arc::new(config.keys) },
            settings: config.settings,
            files,
            own_folders: Arc::new(config.own_folders),
            clock: config.clock,
            history,
            outbox,
            in_flight: InFlight::default(),
            server,
            checked: unbounded_channel(),
        }
    }

    /// Works until the window closes.
    pub(super) async fn work(mut self, mut inbox: UnboundedReceiver<Command>) {
        self.with_keys(self.settings.profiles.active().id, |_| ());
        if self.settings.server.serves {
            self.server.serve(Some(self.settings.server.port));
        }
        let mut look = interval(LOOK_AT_FILES_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.carry_out(command),
                    None => break,
                },
                Some(checked) = self.checked.1.recv() => self.save_checked(checked),
                _ = look.tick(), if self.files.are_shared() => self.files.look_for_others(),
            }
        }
        // An export leaves nothing behind. Calls on their way stay in the journal, and are told as interrupted.
        self.in_flight.end();
        self.server.end().await;
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Run { job, request } => self.run(job, request),
            Command::Cancel { job } => self.in_flight.cancel(job),
            Command::Edit(edit) => self.edit(edit),
            Command::SetFilter { generation, filter } => {
                self.history.ask(HistoryQuestion::Filter { generation, filter });
            }
            Command::LoadRows { ids } => self.history.look_up(LookupQuestion::Rows(ids)),
            Command::LoadDetail { id } => self.history.look_up(LookupQuestion::Detail(id)),
            Command::LoadPair { first, second } => self.history.look_up(LookupQuestion::Pair(first, second)),
            Command::LoadExchange { id } => self.history.look_up(LookupQuestion::Exchange(id)),
            Command::Serve { port } => self.server.serve(port),
            Command::SetFaults { rules } => self.server.set_faults(rules),
            Command::ResetMinter => self.reset(),
            Command::SaveLayout(layout) => self.files.save_layout(&layout),
            Command::EditSettings(edit) => self.edit_settings(&edit),
            Command::SaveLibrary { before, library } => self.files.save_library(before, library),
            Command::SaveForm(form) => self.files.save_form(&form),
            Command::LookAtKey(profile) => self.with_keys(profile, |_| ()),
            Command::ForgetKey(profile) => self.with_keys(profile, move |keys| keys.forget(profile)),
        }
    }

    fn run(&mut self, job: JobId, request: JobRequest) {
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
            JobRequest::Refresh(scope) => self.refresh(job, scope),
            JobRequest::Export { path, filter, overwrite } => self.export(job, path, filter, overwrite),
            JobRequest::SaveSettings { settings, keys } => self.check_settings(job, settings, keys),
            JobRequest::CheckKey { profile, settings, key } => self.check_key(job, profile, *settings, key),
        }
    }

    fn tell_end(&self, job: JobId, outcome: JobOutcome) {
        self.outbox.send(Update::Finished { job, outcome });
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

    fn export(&self, job: JobId, path: PathBuf, filter: HistoryFilter, overwrite: bool) {
        let task = ExportTask {
            job: self.in_flight.begin_until_end(job),
            store: self.resolver.targets.store().clone(),
            own_folders: Arc::clone(&self.own_folders),
            outbox: self.outbox.clone(),
        };
        tokio::task::spawn_blocking(move || task.run(path, &filter, overwrite));
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

    fn save_checked(&mut self, CheckedSettings { job, settings, keys, checked }: CheckedSettings) {
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

    fn edit_settings(&mut self, edit: &SettingsEdit) {
        edit.apply(&mut self.settings);
        self.use_and_keep_settings();
    }

    /// Puts the settings into force where they are not read with each call, and keeps them; gives whether they are kept.
    fn use_and_keep_settings(&mut self) -> bool {
        self.server.set_policies(self.settings.policies);
        self.resolver.targets.store().bound_log(self.settings.log);
        self.files.save_settings(&self.settings)
    }

    /// Carries an edit out piece by piece. What the pieces before a failed one did stays done; what they hid is told as
    /// deleted, so that it has its way back, before the failure is.
    fn edit(&self, edit: Edit) {
        let (store, now) = (self.resolver.targets.store().clone(), self.clock.now());
        let history = self.history.sender();
        tokio::spawn(async move {
            let tell = |edit: Edit, outcome: Result<u64, StoreError>| {
                let edited = Update::Edited { edit, outcome: outcome.map_err(|error| error.to_string()) };
                let _ = history.send(HistoryQuestion::Changed(Box::new(edited)));
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
        let (reply, outbox) = (self.resolver.targets.store().reset(), self.outbox.clone());
        tokio::spawn(async move {
            match reply.await {
                Ok(objects) => outbox.send(Update::MinterReset { objects }),
                Err(error) => outbox.problem(&error),
            }
        });
    }

    fn with_keys(&self, profile: ProfileId, work: impl FnOnce(&Keys) + Send + 'static) {
        with_keys(&self.resolver.keys, &self.outbox, profile, work);
    }
}
