//! Payment intents and setup intents: every status, what is refused in which, and the charge that comes of it.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Value, json};
use testcard::{
    domain::{
        call::api::{ApiRequest, HttpMethod},
        card::test_cards,
    },
    minter::{self, Ledger as _, ObjectKind, PreparedCall},
};

use crate::support::local::{Local, id, parts};

const MONEY: [(&str, &str); 3] = [("amount", "2000"), ("currency", "usd"), ("payment_method_types[]", "card")];

/// Parameters of an intent, with more behind them.
fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&MONEY[..], more].concat()
}

fn pay<'a>(method: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&with(&[("payment_method", method), ("confirm", "true")]), more].concat()
}

#[track_caller]
fn refused((status, body): (u16, Value), code: &str, message: &str) -> Value {
    assert_eq!((status, &body["error"]["code"]), (400, &json!(code)), "{body}");
    assert_eq!(body["error"]["message"], message);
    body["error"].clone()
}

#[test]
fn an_intent_goes_from_its_amount_to_its_charge() {
    let mut local = Local::new();
    let new = local.make("/v1/payment_intents", &with(&[("description", "shoes"), ("metadata[order]", "6")]));
    assert_eq!((&new["status"], &new["payment_method"]), (&json!("requires_payment_method"), &Value::Null));
    let secret = new["client_secret"].as_str().unwrap();
    assert!(secret.starts_with(&format!("{}_secret_", id(&new))), "{secret}");
    let path = format!("/v1/payment_intents/{}", id(&new));
    let token = local.token("4242424242424242");
    let data = [("payment_method_data[type]", "card"), ("payment_method_data[card][token]", token.as_str())];
    let ready = local.make(&path, &data);
    assert_eq!(ready["status"], "requires_confirmation");
    assert_eq!(local.get(&format!("/v1/tokens/{token}"), &[]).1["used"], true);
    let paid = local.make(&format!("{path}/confirm"), &[("expand[]", "latest_charge.balance_transaction")]);
    assert_eq!(
        (&paid["status"], &paid["amount_received"], &paid["next_action"]),
        (&json!("succeeded"), &json!(2000), &Value::Null)
    );
    let charge = &paid["latest_charge"];
    assert_eq!((&charge["payment_intent"], &charge["payment_method"]), (&paid["id"], &paid["payment_method"]));
    assert_eq!((&charge["description"], &charge["metadata"]), (&json!("shoes"), &json!({ "order": "6" })));
    assert_eq!((&charge["source"], &charge["captured"]), (&Value::Null, &json!(true)));
    assert_eq!(charge["payment_method_details"]["card"]["checks"]["cvc_check"], "pass");
    assert_eq!(charge["balance_transaction"]["net"], 2000 - 88);
    let refund = local.make("/v1/refunds", &[("payment_intent", &id(&new)), ("amount", "500")]);
    assert_eq!((&refund["payment_intent"], &refund["charge"]), (&paid["id"], &charge["id"]));
    let refunds = local.get("/v1/refunds", &[("payment_intent", &id(&new))]).1;
    assert_eq!(refunds["data"], json!([refund]));
    let charges = local.get("/v1/charges", &[("payment_intent", &id(&new))]).1;
    assert_eq!((charges["data"].as_array().unwrap().len(), &charges["data"][0]["id"]), (1, &charge["id"]));
    let transactions = local.get("/v1/balance_transactions", &[("type", "refund")]).1;
    assert_eq!(transactions["data"][0]["id"], refund["balance_transaction"]);
    let found = local.get(
        &format!("/v1/balance_transactions/{}", refund["balance_transaction"].as_str().unwrap()),
        &[("expand[]", "source")],
    );
    assert_eq!((found.0, &found.1["amount"], &found.1["source"]["id"]), (200, &json!(-500), &refund["id"]));
}

#[test]
fn what_is_held_is_captured_once_in_whole_or_in_part() {
    let mut local = Local::new();
    let held = local.make("/v1/payment_intents", &pay("pm_card_visa", &[("capture_method", "manual")]));
    assert_eq!(
        (&held["status"], &held["amount_capturable"], &held["amount_received"]),
        (&json!("requires_capture"), &json!(2000), &json!(0))
    );
    let path = format!("/v1/payment_intents/{}", id(&held));
    let charge = held["latest_charge"].as_str().unwrap().to_owned();
    let (status, body) = local.post(&format!("/v1/charges/{charge}/capture"), &[]);
    assert!(status == 400 && body["error"]["message"].as_str().unwrap().contains("PaymentIntent"), "{body}");
    let (status, body) = local.post("/v1/refunds", &[("charge", &charge)]);
    let message = format!("This PaymentIntent ({}) does not have a successful charge to refund.", id(&held));
    assert_eq!((status, &body["error"]["message"]), (400, &json!(message)));
    let (status, body) = local.post(&format!("{path}/capture"), &[("amount_to_capture", "2001")]);
    assert_eq!((status, &body["error"]["param"]), (400, &json!("amount_to_capture")));
    let captured = local.make(&format!("{path}/capture"), &[("amount_to_capture", "1500")]);
    assert_eq!(
        (&captured["status"], &captured["amount_received"], &captured["amount_capturable"]),
        (&json!("succeeded"), &json!(1500), &json!(0))
    );
    let charge = local.get(&format!("/v1/charges/{charge}"), &[]).1;
    assert_eq!((&charge["amount_captured"], &charge["amount_refunded"]), (&json!(1500), &json!(500)));
    let again = local.post(&format!("{path}/capture"), &[]);
    let message = "This PaymentIntent could not be captured because it has already been captured.";
    let error = refused(again, "payment_intent_unexpected_state", message);
    assert_eq!(error["payment_intent"]["id"], held["id"]);
}

