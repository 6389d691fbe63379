//! The server as a user runs it: its limits, its faults on demand, its own routes, and how it ends.

use std::{
    fs,
    io::{self, Read as _},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};
use testcard::{
    domain::history::entry::{EntryStatus, HistoryEntry},
    messages::WorkerUpdate,
    store::{Store, StoreLocation},
};

use crate::support::{
    background::worker,
    program::Home,
    serving::{CARD, Serving},
    wire::{self, Answer, Wire, request},
};

const CHARGE: [(&str, &str); 2] = [("amount", "2000"), ("currency", "usd")];

fn charge_of(token: &str) -> [(&str, &str); 3] {
    [CHARGE[0], CHARGE[1], ("source", token)]
}

/// A server that keeps nothing.
#[track_caller]
fn in_memory(args: &[&str]) -> Serving {
    Serving::start(&Home::new(), &[&["--memory"], args].concat())
}

/// How many customers there are.
#[track_caller]
fn customers(server: &Serving) -> usize {
    server.get("/v1/customers").json()["data"].as_array().unwrap().len()
}

// ---- starting ------------------------------------------------------------------------------------------------------

#[test]
fn a_taken_port_is_told_with_the_next_free_one() {
    let server = in_memory(&[]);
    let run = Home::new().run(["serve", "--memory", "--listen", &server.address.to_string()]);
    assert_eq!((run.exit, &*run.stdout), (2, ""), "{run:?}");
    assert!(run.stderr.contains(&format!("Port {} of 127.0.0.1 is taken", server.address.port())), "{run:?}");
    let next = run.stderr.rsplit("use --listen 127.0.0.1:").next().unwrap();
    let next: u16 = next.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
    assert!(next > server.address.port(), "{run:?}");
}

#[test]
fn what_is_not_of_this_machine_is_not_listened_on() {
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0", "127.0.0.2:0", "[::ffff:127.0.0.1]:0"] {
        let run = Home::new().run(["serve", "--memory", "--listen", address]);
        assert_eq!((run.exit, &*run.stdout), (2, ""), "{run:?}");
        assert!(run.stderr.contains("listens on 127.0.0.1 or [::1] and answers to nothing else"), "{run:?}");
    }
}

#[test]
fn a_wrong_rule_is_refused_with_its_place() {
    let home = Home::new();
    let run = home.run(["serve", "--memory", "--fault", "POST /v1/charges: explode"]);
    assert_eq!((run.exit, &*run.stdout), (2, ""), "{run:?}");
    assert!(run.stderr.contains("column 19: expected latency"), "{run:?}");
    let file = home.beside("rules");
    std::fs::write(&file, "# comment\n\nPOST /v1/charges: 500\nGET x: ok\n").unwrap();
    let run = home.run(["serve", "--memory", "--fault-file", file.to_str().unwrap()]);
    assert_eq!((run.exit, &*run.stdout), (2, ""), "{run:?}");
    assert!(run.stderr.contains("line 4, column 5: expected a path"), "{run:?}");
    std::fs::write(&file, "# comment\n\nPOST /v1/charges next 1: 503\n").unwrap();
    let server = Serving::start(&home, &["--memory", "--fault-file", file.to_str().unwrap()]);
    assert_eq!(server.post("/v1/charges", &charge_of("tok_visa")).status, 503);
    assert_eq!(server.post("/v1/charges", &charge_of("tok_visa")).status, 200);
}

#[test]
fn its_clock_stands_still_or_runs_from_the_moment_that_it_is_given() {
    let fixed = in_memory(&["--now", "1893456000"]);
    assert_eq!(fixed.post("/v1/tokens", &CARD).json()["created"], 1_893_456_000);
    let running = in_memory(&["--now", "1893456000", "--clock-runs"]);
    let asked = Instant::now();
    let created = || running.post("/v1/tokens", &CARD).json()["created"].as_i64().unwrap();
    let first = created();
    assert!((1_893_456_000..1_893_456_060).contains(&first), "{first}");
    while created() == first {
        assert!(asked.elapsed() < Duration::from_secs(20), "it stands still");
    }
    let old = in_memory(&["--now", "2524608000"]);
    assert_eq!(old.post("/v1/tokens", &CARD).code(), "invalid_expiry_year", "by 2050 the card has expired");
}

