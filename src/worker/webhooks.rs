//! The webhook endpoints as the window lists them, and the secrets that their events are signed with.

use super::commands::CommandHandler;
use crate::{
    domain::{
        call::webhook_signature::EndpointSecret,
        mask::keyed_hash,
        secret::SecretText,
        settings::{preferences::Settings, receiver::ReceiverUrl},
    },
    messages::{EndpointOrigin, EndpointReach, ListedEndpoint, WorkerUpdate},
    store::{KeptEndpoint, Store, StoreError},
    webhooks::forward_id,
};

impl CommandHandler {
    pub(super) fn load_webhooks(&self) {
        let (store, outbox) = (self.resolver.targets.store().clone(), self.outbox.clone());
        let settings = self.settings.clone();
        tokio::task::spawn_blocking(move || match listed(&store, &settings) {
            Ok(endpoints) => outbox.send(WorkerUpdate::Webhooks(endpoints)),
            Err(error) => outbox.problem(&error),
        });
    }

    pub(super) fn tell_secret(&self, endpoint: String) {
        let secret = EndpointSecret::of(&self.resolver.targets.store().workspace_secret(), &endpoint);
        // A person asked to see it: it goes to the dialog and nowhere else.
        let secret = SecretText::new(secret.expose());
        self.outbox.send(WorkerUpdate::Secret { endpoint, secret });
    }
}

/// All endpoints: first those of the settings, then those that were made by calls, oldest first.
fn listed(store: &Store, settings: &Settings) -> Result<Vec<ListedEndpoint>, StoreError> {
    let folder_secret = store.workspace_secret();
    let mut endpoints: Vec<ListedEndpoint> = settings
        .server
        .forward_to
        .iter()
        .map(|url| ListedEndpoint {
            id: forward_id(&folder_secret, url),
            url: url.as_str().to_owned(),
            types: vec!["*".to_owned()],
            account: None,
            origin: EndpointOrigin::Settings,
            reach: EndpointReach::Reached,
        })
        .collect();
    endpoints.extend(store.outbox()?.endpoints()?.iter().map(|kept| made_by_call(kept, settings)));
    Ok(endpoints)
}

fn made_by_call(kept: &KeptEndpoint, settings: &Settings) -> ListedEndpoint {
    let KeptEndpoint { world, account, object, .. } = kept;
    let body = &object.body;
    let url = body["url"].as_str().unwrap_or_default();
    let reach = match ReceiverUrl::parse(url) {
        _ if body["status"] != "enabled" => EndpointReach::Disabled,
        Err(error) => EndpointReach::Refused(error.to_string()),
        Ok(parsed) if parsed.reach(&settings.server.webhook_origins).is_some() => EndpointReach::Reached,
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
    }
}
