//! API keys of test mode. A live key cannot be held by the type, so it can be neither stored nor sent.

use std::fmt;

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
        if ["sk_live_", "rk_live_", "pk_live_"].iter().any(|prefix| text.contains(prefix)) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
