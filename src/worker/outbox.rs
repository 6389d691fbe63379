//! Where the threads of the background put what the window is to be told.

use std::sync::{Arc, mpsc};

use crate::messages::WorkerUpdate;

/// Called once for each update, from any thread: the window draws a frame and finds it.
pub type WakeCallback = Arc<dyn Fn() + Send + Sync>;

/// The sending end of the updates. The window is woken once it can find what was sent.
#[derive(Clone)]
pub(super) struct UpdateSender {
    updates: mpsc::Sender<WorkerUpdate>,
    wake: WakeCallback,
}

impl UpdateSender {
    pub(super) fn new(updates: mpsc::Sender<WorkerUpdate>, wake: WakeCallback) -> Self {
        Self { updates, wake }
    }

    pub(super) fn send(&self, update: WorkerUpdate) {
        // The window may be gone already: then nobody is to be told.
        if self.updates.send(update).is_ok() {
            (self.wake)();
        }
    }

    pub(super) fn problem(&self, message: &impl ToString) {
        self.send(WorkerUpdate::Problem { message: message.to_string() });
    }
}
