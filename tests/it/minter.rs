//! The minter's answers, byte for byte: golden files in `tests/golden/`, rewritten with `UPDATE_GOLDEN=1`.

use std::{collections::BTreeSet, fs};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use testcard::{
    domain::{
        call::{
            api::{ApiRequest, ApiResponse, HttpMethod},
            params::Params,
            token_calls::TokenRequest,
        },
        rules::policies::AccountPolicies,
    },
    minter::{
        self, LaterEffect, Ledger, LedgerChange, LedgerError, MemoryLedger, MinterAccount, ObjectKind, PageQuery,
        RememberedAnswer, StoredObject, auth,
        ledger::{AnswerKey, IdempotencyRecord},
    },
};

use crate::support::golden::{check_golden, golden_folder};

/// The second in which the API page's own token was made.
fn now() -> Timestamp {
    Timestamp::from_second(1_683_071_568).unwrap()
}

fn today() -> Date {
    TimeZone::UTC.to_datetime(now()).date()
}

/// The API page's request; its year is counted from the fixed moment.
fn good() -> Params {
    [
        ("card[number]", "4242424242424242".to_owned()),
        ("card[exp_month]", "5".to_owned()),
        ("card[exp_year]", (today().year() + 3).to_string()),
        ("card[cvc]", "314".to_owned()),
    ]
    .into_iter()
    .collect()
}

/// The good request with these parameters set and those dropped.
fn changed(set: &[(&str, &str)], without: &[&str]) -> Params {
    let mut params = good();
    for name in without {
        params.remove(name);
    }
    for (name, value) in set {
        params.set(name, *value);
    }
    params
}

fn post(params: Params) -> ApiRequest {
    TokenRequest::new(params).to_api("key-1")
}

fn with_version(mut request: ApiRequest, version: &str) -> ApiRequest {
    request.headers.push(("Stripe-Version".to_owned(), version.to_owned()));
    request
}

#[track_caller]
fn handle(ledger: &mut MemoryLedger, request: &ApiRequest, policies: AccountPolicies) -> ApiResponse {
    minter::handle(ledger, request, now(), policies, &MinterAccount::seeded(1)).expect("memory cannot fail")
}

#[track_caller]
fn answer(request: &ApiRequest) -> ApiResponse {
    handle(&mut MemoryLedger::default(), request, AccountPolicies::default())
}

/// Compares status and body with a golden file.
#[track_caller]
fn check_answer(name: &str, response: &ApiResponse) {
    let body = response.json().expect("every answer is JSON");
    assert_eq!(response.text(), format!("{body:#}"), "{name}: bodies are indented by two spaces");
    let actual = format!("{:#}\n", json!({ "http_status": response.http_status, "body": body }));
    check_golden(&format!("{name}.json"), &actual);
}

/// The keys of an object and of the objects in it, in order, each with the type of its value.
fn shape(value: &Value, at: &str, out: &mut Vec<(String, &'static str)>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = format!("{at}/{key}");
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_i64() => "integer",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        out.push((path.clone(), kind));
        shape(value, &path, out);
    }
}

fn shape_of(value: &Value) -> Vec<(String, &'static str)> {
    let mut out = Vec::new();
    shape(value, "", &mut out);
    out
}

#[test]
fn a_token_has_the_fields_of_the_api_page_in_its_order_and_its_types() {
    let page: Value =
        serde_json::from_str(&fs::read_to_string(golden_folder().join("api-page-token.json")).unwrap()).unwrap();
    let token = answer(&post(good())).json().unwrap();
    assert_eq!(shape_of(&token), shape_of(&page));
    assert_eq!(token["card"].as_object().unwrap().len(), 23);
    let mut expected = page.clone();
    // What cannot be the same: ids, the fingerprint, and where the call came from.
    for pointer in ["/id", "/card/id", "/card/fingerprint", "/client_ip"] {
        *expected.pointer_mut(pointer).unwrap() = token.pointer(pointer).unwrap().clone();
    }
    assert_eq!(token, expected);
    for (pointer, prefix) in [("/id", "tok_1N3T00"), ("/card/id", "card_1N3T00")] {
        let (ours, theirs) = (token.pointer(pointer).unwrap(), page.pointer(pointer).unwrap());
        assert!(ours.as_str().unwrap().starts_with(prefix), "{ours}");
        assert_eq!(ours.as_str().unwrap().len(), theirs.as_str().unwrap().len());
    }
}

