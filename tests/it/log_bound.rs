//! The request log stays within its bound, and what the history or a retry needs is never dropped by it.

use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use testcard::{
    backend::{Backend, BackendTargets},
    domain::{
        call::api::{ApiRequest, ApiResponse, HttpMethod, Target},
        history::entry::{EntryDetail, EntryStatus},
        rules::policies::AccountPolicies,
        settings::preferences::LogSettings,
    },
    store::{CallSelection, ExportedEntry, FILE_NAME, NewCall, RecordedCall, Store, StoreLocation},
};

use crate::support::{
    histories::{count, details, mint, moment, response, retrieval, say, token, visa},
    program::Home,
};

fn request(method: HttpMethod, path: &str, key: Option<&str>, params: &[(&str, &str)]) -> ApiRequest {
    ApiRequest {
        method,
        path: path.to_owned(),
        params: params.iter().copied().collect(),
        headers: key.map(|key| ("Idempotency-Key".to_owned(), key.to_owned())).into_iter().collect(),
    }
}

/// The local minter over a store, called on this thread.
struct Bench {
    backend: Backend,
    runtime: tokio::runtime::Runtime,
    store: Store,
}

impl Bench {
    fn over(store: Store) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let backend = BackendTargets::new(store.clone(), Some(1)).local(AccountPolicies::default());
        Self { backend, runtime, store }
    }

    fn send(&self, request: &ApiRequest, seconds: i64) -> RecordedCall {
        self.runtime.block_on(self.backend.send(request, moment(seconds))).unwrap()
    }

    fn token(&self, seconds: i64) -> String {
        let params = [("card[number]", "4242424242424242"), ("card[exp_month]", "5"), ("card[exp_year]", "2003")];
        let made = self.send(&request(HttpMethod::Post, "/v1/tokens", None, &params), seconds);
        made.entry.unwrap().token_id.unwrap()
    }

    fn charge(&self, token: &str, key: Option<&str>, seconds: i64) -> ApiResponse {
        let params = [("amount", "2000"), ("currency", "usd"), ("source", token)];
        let sent = self.send(&request(HttpMethod::Post, "/v1/charges", key, &params), seconds);
        sent.exchange.outcome.unwrap()
    }

    fn details(&self) -> Vec<EntryDetail> {
        details(&self.store.reader().unwrap())
    }

    /// Paths of the log, newest first.
    fn paths(&self) -> Vec<String> {
        let rows = self.store.reader().unwrap().request_rows(&CallSelection::default(), None, 100_000).unwrap();
        rows.into_iter().map(|row| row.path).collect()
    }
}

const DAY: i64 = 24 * 60 * 60;

#[test]
fn the_oldest_calls_go_and_what_made_or_used_a_token_stays() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&StoreLocation::Folder(folder.path().to_owned()), moment(0)).unwrap();
    store.bound_log(LogSettings { calls: 100, megabytes: 500 });
    let bench = Bench::over(store);
    let used = bench.token(0);
    let unused = bench.token(0);
    assert!(bench.charge(&used, None, 1).is_success());
    // Each a timeline's call, and none that anything hangs on.
    for nth in 0..300 {
        bench.send(&ApiRequest::retrieve_token(if nth % 2 == 0 { &used } else { &unused }), 2);
        assert!(!bench.charge(&used, None, 2).is_success(), "it is used");
        bench.send(&ApiRequest::get("/v1/charges"), 2);
    }
    let details = bench.details();
    assert_eq!(details.len(), 2);
    let of_used = &details[1];
    assert_eq!((of_used.entry.status, details[0].entry.status), (EntryStatus::Used, EntryStatus::Unused));
    for detail in &details {
        assert!(detail.outcome.as_ref().unwrap().as_ref().unwrap().is_success(), "the call that made it");
    }
    let uses: Vec<&ApiResponse> = of_used
        .timeline
        .iter()
        .filter(|call| call.request.method == HttpMethod::Post)
        .filter_map(|call| call.outcome.as_ref().ok().filter(|answer| answer.is_success()))
        .collect();
    assert_eq!(uses.len(), 1, "the call that used it");
    assert_eq!(uses[0].json().unwrap()["id"].as_str(), of_used.entry.used_by.as_deref());
    // Two made, one used, and the newest hundred.
    let paths = bench.paths();
    assert_eq!(paths.len(), 103);
    assert_eq!(paths[0], "/v1/charges");
    assert!(paths[..100].iter().any(|path| path.starts_with("/v1/tokens/")), "also of the newest timelines");
    assert_eq!(count(folder.path(), "log_calls"), 100);
}

