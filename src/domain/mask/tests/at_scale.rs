//! Long, hostile and random texts: what masking costs, and how seldom it errs.

use super::*;

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

/// What the property below once found.
#[test]
fn what_was_changed_twice_once_is_not() {
    for given in ["cvc••• sk_test_&#52;••• 004", "416611679&#52;4539578763621486="] {
        let once = text(given);
        assert_eq!(text(&once), once, "from {given}");
    }
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
