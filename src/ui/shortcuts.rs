//! Every key of the window, once: what it does, what it is called, and how it is written in tooltips and lists.
//!
//! A view shows keys only out of this file, so that they are written alike and say Cmd on macOS; a test looks for keys
//! that are written down elsewhere.

use std::sync::LazyLock;

use egui::{Context, Event, InputState, Key, KeyboardShortcut, Modifiers};

/// What a key of the window does, wherever the focus is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shortcut {
    Create,
    Palette,
    CardNumber,
    ClearForm,
    SearchHistory,
    Reuse,
    CopyId,
    SameElsewhere,
    Diff,
    Annotate,
    Undo,
    CopyCurl,
    Export,
    Import,
    GoForm,
    GoHistory,
    GoInspector,
    GoRequests,
    FoldForm,
    FoldInspector,
    NextPane,
    PreviousPane,
    SwitchTarget,
    Server,
    Runs,
    Settings,
    Keys,
    ZoomIn,
    ZoomOut,
    ZoomReset,
}

/// What keys are about; lists of them have these headings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyGroup {
    Token,
    History,
    Window,
    /// What single lists, searches and dialogs read.
    Local,
}

impl KeyGroup {
    pub const ALL: [Self; 4] = [Self::Token, Self::History, Self::Window, Self::Local];

    pub fn label(self) -> &'static str {
        match self {
            Self::Token => "New token",
            Self::History => "History and inspector",
            Self::Window => "Window",
            Self::Local => "Lists, searches and dialogs",
        }
    }
}

/// A key of the window. It works in every field, but for what `Shortcut::yields_to_fields` names.
#[derive(Clone, Copy, Debug)]
pub struct KeyBinding {
    pub shortcut: Shortcut,
    pub keys: KeyboardShortcut,
    /// Other keys that do the same: for keyboards on which the first ones are hard to find or to type.
    pub also: &'static [KeyboardShortcut],
    pub group: KeyGroup,
    /// As lists and the command palette call it.
    pub name: &'static str,
}

const fn on(shortcut: Shortcut, keys: KeyboardShortcut, group: KeyGroup, name: &'static str) -> KeyBinding {
    KeyBinding { shortcut, keys, also: &[], group, name }
}

