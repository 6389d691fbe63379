//! `runs`: the runs that are kept, one of them row by row, two of them compared, and how they are renamed and deleted.

use std::io::Write as _;

use clap::{Args, Subcommand, ValueEnum};

use super::{
    environment::ProcessEnvironment,
    opened::{HistoryView, block_on, open_store},
    outcome::{CliError, CommandOutcome},
    output::{JsonOutput, columns, print, remark},
    run::named,
    shared_args::ReportArgs,
};
use crate::{
    domain::{
        foreign,
        plural::number_of,
        run::{
            record::{RowRecord, RunId, RunRecord, run_name},
            verdict::RowVerdict,
        },
    },
    jobs::{run_removal, run_report},
    reports::{self, ReportFormat, RunReport},
    settings::AppFolders,
    store::{HistoryReader, RowSelection, StoreError},
};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RunsArgs {
    #[command(subcommand)]
    command: Option<RunsCommand>,
    /// A run, by its number or name: its rows that do not hold. Without it, the runs, newest first.
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Compare it with this run of the same list, or with the last one before it on the same target.
    #[arg(long, value_name = "RUN|last", requires = "run")]
    against: Option<String>,
    /// All its rows.
    #[arg(long, requires = "run", conflicts_with = "against")]
    all: bool,
    /// Lines for a person, or the JSON report.
    #[arg(long, value_enum, default_value = "text", requires = "run")]
    format: RunsFormat,
    /// At most so many runs.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    report: ReportArgs,
}

/// Each takes a run by its number: several runs may have one name.
#[derive(Debug, Subcommand)]
enum RunsCommand {
    /// Give a run another name, by which `--resume` and the search `run:NAME` find it.
    Rename {
        /// Its number, as `testcard runs` lists it.
        #[arg(value_name = "NUMBER", value_parser = run_number)]
        run: RunId,
        /// The new name; one word in lower case is made of it.
        name: String,
    },
    /// Delete a run with its rows and verdicts. Its entries stay in the history.
    Delete {
        /// Its number, as `testcard runs` lists it.
        #[arg(value_name = "NUMBER", value_parser = run_number)]
        run: RunId,
    },
}

