//! The database itself: how connections are set up, and the migrations from the first version on.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior};

use super::{Durability, error::StoreError};
use crate::domain::mask;

const OPENING: &str = "open the history";
/// "TCRD": tells this program's databases from those of others.
const APPLICATION_ID: i64 = 0x5443_5244;
/// How long to wait for another process's commit, which takes milliseconds on a disk that works.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Each brings the database from the version of its index to the next; none is ever edited after a release.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
    include_str!("migrations/5.sql"),
];

/// Where the database is.
#[derive(Clone, Debug)]
pub(super) enum Location {
    File(PathBuf),
    /// In this process only, under a name that its connections share.
    Memory(String),
}

impl Location {
    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Memory(_) => PathBuf::from("in memory"),
        }
    }

    /// For the log.
    pub(super) fn shown(&self) -> String {
        mask::text(&self.path().display().to_string())
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self {
            Self::File(path) => Connection::open_with_flags(path, flags)?,
            // Not the shared cache: there a reader meets a lock that no timeout waits for, or reads what may yet be
            // rolled back. This file system in memory locks as a disk does.
            Self::Memory(name) => Connection::open_with_flags(
                format!("file:/{name}?vfs=memdb"),
                flags | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_URI,
            )?,
        };
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // Every statement of the program is prepared once.
        connection.set_prepared_statement_cache_capacity(64);
        // Nothing of the history is written outside its folder, not even to sort it.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(connection)
    }

    /// A connection that cannot write.
    pub(super) fn connect_reader(&self) -> rusqlite::Result<Connection> {
        let connection = self.connect()?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    /// The connection that writes, with the database brought to the version of this program.
    pub(super) fn connect_writer(&self, now: Timestamp, durability: Durability) -> Result<Connection, StoreError> {
        let told = |error: rusqlite::Error| self.opening_failed(&error);
        let mut connection = self.connect().map_err(told)?;
        self.check_version(&connection)?;
        if self.is_file() {
            switch_to_wal(&connection).map_err(told)?;
        }
        let synchronous = match durability {
            Durability::PowerLoss => "FULL",
            // A WAL without a sync at each commit.
            Durability::Crash => "NORMAL",
        };
        connection.pragma_update(None, "synchronous", synchronous).map_err(told)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(told)?;
        set_erasing(&connection, Erasing::All).map_err(told)?;
        self.migrate(&mut connection, now)?;
        Ok(connection)
    }

    /// Refuses what this program did not write, before anything is changed; gives the version.
    fn check_version(&self, connection: &Connection) -> Result<usize, StoreError> {
        let number = |sql: &str| {
            connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| self.opening_failed(&error))
        };
        let application = number("PRAGMA application_id")?;
        let version = number("PRAGMA user_version")?;
        let is_empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
        let is_new = is_empty && application == 0 && version == 0;
        if !is_new && application != APPLICATION_ID {
            return Err(StoreError::NotADatabase { file: self.path() });
        }
        match usize::try_from(version) {
            Ok(version) if version <= MIGRATIONS.len() => Ok(version),
            _ => Err(StoreError::Newer { file: self.path(), found: version, known: MIGRATIONS.len() }),
        }
    }

    fn migrate(&self, connection: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
        let told = |error: rusqlite::Error| self.opening_failed(&error);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)?;
        // Inside the transaction: another process may have been first.
        let version = self.check_version(&transaction)?;
        for migration in &MIGRATIONS[version..] {
            transaction.execute_batch(migration).map_err(told)?;
        }
        if version < MIGRATIONS.len() {
            transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(told)?;
            transaction.pragma_update(None, "user_version", MIGRATIONS.len() as u32).map_err(told)?;
        }
        if version == 0 {
            let secret: [u8; 32] = rand::random();
            let mut insert = transaction.prepare("INSERT INTO meta (name, value) VALUES (?1, ?2)").map_err(told)?;
            insert.execute(("workspace_secret", &secret[..])).map_err(told)?;
            insert.execute(("created", format!("{now:.3}").as_bytes())).map_err(told)?;
        }
        transaction.commit().map_err(told)
    }

    /// What SQLite says while opening, told of this file.
    pub(super) fn opening_failed(&self, error: &rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => StoreError::NotADatabase { file: self.path() },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                StoreError::NotWritable { file: self.path(), reason: error.to_string() }
            }
            _ => StoreError::of(OPENING, error),
        }
    }

    pub(super) fn workspace_secret(&self, connection: &Connection) -> Result<[u8; 32], StoreError> {
        let secret: Option<Vec<u8>> = connection
            .query_row("SELECT value FROM meta WHERE name = 'workspace_secret'", [], |row| row.get(0))
            .optional()
            .map_err(|error| self.opening_failed(&error))?;
        secret
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| StoreError::Damaged { doing: OPENING, reason: "its secret is missing".to_owned() })
    }
}

/// A database of this version, for unit tests.
#[cfg(test)]
pub(super) fn in_memory_for_tests() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    for migration in MIGRATIONS {
        connection.execute_batch(migration).unwrap();
    }
    connection
}

/// What becomes of the bytes of deleted rows. Without either they stay on free pages, and between the rows of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Erasing {
    /// They are written over wherever they are.
    All,
    /// Only on pages that are written anyway: a page that becomes free as a whole keeps its bytes.
    WrittenPages,
}

pub(super) fn set_erasing(connection: &Connection, erasing: Erasing) -> rusqlite::Result<()> {
    let sql = match erasing {
        Erasing::All => "PRAGMA secure_delete = ON",
        Erasing::WrittenPages => "PRAGMA secure_delete = FAST",
    };
    connection.query_row(sql, [], |_| Ok(()))
}

/// Brings all commits into the database itself and empties the WAL, which still has what they wrote over. `false` where
/// another connection reads what is older: it is not waited for.
pub(super) fn empty_wal(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    match is_busy {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
        is_busy => is_busy.map(|is_busy| !is_busy),
    }
}

/// Two processes that open a new file at once both want it for themselves, and SQLite tells one of them that it is busy
/// without waiting.
fn switch_to_wal(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && begun.elapsed() < BUSY_TIMEOUT =>
            {
                thread::sleep(Duration::from_millis(5));
            }
            other => return other.map(drop),
        }
    }
}
