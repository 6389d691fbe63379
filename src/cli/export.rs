//! `export`: the history as a file, in the format of whoever reads it.

use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser};
use tokio_util::sync::CancellationToken;

use super::{
    environment::ProcessEnvironment,
    long_work::until_signal,
    opened::HistoryView,
    outcome::{CliError, CommandOutcome},
    output::remark,
    shared_args::FilterArgs,
    work_progress::WorkProgress,
};
use crate::{
    domain::{
        plural::number_of,
        settings::file_format::{EntryColumn, ExportForm, FileFormat},
    },
    jobs::export::{self as job, ExportError, ExportFile, ExportProgress},
    settings::AppFolders,
};

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The file to write. Its ending tells the format: .json, .jsonl, .csv, .har, .env, .py (pytest), .ts, .java or .go.
    file: PathBuf,
    /// The format, where the ending does not tell it; JSON where neither does.
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    format: Option<String>,
    /// The columns of a CSV file, in their order, with commas between them.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', value_parser = columns())]
    columns: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Overwrite an existing file.
    #[arg(long)]
    force: bool,
}

impl ExportArgs {
    fn form(&self) -> Result<ExportForm, CliError> {
        let named = self.format.as_deref().and_then(|word| word.parse().ok());
        let format = named.or_else(|| FileFormat::of_path(&self.file)).unwrap_or_default();
        if self.columns.is_empty() {
            return Ok(ExportForm::of(format));
        }
        if format != FileFormat::Csv {
            let words =
                format!("--columns is for CSV, and this is {}. Leave it out, or add --format csv", format.label());
            return Err(CliError::Usage(words));
        }
        let columns: Vec<EntryColumn> = self.columns.iter().filter_map(|word| word.parse().ok()).collect();
        Ok(ExportForm { format, columns })
    }
}

fn formats() -> PossibleValuesParser {
    FileFormat::ALL.map(FileFormat::as_str).into()
}

fn columns() -> PossibleValuesParser {
    EntryColumn::ALL.map(EntryColumn::as_str).into()
}

pub(super) fn export(args: &ExportArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let form = args.form()?;
    let own = AppFolders::find(environment.home.clone())?.own();
    let view = HistoryView::open(environment)?;
    let (filter, path, overwrite) = (args.filter.filter(), args.file.clone(), args.force);
    let cancelled = CancellationToken::new();
    let is_cancelled = cancelled.clone();
    let work = move || {
        let file = ExportFile { path: &path, overwrite, own: &own };
        let mut progress = WorkProgress::new();
        let mut tell = |now: ExportProgress| progress.update("entries written", now.done, Some(now.total));
        let written = job::export(&view.reader, &filter, &form, file, &mut tell, &is_cancelled);
        (view, written)
    };
    let words = ExportError::Cancelled.to_string();
    let (view, written) = until_signal(work, &cancelled, |(_, written)| written.is_ok(), words)?;
    let entries = written.map_err(export_failed)?;
    let entries = number_of(entries, "entry", "entries");
    remark(format_args!("{entries} exported to {}", args.file.display()));
    view.end(CommandOutcome::Well)
}

/// Why nothing was written, with the option that replaces a file.
pub(super) fn export_failed(error: ExportError) -> CliError {
    match error {
        ExportError::Store(error) => CliError::Store(error),
        error @ ExportError::Exists { .. } => CliError::Export(format!("{error}, or replace it with --force")),
        error => CliError::Export(error.to_string()),
    }
}
