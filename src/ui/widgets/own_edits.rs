//! What undo brings back in a text field: only what was typed there since it was shown, and since the program put
//! another text into it.
//!
//! The toolkit keeps the earlier texts of a field by the field's id, for as long as the program runs. Without this,
//! Ctrl+Z would bring back the card of before the form was cleared, or in a dialog the note of another entry.

use egui::{Context, Id, TextEdit, util::hash};

/// The text of a field when it was drawn last, by its hash: it may be a secret.
#[derive(Clone, Default)]
struct DrawnText {
    pass: u64,
    hash: u64,
}

fn with_drawn<R>(ctx: &Context, id: Id, change: impl FnOnce(&mut DrawnText) -> R) -> R {
    ctx.data_mut(|data| change(data.get_temp_mut_or_default(id.with("own edits"))))
}

/// Takes note of a field that is about to be drawn. If the program has put another text into it since the last pass, or
/// if it was not shown then, undo and redo bring nothing back.
pub(super) fn note_shown(ctx: &Context, id: Id, text: &str) {
    let pass = ctx.cumulative_pass_nr();
    let is_own = with_drawn(ctx, id, |drawn| {
        let is_own = drawn.hash == hash(text) && drawn.pass + 1 >= pass;
        drawn.pass = pass;
        is_own
    });
    if !is_own {
        forget(ctx, id);
    }
}

/// Says that `text` is what came of an edit of the user, though the program may have put it in order: undo goes back
/// over it.
pub fn note_edited(ctx: &Context, id: Id, text: &str) {
    with_drawn(ctx, id, |drawn| drawn.hash = hash(text));
}

/// Undo and redo bring nothing of the field's earlier texts back.
pub fn forget(ctx: &Context, id: Id) {
    if let Some(mut state) = TextEdit::load_state(ctx, id) {
        state.clear_undoer();
    }
}
