//! The accounts that keys are of: under `serve --isolate` each has a world of its own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    domain::{call::account::AccountId, key::ApiKey},
    minter::MinterAccount,
};

/// So many accounts at most are kept ready. What is not kept is made anew, and is the same.
const MOST_READY: usize = 1000;

/// The account of the common world, and those of the others as far as they are ready.
#[derive(Clone, Debug)]
pub(super) struct WorldAccounts {
    common: Arc<MinterAccount>,
    ready: Arc<Mutex<HashMap<AccountId, Arc<MinterAccount>>>>,
}

impl WorldAccounts {
    pub(super) fn new(common: MinterAccount) -> Self {
        Self { common: Arc::new(common), ready: Arc::default() }
    }

    pub(super) fn common(&self) -> &Arc<MinterAccount> {
        &self.common
    }

    /// The account whose world a call is in; `None` is the common world.
    pub(super) fn of(&self, world: Option<&AccountId>) -> Arc<MinterAccount> {
        let Some(world) = world else { return Arc::clone(&self.common) };
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = ready.get(world) {
            return Arc::clone(account);
        }
        if ready.len() == MOST_READY {
            ready.clear();
        }
        let account = Arc::new(self.common.of_world(world));
        ready.insert(world.clone(), Arc::clone(&account));
        account
    }

    /// The account that a key is of.
    pub(super) fn of_key(&self, key: &ApiKey) -> AccountId {
        AccountId::in_key(key).unwrap_or_else(|| self.common.account_of_key(key))
    }
}
