//! What a file is, by what is in it: whatever it is called, and without reading more of it than that takes.

use std::{
    cell::Cell,
    fmt,
    io::{self, BufRead, Read as _},
};

use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::{
    domain::{
        run::list_file::{ListFormat, is_column},
        settings::file_format::FileFormat,
    },
    store::EXPORT_FORMAT,
};

/// The most bytes that are read to find out what a file is: those of its first value, or of its first line.
const MOST_READ: u64 = 64 << 20;
const LONGEST_LINE: u64 = 1 << 20;
/// What programs for tables begin their files with.
const MARK: &str = "\u{feff}";

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Entries that were exported as JSON or JSON Lines.
    Export(FileFormat),
    /// The rows of a run.
    List(ListFormat),
    /// Calls of other tools: see [`super::read_calls`].
    Calls,
}

/// Why it is not known what a file is.
#[derive(Debug, thiserror::Error)]
pub enum KindFault {
    #[error(
        "it is neither an export of Testcard, a list with columns such as card[number], a call of curl, a HAR, a Postman \
         collection nor fixtures of the Stripe CLI"
    )]
    Unknown,
    #[error("it is empty")]
    Empty,
    #[error("line {line}, column {column}: it is no JSON")]
    Json { line: usize, column: usize },
    #[error("{0}")]
    Unreadable(#[from] io::Error),
}

/// Finds out what a file is.
///
/// # Errors
/// It is nothing that is known, or cannot be read. A file that is known may still be broken further on.
pub fn kind_of(file: impl BufRead) -> Result<FileKind, KindFault> {
    let mut file = file.take(MOST_READ);
    let mut start = [0; MARK.len()];
    let length = read_up_to(&mut file, &mut start)?;
    let start = &start[..length];
    let start = start.strip_prefix(MARK.as_bytes()).unwrap_or(start);
    let mut file = start.chain(file);
    let first = loop {
        match file.fill_buf()?.first().copied() {
            Some(byte) if byte.is_ascii_whitespace() => file.consume(1),
            Some(byte) => break byte,
            None => return Err(KindFault::Empty),
        }
    };
    match first {
        b'[' => Ok(FileKind::List(ListFormat::Json)),
        b'{' => of_object(file),
        _ => of_line(file),
    }
}

/// Fills as much of `bytes` as there is.
fn read_up_to(file: &mut impl io::Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < bytes.len() {
        match file.read(&mut bytes[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

fn of_line(file: impl BufRead) -> Result<FileKind, KindFault> {
    let mut line = Vec::new();
    file.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if line.starts_with(b"curl") {
        return Ok(FileKind::Calls);
    }
    let mut table = csv::ReaderBuilder::new().from_reader(&*line);
    let has_column = table.headers().is_ok_and(|names| names.iter().any(is_column));
    if has_column { Ok(FileKind::List(ListFormat::Csv)) } else { Err(KindFault::Unknown) }
}

/// What the first object of a file is, by the names of its members.
fn of_object(file: impl BufRead) -> Result<FileKind, KindFault> {
    let found = Cell::new(None);
    let mut parser = serde_json::Deserializer::from_reader(file);
    match parser.deserialize_map(NamesVisitor { found: &found }) {
        _ if found.get().is_some() => found.get().ok_or(KindFault::Unknown),
        Err(error) if error.is_io() => Err(KindFault::Unreadable(error.into())),
        Err(error) => Err(KindFault::Json { line: error.line(), column: error.column().max(1) }),
        Ok(()) => Err(KindFault::Unknown),
    }
}

/// Reads an object until a member tells what it is. The error that ends the reading early is seen by nobody.
struct NamesVisitor<'a> {
    found: &'a Cell<Option<FileKind>>,
}

impl<'de> Visitor<'de> for NamesVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let kind = match name.as_str() {
                "format" if map.next_value::<String>()? == EXPORT_FORMAT => FileKind::Export(FileFormat::Json),
                "format" => continue,
                "entries" => FileKind::Export(FileFormat::Json),
                "uid" | "took_micros" | "timeline" => FileKind::Export(FileFormat::Jsonl),
                "log" | "info" | "item" | "requests" | "fixtures" => FileKind::Calls,
                name if is_column(name) => FileKind::List(ListFormat::Jsonl),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            self.found.set(Some(kind));
            return Err(M::Error::custom("it is known what this is"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<FileKind, &str>) {
        let kind = kind_of(text.as_bytes()).map_err(|fault| fault.to_string());
        match (kind, expected) {
            (Ok(kind), Ok(expected)) => assert_eq!(kind, expected, "{text}"),
            (Err(fault), Err(words)) => assert!(fault.contains(words), "{text}: {fault}"),
            (kind, expected) => panic!("{text}: {kind:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_file_is_what_is_in_it() {
        let (json, jsonl) = (FileKind::Export(FileFormat::Json), FileKind::Export(FileFormat::Jsonl));
        let list = FileKind::List;
        for (text, kind) in [
            ("{\n  \"format\": \"testcard\", \"version\": 1, \"entries\": []}", json),
            ("{\"id\": 1, \"uid\": \"x\", \"status\": \"used\"}\n{", jsonl),
            ("\u{feff}card[number],expect\n4242424242424242,ok\n", list(ListFormat::Csv)),
            ("note;tags,count", list(ListFormat::Csv)),
            (" [{\"card[number]\": \"4242424242424242\"}]", list(ListFormat::Json)),
            ("{\"card\": {\"number\": \"4242424242424242\"}}\n", list(ListFormat::Jsonl)),
            ("{\"expect\": \"ok\", \"preset\": \"made:no_cvc\"}", list(ListFormat::Jsonl)),
            ("\n curl https://api.stripe.com/v1/tokens", FileKind::Calls),
            ("{\"log\": {\"version\": \"1.2\"", FileKind::Calls),
            ("{\"info\": {}, \"item\": []}", FileKind::Calls),
            ("{\"_meta\": {\"template_version\": 0}, \"fixtures\": []}", FileKind::Calls),
        ] {
            check(text, Ok(kind));
        }
    }

    #[test]
    fn what_is_nothing_of_all_that_is_told_in_words() {
        for (text, words) in [
            ("", "empty"),
            (" \n\t", "empty"),
            ("\u{feff}", "empty"),
            ("Dear all,\nplease", "neither an export"),
            ("{\"name\": \"testcard\", \"version\": \"1\"}", "neither an export"),
            ("{\"format\": \"other\"}", "neither an export"),
            ("{\"format\": 7}", "line 1, column"),
            ("{\"a\": \n oops}", "line 2, column"),
            ("PK\u{3}\u{4}\u{0}", "neither an export"),
        ] {
            check(text, Err(words));
        }
        assert!(matches!(kind_of(&b"\xff\xfe,\x00"[..]), Err(KindFault::Unknown)));
    }

    #[test]
    fn no_more_is_read_than_it_takes() {
        struct Endless {
            head: &'static [u8],
            read: u64,
        }
        impl io::Read for Endless {
            fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
                self.read += bytes.len() as u64;
                if self.head.is_empty() {
                    bytes.fill(b' ');
                    return Ok(bytes.len());
                }
                self.head.read(bytes)
            }
        }
        for (head, most) in
            [(&b"{\"format\": \"testcard\","[..], 1 << 16), (b"x", 1 << 21), (b"{\"a\":", MOST_READ + (1 << 16))]
        {
            let mut file = io::BufReader::new(Endless { head, read: 0 });
            let _ = kind_of(&mut file);
            assert!(file.get_ref().read <= most, "{}", file.get_ref().read);
        }
    }
}
