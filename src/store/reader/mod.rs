//! Reading the history, on a connection that cannot write. All methods block: call them on a thread of their own.
//!
//! Reading goes on past damage: what cannot be read is left out and noted, and [`HistoryReader::damage`] tells of it. A
//! query that comes upon a damaged page is asked again of the rows that can be reached ([`crate::store::sound`]).

mod conditions;
mod details;
mod life;
mod list_scan;
mod logged;
mod removal;
pub(super) mod runs;
mod sort_keys;
mod tolerant;

use std::{cell::RefCell, collections::HashSet, fs, ops::ControlFlow, path::Path};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use crate::{
    domain::{
        call::api::{ApiExchange, Target},
        history::{
            account_filter::AccountFilter,
            edit::LastDeletion,
            entry::{EntryDetail, EntryId, EntryStatus, HistoryEntry, StatusCounts},
            filter::HistoryFilter,
            request_filter::{CallCount, RequestCounts, RequestFilter},
            request_log::{ExchangeId, RequestRow},
        },
        mask,
    },
    store::{
        anchor::FileAnchor,
        copy::PrivateCopy,
        damage::HistoryDamage,
        entries,
        error::{StoreError, is_damage},
        import::KnownEntries,
        numbered_ids::IdNumbers,
        paths::{FILE_NAME, holds_something, wal_in_use},
        rows::{self, StoredExchange},
        schema::{self, DatabaseLocation, Durability, MigrationBackup},
    },
};
use conditions::{SqlCondition, changed_sql, ids_json};
pub use list_scan::{ListPiece, ListScan};
use tolerant::{READING, ReadResult, TolerantConnection};

/// How many entries are read at a time when all are gone through.
const PAGE: usize = 64;

/// A connection that reads the history: for one thread at a time, and cheap to make.
#[derive(Debug)]
pub struct HistoryReader {
    history: TolerantConnection,
    /// Whether a long read does not hold up the writer: so with a file, not in memory.
    reads_beside_the_writer: bool,
    anchor: Option<FileAnchor>,
    /// `None` where the folder's secret cannot be read.
    numbers: Option<IdNumbers>,
    /// Dropped after the connection to it.
    _copy: Option<PrivateCopy>,
}

impl HistoryReader {
    pub(super) fn open(location: &DatabaseLocation) -> ReadResult<Self> {
        let connection = location.connect_reader().map_err(|error| location.opening_failed(&error))?;
        let file = location.file().map(Path::to_owned);
        let mut damage = HistoryDamage::default();
        if file.as_deref().is_some_and(is_cut_off) {
            damage.note_table(CUT_OFF);
        }
        let numbers = location.workspace_secret(&connection).ok().map(|secret| IdNumbers::new(&secret));
        Ok(Self {
            numbers,
            reads_beside_the_writer: location.is_file(),
            anchor: file.as_deref().map(FileAnchor::without_wal),
            history: TolerantConnection { connection, file, damage: RefCell::new(damage) },
            _copy: None,
        })
    }

