//! Saves what can be read of a damaged history into a new folder. The damaged files are only copied: everything is done
//! to the copy.

mod copying;
mod repair;
mod report;
mod target;

use std::{fs, io, path::Path};

use jiff::Timestamp;
use rusqlite::{Connection, config::DbConfig};

pub use report::{RowKind, SalvageError, SalvageReport};

use crate::store::{
    copy::PrivateCopy,
    error::StoreError,
    paths::{self, FILE_NAME, holds_something, wal_in_use, wal_of},
    schema::{DatabaseLocation, Durability, MigrationBackup},
    sound::NumberedTable,
};
use copying::SalvageJob;
use target::check_target;

const SAVING: &str = "write what was saved";
/// The new database until it is whole.
const UNFINISHED: &str = "testcard.sqlite3.unfinished";

/// Reads a damaged history, a folder's or a file's, and writes what can be read to a new folder.
///
/// # Errors
/// A source without a history, a target that is not new or not apart, a file of which nothing can be read, a disk that
/// cannot be written. Then the target is as it was.
pub fn salvage(source: &Path, target: &Path, now: Timestamp) -> Result<SalvageReport, SalvageError> {
    let file = if source.is_dir() { source.join(FILE_NAME) } else { source.to_owned() };
    if !holds_something(&file) && !holds_something(&wal_in_use(&file)) {
        return Err(SalvageError::NoSource { place: source.to_owned() });
    }
    let was_there = check_target(&file, target)?;
    let copy = PrivateCopy::make(&file)?;
    let (old, mut remarks) = open_copy(&copy, &file)?;
    let folder = paths::make_folder(target)?;
    let unfinished = folder.join(UNFINISHED);
    let saved = write(&old, &unfinished, now).map_err(SalvageError::from).and_then(|mut saved| {
        if !saved.lost.is_empty() && saved.saved.iter().all(|(_, count)| *count == 0) {
            let reason = "none of its rows can".to_owned();
            return Err(SalvageError::Unreadable { file: file.clone(), reason });
        }
        fs::rename(&unfinished, folder.join(FILE_NAME)).map_err(|error| failed(&error))?;
        if let Ok(folder) = fs::File::open(&folder) {
            let _ = folder.sync_all();
        }
        remarks.append(&mut saved.remarks);
        Ok(SalvageReport { file: folder.join(FILE_NAME), remarks, ..saved })
    });
    if saved.is_err() {
        for file in [unfinished.clone(), wal_of(&unfinished), folder.join(format!("{UNFINISHED}-shm"))] {
            let _ = fs::remove_file(file);
        }
        if !was_there {
            let _ = fs::remove_dir(&folder);
        }
    }
    saved
}

/// A connection to the copy, mended.
fn open_copy(copy: &PrivateCopy, file: &Path) -> Result<(Connection, Vec<String>), SalvageError> {
    let location = DatabaseLocation::File(copy.file());
    let unreadable = |reason: String| SalvageError::Unreadable { file: file.to_owned(), reason };
    let error = match copy.mend(|| look(&location).map_err(|error| StoreError::of("read it", &error))) {
        Ok(opened) => return Ok(opened),
        Err(error @ StoreError::NoCopy { .. }) => return Err(error.into()),
        Err(error) => error,
    };
    copy.replace_schema().map_err(|_| unreadable(error.cause()))?;
    let connection = look(&location).map_err(|_| unreadable(error.cause()))?;
    let remark = "the list of tables was damaged, and that of a new history was taken: what an older version had \
                  elsewhere is not found";
    Ok((connection, vec![remark.to_owned()]))
}

/// Opens a database and reads what tables it has.
fn look(location: &DatabaseLocation) -> rusqlite::Result<Connection> {
    let connection = location.connect()?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'exchanges'", [], |row| row.get(0))?;
    // The file may be gone but for a first page that was made for it.
    if tables == 0 { Err(rusqlite::Error::QueryReturnedNoRows) } else { Ok(connection) }
}

