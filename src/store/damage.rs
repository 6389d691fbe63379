//! What could not be read of a damaged history, so that whoever sees the rest is told what is missing.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use super::{error::salvage_command, sound::RowNumbers};
use crate::domain::plural::number_of;

/// What could not be read; empty where everything could.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryDamage {
    /// Entries of which nothing can be shown.
    pub entries: RowNumbers,
    /// Entries that are shown, though a part of them could not be read.
    pub parts: RowNumbers,
    /// Calls that cannot be shown.
    pub exchanges: RowNumbers,
    /// Runs that cannot be shown.
    pub runs: RowNumbers,
    /// Rows that cannot be shown, by the number of their run.
    pub run_rows: BTreeMap<i64, RowNumbers>,
    /// What else is damaged besides those rows, in words. Counts are taken from the rows instead, where that is
    /// possible.
    pub tables: Vec<String>,
    pub(super) file: Option<PathBuf>,
}

impl HistoryDamage {
    pub fn is_empty(&self) -> bool {
        let rows = [&self.entries, &self.parts, &self.exchanges, &self.runs];
        rows.into_iter().chain(self.run_rows.values()).all(RowNumbers::is_empty) && self.tables.is_empty()
    }

    pub(super) fn note_table(&mut self, name: &str) {
        if !self.tables.iter().any(|known| known == name) {
            self.tables.push(name.to_owned());
        }
    }

    /// Adds what another look found.
    pub fn extend(&mut self, other: &Self) {
        self.entries.extend(&other.entries);
        self.parts.extend(&other.parts);
        self.exchanges.extend(&other.exchanges);
        self.runs.extend(&other.runs);
        for (run, rows) in &other.run_rows {
            self.run_rows.entry(*run).or_default().extend(rows);
        }
        other.tables.iter().for_each(|table| self.note_table(table));
        if self.file.is_none() {
            self.file.clone_from(&other.file);
        }
    }
}

impl fmt::Display for HistoryDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |numbers: &RowNumbers, one: &str, many: &str| {
            (!numbers.is_empty()).then(|| format!("{} ({numbers})", number_of(numbers.len() as u64, one, many)))
        };
        let rows = [
            of(&self.entries, "entry", "entries"),
            of(&self.parts, "entry in part", "entries in part"),
            of(&self.exchanges, "call", "calls"),
            of(&self.runs, "run", "runs"),
        ];
        let of_runs =
            self.run_rows.iter().filter_map(|(run, rows)| Some(format!("{} of run {run}", of(rows, "row", "rows")?)));
        let parts: Vec<String> = rows.into_iter().flatten().chain(of_runs).chain(self.tables.iter().cloned()).collect();
        write!(f, "The history is damaged. What could not be read: {}", parts.join(", "))?;
        match &self.file {
            Some(file) => write!(f, ". All the rest was read. Save what can be read: {}", salvage_command(file)),
            None => write!(f, ". All the rest was read"),
        }
    }
}
