//! The window as a whole: ties the background to the views, and carries out what the views ask for.
//!
//! Each frame drains the updates of the background into the model (`drain`), draws panes and dialogs (`panes`), and
//! carries out the actions that they pushed (`actions`). Jobs are started and their ends told in `jobs`.

mod actions;
mod awaited_paste;
mod file_dialog;
mod focus;
mod handed;
mod job_table;
mod jobs;
mod notices;
mod panes;
mod placement;
mod preset_shelf;
mod presets;
mod runs;
mod selection;
mod settings;
mod views;

use std::{sync::Arc, time::Instant};

use egui::{Context, ThemePreference, Ui};

pub use self::file_dialog::{FilePicker, PickPurpose, PickedFile, desktop_picker};
use self::{
    awaited_paste::AwaitedPaste,
    file_dialog::{FileDialog, PickerAnswer},
    job_table::JobTable,
    placement::Placement,
    preset_shelf::PresetShelf,
    selection::{InspectedEntry, OnceLoaded},
    views::{ViewStates, WindowFrame},
};
pub use crate::ui::settings::FilePlace;
use crate::{
    domain::{
        call::again::request_again,
        clock::Clock,
        form::{draft::Draft, field_state::FormField, kept_draft::KeptForm},
        history::{entry::EntryId, request_log::ExchangeId},
        presets::library::PresetLibrary,
        settings::{
            layout::WindowLayout,
            preferences::{Settings, ThemeChoice},
            profile::Profile,
        },
        typed_path::PathBase,
        zone::LocalZone,
    },
    messages::{HandedSubject, WorkerCommand, WorkerUpdate},
    model::WindowModel,
    ui::{
        Action, MiddlePane,
        clipboard_keys::ClipboardKeys,
        dialogs::server::AppliedFaults,
        drop_overlay::drop_overlay_ui,
        form::FormState,
        history::RefreshStatus,
        input_order::InputOrder,
        inspector::code::{self, CodeContext},
        keyboard::Keyboard,
        layout::{KeptLayout, WindowPart},
        text::system_fonts::SystemFonts,
        text_guard::TextGuard,
        theme,
        widgets::{Toast, Tone, context_menu::give_back_focus},
        zone_in_use,
    },
    worker::{Worker, WorkerConfig},
};

/// What the window is started with.
pub struct AppConfig {
    pub worker: WorkerConfig,
    /// The time zone of this machine.
    pub zone: LocalZone,
    /// What a typed path is read against; an export is first offered in its folder.
    pub paths: PathBase,
    pub picker: FilePicker,
    /// Where the program keeps its files, as the settings show it.
    pub places: Vec<FilePlace>,
    /// What went wrong before there was a window: a broken settings file, say.
    pub warnings: Vec<String>,
    /// How the window was left.
    pub layout: WindowLayout,
    /// The user's presets.
    pub library: PresetLibrary,
    /// What was in the form when the program ended.
    pub form: Option<KeptForm>,
    /// When the program started: the log tells how long the first frame took.
    pub started: Instant,
}

/// What is asked of the history, and what was done to it in this window.
#[derive(Default)]
struct HistoryControl {
    selection: InspectedEntry,
    /// Which answers belong to the filter of now.
    filter_generation: u64,
    /// The call of the request log that goes to the clipboard once it is loaded.
    copied_once_loaded: Option<ExchangeId>,
}

/// The window.
pub struct App {
    worker: Worker,
    clock: Clock,
    zone: LocalZone,
    /// The settings in use, as the background has them too.
    settings: Settings,
    model: WindowModel,
    views: ViewStates,
    frame: WindowFrame,
    history: HistoryControl,
    jobs: JobTable,
    presets: PresetShelf,
    /// What the server was told to do wrong.
    faults: AppliedFaults,
    file_dialog: FileDialog,
    paste: AwaitedPaste,
    places: Vec<FilePlace>,
    paths: PathBase,
    placement: Placement,
    /// Until the first frame is drawn.
    started: Option<Instant>,
    /// Until the first frame is drawn that shows the history as it is.
    awaiting_rows: Option<Instant>,
}

/// Lets `ctx` look among the fonts of the system for what the program's own fonts lack.
pub fn use_system_fonts(ctx: &Context) {
    ctx.add_font_provider(Arc::new(SystemFonts::default()));
}

