//! The whole window over its real background: from what is typed to the history, the inspector and the file.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use egui::{Key, Modifiers, Role, ViewportId};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    hands::{click, focused, input, message, play, says, value},
    http::{Server, header_of, reply, silent_server},
    program::Home,
    window::{Bench, NUMBER, Window, copied, ctrl, make, rows, type_card, wait, wait_for},
};

#[test]
fn a_card_is_typed_sent_seen_and_found_again_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let bench = Bench { folder: Some(folder.path().join("data")), ..Bench::new() };
    let mut window = bench.open();
    wait_for(&mut window, "No tokens yet");
    type_card(&mut window, "4000000000009995");
    assert_eq!(focused(&window).as_deref(), Some("Name on card"), "each completed field handed the focus on");
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "Token created, id copied");
    let made = rows(&window);
    assert_eq!(made.len(), 1);
    assert!(made[0].starts_with("Unused tok_1") && made[0].contains(" Visa •••• 9995 Local"), "{made:?}");
    // The inspector has the answer, a line a field.
    wait_for(&mut window, "fingerprint");
    drop(window);

    let mut again = bench.open();
    wait(&mut again, "the row", |window| !rows(window).is_empty());
    assert_eq!(rows(&again), made);
}

#[test]
fn an_error_lands_on_the_field_that_it_names() {
    let mut window = Bench::new().open();
    type_card(&mut window, "4242424242424241");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the failed row", |window| rows(window).iter().any(|row| row.contains("incorrect_number")));
    wait(&mut window, "the message", |window| message(window, NUMBER) == "✗ Your card number is incorrect.");
    assert_eq!(focused(&window).as_deref(), Some(NUMBER));
    // It is past as soon as the number is another one.
    play(&mut window, "⌫");
    assert_ne!(message(&window, NUMBER), "✗ Your card number is incorrect.");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stripe_says_against_a_field_that_looked_right_stands_there_too() {
    let body = r#"{"error": {"type": "card_error", "code": "invalid_expiry_year", "param": "exp_year", "message": "Not that year."}}"#;
    let server = Server::start(vec![reply(402, body)]).await;
    let mut window = Bench::stripe(&server.url()).open();
    type_card(&mut window, "4242424242424242");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the message", |window| message(window, "Expiry") == "✗ Not that year.");
    assert_eq!(focused(&window).as_deref(), Some("Expiry"));
    assert!(rows(&window)[0].contains("invalid_expiry_year"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_raw_numbers_is_explained_and_the_ready_token_offered() {
    let body = r#"{"error": {"type": "invalid_request_error", "message": "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest …"}}"#;
    let server = Server::start(vec![reply(402, body)]).await;
    let mut window = Bench::stripe(&server.url()).open();
    type_card(&mut window, "4242424242424242");
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "This Stripe account does not accept raw card numbers");
    let offered = window.query_all_by_role_and_label(Role::Button, "Copy tok_visa").count();
    assert_eq!(offered, 2, "in the form and in the inspector");
    let texts = copied(&mut window, |window| {
        window.query_all_by_role_and_label(Role::Button, "Copy tok_visa").next().unwrap().click();
    });
    assert_eq!(texts, ["tok_visa"]);
}

#[test]
fn a_refused_connection_is_a_failed_row_and_a_plain_sentence() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut window = Bench::stripe(&format!("http://127.0.0.1:{port}")).open();
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "the connection was refused");
    assert!(rows(&window)[0].starts_with("Failed connection_refused"), "{:?}", rows(&window));
}

#[test]
fn without_a_key_nothing_is_sent_and_the_window_says_what_to_do() {
    let mut window = Bench { key: None, ..Bench::stripe("http://127.0.0.1:9") }.open();
    wait_for(&mut window, "No API key");
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "There is no API key yet");
    assert!(rows(&window).is_empty());
}

