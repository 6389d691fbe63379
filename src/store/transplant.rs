//! Replaces the list of tables of a damaged database by that of a new one. Every history began with the same
//! migrations, so its tables begin on the same pages as those of a new one; tables that a later migration made anew may
//! begin elsewhere. A history that was written anew ([`super::compaction`]) has its tables where that puts them.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::{compaction, schema};

/// The first byte of a page that is a leaf of a table.
const LEAF: u8 = 13;
const HEADER: usize = 100;

/// Puts the list of tables of a new history into a database whose own cannot be read. Its log must be empty, its header
/// mended.
pub(super) fn replace_schema(file: &Path, page_size: u32) -> Result<(), Box<dyn std::error::Error>> {
    let mut template = schema::in_memory()?;
    if is_compacted(file)? {
        compaction::write_anew(&mut template, &CancellationToken::new())?;
    }
    let mut tables = template.prepare(
        "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema WHERE type = 'table' AND rootpage > 0",
    )?;
    let tables = tables
        .query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, String>(4)?,
            ))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    empty_first_page(file, page_size)?;
    let connection = Connection::open(file)?;
    connection.pragma_update(None, "writable_schema", true)?;
    let insert = "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES (?1, ?2, ?3, ?4, ?5)";
    for table in tables {
        connection.execute(insert, table)?;
    }
    Ok(())
}

/// Whether a database was written anew so that it can give pages back: its header has the number of a page there.
fn is_compacted(file: &Path) -> io::Result<bool> {
    let mut header = [0; HEADER];
    fs::File::open(file)?.read_exact(&mut header)?;
    Ok(header[52..56] != [0; 4])
}

/// Empties the first page behind the header: no tables, and no free pages that could be written over.
fn empty_first_page(file: &Path, page_size: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(file)?;
    let mut page = vec![0; page_size as usize];
    file.read_exact(&mut page[..HEADER])?;
    page[32..40].fill(0);
    page[HEADER] = LEAF;
    // Where its cells begin: at its end. 65536 does not fit, and is written as 0.
    let end = u16::try_from(page_size).unwrap_or_default();
    page[HEADER + 5..HEADER + 7].copy_from_slice(&end.to_be_bytes());
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&page)
}
