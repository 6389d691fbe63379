//! What is written of a call: first that it leaves, then what came of it.
//!
//! ```text
//! answer (local)    minter ─► entry, exchange               one transaction
//! the real API      journal │ on its way │ finish           Pending │ Unused, Used, Failed, Unknown
//!                            └─ the session ends ─► Interrupted  at the next opening
//! ask again         Unknown, Interrupted ─► Pending          the same exchange, the same idempotency key
//! ```

use std::{
    cell::Cell,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    call::{JournaledCall, LocalAnswer, MaskedCall, RecordedCall},
    due_effects, entries,
    entries::EntryMarks,
    error::{JobError, StoreError},
    exchanges,
    exchanges::{EndedCall, LedgerUse},
    ledger::SqlLedger,
    log_bound, outbox,
    rows::{self, StoredExchange},
    schema::{self, ErasePolicy},
    worlds::{self, ClockChange},
    write_context::WriteContext,
};
use crate::{
    domain::{
        call::{
            api::{ApiResponse, CallFailure, MaskedRequest, Target, TransportError},
            redaction::{KeptAnswer, Redaction},
            usage::{self, TokenUse, TokenVerdict},
        },
        clock::shifted,
        history::{
            entry::{EntryId, EntryStatus, HistoryEntry},
            request_log::{ExchangeId, REPLAYED_HEADER},
        },
    },
    minter,
};

impl WriteContext {
    /// Lets the minter answer a call and writes both; gives the call as written.
    pub(super) fn answer(&mut self, call: &MaskedCall, answer: &LocalAnswer) -> Result<RecordedCall, JobError> {
        let CarriedOut { entry, kept, took, .. } = self.carry_out(call, Instant::now(), answer)?;
        Ok(RecordedCall { entry, exchange: call.ended(took, Ok(kept)) })
    }

    /// As [`Self::answer`], for a call that arrived at a moment of its own; gives the answer as it is sent.
    pub(super) fn serve(
        &mut self,
        call: &MaskedCall,
        arrived: Instant,
        answer: &LocalAnswer,
    ) -> Result<ApiResponse, JobError> {
        let CarriedOut { kept, sent_apart, .. } = self.carry_out(call, arrived, answer)?;
        Ok(sent_apart.unwrap_or(kept))
    }

    fn carry_out(&mut self, call: &MaskedCall, begun: Instant, answer: &LocalAnswer) -> Result<CarriedOut, JobError> {
        if call.world != worlds::COMMON {
            worlds::enter(&self.connection, &mut self.worlds, &call.world)?;
        }
        let number = self.next_call();
        let mut ledger = SqlLedger::new(self, call, number);
        let response = answer(&mut ledger);
        let ledger = ledger.finish()?;
        let response = response?;
        // What shows a new token holds what was masked already.
        let is_masked = ledger.token.as_ref().is_some_and(|token| token.has_plain_ids);
        let sent = call.redaction.local_answer(response, is_masked);
        let took = begun.elapsed();
        let (kept, sent_apart) = match call.redaction.kept_apart(&sent) {
            Some(kept) => (kept, Some(sent)),
            None => (sent, None),
        };
        // An answer that was given before is no new entry: the call joins the timeline of the first.
        let repeated = ledger.recalled.filter(|_| kept.header(REPLAYED_HEADER).is_some());
        let kept = Ok(kept);
        let created = call.entry.clone().filter(|_| repeated.is_none());
        let is_creation = created.is_some();
        let (about, changed) = match (repeated, created) {
            (Some(entry), _) => (Some(entry), entries::find(&self.connection, entry)?),
            (None, Some(entry)) => {
                let token = ledger.token.as_ref();
                let mut entry = entries::settled(entry, &call.request, took, &kept, token, false);
                let token_call = entry.token_id.as_deref().and_then(|token| self.numbers.call_of(token));
                // The answer of a removed entry, given again: it is older than what used the token up.
                if let Some(made) = token_call.filter(|call| *call != number)
                    && exchanges::has_used_token(&self.connection, made)?
                {
                    entries::mark_used(&mut entry, None, &call.request);
                }
                let entry = self.insert_entry(entry, None, token_call.filter(|call| *call == number))?;
                (Some(entry.id), Some(entry))
            }
            (None, None) => self.settle_call(&call.request, call.target, kept.as_ref().ok())?,
        };
        self.insert_call(&EndedCall {
            number,
            entry: about,
            is_creation,
            call,
            took,
            outcome: &kept,
            ledger: &ledger,
        })?;
        if repeated.is_some() || changed.is_none() {
            self.log.enter(number);
        }
        let Ok(kept) = kept else { unreachable!("the minter gave an answer") };
        Ok(CarriedOut { entry: changed, kept, took, sent_apart })
    }

