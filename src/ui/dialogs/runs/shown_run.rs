//! A run: what it is, how far it is, what came of it, and what can be done with it.

use egui::{Id, Key, Label, Rect, RichText, Role, Sense, Ui, WidgetInfo, accesskit::Live, vec2};

use super::{
    bars, changes,
    context::{DialogStatus, RunsContext},
    heat_map::{HeatMapState, HeatSign, heat_map_ui},
    report::{report_of, report_ui},
};
use crate::{
    domain::{
        call::api::Target,
        evidence::EvidenceSubject,
        foreign,
        run::{
            list::RunList,
            preview::time_words,
            record::{RunId, RunRecord, RunState},
            summary::VerdictCounts,
        },
    },
    messages::{JobRequest, RunOrder, RunningRun},
    reports::ReportFormat,
    ui::{
        action::Action,
        dialogs::output_file::OutputFile,
        icons,
        theme::{self, DesignTokens},
        widgets::{
            Field, InlineAlert, QuietButton, RowButton, RowScroll, TabBar, TextInput, Tone, button_row_ui,
            caret::lead_to, chip::grouped, paint,
        },
        words, zone_in_use,
    },
};

/// While a run is made that is longer, its heat map waits for its end: it is counted anew each time.
const LIVE_ROWS: u64 = 20_000;

/// The pages of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum RunTab {
    #[default]
    HeatMap,
    Outcomes,
    Changes,
}

/// What can be done with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunWish {
    Again(Target),
    Resume,
    Entries,
    Report,
    Evidence,
    Rename,
    Delete,
}

/// What is asked about the run before it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum RunQuestion {
    #[default]
    Nothing,
    /// Another name, as it is typed; whether the field has had the focus.
    Name(String, bool),
    /// Whether it is deleted; whether the careful answer has had the focus.
    Deletion(bool),
}

/// What the view of a run remembers from frame to frame.
#[derive(Debug, Default)]
pub(super) struct ShownRunState {
    tab: RunTab,
    pub(super) heat: HeatMapState,
    changes: RowScroll,
    question: RunQuestion,
    /// The run that it is compared with; `None` for the one before it.
    pub(super) against: Option<RunId>,
    /// The run that the next one is compared with, which is made of the same list elsewhere.
    pub(super) next_against: Option<RunId>,
    pub(super) report: Option<OutputFile<ReportFormat>>,
    /// Where the report of this run was written last: said here, for a message would lie over the map.
    pub(super) written: Option<String>,
}

impl ShownRunState {
    /// Another run is shown from now on.
    pub(super) fn about_another(&mut self) {
        *self = Self { tab: self.tab, ..Self::default() };
    }

    pub(super) fn focus_heat_map(&mut self) {
        self.tab = RunTab::HeatMap;
        self.heat.take_focus();
    }
}

