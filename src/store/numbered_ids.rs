//! Ids of tokens that tell which call made them: a token is found by its id without an index over random text.
//!
//! The own part of such an id, its last eight characters, is the number of the call, put through a permutation that is
//! keyed with the folder's secret: it looks as random as any other, and no two calls have the same. Only the folder
//! itself can take it apart. Ids that were made otherwise (with a seed, by an older version, at Stripe) tell numbers too,
//! of calls that made no such token: whoever finds a call by an id compares the id.

use std::fmt;

use crate::domain::{
    history::request_log::ExchangeId,
    mask::keyed_hash::{first_half, from_base62, keyed_hash},
};

/// How many characters of an id are its own.
const OWN_PART: usize = 8;
/// What the length of an id of a token is, and how it begins.
const LENGTH: usize = 28;
const PREFIX: &str = "tok_1";
/// Two halves of a number are exchanged four times, each time mixed with the other one (a Feistel network: whatever the
/// mixing is, each number has one image). 2^46 calls fit, and fewer numbers than eight characters can write.
const ROUNDS: usize = 4;
const HALF_BITS: u32 = 23;
const HALF: u64 = (1 << HALF_BITS) - 1;

/// Turns numbers of calls into own parts of ids, and back.
#[derive(Clone)]
pub(super) struct TokenNumbers([u64; ROUNDS]);

impl TokenNumbers {
    pub(super) fn new(folder_secret: &[u8; 32]) -> Self {
        let key = |round: usize| first_half(keyed_hash(folder_secret, "numbers of tokens", &[round as u8])) as u64;
        Self(std::array::from_fn(key))
    }

    /// The own part of the id of the token that a call makes; `None` for a call whose number has too many bits.
    pub(super) fn own_number(&self, call: ExchangeId) -> Option<u128> {
        let number = u64::try_from(call.0).ok().filter(|number| number >> (2 * HALF_BITS) == 0)?;
        let (left, right) = self
            .0
            .iter()
            .fold((number >> HALF_BITS, number & HALF), |(left, right), key| (right, left ^ mixed(right, *key)));
        Some(u128::from(left << HALF_BITS | right))
    }

    /// The call that an id tells.
    pub(super) fn call_of(&self, token: &str) -> Option<ExchangeId> {
        if token.len() != LENGTH || !token.starts_with(PREFIX) {
            return None;
        }
        let number = from_base62(token.get(LENGTH - OWN_PART..)?)? as u64;
        let (left, right) = (number >> HALF_BITS, number & HALF);
        if left > HALF {
            return None;
        }
        let (left, right) =
            self.0.iter().rev().fold((left, right), |(left, right), key| (right ^ mixed(left, *key), left));
        i64::try_from(left << HALF_BITS | right).ok().map(ExchangeId)
    }
}

impl fmt::Debug for TokenNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenNumbers")
    }
}

/// A half of a number, mixed with a key (the finalizer of SplitMix64).
fn mixed(half: u64, key: u64) -> u64 {
    let mut bits = half ^ key;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)) & HALF
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::mask::keyed_hash::base62;

    #[test]
    fn an_id_tells_its_call_and_no_two_calls_have_the_same() {
        let numbers = TokenNumbers::new(&[7; 32]);
        let id = |call: i64| {
            let own = numbers.own_number(ExchangeId(call)).unwrap();
            format!("tok_1T00002eZvKYlo2C{}", base62(own, OWN_PART))
        };
        let calls: Vec<i64> = (1..20_000).chain([1 << 30, (1 << 46) - 1]).collect();
        let ids: HashSet<String> = calls.iter().map(|call| id(*call)).collect();
        assert_eq!(ids.len(), calls.len());
        for call in calls {
            assert_eq!(numbers.call_of(&id(call)), Some(ExchangeId(call)));
        }
        assert_ne!(TokenNumbers::new(&[8; 32]).call_of(&id(1)), Some(ExchangeId(1)), "another folder cannot tell it");
    }

    #[test]
    fn what_is_no_such_id_tells_no_call() {
        let numbers = TokenNumbers::new(&[7; 32]);
        for id in [
            "",
            "tok_visa",
            "tok_1T00002eZvKYlo2Czzzzzzzz",
            "tok_1T00002eZvKYlo2C-0000000",
            "card_1T0000eZvKYlo2C00000000",
        ] {
            assert_eq!(numbers.call_of(id), None, "{id}");
        }
        assert_eq!(numbers.own_number(ExchangeId(1 << 46)), None);
    }
}