impl App {
    /// Starts the background and the window.
    pub fn new(ctx: &Context, config: AppConfig) -> Self {
        // First of all plugins: what it makes of a key press is what the others are to see.
        ctx.add_plugin(Keyboard::default());
        theme::install(ctx);
        zone_in_use::install(ctx, config.zone.clone());
        ctx.add_plugin(ClipboardKeys::default());
        ctx.add_plugin(TextGuard::default());
        // After the plugins that change the input: what they make of it is what is handed over in its order.
        InputOrder::install(ctx);
        let settings = config.worker.settings.clone();
        let clock = config.worker.clock.clone();
        apply_theme(ctx, settings.window.theme);
        let zoom = settings.window.zoom;
        ctx.set_zoom_factor(zoom);
        let wake = ctx.clone();
        let worker = Worker::start(config.worker, Arc::new(move || wake.request_repaint()));
        let mut app = Self {
            worker,
            clock,
            zone: config.zone,
            settings,
            model: WindowModel::default(),
            views: ViewStates::default(),
            frame: WindowFrame::new(KeptLayout::new(config.layout), zoom),
            history: HistoryControl::default(),
            jobs: JobTable::default(),
            presets: PresetShelf::new(config.library, &FormState::default()),
            faults: AppliedFaults::default(),
            file_dialog: FileDialog::new(config.picker),
            paste: AwaitedPaste::default(),
            places: config.places,
            paths: config.paths,
            placement: Placement::new(config.layout.window),
            started: Some(config.started),
            awaiting_rows: Some(config.started),
        };
        for warning in config.warnings {
            app.views.toasts.push(Toast::new(Tone::Error, warning));
        }
        app.restore_form(config.form);
        app.set_filter();
        app.views.form.focus(FormField::Number);
        app
    }

    /// Applies all updates that have arrived from the background, and the answer of the file dialog.
    pub fn drain(&mut self, ctx: &Context) {
        while let Some(update) = self.worker.try_recv() {
            // What was asked for before something else was selected is not shown any more.
            if matches!(&update, WorkerUpdate::Detail(detail) if !self.history.selection.wants(detail.entry.id)) {
                continue;
            }
            if let Some(notice) = self.model.apply(update) {
                self.tell(ctx, notice);
            }
        }
        self.use_loaded_detail(ctx);
        self.use_loaded_call(ctx);
        if self.model.take_stale_list() {
            self.ask_for_list();
        }
        let stale = self.model.take_stale_details();
        if let Some(id) = stale.into_iter().find(|id| self.history.selection.wants(*id)) {
            self.load_detail(id);
        }
        self.take_picked();
        if let Some(words) = TextGuard::take_notice(ctx) {
            self.views.toasts.push(Toast::new(Tone::Warn, words));
        }
    }

    /// Fills the form from an entry, sends its card to the other target or copies its call, if that was asked for and
    /// the entry is loaded by now.
    fn use_loaded_detail(&mut self, ctx: &Context) {
        let Some(detail) = self.model.detail.as_ref() else { return };
        match self.history.selection.take_once_loaded(detail.entry.id) {
            Some(OnceLoaded::FillForm) => {
                self.views.form.take(Draft::of_request(&detail.request));
                self.go_to(ctx, WindowPart::Form);
            }
            Some(OnceLoaded::SendElsewhere) => {
                let (first, target) = (detail.entry.id, detail.entry.target.other());
                let request = request_again(&detail.request, detail.answer());
                self.same_elsewhere(first, target, request);
            }
            Some(OnceLoaded::CopyCurl) => {
                let context = code_context(&self.model, &self.settings, MiddlePane::History);
                let text = code::as_curl((&**detail).into(), detail.entry.target, &context);
                self.put_curl(ctx, text);
            }
            None => {}
        }
    }

    /// Copies a call of the request log, if that was asked for and it is loaded by now.
    fn use_loaded_call(&mut self, ctx: &Context) {
        let Some((id, exchange)) = &self.model.exchange else { return };
        if self.history.copied_once_loaded != Some(*id) {
            return;
        }
        self.history.copied_once_loaded = None;
        let context = code_context(&self.model, &self.settings, MiddlePane::Requests);
        let text = code::as_curl((&**exchange).into(), exchange.target, &context);
        self.put_curl(ctx, text);
    }

    fn put_curl(&mut self, ctx: &Context, text: String) {
        self.act(ctx, Action::Copy { text, what: "cURL code".to_owned() });
    }

    fn take_picked(&mut self) {
        const NO_DIALOG: &str = "This desktop has no file dialog. Type the path of the file instead";
        let Some(answer) = self.file_dialog.take_answer() else { return };
        let dialogs = &mut self.views.dialogs;
        match (answer, &mut dialogs.import, &mut dialogs.export) {
            (PickerAnswer::Chosen(path), Some(_), _) => self.look(HandedSubject::File(path)),
            (PickerAnswer::Missing, Some(import), _) => import.fail(NO_DIALOG.to_owned()),
            (PickerAnswer::Chosen(path), None, Some(export)) => export.take_chosen(&path),
            (PickerAnswer::Missing, None, Some(export)) => export.fail(NO_DIALOG.to_owned()),
            // Everything stays as it was.
            (PickerAnswer::Cancelled, ..) | (_, None, None) => {}
        }
    }

