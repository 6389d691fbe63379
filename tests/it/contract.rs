//! One contract, run against the minter in this process and against the server over loopback: with one seed and one
//! moment, status, body and headers are the same to the byte, however a client writes its request.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use testcard::{
    backend::{AdmissionRules, BackendTargets},
    domain::{
        call::api::{ApiRequest, HttpMethod},
        clock::Clock,
        rules::policies::AccountPolicies,
    },
    minter::{self, MemoryLedger, MinterAccount},
    server::{Server, ServerConfig},
    store::{Store, StoreLocation},
    webhooks::WebhookConfig,
};
use tokio::runtime::Runtime;

use crate::support::wire::Wire;

const SEED: u64 = 7;
const KEY: &str = "sk_test_contract";

fn now() -> Timestamp {
    Timestamp::from_second(1_893_456_000).unwrap()
}

/// A call. `{name}` in its path and parameters stands for an id that an earlier one was to keep.
struct Case {
    method: HttpMethod,
    path: &'static str,
    params: &'static [(&'static str, &'static str)],
    headers: &'static [(&'static str, &'static str)],
    status: u16,
    keep: Option<&'static str>,
}

const fn case(
    status: u16,
    method: HttpMethod,
    path: &'static str,
    params: &'static [(&'static str, &'static str)],
) -> Case {
    Case { method, path, params, headers: &[], status, keep: None }
}

const fn post(status: u16, path: &'static str, params: &'static [(&'static str, &'static str)]) -> Case {
    case(status, HttpMethod::Post, path, params)
}

const fn get(status: u16, path: &'static str, params: &'static [(&'static str, &'static str)]) -> Case {
    case(status, HttpMethod::Get, path, params)
}

const fn delete(status: u16, path: &'static str) -> Case {
    case(status, HttpMethod::Delete, path, &[])
}

impl Case {
    const fn keep(self, name: &'static str) -> Self {
        Self { keep: Some(name), ..self }
    }

    const fn with(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }
}

const GOOD: &[(&str, &str)] = &[
    ("card[number]", "4242424242424242"),
    ("card[exp_month]", "5"),
    ("card[exp_year]", "2035"),
    ("card[cvc]", "314"),
    ("card[name]", "Zoë & Jürgen = 100 %+"),
    ("expand[]", "card"),
];

const METHOD: &[(&str, &str)] = &[
    ("type", "card"),
    ("card[number]", "4242424242424242"),
    ("card[exp_month]", "5"),
    ("card[exp_year]", "2035"),
    ("billing_details[name]", "Zoë & Jürgen"),
];

