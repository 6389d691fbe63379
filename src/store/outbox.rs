//! Events on their way to webhook endpoints: which there are, and how far each endpoint has taken them.
//!
//! An event is a row among the minter's objects, written with the change that it tells of. Nothing is written for an
//! endpoint until something was sent to it: a cursor says up to where the endpoint has taken all events, and an event
//! that it did not take at the first attempt has a row of its own. Both are written by whoever sends, after it has sent:
//! what was sent last before the program died is sent again, and nothing is left out.

use std::{collections::BTreeMap, fs::File};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use serde_json::Value;

use super::{
    due_effects,
    error::{JobError, StoreError},
    given_numbers,
    numbered_ids::IdNumbers,
    objects::{self, ObjectColumns, ObjectKey},
    rows,
    write_context::WriteContext,
};
use crate::{
    domain::{
        fault::EventFault,
        history::{
            delivery_refusal::{DeliveryRefusal, EndpointBacklog},
            token_life::{DeliveryState, EventDelivery},
        },
        mask::keyed_hash::IdentityKey,
    },
    minter::{self, ObjectKind, StoredObject},
};

const READING: &str = "read the events";

/// A webhook endpoint that was made by a call.
#[derive(Clone, Debug)]
pub struct KeptEndpoint {
    pub world: String,
    /// The connected account that it is of, as it is stored; `None` for the account itself.
    pub account: Option<String>,
    /// Its place among the objects: events before it are none of its.
    pub position: i64,
    pub object: StoredObject,
}

/// An event with its object, as both are kept.
#[derive(Clone, Debug)]
pub struct OutboxEvent {
    /// Its place among the objects, by which it is known here.
    pub position: i64,
    pub world: String,
    pub account: Option<String>,
    pub event: StoredObject,
    pub object: Value,
}

/// An event that an endpoint did not take yet, though it was sent, or that is to be sent to it once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenDelivery {
    pub event: i64,
    pub attempts: u32,
    /// By the machine's clock; `None` where it is never sent again.
    pub due: Option<Timestamp>,
    /// What is still to go wrong when it is sent.
    pub fault: Option<EventFault>,
}

impl OpenDelivery {
    /// Whether a person wished it to be sent once more, and nobody has taken it in hand.
    pub fn is_wished(&self) -> bool {
        self.due == Some(WISHED)
    }
}

/// The time that stands in the row of an event which a person wishes to be sent once more, until it is taken in hand.
const WISHED: Timestamp = Timestamp::UNIX_EPOCH;

/// What comes behind a place.
#[derive(Debug)]
pub struct OutboxPage {
    /// Without those that cannot be read.
    pub events: Vec<OutboxEvent>,
    /// The place of the last event that was looked at; `None` where there is none.
    pub end: Option<i64>,
    /// Whether there may be more behind it.
    pub may_have_more: bool,
}

/// Up to where an endpoint has taken all events, as it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointCursor {
    pub position: i64,
    /// When a process last was there that sends to the endpoint, by the machine's clock.
    pub served: Timestamp,
}

/// What came of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryNote {
    Taken,
    /// It was not taken, or waits behind one that was not.
    Open(OpenNote),
    /// A person's wish to have it sent once more is taken in hand.
    InHand {
        due: Timestamp,
    },
}

/// What is written down of an event that an endpoint has not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenNote {
    pub attempts: u32,
    /// The next attempt, if there is one.
    pub due: Option<Timestamp>,
    /// What is still to go wrong when it is sent.
    pub fault: Option<EventFault>,
    /// Why it was not taken; `None` leaves what is written down of an earlier attempt.
    pub refusal: Option<DeliveryRefusal>,
}

/// A cursor to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorNote {
    pub endpoint: String,
    pub cursor: EndpointCursor,
    /// The types that an endpoint asked for which a person named, a JSON list.
    pub types: Option<String>,
}

/// What came of sending, to be written down together.
#[derive(Clone, Debug, Default)]
pub struct DeliveryNotes {
    /// Endpoints that are there no more, with all that was to be sent to them. They go first: what is noted besides of an
    /// endpoint with the same id is of a new beginning.
    pub gone: Vec<String>,
    pub cursors: Vec<CursorNote>,
    /// By endpoint and event. A wish to have one sent once more, which came meanwhile, outlasts what is noted here.
    pub events: BTreeMap<(String, i64), DeliveryNote>,
}

