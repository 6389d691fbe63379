//! What all connections of a server share.

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
};

use rand::RngExt as _;
use tokio::sync::Semaphore;

use super::{intake::MemoryBudget, world_faults::WorldFaults};
use crate::{
    backend::{AdmissionRules, BackendTargets},
    domain::{clock::Clock, fault::FaultRule},
    webhooks::WebhookConfig,
};

/// What the calls that come in may hold in memory together, and what the answers that go out may.
const BYTES_IN_FLIGHT: usize = 64 << 20;
/// So many calls at most are with the minter at once. It answers one after the other, and commits what waits as a
/// group: more would make no group faster, and their answers are not counted before they are there.
const MOST_AT_WORK: usize = 256;

/// What a server is started with.
pub struct ServerConfig {
    pub targets: BackendTargets,
    pub clock: Clock,
    /// `127.0.0.1` or `[::1]` and a port; port 0 takes any free one.
    pub listen: SocketAddr,
    pub admission: AdmissionRules,
    /// Whether the keys of each account have a world of their own: objects, ids, a clock and faults.
    pub is_isolating: bool,
    pub faults: Vec<FaultRule>,
    /// By what events are sent while the server runs.
    pub webhooks: WebhookConfig,
}

/// What all connections share.
pub(super) struct SharedState {
    pub(super) targets: BackendTargets,
    pub(super) clock: Clock,
    /// The port that the server listens on, by which it knows its own origin.
    pub(super) port: u16,
    origin: Arc<str>,
    /// Whether the keys of each account have a world of their own.
    pub(super) is_isolating: bool,
    pub(super) faults: WorldFaults,
    /// What the heads and bodies of the calls in flight take of the memory.
    pub(super) arriving: MemoryBudget,
    /// What the answers take that their clients have not read yet.
    pub(super) leaving: MemoryBudget,
    /// A permit for each call that the minter has at once.
    pub(super) at_work: Semaphore,
    /// The bearer token of the control routes.
    pub(super) control_token: String,
    admission: RwLock<Arc<AdmissionRules>>,
}

impl SharedState {
    /// `address` is where the server listens.
    pub(super) fn new(config: ServerConfig, address: SocketAddr) -> Self {
        let ServerConfig { targets, clock, listen: _, admission, is_isolating, faults, webhooks: _ } = config;
        Self {
            targets,
            clock,
            port: address.port(),
            origin: format!("http://{address}").into(),
            is_isolating,
            faults: WorldFaults::new(faults),
            arriving: MemoryBudget::new(BYTES_IN_FLIGHT),
            leaving: MemoryBudget::new(BYTES_IN_FLIGHT),
            at_work: Semaphore::new(MOST_AT_WORK),
            control_token: new_control_token(),
            admission: RwLock::new(Arc::new(admission)),
        }
    }

    /// Where the server is reached: `http`, its address and its port.
    pub(super) fn origin(&self) -> Arc<str> {
        Arc::clone(&self.origin)
    }

    /// By what calls are let in now. A call keeps the rules that it began with.
    pub(super) fn admission(&self) -> Arc<AdmissionRules> {
        Arc::clone(&self.admission.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_admission(&self, rules: AdmissionRules) {
        *self.admission.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }
}

/// `ctl_` and 32 letters and digits.
fn new_control_token() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut random = rand::rng();
    let token: String = (0..32).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect();
    format!("ctl_{token}")
}
