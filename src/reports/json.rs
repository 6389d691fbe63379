//! Everything that is kept of a run as JSON: its own structs, so that a change of the program's types does not change the
//! files.

use std::io;

use serde::Serialize;
use serde_json::Value;

use super::report::{ReportRows, RunReport};
use crate::domain::run::{
    record::{RowRecord, RunRecord},
    row::RunStep,
    summary::{VerdictCounts, class_words},
    verdict::{RowVerdict, StepResult},
};

/// The number in `version`. It is raised when a program that reads older reports would misread a newer one.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct PrintedRun<'a> {
    number: i64,
    name: &'a str,
    target: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_url: Option<&'a str>,
    list: &'a str,
    /// Equal for runs of the same list in one data folder.
    list_hash: &'a str,
    /// `running`, `stopped` or `finished`.
    state: &'static str,
    /// RFC 3339 in UTC.
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls_per_second: Option<u32>,
}

#[derive(Serialize)]
struct PrintedCounts {
    rows: u64,
    as_expected: u64,
    differs: u64,
    unanswered: u64,
    open: u64,
}

#[derive(Serialize)]
struct PrintedSummary<'a> {
    #[serde(flatten)]
    counts: PrintedCounts,
    calls_sent: u64,
    took_micros: PrintedTimes,
    /// What the last call of the rows came to.
    outcomes: &'a std::collections::BTreeMap<String, u64>,
    durations: Vec<(String, u64)>,
}

#[derive(Serialize)]
struct PrintedTimes {
    shortest: Option<u64>,
    mean: Option<u64>,
    longest: Option<u64>,
}

#[derive(Serialize)]
struct PrintedComparison<'a> {
    run: i64,
    changed: u64,
    same: u64,
    not_in_both: u64,
    changes: Vec<PrintedChange<'a>>,
}

#[derive(Serialize)]
struct PrintedChange<'a> {
    row: u64,
    label: &'a str,
    before: &'a str,
    after: &'a str,
}

#[derive(Serialize)]
struct PrintedRow<'a> {
    row: u64,
    card: &'a str,
    variant: &'a str,
    step: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    expected: Value,
    /// `as_expected`, `differs` or `unanswered`; `null` for a row that was not made yet.
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    entry: Option<i64>,
    steps: Vec<PrintedStep<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
}

#[derive(Serialize)]
struct PrintedStep<'a> {
    step: &'static str,
    got: &'a str,
    status: Option<u16>,
    id: Option<&'a str>,
    request_id: Option<&'a str>,
    took_micros: u64,
    tries: u32,
}

pub(super) fn write(out: &mut dyn io::Write, report: RunReport<'_>, rows: ReportRows<'_>) -> io::Result<()> {
    let RunReport { run, summary, before } = report;
    let micros = |took: Option<std::time::Duration>| took.map(|took| took.as_micros() as u64);
    let printed = PrintedSummary {
        counts: summary.counts.into(),
        calls_sent: summary.sent,
        took_micros: PrintedTimes {
            shortest: micros(summary.shortest),
            mean: micros(summary.mean()),
            longest: micros(summary.longest),
        },
        outcomes: &summary.outcomes,
        durations: summary.durations.iter().enumerate().map(|(class, rows)| (class_words(class), *rows)).collect(),
    };
    write!(out, "{{\n  \"format\": \"testcard-run\",\n  \"version\": {VERSION},\n  \"run\": ")?;
    serde_json::to_writer(&mut *out, &PrintedRun::from(run))?;
    write!(out, ",\n  \"summary\": ")?;
    serde_json::to_writer(&mut *out, &printed)?;
    if let Some((earlier, comparison)) = before {
        let changes = comparison.changes.iter().map(|change| PrintedChange {
            row: change.number,
            label: &change.label,
            before: &change.before,
            after: &change.after,
        });
        let printed = PrintedComparison {
            run: earlier.id.0,
            changed: comparison.changed,
            same: comparison.same,
            not_in_both: comparison.not_in_both,
            changes: changes.collect(),
        };
        write!(out, ",\n  \"compared_with\": ")?;
        serde_json::to_writer(&mut *out, &printed)?;
    }
    write!(out, ",\n  \"rows\": [")?;
    let mut is_first = true;
    for row in rows {
        write!(out, "{}\n    ", if is_first { "" } else { "," })?;
        is_first = false;
        serde_json::to_writer(&mut *out, &PrintedRow::from(&row?))?;
    }
    writeln!(out, "{}]\n}}", if is_first { "" } else { "\n  " })
}

impl<'a> From<&'a RunRecord> for PrintedRun<'a> {
    fn from(record: &'a RunRecord) -> Self {
        let run = &record.run;
        Self {
            number: record.id.0,
            name: &run.name,
            target: run.target.as_str(),
            base_url: run.base_url.as_deref(),
            list: &run.source,
            list_hash: &run.list_hash,
            state: record.state.as_str(),
            created: format!("{:.3}", run.created),
            finished: record.finished.map(|moment| format!("{moment:.3}")),
            calls_per_second: run.rate,
        }
    }
}

impl From<VerdictCounts> for PrintedCounts {
    fn from(counts: VerdictCounts) -> Self {
        let VerdictCounts { as_expected, differs, unanswered, open } = counts;
        Self { rows: counts.rows(), as_expected, differs, unanswered, open }
    }
}

impl<'a> From<&'a RowRecord> for PrintedRow<'a> {
    fn from(row: &'a RowRecord) -> Self {
        let is_charged = matches!(row.last_step, RunStep::Charge | RunStep::Intent | RunStep::PartialIntent);
        Self {
            row: row.number,
            card: &row.card,
            variant: &row.variant,
            step: row.last_step.as_str(),
            amount: is_charged.then_some(&*row.amount),
            currency: is_charged.then_some(&*row.currency),
            expected: row.expects.to_json(),
            verdict: row.verdict.as_ref().map(RowVerdict::as_str),
            words: row.verdict.as_ref().filter(|verdict| !verdict.holds()).map(RowVerdict::words),
            entry: row.entry.map(|entry| entry.0),
            steps: row.results.iter().map(PrintedStep::from).collect(),
            note: &row.note,
            tags: &row.tags,
        }
    }
}

impl<'a> From<&'a StepResult> for PrintedStep<'a> {
    fn from(result: &'a StepResult) -> Self {
        Self {
            step: result.step.as_str(),
            got: &result.got,
            status: result.http_status,
            id: result.object.as_deref(),
            request_id: result.request_id.as_deref(),
            took_micros: result.took.as_micros() as u64,
            tries: result.tries,
        }
    }
}
