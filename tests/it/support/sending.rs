//! A server that sends events, and a receiver of them.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use testcard::{
    backend::{AdmissionRules, BackendTargets},
    domain::clock::Clock,
    server::{Server, ServerConfig},
    store::{Store, StoreLocation},
    webhooks::WebhookConfig,
};
use tokio::runtime::Runtime;

use super::{
    http::{self, Received, Reply, reply},
    waiting::PATIENCE,
    wire::{self, Answer},
};

pub const CHARGE: [(&str, &str); 3] = [("amount", "2000"), ("currency", "usd"), ("source", "tok_visa")];

/// What the machine's clock shows, by which events are signed.
#[expect(clippy::disallowed_methods, reason = "a signature is as old as the machine says")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A clock that runs as the machine's does, and that a test puts forward.
#[derive(Clone, Default)]
pub struct MovedClock(Arc<AtomicI64>);

impl MovedClock {
    pub fn forward(&self, by: SignedDuration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    /// One that stands still until it is put forward.
    pub fn standing(&self) -> Clock {
        let (start, ahead) = (now(), Arc::clone(&self.0));
        Clock::new(move || start + SignedDuration::from_secs(ahead.load(Ordering::SeqCst)))
    }

    pub fn clock(&self) -> Clock {
        let ahead = Arc::clone(&self.0);
        Clock::new(move || now() + SignedDuration::from_secs(ahead.load(Ordering::SeqCst)))
    }
}

/// A receiver that answers as it is told, and keeps what it got.
pub struct Receiver {
    pub server: http::Server,
    pub arrivals: mpsc::Receiver<()>,
    pub got: Vec<Received>,
}

impl Receiver {
    pub fn start(
        runtime: &Runtime,
        answer: impl Fn(usize, &Received) -> Reply + Clone + Send + Sync + 'static,
    ) -> Self {
        let (arrived, arrivals) = mpsc::channel();
        let arrived = Arc::new(Mutex::new(arrived));
        let server = runtime.block_on(http::Server::answering(move |nth, got| {
            // Nobody waits any more once the test has all.
            let _ = arrived.lock().unwrap().send(());
            answer(nth, got)
        }));
        Self { server, arrivals, got: Vec::new() }
    }

    pub fn taking(runtime: &Runtime) -> Self {
        Self::start(runtime, |_, _| reply(200, "{}"))
    }

    pub fn url(&self) -> String {
        format!("{}/webhook", self.server.url())
    }

    /// Waits until it is so for what it got.
    #[track_caller]
    pub fn wait(&mut self, is_enough: impl Fn(&[Received]) -> bool) -> &[Received] {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.got.extend(self.server.received());
            if is_enough(&self.got) {
                return &self.got;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(self.arrivals.recv_timeout(left).is_ok(), "waited in vain: {:?}", types(&self.got));
        }
    }

    #[track_caller]
    pub fn wait_for(&mut self, count: usize) -> &[Received] {
        self.wait(|got| got.len() >= count)
    }
}

pub fn event(received: &Received) -> Value {
    serde_json::from_str(&received.body).unwrap()
}

pub fn types(received: &[Received]) -> Vec<String> {
    received.iter().map(|got| event(got)["type"].as_str().unwrap().to_owned()).collect()
}

pub fn objects(received: &[Received]) -> Vec<String> {
    received.iter().map(|got| event(got)["data"]["object"]["id"].as_str().unwrap().to_owned()).collect()
}

/// Whether a signature is that of the body by this secret, and no older than Stripe's libraries let pass.
pub fn verifies(received: &Received, secret: &str) -> bool {
    let time: i64 = signed_part(received, "t=").parse().unwrap();
    is_signed(received, secret) && (-5..300).contains(&(now().as_second() - time))
}

/// A part of the header `Stripe-Signature`.
fn signed_part(received: &Received, name: &str) -> String {
    let header = received.header("stripe-signature");
    header.split(',').find_map(|part| part.strip_prefix(name)).unwrap().to_owned()
}

/// Whether a signature is that of the body by this secret, however old it is. Not made of the crates that sign.
pub fn is_signed(received: &Received, secret: &str) -> bool {
    let (time, signature) = (signed_part(received, "t="), signed_part(received, "v1="));
    let bytes: Vec<u8> =
        (0..signature.len()).step_by(2).map(|at| u8::from_str_radix(&signature[at..at + 2], 16).unwrap()).collect();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let signed = format!("{time}.{}", received.body);
    ring::hmac::verify(&key, signed.as_bytes(), &bytes).is_ok()
}

/// A server in this process that sends events.
pub struct Sending {
    pub server: Option<Server>,
    pub store: Store,
    pub told: Arc<Mutex<Vec<String>>>,
    pub runtime: Runtime,
}

impl Sending {
    pub fn start(store: Store, change: impl FnOnce(&mut WebhookConfig)) -> Self {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&told);
        let mut webhooks = WebhookConfig {
            tell: Arc::new(move |endpoint| heard.lock().unwrap().push(endpoint.origin.clone())),
            retry_after: vec![Duration::from_millis(50); 3],
            ..WebhookConfig::new(Clock::new(now))
        };
        change(&mut webhooks);
        let config = ServerConfig {
            targets: BackendTargets::new(store.clone(), None),
            clock: Clock::new(now),
            listen: "127.0.0.1:0".parse().unwrap(),
            admission: AdmissionRules::default(),
            is_isolating: false,
            faults: Vec::new(),
            webhooks,
        };
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(Server::start(config)).unwrap();
        Self { server: Some(server), store, told, runtime }
    }

    pub fn in_memory() -> Self {
        Self::start(Store::open(&StoreLocation::Memory, now()).unwrap(), |_| {})
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub fn send(&self, method: &str, path: &str, params: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        wire::call(self.server().address(), &wire::request(method, path, params, headers))
    }

    #[track_caller]
    pub fn make(&self, path: &str, params: &[(&str, &str)]) -> Value {
        let answer = self.send("POST", path, params, &[]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub fn get(&self, path: &str) -> Value {
        self.send("GET", path, &[], &[]).json()
    }

    /// Makes an endpoint; gives its id and secret.
    #[track_caller]
    pub fn endpoint(&self, url: &str, types: &[&str]) -> (String, String) {
        let types = types.iter().map(|name| ("enabled_events[]", *name));
        let params: Vec<(&str, &str)> = [("url", url)].into_iter().chain(types).collect();
        let made = self.make("/v1/webhook_endpoints", &params);
        let text = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("no {name} in {made}")).to_owned();
        (text("id"), text("secret"))
    }

    /// Makes calls go wrong by this rule.
    pub fn fault(&self, rule: &str) {
        self.server().set_faults(vec![rule.parse().unwrap()]);
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let server = self.server.take();
        self.runtime.block_on(async { drop(server) });
    }
}

pub fn open(folder: &Path) -> Store {
    Store::open(&StoreLocation::Folder(folder.to_owned()), now()).unwrap()
}

/// How many times each event came.
pub fn times(received: &[Received]) -> HashMap<String, usize> {
    let mut times = HashMap::new();
    for received in received {
        *times.entry(event(received)["id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    times
}

pub fn event_id(page: &Value, event_type: &str) -> String {
    let found = page["data"].as_array().unwrap().iter().find(|event| event["type"] == event_type);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

pub fn distinct_events(got: &[Received]) -> HashSet<String> {
    got.iter().map(|got| event(got)["id"].as_str().unwrap().to_owned()).collect()
}
