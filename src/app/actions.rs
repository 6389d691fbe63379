//! What the window does when a view or a key asks for it: most of it becomes a command to the background.

use std::borrow::Cow;

use egui::Context;

use super::{App, PickPurpose, apply_theme, job_table::CreationPurpose, selection::OnceLoaded, settings::zoom_by};
use crate::{
    domain::{
        call::{again::NotKept, api::Target, token_calls::TokenRequest},
        card::expiry::utc_day,
        evidence::EvidenceSubject,
        history::{
            edit::EntryEdit,
            entry::{EntryId, HistoryEntry},
            request_log::ExchangeId,
        },
        settings::file_format::CopyForm,
    },
    messages::{JobRequest, SettingsEdit, WorkerCommand},
    ui::{
        Action, MiddlePane, PaletteScope, ToastCause, UseKind,
        dialogs::{
            evidence::EvidenceState,
            export::ExportState,
            keep::KeepState,
            server::{AppliedFaults, ServerDialogState},
            use_token::UseTokenState,
        },
        layout::WindowPart,
        settings::SettingsState,
        shortcuts::{self, Shortcut},
        widgets::{Toast, Tone},
    },
};

impl App {
    fn edit(&mut self, edit: EntryEdit) {
        if let EntryEdit::Restore { ids } = &edit {
            self.views.toasts.settle(&ToastCause::Deletion(ids.clone()));
        }
        self.worker.send(WorkerCommand::Edit(edit));
    }

    fn copy_entries(&mut self, ids: Vec<EntryId>, form: CopyForm) {
        if ids.len() > CopyForm::MOST {
            let words = format!("Too many entries to copy. {}", Shortcut::Export.tip("Export them to a file instead"));
            return self.views.toasts.push(Toast::new(Tone::Error, words).cause(ToastCause::Clipboard));
        }
        self.worker.send(WorkerCommand::Copy { ids, form });
    }

    fn open_export(&mut self, among: Option<Vec<EntryId>>) {
        let is_filtered = !self.views.history.filter.is_everything();
        let form = self.settings.export.clone();
        let name = format!("testcard-{}.{}", self.zone.day(self.clock.now()), form.format.ending());
        let state = ExportState::new(self.paths.clone(), name, form, among, is_filtered);
        self.views.dialogs.export = Some(state);
    }

    fn open_evidence(&mut self, subject: EvidenceSubject) {
        let base = self.paths.clone();
        self.views.dialogs.evidence = match subject {
            EvidenceSubject::Entries(ids) => Some(EvidenceState::of_entries(base, ids)),
            EvidenceSubject::Run(id) => self.model.runs.record(id).map(|run| EvidenceState::of_run(base, run)),
        };
    }

    /// Sends the card of an entry to the other target.
    pub(super) fn same_elsewhere(&mut self, first: EntryId, target: Target, request: Result<TokenRequest, NotKept>) {
        match request {
            Ok(request) => {
                let detail = self.model.detail.as_ref().filter(|detail| detail.entry.id == first);
                let expects = detail.and_then(|detail| detail.entry.expects.as_deref().cloned());
                let job = self.start(JobRequest::CreateToken { request, target, expects });
                self.jobs.begin_creation(job, CreationPurpose::CompareWith(first));
            }
            Err(reason) => {
                let words = format!("Could not send the same card to {}. {reason}", target.place());
                self.views.toasts.push(Toast::new(Tone::Error, words));
            }
        }
    }

    /// Compares two entries in the inspector.
    pub(super) fn diff(&mut self, ctx: &Context, first: EntryId, second: EntryId) {
        self.views.pane = MiddlePane::History;
        if !self.inspector_is_shown(ctx) {
            self.fold_inspector(ctx);
        }
        self.views.inspector.open_diff(first, second);
        self.worker.send(WorkerCommand::LoadPair { first, second });
    }

    /// The keys of the window.
    pub(super) fn keys(&mut self, ctx: &Context, actions: &mut Vec<Action>) {
        let has_dialog = self.views.dialogs.is_any_open();
        actions.extend(shortcuts::pressed(ctx, has_dialog).into_iter().map(Action::Do));
    }

