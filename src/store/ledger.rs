//! The minter's objects in the database, inside the transaction that also keeps the exchange.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, types::Type};
use serde_json::Value;

use super::error::StoreError;
use crate::{
    domain::{
        call::{api::ApiResponse, redaction::Redaction},
        clock,
        history::{entry::EntryId, request_log::ExchangeId},
        mask::keyed_hash::IdentityKey,
    },
    minter::{
        Ledger, LedgerError, ObjectKind, PageCursor, PageQuery, RememberedAnswer, StoredObject,
        ledger::{AnswerKey, IdempotencyRecord, KEY_KEPT_SECS, RequestFingerprint},
    },
};

/// An answer is forgotten once so many calls followed it, however young it is.
const MOST_ANSWERS: i64 = 1_000_000;

/// The condition for one object: its world, its account, its id and its kind, in the order of the index.
macro_rules! this {
    () => {
        "world = ?1 AND coalesce(account, '') = ?2 AND id = ?3 AND kind = ?4"
    };
}

/// The objects and keys of one world.
pub(super) struct SqlLedger<'a> {
    connection: &'a Connection,
    redaction: &'a Redaction,
    /// Turns ids into what they are stored and looked up as. Ids that the minter makes are stored as they are.
    identities: &'a IdentityKey,
    world: &'a str,
    /// How far the clock of the world is from the machine's.
    clock: SignedDuration,
    /// What is to be remembered once the exchange has its number.
    remembered: Option<IdempotencyRecord>,
    /// The entry of the call whose answer was given again.
    recalled: Option<EntryId>,
    /// The first change that failed: then nothing of the request is kept, whatever the minter answers.
    broken: Option<LedgerError>,
}

/// What a call did with idempotency keys: it is written once the exchange has its number.
pub(super) struct IdempotencyUse {
    pub(super) remembered: Option<IdempotencyRecord>,
    pub(super) recalled: Option<EntryId>,
}

impl<'a> SqlLedger<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        identities: &'a IdentityKey,
        redaction: &'a Redaction,
        world: &'a str,
        clock: SignedDuration,
    ) -> Self {
        Self { connection, redaction, identities, world, clock, remembered: None, recalled: None, broken: None }
    }

    /// # Errors
    /// When a change of the ledger failed.
    pub(super) fn finish(self) -> Result<IdempotencyUse, LedgerError> {
        match self.broken {
            Some(error) => Err(error),
            None => Ok(IdempotencyUse { remembered: self.remembered, recalled: self.recalled }),
        }
    }

    /// Makes a change; when it fails, the whole request fails.
    fn change<T>(&mut self, change: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LedgerError> {
        change(self.connection).map_err(|error| self.broke(ledger_error(&error)))
    }

    /// The body or state of an object as it is kept: JSON, redacted.
    fn json(&self, part: &Value) -> String {
        let kept = self.redaction.local_json(part.to_string().into_bytes());
        String::from_utf8(kept).expect("redacted text is text")
    }

    fn broke(&mut self, error: LedgerError) -> LedgerError {
        self.broken.get_or_insert(error).clone()
    }

    fn position(&self, account: Option<&str>, kind: ObjectKind, id: &str) -> rusqlite::Result<Option<i64>> {
        self.connection
            .prepare_cached(concat!("SELECT position FROM objects WHERE ", this!()))?
            .query_row(self.this(account, kind, &self.identities.stored(id)), |row| row.get(0))
            .optional()
    }

    /// The values of [`this!`].
    fn this<'v>(&'v self, account: Option<&'v str>, kind: ObjectKind, stored_id: &'v str) -> [&'v str; 4] {
        [self.world, account.unwrap_or_default(), stored_id, kind.as_str()]
    }

    fn list(&self, account: Option<&str>, query: &PageQuery<'_>) -> rusqlite::Result<Vec<StoredObject>> {
        let (from, to, is_rising) = match query.cursor {
            PageCursor::Start => (i64::MIN, i64::MAX, false),
            PageCursor::After(id) => match self.position(account, query.kind, id)? {
                Some(position) => (i64::MIN, position - 1, false),
                None => return Ok(Vec::new()),
            },
            PageCursor::Before(id) => match self.position(account, query.kind, id)? {
                Some(position) => (position + 1, i64::MAX, true),
                None => return Ok(Vec::new()),
            },
        };
        let sql = page_sql(query.parent.is_some(), is_rising);
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let (since, until) = (query.created.start(), query.created.end());
        let mut page = self
            .connection
            .prepare_cached(&sql)?
            .query_map(
                (
                    query.kind.as_str(),
                    from,
                    to,
                    since,
                    until,
                    limit,
                    query.parent,
                    self.world,
                    account.unwrap_or_default(),
                ),
                |row| object(query.kind, row),
            )?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        if is_rising {
            page.reverse();
        }
        Ok(page)
    }
}

