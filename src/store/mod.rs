//! The history and the minter's ledger on disk, in one SQLite file.
//!
//! One thread writes ([`Store`] sends it jobs and gives [`StoreReply`]s); what a reply acknowledges is on the disk. Any number
//! of [`Reader`]s read beside it. Several processes may use one folder. Nothing is written that is not masked.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::Connection;

mod anchor;
mod backup;
mod call;
mod copy;
mod damage;
mod edits;
mod entries;
mod error;
mod exchanges;
mod export;
mod header;
mod ledger;
mod log_bound;
mod paths;
mod reader;
mod record;
mod reply;
mod rows;
mod salvage;
mod schema;
mod session;
mod sound;
mod transplant;
mod wal;
mod write_context;
mod writer;

pub use call::{JournaledCall, LocalAnswer, NewCall, Recorded};
pub use damage::Damage;
pub use error::{StoreError, salvage_command};
pub use export::{EXPORT_FORMAT, EXPORT_VERSION, ExportedEntry};
pub use paths::FILE_NAME;
pub use reader::{HistoryChanges, Reader};
pub use reply::StoreReply;
pub use salvage::{SalvageError, SalvageReport, salvage};
pub use schema::Durability;
pub use sound::RowNumbers;

use crate::{
    domain::{
        call::api::{ApiResponse, Failure, TransportError},
        history::{edit::Edit, entry::EntryId, request_log::ExchangeId},
        mask::keyed_hash::IdentityKey,
        settings::preferences::LogSettings,
    },
    files,
};
use anchor::FileAnchor;
use call::MaskedCall;
use copy::PrivateCopy;
use log_bound::{LogBound, LogLimit};
use schema::{DatabaseLocation, MigrationBackup};
use session::Session;
use write_context::WriteContext;
use writer::HistoryWriter;

/// Where a store keeps what it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// In this folder, which is made if need be.
    Folder(PathBuf),
    /// Nowhere: gone with the last store and reader of it.
    Memory,
}

/// The history and the ledger. Clones share one writer; the last to go waits until all that was submitted is written.
#[derive(Clone, Debug)]
pub struct Store(Arc<OpenStore>);

/// In the order of dropping: the session ends after the writer's last job.
#[derive(Debug)]
struct OpenStore {
    writer: HistoryWriter,
    location: DatabaseLocation,
    workspace_secret: [u8; 32],
    identities: IdentityKey,
    log_limit: Arc<LogLimit>,
    _session: Session,
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
    pub fn open(place: &StoreLocation, now: Timestamp) -> Result<Self, StoreError> {
        Self::open_with(place, now, Durability::default())
    }

