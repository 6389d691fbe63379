//! The command line as its users meet it: arguments in; stdout, stderr, exit status and history out.

use std::{
    collections::HashSet,
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::Stdio,
};

use serde_json::{Value, json};

use crate::support::{
    http::{Server, reply},
    program::{Home, Run, finish},
};

const KEY: &str = "sk_test_51CommandLine";
/// A moment for runs that must be repeatable: nothing else depends on it.
const NOW: &str = "2000000000";

#[track_caller]
fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

/// The parameters of the newest entry, as they were sent.
#[track_caller]
fn sent(home: &Home) -> Vec<(String, String)> {
    let params = home.history()[0]["request"]["params"].clone();
    let text = |pair: &Value, key: &str| pair[key].as_str().unwrap().to_owned();
    params.as_array().unwrap().iter().map(|pair| (text(pair, "name"), text(pair, "value"))).collect()
}

// ---- what is not shown ---------------------------------------------------------------------------------------------

#[test]
fn an_argument_that_encodes_a_card_number_is_repeated_by_no_message() {
    // 4539578763621486, which somebody could have.
    let encoded = "NDUzOTU3ODc2MzYyMTQ4Ng";
    let home = Home::new();
    for args in [
        &["tag", encoded, "smoke"][..],
        &["note", encoded, "mine"],
        &["token", encoded],
        &["charge", encoded],
        &["refresh", encoded],
        &["snippet", encoded],
        &["cards", encoded],
        &["explain", encoded],
        &["parity", "--only", encoded],
        &["parity", "--profile", encoded],
        &["mint", encoded],
        &["mint", "--profile", encoded],
    ] {
        let run = home.run(args.iter().copied());
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(!said.contains(encoded) && said.contains("•••"), "{args:?}: {run:?}");
    }
}

// ---- exit status, and what goes where ------------------------------------------------------------------------------

/// Runs in a new home; a part of stdout or stderr is expected, and nothing on the other where it is empty.
#[track_caller]
fn check(args: &[&str], exit: i32, stdout: &str, stderr: &str) {
    let run = Home::new().run(args.iter().copied());
    assert_eq!(run.exit, exit, "{args:?}: {run:?}");
    for (got, expected) in [(&run.stdout, stdout), (&run.stderr, stderr)] {
        assert!(got.contains(expected) && got.is_empty() == expected.is_empty(), "{args:?}: {run:?}");
    }
}

#[test]
fn every_way_to_end_has_its_status_and_its_words() {
    check(&["mint"], 0, "tok_", "");
    check(&["mint", "4000056655665556"], 0, "tok_", "");
    check(&["mint", "4000 0566-5566 5556"], 0, "tok_", "");
    check(&["mint", "４００００５６６５５６６５５５６"], 0, "tok_", "");
    check(&["mint", "tok_visa_debit"], 0, "tok_", "");
    check(&["mint", "insufficient_funds"], 0, "tok_", "");
    check(
        &["mint", "4242424242424241"],
        1,
        "Your card number is incorrect. (incorrect_number, param number, HTTP 402)",
        "",
    );
    check(&["mint", "4242424242424241", "--format", "json"], 1, "\"code\": \"incorrect_number\"", "");
    check(&["mint", "--exp", "13/99"], 1, "(invalid_expiry_month, param exp_month, HTTP 402)", "");
    check(&["mint", "insufficient"], 2, "", "4000000000009995");
    check(&["mint", "no such card"], 2, "", "No test card matches 'no such card'. See `testcard cards`");
    check(&["mint", "--exp", "0534"], 2, "", "The --exp is not MM/YY");
    check(&["mint", "--param", "card"], 2, "", "NAME=VALUE");
    check(&["mint", "--network", "amex"], 2, "", "possible values: visa, mastercard, cartes_bancaires");
    check(&["mint", "--count", "0"], 2, "", "--count");
    check(&["mint", "--format", "xml"], 2, "", "possible values: id, json, jsonl");
    check(&["mint", "--target", "live"], 2, "", "possible values: local, stripe");
    check(&["mint", "--cvc", "1", "--no-cvc"], 2, "", "cannot be used with");
    check(&["mint", "--now", "yesterday"], 2, "", "Unix seconds");
    check(&["mint", "--base-url", "http://example.com"], 2, "", "Only https is safe");
    check(&["mint", "--target", "stripe"], 2, "", "set STRIPE_SECRET_KEY");
    check(&["token", "tok_none"], 1, "No such token: 'tok_none' (resource_missing, param token, HTTP 404)", "");
    check(&["token", "tok_none", "--format", "json"], 1, "\"resource_missing\"", "");
    check(&["token"], 2, "", "<ID>");
    check(&["history"], 0, "", "No tokens match. `testcard mint` makes one");
    check(&["history", "--format", "json"], 0, "[]", "");
    check(&["history", "--status", "lost"], 2, "", "unused, used, failed, pending, interrupted, unknown");
    check(&["export", "a.json"], 0, "", "0 entries exported to a.json");
    check(&["export"], 2, "", "<FILE>");
    check(&["export", "none/a.json"], 2, "", "there is no folder none. Create it, or choose another place");
    check(&["cards", "insufficient_funds"], 0, "4000000000009995  Visa", "");
    check(&["cards", "no such card"], 0, "", "No test card matches");
    check(&["paths"], 0, "settings.json", "");
    check(&["--help"], 0, "Exit status: 0 done", "");
    check(&["mint", "--help"], 0, "--without <NAME>", "");
    check(&["--version"], 0, concat!("testcard ", env!("CARGO_PKG_VERSION")), "");
    check(&["mnit"], 2, "", "unrecognized subcommand");
}

