//! The focus is never lost to nothing: after each of these it is where a person would look for it.

use egui::{Event, Key, Modifiers, PointerButton, Role, pos2};
use egui_kittest::kittest::Queryable as _;

use crate::support::{
    hands::{click, click_at, focus, focused, input, play, press, says},
    window::{Bench, Window, ctrl, rows, wait},
};

const NAME: &str = "Name on card";
const SEARCH: &str = "Search id, card, note, #tag";
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

#[track_caller]
fn check(window: &Window, expected: &str) {
    assert_eq!(focused(window).as_deref(), Some(expected));
}

/// Puts the focus on the name in the form, or on the search.
fn go_to(window: &mut Window, field: &str) {
    if field == SEARCH { ctrl(window, Key::F) } else { focus(window, field) }
}

/// Makes so many tokens of the card that works.
fn make(window: &mut Window, count: usize) {
    for _ in 0..count {
        let before = rows(window).len();
        ctrl(window, Key::Enter);
        wait(window, "the row", |window| rows(window).len() > before);
    }
}

#[test]
fn esc_in_a_field_leaves_the_focus_there_and_tab_goes_on() {
    let mut window = Bench::new().open();
    for (field, next) in [("Card number", "Expiry"), ("Expiry", "CVC"), (NAME, "")] {
        focus(&mut window, field);
        play(&mut window, "⎋⎋");
        check(&window, field);
        play(&mut window, "⇥");
        assert!(next.is_empty() || focused(&window).as_deref() == Some(next), "{:?} after {field}", focused(&window));
    }
    // Both keys in one frame.
    focus(&mut window, "Expiry");
    for key in [Key::Escape, Key::Tab] {
        window.input_mut().events.push(Event::Key {
            key,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::NONE,
        });
    }
    window.run_ok();
    check(&window, "CVC");
    ctrl(&mut window, Key::F);
    for keys in ["x⎋", "⬚⌫", "↵", "no such token↵⎋"] {
        play(&mut window, keys);
        check(&window, SEARCH);
    }
}

#[test]
fn a_dialog_gives_the_focus_back_to_what_opened_it() {
    let mut window = Bench::new().open();
    make(&mut window, 1);
    let opened = [
        (Modifiers::COMMAND, Key::K),
        (Modifiers::COMMAND, Key::S),
        (CTRL_SHIFT, Key::S),
        (Modifiers::COMMAND, Key::Comma),
        (Modifiers::NONE, Key::F1),
        (Modifiers::NONE, Key::F10),
    ];
    for from in [NAME, SEARCH] {
        for (modifiers, key) in opened {
            go_to(&mut window, from);
            press(&mut window, modifiers, key);
            let inside = focused(&window);
            assert!(inside.is_some() && inside.as_deref() != Some(from), "{key:?}: {inside:?}");
            play(&mut window, "⇥⇥");
            assert!(focused(&window).is_some() && window.query_all_by_role(Role::Dialog).next().is_some(), "{key:?}");
            play(&mut window, "⎋");
            assert!(window.query_all_by_role(Role::Dialog).next().is_none(), "{key:?} from {from}");
            check(&window, from);
        }
    }
    ctrl(&mut window, Key::Num2);
    press(&mut window, Modifiers::NONE, Key::F1);
    click(&mut window, Role::Button, "Close the dialog");
    check(&window, "History");
    ctrl(&mut window, Key::Num3);
    press(&mut window, Modifiers::NONE, Key::F1);
    play(&mut window, "⎋");
    check(&window, "Inspector");
}

#[test]
fn deleted_rows_leave_the_focus_in_the_table_and_their_undo_too() {
    let mut window = Bench::new().open();
    make(&mut window, 2);
    ctrl(&mut window, Key::Num2);
    play(&mut window, "↓");
    for left in [1, 0] {
        play(&mut window, "⌦");
        wait(&mut window, "the deletion", |window| rows(window).len() == left);
        check(&window, "History");
    }
    for back in [1, 2] {
        ctrl(&mut window, Key::Z);
        wait(&mut window, "the undo", |window| rows(window).len() == back);
        check(&window, "History");
    }
    play(&mut window, "↓⌦");
    wait(&mut window, "the deletion", |window| rows(window).len() == 1);
    window.get_by_role_and_label(Role::Button, "Undo").focus();
    window.run_ok();
    play(&mut window, "↵");
    wait(&mut window, "the undo", |window| rows(window).len() == 2);
    check(&window, "History");
}

