//! The summary of an entry: what became of it, the card's outcomes, and every fact, each to be copied.

use egui::{RichText, ScrollArea, Ui};

use super::{per_revision::PerRevision, verdict::EntryVerdict};
use crate::{
    domain::{
        call::api::ApiExchange,
        card::test_cards,
        foreign,
        history::{call_words::client_of, entry::EntryDetail},
        settings::profile::{ProfileId, ProfileList},
        zone::LocalZone,
    },
    model::LoadedValue,
    ui::{
        action::Action,
        card_steps::card_steps,
        judgement::judgement_ui,
        theme,
        widgets::{fact_ui, outcome_rail_ui, scroll_ui},
        words, zone_in_use,
    },
};

/// The facts that were shown last.
#[derive(Debug, Default)]
pub(super) struct SummaryState {
    facts: PerRevision<Vec<SummaryFact>>,
}

/// Draws the summary.
pub(super) fn summary_ui(
    ui: &mut Ui,
    state: &mut SummaryState,
    detail: &LoadedValue<EntryDetail>,
    verdict: &EntryVerdict,
    profiles: &ProfileList,
    actions: &mut Vec<Action>,
) {
    scroll_ui(ui, "the inspector", ScrollArea::vertical().auto_shrink(false), |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        verdict.ui(ui, actions);
        judgement_ui(ui, &detail.entry);
        if let Some(card) = detail.request.param("card[number]").and_then(test_cards::by_number) {
            ui.label(RichText::new(foreign::label(&card.description)).font(theme::semibold(theme::BODY_SIZE)));
            outcome_rail_ui(ui, &card_steps(card.steps()));
            ui.add_space(4.0);
        }
        ui.spacing_mut().item_spacing.y = 1.0;
        let zone = zone_in_use::of(ui);
        for fact in state.facts.of(detail.revision(), || facts(detail, &zone)) {
            let value = match &fact.value {
                FactValue::Text(text) => text,
                FactValue::Profile(id) => profiles.get(*id).map_or("One that is gone", |profile| &profile.name),
            };
            let mut line = fact_ui(ui, fact.label, value, fact.is_code);
            if let Some(hint) = &fact.hint {
                line = line.on_hover_text(hint);
            }
            if line.clicked() {
                actions.push(Action::Copy { text: value.to_owned(), what: fact.label.to_owned() });
            }
        }
    });
}

/// A line of the summary.
#[derive(Debug)]
struct SummaryFact {
    label: &'static str,
    value: FactValue,
    /// Whether it is shown as code, in a font of one width.
    is_code: bool,
    /// What the pointer is told besides.
    hint: Option<String>,
}

#[derive(Debug)]
enum FactValue {
    Text(String),
    /// The profile's name as it is now: it may be changed while the summary is shown.
    Profile(ProfileId),
}

/// Everything that is known of an entry, in a line each. It parses the answers of the timeline.
fn facts(detail: &EntryDetail, zone: &LocalZone) -> Vec<SummaryFact> {
    let entry = &detail.entry;
    let mut facts = Vec::new();
    let mut add = |label, value: Option<FactValue>, is_code| {
        if let Some(value) = value.filter(|value| !matches!(value, FactValue::Text(text) if text.is_empty())) {
            facts.push(SummaryFact { label, value, is_code, hint: None });
        }
    };
    let text = |text: &str| Some(FactValue::Text(text.to_owned()));
    add("Status", text(entry.status.label()), false);
    add("Token", entry.token_id.as_deref().and_then(text), true);
    add("Card", text(&words::card(entry)), false);
    add("Code", entry.code.as_deref().filter(|_| entry.token_id.is_none()).and_then(text), true);
    let used_by = entry.used_by.as_ref().map(|used_by| used_by_words(used_by, &detail.timeline));
    add("Used by", used_by.map(FactValue::Text), true);
    add("Source", text(entry.target.label()), false);
    add("Profile", entry.profile.map(FactValue::Profile), false);
    add("Created", text(&words::moment(entry.started, zone)), false);
    add("Took", entry.took.map(words::took).map(FactValue::Text), false);
    if let Some(Ok(response)) = &detail.outcome {
        add("HTTP status", text(&response.http_status.to_string()), true);
        add("Request id", response.request_id().and_then(text), true);
    }
    add("Sent with key", detail.request.header("Idempotency-Key").and_then(text), true);
    add("Note", text(&entry.note), false);
    add("Tags", text(&entry.tags.join(", ")), false);
    for fact in facts.iter_mut().filter(|fact| fact.label == "Created") {
        fact.hint = Some(words::moment_in_both(entry.started, zone));
    }
    facts
}

/// No charge is longer than this: the largest have some ten kilobytes.
const LONGEST_MADE: usize = 64 * 1024;

/// What used a token up, and who asked for it: "ch_1… from stripe-python 16.1.0".
fn used_by_words(used_by: &str, timeline: &[ApiExchange]) -> String {
    let found = timeline.iter().find_map(|exchange| {
        // An answer of megabytes is no charge, and parsing it would take longer than a frame may.
        let response = exchange.outcome.as_ref().ok().filter(|response| response.body.len() <= LONGEST_MADE)?;
        let body = response.json()?;
        let is_maker = body["id"] == used_by || body["error"]["charge"] == used_by;
        is_maker.then(|| (body["customer"].as_str().map(str::to_owned), client_of(&exchange.request)))
    });
    match found {
        Some((Some(customer), client)) => format!("{used_by} of {customer} from {client}"),
        Some((None, client)) => format!("{used_by} from {client}"),
        None => used_by.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::domain::call::api::{ApiRequest, ApiResponse, HttpMethod, Target};

    #[test]
    fn what_used_a_token_up_is_named_with_who_asked() {
        let body = json!({ "object": "charge", "id": "ch_1", "customer": null }).to_string().into_bytes();
        let outcome = Ok(ApiResponse { http_status: 200, headers: Vec::new(), body });
        let mut request = ApiRequest { method: HttpMethod::Post, ..ApiRequest::get("/v1/charges") };
        request.headers.push(("user-agent".to_owned(), "curl/8.5.0".to_owned()));
        let (started, took, request) = (Timestamp::UNIX_EPOCH, Duration::ZERO, request.masked());
        let call = ApiExchange { target: Target::Local, started, took, request, outcome, replaced: Vec::new() };
        assert_eq!(used_by_words("ch_1", std::slice::from_ref(&call)), "ch_1 from curl 8.5.0");
        assert_eq!(used_by_words("ch_2", &[call]), "ch_2");
    }
}
