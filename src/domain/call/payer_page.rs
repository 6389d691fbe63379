//! The pages of the loopback server on which payers authenticate payments, where Stripe has those of the cards' banks.

use std::sync::Arc;

use crate::domain::{call::account::AccountId, mask};

/// What the path of every such page begins with. The intent and its attempt to authenticate follow.
pub const PAYER_PAGES: &str = "/_testcard/3ds";
/// Its parameter with the account whose world the intent is in, as the control routes have it.
pub const WORLD: &str = "account";
/// Its parameter with the connected account that the intent belongs to.
pub const CONNECTED: &str = "connected";
/// What a page is answered with: the `object` of the body, and the attribute of an error that shows it.
pub const PAYER_PAGE: &str = "payer_page";

/// Where the pages of a call are that came to no server: nowhere. `testcard authenticate` does what their buttons would, and a
/// server that is asked for the intent later shows its own page ([`PayerPages::here`]).
pub const NO_PAGE: &str = "https://authentication.testcard.invalid";

/// The server that shows the pages of a call's intents. It is handed down with the call, for the minter knows no server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayerPages {
    /// Such as `http://127.0.0.1:12111`.
    origin: Arc<str>,
    /// Where each account has a world of its own, the account whose world the call is in.
    world: Option<AccountId>,
}

impl PayerPages {
    pub fn new(origin: Arc<str>, world: Option<AccountId>) -> Self {
        Self { origin, world }
    }

    /// For a call that came to no server.
    pub fn nowhere() -> Self {
        Self::new(NO_PAGE.into(), None)
    }

    /// The address of the page for an attempt to authenticate an intent, of a connected account where one is named. `None`
    /// for an account that may hold a secret: what is masked when it is written down would lead nowhere.
    pub fn url(&self, intent: &str, attempt: &str, connected: Option<&str>) -> Option<String> {
        let mut url = format!("{}{PAYER_PAGES}/{intent}/{attempt}", self.origin);
        let named = [(WORLD, self.world.as_ref().map(AccountId::as_str)), (CONNECTED, connected)];
        let mut sign = "?";
        // The ids of accounts are letters, digits and `_`.
        for (name, account) in named {
            let Some(account) = account else { continue };
            if !mask::is_whole(account) {
                return None;
            }
            url.extend([sign, name, "=", account]);
            sign = "&";
        }
        Some(url)
    }
}

impl PayerPages {
    /// The address of the same page at this server, whichever server made it; `None` for an address that is no page's.
    pub fn here(&self, url: &str) -> Option<String> {
        let (_, page) = url.split_once(PAYER_PAGES)?;
        Some(format!("{}{PAYER_PAGES}{page}", self.origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_whose_intent_it_is() {
        let account = |id: &str| AccountId::parse(id).unwrap();
        let pages = |world: Option<&str>| PayerPages::new("http://[::1]:1".into(), world.map(account));
        let page = "http://[::1]:1/_testcard/3ds/pi_1/1-x";
        assert_eq!(pages(None).url("pi_1", "1-x", None).as_deref(), Some(page));
        let both = pages(Some("acct_1")).url("pi_1", "1-x", Some("acct_2")).unwrap();
        assert_eq!(both, format!("{page}?account=acct_1&connected=acct_2"));
        let connected = pages(None).url("pi_1", "1-x", Some("acct_2")).unwrap();
        assert_eq!(connected, format!("{page}?connected=acct_2"));
        assert_eq!(pages(None).url("pi_1", "1-x", Some("acct_4539578763621486")), None);
        let moved = PayerPages::new("http://127.0.0.1:2".into(), None);
        assert_eq!(
            moved.here(&both).as_deref(),
            Some("http://127.0.0.1:2/_testcard/3ds/pi_1/1-x?account=acct_1&connected=acct_2")
        );
        let nowhere = PayerPages::nowhere().url("pi_1", "1-x", None).unwrap();
        assert_eq!(moved.here(&nowhere).as_deref(), Some("http://127.0.0.1:2/_testcard/3ds/pi_1/1-x"));
        assert_eq!(moved.here("https://authentication.testcard.invalid/src_1"), None);
    }
}
