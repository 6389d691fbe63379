//! What is answered is what is kept: shown again, replayed and exported, byte for byte, whatever was sent; and what is
//! looked up is looked up whole.

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use testcard::{
    backend::{BackendTargets, CallOrigin, ServedCall, admit, refusal},
    domain::{
        call::api::{ApiRequest, ApiResponse, HttpMethod, Target},
        mask::{HIDDEN, Kept},
        rules::policies::AccountPolicies,
    },
    store::{CallSelection, FILE_NAME, Store, StoreLocation},
};

use crate::support::{
    histories::{TOOK, all_unpacked, moment, older_history, open, response, retrieval},
    program::Home,
    serving::Serving,
    wire::Answer,
};

/// Passes the check, has the length of its brand, and is no published test card; and another that is shown alike.
const NUMBER: &str = "4539578763621486";
const SHOWN_ALIKE: &str = "4539570000051486";
const SHOWN: &str = "453957******1486";

/// What a tester sends, and what a bad rule takes for the number of a card.
const REALISTIC: [(&str, &str); 15] = [
    ("email", "test+1700000000123@example.com"),
    ("phone", "+49 151 23456789012"),
    ("description", "order 2026-11-28-000123456789"),
    ("metadata[ean]", "4006381333931"),
    ("metadata[isbn]", "978-3-16-148410-0"),
    ("metadata[iban]", "DE89 3704 0044 0532 0130 00"),
    ("metadata[float]", "52.520006599999997"),
    ("metadata[place]", "52.5200066, 13.4049540"),
    ("metadata[milliseconds]", "1700000000123"),
    ("metadata[uuid]", "12345678-1234-4123-8123-123456789012"),
    ("metadata[snowflake]", "1234567890123456789"),
    ("metadata[tracking]", "1Z 999 AA1 01 2345 6784"),
    ("name", "J*hn"),
    ("address[line1]", "Apt *5, 1234 5678 9012"),
    ("metadata[ip]", "192.168.100.200"),
];

