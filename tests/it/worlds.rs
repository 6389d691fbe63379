//! Worlds: under `serve --isolate` each account's keys have one of their own; and the clock of each.

use serde_json::{Value, json};

use crate::support::{
    program::Home,
    serving::{CARD, Serving},
    wire::{self, Answer},
};

const FIRST: &str = "sk_test_51ABCDEFGHIJKLMNOfirst";
const CHARGE: [(&str, &str); 3] = [("amount", "2000"), ("currency", "usd"), ("source", "tok_visa")];
const DAY: i64 = 24 * 60 * 60;
/// 2030-01-01.
const NOW: i64 = 1_893_456_000;
const FIXED: [&str; 4] = ["--seed", "7", "--now", "1893456000"];

/// Calls with one key.
struct Shard<'a> {
    server: &'a Serving,
    key: String,
}

impl Serving {
    fn shard(&self, key: &str) -> Shard<'_> {
        Shard { server: self, key: key.to_owned() }
    }

    #[track_caller]
    pub fn try_control(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Answer {
        let authorization = format!("Bearer {}", self.control_token);
        self.send(method, path, params, &[("Authorization", &authorization)])
    }
}

impl Shard<'_> {
    fn send(&self, method: &str, path: &str, params: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let authorization = format!("Bearer {}", self.key);
        self.server.send(method, path, params, &[&[("Authorization", authorization.as_str())], headers].concat())
    }

    fn post(&self, path: &str, params: &[(&str, &str)]) -> Answer {
        self.send("POST", path, params, &[])
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], &[])
    }

    #[track_caller]
    fn make(&self, path: &str, params: &[(&str, &str)]) -> Value {
        let answer = self.post(path, params);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    #[track_caller]
    fn token(&self) -> String {
        self.make("/v1/tokens", &CARD)["id"].as_str().unwrap().to_owned()
    }

    fn charges(&self) -> usize {
        self.get("/v1/charges").json()["data"].as_array().unwrap().len()
    }

    #[track_caller]
    fn control(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        let params = [params, &[("account", self.key.as_str())]].concat();
        let answer = self.server.try_control(method, path, &params);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

#[test]
fn keys_of_one_account_meet_and_others_do_not() {
    let server = Serving::start(&Home::new(), &["--memory", "--isolate"]);
    for (first, others, strangers) in [
        (
            FIRST,
            &["pk_test_51ABCDEFGHIJKLMNOx", "rk_test_51ABCDEFGHIJKLMNO"][..],
            &["sk_test_51ABCDEFGHIJKLMNPfirst", "sk_test_ABCDEFGHIJKLMNOfirst"][..],
        ),
        ("sk_test_shard7", &["pk_test_shard7", "rk_test_shard7"], &["sk_test_shard8", "sk_test_shard", FIRST]),
    ] {
        let token = server.shard(first).token();
        assert_eq!(server.shard(first).get(&format!("/v1/tokens/{token}")).status, 200);
        for other in others {
            let made = server.shard(other).token();
            assert_eq!(server.shard(first).get(&format!("/v1/tokens/{made}")).status, 200, "{other}");
        }
        for stranger in strangers {
            let stranger = server.shard(stranger);
            let missing = stranger.get(&format!("/v1/tokens/{token}"));
            assert_eq!((missing.status, missing.code()), (404, "resource_missing".to_owned()));
            let used = stranger.post("/v1/charges", &[CHARGE[0], CHARGE[1], ("source", &token)]);
            assert_eq!((used.status, used.code()), (400, "resource_missing".to_owned()));
        }
    }
    assert_eq!(&server.shard(FIRST).token()[10..20], "FGHIJKLMNO", "ids have characters of the account");
    // A key that Stripe.js sends as a parameter.
    let form = wire::form(&[&CARD[..], &[("key", "pk_test_shard7")]].concat());
    let head = format!("POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", form.len());
    let by_param = wire::call(server.address, (head + &form).as_bytes()).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(server.shard("sk_test_shard7").get(&format!("/v1/tokens/{by_param}")).status, 200);
    assert_eq!(server.shard("sk_live_shard7").post("/v1/tokens", &CARD).status, 401);
}

#[test]
fn by_default_all_keys_are_in_one_world() {
    let server = Serving::start(&Home::new(), &["--memory"]);
    let token = server.shard(FIRST).token();
    let paid = server.shard("sk_test_shard7").post("/v1/charges", &[CHARGE[0], CHARGE[1], ("source", &token)]);
    assert_eq!(paid.status, 200);
    let charge = paid.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(server.shard("sk_test_shard8").get(&format!("/v1/charges/{charge}")).status, 200);
    for (method, path) in [("POST", "/_testcard/reset"), ("GET", "/_testcard/clock"), ("POST", "/_testcard/faults")] {
        let refused = server.try_control(method, path, &[("account", FIRST)]);
        assert_eq!(refused.status, 400, "nobody's world is meant by mistake: {}", refused.text());
    }
    assert_eq!(server.shard(FIRST).get(&format!("/v1/charges/{charge}")).status, 200);
}

#[test]
fn worlds_have_keys_lists_and_connected_accounts_of_their_own() {
    let server = Serving::start(&Home::new(), &["--memory", "--isolate"]);
    let mut made = Vec::new();
    for key in ["sk_test_shard7", "sk_test_shard8"] {
        let shard = server.shard(key);
        for account in [&[][..], &[("Stripe-Account", "acct_1")]] {
            let headers = [account, &[("Idempotency-Key", "k1")]].concat();
            let first = shard.send("POST", "/v1/charges", &CHARGE, &headers);
            let again = shard.send("POST", "/v1/charges", &CHARGE, &headers);
            assert_eq!((first.header("Idempotent-Replayed"), again.text()), (None, first.text()));
            assert_eq!(shard.send("GET", "/v1/charges", &[], account).json()["data"].as_array().unwrap().len(), 1);
            assert_eq!(shard.send("POST", "/v1/customers", &[("id", "cus_mine")], account).status, 200);
            made.push(first.json()["id"].as_str().unwrap().to_owned());
        }
    }
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 4);
}

/// What a world answers to a session, with another world in between or without.
fn session(server: &Serving, key: &str, neighbour: Option<&str>) -> Vec<(String, String)> {
    let shard = server.shard(key);
    let mut said = Vec::new();
    for _ in 0..3 {
        if let Some(neighbour) = neighbour {
            server.shard(neighbour).make("/v1/charges", &CHARGE);
        }
        for answer in [shard.post("/v1/charges", &CHARGE), shard.post("/v1/tokens", &CARD)] {
            said.push((answer.header("Request-Id").unwrap().to_owned(), answer.text()));
        }
    }
    said
}

#[test]
fn with_a_seed_a_world_says_the_same_whatever_the_others_do() {
    let args = [&FIXED[..], &["--memory", "--isolate"]].concat();
    for key in [FIRST, "sk_test_shard7"] {
        let alone = session(&Serving::start(&Home::new(), &args), key, None);
        let beside = session(&Serving::start(&Home::new(), &args), key, Some("sk_test_shard8"));
        assert_eq!(alone, beside, "{key}");
        let other = session(&Serving::start(&Home::new(), &args), "sk_test_shard9", None);
        assert_ne!(alone, other);
    }
}

#[test]
fn forty_shards_share_a_server_without_meeting() {
    let server = Serving::start(&Home::new(), &["--isolate", "--memory"]);
    std::thread::scope(|scope| {
        for nth in 0..40 {
            let server = &server;
            scope.spawn(move || {
                let shard = server.shard(&format!("sk_test_shard{nth}"));
                for made in 1..=3 {
                    let token = shard.token();
                    shard.make("/v1/charges", &[CHARGE[0], CHARGE[1], ("source", &token)]);
                    assert_eq!(shard.charges(), made);
                }
                if nth % 2 == 0 {
                    assert_eq!(shard.control("POST", "/_testcard/reset", &[])["objects"], 6);
                    assert_eq!(shard.charges(), 0);
                }
                let calls = shard.control("GET", "/_testcard/requests", &[])["data"].as_array().unwrap().len();
                assert_eq!(calls, if nth % 2 == 0 { 10 } else { 9 });
            });
        }
    });
    let kept = (0..40).filter(|nth| server.shard(&format!("sk_test_shard{nth}")).charges() == 3).count();
    assert_eq!(kept, 20);
}

#[test]
fn a_control_call_says_whose_world_is_meant() {
    let server = Serving::start(&Home::new(), &["--memory", "--isolate"]);
    let shard = server.shard(FIRST);
    let token = shard.token();
    for (method, path) in [
        ("POST", "/_testcard/reset"),
        ("GET", "/_testcard/requests"),
        ("GET", "/_testcard/clock"),
        ("POST", "/_testcard/clock"),
        ("POST", "/_testcard/faults"),
        ("POST", "/_testcard/authenticate"),
    ] {
        for account in [None, Some(""), Some("acct_"), Some("sk_live_51ABCDEFGHIJKLMNO"), Some("hello")] {
            let params: Vec<(&str, &str)> = account.map(|account| ("account", account)).into_iter().collect();
            let refused = server.try_control(method, path, &params);
            assert_eq!(refused.status, 400, "{method} {path} {account:?}: {}", refused.text());
            assert!(!refused.text().contains("51ABC"), "{}", refused.text());
        }
    }
    assert_eq!(server.try_control("POST", "/_testcard/reset", &[("acount", FIRST)]).status, 400);
    assert_eq!(shard.get(&format!("/v1/tokens/{token}")).status, 200, "nothing was reset");
    for name in ["acct_1ABCDEFGHIJKLMNO", FIRST, "pk_test_51ABCDEFGHIJKLMNOx"] {
        let log = server.try_control("GET", &format!("/_testcard/requests?account={name}"), &[]).json();
        assert_eq!(log["data"][0]["account"], "acct_1ABCDEFGHIJKLMNO", "{log}");
    }
    let by_id = server.try_control("POST", "/_testcard/reset", &[("account", "acct_1ABCDEFGHIJKLMNO")]);
    assert_eq!(by_id.json(), json!({ "reset": true, "objects": 1 }));
    assert_eq!(shard.get(&format!("/v1/tokens/{token}")).status, 404);
}

#[test]
fn a_call_that_is_refused_for_its_head_is_listed_with_the_others_of_its_world() {
    let server = Serving::start(&Home::new(), &["--memory", "--isolate"]);
    let shard = server.shard("sk_test_shard7");
    assert_eq!(shard.send("GET", "/v1/charges", &[], &[("Stripe-Account", "nope")]).status, 403);
    assert_eq!(server.shard("pk_test_shard7").get("/v1/charges").status, 403);
    assert_eq!(server.shard("sk_test_shard8").get("/v1/charges").status, 200);
    let calls = shard.control("GET", "/_testcard/requests", &[]);
    let statuses: Vec<&Value> = calls["data"].as_array().unwrap().iter().map(|call| &call["status"]).collect();
    assert_eq!(statuses, [403, 403], "{calls}");
}

#[test]
fn each_world_has_faults_of_its_own() {
    let args = ["--memory", "--isolate", "--fault", "POST /v1/charges next 1: 500"];
    let server = Serving::start(&Home::new(), &args);
    let (first, second) = (server.shard("sk_test_shard1"), server.shard("sk_test_shard2"));
    let statuses = |shard: &Shard| [(); 2].map(|()| shard.post("/v1/charges", &CHARGE).status);
    assert_eq!(statuses(&first), [500, 200]);
    assert_eq!(statuses(&second), [500, 200], "it is counted in each world by itself");
    let set = first.control("POST", "/_testcard/faults", &[("rule", "POST /v1/charges: 503"), ("rule", "* *: ok")]);
    assert_eq!(set, json!({ "rules": 2 }));
    assert_eq!((statuses(&first), statuses(&second)), ([503; 2], [200; 2]));
    assert_eq!(first.control("POST", "/_testcard/faults", &[]), json!({ "rules": 0 }));
    assert_eq!(statuses(&first), [200; 2]);
    let wrong =
        server.try_control("POST", "/_testcard/faults", &[("account", FIRST), ("rule", "POST /v1/charges: explode")]);
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("expected latency"), "{}", wrong.text());
}

