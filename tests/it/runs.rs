//! Runs as a person makes them: lists, verdicts, reports, and what is left of a run that was killed.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    task::Poll,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use testcard::{
    backend::BackendTargets,
    domain::{
        call::api::Target,
        card::test_cards,
        clock::Clock,
        rules::policies::AccountPolicies,
        run::{
            list::{ListPart, RunList},
            matrix::RunMatrix,
            record::{NewRun, RunId, RunState},
            row::RunStep,
        },
    },
    jobs::{
        pace::CallPace,
        run::{self, EndedRow, PauseSwitch, RunJob, RunProgress},
    },
    store::{CallSelection, RowSelection, Store, StoreLocation},
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    program::{Home, Run, finish},
    serving::Serving,
    waiting::PATIENCE,
};

const KEY: &str = "sk_test_51RunsRunsRuns";
/// Luhn-valid, and not among the published test cards.
const PLANTED_NUMBER: &str = "4539578763621486";
const PLANTED_CODE: &str = "86c42v13q";
const PLANTED_KEY: &str = "sk_test_51PlantedKeyThatNobodyMaySee";

/// Every kind of failure that a call meets at an API: refused for their number, failed, lost before and after it was
/// carried out.
const FAULTS: [&str; 4] = [
    "--fault",
    "POST /v1/tokens every 5: 429, 500, commit-drop, drop",
    "--fault",
    "POST /v1/charges every 7: drop, commit-drop, 503, 429, garbage",
];

fn file(home: &Home, name: &str, text: &str) -> PathBuf {
    let path = home.beside(name);
    fs::write(&path, text).unwrap();
    path
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[track_caller]
fn report(home: &Home, run: &str) -> Value {
    let printed = home.run(["runs", run, "--format", "json"]);
    assert_eq!(printed.exit, 0, "{printed:?}");
    serde_json::from_str(&printed.stdout).unwrap()
}

#[test]
fn a_list_is_made_row_by_row_and_every_row_gets_a_verdict() {
    let home = Home::new();
    let list = "card[number],expect,note,tags,step\n\
                4242424242424242,,first,smoke,charge\n\
                4000000000009995,insufficient_funds,,smoke,charge\n\
                4242424242424241,incorrect_number,,,\n\
                4242424242424242,lost_card,,,charge\n";
    let list = file(&home, "My Cards.csv", list);
    let run = home.run(["run", list.to_str().unwrap()]);
    assert_eq!(run.exit, 1, "{run:?}");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "4  4242 4242 4242 4242 Visa · charge  Differs at charge: expected lost_card, got ok",
            "4 rows: 3 as expected, 1 differs",
        ]
    );
    assert!(run.stderr.contains("4 rows, 7 calls at most"), "{run:?}");

    // Its entries are ordinary ones, with note and tags, and found by the run.
    let found = |search: &str| {
        let run = home.run(["history", "--format", "json", "--search", search]);
        serde_json::from_str::<Vec<Value>>(&run.stdout).unwrap().len()
    };
    assert_eq!([found("run:my-cards"), found("run:1"), found("run:2"), found("run:my-cards used")], [4, 4, 0, 3]);
    assert_eq!((found("first"), found("#smoke")), (1, 2));
    assert_eq!(home.history()[0]["judgement"]["difference"]["expected"], "lost_card");

    let listed = home.run(["runs"]);
    assert!(listed.stdout.starts_with("1  my-cards  local  finished"), "{listed:?}");
    assert!(home.run(["runs", "my-cards"]).stdout.starts_with("4  4242"));
    let rows = report(&home, "1")["rows"].clone();
    let verdicts: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["as_expected", "as_expected", "as_expected", "differs"]);
    let steps: Vec<&str> =
        rows[1]["steps"].as_array().unwrap().iter().map(|step| step["got"].as_str().unwrap()).collect();
    assert_eq!(steps, ["ok", "insufficient_funds"]);
}

#[test]
fn a_row_goes_as_far_as_an_intent() {
    let home = Home::new();
    let list = "card[number],expect,step\n\
                4242424242424242,,\n\
                4000000000009995,,\n\
                4000002500003155,,\n\
                4000000000000101,cvc_check=fail intent=ok,\n\
                4242424242424242,,charge\n\
                4000002500003155,intent=ok,\n";
    let list = file(&home, "intents.csv", list);
    let run = home.run(["run", list.to_str().unwrap(), "--step", "intent"]);
    assert_eq!(run.exit, 1, "{run:?}");
    let differs = "Differs at intent: expected ok, got requires_action";
    assert!(run.stdout.contains(differs) && run.stdout.contains("6 rows: 5 as expected, 1 differs"), "{run:?}");
    let preview = home.run(["run", list.to_str().unwrap(), "--step", "intent", "--preview"]);
    assert!(preview.stdout.contains("5 rows go as far as intent"), "{preview:?}");
    let rows = report(&home, "1")["rows"].clone();
    let told = rows.as_array().unwrap().iter().map(|row| {
        let last = row["steps"].as_array().unwrap().last().unwrap();
        (last["step"].as_str().unwrap(), last["got"].as_str().unwrap())
    });
    let told: Vec<(&str, &str)> = told.collect();
    assert_eq!(
        told,
        [
            ("intent", "ok"),
            ("intent", "insufficient_funds"),
            ("intent", "requires_action"),
            ("intent", "ok"),
            ("charge", "ok"),
            ("intent", "requires_action"),
        ]
    );
    assert!(rows[0]["steps"][1]["id"].as_str().unwrap().starts_with("pi_3") && rows[0]["amount"] == "2000");
    assert!(home.history().iter().all(|entry| entry["status"] == "used"));
    for (row, words) in [
        ("4242424242424242,charge=ok,intent", "the row goes as far as intent, and charge is expected of it"),
        ("4242424242424242,,pay", "write token, attach, charge, intent or partial_intent"),
    ] {
        let list = file(&home, "wrong.csv", &format!("card[number],expect,step\n{row}\n"));
        let run = home.run(["run", list.to_str().unwrap()]);
        assert!(run.exit == 2 && run.stderr.contains(words), "{run:?}");
    }
}