impl DeliveryNotes {
    pub fn is_empty(&self) -> bool {
        self.cursors.is_empty() && self.events.is_empty() && self.gone.is_empty()
    }
}

/// Held by the one process that sends to an endpoint, until it is dropped.
#[derive(Debug)]
pub struct DeliveryLock(#[expect(dead_code, reason = "the system frees the lock with the file")] Option<File>);

impl DeliveryLock {
    pub(super) fn of(file: Option<File>) -> Self {
        Self(file)
    }
}

/// Reads events and endpoints, on a connection of its own. All methods block.
#[derive(Debug)]
pub struct Outbox {
    connection: Connection,
    identities: IdentityKey,
    numbers: IdNumbers,
}

impl Outbox {
    pub(super) fn new(connection: Connection, identities: IdentityKey, numbers: IdNumbers) -> Self {
        Self { connection, identities, numbers }
    }

    /// SQLite's number of what is committed by others than this connection: another one where there may be something new.
    ///
    /// # Errors
    /// A database that cannot be read; so it is with all methods.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        let read = self
            .connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut read| read.query_row([], |row| row.get(0)));
        read.map_err(|error| StoreError::of(READING, &error))
    }

    /// The moment of the machine's clock at which the next of all later effects is due, of those that are due behind
    /// `after`. What cannot be read is passed over.
    #[expect(clippy::missing_errors_doc, reason = "said once for all")]
    pub fn next_effect(&self, after: Option<Timestamp>) -> Result<Option<Timestamp>, StoreError> {
        due_effects::next_of_all(&self.connection, after).map_err(|error| StoreError::of(READING, &error))
    }

    /// All endpoints, oldest first.
    #[expect(clippy::missing_errors_doc, reason = "said once for all")]
    pub fn endpoints(&self) -> Result<Vec<KeptEndpoint>, StoreError> {
        endpoints(&self.connection).map_err(|error| StoreError::of(READING, &error))
    }

    /// Up to where an endpoint has taken all events; `None` for one that nothing was sent to yet.
    #[expect(clippy::missing_errors_doc, reason = "said once for all")]
    pub fn cursor(&self, endpoint: &str) -> Result<Option<EndpointCursor>, StoreError> {
        let sql = "SELECT position, served_ms FROM webhook_cursors WHERE endpoint = ?1";
        let read = self.connection.prepare_cached(sql).and_then(|mut read| {
            read.query_row([endpoint], |row| Ok(EndpointCursor { position: row.get(0)?, served: moment(row.get(1)?) }))
                .optional()
        });
        read.map_err(|error| StoreError::of(READING, &error))
    }

    /// How many events an endpoint has not taken, and why.
    #[expect(clippy::missing_errors_doc, reason = "said once for all")]
    pub fn backlog(&self, endpoint: &str) -> Result<EndpointBacklog, StoreError> {
        let read = || {
            let (waiting, given_up) = self
                .connection
                .prepare_cached(
                    "SELECT count(due_ms), count(*) - count(due_ms) FROM webhook_deliveries WHERE endpoint = ?1",
                )?
                .query_row([endpoint], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let last_refusal = self
                .connection
                .prepare_cached(
                    "SELECT refused_ms, http_status, refusal FROM webhook_deliveries WHERE endpoint = ?1 \
                     ORDER BY refused_ms DESC LIMIT 1",
                )?
                .query_row([endpoint], |row| refusal(row, 0))
                .optional()?
                .flatten();
            Ok(EndpointBacklog { waiting, given_up, last_refusal })
        };
        read().map_err(|error: rusqlite::Error| StoreError::of(READING, &error))
    }

    /// How events of the account itself in the common world are on their way, in the order of their ids as given: to each
    /// endpoint that they are for. Nothing of an event that is not there.
    #[expect(clippy::missing_errors_doc, reason = "said once for all")]
    pub fn event_deliveries(&self, ids: &[&str]) -> Result<Vec<Vec<EventDelivery>>, StoreError> {
        let read = || {
            let endpoints = EndpointStates::read(&self.connection)?;
            let deliveries = |id: &&str| {
                let key = ObjectKey { world: "", account: "", id: &self.identities.stored(id), kind: "event" };
                let place = self.numbers.place_of(id);
                let found = objects::find(&self.connection, key, place, ObjectColumns::Object, |row| {
                    Ok((row.get("position")?, rows::stored_object(ObjectKind::Event, row)?))
                })?;
                let Some((place, event)) = found else { return Ok(Vec::new()) };
                endpoints.deliveries(&self.connection, ("", None), place, &event)
            };
            ids.iter().map(deliveries).collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| StoreError::of(READING, &error))
    }

    /// The endpoints that a person named on a command line or in the settings, with the time at which each was last served.
    #[expect(clippy::missing_errors_doc, reason = "said once for all")]
    pub fn forwards(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let sql = "SELECT endpoint, served_ms FROM webhook_cursors WHERE types IS NOT NULL";
        let read = || {
            let mut read = self.connection.prepare_cached(sql)?;
            read.query_map([], |row| Ok((row.get(0)?, moment(row.get(1)?))))?.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| StoreError::of(READING, &error))
    }

    /// The place of the newest object.
    #[expect(clippy::missing_errors_doc, reason = "said once for all")]
    pub fn newest(&self) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(position), 0) FROM objects";
        let newest = self.connection.prepare_cached(sql).and_then(|mut newest| newest.query_row([], |row| row.get(0)));
        newest.map_err(|error| StoreError::of(READING, &error))
    }

    /// What is written down of single events of an endpoint, oldest first: those that are to be sent, and those behind a
    /// place that are not.
    #[expect(clippy::missing_errors_doc, reason = "said once for all")]
    pub fn deliveries(&self, endpoint: &str, behind: i64) -> Result<Vec<OpenDelivery>, StoreError> {
        self.rows("due_ms IS NOT NULL OR event > ?2", endpoint, behind)
    }

    /// What a person wishes to be sent to an endpoint once more, oldest first.
    #[expect(clippy::missing_errors_doc, reason = "said once for all")]
    pub fn wished(&self, endpoint: &str) -> Result<Vec<OpenDelivery>, StoreError> {
        self.rows("due_ms = ?2", endpoint, WISHED.as_millisecond())
    }

    fn rows(&self, condition: &str, endpoint: &str, value: i64) -> Result<Vec<OpenDelivery>, StoreError> {
        let sql = format!(
            "SELECT event, attempts, due_ms, fault FROM webhook_deliveries \
             WHERE endpoint = ?1 AND ({condition}) ORDER BY event"
        );
        let read = || {
            self.connection
                .prepare_cached(&sql)?
                .query_map((endpoint, value), |row| {
                    let due = row.get::<_, Option<i64>>(2)?.map(moment);
                    // What a newer Testcard knows to go wrong goes well here.
                    let fault = row.get::<_, Option<String>>(3)?.and_then(|fault| fault.parse().ok());
                    Ok(OpenDelivery { event: row.get(0)?, attempts: row.get(1)?, due, fault })
                })?
                .collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| StoreError::of(READING, &error))
    }

    /// The events behind a place, up to another one, oldest first. One that cannot be read is passed over with a warning.
    #[expect(clippy::missing_errors_doc, reason = "said once for all")]
    pub fn events_between(&mut self, after: i64, until: i64, most: usize) -> Result<OutboxPage, StoreError> {
        let condition = "position > ?1 AND position <= ?2 AND kind = 'event' ORDER BY position LIMIT ?3";
        let read = self.events(condition, (after, until, i64::try_from(most).unwrap_or(i64::MAX)))?;
        let (end, may_have_more) = (read.last().map(|(place, _)| *place), read.len() == most);
        Ok(OutboxPage { events: read.into_iter().filter_map(|(_, event)| event).collect(), end, may_have_more })
    }

    /// The event at a place; `None` where a reset took it away, or where it cannot be read.
    #[expect(clippy::missing_errors_doc, reason = "said once for all")]
    pub fn event_at(&mut self, position: i64) -> Result<Option<OutboxEvent>, StoreError> {
        Ok(self.events("position = ?1 AND kind = 'event'", [position])?.pop().and_then(|(_, event)| event))
    }

    /// Whether there is still a row at a place among the objects, readable or not: a reset takes events away, a call
    /// endpoints.
    #[expect(clippy::missing_errors_doc, reason = "said once for all")]
    pub fn has_object(&self, position: i64) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM objects WHERE position = ?1)";
        let has = self.connection.prepare_cached(sql).and_then(|mut has| has.query_row([position], |row| row.get(0)));
        has.map_err(|error| StoreError::of(READING, &error))
    }

    /// With the place of each; without the event where it cannot be read.
    fn events(&mut self, condition: &str, values: impl Params) -> Result<Vec<(i64, Option<OutboxEvent>)>, StoreError> {
        let read = || {
            // One state of the database: an event points to an object, or has it.
            let reading = self.connection.transaction()?;
            let columns = "position, world, account, id, parent, created, body, state, packed, points_to";
            let mut events = reading
                .prepare_cached(&format!("SELECT {columns} FROM objects WHERE {condition}"))?
                .query_map(values, |row| Ok((row.get(0)?, row.get(9)?, unless_damaged(row, event(row)))))?
                .collect::<rusqlite::Result<Vec<(i64, Option<i64>, Option<OutboxEvent>)>>>()?;
            for (_, points_to, event) in &mut events {
                let Some(event) = event else { continue };
                if let Some((kind, id)) = event.event.parent.as_deref().and_then(|parent| parent.split_once(' ')) {
                    let account = event.account.as_deref().unwrap_or_default();
                    let key = ObjectKey { world: &event.world, account, id: &self.identities.stored(id), kind };
                    let object = objects::find(&reading, key, *points_to, ObjectColumns::Body, |row| {
                        Ok(rows::shown_object(row, 0, 1).map_err(|error| (row.get::<_, i64>(2), error)))
                    })?;
                    event.object = match object {
                        Some(Ok(object)) => object,
                        Some(Err((place, error))) => {
                            tracing::warn!(place = place?, "the object of an event cannot be read: {error}");
                            Value::Null
                        }
                        None => Value::Null,
                    };
                }
            }
            Ok(events.into_iter().map(|(place, _, event)| (place, event)).collect())
        };
        read().map_err(|error: rusqlite::Error| StoreError::of(READING, &error))
    }
}

