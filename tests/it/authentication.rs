//! 3-D Secure: which payments wait for their payer, and what comes of them when the payer is done at the bank's page.

use serde_json::{Value, json};

use crate::support::local::{Local, id};

const MONEY: [(&str, &str); 3] = [("amount", "2000"), ("currency", "usd"), ("payment_method_types[]", "card")];
const PATH: &str = "/_testcard/authenticate";

fn pay<'a>(method: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&MONEY[..], &[("payment_method", method), ("confirm", "true")], more].concat()
}

#[track_caller]
fn waiting(local: &mut Local, method: &str, more: &[(&str, &str)]) -> Value {
    let intent = local.make("/v1/payment_intents", &pay(method, more));
    assert_eq!(intent["status"], "requires_action", "{intent}");
    intent
}

#[test]
fn a_payer_completes_fails_or_cancels() {
    let mut local = Local::new();
    let intent = waiting(&mut local, "pm_card_threeDSecure2Required", &[]);
    assert_eq!((&intent["next_action"]["type"], &intent["latest_charge"]), (&json!("use_stripe_sdk"), &Value::Null));
    let paid = local.make(PATH, &[("intent", &id(&intent)), ("result", "complete")]);
    assert_eq!(
        (&paid["status"], &paid["next_action"], &paid["amount_received"]),
        (&json!("succeeded"), &Value::Null, &json!(2000))
    );
    let charge = local.get(&format!("/v1/charges/{}", paid["latest_charge"].as_str().unwrap()), &[]).1;
    let shown = &charge["payment_method_details"]["card"]["three_d_secure"];
    assert_eq!((&shown["result"], &shown["authentication_flow"]), (&json!("authenticated"), &json!("challenge")));
    let (status, body) = local.post(PATH, &[("intent", &id(&intent)), ("result", "complete")]);
    assert_eq!((status, &body["error"]["code"]), (400, &json!("payment_intent_unexpected_state")));
    for result in ["fail", "cancel"] {
        let intent = waiting(&mut local, "pm_card_threeDSecure2Required", &[]);
        let failed = local.make(PATH, &[("intent", &id(&intent)), ("result", result)]);
        assert_eq!((&failed["status"], &failed["payment_method"]), (&json!("requires_payment_method"), &Value::Null));
        let error = &failed["last_payment_error"];
        assert_eq!(
            (&error["code"], &error["type"]),
            (&json!("payment_intent_authentication_failure"), &json!("invalid_request_error"))
        );
        assert_eq!(error["payment_method"]["id"], intent["payment_method"]);
        let again =
            local.make(&format!("/v1/payment_intents/{}/confirm", id(&intent)), &[("payment_method", "pm_card_visa")]);
        assert_eq!(again["status"], "succeeded");
    }
    for (intent, result, param) in [("pi_nope", "complete", "intent"), (&*id(&intent), "perhaps", "result")] {
        let (_, body) = local.post(PATH, &[("intent", intent), ("result", result)]);
        assert_eq!(body["error"]["param"], param);
    }
}

#[test]
fn a_payer_is_led_to_the_bank_and_back_where_there_is_a_way_back() {
    let mut local = Local::new();
    let back = ("return_url", "https://example.com/done");
    let led = waiting(&mut local, "pm_card_threeDSecure2Required", &[back]);
    let action = &led["next_action"];
    assert_eq!(
        (&action["type"], &action["redirect_to_url"]["return_url"]),
        (&json!("redirect_to_url"), &json!(back.1))
    );
    assert!(action["redirect_to_url"]["url"].as_str().unwrap().starts_with("https://"), "{action}");
    let by_sdk = waiting(&mut local, "pm_card_threeDSecure2Required", &[back, ("use_stripe_sdk", "true")]);
    assert_eq!(by_sdk["next_action"]["type"], "use_stripe_sdk");
    assert_eq!(by_sdk["next_action"]["use_stripe_sdk"]["type"], "stripe_3ds2_fingerprint");
}