#[test]
fn what_is_held_is_given_back_when_the_intent_is_cancelled() {
    let mut local = Local::new();
    let held = local.make("/v1/payment_intents", &pay("pm_card_visa", &[("capture_method", "manual")]));
    let path = format!("/v1/payment_intents/{}", id(&held));
    let done = local.make(&format!("{path}/cancel"), &[("cancellation_reason", "requested_by_customer")]);
    assert_eq!((&done["status"], &done["cancellation_reason"]), (&json!("canceled"), &json!("requested_by_customer")));
    assert!(done["canceled_at"].is_i64());
    let charge = local.get(&format!("/v1/charges/{}", held["latest_charge"].as_str().unwrap()), &[]).1;
    assert_eq!(
        (&charge["refunded"], &charge["captured"], &charge["balance_transaction"]),
        (&json!(true), &json!(false), &Value::Null)
    );
    let message = "You cannot cancel this PaymentIntent because it has a status of canceled. Only a PaymentIntent with one \
                   of the following statuses may be canceled: requires_payment_method, requires_capture, \
                   requires_confirmation, requires_action, processing.";
    refused(local.post(&format!("{path}/cancel"), &[]), "payment_intent_unexpected_state", message);
    let message = "This PaymentIntent could not be captured because it has a status of canceled. Only a PaymentIntent with \
                   one of the following statuses may be captured: requires_capture.";
    refused(local.post(&format!("{path}/capture"), &[]), "payment_intent_unexpected_state", message);
    assert_eq!(local.post(&path, &[("cancellation_reason", "x")]).0, 400);
}

#[test]
fn a_decline_is_shown_by_the_error_and_by_the_intent_that_goes_on() {
    let mut local = Local::new();
    local.headers.push(("Stripe-Version".to_owned(), "2026-06-24.dahlia".to_owned()));
    let (status, body) = local.post("/v1/payment_intents", &pay("pm_card_visa_chargeDeclinedInsufficientFunds", &[]));
    let error = &body["error"];
    assert_eq!((status, &error["decline_code"]), (402, &json!("insufficient_funds")), "{body}");
    let names: Vec<&String> = error.as_object().unwrap().keys().collect();
    assert!(names.is_sorted(), "{names:?}");
    let intent = local.get(&format!("/v1/payment_intents/{}", id(&error["payment_intent"])), &[]).1;
    assert_eq!(error["payment_intent"], intent);
    assert_eq!((&intent["status"], &intent["payment_method"]), (&json!("requires_payment_method"), &Value::Null));
    let last = &intent["last_payment_error"];
    assert_eq!((&last["payment_method"], last.get("request_log_url")), (&error["payment_method"], None));
    assert_eq!((&intent["latest_charge"], &last["charge"]), (&error["charge"], &error["charge"]));
    let charge = local.get(&format!("/v1/charges/{}", error["charge"].as_str().unwrap()), &[]).1;
    assert_eq!((&charge["status"], &charge["payment_intent"]), (&json!("failed"), &intent["id"]));
    let path = format!("/v1/payment_intents/{}/confirm", id(&intent));
    let message = "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the \
                   PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a \
                   payment method or ConfirmationToken.";
    refused(local.post(&path, &[]), "payment_intent_unexpected_state", message);
    let used = id(&error["payment_method"]);
    let (status, body) = local.post(&path, &[("payment_method", &used)]);
    assert!(
        status == 400 && body["error"]["message"].as_str().unwrap().ends_with("must attach it to a Customer first."),
        "{body}"
    );
    let paid = local.make(&path, &[("payment_method", "pm_card_visa")]);
    assert_eq!((&paid["status"], &paid["last_payment_error"]), (&json!("succeeded"), &Value::Null));
    let message =
        "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.";
    refused(local.post(&path, &[]), "payment_intent_unexpected_state", message);
    let message = "This PaymentIntent's amount could not be updated because it has a status of succeeded. You may only \
                   update the amount of a PaymentIntent with one of the following statuses: requires_payment_method, \
                   requires_confirmation, requires_action.";
    let update = format!("/v1/payment_intents/{}", id(&intent));
    refused(local.post(&update, &[("amount", "5")]), "payment_intent_unexpected_state", message);
    assert_eq!(local.make(&update, &[("metadata[a]", "b")])["metadata"], json!({ "a": "b" }));
}

#[test]
fn old_versions_show_the_charges_of_an_intent() {
    let mut local = Local::new();
    local.headers.push(("Stripe-Version".to_owned(), "2020-08-27".to_owned()));
    let paid = local.make("/v1/payment_intents", &pay("pm_card_visa", &[]));
    let charges = &paid["charges"];
    assert_eq!((&charges["total_count"], &charges["data"][0]["id"]), (&json!(1), &paid["latest_charge"]));
    assert_eq!(charges["url"], format!("/v1/charges?payment_intent={}", id(&paid)));
    assert_eq!(charges["data"][0]["refunds"]["object"], "list");
    let (_, declined) = local.post("/v1/payment_intents", &pay("pm_card_chargeDeclined", &[]));
    assert_eq!(declined["error"]["payment_intent"]["charges"]["data"][0]["status"], "failed");
    local.headers[0].1 = "2022-11-15".to_owned();
    let new = local.get(&format!("/v1/payment_intents/{}", id(&paid)), &[]).1;
    assert!(new.get("charges").is_none() && new["latest_charge"].is_string(), "{new}");
}

