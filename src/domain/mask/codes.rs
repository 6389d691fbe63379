//! Finds security codes: by the names of parameters and fields that hold one, and by the words before one in free text.

use std::ops::Range;

use super::{
    edit::HIDDEN,
    steps::{self, step},
};
use crate::domain::card::digits::digit_value;

/// Abbreviations for the security code that a name may end with.
///
/// `cvc` (Stripe, MasterCard, W3C), `cvv` (Visa, Braintree, Square), `cvn` (UnionPay, eWAY, Cybersource), `cvd`
/// (Moneris, Bambora, Discover), `cav` (JCB), `ccv` (Australian gateways), `cv2` (Opayo, DataCash), `cvx` (Ingenico). A
/// 1, 2 or 3 after the abbreviation is its version.
const ABBREVIATIONS: [&str; 8] = ["cvc", "cvv", "cvn", "cvd", "cav", "ccv", "cv", "cvx"];
/// What may follow an abbreviation in a name: `cvc_code`, `cvd_value` (Moneris), `cvNumber` (Cybersource),
/// `ssl_cvv2cvc2` (Elavon).
const SUFFIXES: [&str; 7] = ["code", "number", "value", "no", "nr", "num", "digits"];
/// Names of more than one word: `security_code` (Mercado Pago, PayU), `cardSecurityCode` (W3C Payment Request), `csc`
/// of a card (`cc-csc`, HTML autocomplete), `verification_value` (Spreedly, ActiveMerchant), `card_verification_code`
/// and `_number`, `signature_panel_code`.
const PHRASES: [&[&str]; 16] = [
    &["security", "code"],
    &["sec", "code"],
    &["securitycode"],
    &["verification", "value"],
    &["verificationvalue"],
    &["card", "verification", "code"],
    &["card", "verification", "number"],
    &["card", "validation", "code"],
    &["card", "validation", "value"],
    &["signature", "panel", "code"],
    &["cc", "csc"],
    &["card", "csc"],
    &["cardcsc"],
    &["cardcid"],
    &["cc", "cid"],
    &["card", "cid"],
];
/// Names of more than one word that can mean other things too, such as a voucher or a verification step: `cardCode`
/// (Authorize.net), `card_verification`. Their value is a security code only if it has three or four digits.
const AMBIGUOUS_PHRASES: [&[&str]; 3] = [&["card", "verification"], &["card", "code"], &["cardcode"]];
/// Names that can mean other things too, such as a customer id: `csc` (card security code), `cid` (American Express),
/// `cve` (Elo), `spc` (Diners), `cvm`, `vcode`. They must be the whole name, and their value is a security code only if
/// it has three or four digits.
const AMBIGUOUS: [&str; 6] = ["csc", "cid", "cve", "spc", "cvm", "vcode"];

/// How many bytes at the end of a name are read: more than any of the names above has.
const LONGEST_END: usize = 64;

/// What a name says about its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameMeaning {
    /// It is a security code.
    Code,
    /// It is a security code if it has three or four digits.
    Ambiguous,
    Other,
}

/// What the name of a field, or the last part of a parameter's name, says about its value.
pub(super) fn named(name: &str) -> NameMeaning {
    if !may_name_code(name) {
        return NameMeaning::Other;
    }
    // Only the end of a name counts, whatever it starts with.
    let start = name.len().saturating_sub(LONGEST_END);
    let words = words(&name[name.ceil_char_boundary(start)..]);
    let is_ambiguous = match &words[..] {
        [word] => start == 0 && AMBIGUOUS.contains(&word.as_str()),
        [word, suffix] => start == 0 && AMBIGUOUS.contains(&word.as_str()) && SUFFIXES.contains(&suffix.as_str()),
        _ => false,
    };
    let ends_with = |phrase: &[&str]| {
        words.len() >= phrase.len() && words[words.len() - phrase.len()..].iter().zip(phrase).all(|(a, b)| a == b)
    };
    let is_code = PHRASES.iter().any(|phrase| ends_with(phrase))
        || match &words[..] {
            [.., before, last] if SUFFIXES.contains(&last.as_str()) => is_abbreviation(before),
            [.., last] => is_abbreviation(last),
            [] => false,
        };
    if is_code {
        NameMeaning::Code
    } else if is_ambiguous || AMBIGUOUS_PHRASES.iter().any(|phrase| ends_with(phrase)) {
        NameMeaning::Ambiguous
    } else {
        NameMeaning::Other
    }
}

