//! The history and the minter's ledger on disk, in one SQLite file.
//!
//! One thread writes ([`Store`] sends it jobs and gives [`Reply`]s); what a reply acknowledges is on the disk. Any number
//! of [`Reader`]s read beside it. Several processes may use one folder. Nothing is written that is not masked.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::Connection;

mod anchor;
mod backup;
mod copy;
mod damage;
mod edits;
mod error;
mod export;
mod header;
mod ledger;
mod log;
mod log_bound;
mod reader;
mod record;
mod reply;
mod rows;
mod runs;
mod salvage;
mod schema;
mod sound;
mod transplant;
mod writer;

pub use damage::Damage;
pub use error::{StoreError, salvage_command};
pub use export::{EXPORT_FORMAT, EXPORT_VERSION, ExportedEntry};
pub use reader::{Changes, Reader};
pub use record::{Answer, Call, Journaled, Recorded};
pub use reply::Reply;
pub use salvage::{SalvageError, Salvaged, salvage};
pub use sound::Numbers;

use crate::{
    domain::{
        call::api::{ApiResponse, Failure, TransportError},
        history::{edit::Edit, entry::EntryId, request_log::ExchangeId},
        mask::keyed_hash::IdentityKey,
        settings::preferences::LogSettings,
    },
    files,
};
use anchor::Anchor;
use copy::PrivateCopy;
use log_bound::{LogBound, LogLimit};
use record::MaskedCall;
use runs::Run;
use schema::{Backups, Location};
use writer::{Work, Writer};

/// The name of the database in the data folder.
pub const FILE_NAME: &str = "testcard.sqlite3";

/// Where a store keeps what it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this folder, which is made if need be.
    Folder(PathBuf),
    /// Nowhere: gone with the last store and reader of it.
    Memory,
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The disk itself: what was acknowledged is there after the power failed.
    #[default]
    PowerLoss,
    /// The system: what was acknowledged is there after the program was killed. For measurements beside the default.
    Crash,
}

/// The history and the ledger. Clones share one writer; the last to go waits until all that was submitted is written.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

/// In the order of dropping: the run ends after its last job.
#[derive(Debug)]
struct Inner {
    writer: Writer,
    location: Location,
    workspace_secret: [u8; 32],
    identities: IdentityKey,
    log_limit: Arc<LogLimit>,
    _run: Run,
    /// Of a store that keeps nothing: what it writes goes with it.
    _copy: Option<PrivateCopy>,
}

impl Store {
    /// Opens the store, makes it if there is none, brings it to this program's version, marks the calls of runs that
    /// died as interrupted, and drops what was deleted long ago for good.
    ///
    /// # Errors
    /// A folder or file that cannot be made or written, a file that is no database of this program or a newer one, a
    /// full disk, a database that another process holds locked for longer than some seconds.
    pub fn open(place: &Place, now: Timestamp) -> Result<Self, StoreError> {
        Self::open_with(place, now, Durability::default())
    }

