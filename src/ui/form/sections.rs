//! The fields besides the card's own: the name, and in sections the address, the currency and a customer's card.

use std::sync::LazyLock;

use egui::{Key, Ui};

use super::state::{FormComplaint, FormState, field_id};
use crate::{
    domain::form::{draft::Draft, field_state::FormField, places},
    ui::{
        theme,
        widgets::{ChoiceField, Field, TextInput, Tone, section_ui},
    },
};

/// A list of codes with their names, as the field of a choice takes it.
type CodeChoices = Vec<(&'static str, &'static str)>;

static COUNTRIES: LazyLock<CodeChoices> = LazyLock::new(|| choices(places::countries()));
static CURRENCIES: LazyLock<CodeChoices> = LazyLock::new(|| choices(places::currencies()));

fn choices(list: &'static [places::IsoChoice]) -> CodeChoices {
    list.iter().map(|choice| (choice.code.as_str(), choice.name.as_str())).collect()
}

pub(super) fn sections_ui(ui: &mut Ui, state: &mut FormState) {
    let mut open = state.address_is_open;
    section_ui(ui, "Billing address", "optional", &mut open, |ui| {
        ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
        ui.add_enabled_ui(!state.draft.is_clone(), |ui| address_ui(ui, state));
    });
    state.address_is_open = open;
    let mut open = state.currency_is_open;
    section_ui(ui, "Account card currency", "optional", &mut open, |ui| {
        let note = "Only for a debit card that is added to an account, to pay out to";
        let frame = Field::new("Currency").note(note).mono();
        let enabled = !state.draft.is_clone();
        ui.add_enabled_ui(enabled, |ui| choice_ui(ui, state, FormField::Currency, frame, "usd"));
    });
    state.currency_is_open = open;
    let mut open = state.customer_is_open;
    section_ui(ui, "Existing customer card", "card + customer", &mut open, |ui| {
        ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
        plain_ui(ui, state, FormField::Customer, "Customer", "cus_…");
        plain_ui(ui, state, FormField::CustomerCard, "Card of this customer", "card_…");
    });
    state.customer_is_open = open;
}

fn address_ui(ui: &mut Ui, state: &mut FormState) {
    plain_ui(ui, state, FormField::Line1, "Address line 1", "Street, PO box or company");
    plain_ui(ui, state, FormField::Line2, "Address line 2", "Apartment, suite or unit");
    ui.columns_const(|[left, right]| {
        plain_ui(left, state, FormField::City, "City", "");
        plain_ui(right, state, FormField::State, "State", "");
    });
    ui.columns_const(|[left, right]| {
        plain_ui(left, state, FormField::Zip, "ZIP", "");
        choice_ui(right, state, FormField::Country, Field::new("Country"), "US");
    });
}

/// The text of a field that is the draft's own, without separators.
pub(super) fn plain_text(draft: &mut Draft, field: FormField) -> &mut String {
    match field {
        FormField::Line1 => &mut draft.address.line1,
        FormField::Line2 => &mut draft.address.line2,
        FormField::City => &mut draft.address.city,
        FormField::State => &mut draft.address.state,
        FormField::Zip => &mut draft.address.zip,
        FormField::Customer => &mut draft.customer,
        FormField::CustomerCard => &mut draft.customer_card,
        _ => &mut draft.name,
    }
}

/// A field whose text is the draft's own.
pub(super) fn plain_ui(ui: &mut Ui, state: &mut FormState, field: FormField, label: &str, example: &str) {
    let FormState { draft, complaint, .. } = state;
    let mut frame = complaint_on(complaint.as_ref(), field, Field::new(label));
    let text = plain_text(draft, field);
    let is_id = matches!(field, FormField::Customer | FormField::CustomerCard);
    if is_id {
        frame = frame.mono();
    }
    let was_empty = text.is_empty();
    let mut edit = TextInput::singleline(text).id(field_id(field)).hint_text(example.to_owned());
    if is_id {
        edit = edit.words();
    }
    let response = frame.text(ui, edit).response.response;
    if response.changed() {
        state.note_change();
    }
    let backspace = was_empty && response.has_focus() && ui.input(|input| input.key_pressed(Key::Backspace));
    state.bring_into_view(ui, field, &response);
    if field == FormField::Name && backspace {
        state.focus_end = Some(FormField::Cvc);
    }
}

/// The country or the currency: a code with a list to find it in.
fn choice_ui(ui: &mut Ui, state: &mut FormState, field: FormField, frame: Field<'_>, example: &str) {
    let FormState { draft, complaint, .. } = state;
    let (text, options) = match field {
        FormField::Country => (&mut draft.address.country, &*COUNTRIES),
        _ => (&mut draft.currency, &*CURRENCIES),
    };
    let frame = complaint_on(complaint.as_ref(), field, frame);
    if ChoiceField::new(frame, text, options).placeholder(example).id(field_id(field)).ui(ui).changed() {
        state.note_change();
    }
}

/// The field with what the last answer said against it.
fn complaint_on<'a>(complaint: Option<&'a FormComplaint>, field: FormField, frame: Field<'a>) -> Field<'a> {
    match complaint {
        Some(complaint) if complaint.field == Some(field) => frame.message(Tone::Error, &complaint.message),
        _ => frame,
    }
}
