//! What a store does for runs: each is a job of its writer.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Store,
    call::{JournaledCall, LocalAnswer, MaskedCall, NewCall, RecordedCall},
    error::JobError,
    reply::StoreReply,
    runs::{EntryOfRow, MaskedRow, masked_tags},
};
use crate::domain::{
    history::entry::EntryId,
    mask,
    run::{
        record::{NewRun, RunId, RunState, run_name},
        row::{PlannedRow, RunRow},
        verdict::{RowVerdict, StepResult},
    },
};

impl Store {
    /// Writes a run down before any of its rows.
    pub fn begin_run(&self, run: NewRun) -> StoreReply<RunId> {
        self.0.writer.submit("write down the run", move |context| context.begin_run(&run))
    }

    /// Writes rows of a run down, with their numbers. They are masked here, on the caller's thread.
    pub fn add_rows<'a>(
        &self,
        run: RunId,
        rows: impl Iterator<Item = (u64, &'a RunRow, &'a PlannedRow)>,
    ) -> StoreReply<()> {
        let rows: Vec<MaskedRow> = rows.map(MaskedRow::of).collect();
        self.0.writer.submit("write down the run", move |context| {
            rows.iter().try_for_each(|row| row.insert(&context.connection, run)).map_err(JobError::from)
        })
    }

    /// Takes a run to make its calls, for this session alone.
    ///
    /// The reply is an error where another session that is alive makes them, or there is no such run.
    pub fn take_run(&self, run: RunId) -> StoreReply<()> {
        self.0.writer.submit("resume the run", move |context| context.take_run(run))
    }

    /// As [`Store::answer`], for the token of a row: the row knows its entry from the same transaction on.
    pub fn answer_row(&self, call: NewCall, of: EntryOfRow, answer: LocalAnswer) -> StoreReply<RecordedCall> {
        let call = self.call_of_row(call, &of);
        self.0.writer.submit("save the call", move |context| {
            let recorded = context.answer(&call, &answer)?;
            context.link_entry(&of, recorded.entry.as_ref().map(|entry| entry.id))?;
            Ok(recorded)
        })
    }

    /// As [`Store::journal`], for the token of a row: the row knows its entry before the call leaves.
    pub fn journal_row(&self, call: NewCall, of: EntryOfRow) -> StoreReply<JournaledCall> {
        let call = self.call_of_row(call, &of);
        self.0.writer.submit("write down the call", move |context| {
            let journaled = context.journal(&call)?;
            context.link_entry(&of, journaled.entry.as_ref().map(|entry| entry.id))?;
            Ok(journaled)
        })
    }

    /// As [`Store::journal_again`], for the token of a row: the call is made anew from the row, so what may not be written
    /// of its answer is known again, also in another process than the first.
    pub fn journal_row_again(&self, entry: EntryId, call: NewCall) -> StoreReply<JournaledCall> {
        let call = MaskedCall::of(call, &self.0.identities);
        self.0.writer.submit("write down the call", move |context| {
            let journaled = context.journal_again(entry, call.started)?;
            context.redactions.insert(journaled.exchange, Arc::clone(&call.redaction));
            context.begun.push(journaled.exchange);
            Ok(journaled)
        })
    }

    /// Writes what came of a row.
    pub fn end_row(&self, run: RunId, row: u64, verdict: RowVerdict, results: Vec<StepResult>) -> StoreReply<()> {
        self.0.writer.submit("save the verdict", move |context| context.end_row(run, row, &verdict, &results))
    }

    /// Writes that this session makes no more calls of a run: it is finished where every row came to an answer.
    pub fn end_run(&self, run: RunId, now: Timestamp) -> StoreReply<RunState> {
        self.0.writer.submit("save the run", move |context| context.end_run(run, now))
    }

    /// Gives a run another name, as [`run_name`] makes it.
    ///
    /// The reply is an error where there is no such run.
    pub fn rename_run(&self, run: RunId, name: &str) -> StoreReply<()> {
        let name = run_name(name);
        self.0.writer.submit("rename the run", move |context| context.rename_run(run, &name))
    }

    /// Removes the last rows of a run, so many at most; gives how many went.
    ///
    /// The reply is an error where somebody makes the run's calls, or there is no such run.
    pub fn remove_run_rows(&self, run: RunId, most: u64) -> StoreReply<u64> {
        self.0.writer.submit("delete the run", move |context| context.remove_run_rows(run, most))
    }

    /// Removes a run that has no rows any more. The reply is as that of [`Self::remove_run_rows`].
    pub fn remove_run(&self, run: RunId) -> StoreReply<()> {
        self.0.writer.submit("delete the run", move |context| context.remove_run(run))
    }

    fn call_of_row(&self, call: NewCall, of: &EntryOfRow) -> MaskedCall {
        let mut call = MaskedCall::of(call, &self.0.identities);
        if let Some(entry) = &mut call.entry {
            entry.note = mask::text(&of.note);
            entry.tags = masked_tags(&of.tags);
        }
        call
    }
}
