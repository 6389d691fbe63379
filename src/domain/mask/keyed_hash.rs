//! Keyed hashes: they tell texts apart without storing them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::mask;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// How many base 62 digits hold 128 bits.
const HASH_DIGITS: usize = 22;
/// The first character of every stored hash. No header and no id starts with a control character, so no text can be
/// mistaken for a hash.
const HASH_MARK: char = '\u{1}';

/// Hashes identifiers that must not be written to disk. The key derives from the data folder's secret, so an identifier
/// has the same hash in every process and after a restart.
#[derive(Clone)]
pub struct IdentityKey([u8; 32]);

impl IdentityKey {
    /// Derives the key from the secret of a data folder.
    pub fn new(folder_secret: &[u8; 32]) -> Self {
        Self(keyed_hash(folder_secret, "identities", &[]))
    }

    /// What an id, a filter, an account or an idempotency key is stored and looked up as: the text itself if it holds
    /// no secret, else its hash.
    pub fn stored(&self, text: &str) -> String {
        if mask::is_whole(text) && !text.starts_with(HASH_MARK) {
            return text.to_owned();
        }
        let hash = first_half(keyed_hash(&self.0, "identity", text.as_bytes()));
        format!("{HASH_MARK}{}", base62(hash, HASH_DIGITS))
    }
}

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityKey")
    }
}

/// What may be shown of a text that is stored as [`IdentityKey::stored`] has it.
pub fn shown(stored: &str) -> &str {
    if stored.starts_with(HASH_MARK) { mask::HIDDEN } else { stored }
}

/// The last `digits` digits of a number in base 62. 16 digits of a random 128-bit number are uniformly distributed to
/// one part in 10^9.
#[expect(clippy::missing_panics_doc, reason = "the digits are ASCII")]
pub fn base62(mut value: u128, digits: usize) -> String {
    // Ten digits fit into 64 bits, and to divide 128 bits takes many times as long: once for ten digits is enough.
    const TOGETHER: u128 = 62_u128.pow(10);
    let mut text = vec![ALPHABET[0]; digits];
    for places in text.rchunks_mut(10) {
        let mut part = (value % TOGETHER) as u64;
        value /= TOGETHER;
        for place in places.iter_mut().rev() {
            *place = ALPHABET[(part % 62) as usize];
            part /= 62;
        }
    }
    String::from_utf8(text).expect("letters and digits are text")
}

/// The number that digits of base 62 write; `None` for other signs, and for more than 128 bits.
pub fn from_base62(text: &str) -> Option<u128> {
    text.bytes().try_fold(0_u128, |value, sign| {
        let digit = ALPHABET.binary_search(&sign).ok()?;
        value.checked_mul(62)?.checked_add(digit as u128)
    })
}

/// HMAC-SHA256 of the data. Different purposes give independent hashes of the same data.
pub fn keyed_hash(key: &[u8; 32], purpose: &str, data: &[u8]) -> [u8; 32] {
    hmac_sha256(key, &[purpose.as_bytes(), &[0], data])
}

/// HMAC-SHA256 of the parts, one behind the other.
#[expect(clippy::missing_panics_doc, reason = "HMAC takes a key of any length")]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Whether what was sent is what is known. It takes the same time whatever the difference, so that timing tells nothing of a
/// secret.
pub fn is_same_secret(sent: &[u8], known: &[u8]) -> bool {
    sent.len() == known.len() && sent.iter().zip(known).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

/// The first 128 bits of a hash, as many as a short id needs.
pub fn first_half(hash: [u8; 32]) -> u128 {
    hash.iter().take(16).fold(0, |value, byte| value << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base62_keeps_its_digits() {
        assert_eq!(base62(0, 3), "000");
        assert_eq!(base62(61, 2), "0z");
        assert_eq!(base62(62 * 62 * 62 + 1, 3), "001");
        assert_eq!(base62(62_u128.pow(10) * 61 + 62_u128.pow(9), 12), "0z1000000000");
        assert_eq!(base62(u128::MAX, 22), "7n42DGM5Tflk9n8mt7Fhc7");
    }

    #[test]
    fn base62_is_read_as_it_was_written() {
        for value in [0, 1, 61, 62, 62_u128.pow(8) - 1, u128::MAX] {
            assert_eq!(from_base62(&base62(value, 22)), Some(value));
        }
        for text in ["-0000000", "é", "zzzzzzzzzzzzzzzzzzzzzzz"] {
            assert_eq!(from_base62(text), None, "{text}");
        }
    }

    #[test]
    fn an_identity_is_kept_whole_where_it_may_be_and_hashed_where_not() {
        let key = IdentityKey::new(&[7; 32]);
        for whole in ["", "refund-1700000000123", "acct_1", "eded9683-8848-2153-26f6-ea724c95d8fb"] {
            assert_eq!(key.stored(whole), whole);
        }
        let (first, second) = (key.stored("k 4539578763621486"), key.stored("k 4539570000001486"));
        assert!(first.len() == 23 && first != second && first == key.stored("k 4539578763621486"));
        assert_ne!(first, IdentityKey::new(&[8; 32]).stored("k 4539578763621486"));
        assert_ne!(key.stored(&first), first, "a text like a hash is no hash");
    }
}
