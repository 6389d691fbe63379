//! The one thread that writes.
//!
//! ```text
//! submit ──► queue ──► group: everything that waits, GROUP_LIMIT at most
//!                        BEGIN IMMEDIATE
//!                          SAVEPOINT, job, RELEASE     once a job, in the order of submission;
//!                                                      a job that fails goes back to its savepoint, alone
//!                        COMMIT                        fails: the whole group has failed, also where the file is not
//!                                                      the one any more that its path leads to
//!                        replies
//! ```

use std::{
    collections::HashMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use rusqlite::Connection;

use super::{
    anchor::Anchor,
    error::{Failed, StoreError},
    log_bound::LogBound,
    reply::{self, Reply},
    schema,
};
use crate::domain::{call::redaction::Redaction, history::request_log::ExchangeId, mask::keyed_hash::IdentityKey};

/// The most jobs in one transaction: more would make the first of them wait for the disk too long.
const GROUP_LIMIT: usize = 512;
const SAVING: &str = "save to the history";

/// Gets the open transaction, or the reason why there is none; gives back what tells the caller how the commit went.
type Job = Box<dyn FnOnce(Result<&mut Work, &StoreError>) -> Told + Send>;
type Told = Box<dyn FnOnce(Result<(), &StoreError>)>;

/// What the jobs work on.
pub(super) struct Work {
    pub(super) connection: Connection,
    pub(super) identities: IdentityKey,
    /// The name of this run of the program.
    pub(super) run: String,
    /// What must not be written of the answers to the calls that are on their way.
    pub(super) redactions: HashMap<ExchangeId, Redaction>,
    /// The calls that need their redactions no more once the open transaction is committed.
    pub(super) settled: Vec<ExchangeId>,
    /// The database; `None` in memory.
    file: Option<PathBuf>,
    pub(super) log: LogBound,
    /// Set by a job that took something away for good.
    pub(super) removal: Removal,
    /// Why the transaction is gone, when a job lost it.
    lost: Option<StoreError>,
}

impl Work {
    pub(super) fn new(
        connection: Connection,
        identities: IdentityKey,
        run: String,
        file: Option<PathBuf>,
        log: LogBound,
    ) -> Self {
        let (redactions, settled, removal) = (HashMap::new(), Vec::new(), Removal::None);
        Self { connection, identities, run, redactions, settled, file, log, removal, lost: None }
    }

    /// What SQLite says while `doing`, told of this file.
    fn failed(&self, doing: &'static str, error: &rusqlite::Error) -> StoreError {
        StoreError::of(doing, error).about(self.file.as_deref())
    }
}

/// Whether the WAL may still have what was taken away for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Removal {
    #[default]
    None,
    /// The WAL is emptied after the commit.
    Asked,
    /// Somebody read what is older: it is tried again after so many commits more, for each try costs a sync.
    Later(u32),
}

/// The commits between two tries to empty the WAL.
const COMMITS_BETWEEN: u32 = 64;

/// The handle of the thread; the last one to drop it waits for the jobs that were submitted.
#[derive(Debug)]
pub(super) struct Writer {
    queue: RwLock<Option<Sender<Job>>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    /// A database in memory has no anchor.
    pub(super) fn start(work: Work, anchor: Option<Anchor>) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel();
        let commits = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&commits);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(work, anchor.as_ref(), &jobs, &counter))?;
        Ok(Self { queue: RwLock::new(Some(queue)), thread: Some(thread), commits })
    }

    /// Puts a job at the end of the queue: this call is what orders them.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        doing: &'static str,
        job: impl FnOnce(&mut Work) -> Result<T, Failed> + Send + 'static,
    ) -> Reply<T> {
        let (promise, reply) = reply::pair(doing);
        let job: Job = Box::new(move |work| {
            let result = match work {
                Ok(work) => in_savepoint(work, doing, job),
                Err(error) => Err(error.clone()),
            };
            Box::new(move |committed| {
                promise.keep(committed.map_err(Clone::clone).and(result));
            })
        });
        if let Some(queue) = &*self.queue.read().unwrap_or_else(PoisonError::into_inner) {
            // Without a receiver the job is dropped, and its promise says that the store is closed.
            let _ = queue.send(job);
        }
        reply
    }

    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.write().unwrap_or_else(PoisonError::into_inner).take();
        // A job may hold the last handle: a thread cannot wait for itself.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the writer of the history ended by a panic");
        }
    }
}

