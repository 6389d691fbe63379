use std::fmt::Write as _;

use proptest::prelude::*;
use rand::{SeedableRng as _, rngs::StdRng};

use super::*;
use crate::domain::card::number::{self, passes_luhn};

/// Could be a real card's: it passes the Luhn check, has a length of its brand, and is no published test card.
const NUMBER: &str = "4539578763621486";

#[track_caller]
fn check(given: &str, expected: &str) {
    assert_eq!(text(given), expected);
    assert_eq!(text(expected), expected, "read once more");
    assert_eq!(is_whole(given), given == expected);
}

fn grouped(separator: &str) -> String {
    let groups: Vec<&str> = (0..4).map(|nth| &NUMBER[nth * 4..nth * 4 + 4]).collect();
    groups.join(separator)
}

#[test]
fn a_number_keeps_six_and_four_digits() {
    check(NUMBER, "453957******1486");
    check("pay with 4539 5787 6362 1486 now", "pay with 4539 57** **** 1486 now");
    check("x4539578763621486y", "x453957******1486y");
    check("4539 - 5787 - 6362 - 1486", "4539 - 57** - **** - 1486");
    check("4539.5787.6362.1486", "4539.57**.****.1486");
    check("371449635398456", "371449*****8456");
    check("4242 4242 4242 4242", "4242 4242 4242 4242");
    check("card 4000000000009995", "card 4000000000009995");
    // A wrong check digit, a length that the brand does not have, no brand.
    check("4539578763621487", "4539578763621487");
    check("45395787636214860", "45395787636214860");
    check("9939578763621486", "9939578763621486");
}

#[test]
fn a_number_beside_other_groups_is_found_all_the_same() {
    check("2026-11-28 4539578763621486", "2026-11-28 453957******1486");
    check("12/34 4539 5787 6362 1486 123", "12/34 4539 57** **** 1486 123");
    check("4539578763621486.50", "453957******1486.50");
    check("4539578763621486 4539578763621486", "453957******1486 453957******1486");
    check("4539578763621486,4539578763621486", "453957******1486,453957******1486");
}

#[test]
fn every_separator_joins_and_every_script_counts() {
    let separators = [
        " ",
        "\t",
        "\n",
        "\r\n",
        "-",
        ".",
        "/",
        "_",
        "+",
        "  ",
        " - ",
        "\u{a0}",
        "\u{2002}",
        "\u{2003}",
        "\u{2007}",
        "\u{2009}",
        "\u{202f}",
        "\u{3000}",
        "\u{2010}",
        "\u{2011}",
        "\u{2012}",
        "\u{2013}",
        "\u{2014}",
        "\u{2212}",
        "\u{ad}",
        "\u{200b}",
        "\u{200c}",
        "\u{200d}",
        "\u{2060}",
        "\u{feff}",
        "\u{200e}",
        "\u{ff0e}",
        "\u{ff0f}",
        "\u{ff0d}",
        "\u{fe0f}\u{20e3}",
        "\u{332}",
        "\u{2800}",
        "\u{3164}",
        "\u{ffa0}",
    ];
    let zeros = ['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}', '\u{ff10}', '\u{1d7ce}', '\u{1d7d8}'];
    for separator in separators {
        for zero in zeros {
            let in_script =
                |c: char| c.to_digit(10).and_then(|value| char::from_u32(u32::from(zero) + value)).unwrap_or(c);
            let written: String = grouped(separator).chars().map(in_script).collect();
            let masked = text(&written);
            let shown = masked.chars().filter(|c| *c != '*' && !separator.contains(*c)).count();
            assert_eq!((shown, masked.matches('*').count()), (10, 6), "{written:?} became {masked:?}");
            assert_eq!(text(&masked), masked);
        }
    }
    for no_separator in [",", ":", ";", "x", "•", "*", "|"] {
        check(&grouped(no_separator), &grouped(no_separator));
    }
}