impl KeyBinding {
    const fn or(self, also: &'static [KeyboardShortcut]) -> Self {
        Self { also, ..self }
    }
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

const fn bare(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

/// Every key with what it does.
pub const KEY_BINDINGS: &[KeyBinding] = &[
    on(Shortcut::Server, ctrl_shift(Key::S), KeyGroup::Window, "Loopback server…"),
    on(Shortcut::PreviousPane, shift(Key::F6), KeyGroup::Window, "Go to the previous pane"),
    on(Shortcut::SameElsewhere, ctrl_shift(Key::T), KeyGroup::History, "Same card on the other target"),
    on(Shortcut::Diff, ctrl_shift(Key::D), KeyGroup::History, "Compare with the entry selected before"),
    on(Shortcut::Create, ctrl(Key::Enter), KeyGroup::Token, "Create token"),
    on(Shortcut::Palette, ctrl(Key::K), KeyGroup::Window, "Search actions and test cards"),
    on(Shortcut::CardNumber, ctrl(Key::L), KeyGroup::Token, "Go to the card number"),
    on(Shortcut::ClearForm, ctrl(Key::N), KeyGroup::Token, "Clear the form"),
    on(Shortcut::SearchHistory, ctrl(Key::F), KeyGroup::History, "Search the history"),
    on(Shortcut::Reuse, ctrl(Key::D), KeyGroup::History, "Put the entry into the form"),
    on(Shortcut::CopyId, ctrl(Key::I), KeyGroup::History, "Copy the token's id"),
    on(Shortcut::CopyCurl, ctrl_shift(Key::C), KeyGroup::History, "Copy the call as cURL"),
    on(Shortcut::Annotate, bare(Key::F2), KeyGroup::History, "Note and tags…"),
    on(Shortcut::Undo, ctrl(Key::Z), KeyGroup::History, "Undo the last deletion"),
    on(Shortcut::Export, ctrl(Key::S), KeyGroup::History, "Export…"),
    on(Shortcut::Import, ctrl(Key::O), KeyGroup::History, "Import…"),
    on(Shortcut::Runs, ctrl(Key::R), KeyGroup::History, "Runs…"),
    on(Shortcut::GoForm, ctrl(Key::Num1), KeyGroup::Window, "Go to the form"),
    on(Shortcut::GoHistory, ctrl(Key::Num2), KeyGroup::Window, "Go to the history"),
    on(Shortcut::GoInspector, ctrl(Key::Num3), KeyGroup::Window, "Go to the inspector"),
    on(Shortcut::GoRequests, ctrl(Key::Num4), KeyGroup::Window, "Go to the requests"),
    on(Shortcut::FoldForm, ctrl(Key::B), KeyGroup::Window, "Show or hide the form"),
    on(Shortcut::FoldInspector, ctrl(Key::J), KeyGroup::Window, "Show or hide the inspector"),
    on(Shortcut::NextPane, bare(Key::F6), KeyGroup::Window, "Go to the next pane"),
    on(Shortcut::SwitchTarget, ctrl(Key::T), KeyGroup::Window, "Switch between local minter and Stripe"),
    on(Shortcut::Settings, ctrl(Key::Comma), KeyGroup::Window, "Settings…").or(&[bare(Key::F10)]),
    on(Shortcut::Keys, ctrl(Key::Slash), KeyGroup::Window, "List of keys…").or(&[bare(Key::F1)]),
    on(Shortcut::ZoomIn, ctrl(Key::Equals), KeyGroup::Window, "Zoom in").or(&[ctrl(Key::Plus)]),
    on(Shortcut::ZoomOut, ctrl(Key::Minus), KeyGroup::Window, "Zoom out"),
    on(Shortcut::ZoomReset, ctrl(Key::Num0), KeyGroup::Window, "Zoom back to normal"),
];

/// A key that one part of the window reads: a dialog, a list, a search field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalKey {
    /// Closes what lies on top.
    Close,
    /// Does what a dialog is for, or what is marked in a list.
    Confirm,
    /// Saves the settings, starts a new run; in the palette, fills the form without sending it.
    Submit,
    /// Makes a preset a favourite, or no longer.
    Favourite,
    /// Opens a preset of the user's own, to rename or delete it.
    EditPreset,
    /// Deletes what is selected.
    Delete,
    /// Copies what is selected, else all of it.
    Copy,
    Cut,
    Paste,
    SelectAll,
    /// Opens the menu of what has the focus, as the Menu key does, which not every keyboard has.
    Menu,
    NextMatch,
    PreviousMatch,
    NextDifference,
    PreviousDifference,
}

impl LocalKey {
    const ALL: [Self; 15] = [
        Self::Close,
        Self::Confirm,
        Self::Submit,
        Self::Favourite,
        Self::EditPreset,
        Self::Delete,
        Self::Copy,
        Self::Cut,
        Self::Paste,
        Self::SelectAll,
        Self::Menu,
        Self::NextMatch,
        Self::PreviousMatch,
        Self::NextDifference,
        Self::PreviousDifference,
    ];

    const fn shortcut(self) -> KeyboardShortcut {
        match self {
            Self::Close => bare(Key::Escape),
            Self::Confirm => bare(Key::Enter),
            Self::Submit => ctrl(Key::Enter),
            Self::Favourite => ctrl(Key::D),
            Self::EditPreset => bare(Key::F2),
            Self::Delete => bare(Key::Delete),
            Self::Copy => ctrl(Key::C),
            Self::Cut => ctrl(Key::X),
            Self::Paste => ctrl(Key::V),
            Self::SelectAll => ctrl(Key::A),
            Self::Menu => shift(Key::F10),
            Self::NextMatch => bare(Key::F3),
            Self::PreviousMatch => shift(Key::F3),
            Self::NextDifference => bare(Key::F7),
            Self::PreviousDifference => shift(Key::F7),
        }
    }

