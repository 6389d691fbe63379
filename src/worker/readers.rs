//! The three threads that read the history, each with a connection of its own.

use std::sync::mpsc;

use super::{
    history::{HistoryQuestion, HistoryThread},
    lookups::{LookupQuestion, LookupThread},
    outbox::UpdateSender,
    requests::RequestThread,
};
use crate::{
    domain::history::request_filter::RequestFilter,
    store::{Store, StoreError},
};

/// The handle of these threads; dropping it ends and joins them.
pub(super) struct HistoryReaders {
    lookups: LookupThread,
    requests: RequestThread,
    history: HistoryThread,
}

impl HistoryReaders {
    /// # Errors
    /// When the history cannot be read.
    pub(super) fn start(store: &Store, outbox: &UpdateSender) -> Result<Self, StoreError> {
        let (questions, inbox) = mpsc::channel();
        let lookups = LookupThread::start(store.reader()?, outbox.clone(), questions.clone());
        let requests = RequestThread::start(store.reader()?, outbox.clone(), questions.clone());
        let (list_requests, look_up) = (requests.commit_callback(), lookups.commit_callback());
        let on_commit = Box::new(move || {
            list_requests();
            look_up();
        });
        let history = HistoryThread::start(store.reader()?, outbox.clone(), on_commit, (questions, inbox))?;
        Ok(Self { lookups, requests, history })
    }

    /// Asks for a list.
    pub(super) fn ask(&self, question: HistoryQuestion) {
        self.history.ask(question);
    }

    /// Asks for the calls that pass a filter.
    pub(super) fn filter_requests(&self, generation: u64, filter: RequestFilter) {
        self.requests.filter(generation, filter);
    }

    /// Asks for something that is known by its id. Waits for no list.
    pub(super) fn look_up(&self, question: LookupQuestion) {
        self.lookups.ask(question);
    }

    /// A way to ask from a task.
    pub(super) fn sender(&self) -> mpsc::Sender<HistoryQuestion> {
        self.history.sender()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    use jiff::Timestamp;

    use super::*;
    use crate::{
        domain::history::{entry::EntryId, filter::HistoryFilter},
        messages::WorkerUpdate,
        store::StoreLocation,
    };

    /// The thread of the lists is held where it has made a list, as it would be held by a long sort.
    #[test]
    fn rows_do_not_wait_for_a_list_that_is_being_made() {
        const PATIENCE: Duration = Duration::from_mins(1);
        let store = Store::open(&StoreLocation::Memory, Timestamp::UNIX_EPOCH).unwrap();
        let (updates, told) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let wake = move || {
            if std::thread::current().name() == Some("history") {
                let _ = held.lock().unwrap().recv();
            }
        };
        // The request log is listed by a thread of its own, whenever that comes to it.
        let next = || loop {
            match told.recv_timeout(PATIENCE) {
                Ok(WorkerUpdate::Requests(_)) => {}
                other => return other,
            }
        };
        let readers = HistoryReaders::start(&store, &UpdateSender::new(updates, Arc::new(wake))).unwrap();
        readers.ask(HistoryQuestion::Filter { generation: 1, filter: HistoryFilter::default() });
        assert!(matches!(next(), Ok(WorkerUpdate::History { generation: 1, .. })));
        readers.ask(HistoryQuestion::Filter { generation: 2, filter: HistoryFilter::default() });
        readers.look_up(LookupQuestion::Rows(vec![EntryId(1)]));
        let first = next();
        assert!(
            matches!(first, Ok(WorkerUpdate::Rows(_))),
            "the rows come before the list that was asked for first: {first:?}"
        );
        drop(release);
        assert!(matches!(next(), Ok(WorkerUpdate::History { generation: 2, .. })));
    }
}