    /// Looks at the history of a folder in which nothing can or may be written: nothing in it is. A history of an older
    /// version, and one with a write-ahead log, is read from a private copy.
    ///
    /// # Errors
    /// A history that is not there, cannot be read at all or cannot be copied.
    pub fn look(folder: &Path, now: Timestamp) -> ReadResult<Self> {
        let file = folder.join(FILE_NAME);
        schema::refuse_lost(&file)?;
        if !holds_something(&wal_in_use(&file)) {
            let location = DatabaseLocation::Unwritten(file.clone());
            let reader = Self::open(&location)?;
            match location.check_version(&reader.history.connection) {
                Ok(version) if version == schema::newest_version() => return Ok(reader),
                Ok(_) | Err(StoreError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let copy = PrivateCopy::make(&file)?;
        let location = DatabaseLocation::File(copy.file());
        let open = || {
            drop(location.connect_writer(now, Durability::Crash, MigrationBackup::Waived)?);
            Self::open(&location)
        };
        let (reader, mended) = copy.mend(open).map_err(|error| error.of_original(&file))?;
        {
            let mut damage = reader.history.damage.borrow_mut();
            damage.tables.extend(mended);
            if is_cut_off(&file) {
                damage.note_table(CUT_OFF);
            }
        }
        let history = TolerantConnection { file: Some(file), ..reader.history };
        Ok(Self { history, anchor: None, _copy: Some(copy), ..reader })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.history.connection
    }

    /// What could not be read since this was last asked; empty where nothing is damaged.
    pub fn damage(&self) -> HistoryDamage {
        let damage = self.history.damage.take();
        HistoryDamage { file: if damage.is_empty() { None } else { self.history.file.clone() }, ..damage }
    }

    /// All entries that pass the filter, in its order.
    ///
    /// # Errors
    /// Here and below: when the database cannot be read.
    pub fn ids(&self, filter: &HistoryFilter) -> ReadResult<Vec<EntryId>> {
        let _snapshot = self.long_snapshot()?;
        let mut scan = self.scan(filter);
        let mut ids = Vec::new();
        loop {
            let piece = self.next_piece(&mut scan)?;
            ids.extend(piece.ids);
            if piece.is_last {
                return Ok(ids);
            }
        }
    }

    /// Begins a list of the entries that pass the filter, which [`Self::next_piece`] goes on with.
    pub fn scan(&self, filter: &HistoryFilter) -> ListScan {
        ListScan::of(filter)
    }

    /// Goes on with a list. What is committed between two pieces may be in the list or not: `changes_since` a revision
    /// from before the first piece tells of it.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn next_piece(&self, scan: &mut ListScan) -> ReadResult<ListPiece> {
        self.history.next_piece(scan)
    }

    /// The entries of these ids, in their order; without those that do not exist.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn rows(&self, ids: &[EntryId]) -> ReadResult<Vec<HistoryEntry>> {
        self.history.rows(ids)
    }

    /// The newest entries that pass the filter, so many at most, newest first whatever its order.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn page(&self, filter: &HistoryFilter, limit: usize) -> ReadResult<Vec<HistoryEntry>> {
        let clause = SqlCondition::of(filter);
        let mut values = clause.values.clone();
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let newest = self.history.all(
            &format!("SELECT id FROM entries WHERE {} ORDER BY id DESC LIMIT ?", clause.sql),
            params_from_iter(values),
            |row| row.get(0).map(EntryId),
        );
        if let Ok(ids) = newest {
            let page = self.history.rows(&ids)?;
            if page.len() == ids.len() {
                return Ok(page);
            }
        }
        // Some of the newest cannot be read: then those before them are the newest.
        let mut page = Vec::new();
        for ids in self.history.entry_ids(&clause, "id DESC")?.chunks(PAGE) {
            page.extend(self.history.rows(ids)?);
            if page.len() >= limit {
                break;
            }
        }
        page.truncate(limit);
        Ok(page)
    }

