//! The command line: the same engine and the same history, without a window.
//!
//! Results go to stdout, everything else to stderr. Exit: 0 done; 1 an error was answered; 2 wrong usage; 3 no answer
//! came; 4 the data folder cannot be used, or not all of it could be read; 128 and its number where a signal ended it (130
//! for Ctrl+C).

mod cards;
mod life;
mod mint;
mod past;
mod salvage;
mod serve;
mod signals;
mod snippet;

use std::{
    fmt,
    io::{self, Write},
    path::PathBuf,
};

use clap::{
    Parser, Subcommand, ValueEnum,
    error::{ContextKind, ContextValue},
};
use jiff::Timestamp;

use crate::{
    backend::{Backend, Targets},
    domain::{
        call::{
            api::{ApiResponse, Target},
            refusal::Refusal,
        },
        clock::Clock,
        foreign,
        history::{days, edit::tags_in, filter::HistoryFilter},
        key::ApiKey,
        mask,
        rules::policies::{Policies, Policy},
        settings::{
            preferences::Settings,
            profile::{Profile, ProfileId},
            stripe::{BaseUrl, StripeSettings},
        },
    },
    keys::Keys,
    settings::{self, Folders, SettingsError},
    store::{self, Damage, Reader, SalvageError, Store, StoreError, StoreLocation},
};
use signals::EndSignal;

/// Test-card tokens for QA: a window, and the same as commands.
#[derive(Debug, Parser)]
#[command(name = "testcard", version, about = "Card test tokens: make, keep and explain them. Without a command, the window opens", after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Log to stderr what is done, without secrets; twice for more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 900)]
    pub verbose: u8,
}

const EXAMPLES: &str = "Examples:
  testcard mint                              a token for 4242 4242 4242 4242, made on this machine
  testcard mint insufficient_funds           a token that declines at charge
  testcard mint tok_visa --format json       the whole token object
  testcard mint --count 50 --format jsonl    fifty, a line each
  testcard mint --param 'card[number]=abc'   a wrong request on purpose
  testcard charge tok_… --amount 2000        use a token up
  testcard attach tok_… --customer cus_…     the same by a customer
  testcard refresh --all                     ask Stripe which tokens were used
  testcard serve --seed 1                    Stripe's test mode on 127.0.0.1:12111, for SDKs
  testcard history --status failed           what failed
  testcard tag tok_… smoke nightly           find it again by `history --tag smoke`
  testcard snippet tok_… --lang python       the call that made a token, as code
  testcard export tokens.json                the whole history as JSON
  testcard salvage DATA --to NEW             what can be read of a damaged history

Exit status: 0 done, 1 an error was answered, 2 wrong usage, 3 no answer came, 4 the data folder cannot be used,
or not all of it could be read, 130 ended by Ctrl+C";

/// What can be done without a window.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make tokens.
    Mint(Box<mint::MintArgs>),
    /// Retrieve a token, to see whether it was used.
    Token(mint::TokenArgs),
    /// Charge a token, which uses it up.
    Charge(Box<life::ChargeArgs>),
    /// Attach a token to a customer, which uses it up.
    Attach(Box<life::AttachArgs>),
    /// Ask Stripe whether tokens were used, within its rate limit.
    Refresh(Box<life::RefreshArgs>),
    /// Serve the minter on this machine, for Stripe's own SDKs.
    Serve(Box<serve::ServeArgs>),
    /// Drop the minter's objects and idempotency keys; the history stays.
    Reset,
    /// List what was made, newest first.
    History(past::HistoryArgs),
    /// Print the call that made a token as code, for a developer to run.
    Snippet(snippet::SnippetArgs),
    /// Write a note on an entry of the history.
    Note(past::NoteArgs),
    /// Add tags to entries of the history, or take them away.
    Tag(past::TagArgs),
    /// Write the history to a JSON file.
    Export(past::ExportArgs),
    /// Save what can be read of a damaged history into a new folder; the damaged one stays as it is.
    Salvage(salvage::SalvageArgs),
    /// List Stripe's published test cards.
    Cards(cards::CardsArgs),
    /// Print where everything is.
    Paths,
}

/// What the command line is handed by `main`: it reads neither the clock nor the environment itself.
#[derive(Clone)]
pub struct World {
    pub clock: Clock,
    /// The value of `TESTCARD_HOME`.
    pub home: Option<PathBuf>,
    /// The value of `STRIPE_SECRET_KEY`.
    pub stripe_key: Option<String>,
}