/// A moment of the machine's clock as it is written down.
fn moment(unix_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::MIN)
}

/// What was read of a row whose first column is its place; `None`, with a warning, where it is damaged.
fn unless_damaged<T>(row: &Row<'_>, read: rusqlite::Result<T>) -> Option<T> {
    let place = row.get::<_, i64>(0).unwrap_or_default();
    read.inspect_err(|error| tracing::warn!(place, "an object of the webhooks is damaged, and passed over: {error}"))
        .ok()
}

fn event(row: &Row<'_>) -> rusqlite::Result<OutboxEvent> {
    let state = rows::shown_object(row, 7, 8)?;
    let event = StoredObject {
        kind: ObjectKind::Event,
        id: row.get(3)?,
        parent: row.get(4)?,
        created: row.get(5)?,
        body: rows::json_value(row, 6)?,
        state: Value::Null,
    };
    Ok(OutboxEvent { position: row.get(0)?, world: row.get(1)?, account: row.get(2)?, event, object: state })
}

fn endpoints(connection: &Connection) -> rusqlite::Result<Vec<KeptEndpoint>> {
    connection
        .prepare_cached(
            "SELECT position, world, account, id, created, body, state, packed FROM objects INDEXED BY webhook_endpoints \
             WHERE kind = 'webhook_endpoint' ORDER BY position",
        )?
        .query_map([], |row| Ok(unless_damaged(row, kept_endpoint(row))))?
        .filter_map(rusqlite::Result::transpose)
        .collect()
}

