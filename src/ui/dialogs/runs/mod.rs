//! The dialog of runs: the list of those that are kept, a new one, and one of them with its heat map.
//!
//! | file | what it draws |
//! | --- | --- |
//! | `run_list` | the runs that are kept |
//! | `new_run` | a new run: what its list is made of, how far its rows go, its name |
//! | `matrix_source`, `preset_source`, `selection_source` | the list of a new run: chosen cards and values, presets, entries |
//! | `pick_list` | presets to choose from, for the first two of these |
//! | `run_preview` | what a new run will do |
//! | `shown_run` | a run: how far it is, what came of it, what can be done with it |
//! | `heat_map` | cards by variants, each field with what was expected and what came |
//! | `bars`, `changes` | outcomes and durations; what came otherwise than in the run before |
//! | `report` | where a report is written |
//! | `context` | what these parts are drawn with |

mod bars;
mod changes;
mod context;
mod heat_map;
mod matrix_source;
mod new_run;
mod pick_list;
mod preset_source;
mod report;
mod run_list;
mod run_preview;
mod selection_source;
mod shown_run;

use std::{path::Path, sync::Arc};

use egui::{Context, Rect, Ui, UiBuilder};

pub use self::context::{RunsContext, RunsPage};
use self::{context::DialogStatus, new_run::NewRunState, run_list::RunListState, shown_run::ShownRunState};
use crate::{
    domain::run::{
        entry_rows::EntryRows,
        list::ListFile,
        record::{RunId, RunRecord},
    },
    messages::{ExportFailure, JobFailure, JobId},
    model::{LoadedValue, Revision},
    ui::{action::Action, dialogs::output_file::words_of, theme::DesignTokens, widgets::modal_ui},
};

/// The state of the dialog. It stays while the dialog is closed.
#[derive(Debug, Default)]
pub struct RunsState {
    is_open: bool,
    page: RunsPage,
    list: RunListState,
    new_run: NewRunState,
    shown: ShownRunState,
    /// The run that was asked for and is not here yet, and the value that was shown when it was asked for.
    loading: Option<(RunId, Option<Revision>)>,
    /// Whether a run was asked for that has not begun.
    is_beginning: bool,
    /// Why the last run could not be made, as a sentence.
    problem: Option<String>,
    /// Of the value that is shown now.
    revision: Option<Revision>,
}

impl RunsState {
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Opens the dialog at a run, or where it was left.
    pub fn open(&mut self, run: Option<RunId>) {
        self.is_open = true;
        self.problem = None;
        match run {
            Some(run) => self.show(run),
            None => self.take_focus(),
        }
    }

    /// Takes a file as the list of a new run, which is shown when the dialog is opened.
    pub fn take_list(&mut self, file: Arc<ListFile>) {
        self.page = RunsPage::New;
        self.new_run.take_file(file);
    }

    /// Takes notice that so many entries of the history are read as the list of a new run, which is shown when the dialog is
    /// opened.
    pub fn gathering(&mut self, job: JobId, entries: usize) {
        self.page = RunsPage::New;
        self.new_run.take_selection(job, entries);
    }

    /// Takes the rows that make entries again.
    pub fn gathered(&mut self, job: JobId, rows: Result<EntryRows, JobFailure>) {
        self.new_run.take_entry_rows(job, rows);
    }

    pub fn close(&mut self) {
        self.is_open = false;
    }

    pub fn page(&self) -> RunsPage {
        self.page
    }

    fn show(&mut self, run: RunId) {
        self.page = RunsPage::Run(run);
        self.shown.about_another();
        self.list.take_focus();
    }

    /// The run that the one that is shown is compared with; `None` for the one before it.
    pub fn against(&self) -> Option<RunId> {
        self.shown.against
    }

    /// Puts the focus where work goes on: into the list of a new run, or on the runs.
    fn take_focus(&mut self) {
        match self.page {
            RunsPage::New => self.new_run.take_focus(),
            RunsPage::Run(_) => self.list.take_focus(),
        }
    }

    /// Takes notice that a run was asked for from the background.
    pub fn loading(&mut self, run: RunId) {
        self.loading = Some((run, self.revision));
    }

    /// Takes notice that a run is to be made.
    pub fn begin(&mut self) {
        self.is_beginning = true;
        self.problem = None;
    }