    /// What it does, as the list of keys says it.
    const fn what(self) -> &'static str {
        match self {
            Self::Close => "Close what lies on top",
            Self::Confirm => "Do what a dialog is for, or what is marked",
            Self::Submit => "Save the settings, start a run; in the palette, fill the form only",
            Self::Favourite => "In the palette: make a preset a favourite, or no longer",
            Self::EditPreset => "In the palette: rename or delete a preset of your own",
            Self::Delete => "Delete the selected entries",
            Self::Copy => "Copy what is selected, else all of it",
            Self::Cut => "Cut what is selected in a field",
            Self::Paste => "Paste into a field",
            Self::SelectAll => "Select all in a field",
            Self::Menu => "Open the menu of the row or field; the Menu key does too",
            Self::NextMatch => "Go to the next match of the search",
            Self::PreviousMatch => "Go to the match before",
            Self::NextDifference => "Go to the next difference",
            Self::PreviousDifference => "Go to the difference before",
        }
    }

    fn words(self) -> &'static KeyWords {
        &LOCAL_WORDS[self as usize]
    }

    /// The keys as tooltips and lists write them: "Shift+F3".
    pub fn keys(self) -> &'static str {
        &self.words().keys
    }

    /// The keys as a key cap on a button has them: "Ctrl ↵".
    pub fn cap(self) -> &'static str {
        &self.words().cap
    }

    /// A tooltip: what is said, and the keys.
    pub fn tip(self, words: &str) -> String {
        format!("{words} ({})", self.keys())
    }

    /// Whether the key was pressed since the last frame; the presses are left to others.
    pub fn is_among(self, input: &InputState) -> bool {
        input.events.iter().any(|event| is_press_of(event, self.shortcut()))
    }

    /// Whether the key was pressed since the last frame; the presses are consumed.
    pub fn is_pressed(self, input: &mut InputState) -> bool {
        let before = input.events.len();
        input.events.retain(|event| !is_press_of(event, self.shortcut()));
        input.events.len() < before
    }
}

/// Keys in words.
struct KeyWords {
    keys: String,
    cap: String,
}

impl KeyWords {
    fn of(shortcut: KeyboardShortcut) -> Self {
        let keys = written(shortcut);
        let cap = keys.replace("Enter", "↵").replace('+', " ");
        Self { keys, cap }
    }
}

// Put into words once: tooltips, caps and menus ask for them in every frame.
static BINDING_WORDS: LazyLock<Vec<KeyWords>> =
    LazyLock::new(|| KEY_BINDINGS.iter().map(|binding| KeyWords::of(binding.keys)).collect());
static LOCAL_WORDS: LazyLock<[KeyWords; 15]> = LazyLock::new(|| LocalKey::ALL.map(|key| KeyWords::of(key.shortcut())));

/// The key of commands on this system, as it is written on the keyboard.
const COMMAND: &str = if cfg!(target_os = "macos") { "Cmd" } else { "Ctrl" };

/// Keys in words: "Ctrl+Shift+S".
fn written(shortcut: KeyboardShortcut) -> String {
    let Modifiers { shift, command, .. } = shortcut.modifiers;
    let key = match shortcut.logical_key {
        Key::Comma => ",",
        Key::Slash => "/",
        Key::Plus => "+",
        Key::Equals => "=",
        Key::Minus => "-",
        Key::Escape => "Esc",
        key => key.name(),
    };
    let command = if command { format!("{COMMAND}+") } else { String::new() };
    format!("{command}{}{key}", if shift { "Shift+" } else { "" })
}

/// Keys of the lists and of the toolkit, with what they do: for the list of keys.
static FURTHER_KEYS: LazyLock<Vec<(KeyGroup, String, String)>> = LazyLock::new(|| {
    let row = |group, keys: &str, what: &str| (group, keys.replace("Ctrl", COMMAND), what.replace("Ctrl", COMMAND));
    vec![
        row(KeyGroup::History, "Up and Down", "Select the entry above or below"),
        row(KeyGroup::History, "Shift+Up and Down", "Select several entries"),
        row(
            KeyGroup::History,
            "Ctrl+Up and Down",
            "Go to another entry without selecting it; Ctrl+Space selects it too",
        ),
        row(KeyGroup::History, "Ctrl+A", "Select all entries; Esc goes back to one"),
        row(KeyGroup::Window, "Tab", "Go to the next control; Shift+Tab to the one before"),
    ]
});

