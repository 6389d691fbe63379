//! The thread that reads what is in view: rows, an entry, two entries, a call. It has a reading connection of its own,
//! so that nothing here waits for a list to be sorted.

use std::{
    ops::ControlFlow,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use super::{
    endpoint_list::EndpointLister,
    history::{CommitCallback, HistoryQuestion},
    joined_thread::JoinedThread,
    outbox::UpdateSender,
};
use crate::{
    domain::{
        history::{
            entry::{EntryDetail, EntryId},
            request_log::ExchangeId,
            token_life::TokenLife,
        },
        settings::file_format::CopyForm,
    },
    formats::copied_text,
    messages::{ComparedEntries, EntryPair, ListedEndpoint, WorkerUpdate},
    store::{HistoryReader, HistoryRevision, StoreError},
};

/// After something that is watched was read again, so many times as long as that took are left to other questions.
const REST: u32 = 4;

/// A question about entries or calls that are known by their ids.
#[derive(Debug)]
pub(super) enum LookupQuestion {
    Rows(Vec<EntryId>),
    Detail(EntryId),
    Pair(EntryId, EntryId),
    /// These entries as a text.
    Copy(Vec<EntryId>, CopyForm),
    Exchange(ExchangeId),
    /// What became of the token of this entry, now and whenever it changes; of none from now on.
    WatchLife(Option<EntryId>),
    /// The webhook endpoints, now and whenever something of them changes; not any more from now on.
    WatchEndpoints(Option<Box<EndpointLister>>),
    /// Something was committed, by whatever process.
    Committed,
    /// The window closes: the thread that tells of commits has a way to ask too, and must not hold this one.
    End,
}

/// The handle of the thread; dropping it ends and joins it.
pub(super) struct LookupThread {
    questions: mpsc::Sender<LookupQuestion>,
    _thread: JoinedThread,
}

impl LookupThread {
    pub(super) fn start(reader: HistoryReader, outbox: UpdateSender, history: mpsc::Sender<HistoryQuestion>) -> Self {
        let (questions, inbox) = mpsc::channel();
        let mut lookups = LookupReader { reader, outbox, history, watched: None, endpoints: None };
        let thread = JoinedThread::start("lookups", move || lookups.answer_all(&inbox));
        Self { questions, _thread: thread }
    }

    /// What tells the thread that something was committed.
    pub(super) fn commit_callback(&self) -> CommitCallback {
        let questions = self.questions.clone();
        Box::new(move || {
            let _ = questions.send(LookupQuestion::Committed);
        })
    }

    pub(super) fn ask(&self, question: LookupQuestion) {
        let _ = self.questions.send(question);
    }
}

impl Drop for LookupThread {
    fn drop(&mut self) {
        self.ask(LookupQuestion::End);
    }
}

struct LookupReader {
    reader: HistoryReader,
    outbox: UpdateSender,
    history: mpsc::Sender<HistoryQuestion>,
    watched: Option<WatchedLife>,
    endpoints: Option<WatchedEndpoints>,
}

/// The token whose life the window shows.
struct WatchedLife {
    entry: EntryId,
    told: Option<TokenLife>,
    pace: WatchPace,
}

/// The webhook endpoints that the window shows.
struct WatchedEndpoints {
    lister: Box<EndpointLister>,
    told: Option<Vec<ListedEndpoint>>,
    pace: WatchPace,
}

/// When what is watched is read again.
struct WatchPace {
    /// Whether something was committed since it was read.
    is_stale: bool,
    /// It is read again from this moment on.
    rests_until: Instant,
}

impl WatchPace {
    fn new() -> Self {
        Self { is_stale: true, rests_until: Instant::now() }
    }

    /// How long it is not read again; `None` where nothing may have changed.
    fn rest(&self) -> Option<Duration> {
        self.is_stale.then(|| self.rests_until.saturating_duration_since(Instant::now()))
    }

    /// Notes that it was read, and how long that took.
    fn was_read(&mut self, took: Duration) {
        let rests_until = Instant::now() + took.max(Duration::from_millis(5)) * REST;
        *self = Self { is_stale: false, rests_until };
    }
}

impl LookupReader {
    fn answer_all(&mut self, inbox: &mpsc::Receiver<LookupQuestion>) {
        loop {
            let of_life = self.watched.as_ref().and_then(|watched| watched.pace.rest());
            if of_life == Some(Duration::ZERO) {
                let answered = self.read_life().map(|()| None);
                self.tell_answered(answered);
                continue;
            }
            let of_endpoints = self.endpoints.as_ref().and_then(|watched| watched.pace.rest());
            if of_endpoints == Some(Duration::ZERO) {
                let answered = self.list_endpoints().map(|()| None);
                self.tell_answered(answered);
                continue;
            }
            let question = match of_life.into_iter().chain(of_endpoints).min() {
                Some(rest) => inbox.recv_timeout(rest),
                // Nothing is looked for while nothing is asked: an idle window stays asleep.
                None => inbox.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
            };
            match question {
                Ok(LookupQuestion::Committed) => {
                    let life = self.watched.as_mut().map(|watched| &mut watched.pace);
                    let endpoints = self.endpoints.as_mut().map(|watched| &mut watched.pace);
                    life.into_iter().chain(endpoints).for_each(|pace| pace.is_stale = true);
                }
                Ok(LookupQuestion::WatchLife(entry)) => {
                    self.watched = entry.map(|entry| WatchedLife { entry, told: None, pace: WatchPace::new() });
                }
                Ok(LookupQuestion::WatchEndpoints(lister)) => {
                    let watched = |lister| WatchedEndpoints { lister, told: None, pace: WatchPace::new() };
                    self.endpoints = lister.map(watched);
                }
                Ok(LookupQuestion::End) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
                Ok(question) => self.answer(question),
                // The time of rest is over.
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Tells what became of the token that is watched, if that is something else than was told.
    fn read_life(&mut self) -> Result<(), StoreError> {
        let Some(watched) = &mut self.watched else { return Ok(()) };
        let begun = Instant::now();
        let life = self.reader.life(watched.entry);
        watched.pace.was_read(begun.elapsed());
        let Some(life) = life? else { return Ok(()) };
        if watched.told.as_ref() != Some(&life) {
            watched.told = Some(life.clone());
            self.outbox.send(WorkerUpdate::Life(Box::new(life)));
        }
        Ok(())
    }

    /// Tells the endpoints that are watched, if they are otherwise than was told.
    fn list_endpoints(&mut self) -> Result<(), StoreError> {
        let Some(watched) = &mut self.endpoints else { return Ok(()) };
        let begun = Instant::now();
        let endpoints = watched.lister.list();
        watched.pace.was_read(begun.elapsed());
        let endpoints = endpoints?;
        if watched.told.as_ref() != Some(&endpoints) {
            watched.told = Some(endpoints.clone());
            self.outbox.send(WorkerUpdate::Webhooks(endpoints));
        }
        Ok(())
    }

    fn answer(&self, question: LookupQuestion) {
        let answered = self.read_and_tell(question);
        self.tell_answered(answered);
    }

    fn tell_answered(&self, answered: Result<Option<HistoryRevision>, StoreError>) {
        // The history tells what goes wrong and what is damaged, each once for both threads.
        let _ = self.history.send(HistoryQuestion::LookedUp(answered, self.reader.damage()));
    }

    /// Gives the revision from which on the history is to tell what changed once more. A commit between reading and
    /// telling may have been told already, and would be overwritten by what was read before it.
    fn read_and_tell(&self, question: LookupQuestion) -> Result<Option<HistoryRevision>, StoreError> {
        let before = self.reader.revision()?;
        match question {
            LookupQuestion::Rows(ids) => self.outbox.send(WorkerUpdate::Rows(self.reader.rows(&ids)?)),
            LookupQuestion::Detail(id) => {
                if let Some(detail) = self.reader.detail(id)? {
                    self.outbox.send(WorkerUpdate::Detail(Box::new(detail)));
                }
            }
            LookupQuestion::Pair(first, second) => {
                // A failure is told in the comparison's place too: there the window waits for an answer.
                let found = self.pair(first, second);
                let pair = match &found {
                    Ok(Some(pair)) => Ok(Arc::clone(pair)),
                    Ok(None) => Err("One of the two entries is not in the history any more".to_owned()),
                    Err(error) => Err(error.to_string()),
                };
                self.outbox.send(WorkerUpdate::Compared(ComparedEntries { ids: (first, second), pair }));
                found?;
            }
            LookupQuestion::Copy(ids, form) => {
                let found = self.details(&ids);
                let text = match &found {
                    Ok(details) => Ok(copied_text(details, form)),
                    Err(error) => Err(error.to_string()),
                };
                self.outbox.send(WorkerUpdate::Copied { form, text });
                found?;
            }
            LookupQuestion::Exchange(id) => {
                if let Some(exchange) = self.reader.exchange(id)? {
                    self.outbox.send(WorkerUpdate::Exchange { id, exchange: Box::new(exchange) });
                }
            }
            // These are no reads by themselves.
            LookupQuestion::WatchLife(_)
            | LookupQuestion::WatchEndpoints(_)
            | LookupQuestion::Committed
            | LookupQuestion::End => {}
        }
        Ok((self.reader.revision()? != before).then_some(before))
    }

    /// Entries in their order, without those that are gone.
    fn details(&self, ids: &[EntryId]) -> Result<Vec<EntryDetail>, StoreError> {
        let mut details = Vec::with_capacity(ids.len());
        self.reader.for_each_detail_of(ids, |detail| {
            details.push(detail);
            ControlFlow::Continue(())
        })?;
        Ok(details)
    }

    /// Two entries; `None` when one of them is gone.
    fn pair(&self, first: EntryId, second: EntryId) -> Result<Option<EntryPair>, StoreError> {
        let (first, second) = (self.reader.detail(first)?, self.reader.detail(second)?);
        Ok(first.zip(second).map(Arc::new))
    }
}