fn kept_endpoint(row: &Row<'_>) -> rusqlite::Result<KeptEndpoint> {
    let object = StoredObject {
        kind: ObjectKind::WebhookEndpoint,
        id: row.get(3)?,
        parent: None,
        created: row.get(4)?,
        body: rows::shown_object(row, 5, 7)?,
        state: rows::json_value(row, 6)?,
    };
    Ok(KeptEndpoint { position: row.get(0)?, world: row.get(1)?, account: row.get(2)?, object })
}

fn cursor(connection: &Connection, endpoint: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT position FROM webhook_cursors WHERE endpoint = ?1")?
        .query_row([endpoint], |row| row.get(0))
        .optional()
}

/// An endpoint that an event is for.
pub(super) struct EventListener {
    pub(super) endpoint: String,
    /// Up to where it has taken all events.
    pub(super) cursor: i64,
}

/// The endpoints that the events of a type and of an account are for.
pub(super) fn listeners(
    connection: &Connection,
    world: &str,
    account: Option<&str>,
    event_type: &str,
) -> rusqlite::Result<Vec<EventListener>> {
    let mut listeners = Vec::new();
    for KeptEndpoint { world: own, account: of, position, object } in endpoints(connection)? {
        let is_of = if object.state["connect"] == true { account.is_some() } else { of.as_deref() == account };
        let is_asked = own == world && is_of && object.body["status"] == "enabled";
        if is_asked && minter::event_type_fits(&names(&object.body["enabled_events"]), event_type) {
            let cursor = cursor(connection, &object.id)?.unwrap_or(position);
            listeners.push(EventListener { endpoint: object.id, cursor });
        }
    }
    for (endpoint, types, cursor) in forwards(connection)? {
        if minter::event_type_fits(&names(&types), event_type) {
            listeners.push(EventListener { endpoint, cursor });
        }
    }
    Ok(listeners)
}

