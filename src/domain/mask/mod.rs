//! What may be written down, and what stands in the place of what may not.
//!
//! Three things may not, each known by what it is: the number of a card that somebody could have ([`numbers`]) keeps six
//! and four of its digits; a security code ([`codes`]) and an API key ([`super::key::find_keys`]) are hidden. Everything
//! else stays as it came, to the byte. One pass over the text finds all of them, however long it is; a text that was
//! masked stays as it is when it is masked again.

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
    codes::Named,
    edit::{Edit, merged, settled},
    names::{is_looked_up, is_number_name, named},
};
pub use self::{
    edit::{HIDDEN, Kept, Redacted},
    names::{hides_security_code, is_security_code},
    own::OwnSecrets,
};
use super::key::find_keys;

/// JSON within texts of JSON is looked into so deep.
const MOST_LEVELS: u8 = 4;

/// Free text as it may be written.
pub fn text(text: &str) -> String {
    redacted(text, &OwnSecrets::default()).map_or_else(|| text.to_owned(), |redacted| redacted.text)
}

/// The path of a call as it may be written: each part of it is a value too.
pub fn path(path: &str, own: &OwnSecrets) -> String {
    in_parts(path, &['/'], own)
}

/// The name of a parameter as it may be written: each part of it is a value too, such as a key of `metadata`.
pub fn name(name: &str) -> String {
    in_parts(name, &['[', ']'], &OwnSecrets::default())
}

/// Hides the parts between some signs that are base64 of what may not be written, and masks the whole.
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

/// Whether a text may be written as it is.
pub fn is_whole(text: &str) -> bool {
    edits(text, &OwnSecrets::default(), false, 0).is_empty()
}

/// What is looked up by a hash where it may not be written down, as it may be shown: six and four digits beside that hash
/// would give the number away, so it is hidden altogether.
pub fn identity(text: &str) -> &str {
    if is_whole(text) { text } else { HIDDEN }
}

/// The value of a parameter as it may be written, by what its name says and by what it holds.
pub fn param(name: &str, value: &str) -> (String, Kept) {
    match settled(value, |value| edits_of_param(name, value)) {
        None => (value.to_owned(), Kept::Whole),
        Some(Redacted { text, .. }) if text == HIDDEN => (text, Kept::Hidden),
        Some(Redacted { text, .. }) => (text, Kept::Masked),
    }
}

/// A text without what may not be written, where there is anything; `own` is secret besides.
pub fn redacted(text: &str, own: &OwnSecrets) -> Option<Redacted> {
    settled(text, |text| edits(text, own, false, 0))
}

/// As [`redacted`], for an error message, a header or a text that is no JSON: the request's own security codes are
/// replaced there too, where they stand alone.
pub fn redacted_message(text: &str, own: &OwnSecrets) -> Option<Redacted> {
    settled(text, |text| edits(text, own, true, 0))
}

/// As [`redacted`], for a body: in JSON each text, number and name by itself, with every other byte as it came.
pub fn redacted_body(body: &str, own: &OwnSecrets) -> Option<Redacted> {
    settled(body, |body| json_edits(body, own, 0).unwrap_or_else(|| edits(body, own, true, 0)))
}

/// Whether something in a text can be a number, a code or a key, told fast and on the safe side. What only its name or
/// an encoding of the whole text gives away is not looked for.
pub fn may_hold_secrets(text: &str, own: &OwnSecrets) -> bool {
    let bytes = text.as_bytes();
    let shortest = own.shortest_number().unwrap_or(numbers::SHORTEST).min(numbers::SHORTEST);
    let mut digits = 0;
    for (at, byte) in bytes.iter().enumerate() {
        steps::step();
        match byte {
            // What is not ASCII may be a digit of another script.
            b'0'..=b'9' | 128.. => digits += 1,
            b' ' | b'\t'..=b'\r' | b'-' | b'.' | b'/' | b'+' => {}
            b'_' => {
                if may_end_prefix(&bytes[..at]) {
                    return true;
                }
            }
            b'%' if bytes.get(at + 1).is_some_and(|next| next.is_ascii_hexdigit() || *next == b'u') => return true,
            b'&' if bytes.get(at + 1).is_some_and(|next| *next == b'#' || next.is_ascii_alphabetic()) => return true,
            b'\\' => return true,
            _ => digits = 0,
        }
        if digits >= shortest {
            return true;
        }
    }
    !codes::find(text).is_empty() || own.is_named_in(text)
}

