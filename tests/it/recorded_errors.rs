//! Every error that Stripe's test mode was recorded to give and the minter can give: status, each attribute with its
//! value, and the order of the attributes. `tests/recorded/errors.json` has the facts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use testcard::domain::rules::policies::AccountPolicies;

use crate::support::{
    local_server::LocalServer,
    recorded::{Agreement, Differences, Share, facts},
    wire::Answer,
};

/// Attributes that Stripe added to the errors of all versions, with the month since which it was recorded: 2014-12-08
/// has `doc_url` in July 2021, 2017-05-25 `request_log_url` in July 2023.
const ADDED: [(&str, &str); 6] = [
    ("param", "2015-12"),
    ("decline_code", "2017-12"),
    ("doc_url", "2018-07"),
    ("request_log_url", "2023-07"),
    ("advice_code", "2026-08"),
    ("network_decline_code", "2026-08"),
];
const LOG: &str = "request_log_url";
/// Its form since February 2026 at the latest, and the one before.
const LOG_URL: &str = "https://dashboard.stripe.com/acct_<16>/test/workbench/logs?object=req_<14>";
const OLD_LOG_URL: &str = "https://dashboard.stripe.com/test/logs/req_<14>?t=<time>";
const NEW_LOG_SINCE: &str = "2026-02";
/// In 2013 no answer named its version; a call without one is answered in the account's.
const UNNAMED: &str = "none";

struct Recorded {
    situation: String,
    card: Option<String>,
    version: String,
    month: String,
    /// The month of the newest answer in the version. What came to all versions until then counts.
    newest: String,
    status: u64,
    error: Map<String, Value>,
    sent: Value,
    row: String,
}

fn recorded() -> Vec<Recorded> {
    let document = facts("errors.json");
    let text = |row: &Value, key: &str| row[key].as_str().map(str::to_owned);
    let rows = document["rows"].as_array().unwrap().iter().map(|row| Recorded {
        situation: text(row, "situation").unwrap(),
        card: text(row, "card"),
        version: text(row, "version").unwrap(),
        month: text(row, "month").unwrap(),
        newest: text(&document["newest"], row["version"].as_str().unwrap()).unwrap(),
        status: row["status"].as_u64().unwrap(),
        error: row["error"].as_object().unwrap().clone(),
        sent: row["sent"].clone(),
        row: format!("{} {} {} {}", row["call"], row["card"], row["version"], row["month"]).replace('"', ""),
    });
    rows.collect()
}

impl Recorded {
    fn headers(&self) -> Vec<(&'static str, &str)> {
        if self.version == UNNAMED { Vec::new() } else { vec![("Stripe-Version", self.version.as_str())] }
    }

    /// What a parameter takes for this card: an alias, or a new token of its number.
    fn source(&self, server: &LocalServer) -> String {
        let card = self.card.as_deref().unwrap();
        if let Some(alias) = card.strip_prefix("pm_card_") {
            return format!("tok_{alias}");
        }
        if card.starts_with("tok_") { card.to_owned() } else { server.token(card) }
    }

