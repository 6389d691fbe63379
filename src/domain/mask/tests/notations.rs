//! Secrets in every encoding, under every name, in every notation.

use super::*;

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
