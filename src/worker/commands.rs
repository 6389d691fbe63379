//! Where commands arrive: each is carried out at once, or becomes a task that tells its own end.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{MissedTickBehavior, interval},
};

use super::{
    config::WorkerConfig,
    edits::{self, EditRequest},
    files::{CheckedSettings, PersonalFiles},
    history::HistoryQuestion,
    in_flight::InFlight,
    key::with_keys,
    lookups::LookupQuestion,
    outbox::UpdateSender,
    readers::HistoryReaders,
    resolver::BackendResolver,
    run_views::RunViews,
    serving::ServerHandle,
};
use crate::{
    backend::{AdmissionRules, BackendTargets},
    domain::{
        clock::Clock,
        settings::{preferences::Settings, profile::ProfileId},
    },
    files::OwnFolders,
    jobs::{pace::CallPace, run_removal},
    keys::ApiKeys,
    messages::{SettingsEdit, WorkerCommand, WorkerUpdate},
    store::{Store, StoreError},
    webhooks::{ForwardTo, UnnamedEndpoint, WebhookConfig},
};

/// How often it is looked whether another window wrote the settings: one small file is read.
const LOOK_AT_FILES_EVERY: Duration = Duration::from_secs(1);

/// How often the rules of what is kept are followed, from the start on.
const FOLLOW_RULES_EVERY: Duration = Duration::from_hours(24);

/// By what the window's server lets calls in.
fn admission(settings: &Settings) -> AdmissionRules {
    AdmissionRules { policies: settings.policies, only: None, origins: settings.server.origins.clone() }
}

/// Where the window's server sends all events.
fn forwards(settings: &Settings) -> Vec<ForwardTo> {
    settings.server.forward_to.iter().cloned().map(ForwardTo::all).collect()
}

/// Carries out what the window asks for. It alone knows the settings in use.
pub(super) struct CommandHandler {
    pub(super) resolver: BackendResolver,
    pub(super) settings: Settings,
    pub(super) files: PersonalFiles,
    pub(super) own_folders: Arc<OwnFolders>,
    pub(super) clock: Clock,
    pub(super) history: HistoryReaders,
    edits: UnboundedSender<EditRequest>,
    pub(super) outbox: UpdateSender,
    pub(super) in_flight: InFlight,
    run_views: RunViews,
    pub(super) server: ServerHandle,
    /// Where the check of settings hands them back.
    pub(super) checked: (UnboundedSender<CheckedSettings>, UnboundedReceiver<CheckedSettings>),
}

impl CommandHandler {
    /// Must be called on the runtime.
    pub(super) fn new(config: WorkerConfig, store: Store, history: HistoryReaders, outbox: UpdateSender) -> Self {
        store.bound_log(config.settings.log);
        let edits = edits::start(store.clone(), config.clock.clone(), history.sender());
        let problems = outbox.clone();
        let targets = BackendTargets::new(store, None).telling(move |problem| problems.problem(&problem));
        let rules = admission(&config.settings);
        let heard = outbox.clone();
        let sending = WebhookConfig {
            origins: config.settings.server.webhook_origins.clone(),
            forwards: forwards(&config.settings),
            tell: Arc::new(move |UnnamedEndpoint { id, origin }| {
                heard.problem(&format!(
                    "Nothing is sent to the webhook endpoint {id}: name its origin, {origin}, in the dialog of the server, \
                     under Webhooks"
                ));
            }),
            ..WebhookConfig::new(config.clock.clone())
        };
        let server = ServerHandle::start(targets.clone(), config.clock.clone(), rules, sending, outbox.clone());
        let files = PersonalFiles::new(config.settings_file, config.layout_file, &config.settings, outbox.clone());
        Self {
            resolver: BackendResolver { targets, keys: Arc::new(config.keys), pace: CallPace::usual() },
            settings: config.settings,
            files,
            own_folders: Arc::new(config.own_folders),
            clock: config.clock,
            history,
            edits,
            outbox,
            in_flight: InFlight::default(),
            run_views: RunViews::default(),
            server,
            checked: unbounded_channel(),
        }
    }

