//! What became of a token, read from the calls, the minter's objects and its events.
//!
//! No index leads from an object to the calls about it, so those that followed are gone through, from the first one that
//! used the token up, as far as a bound: what they name is found in their text before they are read. Objects and refunds
//! are found by their indexes, events in their order.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Row};
use serde_json::Value;

use super::{
    HistoryReader,
    tolerant::{ReadResult, TolerantConnection},
};
use crate::{
    domain::{
        call::api::{HttpMethod, Target},
        history::{
            entry::{EntryId, HistoryEntry},
            request_log::ExchangeId,
            token_life::{KeptEvent, LifeBuilder, LifeObject, TokenLife},
        },
    },
    minter::{ObjectKind, StoredObject},
    store::{
        error::is_damage,
        exchanges,
        numbered_ids::IdNumbers,
        objects::{self, ObjectColumns, ObjectKey},
        outbox::EndpointStates,
        packed,
        rows::{self, StoredExchange},
        worlds,
    },
};

/// The objects of a world and an account with the ids of a JSON list: those whose ids tell their places, which are another
/// list, and the others. Without events.
macro_rules! objects {
    () => {
        "(SELECT position, body, packed FROM objects WHERE world = ?1 AND coalesce(account, '') = ?2 \
         AND id IN (SELECT value FROM json_each(?3)) AND kind <> 'event' AND numbered IS NULL \
         UNION ALL SELECT position, body, packed FROM objects WHERE position IN (SELECT value FROM json_each(?4)) \
         AND numbered = 1 AND world = ?1 AND coalesce(account, '') = ?2 \
         AND id IN (SELECT value FROM json_each(?3)) AND kind <> 'event')"
    };
}

/// How many calls after the one that used a token are looked through, and how many events.
const MOST_CALLS: i64 = 10_000;
const MOST_EVENTS: i64 = 10_000;
/// How many calls that name the token itself are read.
const MOST_OWN_CALLS: usize = 2000;
/// The columns of a call before those that are added here.
const OWN_COLUMNS: usize = 18;

impl HistoryReader {
    /// What became of the token of an entry; `None` where there is no such entry.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn life(&self, id: EntryId) -> ReadResult<Option<TokenLife>> {
        self.history.at_once(|| {
            let Some(entry) = self.history.rows(&[id])?.pop() else { return Ok(None) };
            match self.history.life(&entry, self.numbers.as_ref()) {
                // Of a life with a damaged page the token alone is told, and that there is more.
                Err(error) if is_damage(&error) => {
                    self.history.damage.borrow_mut().parts.insert(id.0);
                    let mut life = LifeBuilder::new(&entry, None, &super::details::lost_request(), None);
                    life.is_cut();
                    Ok(Some(life.finish()))
                }
                life => life.map(Some).map_err(|error| self.history.store_error(&error)),
            }
        })
    }
}

/// Whose objects they are.
struct LedgerPlace<'a> {
    world: String,
    /// Empty for the account itself.
    account: String,
    /// Tells where objects are; `None` where the folder's secret cannot be read.
    numbers: Option<&'a IdNumbers>,
}

impl LedgerPlace<'_> {
    /// The place among the objects that an id tells.
    fn told_by(&self, id: &str) -> Option<i64> {
        self.numbers?.place_of(id)
    }

    /// The places that these ids tell, a JSON list.
    fn told_by_all(&self, ids: &[&str]) -> String {
        let told: Vec<i64> = ids.iter().filter_map(|id| self.told_by(id)).collect();
        serde_json::to_string(&told).expect("numbers are JSON")
    }
}

impl TolerantConnection {
    fn life(&self, entry: &HistoryEntry, numbers: Option<&IdNumbers>) -> rusqlite::Result<TokenLife> {
        let own = self.own_calls(entry.id)?;
        let creation = own.iter().find(|call| call.exchange.is_creation);
        let place = match creation {
            Some(call) => LedgerPlace { world: call.world.clone(), account: call.account.clone(), numbers },
            None => LedgerPlace { world: worlds::COMMON.to_owned(), account: String::new(), numbers },
        };
        let lost = super::details::lost_request();
        let (made_by, request, answer) = match creation {
            Some(call) => {
                let answer = call.exchange.outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
                (Some(call.id), &call.exchange.request, answer)
            }
            None => (None, &lost, None),
        };
        let mut life = LifeBuilder::new(entry, made_by, request, answer);
        if place.world != worlds::COMMON {
            life.is_elsewhere();
        }
        if own.len() == MOST_OWN_CALLS {
            life.is_cut();
        }
        self.follow_calls(entry.target, &place, own, &mut life)?;
        if entry.target == Target::Local {
            self.follow_objects(&place, &mut life)?;
            self.follow_events(&place, &mut life)?;
        }
        Ok(life.finish())
    }

