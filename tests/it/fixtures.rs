//! `testcard fixtures play`: files of the Stripe CLI's fixtures, step by step.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::support::{
    program::{Home, Run},
    serving::Serving,
};

/// The files of `tests/fixtures`, by name.
fn files() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let all = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    files.sort();
    assert_eq!(files.len(), 10);
    files
}

/// A run of a file made every step of it, each with its line.
#[track_caller]
fn check_played(file: &PathBuf, run: &Run) {
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{}: {run:?}", file.display());
    let document: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let names = document["fixtures"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap());
    let told = run.stdout.lines().map(|line| line.split(' ').next().unwrap());
    assert!(names.eq(told), "{run:?}");
}

#[test]
fn each_file_plays_with_the_minter() {
    for file in files() {
        let home = Home::new();
        let run = home.run(["fixtures", "play", file.to_str().unwrap(), "--memory"]);
        check_played(&file, &run);
        assert!(!home.path().join("data").exists());
    }
}

#[test]
fn each_file_plays_against_a_server() {
    let server = Serving::start(&Home::new(), &["--memory"]);
    let url = format!("http://{}", server.address);
    let home = Home::new();
    for file in files() {
        let args = ["fixtures", "play", file.to_str().unwrap(), "--target", "stripe", "--base-url", &url];
        check_played(&file, &home.run_with_key("sk_test_fixtures", args));
    }
    let calls = server.requests().len();
    assert!(calls > 80, "{calls} calls");
}

/// Plays these steps in the home.
fn play(home: &Home, steps: &Value) -> Run {
    let file = home.beside("steps.json");
    fs::write(&file, json!({ "fixtures": steps }).to_string()).unwrap();
    home.run(["fixtures", "play", "steps.json"])
}

#[test]
fn a_step_that_is_not_answered_as_expected_ends_the_file() {
    let home = Home::new();
    let charge = |name: &str, source: &str, error: &str| {
        json!({
            "name": name,
            "expected_error_type": error,
            "path": "/v1/charges",
            "method": "post",
            "params": { "amount": 2000, "currency": "usd", "source": source },
        })
    };
    let declined = charge("declined", "tok_chargeDeclined", "");
    let run = play(&home, &json!([charge("good", "tok_visa", ""), declined, charge("never", "tok_visa", "")]));
    assert_eq!(run.exit, 1, "{run:?}");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("good      POST /v1/charges  200 ch_") && lines[0].ends_with(" succeeded"), "{run:?}");
    assert_eq!(&lines[1..], ["declined  POST /v1/charges  402 generic_decline"], "{run:?}");
    let words = "steps.json: step declined, expected_error_type: no error is expected, and the answer is card_error:";
    assert!(run.stderr.contains(words) && run.stderr.contains("1 step was not made"), "{run:?}");

    let run = play(&home, &json!([charge("good", "tok_visa", "card_error")]));
    let words = "step good, expected_error_type: card_error is expected, and the call succeeded";
    assert!(run.exit == 1 && run.stderr.contains(words), "{run:?}");
    let run = play(&home, &json!([charge("other", "tok_none", "card_error")]));
    assert!(run.exit == 1 && run.stderr.contains("the answer is invalid_request_error"), "{run:?}");

    let made = play(&home, &json!([charge("good", "tok_visa", ""), charge("next", "${good:refunds.data.9.id}", "")]));
    let words = "step next, params.source: the answer of good has no text at refunds.data.9.id";
    assert!(made.exit == 1 && made.stdout.lines().count() == 1 && made.stderr.contains(words), "{made:?}");
}

#[test]
fn a_file_that_cannot_be_played_makes_no_call() {
    let home = Home::new();
    let good = json!({ "name": "good", "path": "/v1/customers", "method": "post" });
    let run = play(&home, &json!([good, { "name": "bad", "path": "/v1/customers/${later:id}", "method": "get" }]));
    let words = "steps.json: step bad, path: there is no earlier step later";
    assert!(run.exit == 2 && run.stdout.is_empty() && run.stderr.contains(words), "{run:?}");
    let missing = home.run(["fixtures", "play", "none.json"]);
    assert!(missing.exit == 2 && missing.stderr.contains("Check the path and its permissions"), "{missing:?}");
    assert!(!home.path().join("data").exists());
}

#[test]
fn no_secret_of_a_file_is_printed_or_written() {
    let home = Home::new();
    let number = "4539578763621486";
    let step = json!({
        "name": format!("a {number}"),
        "path": "/v1/tokens",
        "method": "post",
        "params": { "card": { "number": number, "exp_month": 12, "exp_year": 2049, "cvc": "907" } },
    });
    let run = play(&home, &json!([step, { "name": "next", "path": format!("/v1/tokens/{number}"), "method": "get" }]));
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(!format!("{run:?}").contains(number), "{run:?}");
    for (path, bytes) in home.files() {
        assert!(!String::from_utf8_lossy(&bytes).contains(number), "{}", path.display());
    }
}
