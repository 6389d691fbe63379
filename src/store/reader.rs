//! Reading the history, on a connection that cannot write. All methods block: call them on a thread of their own.

use std::{
    collections::{HashMap, HashSet},
    ops::{ControlFlow, Range},
};

use rusqlite::{Connection, OptionalExtension as _, params_from_iter, types::Value};

use super::{
    error::StoreError,
    rows::{self, StoredExchange},
    schema::Location,
};
use crate::domain::{
    api::{Exchange, MaskedRequest, Target},
    entry::{Counts, Entry, EntryDetail, EntryId, HistoryFilter, Status},
    listing::{Sort, SortKey},
    mask,
    request_log::{ExchangeId, RequestRow},
};

const READING: &str = "read the history";
/// How many entries are read at a time when all are gone through.
const PAGE: usize = 64;
/// A line of the history is too short to hold more different words.
const MOST_WORDS: usize = 100;

/// A reading connection: for one thread at a time, and cheap to make.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    /// Whether a long read leaves the writer alone: so with a file, not in memory.
    reads_beside_the_writer: bool,
}

type Result<T> = std::result::Result<T, StoreError>;

impl Reader {
    pub(super) fn open(location: &Location) -> Result<Self> {
        let connection = location.connect_reader().map_err(|error| location.opening_failed(&error))?;
        Ok(Self { connection, reads_beside_the_writer: location.is_file() })
    }

    /// All entries that pass the filter, in its order.
    ///
    /// # Errors
    /// Here and below: when the database cannot be read.
    pub fn ids(&self, filter: &HistoryFilter) -> Result<Vec<EntryId>> {
        let clause = Clause::of(filter);
        self.collect(
            &format!("SELECT id FROM entries WHERE {} ORDER BY {}", clause.sql, order(filter.sort)),
            params_from_iter(clause.values),
            |row| row.get(0).map(EntryId),
        )
    }