#[test]
fn tokens_are_as_the_golden_files_say() {
    let address = [
        ("card[name]", "Jenny Rosen"),
        ("card[address_line1]", "South Street 1"),
        ("card[address_line2]", ""),
        ("card[address_city]", "Köln"),
        ("card[address_state]", "NRW"),
        ("card[address_zip]", "50667"),
        ("card[address_country]", "Germany"),
        ("card[currency]", "eur"),
    ];
    let cb = ("card[number]", "4000002500001001");
    let network = |word: &'static str| ("card[networks][preferred]", word);
    for (name, request) in [
        ("token-classic", post(good())),
        ("token-current", with_version(post(good()), "2024-04-10")),
        ("token-classic-with-address", post(changed(&address, &["card[cvc]"]))),
        ("token-classic-with-network", post(changed(&[cb, network("cartes_bancaires")], &[]))),
        ("token-current-with-invalid-preference", {
            with_version(post(changed(&[network("mastercard")], &[])), "2026-07-29.dahlia")
        }),
        ("token-number-with-separators", post(changed(&[("card[number]", "4242-4242 4242 4242")], &[]))),
        ("token-unpublished-number", post(changed(&[("card[number]", "4111111111111111")], &[]))),
    ] {
        let response = answer(&request);
        assert_eq!(response.http_status, 200, "{name}: {}", response.text());
        check_answer(name, &response);
    }
}

/// Every way in which a creation or a retrieval is refused: a name, the request, the policies.
fn refusals() -> Vec<(&'static str, ApiRequest, AccountPolicies)> {
    let policies = AccountPolicies::default();
    let set = |name: &str, value: &str| post(changed(&[(name, value)], &[]));
    let without = |name: &str| post(changed(&[], &[name]));
    let only = |params: &[(&str, &str)]| post(params.iter().copied().collect());
    let (number, month, year) = ("card[number]", "card[exp_month]", "card[exp_year]");
    let (cvc, network) = ("card[cvc]", "card[networks][preferred]");
    let this_year = today().year();
    let unknown_route = |method, path: &str| ApiRequest { method, ..ApiRequest::get(path) };
    let get = |params: &[(&str, &str)]| ApiRequest {
        params: params.iter().copied().collect(),
        ..ApiRequest::retrieve_token("tok_1nope")
    };
    let strict = AccountPolicies { strict_number: true, ..policies };
    let published_only = AccountPolicies { published_test_cards_only: true, ..policies };
    let no_raw = AccountPolicies { raw_card_data: false, ..policies };
    let long = "x".repeat(5001);
    let last_month =
        changed(&[(month, &(today().month() - 1).to_string()), (year, &(this_year % 100).to_string())], &[]);
    let rows: Vec<(&'static str, ApiRequest, AccountPolicies)> = vec![
        ("number-luhn", set(number, "4242424242424241"), policies),
        ("number-too-short", set(number, "424242424242424"), policies),
        ("number-too-long", set(number, "42424242424242424242"), policies),
        ("number-of-one-digit", set(number, "4"), policies),
        ("number-negative", set(number, "-1"), policies),
        ("number-letters", set(number, "abc"), policies),
        ("number-with-separators-strict", set(number, "4242 4242 4242 4242"), strict),
        ("number-not-published", set(number, "4111111111111111"), published_only),
        ("number-missing", without(number), policies),
        ("number-empty", set(number, ""), policies),
        ("number-dictionary", set("card[number][0]", "4"), policies),
        ("month-missing", without(month), policies),
        ("month-empty", set(month, ""), policies),
        ("month-zero", set(month, "0"), policies),
        ("month-thirteen", set(month, "13"), policies),
        ("month-letters", set(month, "xx"), policies),
        ("month-passed", post(last_month), policies),
        ("year-missing", without(year), policies),
        ("year-empty", set(year, ""), policies),
        ("year-passed", set(year, &(this_year - 1).to_string()), policies),
        ("year-95", set(year, "95"), policies),
        ("year-letters", set(year, "xx"), policies),
        ("year-too-far", set(year, &(this_year + 51).to_string()), policies),
        ("cvc-empty", set(cvc, ""), policies),
        ("cvc-two-digits", set(cvc, "12"), policies),
        ("cvc-four-digits", set(cvc, "1234"), policies),
        ("cvc-negative", set(cvc, "-1"), policies),
        ("cvc-letters", set(cvc, "abc"), policies),
        ("network-unknown", set(network, "amex"), policies),
        ("network-empty", set(network, ""), policies),
        ("networks-text", set("card[networks]", "visa"), policies),
        ("name-too-long", set("card[name]", &long), policies),
        ("unknown-parameter", set("card[address_c]", "1"), policies),
        ("unknown-parameters", only(&[("amount", "1"), ("currency", "usd"), ("amount", "2")]), policies),
        ("nothing", only(&[]), policies),
        ("card-empty", only(&[("card", "")]), policies),
        ("card-id-alone", only(&[("card", "card_1x")]), policies),
        ("card-id-and-dictionary", set("card", "card_1x"), policies),
        ("card-and-customer", set("customer", "cus_x"), policies),
        ("card-and-bank-account", set("bank_account[country]", "US"), policies),
        ("customer-and-bank-account", only(&[("customer", "cus_x"), ("bank_account", "ba_x")]), policies),
        ("customer-empty", only(&[("customer", "")]), policies),
        ("customer-dictionary", only(&[("customer[id]", "cus_x")]), policies),
        ("customer-missing", only(&[("customer", "cus_x"), ("card", "card_1x")]), policies),
        ("bank-account", only(&[("bank_account[country]", "US")]), policies),
        ("pii", only(&[("pii[id_number]", "000000000")]), policies),
        ("cvc-update", only(&[("cvc_update[cvc]", "123")]), policies),
        ("account-token", only(&[("account[business_type]", "company")]), policies),
        ("person-token", only(&[("person[first_name]", "Jenny")]), policies),
        ("expand-unknown", set("expand[]", "customer"), policies),
        ("expand-text", set("expand", "card"), policies),
        ("raw-card-data", post(good()), no_raw),
        ("token-missing", get(&[]), policies),
        ("retrieve-unknown-parameter", get(&[("limit", "3")]), policies),
        ("retrieve-expand-unknown", get(&[("expand[]", "charge")]), policies),
        ("unknown-route", unknown_route(HttpMethod::Post, "/v1/tokenz"), policies),
        ("no-list", unknown_route(HttpMethod::Get, "/v1/tokens"), policies),
        ("not-modelled", unknown_route(HttpMethod::Post, "/v1/payouts"), policies),
    ];
    rows
}

