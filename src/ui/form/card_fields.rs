//! The fields of the card itself: the drawn card, its number, its expiry and its security code.

use egui::{Event, Ui};

use super::{
    card_text::{CardTextOutput, card_text_ui},
    facts::CardFieldFacts,
    state::{FormContext, FormState, field_id},
};
use crate::{
    domain::{
        card::{
            number::lengths,
            typing::{CardField, split_paste},
        },
        form::field_state::FormField,
        secret::SecretText,
    },
    ui::widgets::{CardFace, Field, Tone},
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
    let facts = state.facts(ctx);
    let words = ("Card number", "", "4242 4242 4242 4242");
    let drawn = card_field_ui(ui, state, CardField::Number, words, facts.field(CardField::Number));
    // A number of a brand with several lengths is complete at the longest only, or when it is a published one.
    let is_complete = drawn.is_changed && !pasted(ui) && state.facts(ctx).field(CardField::Number).is_good() && {
        let number = state.draft.number.expose();
        number.len() == lengths(number).1
    };
    hand_on(state, ctx, &drawn, is_complete, None, FormField::Expiry);
}

pub(super) fn expiry_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>) {
    let facts = state.facts(ctx);
    let words = ("Expiry", "", "MM / YY");
    let drawn = card_field_ui(ui, state, CardField::Expiry, words, facts.field(CardField::Expiry));
    let text = &state.draft.expiry;
    // "20" may be the start of 20nn.
    let is_complete = drawn.is_changed
        && matches!(text.len(), 4 | 6)
        && !text.ends_with("20")
        && !pasted(ui)
        && state.facts(ctx).field(CardField::Expiry).is_right();
    hand_on(state, ctx, &drawn, is_complete, Some(FormField::Number), FormField::Cvc);
}

pub(super) fn cvc_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>) {
    let facts = state.facts(ctx);
    let words = if facts.cvc_digits == 4 { ("CVC", "4 digits", "1234") } else { ("CVC", "3 digits", "123") };
    let drawn = card_field_ui(ui, state, CardField::Cvc, words, facts.field(CardField::Cvc));
    let typed = state.draft.cvc.expose();
    let is_complete = typed.len() == facts.cvc_digits && typed.bytes().all(|byte| byte.is_ascii_digit()) && !pasted(ui);
    hand_on(state, ctx, &drawn, is_complete, Some(FormField::Expiry), FormField::Name);
}

fn form_field(kind: CardField) -> FormField {
    match kind {
        CardField::Number => FormField::Number,
        CardField::Expiry => FormField::Expiry,
        CardField::Cvc => FormField::Cvc,
    }
}

fn card_field_ui(
    ui: &mut Ui,
    state: &mut FormState,
    kind: CardField,
    (label, label_hint, example): (&str, &str, &str),
    facts: &CardFieldFacts,
) -> CardTextOutput {
    state.refresh_shown();
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

/// Hands the focus on when a field was completed by typing, and back when Backspace finds nothing to delete.
fn hand_on(
    state: &mut FormState,
    ctx: &FormContext<'_>,
    drawn: &CardTextOutput,
    is_complete: bool,
    before: Option<FormField>,
    next: FormField,
) {
    if drawn.is_left_backwards {
        state.focus_end = before.or(state.focus_end);
    } else if drawn.is_changed && is_complete && ctx.moves_on {
        state.focus_next = Some(next);
    }
}

fn pasted(ui: &Ui) -> bool {
    ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Paste(_))))
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
        state.focus_end = Some(FormField::Number);
    }
}
