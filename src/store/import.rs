//! Entries of another history, as an export has them, written into this one: all of a file in one transaction, or nothing.
//!
//! ```text
//! a file ──► ImportStage: each entry is checked, masked, packed and written to a database of its own; nobody waits for it
//!        ──► one job of the writer: the rows of the stage are copied, with the numbers that they get here
//! ```
//!
//! An imported entry is history: the minter does not know its token, and no idempotency key is remembered for it. Its
//! calls stay with it whatever the bound of the request log, for a person has asked for them.

use std::{collections::HashSet, fmt, io, ops::Range, path::Path, sync::Arc};

use rusqlite::{Connection, Row, Statement, types::ToSqlOutput};
use tempfile::TempPath;

use super::{
    call::MaskedCall,
    entries::{self, EntryMarks},
    error::{JobError, StoreError},
    event_bell::EventBell,
    exchanges::{self, EndedCall, LedgerUse},
    given_numbers,
    log_bound::LogBound,
    rows, schema, worlds,
    write_context::WriteContext,
};
use crate::domain::{
    call::{
        api::{ApiExchange, ApiRequest, ApiResponse, CallFailure, MaskedRequest, Target},
        redaction::Redaction,
    },
    history::{
        entry::{EntryDetail, EntryId, EntryUid, HistoryEntry},
        import_report::ImportReport,
        request_log::ExchangeId,
    },
    mask::{self, OwnSecrets},
};

/// The numbers of a file's entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct FileNumbers {
    entries: u64,
    highest: i64,
    last: Option<i64>,
    /// Whether an entry had a number that is not lower than that of the entry before it.
    is_mixed: bool,
}

/// A file with a higher number is no history's: the numbers that follow it would soon be more than JSON's readers take.
const HIGHEST_KEPT: i64 = 1 << 40;

impl FileNumbers {
    /// Takes the next number of the file.
    fn add(&mut self, number: i64) {
        self.entries += 1;
        self.highest = self.highest.max(number);
        self.is_mixed |= self.last.is_some_and(|last| number >= last);
        self.last = Some(number);
    }

    /// The number of an entry in this history. An export has its newest entry first, with the highest number. It keeps the
    /// number where none as high was given here, as in a new history; else the entries come after all that were given, in
    /// their order. Where the file is no single export, as two that were joined, the order of its lines counts.
    fn number_here(&self, in_file: i64, place: u64, given: i64) -> i64 {
        if self.is_mixed || self.highest > HIGHEST_KEPT {
            return given + (self.entries - place).cast_signed();
        }
        if in_file > given { in_file } else { in_file + given.max(self.highest) }
    }
}

/// The entries of a file on their way into the history: in a database of their own, which is gone when this is dropped.
pub struct ImportStage {
    context: WriteContext,
    numbers: FileNumbers,
    /// `None` where the file has no name any more, or is in memory.
    _file: Option<TempPath>,
}

/// An entry of a file that may be kept.
#[derive(Debug)]
pub struct CheckedEntry {
    detail: EntryDetail,
    uid: EntryUid,
}

impl CheckedEntry {
    /// Looks at an entry of a file.
    ///
    /// # Errors
    /// In a sentence without a capital: it holds what is never written down, or has no uid.
    pub fn of(detail: EntryDetail) -> Result<Self, String> {
        if let Some(field) = unmasked_field(&detail) {
            return Err(not_kept(&field));
        }
        let uid = detail.uid.ok_or("the entry has no uid")?;
        Ok(Self { detail, uid })
    }

    pub fn uid(&self) -> EntryUid {
        self.uid
    }
}

const STAGING: &str = "write the file's entries beside the history";

