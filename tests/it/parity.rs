//! `testcard parity`: the minter against another server of its own, unchanged and with drifts planted in its answers.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc},
};

use serde_json::{Value, json};

use crate::support::{
    http::{Received, Reply, Server, reply},
    program::{Home, Run},
    serving::Serving,
    wire,
};

const KEY: &str = "sk_test_51Parity0Secret";
/// Six cards with eight ready tokens: some are declined at charge, some are not.
const FEW: [&str; 2] = ["--only", "risk"];

async fn parity(url: &str, args: &[&str]) -> Run {
    let args: Vec<String> = ["parity", "--target", url].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    let run = tokio::task::spawn_blocking(move || {
        let home = Home::new();
        let run = home.run_with_key(KEY, args.iter().map(String::as_str));
        assert!(home.files().is_empty(), "nothing of a comparison is written down");
        run
    });
    let run = run.await.unwrap();
    assert!(!format!("{run:?}").contains("Parity0Secret"), "{run:?}");
    run
}

fn serve(home: &Home, args: &[&str]) -> Serving {
    Serving::start(home, &[&["--memory"], args].concat())
}

fn url(serving: &Serving) -> String {
    format!("http://{}", serving.address)
}

#[track_caller]
fn json_of(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

// ---- no drift ------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_the_same_program_has_no_drift_in_any_card() {
    let home = Home::new();
    let server = serve(&home, &[]);
    let run = parity(&url(&server), &["--json"]).await;
    assert_eq!((run.exit, &*run.stderr), (0, ""), "{run:?}");
    let report = json_of(&run);
    assert_eq!(report["drift"], json!([]));
    assert!(report["cards"].as_u64().unwrap() > 500 && report["answers"].as_u64().unwrap() > 2000, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_takes_less_is_compared_by_what_it_takes() {
    for (policies, words, few) in [
        (&["--policy", "raw_card_data=off"][..], "cards have none and are left out", 8 * 4),
        (
            &["--policy", "raw_card_data=off", "--policy", "card_tokens_on_charges=off"],
            "only payment methods are compared",
            8,
        ),
    ] {
        let home = Home::new();
        let server = serve(&home, policies);
        let run = parity(&url(&server), &[&FEW[..], &["--json"]].concat()).await;
        assert_eq!(run.exit, 0, "{run:?}");
        assert!(run.stderr.contains(words), "{run:?}");
        let report = json_of(&run);
        assert_eq!(report["cards"], 8);
        let answers = report["answers"].as_u64().unwrap();
        assert!(answers > few / 2 && answers <= few, "{report}");
    }
}

// ---- planted drifts ------------------------------------------------------------------------------------------------

/// An answer on its way to the client.
struct Altered {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Altered {
    fn header(&mut self, name: &str) -> &mut String {
        let found = self.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name));
        &mut found.unwrap_or_else(|| panic!("no header {name}")).1
    }

    fn set(&mut self, pointer: &str, value: Value) {
        *self.body.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    }

    fn object(&mut self, pointer: &str) -> &mut serde_json::Map<String, Value> {
        self.body.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")).as_object_mut().unwrap()
    }

    /// Gives a field another name at the same place.
    fn rename(&mut self, pointer: &str, from: &str, to: &str) {
        let fields = self.object(pointer);
        let renamed =
            fields.iter().map(|(name, value)| (if name == from { to } else { name }.to_owned(), value.clone()));
        *fields = renamed.collect();
    }

    /// Lets a field stand last.
    fn put_last(&mut self, pointer: &str, name: &str) {
        let fields = self.object(pointer);
        let value = fields.shift_remove(name).unwrap();
        fields.insert(name.to_owned(), value);
    }
}

/// A change to the answers of one call, and the one difference that it makes.
struct Plant {
    path: &'static str,
    /// A parameter of the call.
    of: &'static str,
    change: fn(&mut Altered),
    /// Call, kind and place as the report has them.
    expected: (&'static str, &'static str, &'static str),
}

const TOKEN: &str = "POST /v1/tokens";
const CHARGE: &str = "POST /v1/charges";
const CUSTOMER: &str = "POST /v1/customers";
const METHOD: &str = "POST /v1/payment_methods";

const PLANTS: [Plant; 20] = [
    Plant {
        path: "/v1/tokens",
        of: "card[number]=4100000000000019",
        change: |answer| drop(answer.object("/card").shift_remove("name")),
        expected: (TOKEN, "missing", "card.name"),
    },
    Plant {
        path: "/v1/tokens",
        of: "card[number]=4000000000009235",
        change: |answer| drop(answer.object("/card").insert("colour".to_owned(), json!("red"))),
        expected: (TOKEN, "extra", "card.colour"),
    },
    Plant {
        path: "/v1/tokens",
        of: "card[number]=4000000000004954",
        change: |answer| answer.rename("", "used", "consumed"),
        expected: (TOKEN, "renamed", "used"),
    },
    Plant {
        path: "/v1/tokens",
        of: "card[number]=4000008400001017",
        change: |answer| answer.set("/card/exp_month", json!("12")),
        expected: (TOKEN, "type", "card.exp_month"),
    },
    Plant {
        path: "/v1/tokens",
        of: "card[number]=4000058400307872",
        change: |answer| answer.set("/card/country", json!(null)),
        expected: (TOKEN, "null", "card.country"),
    },
    Plant {
        path: "/v1/tokens",
        of: "card[number]=4000058400306072",
        change: |answer| answer.set("/card/brand", json!("visa")),
        expected: (TOKEN, "value", "card.brand"),
    },
    Plant {
        path: "/v1/tokens",
        of: "card[number]=4000058400306072",
        change: |answer| answer.put_last("", "client_ip"),
        expected: (TOKEN, "order", "the whole answer"),
    },
    Plant {
        path: "/v1/charges",
        of: "source=tok_riskLevelElevated",
        change: |answer| answer.status = 201,
        expected: (CHARGE, "status", "HTTP status"),
    },
    Plant {
        path: "/v1/charges",
        of: "source=tok_riskLevelElevated",
        change: |answer| answer.set("/outcome/risk_level", json!("normal")),
        expected: (CHARGE, "value", "outcome.risk_level"),
    },
    Plant {
        path: "/v1/charges",
        of: "source=tok_riskLevelElevated",
        change: |answer| answer.set("/id", json!("py_1UfBSzCTJXCX4rzCQBdOMZK8")),
        expected: (CHARGE, "value", "id"),
    },
    Plant {
        path: "/v1/charges",
        of: "source=tok_cvcCheckFailElevatedRisk",
        change: |answer| answer.set("/paid", json!("true")),
        expected: (CHARGE, "type", "paid"),
    },
    Plant {
        path: "/v1/charges",
        of: "source=tok_radarBlock",
        change: |answer| answer.set("/error/code", json!("do_not_honor")),
        expected: (CHARGE, "value", "error.code"),
    },
    Plant {
        path: "/v1/charges",
        of: "source=tok_radarBlock",
        change: |answer| answer.set("/error/message", json!("No.")),
        expected: (CHARGE, "value", "error.message"),
    },
    Plant {
        path: "/v1/charges",
        of: "source=tok_visa_chargeDeclinedFraudulent",
        change: |answer| drop(answer.object("/error").insert("param".to_owned(), json!("source"))),
        expected: (CHARGE, "extra", "error.param"),
    },
    Plant {
        path: "/v1/charges",
        of: "source=tok_visa_chargeDeclinedFraudulent",
        change: |answer| answer.rename("/error", "doc_url", "help_url"),
        expected: (CHARGE, "renamed", "error.doc_url"),
    },
    Plant {
        path: "/v1/customers",
        of: "source=tok_riskLevelElevated",
        change: |answer| answer.set("/sources/has_more", json!(true)),
        expected: (CUSTOMER, "value", "sources.has_more"),
    },
    Plant {
        path: "/v1/customers",
        of: "source=tok_cvcCheckFailElevatedRisk",
        change: |answer| answer.body["sources"]["data"].as_array_mut().unwrap().clear(),
        expected: (CUSTOMER, "value", "sources.data"),
    },
    Plant {
        path: "/v1/payment_methods",
        of: "card[token]=tok_radarBlock",
        change: |answer| answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Cache-Control")),
        expected: (METHOD, "missing", "header cache-control"),
    },
    Plant {
        path: "/v1/payment_methods",
        of: "card[token]=tok_riskLevelElevated",
        change: |answer| answer.headers.push(("X-New".to_owned(), "1".to_owned())),
        expected: (METHOD, "extra", "header x-new"),
    },
    Plant {
        path: "/v1/payment_methods",
        of: "card[token]=tok_riskLevelHighest",
        change: |answer| "text/json".clone_into(answer.header("Content-Type")),
        expected: (METHOD, "value", "header content-type"),
    },
];

/// Sends a call on to the server behind, and gives its answer.
fn forwarded(address: std::net::SocketAddr, call: &Received) -> wire::Answer {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", call.method, call.uri).into_bytes();
    for (name, value) in &call.headers {
        bytes.extend_from_slice(format!("{name}: {}\r\n", value.to_str().unwrap()).as_bytes());
    }
    bytes.extend_from_slice(format!("\r\n{}", call.body).as_bytes());
    wire::call(address, &bytes)
}

fn passed_on(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Reply {
    const OWN: [&str; 4] = ["content-length", "transfer-encoding", "connection", "date"];
    let kept = headers.into_iter().filter(|(name, _)| !OWN.contains(&name.to_ascii_lowercase().as_str()));
    Reply { http_status: status, headers: kept.map(|(name, value)| (Cow::Owned(name), value)).collect(), body }
}

fn planted(address: std::net::SocketAddr, call: &Received) -> Reply {
    let answer = forwarded(address, call);
    let params: Vec<String> =
        form_urlencoded::parse(call.body.as_bytes()).map(|(name, value)| format!("{name}={value}")).collect();
    let is_of = |plant: &&Plant| call.uri == plant.path && params.iter().any(|param| param == plant.of);
    let plants = PLANTS.iter().filter(is_of);
    let mut altered = Altered { status: answer.status, body: answer.json(), headers: answer.headers.clone() };
    let mut count = 0;
    for plant in plants {
        (plant.change)(&mut altered);
        count += 1;
    }
    // Untouched, the bytes are those of the server.
    let body = if count == 0 { answer.body } else { altered.body.to_string().into_bytes() };
    passed_on(altered.status, altered.headers, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_planted_drifts_twenty_are_found_and_no_other() {
    let home = Home::new();
    let behind = serve(&home, &[]);
    let address = behind.address;
    let server = Server::answering(move |_, call| planted(address, call)).await;
    let run = parity(&server.url(), &[&FEW[..], &["--json"]].concat()).await;
    assert_eq!(run.exit, 1, "{run:?}");
    let report = json_of(&run);
    let found: BTreeSet<(String, String, String)> = report["drift"]
        .as_array()
        .unwrap()
        .iter()
        .map(|drift| {
            let text = |key: &str| drift[key].as_str().unwrap().to_owned();
            (text("call"), text("kind"), text("place"))
        })
        .collect();
    let expected: BTreeSet<(String, String, String)> = PLANTS
        .iter()
        .map(|plant| {
            let (call, kind, place) = plant.expected;
            (call.to_owned(), kind.to_owned(), place.to_owned())
        })
        .collect();
    assert_eq!(expected.len(), 20);
    assert_eq!(found, expected);
    assert_eq!(report["drift"].as_array().unwrap().len(), 20);

    let text = parity(&server.url(), &FEW).await;
    assert_eq!(text.exit, 1);
    assert_eq!(text.stdout.lines().count(), 21, "{text:?}");
    assert!(text.stdout.contains("20 drifts in "), "{text:?}");
}

// ---- the rate limit, and failures ----------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_meets_the_rate_limit_is_made_again_and_is_no_drift() {
    let home = Home::new();
    let behind = serve(&home, &[]);
    let address = behind.address;
    // Each call meets the limit once at most, however the calls of several cards follow each other.
    let limited: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let seen = Arc::clone(&limited);
    let server = Server::answering(move |nth, call| {
        let key = call.headers.get("idempotency-key").map_or("", |key| key.to_str().unwrap());
        if nth % 5 == 2 && seen.lock().unwrap().insert(format!("{} {key}", call.uri)) {
            return reply(429, r#"{"error": {"type": "invalid_request_error", "message": "Slow down"}}"#)
                .with("retry-after", "0");
        }
        let answer = forwarded(address, call);
        passed_on(answer.status, answer.headers, answer.body)
    })
    .await;
    let run = parity(&server.url(), &FEW).await;
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(run.stdout.contains("no drift in "), "{run:?}");
    assert!(limited.lock().unwrap().len() > 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_compared_ends_with_3() {
    let limited =
        Server::start(vec![reply(429, r#"{"error": {"message": "Slow down"}}"#).with("retry-after", "0")]).await;
    let failing = Server::start(vec![reply(500, r#"{"error": {"message": "No.", "type": "api_error"}}"#)]).await;
    let home = Home::new();
    let other_key = serve(&home, &["--key", "sk_test_other"]);
    for (url, words) in [
        (limited.url(), "The target refuses calls for their number"),
        (url(&other_key), "The target did not accept the API key"),
        ("http://127.0.0.1:1".to_owned(), "Could not connect to 127.0.0.1:1"),
        (failing.url(), "The target refuses the calls that are to be compared, of any card: No. (api_error, HTTP 500)"),
    ] {
        let run = parity(&url, &FEW).await;
        assert_eq!((run.exit, &*run.stdout), (3, ""), "{url}: {run:?}");
        assert!(run.stderr.contains(words), "{url}: {run:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_both_sides_refuse_is_not_taken_for_no_drift() {
    let home = Home::new();
    let server = serve(&home, &[]);
    for args in [&["--api-version", "2019-01-01"][..], &["--api-version", "nonsense"]] {
        let run = parity(&url(&server), &[&FEW[..], args].concat()).await;
        assert_eq!((run.exit, &*run.stdout), (3, ""), "{run:?}");
        assert!(run.stderr.contains("Invalid Stripe API version"), "{run:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_that_ends_early_says_so() {
    let home = Home::new();
    let behind = serve(&home, &[]);
    let address = behind.address;
    let server = Server::answering(move |nth, call| {
        if nth > 20 {
            return reply(200, "no JSON");
        }
        let answer = forwarded(address, call);
        passed_on(answer.status, answer.headers, answer.body)
    })
    .await;
    let run = parity(&server.url(), &["--json"]).await;
    assert_eq!((run.exit, &json_of(&run)["complete"]), (3, &json!(false)), "{run:?}");
    assert!(run.stderr.contains("not JSON"), "{run:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_that_is_interrupted_deletes_its_customers_and_says_what_it_found() {
    use rustix::process::{Pid, Signal, kill_process};

    let home = Home::new();
    let behind = serve(&home, &[]);
    let address = behind.address;
    let (tell, told) = mpsc::channel();
    let server = Server::answering(move |nth, call| {
        if nth == 40 {
            tell.send(()).unwrap();
        }
        let answer = forwarded(address, call);
        passed_on(answer.status, answer.headers, answer.body)
    })
    .await;
    let target = server.url();
    let run = tokio::task::spawn_blocking(move || {
        let home = Home::new();
        let direct = home.command(["parity", "--target", &target]);
        // Whoever runs the tests in the background may have them ignore signals, and what they start as well.
        let mut command = Command::new("/usr/bin/env");
        command.arg("--default-signal=INT").arg(direct.get_program()).args(direct.get_args());
        command.envs(direct.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("STRIPE_SECRET_KEY", KEY);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        told.recv().unwrap();
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        child.wait_with_output().unwrap()
    });
    let output = run.await.unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stdout.starts_with("no drift so far, not all were compared: in "), "{stdout}");
    assert!(stderr.contains("Stopped before all cards were compared"), "{stderr}");
    assert_eq!(behind.get("/v1/customers").json()["data"], json!([]));
}

#[test]
fn a_key_that_cannot_compare_and_wrong_arguments_end_with_2() {
    let home = Home::new();
    for (key, args, words) in [
        ("pk_test_51Public", &["parity"][..], "parity needs a secret or restricted test key"),
        ("sk_live_51Live", &["parity"], "This is a live key"),
        (KEY, &["parity", "--target", "http://example.com"], "Only https is safe"),
        (KEY, &["parity", "--target", "nowhere"], "This is not a URL"),
        (KEY, &["parity", "--rate", "26"], "1..=25"),
        (KEY, &["parity", "--profile", "none"], "There is no profile 'none'"),
        (KEY, &["parity", "--only", "no such card"], "no test card matches 'no such card'"),
    ] {
        let run = home.run_with_key(key, args.iter().copied());
        assert_eq!((run.exit, &*run.stdout), (2, ""), "{args:?}: {run:?}");
        assert!(run.stderr.contains(words) && !run.stderr.contains("51Live"), "{args:?}: {run:?}");
    }
    let run = home.run(["parity"]);
    assert!(run.exit == 2 && run.stderr.contains("set STRIPE_SECRET_KEY"), "{run:?}");
}