#[test]
fn a_payment_method_needs_its_customer() {
    let mut local = Local::new();
    let [first, second] =
        ["pm_card_visa"; 2].map(|alias| id(&local.make("/v1/customers", &[("payment_method", alias)])));
    let method = id(&local.get(&format!("/v1/customers/{first}/payment_methods"), &[]).1["data"][0]);
    let (status, body) = local.post("/v1/payment_intents", &pay(&method, &[]));
    let message = format!(
        "The `payment_method` parameter supplied {method} belongs to the Customer {first}. Please include the Customer in \
         the `customer` parameter on the PaymentIntent."
    );
    assert_eq!((status, &body["error"]["message"]), (400, &json!(message)));
    let (_, body) = local.post("/v1/payment_intents", &pay(&method, &[("customer", &second)]));
    assert!(
        body["error"]["message"].as_str().unwrap().contains("does not belong to the Customer you supplied"),
        "{body}"
    );
    for _ in 0..2 {
        let paid = local.make("/v1/payment_intents", &pay(&method, &[("customer", &first), ("off_session", "true")]));
        assert_eq!((&paid["status"], &paid["customer"]), (&json!("succeeded"), &json!(first)));
    }
    assert_eq!(local.get("/v1/payment_intents", &[("customer", &first)]).1["data"].as_array().unwrap().len(), 2);
    assert_eq!(local.get("/v1/charges", &[("customer", &first)]).1["data"].as_array().unwrap().len(), 2);
}

#[test]
fn one_that_is_to_be_used_again_is_the_customers_after_the_payment() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let more = [("customer", customer.as_str()), ("setup_future_usage", "off_session")];
    let paid = local.make("/v1/payment_intents", &pay("pm_card_visa", &more));
    let kept = local.get(&format!("/v1/customers/{customer}/payment_methods"), &[]).1;
    assert_eq!(kept["data"][0]["id"], paid["payment_method"]);
    let once = local.make("/v1/payment_intents", &pay("pm_card_visa", &[("customer", &customer)]));
    let (status, body) =
        local.post("/v1/payment_intents", &pay(once["payment_method"].as_str().unwrap(), &[("customer", &customer)]));
    assert_eq!((status, &body["error"]["code"]), (400, &Value::Null), "without it, it is used up: {body}");
}

#[test]
fn a_customers_card_pays_too_also_as_the_default_one() {
    let mut local = Local::new();
    let customer = local.make("/v1/customers", &[("source", "tok_visa")]);
    let (customer, card) = (id(&customer), customer["default_source"].as_str().unwrap().to_owned());
    let named = local.make("/v1/payment_intents", &pay(&card, &[("customer", &customer)]));
    assert_eq!((&named["status"], &named["payment_method"]), (&json!("succeeded"), &json!(card)));
    let default = local.make("/v1/payment_intents", &with(&[("customer", &customer), ("confirm", "true")]));
    assert_eq!(default["payment_method"], card);
    assert_eq!(local.get(&format!("/v1/payment_methods/{card}"), &[]).1["object"], "payment_method");
}

#[test]
fn an_intent_of_all_payment_methods_needs_a_way_back() {
    let mut local = Local::new();
    local.headers.push(("Stripe-Version".to_owned(), "2023-10-16".to_owned()));
    let sent = [("amount", "2000"), ("currency", "usd"), ("payment_method", "pm_card_visa"), ("confirm", "true")];
    let (status, body) = local.post("/v1/payment_intents", &sent);
    assert!(
        status == 400 && body["error"]["message"].as_str().unwrap().contains("you must provide a `return_url`"),
        "{body}"
    );
    for (name, value) in
        [("return_url", "https://example.com/done"), ("return_url", "myapp://done"), ("payment_method_types[]", "card")]
    {
        assert_eq!(local.make("/v1/payment_intents", &[&sent[..], &[(name, value)]].concat())["status"], "succeeded");
    }
    let never =
        [("automatic_payment_methods[enabled]", "true"), ("automatic_payment_methods[allow_redirects]", "never")];
    let paid = local.make("/v1/payment_intents", &[&sent[..], &never].concat());
    assert_eq!(paid["automatic_payment_methods"], json!({ "allow_redirects": "never", "enabled": true }));
    for unsafe_url in [
        "javascript:alert(1)",
        "javascript://x%0aalert(1)",
        "JAVA\nSCRIPT://x",
        "data:text/html,x",
        "file:///etc/passwd",
        "x",
    ] {
        let (status, body) = local.post("/v1/payment_intents", &[&sent[..], &[("return_url", unsafe_url)]].concat());
        assert_eq!((status, &body["error"]["code"]), (400, &json!("url_invalid")), "{unsafe_url}");
    }
    local.headers[0].1 = "2022-11-15".to_owned();
    assert_eq!(local.make("/v1/payment_intents", &sent)["automatic_payment_methods"], Value::Null);
}

/// A call with a publishable key, as a payer's browser makes it.
fn by_browser(local: &mut Local, method: HttpMethod, path: &str, params: &[(&str, &str)]) -> (u16, Value) {
    let params = params.iter().copied().collect();
    let request = ApiRequest { method, path: path.to_owned(), params, headers: local.headers.clone() };
    assert!(!minter::needs_secret_key(&request), "{path}");
    let workspace = Arc::new(local.workspace.clone());
    let prepared = PreparedCall::new(request, None, local.now, local.policies, workspace);
    parts(&prepared.by_publishable_key(true).answer(&mut local.ledger).unwrap())
}

/// The path of an intent and the client secret that a browser has of it.
fn of_browser(intent: &Value) -> (String, String) {
    let kind = intent["object"].as_str().unwrap();
    (format!("/v1/{kind}s/{}", id(intent)), intent["client_secret"].as_str().unwrap().to_owned())
}

