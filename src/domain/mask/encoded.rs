//! Decodes percent-encoding, HTML entities, JSON escapes and base64.
//!
//! Each decoded character keeps its place in the source, so that a secret found in the decoded text can be hidden in
//! the source.

use std::{borrow::Cow, ops::Range};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::steps::step;

/// How many layers of encoding are removed at most.
const ROUNDS: usize = 3;
/// The shortest base64 text, in bytes, that is decoded: a shorter one is too short for a card number or a key.
pub(super) const SHORTEST_BASE64: usize = 12;
/// The HTML entities that browsers and editors write for quotes and for what separates the groups of a number.
const ENTITIES: [(&str, &str); 28] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", "\u{a0}"),
    ("ensp", "\u{2002}"),
    ("emsp", "\u{2003}"),
    ("numsp", "\u{2007}"),
    ("puncsp", "\u{2008}"),
    ("thinsp", "\u{2009}"),
    ("hairsp", "\u{200a}"),
    ("ZeroWidthSpace", "\u{200b}"),
    ("NoBreak", "\u{2060}"),
    ("NewLine", "\n"),
    ("zwj", "\u{200d}"),
    ("zwnj", "\u{200c}"),
    ("shy", "\u{ad}"),
    ("hyphen", "\u{2010}"),
    ("dash", "\u{2010}"),
    ("ndash", "\u{2013}"),
    ("mdash", "\u{2014}"),
    ("minus", "\u{2212}"),
    ("period", "."),
    ("sol", "/"),
    ("lowbar", "_"),
    ("plus", "+"),
    ("Tab", "\t"),
];

/// A decoded text with the source range of each byte.
pub(super) struct DecodedText {
    pub(super) text: String,
    /// For each byte of `text`, the byte range (start, end) of the source that it was decoded from.
    from: Vec<(u32, u32)>,
}

impl DecodedText {
    /// The source range of a range of the decoded text.
    pub(super) fn source(&self, part: &Range<usize>) -> Range<usize> {
        match (self.from.get(part.start), self.from.get(part.end.wrapping_sub(1))) {
            (Some(first), Some(last)) => first.0 as usize..last.1 as usize,
            _ => 0..0,
        }
    }
}

/// The text with its encodings removed; `None` if it has none.
pub(super) fn decoded(text: &str) -> Option<DecodedText> {
    let mut found: Option<DecodedText> = None;
    for _ in 0..ROUNDS {
        let source = found.as_ref().map_or(text, |decoded| &decoded.text);
        let Some(next) = decode_once(source) else { break };
        let from = match &found {
            Some(before) => next
                .from
                .iter()
                .map(|(start, end)| {
                    let whole = before.source(&(*start as usize..*end as usize));
                    (whole.start as u32, whole.end as u32)
                })
                .collect(),
            None => next.from,
        };
        found = Some(DecodedText { text: next.text, from });
    }
    found
}

/// Like [`decoded`], for callers that need no places in the source.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    decoded(text).map_or(Cow::Borrowed(text), |decoded| Cow::Owned(decoded.text))
}

/// The content of a JSON string, without its quotes, with its escapes decoded.
pub(super) fn unescaped(text: &str) -> DecodedText {
    decode(text, |rest| match rest.as_bytes() {
        [b'\\', b'b', ..] => Some((2, vec![0x08])),
        [b'\\', b'f', ..] => Some((2, vec![0x0c])),
        [b'\\', ..] => escape(rest),
        _ => None,
    })
    .0
}

fn decode_once(text: &str) -> Option<DecodedText> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'&' | b'\\')) || u32::try_from(text.len()).is_err() {
        return None;
    }
    let (decoded, is_encoded) = decode(text, |rest| match rest.as_bytes()[0] {
        b'%' => percent(rest),
        b'&' => entity(rest),
        b'\\' => escape(rest),
        _ => None,
    });
    is_encoded.then_some(decoded)
}

/// Decodes a text. `read` decodes the start of the rest of the text and returns the number of bytes read and the UTF-8
/// bytes that they stand for. The second value is whether `read` decoded anything.
fn decode(text: &str, read: impl Fn(&str) -> Option<(usize, Vec<u8>)>) -> (DecodedText, bool) {
    let mut out = String::with_capacity(text.len());
    let mut from: Vec<(u32, u32)> = Vec::with_capacity(text.len());
    let (mut at, mut is_encoded) = (0, false);
    while at < text.len() {
        step();
        let rest = &text[at..];
        let read = read(rest).and_then(|(length, sign)| Some((length, String::from_utf8(sign).ok()?)));
        is_encoded |= read.is_some();
        let (length, sign) = read.unwrap_or_else(|| {
            let sign: String = rest.chars().take(1).collect();
            (sign.len(), sign)
        });
        from.extend(sign.bytes().map(|_| (at as u32, (at + length) as u32)));
        out.push_str(&sign);
        at += length;
    }
    (DecodedText { text: out, from }, is_encoded)
}

fn hex(text: &str, range: Range<usize>) -> Option<u32> {
    let digits = text.get(range)?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(())?;
    u32::from_str_radix(digits, 16).ok()
}

fn utf8(code: u32) -> Option<Vec<u8>> {
    Some(char::from_u32(code)?.to_string().into_bytes())
}

