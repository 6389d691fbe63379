//! Calls to a store and answers to them, histories of such calls, and secrets planted in both.

use std::{fs, ops::ControlFlow, path::Path, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;
use testcard::{
    domain::{
        call::{
            api::{ApiRequest, ApiResponse, Target, TransportError},
            params::Params,
            token_calls::TokenRequest,
        },
        card::number::CardNumber,
        history::{
            entry::{EntryDetail, EntryId, EntryStatus},
            filter::HistoryFilter,
        },
    },
    minter::{ObjectKind, StoredObject},
    store::{FILE_NAME, HistoryReader, LocalAnswer, NewCall, Store, StoreLocation},
};

/// Luhn-valid, and not among the published test cards.
pub const PLANTED_NUMBER: &str = "4539578763621486";
/// Only six and four digits of a number may be written: these are the others.
pub const PLANTED_MIDDLE: &str = "876362";
pub const PLANTED_CODE: &str = "987";
pub const PLANTED_KEY: &str = "sk_test_51PlantedSecret";
pub const PLANTED_KEY_PART: &str = "51PlantedSecret";

pub fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000_000 + seconds).unwrap()
}

pub fn open(folder: &Path) -> Store {
    Store::open(&StoreLocation::Folder(folder.to_owned()), moment(0)).unwrap()
}

pub fn creation(target: Target, params: &[(&str, &str)]) -> NewCall {
    let params: Params = params.iter().map(|(name, value)| (*name, *value)).collect();
    NewCall {
        target,
        started: moment(0),
        request: TokenRequest::new(params).to_api("key"),
        expects: None,
        profile: None,
        world: None,
        own_account: None,
    }
}

pub fn visa(target: Target) -> NewCall {
    creation(target, &[("card[number]", "4242424242424242"), ("card[cvc]", "123")])
}

pub fn retrieval(target: Target, id: &str) -> NewCall {
    NewCall {
        target,
        started: moment(1),
        request: ApiRequest::retrieve_token(id),
        expects: None,
        profile: None,
        world: None,
        own_account: None,
    }
}

pub fn response(http_status: u16, body: &Value) -> ApiResponse {
    ApiResponse {
        http_status,
        headers: vec![("Request-Id".to_owned(), "req_1".to_owned())],
        body: format!("{body:#}").into_bytes(),
    }
}

pub fn token(id: &str, brand: &str, last4: &str, used: bool) -> ApiResponse {
    response(200, &json!({"id": id, "object": "token", "card": {"brand": brand, "last4": last4}, "used": used}))
}

pub fn declined(code: &str, message: &str) -> ApiResponse {
    response(402, &json!({"error": {"code": code, "message": message, "type": "card_error"}}))
}

/// A minter that makes this token.
pub fn mint(id: &str) -> LocalAnswer {
    let answer = token(id, "Visa", "4242", false);
    let object = StoredObject {
        kind: ObjectKind::Token,
        parent: None,
        id: id.to_owned(),
        created: 1,
        body: answer.json().unwrap(),
        state: json!({"number": "4242424242424242"}),
    };
    Box::new(move |ledger| {
        ledger.next_sequence()?;
        ledger.insert(None, &object)?;
        Ok(answer.clone())
    })
}

pub fn say(answer: ApiResponse) -> LocalAnswer {
    Box::new(move |_| Ok(answer.clone()))
}

/// A history as version 7 of the database has it, made by the program of that time: two tokens and a refused one, charges
/// of the account itself and of a connected one, each under the key `k1`, a customer, calls that look. `moment` is that of
/// its calls and keys, as SQLite reads it.
pub fn older_history(folder: &Path, moment: &str) {
    let connection = Connection::open(folder.join(FILE_NAME)).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection.execute_batch(include_str!("../../histories/version-7.sql")).unwrap();
    let at = "UPDATE answers SET created = unixepoch(?1), written = unixepoch(?1)";
    connection.execute(at, [moment]).unwrap();
}

/// What is packed of a call, its lists and its body, or of an object.
pub fn unpacked(packed: &[u8]) -> Vec<u8> {
    const DICTIONARIES: [&[u8]; 2] =
        [include_bytes!("../../../assets/calls-1.dict"), include_bytes!("../../../assets/calls-2.dict")];
    let dictionary = DICTIONARIES[usize::from(packed[0]) - 1];
    zstd::bulk::Decompressor::with_dictionary(dictionary).unwrap().decompress(&packed[1..], 16 << 20).unwrap()
}

