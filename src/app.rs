//! The window as a whole: ties the background to the views, and carries out what the views ask for.

mod deeds;
mod notices;
mod panes;
mod presets;

use std::{
    collections::HashMap,
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use egui::{Context, ThemePreference, Ui};

use self::presets::Shelf;
use crate::{
    domain::{
        call::{again::request_again, token_calls::TokenRequest},
        clock::Clock,
        form::{draft::Draft, field_state::FormField, kept_draft::KeptForm},
        history::entry::EntryId,
        key::ApiKey,
        presets::library::Library,
        settings::{
            layout::Layout,
            preferences::{Settings, ThemeChoice, WindowSettings},
            profile::{Profile, ProfileId},
        },
    },
    messages::{Command, JobId, Update},
    model::Model,
    ui::{
        Action, Pane,
        code::CodeContext,
        dialogs::{
            export::ExportState,
            preset::PresetState,
            server::{AppliedFaults, ServerState},
            use_token::UseState,
        },
        form::FormState,
        history::{HistoryState, Refreshing},
        inspector::InspectorState,
        layout::{KeptLayout, Part, Parts},
        palette::PaletteState,
        requests::RequestsState,
        settings::SettingsState,
        theme,
        widgets::{Toast, Toasts, Tone},
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

    /// The refresh that is on its way.
    fn refreshing(&self) -> Option<Refreshing> {
        let job = self.jobs.running.iter().find(|(_, running)| **running == Running::Refresh).map(|(job, _)| *job)?;
        Some(Refreshing { job, progress: self.model.progress.get(&job).copied() })
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
        let foot = if self.panels.pane == Pane::History {
            self.panels.history.foot_height(self.refreshing().is_some())
        } else {
            0.0
        };
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

    /// The zoom keys are egui's own; what they set is kept. What the settings set comes into force with the next frame.
    fn keep_zoom(&mut self, ctx: &Context) {
        let zoom = ctx.zoom_factor();
        let differs = |one: f32, other: f32| (one - other).abs() > f32::EPSILON;
        if differs(zoom, self.zoom) {
            self.zoom = zoom;
            // The keys go further than a settings file is believed.
            let kept = zoom.clamp(*WindowSettings::ZOOMS.start(), *WindowSettings::ZOOMS.end());
            if differs(kept, self.settings.window.zoom) {
                self.change_settings(|settings| settings.window.zoom = kept);
            }
        }
    }
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