/// The query of a page; both kinds of lists have an index that gives its order. It is named, for SQLite takes the other
/// one for as good.
fn page_sql(has_parent: bool, is_rising: bool) -> String {
    let (index, parent) =
        if has_parent { ("objects_by_parent", "parent = ?7") } else { ("objects_listed", "?7 IS NULL") };
    let order = if is_rising { "ASC" } else { "DESC" };
    format!(
        "SELECT id, parent, created, body, state FROM objects INDEXED BY {index} WHERE {parent} AND world = ?8 \
         AND coalesce(account, '') = ?9 AND kind = ?1 AND kind <> 'token' AND position BETWEEN ?2 AND ?3 AND created BETWEEN ?4 AND ?5 ORDER BY position {order} LIMIT ?6"
    )
}

fn object(kind: ObjectKind, row: &Row<'_>) -> rusqlite::Result<StoredObject> {
    let json = |column: usize| {
        let text: String = row.get(column)?;
        serde_json::from_str::<Value>(&text)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
    };
    Ok(StoredObject {
        kind,
        id: row.get(0)?,
        parent: row.get(1)?,
        created: row.get(2)?,
        body: json(3)?,
        state: json(4)?,
    })
}

impl Ledger for SqlLedger<'_> {
    fn moment(&self, machine: Timestamp) -> Timestamp {
        clock::shifted(machine, self.clock)
    }

    fn next_sequence(&mut self) -> Result<u64, LedgerError> {
        let world = self.world;
        self.change(|connection| {
            connection
                .prepare_cached("UPDATE worlds SET sequence = sequence + 1 WHERE name = ?1 RETURNING sequence")?
                .query_row([world], |row| row.get::<_, i64>(0))
                .map(i64::cast_unsigned)
        })
    }

    fn insert(&mut self, account: Option<&str>, object: &StoredObject) -> Result<(), LedgerError> {
        let id = self.identities.stored(&object.id);
        let inserted = self
            .connection
            .prepare_cached(
                "INSERT INTO objects (kind, id, parent, created, body, state, account, world) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )
            .and_then(|mut insert| {
                insert.execute((
                    object.kind.as_str(),
                    &id,
                    &object.parent,
                    object.created,
                    self.json(&object.body),
                    self.json(&object.state),
                    account,
                    self.world,
                ))
            });
        match inserted {
            Ok(_) => Ok(()),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                Err(self.broke(LedgerError(format!("{id} exists already"))))
            }
            Err(error) => Err(self.broke(ledger_error(&error))),
        }
    }

    fn get(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<Option<StoredObject>, LedgerError> {
        self.connection
            .prepare_cached(concat!("SELECT id, parent, created, body, state FROM objects WHERE ", this!()))
            .and_then(|mut get| {
                get.query_row(self.this(account, kind, &self.identities.stored(id)), |row| {
                    Ok(StoredObject { id: id.to_owned(), ..object(kind, row)? })
                })
                .optional()
            })
            .map_err(|error| ledger_error(&error))
    }

    fn update(&mut self, account: Option<&str>, object: &StoredObject) -> Result<(), LedgerError> {
        let id = self.identities.stored(&object.id);
        let (body, state) = (self.json(&object.body), self.json(&object.state));
        let [world, account, _, kind] = self.this(account, object.kind, &id);
        let changed = self
            .connection
            .prepare_cached(concat!("UPDATE objects SET parent = ?5, body = ?6, state = ?7 WHERE ", this!()))
            .and_then(|mut update| update.execute((world, account, &id, kind, &object.parent, body, state)));
        let changed = changed.map_err(|error| self.broke(ledger_error(&error)))?;
        if changed == 1 { Ok(()) } else { Err(self.broke(LedgerError(format!("{id} does not exist")))) }
    }

    fn remove(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<(), LedgerError> {
        let removed = self
            .connection
            .prepare_cached(concat!("DELETE FROM objects WHERE ", this!()))
            .and_then(|mut remove| remove.execute(self.this(account, kind, &self.identities.stored(id))));
        removed.map(drop).map_err(|error| self.broke(ledger_error(&error)))
    }

    fn page(&mut self, account: Option<&str>, query: &PageQuery<'_>) -> Result<Vec<StoredObject>, LedgerError> {
        self.list(account, query).map_err(|error| ledger_error(&error))
    }

    /// The answer is as the exchange has it, which is as it was sent.
    fn recall(&mut self, key: &AnswerKey) -> Result<Option<RememberedAnswer>, LedgerError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT created, whole_key, whole, masked, entry, http_status, answer_headers, answer_body \
                 FROM answers JOIN exchanges ON exchanges.id = answers.exchange \
                 WHERE answers.world = ?3 AND key IN (?1, ?2) AND answer_body IS NOT NULL \
                 ORDER BY answers.exchange DESC LIMIT 1",
            )
            .and_then(|mut recall| {
                recall.query_row((&key.text, &key.older, self.world), |row| remembered(key, row)).optional()
            })
            .map_err(|error| ledger_error(&error))?;
        let Some((entry, remembered)) = found else { return Ok(None) };
        self.recalled = entry;
        Ok(Some(remembered))
    }

    fn remember(&mut self, record: &IdempotencyRecord, _: &ApiResponse) -> Result<(), LedgerError> {
        self.remembered = Some(record.clone());
        self.recalled = None;
        Ok(())
    }
}

