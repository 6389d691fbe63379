//! Typed text is not lost: dialogs ask before they close over it, so does the window, and the form has a way back.

use egui::{Key, Modifiers, Role, ViewportCommand, ViewportEvent, ViewportId};
use egui_kittest::kittest::Queryable as _;

use crate::support::{
    hands::{click, focus, focused, play, press, says, value},
    window::{Bench, NUMBER, Window, ctrl, rows, type_card, wait, wait_for},
};

const KEEP: &str = "Keep editing";

/// Something of the window with a text that is saved by a button, and not before.
struct Editor {
    name: &'static str,
    open: fn(&mut Window),
    field: &'static str,
}

const EDITORS: [Editor; 7] = [
    Editor { name: "export", open: |window| ctrl(window, Key::S), field: "File" },
    Editor {
        name: "preset", open: |window| click(window, Role::Button, "Save the form as a preset…"), field: "Name"
    },
    Editor { name: "rules of the server", open: open_server, field: "Rules" },
    Editor { name: "port of the server", open: open_server, field: "Port" },
    Editor { name: "charge", open: |window| click(window, Role::Button, "Charge…"), field: "Amount" },
    Editor { name: "settings", open: |window| ctrl(window, Key::Comma), field: "Name" },
    Editor { name: "note", open: |window| press(window, Modifiers::NONE, Key::F2), field: "Note" },
];

fn open_server(window: &mut Window) {
    press(window, Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
}

/// A window with a token that is selected.
fn window() -> Window {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the row", |window| rows(window).len() == 1);
    wait_for(&mut window, "fingerprint");
    window
}

fn is_open(window: &Window, editor: &Editor) -> bool {
    window.query_all_by_label(editor.field).next().is_some()
}

fn escape(window: &mut Window) {
    press(window, Modifiers::NONE, Key::Escape);
}

#[test]
fn every_editor_asks_before_it_closes_over_what_was_typed_and_not_otherwise() {
    for editor in &EDITORS {
        let name = editor.name;
        let mut window = window();
        (editor.open)(&mut window);
        assert!(is_open(&window, editor), "{name}");
        // Only a panel that has the focus is left by Escape.
        focus(&mut window, editor.field);
        escape(&mut window);
        assert!(!is_open(&window, editor), "{name}: nothing was typed");

        (editor.open)(&mut window);
        focus(&mut window, editor.field);
        play(&mut window, "7");
        let typed = value(&window, editor.field);
        escape(&mut window);
        assert_eq!(focused(&window).as_deref(), Some(KEEP), "{name}");
        assert_eq!(value(&window, editor.field), typed, "{name}");
        // Another Escape loses nothing, and the focus is where it was.
        escape(&mut window);
        assert!(is_open(&window, editor) && !says(&window, KEEP), "{name}");
        assert_eq!((focused(&window).as_deref(), value(&window, editor.field)), (Some(editor.field), typed), "{name}");
        escape(&mut window);
        click(&mut window, Role::Button, if name == "settings" { "Discard changes" } else { "Discard" });
        assert!(!is_open(&window, editor), "{name}");

        // What was given up is gone.
        (editor.open)(&mut window);
        assert!(!says(&window, KEEP), "{name}");
    }
}

/// Asks the window to close, as the window manager and Ctrl+Q do; what it answers.
fn close(window: &mut Window) -> Vec<ViewportCommand> {
    window.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
    window.step();
    let commands = window.output().viewport_output[&ViewportId::ROOT].commands.clone();
    window.run_ok();
    commands
}

#[test]
fn the_window_asks_before_it_closes_over_what_is_not_saved() {
    for editor in &EDITORS {
        let name = editor.name;
        let mut window = window();
        assert!(close(&mut window).is_empty(), "nothing was typed");
        (editor.open)(&mut window);
        focus(&mut window, editor.field);
        play(&mut window, "7");
        let typed = value(&window, editor.field);
        assert_eq!(close(&mut window), [ViewportCommand::CancelClose], "{name}");
        assert!(says(&window, "Close without saving?"), "{name}");
        assert_eq!(focused(&window).as_deref(), Some(KEEP), "{name}");
        escape(&mut window);
        assert_eq!((value(&window, editor.field), says(&window, "Close without saving?")), (typed, false), "{name}");
        assert_eq!(close(&mut window), [ViewportCommand::CancelClose], "{name}: asked again");
        window.get_by_role_and_label(Role::Button, "Discard and close").click();
        window.step();
        window.step();
        assert!(close(&mut window).is_empty(), "{name}: said once is enough");
    }
}

#[test]
fn the_name_of_a_raw_parameter_is_asked_about_too() {
    let mut window = window();
    click(&mut window, Role::DisclosureTriangle, "Raw parameters");
    focus(&mut window, "Add a parameter");
    play(&mut window, "card[holder]");
    assert_eq!(close(&mut window), [ViewportCommand::CancelClose]);
    assert!(says(&window, "The name of a parameter to add"));
}

#[test]
fn what_the_form_held_comes_back_after_a_clearing_a_preset_and_another_entry() {
    const BACK: &str = "Bring it back";
    let mut window = window();
    ctrl(&mut window, Key::N);
    assert!(!says(&window, BACK), "what was sent is in the history");
    let is_back = |window: &mut Window, what: &str| {
        wait_for(window, BACK);
        click(window, Role::Button, BACK);
        assert_eq!(value(window, NUMBER), "4000 0000 0000 0002", "{what}");
        assert_eq!(value(window, "CVC"), "123", "{what}: the code too, which nothing else keeps");
        assert!(!says(window, BACK), "{what}");
    };
    type_card(&mut window, "4000000000000002");
    ctrl(&mut window, Key::N);
    assert_eq!(value(&window, NUMBER), "");
    is_back(&mut window, "a clearing");
    ctrl(&mut window, Key::K);
    play(&mut window, "insufficient");
    press(&mut window, Modifiers::COMMAND, Key::Enter);
    assert_eq!(value(&window, NUMBER), "4000 0000 0000 9995");
    is_back(&mut window, "a preset");
    ctrl(&mut window, Key::D);
    wait(&mut window, "the entry's card", |window| value(window, NUMBER) == "4242 4242 4242 4242");
    is_back(&mut window, "another entry");
}

#[test]
fn raw_parameters_come_back_after_the_way_to_the_fields() {
    let mut window = window();
    ctrl(&mut window, Key::N);
    type_card(&mut window, "4000000000000002");
    click(&mut window, Role::DisclosureTriangle, "Raw parameters");
    focus(&mut window, "Add a parameter");
    play(&mut window, "card[holder]↵");
    click(&mut window, Role::Button, "Back to the fields");
    assert!(!says(&window, "card[holder]"));
    wait_for(&mut window, "The raw parameters were dropped");
    click(&mut window, Role::Button, "Bring it back");
    assert!(says(&window, "card[holder]"));
}