/// A line of the list of keys.
#[derive(Clone, Copy, Debug)]
pub struct KeyLine {
    pub keys: &'static str,
    /// The keys of the window that they are, if they are.
    pub binding: Option<&'static KeyBinding>,
    pub what: &'static str,
}

/// The lines of a group, in their order.
pub fn key_lines(group: KeyGroup) -> impl Iterator<Item = KeyLine> {
    let of_group = move |binding: &&'static KeyBinding| binding.group == group;
    let own = KEY_BINDINGS.iter().filter(of_group).map(|binding| KeyLine {
        keys: binding.shortcut.keys(),
        binding: Some(binding),
        what: binding.name.trim_end_matches('…'),
    });
    let further = FURTHER_KEYS.iter().filter(move |(of, ..)| *of == group);
    let further = further.map(|(_, keys, what)| KeyLine { keys, binding: None, what });
    let local = LocalKey::ALL.into_iter().filter(move |_| group == KeyGroup::Local);
    let local = local.map(|key| KeyLine { keys: key.keys(), binding: None, what: key.what() });
    own.chain(further).chain(local)
}

/// Ctrl or Cmd with what a key types: "Ctrl+&".
pub fn with_command(typed: char, shift: bool) -> String {
    format!("{COMMAND}+{}{typed}", if shift { "Shift+" } else { "" })
}

/// How the zoom is changed by keys, in a sentence for the settings.
pub fn zoom_words() -> String {
    let [zoom_in, zoom_out, reset] = [Shortcut::ZoomIn, Shortcut::ZoomOut, Shortcut::ZoomReset].map(Shortcut::keys);
    format!("{zoom_in} and {zoom_out} change it too, {reset} resets it")
}

impl Shortcut {
    /// Whether a text field that has the focus gets the key instead.
    fn yields_to_fields(self) -> bool {
        matches!(self, Self::Undo)
    }

    /// Whether it does something while a dialog is open, too.
    fn works_in_dialogs(self) -> bool {
        matches!(self, Self::ZoomIn | Self::ZoomOut | Self::ZoomReset)
    }

    /// Its place in [`KEY_BINDINGS`].
    fn place(self) -> usize {
        KEY_BINDINGS
            .iter()
            .position(|binding| binding.shortcut == self)
            .expect("a test finds each of them in the table")
    }

    /// Its keys as tooltips and lists write them: "Ctrl+Shift+S".
    pub fn keys(self) -> &'static str {
        &BINDING_WORDS[self.place()].keys
    }

    /// Its keys as a key cap on a button has them: "Ctrl ↵".
    pub fn cap(self) -> &'static str {
        &BINDING_WORDS[self.place()].cap
    }

    /// A tooltip: what is said, and the keys.
    pub fn tip(self, words: &str) -> String {
        format!("{words} ({})", self.keys())
    }
}

impl KeyBinding {
    /// All keys that do it.
    fn all_keys(&self) -> impl Iterator<Item = KeyboardShortcut> {
        std::iter::once(self.keys).chain(self.also.iter().copied())
    }

    /// The keys in words: "Ctrl+Shift+S".
    pub fn written(&self) -> String {
        written(self.keys)
    }

    /// The other keys in words, but for those that type the same sign with Shift.
    pub fn also_written(&self) -> impl Iterator<Item = String> {
        self.also.iter().filter(|keys| !is_sign(keys.logical_key)).map(|keys| written(*keys))
    }
}