fn remembered(key: &AnswerKey, row: &Row<'_>) -> rusqlite::Result<(Option<EntryId>, RememberedAnswer)> {
    let fingerprint = RequestFingerprint {
        whole_key: u64::from_be_bytes(row.get(1)?),
        whole: u128::from_be_bytes(row.get(2)?),
        masked: u128::from_be_bytes(row.get(3)?),
    };
    let answer = ApiResponse { http_status: row.get(5)?, headers: super::rows::pairs(row, 6)?, body: row.get(7)? };
    let record = IdempotencyRecord { key: key.clone(), created: row.get(0)?, fingerprint };
    Ok((row.get::<_, Option<i64>>(4)?.map(EntryId), RememberedAnswer { record, answer }))
}

/// Keeps what is remembered of an exchange, and drops the oldest that are too old or too many: some at a time, so that
/// none of them makes a call wait. They are too old by the machine's clock, which is that of no world: another world's
/// clock must not make these old.
pub(super) fn keep_answer(
    connection: &Connection,
    world: &str,
    record: &IdempotencyRecord,
    exchange: ExchangeId,
    machine: Timestamp,
) -> rusqlite::Result<()> {
    let RequestFingerprint { whole_key, whole, masked } = &record.fingerprint;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO answers (key, created, whole_key, whole, masked, exchange, world, written) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            &record.key.text,
            record.created,
            whole_key.to_be_bytes(),
            whole.to_be_bytes(),
            masked.to_be_bytes(),
            exchange.0,
            world,
            machine.as_second(),
        ))?;
    connection
        .prepare_cached(
            "DELETE FROM answers WHERE exchange IN (SELECT exchange FROM answers ORDER BY exchange LIMIT 4) \
             AND (coalesce(written, created) <= ?1 OR exchange <= ?2)",
        )?
        .execute((machine.as_second() - KEY_KEPT_SECS, exchange.0 - MOST_ANSWERS))
        .map(drop)
}

fn ledger_error(error: &rusqlite::Error) -> LedgerError {
    LedgerError(StoreError::of("use the minter's objects", error).cause())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn no_list_scans_or_sorts() {
        let connection = schema::in_memory_for_tests();
        for has_parent in [true, false] {
            for is_rising in [true, false] {
                let plan: Vec<String> = connection
                    .prepare(&format!("EXPLAIN QUERY PLAN {}", page_sql(has_parent, is_rising)))
                    .unwrap()
                    .query_map(("charge", 1, 9, 1, 9, 10, Some("cus_1"), "", ""), |row| row.get(3))
                    .unwrap()
                    .collect::<rusqlite::Result<_>>()
                    .unwrap();
                let plan = plan.join("; ");
                let index = if has_parent { "objects_by_parent" } else { "objects_listed" };
                assert!(plan.contains(&format!("USING INDEX {index}")), "{plan}");
                assert!(!plan.contains("B-TREE") && !plan.contains("SCAN"), "{plan}");
            }
        }
    }

    #[test]
    fn an_object_is_found_by_its_index() {
        let connection = schema::in_memory_for_tests();
        let plan: String = connection
            .query_row(
                concat!("EXPLAIN QUERY PLAN SELECT body FROM objects WHERE ", this!()),
                ["", "", "tok", "token"],
                |row| row.get(3),
            )
            .unwrap();
        assert_eq!(plan, "SEARCH objects USING INDEX objects_by_id (world=? AND <expr>=? AND id=? AND kind=?)");
    }
}