/// Draws a run.
pub(super) fn shown_run_ui(
    ui: &mut Ui,
    state: &mut ShownRunState,
    id: RunId,
    status: DialogStatus<'_>,
    about: &RunsContext<'_>,
    list_of: &dyn Fn(&RunRecord) -> RunList,
    actions: &mut Vec<Action>,
) {
    let loaded = about.runs.shown.as_ref().filter(|shown| shown.record.id == id);
    let Some(record) = about.runs.record(id).or(loaded.map(|shown| &shown.record)) else { return };
    let running = about.runs.running.as_ref().filter(|running| running.id == id);
    head_ui(ui, record, about);
    match running {
        Some(running) => progress_ui(ui, running, actions),
        None => buttons_ui(ui, state, record, status, about, list_of, actions),
    }
    if let Some(problem) = status.problem {
        InlineAlert::new(Tone::Error, problem).ui(ui);
    }
    if running.is_none() {
        question_ui(ui, state, record, actions);
    }
    if let Some(report) = &mut state.report
        && !report_ui(ui, report, (id, state.against), actions)
    {
        state.report = None;
    }
    if let Some(path) = &state.written {
        written_ui(ui, path, actions);
    }
    let Some(shown) = loaded else { return };
    if let Some(running) = running
        && !status.is_loading
        && shown.summary.counts.open != running.counts.open
        && running.counts.rows() <= LIVE_ROWS
    {
        actions.push(Action::LoadRun(id));
    }
    ui.add_space(2.0);
    let changed = shown.before.as_ref().map_or(0, |(_, compared)| compared.changed);
    let since = match state.against {
        None => "Since the run before".to_owned(),
        Some(other) => format!("Against run {}", other.0),
    };
    let since = if changed == 0 { since } else { format!("{since} · {}", grouped(changed)) };
    let tabs = [(RunTab::HeatMap, "Heat map"), (RunTab::Outcomes, "Outcomes"), (RunTab::Changes, &since)];
    ui.add(TabBar::new("Run", &mut state.tab, &tabs));
    match state.tab {
        RunTab::HeatMap => {
            ui.add_space(4.0);
            legend_ui(ui, &shown.summary.counts, shown.summary.heat_map.left_out);
            let opened = heat_map_ui(ui, &mut state.heat, &shown.summary.heat_map);
            if let Some(entry) = opened.and_then(|cell| cell.entry) {
                actions.push(Action::ShowRunEntries { run: id, entry: Some(entry) });
            }
        }
        RunTab::Outcomes => bars::bars_ui(ui, &shown.summary),
        RunTab::Changes => {
            let before = state.against;
            changes::against_ui(ui, &mut state.against, record, about);
            if state.against != before {
                actions.push(Action::LoadRun(id));
            }
            changes::changes_ui(ui, &mut state.changes, shown);
        }
    }
}

fn head_ui(ui: &mut Ui, record: &RunRecord, about: &RunsContext<'_>) {
    let t = DesignTokens::of(ui);
    ui.spacing_mut().item_spacing.y = 5.0;
    let title = format!("{} · run {}", record.run.name, record.id.0);
    let title = RichText::new(foreign::label(&title)).font(theme::semibold(15.0)).color(t.text);
    ui.add(Label::new(title).truncate());
    let zone = zone_in_use::of(ui);
    let profile = record.run.profile.and_then(|id| about.settings.profiles.get(id));
    let profile = profile.map(|profile| format!(" · profile {}", profile.name)).unwrap_or_default();
    let rate = record
        .run
        .rate
        .map(|rate| format!(" · {} a second at most", words::number_of(rate.into(), "call", "calls")))
        .unwrap_or_default();
    let when = words::short_moment(record.run.created, &zone);
    let line = format!("{}{profile} · {when}{rate} · {}", record.run.target.label(), record.run.source);
    let line = foreign::label(&line).into_owned();
    let text = RichText::new(&line).size(theme::SMALL_SIZE).color(t.subdued);
    ui.add(Label::new(text).truncate()).on_hover_text(line);
}

/// How far it is, with what holds it back or stops it.
fn progress_ui(ui: &mut Ui, running: &RunningRun, actions: &mut Vec<Action>) {
    let t = DesignTokens::of(ui);
    let VerdictCounts { open, .. } = running.counts;
    let rows = running.counts.rows();
    let mut words = vec![format!("{} of {}", grouped(rows - open), words::rows(rows))];
    for sign in [HeatSign::AsExpected, HeatSign::Differs, HeatSign::Unanswered] {
        let count = sign.count(&running.counts);
        if count > 0 {
            words.push(format!("{} {}", grouped(count), sign.words_of(count)));
        }
    }
    if running.is_paused {
        words.push("paused".to_owned());
    } else if running.per_second > 0.0 && open > 0 {
        let left = std::time::Duration::from_secs_f64((open as f64 / running.per_second).min(1e9));
        words.push(format!("{:.1} a second", running.per_second));
        words.push(format!("{} left", time_words(left)));
    }
    let words = words.join(" · ");
    let (track, bar) = ui.allocate_exact_size(vec2(ui.available_width(), 8.0), Sense::hover());
    bar.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, "Progress of the run"));
    ui.accesskit_node_builder(bar.id, |node| {
        node.set_numeric_value(f64::from(running.share()) * 100.0);
        node.set_min_numeric_value(0.0);
        node.set_max_numeric_value(100.0);
        node.set_description(words.as_str());
    });
    paint_progress(ui, track, &running.counts);
    ui.horizontal(|ui| {
        let (pause, is_paused) = if running.is_paused { ("Resume", false) } else { ("Pause", true) };
        let response = ui.add(QuietButton::new(pause));
        if response.on_hover_text("Calls on their way come to their end; no further one leaves").clicked() {
            actions.push(Action::PauseRun { job: running.job, is_paused });
        }
        let stop = ui.add(QuietButton::new("Stop").icon(icons::X));
        if stop.on_hover_text("Stop here. The rest can be made later").clicked() {
            actions.push(Action::Cancel(running.job));
        }
        ui.add(Label::new(RichText::new(words).size(theme::SMALL_SIZE).color(t.subdued)).truncate());
    });
}

