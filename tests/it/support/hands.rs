//! What a person does at the keyboard, written as a line of text, and what a screen reader then says of a field.

use egui::{Event, Id, Key, Modifiers, PointerButton, Pos2, Role, TextEdit, accesskit::Invalid};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};

/// Every sign that stands for a key; all others are typed.
const KEYS: [(char, Key); 8] = [
    ('⌫', Key::Backspace),
    ('⌦', Key::Delete),
    ('←', Key::ArrowLeft),
    ('→', Key::ArrowRight),
    ('↓', Key::ArrowDown),
    ('⇥', Key::Tab),
    ('↵', Key::Enter),
    ('⎋', Key::Escape),
];

/// Types a line, a frame for each key. `⟦4242⟧` is pasted, `⬚` selects all.
pub fn play<S>(harness: &mut Harness<'_, S>, line: &str) {
    let mut rest = line;
    while let Some(sign) = rest.chars().next() {
        rest = &rest[sign.len_utf8()..];
        let key = KEYS.iter().find(|(known, _)| *known == sign).map(|(_, key)| *key);
        match (sign, key) {
            (_, Some(key)) => harness.key_press(key),
            ('⬚', None) => harness.key_press_modifiers(Modifiers::COMMAND, Key::A),
            ('⟦', None) => {
                let (pasted, behind) = rest.split_once('⟧').expect("a paste ends");
                harness.event(Event::Paste(pasted.to_owned()));
                rest = behind;
            }
            (sign, None) => harness.event(Event::Text(sign.to_string())),
        }
        harness.run();
    }
}

/// Puts the focus on the input of this name.
#[track_caller]
pub fn focus<S>(harness: &mut Harness<'_, S>, name: &str) {
    input(harness, name).focus();
    harness.run();
}

/// Clicks what has this role and name.
#[track_caller]
pub fn click<S>(harness: &mut Harness<'_, S>, role: Role, name: &str) {
    harness.get_by_role_and_label(role, name).click();
    harness.run();
}

/// Presses and releases a button of the mouse at a place, in a frame each: a button that is held longer does not click.
pub fn click_at<S>(harness: &mut Harness<'_, S>, place: Pos2, button: PointerButton) {
    harness.event(Event::PointerMoved(place));
    for pressed in [true, false] {
        harness.event(Event::PointerButton { pos: place, button, pressed, modifiers: Modifiers::NONE });
        harness.step();
    }
    harness.run_ok();
}

/// The text input, or the combination of one with a list, of this name.
#[track_caller]
pub fn input<'h, S>(harness: &'h Harness<'_, S>, name: &'h str) -> egui_kittest::Node<'h> {
    harness
        .query_by_role_and_label(Role::TextInput, name)
        .or_else(|| harness.query_by_role_and_label(Role::EditableComboBox, name))
        .or_else(|| harness.query_by_role_and_label(Role::MultilineTextInput, name))
        .unwrap_or_else(|| panic!("no input called {name:?}"))
}

/// What stands in the input of this name.
#[track_caller]
pub fn value<S>(harness: &Harness<'_, S>, name: &str) -> String {
    input(harness, name).value().unwrap_or_default()
}

/// The input's message, with `✗` before a fault.
#[track_caller]
pub fn message<S>(harness: &Harness<'_, S>, name: &str) -> String {
    let node = input(harness, name).accesskit_node();
    let words = node.description().unwrap_or_default();
    let is_wrong = node.data().invalid() == Some(Invalid::True);
    if is_wrong { format!("✗ {words}") } else { words }
}

/// The caret of a text field, as a count of characters.
pub fn caret(ctx: &egui::Context, id: Id) -> Option<usize> {
    Some(TextEdit::load_state(ctx, id)?.cursor.char_range()?.primary.index.0)
}

/// The name of the widget that has the focus.
pub fn focused<S>(harness: &Harness<'_, S>) -> Option<String> {
    let found = harness.query_all_by(|node| node.is_focused() && node.role() != Role::Window).next()?;
    found.accesskit_node().label()
}

/// Whether anything that is shown has a name with these words in it.
pub fn says<S>(harness: &Harness<'_, S>, words: &str) -> bool {
    harness.query_all_by_label_contains(words).next().is_some()
}

/// Presses a key in a window whose background may ask for frames without an end.
pub fn press<S>(harness: &mut Harness<'_, S>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_ok();
}

/// Clicks the row of a table with this text in its name.
#[track_caller]
pub fn click_row<S>(window: &mut Harness<'_, S>, token: &str, how: Modifiers) {
    let row = window.get_by(|node| node.role() == Role::Row && node.label().is_some_and(|label| label.contains(token)));
    let at = row.rect().center();
    window.event(egui::Event::ModifiersChanged(how));
    window.event(egui::Event::PointerMoved(at));
    for pressed in [true, false] {
        window.event(egui::Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: how,
        });
    }
    window.run_ok();
    window.event(egui::Event::ModifiersChanged(Modifiers::NONE));
    window.run_ok();
}
