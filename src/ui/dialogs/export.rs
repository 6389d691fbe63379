//! The dialog of an export: which entries, as what, to which file, how far it is. The path can always be typed, for many
//! desktops have no file dialog.

use std::path::{Path, PathBuf};

use egui::{ComboBox, Context, Id, ProgressBar, RichText, Ui, vec2};

use crate::{
    domain::{
        history::{entry::EntryId, filter::HistoryFilter},
        settings::file_format::{EntryColumn, ExportForm, FileFormat},
        typed_path::{PathBase, PathFault, names_folder, typed_path},
    },
    messages::{ExportFailure, JobId, JobRequest},
    ui::{
        action::Action,
        icons,
        leaving::LeaveGuard,
        theme::{self, DesignTokens},
        widgets::{
            Field, InlineAlert, PrimaryButton, QuietButton, SegmentedControl, TextInput, Tone, caret::lead_to,
            chip::grouped, modal_ui, paint,
        },
    },
};

/// The state of the open dialog.
#[derive(Debug)]
pub struct ExportState {
    path: String,
    /// What the path is read against.
    base: PathBase,
    /// The file that the path means; read when it is typed.
    read: Result<PathBuf, PathFault>,
    /// What stands in the field at first, and the name that is offered in a folder.
    first: String,
    file_name: String,
    only_shown: bool,
    /// The format follows the ending of the path, and the ending the format.
    form: ExportForm,
    /// The entries to export, whatever the filter shows; `None` leaves it to the filter.
    among: Option<Vec<EntryId>>,
    /// The file that may be replaced: a person has said so of this one.
    replaceable: Option<PathBuf>,
    /// The file that is there already, and may be replaced or not.
    asks_about: Option<PathBuf>,
    /// The export that runs.
    pub job: Option<JobId>,
    /// Why the last export failed, or why there is no file dialog, as a sentence.
    problem: Option<String>,
    /// What is made of the path that was typed.
    note: String,
    leaving: LeaveGuard,
    is_started: bool,
}

impl ExportState {
    /// Offers a file of this name and form in the folder of `base`. `only_shown` starts with what the filter shows rather than
    /// with everything.
    pub fn new(
        base: PathBase,
        file_name: String,
        form: ExportForm,
        among: Option<Vec<EntryId>>,
        only_shown: bool,
    ) -> Self {
        let path = base.folder.join(&file_name);
        let first = path.to_string_lossy().into_owned();
        let mut state = Self {
            path: first.clone(),
            read: Ok(path),
            base,
            first,
            file_name,
            only_shown,
            form,
            among,
            replaceable: None,
            asks_about: None,
            job: None,
            problem: None,
            note: String::new(),
            leaving: LeaveGuard::default(),
            is_started: false,
        };
        state.note = state.note();
        state
    }

    fn note(&self) -> String {
        match &self.read {
            Ok(path) if path.as_os_str() != self.path.as_str() => format!("Will be written to {}", path.display()),
            Ok(_) | Err(PathFault::Empty) => format!("A name alone is put into {}", self.base.folder.display()),
            Err(fault) => fault.to_string(),
        }
    }

    /// Takes a path from the desktop's own dialog. That dialog has asked already whether a file may be replaced.
    pub fn take_chosen(&mut self, path: &Path) {
        self.set_path(path);
        self.replaceable = Some(path.to_owned());
    }

    /// Where the desktop's own dialog is to open.
    pub fn offered_path(&self) -> PathBuf {
        match &self.read {
            Ok(path) if names_folder(&self.path) => path.join(&self.file_name),
            Ok(path) => path.clone(),
            Err(_) => self.base.folder.join(&self.file_name),
        }
    }

    /// Whether a path was typed that nothing was exported to. What runs goes on without the dialog.
    pub fn is_unsaved(&self) -> bool {
        self.job.is_none() && self.path != self.first
    }

    /// Whether this file is still the one that is named here.
    pub fn is_of(&self, exported: &Path) -> bool {
        self.read.as_ref().is_ok_and(|path| path == exported)
    }

    /// Takes notice that the export that was running gave nothing.
    pub fn end(&mut self, failure: ExportFailure) {
        self.job = None;
        match failure {
            ExportFailure::Cancelled => {}
            ExportFailure::Exists { path, .. } => self.asks_about = Some(path),
            ExportFailure::IsFolder { path, .. } => self.offer_name_in(&path),
            ExportFailure::Failed(message) => self.fail(message),
        }
    }

