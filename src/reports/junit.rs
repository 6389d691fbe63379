//! JUnit XML by the schema that Jenkins publishes (xunit-plugin, `junit-10.xsd`): a suite, and a test case for each row.

use std::io;

use super::report::{ReportRows, RunReport, seconds};
use crate::domain::{
    markup::{attribute, text},
    run::{record::RowRecord, verdict::RowVerdict},
};

pub(super) fn write(out: &mut dyn io::Write, report: RunReport<'_>, rows: ReportRows<'_>) -> io::Result<()> {
    let RunReport { run, summary, .. } = report;
    let counts = summary.counts;
    let (tests, failures, errors) = (counts.rows(), counts.differs, counts.unanswered);
    let (name, time) = (attribute(&run.run.name), seconds(summary.total));
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"testcard\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{time}\">"
    )?;
    writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{}\" \
         time=\"{time}\" timestamp=\"{}\" id=\"{}\">",
        counts.open,
        run.run.created.strftime("%Y-%m-%dT%H:%M:%S"),
        run.id.0
    )?;
    writeln!(out, "    <properties>")?;
    for (name, value) in [
        ("target", run.run.target.as_str()),
        ("list", &run.run.source),
        ("base_url", run.run.base_url.as_deref().unwrap_or_default()),
    ] {
        if !value.is_empty() {
            writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", attribute(value))?;
        }
    }
    writeln!(out, "    </properties>")?;
    for row in rows {
        write_row(out, &name, &row?)?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn write_row(out: &mut dyn io::Write, suite: &str, row: &RowRecord) -> io::Result<()> {
    let name = attribute(&format!("{} {}", row.number, row.label()));
    write!(out, "    <testcase classname=\"{suite}\" name=\"{name}\" time=\"{}\"", seconds(row.took()))?;
    let outcome = text(&row.outcome());
    match &row.verdict {
        Some(RowVerdict::AsExpected) => writeln!(out, "/>"),
        None => writeln!(out, "><skipped/></testcase>"),
        Some(verdict @ RowVerdict::Differs(_)) => {
            let words = attribute(&verdict.words());
            writeln!(out, "><failure type=\"differs\" message=\"{words}\">{outcome}</failure></testcase>")
        }
        Some(verdict @ RowVerdict::Unanswered { .. }) => {
            let words = attribute(&verdict.words());
            writeln!(out, "><error type=\"unanswered\" message=\"{words}\">{outcome}</error></testcase>")
        }
    }
}