#[test]
fn a_publishable_key_sees_what_the_payer_may_see_and_confirms() {
    let mut local = Local::new();
    let intent = local.make("/v1/payment_intents", &with(&[("metadata[a]", "b"), ("payment_method", "pm_card_visa")]));
    let secret = intent["client_secret"].as_str().unwrap().to_owned();
    let path = format!("/v1/payment_intents/{}", id(&intent));
    let (status, body) = by_browser(&mut local, HttpMethod::Get, &path, &[]);
    assert_eq!((status, &body["error"]["param"]), (400, &json!("client_secret")));
    let (status, body) = by_browser(&mut local, HttpMethod::Get, &path, &[("client_secret", "pi_x_secret_y")]);
    assert_eq!((status, &body["error"]["code"]), (400, &json!("payment_intent_invalid_parameter")));
    let with_secret = [("client_secret", secret.as_str())];
    let (status, seen) = by_browser(&mut local, HttpMethod::Get, &path, &with_secret);
    assert_eq!((status, &seen["amount"], seen.get("metadata"), seen.get("customer")), (200, &json!(2000), None, None));
    let confirm = format!("{path}/confirm");
    let more = [("use_stripe_sdk", "true"), ("expected_payment_method_type", "card"), ("guid", "x")];
    let (status, paid) = by_browser(&mut local, HttpMethod::Post, &confirm, &[&with_secret[..], &more].concat());
    assert_eq!((status, &paid["status"], paid.get("latest_charge")), (200, &json!("succeeded"), None), "{paid}");
    let manual = local
        .make("/v1/payment_intents", &with(&[("confirmation_method", "manual"), ("payment_method", "pm_card_visa")]));
    let confirm = format!("/v1/payment_intents/{}/confirm", id(&manual));
    let secret = manual["client_secret"].as_str().unwrap().to_owned();
    let (status, body) = by_browser(&mut local, HttpMethod::Post, &confirm, &[("client_secret", &secret)]);
    assert_eq!((status, &body["error"]["code"]), (400, &json!("payment_intent_unexpected_state")));
    let cancel = ApiRequest { method: HttpMethod::Post, ..ApiRequest::get(format!("{path}/cancel")) };
    assert!(minter::needs_secret_key(&cancel));
}

#[test]
fn neither_an_error_nor_an_expansion_shows_a_publishable_key_more() {
    let mut local = Local::new();
    for version in ["2026-06-24.dahlia", "2020-08-27"] {
        local.headers = vec![("Stripe-Version".to_owned(), version.to_owned())];
        let customer = id(&local.make("/v1/customers", &[("email", "payer@example.com")]));
        let private = [("metadata[a]", "b"), ("customer", customer.as_str()), ("payment_method_types[]", "card")];
        let payment = local.make("/v1/payment_intents", &[&MONEY[..2], &private].concat());
        let setup = local.make("/v1/setup_intents", &private);
        for (object, path, secret, method) in [&payment, &setup].into_iter().flat_map(|intent| {
            let (path, secret) = of_browser(intent);
            [None, Some("pm_card_chargeDeclined"), Some("pm_card_visa"), Some("pm_card_visa")]
                .map(|method| (intent["object"].as_str().unwrap(), path.clone(), secret.clone(), method))
        }) {
            let mut sent = vec![("client_secret", secret.as_str())];
            sent.extend(method.map(|method| ("payment_method", method)));
            let (status, body) = by_browser(&mut local, HttpMethod::Post, &format!("{path}/confirm"), &sent);
            let intent = if status == 200 { &body } else { &body["error"][object] };
            assert_eq!(intent["object"], object, "{method:?}: {body}");
            for hidden in ["metadata", "customer", "charges", "latest_charge", "latest_attempt"] {
                assert!(intent.get(hidden).is_none(), "{hidden} after {method:?}: {body}");
            }
            for property in ["payment_method.customer", "customer", "charges", "latest_charge"] {
                let sent = [("client_secret", secret.as_str()), ("expand[]", property)];
                let (status, body) = by_browser(&mut local, HttpMethod::Get, &path, &sent);
                assert!(status == 400 && !body.to_string().contains("payer@example.com"), "{property}: {body}");
            }
        }
        let (path, secret) = of_browser(&payment);
        let sent = [("client_secret", secret.as_str()), ("expand[]", "payment_method")];
        let (_, seen) = by_browser(&mut local, HttpMethod::Get, &path, &sent);
        assert_eq!(seen["payment_method"]["card"]["last4"], "4242", "{seen}");
    }
}

#[test]
fn a_publishable_key_decides_nothing_that_is_the_merchants() {
    let mut local = Local::new();
    let method = ("payment_method", "pm_card_threeDSecure2Required");
    let payment = local.make("/v1/payment_intents", &with(&[method]));
    let setup = local.make("/v1/setup_intents", &[MONEY[2], method]);
    for (intent, name, value) in [
        (&payment, "off_session", "true"),
        (&payment, "capture_method", "manual"),
        (&payment, "error_on_requires_action", "true"),
        (&payment, "payment_method_types[]", "card"),
        (&payment, "payment_method_options[card][capture_method]", "manual"),
        (&payment, "payment_method_options[card][moto]", "true"),
        (&payment, "payment_method_options[card][request_incremental_authorization]", "if_available"),
        (&payment, "payment_method_options[card][request_partial_authorization]", "if_available"),
        (&payment, "payment_method_options[card][request_three_d_secure]", "automatic"),
        (&setup, "payment_method_options[card][moto]", "true"),
        (&setup, "payment_method_options[card][request_three_d_secure]", "automatic"),
    ] {
        let (path, secret) = of_browser(intent);
        let sent = [("client_secret", secret.as_str()), (name, value)];
        let (status, body) = by_browser(&mut local, HttpMethod::Post, &format!("{path}/confirm"), &sent);
        assert_eq!((status, &body["error"]["code"]), (400, &json!("parameter_unknown")), "{name}: {body}");
    }
    let (path, secret) = of_browser(&payment);
    let sent = [
        ("client_secret", secret.as_str()),
        ("setup_future_usage", "off_session"),
        ("receipt_email", "payer@example.com"),
        ("payment_method_options[card][network]", "visa"),
        ("use_stripe_sdk", "true"),
    ];
    let (status, body) = by_browser(&mut local, HttpMethod::Post, &format!("{path}/confirm"), &sent);
    assert_eq!((status, &body["status"]), (200, &json!("requires_action")), "{body}");
}

