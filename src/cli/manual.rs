//! `completions` and `man`: what a shell and a reader know of the command line, made of its own description.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use clap::{Args, Command};
use clap_complete::Shell;

use super::{
    outcome::{CliError, CommandOutcome},
    output::remark,
};
use crate::domain::plural::number_of;

#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_NOTE)]
pub struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

const COMPLETIONS_NOTE: &str = "bash: testcard completions bash > ~/.local/share/bash-completion/completions/testcard
zsh: testcard completions zsh > a folder of $fpath, as _testcard
fish: testcard completions fish > ~/.config/fish/completions/testcard.fish";

#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder to write to, such as ~/.local/share/man/man1. It must be there; pages of these names are replaced.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

pub(super) fn completions(args: &CompletionsArgs, mut command: Command) -> Result<CommandOutcome, CliError> {
    // Made in memory first: its maker does not tell when the output cannot be written.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "testcard", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(CommandOutcome::Well)
}

pub(super) fn man(args: &ManArgs, command: Command) -> Result<CommandOutcome, CliError> {
    if !args.to.is_dir() {
        let words = format!("There is no folder {}. Create it, or name another one", args.to.display());
        return Err(CliError::Usage(words));
    }
    let pages = pages_of(&command);
    clap_mangen::generate_to(command, &args.to).map_err(|error| {
        CliError::Usage(format!("Could not write the man pages to {}: {error}. Name another folder", args.to.display()))
    })?;
    remark(format_args!("{} written to {}", number_of(pages as u64, "man page", "man pages"), args.to.display()));
    Ok(CommandOutcome::Well)
}

/// A command and those within it have a page each.
fn pages_of(command: &Command) -> usize {
    1 + command.get_subcommands().map(pages_of).sum::<usize>()
}
