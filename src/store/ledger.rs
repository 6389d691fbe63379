//! The minter's objects in the database, inside the transaction that also keeps the exchange.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row};
use serde_json::Value;

use super::{
    call::MaskedCall,
    due_effects,
    error::{JobError, StoreError},
    exchanges::{self, KeptToken, LedgerUse},
    given_numbers,
    key_index::{KeyHash, KeyRecord},
    objects::{JsonColumns, ObjectRow},
    rows,
    world_objects::{ObjectPlace, WorldObjects},
    write_context::WriteContext,
};
use crate::{
    domain::{
        call::api::ApiResponse,
        clock,
        history::{entry::EntryId, request_log::ExchangeId},
    },
    minter::{
        LaterEffect, Ledger, LedgerChange, LedgerError, NewToken, ObjectKind, PageQuery, RememberedAnswer,
        StoredObject,
        ids::ObjectNumbers,
        ledger::{AnswerKey, IdempotencyRecord, RequestFingerprint},
    },
};

/// Copies an object into the events that point to it, which point to it no more. See `minter::happened`. It is at this
/// place, of which its id tells.
const KEEP_FOR_EVENTS: &str = "UPDATE objects SET parent = NULL, points_to = NULL, \
     state = coalesce((SELECT body FROM objects WHERE position = ?1), state), \
     packed = coalesce((SELECT packed FROM objects WHERE position = ?1), packed) WHERE points_to = ?1";
/// The same of an object whose id does not tell its place: the second value is what its events have for their parent.
const KEEP_FOR_EVENTS_BY_ID: &str = "UPDATE objects SET parent = NULL, \
     state = coalesce((SELECT body FROM objects WHERE position = ?1), state), \
     packed = coalesce((SELECT packed FROM objects WHERE position = ?1), packed) \
     WHERE parent = ?2 AND kind = 'event' AND world = ?3 AND coalesce(account, '') = ?4 AND points_to IS NULL";

/// The objects and keys of one world, for one call.
///
/// A token whose id tells its call, and which is told by the answer, has no row of its own: the exchange is the token.
/// Every other object has a row in `objects`, which is written when the call is answered, for most new objects change once
/// more until then.
pub(super) struct SqlLedger<'a> {
    context: &'a WriteContext,
    connection: &'a Connection,
    objects: WorldObjects<'a>,
    /// The call that the ledger is used for; `None` for what happens by itself.
    call: Option<&'a MaskedCall>,
    /// The number that the call will have.
    number: ExchangeId,
    /// The token that is kept with the call.
    token: Option<KeptToken>,
    /// The last token that was read from a call: its id and that call.
    read_token: Option<(String, ExchangeId)>,
    /// The last place that was given to an object before the call: an id that tells a later one was made for the call.
    last_place_before: i64,
    /// The new objects of the call that have no row yet.
    new_objects: Vec<ObjectRow>,
    /// Where the objects are that the call read.
    places_read: Vec<PlaceRead>,
    /// The hash of the call's idempotency key.
    key: Option<KeyHash>,
    /// What is to be remembered of the call.
    remembered: Option<KeyRecord>,
    /// The entry of the call whose answer was given again.
    recalled: Option<EntryId>,
    /// The first change that failed: then nothing of the request is kept, whatever the minter answers.
    broken: Option<LedgerError>,
    /// Whether more is due than one transaction takes.
    is_put_off: bool,
}

impl<'a> SqlLedger<'a> {
    pub(super) fn new(context: &'a WriteContext, call: &'a MaskedCall, number: ExchangeId) -> Self {
        Self { call: Some(call), number, ..Self::of_world(context, &call.world) }
    }

    /// The objects of a world, for what happens there without a call.
    pub(super) fn of_world(context: &'a WriteContext, world: &'a str) -> Self {
        let connection = &context.connection;
        let void = context.worlds.void_of(world);
        let objects =
            WorldObjects { connection, world, identities: &context.identities, numbers: &context.numbers, void };
        Self {
            context,
            connection,
            objects,
            call: None,
            number: ExchangeId(0),
            token: None,
            read_token: None,
            last_place_before: context.places.last(),
            new_objects: Vec::new(),
            places_read: Vec::new(),
            key: None,
            remembered: None,
            recalled: None,
            broken: None,
            is_put_off: false,
        }
    }

