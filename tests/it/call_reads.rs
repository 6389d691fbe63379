//! Calls that only read: they wait for no write, they meet all that was told before, and they are written down.

use std::{path::PathBuf, time::Instant};

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::Value;
use testcard::{
    backend::{BackendTargets, CallOrigin, ServedCall},
    domain::{call::api::ApiRequest, rules::policies::AccountPolicies},
    store::{CallSelection, FILE_NAME, Store, StoreLocation},
};

use crate::support::{
    program::Home,
    serving::{CARD, Serving},
};

fn data_of(home: &Home) -> PathBuf {
    home.path().join("data")
}

fn database(home: &Home) -> Connection {
    Connection::open(data_of(home).join(FILE_NAME)).unwrap()
}

/// The paths of the calls that are written down, oldest first.
#[track_caller]
fn paths(server: &Serving) -> Vec<String> {
    let text = |call: &Value| format!("{} {}", call["method"].as_str().unwrap(), call["path"].as_str().unwrap());
    server.requests().iter().rev().map(text).collect()
}

#[test]
fn a_call_that_reads_waits_for_no_write_and_is_written_down_after_it() {
    let home = Home::new();
    let server = Serving::start(&home, &[]);
    let token = server.token();
    let other = database(&home);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The lock is held by this thread: what waited for it would never be answered.
    let read = server.get(&format!("/v1/tokens/{token}"));
    assert_eq!((read.status, &read.json()["id"]), (200, &token.clone().into()));
    assert_eq!(server.get("/v1/charges").json()["data"].as_array().unwrap().len(), 0);
    assert_eq!(server.get("/v1/balance").status, 200);
    assert_eq!(server.get("/v1/charges/ch_none").code(), "resource_missing");
    other.execute_batch("COMMIT").unwrap();
    let written = ["POST /v1/tokens", &format!("GET /v1/tokens/{token}"), "GET /v1/charges", "GET /v1/balance"];
    assert_eq!(paths(&server)[..4], written);
}

