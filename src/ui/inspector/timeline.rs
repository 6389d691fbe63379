//! The timeline of a token: what each call about it did, in words.

use egui::{Label, RichText, ScrollArea, Ui};
use jiff::Timestamp;
use serde_json::Value;

use super::per_revision::PerRevision;
use crate::{
    domain::{
        call::{
            api::{ApiExchange, ApiResponse, HttpMethod, MaskedRequest, Target},
            error::ErrorView,
        },
        card::currency::ChargeCurrency,
        fault, foreign,
        history::{
            entry::{EntryDetail, EntryStatus},
            request_log::{FAULT_HEADER, FAULT_KIND, REPLAYED_HEADER, client_name},
        },
    },
    model::LoadedValue,
    ui::{
        action::Action,
        icons,
        theme::{self, DesignTokens},
        widgets::{Tone, fact_ui, paint, scroll_ui},
        words, zone_in_use,
    },
};

/// A call about a token, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TimelineStep {
    tone: Tone,
    /// What came of the call.
    words: String,
    /// Who made the call, as told by its `User-Agent`.
    client: String,
    /// The id of what the call made or left behind: a charge, a customer, a card.
    made: Option<String>,
}

/// The steps of the timeline that was shown last.
#[derive(Debug, Default)]
pub(super) struct TimelineState {
    steps: PerRevision<TimelineSteps>,
}

/// The call that made the token, and the calls about it.
#[derive(Debug)]
struct TimelineSteps {
    first: TimelineStep,
    /// Of each exchange of the timeline, in its order.
    later: Vec<TimelineStep>,
}

/// Draws what happened to a token, oldest first.
pub(super) fn timeline_ui(
    ui: &mut Ui,
    state: &mut TimelineState,
    detail: &LoadedValue<EntryDetail>,
    actions: &mut Vec<Action>,
) {
    let read = || TimelineSteps { first: first_step(detail), later: detail.timeline.iter().map(step).collect() };
    let steps = state.steps.of(detail.revision(), read);
    scroll_ui(ui, "the inspector", ScrollArea::vertical().auto_shrink(false), |ui| {
        ui.spacing_mut().item_spacing.y = 10.0;
        let entry = &detail.entry;
        let response = detail.outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
        step_ui(ui, 0, &steps.first, entry.started, entry.target, response, actions);
        for (nth, (exchange, step)) in detail.timeline.iter().zip(&steps.later).enumerate() {
            let response = exchange.outcome.as_ref().ok();
            step_ui(ui, nth + 1, step, exchange.started, exchange.target, response, actions);
        }
    });
}

/// The call that made the token, or was to make it.
fn first_step(detail: &EntryDetail) -> TimelineStep {
    let (tone, words) = match detail.entry.status {
        EntryStatus::Failed => (Tone::Error, "Refused"),
        EntryStatus::Pending => (Tone::Info, "Sent"),
        EntryStatus::Interrupted | EntryStatus::Unknown => (Tone::Warn, "Sent, outcome unknown"),
        EntryStatus::Unused | EntryStatus::Used => (Tone::Ok, "Minted"),
    };
    let client = foreign::label(&client_name(detail.request.header("User-Agent"))).into_owned();
    TimelineStep { tone, words: words.to_owned(), client, made: detail.entry.token_id.clone() }
}

fn step_ui(
    ui: &mut Ui,
    nth: usize,
    step: &TimelineStep,
    when: Timestamp,
    target: Target,
    response: Option<&ApiResponse>,
    actions: &mut Vec<Action>,
) {
    let t = DesignTokens::of(ui);
    ui.push_id(nth, |ui| {
        ui.horizontal_top(|ui| {
            paint::icon_ui(ui, step.tone.icon(), icons::SIZE, step.tone.color(t));
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                let words = RichText::new(&step.words).font(theme::semibold(theme::BODY_SIZE));
                ui.add(Label::new(words).wrap().selectable(true));
                let zone = zone_in_use::of(ui);
                let about = format!("{} · {} · {}", words::moment(when, &zone), target.label(), step.client);
                let about = ui.add(Label::new(RichText::new(about).size(theme::SMALL_SIZE).color(t.subdued)).wrap());
                about.on_hover_ui(|ui| {
                    ui.label(words::moment_in_both(when, &zone));
                });
                let mut id_ui = |label: &str, id: Option<&str>| {
                    let Some(id) = id else { return };
                    if fact_ui(ui, label, id, true).clicked() {
                        actions.push(Action::Copy { text: id.to_owned(), what: label.to_owned() });
                    }
                };
                id_ui("Made", step.made.as_deref());
                id_ui("Request id", response.and_then(ApiResponse::request_id));
            });
        });
    });
}