/// Every published card, from its token to an intent, comes to what is expected of it.
#[test]
fn all_published_cards_come_to_what_is_expected_of_them_at_an_intent() {
    let home = Home::new();
    let numbers: Vec<&str> = test_cards::all().iter().map(|card| card.number.as_str()).collect();
    let list = file(&home, "all.csv", &format!("card[number]\n{}\n", numbers.join("\n")));
    for step in ["intent", "partial_intent"] {
        let run = home.run(["run", list.to_str().unwrap(), "--step", step]);
        assert!(run.exit == 0 && run.stdout.contains("318 rows: 318 as expected"), "{step}: {run:?}");
    }
}

#[test]
fn an_intent_of_a_row_takes_a_part_where_the_step_says_so() {
    let home = Home::new();
    let list = "card[number],expect,step,amount\n\
                4000058400000071,,partial_intent,2000\n\
                4000058400000071,,partial_intent,60\n\
                4000058400000071,,intent,2000\n\
                4000058400000071,intent=ok,,2000\n\
                4000000000009995,insufficient_funds,partial_intent,2000\n";
    let list = file(&home, "parts.csv", list);
    let run = home.run(["run", list.to_str().unwrap(), "--step", "partial_intent"]);
    assert!(run.exit == 0 && run.stdout.contains("5 rows: 5 as expected"), "{run:?}");
    let rows = report(&home, "1")["rows"].clone();
    let told: Vec<(&str, &str, &str)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let last = row["steps"].as_array().unwrap().last().unwrap();
            (row["step"].as_str().unwrap(), row["amount"].as_str().unwrap(), last["got"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("partial_intent", "2000", "ok"),
            ("partial_intent", "60", "insufficient_funds"),
            ("intent", "2000", "insufficient_funds"),
            ("partial_intent", "2000", "ok"),
            ("partial_intent", "2000", "insufficient_funds"),
        ]
    );
    assert!(home.history().iter().all(|entry| entry["status"] == "used"));
}

#[test]
fn the_same_list_is_compared_with_its_last_run() {
    let home = Home::new();
    let matrix = ["run", "--matrix", "card=tok_visa,insufficient_funds cvc=good,none", "--step", "charge"];
    assert_eq!(home.run(matrix).exit, 0);
    // The account now refuses charges where no code was checked.
    let again = home.run(matrix.into_iter().chain(["--policy", "card_tokens_on_charges=off"]));
    assert_eq!(again.exit, 1, "{again:?}");
    assert!(again.stderr.contains("it will refuse 4 rows"), "{again:?}");
    let compared = home.run(["runs", "2", "--against", "last"]);
    assert_eq!(compared.exit, 1, "{compared:?}");
    assert!(compared.stdout.contains("4 rows came to something else than in run 1, 0 to the same"), "{compared:?}");
    assert_eq!(report(&home, "2")["compared_with"]["run"], 1);
    assert_eq!(home.run(matrix).exit, 0);
    let same = home.run(["runs", "3", "--against", "1"]);
    assert_eq!((same.exit, same.stdout.lines().count()), (0, 1), "{same:?}");

    let other = home.run(["run", "--preset", "made:invalid_cvc", "--name", "One Preset"]);
    assert_eq!(other.exit, 0, "{other:?}");
    for (args, words) in [
        (&["runs", "one-preset", "--against", "1"][..], "were made from different lists"),
        (&["runs", "4", "--against", "last"], "There is no finished run of the same list"),
        (&["runs", "nothing"], "There is no run 'nothing'"),
        (&["runs", "--report", "html", "x.html"], "A report is of one run"),
    ] {
        let run = home.run(args.iter().copied());
        assert!(run.exit == 2 && run.stderr.contains(words), "{run:?}");
    }
}

