//! Every error that Stripe's test mode was recorded to give and the minter can give: status, each attribute with its
//! value, and the order of the attributes. `tests/recorded/errors.json` has the facts.

use std::{collections::BTreeMap, fs};

use serde_json::{Map, Value, json};
use testcard::domain::rules::policies::AccountPolicies;

use crate::support::{local_server::LocalServer, wire::Answer};

/// Attributes that Stripe added to the errors of all versions, with the month since which it was recorded: 2014-12-08
/// has `doc_url` in July 2021, 2017-05-25 `request_log_url` in July 2023.
const ADDED: [(&str, &str); 4] =
    [("param", "2015-12"), ("decline_code", "2017-12"), ("doc_url", "2018-07"), ("request_log_url", "2023-07")];
/// Attributes in the order of the alphabet since then.
const ALPHABETICAL_SINCE: &str = "2018-07";
/// The form of the log's URL since February 2026 at the latest.
const LOG_URL: &str = "https://dashboard.stripe.com/acct_<16>/test/workbench/logs?object=req_<14>";
/// What only an intent's error has.
const OF_INTENTS: [&str; 2] = ["payment_intent", "payment_method"];

struct Recorded {
    situation: String,
    card: Option<String>,
    version: String,
    month: String,
    status: u64,
    error: Map<String, Value>,
    sent: Value,
    row: String,
}

fn recorded() -> Vec<Recorded> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded/errors.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().map(str::to_owned);
    let rows = document["rows"].as_array().unwrap().iter().map(|row| Recorded {
        situation: text(row, "situation").unwrap(),
        card: text(row, "card"),
        version: text(row, "version").unwrap(),
        month: text(row, "month").unwrap(),
        status: row["status"].as_u64().unwrap(),
        error: row["error"].as_object().unwrap().clone(),
        sent: row["sent"].clone(),
        row: format!("{} {} {} {}", row["call"], row["card"], row["version"], row["month"]).replace('"', ""),
    });
    rows.collect()
}

impl Recorded {
    fn headers(&self) -> Vec<(&'static str, &str)> {
        if self.version == "none" { Vec::new() } else { vec![("Stripe-Version", self.version.as_str())] }
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
            "charge" | "charge by an intent" | "charge a negative amount" => {
                let source = self.source(server);
                // The accounts of these recordings blocked what fails a check.
                let blocks = |card: &str| self.card.as_deref() == Some(card);
                server.set_policies(AccountPolicies {
                    block_if_cvc_fails: blocks("4000000000000101"),
                    block_if_zip_fails: blocks("4000000000000036"),
                    ..AccountPolicies::default()
                });
                post("/v1/charges", &[("amount", amount), ("currency", "usd"), ("source", &source)])
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

    /// The id that was not found; digits where it was masked.
    fn id_in_message(&self) -> String {
        let message = self.error["message"].as_str().unwrap();
        message.split('\'').nth(1).unwrap().replace("<digits>", "123")
    }

    /// The attributes as they would be recorded today, in no order.
    fn expected(&self, has_code: bool, is_let_in: bool) -> BTreeMap<String, Value> {
        let kept = self.error.iter().filter(|(name, _)| !OF_INTENTS.contains(&name.as_str()));
        let mut error: BTreeMap<String, Value> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        let is_older = |month: &str| self.month.as_str() < month;
        let code = self.error.get("code").and_then(Value::as_str).unwrap_or_default();
        for (name, since) in ADDED {
            let value = match name {
                _ if !is_older(since) => None,
                "param" => (self.situation == "make a customer").then(String::new),
                "decline_code" => (code == "card_declined").then(|| "generic_decline".to_owned()),
                "doc_url" => {
                    has_code.then(|| format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")))
                }
                _ => is_let_in.then(|| LOG_URL.to_owned()),
            };
            if let Some(value) = value {
                error.insert(name.to_owned(), value.into());
            }
        }
        if error.contains_key("request_log_url") {
            error.insert("request_log_url".to_owned(), LOG_URL.into());
        }
        error
    }
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
    match (expected.as_str(), ours.as_str()) {
        (Some(pattern), Some(text)) => fits(pattern, text),
        _ => expected == ours,
    }
}

#[test]
fn every_recorded_error_is_given_with_its_attributes_and_their_order() {
    let server = LocalServer::start();
    let mut differing = Vec::new();
    let (mut rows, mut equal) = (0, 0);
    for recorded in recorded() {
        rows += 1;
        let answer = recorded.answer(&server);
        let body = answer.json();
        let ours = body["error"].as_object().cloned().unwrap_or_default();
        let is_let_in = ![401, 403].contains(&recorded.status);
        let expected = recorded.expected(recorded.error.contains_key("code"), is_let_in);
        let before = differing.len();
        let mut differs = |what: String| differing.push(format!("{} ({}): {what}", recorded.situation, recorded.row));
        if u64::from(answer.status) != recorded.status {
            differs(format!("status {} instead of {}", answer.status, recorded.status));
        }
        for (name, expected) in &expected {
            match ours.get(name) {
                Some(ours) if is_as_recorded(expected, ours) => {}
                ours => differs(format!("{name}: {} instead of {expected}", ours.unwrap_or(&json!("absent")))),
            }
        }
        for name in ours.keys().filter(|name| !expected.contains_key(*name)) {
            differs(format!("{name} is not recorded"));
        }
        let names: Vec<&String> = ours.keys().collect();
        if recorded.month.as_str() >= ALPHABETICAL_SINCE {
            let order: Vec<&String> = recorded.error.keys().filter(|name| ours.contains_key(*name)).collect();
            let ours: Vec<&String> = names.into_iter().filter(|name| recorded.error.contains_key(*name)).collect();
            if ours != order {
                differs(format!("the order is {ours:?} instead of {order:?}"));
            }
        }
        equal += usize::from(differing.len() == before);
    }
    println!("recorded errors: {equal} of {rows} equal");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