    /// The answer to a call like the recorded one.
    fn answer(&self, server: &LocalServer) -> Answer {
        let headers = self.headers();
        let post = |path: &str, params: &[(&str, &str)]| server.send("POST", path, params, &headers);
        let get = |path: &str| server.send("GET", path, &[], &headers);
        let amount = self.sent["amount"].as_str().unwrap_or("999");
        match self.situation.as_str() {
            "charge" | "charge a negative amount" => {
                let source = self.source(server);
                self.set_policies(server);
                post("/v1/charges", &[("amount", amount), ("currency", "usd"), ("source", &source)])
            }
            "charge by an intent" => {
                let method = self.method(server);
                self.set_policies(server);
                post("/v1/payment_intents", &pay(&method, amount))
            }
            "pay nothing" => post("/v1/payment_intents", &pay("pm_card_visa", amount)),
            "pay without the holder" => {
                let method = self.method(server);
                post("/v1/payment_intents", &[&pay(&method, amount)[..], &[("off_session", "true")]].concat())
            }
            "use a payment method twice" => {
                let method = self.method(server);
                post("/v1/payment_intents", &pay(&method, amount));
                post("/v1/payment_intents", &pay(&method, amount))
            }
            "use the platform's payment method" => {
                let method = self.method(server);
                let connected = [&headers[..], &[("Stripe-Account", "acct_1032D82eZvKYlo2C")]].concat();
                server.send("POST", "/v1/payment_intents", &pay(&method, amount), &connected)
            }
            "retrieve an intent that is not there" => {
                get(&format!("/v1/payment_intents/{}", self.id_in_message().replace(' ', "%20")))
            }
            "retrieve a setup that is not there" => {
                get(&format!("/v1/setup_intents/{}", self.id_in_message().replace(' ', "%20")))
            }
            "cancel an intent that is cancelled" | "cancel an intent that succeeded" => {
                let made = server.make("/v1/payment_intents", &pay_with("pm_card_visa", "999", "false"), &headers);
                let path = format!("/v1/payment_intents/{}", made["id"].as_str().unwrap());
                let first = if self.situation.ends_with("cancelled") { "cancel" } else { "confirm" };
                post(&format!("{path}/{first}"), &[]);
                post(&format!("{path}/cancel"), &[])
            }
            "cancel a setup that is cancelled" | "cancel a setup that succeeded" => {
                let setup = [("payment_method_types[0]", "card"), ("payment_method", "pm_card_visa")];
                let made = server.make("/v1/setup_intents", &setup, &headers);
                let path = format!("/v1/setup_intents/{}", made["id"].as_str().unwrap());
                let first = if self.situation.ends_with("cancelled") { "cancel" } else { "confirm" };
                post(&format!("{path}/{first}"), &[]);
                post(&format!("{path}/cancel"), &[])
            }
            "make a payment method of a wrong number" => {
                let card = [("type", "card"), ("card[number]", self.card.as_deref().unwrap())];
                post(
                    "/v1/payment_methods",
                    &[&card[..], &[("card[exp_month]", "5"), ("card[exp_year]", "2035")]].concat(),
                )
            }
            "attach a payment method"
            | "attach a payment method twice"
            | "attach a payment method that is not there" => {
                let customer = || server.make("/v1/customers", &[], &headers)["id"].as_str().unwrap().to_owned();
                let method = if self.status == 404 { self.id_in_message() } else { self.method(server) };
                let path = format!("/v1/payment_methods/{method}/attach");
                if self.situation.ends_with("twice") {
                    post(&path, &[("customer", &customer())]);
                }
                post(&path, &[("customer", &customer())])
            }
            "list too many charges of a transfer group" => {
                let group = [("transfer_group", self.sent["transfer_group"].as_str().unwrap())];
                let list = || server.send("GET", "/v1/charges", &group, &headers);
                let charge = [&[("amount", "500"), ("currency", "usd"), ("source", "tok_visa")][..], &group].concat();
                (0..100).for_each(|_| drop(server.make("/v1/charges", &charge, &headers)));
                assert_eq!(list().status, 200, "so many can be listed");
                server.make("/v1/charges", &charge, &headers);
                list()
            }
            "make a customer" => post("/v1/customers", &[("source", &self.source(server))]),
            "attach" => {
                let customer = server.make("/v1/customers", &[], &headers);
                let path = format!("/v1/customers/{}/sources", customer["id"].as_str().unwrap());
                post(&path, &[("source", &self.source(server))])
            }
            "retrieve a charge that is not there" => get(&format!("/v1/charges/{}", self.id_in_message())),
            "retrieve a customer that is not there" => get(&format!("/v1/customers/{}", self.id_in_message())),
            "send a wrong number" => {
                let card = [("card[number]", self.card.as_deref().unwrap()), ("card[exp_month]", "5")];
                post("/v1/tokens", &[&card[..], &[("card[exp_year]", "2035")]].concat())
            }
            "a wrong key" => {
                let mut headers = headers.clone();
                headers.push(("Authorization", "Bearer sk_test_wrong!key_of_nobody"));
                server.send("POST", "/v1/customers", &[], &headers)
            }
            "an account that is not there" => {
                let mut headers = headers.clone();
                headers.push(("Stripe-Account", "acct_fake_account"));
                server.send("GET", "/v1/customers", &[], &headers)
            }
            "another call holds the object" => server.while_held(|| get("/v1/customers/cus_held")),
            refund => {
                let size = if refund == "refund more than is left" { "1000" } else { amount_of_charge(refund) };
                let charge = [("amount", size), ("currency", "usd"), ("source", "tok_visa")];
                let charge = server.make("/v1/charges", &charge, &headers)["id"].as_str().unwrap().to_owned();
                match refund {
                    "refund twice" => drop(server.make("/v1/refunds", &[("charge", &charge)], &headers)),
                    "refund more than is left" => {
                        drop(server.make("/v1/refunds", &[("charge", &charge), ("amount", "500")], &headers));
                    }
                    _ => {}
                }
                let asked = self.sent["amount"].as_str().map(|amount| ("amount", amount));
                let params: Vec<(&str, &str)> = [("charge", charge.as_str())].into_iter().chain(asked).collect();
                post("/v1/refunds", &params)
            }
        }
    }

