//! The parts that the pages of the settings dialog share.

use egui::{Id, Label, RichText, Ui};

use super::typed::{FieldFault, FieldName};
use crate::{
    domain::settings::{profile::ProfileId, stripe::StripeField},
    ui::{
        theme,
        theme::DesignTokens,
        widgets::{Field, TextInput, Tone},
    },
};

/// The id of a row of the list, so that it can have the focus.
pub(super) fn row_id(profile: ProfileId) -> Id {
    Id::unique(("settings profile", profile))
}

/// The id of a field of the chosen profile.
pub(super) fn field_id(field: FieldName) -> Id {
    Id::unique(("settings field", field))
}

/// Room for the focus rings and for the scroll bar beside the fields.
pub(super) fn page_frame() -> egui::Frame {
    egui::Frame::new().inner_margin(egui::Margin { left: 4, right: 16, top: 2, bottom: 6 })
}

/// A text field with its one line of explanation, or what is wrong with it; true when it was changed.
pub(super) fn field_ui(
    ui: &mut Ui,
    faults: &[FieldFault],
    field: FieldName,
    text: &mut String,
    hint: &str,
    note: &str,
) -> bool {
    let mut frame = Field::new(field.label()).note(note);
    if field.is_code() {
        frame = frame.mono();
    }
    if let Some(fault) = faults.iter().find(|fault| fault.field == field) {
        frame = frame.message(Tone::Error, &fault.words);
    }
    let mut input = TextInput::singleline(text).id(field_id(field)).hint_text(hint);
    // A path is what it is.
    if field.is_code() && field != FieldName::Stripe(StripeField::CaFile) {
        input = input.words();
    }
    frame.text(ui, input).response.response.changed()
}

pub(super) fn heading_ui(ui: &mut Ui, words: &str) {
    ui.add_space(4.0);
    ui.label(RichText::new(words).font(theme::semibold(theme::BODY_SIZE)));
}

/// A quiet sentence that explains.
pub(super) fn sentence_ui(ui: &mut Ui, words: &str) {
    if !words.is_empty() {
        ui.add(Label::new(RichText::new(words).size(theme::SMALL_SIZE).color(DesignTokens::of(ui).subdued)).wrap());
    }
}
