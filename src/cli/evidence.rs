//! `evidence`: a document about entries, for a person who was not there.

use std::path::PathBuf;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{
    environment::ProcessEnvironment,
    export::export_failed,
    history::find,
    long_work::until_signal,
    opened::HistoryView,
    outcome::{CliError, CommandOutcome},
    output::remark,
};
use crate::{
    domain::settings::file_format::EvidenceFormat,
    jobs::export::{ExportError, ExportFile, save_evidence},
    settings::AppFolders,
};

#[derive(Debug, Args)]
pub struct EvidenceArgs {
    /// The tokens, or the numbers of entries as `history --format json` has them, in the order of the document.
    #[arg(required = true, value_name = "ENTRY")]
    entries: Vec<String>,
    /// The file to write: Markdown where it ends with .md, one page of HTML where it ends with .html.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Overwrite an existing file.
    #[arg(long)]
    force: bool,
}

pub(super) fn evidence(args: &EvidenceArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let format = EvidenceFormat::of_path(&args.to).ok_or_else(|| {
        let words = format!("{} tells no format. Let it end with .md or .html", args.to.display());
        CliError::Usage(words)
    })?;
    let own = AppFolders::find(environment.home.clone())?.own();
    let view = HistoryView::open(environment)?;
    let ids = args.entries.iter().map(|name| find(&view.reader, name)).collect::<Result<Vec<_>, _>>()?;
    let (path, overwrite, now) = (args.to.clone(), args.force, environment.clock.now());
    let cancelled = CancellationToken::new();
    let is_cancelled = cancelled.clone();
    let work = move || {
        let file = ExportFile { path: &path, overwrite, own: &own };
        let written = save_evidence(&view.reader, &ids, format, now, file, &is_cancelled);
        (view, written)
    };
    let words = ExportError::Cancelled.to_string();
    let (view, written) = until_signal(work, &cancelled, |(_, written)| written.is_ok(), words)?;
    let entries = written.map_err(export_failed)?;
    let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
    remark(format_args!("Evidence of {entries} written to {}", args.to.display()));
    view.end(CommandOutcome::Well)
}
