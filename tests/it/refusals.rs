//! What a call is refused for whatever it is about: a version, an idempotency key, a body or a path that Stripe does not
//! take, empty texts, and the limits of metadata.

use serde_json::{Value, json};
use testcard::domain::call::api::{ApiResponse, HttpMethod};

use crate::support::{
    local::{Local, id},
    local_server::LocalServer,
    recorded,
};

#[track_caller]
fn error(answer: &ApiResponse) -> Value {
    answer.json().unwrap()["error"].take()
}

/// Sends a POST with one more header.
fn post_with(local: &mut Local, header: (&str, &str), path: &str, params: &[(&str, &str)]) -> ApiResponse {
    local.headers = vec![(header.0.to_owned(), header.1.to_owned())];
    let answer = local.send(HttpMethod::Post, path, params);
    local.headers.clear();
    answer
}

#[test]
fn a_version_that_stripe_does_not_have_is_refused_and_nothing_is_done() {
    let mut local = Local::new();
    let token = local.token("4242424242424242");
    let charge = [("amount", "500"), ("currency", "usd"), ("source", token.as_str())];
    for version in ["2019-2-19", "2025-09-30.acacia", "2024-10-28", "latest", ""] {
        let refused = post_with(&mut local, ("Stripe-Version", version), "/v1/charges", &charge);
        let message = format!("Invalid Stripe API version: {version}");
        assert_eq!(refused.http_status, 400);
        assert_eq!(error(&refused), json!({ "message": message, "type": "invalid_request_error" }), "{version}");
        for name in ["Request-Id", "Stripe-Version", "Idempotency-Key"] {
            assert_eq!(refused.header(name), None, "{version}");
        }
    }
    assert_eq!(post_with(&mut local, ("Stripe-Version", "2023-10-16; x=v1"), "/v1/charges", &charge).http_status, 200);
    let secret = post_with(&mut local, ("Stripe-Version", "4539578763621486"), "/v1/customers", &[]);
    assert!(!secret.text().contains("4539578763621486"), "{}", secret.text());
}

#[test]
fn an_idempotency_key_has_one_to_255_characters() {
    let mut local = Local::new();
    for length in [0, 256, 272] {
        let key = "k".repeat(length);
        let refused = post_with(&mut local, ("Idempotency-Key", &key), "/v1/customers", &[]);
        let error = error(&refused);
        assert_eq!((refused.http_status, &error["type"]), (400, &json!("idempotency_error")), "{length}");
        let message = format!(
            "Idempotent key length is {length} characters long, which is outside accepted lengths. Idempotent Keys must \
             be 1-255 characters long. If you're looking for a decent generator, try using a UUID defined by IETF RFC \
             4122."
        );
        assert_eq!(error["message"], message);
        assert_eq!((&error["code"], &error["param"]), (&Value::Null, &Value::Null));
    }
    for length in [1, 255] {
        let key = "k".repeat(length);
        let made = post_with(&mut local, ("Idempotency-Key", &key), "/v1/customers", &[]);
        assert_eq!((made.http_status, made.header("Idempotency-Key")), (200, Some(key.as_str())));
    }
    // Of a call that is no POST it is not read.
    local.headers = vec![("Idempotency-Key".to_owned(), String::new())];
    assert_eq!(local.get("/v1/customers", &[]).0, 200);
}

