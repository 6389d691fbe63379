//! What no recording holds, but SDKs send and tests of other fakes compare with Stripe: case by case.

use serde_json::{Value, json};
use testcard::domain::call::api::HttpMethod;

use crate::support::local::{Local, id};

const MONEY: [(&str, &str); 2] = [("amount", "2000"), ("currency", "usd")];

/// A charge of an alias with more parameters.
#[track_caller]
fn charge(local: &mut Local, source: &str, more: &[(&str, &str)]) -> String {
    id(&local.make("/v1/charges", &[&MONEY[..], &[("source", source)], more].concat()))
}

/// Status, code, param and message of a refusal; null where there is none.
#[track_caller]
fn refusal((status, body): (u16, Value)) -> (u16, Value, Value, String) {
    let error = &body["error"];
    let message = error["message"].as_str().unwrap_or_else(|| panic!("no refusal: {body}")).to_owned();
    (status, error["code"].clone(), error["param"].clone(), message)
}

#[track_caller]
fn check(found: (u16, Value), status: u16, code: Option<&str>, param: Option<&str>, message: &str) {
    assert_eq!(refusal(found), (status, json!(code), json!(param), message.to_owned()));
}

#[test]
fn a_boolean_is_taken_as_each_sdk_writes_it() {
    for (word, is_captured) in [
        ("true", true),
        ("True", true),
        ("1", true),
        ("false", false),
        ("False", false),
        ("FALSE", false),
        ("0", false),
    ] {
        let mut local = Local::new();
        let charge = local.make("/v1/charges", &[&MONEY[..], &[("source", "tok_visa"), ("capture", word)]].concat());
        assert_eq!(charge["captured"], is_captured, "{word}");
        let refund =
            [("charge", charge["id"].as_str().unwrap()), ("reverse_transfer", word), ("refund_application_fee", word)];
        let status = local.post("/v1/refunds", &refund).0;
        assert_eq!(status, if is_captured { 400 } else { 200 }, "{word}: nothing was transferred");
    }
    let wrong = [&MONEY[..], &[("source", "tok_visa"), ("capture", "yes")]].concat();
    check(Local::new().post("/v1/charges", &wrong), 400, None, Some("capture"), "Invalid boolean: yes");
}

#[test]
fn a_list_without_elements_and_one_with_numbers_are_lists() {
    let mut local = Local::new();
    let customer = local.make("/v1/customers", &[("preferred_locales[0]", "en"), ("preferred_locales[1]", "de")]);
    assert_eq!(customer["preferred_locales"], json!(["en", "de"]));
    let path = format!("/v1/customers/{}", id(&customer));
    let changed = local.make(&path, &[("preferred_locales", ""), ("expand", "")]);
    assert_eq!(changed["preferred_locales"], json!([]));
    let token = local.token("4242424242424242");
    assert_eq!(local.get(&format!("/v1/tokens/{token}"), &[("expand", "")]).0, 200);
    check(local.post(&path, &[("preferred_locales", "de")]), 400, None, Some("preferred_locales"), "Invalid array");
    for amount in ["20.0", "2e3", "20,00", ""] {
        let sent = [("amount", amount), ("currency", "usd"), ("source", "tok_visa")];
        assert_eq!(local.post("/v1/charges", &sent).0, 400, "{amount}");
    }
}

#[test]
fn what_is_not_captured_is_a_refund() {
    let mut local = Local::new();
    let held = charge(&mut local, "tok_visa", &[("capture", "false")]);
    let path = format!("/v1/charges/{held}");
    let captured = local.make(&format!("{path}/capture"), &[("amount", "1500"), ("expand[]", "refunds")]);
    assert_eq!((&captured["captured"], &captured["amount"]), (&json!(true), &json!(2000)));
    assert_eq!((&captured["amount_captured"], &captured["amount_refunded"]), (&json!(1500), &json!(500)));
    assert_eq!(captured["refunded"], false, "not all of it");
    let refund = &captured["refunds"]["data"][0];
    assert_eq!((&refund["amount"], &refund["status"]), (&json!(500), &json!("succeeded")));
    assert_eq!((&refund["charge"], &refund["reason"]), (&json!(held), &Value::Null));
    for list in [format!("{path}/refunds"), "/v1/refunds".to_owned()] {
        assert_eq!(local.get(&list, &[]).1["data"], json!([refund]), "{list}");
    }
    assert_eq!(local.get(&format!("/v1/refunds/{}", id(refund)), &[]).1, *refund);
    let rest = local.make("/v1/refunds", &[("charge", &held)]);
    assert_eq!(rest["amount"], 1500);
    assert_eq!(local.get(&path, &[]).1["refunded"], true);
}

#[test]
fn a_whole_capture_refunds_nothing() {
    let mut local = Local::new();
    for amount in [&[][..], &[("amount", "2000")]] {
        let held = charge(&mut local, "tok_visa", &[("capture", "False")]);
        let captured = local.make(&format!("/v1/charges/{held}/capture"), amount);
        assert_eq!((&captured["amount_captured"], &captured["amount_refunded"]), (&json!(2000), &json!(0)));
    }
    assert_eq!(local.get("/v1/refunds", &[]).1["data"], json!([]));
}