#[test]
fn a_decimal_fraction_is_no_group() {
    for whole in
        ["52.4539578763621486", "0.4539578763621486", "45.395787 63.621486", "52.520008,13.404954", "1e4539578763621"]
    {
        check(whole, whole);
    }
}

#[test]
fn what_is_like_a_number_stays() {
    for whole in [
        "test+1700000000123@example.com",
        "refund-1700000000123",
        "+49 151 23456789",
        "ORDER-2026-000123456789",
        "4006381333931",
        "978-3-16-148410-0",
        "DE89 3704 0044 0532 0130 00",
        "192.168.100.200",
        "eded9683-8848-2153-26f6-ea724c95d8fb",
        "J*hn",
        "Apt *5",
        "***",
        "12345678901 is not a card number",
    ] {
        check(whole, whole);
    }
}

#[test]
fn a_word_that_hides_an_encoded_number_is_hidden_whole() {
    let percent: String = NUMBER.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02X}");
        text
    });
    check(&format!("see {percent} now"), "see ••• now");
    check("n=4539%205787%206362%201486&x=1 y", "••• y");
    check("4539&nbsp;5787&nbsp;6362&nbsp;1486", "•••");
    check("&#52;539578763621486!", "•••");
    check(r"a \u0034539578763621486 b", "a ••• b");
    check("%2534539578763621486", "•••");
    check("NDUzOTU3ODc2MzYyMTQ4Ng==", "•••");
    check("%7B%22csc%22%3A%22123%22%7D", "•••");
    check("sk%5Ftest%5F51abc", "•••");
    check("%63vc%20is%20123 x", "••• x");
    // Encodings inside encodings, and a number only together with the decoded characters beside it.
    check("NDUzOTU3ODc2MzYyMTQ4Ng%3D%3D", "•••");
    check("TkRVek9UVTNPRGMyTXpZeU1UUTROZz09", "•••");
    check("JTM0JTM1JTMzJTM5JTM1JTM3JTM4JTM3JTM2JTMzJTM2JTMyJTMxJTM0JTM4JTM2", "•••");
    check("%25252525252534539578763621486", "•••");
    check("1.4539578763621486%2E1", "•••");
    check("&#52&#53&#51&#57&#53&#55&#56&#55&#54&#51&#54&#50&#49&#52&#56&#54", "•••");
    check(
        "https://example.com/?a=4%20x&b=%E2%82%AC&at=1700000000123",
        "https://example.com/?a=4%20x&b=%E2%82%AC&at=1700000000123",
    );
    check("100% of it, 4%20x &amp; y", "100% of it, 4%20x &amp; y");
}

