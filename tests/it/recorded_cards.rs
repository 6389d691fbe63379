//! Each test card shows what recordings of Stripe show of it: brand, funding, country, networks, the checks at creation
//! and after the bank saw it, and how its charge came out.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testcard::domain::{card::test_cards, rules::policies::AccountPolicies};

use crate::support::{
    local::{Local, id},
    recorded::{Agreement, Differences, Share, facts},
};

/// A version as a call can name it. Answers of 2013 named none.
fn version_of(row: &Value) -> &str {
    match row["version"].as_str().unwrap() {
        "none" => "2013-12-03",
        version => version,
    }
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_else(|| panic!("{key} in {row}"))
}

/// What the recording shows of a check; a payment method has its checks in a part of their own.
fn check_of(values: &Value, name: &str, name_of_part: &str) -> Value {
    let part = &values["checks"][name_of_part];
    if part.is_null() { values[name].clone() } else { part.clone() }
}

/// An account that answers in the row's version.
fn local_of(row: &Value, policies: AccountPolicies) -> Local {
    let mut local = Local { policies, ..Local::new() };
    local.headers.push(("Stripe-Version".to_owned(), version_of(row).to_owned()));
    local
}

/// The source of the row's card: a ready token itself, or a new one with what was sent for the recording.
fn source_of(local: &mut Local, row: &Value) -> String {
    let card = text(row, "card");
    if card.starts_with("tok_") {
        return card.to_owned();
    }
    let number = test_cards::by_alias(card).map_or(card, |card| &card.number);
    let mut sent = vec![("card[number]", number), ("card[exp_month]", "5"), ("card[exp_year]", "2030")];
    let values = &row["values"];
    let is_sent = |check: Value| !check.is_null();
    // A decline shows no checks; everything was sent for it. An outcome does not tell.
    let is_told = values.get("cvc_check").is_some() || values.get("checks").is_some();
    if !is_told || is_sent(check_of(values, "cvc_check", "cvc_check")) {
        sent.push(("card[cvc]", "314"));
    }
    if !is_told || is_sent(check_of(values, "address_zip_check", "address_postal_code_check")) {
        sent.push(("card[address_zip]", "94105"));
    }
    if let Some(currency) = values["currency"].as_str() {
        sent.push(("card[currency]", currency));
    }
    id(&local.make("/v1/tokens", &sent))
}

/// The charge of a source, be it that it failed.
fn charge_of(local: &mut Local, source: &str) -> Value {
    let (status, body) = local
        .post("/v1/charges", &[("amount", "100"), ("currency", "usd"), ("source", source), ("expand[]", "source")]);
    if status == 200 {
        return body;
    }
    let charge = body["error"]["charge"].as_str().unwrap_or_else(|| panic!("{source}: {body}")).to_owned();
    local.get(&format!("/v1/charges/{charge}"), &[]).1
}

/// What the minter shows at the row's place.
fn shown(row: &Value) -> Value {
    let local = &mut local_of(row, AccountPolicies::default());
    let source = source_of(local, row);
    match text(row, "place") {
        "token.card" if row["values"]["cvc_check"] == "pass" => copied(local, &source),
        "token.card" => local.get(&format!("/v1/tokens/{source}"), &[]).1["card"].take(),
        "card of a customer" => {
            let customer = id(&local.make("/v1/customers", &[]));
            local.make(&format!("/v1/customers/{customer}/sources"), &[("source", &source)])
        }
        "charge.source" => charge_of(local, &source)["source"].take(),
        "charge.payment_method_details.card" => charge_of(local, &source)["payment_method_details"]["card"].take(),
        "charge" => {
            let mut charge = charge_of(local, &source);
            let mut outcome = charge["outcome"].take();
            for field in ["status", "failure_code", "failure_message"] {
                outcome[format!("charge.{field}")] = charge[field].take();
            }
            outcome
        }
        "payment_method.card" => {
            let mut method = local.make("/v1/payment_methods", &[("type", "card"), ("card[token]", &source)]);
            let is_fresh = row["values"]["checks"]
                .as_object()
                .unwrap()
                .values()
                .all(|check| matches!(check.as_str(), None | Some("unchecked")));
            if !is_fresh {
                // Its card is checked at a charge as at an attach, and at a charge also where Radar blocks it.
                let again = source_of(local, row);
                method["card"]["checks"] = charge_of(local, &again)["payment_method_details"]["card"]["checks"].take();
            }
            method["card"].take()
        }
        place => panic!("no place {place}"),
    }
}

