//! The dialog that says how much of the history is kept: what would go by a rule, the removal, and the rules that are
//! followed by themselves.

use egui::{Context, ProgressBar, RichText, Ui};

use crate::{
    domain::{
        history::removal::{RemovalOrder, RemovalPreview, bytes_words},
        plural::plural,
        settings::{
            preferences::Settings,
            retention::{RetentionRule, RetentionScope, RetentionSettings},
        },
        zone::LocalZone,
    },
    messages::{JobId, JobRequest},
    ui::{
        action::Action,
        retention::{TypedBound, add_ui, part_ui, rules_ui, scope_words, scopes},
        theme::{self, DesignTokens},
        widgets::{InlineAlert, PrimaryButton, QuietButton, Tone, caret::lead_to, chip::grouped, modal_ui},
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
    bound: TypedBound,
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
            bound: TypedBound::default(),
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

    fn order(&self, settings: &RetentionSettings) -> Result<RemovalOrder, String> {
        let rules = match self.subject {
            KeepSubject::Rules => settings.rules().to_vec(),
            KeepSubject::Part(scope) => vec![RetentionRule { scope, bound: self.bound.read()? }],
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
        let mut retention = about.settings.retention.clone();
        rules_ui(ui, &mut retention, about.settings);
        if retention != about.settings.retention {
            actions.push(Action::SetRetention(retention));
        }
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
    let offered = subjects(settings);
    let part = part_ui(ui, &mut state.subject, &offered, |subject| subject_words(*subject, settings));
    if !std::mem::replace(&mut state.is_started, true) {
        lead_to(ui.ctx(), part.id);
    }
    let KeepSubject::Part(scope) = state.subject else { return false };
    let is_entered = state.bound.ui(ui);
    let mut retention = settings.retention.clone();
    add_ui(ui, scope, &state.bound, &mut retention);
    if retention != settings.retention {
        actions.push(Action::SetRetention(retention));
    }
    is_entered
}

fn subjects(settings: &Settings) -> Vec<KeepSubject> {
    let by_rules = (!settings.retention.rules().is_empty()).then_some(KeepSubject::Rules);
    by_rules.into_iter().chain(scopes(settings).into_iter().map(KeepSubject::Part)).collect()
}

fn subject_words(subject: KeepSubject, settings: &Settings) -> String {
    match subject {
        KeepSubject::Rules => "By the rules below".to_owned(),
        KeepSubject::Part(scope) => scope_words(scope, settings),
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
    let stay = |entries| words::number_of(entries, "entry stays", "entries stay");
    let mut lines = Vec::new();
    if entries > 0 {
        lines.push(format!(
            "{} with {}; at least {} become free",
            words::number_of(calls, "call goes", "calls go"),
            plural(entries, "it", "them"),
            bytes_words(bytes)
        ));
    }
    if answers_kept > 0 {
        lines.push(format!(
            "{} kept for the minter, without the request",
            words::number_of(answers_kept, "answer is", "answers are")
        ));
    }
    if marked > 0 {
        lines.push(format!("{} for a note, a tag or a run", stay(marked)));
    }
    if under_way > 0 {
        lines.push(format!("{}: the call is on its way, or the run is not finished", stay(under_way)));
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

fn sentence_ui(ui: &mut Ui, words: &str) {
    let t = DesignTokens::of(ui);
    ui.add(egui::Label::new(RichText::new(words).size(theme::SMALL_SIZE).color(t.subdued)).wrap());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_for_an_earlier_dialog_is_not_shown() {
        let settings = Settings::default();
        let mut earlier = KeepState::new(&settings);
        let order = earlier.order(&settings.retention).unwrap();
        earlier.begin(JobId(1), &JobRequest::PreviewRemoval(order.clone()));
        let mut dialog = KeepState::new(&settings);
        let counted = |entries| RemovalPreview { entries, ..RemovalPreview::default() };
        dialog.take_preview(JobId(1), Ok(counted(5)));
        assert_eq!(dialog.preview, None, "it did not ask");
        dialog.begin(JobId(2), &JobRequest::PreviewRemoval(order.clone()));
        dialog.take_preview(JobId(1), Ok(counted(5)));
        assert_eq!(
            (dialog.preview.clone(), dialog.job),
            (None, Some(KeepJob::Preview(JobId(2)))),
            "it waits for its own"
        );
        dialog.take_preview(JobId(2), Ok(counted(7)));
        assert_eq!((dialog.preview.clone(), dialog.job), (Some((order, counted(7))), None));
        // A removal that somebody else began makes it worth nothing.
        dialog.end_removal(JobId(3), None);
        assert_eq!(dialog.preview, None);
    }
}
