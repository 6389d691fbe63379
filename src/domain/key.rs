//! API keys of test mode, and a search for keys of any kind in a text, so that none is written to disk.
//!
//! [`ApiKey`] cannot hold a live key, so Testcard can neither store nor send one.

use std::{fmt, ops::Range};

use super::{invisible::without_invisible, secret::SecretText};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Secret,
    Restricted,
    /// May create tokens; every other route refuses it.
    Publishable,
}

impl KeyKind {
    pub fn label(self) -> &'static str {
        match self {
            Self::Secret => "secret test key",
            Self::Restricted => "restricted test key",
            Self::Publishable => "publishable test key",
        }
    }
}

/// A test-mode key.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    text: SecretText,
    kind: KeyKind,
}

/// Why Testcard refuses a text as a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("This is a live key. Testcard works in test mode only: use a key that starts with sk_test_")]
    Live,
    #[error("This is not an API key. A test key starts with sk_test_, rk_test_ or pk_test_")]
    Malformed,
}

impl ApiKey {
    /// Parses `sk_test_…`, `rk_test_…` or `pk_test_…`. White space around the key is dropped, and
    /// characters that nobody sees wherever they stand.
    ///
    /// # Errors
    /// [`KeyError::Live`] if the text contains a live key of any kind, [`KeyError::Malformed`] for everything else.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        // Cleaned or not, the copy is wiped from memory.
        let cleaned = SecretText::new(without_invisible(text));
        let text = cleaned.expose().trim();
        if find_keys(text).any(|key| text[key.prefix].to_ascii_lowercase().ends_with("live_")) {
            return Err(KeyError::Live);
        }
        let (kind, rest) =
            [("sk_test_", KeyKind::Secret), ("rk_test_", KeyKind::Restricted), ("pk_test_", KeyKind::Publishable)]
                .into_iter()
                .find_map(|(prefix, kind)| Some((kind, text.strip_prefix(prefix)?)))
                .ok_or(KeyError::Malformed)?;
        if rest.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(KeyError::Malformed);
        }
        Ok(Self { text: SecretText::new(text), kind })
    }

    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// What stands behind the prefix, such as `sk_test_`.
    pub(crate) fn own_part(&self) -> &str {
        let text = self.text.expose();
        &text[key_prefix(text).len()..]
    }

    /// The key itself, for the `Authorization` header and the keyring. This is the only way to read it.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.kind.label())
    }
}

/// A key found in a text: its prefix, which may be shown, and its secret part, which may not. Both are byte ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundKey {
    /// Such as `sk_test_`.
    pub prefix: Range<usize>,
    pub secret: Range<usize>,
}

/// The prefixes that are followed by a mode: secret, restricted, publishable and ephemeral keys, and the keys of an
/// organisation (docs.stripe.com/keys, docs.stripe.com/api/ephemeral_keys).
const MODED_PREFIXES: [&str; 6] = ["sk_", "rk_", "pk_", "ek_", "sk_org_", "rk_org_"];
const MODES: [&str; 2] = ["test_", "live_"];
/// The prefixes without a mode: organisation keys in their older form, secrets of webhook endpoints, and the control
/// token of Testcard's own server.
const OTHER_PREFIXES: [&str; 4] = ["sk_org_", "rk_org_", "whsec_", "ctl_"];

/// The length in bytes of the key prefix that `text` starts with, in upper or lower case.
fn prefix_length(text: &[u8]) -> Option<usize> {
    let begins = |at: usize, word: &str| {
        text.get(at..at + word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
    };
    let moded = MODED_PREFIXES.iter().filter(|prefix| begins(0, prefix)).find_map(|prefix| {
        let mode = MODES.iter().find(|mode| begins(prefix.len(), mode))?;
        Some(prefix.len() + mode.len())
    });
    moded.or_else(|| OTHER_PREFIXES.iter().find(|prefix| begins(0, prefix)).map(|prefix| prefix.len()))
}

/// The key prefix that a text starts with, such as `sk_test_`, in its own case; empty if there is none.
pub fn key_prefix(text: &str) -> &str {
    &text[..prefix_length(text.as_bytes()).unwrap_or_default()]
}

/// The length in bytes of the secret part that `text` starts with. It ends at white space or a delimiter, and leaves
/// out the punctuation of a sentence around it. 0 if the secret part is already masked with stars, as Stripe's own
/// error messages do.
fn secret_length(text: &str) -> usize {
    let is_part = |c: char| {
        c.is_alphanumeric()
            || matches!(
                c,
                '_' | '-' | '.' | '~' | '+' | '/' | '=' | '!' | '$' | '%' | '^' | '@' | '#' | ':' | '*' | '?'
            )
    };
    let whole = text.find(|c| !is_part(c)).map_or(text, |end| &text[..end]);
    let secret = whole.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '=' | '+' | '/'));
    let after_stars = secret.trim_start_matches('*');
    let is_starred = after_stars.len() < secret.len() && after_stars.chars().count() <= 4;
    if secret.contains(char::is_alphanumeric) && !is_starred { secret.len() } else { 0 }
}