    /// Shows why nothing was exported.
    pub fn fail(&mut self, mut message: String) {
        if self.path.contains('$') {
            message.push_str(". What begins with $ is taken as it is written here");
        }
        self.problem = Some(message);
    }

    fn offer_name_in(&mut self, folder: &Path) {
        let path = folder.join(&self.file_name);
        self.set_path(&path);
        "That is a folder. This would be the file in it".clone_into(&mut self.note);
    }

    fn set_path(&mut self, path: &Path) {
        self.path = path.to_string_lossy().into_owned();
        self.path_changed();
        // As it is, for a name that is no UTF-8 cannot be read from what is shown.
        self.read = Ok(path.to_owned());
        self.note = self.note();
    }

    /// What was said of the path before is past.
    fn path_changed(&mut self) {
        self.read = typed_path(&self.path, &self.base);
        if let Some(format) = self.read.as_ref().ok().and_then(|path| FileFormat::of_path(path))
            && format.ending() != self.form.format.ending()
        {
            self.form.format = format;
        }
        self.note = self.note();
        (self.problem, self.asks_about, self.replaceable) = (None, None, None);
    }

    /// Takes another format, and its ending in place of the one that the path has.
    fn take_format(&mut self, format: FileFormat) {
        let ending = format.ending();
        let is_first = self.path == self.first;
        for name in [&mut self.path, &mut self.file_name] {
            let stem = Path::new(name.as_str()).extension().map_or(name.len(), |old| name.len() - old.len() - 1);
            let has_format = FileFormat::of_path(Path::new(name.as_str())).is_some();
            if has_format && name.is_char_boundary(stem) {
                name.truncate(stem);
            }
            if has_format || !name.ends_with(['/', '"', '\'']) {
                *name = format!("{name}.{ending}");
            }
        }
        self.form.format = format;
        self.path_changed();
        if is_first {
            self.first.clone_from(&self.path);
        }
    }
}

/// What the dialog is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct ExportContext<'a> {
    pub filter: &'a HistoryFilter,
    /// How many entries there are, and how many the filter shows.
    pub all: u64,
    pub shown: u64,
    /// How many entries the running export has written, and of how many.
    pub progress: Option<(u64, u64)>,
}

/// Draws the dialog over the window; `false` when it is to be closed.
pub fn export_ui(ctx: &Context, state: &mut ExportState, about: &ExportContext<'_>, actions: &mut Vec<Action>) -> bool {
    let mut is_discarded = false;
    let modal = modal_ui(ctx, "export", "Export", 560.0, |ui| {
        ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
        let is_filtered = !about.filter.is_everything() && state.among.is_none();
        if let Some(among) = &state.among {
            let words = format!("The selected entries, newest first · {}", grouped(among.len() as u64));
            ui.label(RichText::new(words).color(DesignTokens::of(ui).subdued));
        } else if is_filtered {
            let all = format!("Whole history · {}", grouped(about.all));
            let shown = format!("What the filter shows · {}", grouped(about.shown));
            let options = [(false, all.as_str()), (true, shown.as_str())];
            ui.add(SegmentedControl::new("What to export", &mut state.only_shown, &options).in_form());
        } else {
            let words = format!("The whole history, newest first · {}", grouped(about.all));
            ui.label(RichText::new(words).color(DesignTokens::of(ui).subdued));
        }
        form_ui(ui, state);
        let is_entered = path_ui(ui, state, actions);
        if let Some(problem) = &state.problem {
            InlineAlert::new(Tone::Error, problem).ui(ui);
        }
        let is_confirmed = question_ui(ui, state);
        is_discarded = state.leaving.ui(ui, "Nothing was exported to this file");
        match (state.job, about.progress) {
            (Some(job), progress) => progress_ui(ui, job, progress, actions),
            (None, _) => {
                if ui.add(PrimaryButton::new("Export")).clicked() || is_entered || is_confirmed {
                    start(state, about, is_filtered, actions);
                }
            }
        }
    });
    // A running export goes on without the dialog; a toast tells its end.
    let is_unsaved = state.is_unsaved();
    state.leaving.stays(ctx, modal.should_close, is_unsaved) && !is_discarded
}

