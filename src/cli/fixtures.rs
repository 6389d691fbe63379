//! `fixtures play`: the calls of a file of the Stripe CLI, one after the other.

use std::{
    io,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{
    environment::ProcessEnvironment,
    import,
    opened::{OpenTarget, block_on},
    outcome::{CliError, CommandOutcome},
    output::{print, remark},
    shared_args::TargetArgs,
};
use crate::{
    backend::new_idempotency_key,
    domain::{
        call::{
            api::{ApiRequest, ApiResponse, CallFailure, HttpMethod},
            error::ErrorView,
        },
        foreign,
        mask::{self, OwnSecrets},
        plural::number_of,
    },
    formats::{FixtureAnswers, FixtureFile, FixtureStep, MOST_CALL_BYTES},
};

#[derive(Debug, Args)]
pub struct FixturesArgs {
    #[command(subcommand)]
    command: FixturesCommand,
}

#[derive(Debug, Subcommand)]
enum FixturesCommand {
    /// Make the calls of a file, each with what it takes from the answers before it. The first that is not answered as
    /// expected ends it.
    #[command(after_help = NOTE)]
    Play(Box<PlayArgs>),
}

#[derive(Debug, Args)]
struct PlayArgs {
    /// A file in the format of `stripe fixtures`; - reads what is piped.
    file: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
}

const NOTE: &str = "A step has name, path, method, params and, where an error is expected, expected_error_type. \
${step:field} takes a value from an earlier answer, ${step:field|default} another one where it has none, \
${.env:NAME} a variable of the environment, but none that holds a key or a card's number. headers may \
name Stripe-Account and Stripe-Version, and idempotency_key is sent. What the file's env names is printed at the end, \
NAME=value";

pub(super) fn fixtures(args: &FixturesArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let FixturesCommand::Play(args) = &args.command;
    play(args, environment)
}

fn play(args: &PlayArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let failed = |why: String| CliError::Usage(format!("{}: {why}", args.file.display()));
    let bytes = import::read(&args.file).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => failed(format!("it is longer than {} MB. Split it", MOST_CALL_BYTES >> 20)),
        _ => failed(format!("{error}. Check the path and its permissions")),
    })?;
    let file = FixtureFile::read(&bytes, environment.variable).map_err(|fault| failed(fault.to_string()))?;
    let opened = OpenTarget::open(&args.target, environment)?;
    let width = file.steps().iter().map(|step| shown_name(step).chars().count()).max().unwrap_or_default();
    let mut answers = FixtureAnswers::default();
    for (nth, step) in file.steps().iter().enumerate() {
        let left = file.steps().len() - nth;
        let request = match file.request(step, &answers) {
            Ok(request) => with_key(request),
            Err(fault) => return Ok(ended(&args.file, &fault.to_string(), left)),
        };
        let answer = match send(&opened, &request)? {
            Ok(answer) => answer,
            Err(failure) => {
                let why = format!("step {}: {}", step.label(), failure.message);
                return Err(CliError::NoAnswer(end_words(&args.file, &why, left - 1)));
            }
        };
        let body = answer.json().unwrap_or_default();
        print(line(step, &request, &answer, &body, width))?;
        if let Some(why) = difference(step, &answer, &body) {
            let why = format!("step {}, expected_error_type: {why}", step.label());
            return Ok(ended(&args.file, &why, left - 1));
        }
        answers.keep(step, body);
    }
    let env = match file.env(&answers) {
        Ok(env) => env,
        Err(fault) => return Ok(ended(&args.file, &fault.to_string(), 0)),
    };
    for (name, value) in env {
        print(foreign::cell(&mask::text(&format!("{name}={value}"))))?;
    }
    Ok(CommandOutcome::Well)
}

/// Says why the rest of a file is not played.
fn ended(file: &Path, why: &str, left: usize) -> CommandOutcome {
    remark(end_words(file, why, left));
    CommandOutcome::WithError
}

/// Why a file ends before its end, and how many of its steps were not made.
fn end_words(file: &Path, why: &str, left: usize) -> String {
    let left = match left {
        0 => String::new(),
        left => format!(". {} not made", number_of(left as u64, "step was", "steps were")),
    };
    format!("{}: {}{left}", file.display(), if left.is_empty() { why } else { why.trim_end_matches('.') })
}

/// Adds a key to a call that has to have one and that the file gave none.
fn with_key(mut request: ApiRequest) -> ApiRequest {
    if request.method == HttpMethod::Post && request.header("Idempotency-Key").is_none() {
        request.headers.push(("Idempotency-Key".to_owned(), new_idempotency_key()));
    }
    request
}

fn send(opened: &OpenTarget, request: &ApiRequest) -> Result<Result<ApiResponse, CallFailure>, CliError> {
    let recorded = block_on(async { Ok(opened.backend.send(request, opened.clock.now()).await?) })?;
    Ok(recorded.exchange.outcome)
}

/// How an answer differs from what the step expects, if it does.
fn difference(step: &FixtureStep, answer: &ApiResponse, body: &Value) -> Option<String> {
    let kind = ErrorView::of(body).and_then(ErrorView::kind).filter(|_| !answer.is_success());
    match (step.expected_error(), answer.is_success()) {
        (None, true) => None,
        (Some(expected), false) if kind == Some(expected) => None,
        (Some(expected), true) => Some(format!("{expected} is expected, and the call succeeded")),
        (expected, false) => {
            let expected = expected.unwrap_or("no error");
            let sentence = answer.error_sentence().unwrap_or_else(|| format!("HTTP {}", answer.http_status));
            Some(format!("{expected} is expected, and the answer is {}: {sentence}", kind.unwrap_or("an error")))
        }
    }
}

fn shown_name(step: &FixtureStep) -> String {
    foreign::cell(&mask::text(step.label()))
}

/// A step in a line: its name, the call, and what came of it.
fn line(step: &FixtureStep, request: &ApiRequest, answer: &ApiResponse, body: &Value, width: usize) -> String {
    let name = shown_name(step);
    let gap = " ".repeat(width - name.chars().count());
    let outcome = match ErrorView::of(body) {
        Some(error) => error.label().to_owned(),
        None => match (body["id"].as_str(), body["status"].as_str()) {
            (Some(id), Some(status)) => format!("{id} {status}"),
            (Some(id), None) => id.to_owned(),
            (None, _) => body["object"].as_str().unwrap_or_default().to_owned(),
        },
    };
    let path = foreign::cell(&mask::path(&request.path, &OwnSecrets::default()));
    let outcome = foreign::cell(&mask::text(&outcome));
    format!("{name}{gap}  {} {path}  {} {outcome}", request.method.as_str(), answer.http_status)
}
