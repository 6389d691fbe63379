//! How much of an intent's amount is authorized: a part of it where the intent asks for that, and more of it later. The
//! amounts of the first tests are those of Stripe's pages on partial and incremental authorization.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::local::{Local, id};

const PARTIAL: (&str, &str) = ("payment_method_options[card][request_partial_authorization]", "if_available");
const NO_PARTIAL: (&str, &str) = (PARTIAL.0, "never");
const INCREMENTAL: (&str, &str) = ("payment_method_options[card][request_incremental_authorization]", "if_available");
const HELD: (&str, &str) = ("capture_method", "manual");

const AUTHORIZES_PART: &str = "pm_card_debit_partialAuthorization";
const ADDS_PART: &str = "pm_card_debit_partialIncrement";

fn pay<'a>(amount: &'a str, method: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let whole = [
        ("amount", amount),
        ("currency", "usd"),
        ("payment_method_types[]", "card"),
        ("payment_method", method),
        ("confirm", "true"),
        ("expand[]", "latest_charge"),
    ];
    [&whole[..], more].concat()
}

/// What Stripe's page shows of an intent: its amounts; its charge's amount, what of it was authorized and requested, and how
/// that ended.
fn shown(intent: &Value) -> Value {
    let charge = &intent["latest_charge"];
    let card = &charge["payment_method_details"]["card"];
    json!([
        [intent["amount"], intent["amount_capturable"], intent["amount_received"], intent["status"]],
        [charge["amount"], charge["amount_captured"], charge["captured"]],
        [card["amount_authorized"], card["amount_requested"], card["partial_authorization"]["status"]],
    ])
}

fn increment_path(intent: &Value) -> String {
    format!("/v1/payment_intents/{}/increment_authorization", id(intent))
}

#[track_caller]
fn declined((status, body): (u16, Value), decline_code: &str) -> Value {
    assert_eq!((status, &body["error"]["code"]), (402, &json!("card_declined")), "{body}");
    assert_eq!(body["error"]["decline_code"], decline_code, "{body}");
    body["error"].clone()
}

#[test]
fn a_part_is_authorized_where_it_is_asked_for_and_captured_now_or_later() {
    let mut local = Local::new();
    let held = local.make("/v1/payment_intents", &pay("10000", AUTHORIZES_PART, &[PARTIAL, HELD]));
    let expected =
        json!([[7000, 7000, 0, "requires_capture"], [7000, 0, false], [7000, 10000, "partially_authorized"],]);
    assert_eq!(shown(&held), expected, "{held}");
    assert_eq!(held["payment_method_options"]["card"]["request_partial_authorization"], "if_available");
    let overcapture = &held["latest_charge"]["payment_method_details"]["card"]["overcapture"];
    assert_eq!(overcapture["maximum_amount_capturable"], 7000);
    let path = format!("/v1/payment_intents/{}/capture", id(&held));
    assert_eq!(local.post(&path, &[("amount_to_capture", "7001")]).0, 400);
    let captured = local.make(&path, &[("expand[]", "latest_charge")]);
    let expected = json!([[7000, 0, 7000, "succeeded"], [7000, 7000, true], [7000, 10000, "partially_authorized"]]);
    assert_eq!(shown(&captured), expected, "{captured}");
    let paid = local.make("/v1/payment_intents", &pay("10000", AUTHORIZES_PART, &[PARTIAL]));
    assert_eq!(shown(&paid), expected, "{paid}");
    assert_eq!(local.get("/v1/balance_transactions", &[("type", "charge")]).1["data"][0]["amount"], 7000);
    let refund = local.make("/v1/refunds", &[("payment_intent", &id(&paid))]);
    assert_eq!(refund["amount"], 7000);
    let odd = local.make("/v1/payment_intents", &pay("999", AUTHORIZES_PART, &[PARTIAL]));
    assert_eq!(odd["amount"], 699, "rounded down");
}

