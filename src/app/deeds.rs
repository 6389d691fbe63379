//! What the window does when a view or a key asks for it: most of it becomes a command to the background.

use std::{path::Path, sync::mpsc, time::Instant};

use egui::Context;

use super::{App, Running, apply_theme, code_context};
use crate::{
    domain::{
        call::{again::NotKept, api::Target, token_calls::TokenRequest},
        card::expiry::utc_day,
        form::draft::Draft,
        history::{edit::Edit, entry::EntryId},
        key::ApiKey,
        settings::{
            preferences::{ServerSettings, Settings},
            profile::ProfileId,
        },
    },
    messages::{Command, Refreshed},
    ui::{
        Action, PaletteScope, Pane, UseKind, code,
        dialogs::{
            export::ExportState,
            server::{AppliedFaults, ServerState},
            use_token::UseState,
        },
        layout::Part,
        settings::SettingsState,
        shortcuts::{self, Deed},
        widgets::{Toast, Tone},
    },
};

impl App {
    fn edit(&mut self, edit: Edit) {
        if let Edit::Restore { ids } = &edit {
            self.panels.deleted.retain(|deleted| deleted != ids);
            self.panels.toasts.withdraw(|action| *action == Action::Edit(edit.clone()));
        }
        self.worker.send(Command::Edit(edit));
    }

    fn undo(&mut self) {
        match self.panels.deleted.last().cloned() {
            Some(ids) => self.edit(Edit::Restore { ids }),
            None => self.panels.toasts.push(Toast::new(Tone::Info, "Nothing was deleted that could come back")),
        }
    }

    fn refresh(&mut self, which: Refreshed) {
        let job = self.jobs.start(Running::Refresh);
        self.worker.send(Command::Refresh { job, which });
    }

    fn open_export(&mut self, among: Option<Vec<EntryId>>) {
        let path = self.export_folder.join(self.export_name());
        let is_filtered = !self.panels.history.filter.is_everything();
        let mut state = ExportState::new(&path, is_filtered);
        state.among = among;
        self.panels.dialogs.export = Some(state);
    }

    /// Sends the card of an entry to the other target.
    pub(super) fn same_elsewhere(&mut self, first: EntryId, target: Target, request: Result<TokenRequest, NotKept>) {
        match request {
            Ok(request) => {
                let job = self.jobs.start(Running::SameElsewhere(first));
                let first = self.model.detail.as_ref().filter(|detail| detail.entry.id == first);
                let expects = first.and_then(|detail| detail.entry.expects.as_deref().cloned());
                self.worker.send(Command::CreateToken { job, request, target, expects });
            }
            Err(reason) => {
                let words = format!("Could not send the same card to {}. {reason}", target.place());
                self.panels.toasts.push(Toast::new(Tone::Error, words));
            }
        }
    }

    /// Compares two entries in the inspector.
    pub(super) fn diff(&mut self, ctx: &Context, first: EntryId, second: EntryId) {
        self.panels.pane = Pane::History;
        if !self.inspector_is_shown(ctx) {
            self.fold_inspector(ctx);
        }
        self.panels.inspector.open_diff(first, second);
        self.worker.send(Command::LoadPair { first, second });
    }

    /// The keys of the window. While a dialog is open they belong to it.
    pub(super) fn keys(&mut self, ctx: &Context, actions: &mut Vec<Action>) {
        if !self.panels.dialogs.is_any_open() {
            actions.extend(shortcuts::pressed(ctx).into_iter().map(Action::Do));
        }
    }

