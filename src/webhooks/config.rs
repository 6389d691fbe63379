//! By what events are sent: to whom besides this machine, and when again.

use std::{fmt, sync::Arc, time::Duration};

use crate::domain::{
    clock::Clock,
    settings::{origin::PageOrigin, receiver::ReceiverUrl},
};

/// When an event that was not taken is sent again. Stripe sends three times more over a few hours in test mode
/// (docs.stripe.com/webhooks#retries); how long the pauses are is undocumented: our choice.
const RETRY_AFTER: [Duration; 3] = [Duration::from_secs(10), Duration::from_mins(10), Duration::from_hours(2)];

/// An endpoint that a person named on the command line. It gets the events of all accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardTo {
    pub url: ReceiverUrl,
    /// The types that are sent, as in `enabled_events`; `*` for all.
    pub types: Vec<String>,
}

impl ForwardTo {
    /// An endpoint that gets events of all types.
    pub fn all(url: ReceiverUrl) -> Self {
        Self { url, types: vec!["*".to_owned()] }
    }
}

/// By what events are sent.
#[derive(Clone)]
pub struct WebhookConfig {
    /// The machine's clock, by which events are signed and sent again.
    pub machine: Clock,
    /// The origins besides this machine that a person named.
    pub origins: Vec<PageOrigin>,
    pub forwards: Vec<ForwardTo>,
    /// The pauses before an event is sent again, as many as there are attempts after the first.
    pub retry_after: Vec<Duration>,
    /// Hears of each endpoint that nothing is sent to, once.
    pub tell: Arc<dyn Fn(&UnnamedEndpoint) + Send + Sync>,
}

/// An endpoint that nothing is sent to: it is elsewhere, at an origin that no person named. How one is named, each front
/// end says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnnamedEndpoint {
    pub id: String,
    pub origin: String,
}

impl WebhookConfig {
    /// Sends to this machine, to endpoints that were made by calls.
    pub fn new(machine: Clock) -> Self {
        Self {
            machine,
            origins: Vec::new(),
            forwards: Vec::new(),
            retry_after: RETRY_AFTER.to_vec(),
            tell: Arc::new(|UnnamedEndpoint { id, origin }| {
                tracing::warn!(id, origin, "nothing is sent to a webhook endpoint, for nobody named its origin");
            }),
        }
    }
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookConfig").field("origins", &self.origins).finish_non_exhaustive()
    }
}
