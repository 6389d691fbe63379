//! Reading runs and their rows.

use jiff::Timestamp;
use rusqlite::{
    Row, params_from_iter,
    types::{Type, Value},
};

use super::{
    HistoryReader,
    tolerant::{ReadResult, TolerantConnection},
};
use crate::{
    domain::{
        history::entry::EntryId,
        mask,
        rules::expectation::Expectation,
        run::{
            kept_row::KeptSource,
            record::{NewRun, RowRecord, RunId, RunRecord, run_name},
            verdict::{RowVerdict, results_of_json},
        },
        settings::profile::ProfileId,
    },
    store::{
        StoreError,
        error::is_damage,
        runs::RunSettings,
        sound::{NumberedTable, for_each_sound_row},
    },
};

const RUN: &str = "id, uid, name, list_hash, target, profile, created_ms, finished_ms, state, settings, rows, \
                   as_expected, differs, unanswered";
const ROW: &str = "number, card, variant, source, last_step, amount, currency, expects, is_predicted, note, tags, entry, \
                   results, verdict_json";
/// How many rows are read at a time.
const PAGE: usize = 256;

/// Which rows of a run are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowSelection {
    All,
    /// Those without an answer that tells anything.
    Open,
}

impl HistoryReader {
    /// The newest runs, so many at most. One that cannot be read is left out and noted.
    ///
    /// # Errors
    /// Here and below: when the database cannot be read.
    pub fn runs(&self, most: usize) -> ReadResult<Vec<RunRecord>> {
        self.select_runs("TRUE", Vec::new(), most)
    }

    /// The run of a number, or the newest of a name.
    ///
    /// # Errors
    /// As [`Self::runs`].
    pub fn run_named(&self, text: &str) -> ReadResult<Option<RunRecord>> {
        let number = text.parse::<i64>().ok();
        let values = vec![number.into(), mask::text(&run_name(text)).into()];
        Ok(self.select_runs("(id = ?1 OR name = ?2)", values, 1)?.pop())
    }

    /// The newest finished run of the same list on the same target before this one.
    ///
    /// # Errors
    /// As [`Self::runs`].
    pub fn run_before(&self, run: &RunRecord) -> ReadResult<Option<RunRecord>> {
        let condition = "list_hash = ?1 AND target = ?2 AND id < ?3 AND state = 'finished'";
        let target = run.run.target.as_str().to_owned();
        let values = vec![run.run.list_hash.clone().into(), target.into(), run.id.0.into()];
        Ok(self.select_runs(condition, values, 1)?.pop())
    }

    /// The rows of a run in the order of the list, with a page of them in memory at a time. One that cannot be read is an
    /// error, for whoever makes their calls.
    pub fn run_rows(&self, run: RunId, which: RowSelection) -> RunRows<&Self> {
        RunRows::new(self, run, which, UnreadableRow::Error)
    }

    /// The same, with the reader in it.
    pub fn into_run_rows(self, run: RunId, which: RowSelection) -> RunRows<Self> {
        RunRows::new(self, run, which, UnreadableRow::Error)
    }

    /// As [`Self::run_rows`], for whoever shows them: one that cannot be read is left out and noted.
    pub fn readable_run_rows(&self, run: RunId, which: RowSelection) -> RunRows<&Self> {
        RunRows::new(self, run, which, UnreadableRow::LeftOut)
    }

    /// The newest runs that a condition tells, so many at most.
    fn select_runs(&self, condition: &str, mut values: Vec<Value>, most: usize) -> ReadResult<Vec<RunRecord>> {
        let sql = format!("SELECT {RUN} FROM runs WHERE {condition} ORDER BY id DESC");
        match self.history.readable_runs(&sql, &values, most) {
            Err(error) if is_damage(&error) => {}
            found => return found.map_err(|error| self.history.store_error(&error)),
        }
        // A page is damaged: each that can be reached is looked at by itself.
        let mut numbers = Vec::new();
        let lost = for_each_sound_row(&self.history.connection, NumberedTable::Runs, "id", &mut |number, _| {
            numbers.push(number);
            Ok(())
        });
        self.history.damage.borrow_mut().runs.extend(&lost.map_err(|error| self.history.store_error(&error))?);
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        let sql = format!("SELECT {RUN} FROM runs NOT INDEXED WHERE {condition} AND id = ?{}", values.len() + 1);
        let mut runs = Vec::new();
        for number in numbers {
            values.push(number.into());
            match self.history.readable_runs(&sql, &values, 1) {
                Err(error) if is_damage(&error) => self.history.damage.borrow_mut().runs.insert(number),
                found => runs.extend(found.map_err(|error| self.history.store_error(&error))?),
            }
            values.pop();
            if runs.len() == most {
                break;
            }
        }
        Ok(runs)
    }

