//! `events` and `webhooks`: what happened, sent once more, and the secrets that it is signed with.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    environment::ProcessEnvironment,
    opened::{block_on, open_store},
    outcome::{CliError, CommandOutcome},
    output::{columns, print, print_json, remark, sentence},
};
use crate::{
    backend::BackendTargets,
    domain::{
        call::{api::ApiRequest, webhook_signature::EndpointSecret},
        rules::policies::AccountPolicies,
        settings::receiver::ReceiverUrl,
    },
    webhooks::{self, forward_id},
};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct EventsArgs {
    #[command(subcommand)]
    command: Option<EventsCommand>,
    /// Only events of this type, such as charge.succeeded, or of a group, such as 'charge.*'.
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// At most so many, newest first.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Lines for a person, or Stripe's list.
    #[arg(long, value_enum, default_value = "text")]
    format: EventsFormat,
}

#[derive(Debug, Subcommand)]
enum EventsCommand {
    /// Send an event once more to all webhook endpoints that it is for; a running server does so at once.
    Resend {
        /// Its id, evt_….
        id: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EventsFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct WebhooksArgs {
    #[command(subcommand)]
    command: WebhooksCommand,
}

#[derive(Debug, Subcommand)]
enum WebhooksCommand {
    /// Print the secret that the events of an endpoint are signed with.
    Secret {
        /// The id of an endpoint, we_…, or the URL of `serve --forward-to`.
        endpoint: String,
    },
}

pub(super) fn events(args: &EventsArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    match &args.command {
        Some(EventsCommand::Resend { id }) => resend(id, environment),
        None => list(args, environment),
    }
}

fn list(args: &EventsArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let limit = args.limit.to_string();
    let event_type = args.event_type.as_deref().map(|event_type| ("type", event_type));
    let params = [("limit", &*limit)].into_iter().chain(event_type).collect();
    let request = ApiRequest { params, ..ApiRequest::get("/v1/events") };
    let local = BackendTargets::new(open_store(environment)?, None).local(AccountPolicies::default());
    let recorded = block_on(async { Ok(local.send(&request, environment.clock.now()).await?) })?;
    let response = recorded.exchange.outcome.map_err(|failure| CliError::NoAnswer(failure.message))?;
    let page = response.json().filter(|_| response.is_success());
    let Some(page) = page else {
        remark(sentence(&response, None, "list"));
        return Ok(CommandOutcome::WithError);
    };
    if args.format == EventsFormat::Json {
        print_json(response.text().trim_end())?;
        return Ok(CommandOutcome::Well);
    }
    for line in columns(page["data"].as_array().into_iter().flatten().map(row).collect()) {
        print(line)?;
    }
    Ok(CommandOutcome::Well)
}

/// An event in a line: when, what, to what, and how many endpoints have not taken it.
fn row(event: &Value) -> [String; 5] {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let created = event["created"].as_i64().and_then(|created| Timestamp::from_second(created).ok());
    let pending = event["pending_webhooks"].as_u64().unwrap_or_default();
    [
        text(&event["id"]),
        created.map(|created| created.to_string()).unwrap_or_default(),
        text(&event["type"]),
        text(&event["data"]["object"]["id"]),
        if pending > 0 { format!("{pending} pending") } else { String::new() },
    ]
}

fn resend(id: &str, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let store = open_store(environment)?;
    let endpoints = store.send_event_again(id.to_owned()).wait()?;
    if endpoints == 0 {
        remark("No webhook endpoint asks for events of this type: nothing is sent");
        return Ok(CommandOutcome::WithError);
    }
    let when = if webhooks::is_sent_by_another(&store)? { "now" } else { "once `testcard serve` runs" };
    let noun = if endpoints == 1 { "endpoint" } else { "endpoints" };
    print(format_args!("sent again to {endpoints} {noun} {when}"))?;
    Ok(CommandOutcome::Well)
}

pub(super) fn webhooks(args: &WebhooksArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let WebhooksCommand::Secret { endpoint } = &args.command;
    let store = open_store(environment)?;
    let folder_secret = store.workspace_secret();
    let id = if endpoint.contains("://") {
        let url = ReceiverUrl::parse(endpoint).map_err(|error| CliError::Usage(error.to_string()))?;
        forward_id(&folder_secret, &url)
    } else if store.outbox()?.endpoints()?.iter().any(|kept| kept.object.id == *endpoint) {
        endpoint.clone()
    } else {
        let words =
            "There is no webhook endpoint with this id: give the id that made it, we_…, or the URL of --forward-to";
        return Err(CliError::Usage(words.to_owned()));
    };
    // What this command is for: the secret follows from the folder's own, and whoever can read the folder can work it out.
    print(EndpointSecret::of(&folder_secret, &id).expose())?;
    Ok(CommandOutcome::Well)
}