fn run(mut work: Work, anchor: Option<&Anchor>, jobs: &Receiver<Job>, commits: &AtomicU64) {
    while let Ok(first) = jobs.recv() {
        let waiting = jobs.try_iter().take(GROUP_LIMIT - 1);
        let group: Vec<Job> = std::iter::once(first).chain(waiting).collect();
        run_group(&mut work, anchor, group, commits);
    }
    if work.removal != Removal::None {
        work.removal = Removal::Asked;
        finish_removal(&mut work);
    }
}

fn run_group(work: &mut Work, anchor: Option<&Anchor>, group: Vec<Job>, commits: &AtomicU64) {
    let size = group.len();
    let is_in_place = || anchor.map_or(Ok(()), |anchor| anchor.check(SAVING));
    let mut standing = work.connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| work.failed(SAVING, &error));
    let mut told = Vec::with_capacity(size);
    for job in group {
        told.push(match &standing {
            Ok(()) => job(Ok(work)),
            Err(error) => job(Err(error)),
        });
        // SQLite ends the transaction by itself when the disk is full or fails: what ran before is gone with it.
        if standing.is_ok() && work.connection.is_autocommit() {
            standing = Err(work.lost.take().unwrap_or(StoreError::Closed { doing: SAVING }));
        }
    }
    if standing.is_ok() {
        // Before the commit, so that nothing is left in a file that may come back; and after it, for a file that went
        // away meanwhile keeps nothing.
        standing = is_in_place()
            .and_then(|()| work.connection.execute_batch("COMMIT").map_err(|error| work.failed(SAVING, &error)))
            .and_then(|()| is_in_place());
    }
    match &standing {
        Ok(()) => {
            commits.fetch_add(1, Ordering::Release);
            for call in work.settled.drain(..) {
                work.redactions.remove(&call);
            }
            finish_removal(work);
        }
        Err(error) => {
            tracing::error!(jobs = size, "a group of jobs was not saved: {error}");
            if !work.connection.is_autocommit()
                && let Err(error) = work.connection.execute_batch("ROLLBACK")
            {
                tracing::error!("the transaction could not be rolled back: {error}");
            }
        }
    }
    work.settled.clear();
    work.lost = None;
    for told in told {
        told(standing.as_ref().copied());
    }
}

/// Empties the WAL of what was taken away, before whoever asked for it is told.
fn finish_removal(work: &mut Work) {
    work.removal = match work.removal {
        Removal::None => return,
        Removal::Later(commits @ 1..) => Removal::Later(commits - 1),
        Removal::Asked | Removal::Later(0) => match schema::empty_wal(&work.connection) {
            Ok(true) => Removal::None,
            Ok(false) => Removal::Later(COMMITS_BETWEEN),
            Err(error) => {
                // What was committed stays so; the WAL is emptied when the last connection closes.
                tracing::warn!("the write-ahead log could not be emptied: {error}");
                Removal::Later(COMMITS_BETWEEN)
            }
        },
    };
}

fn in_savepoint<T>(
    work: &mut Work,
    doing: &'static str,
    job: impl FnOnce(&mut Work) -> Result<T, Failed>,
) -> Result<T, StoreError> {
    let step = |work: &Work, sql: &str| {
        work.connection
            .prepare_cached(sql)
            .and_then(|mut step| step.execute([]))
            .map_err(|error| work.failed(doing, &error))
    };
    step(work, "SAVEPOINT job")?;
    // The writer outlives a fault of the minter: the savepoint takes back what the job did.
    let result = catch_unwind(AssertUnwindSafe(|| job(work)))
        .unwrap_or(Err(Failed::Told(StoreError::Panicked { doing })))
        .map_err(|failed| failed.while_doing(doing).about(work.file.as_deref()));
    let ended = match &result {
        Ok(_) => step(work, "RELEASE job").map(drop),
        Err(_) if work.connection.is_autocommit() => Ok(()),
        Err(_) => step(work, "ROLLBACK TO job").and_then(|_| step(work, "RELEASE job")).map(drop),
    };
    let result = result.and_then(|value| ended.map(|()| value));
    if let Err(error) = &result
        && work.connection.is_autocommit()
    {
        work.lost = Some(error.clone());
    }
    result
}
