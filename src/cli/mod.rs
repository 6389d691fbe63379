//! The command line: the same engine and the same history, without a window.
//!
//! Results go to stdout, everything else to stderr. Exit: 0 done; 1 an error was answered; 2 wrong usage; 3 no answer
//! came; 4 the data folder cannot be used, or not all of it could be read; 128 and its number where a signal ended it
//! (130 for Ctrl+C).
//!
//! | file | what it is for |
//! | --- | --- |
//! | `mint` `token_use` `history` `export` `import` `events` `evidence` `fixtures` `snippet` `cards` `explain` `parity` `run` `runs` `serve` `worlds` `keep` `salvage` `manual` | the commands |
//! | `shared_args` | options that several commands have |
//! | `environment` `opened` | what a command starts from, and what it opens before its work |
//! | `output` `outcome` | what a command prints, and how it ends |
//! | `run_progress` `work_progress` | how far a run and other long work is |
//! | `signals` `long_work` `typed_keys` | signals that end a command, and work that they end; keys that were typed in the wrong place |

mod cards;
mod environment;
mod events;
mod evidence;
mod explain;
mod export;
mod fixtures;
mod history;
mod import;
mod keep;
mod long_work;
mod manual;
mod mint;
mod opened;
mod outcome;
mod output;
mod parity;
mod pay;
mod run;
mod run_list;
mod run_progress;
mod runs;
mod salvage;
mod serve;
mod shared_args;
mod signals;
mod snippet;
mod token_use;
mod typed_keys;
mod work_progress;
mod worlds;

use std::io::{self, Write as _};

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::{
    domain::{foreign, mask},
    settings::AppFolders,
    store,
};
use outcome::{CliError, CommandOutcome};
use output::{print, remark};
use typed_keys::{without_keys, without_typed_keys};

pub use environment::ProcessEnvironment;

/// What was typed: a command, or none for the window.
#[derive(Debug, Parser)]
#[command(name = "testcard", version, about = "Card test tokens: make, keep and explain them. Without a command, the window opens", after_help = EXAMPLES)]
pub struct CliArgs {
    #[command(subcommand)]
    pub command: Option<CliCommand>,
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
  testcard pay tok_… --3ds complete          the same by a payment intent
  testcard refresh --all                     ask Stripe which tokens were used
  testcard serve --seed 1                    Stripe's test mode on 127.0.0.1:12111, for SDKs
  testcard serve --forward-to http://localhost:4242/webhook
                                             events to your own endpoint, signed
  testcard events --type 'charge.*'          what happened
  testcard history --status failed           what failed
  testcard tag tok_… smoke nightly           find it again by `history --tag smoke`
  testcard snippet tok_… --lang python       the call that made a token, as code
  testcard explain charge.outcome.type       what a field means, and where it is known from
  testcard run cards.csv --report html r.html  many at once, each held against what is expected
  testcard parity                            does the minter still answer as Stripe does?
  testcard export tokens.json                the whole history as JSON
  testcard export tokens.py --tag nightly    tokens as constants and fixtures of pytest
  testcard evidence tok_… --to case.html     what was sent and answered, for a report
  testcard import tokens.json                entries of another history into this one
  testcard import calls.har --as-presets     calls of a browser, curl or Postman as presets
  testcard fixtures play flow.json           calls of a file of `stripe fixtures`, one after the other
  testcard keep --last 10000 --dry-run       what would go if only so many entries stayed
  testcard salvage DATA --to NEW             what can be read of a damaged history

Exit status: 0 done, 1 an error was answered, 2 wrong usage, 3 no answer came, 4 the data folder cannot be used,
or not all of it could be read, 130 ended by Ctrl+C";

/// What can be done without a window.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Make tokens.
    Mint(Box<mint::MintArgs>),
    /// Retrieve a token, to see whether it was used.
    Token(mint::TokenArgs),
    /// Charge a token, which uses it up.
    Charge(Box<token_use::ChargeArgs>),
    /// Attach a token to a customer, which uses it up.
    Attach(Box<token_use::AttachArgs>),
    /// Pay by a payment intent, with a token, which it uses up, or a payment method.
    Pay(Box<pay::PayArgs>),
    /// Say what the payer of an intent does at the bank's page, which the local minter has not.
    Authenticate(Box<pay::AuthenticateArgs>),
    /// Ask Stripe whether tokens were used, within its rate limit.
    Refresh(Box<token_use::RefreshArgs>),
    /// Serve the minter on this machine, for Stripe's own SDKs.
    Serve(Box<serve::ServeArgs>),
    /// Drop the minter's objects and idempotency keys and put its clocks right; the history stays.
    Reset(worlds::ResetArgs),
    /// Print the time by which the minter answers, or set it; the times of the history stay the machine's.
    Clock(worlds::ClockArgs),
    /// List what was made, newest first.
    History(history::HistoryArgs),
    /// Print the call that made a token as code, for a developer to run.
    Snippet(snippet::SnippetArgs),
    /// Write a note on an entry of the history.
    Note(history::NoteArgs),
    /// Add tags to entries of the history, or take them away.
    Tag(history::TagArgs),
    /// Write the history to a file: everything as JSON, a table, or what a test suite reads.
    Export(export::ExportArgs),
    /// List what happened to the minter's objects, newest first, or send an event once more.
    Events(events::EventsArgs),
    /// Print the secret of a webhook endpoint.
    Webhooks(events::WebhooksArgs),
    /// Play a file of the Stripe CLI's fixtures: calls that take values from the answers before them.
    Fixtures(fixtures::FixturesArgs),
    /// Write a document about entries for a person who was not there: request, response, verdict and what followed.
    Evidence(evidence::EvidenceArgs),
    /// Add the entries of a JSON or JSON Lines export that are not in the history yet; or keep calls of other tools as
    /// presets.
    Import(import::ImportArgs),
    /// Remove entries for good that are too old or too many, and give the disk its space back.
    Keep(keep::KeepArgs),
    /// Save what can be read of a damaged history into a new folder; the damaged one stays as it is.
    Salvage(salvage::SalvageArgs),
    /// List Stripe's published test cards.
    Cards(cards::CardsArgs),
    /// Say what a field of an answer means and where the minter has it from, or so for every field of a token.
    Explain(explain::ExplainArgs),
    /// Make every test card with Stripe's test mode and with the minter, and say where the answers differ.
    Parity(Box<parity::ParityArgs>),
    /// Make a list of drafts, each as far as asked, and say of each whether it came as expected.
    Run(Box<run::RunArgs>),
    /// List runs, show the rows of one, compare two, rename or delete one.
    Runs(runs::RunsArgs),
    /// Print where everything is.
    Paths,
    /// Print what completes the words of this command line in a shell.
    Completions(manual::CompletionsArgs),
    /// Write the man pages: testcard.1, and one for each command.
    Man(manual::ManArgs),
}

