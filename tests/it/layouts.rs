//! Shortcuts on the keyboards of the world: what each press of the recorded layouts does.

use egui::{Context, Event, Key, Modifiers, RawInput};
use testcard::ui::{
    keyboard::Keyboard,
    shortcuts::{self, Shortcut},
};

const RECORDED: &str = include_str!("layouts.txt");

/// A press that the toolkit told of, with Ctrl.
#[derive(Clone, Copy, Debug)]
struct Press {
    key: Key,
    place: Key,
    shift: bool,
}

/// The keys of digits and signs, and some of letters.
const PLACES: [Key; 23] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
    Key::Num0,
    Key::Minus,
    Key::Equals,
    Key::S,
    Key::D,
    Key::J,
    Key::K,
    Key::L,
    Key::Semicolon,
    Key::Quote,
    Key::M,
    Key::Comma,
    Key::Period,
    Key::Slash,
];

/// All layouts with all their presses.
fn layouts() -> Vec<(&'static str, Vec<Press>)> {
    let named = |name: &str| Key::from_name(name).unwrap_or_else(|| panic!("no key is called {name}"));
    let lines = RECORDED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, differing) = line.split_once(" | ").unwrap();
            let told = |place: Key, shift: bool| {
                let place_in_words = format!("{}{}:", if shift { "+" } else { "" }, written(place));
                let key = differing.split(' ').find_map(|one| one.strip_prefix(&*place_in_words));
                Press { key: key.map_or(place, named), place, shift }
            };
            let presses = PLACES.iter().flat_map(|place| [told(*place, false), told(*place, true)]);
            (name, presses.collect())
        })
        .collect()
}

/// The place as the recording has it.
fn written(place: Key) -> String {
    let name = place.name();
    if name.len() == 1 && name.starts_with(|sign: char| sign.is_ascii_digit()) {
        format!("Num{name}")
    } else {
        name.to_owned()
    }
}

/// A keyboard at the window.
struct Hands(Context);

impl Hands {
    fn new() -> Self {
        let ctx = Context::default();
        ctx.add_plugin(Keyboard::default());
        Self(ctx)
    }

    /// What the window does at a press, held with these modifiers.
    fn press(&self, Press { key, place, shift }: Press, held: Modifiers) -> Vec<Shortcut> {
        let modifiers = if shift { held | Modifiers::SHIFT } else { held };
        let event = Event::Key { key, physical_key: Some(place), pressed: true, repeat: false, modifiers };
        let events = vec![Event::ModifiersChanged(modifiers), event];
        let mut found = Vec::new();
        let input = RawInput { events, ..RawInput::default() };
        let mut output = self.0.run_ui(input, |ui| found.extend(shortcuts::pressed(ui.ctx(), false)));
        output.textures_delta.clear();
        found
    }
}

/// What a sign or a digit stands for with Ctrl, where the keyboard types it.
fn of_sign(sign: Key) -> Option<Shortcut> {
    Some(match sign {
        Key::Num1 => Shortcut::GoForm,
        Key::Num2 => Shortcut::GoHistory,
        Key::Num3 => Shortcut::GoInspector,
        Key::Num4 => Shortcut::GoRequests,
        Key::Num0 | Key::Minus | Key::Equals | Key::Plus => of_zoom(sign),
        Key::Comma => Shortcut::Settings,
        Key::Slash => Shortcut::Keys,
        _ => return None,
    })
}

fn of_zoom(sign: Key) -> Shortcut {
    match sign {
        Key::Num0 => Shortcut::ZoomReset,
        Key::Minus => Shortcut::ZoomOut,
        _ => Shortcut::ZoomIn,
    }
}

/// What a letter stands for with Ctrl, of those that are recorded, and with Shift beside it.
fn of_letter(letter: Key, shift: bool) -> Option<Shortcut> {
    Some(match (letter, shift) {
        (Key::S, false) => Shortcut::Export,
        (Key::S, true) => Shortcut::Server,
        (Key::D, false) => Shortcut::Reuse,
        (Key::D, true) => Shortcut::Diff,
        (Key::T, false) => Shortcut::SwitchTarget,
        (Key::T, true) => Shortcut::SameElsewhere,
        (Key::J, false) => Shortcut::FoldInspector,
        (Key::K, false) => Shortcut::Palette,
        (Key::L, false) => Shortcut::CardNumber,
        (Key::N, false) => Shortcut::ClearForm,
        (Key::Z, false) => Shortcut::Undo,
        (Key::F, false) => Shortcut::SearchHistory,
        (Key::I, false) => Shortcut::CopyId,
        (Key::O, false) => Shortcut::Import,
        (Key::R, false) => Shortcut::Runs,
        _ => return None,
    })
}

const DIGITS: [Key; 5] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num0];

fn is_letter(key: Key) -> bool {
    key.name().len() == 1 && key.name().starts_with(|sign: char| sign.is_ascii_uppercase())
}

#[test]
fn a_press_does_what_its_keyboard_types_and_nothing_else() {
    for (layout, presses) in layouts() {
        let hands = Hands::new();
        for press in presses {
            let Press { key, place, shift } = press;
            let expected = if DIGITS.contains(&place) && !shift {
                of_sign(place)
            } else if is_letter(key) {
                of_letter(key, shift)
            } else if is_letter(place) && shift && of_letter(place, true).is_some() {
                // Arabic letters type signs with Shift.
                of_letter(place, true)
            } else if (key, place, shift) == (Key::Period, Key::Slash, false) {
                Some(Shortcut::Keys)
            } else if key == place && shift && !DIGITS.contains(&place) {
                // The toolkit tells of a sign that it does not know by the key's place.
                None
            } else {
                of_sign(key)
            };
            let found = hands.press(press, Modifiers::COMMAND);
            assert_eq!(found, Vec::from_iter(expected), "{layout}: {press:?}");
        }
    }
}

