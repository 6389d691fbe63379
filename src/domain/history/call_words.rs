//! What a call did, in words, for the timeline of a token.

use serde_json::Value;

use super::request_log::{FAULT_HEADER, FAULT_KIND, REPLAYED_HEADER, client_name};
use crate::domain::{
    call::{
        api::{ApiExchange, ApiResponse, HttpMethod, MaskedRequest},
        error::ErrorView,
        intent_calls,
    },
    card::currency::ChargeCurrency,
    fault, foreign,
};

/// How something stands, whatever its words are: it has a colour and a sign of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateMood {
    Good,
    Bad,
    /// It waits for somebody, or something went another way than was asked for.
    Waiting,
    /// It is over, or says nothing of good and bad.
    Neutral,
}

/// A call in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallWords {
    pub mood: StateMood,
    /// What came of the call, safe to show.
    pub words: String,
    /// Who made the call, as told by its `User-Agent`; safe to show.
    pub client: String,
}

impl CallWords {
    pub fn of(exchange: &ApiExchange) -> Self {
        let (mood, words) = match &exchange.outcome {
            Ok(response) => answered(&exchange.request, response),
            Err(failure) if failure.kind == FAULT_KIND => {
                (StateMood::Waiting, format!("On purpose: {}", failure.message))
            }
            Err(failure) => (StateMood::Waiting, format!("No answer, {}", failure.kind)),
        };
        Self { mood, words: foreign::label(&words).into_owned(), client: client_of(&exchange.request) }
    }
}

/// Who made a call, safe to show.
pub fn client_of(request: &MaskedRequest) -> String {
    foreign::label(&client_name(request.header("User-Agent"))).into_owned()
}

fn answered(request: &MaskedRequest, response: &ApiResponse) -> (StateMood, String) {
    let Some(fault) = response.header(FAULT_HEADER) else { return came_of(request, response) };
    if !fault::is_carried_out(fault) {
        return (StateMood::Waiting, format!("On purpose: {fault}"));
    }
    // The token was used all the same, whatever became of the answer.
    let (mood, words) = came_of(request, response);
    let mood = if mood == StateMood::Bad { mood } else { StateMood::Waiting };
    (mood, format!("{words} (on purpose: {fault})"))
}

/// What came of a call that no fault kept from being carried out.
fn came_of(request: &MaskedRequest, response: &ApiResponse) -> (StateMood, String) {
    let body = response.json().unwrap_or_default();
    let (mood, words) = match ErrorView::of(&body) {
        Some(error) => refused(&body, error),
        None => (StateMood::Good, done(request, response, &body)),
    };
    if response.header(REPLAYED_HEADER) == Some("true") {
        return (StateMood::Neutral, format!("Repeated with the same key: {words}"));
    }
    (mood, words)
}

fn refused(body: &Value, error: ErrorView<'_>) -> (StateMood, String) {
    let words = match (error.code(), body["error"]["charge"].as_str()) {
        (Some("token_already_used"), _) => "Refused again (token_already_used)".to_owned(),
        (_, Some(charge)) => format!("Declined ({}) by charge {charge}", error.label()),
        (_, None) if error.kind() == Some("card_error") => format!("Declined ({})", error.label()),
        _ => format!("Refused ({})", error.label()),
    };
    (StateMood::Bad, words)
}

fn done(request: &MaskedRequest, response: &ApiResponse, body: &Value) -> String {
    let text = |name: &str| body[name].as_str().unwrap_or("?");
    if request.method != HttpMethod::Get
        && let Some(words) = done_to_known(request, response, body)
    {
        return words;
    }
    match (request.method, text("object")) {
        (HttpMethod::Get, "token") if body["used"] == Value::Bool(true) => "Retrieved, used".to_owned(),
        (HttpMethod::Get, "token") => "Retrieved, unused".to_owned(),
        (_, "token") => "Minted".to_owned(),
        (_, "charge") => {
            let amount = amount(response, "amount", text("currency"));
            format!("Charged {amount} as {}", text("id"))
        }
        (_, "customer") if body["default_source"].is_string() => {
            format!("Attached as {} to {}", text("default_source"), text("id"))
        }
        (_, "customer") => format!("Attached to {}", text("id")),
        (_, "card") => format!("Attached as {} to {}", text("id"), text("customer")),
        (_, "payment_method") => format!("Made into the payment method {}", text("id")),
        (_, "payment_intent") => {
            let amount = amount(response, "amount", text("currency"));
            format!("Paid {amount} by the payment intent {}: {}", text("id"), text("status"))
        }
        (_, "setup_intent") => format!("Set up by the setup intent {}: {}", text("id"), text("status")),
        (method, _) => format!("{} {}", method.as_str(), request.path),
    }
}

