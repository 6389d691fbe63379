//! Every answer of the minter has the fields that Stripe's recorded answers have: names, order, types, null-ness, words.
//!
//! Each recorded version answers the same calls. Every object in an answer is compared with the newest recorded shape of
//! its kind in that version; a kind that was not recorded in the version is not compared.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use crate::{
    field_help::check_explained,
    support::{
        local::{Local, id},
        recorded::{Agreement, Differences, Share, facts},
    },
};

/// What is given by the call, or depends on its outcome: a text in one answer and null in the next.
const OF_THE_CALL: [&str; 28] = [
    "balance_transaction.description",
    "card in charge.source.customer",
    "card in charge.source.cvc_check",
    "card of a token.cvc_check",
    "charge.balance_transaction",
    "charge.customer",
    "charge.description",
    "charge.dispute",
    "charge.failure_code",
    "charge.failure_message",
    "charge.outcome.reason",
    "charge.payment_method_details.card.amount_authorized",
    "charge.payment_method_details.card.authorization_code",
    "charge.receipt_url",
    "charge.statement_descriptor",
    "customer.default_card",
    "customer.default_source",
    "customer.email",
    "customer.name",
    "payment_intent.description",
    "payment_intent.latest_charge",
    "payment_intent.payment_method",
    "payment_intent.statement_descriptor",
    "refund.balance_transaction",
    "refund.customer",
    "refund.reason",
    "setup_intent.customer",
    "setup_intent.payment_method",
];

/// The same of dictionaries, lists and numbers.
const GIVEN_BY_THE_CALL: [&str; 7] = [
    "charge.shipping",
    "customer.address",
    "customer.preferred_locales",
    "payment_intent.canceled_at",
    "payment_intent.last_payment_error",
    "payment_intent.next_action",
    "setup_intent.next_action",
];

/// What is there when the call asks for it or sends it, or, for the last one, when a charge is not captured: the recordings of some
/// versions have no such call.
const WHEN_ASKED: [&str; 6] = [
    "card of a token.currency",
    "charge.fraud_details.user_report",
    "charge.refunds",
    "customer.sources",
    "charge.payment_method_details.card.capture_before",
    "setup_intent.payment_method_options.card",
];

/// The words of an enumeration that the recordings do not show and that an answer here has all the same.
const OTHER_WORDS: [(&str, &str); 4] = [
    ("charge.outcome", "reason"),
    ("payment_intent", "capture_method"),
    ("payment_intent.last_payment_error", "code"),
    ("refund", "reason"),
];

struct Shapes {
    kinds: Map<String, Value>,
    values: Map<String, Value>,
}

/// What differs at a place: `missing`, `extra`, `order`, `type` or `value`.
struct Problem {
    place: String,
    what: &'static str,
    detail: String,
}

impl Shapes {
    fn load() -> Self {
        let facts = facts("shapes.json");
        let map = |key: &str| facts[key].as_object().unwrap().clone();
        Self { kinds: map("kinds"), values: map("values") }
    }

    fn versions(&self) -> BTreeSet<&str> {
        self.kinds.values().flat_map(|versions| versions.as_object().unwrap().keys().map(String::as_str)).collect()
    }

    /// The fields of a kind in a version, `None` where it was not recorded.
    fn fields(&self, kind: &str, version: &str) -> Option<&Map<String, Value>> {
        self.kinds.get(kind)?.get(version)?["fields"].as_object()
    }

