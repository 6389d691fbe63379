//! Evidence: what was sent, what came back and what was expected, as a document for a person who was not there. It holds
//! what the history holds, masked, and is read without this program.

mod html;
mod markdown;
mod pieces;

use std::io::{self, Write};

use jiff::Timestamp;

use crate::domain::{
    history::entry::EntryDetail,
    run::record::{RowRecord, RunRecord},
};
use pieces::DocumentPiece;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentFormat {
    Markdown,
    Html,
}

/// Writes the evidence of entries, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct EvidenceWriter {
    format: DocumentFormat,
}

impl EvidenceWriter {
    pub fn new(format: DocumentFormat) -> Self {
        Self { format }
    }

    /// Writes the head of the document; `now` is when it is made, and `entries` how many follow.
    ///
    /// # Errors
    /// Here and below: when the file cannot be written.
    pub fn begin(self, out: &mut dyn Write, now: Timestamp, entries: u64) -> io::Result<()> {
        self.begin_with(out, &pieces::head(now, entries))
    }

    /// As [`Self::begin`], of the rows of a run.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn begin_run(self, out: &mut dyn Write, now: Timestamp, run: &RunRecord) -> io::Result<()> {
        self.begin_with(out, &pieces::head_of_run(now, run))
    }

    fn begin_with(self, out: &mut dyn Write, head: &[DocumentPiece]) -> io::Result<()> {
        if self.format == DocumentFormat::Html {
            out.write_all(html::HEAD.as_bytes())?;
        }
        self.write(out, head)
    }

    /// # Errors
    /// As [`Self::begin`].
    pub fn entry(self, out: &mut dyn Write, detail: &EntryDetail) -> io::Result<()> {
        self.write(out, &pieces::of_entry(detail))
    }

    /// Writes a row of a run, with its entry if its call has left.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn row(self, out: &mut dyn Write, row: &RowRecord, detail: Option<&EntryDetail>) -> io::Result<()> {
        self.write(out, &pieces::of_row(row, detail))
    }

    /// # Errors
    /// As [`Self::begin`].
    pub fn end(self, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            DocumentFormat::Markdown => Ok(()),
            DocumentFormat::Html => out.write_all(html::FOOT.as_bytes()),
        }
    }

    fn write(self, out: &mut dyn Write, pieces: &[DocumentPiece]) -> io::Result<()> {
        pieces.iter().try_for_each(|piece| match self.format {
            DocumentFormat::Markdown => out.write_all(markdown::text(piece).as_bytes()),
            DocumentFormat::Html => out.write_all(html::text(piece).as_bytes()),
        })
    }
}