#[test]
fn without_a_display_one_line_names_the_commands() {
    let home = Home::new();
    let run = home.run([]);
    assert_eq!((run.exit, run.stdout.as_str()), (2, ""));
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    for command in ["mint", "token", "history", "export", "cards", "paths"] {
        assert!(run.stderr.contains(command), "{run:?}");
    }
    assert!(home.files().is_empty());
}

#[test]
fn a_data_folder_that_cannot_be_used_ends_with_4() {
    for (place, content, words) in [
        ("home", &b"a file in its place"[..], "Could not create the data folder"),
        ("home/data/testcard.sqlite3", b"not a database at all, and long enough to be looked at", "testcard.sqlite3"),
    ] {
        for args in [&["mint"][..], &["history"], &["export", "a.json"], &["token", "tok_1"]] {
            let home = Home::new();
            let place = home.beside(place);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(&place, content).unwrap();
            let run = home.run(args.iter().copied());
            assert_eq!((run.exit, run.stdout.as_str(), run.stderr.lines().count()), (4, "", 1), "{args:?}: {run:?}");
            assert!(run.stderr.contains(words), "{run:?}");
            assert_eq!(fs::read(&place).unwrap(), content, "what is there stays as it is");
        }
    }
}

#[test]
fn a_reader_that_has_heard_enough_is_no_fault() {
    for args in [&["cards"][..], &["mint", "--count", "300"], &["mint", "--count", "300", "--format", "json"]] {
        let home = Home::new();
        let mut child =
            home.command(args.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        // The pipe is closed when the reader goes.
        BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ended = child.wait_with_output().unwrap();
        assert!(!line.is_empty());
        assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()), (Some(0), ""), "{args:?}");
    }
}

// ---- what is sent --------------------------------------------------------------------------------------------------

#[track_caller]
fn check_sent(args: &[&str], expected: &[(&str, Option<&str>)]) {
    let home = Home::new();
    home.run(["mint"].into_iter().chain(args.iter().copied()));
    let sent = sent(&home);
    for (name, value) in expected {
        let found = sent.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!(found, *value, "{args:?}: {name} in {sent:?}");
    }
}