// ---- who may call --------------------------------------------------------------------------------------------------

#[test]
fn another_host_is_refused_and_no_page_gets_a_permission() {
    let server = in_memory(&[]);
    let of_host = |host: &str| {
        let head = format!("GET /v1/tokens/tok_1 HTTP/1.1\r\nHost: {host}\r\n");
        wire::call(server.address, format!("{head}Authorization: Bearer sk_test_x\r\n\r\n").as_bytes())
    };
    for host in ["127.0.0.1", "localhost", "LOCALHOST:12111", "[::1]:1"] {
        assert_eq!(of_host(host).status, 404, "{host}");
    }
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "[::2]", ""] {
        let answer = of_host(host);
        assert_eq!(answer.status, 403, "{host}");
        assert!(answer.text().contains("127.0.0.1, localhost and [::1] only"), "{}", answer.text());
    }
    let preflight = [("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST")];
    let options = server.send("OPTIONS", "/v1/tokens", &[], &preflight);
    assert_eq!(options.status, 403);
    for answer in [options, of_host("localhost"), server.post("/v1/tokens", &CARD)] {
        let allowed = answer.headers.iter().find(|(name, _)| name.to_lowercase().starts_with("access-control"));
        assert_eq!(allowed, None);
    }
}

#[test]
fn keys_let_in_what_they_are_for() {
    let with = |server: &Serving, key: &str, path: &str| {
        let params = if path == "/v1/tokens" { &CARD[..] } else { &[] };
        server.send("POST", path, params, &[("Authorization", &format!("Bearer {key}"))]).status
    };
    let server = in_memory(&[]);
    for (key, path, status) in [
        ("sk_test_any", "/v1/tokens", 200),
        ("rk_test_any", "/v1/customers", 200),
        ("pk_test_any", "/v1/tokens", 200),
        ("pk_test_any", "/v1/customers", 403),
        ("sk_live_any", "/v1/customers", 401),
        ("hello", "/v1/customers", 401),
    ] {
        assert_eq!(with(&server, key, path), status, "{key} {path}");
    }
    let answer = wire::call(server.address, b"POST /v1/customers HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!((answer.status, answer.header("WWW-Authenticate")), (401, Some("Bearer realm=\"Stripe\"")));
    let basic = format!("Basic {}", STANDARD.encode("sk_test_any:"));
    assert_eq!(server.send("POST", "/v1/customers", &[], &[("Authorization", &basic)]).status, 200);

    let server = in_memory(&["--key", "sk_test_mine"]);
    for (key, path, status) in [
        ("sk_test_mine", "/v1/customers", 200),
        ("sk_test_other", "/v1/customers", 401),
        ("rk_test_mine", "/v1/customers", 401),
        ("pk_test_any", "/v1/tokens", 200),
    ] {
        assert_eq!(with(&server, key, path), status, "{key} {path}");
    }
    for key in ["sk_live_abc", "pk_test_abc", "hello"] {
        let run = Home::new().run(["serve", "--memory", "--key", key]);
        assert_eq!((run.exit, &*run.stdout), (2, ""), "{run:?}");
    }
}

#[test]
fn its_own_routes_ask_for_the_token_that_was_printed() {
    let home = Home::new();
    let server = Serving::start(&home, &[]);
    let token = server.token();
    for (method, path) in [("GET", "/_testcard/requests"), ("POST", "/_testcard/reset")] {
        for wrong in ["", "Bearer sk_test_x", "Bearer ctl_", "Basic x", &format!("Bearer {}x", server.control_token)] {
            let answer = server.send(method, path, &[], &[("Authorization", wrong)]);
            assert_eq!(answer.status, 401, "{method} {path} {wrong}");
        }
    }
    assert_eq!(server.get(&format!("/v1/tokens/{token}")).status, 200, "nobody reset it");
    let reset = server.control("POST", "/_testcard/reset");
    assert_eq!(reset, json!({ "reset": true, "objects": 1 }));
    assert_eq!(server.get(&format!("/v1/tokens/{token}")).status, 404);
    let made = server
        .requests()
        .into_iter()
        .find(|call| call["object"] == token.as_str() && call["method"] == "POST")
        .unwrap();
    assert_eq!((&made["path"], &made["status"]), (&json!("/v1/tokens"), &json!(200)));
    assert_eq!(made["params"]["card[number]"], "4242424242424242");
    assert!(home.history().iter().any(|entry| entry.to_string().contains(&token)), "the history stays");
    assert_ne!(server.token(), token);
}

