//! What the writer's jobs work on: the connection, and what has to be known from one job to the next.

use std::{cell::Cell, collections::HashMap, fs, path::PathBuf, sync::Arc};

use rusqlite::Connection;

use super::{
    compaction::FileRewriting,
    counts,
    due_effects::NextEffects,
    entries,
    error::{StoreError, is_damage},
    event_bell::EventBell,
    given_numbers,
    key_index::KeyIndex,
    log_bound::LogBound,
    numbered_ids::IdNumbers,
    objects::ObjectPlaces,
    paths::wal_of,
    read_gate::ReadGate,
    worlds::WorldStates,
};
use crate::domain::{
    call::redaction::Redaction,
    history::{entry::EntryId, request_log::ExchangeId},
    mask::keyed_hash::IdentityKey,
};

/// The commits between two looks at the write-ahead log, and between two tries to empty it.
pub(super) const COMMITS_BETWEEN: u32 = 64;
/// In bytes: eight times what it usually gets to.
const LONGEST_WAL: u64 = 64 << 20;

/// What the jobs work on. It is passed from one to the next; only the writer's thread has it.
pub(super) struct WriteContext {
    pub(super) connection: Connection,
    pub(super) folder_secret: [u8; 32],
    pub(super) identities: IdentityKey,
    pub(super) numbers: IdNumbers,
    pub(super) places: Arc<ObjectPlaces>,
    /// The name of this session: the one that waits for the calls which are on their way.
    pub(super) session: String,
    /// For each call on its way to the real API: what must not be written of its answer.
    pub(super) redactions: HashMap<ExchangeId, Arc<Redaction>>,
    /// The calls whose redactions are there only if the open transaction is committed.
    pub(super) begun: Vec<ExchangeId>,
    /// The calls that need their redactions no more once the open transaction is committed.
    pub(super) settled: Vec<ExchangeId>,
    /// The database; `None` in memory.
    pub(super) file: Option<PathBuf>,
    pub(super) log: LogBound,
    /// What is known of the database, as of [`Self::begin`] and the jobs since.
    pub(super) worlds: WorldStates,
    pub(super) next_effects: NextEffects,
    pub(super) keys: KeyIndex,
    /// The number of the last change of an entry.
    revision: i64,
    counted_calls: i64,
    /// The number of the last call that was written.
    pub(super) last_call: i64,
    /// The number of the last entry that was written.
    last_entry: i64,
    /// Whether there are keys that versions before the index of keys remembered.
    pub(super) remembers_old: bool,
    /// SQLite's number of the state that is known, which another process's commit changes; `None` where nothing is.
    known_state: Option<i64>,
    /// Whether the open transaction has something for whoever sends events.
    pub(super) has_news: Cell<bool>,
    pub(super) bell: EventBell,
    pub(super) gate: Arc<ReadGate>,
    /// The write-ahead log; `None` in memory.
    wal: Option<PathBuf>,
    commits: u32,
    /// Set by a job that removed something for good.
    pub(super) wal_cleanup: WalCleanup,
    /// Set by a job that asked for the file to be written anew, which is done after the commit.
    pub(super) rewriting: Option<Arc<FileRewriting>>,
    /// Why the transaction is gone, when a job lost it.
    pub(super) lost: Option<StoreError>,
}

impl WriteContext {
    pub(super) fn new(
        connection: Connection,
        folder_secret: [u8; 32],
        session: String,
        file: Option<PathBuf>,
        log: LogBound,
        bell: EventBell,
    ) -> Self {
        let numbers = IdNumbers::new(&folder_secret);
        Self {
            connection,
            folder_secret,
            identities: IdentityKey::new(&folder_secret),
            places: ObjectPlaces::new(numbers.clone()),
            numbers,
            session,
            wal: file.as_deref().map(|file| wal_of(&fs::canonicalize(file).unwrap_or_else(|_| file.to_owned()))),
            redactions: HashMap::new(),
            begun: Vec::new(),
            settled: Vec::new(),
            file,
            log,
            worlds: WorldStates::default(),
            next_effects: NextEffects::default(),
            keys: KeyIndex::default(),
            revision: 0,
            counted_calls: 0,
            last_call: 0,
            last_entry: 0,
            remembers_old: false,
            known_state: None,
            has_news: Cell::new(false),
            bell,
            gate: Arc::default(),
            commits: 0,
            wal_cleanup: WalCleanup::None,
            rewriting: None,
            lost: None,
        }
    }

