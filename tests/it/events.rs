//! What happened to objects: which event each change makes, what it shows, and what it costs.

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use testcard::{
    backend::{Backend, BackendTargets},
    domain::{
        call::api::{ApiRequest, HttpMethod},
        rules::policies::AccountPolicies,
    },
    store::{FILE_NAME, Store, StoreLocation},
};

use crate::support::{
    histories::{moment, open},
    local::{Local, id},
};

const MONEY: [(&str, &str); 2] = [("amount", "2000"), ("currency", "usd")];

/// The types of the events since the last look, oldest first.
fn types_since(local: &mut Local, seen: &mut usize) -> Vec<String> {
    let all = local.get("/v1/events", &[("limit", "100")]).1;
    let all = all["data"].as_array().unwrap();
    let new = all.iter().rev().skip(*seen).map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    *seen = all.len();
    new
}

/// The newest event of a type.
#[track_caller]
fn newest(local: &mut Local, event_type: &str) -> Value {
    let page = local.get("/v1/events", &[("type", event_type), ("limit", "1")]).1;
    let event = page["data"][0].clone();
    assert_eq!(event["type"], event_type, "{page}");
    event
}

#[test]
fn each_change_makes_its_events() {
    let (mut local, mut seen) = (Local::new(), 0);
    let mut made = |local: &mut Local, expected: &[&str]| assert_eq!(types_since(local, &mut seen), expected);

    let token = local.token("4242424242424242");
    local.get(&format!("/v1/tokens/{token}"), &[]);
    made(&mut local, &[]);
    let charge = id(&local.make("/v1/charges", &[&MONEY[..], &[("source", &*token)]].concat()));
    made(&mut local, &["charge.succeeded"]);
    assert_eq!(local.post("/v1/charges", &[&MONEY[..], &[("source", "tok_chargeDeclined")]].concat()).0, 402);
    made(&mut local, &["charge.failed"]);
    assert_eq!(local.post("/v1/charges", &[&MONEY[..], &[("source", "tok_none")]].concat()).0, 400);
    made(&mut local, &[]);
    let path = format!("/v1/charges/{charge}");
    local.make(&path, &[("description", "shoes")]);
    made(&mut local, &["charge.updated"]);
    local.make(&path, &[("description", "shoes")]);
    made(&mut local, &[]);
    let refund = id(&local.make("/v1/refunds", &[("charge", &charge), ("amount", "500")]));
    made(&mut local, &["refund.created", "charge.refunded"]);
    local.make(&format!("/v1/refunds/{refund}"), &[("metadata[a]", "b")]);
    made(&mut local, &["refund.updated", "charge.refund.updated"]);
    let held = id(&local.make("/v1/charges", &[&MONEY[..], &[("source", "tok_visa"), ("capture", "false")]].concat()));
    made(&mut local, &["charge.succeeded"]);
    local.make(&format!("/v1/charges/{held}/capture"), &[("amount", "1500")]);
    made(&mut local, &["refund.created", "charge.captured"]);
    local.make("/v1/charges", &[&MONEY[..], &[("source", "tok_createDispute")]].concat());
    made(&mut local, &["charge.succeeded", "charge.dispute.created", "charge.dispute.funds_withdrawn"]);

    let customer = id(&local.make("/v1/customers", &[("email", "jenny@example.com")]));
    made(&mut local, &["customer.created"]);
    let path = format!("/v1/customers/{customer}");
    local.make(&path, &[("name", "Jenny")]);
    made(&mut local, &["customer.updated"]);
    let card = id(&local.make(&format!("{path}/sources"), &[("source", "tok_visa")]));
    made(&mut local, &["customer.source.created", "customer.updated"]);
    local.make(&format!("{path}/sources/{card}"), &[("name", "Jenny")]);
    made(&mut local, &["customer.source.updated"]);
    local.make(&path, &[("source", "tok_mastercard")]);
    made(&mut local, &["customer.source.created", "customer.source.deleted", "customer.updated"]);
    let second = id(&local.make(&format!("{path}/sources"), &[("source", "tok_amex")]));
    made(&mut local, &["customer.source.created"]);
    local.delete(&format!("{path}/sources/{second}"));
    made(&mut local, &["customer.source.deleted"]);
    local.delete(&path);
    made(&mut local, &["customer.source.deleted", "customer.deleted"]);
    local.make("/v1/customers", &[("source", "tok_visa")]);
    made(&mut local, &["customer.created", "customer.source.created"]);
}