#[test]
fn a_capture_that_cannot_be_is_refused_and_changes_nothing() {
    let mut local = Local::new();
    let held = charge(&mut local, "tok_visa", &[("capture", "false")]);
    let path = format!("/v1/charges/{held}/capture");
    let too_small = "Amount must be at least $0.50 usd";
    check(local.post(&path, &[("amount", "12")]), 400, Some("amount_too_small"), None, too_small);
    let too_much = "You cannot capture a charge for an amount greater than it already has.";
    check(local.post(&path, &[("amount", "2001")]), 400, None, Some("amount"), too_much);
    let wrong = "The statement descriptor cannot include *";
    let descriptor = [("amount", "1500"), ("statement_descriptor_suffix", "a*b")];
    check(local.post(&path, &descriptor), 400, None, Some("statement_descriptor_suffix"), wrong);
    let before = local.get(&format!("/v1/charges/{held}"), &[]).1;
    assert_eq!((&before["captured"], &before["amount_refunded"]), (&json!(false), &json!(0)));
    assert_eq!(local.get("/v1/refunds", &[]).1["data"], json!([]));

    local.make(&path, &[]);
    let twice = format!("Charge {held} has already been captured.");
    check(local.post(&path, &[]), 400, Some("charge_already_captured"), None, &twice);

    let reversed = charge(&mut local, "tok_visa", &[("capture", "false")]);
    local.make("/v1/refunds", &[("charge", &reversed)]);
    let gone = format!("Charge {reversed} has already been refunded.");
    let path = format!("/v1/charges/{reversed}/capture");
    check(local.post(&path, &[]), 400, Some("charge_already_refunded"), None, &gone);

    let expiring = charge(&mut local, "tok_visa", &[("capture", "false")]);
    let path = format!("/v1/charges/{expiring}/capture");
    local.now = local.now.saturating_add(jiff::SignedDuration::from_hours(7 * 24)).unwrap();
    assert_eq!(local.get(&format!("/v1/charges/{expiring}"), &[]).0, 200);
    local.now = local.now.saturating_add(jiff::SignedDuration::from_secs(1)).unwrap();
    let expired = "The charge cannot be captured as the authorization has expired. Auth and capture charges must be \
                   captured within seven days.";
    check(local.post(&path, &[]), 400, Some("charge_expired_for_capture"), None, expired);
}

#[test]
fn what_was_never_captured_is_reversed_as_a_whole_only() {
    let mut local = Local::new();
    let held = charge(&mut local, "tok_visa", &[("capture", "false")]);
    let partial = "You cannot partially refund an uncaptured charge. Instead, capture the charge for an amount less than \
                   the original amount";
    let sent = [("charge", held.as_str()), ("amount", "500")];
    check(local.post("/v1/refunds", &sent), 400, None, Some("amount"), partial);
    let refund = local.make("/v1/refunds", &[("charge", &held), ("amount", "2000"), ("metadata[a]", "b")]);
    assert_eq!((&refund["amount"], &refund["balance_transaction"]), (&json!(2000), &Value::Null));
    let charge = local.get(&format!("/v1/charges/{held}"), &[]).1;
    assert_eq!((&charge["refunded"], &charge["captured"]), (&json!(true), &json!(false)));
}

#[test]
fn a_refund_is_never_more_than_there_is() {
    let mut local = Local::new();
    let paid = charge(&mut local, "tok_visa", &[]);
    let mut refund = |amount: &str| local.post("/v1/refunds", &[("charge", &paid), ("amount", amount)]);
    let most = "Refund amount ($20.01) is greater than charge amount ($20.00)";
    check(refund("2001"), 400, None, Some("amount"), most);
    let digits = "Amount must be no more than $999,999.99 usd";
    check(refund("100000000"), 400, Some("amount_too_large"), Some("amount"), digits);
    assert_eq!(refund("500").0, 200);
    let left = "Refund amount ($16.00) is greater than unrefunded amount on charge ($15.00)";
    check(refund("1600"), 400, None, Some("amount"), left);
    assert_eq!(refund("1500").0, 200);
    let all = format!("Charge {paid} has already been refunded.");
    check(refund("1"), 400, Some("charge_already_refunded"), None, &all);
}

