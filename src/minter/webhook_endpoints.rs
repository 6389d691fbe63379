//! `/v1/webhook_endpoints`: where events are sent. What is sent is no matter of the minter: see `webhooks`.

use serde_json::{Value, json};

use super::{
    accepted::{AcceptedParams, METADATA, WrittenParam},
    call::{CallError, MinterCall},
    expand, fields,
    fields::{CallFields, LONGEST_TEXT},
    ledger::PageQuery,
    lists::{self, ListQuery},
    shapes,
    stored_object::{ObjectKind, StoredObject},
    versions,
};
use crate::domain::{
    call::{error::ApiError, event_type::EventType, webhook_signature},
    mask,
    settings::receiver::ReceiverUrl,
};

/// The most endpoints of an account (docs.stripe.com/webhooks).
const MOST_ENDPOINTS: usize = 16;
/// The type that stands for all.
const ALL_TYPES: &str = "*";
const URL: &str = "/v1/webhook_endpoints";

const TEXTS: &[WrittenParam] = &[WrittenParam::text("description", LONGEST_TEXT), METADATA];
const CREATE: AcceptedParams = AcceptedParams {
    written: &[TEXTS],
    read: &[&["url", "enabled_events[*]", "api_version", "connect"]],
    not_modelled: &[],
};
const UPDATE: AcceptedParams =
    AcceptedParams { written: &[TEXTS], read: &[&["url", "enabled_events[*]", "disabled"]], not_modelled: &[] };
const LIST: AcceptedParams = AcceptedParams { written: &[], read: &[lists::PAGING], not_modelled: &[] };

/// `POST /v1/webhook_endpoints`. The answer over HTTP shows the secret, this once; here it is hidden, so that it is
/// written down nowhere.
pub(super) fn create(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CREATE)?;
    expand::check(&fields, "webhook_endpoint")?;
    let url = url(&fields)?.ok_or_else(|| ApiError::missing("url"))?;
    let types = types(&fields)?.ok_or_else(|| ApiError::missing("enabled_events"))?;
    let version = version(&fields)?;
    let is_connect = fields.boolean("connect")?.unwrap_or(false);
    let mut endpoint = fields::object([
        ("id", call.ids.webhook_endpoint(call.now).into()),
        ("object", "webhook_endpoint".into()),
        ("api_version", version.into()),
        ("application", Value::Null),
        ("created", call.now.as_second().into()),
        ("description", Value::Null),
        ("enabled_events", types),
        ("livemode", false.into()),
        ("metadata", json!({})),
        ("status", "enabled".into()),
        ("url", url.into()),
    ]);
    fields.write_to(&mut endpoint)?;
    check_room(call)?;
    let mut shown = call.keep(ObjectKind::WebhookEndpoint, None, endpoint, json!({ "connect": is_connect }))?.body;
    shapes::add(&mut shown, "secret", webhook_signature::HIDDEN_SECRET.into());
    Ok(shown)
}

/// `GET /v1/webhook_endpoints/:id`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, "webhook_endpoint")?;
    Ok(named(call, ids[0])?.body)
}

/// `GET /v1/webhook_endpoints`.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST)?;
    expand::check_list(&fields, "webhook_endpoint")?;
    let list = ListQuery { kind: ObjectKind::WebhookEndpoint, what: "webhook endpoint", parent: None, url: URL };
    lists::page(call, &fields, &list)
}

/// `POST /v1/webhook_endpoints/:id`.
pub(super) fn update(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &UPDATE)?;
    expand::check(&fields, "webhook_endpoint")?;
    let mut endpoint = named(call, ids[0])?;
    if let Some(url) = url(&fields)? {
        endpoint.body["url"] = url.into();
    }
    if let Some(types) = types(&fields)? {
        endpoint.body["enabled_events"] = types;
    }
    if let Some(is_disabled) = fields.boolean("disabled")? {
        endpoint.body["status"] = if is_disabled { "disabled" } else { "enabled" }.into();
    }
    fields.write_to(&mut endpoint.body)?;
    call.ledger.update(&endpoint)?;
    Ok(endpoint.body)
}

/// `DELETE /v1/webhook_endpoints/:id`.
pub(super) fn delete(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    let endpoint = named(call, ids[0])?;
    call.ledger.remove(ObjectKind::WebhookEndpoint, &endpoint.id)?;
    Ok(json!({ "id": endpoint.id, "object": "webhook_endpoint", "deleted": true }))
}

fn named(call: &mut MinterCall<'_>, id: &str) -> Result<StoredObject, CallError> {
    let found = call.ledger.get(ObjectKind::WebhookEndpoint, id)?;
    // Reported, in these words.
    Ok(found.ok_or_else(|| ApiError::no_such("webhook endpoint", id, "id").with_status(404))?)
}

/// Refuses one endpoint more than an account may have. Undocumented by Stripe: our wording.
fn check_room(call: &mut MinterCall<'_>) -> Result<(), CallError> {
    let all = PageQuery::of(ObjectKind::WebhookEndpoint, MOST_ENDPOINTS);
    if call.ledger.page(&all)?.len() < MOST_ENDPOINTS {
        return Ok(());
    }
    let message = format!("You have reached the maximum of {MOST_ENDPOINTS} test webhook endpoints.");
    Err(ApiError::request(None, None, message).of_state().into())
}

/// The URL, where one was sent. Stripe wants `https` and a host that everybody reaches; here it is this machine's, or one
/// that a person named, and whether it is decides when an event is sent. The words are ours.
fn url(fields: &CallFields<'_>) -> Result<Option<String>, ApiError> {
    let Some(text) = fields.word("url")? else { return Ok(None) };
    let refused = |error: &dyn std::fmt::Display| {
        ApiError::request(Some("url_invalid"), Some("url"), format!("Invalid URL: {error}."))
    };
    ReceiverUrl::parse(text).map(|_| Some(text.trim().to_owned())).map_err(|error| refused(&error))
}

/// The types that an endpoint is to get, where they were sent: some by their names, or all.
fn types(fields: &CallFields<'_>) -> Result<Option<Value>, ApiError> {
    if !fields.has("enabled_events") {
        return Ok(None);
    }
    let mut types: Vec<&str> = Vec::new();
    for (nth, name) in fields.elements("enabled_events").enumerate() {
        let name = if name == ALL_TYPES { Some(ALL_TYPES) } else { EventType::parse(name).map(EventType::as_str) }
            .ok_or_else(|| {
                // Stripe lists all its types here.
                let message = format!(
                    "Invalid enabled_events[{nth}]: {} is no type of event. Name one, such as charge.succeeded, or * \
                     for all",
                    mask::text(name)
                );
                ApiError::request(None, Some(&format!("enabled_events[{nth}]")), message)
            })?;
        if !types.contains(&name) {
            types.push(name);
        }
    }
    if types.is_empty() { Err(ApiError::empty("enabled_events")) } else { Ok(Some(types.into())) }
}

fn version(fields: &CallFields<'_>) -> Result<Option<String>, ApiError> {
    let Some(version) = fields.word("api_version")? else { return Ok(None) };
    if versions::is_version(version) {
        return Ok(Some(version.to_owned()));
    }
    let message = format!("Invalid Stripe API version: {}", mask::text(version));
    Err(ApiError::request(None, Some("api_version"), message))
}
