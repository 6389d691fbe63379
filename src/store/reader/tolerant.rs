//! Reads that go on past damage: what cannot be read is left out and noted.
//!
//! A query that comes upon a damaged page is asked again of the rows that can be reached ([`crate::store::sound`]).

use std::{cell::RefCell, collections::HashMap, path::PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter, types::Value};

use super::conditions::{SqlCondition, ids_json};
use crate::{
    domain::history::entry::{EntryId, HistoryEntry},
    store::{
        damage::HistoryDamage,
        error::{StoreError, is_damage},
        rows::{self, StoredExchange},
        sound::{NumberedTable, for_each_sound_row, retain_known_entries},
    },
};

pub(super) const READING: &str = "read the history";

pub(super) type ReadResult<T> = Result<T, StoreError>;

/// A reading connection that notes what it cannot read.
#[derive(Debug)]
pub(super) struct TolerantConnection {
    pub(super) connection: Connection,
    /// The database, whose copy may be what is read; `None` in memory.
    pub(super) file: Option<PathBuf>,
    /// What could not be read since it was last asked for.
    pub(super) damage: RefCell<HistoryDamage>,
}

impl TolerantConnection {
    /// The entries of these ids, in their order; without those that do not exist.
    pub(super) fn rows(&self, ids: &[EntryId]) -> ReadResult<Vec<HistoryEntry>> {
        let columns = rows::ENTRY;
        let at_once = self.all(
            &format!(
                "SELECT {columns} FROM entries WHERE deleted_ms IS NULL AND id IN (SELECT value FROM json_each(?1))"
            ),
            [ids_json(ids)],
            |row| Ok(self.entry(row)),
        );
        let entries: Vec<Option<HistoryEntry>> = match at_once {
            Err(error) if is_damage(&error) => self.one_by_one(
                &format!("SELECT {columns} FROM entries NOT INDEXED WHERE deleted_ms IS NULL AND id = ?1"),
                ids.iter().map(|id| id.0),
                |row| Ok(self.entry(row)),
                |damage, id| damage.entries.insert(id),
            )?,
            read => read.map_err(|error| self.store_error(&error))?,
        };
        let entries = entries.into_iter().flatten();
        let entries: HashMap<EntryId, HistoryEntry> = entries.map(|entry| (entry.id, entry)).collect();
        Ok(ids.iter().filter_map(|id| entries.get(id).cloned()).collect())
    }

    /// The ids of entries that a condition tells, in an order. Where a page is damaged, of those that can be read.
    pub(super) fn entry_ids(&self, clause: &SqlCondition, order: &str) -> ReadResult<Vec<EntryId>> {
        let id = |row: &Row<'_>| row.get(0).map(EntryId);
        let condition = &clause.sql;
        let all = self.all(
            &format!("SELECT id FROM entries WHERE {condition} ORDER BY {order}"),
            params_from_iter(&clause.values),
            id,
        );
        match all {
            Err(error) if is_damage(&error) => {}
            all => return all.map_err(|error| self.store_error(&error)),
        }
        let sound = self.sound_entries()?;
        let mut values = clause.values.clone();
        values.push(ids_json(&sound).into());
        // Asked of the table alone, which gives each of these rows by its number.
        let among = self.all(
            &format!(
                "SELECT id FROM entries NOT INDEXED WHERE {condition} AND id IN (SELECT value FROM json_each(?)) \
                 ORDER BY {order}"
            ),
            params_from_iter(values),
            id,
        );
        match among {
            Err(error) if is_damage(&error) => {}
            among => return among.map_err(|error| self.store_error(&error)),
        }
        // Not even together: then each by itself, newest first.
        let mut passing = Vec::new();
        for entry in sound.into_iter().rev() {
            let mut values = clause.values.clone();
            values.push(entry.0.into());
            let sql = format!("SELECT id FROM entries NOT INDEXED WHERE {condition} AND id = ?");
            match self.all(&sql, params_from_iter(values), id) {
                Ok(found) => passing.extend(found),
                Err(error) if is_damage(&error) => self.damage.borrow_mut().entries.insert(entry.0),
                Err(error) => return Err(self.store_error(&error)),
            }
        }
        Ok(passing)
    }

    /// The entries that can be read, oldest first, deleted ones too. Those that cannot are noted.
    pub(super) fn sound_entries(&self) -> ReadResult<Vec<EntryId>> {
        let mut ids = Vec::new();
        let columns = format!("{}, haystack, deleted_ms, revision", rows::ENTRY);
        let lost = for_each_sound_row(&self.connection, NumberedTable::Entries, &columns, &mut |id, _| {
            ids.push(EntryId(id));
            Ok(())
        });
        let mut lost = lost.map_err(|error| self.store_error(&error))?;
        retain_known_entries(&self.connection, &mut lost);
        self.damage.borrow_mut().entries.extend(&lost);
        ids.sort_unstable();
        Ok(ids)
    }

