//! Finds card numbers in a text.
//!
//! A card number is written in groups of digits with separators between them. A *run* is a sequence of such groups.
//! Every stretch of whole groups in a run that has the length of a card number is tested, so a date beside a card
//! number does not keep it from being found.

use std::ops::Range;

use super::steps::step;
use crate::domain::{
    card::{
        brand::{MAX_DIGITS, MIN_DIGITS},
        digits::digit_value,
        number,
    },
    invisible::is_invisible,
};

/// The first six digits identify the issuer and the last four the card. Both may be shown.
const SHOWN_FIRST: usize = 6;
const SHOWN_LAST: usize = 4;
/// The fewest digits of a card number.
pub(super) const SHORTEST: usize = MIN_DIGITS;
/// The fewest digits of a number of which a part is hidden.
pub(super) const SHORTEST_HIDDEN: usize = SHOWN_FIRST + SHOWN_LAST + 1;

/// A digit of a run.
struct FoundDigit {
    /// In bytes.
    place: Range<usize>,
    value: u8,
    starts_group: bool,
    is_masked: bool,
}

/// Whether a character can separate the groups of a number: any white space, dash, dot, slash, underscore or plus, a
/// combining mark, or an invisible character.
fn is_separator(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' ' | '\t'..='\r' | '-' | '.' | '/' | '_' | '+');
    }
    c.is_whitespace() || is_dash(c) || is_dot_or_slash(c) || is_combining(c) || is_invisible(c)
}

/// Dashes and hyphens (general category Pd), and characters that look like them.
fn is_dash(c: char) -> bool {
    matches!(
        c,
        '\u{58a}' | '\u{5be}' | '\u{1400}' | '\u{1806}' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{2212}'
                | '\u{2e17}'
                | '\u{2e1a}'
                | '\u{2e3a}'
                | '\u{2e3b}'
                | '\u{2e40}'
                | '\u{2e5d}'
                | '\u{301c}'
                | '\u{3030}'
                | '\u{30a0}'
                | '\u{30fc}'
                | '\u{fe31}'
                | '\u{fe32}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{ff0d}'
                | '\u{10ead}'
    )
}

/// Non-ASCII variants of dot, slash, underscore and plus.
fn is_dot_or_slash(c: char) -> bool {
    matches!(
        c,
        '\u{b7}'
            | '\u{2024}'
            | '\u{2027}'
            | '\u{203f}'
            | '\u{2044}'
            | '\u{2215}'
            | '\u{29f8}'
            | '\u{3002}'
            | '\u{30fb}'
            | '\u{ff0b}'
            | '\u{ff0e}'
            | '\u{ff0f}'
            | '\u{ff3f}'
            | '\u{ff65}'
    )
}

/// Combining marks, such as the keycap of a digit emoji.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20f0}')
}

/// A card number in a text, as byte ranges.
pub(super) struct FoundNumber {
    /// The whole number, with the digits that may be shown.
    pub(super) whole: Range<usize>,
    /// The digits that must be hidden.
    pub(super) hidden: Vec<Range<usize>>,
}

/// All card numbers in a text, in ascending order. `own` are further numbers to find, whatever their form: ASCII
/// digits, at most as many as a card number has.
pub(super) fn find(text: &str, own: &[&str]) -> Vec<FoundNumber> {
    let shortest_own = own.iter().map(|number| number.len()).min().unwrap_or(MIN_DIGITS);
    let lengths = shortest_own.min(MIN_DIGITS)..=MAX_DIGITS;
    let mut found = Vec::new();
    let mut run = DigitRun { digits: Vec::new(), own, lengths };
    let mut chars = text.char_indices().peekable();
    // Whether the previous character was a digit.
    let mut after_digit = false;
    while let Some((at, c)) = chars.next() {
        step();
        if let Some(value) = digit_value(c) {
            run.digits.push(FoundDigit {
                place: at..at + c.len_utf8(),
                value,
                starts_group: !after_digit,
                is_masked: false,
            });
            after_digit = true;
            continue;
        }
        if c == '.' && after_digit && is_fraction(text, at) {
            run.end(&mut found);
            while chars.next_if(|(_, c)| digit_value(*c).is_some()).is_some() {
                step();
            }
            after_digit = false;
            continue;
        }
        if !is_separator(c) {
            run.end(&mut found);
        }
        after_digit = false;
    }
    run.end(&mut found);
    found
}

/// Whether the dot at this byte offset, which follows a digit, is a decimal point: digits on both sides, and no further
/// dot next to those digits.
fn is_fraction(text: &str, dot: usize) -> bool {
    let is_digit = |c: &char| digit_value(*c).is_some();
    let mut after = text[dot + 1..].chars().peekable();
    let mut digits = 0;
    while after.next_if(is_digit).is_some() {
        step();
        digits += 1;
    }
    let has_dot_after = after.peek() == Some(&'.') && after.nth(1).is_some_and(|c| is_digit(&c));
    // Each digit before a dot is looked at a second time here, but no more often: the search stays linear.
    let before = text[..dot].trim_end_matches(|c| digit_value(c).is_some());
    let has_dot_before = before.strip_suffix('.').is_some_and(|rest| rest.ends_with(|c| digit_value(c).is_some()));
    digits > 0 && !has_dot_after && !has_dot_before
}