    /// A payment method of this card: an alias, or a new one of its number.
    fn method(&self, server: &LocalServer) -> String {
        let card = self.card.as_deref().unwrap();
        if card.starts_with("pm_card_") {
            return card.to_owned();
        }
        let details = [("type", "card"), ("card[number]", card), ("card[exp_month]", "5"), ("card[exp_year]", "2035")];
        let sent = [("card[cvc]", "314"), ("billing_details[address][postal_code]", "94105")];
        let made = server.make("/v1/payment_methods", &[&details[..], &sent].concat(), &self.headers());
        made["id"].as_str().unwrap().to_owned()
    }

    /// The accounts of these recordings blocked what fails a check.
    fn set_policies(&self, server: &LocalServer) {
        let blocks = |card: &str| self.card.as_deref() == Some(card);
        server.set_policies(AccountPolicies {
            block_if_cvc_fails: blocks("4000000000000101"),
            block_if_zip_fails: blocks("4000000000000036"),
            ..AccountPolicies::default()
        });
    }

    /// The id that was not found; digits where it was masked.
    fn id_in_message(&self) -> String {
        let message = self.error["message"].as_str().unwrap();
        message.split('\'').nth(1).unwrap().replace("<digits>", "123")
    }

    /// The attributes as they would be recorded of a charge in the newest month of the version, in no order.
    fn expected(&self) -> BTreeMap<String, Value> {
        let (has_code, is_let_in) = (self.error.contains_key("code"), ![401, 403].contains(&self.status));
        let recorded = self.error.iter().map(|(name, value)| (name.clone(), value.clone()));
        let mut error: BTreeMap<String, Value> = recorded.collect();
        let came_since = |month: &str| self.month.as_str() < month && self.newest.as_str() >= month;
        let code = self.error.get("code").and_then(Value::as_str).unwrap_or_default();
        for (name, since) in ADDED {
            let value = match name {
                _ if !came_since(since) => None,
                "param" => (self.situation == "make a customer").then(String::new),
                // Every decline that was recorded without them is a generic one.
                "decline_code" => (code == "card_declined").then(|| "generic_decline".to_owned()),
                "advice_code" => (code == "card_declined").then(|| "try_again_later".to_owned()),
                "network_decline_code" => (code == "card_declined").then(|| "01".to_owned()),
                "doc_url" => {
                    has_code.then(|| format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")))
                }
                _ => is_let_in.then(String::new),
            };
            if let Some(value) = value {
                error.insert(name.to_owned(), value.into());
            }
        }
        if error.contains_key(LOG) {
            let url = if self.newest.as_str() < NEW_LOG_SINCE { OLD_LOG_URL } else { LOG_URL };
            let is_connected = self.situation == "use the platform's payment method";
            let url =
                if is_connected { url.replace("stripe.com/test", "stripe.com/acct_<16>/test") } else { url.to_owned() };
            error.insert(LOG.to_owned(), url.into());
        }
        error
    }
}

fn pay<'a>(method: &'a str, amount: &'a str) -> Vec<(&'a str, &'a str)> {
    pay_with(method, amount, "true")
}

fn pay_with<'a>(method: &'a str, amount: &'a str, confirm: &'a str) -> Vec<(&'a str, &'a str)> {
    let money = [("amount", amount), ("currency", "usd"), ("payment_method_types[0]", "card")];
    [&money[..], &[("payment_method", method), ("confirm", confirm)]].concat()
}

