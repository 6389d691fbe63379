//! The thread that makes the lists of the history, in the order of the questions, and tells what was committed by whom.

use std::{
    collections::VecDeque,
    sync::mpsc,
    time::{Duration, Instant},
};

use super::{joined_thread::JoinedThread, outbox::UpdateSender};
use crate::{
    domain::history::{edit::LastDeletion, entry::EntryId, filter::HistoryFilter, listing::EntryListing},
    messages::{TroubleSubject, WorkerUpdate},
    store::{HistoryChanges, HistoryDamage, HistoryReader, StoreError},
};

/// How often another process's commits are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How many rows come along with a new list, so that the first screen needs no lookup.
const FIRST_ROWS: usize = 60;
/// A list that has to be made anew again and again leaves so much of the time to other questions: as many times as long
/// as it took.
const REST: u32 = 3;

/// A question about the history as a whole, or what the history is to tell.
#[derive(Debug)]
pub(super) enum HistoryQuestion {
    Filter {
        generation: u64,
        filter: HistoryFilter,
    },
    /// The window closes. Calls on their way have a way to ask too, and must not hold the thread.
    End,
    /// Something was committed here: tell what changed, then pass this on.
    Changed(Box<WorkerUpdate>),
    /// How a lookup went on the other connection, and what it could not read. With a revision, tell once more what
    /// changed after it.
    LookedUp(Result<Option<i64>, StoreError>, HistoryDamage),
}

impl HistoryQuestion {
    fn is_filter(&self) -> bool {
        matches!(self, Self::Filter { .. })
    }
}

/// The thread's handle; dropping it ends and joins the thread.
pub(super) struct HistoryThread {
    questions: mpsc::Sender<HistoryQuestion>,
    _thread: JoinedThread,
}

impl HistoryThread {
    /// # Errors
    /// When the history cannot be read.
    pub(super) fn start(reader: HistoryReader, outbox: UpdateSender) -> Result<Self, StoreError> {
        let (questions, inbox) = mpsc::channel();
        let mut teller = HistoryTeller::new(reader, outbox)?;
        let thread = JoinedThread::start("history", move || teller.answer_all(&inbox));
        Ok(Self { questions, _thread: thread })
    }

    pub(super) fn ask(&self, question: HistoryQuestion) {
        let _ = self.questions.send(question);
    }

    /// A way to ask from a task.
    pub(super) fn sender(&self) -> mpsc::Sender<HistoryQuestion> {
        self.questions.clone()
    }
}

impl Drop for HistoryThread {
    fn drop(&mut self) {
        self.ask(HistoryQuestion::End);
    }
}

struct HistoryTeller {
    reader: HistoryReader,
    outbox: UpdateSender,
    generation: u64,
    filter: HistoryFilter,
    /// Everything up to this revision was told.
    revision: i64,
    data_version: i64,
    /// What went wrong last, until something goes well.
    problem: Option<String>,
    /// Why the last lookup on another connection failed, until one goes well.
    failed_lookup: Option<String>,
    /// What could not be read so far, as it was told.
    damage: HistoryDamage,
    /// What would be undone next, as it was told.
    deletion: Option<LastDeletion>,
    /// Whether the window asked for the same list again.
    wants_list: bool,
    /// When the list was made, and how long that took.
    listed: Option<(Instant, Duration)>,
}

impl HistoryTeller {
    fn new(reader: HistoryReader, outbox: UpdateSender) -> Result<Self, StoreError> {
        Ok(Self {
            // Read before the revision, so that no commit falls between the two.
            data_version: reader.data_version()?,
            revision: reader.revision()?,
            reader,
            outbox,
            generation: 0,
            filter: HistoryFilter::default(),
            problem: None,
            failed_lookup: None,
            damage: HistoryDamage::default(),
            deletion: None,
            wants_list: false,
            listed: None,
        })
    }

