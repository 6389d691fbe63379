//! Every field that is typed into is the one text input of the window.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use egui::{Context, Event, FullOutput, Key, Modifiers, Plugin, Role, ViewportCommand};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::support::{
    hands::{focus, focused, play, value},
    window::{Bench, Window, copied, ctrl},
};

/// The files below a folder whose text says this.
fn files_that_say(folder: &Path, words: &[&str], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_that_say(&path, words, found);
        } else if words.iter().any(|word| fs::read_to_string(&path).unwrap().contains(word)) {
            found.push(path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string());
        }
    }
}

#[test]
fn nothing_but_the_text_input_is_typed_into() {
    let mut found = Vec::new();
    let ways = ["TextEdit::singleline", "TextEdit::multiline", "text_edit_singleline", "text_edit_multiline"];
    files_that_say(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &ways, &mut found);
    assert_eq!(found, ["src/ui/widgets/text_input.rs"]);
}

// ---- clipboard and menu --------------------------------------------------------------------------------------------

const FIELD: &str = "Name on card";

/// The form with this name in it, all of it selected.
fn selected(name: &str) -> Window {
    let mut window = Bench::new().open();
    focus(&mut window, FIELD);
    play(&mut window, name);
    play(&mut window, "⬚");
    window
}

fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run_ok();
}

/// What the menu offers, with whether it can be chosen.
fn items(window: &Window) -> Vec<(String, bool)> {
    let items = window.query_all_by_role(Role::MenuItem);
    items.map(|item| (item.accesskit_node().label().unwrap(), !item.accesskit_node().is_disabled())).collect()
}

fn right_click(window: &mut Window, role: Role, name: &str) {
    window.get_by_role_and_label(role, name).click_secondary();
    window.run_ok();
}

/// Whether the window asked the system for what is in the clipboard.
fn asks_for_paste(window: &mut Window, act: impl FnOnce(&mut Window)) -> bool {
    let asked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&asked);
    window.ctx.add_plugin(CommandWatch { seen });
    act(window);
    asked.load(Ordering::Relaxed)
}

struct CommandWatch {
    seen: Arc<AtomicBool>,
}

impl Plugin for CommandWatch {
    fn debug_name(&self) -> &'static str {
        "command watch"
    }

    fn output_hook(&mut self, _ctx: &Context, output: &mut FullOutput) {
        let is_asked = output.viewport_output.values().any(|view| view.commands.contains(&ViewportCommand::RequestPaste));
        self.seen.fetch_or(is_asked, Ordering::Relaxed);
    }
}

#[test]
fn the_clipboard_keys_of_every_system_work() {
    for (modifiers, key, copies, left) in [
        (Modifiers::CTRL | Modifiers::COMMAND, Key::Insert, true, "Jörg"),
        (Modifiers::SHIFT, Key::Delete, true, ""),
        (Modifiers::NONE, Key::Delete, false, ""),
    ] {
        let mut window = selected("Jörg");
        let texts = copied(&mut window, |window| press(window, modifiers, key));
        assert_eq!(texts, if copies { vec!["Jörg"] } else { vec![] }, "{modifiers:?} {key:?}");
        assert_eq!(value(&window, FIELD), left, "{modifiers:?} {key:?}");
    }
    // With nothing selected, a key that cuts takes nothing.
    let mut window = selected("Jörg");
    play(&mut window, "→");
    let texts = copied(&mut window, |window| press(window, Modifiers::SHIFT, Key::Delete));
    assert_eq!((texts, value(&window, FIELD)), (Vec::<String>::new(), "Jörg".to_owned()));
}

#[test]
fn what_is_typed_behind_a_paste_goes_in_behind_it() {
    for (modifiers, key) in
        [(Modifiers::SHIFT, Key::Insert), (Modifiers::CTRL | Modifiers::COMMAND | Modifiers::SHIFT, Key::V)]
    {
        let mut window = selected("x");
        let is_asked = asks_for_paste(&mut window, |window| {
            window.key_press_modifiers(modifiers, key);
            window.event(Event::Text("!".to_owned()));
            window.step();
            window.event(Event::Text("?".to_owned()));
            window.event(Event::Paste("Jörg".to_owned()));
            window.run_ok();
        });
        assert!(is_asked, "{key:?}");
        assert_eq!(value(&window, FIELD), "Jörg!?", "{key:?}");
    }
    // An empty clipboard swallows nothing.
    let mut window = selected("x");
    window.key_press_modifiers(Modifiers::SHIFT, Key::Insert);
    window.event(Event::Text("y".to_owned()));
    window.run_ok();
    assert_eq!(value(&window, FIELD), "y");
}

