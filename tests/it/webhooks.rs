//! Events that are sent to webhook endpoints: signed, to whom, in order, again, and after a crash.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use testcard::{
    domain::settings::{origin::PageOrigin, receiver::ReceiverUrl},
    store::{ClockChange, FILE_NAME, Store, StoreLocation},
    webhooks::{ForwardTo, WebhookConfig},
};
use tokio::runtime::Runtime;

use crate::support::{
    http::{Received, reply},
    program::Home,
    sending::{
        CHARGE, Receiver, Sending, distinct_events, event, event_id, now, objects, open, times, types, verifies,
    },
    serving::Serving,
    waiting::PATIENCE,
    wire,
};

#[test]
fn an_endpoint_gets_the_events_that_it_asks_for_signed_with_its_secret() {
    let home = TempDir::new().unwrap();
    let sending = Sending::start(open(home.path()), |_| {});
    let mut receiver = Receiver::taking(&sending.runtime);
    sending.make("/v1/charges", &CHARGE);
    let (id, secret) = sending.endpoint(&receiver.url(), &["charge.succeeded", "refund.created"]);
    let charge = sending.make("/v1/charges", &CHARGE)["id"].as_str().unwrap().to_owned();
    sending.make("/v1/refunds", &[("charge", &charge)]);
    let got = receiver.wait_for(2).to_vec();
    let mut seen = types(&got);
    seen.sort();
    assert_eq!(seen, ["charge.succeeded", "refund.created"], "what was before the endpoint is none of its");
    for received in &got {
        assert!(verifies(received, &secret), "{}", received.header("stripe-signature"));
        assert_eq!((&*received.method, &*received.uri), ("POST", "/webhook"));
        assert_eq!(received.header("content-type"), "application/json; charset=utf-8");
        let (sent, name) = (event(received), event(received)["id"].as_str().unwrap().to_owned());
        assert_eq!(sent["pending_webhooks"], 1);
        let mut kept = sending.get(&format!("/v1/events/{name}"));
        kept["pending_webhooks"] = 1.into();
        assert_eq!(sent, kept);
        assert_eq!(received.body, format!("{sent:#}"), "as Stripe writes it, with two spaces");
    }
    let other = sending.endpoint("http://localhost:1/", &["*"]).1;
    assert!(!verifies(&got[0], &other), "each endpoint has its own");
    let shown = sending.get(&format!("/v1/webhook_endpoints/{id}"));
    assert_eq!(shown.get("secret"), None, "it is shown once");
    for (path, bytes) in crate::support::histories::all_unpacked(home.path()).into_iter().map(|b| ("packed", b)) {
        assert!(!String::from_utf8_lossy(&bytes).contains(&secret[6..]), "{path}");
    }
}

