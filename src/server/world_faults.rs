//! The faults of each world: rules and counts of its own, and what its calls hold.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::faults::FaultInjector;
use crate::domain::{call::account::AccountId, fault::FaultRule};

/// So many worlds at most have faults of their own; the least used one goes first.
const MOST_WORLDS: usize = 1000;

/// The faults of all worlds. A world begins with the rules that the server was given.
pub(super) struct WorldFaults {
    common: Arc<FaultInjector>,
    own: Mutex<OwnFaults>,
}

/// Those of accounts' own worlds.
#[derive(Default)]
struct OwnFaults {
    /// What a new world begins with.
    rules: Vec<FaultRule>,
    /// The higher its number, the later a world was used.
    used: HashMap<AccountId, (u64, Arc<FaultInjector>)>,
    uses: u64,
}

impl WorldFaults {
    pub(super) fn new(rules: Vec<FaultRule>) -> Self {
        let common = Arc::new(FaultInjector::new(rules.clone()));
        Self { common, own: Mutex::new(OwnFaults { rules, ..OwnFaults::default() }) }
    }

    /// Those of a world; `None` is the common one.
    pub(super) fn of(&self, world: Option<&AccountId>) -> Arc<FaultInjector> {
        let Some(world) = world else { return Arc::clone(&self.common) };
        let mut own = self.lock();
        own.uses += 1;
        let now = own.uses;
        if let Some((used, faults)) = own.used.get_mut(world) {
            *used = now;
            return Arc::clone(faults);
        }
        if own.used.len() >= MOST_WORLDS {
            let least = own.used.iter().min_by_key(|(_, (used, _))| *used).map(|(world, _)| world.clone());
            least.map(|world| own.used.remove(&world));
        }
        let faults = Arc::new(FaultInjector::new(own.rules.clone()));
        own.used.insert(world.clone(), (now, Arc::clone(&faults)));
        faults
    }

    /// Puts these rules in the place of those before, in every world.
    pub(super) fn set(&self, rules: Vec<FaultRule>) {
        let mut own = self.lock();
        for (_, faults) in own.used.values() {
            faults.set(rules.clone());
        }
        self.common.set(rules.clone());
        own.rules = rules;
    }

    fn lock(&self) -> MutexGuard<'_, OwnFaults> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(nth: usize) -> AccountId {
        AccountId::parse(&format!("acct_{nth}")).unwrap()
    }

    #[test]
    fn a_world_keeps_its_faults_until_a_thousand_others_were_used_since() {
        let faults = WorldFaults::new(Vec::new());
        let (first, second) = (faults.of(Some(&world(1))), faults.of(Some(&world(2))));
        assert!(!Arc::ptr_eq(&first, &second));
        for nth in 3..=MOST_WORLDS {
            faults.of(Some(&world(nth)));
        }
        assert!(Arc::ptr_eq(&first, &faults.of(Some(&world(1)))));
        faults.of(Some(&world(MOST_WORLDS + 1)));
        assert!(Arc::ptr_eq(&first, &faults.of(Some(&world(1)))), "it was used lately");
        assert!(!Arc::ptr_eq(&second, &faults.of(Some(&world(2)))), "it was not");
    }
}