#[test]
fn card_details_come_with_no_publishable_key_where_the_account_does_not_take_them_so() {
    let mut local = Local::new();
    local.policies.publishable_keys = false;
    let details =
        [("type", "card"), ("card[number]", "4242424242424242"), ("card[exp_month]", "5"), ("card[exp_year]", "2030")];
    let data: Vec<(String, &str)> = details
        .iter()
        .map(|(name, value)| {
            let (root, rest) =
                name.split_once('[').map_or((*name, String::new()), |(root, rest)| (root, format!("[{rest}")));
            (format!("payment_method_data[{root}]{rest}"), *value)
        })
        .collect();
    let payment = local.make("/v1/payment_intents", &MONEY);
    let setup = local.make("/v1/setup_intents", &[MONEY[2]]);
    let made = by_browser(&mut local, HttpMethod::Post, "/v1/payment_methods", &details);
    let confirmed = [&payment, &setup].map(|intent| {
        let (path, secret) = of_browser(intent);
        let mut sent: Vec<(&str, &str)> = data.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        sent.push(("client_secret", &secret));
        by_browser(&mut local, HttpMethod::Post, &format!("{path}/confirm"), &sent)
    });
    for (status, body) in [&[made][..], &confirmed].concat() {
        let message = body["error"]["message"].as_str().unwrap_or_default();
        assert!(status == 400 && message.contains("unsupported for publishable key tokenization"), "{body}");
    }
    assert_eq!(local.make("/v1/payment_methods", &details)["card"]["last4"], "4242", "a secret key may");
    let token = local.token("4242424242424242");
    let by_token = [("type", "card"), ("card[token]", token.as_str())];
    assert_eq!(by_browser(&mut local, HttpMethod::Post, "/v1/payment_methods", &by_token).0, 200);
}

#[test]
fn a_new_customer_of_an_intent_has_to_suit_its_payment_method() {
    let mut local = Local::new();
    let [first, second] =
        ["pm_card_visa"; 2].map(|alias| id(&local.make("/v1/customers", &[("payment_method", alias)])));
    let method = id(&local.get(&format!("/v1/customers/{first}/payment_methods"), &[]).1["data"][0]);
    let sent = [("payment_method", method.as_str()), ("customer", first.as_str()), MONEY[2]];
    let payment = local.make("/v1/payment_intents", &[&MONEY[..2], &sent].concat());
    let setup = local.make("/v1/setup_intents", &sent);
    for intent in [&payment, &setup] {
        let (path, _) = of_browser(intent);
        let (status, body) = local.post(&path, &[("customer", &second)]);
        assert!(status == 400 && body["error"]["message"].as_str().unwrap().contains("does not belong"), "{body}");
        assert_eq!(local.get(&path, &[]).1["customer"], json!(first));
        assert_eq!(local.make(&path, &[("customer", &first)])["status"], "requires_confirmation");
    }
    let (path, _) = of_browser(&setup);
    assert_eq!(local.make(&format!("{path}/confirm"), &[])["status"], "succeeded");
    let message = "You cannot update this SetupIntent because it has already succeeded.";
    for (name, value) in [
        ("customer", second.as_str()),
        MONEY[2],
        ("payment_method_options[card][request_three_d_secure]", "any"),
        ("payment_method", "pm_card_visa"),
    ] {
        refused(local.post(&path, &[(name, value)]), "setup_intent_unexpected_state", message);
    }
    assert_eq!(local.get(&path, &[]).1["customer"], json!(first));
    local.delete(&format!("/v1/customers/{first}"));
    let (path, _) = of_browser(&payment);
    let (status, body) = local.post(&format!("{path}/confirm"), &[("payment_method", "pm_card_visa")]);
    assert_eq!((status, &body["error"]["param"]), (400, &json!("customer")), "{body}");
}

#[test]
fn what_an_intent_does_not_play_is_refused_by_name() {
    let mut local = Local::new();
    let moto = "payment_method_options[card][moto]";
    let (status, body) = local.post("/v1/payment_intents", &pay("pm_card_visa", &[(moto, "true")]));
    assert_eq!((status, &body["error"]["param"]), (400, &json!(moto)), "{body}");
    let held =
        local.make("/v1/payment_intents", &pay("pm_card_visa", &[("capture_method", "manual"), (moto, "false")]));
    let path = format!("/v1/payment_intents/{}/capture", id(&held));
    let (status, body) = local.post(&path, &[("amount_to_capture", "500"), ("final_capture", "false")]);
    assert_eq!((status, &body["error"]["param"]), (400, &json!("final_capture")), "{body}");
    assert_eq!(local.make(&path, &[("final_capture", "true")])["amount_received"], 2000);
}

#[test]
fn an_intent_shows_what_it_asks_of_a_mandate() {
    let mut local = Local::new();
    let name = |option: &str| format!("payment_method_options[card][mandate_options]{option}");
    let asked = [
        (name("[amount]"), "1500"),
        (name("[amount_type]"), "maximum"),
        (name("[interval]"), "sporadic"),
        (name("[reference]"), "order 6"),
        (name("[start_date]"), "1683071568"),
        (name("[supported_types][]"), "india"),
    ];
    let asked: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let mut expected = json!({
        "amount": 1500,
        "amount_type": "maximum",
        "description": null,
        "end_date": null,
        "interval": "sporadic",
        "interval_count": null,
        "reference": "order 6",
        "start_date": 1_683_071_568,
        "supported_types": ["india"],
    });
    let paid = local.make("/v1/payment_intents", &pay("pm_card_visa", &asked));
    assert_eq!(
        (&paid["payment_method_options"]["card"]["mandate_options"], &paid["status"]),
        (&expected, &json!("succeeded"))
    );
    let currency = name("[currency]");
    let of_setup = [&asked[..], &[MONEY[2], (currency.as_str(), "INR")]].concat();
    expected["currency"] = json!("inr");
    let setup = local.make("/v1/setup_intents", &of_setup);
    assert_eq!(setup["payment_method_options"]["card"]["mandate_options"], expected);
    for needed in ["[amount]", "[amount_type]", "[interval]", "[reference]", "[start_date]", "[currency]"].map(name) {
        let without: Vec<(&str, &str)> = of_setup.iter().copied().filter(|(sent, _)| *sent != needed).collect();
        let (status, body) = local.post("/v1/setup_intents", &without);
        assert_eq!((status, &body["error"]["param"]), (400, &json!(needed)), "{body}");
        assert_eq!(body["error"]["code"], "parameter_missing");
    }
    let (status, body) = local.post("/v1/payment_intents", &pay("pm_card_visa", &[(&name("[interval]"), "hour")]));
    assert_eq!((status, &body["error"]["param"]), (400, &json!(name("[amount]"))), "{body}");
}