    /// The calls that name the token, the one that made it among them.
    fn own_calls(&self, entry: EntryId) -> rusqlite::Result<Vec<FollowedCall>> {
        let sql = format!(
            "SELECT {}, id, world, account FROM exchanges WHERE {} ORDER BY id LIMIT {MOST_OWN_CALLS}",
            rows::EXCHANGE,
            exchanges::of_entries("?1")
        );
        self.all(&sql, [entry.0], FollowedCall::read)
    }

    /// Takes the calls that name the token, and of those that came after it was used the ones that name what came of it.
    fn follow_calls(
        &self,
        target: Target,
        place: &LedgerPlace<'_>,
        own: Vec<FollowedCall>,
        life: &mut LifeBuilder,
    ) -> rusqlite::Result<()> {
        let later = own.into_iter().filter(|call| !call.exchange.is_creation);
        let mut own: BTreeMap<i64, FollowedCall> = later.map(|call| (call.id.0, call)).collect();
        let first_use = own.values().find(|call| call.exchange.request.method != HttpMethod::Get).map(|call| call.id.0);
        let take = |life: &mut LifeBuilder, call: FollowedCall| {
            if let Some(exchange) = call.exchange.finished() {
                life.take_call(call.id, &exchange);
            }
        };
        let Some(first_use) = first_use else {
            for call in own.into_values() {
                take(life, call);
            }
            return Ok(());
        };
        let behind = own.split_off(&first_use);
        for call in own.into_values() {
            take(life, call);
        }
        let end = first_use.saturating_add(MOST_CALLS);
        let mut behind = behind.into_iter().peekable();
        let sql = format!(
            "SELECT {}, id, world, account FROM exchanges NOT INDEXED WHERE id >= ?1 AND id < ?2 ORDER BY id",
            rows::EXCHANGE
        );
        let mut query = self.connection.prepare_cached(&sql)?;
        let mut calls = query.query((first_use, end))?;
        while let Some(row) = calls.next()? {
            let id: i64 = row.get(OWN_COLUMNS)?;
            while let Some((_, call)) = behind.next_if(|(own, _)| *own < id) {
                take(life, call);
            }
            if let Some((_, call)) = behind.next_if(|(own, _)| *own == id) {
                take(life, call);
                continue;
            }
            let is_elsewhere = row.get_ref(2)?.as_str()? != target.as_str()
                || row.get_ref(OWN_COLUMNS + 1)?.as_str()? != place.world
                || row.get_ref(OWN_COLUMNS + 2)?.as_str_or_null()?.unwrap_or_default() != place.account;
            let is_own = row.get::<_, Option<i64>>(0)?.is_some() && row.get::<_, bool>(1)?;
            if is_own || is_elsewhere || !names_any(row, life)? {
                continue;
            }
            // What one call cannot tell, the others do.
            if let Ok(call) = FollowedCall::read(row)
                && let Some(exchange) = call.exchange.finished()
            {
                life.take_call(ExchangeId(id), &exchange);
            }
        }
        for (_, call) in behind {
            take(life, call);
        }
        let has_more = "SELECT 1 FROM exchanges WHERE id >= ?1 LIMIT 1";
        if self.connection.prepare_cached(has_more)?.query_row([end], |_| Ok(())).optional()?.is_some() {
            life.is_cut();
        }
        Ok(())
    }

