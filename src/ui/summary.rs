//! The summary of an entry: what became of it, the card's outcomes, and every fact, each to be copied.

use egui::{RichText, ScrollArea, Ui};

use super::{
    action::Action,
    card_steps::card_steps,
    judgement::judgement_ui,
    theme, timeline,
    widgets::{InlineAlert, Tone, fact_ui, outcome_rail_ui, scroll_ui},
    words,
};
use crate::domain::{
    call::{api::ApiResponse, refusal::Refusal},
    card::test_cards,
    history::entry::{EntryDetail, Status},
    settings::profile::Profiles,
};

/// Draws the summary.
pub fn summary_ui(ui: &mut Ui, detail: &EntryDetail, profiles: &Profiles, actions: &mut Vec<Action>) {
    scroll_ui(ui, "the inspector", ScrollArea::vertical().auto_shrink(false), |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        verdict_ui(ui, detail, actions);
        judgement_ui(ui, &detail.entry);
        if let Some(card) = detail.request.param("card[number]").and_then(test_cards::by_number) {
            ui.label(RichText::new(&card.description).font(theme::semibold(theme::BODY_SIZE)));
            outcome_rail_ui(ui, &card_steps(card.steps()));
            ui.add_space(4.0);
        }
        ui.spacing_mut().item_spacing.y = 1.0;
        for fact in facts(detail, profiles) {
            if fact_ui(ui, fact.label, &fact.value, fact.is_code).clicked() {
                actions.push(Action::Copy { text: fact.value, what: fact.label.to_owned() });
            }
        }
    });
}

struct Fact {
    label: &'static str,
    value: String,
    is_code: bool,
}

/// Everything that is known of an entry in a line each.
fn facts(detail: &EntryDetail, profiles: &Profiles) -> Vec<Fact> {
    let entry = &detail.entry;
    let mut facts = Vec::new();
    let mut add = |label, value: Option<String>, is_code| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            facts.push(Fact { label, value, is_code });
        }
    };
    add("Status", Some(entry.status.label().to_owned()), false);
    add("Token", entry.token_id.clone(), true);
    add("Card", Some(words::card(entry)), false);
    add("Code", entry.code.clone().filter(|_| entry.token_id.is_none()), true);
    add("Used by", entry.used_by.as_ref().map(|used_by| timeline::used_by(used_by, &detail.timeline)), true);
    add("Source", Some(entry.target.label().to_owned()), false);
    let name = |id| profiles.get(id).map_or("One that is gone", |profile| profile.name.as_str()).to_owned();
    add("Profile", entry.profile.map(name), false);
    add("Created", Some(words::moment(entry.started)), false);
    add("Took", entry.took.map(words::took), false);
    if let Some(Ok(response)) = &detail.outcome {
        add("HTTP status", Some(response.http_status.to_string()), true);
        add("Request id", response.request_id().map(str::to_owned), true);
    }
    add("Sent with key", detail.request.header("Idempotency-Key").map(str::to_owned), true);
    add("Note", Some(entry.note.clone()), false);
    add("Tags", Some(entry.tags.join(", ")), false);
    facts
}

/// A body that is longer is no error that Stripe makes, and is not read for one in every frame.
const LONGEST_ERROR: usize = 64 * 1024;

fn may_be_error(response: &ApiResponse) -> bool {
    !response.is_success() && response.body.len() <= LONGEST_ERROR
}

pub fn error_sentence(response: &ApiResponse) -> Option<String> {
    may_be_error(response).then(|| response.error_sentence())?
}

/// What is to be said of an entry before its details: a refusal, a failure, an outcome that nobody knows.
pub fn verdict_ui(ui: &mut Ui, detail: &EntryDetail, actions: &mut Vec<Action>) {
    let number = detail.request.param("card[number]").unwrap_or_default();
    match (&detail.outcome, detail.entry.status) {
        (_, Status::Interrupted) => {
            let text = "The program ended while this call was on its way, so a token may exist at Stripe. Its card \
                        details are gone: put the card into the form and send it as new";
            InlineAlert::new(Tone::Warn, "Nobody knows whether this call was carried out").text(text).ui(ui);
        }
        (_, Status::Unknown) => {
            let failure = match &detail.outcome {
                Some(Err(failure)) => failure.message.as_str(),
                _ => "",
            };
            let text = format!("{failure}. Asking again uses the same idempotency key, so it cannot mint twice");
            InlineAlert::new(Tone::Warn, "A token may exist").text(&text).ui(ui);
        }
        (Some(Ok(response)), _) => {
            if let Some(refusal) = may_be_error(response).then(|| Refusal::of(response)).flatten() {
                let copy = refusal.ready_alias(number).map(|alias| format!("Copy {alias}"));
                let buttons: Vec<&str> = copy.iter().map(String::as_str).collect();
                let clicked =
                    InlineAlert::new(Tone::Error, refusal.title()).text(refusal.remedy()).buttons(&buttons).ui(ui);
                if let (Some(_), Some(alias)) = (clicked, refusal.ready_alias(number)) {
                    actions.push(Action::Copy { text: alias.to_owned(), what: alias.to_owned() });
                }
                ui.hyperlink_to("What Stripe says about it", refusal.link());
            } else if let Some(sentence) = error_sentence(response) {
                InlineAlert::new(Tone::Error, &sentence).ui(ui);
            }
        }
        (Some(Err(failure)), _) => {
            InlineAlert::new(Tone::Error, &failure.message).ui(ui);
        }
        (None, _) => {
            ui.label("Waiting for the answer…");
        }
    }
}
