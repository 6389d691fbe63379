//! Every key of the window, once: what it does, what it is called, and how it is written in tooltips and lists.

use egui::{Context, Key, KeyboardShortcut, Modifiers};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
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
pub enum Group {
    Token,
    History,
    Window,
}

impl Group {
    pub const ALL: [Self; 3] = [Self::Token, Self::History, Self::Window];

    pub fn label(self) -> &'static str {
        match self {
            Self::Token => "New token",
            Self::History => "History and inspector",
            Self::Window => "Window",
        }
    }
}

/// A key of the window. It works in every field, but for what `Deed::yields_to_fields` names.
#[derive(Clone, Copy, Debug)]
pub struct Shortcut {
    pub deed: Deed,
    pub keys: KeyboardShortcut,
    pub group: Group,
    /// As lists and the command palette call it.
    pub name: &'static str,
}

const fn on(deed: Deed, keys: KeyboardShortcut, group: Group, name: &'static str) -> Shortcut {
    Shortcut { deed, keys, group, name }
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

const fn bare(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

/// Every key with its deed. Those with Shift stand first: the same key without Shift would fit them too.
pub const SHORTCUTS: &[Shortcut] = &[
    on(Deed::Server, ctrl_shift(Key::S), Group::Window, "Loopback server…"),
    on(Deed::PreviousPane, KeyboardShortcut::new(Modifiers::SHIFT, Key::F6), Group::Window, "Go to the previous pane"),
    on(Deed::SameElsewhere, ctrl_shift(Key::T), Group::History, "Same card on the other target"),
    on(Deed::Diff, ctrl_shift(Key::D), Group::History, "Compare with the entry selected before"),
    on(Deed::Create, ctrl(Key::Enter), Group::Token, "Create token"),
    on(Deed::Palette, ctrl(Key::K), Group::Window, "Search actions and test cards"),
    on(Deed::CardNumber, ctrl(Key::L), Group::Token, "Go to the card number"),
    on(Deed::ClearForm, ctrl(Key::N), Group::Token, "Clear the form"),
    on(Deed::SearchHistory, ctrl(Key::F), Group::History, "Search the history"),
    on(Deed::Reuse, ctrl(Key::D), Group::History, "Put the entry into the form"),
    on(Deed::CopyId, ctrl(Key::I), Group::History, "Copy the token's id"),
    on(Deed::CopyCurl, ctrl_shift(Key::C), Group::History, "Copy the call as cURL"),
    on(Deed::Annotate, bare(Key::F2), Group::History, "Note and tags…"),
    on(Deed::Undo, ctrl(Key::Z), Group::History, "Undo the last deletion"),
    on(Deed::Export, ctrl(Key::S), Group::History, "Export…"),
    on(Deed::GoForm, ctrl(Key::Num1), Group::Window, "Go to the form"),
    on(Deed::GoHistory, ctrl(Key::Num2), Group::Window, "Go to the history"),
    on(Deed::GoInspector, ctrl(Key::Num3), Group::Window, "Go to the inspector"),
    on(Deed::GoRequests, ctrl(Key::Num4), Group::Window, "Go to the requests"),
    on(Deed::FoldForm, ctrl(Key::B), Group::Window, "Show or hide the form"),
    on(Deed::FoldInspector, ctrl(Key::J), Group::Window, "Show or hide the inspector"),
    on(Deed::NextPane, bare(Key::F6), Group::Window, "Go to the next pane"),
    on(Deed::SwitchTarget, ctrl(Key::T), Group::Window, "Switch between local minter and Stripe"),
    on(Deed::Settings, ctrl(Key::Comma), Group::Window, "Settings…"),
    on(Deed::Keys, ctrl(Key::Slash), Group::Window, "List of keys…"),
];

/// Keys that belong to a part of the window, and those of the toolkit: listed with the others, read elsewhere.
pub const FURTHER_KEYS: &[(Group, &str, &str)] = &[
    (Group::History, "Up and Down", "Select the entry above or below"),
    (Group::History, "Shift+Up and Down", "Select several entries"),
    (Group::History, "Ctrl+Up and Down", "Go to another entry without selecting it; Ctrl+Space selects it too"),
    (Group::History, "Ctrl+A", "Select all entries; Esc goes back to one"),
    (Group::History, "Delete", "Delete the selected entries"),
    (Group::Window, "Tab", "Go to the next control; Shift+Tab to the one before"),
    (Group::Window, "Esc", "Close what lies on top"),
    (Group::Window, "Ctrl+=, Ctrl+-, Ctrl+0", "Zoom in, out, and back"),
];

impl Deed {
    /// Whether a text field that has the focus gets the key instead.
    fn yields_to_fields(self) -> bool {
        matches!(self, Self::Undo)
    }

    fn shortcut(self) -> &'static Shortcut {
        SHORTCUTS.iter().find(|shortcut| shortcut.deed == self).expect("every deed has a key: a test looks at each")
    }

    /// Its keys as tooltips and lists write them: "Ctrl+Shift+S".
    pub fn keys(self) -> String {
        self.shortcut().written()
    }

    /// What lists call it.
    pub fn name(self) -> &'static str {
        self.shortcut().name
    }

    /// A tooltip: what is said, and the keys.
    pub fn tip(self, words: &str) -> String {
        format!("{words} ({})", self.keys())
    }
}

