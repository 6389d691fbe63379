//! JSON and JSON Lines: everything that the history has of an entry.

use std::io::{self, Write};

use super::entry_writer::EntryWriter;
use crate::{
    domain::history::entry::EntryDetail,
    store::{EXPORT_FORMAT, EXPORT_VERSION, ExportedEntry},
};

/// One document, indented as if it were written as one value.
#[derive(Default)]
pub(super) struct JsonWriter {
    has_entries: bool,
}

impl EntryWriter for JsonWriter {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{{\n  \"format\": \"{EXPORT_FORMAT}\",\n  \"version\": {EXPORT_VERSION},\n  \"entries\": [")
    }

    /// Splitting at line breaks is safe: JSON escapes those within a text.
    fn entry(&mut self, out: &mut dyn Write, detail: &EntryDetail) -> io::Result<()> {
        let text = ExportedEntry::from(detail).to_text()?;
        if self.has_entries {
            out.write_all(b",")?;
        }
        self.has_entries = true;
        for line in text.lines() {
            write!(out, "\n    {line}")?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.has_entries { b"\n  ]\n}\n" } else { b"]\n}\n" })
    }
}

/// An entry a line. The lines are those of `history --format jsonl`; a line without a version is of version 1.
pub(super) struct JsonlWriter;

impl EntryWriter for JsonlWriter {
    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn entry(&mut self, out: &mut dyn Write, detail: &EntryDetail) -> io::Result<()> {
        writeln!(out, "{}", ExportedEntry::from(detail).to_line()?)
    }

    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
