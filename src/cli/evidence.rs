//! `evidence`: a document about entries or a run, for a person who was not there.

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
    run::named,
};
use crate::{
    domain::{evidence::EvidenceSubject, plural::number_of, settings::file_format::EvidenceFormat},
    jobs::{
        evidence::save_evidence,
        export::{ExportError, ExportFile},
    },
    settings::AppFolders,
};

#[derive(Debug, Args)]
pub struct EvidenceArgs {
    /// The tokens, or the numbers of entries as `history --format json` has them, in the order of the document.
    #[arg(required_unless_present = "run", conflicts_with = "run", value_name = "ENTRY")]
    entries: Vec<String>,
    /// Every row of this run, by its number or name.
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// The file to write: Markdown where it ends with .md, one page of HTML where it ends with .html, and with .zip an archive
    /// of both with the raw bodies.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// The format, where the ending does not tell it.
    #[arg(long, value_name = "FORMAT", value_parser = EvidenceFormat::ALL.map(EvidenceFormat::as_str))]
    format: Option<String>,
    /// Overwrite an existing file.
    #[arg(long)]
    force: bool,
}

pub(super) fn evidence(args: &EvidenceArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let format = args.format.as_deref().and_then(|word| word.parse().ok());
    let format = format.or_else(|| EvidenceFormat::of_path(&args.to)).ok_or_else(|| {
        let words =
            format!("{} tells no format. Let it end with .md, .html or .zip, or add --format", args.to.display());
        CliError::Usage(words)
    })?;
    let own = AppFolders::find(environment.home.clone())?.own();
    let view = HistoryView::open(environment)?;
    let subject = match &args.run {
        Some(run) => EvidenceSubject::Run(named(&view.reader, run)?.id),
        None => {
            let ids = args.entries.iter().map(|name| find(&view.reader, name)).collect::<Result<Vec<_>, _>>()?;
            EvidenceSubject::Entries(ids)
        }
    };
    let (path, overwrite, now) = (args.to.clone(), args.force, environment.clock.now());
    let cancelled = CancellationToken::new();
    let is_cancelled = cancelled.clone();
    let of_run = args.run.is_some();
    let work = move || {
        let file = ExportFile { path: &path, overwrite, own: &own };
        let written = save_evidence(&view.reader, &subject, format, now, file, &mut |_| {}, &is_cancelled);
        (view, written)
    };
    let words = ExportError::Cancelled.to_string();
    let (view, written) = until_signal(work, &cancelled, |(_, written)| written.is_ok(), words)?;
    let written = written.map_err(export_failed)?;
    let what = if of_run { number_of(written, "row", "rows") } else { number_of(written, "entry", "entries") };
    remark(format_args!("Evidence of {what} written to {}", args.to.display()));
    view.end(CommandOutcome::Well)
}