/// A fast test that rules out nearly every name before it is split into words.
pub(super) fn may_name_code(name: &str) -> bool {
    let bytes = name.as_bytes();
    (0..bytes.len()).any(|at| {
        let words: &[&str] = match bytes[at] | 0x20 {
            b'c' => &["cv", "cav", "code", "csc", "cid"],
            b's' => &["spc"],
            b'v' => &["verif", "valid"],
            _ => &[],
        };
        words.iter().any(|word| begins(bytes, at, word))
    })
}

/// Whether a word is an abbreviation such as `cvc` or `cvv2`, or ends with one, as in `cardcvc` and `cvv2cvc2`. `cv`
/// alone is a curriculum vitae, and `rcvd` means "received".
fn is_abbreviation(word: &str) -> bool {
    if word.contains("rcvd") || word.contains("recvd") {
        return false;
    }
    let stem = word.trim_end_matches(['1', '2', '3']);
    let (has_digit, glued) = (stem.len() < word.len(), stem.len() > 3);
    ABBREVIATIONS.iter().any(|known| {
        let fits = if glued { known.len() == 3 && *known != "cav" && stem.ends_with(known) } else { stem == *known };
        fits && (known.len() == 3 || has_digit)
    }) || SUFFIXES.iter().any(|suffix| {
        let before = word.strip_suffix(suffix).unwrap_or_default();
        !before.is_empty()
            && ["cvc", "cvv", "cvn", "cvd", "cv2", "cvc2", "cvv2"].iter().any(|known| before.ends_with(known))
    })
}

/// Whether a value has three or four digits and nothing else.
pub(super) fn is_code(value: &str) -> bool {
    let digits = value.trim().chars().map(digit_value).take(5).collect::<Option<Vec<u8>>>();
    digits.is_some_and(|digits| (3..=4).contains(&digits.len()))
}

/// The words of a name in lower case. A word ends at a character that is not alphanumeric, and before a capital after a
/// small letter.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_new = true;
    let mut before = ' ';
    for c in name.chars() {
        if c.is_alphanumeric() {
            if is_new || (c.is_uppercase() && before.is_lowercase()) {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        is_new = !c.is_alphanumeric();
        before = c;
    }
    // `CVV 2`, `cvc-2`: the digit belongs to the word before it.
    if words.len() > 1 && words.last().is_some_and(|last| ["1", "2", "3"].contains(&last.as_str())) {
        let digit = words.pop().unwrap_or_default();
        words[..].last_mut().expect("there was more than one").push_str(&digit);
    }
    words
}

/// Words of free text that can only mean a security code. A version digit may follow them.
const UNMISTAKABLE: [&str; 6] = ["cvc", "cvv", "cvn", "cvd", "ccv", "cav2"];
/// Phrases of free text that can only mean a security code, with at most one separator between their words. "Card
/// verification" alone is not one: "card verification 2026" can be a step of a process.
const UNMISTAKABLE_PHRASES: [&[&str]; 4] = [
    &["security", "code"],
    &["verification", "value"],
    &["card", "verification", "code"],
    &["card", "verification", "number"],
];
/// Words that may stand between such a word and its code, besides punctuation and spaces.
const LINKS: [&str; 15] =
    ["is", "was", "of", "code", "number", "value", "no", "nr", "the", "my", "are", "be", "will", "equals", "s"];
/// At most this many bytes stand between a word and its code.
const LONGEST_LINK: usize = 24;

/// A security code in free text, as byte ranges.
pub(super) struct FoundCode {
    /// From the start of the word that announces the code to the end of the code.
    pub(super) whole: Range<usize>,
    pub(super) digits: Range<usize>,
}

/// The security codes in free text: three or four digits after a word or phrase that can only mean a security code.
pub(super) fn find(text: &str) -> Vec<FoundCode> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        step();
        match announced_at(text, at) {
            Some(code) => {
                at = code.digits.end;
                found.push(code);
            }
            None => at += 1,
        }
    }
    found
}

