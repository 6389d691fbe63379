//! What holds of every object and every call of the minter: the order of keys, and how parameters are refused.

use serde_json::{Value, json};

use crate::support::local::{Local, id};

/// Every object with its own key order: `id` and `object` first, the rest by the alphabet; a list has no id. What a
/// user may name, such as metadata, is in the order sent.
#[track_caller]
fn assert_key_order(value: &Value, at: &str) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| assert_key_order(value, at)),
        Value::Object(fields) => {
            let mut keys: Vec<&str> = fields.keys().map(String::as_str).collect();
            let is_object = fields.get("object").is_some_and(Value::is_string);
            for first in ["id", "object"] {
                if is_object && fields.contains_key(first) {
                    assert_eq!(keys.remove(0), first, "{at}: {value}");
                }
            }
            assert!(at.ends_with("/metadata") || keys.is_sorted(), "{at}: {keys:?}");
            for (key, value) in fields {
                assert_key_order(value, &format!("{at}/{key}"));
            }
        }
        _ => {}
    }
}

#[test]
fn keys_are_in_stripes_order_in_every_object() {
    let mut local = Local::new();
    local.headers.push(("Stripe-Version".to_owned(), "2026-10-28.endive".to_owned()));
    let token = local.token("4242424242424242");
    assert_key_order(&local.get(&format!("/v1/tokens/{token}"), &[]).1, "token");
    let customer = local.make(
        "/v1/customers",
        &[
            ("source", &token),
            ("address[line1]", "1 Main Street"),
            ("shipping[address][line1]", "1 Main Street"),
            ("shipping[name]", "Jenny"),
            ("metadata[z]", "1"),
            ("metadata[a]", "2"),
            ("expand[]", "sources"),
            ("expand[]", "default_source"),
        ],
    );
    assert_key_order(&customer, "customer");
    let customer = id(&customer);
    let charge = local.make(
        "/v1/charges",
        &[
            ("amount", "2000"),
            ("currency", "usd"),
            ("customer", &customer),
            ("shipping[address][line1]", "1 Main Street"),
            ("shipping[name]", "Jenny"),
        ],
    );
    let charge_path = format!("/v1/charges/{}", id(&charge));
    let refund = local.make("/v1/refunds", &[("charge", &id(&charge)), ("amount", "500"), ("expand[]", "charge")]);
    assert_key_order(&refund, "refund");
    let charges = local.get("/v1/charges", &[("expand[]", "data.refunds"), ("expand[]", "data.customer")]).1;
    assert_key_order(&charges["data"], "charge");
    assert_eq!(charges.as_object().unwrap().keys().collect::<Vec<_>>(), ["object", "data", "has_more", "url"]);
    for version in ["2019-12-03", "2026-10-28.endive"] {
        local.headers[0].1 = version.to_owned();
        for (path, list) in [(format!("/v1/customers/{customer}"), "sources"), (charge_path.clone(), "refunds")] {
            let (_, object) = local.get(&path, &[("expand[]", list), ("expand[]", list)]);
            assert_eq!(object[list]["object"], "list", "{path}");
            assert_key_order(&object, &path);
        }
    }
    let token = local.token("4000002500001001");
    let method = local.make("/v1/payment_methods", &[("type", "card"), ("card[token]", &token)]);
    assert_key_order(&method, "payment_method");
    let declined = local.token("4000000000000002");
    let charge = [("amount", "2000"), ("currency", "usd"), ("source", declined.as_str())];
    assert_key_order(&local.post("/v1/charges", &charge).1, "error");
}

#[test]
fn each_account_has_idempotency_keys_of_its_own() {
    let mut local = Local::new();
    local.headers.push(("Idempotency-Key".to_owned(), "key-1".to_owned()));
    let mut make = |account: Option<&str>, name: &str| {
        local.headers.truncate(1);
        local.headers.extend(account.map(|id| ("Stripe-Account".to_owned(), id.to_owned())));
        local.post("/v1/customers", &[("name", name)])
    };
    let (first, connected) = (make(None, "Jenny"), make(Some("acct_1"), "Jenny"));
    assert_ne!(first.1["id"], connected.1["id"]);
    assert_eq!(make(None, "Jenny"), first);
    assert_eq!(make(Some("acct_1"), "Jenny"), connected);
    let (status, body) = make(Some("acct_1"), "Jo");
    assert_eq!((status, &body["error"]["type"]), (400, &json!("idempotency_error")));
    assert!(body["error"]["message"].as_str().unwrap().contains("other than 'key-1' if"), "{body}");
}