#[test]
fn what_does_not_exist_is_not_found() {
    use HttpMethod::{Delete, Get, Post};
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[("source", "tok_visa")]));
    let other = local.make("/v1/customers", &[("source", "tok_visa")]);
    let foreign = other["default_source"].as_str().unwrap().to_owned();
    let paid = charge(&mut local, "tok_visa", &[]);
    for (method, path, params, expected) in [
        (Get, "/v1/charges/ch_1".to_owned(), &[][..], (404, "id", "No such charge: 'ch_1'")),
        (Post, "/v1/charges/ch_1".to_owned(), &[], (404, "id", "No such charge: 'ch_1'")),
        (Post, "/v1/charges/ch_1/capture".to_owned(), &[], (404, "charge", "No such charge: 'ch_1'")),
        (Post, "/v1/charges/ch_1/refund".to_owned(), &[], (404, "charge", "No such charge: 'ch_1'")),
        (Post, "/v1/charges/ch_1/refunds".to_owned(), &[], (404, "charge", "No such charge: 'ch_1'")),
        (Get, "/v1/charges/ch_1/refunds".to_owned(), &[], (404, "charge", "No such charge: 'ch_1'")),
        (Get, format!("/v1/charges/{paid}/refunds/re_1"), &[], (404, "id", "No such refund: 're_1'")),
        (Post, "/v1/refunds".to_owned(), &[("charge", "ch_1")], (404, "id", "No such charge: 'ch_1'")),
        (Get, "/v1/refunds".to_owned(), &[("charge", "ch_1")], (400, "charge", "No such charge: 'ch_1'")),
        (Get, "/v1/refunds/re_1".to_owned(), &[], (404, "id", "No such refund: 're_1'")),
        (Get, "/v1/charges".to_owned(), &[("customer", "cus_1")], (400, "customer", "No such customer: 'cus_1'")),
        (Get, "/v1/customers/cus_1".to_owned(), &[], (404, "id", "No such customer: 'cus_1'")),
        (Delete, "/v1/customers/cus_1".to_owned(), &[], (404, "id", "No such customer: 'cus_1'")),
        (Get, "/v1/customers/cus_1/sources".to_owned(), &[], (404, "customer", "No such customer: 'cus_1'")),
        (Get, format!("/v1/customers/{customer}/sources/card_1"), &[], (404, "id", "No such source: 'card_1'")),
        (
            Post,
            format!("/v1/customers/{customer}"),
            &[("default_source", "card_1")],
            (400, "source", "No such source: 'card_1'"),
        ),
    ] {
        let (status, code, param, message) = {
            let answer = local.send(method, &path, params);
            refusal((answer.http_status, answer.json().unwrap()))
        };
        let about = format!("{} {path}", method.as_str());
        assert_eq!((status, param, message.as_str()), (expected.0, json!(expected.1), expected.2), "{about}");
        assert_eq!(code, "resource_missing", "{about}");
    }
    let sent = [&MONEY[..], &[("customer", &*customer), ("source", &*foreign)]].concat();
    let message = format!("Customer {customer} does not have a linked source with ID {foreign}.");
    check(local.post("/v1/charges", &sent), 404, Some("missing"), Some("source"), &message);
    // Its own card is found by the same way, and of a customer that is gone its charges are listed still.
    let own = local.get(&format!("/v1/customers/{customer}"), &[]).1["default_source"].as_str().unwrap().to_owned();
    local.make("/v1/charges", &[&MONEY[..], &[("customer", &*customer), ("source", &*own)]].concat());
    assert_eq!(local.delete(&format!("/v1/customers/{customer}")).0, 200);
    let charges = local.get("/v1/charges", &[("customer", &customer)]).1;
    assert_eq!(charges["data"].as_array().unwrap().len(), 1);
}

#[test]
fn what_the_account_has_none_of_is_expanded_to_nothing() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[("source", "tok_visa")]));
    let path = format!("/v1/customers/{customer}");
    for list in ["subscriptions", "tax_ids"] {
        let (status, body) =
            local.get(&path, &[("expand[]", list), ("expand[]", &format!("{list}.data.latest_invoice"))]);
        assert_eq!(status, 200, "{body}");
        assert_eq!((&body[list]["object"], &body[list]["data"]), (&json!("list"), &json!([])), "{list}");
        assert_eq!(body[list]["url"], format!("{path}/{list}"));
    }
    let body = local.get(&path, &[("expand[]", "cash_balance")]).1;
    assert_eq!(body.get("cash_balance"), Some(&Value::Null));
    let paid = charge(&mut local, "tok_visa", &[]);
    let charge_path = format!("/v1/charges/{paid}");
    let plain = local.get(&charge_path, &[]).1;
    for property in [
        "application",
        "application_fee",
        "application_fee.balance_transaction",
        "application_fee.refunds.data.balance_transaction",
        "destination",
        "failure_balance_transaction",
        "invoice",
        "invoice.subscription",
        "on_behalf_of",
        "order",
        "outcome",
        "outcome.rule",
        "payment_intent",
        "payment_method_details.card.mandate",
        "review",
        "source",
        "source_transfer",
        "transfer",
        "transfer.reversals.data.balance_transaction",
        "transfer_data.destination",
    ] {
        let (status, body) = local.get(&charge_path, &[("expand[]", property)]);
        assert_eq!((status, &body), (200, &plain), "{property}");
    }
    for property in ["invoice_settings.default_payment_method", "discount", "test_clock", "default_source.account"] {
        assert_eq!(local.get(&path, &[("expand[]", property)]).0, 200, "{property}");
    }
    let refund = id(&local.make("/v1/refunds", &[("charge", &paid)]));
    for property in ["payment_intent", "transfer_reversal", "source_transfer_reversal", "failure_balance_transaction"] {
        assert_eq!(local.get(&format!("/v1/refunds/{refund}"), &[("expand[]", property)]).0, 200, "{property}");
    }
}

