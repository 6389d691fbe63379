//! The thread that reads what is in view: rows, an entry, two entries, a call. It has a reading connection of its own,
//! so that nothing here waits for a list to be sorted.

use std::{
    ops::ControlFlow,
    sync::{Arc, mpsc},
};

use super::{history::HistoryQuestion, joined_thread::JoinedThread, outbox::UpdateSender};
use crate::{
    domain::{
        history::{
            entry::{EntryDetail, EntryId},
            request_log::ExchangeId,
        },
        settings::file_format::CopyForm,
    },
    formats::copied_text,
    messages::{ComparedEntries, EntryPair, WorkerUpdate},
    store::{HistoryReader, StoreError},
};

/// A question about entries or calls that are known by their ids.
#[derive(Debug)]
pub(super) enum LookupQuestion {
    Rows(Vec<EntryId>),
    Detail(EntryId),
    Pair(EntryId, EntryId),
    /// These entries as a text.
    Copy(Vec<EntryId>, CopyForm),
    Exchange(ExchangeId),
}

/// The handle of the thread; dropping it ends and joins it.
pub(super) struct LookupThread {
    questions: mpsc::Sender<LookupQuestion>,
    _thread: JoinedThread,
}

impl LookupThread {
    pub(super) fn start(reader: HistoryReader, outbox: UpdateSender, history: mpsc::Sender<HistoryQuestion>) -> Self {
        let (questions, inbox) = mpsc::channel();
        let lookups = LookupReader { reader, outbox, history };
        let answer_all = move || inbox.into_iter().for_each(|question| lookups.answer(question));
        Self { questions, _thread: JoinedThread::start("lookups", answer_all) }
    }

    pub(super) fn ask(&self, question: LookupQuestion) {
        let _ = self.questions.send(question);
    }
}

struct LookupReader {
    reader: HistoryReader,
    outbox: UpdateSender,
    history: mpsc::Sender<HistoryQuestion>,
}

impl LookupReader {
    fn answer(&self, question: LookupQuestion) {
        let answered = self.read_and_tell(question);
        // The history tells what goes wrong and what is damaged, each once for both threads.
        let _ = self.history.send(HistoryQuestion::LookedUp(answered, self.reader.damage()));
    }

    /// Gives the revision from which on the history is to tell what changed once more. A commit between reading and
    /// telling may have been told already, and would be overwritten by what was read before it.
    fn read_and_tell(&self, question: LookupQuestion) -> Result<Option<i64>, StoreError> {
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
