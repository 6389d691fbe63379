//! The request log is filtered and counted in the store: by what is written beside each call, and for older calls by the
//! calls themselves.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;
use testcard::{
    domain::{
        call::{
            account::AccountId,
            api::{ApiRequest, HttpMethod, Target, TransportError},
        },
        history::{
            account_filter::AccountFilter,
            edit::EntryEdit,
            filter::HistoryFilter,
            request_filter::{RequestFilter, StatusFilter},
            request_log::RequestRow,
        },
        settings::preferences::LogSettings,
    },
    store::{FILE_NAME, NewCall, Store, StoreLocation},
};

use crate::support::histories::{creation, declined, moment, open, response, retrieval, say, token, visa};

fn call(path: &str, agent: &str) -> NewCall {
    let mut request = ApiRequest::get(path);
    request.headers.push(("User-Agent".to_owned(), agent.to_owned()));
    request.headers.push(("Idempotency-Key".to_owned(), format!("key of {path}")));
    NewCall { request, ..retrieval(Target::Local, "") }
}

/// A token, a decline, a call without an answer, one that waits still, and some that read.
fn write_calls(store: &Store) {
    store.answer(visa(Target::Local), say(token("tok_1", "Visa", "4242", false))).wait().unwrap();
    store.answer(creation(Target::Local, &[]), say(declined("card_declined", "No."))).wait().unwrap();
    let waiting = store.journal(creation(Target::Stripe, &[])).wait().unwrap();
    store.finish(waiting.exchange, Duration::from_secs(1), Err(TransportError::Cancelled)).wait().unwrap();
    store.journal(creation(Target::Stripe, &[])).wait().unwrap();
    for nth in 0..6 {
        let agent = if nth % 2 == 0 { "curl/8.5.0" } else { "Stripe/v1 PythonBindings/16.1.0" };
        let path = format!("/v1/charges/ch_{nth}");
        store
            .answer(call(&path, agent), say(response(404, &json!({"error": {"code": "resource_missing"}}))))
            .wait()
            .unwrap();
    }
}

fn found(store: &Store, filter: &RequestFilter) -> Vec<RequestRow> {
    let reader = store.reader().unwrap();
    let found = reader.logged(filter, |_| false, || true).unwrap();
    assert!(reader.damage().is_empty());
    let (rows, has_more) = found.unwrap();
    assert!(!has_more);
    rows
}

fn paths(store: &Store, filter: &RequestFilter) -> Vec<String> {
    found(store, filter).into_iter().map(|row| row.path).collect()
}

fn searched(words: &str) -> RequestFilter {
    RequestFilter { search: words.to_owned(), ..RequestFilter::default() }
}

/// Filters with how many calls pass each.
fn filters() -> Vec<(RequestFilter, usize)> {
    let none = RequestFilter::default;
    let status = |status| RequestFilter { status: Some(status), ..none() };
    vec![
        (none(), 9),
        (RequestFilter { method: Some(HttpMethod::Post), ..none() }, 3),
        (status(StatusFilter::Class(4)), 7),
        (status(StatusFilter::Code(402)), 1),
        (status(StatusFilter::NoAnswer), 1),
        (RequestFilter { client: Some("curl 8.5.0".to_owned()), ..none() }, 3),
        (RequestFilter { client: Some("Testcard".to_owned()), method: Some(HttpMethod::Get), ..none() }, 0),
        (RequestFilter { is_on_purpose: true, ..none() }, 0),
        (searched("RESOURCE_missing pythonbindings"), 3),
        (searched("\"key of /v1/charges/ch_2\""), 0),
        (searched("key ch_2"), 1),
        (searched("tok_1"), 1),
        (searched("card_declined"), 1),
        (searched("req_1"), 8),
    ]
}

#[test]
fn calls_are_found_by_what_is_written_beside_them_and_older_ones_by_themselves() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    write_calls(&store);
    for (filter, expected) in filters() {
        assert_eq!(found(&store, &filter).len(), expected, "{filter:?}");
    }
    // As in a folder of a version that wrote nothing beside them.
    let columns = "UPDATE exchanges SET client = NULL, fault = NULL, log_text = NULL";
    Connection::open(folder.path().join(FILE_NAME)).unwrap().execute(columns, []).unwrap();
    for (filter, expected) in filters() {
        assert_eq!(found(&store, &filter).len(), expected, "{filter:?}");
    }
}

#[test]
fn a_page_of_calls_ends_where_it_is_long_enough_and_a_search_is_given_up_when_it_is_not_wanted() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    write_calls(&store);
    let reader = store.reader().unwrap();
    let (rows, has_more) = reader.logged(&searched("charges"), |rows| rows.len() == 2, || true).unwrap().unwrap();
    assert_eq!(rows.iter().map(|row| row.path.as_str()).collect::<Vec<_>>(), ["/v1/charges/ch_5", "/v1/charges/ch_4"]);
    assert!(has_more);
    assert!(reader.logged(&searched("charges"), |_| false, || false).unwrap().is_none());
}