#[test]
fn a_refusal_for_what_the_objects_are_is_remembered_and_one_of_a_parameter_is_not() {
    let mut local = Local::new();
    let charge = |amount: &'static str| [("amount", amount), ("currency", "usd"), ("source", "tok_visa")];
    let made = id(&local.make("/v1/charges", &charge("500")));
    let refund = [("charge", made.as_str()), ("amount", "600")];
    let replayed = |answer: &ApiResponse| answer.header("Idempotent-Replayed").map(str::to_owned);
    let (first, again) = (
        post_with(&mut local, ("Idempotency-Key", "key-1"), "/v1/refunds", &refund),
        post_with(&mut local, ("Idempotency-Key", "key-1"), "/v1/refunds", &refund),
    );
    assert_eq!((first.http_status, replayed(&first), first.header("Stripe-Should-Retry")), (400, None, Some("false")));
    assert_eq!((again.text(), replayed(&again).as_deref()), (first.text(), Some("true")));
    assert_ne!(again.request_id(), first.request_id());
    assert_eq!(again.header("Original-Request"), first.request_id());
    let wrong = post_with(&mut local, ("Idempotency-Key", "key-2"), "/v1/charges", &charge("-1"));
    let right = post_with(&mut local, ("Idempotency-Key", "key-2"), "/v1/charges", &charge("500"));
    assert_eq!((wrong.http_status, wrong.header("Stripe-Should-Retry"), right.http_status), (400, None, 200));
}