#[test]
fn an_endpoint_is_made_changed_listed_and_deleted() {
    let sending = Sending::in_memory();
    let sent = [
        ("url", "http://localhost:4242/webhook"),
        ("enabled_events[]", "charge.failed"),
        ("description", "mine"),
        ("api_version", "2026-06-24.dahlia"),
        ("metadata[a]", "b"),
    ];
    let key = [("Idempotency-Key", "endpoint-1")];
    let made = sending.send("POST", "/v1/webhook_endpoints", &sent, &key).json();
    let again = sending.send("POST", "/v1/webhook_endpoints", &sent, &key).json();
    assert_eq!(made, again, "with the secret, given again");
    let keys: Vec<&String> = made.as_object().unwrap().keys().collect();
    let expected = [
        "id",
        "object",
        "api_version",
        "application",
        "created",
        "description",
        "enabled_events",
        "livemode",
        "metadata",
        "secret",
        "status",
        "url",
    ];
    assert_eq!(keys, expected);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 38 && secret.is_ascii(), "{secret}");
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    assert_eq!(sending.get("/v1/webhook_endpoints")["data"][0]["id"], made["id"]);
    let changed = sending.make(&path, &[("disabled", "true"), ("enabled_events[]", "*"), ("description", "")]);
    let read = |name: &str| changed[name].clone();
    assert_eq!(
        [read("status"), read("enabled_events"), read("description")],
        [json!("disabled"), json!(["*"]), json!(null)]
    );
    assert_eq!(changed.get("secret"), None);
    for (path, params, param) in [
        ("/v1/webhook_endpoints", &[("enabled_events[]", "*")][..], "url"),
        ("/v1/webhook_endpoints", &[("url", "http://localhost")], "enabled_events"),
        ("/v1/webhook_endpoints", &[("url", "localhost:4242"), ("enabled_events[]", "*")], "url"),
        ("/v1/webhook_endpoints", &[("url", "http://me:x@localhost"), ("enabled_events[]", "*")], "url"),
        (
            "/v1/webhook_endpoints",
            &[("url", "http://localhost"), ("enabled_events[]", "charge.*")],
            "enabled_events[0]",
        ),
        (
            "/v1/webhook_endpoints",
            &[("url", "http://localhost"), ("enabled_events[]", "*"), ("api_version", "1")],
            "api_version",
        ),
        (&path, &[("connect", "true")], "connect"),
    ] {
        let answer = sending.send("POST", path, params, &[]);
        assert_eq!((answer.status, &answer.json()["error"]["param"]), (400, &json!(param)), "{}", answer.text());
    }
    for nth in 1..16 {
        sending.endpoint(&format!("http://localhost:{nth}/"), &["*"]);
    }
    let full =
        sending.send("POST", "/v1/webhook_endpoints", &[("url", "http://localhost"), ("enabled_events[]", "*")], &[]);
    assert_eq!(full.status, 400, "sixteen are the most: {}", full.text());
    let deleted = sending.send("DELETE", &path, &[], &[]).json();
    assert_eq!(deleted, json!({ "id": made["id"], "object": "webhook_endpoint", "deleted": true }));
    assert_eq!(sending.send("GET", &path, &[], &[]).status, 404);
}

#[test]
fn nothing_is_sent_to_an_endpoint_that_is_elsewhere_disabled_or_gone() {
    let sending = Sending::in_memory();
    let mut receiver = Receiver::taking(&sending.runtime);
    let url = |path: &str| format!("{}{path}", receiver.server.url());
    sending.endpoint("http://hooks.example/webhook", &["*"]);
    // A name that leads to this machine is no name of this machine.
    let port = receiver.server.address.port();
    sending.endpoint(&format!("http://127.0.0.1.example:{port}/elsewhere"), &["*"]);
    let (disabled, _) = sending.endpoint(&url("/disabled"), &["*"]);
    sending.make(&format!("/v1/webhook_endpoints/{disabled}"), &[("disabled", "true")]);
    let (gone, _) = sending.endpoint(&url("/gone"), &["*"]);
    sending.send("DELETE", &format!("/v1/webhook_endpoints/{gone}"), &[], &[]);
    sending.make("/v1/customers", &[]);
    sending.endpoint(&url("/here"), &["*"]);
    sending.make("/v1/charges", &CHARGE);
    let uris: Vec<String> = receiver.wait_for(1).iter().map(|got| got.uri.clone()).collect();
    assert_eq!(uris, ["/here"]);
    let told = sending.told.lock().unwrap().clone();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], "http://hooks.example");
}

#[test]
fn an_origin_that_is_named_or_taken_back_while_the_server_runs_counts_at_once() {
    let sending = Sending::in_memory();
    let mut receiver = Receiver::taking(&sending.runtime);
    let port = receiver.server.address.port();
    // An address that leads to this machine, and counts as elsewhere.
    let origin = format!("http://0.0.0.0:{port}");
    let (id, _) = sending.endpoint(&format!("{origin}/named"), &["*"]);
    sending.endpoint(&receiver.url(), &["*"]);
    sending.make("/v1/customers", &[]);
    assert_eq!(receiver.wait_for(1)[0].uri, "/webhook");
    assert_eq!(*sending.told.lock().unwrap(), std::slice::from_ref(&origin), "{id}");
    sending.server().set_webhook_origins(vec![PageOrigin::parse(&origin).unwrap()]);
    sending.make("/v1/customers", &[]);
    let uris = |got: &[Received]| -> Vec<String> { got.iter().map(|got| got.uri.clone()).collect() };
    let mut seen = uris(&receiver.wait_for(3)[1..]);
    seen.sort();
    assert_eq!(seen, ["/named", "/webhook"]);
    sending.server().set_webhook_origins(Vec::new());
    sending.make("/v1/customers", &[]);
    assert_eq!(uris(&receiver.wait_for(4)[3..]), ["/webhook"]);
}

