//! Copies the rows that can be read from the damaged database to the new one.

use std::collections::HashSet;

use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, Row, params_from_iter,
    types::{Value, ValueRef},
};

use super::report::SalvageReport;
use crate::store::{
    error::is_damage,
    sound::{NumberedTable, RowNumbers, for_each_sound_row, retain_known_entries},
};

/// A salvage under way: from the damaged database to the new one, with what is to be told of it.
pub(super) struct SalvageJob<'a> {
    pub(super) old: &'a Connection,
    pub(super) new: &'a Connection,
    pub(super) report: SalvageReport,
    /// Whether the folder's secret is lost: the new one tells no token's call and no key.
    pub(super) has_new_secret: bool,
}

impl SalvageJob<'_> {
    /// A number that the new database tells, 0 for none.
    pub(super) fn number(&self, sql: &str) -> rusqlite::Result<i64> {
        self.new.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).map(Option::unwrap_or_default)
    }

    /// The secret of the folder, so that fingerprints and the account's id stay.
    pub(super) fn keep_meta(&mut self) -> rusqlite::Result<()> {
        for name in ["workspace_secret", "created"] {
            let value = self
                .old
                .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get::<_, Vec<u8>>(0))
                .optional();
            match value {
                Ok(Some(value)) if name != "workspace_secret" || value.len() == 32 => {
                    self.new.execute("UPDATE meta SET value = ?2 WHERE name = ?1", (name, value))?;
                }
                Err(error) if !is_damage(&error) && !is_missing(&error) => return Err(error),
                _ if name == "workspace_secret" => {
                    let words = "the secret of the folder is lost: fingerprints and the account's id are new ones, and \
                                 idempotency keys are not remembered";
                    self.report.remarks.push(words.to_owned());
                    self.has_new_secret = true;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Copies the rows of a table that can be read; gives the numbers of those that cannot.
    pub(super) fn copy_table(&self, table: NumberedTable) -> rusqlite::Result<RowNumbers> {
        let known: HashSet<String> = columns_of(self.old, table)?.into_iter().collect();
        let columns: Vec<String> =
            columns_of(self.new, table)?.into_iter().filter(|column| known.contains(column)).collect();
        if columns.is_empty() {
            return Ok(RowNumbers::default());
        }
        let mut copier = RowCopier::new(self.new, table, &columns);
        if table == NumberedTable::Objects && !known.contains("position") {
            return copier.copy_unnumbered_objects(self.old);
        }
        let list = copier.columns.clone();
        let lost = for_each_sound_row(self.old, table, &list, &mut |number, row| copier.copy(number, row, 1));
        let mut lost = match lost {
            Err(error) if is_missing(&error) => RowNumbers::default(),
            lost => lost?,
        };
        if table == NumberedTable::Entries {
            retain_known_entries(self.old, &mut lost);
        }
        lost.extend(&copier.refused);
        Ok(lost)
    }
}

fn columns_of(connection: &Connection, table: NumberedTable) -> rusqlite::Result<Vec<String>> {
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    columns.query_map([table.name()], |row| row.get(0))?.collect()
}

/// Writes rows of one table into the new database.
struct RowCopier<'a> {
    new: &'a Connection,
    /// The columns that both databases have, as SQL lists them, and how many they are.
    columns: String,
    column_count: usize,
    insert: String,
    /// The numbers of rows that were read and could not be written.
    refused: RowNumbers,
}

impl<'a> RowCopier<'a> {
    fn new(new: &'a Connection, table: NumberedTable, columns: &[String]) -> Self {
        let (list, places) = (columns.join(", "), vec!["?"; columns.len()].join(", "));
        let insert = format!("INSERT OR IGNORE INTO {} ({list}) VALUES ({places})", table.name());
        Self { new, columns: list, column_count: columns.len(), insert, refused: RowNumbers::default() }
    }

    /// Writes a row whose columns begin with `first`. A row that cannot be written is noted.
    fn copy(&mut self, number: i64, row: &Row<'_>, first: usize) -> rusqlite::Result<()> {
        let values = (first..first + self.column_count).map(|column| value(row, column)).collect::<Result<Vec<_>, _>>();
        let is_written = match values {
            Err(_) => false,
            Ok(values) => match self.new.prepare_cached(&self.insert)?.execute(params_from_iter(values)) {
                // None for a number that is there twice, or for a value that its column cannot hold.
                Ok(rows) => rows == 1,
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => false,
                Err(error) => return Err(error),
            },
        };
        if !is_written {
            self.refused.insert(number);
        }
        Ok(())
    }

    /// Copies the objects of the first version, which had no numbers: their order was that of their times. Gives the
    /// numbers that could not be copied.
    fn copy_unnumbered_objects(mut self, old: &Connection) -> rusqlite::Result<RowNumbers> {
        let mut objects = old.prepare(&format!("SELECT {} FROM objects ORDER BY created, id", self.columns))?;
        let mut rows = objects.query([])?;
        for number in 1.. {
            match rows.next() {
                Ok(Some(row)) => self.copy(number, row, 0)?,
                Ok(None) => break,
                Err(error) if is_damage(&error) => {
                    self.refused.insert(number);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(self.refused)
    }
}

/// Whether an error means that a table or a column is missing, as in a database of an older version.
pub(super) fn is_missing(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::Unknown)
}

/// A value as it stands; of text that is not UTF-8, the part that is.
fn value(row: &Row<'_>, column: usize) -> rusqlite::Result<Value> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
    })
}
