//! Counts of the history, kept in memory while a transaction is open and written once a commit: a trigger for each new row
//! would write the same few rows again and again.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::domain::history::entry::EntryStatus;

/// What new rows add to the counts. Changes and removals of rows are counted by triggers.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    /// The number of the last change of an entry; `None` until it is asked for.
    revision: Option<i64>,
    entries: HashMap<EntryStatus, i64>,
    calls: HashMap<CallKind, i64>,
    tokens: HashMap<String, i64>,
}

/// A line of the table `log_counts`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallKind {
    pub(super) method: &'static str,
    /// 0 for a call without an answer.
    pub(super) http_status: u16,
    pub(super) client: String,
    pub(super) has_fault: bool,
    /// As lists show it; empty for the account itself in the common world.
    pub(super) account: String,
}

impl Tallies {
    /// The next number of the count of all changes of entries: what is written with it is found by whoever saw the count
    /// before.
    pub(super) fn next_revision(&mut self, connection: &Connection) -> rusqlite::Result<i64> {
        let last = match self.revision {
            Some(revision) => revision,
            None => connection
                .prepare_cached("SELECT value FROM counters WHERE name = 'revision'")?
                .query_row([], |row| row.get(0))?,
        };
        Ok(*self.revision.insert(last.wrapping_add(1)))
    }

    pub(super) fn add_entry(&mut self, status: EntryStatus) {
        *self.entries.entry(status).or_default() += 1;
    }

    pub(super) fn add_call(&mut self, kind: CallKind) {
        *self.calls.entry(kind).or_default() += 1;
    }

    /// A token that is kept with its call, in a world.
    pub(super) fn add_token(&mut self, world: &str) {
        match self.tokens.get_mut(world) {
            Some(tokens) => *tokens += 1,
            None => drop(self.tokens.insert(world.to_owned(), 1)),
        }
    }

    /// Writes what was added, and forgets it: to be called before the commit, and before what reads the counts.
    pub(super) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(revision) = self.revision.take() {
            connection.prepare_cached("UPDATE counters SET value = ?1 WHERE name = 'revision'")?.execute([revision])?;
        }
        for (status, added) in self.entries.drain() {
            connection
                .prepare_cached(
                    "INSERT INTO counts (status, count) VALUES (?1, ?2) \
                     ON CONFLICT (status) DO UPDATE SET count = count + excluded.count",
                )?
                .execute((status.as_str(), added))?;
        }
        for (kind, added) in self.calls.drain() {
            connection
                .prepare_cached(
                    "INSERT INTO log_counts (method, http_status, client, has_fault, account, calls) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (method, http_status, client, has_fault, account) \
                     DO UPDATE SET calls = calls + excluded.calls",
                )?
                .execute((kind.method, kind.http_status, kind.client, kind.has_fault, kind.account, added))?;
        }
        for (world, added) in self.tokens.drain() {
            connection
                .prepare_cached("UPDATE worlds SET tokens = tokens + ?2 WHERE name = ?1")?
                .execute((world, added))?;
        }
        Ok(())
    }

    /// Forgets what was added: the transaction is gone.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
