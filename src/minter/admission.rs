//! Whether the key of a call that came over HTTP is let in, before the call is carried out.

use super::{
    accounts, auth,
    routes::{needs_secret_key, route_of},
};
use crate::domain::{
    call::{api::ApiRequest, error::ApiError},
    key::{ApiKey, KeyKind},
    rules::policies::AccountPolicies,
};

/// What the head of a call that came over HTTP says about its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// This key of it is let in, and the call may be carried out.
    Admitted(ApiKey),
    /// It names none, and the key may be among its parameters: see [`admit_by_param`].
    KeyMayFollow,
}

/// The parameter in which Stripe.js sends the key of a call. It is taken out before the call's other parameters are
/// read.
pub const KEY_PARAM: &str = "key";

/// Whether this is a call that Stripe.js makes, so that [`KEY_PARAM`] is none of its own parameters.
pub fn takes_key_param(request: &ApiRequest) -> bool {
    route_of(request).is_some_and(|(route, _)| !route.secret_only)
}

/// Decides about a call that came over HTTP by its `Authorization` header, before its body is read: of the request,
/// only method and path are looked at. Any key of test mode is let in; with `only`, of the secret ones that one alone.
///
/// # Errors
/// What [`auth::authenticate`] refuses, a publishable key where the account does not allow it to make tokens, and a
/// `Stripe-Account` that is no account: answer these with [`super::refusal`].
pub fn admit(
    authorization: Option<&str>,
    request: &ApiRequest,
    policies: AccountPolicies,
    only: Option<&ApiKey>,
) -> Result<Admission, ApiError> {
    if authorization.is_none() && takes_key_param(request) {
        return Ok(Admission::KeyMayFollow);
    }
    let key = auth::authenticate(authorization, needs_secret_key(request), only)?;
    let_in(key, request, policies).map(Admission::Admitted)
}

/// Decides about a call by the key that was sent as the parameter [`KEY_PARAM`]; `None` where none was sent. Where an
/// `Authorization` header was let in, one among the parameters is to be let in too. Gives the key.
///
/// # Errors
/// As [`admit`].
pub fn admit_by_param(
    key: Option<&str>,
    request: &ApiRequest,
    policies: AccountPolicies,
    only: Option<&ApiKey>,
) -> Result<ApiKey, ApiError> {
    let key = auth::recognise(key.unwrap_or_default(), needs_secret_key(request), only)?;
    let_in(key, request, policies)
}

/// Refuses a call with this key for an account that cannot be one: where the parameters of a call that was let in name it.
///
/// # Errors
/// 403, as [`admit`].
pub fn check_account(request: &ApiRequest, key: &ApiKey) -> Result<(), ApiError> {
    accounts::check(request, key.expose())
}

fn let_in(key: ApiKey, request: &ApiRequest, policies: AccountPolicies) -> Result<ApiKey, ApiError> {
    if key.kind() == KeyKind::Publishable && !policies.publishable_keys && request.makes_token() {
        return Err(auth::publishable_keys_refused());
    }
    check_account(request, &key)?;
    Ok(key)
}
