//! The names of the headers of every answer, by method, status and whether a key was sent, as Stripe's test mode was
//! recorded to give them, and what echoes what. `tests/recorded/headers.json` has the facts.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{
    local_server::LocalServer,
    recorded::{Agreement, Differences, Share, facts},
    wire::Answer,
};

const ACCOUNT: &str = "acct_1032D82eZvKYlo2C";
const KEY: &str = "6a4f6d1e-2f0b-4a7e-9d0c-3b1f5c0e8a11";

/// The answer to a call like the recorded one.
fn answer(server: &LocalServer, situation: &str, method: &str, headers: &[(&str, &str)]) -> Answer {
    let scope: Vec<(&str, &str)> = headers.iter().copied().filter(|(name, _)| *name == "Stripe-Account").collect();
    let send = |path: &str, params: &[(&str, &str)]| server.send(method, path, params, headers);
    let id = |object: Value| object["id"].as_str().unwrap().to_owned();
    let customer = || format!("/v1/customers/{}", id(server.make("/v1/customers", &[], &scope)));
    let charge = |source: &str, amount: &str| {
        send("/v1/charges", &[("amount", amount), ("currency", "usd"), ("source", source)])
    };
    match situation {
        "make a customer" => send("/v1/customers", &[("name", "Jenny")]),
        "retrieve a customer" | "delete a customer" => send(&customer(), &[]),
        "retrieve a customer that is not there"
        | "delete a customer that is not there"
        | "update a customer that is not there" => send("/v1/customers/cus_nope", &[]),
        "list with a limit of 0" => send("/v1/customers", &[("limit", "0")]),
        "charge a negative amount" => charge("tok_visa", "-99"),
        "charge a declining card" => charge("tok_chargeDeclined", "999"),
        "refund twice" => {
            let params = [("amount", "500"), ("currency", "usd"), ("source", "tok_visa")];
            let charge = id(server.make("/v1/charges", &params, &scope));
            server.make("/v1/refunds", &[("charge", &charge)], &scope);
            send("/v1/refunds", &[("charge", &charge)])
        }
        "a wrong key" => {
            let wrong = [headers, &[("Authorization", "Bearer sk_test_wrong!key_of_nobody")]].concat();
            server.send(method, "/v1/customers", &[], &wrong)
        }
        "an account that is not there" => {
            let wrong = [headers, &[("Stripe-Account", "acct_fake_account")]].concat();
            server.send(method, "/v1/customers", &[], &wrong)
        }
        "another call holds the object" => server.while_held(|| send("/v1/customers/cus_held", &[])),
        other => panic!("{other} is no situation"),
    }
}

/// The recorded names as they would be today.
fn expected(facts: &Value, row: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let month = text(&row["month"]);
    let (is_let_in, is_post) = (![401, 403].contains(&row["status"].as_u64().unwrap()), row["method"] == "POST");
    let is_without_key = is_post && is_let_in && row["idempotency_key"] == false;
    let mut names: BTreeSet<String> = row["names"].as_array().unwrap().iter().map(text).collect();
    for went in facts["went"].as_array().unwrap() {
        names.remove(went[1].as_str().unwrap());
    }
    for came in facts["came"].as_array().unwrap() {
        let holds = match came[2].as_str().unwrap() {
            "let_in" => is_let_in,
            "post_without_key" => is_without_key,
            _ => true,
        };
        if holds && month < text(&came[0]) {
            names.insert(text(&came[1]));
        }
    }
    // A POST that was carried out says so whether its key is the client's or made.
    if is_without_key && [200, 402].contains(&row["status"].as_u64().unwrap()) {
        names.insert("stripe-should-retry".to_owned());
    }
    names
}

/// What differs between the recorded headers and those of an answer: which one, and in which way.
fn differences(facts: &Value, row: &Value, answer: &Answer) -> Vec<(String, String)> {
    let ours: BTreeSet<String> = answer.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
    let expected = expected(facts, row);
    let lacking = expected.difference(&ours).map(|name| (name.clone(), "missing".to_owned()));
    let besides = ours.difference(&expected).map(|name| (name.clone(), "extra".to_owned()));
    let mut found: Vec<(String, String)> = lacking.chain(besides).collect();
    if u64::from(answer.status) != row["status"].as_u64().unwrap() {
        found.push(("status".to_owned(), answer.status.to_string()));
    }
    for (name, value) in facts["constant"].as_object().unwrap() {
        if let Some(ours) = answer.header(name).filter(|ours| value != ours) {
            found.push((name.clone(), format!("{ours} instead of {value}")));
        }
    }
    found
}

