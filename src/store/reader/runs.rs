//! Reading runs and their rows.

use jiff::Timestamp;
use rusqlite::{Params, Row, types::Type};

use super::{HistoryReader, tolerant::ReadResult};
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
    store::{StoreError, runs::RunSettings},
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
    /// The newest runs, so many at most.
    ///
    /// # Errors
    /// Here and below: when the database cannot be read.
    pub fn runs(&self, most: usize) -> ReadResult<Vec<RunRecord>> {
        self.select_runs("1 ORDER BY id DESC LIMIT ?1", [i64::try_from(most).unwrap_or(i64::MAX)])
    }

    /// The run of a number, or the newest of a name.
    ///
    /// # Errors
    /// As [`Self::runs`].
    pub fn run_named(&self, text: &str) -> ReadResult<Option<RunRecord>> {
        let number = text.parse::<i64>().ok();
        let found =
            self.select_runs("id = ?1 OR name = ?2 ORDER BY id DESC LIMIT 1", (number, mask::text(&run_name(text))))?;
        Ok(found.into_iter().next())
    }

    /// The newest finished run of the same list on the same target before this one.
    ///
    /// # Errors
    /// As [`Self::runs`].
    pub fn run_before(&self, run: &RunRecord) -> ReadResult<Option<RunRecord>> {
        let condition = "list_hash = ?1 AND target = ?2 AND id < ?3 AND state = 'finished' ORDER BY id DESC LIMIT 1";
        let values = (run.run.list_hash.clone(), run.run.target.as_str(), run.id.0);
        Ok(self.select_runs(condition, values)?.into_iter().next())
    }

    /// The rows of a run in the order of the list, with a page of them in memory at a time.
    pub fn run_rows(&self, run: RunId, which: RowSelection) -> RunRows<&Self> {
        RunRows { reader: self, run, which, after: 0, page: Vec::new().into_iter(), is_last: false }
    }

    /// The same, with the reader in it.
    pub fn into_run_rows(self, run: RunId, which: RowSelection) -> RunRows<Self> {
        RunRows { reader: self, run, which, after: 0, page: Vec::new().into_iter(), is_last: false }
    }

    fn select_runs(&self, condition: &str, values: impl Params) -> ReadResult<Vec<RunRecord>> {
        let sql = format!("SELECT {RUN} FROM runs WHERE {condition}");
        self.history.all(&sql, values, run).map_err(|error| self.history.store_error(&error))
    }

    fn row_page(&self, of: RunId, which: RowSelection, after: u64) -> ReadResult<Vec<RowRecord>> {
        let open = match which {
            RowSelection::All => "",
            RowSelection::Open => "AND (verdict IS NULL OR verdict = 'unanswered')",
        };
        let sql =
            format!("SELECT {ROW} FROM run_rows WHERE run = ?1 AND number > ?2 {open} ORDER BY number LIMIT {PAGE}");
        self.history.all(&sql, (of.0, after.cast_signed()), row).map_err(|error| self.history.store_error(&error))
    }
}

/// The rows of a run, read in pages.
#[derive(Debug)]
pub struct RunRows<R> {
    reader: R,
    run: RunId,
    which: RowSelection,
    after: u64,
    page: std::vec::IntoIter<RowRecord>,
    is_last: bool,
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
        if let Some(row) = self.page.next() {
            self.after = row.number;
            return Some(Ok(row));
        }
        if self.is_last {
            return None;
        }
        match self.reader.borrow().row_page(self.run, self.which, self.after) {
            Ok(page) => {
                self.is_last = page.len() < PAGE;
                self.page = page.into_iter();
                self.next()
            }
            Err(error) => {
                self.is_last = true;
                Some(Err(error))
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
    let source: String = row.get(3)?;
    let expects: serde_json::Value =
        serde_json::from_str(row.get_ref(7)?.as_str()?).map_err(|error| unreadable(7, error))?;
    let tags: Vec<String> = serde_json::from_str(row.get_ref(10)?.as_str()?).map_err(|error| unreadable(10, error))?;
    let newer = || unreadable(3, "a newer program wrote it");
    Ok(RowRecord {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        card: row.get(1)?,
        variant: row.get(2)?,
        source: KeptSource::of_json(&source).ok_or_else(newer)?,
        last_step: word(row, 4)?,
        amount: row.get(5)?,
        currency: row.get(6)?,
        expects: Expectation::of_json(&expects).ok_or_else(newer)?,
        is_predicted: row.get(8)?,
        note: row.get(9)?,
        tags,
        entry: row.get::<_, Option<i64>>(11)?.map(EntryId),
        results: row.get::<_, Option<String>>(12)?.as_deref().map(results_of_json).unwrap_or_default(),
        verdict: row.get::<_, Option<String>>(13)?.as_deref().and_then(RowVerdict::of_json),
    })
}

fn word<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    row.get_ref(column)?.as_str()?.parse().map_err(|_| unreadable(column, "it is no word that this program knows"))
}

fn unreadable(column: usize, error: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}