/// What a call did to an object that was there before it and that its path names; `None` for other calls.
fn done_to_known(request: &MaskedRequest, response: &ApiResponse, body: &Value) -> Option<String> {
    let text = |name: &str| body[name].as_str().unwrap_or("?");
    if request.path == intent_calls::AUTHENTICATE {
        let result = match request.param(intent_calls::RESULT) {
            Some("complete") => "completed",
            Some("fail") => "failed",
            Some("cancel") => "cancelled",
            _ => "ended",
        };
        return Some(format!("Authentication {result}: {}", text("status")));
    }
    let parts: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    let ["v1", kind, id, rest @ ..] = &parts[..] else { return None };
    if body["id"] != *id {
        return None;
    }
    let currency = text("currency");
    Some(match (*kind, rest) {
        ("charges", ["capture"]) => format!("Captured {}", amount(response, "amount_captured", currency)),
        ("payment_intents", ["capture"]) => format!("Captured {}", amount(response, "amount_received", currency)),
        ("payment_intents" | "setup_intents", ["confirm"]) => format!("Confirmed: {}", text("status")),
        (_, ["cancel"]) => "Cancelled".to_owned(),
        ("payment_intents", ["increment_authorization"]) => {
            format!("Authorized for {}", amount(response, "amount", currency))
        }
        ("payment_methods", ["attach"]) => format!("Attached to {}", text("customer")),
        ("payment_methods", ["detach"]) => "Detached from its customer".to_owned(),
        (_, [word]) => format!("{} {}", request.method.as_str(), word),
        ("tokens", _) => return None,
        _ => "Updated".to_owned(),
    })
}

/// The amount of an answer as it is read: "$20.00 usd". What is no whole number is told as it is written.
fn amount(response: &ApiResponse, name: &str, currency: &str) -> String {
    let body = response.document().unwrap_or_default();
    let Some(amount) = (body.node_count() > 0).then(|| body.root().get(name)).flatten() else {
        return format!("? {currency}");
    };
    match (amount.as_i64(), ChargeCurrency::parse(currency)) {
        (Some(amount), Some(known)) => format!("{} {currency}", known.show(amount)),
        _ => format!("{} {currency}", amount.text()),
    }
}

/// An amount in a currency as it is read: "$20.00 usd".
pub(super) fn money(amount: i64, currency: &str) -> String {
    match ChargeCurrency::parse(currency) {
        Some(known) => format!("{} {currency}", known.show(amount)),
        None => format!("{amount} {currency}"),
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
        let told = CallWords::of(&call(method, path, Ok(response)));
        assert_eq!((told.words.as_str(), told.client.as_str()), (expected, "curl 8.5.0"));
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
    fn a_call_about_an_object_that_was_there_says_what_became_of_it() {
        let intent = json!({ "object": "payment_intent", "id": "pi_1", "amount": 2000, "amount_received": 500,
            "currency": "usd", "status": "succeeded" });
        for (path, expected) in [
            ("/v1/payment_intents/pi_1/confirm", "Confirmed: succeeded"),
            ("/v1/payment_intents/pi_1/capture", "Captured $5.00 usd"),
            ("/v1/payment_intents/pi_1/cancel", "Cancelled"),
            ("/v1/payment_intents/pi_1/increment_authorization", "Authorized for $20.00 usd"),
            ("/v1/payment_intents/pi_1", "Updated"),
            ("/v1/payment_intents", "Paid $20.00 usd by the payment intent pi_1: succeeded"),
            ("/_testcard/authenticate", "Authentication ended: succeeded"),
        ] {
            check(path, &[], &intent, expected);
        }
        let method = json!({ "object": "payment_method", "id": "pm_1", "customer": "cus_1" });
        check("/v1/payment_methods/pm_1/attach", &[], &method, "Attached to cus_1");
        check("/v1/payment_methods/pm_1/detach", &[], &method, "Detached from its customer");
        check("/v1/payment_methods", &[], &method, "Made into the payment method pm_1");
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
        assert_eq!(CallWords::of(&call(HttpMethod::Post, "/v1/charges", Err(failure))).words, "On purpose: drop");
    }
}
