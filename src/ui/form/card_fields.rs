//! The fields of the card itself: the drawn card, its number, its expiry and its security code.

use egui::{Event, ImeEvent, Ui};

use super::{
    card_text::{CardTextOutput, card_text_ui},
    facts::CardFieldFacts,
    state::{FormContext, FormState, field_id},
};
use crate::{
    domain::{
        card::{
            digits::digit_value,
            typing::{CardField, split_paste},
        },
        form::field_state::FormField,
        secret::SecretText,
    },
    ui::{
        input_order::InputOrder,
        widgets::{
            CardFace, Field, Tone,
            caret::{is_at_end, lead_to},
            own_edits::note_edited,
        },
    },
};

/// The drawing of the card as far as it is typed.
pub(super) fn card_face_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>, is_low: bool) {
    let facts = state.facts(ctx);
    let face = &facts.face;
    ui.add(CardFace {
        brand: face.brand,
        outcome: &face.outcome,
        about: &face.about,
        number: face.number.expose(),
        holder: &state.draft.name,
        expires: &face.expires,
        cvc_digits: face.cvc_digits,
        is_low,
    });
}

pub(super) fn number_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>) {
    take_pasted_card(ui, state);
    let words = ("Card number", "", "4242 4242 4242 4242");
    card_field_ui(ui, state, ctx, CardField::Number, words);
}

pub(super) fn expiry_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>) {
    card_field_ui(ui, state, ctx, CardField::Expiry, ("Expiry", "", "MM / YY"));
}

pub(super) fn cvc_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>) {
    let words = match state.facts(ctx).cvc_digits {
        Some(4) => ("CVC", "4 digits", "1234"),
        Some(_) => ("CVC", "3 digits", "123"),
        None => ("CVC", "3 or 4 digits", "123"),
    };
    card_field_ui(ui, state, ctx, CardField::Cvc, words);
}

fn form_field(kind: CardField) -> FormField {
    match kind {
        CardField::Number => FormField::Number,
        CardField::Expiry => FormField::Expiry,
        CardField::Cvc => FormField::Cvc,
    }
}

/// The field that the focus goes to from this one, and the one that Backspace goes back to.
fn neighbours(kind: CardField) -> (FormField, Option<FormField>) {
    match kind {
        CardField::Number => (FormField::Expiry, None),
        CardField::Expiry => (FormField::Cvc, Some(FormField::Number)),
        CardField::Cvc => (FormField::Name, Some(FormField::Expiry)),
    }
}

/// Draws a field and moves the focus: on when typing has filled it, back when Backspace finds nothing to delete.
fn card_field_ui(
    ui: &mut Ui,
    state: &mut FormState,
    ctx: &FormContext<'_>,
    kind: CardField,
    (label, label_hint, example): (&str, &str, &str),
) {
    state.refresh_shown();
    let facts = state.facts(ctx);
    let (next, before) = neighbours(kind);
    if ctx.moves_on && facts.field(kind).is_full && is_typed_behind(ui, kind, state) {
        // The next field is drawn later in this pass, and takes what is typed.
        lead_to(ui.ctx(), field_id(next));
        state.bring = Some(next);
    }
    let drawn = drawn_field_ui(ui, state, kind, (label, label_hint, example), facts.field(kind));
    if drawn.is_left_backwards {
        state.focus_end = before.or(state.focus_end);
    } else if drawn.is_changed
        && drawn.is_at_end
        && ctx.moves_on
        && typed(ui).is_some()
        && state.facts(ctx).field(kind).is_full
    {
        state.focus_next = Some(next);
        InputOrder::note_moved_on(ui.ctx());
    }
}

fn drawn_field_ui(
    ui: &mut Ui,
    state: &mut FormState,
    kind: CardField,
    (label, label_hint, example): (&str, &str, &str),
    facts: &CardFieldFacts,
) -> CardTextOutput {
    let field = form_field(kind);
    let FormState { draft, shown, complaint, is_untouched, .. } = state;
    let mut frame = Field::new(label).hint(label_hint).mono().brand(facts.brand);
    if let Some(complaint) = complaint.as_ref().filter(|complaint| complaint.field == Some(field)) {
        frame = frame.message(Tone::Error, &complaint.message);
    } else if let Some((tone, words)) = facts.message().filter(|_| !*is_untouched) {
        frame = frame.message(tone, words);
    } else if !facts.note.is_empty() {
        frame = frame.note(&facts.note);
    }
    let kept = match kind {
        CardField::Number => draft.number.expose_mut(),
        CardField::Expiry => &mut draft.expiry,
        CardField::Cvc => draft.cvc.expose_mut(),
    };
    let texts = (kept, shown.card[kind as usize].expose_mut());
    let drawn = card_text_ui(ui, field_id(field), kind, texts, frame, example);
    state.bring_into_view(ui, field, drawn.response());
    if drawn.is_changed {
        state.set_left(kind, false);
        state.note_change();
    }
    if drawn.response().lost_focus() {
        state.set_left(kind, true);
    }
    drawn
}

/// What was typed in this pass. A paste is not typed, nor is what undo brings back.
fn typed(ui: &Ui) -> Option<String> {
    ui.input(|input| {
        input.events.iter().find_map(|event| match event {
            Event::Text(text) | Event::Ime(ImeEvent::Commit(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        })
    })
}

/// Whether digits are about to be typed behind the last one of a field.
fn is_typed_behind(ui: &Ui, kind: CardField, state: &FormState) -> bool {
    let id = field_id(form_field(kind));
    ui.memory(|memory| memory.has_focus(id))
        && typed(ui).is_some_and(|text| text.chars().all(|c| digit_value(c).is_some()))
        && is_at_end(ui.ctx(), id, state.shown.card[kind as usize].expose())
}

/// A pasted `4242 4242 4242 4242 12/34 123` fills three fields.
fn take_pasted_card(ui: &Ui, state: &mut FormState) {
    if !ui.memory(|memory| memory.has_focus(field_id(FormField::Number))) {
        return;
    }
    let card = ui.input_mut(|input| {
        let place =
            input.events.iter().position(|event| matches!(event, Event::Paste(text) if split_paste(text).is_some()))?;
        match input.events.remove(place) {
            Event::Paste(text) => split_paste(&text),
            _ => None,
        }
    });
    if let Some(card) = card {
        state.edit(|draft| {
            draft.number = SecretText::new(card.number);
            draft.expiry = card.expiry;
            if let Some(cvc) = card.cvc {
                draft.cvc = SecretText::new(cvc);
            }
        });
        // Undo in each of them goes back to what stood there before.
        state.refresh_shown();
        for kind in [CardField::Number, CardField::Expiry, CardField::Cvc] {
            note_edited(ui.ctx(), field_id(form_field(kind)), state.shown.card[kind as usize].expose());
        }
        state.focus_end = Some(FormField::Number);
    }
}
