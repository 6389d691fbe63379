//! The one thread that writes, and the groups of jobs that it commits together.
//!
//! ```text
//! submit_line ──► lines ┐  nobody waits for them: they go with the next group, or LINE_DELAY later
//! submit ──► queue ─────┴──► group: all lines, and of the jobs that wait GROUP_LIMIT at most
//!                        BEGIN IMMEDIATE
//!                          job                         once a job, in the order of submission;
//!                                                      one that fails after it wrote takes all back, and the group
//!                                                      runs again without it
//!                                                      one that is put off ends the transaction: it goes on in the
//!                                                      next, and with it those behind
//!                        counts, keys                  what is written once a commit
//!                        COMMIT                        fails: the whole group has failed, also where the file is not
//!                                                      the one any more that its path leads to
//!                        replies
//! ```

use std::{
    fmt, io, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    anchor::FileAnchor,
    error::{JobError, StoreError},
    reply::{self, ReplyPromise, StoreReply},
    schema,
    write_context::{COMMITS_BETWEEN, WalCleanup, WriteContext},
};

/// The most jobs in one transaction: more would make the first of them wait for the disk too long.
const GROUP_LIMIT: usize = 512;
/// How often a group runs as a whole.
const MOST_RUNS: usize = 4;
const SAVING: &str = "save to the history";
/// How long a line waits for a group at most.
pub(super) const LINE_DELAY: Duration = Duration::from_millis(50);
/// So many lines are written at once, without waiting longer.
const LINES_AT_ONCE: usize = 256;
/// About how many bytes of lines may wait: with more, whoever makes another one waits for it.
const MOST_LINE_BYTES: usize = 3 << 20;
/// About what a line takes besides the body of its answer.
const LINE_BYTES: usize = 4 << 10;

/// A job in the queue, which may have to run more than once before it is committed.
trait WriteJob: Send {
    /// Runs it within the open transaction, and keeps how that went.
    fn run(&mut self, context: &mut WriteContext) -> JobRun;

    /// Whether it ran and failed.
    fn has_failed(&self) -> bool;

    /// Tells the caller how it went: its own failure, else that of the commit, else what it gave.
    fn end(self: Box<Self>, committed: Result<(), &StoreError>);
}

/// What the writer's thread is sent.
enum WriterMessage {
    Job(Box<dyn WriteJob>),
    /// There are lines: the first of some, or as many as are written at once.
    Lines,
}

/// How a job went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JobRun {
    Done,
    Failed,
    /// It is to go on in another transaction: see [`JobError::PutOff`].
    PutOff,
}

struct Job<T, F> {
    doing: &'static str,
    work: F,
    result: Option<Result<T, StoreError>>,
    promise: ReplyPromise<T>,
    /// What is logged of the job on the writer's thread belongs to the call that the job was submitted for.
    span: tracing::Span,
}

impl<T, F> WriteJob for Job<T, F>
where
    T: Send,
    F: Fn(&mut WriteContext) -> Result<T, JobError> + Send,
{
    fn run(&mut self, context: &mut WriteContext) -> JobRun {
        let Self { doing, work, span, .. } = self;
        let result = match run_job(doing, span, work, context) {
            Err(JobError::PutOff) => return JobRun::PutOff,
            result => result.map_err(|error| noted(error, doing, context)),
        };
        if self.result.insert(result).is_ok() { JobRun::Done } else { JobRun::Failed }
    }

    fn has_failed(&self) -> bool {
        self.result.as_ref().is_some_and(Result::is_err)
    }

    fn end(self: Box<Self>, committed: Result<(), &StoreError>) {
        let Self { doing, result, promise, span, .. } = *self;
        if committed.is_ok() {
            span.in_scope(|| tracing::debug!(doing, "committed"));
        }
        promise.keep(match (result, committed) {
            (Some(Err(failed)), _) => Err(failed),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(error)) => Err(error.clone()),
            (None, Ok(())) => Err(StoreError::Closed { doing }),
        });
    }
}

/// A job that nobody waits for: the line of a call that was answered already.
struct LineJob<F> {
    work: F,
    failed: Option<StoreError>,
    bytes: usize,
    lines: Arc<WaitingLines>,
    span: tracing::Span,
}

const LINE: &str = "write down the call";

impl<F> WriteJob for LineJob<F>
where
    F: Fn(&mut WriteContext) -> Result<(), JobError> + Send,
{
    fn run(&mut self, context: &mut WriteContext) -> JobRun {
        let Self { work, span, .. } = self;
        let result = run_job(LINE, span, work, context);
        match result {
            Err(JobError::PutOff) => JobRun::PutOff,
            Ok(()) => JobRun::Done,
            Err(error) => {
                self.failed = Some(noted(error, LINE, context));
                JobRun::Failed
            }
        }
    }

    fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    fn end(self: Box<Self>, committed: Result<(), &StoreError>) {
        self.lines.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        if let Some(error) = self.failed.as_ref().or(committed.err()) {
            self.span.in_scope(|| self.lines.tell_lost(error));
        }
    }
}