/// Finds every key in a text, test or live, well formed or not. A prefix inside a word does not count: `task_test_1`.
pub fn find_keys(text: &str) -> impl Iterator<Item = FoundKey> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            at += 1;
            if !matches!(bytes[start] | 0x20, b's' | b'r' | b'p' | b'e' | b'w' | b'c')
                || text[..start].ends_with(char::is_alphanumeric)
            {
                continue;
            }
            let Some(prefix) = prefix_length(&bytes[start..]) else { continue };
            let secret = start + prefix;
            let length = secret_length(&text[secret..]);
            if length > 0 {
                at = secret + length;
                return Some(FoundKey { prefix: start..secret, secret: secret..at });
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn secrets(text: &str, expected: &[&str]) {
        let found: Vec<&str> = find_keys(text).map(|key| &text[key.secret]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn keys_of_every_kind_are_found_with_all_their_characters() {
        secrets("sk_test_51abc_REAL", &["51abc_REAL"]);
        secrets("SK_TEST_51abc Rk_Live_x", &["51abc", "x"]);
        secrets("pk_test_a, ek_test_YWNjdF8x,sk_org_test_b sk_org_c", &["a", "YWNjdF8x", "b", "c"]);
        secrets("whsec_a+b/c== (ctl_234)", &["a+b/c==", "234"]);
        secrets("{\"key\":\"sk_test_a-b.c!d\"}", &["a-b.c!d"]);
        secrets("my_sk_test_a. Then sk_test_b: no", &["a", "b"]);
        secrets("key=sk_test_ключ&x=1", &["ключ"]);
        secrets("sk_test_!odd", &["!odd"]);
    }

    #[test]
    fn what_is_no_key_stays() {
        for text in [
            "sk_test_",
            "starts with sk_test_, rk_test_ or pk_test_.",
            "sk_test_…",
            "sk_test_•••",
            "sk_test_**************p7dc",
            "task_test_1, disk_live_x, systemctl_status",
            "sk_prod_1",
        ] {
            secrets(text, &[]);
        }
    }

    #[test]
    fn a_text_of_prefixes_is_one_key() {
        for sign in ["+", "*"] {
            let text = format!("sk_test_{sign}").repeat(16_000);
            let found: Vec<FoundKey> = find_keys(&text).collect();
            assert_eq!(found.len(), 1, "{sign}");
        }
    }

    #[test]
    fn test_keys_are_taken_and_live_keys_refused() {
        for (text, expected) in [
            ("sk_test_abc", Ok(KeyKind::Secret)),
            (" rk_test_abc\n", Ok(KeyKind::Restricted)),
            ("\u{feff}sk_\u{200b}test_a\u{ad}bc\u{a0}\u{2060}", Ok(KeyKind::Secret)),
            ("sk_\u{200b}live_abc", Err(KeyError::Live)),
            ("pk_test_abc", Ok(KeyKind::Publishable)),
            ("sk_live_abc", Err(KeyError::Live)),
            ("rk_live_abc", Err(KeyError::Live)),
            ("pk_live_abc", Err(KeyError::Live)),
            ("Bearer sk_live_abc", Err(KeyError::Live)),
            ("sk_test_", Err(KeyError::Malformed)),
            ("sk_test_a b", Err(KeyError::Malformed)),
            ("", Err(KeyError::Malformed)),
            ("whsec_abc", Err(KeyError::Malformed)),
        ] {
            assert_eq!(ApiKey::parse(text).map(|key| key.kind()), expected, "{text}");
        }
    }

    #[test]
    fn debug_hides_the_key() {
        assert_eq!(format!("{:?}", ApiKey::parse("sk_test_abc").unwrap()), "ApiKey(secret test key)");
    }
}
