//! `keep`: what of the history stays, and the disk space of the rest.

use clap::{ArgGroup, Args};
use tokio_util::sync::CancellationToken;

use super::{
    environment::ProcessEnvironment,
    long_work::until_signal,
    opened::{HistoryView, load_settings, open_store},
    outcome::{CliError, CommandOutcome},
    output::{print, remark},
    shared_args::{TargetArg, named_profile},
    work_progress::WorkProgress,
};
use crate::{
    domain::{
        history::removal::{RemovalOrder, RemovalPreview, RemovalReport, bytes_words},
        plural::number_of,
        settings::{
            preferences::Settings,
            retention::{RetentionBound, RetentionRule, RetentionScope},
        },
    },
    jobs::keep::{self as job, KeepProgress, KeepReport},
    settings::AppFolders,
};

#[derive(Debug, Args)]
#[command(after_help = NOTE, group = ArgGroup::new("bound").args(["last", "days"]))]
pub struct KeepArgs {
    /// Keep the newest N entries. Without this, --days and --compact, the rules of the settings hold.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(RetentionBound::LAST))]
    last: Option<u64>,
    /// Keep the entries of the last N days, of 24 hours each.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(RetentionBound::DAYS))]
    days: Option<u64>,
    /// Only of entries of this target; those of the other all stay.
    #[arg(long, value_enum, requires = "bound", conflicts_with = "profile")]
    target: Option<TargetArg>,
    /// Only of entries that were made at Stripe with this profile; all others stay.
    #[arg(long, value_name = "NAME", requires = "bound")]
    profile: Option<String>,
    /// Let entries with a note, a tag or a finished run go as well.
    #[arg(long)]
    include_kept: bool,
    /// Say what would go, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Give the disk what is free in the file afterwards; without --last and --days, nothing else is done. The first time, the file is written anew as a whole, which
    /// needs memory and disk space of its size, and no other Testcard at the history.
    #[arg(long)]
    compact: bool,
}

const NOTE: &str = "An entry goes for good, with its calls. What has a note, a tag or a run stays, and what is on its way. \
The minter still knows its tokens and its idempotency keys: their answers are kept for it until `testcard reset`, and for \
the day of the key. It can be ended at any time: what went is gone, and the next time goes on";

impl KeepArgs {
    /// What is to go; nothing where only space is to be given back.
    fn order(&self, settings: &Settings) -> Result<RemovalOrder, CliError> {
        let bound = self.last.map(RetentionBound::Last).or(self.days.map(RetentionBound::Days));
        let scope = match (self.target, &self.profile) {
            (Some(target), _) => RetentionScope::Target(target.into()),
            (None, Some(name)) => RetentionScope::Profile(named_profile(Some(name), settings)?.id),
            (None, None) => RetentionScope::Everything,
        };
        let rules = match bound {
            Some(bound) => vec![RetentionRule { scope, bound }],
            // Whoever asks for space alone loses nothing.
            None if self.compact => Vec::new(),
            None => settings.retention.rules().to_vec(),
        };
        if rules.is_empty() && !self.compact {
            return Err(CliError::Usage(
                "Nothing says what to keep: add --last N or --days N, or set rules in the window's settings".to_owned(),
            ));
        }
        Ok(RemovalOrder { rules, takes_marked: self.include_kept })
    }
}

pub(super) fn keep(args: &KeepArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let order = args.order(&load_settings(&AppFolders::find(environment.home.clone())?))?;
    let now = environment.clock.now();
    if args.dry_run {
        let view = HistoryView::open(environment)?;
        let (_, preview) = job::preview(&view.reader, &order, now)?;
        preview_lines(&preview).into_iter().try_for_each(print)?;
        return view.end(CommandOutcome::Well);
    }
    let store = open_store(environment)?;
    let (cancelled, compacts) = (CancellationToken::new(), args.compact);
    let is_cancelled = cancelled.clone();
    let work = move || {
        let mut progress = WorkProgress::new();
        let mut tell = |now| match now {
            KeepProgress::Removed { done, total } => progress.update("entries removed", done, Some(total)),
            KeepProgress::GivenBack { done, total } => progress.update("bytes given back", done, Some(total)),
            KeepProgress::Rewriting => progress.update("the file is written anew", 0, None),
        };
        job::keep(&store, &order, compacts, now, &mut tell, &is_cancelled)
    };
    let words = "It was stopped: what went is gone, and the next time goes on".to_owned();
    let is_whole = |kept: &Result<KeepReport, _>| kept.as_ref().is_ok_and(|report| !report.is_stopped);
    tell(&until_signal(work, &cancelled, is_whole, words)??)?;
    Ok(CommandOutcome::Well)
}

fn tell(report: &KeepReport) -> Result<(), CliError> {
    let RemovalReport { entries, calls, answers_kept } = report.removed;
    print(format_args!("{} went, with {}", number_of(entries, "entry", "entries"), number_of(calls, "call", "calls")))?;
    if answers_kept > 0 {
        remark(format_args!(
            "{} kept for the minter, without the request: of tokens, and of idempotency keys for their day",
            number_of(answers_kept, "answer is", "answers are")
        ));
    }
    if let Some((before, after)) = report.space {
        print(format_args!("the file takes {} instead of {}", bytes_words(after.bytes), bytes_words(before.bytes)))?;
    }
    Ok(())
}

fn preview_lines(preview: &RemovalPreview) -> Vec<String> {
    let RemovalPreview { entries, oldest, newest, calls, answers_kept, bytes, marked, under_way } = *preview;
    let mut lines = vec![match (oldest, newest) {
        (Some(oldest), Some(newest)) => {
            let [oldest, newest] = [oldest, newest].map(|moment| moment.strftime("%Y-%m-%d %H:%M"));
            format!("{} would go, made from {oldest} to {newest} UTC", number_of(entries, "entry", "entries"))
        }
        _ => "no entry would go".to_owned(),
    }];
    if entries > 0 {
        lines.push(format!("with {}; at least {} become free", number_of(calls, "call", "calls"), bytes_words(bytes)));
    }
    if answers_kept > 0 {
        let answers = number_of(answers_kept, "answer is", "answers are");
        lines.push(format!("{answers} kept for the minter, without the request"));
    }
    if marked > 0 {
        let entries = number_of(marked, "entry stays", "entries stay");
        lines.push(format!("{entries} for a note, a tag or a run: --include-kept takes them too"));
    }
    if under_way > 0 {
        let entries = number_of(under_way, "entry stays", "entries stay");
        lines.push(format!("{entries}: the call is on its way, or the run is not finished"));
    }
    lines
}
