//! What the window asks of webhook endpoints: which there are, and the secrets that their events are signed with.

use super::{commands::CommandHandler, endpoint_list::EndpointLister, lookups::LookupQuestion};
use crate::{
    domain::{call::webhook_signature::EndpointSecret, secret::SecretText},
    messages::WorkerUpdate,
};

impl CommandHandler {
    /// Tells the endpoints, now and whenever something of them changes.
    pub(super) fn watch_webhooks(&self) {
        let lister = EndpointLister::new(self.resolver.targets.store(), &self.settings);
        self.history.look_up(LookupQuestion::WatchEndpoints(Some(Box::new(lister))));
    }

    pub(super) fn tell_secret(&self, endpoint: String) {
        let secret = EndpointSecret::of(&self.resolver.targets.store().workspace_secret(), &endpoint);
        // A person asked to see it: it goes to the dialog and nowhere else.
        let secret = SecretText::new(secret.expose());
        self.outbox.send(WorkerUpdate::Secret { endpoint, secret });
    }
}
