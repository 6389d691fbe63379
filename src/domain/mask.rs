//! What may be written down: card numbers that are not published are cut to six and four digits, security codes and
//! keys are hidden altogether. The store applies this to everything that it writes, so nothing else needs to.

use std::{net::Ipv4Addr, ops::Range};

use super::{card::passes_luhn, test_cards};

/// What stands in the place of a security code.
pub const HIDDEN: &str = "•••";

/// Runs of at least this many digits are taken for card numbers.
const SHORTEST_RUN: usize = 12;
/// In a parameter that is meant to hold a number, a shorter run is masked too: more than six and four digits.
const SHORTEST_NUMBER: usize = 11;
/// At most so many separators stand between two digits of one number in free text: `4111 - 1111`.
const LONGEST_GAP: usize = 3;

/// Free text as it may be written: every run of 12 or more digits that is not a published test card is masked, also
/// when spaces, dashes or dots group it, or when its digits are not ASCII; every API key loses its secret part. A UUID
/// stays whole: Stripe's SDKs make their idempotency keys of one, and some of those are full of digits. So does an IPv4
/// address that stands alone.
pub fn text(text: &str) -> String {
    if is_clean(text) {
        return text.to_owned();
    }
    let mask = |text: &str| {
        let is_number = |run: &Run| run.digits.len() >= SHORTEST_RUN && !is_address(text, run);
        let numbers = digit_runs(text, LONGEST_GAP, is_separator).into_iter().filter(is_number);
        mask_keys(&mask_codes(&mask_digits(text, numbers)))
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(uuid) = find_uuid(rest) {
        out.push_str(&mask(&rest[..uuid.start]));
        out.push_str(&rest[uuid.clone()]);
        rest = &rest[uuid.end..];
    }
    out + &mask(rest)
}

/// The first UUID that stands alone. It has a letter: what is all digits may be anything.
fn find_uuid(text: &str) -> Option<Range<usize>> {
    const LENGTH: usize = 36;
    let bytes = text.as_bytes();
    let is_part_of_word = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 128);
    let is_uuid = |found: &[u8]| {
        let has_form = found.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
        has_form && found.iter().any(u8::is_ascii_alphabetic)
    };
    let dash = |at: &usize| bytes[*at] == b'-' && *at >= 8;
    (0..bytes.len()).filter(dash).map(|at| at - 8..at - 8 + LENGTH).find(|place| {
        let is_alone = !is_part_of_word(place.start.wrapping_sub(1)) && !is_part_of_word(place.end);
        is_alone && bytes.get(place.clone()).is_some_and(is_uuid)
    })
}

/// Whether nothing in a text can be a number or a key: told fast and on the safe side, for nearly all texts are so.
fn is_clean(text: &str) -> bool {
    if find_code(text).is_some() {
        return false;
    }
    let (mut digits, mut gap) = (0, 0);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                digits = if gap <= LONGEST_GAP { digits + 1 } else { 1 };
                gap = 0;
            }
            b' ' | b'-' | b'.' => gap += 1,
            128.. => return false,
            _ => (digits, gap) = (0, 0),
        }
        if digits >= SHORTEST_RUN {
            return false;
        }
    }
    !text.contains("_test_") && !text.contains("_live_")
}

/// Whether a path of a file holds a key, a security code or a card number. What passes the check of a card number is
/// taken for one, unless it begins as a year does: folders are named by date and time, and no card begins with 20.
pub fn is_secret_in_path(path: &str) -> bool {
    let is_number = |run: &Run| {
        let is_published = test_cards::by_number(&run.digits).is_some();
        let may_be_one = run.digits.len() >= SHORTEST_RUN && passes_luhn(&run.digits) && !run.digits.starts_with("20");
        may_be_one && !is_published && !is_address(path, run)
    };
    // A number beside a date is looked at alone, too.
    let unbroken = digit_runs(path, 0, |_| false);
    let has_number = digit_runs(path, LONGEST_GAP, is_separator).iter().chain(&unbroken).any(is_number);
    has_number || mask_keys(&mask_codes(path)) != path
}