    /// Begins a transaction, and reads what other processes changed: none of them writes until its end.
    pub(super) fn begin(&mut self) -> rusqlite::Result<()> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.next_effects.begin();
        let state = self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.known_state == Some(state) {
            return Ok(());
        }
        self.worlds.refresh(&self.connection)?;
        self.next_effects.forget();
        self.last_call = given_numbers::last_call(&self.connection)?;
        self.last_entry = given_numbers::last_entry(&self.connection)?;
        self.places.refresh(&self.connection)?;
        self.keys.refresh(&self.connection, self.last_call)?;
        self.revision = entries::revision(&self.connection)?;
        self.counted_calls = counts::counted_calls(&self.connection, self.last_call)?;
        let remembers_old = "SELECT EXISTS (SELECT 1 FROM answers)";
        self.remembers_old = match self.connection.query_row(remembers_old, [], |row| row.get(0)) {
            // Then those calls alone fail that look into it.
            Err(error) if is_damage(&error) => true,
            remembers_old => remembers_old?,
        };
        self.known_state = Some(state);
        Ok(())
    }

    /// Writes what is written once a commit, and commits.
    pub(super) fn commit(&mut self) -> rusqlite::Result<()> {
        self.counted_calls = counts::catch_up(&self.connection, self.counted_calls, self.last_call)?;
        self.keys.write(&self.connection, self.last_call)?;
        self.log.write(&self.connection)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.keys.committed();
        self.next_effects.committed();
        if self.has_news.take() {
            self.bell.ring();
        }
        self.begun.clear();
        for call in self.settled.drain(..) {
            self.redactions.remove(&call);
        }
        Ok(())
    }

    /// Whether the write-ahead log is so long that it should be emptied, looked at once in so many commits: those who read
    /// without a pause keep it from beginning anew.
    pub(super) fn is_wal_long(&mut self) -> bool {
        self.commits = self.commits.wrapping_add(1);
        let is_looked_at = self.commits.is_multiple_of(COMMITS_BETWEEN);
        let wal = self.wal.as_deref().filter(|_| is_looked_at).and_then(|wal| fs::metadata(wal).ok());
        wal.is_some_and(|wal| wal.len() > LONGEST_WAL)
    }

    /// Ends a transaction of which nothing stays. SQLite may have ended it already.
    pub(super) fn roll_back(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!("the transaction could not be rolled back: {error}");
        }
        for call in self.begun.drain(..) {
            self.redactions.remove(&call);
        }
        self.settled.clear();
        self.rewriting = None;
        self.has_news.set(false);
        self.next_effects.forget();
        self.keys.forget();
        self.log.forget();
        self.known_state = None;
    }

    /// Notes that entries have numbers which were not asked for here.
    pub(super) fn note_entries(&mut self) -> rusqlite::Result<()> {
        self.last_entry = given_numbers::last_entry(&self.connection)?;
        Ok(())
    }

    /// The number of the next entry. It is given to no other one, unless the transaction is taken back.
    pub(super) fn next_entry(&mut self) -> EntryId {
        self.last_entry += 1;
        EntryId(self.last_entry)
    }

    /// The next number of the count of all changes of entries: what is written with it is found by whoever saw the count
    /// before.
    pub(super) fn next_revision(&mut self) -> i64 {
        self.revision = self.revision.wrapping_add(1);
        self.revision
    }

    /// SQLite's error as the store's own, with what was being done and the file that it is about.
    pub(super) fn store_error(&self, doing: &'static str, error: &rusqlite::Error) -> StoreError {
        StoreError::of(doing, error).about(self.file.as_deref())
    }
}

/// Whether the WAL may still have what was taken away for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum WalCleanup {
    #[default]
    None,
    /// The WAL is emptied after the commit.
    Asked,
    /// Somebody read what is older: it is tried again after so many commits more, for each try costs a sync.
    Later(u32),
}
