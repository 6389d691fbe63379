//! Reading the history, on a connection that cannot write. All methods block: call them on a thread of their own.
//!
//! Reading goes on past damage: what cannot be read is left out and noted, and [`Reader::damage`] tells of it. A query
//! that comes upon a damaged page is asked again of the rows that can be reached ([`super::sound`]).

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    fs,
    ops::{ControlFlow, Range},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter, types::Value};

use super::{
    Durability, FILE_NAME,
    anchor::Anchor,
    copy::{PrivateCopy, holds_something, log_of},
    damage::Damage,
    error::{StoreError, is_damage},
    rows::{self, StoredExchange},
    schema::{self, Backups, Location},
    sound::{Table, for_each_sound_row},
};
use crate::domain::{
    call::api::{Exchange, HttpMethod, MaskedRequest, Target},
    history::{
        entry::{Counts, Entry, EntryDetail, EntryId, Status},
        filter::{HistoryFilter, Sort, SortKey},
        request_log::{ExchangeId, RequestRow},
    },
    mask,
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
    /// The database, whose copy may be what is read; `None` in memory.
    file: Option<PathBuf>,
    anchor: Option<Anchor>,
    /// What could not be read since it was last asked for.
    damage: RefCell<Damage>,
    /// Dropped after the connection to it.
    _copy: Option<PrivateCopy>,
}

type Result<T> = std::result::Result<T, StoreError>;
type SqlResult<T> = rusqlite::Result<T>;

impl Reader {
    pub(super) fn open(location: &Location) -> Result<Self> {
        let connection = location.connect_reader().map_err(|error| location.opening_failed(&error))?;
        let file = location.file().map(Path::to_owned);
        let mut damage = Damage::default();
        if file.as_deref().is_some_and(is_cut_off) {
            damage.note_table(CUT_OFF);
        }
        Ok(Self {
            connection,
            reads_beside_the_writer: location.is_file(),
            anchor: file.as_deref().map(Anchor::without_wal),
            file,
            damage: RefCell::new(damage),
            _copy: None,
        })
    }

