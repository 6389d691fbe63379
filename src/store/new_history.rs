//! A new history: the database as all migrations leave it, packed in the program. A first start that ran each of them would
//! take twice as long.
//!
//! `cargo test --test it -- --ignored a_new_history` makes the file anew after a migration was added.

use std::{
    io::{self, Write as _},
    path::Path,
};

use crate::files::{self, TemporaryFile};

/// The database, in the mode in which it is written (WAL), with an empty text for the secret of the folder.
const PACKED: &[u8] = include_bytes!("../../assets/new-history.zst");

/// The bytes of the database.
///
/// # Errors
/// None but where the program itself is damaged.
pub(super) fn database() -> io::Result<Vec<u8>> {
    zstd::decode_all(PACKED)
}

/// Makes a database where nothing is yet. Temporary files are noted in the folder `notes`.
///
/// # Errors
/// What the system does not allow, and of the kind `AlreadyExists` where another process was first.
pub(super) fn make(file: &Path, notes: &Path) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    files::make_folder(notes)?;
    let mut new = TemporaryFile::in_folder(folder, Some(notes))?;
    new.file().write_all(&database()?)?;
    // What is committed later is in the log first, and means nothing without the pages that it stands upon.
    new.file().sync_all()?;
    new.take_name(file)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::store::schema;

    /// Everything in a database but the secret: the tables with their places, and all rows.
    fn contents(connection: &Connection) -> Vec<String> {
        let lines = |sql: &str| {
            let mut read = connection.prepare(sql).unwrap();
            let columns = read.column_count();
            let line = |row: &rusqlite::Row<'_>| {
                Ok((0..columns)
                    .map(|column| format!("{:?}", row.get_ref(column).unwrap()))
                    .collect::<Vec<_>>()
                    .concat())
            };
            read.query_map([], line).unwrap().map(Result::unwrap).collect::<Vec<String>>()
        };
        let mut contents = lines("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid");
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'meta' ORDER BY name";
        let mut names = connection.prepare(names).unwrap();
        for name in names.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap) {
            contents.extend(lines(&format!("SELECT '{name}', * FROM {name}")));
        }
        contents
    }

    #[test]
    fn it_is_what_the_migrations_make() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new.sqlite3");
        make(&file, &folder.path().join("notes")).unwrap();
        assert_eq!(make(&file, folder.path()).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let new = Connection::open(&file).unwrap();
        let made = schema::in_memory_for_tests();
        assert_eq!(contents(&new), contents(&made), "make it anew: see the top of this file");
        let number = |sql: &str| new.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(number("PRAGMA user_version"), i64::try_from(schema::newest_version()).unwrap());
        assert_eq!(number("SELECT count(*) FROM meta WHERE name = 'workspace_secret' AND value = x''"), 1);
        assert_eq!(number("SELECT count(*) FROM meta"), 1);
    }
}
