//! What a person takes for one sign is edited as one: a flag, an emoji with its skin tone, a letter with its marks.

use egui::{Id, Key, Modifiers, TextEdit, accesskit::Role};
use egui_kittest::{Harness, kittest::Queryable as _};
use testcard::{
    domain::signs,
    ui::{
        theme,
        widgets::{ChoiceField, Field, TextInput, search_ui, text_edit_ui},
    },
};

use crate::support::hands::play;

/// Signs of several characters, and one of a single one.
const SIGNS: [&str; 12] = [
    "e\u{301}",
    "\u{1f44d}\u{1f3fd}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "\u{1f1e9}\u{1f1ea}",
    "1\u{fe0f}\u{20e3}",
    "\u{915}\u{94d}\u{937}\u{93f}",
    "\u{e19}\u{e49}\u{e33}",
    "\u{1112}\u{1161}\u{11ab}",
    "\u{5e9}\u{5c1}\u{5b8}",
    "\u{644}\u{64e}",
    "\u{995}\u{9cb}",
    "\u{5d0}",
];

/// Every kind of field that the window has.
#[derive(Clone, Copy, Debug)]
enum FieldKind {
    Labelled,
    Mono,
    Bare,
    Search,
    Choice,
    Secret,
    Lines,
}

const KINDS: [FieldKind; 7] = [
    FieldKind::Labelled,
    FieldKind::Mono,
    FieldKind::Bare,
    FieldKind::Search,
    FieldKind::Choice,
    FieldKind::Secret,
    FieldKind::Lines,
];

fn id() -> Id {
    Id::unique("typed")
}

struct Window(Harness<'static, String>);

impl Window {
    fn of(kind: FieldKind, text: &str) -> Self {
        let builder = Harness::builder().with_size([420.0, 200.0]).allow_missing_glyphs();
        let harness = builder.with_context_setup(theme::install).build_ui_state(
            move |ui, text: &mut String| {
                let options = [("DE", "Germany")];
                match kind {
                    FieldKind::Labelled => drop(Field::new("Typed").text(ui, TextInput::singleline(text).id(id()))),
                    FieldKind::Mono => drop(Field::new("Typed").mono().text(ui, TextInput::singleline(text).id(id()))),
                    FieldKind::Bare => {
                        drop(text_edit_ui(ui, TextInput::singleline(text).hint_text("Typed").id(id()), false, None));
                    }
                    FieldKind::Search => drop(search_ui(ui, id(), text, "Typed", "", 300.0)),
                    FieldKind::Choice => {
                        drop(ChoiceField::new(Field::new("Typed"), text, &options).id(id()).ui(ui));
                    }
                    FieldKind::Secret => {
                        drop(Field::new("Typed").text(ui, TextInput::singleline(text).secret().id(id())));
                    }
                    FieldKind::Lines => {
                        drop(Field::new("Typed").lines().text(ui, TextInput::multiline(text, 3).id(id())));
                    }
                }
            },
            text.to_owned(),
        );
        let mut window = Self(harness);
        let role = match kind {
            FieldKind::Search => Role::SearchInput,
            FieldKind::Choice => Role::EditableComboBox,
            FieldKind::Secret => Role::PasswordInput,
            FieldKind::Lines => Role::MultilineTextInput,
            _ => Role::TextInput,
        };
        window.0.get_by_role(role).focus();
        window.0.run();
        window
    }

    fn selected(&self) -> (usize, usize) {
        let range = TextEdit::load_state(&self.0.ctx, id()).unwrap().cursor.char_range().unwrap();
        (range.secondary.index.0, range.primary.index.0)
    }

    fn caret(&self) -> usize {
        self.selected().1
    }

    fn key(&mut self, key: Key) {
        self.0.key_press(key);
        self.0.run();
    }
}

fn of_all(check: impl Fn(FieldKind, &str)) {
    for kind in KINDS {
        for sign in SIGNS {
            check(kind, sign);
        }
    }
}

#[test]
fn backspace_and_delete_take_a_whole_sign() {
    of_all(|kind, sign| {
        let text = format!("A{sign}{sign}");
        let mut window = Window::of(kind, &text);
        window.key(Key::End);
        assert_eq!(window.caret(), text.chars().count(), "{kind:?} {sign}");
        window.key(Key::Backspace);
        assert_eq!(*window.0.state(), format!("A{sign}"), "{kind:?}");
        window.key(Key::Home);
        window.key(Key::ArrowRight);
        window.key(Key::Delete);
        assert_eq!(window.0.state(), "A", "{kind:?} {sign}");
    });
}

#[test]
fn several_keys_in_one_frame_take_as_many_signs() {
    of_all(|kind, sign| {
        let mut window = Window::of(kind, &format!("A{sign}{sign}{sign}"));
        window.key(Key::End);
        for _ in 0..3 {
            window.0.key_press(Key::Backspace);
        }
        window.0.run();
        assert_eq!(window.0.state(), "A", "{kind:?} {sign}");
    });
}

#[test]
fn arrows_go_and_select_by_signs() {
    of_all(|kind, sign| {
        let text = format!("A{sign}{sign}B");
        let places: Vec<usize> = signs::places(&text).collect();
        let mut window = Window::of(kind, &text);
        window.key(Key::Home);
        for place in &places[1..] {
            window.key(Key::ArrowRight);
            assert_eq!(window.caret(), *place, "{kind:?} {sign} right");
        }
        for place in places.iter().rev().skip(1) {
            window.key(Key::ArrowLeft);
            assert_eq!(window.caret(), *place, "{kind:?} {sign} left");
        }
        for place in &places[1..] {
            window.0.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
            window.0.run();
            assert_eq!(window.selected(), (0, *place), "{kind:?} {sign} selecting");
        }
        window.key(Key::Backspace);
        assert_eq!(window.0.state(), "", "{kind:?} {sign}");
    });
}

#[test]
fn keys_of_one_frame_never_halve_a_sign() {
    of_all(|kind, sign| {
        let text = format!("A{sign}{sign}B");
        let mut window = Window::of(kind, &text);
        window.key(Key::End);
        for key in [Key::ArrowLeft, Key::ArrowLeft, Key::Backspace] {
            window.0.key_press(key);
        }
        window.0.run();
        let left = window.0.state().clone();
        let rest = left.strip_prefix('A').and_then(|left| left.strip_suffix('B')).unwrap();
        assert!(rest == sign || rest.is_empty(), "{kind:?} {sign}: {left:?}");
        assert!(signs::is_between(&left, window.caret()), "{kind:?} {sign}");
    });
}

#[test]
fn what_is_typed_behind_a_sign_stays_behind_it() {
    of_all(|kind, sign| {
        let mut window = Window::of(kind, &format!("A{sign}"));
        window.key(Key::End);
        play(&mut window.0, "xy⌫");
        assert_eq!(*window.0.state(), format!("A{sign}x"), "{kind:?}");
    });
}