/// What the entries are saved as; of a table, which columns it has.
fn form_ui(ui: &mut Ui, state: &mut ExportState) {
    let mut format = state.form.format;
    Field::new("Format").show(ui, |ui| {
        let combo = ComboBox::from_id_salt("export format").width(ui.available_width()).height(400.0);
        combo.icon(paint::combo_chevron).selected_text(words_of(format)).show_ui(ui, |ui| {
            let t = DesignTokens::of(ui);
            ui.visuals_mut().selection.bg_fill = t.selection;
            ui.visuals_mut().selection.stroke.color = t.text;
            for other in FileFormat::ALL {
                if ui.selectable_value(&mut format, other, words_of(other)).clicked() {
                    ui.close();
                }
            }
        });
    });
    if format != state.form.format {
        state.take_format(format);
    }
    if format != FileFormat::Csv {
        return;
    }
    let columns = &mut state.form.columns;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(12.0, 4.0);
        for column in EntryColumn::ALL {
            let mut is_chosen = columns.contains(&column);
            if ui.checkbox(&mut is_chosen, column.label()).changed() {
                columns.retain(|known| *known != column);
                if is_chosen {
                    columns.push(column);
                }
            }
        }
    });
}

fn words_of(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Json => "JSON · everything, can be imported",
        FileFormat::Jsonl => "JSON Lines · an entry a line",
        FileFormat::Csv => "CSV · a table",
        FileFormat::Har => "HAR · calls for other tools",
        FileFormat::Env => ".env · tokens as variables",
        FileFormat::Pytest => "pytest · tokens as fixtures",
        FileFormat::TypeScript => "TypeScript · tokens as constants",
        FileFormat::Java => "Java · tokens as constants",
        FileFormat::Go => "Go · tokens as constants",
        FileFormat::StripeCli => "Stripe CLI · fixtures that repeat the calls",
    }
}

/// The path, with the file that it means; true when Enter was pressed in it.
fn path_ui(ui: &mut Ui, state: &mut ExportState, actions: &mut Vec<Action>) -> bool {
    let field = Field::new("File").mono();
    let field = match &state.read {
        Err(fault) if *fault != PathFault::Empty => field.message(Tone::Error, &state.note),
        _ => field.note(&state.note),
    };
    let edit = TextInput::singleline(&mut state.path).id(Id::unique("export_path")).hint_text("~/tokens.json");
    let response = field.text(ui, edit).response.response;
    if !state.is_started {
        state.is_started = true;
        lead_to(ui.ctx(), response.id);
    }
    if response.changed() {
        state.path_changed();
    }
    let is_entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let browse = ui.add(QuietButton::new("Browse…").icon(icons::FOLDER_OPEN));
    if browse.on_hover_text("Choose the file with the desktop's own dialog").clicked() {
        actions.push(Action::Browse);
    }
    is_entered
}

/// Asks whether the file that is there may be replaced; true when it may.
fn question_ui(ui: &mut Ui, state: &mut ExportState) -> bool {
    let Some(path) = &state.asks_about else { return false };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let title = format!("Replace {name}?");
    let text = format!("{} exists already. What is in it now is lost then", path.display());
    match InlineAlert::new(Tone::Warn, &title).text(&text).buttons(&["Replace it", "Keep it"]).ui(ui) {
        Some(0) => {
            state.replaceable = state.asks_about.take();
            true
        }
        Some(_) => {
            state.asks_about = None;
            false
        }
        None => false,
    }
}

fn progress_ui(ui: &mut Ui, job: JobId, progress: Option<(u64, u64)>, actions: &mut Vec<Action>) {
    let (done, total) = progress.unwrap_or((0, 0));
    let share = if total == 0 { 0.0 } else { done as f32 / total as f32 };
    let words = format!("{} of {}", grouped(done), grouped(total));
    ui.add(ProgressBar::new(share).text(words));
    if ui.add(QuietButton::new("Cancel the export")).clicked() {
        actions.push(Action::Cancel(job));
    }
}

fn start(state: &mut ExportState, about: &ExportContext<'_>, is_filtered: bool, actions: &mut Vec<Action>) {
    let path = match &state.read {
        Ok(path) => path.clone(),
        Err(fault) => {
            state.problem = Some(format!("Nothing was exported. {fault}"));
            return;
        }
    };
    if names_folder(&state.path) {
        return state.offer_name_in(&path);
    }
    if state.form.format == FileFormat::Csv && state.form.columns.is_empty() {
        state.problem = Some("Nothing was exported. The table has no column: choose one".to_owned());
        return;
    }
    (state.problem, state.asks_about) = (None, None);
    let filter = match &state.among {
        Some(among) => HistoryFilter { among: Some(among.clone()), ..HistoryFilter::default() },
        None if is_filtered && state.only_shown => about.filter.clone(),
        None => HistoryFilter::default(),
    };
    let overwrite = state.replaceable.as_ref() == Some(&path);
    actions.push(Action::Run(JobRequest::Export { path, filter, form: state.form.clone(), overwrite }));
}