#[test]
fn redirects_are_not_followed_and_long_answers_not_read() {
    let sending = Sending::in_memory();
    let mut receiver = Receiver::start(&sending.runtime, |nth, got| match nth {
        0 => reply(302, "").with("location", format!("http://{}/elsewhere", got.header("host"))),
        _ => reply(200, vec![b'x'; 1 << 20]),
    });
    sending.endpoint(&receiver.url(), &["*"]);
    sending.make("/v1/charges", &CHARGE);
    let uris: Vec<String> = receiver.wait_for(2).iter().map(|got| got.uri.clone()).collect();
    assert_eq!(uris, ["/webhook", "/webhook"], "a redirect is a refusal: the event is sent again");
}

#[test]
fn what_is_not_taken_is_sent_again_in_order_for_each_object_and_not_for_ever() {
    let sending = Sending::in_memory();
    // The events of the first charge are refused twice, those of the third for ever.
    let refused = Arc::new(Mutex::new(HashMap::<String, usize>::new()));
    let mut receiver = Receiver::start(&sending.runtime, move |_, got| {
        let text = got.body.clone();
        let mut refused = refused.lock().unwrap();
        let count = refused.entry(event(got)["id"].as_str().unwrap().to_owned()).or_default();
        *count += 1;
        let is_taken = if text.contains("first") { *count > 2 } else { !text.contains("third") };
        reply(if is_taken { 200 } else { 500 }, "")
    });
    sending.endpoint(&receiver.url(), &["charge.succeeded", "charge.updated"]);
    let charges: Vec<String> = ["first", "second", "third"]
        .map(|description| {
            let charge = sending.make("/v1/charges", &[&CHARGE[..], &[("description", description)]].concat());
            charge["id"].as_str().unwrap().to_owned()
        })
        .into();
    for charge in &charges {
        sending.make(&format!("/v1/charges/{charge}"), &[("metadata[a]", "b")]);
    }
    // Three times two events, two for the second charge, and four attempts of each of the third.
    let got = receiver.wait_for(6 + 2 + 8).to_vec();
    let of = |charge: &str| -> Vec<String> {
        let of = got.iter().filter(|got| event(got)["data"]["object"]["id"] == charge);
        types(&of.cloned().collect::<Vec<_>>())
    };
    let both = |count: usize| [vec!["charge.succeeded"; count], vec!["charge.updated"; count]].concat();
    assert_eq!([of(&charges[0]), of(&charges[1]), of(&charges[2])], [both(3), both(1), both(4)]);
    let pending = |charge: &str| -> Vec<u64> {
        let events = sending.get("/v1/events?limit=100");
        let of = events["data"].as_array().unwrap().iter().filter(|event| event["data"]["object"]["id"] == charge);
        of.map(|event| event["pending_webhooks"].as_u64().unwrap()).collect()
    };
    assert_eq!(pending(&charges[2]), [1, 1], "never taken");
}

#[test]
fn events_that_wait_for_their_next_attempt_keep_no_others_from_being_sent() {
    const REFUSED: usize = 600;
    let store = Store::open(&StoreLocation::Memory, now()).unwrap();
    let sending = Sending::start(store, |config| config.retry_after = vec![Duration::from_hours(1)]);
    let mut receiver = Receiver::start(&sending.runtime, |_, got| {
        reply(if got.body.contains("customer.created") { 200 } else { 500 }, "")
    });
    sending.endpoint(&receiver.url(), &["*"]);
    for _ in 0..REFUSED {
        sending.make("/v1/charges", &CHARGE);
    }
    receiver.wait_for(REFUSED);
    sending.make("/v1/customers", &[]);
    assert_eq!(types(&receiver.wait_for(REFUSED + 1)[REFUSED..]), ["customer.created"]);
}

