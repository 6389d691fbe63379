//! Dialogs and messages in windows of all sizes: a dialog is whole, and no message covers what can be pressed.

use egui::{Key, Modifiers, Rect, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::support::{
    hands::{click, click_at, focused, play, press},
    window::{Bench, Window, ctrl, rows, wait},
};

const SIZES: [[f32; 2]; 5] = [[900.0, 560.0], [900.0, 600.0], [1024.0, 700.0], [1280.0, 800.0], [1920.0, 1080.0]];

/// Each dialog, and the keys that open it.
const DIALOGS: [(&str, Modifiers, Key); 7] = [
    ("Search actions and test cards", Modifiers::COMMAND, Key::K),
    ("Settings", Modifiers::COMMAND, Key::Comma),
    ("Export", Modifiers::COMMAND, Key::S),
    ("Import", Modifiers::COMMAND, Key::O),
    ("Runs", Modifiers::COMMAND, Key::R),
    ("Keys", Modifiers::NONE, Key::F1),
    ("Loopback server", Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::S),
];

/// An error of two lines, which stays until it is dismissed.
const WARNING: &str = "The settings could not be read as they are. Testcard goes on with those that it has by default; \
                       what stands in the file is kept until you save other ones";

fn dialog(window: &Window, title: &str) -> Rect {
    window.get_by_role_and_label(Role::Dialog, title).rect()
}

fn is_control(role: Role) -> bool {
    matches!(
        role,
        Role::Button
            | Role::Tab
            | Role::CheckBox
            | Role::ComboBox
            | Role::TextInput
            | Role::MultilineTextInput
            | Role::EditableComboBox
            | Role::RadioButton
            | Role::ListBoxOption
            | Role::Row
    )
}

/// What can be pressed or typed into, by its name and as far as it is seen in `room`: in a dialog, or without one what
/// begins there, for what begins beside it goes on below it. Without the buttons of messages.
fn controls(window: &Window, open: Option<&str>, room: Rect) -> Vec<(String, Rect)> {
    // The table cuts the last row that is in view.
    let table = window.get_by_role_and_label(Role::Table, "History").rect();
    let found: Vec<_> = match open {
        Some(title) => {
            window.get_by_role_and_label(Role::Dialog, title).query_all_by(|node| is_control(node.role())).collect()
        }
        None => window
            .query_all_by(|node| is_control(node.role()))
            .filter(|node| room.contains(node.rect().left_top()))
            .collect(),
    };
    let seen = found.into_iter().map(|node| {
        let is_cut = open.is_none() && node.accesskit_node().role() == Role::Row;
        let rect = if is_cut { node.rect().intersect(table) } else { node.rect() };
        (node.accesskit_node().label().unwrap_or_default(), rect.intersect(room))
    });
    seen.filter(|(name, rect)| name != "Dismiss" && rect.is_positive()).collect()
}

fn message(window: &Window) -> Rect {
    let text = window.get_by_role_and_label(Role::Label, WARNING).rect();
    // The sign stands before the text, the button behind it, and a frame around all.
    let button = window.get_by_role_and_label(Role::Button, "Dismiss").rect();
    text.with_min_x(text.left() - 20.0).union(button).expand2(egui::vec2(14.0, 8.0))
}

#[track_caller]
fn assert_free(window: &Window, open: Option<&str>, room: Rect, what: &str) {
    let message = message(window);
    assert!(window.ctx.content_rect().contains_rect(message), "{message} is cut: {what}");
    let controls = controls(window, open, room);
    assert!(!controls.is_empty(), "{what}");
    for (name, rect) in controls {
        assert!(!rect.shrink(0.5).intersects(message), "{name} {rect} is covered by {message}: {what}");
    }
}

#[test]
fn a_message_covers_nothing_that_can_be_pressed_with_a_dialog_and_without() {
    for size in SIZES {
        let mut window = Bench { size, warnings: vec![WARNING.to_owned()], ..Bench::new() }.open();
        // More rows than a window has room for.
        for count in 1..=30 {
            ctrl(&mut window, Key::Enter);
            wait(&mut window, "the token", |window| {
                !rows(window).is_empty() && window.query_by_label_contains(&format!("{count} unused")).is_some()
            });
        }
        assert_free(&window, None, window.ctx.content_rect(), &format!("no dialog, {size:?}"));
        // The inspector, which lies over the middle of a small window.
        ctrl(&mut window, Key::Num3);
        assert!(focused(&window).is_some());
        let covered = window.get_by_role_and_label(Role::Pane, "Inspector").rect();
        assert_free(&window, None, covered, &format!("the inspector, {size:?}"));
        press(&mut window, Modifiers::NONE, Key::Escape);
        for (title, how, key) in DIALOGS {
            press(&mut window, how, key);
            let room = dialog(&window, title);
            assert_free(&window, Some(title), room, &format!("{title}, {size:?}"));
            // A press on the message is no press beside the dialog, which would close it.
            let place = message(&window).left_center() + egui::vec2(4.0, 0.0);
            click_at(&mut window, place, egui::PointerButton::Primary);
            dialog(&window, title);
            press(&mut window, Modifiers::NONE, Key::Escape);
        }
        ctrl(&mut window, Key::S);
        click(&mut window, Role::Button, "Dismiss");
        assert!(
            window.query_by_role_and_label(Role::Alert, WARNING).is_none(),
            "it is read above a dialog too: {size:?}"
        );
        dialog(&window, "Export");
    }
}

#[test]
fn a_dialog_is_whole_in_every_window() {
    for size in SIZES {
        let mut window = Bench { size, ..Bench::new() }.open();
        let room = window.ctx.content_rect();
        for (title, how, key) in DIALOGS {
            press(&mut window, how, key);
            let rect = dialog(&window, title);
            assert!(room.contains_rect(rect), "{title} {rect} in {room}");
            if key == Key::K {
                play(&mut window, "nothing is called so");
                window.get_by_label("Nothing of this kind");
                let moved = dialog(&window, title).size() - rect.size();
                // The height of a frame is rounded.
                assert!(moved.abs().max_elem() < 2.0, "{moved} at {size:?}");
                press(&mut window, Modifiers::NONE, Key::Escape);
            }
            press(&mut window, Modifiers::NONE, Key::Escape);
        }
    }
}