#[test]
fn a_call_on_its_way_is_cancelled_and_asked_again_with_its_key() {
    let (url, heads) = silent_server();
    let mut window = Bench::stripe(&url).open();
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the pending row", |window| rows(window).iter().any(|row| row.starts_with("Pending")));
    wait(&mut window, "the call", |_| heads.lock().unwrap().len() == 1);
    wait(&mut window, "Cancel", |window| window.query_by_role_and_label(Role::Button, "Cancel").is_some());
    click(&mut window, Role::Button, "Cancel");
    wait(&mut window, "the unknown row", |window| rows(window).iter().any(|row| row.starts_with("Unknown")));
    wait(&mut window, "Ask again", |window| window.query_by_role_and_label(Role::Button, "Ask again").is_some());
    click(&mut window, Role::Button, "Ask again");
    wait(&mut window, "the second call", |_| heads.lock().unwrap().len() == 2);
    let keys: Vec<String> = heads.lock().unwrap().iter().map(|head| header_of(head, "idempotency-key")).collect();
    assert!(!keys[0].is_empty() && keys[0] == keys[1], "{keys:?}");
    wait(&mut window, "one row", |window| rows(window).len() == 1 && rows(window)[0].starts_with("Pending"));

    // Closing does not wait for it.
    let started = Instant::now();
    drop(window);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

fn exported(path: &Path) -> usize {
    let export: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!((export["format"].as_str(), export["version"].as_i64()), (Some("testcard"), Some(1)));
    export["entries"].as_array().unwrap().len()
}

#[test]
fn the_history_is_exported_by_a_typed_path_and_no_file_is_harmed() {
    let folder = TempDir::new().unwrap();
    let mut window = Bench { export_folder: folder.path().to_owned(), ..Bench::new() }.open();
    make(&mut window, &["4242424242424242", "4242424242424241", "5555555555554444"]);
    input(&window, "Expiry").focus();
    window.run_ok();
    ctrl(&mut window, Key::S);
    assert!(
        value(&window, "File").contains("testcard-")
            && value(&window, "File").starts_with(folder.path().to_str().unwrap())
    );
    let path = folder.path().join("all.json");
    play(&mut window, &format!("⬚{}", path.display()));
    click(&mut window, Role::Button, "Export");
    wait_for(&mut window, "3 entries exported to");
    assert_eq!(exported(&path), 3);
    assert_eq!(focused(&window).as_deref(), Some("Expiry"), "the focus is where it was");

    // What the filter shows, over a file that is there.
    click(&mut window, Role::Button, "Failed 1");
    wait(&mut window, "the filter", |window| rows(window).len() == 1);
    ctrl(&mut window, Key::S);
    play(&mut window, &format!("⬚{}", path.display()));
    click(&mut window, Role::Button, "Export");
    wait_for(&mut window, "Replace all.json?");
    assert_eq!(exported(&path), 3, "nothing was touched");
    click(&mut window, Role::Button, "Keep it");
    assert!(!says(&window, "Replace all.json?"));
    click(&mut window, Role::Button, "Export");
    wait_for(&mut window, "Replace all.json?");
    click(&mut window, Role::Button, "Replace it");
    wait_for(&mut window, "1 entry exported to");
    assert_eq!(exported(&path), 1);

    // A folder that is not there.
    ctrl(&mut window, Key::S);
    input(&window, "File").focus();
    window.run_ok();
    play(&mut window, "⬚/nowhere/at/all.json");
    click(&mut window, Role::Button, "Export");
    wait_for(&mut window, "there is no folder /nowhere/at");
    // Leaving the dialog asks before the path is lost, and loses nothing of what was exported.
    window.key_press(Key::Escape);
    window.run_ok();
    assert_eq!(focused(&window).as_deref(), Some("Keep editing"));
    click(&mut window, Role::Button, "Discard");
    assert!(window.query_by_label("File").is_none());
    assert_eq!((rows(&window).len(), exported(&path)), (1, 1));
}

#[test]
fn a_desktop_without_a_file_dialog_is_told_of_and_one_with_it_fills_the_path() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::S);
    let before = value(&window, "File");
    click(&mut window, Role::Button, "Browse…");
    wait_for(&mut window, "This desktop has no file dialog");
    assert_eq!(value(&window, "File"), before);

    let mut window = Bench { picked: Some(PathBuf::from("/chosen/by/hand.json")), ..Bench::new() }.open();
    ctrl(&mut window, Key::S);
    click(&mut window, Role::Button, "Browse…");
    wait(&mut window, "the path", |window| value(window, "File") == "/chosen/by/hand.json");
}

#[test]
fn search_and_chips_show_what_is_asked_for() {
    let mut window = Bench::new().open();
    make(&mut window, &["4242424242424242", "4242424242424241", "5555555555554444"]);
    ctrl(&mut window, Key::F);
    play(&mut window, "mastercard");
    wait(&mut window, "the search", |window| rows(window).len() == 1);
    assert!(rows(&window)[0].contains("Mastercard •••• 4444"));
    play(&mut window, "⬚nothing like it");
    wait_for(&mut window, "Nothing matches");
    click(&mut window, Role::Button, "Show all");
    wait(&mut window, "all rows", |window| rows(window).len() == 3);
    click(&mut window, Role::Button, "Unused 2");
    wait(&mut window, "the unused", |window| rows(window).len() == 2);
    click(&mut window, Role::Button, "Stripe");
    wait_for(&mut window, "Nothing matches");
}

