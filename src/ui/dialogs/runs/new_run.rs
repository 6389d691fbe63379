//! A new run: what its list is made of, how far its rows go, and what will come of it before anything is sent.

use std::{num::NonZeroU32, path::Path, sync::Arc};

use egui::{Id, Label, RichText, ScrollArea, Ui};
use jiff::civil::Date;

use super::{
    context::{DialogStatus, RunsContext},
    matrix_source::MatrixSource,
    preset_source::PresetSource,
    run_preview::preview_ui,
    selection_source::SelectionSource,
};
use crate::{
    domain::{
        call::api::Target,
        card::expiry::utc_day,
        foreign, mask,
        presets::library::PresetLibrary,
        rules::policies::AccountPolicies,
        run::{
            entry_rows::EntryRows,
            list::{ListFile, ListPart, RunList},
            matrix::RunMatrix,
            preview::RunPreview,
            record::{RunRecord, run_name},
            row::RunStep,
        },
        settings::stripe::USUAL_RATE,
    },
    messages::{JobFailure, JobId, JobRequest, RunOrder},
    ui::{
        action::Action,
        background::BackgroundTask,
        icons,
        shortcuts::{LocalKey, Shortcut},
        theme::{self, DesignTokens},
        widgets::{
            Field, InlineAlert, PrimaryButton, QuietButton, SegmentedControl, TextInput, Tone, above_foot_ui,
            scroll_ui, segmented::segment_id,
        },
        words,
    },
};

const FILE_HELP: &str = "A list as CSV, JSON or JSON Lines. Its columns are parameters, such as card[number], and expect, \
                         step, note, tags, count, amount, currency, preset and cvc";
/// After so many rows a preview looks whether it is still wanted.
const LOOK_EVERY: usize = 1000;

/// What a preview was worked out of.
#[derive(Clone, Copy, Debug, PartialEq)]
struct PreviewKey {
    /// Of the list.
    revision: u64,
    day: Date,
    policies: Option<AccountPolicies>,
}

/// What the list of a run is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ListSource {
    #[default]
    Matrix,
    Presets,
    Selection,
    File,
}

const SOURCES: [(ListSource, &str); 4] = [
    (ListSource::Matrix, "Matrix"),
    (ListSource::Presets, "Presets"),
    (ListSource::Selection, "Selection"),
    (ListSource::File, "File"),
];

/// A new run as it is chosen and typed.
#[derive(Debug)]
pub(super) struct NewRunState {
    source: ListSource,
    matrix: MatrixSource,
    presets: PresetSource,
    selection: SelectionSource,
    file: Option<Arc<ListFile>>,
    /// The presets that a file may name.
    library: Arc<PresetLibrary>,
    library_revision: Option<u64>,
    last_step: RunStep,
    name: String,
    rate: String,
    /// The list as it is now; `None` while there is none.
    list: Option<RunList>,
    /// Counts the changes of the list.
    revision: u64,
    task: BackgroundTask<Result<RunPreview, String>>,
    asked: Option<PreviewKey>,
    preview: Option<Result<RunPreview, String>>,
    is_focus_wanted: bool,
    /// Whether the button that chooses a file is to get the focus.
    is_file_focus_wanted: bool,
}

impl Default for NewRunState {
    fn default() -> Self {
        let mut new_run = Self {
            source: ListSource::Matrix,
            matrix: MatrixSource::default(),
            presets: PresetSource::default(),
            selection: SelectionSource::default(),
            file: None,
            library: Arc::default(),
            library_revision: None,
            last_step: RunStep::Charge,
            name: String::new(),
            rate: String::new(),
            list: None,
            revision: 0,
            task: BackgroundTask::new("run preview"),
            asked: None,
            preview: None,
            is_focus_wanted: true,
            is_file_focus_wanted: false,
        };
        new_run.list_changed();
        new_run
    }
}

impl NewRunState {
    pub(super) fn take_focus(&mut self) {
        self.is_focus_wanted = true;
    }

    pub(super) fn take_file(&mut self, file: Arc<ListFile>) {
        self.file = Some(file);
        self.choose(ListSource::File);
    }

