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
        history::token_life::EventDelivery,
        plural::number_of,
        rules::policies::AccountPolicies,
        settings::receiver::ReceiverUrl,
    },
    store::{Outbox, Store},
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
    /// List the endpoints that were made by calls and those of `serve --forward-to`, with what they have not taken and why.
    List,
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
    let store = open_store(environment)?;
    let local = BackendTargets::new(store.clone(), None).local(AccountPolicies::default());
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
    let events = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ids: Vec<&str> = events.iter().map(|event| event["id"].as_str().unwrap_or_default()).collect();
    let deliveries = store.outbox()?.event_deliveries(&ids)?;
    for line in columns(events.iter().zip(&deliveries).map(|(event, deliveries)| row(event, deliveries)).collect()) {
        print(line)?;
    }
    Ok(CommandOutcome::Well)
}

/// An event in a line: when, what, to what, how many endpoints have not taken it, and why not.
fn row(event: &Value, deliveries: &[EventDelivery]) -> [String; 5] {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let created = event["created"].as_i64().and_then(|created| Timestamp::from_second(created).ok());
    let pending = event["pending_webhooks"].as_u64().unwrap_or_default();
    let refused: Vec<EventDelivery> =
        deliveries.iter().filter(|delivery| delivery.refusal.is_some()).cloned().collect();
    let why = EventDelivery::furthest(&refused).map(|delivery| format!(": {}", delivery.words(in_utc)));
    [
        text(&event["id"]),
        created.map(|created| created.to_string()).unwrap_or_default(),
        text(&event["type"]),
        text(&event["data"]["object"]["id"]),
        if pending > 0 { format!("{pending} pending{}", why.unwrap_or_default()) } else { String::new() },
    ]
}

/// A moment of the machine's clock, to the second.
fn in_utc(when: Timestamp) -> String {
    when.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn resend(id: &str, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let store = open_store(environment)?;
    let endpoints = store.send_event_again(id.to_owned()).wait()?;
    if endpoints == 0 {
        remark("No webhook endpoint asks for events of this type: nothing is sent");
        return Ok(CommandOutcome::WithError);
    }
    let when = if webhooks::is_sent_by_another(&store)? { "now" } else { "once `testcard serve` runs" };
    print(format_args!("sent again to {} {when}", number_of(endpoints as u64, "endpoint", "endpoints")))?;
    Ok(CommandOutcome::Well)
}

pub(super) fn webhooks(args: &WebhooksArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let store = open_store(environment)?;
    match &args.command {
        WebhooksCommand::List => list_endpoints(&store.outbox()?),
        WebhooksCommand::Secret { endpoint } => print_secret(&store, endpoint),
    }
}

fn list_endpoints(outbox: &Outbox) -> Result<CommandOutcome, CliError> {
    let mut rows = Vec::new();
    let mut add = |id: String, url: &str, state: &str| -> Result<(), CliError> {
        let backlog = outbox.backlog(&id)?.words(in_utc).unwrap_or_default();
        rows.push([id, url.to_owned(), state.to_owned(), backlog]);
        Ok(())
    };
    for kept in outbox.endpoints()? {
        let text = |name: &str| kept.object.body[name].as_str().unwrap_or_default();
        add(kept.object.id.clone(), text("url"), text("status"))?;
    }
    for (endpoint, _) in outbox.forwards()? {
        add(endpoint, "(--forward-to)", "enabled")?;
    }
    for line in columns(rows) {
        print(line)?;
    }
    Ok(CommandOutcome::Well)
}

fn print_secret(store: &Store, endpoint: &str) -> Result<CommandOutcome, CliError> {
    let folder_secret = store.workspace_secret();
    let id = if endpoint.contains("://") {
        let url = ReceiverUrl::parse(endpoint).map_err(|error| CliError::Usage(error.to_string()))?;
        forward_id(&folder_secret, &url)
    } else if store.outbox()?.endpoints()?.iter().any(|kept| kept.object.id == endpoint) {
        endpoint.to_owned()
    } else {
        let words =
            "There is no webhook endpoint with this id: give the id that made it, we_…, or the URL of --forward-to";
        return Err(CliError::Usage(words.to_owned()));
    };
    // What this command is for: the secret follows from the folder's own, and whoever can read the folder can work it out.
    print(EndpointSecret::of(&folder_secret, &id).expose())?;
    Ok(CommandOutcome::Well)
}
