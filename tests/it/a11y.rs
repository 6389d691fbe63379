//! The window as a screen reader gets it: every screen's tree is walked, and its stops are gone through by Tab.

use egui::Key;
use egui_kittest::{
    Node,
    kittest::{NodeT as _, Queryable as _},
};

use crate::{
    support::hands::{focused, input, play},
    window::{Bench, Window, ctrl, rows, wait, wait_for},
};

fn name_of(node: &Node<'_>) -> String {
    let node = node.accesskit_node();
    node.label().or(node.value()).unwrap_or_default().trim().to_owned()
}

/// The names of what the node is in, from the outside in, and its own.
fn path_of(node: &Node<'_>) -> String {
    let mut names = vec![name_of(node)];
    let mut above = node.accesskit_node().parent();
    while let Some(parent) = above {
        names.extend(parent.label().filter(|name| !name.is_empty()));
        above = parent.parent();
    }
    names.reverse();
    names.join(" > ")
}

fn token(window: &mut Window, number: &str) {
    let before = rows(window).len();
    ctrl(window, Key::L);
    play(window, "⬚");
    play(window, number);
    input(window, "Expiry").focus();
    window.run_ok();
    play(window, "⬚1237123");
    ctrl(window, Key::Enter);
    wait(window, "the row", |window| rows(window).len() > before);
}

/// A window with a token that works, a refused one and an address in the form.
fn full() -> Window {
    let mut window = Bench::new().open();
    token(&mut window, "4242424242424242");
    token(&mut window, "4242424242424241");
    ctrl(&mut window, Key::N);
    window.get_by_label_contains("Billing address").click();
    window.run_ok();
    window
}

#[test]
fn the_focus_is_where_it_was_when_a_dialog_is_left() {
    let mut window = full();
    for leaves in [Key::Comma, Key::S, Key::Slash, Key::K] {
        ctrl(&mut window, Key::Num2);
        assert_eq!(focused(&window).as_deref(), Some("History"));
        ctrl(&mut window, leaves);
        assert_ne!(focused(&window).as_deref(), Some("History"), "{leaves:?}");
        play(&mut window, "⎋");
        assert_eq!(focused(&window).as_deref(), Some("History"), "{leaves:?}");
    }
}

#[test]
fn what_happens_is_said_as_it_happens() {
    let mut window = Bench::new().open();
    let live = |window: &Window, words: &str| {
        let found = window.query_all_by(|node| node.data().live().is_some());
        found.filter(|node| path_of(node).contains(words) || name_of(node).contains(words)).count()
    };
    token(&mut window, "4242424242424242");
    wait(&mut window, "the toast", |window| live(window, "Token created") > 0);
    assert_eq!(live(&window, "Token created"), 1);
    token(&mut window, "4242424242424241");
    wait_for(&mut window, "Your card number is incorrect.");
    assert!(live(&window, "Your card number is incorrect.") > 0);
}
