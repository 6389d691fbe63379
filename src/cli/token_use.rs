//! `charge`, `attach` and `refresh`: what becomes of a token.

use std::io::{self, IsTerminal as _, Write as _};

use clap::{Args, ValueEnum};
use tokio_util::sync::CancellationToken;

use super::{
    environment::ProcessEnvironment,
    opened::{OpenTarget, block_on, open_store},
    outcome::{CliError, CommandOutcome},
    output::{explain, print, print_json, remark, sentence},
    shared_args::TargetArgs,
};
use crate::{
    backend::{Backend, new_idempotency_key},
    domain::{
        call::{
            api::{ApiResponse, CallFailure, Target},
            token_calls::TokenCall,
        },
        foreign,
        json_document::JsonView,
        settings::profile::ProfileId,
    },
    jobs::{
        pace::CallPace,
        refresh::{self, AskedToken, RefreshProgress, RefreshTokens},
    },
    store::HistoryReader,
};

#[derive(Debug, Args)]
pub struct ChargeArgs {
    /// The token, or a ready one such as tok_visa.
    token: String,
    /// In the currency's smallest unit: 2000 is $20.00.
    #[arg(long, value_name = "AMOUNT", default_value = TokenCall::DEFAULT_AMOUNT, allow_hyphen_values = true)]
    amount: String,
    /// Three letters, as in ISO 4217.
    #[arg(long, value_name = "CODE", default_value = TokenCall::DEFAULT_CURRENCY)]
    currency: String,
    #[command(flatten)]
    sent: SentArgs,
}

#[derive(Debug, Args)]
pub struct AttachArgs {
    /// The token, or a ready one such as tok_visa.
    token: String,
    /// The customer to attach it to; a new one by default.
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<String>,
    #[command(flatten)]
    sent: SentArgs,
}

