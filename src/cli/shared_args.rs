//! Options that several commands have: whom to call, the policies, the time, and which entries are meant.

use std::{num::NonZeroU32, path::PathBuf};

use clap::ValueEnum;
use jiff::Timestamp;

use super::{environment::ProcessEnvironment, outcome::CliError};
use crate::{
    domain::{
        call::api::Target,
        clock::{Clock, parse_moment},
        history::{days, edit::tags_in, filter::HistoryFilter},
        rules::policies::{AccountPolicies, AccountPolicy},
        run::record::RunRecord,
        settings::{
            preferences::Settings,
            profile::{Profile, ProfileId},
            stripe::BaseUrl,
        },
        zone::LocalZone,
    },
    files::OwnFolders,
    jobs::{
        export::{ExportError, ExportFile},
        pace::CallPace,
        run_report,
    },
    reports::ReportFormat,
    settings::{self, AppFolders},
    store::HistoryReader,
};

/// Who answers.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum TargetArg {
    Local,
    Stripe,
}

impl From<TargetArg> for Target {
    fn from(arg: TargetArg) -> Self {
        match arg {
            TargetArg::Local => Self::Local,
            TargetArg::Stripe => Self::Stripe,
        }
    }
}

/// The options of every command that calls a target.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct TargetArgs {
    /// Who answers: the minter on this machine, or Stripe's test mode with the key in STRIPE_SECRET_KEY. Without it,
    /// the target of --profile, else local.
    #[arg(long, value_enum)]
    pub(super) target: Option<TargetArg>,
    /// The profile of the settings whose base URL, key and headers are used; without it, the one in use in the window.
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Target stripe at another address than the one in the settings: https, or http on this machine.
    #[arg(long, value_name = "URL", value_parser = BaseUrl::parse)]
    pub(super) base_url: Option<BaseUrl>,
    /// Keep nothing on disk.
    #[arg(long)]
    pub(super) memory: bool,
    /// Make ids, fingerprints and request ids the same on every run.
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    #[command(flatten)]
    pub(super) time: TimeArgs,
    #[command(flatten)]
    pub(super) policies: PolicyArgs,
}

impl TargetArgs {
    /// The profile that the options name, and the target that answers.
    pub(super) fn chosen<'a>(&self, settings: &'a Settings) -> Result<(&'a Profile, Target), CliError> {
        let profile = named_profile(self.profile.as_deref(), settings)?;
        let usual = if self.profile.is_some() { profile.target } else { Target::Local };
        Ok((profile, self.target.map_or(usual, Target::from)))
    }

    /// As [`TargetArgs::chosen`], by the settings on disk: for what is looked up before a call is made.
    pub(super) fn load_target(&self, environment: &ProcessEnvironment) -> Result<(ProfileId, Target), CliError> {
        let (settings, _) = settings::load(&AppFolders::find(environment.home.clone())?.settings_file());
        self.chosen(&settings).map(|(profile, target)| (profile.id, target))
    }
}

/// The profile of this name, or without one that which is in use in the window.
pub(super) fn named_profile<'a>(name: Option<&str>, settings: &'a Settings) -> Result<&'a Profile, CliError> {
    match name {
        None => Ok(settings.profiles.active()),
        Some(name) => settings.profiles.named(name).ok_or_else(|| no_profile(name, settings)),
    }
}

fn no_profile(name: &str, settings: &Settings) -> CliError {
    let known: Vec<String> = settings.profiles.iter().map(|profile| format!("'{}'", profile.name)).collect();
    CliError::Usage(format!("There is no profile '{name}'. The settings have {}", known.join(", ")))
}

/// What the minter's account allows.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct PolicyArgs {
    /// Switch a policy of the minter's account, such as raw_card_data=off; may be repeated. The others are as in the
    /// settings, and in a comparison with a target as by default.
    #[arg(long, value_name = "NAME=on|off", value_parser = policy)]
    policy: Vec<(AccountPolicy, bool)>,
}

impl PolicyArgs {
    pub(super) fn on_top_of(&self, mut policies: AccountPolicies) -> AccountPolicies {
        for (policy, is_on) in &self.policy {
            *policy.of(&mut policies) = *is_on;
        }
        policies
    }
}

fn policy(text: &str) -> Result<(AccountPolicy, bool), String> {
    let (name, word) = text.split_once('=').ok_or("write it as NAME=on or NAME=off")?;
    let names = || AccountPolicy::ALL.map(AccountPolicy::as_str).join(", ");
    let policy = name.parse::<AccountPolicy>().map_err(|()| format!("the policies are {}", names()))?;
    match word {
        "on" => Ok((policy, true)),
        "off" => Ok((policy, false)),
        _ => Err("it is on or off".to_owned()),
    }
}

/// The highest rate that an option takes: Stripe's own limit in test mode.
const HIGHEST_RATE: u32 = 25;

/// A number of calls a second.
pub(super) fn rate(text: &str) -> Result<NonZeroU32, String> {
    let rate = text.parse::<NonZeroU32>().ok().filter(|rate| rate.get() <= HIGHEST_RATE);
    rate.ok_or_else(|| format!("it is no whole number in 1..={HIGHEST_RATE}"))
}