/// What a call did to its token.
fn step(exchange: &ApiExchange) -> TimelineStep {
    let client = client_name(exchange.request.header("User-Agent"));
    let (tone, words) = match &exchange.outcome {
        Ok(response) => answered(&exchange.request, response),
        Err(failure) if failure.kind == FAULT_KIND => (Tone::Warn, format!("On purpose: {}", failure.message)),
        Err(failure) => (Tone::Warn, format!("No answer, {}", failure.kind)),
    };
    let made = exchange.outcome.as_ref().ok().and_then(|response| made_by(&exchange.request, response));
    TimelineStep {
        tone,
        words: foreign::label(&words).into_owned(),
        client: foreign::label(&client).into_owned(),
        made,
    }
}

/// The id of what a call made, or of the failed charge that it left behind.
fn made_by(request: &MaskedRequest, response: &ApiResponse) -> Option<String> {
    let body = response.json().filter(|_| request.method != HttpMethod::Get)?;
    body["id"].as_str().or(body["error"]["charge"].as_str()).map(str::to_owned)
}

fn answered(request: &MaskedRequest, response: &ApiResponse) -> (Tone, String) {
    let Some(fault) = response.header(FAULT_HEADER) else { return came_of(request, response) };
    if !fault::is_carried_out(fault) {
        return (Tone::Warn, format!("On purpose: {fault}"));
    }
    // The token was used all the same, whatever became of the answer.
    let (tone, words) = came_of(request, response);
    let tone = if tone == Tone::Error { tone } else { Tone::Warn };
    (tone, format!("{words} (on purpose: {fault})"))
}

/// What came of a call that no fault kept from being carried out.
fn came_of(request: &MaskedRequest, response: &ApiResponse) -> (Tone, String) {
    let body = response.json().unwrap_or_default();
    let (tone, words) = match ErrorView::of(&body) {
        Some(error) => refused(&body, error),
        None => (Tone::Ok, done(request, response, &body)),
    };
    if response.header(REPLAYED_HEADER) == Some("true") {
        return (Tone::Info, format!("Repeated with the same key: {words}"));
    }
    (tone, words)
}

fn refused(body: &Value, error: ErrorView<'_>) -> (Tone, String) {
    let words = match (error.code(), body["error"]["charge"].as_str()) {
        (Some("token_already_used"), _) => "Refused again (token_already_used)".to_owned(),
        (_, Some(charge)) => format!("Declined ({}) by charge {charge}", error.label()),
        (_, None) if error.kind() == Some("card_error") => format!("Declined ({})", error.label()),
        _ => format!("Refused ({})", error.label()),
    };
    (Tone::Error, words)
}

fn done(request: &MaskedRequest, response: &ApiResponse, body: &Value) -> String {
    let text = |name: &str| body[name].as_str().unwrap_or("?");
    match (request.method, text("object")) {
        (HttpMethod::Get, "token") if body["used"] == Value::Bool(true) => "Retrieved, used".to_owned(),
        (HttpMethod::Get, "token") => "Retrieved, unused".to_owned(),
        (_, "token") => "Minted".to_owned(),
        (_, "charge") => {
            let amount = amount(response, text("currency"));
            format!("Charged {amount} as {}", text("id"))
        }
        (_, "customer") => format!("Attached as {} to {}", text("default_source"), text("id")),
        (_, "card") => format!("Attached as {} to {}", text("id"), text("customer")),
        (_, "payment_method") => format!("Made into the payment method {}", text("id")),
        (_, "payment_intent") => {
            let amount = amount(response, text("currency"));
            format!("Paid {amount} by the payment intent {}: {}", text("id"), text("status"))
        }
        (_, "setup_intent") => format!("Set up by the setup intent {}: {}", text("id"), text("status")),
        (method, _) => format!("{} {}", method.as_str(), request.path),
    }
}

/// The amount of a charge as it is read: "$20.00 usd". What is no whole number is told as it is written.
fn amount(response: &ApiResponse, currency: &str) -> String {
    let body = response.document().unwrap_or_default();
    let Some(amount) = (body.node_count() > 0).then(|| body.root().get("amount")).flatten() else {
        return format!("? {currency}");
    };
    match (amount.as_i64(), ChargeCurrency::parse(currency)) {
        (Some(amount), Some(known)) => format!("{} {currency}", known.show(amount)),
        _ => format!("{} {currency}", amount.text()),
    }
}

/// No charge is longer than this: the largest have some ten kilobytes.
const LONGEST_MADE: usize = 64 * 1024;

