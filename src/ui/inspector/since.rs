//! What an answer says and what is not so any more: told from the calls that came after it.

use std::{collections::HashMap, sync::Arc};

use crate::{
    domain::{
        call::{
            api::{ApiExchange, ApiResponse, HttpMethod},
            usage::{self, TokenVerdict},
        },
        foreign,
        history::entry::{EntryDetail, EntryStatus},
        json_document::{JsonDocument, JsonKind, JsonView},
        zone::LocalZone,
    },
    ui::words,
};

/// What a field is by now, in words. It is no part of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldNote {
    /// The JSON pointer of the field.
    pub pointer: String,
    pub words: String,
}

/// No object of Stripe's is longer, and reading one takes a part of a frame.
const LONGEST: usize = 64 * 1024;

/// What is not so any more in the answer that made the token of an entry. It parses the answers of the timeline.
pub(super) fn notes_of_entry(detail: &EntryDetail, zone: &LocalZone) -> Arc<[FieldNote]> {
    let Some(answer) = detail.answer() else { return Arc::default() };
    let mut notes = notes(answer, &detail.timeline, zone);
    let used = "/used";
    let is_told = notes.iter().any(|note| note.pointer == used);
    if detail.entry.status == EntryStatus::Used && !is_told && says_unused(answer) {
        let by = detail.entry.used_by.as_deref().map(foreign::label);
        let words = match (by, &detail.entry.used_client) {
            (Some(by), Some(client)) => format!("now true: used by {by} from {}", foreign::label(client)),
            (Some(by), None) => format!("now true: used by {by}"),
            (None, _) => "now true: by a call that is not in this history".to_owned(),
        };
        notes.push(FieldNote { pointer: used.to_owned(), words });
    }
    notes.into()
}

fn document(answer: &ApiResponse) -> Option<JsonDocument> {
    answer.document().filter(|_| answer.body.len() <= LONGEST)
}

fn says_unused(answer: &ApiResponse) -> bool {
    document(answer).is_some_and(|json| json.root().get("used").is_some_and(|used| used.text() == "false"))
}

/// What calls that came after an answer, oldest first, changed of what it says. Of each field the newest is told; of a
/// client that asks again and again and hears the same, its first call.
pub(super) fn notes(answer: &ApiResponse, later: &[ApiExchange], zone: &LocalZone) -> Vec<FieldNote> {
    let Some(shown) = document(answer) else { return Vec::new() };
    let objects: Vec<SeenObject<'_>> = objects(&shown);
    let mut notes = SinceNotes { found: Vec::new(), refunds: Vec::new(), zone };
    // What was last answered at each path since something was changed. Reading the same thousands of times would take
    // longer than a frame may.
    let mut heard: HashMap<&str, &ApiResponse> = HashMap::new();
    for exchange in later {
        let Ok(response) = &exchange.outcome else { continue };
        if exchange.request.method == HttpMethod::Get {
            let before = heard.insert(&exchange.request.path, response);
            let says_the_same =
                |before: &ApiResponse| before.http_status == response.http_status && before.body == response.body;
            if before.is_some_and(says_the_same) {
                continue;
            }
        } else {
            heard.clear();
        }
        for object in &objects {
            notes.token_used(object, exchange, response);
        }
        let Some(newer) = document(response).filter(|_| response.is_success()) else { continue };
        for newer in self::objects(&newer) {
            for object in &objects {
                notes.compare(object, &newer, exchange, response);
            }
        }
    }
    notes.found
}

/// An object with an id.
struct SeenObject<'a> {
    id: String,
    kind: String,
    view: JsonView<'a>,
}

fn objects(json: &JsonDocument) -> Vec<SeenObject<'_>> {
    /// A list of more is no answer about one thing.
    const MOST: usize = 50;
    let views = (0..json.node_count()).map(|node| json.view(node)).filter(|view| view.kind() == JsonKind::Object);
    let seen = |view: JsonView<'_>| {
        let id = view.get("id")?.string()?.into_owned();
        let kind = view.get("object").and_then(JsonView::string).unwrap_or_default().into_owned();
        Some((id, kind))
    };
    let seen = views.filter_map(|view| seen(view).map(|(id, kind)| SeenObject { id, kind, view }));
    seen.filter(|object| !object.id.is_empty()).take(MOST).collect()
}

struct SinceNotes<'a> {
    zone: &'a LocalZone,
    found: Vec<FieldNote>,
    /// The refunds that were counted, by their ids, with the amount of each.
    refunds: Vec<(String, i64)>,
}