#[test]
fn an_event_that_is_taken_at_a_later_attempt_is_not_sent_once_more() {
    const CHARGES: usize = 40;
    let home = TempDir::new().unwrap();
    let sending = Sending::start(open(home.path()), |_| {});
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let runtime = Runtime::new().unwrap();
    let mut receiver = Receiver::start(&runtime, move |_, got| {
        let is_first = seen.lock().unwrap().insert(event(got)["id"].to_string());
        reply(if is_first { 500 } else { 200 }, "")
    });
    sending.endpoint(&receiver.url(), &["*"]);
    for _ in 0..CHARGES {
        let charge = sending.make("/v1/charges", &CHARGE)["id"].as_str().unwrap().to_owned();
        sending.make(&format!("/v1/charges/{charge}"), &[("metadata[a]", "b")]);
    }
    receiver.wait_for(4 * CHARGES);
    drop(sending);
    let sending = Sending::start(open(home.path()), |_| {});
    sending.make("/v1/customers", &[]);
    let got = receiver.wait_for(4 * CHARGES + 2);
    assert!(times(got).values().all(|times| *times == 2), "{:?}", times(got));
    let mut order: HashMap<String, Vec<String>> = HashMap::new();
    for (object, name) in objects(got).into_iter().zip(types(got)) {
        order.entry(object).or_default().push(name);
    }
    let charge = ["charge.succeeded", "charge.succeeded", "charge.updated", "charge.updated"];
    let customer = ["customer.created", "customer.created"];
    assert!(order.values().all(|order| *order == charge || *order == customer), "{order:?}");
}

#[test]
fn after_a_restart_nothing_is_sent_again_but_what_was_not_taken() {
    let home = TempDir::new().unwrap();
    let long = |config: &mut WebhookConfig| config.retry_after = vec![Duration::from_hours(1)];
    let sending = Sending::start(open(home.path()), long);
    let runtime = Runtime::new().unwrap();
    let mut receiver =
        Receiver::start(&runtime, |_, got| reply(if got.body.contains("charge.succeeded") { 500 } else { 200 }, ""));
    sending.endpoint(&receiver.url(), &["*"]);
    let charge = sending.make("/v1/charges", &CHARGE)["id"].as_str().unwrap().to_owned();
    receiver.wait_for(1);
    sending.make(&format!("/v1/charges/{charge}"), &[("metadata[a]", "b")]);
    for _ in 0..20 {
        sending.make("/v1/customers", &[]);
    }
    receiver.wait_for(21);
    drop(sending);
    let sending = Sending::start(open(home.path()), long);
    sending.make(&format!("/v1/charges/{charge}"), &[("metadata[a]", "c")]);
    sending.make("/v1/customers", &[]);
    let got = receiver.wait_for(22);
    assert_eq!((got.len(), times(got).len()), (22, 22), "{:?}", types(got));
    assert!(!types(got).contains(&"charge.updated".to_owned()), "it waits behind what was not taken");
    let events = sending.get("/v1/events?limit=100");
    let refused = event_id(&events, "charge.succeeded");
    sending.runtime.block_on(sending.store.send_event_again(refused.clone())).unwrap();
    let got = receiver.wait_for(23);
    assert_eq!(times(got)[&refused], 2, "a person's wish is not held up by the time of the next attempt");
}

#[test]
fn an_event_on_its_way_that_is_to_be_sent_again_is_sent_twice() {
    let sending = Sending::in_memory();
    let mut receiver = Receiver::start(&sending.runtime, |nth, _| {
        if nth == 0 {
            thread::sleep(Duration::from_millis(700));
        }
        reply(200, "{}")
    });
    sending.endpoint(&receiver.url(), &["*"]);
    sending.make("/v1/customers", &[]);
    let id = event_id(&sending.get("/v1/events"), "customer.created");
    receiver.arrivals.recv_timeout(PATIENCE).unwrap();
    sending.runtime.block_on(sending.store.send_event_again(id)).unwrap();
    receiver.wait_for(2);
    sending.make("/v1/customers", &[]);
    let got = receiver.wait_for(3);
    let mut times: Vec<usize> = times(got).into_values().collect();
    times.sort_unstable();
    assert_eq!(times, [1, 2]);
}

