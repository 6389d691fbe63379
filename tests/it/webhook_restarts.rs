//! What is kept of events on their way, and how long: over a crash, over damage, for an endpoint that is named no more; and
//! why an endpoint did not take them.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use tempfile::TempDir;
use testcard::{
    domain::{
        history::{
            delivery_refusal::{DeliveryRefusal, EndpointBacklog},
            token_life::EventDelivery,
        },
        settings::receiver::ReceiverUrl,
    },
    store::{FILE_NAME, Store},
    webhooks::{ForwardTo, WebhookConfig},
};
use tokio::runtime::Runtime;

use crate::support::{
    http::{Received, reply},
    program::Home,
    sending::{CHARGE, MovedClock, Receiver, Sending, event, event_id, is_signed, now, objects, open, types},
    serving::Serving,
    waiting::PATIENCE,
};

/// Waits until it is so on the disk.
#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A receiver that takes nothing until it is told to.
fn refusing(runtime: &Runtime) -> (Receiver, Arc<AtomicBool>) {
    let takes = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&takes);
    let answer = move |_: usize, _: &Received| reply(if asked.load(Ordering::SeqCst) { 200 } else { 500 }, "");
    (Receiver::start(runtime, answer), takes)
}

/// All events go to this URL, by this clock, and again after ten seconds.
fn forwarding(url: &str, clock: &MovedClock) -> impl FnOnce(&mut WebhookConfig) + use<> {
    let (forward, clock) = (ForwardTo::all(ReceiverUrl::parse(url).unwrap()), clock.clock());
    move |config| {
        config.forwards = vec![forward];
        config.machine = clock;
        config.retry_after = vec![Duration::from_secs(10); 3];
    }
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn what_is_to_go_wrong_with_an_event_goes_wrong_though_the_program_was_killed() {
    let (home, runtime) = (Home::new(), Runtime::new().unwrap());
    let (mut receiver, takes) = refusing(&runtime);
    let url = receiver.url();
    let faults = [
        "--fault",
        "POST /v1/charges next 1: event late 540s",
        "--fault",
        "POST /v1/customers next 1: event twice",
        "--fault",
        "POST /v1/customers/* next 1: event wrong-signature",
    ];
    let mut serving = Serving::start(&home, &[&["--forward-to", &url], &faults[..]].concat());
    let made =
        |path: &str, params: &[(&str, &str)]| serving.post(path, params).json()["id"].as_str().unwrap().to_owned();
    let twice = made("/v1/customers", &[]);
    let once = made("/v1/customers", &[]);
    receiver.wait_for(2);
    made(&format!("/v1/customers/{once}"), &[("description", "wrong")]);
    let late = made("/v1/charges", &CHARGE);
    let database = home.path().join("data").join(FILE_NAME);
    let connection = Connection::open(&database).unwrap();
    wait_until("four events that wait", || count(&connection, "webhook_deliveries") == 4);
    drop(connection);
    let secret = home.run(["webhooks", "secret", &url]).stdout;
    serving.kill();

    takes.store(true, Ordering::SeqCst);
    let clock = MovedClock::default();
    clock.forward(SignedDuration::from_mins(1));
    let sending = Sending::start(open(&home.path().join("data")), forwarding(&url, &clock));
    // Behind what was not taken comes what waited for it; what comes late holds nothing up that happened to it later.
    sending.make(&format!("/v1/charges/{late}"), &[("metadata[a]", "b")]);
    let got = receiver.wait_for(2 + 5)[2..].to_vec();
    let of = |object: &str| -> Vec<Received> {
        got.iter().filter(|got| event(got)["data"]["object"]["id"] == object).cloned().collect()
    };
    assert_eq!(types(&of(&twice)), ["customer.created"; 2]);
    assert_eq!(types(&of(&once)), ["customer.created", "customer.updated"]);
    assert_eq!(types(&of(&late)), ["charge.updated"]);
    let is_signed_well = |received: &Received| is_signed(received, secret.trim());
    assert_eq!(of(&once).iter().map(is_signed_well).collect::<Vec<_>>(), [true, false]);
    assert!(of(&twice).iter().all(is_signed_well));
    clock.forward(SignedDuration::from_mins(9));
    let last = receiver.wait_for(8)[7].clone();
    assert_eq!(
        (types(std::slice::from_ref(&last)), is_signed_well(&last)),
        (vec!["charge.succeeded".to_owned()], true)
    );
}

#[test]
fn events_that_are_turned_round_stay_so_when_the_server_stops_meanwhile() {
    let (home, runtime, moved) = (TempDir::new().unwrap(), Runtime::new().unwrap(), MovedClock::default());
    let mut receiver = Receiver::taking(&runtime);
    // So slow is no machine that what is kept back for a second leaves before the server stops.
    let clock = moved.standing();
    let start = || {
        let clock = clock.clone();
        Sending::start(open(home.path()), move |config| config.machine = clock)
    };
    let sending = start();
    sending.endpoint(&receiver.url(), &["charge.succeeded", "customer.created"]);
    let charge = || sending.make("/v1/charges", &CHARGE)["id"].as_str().unwrap().to_owned();
    sending.fault("POST /v1/charges next 3: event shuffle");
    let first = charge();
    // One that is taken passes those that are kept back. So it tells that all before it are on their way, which wait for
    // nothing but the clock.
    let mut pass = || {
        let passing = sending.make("/v1/customers", &[])["id"].as_str().unwrap().to_owned();
        receiver.wait(|got| objects(got).contains(&passing));
    };
    pass();
    let shuffled = [first, charge(), charge()];
    pass();
    drop(sending);
    moved.forward(SignedDuration::from_secs(1));
    let _sending = start();
    let mut turned = objects(receiver.wait_for(5));
    turned.retain(|object| object.starts_with("ch_"));
    turned.reverse();
    assert_eq!(turned, shuffled);
}

#[test]
fn an_event_that_comes_twice_comes_twice_and_not_more_after_it_was_refused() {
    let sending = Sending::in_memory();
    let refused = AtomicBool::new(false);
    let refused = Arc::new(refused);
    let mut receiver = Receiver::start(&sending.runtime, move |_, _| {
        reply(if refused.swap(true, Ordering::SeqCst) { 200 } else { 500 }, "")
    });
    sending.endpoint(&receiver.url(), &["*"]);
    sending.fault("POST /v1/customers next 1: event twice");
    sending.make("/v1/customers", &[]);
    receiver.wait_for(3);
    sending.make("/v1/charges", &CHARGE);
    let got = receiver.wait(|got| types(got).contains(&"charge.succeeded".to_owned()));
    assert_eq!(types(got), ["customer.created", "customer.created", "customer.created", "charge.succeeded"]);
}

#[test]
fn an_endpoint_that_is_named_again_soon_gets_what_waits_and_later_begins_anew() {
    let (home, runtime, clock) = (TempDir::new().unwrap(), Runtime::new().unwrap(), MovedClock::default());
    let (mut receiver, takes) = refusing(&runtime);
    let url = receiver.url();
    let named = || Sending::start(open(home.path()), forwarding(&url, &clock));
    let unnamed = || {
        let clock = clock.clock();
        Sending::start(open(home.path()), move |config| config.machine = clock)
    };
    let describe = |sending: &Sending, description: &str| {
        sending.make("/v1/customers", &[("description", description)]);
    };
    let described = |got: &[Received]| -> Vec<String> {
        got.iter().map(|got| event(got)["data"]["object"]["description"].as_str().unwrap().to_owned()).collect()
    };
    let sending = named();
    describe(&sending, "one");
    receiver.wait_for(1);
    drop(sending);
    let sending = unnamed();
    describe(&sending, "two");
    drop(sending);
    clock.forward(SignedDuration::from_mins(50));
    takes.store(true, Ordering::SeqCst);
    let sending = named();
    let mut again = described(&receiver.wait_for(3)[1..]);
    // They happened to two objects, whose events do not wait for each other.
    again.sort();
    assert_eq!(again, ["one", "two"], "named again within an hour");

    takes.store(false, Ordering::SeqCst);
    describe(&sending, "three");
    receiver.wait_for(4);
    drop(sending);
    clock.forward(SignedDuration::from_mins(61));
    takes.store(true, Ordering::SeqCst);
    let sending = named();
    describe(&sending, "four");
    assert_eq!(described(&receiver.wait_for(5)[4..]), ["four"], "later it begins anew");

    takes.store(false, Ordering::SeqCst);
    describe(&sending, "five");
    receiver.wait_for(6);
    drop(sending);
    let pending = |sending: &Sending| sending.get("/v1/events?limit=1")["data"][0]["pending_webhooks"].clone();
    let sending = unnamed();
    describe(&sending, "six");
    assert_eq!(pending(&sending), 1, "it may be named again");
    drop(sending);
    clock.forward(SignedDuration::from_mins(61));
    let sending = unnamed();
    wait_until("it is forgotten", || sending.store.outbox().unwrap().forwards().unwrap().is_empty());
    assert_eq!(pending(&sending), 0);
    assert_eq!(count(&Connection::open(home.path().join(FILE_NAME)).unwrap(), "webhook_deliveries"), 0);
}

#[test]
fn an_endpoint_that_is_served_all_the_time_is_not_forgotten_after_a_crash() {
    let (home, runtime, clock) = (TempDir::new().unwrap(), Runtime::new().unwrap(), MovedClock::default());
    let (mut receiver, _) = refusing(&runtime);
    let url = receiver.url();
    let sending = Sending::start(open(home.path()), forwarding(&url, &clock));
    sending.make("/v1/customers", &[]);
    receiver.wait_for(1);
    let served = || sending.store.outbox().unwrap().forwards().unwrap()[0].1;
    wait_until("it is written down", || !sending.store.outbox().unwrap().forwards().unwrap().is_empty());
    let begun = served();
    clock.forward(SignedDuration::from_hours(3));
    wait_until("it is served by now", || served().duration_since(begun) > SignedDuration::from_mins(175));
}

#[test]
fn what_waits_for_an_endpoint_whose_row_is_damaged_waits_until_it_is_deleted() {
    let (home, runtime, clock) = (TempDir::new().unwrap(), Runtime::new().unwrap(), MovedClock::default());
    let (mut receiver, takes) = refusing(&runtime);
    let machine = clock.clock();
    let sending = Sending::start(open(home.path()), |config| {
        config.machine = machine;
        config.retry_after = vec![Duration::from_mins(30); 3];
    });
    let (id, _) = sending.endpoint(&receiver.url(), &["customer.created"]);
    sending.make("/v1/customers", &[]);
    receiver.wait_for(1);
    let connection = Connection::open(home.path().join(FILE_NAME)).unwrap();
    wait_until("the refused event is written down", || count(&connection, "webhook_deliveries") == 1);
    let change = |sql: &str| assert_eq!(connection.execute(sql, [&id]).unwrap(), 1);
    // Another one is looked at together with it.
    sending.endpoint(&receiver.url(), &["charge.succeeded"]);
    change("UPDATE objects SET body = 'damaged' || body WHERE id = ?1");
    sending.make("/v1/charges", &CHARGE);
    receiver.wait_for(2);
    wait_until("the other event is written down", || count(&connection, "webhook_deliveries") == 2);
    change("UPDATE objects SET body = substr(body, 8) WHERE id = ?1");
    takes.store(true, Ordering::SeqCst);
    clock.forward(SignedDuration::from_mins(30));
    let mut sent = types(&receiver.wait_for(4)[2..]);
    sent.sort();
    assert_eq!(sent, ["charge.succeeded", "customer.created"], "mended, it gets what waited");
    wait_until("both are taken", || count(&connection, "webhook_deliveries") == 0);
    takes.store(false, Ordering::SeqCst);
    sending.make("/v1/customers", &[]);
    receiver.wait_for(5);
    wait_until("it waits", || count(&connection, "webhook_deliveries") == 1);
    sending.send("DELETE", &format!("/v1/webhook_endpoints/{id}"), &[], &[]);
    wait_until("nothing waits for what is deleted", || count(&connection, "webhook_deliveries") == 0);
}

#[track_caller]
fn check_refusal(body: &str, is_cut: bool, expected: &str) {
    let refusal = DeliveryRefusal::answered(Timestamp::UNIX_EPOCH, 400, body.as_bytes(), is_cut);
    assert_eq!(refusal.to_string(), expected);
}

#[test]
fn a_refusal_is_one_masked_line_of_bounded_length() {
    check_refusal("", false, "HTTP 400");
    check_refusal(" \r\n\t", false, "HTTP 400");
    check_refusal("no signatures\r\n  found\0!", false, "HTTP 400: no signatures found !");
    check_refusal("card 4539578763621486", false, "HTTP 400: card 453957******1486");
    check_refusal("secret whsec_abcdefgh12345678", false, "HTTP 400: secret whsec_•••");
    let long = "é".repeat(200);
    check_refusal(&long, false, &format!("HTTP 400: {}…", "é".repeat(160)));
    check_refusal(&"x".repeat(160), false, &format!("HTTP 400: {}", "x".repeat(160)));
}

#[test]
fn what_is_cut_off_within_a_secret_is_not_kept() {
    let body = format!("no{}453957876362", " ".repeat(4000));
    check_refusal(&body, true, "HTTP 400: no");
    check_refusal("453957876362", true, "HTTP 400");
}

#[test]
fn a_backlog_is_told_where_there_is_one() {
    let time = |_| "now".to_owned();
    let refusal = DeliveryRefusal::unanswered(Timestamp::UNIX_EPOCH, "nobody listens there");
    for (waiting, given_up, last_refusal, expected) in [
        (0, 0, None, None),
        (1, 0, None, Some("1 event waits")),
        (2, 1, Some(refusal.clone()), Some("2 events wait, 1 given up · nobody listens there (now)")),
        (0, 3, Some(refusal), Some("3 given up · nobody listens there (now)")),
    ] {
        let backlog = EndpointBacklog { waiting, given_up, last_refusal };
        assert_eq!(backlog.words(time).as_deref(), expected);
    }
}

#[test]
fn without_an_answer_the_reason_stands_alone() {
    let refusal = DeliveryRefusal::unanswered(Timestamp::UNIX_EPOCH, "nobody listens there");
    assert_eq!(refusal.to_string(), "nobody listens there");
}

/// Waits until there is something to tell of the delivery of an event.
#[track_caller]
fn refused(store: &Store, id: &str) -> EventDelivery {
    let outbox = store.outbox().unwrap();
    let find = || outbox.event_deliveries(&[id]).unwrap().concat().into_iter().find(|found| found.refusal.is_some());
    wait_until("why it was refused", || find().is_some());
    find().unwrap()
}

#[test]
fn why_an_event_was_not_taken_is_kept_without_secrets() {
    let (home, runtime) = (TempDir::new().unwrap(), Runtime::new().unwrap());
    let long = format!("No match\nfor 4539578763621486 and whsec_abcdefgh12345678 {}", "x".repeat(100_000));
    let answer = Arc::new(Mutex::new((400, long)));
    let told = Arc::clone(&answer);
    let mut receiver = Receiver::start(&runtime, move |_, _| {
        let (status, body) = told.lock().unwrap().clone();
        reply(status, body)
    });
    let begun = now();
    let clock = MovedClock::default();
    let sending = Sending::start(open(home.path()), forwarding(&receiver.url(), &clock));
    sending.make("/v1/customers", &[]);
    receiver.wait_for(1);
    let id = event_id(&sending.get("/v1/events"), "customer.created");
    let first = refused(&sending.store, &id).refusal.unwrap();
    assert!(first.to_string().starts_with("HTTP 400: No match for 453957******1486 and whsec_••• xx"), "{first}");
    assert!(first.words.chars().count() <= 161 && first.words.ends_with('…'), "{first}");
    assert!((begun..=now()).contains(&first.when));
    drop(sending);
    // Later attempts take its place, and it is there after a restart.
    let sending = Sending::start(open(home.path()), forwarding(&receiver.url(), &clock));
    assert_eq!(refused(&sending.store, &id).refusal, Some(first.clone()));
    *answer.lock().unwrap() = (503, String::new());
    clock.forward(SignedDuration::from_secs(10));
    receiver.wait_for(2);
    wait_until("the second answer", || refused(&sending.store, &id).refusal.unwrap().to_string() == "HTTP 503");
    let endpoint = sending.store.outbox().unwrap().forwards().unwrap().remove(0).0;
    let backlog = sending.store.outbox().unwrap().backlog(&endpoint).unwrap();
    assert_eq!((backlog.waiting, backlog.given_up), (1, 0));
    assert_eq!(backlog.last_refusal.unwrap().http_status, Some(503));
    *answer.lock().unwrap() = (200, String::new());
    clock.forward(SignedDuration::from_secs(10));
    receiver.wait_for(3);
    wait_until("it is taken", || sending.store.outbox().unwrap().backlog(&endpoint).unwrap().waiting == 0);
    assert_eq!(sending.store.outbox().unwrap().backlog(&endpoint).unwrap().last_refusal, None);
}

#[test]
fn the_command_line_tells_why_an_endpoint_takes_nothing() {
    let (home, runtime) = (Home::new(), Runtime::new().unwrap());
    let receiver = Receiver::start(&runtime, |_, _| reply(400, "no signatures found"));
    let serving = Serving::start(&home, &["--forward-to", &receiver.url()]);
    let nobody = [("url", "http://localhost:1/none"), ("enabled_events[]", "charge.succeeded")];
    let endpoint = serving.post("/v1/webhook_endpoints", &nobody).json()["id"].as_str().unwrap().to_owned();
    serving.post("/v1/charges", &CHARGE);
    let lists = |command: &[&str], words: &str| home.run(command.iter().copied()).stdout.contains(words);
    wait_until("the event", || lists(&["events"], "pending: Waits until"));
    wait_until("the answer", || lists(&["webhooks", "list"], "1 event waits · HTTP 400: no signatures found ("));
    wait_until("nobody", || lists(&["webhooks", "list"], "1 event waits · nobody listens there ("));
    let listed = home.run(["webhooks", "list"]).stdout;
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(lines[0].starts_with(&endpoint) && lines[0].contains("  http://localhost:1/none  enabled  "), "{listed}");
    assert!(lines[1].starts_with("we_forward") && lines[1].contains("(--forward-to)"), "{listed}");
}

/// Writes down that so many refunds settle in 1970, none of which is there.
fn let_much_be_due(database: &Connection, count: i64) {
    // The ids have the time in base 62, by which they are found.
    let sql = "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?1) \
               INSERT INTO objects (kind, id, created, body, state, world) \
               SELECT 'later_effect', printf('due_0000001_settle_refund_re_%d', number), 1, \
               json_object('kind', 'settle_refund', 'object', printf('re_%d', number), 'account', NULL, 'nonce', ''), \
               'null', '' FROM numbers";
    database.execute(sql, [count]).unwrap();
}

#[test]
fn events_are_sent_while_much_is_due_to_happen() {
    const DUE: i64 = 4000;
    let (home, runtime, clock) = (TempDir::new().unwrap(), Runtime::new().unwrap(), MovedClock::default());
    let left = Arc::new(AtomicI64::new(i64::MAX));
    let (seen, file) = (Arc::clone(&left), home.path().join(FILE_NAME));
    let still_due = move || {
        let sql = "SELECT count(*) FROM objects WHERE kind = 'later_effect'";
        Connection::open(&file).unwrap().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let count = still_due.clone();
    let mut receiver = Receiver::start(&runtime, move |nth, _| {
        if nth == 1 {
            seen.store(count(), Ordering::SeqCst);
        }
        reply(if nth == 0 { 500 } else { 200 }, "")
    });
    let url = receiver.url();
    let sending = Sending::start(open(home.path()), forwarding(&url, &clock));
    sending.make("/v1/customers", &[]);
    receiver.wait_for(1);
    drop(sending);
    let_much_be_due(&Connection::open(home.path().join(FILE_NAME)).unwrap(), DUE);
    clock.forward(SignedDuration::from_secs(10));
    let sending = Sending::start(open(home.path()), forwarding(&url, &clock));
    receiver.wait_for(2);
    wait_until("what was left is counted", || left.load(Ordering::SeqCst) < i64::MAX);
    let left = left.load(Ordering::SeqCst);
    assert!((1..DUE).contains(&left), "{left} were left when the event came");
    wait_until("all has happened", || still_due() == 0);
    let commits = sending.store.commits();
    assert!(commits >= DUE.unsigned_abs() / 256, "{commits} commits");
}
