//! The dialog of evidence: a document about entries or a run, for a person who was not there.

use egui::{Context, ProgressBar, RichText};

use crate::{
    domain::{
        evidence::EvidenceSubject, run::record::RunRecord, settings::file_format::EvidenceFormat, typed_path::PathBase,
    },
    messages::{EvidenceOrder, ExportFailure, JobId, JobRequest},
    ui::{
        action::Action,
        dialogs::output_file::{OutputFile, OutputFormats, OutputWish},
        theme::DesignTokens,
        widgets::{QuietButton, chip::grouped, modal_ui},
        words::entries,
    },
};

const FORMATS: OutputFormats<EvidenceFormat> = &[
    (EvidenceFormat::Html, "HTML page", "html"),
    (EvidenceFormat::Markdown, "Markdown", "md"),
    (EvidenceFormat::Zip, "Zip with raw bodies", "zip"),
];
const CONTENT: &str = "What was sent, what came back, headers, request ids, times, what was expected and what followed. \
                       Security codes, keys and numbers of cards that are not published are masked";

/// The state of the open dialog.
#[derive(Debug)]
pub struct EvidenceState {
    subject: EvidenceSubject,
    /// What the subject is, in words.
    words: String,
    file: OutputFile<EvidenceFormat>,
}

impl EvidenceState {
    /// Asks where to write evidence of these entries.
    pub fn of_entries(base: PathBase, ids: Vec<crate::domain::history::entry::EntryId>) -> Self {
        let words = entries(ids.len() as u64);
        let stem = match ids.as_slice() {
            [one] => format!("evidence-{}", one.0),
            _ => "evidence".to_owned(),
        };
        let file = OutputFile::new("evidence", FORMATS, base, &stem);
        Self { subject: EvidenceSubject::Entries(ids), words, file }
    }

    /// Asks where to write evidence of this run.
    pub fn of_run(base: PathBase, run: &RunRecord) -> Self {
        let words = format!("Run {} {}, every row of it", run.id.0, run.run.name);
        let file = OutputFile::new("evidence", FORMATS, base, &format!("evidence-run-{}-{}", run.id.0, run.run.name));
        Self { subject: EvidenceSubject::Run(run.id), words, file }
    }

    pub fn begun(&mut self, job: JobId) {
        self.file.begun(job);
    }

    /// The job that this waits for.
    pub fn job(&self) -> Option<JobId> {
        self.file.job()
    }

    /// Takes notice that nothing was written.
    pub fn end(&mut self, failure: ExportFailure) {
        self.file.end(failure);
    }
}

/// Draws the dialog over the window; `false` when it is to be closed. `progress` is how far the writing is.
pub fn evidence_ui(
    ctx: &Context,
    state: &mut EvidenceState,
    progress: Option<(u64, u64)>,
    actions: &mut Vec<Action>,
) -> bool {
    let mut is_left = false;
    let modal = modal_ui(ctx, "evidence", "Evidence", 560.0, |ui| {
        let t = DesignTokens::of(ui);
        ui.label(RichText::new(crate::domain::foreign::label(&state.words)).color(t.text));
        ui.label(RichText::new(CONTENT).size(crate::ui::theme::SMALL_SIZE).color(t.subdued));
        ui.add_space(6.0);
        match state.file.ui(ui) {
            Some(OutputWish::Write { format, path, overwrite }) => {
                let order = EvidenceOrder { subject: state.subject.clone(), format, path, overwrite };
                actions.push(Action::Run(JobRequest::SaveEvidence(order)));
            }
            Some(OutputWish::Leave) => is_left = true,
            None => {}
        }
        if let Some(job) = state.file.job() {
            let (done, total) = progress.unwrap_or((0, 0));
            let share = if total == 0 { 0.0 } else { done as f32 / total as f32 };
            ui.add(ProgressBar::new(share).text(format!("{} of {}", grouped(done), grouped(total))));
            if ui.add(QuietButton::new("Cancel the writing")).clicked() {
                actions.push(Action::Cancel(job));
            }
        }
    });
    // What is being written goes on without the dialog; a toast tells its end.
    !(modal.should_close || is_left)
}
