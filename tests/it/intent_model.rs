//! Random calls at payment intents, against a simple model of what may happen to the money.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::local::{Local, id};

/// A call at one of a few intents.
#[derive(Clone, Debug)]
enum Step {
    Create { amount: i64, is_held: bool, card: usize },
    Confirm { nth: usize, card: usize },
    Authenticate { nth: usize, is_complete: bool },
    Capture { nth: usize, amount: Option<i64> },
    Cancel { nth: usize },
    Update { nth: usize, amount: i64 },
    Refund { nth: usize, amount: Option<i64> },
}

const CARDS: [&str; 4] =
    ["pm_card_visa", "pm_card_chargeDeclined", "pm_card_threeDSecure2Required", "pm_card_mastercard"];

fn step() -> impl Strategy<Value = Step> {
    let (nth, card, amount) = (0..4_usize, 0..CARDS.len(), 50..5000_i64);
    prop_oneof![
        (amount.clone(), any::<bool>(), card.clone()).prop_map(|(amount, is_held, card)| Step::Create {
            amount,
            is_held,
            card
        }),
        (nth.clone(), card).prop_map(|(nth, card)| Step::Confirm { nth, card }),
        (nth.clone(), any::<bool>()).prop_map(|(nth, is_complete)| Step::Authenticate { nth, is_complete }),
        (nth.clone(), proptest::option::of(amount.clone())).prop_map(|(nth, amount)| Step::Capture { nth, amount }),
        nth.clone().prop_map(|nth| Step::Cancel { nth }),
        (nth.clone(), amount.clone()).prop_map(|(nth, amount)| Step::Update { nth, amount }),
        (nth, proptest::option::of(amount)).prop_map(|(nth, amount)| Step::Refund { nth, amount }),
    ]
}

