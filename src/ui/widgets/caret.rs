//! The caret of a text field, read and put from outside of it. Places are counted in characters.

use egui::{
    Context, Id, TextEdit,
    text::{CCursor, CCursorRange},
};

/// The character that the caret of the field `id` stands before; `None` while the field was never focused.
pub fn caret(ctx: &Context, id: Id) -> Option<usize> {
    let state = TextEdit::load_state(ctx, id)?;
    Some(state.cursor.char_range()?.primary.index.0)
}

/// Whether the caret of the field `id`, which shows `text`, stands behind all of it and nothing is marked.
pub fn is_at_end(ctx: &Context, id: Id, text: &str) -> bool {
    let range = TextEdit::load_state(ctx, id).and_then(|state| state.cursor.char_range());
    // A field that was never focused puts the caret there.
    range.is_none_or(|range| range.is_empty() && range.primary.index.0 == text.chars().count())
}

/// Puts the caret of the field `id` before the character at `place`.
pub fn set_caret(ctx: &Context, id: Id, place: usize) {
    set_range(ctx, id, CCursorRange::one(CCursor::new(place)));
}

/// Marks all of `text` in the field `id`, so that typing replaces it.
pub fn select_all(ctx: &Context, id: Id, text: &str) {
    set_range(ctx, id, CCursorRange::two(CCursor::new(0), CCursor::new(text.chars().count())));
}

fn set_range(ctx: &Context, id: Id, range: CCursorRange) {
    let mut state = TextEdit::load_state(ctx, id).unwrap_or_default();
    state.cursor.set_char_range(Some(range));
    TextEdit::store_state(ctx, id, state);
}
