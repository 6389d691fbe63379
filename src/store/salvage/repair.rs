//! Mends what was copied: rows that are broken, entries without their call and calls without their entry, counts.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension as _;

use super::{
    RowKind,
    copying::{SalvageJob, is_missing},
};
use crate::{
    domain::history::entry::{EntryId, HistoryEntry},
    minter::ObjectKind,
    store::{
        counts,
        entries::{self, EntryMarks},
        given_numbers, key_index, ledger,
        rows::{self, StoredExchange},
        sound::{NumberedTable, RowNumbers},
    },
};

/// More numbers of the minter's count than one call can take.
const STEPS_OF_A_CALL: i64 = 64;

impl SalvageJob<'_> {
    /// Lets all calls be entered in the request log anew, a few with each call that is written: its counts are not
    /// copied.
    pub(super) fn log_later(&self) -> rusqlite::Result<()> {
        let all = "UPDATE log_size SET old_next = 1, old_last = coalesce((SELECT max(id) FROM exchanges), 0)";
        self.new.execute(all, []).map(drop)
    }

    /// Empties what is broken in entries, and drops those of which nothing can be shown.
    pub(super) fn check_entries(&mut self, lost: &mut RowNumbers) -> rusqlite::Result<()> {
        let mut emptied = RowNumbers::default();
        let mut read = self.new.prepare(&format!("SELECT {} FROM entries", rows::ENTRY))?;
        let broken: Vec<(i64, Option<HistoryEntry>)> = read
            .query_map([], |row| {
                let id = row.get(0)?;
                Ok(rows::entry(row).is_err().then(|| (id, rows::entry_in_parts(row).ok())))
            })?
            .filter_map(Result::transpose)
            .collect::<rusqlite::Result<_>>()?;
        for (id, entry) in broken {
            match entry {
                Some(entry) => {
                    entries::update(self.new, &entry, entries::revision(self.new)? + 1, None)?;
                    emptied.insert(id);
                }
                None => {
                    self.new.execute("DELETE FROM entries WHERE id = ?1", [id])?;
                    lost.insert(id);
                }
            }
        }
        if !emptied.is_empty() {
            self.report.emptied.push((RowKind::Entry, emptied));
        }
        Ok(())
    }

    /// The same of calls: lists that are none are empty from now on.
    pub(super) fn check_calls(&mut self, mut lost: RowNumbers) -> rusqlite::Result<RowNumbers> {
        let mut emptied = RowNumbers::default();
        let mut read = self.new.prepare(&format!("SELECT {}, id FROM exchanges", rows::EXCHANGE))?;
        let broken: Vec<i64> = read
            .query_map([], |row| Ok(rows::exchange(row).is_err().then(|| row.get::<_, i64>("id"))))?
            .filter_map(|row| row.and_then(Option::transpose).transpose())
            .collect::<rusqlite::Result<_>>()?;
        for id in broken {
            for column in ["params", "headers", "answer_headers"] {
                self.new.execute(
                    &format!(
                        "UPDATE exchanges SET {column} = '[]' WHERE id = ?1 AND {column} IS NOT NULL \
                         AND NOT iif(json_valid({column}), json_type({column}) = 'array', 0)"
                    ),
                    [id],
                )?;
            }
            let is_right = |saving: &Self| {
                saving
                    .new
                    .prepare_cached(&format!("SELECT {} FROM exchanges WHERE id = ?1", rows::EXCHANGE))?
                    .query_row([id], |row| Ok(rows::exchange(row).is_ok()))
            };
            if !is_right(self)? {
                let all = "UPDATE exchanges SET params = '[]', headers = '[]', answer_headers = '[]', answer_marks = NULL, \
                     packed = NULL, record = NULL, token = NULL WHERE id = ?1";
                self.new.execute(all, [id])?;
            }
            if is_right(self)? {
                emptied.insert(id);
            } else {
                self.new.execute("DELETE FROM exchanges WHERE id = ?1", [id])?;
                lost.insert(id);
            }
        }
        if !emptied.is_empty() {
            self.report.emptied.push((RowKind::Call, emptied));
        }
        Ok(lost)
    }

    pub(super) fn check_objects(&mut self, mut lost: RowNumbers) -> rusqlite::Result<RowNumbers> {
        let mut read = self.new.prepare(&format!("SELECT {}, position, kind FROM objects", rows::OBJECT))?;
        let broken = read
            .query_map([], |row| {
                // Of an event another column is packed; all other kinds are read alike.
                let is_event = row.get_ref("kind")?.as_bytes()? == ObjectKind::Event.as_str().as_bytes();
                let kind = if is_event { ObjectKind::Event } else { ObjectKind::Charge };
                Ok(rows::stored_object(kind, row).is_err().then(|| row.get::<_, i64>("position")))
            })?
            .filter_map(|row| row.and_then(Option::transpose).transpose())
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        for position in broken {
            self.new.execute("DELETE FROM objects WHERE position = ?1", [position])?;
            lost.insert(position);
        }
        Ok(lost)
    }

    /// Makes entries anew that are lost and whose calls are not.
    pub(super) fn remake_entries(&mut self, lost: &mut RowNumbers) -> rusqlite::Result<()> {
        let mut read = self.new.prepare(&format!(
            "SELECT {} FROM exchanges WHERE entry NOT IN (SELECT id FROM entries) ORDER BY entry, id",
            rows::EXCHANGE
        ))?;
        let calls = read.query_map([], rows::exchange)?.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut of_entries: BTreeMap<EntryId, Vec<StoredExchange>> = BTreeMap::new();
        for call in calls {
            if let Some(entry) = call.entry {
                of_entries.entry(entry).or_default().push(call);
            }
        }
        for (id, mut calls) in of_entries {
            if let Some(place) = calls.iter().position(|call| call.is_creation) {
                let creation = calls.remove(place);
                let revision = entries::revision(self.new)? + 1;
                let marks = EntryMarks { revision, ..EntryMarks::default() };
                entries::insert(self.new, &entries::rebuilt(id, &creation, &calls), marks)?;
                self.report.remade.insert(id.0);
            }
        }
        lost.retain(|id| !self.report.remade.contains(id));
        Ok(())
    }

    /// Gives entries whose call is lost one that says so, with a number of the lost ones where there is one.
    pub(super) fn stand_in_for_lost_calls(&mut self, lost: &RowNumbers) -> rusqlite::Result<()> {
        let mut bare = self.new.prepare(
            "SELECT id, target, started_ms FROM entries WHERE NOT EXISTS \
             (SELECT 1 FROM exchanges WHERE entry = entries.id AND is_creation = 1) ORDER BY id",
        )?;
        let bare: Vec<(i64, String, i64)> =
            bare.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<rusqlite::Result<_>>()?;
        let mut insert = self.new.prepare(
            "INSERT INTO exchanges (id, entry, is_creation, target, started_ms, took_micros, method, path, params, \
             headers, failure_kind, failure_message) \
             VALUES (?1, ?2, 1, ?3, ?4, 0, 'POST', '/v1/tokens', '[]', '[]', 'lost', ?5)",
        )?;
        let mut numbers = lost.iter();
        let mut emptied = RowNumbers::default();
        for (entry, target, started) in bare {
            let message = "The call and its answer were lost when the history was damaged";
            insert.execute((numbers.next(), entry, target, started, message))?;
            emptied.insert(entry);
        }
        if !emptied.is_empty() {
            self.report.emptied.push((RowKind::EntryWithoutCall, emptied));
        }
        Ok(())
    }

    /// What refers to a row that is not there: calls stay in the log without their entry, keys without their answer go.
    pub(super) fn drop_orphans(&self, mut lost_answers: RowNumbers) -> rusqlite::Result<RowNumbers> {
        self.new.execute("UPDATE exchanges SET entry = NULL WHERE entry NOT IN (SELECT id FROM entries)", [])?;
        // A token whose call is lost is found by its text again.
        let untold = "UPDATE entries SET token_call = NULL WHERE token_call IS NOT NULL AND NOT EXISTS (SELECT 1 \
                      FROM exchanges WHERE id = entries.token_call AND entry = entries.id AND is_creation = 1)";
        self.new.execute(untold, [])?;
        let told = "UPDATE entries SET token_call = made.id FROM exchanges AS made \
                    WHERE made.entry = entries.id AND made.is_creation = 1 AND made.token IS NOT NULL";
        self.new.execute(told, [])?;
        key_index::rebuild(self.new)?;
        let orphans = "DELETE FROM answers WHERE exchange NOT IN (SELECT id FROM exchanges) RETURNING exchange";
        let mut orphans = self.new.prepare(orphans)?;
        for exchange in orphans.query_map([], |row| row.get(0))? {
            lost_answers.insert(exchange?);
        }
        Ok(lost_answers)
    }

    /// Rows whose run is lost go: without it nobody finds them.
    pub(super) fn drop_rows_without_run(&self, lost_rows: &mut RowNumbers) -> rusqlite::Result<()> {
        let orphans = "DELETE FROM run_rows WHERE run NOT IN (SELECT id FROM runs) RETURNING id";
        let mut orphans = self.new.prepare(orphans)?;
        for row in orphans.query_map([], |row| row.get(0))? {
            lost_rows.insert(row?);
        }
        Ok(())
    }

    /// Counts go on where they were, so that no number and no id is given twice.
    pub(super) fn keep_counts(&mut self, lost: [&RowNumbers; 4]) -> rusqlite::Result<()> {
        counts::rebuild(self.new)?;
        let tables = [NumberedTable::Entries, NumberedTable::Exchanges, NumberedTable::Objects, NumberedTable::Runs];
        for (table, lost) in tables.into_iter().zip(lost) {
            let name = table.name();
            let given = if table == NumberedTable::Runs {
                let given = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
                self.old.query_row(given, [name], |row| row.get::<_, i64>(0)).optional()
            } else {
                given_numbers::kept(self.old, name)
            };
            if given.is_err() {
                self.report.remarks.push(format!(
                    "how many numbers the table {name} has given is lost: they go on after the highest that is there"
                ));
            }
            let given = given.ok().flatten().unwrap_or_default();
            let newest = self.number(&format!("SELECT max(rowid) FROM {name}"))?;
            let last = given.max(newest).max(lost.iter().last().unwrap_or_default());
            if table == NumberedTable::Runs {
                self.new.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [name])?;
                self.new.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", (name, last))?;
            } else {
                let keep = "UPDATE counters SET value = ?2 WHERE name = 'last_' || ?1";
                self.new.execute(keep, (name, last))?;
            }
        }
        let counter = |name: &str| {
            self.old.query_row("SELECT value FROM counters WHERE name = ?1", [name], |row| row.get::<_, i64>(0)).ok()
        };
        let revision = self.number("SELECT max(revision) FROM entries")?;
        let revision = counter("revision").unwrap_or_default().max(revision) + 1;
        let sequence = counter("sequence").filter(|count| *count >= 0);
        self.new.execute("UPDATE counters SET value = ?2 WHERE name = ?1", ("revision", revision))?;
        self.keep_worlds(sequence)?;
        self.keep_voids()
    }

    /// Which tokens and keys a reset made void stays, and how many tokens each world has in its calls.
    fn keep_voids(&mut self) -> rusqlite::Result<()> {
        let voids = self.old.prepare("SELECT name, void FROM worlds").and_then(|mut worlds| {
            let worlds = worlds.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
            worlds.collect::<rusqlite::Result<Vec<_>>>()
        });
        match voids {
            Ok(voids) => {
                for world in voids {
                    self.new.execute("UPDATE worlds SET void = ?2 WHERE name = ?1", world)?;
                }
            }
            // A history of before there were any.
            Err(error) if is_missing(&error) => {}
            Err(_) => {
                let remark =
                    "which tokens and keys a reset made void is lost: those that a call keeps are void from now on";
                self.report.remarks.push(remark.to_owned());
                self.new.execute("UPDATE worlds SET void = ?1", [given_numbers::last_call(self.new)?])?;
            }
        }
        if self.has_new_secret {
            // Which call made a token, where an object is, and which call a key stands for, only the lost secret could tell.
            ledger::keep_tokens_of(self.new, None)?;
            self.new.execute_batch(
                "UPDATE exchanges SET token = NULL, record = NULL; UPDATE entries SET token_call = NULL;
                 UPDATE objects SET numbered = NULL, points_to = NULL;
                 DELETE FROM key_blocks; DELETE FROM key_runs;",
            )?;
        }
        self.new
            .execute(
                "UPDATE worlds SET tokens = (SELECT count(*) FROM exchanges \
                 WHERE world = worlds.name AND token IS NOT NULL AND id > worlds.void)",
                [],
            )
            .map(drop)
    }

    /// Keeps the count, the clock and the order of use of each world; before there were worlds, the one count stood with
    /// the others.
    fn keep_worlds(&mut self, older_sequence: Option<i64>) -> rusqlite::Result<()> {
        let insert = "INSERT OR REPLACE INTO worlds (name, sequence, clock_ms, used) VALUES (?1, ?2, ?3, ?4)";
        let worlds = self.old.prepare("SELECT name, sequence, clock_ms, used FROM worlds").and_then(|mut worlds| {
            worlds
                .query_map([], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
        });
        let is_right = |worlds: &Vec<(String, i64, i64, i64)>| {
            worlds.iter().any(|(name, ..)| name.is_empty()) && worlds.iter().all(|(_, sequence, ..)| *sequence >= 0)
        };
        match (worlds.ok().filter(is_right), older_sequence) {
            (Some(worlds), _) => worlds.iter().try_for_each(|world| self.new.execute(insert, world.clone()).map(drop)),
            (None, Some(sequence)) => self.new.execute(insert, ("", sequence, 0, 0)).map(drop),
            (None, None) => {
                let calls = given_numbers::last_call(self.new)?;
                let beyond = (calls + 1).saturating_mul(STEPS_OF_A_CALL);
                self.report.remarks.push(format!(
                    "the minter's own count is lost and goes on at {beyond}, beyond all that it can have given"
                ));
                let all = "INSERT OR REPLACE INTO worlds (name, sequence) SELECT world, ?1 FROM exchanges \
                           UNION SELECT world, ?1 FROM objects UNION SELECT '', ?1";
                self.new.execute(all, [beyond]).map(drop)
            }
        }
    }
}
