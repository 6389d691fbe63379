//! `serve`: the stand-in as a server for Stripe's own SDKs, without a window.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::{Args, ValueEnum};
use tokio::runtime::Builder;

use super::{
    environment::ProcessEnvironment,
    opened::load_settings,
    outcome::{CliError, CommandOutcome},
    output::remark,
    shared_args::{PolicyArgs, TimeArgs},
    signals::EndSignals,
};
use crate::{
    backend::{AdmissionRules, BackendTargets},
    domain::{
        call::{event_type::EventType, webhook_signature::EndpointSecret},
        fault::{self, FaultRule},
        key::{ApiKey, KeyError, KeyKind},
        settings::{
            origin::PageOrigin,
            preferences::{LogSettings, Settings},
            receiver::ReceiverUrl,
        },
    },
    files,
    server::{Server, ServerConfig, StartError},
    settings::AppFolders,
    store::{Durability, Store, StoreLocation},
    webhooks::{ForwardTo, UnnamedEndpoint, WebhookConfig, forward_id},
};

/// The largest file of rules, in bytes.
const MOST_RULES: u64 = 4 * 1024 * 1024;
/// How long calls in flight may take when the server is to end; a second signal ends it at once.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen: an address of this machine's loopback. Port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:12111")]
    listen: SocketAddr,
    /// Make ids, fingerprints and request ids the same on every run.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    time: TimeArgs,
    /// Keep nothing on disk.
    #[arg(long)]
    memory: bool,
    /// Let only this secret test key in; by default every key of test mode.
    #[arg(long, value_name = "KEY", value_parser = secret_key)]
    key: Option<ApiKey>,
    /// Give the keys of each account a world of their own: objects, ids, a clock and faults. By default all keys meet in
    /// one world.
    #[arg(long)]
    isolate: bool,
    /// Let pages of this origin call, such as http://localhost:3000; may be repeated. Without it those of the settings,
    /// which are none by default. Pages of all other origins are refused.
    #[arg(long, value_name = "ORIGIN", value_parser = PageOrigin::parse)]
    allow_origin: Vec<PageOrigin>,
    /// Go wrong on purpose, such as 'POST /v1/charges next 3: 429 retry-after 1, 500, ok'; may be repeated.
    #[arg(long, value_name = "RULE", value_parser = rule)]
    fault: Vec<FaultRule>,
    /// Rules from a file, one a line; empty lines and lines that start with # do not count.
    #[arg(long, value_name = "FILE")]
    fault_file: Option<PathBuf>,
    /// Send all events to this URL, such as http://localhost:4242/webhook; may be repeated. The secret that they are
    /// signed with is printed at the start, and again by `testcard webhooks secret URL`.
    #[arg(long, value_name = "URL", value_parser = ReceiverUrl::parse)]
    forward_to: Vec<ReceiverUrl>,
    /// Send only events of these types there, with commas between them.
    #[arg(long, value_name = "TYPES", value_delimiter = ',', value_parser = event_type, requires = "forward_to")]
    forward_events: Vec<EventType>,
    /// Let webhook endpoints that are made by calls be at this origin too, such as `https://hooks.example`; may be repeated.
    /// Without it those of the settings, `webhook_origins` of the server, which are none by default: then events are sent to
    /// this machine only.
    #[arg(long, value_name = "ORIGIN", value_parser = PageOrigin::parse)]
    webhook_origin: Vec<PageOrigin>,
    #[command(flatten)]
    policies: PolicyArgs,
    /// Keep so many calls of the request log, besides those that made or used a token; as in the settings by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(LogSettings::CALLS))]
    log_calls: Option<u64>,
    /// Keep so many megabytes of them.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(LogSettings::MEGABYTES))]
    log_megabytes: Option<u64>,
    /// What a commit waits for: "full" is safe against loss of power, "normal" against a crash only.
    #[arg(long, value_enum, default_value = "full", hide = true)]
    synchronous: CommitSafety,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CommitSafety {
    Full,
    Normal,
}

/// A secret or restricted test key. The message of an error never repeats what was typed.
fn secret_key(text: &str) -> Result<ApiKey, KeyError> {
    ApiKey::parse(text)
        .and_then(|key| if key.kind() == KeyKind::Publishable { Err(KeyError::Malformed) } else { Ok(key) })
}

fn event_type(text: &str) -> Result<EventType, &'static str> {
    EventType::parse(text.trim()).ok_or("this is no type of event: name one such as charge.succeeded")
}

fn rule(text: &str) -> Result<FaultRule, String> {
    text.parse::<FaultRule>().map_err(|error| error.to_string())
}

