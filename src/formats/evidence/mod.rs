//! Evidence: what was sent, what came back and what was expected, as a document for a person who was not there. It holds
//! what the history holds, masked, and is read without this program.

mod html;
mod markdown;
mod pieces;

use std::io::{self, Write};

use jiff::Timestamp;

use crate::domain::{history::entry::EntryDetail, settings::file_format::EvidenceFormat};
use pieces::DocumentPiece;

/// Writes the evidence of entries, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct EvidenceWriter {
    format: EvidenceFormat,
}

impl EvidenceWriter {
    pub fn new(format: EvidenceFormat) -> Self {
        Self { format }
    }

    /// Writes the head of the document; `now` is when it is made, and `entries` how many follow.
    ///
    /// # Errors
    /// Here and below: when the file cannot be written.
    pub fn begin(self, out: &mut dyn Write, now: Timestamp, entries: u64) -> io::Result<()> {
        if self.format == EvidenceFormat::Html {
            out.write_all(html::HEAD.as_bytes())?;
        }
        self.write(out, &pieces::head(now, entries))
    }

    /// # Errors
    /// As [`Self::begin`].
    pub fn entry(self, out: &mut dyn Write, detail: &EntryDetail) -> io::Result<()> {
        self.write(out, &pieces::of_entry(detail))
    }

    /// # Errors
    /// As [`Self::begin`].
    pub fn end(self, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            EvidenceFormat::Markdown => Ok(()),
            EvidenceFormat::Html => out.write_all(html::FOOT.as_bytes()),
        }
    }

    fn write(self, out: &mut dyn Write, pieces: &[DocumentPiece]) -> io::Result<()> {
        pieces.iter().try_for_each(|piece| match self.format {
            EvidenceFormat::Markdown => out.write_all(markdown::text(piece).as_bytes()),
            EvidenceFormat::Html => out.write_all(html::text(piece).as_bytes()),
        })
    }
}