fn post(path: &str, params: &[(&str, &str)], headers: &[(&str, &str)]) -> ApiRequest {
    ApiRequest {
        method: HttpMethod::Post,
        path: path.to_owned(),
        params: params.iter().copied().collect(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

/// A run of the program on a place: its minter and its store.
struct Running {
    runtime: tokio::runtime::Runtime,
    targets: BackendTargets,
}

fn came_now() -> CallOrigin {
    CallOrigin {
        started: moment(1),
        arrived: std::time::Instant::now(),
        world: None,
        is_publishable: false,
        server: "http://127.0.0.1:1".into(),
    }
}

impl Running {
    fn on(place: &StoreLocation, seed: Option<u64>) -> Self {
        let store = Store::open(place, moment(0)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { runtime, targets: BackendTargets::new(store, seed) }
    }

    /// The answer as kept.
    #[track_caller]
    fn send(&self, request: &ApiRequest) -> ApiResponse {
        let backend = self.targets.local(AccountPolicies::default());
        let recorded = self.runtime.block_on(backend.send(request, moment(1))).unwrap();
        recorded.exchange.outcome.unwrap()
    }

    /// The answer as it is sent over HTTP, held against the one that is kept.
    #[track_caller]
    fn serve(&self, request: &ApiRequest) -> ApiResponse {
        let call = ServedCall { request: request.clone(), origin: came_now(), fault: None };
        let sent = self.runtime.block_on(self.targets.serve(call, AccountPolicies::default()));
        self.check_kept(&sent);
        sent
    }

    /// The refusal of a key as it is sent over HTTP, if it is refused.
    #[track_caller]
    fn try_key(&self, request: &ApiRequest, key: &str) {
        let Err(error) = admit(Some(&format!("Bearer {key}")), request, AccountPolicies::default(), None) else {
            return;
        };
        let origin = came_now();
        let sent = self.targets.refuse(request.clone(), &origin, refusal(&error));
        self.check_kept(&self.runtime.block_on(sent));
    }

    /// Holds the last answer against what is kept of it.
    #[track_caller]
    fn check_kept(&self, sent: &ApiResponse) {
        let reader = self.targets.store().reader().unwrap();
        let newest = reader.request_rows(&CallSelection::default(), None, 1).unwrap()[0].id;
        let kept = reader.exchange(newest).unwrap().unwrap().outcome.unwrap();
        assert_eq!((kept.http_status, kept.text()), (sent.http_status, sent.text()));
        for ((name, value), (kept_name, kept_value)) in sent.headers.iter().zip(&kept.headers) {
            let is_echo = ["Idempotency-Key", "Stripe-Account"].contains(&name.as_str());
            assert!(name == kept_name && (value == kept_value || is_echo), "{name}: {value} is kept as {kept_value}");
        }
    }

    #[track_caller]
    fn make(&self, request: &ApiRequest) -> Value {
        let answer = self.send(request);
        assert_eq!(answer.http_status, 200, "{}", answer.text());
        answer.json().unwrap()
    }

    fn get(&self, path: &str) -> Value {
        self.send(&ApiRequest::get(path)).json().unwrap()
    }
}

#[test]
fn what_a_tester_sends_comes_back_as_it_was_sent() {
    let home = Home::new();
    let mut server = Serving::start(&home, &[]);
    let made = server.post("/v1/customers", &REALISTIC);
    assert_eq!(made.status, 200, "{}", made.text());
    let customer = made.json();
    let at = |name: &str| {
        let path = format!("/{}", name.replace('[', "/").replace(']', ""));
        customer.pointer(&path).and_then(Value::as_str).map(str::to_owned)
    };
    for (name, value) in REALISTIC {
        assert_eq!(at(name).as_deref(), Some(value), "{name}");
    }
    let path = format!("/v1/customers/{}", customer["id"].as_str().unwrap());
    assert_eq!(server.get(&path).text(), made.text());
    server.kill();
    let server = Serving::start(&home, &[]);
    assert_eq!(server.get(&path).text(), made.text(), "after a crash");
}

/// The parameters that customers, charges and tokens take as free text.
fn text_params() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        Just("name".to_owned()),
        Just("description".to_owned()),
        Just("phone".to_owned()),
        Just("address[line1]".to_owned()),
        Just("shipping[name]".to_owned()),
        "metadata\\[[a-z0-9*•]{1,8}\\]",
    ];
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9 .,:*•_/+\\-\"\\\\{}%&;#äß\u{2003}]{0,12}",
        1 => Just(NUMBER.to_owned()),
        1 => Just("4539 5787 6362 1486".to_owned()),
        1 => Just("sk_test_51abc_REAL".to_owned()),
        1 => Just("cvc is 123".to_owned()),
        1 => Just("&#52;".to_owned()),
        1 => Just("{\"cvc\": \"123\"}".to_owned()),
    ];
    let value = proptest::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat().chars().take(19).collect());
    proptest::collection::vec((name, value), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn an_object_is_shown_again_as_it_was_answered(texts in text_params(), is_on_disk in any::<bool>(), key in "[a-z]{3} ?([0-9]{0,13}|4539578763621486)") {
        let folder = TempDir::new().unwrap();
        let place = if is_on_disk { StoreLocation::Folder(folder.path().to_owned()) } else { StoreLocation::Memory };
        let mut running = Running::on(&place, Some(7));
        let mut params: Vec<(&str, &str)> = texts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if texts.iter().any(|(name, value)| name == "shipping[name]" && !value.is_empty()) {
            params.push(("shipping[address][line1]", "1"));
        }
        let request = post("/v1/customers", &params, &[("Idempotency-Key", &key)]);
        let made = running.send(&request);
        if made.http_status != 200 {
            return Ok(());
        }
        let path = format!("/v1/customers/{}", made.json().unwrap()["id"].as_str().unwrap());
        let mut rounds = vec![false];
        rounds.extend(is_on_disk.then_some(true));
        for is_restarted in rounds {
            if is_restarted {
                drop(running);
                running = Running::on(&place, Some(8));
            }
            let shown = running.send(&ApiRequest::get(&path));
            prop_assert_eq!(shown.text(), made.text());
            let replayed = running.send(&request);
            prop_assert_eq!(replayed.text(), made.text());
            prop_assert_eq!(replayed.header("Idempotent-Replayed"), Some("true"));
        }
    }
}

/// Texts that a code of the same request, a message or another part of an answer could change.
fn odd_texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        2 => "[a-z 0-9.,]{0,6}",
        1 => Just("call 314 now".to_owned()),
        1 => Just("314".to_owned()),
        1 => Just(NUMBER.to_owned()),
        1 => Just("4539 5787".to_owned()),
        1 => Just("{\"n\":4539578763621486,\"cvc\":123}".to_owned()),
        1 => Just("rcvd 250 of J*hn •••".to_owned()),
        1 => Just("NDUzOTU3ODc2MzYyMTQ4Ng==".to_owned()),
        1 => Just("sk_test_•••".to_owned()),
    ];
    proptest::collection::vec(piece, 1..3).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn every_answer_is_kept_as_it_was_sent_and_no_call_changes_another_object(
        texts in proptest::collection::vec((prop_oneof![
            Just("description"), Just("metadata[cvc]"), Just("metadata[message]"), Just("metadata[csc]"),
            Just("metadata[number]"), Just("metadata[error]"), "metadata\\[[a-z]{1,3}\\]".prop_map(|name| &*name.leak()),
        ], odd_texts()), 0..5),
        odd in odd_texts(),
        key in prop_oneof![Just("sk_test_x".to_owned()), "sk_test_[a-z]{1,12}[0-9]{4}", odd_texts()],
    ) {
        let running = Running::on(&StoreLocation::Memory, Some(3));
        let mut params: Vec<(&str, &str)> = texts.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let id_of = |answer: &ApiResponse| answer.json().unwrap()["id"].as_str().map(str::to_owned);
        // A refused key, a name, a value and a path that are echoed.
        running.try_key(&post("/v1/customers", &params, &[]), &key);
        running.serve(&post("/v1/tokens", &[(&odd, "1"), ("card[cvc]", "314")], &[("Stripe-Account", &odd)]));
        running.serve(&post("/v1/charges", &[("amount", &odd), ("currency", "usd")], &[("Stripe-Version", &odd)]));
        running.serve(&ApiRequest::get(format!("/v1/tokens/{odd}")));
        let source = ("source", "tok_visa");
        let mut made = Vec::new();
        for (path, more) in [("/v1/customers", vec![source]), ("/v1/charges", vec![source, ("amount", "500"), ("currency", "usd")])] {
            let all: Vec<(&str, &str)> = params.iter().copied().chain(more).collect();
            let answer = running.serve(&post(path, &all, &[]));
            prop_assert_eq!(answer.http_status, 200, "{}", answer.text());
            made.push((path, id_of(&answer).unwrap(), answer.text()));
        }
        let shown = |path: &str, id: &str| running.serve(&ApiRequest::get(format!("{path}/{id}")));
        for (path, id, body) in &made {
            prop_assert_eq!(&shown(path, id).text(), body);
        }
        // An update with a code of its own, and what it expands, leaves the card as it was.
        let (customer, card) = (&made[0].1, running.serve(&ApiRequest::get(format!("/v1/customers/{}/sources", made[0].1))));
        let card = card.json().unwrap()["data"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/customers/{customer}/sources/{card}");
        let card = running.serve(&post(&path, &params, &[]));
        let card = if card.http_status == 200 { card } else { running.serve(&ApiRequest::get(&path)) };
        params.extend([("metadata[cvc]", "314"), ("expand[]", "default_source")]);
        let updated = running.serve(&post(&format!("/v1/customers/{customer}"), &params, &[]));
        prop_assert_eq!(updated.http_status, 200, "{}", updated.text());
        prop_assert_eq!(&updated.json().unwrap()["default_source"], &card.json().unwrap());
        prop_assert_eq!(running.serve(&ApiRequest::get(&path)).json(), card.json());
        let mut expanded = ApiRequest::get(format!("/v1/customers/{customer}"));
        expanded.params.push("expand[]", "default_source");
        prop_assert_eq!(running.serve(&expanded).text(), updated.text());
        let listed = running.serve(&ApiRequest::get("/v1/charges")).json().unwrap();
        let charge: Value = serde_json::from_str(&made[1].2).unwrap();
        prop_assert_eq!(&listed["data"][0], &charge);
    }
}

