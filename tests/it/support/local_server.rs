//! The server in this process, with a ledger in memory: what a client really gets, headers included.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::Value;
use testcard::{
    backend::{AdmissionRules, BackendTargets},
    domain::{clock::Clock, rules::policies::AccountPolicies},
    server::{Server, ServerConfig},
    store::{Store, StoreLocation},
    webhooks::WebhookConfig,
};
use tokio::runtime::Runtime;

use super::wire::{self, Answer};

/// A server of its own, stopped when it is dropped.
pub struct LocalServer {
    address: SocketAddr,
    server: Server,
    // Dropped after the server, which runs on it.
    _runtime: Runtime,
}

impl LocalServer {
    /// A server whose ids follow from a seed, at a moment that stays.
    #[track_caller]
    pub fn start() -> Self {
        let now = Timestamp::from_second(1_893_456_000).unwrap();
        let config = ServerConfig {
            targets: BackendTargets::new(Store::open(&StoreLocation::Memory, now).unwrap(), Some(7)),
            clock: Clock::fixed(now),
            listen: "127.0.0.1:0".parse().unwrap(),
            admission: AdmissionRules::default(),
            faults: Vec::new(),
            is_isolating: false,
            webhooks: WebhookConfig::new(Clock::fixed(now)),
        };
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(Server::start(config)).unwrap();
        Self { address: server.address(), server, _runtime: runtime }
    }

    /// Where clients call it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets calls go wrong by these rules from now on.
    #[track_caller]
    pub fn set_faults(&self, rules: &[&str]) {
        self.server.set_faults(rules.iter().map(|rule| rule.parse().unwrap()).collect());
    }

    /// Lets the account have these policies from now on.
    pub fn set_policies(&self, policies: AccountPolicies) {
        self.server.set_admission(AdmissionRules { policies, ..AdmissionRules::default() });
    }

    /// The answer of a call on the customer `cus_held` while another one holds it.
    #[track_caller]
    pub fn while_held(&self, probe: impl Fn() -> Answer) -> Answer {
        self.set_faults(&["POST /v1/customers/cus_held/sources next 1: hold 1s"]);
        let (address, holder) = (self.address, wire::request("POST", "/v1/customers/cus_held/sources", &[], &[]));
        let holder =
            thread::Builder::new().name("holder".to_owned()).spawn(move || wire::call(address, &holder)).unwrap();
        let asked = Instant::now();
        let answer = loop {
            let answer = probe();
            if answer.status == 429 {
                break answer;
            }
            assert!(asked.elapsed() < Duration::from_secs(20), "the customer was never held: {}", answer.text());
        };
        assert_eq!(holder.join().unwrap().status, 404);
        answer
    }

    #[track_caller]
    pub fn send(&self, method: &str, path: &str, params: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        wire::call(self.address, &wire::request(method, path, params, headers))
    }

    /// A POST that must go well.
    #[track_caller]
    pub fn make(&self, path: &str, params: &[(&str, &str)], headers: &[(&str, &str)]) -> Value {
        let answer = self.send("POST", path, params, headers);
        assert_eq!(answer.status, 200, "{path} {params:?}: {}", answer.text());
        answer.json()
    }

    /// The id of a new token of a card with a security code and an address.
    #[track_caller]
    pub fn token(&self, number: &str) -> String {
        let params = [
            ("card[number]", number),
            ("card[exp_month]", "5"),
            ("card[exp_year]", "2035"),
            ("card[cvc]", "314"),
            ("card[address_line1]", "1 Main Street"),
            ("card[address_zip]", "94105"),
        ];
        self.make("/v1/tokens", &params, &[])["id"].as_str().unwrap().to_owned()
    }
}
