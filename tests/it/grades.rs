//! Every field of every answer of the minter has one grade, and no grade is without a field.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use testcard::domain::{
    call::{
        field_help,
        field_place::FieldPlace,
        grades::{self, FieldGrade, GradedField},
    },
    json_document::JsonDocument,
};

use crate::support::local::{Local, id};

/// Versions at which answers have different fields, from the oldest to the newest; `None` sends none.
const VERSIONS: [Option<&str>; 18] = [
    None,
    Some("2013-08-13"),
    Some("2014-08-04"),
    Some("2014-12-08"),
    Some("2015-09-08"),
    Some("2015-10-16"),
    Some("2016-07-06"),
    Some("2017-04-06"),
    Some("2017-12-14"),
    Some("2018-05-21"),
    Some("2019-08-14"),
    Some("2019-09-09"),
    Some("2020-08-27"),
    Some("2022-11-15"),
    Some("2023-10-16"),
    Some("2024-04-10"),
    Some("2025-01-27.acacia"),
    Some("2026-06-24.dahlia"),
];

/// Where the table stands, and what each of its columns is, for whoever adds a field.
const ADVICE: &str = "Each field of an answer needs a row in assets/field-grades.csv; src/domain/call/grades.rs says \
                      what its columns are. If tests/recorded has the field, it is recorded: month and version of \
                      the newest recording with it. Else documented, with the page, or assumed, with the reason";

/// The fields that the answers at a version have.
fn fields_at(version: Option<&str>) -> BTreeSet<FieldKey> {
    let mut session = Session::at(version);
    session.tokens();
    session.charges();
    session.refunds();
    session.customers();
    session.payment_methods();
    session.errors();
    session.fields
}

/// The kind of an object, and a field of it.
type FieldKey = (String, String);

/// Calls at one version, and the fields of their answers.
struct Session {
    local: Local,
    fields: BTreeSet<FieldKey>,
}

const CARD: [(&str, &str); 8] = [
    ("card[number]", "4000002500001001"),
    ("card[exp_month]", "5"),
    ("card[exp_year]", "2030"),
    ("card[cvc]", "314"),
    ("card[name]", "Jenny Rosen"),
    ("card[address_line1]", "1 Main Street"),
    ("card[address_zip]", "94105"),
    ("card[networks][preferred]", "visa"),
];
const MONEY: [(&str, &str); 2] = [("amount", "2000"), ("currency", "usd")];

impl Session {
    fn at(version: Option<&str>) -> Self {
        let mut local = Local::new();
        local.headers = version.map(|version| ("Stripe-Version".to_owned(), version.to_owned())).into_iter().collect();
        Self { local, fields: BTreeSet::new() }
    }

    fn see(&mut self, (_, body): (u16, Value)) -> Value {
        self.fields.extend(fields_of(&body));
        body
    }

    fn post(&mut self, path: &str, params: &[(&str, &str)]) -> Value {
        let answer = self.local.post(path, params);
        self.see(answer)
    }

    fn get(&mut self, path: &str, params: &[(&str, &str)]) -> Value {
        let answer = self.local.get(path, params);
        self.see(answer)
    }

    fn delete(&mut self, path: &str) -> Value {
        let answer = self.local.delete(path);
        self.see(answer)
    }

    fn tokens(&mut self) {
        let token = id(&self.post("/v1/tokens", &CARD));
        self.post("/v1/tokens", &[&CARD[..], &[("card[currency]", "usd")]].concat());
        self.get(&format!("/v1/tokens/{token}"), &[]);
    }

    fn charge(&mut self, source: &str, more: &[(&str, &str)]) -> String {
        let body = self.post("/v1/charges", &[&MONEY[..], &[("source", source)], more].concat());
        body["id"].as_str().or(body["error"]["charge"].as_str()).unwrap_or_default().to_owned()
    }

    fn charges(&mut self) {
        let token = id(&self.post("/v1/tokens", &CARD));
        let paid = self.charge(&token, &[]);
        for (source, more) in [
            ("tok_visa", &[("capture", "false")][..]),
            ("tok_visa", &[("shipping[name]", "J"), ("shipping[address][line1]", "x")]),
            ("tok_chargeDeclined", &[]),
            ("tok_chargeDeclinedFraudulent", &[]),
            ("tok_chargeDeclinedInsufficientFunds", &[]),
            ("tok_createDispute", &[]),
        ] {
            let charge = self.charge(source, more);
            self.get(&format!("/v1/charges/{charge}"), &[]);
        }
        let path = format!("/v1/charges/{paid}");
        self.post(&path, &[("fraud_details[user_report]", "fraudulent"), ("metadata[a]", "b")]);
        self.get(&path, &[("expand[]", "refunds"), ("expand[]", "customer"), ("expand[]", "balance_transaction")]);
        self.get("/v1/charges", &[]);
    }

    fn refunds(&mut self) {
        for (capture, amount) in [("true", "500"), ("false", "2000")] {
            let charge = self.charge("tok_visa", &[("capture", capture)]);
            let refund = id(&self.post("/v1/refunds", &[("charge", &charge), ("amount", amount)]));
            self.get(&format!("/v1/refunds/{refund}"), &[("expand[]", "charge"), ("expand[]", "balance_transaction")]);
            self.get(&format!("/v1/charges/{charge}"), &[("expand[]", "refunds")]);
            self.get(&format!("/v1/charges/{charge}/refunds"), &[]);
        }
        self.get("/v1/refunds", &[]);
    }