#[test]
fn without_the_payer_a_card_that_asks_is_declined_unless_it_was_set_up() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let card = "pm_card_authenticationRequiredOnSetup";
    let (status, body) = local.post("/v1/payment_intents", &pay(card, &[("off_session", "true")]));
    let error = &body["error"];
    assert_eq!((status, &error["code"]), (402, &json!("authentication_required")), "{body}");
    let charge = local.get(&format!("/v1/charges/{}", error["charge"].as_str().unwrap()), &[]).1;
    assert_eq!((&charge["status"], &charge["failure_code"]), (&json!("failed"), &error["code"]));
    assert_eq!(error["message"], "Your card was declined. This transaction requires authentication.");
    let setup =
        [("payment_method", card), ("customer", &customer), ("payment_method_types[]", "card"), ("confirm", "true")];
    let setup = local.make("/v1/setup_intents", &setup);
    assert_eq!(
        (&setup["status"], &setup["next_action"]["type"]),
        (&json!("requires_action"), &json!("use_stripe_sdk"))
    );
    let done = local.make(PATH, &[("intent", &id(&setup)), ("result", "complete")]);
    assert_eq!(done["status"], "succeeded");
    let method = done["payment_method"].as_str().unwrap();
    let paid = local.make("/v1/payment_intents", &pay(method, &[("customer", &customer), ("off_session", "true")]));
    assert_eq!(paid["status"], "succeeded");
    let on_session = waiting(&mut local, method, &[("customer", &customer)]);
    assert_eq!(on_session["payment_method"], method);
    let failing = local.make(
        "/v1/setup_intents",
        &[("payment_method", card), ("payment_method_types[]", "card"), ("confirm", "true")],
    );
    let failed = local.make(PATH, &[("intent", &id(&failing)), ("result", "fail")]);
    assert_eq!(
        (&failed["status"], &failed["last_setup_error"]["code"]),
        (&json!("requires_payment_method"), &json!("setup_intent_authentication_failure"))
    );
}

#[test]
fn a_call_asks_for_a_challenge_or_wants_none() {
    let mut local = Local::new();
    let any = ("payment_method_options[card][request_three_d_secure]", "any");
    assert_eq!(local.make("/v1/payment_intents", &pay("pm_card_threeDSecureOptional", &[]))["status"], "succeeded");
    waiting(&mut local, "pm_card_threeDSecureOptional", &[any]);
    assert_eq!(local.make("/v1/payment_intents", &pay("pm_card_visa", &[any]))["status"], "succeeded");
    let (status, body) = local.post("/v1/payment_intents", &pay("pm_card_threeDSecureOptionalProcessingError", &[any]));
    assert_eq!((status, &body["error"]["code"]), (402, &json!("processing_error")));
    let none = ("error_on_requires_action", "true");
    let (status, body) = local.post("/v1/payment_intents", &pay("pm_card_threeDSecure2Required", &[none]));
    assert_eq!((status, &body["error"]["decline_code"]), (402, &json!("authentication_required")));
}

#[test]
fn who_confirms_every_step_confirms_again_after_the_challenge() {
    let mut local = Local::new();
    let intent = waiting(&mut local, "pm_card_threeDSecure2Required", &[("confirmation_method", "manual")]);
    let ready = local.make(PATH, &[("intent", &id(&intent)), ("result", "complete")]);
    assert_eq!((&ready["status"], &ready["latest_charge"]), (&json!("requires_confirmation"), &Value::Null));
    let paid = local.make(&format!("/v1/payment_intents/{}/confirm", id(&intent)), &[]);
    assert_eq!(paid["status"], "succeeded");
}

#[test]
fn a_payment_may_be_declined_though_its_payer_was_there() {
    for (alias, code) in [
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_threeDSecureRequiredChargeDeclined", "generic_decline"),
    ] {
        let mut local = Local::new();
        let intent = waiting(&mut local, alias, &[]);
        let declined = local.make(PATH, &[("intent", &id(&intent)), ("result", "complete")]);
        let error = &declined["last_payment_error"];
        assert_eq!((&declined["status"], &error["decline_code"]), (&json!("requires_payment_method"), &json!(code)));
        let charge = local.get(&format!("/v1/charges/{}", error["charge"].as_str().unwrap()), &[]).1;
        assert_eq!(charge["status"], "failed");
    }
}
