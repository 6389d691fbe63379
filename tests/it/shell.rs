//! The window's frame: panes that fold, resize and become a drawer, the keys that lead through it, and what is kept of
//! it.

use std::{fs, path::Path};

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tempfile::TempDir;
use testcard::{
    domain::settings::layout::{WindowLayout, WindowPlace},
    settings::{load_layout, save_layout},
    ui::shortcuts::KEY_BINDINGS,
};

use crate::support::{
    hands::{click, focused, play, press, says, value},
    window::{Bench, Window, ctrl, rows, wait, wait_for},
};

/// Makes a token of the card that works.
fn make(window: &mut Window) {
    let before = rows(window).len();
    ctrl(window, Key::Enter);
    wait(window, "the row", |window| rows(window).len() > before);
}

const FORM: &str = "Width of the form";
const INSPECTOR: &str = "Width of the inspector";

#[track_caller]
fn width_of(window: &Window, splitter: &str) -> f64 {
    window.get_by_role_and_label(Role::Splitter, splitter).accesskit_node().numeric_value().unwrap()
}

#[test]
fn a_small_window_shows_the_inspector_as_a_drawer_that_esc_closes() {
    let mut window = Bench { size: [900.0, 600.0], ..Bench::new() }.open();
    make(&mut window);
    assert!(!says(&window, "Copy id"), "the drawer stays closed while somebody types");
    ctrl(&mut window, Key::Num2);
    play(&mut window, "↵");
    wait_for(&mut window, "Copy id");
    assert_eq!(focused(&window).as_deref(), Some("Inspector"));
    play(&mut window, "⎋");
    assert!(!says(&window, "Copy id"));
    assert_eq!(focused(&window).as_deref(), Some("History"));
    // The pointer opens it as well, and the focus stays.
    window.get_all_by_role(Role::Row).next().unwrap().click();
    window.run_ok();
    assert!(says(&window, "Copy id"));
    click(&mut window, Role::Button, "Close the inspector");
    assert!(!says(&window, "Copy id"));
}

#[test]
fn panes_fold_by_a_key_and_come_back_when_something_leads_there() {
    let mut window = Bench::new().open();
    make(&mut window);
    for (fold, go, words) in [(Key::B, Key::Num1, "New token"), (Key::J, Key::Num3, "Copy id")] {
        assert!(says(&window, words));
        ctrl(&mut window, fold);
        assert!(!says(&window, words), "{words}");
        ctrl(&mut window, go);
        assert!(says(&window, words), "{words}");
    }
    ctrl(&mut window, Key::B);
    ctrl(&mut window, Key::L);
    window.run_ok();
    assert_eq!(focused(&window).as_deref(), Some("Card number"));
}

#[test]
fn f6_goes_round_the_panes_both_ways() {
    let mut window = Bench::new().open();
    make(&mut window);
    ctrl(&mut window, Key::L);
    let mut stops = Vec::new();
    for modifiers in [Modifiers::NONE, Modifiers::NONE, Modifiers::NONE, Modifiers::SHIFT, Modifiers::SHIFT] {
        press(&mut window, modifiers, Key::F6);
        stops.push(focused(&window).unwrap_or_default());
    }
    assert_eq!(stops, ["History", "Inspector", "Card number", "Inspector", "History"]);
    ctrl(&mut window, Key::Num4);
    assert_eq!(focused(&window).as_deref(), Some("Requests"));
}

#[test]
fn a_pane_is_made_wider_by_the_arrow_keys_within_its_bounds() {
    let mut window = Bench::new().open();
    let before = width_of(&window, FORM);
    window.get_by_role_and_label(Role::Splitter, FORM).focus();
    window.run_ok();
    play(&mut window, "→→→←");
    assert!((width_of(&window, FORM) - before - 32.0).abs() < 0.5);
    for _ in 0..60 {
        window.key_press(Key::ArrowRight);
    }
    window.run_ok();
    let node = window.get_by_role_and_label(Role::Splitter, FORM);
    assert_eq!(node.accesskit_node().numeric_value(), node.accesskit_node().max_numeric_value());
    let before = width_of(&window, INSPECTOR);
    window.get_by_role_and_label(Role::Splitter, INSPECTOR).focus();
    window.run_ok();
    play(&mut window, "←");
    assert!((width_of(&window, INSPECTOR) - before - 16.0).abs() < 0.5, "it grows to the left");
}

/// On macOS the same key is called Cmd: only the table knows.
#[test]
fn no_key_is_written_down_beside_the_table_of_keys() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui")];
    folders.push(folders[0].with_file_name("app"));
    let mut literals = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("ui/shortcuts.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                literals.extend(code.filter(|line| line.contains("Ctrl")).map(str::to_owned));
            }
        }
    }
    assert!(literals.is_empty(), "{literals:#?}");
}

