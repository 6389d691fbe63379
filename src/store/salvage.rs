//! Saves what can be read of a damaged history into a new folder. The damaged files are only copied: everything is done
//! to the copy.

use std::{
    collections::{BTreeMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, params_from_iter,
    types::{Value, ValueRef},
};

use super::{
    Durability, FILE_NAME,
    copy::{PrivateCopy, holds_something, log_of, real, wal_of},
    error::{StoreError, is_damage},
    make_folder, record, rows,
    rows::StoredExchange,
    schema::{Backups, Location},
    sound::{Numbers, Table, for_each_sound_row},
};
use crate::domain::history::entry::EntryId;

const SAVING: &str = "write what was saved";
/// The new database until it is whole.
const UNFINISHED: &str = "testcard.sqlite3.unfinished";
/// How many steps of the minter's count a call takes at most, and some to spare.
const STEPS_OF_A_CALL: i64 = 64;

/// What was saved of a history, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    pub file: PathBuf,
    /// How many rows of each kind are in the new history.
    pub saved: Vec<(&'static str, u64)>,
    /// The numbers of rows that could not be read or understood. On a damaged page nobody can tell which there were.
    pub lost: Vec<(&'static str, Numbers)>,
    /// Entries that were lost and were made anew from their calls; notes and tags of them are gone.
    pub remade: Numbers,
    /// Rows of which a part could not be read, and is empty now.
    pub emptied: Vec<(&'static str, Numbers)>,
    /// What else is not as it was, in sentences.
    pub remarks: Vec<String>,
}

impl Salvaged {
    /// Whether the new history has all that the old one had.
    pub fn is_whole(&self) -> bool {
        self.lost.is_empty() && self.remade.is_empty() && self.emptied.is_empty() && self.remarks.is_empty()
    }
}

/// Why nothing was saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SalvageError {
    #[error("Could not salvage {}: there is no history. Name a data folder, or a database file", place.display())]
    NoSource { place: PathBuf },
    #[error("Could not salvage to {}: {reason}. Name a folder that is new", target.display())]
    Target { target: PathBuf, reason: &'static str },
    #[error("Could not salvage {}: nothing of it can be read ({reason})", file.display())]
    Unreadable { file: PathBuf, reason: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads a damaged history, a folder's or a file's, and writes what can be read to a new folder.
///
/// # Errors
/// A source without a history, a target that is not new or not apart, a file of which nothing can be read, a disk that
/// cannot be written. Then the target is as it was.
pub fn salvage(source: &Path, target: &Path, now: Timestamp) -> Result<Salvaged, SalvageError> {
    let file = if source.is_dir() { source.join(FILE_NAME) } else { source.to_owned() };
    if !holds_something(&file) && !holds_something(&log_of(&file)) {
        return Err(SalvageError::NoSource { place: source.to_owned() });
    }
    let was_there = check_target(&file, target)?;
    let copy = PrivateCopy::of(&file)?;
    let (old, mut remarks) = open_copy(&copy, &file)?;
    let folder = make_folder(target)?;
    let unfinished = folder.join(UNFINISHED);
    let saved = write(&old, &unfinished, now).map_err(SalvageError::from).and_then(|mut saved| {
        if !saved.lost.is_empty() && saved.saved.iter().all(|(_, count)| *count == 0) {
            let reason = "none of its rows can".to_owned();
            return Err(SalvageError::Unreadable { file: file.clone(), reason });
        }
        fs::rename(&unfinished, folder.join(FILE_NAME)).map_err(|error| failed(&error))?;
        if let Ok(folder) = fs::File::open(&folder) {
            let _ = folder.sync_all();
        }
        remarks.append(&mut saved.remarks);
        Ok(Salvaged { file: folder.join(FILE_NAME), remarks, ..saved })
    });
    if saved.is_err() {
        for file in [unfinished.clone(), wal_of(&unfinished), folder.join(format!("{UNFINISHED}-shm"))] {
            let _ = fs::remove_file(file);
        }
        if !was_there {
            let _ = fs::remove_dir(&folder);
        }
    }
    saved
}

/// Refuses a target in which there is something, and one that is not apart from the source, through links too. Whether
/// it is there already.
fn check_target(file: &Path, target: &Path) -> Result<bool, SalvageError> {
    let refused = |reason| SalvageError::Target { target: target.to_owned(), reason };
    let was_there = match fs::symlink_metadata(target) {
        Ok(_) => match fs::read_dir(target) {
            Ok(inside) => {
                if inside.count() > 0 {
                    return Err(refused("it is not empty"));
                }
                true
            }
            Err(_) => return Err(refused("it is there already and is no folder that can be read")),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(_) => return Err(refused("it cannot be looked at")),
    };
    let target = resolved(target);
    let folder_of = |file: &Path| resolved(file.parent().unwrap_or(Path::new(".")));
    for source in [folder_of(file), folder_of(&real(file))] {
        if target.starts_with(&source) || source.starts_with(&target) {
            return Err(refused("it is not apart from the folder that is to be saved"));
        }
    }
    Ok(was_there)
}

/// The path without links, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (fs::canonicalize(ancestor), path.strip_prefix(ancestor)) {
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    path
}

/// A connection to the copy, mended.
fn open_copy(copy: &PrivateCopy, file: &Path) -> Result<(Connection, Vec<String>), SalvageError> {
    let location = Location::File(copy.file());
    let unreadable = |reason: String| SalvageError::Unreadable { file: file.to_owned(), reason };
    let error = match copy.mend(|| look(&location).map_err(|error| StoreError::of("read it", &error))) {
        Ok(opened) => return Ok(opened),
        Err(error @ StoreError::NoCopy { .. }) => return Err(error.into()),
        Err(error) => error,
    };
    copy.replace_schema().map_err(|_| unreadable(error.cause()))?;
    let connection = look(&location).map_err(|_| unreadable(error.cause()))?;
    let remark = "the list of tables was damaged, and that of a new history was taken: what an older version had \
                  elsewhere is not found";
    Ok((connection, vec![remark.to_owned()]))
}

/// Opens a database and reads what tables it has.
fn look(location: &Location) -> rusqlite::Result<Connection> {
    let connection = location.connect()?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'exchanges'", [], |row| row.get(0))?;
    // The file may be gone but for a first page that was made for it.
    if tables == 0 { Err(rusqlite::Error::QueryReturnedNoRows) } else { Ok(connection) }
}

fn failed(error: &io::Error) -> SalvageError {
    StoreError::Other { doing: SAVING, reason: error.to_string() }.into()
}

/// Writes what can be read to a new database, which is whole and closed when this returns.
fn write(old: &Connection, file: &Path, now: Timestamp) -> Result<Salvaged, StoreError> {
    let location = Location::File(super::make_named_file(file)?);
    let mut new = location.connect_writer(now, Durability::PowerLoss, Backups::Waived)?;
    let told = |error: rusqlite::Error| location.failed(SAVING, &error);
    // Rows come in no order; what refers to nothing is looked for at the end.
    new.pragma_update(None, "foreign_keys", false).map_err(told)?;
    let transaction = new.transaction().map_err(told)?;
    let salvaged = Saving { old, new: &transaction, report: Salvaged::default() }.all().map_err(told)?;
    transaction.commit().map_err(told)?;
    new.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(told)?;
    new.close().map_err(|(_, error)| told(error))?;
    Ok(salvaged)
}

/// The work in hand.
struct Saving<'a> {
    old: &'a Connection,
    new: &'a Connection,
    report: Salvaged,
}

impl Saving<'_> {
    fn all(mut self) -> rusqlite::Result<Salvaged> {
        self.keep_meta()?;
        let mut lost_entries = self.copy_table(Table::Entries)?;
        let lost_calls = self.copy_table(Table::Exchanges)?;
        let lost_objects = self.copy_table(Table::Objects)?;
        let lost_answers = self.copy_table(Table::Answers)?;
        self.check_entries(&mut lost_entries)?;
        let lost_calls = self.check_calls(lost_calls)?;
        let lost_objects = self.check_objects(lost_objects)?;
        self.remake_entries(&mut lost_entries)?;
        self.stand_in_for_lost_calls(&lost_calls)?;
        let lost_answers = self.drop_orphans(lost_answers)?;
        for (name, numbers) in [
            ("entries", &lost_entries),
            ("calls", &lost_calls),
            ("objects of the minter", &lost_objects),
            ("remembered idempotency keys", &lost_answers),
        ] {
            if !numbers.is_empty() {
                self.report.lost.push((name, numbers.clone()));
            }
        }
        self.keep_counts([&lost_entries, &lost_calls, &lost_objects])?;
        self.log_later()?;
        for (name, table) in [
            ("entries", Table::Entries),
            ("calls", Table::Exchanges),
            ("objects of the minter", Table::Objects),
            ("remembered idempotency keys", Table::Answers),
        ] {
            let count: i64 = self.number(&format!("SELECT count(*) FROM {}", table.name()))?;
            self.report.saved.push((name, count.cast_unsigned()));
        }
        Ok(self.report)
    }

    /// What the bound of the request log counts is not saved: all calls are entered anew, some with each call, as those
    /// are that are older than the bound.
    fn log_later(&self) -> rusqlite::Result<()> {
        let all = "UPDATE log_size SET old_next = 1, old_last = coalesce((SELECT max(id) FROM exchanges), 0)";
        self.new.execute(all, []).map(drop)
    }

    fn number(&self, sql: &str) -> rusqlite::Result<i64> {
        self.new.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).map(Option::unwrap_or_default)
    }

    /// The secret of the folder, so that fingerprints and the account's id stay.
    fn keep_meta(&mut self) -> rusqlite::Result<()> {
        for name in ["workspace_secret", "created"] {
            let value = self
                .old
                .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get::<_, Vec<u8>>(0))
                .optional();
            match value {
                Ok(Some(value)) if name != "workspace_secret" || value.len() == 32 => {
                    self.new.execute("UPDATE meta SET value = ?2 WHERE name = ?1", (name, value))?;
                }
                Err(error) if !is_damage(&error) && !is_missing(&error) => return Err(error),
                _ if name == "workspace_secret" => {
                    let words = "the secret of the folder is lost: fingerprints and the account's id are new ones";
                    self.report.remarks.push(words.to_owned());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Copies the rows of a table that can be read; gives the numbers of those that cannot.
    fn copy_table(&self, table: Table) -> rusqlite::Result<Numbers> {
        let name = table.name();
        let columns_of = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
            let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
            columns.query_map([name], |row| row.get(0))?.collect()
        };
        let old: HashSet<String> = columns_of(self.old)?.into_iter().collect();
        let columns: Vec<String> = columns_of(self.new)?.into_iter().filter(|name| old.contains(name)).collect();
        if columns.is_empty() {
            return Ok(Numbers::default());
        }
        let list = columns.join(", ");
        let places = vec!["?"; columns.len()].join(", ");
        let insert = format!("INSERT OR IGNORE INTO {name} ({list}) VALUES ({places})");
        let mut refused = Numbers::default();
        let mut write = |number: i64, row: &rusqlite::Row<'_>, first: usize| {
            let values = (first..first + columns.len()).map(|column| value(row, column)).collect::<Result<Vec<_>, _>>();
            let Ok(values) = values else {
                refused.insert(number);
                return Ok(());
            };
            match self.new.prepare_cached(&insert)?.execute(params_from_iter(values)) {
                Ok(1) => Ok(()),
                // A number that is there twice, or a value that its column cannot hold.
                Ok(_) => {
                    refused.insert(number);
                    Ok(())
                }
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    refused.insert(number);
                    Ok(())
                }
                Err(error) => Err(error),
            }
        };
        // The first version of objects had no numbers: their order was that of their times.
        if table == Table::Objects && !old.contains("position") {
            let mut rows = self.old.prepare(&format!("SELECT {list} FROM objects ORDER BY created, id"))?;
            let mut rows = rows.query([])?;
            let mut number = 0;
            loop {
                match rows.next() {
                    Ok(Some(row)) => {
                        number += 1;
                        write(number, row, 0)?;
                    }
                    Ok(None) => break,
                    Err(error) if is_damage(&error) => {
                        refused.insert(number + 1);
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
            return Ok(refused);
        }
        let lost = for_each_sound_row(self.old, table, &list, &mut |number, row| write(number, row, 1));
        let mut lost = match lost {
            Err(error) if is_missing(&error) => Numbers::default(),
            lost => lost?,
        };
        if table == Table::Entries && !lost.is_empty() {
            let known = "SELECT id FROM entries INDEXED BY entries_by_revision WHERE revision > -1";
            let known = self.old.prepare(known).and_then(|mut known| {
                known.query_map([], |row| row.get::<_, i64>(0))?.collect::<rusqlite::Result<HashSet<i64>>>()
            });
            if let Ok(known) = known {
                lost.retain(|number| known.contains(&number));
            }
        }
        lost.extend(&refused);
        Ok(lost)
    }

    /// Empties what is broken in entries, and drops those of which nothing can be shown.
    fn check_entries(&mut self, lost: &mut Numbers) -> rusqlite::Result<()> {
        let mut emptied = Numbers::default();
        let mut read = self.new.prepare(&format!("SELECT {} FROM entries", rows::ENTRY))?;
        let broken: Vec<(i64, Option<crate::domain::history::entry::Entry>)> = read
            .query_map([], |row| {
                let id = row.get(0)?;
                Ok(rows::entry(row).is_err().then(|| (id, rows::entry_in_parts(row).ok())))
            })?
            .filter_map(Result::transpose)
            .collect::<rusqlite::Result<_>>()?;
        for (id, entry) in broken {
            match entry {
                Some(entry) => {
                    record::save_entry(self.new, &entry, None)?;
                    emptied.insert(id);
                }
                None => {
                    self.new.execute("DELETE FROM entries WHERE id = ?1", [id])?;
                    lost.insert(id);
                }
            }
        }
        if !emptied.is_empty() {
            self.report.emptied.push(("entries", emptied));
        }
        Ok(())
    }

    /// The same of calls: lists that are none are empty from now on.
    fn check_calls(&mut self, mut lost: Numbers) -> rusqlite::Result<Numbers> {
        let mut emptied = Numbers::default();
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
                let all = "UPDATE exchanges SET params = '[]', headers = '[]', answer_headers = '[]', answer_marks = NULL \
                     WHERE id = ?1";
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
            self.report.emptied.push(("calls", emptied));
        }
        Ok(lost)
    }

    fn check_objects(&mut self, mut lost: Numbers) -> rusqlite::Result<Numbers> {
        let broken = "DELETE FROM objects WHERE NOT (json_valid(body) AND json_valid(state)) RETURNING position";
        let mut broken = self.new.prepare(broken)?;
        for position in broken.query_map([], |row| row.get(0))? {
            lost.insert(position?);
        }
        Ok(lost)
    }

    /// Makes entries anew that are lost and whose calls are not.
    fn remake_entries(&mut self, lost: &mut Numbers) -> rusqlite::Result<()> {
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
                record::insert_numbered(self.new, &record::entry_of_calls(id, &creation, &calls))?;
                self.report.remade.insert(id.0);
            }
        }
        lost.retain(|id| !self.report.remade.contains(id));
        Ok(())
    }

    /// Gives entries whose call is lost one that says so, with a number of the lost ones where there is one.
    fn stand_in_for_lost_calls(&mut self, lost: &Numbers) -> rusqlite::Result<()> {
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
        let mut emptied = Numbers::default();
        for (entry, target, started) in bare {
            let message = "The call and its answer were lost when the history was damaged";
            insert.execute((numbers.next(), entry, target, started, message))?;
            emptied.insert(entry);
        }
        if !emptied.is_empty() {
            self.report.emptied.push(("entries without their call", emptied));
        }
        Ok(())
    }

    /// What refers to a row that is not there: calls stay in the log without their entry, keys without their answer go.
    fn drop_orphans(&self, mut lost_answers: Numbers) -> rusqlite::Result<Numbers> {
        self.new.execute("UPDATE exchanges SET entry = NULL WHERE entry NOT IN (SELECT id FROM entries)", [])?;
        let orphans = "DELETE FROM answers WHERE exchange NOT IN (SELECT id FROM exchanges) RETURNING exchange";
        let mut orphans = self.new.prepare(orphans)?;
        for exchange in orphans.query_map([], |row| row.get(0))? {
            lost_answers.insert(exchange?);
        }
        Ok(lost_answers)
    }

    /// Counts go on where they were, so that no number and no id is given twice.
    fn keep_counts(&mut self, lost: [&Numbers; 3]) -> rusqlite::Result<()> {
        self.new.execute_batch(
            "DELETE FROM counts;
             INSERT INTO counts (status, count)
                 SELECT status, count(*) FROM entries WHERE deleted_ms IS NULL GROUP BY status;",
        )?;
        for (table, lost) in [Table::Entries, Table::Exchanges, Table::Objects].into_iter().zip(lost) {
            let name = table.name();
            let given = self
                .old
                .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [name], |row| row.get::<_, i64>(0))
                .optional();
            if given.is_err() {
                self.report.remarks.push(format!(
                    "how many numbers the table {name} has given is lost: they go on after the highest that is there"
                ));
            }
            let given = given.ok().flatten().unwrap_or_default();
            let newest = self.number(&format!("SELECT max(rowid) FROM {name}"))?;
            let last = given.max(newest).max(lost.iter().last().unwrap_or_default());
            self.new.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [name])?;
            self.new.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", (name, last))?;
        }
        let counter = |name: &str| {
            self.old.query_row("SELECT value FROM counters WHERE name = ?1", [name], |row| row.get::<_, i64>(0)).ok()
        };
        let revision = self.number("SELECT max(revision) FROM entries")?;
        let revision = counter("revision").unwrap_or_default().max(revision) + 1;
        let sequence = counter("sequence").filter(|count| *count >= 0);
        let (calls, set) = (
            self.number("SELECT seq FROM sqlite_sequence WHERE name = 'exchanges'")?,
            "UPDATE counters SET value = ?2 WHERE name = ?1",
        );
        self.new.execute(set, ("revision", revision))?;
        let sequence = sequence.unwrap_or_else(|| {
            let beyond = (calls + 1).saturating_mul(STEPS_OF_A_CALL);
            self.report.remarks.push(format!(
                "the minter's own count is lost and goes on at {beyond}, beyond all that it can have given"
            ));
            beyond
        });
        self.new.execute(set, ("sequence", sequence)).map(drop)
    }
}

/// A table or a column that the old database has not, or not any more.
fn is_missing(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::Unknown)
}

/// A value as it stands; text that is none in UTF-8 keeps what is.
fn value(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Value> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
    })
}
