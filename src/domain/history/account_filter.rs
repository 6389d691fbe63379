//! Whose tokens and calls a list shows, where there are several accounts.

use crate::domain::mask::keyed_hash;

/// An account by which a list is narrowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountFilter {
    /// The account itself, in the common world.
    Own,
    /// A connected one or one with a world of its own, as [`super::entry::HistoryEntry::account`] has it.
    Other(String),
}

impl AccountFilter {
    /// The filter that an entry or a call of this account passes.
    pub fn of(account: Option<&str>) -> Self {
        account.map_or(Self::Own, |account| Self::Other(account.to_owned()))
    }

    /// The account as the store has it; `None` for the account itself.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Own => None,
            Self::Other(account) => Some(account),
        }
    }

    /// "Own account", or the id.
    pub fn words(&self) -> String {
        self.account().map_or("Own account", keyed_hash::shown).to_owned()
    }
}