    /// What differs between an object and its recorded shape.
    fn problems(&self, kind: &str, fields: &Map<String, Value>, recorded: &Map<String, Value>) -> Vec<Problem> {
        let problem = |field: &str, what: &'static str, detail: String| Problem {
            place: format!("{kind}.{field}"),
            what,
            detail,
        };
        let is_optional = |types: &Value| types.as_str().unwrap().ends_with('?');
        let mut problems = Vec::new();
        for (name, types) in recorded {
            match fields.get(name) {
                None if is_optional(types) => {}
                None => problems.push(problem(name, "missing", String::new())),
                Some(value) => {
                    if !Self::fits(kind, name, value, types.as_str().unwrap()) {
                        problems.push(problem(name, "type", format!("{value} where {types} was recorded")));
                    }
                    if let Some(word) = self.unknown_word(kind, name, value) {
                        problems.push(problem(name, "value", word));
                    }
                }
            }
        }
        let is_asked_for = |name: &str| WHEN_ASKED.contains(&&*format!("{kind}.{name}"));
        for name in fields.keys().filter(|name| !recorded.contains_key(*name) && !is_asked_for(name)) {
            problems.push(problem(name, "extra", String::new()));
        }
        let ours: Vec<&String> = fields.keys().filter(|name| recorded.contains_key(*name)).collect();
        let theirs: Vec<&String> = recorded.keys().filter(|name| fields.contains_key(*name)).collect();
        if ours != theirs {
            problems.push(Problem { place: kind.to_owned(), what: "order", detail: format!("{ours:?}") });
        }
        problems
    }

    fn fits(kind: &str, name: &str, value: &Value, types: &str) -> bool {
        // An expanded object stands where its id does.
        let value = if types.contains("object") { value } else { value.get("id").unwrap_or(value) };
        let place = format!("{kind}.{name}");
        if OF_THE_CALL.contains(&&*place) && (value.is_null() || value.is_string()) {
            return true;
        }
        if GIVEN_BY_THE_CALL.contains(&&*place) && (value.is_null() || !value.is_string()) {
            return true;
        }
        types.trim_end_matches('?').split('|').any(|expected| match (expected, value) {
            ("null", Value::Null)
            | ("boolean", Value::Bool(_))
            | ("string", Value::String(_))
            | ("number", Value::Number(_))
            | ("object" | "map", Value::Object(_)) => true,
            ("integer", Value::Number(number)) => number.is_i64(),
            ("array<>", Value::Array(items)) => items.is_empty(),
            ("array<string>", Value::Array(items)) => items.iter().all(Value::is_string),
            ("array<object>", Value::Array(items)) => items.iter().all(Value::is_object),
            _ => false,
        })
    }

    /// A word that no recorded answer has there, where the recordings show which words there are.
    fn unknown_word(&self, kind: &str, name: &str, value: &Value) -> Option<String> {
        let known = self.values.get(kind)?.get(name)?.as_array().unwrap();
        let is_known = !value.is_string() || known.contains(value) || OTHER_WORDS.contains(&(kind, name));
        (!is_known).then(|| format!("{value} where {} was recorded", Value::from(known.clone())))
    }
}

/// The kind of an object, by its own name or by where it stands.
fn kind_of(object: &Map<String, Value>, parent: Option<(&str, &str)>) -> String {
    match (object.get("object").and_then(Value::as_str), parent) {
        (Some(kind), _) if object.contains_key("deleted") => format!("deleted {kind}"),
        (Some("card"), Some(("token", _))) => "card of a token".to_owned(),
        (Some("card"), Some(("charge", _))) => "card in charge.source".to_owned(),
        (Some("card"), _) => "card of a customer".to_owned(),
        (Some("list"), Some(_)) => "list in an object".to_owned(),
        (Some(kind), _) => kind.to_owned(),
        (None, Some((kind, field))) => format!("{kind}.{field}"),
        (None, None) => "nothing".to_owned(),
    }
}

/// Calls `see` with every object in an answer and its kind.
fn walk(value: &Value, parent: Option<(&str, &str)>, see: &mut dyn FnMut(&str, &Map<String, Value>)) {
    let Some(object) = value.as_object() else { return };
    let kind = kind_of(object, parent);
    see(&kind, object);
    for (name, inner) in object {
        match inner {
            _ if name == "metadata" => {}
            Value::Array(items) => items.iter().for_each(|item| walk(item, Some((&kind, &format!("{name}[]"))), see)),
            inner => walk(inner, Some((&kind, name)), see),
        }
    }
}

/// An answer for each thing that the minter can answer with, as a version shows it.
struct Answers {
    local: Local,
    seen: Vec<Value>,
}

const CARD: [(&str, &str); 4] =
    [("card[number]", "4242424242424242"), ("card[exp_month]", "5"), ("card[exp_year]", "2026"), ("card[cvc]", "314")];
const MONEY: [(&str, &str); 2] = [("amount", "2000"), ("currency", "usd")];

impl Answers {
    fn of(version: &str) -> Vec<Value> {
        let mut local = Local::new();
        local.headers.push(("Stripe-Version".to_owned(), version.to_owned()));
        let mut answers = Self { local, seen: Vec::new() };
        answers.tokens();
        answers.customers();
        answers.charges();
        answers.refunds();
        answers.payment_methods();
        // There were no intents before.
        if version >= "2019" {
            answers.payment_intents();
            answers.setup_intents();
            answers.disputes();
        }
        answers.seen
    }

    #[track_caller]
    fn make(&mut self, path: &str, params: &[(&str, &str)]) -> Value {
        let answer = self.local.make(path, params);
        self.seen.push(answer.clone());
        answer
    }