const CASES: &[Case] = &[
    post(200, "/v1/tokens", GOOD).keep("token"),
    post(200, "/v1/tokens", GOOD).keep("second").with(&[("Stripe-Version", "2026-07-29.dahlia")]),
    get(200, "/v1/tokens/{token}", &[("expand[]", "card")]),
    get(200, "//v1//tokens/{token}", &[]),
    get(404, "/v1/tokens/tok_nope", &[]),
    get(404, "/v1/tokens", &[]),
    get(404, "/v1/tokens/{token}/", &[]),
    get(404, "/v1/payouts", &[]),
    post(200, "/v1/payment_methods", METHOD).keep("method"),
    get(200, "/v1/payment_methods/{method}", &[]),
    post(
        200,
        "/v1/payment_intents",
        &[("amount", "2000"), ("currency", "usd"), ("payment_method", "{method}"), ("capture_method", "manual")],
    )
    .keep("intent"),
    post(200, "/v1/payment_intents/{intent}", &[("description", "r&d")]),
    post(200, "/v1/payment_intents/{intent}/confirm", &[("expand[]", "latest_charge")]),
    post(400, "/v1/payment_intents/{intent}/increment_authorization", &[("amount", "2500")]),
    post(200, "/v1/payment_intents/{intent}/capture", &[("amount_to_capture", "1500")]),
    post(400, "/v1/payment_intents/{intent}/cancel", &[]),
    get(200, "/v1/payment_intents/{intent}", &[("expand[]", "latest_charge.balance_transaction")])
        .with(&[("Stripe-Version", "2020-08-27")]),
    get(200, "/v1/payment_intents", &[("limit", "1")]),
    post(
        402,
        "/v1/payment_intents",
        &[("amount", "2000"), ("currency", "usd"), ("payment_method", "pm_card_chargeDeclined"), ("confirm", "true")],
    )
    .with(&[("Idempotency-Key", "key-5")]),
    post(200, "/v1/customers", &[("payment_method", "pm_card_visa")]).keep("payer"),
    get(200, "/v1/customers/{payer}/payment_methods", &[("type", "card")]),
    post(200, "/v1/setup_intents", &[("customer", "{payer}"), ("payment_method", "pm_card_visa"), ("confirm", "true")])
        .keep("setup"),
    get(200, "/v1/setup_intents/{setup}", &[("expand[]", "payment_method")]),
    post(400, "/v1/setup_intents/{setup}/cancel", &[]),
    get(200, "/v1/balance_transactions", &[("limit", "1")]),
    get(404, "/v1/balance_transactions/txn_nope", &[]),
    get(200, "/v1/account", &[]),
    get(404, "/v1/account", &[]).with(&[("Stripe-Account", "acct_1032D82eZvKYlo2C")]),
    get(200, "/v1/balance", &[]),
    get(400, "/v1/balance", &[("expand[]", "instant_available.net_available")]),
    get(200, "/v1/balance", &[("expand[]", "instant_available.net_available")])
        .with(&[("Stripe-Account", "acct_1032D82eZvKYlo2C")]),
    get(200, "/v1/disputes", &[("limit", "1")]),
    get(404, "/v1/disputes/du_nope", &[]),
    post(404, "/v1/disputes/du_nope", &[("evidence[uncategorized_text]", "winning_evidence"), ("submit", "true")]),
    post(404, "/v1/disputes/du_nope/close", &[]),
    get(200, "/v1/radar/early_fraud_warnings", &[]),
    get(404, "/v1/radar/early_fraud_warnings/issfr_nope", &[]),
    get(404, "/v1/tökens", &[]),
    post(
        402,
        "/v1/tokens",
        &[("card[number]", "4242424242424241"), ("card[exp_month]", "5"), ("card[exp_year]", "35")],
    ),
    post(400, "/v1/tokens", &[]),
    post(400, "/v1/tokens", &[("card[number]", "4242424242424242"), ("card[colour]", "r&d")]),
    post(200, "/v1/charges", &[("amount", "2000"), ("currency", "usd"), ("source", "{token}")])
        .keep("charge")
        .with(&[("Idempotency-Key", "key-1")]),
    post(200, "/v1/charges", &[("amount", "2000"), ("currency", "usd"), ("source", "{token}")])
        .with(&[("Idempotency-Key", "key-1")]),
    post(400, "/v1/charges", &[("amount", "2001"), ("currency", "usd"), ("source", "{token}")])
        .with(&[("Idempotency-Key", "key-1")]),
    post(400, "/v1/charges", &[("amount", "2000"), ("currency", "usd"), ("source", "{token}")]),
    post(402, "/v1/charges", &[("amount", "2000"), ("currency", "usd"), ("source", "tok_chargeDeclined")])
        .with(&[("Idempotency-Key", "key-2")]),
    get(200, "/v1/charges/{charge}", &[("expand[]", "refunds"), ("expand[]", "customer")])
        .with(&[("Stripe-Version", "2022-08-01")]),
    post(200, "/v1/refunds", &[("charge", "{charge}"), ("amount", "500"), ("metadata[a b]", "c+d")]).keep("refund"),
    get(200, "/v1/refunds/{refund}", &[]),
    get(200, "/v1/events", &[("types[]", "charge.refunded"), ("types[]", "refund.created"), ("limit", "1")]),
    get(404, "/v1/events/evt_nope", &[]),
    post(400, "/v1/webhook_endpoints", &[("url", "ftp://localhost/"), ("enabled_events[]", "*")]),
    post(400, "/v1/webhook_endpoints", &[("url", "http://localhost/"), ("enabled_events[]", "charge.exploded")]),
    post(404, "/v1/webhook_endpoints/we_nope", &[("disabled", "true")]),
    get(200, "/v1/webhook_endpoints", &[("limit", "1")]),
    delete(404, "/v1/webhook_endpoints/we_nope"),
    post(200, "/v1/charges/{charge}/refunds", &[("amount", "100"), ("reverse_transfer", "False")]),
    get(200, "/v1/charges/{charge}/refunds/{refund}", &[("expand[]", "balance_transaction")]),
    post(200, "/v1/charges/{charge}/refund", &[("expand[]", "balance_transaction")]),
    get(404, "/v1/charges/{charge}/refunds/re_nope", &[]),
    post(200, "/v1/customers", &[("email", "jenny@example.com"), ("source", "{second}")]).keep("customer"),
    get(200, "/v1/customers/{customer}", &[("expand[]", "default_source")]),
    post(200, "/v1/customers/{customer}/sources", &[("source", "tok_mastercard")]).keep("card"),
    post(402, "/v1/customers/{customer}/sources", &[("source", "tok_chargeDeclined")]),
    get(200, "/v1/customers/{customer}/sources", &[("limit", "1")]),
    get(200, "/v1/customers/{customer}/sources", &[("object", "bank_account")]),
    post(200, "/v1/customers/{customer}/cards", &[("card", "tok_amex")]).keep("old"),
    get(200, "/v1/customers/{customer}/cards/{old}", &[]),
    delete(200, "/v1/customers/{customer}/cards/{old}"),
    get(200, "/v1/charges", &[("limit", "2"), ("created[gte]", "1")]),
    get(400, "/v1/charges", &[("limit", "0")]),
    delete(200, "/v1/customers/{customer}/sources/{card}"),
    delete(200, "/v1/customers/{customer}"),
    get(200, "/v1/customers/{customer}", &[]),
    delete(404, "/v1/customers/{customer}"),
    post(401, "/v1/tokens", GOOD).with(&[("Authorization", "Bearer sk_live_abcdefghijkl")]),
    post(401, "/v1/tokens", GOOD).with(&[("Authorization", "Digest x")]),
    post(403, "/v1/charges", &[]).with(&[("Authorization", "Bearer pk_test_abc")]),
    post(200, "/v1/tokens", GOOD).with(&[("Authorization", "Bearer pk_test_abc")]),
    post(
        200,
        "/v1/charges",
        &[
            ("amount", "2000"),
            ("currency", "usd"),
            ("source", "tok_visa"),
            ("ip", "203.0.113.7"),
            ("payment_user_agent", "stripe.js/2ee772a1e3; stripe-js-v3/2ee772a1e3"),
            ("client_attribution_metadata[merchant_integration_additional_elements][0]", "payment"),
        ],
    ),
    post(400, "/v1/customers", &[("guid", "NA")]),
];