#[test]
fn what_cannot_be_expanded_is_refused_before_anything_is_done() {
    let mut local = Local::new();
    let (token, card) = (local.token("4242424242424242"), local.token("4242424242424242"));
    let customer = id(&local.make("/v1/customers", &[("source", &card)]));
    let charge = id(&local.make("/v1/charges", &[("amount", "2000"), ("currency", "usd"), ("source", "tok_visa")]));
    let deep = "customer.default_source.customer.default_source.customer";
    for (path, params) in [
        ("/v1/charges", [("amount", "2000"), ("currency", "usd"), ("source", &token), ("expand[]", "source.foo")]),
        ("/v1/charges", [("amount", "2000"), ("currency", "usd"), ("customer", &customer), ("expand[]", deep)]),
        (
            "/v1/refunds",
            [("charge", &charge), ("amount", "1"), ("expand[]", "charge"), ("expand[]", "charge.refunds.data.colour")],
        ),
        ("/v1/customers", [("source", &token), ("name", "A"), ("email", "a@b.co"), ("expand[]", "sources.data.foo")]),
        ("/v1/payment_methods", [("type", "card"), ("card[token]", &token), ("metadata[a]", "b"), ("expand[]", deep)]),
    ] {
        let params: Vec<(&str, &str)> = params.iter().map(|(name, value)| (*name, *value)).collect();
        let (status, body) = local.post(path, &params);
        assert_eq!((status, &body["error"]["type"]), (400, &json!("invalid_request_error")), "{path}: {body}");
    }
    assert_eq!(local.get(&format!("/v1/tokens/{token}"), &[]).1["used"], json!(false));
    for (path, count) in [("/v1/charges", 1), ("/v1/refunds", 0), ("/v1/customers", 1)] {
        assert_eq!(local.get(path, &[]).1["data"].as_array().unwrap().len(), count, "{path}");
    }
}

#[test]
fn the_words_of_a_user_are_shown_in_every_version() {
    let mut local = Local::new();
    let sent = [("metadata[object]", "card"), ("metadata[networks]", "x"), ("metadata[regulated_status]", "y")];
    let customer = local.make("/v1/customers", &sent);
    assert_eq!(customer["metadata"], json!({ "object": "card", "networks": "x", "regulated_status": "y" }));
}

#[test]
fn idempotency_keys_that_are_masked_alike_stay_apart() {
    let mut local = Local::new();
    let mut make = |key: &str| {
        local.headers = vec![("Idempotency-Key".to_owned(), key.to_owned())];
        let answer = local.send(testcard::domain::call::api::HttpMethod::Post, "/v1/customers", &[("name", "Jenny")]);
        assert_eq!(answer.header("Idempotency-Key"), Some(key));
        id(&answer.json().unwrap())
    };
    let (first, second) = (make("order-4539578763621486"), make("order-4539570000051486"));
    assert_ne!(first, second);
    assert_eq!(make("order-4539578763621486"), first);
}

#[test]
fn what_is_deleted_says_so() {
    let mut local = Local::new();
    let token = local.token("4242424242424242");
    let customer = local.make("/v1/customers", &[("source", &token)]);
    let (card, customer) = (customer["default_source"].as_str().unwrap().to_owned(), id(&customer));
    let gone = local.delete(&format!("/v1/customers/{customer}/sources/{card}"));
    assert_eq!(gone, (200, json!({ "id": card, "object": "card", "deleted": true })));
    assert_eq!(local.get(&format!("/v1/customers/{customer}"), &[]).1["default_source"], Value::Null);
    let gone = local.delete(&format!("/v1/customers/{customer}"));
    assert_eq!(gone, (200, json!({ "id": customer, "object": "customer", "deleted": true })));
}

/// Status, code, param and message of a refusal.
#[track_caller]
fn check(local: &mut Local, path: &str, params: &[(&str, &str)], code: &Value, param: &Value, message: &str) {
    let (status, body) = local.post(path, params);
    let error = &body["error"];
    assert_eq!((status, &error["code"], &error["param"]), (400, code, param), "{path}: {body}");
    assert_eq!(error["message"], message, "{path}");
}

#[test]
fn card_details_are_refused_in_words_that_name_tokens() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let sources = format!("/v1/customers/{customer}/sources");
    let charge = [("amount", "2000"), ("currency", "usd")];
    for (path, taken, root) in [
        ("/v1/charges", "source", "source"),
        ("/v1/charges", "card", "card"),
        ("/v1/customers", "source", "source"),
        (&format!("/v1/customers/{customer}"), "card", "card"),
        (&sources, "source", "source"),
    ] {
        let names = ["object", "number", "exp_month", "exp_year"].map(|field| format!("{root}[{field}]"));
        let values = ["card", "4242424242424242", "5", "2030"];
        let mut params: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(values).collect();
        if path == "/v1/charges" {
            params.extend(charge);
        }
        let message = format!(
            "Testcard's local minter takes no card details in '{taken}': make a token of them with POST /v1/tokens, and \
             send its id instead."
        );
        check(&mut local, path, &params, &Value::Null, &json!(taken), &message);
    }
    assert_eq!(local.get(&sources, &[]).1["data"], json!([]));
}