/// Whether a run of digits is a whole IPv4 address, with nothing else of a word or a number beside it.
fn is_address(text: &str, run: &Run) -> bool {
    let (before, after) = (&text[..run.place.start], &text[run.place.end..]);
    let is_alone = !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
    is_alone && text[run.place.clone()].parse::<Ipv4Addr>().is_ok()
}

/// The value of a parameter as it may be written. Whatever is named like a security code is hidden.
pub fn param(name: &str, value: &str) -> String {
    let name = name.to_ascii_lowercase();
    if CODE_NAMES.iter().any(|word| name.contains(word)) {
        return if value.is_empty() { String::new() } else { HIDDEN.to_owned() };
    }
    if name.contains("number") {
        // Whatever stands between its digits, they are one number.
        let all = digit_runs(value, usize::MAX, |_| true).into_iter();
        return mask_keys(&mask_digits(value, all.filter(|run| run.digits.len() >= SHORTEST_NUMBER)));
    }
    text(value)
}

/// The words that name a security code.
const CODE_NAMES: [&str; 4] = ["cvc", "cvv", "cvn", "security_code"];
/// At most so many signs stand between such a word and its code: `"cvc": "314"`, `cvc]=314`.
const LONGEST_LINK: usize = 6;

/// The first security code in free text that its name gives away, such as a whole JSON body that came as the name of a
/// parameter.
fn find_code(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    (0..bytes.len()).filter(|at| matches!(bytes[*at] | 0x20, b'c' | b's')).find_map(|at| {
        let is_here =
            |name: &&&str| bytes[at..].get(..name.len()).is_some_and(|s| s.eq_ignore_ascii_case(name.as_bytes()));
        let after = at + CODE_NAMES.iter().find(is_here)?.len();
        let link = bytes[after..].iter().take_while(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric()).count();
        let start = after + link;
        let digits = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        (link <= LONGEST_LINK && (3..=4).contains(&digits)).then_some(start..start + digits)
    })
}

fn mask_codes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(code) = find_code(rest) {
        out.push_str(&rest[..code.start]);
        out.push_str(HIDDEN);
        rest = &rest[code.end..];
    }
    out + rest
}

/// The security codes among some parameters: the store hides them wherever an answer's error message repeats them.
pub fn is_security_code(name: &str) -> bool {
    name.contains("cvc")
}

/// A message without the secret word, where the word stands alone.
pub fn without_word(message: &str, secret: &str) -> String {
    if secret.is_empty() {
        return message.to_owned();
    }
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(secret) {
        let (before, after) = (&rest[..at], &rest[at + secret.len()..]);
        let alone = !before.ends_with(|c: char| c.is_ascii_alphanumeric())
            && !after.starts_with(|c: char| c.is_ascii_alphanumeric());
        out.push_str(before);
        out.push_str(if alone { HIDDEN } else { secret });
        rest = after;
    }
    out + rest
}

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\u{2013}')
}

/// The value of a decimal digit, in the scripts that keyboards and clipboards produce.
fn digit_value(c: char) -> Option<char> {
    let offset = match c {
        '0'..='9' => return Some(c),
        '\u{ff10}'..='\u{ff19}' => u32::from(c) - 0xff10,
        '\u{660}'..='\u{669}' => u32::from(c) - 0x660,
        '\u{6f0}'..='\u{6f9}' => u32::from(c) - 0x6f0,
        _ => return None,
    };
    char::from_digit(offset, 10)
}

/// Digits of any script as ASCII digits; everything else as it is.
pub fn ascii_digits(text: &str) -> String {
    text.chars().map(|c| digit_value(c).unwrap_or(c)).collect()
}

/// A run of digits with separators between them: its place in the text, and its digits.
struct Run {
    place: Range<usize>,
    digits: String,
}

fn digit_runs(text: &str, longest_gap: usize, separates: impl Fn(char) -> bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    // `None`: something else stands between.
    let mut separators_since_digit = None;
    for (at, c) in text.char_indices() {
        if let Some(digit) = digit_value(c) {
            let end = at + c.len_utf8();
            match runs.last_mut() {
                Some(run) if separators_since_digit.is_some_and(|separators| separators <= longest_gap) => {
                    run.place.end = end;
                    run.digits.push(digit);
                }
                _ => runs.push(Run { place: at..end, digits: digit.to_string() }),
            }
            separators_since_digit = Some(0);
        } else if separates(c) {
            separators_since_digit = separators_since_digit.map(|separators: usize| separators + 1);
        } else {
            separators_since_digit = None;
        }
    }
    runs
}

