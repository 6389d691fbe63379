//! `pay` and `authenticate`: a payment intent from a token or a payment method to its charge.

use std::borrow::Cow;

use clap::Args;

use super::{
    environment::ProcessEnvironment,
    opened::{OpenTarget, block_on},
    outcome::{CliError, CommandOutcome},
    output::{explain, print, print_json, remark, sentence},
    token_use::{AnswerFormat, SentArgs, check_profile_of},
};
use crate::{
    backend::{Backend, new_idempotency_key},
    domain::{
        call::{
            api::{ApiRequest, ApiResponse},
            intent_calls::{self, AuthenticationResult, PaymentCall},
            token_calls::TokenCall,
        },
        history::request_log::REPLAYED_HEADER,
        json_document::JsonView,
    },
};

#[derive(Debug, Args)]
pub struct PayArgs {
    /// A token, which it uses up; a payment method; or a ready one of either, such as tok_visa or pm_card_visa.
    #[arg(value_name = "TOKEN|PM|ALIAS")]
    payer: String,
    /// In the currency's smallest unit: 2000 is $20.00.
    #[arg(long, value_name = "AMOUNT", default_value = TokenCall::DEFAULT_AMOUNT, allow_hyphen_values = true)]
    amount: String,
    /// Three letters, as in ISO 4217.
    #[arg(long, value_name = "CODE", default_value = TokenCall::DEFAULT_CURRENCY)]
    currency: String,
    /// The customer that the payment method belongs to.
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<String>,
    /// When the money is taken: automatic, or manual to hold it only.
    #[arg(long, value_name = "WHEN")]
    capture: Option<String>,
    /// Lets the card's bank authorize a part of the amount: the payment is of that part then.
    #[arg(long)]
    partial: bool,
    /// What the payer does where the card has to be authenticated: complete, fail or cancel. With the local minter only.
    #[arg(long = "3ds", value_name = "RESULT", value_parser = result)]
    authentication: Option<AuthenticationResult>,
    #[command(flatten)]
    sent: SentArgs,
}

#[derive(Debug, Args)]
pub struct AuthenticateArgs {
    /// The payment intent or setup intent that waits for its payer.
    intent: String,
    /// What the payer does: complete, fail or cancel.
    #[arg(long, value_name = "RESULT", value_parser = result)]
    result: AuthenticationResult,
    #[command(flatten)]
    sent: SentArgs,
}

fn result(word: &str) -> Result<AuthenticationResult, String> {
    word.parse().map_err(|()| "write complete, fail or cancel".to_owned())
}

pub(super) fn pay(args: &PayArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let opened = OpenTarget::open(&args.sent.target, environment)?;
    check_profile_of(&opened, &args.payer, &args.sent.target)?;
    if args.authentication.is_some() {
        check_local(&opened)?;
    }
    let PayArgs { payer, amount, currency, customer, capture, .. } = args;
    let call = PaymentCall {
        payer: payer.clone(),
        amount: amount.clone(),
        currency: currency.clone(),
        customer: customer.clone(),
        capture: capture.clone(),
        takes_part: args.partial,
    };
    let key = args.sent.idempotency_key.clone().unwrap_or_else(new_idempotency_key);
    let mut answer = send(&opened, &call.to_api(&key))?;
    // The answer of an earlier call shows the intent as it was then.
    if answer.header(REPLAYED_HEADER) == Some("true")
        && let Some(intent) = waiting(&answer)
    {
        answer = send(&opened, &ApiRequest::get(format!("/v1/payment_intents/{intent}")))?;
    }
    if let (Some(intent), Some(result)) = (waiting(&answer), args.authentication) {
        answer = send(&opened, &authentication(&intent, result))?;
    }
    if let Some(intent) = waiting(&answer) {
        remark(format_args!("{intent} waits for its payer: `testcard authenticate {intent} --result complete`"));
    }
    show(&answer, &args.sent)
}

pub(super) fn authenticate(
    args: &AuthenticateArgs,
    environment: &ProcessEnvironment,
) -> Result<CommandOutcome, CliError> {
    let opened = OpenTarget::open(&args.sent.target, environment)?;
    check_local(&opened)?;
    let answer = send(&opened, &authentication(&args.intent, args.result))?;
    show(&answer, &args.sent)
}

/// The payer of Stripe's test mode sits before a browser.
fn check_local(opened: &OpenTarget) -> Result<(), CliError> {
    match opened.backend {
        Backend::Local { .. } => Ok(()),
        Backend::Stripe { .. } => {
            let words = "Only the local minter can be told what the payer does: with target stripe, a browser has to";
            Err(CliError::Usage(words.to_owned()))
        }
    }
}

fn authentication(intent: &str, result: AuthenticationResult) -> ApiRequest {
    let params = [(intent_calls::INTENT, intent), (intent_calls::RESULT, result.as_str())];
    intent_calls::authenticate(params.into_iter().collect(), Vec::new())
}

fn send(opened: &OpenTarget, request: &ApiRequest) -> Result<ApiResponse, CliError> {
    let recorded = block_on(async { Ok(opened.backend.send(request, opened.clock.now()).await?) })?;
    recorded.exchange.outcome.map_err(|failure| CliError::NoAnswer(failure.message))
}

/// The intent of an answer that waits for its payer.
fn waiting(answer: &ApiResponse) -> Option<String> {
    let body = answer.document()?;
    let text = |key: &str| body.root().get(key).and_then(JsonView::string);
    text("status").filter(|status| status == "requires_action").and_then(|_| text("id")).map(Cow::into_owned)
}

/// Prints an intent: what became of it, in one line, or all of it. Not paid is an error, whatever the status of the answer.
fn show(answer: &ApiResponse, args: &SentArgs) -> Result<CommandOutcome, CliError> {
    let read = outcome(answer);
    let is_well = answer.is_success() && read.as_ref().is_some_and(|(_, is_well)| *is_well);
    match args.format {
        AnswerFormat::Json => print_json(answer.text().trim_end())?,
        AnswerFormat::Text => print(sentence(answer, read.map(|(line, _)| line), "intent"))?,
    }
    explain(answer, None);
    Ok(if is_well { CommandOutcome::Well } else { CommandOutcome::WithError })
}

/// An intent in one line: `pi_… succeeded 2000 usd by ch_…`; and whether it came to its end.
fn outcome(answer: &ApiResponse) -> Option<(String, bool)> {
    let body = answer.document()?;
    let text = |view: JsonView<'_>, key: &str| view.get(key).and_then(JsonView::string).map(Cow::into_owned);
    let root = body.root();
    let (id, status) = (text(root, "id")?, text(root, "status")?);
    let is_well = matches!(&*status, "succeeded" | "requires_capture");
    let mut words = vec![id, status.clone()];
    if let (Some(amount), Some(currency)) = (root.get("amount"), text(root, "currency")) {
        words.extend([amount.text().to_owned(), currency]);
    }
    if let Some(charge) = text(root, "latest_charge") {
        words.extend(["by".to_owned(), charge]);
    }
    let error = root.get("last_payment_error").or(root.get("last_setup_error"));
    let message = error.and_then(|error| text(error, "message")).map(|message| format!(": {message}"));
    Some((words.join(" ") + &message.unwrap_or_default(), is_well))
}
