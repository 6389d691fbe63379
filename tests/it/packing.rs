//! What a call takes on the disk, and the dictionary with which it is packed.

use std::{collections::HashMap, fs, path::Path, sync::Arc, time::Instant};

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testcard::{
    domain::{
        call::{
            api::{ApiRequest, ApiResponse, HttpMethod, Target},
            params::Params,
        },
        card::test_cards,
        rules::policies::AccountPolicies,
    },
    minter::{MinterAccount, PreparedCall},
    store::{FILE_NAME, NewCall, Store, StoreLocation},
};

use crate::support::histories::{all_unpacked, open};

/// Where the newest dictionary is, and the version that the rows name.
const DICTIONARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/calls-2.dict");
/// Long enough for what all calls and objects have in common.
const DICTIONARY_BYTES: usize = 48 * 1024;

const FIRST_NAMES: [&str; 12] =
    ["Jenny", "Ahmed", "Zoë", "Marie-Claire", "Jürgen", "Yuki", "Olga", "Carlos", "Siobhán", "Nguyễn", "Priya", "Lars"];
const LAST_NAMES: [&str; 12] = [
    "Rosen",
    "Müller",
    "O'Neill",
    "García Márquez",
    "van der Berg",
    "Tanaka",
    "Kowalska",
    "Smith",
    "Dubois",
    "Haddad",
    "Johansson",
    "Silva",
];
const STREETS: [&str; 10] = [
    "Market St",
    "Rue de la Paix",
    "Hauptstraße",
    "Via Roma",
    "Calle Mayor",
    "High Street",
    "Sukhumvit Road",
    "Main St",
    "Kungsgatan",
    "Avenida Paulista",
];
const CITIES: [(&str, &str, &str); 10] = [
    ("San Francisco", "CA", "US"),
    ("Paris", "", "FR"),
    ("Köln", "NRW", "DE"),
    ("Milano", "MI", "IT"),
    ("Madrid", "", "ES"),
    ("London", "", "GB"),
    ("Bangkok", "", "TH"),
    ("New York", "NY", "US"),
    ("Stockholm", "", "SE"),
    ("São Paulo", "SP", "BR"),
];

/// Headers as clients send them: Stripe's SDKs, curl, a program of one's own.
fn headers(nth: usize) -> Vec<(String, String)> {
    let agents = [
        (
            "Stripe/v1 PythonBindings/13.0.1",
            r#"{"bindings_version": "13.0.1", "lang": "python", "publisher": "stripe", "httplib": "requests", "lang_version": "3.13.5"}"#,
        ),
        (
            "Stripe/v1 NodeBindings/20.0.0",
            r#"{"bindings_version":"20.0.0","lang":"node","publisher":"stripe","uname":"Linux","typescript":false,"lang_version":"v22.12.0"}"#,
        ),
        (
            "Stripe/v1 RubyBindings/18.0.1",
            r#"{"bindings_version":"18.0.1","lang":"ruby","lang_version":"3.3.8 p144","platform":"x86_64-linux","publisher":"stripe"}"#,
        ),
        (
            "Stripe/v1 PhpBindings/19.0.0",
            r#"{"bindings_version":"19.0.0","lang":"php","lang_version":"8.4.1","publisher":"stripe"}"#,
        ),
        ("Stripe/v1 GoBindings/84.0.0", ""),
        ("curl/8.14.1", ""),
        ("bench", ""),
    ];
    let (agent, client) = agents[nth % agents.len()];
    let key = format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        nth * 2_654_435_761,
        nth % 65_521,
        nth % 4001,
        nth % 3989,
        nth * 40_503
    );
    let mut headers = vec![("Host", "127.0.0.1:12111"), ("Authorization", "Bearer sk_test_x"), ("User-Agent", agent)];
    if !client.is_empty() {
        headers.push(("X-Stripe-Client-User-Agent", client));
        headers.push(("Stripe-Version", "2026-08-26.dahlia"));
        headers.push(("Accept", "*/*"));
        headers.push(("Accept-Encoding", "gzip, deflate"));
        headers.push(("Connection", "keep-alive"));
    }
    if !nth.is_multiple_of(3) {
        headers.push(("Idempotency-Key", &key));
    }
    let length = (100 + nth % 300).to_string();
    headers.extend([("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", &length)]);
    headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The parameters of a token whose card, name and address are others each time.
