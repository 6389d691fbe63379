//! The minter's objects in the database, inside the transaction that also keeps the exchange.

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;

use super::door::Door;
use crate::{
    domain::mask,
    minter::{Ledger, LedgerError, ObjectKind, StoredObject},
};

pub(super) struct SqlLedger<'a> {
    connection: &'a Connection,
    door: &'a Door,
    /// The first change that failed: then nothing of the request is kept, whatever the minter makes of it.
    broken: Option<LedgerError>,
}

impl<'a> SqlLedger<'a> {
    pub(super) fn new(connection: &'a Connection, door: &'a Door) -> Self {
        Self { connection, door, broken: None }
    }

    /// # Errors
    /// When a change of the ledger failed.
    pub(super) fn finish(self) -> Result<(), LedgerError> {
        self.broken.map_or(Ok(()), Err)
    }

    fn broke(&mut self, error: LedgerError) -> LedgerError {
        self.broken.get_or_insert(error).clone()
    }
}

impl Ledger for SqlLedger<'_> {
    fn next_sequence(&mut self) -> Result<u64, LedgerError> {
        let next = self
            .connection
            .prepare_cached("UPDATE counters SET value = value + 1 WHERE name = 'sequence' RETURNING value")
            .and_then(|mut next| next.query_row([], |row| row.get::<_, i64>(0)));
        next.map(i64::cast_unsigned).map_err(|error| self.broke(told(&error)))
    }

    fn insert(&mut self, object: &StoredObject) -> Result<(), LedgerError> {
        let id = mask::text(&object.id);
        let inserted = self
            .connection
            .prepare_cached("INSERT INTO objects (kind, id, created, body, state) VALUES (?1, ?2, ?3, ?4, ?5)")
            .and_then(|mut insert| {
                insert.execute((
                    object.kind.as_str(),
                    &id,
                    object.created,
                    self.door.json(&object.body).to_string(),
                    self.door.json(&object.state).to_string(),
                ))
            });
        match inserted {
            Ok(_) => Ok(()),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                Err(self.broke(LedgerError(format!("{id} exists already"))))
            }
            Err(error) => Err(self.broke(told(&error))),
        }
    }

    fn get(&mut self, kind: ObjectKind, id: &str) -> Result<Option<StoredObject>, LedgerError> {
        let found = self
            .connection
            .prepare_cached("SELECT created, body, state FROM objects WHERE kind = ?1 AND id = ?2")
            .and_then(|mut get| {
                get.query_row((kind.as_str(), mask::text(id)), |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
                })
                .optional()
            })
            .map_err(|error| told(&error))?;
        let Some((created, body, state)) = found else { return Ok(None) };
        Ok(Some(StoredObject {
            kind,
            id: id.to_owned(),
            parent: None,
            created,
            body: json(&body)?,
            state: json(&state)?,
        }))
    }
    fn update(&mut self, _: &StoredObject) -> Result<(), LedgerError> {
        Err(stub())
    }
    fn remove(&mut self, _: ObjectKind, _: &str) -> Result<(), LedgerError> {
        Err(stub())
    }
    fn page(&mut self, _: &crate::minter::PageQuery<'_>) -> Result<Vec<StoredObject>, LedgerError> {
        Err(stub())
    }
    fn recall(&mut self, _: &str) -> Result<Option<crate::minter::Remembered>, LedgerError> {
        Ok(None)
    }
    fn remember(
        &mut self,
        _: &crate::minter::idempotency::Record,
        _: &crate::domain::api::ApiResponse,
    ) -> Result<(), LedgerError> {
        Ok(())
    }
}

fn stub() -> LedgerError {
    LedgerError("stub".to_owned())
}

fn json(text: &str) -> Result<Value, LedgerError> {
    serde_json::from_str(text).map_err(|_| LedgerError("an object is not JSON".to_owned()))
}

fn told(error: &rusqlite::Error) -> LedgerError {
    LedgerError(error.to_string())
}
