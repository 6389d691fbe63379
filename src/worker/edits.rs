//! A person's edits of the history, one after another in their order: undoing what was deleted last must find the
//! deletion that was asked for a moment before.

use std::{sync::mpsc, time::Duration};

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::history::HistoryQuestion;
use crate::{
    domain::{
        clock::Clock,
        history::{edit::EntryEdit, entry::EntryId},
    },
    messages::{RestoredDeletion, WorkerUpdate},
    store::{HistoryReader, Store, StoreError},
};

/// So many entries are edited in one commit: the calls of a server that runs wait for no more.
const MOST_EDITED: usize = 500;

/// What is asked of the history by a person.
#[derive(Debug)]
pub(super) enum EditRequest {
    Edit(EntryEdit),
    RestoreLast,
}

/// Starts the task that edits; it ends with the sender. Must be called on the runtime.
pub(super) fn start(
    store: Store,
    clock: Clock,
    history: mpsc::Sender<HistoryQuestion>,
) -> UnboundedSender<EditRequest> {
    let (requests, inbox) = unbounded_channel();
    tokio::spawn(HistoryEditor { store, clock, history }.work(inbox));
    requests
}

struct HistoryEditor {
    store: Store,
    clock: Clock,
    history: mpsc::Sender<HistoryQuestion>,
}

impl HistoryEditor {
    async fn work(self, mut inbox: UnboundedReceiver<EditRequest>) {
        while let Some(request) = inbox.recv().await {
            match request {
                EditRequest::Edit(edit) => self.edit(edit).await,
                EditRequest::RestoreLast => self.restore_last().await,
            }
        }
    }

    /// Lets the history tell what was committed, and then this.
    fn tell(&self, update: WorkerUpdate) {
        let _ = self.history.send(HistoryQuestion::Changed(Box::new(update)));
    }

    /// Carries an edit out piece by piece. What the pieces before a failed one did stays done; what they hid is told as
    /// deleted, so that it has its way back, before the failure is.
    async fn edit(&self, edit: EntryEdit) {
        let tell = |edit: EntryEdit, outcome: Result<u64, StoreError>| {
            self.tell(WorkerUpdate::Edited { edit, outcome: outcome.map_err(|error| error.to_string()) });
        };
        let now = match &edit {
            EntryEdit::Delete { .. } => self.moment_of_deletion().await,
            _ => self.clock.now(),
        };
        match self.in_pieces(&edit, now).await {
            Ok(done) => tell(edit, Ok(done)),
            Err((hidden, done, error)) => {
                if let EntryEdit::Delete { ids } = &edit
                    && done > 0
                {
                    tell(EntryEdit::Delete { ids: ids[..hidden].to_vec() }, Ok(done));
                }
                tell(edit, Err(error));
            }
        }
    }

    /// Gives how many entries were changed; where a piece failed, of how many entries the pieces before it were, and how
    /// many of these were changed.
    async fn in_pieces(&self, edit: &EntryEdit, now: Timestamp) -> Result<u64, (usize, u64, StoreError)> {
        let mut done = 0;
        for (nth, piece) in edit.in_pieces(MOST_EDITED).into_iter().enumerate() {
            match self.store.edit(piece, now).await {
                Ok(more) => done += more,
                // Others may have deleted what was selected.
                Err(StoreError::Gone { .. }) => {}
                Err(error) => return Err((nth * MOST_EDITED, done, error)),
            }
        }
        if done > 0 { Ok(done) } else { Err((0, 0, StoreError::Gone { doing: edit.doing() })) }
    }

    /// The moment that a deletion is known by: now, but after every other deletion, also where the clock was put back.
    async fn moment_of_deletion(&self) -> Timestamp {
        let now = self.clock.now();
        let last = self.read(HistoryReader::last_deletion).await.ok().flatten();
        let next = last.and_then(|last| last.when.checked_add(Duration::from_millis(1)).ok());
        next.map_or(now, |next| next.max(now))
    }

    async fn restore_last(&self) {
        let found = self.read(|reader| {
            let Some(deletion) = reader.last_deletion()? else { return Ok(None) };
            Ok(Some((deletion.when, reader.deleted_at(deletion.when)?)))
        });
        let (deleted, ids): (Timestamp, Vec<EntryId>) = match found.await {
            Ok(Some(found)) => found,
            Ok(None) => return self.tell(WorkerUpdate::Restored(None)),
            Err(error) => return self.tell(WorkerUpdate::Problem { message: error.to_string() }),
        };
        let edit = EntryEdit::Restore { ids: ids.clone() };
        let outcome = self.in_pieces(&edit, self.clock.now()).await;
        let outcome = outcome.map_err(|(_, _, error)| error.to_string());
        self.tell(WorkerUpdate::Restored(Some(RestoredDeletion { ids, deleted, outcome })));
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&HistoryReader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || read(&store.reader()?));
        read.await.unwrap_or(Err(StoreError::Closed { doing: "look for what was deleted" }))
    }
}
