//! Masking: what may be written to disk or shown, and what replaces the rest.
//!
//! Three kinds of secrets are recognised, by their form or by the name beside them. The number of a possibly real card
//! (`numbers`) keeps its first six and last four digits. Security codes (`codes`) and API keys
//! ([`super::key::find_keys`]) are hidden. Every other byte stays unchanged.
//!
//! All secrets are found in time linear in the length of the text. Masking a masked text changes nothing.

mod codes;
mod edit;
mod encoded;
mod json;
pub mod keyed_hash;
mod names;
mod numbers;
mod own;
mod steps;

use std::{collections::HashSet, ops::Range};

use self::{
    codes::NameMeaning,
    edit::{TextEdit, merged, settled},
    names::NameTraits,
};
pub use self::{
    edit::{HIDDEN, Kept, RedactedText},
    names::{hides_security_code, is_security_code},
    own::OwnSecrets,
};
use super::{
    card::{brand::MAX_DIGITS, number},
    key::find_keys,
};

/// How deep JSON inside strings of JSON, and encodings inside encodings, are searched.
const MOST_LEVELS: u8 = 4;

/// Masks free text.
pub fn text(text: &str) -> String {
    redacted(text, &OwnSecrets::default()).map_or_else(|| text.to_owned(), |redacted| redacted.text)
}

/// Masks the path of a request. Each segment is a value of its own.
pub fn path(path: &str, own: &OwnSecrets) -> String {
    in_parts(path, &['/'], own)
}

/// Masks the name of a parameter or header. Each part is a value of its own, such as a key of `metadata`.
pub fn name(name: &str) -> String {
    if names::is_usual(name) {
        return name.to_owned();
    }
    in_parts(name, &['[', ']'], &OwnSecrets::default())
}

/// Masks a sentence of the program. Each word can be a value that the sentence quotes.
pub fn sentence(text: &str) -> String {
    in_parts(text, &[' ', '\'', '"', '`', ',', '.', ':', ';', '(', ')', '='], &OwnSecrets::default())
}

/// Hides the parts between `signs` that are the base64 of a secret, then masks the whole text.
fn in_parts(text: &str, signs: &[char], own: &OwnSecrets) -> String {
    let hidden = |part: &str| encoded::base64_text(part).is_some() && !is_whole(part);
    if text.len() < encoded::SHORTEST_BASE64 || !text.split(signs).any(hidden) {
        return redacted(text, own).map_or_else(|| text.to_owned(), |redacted| redacted.text);
    }
    let mut parted = String::with_capacity(text.len());
    for part in text.split_inclusive(signs) {
        let value = part.strip_suffix(signs).unwrap_or(part);
        parted.push_str(if hidden(value) { HIDDEN } else { value });
        parted.push_str(&part[value.len()..]);
    }
    redacted(&parted, own).map_or(parted, |redacted| redacted.text)
}

impl OwnSecrets {
    /// The secrets among the parameters of a request.
    pub fn of<'a>(params: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut own = Self::default();
        for (name, value) in params {
            own.take(name, value, param(name, value).1);
        }
        own
    }
}

/// Whether a text holds no secret, so that it may be written unchanged.
pub fn is_whole(text: &str) -> bool {
    edits(text, &OwnSecrets::default(), false, 0).is_empty()
}

/// An identifier as it may be shown: whole, or hidden altogether. A masked form is not safe here, because such an
/// identifier is stored as a hash: ten digits of a card number beside the hash would let somebody try out the rest.
pub fn identity(text: &str) -> &str {
    if is_whole(text) { text } else { HIDDEN }
}

/// Masks the value of a parameter, by the parameter's name and by what the value holds. The mark says how much is left.
pub fn param(name: &str, value: &str) -> (String, Kept) {
    match settled(value, |value| edits_of_param(name, value)) {
        None => (value.to_owned(), Kept::Whole),
        Some(RedactedText { text, .. }) if text == HIDDEN => (text, Kept::Hidden),
        Some(RedactedText { text, .. }) => (text, Kept::Masked),
    }
}

/// The masked text, or `None` if nothing had to be replaced. `own` are the request's own secrets, which are masked as
/// well.
pub fn redacted(text: &str, own: &OwnSecrets) -> Option<RedactedText> {
    settled(text, |text| edits(text, own, false, 0))
}

/// Like [`redacted`], for an error message, a header or a body that is not JSON. There the request's own security codes
/// are hidden too, wherever they stand as a word of their own.
pub fn redacted_message(text: &str, own: &OwnSecrets) -> Option<RedactedText> {
    settled(text, |text| edits(text, own, true, 0))
}

/// Like [`redacted`], for a response body. In JSON each string, number and name is masked by itself, and every other
/// byte stays unchanged.
pub fn redacted_body(body: &str, own: &OwnSecrets) -> Option<RedactedText> {
    settled(body, |body| json_edits(body, own, 0).unwrap_or_else(|| edits(body, own, true, 0)))
}

