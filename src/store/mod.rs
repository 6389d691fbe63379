//! The history and the minter's ledger on disk, in one SQLite file.
//!
//! One thread writes: [`Store`] sends it jobs and gives [`StoreReply`]s, and what a reply acknowledges is on the disk.
//! Any number of [`HistoryReader`]s read beside it. Several processes may use one folder. Nothing is written that is
//! not masked.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `writer`, `write_context`, `reply` | the thread that writes, what its jobs work on, how their results arrive |
//! | `call`, `record`, `entries`, `exchanges`, `edits` | what is written of a call, and of a person's changes |
//! | `packed`, `counts` | a call's lists and bodies in one compressed piece, and long objects; how many rows of each kind there are |
//! | `ledger`, `world_objects`, `numbered_ids`, `key_index` | the minter's objects; which call made a token, and which one a key stands for |
//! | `call_readers`, `reading_ledger`, `read_gate` | calls that only read, answered beside the writer |
//! | `runs`, `run_jobs` | lists of drafts with what came of each, and what the store does for them |
//! | `given_numbers` | which numbers of rows were given |
//! | `due_effects` | what is to happen to the minter's objects later |
//! | `event_list` | lists of events by type and delivery |
//! | `outbox`, `event_bell` | events on their way to webhook endpoints, and who hears of new ones |
//! | `worlds`, `log_bound` | in which world, by which clock; how much of the request log is kept |
//! | `removal`, `compaction`, `keep_jobs` | entries that go for good, and the disk space that this gives back |
//! | `rows`, `reader` | rows as the nouns of the domain; reading beside the writer, past damage too |
//! | `schema`, `migrations`, `new_history`, `backup` | connections, versions of the database, one that is new, copies before a migration |
//! | `paths`, `anchor`, `session` | the files, whether they are still in place, which processes have them open |
//! | `sound`, `damage`, `wal`, `header`, `transplant`, `copy`, `salvage` | what can be done with a damaged history |
//! | `error`, `export`, `import` | why something failed; the shape of an entry in exports; entries of other histories |

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::Connection;

mod anchor;
mod backup;
mod call;
mod call_readers;
mod compaction;
mod copy;
mod counts;
mod damage;
mod due_effects;
mod edits;
mod entries;
mod error;
mod event_bell;
mod event_list;
mod exchanges;
mod export;
mod given_numbers;
mod header;
mod import;
mod keep_jobs;
mod key_index;
mod ledger;
mod log_bound;
mod new_history;
mod numbered_ids;
mod objects;
mod outbox;
mod packed;
mod paths;
mod read_gate;
mod reader;
mod reading_ledger;
mod record;
mod removal;
mod reply;
mod rows;
mod run_jobs;
mod runs;
mod salvage;
mod schema;
mod session;
mod sound;
mod transplant;
mod wal;
mod world_objects;
mod worlds;
mod write_context;
mod writer;

pub use call::{JournaledCall, LocalAnswer, NewCall, RecordedCall};
pub use compaction::FileSpace;
pub use damage::HistoryDamage;
pub use error::{StoreError, salvage_command, shell_word};
pub use export::{EXPORT_FORMAT, EXPORT_VERSION, ExportedEntry};
pub use import::{CheckedEntry, ImportStage, KnownEntries};
pub use outbox::{
    CursorNote, DeliveryLock, DeliveryNote, DeliveryNotes, EndpointCursor, KeptEndpoint, OpenDelivery, OpenNote,
    Outbox, OutboxEvent, OutboxPage,
};
pub use paths::FILE_NAME;
pub use reader::{
    CallSelection, HistoryChanges, HistoryReader, HistoryRevision, ListPiece, ListScan,
    runs::{RowSelection, RunRows},
};
pub use removal::RemovalPlan;
pub use reply::StoreReply;
pub use runs::EntryOfRow;
pub use salvage::{RowKind, SalvageError, SalvageReport, salvage};
pub use schema::Durability;
pub use sound::RowNumbers;
pub use worlds::ClockChange;

