//! Editing by what a person takes for one sign: Backspace behind a flag takes the flag, an arrow steps over a letter
//! with all of its marks. egui itself counts single characters.
//!
//! What egui 0.37 does not allow, in text that mixes directions: a selection is one rectangle, so it covers more or less
//! than its characters; an arrow follows the direction of the whole text, also through words of the other one; at the
//! border of two directions there is one caret and not two; a text from right to left begins at the left of its field.
//! Up and Down, and text that can be selected outside of fields, go by egui's own places.

use std::{any::TypeId, ops::Range, sync::Arc};

use egui::{
    Event, Galley, Id, Key, Modifiers, TextBuffer, Ui,
    text::{CCursor, CCursorRange, CharIndex, LayoutJob},
    text_edit::TextEditOutput,
};

use super::caret::{range, set_range};
use crate::{
    domain::signs,
    ui::text::reading_order::{
        begins_at_the_right, in_reading_order, is_arranged, is_miscounted, is_out_of_order, place_at,
    },
};

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
/// in which something else is typed too are left to egui, and [`mend_caret`] corrects what comes of them.
pub fn arrows_by_signs(ui: &Ui, id: Id, text: &str) {
    if !ui.memory(|memory| memory.has_focus(id)) {
        return;
    }
    let is_from_right = begins_at_the_right(text);
    if !is_from_right && signs::are_single(text) {
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
            // Left goes on in a text that is read from right to left.
            let is_forward = (key == Key::ArrowRight) != is_from_right;
            move_caret(&mut range, text, is_forward, modifiers.shift);
            false
        });
    });
    set_range(ui.ctx(), id, range);
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

/// Lays out the text of a field with one glyph for each character, right-to-left text in its reading order.
pub fn lay_out(ui: &Ui, job: LayoutJob) -> Arc<Galley> {
    let mut lay_out = |job| ui.fonts_mut(|fonts| fonts.layout_job(job));
    let galley = lay_out(job);
    if is_out_of_order(&galley) || is_miscounted(&galley) {
        Arc::new(in_reading_order(&galley, &mut lay_out))
    } else {
        galley
    }
}

/// After a field was drawn: puts the caret where the pointer is in right-to-left text, and leaves neither the caret nor
/// an end of what is selected within a sign.
pub fn mend_caret(ui: &Ui, id: Id, text: &str, before: Option<CCursorRange>, output: &mut TextEditOutput) {
    let Some(given) = output.state.cursor.char_range() else { return };
    if signs::are_single(text) && !is_arranged(&output.galley) {
        return;
    }
    let mut range = given;
    if is_arranged(&output.galley) {
        point(ui, text, before, &mut range, output);
    }
    let between = |cursor: CCursor, before: Option<CCursor>| {
        let place = cursor.index.0;
        if signs::is_between(text, place) {
            return cursor;
        }
        // On in the direction in which it went.
        let went_forward = before.is_some_and(|before| before.index.0 < place);
        let place = if went_forward { signs::place_after(text, place) } else { signs::place_before(text, place) };
        CCursor { index: CharIndex(place), ..cursor }
    };
    range.primary = between(range.primary, before.map(|before| before.primary));
    range.secondary = between(range.secondary, before.map(|before| before.secondary));
    if (range.primary, range.secondary) != (given.primary, given.secondary) {
        output.cursor_range = output.cursor_range.map(|_| range);
        output.state.cursor.set_char_range(Some(range));
        set_range(ui.ctx(), id, range);
        // The field was drawn with the caret elsewhere.
        if before != Some(range) {
            ui.request_repaint();
        }
    }
}

/// What a click or a drag selects in text that is in its reading order: egui looks for the character under the pointer
/// as if all were written from left to right.
fn point(ui: &Ui, text: &str, before: Option<CCursorRange>, range: &mut CCursorRange, output: &TextEditOutput) {
    let response = &output.response.response;
    let Some(at) = response.interact_pointer_pos() else { return };
    let place = CCursor::new(place_at(&output.galley, at - output.galley_pos));
    let (is_pressed, is_shift) = ui.input(|input| (input.pointer.any_pressed(), input.modifiers.shift));
    if response.triple_clicked() {
        // All of a line, wherever it was clicked.
    } else if response.double_clicked() {
        let (start, end) = signs::word_around(text, place.index.0.min(text.chars().count().saturating_sub(1)));
        *range = CCursorRange::two(CCursor::new(start), CCursor::new(end));
    } else if is_pressed && response.hovered() {
        let anchor = before.filter(|_| is_shift).map_or(place, |before| before.secondary);
        *range = CCursorRange::two(anchor, place);
    } else if response.dragged() {
        *range = CCursorRange::two(before.map_or(place, |before| before.secondary), place);
    }
}
