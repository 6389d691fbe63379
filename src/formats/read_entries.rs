//! Reads what was exported as JSON or JSON Lines, an entry at a time: a file of any length, with the memory of its longest
//! entry.
//!
//! serde reads a slice several times faster than a reader, which it asks for every byte. So a document is read through a
//! window over the file: the values of its outer object and its entries are taken from there, one by one.

use std::{
    borrow::Cow,
    io::{self, BufRead, Read},
};

use serde::de::{DeserializeOwned, IgnoredAny};

use super::entry_shape::{EntryShape, newer};
use crate::{
    domain::history::entry::EntryDetail,
    store::{EXPORT_FORMAT, EXPORT_VERSION},
};

/// The most bytes of one entry. The longest that the program writes have a body of some megabytes.
pub const LONGEST_ENTRY: u64 = 64 << 20;

/// Why a file cannot be read, and where: line and column count from 1, the column in bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct ReadFault {
    pub line: usize,
    pub column: usize,
    /// As a sentence without a capital.
    pub what: String,
}

/// Takes an entry; an error ends the reading, and is told with the place of the entry.
pub type TakeEntry<'a> = &'a mut dyn FnMut(EntryDetail) -> Result<(), String>;

/// Reads a document of JSON.
///
/// # Errors
/// The first place that is not as an export has it, or what `take` said of an entry there.
pub fn read_json(file: impl Read, take: TakeEntry<'_>) -> Result<(), ReadFault> {
    JsonWindow { file, bytes: Vec::new(), at: 0, is_last: false, line: 1, column: 0 }.document(take)
}

/// Reads an entry a line. Empty lines are passed over.
///
/// # Errors
/// As [`read_json`].
pub fn read_jsonl(mut file: impl BufRead, take: TakeEntry<'_>) -> Result<(), ReadFault> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let at_fault = |column, what| ReadFault { line: number, column, what };
        let length = file.by_ref().take(LONGEST_ENTRY + 1).read_until(b'\n', &mut line);
        let length = length.map_err(|error| at_fault(1, unreadable(&error)))?;
        if length == 0 {
            break;
        }
        if length as u64 > LONGEST_ENTRY {
            return Err(at_fault(1, too_long()));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let entry: EntryShape =
            serde_json::from_slice(&line).map_err(|error| ReadFault { line: number, ..fault(&error, number) })?;
        entry.into_detail().and_then(&mut *take).map_err(|what| at_fault(1, what))?;
    }
    Ok(())
}

fn fault(error: &serde_json::Error, line: usize) -> ReadFault {
    let text = error.to_string();
    // The words end with the place, which is told apart from them.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = text.strip_suffix(&place).unwrap_or(&text);
    let what = &*without_value(what);
    let what = if what == "invalid unicode code point" { "this is not UTF-8" } else { what };
    let what = if error.is_eof() { format!("the file ends here ({what})") } else { what.to_owned() };
    ReadFault { line: if error.line() == 0 { line } else { error.line() }, column: error.column().max(1), what }
}

/// The words about a value of a wrong type without the value, which may be long or secret: `invalid type: string "x",
/// expected a sequence`.
fn without_value(words: &str) -> Cow<'_, str> {
    let fault = ["invalid type", "invalid value"].into_iter().find(|fault| words.starts_with(fault));
    match (fault, words.rfind(", expected ")) {
        (Some(fault), Some(at)) => format!("{fault}{}", &words[at..]).into(),
        _ => words.into(),
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("the file cannot be read ({error})")
}

fn too_long() -> String {
    format!("an entry is longer than {} MB, which none is. Is this an export?", LONGEST_ENTRY >> 20)
}

/// How many bytes are read at a time: a hundred entries.
const WINDOW: usize = 256 << 10;

/// A JSON text of which a part is in memory, read a value at a time.
struct JsonWindow<R> {
    file: R,
    bytes: Vec<u8>,
    /// Where in `bytes` that begins which was not read yet.
    at: usize,
    /// Whether the file has no more than is in `bytes`.
    is_last: bool,
    /// Where in the file `bytes` begin: the line from 1 on, and how many bytes of it are before them.
    line: usize,
    column: usize,
}

impl<R: Read> JsonWindow<R> {
    /// `{"format": …, "version": …, "entries": […]}`.
    fn document(mut self, take: TakeEntry<'_>) -> Result<(), ReadFault> {
        self.open(b'{', "an export of Testcard")?;
        let (mut is_ours, mut has_version, mut has_entries) = (false, false, false);
        let mut is_first = true;
        while self.has_next(b'}', is_first)? {
            is_first = false;
            let name: String = self.value()?;
            if self.peek()? != Some(b':') {
                return Err(self.unexpected("expected `:`"));
            }
            self.at += 1;
            match name.as_str() {
                "format" => {
                    is_ours = self.value::<String>()? == EXPORT_FORMAT;
                    if !is_ours {
                        return Err(self.fault_here(format!("format is not \"{EXPORT_FORMAT}\"")));
                    }
                }
                "version" => {
                    has_version = true;
                    if self.value::<u32>()? > EXPORT_VERSION {
                        return Err(self.fault_here(newer()));
                    }
                }
                "entries" if is_ours && has_version && !has_entries => {
                    has_entries = true;
                    self.entries(take)?;
                }
                "entries" => {
                    return Err(self.fault_here("entries stand before format and version, or twice".to_owned()));
                }
                _ => drop(self.value::<IgnoredAny>()?),
            }
        }
        if !has_entries {
            return Err(self.fault_here("this is no export of Testcard: it has no entries".to_owned()));
        }
        if self.peek()?.is_some() { Err(self.unexpected("trailing characters")) } else { Ok(()) }
    }

