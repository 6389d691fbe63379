//! The thread that makes the lists of the history, and tells what was committed by whom.
//!
//! A list is made in pieces of some milliseconds. After each of them one question is answered, so that a newer filter ends
//! the list of an older one, and a call that was made does not wait for a search. What a new filter finds is told as it
//! is found; a list that is made anew replaces the old one when it is whole.

use std::{
    collections::VecDeque,
    sync::mpsc,
    time::{Duration, Instant},
};

use super::{joined_thread::JoinedThread, outbox::UpdateSender};
use crate::{
    domain::history::{edit::LastDeletion, entry::EntryId, filter::HistoryFilter, listing::EntryListing},
    messages::{TroubleSubject, WorkerUpdate},
    store::{HistoryChanges, HistoryDamage, HistoryReader, HistoryRevision, ListScan, StoreError},
};

/// How often another process's commits are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How many rows come along with a new list, so that the first screen needs no lookup.
const FIRST_ROWS: usize = 60;
/// How often more of a list is told: each time costs the window a frame.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// How long a first screen that is not full is waited for.
const FILL_FIRST: Duration = Duration::from_millis(30);
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
    LookedUp(Result<Option<HistoryRevision>, StoreError>, HistoryDamage),
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

/// Called after a commit, by whatever process.
pub(super) type CommitCallback = Box<dyn Fn() + Send>;

impl HistoryThread {
    /// # Errors
    /// When the history cannot be read.
    pub(super) fn start(
        reader: HistoryReader,
        outbox: UpdateSender,
        on_commit: CommitCallback,
        (questions, inbox): (mpsc::Sender<HistoryQuestion>, mpsc::Receiver<HistoryQuestion>),
    ) -> Result<Self, StoreError> {
        let mut teller = HistoryTeller::new(reader, outbox, on_commit)?;
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
    on_commit: CommitCallback,
    generation: u64,
    filter: HistoryFilter,
    /// Everything up to this revision was told.
    revision: HistoryRevision,
    data_version: i64,
    /// How often entries were removed for good, as of the list.
    removals: i64,
    /// What went wrong last, until something goes well.
    problem: Option<String>,
    /// Why the last lookup on another connection failed, until one goes well.
    failed_lookup: Option<String>,
    /// What could not be read so far, as it was told.
    damage: HistoryDamage,
    /// What would be undone next, as it was told.
    deletion: Option<LastDeletion>,
    /// The list that is being made.
    making: Option<ListInTheMaking>,
    /// Whether the window asked for the same list again.
    wants_list: bool,
    /// When the list was made, and how long that took.
    listed: Option<(Instant, Duration)>,
}

impl HistoryTeller {
    fn new(reader: HistoryReader, outbox: UpdateSender, on_commit: CommitCallback) -> Result<Self, StoreError> {
        Ok(Self {
            // Read before the revision, so that no commit falls between the two.
            data_version: reader.data_version()?,
            revision: reader.revision()?,
            removals: reader.removals()?,
            reader,
            outbox,
            on_commit,
            generation: 0,
            filter: HistoryFilter::default(),
            problem: None,
            failed_lookup: None,
            damage: HistoryDamage::default(),
            deletion: None,
            making: None,
            wants_list: false,
            listed: None,
        })
    }