    /// # Errors
    /// When a change of the ledger failed, and when more is due than one transaction takes: then no call was answered yet.
    pub(super) fn finish(mut self) -> Result<LedgerUse, JobError> {
        // What fails is kept as what broke the call.
        let _ = self.write_new_objects();
        let Self { token, remembered, recalled, broken, is_put_off, .. } = self;
        match broken {
            Some(_) if is_put_off => Err(JobError::PutOff),
            Some(error) => Err(error.into()),
            None => Ok(LedgerUse { token, remembered, recalled }),
        }
    }

    fn world(&self) -> &'a str {
        self.objects.world
    }

    /// The token of an account that is kept with the call which its id tells.
    fn kept_token(&mut self, account: Option<&str>, id: &str) -> Result<Option<StoredObject>, LedgerError> {
        let found = self.objects.kept_token(account, id).map_err(|error| ledger_error(&error))?;
        Ok(found.map(|(token, call)| {
            self.read_token = Some((id.to_owned(), call));
            token
        }))
    }

    /// Writes what a token that is kept with its call is from now on, `None` for nothing; `false` where there is none.
    fn set_kept_token(&mut self, account: Option<&str>, id: &str, used: Option<bool>) -> Result<bool, LedgerError> {
        let is_read = self.read_token.as_ref().is_some_and(|(read, _)| read == id);
        if !is_read && self.kept_token(account, id)?.is_none() {
            return Ok(false);
        }
        let Some((_, number)) = self.read_token.clone() else { return Ok(false) };
        self.change(|connection| {
            connection
                .prepare_cached("UPDATE exchanges SET token = ?2 WHERE id = ?1")?
                .execute((number.0, used))
                .map(|changed| changed == 1)
        })
    }

    fn add_object(&mut self, account: Option<&str>, object: &StoredObject) -> Result<(), LedgerError> {
        let told = if object.kind.is_numbered() { self.context.places.of(&object.id) } else { None };
        let told = told.filter(|place| *place > self.last_place_before);
        let place = told.unwrap_or_else(|| self.context.places.take());
        let row = ObjectRow {
            place,
            kind: object.kind.as_str(),
            id: self.objects.stored(&object.id),
            account: account.map(str::to_owned),
            parent: object.parent.clone(),
            created: object.created,
            body: self.json(&object.body),
            state: self.json(&object.state),
            is_numbered: told.is_some(),
            points_to: self.object_of_event(account, object)?,
        };
        self.note_news(object.kind);
        self.new_objects.push(row);
        Ok(())
    }

    /// The place of the object that an event points to, where that object's id tells it.
    fn object_of_event(&mut self, account: Option<&str>, event: &StoredObject) -> Result<Option<i64>, LedgerError> {
        let pointer = event.parent.as_deref().filter(|_| event.kind == ObjectKind::Event);
        let Some((kind, id)) = pointer.and_then(|pointer| pointer.split_once(' ')) else { return Ok(None) };
        let Some(kind) = ObjectKind::parse(kind) else { return Ok(None) };
        let found = self.place_of(account, kind, id)?;
        Ok(found.filter(|found| found.is_numbered).map(|found| found.place))
    }

    /// Writes the rows of the new objects.
    fn write_new_objects(&mut self) -> Result<(), LedgerError> {
        for row in std::mem::take(&mut self.new_objects) {
            match row.insert(self.connection, self.world()) {
                Ok(()) => {}
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    return Err(self.broke(LedgerError(format!("{} exists already", row.id))));
                }
                Err(error) => return Err(self.broke(ledger_error(&error))),
            }
        }
        Ok(())
    }

    /// The new object of this kind and id, where it has no row yet; `id` is as it is stored.
    fn new_object(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Option<&mut ObjectRow> {
        self.new_objects
            .iter_mut()
            .find(|row| row.id == id && row.kind == kind.as_str() && row.account.as_deref() == account)
    }

    /// Lets whoever sends events hear of a change that is of interest.
    fn note_news(&self, kind: ObjectKind) {
        if matches!(kind, ObjectKind::Event | ObjectKind::WebhookEndpoint) {
            self.context.has_news.set(true);
        }
    }

    /// Makes a change; when it fails, the whole request fails.
    fn change<T>(&mut self, change: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LedgerError> {
        change(self.connection).map_err(|error| self.broke(ledger_error(&error)))
    }

    /// The body or state of an object as it is kept: JSON, redacted. What happens by itself is made of what is kept.
    fn json(&self, part: &Value) -> String {
        let part = serde_json::to_string(part).expect("a value is JSON");
        match self.call {
            Some(call) => call.redaction.local_json(part),
            None => part,
        }
    }

    fn broke(&mut self, error: LedgerError) -> LedgerError {
        self.broken.get_or_insert(error).clone()
    }

    /// Does something of which nothing stays where it fails, and of which the request knows nothing then.
    ///
    /// # Errors
    /// Where the whole transaction is gone.
    fn within_savepoint<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, LedgerError>,
    ) -> Result<Result<T, LedgerError>, LedgerError> {
        self.write_new_objects()?;
        self.change(|connection| connection.execute_batch("SAVEPOINT attempt"))?;
        let broken = self.broken.take();
        let done = work(self).and_then(|done| self.write_new_objects().map(|()| done));
        let done = match std::mem::replace(&mut self.broken, broken) {
            Some(error) => Err(error),
            None => done,
        };
        if done.is_err() {
            self.new_objects.clear();
            self.places_read.clear();
        }
        let end = if done.is_ok() { "RELEASE attempt" } else { "ROLLBACK TO attempt; RELEASE attempt" };
        let ended = self.connection.execute_batch(end);
        match (done, ended) {
            (done, Ok(())) => Ok(done),
            // SQLite has ended the transaction: what failed says more than that there is none.
            (Err(error), Err(_)) => Err(self.broke(error)),
            (Ok(_), Err(error)) => Err(self.broke(ledger_error(&error))),
        }
    }

    /// Takes out the first effect that is due, in a transaction that has room for it.
    fn take_first(&mut self, until: i64) -> Result<Option<LaterEffect>, LedgerError> {
        let (world, next) = (self.world(), &self.context.next_effects);
        if !next.is_due(self.connection, world, until).map_err(|error| ledger_error(&error))? {
            return Ok(None);
        }
        self.change(|connection| due_effects::take(connection, next, world, until))
    }

    /// Where the object of this kind and id is.
    fn place_of(
        &mut self,
        account: Option<&str>,
        kind: ObjectKind,
        id: &str,
    ) -> Result<Option<ObjectPlace>, LedgerError> {
        let stored = self.objects.stored(id);
        if let Some(ObjectRow { place, is_numbered, .. }) = self.new_object(account, kind, &stored) {
            return Ok(Some(ObjectPlace { place: *place, is_numbered: *is_numbered }));
        }
        let is_it = |read: &&PlaceRead| read.id == stored && read.kind == kind && read.account.as_deref() == account;
        if let Some(read) = self.places_read.iter().find(is_it) {
            return Ok(Some(read.place));
        }
        self.objects.place_of(account, kind, id).map_err(|error| ledger_error(&error))
    }
}

