//! The dialog that says how much of the history is kept: what would go by a rule, the removal, and the rules that are
//! followed by themselves.

use egui::{ComboBox, Context, Id, ProgressBar, RichText, Ui};

use crate::{
    domain::{
        call::api::Target,
        foreign,
        history::removal::{RemovalOrder, RemovalPreview, bytes_words},
        settings::{
            preferences::Settings,
            retention::{RetentionBound, RetentionRule, RetentionScope, RetentionSettings},
        },
        zone::LocalZone,
    },
    messages::{JobId, JobRequest},
    ui::{
        action::Action,
        icons,
        theme::{self, DesignTokens},
        widgets::{
            Field, IconButton, InlineAlert, PrimaryButton, QuietButton, SegmentedControl, TextInput, Tone,
            caret::lead_to, chip::grouped, modal_ui, paint,
        },
        words,
    },
};

/// What the dialog is about at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeepSubject {
    /// All rules of the settings.
    Rules,
    /// The rule that is typed, for this part of the history.
    Part(RetentionScope),
}

/// What is counted of what stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BoundUnit {
    Entries,
    Days,
}

/// The job of the dialog that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeepJob {
    Preview(JobId),
    Removal(JobId),
}

/// The state of the open dialog.
#[derive(Debug)]
pub struct KeepState {
    subject: KeepSubject,
    unit: BoundUnit,
    number: String,
    takes_marked: bool,
    compacts: bool,
    /// What would go by this order, as it was counted.
    preview: Option<(RemovalOrder, RemovalPreview)>,
    /// What was asked for last.
    asked: Option<RemovalOrder>,
    job: Option<KeepJob>,
    problem: Option<String>,
    is_started: bool,
}

/// What the dialog is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct KeepContext<'a> {
    pub settings: &'a Settings,
    /// How far the removal is.
    pub progress: Option<(u64, u64)>,
    pub zone: &'a LocalZone,
}

impl KeepState {
    pub fn new(settings: &Settings) -> Self {
        let has_rules = !settings.retention.rules().is_empty();
        let subject = if has_rules { KeepSubject::Rules } else { KeepSubject::Part(RetentionScope::Everything) };
        Self {
            subject,
            unit: BoundUnit::Entries,
            number: grouped(10_000),
            takes_marked: false,
            compacts: false,
            preview: None,
            asked: None,
            job: None,
            problem: None,
            is_started: false,
        }
    }

    /// Takes notice that the job that it asked for has begun.
    pub fn begin(&mut self, job: JobId, request: &JobRequest) {
        match request {
            JobRequest::PreviewRemoval(order) => {
                (self.asked, self.job) = (Some(order.clone()), Some(KeepJob::Preview(job)));
            }
            JobRequest::Keep { .. } => self.job = Some(KeepJob::Removal(job)),
            _ => {}
        }
    }

    /// Takes what a job counted; not that of an earlier dialog.
    pub fn take_preview(&mut self, job: JobId, counted: Result<RemovalPreview, String>) {
        if self.job != Some(KeepJob::Preview(job)) {
            return;
        }
        self.job = None;
        match (counted, self.asked.take()) {
            (Ok(preview), Some(order)) => self.preview = Some((order, preview)),
            (Ok(_), None) => {}
            (Err(problem), _) => self.problem = Some(problem),
        }
    }

    /// Takes notice that a removal has ended, with why where it did not come to its end. What was counted before it counts
    /// no more, whoever began it.
    pub fn end_removal(&mut self, job: JobId, problem: Option<String>) {
        self.preview = None;
        if self.job == Some(KeepJob::Removal(job)) {
            (self.job, self.problem) = (None, problem);
        }
    }

    /// The removal that is on its way.
    pub fn removal(&self) -> Option<JobId> {
        match self.job {
            Some(KeepJob::Removal(job)) => Some(job),
            _ => None,
        }
    }

    /// What stays of a part, as it is typed.
    fn bound(&self) -> Result<RetentionBound, String> {
        let range = match self.unit {
            BoundUnit::Entries => RetentionBound::LAST,
            BoundUnit::Days => RetentionBound::DAYS,
        };
        let digits: String = self.number.chars().filter(|sign| !matches!(sign, ' ' | ',' | '.')).collect();
        let number = digits.parse::<u64>().ok().filter(|number| range.contains(number));
        let words = || format!("Write a number from {} to {}", grouped(*range.start()), grouped(*range.end()));
        let number = number.ok_or_else(words)?;
        Ok(match self.unit {
            BoundUnit::Entries => RetentionBound::Last(number),
            BoundUnit::Days => RetentionBound::Days(number),
        })
    }

    fn order(&self, settings: &RetentionSettings) -> Result<RemovalOrder, String> {
        let rules = match self.subject {
            KeepSubject::Rules => settings.rules().to_vec(),
            KeepSubject::Part(scope) => vec![RetentionRule { scope, bound: self.bound()? }],
        };
        Ok(RemovalOrder { rules, takes_marked: self.takes_marked })
    }
}

