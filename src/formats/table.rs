//! CSV as RFC 4180 has it, in UTF-8: a row of names, then an entry a row.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use csv::{Terminator, WriterBuilder};

use super::entry_writer::EntryWriter;
use crate::domain::{history::entry::EntryDetail, mask::keyed_hash, settings::file_format::EntryColumn};

pub(super) struct CsvWriter {
    columns: Vec<EntryColumn>,
}

impl CsvWriter {
    pub(super) fn new(columns: Vec<EntryColumn>) -> Self {
        Self { columns }
    }
}

impl EntryWriter for CsvWriter {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write_row(out, self.columns.iter().map(|column| column.as_str().into()))
    }

    fn entry(&mut self, out: &mut dyn Write, detail: &EntryDetail) -> io::Result<()> {
        write_row(out, self.columns.iter().map(|column| harmless(cell(*column, detail))))
    }

    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

fn write_row<'a>(out: &mut dyn Write, cells: impl Iterator<Item = Cow<'a, str>>) -> io::Result<()> {
    let mut row = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    row.write_record(cells.map(Cow::into_owned)).map_err(io::Error::from)?;
    row.flush()
}

/// A cell that no spreadsheet takes for a formula: those begin with one of these signs, and an apostrophe in front makes
/// them text (OWASP, CSV Injection).
fn harmless(cell: Cow<'_, str>) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        cell
    }
}

fn cell(column: EntryColumn, detail: &EntryDetail) -> Cow<'_, str> {
    let entry = &detail.entry;
    let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
    match column {
        EntryColumn::Id => entry.id.0.to_string().into(),
        EntryColumn::Uid => detail.uid.map(|uid| uid.to_string()).unwrap_or_default().into(),
        EntryColumn::Created => format!("{:.3}", entry.started).into(),
        EntryColumn::Status => entry.status.as_str().into(),
        EntryColumn::Target => entry.target.as_str().into(),
        EntryColumn::Token => text(&entry.token_id).into(),
        EntryColumn::Brand => text(&entry.brand).into(),
        EntryColumn::Last4 => text(&entry.last4).into(),
        EntryColumn::Number => detail.request.param("card[number]").unwrap_or_default().into(),
        EntryColumn::Code => text(&entry.code).into(),
        EntryColumn::HttpStatus => http_status(detail).map(|status| status.to_string()).unwrap_or_default().into(),
        EntryColumn::RequestId => detail.answer().and_then(|answer| answer.request_id()).unwrap_or_default().into(),
        EntryColumn::UsedBy => text(&entry.used_by).into(),
        EntryColumn::UsedClient => text(&entry.used_client).into(),
        EntryColumn::Account => entry.account.as_deref().map(keyed_hash::shown).unwrap_or_default().into(),
        EntryColumn::TookMicros => entry.took.map(|took| took.as_micros().to_string()).unwrap_or_default().into(),
        EntryColumn::Expected => entry.expects.as_ref().map(|expects| expects.words()).unwrap_or_default().into(),
        EntryColumn::Judgement => entry.judgement.as_ref().map(|found| found.words()).unwrap_or_default().into(),
        EntryColumn::Note => entry.note.as_str().into(),
        EntryColumn::Tags => entry.tags.join(" ").into(),
    }
}

fn http_status(detail: &EntryDetail) -> Option<u16> {
    match detail.outcome.as_ref()? {
        Ok(answer) => Some(answer.http_status),
        Err(failure) => failure.http_status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("＝1", "'＝1"),
            ("a=1", "a=1"),
            ("'=1", "'=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(cell.into()), written);
        }
    }

    #[test]
    fn what_would_end_a_cell_or_a_row_stays_in_it() {
        let mut out = Vec::new();
        write_row(&mut out, ["a,b", "say \"x\"", "two\r\nlines", "", "é"].into_iter().map(Cow::from)).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "\"a,b\",\"say \"\"x\"\"\",\"two\r\nlines\",,é\r\n");
    }
}