#[test]
fn what_cannot_be_run_is_refused_before_any_call() {
    let home = Home::new();
    let wrong = file(&home, "wrong.csv", "card[number],expect\n4242424242424242,ok\n4242424242424242,Declined\n");
    let (wrong, odd) = (wrong.to_str().unwrap(), file(&home, "list.txt", "x"));
    let latin = home.beside("latin.csv");
    fs::write(&latin, b"card[name]\nJ\xf6rg\n").unwrap();
    for (args, words) in [
        (&["run"][..], "There is nothing to run"),
        (&["run", wrong], "line 3, column expect: write ok, an error code"),
        (&["run", odd.to_str().unwrap()], "has to end in .csv, .json or .jsonl"),
        (&["run", latin.to_str().unwrap()], "line 2 is not UTF-8"),
        (&["run", "missing.csv"], "Could not read missing.csv"),
        (&["run", "--matrix", "card=nothing"], "no published test card is known by 'nothing'"),
        (&["run", "--preset", "made:nothing"], "there is no such preset"),
        (&["run", "--resume", "7"], "There is no run '7'"),
        (&["run", "--preset", "made:no_cvc", "--report", "pdf", "x"], "'pdf' is no format of a report"),
        (&["run", "--preset", "made:no_cvc", "--report", "html", "no/such/x"], "there is no folder"),
        (&["run", "--preset", "made:no_cvc", "--rate", "26"], "1..=25"),
    ] {
        let run = home.run(args.iter().copied());
        assert!(run.exit == 2 && run.stderr.contains(words), "{args:?}: {run:?}");
        assert!(home.history().is_empty());
    }
    let preview =
        home.run(["run", "--preview", "--matrix", "card=tok_visa cvc=good,bad", "--policy", "raw_card_data=off"]);
    assert_eq!(preview.exit, 0, "{preview:?}");
    for words in ["2 rows, 2 calls at most", "1 row: token fails with invalid_cvc", "raw_card_data of the account"] {
        assert!(preview.stdout.contains(words), "{preview:?}");
    }
    assert!(home.history().is_empty() && home.run(["runs"]).stdout.is_empty());
}

// ---- a target that fails ---------------------------------------------------------------------------------------------

/// What a list of charges over many cards is to come to, and how many tokens and charges are made of it.
const MATRIX: &str = "card=4242424242424242,4000000000009995,4000000000000002,4000000000000069,5555555555554444 \
                      cvc=good,bad,none zip=12345,none amount=2000,50,";

/// The command of a run against a server, as many rows as the amounts make.
fn run_at<'a>(serving: &Serving, matrix: &'a str, url: &'a mut String) -> Vec<&'a str> {
    *url = format!("http://{}", serving.address);
    vec!["run", "--name", "faulty", "--step", "charge", "--matrix", matrix, "--target", "stripe", "--base-url", url]
}

fn matrix(amounts: usize) -> String {
    let amounts: Vec<String> = (0..amounts).map(|nth| (1000 + nth).to_string()).collect();
    format!("{}{}", MATRIX, amounts.join(","))
}

/// Holds that every row has its verdict, and that the server made each token and each charge once.
#[track_caller]
fn check_once(home: &Home, at_server: &Home, rows: usize) {
    let report = report(home, "faulty");
    assert_eq!(report["summary"]["as_expected"], rows, "{}", report["summary"]);
    assert_eq!(report["run"]["state"], "finished");
    // A third of the rows sends a code that is too short, which makes no token.
    let tokens = rows / 3 * 2;
    let made = all_entries(at_server, "");
    let made: Vec<&Value> = made.iter().filter(|entry| !entry["token"].is_null()).collect();
    assert_eq!(made.len(), tokens, "a token of each row, and none twice");
    let ids = |name: &str| made.iter().filter_map(|entry| entry[name].as_str()).collect::<HashSet<_>>().len();
    assert_eq!((ids("token"), ids("used_by")), (tokens, tokens));
    let known: HashSet<&str> =
        report["rows"].as_array().unwrap().iter().filter_map(|row| row["steps"][0]["id"].as_str()).collect();
    assert!(made.iter().all(|entry| known.contains(entry["token"].as_str().unwrap())));
    let entries = all_entries(home, "run:faulty");
    assert_eq!(entries.len(), rows, "an entry of each row");
    assert!(entries.iter().all(|entry| matches!(entry["status"].as_str(), Some("used" | "failed"))), "{entries:?}");
}

