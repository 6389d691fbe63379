//! The life of every published test card: what the table lists at token creation, at charge and at attach happens.
//!
//! The table is read here anew, column by column: the program's own reading of it is under test too.

use std::collections::HashMap;

use serde_json::{Value, json};
use testcard::domain::rules::policies::AccountPolicies;

use crate::support::local::{Local, id};

type Row = HashMap<String, String>;

fn rows() -> Vec<Row> {
    let mut reader = csv::Reader::from_path(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/test-cards.csv")).unwrap();
    let rows: Vec<Row> = reader.deserialize().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 318);
    rows
}

/// What a bank compares, with the parameter's result fields in a card.
const CHECKS: [(&str, &str); 3] =
    [("cvc", "cvc_check"), ("line1", "address_line1_check"), ("zip", "address_zip_check")];

/// The result that the column `checks_after_charge_or_attach` lists, everything having been sent.
fn listed_check<'a>(row: &'a Row, check: &str) -> &'a str {
    let listed = row["checks_after_charge_or_attach"].split("; ").find_map(|part| {
        let (name, result) = part.split_once(':')?;
        (name == check).then(|| result.split(' ').next().unwrap())
    });
    listed.unwrap_or("pass")
}

#[track_caller]
fn assert_checks(row: &Row, card: &Value) {
    for (check, field) in CHECKS {
        assert_eq!(card[field], listed_check(row, check), "{field} of {}", row["number"]);
    }
}

