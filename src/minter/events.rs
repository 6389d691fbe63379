//! `/v1/events`: what happened, newest first, for thirty days.
//!
//! An event is shown in the version of its account, whatever version asks for it, for its data never change
//! (docs.stripe.com/api/events/object); what is around the data is shown in the version of the call.

use serde_json::{Value, json};

use super::{
    accepted::AcceptedParams,
    answers,
    call::{CallError, HandlerAnswer, MinterCall},
    expand, fields,
    fields::CallFields,
    happened::{self, KeptEvent},
    ledger::{EventSelection, PageQuery},
    lists::{self, ListQuery},
    shapes,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{
    call::{error::ApiError, event_type::EventType, payer_page::PayerPages, version::ApiVersion},
    mask::keyed_hash,
};

/// How long an event can be asked for, in seconds (docs.stripe.com/api/events).
pub const EVENTS_SHOWN_SECS: i64 = 30 * 24 * 60 * 60;
/// The most types that a list can be asked for (docs.stripe.com/api/events/list).
const MOST_TYPES: usize = 20;
/// Since this version an event has the idempotency key of its request beside the request's id (docs.stripe.com/changelog).
/// Recorded: until 2017-04-06 the id alone.
const REQUEST_WITH_KEY: ApiVersion<'static> = ApiVersion::dated(2017, 5, 25);

const LIST: AcceptedParams = AcceptedParams {
    written: &[],
    read: &[&["type", "types[*]", "delivery_success"], lists::CREATED, lists::PAGING],
    not_modelled: &[],
};

/// `GET /v1/events/:id`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<HandlerAnswer, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, "event")?;
    let oldest = oldest_shown(call);
    let found = call.ledger.get(ObjectKind::Event, ids[0])?.filter(|event| event.created >= oldest);
    let event = found.ok_or_else(|| ApiError::no_such("event", ids[0], "id").with_status(404))?;
    let shown = shown(call, &event)?;
    Ok(HandlerAnswer::Shown(answers::text(&shown)))
}

/// `GET /v1/events`.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<HandlerAnswer, CallError> {
    const URL: &str = "/v1/events";
    let fields = CallFields::of(call.request, &LIST)?;
    expand::check_list(&fields, "event")?;
    let types = types(&fields)?;
    let events = EventSelection { types: types.as_deref(), is_delivered: fields.boolean("delivery_success")? };
    let list = ListQuery { kind: ObjectKind::Event, what: "event", parent: None, url: URL };
    let query = lists::query(call, &fields, &list)?;
    let created = oldest_shown(call).max(*query.created.start())..=*query.created.end();
    let mut page = lists::slice(call, &PageQuery { created, events, ..query }, &|_| true)?;
    for event in &mut page.objects {
        event.body = shown(call, event)?;
    }
    Ok(HandlerAnswer::Shown(answers::text(&page.shown(URL))))
}

fn oldest_shown(call: &MinterCall<'_>) -> i64 {
    call.now.as_second() - EVENTS_SHOWN_SECS
}

/// The types that a list is asked for, in `type` or in `types`, each once; `None` for all.
fn types(fields: &CallFields<'_>) -> Result<Option<Vec<EventType>>, ApiError> {
    let one = fields.word("type")?;
    let many: Vec<&str> = fields.elements("types").collect();
    if one.is_some() && !many.is_empty() {
        // That only one may be given is documented; the words are those of other parameters that exclude each other.
        let message = "You may only specify one of these parameters: type, types.";
        return Err(ApiError::request(Some("parameters_exclusive"), Some("type"), message));
    }
    if many.len() > MOST_TYPES {
        // Undocumented by Stripe: our wording.
        let message = format!("You may filter by {MOST_TYPES} types at most.");
        return Err(ApiError::request(None, Some("types"), message));
    }
    let patterns: Vec<&str> = one.into_iter().chain(many).collect();
    if patterns.is_empty() || patterns.contains(&"*") {
        return Ok(None);
    }
    let is_named = |event_type: &EventType| patterns.iter().any(|pattern| fits(pattern, event_type.as_str()));
    Ok(Some(EventType::all().filter(is_named).collect()))
}

/// Whether a type is meant by a pattern: itself, `*`, or a group such as `charge.*`.
fn fits(pattern: &str, event_type: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some("") => true,
        Some(group) => group.ends_with('.') && event_type.starts_with(group),
        None => pattern == event_type,
    }
}

