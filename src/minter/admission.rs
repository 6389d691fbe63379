//! Whether the key of a call that came over HTTP is let in, before the call is carried out.

use super::{
    auth,
    routes::{needs_secret_key, route_of},
};
use crate::domain::{
    call::{api::ApiRequest, error::ApiError},
    key::{ApiKey, KeyKind},
    rules::policies::Policies,
};

/// What the head of a call that came over HTTP says about its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Its key is let in.
    Admitted,
    /// It names none, and the key may be among its parameters: see [`admit_by_param`].
    KeyMayFollow,
}

/// Where Stripe.js has the key of a call. It is no parameter of the call then.
pub const KEY_PARAM: &str = "key";

/// Lets the key of a call in that came over HTTP, by its `Authorization` header, before anything else of it is read: any
/// key of test mode, or of the secret ones this one only. Of the request, method and path count.
///
/// # Errors
/// What [`auth::authenticate`] refuses, and a publishable key where the account does not allow it to make tokens:
/// answer these with [`refusal`].
pub fn admit(
    authorization: Option<&str>,
    request: &ApiRequest,
    policies: Policies,
    only: Option<&ApiKey>,
) -> Result<Admission, ApiError> {
    let takes_publishable = route_of(request).is_some_and(|(route, _)| !route.secret_only);
    if authorization.is_none() && takes_publishable {
        return Ok(Admission::KeyMayFollow);
    }
    let kind = auth::authenticate(authorization, needs_secret_key(request), only)?;
    check_policy(kind, request, policies).map(|()| Admission::Admitted)
}

/// Lets the key of a call in that has none in its head, by what was sent as [`KEY_PARAM`], if anything was.
///
/// # Errors
/// As [`admit`].
pub fn admit_by_param(
    key: Option<&str>,
    request: &ApiRequest,
    policies: Policies,
    only: Option<&ApiKey>,
) -> Result<(), ApiError> {
    let kind = auth::recognise(key.unwrap_or_default(), needs_secret_key(request), only)?;
    check_policy(kind, request, policies)
}

fn check_policy(kind: KeyKind, request: &ApiRequest, policies: Policies) -> Result<(), ApiError> {
    if kind == KeyKind::Publishable && !policies.publishable_keys && request.makes_token() {
        return Err(auth::publishable_keys_refused());
    }
    Ok(())
}
