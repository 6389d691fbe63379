//! Which call an idempotency key stands for, without an index over random text: each new key would write a page of it.
//!
//! ```text
//! UNWRITTEN calls ──► one block: a hash and a number of each key     blocks ──► one run, sorted, once they hold RUN keys
//! a look-up            the keys of the open transaction, of the newest calls and the blocks, of the runs from the newest on
//! ```
//!
//! The keys of the newest calls and of the blocks are in memory, of those of the runs the first half of each hash: a key
//! that is new is known to be new without a look into the database. What is remembered of a call stands with it
//! ([`KeyRecord`]): the index only tells where to look, and can be made anew from the calls. So a commit writes nothing of
//! it: the keys of the newest calls are read from these when the history is opened.

use std::{collections::HashMap, ops::Range};

use rusqlite::{Connection, OptionalExtension as _};

use super::error::is_damage;
use crate::{
    domain::{
        history::request_log::ExchangeId,
        mask::keyed_hash::{first_half, keyed_hash},
    },
    minter::ledger::{AnswerKey, KEY_KEPT_SECS, RequestFingerprint},
};

/// How many keys make a run: sorting them takes milliseconds, and sixteen runs hold a million.
const RUN: usize = 65_536;
/// A key is forgotten once so many calls followed it, however young it is.
pub(super) const MOST_ANSWERS: i64 = 1_000_000;
/// The keys of so many of the newest calls may be in no block: a block for each commit would be a page for each.
const UNWRITTEN: i64 = 512;
/// A hash and a number.
const PAIR: usize = 16;

/// What a key is found by: it tells keys of all accounts and worlds of a folder apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct KeyHash(u64);

impl KeyHash {
    pub(super) fn of(folder_key: &[u8; 32], world: &str, key: &AnswerKey) -> Self {
        let text = format!("{}:{world}{}", world.len(), key.text);
        Self(first_half(keyed_hash(folder_key, "idempotency key", text.as_bytes())) as u64)
    }