#[test]
fn an_event_that_is_damaged_is_passed_over() {
    let home = TempDir::new().unwrap();
    let sending = Sending::start(open(home.path()), |_| {});
    let mut receiver = Receiver::taking(&sending.runtime);
    sending.endpoint(&receiver.url(), &["*"]);
    sending.make("/v1/customers", &[]);
    receiver.wait_for(1);
    let connection = rusqlite::Connection::open(home.path().join(FILE_NAME)).unwrap();
    connection
        .execute_batch(
            "CREATE TEMP TABLE damaged AS SELECT * FROM objects WHERE kind = 'event'; \
             UPDATE damaged SET position = NULL, id = 'evt_damaged', body = '{'; \
             INSERT INTO objects SELECT * FROM damaged",
        )
        .unwrap();
    drop(connection);
    sending.make("/v1/charges", &CHARGE);
    assert_eq!(types(receiver.wait_for(2)), ["customer.created", "charge.succeeded"]);
}

#[test]
fn what_a_reset_took_away_is_not_sent_any_more() {
    let store = Store::open(&StoreLocation::Memory, now()).unwrap();
    let runtime = Runtime::new().unwrap();
    let mut receiver =
        Receiver::start(&runtime, |_, got| reply(if got.body.contains("charge.succeeded") { 500 } else { 200 }, ""));
    let url = ReceiverUrl::parse(&receiver.url()).unwrap();
    let sending = Sending::start(store, |config| {
        config.forwards = vec![ForwardTo { url, types: vec!["*".to_owned()] }];
        config.retry_after = vec![Duration::from_millis(800)];
    });
    sending.make("/v1/charges", &CHARGE);
    receiver.wait_for(1);
    sending.fault("POST /v1/customers next 1: event shuffle");
    sending.make("/v1/customers", &[]);
    assert!(sending.runtime.block_on(sending.store.reset()).unwrap() > 0);
    thread::sleep(Duration::from_millis(1500));
    sending.make("/v1/charges", &CHARGE);
    let got = receiver.wait_for(2);
    assert_eq!((types(got), times(got).len()), (vec!["charge.succeeded".to_owned(); 2], 2));
}

#[test]
fn events_go_wrong_by_rules() {
    let sending = Sending::in_memory();
    let mut receiver = Receiver::taking(&sending.runtime);
    let (_, secret) = sending.endpoint(&receiver.url(), &["charge.succeeded"]);
    let charge = || sending.make("/v1/charges", &CHARGE)["id"].as_str().unwrap().to_owned();

    sending.fault("POST /v1/charges next 1: event twice");
    let twice = charge();
    let got = receiver.wait_for(2).to_vec();
    assert_eq!(objects(&got), [twice.clone(), twice]);
    assert_eq!(got[0].body, got[1].body);

    sending.fault("POST /v1/charges next 1: event late 300ms");
    let begun = Instant::now();
    let (late, in_time) = (charge(), charge());
    assert_eq!(objects(&receiver.wait_for(4)[2..]), [in_time, late]);
    assert!(begun.elapsed() >= Duration::from_millis(300));

    sending.fault("POST /v1/charges next 1: event drop");
    let (dropped, sent) = (charge(), charge());
    assert_eq!(objects(&receiver.wait_for(5)[4..]), [sent]);
    let kept = sending.get("/v1/events?type=charge.succeeded&limit=2");
    assert_eq!(kept["data"][1]["data"]["object"]["id"], dropped.as_str(), "it can be asked for");

    sending.fault("POST /v1/charges next 3: event shuffle");
    let shuffled = [charge(), charge(), charge()];
    let mut turned = objects(&receiver.wait_for(8)[5..]);
    turned.reverse();
    assert_eq!(turned, shuffled);

    assert!(receiver.got.iter().all(|got| verifies(got, &secret)));
    for (fault, nth) in [("wrong-signature", 8), ("old-timestamp", 9)] {
        sending.fault(&format!("POST /v1/charges next 1: event {fault}"));
        charge();
        let got = receiver.wait_for(nth + 1);
        assert!(!verifies(&got[nth], &secret), "{fault}");
    }
    let time = |received: &Received| received.header("stripe-signature")[2..12].parse::<i64>().unwrap();
    assert!(now().as_second() - time(&receiver.got[9]) >= 600);
}

