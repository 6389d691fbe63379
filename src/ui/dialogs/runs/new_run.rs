//! A new run: its list as a matrix or a file, how far its rows go, and what will come of it before anything is sent.

use std::{num::NonZeroU32, path::Path, sync::Arc};

use egui::{Id, Label, RichText, ScrollArea, Ui};
use jiff::civil::Date;

use super::context::{DialogStatus, RunsContext};
use crate::{
    domain::{
        call::api::Target,
        card::expiry::utc_day,
        foreign, mask,
        rules::policies::AccountPolicies,
        run::{
            list::{ListFile, ListPart, RunList},
            matrix::RunMatrix,
            preview::{RunPreview, time_words},
            record::{RunRecord, run_name},
            row::RunStep,
        },
        settings::stripe::USUAL_RATE,
    },
    messages::{JobRequest, RunOrder},
    ui::{
        action::Action,
        background::BackgroundTask,
        icons,
        shortcuts::{LocalKey, Shortcut},
        theme::{self, DesignTokens},
        widgets::{
            Field, InlineAlert, PrimaryButton, QuietButton, SegmentedControl, TextInput, Tone, above_foot_ui,
            caret::lead_to, chip::grouped, scroll_ui,
        },
    },
};

/// What stands in the field at first: it shows how a list is written.
const EXAMPLE: &str = "card=4242424242424242,insufficient_funds cvc=good,bad,none network=visa,none";
const HELP: &str = "Every combination of card, cvc, zip, network and amount. A card is a number, the name of a ready \
                    token, a decline such as insufficient_funds, a word such as amex, or * for all";
const FILE_HELP: &str = "A list as CSV, JSON or JSON Lines. Its columns are parameters, such as card[number], and expect, \
                         step, note, tags, count, amount, currency, preset and cvc";
/// So many expectations are told one by one.
const MOST_EXPECTED: usize = 12;
/// After so many rows a preview looks whether it is still wanted.
const LOOK_EVERY: usize = 1000;

/// What a preview was worked out of.
#[derive(Clone, Debug, PartialEq)]
struct PreviewKey {
    list: RunList,
    day: Date,
    policies: Option<AccountPolicies>,
}

/// What the list of a run is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ListSource {
    #[default]
    Matrix,
    File,
}

const SOURCES: [(ListSource, &str); 2] = [(ListSource::Matrix, "Matrix"), (ListSource::File, "File")];

/// A new run as it is typed.
#[derive(Debug)]
pub(super) struct NewRunState {
    source: ListSource,
    file: Option<Arc<ListFile>>,
    text: String,
    /// The text that was run last, or stood here at first.
    settled: String,
    read: Result<RunMatrix, String>,
    last_step: RunStep,
    name: String,
    rate: String,
    task: BackgroundTask<Result<RunPreview, String>>,
    asked: Option<PreviewKey>,
    preview: Option<Result<RunPreview, String>>,
    is_focus_wanted: bool,
}

impl Default for NewRunState {
    fn default() -> Self {
        Self {
            source: ListSource::Matrix,
            file: None,
            text: EXAMPLE.to_owned(),
            settled: EXAMPLE.to_owned(),
            read: read(EXAMPLE),
            last_step: RunStep::Charge,
            name: String::new(),
            rate: String::new(),
            task: BackgroundTask::new("run preview"),
            asked: None,
            preview: None,
            is_focus_wanted: true,
        }
    }
}

impl NewRunState {
    pub(super) fn take_focus(&mut self) {
        self.is_focus_wanted = true;
    }

    pub(super) fn take_file(&mut self, file: Arc<ListFile>) {
        self.source = ListSource::File;
        self.file = Some(file);
        self.is_focus_wanted = true;
    }

    /// The list that a run needs again to go on, where it is the one that is open here; else an empty one.
    pub(super) fn list_of(&self, record: &RunRecord) -> RunList {
        let file = self.file.iter().filter(|file| mask::text(&file.name) == record.run.source);
        let parts = file.map(|file| ListPart::File(Arc::clone(file))).collect();
        RunList { parts, last_step: record.run.last_step }
    }