/// An event as the call is to show it.
fn shown(call: &mut MinterCall<'_>, event: &StoredObject) -> Result<Value, CallError> {
    let kept = KeptEvent::of(event);
    let object = match kept.pointer() {
        Some((kind, id)) => call.ledger.get(kind, id)?.map(|object| object.body).unwrap_or_default(),
        None => kept.own_object().clone(),
    };
    let pending = call.ledger.pending_webhooks(event)?;
    let view = EventView {
        event: kept,
        object: &object,
        version: ApiVersion::OF_ACCOUNT,
        around: call.version,
        account: None,
        pending,
        pages: call.payer_pages,
    };
    Ok(view.to_json())
}

/// The body of an event as it is sent to a webhook endpoint: in the endpoint's version where it has one, with the account
/// that it is of where the endpoint is told. `pages` are those of the server that sends it.
pub fn event_text(
    event: &StoredObject,
    object: &Value,
    version: Option<&str>,
    account: Option<&str>,
    pending: usize,
    pages: &PayerPages,
) -> Vec<u8> {
    let version = version.and_then(ApiVersion::parse).unwrap_or(ApiVersion::OF_ACCOUNT);
    let (event, pages) = (KeptEvent::of(event), Some(pages));
    let view = EventView { event, object, version, around: version, account, pending, pages };
    answers::text(&view.to_json())
}

/// Whether an event is of one of these types, as `enabled_events` of an endpoint names them.
pub fn event_fits(types: &[String], event: &StoredObject) -> bool {
    event_type_fits(types, event.event_type())
}

/// Whether a type is one of these, as `enabled_events` of an endpoint names them.
pub fn event_type_fits(types: &[String], event_type: &str) -> bool {
    types.iter().any(|pattern| fits(pattern, event_type))
}

/// An event with its object, as it is to be shown.
struct EventView<'a> {
    event: KeptEvent<'a>,
    /// As the ledger keeps it.
    object: &'a Value,
    /// The version that the object is shown in.
    version: ApiVersion<'a>,
    /// The version that the event around it is shown in.
    around: ApiVersion<'a>,
    /// The connected account, as it is stored, where it is named.
    account: Option<&'a str>,
    /// How many endpoints have not taken it yet.
    pending: usize,
    /// Where payers authenticate; `None` where no server is asked.
    pages: Option<&'a PayerPages>,
}

impl EventView<'_> {
    fn to_json(&self) -> Value {
        let event = &self.event;
        let shaped = |object: Value| shapes::shaped(self.version, self.pages, object);
        let previous = event.object_before(self.object).map(shaped);
        let object = shaped(self.object.clone());
        let previous = previous.and_then(|before| happened::previous_attributes(&before, &object));
        let mut data = fields::object([("object", object)]);
        if let Some(previous) = previous {
            data["previous_attributes"] = previous;
        }
        let request = if self.around.is_since(REQUEST_WITH_KEY) {
            json!({ "id": event.request_id(), "idempotency_key": event.idempotency_key() })
        } else {
            event.request_id().clone()
        };
        let mut shown = json!({
            "id": event.id(),
            "object": "event",
            "api_version": self.version.to_string(),
            "created": event.created(),
            "data": data,
            "livemode": false,
            "pending_webhooks": self.pending,
            "request": request,
            "type": event.event_type(),
        });
        if let Some(account) = self.account {
            shapes::add(&mut shown, "account", keyed_hash::shown(account).into());
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_leads_to_the_page_of_the_server_that_sends_it() {
        let url = "http://127.0.0.1:1/_testcard/3ds/pi_1/1-x";
        let object = json!({
            "id": "pi_1", "object": "payment_intent", "next_action": { "redirect_to_url": { "url": url } },
        });
        let event = StoredObject {
            kind: ObjectKind::Event,
            id: "evt_1".to_owned(),
            parent: None,
            created: 0,
            body: json!({ "type": "payment_intent.requires_action" }),
            state: Value::Null,
        };
        let pages = PayerPages::new("http://127.0.0.1:2".into(), None);
        let sent: Value = serde_json::from_slice(&event_text(&event, &object, None, None, 0, &pages)).unwrap();
        let action = &sent["data"]["object"]["next_action"];
        assert_eq!(action["redirect_to_url"]["url"], "http://127.0.0.1:2/_testcard/3ds/pi_1/1-x");
    }

    #[test]
    fn a_type_is_named_alone_or_by_its_group() {
        for (pattern, event_type, expected) in [
            ("charge.succeeded", "charge.succeeded", true),
            ("charge.succeeded", "charge.failed", false),
            ("charge.*", "charge.dispute.created", true),
            ("charge*", "charge.failed", false),
            ("charge.*", "charged", false),
            ("*", "refund.created", true),
            ("", "refund.created", false),
        ] {
            assert_eq!(fits(pattern, event_type), expected, "{pattern} {event_type}");
        }
    }
}