// ---- limits --------------------------------------------------------------------------------------------------------

#[test]
fn what_is_too_much_or_no_form_is_refused_clearly() {
    let server = in_memory(&[]);
    let long = "x".repeat((1 << 20) - "description=".len());
    let most = server.post("/v1/customers", &[("description", &long)]);
    assert_eq!(most.status, 400, "a body of 1 MiB is read, and its text is too long: {}", most.text());
    let more = server.post("/v1/customers", &[("description", &format!("{long}x"))]);
    assert_eq!(more.status, 413, "{}", more.text());
    assert_eq!(more.json()["error"]["type"], "invalid_request_error");
    let json = b"POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk_test_x\r\nContent-Type: \
                 application/json\r\nContent-Length: 2\r\n\r\n{}";
    let json = wire::call(server.address, json);
    assert_eq!(json.status, 400);
    assert!(json.text().contains("application/x-www-form-urlencoded"), "{}", json.text());
    let names: Vec<String> = (0..120).map(|nth| format!("X-{nth}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "x")).collect();
    assert_eq!(server.send("GET", "/v1/charges", &[], &many).status, 431);
    assert_eq!(server.send("GET", "/v1/charges", &[], &[("X", &"x".repeat(70_000))]).status, 431);
    assert_eq!(server.send("GET", "/v1/charges", &[], &many[..80]).status, 200);
}

#[test]
fn connections_that_say_nothing_do_not_keep_others_from_being_answered() {
    let server = in_memory(&[]);
    let mut idle: Vec<Wire> = Vec::new();
    for nth in 0..600 {
        let mut wire = Wire::open(server.address).unwrap();
        if nth % 2 == 0 {
            wire.send(b"POST /v1/tokens HTTP/1.1\r\nHost: local").unwrap();
        }
        idle.push(wire);
    }
    let asked = Instant::now();
    assert_eq!(server.post("/v1/customers", &[]).status, 200);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    // Room was made by those that had been idle for longest.
    let ended = idle[0].0.read(&mut [0; 16]);
    assert!(matches!(ended, Ok(0)) || ended.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset));
    let newest = idle.last_mut().unwrap();
    assert_eq!(newest.ask(&request("GET", "/v1/customers", &[], &[])).unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_begin_with_http_2() {
    let server = in_memory(&[]);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let url = format!("http://{}/v1/customers", server.address);
    let calls = (0..20).map(|_| client.post(&url).bearer_auth("sk_test_x").form(&[("name", "Jenny")]).send());
    for answer in futures_util::future::join_all(calls).await {
        let answer = answer.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2));
        assert!(answer.text().await.unwrap().contains("Jenny"));
    }
}

// ---- what goes wrong on purpose ------------------------------------------------------------------------------------

/// The calls to `POST /v1/customers` as they are written down, oldest first: status and fault.
#[track_caller]
fn noted(server: &Serving) -> Vec<(Value, Value)> {
    let calls = server.requests().into_iter().rev().filter(|call| call["method"] == "POST");
    calls.map(|call| (call["status"].clone(), call["fault"].clone())).collect()
}

#[test]
fn each_fault_before_the_work_does_nothing_and_says_so() {
    for (fault, status, code, retry_after) in [
        ("429 retry-after 7", 429, "rate_limit", Some("7")),
        ("429", 429, "rate_limit", None),
        ("500", 500, "", None),
        ("503", 503, "", None),
    ] {
        let server = in_memory(&["--fault", &format!("POST /v1/customers next 1: {fault}")]);
        let answer = server.post("/v1/customers", &[]);
        assert_eq!((answer.status, &*answer.code()), (status, code), "{fault}");
        assert_eq!(answer.header("Retry-After"), retry_after, "{fault}");
        assert_eq!(customers(&server), 0, "{fault}");
        assert_eq!(server.post("/v1/customers", &[]).status, 200, "{fault}");
        assert_eq!(noted(&server), [(json!(status), json!(fault)), (json!(200), Value::Null)], "{fault}");
    }
}

#[test]
fn each_fault_of_the_connection_breaks_it_and_says_so() {
    for (fault, done) in [("drop", 0), ("commit-drop", 1), ("cut", 1), ("garbage", 1)] {
        let server = in_memory(&["--fault", &format!("POST /v1/customers next 1: {fault}")]);
        let answer = Wire::open(server.address).unwrap().ask(&request("POST", "/v1/customers", &[], &[]));
        match fault {
            "cut" => {
                let answer = answer.unwrap();
                assert!(!answer.is_whole() && !answer.body.is_empty() && answer.status == 200, "{answer:?}");
            }
            "garbage" => {
                let answer = answer.unwrap();
                assert!(answer.is_whole() && serde_json::from_slice::<Value>(&answer.body).is_err(), "{answer:?}");
            }
            _ => assert_eq!(answer.unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "{fault}"),
        }
        assert_eq!(customers(&server), done, "{fault}");
        let noted = noted(&server);
        assert_eq!((noted.len(), &noted[0].1), (1, &json!(fault)));
    }
}

#[test]
fn a_pause_is_at_least_as_long_as_it_says() {
    let server = in_memory(&["--fault", "POST /v1/customers: latency 200ms..300ms"]);
    let asked = Instant::now();
    assert_eq!(server.post("/v1/customers", &[]).status, 200);
    assert!(asked.elapsed() >= Duration::from_millis(200), "{:?}", asked.elapsed());
    assert_eq!(noted(&server), [(json!(200), json!("latency 200ms..300ms"))]);
}

#[test]
fn a_call_whose_answer_was_dropped_is_done_once_and_the_retry_gets_the_answer() {
    let server = in_memory(&["--fault", "POST /v1/charges next 1: commit-drop"]);
    let token = server.token();
    let sent = request("POST", "/v1/charges", &charge_of(&token), &[("Idempotency-Key", "once")]);
    assert!(Wire::open(server.address).unwrap().ask(&sent).is_err());
    let again = wire::call(server.address, &sent);
    assert_eq!((again.status, again.header("Idempotent-Replayed")), (200, Some("true")), "{}", again.text());
    let charges = server.get("/v1/charges").json();
    assert_eq!(charges["data"], json!([again.json()]));
}

#[test]
fn rules_count_the_calls_that_fit() {
    for (rule, expected) in [
        ("POST /v1/customers every 3: 500", [200, 200, 500, 200, 200, 500]),
        ("POST /v1/cust* next 2: 503", [503, 503, 200, 200, 200, 200]),
        ("* * next 5: 429, ok, 500", [429, 200, 500, 429, 200, 200]),
        ("GET /v1/customers: 500", [200; 6]),
    ] {
        let server = in_memory(&["--fault", rule]);
        let statuses: Vec<u16> = (0..6).map(|_| server.post("/v1/customers", &[]).status).collect();
        assert_eq!(statuses, expected, "{rule}");
    }
}

/// Starts a call that a rule holds, and comes back once it is in flight; the thread has its answer.
fn held(server: &Serving, token: &str, key: &str) -> thread::JoinHandle<io::Result<Answer>> {
    let (address, sent) =
        (server.address, request("POST", "/v1/charges", &charge_of(token), &[("Idempotency-Key", key)]));
    let call = thread::Builder::new().name("held".to_owned());
    let call = call.spawn(move || Wire::open(address)?.ask(&sent)).unwrap();
    // A call that changes nothing: its customer is not there. It meets the token while that is held.
    let probe = request("POST", "/v1/customers/cus_nope/sources", &[("source", token)], &[]);
    let mut wire = Wire::open(server.address).unwrap();
    let asked = Instant::now();
    while wire.ask(&probe).unwrap().code() != "token_in_use" {
        assert!(asked.elapsed() < Duration::from_secs(20), "the call was never in flight");
    }
    call
}

#[test]
fn while_a_call_is_held_its_key_and_its_token_are_in_use() {
    let server = in_memory(&["--fault", "POST /v1/charges next 1: hold 3s"]);
    let (token, other) = (server.token(), server.token());
    let first = held(&server, &token, "key-1");
    let same_key = server.send("POST", "/v1/charges", &charge_of(&other), &[("Idempotency-Key", "key-1")]);
    assert_eq!((same_key.status, &*same_key.code()), (409, "idempotency_key_in_use"), "{}", same_key.text());
    assert_eq!(same_key.json()["error"]["type"], "idempotency_error");
    assert_eq!(same_key.header("Stripe-Should-Retry"), Some("true"));
    let same_token = server.post("/v1/charges", &charge_of(&token));
    assert_eq!((same_token.status, &*same_token.code()), (409, "token_in_use"), "{}", same_token.text());
    let apart = server.post("/v1/charges", &charge_of(&other));
    assert_eq!(apart.status, 200, "another token is free: {}", apart.text());
    assert_eq!(first.join().unwrap().unwrap().status, 200);
    assert_eq!(server.post("/v1/charges", &charge_of(&token)).code(), "token_already_used");
    assert!(server.requests().iter().any(|call| call["fault"] == "hold 3s" && call["status"] == 200));
}

// ---- ending --------------------------------------------------------------------------------------------------------

#[test]
fn a_signal_lets_what_is_in_flight_finish() {
    let home = Home::new();
    let mut server = Serving::start(&home, &["--fault", "POST /v1/charges: hold 1s"]);
    let token = server.token();
    let call = held(&server, &token, "key-1");
    server.terminate();
    let answer = call.join().unwrap().unwrap();
    assert_eq!((answer.status, answer.is_whole()), (200, true), "{}", answer.text());
    assert_eq!(server.ended(), Some(0));
    assert!(Wire::open(server.address).is_err(), "nobody listens any more");
    let server = Serving::start(&home, &[]);
    assert_eq!(server.get(&format!("/v1/tokens/{token}")).json()["used"], true);
}

#[test]
fn all_log_lines_of_a_call_carry_its_request_id() {
    let home = Home::new();
    let log = home.beside("log");
    let mut command = home.command(["serve", "--listen", "127.0.0.1:0", "--memory", "-v"]);
    let mut server = Serving::of(command.stderr(fs::File::create(&log).unwrap()));
    // At the same time, so that the writer has calls of several connections in one commit.
    let answers: Vec<Answer> = thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| server.post("/v1/tokens", &CARD))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    server.terminate();
    assert_eq!(server.ended(), Some(0));
    let log = fs::read_to_string(&log).unwrap();
    let of_calls: Vec<&str> = log.lines().filter(|line| line.contains("call{")).collect();
    for answer in &answers {
        let request_id = answer.header("Request-Id").unwrap();
        let lines: Vec<_> = of_calls.iter().filter(|line| line.contains(request_id)).collect();
        for (module, words) in
            [("minter", "answered"), ("store::writer", "committed"), ("server::call", "ready to be sent")]
        {
            let written = format!("request_id=\"{request_id}\"}}: testcard::{module}: {words}");
            assert_eq!(lines.iter().filter(|line| line.contains(&written)).count(), 1, "{written} in {lines:#?}");
        }
        assert_eq!(lines.len(), 3, "{lines:#?}");
    }
    assert_eq!(of_calls.len(), 3 * answers.len(), "each line of a call has its request id: {of_calls:#?}");
}