    /// The number of the next call.
    fn next_call(&self) -> ExchangeId {
        ExchangeId(self.last_call + 1)
    }

    /// Writes a new entry.
    fn insert_entry(
        &mut self,
        entry: HistoryEntry,
        session: Option<&str>,
        token_call: Option<ExchangeId>,
    ) -> rusqlite::Result<HistoryEntry> {
        let entry = HistoryEntry { id: self.next_entry(), ..entry };
        entries::insert(&self.connection, &entry, EntryMarks { revision: 0, session, token_call })?;
        Ok(entry)
    }

    pub(super) fn update_entry(&mut self, entry: &HistoryEntry, session: Option<&str>) -> rusqlite::Result<()> {
        let revision = self.next_revision();
        entries::update(&self.connection, entry, revision, session)
    }

    /// Writes a call that has come to its end.
    fn insert_call(&mut self, ended: &EndedCall<'_>) -> rusqlite::Result<()> {
        let EndedCall { number, call, ledger, .. } = *ended;
        exchanges::insert_ended(&self.connection, ended)?;
        self.last_call = number.0;
        if ledger.token.is_some() && call.world != worlds::COMMON {
            worlds::add_token(&self.connection, &call.world)?;
        }
        if let Some(record) = &ledger.remembered {
            self.keys.note(record.key, number, call.started.as_millisecond());
        }
        Ok(())
    }

    /// Writes down a call that was answered by reading alone: its answer as it is kept, and what that says of a token.
    pub(super) fn note_read(
        &mut self,
        call: &MaskedCall,
        took: Duration,
        outcome: &Result<ApiResponse, CallFailure>,
        token_use: Option<&TokenUse>,
    ) -> Result<(), JobError> {
        if call.world != worlds::COMMON {
            worlds::enter(&self.connection, &mut self.worlds, &call.world)?;
        }
        let (about, changed) = self.settle_use(token_use, &call.request, call.target, outcome.as_ref().ok())?;
        let (number, ledger) = (self.next_call(), &LedgerUse::default());
        self.insert_call(&EndedCall { number, entry: about, is_creation: false, call, took, outcome, ledger })?;
        if changed.is_none() {
            self.log.enter(number);
        }
        Ok(())
    }

    /// Writes down a call that neither target answered, with its outcome as it is kept.
    pub(super) fn note(
        &mut self,
        call: &MaskedCall,
        took: Duration,
        outcome: &Result<ApiResponse, CallFailure>,
    ) -> Result<RecordedCall, JobError> {
        let about = usage::token_of(&call.request).map(|token| self.entries_of(token, call.target)).transpose()?;
        let about = about.and_then(|entries| entries.last().map(|entry| entry.id));
        let number = self.next_call();
        let ledger = &LedgerUse::default();
        self.insert_call(&EndedCall { number, entry: about, is_creation: false, call, took, outcome, ledger })?;
        self.log.enter(number);
        Ok(RecordedCall { entry: None, exchange: call.ended(took, outcome.clone()) })
    }

    /// Writes the call without an outcome, and a pending entry if it makes a token.
    pub(super) fn journal(&mut self, call: &MaskedCall) -> Result<JournaledCall, JobError> {
        let session = self.session.clone();
        let entry = call.entry.clone().map(|entry| self.insert_entry(entry, Some(&session), None)).transpose()?;
        let exchange = self.next_call();
        exchanges::insert_begun(&self.connection, exchange, entry.as_ref().map(|entry| entry.id), call)?;
        self.last_call = exchange.0;
        self.redactions.insert(exchange, Arc::clone(&call.redaction));
        self.begun.push(exchange);
        Ok(JournaledCall { exchange, entry })
    }

    /// Puts an entry back to pending, and takes the outcome of its creation away.
    pub(super) fn journal_again(&mut self, id: EntryId, started: Timestamp) -> Result<JournaledCall, JobError> {
        let mut entry = entries::find(&self.connection, id)?.ok_or(StoreError::NoSuchEntry)?;
        if !matches!(entry.status, EntryStatus::Unknown | EntryStatus::Interrupted) {
            return Err(StoreError::NotOpen { status: entry.status }.into());
        }
        let exchange = exchanges::reopen_creation(&self.connection, id, started.as_millisecond())?;
        (entry.status, entry.code, entry.took, entry.judgement) = (EntryStatus::Pending, None, None, None);
        let session = self.session.clone();
        self.update_entry(&entry, Some(&session))?;
        Ok(JournaledCall { exchange, entry: Some(entry) })
    }