/// The bar: each kind of end in its colour, in the order of the words beside it.
fn paint_progress(ui: &Ui, track: Rect, counts: &VerdictCounts) {
    let t = DesignTokens::of(ui);
    ui.painter().rect_filled(track, 4, t.border);
    let mut left = track.left();
    for sign in [HeatSign::AsExpected, HeatSign::Differs, HeatSign::Unanswered] {
        let width = sign.count(counts) as f32 / counts.rows().max(1) as f32 * track.width();
        let part = Rect::from_x_y_ranges(left..=left + width, track.y_range());
        ui.painter().rect_filled(part, 4, sign.color(t));
        left += width;
    }
}

fn buttons_ui(
    ui: &mut Ui,
    state: &mut ShownRunState,
    record: &RunRecord,
    status: DialogStatus<'_>,
    about: &RunsContext<'_>,
    list_of: &dyn Fn(&RunRecord) -> RunList,
    actions: &mut Vec<Action>,
) {
    let label = ui.add(Label::new(RichText::new(record.words()).font(theme::semibold(theme::BODY_SIZE))).truncate());
    ui.accesskit_node_builder(label.id, |node| node.set_live(Live::Polite));
    let is_busy = status.is_busy;
    let button = |text, icon, tip: &str, value| RowButton { text, icon, tip: tip.to_owned(), value };
    let mut buttons = Vec::new();
    if !is_busy && record.state != RunState::Finished {
        let tip = "Make the rows without an answer, and no call twice";
        buttons.push(button("Resume", icons::ARROW_RIGHT, tip, RunWish::Resume));
    }
    if !is_busy {
        let target = record.run.target;
        buttons.push(button("Run again", icons::REFRESH_CW, "A new run of the same list", RunWish::Again(target)));
        let (text, tip) = match target.other() {
            Target::Local => ("Run at the minter", "The same list at the local minter, to compare the two"),
            Target::Stripe => ("Run at Stripe", "The same list at Stripe with the profile in use, to compare the two"),
        };
        buttons.push(button(text, icons::GIT_COMPARE, tip, RunWish::Again(target.other())));
    }
    buttons.push(button("Show entries", icons::SEARCH, "The tokens of the run, in the history", RunWish::Entries));
    buttons.push(button("Report…", icons::DOWNLOAD, "Write a report to a file", RunWish::Report));
    let tip = "A document with every call, for a person who was not there";
    buttons.push(button("Evidence…", icons::DOWNLOAD, tip, RunWish::Evidence));
    buttons.push(button("Rename…", icons::PENCIL, "Give the run another name", RunWish::Rename));
    buttons.push(button("Delete…", icons::TRASH_2, "Forget the run; its entries stay", RunWish::Delete));
    let order = match button_row_ui(ui, &buttons) {
        None => return,
        Some(RunWish::Evidence) => return actions.push(Action::OpenEvidence(EvidenceSubject::Run(record.id))),
        Some(RunWish::Entries) => return actions.push(Action::ShowRunEntries { run: record.id, entry: None }),
        Some(RunWish::Report) => {
            (state.report, state.written) = (Some(report_of(about.paths.clone(), record)), None);
            return;
        }
        Some(RunWish::Rename) => {
            state.question = RunQuestion::Name(record.run.name.clone(), false);
            return;
        }
        Some(RunWish::Delete) => {
            state.question = RunQuestion::Deletion(false);
            return;
        }
        Some(RunWish::Again(target)) => {
            state.next_against = (target != record.run.target).then_some(record.id);
            RunOrder::Again(record.id, target)
        }
        Some(RunWish::Resume) => RunOrder::Resume(record.id, list_of(record)),
    };
    actions.push(Action::Run(JobRequest::MakeRun(Box::new(order))));
}

