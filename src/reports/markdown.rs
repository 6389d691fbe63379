//! A run in Markdown: the numbers, what does not hold, and what changed. Short enough for a comment or a summary of CI.

use std::io;

use super::report::{ReportRows, RunReport, shown};
use crate::domain::{foreign, markdown, plural::number_of, run::verdict::RowVerdict};

/// So many rows that do not hold are listed.
const MOST_ROWS: usize = 200;

pub(super) fn write(out: &mut dyn io::Write, report: RunReport<'_>, rows: ReportRows<'_>) -> io::Result<()> {
    let RunReport { run, summary, before } = report;
    let sign = if run.holds() { "✅" } else { "❌" };
    writeln!(out, "# {sign} Run {} · {}\n", run.id.0, cell(&run.run.name))?;
    writeln!(
        out,
        "{}, on {}, {} UTC, from {}.\n",
        cell(&run.words()),
        run.run.target.place(),
        run.run.created.strftime("%Y-%m-%d %H:%M:%S"),
        cell(&run.run.source)
    )?;
    if let (Some(mean), Some(longest)) = (summary.mean(), summary.longest) {
        writeln!(
            out,
            "{} sent; a row took {} in the mean, {} at most.\n",
            number_of(summary.sent, "call was", "calls were"),
            shown(mean),
            shown(longest)
        )?;
    }
    write_outcomes(out, &report)?;
    write_failures(out, rows)?;
    let Some((earlier, comparison)) = before else { return Ok(()) };
    writeln!(
        out,
        "\n## Since run {}\n\n{} came to something else, {} to the same.",
        earlier.id.0,
        number_of(comparison.changed, "row", "rows"),
        comparison.same
    )?;
    if !comparison.changes.is_empty() {
        writeln!(out, "\n| row | card | before | now |\n| ---: | --- | --- | --- |")?;
        for change in comparison.changes.iter().take(MOST_ROWS) {
            let [label, before, after] = [&change.label, &change.before, &change.after].map(|text| cell(text));
            writeln!(out, "| {} | {label} | {before} | {after} |", change.number)?;
        }
    }
    Ok(())
}

fn write_outcomes(out: &mut dyn io::Write, report: &RunReport<'_>) -> io::Result<()> {
    writeln!(out, "| last call | rows |\n| --- | ---: |")?;
    for (outcome, rows) in &report.summary.outcomes {
        writeln!(out, "| {} | {rows} |", cell(outcome))?;
    }
    for (what, rows) in [("others", report.summary.other_outcomes), ("not made yet", report.summary.counts.open)] {
        if rows > 0 {
            writeln!(out, "| {what} | {rows} |")?;
        }
    }
    Ok(())
}

fn write_failures(out: &mut dyn io::Write, rows: ReportRows<'_>) -> io::Result<()> {
    let mut told = 0;
    for row in rows {
        let row = row?;
        let Some(verdict) = row.verdict.as_ref().filter(|verdict| !verdict.holds()) else { continue };
        if told == 0 {
            writeln!(out, "\n## What does not hold\n\n| row | card | verdict | token |\n| ---: | --- | --- | --- |")?;
        }
        told += 1;
        if told <= MOST_ROWS {
            let token = row.results.first().and_then(|result| result.object.clone()).unwrap_or_default();
            let words = RowVerdict::words(verdict);
            writeln!(out, "| {} | {} | {} | {} |", row.number, cell(&row.label()), cell(&words), cell(&token))?;
        }
    }
    if told > MOST_ROWS {
        writeln!(out, "\n{} in the JSON report.", number_of((told - MOST_ROWS) as u64, "more is", "more are"))?;
    }
    Ok(())
}

/// A text in a table: on one line, and no sign of it acts.
fn cell(text: &str) -> String {
    markdown::escaped(&foreign::sentence(text))
}
