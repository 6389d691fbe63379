//! Which account a call is for: the account itself, or a connected one that `Stripe-Account` names. Every account that
//! could be one is connected.

use super::{auth, workspace::MinterAccount};
use crate::domain::{
    call::{account::AccountId, api::ApiRequest, error::ApiError},
    mask,
};

/// The account that a call is for, where it is not the account itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConnectedAccount {
    pub(super) id: AccountId,
    /// What its objects and idempotency keys are stored and looked up under.
    pub(super) stored: String,
}

/// The connected account that a request names; `None` where it names none, or the account itself.
///
/// # Errors
/// A name that has not the form of an account's id.
pub(super) fn connected(request: &ApiRequest, workspace: &MinterAccount) -> Result<Option<ConnectedAccount>, ApiError> {
    // Whoever calls from within has no key to show.
    let Some(id) = named(request, || "sk_test_***".to_owned())? else { return Ok(None) };
    let is_own = id.as_str() == workspace.account_id();
    let stored = workspace.identities().stored(id.as_str());
    Ok((!is_own).then_some(ConnectedAccount { id, stored }))
}

/// Refuses a request that names an account which cannot be one, in Stripe's recorded words.
///
/// # Errors
/// 403, with `key` as Stripe shows it.
pub(super) fn check(request: &ApiRequest, key: &str) -> Result<(), ApiError> {
    named(request, || auth::starred(key)).map(drop)
}

fn named(request: &ApiRequest, shown_key: impl FnOnce() -> String) -> Result<Option<AccountId>, ApiError> {
    let Some(named) = request.named_account() else { return Ok(None) };
    AccountId::parse(named).map(Some).ok_or_else(|| {
        let message = format!(
            "The provided key '{}' does not have access to account '{}' (or that account does not exist). \
             Application access may have been revoked.",
            shown_key(),
            mask::identity(named)
        );
        ApiError::request(Some("account_invalid"), None, message).with_status(403)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::call::account::ACCOUNT_HEADER;

    fn naming(account: &str) -> ApiRequest {
        let headers = vec![(ACCOUNT_HEADER.to_owned(), account.to_owned())];
        ApiRequest { headers, ..ApiRequest::get("/v1/charges") }
    }

    #[test]
    fn the_account_itself_is_no_connected_one() {
        let workspace = MinterAccount::seeded(1);
        for (request, expected) in [
            (ApiRequest::get("/v1/charges"), None),
            (naming(""), None),
            (naming(workspace.account_id()), None),
            (naming("acct_1"), Some("acct_1")),
        ] {
            let found = connected(&request, &workspace).unwrap();
            assert_eq!(found.as_ref().map(|account| account.id.as_str()), expected);
        }
    }

    #[test]
    fn what_cannot_be_an_account_is_refused_as_recorded() {
        let error = check(&naming("acct_fake_account"), "sk_test_abcdefghijklmn").unwrap_err();
        assert_eq!((error.http_status, error.code, error.param), (403, Some("account_invalid"), None));
        let expected = "The provided key 'sk_test_**********klmn' does not have access to account 'acct_fake_account' \
                        (or that account does not exist). Application access may have been revoked.";
        assert_eq!(error.message, expected);
        assert_eq!(connected(&naming("acct_"), &MinterAccount::seeded(1)).unwrap_err().code, Some("account_invalid"));
        let secret = check(&naming("4111 1111 1111 1111"), "sk_test_abcdefghijklmn").unwrap_err();
        assert!(!secret.message.contains("1111 1111"), "{}", secret.message);
    }
}