impl World {
    /// The keys for the real API. A home of its own has no keyring: what is tried there leaves no trace elsewhere.
    pub fn keys(&self) -> Keys {
        let environment = self.stripe_key.clone();
        if self.home.is_some() { Keys::session_only(environment) } else { Keys::new(environment) }
    }
}

/// Why a command ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Folders(#[from] SettingsError),
    #[error("{0}")]
    NoAnswer(String),
    #[error("{0}")]
    Export(String),
    /// All that can be read was shown.
    #[error("{0}")]
    Damaged(Damage),
    #[error(transparent)]
    Salvage(#[from] SalvageError),
    #[error("{0}")]
    Ended(String, EndSignal),
    #[error("Could not write the result: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::Export(_)
            | Self::Salvage(SalvageError::NoSource { .. } | SalvageError::Target { .. }) => 2,
            Self::NoAnswer(_) => 3,
            Self::Store(_) | Self::Folders(_) | Self::Damaged(_) | Self::Salvage(_) => 4,
            Self::Ended(_, signal) => signal.exit_code(),
            Self::Output(_) => 1,
        }
    }
}

/// How a command ended that gave its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Well,
    /// An error was answered, and printed.
    WithError,
    /// No answer came for any call.
    WithoutAnswer,
    /// Something could not be read, and was named.
    InPart,
}

/// The arguments of this process. Wrong ones end it with status 2 and what is right, help with status 0.
pub fn parse() -> Args {
    Args::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            // It quotes what was typed, which may be a key, or a card number in the wrong place.
            let words = without_typed_keys(without_keys(error).to_string());
            let _ = write!(io::stderr(), "{}", foreign::lines(&mask::text(&words)));
            std::process::exit(2)
        }
        let _ = error.print();
        std::process::exit(error.exit_code())
    })
}

/// The error without what may be a key: the value of `--key`, however malformed, and what looks like one wherever it was
/// typed.
fn without_keys(mut error: clap::Error) -> clap::Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let place = text(ContextKind::InvalidArg).unwrap_or_default();
    let is_of_key = place.starts_with("--key ");
    let hides = |kind| match kind {
        ContextKind::InvalidValue if is_of_key => true,
        // The name of an option is no secret.
        ContextKind::InvalidArg if place.starts_with('-') => false,
        kind => text(kind).is_some_and(may_be_key),
    };
    let typed = [ContextKind::InvalidValue, ContextKind::InvalidArg, ContextKind::InvalidSubcommand];
    let hidden: Vec<ContextKind> = typed.into_iter().filter(|kind| hides(*kind)).collect();
    for kind in hidden {
        error.insert(kind, ContextValue::String(HIDDEN.to_owned()));
    }
    error
}

/// The words without what looks like a key among the arguments: what explains an error may quote them too.
fn without_typed_keys(words: String) -> String {
    let typed: Vec<String> = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let keys = typed.iter().skip(1).flat_map(|arg| key_words(arg)).filter(|word| may_be_key(word));
    keys.fold(words, |words, key| words.replace(key, HIDDEN))
}

/// What stands between signs that no key has.
fn key_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

const HIDDEN: &str = "•••";

/// Whether a word of the text begins as a key does, or is as long and as mixed.
fn may_be_key(text: &str) -> bool {
    const STARTS: [&str; 6] = ["sk_", "rk_", "pk_", "ek_", "whsec_", "ctl_"];
    key_words(text).any(|word| {
        let is_mixed = |word: &str| {
            word.bytes().any(|byte| byte.is_ascii_digit()) && word.bytes().any(|byte| byte.is_ascii_alphabetic())
        };
        let start = |start: &&str| word.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
        STARTS.iter().any(start) || word.len() >= 12 && is_mixed(word)
    })
}

