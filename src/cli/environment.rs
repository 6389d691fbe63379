//! The clock and the environment of the process, as `main` read them.

use std::path::PathBuf;

use crate::{domain::clock::Clock, keys::ApiKeys};

/// What `main` read for the command line, which reads neither the clock nor the environment itself.
#[derive(Clone)]
pub struct ProcessEnvironment {
    pub clock: Clock,
    /// The value of `TESTCARD_HOME`.
    pub home: Option<PathBuf>,
    /// The value of `STRIPE_SECRET_KEY`.
    pub stripe_key: Option<String>,
    /// Reads another variable, for files that name one; `None` also for what is not UTF-8.
    pub variable: fn(&str) -> Option<String>,
}

impl ProcessEnvironment {
    /// The keys for the real API. With `TESTCARD_HOME` no keyring is used, so that what is tried in such a folder
    /// leaves no trace outside of it.
    pub fn keys(&self) -> ApiKeys {
        let environment = self.stripe_key.clone();
        if self.home.is_some() { ApiKeys::session_only(environment) } else { ApiKeys::new(environment) }
    }
}