    /// Looks at the history of a folder in which nothing can or may be written: nothing in it is. A history of an older
    /// version, and one with a write-ahead log, is read from a private copy.
    ///
    /// # Errors
    /// A history that is not there, cannot be read at all or cannot be copied.
    pub fn look(folder: &Path, now: Timestamp) -> Result<Self> {
        let file = folder.join(FILE_NAME);
        schema::refuse_lost(&file)?;
        if !holds_something(&log_of(&file)) {
            let location = Location::Unwritten(file.clone());
            let reader = Self::open(&location)?;
            match location.check_version(&reader.connection) {
                Ok(version) if version == schema::newest_version() => return Ok(reader),
                Ok(_) | Err(StoreError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let copy = PrivateCopy::of(&file)?;
        let location = Location::File(copy.file());
        let open = || {
            drop(location.connect_writer(now, Durability::Crash, Backups::Waived)?);
            Self::open(&location)
        };
        let (reader, mended) = copy.mend(open).map_err(|error| error.of_original(&file))?;
        {
            let mut damage = reader.damage.borrow_mut();
            damage.tables.extend(mended);
            if is_cut_off(&file) {
                damage.note_table(CUT_OFF);
            }
        }
        Ok(Self { file: Some(file), anchor: None, _copy: Some(copy), ..reader })
    }

    /// What could not be read since this was last asked; empty where nothing is damaged.
    pub fn damage(&self) -> Damage {
        let damage = self.damage.take();
        Damage { file: if damage.is_empty() { None } else { self.file.clone() }, ..damage }
    }

    /// All entries that pass the filter, in its order.
    ///
    /// # Errors
    /// Here and below: when the database cannot be read.
    pub fn ids(&self, filter: &HistoryFilter) -> Result<Vec<EntryId>> {
        self.entry_ids(&Clause::of(filter), &order(filter.sort))
    }

    /// The entries of these ids, in their order; without those that do not exist.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn rows(&self, ids: &[EntryId]) -> Result<Vec<Entry>> {
        let columns = rows::ENTRY;
        let at_once = self.all(
            &format!(
                "SELECT {columns} FROM entries WHERE deleted_ms IS NULL AND id IN (SELECT value FROM json_each(?1))"
            ),
            [json(ids)],
            |row| Ok(self.entry(row)),
        );
        let entries: Vec<Option<Entry>> = match at_once {
            Err(error) if is_damage(&error) => self.one_by_one(
                &format!("SELECT {columns} FROM entries NOT INDEXED WHERE deleted_ms IS NULL AND id = ?1"),
                ids.iter().map(|id| id.0),
                |row| Ok(self.entry(row)),
                |damage, id| damage.entries.insert(id),
            )?,
            read => read.map_err(|error| self.told(&error))?,
        };
        let entries = entries.into_iter().flatten();
        let entries: HashMap<EntryId, Entry> = entries.map(|entry| (entry.id, entry)).collect();
        Ok(ids.iter().filter_map(|id| entries.get(id).cloned()).collect())
    }

    /// The newest entries that pass the filter, so many at most, newest first whatever its order.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn page(&self, filter: &HistoryFilter, limit: usize) -> Result<Vec<Entry>> {
        let clause = Clause::of(filter);
        let mut values = clause.values.clone();
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let newest = self.all(
            &format!("SELECT id FROM entries WHERE {} ORDER BY id DESC LIMIT ?", clause.sql),
            params_from_iter(values),
            |row| row.get(0).map(EntryId),
        );
        if let Ok(ids) = newest {
            let page = self.rows(&ids)?;
            if page.len() == ids.len() {
                return Ok(page);
            }
        }
        // Some of the newest cannot be read: then those before them are the newest.
        let mut page = Vec::new();
        for ids in self.entry_ids(&clause, "id DESC")?.chunks(PAGE) {
            page.extend(self.rows(ids)?);
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
    pub fn detail(&self, id: EntryId) -> Result<Option<EntryDetail>> {
        self.at_once(|| Ok(self.details(self.rows(&[id])?, &mut None)?.pop()))
    }

    /// The newest entry with this token.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn by_token(&self, token_id: &str) -> Result<Option<EntryId>> {
        let clause =
            Clause { sql: "token_id = ? AND deleted_ms IS NULL".to_owned(), values: vec![mask::text(token_id).into()] };
        // The index gives the newest first.
        Ok(self.entry_ids(&clause, "id DESC")?.first().copied())
    }

    /// How many entries of each status there are: kept by the writer, so this does not count.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn counts(&self) -> Result<Counts> {
        let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
        let kept = match self.all("SELECT status, count FROM counts", [], read) {
            Err(error) if is_damage(&error) => {
                self.damage.borrow_mut().note_table("the table of counts");
                let sql = "SELECT status, count(*) FROM entries NOT INDEXED WHERE deleted_ms IS NULL AND id IN \
                           (SELECT value FROM json_each(?1)) GROUP BY status";
                self.all(sql, [json(&self.sound_entries()?)], read)
            }
            kept => kept,
        };
        let kept = kept.map_err(|error| self.told(&error))?;
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
        let Clause { sql, values } = Clause::of(filter);
        match self.number(&format!("SELECT count(*) FROM entries WHERE {sql}"), values) {
            Err(error) if is_damage(&error) => Ok(self.ids(filter)?.len() as u64),
            counted => counted.map(i64::cast_unsigned).map_err(|error| self.told(&error)),
        }
    }

    /// Which of these entries pass the filter, in their order: told by the same clause as [`Self::ids`].
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn matching(&self, filter: &HistoryFilter, ids: &[EntryId]) -> Result<Vec<bool>> {
        let mut clause = Clause::of(filter);
        clause.sql += " AND id IN (SELECT value FROM json_each(?))";
        clause.values.push(json(ids).into());
        let found = self.entry_ids(&clause, "id")?;
        let found: HashSet<EntryId> = found.into_iter().collect();
        Ok(ids.iter().map(|id| found.contains(id)).collect())
    }

    /// What was made, changed or deleted after a revision.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn changes_since(&self, revision: i64) -> Result<Changes> {
        self.at_once(|| {
            let ids = |deleted: &str| {
                let ids = self.all(&changed_sql("id", deleted), [revision], |row| row.get(0).map(EntryId));
                match ids {
                    Err(error) if is_damage(&error) => {
                        let sql = format!("revision > ? AND deleted_ms {deleted}");
                        self.entry_ids(&Clause { sql, values: vec![revision.into()] }, "id")
                    }
                    ids => ids.map_err(|error| self.told(&error)),
                }
            };
            let entries = self.all(&changed_sql(rows::ENTRY, "IS NULL"), [revision], |row| Ok(self.entry(row)));
            let entries = match entries {
                Err(error) if is_damage(&error) => self.rows(&ids("IS NULL")?)?,
                entries => entries.map_err(|error| self.told(&error))?.into_iter().flatten().collect(),
            };
            Ok(Changes { entries, deleted: ids("IS NOT NULL")?, revision: self.revision()? })
        })
    }