/// Draws the dialog over the window; `false` when it is to be closed.
pub fn keep_ui(ctx: &Context, state: &mut KeepState, about: &KeepContext<'_>, actions: &mut Vec<Action>) -> bool {
    let modal = modal_ui(ctx, "keep", "Keep less of the history", 520.0, |ui| {
        ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
        let is_entered = rule_ui(ui, state, about, actions);
        ui.checkbox(&mut state.takes_marked, "Also what has a note, a tag or a finished run");
        ui.checkbox(&mut state.compacts, "Give the disk its space back");
        if state.compacts {
            let words = "The first time, the file is written anew as a whole: calls wait meanwhile, memory and disk of its \
                         size are needed, and no other Testcard may have the history open";
            sentence_ui(ui, words);
        }
        if let Some(problem) = &state.problem {
            InlineAlert::new(Tone::Error, problem).ui(ui);
        }
        let order = state.order(&about.settings.retention);
        let counted = state.preview.clone().filter(|(counted, _)| order.as_ref() == Ok(counted));
        if let Some((_, preview)) = &counted {
            preview_ui(ui, preview, about.zone);
        }
        end_ui(ui, state, about, order.ok(), counted.map(|(_, preview)| preview), is_entered, actions);
        rules_ui(ui, &about.settings.retention, about.settings, actions);
    });
    // What runs goes on without the dialog; a toast tells its end.
    !modal.should_close
}

/// The part of the history and what stays of it; true when Enter was pressed in the number.
fn rule_ui(ui: &mut Ui, state: &mut KeepState, about: &KeepContext<'_>, actions: &mut Vec<Action>) -> bool {
    let settings = about.settings;
    if settings.retention.rules().is_empty() && state.subject == KeepSubject::Rules {
        state.subject = KeepSubject::Part(RetentionScope::Everything);
    }
    Field::new("Part of the history").show(ui, |ui| {
        let combo = ComboBox::from_id_salt("kept part").width(ui.available_width());
        let shown = subject_words(state.subject, settings);
        let response = combo
            .icon(paint::combo_chevron)
            .selected_text(foreign::label(&shown))
            .show_ui(ui, |ui| {
                let t = DesignTokens::of(ui);
                ui.visuals_mut().selection.bg_fill = t.selection;
                ui.visuals_mut().selection.stroke.color = t.text;
                for subject in subjects(settings) {
                    let words = subject_words(subject, settings);
                    if ui.selectable_value(&mut state.subject, subject, foreign::label(&words)).clicked() {
                        ui.close();
                    }
                }
            })
            .response;
        if !std::mem::replace(&mut state.is_started, true) {
            lead_to(ui.ctx(), response.id);
        }
    });
    let KeepSubject::Part(scope) = state.subject else { return false };
    let units = [(BoundUnit::Entries, "The last entries"), (BoundUnit::Days, "The last days")];
    Field::new("What stays").show(ui, |ui| {
        ui.add(SegmentedControl::new("What stays", &mut state.unit, &units).in_form());
    });
    let bound = state.bound();
    let field = Field::new("How many").mono();
    let field = match &bound {
        Ok(_) => field.note("All that is older goes, but for what is marked or on its way"),
        Err(words) => field.message(Tone::Error, words),
    };
    let edit = TextInput::singleline(&mut state.number).code().id(Id::unique("keep_number"));
    let response = field.text(ui, edit).response.response;
    let is_entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let known = settings.retention.bound_of(scope);
    if let Some(bound) = bound.ok().filter(|bound| known != Some(*bound)) {
        let add = ui.add(QuietButton::new("Keep it as a rule").icon(icons::PLUS));
        if add.on_hover_text("For `testcard keep`, and to be followed by itself").clicked() {
            let mut retention = settings.retention.clone();
            retention.set(scope, Some(bound));
            actions.push(Action::SetRetention(retention));
        }
    }
    is_entered
}

fn subjects(settings: &Settings) -> Vec<KeepSubject> {
    let has_rules = !settings.retention.rules().is_empty();
    let parts =
        [RetentionScope::Everything, RetentionScope::Target(Target::Local), RetentionScope::Target(Target::Stripe)];
    let profiles = settings.profiles.iter().map(|profile| RetentionScope::Profile(profile.id));
    has_rules
        .then_some(KeepSubject::Rules)
        .into_iter()
        .chain(parts.into_iter().chain(profiles).map(KeepSubject::Part))
        .collect()
}

fn subject_words(subject: KeepSubject, settings: &Settings) -> String {
    match subject {
        KeepSubject::Rules => "By the rules below".to_owned(),
        KeepSubject::Part(scope) => scope_words(scope, settings),
    }
}