    /// Carries out what a shortcut stands for, pressed as keys or chosen in the command palette.
    fn carry_out(&mut self, ctx: &Context, shortcut: Shortcut) {
        match shortcut {
            Shortcut::Create => self.create(),
            Shortcut::ClearForm => self.views.form.clear(),
            Shortcut::Palette => self.open_palette(PaletteScope::Everything),
            Shortcut::Export => self.open_export(None),
            Shortcut::Import => self.open_import(),
            Shortcut::Settings => self.views.dialogs.settings = Some(SettingsState::new(&self.settings)),
            Shortcut::Server => {
                self.views.dialogs.server = Some(ServerDialogState::new(&self.settings, &self.faults));
                self.watch_webhooks();
            }
            Shortcut::Runs => self.open_runs(None),
            Shortcut::Keys => self.views.dialogs.keys_are_open = true,
            Shortcut::SwitchTarget => self.act(ctx, Action::SetTarget(self.settings.target().other())),
            Shortcut::Undo => self.worker.send(WorkerCommand::RestoreLast),
            Shortcut::Annotate => {
                self.views.pane = MiddlePane::History;
                let shown = self.model.detail.as_ref().map(|detail| &detail.entry);
                self.views.history.annotate(&self.model.history, shown);
            }
            Shortcut::SearchHistory if self.views.inspector.answer.has_focus(ctx) => {
                self.views.inspector.answer.focus_search();
            }
            Shortcut::SearchHistory if self.views.pane == MiddlePane::Requests => self.views.requests.focus_search(),
            Shortcut::SearchHistory => {
                self.views.pane = MiddlePane::History;
                self.views.history.focus_search();
            }
            Shortcut::CardNumber | Shortcut::GoForm => self.go_to(ctx, WindowPart::Form),
            Shortcut::GoHistory => self.go_to_list(ctx, MiddlePane::History),
            Shortcut::GoRequests => self.go_to_list(ctx, MiddlePane::Requests),
            Shortcut::GoInspector => self.go_to(ctx, WindowPart::Inspector),
            Shortcut::NextPane => self.go_round(ctx, 1),
            Shortcut::PreviousPane => self.go_round(ctx, 2),
            Shortcut::FoldForm => self.frame.layout.now.form_is_open = !self.frame.layout.now.form_is_open,
            Shortcut::FoldInspector => self.fold_inspector(ctx),
            Shortcut::ZoomIn => zoom_by(ctx, 1.0),
            Shortcut::ZoomOut => zoom_by(ctx, -1.0),
            Shortcut::ZoomReset => ctx.set_zoom_factor(1.0),
            Shortcut::Reuse | Shortcut::CopyId | Shortcut::CopyCurl | Shortcut::SameElsewhere | Shortcut::Diff => {
                if let Some(action) = self.about_shown(shortcut) {
                    self.act(ctx, action);
                }
            }
        }
    }

    /// What a shortcut does to the entry that is shown, or to those that are selected; `None` where there is none.
    fn about_shown(&self, shortcut: Shortcut) -> Option<Action> {
        if let (Shortcut::CopyCurl, MiddlePane::Requests) = (shortcut, self.views.pane) {
            return self.views.requests.selected.map(Action::CopyCallCurl);
        }
        if let (Shortcut::Diff, [older, newer]) = (shortcut, self.views.history.selected()) {
            return Some(Action::Diff(*older, *newer));
        }
        // Keys that come fast are about the entry that was gone to, though an earlier one may still be seen.
        let entry = self.entry(self.history.selection.wanted()?)?;
        match shortcut {
            Shortcut::Reuse => Some(Action::Reuse(entry.id)),
            Shortcut::CopyId => Some(Action::Copy { text: entry.token_id.clone()?, what: "Token id".to_owned() }),
            Shortcut::CopyCurl => Some(Action::CopyCurl(entry.id)),
            Shortcut::SameElsewhere => Some(Action::SameElsewhere(entry.id)),
            Shortcut::Diff => Some(Action::DiffWithPrevious(entry.id)),
            _ => None,
        }
    }

    /// What is known of an entry: in the list, or of the one that is loaded.
    fn entry(&self, id: EntryId) -> Option<&HistoryEntry> {
        let loaded = self.model.detail.as_ref().map(|detail| &detail.entry);
        self.model.history.row(id).or(loaded.filter(|entry| entry.id == id))
    }

    fn go_to_list(&mut self, ctx: &Context, pane: MiddlePane) {
        self.show_pane(pane);
        self.go_to(ctx, WindowPart::Middle);
    }

