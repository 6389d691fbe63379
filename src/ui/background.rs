//! Work that is too long for a frame: done on a thread beside the window, its result seen in a later frame.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use egui::Context;

type Job = Box<dyn FnOnce() + Send>;

/// A thread for one kind of work, of which only the newest job's result is wanted. Dropping it ends and joins the
/// thread.
pub struct BackgroundTask<T> {
    name: &'static str,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    results: mpsc::Sender<(u64, T)>,
    inbox: mpsc::Receiver<(u64, T)>,
    newest: Arc<AtomicU64>,
    is_waiting: bool,
}

/// What a long job looks at now and then, to end early when its result is not wanted any more.
#[derive(Clone)]
pub struct TaskHandle {
    number: u64,
    newest: Arc<AtomicU64>,
}

impl TaskHandle {
    pub fn is_wanted(&self) -> bool {
        self.newest.load(Ordering::Relaxed) == self.number
    }
}

impl<T: Send + 'static> BackgroundTask<T> {
    /// `name` is the thread's name; the thread is started with the first job.
    pub fn new(name: &'static str) -> Self {
        let (results, inbox) = mpsc::channel();
        Self { name, jobs: None, thread: None, results, inbox, newest: Arc::default(), is_waiting: false }
    }

    /// Starts a job, whose result [`Self::take`] gives later. The results of earlier jobs are dropped. The window is
    /// woken when the job is done.
    pub fn ask(&mut self, ctx: &Context, work: impl FnOnce(&TaskHandle) -> T + Send + 'static) {
        self.is_waiting = true;
        let number = self.newest.fetch_add(1, Ordering::Relaxed) + 1;
        let wanted = TaskHandle { number, newest: Arc::clone(&self.newest) };
        let (results, ctx) = (self.results.clone(), ctx.clone());
        self.run(Box::new(move || {
            if wanted.is_wanted() && results.send((number, work(&wanted))).is_ok() {
                ctx.request_repaint();
            }
        }));
    }

    /// Drops the results of all jobs that were started so far.
    pub fn cancel(&mut self) {
        self.newest.fetch_add(1, Ordering::Relaxed);
        self.is_waiting = false;
    }

    /// Drops something large on the thread: freeing a million allocations takes longer than a frame.
    pub fn forget(&mut self, thing: impl Send + 'static) {
        self.run(Box::new(move || drop(thing)));
    }

    fn run(&mut self, job: Job) {
        let jobs = self.jobs.get_or_insert_with(|| {
            let (jobs, inbox) = mpsc::channel::<Job>();
            let work = move || inbox.into_iter().for_each(|job| job());
            self.thread = std::thread::Builder::new().name(self.name.to_owned()).spawn(work).ok();
            jobs
        });
        // Where the system gives no thread, the frame does the work itself.
        if let Err(mpsc::SendError(job)) = jobs.send(job) {
            job();
        }
    }

    /// The result of the newest job, once; `None` while it runs.
    pub fn take(&mut self) -> Option<T> {
        let newest = self.newest.load(Ordering::Relaxed);
        while let Ok((number, result)) = self.inbox.try_recv() {
            if number == newest {
                self.is_waiting = false;
                return Some(result);
            }
            self.forget(result);
        }
        None
    }

    /// Whether a job is under way.
    pub fn is_waiting(&self) -> bool {
        self.is_waiting
    }
}

impl<T> Drop for BackgroundTask<T> {
    fn drop(&mut self) {
        self.newest.fetch_add(1, Ordering::Relaxed);
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl<T> fmt::Debug for BackgroundTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackgroundTask({})", self.name)
    }
}