#[test]
fn a_key_holds_over_a_crash_and_in_every_process_whatever_is_in_it() {
    let home = Home::new();
    let mut server = Serving::start(&home, &[]);
    let other = Serving::start(&home, &["--seed", "5"]);
    let charge = |server: &Serving, key: &str, account: Option<&str>| -> Answer {
        let mut headers = vec![("Idempotency-Key", key)];
        headers.extend(account.map(|account| ("Stripe-Account", account)));
        let answer = server.send(
            "POST",
            "/v1/charges",
            &[("amount", "500"), ("currency", "usd"), ("source", "tok_visa")],
            &headers,
        );
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("Idempotency-Key"), Some(key), "echoed as sent");
        assert_eq!(answer.header("Stripe-Account"), account, "echoed as sent");
        answer
    };
    let (number, alike) = (format!("refund-{NUMBER}"), format!("refund-{SHOWN_ALIKE}"));
    let cases = [
        ("refund-1700000000123", None),
        (number.as_str(), None),
        (alike.as_str(), None),
        ("k1", Some("acct_1")),
        ("acct_1 k1", None),
        ("17000000012", Some("acct_1")),
        ("17000990012", Some("acct_1")),
        ("k1", Some("acct_4539578763621486")),
        ("k1", Some("acct_4539570000051486")),
        ("k1", Some("acct_11")),
        ("1 k1", Some("acct_1")),
        ("sk_test_51abc", None),
    ];
    let made: Vec<String> = cases.iter().map(|(key, account)| charge(&server, key, *account).text()).collect();
    let unique: std::collections::HashSet<&String> = made.iter().collect();
    assert_eq!(unique.len(), cases.len(), "no two of them are one");
    let check = |server: &Serving| {
        for ((key, account), first) in cases.iter().zip(&made) {
            let again = charge(server, key, *account);
            assert_eq!(
                (again.header("Idempotent-Replayed"), &again.text()),
                (Some("true"), first),
                "{key} {account:?}"
            );
        }
    };
    check(&server);
    check(&other);
    server.kill();
    check(&Serving::start(&home, &[]));
    for (path, bytes) in home.files() {
        let text = String::from_utf8_lossy(&bytes);
        for secret in [NUMBER, SHOWN_ALIKE, SHOWN, "51abc"] {
            assert!(!text.contains(secret), "{} holds {secret}", path.display());
        }
    }
}

