//! The thread that answers every question about the history, in order, and tells what was committed by whom.

use std::{
    collections::VecDeque,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::Outbox;
use crate::{
    domain::history::{entry::EntryId, filter::HistoryFilter, listing::Listing, request_log::ExchangeId},
    messages::{SHOWN_REQUESTS, Update},
    store::{Changes, Damage, Reader, Store, StoreError},
};

/// How often another process's commits are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How many rows come along with a new list, so that the first screen needs no second question.
const FIRST_ROWS: usize = 60;
/// A list that has to be made anew again and again leaves so much of the time to other questions: as many times as long
/// as it took.
const REST: u32 = 3;

/// A question about the history.
#[derive(Debug)]
pub(super) enum Question {
    Filter {
        generation: u64,
        filter: HistoryFilter,
    },
    Rows(Vec<EntryId>),
    Detail(EntryId),
    Pair(EntryId, EntryId),
    Exchange(ExchangeId),
    /// The window closes. Calls on their way have a way to ask too, and must not hold the thread.
    End,
    /// Something was committed here: tell what changed, then pass this on.
    Changed(Box<Update>),
}

impl Question {
    fn is_filter(&self) -> bool {
        matches!(self, Self::Filter { .. })
    }
}

/// The handle of the thread; dropping it ends and joins it.
pub(super) struct History {
    questions: Option<mpsc::Sender<Question>>,
    thread: Option<JoinHandle<()>>,
}

impl History {
    pub(super) fn start(store: &Store, outbox: Outbox) -> Result<Self, StoreError> {
        let reader = store.reader()?;
        let (questions, inbox) = mpsc::channel();
        let mut state = State::new(reader, outbox)?;
        let thread = std::thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || state.answer_all(&inbox))
            .expect("the system gives threads");
        Ok(Self { questions: Some(questions), thread: Some(thread) })
    }

    pub(super) fn ask(&self, question: Question) {
        if let Some(questions) = &self.questions {
            let _ = questions.send(question);
        }
    }

    /// A way to ask from a task.
    pub(super) fn sender(&self) -> mpsc::Sender<Question> {
        self.questions.clone().expect("open until dropped")
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.ask(Question::End);
        self.questions = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct State {
    reader: Reader,
    outbox: Outbox,
    generation: u64,
    filter: HistoryFilter,
    /// Everything up to this revision was told.
    revision: i64,
    data_version: i64,
    /// What went wrong last, until something goes well.
    problem: Option<String>,
    /// What could not be read so far, as it was told.
    damage: Damage,
    /// The newest call that was told.
    newest_request: Option<ExchangeId>,
    /// Whether the window asked for the same list again.
    wants_list: bool,
    /// When the list was made, and how long that took.
    listed: Option<(Instant, Duration)>,
}

impl State {
    fn new(reader: Reader, outbox: Outbox) -> Result<Self, StoreError> {
        Ok(Self {
            // Read before the revision, so that no commit falls between the two.
            data_version: reader.data_version()?,
            revision: reader.revision()?,
            reader,
            outbox,
            generation: 0,
            filter: HistoryFilter::default(),
            problem: None,
            damage: Damage::default(),
            newest_request: None,
            wants_list: false,
            listed: None,
        })
    }

    fn answer_all(&mut self, inbox: &mpsc::Receiver<Question>) {
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                let patience = if self.wants_list { self.rest_left().min(LOOK_EVERY) } else { LOOK_EVERY };
                match inbox.recv_timeout(patience) {
                    Ok(question) => waiting.push_back(question),
                    Err(mpsc::RecvTimeoutError::Disconnected) => return,
                    Err(mpsc::RecvTimeoutError::Timeout) => {}
                }
            }
            waiting.extend(inbox.try_iter());
            let answered = match waiting.pop_front() {
                Some(Question::End) => return,
                // Whoever types is faster than a list of a million rows: only the last word counts.
                Some(Question::Filter { .. }) if waiting.iter().any(Question::is_filter) => Ok(()),
                Some(question) => self.answer(question),
                None => self.look(),
            };
            let answered = answered.and_then(|()| self.list_again());
            self.tell_damage();
            // What goes wrong four times a second is told once.
            let problem = answered.err().map(|error| error.to_string());
            if problem.is_some() && problem != self.problem {
                self.outbox.send(Update::Problem { message: problem.clone().unwrap_or_default() });
            }
            self.problem = problem;
        }
    }

    fn answer(&mut self, question: Question) -> Result<(), StoreError> {
        match question {
            Question::Filter { generation, .. } if generation == self.generation => self.wants_list = true,
            Question::Filter { generation, filter } => {
                (self.generation, self.filter) = (generation, filter);
                self.list()?;
                self.tell_requests()?;
            }
            Question::Rows(ids) => self.outbox.send(Update::Rows(self.reader.rows(&ids)?)),
            Question::Detail(id) => {
                if let Some(detail) = self.reader.detail(id)? {
                    self.outbox.send(Update::Detail(Box::new(detail)));
                }
            }
            Question::Pair(first, second) => match (self.reader.detail(first)?, self.reader.detail(second)?) {
                (Some(first), Some(second)) => self.outbox.send(Update::Pair(Arc::new((first, second)))),
                _ => {
                    let message = "Could not compare the two: one of them is not in the history any more".to_owned();
                    self.outbox.send(Update::Problem { message });
                }
            },
            Question::Exchange(id) => {
                if let Some(exchange) = self.reader.exchange(id)? {
                    self.outbox.send(Update::Exchange { id, exchange: Box::new(exchange) });
                }
            }
            Question::Changed(then) => {
                let told = self.tell_changes();
                self.outbox.send(*then);
                told?;
            }
            Question::End => {}
        }
        Ok(())
    }

    /// Tells what could not be read, once however often it is met.
    fn tell_damage(&mut self) {
        let mut damage = self.damage.clone();
        damage.extend(&self.reader.damage());
        if damage != self.damage {
            self.outbox.send(Update::Problem { message: damage.to_string() });
            self.damage = damage;
        }
    }

    fn list(&mut self) -> Result<(), StoreError> {
        let begun = Instant::now();
        self.wants_list = false;
        self.revision = self.reader.revision()?;
        let ids = self.reader.ids(&self.filter)?;
        let rows = self.reader.rows(&ids[..ids.len().min(FIRST_ROWS)])?;
        let list = Listing::new(ids, self.filter.sort);
        let counts = self.reader.counts()?;
        self.outbox.send(Update::History { generation: self.generation, list, rows, counts });
        self.listed = Some((Instant::now(), begun.elapsed()));
        Ok(())
    }

    /// Makes the list anew that was asked for again, once the last one is long enough ago.
    fn list_again(&mut self) -> Result<(), StoreError> {
        if self.wants_list && self.rest_left().is_zero() { self.list() } else { Ok(()) }
    }

    fn rest_left(&self) -> Duration {
        self.listed.map_or(Duration::ZERO, |(when, took)| (took * REST).saturating_sub(when.elapsed()))
    }

    /// Tells of another process's commits, and wakes the window only if there are any.
    fn look(&mut self) -> Result<(), StoreError> {
        let now = self.reader.data_version()?;
        if std::mem::replace(&mut self.data_version, now) == now { Ok(()) } else { self.tell_changes() }
    }

    /// Tells of the newest calls, if there is a new one.
    fn tell_requests(&mut self) -> Result<(), StoreError> {
        let newest = self.reader.request_rows(None, None, 1)?.first().map(|row| row.id);
        if std::mem::replace(&mut self.newest_request, newest) != newest {
            self.outbox.send(Update::Requests(self.reader.request_rows(None, None, SHOWN_REQUESTS)?));
        }
        Ok(())
    }

    fn tell_changes(&mut self) -> Result<(), StoreError> {
        self.tell_requests()?;
        let Changes { entries, deleted, revision } = self.reader.changes_since(self.revision)?;
        if revision == self.revision {
            return Ok(());
        }
        self.revision = revision;
        let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
        let shown = self.reader.matching(&self.filter, &ids)?;
        let entries = entries.into_iter().zip(shown).collect();
        let counts = self.reader.counts()?;
        self.outbox.send(Update::Changed { generation: self.generation, entries, deleted, counts });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::store::Place;

    #[test]
    fn of_the_filters_that_wait_only_the_newest_is_listed_and_all_else_is_answered_in_its_order() {
        let store = Store::open(&Place::Memory, Timestamp::UNIX_EPOCH).unwrap();
        let (updates, told) = mpsc::channel();
        let mut state = State::new(store.reader().unwrap(), Outbox { updates, wake: Arc::new(|| ()) }).unwrap();
        let (questions, inbox) = mpsc::channel();
        let word = |message: &str| Question::Changed(Box::new(Update::Problem { message: message.to_owned() }));
        for generation in 1..=4 {
            let search = "v".repeat(4 - usize::try_from(generation).unwrap());
            questions
                .send(Question::Filter { generation, filter: HistoryFilter { search, ..HistoryFilter::default() } })
                .unwrap();
            if generation == 2 {
                questions.send(word("between")).unwrap();
            }
        }
        questions.send(word("after")).unwrap();
        questions.send(Question::End).unwrap();
        state.answer_all(&inbox);
        let told: Vec<String> = told
            .try_iter()
            .map(|update| match update {
                Update::History { generation, .. } => format!("list {generation}"),
                Update::Problem { message } => message,
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(told, ["between", "list 4", "after"]);
        assert!(state.filter.is_everything(), "the newest filter is in use");
    }
}
