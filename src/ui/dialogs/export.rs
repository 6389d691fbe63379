//! The dialog of an export: which entries, to which file, how far it is. The path can always be typed, for many
//! desktops have no file dialog.

use std::path::{Path, PathBuf};

use egui::{Context, Id, ProgressBar, RichText, Ui};

use crate::{
    domain::history::{entry::EntryId, filter::HistoryFilter},
    messages::{JobId, JobRequest},
    ui::{
        action::Action,
        icons,
        theme::{self, DesignTokens},
        widgets::{
            Field, InlineAlert, PrimaryButton, QuietButton, SegmentedControl, TextInput, Tone, caret::lead_to,
            chip::grouped, modal_ui,
        },
    },
};

/// The state of the open dialog.
#[derive(Debug)]
pub struct ExportState {
    pub path: String,
    only_shown: bool,
    /// The entries to export, whatever the filter shows; `None` leaves it to the filter.
    pub among: Option<Vec<EntryId>>,
    overwrite: bool,
    /// The export that runs.
    pub job: Option<JobId>,
    /// Why the last export failed, or why there is no file dialog, as a sentence.
    pub problem: Option<String>,
    is_started: bool,
}

impl ExportState {
    /// `only_shown` starts with what the filter shows rather than with everything.
    pub fn new(path: &Path, only_shown: bool) -> Self {
        Self {
            path: path.to_string_lossy().into_owned(),
            only_shown,
            among: None,
            overwrite: false,
            job: None,
            problem: None,
            is_started: false,
        }
    }

    /// Takes a path from the desktop's own dialog. That dialog has asked already whether a file may be overwritten.
    pub fn take_chosen(&mut self, path: &Path) {
        self.path = path.to_string_lossy().into_owned();
        self.overwrite = true;
        self.problem = None;
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
    let modal = modal_ui(ctx, "export", "Export as JSON", 560.0, |ui| {
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
        path_ui(ui, state, actions);
        ui.checkbox(&mut state.overwrite, "Overwrite an existing file");
        if let Some(problem) = &state.problem {
            InlineAlert::new(Tone::Error, problem).ui(ui);
        }
        match (state.job, about.progress) {
            (Some(job), progress) => progress_ui(ui, job, progress, actions),
            (None, _) => {
                let is_asked = ui.add(PrimaryButton::new("Export")).clicked()
                    || ui.input(|input| input.key_pressed(egui::Key::Enter));
                if is_asked {
                    start(state, about, is_filtered, actions);
                }
            }
        }
    });
    // A running export goes on without the dialog; a toast tells its end.
    !modal.should_close
}

fn path_ui(ui: &mut Ui, state: &mut ExportState, actions: &mut Vec<Action>) {
    let field = Field::new("File").mono();
    let edit = TextInput::singleline(&mut state.path).id(Id::unique("export_path")).hint_text("/home/you/tokens.json");
    let response = field.text(ui, edit).response.response;
    if !state.is_started {
        state.is_started = true;
        lead_to(ui.ctx(), response.id);
    }
    if response.changed() {
        state.problem = None;
    }
    let browse = ui.add(QuietButton::new("Browse…").icon(icons::FOLDER_OPEN));
    if browse.on_hover_text("Choose the file with the desktop's own dialog").clicked() {
        actions.push(Action::Browse);
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
    let path = state.path.trim();
    if path.is_empty() {
        state.problem = Some("Nothing was exported: the file has no name. Type a path, or browse for one".to_owned());
        return;
    }
    state.problem = None;
    let filter = match &state.among {
        Some(among) => HistoryFilter { among: Some(among.clone()), ..HistoryFilter::default() },
        None if is_filtered && state.only_shown => about.filter.clone(),
        None => HistoryFilter::default(),
    };
    let (path, overwrite) = (PathBuf::from(path), state.overwrite);
    actions.push(Action::Run(JobRequest::Export { path, filter, overwrite }));
}
