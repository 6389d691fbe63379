//! Writes the report of a run to a file: its rows are read twice, once for the numbers and once for the list, and are never
//! in memory together.

use std::io::{self, BufWriter, Write as _};

use tokio_util::sync::CancellationToken;

use super::export::{ExportError, ExportFile, check_target, not_writable, write_file};
use crate::{
    domain::run::{
        comparison::RunComparison,
        record::{RowRecord, RunRecord},
        summary::RunSummary,
    },
    reports::{self, ReportFormat, RunReport},
    store::{HistoryReader, RowSelection, StoreError},
};

/// So many changes since an earlier run are told one by one.
pub const MOST_CHANGES: usize = 1000;

/// Refuses a place where no report can be written, before the run is made.
///
/// # Errors
/// As [`write()`], as far as that is known before.
pub fn check(file: ExportFile<'_>) -> Result<(), ExportError> {
    check_target(file).map(drop)
}

/// The numbers of a run.
///
/// # Errors
/// When the history cannot be read.
pub fn summary(reader: &HistoryReader, run: &RunRecord) -> Result<RunSummary, StoreError> {
    let mut summary = RunSummary::default();
    for row in reader.readable_run_rows(run.id, RowSelection::All) {
        summary.add(&row?);
    }
    Ok(summary)
}

/// What differs between two runs of the same list.
///
/// # Errors
/// When the history cannot be read.
pub fn compare(reader: &HistoryReader, before: &RunRecord, after: &RunRecord) -> Result<RunComparison, StoreError> {
    let rows = |run: &RunRecord| reader.readable_run_rows(run.id, RowSelection::All);
    RunComparison::of(rows(before), rows(after), MOST_CHANGES)
}

/// Writes a report, with what changed since the run before.
///
/// # Errors
/// The file cannot be written, or the history cannot be read.
pub fn write(
    reader: &HistoryReader,
    run: &RunRecord,
    before: Option<&RunRecord>,
    format: ReportFormat,
    file: ExportFile<'_>,
) -> Result<(), ExportError> {
    let summary = summary(reader, run)?;
    let comparison = before.map(|before| Ok((before, compare(reader, before, run)?))).transpose();
    let comparison = comparison.map_err(ExportError::Store)?;
    let before = comparison.as_ref().map(|(before, comparison)| (*before, comparison));
    let report = RunReport { run, summary: &summary, before };
    let path = file.path;
    write_file(file, &CancellationToken::new(), |out| {
        let mut unread = None;
        let mut rows = reader.readable_run_rows(run.id, RowSelection::All).map(|row: Result<RowRecord, StoreError>| {
            row.map_err(|error| {
                let words = error.to_string();
                unread = Some(error);
                io::Error::other(words)
            })
        });
        let mut out = BufWriter::new(out.file());
        let written = reports::write(format, &mut out, report, &mut rows).and_then(|()| out.flush());
        drop(rows);
        match (written, unread) {
            (_, Some(error)) => Err(ExportError::Store(error)),
            (written, None) => written.map_err(|error| not_writable(path, &error)),
        }
    })
}