    /// What a key does, and the command palette under the same name.
    fn carry_out(&mut self, ctx: &Context, deed: Deed) {
        let detail = self.model.detail.as_ref().map(|detail| &detail.entry);
        let action = match deed {
            Deed::Create => Some(Action::Create),
            Deed::Palette => Some(Action::OpenPalette(PaletteScope::Everything)),
            Deed::ClearForm => Some(Action::ClearForm),
            Deed::Reuse => detail.map(|entry| Action::Reuse(entry.id)),
            Deed::CopyId => detail
                .and_then(|entry| entry.token_id.clone())
                .map(|text| Action::Copy { text, what: "Token id".to_owned() }),
            Deed::CopyCurl => self.copy_as_curl(),
            Deed::SameElsewhere => detail.map(|entry| Action::SameElsewhere(entry.id)),
            Deed::Diff => match self.panels.history.selected() {
                [older, newer] => Some(Action::Diff(*older, *newer)),
                _ => self.panels.before.zip(detail).map(|(before, entry)| Action::Diff(before, entry.id)),
            },
            Deed::Export => Some(Action::OpenExport),
            Deed::Settings => Some(Action::OpenSettings),
            Deed::Server => Some(Action::OpenServer),
            Deed::SwitchTarget => Some(Action::SetTarget(match self.settings.target() {
                Target::Local => Target::Stripe,
                Target::Stripe => Target::Local,
            })),
            Deed::Undo => Some(Action::Undo),
            Deed::Annotate => {
                self.panels.pane = Pane::History;
                let shown = self.model.detail.as_ref().map(|detail| &detail.entry);
                self.panels.history.annotate(&self.model.history, shown);
                None
            }
            Deed::CardNumber | Deed::GoForm => {
                self.go_to(ctx, Part::Form);
                None
            }
            Deed::SearchHistory if self.panels.inspector.answer.has_focus(ctx) => {
                self.panels.inspector.answer.focus_search();
                None
            }
            Deed::SearchHistory => {
                self.panels.pane = Pane::History;
                self.panels.history.focus_search();
                None
            }
            Deed::GoHistory | Deed::GoRequests => {
                self.show_pane(if deed == Deed::GoHistory { Pane::History } else { Pane::Requests });
                self.go_to(ctx, Part::Middle);
                None
            }
            Deed::GoInspector => {
                self.go_to(ctx, Part::Inspector);
                None
            }
            Deed::NextPane => {
                self.go_round(ctx, 1);
                None
            }
            Deed::PreviousPane => {
                self.go_round(ctx, 2);
                None
            }
            Deed::FoldForm => {
                self.layout.now.form_is_open = !self.layout.now.form_is_open;
                None
            }
            Deed::FoldInspector => {
                self.fold_inspector(ctx);
                None
            }
            Deed::Keys => {
                self.panels.dialogs.keys_are_open = true;
                None
            }
        };
        if let Some(action) = action {
            self.act(ctx, action);
        }
    }

    /// The call that the inspector shows, as a command for a shell.
    fn copy_as_curl(&self) -> Option<Action> {
        let (call, target) = match self.panels.pane {
            Pane::History => self.model.detail.as_ref().map(|detail| ((&**detail).into(), detail.entry.target))?,
            Pane::Requests => self.model.exchange.as_ref().map(|(_, made)| ((&**made).into(), made.target))?,
        };
        let context = code_context(&self.model, &self.settings, self.panels.pane);
        Some(Action::Copy { text: code::as_curl(call, target, &context), what: "cURL code".to_owned() })
    }

    fn open_use(&mut self, id: EntryId, kind: UseKind) {
        let detail = self.model.detail.as_deref();
        let entry = self.model.history.row(id).or(detail.map(|detail| &detail.entry)).filter(|entry| entry.id == id);
        self.panels.dialogs.use_token = entry.and_then(|entry| UseState::new(kind, entry, detail));
    }

