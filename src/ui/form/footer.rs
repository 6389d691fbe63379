//! The foot of the form: what was answered or what will be, and the button that sends the draft.

use egui::{RichText, Ui};

use super::{
    facts::{DraftFacts, DraftOutlook},
    state::{FormComplaint, FormContext, FormState},
};
use crate::{
    domain::{call::api::Target, foreign},
    ui::{
        Action,
        card_steps::card_steps,
        shortcuts::Shortcut,
        theme::{self, DesignTokens},
        widgets::{InlineAlert, PrimaryButton, Tone, outcome_lines_ui},
    },
};

pub(super) fn footer_ui(ui: &mut Ui, state: &mut FormState, ctx: &FormContext<'_>, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = 10.0;
    let facts = state.facts(ctx);
    if let Some(complaint) = &state.complaint {
        let is_raw = state.draft.raw.is_some();
        if complaint_ui(ui, complaint, is_raw, ctx.target, actions) {
            state.complaint = None;
        }
    }
    // What was answered needs no prediction beside it.
    if state.complaint.as_ref().is_none_or(|complaint| complaint.refusal.is_none()) {
        outlook_ui(ui, &facts);
    }
    ui.add_enabled_ui(!ctx.is_blocked, |ui| {
        let button = PrimaryButton::new(&facts.caption).keys(Shortcut::Create.cap()).caution(facts.is_refused);
        if ui.add(button).clicked() {
            actions.push(Action::Do(Shortcut::Create));
        }
    });
}

/// Draws what was answered; `true` when it was dealt with.
fn complaint_ui(
    ui: &mut Ui,
    complaint: &FormComplaint,
    is_raw: bool,
    target: Target,
    actions: &mut Vec<Action>,
) -> bool {
    match &complaint.refusal {
        Some((refusal, alias)) => {
            let copy = alias.as_ref().map(|alias| format!("Copy {alias}"));
            // The local minter refuses because it was told to.
            let (way, action) = match target {
                Target::Stripe => ("Make it locally", Action::SetTarget(Target::Local)),
                Target::Local => ("Settings of the minter…", Action::Do(Shortcut::Settings)),
            };
            let buttons: Vec<&str> = copy.iter().map(String::as_str).chain([way]).collect();
            let clicked =
                InlineAlert::new(Tone::Error, refusal.title()).text(refusal.remedy()).buttons(&buttons).ui(ui);
            match (clicked, alias) {
                (Some(0), Some(alias)) => {
                    actions.push(Action::Copy { text: alias.clone(), what: alias.clone() });
                    false
                }
                (Some(_), _) => {
                    actions.push(action);
                    true
                }
                (None, _) => false,
            }
        }
        // A message that names a field stands on the field.
        None if complaint.field.is_none() || is_raw => {
            let names_no_field = "The answer names no field of the form. All of it is in the inspector";
            let text = if complaint.is_answer { names_no_field } else { "" };
            InlineAlert::new(Tone::Error, &complaint.message).text(text).ui(ui);
            false
        }
        None => false,
    }
}

/// What will come of the draft.
fn outlook_ui(ui: &mut Ui, facts: &DraftFacts) {
    match &facts.outlook {
        DraftOutlook::Words(words) => {
            ui.label(RichText::new(foreign::block(words)).size(theme::SMALL_SIZE).color(DesignTokens::of(ui).subdued));
        }
        DraftOutlook::Steps(card) => outcome_lines_ui(ui, &card_steps(card.steps())),
    }
}