/// The lines that wait for a group.
#[derive(Default)]
struct WaitingLines {
    jobs: Mutex<Vec<Box<dyn WriteJob>>>,
    bytes: AtomicUsize,
    tell_lost: RwLock<Option<TellLost>>,
}

pub(super) type TellLost = Box<dyn Fn(&StoreError) + Send + Sync>;

impl WaitingLines {
    fn jobs(&self) -> MutexGuard<'_, Vec<Box<dyn WriteJob>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_lost(&self, error: &StoreError) {
        if let Some(tell) = &*self.tell_lost.read().unwrap_or_else(PoisonError::into_inner) {
            tell(error);
        }
    }
}

impl fmt::Debug for WaitingLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitingLines").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// Runs what a job does. The writer outlives a fault of the minter.
fn run_job<T>(
    doing: &'static str,
    span: &tracing::Span,
    work: &impl Fn(&mut WriteContext) -> Result<T, JobError>,
    context: &mut WriteContext,
) -> Result<T, JobError> {
    span.in_scope(|| catch_unwind(AssertUnwindSafe(|| work(context))))
        .unwrap_or(Err(JobError::Store(StoreError::Panicked { doing })))
}

/// The error of a job as its caller is told it, noted where it took the transaction with it.
fn noted(error: JobError, doing: &'static str, context: &mut WriteContext) -> StoreError {
    let error = error.while_doing(doing).about(context.file.as_deref());
    if context.connection.is_autocommit() {
        context.lost = Some(error.clone());
    }
    error
}

/// The handle of the thread. Dropping it waits until all jobs that were submitted are done.
#[derive(Debug)]
pub(super) struct HistoryWriter {
    queue: RwLock<Option<Sender<WriterMessage>>>,
    lines: Arc<WaitingLines>,
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
        let lines = Arc::<WaitingLines>::default();
        let (counter, waiting) = (Arc::clone(&commits), Arc::clone(&lines));
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run_jobs(context, anchor.as_ref(), &jobs, &waiting, &counter))?;
        Ok(Self { queue: RwLock::new(Some(queue)), lines, thread: Some(thread), commits })
    }

    /// Puts a job at the end of the queue. Jobs run in the order of these calls. A job may run more than once, each time
    /// as if it had not run before.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl Fn(&mut WriteContext) -> Result<T, JobError> + Send + 'static,
    ) -> StoreReply<T> {
        let (promise, reply) = reply::pair(doing);
        let job = Box::new(Job { doing, work, result: None, promise, span: tracing::Span::current() });
        self.send(WriterMessage::Job(job));
        reply
    }

    fn send(&self, message: WriterMessage) {
        if let Some(queue) = &*self.queue.read().unwrap_or_else(PoisonError::into_inner) {
            // Without a receiver a job is dropped, and its promise says that the store is closed.
            let _ = queue.send(message);
        }
    }

    /// Whether a line may be submitted: its memory is given back once it is written.
    pub(super) fn has_room_for_lines(&self) -> bool {
        self.lines.bytes.load(Ordering::Relaxed) < MOST_LINE_BYTES
    }

    /// Lets a call be written down that was answered with so many bytes, [`LINE_DELAY`] from now at most. Lines run in the
    /// order of these calls, and before what is submitted after them.
    pub(super) fn submit_line(
        &self,
        bytes: usize,
        work: impl Fn(&mut WriteContext) -> Result<(), JobError> + Send + 'static,
    ) {
        let bytes = bytes + LINE_BYTES;
        self.lines.bytes.fetch_add(bytes, Ordering::Relaxed);
        let (lines, span) = (Arc::clone(&self.lines), tracing::Span::current());
        let job = Box::new(LineJob { work, failed: None, bytes, lines, span });
        let waiting = {
            let mut jobs = self.lines.jobs();
            jobs.push(job);
            jobs.len()
        };
        if waiting == 1 || waiting == LINES_AT_ONCE {
            self.send(WriterMessage::Lines);
        }
    }

    /// Lets `tell` hear why lines are not written.
    pub(super) fn on_lost_line(&self, tell: TellLost) {
        *self.lines.tell_lost.write().unwrap_or_else(PoisonError::into_inner) = Some(tell);
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
fn run_jobs(
    mut context: WriteContext,
    anchor: Option<&FileAnchor>,
    messages: &Receiver<WriterMessage>,
    lines: &WaitingLines,
    commits: &AtomicU64,
) {
    while let Ok(first) = messages.recv() {
        let first = match first {
            // It may be that nothing else comes: then the handle is gone, and all is written at once.
            WriterMessage::Lines if !lines.jobs().is_empty() => match messages.recv_timeout(LINE_DELAY) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => WriterMessage::Lines,
            },
            first => first,
        };
        let waiting = messages.try_iter().take(GROUP_LIMIT - 1);
        let jobs: Vec<_> = std::iter::once(first)
            .chain(waiting)
            .filter_map(|message| match message {
                WriterMessage::Job(job) => Some(job),
                WriterMessage::Lines => None,
            })
            .collect();
        // After the messages: a line that comes from now on sends another one.
        let mut group = mem::take(&mut *lines.jobs());
        group.extend(jobs);
        run_group(&mut context, anchor, group, commits);
    }
    if context.wal_cleanup != WalCleanup::None {
        context.wal_cleanup = WalCleanup::Asked;
        clean_up_wal(&mut context);
    }
}