#[test]
fn a_part_can_be_asked_for_by_an_update_and_by_the_confirmation() {
    let mut local = Local::new();
    let sent = [
        ("amount", "10000"),
        ("currency", "usd"),
        ("payment_method", AUTHORIZES_PART),
        ("payment_method_types[]", "card"),
    ];
    for (by_update, by_confirmation, expected) in [
        (Some(PARTIAL), None, Some(7000)),
        (None, Some(PARTIAL), Some(7000)),
        (Some(NO_PARTIAL), Some(PARTIAL), Some(7000)),
        (Some(PARTIAL), Some(NO_PARTIAL), None),
        (None, None, None),
    ] {
        let path = format!("/v1/payment_intents/{}", id(&local.make("/v1/payment_intents", &sent)));
        if let Some(option) = by_update {
            let option_shown = &local.make(&path, &[option])["payment_method_options"]["card"];
            assert_eq!(option_shown["request_partial_authorization"], option.1);
        }
        let answer = local.post(&format!("{path}/confirm"), by_confirmation.as_slice());
        match expected {
            Some(amount) => assert_eq!((answer.0, &answer.1["amount_received"]), (200, &json!(amount))),
            None => {
                declined(answer, "insufficient_funds");
            }
        }
    }
}

#[test]
fn without_asking_and_below_the_smallest_charge_the_whole_amount_is_declined() {
    let mut local = Local::new();
    for (amount, more, expected) in [
        ("10000", &[][..], json!([10000, null, null])),
        ("10000", &[NO_PARTIAL], json!([10000, null, null])),
        ("10000", &[NO_PARTIAL, INCREMENTAL], json!([10000, 10000, "not_requested"])),
        ("71", &[PARTIAL], json!([71, 71, "declined"])),
    ] {
        let error =
            declined(local.post("/v1/payment_intents", &pay(amount, AUTHORIZES_PART, more)), "insufficient_funds");
        let intent = &error["payment_intent"];
        assert_eq!(json!([intent["amount"], intent["status"]]), json!([expected[0], "requires_payment_method"]));
        let charge = local.get(&format!("/v1/charges/{}", error["charge"].as_str().unwrap()), &[]).1;
        let card = &charge["payment_method_details"]["card"];
        assert_eq!(
            json!([charge["amount"], card["amount_requested"], card["partial_authorization"]["status"]]),
            expected,
            "{amount} {more:?}"
        );
        assert_eq!(card["amount_authorized"], Value::Null);
    }
    assert_eq!(local.make("/v1/payment_intents", &pay("72", AUTHORIZES_PART, &[PARTIAL]))["amount"], 50);
}

#[test]
fn what_was_asked_for_is_shown_of_every_card_and_nothing_where_nothing_was() {
    let mut local = Local::new();
    for (method, more, partial, incremental) in [
        ("pm_card_visa", &[PARTIAL, HELD][..], json!("fully_authorized"), "unavailable"),
        ("pm_card_visa", &[PARTIAL, INCREMENTAL, HELD], json!("fully_authorized"), "available"),
        ("pm_card_amex", &[INCREMENTAL, HELD], json!("not_requested"), "available"),
        ("pm_card_visa", &[INCREMENTAL], json!("not_requested"), "unavailable"),
        ("pm_card_discover", &[PARTIAL, INCREMENTAL, HELD], json!("fully_authorized"), "unavailable"),
        ("pm_card_jcb", &[PARTIAL, INCREMENTAL, HELD], json!("not_requested"), "unavailable"),
        ("pm_card_visa", &[HELD], Value::Null, "unavailable"),
    ] {
        let intent = local.make("/v1/payment_intents", &pay("10000", method, more));
        let card = &intent["latest_charge"]["payment_method_details"]["card"];
        assert_eq!(
            (&card["partial_authorization"]["status"], &card["incremental_authorization"]["status"]),
            (&partial, &json!(incremental)),
            "{method} {more:?}"
        );
        let requested = if partial.is_null() { Value::Null } else { json!(10000) };
        assert_eq!((&card["amount_requested"], &card["amount_authorized"]), (&requested, &json!(10000)));
        assert_eq!(card.get("partial_authorization").is_some(), !partial.is_null());
    }
}

