//! Every key of the window, once: what it does, and the words that tooltips show.

use egui::{Context, Key, KeyboardShortcut, Modifiers};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    Create,
    TestCards,
    CardNumber,
    SearchHistory,
    ClearForm,
    Reuse,
    CopyId,
    Export,
    Settings,
    Server,
}

/// Every key with its deed; no key stands twice.
pub const SHORTCUTS: [(Deed, KeyboardShortcut); 10] = [
    // Before Ctrl+S, which fits with Shift too.
    (Deed::Server, KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::S)),
    (Deed::Create, ctrl(Key::Enter)),
    (Deed::TestCards, ctrl(Key::K)),
    (Deed::CardNumber, ctrl(Key::L)),
    (Deed::SearchHistory, ctrl(Key::F)),
    (Deed::ClearForm, ctrl(Key::N)),
    (Deed::Reuse, ctrl(Key::D)),
    (Deed::CopyId, ctrl(Key::I)),
    (Deed::Export, ctrl(Key::S)),
    (Deed::Settings, ctrl(Key::Comma)),
];

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

/// The deeds whose keys were pressed since the last frame; their key presses are consumed.
pub fn pressed(ctx: &Context) -> Vec<Deed> {
    ctx.input_mut(|input| {
        SHORTCUTS.iter().filter(|(_, keys)| input.consume_shortcut(keys)).map(|(deed, _)| *deed).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let keys: HashSet<_> = SHORTCUTS.iter().map(|(_, keys)| format!("{keys:?}")).collect();
        let deeds: HashSet<_> = SHORTCUTS.iter().map(|(deed, _)| *deed).collect();
        assert_eq!((keys.len(), deeds.len()), (SHORTCUTS.len(), SHORTCUTS.len()));
    }
}