    /// The count of all changes of entries so far, by whatever process.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn revision(&self) -> Result<i64> {
        match self.number("SELECT value FROM counters WHERE name = 'revision'", Vec::new()) {
            Err(error) if is_damage(&error) => {
                self.damage.borrow_mut().note_table("the table of counters");
                let highest = "SELECT coalesce(max(revision), 0) FROM entries INDEXED BY entries_by_revision \
                               WHERE revision > -1";
                // Without either, only what changes from now on is told.
                Ok(self.number(highest, Vec::new()).unwrap_or_default())
            }
            revision => revision.map_err(|error| self.told(&error)),
        }
    }

    /// A number that is another one after a commit by any other connection: cheap to look at often, and meaningful for
    /// this reader only.
    ///
    /// # Errors
    /// As [`Self::ids`]; and when the file is not the one any more that its path leads to.
    pub fn data_version(&self) -> Result<i64> {
        if let Some(anchor) = &self.anchor {
            anchor.check(READING)?;
        }
        self.number("PRAGMA data_version", Vec::new()).map_err(|error| self.told(&error))
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
        let after = after.map_or(0, |id| id.0);
        let target = target.map(Target::as_str);
        let condition = "took_micros IS NOT NULL AND target = coalesce(?2, target)";
        let newest = self.all(
            &format!("SELECT {} FROM exchanges WHERE id > ?1 AND {condition} ORDER BY id DESC LIMIT ?3", rows::REQUEST),
            (after, target, i64::try_from(limit).unwrap_or(i64::MAX)),
            |row| Ok(rows::request(row).ok()),
        );
        match newest {
            Err(error) if !is_damage(&error) => return Err(self.told(&error)),
            Ok(rows) if rows.iter().all(Option::is_some) => return Ok(rows.into_iter().flatten().collect()),
            _ => {}
        }
        // Some cannot be read: then those before them are the newest.
        let mut ids: Vec<i64> =
            self.sound_exchanges()?.into_iter().map(|(id, _)| id).filter(|id| *id > after).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let sql = format!("SELECT {} FROM exchanges NOT INDEXED WHERE id = ?1 AND {condition}", rows::REQUEST);
        let mut requests = Vec::new();
        for id in ids {
            if requests.len() == limit {
                break;
            }
            let found = self.connection.prepare_cached(&sql).and_then(|mut query| {
                query.query_row((id, target), |row| Ok(rows::request(row))).optional().map(Option::transpose)
            });
            match found {
                Ok(Ok(row)) => requests.extend(row),
                Ok(Err(error)) | Err(error) if is_damage(&error) => {
                    self.damage.borrow_mut().exchanges.insert(id);
                }
                Ok(Err(error)) | Err(error) => return Err(self.told(&error)),
            }
        }
        Ok(requests)
    }

    /// A call with its answer, once it is here.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn exchange(&self, id: ExchangeId) -> Result<Option<Exchange>> {
        Ok(self.exchanges(std::iter::once(id.0))?.into_iter().next().and_then(StoredExchange::finished))
    }

    /// Goes through everything about all entries that pass the filter, newest first whatever its order, with a page of them
    /// in memory at a time. What is written meanwhile is not seen, but for a store in memory, where changes of entries are.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn for_each_detail(
        &self,
        filter: &HistoryFilter,
        each: impl FnMut(EntryDetail) -> ControlFlow<()>,
    ) -> Result<()> {
        let snapshot = self.reads_beside_the_writer.then(|| self.connection.unchecked_transaction()).transpose();
        let _snapshot = snapshot.map_err(|error| self.told(&error))?;
        let ids = self.entry_ids(&Clause::of(filter), "id DESC")?;
        self.details_of(&ids, each)
    }

    /// As [`Self::for_each_detail`], of these entries in their order.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn for_each_detail_of(&self, ids: &[EntryId], each: impl FnMut(EntryDetail) -> ControlFlow<()>) -> Result<()> {
        let snapshot = self.reads_beside_the_writer.then(|| self.connection.unchecked_transaction()).transpose();
        let _snapshot = snapshot.map_err(|error| self.told(&error))?;
        self.details_of(ids, each)
    }

    fn details_of(&self, ids: &[EntryId], mut each: impl FnMut(EntryDetail) -> ControlFlow<()>) -> Result<()> {
        // What a damaged page makes necessary is found out once for all pages.
        let mut detour = None;
        for page in ids.chunks(PAGE) {
            let mut read = || self.details(self.rows(page)?, &mut detour);
            let page = if self.reads_beside_the_writer { read() } else { self.at_once(read) }?;
            for detail in page {
                if each(detail).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The ids of entries that a condition tells, in an order. Where a page is damaged, of those that can be read.
    fn entry_ids(&self, clause: &Clause, order: &str) -> Result<Vec<EntryId>> {
        let id = |row: &Row<'_>| row.get(0).map(EntryId);
        let condition = &clause.sql;
        let all = self.all(
            &format!("SELECT id FROM entries WHERE {condition} ORDER BY {order}"),
            params_from_iter(&clause.values),
            id,
        );
        match all {
            Err(error) if is_damage(&error) => {}
            all => return all.map_err(|error| self.told(&error)),
        }
        let sound = self.sound_entries()?;
        let mut values = clause.values.clone();
        values.push(json(&sound).into());
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
            among => return among.map_err(|error| self.told(&error)),
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
                Err(error) => return Err(self.told(&error)),
            }
        }
        Ok(passing)
    }

    /// The entries that can be read, oldest first, deleted ones too. Those that cannot are noted.
    fn sound_entries(&self) -> Result<Vec<EntryId>> {
        let mut ids = Vec::new();
        let columns = format!("{}, haystack, deleted_ms, revision", rows::ENTRY);
        let lost = for_each_sound_row(&self.connection, Table::Entries, &columns, &mut |id, _| {
            ids.push(EntryId(id));
            Ok(())
        });
        let mut lost = lost.map_err(|error| self.told(&error))?;
        if !lost.is_empty() {
            // A damaged page stands for many numbers; an index tells which of them there were.
            let known = "SELECT id FROM entries INDEXED BY entries_by_revision WHERE revision > -1";
            if let Ok(known) = self.all(known, [], |row| row.get::<_, i64>(0)) {
                let known: HashSet<i64> = known.into_iter().collect();
                lost.retain(|id| known.contains(&id));
            }
        }
        self.damage.borrow_mut().entries.extend(&lost);
        ids.sort_unstable();
        Ok(ids)
    }

    /// The calls that can be read, each with its entry. Those that cannot are noted.
    fn sound_exchanges(&self) -> Result<Vec<(i64, Option<i64>)>> {
        let mut calls = Vec::new();
        let lost = for_each_sound_row(&self.connection, Table::Exchanges, rows::EXCHANGE, &mut |id, row| {
            calls.push((id, row.get::<_, Option<i64>>("entry").ok().flatten()));
            Ok(())
        });
        self.damage.borrow_mut().exchanges.extend(&lost.map_err(|error| self.told(&error))?);
        Ok(calls)
    }

    /// Everything about these entries, in their order.
    fn details(&self, entries: Vec<Entry>, detour: &mut Option<Detour>) -> Result<Vec<EntryDetail>> {
        let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
        let at_once = match detour {
            Some(_) => None,
            None => Some(self.all(
                &format!(
                    "SELECT {}, id FROM exchanges WHERE entry IN (SELECT value FROM json_each(?1)) ORDER BY entry, id",
                    rows::EXCHANGE
                ),
                [json(&ids)],
                |row| Ok(self.stored_exchange(row)),
            )),
        };
        let exchanges: Vec<StoredExchange> = match at_once {
            Some(Ok(exchanges)) => exchanges.into_iter().flatten().collect(),
            Some(Err(error)) if !is_damage(&error) => return Err(self.told(&error)),
            _ => {
                let detour = match detour {
                    Some(detour) => detour,
                    None => detour.insert(Detour::of(self.sound_exchanges()?)),
                };
                self.exchanges(ids.iter().flat_map(|id| detour.calls_of(*id)).copied())?
            }
        };
        let mut calls: HashMap<EntryId, Calls> = HashMap::new();
        for exchange in exchanges {
            if let Some(entry) = exchange.entry {
                calls.entry(entry).or_default().push(exchange);
            }
        }
        let detail = |entry: Entry| {
            let Calls { creation, timeline } = calls.remove(&entry.id).unwrap_or_default();
            let (request, outcome, replaced) = creation.unwrap_or_else(|| {
                self.damage.borrow_mut().parts.insert(entry.id.0);
                (lost_request(), None, Vec::new())
            });
            let is_damaged = self.damage.borrow().parts.contains(entry.id.0);
            EntryDetail { entry, request, outcome, replaced, timeline, is_damaged }
        };
        Ok(entries.into_iter().map(detail).collect())
    }

    /// Calls by their numbers, in that order; without those that do not exist.
    fn exchanges(&self, ids: impl Iterator<Item = i64>) -> Result<Vec<StoredExchange>> {
        let found = self.one_by_one(
            &format!("SELECT {}, id FROM exchanges NOT INDEXED WHERE id = ?1", rows::EXCHANGE),
            ids,
            |row| Ok(self.stored_exchange(row)),
            |damage, id| damage.exchanges.insert(id),
        )?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The entry of a row, as far as it can be read.
    fn entry(&self, row: &Row<'_>) -> Option<Entry> {
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
    fn stored_exchange(&self, row: &Row<'_>) -> Option<StoredExchange> {
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
    fn at_once<T>(&self, read: impl FnOnce() -> Result<T>) -> Result<T> {
        let _snapshot = self.connection.unchecked_transaction().map_err(|error| self.told(&error))?;
        read()
    }

    fn all<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> SqlResult<T>,
    ) -> SqlResult<Vec<T>> {
        self.connection.prepare_cached(sql).and_then(|mut query| query.query_map(values, read)?.collect())
    }

    /// The rows of a query with one number, one after the other: one that cannot be read stops none of the rest.
    fn one_by_one<T>(
        &self,
        sql: &str,
        numbers: impl Iterator<Item = i64>,
        mut read: impl FnMut(&Row<'_>) -> SqlResult<T>,
        lost: impl Fn(&mut Damage, i64),
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        for number in numbers {
            let row = self
                .connection
                .prepare_cached(sql)
                .and_then(|mut query| query.query_row([number], &mut read).optional());
            match row {
                Ok(row) => found.extend(row),
                Err(error) if is_damage(&error) => lost(&mut self.damage.borrow_mut(), number),
                Err(error) => return Err(self.told(&error)),
            }
        }
        Ok(found)
    }

    fn number(&self, sql: &str, values: Vec<Value>) -> SqlResult<i64> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut query| query.query_row(params_from_iter(values), |row| row.get(0)))
    }

    fn told(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::of(READING, error).about(self.file.as_deref())
    }
}

/// SQLite reads the half of a page as if the rest of it were zeros.
const CUT_OFF: &str = "at the end of the file, which is cut off";

/// Whether a database ends in the middle of a page: its pages are whole multiples of this.
fn is_cut_off(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|there| there.len() % 512 != 0)
}

/// The calls of each entry, oldest first, where the index that tells them cannot be used.
#[derive(Debug)]
struct Detour(HashMap<EntryId, Vec<i64>>);

impl Detour {
    fn of(mut calls: Vec<(i64, Option<i64>)>) -> Self {
        calls.sort_unstable();
        let mut of_entries: HashMap<EntryId, Vec<i64>> = HashMap::new();
        for (call, entry) in calls {
            if let Some(entry) = entry {
                of_entries.entry(EntryId(entry)).or_default().push(call);
            }
        }
        Self(of_entries)
    }

    fn calls_of(&self, entry: EntryId) -> &[i64] {
        self.0.get(&entry).map_or(&[], Vec::as_slice)
    }
}

/// What stands for a creation that cannot be read.
fn lost_request() -> MaskedRequest {
    MaskedRequest {
        method: HttpMethod::Post,
        path: "/v1/tokens".to_owned(),
        params: Vec::new(),
        kept: Vec::new(),
        headers: Vec::new(),
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

type Outcome = std::result::Result<crate::domain::call::api::ApiResponse, crate::domain::call::api::Failure>;

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
