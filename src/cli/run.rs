//! `run`: a list of drafts, each made as far as asked and held against what is expected of it.

use std::num::NonZeroU32;

use clap::Args;
use rand::RngExt as _;
use tokio_util::sync::CancellationToken;

use super::{
    environment::ProcessEnvironment,
    opened::{OpenTarget, block_on, load_settings, open_store},
    outcome::{CliError, CommandOutcome},
    output::{print, remark},
    run_list::{ListArgs, name, read_list, source},
    run_progress::ProgressView,
    shared_args::{ReportArgs, TargetArg, TargetArgs, pace, rate},
    signals::{EndSignal, EndSignals},
};
use crate::{
    backend::Backend,
    domain::{
        call::api::Target,
        card::expiry::utc_day,
        foreign,
        plural::number_of,
        run::{
            list::RunList,
            list_hash::ListHash,
            preview::{RunPreview, time_words},
            record::{NewRun, RunId, RunRecord, RunState},
        },
        settings::stripe::BaseUrl,
    },
    jobs::{
        account_answers::known_policies,
        pace::USUAL_RATE,
        run::{self as job, EndedRow, PauseSwitch, RunError, RunJob, RunProgress},
    },
    settings::AppFolders,
    store::{HistoryReader, StoreError, shell_word},
};

/// How many random letters tell a run's calls from those of all other runs.
const UID_LETTERS: usize = 20;

#[derive(Debug, Args)]
#[command(after_help = NOTE)]
pub struct RunArgs {
    #[command(flatten)]
    list: ListArgs,
    /// So many calls a second at most; 20 by default, and on this machine as many as can be.
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<NonZeroU32>,
    /// Go on with a run that was stopped or killed, by its number or name. The list has to be given again where it has
    /// codes, or numbers of cards that are not published.
    #[arg(long, value_name = "RUN")]
    resume: Option<String>,
    /// Say what would be done, and make no call.
    #[arg(long, conflicts_with = "resume")]
    preview: bool,
    #[command(flatten)]
    report: ReportArgs,
    #[command(flatten)]
    target: TargetArgs,
}

const NOTE: &str = "Columns of a list are parameters, such as card[number] and card[address_zip], and expect, step, note, tags, \
count, amount, currency, preset (a name or key as --preset takes it) and cvc (good, bad or none). What is expected of a row is ok, an error code, or steps such as \
charge=insufficient_funds; without it, what the test card is published for. Rows that do not hold are printed, one a line. Ctrl+C \
lets the calls in flight come to their end; `testcard run --resume RUN` makes the rest, and no call twice.

Exit status: 0 every row came as expected, 1 not every row did or an entry was left out, 2 wrong usage, 3 no row was answered, 130 stopped by Ctrl+C";

pub(super) fn run(args: &RunArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let (list, left_out) = read_list(&args.list, environment)?;
    let outcome = match &args.resume {
        Some(name) => resume(name, list, args, environment),
        None if list.is_empty() => Err(CliError::Usage(
            "There is nothing to run: name a FILE, or use --matrix, --preset, --again or --search. `testcard help run` \
             has examples"
                .to_owned(),
        )),
        None => start(&list, args, environment),
    }?;
    // What was asked for was not all made.
    Ok(if left_out > 0 && matches!(outcome, CommandOutcome::Well) { CommandOutcome::WithError } else { outcome })
}

fn start(list: &RunList, args: &RunArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let own = AppFolders::find(environment.home.clone()).map(|folders| folders.own());
    args.report.check(own.as_ref().ok())?;
    let opened = OpenTarget::open_paced(&args.target, environment)?;
    let store = opened.backend.store().clone();
    let created = opened.clock.now();
    let hash = ListHash::new(&store.workspace_secret());
    let profile = match &opened.backend {
        Backend::Local { .. } => None,
        Backend::Stripe { profile, .. } => Some(*profile),
    };
    let policies = match profile {
        Some(profile) => known_policies(&store.reader()?)?.remove(&profile),
        None => opened.policies,
    };
    let read = list.read(hash, utc_day(created), policies).map_err(|error| wrong_list(args, &error.to_string()))?;
    if read.preview.rows == 0 {
        return Err(CliError::Usage("There is nothing to run: the list has no rows".to_owned()));
    }
    let per_second = calls_per_second(args.rate, &opened);
    if args.preview {
        return print_preview(&read.preview, per_second, opened.backend.target());
    }
    remark(preview_line(&read.preview, per_second));
    read.preview.refusals(opened.backend.target()).for_each(remark);
    let mut random = rand::rng();
    let run = NewRun {
        name: name(&args.list),
        uid: (0..UID_LETTERS).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect(),
        list_hash: read.hash,
        target: opened.backend.target(),
        profile,
        base_url: opened.base_url.as_ref().map(|url| url.as_str().to_owned()),
        created,
        last_step: list.last_step,
        source: source(&args.list),
        rate: per_second,
        rows: read.preview.rows,
    };
    let id = block_on(async { Ok(job::begin(&store, run, list).await?) })?;
    let record = find(&store.reader()?, id)?;
    make(opened, record, list, args, environment)
}