/// How many endpoints have not taken an event yet, as far as it is written down.
pub(super) fn pending(
    connection: &Connection,
    world: &str,
    account: Option<&str>,
    event: &StoredObject,
    place: i64,
) -> rusqlite::Result<usize> {
    let listeners = listeners(connection, world, account, event.event_type())?;
    if listeners.is_empty() {
        return Ok(0);
    }
    let open: Vec<String> = connection
        .prepare_cached("SELECT endpoint FROM webhook_deliveries WHERE event = ?1")?
        .query_map([place], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let is_pending = |listener: &&EventListener| place > listener.cursor || open.contains(&listener.endpoint);
    Ok(listeners.iter().filter(is_pending).count())
}

/// All endpoints with how far each is, to tell how events are on their way: read once for many events.
pub(super) struct EndpointStates {
    /// With the cursor of each.
    kept: Vec<(KeptEndpoint, i64)>,
    /// Those that were named when a server was started: the id, the types and the cursor.
    forwards: Vec<(String, Vec<String>, i64)>,
}

impl EndpointStates {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut kept = Vec::new();
        for endpoint in endpoints(connection)? {
            let cursor = cursor(connection, &endpoint.object.id)?.unwrap_or(endpoint.position);
            kept.push((endpoint, cursor));
        }
        let forwards = forwards(connection)?;
        let forwards = forwards.into_iter().map(|(id, types, cursor)| (id, names(&types), cursor)).collect();
        Ok(Self { kept, forwards })
    }

    /// How an event at a place is on its way to each endpoint that it is for.
    pub(super) fn deliveries(
        &self,
        connection: &Connection,
        (world, account): (&str, Option<&str>),
        place: i64,
        event: &StoredObject,
    ) -> rusqlite::Result<Vec<EventDelivery>> {
        let mut deliveries = Vec::new();
        for (KeptEndpoint { world: own, account: of, position, object }, cursor) in &self.kept {
            let is_of = if object.state["connect"] == true { account.is_some() } else { of.as_deref() == account };
            let is_asked = own == world && is_of && object.body["status"] == "enabled";
            let is_for = is_asked && minter::event_fits(&names(&object.body["enabled_events"]), event);
            let (state, refusal) = match delivery(connection, &object.id, place)? {
                Some(written) => written,
                None if !is_for || place <= *position => continue,
                None if place > *cursor => (DeliveryState::Queued, None),
                None => (DeliveryState::Taken, None),
            };
            let url = object.body["url"].as_str().map(str::to_owned);
            deliveries.push(EventDelivery { url, state, refusal });
        }
        for (id, types, cursor) in &self.forwards {
            let (state, refusal) = match delivery(connection, id, place)? {
                Some(written) => written,
                None if !minter::event_fits(types, event) => continue,
                None if place > *cursor => (DeliveryState::Queued, None),
                None => (DeliveryState::Passed, None),
            };
            deliveries.push(EventDelivery { url: None, state, refusal });
        }
        Ok(deliveries)
    }
}

/// What is written down of an event on its way to an endpoint, and why it was not taken.
fn delivery(
    connection: &Connection,
    endpoint: &str,
    event: i64,
) -> rusqlite::Result<Option<(DeliveryState, Option<DeliveryRefusal>)>> {
    let written = connection
        .prepare_cached(
            "SELECT attempts, due_ms, refused_ms, http_status, refusal FROM webhook_deliveries \
             WHERE endpoint = ?1 AND event = ?2",
        )?
        .query_row((endpoint, event), |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, Option<i64>>(1)?.map(moment), refusal(row, 2)?))
        })
        .optional()?;
    Ok(written.map(|(attempts, due, refusal)| {
        let state = match due {
            Some(due) if due == WISHED => DeliveryState::Queued,
            Some(until) => DeliveryState::Waits { attempts, until },
            None => DeliveryState::GivenUp { attempts },
        };
        (state, refusal)
    }))
}

