//! What follows a call later, by the clock of its world: disputes and how they end, refunds that settle or fail, early
//! fraud warnings, holds that expire; and that each happens once, whatever becomes of the process.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use testcard::{
    backend::{Backend, BackendTargets},
    domain::{
        call::api::{ApiRequest, HttpMethod},
        rules::policies::AccountPolicies,
    },
    minter::{Ledger as _, ObjectKind},
    store::{ClockChange, FILE_NAME, Store, StoreLocation, salvage},
};
use tokio::runtime::Runtime;

use crate::support::{
    histories::{count, moment, older_history, open},
    local::{Local, id, parts},
};

const MONEY: [(&str, &str); 2] = [("amount", "2000"), ("currency", "usd")];
const DAY: i64 = 24 * 60 * 60;

fn pay(local: &mut Local, source: &str) -> String {
    id(&local.make("/v1/charges", &[&MONEY[..], &[("source", source)]].concat()))
}

fn wait(local: &mut Local, secs: i64) {
    local.now = local.now.checked_add(SignedDuration::from_secs(secs)).unwrap();
}

/// The disputes of a charge, newest first.
fn disputes(local: &mut Local, charge: &str) -> Vec<Value> {
    let page = local.get("/v1/disputes", &[("charge", charge)]).1;
    page["data"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
}

#[track_caller]
fn dispute(local: &mut Local, charge: &str) -> Value {
    let [dispute] = &disputes(local, charge)[..] else { panic!("one dispute of {charge}") };
    dispute.clone()
}

/// The types of all events about an object, oldest first.
fn events_of(local: &mut Local, object: &str) -> Vec<String> {
    let page = local.get("/v1/events", &[("limit", "100")]).1;
    let events = page["data"].as_array().unwrap().iter().rev();
    let of_object = events.filter(|event| event["data"]["object"]["id"] == object);
    of_object.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

/// The sum of all that charges, refunds and disputes did to the balance, without fees.
fn balance(local: &mut Local) -> i64 {
    let page = local.get("/v1/balance_transactions", &[("limit", "100")]).1;
    page["data"].as_array().unwrap().iter().map(|transaction| transaction["amount"].as_i64().unwrap()).sum()
}

fn answer(local: &mut Local, dispute: &str, evidence: &str) -> Value {
    local.make(&format!("/v1/disputes/{dispute}"), &[("evidence[uncategorized_text]", evidence)])
}

#[test]
fn a_dispute_takes_the_money_and_the_winning_evidence_brings_it_back_but_for_the_fee() {
    let mut local = Local::new();
    let charge = pay(&mut local, "tok_createDispute");
    let opened = dispute(&mut local, &charge);
    let dispute_id = id(&opened);
    assert_eq!((&opened["status"], &opened["amount"]), (&json!("needs_response"), &json!(2000)));
    let [withdrawal] = &opened["balance_transactions"].as_array().unwrap()[..] else { panic!("{opened}") };
    assert_eq!(withdrawal["id"], opened["balance_transaction"]);
    let told = ["type", "reporting_category", "amount", "fee", "net", "source"].map(|name| withdrawal[name].clone());
    assert_eq!(json!(told), json!(["adjustment", "dispute", -2000, 1500, -3500, dispute_id]));
    assert_eq!(withdrawal["description"], format!("Chargeback withdrawal for {charge}"));
    assert_eq!(balance(&mut local), 0);
    let path = format!("/v1/balance_transactions/{}", withdrawal["id"].as_str().unwrap());
    assert_eq!(&local.get(&path, &[]).1, withdrawal);
    assert_eq!(local.get(&path, &[("expand[]", "source")]).1["source"]["object"], "dispute");
    let charge_path = format!("/v1/charges/{charge}");
    let shown = local.get(&charge_path, &[("expand[]", "dispute")]).1;
    assert_eq!(shown["dispute"]["id"], dispute_id.as_str());
    let of_type = local.get("/v1/balance_transactions", &[("type", "adjustment"), ("source", &dispute_id)]).1;
    assert_eq!(of_type["data"].as_array().unwrap().len(), 1);

    let answered = answer(&mut local, &dispute_id, "winning_evidence");
    assert_eq!(answered["status"], "under_review");
    let details = &answered["evidence_details"];
    assert_eq!((&details["has_evidence"], &details["submission_count"]), (&json!(true), &json!(1)));
    wait(&mut local, 4);
    assert_eq!(dispute(&mut local, &charge)["status"], "under_review");
    wait(&mut local, 1);
    let won = dispute(&mut local, &charge);
    assert_eq!((&won["status"], &won["is_charge_refundable"]), (&json!("won"), &json!(true)));
    let moved: Vec<&Value> =
        won["balance_transactions"].as_array().unwrap().iter().map(|moved| &moved["net"]).collect();
    assert_eq!(moved, [&json!(-3500), &json!(2000)]);
    assert_eq!(won["balance_transactions"][1]["description"], format!("Chargeback reversal for {charge}"));
    assert_eq!(balance(&mut local), 2000);
    let expected = ["created", "funds_withdrawn", "updated", "funds_reinstated", "closed"];
    let expected: Vec<String> = expected.iter().map(|name| format!("charge.dispute.{name}")).collect();
    assert_eq!(events_of(&mut local, &dispute_id), expected);
    let closed = local.get("/v1/events", &[("type", "charge.dispute.closed")]).1["data"][0].clone();
    assert_eq!(closed["request"], json!({ "id": null, "idempotency_key": null }), "no call did it");
    assert_eq!(closed["created"], local.now.as_second());
    // The money is there again, and may be given back.
    assert_eq!(local.make("/v1/refunds", &[("charge", &charge)])["status"], "succeeded");
    assert_eq!(balance(&mut local), 0);
    let (status, refused) = local.post(&format!("/v1/disputes/{dispute_id}/close"), &[]);
    assert_eq!((status, &refused["error"]["message"]), (400, &json!("This dispute is already closed")));
}

#[test]
fn a_dispute_is_lost_by_evidence_by_its_owner_and_by_silence() {
    type Act = fn(&mut Local, &str);
    let acts: [(&str, Act, i64); 4] = [
        ("losing evidence", |local, dispute| drop(answer(local, dispute, "losing_evidence")), 5),
        ("closed", |local, dispute| drop(local.make(&format!("/v1/disputes/{dispute}/close"), &[])), 0),
        ("silence", |_, _| {}, 9 * DAY),
        (
            "staged evidence",
            |local, dispute| {
                let staged = [("evidence[uncategorized_text]", "winning_evidence"), ("submit", "false")];
                let staged = local.make(&format!("/v1/disputes/{dispute}"), &staged);
                assert_eq!(
                    (&staged["status"], &staged["evidence_details"]["submission_count"]),
                    (&json!("needs_response"), &json!(0))
                );
            },
            9 * DAY,
        ),
    ];
    for (how, act, secs) in acts {
        let mut local = Local::new();
        let charge = pay(&mut local, "tok_createDisputeProductNotReceived");
        let opened = dispute(&mut local, &charge);
        assert_eq!(opened["reason"], "product_not_received");
        act(&mut local, &id(&opened));
        wait(&mut local, secs);
        assert_eq!(dispute(&mut local, &charge)["status"], "lost", "{how}");
        assert_eq!(balance(&mut local), 0, "{how}");
        assert_eq!(events_of(&mut local, &id(&opened)).last().unwrap(), "charge.dispute.closed", "{how}");
        let (status, refused) = local.post("/v1/refunds", &[("charge", &charge)]);
        assert_eq!((status, &refused["error"]["code"]), (400, &json!("charge_disputed")), "{how}");
        let (status, refused) = local.post(&format!("/v1/disputes/{}", id(&opened)), &[("metadata[a]", "b")]);
        assert_eq!((status, &refused["error"]["message"]), (400, &json!("This dispute is already closed")), "{how}");
    }
}

#[test]
fn a_dispute_can_be_answered_until_its_last_second_and_other_evidence_decides_nothing() {
    let mut local = Local::new();
    let charge = pay(&mut local, "tok_createDispute");
    let opened = dispute(&mut local, &charge);
    let due_by = opened["evidence_details"]["due_by"].as_i64().unwrap();
    local.now = Timestamp::from_second(due_by).unwrap();
    let sent = [
        ("evidence[uncategorized_text]", "We sent it"),
        ("evidence[customer_name]", "Jenny Rosen"),
        ("metadata[case]", "7"),
    ];
    let answered = local.make(&format!("/v1/disputes/{}", id(&opened)), &sent);
    assert_eq!((&answered["status"], &answered["metadata"]["case"]), (&json!("under_review"), &json!("7")));
    assert_eq!(answered["evidence"]["customer_name"], "Jenny Rosen");
    wait(&mut local, 100 * DAY);
    assert_eq!(dispute(&mut local, &charge)["status"], "under_review");
    answer(&mut local, &id(&opened), "winning_evidence");
    wait(&mut local, 5);
    assert_eq!(dispute(&mut local, &charge)["status"], "won");
}

#[test]
fn an_inquiry_takes_no_money_until_it_is_escalated() {
    let mut local = Local::new();
    let charge = pay(&mut local, "tok_createDisputeInquiry");
    let opened = dispute(&mut local, &charge);
    assert_eq!((&opened["status"], &opened["balance_transactions"]), (&json!("warning_needs_response"), &json!([])));
    assert_eq!(balance(&mut local), 2000);
    assert_eq!(answer(&mut local, &id(&opened), "escalate_inquiry_evidence")["status"], "warning_under_review");
    wait(&mut local, 5);
    let escalated = dispute(&mut local, &charge);
    assert_eq!((&escalated["status"], &escalated["is_charge_refundable"]), (&json!("needs_response"), &json!(false)));
    assert_eq!(escalated["payment_method_details"]["card"]["network_reason_code"], "10.4");
    assert_eq!(balance(&mut local), 0);
    assert_eq!(events_of(&mut local, &id(&opened))[2..], ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]);
    wait(&mut local, 9 * DAY);
    assert_eq!(dispute(&mut local, &charge)["status"], "lost");

    for (evidence, secs) in [(Some("losing_evidence"), 5), (Some("winning_evidence"), 5), (None, 120 * DAY)] {
        let charge = pay(&mut local, "tok_createDisputeInquiry");
        let before = balance(&mut local);
        if let Some(evidence) = evidence {
            let opened = id(&dispute(&mut local, &charge));
            answer(&mut local, &opened, evidence);
        }
        wait(&mut local, secs);
        assert_eq!(dispute(&mut local, &charge)["status"], "warning_closed", "{evidence:?}");
        assert_eq!(balance(&mut local), before, "{evidence:?}");
    }
    // What was given back as a whole is not taken once more.
    let charge = pay(&mut local, "tok_createDisputeInquiry");
    local.make("/v1/refunds", &[("charge", &charge)]);
    let opened = id(&dispute(&mut local, &charge));
    answer(&mut local, &opened, "escalate_inquiry_evidence");
    wait(&mut local, 5);
    assert_eq!(dispute(&mut local, &charge)["status"], "warning_closed");
}

#[test]
fn of_an_inquiry_that_was_refunded_in_part_the_rest_is_disputed() {
    let mut local = Local::new();
    let charge = pay(&mut local, "tok_createDisputeInquiry");
    local.make("/v1/refunds", &[("charge", &charge), ("amount", "500")]);
    let opened = id(&dispute(&mut local, &charge));
    answer(&mut local, &opened, "escalate_inquiry_evidence");
    wait(&mut local, 5);
    let escalated = dispute(&mut local, &charge);
    assert_eq!((&escalated["amount"], &escalated["balance_transactions"][0]["net"]), (&json!(1500), &json!(-3000)));
    assert_eq!(balance(&mut local), 0);
    answer(&mut local, &opened, "winning_evidence");
    wait(&mut local, 5);
    assert_eq!(balance(&mut local), 1500);
    assert_eq!(local.make("/v1/refunds", &[("charge", &charge)])["amount"], 1500);
    assert_eq!(balance(&mut local), 0);
}

#[test]
fn the_bank_decides_by_what_was_submitted_not_by_what_is_staged() {
    for (submitted, staged, status) in [
        ("winning_evidence", "losing_evidence", "won"),
        ("losing_evidence", "winning_evidence", "lost"),
        ("We sent it", "winning_evidence", "under_review"),
    ] {
        let mut local = Local::new();
        let charge = pay(&mut local, "tok_createDispute");
        let path = format!("/v1/disputes/{}", id(&dispute(&mut local, &charge)));
        local.make(&path, &[("evidence[uncategorized_text]", submitted)]);
        let shown = local.make(&path, &[("evidence[uncategorized_text]", staged), ("submit", "false")]);
        assert_eq!(shown["evidence"]["uncategorized_text"], staged);
        wait(&mut local, 5);
        assert_eq!(dispute(&mut local, &charge)["status"], status, "{submitted}, then {staged}");
    }
    // What was staged is submitted by a call that says so.
    let mut local = Local::new();
    let charge = pay(&mut local, "tok_createDispute");
    let path = format!("/v1/disputes/{}", id(&dispute(&mut local, &charge)));
    local.make(&path, &[("evidence[uncategorized_text]", "winning_evidence"), ("submit", "false")]);
    local.make(&path, &[("submit", "true")]);
    wait(&mut local, 5);
    assert_eq!(dispute(&mut local, &charge)["status"], "won");
}

#[test]
fn several_disputes_share_a_payment_and_an_account_in_no_program_is_disputed_plainly() {
    let mut local = Local::new();
    let sent = [("amount", "2001"), ("currency", "usd"), ("source", "tok_createMultipleDisputes")];
    let charge = id(&local.make("/v1/charges", &sent));
    let both = disputes(&mut local, &charge);
    let amounts: Vec<i64> = both.iter().map(|dispute| dispute["amount"].as_i64().unwrap()).collect();
    assert_eq!(amounts, [1000, 1001]);
    assert_eq!(balance(&mut local), 0);
    for dispute in &both {
        answer(&mut local, &id(dispute), "winning_evidence");
    }
    wait(&mut local, 5);
    assert_eq!(balance(&mut local), 2001);
    for alias in ["tok_createRapidDisputeResolutionDispute", "tok_createCe3BlockDispute", "tok_createEthocaAlert"] {
        let charge = pay(&mut local, alias);
        let opened = dispute(&mut local, &charge);
        assert_eq!((&opened["status"], &opened["reason"]), (&json!("needs_response"), &json!("fraudulent")), "{alias}");
    }
    let charge = pay(&mut local, "tok_createCe3EligibleDispute");
    assert_eq!(dispute(&mut local, &charge)["enhanced_eligibility_types"], json!(["visa_compelling_evidence_3"]));
    let charge = pay(&mut local, "tok_createComplianceDispute");
    assert_eq!(dispute(&mut local, &charge)["reason"], "noncompliant");
    let (status, page) = local.get("/v1/disputes", &[("limit", "2"), ("expand[]", "data.charge")]);
    assert_eq!((status, &page["has_more"], &page["data"][0]["charge"]["id"]), (200, &json!(true), &json!(charge)));
}

#[test]
fn a_payment_intent_is_disputed_as_its_charge() {
    let mut local = Local::new();
    let sent = [("payment_method", "pm_card_createDispute"), ("confirm", "true"), ("payment_method_types[]", "card")];
    let intent = id(&local.make("/v1/payment_intents", &[&MONEY[..], &sent].concat()));
    let page = local.get("/v1/disputes", &[("payment_intent", &intent), ("expand[]", "data.payment_intent")]).1;
    assert_eq!(page["data"][0]["payment_intent"]["id"], intent.as_str());
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    for intent in ["pi_none", &id(&local.make("/v1/payment_intents", &MONEY))] {
        let (status, page) = local.get("/v1/disputes", &[("payment_intent", intent)]);
        assert_eq!((status, &page["data"]), (200, &json!([])), "{intent}");
    }
    let other = pay(&mut local, "tok_createDispute");
    let page = local.get("/v1/disputes", &[("payment_intent", &intent), ("charge", &other)]).1;
    assert_eq!(page["data"], json!([]), "no dispute is of both");
    let (status, missing) = local.get("/v1/disputes/du_none", &[]);
    assert_eq!((status, &missing["error"]["param"]), (404, &json!("dispute")));
    assert_eq!(missing["error"]["message"], "No such dispute: 'du_none'");
}

#[test]
fn too_much_evidence_and_what_is_not_played_are_refused() {
    let mut local = Local::new();
    let charge = pay(&mut local, "tok_createDispute");
    let path = format!("/v1/disputes/{}", id(&dispute(&mut local, &charge)));
    let long = "x".repeat(20_000);
    let names = ["access_activity_log", "billing_address", "cancellation_rebuttal", "customer_name"];
    let more = ["product_description", "refund_policy_disclosure", "refund_refusal_explanation", "uncategorized_text"];
    let named: Vec<String> = names.iter().chain(&more).map(|name| format!("evidence[{name}]")).collect();
    let sent: Vec<(&str, &str)> = named.iter().map(|name| (name.as_str(), long.as_str())).collect();
    let (status, refused) = local.post(&path, &sent);
    assert_eq!((status, &refused["error"]["param"]), (400, &json!("evidence")), "160,000 characters: {refused}");
    let enhanced = "evidence[enhanced_evidence][visa_compliance][fee_acknowledged]";
    let (status, refused) = local.post(&path, &[(enhanced, "true")]);
    assert_eq!((status, &refused["error"]["param"]), (400, &json!("evidence[enhanced_evidence]")), "{refused}");
    assert_eq!(dispute(&mut local, &charge)["status"], "needs_response", "what is refused changes nothing");
}

#[test]
fn a_refund_settles_or_fails_later() {
    let mut local = Local::new();
    let charge = pay(&mut local, "tok_pendingRefund");
    let refund = local.make("/v1/refunds", &[("charge", &charge), ("amount", "500")]);
    assert_eq!(refund["status"], "pending");
    let path = format!("/v1/refunds/{}", id(&refund));
    wait(&mut local, 4);
    assert_eq!(local.get(&path, &[]).1["status"], "pending");
    wait(&mut local, 1);
    assert_eq!(local.get(&path, &[]).1["status"], "succeeded");
    assert_eq!(events_of(&mut local, &id(&refund)), ["refund.created", "refund.updated", "charge.refund.updated"]);
    let updated = local.get("/v1/events", &[("type", "refund.updated")]).1["data"][0].clone();
    assert_eq!(updated["data"]["previous_attributes"], json!({ "status": "pending" }));

    let charge = pay(&mut local, "tok_refundFail");
    let before = balance(&mut local);
    let refund = local.make("/v1/refunds", &[("charge", &charge)]);
    assert_eq!(refund["status"], "succeeded");
    assert_eq!(balance(&mut local), before - 2000);
    wait(&mut local, 5);
    let path = format!("/v1/refunds/{}", id(&refund));
    let failed = local.get(&path, &[("expand[]", "failure_balance_transaction")]).1;
    assert_eq!((&failed["status"], &failed["failure_reason"]), (&json!("failed"), &json!("expired_or_canceled_card")));
    let back = &failed["failure_balance_transaction"];
    assert_eq!((&back["type"], &back["amount"]), (&json!("refund_failure"), &json!(2000)));
    assert_eq!(balance(&mut local), before);
    let kept = local.get(&format!("/v1/charges/{charge}"), &[]).1;
    assert_eq!((&kept["amount_refunded"], &kept["refunded"]), (&json!(0), &json!(false)));
    let expected = ["refund.created", "refund.failed", "refund.updated", "charge.refund.updated"];
    assert_eq!(events_of(&mut local, &id(&refund)), expected);
    assert_eq!(local.make("/v1/refunds", &[("charge", &charge)])["amount"], 2000, "there is something to refund again");
}

#[test]
fn a_bank_warns_of_fraud_until_the_payment_is_given_back() {
    let mut local = Local::new();
    let charge = pay(&mut local, "tok_createIssuerFraudRecord");
    let page = local.get("/v1/radar/early_fraud_warnings", &[("charge", &charge)]).1;
    let warning = page["data"][0].clone();
    let told = ["object", "actionable", "charge", "fraud_type"].map(|name| warning[name].clone());
    assert_eq!(json!(told), json!(["radar.early_fraud_warning", true, charge, "made_with_stolen_card"]));
    assert!(id(&warning).starts_with("issfr_1"), "{warning}");
    assert_eq!(disputes(&mut local, &charge), Vec::<Value>::new());
    let path = format!("/v1/radar/early_fraud_warnings/{}", id(&warning));
    assert_eq!(local.get(&path, &[("expand[]", "charge")]).1["charge"]["id"], charge.as_str());
    local.make("/v1/refunds", &[("charge", &charge), ("amount", "1")]);
    assert_eq!(local.get(&path, &[]).1["actionable"], true);
    local.make("/v1/refunds", &[("charge", &charge)]);
    assert_eq!(local.get(&path, &[]).1["actionable"], false);
    let expected = ["radar.early_fraud_warning.created", "radar.early_fraud_warning.updated"];
    assert_eq!(events_of(&mut local, &id(&warning)), expected);
    assert_eq!(local.get("/v1/radar/early_fraud_warnings/issfr_none", &[]).0, 404);
}

#[test]
fn what_is_held_is_given_back_after_seven_days() {
    let mut local = Local::new();
    let held = [("payment_method", "pm_card_visa"), ("confirm", "true"), ("capture_method", "manual")];
    let intent = local.make("/v1/payment_intents", &[&MONEY[..], &held].concat());
    let charge =
        id(&local.make("/v1/charges", &[&MONEY[..], &[("source", "tok_visa"), ("capture", "false")]].concat()));
    wait(&mut local, 7 * DAY);
    let path = format!("/v1/payment_intents/{}", id(&intent));
    assert_eq!(local.get(&path, &[]).1["status"], "requires_capture", "in its last second");
    wait(&mut local, 1);
    let canceled = local.get(&path, &[]).1;
    assert_eq!((&canceled["status"], &canceled["cancellation_reason"]), (&json!("canceled"), &json!("automatic")));
    assert_eq!((&canceled["amount_capturable"], &canceled["canceled_at"]), (&json!(0), &json!(local.now.as_second())));
    assert_eq!(events_of(&mut local, &id(&intent)).last().unwrap(), "payment_intent.canceled");
    let expired = local.get(&format!("/v1/charges/{charge}"), &[]).1;
    assert_eq!((&expired["refunded"], &expired["captured"]), (&json!(true), &json!(false)));
    assert_eq!(events_of(&mut local, &charge), ["charge.succeeded", "charge.expired"]);
    let of_intent = canceled["latest_charge"].as_str().unwrap();
    assert_eq!(events_of(&mut local, of_intent), ["charge.succeeded", "charge.expired"], "as of a charge alone");
    assert_eq!(balance(&mut local), 0);

    // What was captured or canceled in time is left alone.
    let captured = id(&local.make("/v1/payment_intents", &[&MONEY[..], &held].concat()));
    local.make(&format!("/v1/payment_intents/{captured}/capture"), &[]);
    wait(&mut local, 8 * DAY);
    assert_eq!(local.get(&format!("/v1/payment_intents/{captured}"), &[]).1["status"], "succeeded");
}

#[test]
fn a_seed_fixes_what_follows_too() {
    let life = || {
        let mut local = Local::new();
        let charge = pay(&mut local, "tok_createDispute");
        let opened = id(&dispute(&mut local, &charge));
        answer(&mut local, &opened, "winning_evidence");
        wait(&mut local, 30);
        local.get("/v1/events", &[("limit", "100")]).1
    };
    assert_eq!(life(), life());
}

/// In folders from before that, nothing was to follow a hold.
#[test]
fn what_is_held_since_before_holds_expired_is_given_back_after_an_upgrade() {
    let mut local = Local::new();
    let made = local.now.as_second() - moment(0).as_second();
    let held = [("payment_method", "pm_card_visa"), ("confirm", "true"), ("capture_method", "manual")];
    let intent = local.make("/v1/payment_intents", &[&MONEY[..], &held].concat());
    let charge =
        id(&local.make("/v1/charges", &[&MONEY[..], &[("source", "tok_visa"), ("capture", "false")]].concat()));
    let captured = pay(&mut local, "tok_visa");
    let of_intent = intent["latest_charge"].as_str().unwrap();
    let home = TempDir::new().unwrap();
    older_history(home.path(), "now");
    let older = Connection::open(home.path().join(FILE_NAME)).unwrap();
    let kept = [&*charge, &captured, of_intent].map(|id| (ObjectKind::Charge, id));
    for (kind, id) in kept.into_iter().chain([(ObjectKind::PaymentIntent, intent["id"].as_str().unwrap())]) {
        let object = local.ledger.get(None, kind, id).unwrap().unwrap();
        let sql = "INSERT INTO objects (kind, id, created, body, state) VALUES (?1, ?2, ?3, ?4, ?5)";
        let (body, state) = (object.body.to_string(), object.state.to_string());
        older.execute(sql, (kind.as_str(), id, object.created, body, state)).unwrap();
    }
    drop(older);
    let kept = Kept::of(open(home.path()));
    let path = format!("/v1/payment_intents/{}", id(&intent));
    assert_eq!(kept.get(made + 7 * DAY, &path)["status"], "requires_capture", "in its last second");
    let canceled = kept.get(made + 7 * DAY + 1, &path);
    assert_eq!((&canceled["status"], &canceled["cancellation_reason"]), (&json!("canceled"), &json!("automatic")));
    let shown = |id: &str| kept.get(made + 7 * DAY + 1, &format!("/v1/charges/{id}"))["refunded"].clone();
    assert_eq!([&charge, of_intent, &captured].map(shown), [json!(true), json!(true), json!(false)]);
    let event = kept.only(made + 7 * DAY + 1, "/v1/events", ("type", "payment_intent.canceled"));
    assert_eq!(event["created"], moment(made + 7 * DAY + 1).as_second());
    assert_eq!(effects_left(home.path()), 0);
}

fn effects_left(home: &Path) -> i64 {
    count(home, "objects WHERE kind = 'later_effect'")
}

/// The minter of a history, called at moments of its own.
struct Kept {
    store: Store,
    backend: Backend,
    runtime: Runtime,
}

impl Kept {
    fn of(store: Store) -> Self {
        let backend = BackendTargets::new(store.clone(), None).local(AccountPolicies::default());
        Self { store, backend, runtime: tokio::runtime::Builder::new_current_thread().build().unwrap() }
    }

    #[track_caller]
    fn send(&self, method: HttpMethod, secs: i64, path: &str, params: &[(&str, &str)]) -> Value {
        let params = params.iter().copied().collect();
        let request = ApiRequest { method, path: path.to_owned(), params, headers: Vec::new() };
        let recorded = self.runtime.block_on(self.backend.send(&request, moment(secs))).unwrap();
        let (status, body) = parts(&recorded.exchange.outcome.unwrap());
        assert_eq!(status, 200, "{body}");
        body
    }

    fn make(&self, secs: i64, path: &str, params: &[(&str, &str)]) -> Value {
        self.send(HttpMethod::Post, secs, path, params)
    }

    fn get(&self, secs: i64, path: &str) -> Value {
        self.send(HttpMethod::Get, secs, path, &[])
    }

    /// The only element of a list.
    #[track_caller]
    fn only(&self, secs: i64, path: &str, filter: (&str, &str)) -> Value {
        let page = self.send(HttpMethod::Get, secs, path, &[filter]);
        let [only] = &page["data"].as_array().unwrap()[..] else { panic!("{page}") };
        only.clone()
    }

    /// A refund that is pending; its path.
    fn pending_refund(&self) -> String {
        let charge = self.make(0, "/v1/charges", &[&MONEY[..], &[("source", "tok_pendingRefund")]].concat());
        let refund = self.make(0, "/v1/refunds", &[("charge", &id(&charge))]);
        assert_eq!(refund["status"], "pending");
        format!("/v1/refunds/{}", id(&refund))
    }

    fn updates(&self, secs: i64) -> usize {
        let page = self.send(HttpMethod::Get, secs, "/v1/events", &[("type", "refund.updated")]);
        page["data"].as_array().unwrap().len()
    }
}

#[test]
fn what_is_due_outlasts_the_process_and_happens_once() {
    let home = TempDir::new().unwrap();
    let first = Kept::of(open(home.path()));
    let path = first.pending_refund();
    drop(first);
    let (one, other) = (Kept::of(open(home.path())), Kept::of(open(home.path())));
    assert_eq!(other.get(1, &path)["status"], "pending");
    assert_eq!(one.get(5, &path)["status"], "succeeded");
    assert_eq!(other.get(6, &path)["status"], "succeeded");
    assert_eq!((one.updates(7), other.updates(8)), (1, 1));
}

#[test]
fn whoever_watches_the_clock_carries_out_what_is_due_without_a_call() {
    let home = TempDir::new().unwrap();
    let kept = Kept::of(open(home.path()));
    let path = kept.pending_refund();
    let outbox = kept.store.outbox().unwrap();
    assert_eq!(outbox.next_effect(None).unwrap(), Some(moment(5)));
    let calls = count(home.path(), "exchanges");
    for secs in [4, 5, 5] {
        kept.store.carry_out_due(moment(secs)).wait().unwrap();
    }
    assert_eq!(outbox.next_effect(None).unwrap(), None);
    assert_eq!(count(home.path(), "exchanges"), calls, "no call is written down for it");
    // Before the machine's clock reaches it: it has happened already.
    assert_eq!((kept.get(1, &path)["status"].as_str(), kept.updates(1)), (Some("succeeded"), 1));
}

#[test]
fn a_clock_that_is_set_carries_out_what_it_passes() {
    let kept = Kept::of(Store::open(&StoreLocation::Memory, moment(0)).unwrap());
    let path = kept.pending_refund();
    let later = ClockChange::By(SignedDuration::from_hours(1));
    kept.store.set_clock(None, later, moment(0)).wait().unwrap();
    let event = kept.only(0, "/v1/events", ("type", "refund.updated"));
    assert_eq!(event["created"], moment(5).as_second(), "at its own time, not when it was carried out");
    assert_eq!(kept.get(0, &path)["status"], "succeeded");
    // By a clock that is an hour ahead, the machine's passes it sooner.
    let charge = kept.make(0, "/v1/charges", &[&MONEY[..], &[("source", "tok_createDispute")]].concat());
    let due = kept.only(0, "/v1/disputes", ("charge", &id(&charge)))["evidence_details"]["due_by"].clone();
    let machine = Timestamp::from_second(due.as_i64().unwrap() + 1 - 3600).unwrap();
    assert_eq!(kept.store.outbox().unwrap().next_effect(None).unwrap(), Some(machine));
}

#[test]
fn one_effect_that_fails_is_given_up_and_hinders_nothing() {
    let home = TempDir::new().unwrap();
    let kept = Kept::of(open(home.path()));
    let (damaged, whole) = (kept.pending_refund(), kept.pending_refund());
    let charge = id(&kept.make(0, "/v1/charges", &[&MONEY[..], &[("source", "tok_refundFail")]].concat()));
    let failing = format!("/v1/refunds/{}", id(&kept.make(0, "/v1/refunds", &[("charge", &charge)])));
    // A refund that cannot be read, and a charge of a shape that no handler expects: the refund is changed before it.
    let other = Connection::open(home.path().join(FILE_NAME)).unwrap();
    for (object, body) in [(damaged.rsplit('/').next().unwrap(), "{"), (&charge, "[]")] {
        assert_eq!(
            other.execute("UPDATE objects SET body = ?2, packed = NULL WHERE id = ?1", (object, body)).unwrap(),
            1
        );
    }
    assert_eq!(kept.get(5, &whole)["status"], "succeeded");
    assert_eq!(kept.get(6, &failing)["status"], "succeeded", "what failed changed nothing");
    let page = kept.send(HttpMethod::Get, 6, "/v1/events", &[("type", "refund.failed")]);
    assert_eq!((&page["data"], kept.updates(6)), (&json!([]), 1));
    assert_eq!(effects_left(home.path()), 0, "it is not tried again");
}

#[test]
fn an_effect_that_cannot_be_read_fails_no_call_and_wakes_nobody() {
    let home = TempDir::new().unwrap();
    let kept = Kept::of(open(home.path()));
    let path = kept.pending_refund();
    let other = Connection::open(home.path().join(FILE_NAME)).unwrap();
    let damage = "INSERT INTO objects (kind, id, created, body, state) \
                  VALUES ('later_effect', 'due_0000001_settle_refund_re_1', 1, CAST(x'ff' AS TEXT), 'null')";
    other.execute(damage, []).unwrap();
    assert_eq!(kept.get(5, &path)["status"], "pending", "nobody knows what would be first");
    kept.make(5, "/v1/customers", &[]);
    kept.store.carry_out_due(moment(5)).wait().unwrap();
    kept.store.set_clock(None, ClockChange::By(SignedDuration::from_hours(1)), moment(5)).wait().unwrap();
    assert_eq!(kept.store.outbox().unwrap().next_effect(None).unwrap(), None);
    other.execute("DELETE FROM objects WHERE id = 'due_0000001_settle_refund_re_1'", []).unwrap();
    assert_eq!(kept.get(5, &path)["status"], "succeeded");
}

#[test]
fn however_much_is_due_no_transaction_is_long_and_whoever_asks_gets_it_all() {
    const MANY: u32 = 1000;
    let home = TempDir::new().unwrap();
    let kept = Kept::of(open(home.path()));
    let path = kept.pending_refund();
    let other = Connection::open(home.path().join(FILE_NAME)).unwrap();
    let fill = || {
        let insert = "INSERT INTO objects (kind, id, created, body, state) VALUES ('later_effect', ?1, 1, ?2, 'null')";
        other.execute_batch("BEGIN").unwrap();
        for nth in 0..MANY {
            let body = json!({ "kind": "settle_refund", "object": format!("re_{nth}") }).to_string();
            other.execute(insert, (format!("due_0000001_settle_refund_re_{nth}"), body)).unwrap();
        }
        other.execute_batch("COMMIT").unwrap();
    };
    fill();
    let before = kept.store.commits();
    assert_eq!(kept.get(5, &path)["status"], "succeeded", "it was due behind all of them");
    let of_call = kept.store.commits() - before;
    assert_eq!(effects_left(home.path()), 0);
    fill();
    let before = kept.store.commits();
    let later = ClockChange::By(SignedDuration::from_hours(1));
    let shown = kept.store.set_clock(None, later, moment(0)).wait().unwrap();
    let of_clock = kept.store.commits() - before;
    assert_eq!(shown, moment(3600), "it is set once, however many transactions that takes");
    assert_eq!(kept.store.set_clock(None, ClockChange::None, moment(0)).wait().unwrap(), moment(3600));
    assert_eq!(effects_left(home.path()), 0);
    fill();
    let before = kept.store.commits();
    while !kept.store.carry_out_due(moment(5)).wait().unwrap() {}
    for commits in [of_call, of_clock, kept.store.commits() - before] {
        assert_eq!(commits, 4, "{MANY} of them, 256 at once");
    }
    assert_eq!(effects_left(home.path()), 0);
}

#[test]
fn two_answers_in_one_second_are_decided_once_by_the_last_on_the_disk_as_in_memory() {
    let answers = ["winning_evidence", "losing_evidence"];
    let mut local = Local::new();
    let charge = pay(&mut local, "tok_createDispute");
    let opened = id(&dispute(&mut local, &charge));
    for words in answers {
        answer(&mut local, &opened, words);
    }
    wait(&mut local, 5);
    assert_eq!(dispute(&mut local, &charge)["status"], "lost");
    let in_memory = events_of(&mut local, &opened);

    let kept = Kept::of(Store::open(&StoreLocation::Memory, moment(0)).unwrap());
    let charge = id(&kept.make(0, "/v1/charges", &[&MONEY[..], &[("source", "tok_createDispute")]].concat()));
    let path = format!("/v1/disputes/{}", id(&kept.only(0, "/v1/disputes", ("charge", &charge))));
    for words in answers {
        kept.make(0, &path, &[("evidence[uncategorized_text]", words)]);
    }
    let events = kept.send(HttpMethod::Get, 5, "/v1/events", &[("limit", "100")]);
    let types = events["data"].as_array().unwrap().iter().rev().map(|event| event["type"].as_str().unwrap());
    let on_disk: Vec<String> = types.filter(|event| event.starts_with("charge.dispute.")).map(str::to_owned).collect();
    assert_eq!((kept.get(5, &path)["status"].as_str(), on_disk), (Some("lost"), in_memory));
}

#[test]
fn what_happens_once_more_after_the_clock_was_turned_back_has_ids_of_its_own() {
    let kept = Kept::of(Store::open(&StoreLocation::Memory, moment(0)).unwrap());
    let source = ("source", "tok_createDisputeInquiry");
    let charge = id(&kept.make(0, "/v1/charges", &[&MONEY[..], &[source]].concat()));
    let path = format!("/v1/disputes/{}", id(&kept.only(0, "/v1/disputes", ("charge", &charge))));
    for (words, status) in [("escalate_inquiry_evidence", "needs_response"), ("winning_evidence", "won")] {
        kept.make(0, &path, &[("evidence[uncategorized_text]", words)]);
        // The bank decides twice in the same second of the world's clock.
        assert_eq!(kept.get(5, &path)["status"], status);
    }
}

#[test]
fn a_reset_drops_what_was_to_follow() {
    let home = TempDir::new().unwrap();
    let kept = Kept::of(open(home.path()));
    kept.pending_refund();
    assert_eq!(kept.store.reset().wait().unwrap(), 2, "a charge and a refund: what was to follow is no object");
    assert_eq!(kept.store.outbox().unwrap().next_effect(None).unwrap(), None);
    assert_eq!(kept.updates(9), 0);
    assert_eq!(count(home.path(), "objects"), 0);
}

#[test]
fn what_is_due_is_saved_of_a_damaged_history_and_is_in_a_copy() {
    let (home, new) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let kept = Kept::of(open(home.path()));
    let path = kept.pending_refund();
    drop(kept);
    let target = new.path().join("saved");
    salvage(home.path(), &target, moment(0)).unwrap();
    let copied = Kept::of(Store::open_copy(home.path(), moment(0)).unwrap());
    for kept in [Kept::of(open(&target)), copied] {
        assert_eq!(kept.get(4, &path)["status"], "pending");
        assert_eq!((kept.get(5, &path)["status"].as_str(), kept.updates(5)), (Some("succeeded"), 1));
    }
}

#[test]
fn a_connected_account_has_what_follows_for_itself() {
    let mut local = Local::new();
    local.headers = vec![("Stripe-Account".to_owned(), "acct_1032D82eZvKYlo2C".to_owned())];
    let charge = pay(&mut local, "tok_pendingRefund");
    let refund = id(&local.make("/v1/refunds", &[("charge", &charge)]));
    local.headers.clear();
    wait(&mut local, 5);
    // A call for the account itself carries it out.
    assert_eq!(local.get("/v1/events", &[]).1["data"], json!([]));
    local.headers = vec![("Stripe-Account".to_owned(), "acct_1032D82eZvKYlo2C".to_owned())];
    assert_eq!(local.get(&format!("/v1/refunds/{refund}"), &[]).1["status"], "succeeded");
    let event = local.get("/v1/events", &[("type", "refund.updated")]).1["data"][0].clone();
    assert_eq!(&id(&event)[10..20], "2eZvKYlo2C", "ids have the characters of the account");
}