    /// Writes what came of a call that is in the journal. The answer is redacted here, on the writer's thread, because
    /// what the call made secret is known only here.
    pub(super) fn finish(
        &mut self,
        id: ExchangeId,
        took: Duration,
        outcome: &Result<ApiResponse, TransportError>,
    ) -> Result<RecordedCall, JobError> {
        let nobody = Redaction::default();
        let redaction = self.redactions.get(&id).map_or(&nobody, Arc::as_ref);
        let may_have_happened = outcome.as_ref().is_err_and(TransportError::may_have_happened);
        let (outcome, replaced) = match outcome {
            Ok(response) => {
                let KeptAnswer { answer, replaced } = redaction.foreign_answer(response);
                (Ok(answer), replaced)
            }
            Err(error) => (Err(redaction.failure(error)), Vec::new()),
        };
        let recorded = self.settle(id, took, outcome, replaced, may_have_happened)?;
        // A call that may be asked again will have another answer to mask.
        if !(may_have_happened && recorded.entry.is_some()) {
            self.settled.push(id);
        }
        Ok(recorded)
    }

    /// Drops the objects and idempotency keys of a world, `None` of all; gives the number of objects.
    pub(super) fn reset(&mut self, world: Option<&str>) -> Result<u64, JobError> {
        // Test suites reset often, and what the objects hold is in the history too: to write over a million of them
        // would take minutes.
        schema::set_erasing(&self.connection, ErasePolicy::WrittenPages)?;
        self.next_effects.forget();
        let dropped = worlds::reset(&self.connection, &mut self.worlds, world);
        schema::set_erasing(&self.connection, ErasePolicy::All)?;
        outbox::forget_lost_events(&self.connection)?;
        self.has_news.set(true);
        Ok(dropped?)
    }

    /// Sets the clock of a world, and carries out what is due there by now; gives what the clock shows. Where that takes more
    /// than one transaction, `set` remembers from the first one on what the clock was set to.
    pub(super) fn set_clock(
        &mut self,
        world: &str,
        change: ClockChange,
        machine: Timestamp,
        set: &Cell<Option<Timestamp>>,
    ) -> Result<Timestamp, JobError> {
        let shown = match set.get() {
            Some(shown) => shown,
            None => worlds::set_clock(&self.connection, &mut self.worlds, world, change, machine)?,
        };
        let carried_out = self.carry_out_due(world, machine);
        // What comes next is due at another moment of the machine's clock.
        self.next_effects.changed();
        self.has_news.set(true);
        if matches!(carried_out, Err(JobError::PutOff)) {
            set.set(Some(shown));
        }
        carried_out.map(|()| shown)
    }

    /// Carries out what is due in a world by its clock, where the machine's shows `machine`.
    fn carry_out_due(&mut self, world: &str, machine: Timestamp) -> Result<(), JobError> {
        let now = shifted(machine, self.worlds.ahead_of(world));
        let mut ledger = SqlLedger::of_world(self, world);
        let carried_out = minter::carry_out_due(&mut ledger, now);
        ledger.finish()?;
        carried_out.map_err(JobError::from)
    }

    /// The same in every world, as much as the transaction takes: whether that is all. What cannot be carried out in one of
    /// them is no matter of the others.
    pub(super) fn carry_out_all_due(&mut self, machine: Timestamp) -> Result<bool, JobError> {
        let worlds = due_effects::worlds(&self.connection)?;
        match worlds.iter().try_for_each(|world| self.carry_out_due(world, machine)) {
            Err(JobError::PutOff) => Ok(false),
            carried_out => carried_out.map(|()| true),
        }
    }

