//! What happened to an object: a handler says it, and the event is kept with the change, in the same transaction.
//!
//! An event points to the object that the ledger keeps, and so costs a short row. Only when the object is about to change
//! or to go does the event get it as it was ([`super::ledger::Ledger::keep_for_events`]). Of an object in the ledger:
//!
//! | part | of an event |
//! | --- | --- |
//! | `body` | its type, the request with its idempotency key, if one made it happen, what of the object was otherwise before, what is to go wrong |
//! | `parent` | the object that it points to, `None` for an event that has the object itself |
//! | `state` | the object, null for an event that points to it |

use serde_json::{Map, Value};

use super::{
    call::{ChangeContext, MinterCall},
    fields,
    ledger::LedgerError,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{call::event_type::EventType, fault::EventFault};

impl ChangeContext<'_, '_> {
    /// Says what happened to an object, which the ledger keeps by now as the event is to show it.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn happened(&mut self, event: EventType, object: &StoredObject) -> Result<(), LedgerError> {
        self.keep_event(event, Some(StoredObject::pointer(object.kind, &object.id)), Value::Null, None)
    }

    /// Says that an object was changed that had this body before. Where nothing of it differs, nothing happened.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn changed(
        &mut self,
        event: EventType,
        before: &Value,
        object: &StoredObject,
    ) -> Result<(), LedgerError> {
        match previous_attributes(before, &object.body) {
            Some(previous) => self.keep_event(
                event,
                Some(StoredObject::pointer(object.kind, &object.id)),
                Value::Null,
                Some(previous),
            ),
            None => Ok(()),
        }
    }

    fn keep_event(
        &mut self,
        event: EventType,
        parent: Option<String>,
        state: Value,
        previous: Option<Value>,
    ) -> Result<(), LedgerError> {
        let request = self.cause.map(|cause| cause.request_id);
        let mut body = fields::object([("type", event.as_str().into()), (REQUEST, request.into())]);
        if let Some(cause) = self.cause {
            if let Some(key) = cause.idempotency_key {
                body[KEY] = key.into();
            }
            if let Some(fault) = cause.event_fault {
                body[FAULT] = fault.to_string().into();
            }
        }
        if let Some(previous) = previous {
            body[PREVIOUS] = previous;
        }
        let id = self.ids.event(self.now, *self.events);
        *self.events += 1;
        let kind = ObjectKind::Event;
        self.ledger.insert(&StoredObject { kind, id, parent, created: self.now.as_second(), body, state })
    }
}

impl MinterCall<'_> {
    /// As [`ChangeContext::happened`], by this call.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn happened(&mut self, event: EventType, object: &StoredObject) -> Result<(), LedgerError> {
        self.change().happened(event, object)
    }

    /// As [`ChangeContext::changed`], by this call.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn changed(
        &mut self,
        event: EventType,
        before: &Value,
        object: &StoredObject,
    ) -> Result<(), LedgerError> {
        self.change().changed(event, before, object)
    }

    /// Says what happened to an object that the ledger keeps no more.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn happened_to_unkept(&mut self, event: EventType, object: Value) -> Result<(), LedgerError> {
        self.change().keep_event(event, None, object, None)
    }
}

/// The members of an event's body besides its type.
const REQUEST: &str = "request";
const KEY: &str = "key";
const PREVIOUS: &str = "previous";
const FAULT: &str = "fault";

/// What is to go wrong on purpose with an event on its way.
pub fn event_fault(event: &StoredObject) -> Option<EventFault> {
    event.body[FAULT].as_str()?.parse().ok()
}

/// What an event is about, in one text: the same for all events of an object.
pub fn event_object(event: &StoredObject, object: &Value) -> String {
    let word = |name: &str| object[name].as_str().unwrap_or_default();
    event.parent.clone().unwrap_or_else(|| format!("{} {}", word("object"), word("id")))
}

