//! The caret of a text field, read and put from outside of it. Places are counted in characters.

use egui::{
    Context, Event, Id, Key, Plugin, Response, TextEdit, Ui,
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

/// Puts the focus on the field `id` for a key that leads to it, and marks what is in it, so that typing replaces it. A
/// click puts the caret where the pointer is instead.
pub fn lead_to(ctx: &Context, id: Id) {
    ctx.memory_mut(|memory| memory.request_focus(id));
    // The field limits the range to its text.
    set_range(ctx, id, CCursorRange::two(CCursor::new(0), CCursor::new(usize::MAX)));
}

/// Notes when Tab is pressed, for [`select_after_tab`].
#[derive(Default)]
struct TabWatch {
    /// The number of the last pass in which it was.
    pass: Option<u64>,
}

impl Plugin for TabWatch {
    fn debug_name(&self) -> &'static str {
        "Tab watch"
    }

    fn on_begin_pass(&mut self, ui: &mut Ui) {
        let is_tab = |event: &Event| matches!(event, Event::Key { key: Key::Tab, pressed: true, .. });
        if ui.input(|input| input.events.iter().any(is_tab)) {
            self.pass = Some(ui.cumulative_pass_nr());
        }
    }
}

/// How long a caret blinks after the last press or move of the mouse. Each blink draws the whole window anew: a window
/// that nobody uses is to rest.
const BLINK_SECS: f64 = 10.0;

/// Lets the caret blink while the window is in use, and stand still when it is not, as on other desktops.
#[derive(Default)]
struct CaretBlink {
    /// When there was input last.
    used: f64,
    /// Whether it stands still because of that. A style whose caret does not blink at all is left as it is.
    is_stilled: bool,
}

impl Plugin for CaretBlink {
    fn debug_name(&self) -> &'static str {
        "Caret blink"
    }

    fn on_begin_pass(&mut self, ui: &mut Ui) {
        let (now, is_used) = ui.input(|input| (input.time, !input.events.is_empty()));
        if is_used {
            self.used = now;
        }
        let rests = now - self.used >= BLINK_SECS;
        let changes = if rests { ui.visuals().text_cursor.blink } else { self.is_stilled };
        if changes {
            self.is_stilled = rests;
            ui.ctx().all_styles_mut(|style| style.visuals.text_cursor.blink = !rests);
        }
    }
}

/// Lets Tab mark what is in the field that it leads to, and carets rest in a window that nobody uses.
pub fn install(ctx: &Context) {
    ctx.add_plugin(TabWatch::default());
    ctx.add_plugin(CaretBlink::default());
}

/// Marks all of `text` in a field that Tab has just led to, as text fields of all desktops do. egui leaves the caret
/// where it was.
pub fn select_after_tab(ctx: &Context, field: &Response, text: &str) {
    if !field.gained_focus() {
        return;
    }
    let pressed = ctx.with_plugin(|watch: &mut TabWatch| watch.pass).flatten();
    // Shift+Tab gives the focus with the next pass.
    if pressed.is_some_and(|pass| ctx.cumulative_pass_nr() <= pass + 1) {
        select_all(ctx, field.id, text);
    }
}

/// What is selected in the field `id`; `None` while the field was never focused.
pub fn range(ctx: &Context, id: Id) -> Option<CCursorRange> {
    TextEdit::load_state(ctx, id)?.cursor.char_range()
}

/// Selects this in the field `id`.
pub fn set_range(ctx: &Context, id: Id, range: CCursorRange) {
    let mut state = TextEdit::load_state(ctx, id).unwrap_or_default();
    state.cursor.set_char_range(Some(range));
    TextEdit::store_state(ctx, id, state);
}