fn rules_of(file: &Path) -> Result<Vec<FaultRule>, CliError> {
    let shown = file.display();
    let text = files::read_at_most(file, MOST_RULES)
        .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other))
        .map_err(|error| CliError::Usage(format!("Could not read the rules in {shown}: {error}")))?;
    fault::rules_of(&text).map_err(|error| CliError::Usage(format!("{shown}, {error}")))
}

pub(super) fn serve(args: ServeArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let mut faults = args.fault;
    if let Some(file) = &args.fault_file {
        faults.extend(rules_of(file)?);
    }
    let clock = args.time.clock(environment);
    let (place, settings) = if args.memory {
        (StoreLocation::Memory, Settings::default())
    } else {
        let folders = AppFolders::find(environment.home.clone())?;
        let settings = load_settings(&folders);
        (StoreLocation::Folder(folders.data), settings)
    };
    let durability = match args.synchronous {
        CommitSafety::Full => Durability::PowerLoss,
        CommitSafety::Normal => Durability::Crash,
    };
    let store = Store::open_with(&place, clock.now(), durability)?;
    store.bound_log(LogSettings {
        calls: args.log_calls.unwrap_or(settings.log.calls),
        megabytes: args.log_megabytes.unwrap_or(settings.log.megabytes),
    });
    let types = match &args.forward_events[..] {
        [] => vec!["*".to_owned()],
        types => types.iter().map(EventType::to_string).collect(),
    };
    let forward = |url| ForwardTo { url, types: types.clone() };
    let webhooks = WebhookConfig {
        origins: if args.webhook_origin.is_empty() {
            settings.server.webhook_origins.clone()
        } else {
            args.webhook_origin
        },
        forwards: args.forward_to.into_iter().map(forward).collect(),
        tell: Arc::new(|UnnamedEndpoint { id, origin }| {
            remark(format!(
                "Nothing is sent to the webhook endpoint {id}: name its origin with --webhook-origin {origin}"
            ));
        }),
        ..WebhookConfig::new(environment.clock.clone())
    };
    let config = ServerConfig {
        targets: BackendTargets::new(store, args.seed).telling(|problem| remark(problem)),
        clock,
        listen: args.listen,
        admission: AdmissionRules {
            policies: args.policies.on_top_of(settings.policies),
            only: args.key,
            origins: if args.allow_origin.is_empty() { settings.server.origins } else { args.allow_origin },
        },
        is_isolating: args.isolate,
        faults,
        webhooks,
    };
    let runtime = Builder::new_multi_thread().enable_all().thread_name("serve").build()?;
    let done = runtime.block_on(run(config));
    runtime.shutdown_timeout(Duration::from_millis(100));
    done
}

async fn run(config: ServerConfig) -> Result<CommandOutcome, CliError> {
    // Before anybody is told of the server: a signal that comes right after must find its listener.
    let mut signals = EndSignals::new()?;
    let secrets: Vec<String> = config.webhooks.forwards.iter().map(|forward| secret_line(&config, forward)).collect();
    let server = Server::start(config).await.map_err(|error| CliError::Usage(advice(&error)))?;
    let mut words = format!("listening on http://{}\ncontrol token {}\n", server.address(), server.control_token());
    words.extend(secrets);
    let mut stdout = io::stdout().lock();
    // Whoever started the server may have read its first line and closed the pipe: it serves all the same.
    let _ = stdout.write_all(words.as_bytes()).and_then(|()| stdout.flush());
    drop(stdout);
    signals.next().await;
    remark("Finishing the calls in flight; again to stop at once");
    tokio::select! {
        () = server.stop() => {}
        _ = signals.next() => remark("Stopped at once"),
        () = tokio::time::sleep(PATIENCE) => remark("Calls in flight were cut off"),
    }
    Ok(CommandOutcome::Well)
}

/// What is printed of an endpoint that events are forwarded to.
fn secret_line(config: &ServerConfig, forward: &ForwardTo) -> String {
    let folder_secret = config.targets.store().workspace_secret();
    let secret = EndpointSecret::of(&folder_secret, &forward_id(&folder_secret, &forward.url));
    format!("webhook secret {} for {}\n", secret.expose(), forward.url.as_str())
}

fn advice(error: &StartError) -> String {
    match error {
        StartError::Taken { address, next_free: Some(port) } => {
            format!("{error}: use --listen {}", SocketAddr::new(address.ip(), *port))
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_rules_names_the_line_and_the_column_of_a_mistake() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules");
        std::fs::write(&file, "# a comment\n\nPOST /v1/charges: 500\n* *: explode\n").unwrap();
        let error = rules_of(&file).unwrap_err().to_string();
        assert!(error.contains("rules, line 4, column 6: expected latency"), "{error}");
        std::fs::write(&file, "# a comment\n\nPOST /v1/charges: 500\n  * *: ok\n").unwrap();
        assert_eq!(rules_of(&file).unwrap().len(), 2);
    }
}