#[test]
fn errors_are_as_the_golden_files_say() {
    for (name, request, policies) in refusals() {
        let mut ledger = MemoryLedger::default();
        let response = handle(&mut ledger, &request, policies);
        assert!(!response.is_success(), "{name}: {}", response.text());
        check_answer(&format!("error-{name}"), &response);
    }
}

/// A name, the `Authorization` header, and whether the call needs a secret key.
const BAD_KEYS: [(&str, Option<&str>, bool); 5] = [
    ("no-key", None, false),
    ("bad-key", Some("Bearer hello-hello-1234"), false),
    ("bad-key-basic", Some("Basic c2tfdGVzdF8hYWJjZGVmZ2g6"), false),
    ("live-key", Some("Bearer sk_live_abcdefghijklmnop"), false),
    ("publishable-key", Some("Bearer pk_test_abcdefgh"), true),
];

#[test]
fn refused_keys_are_as_the_golden_files_say() {
    for (name, authorization, secret_only) in BAD_KEYS {
        let error = auth::authenticate(authorization, secret_only, None).unwrap_err();
        check_answer(&format!("error-{name}"), &minter::refusal(&error));
    }
}

#[test]
fn no_golden_error_is_left_over() {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return;
    }
    let mut expected: BTreeSet<String> = refusals().into_iter().map(|(name, ..)| name.to_owned()).collect();
    expected.extend(BAD_KEYS.map(|(name, ..)| name.to_owned()));
    let found: BTreeSet<String> = fs::read_dir(golden_folder())
        .unwrap()
        .filter_map(|file| file.unwrap().file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_prefix("error-")?.strip_suffix(".json")?.to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn every_error_has_stripes_form() {
    for (name, request, policies) in refusals() {
        let body = handle(&mut MemoryLedger::default(), &request, policies).json().unwrap();
        let error = body["error"].as_object().unwrap();
        let keys: Vec<&String> = error.keys().collect();
        assert!(keys.is_sorted(), "{name}: {keys:?}");
        assert!(error.values().all(Value::is_string), "{name}: {error:?}");
        assert_eq!(error.contains_key("doc_url"), error.contains_key("code"), "{name}");
        let log = error["request_log_url"].as_str().unwrap();
        assert!(log.starts_with("https://dashboard.stripe.com/acct_1"), "{name}: {log}");
        assert!(log.contains("/test/workbench/logs?object=req_"), "{name}: {log}");
    }
}

#[test]
fn a_card_has_the_fields_of_the_newest_known_answer_in_its_version() {
    const CHANGING: [&str; 6] = ["customer", "email", "networks", "phone", "regulated_status", "wallet"];
    for (version, expected) in [
        ("2014-12-08", &["customer"][..]),
        ("2019-09-09", &[]),
        // That of the account, which answers a call without a version too: the API reference's.
        ("2022-11-15", &["wallet"]),
        ("2023-10-16", &["networks", "wallet"]),
        ("2023-10-16; embedded_connect_beta=v2", &["networks", "wallet"]),
        // No answer in these versions is known, so they have all that came to every version.
        ("2023-08-16", &["email", "networks", "phone", "regulated_status", "wallet"]),
        ("2024-12-18.acacia", &["email", "networks", "phone", "regulated_status", "wallet"]),
        ("2026-06-24.dahlia", &["email", "networks", "phone", "regulated_status", "wallet"]),
        ("2027-01-01.next", &["email", "networks", "phone", "regulated_status", "wallet"]),
    ] {
        let token = answer(&with_version(post(good()), version)).json().unwrap();
        let card = token["card"].as_object().unwrap();
        let shown: Vec<&str> = CHANGING.into_iter().filter(|name| card.contains_key(*name)).collect();
        assert_eq!(shown, expected, "{version}");
        assert_eq!(card.len(), 22 + expected.len(), "{version}");
        assert!(card.keys().skip(2).is_sorted(), "{version}: the keys after id and object are in alphabetical order");
    }
    let unversioned = answer(&post(good())).json().unwrap();
    assert_eq!(unversioned["card"].as_object().unwrap().len(), 23, "{unversioned}");
}

#[test]
fn a_card_keeps_the_currency_that_was_sent() {
    let currency = |word: &str| answer(&post(changed(&[("card[currency]", word)], &[])));
    for (sent, kept) in [("usd", "usd"), ("EUR", "eur")] {
        assert_eq!(currency(sent).json().unwrap()["card"]["currency"], kept, "{sent}");
    }
    assert!(currency("").json().unwrap()["card"].get("currency").is_none(), "an empty one counts as not sent");
    let refused = currency("xyz");
    assert_eq!(
        (refused.http_status, &*refused.json().unwrap()["error"]["param"].to_string()),
        (400, "\"card[currency]\"")
    );
}

#[test]
fn a_token_is_shown_again_as_it_was_made_in_the_shape_that_is_asked_for() {
    let mut ledger = MemoryLedger::default();
    let made = handle(&mut ledger, &post(good()), AccountPolicies::default());
    let id = made.with_token(|token| token.id().to_owned()).unwrap();
    let again = handle(&mut ledger, &ApiRequest::retrieve_token(&id), AccountPolicies::default());
    assert_eq!((again.http_status, again.text()), (200, made.text()));
    assert_ne!(again.request_id(), made.request_id());
    let doubled = ApiRequest::get(format!("//v1//tokens//{id}"));
    assert_eq!(handle(&mut ledger, &doubled, AccountPolicies::default()).text(), made.text());
    let expanded =
        ApiRequest { params: [("expand[]", "card")].into_iter().collect(), ..ApiRequest::retrieve_token(&id) };
    assert_eq!(handle(&mut ledger, &expanded, AccountPolicies::default()).text(), made.text());
    let current = with_version(ApiRequest::retrieve_token(&id), "2026-07-29.dahlia");
    let current = handle(&mut ledger, &current, AccountPolicies::default()).json().unwrap();
    assert_eq!(current["card"]["networks"], json!({ "preferred": null }));
}

#[test]
fn the_ledger_keeps_what_charges_will_need_and_no_secret() {
    for (set, without, state) in [
        (
            &[("card[address_zip]", "1")][..],
            &[][..],
            json!({"number": "4242424242424242", "alias": null, "cvc_sent": true, "line1_sent": false, "zip_sent": true}),
        ),
        (
            &[("card[number]", "4111111111111111"), ("card[address_line1]", "x"), ("card[address_zip]", "")],
            &["card[cvc]"],
            json!({"number": null, "alias": null, "cvc_sent": false, "line1_sent": true, "zip_sent": false}),
        ),
    ] {
        let mut ledger = MemoryLedger::default();
        let made = handle(&mut ledger, &post(changed(set, without)), AccountPolicies::default());
        let id = made.with_token(|token| token.id().to_owned()).unwrap();
        let kept = ledger.get(None, ObjectKind::Token, &id).unwrap().unwrap();
        assert_eq!(kept.state, state);
        assert_eq!(kept.created, now().as_second());
        let written = format!("{}{}", kept.body, kept.state);
        assert!(!written.contains("4111111111111111") && !written.contains("314\""), "{written}");
    }
}

/// A ledger that must not be given anything to keep.
struct ReadOnly;

impl Ledger for ReadOnly {
    fn moment(&self, machine: Timestamp) -> Timestamp {
        machine
    }

    fn next_sequence(&mut self) -> Result<u64, LedgerError> {
        Ok(1)
    }

    fn token_number(&mut self) -> Option<u128> {
        None
    }

    fn insert(&mut self, _: Option<&str>, object: &StoredObject) -> Result<(), LedgerError> {
        Err(LedgerError(format!("{} was to be kept", object.id)))
    }

    fn get(&mut self, _: Option<&str>, _: ObjectKind, _: &str) -> Result<Option<StoredObject>, LedgerError> {
        Ok(None)
    }

    fn update(&mut self, _: Option<&str>, object: &StoredObject) -> Result<(), LedgerError> {
        Err(LedgerError(format!("{} was to be changed", object.id)))
    }

    fn remove(&mut self, _: Option<&str>, _: ObjectKind, id: &str) -> Result<(), LedgerError> {
        Err(LedgerError(format!("{id} was to be removed")))
    }

    fn keep_for_events(&mut self, _: Option<&str>, _: ObjectKind, id: &str) -> Result<(), LedgerError> {
        Err(LedgerError(format!("{id} was to be changed")))
    }

    fn pending_webhooks(&mut self, _: Option<&str>, _: &StoredObject) -> Result<usize, LedgerError> {
        Ok(0)
    }

    fn attempt(&mut self, change: &mut LedgerChange<'_>) -> Result<Option<LedgerError>, LedgerError> {
        Ok(change(self).err())
    }

    fn schedule(&mut self, effect: &LaterEffect) -> Result<(), LedgerError> {
        Err(LedgerError(format!("{effect:?} was to be kept")))
    }

    fn take_due(&mut self, _: i64) -> Result<Option<LaterEffect>, LedgerError> {
        Ok(None)
    }

    fn page(&mut self, _: Option<&str>, _: &PageQuery<'_>) -> Result<Vec<StoredObject>, LedgerError> {
        Ok(Vec::new())
    }

    fn recall(&mut self, _: &AnswerKey) -> Result<Option<RememberedAnswer>, LedgerError> {
        Ok(None)
    }

    /// A decline is an answer that is given again.
    fn remember(&mut self, _: &IdempotencyRecord, _: &ApiResponse) -> Result<(), LedgerError> {
        Ok(())
    }
}

#[test]
fn a_refused_request_leaves_nothing_behind() {
    let workspace = MinterAccount::seeded(1);
    for (name, request, policies) in refusals() {
        let answer = minter::handle(&mut ReadOnly, &request, now(), policies, &workspace);
        assert!(answer.is_ok(), "{name}: {answer:?}");
    }
    let made = minter::handle(&mut ReadOnly, &post(good()), now(), AccountPolicies::default(), &workspace);
    assert!(made.is_err(), "a token that cannot be kept is not answered");
}

/// Good and bad requests, and their answers.
fn session(workspace: &MinterAccount, ledger: &mut MemoryLedger) -> Vec<ApiResponse> {
    // Without a key: with one, the first answer would be given again.
    let post = |params| ApiRequest { headers: Vec::new(), ..post(params) };
    let bad = post(changed(&[("card[cvc]", "1")], &[]));
    let unpublished = post(changed(&[("card[number]", "4111111111111111")], &[]));
    [post(good()), bad, unpublished, ApiRequest::retrieve_token("tok_1nope")]
        .iter()
        .cycle()
        .take(20)
        .map(|request| minter::handle(ledger, request, now(), AccountPolicies::default(), workspace).unwrap())
        .collect()
}

#[test]
fn two_runs_with_one_seed_are_the_same_to_the_byte() {
    let run = |seed| session(&MinterAccount::seeded(seed), &mut MemoryLedger::default());
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn a_ledger_that_goes_on_after_a_restart_never_repeats_an_id() {
    let workspaces: [fn() -> MinterAccount; 2] = [|| MinterAccount::seeded(7), || MinterAccount::new([7; 32])];
    for start in workspaces {
        let mut ledger = MemoryLedger::default();
        let mut ids = BTreeSet::new();
        for _restart in 0..20 {
            for response in session(&start(), &mut ledger) {
                let body = response.json().unwrap();
                let of_token = ["/id", "/card/id"].map(|pointer| body.pointer(pointer).and_then(Value::as_str));
                for id in of_token.into_iter().chain([response.request_id()]).flatten() {
                    assert!(ids.insert(id.to_owned()), "{id} was given twice");
                }
            }
        }
        assert_eq!(ids.len(), 20 * (20 + 2 * 10));
    }
}