fn resume(
    name: &str,
    list: RunList,
    args: &RunArgs,
    environment: &ProcessEnvironment,
) -> Result<CommandOutcome, CliError> {
    let own = AppFolders::find(environment.home.clone())?.own();
    args.report.check(Some(&own))?;
    if args.target.memory {
        return Err(CliError::Usage("A run in memory is gone with its process: leave out --memory".to_owned()));
    }
    let store = open_store(environment)?;
    let record = named(&store.reader()?, name)?;
    drop(store);
    let list = &RunList { last_step: args.list.step.unwrap_or(record.run.last_step), ..list };
    let target = target_of(&record, &args.target, environment)?;
    let opened = OpenTarget::open_paced(&target, environment)?;
    if let (Some(was), Some(is)) = (&record.run.base_url, &opened.base_url)
        && was != is.as_str()
    {
        return Err(CliError::Usage(format!(
            "The run {} was made at {was}, and the calls would go to {}: use --base-url {was}",
            record.id.0,
            is.as_str()
        )));
    }
    let store = opened.backend.store().clone();
    block_on(async { Ok(job::resume(&store, &record, list).await?) })?;
    let open = record.run.rows - record.as_expected - record.differs;
    remark(format_args!(
        "Run {} ({}) goes on: {} left of {}",
        record.id.0,
        record.run.name,
        number_of(open, "row is", "rows are"),
        record.run.rows
    ));
    let record = find(&store.reader()?, record.id)?;
    make(opened, record, list, args, environment)
}

/// The options of the target that a run was made at.
fn target_of(record: &RunRecord, args: &TargetArgs, environment: &ProcessEnvironment) -> Result<TargetArgs, CliError> {
    let mut target = args.clone();
    let made_at = match record.run.target {
        Target::Local => TargetArg::Local,
        Target::Stripe => TargetArg::Stripe,
    };
    if let Some(other) = target.target.map(Target::from).filter(|other| *other != record.run.target) {
        return Err(CliError::Usage(format!(
            "The run {} was made at target {}, not {}: leave out --target",
            record.id.0,
            record.run.target.as_str(),
            other.as_str()
        )));
    }
    target.target = Some(made_at);
    if let Some(id) = record.run.profile {
        let settings = load_settings(&AppFolders::find(environment.home.clone())?);
        let profile = settings.profiles.iter().find(|profile| profile.id == id).ok_or_else(|| {
            CliError::Usage(format!("The run {} was made with a profile that is gone from the settings", record.id.0))
        })?;
        if target.profile.as_ref().is_some_and(|named| !named.eq_ignore_ascii_case(&profile.name)) {
            return Err(CliError::Usage(format!(
                "The run {} was made with the profile '{}': leave out --profile",
                record.id.0, profile.name
            )));
        }
        target.profile = Some(profile.name.clone());
    }
    if let (None, Some(url)) = (&target.base_url, &record.run.base_url) {
        target.base_url = BaseUrl::parse(url).ok();
    }
    Ok(target)
}

/// Makes the calls of a run and prints what does not hold.
fn make(
    opened: OpenTarget,
    record: RunRecord,
    list: &RunList,
    args: &RunArgs,
    environment: &ProcessEnvironment,
) -> Result<CommandOutcome, CliError> {
    let store = opened.backend.store().clone();
    let pace = match &opened.base_url {
        Some(base_url) => pace(args.rate, base_url),
        None => args.rate.map(crate::jobs::pace::CallPace::of).unwrap_or_default(),
    };
    let stop = CancellationToken::new();
    let job = RunJob {
        backend: opened.backend,
        store: store.clone(),
        clock: opened.clock,
        pace,
        pause: PauseSwitch::default(),
        stop: stop.clone(),
    };
    let id = record.id;
    let mut view = ProgressView::new(record.run.rows, record.as_expected + record.differs);
    let mut shown = Ok(());
    let (state, signal) = block_on(async {
        let mut on_progress = |progress: RunProgress, row: &EndedRow| {
            view.update(progress);
            if !row.verdict.holds() && shown.is_ok() {
                shown = view.aside(|| print(row_line(row)));
            }
        };
        let made = job.make(record, list, &mut on_progress);
        until_signal(made, &stop).await
    })?;
    drop(view);
    shown?;
    let reader = store.reader()?;
    let record = find(&reader, id)?;
    let own = AppFolders::find(environment.home.clone()).map(|folders| folders.own());
    let before = reader.run_before(&record)?;
    args.report.write(&reader, &record, before.as_ref(), own.as_ref().ok())?;
    print(foreign::sentence(&record.words()))?;
    if let (RunState::Stopped, Some(signal)) = (state, signal) {
        let words = format!("The run {} was stopped. Go on with: {}", id.0, resume_command(id, args));
        return Err(CliError::Ended(words, signal));
    }
    if state == RunState::Stopped && !args.target.memory {
        remark(format_args!("Rows that were not answered are asked again by: {}", resume_command(id, args)));
    }
    Ok(match record.unanswered == record.run.rows {
        true => CommandOutcome::WithoutAnswer,
        false if record.holds() => CommandOutcome::Well,
        false => CommandOutcome::WithError,
    })
}