/// How the calls are sent and their answers printed.
#[derive(Debug, Args)]
pub(super) struct SentArgs {
    /// The key under which a repeated call is carried out once; a new one by default.
    #[arg(long, value_name = "KEY")]
    pub(super) idempotency_key: Option<String>,
    /// One line for a person, or the body as the target gave it.
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: AnswerFormat,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AnswerFormat {
    Text,
    Json,
}

pub(super) fn charge(args: &ChargeArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let call =
        TokenCall::Charge { token: args.token.clone(), amount: args.amount.clone(), currency: args.currency.clone() };
    send(&call, &args.sent, environment)
}

pub(super) fn attach(args: &AttachArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let call = TokenCall::Attach { token: args.token.clone(), customer: args.customer.clone() };
    send(&call, &args.sent, environment)
}

fn send(call: &TokenCall, args: &SentArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let opened = OpenTarget::open(&args.target, environment)?;
    check_profile_of(&opened, call.token(), &args.target)?;
    let request = call.to_api(&args.idempotency_key.clone().unwrap_or_else(new_idempotency_key));
    let recorded = block_on(async { Ok(opened.backend.send(&request, opened.clock.now()).await?) })?;
    let response = recorded.exchange.outcome.map_err(|failure| CliError::NoAnswer(failure.message))?;
    let is_made = response.is_success() && response.json().is_some_and(|body| call.is_made(&body));
    let wanted = match call {
        TokenCall::Charge { .. } => "charge",
        TokenCall::Attach { .. } => "attached card",
        TokenCall::Intent { .. } => "intent",
    };
    match args.format {
        AnswerFormat::Json => print_json(response.text().trim_end())?,
        AnswerFormat::Text => print(sentence(&response, is_made.then(|| outcome(&response)).flatten(), wanted))?,
    }
    explain(&response, None);
    Ok(if is_made { CommandOutcome::Well } else { CommandOutcome::WithError })
}

/// Refuses to send a token to another profile than that which made it, where none is named.
pub(super) fn check_profile_of(opened: &OpenTarget, token: &str, args: &TargetArgs) -> Result<(), CliError> {
    match (&opened.backend, &args.profile) {
        (Backend::Stripe { store, profile, .. }, None) => check_profile(&store.reader()?, token, *profile),
        _ => Ok(()),
    }
}

/// Refuses to ask the account of one profile for a token that another profile made: that account does not know the
/// token, and should not learn of it.
fn check_profile(reader: &HistoryReader, token: &str, profile: ProfileId) -> Result<(), CliError> {
    let Some(entry) = reader.by_token(token)? else { return Ok(()) };
    match reader.rows(&[entry])?.first().and_then(|row| row.profile) {
        Some(made_with) if made_with != profile => {
            Err(CliError::Usage(format!("{token} was made with another profile: name that with --profile")))
        }
        _ => Ok(()),
    }
}

/// What a call made, in one line: `ch_… succeeded 2000 usd`, `card_… attached to cus_…`.
fn outcome(response: &ApiResponse) -> Option<String> {
    let body = response.document()?;
    let text = |key: &str| body.root().get(key).and_then(JsonView::string);
    let id = text("id")?;
    match &*text("object")? {
        "charge" => {
            let amount = body.root().get("amount")?.text();
            Some(format!("{id} {} {amount} {}", text("status")?, text("currency")?))
        }
        "customer" => Some(format!("{} attached to {id}", text("default_source")?)),
        "card" => Some(format!("{id} attached to {}", text("customer")?)),
        _ => Some(id.into_owned()),
    }
}

#[derive(Debug, Args)]
#[command(mut_arg("target", |target| target.default_value("stripe")))]
pub struct RefreshArgs {
    /// The tokens to ask for.
    #[arg(value_name = "TOKEN", required_unless_present = "all")]
    tokens: Vec<String>,
    /// Ask for every token of the history that is unused as far as known.
    #[arg(long, conflicts_with = "tokens")]
    all: bool,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) fn refresh(args: &RefreshArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    if args.target.memory {
        let words = "A refresh writes what it learns to the history: leave out --memory";
        return Err(CliError::Usage(words.to_owned()));
    }
    let (profile, target) = args.target.load_target(environment)?;
    let reader = open_store(environment)?.reader()?;
    let RefreshTokens { tokens: mut asked, left_out } =
        if args.all { refresh::unused(&reader, target, profile)? } else { RefreshTokens::default() };
    for token in &args.tokens {
        let entry = reader.by_token(token)?.ok_or_else(|| {
            CliError::Usage(format!("The history has no token {token}. `testcard history` lists what there is"))
        })?;
        if target == Target::Stripe {
            check_profile(&reader, token, profile)?;
        }
        asked.push(AskedToken { entry, token: token.clone() });
    }
    if left_out > 0 {
        remark(format_args!("{left_out} of another profile left out: name that with --profile"));
    }
    if asked.is_empty() {
        remark(format_args!("Nothing to ask: no token of target {} is unused", target.as_str()));
        return Ok(CommandOutcome::Well);
    }
    drop(reader);
    let opened = OpenTarget::open(&args.target, environment)?;
    let mut shown = Ok(());
    let progress = block_on(async {
        let mut on_progress = |progress: RefreshProgress, asked: &AskedToken, recorded: &crate::store::RecordedCall| {
            if shown.is_ok() {
                shown = print(line(asked, &recorded.exchange.outcome));
            }
            show(progress);
        };
        let (pace, never) = (CallPace::usual(), CancellationToken::new());
        Ok(refresh::refresh(&opened.backend, &opened.clock, &asked, &pace, &mut on_progress, &never).await?)
    })?;
    shown?;
    let RefreshProgress { used, unused, failed, .. } = progress;
    remark(format_args!("{used} used, {unused} unused, {failed} unknown"));
    Ok(if failed == 0 { CommandOutcome::Well } else { CommandOutcome::WithError })
}

/// What is known of a token now, in one line.
fn line(asked: &AskedToken, outcome: &Result<ApiResponse, CallFailure>) -> String {
    let known = match outcome {
        Ok(response) => response.with_token(|token| if token.is_used() { "used" } else { "unused" }.to_owned()),
        Err(failure) => Some(failure.message.clone()),
    };
    let error = || outcome.as_ref().ok().and_then(ApiResponse::error_sentence);
    let known = known.or_else(error).unwrap_or_else(|| "the answer is no token".to_owned());
    foreign::sentence(&format!("{} {known}", asked.token))
}

/// Shows how far the work is, where standard error is a terminal.
fn show(progress: RefreshProgress) {
    let mut stderr = io::stderr();
    if stderr.is_terminal() {
        let end = if progress.done == progress.total { '\n' } else { '\r' };
        // Without stderr there is nobody left to tell.
        let _ = write!(stderr, "{} of {}{end}", progress.done, progress.total);
    }
}
