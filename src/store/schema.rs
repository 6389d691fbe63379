//! The database itself: how connections are set up, and the migrations from the first version on.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior, config::DbConfig};

use super::{
    backup,
    error::StoreError,
    paths::{SHORTEST_DATABASE, holds_something, wal_in_use},
    wal,
};
use crate::domain::mask;

const OPENING: &str = "open the history";
/// "TCRD": tells this program's databases from those of others.
const APPLICATION_ID: i64 = 0x5443_5244;
/// How long to wait for another process's commit, which takes milliseconds on a disk that works.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Each migration brings the database from the version that is its index to the next one. None is ever edited after a
/// release, for a database that has it already would not get the change.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
    include_str!("migrations/5.sql"),
    include_str!("migrations/6.sql"),
    include_str!("migrations/7.sql"),
    include_str!("migrations/8.sql"),
    include_str!("migrations/9.sql"),
    include_str!("migrations/10.sql"),
    include_str!("migrations/11.sql"),
    include_str!("migrations/12.sql"),
    include_str!("migrations/13.sql"),
    include_str!("migrations/14.sql"),
    include_str!("migrations/15.sql"),
    include_str!("migrations/16.sql"),
    include_str!("migrations/17.sql"),
    include_str!("migrations/18.sql"),
];

/// What a commit waits for before it is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// For the disk: what was acknowledged survives a power failure.
    #[default]
    PowerLoss,
    /// For the operating system: what was acknowledged survives the death of the program. For measurements, and for
    /// copies that are thrown away.
    Crash,
}

/// Where the database is.
#[derive(Clone, Debug)]
pub(super) enum DatabaseLocation {
    File(PathBuf),
    /// In a file that nobody writes and that has no write-ahead log: nothing is made beside it to read it.
    Unwritten(PathBuf),
    /// In this process only, under a name that its connections share.
    Memory(String),
}

impl DatabaseLocation {
    pub(super) fn is_file(&self) -> bool {
        self.file().is_some()
    }

    /// `None` in memory.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Unwritten(path) => Some(path),
            Self::Memory(_) => None,
        }
    }

    fn path(&self) -> PathBuf {
        self.file().unwrap_or(Path::new("in memory")).to_owned()
    }

    /// SQLite's error as the store's own, with what was being done and the file that it is about.
    pub(super) fn store_error(&self, doing: &'static str, error: &rusqlite::Error) -> StoreError {
        StoreError::of(doing, error).about(self.file())
    }

    /// The path as the program's log may show it.
    pub(super) fn shown(&self) -> String {
        mask::text(&self.path().display().to_string())
    }

    pub(super) fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self {
            Self::File(path) => Connection::open_with_flags(path, flags)?,
            Self::Unwritten(path) => Connection::open_with_flags(
                unwritten_uri(path),
                OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
            )?,
            // Not the shared cache: there a reader meets a lock that no timeout waits for, or reads what may yet be
            // rolled back. This file system in memory locks as a disk does.
            Self::Memory(name) => Connection::open_with_flags(
                format!("file:/{name}?vfs=memdb"),
                flags | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_URI,
            )?,
        };
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // A plan does not depend on the values: SQLite would make it anew for each new value beside a partial index.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
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

    /// The connection that writes, with the database brought to the version of this program: backed up before, where
    /// that is wanted.
    pub(super) fn connect_writer(
        &self,
        now: Timestamp,
        durability: Durability,
        backups: MigrationBackup,
    ) -> Result<Connection, StoreError> {
        let store_error = |error: rusqlite::Error| self.opening_failed(&error);
        let mut connection = self.connect().map_err(store_error)?;
        let version = self.check_version(&connection)?;
        if let (Self::File(file), MigrationBackup::Made, 1..) = (self, backups, version)
            && version < MIGRATIONS.len()
        {
            backup::make(&connection, file, version, now)?;
        }
        if self.is_file() {
            switch_to_wal(&connection).map_err(store_error)?;
        }
        let synchronous = match durability {
            Durability::PowerLoss => "FULL",
            // A WAL without a sync at each commit.
            Durability::Crash => "NORMAL",
        };
        connection.pragma_update(None, "synchronous", synchronous).map_err(store_error)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(store_error)?;
        set_erasing(&connection, ErasePolicy::All).map_err(store_error)?;
        self.migrate(&mut connection, now)?;
        Ok(connection)
    }

    /// Refuses a database that this program did not write, before anything in it is changed. Gives its version: 0 for a
    /// new one.
    pub(super) fn check_version(&self, connection: &Connection) -> Result<usize, StoreError> {
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
        let store_error = |error: rusqlite::Error| self.opening_failed(&error);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(store_error)?;
        // Inside the transaction: another process may have been first.
        let version = self.check_version(&transaction)?;
        for migration in &MIGRATIONS[version..] {
            transaction.execute_batch(migration).map_err(store_error)?;
        }
        if version < MIGRATIONS.len() {
            transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(store_error)?;
            transaction.pragma_update(None, "user_version", MIGRATIONS.len() as u32).map_err(store_error)?;
        }
        if version == 0 || has_no_secret_yet(&transaction) {
            let secret: [u8; 32] = rand::random();
            let mut insert = transaction
                .prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")
                .map_err(store_error)?;
            insert.execute(("workspace_secret", &secret[..])).map_err(store_error)?;
            insert.execute(("created", format!("{now:.3}").as_bytes())).map_err(store_error)?;
        }
        transaction.commit().map_err(store_error)
    }

    /// SQLite's error while the file is opened, as the store's own.
    pub(super) fn opening_failed(&self, error: &rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => StoreError::NotADatabase { file: self.path() },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                StoreError::NotWritable { file: self.path(), reason: error.to_string() }
            }
            _ => self.store_error(OPENING, error),
        }
    }

    pub(super) fn workspace_secret(&self, connection: &Connection) -> Result<[u8; 32], StoreError> {
        let secret: Option<Vec<u8>> = connection
            .query_row("SELECT value FROM meta WHERE name = 'workspace_secret'", [], |row| row.get(0))
            .optional()
            .map_err(|error| self.opening_failed(&error))?;
        secret.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
            let reason = "its secret is missing".to_owned();
            StoreError::Damaged { doing: OPENING, reason, file: None }.about(self.file())
        })
    }
}