#[test]
fn in_memory_nothing_is_on_disk() {
    let home = Home::new();
    let server = Serving::start(&home, &["--memory"]);
    server.token();
    drop(server);
    assert!(home.files().is_empty(), "{:?}", home.files());
}

#[test]
fn two_servers_on_one_folder_know_each_others_tokens_and_so_does_a_reader() {
    let home = Home::new();
    let (first, second) = (Serving::start(&home, &[]), Serving::start(&home, &[]));
    let (a, b) = (first.token(), second.token());
    assert_ne!(a, b);
    assert_eq!(second.get(&format!("/v1/tokens/{a}")).status, 200);
    assert_eq!(second.post("/v1/charges", &charge_of(&a)).status, 200);
    assert_eq!(first.get(&format!("/v1/tokens/{a}")).json()["used"], true);
    assert_eq!(first.post("/v1/charges", &charge_of(&a)).code(), "token_already_used");
    let history = home.history();
    for (token, status) in [(&a, "used"), (&b, "unused")] {
        let entry = history.iter().find(|entry| entry.to_string().contains(&**token)).unwrap();
        assert_eq!(entry["status"], status, "{entry}");
    }
}

#[test]
fn a_window_and_a_reader_see_within_a_second_what_a_server_made() {
    let home = Home::new();
    let server = Serving::start(&home, &[]);
    let folder = home.path().join("data");
    let mut soonest = Duration::MAX;
    for _ in 0..3 {
        let worker = worker(&folder);
        let reader =
            Store::open(&StoreLocation::Folder(folder.clone()), Timestamp::UNIX_EPOCH).unwrap().reader().unwrap();
        let wait = |what: &dyn Fn(&WorkerUpdate) -> bool| loop {
            let update = worker.recv_timeout(Duration::from_secs(20)).expect("the window is told");
            if what(&update) {
                break;
            }
        };
        let told = |token: &str, status: EntryStatus| {
            let is_it = |entry: &HistoryEntry| entry.token_id.as_deref() == Some(token) && entry.status == status;
            wait(
                &|update| matches!(update, WorkerUpdate::Changed { entries, .. } if entries.iter().any(|(entry, _)| is_it(entry))),
            );
        };
        // From its first moment on, before the window has asked for anything.
        wait(&|update| matches!(update, WorkerUpdate::Opened { .. }));
        let before = reader.data_version().unwrap();
        let token = server.token();
        let made = Instant::now();
        assert!(reader.by_token(&token).unwrap().is_some());
        assert_ne!(reader.data_version().unwrap(), before);
        told(&token, EntryStatus::Unused);
        soonest = soonest.min(made.elapsed());
        assert_eq!(server.post("/v1/charges", &charge_of(&token)).status, 200);
        told(&token, EntryStatus::Used);
    }
    assert!(soonest < Duration::from_secs(1), "{soonest:?}");
}

