//! A new run: its list as a matrix, how far its rows go, and what will come of it before anything is sent.

use std::num::NonZeroU32;

use egui::{Id, Label, RichText, ScrollArea, Ui};
use jiff::civil::Date;

use super::context::{DialogStatus, RunsContext};
use crate::{
    domain::{
        call::api::Target,
        card::expiry::utc_day,
        rules::policies::AccountPolicies,
        run::{
            list::{ListPart, RunList},
            matrix::RunMatrix,
            preview::{RunPreview, time_words},
            record::run_name,
            row::RunStep,
        },
        settings::stripe::USUAL_RATE,
    },
    messages::{JobRequest, RunOrder},
    ui::{
        action::Action,
        background::BackgroundTask,
        shortcuts::LocalKey,
        theme::{self, DesignTokens},
        widgets::{
            Field, InlineAlert, PrimaryButton, SegmentedControl, TextInput, Tone, above_foot_ui, caret::lead_to,
            chip::grouped, scroll_ui,
        },
    },
};

/// What stands in the field at first: it shows how a list is written.
const EXAMPLE: &str = "card=4242424242424242,insufficient_funds cvc=good,bad,none network=visa,none";
const HELP: &str = "Every combination of card, cvc, zip, network and amount. A card is a number, the name of a ready \
                    token, a decline such as insufficient_funds, a word such as amex, or * for all";
/// So many expectations are told one by one.
const MOST_EXPECTED: usize = 12;
/// After so many rows a preview looks whether it is still wanted.
const LOOK_EVERY: usize = 1000;

/// What a preview was worked out of.
#[derive(Clone, Debug, PartialEq)]
struct PreviewKey {
    matrix: RunMatrix,
    last_step: RunStep,
    day: Date,
    policies: Option<AccountPolicies>,
}

/// A new run as it is typed.
#[derive(Debug)]
pub(super) struct NewRunState {
    text: String,
    /// The text that was run last, or stood here at first.
    settled: String,
    read: Result<RunMatrix, String>,
    last_step: RunStep,
    name: String,
    rate: String,
    task: BackgroundTask<RunPreview>,
    asked: Option<PreviewKey>,
    preview: Option<RunPreview>,
    is_focus_wanted: bool,
}

impl Default for NewRunState {
    fn default() -> Self {
        Self {
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
        let key = self.read.as_ref().ok().map(|matrix| PreviewKey {
            matrix: matrix.clone(),
            last_step: self.last_step,
            day: utc_day(about.now),
            policies: (about.settings.target() == Target::Local).then_some(about.settings.policies),
        });
        if key == self.asked {
            return;
        }
        self.preview = None;
        self.asked.clone_from(&key);
        let Some(PreviewKey { matrix, last_step, day, policies }) = key else { return self.task.cancel() };
        self.task.ask(ui.ctx(), move |task| {
            let list = RunList { parts: vec![ListPart::Matrix(matrix)], last_step };
            let mut preview = RunPreview::default();
            // A matrix has no row that cannot be read.
            for (place, row) in list.rows().filter_map(Result::ok).enumerate() {
                if place % LOOK_EVERY == 0 && !task.is_wanted() {
                    break;
                }
                preview.add(&row, day, policies);
            }
            preview
        });
    }

    fn order(&self, target: Target) -> Option<RunOrder> {
        let (Ok(matrix), Ok(rate)) = (&self.read, self.rate()) else { return None };
        let name = if self.name.trim().is_empty() { "matrix" } else { self.name.as_str() };
        Some(RunOrder::New {
            name: run_name(name),
            text: self.text.split_whitespace().collect::<Vec<_>>().join(" "),
            matrix: matrix.clone(),
            last_step: self.last_step,
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
                        fields_ui(ui, new_run, target);
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
            let rows = new_run.read.as_ref().map_or(0, RunMatrix::len);
            let words = match rows {
                1 => "Run 1 row".to_owned(),
                rows => format!("Run {} rows", grouped(rows as u64)),
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

fn fields_ui(ui: &mut Ui, state: &mut NewRunState, target: Target) {
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
    Field::new("How far each row goes").show(ui, |ui| {
        let steps = [(RunStep::Token, "Token"), (RunStep::Attach, "Attach to a customer"), (RunStep::Charge, "Charge")];
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

fn name_ui(ui: &mut Ui, state: &mut NewRunState) {
    let field = Field::new("Name").hint("optional");
    field.text(ui, TextInput::singleline(&mut state.name).words().id(Id::unique("run_name")).hint_text("matrix"));
}

/// What the run will do.
fn preview_ui(ui: &mut Ui, state: &NewRunState, target: Target, about: &RunsContext<'_>) {
    let t = DesignTokens::of(ui);
    let Some(preview) = &state.preview else {
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