/// What used a token up, and who asked for it: "ch_1… from stripe-python 16.1.0".
pub(super) fn used_by(used_by: &str, timeline: &[ApiExchange]) -> String {
    let found = timeline.iter().find_map(|exchange| {
        // An answer of megabytes is no charge, and parsing it would take longer than a frame may.
        let response = exchange.outcome.as_ref().ok().filter(|response| response.body.len() <= LONGEST_MADE)?;
        let body = response.json()?;
        let is_maker = body["id"] == used_by || body["error"]["charge"] == used_by;
        is_maker.then(|| (body["customer"].as_str().map(str::to_owned), step(exchange).client))
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
    use crate::domain::call::api::{ApiRequest, CallFailure, Target};

    fn call(method: HttpMethod, path: &str, outcome: Result<ApiResponse, CallFailure>) -> ApiExchange {
        let mut request = ApiRequest::get(path);
        request.method = method;
        request.headers.push(("user-agent".to_owned(), "curl/8.5.0".to_owned()));
        let (started, took) = (Timestamp::UNIX_EPOCH, Duration::ZERO);
        ApiExchange { target: Target::Local, started, took, request: request.masked(), outcome, replaced: Vec::new() }
    }

    #[track_caller]
    fn check(path: &str, headers: &[(&str, &str)], body: &Value, expected: &str) {
        let method = if path.starts_with("/v1/tokens/") { HttpMethod::Get } else { HttpMethod::Post };
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let response = ApiResponse { http_status: 200, headers, body: body.to_string().into_bytes() };
        let step = step(&call(method, path, Ok(response)));
        assert_eq!((step.words.as_str(), step.client.as_str()), (expected, "curl 8.5.0"));
    }

    #[test]
    fn each_step_says_what_happened_to_the_token() {
        let charge = json!({ "object": "charge", "id": "ch_1", "amount": 2000, "currency": "usd" });
        check("/v1/charges", &[], &charge, "Charged $20.00 usd as ch_1");
        let repeated = "Repeated with the same key: Charged $20.00 usd as ch_1";
        check("/v1/charges", &[("Idempotent-Replayed", "true")], &charge, repeated);
        let declined = json!({ "error": { "type": "card_error", "code": "card_declined",
            "decline_code": "insufficient_funds", "charge": "ch_2" } });
        check("/v1/charges", &[], &declined, "Declined (insufficient_funds) by charge ch_2");
        let again = json!({ "error": { "type": "invalid_request_error", "code": "token_already_used" } });
        check("/v1/charges", &[], &again, "Refused again (token_already_used)");
        let customer = json!({ "object": "customer", "id": "cus_1", "default_source": "card_1" });
        check("/v1/customers", &[], &customer, "Attached as card_1 to cus_1");
        let card = json!({ "object": "card", "id": "card_1", "customer": "cus_1" });
        check("/v1/customers/cus_1/sources", &[], &card, "Attached as card_1 to cus_1");
        check("/v1/tokens/tok_1", &[], &json!({ "object": "token", "used": true }), "Retrieved, used");
        check("/v1/tokens/tok_1", &[], &json!({ "object": "token", "used": false }), "Retrieved, unused");
        let limit = json!({ "error": { "type": "invalid_request_error", "code": "rate_limit" } });
        check("/v1/charges", &[("Testcard-Fault", "429")], &limit, "On purpose: 429");
    }

    #[test]
    fn what_was_done_is_said_before_the_fault_that_acted_on_it() {
        let charge = json!({ "object": "charge", "id": "ch_1", "amount": 2000, "currency": "usd" });
        for fault in ["latency 200ms", "latency 50ms..2s", "hold 3s", "cut", "garbage", "commit-drop"] {
            let expected = format!("Charged $20.00 usd as ch_1 (on purpose: {fault})");
            check("/v1/charges", &[("Testcard-Fault", fault)], &charge, &expected);
        }
        let repeated = [("Idempotent-Replayed", "true"), ("Testcard-Fault", "cut")];
        let expected = "Repeated with the same key: Charged $20.00 usd as ch_1 (on purpose: cut)";
        check("/v1/charges", &repeated, &charge, expected);
        let again = json!({ "error": { "type": "invalid_request_error", "code": "token_already_used" } });
        let expected = "Refused again (token_already_used) (on purpose: hold 3s)";
        check("/v1/charges", &[("Testcard-Fault", "hold 3s")], &again, expected);
        let refused = json!({ "error": { "type": "api_error" } });
        for fault in ["429 retry-after 1", "500", "503", "another call is held"] {
            check("/v1/charges", &[("Testcard-Fault", fault)], &refused, &format!("On purpose: {fault}"));
        }
        let failure =
            CallFailure { kind: FAULT_KIND.to_owned(), message: "drop".to_owned(), http_status: None, text: None };
        assert_eq!(step(&call(HttpMethod::Post, "/v1/charges", Err(failure))).words, "On purpose: drop");
    }

    #[test]
    fn what_used_a_token_up_is_named_with_who_asked() {
        let body = json!({ "object": "charge", "id": "ch_1", "customer": null }).to_string().into_bytes();
        let response = ApiResponse { http_status: 200, headers: Vec::new(), body };
        let timeline = [call(HttpMethod::Post, "/v1/charges", Ok(response))];
        assert_eq!(used_by("ch_1", &timeline), "ch_1 from curl 8.5.0");
        assert_eq!(used_by("ch_2", &timeline), "ch_2");
    }
}