    /// As [`Store::open`], with commits that wait for less.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(place: &StoreLocation, now: Timestamp, durability: Durability) -> Result<Self, StoreError> {
        match place {
            StoreLocation::Folder(folder) => Self::open_folder(&paths::make_folder(folder)?, now, durability, None),
            StoreLocation::Memory => {
                let session = Session::in_memory();
                let location = DatabaseLocation::Memory(session.name.clone());
                let connection = location.connect_writer(now, durability, MigrationBackup::Waived)?;
                Self::start(location, connection, session, None)
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
        let location = DatabaseLocation::File(copy.file());
        copy.mend(|| location.connect_writer(now, Durability::Crash, MigrationBackup::Waived).map(drop))
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
        let location = DatabaseLocation::File(paths::make_database(folder)?);
        files::remove_noted_temporaries(&session::folder(folder));
        let backups = if copy.is_some() { MigrationBackup::Waived } else { MigrationBackup::Made };
        let mut connection = location.connect_writer(now, durability, backups)?;
        session::interrupt_pending(&mut connection, folder).map_err(|error| location.opening_failed(&error))?;
        edits::drop_deleted(&connection, now).map_err(|error| location.opening_failed(&error))?;
        backup::drop_old(folder, now);
        let session = Session::start(folder).map_err(|error| paths::not_writable(folder, &error))?;
        Self::start(location, connection, session, copy)
    }

    fn start(
        location: DatabaseLocation,
        connection: Connection,
        session: Session,
        copy: Option<PrivateCopy>,
    ) -> Result<Self, StoreError> {
        tracing::debug!(place = location.shown(), session = session.name, "history opened");
        let workspace_secret = location.workspace_secret(&connection)?;
        let identities = IdentityKey::new(&workspace_secret);
        let log_limit = Arc::default();
        let anchor = location.file().map(FileAnchor::of);
        let log = LogBound::new(Arc::clone(&log_limit));
        let file = location.file().map(Path::to_owned);
        let work = WriteContext::new(connection, identities.clone(), session.name.clone(), file, log);
        let writer = HistoryWriter::start(work, anchor)
            .map_err(|error| StoreError::Other { doing: "start the history's writer", reason: error.to_string() })?;
        Ok(Self(Arc::new(OpenStore {
            writer,
            location,
            workspace_secret,
            identities,
            log_limit,
            _session: session,
            _copy: copy,
        })))
    }

    /// A key for fingerprints that agree within this folder and with no other; made when the folder was.
    pub fn workspace_secret(&self) -> [u8; 32] {
        self.0.workspace_secret
    }

    /// Lets the minter answer a local call and keeps its objects, the exchange and the entry in one transaction. The
    /// closure runs on the writer's thread: it must not wait for this store.
    ///
    /// The reply has the answer as kept: see [`Store::serve`].
    pub fn answer(&self, call: NewCall, answer: LocalAnswer) -> StoreReply<Recorded> {
        let call = MaskedCall::of(call, &self.0.identities);
        self.0.writer.submit("save the call", move |context| context.answer(call, answer))
    }

    /// As [`Store::answer`], for a call that came over HTTP at `arrived`: the reply is the answer as it is sent, which is
    /// as it is kept, but for an echoed key or account that may not be.
    pub fn serve(&self, call: NewCall, arrived: Instant, answer: LocalAnswer) -> StoreReply<ApiResponse> {
        let call = MaskedCall::of(call, &self.0.identities);
        self.0.writer.submit("save the call", move |context| context.serve(call, arrived, answer))
    }

    /// Writes down a call to the real API before it leaves; a token creation gets a pending entry.
    pub fn journal(&self, call: NewCall) -> StoreReply<JournaledCall> {
        let call = MaskedCall::of(call, &self.0.identities);
        self.0.writer.submit("write down the call", move |context| context.journal(call))
    }

    /// Puts an unknown or interrupted entry back to pending, on the call that made it: to be asked again with the same
    /// idempotency key. The entry keeps the time of its first asking, the exchange gets this one.
    pub fn journal_again(&self, entry: EntryId, started: Timestamp) -> StoreReply<JournaledCall> {
        self.0.writer.submit("write down the call", move |context| context.journal_again(entry, started))
    }

    /// Writes what came of a call in the journal. A failure may be followed by the answer when that comes late; an
    /// answer is final.
    pub fn finish(
        &self,
        exchange: ExchangeId,
        took: Duration,
        outcome: Result<ApiResponse, TransportError>,
    ) -> StoreReply<Recorded> {
        self.0.writer.submit("save the answer", move |context| context.finish(exchange, took, &outcome))
    }

    /// Writes down a call to which a fault gave no answer on purpose. The failure is kept as it is: it holds nothing of the
    /// call.
    pub fn note(&self, call: NewCall, took: Duration, failure: Failure) -> StoreReply<Recorded> {
        let call = MaskedCall::of(call, &self.0.identities);
        self.submit_noted(call, took, Err(failure))
    }

    /// Writes down a call that was refused before it reached either target. Gives the answer to send, which is as it is
    /// kept but for an echoed key or account that may not be; it may be sent once the reply is here.
    pub fn refuse(&self, call: NewCall, took: Duration, answer: ApiResponse) -> (ApiResponse, StoreReply<Recorded>) {
        let call = MaskedCall::of(call, &self.0.identities);
        let sent = call.redaction.local_answer(answer);
        let kept = call.redaction.kept_of_sent(&sent);
        (sent, self.submit_noted(call, took, Ok(kept)))
    }

    fn submit_noted(
        &self,
        call: MaskedCall,
        took: Duration,
        outcome: Result<ApiResponse, Failure>,
    ) -> StoreReply<Recorded> {
        self.0.writer.submit("write down the call", move |context| context.note(call, took, outcome))
    }

    /// Changes entries as a person wants it; gives how many it was done to. Notes and tags are masked.
    pub fn edit(&self, edit: Edit, now: Timestamp) -> StoreReply<u64> {
        let edit = edits::masked(edit);
        self.0.writer.submit(edit.doing(), move |context| context.edit(&edit, now))
    }

    /// How much of the request log is kept from the next call on; the default until then.
    pub fn bound_log(&self, settings: LogSettings) {
        self.0.log_limit.set(settings);
    }

    /// Drops the minter's objects and what it remembers of idempotency keys; gives the number of objects. The history
    /// stays, and ids go on where they were, so that none is given twice.
    pub fn reset(&self) -> StoreReply<u64> {
        self.0.writer.submit("reset the minter", WriteContext::reset)
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