// ---- the clock -----------------------------------------------------------------------------------------------------

#[test]
fn the_clock_sets_created_expiry_and_the_day_of_a_key_but_not_the_history() {
    let server = Serving::start(&Home::new(), &["--memory", "--now", "1893456000"]);
    let created = || server.post("/v1/tokens", &CARD).json()["created"].as_i64().unwrap();
    let turn = |params: &[(&str, &str)]| server.try_control("POST", "/_testcard/clock", params);
    let keyed = || server.send("POST", "/v1/charges", &CHARGE, &[("Idempotency-Key", "k1")]);
    assert_eq!(server.control("GET", "/_testcard/clock")["now"], NOW);
    let first = keyed().text();

    assert_eq!(turn(&[("advance", "23h")]).json()["now"], NOW + 23 * 3600);
    assert_eq!(created(), NOW + 23 * 3600);
    assert_eq!(keyed().text(), first, "the day is not over");
    turn(&[("advance", "3600")]);
    let second = keyed();
    assert_eq!((second.status, second.header("Idempotent-Replayed")), (200, None), "the day is over");
    assert_ne!(second.text(), first);

    // The card is good until the end of 2049.
    assert_eq!(turn(&[("now", "2049-12-31T23:59:00Z")]).json()["moment"], "2049-12-31T23:59:00Z");
    assert_eq!(created(), 2_524_607_940);
    turn(&[("advance", "2d")]);
    assert_eq!(server.post("/v1/tokens", &CARD).code(), "invalid_expiry_year");
    turn(&[("now", "1000000000")]);
    assert_eq!(created(), 1_000_000_000, "it can be put back too");

    for call in server.requests() {
        assert_eq!(call["started"], "2030-01-01T00:00:00Z", "{call}");
    }
    for params in [
        &[][..],
        &[("now", "soon")],
        &[("advance", "-1")],
        &[("advance", "")],
        &[("advance", "1"), ("now", "1")],
        &[("forward", "1")],
    ] {
        assert_eq!(turn(params).status, 400, "{params:?}");
    }
    assert_eq!(turn(&[("now", "machine")]).json()["now"], NOW);
    turn(&[("advance", "1d")]);
    server.control("POST", "/_testcard/reset");
    assert_eq!(created(), NOW, "a reset puts it right");
}