    /// The refresh that is on its way.
    fn refreshing(&self) -> Option<RefreshStatus> {
        let job = self.jobs.refresh()?;
        Some(RefreshStatus { job, progress: self.model.progress.get(&job).copied() })
    }

    fn select(&mut self, id: EntryId) {
        self.views.history.show(id);
        self.select_without_scrolling(id);
    }

    /// Shows an entry in the inspector.
    fn select_without_scrolling(&mut self, id: EntryId) {
        self.views.inspector.close_diff();
        if let Some(shown) = self.model.detail.as_ref().map(|detail| detail.entry.id).filter(|shown| *shown != id) {
            self.history.selection.leave(shown);
        }
        self.load_detail(id);
    }

    /// Asks for what the inspector shows from now on.
    fn load_detail(&mut self, id: EntryId) {
        self.history.selection.want(id);
        self.worker.send(WorkerCommand::LoadDetail { id });
    }

    fn set_filter(&mut self) {
        self.history.filter_generation += 1;
        self.ask_for_list();
    }

    /// Asks for the calls that pass the request log's filter.
    fn filter_requests(&mut self) {
        let (generation, filter) = self.views.requests.asked();
        self.worker.send(WorkerCommand::SetRequestFilter { generation, filter });
    }

    fn ask_for_list(&self) {
        let filter = self.views.history.filter.clone();
        self.worker.send(WorkerCommand::SetFilter { generation: self.history.filter_generation, filter });
    }

    /// Draws the window and carries out what was asked for.
    pub fn show(&mut self, ui: &mut Ui) {
        tracing::trace!("frame");
        self.frame.focus.begin(ui.ctx());
        give_back_focus(ui.ctx());
        self.ask_before_closing(ui.ctx());
        let mut actions = Vec::new();
        self.keys(ui.ctx(), &mut actions);
        self.take_handed(ui.ctx(), &mut actions);
        self.panes_below_dialogs_ui(ui, &mut actions);
        self.dialogs_ui(ui.ctx(), &mut actions);
        drop_overlay_ui(ui.ctx(), self.takes_files());
        let foot = if self.views.pane == MiddlePane::History {
            self.views.history.foot_height(self.refreshing().is_some())
        } else {
            0.0
        };
        // Not over the form, whose button is at the same height; where the inspector covers the middle, within it.
        let (part, foot) =
            if self.is_drawer_shown(ui.ctx()) { (WindowPart::Inspector, 0.0) } else { (WindowPart::Middle, foot) };
        let room = self.frame.parts.of(part);
        self.views.toasts.keep_within(room.with_max_y(room.bottom() - foot - 12.0));
        actions.extend(self.views.toasts.ui(ui.ctx()));
        for action in actions {
            self.act(ui.ctx(), action);
        }
        self.tell_lost_form();
        self.keep_focus(ui.ctx());
        self.keep_zoom(ui.ctx());
        self.keep_form(ui.ctx());
        if let Some(layout) = self.frame.layout.due(ui.ctx()) {
            self.worker.send(WorkerCommand::SaveLayout(layout));
        }
        self.log_start();
    }
}

impl App {
    /// Tells in the log how long the first frame took, and the first one with the rows of the history.
    fn log_start(&mut self) {
        if let Some(started) = self.started.take() {
            tracing::debug!(micros = started.elapsed().as_micros() as u64, "first frame drawn");
        }
        let has_rows = || match self.model.history.id_at(0) {
            Some(newest) => self.model.history.row(newest).is_some(),
            None => self.model.history.is_loaded(),
        };
        if self.awaiting_rows.is_some()
            && has_rows()
            && let Some(started) = self.awaiting_rows.take()
        {
            tracing::debug!(micros = started.elapsed().as_micros() as u64, "first rows drawn");
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
        if let Some(layout) = self.frame.layout.last() {
            self.worker.send(WorkerCommand::SaveLayout(layout));
        }
        self.keep_last_form();
    }
}

/// What the Code tab needs to know beside the call that it shows: the server's address, and the profile's.
fn code_context<'a>(model: &'a WindowModel, settings: &'a Settings, pane: MiddlePane) -> CodeContext<'a> {
    let entry = model.detail.as_ref().filter(|_| pane == MiddlePane::History);
    let profile = entry.and_then(|detail| settings.profiles.get(detail.entry.profile?));
    CodeContext { server: &model.server, port: settings.server.port, stripe: profile.and_then(Profile::other_base) }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, frame: &mut eframe::Frame) {
        self.placement.mend(ctx, frame.winit_window().map(Arc::as_ref));
        self.drain(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.show(ui);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