use crate::{
    domain::{
        call::{
            account::AccountId,
            api::{ApiRequest, ApiResponse, CallFailure, HttpMethod, MaskedRequest, TransportError},
            usage,
        },
        history::{edit::EntryEdit, entry::EntryId, import_report::ImportReport, request_log::ExchangeId},
        mask::keyed_hash::IdentityKey,
        settings::preferences::LogSettings,
    },
    files,
};
use anchor::FileAnchor;
use call::MaskedCall;
use call_readers::CallReaders;
use copy::PrivateCopy;
use due_effects::{EffectChanges, NextEffects};
use event_bell::EventBell;
use log_bound::{LogBound, LogLimit};
use numbered_ids::IdNumbers;
use read_gate::ReadGate;
use reading_ledger::ReadObstacle;
use schema::{DatabaseLocation, MigrationBackup};
use session::StoreSession;
use write_context::WriteContext;
use writer::HistoryWriter;

/// Where a store keeps its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// In this folder, which is made where it is missing.
    Folder(PathBuf),
    /// In memory: gone with the last store and reader of it.
    Memory,
}

/// The history and the ledger. Clones share one writer; the last to go waits until all that was submitted is written.
#[derive(Clone, Debug)]
pub struct Store(Arc<OpenStore>);

/// What the clones of a [`Store`] share. The fields are in the order in which they must be dropped: the session ends
/// after the writer's last job.
#[derive(Debug)]
struct OpenStore {
    writer: HistoryWriter,
    /// `None` in memory.
    readers: Option<CallReaders>,
    location: DatabaseLocation,
    workspace_secret: [u8; 32],
    identities: IdentityKey,
    log_limit: Arc<LogLimit>,
    bell: EventBell,
    effect_changes: EffectChanges,
    session: StoreSession,
    /// The private copy that the store works on, where the folder itself cannot be written: removed with the store.
    _copy: Option<PrivateCopy>,
}

impl Store {
    /// Opens the store, makes it if there is none, brings it to this program's version, marks calls as interrupted that
    /// an ended session left without an answer, and drops what was deleted long ago for good.
    ///
    /// # Errors
    /// A folder or file that cannot be made or written, a file that is no database of this program or a newer one, a
    /// full disk, a database that another process holds locked for longer than some seconds.
    pub fn open(location: &StoreLocation, now: Timestamp) -> Result<Self, StoreError> {
        Self::open_with(location, now, Durability::default())
    }