#[test]
fn a_call_that_an_idempotency_key_stands_for_stays_for_its_day() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    store.bound_log(LogSettings { calls: 100, megabytes: 1 });
    let bench = Bench::over(store);
    let customer = |key: &str, seconds| {
        let new = request(HttpMethod::Post, "/v1/customers", Some(key), &[("name", "Jenny")]);
        bench.send(&new, seconds).exchange.outcome.unwrap()
    };
    let first: Vec<ApiResponse> = (0..150).map(|nth| customer(&format!("key-{nth}"), 0)).collect();
    for _ in 0..400 {
        bench.send(&ApiRequest::get("/v1/customers/cus_none"), 10);
    }
    let read = |paths: &[String]| paths.iter().filter(|path| path.starts_with("/v1/customers/")).count();
    let paths = bench.paths();
    assert_eq!(paths.len() - read(&paths), 150, "all that a retry may ask for");
    assert!(read(&paths) >= 100, "the newest hundred stay, however many are held");
    for (nth, first) in first.iter().enumerate() {
        let again = customer(&format!("key-{nth}"), DAY - 1);
        assert_eq!((&again.body, again.header("Idempotent-Replayed")), (&first.body, Some("true")));
    }
    // A day later they are calls like all others: each new key lets some of the old ones go.
    for nth in 0..400 {
        customer(&format!("new-{}", nth % 60), 2 * DAY + nth);
        bench.send(&ApiRequest::get("/v1/customers/cus_none"), 2 * DAY + nth);
    }
    for _ in 0..400 {
        bench.send(&ApiRequest::get("/v1/customers/cus_none"), 3 * DAY);
    }
    // Sixty are held again, and while those are gone through, four a call, as many calls come in: fifteen.
    let kept = bench.paths().len();
    assert!(kept <= 100 + 60 + 15, "{kept}");
}

#[test]
fn a_log_that_takes_too_much_room_is_shortened_however_few_calls_it_has() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&StoreLocation::Folder(folder.path().to_owned()), moment(0)).unwrap();
    store.bound_log(LogSettings { calls: 100_000, megabytes: 1 });
    // Nothing that is packed to a few bytes.
    let random =
        |length: usize| -> String { (0..length).map(|_| char::from(rand::random_range(b'0'..=b'z'))).collect() };
    for nth in 0..60 {
        let body = json!({"object": "list", "data": random(50_000)});
        let call = NewCall { request: ApiRequest::get(format!("/v1/charges/{nth}")), ..retrieval(Target::Local, "") };
        store.answer(call, say(response(200, &body))).wait().unwrap();
    }
    let rows = store.reader().unwrap().request_rows(&CallSelection::default(), None, 100).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let bytes = "SELECT sum(length(packed)) FROM exchanges";
    let bytes: i64 = connection.query_row(bytes, [], |row| row.get(0)).unwrap();
    assert!((900_000..1_000_000).contains(&bytes) && rows.len() < 30, "as many as a megabyte holds: {bytes}");
    assert_eq!(rows[0].path, "/v1/charges/59");
    // One that takes more than all the room is kept, for it is the newest.
    let huge = response(200, &json!({"data": random(2_000_000)}));
    let call = NewCall {
        request: request(HttpMethod::Delete, "/v1/customers/cus_1", None, &[]),
        ..retrieval(Target::Local, "")
    };
    store.answer(call, say(huge)).wait().unwrap();
    assert_eq!(
        store.reader().unwrap().request_rows(&CallSelection::default(), None, 1).unwrap()[0].path,
        "/v1/customers/cus_1"
    );
}

