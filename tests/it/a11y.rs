//! The window as a screen reader gets it: every screen's tree is walked, and its stops are gone through by Tab.

use std::collections::{HashMap, HashSet};

use egui::{Key, Modifiers, Role};
use egui_kittest::{
    Node,
    kittest::{NodeT as _, Queryable as _},
};

use crate::support::{
    hands::{click, focused, input, play},
    window::{Bench, Window, ctrl, rows, wait, wait_for},
};

/// What a person can do something with, or must be able to tell apart.
fn is_control(role: Role) -> bool {
    matches!(
        role,
        Role::Button
            | Role::CheckBox
            | Role::RadioButton
            | Role::TextInput
            | Role::MultilineTextInput
            | Role::SearchInput
            | Role::PasswordInput
            | Role::ComboBox
            | Role::EditableComboBox
            | Role::ListBoxOption
            | Role::Link
            | Role::Tab
            | Role::TabList
            | Role::Table
            | Role::Row
            | Role::Tree
            | Role::TreeItem
            | Role::Slider
            | Role::SpinButton
            | Role::Splitter
            | Role::ScrollBar
            | Role::Switch
            | Role::Dialog
            | Role::Alert
            | Role::MenuItem
            | Role::ProgressIndicator
    )
}

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

/// No control without a name, and no two alike in one place.
#[track_caller]
fn check_names(window: &Window, screen: &str) {
    let mut seen: HashMap<(Role, String), usize> = HashMap::new();
    let mut faults = Vec::new();
    for node in window.query_all_by(|node| is_control(node.role())) {
        let role = node.accesskit_node().role();
        if name_of(&node).is_empty() {
            let place = node.accesskit_node().bounding_box();
            faults.push(format!("{role:?} without a name at {place:?} in {}", path_of(&node)));
        }
        *seen.entry((role, path_of(&node))).or_default() += 1;
    }
    assert!(seen.len() > 5, "{screen}: the tree was walked");
    let twice = seen.into_iter().filter(|(_, count)| *count > 1);
    faults.extend(twice.map(|((role, path), count)| format!("{count} alike: {role:?} {path}")));
    assert!(faults.is_empty(), "{screen}:\n{}", faults.join("\n"));
}

/// What Tab leads to, until it comes round. Each stop is held against the one before it, where both are at that moment:
/// within a column of the window the stops go down, and on one line to the right.
#[track_caller]
fn check_order(window: &mut Window, screen: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut known = HashSet::new();
    let mut before = None;
    let mut jumps = Vec::new();
    let is_dialog = window.query_all_by_role(Role::Dialog).next().is_some();
    for _ in 0..400 {
        window.key_press(Key::Tab);
        window.run_ok();
        let found = window.query_all_by(|node| node.is_focused() && node.role() != Role::Window).next();
        let Some(node) = found else { continue };
        let id = node.accesskit_node().id();
        if !known.insert(id) {
            // A dialog puts the focus into its middle: from its end the walk comes round to its head, once.
            let most = usize::from(is_dialog);
            assert!(jumps.len() <= most, "{}", jumps.join("\n"));
            return names;
        }
        let name = format!("{:?} {}", node.accesskit_node().role(), name_of(&node));
        let last = before.replace(id).and_then(|id| window.query_all_by(move |node| node.id() == id).next());
        if let (Some(last), Some(previous)) = (last, names.last()) {
            let (a, b) = (last.rect(), node.rect());
            let shares_column = a.x_range().intersects(b.x_range());
            let goes_up = b.bottom() < a.top() - 1.0;
            let is_same_line = a.center().y > b.top() && a.center().y < b.bottom();
            let goes_left = is_same_line && b.right() < a.left();
            if (shares_column && goes_up) || goes_left {
                jumps.push(format!("{screen}: {previous} at {a:?} is followed by {name} at {b:?}"));
            }
        }
        names.push(name);
    }
    panic!("{screen}: Tab does not come round: {:?}", &names[..20]);
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
fn every_screen_has_names_for_all_that_is_on_it() {
    let empty = Bench::new().open();
    check_names(&empty, "the first start");
    let mut window = full();
    check_names(&window, "history");
    for tab in ["Summary", "Request", "Code", "Timeline", "Response"] {
        click(&mut window, Role::Tab, tab);
        check_names(&window, tab);
    }
    ctrl(&mut window, Key::Num4);
    check_names(&window, "requests");
    ctrl(&mut window, Key::Num2);
    for (key, screen) in [(Key::K, "palette"), (Key::Comma, "settings"), (Key::S, "export"), (Key::Slash, "keys")] {
        ctrl(&mut window, key);
        check_names(&window, screen);
        play(&mut window, "⎋");
    }
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    window.run_ok();
    check_names(&window, "server");
    play(&mut window, "⎋");

    let mut small = Bench { size: [900.0, 600.0], ..Bench::new() }.open();
    token(&mut small, "4000000000009995");
    ctrl(&mut small, Key::Num3);
    wait_for(&mut small, "Copy id");
    check_names(&small, "drawer");
}

#[test]
fn tab_leads_through_every_screen_as_it_is_read() {
    let mut window = full();
    // The walk begins at the top, not behind the control that was used last.
    window.ctx.memory_mut(egui::Memory::stop_text_input);
    let order = check_order(&mut window, "history");
    assert!(order.len() > 30, "{order:?}");
    let part = |name: &str| order.iter().position(|stop| stop.contains(name)).unwrap_or_else(|| panic!("{name}"));
    let parts = ["Button Settings", "Card number", "Table History", "Pane Inspector"].map(part);
    assert!(parts.is_sorted(), "bar, form, history, inspector: {parts:?}");
    for (key, screen) in [(Key::Comma, "settings"), (Key::S, "export"), (Key::K, "palette")] {
        ctrl(&mut window, key);
        check_order(&mut window, screen);
        play(&mut window, "⎋");
    }
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