#[test]
fn an_email_filter_finds_the_one_that_was_meant() {
    let running = Running::on(&StoreLocation::Memory, None);
    let emails = ["test+1700000000123@example.com", "test+1700009990123@example.com"]
        .map(str::to_owned)
        .into_iter()
        .chain([NUMBER, SHOWN_ALIKE].map(|number| format!("{number}@example.com")))
        .collect::<Vec<_>>();
    let made: Vec<Value> =
        emails.iter().map(|email| running.make(&post("/v1/customers", &[("email", email)], &[]))).collect();
    for (email, customer) in emails.iter().zip(&made) {
        let mut list = ApiRequest::get("/v1/customers");
        list.params.push("email", email.as_str());
        let found = running.send(&list).json().unwrap();
        assert_eq!(found["data"], json!([customer]), "{email}");
    }
    // The address that a customer has is the one that was sent last, and stays where none is sent.
    let path = format!("/v1/customers/{}", made[2]["id"].as_str().unwrap());
    let named = running.make(&post(&path, &[("name", "Jenny")], &[]));
    assert_eq!(named["email"], HIDDEN, "six and four beside the hash that it is found by would give the number away");
    let mut list = ApiRequest::get("/v1/customers");
    list.params.push("email", emails[2].as_str());
    assert_eq!(running.send(&list).json().unwrap()["data"], json!([named]));
}

#[test]
fn numbers_that_are_amounts_are_read_as_sent() {
    let running = Running::on(&StoreLocation::Memory, None);
    let charge = |amount: &str, capture: &str| {
        let params = [("amount", amount), ("currency", "usd"), ("source", "tok_visa"), ("capture", capture)];
        running.send(&post("/v1/charges", &params, &[])).json().unwrap()["error"].clone()
    };
    assert_eq!(charge(NUMBER, "true")["code"], "amount_too_large");
    assert_eq!(charge(&format!("{NUMBER}x"), "true")["message"], format!("Invalid integer: {SHOWN}x"));
    assert_eq!(charge("500", NUMBER)["message"], format!("Invalid boolean: {SHOWN}"));
}