/// What a case comes to: status, API headers in order, body.
type Outcome = (u16, Vec<(String, String)>, String);

/// Runs the cases one after another, filling in what earlier ones kept.
fn run(mut answer: impl FnMut(&Case, &str, &[(String, String)]) -> Outcome) -> Vec<Outcome> {
    let mut kept: HashMap<&str, String> = HashMap::new();
    let mut outcomes = Vec::new();
    for case in CASES {
        let filled =
            |text: &str| kept.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id));
        let params: Vec<(String, String)> =
            case.params.iter().map(|(name, value)| ((*name).to_owned(), filled(value))).collect();
        let path = filled(case.path);
        let outcome = answer(case, &path, &params);
        assert_eq!(outcome.0, case.status, "{} {path}: {}", case.method.as_str(), outcome.2);
        if let Some(name) = case.keep {
            let body: serde_json::Value = serde_json::from_str(&outcome.2).unwrap();
            kept.insert(name, body["id"].as_str().unwrap().to_owned());
        }
        outcomes.push(outcome);
    }
    outcomes
}

fn in_process() -> Vec<Outcome> {
    let (mut ledger, workspace) = (MemoryLedger::default(), MinterAccount::seeded(SEED));
    run(|case, path, params| {
        let mut headers: Vec<(String, String)> =
            case.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let place = headers.iter().position(|(name, _)| name == "Authorization");
        let key = place.map_or_else(|| format!("Bearer {KEY}"), |place| headers.remove(place).1);
        let params = params.iter().map(|(name, value)| (&**name, &**value)).collect();
        let request = ApiRequest { method: case.method, path: path.to_owned(), params, headers };
        let response = match minter::admit(Some(&key), &request, AccountPolicies::default(), None) {
            Ok(_) => minter::handle(&mut ledger, &request, now(), AccountPolicies::default(), &workspace).unwrap(),
            Err(error) => minter::refusal(&error),
        };
        let own = response.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
        // What is the same on every answer is added where it is sent.
        let sent = minter::sent_headers(response.http_status).map(|(name, value)| (name.to_owned(), value.to_owned()));
        (response.http_status, own.chain(sent).collect(), response.text())
    })
}

/// How a client writes its requests.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "habits of clients that meet in any combination")]
struct Hand {
    encodes_brackets: bool,
    encodes_all: bool,
    writes_indices: bool,
    sends_chunks: bool,
    ends_with_a_question_mark: bool,
    names_a_charset: bool,
    names_no_type: bool,
    puts_all_in_the_query: bool,
    is_basic: bool,
}

impl Hand {
    fn name(self, name: &str) -> String {
        let name = if self.writes_indices { name.replace("[]", "[0]") } else { name.to_owned() };
        if self.encodes_all {
            return every_byte(&name);
        }
        let spaced = name.replace(' ', "+");
        if self.encodes_brackets { spaced.replace('[', "%5B").replace(']', "%5d") } else { spaced }
    }

    fn value(self, value: &str) -> String {
        if self.encodes_all { every_byte(value) } else { form_urlencoded::byte_serialize(value.as_bytes()).collect() }
    }