#[test]
fn a_paste_of_lines_goes_into_one_line() {
    for (pasted, expected) in [("Jörg\n", "Jörg"), ("a\tb", "a b"), ("a\r\nb\n", "a b")] {
        let mut window = selected("x");
        window.event(Event::Paste(pasted.to_owned()));
        window.run_ok();
        assert_eq!(value(&window, FIELD), expected, "{pasted:?}");
    }
}

#[test]
fn the_menu_of_a_field_does_what_its_keys_do() {
    let all = ["Cut", "Copy", "Paste", "Select all"];
    for (steps, copies, left) in [(0, true, ""), (1, true, "Jörg"), (3, false, "Jörg")] {
        let mut window = selected("Jörg");
        press(&mut window, Modifiers::SHIFT, Key::F10);
        assert_eq!(items(&window), all.map(|name| (name.to_owned(), true)));
        assert_eq!(focused(&window).as_deref(), Some("Cut"));
        for _ in 0..steps {
            press(&mut window, Modifiers::NONE, Key::ArrowDown);
        }
        assert_eq!(focused(&window).as_deref(), Some(all[steps]));
        let texts = copied(&mut window, |window| press(window, Modifiers::NONE, Key::Enter));
        assert_eq!(texts, if copies { vec!["Jörg"] } else { vec![] });
        assert_eq!((items(&window), value(&window, FIELD)), (vec![], left.to_owned()));
        assert_eq!(focused(&window).as_deref(), Some(FIELD));
    }
    let mut window = selected("Jörg");
    press(&mut window, Modifiers::NONE, Key::Menu);
    let is_asked = asks_for_paste(&mut window, |window| {
        window.get_by_role_and_label(Role::MenuItem, "Paste").click();
        window.run_ok();
    });
    assert!(is_asked);
    window.event(Event::Paste("王".to_owned()));
    window.run_ok();
    assert_eq!(value(&window, FIELD), "王");
}

#[test]
fn a_menu_that_is_left_gives_focus_and_selection_back() {
    for (modifiers, key) in [(Modifiers::NONE, Key::Escape), (Modifiers::NONE, Key::Tab), (Modifiers::SHIFT, Key::Tab)] {
        let mut window = selected("Jörg");
        right_click(&mut window, Role::TextInput, FIELD);
        assert_eq!(items(&window).len(), 4, "{key:?}");
        press(&mut window, modifiers, key);
        assert_eq!((items(&window).len(), focused(&window).as_deref()), (0, Some(FIELD)), "{key:?}");
        play(&mut window, "x");
        assert_eq!(value(&window, FIELD), "x", "{key:?}: what was selected is replaced");
    }
}

#[test]
fn an_item_that_can_do_nothing_is_off() {
    let mut window = Bench::new().open();
    focus(&mut window, FIELD);
    press(&mut window, Modifiers::NONE, Key::Menu);
    let expected = [("Cut", false), ("Copy", false), ("Paste", true), ("Select all", false)];
    assert_eq!(items(&window), expected.map(|(name, is_on)| (name.to_owned(), is_on)));
    assert_eq!(focused(&window).as_deref(), Some("Paste"));
}

#[test]
fn a_key_is_never_copied_nor_cut() {
    let mut bench = Bench::stripe("http://127.0.0.1:1");
    bench.key = None;
    let mut window = bench.open();
    ctrl(&mut window, Key::Comma);
    let key = |window: &Window| window.get_by_role(Role::PasswordInput).value().unwrap_or_default().chars().count();
    window.get_by_role(Role::PasswordInput).focus();
    window.run_ok();
    play(&mut window, "sk_test_1");
    play(&mut window, "⬚");
    for event in [Event::Copy, Event::Cut] {
        let texts = copied(&mut window, |window| window.event(event.clone()));
        assert_eq!((texts.len(), key(&window)), (0, 9), "{event:?}");
    }
    let texts = copied(&mut window, |window| press(window, Modifiers::SHIFT, Key::Delete));
    assert_eq!((texts.len(), key(&window)), (0, 9));
    press(&mut window, Modifiers::NONE, Key::Menu);
    let expected = [("Cut", false), ("Copy", false), ("Paste", true), ("Select all", true)];
    assert_eq!(items(&window), expected.map(|(name, is_on)| (name.to_owned(), is_on)));
}
