//! From the settings to a backend: finds the key of a profile and builds the client.

use std::sync::Arc;

use crate::{
    backend::{Backend, BackendTargets, CallLimits},
    domain::{call::api::Target, rules::policies::AccountPolicies, settings::profile::Profile},
    jobs::pace::CallPace,
    keys::ApiKeys,
};

/// What is told where a call needs a key and there is none.
pub(super) const NO_KEY: &str =
    "There is no API key yet. Enter a test key in the settings, or start with STRIPE_SECRET_KEY set";

/// Where a call goes, as the settings had it when it was asked for.
#[derive(Clone)]
pub(super) struct Destination {
    pub(super) target: Target,
    pub(super) profile: Profile,
    pub(super) policies: AccountPolicies,
}

/// Resolves a destination to a backend. Cheap to clone.
#[derive(Clone)]
pub(super) struct BackendResolver {
    pub(super) targets: BackendTargets,
    pub(super) keys: Arc<ApiKeys>,
    /// Of all calls to the real API that jobs make: one for all of them.
    pub(super) pace: CallPace,
}

impl BackendResolver {
    /// The backend of a destination. Looking a key up may take seconds, so it is done off this thread.
    ///
    /// # Errors
    /// One sentence for a person: there is no key, or no client can be built from the settings.
    pub(super) async fn backend(&self, destination: Destination) -> Result<Backend, String> {
        self.backend_within(destination, None).await
    }

    /// The backend of a destination for a run, which makes calls again by its own rules.
    ///
    /// # Errors
    /// As [`Self::backend`].
    pub(super) async fn backend_of_run(&self, destination: Destination) -> Result<Backend, String> {
        self.backend_within(destination, Some(CallLimits { retries: 0, ..CallLimits::default() })).await
    }

    async fn backend_within(&self, destination: Destination, limits: Option<CallLimits>) -> Result<Backend, String> {
        let Destination { target, profile, policies } = destination;
        match target {
            Target::Local => Ok(self.targets.local(policies)),
            Target::Stripe => {
                let resolver = self.clone();
                let made = tokio::task::spawn_blocking(move || {
                    let missing = || resolver.keys.status(profile.id).problem.unwrap_or_else(|| NO_KEY.to_owned());
                    let key = resolver.keys.get(profile.id).ok_or_else(missing)?;
                    let (targets, stripe) = (&resolver.targets, &profile.stripe);
                    let made = match limits {
                        Some(limits) => targets.stripe_within(profile.id, stripe, key, limits),
                        None => targets.stripe(profile.id, stripe, key),
                    };
                    made.map_err(|error| error.to_string())
                });
                made.await.unwrap_or_else(|_| Err("The call could not be prepared".to_owned()))
            }
        }
    }
}