    /// Takes notice that so many entries of the history are read to be made again.
    pub(super) fn take_selection(&mut self, job: JobId, entries: usize) {
        self.selection.begin(job, entries);
        self.choose(ListSource::Selection);
    }

    pub(super) fn take_entry_rows(&mut self, job: JobId, rows: Result<EntryRows, JobFailure>) {
        if self.selection.take(job, rows) {
            self.list_changed();
        }
    }

    fn choose(&mut self, source: ListSource) {
        self.source = source;
        self.is_focus_wanted = true;
        self.list_changed();
    }

    /// The list that a run needs again to go on, where it is the one that is open here; else an empty one.
    pub(super) fn list_of(&self, record: &RunRecord, library: &PresetLibrary) -> RunList {
        let file = self.file.iter().filter(|file| mask::text(&file.name) == record.run.source);
        let parts = file.map(|file| ListPart::File(Arc::clone(file))).collect();
        RunList { parts, last_step: record.run.last_step, presets: Arc::new(library.clone()) }
    }

    /// Makes the list anew of what is chosen now.
    fn list_changed(&mut self) {
        self.revision += 1;
        let parts = match self.source {
            ListSource::Matrix => self.matrix.matrix().cloned().map(ListPart::Matrix).into_iter().collect(),
            ListSource::Presets => self.presets.parts().to_vec(),
            ListSource::Selection => self.selection.part().into_iter().collect(),
            ListSource::File => self.file.iter().map(|file| ListPart::File(Arc::clone(file))).collect::<Vec<_>>(),
        };
        let presets = Arc::clone(&self.library);
        self.list = (!parts.is_empty()).then_some(RunList { parts, last_step: self.last_step, presets });
    }

    /// Takes the presets as the library has them.
    fn follow(&mut self, library: &PresetLibrary, revision: u64) {
        let are_others_chosen = self.presets.follow(library, revision);
        let is_known = self.library_revision == Some(revision) || self.library.own == library.own;
        self.library_revision = Some(revision);
        if !is_known {
            self.library = Arc::new(library.clone());
        }
        if (are_others_chosen && self.source == ListSource::Presets) || (!is_known && self.source == ListSource::File) {
            self.list_changed();
        }
    }

    pub(super) fn is_unsaved(&self) -> bool {
        self.matrix.is_unsaved()
    }

    /// Takes notice that the list was run, and is kept with the run.
    pub(super) fn was_run(&mut self) {
        self.matrix.was_run();
    }