#[test]
fn a_customer_has_the_id_that_it_was_given_but_none_that_may_not_be_kept() {
    let running = Running::on(&StoreLocation::Memory, None);
    let customer = running.make(&post("/v1/customers", &[("id", "cus_of-1700000000123")], &[]));
    assert_eq!(running.get("/v1/customers/cus_of-1700000000123"), customer);
    let refused = |id: &str| {
        let answer = running.send(&post("/v1/customers", &[("id", id)], &[]));
        assert_eq!(answer.http_status, 400, "{}", answer.text());
        answer.json().unwrap()["error"].clone()
    };
    assert_eq!(refused("cus_of-1700000000123")["code"], "resource_already_exists");
    let error = refused(&format!("cus_{NUMBER}"));
    assert_eq!(error["param"], "id");
    assert!(error["message"].as_str().unwrap().contains("choose another id"), "{error}");
    assert!(!error.to_string().contains(NUMBER));
}

#[test]
fn an_answer_of_the_real_api_keeps_every_other_byte_and_says_where_it_was_changed() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let body = format!(
        "{{ \"id\":\"tok_1\",\"n\":1.10, \"n\":{NUMBER},\r\n\"a\":\"\\/\\u00e4 {NUMBER}\",\"cvc\":\"123\",\"big\":1e400 }}"
    );
    let kept = format!(
        "{{ \"id\":\"tok_1\",\"n\":1.10, \"n\":\"{SHOWN}\",\r\n\"a\":\"\\/\\u00e4 {SHOWN}\",\"cvc\":\"•••\",\"big\":1e400 }}"
    );
    let mut answer = response(200, &json!({}));
    answer.body = body.into_bytes();
    let journaled = store.journal(retrieval(Target::Stripe, "tok_1")).wait().unwrap();
    let recorded = store.finish(journaled.exchange, TOOK, Ok(answer)).wait().unwrap();
    let read = store.reader().unwrap().exchange(journaled.exchange).unwrap().unwrap();
    for exchange in [recorded.exchange, read] {
        let answer = exchange.outcome.unwrap();
        assert_eq!(answer.text(), kept);
        let places: Vec<&[u8]> = exchange.replaced.iter().map(|place| &answer.body[place.clone()]).collect();
        assert_eq!(places, [format!("\"{SHOWN}\"").as_bytes(), b"******", HIDDEN.as_bytes()]);
    }
}

