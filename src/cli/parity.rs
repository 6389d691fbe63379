//! `parity`: whether the minter still answers as Stripe does.

use std::{
    io::{self, IsTerminal as _, Write as _},
    num::NonZeroU32,
    pin::pin,
    str::FromStr,
};

use clap::Args;
use serde::Serialize;
use tokio::sync::oneshot;

use super::{
    environment::ProcessEnvironment,
    opened::{block_on, check_settings, load_settings, stripe_settings, test_key},
    outcome::{CliError, CommandOutcome},
    output::{columns, print, print_json, remark},
    shared_args::{PolicyArgs, TimeArgs, named_profile, pace, rate},
    signals::EndSignals,
};
use crate::{
    backend::{BackendTargets, CallLimits},
    domain::{
        card::test_cards,
        foreign,
        key::{ApiKey, KeyKind},
        plural::number_of,
        rules::policies::AccountPolicies,
        settings::{
            profile::Profile,
            stripe::{BaseUrl, StripeSettings},
        },
    },
    jobs::parity::{ParityError, ParityRun, ParitySides, TargetAccount},
    parity::{
        catalogue::{self, ParityCase},
        report::{FoundDrift, ParityReport},
    },
    settings::AppFolders,
    store::{Store, StoreLocation},
};

#[derive(Debug, Args)]
#[command(after_help = NOTE)]
pub struct ParityArgs {
    /// With whom the minter is compared: Stripe's test mode at the base URL of the profile, or the API at this address.
    #[arg(long, value_name = "stripe|URL", default_value = STRIPE)]
    target: ParityTarget,
    /// The profile of the settings whose base URL, key and headers are used; without it, the one in use in the window.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Only the test cards with all these words in number, name, brand, country, outcome or ready token.
    #[arg(long, value_name = "WORDS", default_value = "")]
    only: String,
    /// The Stripe-Version that both are asked at; without it that of the profile, else the one that the target answers at.
    #[arg(long, value_name = "VERSION")]
    api_version: Option<String>,
    /// So many calls a second at most; 20 by default, and on this machine as many as can be.
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<NonZeroU32>,
    /// JSON instead of lines for a person.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    time: TimeArgs,
    #[command(flatten)]
    policies: PolicyArgs,
}

const NOTE: &str = "The key is that of the profile, or in STRIPE_SECRET_KEY; the sandbox key that `stripe sandbox` gives \
without an account will do. Each published test card is made into a token, charged and attached, by its number where the \
account takes raw numbers, and by its ready tokens; the customers are deleted again. All of it happens in test mode and is \
written down nowhere on this machine. Compared are status, header names and every field: its name, place, type and value; \
not ids, times and what an account gives. Exit status: 0 no drift, 1 drift, 2 wrong usage, 3 no answer came, or every call was refused";

const STRIPE: &str = "stripe";

/// With whom the minter is compared.
#[derive(Clone, Debug)]
enum ParityTarget {
    Stripe,
    At(BaseUrl),
}

impl FromStr for ParityTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == STRIPE {
            return Ok(Self::Stripe);
        }
        BaseUrl::parse(text).map(Self::At).map_err(|error| error.to_string())
    }
}

pub(super) fn parity(args: &ParityArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    if test_cards::search(&args.only).next().is_none() {
        return Err(CliError::Usage(format!("There is nothing to compare: no test card matches '{}'", args.only)));
    }
    let settings = load_settings(&AppFolders::find(environment.home.clone())?);
    let profile = named_profile(args.profile.as_deref(), &settings)?;
    let base_url = match &args.target {
        ParityTarget::Stripe => None,
        ParityTarget::At(base_url) => Some(base_url),
    };
    let stripe = stripe_settings(profile, base_url);
    check_settings(&stripe)?;
    let key = test_key(environment, profile.id)?;
    if key.kind() == KeyKind::Publishable {
        let words = "A publishable key can only make tokens: parity needs a secret or restricted test key";
        return Err(CliError::Usage(words.to_owned()));
    }
    let host = stripe.base_url.host();
    let mut run = ParityRun::new(sides(args, environment, profile, &stripe, key)?);
    let mut report = ParityReport::default();
    let (account, cases, ended) = block_on(async {
        let account = run.meet().await?;
        let cases = catalogue::cases(&args.only, account.taken);
        tell_account(args, &account);
        let ended = compare(&run, &cases, &mut report).await;
        Ok((account, cases, ended))
    })?;
    if cases.is_empty() {
        let words =
            "There is nothing to compare: the account takes no raw numbers, and these cards have no ready token";
        return Err(CliError::Usage(words.to_owned()));
    }
    let printed =
        Comparison { host: &host, account: &account, cases: &cases, args, report: &report, is_whole: ended.is_ok() };
    if args.json {
        printed.print_as_json()?;
    } else {
        printed.print_as_text()?;
    }
    ended?;
    Ok(if report.drifts.is_empty() { CommandOutcome::Well } else { CommandOutcome::WithError })
}

/// Compares the answers to all cases. A signal lets the cards in flight come to their end, a second one does not.
async fn compare(run: &ParityRun, cases: &[ParityCase], report: &mut ParityReport) -> Result<(), CliError> {
    let mut signals = EndSignals::new()?;
    let (tell_stop, stop) = oneshot::channel();
    let mut show = |done| show_progress(done, cases.len());
    let stop = async { drop(stop.await) };
    let mut compared = pin!(run.compare(cases, stop, report, &mut show));
    let signal = tokio::select! {
        ended = &mut compared => return Ok(ended?),
        signal = signals.next() => signal,
    };
    remark("Finishing the cards in flight, whose customers are deleted; again to stop at once");
    // The comparison may have come to its end by itself.
    let _ = tell_stop.send(());
    tokio::select! {
        ended = compared => ended?,
        _ = signals.next() => {}
    }
    Err(CliError::Ended("Stopped before all cards were compared".to_owned(), signal))
}

