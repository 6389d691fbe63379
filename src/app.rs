//! The window as a whole: ties the background to the views, and carries out what the views ask for.

mod presets;

use std::{
    collections::HashMap,
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use egui::{Context, ThemePreference, Ui};
use jiff::Timestamp;

use self::presets::Shelf;
use crate::{
    domain::{
        api::Target,
        clock::Clock,
        draft::Draft,
        edit::Edit,
        entry::{Entry, EntryId, Status},
        expiry::utc_day,
        kept_draft::KeptForm,
        key::ApiKey,
        key_check::KeyCheck,
        layout::Layout,
        library::Library,
        params::TokenRequest,
        profile::{Profile, ProfileId},
        resend::{NotKept, request_again},
        rules::FormField,
        settings::{ServerSettings, Settings, ThemeChoice},
    },
    messages::{Command, JobId, JobOutcome, Refreshed, Update},
    model::{Model, Notice, Storage},
    ui::{
        Action, Pane, UseKind,
        bars::{self, BarContext},
        code::{self, CodeContext},
        export::{self, ExportContext, ExportState},
        form::{self, Complaint, FormContext, FormState},
        history::{self, HistoryContext, HistoryState, Refreshing},
        icons,
        inspector::{self, InspectorState, Subject},
        keys,
        layout::{self, Dock, Grows, KeptLayout, Part, Parts},
        palette::{self, PaletteContext, PaletteState, Scope},
        preset::{self, PresetState},
        requests::{self, RequestsContext, RequestsState},
        server::{self, AppliedFaults, ServerContext, ServerState},
        settings::{self, SettingsContext, SettingsState},
        shortcuts::{self, Deed},
        theme,
        use_token::{self, UseState},
        widgets::{IconButton, Toast, Toasts, Tone, chip::grouped},
        words,
    },
    worker::{Config, Worker},
};

pub use crate::ui::settings::FilePlace;

/// Asks the desktop for a file: the suggested folder and name in, a path or nothing out.
pub type Picker = Box<dyn Fn(PathBuf, String) -> PickedFile>;
/// What the desktop's dialog gives, when it is closed.
pub type PickedFile = Pin<Box<dyn Future<Output = Option<PathBuf>> + Send>>;

/// An answer that comes faster than a person can see a dialog: there was none.
const FASTER_THAN_A_PERSON: Duration = Duration::from_millis(150);

const PASSES_UNTIL_FOCUS: u8 = 4;

/// The desktop's own dialog. Without a portal and without zenity there is none, and the answer is "nothing" at once.
pub fn desktop_picker() -> Picker {
    Box::new(|folder, name| {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Export as JSON")
            .set_directory(folder)
            .set_file_name(name)
            .add_filter("JSON", &["json"]);
        let asked = dialog.save_file();
        Box::pin(async move { asked.await.map(|file| file.path().to_owned()) })
    })
}

/// What a job of this window is about.
#[derive(Clone, Debug, PartialEq)]
enum Running {
    /// The form's draft was sent, as this request.
    Create(TokenRequest),
    Retrieve(EntryId),
    AskAgain,
    /// The card of this entry was sent to the other target.
    SameElsewhere(EntryId),
    UseToken,
    Refresh,
    Export,
    /// The settings are taken when their files are good.
    CheckSettings {
        settings: Box<Settings>,
        keys: Vec<(ProfileId, ApiKey)>,
    },
    CheckKey(ProfileId),
}

/// The answer of the desktop's file dialog, and how long it took.
type Picked = (Option<PathBuf>, Duration);

/// The dialogs that lie over the window.
#[derive(Default)]
struct Dialogs {
    palette: Option<PaletteState>,
    /// One of the user's own presets, or the form as one.
    preset: Option<PresetState>,
    settings: Option<SettingsState>,
    export: Option<ExportState>,
    use_token: Option<UseState>,
    server: Option<ServerState>,
    /// The list of keys.
    keys_are_open: bool,
    /// The desktop's file dialog is open.
    picking: Option<mpsc::Receiver<Picked>>,
}

impl Dialogs {
    fn is_any_open(&self) -> bool {
        let is_about_presets = self.palette.is_some() || self.preset.is_some();
        let is_about_tokens = is_about_presets || self.export.is_some() || self.use_token.is_some();
        is_about_tokens || self.settings.is_some() || self.server.is_some() || self.keys_are_open
    }
}

/// The views' own states.
#[derive(Default)]
struct Panels {
    form: FormState,
    /// What the middle shows.
    pane: Pane,
    history: HistoryState,
    requests: RequestsState,
    inspector: InspectorState,
    /// Whether the inspector lies over the middle of a small window.
    drawer_is_open: bool,
    /// Whether the inspector gets the focus as soon as it is drawn.
    focus_inspector: bool,
    /// What had the focus before a dialog opened.
    focus_before: Option<egui::Id>,
    /// What gets the focus back, and how many passes it may take.
    focus_back: Option<(egui::Id, u8)>,
    /// Where the parts of the window were drawn, in their order.
    parts: Parts,
    dialogs: Dialogs,
    toasts: Toasts<Action>,
    /// What was deleted, the last at the end: the way back.
    deleted: Vec<Vec<EntryId>>,
    /// The entry that was selected before the one of now.
    before: Option<EntryId>,
    /// The entry that the inspector is to show.
    wanted: Option<EntryId>,
    /// Whether the last frame ended in a text field, or with an open menu: then Esc is for that.
    esc_is_taken: bool,
    /// The entry whose card goes to the other target as soon as it is loaded.
    elsewhere: Option<EntryId>,
    /// The entry that goes into the form as soon as it is loaded.
    reuse: Option<EntryId>,
}

/// The jobs that this window started.
#[derive(Default)]
struct Jobs {
    last: u64,
    running: HashMap<JobId, Running>,
    /// The entries that wait for an answer, as they were selected when their calls left.
    begun: HashMap<JobId, EntryId>,
}

impl Jobs {
    fn start(&mut self, what: Running) -> JobId {
        self.last += 1;
        let job = JobId(self.last);
        self.running.insert(job, what);
        job
    }
}

/// What the window is started with.
pub struct AppConfig {
    pub worker: Config,
    /// The folder that an export is first offered in.
    pub export_folder: PathBuf,
    pub picker: Picker,
    /// Where the program keeps its files, as the settings show it.
    pub places: Vec<FilePlace>,
    /// What went wrong before there was a window: a broken settings file, say.
    pub warnings: Vec<String>,
    /// How the window was left.
    pub layout: Layout,
    /// The user's presets.
    pub library: Library,
    /// What was in the form when the program ended.
    pub form: Option<KeptForm>,
    /// When the program started: the log tells how long the first frame took.
    pub started: Instant,
}

/// The window.
pub struct App {
    worker: Worker,
    clock: Clock,
    settings: Settings,
    layout: KeptLayout,
    model: Model,
    panels: Panels,
    jobs: Jobs,
    shelf: Shelf,
    /// What the server was told to do wrong.
    faults: AppliedFaults,
    /// Which answers belong to the filter of now.
    filter_generation: u64,
    export_folder: PathBuf,
    picker: Picker,
    places: Vec<FilePlace>,
    /// The zoom of the last frame.
    zoom: f32,
    /// Until the first frame is drawn.
    started: Option<Instant>,
}

impl App {
    /// Starts the background and the window.
    pub fn new(ctx: &Context, config: AppConfig) -> Self {
        theme::install(ctx);
        let settings = config.worker.settings.clone();
        let clock = config.worker.clock.clone();
        apply_theme(ctx, settings.window.theme);
        ctx.set_zoom_factor(settings.window.zoom);
        let wake = ctx.clone();
        let worker = Worker::start(config.worker, Arc::new(move || wake.request_repaint()));
        let mut app = Self {
            worker,
            clock,
            settings,
            layout: KeptLayout::new(config.layout),
            model: Model::default(),
            panels: Panels::default(),
            jobs: Jobs::default(),
            shelf: Shelf::new(config.library, &FormState::default()),
            faults: AppliedFaults::default(),
            filter_generation: 0,
            export_folder: config.export_folder,
            picker: config.picker,
            places: config.places,
            zoom: ctx.zoom_factor(),
            started: Some(config.started),
        };
        for warning in config.warnings {
            app.panels.toasts.push(Toast::new(Tone::Error, warning));
        }
        app.restore_form(config.form);
        app.set_filter();
        app.panels.form.focus(FormField::Number);
        app
    }

    /// Takes over everything that the background has told, and what the file dialog gave.
    pub fn drain(&mut self, ctx: &Context) {
        while let Some(update) = self.worker.try_recv() {
            // What was asked for before something else was selected is not shown any more.
            if matches!(&update, Update::Detail(detail) if self.panels.wanted != Some(detail.entry.id)) {
                continue;
            }
            if let Some(notice) = self.model.apply(update) {
                self.tell(ctx, notice);
            }
        }
        if let Some(detail) = self.model.detail.as_ref().filter(|detail| self.panels.reuse == Some(detail.entry.id)) {
            self.panels.form.take(Draft::of_request(&detail.request));
            self.go_to(ctx, Part::Form);
            self.panels.reuse = None;
        }
        if self.model.take_stale_list() {
            self.ask_for_list();
        }
        if let Some(detail) = self.model.detail.as_ref().filter(|detail| self.panels.elsewhere == Some(detail.entry.id))
        {
            let (first, target) = (detail.entry.id, detail.entry.target.other());
            let request = request_again(&detail.request, detail.answer());
            self.panels.elsewhere = None;
            self.same_elsewhere(first, target, request);
        }
        if let Some(id) = self.model.take_stale_detail().filter(|id| self.panels.wanted == Some(*id)) {
            self.load_detail(id);
        }
        self.take_picked();
    }

    fn take_picked(&mut self) {
        let dialogs = &mut self.panels.dialogs;
        let Some((path, took)) = dialogs.picking.as_ref().and_then(|picking| picking.try_recv().ok()) else { return };
        dialogs.picking = None;
        let Some(export) = &mut dialogs.export else { return };
        match path {
            Some(path) => export.take_chosen(&path),
            None if took < FASTER_THAN_A_PERSON => {
                let words = "This desktop has no file dialog. Type the path of the file instead";
                export.problem = Some(words.to_owned());
            }
            // Cancelled: everything stays as it was.
            None => {}
        }
    }

    fn tell(&mut self, ctx: &Context, notice: Notice) {
        let (job, outcome) = match notice {
            Notice::Problem(message) => return self.panels.toasts.push(Toast::new(Tone::Error, message)),
            Notice::MinterReset { objects } => {
                let what = if objects == 1 { "object" } else { "objects" };
                let words = format!("The minter was reset: {objects} {what} dropped. The history stays");
                return self.panels.toasts.push(Toast::new(Tone::Ok, words));
            }
            Notice::Edited { edit, outcome } => return self.tell_edited(edit, outcome),
            // The row that waits shows how to stop it.
            Notice::Begun { job, entry } => {
                if matches!(self.jobs.running.get(&job), Some(Running::Create(_) | Running::SameElsewhere(_))) {
                    self.jobs.begun.insert(job, entry);
                    self.select(entry);
                }
                return;
            }
            Notice::Finished { job, outcome } => (job, *outcome),
        };
        let running = self.jobs.running.remove(&job);
        match outcome {
            JobOutcome::Created { entry, is_answered, param, message, refusal } => {
                // Whoever went on to another entry while this one waited is not called back.
                let begun = self.jobs.begun.remove(&job);
                if begun.is_none_or(|begun| self.panels.history.cursor() == Some(begun)) {
                    self.select(entry.id);
                }
                if let Some(Running::SameElsewhere(first)) = running {
                    return self.diff(ctx, first, entry.id);
                }
                let complaint = Complaint {
                    field: param.as_deref().and_then(FormField::of_param),
                    is_answer: is_answered,
                    message: message.unwrap_or_else(|| "The answer gives no reason".to_owned()),
                    refusal,
                };
                // What was typed since is not what the answer is about.
                let is_of_form = running == Some(Running::Create(self.panels.form.draft.to_request()));
                self.tell_created(ctx, &entry, is_of_form, complaint);
            }
            JobOutcome::Retrieved { entry, message } => {
                let words = match (&entry, message) {
                    (_, Some(message)) => return self.panels.toasts.push(Toast::new(Tone::Error, message)),
                    (Some(entry), None) if entry.status == Status::Used => "The token was used",
                    (_, None) => "The token is still unused",
                };
                self.panels.toasts.push(Toast::new(Tone::Ok, words));
                if let Some(Running::Retrieve(id)) = running
                    && self.panels.wanted == Some(id)
                {
                    self.load_detail(id);
                }
            }
            JobOutcome::TokenUsed { judgement: Some(judgement), refusal: None, .. } => {
                let tone = if judgement.is_as_expected() { Tone::Ok } else { Tone::Warn };
                self.panels.toasts.push(Toast::new(tone, judgement.words()));
            }
            JobOutcome::TokenUsed { made, message, refusal, .. } => {
                let toast = match (made, refusal) {
                    (Some(id), _) => Toast::new(Tone::Ok, format!("The token was used by {id}")),
                    (None, Some(refusal)) => Toast::new(Tone::Error, refusal.title()),
                    (None, None) => {
                        Toast::new(Tone::Error, message.unwrap_or_else(|| "The answer gives no reason".to_owned()))
                    }
                };
                self.panels.toasts.push(toast);
            }
            JobOutcome::Refreshed { used, unused, failed, total, left_out } => {
                let done = used + unused + failed;
                let tone = if failed > 0 { Tone::Warn } else { Tone::Ok };
                let failed = if failed > 0 { format!(", {failed} without an answer") } else { String::new() };
                let words = match total {
                    0 => "There was no token to ask for".to_owned(),
                    _ if done < total => {
                        format!("Stopped after {done} of {total}: {used} used, {unused} still unused{failed}")
                    }
                    _ => format!("{used} used, {unused} still unused{failed}"),
                };
                let left_out = match left_out {
                    0 => String::new(),
                    1 => ". 1 of another profile was left out".to_owned(),
                    more => format!(". {more} of other profiles were left out"),
                };
                self.panels.toasts.push(Toast::new(tone, words + &left_out));
            }
            JobOutcome::Exported { path, entries } => {
                self.panels.dialogs.export = None;
                let what = if entries == 1 { "entry" } else { "entries" };
                let words = format!("{entries} {what} exported to {}", path.display());
                self.panels.toasts.push(Toast::new(Tone::Ok, words));
            }
            JobOutcome::Cancelled if matches!(running, Some(Running::CheckKey(_))) => {
                if let Some(Running::CheckKey(profile)) = running {
                    self.end_check(profile, Err("It was stopped before an answer came".to_owned()));
                }
            }
            JobOutcome::Cancelled => {
                self.end_export(None);
                self.panels.toasts.push(Toast::new(Tone::Info, "Cancelled; no file was written"));
            }
            JobOutcome::Failed { message } => match running {
                Some(Running::Export) => self.end_export(Some(message)),
                Some(Running::Create(_)) => {
                    self.layout.now.form_is_open = true;
                    self.panels.form.complain(Complaint { field: None, is_answer: false, message, refusal: None });
                }
                Some(Running::CheckKey(profile)) => self.end_check(profile, Err(message)),
                Some(Running::CheckSettings { .. }) => {
                    if let Some(dialog) = &mut self.panels.dialogs.settings {
                        dialog.fail(message);
                    }
                }
                _ => self.panels.toasts.push(Toast::new(Tone::Error, message)),
            },
            JobOutcome::CertificatesGood => {
                if let Some(Running::CheckSettings { settings, keys }) = running {
                    self.take_settings(ctx, *settings, keys);
                }
            }
            JobOutcome::CertificateRefused { profile, message } => {
                if let Some(dialog) = &mut self.panels.dialogs.settings {
                    dialog.refuse_certificate(profile, message);
                }
            }
            JobOutcome::KeyChecked(check) => {
                if let Some(Running::CheckKey(profile)) = running {
                    self.end_check(profile, Ok(check));
                }
            }
        }
    }

    fn end_check(&mut self, profile: ProfileId, outcome: Result<Box<KeyCheck>, String>) {
        if let Some(dialog) = &mut self.panels.dialogs.settings {
            dialog.end_check(profile, outcome);
        }
    }

    fn tell_edited(&mut self, edit: Edit, outcome: Result<u64, String>) {
        self.panels.history.edited(&edit, outcome.is_ok());
        let entries = |count: u64| match count {
            1 => "1 entry".to_owned(),
            count => format!("{} entries", grouped(count)),
        };
        let toast = match (outcome, edit) {
            (Err(message), edit) => {
                if let Edit::Restore { ids } = edit {
                    self.panels.deleted.push(ids);
                }
                Toast::new(Tone::Error, message)
            }
            (Ok(_), Edit::Note { .. }) => Toast::new(Tone::Ok, "Note saved"),
            (Ok(count), Edit::Tag { .. }) => Toast::new(Tone::Ok, format!("Tags of {} saved", entries(count))),
            (Ok(count), Edit::Restore { .. }) => Toast::new(Tone::Ok, format!("{} restored", entries(count))),
            (Ok(count), Edit::Delete { ids }) => {
                self.panels.deleted.push(ids.clone());
                Toast::new(Tone::Ok, format!("{} deleted", entries(count)))
                    .keys(Deed::Undo.keys())
                    .action("Undo", Action::Edit(Edit::Restore { ids }))
            }
        };
        self.panels.toasts.push(toast);
    }

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

    /// The refresh that is on its way.
    fn refreshing(&self) -> Option<Refreshing> {
        let job = self.jobs.running.iter().find(|(_, running)| **running == Running::Refresh).map(|(job, _)| *job)?;
        Some(Refreshing { job, progress: self.model.progress.get(&job).copied() })
    }

    fn open_export(&mut self, among: Option<Vec<EntryId>>) {
        let path = self.export_folder.join(self.export_name());
        let is_filtered = !self.panels.history.filter.is_everything();
        let mut state = ExportState::new(&path, is_filtered);
        state.among = among;
        self.panels.dialogs.export = Some(state);
    }

    fn end_export(&mut self, problem: Option<String>) {
        match &mut self.panels.dialogs.export {
            Some(export) => {
                export.job = None;
                export.problem = problem;
            }
            None => {
                if let Some(problem) = problem {
                    self.panels.toasts.push(Toast::new(Tone::Error, problem));
                }
            }
        }
    }

    fn tell_created(&mut self, ctx: &Context, entry: &Entry, is_of_form: bool, complaint: Complaint) {
        // What differs is told as well, and stays in the row.
        let differs = entry.judgement.as_ref().filter(|judgement| !judgement.is_as_expected());
        if let Some(judgement) = differs {
            self.panels.toasts.push(Toast::new(Tone::Warn, judgement.words()));
        }
        let toast = match (&entry.token_id, entry.status) {
            (None, Status::Failed) if entry.judgement.is_some() && differs.is_none() && is_of_form => {
                let code = entry.code.as_deref().unwrap_or("an error");
                self.panels.toasts.push(Toast::new(Tone::Ok, format!("As expected: {code}")));
                return self.panels.form.complain(complaint);
            }
            (Some(id), _) => {
                self.panels.form.settle();
                if self.settings.form.copies_id {
                    ctx.copy_text(id.clone());
                    Toast::new(Tone::Ok, "Token created, id copied")
                } else {
                    Toast::new(Tone::Ok, "Token created")
                }
            }
            (None, Status::Unknown) => {
                Toast::new(Tone::Warn, "No answer: a token may exist. Ask again in the inspector")
            }
            (None, _) if is_of_form => {
                self.layout.now.form_is_open = true;
                return self.panels.form.complain(complaint);
            }
            (None, _) => Toast::new(Tone::Error, complaint.message),
        };
        self.panels.toasts.push(toast);
    }

    fn select(&mut self, id: EntryId) {
        self.panels.history.show(id);
        self.select_without_scrolling(id);
    }

    /// Shows an entry in the inspector.
    fn select_without_scrolling(&mut self, id: EntryId) {
        self.panels.inspector.close_diff();
        let shown = self.model.detail.as_ref().map(|detail| detail.entry.id);
        if shown.is_some_and(|shown| shown != id) {
            self.panels.before = shown;
        }
        self.load_detail(id);
    }

    /// Asks for what the inspector shows from now on.
    fn load_detail(&mut self, id: EntryId) {
        self.panels.wanted = Some(id);
        self.worker.send(Command::LoadDetail { id });
    }

    /// Sends the card of an entry to the other target.
    fn same_elsewhere(&mut self, first: EntryId, target: Target, request: Result<TokenRequest, NotKept>) {
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
    fn diff(&mut self, ctx: &Context, first: EntryId, second: EntryId) {
        self.panels.pane = Pane::History;
        if !self.inspector_is_shown(ctx) {
            self.fold_inspector(ctx);
        }
        self.panels.inspector.open_diff(first, second);
        self.worker.send(Command::LoadPair { first, second });
    }

    fn set_filter(&mut self) {
        self.filter_generation += 1;
        self.ask_for_list();
    }

    fn ask_for_list(&self) {
        let filter = self.panels.history.filter.clone();
        self.worker.send(Command::SetFilter { generation: self.filter_generation, filter });
    }

    /// Draws the window and carries out what was asked for.
    pub fn show(&mut self, ui: &mut Ui) {
        tracing::trace!("frame");
        self.give_focus_back(ui.ctx());
        let focused = ui.memory(egui::Memory::focused);
        let had_dialog = self.panels.dialogs.is_any_open();
        let mut actions = Vec::new();
        self.keys(ui.ctx(), &mut actions);
        self.panes_ui(ui, &mut actions);
        self.dialogs_ui(ui.ctx(), &mut actions);
        let foot = if self.panels.pane == Pane::History { self.panels.history.foot() } else { 0.0 };
        self.panels.toasts.lift(foot);
        actions.extend(self.panels.toasts.ui(ui.ctx()));
        for action in actions {
            self.act(ui.ctx(), action);
        }
        self.panels.esc_is_taken = ui.text_edit_focused() || egui::Popup::is_any_open(ui.ctx());
        match (had_dialog, self.panels.dialogs.is_any_open()) {
            (false, true) => self.panels.focus_before = focused,
            (true, false) => {
                let is_free = ui.memory(egui::Memory::focused).is_none_or(|id| Some(id) == focused);
                let before = self.panels.focus_before.take().filter(|_| is_free);
                self.panels.focus_back = before.map(|id| (id, PASSES_UNTIL_FOCUS));
            }
            _ => {}
        }
        self.keep_zoom(ui.ctx());
        self.keep_form(ui.ctx());
        if let Some(layout) = self.layout.due(ui.ctx()) {
            self.worker.send(Command::SaveLayout(layout));
        }
        if let Some(started) = self.started.take() {
            tracing::debug!(millis = started.elapsed().as_millis() as u64, "first frame drawn");
        }
    }

    /// After a dialog the focus is where it was before, unless what was done put it elsewhere. The toolkit keeps the
    /// focus in a dialog for a pass or two after it is gone.
    fn give_focus_back(&mut self, ctx: &Context) {
        let Some((id, passes)) = self.panels.focus_back.take() else { return };
        if ctx.memory(egui::Memory::focused).is_none() && passes > 0 {
            ctx.memory_mut(|memory| memory.request_focus(id));
            self.panels.focus_back = Some((id, passes - 1));
            ctx.request_repaint();
        }
    }

    /// The keys of the window. While a dialog is open they belong to it.
    fn keys(&mut self, ctx: &Context, actions: &mut Vec<Action>) {
        if !self.panels.dialogs.is_any_open() {
            actions.extend(shortcuts::pressed(ctx).into_iter().map(Action::Do));
        }
    }

    /// What a key does, and the command palette under the same name.
    fn carry_out(&mut self, ctx: &Context, deed: Deed) {
        let detail = self.model.detail.as_ref().map(|detail| &detail.entry);
        let action = match deed {
            Deed::Create => Some(Action::Create),
            Deed::Palette => Some(Action::OpenPalette(Scope::Everything)),
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

    fn panes_ui(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let t = theme::Tokens::of(ui);
        let bar = egui::Frame::new().fill(t.panel).inner_margin(egui::Margin::symmetric(12, 6));
        egui::Panel::top("bar").frame(bar).resizable(false).show(ui, |ui| {
            let context = BarContext {
                settings: &self.settings,
                key: self.model.key(self.settings.profiles.active().id),
                server: &self.model.server,
                faults: self.faults.rules.len(),
            };
            bars::top_bar_ui(ui, &context, actions);
        });
        let line = egui::Frame::new().fill(t.panel).inner_margin(egui::Margin::symmetric(12, 5));
        egui::Panel::bottom("status").frame(line).resizable(false).show(ui, |ui| {
            bars::status_bar_ui(ui, &self.model);
        });
        let now = self.clock.now();
        let form_context = FormContext {
            now,
            target: self.settings.target(),
            policies: self.settings.policies,
            moves_on: self.settings.form.moves_on,
            is_blocked: matches!(self.model.storage, Storage::Unusable(_)),
            quick: self.shelf.quick(),
        };
        let mut room = ui.available_rect_before_wrap();
        let plan = layout::plan(room.width(), &self.layout.now, self.panels.drawer_is_open);
        if let Some(width) = plan.form {
            let place = room.with_max_x(room.left() + width);
            self.panels.parts.set(Part::Form, place);
            layout::pane_ui(ui, "Form", place, t.panel, |ui| {
                form::form_ui(ui, &mut self.panels.form, &form_context, actions);
            });
            room.min.x = place.right();
            self.form_splitter_ui(ui, width, &plan);
        }
        let place = match plan.inspector {
            Dock::Beside(width) => room.with_max_x(room.right() - width),
            Dock::Drawer(_) | Dock::Hidden => room,
        };
        self.panels.parts.set(Part::Middle, place);
        layout::pane_ui(ui, "Middle", place, t.canvas, |ui| self.middle_ui(ui, now, actions));
        match plan.inspector {
            Dock::Beside(width) => {
                let place = room.with_min_x(place.right());
                self.panels.parts.set(Part::Inspector, place);
                self.inspector_splitter_ui(ui, width, &plan);
                layout::pane_ui(ui, "Inspector", place, t.panel, |ui| self.inspector_ui(ui, actions));
            }
            Dock::Drawer(width) => self.drawer_ui(ui, width, actions),
            Dock::Hidden => {}
        }
        // "2 min ago" becomes "3 min ago" by itself; nothing else happens without a reason.
        let newest = match self.panels.pane {
            Pane::History => {
                self.model.history.id_at(0).and_then(|id| self.model.history.row(id)).map(|row| row.started)
            }
            Pane::Requests => self.model.requests.first().map(|row| row.started),
        };
        if let Some(later) = newest.and_then(|started| words::until_next_words(started, now)) {
            ui.ctx().request_repaint_after(later);
        }
    }

    fn inspector_ui(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let stop = layout::landmark_ui(ui, egui::Id::unique("inspector_stop"), "Inspector", ui.max_rect());
        // What opens in this frame is measured first, and cannot have the focus yet.
        if self.panels.focus_inspector && !ui.is_sizing_pass() {
            self.panels.focus_inspector = false;
            stop.request_focus();
        }
        let call = self.model.exchange.as_ref().map(|(id, exchange)| {
            let row = self.model.place_of_request(*id).map(|place| &self.model.requests[place]);
            (*id, exchange.as_ref(), row)
        });
        let subject = match self.panels.pane {
            Pane::History if self.panels.inspector.shows_diff() => Subject::Pair(self.model.pair.as_ref()),
            Pane::History => Subject::Entry(self.model.detail.as_deref()),
            Pane::Requests => Subject::Call(call),
        };
        let code = code_context(&self.model, &self.settings, self.panels.pane);
        inspector::inspector_ui(ui, &mut self.panels.inspector, subject, &code, &self.settings.profiles, actions);
    }

    /// The inspector over the middle, in a window that has no room beside it.
    fn drawer_ui(&mut self, ui: &mut Ui, width: f32, actions: &mut Vec<Action>) {
        let t = theme::Tokens::of(ui);
        let middle = self.panels.parts.of(Part::Middle);
        let rect = middle.with_min_x(middle.right() - width);
        let frame = egui::Frame::new().fill(t.panel).stroke(t.hairline()).shadow(t.float_shadow());
        let area = egui::Area::new(egui::Id::unique("drawer")).order(egui::Order::Middle).fixed_pos(rect.min);
        let closed = area
            .show(ui.ctx(), |ui| {
                frame.show(ui, |ui| {
                    ui.set_min_size(rect.size());
                    ui.set_max_size(rect.size());
                    ui.set_clip_rect(rect);
                    let closed = drawer_head_ui(ui);
                    self.inspector_ui(ui, actions);
                    closed
                })
            })
            .inner
            .inner;
        self.panels.parts.set(Part::Inspector, rect);
        let is_left = !self.panels.dialogs.is_any_open()
            && !self.panels.esc_is_taken
            && ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape));
        if closed || is_left {
            self.panels.drawer_is_open = false;
            self.go_to(ui.ctx(), Part::Middle);
        }
    }

    /// The bar at the right of the form.
    fn form_splitter_ui(&mut self, ui: &Ui, width: f32, plan: &layout::Plan) {
        let edge = layout::edge_of(self.panels.parts.of(Part::Form), Grows::Right);
        if let Some(moved) = layout::splitter_ui(ui, "Width of the form", edge, Grows::Right, width, plan.form_range) {
            self.layout.now.form_width = moved.unwrap_or(Layout::default().form_width);
        }
    }

    /// The bar at the left of the inspector.
    fn inspector_splitter_ui(&mut self, ui: &Ui, width: f32, plan: &layout::Plan) {
        let edge = layout::edge_of(self.panels.parts.of(Part::Inspector), Grows::Left);
        let name = "Width of the inspector";
        if let Some(moved) = layout::splitter_ui(ui, name, edge, Grows::Left, width, plan.inspector_range) {
            self.layout.now.inspector_width = moved;
        }
    }

    fn is_small(&self, ctx: &Context) -> bool {
        layout::is_small(ctx.content_rect().width(), &self.layout.now)
    }

    fn inspector_is_shown(&self, ctx: &Context) -> bool {
        if self.is_small(ctx) { self.panels.drawer_is_open } else { self.layout.now.inspector_is_open }
    }

    fn fold_inspector(&mut self, ctx: &Context) {
        let is_shown = self.inspector_is_shown(ctx);
        if self.is_small(ctx) {
            self.panels.drawer_is_open = !is_shown;
        } else {
            self.layout.now.inspector_is_open = !is_shown;
        }
    }

    /// Puts the keyboard's focus into a part of the window, which is unfolded if need be.
    fn go_to(&mut self, ctx: &Context, part: Part) {
        match part {
            Part::Form => {
                self.layout.now.form_is_open = true;
                self.panels.form.focus(FormField::Number);
            }
            Part::Middle => match self.panels.pane {
                Pane::History => self.panels.history.focus_table(),
                Pane::Requests => self.panels.requests.focus_table(),
            },
            Part::Inspector => {
                if !self.inspector_is_shown(ctx) {
                    self.fold_inspector(ctx);
                }
                self.panels.focus_inspector = true;
            }
        }
    }

    /// Shows another list in the middle; the drawer over it was about the one before.
    fn show_pane(&mut self, pane: Pane) {
        if std::mem::replace(&mut self.panels.pane, pane) != pane {
            self.panels.drawer_is_open = false;
        }
    }

    /// Goes so many parts on from the one that has the focus.
    fn go_round(&mut self, ctx: &Context, steps: usize) {
        const ORDER: [Part; 3] = [Part::Form, Part::Middle, Part::Inspector];
        let focused = ctx.memory(egui::Memory::focused).and_then(|id| ctx.read_response(id));
        let here = focused.and_then(|response| {
            let center = response.rect.center();
            // The drawer lies over the middle.
            let is_in = |part: &Part| self.is_drawn(ctx, *part) && self.panels.parts.of(*part).contains(center);
            ORDER.iter().rposition(is_in)
        });
        self.go_to(ctx, here.map_or(ORDER[0], |here| ORDER[(here + steps) % ORDER.len()]));
    }

    fn is_drawn(&self, ctx: &Context, part: Part) -> bool {
        match part {
            Part::Form => self.layout.now.form_is_open,
            Part::Middle => true,
            Part::Inspector => self.inspector_is_shown(ctx),
        }
    }

    fn middle_ui(&mut self, ui: &mut Ui, now: Timestamp, actions: &mut Vec<Action>) {
        let model = &self.model;
        match self.panels.pane {
            Pane::History => {
                let context = HistoryContext {
                    history: &model.history,
                    storage: &model.storage,
                    requests: model.requests.len(),
                    target: self.settings.target(),
                    refreshing: self.refreshing(),
                    now,
                };
                history::history_ui(ui, &mut self.panels.history, &context, actions);
            }
            Pane::Requests => {
                let context = RequestsContext {
                    requests: &model.requests,
                    server: &model.server,
                    entries: model.history.counts.all(),
                    now,
                };
                requests::requests_ui(ui, &mut self.panels.requests, &context, actions);
            }
        }
    }

    fn dialogs_ui(&mut self, ctx: &Context, actions: &mut Vec<Action>) {
        let dialogs = &mut self.panels.dialogs;
        if let Some(state) = &mut dialogs.palette {
            let about = PaletteContext { library: self.shelf.library(), copies_id: self.settings.form.copies_id };
            if !palette::palette_ui(ctx, state, &about, actions) {
                dialogs.palette = None;
            }
        }
        if let Some(state) = &mut dialogs.preset
            && !preset::preset_ui(ctx, state, actions)
        {
            dialogs.preset = None;
        }
        if let Some(state) = &mut dialogs.settings {
            let about = SettingsContext {
                settings: &self.settings,
                model: &self.model,
                places: &self.places,
                now: self.clock.now(),
            };
            if !settings::settings_ui(ctx, state, &about, actions) {
                dialogs.settings = None;
                self.stop_checks();
            }
        }
        let dialogs = &mut self.panels.dialogs;
        if let Some(state) = &mut dialogs.use_token
            && !use_token::use_token_ui(ctx, state, actions)
        {
            dialogs.use_token = None;
        }
        if let Some(state) = &mut dialogs.server {
            let about = ServerContext { server: &self.model.server, settings: &self.settings, faults: &self.faults };
            if !server::server_ui(ctx, state, &about, actions) {
                dialogs.server = None;
            }
        }
        if dialogs.keys_are_open {
            dialogs.keys_are_open = keys::keys_ui(ctx);
        }
        let filter = self.panels.history.filter.clone();
        if let Some(state) = &mut dialogs.export {
            let about = ExportContext {
                filter: &filter,
                all: self.model.history.counts.all(),
                shown: self.model.history.len() as u64,
                progress: state.job.and_then(|job| self.model.progress.get(&job).copied()),
            };
            if !export::export_ui(ctx, state, &about, actions) {
                dialogs.export = None;
            }
        }
    }

    fn open_use(&mut self, id: EntryId, kind: UseKind) {
        let detail = self.model.detail.as_deref();
        let entry = self.model.history.row(id).or(detail.map(|detail| &detail.entry)).filter(|entry| entry.id == id);
        self.panels.dialogs.use_token = entry.and_then(|entry| UseState::new(kind, entry, detail));
    }

    fn act(&mut self, ctx: &Context, action: Action) {
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
                if !text.is_empty() {
                    ctx.copy_text(text);
                }
                self.panels.toasts.push(Toast::new(Tone::Ok, format!("{what} copied")));
            }
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

    fn create(&mut self) {
        // An empty form stands for the card that always works: the empty history says so.
        if self.panels.form.draft == Draft::default()
            && let Some(card) = crate::domain::test_cards::by_number("4242424242424242")
        {
            let mut draft = Draft::default();
            self.settings.form.take_test_card(&mut draft, card, utc_day(self.clock.now()));
            self.panels.form.take(draft);
        }
        let request = self.panels.form.draft.to_request();
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

    fn take_settings(&mut self, ctx: &Context, settings: Settings, keys: Vec<(ProfileId, ApiKey)>) {
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
    fn stop_checks(&self) {
        for (job, running) in &self.jobs.running {
            if matches!(running, Running::CheckKey(_)) {
                self.worker.send(Command::Cancel { job: *job });
            }
        }
    }

    /// Changes something that is kept.
    fn change_settings(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.worker.send(Command::SaveSettings(self.settings.clone()));
    }

    /// The zoom keys are egui's own; what they set is kept. What the settings set comes into force with the next frame.
    fn keep_zoom(&mut self, ctx: &Context) {
        let zoom = ctx.zoom_factor();
        let differs = |other: f32| (zoom - other).abs() > f32::EPSILON;
        if differs(self.zoom) {
            self.zoom = zoom;
            if differs(self.settings.window.zoom) {
                self.change_settings(|settings| settings.window.zoom = zoom);
            }
        }
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

/// The head of the drawer; whether it is to be closed.
fn drawer_head_ui(ui: &mut Ui) -> bool {
    let margin = egui::Margin { left: theme::PANE_PADDING, right: 10, top: 10, bottom: 0 };
    let head = egui::Frame::new().inner_margin(margin).show(ui, |ui| {
        egui::Sides::new().height(20.0).show(
            ui,
            |ui| ui.label(egui::RichText::new("Inspector").color(theme::Tokens::of(ui).subdued)),
            |ui| ui.add(IconButton::new(icons::X, "Close the inspector").keys("Esc").small()).clicked(),
        )
    });
    head.inner.1
}

fn apply_theme(ctx: &Context, choice: ThemeChoice) {
    ctx.set_theme(match choice {
        ThemeChoice::System => ThemePreference::System,
        ThemeChoice::Light => ThemePreference::Light,
        ThemeChoice::Dark => ThemePreference::Dark,
    });
}

impl Drop for App {
    fn drop(&mut self) {
        if let Some(layout) = self.layout.last() {
            self.worker.send(Command::SaveLayout(layout));
        }
        self.keep_last_form();
    }
}

/// What code is drawn with that makes the call that the inspector shows.
fn code_context<'a>(model: &'a Model, settings: &'a Settings, pane: Pane) -> CodeContext<'a> {
    let entry = model.detail.as_ref().filter(|_| pane == Pane::History);
    let profile = entry.and_then(|detail| settings.profiles.get(detail.entry.profile?));
    CodeContext { server: &model.server, port: settings.server.port, stripe: profile.and_then(Profile::other_base) }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.drain(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.show(ui);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