/// Why an event was not taken, read of three columns.
fn refusal(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<DeliveryRefusal>> {
    let Some(when) = row.get::<_, Option<i64>>(first)?.map(moment) else { return Ok(None) };
    let words = row.get::<_, Option<String>>(first + 2)?.unwrap_or_default();
    Ok(Some(DeliveryRefusal { when, http_status: row.get(first + 1)?, words }))
}

/// The endpoints that were named when a server was started: the id, the types and the cursor of each.
fn forwards(connection: &Connection) -> rusqlite::Result<Vec<(String, Value, i64)>> {
    connection
        .prepare_cached("SELECT endpoint, types, position FROM webhook_cursors WHERE types IS NOT NULL")?
        .query_map([], |row| Ok((row.get(0)?, rows::json_value(row, 1)?, row.get(2)?)))?
        .collect()
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The most old events that go at once, so that no opening takes long.
const MOST_DROPPED: i64 = 20_000;

/// Drops the oldest events of the account itself in the common world that nobody can ask for any more. The events of other
/// accounts stay until a reset: they are few, and no index leads to the oldest of them all.
pub(super) fn drop_old_events(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    const OLDEST: &str = "SELECT position FROM objects INDEXED BY objects_listed WHERE world = '' \
                          AND coalesce(account, '') = '' AND kind = 'event' AND kind <> 'token' ORDER BY position";
    let ahead = "SELECT clock_ms FROM worlds WHERE name = ''";
    let ahead: i64 = connection.query_row(ahead, [], |row| row.get(0))?;
    let oldest = (now.as_millisecond().saturating_add(ahead)) / 1000 - minter::EVENTS_SHOWN_SECS;
    // Nearly always the first one is young enough, and nothing else is looked at.
    let first = format!("SELECT created < ?1 FROM objects WHERE position = ({OLDEST} LIMIT 1)");
    let is_old = connection.query_row(&first, [oldest], |row| row.get::<_, bool>(0)).optional()?;
    if is_old == Some(true) {
        let dropped = format!("DELETE FROM objects WHERE position IN ({OLDEST} LIMIT {MOST_DROPPED}) AND created < ?1");
        given_numbers::keep_last_place(connection)?;
        let count = connection.execute(&dropped, [oldest])?;
        tracing::debug!(count, "old events are gone");
        forget_deliveries(connection)?;
    }
    Ok(())
}

fn forget_deliveries(connection: &Connection) -> rusqlite::Result<()> {
    let lost = "DELETE FROM webhook_deliveries WHERE NOT EXISTS \
                (SELECT 1 FROM objects WHERE objects.position = webhook_deliveries.event)";
    connection.execute(lost, []).map(drop)
}

/// Drops what is written down of events and endpoints that are there no more.
pub(super) fn forget_lost_events(connection: &Connection) -> rusqlite::Result<()> {
    forget_deliveries(connection)?;
    let gone = "DELETE FROM webhook_cursors WHERE types IS NULL AND endpoint NOT IN \
                (SELECT id FROM objects INDEXED BY webhook_endpoints WHERE kind = 'webhook_endpoint')";
    connection.execute(gone, []).map(drop)
}

/// The query for an event by its id alone, and by the place that the id tells.
macro_rules! event_by_id {
    ($how:literal) => {
        concat!(
            "SELECT position, world, account, id, parent, created, body, state, packed FROM objects \
             WHERE id = ?1 AND kind = 'event' AND ",
            $how
        )
    };
}
const EVENT_AT_PLACE: &str = event_by_id!("position = ?2 AND numbered = 1");
const EVENT_BY_ID: &str = event_by_id!("numbered IS NULL");

impl WriteContext {
    /// Writes down what came of sending.
    pub(super) fn note_deliveries(&mut self, notes: &DeliveryNotes) -> Result<(), JobError> {
        let DeliveryNotes { gone, cursors, events } = notes;
        let connection = &self.connection;
        for endpoint in gone {
            connection.prepare_cached("DELETE FROM webhook_deliveries WHERE endpoint = ?1")?.execute([endpoint])?;
            connection.prepare_cached("DELETE FROM webhook_cursors WHERE endpoint = ?1")?.execute([endpoint])?;
        }
        for CursorNote { endpoint, cursor: EndpointCursor { position, served }, types } in cursors {
            connection
                .prepare_cached(
                    "INSERT INTO webhook_cursors (endpoint, position, types, served_ms) VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT (endpoint) DO UPDATE SET position = ?2, types = ?3, served_ms = ?4",
                )?
                .execute((endpoint, position, types, served.as_millisecond()))?;
        }
        for ((endpoint, event), note) in events {
            match note {
                DeliveryNote::Taken => connection
                    .prepare_cached(
                        "DELETE FROM webhook_deliveries WHERE endpoint = ?1 AND event = ?2 AND due_ms IS NOT ?3",
                    )?
                    .execute((endpoint, event, WISHED.as_millisecond()))
                    .map(drop)?,
                DeliveryNote::Open(note) => open_delivery(connection, endpoint, *event, note)?,
                DeliveryNote::InHand { due } => connection
                    .prepare_cached(
                        "UPDATE webhook_deliveries SET attempts = 0, due_ms = ?3 WHERE endpoint = ?1 AND event = ?2",
                    )?
                    .execute((endpoint, event, due.as_millisecond()))
                    .map(drop)?,
            }
        }
        Ok(())
    }

    /// Lets an event be sent once more, at once, to all endpoints that it is for; gives how many these are.
    pub(super) fn send_event_again(&mut self, id: &str) -> Result<usize, JobError> {
        // In whatever world it is: nobody says it. Of an id that tells no place, such as a seeded one, all objects are read.
        let by_place = match self.places.of(id) {
            Some(place) => self.connection.prepare_cached(EVENT_AT_PLACE)?.query_row((id, place), event).optional()?,
            None => None,
        };
        let found = match by_place {
            Some(found) => Some(found),
            None => self.connection.prepare_cached(EVENT_BY_ID)?.query_row([id], event).optional()?,
        };
        let OutboxEvent { position, world, account, event, .. } = found.ok_or(StoreError::NoSuchEvent)?;
        let listeners = listeners(&self.connection, &world, account.as_deref(), event.event_type())?;
        for listener in &listeners {
            // What is to go wrong with an event that is still to be sent stays as it is.
            self.connection
                .prepare_cached(
                    "INSERT INTO webhook_deliveries (endpoint, event, attempts, due_ms) VALUES (?1, ?2, 0, ?3) \
                     ON CONFLICT (endpoint, event) DO UPDATE SET attempts = 0, due_ms = ?3",
                )?
                .execute((&listener.endpoint, position, WISHED.as_millisecond()))?;
        }
        self.has_news.set(true);
        Ok(listeners.len())
    }
}

/// Writes a row for an event, unless it has one by which a person wishes it to be sent once more.
fn open_delivery(connection: &Connection, endpoint: &str, event: i64, note: &OpenNote) -> rusqlite::Result<()> {
    let OpenNote { attempts, due, fault, refusal } = note;
    let refused = refusal.as_ref().map(|refusal| refusal.when.as_millisecond());
    connection
        .prepare_cached(
            "INSERT INTO webhook_deliveries \
             (endpoint, event, attempts, due_ms, fault, refused_ms, http_status, refusal) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
             ON CONFLICT (endpoint, event) DO UPDATE SET attempts = ?3, due_ms = ?4, fault = ?5, \
             http_status = iif(?6 IS NULL, http_status, ?7), refusal = coalesce(?8, refusal), \
             refused_ms = coalesce(?6, refused_ms) WHERE due_ms IS NOT ?9",
        )?
        .execute((
            endpoint,
            event,
            attempts,
            due.map(Timestamp::as_millisecond),
            fault.map(|fault| fault.to_string()),
            refused,
            refusal.as_ref().and_then(|refusal| refusal.http_status),
            refusal.as_ref().map(|refusal| &refusal.words),
            WISHED.as_millisecond(),
        ))
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn an_event_that_is_sent_again_is_found_at_the_place_that_its_id_tells() {
        let connection = schema::in_memory_for_tests();
        let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {EVENT_AT_PLACE}")).unwrap();
        let plan: String = explained.query_row(["evt_1", "1"], |row| row.get(3)).unwrap();
        assert_eq!(plan, "SEARCH objects USING INTEGER PRIMARY KEY (rowid=?)");
    }
}