fn amount_of_charge(situation: &str) -> &'static str {
    if situation == "refund more than the charge" { "1000" } else { "500" }
}

/// Whether a text is as recorded, where masked pieces stand for what differs: `<24>` for so many characters of an id,
/// `<digits>` and other words for any text without a quote.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((literal, rest)) = pattern.split_once('<') else { return pattern == text };
    let Some((mask, rest)) = rest.split_once('>') else { return pattern == text };
    let Some(text) = text.strip_prefix(literal) else { return false };
    if let Ok(length) = mask.parse::<usize>() {
        return text.get(..length).is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            && fits(rest, &text[length..]);
    }
    let ends = text.char_indices().map(|(at, _)| at).skip(1).chain([text.len()]);
    ends.take_while(|end| !text[..*end].contains('\'')).any(|end| fits(rest, &text[end..]))
}

fn is_as_recorded(expected: &Value, ours: &Value) -> bool {
    // An object that the error shows whole.
    if let Some(object) = expected.as_str().and_then(|text| text.strip_prefix('{')?.strip_suffix('}')) {
        return ours["object"] == object;
    }
    match (expected.as_str(), ours.as_str()) {
        (Some(pattern), Some(text)) => fits(pattern, text),
        _ => expected == ours,
    }
}

/// What differs between a recorded error and ours: where, and in which way.
fn differences(recorded: &Recorded, answer: &Answer) -> Vec<(String, String)> {
    let body = answer.json();
    let ours = body["error"].as_object().cloned().unwrap_or_default();
    let mut found = Vec::new();
    let mut differs = |place: &str, problem: String| found.push((place.to_owned(), problem));
    if u64::from(answer.status) != recorded.status {
        differs("status", format!("{} instead of {}", answer.status, recorded.status));
    }
    let expected = recorded.expected();
    for (name, expected) in &expected {
        match ours.get(name) {
            None => differs(name, format!("absent instead of {expected}")),
            Some(ours) if !is_as_recorded(expected, ours) => differs(name, format!("{ours} instead of {expected}")),
            Some(_) => {}
        }
    }
    for name in recorded.error.keys().filter(|name| !expected.contains_key(*name)) {
        differs(name, if ours.contains_key(name) { "not to be here" } else { "missing" }.to_owned());
    }
    for name in ours.keys().filter(|name| !expected.contains_key(*name)) {
        differs(name, "not recorded".to_owned());
    }
    let shared = |names: serde_json::map::Keys<'_>, other: &Map<String, Value>| {
        names.filter(|name| other.contains_key(*name)).cloned().collect::<Vec<String>>()
    };
    let (our_order, order) = (shared(ours.keys(), &recorded.error), shared(recorded.error.keys(), &ours));
    if our_order != order {
        let is_unnamed = recorded.version == UNNAMED && our_order.is_sorted();
        let told = if is_unnamed { "version".to_owned() } else { format!("{our_order:?}, not {order:?}") };
        differs("every attribute", told);
    }
    found
}

#[test]
fn every_recorded_error_is_given_with_its_attributes_and_their_order() {
    let server = LocalServer::start();
    let (on_purpose, mut share) = (Differences::of("errors"), Share::default());
    let mut unexpected = Vec::new();
    for recorded in recorded() {
        let differences = differences(&recorded, &recorded.answer(&server));
        let of_others = unexpected.len();
        let mut names: BTreeSet<String> = recorded.error.keys().chain(["status".to_owned()].iter()).cloned().collect();
        names.extend(differences.iter().map(|(place, _)| place.clone()));
        for name in names {
            let (here, before) = (differences.iter().filter(|(place, _)| *place == name), unexpected.len());
            let mut found = 0;
            for (place, problem) in here {
                found += 1;
                if !on_purpose.allow(place, problem, &recorded.version) {
                    unexpected.push(format!("{} ({}): {place}: {problem}", recorded.situation, recorded.row));
                }
            }
            share.count(&name, Agreement::of(found, unexpected.len() - before));
        }
        let agreement = if unexpected.len() == of_others { Agreement::Equal } else { Agreement::Different };
        share.count("(the whole error, but for what differs on purpose)", agreement);
    }
    share.print("attributes of recorded errors");
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    on_purpose.check_each_is_needed();
}
