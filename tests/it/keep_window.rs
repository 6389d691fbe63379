//! Retention in the window: what would go is counted, what goes leaves the list, and rules are kept and followed.

use egui::{Key, Modifiers, Role};
use tempfile::TempDir;
use testcard::{
    domain::settings::retention::{RetentionBound, RetentionScope},
    settings,
};

use crate::support::{
    hands::{click, input, play, press, says},
    window::{Bench, Window, ctrl, make, rows, wait, wait_for},
};

const CARDS: [&str; 3] = ["4242424242424242", "5555555555554444", "4000000000009995"];

fn open_dialog(window: &mut Window) {
    ctrl(window, Key::K);
    play(window, "Remove old entries");
    press(window, Modifiers::NONE, Key::Enter);
    assert!(says(window, "Keep less of the history"));
}

fn type_number(window: &mut Window, number: &str) {
    input(window, "How many").focus();
    window.run_ok();
    play(window, &format!("⬚{number}"));
}

#[test]
fn what_would_go_is_counted_and_what_goes_leaves_the_list() {
    let mut window = Bench::new().open();
    make(&mut window, &CARDS);
    open_dialog(&mut window);
    type_number(&mut window, "many");
    assert!(says(&window, "Write a number from 0 to 1,000,000,000"));
    type_number(&mut window, "1");
    click(&mut window, Role::Button, "Show what would go");
    wait_for(&mut window, "2 entries would go, made from");
    // Another number has another answer.
    type_number(&mut window, "2");
    assert!(!says(&window, "2 entries would go"));
    press(&mut window, Modifiers::NONE, Key::Enter);
    wait_for(&mut window, "1 entry would go, made from");
    type_number(&mut window, "1");
    click(&mut window, Role::Button, "Show what would go");
    wait_for(&mut window, "2 entries would go");
    click(&mut window, Role::Button, "Remove 2 entries for good");
    wait_for(&mut window, "2 entries removed for good");
    wait(&mut window, "the list", |window| rows(window).len() == 1);
}

#[test]
fn a_rule_is_kept_and_followed_at_the_next_start() {
    let folder = TempDir::new().unwrap();
    let settings_file = folder.path().join("settings/settings.json");
    let bench = || Bench {
        folder: Some(folder.path().join("data")),
        settings_file: Some(settings_file.clone()),
        settings: settings::load(&settings_file).0,
        ..Bench::new()
    };
    let mut window = bench().open();
    make(&mut window, &CARDS);
    open_dialog(&mut window);
    type_number(&mut window, "1");
    click(&mut window, Role::Button, "Keep it as a rule");
    click(&mut window, Role::CheckBox, "Follow the rules at the start of the window and once a day");
    wait(&mut window, "the settings", |_| {
        let retention = settings::load(&settings_file).0.retention;
        retention.is_automatic && retention.bound_of(RetentionScope::Everything) == Some(RetentionBound::Last(1))
    });
    assert_eq!(rows(&window).len(), 3, "nothing went yet");
    drop(window);
    let mut window = bench().open();
    wait_for(&mut window, "2 entries went by the rules of what is kept");
    wait(&mut window, "the list", |window| rows(window).len() == 1);
    open_dialog(&mut window);
    click(&mut window, Role::Button, "Drop the rule for The whole history");
    wait(&mut window, "the settings", |_| settings::load(&settings_file).0.retention.rules().is_empty());
}

#[test]
fn the_settings_have_the_same_rules_as_the_dialog() {
    let folder = TempDir::new().unwrap();
    let settings_file = folder.path().join("settings.json");
    let bench = Bench { settings_file: Some(settings_file.clone()), ..Bench::new() };
    let mut window = bench.open();
    let rules = || settings::load(&settings_file).0.retention;
    ctrl(&mut window, Key::Comma);
    click(&mut window, Role::Tab, "Files");
    type_number(&mut window, "many");
    assert!(says(&window, "Write a number from 0 to 1,000,000,000"));
    type_number(&mut window, "500");
    click(&mut window, Role::Button, "Keep it as a rule");
    assert!(says(&window, "The whole history: the last 500 entries"));
    click(&mut window, Role::CheckBox, "Follow the rules at the start of the window and once a day");
    assert!(rules().rules().is_empty(), "nothing is kept before it is saved");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the settings", |_| {
        rules().is_automatic && rules().bound_of(RetentionScope::Everything) == Some(RetentionBound::Last(500))
    });
    wait_for(&mut window, "Settings saved");
    // The dialog has it, and what it drops the settings have no more.
    open_dialog(&mut window);
    assert!(says(&window, "The whole history: the last 500 entries"));
    click(&mut window, Role::Button, "Drop the rule for The whole history");
    wait(&mut window, "the settings", |_| rules().rules().is_empty());
    press(&mut window, Modifiers::NONE, Key::Escape);
    ctrl(&mut window, Key::Comma);
    click(&mut window, Role::Tab, "Files");
    assert!(!says(&window, "The whole history: the last 500 entries"));
}
