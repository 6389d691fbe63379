//! What one request makes secret in everything that is written about it, whatever its form: its own number and security
//! code, so that an answer which repeats them does not give them away.

use super::{
    edit::{Edit, Kept},
    names::{hides_security_code, is_number_name, is_security_code},
    numbers,
};
use crate::domain::{
    card::{
        brand::MAX_DIGITS,
        digits::{digit_value, only_digits},
    },
    secret::SecretText,
};

/// An honest request has one of each. Of a hostile one so many are looked for in what is written about it: each costs a
/// pass over the text.
const MOST_OF_A_KIND: usize = 32;
/// A shorter code would be taken out of dates and lengths too.
const SHORTEST_CODE: usize = 3;

/// The secrets of one request.
#[derive(Debug, Default)]
pub struct OwnSecrets {
    /// As they were sent.
    codes: Vec<SecretText>,
    typed: Vec<SecretText>,
    /// The digits of those numbers, in ASCII.
    numbers: Vec<SecretText>,
}

impl OwnSecrets {
    /// Takes what a parameter makes secret, of whose value so much is kept.
    pub fn take(&mut self, name: &str, value: &str, kept: Kept) {
        if value.is_empty() {
            return;
        }
        if is_security_code(name) || (kept == Kept::Hidden && hides_security_code(name)) {
            // A text without a digit is nobody's code: a tester sent "invalid", and messages have words.
            if value.chars().any(|c| digit_value(c).is_some()) && value.trim().len() >= SHORTEST_CODE {
                add(&mut self.codes, value);
            }
        } else if kept != Kept::Whole && is_number_name(name) {
            add(&mut self.typed, value);
            let digits = only_digits(value);
            // A longer one is that of no card, and would be sought at every place of every text: it is found as typed.
            if (numbers::SHORTEST_HIDDEN..=MAX_DIGITS).contains(&digits.len()) {
                add(&mut self.numbers, &digits);
            }
        }
    }

    /// Whether a security code was sent.
    pub fn has_codes(&self) -> bool {
        !self.codes.is_empty()
    }

    pub(super) fn numbers(&self) -> Vec<&str> {
        self.numbers.iter().map(SecretText::expose).collect()
    }

    pub(super) fn shortest_number(&self) -> Option<usize> {
        self.numbers.iter().map(|number| number.expose().len()).min()
    }

    /// Whether a number stands in a text as it was typed.
    pub(super) fn is_named_in(&self, text: &str) -> bool {
        self.typed.iter().any(|typed| text.contains(typed.expose()))
    }

    /// The numbers that stand in a text as they were typed, whatever that is.
    pub(super) fn typed_in(&self, text: &str) -> Vec<Edit> {
        let mut found = Vec::new();
        for typed in self.typed.iter().map(SecretText::expose) {
            let hidden = numbers::of_value(typed);
            for (at, _) in text.match_indices(typed) {
                let digits = hidden.iter().map(|digit| digit.start + at..digit.end + at).collect();
                found.extend(Edit::stars(at..at + typed.len(), digits));
            }
        }
        found
    }

    /// The codes of the request where they stand alone in a text.
    pub(super) fn codes_in(&self, text: &str) -> Vec<Edit> {
        let of = |code: &SecretText| {
            let found = text.match_indices(code.expose()).filter(|(at, found)| {
                let (before, after) = (&text[..*at], &text[at + found.len()..]);
                !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
            });
            found.map(|(at, found)| Edit::hide(at..at + found.len())).collect::<Vec<_>>()
        };
        self.codes.iter().flat_map(of).collect()
    }
}

fn add(secrets: &mut Vec<SecretText>, secret: &str) {
    if secrets.len() < MOST_OF_A_KIND && secrets.iter().all(|known| known.expose() != secret) {
        secrets.push(SecretText::new(secret));
    }
}