#[test]
fn what_is_expanded_nowhere_is_refused_also_where_there_is_nothing_to_expand() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let paid = charge(&mut local, "tok_visa", &[]);
    for (path, property) in [
        ("/v1/refunds".to_owned(), "data.colour"),
        (format!("/v1/customers/{customer}"), "email"),
        (format!("/v1/customers/{customer}/sources"), "data.brand"),
        (format!("/v1/charges/{paid}"), "customer.colour"),
        (format!("/v1/charges/{paid}"), "amount"),
    ] {
        let message = format!("This property cannot be expanded ({property}).");
        check(local.get(&path, &[("expand[]", property)]), 400, None, None, &message);
    }
    let customer = format!("/v1/customers/{customer}");
    let message = "This property cannot be expanded (colour).";
    check(local.get(&customer, &[("expand[]", "colour.shade")]), 400, None, None, message);
    let message = "Testcard's local minter does not model 'tax', so it cannot expand it.";
    check(local.get(&customer, &[("expand[]", "tax")]), 400, None, None, message);
}

#[test]
fn what_is_asked_of_a_list_is_to_be_asked_of_its_data() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[]));
    let sources = format!("/v1/customers/{customer}/sources");
    for (path, asked, name) in [
        ("/v1/charges", "customer", "customer"),
        ("/v1/charges", "colour", "colour"),
        ("/v1/refunds", "charge.customer", "charge"),
        (sources.as_str(), "customer", "customer"),
    ] {
        let message =
            format!("This property cannot be expanded ({name}). You may want to try expanding 'data.{name}' instead.");
        check(local.get(path, &[("expand[]", asked)]), 400, None, None, &message);
    }
    assert_eq!(local.get("/v1/charges", &[("expand[]", "data")]).0, 200);
    let deep = "data.refunds.data.charge.customer";
    let message = format!("You cannot expand more than 4 levels of a property. Property: {deep}");
    let (status, body) = local.get("/v1/charges", &[("expand[]", deep)]);
    assert_eq!((status, &body["error"]["code"]), (400, &json!("property_expansion_max_depth")));
    assert_eq!((&body["error"]["message"], &body["error"]["doc_url"]), (&json!(message), &Value::Null));
}

#[test]
fn a_deleted_customer_is_expanded_as_one() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[("source", "tok_visa")]));
    let paid = id(&local.make("/v1/charges", &[&MONEY[..], &[("customer", &customer)]].concat()));
    local.delete(&format!("/v1/customers/{customer}"));
    let gone = json!({ "id": customer, "object": "customer", "deleted": true });
    for property in ["customer", "customer.default_source", "customer.sources"] {
        let (status, charge) = local.get(&format!("/v1/charges/{paid}"), &[("expand[]", property)]);
        assert_eq!((status, charge["customer"].to_string()), (200, gone.to_string()), "{property}");
    }
    let listed = local.get("/v1/charges", &[("expand[]", "data.customer")]).1;
    assert_eq!(listed["data"][0]["customer"], gone);
}

#[test]
fn what_is_expanded_keeps_the_order_of_the_fields() {
    let mut local = Local::new();
    let paid = charge(&mut local, "tok_visa", &[]);
    let path = format!("/v1/charges/{paid}");
    let plain = local.get(&path, &[]).1;
    let expanded = local.get(&path, &[("expand[]", "source.customer"), ("expand[]", "customer")]).1;
    assert_eq!(expanded.to_string(), plain.to_string(), "there is nothing to expand");
}

#[test]
fn a_decline_and_its_charge_give_the_same_advice_in_every_version() {
    for (version, gives_advice) in [
        (None, true),
        (Some("2015-10-16"), false),
        (Some("2019-02-19"), true),
        (Some("2019-08-14"), false),
        (Some("2020-08-27"), true),
        (Some("2023-10-16"), false),
        (Some("2024-04-10"), true),
        (Some("2026-06-24.dahlia"), true),
    ] {
        let mut local = Local::new();
        local.headers.extend(version.map(|version| ("Stripe-Version".to_owned(), version.to_owned())));
        let charge = [("amount", "500"), ("currency", "usd"), ("source", "tok_visa_chargeDeclinedInsufficientFunds")];
        let error = local.post("/v1/charges", &charge).1["error"].take();
        let charge = local.get(&format!("/v1/charges/{}", error["charge"].as_str().unwrap()), &[]).1;
        for name in ["advice_code", "network_advice_code", "network_decline_code"] {
            assert_eq!(error[name], charge["outcome"][name], "{version:?} {name}");
            assert_eq!(error[name].is_string(), gives_advice, "{version:?} {name}");
        }
        let attached = local.post("/v1/customers", &[("source", "tok_visa_chargeDeclinedInsufficientFunds")]).1;
        assert_eq!(attached["error"]["advice_code"], error["advice_code"], "{version:?}");
    }
}