fn token_params(nth: usize) -> Vec<(String, String)> {
    let cards = test_cards::all();
    let card = &cards[nth * 7 % cards.len()];
    let (city, state, country) = CITIES[nth * 3 % CITIES.len()];
    let mut params = vec![
        ("card[number]", card.number.clone()),
        ("card[exp_month]", (nth % 12 + 1).to_string()),
        ("card[exp_year]", (2027 + nth % 9).to_string()),
        ("card[cvc]", if nth.is_multiple_of(5) { "1234" } else { "123" }.to_owned()),
    ];
    if !nth.is_multiple_of(4) {
        params.push(("card[name]", format!("{} {}", FIRST_NAMES[nth % 12], LAST_NAMES[nth / 12 % 12])));
        params.push(("card[address_line1]", format!("{} {}", nth % 900 + 1, STREETS[nth / 7 % 10])));
        params.push(("card[address_city]", city.to_owned()));
        params.push(("card[address_state]", state.to_owned()));
        params.push(("card[address_zip]", format!("{:05}", nth * 7919 % 99_991)));
        params.push(("card[address_country]", country.to_owned()));
    }
    params.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A client of the stand-in, whose calls are kept in a folder.
struct Caller {
    store: Store,
    account: Arc<MinterAccount>,
    calls: usize,
}

impl Caller {
    fn new(folder: &Path) -> Self {
        let store = open(folder);
        let secret = store.workspace_secret();
        Self { store, account: Arc::new(MinterAccount::new(secret).in_folder(&secret)), calls: 0 }
    }

    fn send(&mut self, method: HttpMethod, path: &str, params: &[(String, String)]) -> ApiResponse {
        self.calls += 1;
        let params: Params = params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let request = ApiRequest { method, headers: headers(self.calls), params, ..ApiRequest::get(path) };
        let started = Timestamp::from_second(1_795_000_000 + 7 * i64::try_from(self.calls).unwrap()).unwrap();
        let own_account = Some(self.account.account().clone());
        let call =
            NewCall { target: Target::Local, started, request, expects: None, profile: None, world: None, own_account };
        let account = Arc::clone(&self.account);
        let answer = self.store.serve(call, Instant::now(), move |request, masked| {
            let prepared = PreparedCall::new(request, Some(masked), started, AccountPolicies::default(), account);
            Box::new(move |ledger| prepared.answer(ledger))
        });
        pollster::block_on(answer).unwrap()
    }

    fn post(&mut self, path: &str, params: &[(&str, &str)]) -> String {
        let params: Vec<_> = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let answer = self.send(HttpMethod::Post, path, &params).json().unwrap();
        answer["id"].as_str().unwrap_or_default().to_owned()
    }

    /// A payment intent that is confirmed as it is made.
    fn pay(&mut self, amount: &str, method: &str, more: &[(&str, &str)]) -> String {
        let params = [
            ("amount", amount),
            ("currency", "usd"),
            ("payment_method_types[]", "card"),
            ("payment_method", method),
            ("confirm", "true"),
        ];
        self.post("/v1/payment_intents", &[&params, more].concat())
    }

    fn token(&mut self, nth: usize) -> ApiResponse {
        self.send(HttpMethod::Post, "/v1/tokens", &token_params(nth))
    }
}

/// Trains a dictionary with the calls that test suites make, and with the objects that come of them: tokens of all published
/// cards with other names and addresses each time, what is done with them, payments, lists, errors. It replaces the newest one, which is right only until a
/// release has it: after that the new one gets the next number, and a line in `store::packed`.
#[test]
#[ignore = "it makes the packed file of a new history, which is right only after a migration was added"]
fn a_new_history() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join(FILE_NAME);
    // An empty file gets its tables from the migrations.
    fs::write(&file, []).unwrap();
    drop(Store::open(&StoreLocation::Folder(folder.path().to_owned()), Timestamp::UNIX_EPOCH).unwrap());
    let connection = Connection::open(&file).unwrap();
    connection
        .execute_batch(
            "PRAGMA secure_delete = ON; UPDATE meta SET value = x'' WHERE name = 'workspace_secret';
             DELETE FROM meta WHERE name <> 'workspace_secret';",
        )
        .unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    connection.close().unwrap();
    let packed = zstd::encode_all(&*fs::read(&file).unwrap(), 19).unwrap();
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/new-history.zst"), packed).unwrap();
}

