//! `salvage`: what can be read of a damaged history, in a new folder.

use std::path::PathBuf;

use clap::Args;

use super::{
    environment::ProcessEnvironment,
    outcome::{CliError, CommandOutcome},
    output::{print, remark},
};
use crate::store::{self, RowKind, RowNumbers, SalvageReport};

#[derive(Debug, Args)]
pub struct SalvageArgs {
    /// The data folder as `testcard paths` names it, or a database file, such as a backup.
    #[arg(value_name = "FOLDER|FILE")]
    source: PathBuf,
    /// The folder to write to: a new one, or an empty one.
    #[arg(long, value_name = "NEW-FOLDER")]
    to: PathBuf,
}

pub(super) fn salvage(args: &SalvageArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let saved = store::salvage(&args.source, &args.to, environment.clock.now())?;
    for (kind, count) in &saved.saved {
        print(kind.number_of(*count))?;
    }
    print(format_args!("saved to {}", saved.file.display()))?;
    for line in lines(&saved) {
        remark(line);
    }
    remark(format_args!(
        "{} is as it was. To go on with what was saved, move the old data folder away and put {} in its place",
        args.source.display(),
        args.to.display()
    ));
    Ok(if saved.is_whole() { CommandOutcome::Well } else { CommandOutcome::InPart })
}

/// What is not as it was, a line each.
fn lines(saved: &SalvageReport) -> Vec<String> {
    let rows = |kind: RowKind, numbers: &RowNumbers| kind.number_of(numbers.len() as u64);
    let mut lines = saved.remarks.clone();
    lines.extend(
        saved
            .lost
            .iter()
            .map(|(kind, numbers)| format!("not saved: up to {}, of the numbers {numbers}", rows(*kind, numbers))),
    );
    if !saved.remade.is_empty() {
        let entries = rows(RowKind::Entry, &saved.remade);
        lines.push(format!("made anew from their calls, without notes and tags: {entries} ({})", saved.remade));
    }
    lines.extend(saved.emptied.iter().map(|(kind, numbers)| {
        format!("saved in part, for not all of it can be read: {} ({numbers})", rows(*kind, numbers))
    }));
    lines
}
