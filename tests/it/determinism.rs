//! With a seed and a moment every byte is the same on every run: on the command line and over HTTP, in memory and on
//! disk. Golden files in `tests/golden/`, rewritten with `UPDATE_GOLDEN=1`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    golden::check_golden,
    program::Home,
    serving::{CARD, Serving},
};

const FIXED: [&str; 4] = ["--seed", "7", "--now", "1893456000"];

/// What the command line prints of a token's life, one command after another.
fn commands(home: &Home) -> String {
    let mut all = String::new();
    let mut run = |args: &[&str]| {
        let run = home.run(args.iter().chain(&FIXED).copied());
        assert_eq!(run.exit, 0, "{args:?}: {run:?}");
        all += &run.stdout;
        serde_json::from_str::<Value>(&run.stdout).unwrap()
    };
    let minted = run(&["mint", "--format", "json"]);
    run(&["charge", minted["id"].as_str().unwrap(), "--amount", "2000", "--format", "json"]);
    let minted = run(&["mint", "5555555555554444", "--format", "json"]);
    run(&["attach", minted["id"].as_str().unwrap(), "--format", "json"]);
    all
}

/// The bodies of one session over HTTP.
fn session(server: &Serving) -> String {
    let mut bodies = Vec::new();
    let mut post = |path: &str, params: &[(&str, &str)]| {
        let answer = server.send("POST", path, params, &[("Stripe-Version", "2026-07-29.dahlia")]);
        let request_id = answer.header("Request-Id").unwrap_or_default();
        bodies.push(format!("{} {request_id}\n{}\n", answer.status, answer.text()));
        answer.json()
    };
    let (first, second) = (post("/v1/tokens", &CARD), post("/v1/tokens", &CARD));
    let money = [("amount", "2000"), ("currency", "eur")];
    let token = first["id"].as_str().unwrap();
    let charge = post("/v1/charges", &[&money[..], &[("source", token)]].concat());
    post("/v1/charges", &[&money[..], &[("source", token)]].concat());
    post("/v1/charges", &[&money[..], &[("source", "tok_chargeDeclined")]].concat());
    post("/v1/refunds", &[("charge", charge["id"].as_str().unwrap())]);
    let customer = post("/v1/customers", &[("source", second["id"].as_str().unwrap())]);
    post("/v1/charges", &[&money[..], &[("customer", customer["id"].as_str().unwrap())]].concat());
    bodies.concat()
}

#[test]
fn the_commands_print_the_golden_bytes() {
    check_golden("seeded-commands.txt", &commands(&Home::new()));
}

#[test]
fn a_session_over_http_has_the_golden_bytes_in_memory_and_on_disk() {
    let in_memory = session(&Serving::start(&Home::new(), &[&FIXED[..], &["--memory"]].concat()));
    check_golden("seeded-session.txt", &in_memory);
    let on_disk = session(&Serving::start(&Home::new(), &FIXED));
    assert_eq!(on_disk, in_memory);
}

#[test]
fn after_a_restart_ids_go_on_without_repeating() {
    let home = Home::new();
    let mut seen = BTreeSet::new();
    for _restart in 0..4 {
        let server = Serving::start(&home, &FIXED);
        for _ in 0..3 {
            let answer = server.post("/v1/tokens", &CARD);
            let token = answer.json();
            for id in [&token["id"], &token["card"]["id"], &json!(answer.header("Request-Id"))] {
                assert!(seen.insert(id.as_str().unwrap().to_owned()), "{id} was given twice");
            }
        }
    }
    assert_eq!(seen.len(), 4 * 3 * 3);
}