    /// The list as it is now; `None` while there is none.
    fn list(&self) -> Option<RunList> {
        let part = match self.source {
            ListSource::Matrix => ListPart::Matrix(self.read.as_ref().ok()?.clone()),
            ListSource::File => ListPart::File(Arc::clone(self.file.as_ref()?)),
        };
        Some(RunList { parts: vec![part], last_step: self.last_step })
    }

    pub(super) fn is_unsaved(&self) -> bool {
        self.text != self.settled && !self.text.trim().is_empty()
    }

    /// Takes notice that the list was run, and is kept with the run.
    pub(super) fn was_run(&mut self) {
        self.settled.clone_from(&self.text);
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
        if let Some(preview) = self.task.take() {
            self.preview = Some(preview);
        }
        let key = self.list().map(|list| PreviewKey {
            list,
            day: utc_day(about.now),
            policies: (about.settings.target() == Target::Local).then_some(about.settings.policies),
        });
        if key == self.asked {
            return;
        }
        self.preview = None;
        self.asked.clone_from(&key);
        let Some(PreviewKey { list, day, policies }) = key else { return self.task.cancel() };
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
        let of_file = self.file.as_ref().filter(|_| self.source == ListSource::File).and_then(stem);
        of_file.unwrap_or_else(|| "matrix".to_owned())
    }

    /// How many rows the list has, as far as that is known.
    fn rows(&self) -> Option<u64> {
        match (self.source, &self.preview) {
            (ListSource::Matrix, _) => Some(self.read.as_ref().map_or(0, RunMatrix::len) as u64),
            (ListSource::File, Some(Ok(preview))) => Some(preview.rows),
            (ListSource::File, Some(Err(_))) => Some(0),
            (ListSource::File, None) if self.file.is_none() => Some(0),
            (ListSource::File, None) => None,
        }
    }

    fn order(&self, target: Target) -> Option<RunOrder> {
        let (list, Ok(rate)) = (self.list()?, self.rate()) else { return None };
        if let Some(Err(_)) = self.preview {
            return None;
        }
        let source = match (self.source, &self.file) {
            (ListSource::File, Some(file)) => file.name.clone(),
            // The text names published cards only.
            _ => self.text.split_whitespace().collect::<Vec<_>>().join(" "),
        };
        let name = if self.name.trim().is_empty() { self.usual_name() } else { self.name.clone() };
        Some(RunOrder::New {
            name: run_name(&name),
            source,
            list,
            target,
            rate: rate.filter(|_| target == Target::Stripe),
        })
    }
}

fn read(text: &str) -> Result<RunMatrix, String> {
    RunMatrix::parse(text).map_err(|error| {
        let words = error.to_string();
        let mut signs = words.chars();
        signs.next().map(|first| first.to_uppercase().chain(signs).collect()).unwrap_or_default()
    })
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
                        fields_ui(ui, new_run, target, actions);
                        preview_ui(ui, new_run, target, about);
                    },
                );
            });
        },
        |ui, new_run| {
            // As wide as the fields, with room for the ring of the focus.
            let right = ui.max_rect().right() - 14.0;
            ui.set_max_width(right - ui.max_rect().left());
            ui.add_space(6.0);
            if let Some(problem) = problem {
                InlineAlert::new(Tone::Error, problem).ui(ui);
                ui.add_space(6.0);
            }
            let words = match new_run.rows() {
                None => "Run it".to_owned(),
                Some(1) => "Run 1 row".to_owned(),
                Some(rows) => format!("Run {} rows", grouped(rows)),
            };
            let words = if is_busy { "A run is on its way" } else { words.as_str() };
            let is_ready = !is_busy && new_run.order(target).is_some();
            ui.add_enabled_ui(is_ready, |ui| {
                is_asked |= ui.add(PrimaryButton::new(words).keys(LocalKey::Submit.cap())).clicked();
            });
            is_asked &= is_ready;
        },
    );
    if let Some(order) = new_run.order(target).filter(|_| is_asked) {
        actions.push(Action::Run(JobRequest::MakeRun(Box::new(order))));
    }
}