/// What the model knows of an intent.
#[derive(Clone, Debug)]
struct Known {
    id: String,
    amount: i64,
    is_held: bool,
    status: String,
    captured: i64,
    refunded: i64,
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// Takes a step, and gives the intent that it was about with what the model expects of it.
fn take(local: &mut Local, known: &mut Vec<Known>, step: &Step) {
    let text = |amount: i64| amount.to_string();
    if let Step::Create { amount, is_held, card } = step {
        let amount = text(*amount);
        let capture = if *is_held { "manual" } else { "automatic" };
        let sent = [
            ("amount", amount.as_str()),
            ("currency", "usd"),
            ("capture_method", capture),
            ("payment_method", CARDS[*card]),
        ];
        let intent = local.make("/v1/payment_intents", &sent);
        assert_eq!(intent["status"], "requires_confirmation");
        let (amount, is_held) = (number(&intent["amount"]), *is_held);
        known.push(Known {
            id: id(&intent),
            amount,
            is_held,
            status: "requires_confirmation".to_owned(),
            captured: 0,
            refunded: 0,
        });
        return;
    }
    let (Step::Confirm { nth, .. }
    | Step::Authenticate { nth, .. }
    | Step::Capture { nth, .. }
    | Step::Cancel { nth }
    | Step::Update { nth, .. }
    | Step::Refund { nth, .. }) = step
    else {
        return;
    };
    let Some(model) = known.get_mut(*nth) else { return };
    let path = format!("/v1/payment_intents/{}", model.id);
    let is_open = ["requires_payment_method", "requires_confirmation", "requires_action"].contains(&&*model.status);
    let paid = if model.is_held { "requires_capture" } else { "succeeded" };
    match step {
        Step::Create { .. } => {}
        Step::Confirm { card, .. } => {
            let (status, _) = local.post(&format!("{path}/confirm"), &[("payment_method", CARDS[*card])]);
            assert_eq!(
                status,
                if !is_open {
                    400
                } else if *card == 1 {
                    402
                } else {
                    200
                },
                "{model:?}"
            );
            if is_open {
                [paid, "requires_payment_method", "requires_action", paid][*card].clone_into(&mut model.status);
            }
        }
        Step::Authenticate { is_complete, .. } => {
            let result = if *is_complete { "complete" } else { "fail" };
            let (status, _) = local.post("/_testcard/authenticate", &[("intent", &model.id), ("result", result)]);
            let waits = model.status == "requires_action";
            assert_eq!(status, if waits { 200 } else { 400 }, "{model:?}");
            if waits {
                if *is_complete { paid } else { "requires_payment_method" }.clone_into(&mut model.status);
            }
        }
        Step::Capture { amount, .. } => {
            let sent = amount.map(text);
            let sent: Vec<(&str, &str)> = sent.iter().map(|amount| ("amount_to_capture", amount.as_str())).collect();
            let (status, _) = local.post(&format!("{path}/capture"), &sent);
            let is_possible = model.status == "requires_capture" && amount.is_none_or(|amount| amount <= model.amount);
            assert_eq!(status, if is_possible { 200 } else { 400 }, "{model:?} {step:?}");
            if is_possible {
                model.captured = amount.unwrap_or(model.amount);
                "succeeded".clone_into(&mut model.status);
            }
        }
        Step::Cancel { .. } => {
            let (status, _) = local.post(&format!("{path}/cancel"), &[]);
            let is_possible = is_open || model.status == "requires_capture";
            assert_eq!(status, if is_possible { 200 } else { 400 }, "{model:?}");
            if is_possible {
                "canceled".clone_into(&mut model.status);
            }
        }
        Step::Update { amount, .. } => {
            let (status, body) = local.post(&path, &[("amount", &text(*amount))]);
            assert_eq!(status, if is_open { 200 } else { 400 }, "{model:?}");
            if is_open {
                model.amount = *amount;
                body["status"].as_str().unwrap().clone_into(&mut model.status);
                assert!(model.status != "requires_action", "a payer is asked anew: {body}");
            }
        }
        Step::Refund { amount, .. } => {
            let sent = amount.map(text);
            let mut params = vec![("payment_intent", model.id.as_str())];
            params.extend(sent.iter().map(|amount| ("amount", amount.as_str())));
            let (status, body) = local.post("/v1/refunds", &params);
            let left = model.captured - model.refunded;
            let is_possible = left > 0 && amount.is_none_or(|amount| amount <= left);
            assert_eq!(status, if is_possible { 200 } else { 400 }, "{model:?} {step:?} {body}");
            if is_possible {
                model.refunded += amount.unwrap_or(left);
            }
        }
    }
    if model.status == "succeeded" && model.captured == 0 {
        model.captured = model.amount;
    }
}

/// What the objects say of an intent is what the model says.
fn check(local: &mut Local, model: &Known) {
    let path = format!("/v1/payment_intents/{}", model.id);
    let (_, intent) = local.get(&path, &[("expand[]", "latest_charge")]);
    assert_eq!((&intent["status"], &intent["amount"]), (&json!(model.status), &json!(model.amount)), "{model:?}");
    let received = if model.status == "succeeded" { model.captured } else { 0 };
    let capturable = if model.status == "requires_capture" { model.amount } else { 0 };
    assert_eq!(
        (number(&intent["amount_received"]), number(&intent["amount_capturable"])),
        (received, capturable),
        "{model:?}"
    );
    let (_, charges) = local.get("/v1/charges", &[("payment_intent", &model.id), ("limit", "100")]);
    let charges = charges["data"].as_array().unwrap();
    let succeeded: Vec<&Value> = charges.iter().filter(|charge| charge["status"] == "succeeded").collect();
    let was_paid = ["succeeded", "requires_capture"].contains(&&*model.status);
    assert!(succeeded.len() <= 1 && (!was_paid || succeeded.len() == 1), "{model:?}: {charges:?}");
    for charge in succeeded {
        assert_eq!(number(&charge["amount"]), model.amount, "{model:?}");
        assert_eq!(number(&charge["amount_captured"]), model.captured, "{model:?}");
        let (_, refunds) = local.get("/v1/refunds", &[("charge", &id(charge)), ("limit", "100")]);
        let sum: i64 = refunds["data"].as_array().unwrap().iter().map(|refund| number(&refund["amount"])).sum();
        assert_eq!(number(&charge["amount_refunded"]), sum, "{model:?}");
        let uncaptured = if charge["captured"] == true { model.amount - model.captured } else { sum };
        assert_eq!(sum - uncaptured, model.refunded, "captured − refunded: {model:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_intent_is_paid_twice_and_the_sums_hold(steps in proptest::collection::vec(step(), 1..40)) {
        let mut local = Local::new();
        let mut known = Vec::new();
        for step in &steps {
            take(&mut local, &mut known, step);
        }
        for model in &known {
            check(&mut local, model);
        }
    }
}