    /// Copies the call of an entry as a command for a shell, once it is loaded.
    fn copy_curl(&mut self, ctx: &Context, id: EntryId) {
        self.history.selection.once_loaded(id, OnceLoaded::CopyCurl);
        if !self.history.selection.wants(id) {
            self.select_without_scrolling(id);
        }
        self.use_loaded_detail(ctx);
    }

    /// Copies a call of the request log as a command for a shell, once it is loaded.
    fn copy_call_curl(&mut self, ctx: &Context, id: ExchangeId) {
        self.history.copied_once_loaded = Some(id);
        if self.model.exchange.as_ref().is_none_or(|(loaded, _)| *loaded != id) {
            self.worker.send(WorkerCommand::LoadExchange { id });
        }
        self.use_loaded_call(ctx);
    }

    /// Asks for the webhook endpoints by the settings of now, where they are shown.
    pub(super) fn watch_webhooks(&self) {
        if self.views.dialogs.server.is_some() {
            self.worker.send(WorkerCommand::WatchWebhooks { is_watched: true });
        }
    }

    /// Compares an entry with the one that was shown before it.
    fn diff_with_previous(&mut self, ctx: &Context, id: EntryId) {
        if !self.history.selection.wants(id) {
            self.select_without_scrolling(id);
        }
        if let Some(previous) = self.history.selection.previous().filter(|previous| *previous != id) {
            self.diff(ctx, previous, id);
        }
    }

    fn open_use(&mut self, id: EntryId, kind: UseKind) {
        let state = self.entry(id).and_then(|entry| UseTokenState::new(kind, entry, self.model.detail.as_deref()));
        self.views.dialogs.use_token = state;
    }

