//! The parameters exactly as they will be sent, each to be edited, emptied, dropped or added.

use egui::{Key, RichText, Ui};

use super::state::{FormState, new_param_id, raw_id};
use crate::{
    domain::foreign,
    ui::{
        icons, theme,
        theme::DesignTokens,
        widgets::{Field, IconButton, QuietButton, TextInput, field::text_edit_ui, section_ui},
    },
};

pub(super) fn raw_ui(ui: &mut Ui, state: &mut FormState) {
    let is_edited = state.draft.raw.is_some();
    let mut open = state.raw_is_open || is_edited;
    let hint = if is_edited { "edited by hand" } else { "as sent" };
    section_ui(ui, "Raw parameters", hint, &mut open, |ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        state.refresh_shown();
        let params = &mut state.shown.params;
        let (mut is_changed, mut dropped) = (false, None);
        for (place, (name, value)) in params.rows_mut().iter_mut().enumerate() {
            ui.push_id(place, |ui| match raw_row_ui(ui, place, name, value.expose_mut()) {
                RowEdit::None => {}
                RowEdit::Changed => is_changed = true,
                RowEdit::Dropped => dropped = Some(place),
            });
        }
        if let Some(place) = dropped {
            params.remove_at(place);
            is_changed = true;
        }
        let field = Field::new("Add a parameter").mono();
        let edit =
            TextInput::singleline(&mut state.new_param).id(new_param_id()).words().hint_text("card[name], then Enter");
        let added = field.text(ui, edit).response.response;
        if added.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) && !state.new_param.is_empty() {
            params.push(std::mem::take(&mut state.new_param), "");
            is_changed = true;
        }
        // A key that had nothing to delete must not take the card's fields away.
        if is_changed && state.shown.params != state.sent_params() {
            state.draft.raw = Some(state.shown.params.clone());
            state.note_change();
        }
        if state.draft.raw.is_some() && ui.add(QuietButton::new("Back to the fields")).clicked() {
            state.set_aside("The raw parameters were dropped");
            state.edit(|draft| draft.raw = None);
        }
    });
    state.raw_is_open = open;
}

/// What was done to the row of a parameter.
enum RowEdit {
    None,
    Changed,
    Dropped,
}

fn raw_row_ui(ui: &mut Ui, place: usize, name: &str, value: &mut String) -> RowEdit {
    const BUTTON: f32 = 28.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    let label =
        RichText::new(foreign::label(name)).font(theme::mono(theme::MONO_SIZE)).color(DesignTokens::of(ui).subdued);
    let label = ui.add(egui::Label::new(label).truncate());
    ui.horizontal(|ui| {
        let size = egui::vec2(ui.available_width() - BUTTON - 6.0, theme::CONTROL_HEIGHT);
        let is_changed = ui.allocate_ui(size, |ui| {
            // The first key takes the card's fields away, and must not take the focus along.
            let edit = TextInput::singleline(value).hint_text("empty").id(raw_id(place));
            text_edit_ui(ui, edit, true, None).response.response.labelled_by(label.id).changed()
        });
        if ui.add(IconButton::new(icons::X, &format!("Drop {name}")).small()).clicked() {
            RowEdit::Dropped
        } else if is_changed.inner {
            RowEdit::Changed
        } else {
            RowEdit::None
        }
    })
    .inner
}
