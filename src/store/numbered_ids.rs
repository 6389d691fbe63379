//! Ids that tell where what they name is kept: it is found without an index over random text.
//!
//! The own part of such an id, its last eight characters, is a number, put through a permutation that is keyed with the
//! folder's secret: it looks as random as any other, and no two numbers have the same. Of a token it is the number of the
//! call that made it, of other objects their place in the table of objects. Only the folder itself can take an id apart.
//! Ids that were made otherwise (with a seed, by an older version, at Stripe) tell numbers too, of something else: whoever
//! finds something by an id compares the id.

use std::fmt;

use crate::domain::{
    history::request_log::ExchangeId,
    mask::keyed_hash::{first_half, from_base62, keyed_hash},
};

/// How many characters of an id are its own.
const OWN_PART: usize = 8;
/// How many characters follow the prefix of an id that has a time, an account and an own part.
const AFTER_PREFIX: usize = 24;
const TOKEN_PREFIX: &str = "tok";
/// Two halves of a number are exchanged four times, each time mixed with the other one (a Feistel network: whatever the
/// mixing is, each number has one image). 2^46 of them fit, and fewer numbers than eight characters can write.
const ROUNDS: usize = 4;
const HALF_BITS: u32 = 23;
const HALF: u64 = (1 << HALF_BITS) - 1;

/// Turns numbers into own parts of ids, and back.
#[derive(Clone)]
pub(super) struct IdNumbers {
    tokens: Permutation,
    objects: Permutation,
}

impl IdNumbers {
    pub(super) fn new(folder_secret: &[u8; 32]) -> Self {
        let keyed = |purpose| Permutation::new(folder_secret, purpose);
        Self { tokens: keyed("numbers of tokens"), objects: keyed("numbers of objects") }
    }

    /// The own part of the id of the token that a call makes; `None` for a call whose number has too many bits.
    pub(super) fn of_token(&self, call: ExchangeId) -> Option<u128> {
        self.tokens.image(call.0)
    }

    /// The call that an id tells.
    pub(super) fn call_of(&self, token: &str) -> Option<ExchangeId> {
        let (prefix, own) = own_part(token)?;
        if prefix == TOKEN_PREFIX { self.tokens.origin(own).map(ExchangeId) } else { None }
    }

    /// The own part of the id of the object at a place; `None` for a place whose number has too many bits.
    pub(super) fn of_object(&self, place: i64) -> Option<u128> {
        self.objects.image(place)
    }

    /// The place of an object that an id tells.
    pub(super) fn place_of(&self, id: &str) -> Option<i64> {
        self.objects.origin(own_part(id)?.1)
    }
}

impl fmt::Debug for IdNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdNumbers")
    }
}

/// The prefix and the own part of an id.
fn own_part(id: &str) -> Option<(&str, u128)> {
    let (prefix, rest) = id.split_once('_').filter(|(_, rest)| rest.len() == AFTER_PREFIX)?;
    Some((prefix, from_base62(rest.get(AFTER_PREFIX - OWN_PART..)?)?))
}

/// Gives each number of 46 bits another one.
#[derive(Clone)]
struct Permutation([u64; ROUNDS]);

impl Permutation {
    fn new(folder_secret: &[u8; 32], purpose: &str) -> Self {
        let key = |round: usize| first_half(keyed_hash(folder_secret, purpose, &[round as u8])) as u64;
        Self(std::array::from_fn(key))
    }

    fn image(&self, number: i64) -> Option<u128> {
        let number = u64::try_from(number).ok().filter(|number| number >> (2 * HALF_BITS) == 0)?;
        let (left, right) = self
            .0
            .iter()
            .fold((number >> HALF_BITS, number & HALF), |(left, right), key| (right, left ^ mixed(right, *key)));
        Some(u128::from(left << HALF_BITS | right))
    }

    fn origin(&self, image: u128) -> Option<i64> {
        let image = u64::try_from(image).ok().filter(|image| image >> (2 * HALF_BITS) == 0)?;
        let (left, right) = self
            .0
            .iter()
            .rev()
            .fold((image >> HALF_BITS, image & HALF), |(left, right), key| (right ^ mixed(left, *key), left));
        i64::try_from(left << HALF_BITS | right).ok()
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
        let numbers = IdNumbers::new(&[7; 32]);
        let written = |start: &str, own: u128| format!("{start}T00002eZvKYlo2C{}", base62(own, OWN_PART));
        let id = |call: i64| written("tok_1", numbers.of_token(ExchangeId(call)).unwrap());
        let calls: Vec<i64> = (1..20_000).chain([1 << 30, (1 << 46) - 1]).collect();
        let ids: HashSet<String> = calls.iter().map(|call| id(*call)).collect();
        assert_eq!(ids.len(), calls.len());
        for call in calls {
            assert_eq!(numbers.call_of(&id(call)), Some(ExchangeId(call)));
            let charge = written("ch_3", numbers.of_object(call).unwrap());
            assert_eq!(numbers.place_of(&charge), Some(call));
            assert_eq!(numbers.call_of(&charge), None, "it is no token's");
            assert_ne!(numbers.of_object(call), numbers.of_token(ExchangeId(call)));
        }
        assert_ne!(IdNumbers::new(&[8; 32]).call_of(&id(1)), Some(ExchangeId(1)), "another folder cannot tell it");
    }

    #[test]
    fn what_is_no_such_id_tells_no_call() {
        let numbers = IdNumbers::new(&[7; 32]);
        for id in [
            "",
            "tok_visa",
            "tok_1T00002eZvKYlo2Czzzzzzzz",
            "tok_1T00002eZvKYlo2C-0000000",
            "card_1T0000eZvKYlo2C00000000",
        ] {
            assert_eq!(numbers.call_of(id), None, "{id}");
        }
        assert_eq!(
            (numbers.place_of("cus_0000aaaaaaaaaa"), numbers.place_of("ch_3T00002eZvKYlo2Czzzzzzzz")),
            (None, None)
        );
        assert_eq!((numbers.of_token(ExchangeId(1 << 46)), numbers.of_object(-1)), (None, None));
    }
}