    /// Takes notice that this run is made now, which is shown from now on.
    pub fn begun(&mut self, run: RunId) {
        self.is_beginning = false;
        self.new_run.was_run();
        let against = self.shown.next_against.take();
        self.show(run);
        self.shown.against = against;
        self.shown.focus_heat_map();
    }

    /// Takes notice that a run could not be made; whether the dialog says why.
    pub fn fail(&mut self, message: &str) -> bool {
        self.is_beginning = false;
        self.shown.next_against = None;
        if self.is_open {
            self.problem = Some(message.to_owned());
        }
        self.is_open
    }

    pub fn report_begun(&mut self, job: JobId) {
        if let Some(report) = &mut self.shown.report {
            report.begun(job);
        }
    }

    /// Takes notice that a report was written; whether the dialog says where.
    pub fn report_written(&mut self, path: &Path) -> bool {
        let is_of_this = self.shown.report.take_if(|report| report.job().is_some()).is_some();
        if is_of_this && self.is_open {
            self.shown.written = Some(path.display().to_string());
        }
        is_of_this && self.is_open
    }

    /// Takes notice that no report was written; gives why where the dialog does not say it.
    pub fn report_failed(&mut self, failure: ExportFailure) -> Option<String> {
        match &mut self.shown.report {
            Some(report) if self.is_open => {
                report.end(failure);
                None
            }
            _ => words_of(failure),
        }
    }

    /// Whether a list was typed that was not run.
    pub fn is_unsaved(&self) -> bool {
        self.new_run.is_unsaved()
    }

    /// How many rows of the heat map the last frame drew: what a test counts instead of time.
    pub fn heat_rows_drawn(&self) -> usize {
        self.shown.heat.rows_drawn
    }
}

/// Draws the dialog over the window.
pub fn runs_ui(ctx: &Context, state: &mut RunsState, about: &RunsContext<'_>, actions: &mut Vec<Action>) {
    const LIST: f32 = 236.0;
    const GAP: f32 = 20.0;
    state.revision = about.runs.shown.as_ref().map(LoadedValue::revision);
    if state.loading.is_some_and(|(_, before)| before != state.revision) {
        state.loading = None;
    }
    let size = ctx.content_rect().size();
    let modal = modal_ui(ctx, "runs", "Runs", 1180.0, |ui| {
        let height = (size.y - 136.0).clamp(300.0, 860.0);
        let room = Rect::from_min_size(ui.cursor().min, egui::vec2(ui.available_width(), height));
        let left = room.with_max_x(room.left() + LIST);
        let right = room.with_min_x(left.right() + GAP);
        let mut chosen = None;
        part_ui(ui, "list", left, |ui| chosen = run_list::run_list_ui(ui, &mut state.list, state.page, about));
        match chosen {
            Some(RunsPage::New) => {
                state.page = RunsPage::New;
                state.new_run.take_focus();
            }
            Some(RunsPage::Run(id)) => {
                state.page = RunsPage::Run(id);
                state.shown.about_another();
                actions.push(Action::LoadRun(id));
            }
            None => {}
        }
        ui.painter().vline(left.right() + GAP / 2.0, room.y_range(), DesignTokens::of(ui).hairline());
        let status = DialogStatus {
            is_busy: state.is_beginning || about.runs.running.is_some(),
            is_loading: state.loading.is_some(),
            problem: state.problem.as_deref(),
        };
        let (new_run, shown) = (&mut state.new_run, &mut state.shown);
        part_ui(ui, "page", right, |ui| match state.page {
            RunsPage::New => new_run::new_run_ui(ui, new_run, status, about, actions),
            RunsPage::Run(id) => {
                let list_of = |record: &RunRecord| new_run.list_of(record, about.library);
                shown_run::shown_run_ui(ui, shown, id, status, about, &list_of, actions);
            }
        });
        if actions.iter().any(|action| matches!(action, Action::DeleteRun(_))) {
            state.page = RunsPage::New;
            state.new_run.take_focus();
        }
        ui.advance_cursor_after_rect(room);
    });
    if modal.should_close {
        state.is_open = false;
    }
}

fn part_ui(ui: &mut Ui, name: &str, place: Rect, add: impl FnOnce(&mut Ui)) {
    let mut part = ui.new_child(UiBuilder::new().max_rect(place).id_salt(name));
    // A ring of the focus lies around what has it.
    part.shrink_clip_rect(place.expand(5.0));
    add(&mut part);
}