#[test]
fn the_balance_is_what_all_transactions_come_to() {
    let mut local = Local::new();
    let balance = |local: &mut Local| local.get("/v1/balance", &[]).1;
    let amount = |amount: i64, currency: &str| json!({ "amount": amount, "currency": currency, "source_types": { "card": amount } });
    let none = balance(&mut local);
    let expected = json!({
        "object": "balance",
        "available": [amount(0, "usd")],
        "instant_available": [amount(0, "usd")],
        "livemode": false,
        "pending": [amount(0, "usd")],
    });
    assert_eq!(none, expected);

    let paid = charge(&mut local, "tok_visa", &[]);
    charge(&mut local, "tok_visa", &[("capture", "false")]);
    local.post("/v1/charges", &[("amount", "2000"), ("currency", "usd"), ("source", "tok_chargeDeclined")]);
    charge(&mut local, "tok_bypassPending", &[]);
    local.make("/v1/charges", &[("amount", "1000"), ("currency", "eur"), ("source", "tok_visa")]);
    local.make("/v1/refunds", &[("charge", &paid), ("amount", "500")]);
    let pending = balance(&mut local);
    assert_eq!(pending["available"], json!([amount(1912, "usd"), amount(0, "eur")]));
    assert_eq!(pending["pending"], json!([amount(1912 - 500, "usd"), amount(941, "eur")]));
    assert_eq!(pending["instant_available"], json!([amount(1912 + 1912 - 500, "usd")]));

    local.now = local.now.saturating_add(jiff::SignedDuration::from_hours(48)).unwrap();
    let settled = balance(&mut local);
    assert_eq!(settled["available"], json!([amount(1912 + 1912 - 500, "usd"), amount(941, "eur")]));
    assert_eq!(settled["pending"], json!([amount(0, "usd"), amount(0, "eur")]));

    // A dispute takes more than its charge brought.
    let disputed = charge(&mut local, "tok_createDispute", &[]);
    local.get(&format!("/v1/charges/{disputed}"), &[]);
    let after = balance(&mut local);
    assert_eq!(after["available"][0], amount(1912 + 1912 - 500 - 3500, "usd"));
    let all = local.get("/v1/balance_transactions", &[("limit", "100"), ("currency", "usd")]).1;
    let nets = all["data"].as_array().unwrap().iter().map(|transaction| transaction["net"].as_i64().unwrap());
    let shown = |part: &str| after[part][0]["amount"].as_i64().unwrap();
    assert_eq!(nets.sum::<i64>(), shown("available") + shown("pending"));
    charge(&mut local, "tok_createDispute", &[]);
    local.now = local.now.saturating_add(jiff::SignedDuration::from_hours(48)).unwrap();
    let owed = balance(&mut local);
    assert_eq!(owed["available"][0]["amount"], 1912 + 1912 - 500 + 2 * (1912 - 3500));
    assert_eq!(owed["instant_available"][0]["amount"], 148);
}

#[test]
fn the_balance_of_more_than_a_page_of_charges_counts_each_once() {
    let mut local = Local::new();
    for _ in 0..2001 {
        charge(&mut local, "tok_visa", &[]);
    }
    assert_eq!(local.get("/v1/balance", &[]).1["pending"][0]["amount"], 2001 * 1912);
}

#[test]
fn only_a_connected_account_shows_what_an_instant_payout_brings_it() {
    let mut local = Local::new();
    charge(&mut local, "tok_visa", &[]);
    let net = [("expand[]", "instant_available.net_available")];
    let (status, refused) = local.get("/v1/balance", &net);
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(status == 400 && message.contains("of a connected account"), "{message}");
    local.headers = vec![("Stripe-Account".to_owned(), "acct_1032D82eZvKYlo2C".to_owned())];
    let (status, shown) = local.get("/v1/balance", &net);
    assert_eq!((status, &shown["instant_available"][0]["net_available"]), (200, &json!([])));
    assert_eq!(shown["pending"][0]["amount"], 0, "its own balance");
    assert_eq!(local.get("/v1/balance", &[]).1["instant_available"][0].get("net_available"), None);
    assert_eq!(local.get("/v1/balance", &[("limit", "1")]).0, 400);
    assert_eq!(local.get("/v1/balance", &[("expand[]", "nothing")]).0, 400);
}

#[test]
fn the_account_is_the_one_that_the_minter_plays_and_no_connected_one() {
    let mut local = Local::new();
    let (status, account) = local.get("/v1/account", &[("expand[]", "settings")]);
    assert_eq!((status, &account["id"]), (200, &json!(local.workspace.account_id())));
    assert_eq!((&account["default_currency"], &account["country"]), (&json!("usd"), &json!("US")));
    let paid = charge(&mut local, "tok_visa", &[]);
    let charge = local.get(&format!("/v1/charges/{paid}"), &[("expand[]", "balance_transaction")]).1;
    let payments = &account["settings"]["payments"];
    assert_eq!(charge["calculated_statement_descriptor"], payments["statement_descriptor"]);
    let days = |name: &str| charge["balance_transaction"][name].as_i64().unwrap() / (24 * 60 * 60);
    let delay = account["settings"]["payouts"]["schedule"]["delay_days"].as_i64().unwrap();
    assert_eq!(days("available_on") - days("created"), delay);
    local.headers = vec![("Stripe-Account".to_owned(), "acct_1032D82eZvKYlo2C".to_owned())];
    let (status, refused) = local.get("/v1/account", &[]);
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(status == 404 && message.starts_with("Testcard's local minter does not model"), "{message}");
    local.headers = vec![("Stripe-Account".to_owned(), account["id"].as_str().unwrap().to_owned())];
    assert_eq!(local.get("/v1/account", &[]), (200, account));
}