#[test]
fn keys_and_codes_are_hidden_in_free_text() {
    check("key=rk_live_abc, pk_test_x.", "key=rk_live_•••, pk_test_•••.");
    check("sk_test_51abc_REAL", "sk_test_•••");
    check("whsec_abc ek_test_x SK_TEST_y", "whsec_••• ek_test_••• SK_TEST_•••");
    check("sk_test_4539578763621486", "sk_test_•••");
    check("CVV: 1234, cvc 123", "CVV: •••, cvc •••");
    check("/v1/tokens?card[cvc]=314", "/v1/tokens?card[cvc]=•••");
    check(
        r#"{"card":{"number":"4242424242424242","cvc":"314","csc":"123","name":"csc"}}"#,
        r#"{"card":{"number":"4242424242424242","cvc":"•••","csc":"•••","name":"csc"}}"#,
    );
    check(r#"{"a":"{\"number\":\"4539578763621486\"}"}"#, r#"{"a":"{\"number\":\"453957******1486\"}"}"#);
}

#[track_caller]
fn check_param(name: &str, value: &str, expected: &str, kept: Kept) {
    assert_eq!(param(name, value), (expected.to_owned(), kept), "{name}={value}");
}

#[test]
fn a_parameter_is_masked_by_its_name_too() {
    for name in [
        "card[cvc]",
        "CVV",
        "card[securityCode]",
        "card[verification_value]",
        "metadata[cvc]",
        "card[cvc][deep]",
        "card[verification_code]",
        "security[code]",
        "card%5Bcvc%5D",
        "card%255Bcvc%255D",
        "cardCsc",
    ] {
        check_param(name, "86c42", HIDDEN, Kept::Hidden);
    }
    for (name, value) in [("csc", "123"), ("card[cid]", "1234")] {
        check_param(name, value, HIDDEN, Kept::Hidden);
        check_param(name, "12345", "12345", Kept::Whole);
    }
    for (name, value) in
        [("rcvd", "123"), ("metadata[gift_card_code]", "ABC-123"), ("metadata[card_verification]", "passed")]
    {
        check_param(name, value, value, Kept::Whole);
    }
    // Customers are looked up by their email address, which is stored as a hash: a masked number beside it would let
    // somebody try out the rest.
    check_param("email", "4539578763621486@example.com", HIDDEN, Kept::Hidden);
    check_param("email", "test+1700000000123@example.com", "test+1700000000123@example.com", Kept::Whole);
    check_param("card[cvc]", "", "", Kept::Whole);
    check_param("card[verification_code]", "123", HIDDEN, Kept::Hidden);
    check_param("metadata[verification_code]", "123456", "123456", Kept::Whole);
    assert_eq!(name("metadata[NDUzOTU3ODc2MzYyMTQ4Ng==]"), "metadata[•••]");
    assert_eq!(name("metadata[4539578763621486][]"), "metadata[453957******1486][]");
    assert_eq!(path("/v1/NDUzOTU3ODc2MzYyMTQ4Ng/x", &OwnSecrets::default()), "/v1/•••/x");
    assert_eq!(path("/v1/tokens/4539578763621486", &OwnSecrets::default()), "/v1/tokens/453957******1486");
    assert_eq!(path("/v1/customers/cus_TuWPJqkhzzLJpB", &OwnSecrets::default()), "/v1/customers/cus_TuWPJqkhzzLJpB");
    for name in ["card[number]", "number", "card_number", "cardNumber", "cc-number", "card[pan]"] {
        check_param(name, "41111111111", "411111*1111", Kept::Masked);
        check_param(name, "4111x1111,    1111x1112", "4111x11**,    ****x1112", Kept::Masked);
        check_param(name, "4242424242424242", "4242424242424242", Kept::Whole);
    }
    check_param("metadata[number]", "41111111111", "41111111111", Kept::Whole);
    check_param("order_number", "123456789012", "123456789012", Kept::Whole);
    check_param("name", "J*hn", "J*hn", Kept::Whole);
    check_param("amount", NUMBER, "453957******1486", Kept::Masked);
    check_param("email", "4539578763621486@example.com", HIDDEN, Kept::Hidden);
    check_param("email", "test+1700000000123@example.com", "test+1700000000123@example.com", Kept::Whole);
    check_param("description", "sk_test_x", "sk_test_•••", Kept::Masked);
    assert_eq!(identity("refund-1700000000123"), "refund-1700000000123");
    assert_eq!(identity("refund 4539578763621486"), HIDDEN);
}

fn body(body: &str) -> String {
    let own = OwnSecrets::of(
        [("card[number]", "4111x1111x1111x1112"), ("card[cvc]", "987"), ("number", "99998888777")].into_iter(),
    );
    redacted_body(body, &own).map_or_else(|| body.to_owned(), |redacted| redacted.text)
}

#[test]
fn in_a_body_only_what_is_secret_is_replaced_and_every_other_byte_stays() {
    for (given, expected) in [
        ("{ \"n\" : 4539578763621486 }\n", "{ \"n\" : \"453957******1486\" }\n"),
        (r#"{"a":"\u0034539578763621486","b":1.10,"b":1e400}"#, r#"{"a":"\u003453957******1486","b":1.10,"b":1e400}"#),
        (r#"{"a":"\/x\u00e4 4539578763621486"}"#, r#"{"a":"\/x\u00e4 453957******1486"}"#),
        (r#"{"a":1,"a":"4539578763621486"}"#, r#"{"a":1,"a":"453957******1486"}"#),
        (r#"{"4539578763621486":1}"#, r#"{"453957******1486":1}"#),
        (r#"{"a":"4111x1111x1111x1112 99998888777"}"#, r#"{"a":"4111x11**x****x1112 999988*8777"}"#),
        (
            r#"{"error":{"message":"code 987 of sk_test_1","line1":"987 Main Street"}}"#,
            r#"{"error":{"message":"code ••• of sk_test_•••","line1":"987 Main Street"}}"#,
        ),
        (
            r#"{"cvc":987,"cvc_check":"pass","cvv":null,"cid":"123","gcid":"123","cvc2":["1",{"x":2}]}"#,
            r#"{"cvc":"•••","cvc_check":"pass","cvv":null,"cid":"•••","gcid":"123","cvc2":["•••",{"x":"•••"}]}"#,
        ),
        (r#"{"c\u0076c":"12"}"#, r#"{"c\u0076c":"•••"}"#),
        // JSON inside a string of JSON stays JSON.
        (r#"{"a":"{\"cvc\":123,\"n\":4539578763621486}"}"#, r#"{"a":"{\"cvc\":\"•••\",\"n\":\"453957******1486\"}"}"#),
        (r#"{"a":"[4539578763621486]"}"#, r#"{"a":"[\"453957******1486\"]"}"#),
        (r#"["[\"[4539578763621486]\"]"]"#, r#"["[\"[\\\"453957******1486\\\"]\"]"]"#),
        // A `message` inside `metadata` is not the message of an error.
        (
            r#"{"metadata":{"message":"call 987"},"message":"987"}"#,
            r#"{"metadata":{"message":"call 987"},"message":"•••"}"#,
        ),
        // JSON that is cut off, or part of another text.
        (
            r#"{"csc":"123","card_code":4321,"n":"4539578763621486","cid":"12"#,
            r#"{"csc":"•••","card_code":•••,"n":"453957******1486","cid":"12"#,
        ),
        (r#"{"sec_code":"1"#, r#"{"sec_code":"•••"#),
        ("{\"csc\":\"123\"}\n{\"csc\": 124, \"a\": 125}", "{\"csc\":\"•••\"}\n{\"csc\": •••, \"a\": 125}"),
        (r#"data: "x {"a":"{\"csc\":\"123\"}"}"#, r#"data: "x •••"#),
        (r#"the "csc": none, "cvc_check":"123""#, r#"the "csc": none, "cvc_check":"123""#),
        ("<p>code 987 of 4539+5787+6362+1486", "<p>code ••• of 4539+57**+****+1486"),
    ] {
        assert_eq!(body(given), expected);
        assert_eq!(body(expected), expected, "read once more");
    }
    let plain = "{\n  \"exp_month\": 12 , \"n\" : 1.50, \"number\": \"4242424242424242\"}\n";
    assert_eq!(body(plain), plain);
}

#[test]
fn the_places_that_were_replaced_are_known() {
    let own = OwnSecrets::default();
    let redacted = redacted_body(r#"{"a":"4539 5787 6362 1486 sk_test_abc","cvc":"123"}"#, &own).unwrap();
    let places: Vec<&str> = redacted.places.iter().map(|place| &redacted.text[place.clone()]).collect();
    assert_eq!(places, ["** ****", HIDDEN, HIDDEN]);
}

#[test]
fn places_move_with_what_is_replaced_later() {
    let given = "sk_test_abc 416611679&#52;4539578763621486= sk_test_def";
    let redacted = redacted(given, &OwnSecrets::default()).unwrap();
    assert_eq!(redacted.text, "sk_test_••• ••• sk_test_•••");
    let places: Vec<&str> = redacted.places.iter().map(|place| &redacted.text[place.clone()]).collect();
    assert_eq!(places, [HIDDEN, HIDDEN, HIDDEN]);
}

/// Texts that would make a careless search read the same characters over and over.
fn hostile(length: usize) -> Vec<String> {
    [
        "sk_test_+",
        "sk_test_*",
        "4539578763621486 ",
        "4 5 3 9 ",
        "1.",
        "1.2.3",
        "%34",
        "cvc is ",
        "\\u0034",
        "&#52;",
        // Many encoded numbers in one word.
        "&#52;539578763621486,",
        "%34539578763621486,",
        "\\u0034539578763621486,",
        "%25252534,",
        "cvc",
        "cvv",
        "security",
        "sk_test_,",
        "\"csc\":",
        "\"cvc\":\"1",
        "\"",
        "[\"4539578763621486\",",
        "{\"a\":[",
        "_",
        "\u{200b}4",
        "50 ",
        "c",
    ]
    .into_iter()
    .map(|part| part.repeat(length / part.len()))
    .collect()
}

#[test]
fn a_text_a_thousand_times_as_long_takes_a_thousand_times_as_many_steps() {
    for (small, large) in hostile(1_000).iter().zip(hostile(1_000_000)) {
        let steps = |text: &str| steps::count(|| drop(super::text(text)));
        let (few, middle, many) = (steps(small), steps(&small.repeat(10)), steps(&large));
        let start: String = small.chars().take(12).collect();
        assert!(few > 0 && middle <= few * 12 && many <= few * 1200, "{start}: {few}, {middle}, {many}");
    }
}

/// How many values hold a possible card number by chance, per 100,000.
fn chance(count: u32, mut value: impl FnMut(&mut StdRng) -> String) -> u32 {
    const SEED: u64 = 4242;
    let mut random = StdRng::seed_from_u64(SEED);
    let hits = (0..count).filter(|_| !is_whole(&value(&mut random))).count() as u64;
    (hits * 100_000 / u64::from(count)) as u32
}

fn digits(random: &mut StdRng, count: usize) -> String {
    (0..count).map(|_| char::from(b'0' + random.random_range(0..10u8))).collect()
}

type Make<'a> = Box<dyn FnMut(&mut StdRng) -> String + 'a>;

#[test]
fn chance_hits_are_rare() {
    let base64 = |random: &mut StdRng, count: usize| -> String {
        let signs = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..count).map(|_| char::from(signs[random.random_range(0..signs.len())])).collect()
    };
    let uuid = |random: &mut StdRng| {
        let hex = format!("{:032x}", random.random::<u128>());
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    };
    let kinds: Vec<(&str, u32, Make<'_>)> = vec![
        // Of the 22 digits of a German IBAN, a card number would have to fill whole groups.
        (
            "IBAN in groups",
            9_000,
            Box::new(|r| {
                let all = digits(r, 20);
                format!(
                    "DE{} {} {} {} {} {}",
                    &all[..2],
                    &all[2..6],
                    &all[6..10],
                    &all[10..14],
                    &all[14..18],
                    &all[18..]
                )
            }),
        ),
        ("EAN-13", 800, Box::new(|r| digits(r, 13))),
        (
            "ISBN-13",
            0,
            Box::new(|r| format!("978-{}-{}-{}-{}", digits(r, 1), digits(r, 2), digits(r, 6), digits(r, 1))),
        ),
        ("phone", 900, Box::new(|r| format!("+{} {} {}", r.random_range(1..100), digits(r, 3), digits(r, 7)))),
        ("milliseconds", 0, Box::new(|r| r.random_range(1_600_000_000_000u64..1_900_000_000_000).to_string())),
        ("microseconds", 0, Box::new(|r| r.random_range(1_600_000_000_000_000u64..1_900_000_000_000_000).to_string())),
        ("order number", 0, Box::new(|r| format!("ORD-2026-{}", digits(r, 8)))),
        ("float", 0, Box::new(|r| r.random::<f64>().to_string())),
        (
            "coordinates",
            300,
            Box::new(|r| format!("{:.6}, {:.6}", r.random_range(-90.0..90.0), r.random_range(-180.0..180.0))),
        ),
        ("UUID", 60, Box::new(uuid)),
        ("JWT", 60, Box::new(|r| format!("{}.{}.{}", base64(r, 36), base64(r, 120), base64(r, 43)))),
    ];
    let mut wrong = Vec::new();
    for (kind, bound, make) in kinds {
        let rate = chance(20_000, make);
        println!("{kind}: {rate} of 100,000");
        wrong.extend((rate > bound).then_some((kind, rate, bound)));
    }
    assert_eq!(wrong, [], "of 100,000 are taken for a card number");
}

/// The number that starts with `beginning` and has a valid check digit at its end.
fn with_check_digit(beginning: &str) -> String {
    (0..10).map(|digit| format!("{beginning}{digit}")).find(|number| passes_luhn(number)).expect("one of ten passes")
}

proptest! {
    #[test]
    fn nothing_is_changed_twice(given in r#"([0-9]{1,6}|[ .\-/+_%&\\"{}:,\[\]=;x]|cvc|sk_test_|\u0034|&#52;|%34|4539578763621486|••• ?){0,40}"#) {
        let once = text(&given);
        prop_assert_eq!(text(&once), once.clone(), "from {}", given);
    }

    #[test]
    fn no_number_of_any_brand_stays_whole_however_it_is_grouped(
        beginning in "(4[0-9]{14}|5[1-5][0-9]{13}|3[47][0-9]{12}|6011[0-9]{11}|35[3-8][0-9]{12}|36[0-9]{11}|62[0-9]{16})",
        separators in proptest::collection::vec(r"( |-|\.\.|/|_|\t|\u{200b}|\u{3000}){0,2}", 19),
        before in "([a-z]{0,3}|[0-9]{1,4} )", after in "([a-z,]{0,3}| [0-9]{1,4})",
    ) {
        let number = with_check_digit(&beginning);
        prop_assume!(number::could_be_issued(&number));
        let signs = number.chars().zip(&separators).flat_map(|(c, separator)| [c.to_string(), separator.clone()]);
        let grouped: String = signs.collect();
        let masked = text(&format!("{before}{}{after}", grouped.trim_end_matches(|c: char| !c.is_ascii_digit())));
        let hidden = masked.matches('*').count();
        prop_assert!(hidden >= number.len() - 10, "{}", masked);
    }

    #[test]
    fn what_is_clean_stays_to_the_byte(given in r#"[a-zA-Z .,:;'"!?äöü€0-9]{0,40}"#) {
        let masked = text(&given);
        if !masked.contains('*') && !masked.contains('•') {
            prop_assert_eq!(masked, given);
        }
    }
}

#[test]
fn what_a_request_makes_secret_costs_no_more_in_a_longer_text() {
    let many = |value: &dyn Fn(usize) -> String| {
        let params: Vec<(String, String)> = (0..40).map(|nth| (format!("card[{nth}][number]"), value(nth))).collect();
        OwnSecrets::of(params.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    };
    // Numbers as long as the text, and many different numbers.
    for own in [many(&|nth| "4".repeat(20_000 + nth)), many(&|nth| (10_000_000_000 + nth).to_string())] {
        for part in ["4 ", "1000000000", "10000000001 "] {
            let steps = |length: usize| {
                let text = part.repeat(length / part.len());
                steps::count(|| drop(redacted_message(&text, &own)))
            };
            let (few, many) = (steps(4_000), steps(40_000));
            assert!(few > 0 && many <= few * 12, "{part}: {few}, {many}");
        }
    }
}

#[test]
fn words_are_not_codes_and_messages_keep_theirs() {
    for (code, message) in [("invalid", "Your card's security code is invalid."), ("card", "A card, and no code")] {
        let own = OwnSecrets::of([("card[cvc]", code)].into_iter());
        assert_eq!(redacted_message(message, &own), None, "{code}");
    }
}

/// A text in each of the encodings that a client, a browser or a log may have used.
fn encodings(text: &str) -> Vec<String> {
    use base64::{Engine as _, engine::general_purpose};
    let each = |write: &dyn Fn(char) -> String| text.chars().map(write).collect::<String>();
    let percent = |text: &str| text.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02x}"));
    let base64 = |text: &str| general_purpose::STANDARD.encode(text);
    let first = text.find(char::is_alphanumeric).unwrap();
    let mut all = vec![
        percent(text),
        percent(&percent(text)),
        percent(&base64(text)),
        base64(text),
        general_purpose::URL_SAFE_NO_PAD.encode(text),
        base64(&base64(text)),
        base64(&percent(text)),
        each(&|c| format!("&#{};", u32::from(c))),
        each(&|c| format!("&#x{:X};", u32::from(c))),
        each(&|c| format!("&#0000{};", u32::from(c))),
        each(&|c| format!("&#{}", u32::from(c))),
        each(&|c| format!("\\u{:04x}", u32::from(c))),
        each(&|c| format!("\\x{:02x}", u32::from(c))),
        each(&|c| format!("%u{:04x}", u32::from(c))),
        each(&|c| format!("{c}\u{200b}")),
        [&text[..first], &percent(&text[first..=first]), &text[first + 1..]].concat(),
    ];
    all.extend(all.clone().iter().map(|text| serde_json::json!({ "a": [text] }).to_string()));
    all
}

/// Whether a secret can be read in a text once its encodings are removed.
fn tells(text: &str, secret: &str) -> bool {
    let json = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let mut read = json.pointer("/a/0").and_then(serde_json::Value::as_str).unwrap_or(text).to_owned();
    if read.contains(secret) {
        return true;
    }
    for _ in 0..6 {
        read = encoded::decoded(&read).map_or(read, |decoded| decoded.text);
        read = encoded::base64_text(&read).unwrap_or(read);
        read.retain(|c| c != '\u{200b}');
        if read.contains(secret) {
            return true;
        }
    }
    false
}

#[test]
fn no_encoding_of_a_secret_passes_in_any_place() {
    for (whole, secret) in [
        (NUMBER.to_owned(), &NUMBER[6..12]),
        (grouped(" "), "5787 6362"),
        (grouped("-"), "5787-6362"),
        ("371449635398456".to_owned(), "63539"),
        ("36700102000000".to_owned(), "102000000"),
        ("sk_test_51abc_REAL".to_owned(), "51abc_REAL"),
        ("whsec_51abcREAL".to_owned(), "51abcREAL"),
        ("cvc is 4321".to_owned(), "4321"),
        (r#"{"csc":"4321"}"#.to_owned(), "4321"),
    ] {
        assert!(tells(&whole, secret), "{whole}: the test sees it");
        // A key is found by its prefix, so an invisible character inside the prefix hides it.
        let is_of_signs = whole.starts_with(|c: char| c.is_ascii_digit());
        for given in encodings(&whole).into_iter().filter(|given| is_of_signs || !given.contains('\u{200b}')) {
            assert!(tells(&given, secret), "{given}: the test sees it");
            let own = OwnSecrets::default();
            let json = serde_json::json!({ "error": { "message": given, "x": [{ "y": given }] } }).to_string();
            let written = [
                text(&given),
                param("description", &given).0,
                param("metadata[x]", &given).0,
                redacted_message(&given, &own).map_or_else(|| given.clone(), |redacted| redacted.text),
                redacted_body(&given, &own).map_or_else(|| given.clone(), |redacted| redacted.text),
            ];
            for written in written {
                assert!(!tells(&written, secret), "{given} became {written}");
            }
            let written = redacted_body(&json, &own).map_or_else(|| json.clone(), |redacted| redacted.text);
            let value: serde_json::Value = serde_json::from_str(&written).unwrap();
            for place in ["/error/message", "/error/x/0/y"] {
                let shown = value.pointer(place).unwrap().as_str().unwrap();
                assert!(!tells(shown, secret), "{json} became {written}");
            }
        }
    }
}

#[test]
fn a_code_is_hidden_under_every_name_in_every_notation() {
    let words = [
        "cvc",
        "cvc2",
        "cvv",
        "cvv2",
        "cvn",
        "cvn2",
        "cvd",
        "cav2",
        "ccv",
        "cv2",
        "cvx2",
        "csc",
        "cid",
        "cve",
        "cvm",
        "spc",
        "security code",
        "sec code",
        "card security code",
        "verification value",
        "card verification value",
        "card verification code",
        "card validation code",
        "cvc code",
        "cvv number",
        "cvd value",
        "card code",
        "card cvc",
        "csc code",
    ];
    for word in words {
        let camel: String = word
            .split(' ')
            .enumerate()
            .map(|(nth, part)| if nth == 0 { part.to_owned() } else { part[..1].to_uppercase() + &part[1..] })
            .collect();
        let names = ["_", "-", " ", "."].map(|sign| word.replace(' ', sign));
        for name in names.into_iter().chain([camel, word.to_uppercase()]) {
            for param_name in
                [name.clone(), format!("card[{name}]"), format!("metadata[{name}]"), format!("a[b][{name}]")]
            {
                check_param(&param_name, "4321", HIDDEN, Kept::Hidden);
            }
            let name = serde_json::json!(name);
            for (given, expected) in [("\"4321\"", "\"•••\""), ("4321", "\"•••\""), ("[4321]", "[\"•••\"]")]
            {
                assert_eq!(body(&format!("{{{name}: {given}}}")), format!("{{{name}: {expected}}}"));
            }
        }
    }
}

#[test]
fn what_a_tester_writes_is_kept_to_the_byte() {
    for (name, value) in [
        ("description", "Rcvd 250 units, rcvd: 2024-11-28, recvd 123"),
        ("metadata[rcvd]", "true"),
        ("metadata[gift_card_code]", "GIFT-2026-XY"),
        ("metadata[cid]", "12345678"),
        ("metadata[verification_code]", "493021"),
        ("metadata[postal_code]", "1234"),
        (
            "metadata[jwt]",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        ),
        ("metadata[json]", r#"{"order":1700000000123,"total":1.50,"code":"123","list":[1,2,{"a":null}]}"#),
        ("metadata[url]", "https://example.com/a%20b?x=4%2C5&email=a%40b.de&at=1700000000123#frag"),
        ("metadata[html]", "<p>50&nbsp;&euro; &amp; 12&#8239;% &lt;b&gt;</p>"),
        ("metadata[path]", r"C:\Users\new\table\x4"),
        ("metadata[base64]", "SGVsbG8sIHdvcmxkISBPcmRlciAxNzAwMDAwMDAwMTIz"),
        ("name", "J*hn ••• D**"),
        ("name", "שלום 123 עולם 🙂 1️⃣2️⃣3️⃣"),
        ("metadata[phone]", "+49 (0)151 / 234 567-89"),
        ("metadata[coordinates]", "52.5200066,13.4049540;-33.8688197,151.2092955"),
        ("metadata[sql]", "SELECT * FROM task_test_1 WHERE disk_live_x = '50%'"),
        ("metadata[version]", "2024.11.28.1700000001"),
        ("metadata[cve]", "CVE-2024-12345"),
        ("description", "Card verification: 2026-11-28 passed; cvc_check: pass; exp_month 12"),
    ] {
        check_param(name, value, value, Kept::Whole);
        let json = serde_json::json!({ "metadata": { "x": value }, "error": { "message": value } }).to_string();
        assert_eq!(body(&json), json);
    }
}