fn fields_ui(ui: &mut Ui, state: &mut NewRunState, target: Target, actions: &mut Vec<Action>) {
    Field::new("What the run is made of").show(ui, |ui| {
        let control = SegmentedControl::new("What the run is made of", &mut state.source, &SOURCES).in_form();
        (ui.add(control), ())
    });
    match state.source {
        ListSource::Matrix => matrix_ui(ui, state),
        ListSource::File => file_ui(ui, state, actions),
    }
    Field::new("How far each row goes").show(ui, |ui| {
        let steps = [
            (RunStep::Token, "Token"),
            (RunStep::Attach, "Attach"),
            (RunStep::Charge, "Charge"),
            (RunStep::Intent, "Payment intent"),
        ];
        let control = SegmentedControl::new("How far each row goes", &mut state.last_step, &steps).in_form();
        let response = ui.add(control);
        (response, ())
    });
    if target == Target::Local {
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
    if std::mem::take(&mut state.is_focus_wanted) {
        response.request_focus();
    }
    if response.on_hover_text(Shortcut::Import.tip("A list can be dropped onto the window, too")).clicked() {
        actions.push(Action::Do(Shortcut::Import));
    }
    if let Some(Err(error)) = &state.preview {
        InlineAlert::new(Tone::Error, "The list cannot be run").text(error).ui(ui);
    }
}

fn matrix_ui(ui: &mut Ui, state: &mut NewRunState) {
    let message = state.read.as_ref().err().cloned();
    let field = Field::new("List").mono().lines();
    let field = match &message {
        Some(message) => field.message(Tone::Error, message),
        None => field.note(HELP),
    };
    let edit = TextInput::multiline(&mut state.text, 3).id(Id::unique("run_matrix")).hint_text(EXAMPLE);
    let response = field.text(ui, edit).response.response;
    if response.changed() {
        state.read = read(&state.text);
    }
    if std::mem::take(&mut state.is_focus_wanted) {
        lead_to(ui.ctx(), response.id);
    }
}

fn name_ui(ui: &mut Ui, state: &mut NewRunState) {
    let field = Field::new("Name").hint("optional");
    let usual = state.usual_name();
    field.text(ui, TextInput::singleline(&mut state.name).words().id(Id::unique("run_name")).hint_text(&usual));
}

/// What the run will do.
fn preview_ui(ui: &mut Ui, state: &NewRunState, target: Target, about: &RunsContext<'_>) {
    let t = DesignTokens::of(ui);
    let Some(Ok(preview)) = &state.preview else {
        if state.task.is_waiting() {
            ui.label(RichText::new("Working out what it will do…").color(t.subdued));
        }
        return;
    };
    let usual = (!about.settings.stripe().base_url.is_loopback()).then_some(USUAL_RATE);
    let rate = match target {
        Target::Local => None,
        Target::Stripe => state.rate().ok().flatten().map(NonZeroU32::get).or(usual),
    };
    let time = match rate {
        Some(rate) => format!(", about {} at {rate} calls a second", time_words(preview.time_at(rate))),
        None => String::new(),
    };
    let words = format!(
        "{} rows, {} calls at most{time}, at {}",
        grouped(preview.rows),
        grouped(preview.calls),
        target.place()
    );
    egui::Frame::new().fill(t.raised).corner_radius(theme::RADIUS_FLOAT).inner_margin(12).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.add(Label::new(RichText::new(words).font(theme::semibold(theme::BODY_SIZE))).wrap());
        let mut expected: Vec<(&String, u64)> = preview.expected.iter().map(|(words, rows)| (words, *rows)).collect();
        expected.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        for (words, rows) in expected.iter().take(MOST_EXPECTED) {
            expected_ui(ui, *rows, words);
        }
        let more: u64 = expected.iter().skip(MOST_EXPECTED).map(|(_, rows)| rows).sum();
        if more + preview.expected_otherwise > 0 {
            expected_ui(ui, more + preview.expected_otherwise, "other outcomes");
        }
    });
    for (policy, rows) in &preview.refused {
        let title = format!("The account refuses {} of the rows", grouped(*rows));
        let text = format!("Its policy {} is not as usual. The settings of the minter change it", policy.as_str());
        InlineAlert::new(Tone::Warn, &title).text(&text).ui(ui);
    }
}

fn expected_ui(ui: &mut Ui, rows: u64, words: &str) {
    let t = DesignTokens::of(ui);
    let text = format!("{} × {words}", grouped(rows));
    let text = crate::domain::foreign::label(&text).into_owned();
    ui.add(Label::new(RichText::new(text).size(theme::SMALL_SIZE).color(t.subdued)).truncate());
}
