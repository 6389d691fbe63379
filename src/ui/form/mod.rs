//! The form of a new token: every parameter of the call, what each field lacks, and what Stripe will answer.

mod card_fields;
mod card_text;
mod facts;
mod footer;
mod network;
mod outcome;
mod raw;
mod sections;
mod state;

use egui::{Context, RichText, ScrollArea, Ui};

pub use self::state::{FormComplaint, FormContext, FormState, QuickPreset, field_id};
use self::{
    card_fields::{card_face_ui, cvc_ui, expiry_ui, number_ui},
    footer::footer_ui,
    network::network_ui,
    outcome::outcome_ui,
    raw::raw_ui,
    sections::{plain_ui, sections_ui},
};
use super::{
    action::{Action, PresetAction},
    icons,
    shortcuts::Shortcut,
    theme,
    theme::DesignTokens,
    widgets::{IconButton, InlineAlert, Tone, above_foot_ui, caret::set_caret, ends_ui, scroll_ui},
};
use crate::domain::{
    card::typing::CardField,
    form::{draft::Draft, field_state::FormField},
};

/// Draws the form.
pub fn form_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>, actions: &mut Vec<Action>) {
    state.forget_edits(ui.ctx());
    let sides = theme::PANE_PADDING;
    // What should happen stays in sight, wherever the fields are scrolled to.
    let head = egui::Frame::new().inner_margin(egui::Margin { left: sides, right: sides, top: sides, bottom: 10 });
    head.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 10.0;
        header_ui(ui, actions);
        outcome_ui(ui, state, ctx, actions);
    });
    let mut both = (state, actions);
    above_foot_ui(
        ui,
        &mut both,
        |ui, (state, _)| {
            scroll_ui(ui, "the form", ScrollArea::vertical().auto_shrink(false), |ui| {
                let body = egui::Margin { left: sides, right: sides, top: 4, bottom: sides };
                egui::Frame::new().inner_margin(body).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
                    fields_ui(ui, state, ctx);
                });
            });
        },
        |ui, (state, actions)| bar_frame(ui).show(ui, |ui| footer_ui(ui, state, ctx, actions)).inner,
    );
    let (state, _) = both;
    if let Some(field) = state.focus_next.take() {
        put_focus(ui.ctx(), field, &state.draft);
        state.bring = Some(field);
    }
}

fn bar_frame(ui: &Ui) -> egui::Frame {
    egui::Frame::new().fill(DesignTokens::of(ui).panel).inner_margin(egui::Margin::symmetric(theme::PANE_PADDING, 12))
}

fn put_focus(ctx: &Context, field: FormField, draft: &Draft) {
    let id = field_id(field);
    ctx.memory_mut(|memory| memory.request_focus(id));
    let shown = match field {
        FormField::Number => CardField::Number.show(draft.number.expose()),
        FormField::Expiry => CardField::Expiry.show(&draft.expiry),
        FormField::Cvc => draft.cvc.expose().to_owned(),
        _ => return,
    };
    set_caret(ctx, id, shown.chars().count());
}

fn header_ui(ui: &mut Ui, actions: &mut Vec<Action>) {
    ends_ui(
        ui,
        theme::CHIP_HEIGHT,
        |ui| ui.label(RichText::new("New token").font(theme::semibold(theme::BODY_SIZE))),
        |ui| {
            let clear = IconButton::new(icons::UNDO_2, "Clear the form").keys(Shortcut::ClearForm.keys()).small();
            if ui.add(clear).clicked() {
                actions.push(Action::Do(Shortcut::ClearForm));
            }
            if ui.add(IconButton::new(icons::STAR, "Save the form as a preset…").small()).clicked() {
                actions.push(Action::Preset(PresetAction::OpenSave));
            }
        },
    );
}

fn fields_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>) {
    state.refresh_shown();
    card_face_ui(ui, state, ctx);
    if state.draft.raw.is_none() {
        if state.draft.is_clone() {
            let text = "A token for a saved card is made of the customer and the card's id alone";
            InlineAlert::new(Tone::Info, "The card fields are not sent").text(text).ui(ui);
        }
        ui.add_enabled_ui(!state.draft.is_clone(), |ui| {
            number_ui(ui, state, ctx);
            ui.columns_const(|[left, right]| {
                expiry_ui(left, state, ctx);
                cvc_ui(right, state, ctx);
            });
            plain_ui(ui, state, FormField::Name, "Name on card", "Jenny Rosen");
            network_ui(ui, state, ctx);
        });
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            sections_ui(ui, state);
            raw_ui(ui, state);
        });
    } else {
        raw_ui(ui, state);
    }
}
