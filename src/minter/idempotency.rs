//! One answer for one idempotency key: a repeated request is not carried out again, it gets the first answer.
//!
//! Only what was carried out is remembered, to an object or a decline; a request that was refused in validation leaves
//! its key free (docs.stripe.com/api/idempotent_requests).

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{
    Stop, Workspace,
    ledger::{Ledger, Remembered},
};
use crate::domain::{
    call::{
        api::{ApiRequest, HttpMethod},
        error::{ApiError, ErrorKind},
    },
    mask::{
        self,
        keyed_hash::{first_half, keyed_hash},
    },
};

/// The longest key, in characters.
const LONGEST_KEY: usize = 255;
/// Seconds after which a key is free again: Stripe keeps them at least so long.
pub const KEPT_FOR: i64 = 24 * 60 * 60;

/// What is known of the first request with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub key: AnswerKey,
    /// Unix seconds.
    pub created: i64,
    pub fingerprint: Fingerprint,
}

/// What an answer is remembered under: the account and its idempotency key, each with its length before it, so that no
/// two pairs make one text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnswerKey {
    pub text: String,
    /// The same as folders have it that were written before lengths were: there a space stood between the two.
    pub older: Option<String>,
}

/// Stands before every key of this form: no header holds it, so none of the older form begins with it.
const LENGTHS_MARK: char = '\u{1}';

impl AnswerKey {
    /// Each account has keys of its own. Where one of the two may not be written down, its hash stands for it.
    fn of(request: &ApiRequest, key: &str, workspace: &Workspace) -> Self {
        let account = request.header("Stripe-Account");
        let stored = |text: &str| {
            let stored = workspace.identities().stored(text);
            format!("{}:{stored}", stored.len())
        };
        let account_part = account.map_or_else(|| "-".to_owned(), stored);
        // The older form is ambiguous where there is a space, and was hashed where digits stood in a row.
        let is_plain = |text: &str| !text.contains(' ') && mask::is_whole(text);
        let older = match account {
            None => is_plain(key).then(|| key.to_owned()),
            Some(account) => (is_plain(account) && is_plain(key)).then(|| format!("{account} {key}")),
        };
        Self { text: format!("{LENGTHS_MARK}{account_part}{}", stored(key)), older }
    }
}

/// Tells whether two requests are the same without keeping what is secret in them.
///
/// A keyed hash whose key lay beside it would give away the digits that are masked and the security code, for there are
/// few of them. So the hash of the whole request has a key that is in no file, and the one that is compared after a
/// restart is of the masked request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Tells which key `whole` was made with.
    pub whole_key: u64,
    pub whole: u128,
    pub masked: u128,
}

impl Fingerprint {
    /// Method, path and parameters; in what order the parameters were sent makes no difference.
    fn of(request: &ApiRequest, workspace: &Workspace) -> Self {
        let whole = request.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let path = request.segments().join("/");
        let hash = |key: &[u8; 32], path: &str, mut params: Vec<(String, String)>| {
            params.sort();
            let mut text = format!("{} /{path}", request.method.as_str());
            for (name, value) in params {
                // A text takes whatever is written to it.
                let _ = write!(text, "\n{}:{name}={}:{value}", name.len(), value.len());
            }
            first_half(keyed_hash(key, "request", text.as_bytes()))
        };
        let (kept_key, secret_key) = workspace.request_keys();
        Self {
            whole_key: first_half(keyed_hash(secret_key, "name of the key", &[])) as u64,
            whole: hash(secret_key, &path, whole),
            masked: hash(kept_key, &mask::text(&path), request.params.masked()),
        }
    }

    fn is_same_request(&self, other: &Self) -> bool {
        if self.whole_key == other.whole_key { self.whole == other.whole } else { self.masked == other.masked }
    }
}

/// How a request stands to those before it.
pub(super) enum Standing {
    /// Carry it out.
    New,
    /// Carry it out, and remember the answer if it was.
    Remember(Record),
    /// Do nothing, and answer this again.
    Replay(Remembered),
}

/// Looks up the request's key. Only POST has one.
pub(super) fn standing(
    ledger: &mut dyn Ledger,
    request: &ApiRequest,
    now: Timestamp,
    workspace: &Workspace,
) -> Result<Standing, Stop> {
    let key = request.header("Idempotency-Key").filter(|key| !key.is_empty() && request.method == HttpMethod::Post);
    let Some(key) = key else { return Ok(Standing::New) };
    if key.chars().count() > LONGEST_KEY {
        // The text is a default.
        let message = format!("Idempotency keys must be at most {LONGEST_KEY} characters long.");
        return Err(ApiError { kind: ErrorKind::Idempotency, ..ApiError::request(None, None, message) }.into());
    }
    let record = Record {
        key: AnswerKey::of(request, key, workspace),
        created: now.as_second(),
        fingerprint: Fingerprint::of(request, workspace),
    };
    match ledger.recall(&record.key)? {
        Some(first) if first.record.created > now.as_second() - KEPT_FOR => {
            if first.record.fingerprint.is_same_request(&record.fingerprint) {
                Ok(Standing::Replay(first))
            } else {
                Err(used_for_another_request(key).into())
            }
        }
        _ => Ok(Standing::Remember(record)),
    }
}

fn used_for_another_request(key: &str) -> ApiError {
    let message = format!(
        "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a \
         key other than '{}' if you meant to execute a different request.",
        mask::identity(key)
    );
    ApiError { kind: ErrorKind::Idempotency, ..ApiError::request(None, None, message) }
}