    /// As [`Store::open`], with commits that wait for less.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(location: &StoreLocation, now: Timestamp, durability: Durability) -> Result<Self, StoreError> {
        match location {
            StoreLocation::Folder(folder) => Self::open_folder(&paths::make_folder(folder)?, now, durability, None),
            StoreLocation::Memory => {
                let session = StoreSession::in_memory();
                let database = DatabaseLocation::Memory(session.name.clone());
                let connection = database.connect_writer(now, durability, MigrationBackup::Waived)?;
                Self::start(database, connection, session, None)
            }
        }
    }

    /// Opens a private copy of the history of a folder that cannot be written. What is written to the copy is lost with
    /// it.
    ///
    /// # Errors
    /// As [`Store::open`]; and what cannot be copied.
    pub fn open_copy(folder: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let file = folder.join(FILE_NAME);
        schema::refuse_lost(&file)?;
        let copy = PrivateCopy::make(&file)?;
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
        runs::stop_abandoned(&mut connection, folder).map_err(|error| location.opening_failed(&error))?;
        edits::drop_deleted(&mut connection, now).map_err(|error| location.opening_failed(&error))?;
        if let Err(error) = key_index::drop_old(&connection, now.as_millisecond()) {
            // They are there for longer than they need to be.
            tracing::warn!("old idempotency keys could not be dropped: {error}");
        }
        if let Err(error) = outbox::drop_old_events(&connection, now) {
            // They are there for longer than they need to be.
            tracing::warn!("old events could not be dropped: {error}");
        }
        backup::drop_old(folder, now);
        let session = StoreSession::start(folder).map_err(|error| paths::not_writable(folder, &error))?;
        Self::start(location, connection, session, copy)
    }

    fn start(
        location: DatabaseLocation,
        connection: Connection,
        session: StoreSession,
        copy: Option<PrivateCopy>,
    ) -> Result<Self, StoreError> {
        tracing::debug!(place = location.shown(), session = session.name, "history opened");
        let workspace_secret = location.workspace_secret(&connection)?;
        let identities = IdentityKey::new(&workspace_secret);
        let log_limit = Arc::default();
        let anchor = location.file().map(FileAnchor::of);
        let log = LogBound::new(Arc::clone(&log_limit));
        let file = location.file().map(Path::to_owned);
        let bell = EventBell::default();
        let effect_changes = EffectChanges::default();
        let mut work = WriteContext::new(connection, workspace_secret, session.name.clone(), file, log, bell.clone());
        work.next_effects = NextEffects::counted_by(Arc::clone(&effect_changes));
        let gate = Arc::<ReadGate>::default();
        work.gate = Arc::clone(&gate);
        let writer = HistoryWriter::start(work, anchor)
            .map_err(|error| StoreError::Other { doing: "start the history's writer", reason: error.to_string() })?;
        Ok(Self(Arc::new(OpenStore {
            writer,
            readers: CallReaders::of(&location, &workspace_secret, gate),
            location,
            workspace_secret,
            identities,
            log_limit,
            bell,
            effect_changes,
            session,
            _copy: copy,
        })))
    }

    /// The secret of the data folder, made with its database: fingerprints that are keyed with it agree within this
    /// folder and with no other.
    pub fn workspace_secret(&self) -> [u8; 32] {
        self.0.workspace_secret
    }

    /// Lets the minter answer a local call and keeps its objects, the exchange and the entry in one transaction. The
    /// closure runs on the writer's thread: it must not wait for this store.
    ///
    /// The reply has the answer as kept: see [`Store::serve`].
    pub fn answer(&self, call: NewCall, answer: LocalAnswer) -> StoreReply<RecordedCall> {
        let call = MaskedCall::of(call, &self.0.identities);
        self.0.writer.submit("save the call", move |context| context.answer(&call, &answer))
    }

    /// As [`Store::answer`], for a call that came over HTTP at `arrived`: gives the answer as it is sent, which is as it is
    /// kept, but for an echoed key or account that may not be. A call that only reads is answered beside the writer, and
    /// written down within a tenth of a second.
    ///
    /// `prepare` makes the minter's side of it on this thread, of the request and of the same as it is recorded.
    ///
    /// # Errors
    /// What the store says about the call: it was not answered then.
    pub async fn serve(
        &self,
        call: NewCall,
        arrived: Instant,
        prepare: impl FnOnce(ApiRequest, &MaskedRequest) -> LocalAnswer,
    ) -> Result<ApiResponse, StoreError> {
        let (mut call, request) = MaskedCall::with_request(call, &self.0.identities);
        let mut answer = prepare(request, &call.request);
        if call.request.method == HttpMethod::Get && self.0.writer.has_room_for_lines() {
            let mut read = self.0.read(&call, &answer, false);
            if read == Err(ReadObstacle::TakesLong) {
                (read, call, answer) = self.long_read(call, answer).await?;
            }
            if let Ok(answer) = read {
                return Ok(self.0.write_line(call, arrived.elapsed(), answer));
            }
        }
        self.0.writer.submit("save the call", move |context| context.serve(&call, arrived, &answer)).await
    }

    /// Reads on a thread of its own, and gives back what was handed over with what came of it.
    fn long_read(
        &self,
        call: MaskedCall,
        answer: LocalAnswer,
    ) -> StoreReply<(Result<ApiResponse, ReadObstacle>, MaskedCall, LocalAnswer)> {
        let (promise, reply) = reply::pair("answer the call");
        let store = Arc::clone(&self.0);
        let read = move || promise.keep(Ok((store.read(&call, &answer, true), call, answer)));
        if let Err(error) = thread::Builder::new().name("long-read".to_owned()).spawn(read) {
            // Its promise is gone with it, which is told.
            tracing::error!("a thread for a call could not be started: {error}");
        }
        reply
    }

    /// Waits until the lines of all calls that were answered before are written, or are lost: see [`Store::on_lost_line`].
    pub async fn settle_lines(&self) {
        // It has nothing of its own that could fail.
        let _ = self.0.writer.submit("write down the calls", |_| Ok(())).await;
    }

    /// Lets `tell` hear why lines of calls are not written that were answered already.
    pub fn on_lost_line(&self, tell: impl Fn(&StoreError) + Send + Sync + 'static) {
        self.0.writer.on_lost_line(Box::new(tell));
    }

    /// Writes down a call to the real API before it leaves; a token creation gets a pending entry.
    pub fn journal(&self, call: NewCall) -> StoreReply<JournaledCall> {
        let call = MaskedCall::of(call, &self.0.identities);
        self.0.writer.submit("write down the call", move |context| context.journal(&call))
    }

    /// Puts an unknown or interrupted entry back to pending, because its call is sent again with the same idempotency
    /// key. The entry keeps the time of the first sending; its exchange gets `started`.
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
    ) -> StoreReply<RecordedCall> {
        self.0.writer.submit("save the answer", move |context| context.finish(exchange, took, &outcome))
    }

    /// Writes down a call to which a fault gave no answer on purpose. The failure is kept as it is: it holds nothing of
    /// the call.
    pub fn note(&self, call: NewCall, took: Duration, failure: CallFailure) -> StoreReply<RecordedCall> {
        let call = MaskedCall::of(call, &self.0.identities);
        self.submit_noted(call, took, Err(failure))
    }

    /// Writes down a call that was refused before it reached either target. Gives the answer to send, which is as it is
    /// kept but for an echoed key or account that may not be; it may be sent once the reply is here.
    pub fn refuse(
        &self,
        call: NewCall,
        took: Duration,
        answer: ApiResponse,
    ) -> (ApiResponse, StoreReply<RecordedCall>) {
        let call = MaskedCall::of(call, &self.0.identities);
        let sent = call.redaction.local_answer(answer, false);
        let kept = call.redaction.kept_of_sent(&sent);
        (sent, self.submit_noted(call, took, Ok(kept)))
    }

    fn submit_noted(
        &self,
        call: MaskedCall,
        took: Duration,
        outcome: Result<ApiResponse, CallFailure>,
    ) -> StoreReply<RecordedCall> {
        self.0.writer.submit("write down the call", move |context| context.note(&call, took, &outcome))
    }

    /// Carries out a person's edit; gives how many entries it changed. Notes and tags are masked.
    pub fn edit(&self, edit: EntryEdit, now: Timestamp) -> StoreReply<u64> {
        let edit = edits::masked(edit);
        self.0.writer.submit(edit.doing(), move |context| context.edit(&edit, now))
    }

    /// A place for the entries of a file beside the history: [`Store::import`] takes them over.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub fn stage_import(&self) -> Result<ImportStage, StoreError> {
        ImportStage::make(self.0.location.file().and_then(Path::parent).map(session::folder).as_deref())
    }

    /// Takes over the entries of a stage that are not here yet; all of them in one transaction, and nothing is checked or
    /// packed in it any more. `goes_on` is told after each entry how many there were; the reply is
    /// [`StoreError::ImportCancelled`] where it says no.
    pub fn import(
        &self,
        stage: ImportStage,
        goes_on: impl Fn(u64) -> bool + Send + 'static,
    ) -> StoreReply<ImportReport> {
        self.0.writer.submit("import the file", move |context| context.import(&stage, &goes_on))
    }

    /// Sets how much of the request log is kept, from the next call on. Before this is called, the default holds.
    pub fn bound_log(&self, settings: LogSettings) {
        self.0.log_limit.set(settings);
    }

    /// Drops the minter's objects and what it remembers of idempotency keys, in all worlds, and puts their clocks right;
    /// gives the number of objects. The history stays, and ids go on where they were, so that none is given twice.
    pub fn reset(&self) -> StoreReply<u64> {
        self.0.writer.submit("reset the minter", |context| context.reset(None))
    }

    /// As [`Store::reset`], of one world: an account's own, `None` for that of all other calls.
    pub fn reset_world(&self, world: Option<&AccountId>) -> StoreReply<u64> {
        let world = self.stored_world(world);
        self.0.writer.submit("reset the minter", move |context| context.reset(Some(&world)))
    }

    /// Sets the clock by which the minter answers in a world; gives what it shows where the machine's shows `machine`, once
    /// all is carried out that is due by then. The times of the history stay the machine's.
    pub fn set_clock(
        &self,
        world: Option<&AccountId>,
        change: ClockChange,
        machine: Timestamp,
    ) -> StoreReply<Timestamp> {
        let world = self.stored_world(world);
        let set = Cell::new(None);
        self.0.writer.submit("set the clock", move |context| context.set_clock(&world, change, machine, &set))
    }

    /// Carries out what is due in any world by its clock, where the machine's shows `machine`, as much as one transaction
    /// takes; gives whether that was all. A call finds what was due before it carried out in any case: this is for whoever
    /// wants to hear of it in time.
    pub fn carry_out_due(&self, machine: Timestamp) -> StoreReply<bool> {
        self.0.writer.submit("carry out what is due", move |context| context.carry_out_all_due(machine))
    }

    /// Another number each time that it may have changed when something is due, as far as this process knows of it: see
    /// [`Outbox::next_effect`].
    pub fn effect_changes(&self) -> u64 {
        self.0.effect_changes.load(Ordering::Acquire)
    }

    fn stored_world(&self, world: Option<&AccountId>) -> String {
        world.map(|world| self.stored_account(world)).unwrap_or_default()
    }

    /// What an account is stored and looked up as.
    pub fn stored_account(&self, account: &AccountId) -> String {
        self.0.identities.stored(account.as_str())
    }

    /// Reads the events on their way to webhook endpoints, on a connection of its own.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn outbox(&self) -> Result<Outbox, StoreError> {
        let connection = self.0.location.connect_reader().map_err(|error| self.0.location.opening_failed(&error))?;
        let numbers = IdNumbers::new(&self.workspace_secret());
        Ok(Outbox::new(connection, self.0.identities.clone(), numbers))
    }

    /// Lets `ring` hear of each commit of this process that has events, or changes an endpoint, in the place of who heard
    /// of them before. It is called on the writer's thread: it must not wait.
    pub fn on_events(&self, ring: impl Fn() + Send + Sync + 'static) {
        self.0.bell.set(Box::new(ring));
    }

    /// Writes down what came of sending events.
    pub fn note_deliveries(&self, notes: DeliveryNotes) -> StoreReply<()> {
        self.0.writer.submit("write down what was sent", move |context| context.note_deliveries(&notes))
    }

    /// Lets an event be sent once more, at once, to all endpoints that it is for; gives how many these are.
    pub fn send_event_again(&self, event: String) -> StoreReply<usize> {
        self.0.writer.submit("send the event again", move |context| context.send_event_again(&event))
    }

    /// The lock of this name, by which one process sends to an endpoint; `None` where another one has it. A history in
    /// memory is one process's.
    ///
    /// # Errors
    /// When the lock file cannot be made or locked.
    pub fn delivery_lock(&self, name: &str) -> Result<Option<DeliveryLock>, StoreError> {
        let Some(folder) = self.0.location.file().and_then(Path::parent) else {
            return Ok(Some(DeliveryLock::of(None)));
        };
        let locked = session::try_hold(folder, name).map_err(|error| paths::not_writable(folder, &error))?;
        Ok(locked.map(|file| DeliveryLock::of(Some(file))))
    }

    /// A reading connection of its own.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn reader(&self) -> Result<HistoryReader, StoreError> {
        HistoryReader::open(&self.0.location)
    }

    /// How many transactions were committed since the store was opened. One transaction holds all jobs that waited for
    /// it.
    pub fn commits(&self) -> u64 {
        self.0.writer.commits()
    }
}

impl OpenStore {
    fn read(&self, call: &MaskedCall, answer: &LocalAnswer, may_take_long: bool) -> Result<ApiResponse, ReadObstacle> {
        let readers = self.readers.as_ref().ok_or(ReadObstacle::NeedsWriter)?;
        readers.answer(call, answer, may_take_long)
    }

    /// Lets a call be written down that was answered by reading; gives the answer as it is sent.
    fn write_line(&self, call: MaskedCall, took: Duration, answer: ApiResponse) -> ApiResponse {
        let sent = call.redaction.local_answer(answer, false);
        let kept = call.redaction.kept_of_sent(&sent);
        let token_use = usage::of_call(&call.request, Some(&kept));
        let (bytes, outcome) = (kept.body.len(), Ok(kept));
        self.writer.submit_line(bytes, move |context| context.note_read(&call, took, &outcome, token_use.as_ref()));
        sent
    }
}