#[test]
fn a_folded_pane_hands_the_focus_to_the_list() {
    let mut window = Bench::new().open();
    make(&mut window, 1);
    for field in ["Card number", NAME] {
        focus(&mut window, field);
        ctrl(&mut window, Key::B);
        check(&window, "History");
        ctrl(&mut window, Key::B);
        check(&window, "History");
    }
    ctrl(&mut window, Key::Num3);
    ctrl(&mut window, Key::J);
    check(&window, "History");
    ctrl(&mut window, Key::Num4);
    check(&window, "Requests");
}

#[test]
fn the_list_of_no_requests_takes_no_focus_later() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::Num4);
    assert!(focused(&window).is_some());
    focus(&mut window, NAME);
    make_unseen(&mut window);
    check(&window, NAME);
}

/// Makes a token while the requests are shown.
fn make_unseen(window: &mut Window) {
    ctrl(window, Key::Enter);
    wait(window, "the request", |window| says(window, "/v1/tokens"));
}

#[test]
fn what_is_done_in_the_form_keeps_the_focus_in_it() {
    let mut window = Bench::new().open();
    focus(&mut window, NAME);
    make(&mut window, 1);
    check(&window, NAME);
    ctrl(&mut window, Key::T);
    check(&window, NAME);
    ctrl(&mut window, Key::T);
    ctrl(&mut window, Key::Z);
    check(&window, NAME);
    ctrl(&mut window, Key::D);
    window.run_ok();
    assert!(focused(&window).is_some());
    ctrl(&mut window, Key::N);
    assert!(focused(&window).is_some());
}

#[test]
fn a_click_on_nothing_does_not_lose_the_place() {
    let mut window = Bench::new().open();
    make(&mut window, 2);
    focus(&mut window, "Expiry");
    // The line at the bottom.
    click_at(&mut window, pos2(640.0, 990.0), PointerButton::Primary);
    play(&mut window, "⇥");
    check(&window, "CVC");
    window.get_all_by_role(Role::Row).last().unwrap().click();
    window.run_ok();
    check(&window, "History");
    focus(&mut window, NAME);
    window.get_all_by_role(Role::Row).next().unwrap().click();
    window.run_ok();
    play(&mut window, "↓⌦");
    wait(&mut window, "the deletion", |window| rows(window).len() == 1);
    assert_eq!(input(&window, NAME).value().unwrap_or_default(), "");
}

#[test]
fn esc_leaves_a_field_before_it_closes_the_drawer() {
    let mut window = Bench { size: [900.0, 600.0], ..Bench::new() }.open();
    make(&mut window, 1);
    ctrl(&mut window, Key::Num3);
    assert!(says(&window, "Copy id"));
    focus(&mut window, NAME);
    play(&mut window, "⎋");
    assert!(says(&window, "Copy id"));
    check(&window, NAME);
    play(&mut window, "⎋");
    assert!(!says(&window, "Copy id"));
    assert!(focused(&window).is_some());
}

/// Whatever is pressed, something has the focus.
#[test]
fn no_walk_of_keys_loses_the_focus() {
    const COMMANDS: [Key; 16] = [
        Key::K,
        Key::L,
        Key::N,
        Key::F,
        Key::S,
        Key::B,
        Key::J,
        Key::D,
        Key::T,
        Key::Z,
        Key::Num1,
        Key::Num2,
        Key::Num3,
        Key::Num4,
        Key::Enter,
        Key::A,
    ];
    const PLAIN: [Key; 16] = [
        Key::Tab,
        Key::Tab,
        Key::Tab,
        Key::Escape,
        Key::Escape,
        Key::Enter,
        Key::Space,
        Key::ArrowDown,
        Key::ArrowUp,
        Key::ArrowLeft,
        Key::ArrowRight,
        Key::Delete,
        Key::F1,
        Key::F2,
        Key::F6,
        Key::F10,
    ];
    for seed in [1_u64, 2] {
        let mut window = Bench { size: [if seed == 2 { 900.0 } else { 1280.0 }, 800.0], ..Bench::new() }.open();
        let mut state = seed;
        let mut walked = Vec::new();
        for _ in 0..90 {
            // Knuth's constants: any order will do, but the same each time.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let dice = (state >> 33) as usize;
            let (modifiers, key) = match dice % 5 {
                0 => (Modifiers::COMMAND, COMMANDS[dice / 5 % COMMANDS.len()]),
                1 => (Modifiers::SHIFT, Key::Tab),
                _ => (Modifiers::NONE, PLAIN[dice / 5 % PLAIN.len()]),
            };
            walked.push((modifiers, key));
            press(&mut window, modifiers, key);
            let has_focus = window.query_all_by(|node| node.is_focused() && node.role() != Role::Window).next();
            assert!(
                has_focus.is_some(),
                "seed {seed}: nothing has the focus after {:?}",
                &walked[walked.len().saturating_sub(8)..]
            );
        }
    }
}