/// Both sides, with a store in memory: nothing of a comparison is kept.
fn sides(
    args: &ParityArgs,
    environment: &ProcessEnvironment,
    profile: &Profile,
    stripe: &StripeSettings,
    key: ApiKey,
) -> Result<ParitySides, CliError> {
    let clock = args.time.clock(environment);
    let store = Store::open(&StoreLocation::Memory, clock.now())?;
    let targets = BackendTargets::new(store, None);
    // The comparison keeps the pace, so it makes a call again itself.
    let limits = CallLimits { retries: 0, ..CallLimits::default() };
    let target = targets
        .stripe_within(profile.id, stripe, key, limits)
        .map_err(|error| CliError::NoAnswer(error.to_string()))?;
    let version = args.api_version.clone().unwrap_or_else(|| stripe.version.clone());
    let headers = [("Stripe-Version", version), ("Stripe-Account", stripe.account.clone())];
    Ok(ParitySides {
        minter: targets.local(args.policies.on_top_of(AccountPolicies::default())),
        target,
        clock,
        headers: headers
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        pace: pace(args.rate, &stripe.base_url),
    })
}

/// Says what of the catalogue the account leaves out.
fn tell_account(args: &ParityArgs, account: &TargetAccount) {
    if !account.taken.numbers {
        let left_out = catalogue::left_out(&args.only, account.taken);
        remark(format_args!(
            "The account refuses raw card numbers: its cards are named by their ready tokens. {} left out",
            number_of(left_out as u64, "card has none and is", "cards have none and are")
        ));
    }
    if !account.taken.tokens_on_charges {
        remark("The account no longer takes card tokens in charges and customers: only payment methods are compared");
    }
}

fn show_progress(done: usize, total: usize) {
    let mut stderr = io::stderr();
    if stderr.is_terminal() {
        let end = if done == total { '\n' } else { '\r' };
        // Without stderr there is nobody left to tell.
        let _ = write!(stderr, "{done} of {total} numbers and ready tokens{end}");
    }
}

/// All that is printed of a comparison.
struct Comparison<'a> {
    host: &'a str,
    account: &'a TargetAccount,
    cases: &'a [ParityCase],
    args: &'a ParityArgs,
    report: &'a ParityReport,
    /// Whether all cases were compared.
    is_whole: bool,
}

#[derive(Serialize)]
struct PrintedComparison<'a> {
    target: &'a str,
    /// The version that the target answered at.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    /// How many numbers and ready tokens were compared, and how many answers.
    cards: usize,
    /// Whether all of them were: else the comparison ended early.
    complete: bool,
    answers: usize,
    /// How many cards the account has no way to take.
    left_out: usize,
    drift: Vec<PrintedDrift<'a>>,
}

#[derive(Serialize)]
struct PrintedDrift<'a> {
    call: &'a str,
    place: &'a str,
    kind: &'a str,
    minter: &'a str,
    target: &'a str,
    cards: &'a [&'static str],
}

impl<'a> From<&'a FoundDrift> for PrintedDrift<'a> {
    fn from(found: &'a FoundDrift) -> Self {
        Self {
            call: found.step.as_str(),
            place: &found.drift.place,
            kind: found.drift.kind.as_str(),
            minter: &found.drift.ours,
            target: &found.drift.theirs,
            cards: &found.cards,
        }
    }
}

impl Comparison<'_> {
    fn print_as_json(&self) -> Result<(), CliError> {
        let printed = PrintedComparison {
            target: self.host,
            version: self.account.version.as_deref(),
            cards: self.cases.len(),
            complete: self.is_whole,
            answers: self.report.answers,
            left_out: catalogue::left_out(&self.args.only, self.account.taken),
            drift: self.report.drifts.iter().map(PrintedDrift::from).collect(),
        };
        print_json(&serde_json::to_string_pretty(&printed).map_err(io::Error::from)?)?;
        Ok(())
    }

    fn print_as_text(&self) -> Result<(), CliError> {
        for line in columns(self.report.drifts.iter().map(row).collect()) {
            print(line)?;
        }
        let version = self.account.version.as_deref().map(|version| format!(" at {version}")).unwrap_or_default();
        let drift = match self.report.drifts.len() {
            0 => "no drift".to_owned(),
            count => number_of(count as u64, "drift", "drifts"),
        };
        let (answers, cases) = (self.report.answers, self.cases.len());
        let so_far = if self.is_whole { "" } else { " so far, not all were compared:" };
        let line = format!(
            "{drift}{so_far} in {answers} answers to {cases} numbers and ready tokens, compared with {}{version}",
            self.host
        );
        print(foreign::sentence(&line))?;
        Ok(())
    }
}

/// A difference in columns: call, place, kind, the two values, and the cards.
fn row(found: &FoundDrift) -> [String; 5] {
    let drift = &found.drift;
    let shown = |value: &str| if value.is_empty() { "-".to_owned() } else { value.to_owned() };
    let cards = match &found.cards[..] {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    };
    [
        found.step.as_str().to_owned(),
        drift.place.clone(),
        drift.kind.as_str().to_owned(),
        format!("{} → {}", shown(&drift.ours), shown(&drift.theirs)),
        cards,
    ]
}

impl From<ParityError> for CliError {
    fn from(error: ParityError) -> Self {
        match error {
            ParityError::Store(error) => Self::Store(error),
            error => Self::NoAnswer(error.to_string()),
        }
    }
}