/// The key of a digit or a sign that some keyboards type with Shift: `/` is Shift+7 in Germany.
pub fn is_sign(key: Key) -> bool {
    use Key::{
        Backslash, Backtick, CloseBracket, CloseCurlyBracket, Colon, Comma, Equals, Exclamationmark, Minus,
        OpenBracket, OpenCurlyBracket, Period, Pipe, Plus, Questionmark, Quote, Semicolon, Slash,
    };
    let is_bracket = matches!(key, OpenBracket | CloseBracket | OpenCurlyBracket | CloseCurlyBracket);
    let is_stop = matches!(key, Comma | Period | Colon | Semicolon | Exclamationmark | Questionmark);
    let is_stroke = matches!(key, Slash | Backslash | Pipe | Plus | Minus | Equals | Quote | Backtick);
    is_digit(key) || is_bracket || is_stop || is_stroke
}

pub fn is_digit(key: Key) -> bool {
    use Key::{Num0, Num1, Num2, Num3, Num4, Num5, Num6, Num7, Num8, Num9};
    matches!(key, Num0 | Num1 | Num2 | Num3 | Num4 | Num5 | Num6 | Num7 | Num8 | Num9)
}

/// Whether these keys are a shortcut of the window.
pub fn is_bound(modifiers: Modifiers, key: Key) -> bool {
    let keys = KeyboardShortcut::new(modifiers, key);
    KEY_BINDINGS.iter().any(|binding| binding.all_keys().any(|bound| bound == keys))
}

/// Whether an event is the press of these keys and of no more: Alt is held for text (`AltGr`), never for a shortcut.
fn is_press_of(event: &Event, keys: KeyboardShortcut) -> bool {
    let Event::Key { key, modifiers, pressed: true, .. } = event else { return false };
    let modifiers = if is_sign(*key) { Modifiers { shift: false, ..*modifiers } } else { *modifiers };
    *key == keys.logical_key && modifiers.matches_exact(keys.modifiers)
}

