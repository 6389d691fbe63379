//! Every key of the window, once: what it does, what it is called, and how it is written in tooltips and lists.
//!
//! A view shows keys only out of this file, so that they are written alike and say Cmd on macOS; a test looks for keys
//! that are written down elsewhere.

use std::sync::LazyLock;

use egui::{Context, InputState, Key, KeyboardShortcut, Modifiers};

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
    Settings,
    Keys,
}

/// What keys are about; lists of them have these headings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyGroup {
    Token,
    History,
    Window,
}

impl KeyGroup {
    pub const ALL: [Self; 3] = [Self::Token, Self::History, Self::Window];

    pub fn label(self) -> &'static str {
        match self {
            Self::Token => "New token",
            Self::History => "History and inspector",
            Self::Window => "Window",
        }
    }
}

/// A key of the window. It works in every field, but for what `Shortcut::yields_to_fields` names.
#[derive(Clone, Copy, Debug)]
pub struct KeyBinding {
    pub shortcut: Shortcut,
    pub keys: KeyboardShortcut,
    pub group: KeyGroup,
    /// As lists and the command palette call it.
    pub name: &'static str,
}

const fn on(shortcut: Shortcut, keys: KeyboardShortcut, group: KeyGroup, name: &'static str) -> KeyBinding {
    KeyBinding { shortcut, keys, group, name }
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

/// Every key with what it does. Those with Shift stand first: the same key without Shift would fit them too.
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
    on(Shortcut::GoForm, ctrl(Key::Num1), KeyGroup::Window, "Go to the form"),
    on(Shortcut::GoHistory, ctrl(Key::Num2), KeyGroup::Window, "Go to the history"),
    on(Shortcut::GoInspector, ctrl(Key::Num3), KeyGroup::Window, "Go to the inspector"),
    on(Shortcut::GoRequests, ctrl(Key::Num4), KeyGroup::Window, "Go to the requests"),
    on(Shortcut::FoldForm, ctrl(Key::B), KeyGroup::Window, "Show or hide the form"),
    on(Shortcut::FoldInspector, ctrl(Key::J), KeyGroup::Window, "Show or hide the inspector"),
    on(Shortcut::NextPane, bare(Key::F6), KeyGroup::Window, "Go to the next pane"),
    on(Shortcut::SwitchTarget, ctrl(Key::T), KeyGroup::Window, "Switch between local minter and Stripe"),
    on(Shortcut::Settings, ctrl(Key::Comma), KeyGroup::Window, "Settings…"),
    on(Shortcut::Keys, ctrl(Key::Slash), KeyGroup::Window, "List of keys…"),
];

/// A key that one part of the window reads: a dialog, a list, a search field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalKey {
    /// Closes what lies on top.
    Close,
    /// Does what a dialog is for, or what is marked in a list.
    Confirm,
    /// Saves the settings; in the palette, fills the form without sending it.
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

    /// Whether the key was pressed since the last frame; the press is consumed. A key with Shift has to be asked for
    /// before the same key without, which fits too.
    pub fn is_pressed(self, input: &mut InputState) -> bool {
        input.consume_shortcut(&self.shortcut())
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
        Key::Escape => "Esc",
        key => key.name(),
    };
    let command = if command { format!("{COMMAND}+") } else { String::new() };
    format!("{command}{}{key}", if shift { "Shift+" } else { "" })
}

/// Keys of a part of the window and of the toolkit, with what they do: for the list of keys.
pub static FURTHER_KEYS: LazyLock<Vec<(KeyGroup, String, String)>> = LazyLock::new(|| {
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
        row(KeyGroup::History, LocalKey::Delete.keys(), "Delete the selected entries"),
        row(KeyGroup::Window, "Tab", "Go to the next control; Shift+Tab to the one before"),
        row(KeyGroup::Window, LocalKey::Close.keys(), "Close what lies on top"),
        row(KeyGroup::Window, LocalKey::Menu.keys(), "Open the menu of the row or field; the Menu key does too"),
        row(KeyGroup::Window, "Ctrl+=, Ctrl+-, Ctrl+0", "Zoom in, out, and back"),
    ]
});

/// How the zoom is changed by keys, in a sentence for the settings.
pub fn zoom_words() -> String {
    format!("{COMMAND}+= and {COMMAND}+- change it too, {COMMAND}+0 resets it")
}

impl Shortcut {
    /// Whether a text field that has the focus gets the key instead.
    fn yields_to_fields(self) -> bool {
        matches!(self, Self::Undo)
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
    /// The keys in words: "Ctrl+Shift+S".
    pub fn written(&self) -> String {
        written(self.keys)
    }
}

/// The shortcuts whose keys were pressed since the last frame; their key presses are consumed.
pub fn pressed(ctx: &Context) -> Vec<Shortcut> {
    let is_typing = ctx.text_edit_focused();
    ctx.input_mut(|input| {
        KEY_BINDINGS
            .iter()
            .filter(|binding| !(is_typing && binding.shortcut.yields_to_fields()))
            .filter(|binding| input.consume_shortcut(&binding.keys))
            .map(|binding| binding.shortcut)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// What the toolkit and its text fields do with Ctrl or Cmd.
    const OF_TOOLKIT: [Key; 13] = [
        Key::A,
        Key::C,
        Key::V,
        Key::X,
        Key::Y,
        Key::Q,
        Key::U,
        Key::W,
        Key::Plus,
        Key::Equals,
        Key::Minus,
        Key::Num0,
        Key::H,
    ];

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

    #[test]
    fn a_key_with_shift_is_looked_for_before_the_one_without() {
        for (place, plain) in KEY_BINDINGS.iter().enumerate().filter(|(_, binding)| !binding.keys.modifiers.shift) {
            let later = &KEY_BINDINGS[place..];
            let shifted = later
                .iter()
                .find(|other| other.keys.modifiers.shift && other.keys.logical_key == plain.keys.logical_key);
            assert!(shifted.is_none(), "{} hides {}", plain.written(), shifted.unwrap().written());
        }
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
