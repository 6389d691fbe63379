//! The loopback server: Stripe's own SDKs talk to the minter on this machine.
//!
//! ```text
//! bytes ─► admission: Host, page, key ─► intake: the body, in bounds ─► http: form ─► faults ─► backend ─► committed ─► bytes
//!              └─ refused before the body is read                                       └─ what goes wrong on purpose
//! ```
//!
//! It listens on the loopback interface only, checks `Host` and from which page a call comes, and takes calls of pages of
//! other origins, to which `cors` gives the permission, only where a person named the origin. What all calls in flight take of memory together is bounded. It knows nothing of cards. A [`Server`] is a
//! value: it is bound when it is there, and dropping it stops it. `connections` accepts and closes connections,
//! `routes` says which function answers a path: `call` for the API, `control` for the server's own paths, `payer` for the
//! pages on which payers authenticate payments, which `page_html` writes.

mod admission;
mod call;
mod connections;
mod control;
mod cors;
mod faults;
mod http;
mod intake;
mod lingering;
mod page_html;
mod payer;
mod routes;
mod shared;
mod slot;
mod world_faults;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use tokio::{net::TcpListener, runtime::Handle, sync::watch, task::JoinHandle};

use crate::{
    backend::AdmissionRules,
    domain::{call::payer_page::PayerPages, fault::FaultRule, settings::origin::PageOrigin},
    webhooks::{ForwardTo, WebhookDelivery},
};
pub use shared::ServerConfig;
use shared::SharedState;

/// How many ports after a taken one are tried for a free one.
const PORTS_TRIED: u16 = 64;

/// Why a server could not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A server that listened elsewhere would refuse every call that reaches it, for it checks `Host`.
    #[error("The server listens on 127.0.0.1 or [::1] and answers to nothing else: {0} is neither. Use 127.0.0.1")]
    NotThisMachine(SocketAddr),
    #[error(
        "Port {} of {} is taken by another program{}",
        address.port(),
        address.ip(),
        next_free.map(|port| format!(". The next free one is {port}")).unwrap_or_default()
    )]
    Taken { address: SocketAddr, next_free: Option<u16> },
    #[error("The server cannot send events: {0}")]
    Webhooks(String),
    #[error("Could not listen on {address}: {reason}")]
    Other { address: SocketAddr, reason: String },
}

/// A server that listens. Dropping it cuts off what is in flight; [`Server::stop`] lets it finish.
pub struct Server {
    address: SocketAddr,
    shared: Arc<SharedState>,
    stopping: watch::Sender<bool>,
    task: JoinHandle<()>,
    /// Until it is stopped.
    delivery: Option<WebhookDelivery>,
}

impl Server {
    /// Binds the address, then serves on the runtime that this is called on.
    ///
    /// # Errors
    /// An address that is not `127.0.0.1` or `[::1]`, is taken, or cannot be bound.
    pub async fn start(config: ServerConfig) -> Result<Self, StartError> {
        let listen = config.listen;
        if ![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].contains(&listen.ip()) {
            return Err(StartError::NotThisMachine(listen));
        }
        let listener = bind(listen).await?;
        let address =
            listener.local_addr().map_err(|error| StartError::Other { address: listen, reason: error.to_string() })?;
        let (store, webhooks) = (config.targets.store().clone(), config.webhooks.clone());
        let shared = Arc::new(SharedState::new(config, address));
        let pages = PayerPages::new(shared.origin(), None);
        let delivery = WebhookDelivery::start(store, webhooks, pages);
        let delivery = delivery.map_err(|error| StartError::Webhooks(error.to_string()))?;
        let (stopping, stopped) = watch::channel(false);
        let task = tokio::spawn(connections::serve(listener, routes::router(Arc::clone(&shared)), stopped));
        tracing::info!(%address, "serving");
        Ok(Self { address, shared, stopping, task, delivery: Some(delivery) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bearer token that the paths below `/_testcard/` ask for.
    pub fn control_token(&self) -> &str {
        &self.shared.control_token
    }

    /// How often the thread that sends events woke.
    pub fn delivery_wakes(&self) -> u64 {
        self.delivery.as_ref().map_or(0, WebhookDelivery::wakes)
    }

    /// Puts these rules in the place of those before. Their counts begin at zero.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        self.shared.faults.set(rules);
    }

    /// Lets calls in by these rules from now on.
    pub fn set_admission(&self, rules: AdmissionRules) {
        self.shared.set_admission(rules);
    }

    /// Lets webhook endpoints be at these origins besides this machine from now on.
    pub fn set_webhook_origins(&self, origins: Vec<PageOrigin>) {
        if let Some(delivery) = &self.delivery {
            delivery.set_origins(origins);
        }
    }

    /// Sends all events that come from now on to these endpoints, and no more to others that were named before.
    pub fn set_forwards(&self, forwards: Vec<ForwardTo>) {
        if let Some(delivery) = &self.delivery {
            delivery.set_forwards(forwards);
        }
    }

    /// Takes no more calls, and ends once those in flight are answered and what was sent of their events is written down.
    pub async fn stop(mut self) {
        let _ = self.stopping.send(true);
        // A task that failed has ended too.
        let _ = (&mut self.task).await;
        if let Some(delivery) = self.delivery.take() {
            // To drop it is to wait for its thread, which says itself how it ended.
            let _ = tokio::task::spawn_blocking(move || drop(delivery)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        // To drop it is to wait for its thread, which would hold the runtime up.
        if let (Some(delivery), Ok(runtime)) = (self.delivery.take(), Handle::try_current()) {
            drop(runtime.spawn_blocking(move || drop(delivery)));
        }
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