impl Shortcut {
    /// The keys in words: "Ctrl+Shift+S".
    pub fn written(&self) -> String {
        let Modifiers { shift, command, .. } = self.keys.modifiers;
        let ctrl = if cfg!(target_os = "macos") { "Cmd+" } else { "Ctrl+" };
        let key = match self.keys.logical_key {
            Key::Comma => ",",
            Key::Slash => "/",
            key => key.name(),
        };
        format!("{}{}{key}", if command { ctrl } else { "" }, if shift { "Shift+" } else { "" })
    }
}

/// The deeds whose keys were pressed since the last frame; their key presses are consumed.
pub fn pressed(ctx: &Context) -> Vec<Deed> {
    let is_typing = ctx.text_edit_focused();
    ctx.input_mut(|input| {
        SHORTCUTS
            .iter()
            .filter(|shortcut| !(is_typing && shortcut.deed.yields_to_fields()))
            .filter(|shortcut| input.consume_shortcut(&shortcut.keys))
            .map(|shortcut| shortcut.deed)
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
        let keys: HashSet<_> = SHORTCUTS.iter().map(Shortcut::written).collect();
        let deeds: HashSet<_> = SHORTCUTS.iter().map(|shortcut| shortcut.deed).collect();
        let names: HashSet<_> = SHORTCUTS.iter().map(|shortcut| shortcut.name).collect();
        assert_eq!((keys.len(), deeds.len(), names.len()), (SHORTCUTS.len(), SHORTCUTS.len(), SHORTCUTS.len()));
        for (_, further, what) in FURTHER_KEYS {
            assert!(!keys.contains(*further), "{further} does two things, one of them: {what}");
        }
    }

    #[test]
    fn no_key_is_taken_from_a_text_field_or_the_toolkit() {
        for shortcut in SHORTCUTS {
            let KeyboardShortcut { modifiers, logical_key } = shortcut.keys;
            let is_plain = modifiers == Modifiers::COMMAND;
            assert!(!(is_plain && OF_TOOLKIT.contains(&logical_key)), "{}", shortcut.written());
            let types = modifiers.is_none() && logical_key.name().chars().count() == 1;
            assert!(!types, "{} cannot be typed any more", shortcut.written());
        }
        assert!(Deed::Undo.yields_to_fields(), "a text field has its own undo");
    }

    #[test]
    fn a_key_with_shift_is_looked_for_before_the_one_without() {
        for (place, plain) in SHORTCUTS.iter().enumerate().filter(|(_, shortcut)| !shortcut.keys.modifiers.shift) {
            let later = &SHORTCUTS[place..];
            let shifted = later
                .iter()
                .find(|other| other.keys.modifiers.shift && other.keys.logical_key == plain.keys.logical_key);
            assert!(shifted.is_none(), "{} hides {}", plain.written(), shifted.unwrap().written());
        }
    }

    #[test]
    fn keys_are_written_as_a_person_says_them() {
        for (deed, expected) in [
            (Deed::Create, "Ctrl+Enter"),
            (Deed::Server, "Ctrl+Shift+S"),
            (Deed::Settings, "Ctrl+,"),
            (Deed::Keys, "Ctrl+/"),
            (Deed::GoForm, "Ctrl+1"),
            (Deed::PreviousPane, "Shift+F6"),
        ] {
            assert_eq!(deed.keys().replace("Cmd", "Ctrl"), expected);
        }
    }
}