impl SinceNotes<'_> {
    /// Tells what a field is now, in place of what was told of it before.
    fn tell(&mut self, field: JsonView<'_>, now: &str, exchange: &ApiExchange, response: &ApiResponse) {
        let pointer = field.pointer();
        self.found.retain(|note| note.pointer != pointer);
        self.found.push(FieldNote { pointer, words: format!("{now}: {}", call_words(exchange, response, self.zone)) });
    }

    fn token_used(&mut self, object: &SeenObject<'_>, exchange: &ApiExchange, response: &ApiResponse) {
        let Some(used) = object.view.get("used").filter(|used| used.text() == "false") else { return };
        let is_told = self.found.iter().any(|note| note.pointer == used.pointer());
        let found = usage::of_call(&exchange.request, Some(response)).filter(|found| found.token == object.id);
        let Some(TokenVerdict::Used(by)) = found.map(|found| found.verdict).filter(|_| !is_told) else { return };
        let by = by.map(|by| format!(" by {}", foreign::label(&by))).unwrap_or_default();
        self.tell(used, &format!("now true, used{by}"), exchange, response);
    }

    fn compare(
        &mut self,
        object: &SeenObject<'_>,
        newer: &SeenObject<'_>,
        exchange: &ApiExchange,
        response: &ApiResponse,
    ) {
        if newer.kind == "refund" && object.kind == "charge" {
            self.refunded(object, newer, exchange, response);
        }
        if newer.id != object.id {
            return;
        }
        let is_deleted = newer.view.get("deleted").is_some_and(|deleted| deleted.text() == "true");
        if exchange.request.method == HttpMethod::Delete && is_deleted {
            if let Some(id) = object.view.get("id") {
                self.tell(id, "deleted since", exchange, response);
            }
            return;
        }
        for field in object.view.items().filter(|field| is_scalar(*field) && field.twin().is_none()) {
            let now = field.key().and_then(|name| newer.view.get(&name)).filter(|now| is_scalar(*now));
            // What used a token up says more than that a look at it said so.
            let is_told = || self.found.iter().any(|note| note.pointer == field.pointer());
            match now.map(JsonView::text) {
                Some("true") if field.key().is_some_and(|name| name == "used") && is_told() => {}
                Some(now) if now != field.text() => {
                    self.tell(field, &format!("now {}", foreign::json_start(now, 60)), exchange, response);
                }
                _ => {}
            }
        }
    }

    fn refunded(
        &mut self,
        charge: &SeenObject<'_>,
        refund: &SeenObject<'_>,
        exchange: &ApiExchange,
        response: &ApiResponse,
    ) {
        let text = |name: &str| refund.view.get(name).and_then(JsonView::string).unwrap_or_default();
        let is_new = self.refunds.iter().all(|(id, _)| *id != refund.id);
        let amount = refund.view.get("amount").and_then(JsonView::as_i64);
        let Some(amount) = amount.filter(|_| is_new && text("charge") == charge.id && text("status") != "failed")
        else {
            return;
        };
        self.refunds.push((refund.id.clone(), amount));
        let number = |name: &str| charge.view.get(name).and_then(JsonView::as_i64);
        let before = number("amount_refunded").unwrap_or_default();
        let sum = self.refunds.iter().fold(before, |sum, (_, amount)| sum.saturating_add(*amount));
        if let Some(field) = charge.view.get("amount_refunded") {
            self.tell(field, &format!("now {sum}"), exchange, response);
        }
        let is_whole = number("amount").is_some_and(|whole| sum >= whole);
        if let Some(field) = charge.view.get("refunded").filter(|field| is_whole && field.text() == "false") {
            self.tell(field, "now true", exchange, response);
        }
    }
}

fn is_scalar(value: JsonView<'_>) -> bool {
    matches!(value.kind(), JsonKind::Text | JsonKind::Number | JsonKind::Literal)
}

