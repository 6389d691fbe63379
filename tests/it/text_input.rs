//! Every field that is typed into is the one text input of the window.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use egui::{Context, Event, FullOutput, Key, Modifiers, Plugin, PointerButton, Role, ViewportCommand};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::support::{
    hands::{click, click_at, focus, focused, play, says, value},
    window::{Bench, Window, copied, ctrl, rows, wait},
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
        let is_asked =
            output.viewport_output.values().any(|view| view.commands.contains(&ViewportCommand::RequestPaste));
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
            let pressed = Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
            window.input_mut().events.extend([pressed, Event::Text("!".to_owned())]);
            window.step();
            window.input_mut().events.push(Event::Text("?".to_owned()));
            window.step();
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
    assert_eq!(focused(&window).as_deref(), Some(FIELD));
    window.event(Event::Paste("Ünal".to_owned()));
    window.run_ok();
    assert_eq!(value(&window, FIELD), "Ünal");
}

#[test]
fn a_menu_that_is_left_gives_focus_and_selection_back() {
    for (modifiers, key) in [(Modifiers::NONE, Key::Escape), (Modifiers::NONE, Key::Tab), (Modifiers::SHIFT, Key::Tab)]
    {
        let mut window = selected("Jörg");
        right_click(&mut window, Role::TextInput, FIELD);
        assert_eq!(items(&window).len(), 4, "{key:?}");
        assert!(items(&window)[0].1, "{key:?}: a right press on what is selected leaves it selected");
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

// ---- the menus of rows ---------------------------------------------------------------------------------------------

#[test]
fn the_menu_of_an_entry_opens_by_key_and_gives_the_focus_back() {
    let mut window = Bench::new().open();
    for count in 1..=2 {
        ctrl(&mut window, Key::Enter);
        wait(&mut window, "the token", |window| rows(window).len() == count);
    }
    ctrl(&mut window, Key::Num2);
    press(&mut window, Modifiers::NONE, Key::Home);
    press(&mut window, Modifiers::NONE, Key::Menu);
    let names: Vec<String> = items(&window).into_iter().map(|(name, _)| name).collect();
    let copies = ["Copy id", "Copy the call as cURL", "Copy as JSON", "Copy as a Markdown table"];
    assert_eq!(names[..4], copies);
    assert_eq!(names[4..6], ["Put into the form", "Note and tags…"]);
    assert_eq!(focused(&window).as_deref(), Some("Copy id"));
    // Delete is for the list, which does not have the keys now.
    press(&mut window, Modifiers::NONE, Key::Delete);
    assert_eq!(rows(&window).len(), 2);
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert_eq!((items(&window).len(), focused(&window).as_deref()), (0, Some("History")));
    press(&mut window, Modifiers::SHIFT, Key::F10);
    let texts = copied(&mut window, |window| press(window, Modifiers::NONE, Key::Enter));
    assert!(texts.len() == 1 && texts[0].starts_with("tok_"), "{texts:?}");
    press(&mut window, Modifiers::NONE, Key::Menu);
    press(&mut window, Modifiers::NONE, Key::ArrowUp);
    assert_eq!(focused(&window).as_deref(), Some("Delete"));
    press(&mut window, Modifiers::NONE, Key::Enter);
    wait(&mut window, "one entry less", |window| rows(window).len() == 1);
}

/// The keys of a chord as they come within one frame: pressed and released, the modifiers too.
fn chord(modifiers: Modifiers, key: Key) -> [Event; 4] {
    let event = |pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
    [Event::ModifiersChanged(modifiers), event(true), event(false), Event::ModifiersChanged(Modifiers::NONE)]
}

#[test]
fn modifiers_count_that_are_released_in_the_frame_of_their_key_or_click() {
    let (mut window, _) = three_tokens();
    window.input_mut().events.extend(chord(Modifiers::COMMAND, Key::A));
    window.input_mut().events.extend(chord(Modifiers::SHIFT, Key::F10));
    window.run_ok();
    assert!(items(&window).iter().any(|(name, _)| name == "Tag the selected…"), "{:?}", items(&window));
    press(&mut window, Modifiers::NONE, Key::Escape);
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(!says(&window, "3 selected"));

    let last = window.get_all_by_role(Role::Row).last().unwrap().rect().center();
    let button = |pressed| Event::PointerButton {
        pos: last,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::SHIFT,
    };
    window.input_mut().events.extend([
        Event::ModifiersChanged(Modifiers::SHIFT),
        Event::PointerMoved(last),
        button(true),
        button(false),
        Event::ModifiersChanged(Modifiers::NONE),
    ]);
    window.run_ok();
    assert!(says(&window, "3 selected"));
}

/// A window with three tokens, the newest selected and loaded, and the id of each, newest first.
fn three_tokens() -> (Window, Vec<String>) {
    let mut window = Bench::new().open();
    for count in 1..=3 {
        ctrl(&mut window, Key::Enter);
        wait(&mut window, "the token", |window| {
            rows(window).len() == count && !rows(window).iter().any(|row| row.starts_with("Pending"))
        });
    }
    ctrl(&mut window, Key::Num2);
    press(&mut window, Modifiers::NONE, Key::Home);
    let mut ids = Vec::new();
    for _ in 0..3 {
        press(&mut window, Modifiers::NONE, Key::Menu);
        ids.extend(copied(&mut window, |window| press(window, Modifiers::NONE, Key::Enter)));
        press(&mut window, Modifiers::NONE, Key::ArrowDown);
    }
    press(&mut window, Modifiers::NONE, Key::Home);
    (window, ids)
}

#[test]
fn keys_in_one_frame_are_about_the_entry_that_was_gone_to() {
    let (mut window, ids) = three_tokens();
    let texts = copied(&mut window, |window| {
        window.key_press(Key::ArrowDown);
        window.key_press_modifiers(Modifiers::COMMAND, Key::I);
        window.run_ok();
    });
    assert_eq!(texts, ids[1..2]);
}

#[test]
fn the_menu_of_a_row_is_about_that_row_wherever_the_keys_are() {
    let (mut window, ids) = three_tokens();
    // To the last row without selecting it: the first one is selected still.
    press(&mut window, Modifiers::COMMAND, Key::ArrowDown);
    press(&mut window, Modifiers::COMMAND, Key::ArrowDown);
    press(&mut window, Modifiers::NONE, Key::Menu);
    window.get_by_role_and_label(Role::MenuItem, "Delete").focus();
    window.run_ok();
    press(&mut window, Modifiers::NONE, Key::Enter);
    wait(&mut window, "one entry less", |window| rows(window).len() == 2);
    for (key, id) in [(Key::Home, &ids[0]), (Key::End, &ids[1])] {
        press(&mut window, Modifiers::NONE, key);
        press(&mut window, Modifiers::NONE, Key::Menu);
        let texts = copied(&mut window, |window| press(window, Modifiers::NONE, Key::Enter));
        assert_eq!((texts.len(), &texts[0]), (1, id));
    }
}

#[test]
fn a_dialog_that_a_menu_opened_gives_the_focus_back_to_the_row() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the token", |window| rows(window).len() == 1 && !rows(window)[0].starts_with("Pending"));
    ctrl(&mut window, Key::Num2);
    press(&mut window, Modifiers::NONE, Key::Menu);
    window.get_by_role_and_label(Role::MenuItem, "Charge…").focus();
    window.run_ok();
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(focused(&window).as_deref(), Some("Amount"));
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert_eq!(focused(&window).as_deref(), Some("History"));
}

#[test]
fn a_line_of_an_answer_has_a_menu_by_key_and_by_right_click() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the token", |window| rows(window).len() == 1 && !rows(window)[0].starts_with("Pending"));
    click(&mut window, Role::Tab, "Response");
    wait(&mut window, "the answer", |window| window.query_all_by_role(Role::TreeItem).count() > 3);
    let line = |window: &Window| {
        let found = window
            .query_all_by_role(Role::TreeItem)
            .find(|item| item.accesskit_node().label().is_some_and(|label| label.starts_with("object: token")));
        found.expect("the line of the object").rect().center()
    };
    let at = line(&window);
    click_at(&mut window, at, egui::PointerButton::Secondary);
    assert_eq!(items(&window).len(), 3);
    let texts = copied(&mut window, |window| {
        window.get_by_role_and_label(Role::MenuItem, "Copy line").click();
        window.run_ok();
    });
    assert_eq!(texts.len(), 1);
    assert!(texts[0].starts_with("\"object\": "), "{texts:?}");
    press(&mut window, Modifiers::SHIFT, Key::F10);
    assert_eq!(focused(&window).as_deref(), Some("Copy value"));
    let texts = copied(&mut window, |window| press(window, Modifiers::NONE, Key::Enter));
    assert_eq!(texts, ["token"]);
}