#[test]
fn an_increment_adds_a_part_where_that_is_enough_and_all_of_it_is_captured() {
    let mut local = Local::new();
    let held = local.make("/v1/payment_intents", &pay("10000", ADDS_PART, &[INCREMENTAL, HELD]));
    let expected = json!([[10000, 10000, 0, "requires_capture"], [10000, 0, false], [10000, 10000, "not_requested"],]);
    assert_eq!(shown(&held), expected, "{held}");
    let path = increment_path(&held);
    let sent = [("amount", "15000"), PARTIAL, ("expand[]", "latest_charge"), ("metadata[nights]", "2")];
    let raised = local.make(&path, &sent);
    let expected =
        json!([[13500, 13500, 0, "requires_capture"], [13500, 0, false], [13500, 15000, "partially_authorized"],]);
    assert_eq!(shown(&raised), expected, "{raised}");
    assert_eq!(raised["metadata"], json!({ "nights": "2" }));
    let events = local.get("/v1/events", &[("limit", "2")]).1;
    let told: Vec<&Value> = events["data"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(told, ["payment_intent.amount_capturable_updated", "charge.updated"]);
    assert_eq!(events["data"][0]["data"]["object"]["amount_capturable"], 13500);
    assert_eq!(events["data"][1]["data"]["previous_attributes"]["amount"], 10000);
    // The option stays as it was said last.
    let again = local.make(&path, &[("amount", "14500"), ("expand[]", "latest_charge")]);
    assert_eq!(shown(&again)[2], json!([14200, 14500, "partially_authorized"]));
    declined(local.post(&path, &[("amount", "15000"), NO_PARTIAL]), "insufficient_funds");
    let captured = local.make(&path.replace("increment_authorization", "capture"), &[("expand[]", "latest_charge")]);
    assert_eq!(shown(&captured)[0], json!([14200, 0, 14200, "succeeded"]));
    assert_eq!(captured["latest_charge"]["amount_refunded"], 0);
    assert_eq!(local.get("/v1/balance_transactions", &[("type", "charge")]).1["data"][0]["amount"], 14200);
}

#[test]
fn a_declined_increment_changes_nothing_but_counts() {
    let mut local = Local::new();
    let held = local.make("/v1/payment_intents", &pay("10000", ADDS_PART, &[INCREMENTAL, HELD]));
    let (path, intent) = (increment_path(&held), format!("/v1/payment_intents/{}", id(&held)));
    let before = local.get(&intent, &[("expand[]", "latest_charge")]).1;
    let events = local.get("/v1/events", &[]).1;
    for _ in 0..10 {
        let sent = [
            ("amount", "15000"),
            ("metadata[nights]", "2"),
            ("description", "a room"),
            ("statement_descriptor", "Rooms"),
        ];
        let error = declined(local.post(&path, &sent), "insufficient_funds");
        assert_eq!(error["payment_intent"]["amount_capturable"], 10000);
    }
    assert_eq!(local.get(&intent, &[("expand[]", "latest_charge")]).1, before);
    assert_eq!(local.get("/v1/events", &[]).1, events);
    let (status, body) = local.post(&path, &[("amount", "15000"), PARTIAL]);
    assert_eq!((status, &body["error"]["code"]), (400, &json!("payment_intent_unexpected_state")), "{body}");
    assert!(body["error"]["message"].as_str().unwrap().contains("10 times"), "{body}");
    let other = pay("10000", "pm_card_credit_disableEnterpriseCardFeatures", &[INCREMENTAL, HELD, PARTIAL]);
    let other = increment_path(&local.make("/v1/payment_intents", &other));
    declined(local.post(&other, &[("amount", "15000")]), "generic_decline");
    let part = increment_path(
        &local.make("/v1/payment_intents", &pay("10000", AUTHORIZES_PART, &[INCREMENTAL, HELD, PARTIAL])),
    );
    declined(local.post(&part, &[("amount", "10000")]), "insufficient_funds");
}

#[test]
fn what_cannot_be_incremented_is_refused() {
    let mut local = Local::new();
    let held = local.make("/v1/payment_intents", &pay("10000", "pm_card_visa", &[INCREMENTAL, HELD]));
    let path = increment_path(&held);
    for (sent, code, param) in [
        (&[][..], json!("parameter_missing"), json!("amount")),
        (&[("amount", "10000")], json!("amount_too_small"), json!("amount")),
        (&[("amount", "60001")], json!("amount_too_large"), json!("amount")),
        (&[("amount", "100000000")], json!("amount_too_large"), json!("amount")),
        (&[("amount", "15000"), (PARTIAL.0, "always")], Value::Null, json!(PARTIAL.0)),
        (&[("amount", "15000"), INCREMENTAL], json!("parameter_unknown"), json!(INCREMENTAL.0)),
        (&[("amount", "15000"), ("application_fee_amount", "5")], Value::Null, json!("application_fee_amount")),
    ] {
        let (status, body) = local.post(&path, sent);
        assert_eq!((status, &body["error"]["param"]), (400, &param), "{sent:?}: {body}");
        assert_eq!(body["error"].get("code").unwrap_or(&Value::Null), &code, "{sent:?}: {body}");
    }
    let raised =
        local.make(&path, &[("amount", "60000"), ("statement_descriptor", "Rooms"), ("expand[]", "latest_charge")]);
    assert_eq!(raised["latest_charge"]["calculated_statement_descriptor"], "Stripe* Rooms");
    assert_eq!(raised["latest_charge"]["payment_method_details"]["card"]["amount_requested"], 60000);
    let plain = local.make("/v1/payment_intents", &pay("10000", "pm_card_visa", &[HELD, PARTIAL]));
    let (status, body) = local.post(&increment_path(&plain), &[("amount", "15000")]);
    assert_eq!((status, body["error"].get("code")), (400, None), "{body}");
    for amount in ["captured", "canceled"] {
        let held = local.make("/v1/payment_intents", &pay("10000", "pm_card_visa", &[INCREMENTAL, HELD]));
        let step = if amount == "captured" { "capture" } else { "cancel" };
        local.make(&format!("/v1/payment_intents/{}/{step}", id(&held)), &[]);
        let (status, body) = local.post(&increment_path(&held), &[("amount", "15000")]);
        assert_eq!((status, &body["error"]["code"]), (400, &json!("payment_intent_unexpected_state")), "{body}");
    }
    assert_eq!(local.post("/v1/payment_intents/pi_nope/increment_authorization", &[("amount", "15000")]).0, 404);
}

#[test]
fn a_raised_amount_is_given_back_when_its_time_is_over_which_it_does_not_prolong() {
    let mut local = Local::new();
    let held = local.make("/v1/payment_intents", &pay("10000", "pm_card_visa", &[INCREMENTAL, HELD]));
    local.now += SignedDuration::from_hours(6 * 24);
    let raised = local.make(&increment_path(&held), &[("amount", "15000"), ("expand[]", "latest_charge")]);
    let last = |intent: &Value| intent["latest_charge"]["payment_method_details"]["card"]["capture_before"].clone();
    assert!(last(&raised).is_i64() && last(&raised) == last(&held));
    local.now += SignedDuration::from_hours(25);
    let over = local.get(&format!("/v1/payment_intents/{}", id(&held)), &[("expand[]", "latest_charge")]).1;
    assert_eq!(json!([over["status"], over["amount_capturable"]]), json!(["canceled", 0]));
    assert_eq!(
        json!([over["latest_charge"]["amount_refunded"], over["latest_charge"]["refunded"]]),
        json!([15000, true])
    );
}

#[test]
fn a_wrong_word_and_what_goes_beyond_is_refused_by_name() {
    let mut local = Local::new();
    for option in [PARTIAL.0, INCREMENTAL.0] {
        let (status, body) = local.post("/v1/payment_intents", &pay("10000", "pm_card_visa", &[(option, "yes")]));
        assert_eq!((status, &body["error"]["param"]), (400, &json!(option)), "{body}");
    }
    for feature in ["overcapture", "multicapture", "extended_authorization"] {
        let option = format!("payment_method_options[card][request_{feature}]");
        let (status, body) =
            local.post("/v1/payment_intents", &pay("10000", "pm_card_visa", &[(&option, "if_available")]));
        assert_eq!((status, &body["error"]["param"]), (400, &json!(option)), "{body}");
    }
}