/// Carries out a command and returns the exit status.
pub fn run(command: Command, world: &World) -> u8 {
    let done = match command {
        Command::Mint(args) => mint::mint(&args, world),
        Command::Token(args) => mint::token(&args, world),
        Command::Charge(args) => life::charge(&args, world),
        Command::Attach(args) => life::attach(&args, world),
        Command::Refresh(args) => life::refresh(&args, world),
        Command::Serve(args) => serve::serve(*args, world),
        Command::Reset => serve::reset(world),
        Command::History(args) => past::history(&args, world),
        Command::Snippet(args) => snippet::snippet(&args, world),
        Command::Note(args) => past::note(&args, world),
        Command::Tag(args) => past::tag(&args, world),
        Command::Export(args) => past::export(&args, world),
        Command::Salvage(args) => salvage::salvage(&args, world),
        Command::Cards(args) => cards::cards(&args),
        Command::Paths => paths(world),
    };
    match done {
        Ok(Done::Well) => 0,
        Ok(Done::WithError) => 1,
        Ok(Done::WithoutAnswer) => 3,
        Ok(Done::InPart) => 4,
        // Whoever read our output has heard enough.
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            remark(&error);
            error.exit_code()
        }
    }
}

/// Says something on stderr that is not a result. It may quote what was typed or answered, so it is masked, and one line.
fn remark(words: impl fmt::Display) {
    // Without stderr there is nobody left to tell.
    let _ = writeln!(io::stderr(), "testcard: {}", foreign::sentence(&mask::text(&words.to_string())));
}

/// Prints lines of our own making. What they quote of others has passed [`foreign`].
fn print(line: impl fmt::Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// Prints JSON that may hold text of others.
fn print_json(json: &str) -> io::Result<()> {
    print(foreign::json(json))
}

/// An answer for a person, in one line: what was read off it, or the error; `wanted` says what it should have been.
fn sentence(response: &ApiResponse, read: Option<String>, wanted: &str) -> String {
    let line = read.or_else(|| response.error_sentence()).unwrap_or_else(|| {
        let why = if response.is_success() { format!("no {wanted}") } else { "an error without a reason".to_owned() };
        format!("The answer is {why} (HTTP {})", response.http_status)
    });
    foreign::sentence(&line)
}

/// Says what lies behind a refusal that is about the account and not about the card.
fn explain(response: &ApiResponse, number: Option<&str>) {
    if let Some(refusal) = Refusal::of(response) {
        let ready = number.and_then(|number| refusal.ready_alias(number));
        let ready = ready.map(|alias| format!(". The ready token of this card is {alias}")).unwrap_or_default();
        remark(format_args!("{}. {}{ready}. See {}", refusal.title(), refusal.remedy(), refusal.link()));
    }
}

fn paths(world: &World) -> Result<Done, CliError> {
    let folders = Folders::find(world.home.clone())?;
    print(format_args!("data      {}", folders.data.display()))?;
    print(format_args!("history   {}", folders.data.join(store::FILE_NAME).display()))?;
    print(format_args!("settings  {}", folders.settings_file().display()))?;
    print(format_args!("log       {}", folders.log.display()))?;
    Ok(Done::Well)
}

/// Who answers.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TargetArg {
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
#[derive(Debug, clap::Args)]
struct TargetArgs {
    /// Who answers: the minter on this machine, or Stripe's test mode with the key in STRIPE_SECRET_KEY. Without it,
    /// the target of --profile, else local.
    #[arg(long, value_enum)]
    target: Option<TargetArg>,
    /// The profile of the settings whose base URL, key and headers are used; without it, the one in use in the window.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Target stripe at another address than the one in the settings: https, or http on this machine.
    #[arg(long, value_name = "URL", value_parser = BaseUrl::parse)]
    base_url: Option<BaseUrl>,
    /// Keep nothing on disk.
    #[arg(long)]
    memory: bool,
    /// Make ids, fingerprints and request ids the same on every run.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    time: TimeArgs,
    #[command(flatten)]
    policies: PolicyArgs,
}

impl TargetArgs {
    /// The profile whose Stripe API is meant, and who answers.
    fn chosen<'a>(&self, settings: &'a Settings) -> Result<(&'a Profile, Target), CliError> {
        let (profile, usual) = match &self.profile {
            None => (settings.profiles.active(), Target::Local),
            Some(name) => {
                let profile = settings.profiles.named(name).ok_or_else(|| no_profile(name, settings))?;
                (profile, profile.target)
            }
        };
        Ok((profile, self.target.map_or(usual, Target::from)))
    }

    /// The profile and who answers, for what is looked up before a call is made.
    fn meant(&self, world: &World) -> Result<(ProfileId, Target), CliError> {
        let (settings, _) = settings::load(&Folders::find(world.home.clone())?.settings_file());
        self.chosen(&settings).map(|(profile, target)| (profile.id, target))
    }
}