    fn row_page(&self, rows: &RowsToRead) -> ReadResult<RowPage> {
        let (of, after) = (rows.run.0, rows.after.cast_signed());
        let sql = format!(
            "SELECT {ROW} FROM run_rows WHERE run = ?1 AND number > ?2 {} ORDER BY number LIMIT {PAGE}",
            rows.open()
        );
        let leaves_out = rows.unreadable == UnreadableRow::LeftOut;
        let read = self.history.all(&sql, (of, after), |found| {
            let number = found.get::<_, i64>(0)?;
            match row(found) {
                Err(error) if leaves_out && is_damage(&error) => Ok((number, None)),
                read => Ok((number, Some(read?))),
            }
        });
        match read {
            Err(error) if leaves_out && is_damage(&error) => self.sound_rows(rows),
            read => {
                let read = read.map_err(|error| self.history.store_error(&error))?;
                let last = read.last().map(|(number, _)| number.cast_unsigned());
                let is_last = read.len() < PAGE;
                let mut page = Vec::with_capacity(read.len());
                for (number, row) in read {
                    match row {
                        Some(row) => page.push(row),
                        None => self.note_row(of, number),
                    }
                }
                Ok(RowPage { rows: page, last: last.unwrap_or(rows.after), is_last })
            }
        }
    }

    /// The rest of the rows where a page is damaged: those that can be reached, all at once.
    fn sound_rows(&self, rows: &RowsToRead) -> ReadResult<RowPage> {
        let mut found: Vec<RowRecord> = Vec::new();
        let columns = format!("{ROW}, run");
        let lost = for_each_sound_row(&self.history.connection, NumberedTable::RunRows, &columns, &mut |_, sound| {
            // The number of the row in its table comes first.
            let (number, of) = (sound.get::<_, i64>(1)?, sound.get::<_, i64>("run")?);
            if of == rows.run.0 && number.cast_unsigned() > rows.after {
                match row_from(sound, 1) {
                    Ok(row) if rows.takes(&row) => found.push(row),
                    Ok(_) => {}
                    Err(_) => self.note_row(of, number),
                }
            }
            Ok(())
        });
        if !lost.map_err(|error| self.history.store_error(&error))?.is_empty() {
            self.history.damage.borrow_mut().note_table("rows of runs");
        }
        found.sort_by_key(|row| row.number);
        Ok(RowPage { rows: found, last: u64::MAX, is_last: true })
    }

    fn note_row(&self, run: i64, number: i64) {
        self.history.damage.borrow_mut().run_rows.entry(run).or_default().insert(number);
    }
}

impl TolerantConnection {
    /// The first runs of a query, so many at most. Its error is SQLite's.
    fn readable_runs(&self, sql: &str, values: &[Value], most: usize) -> rusqlite::Result<Vec<RunRecord>> {
        let mut query = self.connection.prepare_cached(sql)?;
        let mut rows = query.query(params_from_iter(values))?;
        let mut runs = Vec::new();
        while runs.len() < most
            && let Some(row) = rows.next()?
        {
            match (run(row), row.get(0)) {
                (Ok(run), _) => runs.push(run),
                (Err(error), Ok(number)) if is_damage(&error) => self.damage.borrow_mut().runs.insert(number),
                (Err(error), _) => return Err(error),
            }
        }
        Ok(runs)
    }
}

/// What becomes of a row that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnreadableRow {
    Error,
    LeftOut,
}

/// Which rows are read next.
#[derive(Clone, Copy, Debug)]
struct RowsToRead {
    run: RunId,
    which: RowSelection,
    unreadable: UnreadableRow,
    after: u64,
}

impl RowsToRead {
    fn open(&self) -> &'static str {
        match self.which {
            RowSelection::All => "",
            RowSelection::Open => "AND (verdict IS NULL OR verdict = 'unanswered')",
        }
    }

    fn takes(&self, row: &RowRecord) -> bool {
        match self.which {
            RowSelection::All => true,
            RowSelection::Open => matches!(row.verdict, None | Some(RowVerdict::Unanswered { .. })),
        }
    }
}