impl ImportStage {
    /// Makes a stage in this folder, `None` in memory.
    pub(super) fn make(folder: Option<&Path>) -> Result<Self, StoreError> {
        let store_error = |error: rusqlite::Error| StoreError::of(STAGING, &error);
        let disk_error = |error: io::Error| StoreError::Other { doing: STAGING, reason: error.to_string() };
        let (connection, file) = match folder {
            None => (Connection::open_in_memory().map_err(store_error)?, None),
            Some(folder) => {
                let file = tempfile::Builder::new().prefix("import-").tempfile_in(folder).map_err(disk_error)?;
                let file = file.into_temp_path();
                let connection = Connection::open(&file).map_err(store_error)?;
                // Without a name it is gone with the process, however that ends. Where an open file keeps its name, it
                // is removed at the end.
                let file = if cfg!(unix) { file.close().map(|()| None).map_err(disk_error)? } else { Some(file) };
                (connection, file)
            }
        };
        // Nothing of it outlives the process, and nothing is taken back.
        connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;").map_err(store_error)?;
        connection.set_prepared_statement_cache_capacity(64);
        schema::make_tables(&connection).map_err(store_error)?;
        connection.execute_batch(&without_upkeep(&connection).map_err(store_error)?).map_err(store_error)?;
        connection.execute_batch(STAGED).map_err(store_error)?;
        let context =
            WriteContext::new(connection, [0; 32], String::new(), None, LogBound::default(), EventBell::default());
        Ok(Self { context, numbers: FileNumbers::default(), _file: file })
    }

    /// Takes the next entry of the file.
    ///
    /// # Errors
    /// A disk that cannot be written.
    pub fn add(&mut self, entry: CheckedEntry) -> Result<(), StoreError> {
        let CheckedEntry { detail, uid } = entry;
        let number = detail.entry.id.0;
        self.numbers.add(number);
        let id = EntryId(self.numbers.entries.cast_signed());
        let first_call = self.context.last_call + 1;
        let staged = self.context.import_entry(detail, id).and_then(|()| {
            let calls = (first_call, self.context.last_call);
            let place = "INSERT INTO staged (entry, number, first_call, last_call, uid) VALUES (?1, ?2, ?3, ?4, ?5)";
            let uid = uid.0.to_be_bytes();
            self.context.connection.prepare_cached(place)?.execute((id.0, number, calls.0, calls.1, uid))
        });
        staged.map(drop).map_err(|error| StoreError::of(STAGING, &error))
    }

    /// How many entries it has.
    pub fn entries(&self) -> u64 {
        self.numbers.entries
    }
}

impl fmt::Debug for ImportStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportStage").field("numbers", &self.numbers).finish_non_exhaustive()
    }
}

/// What a stage has of an entry besides its rows, of which the calls are those between two numbers.
const STAGED: &str = "CREATE TABLE staged (entry INTEGER PRIMARY KEY, number INTEGER NOT NULL, \
     first_call INTEGER NOT NULL, last_call INTEGER NOT NULL, uid BLOB NOT NULL) STRICT; BEGIN;";

/// Drops what follows the rows of a history: a stage is read once, by its numbers, and its rows get their places in
/// indexes and counts where they are copied to.
fn without_upkeep(connection: &Connection) -> rusqlite::Result<String> {
    let drops = "SELECT coalesce(group_concat('DROP ' || type || ' ' || name, '; '), '') FROM sqlite_schema \
                 WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name IN ('entries', 'exchanges')";
    connection.query_row(drops, [], |row| row.get(0))
}

/// The columns of a table that are copied as they are.
fn columns_but(connection: &Connection, table: &str, but: &[&str]) -> rusqlite::Result<Vec<String>> {
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let columns = columns.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    Ok(columns.into_iter().filter(|column| !but.contains(&column.as_str())).collect())
}

/// Copies a row into a table: what is new comes first.
fn copy_row<const N: usize>(
    insert: &mut Statement<'_>,
    new: [i64; N],
    row: &Row<'_>,
    columns: Range<usize>,
) -> rusqlite::Result<()> {
    for (place, value) in new.into_iter().enumerate() {
        insert.raw_bind_parameter(place + 1, value)?;
    }
    for (place, column) in (N + 1..).zip(columns) {
        insert.raw_bind_parameter(place, ToSqlOutput::Borrowed(row.get_ref(column)?))?;
    }
    insert.raw_execute().map(drop)
}