/// The arguments of this process. Wrong ones end it with status 2 and what is right, help with status 0.
pub fn parse() -> CliArgs {
    CliArgs::try_parse().unwrap_or_else(|error| {
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

/// Carries out a command and returns the exit status.
pub fn run(command: CliCommand, environment: &ProcessEnvironment) -> u8 {
    let done = match command {
        CliCommand::Mint(args) => mint::mint(&args, environment),
        CliCommand::Token(args) => mint::token(&args, environment),
        CliCommand::Charge(args) => token_use::charge(&args, environment),
        CliCommand::Attach(args) => token_use::attach(&args, environment),
        CliCommand::Pay(args) => pay::pay(&args, environment),
        CliCommand::Authenticate(args) => pay::authenticate(&args, environment),
        CliCommand::Refresh(args) => token_use::refresh(&args, environment),
        CliCommand::Serve(args) => serve::serve(*args, environment),
        CliCommand::Reset(args) => worlds::reset(&args, environment),
        CliCommand::Clock(args) => worlds::clock(&args, environment),
        CliCommand::History(args) => history::history(&args, environment),
        CliCommand::Snippet(args) => snippet::snippet(&args, environment),
        CliCommand::Note(args) => history::note(&args, environment),
        CliCommand::Tag(args) => history::tag(&args, environment),
        CliCommand::Export(args) => export::export(&args, environment),
        CliCommand::Events(args) => events::events(&args, environment),
        CliCommand::Webhooks(args) => events::webhooks(&args, environment),
        CliCommand::Fixtures(args) => fixtures::fixtures(&args, environment),
        CliCommand::Evidence(args) => evidence::evidence(&args, environment),
        CliCommand::Import(args) => import::import(&args, environment),
        CliCommand::Keep(args) => keep::keep(&args, environment),
        CliCommand::Salvage(args) => salvage::salvage(&args, environment),
        CliCommand::Cards(args) => cards::cards(&args),
        CliCommand::Explain(args) => explain::explain(&args, environment),
        CliCommand::Parity(args) => parity::parity(&args, environment),
        CliCommand::Run(args) => run::run(&args, environment),
        CliCommand::Runs(args) => runs::runs(&args, environment),
        CliCommand::Paths => paths(environment),
        CliCommand::Completions(args) => manual::completions(&args, CliArgs::command()),
        CliCommand::Man(args) => manual::man(&args, CliArgs::command()),
    };
    match done {
        Ok(CommandOutcome::Well) => 0,
        Ok(CommandOutcome::WithError) => 1,
        Ok(CommandOutcome::WithoutAnswer) => 3,
        Ok(CommandOutcome::InPart) => 4,
        // Who reads the output stopped reading, as `head` does: no failure.
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            remark(&error);
            error.exit_code()
        }
    }
}

fn paths(environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let folders = AppFolders::find(environment.home.clone())?;
    print(format_args!("data      {}", folders.data.display()))?;
    print(format_args!("history   {}", folders.data.join(store::FILE_NAME).display()))?;
    print(format_args!("settings  {}", folders.settings_file().display()))?;
    print(format_args!("log       {}", folders.log.display()))?;
    Ok(CommandOutcome::Well)
}
