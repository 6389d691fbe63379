//! Payment methods: made of details, of a token or of an alias, attached and detached, and a customer's default.

use serde_json::{Value, json};

use crate::support::local::{Local, id};

const DETAILS: [(&str, &str); 5] = [
    ("type", "card"),
    ("card[number]", "4242424242424242"),
    ("card[exp_month]", "5"),
    ("card[exp_year]", "2030"),
    ("card[cvc]", "314"),
];

#[track_caller]
fn refusal((status, body): (u16, Value), expected_status: u16, code: &Value, param: &Value, message: &str) {
    let error = &body["error"];
    assert_eq!((status, &error["code"], &error["param"]), (expected_status, code, param), "{body}");
    assert_eq!(error["message"], message);
}

#[test]
fn one_is_made_of_card_details_and_checks_what_was_sent() {
    let mut local = Local::new();
    let plain = local.make("/v1/payment_methods", &DETAILS);
    let checks = json!({ "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "unchecked" });
    assert_eq!(
        (&plain["card"]["checks"], &plain["card"]["brand"], &plain["card"]["last4"]),
        (&checks, &json!("visa"), &json!("4242"))
    );
    let billed = [("billing_details[address][postal_code]", "94105"), ("billing_details[email]", "j@example.com")];
    let billed = local.make("/v1/payment_methods", &[&DETAILS[..], &billed].concat());
    assert_eq!(billed["card"]["checks"]["address_postal_code_check"], "unchecked");
    assert_eq!(billed["billing_details"]["email"], "j@example.com");
    let (status, found) = local.get(&format!("/v1/payment_methods/{}", id(&plain)), &[]);
    assert_eq!((status, found), (200, plain));
}

#[test]
fn what_is_wrong_with_the_card_is_said_as_of_a_token() {
    let mut local = Local::new();
    let changed = |name: &str, value: &'static str| {
        DETAILS.map(|(known, sent)| if known == name { (known, value) } else { (known, sent) })
    };
    let post = |local: &mut Local, params: &[(&str, &str)]| local.post("/v1/payment_methods", params);
    let number = post(&mut local, &changed("card[number]", "4242424242424241"));
    refusal(number, 402, &json!("incorrect_number"), &json!("number"), "Your card number is incorrect.");
    let cvc = post(&mut local, &changed("card[cvc]", "12"));
    refusal(cvc, 402, &json!("invalid_cvc"), &json!("cvc"), "Your card's security code is invalid.");
    let missing = post(&mut local, &[("type", "card"), ("card[exp_month]", "5")]);
    refusal(missing, 400, &json!("parameter_missing"), &json!("card[number]"), "Missing required param: card[number].");
    let none = post(&mut local, &[("type", "card")]);
    refusal(none, 400, &json!("parameter_missing"), &json!("card"), "Missing required param: card.");
    let (code, param) = (json!("parameter_unknown"), json!("card[name]"));
    let unknown = post(&mut local, &[&DETAILS[..], &[("card[name]", "Jenny")]].concat());
    refusal(unknown, 400, &code, &param, "Received unknown parameter: card[name]");
    // Below an intent the same parameters have longer names.
    let data = [("amount", "2000"), ("currency", "usd"), ("payment_method_data[type]", "card")];
    let data =
        local.post("/v1/payment_intents", &[&data[..], &[("payment_method_data[card][exp_year]", "2030")]].concat());
    let param = "payment_method_data[card][number]";
    let message = format!("Missing required param: {param}.");
    refusal(data, 400, &json!("parameter_missing"), &json!(param), &message);
}

#[test]
fn an_alias_is_a_new_one_each_time_and_can_be_attached() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let get = |local: &mut Local| local.get("/v1/payment_methods/pm_card_mastercard", &[]).1;
    let (first, second) = (get(&mut local), get(&mut local));
    assert_ne!(first["id"], second["id"]);
    assert_eq!(first["card"]["brand"], "mastercard");
    let attached = local.make("/v1/payment_methods/pm_card_visa/attach", &[("customer", &customer)]);
    assert_eq!((&attached["customer"], &attached["card"]["checks"]["cvc_check"]), (&json!(customer), &json!("pass")));
    let path = format!("/v1/customers/{customer}/payment_methods");
    let listed = local.get(&path, &[("type", "card")]).1;
    assert_eq!(listed["data"], json!([attached]));
    assert_eq!(local.get(&format!("{path}/{}", id(&attached)), &[]).1, attached);
    assert_eq!(local.get(&format!("{path}/{}", id(&first)), &[]).0, 404);
    assert_eq!(local.get(&path, &[("type", "sepa_debit")]).1["data"], json!([]));
    assert_eq!(
        local.get("/v1/payment_methods", &[("customer", &customer), ("type", "card")]).1["data"],
        listed["data"]
    );
}

