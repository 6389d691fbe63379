//! Which rows of a table can be read, where some of its pages cannot.
//!
//! SQLite gives up a query at the first page that it cannot read. Rows before and behind that page can be reached all
//! the same, from both ends of the table's numbers and by looking numbers up in between: a range that cannot be read is
//! halved until what is left are single numbers.

use std::{
    collections::{BTreeSet, HashSet},
    fmt,
    ops::RangeInclusive,
};

use rusqlite::{Connection, OptionalExtension as _, Row, Rows};

use super::error::is_damage;

/// A row takes more bytes of the file than this, which bounds how many rows a damaged table can have.
const FEWEST_BYTES_OF_A_ROW: i64 = 48;
/// The most ranges that are halved, as a multiple of the rows that the file can have.
const MOST_LOOKS: i64 = 8;

/// A table whose rows are numbered by SQLite (`rowid`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberedTable {
    Entries,
    Exchanges,
    Objects,
    Answers,
    Runs,
    RunRows,
}

impl NumberedTable {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Exchanges => "exchanges",
            Self::Objects => "objects",
            Self::Answers => "answers",
            Self::Runs => "runs",
            Self::RunRows => "run_rows",
        }
    }
}

/// Shows `visit` every row of a table that can be read, in no order: its number, then these columns. Gives the numbers
/// whose rows cannot be read; there need not have been a row of each.
///
/// # Errors
/// What is no damage, such as a lock; and what `visit` says.
pub(super) fn for_each_sound_row(
    connection: &Connection,
    table: NumberedTable,
    columns: &str,
    visit: &mut dyn FnMut(i64, &Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<RowNumbers> {
    let mut lost = RowNumbers::default();
    let query = |direction: &str| {
        // Without its indexes, for one of them may be what is damaged.
        format!(
            "SELECT rowid, {columns} FROM {} NOT INDEXED WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid {direction}",
            table.name()
        )
    };
    let (rising, falling) = (query("ASC"), query("DESC"));
    // Without an end to them, the numbers below a damaged count would all be gone through.
    let most_rows = (bytes(connection)? / FEWEST_BYTES_OF_A_ROW).max(1);
    let top = highest(connection, table)?.unwrap_or(most_rows);
    let mut ranges = vec![1..=top];
    let mut looks_left = most_rows.saturating_mul(MOST_LOOKS);
    while let Some(range) = ranges.pop() {
        let (mut from, mut to) = range.into_inner();
        let mut there = connection.prepare_cached(&rising)?;
        let is_whole = read_to_end(there.query((from, to))?, &mut |number, row| {
            if number < from {
                return Ok(false);
            }
            from = number + 1;
            visit(number, row).map(|()| true)
        })?;
        if is_whole || from > to {
            continue;
        }
        let mut back = connection.prepare_cached(&falling)?;
        let is_whole = read_to_end(back.query((from, to))?, &mut |number, row| {
            if number > to {
                return Ok(false);
            }
            to = number - 1;
            visit(number, row).map(|()| true)
        })?;
        // Where the way back came through, nothing is left between the two.
        if is_whole || from > to {
            continue;
        }
        if to == top {
            // Nothing is known of the last rows but that they follow those that were read.
            to = to.min(from.saturating_add(most_rows));
        }
        looks_left -= 1;
        if from == to || looks_left <= 0 {
            lost.insert(from);
            lost.insert(to);
        } else {
            let middle = from + (to - from) / 2;
            ranges.push(middle + 1..=to);
            ranges.push(from..=middle);
        }
    }
    Ok(lost)
}

/// Keeps of the numbers of unreadable rows those that were entries. A damaged page stands for many numbers, and the
/// calls tell which of them there were; where these cannot be read either, all numbers stay.
pub(super) fn retain_known_entries(connection: &Connection, lost: &mut RowNumbers) {
    if lost.is_empty() {
        return;
    }
    let known = "SELECT DISTINCT entry FROM exchanges NOT INDEXED WHERE entry IS NOT NULL";
    let known = connection.prepare_cached(known).and_then(|mut known| {
        known.query_map([], |row| row.get::<_, i64>(0))?.collect::<rusqlite::Result<HashSet<i64>>>()
    });
    if let Ok(known) = known {
        lost.retain(|number| known.contains(&number));
    }
}

/// Shows `visit` rows up to the end, or to damage; whether it was the end. `visit` says whether the row may stand where
/// it does: numbers that do not go on in their order are damage too, such as a page that is another one's.
fn read_to_end(
    mut rows: Rows<'_>,
    visit: &mut dyn FnMut(i64, &Row<'_>) -> rusqlite::Result<bool>,
) -> rusqlite::Result<bool> {
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                if !visit(row.get(0)?, row)? {
                    return Ok(false);
                }
            }
            Ok(None) => return Ok(true),
            Err(error) if is_damage(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

fn number(connection: &Connection, sql: &str) -> rusqlite::Result<Option<i64>> {
    match connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).optional() {
        Ok(found) => Ok(found.flatten()),
        Err(error) if is_damage(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The size of the database.
fn bytes(connection: &Connection) -> rusqlite::Result<i64> {
    let pages = number(connection, "PRAGMA page_count")?.unwrap_or_default();
    let page = number(connection, "PRAGMA page_size")?.unwrap_or_default();
    Ok(pages.saturating_mul(page))
}

/// A number that no row of the table is above; `None` where nothing tells one.
fn highest(connection: &Connection, table: NumberedTable) -> rusqlite::Result<Option<i64>> {
    let name = table.name();
    let counted = match table {
        NumberedTable::Runs | NumberedTable::RunRows => {
            format!("SELECT seq FROM sqlite_sequence WHERE name = '{name}'")
        }
        // An answer has the number of its exchange.
        NumberedTable::Answers => "SELECT value FROM counters WHERE name = 'last_exchanges'".to_owned(),
        _ => format!("SELECT value FROM counters WHERE name = 'last_{name}'"),
    };
    let counted = number(connection, &counted)?;
    let mut newest = number(connection, &format!("SELECT max(rowid) FROM {name} NOT INDEXED"))?;
    if newest.is_none() {
        // What other tables and the indexes tell of the rows.
        let told: &[&str] = match table {
            NumberedTable::Entries => &["SELECT max(entry) FROM exchanges NOT INDEXED"],
            NumberedTable::Exchanges => &[
                "SELECT max(token_call) FROM entries NOT INDEXED",
                "SELECT max(id) FROM exchanges INDEXED BY exchanges_by_entry WHERE entry > 0 AND token IS NULL",
                "SELECT max(exchange) FROM log_calls",
            ],
            NumberedTable::Objects => {
                &["SELECT max(position) FROM objects INDEXED BY objects_listed WHERE kind <> 'token'"]
            }
            NumberedTable::Answers | NumberedTable::Runs | NumberedTable::RunRows => &[],
        };
        for sql in told {
            newest = newest.max(number(connection, sql)?);
        }
    }
    Ok(counted.max(newest).filter(|last| *last > 0))
}

/// A set of numbers, shown as ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowNumbers(BTreeSet<i64>);

impl RowNumbers {
    pub fn insert(&mut self, number: i64) {
        self.0.insert(number);
    }

    pub fn extend(&mut self, more: &Self) {
        self.0.extend(&more.0);
    }

    pub fn retain(&mut self, keep: impl Fn(i64) -> bool) {
        self.0.retain(|number| keep(*number));
    }

    pub fn contains(&self, number: i64) -> bool {
        self.0.contains(&number)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        self.0.iter().copied()
    }

    fn ranges(&self) -> Vec<RangeInclusive<i64>> {
        let mut ranges: Vec<RangeInclusive<i64>> = Vec::new();
        for number in self.iter() {
            match ranges.last_mut() {
                Some(last) if *last.end() + 1 == number => *last = *last.start()..=number,
                _ => ranges.push(number..=number),
            }
        }
        ranges
    }
}

impl fmt::Display for RowNumbers {
    /// `3, 7 to 9`; of many ranges only the first ones and the last number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        let ranges = self.ranges();
        for (nth, range) in ranges.iter().take(SHOWN).enumerate() {
            let comma = if nth > 0 { ", " } else { "" };
            let (start, end) = (range.start(), range.end());
            if start == end { write!(f, "{comma}{start}") } else { write!(f, "{comma}{start} to {end}") }?;
        }
        if ranges.len() > SHOWN { write!(f, ", … {}", self.iter().last().unwrap_or_default()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_ranges() {
        let mut numbers = RowNumbers::default();
        for number in [9, 3, 7, 8] {
            numbers.insert(number);
        }
        assert_eq!((numbers.to_string(), numbers.len()), ("3, 7 to 9".to_owned(), 4));
    }
}