/// Shortcuts whose sign has a key of its own on a layout, outside of the recorded ones.
const ELSEWHERE: [(&str, Shortcut); 8] = [
    ("de", Shortcut::ZoomIn),
    ("es", Shortcut::ZoomIn),
    ("it", Shortcut::ZoomIn),
    ("pt", Shortcut::ZoomIn),
    ("us dvorak", Shortcut::ZoomIn),
    ("us dvorak", Shortcut::Settings),
    ("fr bepo", Shortcut::Settings),
    ("tr", Shortcut::Settings),
];

#[test]
fn every_shortcut_of_a_digit_or_a_sign_can_be_pressed_on_every_layout() {
    let wanted = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num0, Key::Minus, Key::Equals, Key::Comma];
    for (layout, presses) in layouts() {
        let hands = Hands::new();
        let found: Vec<_> = presses.iter().flat_map(|press| hands.press(*press, Modifiers::COMMAND)).collect();
        for shortcut in wanted.map(|sign| of_sign(sign).unwrap()) {
            assert!(found.contains(&shortcut) || ELSEWHERE.contains(&(layout, shortcut)), "{layout}: {shortcut:?}");
        }
    }
}

#[test]
fn with_altgr_or_alone_a_key_is_text() {
    for (layout, presses) in layouts() {
        let hands = Hands::new();
        for press in presses {
            for held in [Modifiers::NONE, Modifiers::ALT, Modifiers::COMMAND | Modifiers::ALT] {
                assert_eq!(hands.press(press, held), [], "{layout}: {press:?} with {held:?}");
            }
        }
    }
}

/// The list of keys says how the keyboard in use types a digit or a sign, once a person has typed on that key.
#[test]
fn what_a_key_was_seen_to_type_is_known() {
    let hands = Hands::new();
    let typed = |place: Key, modifiers: Modifiers, text: &str| {
        let key = Event::Key { key: place, physical_key: Some(place), pressed: true, repeat: false, modifiers };
        let input = RawInput { events: vec![key, Event::Text(text.to_owned())], ..RawInput::default() };
        hands.0.run_ui(input, |_| {}).textures_delta.clear();
    };
    let here = |shortcut: Shortcut| {
        let binding = shortcuts::KEY_BINDINGS.iter().find(|binding| binding.shortcut == shortcut).unwrap();
        let here = hands.0.plugin::<Keyboard>().lock().written_here(binding.keys);
        here.map(|keys| keys.replace("Cmd", "Ctrl"))
    };
    for shortcut in [Shortcut::GoForm, Shortcut::Keys, Shortcut::Settings, Shortcut::Create] {
        assert_eq!(here(shortcut), None, "{shortcut:?}");
    }
    typed(Key::Num1, Modifiers::NONE, "&");
    typed(Key::Num1, Modifiers::SHIFT, "1");
    typed(Key::Period, Modifiers::SHIFT, "/");
    typed(Key::Period, Modifiers::NONE, ":");
    typed(Key::A, Modifiers::NONE, "q");
    assert_eq!(here(Shortcut::GoForm).as_deref(), Some("Ctrl+&"));
    assert_eq!(here(Shortcut::Keys).as_deref(), Some("Ctrl+Shift+:"));
    // Another layout.
    typed(Key::Num1, Modifiers::NONE, "1");
    assert_eq!(here(Shortcut::GoForm), None);
}

/// The keypad: with `NumLock` its keys type digits and signs, without it they lead through lists.
#[test]
fn the_keypad_is_as_the_keys_of_its_signs() {
    let hands = Hands::new();
    for (key, place, expected) in [
        (Key::Num1, Key::Num1, Some(Shortcut::GoForm)),
        (Key::Num0, Key::Num0, Some(Shortcut::ZoomReset)),
        (Key::Plus, Key::Plus, Some(Shortcut::ZoomIn)),
        (Key::Minus, Key::Minus, Some(Shortcut::ZoomOut)),
        (Key::Slash, Key::Slash, Some(Shortcut::Keys)),
        (Key::End, Key::Num1, None),
        (Key::ArrowDown, Key::Num2, None),
        (Key::PageDown, Key::Num3, None),
        (Key::Insert, Key::Num0, None),
    ] {
        let found = hands.press(Press { key, place, shift: false }, Modifiers::COMMAND);
        assert_eq!(found, Vec::from_iter(expected), "{key:?} on {place:?}");
    }
}

#[test]
fn a_key_that_is_let_go_after_ctrl_is_not_held_for_ever() {
    let hands = Hands::new();
    let tell = |key, pressed, modifiers| {
        let event = Event::Key { key, physical_key: Some(Key::Num1), pressed, repeat: false, modifiers };
        let input = RawInput { events: vec![event], ..RawInput::default() };
        hands.0.run_ui(input, |_| {}).textures_delta.clear();
    };
    tell(Key::Plus, true, Modifiers::COMMAND);
    assert!(hands.0.input(|input| input.key_down(Key::Num1)));
    tell(Key::Plus, false, Modifiers::NONE);
    assert!(hands.0.input(|input| input.keys_down.is_empty()));
}
