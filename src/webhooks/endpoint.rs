//! A webhook endpoint as events are sent to it.

use serde_json::Value;

use super::config::ForwardTo;
use crate::{
    domain::{
        call::webhook_signature::EndpointSecret,
        mask::keyed_hash::{base62, first_half, keyed_hash},
        settings::{
            origin::PageOrigin,
            receiver::{ReceiverReach, ReceiverUrl},
        },
    },
    minter,
    store::{KeptEndpoint, OutboxEvent},
};

/// An endpoint with all that sending to it needs.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) id: String,
    pub(super) url: ReceiverUrl,
    /// `None` where nothing may be sent to it.
    pub(super) reach: Option<ReceiverReach>,
    pub(super) secret: EndpointSecret,
    /// The version that its events are shown in; `None` for that of the account.
    pub(super) version: Option<String>,
    pub(super) types: Vec<String>,
    pub(super) is_enabled: bool,
    scope: EndpointScope,
}

/// Whose events an endpoint gets.
#[derive(Clone, Debug, PartialEq, Eq)]
enum EndpointScope {
    /// Of one account, in its world.
    Account {
        world: String,
        account: Option<String>,
    },
    /// Of all connected accounts in a world.
    Connected {
        world: String,
    },
    All,
}

/// The id of an endpoint that a person names: it follows from the URL, so that what was not sent to it before the program
/// died is sent by the next one that is given the same URL.
pub fn forward_id(folder_secret: &[u8; 32], url: &ReceiverUrl) -> String {
    let hash = keyed_hash(folder_secret, "forwarded events", url.as_str().as_bytes());
    format!("{FORWARD}{}", base62(first_half(hash), 16))
}

const FORWARD: &str = "we_forward";

impl Endpoint {
    /// `None` where its URL cannot be read.
    pub(super) fn of_kept(kept: &KeptEndpoint, folder_secret: &[u8; 32], named: &[PageOrigin]) -> Option<Self> {
        let body = &kept.object.body;
        let url = ReceiverUrl::parse(body["url"].as_str()?).ok()?;
        let world = kept.world.clone();
        let is_connect = kept.object.state["connect"] == true;
        let scope = if is_connect {
            EndpointScope::Connected { world }
        } else {
            EndpointScope::Account { world, account: kept.account.clone() }
        };
        let types = body["enabled_events"].as_array().into_iter().flatten();
        Some(Self {
            reach: url.reach(named),
            url,
            secret: EndpointSecret::of(folder_secret, &kept.object.id),
            version: body["api_version"].as_str().map(str::to_owned),
            types: types.filter_map(Value::as_str).map(str::to_owned).collect(),
            is_enabled: body["status"] == "enabled",
            scope,
            id: kept.object.id.clone(),
        })
    }

    pub(super) fn of_forward(forward: &ForwardTo, folder_secret: &[u8; 32]) -> Self {
        let id = forward_id(folder_secret, &forward.url);
        Self {
            reach: forward.url.reach(&[]).or(Some(ReceiverReach::Named)),
            url: forward.url.clone(),
            secret: EndpointSecret::of(folder_secret, &id),
            version: None,
            types: forward.types.clone(),
            is_enabled: true,
            scope: EndpointScope::All,
            id,
        }
    }

    pub(super) fn is_forward(&self) -> bool {
        self.scope == EndpointScope::All
    }

    /// Whether anything is sent to it.
    pub(super) fn is_reached(&self) -> bool {
        self.is_enabled && self.reach.is_some()
    }

    /// Whether an event is for it.
    pub(super) fn takes(&self, event: &OutboxEvent) -> bool {
        let is_of_scope = match &self.scope {
            EndpointScope::Account { world, account } => (&event.world, &event.account) == (world, account),
            EndpointScope::Connected { world } => event.world == *world && event.account.is_some(),
            EndpointScope::All => true,
        };
        is_of_scope && minter::event_fits(&self.types, &event.event)
    }

    /// Whether its events name the account that they are of.
    pub(super) fn names_accounts(&self) -> bool {
        !matches!(self.scope, EndpointScope::Account { .. })
    }
}