impl WriteContext {
    /// Copies the entries of a stage that are not here. `goes_on` is told after each entry how many there were.
    pub(super) fn import(
        &mut self,
        stage: &ImportStage,
        goes_on: &dyn Fn(u64) -> bool,
    ) -> Result<ImportReport, JobError> {
        let (is_new, report) = self.new_entries(stage)?;
        let cache: i64 = self.connection.query_row("PRAGMA cache_size", [], |row| row.get(0))?;
        self.connection.pragma_update(None, "cache_size", COPYING_CACHE)?;
        let copied = self.copy_entries(stage, &is_new, goes_on);
        self.connection.pragma_update(None, "cache_size", cache)?;
        self.note_entries()?;
        copied.map(|()| report)
    }

    /// Whether each entry of a stage is new, in the order of the file: of those that are one, the first one is.
    fn new_entries(&self, stage: &ImportStage) -> rusqlite::Result<(Vec<bool>, ImportReport)> {
        let mut known = KnownEntries::read(&self.connection, stage.entries())?;
        let (mut is_new, mut report) = (Vec::with_capacity(stage.entries() as usize), ImportReport::default());
        let mut uids = stage.context.connection.prepare("SELECT uid FROM staged ORDER BY entry")?;
        let mut uids = uids.query([])?;
        while let Some(row) = uids.next()? {
            is_new.push(known.meet(uid_of(row, 0)?, &mut report));
        }
        Ok((is_new, report))
    }

    /// The last entry of a file is the oldest one, with the lowest number: rows that come in the order of their numbers
    /// are written behind each other.
    fn copy_entries(
        &mut self,
        stage: &ImportStage,
        is_new: &[bool],
        goes_on: &dyn Fn(u64) -> bool,
    ) -> Result<(), JobError> {
        let given = given_numbers::last_entry(&self.connection)?;
        let staged = &stage.context.connection;
        let of_entry = format!("uid, {}", columns_but(staged, "entries", &["id", "revision", "uid"])?.join(", "));
        let of_call = columns_but(staged, "exchanges", &["id", "entry"])?.join(", ");
        let places = |columns: &str| vec!["?"; columns.split(", ").count() + 2].join(", ");
        let insert_entry = format!("INSERT INTO entries (id, revision, {of_entry}) VALUES ({})", places(&of_entry));
        let insert_call = format!("INSERT INTO exchanges (id, entry, {of_call}) VALUES ({})", places(&of_call));
        let sql = format!(
            "SELECT id, number, first_call, last_call, staged.{of_entry} FROM entries JOIN staged ON staged.entry = id \
             ORDER BY id DESC"
        );
        let mut entries = staged.prepare(&sql)?;
        let mut calls =
            staged.prepare(&format!("SELECT {of_call} FROM exchanges WHERE id BETWEEN ?1 AND ?2 ORDER BY id"))?;
        let (entry_columns, call_columns) = (4..entries.column_count(), 0..calls.column_count());
        let mut entries = entries.query([])?;
        for done in 1.. {
            let Some(entry) = entries.next()? else { break };
            let (id, number): (i64, i64) = (entry.get(0)?, entry.get(1)?);
            let place = id.unsigned_abs() - 1;
            if is_new[place as usize] {
                let here = stage.numbers.number_here(number, place, given);
                let revision = self.next_revision();
                let mut insert = self.connection.prepare_cached(&insert_entry)?;
                copy_row(&mut insert, [here, revision], entry, entry_columns.clone())?;
                let mut insert = self.connection.prepare_cached(&insert_call)?;
                let mut calls = calls.query([entry.get::<_, i64>(2)?, entry.get(3)?])?;
                while let Some(call) = calls.next()? {
                    self.last_call += 1;
                    copy_row(&mut insert, [self.last_call, here], call, call_columns.clone())?;
                }
            }
            if !goes_on(done) {
                return Err(StoreError::ImportCancelled.into());
            }
        }
        Ok(())
    }