#[test]
fn the_menu_of_a_test_card_offers_what_its_buttons_do() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::K);
    play(&mut window, "insufficient");
    let card = window.query_all_by_role(Role::ListBoxOption).next().expect("a card");
    card.click_secondary();
    window.run_ok();
    let names: Vec<String> = items(&window).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[1..], ["Fill the form", "Add to favourites"]);
    window.get_by_role_and_label(Role::MenuItem, "Fill the form").click();
    window.run_ok();
    assert_eq!(value(&window, "Card number"), "4000 0000 0000 9995");
}

// ---- characters that nobody sees -----------------------------------------------------------------------------------

/// A zero-width space, a byte order mark, a word joiner, a soft hyphen and a direction mark.
const UNSEEN: &str = "\u{200b}\u{feff}\u{2060}\u{ad}\u{200e}";

fn dirty(text: &str) -> String {
    text.chars().flat_map(|c| [c.to_string(), UNSEEN.to_owned()]).collect()
}

#[track_caller]
fn pasted_into(window: &mut Window, field: &str, text: &str) -> String {
    focus(window, field);
    play(window, "⬚");
    window.event(Event::Paste(text.to_owned()));
    window.run_ok();
    value(window, field)
}

#[test]
fn what_nobody_sees_is_not_pasted_into_what_is_looked_up_or_sent() {
    let emoji = "\u{1f469}\u{200d}\u{1f680}";
    for (section, field, text) in [
        ("Account card currency", "Currency", "eur"),
        ("Existing customer card", "Customer", "cus_1"),
        ("Raw parameters", "Add a parameter", "card[x]"),
    ] {
        let mut window = Bench::new().open();
        click(&mut window, Role::DisclosureTriangle, section);
        assert_eq!(pasted_into(&mut window, field, &dirty(text)), text);
    }
    let mut window = Bench::new().open();
    // A name, and the value of a parameter, are the tester's own.
    assert_eq!(pasted_into(&mut window, FIELD, emoji), emoji);
    ctrl(&mut window, Key::K);
    play(&mut window, "x");
    window.event(Event::Paste(dirty("insuff")));
    window.run_ok();
    assert_eq!(value(&window, "Search actions and test cards"), "xinsuff");
}

#[test]
fn a_key_with_what_nobody_sees_is_a_key() {
    let mut bench = Bench::stripe("http://127.0.0.1:1");
    bench.key = None;
    let mut window = bench.open();
    ctrl(&mut window, Key::Comma);
    window.get_by_role(Role::PasswordInput).focus();
    window.run_ok();
    window.event(Event::Paste(format!("{UNSEEN}sk_test{UNSEEN}_51Abc{UNSEEN}\u{a0}\n")));
    window.run_ok();
    let key = window.get_by_role(Role::PasswordInput);
    assert_eq!(key.accesskit_node().data().invalid(), None);
    assert_eq!(key.value().unwrap_or_default().chars().count(), "sk_test_51Abc ".chars().count());
}