#[test]
fn one_belongs_to_one_customer_and_is_used_up_when_it_is_taken_away() {
    let mut local = Local::new();
    let [first, second] = [(); 2].map(|()| id(&local.make("/v1/customers", &[])));
    let method = id(&local.make("/v1/payment_methods", &DETAILS));
    let path = format!("/v1/payment_methods/{method}");
    let never = local.post(&format!("{path}/detach"), &[]);
    let message = "The payment method you provided is not attached to a customer so detachment is impossible.";
    refusal(never, 400, &Value::Null, &Value::Null, message);
    local.make(&format!("{path}/attach"), &[("customer", &first)]);
    local.make(&format!("{path}/attach"), &[("customer", &first)]);
    let other = local.post(&format!("{path}/attach"), &[("customer", &second)]);
    let message = "The payment method you provided has already been attached to a customer.";
    refusal(other, 400, &Value::Null, &Value::Null, message);
    local.make(&format!("/v1/customers/{first}"), &[("invoice_settings[default_payment_method]", &method)]);
    let gone = local.make(&format!("{path}/detach"), &[]);
    assert_eq!(gone["customer"], Value::Null);
    let customer = local.get(&format!("/v1/customers/{first}"), &[]).1;
    assert_eq!(customer["invoice_settings"]["default_payment_method"], Value::Null);
    let again = local.post(&format!("{path}/attach"), &[("customer", &second)]);
    let message = "This PaymentMethod was previously used without being attached to a Customer or was detached from a \
                   Customer, and may not be used again.";
    refusal(again, 400, &Value::Null, &Value::Null, message);
    let missing = local.post("/v1/payment_methods/pm_nope/attach", &[("customer", &second)]);
    let (code, param) = (json!("resource_missing"), json!("payment_method"));
    refusal(missing, 404, &code, &param, "No such PaymentMethod: 'pm_nope'");
}

#[test]
fn a_customer_is_made_with_one_and_has_a_default_one() {
    let mut local = Local::new();
    let method = id(&local.make("/v1/payment_methods", &DETAILS));
    let default = "invoice_settings[default_payment_method]";
    let customer = local.make(
        "/v1/customers",
        &[("payment_method", &method), (default, &method), ("expand[]", "invoice_settings.default_payment_method")],
    );
    let shown = &customer["invoice_settings"]["default_payment_method"];
    assert_eq!((&shown["id"], &shown["customer"]), (&json!(method), &customer["id"]));
    let other = id(&local.make("/v1/payment_methods", &DETAILS));
    let refused = local.post(&format!("/v1/customers/{}", id(&customer)), &[(default, &other)]);
    let message = format!(
        "The customer does not have a payment method with the ID {other}. The payment method must be attached to the \
         customer."
    );
    refusal(refused, 400, &json!("resource_missing"), &json!(default), &message);
    let (status, body) = local.post("/v1/customers", &[("payment_method", "pm_card_chargeDeclined")]);
    assert_eq!((status, &body["error"]["code"]), (402, &json!("card_declined")));
    assert_eq!(local.get("/v1/customers", &[]).1["data"].as_array().unwrap().len(), 1, "a decline makes no customer");
    local.delete(&format!("/v1/customers/{}", id(&customer)));
    assert_eq!(local.get(&format!("/v1/payment_methods/{method}"), &[]).1["customer"], Value::Null);
}