/// What the minter's account allows.
#[derive(Clone, Debug, clap::Args)]
struct PolicyArgs {
    /// Switch a policy of the minter's account, such as raw_card_data=off; may be repeated. The others are as in the
    /// settings.
    #[arg(long, value_name = "NAME=on|off", value_parser = policy)]
    policy: Vec<(Policy, bool)>,
}

impl PolicyArgs {
    fn on_top_of(&self, mut policies: Policies) -> Policies {
        for (policy, is_on) in &self.policy {
            *policy.of(&mut policies) = *is_on;
        }
        policies
    }
}

fn policy(text: &str) -> Result<(Policy, bool), String> {
    let (name, word) = text.split_once('=').ok_or("write it as NAME=on or NAME=off")?;
    let names = || Policy::ALL.map(Policy::as_str).join(", ");
    let policy = name.parse::<Policy>().map_err(|()| format!("the policies are {}", names()))?;
    match word {
        "on" => Ok((policy, true)),
        "off" => Ok((policy, false)),
        _ => Err("it is on or off".to_owned()),
    }
}

/// What time it is.
#[derive(Clone, Copy, Debug, clap::Args)]
struct TimeArgs {
    /// The moment to take for now: Unix seconds, or a time in the form of YYYY-MM-DDThh:mm:ssZ. The clock stands still.
    #[arg(long, value_name = "T", value_parser = moment)]
    now: Option<Timestamp>,
    /// Let the clock run from the moment of --now on.
    #[arg(long, requires = "now")]
    clock_runs: bool,
}

impl TimeArgs {
    fn clock(self, world: &World) -> Clock {
        match self.now {
            None => world.clock.clone(),
            Some(now) if self.clock_runs => world.clock.running_from(now),
            Some(now) => Clock::fixed(now),
        }
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let told = "write it as Unix seconds, or in the form of YYYY-MM-DDThh:mm:ssZ";
    let moment = match text.parse::<i64>() {
        Ok(seconds) => Timestamp::from_second(seconds),
        Err(_) => text.parse::<Timestamp>(),
    };
    moment.map_err(|_| told.to_owned())
}

/// Everything that a call needs.
struct Desk {
    backend: Backend,
    clock: Clock,
}

impl Desk {
    fn open(args: &TargetArgs, world: &World) -> Result<Self, CliError> {
        Self::open_for(args, world, false)
    }

    /// For a call that changes nothing: where the data folder cannot be written, it is made from a copy of it, and what
    /// came of it is kept nowhere.
    fn open_to_look(args: &TargetArgs, world: &World) -> Result<Self, CliError> {
        Self::open_for(args, world, true)
    }

