//! What every report is made of, and the words that they share.

use std::io;

use crate::domain::{
    run::{
        comparison::RunComparison,
        record::{RowRecord, RunRecord},
        summary::RunSummary,
    },
    words::words,
};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    Junit,
    Json,
    Markdown,
    Html,
}

words!(ReportFormat {
    Junit => "junit",
    Json => "json",
    Markdown => "markdown",
    Html => "html",
});

/// What is known of a run before its rows are gone through once more.
#[derive(Clone, Copy, Debug)]
pub struct RunReport<'a> {
    pub run: &'a RunRecord,
    pub summary: &'a RunSummary,
    /// An earlier run of the same list, and what came otherwise since.
    pub before: Option<(&'a RunRecord, &'a RunComparison)>,
}

/// The rows of a run in their order. What cannot be read of them is an error of the reading, not of the writing.
pub type ReportRows<'a> = &'a mut dyn Iterator<Item = io::Result<RowRecord>>;

/// Seconds with their thousandths, as reports have them.
pub(super) fn seconds(took: std::time::Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}

/// A duration for people: "3.2 ms", "1.4 s".
pub(super) fn shown(took: std::time::Duration) -> String {
    let micros = took.as_micros();
    match micros {
        0..10_000 => format!("{:.1} ms", micros as f64 / 1e3),
        10_000..1_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}