#[test]
fn what_is_said_of_cards_goes_before_what_is_said_of_all_payment_methods() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let option = "payment_method_options[card][setup_future_usage]";
    for (of_all, of_cards, expected) in [("off_session", "none", 0), ("on_session", "off_session", 1)] {
        let more = [("customer", customer.as_str()), ("setup_future_usage", of_all), (option, of_cards)];
        local.make("/v1/payment_intents", &pay("pm_card_visa", &more));
        let kept = local.get(&format!("/v1/customers/{customer}/payment_methods"), &[]).1;
        assert_eq!(kept["data"].as_array().unwrap().len(), expected, "{of_all} {of_cards}");
    }
}

#[test]
fn an_idempotency_key_pays_once() {
    let mut local = Local::new();
    local.headers.push(("Idempotency-Key".to_owned(), "key-1".to_owned()));
    let first = local.make("/v1/payment_intents", &pay("pm_card_visa", &[]));
    assert_eq!(local.make("/v1/payment_intents", &pay("pm_card_visa", &[])), first);
    assert_eq!(local.get("/v1/charges", &[]).1["data"].as_array().unwrap().len(), 1);
    local.headers[0].1 = "key-2".to_owned();
    let declined = local.post("/v1/payment_intents", &pay("pm_card_chargeDeclined", &[]));
    assert_eq!(local.post("/v1/payment_intents", &pay("pm_card_chargeDeclined", &[])), declined);
    assert_eq!(local.get("/v1/charges", &[]).1["data"].as_array().unwrap().len(), 2);
}

#[test]
fn a_refused_intent_leaves_nothing_behind() {
    let mut local = Local::new();
    let token = local.token("4242424242424242");
    let data = [("payment_method_data[type]", "card"), ("payment_method_data[card][token]", token.as_str())];
    for (name, value) in [
        ("amount", "0"),
        ("amount", "49"),
        ("currency", "xyz"),
        ("customer", "cus_nope"),
        ("capture_method", "never"),
        ("off_session", "maybe"),
        ("payment_method_types[]", "sepa_debit"),
        ("mandate", "mandate_1"),
        ("colour", "red"),
        ("expand[]", "colour"),
    ] {
        let mut sent = with(&data);
        sent.retain(|(known, _)| *known != name);
        sent.extend([(name, value), ("confirm", "true")]);
        let (status, body) = local.post("/v1/payment_intents", &sent);
        assert_eq!(status, 400, "{name}={value}: {body}");
    }
    assert_eq!(local.get(&format!("/v1/tokens/{token}"), &[]).1["used"], false);
    for path in ["/v1/payment_intents", "/v1/charges", "/v1/payment_methods"] {
        assert_eq!(local.get(path, &[]).1["data"], json!([]), "{path}");
    }
}

#[test]
fn a_setup_intent_makes_a_payment_method_the_customers() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let types = ("payment_method_types[]", "card");
    let new = local.make("/v1/setup_intents", &[types, ("customer", &customer), ("usage", "off_session")]);
    assert_eq!((&new["status"], &new["latest_attempt"]), (&json!("requires_payment_method"), &Value::Null));
    let path = format!("/v1/setup_intents/{}", id(&new));
    let missing = "You cannot confirm this SetupIntent because it's missing a payment method. You can either update the \
                   SetupIntent with a payment method and then confirm it again, or confirm it again directly with a \
                   payment method or ConfirmationToken.";
    refused(local.post(&format!("{path}/confirm"), &[]), "setup_intent_unexpected_state", missing);
    assert_eq!(local.make(&path, &[("payment_method", "pm_card_visa")])["status"], "requires_confirmation");
    let done = local.make(&format!("{path}/confirm"), &[("expand[]", "payment_method")]);
    assert_eq!((&done["status"], &done["payment_method"]["customer"]), (&json!("succeeded"), &json!(customer)));
    assert!(done["latest_attempt"].as_str().unwrap().starts_with("setatt_1"), "{done}");
    refused(
        local.post(&format!("{path}/confirm"), &[]),
        "setup_intent_unexpected_state",
        "You cannot confirm this SetupIntent because it has already succeeded.",
    );
    let message = "You cannot cancel this SetupIntent because it has a status of succeeded. Only a SetupIntent with one of \
                   the following statuses may be canceled: `requires_payment_method`, `requires_confirmation`, or \
                   `requires_action`.";
    refused(local.post(&format!("{path}/cancel"), &[]), "setup_intent_unexpected_state", message);
    assert_eq!(local.make(&path, &[("description", "later")])["description"], "later");
    let listed = local.get("/v1/setup_intents", &[("customer", &customer)]).1;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let (status, body) =
        local.post("/v1/setup_intents", &[types, ("payment_method", "pm_card_chargeDeclined"), ("confirm", "true")]);
    let error = &body["error"];
    assert_eq!((status, &error["setup_intent"]["status"]), (402, &json!("requires_payment_method")), "{body}");
    assert_eq!(error["setup_intent"]["last_setup_error"]["payment_method"], error["payment_method"]);
    assert!(error.get("charge").is_none() && error.get("param").is_none(), "{error}");
    let open = local.make("/v1/setup_intents", &[types, ("customer", &customer)]);
    let path = format!("/v1/setup_intents/{}/cancel", id(&open));
    assert_eq!(local.make(&path, &[("cancellation_reason", "abandoned")])["status"], "canceled");
}