/// Runs a group of jobs in as many transactions as it takes, which is one unless a job is put off.
fn run_group(
    context: &mut WriteContext,
    anchor: Option<&FileAnchor>,
    mut group: Vec<Box<dyn WriteJob>>,
    commits: &AtomicU64,
) {
    while !group.is_empty() {
        group = run_and_commit(context, anchor, group, commits);
    }
}

/// Runs a group of jobs in one transaction, commits it, and tells every caller how that went; gives those that are to go on
/// in another one. Where a job fails after it wrote something, all of the transaction is taken back, and the group runs again
/// without that job; where many do, each job is a group of its own.
fn run_and_commit(
    context: &mut WriteContext,
    anchor: Option<&FileAnchor>,
    mut group: Vec<Box<dyn WriteJob>>,
    commits: &AtomicU64,
) -> Vec<Box<dyn WriteJob>> {
    for _ in 0..MOST_RUNS {
        let (outcome, reached) = match run_once(context, &mut group) {
            Ok(GroupRun::Ended { reached }) => (commit(context, anchor), reached),
            Ok(GroupRun::Spoilt) => {
                context.roll_back();
                continue;
            }
            Err(error) => (Err(error), group.len()),
        };
        // Where the commit fails, so does what was put off: it would do the same again.
        let put_off = if outcome.is_ok() { group.split_off(reached) } else { Vec::new() };
        end_group(context, group, &outcome, commits);
        return put_off;
    }
    for job in group {
        run_group(context, anchor, vec![job], commits);
    }
    Vec::new()
}

fn end_group(
    context: &mut WriteContext,
    group: Vec<Box<dyn WriteJob>>,
    outcome: &Result<(), StoreError>,
    commits: &AtomicU64,
) {
    match outcome {
        Ok(()) => {
            commits.fetch_add(1, Ordering::Release);
            if let Some(rewriting) = context.rewriting.take() {
                rewriting.run(&mut context.connection);
                // The log has the whole file in it now.
                context.wal_cleanup = WalCleanup::Asked;
            }
            clean_up_wal(context);
        }
        Err(error) => {
            tracing::error!(jobs = group.len(), "a group of jobs was not saved: {error}");
            context.roll_back();
        }
    }
    for job in group {
        job.end(outcome.as_ref().copied());
    }
}

fn commit(context: &mut WriteContext, anchor: Option<&FileAnchor>) -> Result<(), StoreError> {
    let is_in_place = || anchor.map_or(Ok(()), |anchor| anchor.check(SAVING));
    // Before the commit, so that nothing is left in a file that may come back; and after it, for a file that went away
    // meanwhile keeps nothing.
    is_in_place()?;
    context.commit().map_err(|error| context.store_error(SAVING, &error))?;
    is_in_place()
}

/// How far a group came in one transaction.
enum GroupRun {
    /// The jobs before this place ran.
    Ended { reached: usize },
    /// One failed that wrote something.
    Spoilt,
}

/// Begins a transaction and runs the jobs in it that have not failed yet.
fn run_once(context: &mut WriteContext, group: &mut [Box<dyn WriteJob>]) -> Result<GroupRun, StoreError> {
    context.begin().map_err(|error| context.store_error(SAVING, &error))?;
    for (nth, job) in group.iter_mut().enumerate().filter(|(_, job)| !job.has_failed()) {
        let changes = context.connection.total_changes();
        let run = job.run(context);
        // SQLite ends the transaction by itself when the disk is full or fails: what ran before is gone with it.
        if context.connection.is_autocommit() {
            return Err(context.lost.take().unwrap_or(StoreError::Closed { doing: SAVING }));
        }
        match run {
            JobRun::PutOff => return Ok(GroupRun::Ended { reached: nth }),
            JobRun::Failed if context.connection.total_changes() != changes => return Ok(GroupRun::Spoilt),
            JobRun::Failed | JobRun::Done => {}
        }
    }
    Ok(GroupRun::Ended { reached: group.len() })
}

/// Empties the WAL of what was removed for good, before whoever asked for that gets a reply; and a WAL that is too long.
fn clean_up_wal(context: &mut WriteContext) {
    if context.is_wal_long() && context.wal_cleanup == WalCleanup::None {
        context.wal_cleanup = WalCleanup::Asked;
    }
    context.wal_cleanup = match context.wal_cleanup {
        WalCleanup::None => return,
        WalCleanup::Later(commits @ 1..) => WalCleanup::Later(commits - 1),
        WalCleanup::Asked | WalCleanup::Later(0) => match empty_wal(context) {
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

/// Empties the WAL while no call reads; `false` where another reader or process does.
fn empty_wal(context: &WriteContext) -> rusqlite::Result<bool> {
    let _closed = context.gate.close();
    schema::empty_wal(&context.connection)
}