    pub(super) fn act(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::Do(shortcut) => self.carry_out(ctx, shortcut),
            Action::Reuse(id) => {
                self.history.selection.once_loaded(id, OnceLoaded::FillForm);
                self.select(id);
            }
            Action::Select(id) => self.select_without_scrolling(id),
            Action::Peek => self.frame.drawer_is_open = self.is_small(ctx),
            Action::Edit(edit) => {
                if let EntryEdit::Delete { ids } = &edit {
                    self.history.selection.forget(ids);
                }
                self.edit(edit);
            }
            Action::Diff(first, second) => self.diff(ctx, first, second),
            Action::DiffWithPrevious(id) => self.diff_with_previous(ctx, id),
            Action::CopyCurl(id) => self.copy_curl(ctx, id),
            Action::CopyEntries(ids, form) => self.copy_entries(ids, form),
            Action::CopyCallCurl(id) => self.copy_call_curl(ctx, id),
            Action::SameElsewhere(id) => {
                self.history.selection.once_loaded(id, OnceLoaded::SendElsewhere);
                self.load_detail(id);
            }
            Action::ShowPane(pane) => self.show_pane(pane),
            Action::SelectRequest(id) => {
                self.history.copied_once_loaded = None;
                self.worker.send(WorkerCommand::LoadExchange { id });
            }
            Action::OpenCall(id) => {
                // What the request log shows is the call that was loaded last.
                self.views.requests.select(id);
                self.act(ctx, Action::SelectRequest(id));
            }
            Action::WatchLife(id) => self.worker.send(WorkerCommand::WatchLife { id }),
            Action::ShowEntry(id) => {
                self.views.pane = MiddlePane::History;
                self.select(id);
            }
            Action::LoadRows(ids) => self.worker.send(WorkerCommand::LoadRows { ids }),
            Action::Filter => self.set_filter(),
            Action::FilterRequests => self.filter_requests(),
            Action::Retrieve(id) => self.retrieve(id),
            Action::OpenUse(id, kind) => self.open_use(id, kind),
            Action::Run(request) => {
                self.start(request);
            }
            Action::OpenRunOf(entries) => self.open_run_of(entries),
            Action::ShowRun(id) => self.open_runs(Some(id)),
            Action::LoadRun(id) => self.load_run(id),
            Action::RenameRun { id, name } => self.worker.send(WorkerCommand::RenameRun { id, name }),
            Action::DeleteRun(id) => self.worker.send(WorkerCommand::DeleteRun { id }),
            Action::PauseRun { job, is_paused } => self.worker.send(WorkerCommand::PauseRun { job, is_paused }),
            Action::ShowRunEntries { run, entry } => self.show_run_entries(run, entry),
            Action::CancelEntry(id) => {
                if let Some(job) = self.model.job_of(id) {
                    self.worker.send(WorkerCommand::Cancel { job });
                }
            }
            Action::Cancel(job) => self.worker.send(WorkerCommand::Cancel { job }),
            Action::Copy { text, what } => {
                ctx.copy_text(text);
                self.act(ctx, Action::TellCopied(what));
            }
            Action::TellCopied(what) => {
                let toast = Toast::new(Tone::Ok, format!("{what} copied"));
                self.views.toasts.push(toast.cause(ToastCause::Clipboard));
            }
            Action::SetTarget(target) => {
                self.edit_settings(SettingsEdit::Target(target));
            }
            Action::SetProfile(id) => {
                self.edit_settings(SettingsEdit::Profile(id));
                self.worker.send(WorkerCommand::LookAtKey(id));
            }
            Action::SetTheme(theme) => {
                apply_theme(ctx, theme);
                self.edit_settings(SettingsEdit::Theme(theme));
            }
            Action::EnterKey => self.views.dialogs.settings = Some(SettingsState::at_key(&self.settings)),
            Action::OpenExportOf(ids) => self.open_export(Some(ids)),
            Action::OpenKeep => self.views.dialogs.keep = Some(KeepState::new(&self.settings)),
            Action::SetRetention(retention) => self.edit_settings(SettingsEdit::Retention(retention)),
            Action::OpenEvidence(subject) => self.open_evidence(subject),
            Action::Serve(port) => {
                self.edit_settings(SettingsEdit::Serve(port));
                self.worker.send(WorkerCommand::Serve { port });
            }
            Action::SetOrigins(origins) => self.edit_settings(SettingsEdit::Origins(origins)),
            Action::SetWebhookOrigins(origins) => {
                self.edit_settings(SettingsEdit::WebhookOrigins(origins));
                self.watch_webhooks();
            }
            Action::SetForwardTo(urls) => {
                self.edit_settings(SettingsEdit::ForwardTo(urls));
                self.watch_webhooks();
            }
            Action::TellSecret(endpoint) => self.worker.send(WorkerCommand::TellSecret { endpoint }),
            Action::SetFaults { text, rules } => {
                self.worker.send(WorkerCommand::SetFaults { rules: rules.clone() });
                self.faults = AppliedFaults { text, rules };
            }
            Action::ResetMinter => self.worker.send(WorkerCommand::ResetMinter),
            Action::Browse => self.browse(ctx),
            Action::Look(subject) => self.look(subject),
            Action::PasteCall => self.paste.ask(ctx),
            Action::FillForm(draft) => self.fill_form(*draft),
            Action::LookAtKey(profile) => self.worker.send(WorkerCommand::LookAtKey(profile)),
            Action::ForgetKey(profile) => self.worker.send(WorkerCommand::ForgetKey(profile)),
            Action::Preset(action) => self.act_on_presets(action),
            Action::BringFormBack => self.bring_form_back(),
            Action::DropExpectation => self.views.form.expect(None),
            Action::OpenPalette(scope) => self.open_palette(scope),
        }
    }

    pub(super) fn create(&mut self) {
        // Nothing that was typed goes away: what is sent has it.
        self.views.form.note_sent();
        // What is sent stands in the form from now on, so that the answer is about what is seen.
        if let Cow::Owned(draft) = self.settings.form.sent(self.views.form.draft(), utc_day(self.clock.now())) {
            let expects = self.views.form.expectation();
            self.views.form.take(draft);
            self.views.form.expect(expects);
        }
        let request = self.views.form.draft().to_request();
        let expects = self.views.form.expectation();
        let purpose = CreationPurpose::Form(Box::new(request.clone()));
        let job = self.start(JobRequest::CreateToken { request, target: self.settings.target(), expects });
        self.jobs.begin_creation(job, purpose);
    }

    fn retrieve(&mut self, id: EntryId) {
        let Some(entry) = self.entry(id) else { return };
        let (target, profile, token) = (entry.target, entry.profile, entry.token_id.clone());
        if let Some(token) = token {
            self.start(JobRequest::Retrieve { entry: id, token, target, profile });
        }
    }

    /// Opens the desktop's file dialog: where the export goes to, or from where something is taken in.
    fn browse(&mut self, ctx: &Context) {
        if self.views.dialogs.import.is_some() {
            let folder = self.paths.folder.clone();
            self.file_dialog.open(ctx, PickPurpose::Open { folder });
        } else if let Some(export) = &self.views.dialogs.export {
            self.file_dialog.open_to_save(ctx, &export.offered_path());
        }
    }
}