    /// Takes the objects as they are now, and the refunds and disputes that no call here asked for.
    fn follow_objects(&self, place: &LedgerPlace<'_>, life: &mut LifeBuilder) -> rusqlite::Result<()> {
        // An object may name another one that no call named: an intent its charge, a charge its refunds.
        for _ in 0..3 {
            let wanted = life.unsettled();
            let values = (&place.world, &place.account, json_list(&wanted), place.told_by_all(&wanted));
            let mut found =
                self.all(concat!("SELECT body, packed FROM ", objects!()), values, |row| Ok(object_body(row)))?;
            let charges = json_list(&life.ids_of(LifeObject::Charge));
            let by_charge = "SELECT body, packed FROM objects INDEXED BY objects_by_parent \
                             WHERE parent IN (SELECT value FROM json_each(?3)) AND kind IN ('refund', 'dispute') \
                             AND points_to IS NULL AND world = ?1 AND coalesce(account, '') = ?2 ORDER BY position";
            found.extend(self.all(by_charge, (&place.world, &place.account, charges), |row| Ok(object_body(row)))?);
            let found: Vec<Value> = found.into_iter().flatten().collect();
            for object in &found {
                life.take_object(object);
            }
            if found.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Takes the events of the objects.
    fn follow_events(&self, place: &LedgerPlace<'_>, life: &mut LifeBuilder) -> rusqlite::Result<()> {
        let mut ids: Vec<&str> = Vec::new();
        for object in LifeObject::ALL.into_iter().filter(|object| *object != LifeObject::Token) {
            ids.extend(life.ids_of(object));
        }
        let first: Option<i64> = self
            .connection
            .prepare_cached(concat!("SELECT min(position) FROM ", objects!()))?
            .query_row((&place.world, &place.account, json_list(&ids), place.told_by_all(&ids)), |row| row.get(0))?;
        let Some(first) = first else { return Ok(()) };
        let endpoints = EndpointStates::read(&self.connection)?;
        let mut query = self.connection.prepare_cached(EVENTS)?;
        let mut events = query.query((&place.world, &place.account, first, MOST_EVENTS))?;
        let mut count = 0;
        while let Some(row) = events.next()? {
            count += 1;
            let pointer = row.get_ref(2)?.as_str_or_null()?.and_then(|parent| parent.split_once(' '));
            let is_named = match pointer {
                // Of an object that only its event may name, such as a refund of a charge, the object itself was read.
                Some((_, id)) => life.knows(id),
                None => match row.get_ref(6)?.as_blob_or_null()? {
                    Some(piece) => packed::unpacked(piece).is_some_and(|object| life.is_named_in(&object)),
                    None => life.is_named_in(row.get_ref(5)?.as_bytes_or_null()?.unwrap_or_default()),
                },
            };
            if is_named && let Some((position, event, object)) = self.kept_event(place, row)? {
                let account = Some(place.account.as_str()).filter(|account| !account.is_empty());
                let deliveries = endpoints.deliveries(&self.connection, (&place.world, account), position, &event)?;
                let text = |name: &str| event.body[name].as_str().map(str::to_owned);
                life.take_event(KeptEvent {
                    event_type: text("type").unwrap_or_default(),
                    request: text("request"),
                    created: jiff::Timestamp::from_second(event.created).ok(),
                    id: event.id,
                    object,
                    deliveries,
                });
            }
        }
        if count == MOST_EVENTS {
            life.is_cut();
        }
        Ok(())
    }

    /// An event with its object; `None` where it cannot be read.
    fn kept_event(
        &self,
        place: &LedgerPlace<'_>,
        row: &Row<'_>,
    ) -> rusqlite::Result<Option<(i64, StoredObject, Value)>> {
        let (Ok(body), Ok(state)) = (rows::json_value(row, 4), rows::shown_object(row, 5, 6)) else { return Ok(None) };
        let parent: Option<String> = row.get(2)?;
        let object = match parent.as_deref().and_then(|parent| parent.split_once(' ')) {
            Some((kind, id)) => {
                let key = ObjectKey { world: &place.world, account: &place.account, id, kind };
                objects::find(&self.connection, key, place.told_by(id), ObjectColumns::Body, |row| {
                    Ok(object_body(row))
                })?
                .flatten()
                .unwrap_or_default()
            }
            None => state,
        };
        let (kind, id, created) = (ObjectKind::Event, row.get(1)?, row.get(3)?);
        let event = StoredObject { kind, id, parent, created, body, state: Value::Null };
        Ok(Some((row.get(0)?, event, object)))
    }
}

const EVENTS: &str = "SELECT position, id, parent, created, body, state, packed FROM objects INDEXED BY objects_listed \
     WHERE world = ?1 AND coalesce(account, '') = ?2 AND kind = 'event' AND kind <> 'token' AND position > ?3 \
     ORDER BY position LIMIT ?4";

/// A call with its number, and whose it is.
struct FollowedCall {
    id: ExchangeId,
    exchange: StoredExchange,
    world: String,
    /// Empty for the account itself.
    account: String,
}

impl FollowedCall {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: ExchangeId(row.get(OWN_COLUMNS)?),
            exchange: rows::exchange(row)?,
            world: row.get(OWN_COLUMNS + 1)?,
            account: row.get::<_, Option<String>>(OWN_COLUMNS + 2)?.unwrap_or_default(),
        })
    }
}

/// Whether a call names something that is followed, in its path, its parameters or its answer.
fn names_any(row: &Row<'_>, life: &LifeBuilder) -> rusqlite::Result<bool> {
    // The path, and what is kept beside the packed piece of calls that are not packed.
    for column in [6, 7, 11] {
        if life.is_named_in(row.get_ref(column)?.as_bytes_or_null()?.unwrap_or_default()) {
            return Ok(true);
        }
    }
    let packed = row.get_ref(17)?.as_blob_or_null()?.and_then(packed::unpacked);
    Ok(packed.is_some_and(|text| life.is_named_in(&text)))
}

/// The body of an object, of a row that begins with its two columns; `None` where it cannot be read.
fn object_body(row: &Row<'_>) -> Option<Value> {
    rows::shown_object(row, 0, 1).ok()
}

fn json_list(ids: &[&str]) -> String {
    serde_json::to_string(ids).expect("texts are JSON")
}