/// The security code that a word or phrase at this byte offset announces.
pub(super) fn announced_at(text: &str, at: usize) -> Option<FoundCode> {
    let bytes = text.as_bytes();
    let end = if may_begin_word(bytes, at) { word_end(bytes, at) } else { None };
    let digits = code_after(text, end?)?;
    Some(FoundCode { whole: at..digits.end, digits })
}

/// The security codes in JSON fields inside text that is not JSON as a whole: a response cut off, a log line, several
/// documents in a row. A value without a digit is taken for a word, not for a code.
pub(super) fn in_fields(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(length) = text[at..].find('"') {
        steps::walk(length + 1);
        let start = at + length + 1;
        at = start;
        // The next search starts right after this opening quote: where quotes are not balanced, the closing one may
        // open a name.
        let Some(length) = text.as_bytes()[start..].iter().take(LONGEST_END).position(|byte| *byte == b'"') else {
            continue;
        };
        let (name, rest) = (&text[start..start + length], &text[start + length + 1..]);
        let Some(rest) = rest.trim_ascii_start().strip_prefix(':') else { continue };
        let named = named(name);
        if named == NameMeaning::Other {
            continue;
        }
        let rest = rest.trim_ascii_start();
        let (rest, is_end): (_, fn(char) -> bool) = match rest.strip_prefix('"') {
            Some(rest) => (rest, |c| matches!(c, '"' | '\n')),
            None => (rest, |c| digit_value(c).is_none()),
        };
        let value = rest.find(is_end).map_or(rest, |end| &rest[..end]);
        steps::walk(value.len());
        let has_digit = value.chars().any(|c| digit_value(c).is_some());
        if has_digit && (named == NameMeaning::Code || is_code(value)) {
            let start = text.len() - rest.len();
            at = start + value.len();
            found.push(start..at);
        }
    }
    found
}

