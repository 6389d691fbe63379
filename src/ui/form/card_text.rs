//! A text field of a card: it shows groups, keeps digits and holds the caret where the digits are.

use egui::{Id, Ui, text_edit::TextEditOutput};

use crate::{
    domain::{
        card::typing::{CardField, TypedEdit},
        secret::SecretText,
    },
    ui::widgets::{
        Field, TextInput,
        caret::{caret, set_caret},
        own_edits::note_edited,
    },
};

/// What happened to a card field in this frame.
pub(super) struct CardTextOutput {
    pub(super) output: TextEditOutput,
    /// Whether the kept text is another one now.
    pub(super) is_changed: bool,
    /// Whether the caret stands behind the changed text.
    pub(super) is_at_end: bool,
    /// Whether Backspace was pressed in the empty field.
    pub(super) is_left_backwards: bool,
}

impl CardTextOutput {
    pub(super) fn response(&self) -> &egui::Response {
        &self.output.response.response
    }
}

/// Draws `frame` around a field of this kind that edits `kept`, the text without separators. `shown` is the same text
/// with them: the caller keeps it between frames, so that no frame copies a number or a code out of its draft.
pub(super) fn card_text_ui(
    ui: &mut Ui,
    id: Id,
    kind: CardField,
    (kept, shown): (&mut String, &mut String),
    frame: Field<'_>,
    hint: &str,
) -> CardTextOutput {
    let caret_before = caret(ui.ctx(), id).unwrap_or_else(|| shown.chars().count());
    let was_empty = kept.is_empty();
    let edit = TextInput::singleline(shown).id(id).hint_text(hint.to_owned());
    let output = frame.text(ui, edit);
    let response = &output.response.response;
    let is_left_backwards =
        was_empty && response.has_focus() && ui.input(|input| input.key_pressed(egui::Key::Backspace));
    let (mut is_changed, mut is_at_end) = (false, false);
    if response.changed() {
        let caret = caret(ui.ctx(), id).unwrap_or_else(|| shown.chars().count());
        let typed = kind.edit(TypedEdit { kept, caret_before, shown, caret });
        set_caret(ui.ctx(), id, kind.shown_caret(&typed.text, typed.caret));
        is_changed = *kept != typed.text;
        is_at_end = typed.caret == typed.text.chars().count();
        let regrouped = kind.show(&typed.text);
        // The text field has drawn what was typed; a second pass of this frame draws it in its groups.
        if regrouped != *shown {
            ui.ctx().request_discard("the groups of a card field");
        }
        note_edited(ui.ctx(), id, &regrouped);
        replace_wiped(shown, regrouped);
        replace_wiped(kept, typed.text);
    }
    CardTextOutput { output, is_changed, is_at_end, is_left_backwards }
}

/// Replaces a text that may be a number or a code; the old one is wiped from memory.
fn replace_wiped(place: &mut String, text: String) {
    drop(SecretText::new(std::mem::replace(place, text)));
}