#[test]
fn a_balance_transaction_is_expanded_where_one_is_named() {
    let mut local = Local::new();
    let paid = charge(&mut local, "tok_visa", &[("description", "Shoes")]);
    let path = format!("/v1/charges/{paid}");
    let named = local.get(&path, &[]).1["balance_transaction"].clone();
    let transaction = local.get(&path, &[("expand[]", "balance_transaction")]).1["balance_transaction"].clone();
    assert_eq!((&transaction["id"], &transaction["object"]), (&named, &json!("balance_transaction")));
    assert_eq!((&transaction["amount"], &transaction["fee"]), (&json!(2000), &json!(88)));
    assert_eq!((&transaction["net"], &transaction["status"]), (&json!(1912), &json!("pending")));
    assert_eq!((&transaction["source"], &transaction["description"]), (&json!(paid), &json!("Shoes")));
    assert_eq!(transaction["fee_details"][0]["amount"], 88);
    // Recorded alike in 2023, 2024 and 2025, at three versions.
    let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<Vec<String>>().join(" ");
    assert_eq!(
        names(&transaction),
        "id object amount available_on created currency description exchange_rate fee fee_details net \
         reporting_category source status type"
    );
    assert_eq!(names(&transaction["fee_details"][0]), "amount application currency description type");
    let listed = local.get("/v1/charges", &[("expand[]", "data.balance_transaction")]).1;
    assert_eq!(listed["data"][0]["balance_transaction"], transaction);

    let refund =
        local.make("/v1/refunds", &[("charge", &paid), ("amount", "500"), ("expand[]", "balance_transaction")]);
    let back = &refund["balance_transaction"];
    assert_eq!((&back["amount"], &back["fee"], &back["net"]), (&json!(-500), &json!(0), &json!(-500)));
    assert_eq!((&back["type"], &back["description"]), (&json!("refund"), &json!("REFUND FOR CHARGE (Shoes)")));
    let deep = [("expand[]", "refunds.data.balance_transaction"), ("expand[]", "balance_transaction.source")];
    let deep = local.get(&path, &deep).1;
    assert_eq!(deep["refunds"]["data"][0]["balance_transaction"], *back);
    assert_eq!(deep["balance_transaction"]["source"]["id"], json!(paid));

    let held = charge(&mut local, "tok_visa", &[("capture", "false")]);
    let body = local.get(&format!("/v1/charges/{held}"), &[("expand[]", "balance_transaction")]).1;
    assert_eq!(body["balance_transaction"], Value::Null, "nothing has come yet");
    let at_once = charge(&mut local, "tok_bypassPending", &[]);
    let body = local.get(&format!("/v1/charges/{at_once}"), &[("expand[]", "balance_transaction")]).1;
    assert_eq!(body["balance_transaction"]["status"], "available");
    local.now = local.now.saturating_add(jiff::SignedDuration::from_hours(48)).unwrap();
    let body = local.get(&path, &[("expand[]", "balance_transaction")]).1;
    assert_eq!(body["balance_transaction"]["status"], "available");
}

#[test]
fn other_kinds_are_refused_by_name_and_listed_as_none() {
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[("source", "tok_visa")]));
    let sources = format!("/v1/customers/{customer}/sources");
    for kind in ["bank_account", "source", "alipay_account"] {
        let list = local.get(&sources, &[("object", kind), ("limit", "3")]).1;
        assert_eq!((&list["data"], &list["has_more"]), (&json!([]), &json!(false)), "{kind}");
    }
    assert_eq!(local.get(&sources, &[("object", "card")]).1["data"].as_array().unwrap().len(), 1);
    for (path, name, value) in [
        ("/v1/tokens", "bank_account[country]", "US"),
        ("/v1/tokens", "pii[id_number]", "000000000"),
        ("/v1/tokens", "person[first_name]", "Jenny"),
        ("/v1/tokens", "account[business_type]", "company"),
        ("/v1/tokens", "cvc_update[cvc]", "314"),
        ("/v1/payment_methods", "sepa_debit[iban]", "DE89370400440532013000"),
        ("/v1/payment_methods", "us_bank_account[account_number]", "000123456789"),
        ("/v1/payment_methods", "klarna[dob][day]", "1"),
        ("/v1/payment_methods", "type", "sepa_debit"),
        ("/v1/customers", "plan", "gold"),
        ("/v1/customers", "trial_end", "now"),
        ("/v1/customers", "source", "btok_us_verified"),
        (sources.as_str(), "source", "src_1"),
        (sources.as_str(), "bank_account[country]", "US"),
    ] {
        let (status, code, _, message) = refusal(local.post(path, &[(name, value)]));
        assert_eq!((status, code), (400, Value::Null), "{path} {name}");
        assert!(message.starts_with("Testcard's local minter"), "{path} {name}: {message}");
    }
}

