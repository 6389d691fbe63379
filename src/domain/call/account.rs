//! Accounts as calls name them: in `Stripe-Account`, and by their keys.

use std::sync::Arc;

use super::api::ApiRequest;
use crate::domain::key::{ApiKey, KeyError};

/// The header that names the connected account which a call is for.
pub const ACCOUNT_HEADER: &str = "Stripe-Account";
const PREFIX: &str = "acct_";
/// The longest id, in characters: that of every id of the API.
const LONGEST: usize = 255;
/// How many characters of a modern key are those of its account's id.
const ID_IN_KEY: usize = 16;

/// The id of an account: `acct_` and letters and digits. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(Arc<str>);

impl AccountId {
    /// `None` for a text that has not the form of an account's id.
    pub fn parse(text: &str) -> Option<Self> {
        let own = text.strip_prefix(PREFIX)?;
        let is_id = !own.is_empty() && text.len() <= LONGEST && own.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_id.then(|| Self(text.into()))
    }

    /// The account of a key of today's form, in which its id stands: `sk_test_5`, then the sixteen characters of the
    /// id, which begin with 1. Seen in published keys; Stripe does not document it. `None` for any other key.
    pub fn in_key(key: &ApiKey) -> Option<Self> {
        let id = key.own_part().strip_prefix('5')?.get(..ID_IN_KEY)?;
        id.starts_with('1').then(|| Self::parse(&format!("{PREFIX}{id}"))).flatten()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An account as a person names it: by its id, or by a test key of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountName {
    Id(AccountId),
    Key(ApiKey),
}

/// Why a text names no account. The message does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountNameError {
    #[error("This is neither the id of an account (acct_ and letters and digits) nor a test key")]
    Neither,
    #[error(transparent)]
    LiveKey(KeyError),
}

impl AccountName {
    /// # Errors
    /// A text that is neither; a live key.
    pub fn parse(text: &str) -> Result<Self, AccountNameError> {
        if let Some(id) = AccountId::parse(text) {
            return Ok(Self::Id(id));
        }
        ApiKey::parse(text).map(Self::Key).map_err(|error| match error {
            KeyError::Live => AccountNameError::LiveKey(error),
            KeyError::Malformed => AccountNameError::Neither,
        })
    }
}

impl ApiRequest {
    /// The account that the request names, as it was sent. An empty header names none.
    pub fn named_account(&self) -> Option<&str> {
        self.header(ACCOUNT_HEADER).filter(|account| !account.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_prefix_letters_and_digits() {
        for (text, is_id) in [
            ("acct_1", true),
            ("acct_1032D82eZvKYlo2C", true),
            ("acct_", false),
            ("acct", false),
            ("", false),
            ("1032D82eZvKYlo2C", false),
            ("ACCT_1", false),
            ("acct_fake_account", false),
            ("acct_1 ", false),
            ("acct_é", false),
            ("cus_1", false),
        ] {
            assert_eq!(AccountId::parse(text).is_some(), is_id, "{text}");
        }
        assert!(AccountId::parse(&format!("acct_{}", "1".repeat(250))).is_some());
        assert_eq!(AccountId::parse(&format!("acct_{}", "1".repeat(251))), None);
    }

    #[test]
    fn a_key_of_todays_form_names_its_account() {
        for (key, account) in [
            ("sk_test_51ABCDEFGHIJKLMNOPqrstuvwxyz", Some("acct_1ABCDEFGHIJKLMNO")),
            ("pk_test_51ABCDEFGHIJKLMNOother", Some("acct_1ABCDEFGHIJKLMNO")),
            ("rk_test_51ABCDEFGHIJKLMNO", Some("acct_1ABCDEFGHIJKLMNO")),
            ("sk_test_51ABCDEFGHIJKLMN", None),
            ("sk_test_52ABCDEFGHIJKLMNOPqrstuvwxyz", None),
            ("sk_test_51ABCDEFGHIJ_LMNOPqrstuvwxyz", None),
            ("sk_test_4eC39HqLyjWDarjtT1zdp7dc", None),
            ("sk_test_123", None),
        ] {
            let found = AccountId::in_key(&ApiKey::parse(key).unwrap());
            assert_eq!(found.as_ref().map(AccountId::as_str), account, "{key}");
        }
    }
}
