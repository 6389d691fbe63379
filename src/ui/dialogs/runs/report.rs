//! Where a report of a run is written, and as what.

use egui::Ui;

use crate::{
    domain::{
        run::record::{RunId, RunRecord},
        typed_path::PathBase,
    },
    messages::{JobRequest, ReportOrder},
    reports::ReportFormat,
    ui::{
        action::Action,
        dialogs::output_file::{OutputFile, OutputFormats, OutputWish},
    },
};

const FORMATS: OutputFormats<ReportFormat> = &[
    (ReportFormat::Html, "HTML page", "html"),
    (ReportFormat::Junit, "JUnit XML", "xml"),
    (ReportFormat::Json, "JSON", "json"),
    (ReportFormat::Markdown, "Markdown", "md"),
];

/// Offers a page in the folder of `base`, called after the run.
pub(super) fn report_of(base: PathBase, run: &RunRecord) -> OutputFile<ReportFormat> {
    OutputFile::new("report", FORMATS, base, &format!("run-{}-{}", run.id.0, run.run.name))
}

/// Draws it; `false` when it is given up.
pub(super) fn report_ui(
    ui: &mut Ui,
    file: &mut OutputFile<ReportFormat>,
    (run, against): (RunId, Option<RunId>),
    actions: &mut Vec<Action>,
) -> bool {
    let margin = egui::Margin { left: 4, right: 14, top: 4, bottom: 4 };
    let wish = egui::Frame::new().inner_margin(margin).show(ui, |ui| file.ui(ui)).inner;
    if let Some(OutputWish::Write { format, path, overwrite }) = &wish {
        let order = ReportOrder { run, against, format: *format, path: path.clone(), overwrite: *overwrite };
        actions.push(Action::Run(JobRequest::ReportRun(order)));
    }
    wish != Some(OutputWish::Leave)
}