#[test]
fn the_list_of_keys_has_every_one_of_them() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::Slash);
    for shortcut in KEY_BINDINGS {
        assert!(says(&window, shortcut.name.trim_end_matches('…')), "{}", shortcut.name);
        assert!(window.query_all_by_label(&shortcut.written()).next().is_some(), "{}", shortcut.written());
    }
    play(&mut window, "⎋");
    assert!(!says(&window, "Go to the previous pane"));
}

#[test]
fn the_panes_are_as_they_were_left_at_the_next_start() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("config").join("window.json");
    let mut window = Bench { layout_file: Some(file.clone()), ..Bench::new() }.open();
    window.get_by_role_and_label(Role::Splitter, FORM).focus();
    window.run_ok();
    play(&mut window, "→→");
    ctrl(&mut window, Key::J);
    let width = width_of(&window, FORM);
    drop(window);
    let layout = load_layout(&file);
    assert!(!layout.inspector_is_open);
    let window = Bench { layout, ..Bench::new() }.open();
    assert!((width_of(&window, FORM) - width).abs() < 0.5);
    assert!(window.query_by_role_and_label(Role::Splitter, INSPECTOR).is_none());
}

#[test]
fn how_the_window_was_left_is_read_again_and_nothing_else_is() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("window.json");
    let place = WindowPlace { corner: Some([40.0, 50.0]), size: [1500.0, 900.0], is_maximized: true };
    let layout = WindowLayout {
        form_width: 333.0,
        inspector_width: Some(500.0),
        form_is_open: false,
        inspector_is_open: true,
        window: Some(place),
    };
    save_layout(&file, &layout).unwrap();
    assert_eq!(load_layout(&file), layout);
    for text in ["", "{", "[]", "{\"version\":2}", "{\"version\":1}"] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(load_layout(&file), WindowLayout::default(), "{text}");
    }
}

#[test]
fn keys_for_a_dialog_do_nothing_to_the_history_below_it() {
    let mut window = Bench::new().open();
    make(&mut window);
    ctrl(&mut window, Key::Num2);
    for dialog in [Key::Slash, Key::Comma, Key::K] {
        ctrl(&mut window, dialog);
        play(&mut window, "⌦");
        play(&mut window, "⎋");
        assert_eq!(rows(&window).len(), 1, "{dialog:?}");
    }
    play(&mut window, "⌦");
    wait(&mut window, "the deletion", |window| rows(window).is_empty());
}

#[test]
fn a_token_pays_a_charge_or_an_intent() {
    let mut window = Bench::new().open();
    make(&mut window);
    click(&mut window, Role::Button, "Charge…");
    click(&mut window, Role::RadioButton, "Payment intent");
    click(&mut window, Role::Button, "Create and confirm");
    wait_for(&mut window, "The token was used by pi_");
    assert!(rows(&window)[0].starts_with("Used"), "{:?}", rows(&window));
}

#[test]
fn enter_on_the_way_out_of_a_dialog_does_not_do_what_the_dialog_is_for() {
    let mut window = Bench::new().open();
    make(&mut window);
    click(&mut window, Role::Button, "Charge…");
    window.get_by_role_and_label(Role::Button, "Close the dialog").focus();
    window.run_ok();
    play(&mut window, "↵");
    assert!(!says(&window, "Charge the token"));
    assert!(rows(&window)[0].starts_with("Unused"));
}

#[test]
fn a_note_that_is_being_written_is_not_thrown_away_by_its_own_key() {
    let mut window = Bench::new().open();
    make(&mut window);
    ctrl(&mut window, Key::Num2);
    window.key_press(Key::F2);
    window.run_ok();
    play(&mut window, "precious");
    window.key_press(Key::F2);
    window.run_ok();
    assert_eq!(value(&window, "Note"), "precious");
}

#[test]
fn a_call_that_cannot_be_made_is_told_also_with_the_form_folded() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::B);
    ctrl(&mut window, Key::T);
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "There is no API key yet");
    assert!(says(&window, "New token"), "the form that it is told in is there again");
}

#[test]
fn esc_in_a_field_of_the_drawer_leaves_the_field_and_not_the_drawer() {
    let mut window = Bench { size: [900.0, 600.0], ..Bench::new() }.open();
    make(&mut window);
    ctrl(&mut window, Key::Num3);
    wait_for(&mut window, "Search the answer");
    window.get_by_role_and_label(Role::SearchInput, "Search the answer").focus();
    window.run_ok();
    play(&mut window, "visa⎋");
    assert!(says(&window, "Copy id"), "the drawer stays");
    ctrl(&mut window, Key::Num3);
    play(&mut window, "⎋");
    assert!(!says(&window, "Copy id"));
}