#[test]
fn each_world_has_a_clock_and_time_goes_on_in_it() {
    let server = Serving::start(&Home::new(), &["--memory", "--isolate", "--now", "1893456000", "--clock-runs"]);
    let (first, second) = (server.shard("sk_test_shard1"), server.shard("sk_test_shard2"));
    let created = |shard: &Shard| shard.make("/v1/tokens", &CARD)["created"].as_i64().unwrap();
    first.control("POST", "/_testcard/clock", &[("advance", "400d")]);
    let (ahead, here) = (created(&first), created(&second));
    assert!((NOW + 400 * DAY..NOW + 400 * DAY + 60).contains(&ahead), "{ahead}");
    assert!((NOW..NOW + 60).contains(&here), "{here}");
    while created(&first) == ahead {
        assert!(created(&second) < here + 20, "it stands still");
    }
}

#[test]
fn worlds_and_clocks_are_there_after_a_crash_and_in_another_process() {
    let home = Home::new();
    let args = ["--isolate", "--now", "1893456000"];
    let mut server = Serving::start(&home, &args);
    let other = Serving::start(&home, &args);
    let mut tokens = Vec::new();
    for nth in 0..5 {
        let shard = server.shard(&format!("sk_test_shard{nth}"));
        tokens.push(shard.token());
        shard.control("POST", "/_testcard/clock", &[("advance", &format!("{nth}h"))]);
    }
    server.kill();
    let check = |server: &Serving| {
        for (nth, token) in tokens.iter().enumerate() {
            for key in 0..5 {
                let found = server.shard(&format!("sk_test_shard{key}")).get(&format!("/v1/tokens/{token}")).status;
                assert_eq!(found, if key == nth { 200 } else { 404 });
            }
            let made = server.shard(&format!("sk_test_shard{nth}")).make("/v1/tokens", &CARD);
            assert_eq!(made["created"], NOW + 3600 * i64::try_from(nth).unwrap());
        }
    };
    check(&other);
    check(&Serving::start(&home, &args));
}

