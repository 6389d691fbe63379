//! `import`: the entries of an export into this history, and the calls of other tools into the presets.

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{
    environment::ProcessEnvironment,
    long_work::until_signal,
    opened::open_store,
    outcome::{CliError, CommandOutcome},
    output::{print, remark},
    work_progress::WorkProgress,
};
use crate::{
    domain::{
        foreign, mask,
        plural::number_of,
        presets::found_calls::{FoundCalls, MOST_TAKEN, MadePreset, MadePresets},
        settings::file_format::FileFormat,
    },
    files,
    formats::{MOST_CALL_BYTES, read_calls},
    jobs::import::{self as job, ImportError, ImportProgress},
    settings::{self, AppFolders},
};

#[derive(Debug, Args)]
#[command(after_help = NOTE)]
pub struct ImportArgs {
    /// The file to read, as `testcard export` wrote it: .json or .jsonl. With --as-presets, a call of curl, a HAR, a Postman
    /// collection or fixtures of the Stripe CLI; - reads what is piped or pasted.
    file: PathBuf,
    /// Keep each call of the file that makes a token as a preset; the calls themselves are not made.
    #[arg(long, conflicts_with = "format")]
    as_presets: bool,
    /// The format, where the ending does not tell it.
    #[arg(long, value_name = "FORMAT", value_parser = [FileFormat::Json.as_str(), FileFormat::Jsonl.as_str()])]
    format: Option<String>,
}

const NOTE: &str =
    "All entries of the file are written, or none. Entries that the history has already stay as they are \
here. The minter does not know imported tokens: they can be looked at, and not be used up.
Presets hold no security code, and no number that is not a published test card";

pub(super) fn import(args: &ImportArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    if args.as_presets {
        return presets(args, environment);
    }
    let format = args.format.as_deref().and_then(|word| word.parse().ok());
    let store = open_store(environment)?;
    let (path, cancelled) = (args.file.clone(), CancellationToken::new());
    let is_cancelled = cancelled.clone();
    let work = move || {
        let progress = Mutex::new(WorkProgress::new());
        let tell = move |now| {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            match now {
                ImportProgress::Checked(done) => progress.update("entries checked", done, None),
                ImportProgress::Written { done, total } => progress.update("entries written", done, Some(total)),
            }
        };
        job::import(&store, &path, format, Arc::new(tell), &is_cancelled)
    };
    let report = until_signal(work, &cancelled, Result::is_ok, ImportError::Cancelled.to_string())?;
    let report = report.map_err(|error| match error {
        ImportError::Store(error) => CliError::Store(error),
        error => CliError::Import(error.to_string()),
    })?;
    let entries = |count: u64| number_of(count, "entry", "entries");
    let known = match (report.known, report.deleted) {
        (0, _) => String::new(),
        (known, 0) => format!("; {} known already", entries(known)),
        (known, deleted) => format!("; {} known already, {deleted} of them deleted here", entries(known)),
    };
    remark(format_args!("{} imported from {}{known}", entries(report.new), args.file.display()));
    Ok(CommandOutcome::Well)
}

/// Keeps the calls of a file that make a token as presets, all or none. A call that is a preset already is left.
fn presets(args: &ImportArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let shown = args.file.display();
    let failed = |why: String| CliError::Import(format!("Could not import {shown}: {why}"));
    let bytes = read(&args.file).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => failed(format!("it is longer than {} MB. Split it", MOST_CALL_BYTES >> 20)),
        _ => failed(format!("{error}. Check the path and its permissions")),
    })?;
    let FoundCalls { calls, left } = read_calls(&bytes).map_err(|fault| failed(fault.to_string()))?;
    if calls.len() > MOST_TAKEN {
        let why = format!(
            "it has {} calls that make a token, and {MOST_TAKEN} presets at most are made. Split it",
            calls.len()
        );
        return Err(failed(why));
    }
    let path = AppFolders::find(environment.home.clone())?.presets_file();
    let (known, warnings) = settings::presets::load(&path);
    warnings.iter().for_each(remark);
    let mut library = known.clone();
    let MadePresets { made, same } = library.take_calls(&calls, environment.clock.now().as_second());
    settings::presets::save(&path, &known, &library)?;
    for MadePreset { name, left_out } in &made {
        print(foreign::cell(&mask::text(name)))?;
        if !left_out.is_empty() {
            remark(format_args!("{name}: without {}", left_out.join(", ")));
        }
    }
    left.iter().for_each(remark);
    let presets = |count: usize| number_of(count as u64, "preset", "presets");
    let same = if same == 0 { String::new() } else { format!("; {} there already", presets(same)) };
    let left = if left.is_empty() { String::new() } else { format!("; {} left", left.len()) };
    remark(format_args!("{} made from {shown}{same}{left}", presets(made.len())));
    Ok(CommandOutcome::Well)
}

/// The bytes of a file of calls, or of what is piped where the path is `-`.
///
/// # Errors
/// A file that cannot be read, and one of more than [`MOST_CALL_BYTES`].
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path != Path::new("-") {
        return files::read_at_most(path, MOST_CALL_BYTES);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(MOST_CALL_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_CALL_BYTES { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}
