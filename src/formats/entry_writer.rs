//! What a format does: it writes one entry after the other.

use std::io::{self, Write};

use crate::domain::history::entry::EntryDetail;

/// Writes the entries of one file, in this order: [`Self::begin`], [`Self::entry`] of each, [`Self::end`].
pub trait EntryWriter {
    /// # Errors
    /// Here and below: when the file cannot be written.
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()>;

    /// Writes one entry, or nothing where the format has no place for it.
    ///
    /// # Errors
    /// As [`Self::begin`].
    fn entry(&mut self, out: &mut dyn Write, detail: &EntryDetail) -> io::Result<()>;

    /// # Errors
    /// As [`Self::begin`].
    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;
}