#[test]
fn what_another_process_made_is_met_at_once() {
    let home = Home::new();
    let server = Serving::start(&home, &[]);
    for _ in 0..3 {
        let minted = home.run(["mint"]);
        let token = minted.stdout.trim();
        assert_eq!(server.get(&format!("/v1/tokens/{token}")).json()["used"], false, "{minted:?}");
        assert_eq!(home.run(["charge", token]).exit, 0);
        assert_eq!(server.get(&format!("/v1/tokens/{token}")).json()["used"], true);
    }
    assert_eq!(server.get("/v1/charges").json()["data"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_due_happens_before_a_call_that_reads() {
    let home = Home::new();
    let server = Serving::start(&home, &[]);
    let charge = server.post("/v1/charges", &[("amount", "500"), ("currency", "usd"), ("source", "tok_refundFail")]);
    let charge = charge.json()["id"].as_str().unwrap().to_owned();
    let refund = server.post("/v1/refunds", &[("charge", &charge)]).json()["id"].as_str().unwrap().to_owned();
    let status = || server.get(&format!("/v1/refunds/{refund}")).json()["status"].clone();
    let before = status();
    let by_control = [("Authorization", &*format!("Bearer {}", server.control_token))];
    assert_eq!(server.send("POST", "/_testcard/clock", &[("advance", "30d")], &by_control).status, 200);
    assert_eq!((before, status()), ("succeeded".into(), "failed".into()));
}

#[test]
fn a_new_account_reads_a_world_of_its_own() {
    let home = Home::new();
    let server = Serving::start(&home, &["--isolate"]);
    let of = |key: &str, path: &str| server.send("GET", path, &[], &[("Authorization", &format!("Bearer {key}"))]);
    let made = server.send("POST", "/v1/customers", &[], &[("Authorization", "Bearer sk_test_one")]);
    let customer = format!("/v1/customers/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(of("sk_test_one", &customer).status, 200);
    for _ in 0..2 {
        assert_eq!(of("sk_test_two", &customer).status, 404);
        assert_eq!(of("sk_test_two", "/v1/customers").json()["data"].as_array().unwrap().len(), 0);
    }
}

#[test]
fn a_history_that_is_gone_is_read_no_more() {
    let home = Home::new();
    let server = Serving::start(&home, &[]);
    let token = format!("/v1/tokens/{}", server.token());
    assert_eq!(server.get(&token).status, 200);
    std::fs::rename(data_of(&home), home.beside("moved")).unwrap();
    assert_eq!(server.get(&token).status, 500);
    std::fs::rename(home.beside("moved"), data_of(&home)).unwrap();
    assert_eq!(server.get(&token).status, 200);
}

#[test]
fn calls_that_read_are_written_down_together() {
    let home = Home::new();
    let mut server = Serving::start(&home, &[]);
    let token = format!("/v1/tokens/{}", server.token());
    for _ in 0..300 {
        assert_eq!(server.get(&token).status, 200);
    }
    // One that asks the program to end loses none.
    server.terminate();
    server.ended();
    let calls = "SELECT count(*) FROM exchanges WHERE method = 'GET' AND entry IS NOT NULL AND http_status = 200";
    let calls: i64 = database(&home).query_row(calls, [], |row| row.get(0)).unwrap();
    assert_eq!(calls, 300, "each in the timeline of the token");
}

#[test]
fn a_token_is_shown_again_as_it_was_shown_and_otherwise_in_another_version_or_once_it_is_used() {
    let home = Home::new();
    let server = Serving::start(&home, &[]);
    let versions = ["2011-01-01", "2015-02-18", "2020-08-27", "2026-07-29.dahlia", "2025-03-31.basil"];
    for version in versions {
        let in_version = |version| [("Stripe-Version", version), ("Authorization", "Bearer sk_test_x")];
        let made = server.send("POST", "/v1/tokens", &CARD, &in_version(version));
        assert_eq!(made.status, 200, "{version}: {}", made.text());
        let path = format!("/v1/tokens/{}", made.json()["id"].as_str().unwrap());
        let shown = |version| server.send("GET", &path, &[], &in_version(version));
        assert_eq!(shown(version).text(), made.text(), "{version}");
        for other in versions.into_iter().filter(|other| *other != version) {
            let like_it = server.send("POST", "/v1/tokens", &CARD, &in_version(other)).json();
            let names = |token: &Value| token["card"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            let shown = shown(other).json();
            assert_eq!((&shown["id"], names(&shown)), (&made.json()["id"], names(&like_it)), "{version} in {other}");
        }
        let source = made.json()["id"].as_str().unwrap().to_owned();
        let charge = server.post("/v1/charges", &[("amount", "500"), ("currency", "usd"), ("source", &source)]);
        assert_eq!(charge.status, 200, "{}", charge.text());
        let mut used = made.json();
        used["used"] = true.into();
        assert_eq!(shown(version).json(), used, "{version}");
    }
}

#[test]
fn no_more_is_committed_for_calls_that_read_than_once_in_a_while() {
    const CALLS: u64 = 200;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreLocation::Folder(folder.path().to_owned()), Timestamp::UNIX_EPOCH).unwrap();
    let targets = BackendTargets::new(store.clone(), None);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (before, begun) = (store.commits(), Instant::now());
    for nth in 0..CALLS {
        let (started, arrived) = (Timestamp::UNIX_EPOCH, Instant::now());
        let server = "http://127.0.0.1:1".into();
        let origin = CallOrigin { started, arrived, world: None, is_publishable: false, server };
        let call = ServedCall { request: ApiRequest::get(format!("/v1/customers/cus_{nth}")), origin, fault: None };
        assert_eq!(runtime.block_on(targets.serve(call, AccountPolicies::default())).http_status, 404);
    }
    runtime.block_on(store.settle_lines());
    let (commits, waits) = (store.commits() - before, begun.elapsed().as_millis() / 50);
    assert!(u128::from(commits) <= waits + 3, "{commits} commits in the time of {waits} waits");
    let written = store.reader().unwrap().request_rows(&CallSelection::default(), None, 1000).unwrap();
    assert_eq!(written.len() as u64, CALLS);
}