    /// The entries of these ids, in their order; without those that do not exist.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn rows(&self, ids: &[EntryId]) -> Result<Vec<Entry>> {
        let entries = self.collect(
            &format!(
                "SELECT {} FROM entries WHERE deleted_ms IS NULL AND id IN (SELECT value FROM json_each(?1))",
                rows::ENTRY
            ),
            [json(ids)],
            rows::entry,
        )?;
        let entries: HashMap<EntryId, Entry> = entries.into_iter().map(|entry| (entry.id, entry)).collect();
        Ok(ids.iter().filter_map(|id| entries.get(id).cloned()).collect())
    }

    /// The newest entries that pass the filter, so many at most, newest first whatever its order.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn page(&self, filter: &HistoryFilter, limit: usize) -> Result<Vec<Entry>> {
        self.page_before(filter, i64::MAX, limit)
    }

    /// Everything about an entry.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn detail(&self, id: EntryId) -> Result<Option<EntryDetail>> {
        self.at_once(|| Ok(self.details(self.rows(&[id])?)?.pop()))
    }

    /// The newest entry with this token.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn by_token(&self, token_id: &str) -> Result<Option<EntryId>> {
        self.connection
            .prepare_cached(
                "SELECT id FROM entries WHERE token_id = ?1 AND deleted_ms IS NULL ORDER BY id DESC LIMIT 1",
            )
            .and_then(|mut found| found.query_row([mask::text(token_id)], |row| row.get(0).map(EntryId)).optional())
            .map_err(|error| told(&error))
    }

    /// How many entries of each status there are: kept by the writer, so this does not count.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn counts(&self) -> Result<Counts> {
        let kept: Vec<(String, i64)> =
            self.collect("SELECT status, count FROM counts", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut counts = Counts::default();
        for (word, count) in kept {
            if let Ok(status) = word.parse::<Status>() {
                counts.set(status, count.cast_unsigned());
            }
        }
        Ok(counts)
    }

    /// How many entries pass the filter.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn count(&self, filter: &HistoryFilter) -> Result<u64> {
        if filter.is_everything() {
            return Ok(self.counts()?.all());
        }
        let clause = Clause::of(filter);
        self.number(&format!("SELECT count(*) FROM entries WHERE {}", clause.sql), clause.values)
            .map(i64::cast_unsigned)
    }

    /// Which of these entries pass the filter, in their order: told by the same clause as [`Self::ids`].
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn matching(&self, filter: &HistoryFilter, ids: &[EntryId]) -> Result<Vec<bool>> {
        let Clause { sql, mut values } = Clause::of(filter);
        values.push(json(ids).into());
        let found = self.collect(
            &format!("SELECT id FROM entries WHERE {sql} AND id IN (SELECT value FROM json_each(?))"),
            params_from_iter(values),
            |row| row.get(0).map(EntryId),
        )?;
        let found: HashSet<EntryId> = found.into_iter().collect();
        Ok(ids.iter().map(|id| found.contains(id)).collect())
    }

    /// What was made, changed or deleted after a revision.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn changes_since(&self, revision: i64) -> Result<Changes> {
        self.at_once(|| {
            Ok(Changes {
                entries: self.collect(&changed_sql(rows::ENTRY, "IS NULL"), [revision], rows::entry)?,
                deleted: self.collect(&changed_sql("id", "IS NOT NULL"), [revision], |row| row.get(0).map(EntryId))?,
                revision: self.revision()?,
            })
        })
    }

    /// The count of all changes of entries so far, by whatever process.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn revision(&self) -> Result<i64> {
        self.number("SELECT value FROM counters WHERE name = 'revision'", Vec::new())
    }

    /// A number that is another one after a commit by any other connection: cheap to look at often, and meaningful for
    /// this reader only.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn data_version(&self) -> Result<i64> {
        self.number("PRAGMA data_version", Vec::new())
    }

    /// The newest calls after one, newest first, without their bodies: whoever made them, and whatever they were about.
    /// One that still waits for its answer is left out.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn request_rows(
        &self,
        target: Option<Target>,
        after: Option<ExchangeId>,
        limit: usize,
    ) -> Result<Vec<RequestRow>> {
        self.collect(
            &format!(
                "SELECT {} FROM exchanges WHERE id > ?1 AND took_micros IS NOT NULL AND target = coalesce(?3, target) \
                 ORDER BY id DESC LIMIT ?2",
                rows::REQUEST
            ),
            (after.map_or(0, |id| id.0), i64::try_from(limit).unwrap_or(i64::MAX), target.map(Target::as_str)),
            rows::request,
        )
    }

    /// A call with its answer, once it is here.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn exchange(&self, id: ExchangeId) -> Result<Option<Exchange>> {
        let found =
            self.collect(&format!("SELECT {} FROM exchanges WHERE id = ?1", rows::EXCHANGE), [id.0], rows::exchange)?;
        Ok(found.into_iter().next().and_then(StoredExchange::finished))
    }

    /// Goes through everything about all entries that pass the filter, newest first whatever its order, with a page of them
    /// in memory at a time. What is written meanwhile is not seen, but for a store in memory, where changes of entries are.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn for_each_detail(
        &self,
        filter: &HistoryFilter,
        mut each: impl FnMut(EntryDetail) -> ControlFlow<()>,
    ) -> Result<()> {
        let snapshot = self.reads_beside_the_writer.then(|| self.connection.unchecked_transaction()).transpose();
        let _snapshot = snapshot.map_err(|error| told(&error))?;
        let mut before = i64::MAX;
        loop {
            let page = || self.details(self.page_before(filter, before, PAGE)?);
            let page = if self.reads_beside_the_writer { page() } else { self.at_once(page) }?;
            let Some(last) = page.last() else { return Ok(()) };
            before = last.entry.id.0;
            for detail in page {
                if each(detail).is_break() {
                    return Ok(());
                }
            }
        }
    }

    fn page_before(&self, filter: &HistoryFilter, before: i64, limit: usize) -> Result<Vec<Entry>> {
        let Clause { sql, mut values } = Clause::of(filter);
        values.push(before.into());
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        self.collect(
            &format!("SELECT {} FROM entries WHERE {sql} AND id < ? ORDER BY id DESC LIMIT ?", rows::ENTRY),
            params_from_iter(values),
            rows::entry,
        )
    }

    /// Everything about these entries, in their order.
    fn details(&self, entries: Vec<Entry>) -> Result<Vec<EntryDetail>> {
        let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
        let exchanges = self.collect(
            &format!(
                "SELECT {} FROM exchanges WHERE entry IN (SELECT value FROM json_each(?1)) ORDER BY entry, id",
                rows::EXCHANGE
            ),
            [json(&ids)],
            rows::exchange,
        )?;
        let mut calls: HashMap<EntryId, Calls> = HashMap::new();
        for exchange in exchanges {
            if let Some(entry) = exchange.entry {
                calls.entry(entry).or_default().push(exchange);
            }
        }
        let detail = |entry: Entry| {
            let Calls { creation, timeline } = calls.remove(&entry.id).unwrap_or_default();
            let (request, outcome, replaced) = creation.ok_or_else(|| StoreError::Damaged {
                doing: READING,
                reason: format!("entry {} has no call", entry.id.0),
            })?;
            Ok(EntryDetail { entry, request, outcome, replaced, timeline })
        };
        entries.into_iter().map(detail).collect()
    }

    /// Runs several reads on one state of the database.
    fn at_once<T>(&self, read: impl FnOnce() -> Result<T>) -> Result<T> {
        let _snapshot = self.connection.unchecked_transaction().map_err(|error| told(&error))?;
        read()
    }

    fn collect<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut query| query.query_map(values, read)?.collect())
            .map_err(|error| told(&error))
    }

    fn number(&self, sql: &str, values: Vec<Value>) -> Result<i64> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut query| query.query_row(params_from_iter(values), |row| row.get(0)))
            .map_err(|error| told(&error))
    }
}