#[test]
fn calls_of_before_the_bound_are_entered_some_at_a_time() {
    let folder = TempDir::new().unwrap();
    let place = StoreLocation::Folder(folder.path().to_owned());
    let bench = Bench::over(Store::open(&place, moment(0)).unwrap());
    let used = bench.token(0);
    bench.charge(&used, None, 0);
    for _ in 0..300 {
        bench.send(&ApiRequest::get("/v1/charges"), 0);
    }
    drop(bench);
    // As a history looks that had no bound before.
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    connection
        .execute_batch(
            "DELETE FROM log_calls; UPDATE log_size SET old_next = 1, old_last = (SELECT max(id) FROM exchanges)",
        )
        .unwrap();
    drop(connection);
    let store = Store::open(&place, moment(1)).unwrap();
    store.bound_log(LogSettings { calls: 100, megabytes: 500 });
    let bench = Bench::over(store);
    let mut before = count(folder.path(), "log_calls");
    for _ in 0..200 {
        bench.send(&ApiRequest::get("/v1/charges"), 1);
        let now = count(folder.path(), "log_calls");
        assert!(now - before <= 17, "{before} to {now}");
        before = now;
    }
    assert_eq!(before, 100);
    assert_eq!(bench.details()[0].timeline.len(), 1, "what used the token stays, from before the bound too");
}

#[test]
fn a_long_answer_to_a_read_is_kept_cut_and_says_so() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    let made = store.answer(visa(Target::Local), mint("tok_1")).wait().unwrap().entry.unwrap();
    let body = json!({"id": "tok_1", "object": "token", "data": "x".repeat(200_000), "used": false});
    let whole = response(200, &body);
    let read = retrieval(Target::Local, "tok_1");
    let recorded = store.answer(read.clone(), say(whole.clone())).wait().unwrap();
    assert_eq!(recorded.exchange.outcome.unwrap(), whole, "who asked gets all of it");
    // The real API's too; and what it says itself of cutting is not believed.
    let mut liar = whole.clone();
    liar.headers.push(("testcard-cut".to_owned(), "1 of 2 bytes".to_owned()));
    let journaled = store.journal(NewCall { target: Target::Stripe, ..read }).wait().unwrap();
    store.finish(journaled.exchange, Duration::ZERO, Ok(liar)).wait().unwrap();
    let post = NewCall { request: request(HttpMethod::Post, "/v1/x", None, &[]), ..retrieval(Target::Local, "") };
    store.answer(post, say(whole.clone())).wait().unwrap();

    let reader = store.reader().unwrap();
    let rows = reader.request_rows(&CallSelection::default(), None, 10).unwrap();
    let kept = |nth: usize| reader.exchange(rows[nth].id).unwrap().unwrap().outcome.unwrap();
    assert_eq!(kept(0), whole, "what a key may stand for is never cut");
    for nth in [1, 2] {
        let cut = kept(nth);
        assert_eq!(cut.body, whole.body[..65_536]);
        assert_eq!(cut.cut_from(), Some(whole.body.len()));
        assert_eq!(cut.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Testcard-Cut")).count(), 1);
    }
    let detail = reader.detail(made.id).unwrap().unwrap();
    let exported = serde_json::to_value(ExportedEntry::from(&detail)).unwrap();
    let answer = &exported["timeline"][0]["response"];
    assert_eq!(answer["cut_from_bytes"], json!(whole.body.len()));
    assert!(exported["response"].get("cut_from_bytes").is_none());
    let short = store.answer(retrieval(Target::Local, "tok_1"), say(token("tok_1", "Visa", "4242", false)));
    assert_eq!(short.wait().unwrap().exchange.outcome.unwrap().cut_from(), None);
}

#[test]
fn the_server_takes_the_bound_from_its_options() {
    let home = Home::new();
    for (args, words) in [
        (["--log-calls", "99"], "100"),
        (["--log-megabytes", "0"], "1..=1000000"),
        (["--log-calls", "many"], "invalid digit"),
    ] {
        let run = home.run(["serve", "--memory"].into_iter().chain(args));
        assert!(run.exit == 2 && run.stderr.contains(words), "{run:?}");
    }
}