    /// As [`Store::open`], with commits that wait for less.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(place: &Place, now: Timestamp, durability: Durability) -> Result<Self, StoreError> {
        match place {
            Place::Folder(folder) => Self::open_folder(&make_folder(folder)?, now, durability, None),
            Place::Memory => {
                let run = Run::in_memory();
                let location = Location::Memory(run.name.clone());
                let connection = location.connect_writer(now, durability, Backups::Waived)?;
                Self::start(location, connection, run, None)
            }
        }
    }

    /// Opens a private copy of the store in a folder that cannot be written: what is written to it is gone with it.
    ///
    /// # Errors
    /// As [`Store::open`]; and what cannot be copied.
    pub fn open_copy(folder: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let file = folder.join(FILE_NAME);
        schema::refuse_lost(&file)?;
        let copy = PrivateCopy::of(&file)?;
        let location = Location::File(copy.file());
        copy.mend(|| location.connect_writer(now, Durability::Crash, Backups::Waived).map(drop))
            .map_err(|error| error.of_original(&file))?;
        let folder = copy.folder().to_owned();
        Self::open_folder(&folder, now, Durability::Crash, Some(copy)).map_err(|error| error.of_original(&file))
    }

    fn open_folder(
        folder: &Path,
        now: Timestamp,
        durability: Durability,
        copy: Option<PrivateCopy>,
    ) -> Result<Self, StoreError> {
        let file = folder.join(FILE_NAME);
        schema::refuse_lost(&file)?;
        schema::refuse_damaged_log(&file)?;
        let location = Location::File(make_file(folder)?);
        files::remove_noted_temporaries(&runs::folder(folder));
        let backups = if copy.is_some() { Backups::Waived } else { Backups::Made };
        let mut connection = location.connect_writer(now, durability, backups)?;
        record::interrupt_dead_runs(&mut connection, folder).map_err(|error| location.opening_failed(&error))?;
        edits::drop_deleted(&connection, now).map_err(|error| location.opening_failed(&error))?;
        backup::drop_old(folder, now);
        let run = Run::start(folder).map_err(|error| not_writable(folder, &error))?;
        Self::start(location, connection, run, copy)
    }

    fn start(
        location: Location,
        connection: Connection,
        run: Run,
        copy: Option<PrivateCopy>,
    ) -> Result<Self, StoreError> {
        tracing::debug!(place = location.shown(), run = run.name, "history opened");
        let workspace_secret = location.workspace_secret(&connection)?;
        let identities = IdentityKey::new(&workspace_secret);
        let log_limit = Arc::default();
        let anchor = location.file().map(Anchor::of);
        let log = LogBound::new(Arc::clone(&log_limit));
        let file = location.file().map(Path::to_owned);
        let work = Work::new(connection, identities.clone(), run.name.clone(), file, log);
        let writer = Writer::start(work, anchor)
            .map_err(|error| StoreError::Other { doing: "start the history's writer", reason: error.to_string() })?;
        Ok(Self(Arc::new(Inner { writer, location, workspace_secret, identities, log_limit, _run: run, _copy: copy })))
    }

    /// A key for fingerprints that agree within this folder and with no other; made when the folder was.
    pub fn workspace_secret(&self) -> [u8; 32] {
        self.0.workspace_secret
    }

    /// Lets the minter answer a local call and keeps its objects, the exchange and the entry in one transaction. The
    /// closure runs on the writer's thread: it must not wait for this store.
    ///
    /// The reply has the answer as kept: see [`Store::serve`].
    pub fn answer(&self, call: Call, answer: Answer) -> Reply<Recorded> {
        let call = MaskedCall::of(call, &self.0.identities);
        self.0.writer.submit("save the call", move |work| work.answer(call, answer))
    }

    /// As [`Store::answer`], for a call that came over HTTP at `arrived`: the reply is the answer as it is sent, which is
    /// as it is kept, but for an echoed key or account that may not be.
    pub fn serve(&self, call: Call, arrived: Instant, answer: Answer) -> Reply<ApiResponse> {
        let call = MaskedCall::of(call, &self.0.identities);
        self.0.writer.submit("save the call", move |work| work.serve(call, arrived, answer))
    }

    /// Writes down a call to the real API before it leaves; a token creation gets a pending entry.
    pub fn journal(&self, call: Call) -> Reply<Journaled> {
        let call = MaskedCall::of(call, &self.0.identities);
        self.0.writer.submit("write down the call", move |work| work.journal(call))
    }

    /// Puts an unknown or interrupted entry back to pending, on the call that made it: to be asked again with the same
    /// idempotency key. The entry keeps the time of its first asking, the exchange gets this one.
    pub fn journal_again(&self, entry: EntryId, started: Timestamp) -> Reply<Journaled> {
        self.0.writer.submit("write down the call", move |work| work.journal_again(entry, started))
    }

    /// Writes what came of a call in the journal. A failure may be followed by the answer when that comes late; an
    /// answer is final.
    pub fn finish(
        &self,
        exchange: ExchangeId,
        took: Duration,
        outcome: Result<ApiResponse, TransportError>,
    ) -> Reply<Recorded> {
        self.0.writer.submit("save the answer", move |work| work.finish(exchange, took, &outcome))
    }

    /// Writes down a call that neither target answered: what a fault made of it on purpose.
    pub fn note(&self, call: Call, took: Duration, outcome: Result<ApiResponse, Failure>) -> Reply<Recorded> {
        let call = MaskedCall::of(call, &self.0.identities);
        self.0.writer.submit("write down the call", move |work| work.note(call, took, outcome))
    }

    /// Changes entries as a person wants it; gives how many it was done to. Notes and tags are masked.
    pub fn edit(&self, edit: Edit, now: Timestamp) -> Reply<u64> {
        let edit = edits::masked(edit);
        self.0.writer.submit(edit.doing(), move |work| work.edit(&edit, now))
    }

    /// How much of the request log is kept from the next call on; the default until then.
    pub fn bound_log(&self, settings: LogSettings) {
        self.0.log_limit.set(settings);
    }

    /// Drops the minter's objects and what it remembers of idempotency keys; gives the number of objects. The history
    /// stays, and ids go on where they were, so that none is given twice.
    pub fn reset(&self) -> Reply<u64> {
        self.0.writer.submit("reset the minter", writer::Work::reset)
    }

    /// A reading connection of its own.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.0.location)
    }

    /// How many transactions were committed since the store was opened: one holds all jobs that waited.
    pub fn commits(&self) -> u64 {
        self.0.writer.commits()
    }
}

/// Makes the folder where it is missing, for its owner only. Absolute, so that it stays right when the working folder
/// changes.
fn make_folder(folder: &Path) -> Result<PathBuf, StoreError> {
    files::make_folder(folder)
        .and_then(|()| fs::canonicalize(folder))
        .map_err(|error| StoreError::Folder { folder: folder.to_owned(), reason: error.to_string() })
}

/// Makes the file where it is missing, for its owner only: SQLite gives the files beside the database its mode. None of
/// them may be a pipe or a device, which SQLite would open.
fn make_file(folder: &Path) -> Result<PathBuf, StoreError> {
    let file = folder.join(FILE_NAME);
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let file = folder.join(format!("{FILE_NAME}{suffix}"));
        if let Some(what) = files::stands_in_the_way(&file) {
            return Err(StoreError::NotAFile { file, what });
        }
    }
    make_named_file(&file)
}

fn make_named_file(file: &Path) -> Result<PathBuf, StoreError> {
    files::open_or_make(file).map_err(|error| not_writable(file, &error))?;
    Ok(file.to_owned())
}

fn not_writable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::NotWritable { file: path.to_owned(), reason: error.to_string() }
}