/// Whether the sign `_` after this text can end what a key begins with.
fn may_end_prefix(before: &[u8]) -> bool {
    let ends = |word: &str| {
        before.len().checked_sub(word.len()).is_some_and(|start| {
            before[start..].eq_ignore_ascii_case(word.as_bytes())
                && !start.checked_sub(1).is_some_and(|at| before[at].is_ascii_alphanumeric())
        })
    };
    ["sk", "rk", "pk", "ek", "whsec", "ctl"].into_iter().any(ends)
}

fn edits_of_param(name: &str, value: &str) -> Vec<Edit> {
    if value.is_empty() {
        return Vec::new();
    }
    let named = named(name);
    if named == Named::Code || (named == Named::Ambiguous && codes::is_code(value)) {
        return if value == HIDDEN { Vec::new() } else { vec![Edit::hide(0..value.len())] };
    }
    let mut edits = edits(value, &OwnSecrets::default(), false, 0);
    if is_looked_up(name) && !edits.is_empty() {
        return vec![Edit::hide(0..value.len())];
    }
    if is_number_name(name) {
        edits.extend(Edit::stars(0..value.len(), numbers::of_value(value)));
    }
    merged(edits)
}

/// What is replaced in a text. With `has_codes`, the request's own security codes are, too.
fn edits(text: &str, own: &OwnSecrets, has_codes: bool, level: u8) -> Vec<Edit> {
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
        return vec![Edit::hide(0..text.len())];
    }
    let mut found = if has_codes { own.codes_in(text) } else { Vec::new() };
    found.extend(codes::in_fields(text).into_iter().map(Edit::hide));
    if !may_hold_secrets(text, own) {
        return merged(found);
    }
    found.extend(plain(text, own));
    let found = merged(found);
    if level < MOST_LEVELS
        && let Some(decoded) = encoded::decoded(text)
    {
        // What stands there as it is was found already.
        let known: HashSet<Range<usize>> = found.iter().map(|edit| edit.about.clone()).collect();
        let inner = self::edits(&decoded.text, own, has_codes, level + 1);
        let parts = inner.iter().map(|edit| decoded.source(&edit.about)).filter(|part| !known.contains(part));
        let words = words_around(text, parts).into_iter().map(Edit::hide);
        return merged(found.into_iter().chain(words).collect());
    }
    found
}

/// What is replaced in a text that is JSON; `None` where it is not.
fn json_edits(text: &str, own: &OwnSecrets, level: u8) -> Option<Vec<Edit>> {
    json::edits(text, &own.numbers(), |text, has_codes| edits(text, own, has_codes, level))
}

/// Keys, codes behind their words, and numbers of a text as it is.
fn plain(text: &str, own: &OwnSecrets) -> Vec<Edit> {
    let keys = find_keys(text).map(|key| Edit { about: key.prefix.start..key.secret.end, ..Edit::hide(key.secret) });
    let codes = codes::find(text).into_iter().map(|code| Edit { about: code.whole, ..Edit::hide(code.digits) });
    let numbers = numbers::find(text, &own.numbers()).into_iter();
    let numbers = numbers.filter_map(|number| Edit::stars(number.whole, number.hidden));
    keys.chain(codes).chain(numbers).chain(own.typed_in(text)).collect()
}

/// The words of a text that these parts of it lie in, up to white space on both sides. The parts come in their order, and
/// many may lie in one word: each word is looked through once.
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