/// A fast test that may report false positives: whether a text can hold a card number, a security code or a key. It
/// misses what only the name of the value or an encoding of the whole text reveals.
pub fn may_hold_secrets(text: &str, own: &OwnSecrets) -> bool {
    let bytes = text.as_bytes();
    let shortest = own.shortest_number().unwrap_or(numbers::SHORTEST).min(numbers::SHORTEST) as u32;
    let mut digits = 0;
    let nexts = bytes.iter().skip(1).chain(&[0]);
    for (at, (byte, next)) in bytes.iter().zip(nexts).enumerate() {
        steps::step();
        let (role, next) = (BYTE_ROLES[usize::from(*byte)], BYTE_ROLES[usize::from(*next)]);
        // Without a branch, for whether the next byte is a digit cannot be guessed: this test reads every byte that is
        // recorded.
        digits = (digits + role.digits) & role.keeps;
        if digits >= shortest && own.has_no_numbers() && is_published_number(text, at) {
            digits = 0;
        }
        if digits >= shortest || (role.begins & next.follows != 0 && is_suspicious(text, at)) {
            return true;
        }
    }
    own.is_named_in(text)
}

/// Whether the digit at a place belongs to the number of a published test card that stands by itself. What the minter keeps
/// of a card has such a number in it.
fn is_published_number(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    let start = at + 1 - bytes[..=at].iter().rev().take(MAX_DIGITS).take_while(is_digit).count();
    let end = at + 1 + bytes[at + 1..].iter().take(MAX_DIGITS).take_while(is_digit).count();
    steps::walk(end - start);
    let is_beside = |byte: Option<&u8>| byte.is_some_and(|byte| BYTE_ROLES[usize::from(*byte)].keeps != 0);
    let is_alone = !is_beside(start.checked_sub(1).map(|before| &bytes[before])) && !is_beside(bytes.get(end));
    is_alone && number::is_published(&text[start..end])
}

/// Whether the byte at a place, with those around it, completes the prefix of a key, begins an encoded character, or
/// announces a security code.
fn is_suspicious(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    match bytes[at] {
        b'%' | b'&' | b'\\' => may_begin_encoding(&bytes[at..]),
        _ if bytes.get(at + 1) == Some(&b'_') && may_end_prefix(&bytes[..=at]) => true,
        _ => codes::announced_at(text, at).is_some(),
    }
}

/// What a byte means to [`may_hold_secrets`].
#[derive(Clone, Copy)]
struct ByteRole {
    /// How many digits it is.
    digits: u32,
    /// All bits where the digits before it are still counted behind it, for it may stand between the digits of a number.
    keeps: u32,
    /// What it may be the first byte of, a bit for each of the pairs below.
    begins: u8,
    /// What it may be the second byte of.
    follows: u8,
}

/// An encoded character, whatever follows.
const ENCODED: u8 = 1;
/// The end of a key's prefix with its underscore.
const PREFIX_END: u8 = 2;
/// A word for a security code: `cv`, `cc`, `ca`.
const CARD_WORD: u8 = 4;
/// The same: `se`, `ve`.
const SECURITY_WORD: u8 = 8;

const BYTE_ROLES: [ByteRole; 256] = {
    let other = ByteRole { digits: 0, keeps: 0, begins: 0, follows: ENCODED };
    let mut roles = [other; 256];
    let mut byte = 0;
    while byte < roles.len() {
        let role = &mut roles[byte];
        let letter = (byte as u8).to_ascii_lowercase();
        match letter {
            // A character outside ASCII may be a digit of another script.
            b'0'..=b'9' | 128.. => (role.digits, role.keeps) = (1, u32::MAX),
            b' ' | b'\t'..=b'\r' | b'-' | b'.' | b'/' | b'+' | b'_' => role.keeps = u32::MAX,
            _ => {}
        }
        role.begins = match letter {
            b'%' | b'&' | b'\\' => ENCODED,
            b'c' => CARD_WORD | PREFIX_END,
            b's' | b'v' => SECURITY_WORD,
            b'k' | b'l' => PREFIX_END,
            _ => 0,
        };
        role.follows |= match letter {
            b'_' => PREFIX_END,
            b'v' | b'c' | b'a' => CARD_WORD,
            b'e' => SECURITY_WORD,
            _ => 0,
        };
        byte += 1;
    }
    roles
};

/// Whether an encoded character may stand at the beginning of these bytes.
fn may_begin_encoding(bytes: &[u8]) -> bool {
    match bytes {
        [b'%', next, ..] => next.is_ascii_hexdigit() || *next == b'u',
        [b'&', next, ..] => *next == b'#' || next.is_ascii_alphabetic(),
        [b'\\', ..] => true,
        _ => false,
    }
}