#[test]
fn a_missing_object_is_told_as_its_version_tells_it() {
    let doc_url = "https://stripe.com/docs/error-codes/resource-missing";
    for (version, expected) in [
        ("2017-04-06", json!({ "type": "T", "message": "No such customer: cus_a", "param": "id" })),
        (
            "2018-05-21",
            json!({ "code": "C", "doc_url": doc_url, "message": "No such customer: cus_a", "param": "id", "type": "T" }),
        ),
        (
            "2014-12-08",
            json!({ "code": "C", "doc_url": doc_url, "message": "No such customer: 'cus_a'", "param": "id", "type": "T" }),
        ),
    ] {
        let mut local = Local::new();
        local.headers.push(("Stripe-Version".to_owned(), version.to_owned()));
        let answer = local.send(HttpMethod::Get, "/v1/customers/cus_a", &[]);
        let text = expected.to_string().replace(r#""T""#, r#""invalid_request_error""#);
        assert_eq!(error(&answer).to_string(), text.replace(r#""C""#, r#""resource_missing""#), "{version}");
    }
}

#[test]
fn the_older_page_of_a_call_names_connected_accounts_only() {
    let mut local = Local::new();
    local.headers.push(("Stripe-Version".to_owned(), "2023-10-16".to_owned()));
    let moment = local.now.as_second();
    for account in [None, Some("acct_1032D82eZvKYlo2C")] {
        local.headers.extend(account.map(|account| ("Stripe-Account".to_owned(), account.to_owned())));
        let answer = local.send(HttpMethod::Get, "/v1/customers/cus_a", &[]);
        let place = account.map(|account| format!("{account}/")).unwrap_or_default();
        let request = answer.request_id().unwrap();
        let url = format!("https://dashboard.stripe.com/{place}test/logs/{request}?t={moment}");
        assert_eq!(error(&answer)["request_log_url"], url);
    }
}

#[test]
fn a_path_without_its_id_says_what_is_wrong() {
    let mut local = Local::new();
    let hint = "If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, \
                make sure you passed a valid (non-empty) identifier in your code. ";
    for (method, path, hint) in [
        (HttpMethod::Get, "/v1/charges/", hint),
        (HttpMethod::Post, "/v1/charges/", hint),
        (HttpMethod::Delete, "/v1/customers/", hint),
        (HttpMethod::Post, "/v1/customers//sources", hint),
        (HttpMethod::Post, "/v1/charges//capture", hint),
        (HttpMethod::Get, "/v1/tokenz", ""),
        (HttpMethod::Delete, "/v1/charges/ch_1/refunds/re_1/x/y", ""),
    ] {
        let answer = local.send(method, path, &[]);
        let (method, error) = (method.as_str(), error(&answer));
        if path.contains("/x/y") {
            assert_eq!(answer.http_status, 404, "{path}");
            continue;
        }
        let message = format!(
            "Unrecognized request URL ({method}: {path}). {hint}Please see https://stripe.com/docs or we can help at \
             https://support.stripe.com/."
        );
        assert_eq!((answer.http_status, &error["message"]), (404, &json!(message)), "{path}");
        assert_eq!((&error["type"], &error["code"]), (&json!("invalid_request_error"), &Value::Null));
    }
}

#[test]
fn a_body_that_is_no_form_is_refused() {
    let server = LocalServer::start();
    for kind in ["application/json", "text/plain", "text/plain;charset=UTF-8", "multipart/form-data; boundary=x"] {
        let answer = server.send("POST", "/v1/customers", &[("name", "Jenny")], &[("Content-Type", kind)]);
        let message = "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you \
                       have any questions, we can help at https://support.stripe.com/.";
        assert_eq!(answer.status, 400, "{kind}");
        let error = json!({ "error": { "message": message, "type": "invalid_request_error" } });
        assert_eq!(answer.json(), error, "{kind}");
    }
    // The type of a body that is not there is not read: Stripe's SDK for Node sends one with every call.
    assert_eq!(server.send("GET", "/v1/customers", &[], &[("Content-Type", "application/json")]).status, 200);
}

#[test]
fn what_cannot_be_unset_cannot_be_empty() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let (update, sources) = (format!("/v1/customers/{customer}"), format!("/v1/customers/{customer}/sources"));
    let source = "Invalid source object: must be a dictionary or a non-empty string. See API docs at \
                  https://stripe.com/docs'";
    let charge = |param| [("amount", "500"), ("currency", "usd"), (param, "")];
    for (path, params, param) in [
        ("/v1/customers", vec![("source", "")], "source"),
        ("/v1/customers", vec![("card", "")], "card"),
        (&update, vec![("source", "")], "source"),
        (&update, vec![("default_source", "")], "default_source"),
        (&sources, vec![("source", "")], "source"),
        ("/v1/charges", charge("source").to_vec(), "source"),
        ("/v1/charges", charge("card").to_vec(), "card"),
        ("/v1/charges", charge("customer").to_vec(), "customer"),
        ("/v1/charges", vec![("amount", ""), ("currency", "usd")], "amount"),
        ("/v1/charges", vec![("amount", "500"), ("currency", "")], "currency"),
        ("/v1/refunds", vec![("charge", "")], "charge"),
    ] {
        let (status, body) = local.post(path, &params);
        let error = &body["error"];
        let (code, message) = if param == "source" {
            (Value::Null, source.to_owned())
        } else {
            let message = format!(
                "You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; \
                 however '{param}' cannot be unset. You should remove '{param}' from your request or supply a non-empty \
                 value."
            );
            (json!("parameter_invalid_empty"), message)
        };
        assert_eq!((status, &error["code"], &error["param"]), (400, &code, &json!(param)), "{path} {params:?}");
        assert_eq!(error["message"], message, "{path}");
    }
}

#[test]
fn metadata_are_fifty_texts_and_an_empty_one_takes_its_key_away() {
    let mut local = Local::new();
    let names: Vec<String> = (0..51).map(|nth| format!("metadata[key {nth}]")).collect();
    let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let (long_key, long_value) = (format!("metadata[{}]", "k".repeat(41)), "v".repeat(501));
    for (params, message) in [
        (all.clone(), "Metadata can have up to 50 keys, but you've set 51. Email us"),
        (
            vec![(long_key.as_str(), "x")],
            "Metadata keys can have up to 40 characters, but you passed in a key that is 41",
        ),
        (
            vec![("metadata[a]", long_value.as_str())],
            "Metadata values can have up to 500 characters, but you passed in a value that is 501",
        ),
        (vec![("metadata[a][b]", "x")], "Invalid value type: {\"b\"=>\"x\"} must be a string"),
        (vec![("metadata[a][]", "x")], "Invalid value type: [\"x\"] must be a string"),
        (vec![("metadata", "x")], "Invalid metadata: metadata must be a set of key-value pairs"),
    ] {
        let (status, body) = local.post("/v1/customers", &params);
        let error = &body["error"];
        assert_eq!((status, &error["code"], &error["param"]), (400, &Value::Null, &json!("metadata")), "{body}");
        assert!(error["message"].as_str().unwrap().starts_with(message), "{body}");
    }
    let made = local.make("/v1/customers", &all[..50]);
    assert_eq!(made["metadata"].as_object().unwrap().len(), 50);
    let path = format!("/v1/customers/{}", id(&made));
    let (status, _) = local.post(&path, &[("metadata[one more]", "x")]);
    assert_eq!(status, 400, "fifty are there already");
    let changed = local.make(&path, &[("metadata[key 0]", ""), ("metadata[one more]", "x"), ("metadata[none]", "")]);
    assert_eq!((&changed["metadata"]["one more"], changed["metadata"].get("key 0")), (&json!("x"), None));
    assert_eq!(local.make(&path, &[("metadata", "")])["metadata"], json!({}));
}

#[test]
fn a_text_that_is_too_long_is_shown_by_its_ends() {
    let mut local = Local::new();
    let name = format!("Lottery Requiem{}iting line", "x".repeat(256));
    let (status, body) = local.post("/v1/customers", &[("name", &name)]);
    let message = "Invalid string: Lottery Re...iting line; must be at most 256 characters";
    assert_eq!((status, &body["error"]["message"], &body["error"]["param"]), (400, &json!(message), &json!("name")));
    let number = format!("4539578763621486{}", " ".repeat(300));
    let (_, body) = local.post("/v1/customers", &[("name", &number)]);
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("Invalid string: 453957****..."), "{message}");
}

/// Whatever backends were recorded to call is played or refused by its name: never answered as if Stripe had no such call,
/// parameter or expansion.
#[test]
fn what_is_recorded_and_not_played_is_refused_by_name() {
    let mut local = Local::new();
    let calls = recorded::facts("calls.json");
    let (mut played, mut refused) = (0, 0);
    let mut check = |method: HttpMethod, path: &str, params: &[(&str, &str)], named: &str| {
        let answer = local.send(method, path, params);
        let message = error(&answer)["message"].as_str().unwrap_or_default().to_owned();
        let is_unknown = ["Unrecognized request URL", "Received unknown parameter", "This property cannot be expanded"];
        assert!(!is_unknown.iter().any(|start| message.starts_with(start)), "{path} {params:?}: {message}");
        let is_ours = message.starts_with("Testcard's local minter does not model");
        if is_ours {
            assert!(message.contains(named), "{path} {params:?}: {message}");
        }
        is_ours
    };
    for row in calls["rows"].as_array().unwrap() {
        let (method, route) = row["call"].as_str().unwrap().split_once(' ').unwrap();
        let (method, path): (HttpMethod, _) = (method.parse().unwrap(), route.replace(":id", "x_1"));
        if check(method, &path, &[], &format!("{} {path}.", method.as_str())) {
            refused += 1;
            continue;
        }
        played += 1;
        for name in row["params"].as_object().unwrap().keys() {
            let sent = name.replace("[]", "[0]").replace("[*]", "[a]");
            check(method, &path, &[(&sent, "1")], sent.split('[').next().unwrap());
        }
        for property in row["expand"].as_object().unwrap().keys() {
            check(method, &path, &[("expand[]", property)], property);
        }
    }
    assert!(played >= 30 && refused >= 15, "{played} played, {refused} refused");
    for path in [
        "/v1/payment_intents/pi_1/verify_microdeposits",
        "/v1/payment_intents/pi_1/apply_customer_balance",
        "/v1/setup_intents/seti_1/verify_microdeposits",
        "/v1/transfers",
        "/v1/transfers/tr_1/reversals",
        "/v1/payouts",
        "/v1/accounts",
        "/v1/account_links",
        "/v1/application_fees/fee_1/refunds",
    ] {
        assert!(check(HttpMethod::Post, path, &[], &format!("POST {path}.")), "{path}");
    }
    assert!(check(HttpMethod::Get, "/v1/mandates/mandate_1", &[], "GET /v1/mandates/mandate_1."));
}
