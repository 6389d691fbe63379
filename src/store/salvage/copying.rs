//! Copies the rows that can be read from the damaged database to the new one.

use std::collections::HashSet;

use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, Row, params_from_iter,
    types::{Value, ValueRef},
};

use super::report::SalvageReport;
use crate::store::{
    error::is_damage,
    sound::{NumberedTable, RowNumbers, for_each_sound_row},
};

/// A salvage under way: from the damaged database to the new one, with what is to be told of it.
pub(super) struct SalvageJob<'a> {
    pub(super) old: &'a Connection,
    pub(super) new: &'a Connection,
    pub(super) report: SalvageReport,
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
                    let words = "the secret of the folder is lost: fingerprints and the account's id are new ones";
                    self.report.remarks.push(words.to_owned());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Copies the rows of a table that can be read; gives the numbers of those that cannot.
    pub(super) fn copy_table(&self, table: NumberedTable) -> rusqlite::Result<RowNumbers> {
        let name = table.name();
        let columns_of = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
            let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
            columns.query_map([name], |row| row.get(0))?.collect()
        };
        let old: HashSet<String> = columns_of(self.old)?.into_iter().collect();
        let columns: Vec<String> = columns_of(self.new)?.into_iter().filter(|name| old.contains(name)).collect();
        if columns.is_empty() {
            return Ok(RowNumbers::default());
        }
        let list = columns.join(", ");
        let places = vec!["?"; columns.len()].join(", ");
        let insert = format!("INSERT OR IGNORE INTO {name} ({list}) VALUES ({places})");
        let mut refused = RowNumbers::default();
        let mut write = |number: i64, row: &Row<'_>, first: usize| {
            let values = (first..first + columns.len()).map(|column| value(row, column)).collect::<Result<Vec<_>, _>>();
            let Ok(values) = values else {
                refused.insert(number);
                return Ok(());
            };
            match self.new.prepare_cached(&insert)?.execute(params_from_iter(values)) {
                Ok(1) => Ok(()),
                // A number that is there twice, or a value that its column cannot hold.
                Ok(_) => {
                    refused.insert(number);
                    Ok(())
                }
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    refused.insert(number);
                    Ok(())
                }
                Err(error) => Err(error),
            }
        };
        // The first version of objects had no numbers: their order was that of their times.
        if table == NumberedTable::Objects && !old.contains("position") {
            let mut rows = self.old.prepare(&format!("SELECT {list} FROM objects ORDER BY created, id"))?;
            let mut rows = rows.query([])?;
            let mut number = 0;
            loop {
                match rows.next() {
                    Ok(Some(row)) => {
                        number += 1;
                        write(number, row, 0)?;
                    }
                    Ok(None) => break,
                    Err(error) if is_damage(&error) => {
                        refused.insert(number + 1);
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
            return Ok(refused);
        }
        let lost = for_each_sound_row(self.old, table, &list, &mut |number, row| write(number, row, 1));
        let mut lost = match lost {
            Err(error) if is_missing(&error) => RowNumbers::default(),
            lost => lost?,
        };
        if table == NumberedTable::Entries && !lost.is_empty() {
            let known = "SELECT id FROM entries INDEXED BY entries_by_revision WHERE revision > -1";
            let known = self.old.prepare(known).and_then(|mut known| {
                known.query_map([], |row| row.get::<_, i64>(0))?.collect::<rusqlite::Result<HashSet<i64>>>()
            });
            if let Ok(known) = known {
                lost.retain(|number| known.contains(&number));
            }
        }
        lost.extend(&refused);
        Ok(lost)
    }
}

/// Whether an error means that a table or a column is missing, as in a database of an older version.
fn is_missing(error: &rusqlite::Error) -> bool {
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