#[test]
fn connected_accounts_and_endpoints_for_them_are_told_apart() {
    let sending = Sending::in_memory();
    let mut receiver = Receiver::taking(&sending.runtime);
    let url = |path: &str| format!("{}{path}", receiver.server.url());
    sending.endpoint(&url("/own"), &["*"]);
    sending.make("/v1/webhook_endpoints", &[("url", &url("/connect")), ("enabled_events[]", "*"), ("connect", "true")]);
    let account = [("Stripe-Account", "acct_1032D82eZvKYlo2C")];
    sending.send("POST", "/v1/customers", &[], &account);
    sending.make("/v1/customers", &[]);
    let got = receiver.wait_for(2);
    let mut seen: Vec<(String, Value)> =
        got.iter().map(|got| (got.uri.clone(), event(got)["account"].clone())).collect();
    seen.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(seen, [("/connect".to_owned(), json!("acct_1032D82eZvKYlo2C")), ("/own".to_owned(), Value::Null)]);
}

#[test]
fn an_endpoint_has_a_version_of_its_own() {
    let sending = Sending::in_memory();
    let mut receiver = Receiver::taking(&sending.runtime);
    let params = [("url", &*receiver.url()), ("enabled_events[]", "charge.succeeded"), ("api_version", "2014-12-08")];
    sending.make("/v1/webhook_endpoints", &params);
    sending.make("/v1/charges", &CHARGE);
    let sent = event(&receiver.wait_for(1)[0]);
    assert_eq!(sent["api_version"], "2014-12-08");
    assert_eq!(sent["data"]["object"]["status"], "paid", "the word of that version");
    assert!(sent["request"].is_string(), "{sent}");
}

#[test]
fn what_came_of_sending_is_written_down_once_and_nothing_wakes_the_thread_when_nobody_listens() {
    const CHARGES: usize = 200;
    let home = TempDir::new().unwrap();
    let sending = Sending::start(open(home.path()), |_| {});
    sending.make("/v1/customers", &[]);
    let before = sending.server().delivery_wakes();
    thread::sleep(Duration::from_millis(1500));
    let woken = sending.server().delivery_wakes() - before;
    assert!(woken <= 1, "without an endpoint it woke {woken} times");

    let mut receiver = Receiver::taking(&sending.runtime);
    sending.endpoint(&receiver.url(), &["*"]);
    for _ in 0..CHARGES {
        sending.make("/v1/charges", &CHARGE);
    }
    receiver.wait_for(CHARGES);
    // Each call is a commit here, for none waits for another. What was sent is written down for many at once where they
    // come fast, and on a slow machine once an event: never more.
    let commits = sending.store.commits() as usize;
    assert!(commits <= 2 * CHARGES + 5, "{commits} commits for {CHARGES} charges and their events");
    thread::sleep(Duration::from_millis(200));
    let before = sending.server().delivery_wakes();
    thread::sleep(Duration::from_millis(2500));
    let woken = sending.server().delivery_wakes() - before;
    assert!(woken <= 6, "idle, it woke {woken} times in two and a half seconds");
}

#[test]
fn what_is_due_happens_in_time_and_is_sent_though_nobody_calls() {
    let home = TempDir::new().unwrap();
    let runtime = Runtime::new().unwrap();
    let mut receiver = Receiver::taking(&runtime);
    let first = Sending::start(open(home.path()), |_| {});
    let second = Sending::start(open(home.path()), |_| {});
    first.endpoint(&receiver.url(), &["refund.updated", "charge.dispute.closed"]);
    let charge = first.make("/v1/charges", &[CHARGE[0], CHARGE[1], ("source", "tok_pendingRefund")]);
    first.make("/v1/refunds", &[("charge", charge["id"].as_str().unwrap())]);
    let settled = event(&receiver.wait_for(1)[0]);
    assert_eq!(
        (&settled["type"], &settled["data"]["object"]["status"]),
        (&json!("refund.updated"), &json!("succeeded"))
    );
    assert_eq!(settled["request"]["id"], Value::Null);
    // By a clock that is set, what it passes happens at once.
    first.make("/v1/charges", &[CHARGE[0], CHARGE[1], ("source", "tok_createDispute")]);
    let later = ClockChange::By(jiff::SignedDuration::from_hours(9 * 24));
    second.store.set_clock(None, later, now()).wait().unwrap();
    let lost = event(&receiver.wait_for(2)[1]);
    assert_eq!((&lost["type"], &lost["data"]["object"]["status"]), (&json!("charge.dispute.closed"), &json!("lost")));
    drop((first, second));
    assert_eq!(receiver.server.received().len(), 0, "each of them once, though two servers watch the clock");
}