    pub(super) fn act(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::Do(deed) => self.carry_out(ctx, deed),
            Action::Create => self.create(),
            Action::ClearForm => self.panels.form.clear(),
            Action::Reuse(id) => {
                self.panels.reuse = Some(id);
                self.select(id);
            }
            Action::Select(id) => self.select_without_scrolling(id),
            Action::Open => self.go_to(ctx, Part::Inspector),
            Action::Peek => self.panels.drawer_is_open = self.is_small(ctx),
            Action::Undo => self.undo(),
            Action::Edit(edit) => {
                // What is gone is compared with nothing.
                if let Edit::Delete { ids } = &edit
                    && self.panels.before.is_some_and(|before| ids.contains(&before))
                {
                    self.panels.before = None;
                }
                self.edit(edit);
            }
            Action::Diff(first, second) => self.diff(ctx, first, second),
            Action::SameElsewhere(id) => {
                self.panels.elsewhere = Some(id);
                self.load_detail(id);
            }
            Action::ShowPane(pane) => self.show_pane(pane),
            Action::SelectRequest(id) => self.worker.send(Command::LoadExchange { id }),
            Action::ShowEntry(id) => {
                self.panels.pane = Pane::History;
                self.select(id);
            }
            Action::LoadRows(ids) => self.worker.send(Command::LoadRows { ids }),
            Action::Filter => self.set_filter(),
            Action::Retrieve(id) => self.retrieve(id),
            Action::OpenUse(id, kind) => self.open_use(id, kind),
            Action::UseToken { call, target, profile } => {
                let job = self.jobs.start(Running::UseToken);
                self.worker.send(Command::UseToken { job, call, target, profile });
            }
            Action::RefreshAll(target) => self.refresh(Refreshed::AllUnused(target)),
            Action::Refresh(ids) => self.refresh(Refreshed::These(ids)),
            Action::AskAgain(entry) => {
                let job = self.jobs.start(Running::AskAgain);
                self.worker.send(Command::AskAgain { job, entry });
            }
            Action::CancelEntry(id) => {
                if let Some(job) = self.model.job_of(id) {
                    self.worker.send(Command::Cancel { job });
                }
            }
            Action::Cancel(job) => self.worker.send(Command::Cancel { job }),
            Action::Copy { text, what } => {
                ctx.copy_text(text);
                self.act(ctx, Action::TellCopied(what));
            }
            Action::TellCopied(what) => self.panels.toasts.push(Toast::new(Tone::Ok, format!("{what} copied"))),
            Action::SetTarget(target) => {
                self.change_settings(|settings| settings.profiles.active_mut().target = target);
            }
            Action::SetProfile(id) => {
                self.change_settings(|settings| settings.profiles.activate(id));
                self.worker.send(Command::LookAtKey(id));
            }
            Action::SetTheme(theme) => {
                apply_theme(ctx, theme);
                self.change_settings(|settings| settings.window.theme = theme);
            }
            Action::EnterKey => self.panels.dialogs.settings = Some(SettingsState::at_key(&self.settings)),
            Action::OpenSettings => self.panels.dialogs.settings = Some(SettingsState::new(&self.settings)),
            Action::OpenExport => self.open_export(None),
            Action::OpenExportOf(ids) => self.open_export(Some(ids)),
            Action::OpenServer => {
                self.panels.dialogs.server = Some(ServerState::new(&self.settings, &self.faults));
            }
            Action::Serve(port) => {
                let kept = port.unwrap_or(self.settings.server.port);
                self.change_settings(|settings| {
                    settings.server = ServerSettings { serves: port.is_some(), port: kept };
                });
                self.worker.send(Command::Serve { port });
            }
            Action::SetFaults { text, rules } => {
                self.worker.send(Command::SetFaults { rules: rules.clone() });
                self.faults = AppliedFaults { text, rules };
            }
            Action::ResetMinter => self.worker.send(Command::ResetMinter),
            Action::Browse => self.browse(ctx),
            Action::Export { path, filter, overwrite } => {
                let job = self.jobs.start(Running::Export);
                if let Some(export) = &mut self.panels.dialogs.export {
                    export.job = Some(job);
                }
                self.worker.send(Command::Export { job, path, filter, overwrite });
            }
            Action::TakeSettings { settings, keys } => self.check_settings(ctx, settings, keys),
            Action::LookAtKey(profile) => self.worker.send(Command::LookAtKey(profile)),
            Action::ForgetKey(profile) => self.worker.send(Command::ForgetKey(profile)),
            Action::CheckKey { profile, settings, key } => {
                let job = self.jobs.start(Running::CheckKey(profile));
                if let Some(dialog) = &mut self.panels.dialogs.settings {
                    dialog.begin_check(job);
                }
                self.worker.send(Command::CheckKey { job, profile, settings, key });
            }
            Action::Preset(action) => self.act_on_presets(action),
            Action::DropExpectation => self.panels.form.expect(None),
            Action::OpenPalette(scope) => self.open_palette(scope),
        }
    }

    pub(super) fn create(&mut self) {
        // An empty form stands for the card that always works: the empty history says so.
        if *self.panels.form.draft() == Draft::default()
            && let Some(card) = crate::domain::card::test_cards::by_number("4242424242424242")
        {
            let mut draft = Draft::default();
            self.settings.form.take_test_card(&mut draft, card, utc_day(self.clock.now()));
            self.panels.form.take(draft);
        }
        let request = self.panels.form.draft().to_request();
        let expects = self.panels.form.expectation();
        let job = self.jobs.start(Running::Create(request.clone()));
        self.worker.send(Command::CreateToken { job, request, target: self.settings.target(), expects });
    }

    fn retrieve(&mut self, id: EntryId) {
        let entry = self.model.history.row(id).or(self.model.detail.as_ref().map(|detail| &detail.entry));
        let Some(entry) = entry.filter(|entry| entry.id == id) else { return };
        let (target, profile, token) = (entry.target, entry.profile, entry.token_id.clone());
        if let Some(token) = token {
            let job = self.jobs.start(Running::Retrieve(id));
            self.worker.send(Command::Retrieve { job, entry: id, token, target, profile });
        }
    }

    /// Takes settings as they come from their dialog, once the files that are new in them were looked at.
    fn check_settings(&mut self, ctx: &Context, settings: Box<Settings>, keys: Vec<(ProfileId, ApiKey)>) {
        let known = &self.settings.profiles;
        let file_of = |id| known.get(id).map(|profile| profile.stripe.ca_file.as_str()).unwrap_or_default();
        let files: Vec<(ProfileId, String)> = settings
            .profiles
            .iter()
            .filter(|profile| profile.stripe.ca_file != file_of(profile.id))
            .map(|profile| (profile.id, profile.stripe.ca_file.clone()))
            .collect();
        if files.is_empty() {
            return self.take_settings(ctx, *settings, keys);
        }
        let job = self.jobs.start(Running::CheckSettings { settings, keys });
        self.worker.send(Command::CheckCertificates { job, files });
    }

    pub(super) fn take_settings(&mut self, ctx: &Context, settings: Settings, keys: Vec<(ProfileId, ApiKey)>) {
        apply_theme(ctx, settings.window.theme);
        ctx.set_zoom_factor(settings.window.zoom);
        for profile in self.settings.profiles.iter().filter(|known| settings.profiles.get(known.id).is_none()) {
            self.worker.send(Command::ForgetKey(profile.id));
        }
        self.change_settings(|known| *known = settings);
        for (profile, key) in keys {
            self.worker.send(Command::SetKey { profile, key });
        }
        self.worker.send(Command::LookAtKey(self.settings.profiles.active().id));
        self.panels.dialogs.settings = None;
        self.stop_checks();
        self.panels.toasts.push(Toast::new(Tone::Ok, "Settings saved"));
    }

    /// What the closed settings asked for is not waited for any more.
    pub(super) fn stop_checks(&self) {
        for (job, running) in &self.jobs.running {
            if matches!(running, Running::CheckKey(_)) {
                self.worker.send(Command::Cancel { job: *job });
            }
        }
    }

    /// Changes something that is kept.
    pub(super) fn change_settings(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.worker.send(Command::SaveSettings(self.settings.clone()));
    }

    fn export_name(&self) -> String {
        format!("testcard-{}.json", utc_day(self.clock.now()))
    }

    /// Opens the desktop's file dialog: made here, awaited on a thread of its own, so that no frame waits.
    fn browse(&mut self, ctx: &Context) {
        let dialogs = &mut self.panels.dialogs;
        let Some(export) = dialogs.export.as_ref().filter(|_| dialogs.picking.is_none()) else { return };
        let path = Path::new(&export.path);
        let folder = path.parent().map_or_else(|| self.export_folder.clone(), Path::to_owned);
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let asked = (self.picker)(folder, name);
        let (sender, picking) = mpsc::channel();
        let wake = ctx.clone();
        let started = Instant::now();
        let thread = std::thread::Builder::new().name("file dialog".to_owned()).spawn(move || {
            let path = pollster::block_on(asked);
            if sender.send((path, started.elapsed())).is_ok() {
                wake.request_repaint();
            }
        });
        // Without a thread the dialog counts as one that is not there.
        if thread.is_ok() {
            dialogs.picking = Some(picking);
        }
    }
}