#[test]
fn the_counts_are_those_of_the_calls_whatever_becomes_of_them() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    let check = |about: &str| {
        let rows = found(&store, &RequestFilter::default());
        let counts = store.reader().unwrap().log_counts().unwrap();
        assert_eq!(counts.all, rows.len() as u64, "{about}");
        for (method, count) in counts.methods {
            assert_eq!(rows.iter().filter(|row| row.method == method).count() as u64, count, "{about}");
        }
        for (status, count) in counts.statuses {
            let filter = RequestFilter { status: Some(status), ..RequestFilter::default() };
            assert_eq!(found(&store, &filter).len() as u64, count, "{about}: {status:?}");
        }
        for (client, count) in counts.clients {
            let filter = RequestFilter { client: Some(client), ..RequestFilter::default() };
            assert_eq!(found(&store, &filter).len() as u64, count, "{about}: {:?}", filter.client);
        }
    };
    check("nothing");
    write_calls(&store);
    check("calls, one of which waits");
    let unknown = found(&store, &RequestFilter { status: Some(StatusFilter::NoAnswer), ..RequestFilter::default() });
    let again = store.journal_again(unknown[0].entry.unwrap(), moment(9)).wait().unwrap();
    check("one is asked again");
    store.finish(again.exchange, Duration::from_secs(1), Ok(token("tok_2", "Visa", "4242", false))).wait().unwrap();
    check("and answered");
    store.bound_log(LogSettings { calls: 2, megabytes: 1 });
    for nth in 0..9 {
        store
            .answer(call(&format!("/v1/charges/late_{nth}"), "curl/9"), say(response(200, &json!({}))))
            .wait()
            .unwrap();
    }
    check("old ones are dropped");
    let ids = store.reader().unwrap().ids(&HistoryFilter::default()).unwrap();
    store.edit(EntryEdit::Delete { ids }, moment(10)).wait().unwrap();
    check("entries are deleted");
    assert_eq!(paths(&store, &searched("late_8")), ["/v1/charges/late_8"]);
}

#[test]
fn calls_and_tokens_are_told_apart_by_their_account() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let world = AccountId::parse("acct_1032D82eZvKYlo2C");
    for (nth, (account, world)) in
        [(None, None), (Some("acct_2"), None), (Some("acct_2"), world.clone()), (None, world)].into_iter().enumerate()
    {
        let mut made = NewCall { world: world.clone(), ..visa(Target::Local) };
        made.request.headers.extend(account.map(|account| ("Stripe-Account".to_owned(), account.to_owned())));
        store.answer(made.clone(), say(token(&format!("tok_{nth}"), "Visa", "4242", false))).wait().unwrap();
        let read = NewCall { request: made.request, world, ..retrieval(Target::Local, "") };
        store.answer(read, say(response(404, &json!({})))).wait().unwrap();
    }
    let counts = store.reader().unwrap().log_counts().unwrap().accounts;
    let told: Vec<String> = counts.iter().map(|(account, calls)| format!("{} {calls}", account.words())).collect();
    assert_eq!(told, ["Own account 2", "acct_1032D82eZvKYlo2C 2", "acct_2 4"]);
    for (account, calls) in counts {
        let filter = RequestFilter { account: Some(account.clone()), ..RequestFilter::default() };
        let rows = found(&store, &filter);
        assert_eq!(rows.len() as u64, calls);
        assert!(rows.iter().all(|row| row.account.as_deref() == account.account()));
    }
    for (account, tokens) in [(None, &["tok_0"][..]), (Some("acct_2"), &["tok_2", "tok_1"]), (Some("acct_3"), &[])] {
        let filter = HistoryFilter { account: Some(AccountFilter::of(account)), ..HistoryFilter::default() };
        let reader = store.reader().unwrap();
        let rows = reader.rows(&reader.ids(&filter).unwrap()).unwrap();
        let mut found: Vec<&str> = rows.iter().filter_map(|row| row.token_id.as_deref()).collect();
        found.sort_by(|a, b| b.cmp(a));
        assert_eq!(found, tokens, "{account:?}");
        assert!(rows.iter().all(|row| row.account.as_deref() == account));
    }
    let columns = "UPDATE exchanges SET client = NULL, fault = NULL, log_text = NULL";
    Connection::open(folder.path().join(FILE_NAME)).unwrap().execute(columns, []).unwrap();
    check_by_calls(&store);
}

/// The same where nothing is written beside the calls.
fn check_by_calls(store: &Store) {
    for (account, calls) in [(None, 2), (Some("acct_2"), 4), (Some("acct_3"), 0)] {
        let filter = RequestFilter { account: Some(AccountFilter::of(account)), ..RequestFilter::default() };
        assert_eq!(found(store, &filter).len(), calls, "{account:?}");
    }
}