    fn customers(&mut self) {
        let token = id(&self.post("/v1/tokens", &CARD));
        let whole = [("source", &*token), ("address[line1]", "x"), ("shipping[name]", "J")];
        let whole = [&whole[..], &[("shipping[address][line1]", "x"), ("email", "j@example.com")]].concat();
        let customer = id(&self.post("/v1/customers", &whole));
        let path = format!("/v1/customers/{customer}");
        let second = id(&self.post(&format!("{path}/sources"), &[("source", "tok_mastercard")]));
        let third = id(&self.post(&format!("{path}/sources"), &[("source", "tok_amex")]));
        self.get(&path, &[("expand[]", "sources"), ("expand[]", "default_source")]);
        self.get(&path, &[("expand[]", "subscriptions"), ("expand[]", "tax_ids"), ("expand[]", "cash_balance")]);
        self.get(&format!("{path}/sources"), &[]);
        self.get(&format!("{path}/sources/{second}"), &[("expand[]", "customer")]);
        let paid = [&MONEY[..], &[("customer", &*customer), ("expand[]", "customer")]].concat();
        let charge = id(&self.post("/v1/charges", &paid));
        self.get(&format!("/v1/charges/{charge}"), &[("expand[]", "customer.sources")]);
        self.get("/v1/customers", &[]);
        self.delete(&format!("{path}/sources/{third}"));
        self.delete(&path);
        self.get(&path, &[]);
    }

    fn payment_methods(&mut self) {
        let method = self.post("/v1/payment_methods", &[("type", "card"), ("card[token]", "tok_visa")]);
        self.get(&format!("/v1/payment_methods/{}", id(&method)), &[]);
    }

    fn errors(&mut self) {
        let token = id(&self.post("/v1/tokens", &CARD));
        self.charge(&token, &[]);
        self.charge(&token, &[]);
        self.post("/v1/tokens", &[("card[number]", "4242424242424241")]);
        self.post("/v1/tokens", &[("colour", "red")]);
        self.post("/v1/customers", &[("source", "tok_chargeDeclined")]);
        self.get("/v1/tokens/tok_none", &[]);
        self.get("/none", &[]);
    }
}

/// The fields of a body, but for those in the caller's own words.
fn fields_of(body: &Value) -> BTreeSet<FieldKey> {
    let document = JsonDocument::parse(body.to_string()).unwrap();
    let fields = (0..document.node_count()).map(|node| document.view(node)).filter(|value| value.key().is_some());
    fields.filter_map(FieldPlace::of).map(|place| (place.object.into_owned(), place.field)).collect()
}

fn all_fields() -> BTreeMap<FieldKey, Vec<&'static str>> {
    let mut seen: BTreeMap<FieldKey, Vec<&str>> = BTreeMap::new();
    for version in VERSIONS {
        for field in fields_at(version) {
            seen.entry(field).or_default().push(version.unwrap_or("no version"));
        }
    }
    seen
}

/// The first and the last of some versions.
fn ends(versions: &[&str]) -> String {
    match versions {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, .., last] => format!("{first} to {last}, {} versions", versions.len()),
    }
}

fn graded() -> BTreeSet<FieldKey> {
    grades::all().iter().map(|field| (field.place.object.clone().into_owned(), field.place.field.clone())).collect()
}

#[test]
fn every_field_of_every_answer_has_a_grade_and_no_grade_is_without_a_field() {
    let (seen, graded) = (all_fields(), graded());
    let without_grade: Vec<String> = seen
        .iter()
        .filter(|(field, _)| !graded.contains(field))
        .map(|((object, field), versions)| format!("{object},{field},…  (answered at {})", ends(versions)))
        .collect();
    let without_field: Vec<String> = graded
        .iter()
        .filter(|field| !seen.contains_key(field))
        .map(|(object, field)| format!("{object},{field}"))
        .collect();
    assert!(without_grade.is_empty(), "fields without a grade:\n{}\n{ADVICE}", without_grade.join("\n"));
    assert!(
        without_field.is_empty(),
        "rows whose field no answer of this test has:\n{}\nTake the row out, or make the call that answers it in \
         tests/it/grades.rs",
        without_field.join("\n")
    );
}

#[test]
fn each_row_can_be_read_by_a_person() {
    let has_sentence = |field: &GradedField| field_help::named(field.place.word(), &field.place.field).is_some();
    let mute: Vec<String> = grades::all().iter().filter(|field| !has_sentence(field)).map(grades::whole_name).collect();
    assert!(mute.is_empty(), "no sentence in field_help.rs: {mute:?}");
    for field in grades::all() {
        let name = grades::whole_name(field);
        match &field.grade {
            FieldGrade::Recorded { month, version } => {
                let (year, nth) = month.split_once('-').unwrap();
                let is_month =
                    (2013..=2030).contains(&year.parse().unwrap()) && (1..=12).contains(&nth.parse().unwrap());
                assert!(is_month, "{name}: {month}");
                assert!(version.as_ref().is_none_or(|version| version.len() >= 10), "{name}: {version:?}");
            }
            FieldGrade::Documented { source: words } | FieldGrade::Assumed { reason: words } => {
                assert!(words.len() > 10 && !words.ends_with('.'), "{name}: {words}");
            }
        }
    }
}