#[test]
fn a_card_comes_back_and_an_id_is_copied_by_one_key() {
    let mut window = Bench::new().open();
    make(&mut window, &["4000000000009995"]);
    wait_for(&mut window, "fingerprint");
    ctrl(&mut window, Key::N);
    assert_eq!(value(&window, NUMBER), "");
    ctrl(&mut window, Key::D);
    wait(&mut window, "the card", |window| value(window, NUMBER) == "4000 0000 0000 9995");
    let id = rows(&window)[0].split(' ').nth(1).unwrap().to_owned();
    let texts = copied(&mut window, |window| {
        window.key_press_modifiers(Modifiers::COMMAND, Key::I);
    });
    assert_eq!(texts, [id]);
}

#[test]
fn a_live_key_is_refused_in_words() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::Comma);
    let key = || window.get_by(|node| node.role() == Role::PasswordInput);
    key().focus();
    window.run_ok();
    play(&mut window, "sk_live_abcdef");
    let told = |window: &Window| {
        let key = window.get_by(|node| node.role() == Role::PasswordInput);
        key.accesskit_node().description().unwrap_or_default()
    };
    assert!(told(&window).contains("This is a live key"), "{:?}", told(&window));
}

#[test]
fn a_window_at_rest_asks_for_no_frame() {
    let mut window = Bench::new().open();
    // The caret of a focused field blinks: that is counted apart.
    window.get_by_label("No tokens yet").click();
    window.run_ok();
    window.ctx.memory_mut(|memory| {
        if let Some(id) = memory.focused() {
            memory.surrender_focus(id);
        }
    });
    for _ in 0..10 {
        window.step();
    }
    for _ in 0..10 {
        window.step();
        let delay = window.output().viewport_output[&ViewportId::ROOT].repaint_delay;
        assert_eq!(delay, Duration::MAX, "{:?}", window.ctx.repaint_causes());
    }
}

#[test]
fn ten_thousand_entries_draw_no_more_rows_than_fit() {
    let home = Home::new();
    let run = home.run(["mint", "--count", "10000"]);
    assert_eq!(run.exit, 0, "{}", run.stderr);
    let mut window = Bench { folder: Some(home.path().join("data")), ..Bench::new() }.open();
    wait(&mut window, "the rows", |window| rows(window).len() > 10);
    assert!(rows(&window).len() < 40, "{}", rows(&window).len());
    assert!(says(&window, "10,000"));
    // The last row is one key away, and is loaded when it is seen.
    ctrl(&mut window, Key::Num2);
    window.key_press(Key::End);
    let first: String = run.stdout.lines().next().unwrap().to_owned();
    wait(&mut window, "the oldest row", |window| rows(window).last().is_some_and(|row| row.contains(&first)));
    assert!(rows(&window).len() < 40);
}

/// At the sizes that small laptops have, without the title bar of a desktop.
#[test]
fn the_answer_has_twenty_lines_on_a_small_screen() {
    for (size, least) in [([1280.0, 760.0], 20), ([1280.0, 800.0], 20), ([1366.0, 748.0], 19), ([900.0, 600.0], 11)] {
        let mut window = Bench { size, ..Bench::new() }.open();
        ctrl(&mut window, Key::Enter);
        wait(&mut window, "the row", |window| rows(window).len() == 1);
        if size[0] < 1000.0 {
            ctrl(&mut window, Key::Num3);
        }
        wait(&mut window, "the answer", |window| window.query_by_role(Role::Tree).is_some());
        let whole = window.get_by_role(Role::Tree).rect();
        let is_seen = |row: &egui_kittest::Node<'_>| whole.contains_rect(row.rect().shrink(1.0));
        let lines = window.query_all_by_role(Role::TreeItem).filter(is_seen).count();
        assert!(lines >= least, "{lines} at {size:?}");
        // One row of buttons, whatever its width: the rest is in a menu.
        let tops: Vec<f32> = window
            .query_all_by_role(Role::Button)
            .filter(|button| {
                let label = button.accesskit_node().label().unwrap_or_default();
                ["Copy id", "Charge…", "Attach…", "Check", "Reuse", "More"].contains(&label.as_str())
            })
            .map(|button| button.rect().center().y)
            .collect();
        assert!(tops.len() >= 2 && tops.iter().all(|top| (top - tops[0]).abs() < 1.0), "{tops:?} at {size:?}");
        click(&mut window, Role::Button, "More");
        click(&mut window, Role::Button, "Reuse");
        wait(&mut window, "the card", |window| value(window, NUMBER) == "4242 4242 4242 4242");
    }
}