#[test]
#[ignore = "it makes a dictionary, and is right only before a release has the one that is there"]
fn a_dictionary() {
    let folder = TempDir::new().unwrap();
    let mut caller = Caller::new(folder.path());
    for nth in 0..2000 {
        let token = caller.token(nth).json().unwrap()["id"].as_str().unwrap_or_default().to_owned();
        let amount = (nth * 37 % 9000 + 100).to_string();
        match nth % 16 {
            0 => drop(caller.send(HttpMethod::Get, &format!("/v1/tokens/{token}"), &[])),
            1 => {
                let charge =
                    caller.post("/v1/charges", &[("amount", &amount), ("currency", "usd"), ("source", &token)]);
                drop(caller.send(HttpMethod::Get, &format!("/v1/charges/{charge}"), &[]));
                caller.post("/v1/refunds", &[("charge", &charge)]);
            }
            2 => {
                let customer =
                    caller.post("/v1/customers", &[("email", "jenny.rosen@example.com"), ("name", "Jenny Rosen")]);
                caller.post(&format!("/v1/customers/{customer}/sources"), &[("source", &token)]);
                caller.post("/v1/charges", &[("amount", &amount), ("currency", "eur"), ("customer", &customer)]);
                drop(caller.send(HttpMethod::Get, &format!("/v1/customers/{customer}"), &[]));
                drop(caller.send(HttpMethod::Delete, &format!("/v1/customers/{customer}"), &[]));
            }
            3 => {
                caller.post("/v1/payment_methods", &[("type", "card"), ("card[token]", &token)]);
            }
            4 => drop(caller.send(HttpMethod::Get, "/v1/charges", &[("limit".to_owned(), "3".to_owned())])),
            5 => {
                caller.post("/v1/tokens", &[("card[number]", "4242424242424241"), ("card[exp_month]", "1")]);
                caller
                    .post("/v1/charges", &[("amount", &amount), ("currency", "usd"), ("source", "tok_chargeDeclined")]);
                caller.post("/v1/charges", &[("amount", "x"), ("currency", "usd"), ("source", "tok_none")]);
            }
            6 | 7 => {
                let intent = caller.pay(&amount, "pm_card_visa", &[("metadata[order]", &(nth * 31).to_string())]);
                drop(caller.send(HttpMethod::Get, &format!("/v1/payment_intents/{intent}"), &[]));
                caller.post("/v1/refunds", &[("payment_intent", &intent)]);
            }
            8 => {
                let customer = caller.post("/v1/customers", &[("email", "ahmed@example.com")]);
                let method = caller.post("/v1/payment_methods", &[("type", "card"), ("card[token]", &token)]);
                caller.post(&format!("/v1/payment_methods/{method}/attach"), &[("customer", &customer)]);
                let intent = caller.pay(&amount, &method, &[("customer", &customer), ("capture_method", "manual")]);
                caller.post(&format!("/v1/payment_intents/{intent}/capture"), &[]);
            }
            9 => {
                caller.pay(&amount, "pm_card_visa_chargeDeclinedInsufficientFunds", &[]);
                caller.pay(&amount, "pm_card_threeDSecureRequired", &[("return_url", "http://localhost:4242/back")]);
            }
            10 => {
                let source = ["tok_visa", "tok_mastercard", "tok_amex"][nth / 16 % 3];
                caller.post("/v1/charges", &[("amount", &amount), ("currency", "usd"), ("source", source)]);
                drop(caller.send(HttpMethod::Get, "/v1/events", &[("limit".to_owned(), "2".to_owned())]));
            }
            11 => {
                let intent = caller.post("/v1/payment_intents", &[("amount", &amount), ("currency", "eur")]);
                caller.post(
                    &format!("/v1/payment_intents/{intent}/confirm"),
                    &[("payment_method", "pm_card_mastercard"), ("return_url", "http://localhost:4242/back")],
                );
            }
            12 => {
                caller.post(
                    "/v1/setup_intents",
                    &[("payment_method", "pm_card_visa"), ("payment_method_types[]", "card"), ("confirm", "true")],
                );
            }
            _ => {}
        }
    }
    drop(caller);
    let dictionary = zstd::dict::from_samples(&all_unpacked(folder.path()), DICTIONARY_BYTES).unwrap();
    fs::write(DICTIONARY, dictionary).unwrap();
}

#[test]
fn a_token_takes_few_bytes_however_its_card_name_and_address_differ() {
    let folder = TempDir::new().unwrap();
    let mut caller = Caller::new(folder.path());
    let (mut compact, mut tokens) = (0, 0);
    for nth in 5000..5400 {
        let body: Value = caller.token(nth).json().unwrap();
        tokens += usize::from(body["object"] == "token");
        compact += body.to_string().len();
    }
    assert!(tokens > 300, "a few of the published cards are refused: {tokens}");
    drop(caller);
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let packed = "SELECT count(*), sum(length(packed)) FROM exchanges";
    let (calls, bytes): (i64, i64) = connection.query_row(packed, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(calls, 400);
    let share = bytes as f64 / compact as f64;
    assert!(share < 0.4, "a packed call takes {share:.2} of the compact body of its answer");
    let tables: HashMap<String, i64> = {
        let mut sizes = connection.prepare("SELECT name, sum(payload) FROM dbstat GROUP BY name").unwrap();
        sizes.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let all: i64 = tables.iter().filter(|(name, _)| !name.starts_with("sqlite_")).map(|(_, bytes)| bytes).sum();
    let share = all as f64 / compact as f64;
    assert!(share < 0.75, "all rows take {share:.2} of the compact bodies: {tables:?}");
    assert_eq!(tables["objects"], 0, "a token has no row of its own beside its call");
}