    fn open_for(args: &TargetArgs, world: &World, looks_only: bool) -> Result<Self, CliError> {
        let clock = args.time.clock(world);
        let folders = match Folders::find(world.home.clone()) {
            Ok(folders) => Some(folders),
            Err(_) if args.memory => None,
            Err(error) => return Err(error.into()),
        };
        let (settings, warnings) =
            folders.as_ref().map(|folders| settings::load(&folders.settings_file())).unwrap_or_default();
        let (profile, target) = args.chosen(&settings)?;
        // Nothing is made on disk for a call that will not be sent.
        let stripe = self::stripe(profile, args.base_url.as_ref());
        let key = match target {
            Target::Local => None,
            Target::Stripe => {
                check_settings(&stripe)?;
                Some(key(world, profile.id)?)
            }
        };
        let place = match &folders {
            Some(folders) if !args.memory => StoreLocation::Folder(folders.data.clone()),
            _ => StoreLocation::Memory,
        };
        let store = match (Store::open(&place, clock.now()), &place) {
            (Err(error), StoreLocation::Folder(folder)) if looks_only && error.leaves_reading() => {
                remark(format_args!("Nothing of this call is written down. {error}"));
                Store::open_copy(folder, clock.now())?
            }
            (opened, _) => opened?,
        };
        store.bound_log(settings.log);
        // A folder that cannot be used at all was told of by itself.
        warnings.iter().for_each(remark);
        let targets = Targets::new(store, args.seed);
        let backend = match key {
            None => targets.local(args.policies.on_top_of(settings.policies)),
            Some(key) => {
                targets.stripe(profile.id, &stripe, key).map_err(|error| CliError::NoAnswer(error.to_string()))?
            }
        };
        Ok(Self { backend, clock })
    }
}

/// The way to the API as a profile has it, or at another address.
fn stripe(profile: &Profile, base_url: Option<&BaseUrl>) -> StripeSettings {
    let mut stripe = profile.stripe.clone();
    if let Some(base_url) = base_url {
        stripe.base_url = base_url.clone();
        stripe.broken.retain(|broken| broken.field != "base_url");
    }
    stripe
}

/// Refuses a setting that could not be read: a call would leave for elsewhere than was meant.
fn check_settings(stripe: &StripeSettings) -> Result<(), CliError> {
    match stripe.fault() {
        Some(fault) => Err(CliError::Usage(format!("No call was made: {fault}"))),
        None => Ok(()),
    }
}

/// The key for target stripe. One in the environment that cannot be used is never replaced by another in silence.
fn key(world: &World, profile: ProfileId) -> Result<ApiKey, CliError> {
    let needed = "Target stripe needs a test key: set STRIPE_SECRET_KEY to one";
    if let Some(text) = &world.stripe_key {
        return ApiKey::parse(text)
            .map_err(|error| CliError::Usage(format!("STRIPE_SECRET_KEY is not used. {error}. {needed}")));
    }
    let keys = world.keys();
    keys.get(profile).ok_or_else(|| {
        let problem = keys.status(profile).problem.map(|problem| format!("{problem}. ")).unwrap_or_default();
        CliError::Usage(format!("{problem}{needed}"))
    })
}

fn no_profile(name: &str, settings: &Settings) -> CliError {
    let known: Vec<String> = settings.profiles.iter().map(|profile| format!("'{}'", profile.name)).collect();
    CliError::Usage(format!("There is no profile '{name}'. The settings have {}", known.join(", ")))
}

fn load_settings(folders: &Folders) -> Settings {
    let (settings, warnings) = settings::load(&folders.settings_file());
    warnings.iter().for_each(remark);
    settings
}

/// A reader for a command that only looks, and why the history could not be opened as usual.
struct Look {
    reader: Reader,
    trouble: Option<StoreError>,
}

impl Look {
    /// Opens the history; where that fails because it cannot be written or is damaged, looks at it without.
    fn open(world: &World) -> Result<Self, CliError> {
        let folders = Folders::find(world.home.clone())?;
        match Store::open(&StoreLocation::Folder(folders.data.clone()), world.clock.now()) {
            Ok(store) => Ok(Self { reader: store.reader()?, trouble: None }),
            Err(error) if error.leaves_reading() => {
                let reader = Reader::look(&folders.data, world.clock.now())?;
                Ok(Self { reader, trouble: Some(error) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a command that has shown what can be read: tells what could not.
    fn end(self, done: Done) -> Result<Done, CliError> {
        let damage = self.reader.damage();
        match self.trouble {
            _ if !damage.is_empty() => Err(CliError::Damaged(damage)),
            Some(error @ StoreError::Damaged { .. }) => Err(error.into()),
            _ => Ok(done),
        }
    }
}

/// The store for commands that change the history.
fn open_store(world: &World) -> Result<Store, CliError> {
    let folders = Folders::find(world.home.clone())?;
    Ok(Store::open(&StoreLocation::Folder(folders.data), world.clock.now())?)
}

/// How tokens are filtered by commands about the past.
#[derive(Debug, clap::Args)]
struct FilterArgs {
    /// Only entries of this status.
    #[arg(long, value_name = "STATUS", value_parser = ["unused", "used", "failed", "pending", "interrupted", "unknown"])]
    status: Option<String>,
    /// Only entries with all these words in id, last4, brand, code, note, tags, status or target.
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
    day_or_moment(text, days::first_moment)
}

fn until(text: &str) -> Result<Timestamp, String> {
    day_or_moment(text, days::last_moment)
}

fn day_or_moment(text: &str, end: fn(jiff::civil::Date) -> Option<Timestamp>) -> Result<Timestamp, String> {
    if let Ok(moment) = moment(text) {
        return Ok(moment);
    }
    days::day(text).and_then(|day| end(day).ok_or_else(|| "it is too far away".to_owned()))
}

impl FilterArgs {
    fn filter(&self) -> HistoryFilter {
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