    /// Everything about an entry.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn detail(&self, id: EntryId) -> ReadResult<Option<EntryDetail>> {
        self.history.at_once(|| Ok(self.history.details(self.history.rows(&[id])?, &mut None)?.pop()))
    }

    /// The newest entry with this token.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn by_token(&self, token_id: &str) -> ReadResult<Option<EntryId>> {
        let token = mask::text(token_id);
        if let Some(call) = self.numbers.as_ref().and_then(|numbers| numbers.call_of(&token)) {
            let clause = SqlCondition {
                sql: "id = (SELECT entry FROM exchanges WHERE id = ?) AND token_id = ? AND deleted_ms IS NULL"
                    .to_owned(),
                values: vec![call.0.into(), token.clone().into()],
            };
            if let Some(entry) = self.history.entry_ids(&clause, "id")?.first() {
                return Ok(Some(*entry));
            }
        }
        // The condition on the call is that of the index, which gives the newest first.
        let clause = SqlCondition {
            sql: "token_id = ? AND token_call IS NULL AND deleted_ms IS NULL".to_owned(),
            values: vec![token.into()],
        };
        Ok(self.history.entry_ids(&clause, "id DESC")?.first().copied())
    }

    /// The entries that are here by their ids across histories.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn known_entries(&self) -> ReadResult<KnownEntries> {
        KnownEntries::read(&self.history.connection, 0).map_err(|error| self.history.store_error(&error))
    }

    /// How many entries of each status there are: kept by the writer, but for the newest thousand, which are counted.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn counts(&self) -> ReadResult<StatusCounts> {
        let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
        let kept = match self.history.all("SELECT status, count FROM status_counts", [], read) {
            Err(error) if is_damage(&error) => {
                self.history.damage.borrow_mut().note_table("the table of counts");
                let sql = "SELECT status, count(*) FROM entries NOT INDEXED WHERE deleted_ms IS NULL AND id IN \
                           (SELECT value FROM json_each(?1)) GROUP BY status";
                // A status that is no text is no known one.
                let read = |row: &Row<'_>| Ok((row.get(0).unwrap_or_default(), row.get(1)?));
                self.history.all(sql, [ids_json(&self.history.sound_entries()?)], read)
            }
            kept => kept,
        };
        let kept = kept.map_err(|error| self.history.store_error(&error))?;
        let mut counts = StatusCounts::default();
        for (word, count) in kept {
            if let Ok(status) = word.parse::<EntryStatus>() {
                counts.set(status, count.cast_unsigned());
            }
        }
        Ok(counts)
    }

    /// The deletion that would be undone next; `None` where no entry is deleted that is still in the file.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn last_deletion(&self) -> ReadResult<Option<LastDeletion>> {
        let sql = "SELECT deleted_ms, count(*) FROM entries INDEXED BY entries_deleted WHERE deleted_ms = (SELECT \
                   max(deleted_ms) FROM entries INDEXED BY entries_deleted WHERE deleted_ms IS NOT NULL) \
                   GROUP BY deleted_ms";
        let found = self.history.all(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
        let found = match found {
            Err(error) if is_damage(&error) => Vec::new(),
            found => found.map_err(|error| self.history.store_error(&error))?,
        };
        Ok(found.first().and_then(|(millis, entries)| {
            let when = Timestamp::from_millisecond(*millis).ok()?;
            Some(LastDeletion { when, entries: entries.unsigned_abs() })
        }))
    }

    /// The entries that were deleted at a moment and are still in the file, oldest first.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn deleted_at(&self, when: Timestamp) -> ReadResult<Vec<EntryId>> {
        let clause = SqlCondition { sql: "deleted_ms = ?".to_owned(), values: vec![when.as_millisecond().into()] };
        self.history.entry_ids(&clause, "id")
    }

    /// How many entries pass the filter.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn count(&self, filter: &HistoryFilter) -> ReadResult<u64> {
        if filter.is_everything() {
            return Ok(self.counts()?.all());
        }
        let SqlCondition { sql, values } = SqlCondition::of(filter);
        match self.history.number(&format!("SELECT count(*) FROM entries WHERE {sql}"), values) {
            Err(error) if is_damage(&error) => Ok(self.ids(filter)?.len() as u64),
            counted => counted.map(i64::cast_unsigned).map_err(|error| self.history.store_error(&error)),
        }
    }

    /// Which of these entries pass the filter, in their order: by the same condition as [`Self::ids`].
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn matching(&self, filter: &HistoryFilter, ids: &[EntryId]) -> ReadResult<Vec<bool>> {
        let mut clause = SqlCondition::of(filter);
        clause.sql += " AND id IN (SELECT value FROM json_each(?))";
        clause.values.push(ids_json(ids).into());
        let found = self.history.entry_ids(&clause, "id")?;
        let found: HashSet<EntryId> = found.into_iter().collect();
        Ok(ids.iter().map(|id| found.contains(id)).collect())
    }

    /// What was made, changed or deleted after a revision.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn changes_since(&self, revision: HistoryRevision) -> ReadResult<HistoryChanges> {
        let HistoryRevision { changes, last_entry } = revision;
        self.history.at_once(|| {
            let ids = |deleted: &str| {
                let since = (changes, last_entry);
                let ids = self.history.all(&changed_sql("id", deleted), since, |row| row.get(0).map(EntryId));
                match ids {
                    Err(error) if is_damage(&error) => {
                        let sql = format!("(revision > ? OR id > ?) AND deleted_ms {deleted}");
                        let values = vec![changes.into(), last_entry.into()];
                        self.history.entry_ids(&SqlCondition { sql, values }, "id")
                    }
                    ids => ids.map_err(|error| self.history.store_error(&error)),
                }
            };
            let since = (changes, last_entry);
            let entries =
                self.history.all(&changed_sql(rows::ENTRY, "IS NULL"), since, |row| Ok(self.history.entry(row)));
            let entries = match entries {
                Err(error) if is_damage(&error) => self.history.rows(&ids("IS NULL")?)?,
                entries => entries.map_err(|error| self.history.store_error(&error))?.into_iter().flatten().collect(),
            };
            Ok(HistoryChanges { entries, deleted: ids("IS NOT NULL")?, revision: self.revision()? })
        })
    }

    /// How far the history has come, by whatever process.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn revision(&self) -> ReadResult<HistoryRevision> {
        let changes = match self.history.number(entries::REVISION, Vec::new()) {
            Err(error) if is_damage(&error) => {
                self.history.damage.borrow_mut().note_table("the table of counters");
                let highest = "SELECT coalesce(max(revision), 0) FROM entries INDEXED BY entries_by_revision \
                               WHERE revision > 0";
                // Without either, only what changes from now on is told.
                self.history.number(highest, Vec::new()).unwrap_or_default()
            }
            changes => changes.map_err(|error| self.history.store_error(&error))?,
        };
        let last_entry = match self.history.number("SELECT coalesce(max(id), 0) FROM entries", Vec::new()) {
            // Then no new entry is told.
            Err(error) if is_damage(&error) => i64::MAX,
            last_entry => last_entry.map_err(|error| self.history.store_error(&error))?,
        };
        Ok(HistoryRevision { changes, last_entry })
    }

    /// A number that differs after a commit by any other connection. It is cheap to ask for, and can be compared with
    /// earlier ones of this reader only.
    ///
    /// # Errors
    /// As [`Self::ids`]; and when the file is not the one any more that its path leads to.
    pub fn data_version(&self) -> ReadResult<i64> {
        if let Some(anchor) = &self.anchor {
            anchor.check(READING)?;
        }
        self.history.number("PRAGMA data_version", Vec::new()).map_err(|error| self.history.store_error(&error))
    }

    /// The request log: the newest calls after `after`, newest first, without their bodies. A call that still waits for
    /// its answer is left out.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn request_rows(
        &self,
        which: &CallSelection,
        after: Option<ExchangeId>,
        limit: usize,
    ) -> ReadResult<Vec<RequestRow>> {
        let after = after.map_or(0, |id| id.0);
        let (target, world, account) = (which.target.map(Target::as_str), &which.world, &which.account);
        let condition = "took_micros IS NOT NULL AND target = coalesce(?2, target) AND world = coalesce(?3, world) \
                         AND coalesce(account, world) = coalesce(?4, account, world)";
        let newest = self.history.all(
            &format!("SELECT {} FROM exchanges WHERE id > ?1 AND {condition} ORDER BY id DESC LIMIT ?5", rows::REQUEST),
            (after, target, world, account, i64::try_from(limit).unwrap_or(i64::MAX)),
            |row| Ok(rows::request(row).ok()),
        );
        match newest {
            Err(error) if !is_damage(&error) => return Err(self.history.store_error(&error)),
            Ok(rows) if rows.iter().all(Option::is_some) => return Ok(rows.into_iter().flatten().collect()),
            _ => {}
        }
        // Some cannot be read: then those before them are the newest.
        let mut ids: Vec<i64> =
            self.history.sound_exchanges()?.into_iter().map(|(id, _)| id).filter(|id| *id > after).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let sql = format!("SELECT {} FROM exchanges NOT INDEXED WHERE id = ?1 AND {condition}", rows::REQUEST);
        let mut requests = Vec::new();
        for id in ids {
            if requests.len() == limit {
                break;
            }
            let found = self.history.connection.prepare_cached(&sql).and_then(|mut query| {
                query
                    .query_row((id, target, world, account), |row| Ok(rows::request(row)))
                    .optional()
                    .map(Option::transpose)
            });
            match found {
                Ok(Ok(row)) => requests.extend(row),
                Ok(Err(error)) | Err(error) if is_damage(&error) => {
                    self.history.damage.borrow_mut().exchanges.insert(id);
                }
                Ok(Err(error)) | Err(error) => return Err(self.history.store_error(&error)),
            }
        }
        Ok(requests)
    }

    /// The request log as it is filtered: the newest calls that pass, newest first, until `is_enough` says so of them or
    /// there are no more; and whether there may be more. `None` where `goes_on` ended it: it is asked now and then.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn logged(
        &self,
        filter: &RequestFilter,
        is_enough: impl Fn(&[RequestRow]) -> bool,
        goes_on: impl Fn() -> bool,
    ) -> ReadResult<Option<(Vec<RequestRow>, bool)>> {
        self.history.logged(filter, is_enough, goes_on)
    }

    /// How many calls of each kind the log holds: kept by the writer, but for the newest thousand, which are counted.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn log_counts(&self) -> ReadResult<RequestCounts> {
        let sql = "SELECT method, http_status, client, has_fault, calls, nullif(account, '') FROM call_counts \
                   WHERE calls > 0";
        let counts = self.history.all(sql, [], |row| {
            Ok(CallCount {
                method: row.get(0)?,
                http_status: row.get::<_, Option<u16>>(1)?.filter(|status| *status > 0),
                client: row.get::<_, Option<String>>(2)?.filter(|client| !client.is_empty()),
                account: AccountFilter::of(row.get::<_, Option<String>>(5)?.as_deref()),
                has_fault: row.get(3)?,
                calls: row.get::<_, i64>(4)?.unsigned_abs(),
            })
        });
        match counts {
            Err(error) if is_damage(&error) => {
                self.history.damage.borrow_mut().note_table("the counts of the request log");
                Ok(RequestCounts::default())
            }
            counts => Ok(RequestCounts::of(&counts.map_err(|error| self.history.store_error(&error))?)),
        }
    }

    /// A call with its answer, once it is here.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn exchange(&self, id: ExchangeId) -> ReadResult<Option<ApiExchange>> {
        Ok(self.history.exchanges(std::iter::once(id.0))?.into_iter().next().and_then(StoredExchange::finished))
    }

    /// Goes through everything about all entries that pass the filter, newest first whatever its order, with a page of
    /// them in memory at a time. What is written meanwhile is not seen, but for a store in memory, where changes of
    /// entries are.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn for_each_detail(
        &self,
        filter: &HistoryFilter,
        each: impl FnMut(EntryDetail) -> ControlFlow<()>,
    ) -> ReadResult<()> {
        let _snapshot = self.long_snapshot()?;
        let ids = self.history.entry_ids(&SqlCondition::of(filter), "id DESC")?;
        self.details_of(&ids, each)
    }

    /// As [`Self::for_each_detail`], of these entries in their order.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn for_each_detail_of(
        &self,
        ids: &[EntryId],
        each: impl FnMut(EntryDetail) -> ControlFlow<()>,
    ) -> ReadResult<()> {
        let _snapshot = self.long_snapshot()?;
        self.details_of(ids, each)
    }

    /// Holds the state of the database for a long read. Not of a store in memory, where that would hold up the writer.
    fn long_snapshot(&self) -> ReadResult<Option<rusqlite::Transaction<'_>>> {
        let snapshot = self.reads_beside_the_writer.then(|| self.history.connection.unchecked_transaction());
        snapshot.transpose().map_err(|error| self.history.store_error(&error))
    }

    fn details_of(&self, ids: &[EntryId], mut each: impl FnMut(EntryDetail) -> ControlFlow<()>) -> ReadResult<()> {
        // What a damaged page makes necessary is found out once for all pages.
        let mut calls_by_entry = None;
        for page in ids.chunks(PAGE) {
            let mut read = || self.history.details(self.history.rows(page)?, &mut calls_by_entry);
            let page = if self.reads_beside_the_writer { read() } else { self.history.at_once(read) }?;
            for detail in page {
                if each(detail).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// SQLite reads the half of a page as if the rest of it were zeros.
const CUT_OFF: &str = "at the end of the file, which is cut off";

/// Whether a database ends in the middle of a page: its pages are whole multiples of this.
fn is_cut_off(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|there| there.len() % 512 != 0)
}

/// Which calls of the request log are asked for; what is not set takes every call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallSelection {
    pub target: Option<Target>,
    /// As it is stored; empty for the common world.
    pub world: Option<String>,
    /// The account that the call is for, as it is stored; empty for the account itself in the common world.
    pub account: Option<String>,
}

/// How far a history has come, by default not at all. It is another one, where an entry was made, changed or removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryRevision {
    /// How many changes there were of entries.
    changes: i64,
    /// The number of the last entry.
    last_entry: i64,
}

impl HistoryRevision {
    /// What both were before, or one of them.
    #[must_use]
    pub fn or_earlier(self, other: Self) -> Self {
        Self { changes: self.changes.min(other.changes), last_entry: self.last_entry.min(other.last_entry) }
    }
}

/// What changed in the history after a revision.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryChanges {
    /// New and changed entries, and those that came back, oldest first.
    pub entries: Vec<HistoryEntry>,
    /// Entries that are not shown any more.
    pub deleted: Vec<EntryId>,
    /// The revision that these changes lead to: where to go on from.
    pub revision: HistoryRevision,
}