/// The shortcuts whose keys were pressed since the last frame, in that order; their key presses are consumed. While a
/// dialog is open most keys belong to it.
pub fn pressed(ctx: &Context, has_dialog: bool) -> Vec<Shortcut> {
    let is_typing = ctx.text_edit_focused();
    let is_awake = |shortcut: Shortcut| {
        !(is_typing && shortcut.yields_to_fields()) && (!has_dialog || shortcut.works_in_dialogs())
    };
    let mut pressed = Vec::new();
    ctx.input_mut(|input| {
        input.events.retain(|event| {
            let found = KEY_BINDINGS.iter().find(|binding| binding.all_keys().any(|keys| is_press_of(event, keys)));
            let found = found.map(|binding| binding.shortcut).filter(|shortcut| is_awake(*shortcut));
            pressed.extend(found);
            found.is_none()
        });
    });
    pressed
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// What the toolkit and its text fields do with Ctrl or Cmd.
    const OF_TOOLKIT: [Key; 9] = [Key::A, Key::C, Key::V, Key::X, Key::Y, Key::Q, Key::U, Key::W, Key::H];

    #[test]
    fn no_two_shortcuts_share_any_of_their_keys() {
        let local = LocalKey::ALL.map(LocalKey::shortcut);
        let mut seen: HashSet<KeyboardShortcut> = HashSet::new();
        for binding in KEY_BINDINGS {
            for keys in binding.all_keys() {
                assert!(seen.insert(keys), "{} does two things", written(keys));
            }
            // The first keys may be those of a dialog or a list, which reads them while it is there.
            for keys in binding.also {
                assert!(!local.contains(keys), "{} is taken", written(*keys));
            }
        }
    }

    #[test]
    fn no_key_does_two_things() {
        let keys: HashSet<_> = KEY_BINDINGS.iter().map(KeyBinding::written).collect();
        let shortcuts: HashSet<_> = KEY_BINDINGS.iter().map(|binding| binding.shortcut).collect();
        let names: HashSet<_> = KEY_BINDINGS.iter().map(|binding| binding.name).collect();
        assert_eq!(
            (keys.len(), shortcuts.len(), names.len()),
            (KEY_BINDINGS.len(), KEY_BINDINGS.len(), KEY_BINDINGS.len())
        );
        for (_, further, what) in FURTHER_KEYS.iter() {
            assert!(!keys.contains(further), "{further} does two things, one of them: {what}");
        }
    }

    #[test]
    fn no_key_is_taken_from_a_text_field_or_the_toolkit() {
        for binding in KEY_BINDINGS {
            let KeyboardShortcut { modifiers, logical_key } = binding.keys;
            let is_plain = modifiers == Modifiers::COMMAND;
            assert!(!(is_plain && OF_TOOLKIT.contains(&logical_key)), "{}", binding.written());
            let types = modifiers.is_none() && logical_key.name().chars().count() == 1;
            assert!(!types, "{} cannot be typed any more", binding.written());
        }
        assert!(Shortcut::Undo.yields_to_fields(), "a text field has its own undo");
    }

    #[track_caller]
    fn check(modifiers: Modifiers, key: Key, expected: &[Shortcut]) {
        let ctx = Context::default();
        let event = Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
        ctx.input_mut(|input| input.events.push(event));
        assert_eq!(pressed(&ctx, false), expected, "{modifiers:?} {key:?}");
    }

    #[test]
    fn keys_are_taken_with_just_their_modifiers() {
        let (ctrl, shift, alt) = (Modifiers::COMMAND, Modifiers::SHIFT, Modifiers::ALT);
        check(ctrl, Key::S, &[Shortcut::Export]);
        check(ctrl | shift, Key::S, &[Shortcut::Server]);
        check(ctrl | shift, Key::L, &[]);
        // What Windows makes of `AltGr`.
        check(ctrl | alt, Key::L, &[]);
        check(ctrl | alt, Key::Num1, &[]);
        check(alt, Key::F6, &[]);
        check(Modifiers::NONE, Key::F1, &[Shortcut::Keys]);
        check(ctrl, Key::F1, &[]);
        // Shift is what types these on some keyboards.
        check(ctrl | shift, Key::Slash, &[Shortcut::Keys]);
        check(ctrl | shift, Key::Num1, &[Shortcut::GoForm]);
        check(ctrl | shift, Key::Plus, &[Shortcut::ZoomIn]);
    }

    #[test]
    fn presses_are_carried_out_in_their_order() {
        let ctx = Context::default();
        ctx.input_mut(|input| {
            for key in [Key::L, Key::K, Key::Num2, Key::L] {
                let modifiers = Modifiers::COMMAND;
                input.events.push(Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers });
            }
        });
        let expected = [Shortcut::CardNumber, Shortcut::Palette, Shortcut::GoHistory, Shortcut::CardNumber];
        assert_eq!(pressed(&ctx, false), expected);
        assert!(ctx.input(|input| input.events.is_empty()), "each press is taken");
    }

    #[test]
    fn keys_are_written_as_a_person_says_them() {
        for (shortcut, expected) in [
            (Shortcut::Create, "Ctrl+Enter"),
            (Shortcut::Server, "Ctrl+Shift+S"),
            (Shortcut::Settings, "Ctrl+,"),
            (Shortcut::Keys, "Ctrl+/"),
            (Shortcut::GoForm, "Ctrl+1"),
            (Shortcut::PreviousPane, "Shift+F6"),
            (Shortcut::ZoomOut, "Ctrl+-"),
        ] {
            assert_eq!(shortcut.keys().replace("Cmd", "Ctrl"), expected);
        }
        assert_eq!(Shortcut::Create.cap().replace("Cmd", "Ctrl"), "Ctrl ↵");
        for (key, expected) in
            [(LocalKey::Close, "Esc"), (LocalKey::Submit, "Ctrl+Enter"), (LocalKey::PreviousDifference, "Shift+F7")]
        {
            assert_eq!(key.keys().replace("Cmd", "Ctrl"), expected);
        }
    }

    #[test]
    fn a_local_key_has_its_own_words() {
        for (place, key) in LocalKey::ALL.into_iter().enumerate() {
            assert_eq!(key as usize, place, "{key:?}");
        }
    }
}