    fn request(self, case: &Case, path: &str, params: &[(String, String)]) -> Vec<u8> {
        let mut pairs: Vec<String> =
            params.iter().map(|(name, value)| format!("{}={}", self.name(name), self.value(value))).collect();
        if self.writes_indices {
            // Further elements count on.
            for (nth, pair) in pairs.iter_mut().filter(|pair| pair.starts_with("expand[0]")).enumerate() {
                *pair = pair.replacen("[0]", &format!("[{nth}]"), 1);
            }
        }
        let form = pairs.join("&");
        let in_query = case.method != HttpMethod::Post || self.puts_all_in_the_query;
        let (mut query, body) = if in_query { (form, String::new()) } else { (String::new(), form) };
        if !query.is_empty() || self.ends_with_a_question_mark {
            query.insert(0, '?');
        }
        // A path is sent in ASCII.
        let path: String = path
            .bytes()
            .map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect();
        let mut lines =
            vec![format!("{} {path}{query} HTTP/1.1", case.method.as_str()), "Host: localhost:1".to_owned()];
        lines.extend(case.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        if !case.headers.iter().any(|(name, _)| *name == "Authorization") {
            let basic = format!("Basic {}", STANDARD.encode(format!("{KEY}:")));
            lines.push(format!("authorization: {}", if self.is_basic { basic } else { format!("Bearer {KEY}") }));
        }
        if case.method == HttpMethod::Post && !self.names_no_type {
            let charset = if self.names_a_charset { "; charset=UTF-8" } else { "" };
            lines.push(format!("Content-Type: application/x-www-form-urlencoded{charset}"));
        }
        let body = if self.sends_chunks && !body.is_empty() {
            lines.push("Transfer-Encoding: chunked".to_owned());
            let (first, rest) = body.split_at(body.len() / 2);
            let chunks = [first, rest].map(|part| format!("{:x}\r\n{part}\r\n", part.len()));
            format!("{}0\r\n\r\n", chunks.concat())
        } else {
            lines.push(format!("Content-Length: {}", body.len()));
            body
        };
        format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes()
    }
}

fn every_byte(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    bytes.concat()
}

fn over_loopback(runtime: &Runtime, hand: Hand) -> Vec<Outcome> {
    let store = Store::open(&StoreLocation::Memory, now()).unwrap();
    let config = ServerConfig {
        targets: BackendTargets::new(store, Some(SEED)),
        clock: Clock::fixed(now()),
        listen: "127.0.0.1:0".parse().unwrap(),
        admission: AdmissionRules::default(),
        is_isolating: false,
        faults: Vec::new(),
        webhooks: WebhookConfig::new(Clock::fixed(now())),
    };
    let server = runtime.block_on(Server::start(config)).unwrap();
    let mut wire = Wire::open(server.address()).unwrap();
    let outcomes = run(|case, path, params| {
        let answer = wire.ask(&hand.request(case, path, params)).unwrap();
        assert!(answer.is_whole());
        // A refused key ends its connection.
        if answer.header("Connection") == Some("close") {
            wire = Wire::open(server.address()).unwrap();
        }
        // What HTTP itself needs.
        let of_http = ["date", "content-length", "connection"];
        let headers = answer.headers.iter().filter(|(name, _)| !of_http.contains(&name.as_str()));
        (answer.status, headers.cloned().collect(), answer.text())
    });
    drop(wire);
    runtime.block_on(server.stop());
    outcomes
}

#[test]
fn the_same_calls_have_the_same_answers_in_process_and_over_loopback_to_the_byte() {
    let runtime = Runtime::new().unwrap();
    let expected = in_process();
    let plain = Hand::default();
    for hand in [
        plain,
        Hand { encodes_brackets: true, ..plain },
        Hand { encodes_all: true, is_basic: true, ..plain },
        Hand { writes_indices: true, ..plain },
        Hand { sends_chunks: true, names_a_charset: true, ..plain },
        Hand { ends_with_a_question_mark: true, names_no_type: true, ..plain },
        Hand { puts_all_in_the_query: true, encodes_brackets: true, ..plain },
    ] {
        let answered = over_loopback(&runtime, hand);
        for ((case, expected), answered) in CASES.iter().zip(&expected).zip(&answered) {
            assert_eq!(answered, expected, "{} {} by {hand:?}", case.method.as_str(), case.path);
        }
    }
}

#[test]
fn another_seed_gives_other_bytes() {
    let expected = in_process();
    let mut ledger = MemoryLedger::default();
    let request = ApiRequest {
        method: HttpMethod::Post,
        params: GOOD.iter().copied().collect(),
        ..ApiRequest::get("/v1/tokens")
    };
    let answer = |seed, ledger: &mut MemoryLedger| {
        minter::handle(ledger, &request, now(), AccountPolicies::default(), &MinterAccount::seeded(seed))
            .unwrap()
            .text()
    };
    assert_eq!(answer(SEED, &mut MemoryLedger::default()), expected[0].2);
    assert_ne!(answer(SEED + 1, &mut ledger), expected[0].2);
}
