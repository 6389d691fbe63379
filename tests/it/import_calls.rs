//! Calls that other tools wrote down become presets; what makes no token is named, and no secret is kept.

use std::{fs, path::Path};

use serde_json::Value;
use testcard::{formats::read_calls, settings::presets};

use crate::support::{histories::check_holds_no_secret, program::Home};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls");

/// The names of the presets of a home, oldest first, and what each sends.
fn kept(home: &Home) -> Vec<(String, Vec<(String, String)>)> {
    let (library, warnings) = presets::load(&home.path().join("config/presets.json"));
    assert!(warnings.is_empty(), "{warnings:?}");
    let params = |own: &testcard::domain::presets::library::OwnPreset| {
        let draft = own.draft.to_draft(true);
        draft.to_request().params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    library.own.iter().map(|own| (own.name.clone(), params(own))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[track_caller]
fn check(name: &str, says: &[&str], expected: &[(&str, &[(&str, &str)])]) {
    let home = Home::new();
    let path = Path::new(FOLDER).join(name);
    let args = ["import", path.to_str().unwrap(), "--as-presets"];
    let run = home.run(args);
    assert_eq!(run.exit, 0, "{run:?}");
    for words in says {
        assert!(run.stderr.contains(words), "{words}: {run:?}");
    }
    let names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), names);
    let expected: Vec<_> = expected.iter().map(|(name, params)| ((*name).to_owned(), pairs(params))).collect();
    assert_eq!(kept(&home), expected);

    let again = home.run(args);
    assert_eq!((again.exit, again.stdout.as_str()), (0, ""), "{again:?}");
    assert!(again.stderr.contains("0 presets made from"), "{again:?}");
    assert_eq!(kept(&home), expected, "a second import changes nothing");
    for run in [run, again] {
        check_holds_no_secret("what is said", format!("{}{}", run.stdout, run.stderr).as_bytes());
    }
    for (path, bytes) in home.files() {
        check_holds_no_secret(&path.display().to_string(), &bytes);
        assert!(!String::from_utf8_lossy(&bytes).contains("secretcookie"));
    }
}

#[test]
fn a_har_of_a_browser() {
    check(
        "browser.har",
        &[
            "Imported call 2: without the card number, which is not a published test card",
            "Call 3 has a body of application/json, and Stripe takes a form",
            "Call 4 (GET /6) makes no token",
            "2 presets made from",
            "; 2 left",
        ],
        &[
            (
                "Imported call",
                &[
                    ("card[number]", "4000 0000 0000 9995"),
                    ("card[exp_month]", "12"),
                    ("card[exp_year]", "34"),
                    ("card[cvc]", "123"),
                    ("card[name]", "Jenny Rosen"),
                ],
            ),
            ("Imported call 2", &[("card[cvc]", "123")]),
        ],
    );
}

#[test]
fn a_collection_of_postman() {
    check(
        "collection.json",
        &[
            "Call 'Unset variable' uses the variable secret_card, which the collection does not set",
            "Call 'Charge' (POST /v1/charges) makes no token",
            "Call 'A page' (GET /docs) makes no token",
            "2 presets made from",
            "; 3 left",
        ],
        &[
            (
                "Declined card",
                &[
                    ("card[number]", "4000000000000002"),
                    ("card[exp_month]", "05"),
                    ("card[exp_year]", "2034"),
                    ("card[cvc]", "123"),
                ],
            ),
            ("Raw form", &[("card[number]", "4242424242424242"), ("amount", "5")]),
        ],
    );
}

#[test]
fn fixtures_of_the_stripe_cli() {
    check(
        "fixtures.json",
        &[
            "Fixture 'of_customer' takes customer from another call or the environment",
            "Fixture 'customer' (POST /v1/customers) makes no token",
            "1 preset made from",
        ],
        &[(
            "card_token",
            &[
                ("card[number]", "4000000000009995"),
                ("card[exp_month]", "12"),
                ("card[exp_year]", "2034"),
                ("card[cvc]", "123"),
            ],
        )],
    );
}

#[test]
fn a_call_of_curl() {
    check(
        "terminal.txt",
        &["1 preset made from"],
        &[(
            "curl",
            &[
                ("card[number]", "4242424242424242"),
                ("card[exp_month]", "05"),
                ("card[exp_year]", "2034"),
                ("card[cvc]", "123"),
            ],
        )],
    );
}

#[test]
fn what_the_program_writes_itself_is_read_again() {
    let home = Home::new();
    home.run(["mint", "insufficient_funds", "--cvc", "987"]);
    for (name, format) in [("a.har", "har"), ("fixtures.json", "stripe-cli")] {
        home.run(["export", name, "--format", format]);
        let found = read_calls(&fs::read(home.beside(name)).unwrap()).unwrap();
        assert_eq!((found.calls.len(), found.left.len()), (1, 0), "{name}");
        assert_eq!(found.calls[0].params.get("card[number]"), Some("4000000000009995"));
        let lost: &[&str] = if format == "har" { &["card[cvc]"] } else { &[] };
        assert_eq!(found.calls[0].lost, lost, "{name}");
    }
}

#[test]
fn a_file_without_calls_is_told_and_changes_nothing() {
    let home = Home::new();
    let deep = format!("{{\"fixtures\": {}{}}}", "[".repeat(5000), "]".repeat(5000));
    for (text, says) in [
        (&b"\xff"[..], "it is not UTF-8"),
        (b"", "it is neither a HAR, a Postman collection"),
        (b"wget x", "it is neither a HAR"),
        (b"{\"a\": 1}", "it is neither a HAR"),
        (b"{\n  \"log\": [}", "line 2, column 11: expected value"),
        (b"{\"id\": 1, \"requests\": []}", "Export it as Collection v2.1"),
        (b"curl 'x", "a quote has no end"),
        (deep.as_bytes(), "recursion limit exceeded"),
    ] {
        fs::write(home.beside("x"), text).unwrap();
        let run = home.run(["import", "x", "--as-presets"]);
        assert_eq!((run.exit, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.contains("Could not import x: ") && run.stderr.contains(says), "{says}: {run:?}");
    }
    let wrong_types: Value = serde_json::json!({"fixtures": [1, null, {"name": 1, "path": [], "params": "x"}]});
    let found = read_calls(wrong_types.to_string().as_bytes()).unwrap();
    assert_eq!((found.calls.len(), found.left.len()), (0, 3));
    assert!(!home.path().join("config/presets.json").exists());
}