    #[track_caller]
    fn get(&mut self, path: &str, expanded: &[&str]) {
        let params: Vec<(&str, &str)> = expanded.iter().map(|property| ("expand[]", *property)).collect();
        let (status, answer) = self.local.get(path, &params);
        assert_eq!(status, 200, "{path} {expanded:?}: {answer}");
        self.seen.push(answer);
    }

    #[track_caller]
    fn delete(&mut self, path: &str) {
        let (status, answer) = self.local.delete(path);
        assert_eq!(status, 200, "{path}: {answer}");
        self.seen.push(answer);
    }

    fn tokens(&mut self) {
        let plain = id(&self.make("/v1/tokens", &CARD));
        self.make("/v1/tokens", &[&CARD[..], &[("card[currency]", "usd")]].concat());
        self.get(&format!("/v1/tokens/{plain}"), &[]);
        self.get(&format!("/v1/tokens/{plain}"), &["card"]);
        for number in ["5555555555554444", "378282246310005", "6011111111111117"] {
            let mut card = CARD;
            card[0].1 = number;
            self.make("/v1/tokens", &card);
        }
    }

    fn customers(&mut self) {
        let texts = [("email", "jenny@example.com"), ("name", "Jenny Rosen")];
        let plain = id(&self.make("/v1/customers", &texts));
        let saved = [&texts[..], &[("source", "tok_visa"), ("expand[]", "sources")]].concat();
        let saved = self.make("/v1/customers", &saved);
        let card = saved["default_source"].as_str().unwrap().to_owned();
        let path = format!("/v1/customers/{}", id(&saved));
        let of_germany = [("address[country]", "DE"), ("address[postal_code]", "10115")];
        self.make(&path, &[&of_germany[..], &[("preferred_locales[0]", "de")]].concat());
        self.make(&path, &[("address", ""), ("preferred_locales", ""), ("email", "jane@example.com")]);
        self.make(&format!("{path}/sources"), &[("source", "tok_visa")]);
        self.make(&format!("{path}/sources/{card}"), &[("exp_year", "2030")]);
        self.get(&path, &[]);
        self.get(&path, &["default_source", "sources"]);
        self.get(&format!("{path}/sources"), &[]);
        self.get(&format!("{path}/sources/{card}"), &["customer"]);
        self.get("/v1/customers", &[]);
        self.get("/v1/customers", &["data.sources"]);
        self.delete(&format!("{path}/sources/{card}"));
        self.delete(&format!("/v1/customers/{plain}"));
        self.get(&format!("/v1/customers/{plain}"), &[]);
    }

    fn charges(&mut self) {
        let customer = id(&self.make("/v1/customers", &[("source", "tok_visa")]));
        let charge = self.make("/v1/charges", &[&MONEY[..], &[("source", "tok_visa")]].concat());
        let path = format!("/v1/charges/{}", id(&charge));
        let of_customer = [&MONEY[..], &[("customer", &*customer), ("description", "shoes")]].concat();
        let of_customer = id(&self.make("/v1/charges", &of_customer));
        let held = [&MONEY[..], &[("source", "tok_visa"), ("capture", "false")]].concat();
        let held = id(&self.make("/v1/charges", &held));
        self.make(&format!("/v1/charges/{held}/capture"), &[]);
        let declined = [&MONEY[..], &[("source", "tok_chargeDeclined")]].concat();
        let (status, error) = self.local.post("/v1/charges", &declined);
        assert_eq!(status, 402, "{error}");
        self.get(&format!("/v1/charges/{}", error["error"]["charge"].as_str().unwrap()), &[]);
        let shipping = [
            ("shipping[name]", "Jenny Rosen"),
            ("shipping[address][line1]", "1 Main Street"),
            ("shipping[address][city]", "Berlin"),
            ("shipping[address][state]", "BE"),
        ];
        self.make(&path, &[&shipping[..], &[("description", "boots")]].concat());
        self.get(&path, &["refunds", "balance_transaction", "application_fee.balance_transaction"]);
        self.get(&format!("/v1/charges/{of_customer}"), &["customer", "balance_transaction"]);
        self.get("/v1/charges", &[]);
        self.get("/v1/charges", &["data.refunds", "data.balance_transaction"]);
    }