/// The entries of a home that a search finds, however many.
#[track_caller]
fn all_entries(home: &Home, search: &str) -> Vec<Value> {
    let run = home.run(["history", "--search", search, "--format", "json", "--limit", "100000"]);
    assert_eq!(run.exit, 0, "{run:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

fn make_with_faults(amounts: usize) {
    let (home, at_server) = (Home::new(), Home::new());
    let serving = Serving::start(&at_server, &FAULTS);
    let (matrix, mut url) = (matrix(amounts), String::new());
    let run = home.run_with_key(KEY, run_at(&serving, &matrix, &mut url));
    assert_eq!(run.exit, 0, "{run:?}");
    drop(serving);
    check_once(&home, &at_server, 30 * (2 + amounts));
}

/// Kills the run when the server has seen so many calls more, as often as there are places, and resumes it each time.
fn make_and_kill(amounts: usize, places: &[u64]) {
    let (home, at_server) = (Home::new(), Home::new());
    let serving = Serving::start(&at_server, &FAULTS);
    let (matrix, mut url) = (matrix(amounts), String::new());
    let args = run_at(&serving, &matrix, &mut url);
    let resumed: Vec<&str> = ["run", "--resume", "faulty"].into();
    let mut kills = 0;
    for (nth, calls) in places.iter().enumerate() {
        let seen = newest(&serving);
        let mut command = home.command(if nth == 0 { args.clone() } else { resumed.clone() });
        command.env("STRIPE_SECRET_KEY", KEY).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let begun = std::time::Instant::now();
        while newest(&serving) < seen + calls && child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "no call came");
            std::thread::sleep(LOOK_EVERY);
        }
        if child.try_wait().unwrap().is_none() {
            kills += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let listed = home.run(["runs"]).stdout;
        assert!(!listed.contains("running"), "nobody makes its calls: {listed}");
    }
    assert!(kills > places.len() / 2, "{kills} kills of {} met a run on its way", places.len());
    let run = home.run_with_key(KEY, resumed);
    assert_eq!(run.exit, 0, "{run:?}");
    drop(serving);
    check_once(&home, &at_server, 30 * (2 + amounts));
}

/// How often the server is asked how many calls came: without a pause, the question takes a core from the run itself.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(5);

/// The number of the newest call that the server wrote down.
fn newest(serving: &Serving) -> u64 {
    let answer = serving.control("GET", "/_testcard/requests?limit=1");
    answer["data"][0]["id"].as_u64().unwrap_or_default()
}

#[test]
fn against_a_target_that_fails_every_verdict_is_right_and_no_token_is_made_twice() {
    make_with_faults(2);
}

#[test]
fn a_run_that_is_killed_is_resumed_without_a_duplicate() {
    make_and_kill(2, &[9, 40, 3, 60]);
}

#[test]
#[ignore = "takes minutes: a thousand rows"]
fn a_thousand_rows_against_a_target_that_fails() {
    make_with_faults(33);
}

#[test]
#[ignore = "takes minutes: a thousand rows, killed at twenty places"]
fn a_thousand_rows_killed_at_twenty_places() {
    let places: Vec<u64> = (0..20).map(|_| rand::random_range(1..150)).collect();
    println!("killed after {places:?} calls");
    make_and_kill(33, &places);
}

#[test]
fn a_run_that_was_stopped_by_a_signal_says_how_to_go_on() {
    let (home, at_server) = (Home::new(), Home::new());
    let serving = Serving::start(&at_server, &["--fault", "POST /v1/tokens: latency 20ms..40ms"]);
    let (matrix, mut url) = (matrix(20), String::new());
    let mut args = run_at(&serving, &matrix, &mut url);
    args.extend(["--rate", "20"]);
    let mut command = home.command(args);
    command.env("STRIPE_SECRET_KEY", KEY).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let begun = std::time::Instant::now();
    while newest(&serving) < 5 {
        assert!(begun.elapsed() < PATIENCE, "no call came");
        std::thread::sleep(LOOK_EVERY);
    }
    // Not SIGINT: a shell that starts the tests in the background lets them ignore it, and so does the program.
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
    let ended = child.wait_with_output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(143), "{told}");
    assert!(told.contains("The run 1 was stopped. Go on with: testcard run --resume 1"), "{told}");
    let listed = home.run(["runs"]).stdout;
    assert!(listed.contains("stopped") && listed.contains("not made yet"), "{listed}");
    let elsewhere = home.run_with_key(KEY, ["run", "--resume", "1", "--base-url", "http://127.0.0.1:9"]);
    assert!(elsewhere.exit == 2 && elsewhere.stderr.contains("use --base-url"), "{elsewhere:?}");
    let elsewhere = home.run_with_key(KEY, ["run", "--resume", "1", "--target", "local"]);
    assert!(elsewhere.exit == 2 && elsewhere.stderr.contains("leave out --target"), "{elsewhere:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_paused_makes_no_call_until_it_goes_on() {
    let store = Store::open(&StoreLocation::Memory, Timestamp::UNIX_EPOCH).unwrap();
    let backend = BackendTargets::new(store.clone(), Some(1)).local(AccountPolicies::default());
    let list = RunList {
        parts: vec![ListPart::Matrix(RunMatrix::parse("card=tok_visa cvc=good,none").unwrap())],
        last_step: RunStep::Attach,
        ..RunList::default()
    };
    let run = NewRun {
        name: "paused".to_owned(),
        uid: "uidofthisrun".to_owned(),
        list_hash: String::new(),
        target: Target::Local,
        profile: None,
        base_url: None,
        created: Timestamp::UNIX_EPOCH,
        last_step: RunStep::Charge,
        source: String::new(),
        rate: None,
        rows: 2,
    };
    let id = run::begin(&store, run, &list).await.unwrap();
    let reader = store.reader().unwrap();
    let record = reader.run_named(&id.0.to_string()).unwrap().unwrap();
    assert_eq!(reader.run_rows(id, RowSelection::Open).count(), 2, "both rows are there before any call");
    let job = RunJob {
        backend,
        store: store.clone(),
        clock: Clock::fixed(Timestamp::UNIX_EPOCH),
        pace: CallPace::unlimited(),
        pause: PauseSwitch::default(),
        stop: CancellationToken::new(),
    };
    let pause = job.pause.clone();
    pause.set(true);
    let (note, done) = std::sync::mpsc::channel();
    let mut on_progress = |progress: RunProgress, _: &EndedRow| note.send(progress.done).unwrap();
    let mut made = std::pin::pin!(job.make(record, &list, &mut on_progress));
    let is_waiting = std::future::poll_fn(|context| Poll::Ready(made.as_mut().poll(context).is_pending()));
    assert!(is_waiting.await);
    assert!(reader.request_rows(&CallSelection::default(), None, 9).unwrap().is_empty());
    pause.set(false);
    assert_eq!(made.await.unwrap(), RunState::Finished);
    let done: Vec<u64> = done.try_iter().collect();
    assert_eq!((done, reader.request_rows(&CallSelection::default(), None, 9).unwrap().len()), (vec![1, 2], 4));
}

// ---- secrets -----------------------------------------------------------------------------------------------------------

#[test]
fn a_list_with_secrets_is_run_and_nothing_of_them_is_written() {
    let home = Home::new();
    let list = json!([
        {
            "card[number]": PLANTED_NUMBER, "card[cvc]": "987", "card[exp_month]": "1", "card[exp_year]": "2049",
            "card[name]": PLANTED_KEY, "note": format!("card {PLANTED_NUMBER}"), "tags": [PLANTED_NUMBER],
            "amount": PLANTED_NUMBER, "currency": PLANTED_KEY, "step": "charge"
        },
        {"card[number]": PLANTED_NUMBER, "card[cvc]": PLANTED_CODE, "count": 2},
        {"card[number]": "4242424242424242", format!("x[{PLANTED_NUMBER}]"): "1", "param:cvc": PLANTED_CODE}
    ]);
    let list = file(&home, &format!("{PLANTED_NUMBER}.json"), &list.to_string());
    let reports: Vec<(&str, PathBuf)> =
        ["junit", "json", "markdown", "html"].map(|format| (format, home.beside(&format!("report.{format}")))).into();
    let mut args = vec!["-vv", "run", list.to_str().unwrap()];
    for (format, path) in &reports {
        args.extend(["--report", format, path.to_str().unwrap()]);
    }
    let run = home.run(args);
    assert_eq!(run.exit, 1, "{run:?}");
    assert!(run.stdout.contains("453957******1486"), "{run:?}");
    let shown = home.run(["runs", "1", "--all"]);
    let listed = home.run(["runs"]);
    let printed = |run: &Run| format!("{}{}", run.stdout, run.stderr).into_bytes();
    let mut written = vec![printed(&run), printed(&shown), printed(&listed)];
    written.extend(reports.iter().map(|(_, path)| fs::read(path).unwrap()));
    written.extend(home.files().into_iter().map(|(_, bytes)| bytes));
    let secrets = [PLANTED_NUMBER, PLANTED_CODE, &PLANTED_KEY["sk_test_".len()..]];
    for bytes in &written {
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} in {}", String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]));
        }
    }
    // What may not be kept has to be given again, and another list is not taken for it.
    let open = rusqlite::Connection::open(home.path().join("data/testcard.sqlite3")).unwrap();
    open.execute_batch(
        "UPDATE run_rows SET verdict = NULL, verdict_json = NULL, results = NULL WHERE number = 2;
         UPDATE runs SET differs = differs - 1, state = 'stopped'",
    )
    .unwrap();
    drop(open);
    let run = home.run(["run", "--resume", "1"]);
    assert!(run.exit == 2 && run.stderr.contains("give the same list again"), "{run:?}");
    let other = home.run(["run", "--resume", "1", "--preset", "made:no_cvc"]);
    assert!(other.exit == 2 && other.stderr.contains("was made from another list"), "{other:?}");
    let before = home.history().len();
    let same = home.run(["run", "--resume", "1", list.to_str().unwrap()]);
    assert!(same.stdout.contains("4 rows"), "{same:?}");
    assert_eq!(home.history().len(), before, "the row's answer was there already");
    assert_eq!(report(&home, "1")["run"]["state"], "finished");
}

