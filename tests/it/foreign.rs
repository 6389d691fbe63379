//! Text of others: an API that answers anything, and a history that holds anything. It is kept as it came, and what a
//! person sees of it does nothing and has bounds.

use egui::{Key, Role, Shape};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::{Value, json};
use testcard::domain::foreign::acts;

use crate::support::{
    hands::click,
    http::{Server, reply},
    program::{Home, Run},
    window::{Bench, Window, ctrl, rows, type_card, wait},
};

const KEY: &str = "sk_test_foreign";
/// More than a field of a text may be wide in Rust.
const LONG: usize = 70_000;
/// No text of the window is longer.
const MOST_SHOWN: usize = 21_000;

/// Moves a terminal's cursor, clears it, turns the direction, and pretends to be another line.
const NASTY: &str = "\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{7f}\n\u{200f}\u{2028}x";

fn nasty_id(prefix: &str) -> String {
    format!("{prefix}{NASTY}{}", "9a".repeat(LONG / 2))
}

fn token() -> Value {
    json!({ "id": nasty_id("tok_"), "object": "token", "used": false, "created": 1_900_000_000_i64, NASTY: NASTY,
        "card": { "brand": format!("Visa{NASTY}"), "last4": NASTY, "exp_year": -1, "exp_month": 99 } })
}

fn declined() -> Value {
    json!({ "error": { "type": "card_error", "code": nasty_id("code"), "decline_code": NASTY, "param": NASTY,
        "message": format!("Declined{NASTY}{}", "m".repeat(LONG)) } })
}