/// The error of a decline as the row lists it. Where it lists no decline code, older versions have none, and in newer
/// ones the code stands for it: recorded.
#[track_caller]
fn assert_declined(row: &Row, error: &Value, is_current: bool) {
    let about = &row["number"];
    let listed = |column: &str| row[column].as_str();
    let code = listed("charge_error_code");
    let decline_code = match listed("charge_decline_code") {
        "" if is_current => json!(code),
        "" => Value::Null,
        listed => json!(listed),
    };
    assert_eq!(error["type"], "card_error", "{about}");
    assert_eq!(error["code"], code, "{about}");
    assert_eq!(error["decline_code"], decline_code, "{about}");
    assert_eq!(error["message"], listed("charge_message"), "{about}");
    assert_eq!(error["doc_url"], format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")), "{about}");
}

fn is_declined_at_charge(row: &Row) -> bool {
    row["charge_http_status"] == "402"
}

fn is_declined_at_attach(row: &Row) -> bool {
    row["attach_outcome"].starts_with("402")
}

/// An account that answers in a version of today, or in the one of a call that names none.
fn local(is_current: bool) -> Local {
    let mut local = Local::new();
    if is_current {
        local.headers.push(("Stripe-Version".to_owned(), "2026-06-24.dahlia".to_owned()));
    }
    local
}

/// Every row with every such account.
fn rows_in_both_versions() -> impl Iterator<Item = (Row, bool)> {
    rows().into_iter().flat_map(|row| [(row.clone(), false), (row, true)])
}

/// What the checks show after a charge: nothing was checked where Radar blocked it before the bank saw it.
#[track_caller]
fn assert_checks_of_charge(row: &Row, card: &Value) {
    if row["charge_outcome"] != "blocked" {
        return assert_checks(row, card);
    }
    for (_, field) in CHECKS {
        assert_eq!(card[field], "unavailable", "{field} of {}", row["number"]);
    }
}

/// The token of a row's number, or nothing where the row says that there is none.
fn mint(local: &mut Local, row: &Row) -> Option<String> {
    if row["token_create_outcome"] == "ok" {
        return Some(local.token(&row["number"]));
    }
    let params = [("card[number]", &*row["number"]), ("card[exp_month]", "5"), ("card[exp_year]", "2026")];
    let (status, body) = local.post("/v1/tokens", &params);
    assert_eq!((status, &body["error"]["code"]), (402, &json!("incorrect_number")), "{}", row["number"]);
    assert_eq!(body["error"]["param"], "number");
    None
}

#[test]
fn every_card_does_at_charge_what_its_row_says() {
    for (row, is_current) in rows_in_both_versions() {
        let mut local = local(is_current);
        let Some(token) = mint(&mut local, &row) else { continue };
        let sent = [("amount", "2000"), ("currency", "usd"), ("source", token.as_str())];
        let (status, body) = local.post("/v1/charges", &sent);
        let about = &row["number"];
        let charge = if is_declined_at_charge(&row) {
            assert_eq!(status, 402, "{about}");
            assert_declined(&row, &body["error"], is_current);
            let param = &row["charge_param"];
            assert_eq!(body["error"].get("param").and_then(Value::as_str).unwrap_or_default(), param, "{about}");
            let kept = local.get(&format!("/v1/charges/{}", body["error"]["charge"].as_str().unwrap()), &[]).1;
            assert_eq!((&kept["status"], &kept["paid"]), (&json!("failed"), &json!(false)), "{about}");
            assert_eq!(kept["failure_code"], row["charge_error_code"], "{about}");
            assert_eq!(kept["failure_message"], row["charge_message"], "{about}");
            let kind = if row["charge_outcome"] == "blocked" { "blocked" } else { "issuer_declined" };
            assert_eq!(kept["outcome"]["type"], kind, "{about}");
            kept
        } else {
            assert_eq!(status, 200, "{about}: {body}");
            assert_eq!((&body["status"], &body["outcome"]["type"]), (&json!("succeeded"), &json!("authorized")));
            body
        };
        assert_checks_of_charge(&row, &charge["source"]);
        assert_eq!(charge["payment_method_details"]["card"]["checks"]["cvc_check"], charge["source"]["cvc_check"]);
        // A decline uses the token up as well.
        let again = local.post("/v1/charges", &sent);
        assert_eq!((again.0, &again.1["error"]["code"]), (400, &json!("token_already_used")), "{about}");
        let token = local.get(&format!("/v1/tokens/{token}"), &[]).1;
        assert_eq!(token["used"], true, "{about}");
        assert_eq!(token["card"]["cvc_check"], "unchecked", "the token keeps the checks it was made with: {about}");
    }
}

#[test]
fn every_card_does_at_attach_what_its_row_says() {
    for (row, is_current) in rows_in_both_versions() {
        let mut local = local(is_current);
        let customer = id(&local.make("/v1/customers", &[]));
        let Some(token) = mint(&mut local, &row) else { continue };
        let sources = format!("/v1/customers/{customer}/sources");
        let (status, body) = local.post(&sources, &[("source", &token)]);
        let about = &row["number"];
        if is_declined_at_attach(&row) {
            assert_eq!(status, 402, "{about}");
            assert_declined(&row, &body["error"], is_current);
            assert_eq!(body["error"].get("charge"), None, "{about}");
            assert_eq!(body["error"]["param"], row["charge_param"], "{about}");
            assert_eq!(local.get(&sources, &[]).1["data"], json!([]), "{about}");
            // The same when a customer is to be made with it: there is none.
            let token = mint(&mut local, &row).unwrap();
            assert_eq!(local.post("/v1/customers", &[("source", &token)]).0, 402, "{about}");
            assert_eq!(local.get("/v1/customers", &[]).1["data"].as_array().unwrap().len(), 1, "{about}");
        } else {
            assert_eq!(status, 200, "{about}: {body}");
            assert_eq!(body["customer"], customer.as_str());
            assert_checks(&row, &body);
            let charge = [("amount", "2000"), ("currency", "usd"), ("customer", customer.as_str())];
            let expected = if is_declined_at_charge(&row) { 402 } else { 200 };
            assert_eq!(local.post("/v1/charges", &charge).0, expected, "a charge of the customer of {about}");
        }
        assert_eq!(local.get(&format!("/v1/tokens/{token}"), &[]).1["used"], true, "{about}");
    }
}

/// The same of a payment method, and of one that a setup intent makes the customer's; the payer of a card that asks for
/// it authenticates the setup.
#[test]
fn every_card_does_at_a_payment_method_what_its_row_says() {
    for (row, is_current) in rows_in_both_versions().filter(|(row, _)| row["token_create_outcome"] == "ok") {
        let mut local = local(is_current);
        let about = &row["number"];
        let customer = id(&local.make("/v1/customers", &[]));
        let mut method = || {
            let token = mint(&mut local, &row).unwrap();
            id(&local.make("/v1/payment_methods", &[("type", "card"), ("card[token]", &token)]))
        };
        let (attached, set_up) = (method(), method());
        let path = format!("/v1/payment_methods/{attached}");
        let (status, body) = local.post(&format!("{path}/attach"), &[("customer", &customer)]);
        let setup = [
            ("customer", customer.as_str()),
            ("payment_method", &set_up),
            ("payment_method_types[]", "card"),
            ("confirm", "true"),
        ];
        let (status_of_setup, mut setup) = local.post("/v1/setup_intents", &setup);
        if is_declined_at_attach(&row) {
            assert_eq!((status, status_of_setup), (402, 402), "{about}: {body} {setup}");
            assert_declined(&row, &body["error"], is_current);
            assert_declined(&row, &setup["error"], is_current);
            assert_eq!(setup["error"]["setup_intent"]["last_setup_error"]["code"], setup["error"]["code"], "{about}");
            assert_eq!(local.get(&path, &[]).1["customer"], Value::Null, "{about}");
            continue;
        }
        assert_eq!((status, status_of_setup), (200, 200), "{about}: {body} {setup}");
        if setup["status"] == "requires_action" {
            let done = [("intent", &*id(&setup)), ("result", "complete")];
            setup = local.make("/_testcard/authenticate", &done);
        }
        assert_eq!(setup["status"], "succeeded", "{about}");
        let kept = local.get(&format!("/v1/payment_methods/{set_up}"), &[]).1;
        for (check, at_method) in
            [("cvc", "cvc_check"), ("line1", "address_line1_check"), ("zip", "address_postal_code_check")]
        {
            let expected = listed_check(&row, check);
            for method in [&body, &kept] {
                assert_eq!(method["card"]["checks"][at_method], expected, "{check} of {about}");
            }
        }
        assert_eq!((&body["customer"], &kept["customer"]), (&json!(customer), &json!(customer)), "{about}");
    }
}

#[test]
fn every_ready_alias_does_what_its_row_says_again_and_again() {
    let mut aliases = 0;
    let mut seen = std::collections::HashSet::new();
    for row in rows() {
        // An alias of two cards is the first one's.
        for alias in row["token_alias"].split_whitespace().filter(|alias| seen.insert((*alias).to_owned())) {
            aliases += 1;
            let mut local = Local::new();
            let sent = [("amount", "2000"), ("currency", "usd"), ("source", alias)];
            let (first, second) = (local.post("/v1/charges", &sent), local.post("/v1/charges", &sent));
            let expected = if is_declined_at_charge(&row) { 402 } else { 200 };
            assert_eq!((first.0, second.0), (expected, expected), "{alias}: {}", first.1);
            if expected == 200 {
                assert_ne!(first.1["source"]["id"], second.1["source"]["id"], "each use is a fresh card: {alias}");
                assert_eq!(first.1["source"]["fingerprint"], second.1["source"]["fingerprint"], "{alias}");
                assert_eq!(first.1["source"]["last4"], row["number"][row["number"].len() - 4..], "{alias}");
            }
            let attached = local.post("/v1/customers", &[("source", alias)]);
            let expected = if is_declined_at_attach(&row) { 402 } else { 200 };
            assert_eq!(attached.0, expected, "{alias}: {}", attached.1);
        }
    }
    assert!(aliases > 250, "{aliases}");
}

#[test]
fn two_aliases_have_a_decline_code_of_their_own() {
    for (alias, expected) in [
        ("tok_visa_chargeCustomerFail", "generic_decline"),
        ("tok_visa_chargeCustomerFailLostCard", "lost_card"),
        ("tok_visa_chargeCustomerFailStolenCard", "stolen_card"),
    ] {
        let mut local = Local::new();
        let customer = id(&local.make("/v1/customers", &[("source", alias)]));
        let sent = [("amount", "2000"), ("currency", "usd"), ("customer", customer.as_str())];
        let (status, body) = local.post("/v1/charges", &sent);
        assert_eq!((status, &body["error"]["decline_code"]), (402, &json!(expected)), "{alias}");
    }
}

#[test]
fn a_failing_check_blocks_where_the_account_says_so() {
    let policies = AccountPolicies { block_if_cvc_fails: true, block_if_zip_fails: true, ..AccountPolicies::default() };
    let mut blocked = 0;
    for row in rows().into_iter().filter(|row| row["token_create_outcome"] == "ok") {
        let expected = match () {
            () if is_declined_at_charge(&row) => continue,
            () if listed_check(&row, "cvc") == "fail" => ("incorrect_cvc", "cvc"),
            () if listed_check(&row, "zip") == "fail" => ("incorrect_zip", "address_zip"),
            () => continue,
        };
        blocked += 1;
        let mut local = Local { policies, ..Local::new() };
        let customer = id(&local.make("/v1/customers", &[]));
        let path = format!("/v1/customers/{customer}/sources");
        let (charged, attached) = (local.token(&row["number"]), local.token(&row["number"]));
        let sent = [("amount", "2000"), ("currency", "usd"), ("source", charged.as_str())];
        for (status, body) in [local.post("/v1/charges", &sent), local.post(&path, &[("source", &attached)])] {
            let error = &body["error"];
            assert_eq!(status, 402, "{body}");
            assert_eq!(
                (&error["code"], &error["param"]),
                (&json!(expected.0), &json!(expected.1)),
                "{}",
                row["number"]
            );
        }
    }
    assert_eq!(blocked, 5);
}

#[test]
fn a_code_that_was_not_sent_cannot_fail() {
    let mut local = Local::new();
    let year = "2026";
    let number = ("card[number]", "4000000000000127");
    let token = id(&local.make("/v1/tokens", &[number, ("card[exp_month]", "5"), ("card[exp_year]", year)]));
    let charge = local.make("/v1/charges", &[("amount", "100"), ("currency", "usd"), ("source", &token)]);
    assert_eq!(charge["source"]["cvc_check"], Value::Null);
}