    fn import_entry(&mut self, detail: EntryDetail, id: EntryId) -> rusqlite::Result<()> {
        let EntryDetail { entry, request, outcome, replaced, timeline, .. } = detail;
        let entry = HistoryEntry { id, started: rows::kept_moment(entry.started), ..entry };
        entries::insert(&self.connection, &entry, EntryMarks::default())?;
        let creation = masked_call(&entry, request, entry.target, entry.started);
        match outcome {
            Some(outcome) => self.import_call(&creation, &entry, true, entry.took, &outcome, &replaced)?,
            None => {
                let number = ExchangeId(self.last_call + 1);
                exchanges::insert_begun(&self.connection, number, Some(id), &creation)?;
                self.last_call = number.0;
            }
        }
        for ApiExchange { target, started, took, request, outcome, replaced } in timeline {
            let call = masked_call(&entry, request, target, started);
            self.import_call(&call, &entry, false, Some(took), &outcome, &replaced)?;
        }
        Ok(())
    }

    /// Writes a call as one of its target is written here: a call to the real API may be asked again.
    fn import_call(
        &mut self,
        call: &MaskedCall,
        entry: &HistoryEntry,
        is_creation: bool,
        took: Option<std::time::Duration>,
        outcome: &Result<ApiResponse, CallFailure>,
        replaced: &[Range<usize>],
    ) -> rusqlite::Result<()> {
        let number = ExchangeId(self.last_call + 1);
        let took = took.unwrap_or_default();
        match call.target {
            Target::Local => {
                let ledger = &LedgerUse::default();
                let ended = EndedCall { number, entry: Some(entry.id), is_creation, call, took, outcome, ledger };
                exchanges::insert_ended(&self.connection, &ended)?;
            }
            Target::Stripe => {
                exchanges::insert_begun(&self.connection, number, Some(entry.id), call)?;
                // A call that begins for an entry counts as the one that made it.
                self.connection
                    .prepare_cached("UPDATE exchanges SET is_creation = ?2 WHERE id = ?1")?
                    .execute((number.0, is_creation))?;
                let about = Some(entry.id);
                exchanges::write_outcome(&self.connection, number, about, took, &call.request, outcome, replaced)?;
            }
        }
        self.last_call = number.0;
        Ok(())
    }
}

/// SQLite's cache of pages while entries are copied, in KB as its negative: the index of a million tokens, whose order is
/// not that of their entries, fits in. With the usual cache each token would have a page read and written.
const COPYING_CACHE: i64 = -64_000;

/// The entries that are known while a file is gone through, for as long as an import takes: those that are here, and those
/// of the file itself.
#[derive(Debug)]
pub struct KnownEntries {
    /// 16 bytes an entry: in a map to what is known of it each would take 32.
    uids: HashSet<EntryUid>,
    /// Those of them that were deleted here.
    deleted: HashSet<EntryUid>,
}

impl KnownEntries {
    /// Those that are here, with room for as many more: without it, half of the room is taken twice while it grows.
    pub(super) fn read(connection: &Connection, more: u64) -> rusqlite::Result<Self> {
        let here: u32 = connection.query_row("SELECT count(*) FROM entries", [], |row| row.get(0))?;
        let mut known = Self { uids: HashSet::with_capacity(here as usize + more as usize), deleted: HashSet::new() };
        let mut here = connection.prepare("SELECT uid, deleted_ms IS NOT NULL FROM entries WHERE uid IS NOT NULL")?;
        let mut here = here.query([])?;
        while let Some(row) = here.next()? {
            let uid = uid_of(row, 0)?;
            known.uids.insert(uid);
            if row.get(1)? {
                known.deleted.insert(uid);
            }
        }
        Ok(known)
    }

    /// Counts the next entry of the file, and tells whether it is new.
    pub fn meet(&mut self, uid: EntryUid, report: &mut ImportReport) -> bool {
        let is_new = self.uids.insert(uid);
        report.new += u64::from(is_new);
        report.known += u64::from(!is_new);
        report.deleted += u64::from(!is_new && self.deleted.contains(&uid));
        is_new
    }
}

