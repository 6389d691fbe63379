//! JSON and JSON Lines: everything that the history has of an entry.

use std::io::{self, Write};

use super::entry_writer::EntryWriter;
use crate::{
    domain::{history::entry::EntryDetail, json_spans::JsonLayout},
    store::{EXPORT_FORMAT, EXPORT_VERSION, ExportedEntry},
};

/// The layout of an entry within the document and its list.
const WITHIN_LIST: JsonLayout = JsonLayout::Indented { levels_around: 2 };

/// One document, indented as if it were written as one value.
#[derive(Default)]
pub(super) struct JsonWriter {
    has_entries: bool,
}

impl EntryWriter for JsonWriter {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{{\n  \"format\": \"{EXPORT_FORMAT}\",\n  \"version\": {EXPORT_VERSION},\n  \"entries\": [")
    }

    fn entry(&mut self, out: &mut dyn Write, detail: &EntryDetail) -> io::Result<()> {
        out.write_all(if self.has_entries { b",\n    " } else { b"\n    " })?;
        self.has_entries = true;
        out.write_all(ExportedEntry::from(detail).laid_out(WITHIN_LIST)?.as_bytes())
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
        out.write_all(ExportedEntry::from(detail).to_line()?.as_bytes())?;
        out.write_all(b"\n")
    }

    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