fn failed(error: &io::Error) -> SalvageError {
    StoreError::Other { doing: SAVING, reason: error.to_string() }.into()
}

/// Writes what can be read to a new database, which is whole and closed when this returns.
fn write(old: &Connection, file: &Path, now: Timestamp) -> Result<SalvageReport, StoreError> {
    paths::make_file(file)?;
    let location = DatabaseLocation::File(file.to_owned());
    let mut new = location.connect_writer(now, Durability::PowerLoss, MigrationBackup::Waived)?;
    let store_error = |error: rusqlite::Error| location.store_error(SAVING, &error);
    // Rows come in no order; what refers to nothing is looked for at the end.
    new.pragma_update(None, "foreign_keys", false).map_err(store_error)?;
    // Nor do the calls of an entry go with it, for it may be made anew of them.
    new.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).map_err(store_error)?;
    let transaction = new.transaction().map_err(store_error)?;
    let run = SalvageJob { old, new: &transaction, report: SalvageReport::default(), has_new_secret: false };
    let salvaged = save_rows(run).map_err(store_error)?;
    transaction.commit().map_err(store_error)?;
    new.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(store_error)?;
    new.close().map_err(|(_, error)| store_error(error))?;
    Ok(salvaged)
}

/// Copies and mends everything, table by table, and tells what came of it.
fn save_rows(mut run: SalvageJob<'_>) -> rusqlite::Result<SalvageReport> {
    run.keep_meta()?;
    let mut lost_entries = run.copy_table(NumberedTable::Entries)?;
    let lost_calls = run.copy_table(NumberedTable::Exchanges)?;
    let lost_objects = run.copy_table(NumberedTable::Objects)?;
    let lost_answers = run.copy_table(NumberedTable::Answers)?;
    let lost_runs = run.copy_table(NumberedTable::Runs)?;
    let mut lost_rows = run.copy_table(NumberedTable::RunRows)?;
    run.drop_rows_without_run(&mut lost_rows)?;
    run.check_entries(&mut lost_entries)?;
    let lost_calls = run.check_calls(lost_calls)?;
    let lost_objects = run.check_objects(lost_objects)?;
    run.remake_entries(&mut lost_entries)?;
    run.stand_in_for_lost_calls(&lost_calls)?;
    let lost_answers = run.drop_orphans(lost_answers)?;
    for (kind, numbers) in [
        (RowKind::Entry, &lost_entries),
        (RowKind::Call, &lost_calls),
        (RowKind::Object, &lost_objects),
        (RowKind::IdempotencyKey, &lost_answers),
        (RowKind::Run, &lost_runs),
        (RowKind::RunRow, &lost_rows),
    ] {
        if !numbers.is_empty() {
            run.report.lost.push((kind, numbers.clone()));
        }
    }
    run.keep_counts([&lost_entries, &lost_calls, &lost_objects, &lost_runs])?;
    run.log_later()?;
    let count = |table: NumberedTable| format!("SELECT count(*) FROM {}", table.name());
    let with_calls = |table, column: &str| {
        format!("SELECT ({}) + (SELECT count(*) FROM exchanges WHERE {column} IS NOT NULL)", count(table))
    };
    for (kind, sql) in [
        (RowKind::Entry, count(NumberedTable::Entries)),
        (RowKind::Call, count(NumberedTable::Exchanges)),
        (RowKind::Object, with_calls(NumberedTable::Objects, "token")),
        (RowKind::IdempotencyKey, with_calls(NumberedTable::Answers, "record")),
        (RowKind::Run, count(NumberedTable::Runs)),
        (RowKind::RunRow, count(NumberedTable::RunRows)),
    ] {
        let count: i64 = run.number(&sql)?;
        run.report.saved.push((kind, count.cast_unsigned()));
    }
    Ok(run.report)
}
