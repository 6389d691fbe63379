//! Reads what was exported as JSON or JSON Lines, an entry at a time: a file of any length, with the memory of its longest
//! entry.

use std::{
    borrow::Cow,
    cell::Cell,
    fmt,
    io::{self, BufRead, Read},
};

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

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
pub fn read_json(file: impl BufRead, take: TakeEntry<'_>) -> Result<(), ReadFault> {
    let (read, line) = (Cell::new(0), Cell::new(1));
    let mut parser = serde_json::Deserializer::from_reader(BoundedReader { file, read: &read, line: &line });
    let document = DocumentVisitor { take, read: &read };
    let done = serde::Deserializer::deserialize_map(&mut parser, document).and_then(|()| parser.end());
    done.map_err(|error| fault(&error, line.get()))
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

/// Gives no more than an entry may have. serde asks for one byte at a time, so it is known where it is.
struct BoundedReader<'a, R> {
    file: R,
    /// How much was read of the entry.
    read: &'a Cell<u64>,
    line: &'a Cell<usize>,
}

impl<R: BufRead> Read for BoundedReader<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(bytes)?;
        self.read.set(self.read.get() + length as u64);
        let breaks = bytes[..length].split(|byte| *byte == b'\n').count() - 1;
        self.line.set(self.line.get() + breaks);
        if self.read.get() > LONGEST_ENTRY { Err(io::Error::other(too_long())) } else { Ok(length) }
    }
}

/// `{"format": …, "version": …, "entries": […]}`.
struct DocumentVisitor<'a, 'b> {
    take: TakeEntry<'a>,
    read: &'b Cell<u64>,
}

impl<'de> Visitor<'de> for DocumentVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an export of Testcard")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let (mut is_ours, mut has_version, mut has_entries) = (false, false, false);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "format" => {
                    is_ours = map.next_value::<String>()? == EXPORT_FORMAT;
                    if !is_ours {
                        return Err(M::Error::custom(format!("format is not \"{EXPORT_FORMAT}\"")));
                    }
                }
                "version" => {
                    has_version = true;
                    if map.next_value::<u32>()? > EXPORT_VERSION {
                        return Err(M::Error::custom(newer()));
                    }
                }
                "entries" if is_ours && has_version && !has_entries => {
                    has_entries = true;
                    map.next_value_seed(EntriesSeed { take: &mut *self.take, read: self.read })?;
                }
                "entries" => return Err(M::Error::custom("entries stand before format and version, or twice")),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if has_entries { Ok(()) } else { Err(M::Error::custom("this is no export of Testcard: it has no entries")) }
    }
}

struct EntriesSeed<'a, 'b> {
    take: TakeEntry<'a>,
    read: &'b Cell<u64>,
}

impl<'de> DeserializeSeed<'de> for EntriesSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for EntriesSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<(), S::Error> {
        self.read.set(0);
        while let Some(entry) = seq.next_element::<EntryShape>()? {
            entry.into_detail().and_then(&mut *self.take).map_err(S::Error::custom)?;
            self.read.set(0);
        }
        Ok(())
    }
}
