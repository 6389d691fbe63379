//! `testcard fixtures play`: files of the Stripe CLI's fixtures, step by step.

use std::{fs, net::TcpListener, path::PathBuf};

use serde_json::{Value, json};

use crate::support::{
    program::{Home, Run, finish},
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

/// A run of a file made every step of it, each with its line, and gave out its `env`.
#[track_caller]
fn check_played(file: &PathBuf, run: &Run) {
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{}: {run:?}", file.display());
    let document: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let names = document["fixtures"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap());
    let env = document["env"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let told = run.stdout.lines().map(|line| line.split([' ', '=']).next().unwrap());
    assert!(names.chain(env).eq(told), "{run:?}");
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
fn headers_and_the_idempotency_key_of_a_step_are_sent() {
    let home = Home::new();
    let charge = |name: &str, more: &Value| {
        let mut step = json!({ "name": name, "path": "/v1/charges", "method": "post" });
        step["params"] = json!({ "amount": 2000.00, "currency": "usd", "source": "tok_visa" });
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        step
    };
    let customer = json!({ "name": "customer", "path": "/v1/customers", "method": "post" });
    let key = json!({ "idempotency_key": "for ${customer:id}" });
    let version = json!({ "headers": { "stripe-version": "none" }, "expected_error_type": "invalid_request_error" });
    let steps = json!([customer, charge("a", &key), charge("b", &key), charge("c", &json!({})), charge("d", &version)]);
    let run = play(&home, &steps);
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{run:?}");
    let id = |name: &str| {
        let line = run.stdout.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        line.split(' ').find(|word| word.starts_with("ch_")).unwrap()
    };
    assert_eq!(id("a"), id("b"), "{run:?}");
    assert_ne!(id("a"), id("c"), "{run:?}");
    let base = play(&home, &json!([charge("a", &json!({ "api_base": "http://127.0.0.1:1" }))]));
    let words = "step a, api_base: another address is not played. Leave it out";
    assert!(base.exit == 2 && base.stdout.is_empty() && base.stderr.contains(words), "{base:?}");
}

#[test]
fn variables_are_read_and_the_env_of_a_file_is_printed() {
    let home = Home::new();
    let params = json!({ "email": "${.env:SHOP_EMAIL}", "name": "${.env:SHOP_NAME|Jenny Rosen}" });
    let step = json!({ "name": "customer", "path": "/v1/customers", "method": "post", "params": params });
    let env = json!({ "WHO": "${customer:name}", "MAIL": "<${customer:email}>" });
    fs::write(home.beside("steps.json"), json!({ "fixtures": [step], "env": env }).to_string()).unwrap();
    let args = ["fixtures", "play", "steps.json"];
    let run = finish(home.command(args).env_remove("SHOP_NAME").env("SHOP_EMAIL", "a@b.example"));
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(run.exit == 0 && lines.len() == 3, "{run:?}");
    assert_eq!(&lines[1..], ["WHO=Jenny Rosen", "MAIL=<a@b.example>"]);

    let home = Home::new();
    fs::write(home.beside("steps.json"), json!({ "fixtures": [step], "env": env }).to_string()).unwrap();
    let run = finish(home.command(args).env_remove("SHOP_EMAIL"));
    let words = "step customer, params.email: the environment has no variable SHOP_EMAIL";
    assert!(run.exit == 2 && run.stdout.is_empty() && run.stderr.contains(words), "{run:?}");
    let run = finish(home.command(args).env("SHOP_EMAIL", "4539578763621486"));
    assert!(run.exit == 2 && run.stderr.contains("which no file is given"), "{run:?}");
    assert!(!format!("{run:?}").contains("4539578763621486") && !home.path().join("data").exists(), "{run:?}");
}

#[test]
fn a_call_without_an_answer_ends_the_file_and_says_where() {
    let home = Home::new();
    // Nobody listens where somebody just did.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let step = |name: &str| json!({ "name": name, "path": "/v1/customers", "method": "get" });
    fs::write(home.beside("steps.json"), json!({ "fixtures": [step("a"), step("b"), step("c")] }).to_string()).unwrap();
    let url = format!("http://{address}");
    let args = ["fixtures", "play", "steps.json", "--target", "stripe", "--base-url", &url];
    let run = home.run_with_key("sk_test_fixtures", args);
    assert!(run.exit == 3 && run.stdout.is_empty(), "{run:?}");
    assert!(run.stderr.contains("steps.json: step a: ") && run.stderr.contains(". 2 steps were not made"), "{run:?}");
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
