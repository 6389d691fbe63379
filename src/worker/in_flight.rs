//! What is on its way: the jobs that can be stopped, and the calls that can be asked again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::{
    backend::Backend,
    domain::{call::api::ApiRequest, history::entry::EntryId},
    jobs::run::PauseSwitch,
    messages::{JobId, JobOutcome, WorkerUpdate},
};

/// A call of unknown outcome, with its secrets and the backend that it went to. It can be sent again with the same
/// idempotency key for as long as the program runs; nothing of it is on disk.
pub(super) struct RepeatableCall {
    pub(super) backend: Backend,
    pub(super) request: ApiRequest,
}

/// Shared by all tasks of the background. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct InFlight {
    open: Arc<Mutex<OpenCalls>>,
    /// Cancelled when the program ends.
    ending: CancellationToken,
}

#[derive(Default)]
struct OpenCalls {
    repeatable: HashMap<EntryId, RepeatableCall>,
    running: HashMap<JobId, CancellationToken>,
    /// Those of the running jobs that can be held back.
    pauses: HashMap<JobId, PauseSwitch>,
}

impl InFlight {
    /// Notes a job that is stopped on demand only. At the end of the program its call stays in the journal as it is,
    /// and the next start tells it as interrupted.
    pub(super) fn begin(&self, job: JobId) -> RunningJob {
        self.note(job, CancellationToken::new())
    }

    /// Notes a job that is stopped on demand and at the end of the program, so that it can clean up after itself.
    pub(super) fn begin_until_end(&self, job: JobId) -> RunningJob {
        self.note(job, self.until_end())
    }

    /// Is cancelled at the end of the program: for work that is no job of the window.
    pub(super) fn until_end(&self) -> CancellationToken {
        self.ending.child_token()
    }

    /// Notes that a job can be held back too, until it ends.
    pub(super) fn may_pause(&self, job: JobId, pause: PauseSwitch) {
        self.lock().pauses.insert(job, pause);
    }

    /// Holds a job back, or lets it go on. One that has ended meanwhile is none any more.
    pub(super) fn pause(&self, job: JobId, is_paused: bool) {
        if let Some(pause) = self.lock().pauses.get(&job) {
            pause.set(is_paused);
        }
    }

    fn note(&self, job: JobId, cancelled: CancellationToken) -> RunningJob {
        self.lock().running.insert(job, cancelled.clone());
        RunningJob { id: job, cancelled, in_flight: self.clone() }
    }

    /// Stops a job. One that has ended meanwhile is none any more.
    pub(super) fn cancel(&self, job: JobId) {
        if let Some(cancelled) = self.lock().running.get(&job) {
            cancelled.cancel();
        }
    }

    /// The program ends.
    pub(super) fn end(&self) {
        self.ending.cancel();
    }

    /// Keeps a call so that it can be asked again.
    pub(super) fn keep_repeatable(&self, entry: EntryId, call: RepeatableCall) {
        self.lock().repeatable.insert(entry, call);
    }

    /// The call of an entry, to be asked again; `None` after a restart, which has lost its secrets.
    pub(super) fn take_repeatable(&self, entry: EntryId) -> Option<RepeatableCall> {
        self.lock().repeatable.remove(&entry)
    }

    fn lock(&self) -> MutexGuard<'_, OpenCalls> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job that runs and can be stopped.
pub(super) struct RunningJob {
    id: JobId,
    cancelled: CancellationToken,
    in_flight: InFlight,
}

impl RunningJob {
    pub(super) fn id(&self) -> JobId {
        self.id
    }

    pub(super) fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }

    /// Ends the job: it cannot be stopped any more. Gives what is to be told of it.
    pub(super) fn finish(&self, outcome: JobOutcome) -> WorkerUpdate {
        let mut open = self.in_flight.lock();
        open.running.remove(&self.id);
        open.pauses.remove(&self.id);
        drop(open);
        WorkerUpdate::Finished { job: self.id, outcome }
    }
}