fn uid_of(row: &Row<'_>, column: usize) -> rusqlite::Result<EntryUid> {
    row.get(column).map(|bytes| EntryUid(u128::from_be_bytes(bytes)))
}

fn masked_call(entry: &HistoryEntry, request: MaskedRequest, target: Target, started: jiff::Timestamp) -> MaskedCall {
    MaskedCall {
        redaction: Arc::default(),
        world: worlds::COMMON.to_owned(),
        account: entry.account.clone(),
        target,
        started,
        params_json: rows::params_json(&request),
        headers_json: rows::pairs_json(&request.headers),
        request,
        entry: None,
    }
}

/// The words about a field of a file that holds what is never written down.
fn not_kept(field: &str) -> String {
    format!(
        "{field} holds a card number that is no published test card's, a security code or a key, which no export does. \
         Take it out of the file, then import again"
    )
}

/// The field of an entry that holds what the history would have masked; `None` where there is none. What was masked
/// once stays as it is when it is masked again.
fn unmasked_field(detail: &EntryDetail) -> Option<String> {
    let EntryDetail { entry, request, outcome, timeline, .. } = detail;
    let texts = [
        ("token", entry.token_id.as_deref()),
        ("brand", entry.brand.as_deref()),
        ("last4", entry.last4.as_deref()),
        ("code", entry.code.as_deref()),
        ("used_by", entry.used_by.as_deref()),
        ("used_client", entry.used_client.as_deref()),
        ("account", entry.account.as_deref()),
        ("note", Some(entry.note.as_str())),
        ("tags", Some(&*entry.tags.join(" "))),
        ("expected", entry.expects.as_ref().map(|expects| expects.to_json().to_string()).as_deref()),
        ("judgement", entry.judgement.as_ref().map(|judgement| judgement.to_json().to_string()).as_deref()),
    ]
    .into_iter()
    .find(|(_, text)| text.is_some_and(|text| !mask::is_whole(text)))
    .map(|(field, _)| field.to_owned());
    texts.or_else(|| unmasked_part(request, outcome.as_ref()).map(str::to_owned)).or_else(|| {
        let calls = timeline.iter().enumerate();
        calls
            .filter_map(|(at, call)| Some((at, unmasked_part(&call.request, Some(&call.outcome))?)))
            .map(|(at, part)| format!("timeline[{at}].{part}"))
            .next()
    })
}

fn unmasked_part(request: &MaskedRequest, outcome: Option<&Result<ApiResponse, CallFailure>>) -> Option<&'static str> {
    let sent = ApiRequest {
        method: request.method,
        path: request.path.clone(),
        params: request.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        headers: request.headers.clone(),
    };
    let (redaction, again) = Redaction::with_request(&sent);
    if again.params != request.params {
        return Some("request.params");
    }
    if again.path != request.path {
        return Some("request.path");
    }
    if again.headers != request.headers {
        return Some("request.headers");
    }
    match outcome? {
        Ok(answer) => {
            let kept = redaction.foreign_answer(answer);
            if !kept.replaced.is_empty() {
                return Some("response.body");
            }
            (kept.answer.headers != answer.headers).then_some("response.headers")
        }
        Err(CallFailure { kind, message, text, .. }) => {
            let own = OwnSecrets::default();
            let is_masked = |text: &str| mask::redacted_body(text, &own).is_none();
            let is_kept = mask::is_whole(kind)
                && mask::redacted_message(message, &own).is_none()
                && text.as_deref().is_none_or(is_masked);
            (!is_kept).then_some("failure")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_keeps_nothing_up_beside_its_rows() {
        let stage = ImportStage::make(None).unwrap();
        let upkeep = "SELECT group_concat(name) FROM sqlite_schema \
                      WHERE type IN ('index', 'trigger') AND tbl_name IN ('entries', 'exchanges', 'staged')";
        let upkeep: Option<String> = stage.context.connection.query_row(upkeep, [], |row| row.get(0)).unwrap();
        assert_eq!(upkeep, None);
    }
}
