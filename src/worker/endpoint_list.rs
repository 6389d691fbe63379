//! The webhook endpoints as the window lists them.

use crate::{
    domain::{
        history::delivery_refusal::EndpointBacklog,
        mask::keyed_hash,
        settings::{origin::PageOrigin, preferences::Settings, receiver::ReceiverUrl},
    },
    messages::{EndpointOrigin, EndpointReach, ListedEndpoint},
    store::{KeptEndpoint, Outbox, Store, StoreError},
    webhooks::forward_id,
};

/// Lists the endpoints by the settings as they were when it was made.
#[derive(Debug)]
pub(super) struct EndpointLister {
    store: Store,
    /// `None` until the first list.
    outbox: Option<Outbox>,
    /// Those of the settings: the id and the URL.
    forwards: Vec<(String, String)>,
    origins: Vec<PageOrigin>,
}

impl EndpointLister {
    pub(super) fn new(store: &Store, settings: &Settings) -> Self {
        let folder_secret = store.workspace_secret();
        let forwards = settings.server.forward_to.iter();
        Self {
            store: store.clone(),
            outbox: None,
            forwards: forwards.map(|url| (forward_id(&folder_secret, url), url.as_str().to_owned())).collect(),
            origins: settings.server.webhook_origins.clone(),
        }
    }

    /// All endpoints: first those of the settings, then those that were made by calls, oldest first.
    pub(super) fn list(&mut self) -> Result<Vec<ListedEndpoint>, StoreError> {
        let outbox = match &mut self.outbox {
            Some(outbox) => outbox,
            none => none.insert(self.store.outbox()?),
        };
        let mut endpoints = Vec::new();
        for (id, url) in &self.forwards {
            endpoints.push(ListedEndpoint {
                id: id.clone(),
                url: url.clone(),
                types: vec!["*".to_owned()],
                account: None,
                origin: EndpointOrigin::Settings,
                reach: EndpointReach::Reached,
                backlog: outbox.backlog(id)?,
            });
        }
        for kept in outbox.endpoints()? {
            let backlog = outbox.backlog(&kept.object.id)?;
            endpoints.push(made_by_call(&kept, &self.origins, backlog));
        }
        Ok(endpoints)
    }
}

fn made_by_call(kept: &KeptEndpoint, origins: &[PageOrigin], backlog: EndpointBacklog) -> ListedEndpoint {
    let KeptEndpoint { world, account, object, .. } = kept;
    let body = &object.body;
    let url = body["url"].as_str().unwrap_or_default();
    let reach = match ReceiverUrl::parse(url) {
        _ if body["status"] != "enabled" => EndpointReach::Disabled,
        Err(error) => EndpointReach::Refused(error.to_string()),
        Ok(parsed) if parsed.reach(origins).is_some() => EndpointReach::Reached,
        Ok(parsed) => EndpointReach::Unnamed { origin: parsed.origin() },
    };
    let types = body["enabled_events"].as_array().into_iter().flatten();
    let account = account.as_deref().or(Some(world.as_str()).filter(|world| !world.is_empty()));
    ListedEndpoint {
        id: object.id.clone(),
        url: url.to_owned(),
        types: types.filter_map(|name| name.as_str().map(str::to_owned)).collect(),
        account: account.map(|account| keyed_hash::shown(account).to_owned()),
        origin: EndpointOrigin::Call,
        reach,
        backlog,
    }
}