/// Where a report was written.
fn written_ui(ui: &mut Ui, path: &str, actions: &mut Vec<Action>) {
    let t = DesignTokens::of(ui);
    ui.horizontal(|ui| {
        paint::icon_ui(ui, icons::CIRCLE_CHECK, 14.0, t.ok);
        if ui.add(QuietButton::new("Copy path").icon(icons::COPY)).clicked() {
            actions.push(Action::Copy { text: path.to_owned(), what: "Path".to_owned() });
        }
        let words = format!("Report written to {path}");
        let text = RichText::new(foreign::label(&words)).size(theme::SMALL_SIZE).color(t.text);
        let label = ui.add(Label::new(text).truncate());
        ui.accesskit_node_builder(label.id, |node| node.set_live(Live::Polite));
        label.on_hover_text(foreign::block(&words));
    });
}

/// The new name, or whether the run is to be deleted.
fn question_ui(ui: &mut Ui, state: &mut ShownRunState, record: &RunRecord, actions: &mut Vec<Action>) {
    let mut is_answered = false;
    match &mut state.question {
        RunQuestion::Nothing => {}
        RunQuestion::Name(name, has_focus) => {
            let margin = egui::Margin { left: 4, right: 14, top: 4, bottom: 4 };
            egui::Frame::new().inner_margin(margin).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = theme::LABEL_GAP + 3.0;
                let field = Field::new("New name").note("One word is made of it, for `run:NAME` in the search");
                let edit = TextInput::singleline(name).words().id(Id::unique("run_new_name"));
                let response = field.text(ui, edit).response.response;
                if !std::mem::replace(has_focus, true) {
                    lead_to(ui.ctx(), response.id);
                }
                let mut is_wanted = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
                ui.horizontal(|ui| {
                    is_wanted |= ui.add(QuietButton::new("Rename it")).clicked();
                    is_answered = ui.add(QuietButton::new("Leave it")).clicked();
                });
                if is_wanted {
                    is_answered = true;
                    actions.push(Action::RenameRun { id: record.id, name: name.clone() });
                }
            });
        }
        RunQuestion::Deletion(has_focus) => {
            let title = format!("Delete the run {}?", record.run.name);
            let text = "Its rows and verdicts are gone then. Its entries stay in the history";
            let focus = (!std::mem::replace(has_focus, true)).then_some(0);
            match InlineAlert::new(Tone::Warn, &title).text(text).buttons(&["Keep it", "Delete it"]).focus(focus).ui(ui)
            {
                Some(0) => is_answered = true,
                Some(_) => {
                    is_answered = true;
                    actions.push(Action::DeleteRun(record.id));
                }
                None => {}
            }
        }
    }
    if is_answered {
        state.question = RunQuestion::Nothing;
    }
}

/// What the signs of the map mean, and how many rows have each.
fn legend_ui(ui: &mut Ui, counts: &VerdictCounts, left_out: u64) {
    let t = DesignTokens::of(ui);
    let small = |text: String| RichText::new(text).size(theme::SMALL_SIZE).color(t.subdued);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        ui.spacing_mut().interact_size.y = 0.0;
        for sign in HeatSign::ALL {
            paint::icon_ui(ui, sign.icon(), 13.0, sign.color(t));
            let count = sign.count(counts);
            ui.label(small(format!("{} {}", grouped(count), sign.words_of(count))));
            ui.add_space(10.0);
        }
        if left_out > 0 {
            let rows = words::number_of(left_out, "row has no field", "rows have no field");
            ui.label(small(format!("{rows}, for there are too many cards or variants")));
        }
    });
}
