//! The loopback server: Stripe's own SDKs talk to the minter on this machine.
//!
//! ```text
//! bytes ─► door: Host, Origin, key ─► intake: the body, in bounds ─► http: form ─► faults ─► backend ─► committed ─► bytes
//!           └─ refused before the body is read                                      └─ what goes wrong on purpose
//! ```
//!
//! It listens on the loopback interface only, checks `Host` and `Origin`, and sends no permission to pages of other
//! origins. What all calls in flight take of memory together is bounded. It knows nothing of cards. A [`Server`] is a value: it is bound when it is there, and dropping it stops it.

mod admission;
mod connections;
mod control;
mod faults;
mod http;
mod intake;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, PoisonError, RwLock},
};

use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
};

use crate::{
    backend::{Door, Targets},
    domain::{clock::Clock, fault::Rule},
};
use faults::Faults;
use intake::Budget;

/// What the calls that come in may hold in memory together, and what the answers that go out may.
const BYTES_IN_FLIGHT: usize = 64 << 20;
/// So many calls at most are with the minter at once. It answers one after the other, and commits what waits as a group:
/// more would make no group faster, and their answers are not counted before they are there.
const MOST_AT_WORK: usize = 256;

/// How many ports after a taken one are tried for a free one.
const PORTS_TRIED: u16 = 64;

/// What a server is started with.
pub struct Config {
    pub targets: Targets,
    pub clock: Clock,
    /// `127.0.0.1` or `[::1]`, which calls are let in by; port 0 takes any free one.
    pub listen: SocketAddr,
    pub door: Door,
    pub faults: Vec<Rule>,
}

/// Why a server could not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// What is listened on and what is answered to are the same, so that nobody starts a server that refuses all calls.
    #[error("The server listens on 127.0.0.1 or [::1] and answers to nothing else: {0} is neither. Use 127.0.0.1")]
    NotThisMachine(SocketAddr),
    #[error(
        "Port {} of {} is taken by another program{}",
        address.port(),
        address.ip(),
        next_free.map(|port| format!(". The next free one is {port}")).unwrap_or_default()
    )]
    Taken { address: SocketAddr, next_free: Option<u16> },
    #[error("Could not listen on {address}: {reason}")]
    Other { address: SocketAddr, reason: String },
}

/// A server that listens. Dropping it cuts off what is in flight; [`Server::stop`] lets it finish.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stopping: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What all connections share.
struct Shared {
    targets: Targets,
    clock: Clock,
    door: RwLock<Arc<Door>>,
    faults: Faults,
    /// Heads and bodies of the calls in flight.
    arriving: Budget,
    /// Answers that their clients have not taken yet.
    leaving: Budget,
    at_work: Semaphore,
    /// Guards the routes that are not Stripe's.
    control_token: String,
}

impl Shared {
    fn door(&self) -> Arc<Door> {
        Arc::clone(&self.door.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Server {
    /// Binds the address, then serves on the runtime that this is called on.
    ///
    /// # Errors
    /// An address that is not `127.0.0.1` or `[::1]`, is taken, or cannot be bound.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let Config { targets, clock, listen, door, faults } = config;
        if ![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].contains(&listen.ip()) {
            return Err(StartError::NotThisMachine(listen));
        }
        let listener = bind(listen).await?;
        let address =
            listener.local_addr().map_err(|error| StartError::Other { address: listen, reason: error.to_string() })?;
        let shared = Arc::new(Shared {
            targets,
            clock,
            door: RwLock::new(Arc::new(door)),
            faults: Faults::new(faults),
            arriving: Budget::new(BYTES_IN_FLIGHT),
            leaving: Budget::new(BYTES_IN_FLIGHT),
            at_work: Semaphore::new(MOST_AT_WORK),
            control_token: control::new_control_token(),
        });
        let (stopping, stopped) = watch::channel(false);
        let task = tokio::spawn(connections::serve(listener, Arc::clone(&shared), stopped));
        tracing::info!(%address, "serving");
        Ok(Self { address, shared, stopping, task })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `/_testcard/` asks for as a bearer token.
    pub fn control_token(&self) -> &str {
        &self.shared.control_token
    }

    /// Takes these rules in the place of those before; their counts begin anew.
    pub fn set_faults(&self, rules: Vec<Rule>) {
        self.shared.faults.set(rules);
    }

    /// Lets calls in by this from now on.
    pub fn set_door(&self, door: Door) {
        *self.shared.door.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(door);
    }

    /// Takes no more calls, and ends once those in flight are answered.
    pub async fn stop(mut self) {
        let _ = self.stopping.send(true);
        // A task that failed has ended too.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(StartError::Taken { address, next_free: next_free(address).await })
        }
        Err(error) => Err(StartError::Other { address, reason: error.to_string() }),
    }
}

async fn next_free(taken: SocketAddr) -> Option<u16> {
    for port in (taken.port().checked_add(1)?..=u16::MAX).take(PORTS_TRIED.into()) {
        if TcpListener::bind((taken.ip(), port)).await.is_ok() {
            return Some(port);
        }
    }
    None
}