/// Groups of digits with only separators between them.
struct DigitRun<'a> {
    digits: Vec<FoundDigit>,
    own: &'a [&'a str],
    /// The lengths in digits that a number may have.
    lengths: std::ops::RangeInclusive<usize>,
}

impl DigitRun<'_> {
    /// Finds the numbers of the finished run, then empties it.
    fn end(&mut self, found: &mut Vec<FoundNumber>) {
        if self.digits.len() < *self.lengths.start() {
            self.digits.clear();
            return;
        }
        // First test every stretch of the digits as they were sent, because the digits hidden in one number may belong
        // to another number too.
        let mut hits = Vec::new();
        for end in (1..=self.digits.len()).filter(|end| self.is_group_end(*end)) {
            self.ending_at(end, &mut hits);
        }
        // The unmasked digits beside masked ones form new groups, which are tested too. So masking the result again
        // changes nothing.
        while !hits.is_empty() {
            let hidden: Vec<Range<usize>> =
                hits.drain(..).map(|number| number.start + SHOWN_FIRST..number.end - SHOWN_LAST).collect();
            for digit in hidden.iter().cloned().flatten() {
                self.digits[digit].is_masked = true;
            }
            for edges in hidden {
                self.ending_at(edges.start, &mut hits);
                self.starting_at(edges.end, &mut hits);
            }
        }
        self.collect(found);
        self.digits.clear();
    }

    fn is_group_start(&self, at: usize) -> bool {
        at == 0 || self.digits[at].starts_group || self.digits[at - 1].is_masked
    }

    fn is_group_end(&self, at: usize) -> bool {
        at == self.digits.len() || self.digits[at].starts_group || self.digits[at].is_masked
    }

    /// Adds the numbers that end before this digit.
    fn ending_at(&self, end: usize, hits: &mut Vec<Range<usize>>) {
        let from = end.saturating_sub(*self.lengths.end());
        for start in (from..end).rev() {
            step();
            if self.digits[start].is_masked {
                return;
            }
            if self.is_group_start(start) && self.is_number(start..end) {
                hits.push(start..end);
            }
        }
    }

    /// Adds the numbers that start with this digit.
    fn starting_at(&self, start: usize, hits: &mut Vec<Range<usize>>) {
        let until = self.digits.len().min(start + self.lengths.end());
        for end in start + 1..=until {
            step();
            if self.digits[end - 1].is_masked {
                return;
            }
            if self.is_group_end(end) && self.is_number(start..end) {
                hits.push(start..end);
            }
        }
    }

    fn is_number(&self, stretch: Range<usize>) -> bool {
        if !self.lengths.contains(&stretch.len()) {
            return false;
        }
        // Nine of ten stretches fail the Luhn check, which needs no copy of the digits.
        let values = self.digits[stretch].iter().map(|digit| digit.value);
        if self.own.is_empty() && !number::has_check_digit(values.clone()) {
            return false;
        }
        let digits: String = values.map(|value| char::from(b'0' + value)).collect();
        self.own.contains(&digits.as_str()) || number::could_be_issued(&digits)
    }

    /// Adds the masked digits, grouped by number.
    fn collect(&self, found: &mut Vec<FoundNumber>) {
        let mut at = 0_usize;
        for part in self.digits.chunk_by(|a, b| a.is_masked == b.is_masked) {
            let (first, last) = (at.saturating_sub(SHOWN_FIRST), at + part.len() - 1 + SHOWN_LAST);
            at += part.len();
            if part[0].is_masked {
                let last = last.min(self.digits.len() - 1);
                found.push(FoundNumber {
                    whole: self.digits[first].place.start..self.digits[last].place.end,
                    hidden: part.iter().map(|digit| digit.place.clone()).collect(),
                });
            }
        }
    }
}

/// The digits to hide in a value that is a card number by its parameter's name, whatever stands between its digits.
/// None if it is too short to hide anything, or a published test card.
pub(super) fn of_value(value: &str) -> Vec<Range<usize>> {
    let digits: Vec<(usize, char, u8)> =
        value.char_indices().filter_map(|(at, c)| Some((at, c, digit_value(c)?))).collect();
    let number: String = digits.iter().map(|(_, _, value)| char::from(b'0' + value)).collect();
    if digits.len() < SHORTEST_HIDDEN || number::is_published(&number) {
        return Vec::new();
    }
    let hidden = &digits[SHOWN_FIRST..digits.len() - SHOWN_LAST];
    hidden.iter().map(|(at, c, _)| *at..at + c.len_utf8()).collect()
}