/// The pace of the calls to an API: as many a second as an option says, else what Stripe's test mode allows, and on this
/// machine as many as can be.
pub(super) fn pace(rate: Option<NonZeroU32>, base_url: &BaseUrl) -> CallPace {
    match rate {
        Some(rate) => CallPace::of(rate),
        None if base_url.is_loopback() => CallPace::unlimited(),
        None => CallPace::usual(),
    }
}

/// Where reports of a run are written.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// Write a report: junit, json, markdown or html, and the file, which is replaced if it is there; may be repeated.
    #[arg(long, num_args = 2, value_names = ["FORMAT", "FILE"], action = clap::ArgAction::Append)]
    report: Vec<String>,
}

impl ReportArgs {
    pub(super) fn is_wanted(&self) -> bool {
        !self.report.is_empty()
    }

    fn files(&self) -> Result<Vec<(ReportFormat, PathBuf)>, CliError> {
        let file = |pair: &[String]| {
            let format = pair[0].parse().map_err(|()| {
                let known = ReportFormat::ALL.map(ReportFormat::as_str).join(", ");
                CliError::Usage(format!("'{}' is no format of a report: the formats are {known}", pair[0]))
            })?;
            Ok((format, PathBuf::from(&pair[1])))
        };
        self.report.chunks_exact(2).map(file).collect()
    }

    /// Refuses a format or a place that cannot be, before anything is done. `own` are the folders of the program, where
    /// it has any.
    pub(super) fn check(&self, own: Option<&OwnFolders>) -> Result<(), CliError> {
        let none = OwnFolders::default();
        for (_, path) in self.files()? {
            let file = ExportFile { path: &path, overwrite: true, own: own.unwrap_or(&none) };
            run_report::check(file).map_err(|error| CliError::Export(error.to_string()))?;
        }
        Ok(())
    }

    /// Writes all reports of a run.
    pub(super) fn write(
        &self,
        reader: &HistoryReader,
        run: &RunRecord,
        before: Option<&RunRecord>,
        own: Option<&OwnFolders>,
    ) -> Result<(), CliError> {
        let none = OwnFolders::default();
        for (format, path) in self.files()? {
            let file = ExportFile { path: &path, overwrite: true, own: own.unwrap_or(&none) };
            run_report::write(reader, run, before, format, file).map_err(|error| match error {
                ExportError::Store(error) => CliError::Store(error),
                error => CliError::Export(error.to_string()),
            })?;
        }
        Ok(())
    }
}

/// What time it is.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct TimeArgs {
    /// The moment to take for now: Unix seconds, or a time in the form of YYYY-MM-DDThh:mm:ssZ. The clock stands still.
    #[arg(long, value_name = "T", value_parser = parse_moment)]
    now: Option<Timestamp>,
    /// Let the clock run from the moment of --now on.
    #[arg(long, requires = "now")]
    clock_runs: bool,
}

impl TimeArgs {
    pub(super) fn clock(self, environment: &ProcessEnvironment) -> Clock {
        match self.now {
            None => environment.clock.clone(),
            Some(now) if self.clock_runs => environment.clock.running_from(now),
            Some(now) => Clock::fixed(now),
        }
    }
}

/// How tokens are filtered by commands about the past.
#[derive(Debug, clap::Args)]
pub(super) struct FilterArgs {
    /// Only entries of this status.
    #[arg(long, value_name = "STATUS", value_parser = ["unused", "used", "failed", "pending", "interrupted", "unknown"])]
    status: Option<String>,
    /// Only entries with all these words in id, last4, brand, code, note, tags, status or target; run:NAME for those of a
    /// run, by its name or number.
    #[arg(long, value_name = "TEXT", default_value = "")]
    search: String,
    /// Only entries with this tag.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Only entries made on this day of UTC (YYYY-MM-DD) or later; a moment does too.
    #[arg(long, value_name = "DAY", value_parser = since)]
    since: Option<Timestamp>,
    /// Only entries made on this day of UTC or earlier; a moment does too.
    #[arg(long, value_name = "DAY", value_parser = until)]
    until: Option<Timestamp>,
}

fn since(text: &str) -> Result<Timestamp, String> {
    day_or_moment(text, |day| LocalZone::UTC.first_moment(day))
}

fn until(text: &str) -> Result<Timestamp, String> {
    day_or_moment(text, |day| LocalZone::UTC.last_moment(day))
}

fn day_or_moment(text: &str, end: fn(jiff::civil::Date) -> Option<Timestamp>) -> Result<Timestamp, String> {
    if let Ok(moment) = parse_moment(text) {
        return Ok(moment);
    }
    days::day(text).and_then(|day| end(day).ok_or_else(|| "it is too far away".to_owned()))
}

impl FilterArgs {
    pub(super) fn filter(&self) -> HistoryFilter {
        HistoryFilter {
            status: self.status.as_deref().and_then(|word| word.parse().ok()),
            target: None,
            search: self.search.clone(),
            tag: self.tag.as_deref().map(|tag| tags_in(tag).join(" ")),
            since: self.since,
            until: self.until,
            ..HistoryFilter::default()
        }
    }
}