/// All that is packed in a history, so that a search for what may not be written finds it there, too; nothing where there
/// is no history.
pub fn all_unpacked(folder: &Path) -> Vec<Vec<u8>> {
    // Of a copy, for SQLite makes files beside what it opens.
    let copy = TempDir::new().unwrap();
    for name in [FILE_NAME.to_owned(), format!("{FILE_NAME}-wal")] {
        let _ = fs::copy(folder.join(&name), copy.path().join(&name));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let Ok(connection) = Connection::open_with_flags(copy.path().join(FILE_NAME), flags) else { return Vec::new() };
    let unpacked_of = |table: &str, order: &str| -> Vec<Vec<u8>> {
        let rows = format!("SELECT packed FROM {table} WHERE packed IS NOT NULL ORDER BY {order}");
        let Ok(mut rows) = connection.prepare(&rows) else { return Vec::new() };
        rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap().map(|packed| unpacked(&packed.unwrap())).collect()
    };
    let calls = unpacked_of("exchanges", "id");
    calls.into_iter().chain(unpacked_of("objects", "position")).collect()
}

pub fn count(folder: &Path, table: &str) -> i64 {
    let connection = Connection::open(folder.join(FILE_NAME)).unwrap();
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

pub const TOOK: Duration = Duration::from_micros(1500);

/// One entry of each kind that the search can tell apart, oldest first.
pub fn sample_history(store: &Store) -> Vec<EntryId> {
    let amex = &[("card[number]", "3782 822463 10005")][..];
    let answers = [
        (Target::Local, &[("card[number]", "4242424242424242")][..], token("tok_One", "Visa", "4242", false)),
        (Target::Stripe, amex, token("tok_two", "American Express", "0005", true)),
        (Target::Local, &[("card[number]", "4000000000000002")], declined("card_declined", "No.")),
        (Target::Stripe, &[("card[number]", "12")], declined("100%_sure'", "No.")),
        (Target::Local, &[], declined("parameter_missing", "No.")),
    ];
    let made = answers.map(|(target, params, answer)| store.answer(creation(target, params), say(answer)));
    let mut ids: Vec<EntryId> = made.into_iter().map(|reply| reply.wait().unwrap().entry.unwrap().id).collect();
    let journaled = store.journal(creation(Target::Stripe, amex)).wait().unwrap();
    ids.push(journaled.entry.unwrap().id);
    ids
}

/// Whether the text stands in the bytes, in UTF-8 or UTF-16.
pub fn holds(bytes: &[u8], text: &str) -> bool {
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    [text.as_bytes(), &little, &big]
        .into_iter()
        .any(|needle| bytes.windows(needle.len()).any(|window| window == needle))
}

#[track_caller]
pub fn check_holds_no_secret(what: &str, bytes: &[u8]) {
    for secret in [PLANTED_NUMBER, PLANTED_MIDDLE, "8763", "3621", PLANTED_CODE, PLANTED_KEY_PART] {
        assert!(!holds(bytes, secret), "{secret} in {what}");
    }
}

/// Writes secrets in every place that a request, an answer and a failure have.
pub fn plant_secrets(store: &Store) {
    let number = CardNumber::parse(PLANTED_NUMBER).unwrap();
    assert!(number.passes_luhn() && number.published().is_none());
    let grouped = "4539 5787 6362 1486";
    let slashed = "4539/5787/6362/1486";
    let all = format!("{PLANTED_NUMBER} {grouped}, {PLANTED_KEY}");
    let params = [
        ("card[number]", slashed.to_owned()),
        ("card[number]", PLANTED_NUMBER.to_owned()),
        ("card[number]", grouped.to_owned()),
        ("card[cvc]", PLANTED_CODE.to_owned()),
        ("card[cvv]", PLANTED_CODE.to_owned()),
        ("card[name]", all.clone()),
        ("card[address_line1]", format!("Flat {grouped}")),
        ("card[address_zip]", "4539-5787-6362-1486".to_owned()),
        ("metadata[x]", "４５３９５７８７６３６２１４８６".to_owned()),
        ("unknown", PLANTED_KEY.to_owned()),
        (PLANTED_NUMBER, "x".to_owned()),
    ];
    let mut request = TokenRequest::new(params.into_iter().collect()).to_api(&format!("key {PLANTED_NUMBER}"));
    request.headers.extend([
        ("Authorization".to_owned(), format!("Bearer {PLANTED_KEY}")),
        ("X-Note".to_owned(), format!("{all} {PLANTED_CODE}")),
        (format!("X-{PLANTED_NUMBER}"), "x".to_owned()),
    ]);
    let message = format!("Bad code '{PLANTED_CODE}' for {slashed} and {all}");
    let mut body = json!({
        "error": {"message": message, "code": "incorrect_cvc", "param": all, "type": "card_error"},
        "echo": {"number": slashed, "cvc": PLANTED_CODE, "digits": PLANTED_NUMBER.parse::<u64>().unwrap()},
    });
    let with_headers = |mut response: ApiResponse| {
        response.headers.extend([
            ("Set-Cookie".to_owned(), format!("a={PLANTED_CODE}")),
            ("X-Echo".to_owned(), format!("{all} {PLANTED_CODE}")),
        ]);
        response
    };
    let refusal = with_headers(response(402, &body));
    body["object"] = "token".into();
    body["id"] = format!("tok_{PLANTED_NUMBER}").into();
    body["card"] = json!({"brand": all, "last4": PLANTED_NUMBER, "name": all});
    let token_answer = with_headers(response(200, &body));
    let text = format!("<html>card[cvc]={PLANTED_CODE}&card[number]=4539+5787+6362+1486 {all} {slashed}");
    let not_json = TransportError::NotJson { host: "h".to_owned(), http_status: 502, text };
    let cut_off = TransportError::CutOff { host: all.clone() };
    let call = || NewCall {
        target: Target::Stripe,
        started: moment(0),
        request: request.clone(),
        expects: None,
        profile: None,
        world: None,
        own_account: None,
    };

    let object = StoredObject {
        kind: ObjectKind::Token,
        parent: None,
        id: format!("tok_{PLANTED_NUMBER}"),
        created: 1,
        body: body.clone(),
        state: json!({"number": PLANTED_NUMBER, "key": PLANTED_KEY}),
    };
    let answer = refusal.clone();
    let keep: LocalAnswer = Box::new(move |ledger| {
        ledger.insert(None, &object)?;
        assert!(ledger.get(None, ObjectKind::Token, &object.id)?.is_some());
        Ok(answer.clone())
    });
    store.answer(call(), keep).wait().unwrap();
    for outcome in [Ok(refusal), Ok(token_answer), Err(not_json), Err(cut_off.clone())] {
        let journaled = store.journal(call()).wait().unwrap();
        store.finish(journaled.exchange, TOOK, outcome.clone()).wait().unwrap();
        if outcome == Err(cut_off.clone()) {
            // The code is still known when the same call is asked again.
            let again = store.journal_again(journaled.entry.unwrap().id, moment(1)).wait().unwrap();
            let answer = declined("incorrect_cvc", &message);
            let recorded = store.finish(again.exchange, TOOK, Ok(answer)).wait().unwrap();
            check_holds_no_secret("what is told", recorded.exchange.outcome.unwrap().text().as_bytes());
        }
    }
    let id = format!("tok_{PLANTED_NUMBER}");
    let recorded = store.answer(retrieval(Target::Stripe, &id), say(token(&id, "Visa", "1", true))).wait().unwrap();
    assert_eq!(recorded.entry.unwrap().status, EntryStatus::Used);
    assert!(store.reader().unwrap().by_token(&id).unwrap().is_some());
    check_holds_no_secret("an error", format!("{cut_off:?}").replace(&all, "").as_bytes());
}

/// Every entry with its call, newest first.
pub fn details(reader: &HistoryReader) -> Vec<EntryDetail> {
    let mut details = Vec::new();
    let collect = |detail| {
        details.push(detail);
        ControlFlow::Continue(())
    };
    reader.for_each_detail(&HistoryFilter::default(), collect).unwrap();
    details
}