/// An event as the ledger keeps it, read.
pub(super) struct KeptEvent<'a>(&'a StoredObject);

impl<'a> KeptEvent<'a> {
    pub(super) fn of(event: &'a StoredObject) -> Self {
        Self(event)
    }

    pub(super) fn id(&self) -> &'a str {
        &self.0.id
    }

    pub(super) fn created(&self) -> i64 {
        self.0.created
    }

    pub(super) fn event_type(&self) -> &'a str {
        self.0.event_type()
    }

    pub(super) fn request_id(&self) -> &'a Value {
        &self.0.body[REQUEST]
    }

    pub(super) fn idempotency_key(&self) -> &'a Value {
        &self.0.body[KEY]
    }

    /// The object that the event points to; `None` where it has the object itself.
    pub(super) fn pointer(&self) -> Option<(ObjectKind, &'a str)> {
        let (kind, id) = self.0.parent.as_deref()?.split_once(' ')?;
        Some((ObjectKind::parse(kind)?, id))
    }

    /// The object of an event that has it itself.
    pub(super) fn own_object(&self) -> &'a Value {
        &self.0.state
    }

    /// The object as it was before, of an event that says what was otherwise then.
    pub(super) fn object_before(&self, object: &Value) -> Option<Value> {
        let mut before = object.clone();
        restore(&mut before, self.0.body.get(PREVIOUS)?);
        Some(before)
    }
}

/// What of an object was otherwise before: its fields with the values that they had, of a dictionary only those that
/// differ; null where a field was not there. `None` where nothing differs.
pub(super) fn previous_attributes(before: &Value, now: &Value) -> Option<Value> {
    let (Some(old), Some(new)) = (before.as_object(), now.as_object()) else {
        return (before != now).then(|| before.clone());
    };
    let mut previous = Map::new();
    for (name, value) in old {
        let differing = match new.get(name) {
            Some(now) => previous_attributes(value, now),
            None => Some(value.clone()),
        };
        previous.extend(differing.map(|value| (name.clone(), value)));
    }
    let is_new = |name: &&String| !old.contains_key(*name);
    previous.extend(new.keys().filter(is_new).map(|name| (name.clone(), Value::Null)));
    (!previous.is_empty()).then_some(Value::Object(previous))
}

/// Puts what was otherwise back.
fn restore(object: &mut Value, previous: &Value) {
    match (object.as_object_mut(), previous.as_object()) {
        (Some(fields), Some(previous)) => {
            for (name, value) in previous {
                restore(fields.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        _ => *object = previous.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_otherwise_is_told_field_by_field_and_can_be_put_back() {
        for (before, now, previous) in [
            (json!({ "a": 1, "b": 2 }), json!({ "a": 1, "b": 3 }), Some(json!({ "b": 2 }))),
            (json!({ "m": { "x": "1", "y": "2" } }), json!({ "m": { "x": "1" } }), Some(json!({ "m": { "y": "2" } }))),
            (json!({ "m": { "x": null } }), json!({ "m": { "x": "1" } }), Some(json!({ "m": { "x": null } }))),
            (json!({ "s": null }), json!({ "s": { "x": 1 } }), Some(json!({ "s": null }))),
            (json!({ "s": { "x": 1 } }), json!({ "s": null }), Some(json!({ "s": { "x": 1 } }))),
            (json!({ "l": [1, 2] }), json!({ "l": [1] }), Some(json!({ "l": [1, 2] }))),
            (json!({ "a": 1 }), json!({ "a": 1 }), None),
        ] {
            let told = previous_attributes(&before, &now);
            assert_eq!(told, previous);
            let mut restored = now.clone();
            restore(&mut restored, &told.unwrap_or_else(|| json!({})));
            assert_eq!(restored, before);
        }
        assert_eq!(previous_attributes(&json!({}), &json!({ "new": 1 })), Some(json!({ "new": null })));
    }
}
