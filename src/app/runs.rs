//! What the window does with runs: opens their dialog, follows a run that is made, and tells its end.

use std::path::PathBuf;

use super::App;
use crate::{
    domain::{
        history::entry::EntryId,
        run::record::{RunId, RunRecord, RunState},
    },
    messages::{ExportFailure, JobRequest, WorkerCommand},
    ui::{
        Action, MiddlePane, ToastCause,
        dialogs::runs::RunsPage,
        widgets::{Toast, Tone},
    },
};

impl App {
    /// Opens the dialog of runs, at a run if one is named.
    pub(super) fn open_runs(&mut self, run: Option<RunId>) {
        let dialog = &mut self.views.dialogs.runs;
        dialog.open(run);
        self.worker.send(WorkerCommand::LoadRuns);
        if let RunsPage::Run(id) = dialog.page() {
            self.load_run(id);
        }
    }

    /// Opens the dialog of runs at a new one that makes these entries again.
    pub(super) fn open_run_of(&mut self, entries: Vec<EntryId>) {
        self.start(JobRequest::GatherRows(entries));
        self.open_runs(None);
    }

    pub(super) fn load_run(&mut self, id: RunId) {
        let dialog = &mut self.views.dialogs.runs;
        dialog.loading(id);
        self.worker.send(WorkerCommand::LoadRun { id, against: dialog.against() });
    }

    /// A run of this window has been written down, and its calls are made from now on.
    pub(super) fn run_begun(&mut self, id: RunId) {
        self.worker.send(WorkerCommand::LoadRuns);
        self.views.dialogs.runs.begun(id);
        self.load_run(id);
    }

    pub(super) fn run_ended(&mut self, made: Result<Box<RunRecord>, String>) {
        self.worker.send(WorkerCommand::LoadRuns);
        let dialog = &mut self.views.dialogs.runs;
        let record = match made {
            Ok(record) => record,
            Err(message) => {
                if !dialog.fail(&message) {
                    self.views.toasts.push(Toast::new(Tone::Error, message).cause(ToastCause::Run));
                }
                return;
            }
        };
        let id = record.id;
        if dialog.page() == RunsPage::Run(id) {
            self.load_run(id);
        }
        let (tone, end) = match record.state {
            RunState::Finished if record.holds() => (Tone::Ok, "finished"),
            RunState::Finished => (Tone::Warn, "finished"),
            RunState::Stopped | RunState::Running => (Tone::Warn, "stopped"),
        };
        // Where the run is in sight it says its end itself, and a message would lie over its map.
        let dialog = &self.views.dialogs.runs;
        if !dialog.is_open() || dialog.page() != RunsPage::Run(id) {
            let toast = Toast::new(tone, format!("Run {} {end}. {}", record.run.name, record.words()));
            self.views.toasts.push(toast.action("Show it", Action::ShowRun(id)).cause(ToastCause::Run));
        }
    }

    pub(super) fn report_ended(&mut self, written: Result<PathBuf, ExportFailure>) {
        match written {
            Ok(path) if self.views.dialogs.runs.report_written(&path) => {}
            Ok(path) => {
                let copy = Action::Copy { text: path.display().to_string(), what: "Path".to_owned() };
                let toast = Toast::new(Tone::Ok, format!("Report written to {}", path.display())).selectable();
                self.views.toasts.push(toast.action("Copy path", copy).cause(ToastCause::Run));
            }
            Err(failure) => {
                if let Some(message) = self.views.dialogs.runs.report_failed(failure) {
                    self.views.toasts.push(Toast::new(Tone::Error, message).cause(ToastCause::Run));
                }
            }
        }
    }

    /// Shows the entries of a run in the history, and one of them in the inspector.
    pub(super) fn show_run_entries(&mut self, run: RunId, entry: Option<EntryId>) {
        self.views.dialogs.runs.close();
        self.show_pane(MiddlePane::History);
        // By its number: another run of the same list has the same name.
        self.views.history.search_for(format!("run:{}", run.0));
        self.views.history.focus_table();
        if let Some(id) = entry {
            self.select(id);
        }
    }
}