/// The command that goes on with a run. Files are given again, for not all that they hold may be kept.
fn resume_command(run: RunId, args: &RunArgs) -> String {
    let start = format!("testcard run --resume {}", run.0);
    args.list.files.iter().fold(start, |command, file| command + " " + &shell_word(file))
}

/// Waits for the end of a run. A signal lets the calls in flight come to their end, a second one does not.
async fn until_signal(
    made: impl Future<Output = Result<RunState, RunError>>,
    stop: &CancellationToken,
) -> Result<(RunState, Option<EndSignal>), CliError> {
    let mut signals = EndSignals::new()?;
    let mut made = std::pin::pin!(made);
    let signal = tokio::select! {
        state = &mut made => return Ok((state?, None)),
        signal = signals.next() => signal,
    };
    stop.cancel();
    remark("Finishing the calls in flight; again to stop at once");
    tokio::select! {
        state = made => Ok((state?, Some(signal))),
        signal = signals.next() => {
            Err(CliError::Ended("The run was stopped at once. `testcard runs` lists it; --resume goes on".to_owned(), signal))
        }
    }
}

fn find(reader: &HistoryReader, id: RunId) -> Result<RunRecord, CliError> {
    Ok(reader.run_named(&id.0.to_string())?.ok_or(StoreError::NoSuchRun)?)
}

/// The run of a number or name that was typed.
pub(super) fn named(reader: &HistoryReader, name: &str) -> Result<RunRecord, CliError> {
    reader
        .run_named(name)?
        .ok_or_else(|| CliError::Usage(format!("There is no run '{name}'. `testcard runs` lists what there is")))
}

fn row_line(row: &EndedRow) -> String {
    foreign::sentence(&format!("{}  {}  {}", row.number, row.label, row.verdict.words()))
}

/// The rate that a run is kept to, as it is written down; `None` on this machine without one.
fn calls_per_second(rate: Option<NonZeroU32>, opened: &OpenTarget) -> Option<u32> {
    let usual = opened.base_url.as_ref().is_some_and(|url| !url.is_loopback()).then_some(USUAL_RATE);
    rate.map(NonZeroU32::get).or(usual)
}

fn preview_line(preview: &RunPreview, per_second: Option<u32>) -> String {
    let time = match per_second {
        Some(rate) => {
            let calls = number_of(rate.into(), "call", "calls");
            format!(", about {} at {calls} a second", time_words(preview.time_at(rate)))
        }
        None => String::new(),
    };
    let (rows, calls) = (number_of(preview.rows, "row", "rows"), number_of(preview.calls, "call", "calls"));
    format!("{rows}, {calls} at most{time}")
}

fn print_preview(preview: &RunPreview, per_second: Option<u32>, target: Target) -> Result<CommandOutcome, CliError> {
    print(preview_line(preview, per_second))?;
    for (step, rows) in &preview.by_step {
        print(format_args!("{} as far as {}", number_of(*rows, "row goes", "rows go"), step.as_str()))?;
    }
    for (expected, rows) in &preview.expected {
        print(foreign::sentence(&format!("{}: {expected}", number_of(*rows, "row", "rows"))))?;
    }
    if preview.expected_otherwise > 0 {
        print(format_args!("{}: other outcomes", number_of(preview.expected_otherwise, "row", "rows")))?;
    }
    preview.refusals(target).try_for_each(print)?;
    Ok(CommandOutcome::Well)
}

fn wrong_list(args: &RunArgs, error: &str) -> CliError {
    let file = match &args.list.files[..] {
        [file] => format!("{}: ", file.display()),
        _ => String::new(),
    };
    CliError::Usage(format!("No call was made. {file}{error}"))
}

impl From<RunError> for CliError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) => Self::Store(error),
            other => Self::Usage(other.to_string()),
        }
    }
}