#[test]
fn parameters_that_are_not_modelled_are_told_from_unknown_ones() {
    let mut local = Local::new();
    for name in ["invoice_settings[custom_fields]", "invoice_settings[rendering_options]"] {
        let message = format!("Testcard's local minter does not model '{name}' here.");
        let below = format!("{name}[x]");
        for sent in [name, below.as_str()] {
            check(&mut local, "/v1/customers", &[(sent, "1")], &Value::Null, &json!(name), &message);
        }
    }
    let (code, param) = (json!("parameter_unknown"), json!("invoice_settings[colour]"));
    let unknown = "Received unknown parameter: invoice_settings[colour]";
    check(&mut local, "/v1/customers", &[("invoice_settings[colour]", "red")], &code, &param, unknown);
    let (param, unknown) = (json!("address[zip]"), "Received unknown parameter: address[zip]");
    check(&mut local, "/v1/customers", &[("address[zip]", "94105")], &code, &param, unknown);
    check(&mut local, "/v1/customers", &[("expand", "sources")], &Value::Null, &json!("expand"), "Invalid array");
}

#[test]
fn a_dictionary_is_no_text_and_is_whole() {
    let mut local = Local::new();
    for name in ["address", "shipping", "invoice_settings"] {
        check(&mut local, "/v1/customers", &[(name, "x")], &Value::Null, &json!(name), "Invalid object");
    }
    for name in ["metadata", "metadata[]"] {
        let message = "Invalid metadata: metadata must be a set of key-value pairs";
        check(&mut local, "/v1/customers", &[(name, "x")], &Value::Null, &json!("metadata"), message);
    }
    for (sent, missing) in [("shipping[name]", "shipping[address]"), ("shipping[address][city]", "shipping[name]")] {
        let message = format!("Missing required param: {missing}.");
        check(&mut local, "/v1/customers", &[(sent, "x")], &json!("parameter_missing"), &json!(missing), &message);
    }
    let customer = local.make("/v1/customers", &[("metadata", ""), ("address", ""), ("shipping", "")]);
    assert_eq!(
        (&customer["metadata"], &customer["address"], &customer["shipping"]),
        (&json!({}), &Value::Null, &Value::Null)
    );
}

#[test]
fn limits_are_those_of_the_specification() {
    let mut local = Local::new();
    for (path, name, longest) in [
        ("/v1/charges", "description", 40_000),
        ("/v1/customers", "description", 5000),
        ("/v1/customers", "name", 256),
        ("/v1/customers", "phone", 20),
    ] {
        for (length, expected) in [(longest, 200), (longest + 1, 400)] {
            let text = "x".repeat(length);
            let mut params = vec![(name, text.as_str())];
            if path == "/v1/charges" {
                params.extend([("amount", "100"), ("currency", "usd"), ("source", "tok_visa")]);
            }
            let (status, body) = local.post(path, &params);
            assert_eq!(status, expected, "{path} {name} {length}: {}", body["error"]["message"]);
        }
    }
}

#[test]
fn an_empty_tax_exemption_is_none() {
    let mut local = Local::new();
    let customer = local.make("/v1/customers", &[("tax_exempt", "exempt")]);
    assert_eq!(customer["tax_exempt"], "exempt");
    let changed = local.make(&format!("/v1/customers/{}", id(&customer)), &[("tax_exempt", "")]);
    assert_eq!(changed["tax_exempt"], "none");
}

#[test]
fn paths_that_are_not_modelled_are_refused_by_name() {
    let mut local = Local::new();
    for (method, path) in [
        ("GET", "/v1/customers/cus_1/bank_accounts"),
        ("POST", "/v1/charges/ch_1/dispute"),
        ("GET", "/v1/charges/search"),
        ("GET", "/v1/customers/search"),
    ] {
        let (status, body) = if method == "GET" { local.get(path, &[]) } else { local.post(path, &[]) };
        assert_eq!(status, 404);
        assert_eq!(body["error"]["message"], format!("Testcard's local minter does not model {method} {path}."));
    }
}

#[test]
fn a_customer_without_a_card_is_refused_in_stripes_words() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let (status, body) = local.post("/v1/charges", &[("amount", "100"), ("currency", "usd"), ("customer", &customer)]);
    let expected = "This Customer doesn't have any saved payment details. Attach a legacy Token, Card, Bank Account, or \
                    Source to this Customer and then try this request again, or use Payment Intents and Payment Methods \
                    instead.";
    assert_eq!((status, body["error"]["message"].as_str()), (402, Some(expected)));
}
