//! Every field of every answer of the minter has one grade, no grade is without a field, and what is recorded says so.
//!
//! `UPDATE_GOLDEN=1 cargo test --test it grades::` writes `assets/field-grades.csv` anew: what `tests/recorded` has is
//! recorded there, rows that no answer needs go, all others stay. It also writes the counts in `README.md`. A field that
//! is not recorded needs a row by hand. What is written counts from the next build on.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use jiff::SignedDuration;
use serde_json::Value;
use testcard::domain::{
    call::{
        field_help,
        field_place::FieldPlace,
        grades::{self, FieldGrade, GradedField},
    },
    json_document::JsonDocument,
};

use crate::support::{
    local::{Local, id},
    recorded::facts,
};

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

/// Where the table stands, and what is to be done, for whoever adds a field.
const ADVICE: &str = "Each field of an answer needs a row in assets/field-grades.csv, whose columns are explained in \
                      src/domain/call/grades.rs. UPDATE_GOLDEN=1 cargo test --test it grades:: writes the rows of all \
                      fields that tests/recorded has. For any other field write the row by hand: documented with the \
                      page, or assumed with the reason";

/// The fields that the answers at a version have.
fn fields_at(version: Option<&str>) -> BTreeSet<FieldKey> {
    let mut session = Session::at(version);
    session.tokens();
    session.charges();
    session.refunds();
    session.disputes();
    session.customers();
    session.payment_methods();
    session.events();
    session.intents();
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
const MANDATE: [(&str, &str); 7] = [
    ("payment_method_options[card][mandate_options][amount]", "2000"),
    ("payment_method_options[card][mandate_options][amount_type]", "maximum"),
    ("payment_method_options[card][mandate_options][interval]", "month"),
    ("payment_method_options[card][mandate_options][interval_count]", "1"),
    ("payment_method_options[card][mandate_options][reference]", "order 6"),
    ("payment_method_options[card][mandate_options][start_date]", "1683071568"),
    ("payment_method_options[card][mandate_options][supported_types][]", "india"),
];

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

    fn disputes(&mut self) {
        let charge = self.charge("tok_createDispute", &[]);
        let page = self.get("/v1/disputes", &[("charge", &charge)]);
        let path = format!("/v1/disputes/{}", id(&page["data"][0]));
        self.post(&path, &[("evidence[uncategorized_text]", "winning_evidence")]);
        self.charge("tok_createIssuerFraudRecord", &[]);
        self.get("/v1/radar/early_fraud_warnings", &[]);
        let failing = self.charge("tok_refundFail", &[]);
        let refund = id(&self.post("/v1/refunds", &[("charge", &failing)]));
        self.local.now += SignedDuration::from_secs(5);
        self.get(&path, &[]);
        self.get(&format!("/v1/refunds/{refund}"), &[]);
        self.get("/v1/balance_transactions", &[]);
        self.get("/v1/balance", &[]);
        self.get("/v1/account", &[]);
        self.local.headers.push(("Stripe-Account".to_owned(), "acct_1032D82eZvKYlo2C".to_owned()));
        self.get("/v1/balance", &[("expand[]", "instant_available.net_available")]);
        self.local.headers.pop();
    }

    fn events(&mut self) {
        let charge = self.charge("tok_visa", &[]);
        self.post(&format!("/v1/charges/{charge}"), &[("metadata[a]", "b")]);
        let page = self.get("/v1/events", &[("type", "charge.updated"), ("limit", "1")]);
        self.get(&format!("/v1/events/{}", id(&page["data"][0])), &[]);
        let sent = [("url", "http://localhost/"), ("enabled_events[]", "*")];
        let path = format!("/v1/webhook_endpoints/{}", id(&self.post("/v1/webhook_endpoints", &sent)));
        self.get(&path, &[]);
        self.delete(&path);
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

    fn intents(&mut self) {
        let types = ("payment_method_types[]", "card");
        let method = |method: &'static str| [("payment_method", method), ("confirm", "true")];
        let any = ("payment_method_options[card][request_three_d_secure]", "any");
        let parts = [
            ("payment_method_options[card][request_partial_authorization]", "if_available"),
            ("payment_method_options[card][request_incremental_authorization]", "if_available"),
        ];
        for more in [
            &method("pm_card_visa")[..],
            &method("pm_card_chargeDeclinedExpiredCard"),
            &method("pm_card_visa_chargeDeclinedInsufficientFunds"),
            &method("pm_card_threeDSecure2Required"),
            &[&method("pm_card_threeDSecure2Required")[..], &[("return_url", "https://example.com")]].concat(),
            &[&method("pm_card_threeDSecureOptional")[..], &[any]].concat(),
            &[&method("pm_card_debit_partialAuthorization")[..], &parts].concat(),
            &MANDATE,
            &[
                ("shipping[name]", "J"),
                ("shipping[address][line1]", "x"),
                ("payment_method_options[card][setup_future_usage]", "off_session"),
                ("payment_method_options[card][capture_method]", "manual"),
            ],
        ] {
            let intent = self.post("/v1/payment_intents", &[&MONEY[..], &[types], more].concat());
            if intent["status"] == "requires_action" {
                let result = [("intent", intent["id"].as_str().unwrap()), ("result", "complete")];
                let paid = self.post("/_testcard/authenticate", &result);
                let charge = paid["latest_charge"].as_str().or(paid["charges"]["data"][0]["id"].as_str());
                self.get(&format!("/v1/charges/{}", charge.unwrap_or_default()), &[]);
            }
        }
        let automatic = [("automatic_payment_methods[enabled]", "true")];
        self.post("/v1/payment_intents", &[&MONEY[..], &automatic].concat());
        self.post("/v1/setup_intents", &automatic);
        let currency = ("payment_method_options[card][mandate_options][currency]", "usd");
        self.post("/v1/setup_intents", &[&[types, currency][..], &MANDATE].concat());
        for alias in ["pm_card_visa", "pm_card_chargeDeclinedExpiredCard", "pm_card_threeDSecure2Required"] {
            self.post("/v1/setup_intents", &[&[types][..], &method(alias)].concat());
        }
        let back = ("return_url", "https://example.com");
        self.post("/v1/setup_intents", &[&[types, back][..], &method("pm_card_threeDSecure2Required")].concat());
        self.get("/v1/payment_intents", &[]);
        self.get("/v1/balance_transactions", &[]);
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

/// The objects in the order of the table, with their names in `shapes.json`; an object without one has no recorded
/// shape there.
const OBJECTS: [(&str, &[&str]); 23] = [
    ("token", &["token"]),
    ("card of a token", &["card of a token"]),
    ("card of a customer", &["card of a customer"]),
    ("card in a charge", &["card in charge.source"]),
    ("deleted card", &[]),
    ("customer", &["customer"]),
    ("deleted customer", &["deleted customer"]),
    ("charge", &["charge"]),
    ("refund", &["refund"]),
    ("dispute", &["dispute"]),
    ("radar.early_fraud_warning", &["radar.early_fraud_warning"]),
    ("account", &["account"]),
    ("balance", &["balance"]),
    ("balance_transaction", &["balance_transaction"]),
    ("payment_method", &["payment_method"]),
    ("payment_intent", &["payment_intent"]),
    ("setup_intent", &["setup_intent"]),
    ("event", &["event"]),
    ("webhook_endpoint", &[]),
    ("deleted webhook_endpoint", &[]),
    ("list", &["list", "list in an object"]),
    ("answer", &[]),
    ("error", &["error"]),
];

/// Where a kind of `shapes.json` is in an answer: the object, and the names from it to the part.
fn object_of_kind(kind: &str) -> Option<(&'static str, &str)> {
    let all = OBJECTS.iter().flat_map(|(object, kinds)| kinds.iter().map(move |known| (*object, *known)));
    let mut found = all.filter_map(|(object, known)| {
        let part = kind.strip_prefix(known)?;
        (part.is_empty() || part.starts_with('.')).then(|| (object, part.trim_start_matches('.')))
    });
    found.next()
}

/// A recording of a field.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Recording {
    month: String,
    /// Empty where none was sent.
    version: String,
    /// Whether all recordings of this version and month have the field. Where not all have it, the newest one with the
    /// field may be older.
    is_in_all: bool,
}

/// The recorded fields, with the newest recording of each.
fn recorded() -> BTreeMap<FieldKey, Recording> {
    let mut newest: BTreeMap<FieldKey, Recording> = BTreeMap::new();
    for (kind, versions) in facts("shapes.json")["kinds"].as_object().unwrap() {
        // A field of an element has the name of its list.
        let kind = kind.replace("[]", "");
        let Some((object, part)) = object_of_kind(&kind) else { continue };
        for (version, shape) in versions.as_object().unwrap() {
            let version = if version == "none" { "" } else { version }.to_owned();
            let month = shape["until"].as_str().unwrap().to_owned();
            for (name, types) in shape["fields"].as_object().unwrap() {
                let is_in_all = !types.as_str().unwrap().ends_with('?');
                let recording = Recording { month: month.clone(), version: version.clone(), is_in_all };
                let field = if part.is_empty() { name.clone() } else { format!("{part}.{name}") };
                let known = newest.entry((object.to_owned(), field)).or_default();
                *known = recording.max(known.clone());
            }
        }
    }
    newest
}

fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn updates() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// Writes the table with a row for each field that is answered and is recorded or has a row already.
fn write_table(seen: &BTreeMap<FieldKey, Vec<&str>>, recorded: &BTreeMap<FieldKey, Recording>) {
    let path = file("assets/field-grades.csv");
    let old = fs::read_to_string(&path).unwrap();
    let mut old = csv::Reader::from_reader(old.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(old.headers().unwrap()).unwrap();
    let rows = old.records().map(Result::unwrap);
    let mut rows: BTreeMap<FieldKey, csv::StringRecord> =
        rows.map(|row| ((row[0].to_owned(), row[1].to_owned()), row)).collect();
    for (object, _) in OBJECTS {
        for field in seen.keys().filter(|(known, _)| known == object) {
            let row = rows.remove(field);
            let kept = |nth: usize| row.as_ref().map_or("", |row| &row[nth]);
            let is_news = |recording: &Recording| recording.is_in_all || kept(2) != "recorded";
            match recorded.get(field).filter(|recording| is_news(recording)) {
                Some(Recording { month, version, .. }) => {
                    writer.write_record([object, &field.1, "recorded", month, version, "", kept(6), kept(7)]).unwrap();
                }
                None => row.iter().for_each(|row| writer.write_record(row).unwrap()),
            }
        }
    }
    fs::write(path, writer.into_inner().unwrap()).unwrap();
}

#[test]
fn what_is_recorded_says_so_with_the_newest_recording() {
    let mut checked = 0;
    let recorded = recorded();
    for field in grades::all() {
        let key = (field.place.object.clone().into_owned(), field.place.field.clone());
        if let Some(recording) = recorded.get(&key) {
            let version = Some(recording.version.clone()).filter(|version| !version.is_empty());
            let expected = FieldGrade::Recorded { month: recording.month.clone(), version };
            let is_true = if recording.is_in_all { field.grade == expected } else { field.grade.word() == "recorded" };
            assert!(is_true, "{key:?} is {:?}, recorded {expected:?}. {ADVICE}", field.grade);
            checked += 1;
        }
    }
    assert!(checked > 200, "{checked} of {}", recorded.len());
}

/// How many fields of an object have each grade, as the table in the README has it.
fn counted() -> String {
    let mut lines =
        vec!["| object | recorded | documented | assumed |".to_owned(), "| --- | --- | --- | --- |".to_owned()];
    let mut total = [0; 3];
    let shown = [
        ("token", "token"),
        ("card", "card, in a token, of a customer, in a charge"),
        ("customer", "customer"),
        ("charge", "charge"),
        ("refund", "refund"),
        ("dispute", "dispute"),
        ("radar.early_fraud_warning", "early fraud warning"),
        ("account", "account"),
        ("balance", "balance"),
        ("balance_transaction", "balance transaction"),
        ("payment_method", "payment method"),
        ("payment_intent", "payment intent"),
        ("setup_intent", "setup intent"),
        ("event", "event"),
        ("webhook_endpoint", "webhook endpoint"),
        ("list", "list"),
        ("error", "error"),
    ];
    for (word, name) in shown {
        let is_of = |field: &&GradedField| {
            let object = field.place.word();
            object == word || (word == "error" && object == "answer")
        };
        let fields: Vec<&GradedField> = grades::all().iter().filter(is_of).collect();
        let counts = FieldGrade::WORDS.map(|grade| fields.iter().filter(|field| field.grade.word() == grade).count());
        for (sum, count) in total.iter_mut().zip(counts) {
            *sum += count;
        }
        lines.push(format!("| {name} | {} | {} | {} |", counts[0], counts[1], counts[2]));
    }
    lines.push(format!("| **all {}** | {} | {} | {} |", grades::all().len(), total[0], total[1], total[2]));
    assert_eq!(total.iter().sum::<usize>(), grades::all().len(), "every object is in the table");
    lines.join("\n")
}

#[test]
fn the_readme_counts_the_grades() {
    let readme = fs::read_to_string(file("README.md")).unwrap();
    let begin = readme.find("| object | recorded |").expect("the table of grades");
    let end = begin + readme[begin..].find("\n\n").unwrap();
    let counted = counted();
    if updates() {
        fs::write(file("README.md"), format!("{}{counted}{}", &readme[..begin], &readme[end..])).unwrap();
        return;
    }
    let advice = "the counts in README.md are not true: UPDATE_GOLDEN=1 cargo test --test it grades:: writes them";
    assert_eq!(&readme[begin..end], counted, "{advice}");
}

#[test]
fn every_field_of_every_answer_has_a_grade_and_no_grade_is_without_a_field() {
    let (seen, graded) = (all_fields(), graded());
    if updates() {
        write_table(&seen, &recorded());
    }
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