/// A payment of every published card by an intent, by its number and by its aliases, ends as its row says.
#[test]
fn every_card_does_at_an_intent_what_its_row_says() {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut played = 0;
    for card in test_cards::all() {
        let mut local = Local::new();
        let params = [
            ("payment_method_data[type]", "card"),
            ("payment_method_data[card][number]", card.number.as_str()),
            ("payment_method_data[card][exp_month]", "5"),
            ("payment_method_data[card][exp_year]", "2026"),
            ("payment_method_data[card][cvc]", "314"),
            ("confirm", "true"),
        ];
        let (status, body) = local.post("/v1/payment_intents", &with(&params));
        played += 1;
        if card.at_token.is_refused() {
            assert_eq!((status, &body["error"]["code"]), (402, &json!("incorrect_number")), "{}", card.number);
            continue;
        }
        let needs_holder = card.at_charge.label() == "authentication_required";
        let intent = if status == 200 { &body } else { &body["error"]["payment_intent"] };
        let found = intent["status"].as_str().unwrap_or_else(|| panic!("{}: {body}", card.number));
        *counts.entry(found.to_owned()).or_default() += 1;
        let expected = match card.number.as_str() {
            "4000000032200000" => "succeeded",
            "4000008405600003" => "requires_action",
            _ if needs_holder || card.country == "IN" => "requires_action",
            _ if card.at_charge.is_refused() => "requires_payment_method",
            _ => "succeeded",
        };
        assert_eq!(found, expected, "{}: {body}", card.number);
        if expected == "requires_payment_method" {
            let error = &body["error"];
            let label = error["decline_code"].as_str().or(error["code"].as_str()).unwrap();
            assert_eq!((status, label), (402, card.at_charge.label()), "{}", card.number);
            assert_eq!(intent["last_payment_error"]["message"], error["message"]);
        }
        if expected == "succeeded" {
            assert_eq!((status, &body["amount_received"]), (200, &json!(2000)), "{}", card.number);
        }
        for alias in card.pm_aliases.iter().filter(|alias| alias.starts_with("pm_card_")) {
            let paid = local.post("/v1/payment_intents", &pay(alias, &[]));
            let found = if paid.0 == 200 { &paid.1["status"] } else { &paid.1["error"]["payment_intent"]["status"] };
            assert_eq!(found, expected, "{alias}: {}", paid.1);
        }
    }
    assert_eq!(played, 318);
    assert!(counts["succeeded"] > 250 && counts["requires_action"] >= 10, "{counts:?}");
}

/// The share of recorded calls of backends whose route, parameters and expansions the minter takes. A call is counted as
/// refused for each parameter of it that is refused, so the share is what is taken at least.
#[test]
fn most_recorded_calls_are_taken() {
    let calls = crate::support::recorded::facts("calls.json");
    let mut local = Local::new();
    let is_refused = |message: &str| {
        [
            "Testcard's local minter",
            "Received unknown parameter",
            "Unrecognized request URL",
            "This property cannot be expanded",
        ]
        .iter()
        .any(|start| message.starts_with(start))
    };
    let (mut all, mut taken) = (0, 0);
    let mut refused = Vec::new();
    for row in calls["rows"].as_array().unwrap() {
        let (method, route) = row["call"].as_str().unwrap().split_once(' ').unwrap();
        let method: HttpMethod = method.parse().unwrap();
        let path = route.replace(":id", "x_1");
        let count = row["calls"].as_u64().unwrap();
        let mut message = |params: &[(&str, &str)]| {
            let (_, body) = parts(&local.send(method, &path, params));
            body["error"]["message"].as_str().unwrap_or_default().to_owned()
        };
        let mut lost = if is_refused(&message(&[])) { count } else { 0 };
        for (name, times) in row["params"].as_object().unwrap() {
            let value = if name == "type" || name.starts_with("payment_method_types") { "card" } else { "1" };
            let sent = name.replace("[]", "[0]").replace("[*]", "[a]");
            if is_refused(&message(&[(&sent, value)])) {
                lost += times.as_u64().unwrap();
                refused.push(format!("{route} {name} {times}"));
            }
        }
        for (property, times) in row["expand"].as_object().unwrap() {
            if is_refused(&message(&[("expand[]", property)])) {
                lost += times.as_u64().unwrap();
                refused.push(format!("{route} expand {property} {times}"));
            }
        }
        all += count;
        taken += count - lost.min(count);
    }
    println!("{taken} of {all} recorded calls are taken at least; refused in the others: {refused:#?}");
    assert_eq!(all, 8241);
    assert!(taken * 100 >= all * 79, "{taken} of {all}");
}