    /// The calls that can be read, each with its entry. Those that cannot are noted.
    pub(super) fn sound_exchanges(&self) -> ReadResult<Vec<(i64, Option<i64>)>> {
        let mut calls = Vec::new();
        let lost = for_each_sound_row(&self.connection, NumberedTable::Exchanges, rows::EXCHANGE, &mut |id, row| {
            calls.push((id, row.get::<_, Option<i64>>("entry").ok().flatten()));
            Ok(())
        });
        self.damage.borrow_mut().exchanges.extend(&lost.map_err(|error| self.store_error(&error))?);
        Ok(calls)
    }

    /// Calls by their numbers, in that order; without those that do not exist.
    pub(super) fn exchanges(&self, ids: impl Iterator<Item = i64>) -> ReadResult<Vec<StoredExchange>> {
        let found = self.one_by_one(
            &format!("SELECT {}, id FROM exchanges NOT INDEXED WHERE id = ?1", rows::EXCHANGE),
            ids,
            |row| Ok(self.stored_exchange(row)),
            |damage, id| damage.exchanges.insert(id),
        )?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The entry of a row, as far as it can be read.
    pub(super) fn entry(&self, row: &Row<'_>) -> Option<HistoryEntry> {
        if let Ok(entry) = rows::entry(row) {
            return Some(entry);
        }
        let mut damage = self.damage.borrow_mut();
        match (rows::entry_in_parts(row), row.get(0)) {
            (Ok(entry), _) => {
                damage.parts.insert(entry.id.0);
                Some(entry)
            }
            (Err(_), Ok(id)) => {
                damage.entries.insert(id);
                None
            }
            (Err(_), Err(_)) => {
                damage.note_table("an entry without a number");
                None
            }
        }
    }

    /// The call of a row with its number, as far as it can be read.
    pub(super) fn stored_exchange(&self, row: &Row<'_>) -> Option<StoredExchange> {
        if let Ok(exchange) = rows::exchange(row) {
            return Some(exchange);
        }
        let mut damage = self.damage.borrow_mut();
        match (rows::exchange_in_parts(row), row.get("id")) {
            (Ok(exchange), id) => {
                match (exchange.entry, id) {
                    (Some(entry), _) => damage.parts.insert(entry.0),
                    (None, Ok(id)) => damage.exchanges.insert(id),
                    (None, Err(_)) => damage.note_table("a call without a number"),
                }
                Some(exchange)
            }
            (Err(_), Ok(id)) => {
                damage.exchanges.insert(id);
                None
            }
            (Err(_), Err(_)) => {
                damage.note_table("a call without a number");
                None
            }
        }
    }

    /// Runs several reads on one state of the database.
    pub(super) fn at_once<T>(&self, read: impl FnOnce() -> ReadResult<T>) -> ReadResult<T> {
        let _snapshot = self.connection.unchecked_transaction().map_err(|error| self.store_error(&error))?;
        read()
    }

    /// All rows of a query. Its error is SQLite's, so that the caller can tell damage from the rest.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.connection.prepare_cached(sql).and_then(|mut query| query.query_map(values, read)?.collect())
    }

    /// The rows of a query with one number, one after the other: one that cannot be read stops none of the rest.
    pub(super) fn one_by_one<T>(
        &self,
        sql: &str,
        numbers: impl Iterator<Item = i64>,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
        lost: impl Fn(&mut HistoryDamage, i64),
    ) -> ReadResult<Vec<T>> {
        let mut found = Vec::new();
        for number in numbers {
            let row = self
                .connection
                .prepare_cached(sql)
                .and_then(|mut query| query.query_row([number], &mut read).optional());
            match row {
                Ok(row) => found.extend(row),
                Err(error) if is_damage(&error) => lost(&mut self.damage.borrow_mut(), number),
                Err(error) => return Err(self.store_error(&error)),
            }
        }
        Ok(found)
    }

    /// The one number that a query gives, or SQLite's error.
    pub(super) fn number(&self, sql: &str, values: Vec<Value>) -> rusqlite::Result<i64> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut query| query.query_row(params_from_iter(values), |row| row.get(0)))
    }

    pub(super) fn store_error(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::of(READING, error).about(self.file.as_deref())
    }
}
