//! The background: it alone owns the disk and the network.
//!
//! The window sends a [`WorkerCommand`] and never waits; what comes of it arrives as [`WorkerUpdate`]s. Four named
//! threads do the work: `worker` runs the calls on a small async runtime, `history` makes the lists and notices
//! commits of other processes too, `requests` lists and searches the request log, and `lookups` reads what is in view,
//! so that no row waits behind the sort of a list.
//!
//! A new kind of job touches four files, here those of an *export*: `messages/jobs.rs` has what it is asked for and
//! what comes of it, `jobs/export.rs` does the work, for the command line too, `worker/jobs.rs` makes it a task, and
//! `app/jobs.rs` tells its end. The view that asks for it pushes the request as an action.

mod call;
mod commands;
mod config;
mod edits;
mod endpoint_list;
mod files;
mod handed;
mod history;
mod in_flight;
mod jobs;
mod joined_thread;
mod keeping;
mod key;
mod lookups;
mod outbox;
mod readers;
mod refresh;
mod requests;
mod resolver;
mod run_calls;
mod run_views;
mod serving;
mod webhooks;

use std::{sync::mpsc, time::Duration};

use tokio::{
    runtime::Runtime,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

pub use self::{config::WorkerConfig, outbox::WakeCallback};
use self::{joined_thread::JoinedThread, outbox::UpdateSender, readers::HistoryReaders};
use crate::{
    messages::{WorkerCommand, WorkerUpdate},
    store::{Store, StoreLocation},
};

/// How long the end of the program waits for what is under way: a hung name look-up must not hold the window.
const PATIENCE_AT_END: Duration = Duration::from_millis(500);

/// The handle of the background. Dropping it stops the work and joins the threads, within a second.
pub struct Worker {
    commands: UnboundedSender<WorkerCommand>,
    _thread: JoinedThread,
    updates: mpsc::Receiver<WorkerUpdate>,
}

impl Worker {
    /// Starts the background. What fails in starting is told by an update.
    ///
    /// # Panics
    /// When the system gives no thread: then nothing can work.
    pub fn start(config: WorkerConfig, wake: WakeCallback) -> Self {
        let (commands, inbox) = unbounded_channel();
        let (updates, received) = mpsc::channel();
        let outbox = UpdateSender::new(updates, wake);
        let thread = JoinedThread::start("worker", move || run(config, inbox, &outbox));
        Self { commands, updates: received, _thread: thread }
    }

    /// Hands a command over without waiting.
    pub fn send(&self, command: WorkerCommand) {
        // A worker that has ended has nobody left to tell.
        let _ = self.commands.send(command);
    }

    /// The next update, if one is here.
    pub fn try_recv(&self) -> Option<WorkerUpdate> {
        self.updates.try_recv().ok()
    }

    /// The next update, waiting for it at most so long: for tests and other callers without frames.
    pub fn recv_timeout(&self, patience: Duration) -> Option<WorkerUpdate> {
        self.updates.recv_timeout(patience).ok()
    }
}

fn run(config: WorkerConfig, mut inbox: UnboundedReceiver<WorkerCommand>, outbox: &UpdateSender) {
    let (store, history, runtime) = match open(&config, outbox) {
        Ok(opened) => opened,
        Err(message) => {
            outbox.send(WorkerUpdate::CannotOpen { message: message.clone() });
            return refuse_jobs(&mut inbox, &message, outbox);
        }
    };
    outbox.send(WorkerUpdate::Opened { folder: config.folder.clone() });
    runtime.block_on(async { commands::CommandHandler::new(config, store, history, outbox.clone()).work(inbox).await });
    runtime.shutdown_timeout(PATIENCE_AT_END);
}

/// Opens all that the background works with.
///
/// # Errors
/// What cannot be opened, in a sentence for a person.
fn open(config: &WorkerConfig, outbox: &UpdateSender) -> Result<(Store, HistoryReaders, Runtime), String> {
    let place = config.folder.clone().map_or(StoreLocation::Memory, StoreLocation::Folder);
    let store = Store::open(&place, config.clock.now()).map_err(|error| error.to_string())?;
    let history = HistoryReaders::start(&store, outbox).map_err(|error| error.to_string())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("call").enable_all().build();
    let runtime = runtime.map_err(|error| format!("Could not start a thread: {error}"))?;
    Ok((store, history, runtime))
}

/// Tells of each job that it cannot be done, until the window closes: a dialog that waits for its job would wait for
/// ever.
fn refuse_jobs(inbox: &mut UnboundedReceiver<WorkerCommand>, message: &str, outbox: &UpdateSender) {
    while let Some(command) = inbox.blocking_recv() {
        if let WorkerCommand::Run { job, request } = command {
            outbox.send(WorkerUpdate::Finished { job, outcome: request.failed(message.to_owned()) });
        }
    }
}