#[test]
fn the_headers_have_the_recorded_names() {
    let facts = facts("headers.json");
    let (on_purpose, mut share) = (Differences::of("headers"), Share::default());
    let mut unexpected = Vec::new();
    for row in facts["rows"].as_array().unwrap() {
        let (situation, method) = (row["situation"].as_str().unwrap(), row["method"].as_str().unwrap());
        let has = |name: &str| row["names"].as_array().unwrap().iter().any(|known| known == name);
        let mut headers = vec![("Stripe-Version", "2026-06-24.dahlia")];
        headers.extend(has("idempotency-key").then_some(("Idempotency-Key", KEY)));
        headers.extend(has("stripe-account").then_some(("Stripe-Account", ACCOUNT)));
        // Each row has a server of its own, so that none repeats another's key.
        let differences = differences(&facts, row, &answer(&LocalServer::start(), situation, method, &headers));
        let before = unexpected.len();
        for (name, problem) in &differences {
            let is_deliberate = on_purpose.allow(name, problem, "all");
            share.count(name, if is_deliberate { Agreement::OnPurpose } else { Agreement::Different });
            if !is_deliberate {
                unexpected.push(format!("{method} {} ({situation}): {name}: {problem}", row["status"]));
            }
        }
        let is_other = |name: &String| differences.iter().all(|(differing, _)| differing != name);
        expected(&facts, row).iter().filter(|name| is_other(name)).for_each(|name| share.count(name, Agreement::Equal));
        let agreement = if unexpected.len() == before { Agreement::Equal } else { Agreement::Different };
        share.count("(a call's whole set, but for what differs on purpose)", agreement);
    }
    share.print("names of headers");
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    on_purpose.check_each_is_needed();
}

#[test]
fn what_a_call_says_of_itself_is_repeated() {
    let server = LocalServer::start();
    let sent = [("Stripe-Version", "2023-10-16; x=v1"), ("Stripe-Account", ACCOUNT), ("Idempotency-Key", KEY)];
    for (situation, method, echoes_key) in [
        ("make a customer", "POST", true),
        ("charge a negative amount", "POST", true),
        ("charge a declining card", "POST", true),
        ("another call holds the object", "POST", true),
        ("delete a customer", "DELETE", true),
        ("delete a customer that is not there", "DELETE", true),
        ("retrieve a customer", "GET", false),
    ] {
        let server = if method == "POST" { &LocalServer::start() } else { &server };
        let answer = answer(server, situation, method, &sent);
        for (name, value) in sent {
            let expected = (echoes_key || name != "Idempotency-Key").then_some(value);
            assert_eq!(answer.header(name), expected, "{situation}: {name}");
        }
        let first = answer.header("Request-Id").filter(|_| method == "POST");
        assert_eq!(answer.header("Original-Request"), first, "{situation}");
    }
    let account_version = server.send("GET", "/v1/customers", &[], &[]);
    assert_eq!(account_version.header("Stripe-Version"), Some("2022-11-15"), "that of the account");
}

#[test]
fn a_post_without_a_key_gets_one_that_is_never_the_same() {
    let server = LocalServer::start();
    let made = |path: &str, params: &[(&str, &str)]| {
        let answer = server.send("POST", path, params, &[]);
        assert_eq!(answer.header("Original-Request"), answer.header("Request-Id"), "{}", answer.text());
        answer.header("Idempotency-Key").unwrap().to_owned()
    };
    let keys = [
        made("/v1/customers", &[]),
        made("/v1/customers", &[]),
        made("/v1/customers", &[("colour", "red")]),
        made("/v1/charges", &[("amount", "500"), ("currency", "usd"), ("source", "tok_chargeDeclined")]),
    ];
    for key in &keys {
        let parts: Vec<usize> = key.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{key}");
        assert!(
            key.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)),
            "{key}"
        );
    }
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    // It is not remembered: whoever sends it makes a call of their own.
    let again = server.send("POST", "/v1/customers", &[("name", "Jenny")], &[("Idempotency-Key", &keys[0])]);
    assert_eq!((again.status, again.header("Idempotent-Replayed")), (200, None));
}