#[test]
fn an_event_shows_the_object_as_it_was_whatever_became_of_it() {
    let mut local = Local::new();
    local.headers.push(("Idempotency-Key".to_owned(), "key-1".to_owned()));
    let sent = [&MONEY[..], &[("source", "tok_visa"), ("capture", "false"), ("metadata[a]", "1")]].concat();
    let made = local.make("/v1/charges", &sent);
    local.headers.clear();
    let charge = id(&made);
    let event = newest(&mut local, "charge.succeeded");
    assert_eq!(event["data"], json!({ "object": made }), "as the answer showed it");
    let keys: Vec<&String> = event.as_object().unwrap().keys().collect();
    let expected =
        ["id", "object", "api_version", "created", "data", "livemode", "pending_webhooks", "request", "type"];
    assert_eq!(keys, expected);
    assert_eq!(event["request"]["idempotency_key"], "key-1");
    assert!(event["request"]["id"].as_str().unwrap().starts_with("req_"));
    assert_eq!((&event["api_version"], &event["created"]), (&json!("2022-11-15"), &made["created"]));
    let event_id = id(&event);
    assert!(event_id.starts_with("evt_1") && event_id.len() == 28, "{event_id}");

    local.make(&format!("/v1/charges/{charge}/capture"), &[]);
    let captured = newest(&mut local, "charge.captured");
    assert_eq!(captured["data"]["previous_attributes"]["captured"], false);
    assert_eq!(captured["data"]["object"]["captured"], true);
    assert_eq!(captured["request"]["idempotency_key"], Value::Null);
    local.make(&format!("/v1/charges/{charge}"), &[("metadata[a]", "2"), ("metadata[b]", "3")]);
    let updated = newest(&mut local, "charge.updated");
    assert_eq!(updated["data"]["previous_attributes"], json!({ "metadata": { "a": "1", "b": null } }));
    local.make("/v1/refunds", &[("charge", &charge), ("amount", "500")]);
    let refunded = newest(&mut local, "charge.refunded");
    assert_eq!(refunded["data"]["previous_attributes"], json!({ "amount_refunded": 0 }));
    for event in [event, captured, updated, refunded] {
        assert_eq!(local.get(&format!("/v1/events/{}", id(&event)), &[]).1, event, "it never changes");
    }

    let customer = id(&local.make("/v1/customers", &[("name", "Jenny")]));
    local.delete(&format!("/v1/customers/{customer}"));
    for event_type in ["customer.created", "customer.deleted"] {
        let shown = newest(&mut local, event_type)["data"]["object"].clone();
        assert_eq!((&shown["name"], shown.get("deleted")), (&json!("Jenny"), None), "{event_type}");
    }
    let disputed = id(&local.make("/v1/charges", &[&MONEY[..], &[("source", "tok_createDispute")]].concat()));
    let dispute = newest(&mut local, "charge.dispute.created")["data"]["object"].clone();
    assert_eq!((&dispute["object"], &dispute["charge"]), (&json!("dispute"), &json!(disputed)));
    assert_eq!(newest(&mut local, "charge.succeeded")["data"]["object"]["disputed"], false);
}

#[test]
fn what_is_around_the_data_is_shown_in_the_version_of_the_call() {
    let mut local = Local::new();
    local.make("/v1/charges", &[&MONEY[..], &[("source", "tok_visa")]].concat());
    let now = newest(&mut local, "charge.succeeded");
    local.headers = vec![("Stripe-Version".to_owned(), "2017-04-06".to_owned())];
    let old = newest(&mut local, "charge.succeeded");
    assert_eq!(old["request"], now["request"]["id"], "recorded: the id alone");
    assert_eq!((&old["data"], &old["api_version"]), (&now["data"], &now["api_version"]));
}