    /// The rate as it was typed; `None` for the usual one.
    fn rate(&self) -> Result<Option<NonZeroU32>, &'static str> {
        match self.rate.trim() {
            "" => Ok(None),
            rate => rate.parse().map(Some).map_err(|_| "A whole number from 1 on, or nothing for the usual rate"),
        }
    }

    /// Has the preview worked out, if it is of something else.
    fn ask_preview(&mut self, ui: &Ui, about: &RunsContext<'_>) {
        self.follow(about.library, about.library_revision);
        if let Some(preview) = self.task.take() {
            self.preview = Some(preview);
        }
        let policies = match about.settings.target() {
            Target::Local => Some(about.settings.policies),
            Target::Stripe => about.runs.known_policies(about.settings.profiles.active().id),
        };
        let key = PreviewKey { revision: self.revision, day: utc_day(about.now), policies };
        if self.asked == Some(key) {
            return;
        }
        self.preview = None;
        self.asked = Some(key);
        let Some(list) = self.list.clone() else { return self.task.cancel() };
        let PreviewKey { day, policies, .. } = key;
        self.task.ask(ui.ctx(), move |task| {
            let mut preview = RunPreview::default();
            for (place, row) in list.rows().enumerate() {
                if place % LOOK_EVERY == 0 && !task.is_wanted() {
                    break;
                }
                preview.add(&row.map_err(|error| error.to_string())?, day, policies);
            }
            Ok(preview)
        });
    }

    /// What a run is called that was given no name.
    fn usual_name(&self) -> String {
        let stem = |file: &Arc<ListFile>| Some(Path::new(&file.name).file_stem()?.to_string_lossy().into_owned());
        match self.source {
            ListSource::Matrix => "matrix".to_owned(),
            ListSource::Presets => "presets".to_owned(),
            ListSource::Selection => "again".to_owned(),
            ListSource::File => self.file.as_ref().and_then(stem).unwrap_or_else(|| "file".to_owned()),
        }
    }

    /// How many rows the list has, as far as that is known.
    fn rows(&self) -> Option<u64> {
        match (&self.list, self.source, &self.preview) {
            (None, ..) if self.selection.is_reading() && self.source == ListSource::Selection => None,
            (None, ..) | (_, _, Some(Err(_))) => Some(0),
            (Some(_), ListSource::Matrix, _) => self.matrix.matrix().map(|matrix| RunMatrix::len(matrix) as u64),
            (Some(_), _, preview) => {
                preview.as_ref().and_then(|preview| preview.as_ref().ok()).map(|preview| preview.rows)
            }
        }
    }

    fn order(&self, target: Target) -> Option<RunOrder> {
        let (Some(list), Ok(rate)) = (&self.list, self.rate()) else { return None };
        if let Some(Err(_)) = self.preview {
            return None;
        }
        let source = match self.source {
            ListSource::Matrix => self.matrix.line(),
            ListSource::Presets => words::number_of(self.presets.parts().len() as u64, "preset", "presets"),
            ListSource::Selection => self.selection.words(),
            ListSource::File => self.file.as_ref()?.name.clone(),
        };
        let name = if self.name.trim().is_empty() { self.usual_name() } else { self.name.clone() };
        Some(RunOrder::New {
            name: run_name(&name),
            source,
            list: list.clone(),
            target,
            rate: rate.filter(|_| target == Target::Stripe),
        })
    }
}

/// Draws the form of a new run with its preview.
pub(super) fn new_run_ui(
    ui: &mut Ui,
    new_run: &mut NewRunState,
    status: DialogStatus<'_>,
    about: &RunsContext<'_>,
    actions: &mut Vec<Action>,
) {
    let DialogStatus { is_busy, problem, .. } = status;
    let mut is_asked = ui.input_mut(|input| LocalKey::Submit.is_pressed(input));
    new_run.ask_preview(ui, about);
    let target = about.settings.target();
    above_foot_ui(
        ui,
        new_run,
        |ui, new_run| {
            scroll_ui(ui, "the new run", ScrollArea::vertical().auto_shrink([false, false]), |ui| {
                // Room for the scroll bar beside the fields, and for the ring of the focus.
                egui::Frame::new().inner_margin(egui::Margin { left: 4, right: 14, top: 2, bottom: 8 }).show(
                    ui,
                    |ui| {
                        ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
                        fields_ui(ui, new_run, about, actions);
                        match &new_run.preview {
                            Some(Ok(preview)) => preview_ui(ui, preview, new_run.rate().ok().flatten(), about),
                            _ if new_run.task.is_waiting() => {
                                let words = RichText::new("Working out what it will do…");
                                ui.label(words.color(DesignTokens::of(ui).subdued));
                            }
                            _ => {}
                        }
                    },
                );
            });
        },
        |ui, new_run| {
            // As wide as the fields, with room for the ring of the focus.
            egui::Frame::new().inner_margin(egui::Margin { left: 4, right: 14, top: 6, bottom: 4 }).show(ui, |ui| {
                if let Some(problem) = problem {
                    InlineAlert::new(Tone::Error, problem).ui(ui);
                    ui.add_space(6.0);
                }
                let words = match new_run.rows() {
                    None => "Run it".to_owned(),
                    Some(rows) => format!("Run {}", words::rows(rows)),
                };
                let words = if is_busy { "A run is on its way" } else { words.as_str() };
                let is_ready = !is_busy && new_run.list.is_some() && new_run.order(target).is_some();
                ui.add_enabled_ui(is_ready, |ui| {
                    is_asked |= ui.add(PrimaryButton::new(words).keys(LocalKey::Submit.cap())).clicked();
                });
                is_asked &= is_ready;
            });
        },
    );
    if is_asked && let Some(order) = new_run.order(target) {
        actions.push(Action::Run(JobRequest::MakeRun(Box::new(order))));
    }
}