impl Ledger for SqlLedger<'_> {
    fn moment(&self, machine: Timestamp) -> Timestamp {
        clock::shifted(machine, self.context.worlds.ahead_of(self.world()))
    }

    fn next_sequence(&mut self) -> Result<u64, LedgerError> {
        let world = self.world();
        self.change(|connection| {
            connection
                .prepare_cached("UPDATE worlds SET sequence = sequence + 1 WHERE name = ?1 RETURNING sequence")?
                .query_row([world], |row| row.get::<_, i64>(0))
                .map(i64::cast_unsigned)
        })
    }

    fn token_number(&mut self) -> Option<u128> {
        self.context.numbers.of_token(self.number)
    }

    fn object_numbers(&mut self) -> Option<Arc<dyn ObjectNumbers>> {
        Some(Arc::clone(&self.context.places) as Arc<dyn ObjectNumbers>)
    }

    fn insert_token(&mut self, account: Option<&str>, token: &NewToken<'_>) -> Result<(), LedgerError> {
        let is_of_call = self.context.numbers.call_of(token.id()) == Some(self.number)
            && self.call.is_some_and(|call| account == call.account.as_deref());
        if !is_of_call || self.token.is_some() {
            return self.add_object(account, &token.object());
        }
        let (brand, last4) = (token.brand().to_owned(), token.last4().to_owned());
        let (id, has_plain_ids) = (token.id().to_owned(), token.has_plain_ids());
        self.token = Some(KeptToken { id, brand, last4, has_plain_ids, state: token.state().to_string() });
        Ok(())
    }

    fn insert(&mut self, account: Option<&str>, object: &StoredObject) -> Result<(), LedgerError> {
        self.add_object(account, object)
    }

    fn get(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<Option<StoredObject>, LedgerError> {
        if kind == ObjectKind::Token
            && let Some(token) = self.kept_token(account, id)?
        {
            return Ok(Some(token));
        }
        let stored = self.objects.stored(id);
        if let Some(row) = self.new_object(account, kind, &stored) {
            let json = |text: &str| serde_json::from_str(text).map_err(|error| LedgerError(error.to_string()));
            let (parent, created) = (row.parent.clone(), row.created);
            let (body, state) = (json(&row.body)?, json(&row.state)?);
            return Ok(Some(StoredObject { kind, id: id.to_owned(), parent, created, body, state }));
        }
        let found = self.objects.object(account, kind, id).map_err(|error| ledger_error(&error))?;
        let Some((object, place)) = found else { return Ok(None) };
        self.places_read.push(PlaceRead { kind, id: stored, account: account.map(str::to_owned), place });
        Ok(Some(object))
    }

    fn update(&mut self, account: Option<&str>, object: &StoredObject) -> Result<(), LedgerError> {
        if object.kind == ObjectKind::Token {
            let is_used = object.body["used"].as_bool().unwrap_or_default();
            if self.set_kept_token(account, &object.id, Some(is_used))? {
                return Ok(());
            }
        }
        let id = self.objects.stored(&object.id);
        let (body, state) = (self.json(&object.body), self.json(&object.state));
        self.note_news(object.kind);
        if let Some(row) = self.new_object(account, object.kind, &id) {
            (row.parent, row.body, row.state) = (object.parent.clone(), body, state);
            return Ok(());
        }
        let Some(ObjectPlace { place, .. }) = self.place_of(account, object.kind, &object.id)? else {
            return Err(self.broke(LedgerError(format!("{id} does not exist"))));
        };
        let columns = JsonColumns::of(object.kind.as_str(), &body, &state);
        self.change(|connection| {
            connection
                .prepare_cached(
                    "UPDATE objects SET parent = ?2, body = ?3, state = ?4, packed = ?5 WHERE position = ?1",
                )?
                .execute((place, &object.parent, columns.body, columns.state, columns.packed))
                .map(drop)
        })
    }

    fn remove(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<(), LedgerError> {
        if kind == ObjectKind::Token && self.set_kept_token(account, id, None)? {
            return Ok(());
        }
        self.note_news(kind);
        self.write_new_objects()?;
        let Some(ObjectPlace { place, .. }) = self.place_of(account, kind, id)? else { return Ok(()) };
        self.places_read.retain(|read| read.place.place != place);
        self.change(|connection| {
            given_numbers::keep_last_place(connection)?;
            connection.prepare_cached("DELETE FROM objects WHERE position = ?1")?.execute([place]).map(drop)
        })
    }

    fn keep_for_events(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<(), LedgerError> {
        let (pointer, stored) = (StoredObject::pointer(kind, id), self.objects.stored(id));
        let body = self.new_object(account, kind, &stored).map(|row| row.body.clone());
        let mut new_events = self.new_objects.iter_mut().filter(|row| {
            row.kind == ObjectKind::Event.as_str()
                && row.parent.as_deref() == Some(&*pointer)
                && row.account.as_deref() == account
        });
        if let Some(body) = body {
            // No event with a row can be about what has none yet.
            for event in new_events {
                (event.parent, event.points_to, event.state) = (None, None, body.clone());
            }
            return Ok(());
        }
        if new_events.next().is_some() {
            self.write_new_objects()?;
        }
        let Some(ObjectPlace { place, is_numbered }) = self.place_of(account, kind, id)? else { return Ok(()) };
        let (world, account) = (self.world(), account.unwrap_or_default());
        self.change(|connection| {
            if is_numbered {
                connection.prepare_cached(KEEP_FOR_EVENTS)?.execute([place]).map(drop)
            } else {
                let mut keep = connection.prepare_cached(KEEP_FOR_EVENTS_BY_ID)?;
                keep.execute((place, pointer, world, account)).map(drop)
            }
        })
    }

    fn pending_webhooks(&mut self, account: Option<&str>, event: &StoredObject) -> Result<usize, LedgerError> {
        self.write_new_objects()?;
        let Some(found) = self.place_of(account, event.kind, &event.id)? else { return Ok(0) };
        self.objects.pending_webhooks(account, event, found).map_err(|error| ledger_error(&error))
    }

    fn schedule(&mut self, effect: &LaterEffect) -> Result<(), LedgerError> {
        self.context.has_news.set(true);
        let (world, next) = (self.world(), &self.context.next_effects);
        let place = self.context.places.take();
        self.change(|connection| due_effects::insert(connection, next, (world, place), effect))
    }

    fn take_due(&mut self, until: i64) -> Result<Option<LaterEffect>, LedgerError> {
        let (world, next) = (self.world(), &self.context.next_effects);
        // The usual answer costs no savepoint.
        if matches!(next.is_due(self.connection, world, until), Ok(false)) {
            return Ok(None);
        }
        if next.is_full() {
            self.is_put_off = true;
            return Err(self.broke(LedgerError("more is due than is carried out at once".to_owned())));
        }
        let taken = self.within_savepoint(|ledger| ledger.take_first(until))?;
        Ok(taken.unwrap_or_else(|error| {
            tracing::warn!(world, "what is due in a world cannot be read, and does not happen: {error}");
            self.context.next_effects.unreadable(world);
            None
        }))
    }

    fn attempt(&mut self, change: &mut LedgerChange<'_>) -> Result<Option<LedgerError>, LedgerError> {
        let made = self.within_savepoint(|ledger| {
            // A row that is damaged may have a shape that no handler expects.
            catch_unwind(AssertUnwindSafe(|| change(ledger)))
                .unwrap_or_else(|_| Err(LedgerError("the program failed while it did".to_owned())))
        })?;
        if made.is_err() {
            // What was noted of it is not so.
            self.context.next_effects.forget();
        }
        Ok(made.err())
    }

    fn page(&mut self, account: Option<&str>, query: &PageQuery<'_>) -> Result<Vec<StoredObject>, LedgerError> {
        self.write_new_objects()?;
        self.objects.page(account, query).map_err(|error| ledger_error(&error))
    }

    /// The answer is as the exchange has it, which is as it was sent.
    fn recall(&mut self, key: &AnswerKey) -> Result<Option<RememberedAnswer>, LedgerError> {
        let hash = KeyHash::of(&self.context.folder_secret, self.world(), key);
        self.key = Some(hash);
        let found = self.remembered_call(key, hash).and_then(|found| match found {
            None if self.context.remembers_old => self.remembered_of_old(key),
            found => Ok(found),
        });
        let Some((entry, remembered)) = found.map_err(|error| ledger_error(&error))? else { return Ok(None) };
        self.recalled = entry;
        Ok(Some(remembered))
    }

    fn remember(&mut self, record: &IdempotencyRecord, _: &ApiResponse) -> Result<(), LedgerError> {
        let IdempotencyRecord { key, created, fingerprint } = record;
        let key = self.key.unwrap_or_else(|| KeyHash::of(&self.context.folder_secret, self.world(), key));
        self.remembered = Some(KeyRecord { key, created: *created, fingerprint: fingerprint.clone() });
        self.recalled = None;
        Ok(())
    }
}

impl SqlLedger<'_> {
    fn remembered_call(
        &self,
        key: &AnswerKey,
        hash: KeyHash,
    ) -> rusqlite::Result<Option<(Option<EntryId>, RememberedAnswer)>> {
        for number in self.context.keys.calls(self.connection, hash)? {
            if number <= self.objects.void {
                continue;
            }
            let Some((call, record)) = exchanges::remembered(self.connection, number)? else { continue };
            if let (true, Some(Ok(answer))) = (record.key == hash, call.outcome) {
                let KeyRecord { created, fingerprint, .. } = record;
                let record = IdempotencyRecord { key: key.clone(), created, fingerprint };
                return Ok(Some((call.entry, RememberedAnswer { record, answer })));
            }
        }
        Ok(None)
    }

    /// What versions before the index of keys remembered; they did so for a day.
    fn remembered_of_old(&self, key: &AnswerKey) -> rusqlite::Result<Option<(Option<EntryId>, RememberedAnswer)>> {
        self.connection
            .prepare_cached(
                "SELECT created, whole_key, whole, masked, entry, http_status, answer_headers, answer_body \
                 FROM answers JOIN exchanges ON exchanges.id = answers.exchange \
                 WHERE answers.world = ?3 AND key IN (?1, ?2) AND answer_body IS NOT NULL \
                 ORDER BY answers.exchange DESC LIMIT 1",
            )?
            .query_row((&key.text, &key.older, self.world()), |row| remembered(key, row))
            .optional()
    }
}

fn remembered(key: &AnswerKey, row: &Row<'_>) -> rusqlite::Result<(Option<EntryId>, RememberedAnswer)> {
    // They had twice the bits.
    let fingerprint = RequestFingerprint {
        whole_key: u64::from_be_bytes(row.get(1)?),
        whole: u128::from_be_bytes(row.get(2)?) as u64,
        masked: u128::from_be_bytes(row.get(3)?) as u64,
    };
    let answer = ApiResponse { http_status: row.get(5)?, headers: rows::pairs(row, 6)?, body: row.get(7)? };
    let record = IdempotencyRecord { key: key.clone(), created: row.get(0)?, fingerprint };
    Ok((row.get::<_, Option<i64>>(4)?.map(EntryId), RememberedAnswer { record, answer }))
}

/// An object that a call read, with its place.
struct PlaceRead {
    kind: ObjectKind,
    /// As it is stored.
    id: String,
    account: Option<String>,
    place: ObjectPlace,
}

/// Gives the tokens that are kept with an entry's calls, `None` with any, rows of their own: for what the calls tell is
/// about to be lost.
pub(super) fn keep_tokens_of(connection: &Connection, entry: Option<EntryId>) -> rusqlite::Result<()> {
    for (token, world, account) in exchanges::tokens_of(connection, entry)? {
        let row = ObjectRow {
            place: 1 + given_numbers::last_place(connection)?,
            kind: token.kind.as_str(),
            body: token.body.to_string(),
            state: token.state.to_string(),
            id: token.id,
            account,
            parent: None,
            created: token.created,
            is_numbered: false,
            points_to: None,
        };
        row.insert(connection, &world)?;
        connection.prepare_cached("UPDATE worlds SET tokens = tokens - 1 WHERE name = ?1")?.execute([&world])?;
    }
    Ok(())
}

pub(super) fn ledger_error(error: &rusqlite::Error) -> LedgerError {
    LedgerError(StoreError::of("use the minter's objects", error).cause())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn the_events_of_an_object_are_found_by_an_index() {
        let connection = schema::in_memory_for_tests();
        let plan = |sql: &str| {
            let explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"));
            let mut explained = explained.unwrap();
            let values = rusqlite::params_from_iter(vec!["1"; explained.parameter_count()]);
            let plan =
                explained.query_map(values, |row| row.get(3)).unwrap().collect::<rusqlite::Result<Vec<String>>>();
            plan.unwrap().join("; ")
        };
        let (by_place, by_id) = (plan(KEEP_FOR_EVENTS), plan(KEEP_FOR_EVENTS_BY_ID));
        assert!(by_place.contains("events_by_object (points_to=?)"), "{by_place}");
        assert!(by_id.contains("objects_by_parent (parent=? AND kind=? AND world=? AND <expr>=?)"), "{by_id}");
        assert!(![by_place, by_id].iter().any(|plan| plan.contains("SCAN")));
    }
}
