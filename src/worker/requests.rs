//! The thread that lists the request log as it is filtered, anew after each commit by whatever process; the thread of the
//! history tells it of those. It has a reading connection of its own: a search through a million calls holds up neither
//! the history nor the rows in view.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use super::{
    history::{CommitCallback, HistoryQuestion},
    joined_thread::JoinedThread,
    outbox::UpdateSender,
};
use crate::{
    domain::history::{
        entry::EntryId,
        request_filter::RequestFilter,
        request_log::{ExchangeId, RequestRow},
    },
    messages::{MOST_REQUEST_ROWS, RequestPage, SHOWN_REQUESTS, WorkerUpdate},
    store::{CallSelection, HistoryReader, StoreError},
};

/// After each list so many times as long as it took are left to others.
const REST: u32 = 3;

/// What the thread is asked.
#[derive(Debug)]
enum RequestQuestion {
    Filter {
        generation: u64,
        filter: RequestFilter,
    },
    /// Something was committed: the log may have changed.
    Committed,
    End,
}

/// The thread's handle; dropping it ends and joins the thread.
pub(super) struct RequestThread {
    questions: mpsc::Sender<RequestQuestion>,
    /// How many questions were asked: a list that is being made is given up for a newer one.
    asked: Arc<AtomicU64>,
    _thread: JoinedThread,
}

impl RequestThread {
    pub(super) fn start(reader: HistoryReader, outbox: UpdateSender, history: mpsc::Sender<HistoryQuestion>) -> Self {
        let (questions, inbox) = mpsc::channel();
        let asked = Arc::new(AtomicU64::new(0));
        let mut lister = RequestLister {
            reader,
            outbox,
            history,
            asked: Arc::clone(&asked),
            generation: 0,
            filter: RequestFilter::default(),
            told: None,
            newest: None,
            news: Vec::new(),
            // The thread of the history tells of a commit when it begins to look for them: none falls between.
            is_stale: false,
            listed: None,
        };
        let thread = JoinedThread::start("requests", move || lister.answer_all(&inbox));
        Self { questions, asked, _thread: thread }
    }

    pub(super) fn filter(&self, generation: u64, filter: RequestFilter) {
        self.ask(RequestQuestion::Filter { generation, filter });
    }

    /// What tells the thread that something was committed.
    pub(super) fn commit_callback(&self) -> CommitCallback {
        let questions = self.questions.clone();
        Box::new(move || {
            let _ = questions.send(RequestQuestion::Committed);
        })
    }

    fn ask(&self, question: RequestQuestion) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let _ = self.questions.send(question);
    }
}

impl Drop for RequestThread {
    fn drop(&mut self) {
        self.ask(RequestQuestion::End);
    }
}

struct RequestLister {
    reader: HistoryReader,
    outbox: UpdateSender,
    history: mpsc::Sender<HistoryQuestion>,
    asked: Arc<AtomicU64>,
    generation: u64,
    filter: RequestFilter,
    /// The page that was told last.
    told: Option<RequestPage>,
    /// The newest call that was met, whether it passes or not.
    newest: Option<ExchangeId>,
    /// The entries of calls that were met since the last page.
    news: Vec<EntryId>,
    /// Whether the log may have changed since the last list.
    is_stale: bool,
    /// When the last list was made, and how long that took.
    listed: Option<(Instant, Duration)>,
}

impl RequestLister {
    fn answer_all(&mut self, inbox: &mpsc::Receiver<RequestQuestion>) {
        loop {
            let rest = self.listed.map_or(Duration::ZERO, |(when, took)| (took * REST).saturating_sub(when.elapsed()));
            if self.is_stale && rest.is_zero() {
                let listed = self.list();
                // The history tells what goes wrong and what is damaged, each once for all threads.
                let _ = self.history.send(HistoryQuestion::LookedUp(listed.map(|()| None), self.reader.damage()));
            }
            // Nothing is looked for while nothing is asked: an idle window stays asleep.
            let question = if self.is_stale {
                inbox.recv_timeout(rest)
            } else {
                inbox.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected)
            };
            match question {
                Ok(RequestQuestion::Filter { generation, filter }) => {
                    (self.generation, self.filter) = (generation, filter);
                    (self.is_stale, self.listed) = (true, None);
                }
                Ok(RequestQuestion::Committed) => self.is_stale = true,
                Ok(RequestQuestion::End) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Tells the newest calls that pass, if they are other ones than were told.
    fn list(&mut self) -> Result<(), StoreError> {
        let begun = Instant::now();
        let asked = self.asked.load(Ordering::Relaxed);
        self.is_stale = false;
        // Kept where this list is given up, for the next page to tell.
        let news = self.news()?;
        self.news.extend(news);
        let lines = LineCount::default();
        let listed = self.reader.logged(
            &self.filter,
            |rows| lines.after(rows) > SHOWN_REQUESTS || rows.len() >= MOST_REQUEST_ROWS,
            || self.asked.load(Ordering::Relaxed) == asked,
        );
        self.listed = Some((Instant::now(), begun.elapsed()));
        let Some((mut rows, has_more)) = listed? else {
            // Given up for a newer question, which waits already.
            return Ok(());
        };
        if lines.0.get() > SHOWN_REQUESTS {
            // The call that began one line too many.
            rows.pop();
        }
        let counts = self.reader.log_counts()?;
        let page = RequestPage { generation: self.generation, rows, has_more, counts, news: Vec::new() };
        let news = std::mem::take(&mut self.news);
        if self.told.as_ref() != Some(&page) || !news.is_empty() {
            self.told = Some(page.clone());
            self.outbox.send(WorkerUpdate::Requests(RequestPage { news, ..page }));
        }
        Ok(())
    }

    /// The entries of calls that are newer than those that were met so far, whether they pass or not; none at first.
    fn news(&mut self) -> Result<Vec<EntryId>, StoreError> {
        let limit = if self.newest.is_none() { 1 } else { SHOWN_REQUESTS };
        let newer = self.reader.request_rows(&CallSelection::default(), self.newest, limit)?;
        let Some(newest) = newer.first().map(|row| row.id) else {
            self.newest.get_or_insert(ExchangeId(0));
            return Ok(Vec::new());
        };
        let is_first = self.newest.replace(newest).is_none();
        Ok(if is_first { Vec::new() } else { newer.into_iter().filter_map(|row| row.entry).collect() })
    }
}

/// How many lines the rows make so far: equal calls in a row are one.
#[derive(Default)]
struct LineCount(Cell<usize>);

impl LineCount {
    /// Counts on by the last row.
    fn after(&self, rows: &[RequestRow]) -> usize {
        let repeats = matches!(rows, [.., before, last] if before.repeats(last));
        self.0.set(self.0.get() + usize::from(!repeats));
        self.0.get()
    }
}
