//! Where a report of a run is written, and as what.

use std::path::PathBuf;

use egui::{Id, Key, Ui};

use crate::{
    domain::{
        run::record::{RunId, RunRecord},
        typed_path::{PathBase, PathFault, names_folder, typed_path},
    },
    messages::{ExportFailure, JobId, JobRequest, ReportOrder},
    reports::ReportFormat,
    ui::{
        action::Action,
        icons, theme,
        widgets::{Field, InlineAlert, QuietButton, SegmentedControl, TextInput, Tone, caret::lead_to},
    },
};

const FORMATS: [(ReportFormat, &str); 4] = [
    (ReportFormat::Html, "HTML page"),
    (ReportFormat::Junit, "JUnit XML"),
    (ReportFormat::Json, "JSON"),
    (ReportFormat::Markdown, "Markdown"),
];

/// A report that is to be written.
#[derive(Debug)]
pub(super) struct ReportState {
    format: ReportFormat,
    path: String,
    base: PathBase,
    /// The name of the file without its ending.
    stem: String,
    /// The file that is there already, and may be replaced or not.
    asks_about: Option<PathBuf>,
    /// The report that is being written.
    pub(super) job: Option<JobId>,
    problem: Option<String>,
    is_started: bool,
}

impl ReportState {
    /// Offers a page in the folder of `base`, called after the run.
    pub(super) fn new(base: PathBase, run: &RunRecord) -> Self {
        let is_plain = |sign: char| sign.is_alphanumeric() || sign == '-' || sign == '_';
        let name: String = run.run.name.chars().map(|sign| if is_plain(sign) { sign } else { '-' }).collect();
        let stem = format!("run-{}-{name}", run.id.0);
        let format = ReportFormat::Html;
        let path = base.folder.join(format!("{stem}.{}", ending(format))).to_string_lossy().into_owned();
        Self { format, path, base, stem, asks_about: None, job: None, problem: None, is_started: false }
    }

    /// Takes notice that nothing was written.
    pub(super) fn end(&mut self, failure: ExportFailure) {
        self.job = None;
        match failure {
            ExportFailure::Exists { path, .. } => self.asks_about = Some(path),
            other => self.problem = words_of(other),
        }
    }

    /// Another format has another ending, where the file has the ending of the format before.
    fn set_format(&mut self, before: ReportFormat) {
        if let Some(stem) = self.path.strip_suffix(&format!(".{}", ending(before))) {
            self.path = format!("{stem}.{}", ending(self.format));
        }
        self.changed();
    }

    fn changed(&mut self) {
        (self.asks_about, self.problem) = (None, None);
    }

    fn read(&self) -> Result<PathBuf, PathFault> {
        let path = typed_path(&self.path, &self.base)?;
        let name = format!("{}.{}", self.stem, ending(self.format));
        Ok(if names_folder(&self.path) { path.join(name) } else { path })
    }
}

/// Why nothing was written, where that is to be told.
pub(super) fn words_of(failure: ExportFailure) -> Option<String> {
    match failure {
        ExportFailure::Cancelled => None,
        ExportFailure::Exists { message, .. }
        | ExportFailure::IsFolder { message, .. }
        | ExportFailure::Failed(message) => Some(message),
    }
}

/// How the name of a file in this format ends.
fn ending(format: ReportFormat) -> &'static str {
    match format {
        ReportFormat::Html => "html",
        ReportFormat::Junit => "xml",
        ReportFormat::Json => "json",
        ReportFormat::Markdown => "md",
    }
}

/// Draws it; `false` when it is given up.
pub(super) fn report_ui(ui: &mut Ui, state: &mut ReportState, run: RunId, actions: &mut Vec<Action>) -> bool {
    let before = state.format;
    let mut stays = true;
    egui::Frame::new().inner_margin(egui::Margin { left: 4, right: 14, top: 4, bottom: 4 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = theme::LABEL_GAP + 3.0;
        if ui.add(SegmentedControl::new("Format of the report", &mut state.format, &FORMATS).in_form()).changed() {
            state.set_format(before);
        }
        let read = state.read();
        let note = match &read {
            Ok(path) => format!("Will be written to {}", path.display()),
            Err(fault) => fault.to_string(),
        };
        let field = Field::new("File of the report").mono();
        let field = if read.is_err() { field.message(Tone::Error, &note) } else { field.note(&note) };
        let edit = TextInput::singleline(&mut state.path).id(Id::unique("report_path")).hint_text("~/run.html");
        let response = field.text(ui, edit).response.response;
        if !std::mem::replace(&mut state.is_started, true) {
            lead_to(ui.ctx(), response.id);
        }
        if response.changed() {
            state.changed();
        }
        let is_entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if let Some(problem) = &state.problem {
            InlineAlert::new(Tone::Error, problem).ui(ui);
        }
        let mut replaces = false;
        if let Some(path) = &state.asks_about {
            let title = format!("Replace {}?", path.file_name().unwrap_or_default().to_string_lossy());
            let alert = InlineAlert::new(Tone::Warn, &title).text("What is in the file now is lost then");
            match alert.buttons(&["Replace it", "Keep it"]).ui(ui) {
                Some(0) => replaces = true,
                Some(_) => state.asks_about = None,
                None => {}
            }
        }
        ui.horizontal(|ui| {
            let is_free = state.job.is_none();
            let save = ui.add_enabled(is_free, QuietButton::new("Write the report").icon(icons::DOWNLOAD));
            if let Ok(path) = read
                && is_free
                && (save.clicked() || is_entered || replaces)
            {
                let overwrite = replaces && state.asks_about.as_ref() == Some(&path);
                state.changed();
                actions.push(Action::Run(JobRequest::ReportRun(ReportOrder {
                    run,
                    format: state.format,
                    path,
                    overwrite,
                })));
            }
            stays = !ui.add(QuietButton::new("Leave it")).clicked();
        });
    });
    stays
}