// ---- reports -----------------------------------------------------------------------------------------------------------

/// The rules of the schema that Jenkins publishes (xunit-plugin, junit-10.xsd), as far as a report can break them.
fn check_junit(xml: &str) {
    let document = roxmltree::Document::parse(xml).unwrap();
    let check = |node: roxmltree::Node<'_, '_>, required: &[&str], allowed: &[&str], children: &[&str]| {
        for name in required {
            assert!(node.has_attribute(*name), "{} without {name}", node.tag_name().name());
        }
        for attribute in node.attributes() {
            let name = attribute.name();
            assert!(required.contains(&name) || allowed.contains(&name), "{} with {name}", node.tag_name().name());
        }
        for child in node.children().filter(roxmltree::Node::is_element) {
            assert!(children.contains(&child.tag_name().name()), "{:?} in {:?}", child.tag_name(), node.tag_name());
        }
    };
    // Digits and a point: neither a sign nor an exponent is a time to the schema.
    let is_time = |text: &str| {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        [whole, part].iter().all(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
    };
    for node in document.descendants().filter(|node| node.has_attribute("time")) {
        assert!(is_time(node.attribute("time").unwrap()), "{:?}", node.attribute("time"));
    }
    let number = |node: roxmltree::Node<'_, '_>, name: &str| node.attribute(name).unwrap().parse::<usize>().unwrap();
    let suites = document.root_element();
    assert_eq!(suites.tag_name().name(), "testsuites");
    check(suites, &[], &["name", "time", "tests", "failures", "errors"], &["testsuite"]);
    let suite = suites.first_element_child().unwrap();
    check(
        suite,
        &["name", "tests", "failures", "errors"],
        &["group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"],
        &["properties", "testcase", "system-out", "system-err"],
    );
    let cases: Vec<_> = suite.children().filter(|node| node.has_tag_name("testcase")).collect();
    let with = |tag: &str| cases.iter().filter(|case| case.children().any(|child| child.has_tag_name(tag))).count();
    assert_eq!(number(suite, "tests"), cases.len());
    assert_eq!((number(suite, "failures"), number(suite, "errors")), (with("failure"), with("error")));
    assert_eq!(number(suite, "skipped"), with("skipped"));
    for case in cases {
        check(
            case,
            &["name"],
            &["time", "classname", "group"],
            &["skipped", "error", "failure", "system-out", "system-err"],
        );
        assert!(case.attribute("time").unwrap().parse::<f64>().unwrap() >= 0.0);
        for child in case.children().filter(roxmltree::Node::is_element) {
            check(child, &[], &["message", "type"], &[]);
        }
    }
    for property in suite.descendants().filter(|node| node.has_tag_name("property")) {
        check(property, &["name", "value"], &[], &[]);
    }
}

#[test]
fn reports_are_written_in_four_formats_and_junit_is_what_ci_servers_read() {
    let home = Home::new();
    let list = "card[number],expect,note\n4242424242424242,,\n4242424242424242,\"lost_card\",\"<b>&\"\"'\"\n";
    let list = file(&home, "cards.csv", list);
    let paths: Vec<PathBuf> = ["r.xml", "r.json", "r.md", "r.html"].map(|name| home.beside(name)).into();
    fs::write(&paths[0], "an older report").unwrap();
    let mut args = vec!["run", list.to_str().unwrap()];
    for (format, path) in ["junit", "json", "markdown", "html"].into_iter().zip(&paths) {
        args.extend(["--report", format, path.to_str().unwrap()]);
    }
    assert_eq!(home.run(args.clone()).exit, 1);
    check_junit(&text(&paths[0]));
    assert!(
        text(&paths[0]).contains("<failure type=\"differs\" message=\"Differs at token: expected lost_card, got ok\">")
    );
    let json: Value = serde_json::from_str(&text(&paths[1])).unwrap();
    assert_eq!((&json["run"]["name"], &json["summary"]["differs"]), (&json!("cards"), &json!(1)));
    assert!(text(&paths[2]).contains("## What does not hold"));
    let html = text(&paths[3]);
    assert!(html.contains("Heat map") && html.contains("&lt;b&gt;&amp;&quot;&#39;"), "{html}");
    // The second run of the list tells what changed.
    assert_eq!(home.run(args).exit, 1);
    assert!(text(&paths[3]).contains("Since run 1"));
    // Of a kept run, too.
    let kept = home.beside("kept.xml");
    assert_eq!(home.run(["runs", "1", "--report", "junit", kept.to_str().unwrap()]).exit, 0);
    check_junit(&text(&kept));
}

#[test]
fn runs_are_saved_from_a_damaged_history() {
    let (home, saved) = (Home::new(), Home::new());
    assert_eq!(home.run(["run", "--matrix", "card=tok_visa cvc=good,none", "--name", "kept"]).exit, 0);
    let (from, to) = (home.path().join("data"), saved.path().join("data"));
    let run = home.run(["salvage", from.to_str().unwrap(), "--to", to.to_str().unwrap()]);
    assert!(run.exit == 0 && run.stdout.lines().any(|line| line == "1 run"), "{run:?}");
    assert_eq!(report(&saved, "kept")["rows"], report(&home, "kept")["rows"]);
    assert_eq!(saved.run(["history", "--search", "run:kept"]).stdout.lines().count(), 2);
}

#[test]
fn a_call_that_may_have_been_carried_out_stays_unknown_whatever_comes_after_it() {
    let (home, at_server) = (Home::new(), Home::new());
    let fault = "POST /v1/tokens next 8: commit-drop, 503, 503, 503, 503, 503, 503, 503";
    let serving = Serving::start(&at_server, &["--fault", fault]);
    let url = format!("http://{}", serving.address);
    let matrix = "card=4242424242424242";
    let args = ["run", "--name", "faulty", "--matrix", matrix, "--target", "stripe", "--base-url", &url];
    assert_eq!(home.run_with_key(KEY, args).exit, 3);
    let entries = all_entries(&home, "run:faulty");
    assert_eq!((entries.len(), &entries[0]["status"]), (1, &json!("unknown")), "{entries:?}");
    let resumed = home.run_with_key(KEY, ["run", "--resume", "faulty"]);
    assert_eq!(resumed.exit, 0, "{resumed:?}");
    assert_eq!(all_entries(&home, "run:faulty").len(), 1);
    let made = all_entries(&at_server, "");
    assert_eq!(made.iter().filter(|entry| !entry["token"].is_null()).count(), 1);
}

#[test]
fn a_run_is_found_by_its_name_as_typed_and_knows_how_far_its_rows_went() {
    let home = Home::new();
    let list = file(&home, "cards.csv", "card[number],card[cvc]\n4242424242424242,123\n");
    let list = list.to_str().unwrap();
    let run = home.run(["run", "--name", "Nightly Smoke", "--step", "charge", list]);
    assert_eq!(run.exit, 0, "{run:?}");
    let resumed = home.run(["run", "--resume", "Nightly Smoke", list]);
    assert_eq!(resumed.exit, 0, "{resumed:?}");
    assert!(resumed.stderr.contains("0 rows are left of 1"), "{resumed:?}");
}

#[test]
fn a_run_is_renamed_and_deleted_by_its_number_and_its_entries_stay() {
    let home = Home::new();
    assert_eq!(home.run(["run", "--matrix", "card=tok_visa cvc=good,none", "--name", "nightly"]).exit, 0);
    assert_eq!(home.run(["run", "--matrix", "card=tok_visa", "--name", "nightly"]).exit, 0);
    let renamed = home.run(["runs", "rename", "1", "Of 4539578763621486 Smoke"]);
    assert_eq!((renamed.exit, &*renamed.stdout), (0, "the run 1 is called of-453957******1486-smoke\n"), "{renamed:?}");
    assert_eq!(all_entries(&home, "run:of-453957******1486-smoke").len(), 2);
    let deleted = home.run(["runs", "delete", "1"]);
    assert_eq!((deleted.exit, &*deleted.stdout), (0, "the run 1 is deleted; its entries stay in the history\n"));
    let listed = home.run(["runs"]).stdout;
    assert!(listed.starts_with("2  nightly") && listed.lines().count() == 1, "{listed}");
    assert_eq!(all_entries(&home, "").len(), 3);
    for args in [&["runs", "delete", "1"][..], &["runs", "rename", "7", "x"]] {
        let none = home.run(args.iter().copied());
        assert!(none.exit == 2 && none.stderr.contains("The history has no run of that number"), "{none:?}");
    }
    // Several runs may have one name.
    let by_name = home.run(["runs", "delete", "nightly"]);
    assert!(by_name.exit == 2 && by_name.stderr.contains("it is no number of a run"), "{by_name:?}");
    // One whose calls are made by somebody else stays.
    let store = Store::open(&StoreLocation::Folder(home.path().join("data")), Timestamp::UNIX_EPOCH).unwrap();
    store.take_run(RunId(2)).wait().unwrap();
    let in_use = home.run(["runs", "delete", "2"]);
    assert!(in_use.exit == 4 && in_use.stderr.contains("The run 2 is on its way"), "{in_use:?}");
    assert!(home.run(["runs"]).stdout.starts_with("2  nightly"));
}

#[test]
fn what_the_account_at_stripe_refused_last_is_said_before_the_next_run() {
    let (home, at_server) = (Home::new(), Home::new());
    let policies = ["--policy", "raw_card_data=off", "--policy", "card_tokens_on_charges=off"];
    let serving = Serving::start(&at_server, &policies);
    let url = format!("http://{}", serving.address);
    let run = |matrix: &str, more: &[&str]| {
        let args = ["run", "--matrix", matrix, "--target", "stripe", "--base-url", &url];
        home.run_with_key(KEY, args.into_iter().chain(more.iter().copied()))
    };
    let words =
        "This Stripe account does not accept raw card numbers, as its last answer to this profile says: it will refuse";
    let matrix = "card=4242424242424242 cvc=good,none,bad";
    let first = run(matrix, &["--preview"]);
    assert!(first.exit == 0 && !first.stdout.contains("refuse"), "nothing is known yet: {first:?}");
    assert!(run(matrix, &[]).stdout.contains("3 rows: 0 as expected"));
    let preview = run(matrix, &["--preview"]);
    // A short code is refused by itself, whatever the account says.
    assert!(
        preview.stdout.contains(&format!("{words} 2 rows\n")) && !preview.stdout.contains("takes card"),
        "{preview:?}"
    );
    assert!(run("card=4242424242424242", &[]).stderr.contains(&format!("{words} 1 row")));
    // What the local minter does is another matter.
    assert!(!home.run(["run", "--matrix", matrix, "--preview"]).stdout.contains("refuse"));
    drop(serving);
    let allowed = Serving::start(&at_server, &policies[2..]);
    let url = format!("http://{}", allowed.address);
    let args = ["run", "--matrix", matrix, "--target", "stripe", "--base-url", &url, "--step", "charge"];
    assert_eq!(home.run_with_key(KEY, args).exit, 1);
    let preview = home.run_with_key(KEY, args.into_iter().chain(["--preview"]));
    let words = "This Stripe account no longer takes card tokens here, as its last answer to this profile says: it will refuse 3";
    assert!(preview.stdout.contains(words) && !preview.stdout.contains("raw card numbers"), "{preview:?}");
}

#[test]
fn a_run_in_memory_leaves_nothing() {
    let home = Home::new();
    let mut command = home.command(["run", "--memory", "--matrix", "card=tok_visa", "--step", "attach"]);
    let run = finish(&mut command);
    assert_eq!((run.exit, run.stdout.as_str()), (0, "1 row: 1 as expected\n"), "{run:?}");
    assert!(home.files().is_empty());
}

#[test]
fn entries_are_made_again_by_their_names_or_by_a_search_and_what_is_not_kept_is_named() {
    let home = Home::new();
    for number in ["4000000000009995", PLANTED_NUMBER, "4242424242424242"] {
        assert_eq!(home.run(["mint", number, "--name", "Jenny"]).exit, 0);
    }
    let tokens: Vec<String> = home.history().iter().map(|entry| entry["token"].as_str().unwrap().to_owned()).collect();
    let charged = home.run(["run", "--step", "charge", "--again", &tokens[2], "--again", "3"]);
    assert!(charged.exit == 0 && charged.stdout.contains("2 rows: 2 as expected"), "{charged:?}");
    let rows = report(&home, "again")["rows"].clone();
    assert_eq!(
        (&rows[0]["card"], rows[1]["steps"].as_array().unwrap().len()),
        (&json!("4000 0000 0000 9995 Insufficient funds decline"), 2)
    );
    // Not all that was asked for was made.
    let found = home.run(["run", "--search", "Visa", "--name", "found"]);
    assert_eq!(found.exit, 1, "{found:?}");
    assert!(
        found.stderr.contains("Entry 2 (453957******1486) is left out: the number of its card was not kept"),
        "{found:?}"
    );
    assert!(found.stdout.contains("4 rows: 4 as expected"), "{found:?}");
    let none = home.run(["run", "--again", "2"]);
    assert!(none.exit == 2 && none.stderr.contains("None of these entries can be made again"), "{none:?}");
    let unknown = home.run(["run", "--search", "nothing"]);
    assert!(unknown.exit == 2 && unknown.stderr.contains("No entry of the history passes this search"), "{unknown:?}");
    // All that it sends is kept, so it goes on without the entries being named again.
    assert_eq!(home.run(["run", "--resume", "again"]).exit, 0);
}

#[test]
fn presets_of_the_user_are_run_by_name_and_by_tag() {
    let home = Home::new();
    fs::create_dir_all(home.path().join("config")).unwrap();
    let preset = |id: u64, name: &str, number: &str, tags: &[&str]| json!({"id": id, "name": name, "expects": null, "tags": tags, "draft": {"number": number, "has_cvc": true, "expiry": "1240"}});
    let presets = [
        preset(7, "Nightly run", "4242424242424242", &["smoke"]),
        preset(8, "Lost", "4000000000009987", &["smoke", "declines"]),
    ];
    let file = home.path().join("config/presets.json");
    fs::write(file, json!({"version": 1, "presets": presets}).to_string()).unwrap();
    for (asked, rows) in [
        (&["Nightly run"][..], "1 row: 1 as expected"),
        (&["#smoke"], "2 rows: 2 as expected"),
        (&["own:8", "made:invalid_cvc", "card:4242424242424242"], "3 rows: 3 as expected"),
    ] {
        let mut args = vec!["run", "--step", "charge"];
        args.extend(asked.iter().flat_map(|preset| ["--preset", preset]));
        let run = home.run(args);
        assert!(run.exit == 0 && run.stdout.contains(rows), "{asked:?}: {run:?}");
    }
    assert_eq!(all_entries(&home, "#declines").len(), 2);
    let list = self::file(&home, "own.csv", "preset,expect\nNightly run,\nLost,lost_card\nmade:invalid_cvc,\n");
    let run = home.run(["run", "--step", "charge", list.to_str().unwrap()]);
    assert!(run.exit == 0 && run.stdout.contains("3 rows: 3 as expected"), "{run:?}");
    let list = self::file(&home, "unknown.jsonl", "{\"preset\": \"Nightly run\"}\n{\"preset\": \"Nigthly run\"}\n");
    let run = home.run(["run", list.to_str().unwrap()]);
    let words = "line 2, column preset: there is no such preset. Write the name of one of your own as you saved it";
    assert!(run.exit == 2 && run.stderr.contains(words), "{run:?}");
    for (asked, words) in [
        ("#none", "There is no preset of your own for '#none'"),
        ("4539 5787 6362 1486", "There is no preset of your own for '4539 57** **** 1486'"),
        ("made:nothing", "there is no such preset"),
    ] {
        let run = home.run(["run", "--preset", asked]);
        assert!(run.exit == 2 && run.stderr.contains(words), "{run:?}");
    }
}