fn begins(bytes: &[u8], at: usize, word: &str) -> bool {
    bytes.get(at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
}

/// A fast test that rules out nearly every place of a text: the first two letters of the words and phrases for a
/// security code.
#[inline]
pub(super) fn may_begin_word(bytes: &[u8], at: usize) -> bool {
    let second = || bytes.get(at + 1).map_or(0, |byte| byte | 0x20);
    match bytes[at] | 0x20 {
        b'c' => matches!(second(), b'v' | b'c' | b'a'),
        b's' | b'v' => second() == b'e',
        _ => false,
    }
}

/// Where the word or phrase for a security code that starts at this byte offset ends; `None` if there is none.
fn word_end(bytes: &[u8], at: usize) -> Option<usize> {
    if let Some(word) = UNMISTAKABLE.iter().find(|word| begins(bytes, at, word)) {
        // The end of `rcvd` or `recvd`, which mean "received".
        if *word == "cvd" && matches!(&bytes[..at], [.., b'r' | b'R'] | [.., b'r' | b'R', b'e' | b'E']) {
            return None;
        }
        let end = at + word.len();
        // The digit of `CVC2`, but not the first digit of `cvc 2030`.
        let has_digit =
            matches!(bytes.get(end), Some(b'1'..=b'3')) && !bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        return Some(end + usize::from(has_digit));
    }
    UNMISTAKABLE_PHRASES.iter().find_map(|phrase| {
        let mut end = at;
        for (nth, word) in phrase.iter().enumerate() {
            end += usize::from(nth > 0 && matches!(bytes.get(end), Some(b' ' | b'_' | b'-')));
            end = begins(bytes, end, word).then_some(end + word.len())?;
        }
        Some(end)
    })
}

/// The security code after a word that ends at this byte offset.
fn code_after(text: &str, end: usize) -> Option<Range<usize>> {
    let mut rest = text.get(end..)?;
    let mut has_link = false;
    loop {
        step();
        if text.len() - rest.len() - end > LONGEST_LINK {
            return None;
        }
        let c = rest.chars().next()?;
        if digit_value(c).is_some() {
            break;
        }
        // The code is hidden already.
        if HIDDEN.starts_with(c) {
            return None;
        }
        if !c.is_alphanumeric() {
            has_link = true;
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let length = rest.bytes().take(LONGEST_LINK).take_while(u8::is_ascii_alphabetic).count();
        let is_link = LINKS.iter().any(|link| rest[..length].eq_ignore_ascii_case(link));
        if !is_link {
            return None;
        }
        has_link = true;
        rest = &rest[length..];
    }
    let start = text.len() - rest.len();
    let digits: Vec<char> = rest.chars().take_while(|c| digit_value(*c).is_some()).take(5).collect();
    let length: usize = digits.iter().map(|c| c.len_utf8()).sum();
    let is_alone = !rest[length..].starts_with(char::is_alphanumeric);
    (has_link && (3..=4).contains(&digits.len()) && is_alone).then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_by_the_names_that_gateways_have_for_it() {
        for name in [
            "cvc",
            "CVC",
            "cvv",
            "cvv2",
            "CVV2",
            "cvc2",
            "cvn",
            "cvn2",
            "cvd",
            "cvd_value",
            "cav2",
            "ccv",
            "cv2",
            "cvx2",
            "card_cvc",
            "cardCvv",
            "cardcvc",
            "cvcCode",
            "cvc_number",
            "cvvNumber",
            "cvvnumber",
            "ssl_cvv2cvc2",
            "security_code",
            "securityCode",
            "SecurityCode",
            "card-security-code",
            "cardSecurityCode",
            "sec_code",
            "verification_value",
            "verificationValue",
            "card_verification_value",
            "card_verification_number",
            "cc-csc",
            "card_csc",
            "cardCid",
            "cvv-2",
            "CVV 2",
            "my cvc",
        ] {
            assert_eq!(named(name), NameMeaning::Code, "{name}");
        }
        assert_eq!(named(&format!("{}_cvc", "ä".repeat(70))), NameMeaning::Code, "however it begins");
        for name in ["csc", "CID", "cve", "csc_code", "cidNumber", "cardCode", "gift_card_code", "card_verification"] {
            assert_eq!(named(name), NameMeaning::Ambiguous, "{name}");
        }
        for name in [
            "cvc_check",
            "cvc_sent",
            "cvc_token",
            "cvc_update",
            "cv",
            "customer_id",
            "gcid",
            "code",
            "postal_code",
            "verification_code",
            "number",
            "discount_code",
            "address_line1_check",
            "cvc_results",
            "incident",
            "recv",
            "rcvd",
            "date_recvd",
            "rcvdValue",
            "customer_cid",
        ] {
            assert_eq!(named(name), NameMeaning::Other, "{name}");
        }
    }

    #[test]
    fn in_free_text_a_code_stands_after_an_unmistakable_word() {
        for (text, code) in [
            ("cvc is 123", "123"),
            ("CVC2: 123", "123"),
            ("CVV2 4321.", "4321"),
            ("security code: 1234", "1234"),
            ("Security-Code=987", "987"),
            ("the CVV was 123, then", "123"),
            ("my cvc code is 123", "123"),
            ("card[cvc]=314", "314"),
            (r#""cvc": "314""#, "314"),
            ("cvv\u{a0}\u{ff11}\u{ff12}\u{ff13}", "\u{ff11}\u{ff12}\u{ff13}"),
            ("cardCvc: 123", "123"),
            ("card verification number 123", "123"),
            ("card_verification_code=123", "123"),
            ("my CVC's 123", "123"),
            ("cvc will be 123", "123"),
        ] {
            let found: Vec<&str> = find(text).into_iter().map(|code| &text[code.digits]).collect();
            assert_eq!(found, [code], "{text}");
        }
        for text in [
            "the cvc fails in 2030",
            "cvc_check: pass, exp_month 12",
            "cvc: 12",
            "cvc: 12345",
            "cvc123",
            "cvc 123rd",
            "123 Main Street",
            "verification code 1234",
            "csc 123",
            "cvc",
            "rcvd 2024-11-28",
            "Payment RECVD: 250",
            "card verification: 2026-11-28",
        ] {
            assert!(find(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_fast_test_lets_every_word_for_a_code_through() {
        let phrases = UNMISTAKABLE_PHRASES.iter().map(|phrase| phrase[0]);
        for word in UNMISTAKABLE.into_iter().chain(phrases) {
            for word in [word.to_owned(), word.to_uppercase()] {
                assert!(may_begin_word(word.as_bytes(), 0), "{word}");
            }
        }
    }
}