#[test]
fn every_option_sets_its_parameter() {
    check_sent(&[], &[("card[number]", Some("4242424242424242")), ("card[cvc]", Some("•••")), ("card[name]", None)]);
    check_sent(&["--cvc", ""], &[("card[cvc]", Some(""))]);
    check_sent(&["--no-cvc"], &[("card[cvc]", None)]);
    check_sent(&["--exp", "5/99"], &[("card[exp_month]", Some("5")), ("card[exp_year]", Some("99"))]);
    check_sent(
        &["--name", "Jenny R", "--address-line1", "1 A", "--address-line2", "2", "--address-city", "C"],
        &[
            ("card[name]", Some("Jenny R")),
            ("card[address_line1]", Some("1 A")),
            ("card[address_line2]", Some("2")),
            ("card[address_city]", Some("C")),
        ],
    );
    check_sent(
        &["--address-state", "S", "--address-zip", "Z", "--address-country", "DE", "--currency", "eur"],
        &[
            ("card[address_state]", Some("S")),
            ("card[address_zip]", Some("Z")),
            ("card[address_country]", Some("DE")),
            ("card[currency]", Some("eur")),
        ],
    );
    check_sent(
        &["4000002500001001", "--network", "cartes_bancaires"],
        &[("card[networks][preferred]", Some("cartes_bancaires"))],
    );
    check_sent(
        &["--param", "card[name]=a=b", "--param", "x[]=", "--param", "card[number]=12"],
        &[("card[name]", Some("a=b")), ("x[]", Some("")), ("card[number]", Some("12"))],
    );
    check_sent(
        &["--without", "card[exp_year]", "--without", "card[number]"],
        &[("card[exp_year]", None), ("card[number]", None), ("card[exp_month]", Some("12"))],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn default_codes_fit_the_card_and_the_default_expiry_is_ahead() {
    let server = Server::start(vec![reply(200, r#"{"id": "tok_1", "object": "token"}"#)]).await;
    let home = Home::new();
    for (number, code) in [("4242424242424242", "123"), ("378282246310005", "1234")] {
        let run =
            home.run_with_key(KEY, ["mint", number, "--target", "stripe", "--base-url", &server.url(), "--now", NOW]);
        assert_eq!((run.exit, run.stdout.as_str()), (0, "tok_1\n"), "{run:?}");
        let body = server.only().body;
        assert!(body.contains(&format!("card%5Bcvc%5D={code}")), "{body}");
        // 2 000 000 000 seconds are in 2033.
        assert!(body.contains("card%5Bexp_month%5D=12&card%5Bexp_year%5D=2037"), "{body}");
    }
}

// ---- what is printed -----------------------------------------------------------------------------------------------

#[test]
fn many_tokens_are_lines_of_ids_an_array_or_lines_of_json() {
    let home = Home::new();
    let ids = home.run(["mint", "--count", "3"]);
    assert_eq!(ids.stdout.lines().filter(|line| line.starts_with("tok_")).count(), 3);

    let array = json(&home.run(["mint", "--count", "3", "--format", "json"]));
    let array: HashSet<&str> = array.as_array().unwrap().iter().map(|token| token["id"].as_str().unwrap()).collect();
    assert_eq!(array.len(), 3);

    let lines = home.run(["mint", "--count", "3", "--format", "jsonl"]);
    assert_eq!(lines.stdout.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 3);

    let one = json(&home.run(["mint", "--format", "json"]));
    assert_eq!(one["object"], "token");
    assert_eq!(home.history().len(), 10);

    let failed = home.run(["mint", "4242424242424241", "--count", "2", "--format", "json"]);
    assert_eq!((failed.exit, json(&failed).as_array().unwrap().len()), (1, 2));
}

#[test]
fn with_a_seed_and_a_moment_every_byte_is_repeated() {
    let args = ["mint", "--count", "3", "--format", "json", "--memory", "--seed", "7", "--now", NOW];
    let home = Home::new();
    let first = home.run(args);
    assert_eq!((first.exit, first.stderr.as_str()), (0, ""));
    assert_eq!(first.stdout, Home::new().run(args).stdout);
    assert!(home.files().is_empty(), "--memory uses no disk");
    let as_text = ["mint", "--format", "id", "--memory", "--seed", "7", "--now", "2033-05-18T03:33:20Z"];
    assert_eq!(json(&first)[0]["id"].as_str(), Some(home.run(as_text).stdout.trim_end()));
    let other = ["mint", "--memory", "--seed", "8", "--now", NOW];
    assert_ne!(json(&first)[0]["id"].as_str(), Some(home.run(other).stdout.trim_end()));
    // On disk a second run goes on where the first one ended.
    let kept = ["mint", "--seed", "7", "--now", NOW];
    assert_ne!(home.run(kept).stdout, home.run(kept).stdout);
}

#[test]
fn a_token_is_retrieved_by_another_process_and_found_in_the_history() {
    let home = Home::new();
    let id = home.run(["mint", "tok_mastercard"]).stdout.trim_end().to_owned();
    let line = home.run(["token", &id]);
    assert_eq!((line.exit, line.stdout.as_str()), (0, &*format!("{id} unused MasterCard 4444\n")));
    assert_eq!(json(&home.run(["token", &id, "--format", "json"]))["card"]["last4"], "4444");
    home.run(["mint", "4242424242424241"]);

    let table = home.run(["history"]);
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{table:?}");
    assert!(lines[0].starts_with("failed  incorrect_number"), "{table:?}");
    assert!(lines[1].contains(&id) && lines[1].contains("MasterCard 4444"), "{table:?}");
    for (args, count) in [
        (&["--status", "unused"][..], 1),
        (&["--status", "failed"], 1),
        (&["--status", "used"], 0),
        (&["--status", "pending"], 0),
        (&["--status", "interrupted"], 0),
        (&["--status", "unknown"], 0),
        (&["--search", "mastercard 4444"], 1),
        (&["--search", &id], 1),
        (&["--search", "4444", "--status", "failed"], 0),
        (&["--limit", "1"], 1),
    ] {
        let run = home.run(["history", "--format", "jsonl"].into_iter().chain(args.iter().copied()));
        assert_eq!((run.exit, run.stdout.lines().count()), (0, count), "{args:?}: {run:?}");
    }
    assert!(home.run(["history", "--limit", "1"]).stderr.contains("1 of 2 shown. Use --limit for more"));
    let timeline = home.history()[1]["timeline"].as_array().unwrap().len();
    assert_eq!(timeline, 2, "both retrievals are in the token's timeline");
}

#[test]
fn an_export_is_whole_filtered_and_never_overwrites_by_itself() {
    let home = Home::new();
    home.run(["mint"]);
    home.run(["mint", "4242424242424241"]);
    let file = home.beside("out.json");
    let path = file.to_str().unwrap();
    let read = || -> Value { serde_json::from_slice(&fs::read(&file).unwrap()).unwrap() };

    assert_eq!(home.run(["export", path]).exit, 0);
    assert_eq!((&read()["format"], &read()["version"]), (&json!("testcard"), &json!(1)));
    assert_eq!(read()["entries"], Value::Array(home.history()));

    let refused = home.run(["export", path, "--status", "failed"]);
    assert_eq!(refused.exit, 2);
    assert!(refused.stderr.contains("the file exists already") && refused.stderr.contains("--force"), "{refused:?}");
    assert_eq!(read()["entries"].as_array().unwrap().len(), 2);

    let forced = home.run(["export", path, "--status", "failed", "--search", "visa", "--force"]);
    assert_eq!((forced.exit, forced.stdout.as_str()), (0, ""), "{forced:?}");
    assert_eq!(read()["entries"][0]["code"], "incorrect_number");
    assert_eq!(read()["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn cards_are_listed_for_a_person_and_as_json() {
    let home = Home::new();
    assert_eq!(json(&home.run(["cards", "--format", "json"])).as_array().unwrap().len(), 318);
    let card = &json(&home.run(["cards", "4000000000009995", "--format", "json"]))[0];
    assert_eq!(
        (&card["token"]["outcome"], &card["charge"]["decline_code"]),
        (&json!("ok"), &json!("insufficient_funds"))
    );
    assert!(home.files().is_empty());
}

#[test]
fn paths_are_below_the_home_and_nothing_is_made_by_looking() {
    let home = Home::new();
    let run = home.run(["paths"]);
    let below = home.path();
    for line in run.stdout.lines() {
        assert!(line.contains(below.to_str().unwrap()), "{line}");
    }
    assert!(run.stdout.contains("testcard.sqlite3") && !below.exists());
}

#[test]
fn the_log_goes_to_stderr_and_says_more_when_asked_twice() {
    let home = Home::new();
    let quiet = home.run(["mint"]);
    let some = home.run(["-v", "mint"]);
    let more = home.run(["mint", "--verbose", "--verbose"]);
    assert_eq!(quiet.stderr, "");
    assert!(some.stderr.contains("history opened") && some.stderr.contains("answered http_status=200"), "{some:?}");
    assert!(!some.stderr.contains("card[number]") && more.stderr.contains("card[number]"), "{more:?}");
    assert!(home.run(["-v", "export", "a.json"]).stderr.contains("exported entries=3"));
    for run in [quiet, some, more] {
        assert_eq!((run.exit, run.stdout.lines().count()), (0, 1));
    }
}

// ---- target Stripe -------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn target_stripe_is_asked_over_http_and_its_answers_are_kept() {
    let declined = r#"{"error": {"type": "card_error", "code": "incorrect_number", "message": "Your card number\u001b is incorrect.", "param": "number"}}"#;
    let server = Server::start(vec![reply(200, r#"{"id": "tok_9", "object": "token"}"#), reply(402, declined)]).await;
    let url = server.url();
    let home = Home::new();
    let mint = |extra: &[&str]| {
        let args = ["mint", "--target", "stripe", "--base-url", &url];
        home.run_with_key(KEY, args.into_iter().chain(extra.iter().copied()))
    };
    let run = mint(&["--name", "Jenny"]);
    assert_eq!((run.exit, run.stdout.as_str(), run.stderr.as_str()), (0, "tok_9\n", ""));
    let received = server.only();
    assert_eq!((received.method.as_str(), received.uri.as_str()), ("POST", "/v1/tokens"));
    assert_eq!(received.header("authorization"), format!("Bearer {KEY}"));
    assert!(!received.header("idempotency-key").is_empty() && received.body.contains("card%5Bname%5D=Jenny"));

    let run = mint(&[]);
    let told = "Your card number\\u{1b} is incorrect. (incorrect_number, param number, HTTP 402)\n";
    assert_eq!((run.exit, run.stdout.as_str(), run.stderr.as_str()), (1, told, ""));
    let run = mint(&["--format", "json"]);
    assert_eq!((run.exit, json(&run)), (1, serde_json::from_str(declined).unwrap()), "the body as Stripe gave it");
    let run = mint(&["--count", "2", "--format", "json"]);
    assert_eq!((run.exit, json(&run).as_array().unwrap().len()), (1, 2));

    let statuses: Vec<Value> = home.history().into_iter().map(|entry| entry["status"].clone()).collect();
    assert_eq!(statuses, ["failed", "failed", "failed", "failed", "unused"]);
    assert_eq!(server.received().len(), 4);
    let token = home.run_with_key(KEY, ["token", "tok_9", "--target", "stripe", "--base-url", &url]);
    assert_eq!((token.exit, server.only().uri.as_str()), (1, "/v1/tokens/tok_9"));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_failure_among_many_ends_with_1() {
    let token = reply(200, r#"{"id": "tok_1", "object": "token"}"#);
    let home = Home::new();
    for (bad, printed) in
        [(reply(402, r#"{"error": {"message": "No."}}"#), 3), (reply(200, "<p>"), 2), (reply(200, "{}"), 3)]
    {
        let server = Server::start(vec![token.clone(), bad, token.clone()]).await;
        let url = server.url();
        let run = home.run_with_key(KEY, ["mint", "--count", "3", "--target", "stripe", "--base-url", &url]);
        assert_eq!((run.exit, run.stdout.lines().count()), (1, printed), "{run:?}");
    }
}

#[test]
fn without_an_answer_the_row_stays_and_the_status_is_3() {
    // Bound and let go: nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    let home = Home::new();
    for args in [&["mint"][..], &["mint", "--count", "2", "--format", "json"], &["token", "tok_1"]] {
        let args = args.iter().copied().chain(["--target", "stripe", "--base-url", &url]);
        let run = home.run_with_key(KEY, args);
        assert_eq!(run.exit, 3, "{run:?}");
        assert!(run.stderr.starts_with(&format!("testcard: Could not connect to {address}")), "{run:?}");
        assert!(run.stdout.is_empty() || json(&run) == json!([]), "{run:?}");
    }
    let codes: Vec<Value> = home.history().into_iter().map(|entry| entry["code"].clone()).collect();
    assert_eq!(codes, ["connection_refused"; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_the_account_is_explained_with_the_ready_token() {
    let message = "Sending credit card numbers directly to the Stripe API is generally unsafe.";
    let body = json!({"error": {"type": "invalid_request_error", "message": message}}).to_string();
    let server = Server::start(vec![reply(402, body)]).await;
    let run = Home::new().run_with_key(
        KEY,
        ["mint", "4000000000009995", "--count", "2", "--target", "stripe", "--base-url", &server.url()],
    );
    assert_eq!((run.exit, run.stdout.lines().count(), run.stderr.lines().count()), (1, 2, 1), "{run:?}");
    assert!(run.stderr.contains("does not accept raw card numbers"), "{run:?}");
    assert!(run.stderr.contains("tok_visa_chargeDeclinedInsufficientFunds"), "{run:?}");
}

#[test]
fn a_key_that_cannot_be_used_is_refused_and_never_printed() {
    for (key, words) in [
        ("sk_live_51Secret", "This is a live key"),
        ("rk_live_51Secret", "This is a live key"),
        ("51Secret", "This is not an API key"),
    ] {
        let home = Home::new();
        let run = home.run_with_key(key, ["-vv", "mint", "--target", "stripe"]);
        assert_eq!((run.exit, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.contains(words) && !run.stderr.contains("51Secret"), "{run:?}");
        assert!(home.files().is_empty());
        // The local minter needs no key.
        assert_eq!(home.run_with_key(key, ["mint"]).exit, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_killed_is_interrupted_for_the_next_run() {
    let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::answering(move |_, _| {
        arrived.send(()).unwrap();
        // Longer than the test: the program is killed first.
        std::thread::park_timeout(std::time::Duration::from_secs(2));
        reply(200, "{}")
    })
    .await;
    let home = Home::new();
    let mut command = home.command(["mint", "--target", "stripe", "--base-url", &server.url()]);
    let mut child = command.env("STRIPE_SECRET_KEY", KEY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    arrivals.recv().await.unwrap();
    let pending = finish(&mut home.command(["history", "--status", "pending"]));
    assert_eq!(pending.stdout.lines().count(), 1, "{pending:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(home.run(["history", "--status", "interrupted"]).stdout.lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_of_the_settings_says_where_a_call_goes() {
    let server = Server::start(vec![reply(200, r#"{"id": "tok_1", "object": "token"}"#)]).await;
    let home = Home::new();
    let folder = home.path().join("config");
    fs::create_dir_all(&folder).unwrap();
    let settings = format!(
        r#"{{"version": 2, "profile": 1, "profiles": [
            {{"id": 1, "name": "Default", "base_url": "http://127.0.0.1:1"}},
            {{"id": 2, "name": "Staging", "target": "stripe", "base_url": "{}", "stripe_account": "acct_2"}}
        ]}}"#,
        server.url()
    );
    fs::write(folder.join("settings.json"), settings).unwrap();

    let run = home.run_with_key(KEY, ["mint", "--profile", "staging"]);
    assert_eq!((run.exit, run.stdout.trim()), (0, "tok_1"), "{run:?}");
    assert_eq!(server.only().header("stripe-account"), "acct_2");
    let code = home.run(["snippet"]).stdout;
    assert!(code.contains(&format!("curl {}/v1/tokens", server.url())) && code.contains("Stripe-Account"), "{code}");
    // Its target is a wish that an argument overrules.
    let run = home.run(["mint", "--profile", "staging", "--target", "local", "--memory"]);
    assert!(run.exit == 0 && run.stdout.starts_with("tok_1"), "{run:?}");
    assert!(server.received().is_empty());
    // Without it, the profile in use says where Stripe is, as it always did.
    let run = home.run_with_key(KEY, ["mint", "--target", "stripe"]);
    assert!(run.exit == 3 && run.stderr.contains("127.0.0.1:1"), "{run:?}");

    let run = home.run_with_key(KEY, ["mint", "--profile", "Live"]);
    assert_eq!(run.exit, 2);
    assert!(run.stderr.contains("no profile 'Live'") && run.stderr.contains("'Default', 'Staging'"), "{}", run.stderr);

    // A token is asked for where it was made, and nowhere else.
    let run = home.run_with_key(KEY, ["refresh", "--all"]);
    assert!(run.exit == 0 && run.stderr.contains("1 of another profile left out"), "{run:?}");
    for args in [&["refresh", "tok_1"][..], &["charge", "tok_1", "--target", "stripe"]] {
        let run = home.run_with_key(KEY, args.iter().copied());
        assert!(run.exit == 2 && run.stderr.contains("tok_1 was made with another profile"), "{run:?}");
    }
    assert!(server.received().is_empty());
    let run = home.run_with_key(KEY, ["refresh", "--all", "--profile", "Staging"]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert_eq!(server.only().uri, "/v1/tokens/tok_1");
}