/// The entries that changed after a revision. The index is named: without that the order of ids wins, and with it every
/// commit would go through the whole table.
fn changed_sql(columns: &str, deleted: &str) -> String {
    format!(
        "SELECT {columns} FROM entries INDEXED BY entries_by_revision WHERE revision > ?1 AND deleted_ms {deleted} \
         ORDER BY id"
    )
}

/// What happened to the history after a revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// New and changed entries, and those that came back, oldest first.
    pub entries: Vec<Entry>,
    /// Entries that are not shown any more.
    pub deleted: Vec<EntryId>,
    /// The revision that this brings to.
    pub revision: i64,
}

/// The calls of an entry.
#[derive(Default)]
struct Calls {
    creation: Option<(MaskedRequest, Option<Outcome>, Vec<Range<usize>>)>,
    timeline: Vec<Exchange>,
}

type Outcome = std::result::Result<crate::domain::api::ApiResponse, crate::domain::api::Failure>;

impl Calls {
    fn push(&mut self, exchange: StoredExchange) {
        if exchange.is_creation {
            self.creation = Some((exchange.request, exchange.outcome, exchange.replaced));
        } else {
            self.timeline.extend(exchange.finished());
        }
    }
}

/// A filter as a condition on `entries`, its values bound in their order.
struct Clause {
    sql: String,
    values: Vec<Value>,
}

impl Clause {
    fn of(filter: &HistoryFilter) -> Self {
        let mut conditions = vec!["deleted_ms IS NULL"];
        let mut values: Vec<Value> = Vec::new();
        if let Some(status) = filter.status {
            conditions.push("status = ?");
            values.push(status.as_str().to_owned().into());
        }
        if let Some(target) = filter.target {
            conditions.push("target = ?");
            values.push(target.as_str().to_owned().into());
        }
        if let Some(tag) = &filter.tag {
            // As JSON has it, between quotes, which no tag has in it.
            conditions.push("instr(tags, ?) > 0");
            values.push(format!("\"{tag}\"").into());
        }
        for (moment, condition) in [(filter.since, "started_ms >= ?"), (filter.until, "started_ms <= ?")] {
            if let Some(moment) = moment {
                conditions.push(condition);
                values.push(moment.as_millisecond().into());
            }
        }
        if let Some(among) = &filter.among {
            conditions.push("id IN (SELECT value FROM json_each(?))");
            values.push(json(among).into());
        }
        let words = filter.search.to_lowercase();
        let words: HashSet<&str> = words.split_whitespace().collect();
        if words.len() > MOST_WORDS {
            conditions.push("FALSE");
        } else {
            // Not LIKE: here a percent sign is a percent sign.
            conditions.extend(words.iter().map(|_| "instr(haystack, ?) > 0"));
            values.extend(words.into_iter().map(|word| Value::from(word.to_owned())));
        }
        Self { sql: conditions.join(" AND "), values }
    }
}

/// An order as terms of SQL.
fn order(sort: Sort) -> String {
    let way = if sort.is_falling { "DESC" } else { "ASC" };
    let keys: &[&str] = match sort.key {
        SortKey::Created => return format!("id {way}"),
        SortKey::Took => &["took_micros"],
        SortKey::Status => {
            let places = Status::ALL.iter().zip(0..);
            let cases: Vec<String> =
                places.map(|(status, place)| format!("WHEN '{}' THEN {place}", status.as_str())).collect();
            return format!("CASE status {} END {way}, id DESC", cases.join(" "));
        }
        SortKey::Card => &["brand", "last4"],
        SortKey::Token => &["token_id"],
        SortKey::Source => &["target"],
        SortKey::UsedBy => &["used_by"],
    };
    let keys: Vec<String> = keys.iter().map(|key| format!("{key} {way} NULLS LAST")).collect();
    format!("{}, id DESC", keys.join(", "))
}

fn json(ids: &[EntryId]) -> String {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    serde_json::to_string(&ids).expect("numbers are JSON")
}

fn told(error: &rusqlite::Error) -> StoreError {
    StoreError::of(READING, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn what_changed_is_found_without_going_through_the_history() {
        let connection = schema::in_memory_for_tests();
        for (columns, deleted) in [(rows::ENTRY, "IS NULL"), ("id", "IS NOT NULL")] {
            let plan: Vec<String> = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {}", changed_sql(columns, deleted)))
                .unwrap()
                .query_map([7], |row| row.get(3))
                .unwrap()
                .collect::<rusqlite::Result<_>>()
                .unwrap();
            let plan = plan.join("; ");
            assert!(plan.contains("SEARCH entries USING INDEX entries_by_revision (revision>?)"), "{plan}");
            assert!(!plan.contains("SCAN"), "{plan}");
        }
    }
}