#[test]
fn one_that_is_attached_can_be_changed() {
    let mut local = Local::new();
    let method = id(&local.make("/v1/payment_methods", &DETAILS));
    let path = format!("/v1/payment_methods/{method}");
    assert_eq!(local.post(&path, &[("metadata[a]", "b")]).0, 400);
    let customer = id(&local.make("/v1/customers", &[("payment_method", &method)]));
    let changes = [
        ("card[exp_year]", "2031"),
        ("billing_details[name]", "Jenny"),
        ("billing_details[address][postal_code]", "94105"),
        ("metadata[order]", "6"),
        ("allow_redisplay", "always"),
    ];
    let changed = local.make(&path, &changes);
    assert_eq!((&changed["card"]["exp_year"], &changed["card"]["exp_month"]), (&json!(2031), &json!(5)));
    assert_eq!((&changed["billing_details"]["name"], &changed["customer"]), (&json!("Jenny"), &json!(customer)));
    assert_eq!(changed["card"]["checks"]["address_postal_code_check"], "unchecked");
    assert_eq!((&changed["metadata"], &changed["allow_redisplay"]), (&json!({ "order": "6" }), &json!("always")));
    let past = local.post(&path, &[("card[exp_year]", "2001")]);
    refusal(past, 402, &json!("invalid_expiry_year"), &json!("exp_year"), "Your card's expiration year is invalid.");
}

#[test]
fn the_platform_lends_one_to_a_connected_account() {
    let mut local = Local::new();
    let customer = local.make("/v1/customers", &[("payment_method", "pm_card_visa")]);
    let method = local.get("/v1/payment_methods", &[("customer", &id(&customer))]).1["data"][0].clone();
    local.headers.push(("Stripe-Account".to_owned(), "acct_1032D82eZvKYlo2C".to_owned()));
    let lent = local.make("/v1/payment_methods", &[("customer", &id(&customer)), ("payment_method", &id(&method))]);
    assert_ne!(lent["id"], method["id"]);
    assert_eq!((&lent["card"]["fingerprint"], &lent["customer"]), (&method["card"]["fingerprint"], &Value::Null));
    let sent = [("amount", "2000"), ("currency", "usd"), ("payment_method", &*id(&method))];
    let (_, body) = local.post("/v1/payment_intents", &sent);
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("platform-owned payment method ID"), "{message}");
    let paid = [("amount", "2000"), ("currency", "usd"), ("payment_method", &*id(&lent)), ("confirm", "true")];
    assert_eq!(local.make("/v1/payment_intents", &paid)["status"], "succeeded");
}

#[test]
fn a_customer_that_is_not_made_takes_no_payment_method() {
    let mut local = Local::new();
    let method = id(&local.make("/v1/payment_methods", &DETAILS));
    let used = local.token("4242424242424242");
    local.make("/v1/charges", &[("amount", "2000"), ("currency", "usd"), ("source", &used)]);
    for source in ["tok_nope", "tok_chargeDeclined", &used] {
        let (status, body) = local.post("/v1/customers", &[("payment_method", &method), ("source", source)]);
        assert!(matches!(status, 400 | 402), "{source}: {body}");
        assert_eq!(local.get(&format!("/v1/payment_methods/{method}"), &[]).1["customer"], Value::Null, "{source}");
    }
    let token = local.token("4242424242424242");
    assert_eq!(local.post("/v1/customers", &[("payment_method", "pm_card_chargeDeclined"), ("source", &token)]).0, 402);
    assert_eq!(local.get(&format!("/v1/tokens/{token}"), &[]).1["used"], false);
    let customer = local.make("/v1/customers", &[("payment_method", &method), ("source", &token)]);
    assert_eq!(local.get(&format!("/v1/payment_methods/{method}"), &[]).1["customer"], customer["id"]);
    assert!(customer["default_source"].as_str().unwrap().starts_with("card_"), "{customer}");
}

#[test]
fn a_customer_beside_details_is_refused() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let (status, body) = local.post("/v1/payment_methods", &[&DETAILS[..], &[("customer", &*customer)]].concat());
    assert_eq!((status, &body["error"]["param"]), (400, &json!("customer")), "{body}");
    assert!(body["error"]["message"].as_str().unwrap().contains("attach it"), "{body}");
}
