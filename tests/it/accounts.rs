//! Connected accounts: whatever `Stripe-Account` names has objects, lists, cursors and keys of its own.

use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};
use testcard::store::FILE_NAME;

use crate::support::{
    histories::older_history,
    local::{Local, id},
    program::Home,
    serving::{CARD, Serving},
};

const CONNECTED: &str = "acct_1032D82eZvKYlo2C";
const OTHER: &str = "acct_2";

impl Local {
    /// The same minter for calls that name an account.
    fn naming(&mut self, account: Option<&str>) -> &mut Self {
        self.headers = account.map(|id| ("Stripe-Account".to_owned(), id.to_owned())).into_iter().collect();
        self
    }
}

#[track_caller]
fn check_missing(answer: &(u16, Value), status: u16, message: &str) {
    assert_eq!((answer.0, &answer.1["error"]["code"]), (status, &json!("resource_missing")), "{}", answer.1);
    assert_eq!(answer.1["error"]["message"], message);
}

#[test]
fn an_account_sees_its_own_objects_only() {
    let mut local = Local::new();
    for (own, foreign) in [(None, Some(CONNECTED)), (Some(CONNECTED), None), (Some(CONNECTED), Some(OTHER))] {
        let local = &mut local;
        let token = local.naming(own).token("4242424242424242");
        let used = local.token("4242424242424242");
        let money = [("amount", "2000"), ("currency", "usd")];
        let customer = id(&local.make("/v1/customers", &[("source", &used)]));
        let card =
            local.get(&format!("/v1/customers/{customer}"), &[]).1["default_source"].as_str().unwrap().to_owned();
        let charge = id(&local.make("/v1/charges", &[&money[..], &[("customer", &customer)]].concat()));
        let refund = id(&local.make("/v1/refunds", &[("charge", &charge)]));
        let paid_by = local.token("4242424242424242");
        let method = id(&local.make("/v1/payment_methods", &[("type", "card"), ("card[token]", &paid_by)]));

        let local = local.naming(foreign);
        check_missing(&local.get(&format!("/v1/tokens/{token}"), &[]), 404, &format!("No such token: '{token}'"));
        check_missing(
            &local.post("/v1/charges", &[&money[..], &[("source", &token)]].concat()),
            400,
            &format!("No such token: '{token}'"),
        );
        check_missing(&local.post("/v1/customers", &[("source", &token)]), 400, &format!("No such token: '{token}'"));
        check_missing(
            &local.post("/v1/charges", &[&money[..], &[("customer", &customer)]].concat()),
            400,
            &format!("No such customer: '{customer}'"),
        );
        for (path, what) in [
            (format!("/v1/customers/{customer}"), format!("No such customer: '{customer}'")),
            (format!("/v1/customers/{customer}/sources"), format!("No such customer: '{customer}'")),
            (format!("/v1/customers/{customer}/sources/{card}"), format!("No such customer: '{customer}'")),
            (format!("/v1/charges/{charge}"), format!("No such charge: '{charge}'")),
            (format!("/v1/charges/{charge}/refunds"), format!("No such charge: '{charge}'")),
            (format!("/v1/refunds/{refund}"), format!("No such refund: '{refund}'")),
            (format!("/v1/payment_methods/{method}"), format!("No such PaymentMethod: '{method}'")),
        ] {
            check_missing(&local.get(&path, &[]), 404, &what);
        }
        check_missing(&local.post("/v1/refunds", &[("charge", &charge)]), 404, &format!("No such charge: '{charge}'"));
        check_missing(
            &local.post(&format!("/v1/charges/{charge}/capture"), &[]),
            404,
            &format!("No such charge: '{charge}'"),
        );
        check_missing(
            &local.delete(&format!("/v1/customers/{customer}")),
            404,
            &format!("No such customer: '{customer}'"),
        );
        check_missing(
            &local.get("/v1/charges", &[("starting_after", &charge)]),
            400,
            &format!("No such charge: '{charge}'"),
        );
        // What was refused elsewhere is untouched.
        let (status, paid) = local.naming(own).post("/v1/charges", &[&money[..], &[("source", &token)]].concat());
        assert_eq!(status, 200, "{paid}");
    }
}