fn scope_words(scope: RetentionScope, settings: &Settings) -> String {
    match scope {
        RetentionScope::Everything => "The whole history".to_owned(),
        RetentionScope::Target(target) => format!("Entries of {}", target.label()),
        RetentionScope::Profile(id) => match settings.profiles.get(id) {
            Some(profile) => format!("Entries at Stripe with the profile {}", profile.name),
            None => "Entries of a profile that is gone".to_owned(),
        },
    }
}

fn preview_ui(ui: &mut Ui, preview: &RemovalPreview, zone: &LocalZone) {
    let RemovalPreview { entries, oldest, newest, calls, answers_kept, bytes, marked, under_way } = *preview;
    let title = match (oldest, newest) {
        (Some(oldest), Some(newest)) => format!(
            "{} would go, made from {} to {}",
            words::entries(entries),
            words::short_moment(oldest, zone),
            words::short_moment(newest, zone)
        ),
        _ => "Nothing would go".to_owned(),
    };
    let mut lines = Vec::new();
    if entries > 0 {
        lines.push(format!("{} calls go with them; at least {} become free", grouped(calls), bytes_words(bytes)));
    }
    if answers_kept > 0 {
        lines.push(format!("{} answers are kept for the minter, without the request", grouped(answers_kept)));
    }
    if marked > 0 {
        lines.push(format!("{} stay for a note, a tag or a run", words::entries(marked)));
    }
    if under_way > 0 {
        lines.push(format!("{} stay: the call is on its way, or the run is not finished", words::entries(under_way)));
    }
    let tone = if entries > 0 { Tone::Warn } else { Tone::Info };
    InlineAlert::new(tone, &title).text(&lines.join(". ")).ui(ui);
}

/// The button that goes on, or how far the removal is.
fn end_ui(
    ui: &mut Ui,
    state: &mut KeepState,
    about: &KeepContext<'_>,
    order: Option<RemovalOrder>,
    counted: Option<RemovalPreview>,
    is_entered: bool,
    actions: &mut Vec<Action>,
) {
    match state.job {
        Some(KeepJob::Removal(job)) => {
            let bar = match about.progress {
                Some((done, total)) if done < total => ProgressBar::new(done as f32 / total as f32).text(format!(
                    "{} of {}",
                    grouped(done),
                    grouped(total)
                )),
                // The counts of one step are complete, and the next has none yet.
                _ => {
                    ProgressBar::new(0.0).text(if state.compacts { "Giving the space back…" } else { "Removing…" })
                }
            };
            ui.add(bar);
            if ui.add(QuietButton::new("Stop; what went is gone")).clicked() {
                actions.push(Action::Cancel(job));
            }
        }
        Some(KeepJob::Preview(_)) => {
            ui.add_enabled(false, PrimaryButton::new("Counting…"));
        }
        None => {
            let removes = counted.filter(|preview| preview.entries > 0 || state.compacts);
            let label = match removes {
                Some(RemovalPreview { entries: 0, .. }) => "Give the space back".to_owned(),
                Some(RemovalPreview { entries, .. }) => format!("Remove {} for good", words::entries(entries)),
                None => "Show what would go".to_owned(),
            };
            let is_pressed = ui.add_enabled(order.is_some(), PrimaryButton::new(&label)).clicked();
            let Some(order) = order else { return };
            match removes {
                Some(_) if is_pressed => {
                    state.problem = None;
                    actions.push(Action::Run(JobRequest::Keep { order, compacts: state.compacts }));
                }
                // Enter counts, and never removes.
                None if is_pressed || is_entered => {
                    state.problem = None;
                    actions.push(Action::Run(JobRequest::PreviewRemoval(order)));
                }
                _ => {}
            }
        }
    }
}

/// The rules that are kept, and whether they are followed by themselves.
fn rules_ui(ui: &mut Ui, retention: &RetentionSettings, settings: &Settings, actions: &mut Vec<Action>) {
    if retention.rules().is_empty() {
        return;
    }
    let t = DesignTokens::of(ui);
    ui.label(RichText::new("Rules").font(theme::semibold(theme::BODY_SIZE)));
    let mut changed = retention.clone();
    for rule in retention.rules() {
        let part = scope_words(rule.scope, settings);
        egui::Sides::new().height(theme::BUTTON_HEIGHT).shrink_left().truncate().show(
            ui,
            |ui| {
                let words = format!("{}: {}", foreign::label(&part), rule.bound);
                ui.label(RichText::new(words).color(t.text));
            },
            |ui| {
                let name = format!("Drop the rule for {}", foreign::label(&part));
                if ui.add(IconButton::new(icons::X, &name)).clicked() {
                    changed.set(rule.scope, None);
                }
            },
        );
    }
    ui.checkbox(&mut changed.is_automatic, "Follow the rules at the start of the window and once a day");
    if changed != *retention {
        actions.push(Action::SetRetention(changed));
    }
}

fn sentence_ui(ui: &mut Ui, words: &str) {
    let t = DesignTokens::of(ui);
    ui.add(egui::Label::new(RichText::new(words).size(theme::SMALL_SIZE).color(t.subdued)).wrap());
}