#[test]
fn older_paths_lead_to_the_same_objects() {
    let mut local = Local::new();
    let paid = charge(&mut local, "tok_visa", &[]);
    let path = format!("/v1/charges/{paid}");
    let refund = local.make(&format!("{path}/refunds"), &[("amount", "500"), ("expand[]", "charge")]);
    assert_eq!((&refund["object"], &refund["charge"]["id"]), (&json!("refund"), &json!(paid)));
    let of_charge = format!("{path}/refunds/{}", id(&refund));
    assert_eq!(local.get(&of_charge, &[]).1["amount"], 500);
    assert_eq!(local.make(&of_charge, &[("metadata[a]", "b")])["metadata"], json!({ "a": "b" }));
    let other = charge(&mut local, "tok_visa", &[]);
    let foreign = format!("/v1/charges/{other}/refunds/{}", id(&refund));
    assert_eq!(local.get(&foreign, &[]).0, 404, "the refund of another charge");
    let whole = local.make(&format!("{path}/refund"), &[]);
    assert_eq!((&whole["object"], &whole["refunded"]), (&json!("charge"), &json!(true)));
    let named = local.post(&format!("{path}/refunds"), &[("charge", "ch_1")]);
    check(named, 400, Some("parameter_unknown"), Some("charge"), "Received unknown parameter: charge");

    let customer = id(&local.make("/v1/customers", &[]));
    let cards = format!("/v1/customers/{customer}/cards");
    let token = local.token("4242424242424242");
    let card = id(&local.make(&cards, &[("card", &token)]));
    assert_eq!(local.get(&format!("/v1/tokens/{token}"), &[]).1["used"], true);
    let list = local.get(&cards, &[]).1;
    assert_eq!((&list["data"][0]["id"], &list["url"]), (&json!(card), &json!(cards)));
    let path = format!("{cards}/{card}");
    assert_eq!(local.make(&path, &[("name", "Jenny")])["name"], "Jenny");
    assert_eq!(local.get(&path, &[]).1["name"], "Jenny");
    assert_eq!(local.delete(&path).1["deleted"], true);
    assert_eq!(local.get(&path, &[]).0, 404);
}

#[test]
fn a_customer_has_the_id_that_its_maker_chose() {
    let mut local = Local::new();
    assert_eq!(id(&local.make("/v1/customers", &[("id", "cus_of_jenny")])), "cus_of_jenny");
    assert_eq!(local.get("/v1/customers/cus_of_jenny", &[]).0, 200);
    let again = local.post("/v1/customers", &[("id", "cus_of_jenny")]);
    check(again, 400, Some("resource_already_exists"), None, "Customer already exists.");
    local.delete("/v1/customers/cus_of_jenny");
    assert_eq!(local.post("/v1/customers", &[("id", "cus_of_jenny")]).0, 400, "the id of a deleted one is not free");
    let old = local.make("/v1/customers", &[("account_balance", "-500")]);
    assert_eq!(old["balance"], -500);
}

#[test]
fn an_alias_can_be_blocked_otherwise_than_its_card() {
    for (alias, reason, message) in [
        ("tok_radarBlock", "highest_risk_level", "Stripe blocked this payment as too risky."),
        ("tok_chargeDeclinedFraudulent", "merchant_blacklist", "Stripe blocked this payment."),
    ] {
        let mut local = Local::new();
        let (status, body) = local.post("/v1/charges", &[&MONEY[..], &[("source", alias)]].concat());
        assert_eq!((status, &body["error"]["decline_code"]), (402, &json!("fraudulent")), "{alias}");
        let failed = local.get(&format!("/v1/charges/{}", body["error"]["charge"].as_str().unwrap()), &[]).1;
        let outcome = &failed["outcome"];
        assert_eq!((&outcome["reason"], &outcome["seller_message"]), (&json!(reason), &json!(message)), "{alias}");
        assert_eq!((&outcome["type"], &outcome["risk_level"]), (&json!("blocked"), &json!("highest")), "{alias}");
    }
}

#[test]
fn a_descriptor_has_stripes_rules_and_shows_on_the_statement() {
    let mut local = Local::new();
    let plain = local.make("/v1/charges", &[&MONEY[..], &[("source", "tok_visa")]].concat());
    assert_eq!(plain["calculated_statement_descriptor"], "Stripe");
    for param in ["statement_descriptor", "statement_descriptor_suffix"] {
        for (text, message) in [
            ("123", "The statement descriptor must contain at least one Latin character."),
            ("a<b", "The statement descriptor cannot include <"),
            (
                "twenty-three characters",
                "The statement descriptor must be at most 22 characters. twenty-three characters is 23 characters long.",
            ),
        ] {
            let sent = [&MONEY[..], &[("source", "tok_visa"), (param, text)]].concat();
            check(local.post("/v1/charges", &sent), 400, None, Some(param), message);
        }
        let sent = [&MONEY[..], &[("source", "tok_visa"), (param, "ccc")]].concat();
        let charge = local.make("/v1/charges", &sent);
        assert_eq!(
            (&charge[param], &charge["calculated_statement_descriptor"]),
            (&json!("ccc"), &json!("Stripe* ccc"))
        );
    }
    let held = charge(&mut local, "tok_visa", &[("capture", "false")]);
    let captured = local.make(&format!("/v1/charges/{held}/capture"), &[("statement_descriptor_suffix", "Order 6")]);
    assert_eq!(captured["calculated_statement_descriptor"], "Stripe* Order 6");
    assert_eq!(local.get("/v1/charges", &[]).1["data"].as_array().unwrap().len(), 4, "what was refused made nothing");
}