/// What a run wrote does nothing to the terminal, but for the ends of lines.
#[track_caller]
fn check_harmless(name: &str, run: &Run) {
    for stream in [&run.stdout, &run.stderr] {
        let acting = stream.chars().find(|c| acts(*c) && *c != '\n');
        assert_eq!(acting, None, "{name}");
        assert!(!stream.contains("panicked") && !stream.contains("fault of Testcard"), "{name}: {}", run.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_any_content_does_nothing_to_a_terminal() {
    let server = Server::start(vec![reply(200, token().to_string()), reply(402, declined().to_string())]).await;
    let (url, home) = (server.url(), Home::new());
    let stripe = ["--target", "stripe", "--base-url", &url];
    let (id, other) = (nasty_id("tok_"), nasty_id("ch_"));
    for nth in 0..2 {
        let minted = home.run_with_key(KEY, ["mint"].into_iter().chain(stripe));
        check_harmless("mint", &minted);
        assert_eq!(minted.exit, nth, "{}", minted.stderr);
        assert!(
            minted.stdout.contains("\\u{1b}[2J") && minted.stdout.lines().count() == 1 && minted.stdout.len() < 9000
        );
    }
    for args in [
        &["mint", "--format", "json"][..],
        &["mint", "--format", "jsonl", "--count", "2"],
        &["mint", "--format", "json", "--count", "2"],
        &["token", "tok_1"],
        &["token", "tok_1", "--format", "json"],
        &["charge", "tok_1"],
        &["charge", "tok_1", "--format", "json"],
        &["attach", "tok_1", "--customer", "cus_1"],
        &["refresh", "--all"],
    ] {
        let run = home.run_with_key(KEY, args.iter().copied().chain(stripe));
        check_harmless(&args.join(" "), &run);
        assert_eq!(run.exit, 1, "{args:?}: {}", run.stderr);
    }
    let server = Server::start(vec![reply(200, token().to_string())]).await;
    let url = server.url();
    let whole = home.run_with_key(KEY, ["mint", "--format", "json", "--target", "stripe", "--base-url", &url]);
    assert_eq!(serde_json::from_str::<Value>(&whole.stdout).unwrap(), token(), "the same value");
    for args in [
        &["history"][..],
        &["history", "--format", "json"],
        &["history", "--format", "jsonl"],
        &["-v", "history"],
        &["snippet"],
        &["snippet", "--lang", "python"],
        &["note", &other, "text"],
        &["tag", &other, "text"],
        &["refresh", &other],
        &["token", &other],
        &["export", &id[..200], "--tag", NASTY],
        &["mint", NASTY],
        &["cards", NASTY],
        &[NASTY],
    ] {
        check_harmless(&args.join(" "), &home.run(args.iter().copied()));
    }
    let table = home.run(["history"]);
    assert_eq!((table.exit, table.stdout.lines().count()), (0, home.history().len()), "{}", table.stderr);
    assert!(table.stdout.lines().all(|line| line.chars().count() < 800), "no cell is wider than an id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_that_is_not_what_was_asked_for_is_no_success() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (body, exit, words) in [
        ("[]", 1, "no "),
        ("{}", 1, "no "),
        ("null", 1, "no "),
        ("\"ch_1\"", 1, "no "),
        ("[{\"object\": \"charge\", \"id\": \"ch_1\"}]", 1, "no "),
        ("{\"object\": \"charge\"}", 1, "no "),
        ("{\"object\": \"charge\", \"id\": 7}", 1, "no "),
        ("{\"object\": \"list\", \"id\": \"x\"}", 1, "no "),
        ("{\"error\": []}", 1, "no "),
        // JSON of any depth is JSON, and shown as such.
        (&*deep, 1, "no "),
        ("<html>", 3, "not JSON"),
        ("", 3, "not JSON"),
    ] {
        let server = Server::start(vec![reply(200, body)]).await;
        let (url, home) = (server.url(), Home::new());
        for command in [
            &["charge", "tok_1"][..],
            &["attach", "tok_1"],
            &["attach", "tok_1", "--customer", "cus_1"],
            &["mint"],
            &["token", "tok_1"],
        ] {
            let args = command.iter().copied().chain(["--target", "stripe", "--base-url", &url]);
            let run = home.run_with_key(KEY, args);
            assert_eq!(run.exit, exit, "{command:?} {}: {run:?}", &body[..body.len().min(40)]);
            assert!(format!("{}{}", run.stdout, run.stderr).contains(words), "{command:?}: {run:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_not_used_up_by_an_answer_that_names_no_object() {
    let token = r#"{"id": "tok_1", "object": "token", "used": false}"#;
    let server = Server::start(vec![reply(200, token), reply(200, "{}")]).await;
    let (url, home) = (server.url(), Home::new());
    let stripe = ["--target", "stripe", "--base-url", &url];
    assert_eq!(home.run_with_key(KEY, ["mint"].into_iter().chain(stripe)).exit, 0);
    assert_eq!(home.run_with_key(KEY, ["charge", "tok_1"].into_iter().chain(stripe)).exit, 1);
    assert_eq!(home.history()[0]["status"], "unused");
}

// ---- the window ----------------------------------------------------------------------------------------------------

/// Every text that the last frame painted.
fn painted(window: &Window) -> Vec<String> {
    fn collect(shape: &Shape, texts: &mut Vec<String>) {
        match shape {
            Shape::Text(text) => texts.push(text.galley.text().to_owned()),
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, texts)),
            _ => {}
        }
    }
    let mut texts = Vec::new();
    window.output().shapes.iter().for_each(|clipped| collect(&clipped.shape, &mut texts));
    texts
}

#[track_caller]
fn check_screen(window: &Window, screen: &str) {
    let painted = painted(window);
    assert!(painted.len() > 10, "{screen}: nothing is painted");
    let said = window.query_all_by(|_| true).filter_map(|node| {
        let node = node.accesskit_node();
        node.label().or(node.value())
    });
    let mut signs = 0;
    for text in painted.into_iter().chain(said) {
        let acting = text.chars().find(|c| acts(*c) && !matches!(c, '\n' | '\t'));
        assert_eq!(acting, None, "{screen}: {}", text.chars().take(200).collect::<String>());
        let count = text.chars().count();
        assert!(count <= MOST_SHOWN, "{screen}: a text of {count} signs");
        signs += count;
    }
    assert!(signs < 10 * MOST_SHOWN, "{screen}: {signs} signs in one frame");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_any_content_is_shown_harmlessly_in_the_window() {
    let mut large = token();
    large["large"] = json!([NASTY, "y".repeat(10 << 20), { "z".repeat(1 << 20): 1 }]);
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let not_json = format!("<html>{NASTY}{}", "w".repeat(1 << 20));
    let server = Server::start(vec![
        reply(200, token().to_string()),
        reply(402, declined().to_string()),
        reply(200, large.to_string()),
        reply(200, deep),
        reply(200, not_json),
    ])
    .await;
    let mut window = Bench::stripe(&server.url()).open();
    type_card(&mut window, "4242424242424242");
    for screen in ["a token", "a decline", "a large answer", "a deep answer", "no JSON"] {
        let before = rows(&window).len();
        ctrl(&mut window, Key::Enter);
        wait(&mut window, "the row", |window| rows(window).len() > before && !rows(window)[0].starts_with("Pending"));
        check_screen(&window, screen);
        for tab in ["Summary", "Response", "Request", "Code", "Timeline"] {
            click(&mut window, Role::Tab, tab);
            wait(&mut window, "the answer", |window| window.query_by_label_contains("Reading ").is_none());
            check_screen(&window, &format!("{tab} of {screen}"));
        }
    }
    ctrl(&mut window, Key::Num4);
    check_screen(&window, "requests");
    ctrl(&mut window, Key::K);
    check_screen(&window, "palette");
}
