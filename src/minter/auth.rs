//! Reads the API key of a call, and refuses keys in Stripe's words.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::domain::{
    call::error::ApiError,
    key::{ApiKey, KeyKind, key_prefix},
};

/// Reads the key of an `Authorization` header, `Bearer KEY` or `Basic base64(KEY:)`. Any key of test mode is let in;
/// with `only`, of the secret and restricted ones that one. Gives the key.
///
/// # Errors
/// 401 without a key, and for a key that is not let in or not of test mode (a live one too); 403 for a publishable key
/// where only a secret one will do (whether Stripe says 401 or 403 there is not documented).
pub fn authenticate(authorization: Option<&str>, secret_only: bool, only: Option<&ApiKey>) -> Result<ApiKey, ApiError> {
    let key = authorization.and_then(key_of).ok_or_else(no_key)?;
    recognise(&key, secret_only, only)
}

/// As [`authenticate`], of a key that was sent as a parameter, as Stripe.js does.
///
/// # Errors
/// As [`authenticate`].
pub fn recognise(text: &str, secret_only: bool, only: Option<&ApiKey>) -> Result<ApiKey, ApiError> {
    if text.is_empty() {
        return Err(no_key());
    }
    let key = ApiKey::parse(text).map_err(|_| invalid_key(text))?;
    let kind = key.kind();
    if kind != KeyKind::Publishable && only.is_some_and(|only| *only != key) {
        return Err(invalid_key(text));
    }
    if secret_only && kind == KeyKind::Publishable {
        return Err(secret_key_required());
    }
    Ok(key)
}

/// The key in the header; `None` for another scheme, or for a user name that cannot be read.
fn key_of(authorization: &str) -> Option<String> {
    let (scheme, credentials) = authorization.trim().split_once(' ')?;
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(credentials.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    Some(decoded.split(':').next().unwrap_or_default().to_owned())
}

fn unauthorized(message: String) -> ApiError {
    ApiError::request(None, None, message).with_status(401)
}

fn no_key() -> ApiError {
    unauthorized(
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer \
         auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for \
         details, or we can help at https://support.stripe.com/."
            .to_owned(),
    )
}

fn invalid_key(key: &str) -> ApiError {
    unauthorized(format!("Invalid API Key provided: {}", starred(key)))
}

/// The key with its prefix and its last four characters only; a key that is too short for that is starred to its end.
pub(super) fn starred(key: &str) -> String {
    let prefix = key_prefix(key);
    let length = key.chars().count();
    let secret_until = if length >= prefix.len() + 8 { length - 4 } else { length };
    key.chars()
        .enumerate()
        .map(|(place, c)| if (prefix.len()..secret_until).contains(&place) { '*' } else { c })
        .collect()
}

fn secret_key_required() -> ApiError {
    let message = "This API call cannot be made with a publishable API key. Please use a secret API key. You can find \
                   a list of your API keys at https://dashboard.stripe.com/account/apikeys.";
    ApiError::request(Some("secret_key_required"), None, message).with_status(403)
}

/// The first sentence is Stripe's. The rest is undocumented by Stripe: our wording.
pub(super) fn publishable_keys_refused() -> ApiError {
    let message = "This integration surface is unsupported for publishable key tokenization. Use a secret key, or allow \
                   publishable keys in the account's policies: https://support.stripe.com/questions/\
                   card-tokenization-restrictions-using-publishable-keys";
    ApiError::request(None, None, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(user: &str) -> String {
        format!("Basic {}", STANDARD.encode(user))
    }

    #[test]
    fn a_test_key_is_read_from_either_scheme() {
        for (header, kind) in [
            ("Bearer sk_test_abc".to_owned(), KeyKind::Secret),
            ("bearer  rk_test_abc ".to_owned(), KeyKind::Restricted),
            (basic("sk_test_abc:"), KeyKind::Secret),
            (basic("sk_test_abc"), KeyKind::Secret),
            (basic("sk_test_abc:password"), KeyKind::Secret),
        ] {
            let key = authenticate(Some(&header), true, None).unwrap();
            assert_eq!((key.kind(), key.expose().len()), (kind, "sk_test_abc".len()), "{header}");
        }
        let publishable = authenticate(Some("Bearer pk_test_abc"), false, None).unwrap();
        assert_eq!(publishable.kind(), KeyKind::Publishable);
        assert_eq!(authenticate(Some("Bearer pk_test_abc"), true, None), Err(secret_key_required()));
    }

    #[test]
    fn what_holds_no_key_is_no_key() {
        let headers = ["", "Bearer", "Bearer ", "sk_test_abc", "Digest sk_test_abc", "Basic ?", "Basic", &basic(":x")];
        for header in headers.map(Some).into_iter().chain([None]) {
            assert_eq!(authenticate(header, false, None), Err(no_key()), "{header:?}");
        }
        assert_eq!(authenticate(Some(&format!("Basic {}", STANDARD.encode([0xff]))), false, None), Err(no_key()));
    }

    #[test]
    fn a_bad_key_is_starred_in_the_middle() {
        for (key, shown) in [
            ("sk_test_abcdefg!jtT1zdp7dc", "sk_test_**************p7dc"),
            ("sk_live_abcdefghp7dc", "sk_live_********p7dc"),
            ("pk_live_abcdefgh", "pk_live_****efgh"),
            ("rk_live_abc", "rk_live_***"),
            ("sk_test_", "sk_test_"),
            ("hello", "*****"),
            ("4111111111111112", "************1112"),
            ("ключ-который-не-ключ", "****************ключ"),
        ] {
            let error = authenticate(Some(&format!("Bearer {key}")), false, None).unwrap_err();
            assert_eq!((error.http_status, error.code), (401, None), "{key}");
            assert_eq!(error.message, format!("Invalid API Key provided: {shown}"));
        }
    }
}