#[test]
fn each_account_has_lists_and_ids_of_its_own() {
    let mut local = Local::new();
    let mut made: Vec<(Option<&str>, Vec<String>)> = Vec::new();
    for account in [None, Some(CONNECTED), Some(OTHER)] {
        let local = local.naming(account);
        // The same id is free in each account.
        local.make("/v1/customers", &[("id", "cus_mine"), ("email", "jenny@example.com")]);
        assert_eq!(local.post("/v1/customers", &[("id", "cus_mine")]).1["error"]["code"], "resource_already_exists");
        let charge = [("amount", "2000"), ("currency", "usd"), ("source", "tok_visa")];
        let mut charges: Vec<String> = (0..3).map(|_| id(&local.make("/v1/charges", &charge))).collect();
        charges.reverse();
        made.push((account, charges));
    }
    for (account, charges) in made {
        let local = local.naming(account);
        let ids =
            |answer: (u16, Value)| -> Vec<String> { answer.1["data"].as_array().unwrap().iter().map(id).collect() };
        assert_eq!(ids(local.get("/v1/charges", &[])), charges, "{account:?}");
        assert_eq!(ids(local.get("/v1/charges", &[("starting_after", &charges[0])])), charges[1..], "{account:?}");
        assert_eq!(ids(local.get("/v1/charges", &[("ending_before", &charges[2])])), charges[..2], "{account:?}");
        assert_eq!(ids(local.get("/v1/customers", &[("email", "jenny@example.com")])), ["cus_mine"], "{account:?}");
        if account == Some(CONNECTED) {
            assert_eq!(&charges[0][9..19], "2eZvKYlo2C", "ids have characters of their account");
        }
        let receipt =
            local.get(&format!("/v1/charges/{}", charges[0]), &[]).1["receipt_url"].as_str().unwrap().to_owned();
        assert!(receipt.contains(&format!("/{}/", account.unwrap_or(local.workspace.account_id()))), "{receipt}");
        let log = local.get("/v1/charges/ch_nope", &[]).1["error"]["request_log_url"].as_str().unwrap().to_owned();
        let workspace = local.workspace.account_id();
        assert!(log.contains(&format!("/{}/", account.unwrap_or(workspace))), "{log}");
    }
    local.naming(None).delete("/v1/customers/cus_mine");
    assert_eq!(local.naming(Some(OTHER)).get("/v1/customers/cus_mine", &[]).1["deleted"], Value::Null);
}

#[test]
fn the_account_itself_may_be_named() {
    let mut local = Local::new();
    let own = local.workspace.account_id().to_owned();
    let token = local.token("4242424242424242");
    assert_eq!(local.naming(Some(&own)).get(&format!("/v1/tokens/{token}"), &[]).0, 200);
    assert_eq!(local.naming(Some("")).get(&format!("/v1/tokens/{token}"), &[]).0, 200, "an empty header names none");
}

#[test]
fn a_customer_of_the_platform_is_cloned_into_a_connected_account() {
    let mut local = Local::new();
    let token = local.token("5555555555554444");
    let customer = id(&local.make("/v1/customers", &[("source", &token)]));
    let own = id(&local.naming(Some(CONNECTED)).make("/v1/customers", &[("source", "tok_visa")]));
    let clone = local.make("/v1/tokens", &[("customer", &customer)]);
    assert_eq!(clone["card"]["last4"], "4444");
    let clone = id(&clone);
    check_missing(&local.post("/v1/tokens", &[("customer", &own)]), 400, &format!("No such customer: '{own}'"));
    check_missing(
        &local.naming(None).get(&format!("/v1/tokens/{clone}"), &[]),
        404,
        &format!("No such token: '{clone}'"),
    );
    let paid = [("amount", "2000"), ("currency", "usd"), ("source", clone.as_str())];
    assert_eq!(local.naming(Some(CONNECTED)).make("/v1/charges", &paid)["source"]["last4"], "4444");
}

#[test]
fn what_is_no_account_is_refused_before_anything_is_done() {
    let server = Serving::start(&Home::new(), &["--memory"]);
    for (account, is_let_in) in [
        ("acct_1032D82eZvKYlo2C", true),
        ("acct_1", true),
        ("acct_fake_account", false),
        ("acct_", false),
        ("acct", false),
        ("cus_123", false),
        ("acct_1 2", false),
        ("ACCT_1", false),
    ] {
        for (method, path, params) in
            [("POST", "/v1/tokens", &CARD[..]), ("GET", "/v1/charges", &[]), ("POST", "/v1/charges/ch_1/capture", &[])]
        {
            let answer = server.send(method, path, params, &[("Stripe-Account", account)]);
            assert_eq!(answer.status != 403, is_let_in, "{method} {path} {account}: {}", answer.text());
            if !is_let_in {
                let error = &answer.json()["error"];
                assert_eq!(
                    (&error["type"], &error["code"]),
                    (&json!("invalid_request_error"), &json!("account_invalid"))
                );
                let words = format!(
                    "does not have access to account '{account}' (or that account does not exist). Application access \
                     may have been revoked."
                );
                let message = error["message"].as_str().unwrap();
                assert!(message.starts_with("The provided key 'sk_test_*") && message.ends_with(&words), "{message}");
            }
        }
    }
    assert_eq!(server.get("/v1/tokens/tok_nope").status, 404);
}

