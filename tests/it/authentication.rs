//! 3-D Secure: which payments wait for their payer, and what comes of them when the payer is done at the bank's page.

use serde_json::{Value, json};
use testcard::minter::{Ledger as _, ObjectKind};

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

/// A payment that its caller confirms in steps, whose payer authenticated it: its path.
fn authenticated(local: &mut Local) -> String {
    let intent = waiting(local, "pm_card_threeDSecure2Required", &[("confirmation_method", "manual")]);
    let ready = local.make(PATH, &[("intent", &id(&intent)), ("result", "complete")]);
    assert_eq!(ready["status"], "requires_confirmation");
    format!("/v1/payment_intents/{}", id(&intent))
}

#[test]
fn an_authentication_is_of_one_payment() {
    let mut local = Local::new();
    let other = ("payment_method", "pm_card_authenticationRequired");
    // What was authenticated is changed.
    for changed in [("amount", "99999"), ("currency", "eur"), other] {
        let path = authenticated(&mut local);
        local.make(&path, &[changed]);
        assert_eq!(local.make(&format!("{path}/confirm"), &[])["status"], "requires_action", "{changed:?}");
    }
    let path = authenticated(&mut local);
    local.make(&path, &[("payment_method", "pm_card_visa")]);
    let paid = local.make(&format!("{path}/confirm"), &[("expand[]", "latest_charge")]);
    assert_eq!(paid["status"], "succeeded");
    assert_eq!(paid["latest_charge"]["payment_method_details"]["card"]["three_d_secure"], Value::Null);
    // Another card is confirmed meanwhile, and waits or fails; then the first one again.
    let path = authenticated(&mut local);
    let first = local.get(&path, &[]).1["payment_method"].as_str().unwrap().to_owned();
    let confirm = format!("{path}/confirm");
    assert_eq!(local.make(&confirm, &[other])["status"], "requires_action");
    assert_eq!(local.make(&confirm, &[])["status"], "requires_action");
    local.make(&path, &[("payment_method", &first)]);
    assert_eq!(local.make(&confirm, &[])["status"], "requires_action");
    let path = authenticated(&mut local);
    let confirm = format!("{path}/confirm");
    assert_eq!(local.post(&confirm, &[("payment_method", "pm_card_chargeDeclined")]).0, 402);
    local.make(&path, &[other]);
    assert_eq!(local.make(&confirm, &[])["status"], "requires_action");
}

#[test]
fn a_payment_method_that_may_no_longer_be_used_fails_when_its_payer_is_done() {
    let card = "pm_card_threeDSecure2Required";
    let complete =
        |local: &mut Local, intent: &Value| local.make(PATH, &[("intent", &id(intent)), ("result", "complete")]);
    let failed = |intent: &Value, message: &str| {
        let error = intent.get("last_payment_error").or(intent.get("last_setup_error")).unwrap();
        assert_eq!(intent["status"], "requires_payment_method", "{intent}");
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
        assert_eq!(intent.get("latest_charge").unwrap_or(&Value::Null), &Value::Null);
    };
    // Detached, or its customer deleted, while the payer was at the bank.
    for is_setup in [false, true] {
        for is_deleted in [false, true] {
            let mut local = Local::new();
            let customer = id(&local.make("/v1/customers", &[]));
            let method = local.make(&format!("/v1/payment_methods/{card}/attach"), &[("customer", &customer)]);
            let (method, more) = (id(&method), [("customer", customer.as_str())]);
            let intent = if is_setup {
                let sent = [("payment_method", method.as_str()), more[0], MONEY[2], ("confirm", "true")];
                local.make("/v1/setup_intents", &sent)
            } else {
                waiting(&mut local, &method, &more)
            };
            assert_eq!(intent["status"], "requires_action", "{intent}");
            if is_deleted {
                local.delete(&format!("/v1/customers/{customer}"));
            } else {
                local.make(&format!("/v1/payment_methods/{method}/detach"), &[]);
            }
            let done = complete(&mut local, &intent);
            failed(&done, if is_deleted { "No such customer" } else { "may not be used again" });
            assert_eq!(local.get(&format!("/v1/payment_methods/{method}"), &[]).1["customer"], Value::Null);
            assert_eq!(local.get("/v1/charges", &[]).1["data"], json!([]));
        }
    }
    // A new one, to be kept for a customer that is deleted.
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let intent = waiting(&mut local, card, &[("customer", &customer), ("setup_future_usage", "off_session")]);
    local.delete(&format!("/v1/customers/{customer}"));
    let done = complete(&mut local, &intent);
    failed(&done, "No such customer");
    // One that pays once, for two intents.
    let method = id(&local.get(&format!("/v1/payment_methods/{card}"), &[]).1);
    let [first, second] = [(); 2].map(|()| waiting(&mut local, &method, &[]));
    assert_eq!(complete(&mut local, &first)["status"], "succeeded");
    let done = complete(&mut local, &second);
    failed(&done, "may not be used again");
    assert_eq!(local.get("/v1/charges", &[]).1["data"].as_array().unwrap().len(), 1);
}

#[test]
fn an_intent_whose_card_is_gone_waits_no_longer() {
    for result in ["complete", "fail", "cancel"] {
        let mut local = Local::new();
        let customer = local.make("/v1/customers", &[("source", "tok_threeDSecure2Required")]);
        let (customer, card) = (id(&customer), customer["default_source"].as_str().unwrap().to_owned());
        let payment = waiting(&mut local, &card, &[("customer", &customer)]);
        let sent = [("payment_method", card.as_str()), ("customer", &customer), MONEY[2], ("confirm", "true")];
        let setup = local.make("/v1/setup_intents", &sent);
        assert_eq!(setup["status"], "requires_action");
        local.delete(&format!("/v1/customers/{customer}/sources/{card}"));
        for (intent, error) in [(payment, "last_payment_error"), (setup, "last_setup_error")] {
            let told = [("intent", &*id(&intent)), ("result", result)];
            let done = local.make(PATH, &told);
            assert_eq!(done["status"], "requires_payment_method", "{result}: {done}");
            assert!(done["next_action"].is_null() && done[error]["message"].is_string(), "{done}");
            assert_eq!(local.post(PATH, &told).0, 400, "it waits for no payer");
        }
    }
}

#[test]
fn a_customers_card_can_be_set_up_too() {
    let mut local = Local::new();
    let customer = local.make("/v1/customers", &[("source", "tok_threeDSecure2Required")]);
    let (customer, card) = (id(&customer), customer["default_source"].as_str().unwrap().to_owned());
    let off_session = [("customer", customer.as_str()), ("off_session", "true")];
    let kept =
        |local: &mut Local| local.ledger.get(None, ObjectKind::Card, &card).unwrap().unwrap().state["set_up"].clone();
    assert_eq!(kept(&mut local), Value::Null);
    assert_eq!(local.post("/v1/payment_intents", &pay(&card, &off_session)).0, 402);
    let sent = [("payment_method", card.as_str()), ("customer", &customer), MONEY[2], ("confirm", "true")];
    let setup = local.make("/v1/setup_intents", &sent);
    assert_eq!(local.make(PATH, &[("intent", &id(&setup)), ("result", "complete")])["status"], "succeeded");
    assert_eq!(kept(&mut local), true);
}