/// "POST /v1/charges, Mar 17, 17:46 UTC, req_1".
fn call_words(exchange: &ApiExchange, response: &ApiResponse, zone: &LocalZone) -> String {
    let call = format!("{} {}", exchange.request.method.as_str(), foreign::label(&exchange.request.path));
    let when = words::short_moment(exchange.started, zone);
    match response.request_id() {
        Some(id) => format!("{call}, {when}, {}", foreign::label(id)),
        None => format!("{call}, {when}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::call::api::{ApiRequest, Target};

    fn answer(http_status: u16, body: &Value) -> ApiResponse {
        let headers = vec![("Request-Id".to_owned(), "req_1".to_owned())];
        ApiResponse { http_status, headers, body: body.to_string().into_bytes() }
    }

    fn call(method: HttpMethod, path: &str, source: Option<&str>, body: &Value) -> ApiExchange {
        let mut request = ApiRequest { method, ..ApiRequest::get(path) };
        if let Some(source) = source {
            request.params.push("source", source);
        }
        let (started, took) = (Timestamp::UNIX_EPOCH, Duration::ZERO);
        let outcome = Ok(answer(200, body));
        ApiExchange { target: Target::Local, started, took, request: request.masked(), outcome, replaced: Vec::new() }
    }

    #[track_caller]
    fn check(shown: &Value, later: &[ApiExchange], expected: &[(&str, &str)]) {
        let found = notes(&answer(200, shown), later, &LocalZone::default());
        let found: Vec<(&str, &str)> = found.iter().map(|note| (note.pointer.as_str(), note.words.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_field_that_is_not_so_any_more_says_what_it_is_and_by_which_call() {
        let token = json!({ "id": "tok_1", "object": "token", "used": false,
            "card": { "id": "card_1", "object": "card", "customer": null, "last4": "4242" } });
        let charge =
            json!({ "id": "ch_1", "object": "charge", "amount": 2000, "amount_refunded": 0, "refunded": false });
        let look =
            call(HttpMethod::Get, "/v1/tokens/tok_1", None, &json!({ "id": "tok_1", "used": true, "object": "token" }));
        let used = "now true, used by ch_1: POST /v1/charges, Jan 1, 00:00 UTC, req_1";
        let charged = call(HttpMethod::Post, "/v1/charges", Some("tok_1"), &charge);
        check(&token, &[charged.clone(), look.clone()], &[("/used", used)]);
        check(&token, &[look], &[("/used", "now true, used: GET /v1/tokens/tok_1, Jan 1, 00:00 UTC, req_1")]);
        let card = json!({ "id": "card_1", "object": "card", "customer": "cus_1", "last4": "4242" });
        let attached = call(HttpMethod::Post, "/v1/customers/cus_1/sources", Some("tok_1"), &card);
        let by = "POST /v1/customers/cus_1/sources, Jan 1, 00:00 UTC, req_1";
        let (used, customer) = (format!("now true, used by card_1: {by}"), format!("now \"cus_1\": {by}"));
        check(&token, &[attached], &[("/used", &used), ("/card/customer", &customer)]);
        check(&token, &[], &[]);
        check(&json!({ "id": "tok_2", "object": "token", "used": false }), &[charged], &[]);
    }

    #[test]
    fn of_a_client_that_hears_the_same_again_and_again_the_first_call_is_told() {
        let shown = json!({ "id": "cus_1", "object": "customer", "email": null });
        let look = |minute: i64, email: &str| {
            let body = json!({ "id": "cus_1", "object": "customer", "email": email });
            let started = Timestamp::from_second(minute * 60).unwrap();
            ApiExchange { started, ..call(HttpMethod::Get, "/v1/customers/cus_1", None, &body) }
        };
        let told = |email: &str, minute: u32| {
            format!("now \"{email}\": GET /v1/customers/cus_1, Jan 1, 00:{minute:02} UTC, req_1")
        };
        let mut calls = vec![look(1, "a"), look(2, "a"), look(3, "a")];
        check(&shown, &calls, &[("/email", &told("a", 1))]);
        calls.extend([look(4, "b"), look(5, "a"), look(6, "a")]);
        check(&shown, &calls, &[("/email", &told("a", 5))]);
    }

    #[test]
    fn refunds_are_added_up_and_a_deletion_is_told() {
        let charge =
            json!({ "id": "ch_1", "object": "charge", "amount": 2000, "amount_refunded": 0, "refunded": false });
        let refund = |id: &str, amount: i64| {
            let refund =
                json!({ "id": id, "object": "refund", "charge": "ch_1", "amount": amount, "status": "succeeded" });
            call(HttpMethod::Post, "/v1/refunds", None, &refund)
        };
        let by = "POST /v1/refunds, Jan 1, 00:00 UTC, req_1";
        check(&charge, &[refund("re_1", 500)], &[("/amount_refunded", &format!("now 500: {by}"))]);
        let (sum, whole) = (format!("now 2000: {by}"), format!("now true: {by}"));
        check(
            &charge,
            &[refund("re_1", 500), refund("re_1", 500), refund("re_2", 1500)],
            &[("/amount_refunded", &sum), ("/refunded", &whole)],
        );
        let customer = json!({ "id": "cus_1", "object": "customer", "email": null });
        let gone = json!({ "id": "cus_1", "object": "customer", "deleted": true });
        let gone = call(HttpMethod::Delete, "/v1/customers/cus_1", None, &gone);
        check(&customer, &[gone], &[("/id", "deleted since: DELETE /v1/customers/cus_1, Jan 1, 00:00 UTC, req_1")]);
    }
}