    fn refunds(&mut self) {
        let charge = id(&self.make("/v1/charges", &[&MONEY[..], &[("source", "tok_visa")]].concat()));
        let refund = id(&self.make("/v1/refunds", &[("charge", &charge), ("amount", "500")]));
        self.make("/v1/refunds", &[("charge", &charge), ("reason", "duplicate"), ("expand[]", "charge")]);
        self.make(&format!("/v1/refunds/{refund}"), &[("metadata[a]", "b")]);
        self.get(&format!("/v1/refunds/{refund}"), &[]);
        self.get(&format!("/v1/refunds/{refund}"), &["balance_transaction", "charge.customer"]);
        self.get("/v1/refunds", &[]);
        self.get(&format!("/v1/charges/{charge}/refunds"), &[]);
        self.get(&format!("/v1/charges/{charge}"), &["refunds.data.balance_transaction"]);
        self.make(&format!("/v1/charges/{charge}"), &[("fraud_details[user_report]", "fraudulent")]);
    }

    fn disputes(&mut self) {
        // All recorded ones are of intents.
        let pay = |answers: &mut Self, alias: &str| {
            let sent = [("payment_method", alias), ("payment_method_types[]", "card"), ("confirm", "true")];
            id(&answers.local.make("/v1/payment_intents", &[&MONEY[..], &sent].concat()))
        };
        let disputed = pay(self, "pm_card_createDispute");
        self.get("/v1/disputes", &[]);
        let (_, page) = self.local.get("/v1/disputes", &[("payment_intent", &disputed)]);
        let path = format!("/v1/disputes/{}", id(&page["data"][0]));
        let said = [
            ("evidence[uncategorized_text]", "winning_evidence"),
            ("evidence[customer_name]", "Jenny Rosen"),
            ("evidence[cancellation_rebuttal]", "It was never cancelled"),
        ];
        self.make(&path, &said);
        self.local.now += SignedDuration::from_secs(5);
        self.get(&path, &["balance_transactions"]);
        self.get("/v1/balance_transactions", &["data.source"]);
        self.get("/v1/balance", &[]);
        self.get("/v1/account", &[]);
        let warned = pay(self, "pm_card_createIssuerFraudRecord");
        let (_, page) = self.local.get("/v1/radar/early_fraud_warnings", &[("payment_intent", &warned)]);
        self.get("/v1/radar/early_fraud_warnings", &[]);
        self.get(&format!("/v1/radar/early_fraud_warnings/{}", id(&page["data"][0])), &["charge"]);
        let held = pay(self, "pm_card_pendingRefund");
        let refund = id(&self.local.make("/v1/refunds", &[("payment_intent", &held)]));
        self.local.now += SignedDuration::from_secs(5);
        self.get(&format!("/v1/refunds/{refund}"), &[]);
    }

    fn payment_methods(&mut self) {
        let token = id(&self.make("/v1/tokens", &CARD));
        let method = id(&self.make("/v1/payment_methods", &[("type", "card"), ("card[token]", &token)]));
        self.get(&format!("/v1/payment_methods/{method}"), &[]);
        let customer = id(&self.make("/v1/customers", &[]));
        self.make(&format!("/v1/payment_methods/{method}/attach"), &[("customer", &customer)]);
        self.get("/v1/payment_methods", &[]);
        self.make(&format!("/v1/payment_methods/{method}/detach"), &[]);
    }

    /// An intent that is refused, with its error.
    #[track_caller]
    fn decline(&mut self, path: &str, params: &[(&str, &str)]) {
        let (status, answer) = self.local.post(path, params);
        assert_eq!(status, 402, "{path} {params:?}: {answer}");
        self.seen.push(answer);
    }

    fn payment_intents(&mut self) {
        let customer = id(&self.make("/v1/customers", &[("payment_method", "pm_card_visa")]));
        let money = [&MONEY[..], &[("payment_method_types[]", "card"), ("customer", &*customer)]].concat();
        let new = id(&self.make("/v1/payment_intents", &[&money[..], &[("payment_method", "pm_card_visa")]].concat()));
        let path = format!("/v1/payment_intents/{new}");
        self.make(&format!("{path}/confirm"), &[]);
        self.get(&path, &["latest_charge.balance_transaction", "customer", "payment_method"]);
        self.get("/v1/payment_intents", &[]);
        let confirmed = [&money[..], &[("confirm", "true")]].concat();
        let paid = |method: &'static str| [&confirmed[..], &[("payment_method", method)]].concat();
        let held = [&paid("pm_card_visa")[..], &[("capture_method", "manual")]].concat();
        let held = id(&self.make("/v1/payment_intents", &held));
        self.make(&format!("/v1/payment_intents/{held}/capture"), &[]);
        let left = [&paid("pm_card_visa")[..], &[("capture_method", "manual")]].concat();
        let left = id(&self.make("/v1/payment_intents", &left));
        self.make(&format!("/v1/payment_intents/{left}/cancel"), &[]);
        self.decline("/v1/payment_intents", &paid("pm_card_chargeDeclined"));
        self.make("/v1/payment_intents", &paid("pm_card_threeDSecure2Required"));
        self.make("/v1/refunds", &[("payment_intent", &new), ("expand[]", "charge")]);
        self.get("/v1/balance_transactions", &[]);
    }

