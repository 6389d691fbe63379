//! The secrets of one request: its own card numbers and security codes, whatever their form. A response may repeat
//! them, so they are masked in everything that is recorded about the request.

use super::{
    codes::NameMeaning,
    edit::{Kept, TextEdit},
    names::NameTraits,
    numbers,
};
use crate::domain::{
    card::{
        brand::MAX_DIGITS,
        digits::{digit_value, only_digits},
    },
    secret::SecretText,
};

/// How many numbers, and how many codes, are remembered at most: each costs a pass over every recorded text. An
/// ordinary request has one of each; the limit is for a hostile one.
const MOST_OF_A_KIND: usize = 32;
/// In bytes. A shorter code would occur by chance in dates and lengths.
const SHORTEST_CODE: usize = 3;

/// The secrets of one request.
#[derive(Debug, Default)]
pub struct OwnSecrets {
    /// Security codes as they were sent.
    codes: Vec<SecretText>,
    typed: Vec<SecretText>,
    /// The digits of `typed`, in ASCII.
    numbers: Vec<SecretText>,
}

impl OwnSecrets {
    /// Adds the secrets of a parameter, of whose value `kept` is kept.
    pub fn take(&mut self, name: &str, value: &str, kept: Kept) {
        if value.is_empty() {
            return;
        }
        let name = NameTraits::of(name);
        let was_code = name.meaning == NameMeaning::Ambiguous && kept == Kept::Hidden;
        if name.meaning == NameMeaning::Code || was_code {
            // A text without a digit, such as "invalid", is no real code, and hiding it would take words out of
            // messages.
            if value.chars().any(|c| digit_value(c).is_some()) && value.trim().len() >= SHORTEST_CODE {
                add(&mut self.codes, value);
            }
        } else if kept != Kept::Whole && name.is_number {
            add(&mut self.typed, value);
            let digits = only_digits(value);
            // A longer number is no card's, and searching for its digits everywhere is expensive: it is only found as
            // typed.
            if (numbers::SHORTEST_HIDDEN..=MAX_DIGITS).contains(&digits.len()) {
                add(&mut self.numbers, &digits);
            }
        }
    }

    /// Whether the request has a security code.
    pub fn has_codes(&self) -> bool {
        !self.codes.is_empty()
    }

    /// Whether the request has no card number of its own that is masked.
    pub(super) fn has_no_numbers(&self) -> bool {
        self.typed.is_empty()
    }

    pub(super) fn numbers(&self) -> Vec<&str> {
        self.numbers.iter().map(SecretText::expose).collect()
    }

    pub(super) fn shortest_number(&self) -> Option<usize> {
        self.numbers.iter().map(|number| number.expose().len()).min()
    }

    /// Whether a number occurs in a text as it was typed.
    pub(super) fn is_named_in(&self, text: &str) -> bool {
        self.typed.iter().any(|typed| text.contains(typed.expose()))
    }

    /// Where the numbers occur in a text as they were typed, with whatever separators.
    pub(super) fn typed_in(&self, text: &str) -> Vec<TextEdit> {
        let mut found = Vec::new();
        for typed in self.typed.iter().map(SecretText::expose) {
            let hidden = numbers::of_value(typed);
            for (at, _) in text.match_indices(typed) {
                let digits = hidden.iter().map(|digit| digit.start + at..digit.end + at).collect();
                found.extend(TextEdit::stars(at..at + typed.len(), digits));
            }
        }
        found
    }

    /// Where the security codes occur in a text as words of their own.
    pub(super) fn codes_in(&self, text: &str) -> Vec<TextEdit> {
        let of = |code: &SecretText| {
            let found = text.match_indices(code.expose()).filter(|(at, found)| {
                let (before, after) = (&text[..*at], &text[at + found.len()..]);
                !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
            });
            found.map(|(at, found)| TextEdit::hide(at..at + found.len())).collect::<Vec<_>>()
        };
        self.codes.iter().flat_map(of).collect()
    }
}

fn add(secrets: &mut Vec<SecretText>, secret: &str) {
    if secrets.len() < MOST_OF_A_KIND && secrets.iter().all(|known| known.expose() != secret) {
        secrets.push(SecretText::new(secret));
    }
}
