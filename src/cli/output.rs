//! Printing: results to stdout, all else to stderr, and text of others made harmless.

use std::{
    fmt,
    io::{self, Write as _},
};

use crate::domain::{
    call::{api::ApiResponse, refusal::AccountRefusal},
    foreign, mask,
};

/// Says something on stderr that is not a result. It may quote what was typed or answered, so it is masked, and one
/// line.
pub(super) fn remark(words: impl fmt::Display) {
    // Without stderr there is nobody left to tell.
    let _ = writeln!(io::stderr(), "testcard: {}", foreign::sentence(&mask::sentence(&words.to_string())));
}

/// Prints a line. What it quotes of others must have passed [`foreign`] before.
pub(super) fn print(line: impl fmt::Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// Prints JSON that may hold text of others.
pub(super) fn print_json(json: &str) -> io::Result<()> {
    print(foreign::json(json))
}

/// Stdout for long JSON: what may hold text of others passes line by line, so that not all of it is in memory.
#[derive(Default)]
pub(super) struct JsonOutput {
    line: Vec<u8>,
}

impl io::Write for JsonOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.flush()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        io::stdout().lock().write_all(foreign::json(&String::from_utf8_lossy(&line)).as_bytes())
    }
}

/// An answer for a person, in one line: what was read off it, else its error, else that it is no `wanted`.
pub(super) fn sentence(response: &ApiResponse, read: Option<String>, wanted: &str) -> String {
    let line = read.or_else(|| response.error_sentence()).unwrap_or_else(|| {
        let why = if response.is_success() { format!("no {wanted}") } else { "an error without a reason".to_owned() };
        format!("The answer is {why} (HTTP {})", response.http_status)
    });
    foreign::sentence(&line)
}

/// Says what lies behind a refusal that is about the account and not about the card.
pub(super) fn explain(response: &ApiResponse, number: Option<&str>) {
    if let Some(refusal) = AccountRefusal::of(response) {
        let ready = number.and_then(|number| refusal.ready_alias(number));
        let ready = ready.map(|alias| format!(". The ready token of this card is {alias}")).unwrap_or_default();
        remark(format_args!("{}. {}{ready}. See {}", refusal.title(), refusal.remedy(), refusal.link()));
    }
}

/// Rows as lines, every column as wide as its widest cell. The cells may be text of others.
pub(super) fn columns<const N: usize>(rows: Vec<[String; N]>) -> Vec<String> {
    let rows: Vec<[String; N]> = rows.into_iter().map(|row| row.map(|text| foreign::cell(&text))).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: [String; N]| {
        let filled = |(cell, width): (&String, usize)| format!("{cell}{}", " ".repeat(width - cell.chars().count()));
        let cells = row.iter().zip(widths).map(filled);
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.into_iter().map(line).collect()
}