#[test]
fn of_two_processes_on_one_folder_one_sends() {
    let home = TempDir::new().unwrap();
    let runtime = Runtime::new().unwrap();
    let mut receiver = Receiver::taking(&runtime);
    let first = Sending::start(open(home.path()), |_| {});
    first.endpoint(&receiver.url(), &["*"]);
    let second = Sending::start(open(home.path()), |_| {});
    for nth in 0..10 {
        let by = if nth % 2 == 0 { &first } else { &second };
        by.make("/v1/charges", &CHARGE);
    }
    receiver.wait_for(10);
    drop(first);
    second.make("/v1/charges", &CHARGE);
    let got = receiver.wait_for(11);
    let ids: HashSet<String> = got.iter().map(|got| event(got)["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((ids.len(), got.len()), (11, 11), "each event once, and the second goes on where the first ended");
}

#[test]
fn events_are_forwarded_to_what_was_named_on_the_command_line() {
    let home = TempDir::new().unwrap();
    let runtime = Runtime::new().unwrap();
    let mut receiver = Receiver::taking(&runtime);
    let url = ReceiverUrl::parse(&receiver.url()).unwrap();
    let forward = |types: &[&str]| {
        let types = types.iter().map(|name| (*name).to_owned()).collect();
        let forward = ForwardTo { url: url.clone(), types };
        move |config: &mut WebhookConfig| config.forwards = vec![forward]
    };
    let sending = Sending::start(open(home.path()), forward(&["charge.succeeded", "charge.failed"]));
    sending.make("/v1/customers", &[]);
    sending.make("/v1/charges", &CHARGE);
    assert_eq!(types(receiver.wait_for(1)), ["charge.succeeded"]);
    assert_eq!(sending.get("/v1/webhook_endpoints")["data"], json!([]), "it is no object");
    drop(sending);
    let unheard = Sending::start(open(home.path()), |_| {});
    unheard.make("/v1/charges", &CHARGE);
    drop(unheard);
    let sending = Sending::start(open(home.path()), forward(&["*"]));
    sending.make("/v1/customers", &[]);
    assert_eq!(types(&receiver.wait_for(2)[1..]), ["customer.created"], "what comes from then on");
}

#[test]
fn the_command_line_lists_events_sends_one_again_and_tells_the_secret() {
    let home = Home::new();
    let runtime = Runtime::new().unwrap();
    let mut receiver = Receiver::taking(&runtime);
    let url = receiver.url();
    let serving = Serving::start(&home, &["--forward-to", &url, "--forward-events", "charge.succeeded,charge.failed"]);
    let secret = home.run(["webhooks", "secret", &url]);
    assert_eq!(secret.exit, 0, "{secret:?}");
    let charge = serving.post("/v1/charges", &CHARGE).json()["id"].as_str().unwrap().to_owned();
    serving.post("/v1/customers", &[]);
    let first = receiver.wait_for(1)[0].clone();
    assert!(verifies(&first, secret.stdout.trim()));
    let id = event(&first)["id"].as_str().unwrap().to_owned();
    let listed = home.run(["events", "--type", "charge.*"]);
    assert!(listed.stdout.starts_with(&format!("{id}  ")) && listed.stdout.contains(&charge), "{listed:?}");
    assert_eq!(listed.stdout.lines().count(), 1);
    let json: Value = serde_json::from_str(&home.run(["events", "--format", "json"]).stdout).unwrap();
    assert_eq!(json["data"].as_array().unwrap().len(), 2);
    let again = home.run(["events", "resend", &id]);
    assert_eq!((again.exit, &*again.stdout), (0, "sent again to 1 endpoint now\n"), "{again:?}");
    assert_eq!(event(&receiver.wait_for(2)[1])["id"], id.as_str());
    assert_eq!(home.run(["events", "resend", "evt_none"]).exit, 4);
    assert_eq!(home.run(["webhooks", "secret", "we_none"]).exit, 2);
    let customer = event_id(&json, "customer.created");
    assert_eq!(home.run(["events", "resend", &customer]).exit, 1, "nobody asks for it");
}

#[test]
fn after_a_crash_each_event_was_sent_in_order_for_each_object_and_no_secret_is_on_the_disk() {
    const PLANTED: &str = "4539578763621486";
    let home = Home::new();
    let runtime = Runtime::new().unwrap();
    // It refuses some events once, so that there is something to be sent again when the program dies.
    let refused = Arc::new(Mutex::new(HashSet::new()));
    let mut receiver = Receiver::start(&runtime, move |nth, got| {
        let is_first = || refused.lock().unwrap().insert(event(got)["id"].to_string());
        let is_refused = nth % 4 == 1 && got.body.contains("charge.refunded") && is_first();
        reply(if is_refused { 500 } else { 200 }, "")
    });
    let url = receiver.url();
    let args = ["--forward-to", &*url];
    let mut secrets = Vec::new();
    for round in 0..3 {
        let mut serving = Serving::start(&home, &args);
        if round == 0 {
            let sent = [("url", "http://localhost:1/none"), ("enabled_events[]", "payout.paid")];
            let made = serving.post("/v1/webhook_endpoints", &sent).json();
            secrets.push(made["secret"].as_str().unwrap().to_owned());
            secrets.push(home.run(["webhooks", "secret", &url]).stdout.trim().to_owned());
        }
        let address = serving.address;
        let callers: Vec<_> = (0..4)
            .map(|caller| {
                thread::Builder::new()
                    .name(format!("caller-{caller}"))
                    .spawn(move || call_until_it_dies(address, PLANTED))
                    .unwrap()
            })
            .collect();
        // Events, not deliveries: what was refused, or was on its way at the last crash, comes twice.
        receiver.wait(|got| distinct_events(got).len() >= (round + 1) * 60);
        serving.kill();
        for caller in callers {
            caller.join().unwrap();
        }
    }
    let serving = Serving::start(&home, &args);
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map(|event| format!("&starting_after={}", event["id"].as_str().unwrap()));
        let page = serving.get(&format!("/v1/events?limit=100{}", after.unwrap_or_default())).json();
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        if page["has_more"] == false {
            break;
        }
    }
    all.reverse();
    let ids: HashSet<String> = all.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.len() > 150, "{}", ids.len());
    let got = receiver.wait(|got| distinct_events(got).is_superset(&ids));
    // The first time that each event came, object by object, is the order in which they happened.
    let mut order: HashMap<String, Vec<String>> = HashMap::new();
    let mut came = HashSet::new();
    for received in got {
        let (event, object) = (event(received), objects(std::slice::from_ref(received)).remove(0));
        let id = event["id"].as_str().unwrap().to_owned();
        assert!(ids.contains(&id), "it happened");
        assert!(!received.body.contains(PLANTED), "{}", received.body);
        assert!(verifies(received, &secrets[1]));
        if came.insert(id.clone()) {
            order.entry(object).or_default().push(id);
        }
    }
    let mut happened: HashMap<String, Vec<String>> = HashMap::new();
    for event in &all {
        let object = event["data"]["object"]["id"].as_str().unwrap().to_owned();
        happened.entry(object).or_default().push(event["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(order, happened);
    drop(serving);
    for (path, bytes) in home.files() {
        let text = String::from_utf8_lossy(&bytes);
        for secret in secrets.iter().map(|secret| &secret["whsec_".len()..]).chain([PLANTED]) {
            assert!(!text.contains(secret), "a secret is in {}", path.display());
        }
    }
}

/// Charges, changes and refunds until nobody answers any more.
fn call_until_it_dies(address: std::net::SocketAddr, planted: &str) {
    let Ok(mut wire) = wire::Wire::open(address) else { return };
    let mut post = move |path: &str, params: &[(&str, &str)]| -> Option<Value> {
        let answer = wire.ask(&wire::request("POST", path, params, &[])).ok()?;
        serde_json::from_slice(&answer.body).ok()
    };
    let mut round = || -> Option<()> {
        let sent = [&CHARGE[..], &[("metadata[card]", planted), ("description", planted)]].concat();
        let charge = post("/v1/charges", &sent)?["id"].as_str()?.to_owned();
        post(&format!("/v1/charges/{charge}"), &[("metadata[a]", "1")])?;
        post("/v1/refunds", &[("charge", &charge), ("amount", "500")])?;
        post(&format!("/v1/charges/{charge}"), &[("metadata[a]", "2")]).map(drop)
    };
    while round().is_some() {}
}
