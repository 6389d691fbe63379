//! One answer for one idempotency key: a repeated request is not carried out again, it gets the first answer.
//!
//! Only what was carried out is remembered: to an object, to a decline, or to a refusal for what the objects are by then.
//! A request whose parameters were refused leaves its key free (docs.stripe.com/api/idempotent_requests).

use std::{borrow::Cow, fmt::Write as _, ops::RangeInclusive};

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{
    accounts::ConnectedAccount,
    call::CallError,
    ledger::{AnswerKey, IdempotencyRecord, KEY_KEPT_SECS, Ledger, RememberedAnswer, RequestFingerprint},
    workspace::MinterAccount,
};
use crate::domain::{
    call::{
        api::{ApiRequest, HttpMethod, MaskedRequest},
        error::{ApiError, ErrorKind},
    },
    mask::{
        self,
        keyed_hash::{first_half, keyed_hash},
    },
};

/// How long a key may be, in characters.
const LENGTHS: RangeInclusive<usize> = 1..=255;
/// The first character of a key with lengths in it. No header can hold this character, so no key of the older form
/// begins with it.
const LENGTHS_MARK: char = '\u{1}';

/// What the answer to a request with this idempotency key is remembered under. Each account has keys of its own. Where
/// one of the two may not be written down, its hash stands for it.
fn answer_key(key: &str, account: Option<&ConnectedAccount>, workspace: &MinterAccount) -> AnswerKey {
    let with_length = |stored: &str| format!("{}:{stored}", stored.len());
    let account_part = account.map_or_else(|| "-".to_owned(), |account| with_length(&account.stored));
    let stored_key = workspace.identities().stored(key);
    // No older form where it would be ambiguous (a space in one of the two), or where older versions wrote a hash
    // instead. What is stored as it is may be kept whole.
    let is_plain = |text: &str, stored: &str| !text.contains(' ') && (stored == text || mask::is_whole(text));
    let is_plain_key = is_plain(key, &stored_key);
    let older = match account {
        None => is_plain_key.then(|| key.to_owned()),
        Some(ConnectedAccount { id, stored }) => {
            (is_plain_key && is_plain(id.as_str(), stored)).then(|| format!("{} {key}", id.as_str()))
        }
    };
    let key_part = with_length(&stored_key);
    AnswerKey { text: format!("{LENGTHS_MARK}{account_part}{key_part}"), older }
}

/// The fingerprint of method, path and parameters; in what order the parameters were sent makes no difference.
fn fingerprint(request: &ApiRequest, masked: Option<&MaskedRequest>, workspace: &MinterAccount) -> RequestFingerprint {
    let path = request.segments().join("/");
    let hash = |key: &[u8; 32], path: &str, mut params: Vec<(&str, &str)>| {
        params.sort_unstable();
        // Of the whole request it holds the number and the security code.
        let mut text = Zeroizing::new(String::with_capacity(512));
        let _ = write!(text, "{} /{path}", request.method.as_str());
        for (name, value) in params {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "\n{}:{name}={}:{value}", name.len(), value.len());
        }
        first_half(keyed_hash(key, "request", text.as_bytes())) as u64
    };
    let (kept_key, secret_key) = workspace.request_keys();
    let masked = masked.map_or_else(|| Cow::Owned(request.params.masked()), |masked| Cow::Borrowed(&masked.params));
    RequestFingerprint {
        whole_key: workspace.secret_request_name(),
        whole: hash(secret_key, &path, request.params.iter().collect()),
        masked: hash(
            kept_key,
            &mask::text(&path),
            masked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        ),
    }
}

/// What is to be done with a request, by what was answered under its idempotency key.
pub(super) enum IdempotencyCheck {
    /// Carry it out.
    New,
    /// Carry it out, and remember the answer if it was.
    Remember(IdempotencyRecord),
    /// Do nothing, and answer this again.
    Replay(RememberedAnswer),
}

/// A record without its time, which the ledger's clock tells.
#[derive(Clone, Debug)]
pub(super) struct PreparedRecord {
    key: AnswerKey,
    fingerprint: RequestFingerprint,
}

/// What there is to remember of a request for an account, `None` where it has no idempotency key. Only POST has one.
/// Nothing of the ledger is needed for this, so it can be worked out before the request's turn comes. `masked` is the
/// request as it is recorded, where that was made already.
///
/// # Errors
/// A key that is empty or too long.
pub(super) fn record_of(
    request: &ApiRequest,
    masked: Option<&MaskedRequest>,
    account: Option<&ConnectedAccount>,
    workspace: &MinterAccount,
) -> Result<Option<PreparedRecord>, ApiError> {
    let key = request.header("Idempotency-Key").filter(|_| request.method == HttpMethod::Post);
    let Some(key) = key else { return Ok(None) };
    let length = key.chars().count();
    if !LENGTHS.contains(&length) {
        return Err(length_refused(length));
    }
    let key = answer_key(key, account, workspace);
    Ok(Some(PreparedRecord { key, fingerprint: fingerprint(request, masked, workspace) }))
}

/// Looks up what was answered under the request's key.
///
/// # Errors
/// A key that was used for another request within its day; a ledger that cannot be read.
pub(super) fn check(
    ledger: &mut dyn Ledger,
    request: &ApiRequest,
    record: Option<PreparedRecord>,
    now: Timestamp,
) -> Result<IdempotencyCheck, CallError> {
    let Some(PreparedRecord { key, fingerprint }) = record else { return Ok(IdempotencyCheck::New) };
    let record = IdempotencyRecord { key, created: now.as_second(), fingerprint };
    match ledger.recall(&record.key)? {
        Some(first) if first.record.created > record.created - KEY_KEPT_SECS => {
            if first.record.fingerprint.is_same_request(&record.fingerprint) {
                Ok(IdempotencyCheck::Replay(first))
            } else {
                Err(used_for_another_request(request.header("Idempotency-Key").unwrap_or_default()).into())
            }
        }
        _ => Ok(IdempotencyCheck::Remember(record)),
    }
}

/// Reported, with status and type, of an empty key and of one of 272 characters.
fn length_refused(length: usize) -> ApiError {
    let message = format!(
        "Idempotent key length is {length} characters long, which is outside accepted lengths. Idempotent Keys must be \
         {}-{} characters long. If you're looking for a decent generator, try using a UUID defined by IETF RFC 4122.",
        LENGTHS.start(),
        LENGTHS.end()
    );
    ApiError { kind: ErrorKind::Idempotency, ..ApiError::request(None, None, message) }
}

fn used_for_another_request(key: &str) -> ApiError {
    let message = format!(
        "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a \
         key other than '{}' if you meant to execute a different request.",
        mask::identity(key)
    );
    ApiError { kind: ErrorKind::Idempotency, ..ApiError::request(None, None, message) }
}