    fn setup_intents(&mut self) {
        let customer = id(&self.make("/v1/customers", &[]));
        let card = [("payment_method_types[]", "card"), ("customer", &*customer), ("usage", "off_session")];
        let with = |method: &'static str| [&card[..], &[("payment_method", method), ("confirm", "true")]].concat();
        self.make("/v1/setup_intents", &with("pm_card_visa"));
        let asking = id(&self.make("/v1/setup_intents", &with("pm_card_threeDSecure2Required")));
        self.make(&format!("/v1/setup_intents/{asking}/cancel"), &[]);
        self.get("/v1/setup_intents", &[]);
    }
}

#[test]
fn every_answer_has_the_newest_recorded_shape_of_its_version() {
    let shapes = Shapes::load();
    let differences = Differences::of("shapes");
    let (mut names, mut whole) = (Share::default(), Share::default());
    // Each difference once, with the versions and the first example of it.
    let mut unexpected: BTreeMap<String, (BTreeSet<&str>, String)> = BTreeMap::new();
    let mut compared = BTreeSet::new();
    for version in shapes.versions() {
        // In 2013 no answer named its version, and no call can ask for one of then.
        if version == "none" && differences.allow("every kind", "version", version) {
            continue;
        }
        for answer in Answers::of(version) {
            check_explained(&answer, version);
            walk(&answer, None, &mut |kind, object| {
                let Some(recorded) = shapes.fields(kind, version) else { return };
                compared.insert((kind.to_owned(), version));
                let problems = shapes.problems(kind, object, recorded);
                let mut counts = [0; 4];
                for problem in problems {
                    let is_deliberate = differences.allow(&problem.place, problem.what, version);
                    let of_names = ["missing", "extra"].contains(&problem.what);
                    counts[0] += 1;
                    counts[1] += usize::from(!is_deliberate);
                    counts[2] += usize::from(of_names);
                    counts[3] += usize::from(of_names && !is_deliberate);
                    if !is_deliberate {
                        let row = unexpected.entry(format!("{} {}", problem.place, problem.what)).or_default();
                        row.0.insert(version);
                        row.1 = problem.detail;
                    }
                }
                whole.count(kind, Agreement::of(counts[0], counts[1]));
                names.count(kind, Agreement::of(counts[2], counts[3]));
            });
        }
    }
    names.print("objects by the names of their fields");
    whole.print("objects by names, order, types, null-ness and words");
    assert!(whole.compared() > 1000, "{}", whole.compared());
    let told: Vec<String> =
        unexpected.iter().map(|(place, (versions, detail))| format!("{place} {versions:?} {detail}")).collect();
    assert!(told.is_empty(), "{} differences from the recordings:\n{}", told.len(), told.join("\n"));
    differences.check_each_is_needed();
}

#[test]
fn a_damaged_object_has_not_the_recorded_shape() {
    let shapes = Shapes::load();
    let version = "2023-10-16";
    let token = Answers::of(version).remove(0);
    let check = |change: &dyn Fn(&mut Map<String, Value>), expected: &[(&str, &str)]| {
        let mut card = token["card"].as_object().unwrap().clone();
        change(&mut card);
        let recorded = shapes.fields("card of a token", version).unwrap();
        let problems = shapes.problems("card of a token", &card, recorded);
        let found: Vec<(&str, &str)> = problems.iter().map(|problem| (&*problem.place, problem.what)).collect();
        assert_eq!(found, expected);
    };
    check(&|_| {}, &[]);
    check(&|card| drop(card.shift_remove("wallet")), &[("card of a token.wallet", "missing")]);
    check(&|card| drop(card.insert("iin".to_owned(), json!(null))), &[("card of a token.iin", "extra")]);
    check(&|card| card["exp_month"] = json!("5"), &[("card of a token.exp_month", "type")]);
    check(&|card| card["name"] = json!("Jenny"), &[("card of a token.name", "type")]);
    check(&|card| card["cvc_check"] = json!("seen"), &[("card of a token.cvc_check", "value")]);
    let moved = |card: &mut Map<String, Value>| {
        let brand = card.shift_remove("brand").unwrap();
        card.insert("brand".to_owned(), brand);
    };
    check(&moved, &[("card of a token", "order")]);
}