#[test]
fn each_step_of_an_intent_is_an_event() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let mut seen = 0;
    let mut news = |local: &mut Local| -> Vec<String> {
        let all = local.get("/v1/events", &[("limit", "100")]).1["data"].as_array().unwrap().clone();
        let new = all.len() - seen;
        seen = all.len();
        all[..new].iter().rev().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    news(&mut local);
    let method = id(&local.make("/v1/payment_methods/pm_card_visa/attach", &[("customer", &customer)]));
    assert_eq!(news(&mut local), ["payment_method.attached"]);
    let more = [("customer", customer.as_str()), ("capture_method", "manual")];
    let held = id(&local.make("/v1/payment_intents", &pay(&method, &more)));
    let expected = ["payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated"];
    assert_eq!(news(&mut local), expected);
    let created = local.get("/v1/events", &[("type", "payment_intent.created")]).1["data"][0]["data"]["object"].clone();
    assert_eq!((&created["status"], &created["latest_charge"]), (&json!("requires_confirmation"), &Value::Null));
    local.make(&format!("/v1/payment_intents/{held}/capture"), &[]);
    assert_eq!(news(&mut local), ["charge.captured", "payment_intent.succeeded"]);
    local.post("/v1/payment_intents", &pay("pm_card_chargeDeclined", &[]));
    assert_eq!(news(&mut local), ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]);
    let asking = id(&local.make("/v1/payment_intents", &pay("pm_card_threeDSecure2Required", &[])));
    assert_eq!(news(&mut local), ["payment_intent.created", "payment_intent.requires_action"]);
    local.make("/_testcard/authenticate", &[("intent", &asking), ("result", "complete")]);
    assert_eq!(news(&mut local), ["charge.succeeded", "payment_intent.succeeded"]);
    let asked = local.get("/v1/events", &[("type", "payment_intent.requires_action")]).1["data"][0].clone();
    assert_eq!(asked["data"]["object"]["status"], "requires_action", "an event keeps its object as it was");
    let setup = [("customer", customer.as_str()), ("payment_method", "pm_card_visa"), ("confirm", "true")];
    local.make("/v1/setup_intents", &setup);
    assert_eq!(news(&mut local), ["setup_intent.created", "payment_method.attached", "setup_intent.succeeded"]);
    local.make(&format!("/v1/payment_methods/{method}/detach"), &[]);
    assert_eq!(news(&mut local), ["payment_method.detached"]);
    let open = id(&local.make("/v1/payment_intents", &MONEY));
    local.make(&format!("/v1/payment_intents/{open}/cancel"), &[]);
    assert_eq!(news(&mut local), ["payment_intent.created", "payment_intent.canceled"]);
}

#[test]
fn balance_transactions_are_listed_in_their_order_in_pages_of_any_size() {
    let mut local = Local::new();
    let mut made = Vec::new();
    for nth in 0..7_i64 {
        // Two seconds have two transactions each.
        local.now = local.now.saturating_add(jiff::SignedDuration::from_secs(nth % 2)).unwrap();
        let paid = local.make("/v1/payment_intents", &pay("pm_card_visa", &[("expand[]", "latest_charge")]));
        made.push(paid["latest_charge"]["balance_transaction"].as_str().unwrap().to_owned());
        if nth % 3 == 0 {
            let refund = local.make("/v1/refunds", &[("payment_intent", &id(&paid)), ("amount", "100")]);
            made.push(refund["balance_transaction"].as_str().unwrap().to_owned());
        }
    }
    local.make("/v1/payment_intents", &pay("pm_card_visa", &[("capture_method", "manual")]));
    let path = "/v1/balance_transactions";
    let ids = |page: &Value| -> Vec<String> { page["data"].as_array().unwrap().iter().map(id).collect() };
    let all = local.get(path, &[("limit", "100")]).1;
    let (mut sorted, mut expected) = (ids(&all), made.clone());
    assert!(all["data"].as_array().unwrap().is_sorted_by_key(|transaction| -transaction["created"].as_i64().unwrap()));
    let in_order = sorted.clone();
    sorted.sort();
    expected.sort();
    assert_eq!(sorted, expected);
    for limit in ["1", "2", "3", "5"] {
        let (mut forward, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut params = vec![("limit", limit)];
            params.extend(cursor.iter().map(|id| ("starting_after", id.as_str())));
            let page = local.get(path, &params).1;
            forward.extend(ids(&page));
            cursor = forward.last().cloned();
            if page["has_more"] == false {
                break;
            }
        }
        assert_eq!(forward, in_order, "{limit} forward");
        let (mut backward, mut cursor) = (vec![in_order.last().unwrap().clone()], in_order.last().cloned());
        loop {
            let params = [("limit", limit), ("ending_before", cursor.as_deref().unwrap())];
            let page = local.get(path, &params).1;
            backward.splice(..0, ids(&page));
            cursor = backward.first().cloned();
            if page["has_more"] == false {
                break;
            }
        }
        assert_eq!(backward, in_order, "{limit} backward");
    }
    assert_eq!(ids(&local.get(path, &[("type", "refund")]).1).len(), 3);
    assert_eq!(local.get(path, &[("starting_after", "txn_nope")]).0, 400);
}

/// In ledgers of older versions a transaction has an id of its own.
#[test]
fn a_balance_transaction_is_found_by_the_object_that_names_it() {
    let mut local = Local::new();
    let paid = local.make("/v1/payment_intents", &pay("pm_card_visa", &[]));
    let refund = local.make("/v1/refunds", &[("payment_intent", &id(&paid)), ("amount", "500")]);
    let sources = [(ObjectKind::Charge, paid["latest_charge"].clone()), (ObjectKind::Refund, refund["id"].clone())];
    for (nth, (kind, source)) in sources.into_iter().enumerate() {
        let mut kept = local.ledger.get(None, kind, source.as_str().unwrap()).unwrap().unwrap();
        let own = kept.body["balance_transaction"].as_str().unwrap();
        let older = format!("txn_1{}older{nth}", &own[5..22]);
        kept.body["balance_transaction"] = older.clone().into();
        local.ledger.update(None, &kept).unwrap();
        local.now = local.now.saturating_add(jiff::SignedDuration::from_secs(60)).unwrap();
        let (status, found) = local.get(&format!("/v1/balance_transactions/{older}"), &[]);
        assert_eq!((status, &found["source"]), (200, &source), "{found}");
        assert_eq!(local.get("/v1/balance_transactions", &[("starting_after", &older)]).0, 200);
        let other = older.replace("older", "other");
        assert_eq!(local.get(&format!("/v1/balance_transactions/{other}"), &[]).0, 404);
    }
}