    fn first_part(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// What is remembered of a call with an idempotency key, in the column `record` of its exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyRecord {
    pub(super) key: KeyHash,
    /// Unix seconds by the clock of the call's world.
    pub(super) created: i64,
    pub(super) fingerprint: RequestFingerprint,
}

impl KeyRecord {
    /// Five numbers, the highest byte first.
    pub(super) fn to_bytes(&self) -> [u8; 40] {
        let RequestFingerprint { whole_key, whole, masked } = self.fingerprint;
        let mut bytes = [0; 40];
        let numbers = [self.key.0, self.created.cast_unsigned(), whole_key, whole, masked];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    /// `None` for what is no record.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let [key, created, whole_key, whole, masked] =
            std::array::from_fn(|place| bytes.get(8 * place..8 * place + 8).map_or(0, number));
        let fingerprint = RequestFingerprint { whole_key, whole, masked };
        (bytes.len() == 40).then(|| Self { key: KeyHash(key), created: created.cast_signed(), fingerprint })
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The keys of all calls that may be remembered, as the writer knows them.
#[derive(Debug, Default)]
pub(super) struct KeyIndex {
    /// The keys of the open transaction.
    open: HashMap<KeyHash, i64>,
    /// By the machine's clock, when the newest of them was written.
    newest_ms: i64,
    /// The keys of the blocks, and those of `unwritten`.
    recent: HashMap<KeyHash, i64>,
    /// The keys of committed calls that are in no block yet.
    unwritten: HashMap<KeyHash, i64>,
    /// The keys of the calls up to this one are in blocks and runs.
    covered: i64,
    /// The last block that is known.
    last_block: i64,
    /// Oldest first.
    runs: Vec<KeyRun>,
    /// Whether its tables are damaged: then it is made of the calls, and nothing is written of it.
    is_kept_in_calls: bool,
}

/// What is in memory of a run.
#[derive(Debug)]
struct KeyRun {
    id: i64,
    /// The first parts of its hashes, in their order.
    first_parts: Vec<u32>,
}

impl KeyIndex {
    /// Takes over what other processes wrote. To be called in a transaction, for they write nothing until its end. Where
    /// its tables are damaged, it is made of the calls up to `last_call`.
    pub(super) fn refresh(&mut self, connection: &Connection, last_call: i64) -> rusqlite::Result<()> {
        let read = self.read(connection, last_call).and_then(|()| self.read_newest(connection, last_call));
        match read {
            Err(error) if is_damage(&error) => {
                tracing::warn!("the index of idempotency keys is damaged, and made of the calls: {error}");
                *self = Self { is_kept_in_calls: true, ..Self::default() };
                for_each_record(connection, last_call - MOST_ANSWERS..last_call, &mut |record, call, _| {
                    self.recent.insert(record.key, call.0);
                    Ok(())
                })
            }
            read => read,
        }
    }

    fn read(&mut self, connection: &Connection, last_call: i64) -> rusqlite::Result<()> {
        let covered = |covered: i64, call: i64| if call <= last_call { covered.max(call) } else { covered };
        let ids: Vec<i64> = connection
            .prepare_cached("SELECT id, newest_call FROM key_runs ORDER BY id")?
            .query_map([], |row| {
                self.covered = covered(self.covered, row.get(1)?);
                row.get(0)
            })?
            .collect::<rusqlite::Result<_>>()?;
        if !ids.iter().eq(self.runs.iter().map(|run| &run.id)) {
            self.recent.clear();
            self.last_block = 0;
            self.runs.retain(|run| ids.contains(&run.id));
            let newest = self.runs.last().map_or(0, |run| run.id);
            for id in ids.into_iter().filter(|id| *id > newest) {
                let keys = keys_of(connection, id)?;
                let first_parts = keys.chunks_exact(PAIR).map(|pair| number(&pair[..4]) as u32).collect();
                self.runs.push(KeyRun { id, first_parts });
            }
        }
        let mut blocks = connection.prepare_cached("SELECT id, keys FROM key_blocks WHERE id > ?1 ORDER BY id")?;
        let mut blocks = blocks.query([self.last_block])?;
        while let Some(block) = blocks.next()? {
            self.last_block = block.get(0)?;
            for (key, call) in block.get_ref(1)?.as_blob()?.chunks_exact(PAIR).map(pair) {
                self.recent.insert(key, call);
                self.covered = covered(self.covered, call);
            }
        }
        Ok(())
    }

    /// Reads the keys of the newest calls, which may be in no block.
    fn read_newest(&mut self, connection: &Connection, last_call: i64) -> rusqlite::Result<()> {
        self.unwritten.clear();
        let after = self.covered.max(last_call - UNWRITTEN);
        let mut add = |record: KeyRecord, call: ExchangeId, started_ms| {
            self.unwritten.insert(record.key, call.0);
            self.newest_ms = self.newest_ms.max(started_ms);
            Ok(())
        };
        match for_each_record(connection, after..last_call, &mut add) {
            Err(error) if is_damage(&error) => {
                tracing::warn!("of the newest calls, those are read for their keys that can be: {error}");
                for call in after..last_call {
                    match for_each_record(connection, call..call + 1, &mut add) {
                        Err(error) if !is_damage(&error) => return Err(error),
                        _ => {}
                    }
                }
            }
            read => read?,
        }
        self.recent.extend(&self.unwritten);
        Ok(())
    }

    /// Forgets everything, to be read anew.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Notes that a key stands for a call of the open transaction, written at a moment of the machine's clock.
    pub(super) fn note(&mut self, key: KeyHash, call: ExchangeId, written_ms: i64) {
        self.open.insert(key, call.0);
        self.newest_ms = self.newest_ms.max(written_ms);
    }

    /// The calls that a key may stand for, newest first.
    pub(super) fn calls(&self, connection: &Connection, key: KeyHash) -> rusqlite::Result<Vec<ExchangeId>> {
        let mut calls: Vec<i64> =
            [&self.open, &self.recent].into_iter().filter_map(|keys| keys.get(&key).copied()).collect();
        for run in self.runs.iter().rev() {
            if run.first_parts.binary_search(&key.first_part()).is_err() {
                continue;
            }
            let keys = keys_of(connection, run.id)?;
            let pairs: Vec<&[u8]> = keys.chunks_exact(PAIR).collect();
            if let Ok(place) = pairs.binary_search_by_key(&key.0, |pair| number(&pair[..8])) {
                calls.push(pair(pairs[place]).1);
            }
        }
        Ok(calls.into_iter().map(ExchangeId).collect())
    }

    /// Writes the keys that are in no block, where the newest calls are no longer enough to find them, and makes a run of
    /// the blocks where they hold enough. To be called before the commit of the calls up to `last_call`;
    /// [`Self::committed`] follows it.
    pub(super) fn write(&mut self, connection: &Connection, last_call: i64) -> rusqlite::Result<()> {
        if self.is_kept_in_calls || last_call - self.covered < UNWRITTEN {
            return Ok(());
        }
        match self.write_all(connection, last_call) {
            Err(error) if is_damage(&error) => {
                tracing::warn!("the index of idempotency keys is damaged, and not written: {error}");
                self.is_kept_in_calls = true;
                Ok(())
            }
            written => written,
        }
    }

    fn write_all(&mut self, connection: &Connection, last_call: i64) -> rusqlite::Result<()> {
        // Where a key stands for another call now, the newer one counts.
        let open = std::mem::take(&mut self.open);
        self.unwritten.extend(open);
        self.open = std::mem::take(&mut self.unwritten);
        self.covered = last_call;
        if self.open.is_empty() {
            return Ok(());
        }
        if self.recent.len() + self.open.len() < RUN {
            connection
                .prepare_cached("INSERT INTO key_blocks (newest_ms, keys) VALUES (?1, ?2)")?
                .execute((self.newest_ms, sorted(self.open.iter())))?;
            self.last_block = connection.last_insert_rowid();
            self.recent.extend(self.open.drain());
            return Ok(());
        }
        let mut all = self.recent.clone();
        all.extend(&self.open);
        let newest_call = all.values().copied().max().unwrap_or_default();
        connection.execute("DELETE FROM key_blocks", [])?;
        connection.execute(
            "INSERT INTO key_runs (newest_ms, newest_call, keys) VALUES (?1, ?2, ?3)",
            (self.newest_ms, newest_call, sorted(all.iter())),
        )?;
        connection.execute(
            "DELETE FROM key_runs WHERE newest_ms <= ?1 OR newest_call <= ?2",
            (self.newest_ms - 1000 * KEY_KEPT_SECS, newest_call - MOST_ANSWERS),
        )?;
        self.open.clear();
        // The new run is read, and the old ones are known.
        self.read(connection, last_call)
    }

    /// What was written is there for good.
    pub(super) fn committed(&mut self) {
        self.recent.extend(&self.open);
        self.unwritten.extend(self.open.drain());
    }
}

/// Drops the keys that are all older than a day, and all that older versions remembered where those are; at the machine's
/// moment `now_ms`.
pub(super) fn drop_old(connection: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    let long_ago = now_ms - 1000 * KEY_KEPT_SECS;
    connection.execute("DELETE FROM key_blocks WHERE newest_ms <= ?1", [long_ago])?;
    connection.execute("DELETE FROM key_runs WHERE newest_ms <= ?1", [long_ago])?;
    let newest = "SELECT coalesce(written, created) FROM answers ORDER BY exchange DESC LIMIT 1";
    let newest: Option<i64> = connection.query_row(newest, [], |row| row.get(0)).optional()?;
    if newest.is_some_and(|newest| newest <= long_ago / 1000) {
        // Without a condition SQLite frees whole pages and looks at no row.
        connection.execute("DELETE FROM answers", [])?;
    }
    Ok(())
}

/// Makes the index anew from what is remembered of the calls.
pub(super) fn rebuild(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("DELETE FROM key_blocks; DELETE FROM key_runs;")?;
    let mut index = KeyIndex::default();
    let mut last_call = 0;
    for_each_record(connection, 0..i64::MAX, &mut |record, call, started_ms| {
        index.note(record.key, call, started_ms);
        last_call = call.0;
        if index.open.len() == RUN {
            index.write_all(connection, last_call)?;
        }
        Ok(())
    })?;
    index.write_all(connection, last_call)
}

/// Shows what is remembered of the calls after the first of these numbers up to the second, oldest first, with the moment
/// of each call in milliseconds.
fn for_each_record(
    connection: &Connection,
    calls: Range<i64>,
    each: &mut dyn FnMut(KeyRecord, ExchangeId, i64) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let records = "SELECT id, started_ms, record FROM exchanges NOT INDEXED WHERE id > ?1 AND id <= ?2 \
                   AND record IS NOT NULL ORDER BY id";
    let mut records = connection.prepare_cached(records)?;
    let mut records = records.query([calls.start, calls.end])?;
    while let Some(call) = records.next()? {
        if let Some(record) = KeyRecord::of_bytes(call.get_ref(2)?.as_blob().unwrap_or_default()) {
            each(record, ExchangeId(call.get(0)?), call.get(1)?)?;
        }
    }
    Ok(())
}

fn keys_of(connection: &Connection, run: i64) -> rusqlite::Result<Vec<u8>> {
    connection.prepare_cached("SELECT keys FROM key_runs WHERE id = ?1")?.query_row([run], |row| row.get(0))
}

fn pair(bytes: &[u8]) -> (KeyHash, i64) {
    (KeyHash(number(&bytes[..8])), number(&bytes[8..]).cast_signed())
}

/// Hashes and numbers in the order of the hashes.
fn sorted<'a>(keys: impl Iterator<Item = (&'a KeyHash, &'a i64)>) -> Vec<u8> {
    let mut pairs: Vec<(KeyHash, i64)> = keys.map(|(key, call)| (*key, *call)).collect();
    pairs.sort_unstable();
    let mut bytes = Vec::with_capacity(PAIR * pairs.len());
    for (key, call) in pairs {
        bytes.extend_from_slice(&key.0.to_be_bytes());
        bytes.extend_from_slice(&call.to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    /// Notes a key for each of these calls, as one commit, with the calls as they are kept.
    fn commit(connection: &Connection, index: &mut KeyIndex, calls: Range<i64>) {
        for call in calls.clone() {
            let record = KeyRecord {
                key: KeyHash(call as u64),
                created: 0,
                fingerprint: RequestFingerprint { whole_key: 0, whole: 0, masked: 0 },
            };
            let insert = "INSERT INTO exchanges (id, is_creation, target, started_ms, method, path, params, headers, record) \
                          VALUES (?1, 0, 'local', 0, 'POST', '/', '', '', ?2)";
            connection.execute(insert, (call, record.to_bytes())).unwrap();
            index.note(record.key, ExchangeId(call), 0);
        }
        index.write(connection, calls.end - 1).unwrap();
        index.committed();
    }

    fn blocks(connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM key_blocks", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn every_key_is_found_by_who_opens_the_history_and_few_commits_write_any() {
        let connection = schema::in_memory_for_tests();
        let mut index = KeyIndex::default();
        for first in (1..2001).step_by(10) {
            commit(&connection, &mut index, first..first + 10);
        }
        assert_eq!(blocks(&connection), 2000 / UNWRITTEN, "200 commits wrote so many blocks");
        let mut opened = KeyIndex::default();
        opened.refresh(&connection, 2000).unwrap();
        for index in [&index, &opened] {
            for call in 1..2001 {
                let found = index.calls(&connection, KeyHash(call as u64)).unwrap();
                assert!(found.contains(&ExchangeId(call)), "{call}");
            }
        }
        // Two processes that take turns do not write what the other one has written.
        for first in (2001..4001).step_by(20) {
            commit(&connection, &mut opened, first..first + 10);
            index.refresh(&connection, first + 9).unwrap();
            commit(&connection, &mut index, first + 10..first + 20);
            opened.refresh(&connection, first + 19).unwrap();
        }
        assert_eq!(blocks(&connection), 4000 / UNWRITTEN);
    }

    #[test]
    fn a_key_that_stands_for_another_call_now_is_written_with_that() {
        let connection = schema::in_memory_for_tests();
        let mut index = KeyIndex::default();
        commit(&connection, &mut index, 1..2);
        index.note(KeyHash(1), ExchangeId(600), 0);
        index.write(&connection, 600).unwrap();
        index.committed();
        let mut opened = KeyIndex::default();
        opened.refresh(&connection, 600).unwrap();
        assert_eq!(opened.calls(&connection, KeyHash(1)).unwrap(), [ExchangeId(600)]);
    }
}
