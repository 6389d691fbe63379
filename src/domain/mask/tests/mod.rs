//! What is masked and what stays, example by example.

mod at_scale;
mod notations;

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