    /// Works until the window closes.
    pub(super) async fn work(mut self, mut inbox: UnboundedReceiver<WorkerCommand>) {
        self.with_keys(self.settings.profiles.active().id, |_| ());
        if self.settings.server.serves {
            self.server.serve(Some(self.settings.server.port));
        }
        let mut look = interval(LOOK_AT_FILES_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut follow_rules = interval(FOLLOW_RULES_EVERY);
        follow_rules.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.carry_out(command),
                    None => break,
                },
                Some(checked) = self.checked.1.recv() => self.save_checked(checked),
                _ = follow_rules.tick() => self.follow_retention(),
                _ = look.tick(), if self.files.are_shared() => self.files.look_for_others(),
            }
        }
        // An export leaves nothing behind. Calls on their way stay in the journal, and are told as interrupted.
        self.in_flight.end();
        self.server.end().await;
    }

    fn carry_out(&mut self, command: WorkerCommand) {
        match command {
            WorkerCommand::Run { job, request } => self.run(job, request),
            WorkerCommand::Cancel { job } => self.in_flight.cancel(job),
            WorkerCommand::Edit(edit) => self.edit(EditRequest::Edit(edit)),
            WorkerCommand::RestoreLast => self.edit(EditRequest::RestoreLast),
            WorkerCommand::SetFilter { generation, filter } => {
                self.history.ask(HistoryQuestion::Filter { generation, filter });
            }
            WorkerCommand::SetRequestFilter { generation, filter } => self.history.filter_requests(generation, filter),
            WorkerCommand::LoadRows { ids } => self.history.look_up(LookupQuestion::Rows(ids)),
            WorkerCommand::LoadDetail { id } => self.history.look_up(LookupQuestion::Detail(id)),
            WorkerCommand::LoadPair { first, second } => self.history.look_up(LookupQuestion::Pair(first, second)),
            WorkerCommand::Copy { ids, form } => self.history.look_up(LookupQuestion::Copy(ids, form)),
            WorkerCommand::LoadExchange { id } => self.history.look_up(LookupQuestion::Exchange(id)),
            WorkerCommand::WatchLife { id } => self.history.look_up(LookupQuestion::WatchLife(id)),
            WorkerCommand::LoadRuns => self.run_views.load_runs(self.resolver.targets.store(), &self.outbox),
            WorkerCommand::LoadRun { id, against } => {
                self.run_views.load_run(self.resolver.targets.store(), &self.outbox, id, against);
            }
            WorkerCommand::RenameRun { id, name } => {
                let store = self.resolver.targets.store().clone();
                self.edit_runs(async move { store.rename_run(id, &name).await });
            }
            WorkerCommand::DeleteRun { id } => {
                let store = self.resolver.targets.store().clone();
                self.edit_runs(async move { run_removal::remove(&store, id).await });
            }
            WorkerCommand::PauseRun { job, is_paused } => self.in_flight.pause(job, is_paused),
            WorkerCommand::WatchWebhooks { is_watched: true } => self.watch_webhooks(),
            WorkerCommand::WatchWebhooks { is_watched: false } => {
                self.history.look_up(LookupQuestion::WatchEndpoints(None));
            }
            WorkerCommand::TellSecret { endpoint } => self.tell_secret(endpoint),
            WorkerCommand::Serve { port } => self.server.serve(port),
            WorkerCommand::SetFaults { rules } => self.server.set_faults(rules),
            WorkerCommand::ResetMinter => self.reset(),
            WorkerCommand::SaveLayout(layout) => self.files.save_layout(&layout),
            WorkerCommand::EditSettings(edit) => self.edit_settings(&edit),
            WorkerCommand::SaveLibrary { before, library } => self.files.save_library(before, library),
            WorkerCommand::SaveForm(form) => self.files.save_form(&form),
            WorkerCommand::LookAtKey(profile) => self.with_keys(profile, |_| ()),
            WorkerCommand::ForgetKey(profile) => self.with_keys(profile, move |keys| keys.forget(profile)),
        }
    }

    fn edit_settings(&mut self, edit: &SettingsEdit) {
        edit.apply(&mut self.settings);
        self.use_and_keep_settings();
    }

    /// Puts the settings into force where they are not read with each call, and keeps them; gives whether they are
    /// kept.
    pub(super) fn use_and_keep_settings(&mut self) -> bool {
        self.server.set_admission(admission(&self.settings));
        let origins = self.settings.server.webhook_origins.clone();
        self.server.set_receivers(origins, forwards(&self.settings));
        self.resolver.targets.store().bound_log(self.settings.log);
        self.files.save_settings(&self.settings)
    }

    fn edit(&self, request: EditRequest) {
        // The task ends with this handle only.
        let _ = self.edits.send(request);
    }

    /// Changes what is kept of runs, and tells which there are then.
    fn edit_runs(&self, edit: impl Future<Output = Result<(), StoreError>> + Send + 'static) {
        let (store, outbox) = (self.resolver.targets.store().clone(), self.outbox.clone());
        let views = self.run_views.clone();
        tokio::spawn(async move {
            if let Err(error) = edit.await {
                outbox.problem(&error);
            }
            views.load_runs(&store, &outbox);
        });
    }

    fn reset(&self) {
        let (reply, outbox) = (self.resolver.targets.store().reset(), self.outbox.clone());
        tokio::spawn(async move {
            match reply.await {
                Ok(objects) => outbox.send(WorkerUpdate::MinterReset { objects }),
                Err(error) => outbox.problem(&error),
            }
        });
    }

    pub(super) fn with_keys(&self, profile: ProfileId, work: impl FnOnce(&ApiKeys) + Send + 'static) {
        with_keys(&self.resolver.keys, &self.outbox, profile, work);
    }
}
