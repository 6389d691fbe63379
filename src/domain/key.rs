//! API keys of test mode. A live key cannot be held by the type, so it can be neither stored nor sent. Beside the parser
//! stands what recognises every kind of key in a text, so that none is written down.

use std::{fmt, ops::Range};

use super::secret::SecretText;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Secret,
    Restricted,
    /// May make tokens, and nothing else here.
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

/// A key of Stripe's test mode.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    text: SecretText,
    kind: KeyKind,
}

/// Why a text is not a key that Testcard takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("This is a live key. Testcard works in test mode only: use a key that starts with sk_test_")]
    Live,
    #[error("This is not an API key. A test key starts with sk_test_, rk_test_ or pk_test_")]
    Malformed,
}

impl ApiKey {
    /// Takes `sk_test_…`, `rk_test_…` and `pk_test_…`, with white space around it dropped.
    ///
    /// # Errors
    /// [`KeyError::Live`] for every live key, [`KeyError::Malformed`] for everything else.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
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

    /// The key itself: the one way out of the type, for the `Authorization` header and the keyring.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.kind.label())
    }
}

/// A key in a text: its kind, which may be shown, and its secret part, which may not. Both are ranges of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundKey {
    /// `sk_test_`.
    pub prefix: Range<usize>,
    pub secret: Range<usize>,
}

/// What the keys of Stripe's API begin with: secret, restricted, publishable and ephemeral ones, with those of an
/// organisation (docs.stripe.com/keys, docs.stripe.com/api/ephemeral_keys).
const MODED_PREFIXES: [&str; 6] = ["sk_", "rk_", "pk_", "ek_", "sk_org_", "rk_org_"];
const MODES: [&str; 2] = ["test_", "live_"];
/// What has no mode in its name: keys of an organisation as older texts have them, secrets of webhook endpoints, and
/// the control token of Testcard's own server.
const OTHER_PREFIXES: [&str; 4] = ["sk_org_", "rk_org_", "whsec_", "ctl_"];

/// The length of what a key at the beginning of `text` begins with, in either case.
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

/// What a text begins with if it begins as a key does: `sk_test_`, in whatever case; else nothing.
pub fn key_prefix(text: &str) -> &str {
    &text[..prefix_length(text.as_bytes()).unwrap_or_default()]
}

/// How many bytes of a key's secret part a text begins with: up to white space or what delimits a value, without the
/// punctuation of the sentence around it. None where stars stand in its place already, as in Stripe's own refusals.
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

/// Every key in a text, of test mode or live, well formed or not. A word that only ends like a prefix is none:
/// `task_test_1`.
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
