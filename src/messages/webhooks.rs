//! What the background tells of webhook endpoints.

use crate::domain::history::delivery_refusal::EndpointBacklog;

/// An endpoint as the window lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedEndpoint {
    pub id: String,
    pub url: String,
    /// The types of events that it asks for, as in `enabled_events`.
    pub types: Vec<String>,
    /// The connected account, or the account with a world of its own, that it is of.
    pub account: Option<String>,
    pub origin: EndpointOrigin,
    pub reach: EndpointReach,
    pub backlog: EndpointBacklog,
}

/// Who named an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointOrigin {
    /// The settings of this window.
    Settings,
    /// A call made it.
    Call,
}

/// Whether an endpoint gets events while a server runs, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointReach {
    Reached,
    Disabled,
    /// It is at an origin besides this machine that nobody named.
    Unnamed {
        origin: String,
    },
    /// Its URL is none that anything is sent to, and why.
    Refused(String),
}
