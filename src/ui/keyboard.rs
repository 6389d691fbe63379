//! Keys as the keyboard in use has them: which key a press stands for, on every layout.
//!
//! The toolkit tells of a press what the layout types there, or the place of the key where that is nothing it knows:
//! "ф" becomes A, by its place. That is right for letters. It is not for digits and signs: the key of 1 types "+" in
//! Prague, "&" in Paris and "ๅ" in Bangkok, and "/" lies on the key of 2 there. [`Keyboard`] decides these before
//! anything else reads the input, so that a press means one thing to all.

use std::collections::HashMap;

use egui::{Context, Event, Key, KeyboardShortcut, Modifiers, Plugin, RawInput};

use super::shortcuts::{is_bound, is_digit, is_sign, with_command};

/// Reads the presses of shortcuts as the keyboard in use means them. It is to be the first plugin that sees the input.
#[derive(Debug, Default)]
pub struct Keyboard {
    /// What keys that are held down were taken for, by their places: a release names the key that was pressed, though
    /// Ctrl may be up by then.
    held: HashMap<Key, Key>,
    /// What the keys of digits and signs were seen to type, by their places and with Shift or without. It is learned
    /// from what a person types; the toolkit does not tell the layout.
    learned: HashMap<(Key, bool), char>,
}

impl Keyboard {
    /// How this keyboard types the digit or sign of a shortcut where that is not plain to see: "Ctrl+&" for Ctrl+1 in
    /// France, "Ctrl+Shift+7" for Ctrl+/ in Germany; `None` where nothing is known of it.
    pub fn written_here(&self, keys: KeyboardShortcut) -> Option<String> {
        let sign = keys.logical_key.symbol_or_name().chars().next().filter(|_| is_sign(keys.logical_key))?;
        if is_digit(keys.logical_key) {
            let typed = self.learned.get(&(keys.logical_key, false)).filter(|typed| **typed != sign)?;
            return Some(with_command(*typed, false));
        }
        // Minus is told apart from the dash that stands for it in print.
        let sign = if keys.logical_key == Key::Minus { '-' } else { sign };
        let (place, _) = self.learned.iter().find(|((_, shift), typed)| *shift && **typed == sign)?.0;
        let plain = self.learned.get(&(*place, false)).copied();
        Some(with_command(plain.or_else(|| place.symbol_or_name().chars().next())?, true))
    }

    fn learn(&mut self, events: &[Event]) {
        for pair in events.windows(2) {
            let [Event::Key { physical_key: Some(place), pressed: true, modifiers, .. }, Event::Text(text)] = pair
            else {
                continue;
            };
            let mut typed = text.chars();
            if let (true, Some(sign), None) = (is_sign(*place), typed.next(), typed.next()) {
                self.learned.insert((*place, modifiers.shift), sign);
            }
        }
    }
}

impl Plugin for Keyboard {
    fn debug_name(&self) -> &'static str {
        "keyboard"
    }

    fn setup(&mut self, ctx: &Context) {
        // The toolkit would take Ctrl and the key of 1 for a plus sign where that key types one.
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
    }

    fn input_hook(&mut self, _: &Context, input: &mut RawInput) {
        self.learn(&input.events);
        input.events.retain_mut(|event| {
            let Event::Key { key, physical_key: Some(place), pressed, modifiers, .. } = event else { return true };
            let meant = if *pressed { meant(*key, *place, *modifiers) } else { self.held.remove(place).or(Some(*key)) };
            let Some(meant) = meant else { return false };
            *key = meant;
            if *pressed {
                self.held.insert(*place, meant);
            }
            true
        });
    }
}

/// The key that a press stands for, by what it types and by its place on the keyboard; `None` for a sign that no key is
/// named after, so that it does nothing.
///
/// Only what is pressed together with Ctrl or Cmd is in question, and with Alt it is text, as `AltGr` is on Windows.
fn meant(typed: Key, place: Key, modifiers: Modifiers) -> Option<Key> {
    let is_shortcut = modifiers.command && !modifiers.alt;
    if !is_shortcut || !is_sign(typed) || is_digit(typed) {
        return Some(typed);
    }
    if modifiers.shift {
        // Arabic keys of letters type signs with Shift: the letter by its place is what is meant.
        if is_bound(Modifiers::COMMAND | Modifiers::SHIFT, place) {
            return Some(place);
        }
        // No layout types on a key with Shift what another has there without: the sign is one that the toolkit does
        // not know, such as "_" on the key of "-".
        return (typed != place).then_some(typed);
    }
    // Digits are in their order on each keyboard, whatever their keys type without Shift.
    let is_of_digit = is_digit(place) && is_bound(Modifiers::COMMAND, place);
    // Cyrillic and Hebrew keyboards type a full stop there, and have the Latin "/" printed beside it.
    let is_of_slash = (typed, place) == (Key::Period, Key::Slash);
    Some(if is_of_digit || is_of_slash { place } else { typed })
}