    fn entries(&mut self, take: TakeEntry<'_>) -> Result<(), ReadFault> {
        self.open(b'[', "a list of entries")?;
        let mut is_first = true;
        while self.has_next(b']', is_first)? {
            is_first = false;
            let entry: EntryShape = self.value()?;
            entry.into_detail().and_then(&mut *take).map_err(|what| self.fault_here(what))?;
        }
        Ok(())
    }

    /// Passes over the sign that begins an object or a list. `what` is expected here.
    fn open(&mut self, sign: u8, what: &str) -> Result<(), ReadFault> {
        match self.peek()? {
            Some(found) if found == sign => {
                self.at += 1;
                Ok(())
            }
            Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                Err(self.unexpected(&format!("invalid type, expected {what}")))
            }
            _ => Err(self.unexpected("expected value")),
        }
    }

    /// Goes on to the next member of an object or a list, or behind its end.
    fn has_next(&mut self, end: u8, is_first: bool) -> Result<bool, ReadFault> {
        match self.peek()? {
            Some(sign) if sign == end => {
                self.at += 1;
                Ok(false)
            }
            Some(_) if is_first => Ok(true),
            Some(b',') => {
                self.at += 1;
                if self.peek()? == Some(end) { Err(self.unexpected("trailing comma")) } else { Ok(true) }
            }
            _ => Err(self.unexpected(&format!("expected `,` or `{}`", char::from(end)))),
        }
    }

    /// Reads the next value. What ends with the window, well or not, may go on behind it and is read again with more.
    fn value<T: DeserializeOwned>(&mut self) -> Result<T, ReadFault> {
        if self.peek()?.is_none() {
            return Err(self.unexpected("expected value"));
        }
        loop {
            let rest = &self.bytes[self.at..];
            let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<T>();
            let value = values.next();
            let length = values.byte_offset();
            match value {
                Some(Ok(value)) if length < rest.len() || self.is_last => {
                    self.at += length;
                    return Ok(value);
                }
                Some(Err(error)) if self.is_last || (error.line(), error.column()) < end_of(rest) => {
                    return Err(self.fault_of(&error));
                }
                _ => self.read_more()?,
            }
        }
    }

    /// The next byte that is no white space; `None` at the end of the file.
    fn peek(&mut self) -> Result<Option<u8>, ReadFault> {
        loop {
            let rest = &self.bytes[self.at..];
            match rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
                Some(spaces) => {
                    self.at += spaces;
                    return Ok(self.bytes.get(self.at).copied());
                }
                None => {
                    self.at = self.bytes.len();
                    if self.is_last {
                        return Ok(None);
                    }
                    self.read_more()?;
                }
            }
        }
    }

    /// Drops what was read, and reads as much as there is then, or a window.
    fn read_more(&mut self) -> Result<(), ReadFault> {
        (self.line, self.column) = self.place();
        self.bytes.drain(..self.at);
        self.at = 0;
        if self.bytes.len() as u64 > LONGEST_ENTRY {
            return Err(self.fault_here(too_long()));
        }
        // One byte more than an entry may have tells that it is too long.
        let more = self.bytes.len().max(WINDOW).min(LONGEST_ENTRY as usize + 1 - self.bytes.len());
        match self.file.by_ref().take(more as u64).read_to_end(&mut self.bytes) {
            Ok(length) => {
                self.is_last = length < more;
                Ok(())
            }
            Err(error) => Err(self.fault_here(unreadable(&error))),
        }
    }

    /// The line from 1 on, and how many bytes of it were read.
    fn place(&self) -> (usize, usize) {
        behind((self.line, self.column), end_of(&self.bytes[..self.at]))
    }

    /// What is wrong with that which was read last.
    fn fault_here(&self, what: String) -> ReadFault {
        let (line, column) = self.place();
        ReadFault { line, column: column.max(1), what }
    }

    /// What is wrong with the next byte, or that there is none.
    fn unexpected(&self, what: &str) -> ReadFault {
        if self.at == self.bytes.len() {
            return self.fault_here(format!("the file ends here ({what})"));
        }
        let (line, column) = self.place();
        ReadFault { line, column: column + 1, what: what.to_owned() }
    }

    /// What serde says of a value that begins with the next byte.
    fn fault_of(&self, error: &serde_json::Error) -> ReadFault {
        let (line, column) = behind(self.place(), (error.line(), error.column()));
        ReadFault { line, column: column.max(1), ..fault(error, line) }
    }
}

/// The place in the file of a place that is counted from another one on.
fn behind((line, column): (usize, usize), place: (usize, usize)) -> (usize, usize) {
    if place.0 == 1 { (line, column + place.1) } else { (line + place.0 - 1, place.1) }
}

/// Where a text ends: its last line from 1 on, and how many bytes that has.
fn end_of(text: &[u8]) -> (usize, usize) {
    let mut lines = text.rsplit(|byte| *byte == b'\n');
    let last = lines.next().map_or(0, <[u8]>::len);
    (lines.count() + 1, last)
}