/// Whether an underscore after this text can complete the prefix of a key.
fn may_end_prefix(before: &[u8]) -> bool {
    let ends = |word: &str| {
        before.len().checked_sub(word.len()).is_some_and(|start| {
            before[start..].eq_ignore_ascii_case(word.as_bytes())
                && !start.checked_sub(1).is_some_and(|at| before[at].is_ascii_alphanumeric())
        })
    };
    ["sk", "rk", "pk", "ek", "whsec", "ctl"].into_iter().any(ends)
}

fn edits_of_param(name: &str, value: &str) -> Vec<TextEdit> {
    if value.is_empty() {
        return Vec::new();
    }
    let name = NameTraits::of(name);
    if name.meaning == NameMeaning::Code || (name.meaning == NameMeaning::Ambiguous && codes::is_code(value)) {
        return if value == HIDDEN { Vec::new() } else { vec![TextEdit::hide(0..value.len())] };
    }
    // Most calls are made with a published test card, whose number may be written anywhere.
    if name.is_number && number::is_published(value) {
        return Vec::new();
    }
    let mut edits = edits(value, &OwnSecrets::default(), false, 0);
    if name.is_looked_up && !edits.is_empty() {
        return vec![TextEdit::hide(0..value.len())];
    }
    if name.is_number {
        edits.extend(TextEdit::stars(0..value.len(), numbers::of_value(value)));
    }
    merged(edits)
}

/// The replacements in a text. With `has_codes`, the request's own security codes are replaced too.
fn edits(text: &str, own: &OwnSecrets, has_codes: bool, level: u8) -> Vec<TextEdit> {
    if level < MOST_LEVELS
        && text.trim_start().starts_with(['{', '['])
        && let Some(edits) = json_edits(text, own, level + 1)
    {
        return edits;
    }
    if level < MOST_LEVELS
        && let Some(hidden) = encoded::base64_text(text)
        && !self::edits(&hidden, own, has_codes, level + 1).is_empty()
    {
        return vec![TextEdit::hide(0..text.len())];
    }
    let mut found = if has_codes { own.codes_in(text) } else { Vec::new() };
    found.extend(codes::in_fields(text).into_iter().map(TextEdit::hide));
    if !may_hold_secrets(text, own) {
        return merged(found);
    }
    found.extend(plain(text, own));
    let found = merged(found);
    if level < MOST_LEVELS
        && let Some(decoded) = encoded::decoded(text)
    {
        // Secrets that are not encoded were found above.
        let known: HashSet<Range<usize>> = found.iter().map(|edit| edit.about.clone()).collect();
        let inner = self::edits(&decoded.text, own, has_codes, level + 1);
        let parts = inner.iter().map(|edit| decoded.source(&edit.about)).filter(|part| !known.contains(part));
        let words = words_around(text, parts).into_iter().map(TextEdit::hide);
        return merged(found.into_iter().chain(words).collect());
    }
    found
}

/// The replacements in a text that is JSON; `None` if it is not.
fn json_edits(text: &str, own: &OwnSecrets, level: u8) -> Option<Vec<TextEdit>> {
    json::edits(text, &own.numbers(), |text, has_codes| edits(text, own, has_codes, level))
}

/// Keys, security codes after the words that announce them, and numbers, in a text that is taken as it is, without
/// decoding.
fn plain(text: &str, own: &OwnSecrets) -> Vec<TextEdit> {
    let keys =
        find_keys(text).map(|key| TextEdit { about: key.prefix.start..key.secret.end, ..TextEdit::hide(key.secret) });
    let codes = codes::find(text).into_iter().map(|code| TextEdit { about: code.whole, ..TextEdit::hide(code.digits) });
    let numbers = numbers::find(text, &own.numbers()).into_iter();
    let numbers = numbers.filter_map(|number| TextEdit::stars(number.whole, number.hidden));
    keys.chain(codes).chain(numbers).chain(own.typed_in(text)).collect()
}

/// The words of a text, delimited by white space, that contain these parts. The parts come in ascending order; many may
/// lie in one word, which is searched once only.
fn words_around(text: &str, parts: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for part in parts {
        let last = words.last().map_or(0, |word| word.end);
        if !words.is_empty() && part.end <= last {
            continue;
        }
        let end_of = |from: usize| {
            let length = text[from..].find(char::is_whitespace).unwrap_or(text.len() - from);
            steps::walk(length);
            from + length
        };
        let start = match text[last..part.start.max(last)].char_indices().rfind(|(_, c)| c.is_whitespace()) {
            Some((at, space)) => last + at + space.len_utf8(),
            None => last,
        };
        steps::walk(part.start.saturating_sub(start));
        match words.last_mut() {
            Some(word) if start == word.end => word.end = end_of(part.end),
            _ => words.push(start..end_of(part.end)),
        }
    }
    words
}

#[cfg(test)]
mod tests;
