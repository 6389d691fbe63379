//! `salvage`: what can be read of a damaged history, in a new folder.

use std::path::PathBuf;

use clap::Args;

use super::{
    environment::ProcessEnvironment,
    outcome::{CliError, CommandOutcome},
    output::{print, remark},
};
use crate::store::{self, SalvageReport};

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
    for (name, count) in &saved.saved {
        print(format_args!("{count} {name}"))?;
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
    let mut lines = saved.remarks.clone();
    lines.extend(
        saved
            .lost
            .iter()
            .map(|(name, numbers)| format!("not saved: up to {} {name}, of the numbers {numbers}", numbers.len())),
    );
    if !saved.remade.is_empty() {
        let numbers = &saved.remade;
        lines
            .push(format!("made anew from their calls, without notes and tags: {} entries ({numbers})", numbers.len()));
    }
    lines.extend(saved.emptied.iter().map(|(name, numbers)| {
        format!("saved in part, for some of them cannot be read: {} {name} ({numbers})", numbers.len())
    }));
    lines
}