#[test]
fn the_command_line_resets_and_turns_the_clock_of_a_world() {
    let home = Home::new();
    let run = |args: &[&str]| {
        let run = home.run(args.iter().copied());
        assert_eq!(run.exit, 0, "{run:?}");
        run.stdout.trim().to_owned()
    };
    let server = Serving::start(&home, &["--isolate", "--now", "1893456000"]);
    let (first, second) = (server.shard("sk_test_shard1"), server.shard("sk_test_shard2"));
    first.make("/v1/charges", &CHARGE);
    second.make("/v1/charges", &CHARGE);
    run(&["clock", "--advance", "2d", "--account", "sk_test_shard1"]);
    assert_eq!(first.make("/v1/charges", &CHARGE)["created"], NOW + 2 * DAY, "another process's clock is seen");
    assert_eq!(second.make("/v1/charges", &CHARGE)["created"], NOW);
    assert_eq!(run(&["reset", "--account", "sk_test_shard1"]), "2 objects dropped; the history stays");
    assert_eq!((first.charges(), second.charges()), (0, 2));
    assert_eq!(first.make("/v1/charges", &CHARGE)["created"], NOW);
    assert_eq!(run(&["reset"]), "3 objects dropped; the history stays", "all worlds");
    assert_eq!(run(&["clock", "--set", "2049-01-01T00:00:00Z"]), "2049-01-01T00:00:00Z");
    assert!(run(&["clock"]).starts_with("2049-01-01T00:00"));
    run(&["clock", "--machine"]);
    assert!(!run(&["clock"]).starts_with("2049"));
    for wrong in [["--account", "sk_live_abc"], ["--account", "hello"], ["--advance", "soon"], ["--set", "soon"]] {
        assert_eq!(home.run([&["clock"], &wrong[..]].concat()).exit, 2, "{wrong:?}");
    }
}