fn run_number(text: &str) -> Result<RunId, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.map(RunId).ok_or_else(|| "it is no number of a run: `testcard runs` lists them".to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RunsFormat {
    Text,
    Json,
}

pub(super) fn runs(args: &RunsArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    match &args.command {
        Some(RunsCommand::Rename { run, name }) => rename(*run, name, environment),
        Some(RunsCommand::Delete { run }) => delete(*run, environment),
        None => show_runs(args, environment),
    }
}

fn rename(run: RunId, name: &str, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    open_store(environment)?.rename_run(run, name).wait().map_err(of_run)?;
    print(foreign::sentence(&format!("the run {} is called {}", run.0, run_name(name))))?;
    Ok(CommandOutcome::Well)
}

fn delete(run: RunId, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let store = open_store(environment)?;
    block_on(async { run_removal::remove(&store, run).await.map_err(of_run) })?;
    print(format_args!("the run {} is deleted; its entries stay in the history", run.0))?;
    Ok(CommandOutcome::Well)
}

/// A number of no run is a mistake of whoever typed it.
fn of_run(error: StoreError) -> CliError {
    match error {
        StoreError::NoSuchRun => CliError::Usage(error.to_string()),
        error => CliError::Store(error),
    }
}

fn show_runs(args: &RunsArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let view = HistoryView::open(environment)?;
    let reader = &view.reader;
    let Some(name) = &args.run else {
        if args.report.is_wanted() {
            return Err(CliError::Usage(
                "A report is of one run: name it, such as `testcard runs 7 --report html FILE`".to_owned(),
            ));
        }
        list(reader, args.limit)?;
        return view.end(CommandOutcome::Well);
    };
    let run = match named(reader, name) {
        // It may be the one that cannot be read.
        Err(CliError::Usage(words)) => {
            view.end(CommandOutcome::Well)?;
            return Err(CliError::Usage(words));
        }
        run => run?,
    };
    let before = before(reader, &run, args.against.as_deref())?;
    let own = AppFolders::find(environment.home.clone())?.own();
    args.report.check(Some(&own))?;
    args.report.write(reader, &run, before.as_ref(), Some(&own))?;
    let outcome = match (&before, args.format) {
        (_, RunsFormat::Json) => {
            print_report(reader, &run, before.as_ref())?;
            CommandOutcome::Well
        }
        (Some(before), RunsFormat::Text) if args.against.is_some() => compare(reader, before, &run)?,
        (_, RunsFormat::Text) => {
            show(reader, &run, args.all)?;
            CommandOutcome::Well
        }
    };
    view.end(outcome)
}

/// The run that this one is compared with.
fn before(reader: &HistoryReader, run: &RunRecord, against: Option<&str>) -> Result<Option<RunRecord>, CliError> {
    let other = match against {
        None => return Ok(reader.run_before(run)?),
        Some("last") => reader.run_before(run)?.ok_or_else(|| {
            CliError::Usage(format!("There is no finished run of the same list before run {} on this target", run.id.0))
        })?,
        Some(name) => named(reader, name)?,
    };
    if !other.is_of_same_list(run) {
        return Err(CliError::Usage(format!(
            "The runs {} and {} were made from different lists: only runs of the same list can be compared",
            other.id.0, run.id.0
        )));
    }
    Ok(Some(other))
}

fn list(reader: &HistoryReader, limit: usize) -> Result<(), CliError> {
    let runs = reader.runs(limit)?;
    if runs.is_empty() {
        remark("There are no runs. `testcard run FILE` makes one");
    }
    let row = |run: &RunRecord| {
        [
            run.id.0.to_string(),
            run.run.name.clone(),
            run.run.target.as_str().to_owned(),
            run.state.as_str().to_owned(),
            run.run.created.strftime("%Y-%m-%d %H:%M").to_string(),
            run.words(),
        ]
    };
    for line in columns(runs.iter().map(row).collect()) {
        print(line)?;
    }
    Ok(())
}

fn show(reader: &HistoryReader, run: &RunRecord, all: bool) -> Result<(), CliError> {
    for row in reader.readable_run_rows(run.id, RowSelection::All) {
        let row = row?;
        if all || row.verdict.as_ref().is_some_and(|verdict| !verdict.holds()) {
            print(row_line(&row))?;
        }
    }
    print(foreign::sentence(&run.words()))?;
    Ok(())
}

fn row_line(row: &RowRecord) -> String {
    let verdict = row.verdict.as_ref().map_or_else(|| "Not made yet".to_owned(), RowVerdict::words);
    foreign::sentence(&format!("{}  {}  {verdict}  {}", row.number, row.label(), row.outcome()))
}

fn compare(reader: &HistoryReader, before: &RunRecord, run: &RunRecord) -> Result<CommandOutcome, CliError> {
    let comparison = run_report::compare(reader, before, run)?;
    for change in &comparison.changes {
        let line = format!("{}  {}  {} → {}", change.number, change.label, change.before, change.after);
        print(foreign::sentence(&line))?;
    }
    let more = comparison.changed - comparison.changes.len() as u64;
    if more > 0 {
        remark(format_args!(
            "{} came to something else: --report json has the numbers",
            number_of(more, "more row", "more rows")
        ));
    }
    print(format_args!(
        "{} came to something else than in run {}, {} to the same, {} not made in both",
        number_of(comparison.changed, "row", "rows"),
        before.id.0,
        comparison.same,
        number_of(comparison.not_in_both, "was", "were")
    ))?;
    Ok(if comparison.changed == 0 { CommandOutcome::Well } else { CommandOutcome::WithError })
}

fn print_report(reader: &HistoryReader, run: &RunRecord, before: Option<&RunRecord>) -> Result<(), CliError> {
    let summary = run_report::summary(reader, run)?;
    let compared =
        before.map(|before| Ok::<_, CliError>((before, run_report::compare(reader, before, run)?))).transpose()?;
    let before = compared.as_ref().map(|(before, comparison)| (*before, comparison));
    let report = RunReport { run, summary: &summary, before };
    let mut rows = reader.readable_run_rows(run.id, RowSelection::All).map(|row| row.map_err(std::io::Error::other));
    let mut out = JsonOutput::default();
    reports::write(ReportFormat::Json, &mut out, report, &mut rows)?;
    out.flush()?;
    Ok(())
}
