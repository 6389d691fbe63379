//! Reports of a run, each a pure function from what is kept to text, streamed to a writer.
//!
//! What a report holds was masked when it was written down; texts of others are made harmless for the format here.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `junit` | XML that CI servers read |
//! | `json` | everything, for programs |
//! | `markdown` | the verdicts and what differs, for a comment or a summary |
//! | `html` | one page for people, with a heat map |
//! | `report` | what all of them are made of |

mod html;
mod json;
mod junit;
mod markdown;
mod report;

use std::io;

pub use report::{ReportFormat, ReportRows, RunReport};

/// Writes a report.
///
/// # Errors
/// A row that cannot be read, and what the writer says.
pub fn write(
    format: ReportFormat,
    out: &mut dyn io::Write,
    report: RunReport<'_>,
    rows: ReportRows<'_>,
) -> io::Result<()> {
    match format {
        ReportFormat::Junit => junit::write(out, report, rows),
        ReportFormat::Json => json::write(out, report, rows),
        ReportFormat::Markdown => markdown::write(out, report, rows),
        ReportFormat::Html => html::write(out, report, rows),
    }
}

#[cfg(test)]
mod tests;