#[test]
fn some_cards_dispute_every_charge_right_after_it() {
    for (alias, is_disputed, can_be_refunded) in [
        ("tok_createDispute", true, false),
        ("tok_createDisputeProductNotReceived", true, false),
        ("tok_createDisputeInquiry", true, true),
        ("tok_createMultipleDisputes", true, false),
        ("tok_createIssuerFraudRecord", false, true),
        ("tok_visa", false, true),
    ] {
        let mut local = Local::new();
        let made = local.make("/v1/charges", &[&MONEY[..], &[("source", alias)]].concat());
        assert_eq!(made["disputed"], false, "{alias}: not yet, in the answer that made it");
        let charge = id(&made);
        let kept = local.get(&format!("/v1/charges/{charge}"), &[]).1;
        assert_eq!(kept["disputed"], is_disputed, "{alias}");
        let dispute = kept.get("dispute").and_then(Value::as_str);
        assert_eq!(dispute.is_some_and(|id| id.starts_with("du_1")), is_disputed, "{alias}");
        let refund = local.post("/v1/refunds", &[("charge", &charge)]);
        if can_be_refunded {
            assert_eq!(refund.0, 200, "{alias}");
        } else {
            let message = format!("Charge {charge} has been charged back; cannot issue a refund.");
            check(refund, 400, Some("charge_disputed"), None, &message);
        }
    }
    // What is only authorized is disputed when it is captured; a customer's card does the same as its token.
    let mut local = Local::new();
    let customer = id(&local.make("/v1/customers", &[("source", "tok_createDispute")]));
    let held =
        id(&local.make("/v1/charges", &[&MONEY[..], &[("customer", &*customer), ("capture", "false")]].concat()));
    let path = format!("/v1/charges/{held}");
    assert_eq!(local.get(&path, &[]).1["disputed"], false);
    assert_eq!(local.make(&format!("{path}/capture"), &[])["disputed"], false);
    assert_eq!(local.get(&path, &[]).1["disputed"], true);
}

#[test]
fn a_transfer_group_is_a_word_that_charges_are_listed_by() {
    let mut local = Local::new();
    let mut ids = Vec::new();
    for number in 0..7 {
        let group = if number % 3 == 0 { "shoes" } else { "hats" };
        ids.push(charge(&mut local, "tok_visa", &[("transfer_group", group)]));
    }
    let shoes = [&ids[6], &ids[3], &ids[0]];
    let mut list = |params: &[(&str, &str)]| {
        let body = local.get("/v1/charges", &[&[("transfer_group", "shoes")][..], params].concat()).1;
        let data = body["data"].as_array().unwrap().iter().map(id).collect::<Vec<_>>();
        (data, body["has_more"].as_bool().unwrap())
    };
    let of = |charges: &[&String]| charges.iter().map(|id| (*id).clone()).collect::<Vec<_>>();
    assert_eq!(list(&[]), (of(&shoes), false));
    assert_eq!(list(&[("limit", "1")]), (of(&shoes[..1]), true));
    assert_eq!(list(&[("limit", "2")]), (of(&shoes[..2]), true));
    assert_eq!(list(&[("limit", "1"), ("starting_after", shoes[0])]), (of(&shoes[1..2]), true));
    assert_eq!(list(&[("limit", "1"), ("starting_after", shoes[1])]), (of(&shoes[2..]), false));
    assert_eq!(list(&[("limit", "1"), ("ending_before", shoes[2])]), (of(&shoes[1..2]), true));
    assert_eq!(list(&[("limit", "2"), ("ending_before", shoes[2])]), (of(&shoes[..2]), false));
    assert_eq!(list(&[("limit", "1"), ("ending_before", shoes[0])]), (Vec::new(), false));
    let none = local.get("/v1/charges", &[("transfer_group", "socks")]).1;
    assert_eq!((&none["data"], &none["has_more"]), (&json!([]), &json!(false)));
}

#[test]
fn nothing_is_given_back_that_was_never_transferred() {
    let mut local = Local::new();
    let paid = charge(&mut local, "tok_visa", &[]);
    let none = format!("Cannot reverse transfer on charge {paid} because it does not have an associated transfer.");
    let sent = [("charge", paid.as_str()), ("reverse_transfer", "true")];
    check(local.post("/v1/refunds", &sent), 400, None, Some("reverse_transfer"), &none);
    let none = format!("Attempting to refund_application_fee on {paid}, but it has no application fee");
    let sent = [("charge", paid.as_str()), ("refund_application_fee", "true")];
    check(local.post("/v1/refunds", &sent), 400, None, Some("refund_application_fee"), &none);
    let sent = [("charge", paid.as_str()), ("refund_application_fee", "false"), ("reverse_transfer", "false")];
    assert_eq!(local.make("/v1/refunds", &sent)["amount"], 2000);
}