/// Cuts these runs of digits to six and four, but for published numbers.
fn mask_digits(text: &str, runs: impl IntoIterator<Item = Run>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut written = 0;
    for run in runs {
        if test_cards::by_number(&run.digits).is_some() {
            continue;
        }
        out.push_str(&text[written..run.place.start]);
        let mut nth = 0;
        for c in text[run.place.clone()].chars() {
            let Some(digit) = digit_value(c) else {
                out.push(c);
                continue;
            };
            let kept = nth < 6 || nth >= run.digits.len() - 4;
            out.push(if kept { digit } else { '*' });
            nth += 1;
        }
        written = run.place.end;
    }
    out + &text[written..]
}

/// Hides what follows `sk_test_` and its kin: the prefix tells the kind of key, and that is all that may be known.
fn mask_keys(text: &str) -> String {
    const PREFIXES: [&str; 6] = ["sk_test_", "rk_test_", "pk_test_", "sk_live_", "rk_live_", "pk_live_"];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = PREFIXES.iter().filter_map(|prefix| rest.find(prefix)).min() {
        let start = at + PREFIXES[0].len();
        let secret = rest[start..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len() - start);
        out.push_str(&rest[..start]);
        if secret > 0 {
            out.push_str(HIDDEN);
        }
        rest = &rest[start + secret..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(given: &str, expected: &str) {
        assert_eq!(text(given), expected);
    }

    #[test]
    fn numbers_that_are_not_published_keep_six_and_four_digits() {
        check("4111111111111112", "411111******1112");
        check("pay with 4111 1111 1111 1112 now", "pay with 4111 11** **** 1112 now");
        check("4111-1111-1111-1112", "4111-11**-****-1112");
        check("4111 - 1111 - 1111 - 1112", "4111 - 11** - **** - 1112");
        check("４１１１１１１１１１１１１１１２", "411111******1112");
        check("{\"number\":\"4111111111111112\"}", "{\"number\":\"411111******1112\"}");
        check("4242 4242 4242 4242", "4242 4242 4242 4242");
        check("card 4000000000009995", "card 4000000000009995");
        check("created 1683071568", "created 1683071568");
        check("12345678901 is not a card number", "12345678901 is not a card number");
    }

    #[test]
    fn a_published_number_with_more_digits_around_it_is_masked() {
        check("4242424242424242123", "424242*********2123");
    }

    #[test]
    fn a_uuid_that_is_full_of_digits_stays_whole() {
        for whole in [
            "eded9683-8848-2153-26f6-ea724c95d8fb",
            "stripe-node-retry-12345678-1234-4123-8123-12345678901a",
            "a 00000000-0000-4000-8000-00000000000f, b 11111111-1111-4111-8111-11111111111e",
        ] {
            check(whole, whole);
        }
        check(
            "eded9683-8848-2153-26f6-ea724c95d8fb 4111111111111112",
            "eded9683-8848-2153-26f6-ea724c95d8fb 411111******1112",
        );
        check(
            "4111111111111112 eded9683-8848-2153-26f6-ea724c95d8fb",
            "411111******1112 eded9683-8848-2153-26f6-ea724c95d8fb",
        );
        // Not one, or not alone, or of digits only.
        check("41111111-1111-1112-abcd", "411111**-****-1112-abcd");
        check("x41111111-1111-1112-abcd-abcdefabcdef", "x411111**-****-1112-abcd-abcdefabcdef");
        check("41111111-1111-1111-1111-111111111111", "411111**-****-****-****-********1111");
    }

    #[test]
    fn an_address_that_stands_alone_stays_whole() {
        for whole in [
            "192.168.100.200",
            "https://192.168.100.200:8420/v1",
            "http://user@192.168.100.200",
            "it fails behind 192.168.100.200.",
            "from 192.168.100.200 to (192.168.100.201)",
            "255.255.255.255/32, 10.0.0.1",
        ] {
            check(whole, whole);
        }
        // Not one, not alone, or part of something longer.
        check("4539.5787.6362.1486", "4539.57**.****.1486");
        check("192.168.100.256", "192.168.**0.256");
        check("192-168-100-200", "192-168-**0-200");
        check("192.168.100.200.7", "192.168.***.200.7");
        check("v192.168.100.200", "v192.168.**0.200");
        check("192.168.100.200 192.168.100.200", "192.168.***.*** ***.***.**0.200");
        check("１92.168.100.200", "192.168.**0.200");
        assert_eq!(param("card[number]", "192.168.100.200"), "192.168.**0.200");
    }

    #[test]
    fn a_path_may_hold_a_time_but_no_secret() {
        for (path, expected) in [
            ("", false),
            ("/etc/ssl/our-ca.pem", false),
            ("/ci/202411260508/ca.pem", false),
            // It passes the check of a card number.
            ("/ci/20241126050802/ca.pem", false),
            ("/ci/2024-11-26-05-08-02/ca.pem", false),
            ("/ci/192.168.100.200/ca.pem", false),
            ("/ci/4242424242424242/ca.pem", false),
            ("/home/4539578763621486.pem", true),
            ("/home/4539.5787.6362.1486.pem", true),
            ("/ci/2024-4539578763621486/ca.pem", true),
            ("/home/sk_test_planted.pem", true),
            ("/home/cvc=314/ca.pem", true),
        ] {
            assert_eq!(is_secret_in_path(path), expected, "{path}");
        }
        assert!(passes_luhn("20241126050802"), "the case above is one");
    }

    proptest! {
        #[test]
        fn every_address_stays_whole_and_every_number_with_dots_is_masked(
            [a, b, c, d] in any::<[u8; 4]>(),
            digits in "[1-9][0-9]{12,18}",
            dots in proptest::collection::vec(any::<bool>(), 18),
        ) {
            let address = format!("http://{a}.{b}.{c}.{d}:80/x");
            prop_assert_eq!(text(&address), &*address);
            let dotted = |(at, digit): (usize, char)| {
                let dot = at > 0 && dots[at - 1];
                dot.then_some('.').into_iter().chain([digit])
            };
            let number: String = digits.chars().enumerate().flat_map(dotted).collect();
            let is_published = test_cards::by_number(&digits).is_some();
            let hidden = if is_published { 0 } else { digits.len() - 10 };
            prop_assert_eq!(text(&number).matches('*').count(), hidden);
        }
    }

    #[test]
    fn keys_lose_all_but_their_kind() {
        check("sk_test_51Habc9", "sk_test_•••");
        check("key=rk_live_abc, pk_test_x.", "key=rk_live_•••, pk_test_•••.");
        check("sk_test_", "sk_test_");
    }

    #[test]
    fn a_security_code_that_its_name_gives_away_is_hidden_in_free_text() {
        check(
            r#"{"card":{"number":"4242424242424242","cvc":"314"}}"#,
            r#"{"card":{"number":"4242424242424242","cvc":"•••"}}"#,
        );
        check("/v1/tokens?card[cvc]=314", "/v1/tokens?card[cvc]=•••");
        check("CVV: 1234, cvc 123", "CVV: •••, cvc •••");
        check("security_code=123", "security_code=•••");
        check(r#""cvc_check": "pass", "exp_month": 12"#, r#""cvc_check": "pass", "exp_month": 12"#);
        check("the cvc fails in 2030", "the cvc fails in 2030");
    }

    #[test]
    fn parameters_are_masked_by_their_name_too() {
        assert_eq!(param("card[cvc]", "314"), HIDDEN);
        assert_eq!(param("CVV", "314"), HIDDEN);
        assert_eq!(param("card[cvc]", ""), "");
        assert_eq!(param("card[number]", "41111111111"), "411111*1111");
        assert_eq!(param("card[number]", "4111/1111/1111/1112"), "4111/11**/****/1112");
        assert_eq!(param("card[number]", "4111x1111,    1111x1112"), "4111x11**,    ****x1112");
        assert_eq!(param("card[number]", "4242424242424242"), "4242424242424242");
        assert_eq!(param("card[name]", "Jenny"), "Jenny");
    }

    #[test]
    fn a_secret_word_is_hidden_where_it_stands_alone() {
        assert_eq!(without_word("bad code '987' in req_9876", "987"), "bad code '•••' in req_9876");
    }
}