/// The program may write files of at most so many KiB, and is told so instead of being killed.
fn with_small_files(home: &Home, kib: u32) -> Command {
    let program = home.command(["serve", "--listen", "127.0.0.1:0"]);
    // sh counts in units of 512 bytes.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kib * 2);
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

#[test]
fn a_commit_that_fails_is_stripes_500_and_loses_nothing_acknowledged() {
    let home = Home::new();
    // The folder is there already: the limit meets the calls.
    drop(Serving::start(&home, &[]));
    let server = Serving::of(&mut with_small_files(&home, 600));
    let mut acknowledged = Vec::new();
    let refused = loop {
        let answer = server.post("/v1/tokens", &CARD);
        if answer.status != 200 {
            break answer;
        }
        acknowledged.push(answer.json()["id"].as_str().unwrap().to_owned());
        assert!(acknowledged.len() < 10_000, "the limit was never met");
    };
    assert_eq!((refused.status, &refused.json()["error"]["type"]), (500, &json!("api_error")), "{}", refused.text());
    assert!(refused.text().contains("nothing was changed"), "{}", refused.text());
    assert!(!acknowledged.is_empty());
    drop(server);
    let server = Serving::start(&home, &[]);
    for token in &acknowledged {
        let answer = server.get(&format!("/v1/tokens/{token}"));
        assert_eq!((answer.status, &answer.json()["used"]), (200, &json!(false)), "{token} was acknowledged");
    }
    server.token();
}
