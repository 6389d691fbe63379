//! A text field of a card: it shows groups, keeps digits and holds the caret where the digits are.

use egui::{
    Context, Id, TextEdit, Ui,
    text::{CCursor, CCursorRange},
    text_edit::TextEditOutput,
};

use crate::{
    domain::typing::{CardField, Edit},
    ui::widgets::Field,
};

/// What happened to a card field in this frame.
pub struct CardTextOutput {
    pub output: TextEditOutput,
    /// The kept text is another one.
    pub is_changed: bool,
    /// Backspace was pressed in the empty field.
    pub is_left_backwards: bool,
}

impl CardTextOutput {
    pub fn response(&self) -> &egui::Response {
        &self.output.response.response
    }
}

/// Draws `frame` around a field of this kind that edits `kept`.
pub fn card_text_ui(
    ui: &mut Ui,
    id: Id,
    kind: CardField,
    kept: &mut String,
    frame: Field<'_>,
    hint: &str,
) -> CardTextOutput {
    let mut shown = kind.show(kept);
    let caret_before = caret(ui.ctx(), id).unwrap_or_else(|| shown.chars().count());
    let was_empty = kept.is_empty();
    let edit = TextEdit::singleline(&mut shown).id(id).hint_text(hint.to_owned());
    let output = frame.text(ui, edit);
    let response = &output.response.response;
    let is_left_backwards =
        was_empty && response.has_focus() && ui.input(|input| input.key_pressed(egui::Key::Backspace));
    let mut is_changed = false;
    if response.changed() {
        let caret = caret(ui.ctx(), id).unwrap_or_else(|| shown.chars().count());
        let typed = kind.edit(Edit { kept, caret_before, shown: &shown, caret });
        set_caret(ui.ctx(), id, kind.shown_caret(&typed.text, typed.caret));
        is_changed = *kept != typed.text;
        // The text field keeps its own copy of what is shown for undo only: what it shows next is what is kept now.
        if kind.show(&typed.text) != shown {
            ui.ctx().request_discard("the groups of a card field");
        }
        *kept = typed.text;
    }
    CardTextOutput { output, is_changed, is_left_backwards }
}

fn caret(ctx: &Context, id: Id) -> Option<usize> {
    let state = TextEdit::load_state(ctx, id)?;
    Some(state.cursor.char_range()?.primary.index.0)
}

/// Marks the whole text of a field, so that typing replaces it.
pub fn select_all(ctx: &Context, id: Id, text: &str) {
    let mut state = TextEdit::load_state(ctx, id).unwrap_or_default();
    let (start, end) = (CCursor::new(0), CCursor::new(text.chars().count()));
    state.cursor.set_char_range(Some(CCursorRange::two(start, end)));
    TextEdit::store_state(ctx, id, state);
}

/// Puts the caret of a text field before its so manieth character.
pub fn set_caret(ctx: &Context, id: Id, place: usize) {
    let mut state = TextEdit::load_state(ctx, id).unwrap_or_default();
    state.cursor.set_char_range(Some(CCursorRange::one(CCursor::new(place))));
    TextEdit::store_state(ctx, id, state);
}