/// Whether a database was just made (`new_history`). One whose secret is gone, or cannot be read, is no new one.
fn has_no_secret_yet(connection: &Connection) -> bool {
    let is_empty = "SELECT EXISTS (SELECT 1 FROM meta WHERE name = 'workspace_secret' AND value = x'')";
    connection.query_row(is_empty, [], |row| row.get(0)).unwrap_or_default()
}

/// Whether a migration is preceded by a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MigrationBackup {
    Made,
    /// Not of a private copy, nor of what has no earlier version.
    Waived,
}

/// How many migrations there are: the version of a database of this program.
pub(super) const fn newest_version() -> usize {
    MIGRATIONS.len()
}

/// The file as a URI that tells SQLite to make nothing beside it and to wait for nobody.
fn unwritten_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri + "?immutable=1"
}

/// Refuses a write-ahead log with damage in what was acknowledged: SQLite would take what follows the damage for never
/// finished, and write over it.
pub(super) fn refuse_damaged_log(file: &Path) -> Result<(), StoreError> {
    if wal::is_damaged(&wal_in_use(file)) {
        let reason = "its write-ahead log is damaged".to_owned();
        return Err(StoreError::Damaged { doing: OPENING, reason, file: Some(file.to_owned()) });
    }
    Ok(())
}

/// Refuses a database that is gone while its write-ahead log is still there: SQLite takes that for a new one and
/// empties the log, and with it what was last acknowledged.
pub(super) fn refuse_lost(file: &Path) -> Result<(), StoreError> {
    // The log first: a process that opens a new history writes its first page before it has a log.
    let wal = wal_in_use(file);
    if !holds_something(&wal) {
        // SQLite takes the beginning of a page for an empty database too.
        let is_cut_off =
            fs::metadata(file).is_ok_and(|there| there.is_file() && (1..SHORTEST_DATABASE).contains(&there.len()));
        return if is_cut_off { Err(StoreError::NotADatabase { file: file.to_owned() }) } else { Ok(()) };
    }
    let state = match fs::metadata(file) {
        Ok(there) if there.is_file() && there.len() == 0 => "empty",
        Ok(there) if there.is_file() && there.len() < SHORTEST_DATABASE => "cut off",
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(file).is_ok() => {
            "a link to nothing"
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => "missing",
        // What else may be wrong with it is told when it is opened.
        _ => return Ok(()),
    };
    Err(StoreError::DatabaseLost { file: file.to_owned(), wal, state })
}

/// A database of this version without anything in it.
pub(super) fn in_memory() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    make_tables(&connection)?;
    Ok(connection)
}

/// Makes the tables of this version in an empty database.
pub(super) fn make_tables(connection: &Connection) -> rusqlite::Result<()> {
    MIGRATIONS.iter().try_for_each(|migration| connection.execute_batch(migration))
}

/// The same, for unit tests.
#[cfg(test)]
pub(super) fn in_memory_for_tests() -> Connection {
    in_memory().unwrap()
}

/// What becomes of the bytes of deleted rows (SQLite's `secure_delete`). Without either setting they stay in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErasePolicy {
    /// They are written over wherever they are.
    All,
    /// Only on pages that are written anyway: a page that becomes free as a whole keeps its bytes.
    WrittenPages,
}

pub(super) fn set_erasing(connection: &Connection, erasing: ErasePolicy) -> rusqlite::Result<()> {
    let sql = match erasing {
        ErasePolicy::All => "PRAGMA secure_delete = ON",
        ErasePolicy::WrittenPages => "PRAGMA secure_delete = FAST",
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