struct RowPage {
    rows: Vec<RowRecord>,
    /// The number of the last row that was looked at.
    last: u64,
    is_last: bool,
}

/// The rows of a run, read in pages.
#[derive(Debug)]
pub struct RunRows<R> {
    reader: R,
    next: RowsToRead,
    page: std::vec::IntoIter<RowRecord>,
    is_last: bool,
}

impl<R> RunRows<R> {
    fn new(reader: R, run: RunId, which: RowSelection, unreadable: UnreadableRow) -> Self {
        let next = RowsToRead { run, which, unreadable, after: 0 };
        Self { reader, next, page: Vec::new().into_iter(), is_last: false }
    }
}

impl<R: std::borrow::Borrow<HistoryReader>> RunRows<R> {
    /// The reader that the rows come from.
    pub fn reader(&self) -> &HistoryReader {
        self.reader.borrow()
    }
}

impl<R: std::borrow::Borrow<HistoryReader>> Iterator for RunRows<R> {
    type Item = Result<RowRecord, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.page.next() {
                return Some(Ok(row));
            }
            if self.is_last {
                return None;
            }
            match self.reader.borrow().row_page(&self.next) {
                Ok(page) => {
                    (self.is_last, self.next.after) = (page.is_last, page.last);
                    self.page = page.rows.into_iter();
                }
                Err(error) => {
                    self.is_last = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

fn run(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let moment = |column: usize, millis: i64| {
        Timestamp::from_millisecond(millis).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, millis))
    };
    let settings: RunSettings =
        serde_json::from_str(row.get_ref(9)?.as_str()?).map_err(|error| unreadable(9, error))?;
    let count = |column: usize| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok(RunRecord {
        id: RunId(row.get(0)?),
        run: NewRun {
            uid: row.get(1)?,
            name: row.get(2)?,
            list_hash: row.get(3)?,
            target: word(row, 4)?,
            profile: row.get::<_, Option<i64>>(5)?.map(ProfileId),
            base_url: settings.base_url,
            created: moment(6, row.get(6)?)?,
            last_step: settings.last_step.parse().unwrap_or_default(),
            source: settings.source,
            rate: settings.rate,
            rows: count(10)?,
        },
        finished: row.get::<_, Option<i64>>(7)?.map(|millis| moment(7, millis)).transpose()?,
        state: word(row, 8)?,
        as_expected: count(11)?,
        differs: count(12)?,
        unanswered: count(13)?,
    })
}

fn row(row: &Row<'_>) -> rusqlite::Result<RowRecord> {
    row_from(row, 0)
}

/// The row of a run, whose columns begin with this one.
fn row_from(row: &Row<'_>, first: usize) -> rusqlite::Result<RowRecord> {
    let source: String = row.get(first + 3)?;
    let expects: serde_json::Value =
        serde_json::from_str(row.get_ref(first + 7)?.as_str()?).map_err(|error| unreadable(first + 7, error))?;
    let tags: Vec<String> =
        serde_json::from_str(row.get_ref(first + 10)?.as_str()?).map_err(|error| unreadable(first + 10, error))?;
    let newer = || unreadable(first + 3, "a newer program wrote it");
    Ok(RowRecord {
        number: row.get::<_, i64>(first)?.cast_unsigned(),
        card: row.get(first + 1)?,
        variant: row.get(first + 2)?,
        source: KeptSource::of_json(&source).ok_or_else(newer)?,
        last_step: word(row, first + 4)?,
        amount: row.get(first + 5)?,
        currency: row.get(first + 6)?,
        expects: Expectation::of_json(&expects).ok_or_else(newer)?,
        is_predicted: row.get(first + 8)?,
        note: row.get(first + 9)?,
        tags,
        entry: row.get::<_, Option<i64>>(first + 11)?.map(EntryId),
        results: row.get::<_, Option<String>>(first + 12)?.as_deref().map(results_of_json).unwrap_or_default(),
        verdict: row.get::<_, Option<String>>(first + 13)?.as_deref().and_then(RowVerdict::of_json),
    })
}

fn word<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    row.get_ref(column)?.as_str()?.parse().map_err(|_| unreadable(column, "it is no word that this program knows"))
}

fn unreadable(column: usize, error: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}