#[test]
fn events_are_listed_by_type_time_and_cursor_for_thirty_days() {
    let mut local = Local::new();
    let first = id(&local.make("/v1/charges", &[&MONEY[..], &[("source", "tok_visa")]].concat()));
    local.make("/v1/refunds", &[("charge", &first)]);
    local.make("/v1/customers", &[]);
    let types = |local: &mut Local, params: &[(&str, &str)]| -> Vec<String> {
        let (status, page) = local.get("/v1/events", params);
        assert_eq!((status, &page["url"]), (200, &json!("/v1/events")), "{page}");
        page["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    let all = ["customer.created", "charge.refunded", "refund.created", "charge.succeeded"];
    assert_eq!(types(&mut local, &[]), all);
    assert_eq!(types(&mut local, &[("type", "charge.*")]), [all[1], all[3]]);
    assert_eq!(types(&mut local, &[("types[]", "refund.created"), ("types[]", "customer.created")]), [all[0], all[2]]);
    assert_eq!(types(&mut local, &[("types[0]", "nothing.happened")]), [""; 0]);
    let cursor = id(&newest(&mut local, "charge.refunded"));
    assert_eq!(types(&mut local, &[("starting_after", &cursor), ("limit", "1")]), [all[2]]);
    assert_eq!(types(&mut local, &[("ending_before", &cursor)]), [all[0]]);
    assert_eq!(types(&mut local, &[("created[gt]", "1683071568")]), [""; 0]);
    for (params, param) in [
        (&[("type", "charge.*"), ("types[]", "charge.failed")][..], "type"),
        (&[("starting_after", "evt_nope")], "starting_after"),
        (&[("expand[]", "data.request")], ""),
    ] {
        let (status, body) = local.get("/v1/events", params);
        assert_eq!((status, body["error"]["param"].as_str().unwrap_or_default()), (400, param), "{body}");
    }
    let (status, body) = local.get("/v1/events/evt_nope", &[]);
    assert_eq!((status, &body["error"]["message"]), (404, &json!("No such event: 'evt_nope'")));

    local.now = "2023-06-01T23:00:00Z".parse().unwrap();
    assert_eq!(types(&mut local, &[]), all);
    local.now = "2023-06-02T00:00:00Z".parse().unwrap();
    assert_eq!(types(&mut local, &[]), [""; 0]);
    assert_eq!(local.get(&format!("/v1/events/{cursor}"), &[]).0, 404);
}

#[test]
fn a_connected_account_has_events_of_its_own() {
    let mut local = Local::new();
    local.make("/v1/customers", &[]);
    local.headers.push(("Stripe-Account".to_owned(), "acct_1032D82eZvKYlo2C".to_owned()));
    assert_eq!(local.get("/v1/events", &[]).1["data"], json!([]));
    local.make("/v1/charges", &[&MONEY[..], &[("source", "tok_visa")]].concat());
    let event = newest(&mut local, "charge.succeeded");
    local.headers.clear();
    assert_eq!(local.get(&format!("/v1/events/{}", id(&event)), &[]).0, 404);
    assert_eq!(newest(&mut local, "customer.created")["data"]["object"]["object"], "customer");
}

/// How many rows a history has among the minter's objects and elsewhere, and their bytes; those of events apart.
fn rows(home: &TempDir) -> [i64; 4] {
    let connection = Connection::open(home.path().join(FILE_NAME)).unwrap();
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let object_bytes = "sum(length(id) + length(coalesce(parent, '')) + length(body) + length(state) + length(kind) \
                        + coalesce(length(packed), 0))";
    let exchange_bytes = "sum(length(packed) + length(coalesce(record, '')) + length(path) + length(method))";
    let of = |what: &str, from: &str| number(&format!("SELECT coalesce({what}, 0) FROM {from}"));
    [
        of("count(*)", "objects WHERE kind = 'event'"),
        of(object_bytes, "objects WHERE kind = 'event'"),
        of("count(*)", "objects WHERE kind <> 'event'"),
        of(object_bytes, "objects WHERE kind <> 'event'") + of(exchange_bytes, "exchanges"),
    ]
}

#[test]
fn an_event_adds_a_short_row_to_a_charge_and_nothing_to_a_token() {
    const CALLS: i64 = 50;
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let local = BackendTargets::new(store, None).local(AccountPolicies::default());
    let send = |path: &str, params: &[(&str, &str)], key: String| {
        let headers = vec![("Idempotency-Key".to_owned(), key)];
        let request = ApiRequest {
            method: HttpMethod::Post,
            path: path.to_owned(),
            params: params.iter().copied().collect(),
            headers,
        };
        let recorded = runtime.block_on(local.send(&request, moment(0))).unwrap();
        assert_eq!(recorded.exchange.outcome.unwrap().http_status, 200);
    };
    let card = [("card[number]", "4242424242424242"), ("card[exp_month]", "5"), ("card[exp_year]", "2026")];
    for nth in 0..CALLS {
        send("/v1/tokens", &card, format!("token-{nth}"));
    }
    let [events, event_bytes, objects, before] = rows(&home);
    assert_eq!((events, event_bytes, objects), (0, 0, 0), "a token is its call, and nothing happened to it");
    for nth in 0..CALLS {
        send("/v1/charges", &[&MONEY[..], &[("source", "tok_visa")]].concat(), format!("charge-{nth}"));
    }
    let [events, event_bytes, objects, after] = rows(&home);
    assert_eq!((events, objects), (CALLS, CALLS), "one row more for each charge");
    let share = event_bytes as f64 / (after - before) as f64;
    assert!((0.01..0.25).contains(&share), "an event adds {:.1} % of the bytes of a charge", share * 100.0);
}

#[test]
fn events_that_nobody_can_ask_for_go_when_the_history_is_opened() {
    let home = TempDir::new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let charge = |secs: i64| {
        let now = moment(secs);
        let store = Store::open(&StoreLocation::Folder(home.path().to_owned()), now).unwrap();
        let local = BackendTargets::new(store, None).local(AccountPolicies::default());
        let params = [&MONEY[..], &[("source", "tok_visa")]].concat().into_iter().collect();
        let request =
            ApiRequest { method: HttpMethod::Post, path: "/v1/charges".to_owned(), params, headers: Vec::new() };
        runtime.block_on(local.send(&request, now)).unwrap();
        rows(&home)[0]
    };
    let day = 24 * 60 * 60;
    assert_eq!((charge(0), charge(20 * day), charge(29 * day)), (1, 2, 3));
    assert_eq!(charge(31 * day), 3, "the first one is gone");
    let connection = Connection::open(home.path().join(FILE_NAME)).unwrap();
    let charges = "SELECT count(*) FROM objects WHERE kind = 'charge'";
    let charges = connection.query_row(charges, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(charges, 4, "the charges stay");
}

#[test]
fn what_a_payment_makes_is_written_once_and_found_without_an_index_of_ids() {
    let kept = Kept::new();
    let at_once = [("payment_method_types[]", "card"), ("payment_method", "pm_card_visa"), ("confirm", "true")];
    kept.post("/v1/payment_intents", &[&MONEY[..], &at_once].concat());
    kept.post("/v1/charges", &[&MONEY[..], &[("source", "tok_visa")]].concat());
    let connection = Connection::open(kept.home.path().join(FILE_NAME)).unwrap();
    let rows = "SELECT group_concat(kind || CASE WHEN numbered THEN '' ELSE ' by id' END, ', ') FROM \
                (SELECT kind, numbered FROM objects ORDER BY kind, position)";
    let rows: String = connection.query_row(rows, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, "charge, charge, event, event, event, event, payment_intent, payment_method");
    // A gap in the places would be an object that was written and written again.
    let places = "SELECT group_concat(position) FROM (SELECT position FROM objects ORDER BY position)";
    let places: String = connection.query_row(places, [], |row| row.get(0)).unwrap();
    assert_eq!(places, "1,2,3,4,5,6,7,8");
    // Events point to the places of what they are about, but for the one whose object went on in the same call.
    let pointing = "SELECT count(*) FROM objects AS event JOIN objects AS object ON object.position = event.points_to \
                    WHERE event.parent = object.kind || ' ' || object.id";
    assert_eq!(connection.query_row(pointing, [], |row| row.get::<_, i64>(0)).unwrap(), 3);
    // What is long is packed: two charges, an intent, a payment method, and the intent as its first event shows it.
    let packed = "SELECT group_concat(kind || iif(kind = 'event', state, body), ', ') FROM \
                  (SELECT * FROM objects WHERE length(packed) BETWEEN 1 AND 999 ORDER BY kind)";
    let packed: String = connection.query_row(packed, [], |row| row.get(0)).unwrap();
    assert_eq!(packed, "charge, charge, event, payment_intent, payment_method");
    let created = kept.all(&[("type", "payment_intent.created")], "1", "starting_after");
    assert_eq!(created[0]["data"]["object"]["status"], "requires_confirmation");
}

/// A minter with a history on disk, whose events are looked at.
struct Kept {
    home: TempDir,
    local: Backend,
    runtime: tokio::runtime::Runtime,
}

impl Kept {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let local = BackendTargets::new(open(home.path()), None).local(AccountPolicies::default());
        Self { home, local, runtime: tokio::runtime::Builder::new_current_thread().build().unwrap() }
    }

    #[track_caller]
    fn send(&self, method: HttpMethod, path: &str, params: &[(&str, &str)]) -> Value {
        let params = params.iter().copied().collect();
        let request = ApiRequest { method, path: path.to_owned(), params, headers: Vec::new() };
        let recorded = self.runtime.block_on(self.local.send(&request, moment(0))).unwrap();
        recorded.exchange.outcome.unwrap().json().unwrap()
    }

    fn post(&self, path: &str, params: &[(&str, &str)]) -> Value {
        self.send(HttpMethod::Post, path, params)
    }

    /// The events of a list, all pages of it, newest first.
    #[track_caller]
    fn all(&self, params: &[(&str, &str)], limit: &str, cursor: &str) -> Vec<Value> {
        let (mut found, mut reached) = (Vec::new(), None::<String>);
        loop {
            let place = reached.as_deref().map(|id| (cursor, id));
            let params: Vec<_> = params.iter().copied().chain([("limit", limit)]).chain(place).collect();
            let page = self.send(HttpMethod::Get, "/v1/events", &params);
            let data = page["data"].as_array().unwrap_or_else(|| panic!("{page}")).clone();
            let is_newer = cursor == "ending_before";
            let farthest = if is_newer { data.first() } else { data.last() };
            reached = farthest.map(id).or(reached);
            if is_newer {
                found.splice(..0, data)
            } else {
                found.splice(found.len().., data)
            };
            if page["has_more"] != true {
                return found;
            }
        }
    }

    fn database(&self) -> Connection {
        Connection::open(self.home.path().join(FILE_NAME)).unwrap()
    }
}

/// The selections are those of the list that has them all, whatever the pages.
#[track_caller]
fn check_selection(kept: &Kept, params: &[(&str, &str)], is_wanted: impl Fn(&Value) -> bool) {
    let whole = kept.all(&[], "100", "starting_after");
    let expected: Vec<String> = whole.iter().filter(|event| is_wanted(event)).map(id).collect();
    for limit in ["1", "3", "100"] {
        let found: Vec<String> = kept.all(params, limit, "starting_after").iter().map(id).collect();
        assert_eq!(found, expected, "{params:?}, {limit} a page");
    }
    let oldest = id(whole.last().unwrap());
    let back = [params, &[("ending_before", &*oldest)]].concat();
    let page = kept.send(HttpMethod::Get, "/v1/events", &[&back[..], &[("limit", "2")]].concat());
    let newer: Vec<&String> = expected.iter().filter(|event| **event != oldest).collect();
    let nearest: Vec<String> = page["data"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(nearest.iter().collect::<Vec<_>>(), newer[newer.len().saturating_sub(2)..], "{params:?}, back");
    assert_eq!(page["has_more"], newer.len() > 2, "{params:?}, back");
}

/// A history with events of several types.
fn kept_events() -> Kept {
    let kept = Kept::new();
    for nth in 0..4 {
        kept.post("/v1/charges", &[&MONEY[..], &[("source", "tok_chargeDeclined")]].concat());
        let charge = id(&kept.post("/v1/charges", &[&MONEY[..], &[("source", "tok_visa")]].concat()));
        if nth % 2 == 0 {
            kept.post("/v1/refunds", &[("charge", &charge)]);
        }
        kept.post("/v1/customers", &[]);
    }
    kept
}

#[test]
fn a_list_by_type_is_the_whole_list_without_the_others_on_any_page() {
    let kept = kept_events();
    let of = |event: &Value, start: &str| event["type"].as_str().unwrap().starts_with(start);
    check_selection(&kept, &[], |_| true);
    check_selection(&kept, &[("type", "*")], |_| true);
    check_selection(&kept, &[("type", "charge.*")], |event| of(event, "charge."));
    check_selection(&kept, &[("type", "charge.failed")], |event| of(event, "charge.failed"));
    let two = [("types[]", "customer.created"), ("types[]", "charge.refunded")];
    check_selection(&kept, &two, |event| of(event, "customer.created") || of(event, "charge.refunded"));
    let twice = [("types[]", "charge.*"), ("types[]", "charge.refunded")];
    check_selection(&kept, &twice, |event| of(event, "charge."));
    check_selection(&kept, &[("type", "nothing.happened")], |_| false);
    check_selection(&kept, &[("type", "payout.paid")], |_| false);
    // A row that is damaged is no event of any type.
    let newest = id(&kept.all(&[("type", "charge.failed")], "1", "starting_after")[0]);
    kept.database().execute("UPDATE objects SET body = '{' WHERE id = ?1", [&newest]).unwrap();
    let left = kept.all(&[("type", "charge.failed")], "100", "starting_after");
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_list_by_delivery_says_what_pending_webhooks_says() {
    let kept = kept_events();
    let is_delivered = |event: &Value| event["pending_webhooks"] == 0;
    check_selection(&kept, &[("delivery_success", "true")], |_| true);
    check_selection(&kept, &[("delivery_success", "false")], |_| false);
    let endpoint = |types: &str| {
        id(&kept.post("/v1/webhook_endpoints", &[("url", "http://localhost/"), ("enabled_events[]", types)]))
    };
    let (charges, all) = (endpoint("charge.succeeded"), endpoint("*"));
    for _ in 0..2 {
        kept.post("/v1/charges", &[&MONEY[..], &[("source", "tok_visa")]].concat());
        kept.post("/v1/customers", &[]);
    }
    // One has taken all but an event that it refused, the other one nothing since.
    let database = kept.database();
    let places: Vec<i64> = database
        .prepare("SELECT position FROM objects WHERE kind = 'event' ORDER BY position DESC LIMIT 4")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let write = |sql: &str, values: (&str, i64)| database.execute(sql, values).unwrap();
    write("INSERT INTO webhook_cursors (endpoint, position) VALUES (?1, ?2)", (&all, places[0]));
    write("INSERT INTO webhook_deliveries (endpoint, event, attempts) VALUES (?1, ?2, 4)", (&all, places[2]));
    let refused = |is_delivered: &dyn Fn(&Value) -> bool| {
        kept.all(&[], "100", "starting_after").iter().filter(|event| !is_delivered(event)).count()
    };
    assert_eq!(refused(&is_delivered), 3, "two charges, and the customer that was refused");
    check_selection(&kept, &[("delivery_success", "true")], is_delivered);
    check_selection(&kept, &[("delivery_success", "false")], |event| !is_delivered(event));
    let both = [("delivery_success", "false"), ("type", "customer.*")];
    check_selection(&kept, &both, |event| !is_delivered(event) && event["type"] == "customer.created");
    write("INSERT INTO webhook_cursors (endpoint, position) VALUES (?1, ?2)", (&charges, places[0]));
    assert_eq!(refused(&is_delivered), 1);
    check_selection(&kept, &[("delivery_success", "true")], is_delivered);
    check_selection(&kept, &[("delivery_success", "false")], |event| !is_delivered(event));
}
