//! The one thread that writes, and the groups of jobs that it commits together.
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
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use super::{
    anchor::FileAnchor,
    error::{JobError, StoreError},
    reply::{self, StoreReply},
    schema,
    write_context::{WalCleanup, WriteContext},
};

/// The most jobs in one transaction: more would make the first of them wait for the disk too long.
const GROUP_LIMIT: usize = 512;
const SAVING: &str = "save to the history";

/// A job in the queue. It is given what it works on, within the open transaction, or the reason why there is none. It
/// gives back a callback that tells the caller how the commit went.
type WriteJob = Box<dyn FnOnce(Result<&mut WriteContext, &StoreError>) -> CommitCallback + Send>;
type CommitCallback = Box<dyn FnOnce(Result<(), &StoreError>)>;

/// The commits between two tries to empty the WAL.
const COMMITS_BETWEEN: u32 = 64;

/// The handle of the thread. Dropping it waits until all jobs that were submitted are done.
#[derive(Debug)]
pub(super) struct HistoryWriter {
    queue: RwLock<Option<Sender<WriteJob>>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl HistoryWriter {
    /// Starts the thread. A database in memory has no anchor.
    ///
    /// # Errors
    /// When the system does not start a thread.
    pub(super) fn start(context: WriteContext, anchor: Option<FileAnchor>) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel();
        let commits = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&commits);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run_jobs(context, anchor.as_ref(), &jobs, &counter))?;
        Ok(Self { queue: RwLock::new(Some(queue)), thread: Some(thread), commits })
    }

    /// Puts a job at the end of the queue. Jobs run in the order of these calls.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        doing: &'static str,
        job: impl FnOnce(&mut WriteContext) -> Result<T, JobError> + Send + 'static,
    ) -> StoreReply<T> {
        let (promise, reply) = reply::pair(doing);
        // What is logged of the job on the writer's thread belongs to the call that the job was submitted for.
        let span = tracing::Span::current();
        let job: WriteJob = Box::new(move |context| {
            let result = span.in_scope(|| match context {
                Ok(context) => in_savepoint(context, doing, job),
                Err(error) => Err(error.clone()),
            });
            Box::new(move |committed| {
                if committed.is_ok() {
                    span.in_scope(|| tracing::debug!(doing, "committed"));
                }
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

impl Drop for HistoryWriter {
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

/// The writer's thread: runs groups of jobs until the last handle is gone.
fn run_jobs(mut context: WriteContext, anchor: Option<&FileAnchor>, jobs: &Receiver<WriteJob>, commits: &AtomicU64) {
    while let Ok(first) = jobs.recv() {
        let waiting = jobs.try_iter().take(GROUP_LIMIT - 1);
        let group: Vec<WriteJob> = std::iter::once(first).chain(waiting).collect();
        run_group(&mut context, anchor, group, commits);
    }
    if context.wal_cleanup != WalCleanup::None {
        context.wal_cleanup = WalCleanup::Asked;
        clean_up_wal(&mut context);
    }
}

/// Runs a group of jobs in one transaction, commits it, and tells every caller how that went.
fn run_group(context: &mut WriteContext, anchor: Option<&FileAnchor>, group: Vec<WriteJob>, commits: &AtomicU64) {
    let size = group.len();
    let is_in_place = || anchor.map_or(Ok(()), |anchor| anchor.check(SAVING));
    let mut outcome = context
        .connection
        .execute_batch("BEGIN IMMEDIATE")
        .and_then(|()| context.clocks.refresh(&context.connection))
        .map_err(|error| context.store_error(SAVING, &error));
    let mut callbacks = Vec::with_capacity(size);
    for job in group {
        callbacks.push(match &outcome {
            Ok(()) => job(Ok(context)),
            Err(error) => job(Err(error)),
        });
        // SQLite ends the transaction by itself when the disk is full or fails: what ran before is gone with it.
        if outcome.is_ok() && context.connection.is_autocommit() {
            outcome = Err(context.lost.take().unwrap_or(StoreError::Closed { doing: SAVING }));
        }
    }
    if outcome.is_ok() {
        // Before the commit, so that nothing is left in a file that may come back; and after it, for a file that went
        // away meanwhile keeps nothing.
        outcome = is_in_place()
            .and_then(|()| {
                context.connection.execute_batch("COMMIT").map_err(|error| context.store_error(SAVING, &error))
            })
            .and_then(|()| is_in_place());
    }
    match &outcome {
        Ok(()) => {
            commits.fetch_add(1, Ordering::Release);
            for call in context.settled.drain(..) {
                context.redactions.remove(&call);
            }
            clean_up_wal(context);
        }
        Err(error) => {
            tracing::error!(jobs = size, "a group of jobs was not saved: {error}");
            if !context.connection.is_autocommit()
                && let Err(error) = context.connection.execute_batch("ROLLBACK")
            {
                tracing::error!("the transaction could not be rolled back: {error}");
            }
        }
    }
    context.settled.clear();
    context.lost = None;
    for on_commit in callbacks {
        on_commit(outcome.as_ref().copied());
    }
}

/// Empties the WAL of what was removed for good, before whoever asked for that gets a reply.
fn clean_up_wal(context: &mut WriteContext) {
    context.wal_cleanup = match context.wal_cleanup {
        WalCleanup::None => return,
        WalCleanup::Later(commits @ 1..) => WalCleanup::Later(commits - 1),
        WalCleanup::Asked | WalCleanup::Later(0) => match schema::empty_wal(&context.connection) {
            Ok(true) => WalCleanup::None,
            Ok(false) => WalCleanup::Later(COMMITS_BETWEEN),
            Err(error) => {
                // What was committed stays so; the WAL is emptied when the last connection closes.
                tracing::warn!("the write-ahead log could not be emptied: {error}");
                WalCleanup::Later(COMMITS_BETWEEN)
            }
        },
    };
}

/// Runs one job so that, when it fails or panics, nothing of it stays and the rest of the group does.
fn in_savepoint<T>(
    context: &mut WriteContext,
    doing: &'static str,
    job: impl FnOnce(&mut WriteContext) -> Result<T, JobError>,
) -> Result<T, StoreError> {
    let step = |context: &WriteContext, sql: &str| {
        context
            .connection
            .prepare_cached(sql)
            .and_then(|mut step| step.execute([]))
            .map_err(|error| context.store_error(doing, &error))
    };
    step(context, "SAVEPOINT job")?;
    // The writer outlives a fault of the minter: the savepoint takes back what the job did.
    let result = catch_unwind(AssertUnwindSafe(|| job(context)))
        .unwrap_or(Err(JobError::Store(StoreError::Panicked { doing })))
        .map_err(|failed| failed.while_doing(doing).about(context.file.as_deref()));
    let ended = match &result {
        Ok(_) => step(context, "RELEASE job").map(drop),
        Err(_) if context.connection.is_autocommit() => Ok(()),
        Err(_) => step(context, "ROLLBACK TO job").and_then(|_| step(context, "RELEASE job")).map(drop),
    };
    let result = result.and_then(|value| ended.map(|()| value));
    if let Err(error) = &result
        && context.connection.is_autocommit()
    {
        context.lost = Some(error.clone());
    }
    result
}
