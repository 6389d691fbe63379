//! The numbers of rows: no number is given twice, also after the row that had it is gone. Later rows have higher ones.
//!
//! A table's highest number is that of its last row. Where that row goes, a counter keeps the number: triggers see to it for
//! entries and calls, and whoever removes objects calls [`keep_last_place`].

use rusqlite::{Connection, OptionalExtension as _};

/// The highest number that was given in a table, 0 where none was.
macro_rules! last_given {
    ($table:literal, $number:literal) => {
        concat!(
            "SELECT max(coalesce((SELECT value FROM counters WHERE name = 'last_",
            $table,
            "'), 0), coalesce((SELECT max(",
            $number,
            ") FROM ",
            $table,
            "), 0))"
        )
    };
}

const LAST_ENTRY: &str = last_given!("entries", "id");
const LAST_CALL: &str = last_given!("exchanges", "id");
const LAST_PLACE: &str = last_given!("objects", "position");

/// The highest number that was given to an entry.
pub(super) fn last_entry(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached(LAST_ENTRY)?.query_row([], |row| row.get(0))
}

/// The highest number that was given to a call.
pub(super) fn last_call(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached(LAST_CALL)?.query_row([], |row| row.get(0))
}

/// The highest place that was given to an object.
pub(super) fn last_place(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached(LAST_PLACE)?.query_row([], |row| row.get(0))
}

/// Writes down the highest place of an object, for that object may be about to go.
pub(super) fn keep_last_place(connection: &Connection) -> rusqlite::Result<()> {
    let last = "SELECT coalesce(max(position), 0) FROM objects";
    let last: i64 = connection.prepare_cached(last)?.query_row([], |row| row.get(0))?;
    let keep = "UPDATE counters SET value = ?1 WHERE name = 'last_objects' AND value < ?1";
    connection.prepare_cached(keep)?.execute([last]).map(drop)
}

/// The number that a counter keeps for a table; `None` where it has none.
pub(super) fn kept(connection: &Connection, table: &str) -> rusqlite::Result<Option<i64>> {
    let kept = "SELECT value FROM counters WHERE name = 'last_' || ?1";
    connection.prepare_cached(kept)?.query_row([table], |row| row.get(0)).optional()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn a_number_whose_row_is_gone_is_not_given_again() {
        let connection = schema::in_memory_for_tests();
        let run = |sql: &str| connection.execute_batch(sql).unwrap();
        let numbers =
            || [last_entry(&connection).unwrap(), last_call(&connection).unwrap(), last_place(&connection).unwrap()];
        assert_eq!(numbers(), [0, 0, 0]);
        for number in 1..4 {
            run(&format!(
                "INSERT INTO entries (id, status, target, started_ms, haystack, revision, token_call)
                     VALUES ({number}, 'unused', 'local', 0, '', 0, {number} + 10);
                 INSERT INTO exchanges (id, entry, token, is_creation, target, started_ms, method, path, params, headers)
                     VALUES ({number} + 10, {number}, 0, 1, 'local', 0, 'POST', '/', '[]', '[]'),
                         ({number} + 20, {number}, NULL, 0, 'local', 0, 'GET', '/', '[]', '[]');
                 INSERT INTO objects (position, kind, id, created, body, state)
                     VALUES ({number} + 30, 'charge', {number}, 0, '', '');"
            ));
        }
        assert_eq!(numbers(), [3, 23, 33]);
        // In either order: the last one is gone in the end.
        run("DELETE FROM entries WHERE id = 3; DELETE FROM entries WHERE id = 2;");
        keep_last_place(&connection).unwrap();
        run("DELETE FROM objects WHERE position > 31");
        assert_eq!(numbers(), [3, 23, 33]);
        let left: i64 = connection.query_row("SELECT count(*) FROM exchanges", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 2, "the calls of an entry go with it");
        let counted = "SELECT count(*) FROM sqlite_sequence WHERE name IN ('entries', 'exchanges', 'objects')";
        assert_eq!(connection.query_row(counted, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "SQLite counts none");
    }
}