/// The card of a token that was made of a customer's card, for another account: only such a one was checked before.
fn copied(local: &mut Local, source: &str) -> Value {
    let customer = id(&local.make("/v1/customers", &[("source", source)]));
    local.headers.push(("Stripe-Account".to_owned(), "acct_1032D82eZvKYlo2C".to_owned()));
    local.make("/v1/tokens", &[("customer", &customer)])["card"].take()
}

/// Every value of the recording that the answer has not, as its path and what is there instead.
fn differences(recorded: &Value, found: &Value, path: &str, out: &mut Vec<(String, Value)>) {
    match recorded {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match found.get(name) {
                    Some(found) => differences(value, found, &path, out),
                    None => out.push((path, json!("missing"))),
                }
            }
        }
        value if value == found => {}
        _ => out.push((path.to_owned(), found.clone())),
    }
}

#[test]
fn every_card_shows_what_was_recorded_of_it() {
    let facts = facts("cards.json");
    let allowed = Differences::of("cards");
    let mut share = Share::default();
    let mut unexpected = Vec::new();
    for row in facts["shown"].as_array().unwrap() {
        let mut found = Vec::new();
        differences(&row["values"], &shown(row), "", &mut found);
        let (place, card) = (text(row, "place"), text(row, "card"));
        let before = unexpected.len();
        for (path, instead) in &found {
            if !allowed.allow(&format!("{card}: {place}.{path}"), "another value", text(row, "version")) {
                unexpected.push(format!("{card} {} {place}.{path}: {instead}", text(row, "version")));
            }
        }
        share.count(place, Agreement::of(found.len(), unexpected.len() - before));
    }
    for row in facts["declines"].as_array().unwrap() {
        let before = unexpected.len();
        let difference = declined_otherwise(row);
        if let Some((problem, found)) = &difference {
            let place = format!("{}: {}", text(row, "card"), text(row, "step"));
            if !allowed.allow(&place, problem, text(row, "version")) {
                unexpected.push(format!("{row}: {found}"));
            }
        }
        let differing = usize::from(difference.is_some());
        share.count(&format!("declined at {}", text(row, "step")), Agreement::of(differing, unexpected.len() - before));
    }
    share.print("cards");
    assert!(share.compared() > 100, "{}", share.compared());
    assert!(unexpected.is_empty(), "{} values differ: {unexpected:#?}", unexpected.len());
    allowed.check_each_is_needed();
}

/// What nobody said at a decline before 2025.
const ADVICE: [&str; 3] = ["advice_code", "network_advice_code", "network_decline_code"];

/// How the decline of a row's card differs from the recorded one, by advice alone or more, and what it is.
fn declined_otherwise(row: &Value) -> Option<(&'static str, String)> {
    // The recorded accounts block what fails a check.
    let policies = AccountPolicies { block_if_cvc_fails: true, block_if_zip_fails: true, ..AccountPolicies::default() };
    let local = &mut local_of(row, policies);
    let source = source_of(local, row);
    let (status, body) = match text(row, "step") {
        "attach" => local.post("/v1/customers", &[("source", &source)]),
        _ => local.post("/v1/charges", &[("amount", "100"), ("currency", "usd"), ("source", &source)]),
    };
    let names = [&ADVICE[..], &["code", "decline_code", "message", "param"]].concat();
    let telling = |name: &String| names.contains(&name.as_str());
    let mut found: serde_json::Map<String, Value> =
        body["error"].as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
    found.retain(|name, _| telling(name));
    let told = format!("{status} {}", Value::from(found.clone()));
    let is_same = |found: &serde_json::Map<String, Value>| status == 402 && row["error"].as_object() == Some(found);
    if is_same(&found) {
        return None;
    }
    found.retain(|name, _| !ADVICE.contains(&name.as_str()));
    Some((if is_same(&found) { "advice" } else { "another decline" }, told))
}

#[test]
fn most_published_cards_that_decline_have_a_recorded_decline() {
    let facts = facts("cards.json");
    let recorded: BTreeSet<&str> = facts["declines"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| {
            let card = text(row, "card");
            Some(test_cards::by_alias(card).or_else(|| test_cards::by_number(card))?.number.as_str())
        })
        .collect();
    let declining = test_cards::all().iter().filter(|card| card.group == "decline" && !card.is_retired);
    let missing: Vec<&str> = declining.map(|card| &*card.number).filter(|number| !recorded.contains(number)).collect();
    assert_eq!(missing, [""; 0]);
}
