//! Keys that lead to a filled field mark what is in it, so that typing replaces it. A click does not.

use egui::{Key, Modifiers, PointerButton, Role};
use egui_kittest::kittest::Queryable as _;

use crate::support::{
    hands::{click, click_at, focus, focused, input, play, press, says, value},
    window::{Bench, Window, ctrl, rows, type_card, wait, wait_for},
};

const NUMBER: &str = "Card number";
const HISTORY: &str = "Search id, card, note, #tag";
const ANSWER: &str = "Search the answer";

fn searched(window: &Window, name: &str) -> String {
    window.get_by_role_and_label(Role::SearchInput, name).value().unwrap_or_default()
}

/// A window with one token of the card that works, which is in the inspector.
fn with_token() -> Window {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the row", |window| rows(window).len() == 1);
    wait_for(&mut window, "fingerprint");
    window
}

#[test]
fn the_keys_of_the_window_mark_what_they_lead_to() {
    let mut window = with_token();
    ctrl(&mut window, Key::L);
    play(&mut window, "5");
    assert_eq!(value(&window, NUMBER), "5");
    // The field has the focus already, with the caret at its end.
    play(&mut window, "555");
    ctrl(&mut window, Key::L);
    play(&mut window, "4");
    assert_eq!(value(&window, NUMBER), "4");

    ctrl(&mut window, Key::F);
    play(&mut window, "refund");
    ctrl(&mut window, Key::L);
    ctrl(&mut window, Key::F);
    play(&mut window, "4");
    assert_eq!(searched(&window, HISTORY), "4");
    ctrl(&mut window, Key::F);
    play(&mut window, "⌫");
    wait(&mut window, "the row", |window| rows(window).len() == 1);

    window.get_by_role_and_label(Role::Tree, "Response").focus();
    window.run_ok();
    ctrl(&mut window, Key::F);
    play(&mut window, "last4");
    window.get_by_role_and_label(Role::Tree, "Response").focus();
    window.run_ok();
    ctrl(&mut window, Key::F);
    play(&mut window, "cvc");
    assert_eq!(searched(&window, ANSWER), "cvc");
}

#[test]
fn a_note_is_replaced_by_typing() {
    let mut window = with_token();
    press(&mut window, Modifiers::NONE, Key::F2);
    wait(&mut window, "the note", |window| focused(window).as_deref() == Some("Note"));
    play(&mut window, "first↵");
    wait_for(&mut window, "Note saved");
    press(&mut window, Modifiers::NONE, Key::F2);
    wait(&mut window, "the note", |window| focused(window).as_deref() == Some("Note"));
    assert_eq!(value(&window, "Note"), "first");
    play(&mut window, "second");
    assert_eq!(value(&window, "Note"), "second");
}

#[test]
fn what_was_complained_of_is_replaced_by_typing() {
    let mut window = Bench::new().open();
    type_card(&mut window, "4242424242424241");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the complaint", |window| focused(window).as_deref() == Some(NUMBER));
    play(&mut window, "5");
    assert_eq!(value(&window, NUMBER), "5");
}

#[test]
fn dialogs_begin_with_what_they_propose_marked() {
    let mut window = with_token();
    ctrl(&mut window, Key::S);
    wait(&mut window, "the export", |window| focused(window).as_deref() == Some("File"));
    play(&mut window, "/tmp/x");
    assert_eq!(value(&window, "File"), "/tmp/x");
    play(&mut window, "⎋");
    click(&mut window, Role::Button, "Discard");
    click(&mut window, Role::Button, "Save the form as a preset…");
    assert_eq!(focused(&window).as_deref(), Some("Name"));
    play(&mut window, "Mine");
    assert_eq!(value(&window, "Name"), "Mine");
}

#[test]
fn tab_marks_and_a_click_does_not() {
    let mut window = Bench::new().open();
    click(&mut window, Role::DisclosureTriangle, "Billing address");
    for (name, text) in [("Address line 1", "High Street 1"), ("Address line 2", "Flat 2"), ("City", "Bath")] {
        focus(&mut window, name);
        play(&mut window, text);
    }
    focus(&mut window, "Address line 1");
    play(&mut window, "⇥Floor 3");
    assert_eq!(value(&window, "Address line 2"), "Floor 3");
    focus(&mut window, "City");
    press(&mut window, Modifiers::SHIFT, Key::Tab);
    assert_eq!(focused(&window).as_deref(), Some("Address line 2"));
    play(&mut window, "Attic");
    assert_eq!(value(&window, "Address line 2"), "Attic");

    // A click puts the caret where the pointer is.
    let place = input(&window, "City").rect().right_center() - egui::vec2(20.0, 0.0);
    click_at(&mut window, place, PointerButton::Primary);
    play(&mut window, "!");
    assert_eq!(value(&window, "City"), "Bath!");
}

#[test]
fn the_focus_that_comes_back_finds_the_caret_where_it_was() {
    let mut window = Bench::new().open();
    focus(&mut window, "Name on card");
    play(&mut window, "Ann");
    ctrl(&mut window, Key::K);
    play(&mut window, "⎋");
    assert_eq!(focused(&window).as_deref(), Some("Name on card"));
    play(&mut window, "a");
    assert_eq!(value(&window, "Name on card"), "Anna");
}

#[test]
fn backspace_that_moves_back_marks_nothing() {
    let mut window = Bench::new().open();
    type_card(&mut window, "4242424242424242");
    focus(&mut window, "CVC");
    play(&mut window, "⬚⌫⌫");
    assert_eq!(focused(&window).as_deref(), Some("Expiry"));
    play(&mut window, "⌫");
    assert!(value(&window, "Expiry").starts_with("12 / 3"), "{}", value(&window, "Expiry"));
    assert!(!says(&window, "Empty"));
}

#[test]
fn what_the_empty_form_is_filled_with_is_replaced_by_typing() {
    let mut window = with_token();
    assert_eq!(value(&window, NUMBER), "4242 4242 4242 4242");
    assert_eq!(focused(&window).as_deref(), Some(NUMBER));
    play(&mut window, "5");
    assert_eq!(value(&window, NUMBER), "5");
}