#[test]
fn an_older_history_keeps_whose_its_objects_are() {
    for version in [6, 7] {
        let home = Home::new();
        let data = home.path().join("data");
        fs::create_dir_all(&data).unwrap();
        older_history(&data, "now");
        if version == 6 {
            back_to_version_six(&home);
        }
        let server = Serving::start(&home, &[]);
        let charge = [("amount", "2000"), ("currency", "usd"), ("source", "tok_visa")];
        let mut replayed = Vec::new();
        for (account, charges) in [(&[][..], 2), (&[("Stripe-Account", CONNECTED)][..], 1)] {
            let headers = [account, &[("Idempotency-Key", "k1")]].concat();
            let again = server.send("POST", "/v1/charges", &charge, &headers);
            assert_eq!(again.header("Idempotent-Replayed"), Some("true"), "{version}: {}", again.text());
            replayed.push(id(&again.json()));
            let listed = server.send("GET", "/v1/charges", &[], account).json();
            let listed: Vec<&str> =
                listed["data"].as_array().unwrap().iter().map(|charge| charge["id"].as_str().unwrap()).collect();
            assert_eq!(listed.len(), charges, "{version}: {listed:?}");
            assert_eq!(listed.last(), Some(&replayed.last().unwrap().as_str()));
        }
        for (nth, account) in [&[][..], &[("Stripe-Account", CONNECTED)][..]].into_iter().enumerate() {
            let get = |charge: &str| server.send("GET", &format!("/v1/charges/{charge}"), &[], account).status;
            assert_eq!((get(&replayed[nth]), get(&replayed[1 - nth])), (200, 404), "{version}");
        }
        assert!(server.control("GET", "/_testcard/requests")["data"].as_array().unwrap().len() >= 4);
    }
}

#[test]
fn the_account_itself_is_the_same_whether_a_call_names_it_or_not() {
    let home = Home::new();
    let server = Serving::start(&home, &[]);
    let own = server.get("/v1/charges/ch_nope").json()["error"]["request_log_url"].as_str().unwrap().to_owned();
    let own = own.split('/').find(|part| part.starts_with("acct_")).unwrap();
    let token = id(&server.post("/v1/tokens", &CARD).json());
    let path = format!("/v1/tokens/{token}");
    let named = [("Stripe-Account", own)];
    assert_eq!(server.send("GET", &path, &[], &named).status, 200);
    assert_eq!(server.send("POST", "/v1/tokens", &CARD, &named).status, 200);
    assert_eq!(server.send("GET", &path, &[], &[("Stripe-Account", OTHER)]).status, 404);
    let listed = server.control("GET", &format!("/_testcard/requests?account={own}"));
    assert_eq!(listed["data"].as_array().unwrap().len(), 4, "{listed}");
    // Lists of the window show no account that is not there.
    let file = home.path().join("data").join(FILE_NAME);
    let accounts = "SELECT group_concat(coalesce(account, 'own'), ' ') FROM entries";
    let accounts: String = Connection::open(file).unwrap().query_row(accounts, [], |row| row.get(0)).unwrap();
    assert_eq!(accounts, "own own");
}

/// Makes a history what it was before there were worlds.
fn back_to_version_six(home: &Home) {
    let file = home.path().join("data").join(FILE_NAME);
    let connection = Connection::open(file).unwrap();
    connection
        .execute_batch(&format!(
            "BEGIN;
             INSERT INTO counters (name, value) SELECT 'sequence', sequence FROM worlds WHERE name = '';
             DROP TABLE worlds;
             DROP INDEX objects_by_id;
             DROP INDEX objects_listed;
             DROP INDEX objects_by_parent;
             ALTER TABLE objects DROP COLUMN world;
             CREATE UNIQUE INDEX objects_by_id ON objects (id, kind);
             CREATE INDEX objects_listed ON objects (kind, position) WHERE kind <> 'token';
             CREATE INDEX objects_by_parent ON objects (parent, kind, position) WHERE parent IS NOT NULL;
             ALTER TABLE answers RENAME TO new_answers;
             CREATE TABLE answers (
                 exchange INTEGER PRIMARY KEY REFERENCES exchanges (id) ON DELETE CASCADE, key TEXT NOT NULL UNIQUE,
                 created INTEGER NOT NULL, whole_key BLOB NOT NULL, whole BLOB NOT NULL, masked BLOB NOT NULL) STRICT;
             INSERT INTO answers SELECT exchange, key, created, whole_key, whole, masked FROM new_answers;
             DROP TABLE new_answers;
             DROP TRIGGER exchanges_counted;
             DROP TRIGGER exchanges_recounted;
             DROP TRIGGER exchanges_uncounted;
             DROP INDEX exchanges_by_log;
             DROP TABLE log_counts;
             ALTER TABLE exchanges DROP COLUMN world;
             ALTER TABLE exchanges DROP COLUMN client;
             ALTER TABLE exchanges DROP COLUMN fault;
             ALTER TABLE exchanges DROP COLUMN log_text;
             ALTER TABLE entries DROP COLUMN account;
             {}
             PRAGMA user_version = 6;
             COMMIT;",
            include_str!("../../src/store/migrations/6.sql")
        ))
        .unwrap();
}