/// Decodes all bytes of one percent-encoded character (`%34`), and `%u0034`.
fn percent(rest: &str) -> Option<(usize, Vec<u8>)> {
    // The form that JavaScript's `escape` writes.
    if rest[1..].starts_with('u') {
        return Some((6, utf8(hex(rest, 2..6)?)?));
    }
    let first = hex(rest, 1..3)? as u8;
    let length = match first {
        0..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut sign = Vec::with_capacity(length);
    for nth in 0..length {
        let start = nth * 3;
        if rest.as_bytes().get(start) != Some(&b'%') {
            return None;
        }
        sign.push(hex(rest, start + 1..start + 3)? as u8);
    }
    std::str::from_utf8(&sign).ok()?;
    Some((length * 3, sign))
}

/// Decodes `&#52;`, `&#x34;`, `&#52` and `&nbsp;`.
fn entity(rest: &str) -> Option<(usize, Vec<u8>)> {
    const LONGEST: usize = 24;
    let end = number_end(rest).or_else(|| rest.bytes().take(LONGEST).position(|byte| byte == b';'))?;
    let after = end + usize::from(rest[end..].starts_with(';'));
    let name = &rest[1..end];
    let code = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(digits) => hex(digits, 0..digits.len())?,
            None => number.parse().ok()?,
        },
        None => {
            let sign = ENTITIES.iter().find(|(known, _)| *known == name)?.1;
            return Some((after, sign.as_bytes().to_vec()));
        }
    };
    Some((after, utf8(code)?))
}

/// Where the digits of a numeric entity end. Browsers accept such an entity without a semicolon, so it may be missing.
fn number_end(rest: &str) -> Option<usize> {
    let (start, is_digit): (usize, fn(&u8) -> bool) = match rest.as_bytes() {
        [_, b'#', b'x' | b'X', ..] => (3, u8::is_ascii_hexdigit),
        [_, b'#', ..] => (2, u8::is_ascii_digit),
        _ => return None,
    };
    let length = rest[start..].bytes().take(24).take_while(is_digit).count();
    (length > 0).then_some(start + length)
}

/// Decodes `\u0034`, `\u{34}`, `\x34` and `\t`: the escapes of JSON, JavaScript and Rust.
fn escape(rest: &str) -> Option<(usize, Vec<u8>)> {
    match rest.as_bytes().get(1)? {
        b'u' if rest[2..].starts_with('{') => {
            let length = rest[3..].bytes().take(8).position(|byte| byte == b'}')?;
            Some((length + 4, utf8(hex(rest, 3..3 + length)?)?))
        }
        b'u' => {
            let unit = hex(rest, 2..6)?;
            if !(0xd800..0xdc00).contains(&unit) {
                return Some((6, utf8(unit)?));
            }
            let low = rest.get(6..8).filter(|start| *start == "\\u").and_then(|_| hex(rest, 8..12))?;
            let low = (0xdc00..0xe000).contains(&low).then_some(low)?;
            Some((12, utf8(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))?))
        }
        b'x' => Some((4, utf8(hex(rest, 2..4)?)?)),
        b't' => Some((2, b"\t".to_vec())),
        b'n' => Some((2, b"\n".to_vec())),
        b'r' => Some((2, b"\r".to_vec())),
        quoted @ (b'"' | b'/' | b'\\') => Some((2, vec![*quoted])),
        _ => None,
    }
}

/// Padding may be missing.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
// An engine holds the tables of its alphabet: made once, for masking asks of nearly every value whether it is base64.
static STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
static URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The decoded text of a value that is base64 as a whole, in the standard or the URL-safe alphabet.
pub(super) fn base64_text(value: &str) -> Option<String> {
    let value = value.trim();
    let may_be = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    if value.len() < SHORTEST_BASE64 || !value.bytes().all(may_be) {
        return None;
    }
    let engine = if value.bytes().any(|byte| matches!(byte, b'-' | b'_')) { &URL_SAFE } else { &STANDARD };
    String::from_utf8(engine.decode(value).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_is_read_and_its_place_known() {
        for (text, expected) in [
            ("a%34b", "a4b"),
            ("%e2%80%83", "\u{2003}"),
            ("&#52;&#x34;&nbsp;", "44\u{a0}"),
            ("&#52&#x34&#52", "444"),
            ("&#000000000052;", "4"),
            ("%u0034\\u{34}", "44"),
            (r"\u0034\x34\t\ud83d\ude00", "44\t\u{1f600}"),
            ("%2534", "4"),
            ("%26%2352%3B", "4"),
        ] {
            let decoded = decoded(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(decoded.text, expected, "{text}");
            assert_eq!(decoded.source(&(0..decoded.text.len())), 0..text.len(), "{text}");
        }
        let found = decoded("x %34%35 y").unwrap();
        assert_eq!(found.source(&(3..4)), 5..8);
        for plain in ["", "abc", "100%", "a & b", r"C:\dir", "&unknown;", "%zz", "%ff"] {
            assert!(decoded(plain).is_none(), "{plain}");
        }
    }

    #[test]
    fn base64_of_a_whole_value_is_read_in_either_alphabet() {
        for (value, text) in [
            ("NDUzOTU3ODc2MzYyMTQ4Ng==", Some("4539578763621486")),
            ("NDUzOTU3ODc2MzYyMTQ4Ng", Some("4539578763621486")),
            ("c2tfdGVzdF8_Pz4-", Some("sk_test_??>>")),
            ("short", None),
            ("not base64 at all", None),
        ] {
            assert_eq!(base64_text(value).as_deref(), text, "{value}");
        }
    }
}