    /// Writes what came of a call that is in the journal: its outcome as it is kept, the places of the answer's body
    /// that were replaced, and whether a call that failed may have been carried out all the same.
    fn settle(
        &mut self,
        id: ExchangeId,
        took: Duration,
        outcome: Result<ApiResponse, CallFailure>,
        replaced: Vec<Range<usize>>,
        may_have_happened: bool,
    ) -> Result<RecordedCall, JobError> {
        let stored = exchanges::find(&self.connection, id)?.ok_or(StoreError::NoSuchCall)?;
        if matches!(stored.outcome, Some(Ok(_))) {
            return Err(StoreError::AnsweredAlready.into());
        }
        let took = rows::kept_duration(took);
        let (about, changed) = match stored.entry {
            Some(id) if stored.is_creation => {
                let entry = entries::find(&self.connection, id)?.ok_or(StoreError::NoSuchCall)?;
                let entry = entries::settled(entry, &stored.request, took, &outcome, None, may_have_happened);
                self.update_entry(&entry, None)?;
                (Some(id), Some(entry))
            }
            _ => self.settle_call(&stored.request, stored.target, outcome.as_ref().ok())?,
        };
        let kept = log_bound::kept(stored.request.method, &outcome);
        // Of an answer that is kept cut, what was replaced behind the cut is gone too.
        let length = kept.as_ref().as_ref().map_or(0, |answer| answer.body.len());
        let kept_places: Vec<Range<usize>> = replaced.iter().filter(|place| place.end <= length).cloned().collect();
        exchanges::write_outcome(&self.connection, id, about, took, &stored.request, &kept, &kept_places)?;
        drop(kept);
        if changed.is_some() {
            self.log.leave(&self.connection, id)?;
        } else {
            self.log.enter(id);
        }
        let exchange = StoredExchange { took: Some(took), outcome: Some(outcome), replaced, ..stored }
            .finished()
            .expect("an exchange with an outcome is finished");
        Ok(RecordedCall { entry: changed, exchange })
    }

    /// The entry whose timeline a call belongs to, and the same entry if the call's answer changed it: a token turns
    /// used here, whoever used it up.
    fn settle_call(
        &mut self,
        request: &MaskedRequest,
        target: Target,
        response: Option<&ApiResponse>,
    ) -> rusqlite::Result<(Option<EntryId>, Option<HistoryEntry>)> {
        self.settle_use(usage::of_call(request, response).as_ref(), request, target, response)
    }

    /// The same, of what the call reveals about its token.
    fn settle_use(
        &mut self,
        token_use: Option<&TokenUse>,
        request: &MaskedRequest,
        target: Target,
        response: Option<&ApiResponse>,
    ) -> rusqlite::Result<(Option<EntryId>, Option<HistoryEntry>)> {
        let Some(TokenUse { token, verdict }) = token_use else { return Ok((None, None)) };
        if *verdict == TokenVerdict::Unchanged
            && let Some(entry) = self.entry_made_with(token, target)?
        {
            return Ok((Some(entry), None));
        }
        // The newest entry of a token shows the call, where several have it.
        let entries = self.entries_of(token, target)?;
        let about = entries.last().map(|entry| entry.id);
        let TokenVerdict::Used(by) = verdict else { return Ok((about, None)) };
        let mut changed = None;
        for mut entry in entries {
            let judged = entries::judged(&entry, request, response);
            let is_known = entry.status == EntryStatus::Used && (entry.used_by.is_some() || by.is_none());
            if is_known && judged == entry.judgement {
                continue;
            }
            entry.judgement = judged;
            entries::mark_used(&mut entry, by.as_deref(), request);
            self.update_entry(&entry, None)?;
            changed = Some(entry);
        }
        Ok((about, changed))
    }

    /// The entry of the call that a token of the minter tells.
    fn entry_made_with(&self, token: &str, target: Target) -> rusqlite::Result<Option<EntryId>> {
        match self.numbers.call_of(token).filter(|_| target == Target::Local) {
            Some(call) => exchanges::entry_made_by(&self.connection, call, token),
            None => Ok(None),
        }
    }

    /// The entries of a token, oldest first.
    fn entries_of(&self, token: &str, target: Target) -> rusqlite::Result<Vec<HistoryEntry>> {
        if let Some(made) = self.entry_made_with(token, target)? {
            return Ok(entries::find(&self.connection, made)?.into_iter().collect());
        }
        // The condition on the call is that of the index.
        let others = "token_id = ?1 AND target = ?2 AND token_call IS NULL";
        entries::select(&self.connection, others, (token, target.as_str()))
    }
}

/// A call that the minter answered, as it was written.
struct CarriedOut {
    /// The entry that the call made or changed.
    entry: Option<HistoryEntry>,
    kept: ApiResponse,
    took: Duration,
    /// The answer as it is sent, where it is not as it is kept.
    sent_apart: Option<ApiResponse>,
}
