//! What both targets need and what is kept from call to call.

use std::sync::{Arc, Mutex, PoisonError};

use super::{call::Backend, save_failures::SaveFailures, worlds::WorldAccounts};
use crate::{
    domain::{
        call::{
            account::{AccountId, AccountName},
            api::{ApiRequest, ApiResponse, TransportError},
        },
        key::ApiKey,
        rules::policies::AccountPolicies,
        settings::{profile::ProfileId, stripe::StripeSettings},
    },
    minter::MinterAccount,
    store::Store,
    stripe::{CallLimits, StripeClient},
};

/// What leads to both targets: the store that both write to, and what is kept from one call to the next. Cheap to
/// clone.
#[derive(Clone, Debug)]
pub struct BackendTargets {
    pub(super) store: Store,
    pub(super) accounts: WorldAccounts,
    client: LastClient,
    pub(super) save_failures: Arc<SaveFailures>,
}

/// The last client of the real API, with the settings and the key that it was made of. It is used again while these are
/// the same, for its connections stay open.
type LastClient = Arc<Mutex<Option<(StripeSettings, ApiKey, Arc<StripeClient>)>>>;

impl BackendTargets {
    /// Both targets over one store. With a seed, ids, fingerprints and request ids are the same on every run.
    pub fn new(store: Store, seed: Option<u64>) -> Self {
        let secret = store.workspace_secret();
        let workspace =
            seed.map_or_else(|| MinterAccount::new(secret), |seed| MinterAccount::seeded(seed).in_folder(&secret));
        let targets = Self {
            store,
            accounts: WorldAccounts::new(workspace),
            client: Arc::default(),
            save_failures: Arc::default(),
        };
        targets.noting_lost_lines()
    }

    /// The same, which hears of lines that are not written of calls that were answered already.
    fn noting_lost_lines(self) -> Self {
        let save_failures = Arc::clone(&self.save_failures);
        self.store.on_lost_line(move |error| save_failures.add(error));
        self
    }

    /// Lets `tell` hear why calls over HTTP are not saved: each reason once a minute at most.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { save_failures: Arc::new(SaveFailures::told_by(tell)), ..self }.noting_lost_lines()
    }

    /// The store that both targets write to.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The stand-in on this machine.
    pub fn local(&self, policies: AccountPolicies) -> Backend {
        Backend::Local { store: self.store.clone(), workspace: Arc::clone(self.accounts.common()), policies }
    }

    /// The account that a key is of.
    pub fn account_of(&self, key: &ApiKey) -> AccountId {
        self.accounts.of_key(key)
    }

    /// The account that a person names.
    pub fn account_named(&self, name: &AccountName) -> AccountId {
        match name {
            AccountName::Id(id) => id.clone(),
            AccountName::Key(key) => self.account_of(key),
        }
    }

    /// The id of the account of the common world.
    pub fn account_id(&self) -> &str {
        self.accounts.common().account_id()
    }

    /// Stripe's test mode, with the settings of a profile. It may read a file of certificates, so it is not for a
    /// thread that must not wait.
    ///
    /// # Errors
    /// [`TransportError::NotSent`] when no client can be made of these settings.
    pub fn stripe(
        &self,
        profile: ProfileId,
        settings: &StripeSettings,
        key: ApiKey,
    ) -> Result<Backend, TransportError> {
        let store = self.store.clone();
        let mut last = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, known_key, client)) = &*last
            && (known, known_key) == (settings, &key)
        {
            return Ok(Backend::Stripe { store, client: Arc::clone(client), profile });
        }
        let client = Arc::new(StripeClient::new(settings, key.clone(), CallLimits::default())?);
        *last = Some((settings.clone(), key, Arc::clone(&client)));
        Ok(Backend::Stripe { store, client, profile })
    }

    /// As [`BackendTargets::stripe`], with limits of its own: for who makes a call again by rules of their own.
    ///
    /// # Errors
    /// As [`BackendTargets::stripe`].
    pub fn stripe_within(
        &self,
        profile: ProfileId,
        settings: &StripeSettings,
        key: ApiKey,
        limits: CallLimits,
    ) -> Result<Backend, TransportError> {
        let client = Arc::new(StripeClient::new(settings, key, limits)?);
        Ok(Backend::Stripe { store: self.store.clone(), client, profile })
    }
}

/// Sends a call to the real API that is written down nowhere: to find out about a key, not to make anything.
///
/// # Errors
/// No usable answer came.
pub async fn send_unrecorded(
    settings: StripeSettings,
    key: ApiKey,
    request: &ApiRequest,
    limits: CallLimits,
) -> Result<ApiResponse, TransportError> {
    // Making a client may read a file of certificates.
    let client = tokio::task::spawn_blocking(move || StripeClient::new(&settings, key, limits)).await;
    client.unwrap_or(Err(TransportError::Cancelled))?.send(request).await
}