    fn answer_all(&mut self, inbox: &mpsc::Receiver<HistoryQuestion>) {
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
                Some(HistoryQuestion::End) => return,
                // Whoever types is faster than a list of a million rows: only the last word counts.
                Some(HistoryQuestion::Filter { .. }) if waiting.iter().any(HistoryQuestion::is_filter) => Ok(()),
                Some(question) => self.answer(question),
                None => self.look(),
            };
            let answered = answered.and_then(|()| self.list_again());
            self.note_damage(&self.reader.damage());
            // What goes wrong four times a second is told once.
            let problem = answered.err().map(|error| error.to_string());
            if problem != self.problem {
                let (about, message) = (TroubleSubject::History, problem.clone());
                self.outbox.send(WorkerUpdate::Trouble { about, message });
            }
            self.problem = problem;
        }
    }

    fn answer(&mut self, question: HistoryQuestion) -> Result<(), StoreError> {
        match question {
            HistoryQuestion::Filter { generation, .. } if generation == self.generation => self.wants_list = true,
            HistoryQuestion::Filter { generation, filter } => {
                (self.generation, self.filter) = (generation, filter);
                self.list()?;
            }
            HistoryQuestion::Changed(then) => {
                let changes = self.tell_changes();
                self.outbox.send(*then);
                changes?;
            }
            HistoryQuestion::LookedUp(answered, damage) => {
                self.note_damage(&damage);
                match answered {
                    Ok(before) => {
                        self.failed_lookup = None;
                        if let Some(before) = before {
                            self.revision = self.revision.min(before);
                            self.tell_changes()?;
                        }
                    }
                    Err(error) => self.tell_failed_lookup(error.to_string()),
                }
            }
            HistoryQuestion::End => {}
        }
        Ok(())
    }

    /// Tells why a lookup failed, once for all that fail alike. It stays told while this thread reads well: what was
    /// looked up is missing all the same.
    fn tell_failed_lookup(&mut self, message: String) {
        let is_told = [&self.failed_lookup, &self.problem].into_iter().flatten().any(|told| *told == message);
        if !is_told {
            let (about, message) = (TroubleSubject::History, Some(message.clone()));
            self.outbox.send(WorkerUpdate::Trouble { about, message });
        }
        self.failed_lookup = Some(message);
    }

    /// Tells what could not be read, once however often it is met.
    fn note_damage(&mut self, found: &HistoryDamage) {
        let mut damage = self.damage.clone();
        damage.extend(found);
        if damage != self.damage {
            self.outbox.send(WorkerUpdate::Problem { message: damage.to_string() });
            self.damage = damage;
        }
    }

    fn list(&mut self) -> Result<(), StoreError> {
        let begun = Instant::now();
        self.wants_list = false;
        self.revision = self.reader.revision()?;
        let ids = self.reader.ids(&self.filter)?;
        let rows = self.reader.rows(&ids[..ids.len().min(FIRST_ROWS)])?;
        let list = EntryListing::new(ids, self.filter.sort);
        let counts = self.reader.counts()?;
        self.outbox.send(WorkerUpdate::History { generation: self.generation, list, rows, counts });
        self.listed = Some((Instant::now(), begun.elapsed()));
        self.tell_deletion()
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

    fn tell_changes(&mut self) -> Result<(), StoreError> {
        let HistoryChanges { entries, deleted, revision } = self.reader.changes_since(self.revision)?;
        if revision == self.revision {
            return Ok(());
        }
        self.revision = revision;
        let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
        let shown = self.reader.matching(&self.filter, &ids)?;
        let entries = entries.into_iter().zip(shown).collect();
        let counts = self.reader.counts()?;
        self.outbox.send(WorkerUpdate::Changed { generation: self.generation, entries, deleted, counts });
        self.tell_deletion()
    }

    /// Tells what would be undone next, if that is another deletion than was told.
    fn tell_deletion(&mut self) -> Result<(), StoreError> {
        let deletion = self.reader.last_deletion()?;
        if std::mem::replace(&mut self.deletion, deletion) != deletion {
            self.outbox.send(WorkerUpdate::Deletion(deletion));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::store::{Store, StoreLocation};

    #[test]
    fn of_the_filters_that_wait_only_the_newest_is_listed_and_all_else_is_answered_in_its_order() {
        let store = Store::open(&StoreLocation::Memory, Timestamp::UNIX_EPOCH).unwrap();
        let (updates, told) = mpsc::channel();
        let mut teller =
            HistoryTeller::new(store.reader().unwrap(), UpdateSender::new(updates, Arc::new(|| ()))).unwrap();
        let (questions, inbox) = mpsc::channel();
        let word =
            |message: &str| HistoryQuestion::Changed(Box::new(WorkerUpdate::Problem { message: message.to_owned() }));
        for generation in 1..=4 {
            let search = "v".repeat(4 - usize::try_from(generation).unwrap());
            questions
                .send(HistoryQuestion::Filter {
                    generation,
                    filter: HistoryFilter { search, ..HistoryFilter::default() },
                })
                .unwrap();
            if generation == 2 {
                questions.send(word("between")).unwrap();
            }
        }
        questions.send(word("after")).unwrap();
        questions.send(HistoryQuestion::End).unwrap();
        teller.answer_all(&inbox);
        let told: Vec<String> = told
            .try_iter()
            .map(|update| match update {
                WorkerUpdate::History { generation, .. } => format!("list {generation}"),
                WorkerUpdate::Problem { message } => message,
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(told, ["between", "list 4", "after"]);
        assert!(teller.filter.is_everything(), "the newest filter is in use");
    }

    #[test]
    fn a_lookup_that_failed_stays_told_while_the_lists_are_read_well() {
        let store = Store::open(&StoreLocation::Memory, Timestamp::UNIX_EPOCH).unwrap();
        let (updates, told) = mpsc::channel();
        let mut teller =
            HistoryTeller::new(store.reader().unwrap(), UpdateSender::new(updates, Arc::new(|| ()))).unwrap();
        let (questions, inbox) = mpsc::channel();
        let failed = || {
            let error = StoreError::Other { doing: "read an entry", reason: "it is away".to_owned() };
            HistoryQuestion::LookedUp(Err(error), HistoryDamage::default())
        };
        let read = HistoryQuestion::Filter { generation: 1, filter: HistoryFilter::default() };
        let read_by_another = HistoryQuestion::LookedUp(Ok(None), HistoryDamage::default());
        for question in [failed(), read, failed(), read_by_another, HistoryQuestion::End] {
            questions.send(question).unwrap();
        }
        teller.answer_all(&inbox);
        let troubles: Vec<Option<String>> = told
            .try_iter()
            .filter_map(|update| match update {
                WorkerUpdate::Trouble { message, .. } => Some(message),
                _ => None,
            })
            .collect();
        let expected = "Could not read an entry: it is away. Check the disk and the data folder, then try again";
        assert_eq!(troubles, [Some(expected.to_owned())]);
    }
}