    fn answer_all(&mut self, inbox: &mpsc::Receiver<HistoryQuestion>) {
        let mut waiting = VecDeque::new();
        // There may have been commits before this thread began to look.
        (self.on_commit)();
        loop {
            if waiting.is_empty() {
                let patience = self.patience();
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
                None if self.making.is_some() => Ok(()),
                None => self.look(),
            };
            let answered = answered.and_then(|()| self.go_on_listing());
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

    /// How long a question is waited for.
    fn patience(&self) -> Duration {
        match self.making {
            Some(_) => Duration::ZERO,
            None if self.wants_list => self.rest_left().min(LOOK_EVERY),
            None => LOOK_EVERY,
        }
    }

    fn answer(&mut self, question: HistoryQuestion) -> Result<(), StoreError> {
        match question {
            HistoryQuestion::Filter { generation, .. } if generation == self.generation => self.wants_list = true,
            HistoryQuestion::Filter { generation, filter } => {
                (self.generation, self.filter) = (generation, filter);
                // First of all: if there is no list of it, one of the filter before must not take its place.
                self.making = None;
                self.begin_list(ListTelling::AsFound)?;
            }
            HistoryQuestion::Changed(then) => {
                (self.on_commit)();
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
                            self.revision = self.revision.or_earlier(before);
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

    fn begin_list(&mut self, telling: ListTelling) -> Result<(), StoreError> {
        self.wants_list = false;
        self.making = Some(ListInTheMaking {
            // Read before the first piece, so that no commit falls between the two.
            revision: self.reader.revision()?,
            scan: self.reader.scan(&self.filter),
            telling,
            found: Vec::new(),
            told: 0,
            told_first: None,
            told_last: None,
            begun: Instant::now(),
        });
        Ok(())
    }

    /// Makes the next piece of a list; begins one that was asked for again, once the last one is long enough ago.
    fn go_on_listing(&mut self) -> Result<(), StoreError> {
        if self.making.is_none() && self.wants_list && self.rest_left().is_zero() {
            self.begin_list(ListTelling::Whole)?;
        }
        let Some(mut list) = self.making.take() else { return Ok(()) };
        let piece = self.reader.next_piece(&mut list.scan)?;
        list.found.extend(piece.ids);
        if piece.is_last || list.is_worth_telling() {
            self.tell_found(&mut list, piece.is_last)?;
        }
        if !piece.is_last {
            self.making = Some(list);
            return Ok(());
        }
        let took = list.begun.elapsed();
        tracing::debug!(
            entries = list.told,
            first_millis = list.told_first.unwrap_or(took).as_millis() as u64,
            millis = took.as_millis() as u64,
            "a list is whole"
        );
        self.listed = Some((Instant::now(), took));
        // What was committed between two pieces may be in the list or not.
        self.revision = self.revision.or_earlier(list.revision);
        self.tell_changes()?;
        self.tell_deletion()
    }

    /// Tells what was found of a list since the last time.
    fn tell_found(&self, list: &mut ListInTheMaking, is_whole: bool) -> Result<(), StoreError> {
        let generation = self.generation;
        let ids = std::mem::take(&mut list.found);
        let first_rows = FIRST_ROWS.saturating_sub(list.told).min(ids.len());
        let rows = self.reader.rows(&ids[..first_rows])?;
        list.told += ids.len();
        list.told_first.get_or_insert_with(|| list.begun.elapsed());
        self.outbox.send(match list.told_last.replace(Instant::now()) {
            None => {
                let (counts, list) = (self.reader.counts()?, EntryListing::new(ids, self.filter.sort));
                WorkerUpdate::History { generation, list, rows, counts, is_whole }
            }
            Some(_) => WorkerUpdate::MoreHistory { generation, ids, rows, is_whole },
        });
        Ok(())
    }

    fn rest_left(&self) -> Duration {
        self.listed.map_or(Duration::ZERO, |(when, took)| (took * REST).saturating_sub(when.elapsed()))
    }

    /// Tells of another process's commits, and wakes the window only if there are any.
    fn look(&mut self) -> Result<(), StoreError> {
        let now = self.reader.data_version()?;
        if std::mem::replace(&mut self.data_version, now) == now {
            return Ok(());
        }
        (self.on_commit)();
        self.tell_changes()
    }

    fn tell_changes(&mut self) -> Result<(), StoreError> {
        let HistoryChanges { entries, deleted, revision } = self.reader.changes_since(self.revision)?;
        if revision == self.revision {
            return Ok(());
        }
        self.revision = revision;
        // What is gone for good is named by nothing: the list is made anew.
        let removals = self.reader.removals()?;
        self.wants_list |= std::mem::replace(&mut self.removals, removals) != removals;
        let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
        let shown = self.reader.matching(&self.filter, &ids)?;
        // An entry that the list in the making did not come to yet is found by it in its place.
        let is_to_come = |id: EntryId| self.making.as_ref().is_some_and(|list| list.will_tell(id));
        let shown = ids.iter().zip(shown).map(|(id, is_shown)| is_shown && !is_to_come(*id));
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

/// When the window is told of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ListTelling {
    /// As it is found: the window shows the list of another filter.
    AsFound,
    /// When it is whole: the window shows an older list of the same filter, which must not become shorter meanwhile.
    Whole,
}

/// A list that is being made.
struct ListInTheMaking {
    scan: ListScan,
    telling: ListTelling,
    /// What was found and is not told yet.
    found: Vec<EntryId>,
    /// How many entries were told.
    told: usize,
    /// How long it took until the first were.
    told_first: Option<Duration>,
    /// When some were last; `None` while the window shows another list.
    told_last: Option<Instant>,
    begun: Instant,
    /// What changed after this may be missing.
    revision: HistoryRevision,
}

impl ListInTheMaking {
    /// Whether what was found is told before the list is whole.
    fn is_worth_telling(&self) -> bool {
        let is_due = match self.told_last {
            None => self.found.len() >= FIRST_ROWS || self.begun.elapsed() >= FILL_FIRST,
            Some(last) => last.elapsed() >= TELL_EVERY,
        };
        self.telling == ListTelling::AsFound && is_due && !self.found.is_empty()
    }

    /// Whether the window shows a part of this list, and an entry would be in a later one.
    fn will_tell(&self, id: EntryId) -> bool {
        self.told_last.is_some() && !self.scan.has_passed(id)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::{
        domain::{
            call::{
                api::{ApiResponse, Target},
                params::Params,
                token_calls::TokenRequest,
            },
            history::edit::EntryEdit,
        },
        store::{NewCall, Store, StoreLocation},
    };

    /// More entries than the first piece of a list goes through.
    const ENTRIES: i64 = 600;

    /// A history of so many declined cards.
    fn store_of(entries: i64) -> Store {
        let store = Store::open(&StoreLocation::Memory, Timestamp::UNIX_EPOCH).unwrap();
        let declined = br#"{"error": {"type": "card_error", "code": "incorrect_number"}}"#;
        let replies: Vec<_> = (0..entries)
            .map(|_| {
                let call = NewCall {
                    target: Target::Local,
                    started: Timestamp::UNIX_EPOCH,
                    request: TokenRequest::new(Params::new()).to_api("key"),
                    expects: None,
                    profile: None,
                    world: None,
                    own_account: None,
                };
                let answer = ApiResponse { http_status: 402, headers: Vec::new(), body: declined.to_vec() };
                store.answer(call, Box::new(move |_| Ok(answer.clone())))
            })
            .collect();
        for reply in replies {
            reply.wait().unwrap();
        }
        store
    }

    fn teller_of(store: &Store) -> (HistoryTeller, mpsc::Receiver<WorkerUpdate>) {
        let (updates, told) = mpsc::channel();
        let outbox = UpdateSender::new(updates, Arc::new(|| ()));
        (HistoryTeller::new(store.reader().unwrap(), outbox, Box::new(|| ())).unwrap(), told)
    }

    fn search(generation: u64, words: &str) -> HistoryQuestion {
        let filter = HistoryFilter { search: words.to_owned(), ..HistoryFilter::default() };
        HistoryQuestion::Filter { generation, filter }
    }

    fn word(message: &str) -> HistoryQuestion {
        HistoryQuestion::Changed(Box::new(WorkerUpdate::Problem { message: message.to_owned() }))
    }

    fn finish(teller: &mut HistoryTeller) {
        while teller.making.is_some() || teller.wants_list {
            teller.go_on_listing().unwrap();
        }
    }

    /// The generation of a list that is told of, the entries that are told, and whether these are the last.
    fn listed(update: &WorkerUpdate) -> Option<(u64, Vec<i64>, bool)> {
        match update {
            WorkerUpdate::History { generation, list, is_whole, .. } => {
                Some((*generation, list.iter().map(|id| id.0).collect(), *is_whole))
            }
            WorkerUpdate::MoreHistory { generation, ids, is_whole, .. } => {
                Some((*generation, ids.iter().map(|id| id.0).collect(), *is_whole))
            }
            _ => None,
        }
    }

    #[test]
    fn a_list_is_told_as_it_is_found_and_questions_are_answered_meanwhile() {
        let store = store_of(ENTRIES);
        let (mut teller, told) = teller_of(&store);
        let (questions, inbox) = mpsc::channel();
        let words = ["one", "two", "three"].map(word);
        for question in std::iter::once(search(1, "incorrect")).chain(words).chain([HistoryQuestion::End]) {
            questions.send(question).unwrap();
        }
        teller.answer_all(&inbox);
        let told: Vec<WorkerUpdate> = told.try_iter().collect();
        let place = |is_sought: &dyn Fn(&WorkerUpdate) -> bool| told.iter().position(is_sought).unwrap();
        let word =
            |sought: &str| place(&|update| matches!(update, WorkerUpdate::Problem { message } if message == sought));
        let whole = place(&|update| listed(update).is_some_and(|(_, _, is_whole)| is_whole));
        assert_eq!(place(&|update| listed(update).is_some_and(|(_, ids, _)| ids.len() == 500)), 0, "{told:?}");
        assert!(word("one") < whole && whole < word("three"), "{told:?}");
        let ids: Vec<i64> = told.iter().filter_map(listed).flat_map(|(_, ids, _)| ids).collect();
        assert_eq!(ids, (1..=ENTRIES).rev().collect::<Vec<_>>());
    }

    #[test]
    fn a_newer_filter_ends_the_list_of_an_older_one() {
        let store = store_of(ENTRIES);
        let (mut teller, told) = teller_of(&store);
        teller.answer(search(1, "nowhere")).unwrap();
        teller.go_on_listing().unwrap();
        assert_eq!(teller.making.as_ref().unwrap().scan.pieces_read(), 1);
        teller.answer(search(2, "")).unwrap();
        assert_eq!(teller.making.as_ref().unwrap().scan.pieces_read(), 0, "the old one is left where it was");
        finish(&mut teller);
        let told: Vec<WorkerUpdate> = told.try_iter().collect();
        assert!(told.iter().filter_map(listed).all(|(generation, ..)| generation == 2), "{told:?}");
        assert!(told.iter().filter_map(listed).any(|(.., is_whole)| is_whole), "{told:?}");
    }

    #[test]
    fn a_list_that_is_made_anew_takes_the_place_of_the_old_one_when_it_is_whole() {
        let store = store_of(ENTRIES);
        let (mut teller, told) = teller_of(&store);
        teller.answer(search(1, "")).unwrap();
        finish(&mut teller);
        assert!(told.try_iter().count() > 0);
        teller.answer(search(1, "")).unwrap();
        teller.listed = None;
        finish(&mut teller);
        let lists: Vec<_> = told.try_iter().filter_map(|update| listed(&update)).collect();
        assert_eq!(lists, [(1, (1..=ENTRIES).rev().collect(), true)]);
    }

    #[test]
    fn what_changes_before_a_list_comes_to_it_is_in_the_list_once() {
        let store = store_of(ENTRIES);
        let (mut teller, told) = teller_of(&store);
        teller.answer(search(1, "")).unwrap();
        teller.go_on_listing().unwrap();
        let edit = |id| EntryEdit::Note { id: EntryId(id), note: "new".to_owned() };
        for id in [ENTRIES, 1] {
            store.edit(edit(id), Timestamp::UNIX_EPOCH).wait().unwrap();
        }
        teller.tell_changes().unwrap();
        finish(&mut teller);
        let shown = |update: &WorkerUpdate| match update {
            WorkerUpdate::Changed { entries, .. } => {
                Some(entries.iter().map(|(entry, is_shown)| (entry.id.0, *is_shown)).collect::<Vec<_>>())
            }
            _ => None,
        };
        let told: Vec<WorkerUpdate> = told.try_iter().collect();
        let changes: Vec<_> = told.iter().filter_map(shown).collect();
        // The second time the list is whole.
        assert_eq!(changes, [[(1, false), (ENTRIES, true)], [(1, true), (ENTRIES, true)]]);
        let ids: Vec<i64> = told.iter().filter_map(listed).flat_map(|(_, ids, _)| ids).collect();
        assert_eq!(ids, (1..=ENTRIES).rev().collect::<Vec<_>>());
    }

    #[test]
    fn of_the_filters_that_wait_only_the_newest_is_listed_and_all_else_is_answered_in_its_order() {
        let store = Store::open(&StoreLocation::Memory, Timestamp::UNIX_EPOCH).unwrap();
        let (mut teller, told) = teller_of(&store);
        let (questions, inbox) = mpsc::channel();
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
        let (mut teller, told) = teller_of(&store);
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
