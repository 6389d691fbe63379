//! The loopback server: Stripe's own SDKs talk to the minter on this machine.
//!
//! ```text
//! bytes ─► http: Host, body, form ─► faults: what goes wrong on purpose ─► backend ─► committed ─► bytes
//!                                     └─ before the work: 429, 500, 503, drop; nothing reaches the minter
//! ```
//!
//! It listens on the loopback interface only, checks `Host`, and sends no permission to pages of other origins. It knows
//! nothing of cards. A [`Server`] is a value: it is bound when it is there, and dropping it stops it.

mod connections;
mod faults;
mod http;
mod own;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    backend::{Door, Targets},
    domain::{clock::Clock, fault::Rule},
};
use faults::Faults;

/// How many ports after a taken one are tried for a free one.
const PORTS_TRIED: u16 = 64;

/// What a server is started with.
pub struct Config {
    pub targets: Targets,
    pub clock: Clock,
    /// An address of the loopback interface; port 0 takes any free one.
    pub listen: SocketAddr,
    pub door: Door,
    pub faults: Vec<Rule>,
}

/// Why a server could not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    #[error("The server listens on this machine only: {0} is no loopback address. Use 127.0.0.1")]
    NotLoopback(SocketAddr),
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
    /// An address that is not of the loopback interface, is taken, or cannot be bound.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let Config { targets, clock, listen, door, faults } = config;
        if !listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(listen));
        }
        let listener = bind(listen).await?;
        let address =
            listener.local_addr().map_err(|error| StartError::Other { address: listen, reason: error.to_string() })?;
        let shared = Arc::new(Shared {
            targets,
            clock,
            door: RwLock::new(Arc::new(door)),
            faults: Faults::new(faults),
            control_token: own::new_control_token(),
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