fn fields_ui(ui: &mut Ui, state: &mut NewRunState, about: &RunsContext<'_>, actions: &mut Vec<Action>) {
    let before = (state.source, state.last_step);
    let control = Field::new("What the run is made of")
        .show(ui, |ui| ui.add(SegmentedControl::new("What the run is made of", &mut state.source, &SOURCES).in_form()));
    if std::mem::take(&mut state.is_focus_wanted) {
        match state.source {
            ListSource::Matrix => state.matrix.take_focus(),
            ListSource::Presets => state.presets.take_focus(),
            // Nothing is to be typed: the keys stay where another source is chosen.
            ListSource::Selection => {
                let place = SOURCES.iter().position(|(source, _)| *source == ListSource::Selection);
                ui.memory_mut(|memory| memory.request_focus(segment_id(&control, place.unwrap_or_default())));
            }
            ListSource::File => state.is_file_focus_wanted = true,
        }
    }
    let is_changed = match state.source {
        ListSource::Matrix => state.matrix.ui(ui),
        ListSource::Presets => state.presets.ui(ui, about.library),
        ListSource::Selection => {
            state.selection.ui(ui);
            false
        }
        ListSource::File => {
            file_ui(ui, state, actions);
            false
        }
    };
    Field::new("How far each row goes").show(ui, |ui| {
        let steps = [
            (RunStep::Token, "Token"),
            (RunStep::Attach, "Attach"),
            (RunStep::Charge, "Charge"),
            (RunStep::Intent, "Payment intent"),
            (RunStep::PartialIntent, "Partial intent"),
        ];
        let control = SegmentedControl::new("How far each row goes", &mut state.last_step, &steps).in_form();
        ui.add(control);
    });
    if is_changed || before != (state.source, state.last_step) {
        state.list_changed();
    }
    if about.settings.target() == Target::Local {
        return name_ui(ui, state);
    }
    let message = state.rate().err();
    ui.columns_const(|[left, right]| {
        name_ui(left, state);
        let hint = format!("{USUAL_RATE} if empty");
        let field = Field::new("Calls a second").hint(&hint).mono();
        let field = match message {
            Some(message) => field.message(Tone::Error, message),
            None => field,
        };
        field.text(right, TextInput::singleline(&mut state.rate).code().id(Id::unique("run_rate")));
    });
}

/// The file of rows, or how to come to one.
fn file_ui(ui: &mut Ui, state: &mut NewRunState, actions: &mut Vec<Action>) {
    let t = DesignTokens::of(ui);
    let small = |text: &str| RichText::new(text).size(theme::SMALL_SIZE).color(t.subdued);
    let button = if let Some(file) = &state.file {
        let name = foreign::label(&file.name).into_owned();
        ui.add(Label::new(RichText::new(name).font(theme::semibold(theme::BODY_SIZE))).truncate());
        "Another file…"
    } else {
        ui.add(Label::new(small(FILE_HELP)).wrap());
        "Choose a file…"
    };
    let response = ui.add(QuietButton::new(button).icon(icons::FOLDER_OPEN));
    if std::mem::take(&mut state.is_file_focus_wanted) {
        response.request_focus();
    }
    if response.on_hover_text(Shortcut::Import.tip("A list can be dropped onto the window, too")).clicked() {
        actions.push(Action::Do(Shortcut::Import));
    }
    if let Some(Err(error)) = &state.preview {
        InlineAlert::new(Tone::Error, "The list cannot be run").text(error).ui(ui);
    }
}

fn name_ui(ui: &mut Ui, state: &mut NewRunState) {
    let field = Field::new("Name").hint("optional");
    let usual = state.usual_name();
    field.text(ui, TextInput::singleline(&mut state.name).words().id(Id::unique("run_name")).hint_text(&usual));
}
