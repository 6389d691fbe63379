//! Editing by what a person takes for one sign: Backspace behind a flag takes the flag, an arrow steps over a letter
//! with all of its marks. egui itself counts single characters.

use std::{any::TypeId, ops::Range};

use egui::{
    Context, Event, Id, Key, Modifiers, TextBuffer, TextEdit, Ui,
    text::{CCursor, CCursorRange, CharIndex},
    text_edit::TextEditOutput,
};

use crate::domain::signs;

/// The text of a field, of which a key deletes whole signs.
pub struct BySigns<'a>(pub &'a mut String);

impl TextBuffer for BySigns<'_> {
    fn is_mutable(&self) -> bool {
        true
    }

    fn as_str(&self) -> &str {
        self.0
    }

    fn insert_text(&mut self, text: &str, char_index: CharIndex) -> usize {
        TextBuffer::insert_text(self.0, text, char_index)
    }

    fn delete_char_range(&mut self, char_range: Range<CharIndex>) {
        self.0.delete_char_range(char_range);
    }

    fn insert_text_at(&mut self, ccursor: &mut CCursor, text_to_insert: &str, char_limit: usize) {
        let room = char_limit.saturating_sub(self.0.chars().count());
        ccursor.index += self.insert_text(signs::at_most(text_to_insert, room), ccursor.index);
    }

    fn delete_previous_char(&mut self, ccursor: CCursor) -> CCursor {
        let start = signs::place_before(self.0, ccursor.index.0);
        self.delete_selected_ccursor_range([CCursor::new(start), ccursor])
    }

    fn delete_next_char(&mut self, ccursor: CCursor) -> CCursor {
        let end = signs::place_after(self.0, ccursor.index.0);
        self.delete_selected_ccursor_range([ccursor, CCursor::new(end.max(ccursor.index.0))])
    }

    fn type_id(&self) -> TypeId {
        TypeId::of::<BySigns<'static>>()
    }
}

/// Before a field is drawn: moves its caret by whole signs, where an arrow of egui would stop within one. Keys of a frame
/// in which something else is typed too are left to egui, and [`caret_between_signs`] corrects what comes of them.
pub fn arrows_by_signs(ui: &Ui, id: Id, text: &str) {
    if !ui.memory(|memory| memory.has_focus(id)) || signs::are_single(text) {
        return;
    }
    let is_only_arrows = ui.input(|input| {
        let mut arrows = 0;
        let changes = input.events.iter().any(|event| match event {
            event if arrow(event).is_some() => {
                arrows += 1;
                false
            }
            Event::Key { pressed, .. } => *pressed,
            Event::Text(_) | Event::Paste(_) | Event::Cut | Event::Ime(_) => true,
            _ => false,
        });
        arrows > 0 && !changes
    });
    let Some(mut range) = range(ui.ctx(), id).filter(|_| is_only_arrows) else { return };
    ui.input_mut(|input| {
        input.events.retain(|event| {
            let Some((key, modifiers)) = arrow(event) else { return true };
            move_caret(&mut range, text, key == Key::ArrowRight, modifiers.shift);
            false
        });
    });
    keep(ui.ctx(), id, range);
}

/// Left or Right without a key that makes more of it than one step.
fn arrow(event: &Event) -> Option<(Key, Modifiers)> {
    match event {
        Event::Key { key: key @ (Key::ArrowLeft | Key::ArrowRight), pressed: true, modifiers, .. }
            if !(modifiers.ctrl || modifiers.alt || modifiers.command || modifiers.mac_cmd) =>
        {
            Some((*key, *modifiers))
        }
        _ => None,
    }
}

fn move_caret(range: &mut CCursorRange, text: &str, is_forward: bool, is_selecting: bool) {
    let [start, end] = range.sorted_cursors();
    let place = if is_selecting || range.is_empty() {
        let from = range.primary.index.0;
        if is_forward { signs::place_after(text, from).max(from) } else { signs::place_before(text, from) }
    } else {
        // As everywhere, a step without Shift goes to the end of what is selected.
        if is_forward { end.index.0 } else { start.index.0 }
    };
    range.primary = CCursor { index: CharIndex(place), prefer_next_row: true };
    range.h_pos = None;
    if !is_selecting {
        range.secondary = range.primary;
    }
}

/// After a field was drawn: neither its caret nor an end of what is selected stays within a sign.
pub fn caret_between_signs(ui: &Ui, id: Id, text: &str, before: Option<CCursorRange>, output: &mut TextEditOutput) {
    let Some(range) = output.state.cursor.char_range() else { return };
    if signs::are_single(text) {
        return;
    }
    let mended = |cursor: CCursor, before: Option<CCursor>| {
        let place = cursor.index.0;
        if signs::is_between(text, place) || place > text.chars().count() {
            return cursor;
        }
        // On in the direction in which it went.
        let went_forward = before.is_some_and(|before| before.index.0 < place);
        let place = if went_forward { signs::place_after(text, place) } else { signs::place_before(text, place) };
        CCursor { index: CharIndex(place), ..cursor }
    };
    let primary = mended(range.primary, before.map(|before| before.primary));
    let secondary = mended(range.secondary, before.map(|before| before.secondary));
    if (primary, secondary) != (range.primary, range.secondary) {
        let range = CCursorRange { primary, secondary, h_pos: range.h_pos };
        output.cursor_range = output.cursor_range.map(|_| range);
        output.state.cursor.set_char_range(Some(range));
        keep(ui.ctx(), id, range);
        ui.request_repaint();
    }
}

/// The caret of the field `id` and what is selected there.
pub fn range(ctx: &Context, id: Id) -> Option<CCursorRange> {
    TextEdit::load_state(ctx, id)?.cursor.char_range()
}

fn keep(ctx: &Context, id: Id, range: CCursorRange) {
    let mut state = TextEdit::load_state(ctx, id).unwrap_or_default();
    state.cursor.set_char_range(Some(range));
    TextEdit::store_state(ctx, id, state);
}