#[test]
fn how_much_of_a_parameter_is_kept_is_known_and_older_rows_are_read_by_their_looks() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let params =
        [("card[number]", NUMBER), ("card[cvc]", "987"), ("card[name]", "J*hn 5"), ("card[address_line1]", "•••")];
    let running = Running::on(&StoreLocation::Folder(folder.path().to_owned()), None);
    running.send(&post("/v1/tokens", &params, &[]));
    let kept = || {
        let page =
            store.reader().unwrap().page(&testcard::domain::history::filter::HistoryFilter::default(), 1).unwrap();
        store.reader().unwrap().detail(page[0].id).unwrap().unwrap().request.kept
    };
    assert_eq!(kept(), [Kept::Masked, Kept::Hidden, Kept::Whole, Kept::Whole]);
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let written = String::from_utf8(all_unpacked(folder.path()).remove(0)).unwrap();
    assert!(
        written.starts_with(&format!(r#"[["card[number]","{SHOWN}","masked"],["card[cvc]","•••","hidden"],["#)),
        "{written}"
    );
    connection
        .execute(
            "UPDATE exchanges SET packed = NULL, headers = '[]', has_marks = 0, params = ?1",
            [format!(r#"[["a","{SHOWN}"],["b","•••"],["c","J*hn"],["d","x sk_test_•••"]]"#)],
        )
        .unwrap();
    assert_eq!(kept(), [Kept::Masked, Kept::Hidden, Kept::Whole, Kept::Masked]);
}

#[test]
fn an_answer_that_was_remembered_before_lengths_were_is_found() {
    let folder = TempDir::new().unwrap();
    let place = StoreLocation::Folder(folder.path().to_owned());
    older_history(folder.path(), "now");
    let charge = |key: &str, account: Option<&str>| {
        let mut headers = vec![("Idempotency-Key", key)];
        headers.extend(account.map(|account| ("Stripe-Account", account)));
        post("/v1/charges", &[("amount", "2000"), ("currency", "usd"), ("source", "tok_visa")], &headers)
    };
    let connected = "acct_1032D82eZvKYlo2C";
    let spaced = format!("{connected} k1");
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    for (older, key) in [("k1", "_-2:k1"), (&spaced, "_21:%2:k1")] {
        assert_eq!(connection.execute("UPDATE answers SET key = ?1 WHERE key LIKE ?2", [older, key]).unwrap(), 1);
    }
    let answered =
        "SELECT CAST(answer_body AS TEXT) FROM exchanges JOIN answers ON exchange = exchanges.id WHERE key = ?1";
    let made = ["k1", &spaced].map(|key| connection.query_row(answered, [key], |row| row.get::<_, String>(0)).unwrap());
    drop(connection);
    let running = Running::on(&place, None);
    assert_eq!([running.send(&charge("k1", None)).text(), running.send(&charge("k1", Some(connected))).text()], made);
    let apart = running.send(&charge(&spaced, None));
    assert!(!made.contains(&apart.text()), "a space parts nothing any more");
}

#[test]
fn whose_a_call_and_an_object_are_is_kept_with_them() {
    let folder = TempDir::new().unwrap();
    let running = Running::on(&StoreLocation::Folder(folder.path().to_owned()), None);
    let secret = format!("acct_{NUMBER}");
    for account in [Some("acct_1"), None, Some(secret.as_str())] {
        let header = account.map(|account| ("Stripe-Account", account));
        running.make(&post("/v1/customers", &[("name", "Jenny")], header.as_slice()));
    }
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    for table in ["exchanges", "objects WHERE kind = 'customer'"] {
        let mut query = connection.prepare(&format!("SELECT account FROM {table} ORDER BY rowid")).unwrap();
        let accounts: Vec<Option<String>> =
            query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!((accounts[0].as_deref(), accounts[1].as_deref()), (Some("acct_1"), None), "{table}");
        let hash = accounts[2].as_deref().unwrap();
        assert!(hash.len() == 23 && !hash.contains(NUMBER) && !hash.contains("1486"), "{table}: {hash}");
    }
}

#[test]
fn an_entry_has_an_id_that_no_other_machine_gives() {
    let folder = TempDir::new().unwrap();
    let running = Running::on(&StoreLocation::Folder(folder.path().to_owned()), Some(1));
    for _ in 0..3 {
        running.send(&post("/v1/tokens", &crate::support::serving::CARD, &[]));
    }
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let distinct: i64 = connection
        .query_row("SELECT count(DISTINCT uid) FROM entries WHERE length(uid) = 16", [], |row| row.get(0))
        .unwrap();
    assert_eq!(distinct, 3);
}

#[test]
fn an_export_says_which_parameters_are_not_as_they_were_sent() {
    let home = Home::new();
    home.run(["mint", NUMBER, "--cvc", "987", "--name", "J*hn 5"]);
    let request = home.history().remove(0)["request"].clone();
    let kept = |name: &str| {
        let param = request["params"].as_array().unwrap().iter().find(|param| param["name"] == name);
        param.unwrap_or_else(|| panic!("no {name} in {request}"))["kept"].clone()
    };
    assert_eq!(kept("card[number]"), "masked");
    assert_eq!(kept("card[cvc]"), "hidden");
    assert_eq!((kept("card[name]"), kept("card[exp_month]")), (Value::Null, Value::Null));
}

#[test]
fn tokens_and_keys_of_an_older_history_are_there_as_before() {
    let folder = TempDir::new().unwrap();
    older_history(folder.path(), "now");
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let tokens = "SELECT id FROM objects WHERE kind = 'token' AND account IS NULL ORDER BY position";
    let tokens: Vec<String> =
        connection.prepare(tokens).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(connection);
    let running = Running::on(&StoreLocation::Folder(folder.path().to_owned()), None);
    let charge = |token: &str| post("/v1/charges", &[("amount", "500"), ("currency", "usd"), ("source", token)], &[]);
    let refused = running.send(&charge(&tokens[1])).text();
    assert!(refused.contains("more than once"), "it was used before: {refused}");
    let charged = running.make(&charge(&tokens[0]));
    let store = open(folder.path());
    let reader = store.reader().unwrap();
    let entry = reader.by_token(&tokens[0]).unwrap().unwrap();
    assert_eq!(reader.detail(entry).unwrap().unwrap().entry.used_by.as_deref(), charged["id"].as_str());
}
