//! What is written of a call: first that it leaves, then what came of it.
//!
//! ```text
//! answer (local)    journal ─► minter ─► finish             one transaction, so nobody sees the steps
//! the real API      journal │ on its way │ finish           Pending │ Unused, Used, Failed, Unknown
//!                            └─ the run dies ─► Interrupted  at the next opening
//! ask again         Unknown, Interrupted ─► Pending          the same exchange, the same idempotency key
//! ```

use std::{
    path::Path,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::{
    door::Door,
    error::{Failed, StoreError},
    ledger::{SqlLedger, keep_answer},
    rows::{self, StoredExchange},
    runs::{self, DeadRun},
    writer::Work,
};
use crate::{
    domain::{
        api::{ApiRequest, ApiResponse, Exchange, Failure, MaskedRequest, Target, TransportError},
        card::CardNumber,
        entry::{Entry, EntryId, Status},
        error::ErrorView,
        mask,
        request_log::ExchangeId,
        token::Token,
        usage::{self, TokenUse, Verdict},
    },
    minter::{Ledger, LedgerError, REPLAYED},
};

/// The code of an entry whose answer is a success without a token in it.
const NO_TOKEN: &str = "no_token";

/// A call as its sender has it: not masked yet.
#[derive(Clone, Debug)]
pub struct Call {
    pub target: Target,
    pub started: Timestamp,
    pub request: ApiRequest,
}

/// The minter's side of a local call: what it changes in the ledger is kept with the exchange, or not at all.
pub type Answer = Box<dyn FnOnce(&mut dyn Ledger) -> Result<ApiResponse, LedgerError> + Send>;

/// A call that is written down and may leave.
#[derive(Clone, Debug, PartialEq)]
pub struct Journaled {
    pub exchange: ExchangeId,
    /// Of a token creation: its new line of the history, pending.
    pub entry: Option<Entry>,
}

/// A call with its outcome, as written: masked.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The entry that the call made or changed.
    pub entry: Option<Entry>,
    pub exchange: Exchange,
}

impl Work {
    pub(super) fn answer(&mut self, call: &Call, answer: Answer) -> Result<Recorded, Failed> {
        self.carry_out(call, Instant::now(), answer).map(|(recorded, _)| recorded)
    }

    pub(super) fn serve(&mut self, call: &Call, arrived: Instant, answer: Answer) -> Result<ApiResponse, Failed> {
        self.carry_out(call, arrived, answer).map(|(_, response)| response)
    }

    /// The call as written, and the answer as made.
    fn carry_out(&mut self, call: &Call, begun: Instant, answer: Answer) -> Result<(Recorded, ApiResponse), Failed> {
        let door = Door::of(&call.request);
        let mut ledger = SqlLedger::new(&self.connection, &door);
        let response = answer(&mut ledger)?;
        let rest = ledger.finish()?;
        let took = begun.elapsed();
        let repeated = rest.recalled.filter(|_| response.header(REPLAYED).is_some());
        let recorded = match repeated {
            // An answer that was given before is no new entry: the call joins the timeline of the first.
            Some(entry) => self.write_repetition(call, &door, entry, took, &response)?,
            None => {
                let journaled = self.write_call(call, &door)?;
                if let Some(record) = &rest.remembered {
                    keep_answer(&self.connection, record, journaled.exchange)?;
                }
                self.settle(journaled.exchange, took, Ok(door.response(&response)))?
            }
        };
        Ok((recorded, response))
    }

    fn write_repetition(
        &self,
        call: &Call,
        door: &Door,
        entry: EntryId,
        took: Duration,
        response: &ApiResponse,
    ) -> Result<Recorded, Failed> {
        let exchange = Exchange {
            target: call.target,
            started: call.started,
            took,
            request: door.request(&call.request),
            outcome: Ok(door.response(response)),
        };
        let id = self.write_request(Some(entry), false, call, &exchange.request)?;
        self.write_outcome(id, Some(entry), took, &exchange.outcome)?;
        Ok(Recorded { entry: self.entries("id = ?1", [entry.0])?.pop(), exchange })
    }

    /// Writes down a call that neither target answered: what a fault made of it on purpose.
    pub(super) fn note(
        &mut self,
        call: &Call,
        took: Duration,
        outcome: Result<ApiResponse, Failure>,
    ) -> Result<Recorded, Failed> {
        let door = Door::of(&call.request);
        let outcome = outcome.map(|response| door.response(&response));
        let exchange = Exchange {
            target: call.target,
            started: call.started,
            took,
            request: door.request(&call.request),
            outcome,
        };
        let about = usage::token_of(&exchange.request).map(str::to_owned);
        let about = about.map(|token| self.entries_of(&token, call.target)).transpose()?;
        let about = about.and_then(|entries| entries.last().map(|entry| entry.id));
        let id = self.write_request(about, false, call, &exchange.request)?;
        self.write_outcome(id, about, took, &exchange.outcome)?;
        Ok(Recorded { entry: None, exchange })
    }

    pub(super) fn journal(&mut self, call: &Call) -> Result<Journaled, Failed> {
        let door = Door::of(&call.request);
        let journaled = self.write_call(call, &door)?;
        self.doors.insert(journaled.exchange, door);
        Ok(journaled)
    }

    pub(super) fn journal_again(&mut self, id: EntryId, started: Timestamp) -> Result<Journaled, Failed> {
        let mut entry = self.entries("id = ?1", [id.0])?.pop().ok_or(StoreError::NoSuchEntry)?;
        if !matches!(entry.status, Status::Unknown | Status::Interrupted) {
            return Err(StoreError::NotOpen { status: entry.status }.into());
        }
        let exchange = self
            .connection
            .prepare_cached(
                "UPDATE exchanges SET started_ms = ?2, took_micros = NULL, http_status = NULL, failure_kind = NULL, \
                 failure_message = NULL, failure_text = NULL WHERE entry = ?1 AND is_creation = 1 RETURNING id",
            )?
            .query_row((id.0, started.as_millisecond()), |row| row.get(0).map(ExchangeId))?;
        (entry.status, entry.code, entry.took) = (Status::Pending, None, None);
        save_entry(&self.connection, &entry, next_revision(&self.connection)?, Some(&self.run))?;
        Ok(Journaled { exchange, entry: Some(entry) })
    }

    pub(super) fn finish(
        &mut self,
        id: ExchangeId,
        took: Duration,
        outcome: &Result<ApiResponse, TransportError>,
    ) -> Result<Recorded, Failed> {
        let nobody = Door::default();
        let door = self.doors.get(&id).unwrap_or(&nobody);
        let may_have_happened = outcome.as_ref().is_err_and(TransportError::may_have_happened);
        let masked = match outcome {
            Ok(response) => Ok(door.response(response)),
            Err(error) => Err((door.failure(error), may_have_happened)),
        };
        let recorded = self.settle(id, took, masked)?;
        // A call that may be asked again will have another answer to mask.
        if !(may_have_happened && recorded.entry.is_some()) {
            self.settled.push(id);
        }
        Ok(recorded)
    }

    pub(super) fn reset(&mut self) -> Result<u64, Failed> {
        self.connection.execute("DELETE FROM answers", [])?;
        Ok(self.connection.execute("DELETE FROM objects", [])? as u64)
    }

    /// Writes the call without an outcome, and a pending entry if it makes a token.
    fn write_call(&mut self, call: &Call, door: &Door) -> Result<Journaled, Failed> {
        let entry = call.request.makes_token().then(|| self.new_entry(call)).transpose()?;
        let id = entry.as_ref().map(|entry| entry.id);
        let exchange = self.write_request(id, id.is_some(), call, &door.request(&call.request))?;
        Ok(Journaled { exchange, entry })
    }

    fn write_request(
        &self,
        entry: Option<EntryId>,
        is_creation: bool,
        call: &Call,
        request: &MaskedRequest,
    ) -> rusqlite::Result<ExchangeId> {
        self.connection
            .prepare_cached(
                "INSERT INTO exchanges (entry, is_creation, target, started_ms, method, path, params, headers) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute((
                entry.map(|entry| entry.0),
                is_creation,
                call.target.as_str(),
                call.started.as_millisecond(),
                request.method.as_str(),
                &request.path,
                rows::pairs_json(&request.params),
                rows::pairs_json(&request.headers),
            ))?;
        Ok(ExchangeId(self.connection.last_insert_rowid()))
    }

    fn new_entry(&mut self, call: &Call) -> Result<Entry, Failed> {
        let typed: String = mask::ascii_digits(call.request.params.get("card[number]").unwrap_or_default())
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        let mut entry = Entry {
            id: EntryId(0),
            status: Status::Pending,
            target: call.target,
            token_id: None,
            brand: CardNumber::parse(&typed).map(|number| number.brand().as_str().to_owned()),
            last4: typed.len().checked_sub(4).map(|start| typed[start..].to_owned()),
            code: None,
            used_by: None,
            // As precise as the column.
            started: Timestamp::from_millisecond(call.started.as_millisecond()).unwrap_or(call.started),
            took: None,
        };
        self.connection
            .prepare_cached(
                "INSERT INTO entries (status, target, started_ms, revision, haystack) VALUES (?1, ?2, ?3, 0, '')",
            )?
            .execute((entry.status.as_str(), entry.target.as_str(), entry.started.as_millisecond()))?;
        entry.id = EntryId(self.connection.last_insert_rowid());
        save_entry(&self.connection, &entry, next_revision(&self.connection)?, Some(&self.run))?;
        Ok(entry)
    }

    /// Writes what came of a call that is in the journal. The outcome is masked; a failure says whether the call may
    /// have happened all the same.
    fn settle(
        &mut self,
        id: ExchangeId,
        took: Duration,
        outcome: Result<ApiResponse, (Failure, bool)>,
    ) -> Result<Recorded, Failed> {
        let stored = self
            .connection
            .prepare_cached(&format!("SELECT {} FROM exchanges WHERE id = ?1", rows::EXCHANGE))?
            .query_row([id.0], rows::exchange)
            .optional()?
            .ok_or(StoreError::NoSuchCall)?;
        if matches!(stored.outcome, Some(Ok(_))) {
            return Err(StoreError::AnsweredAlready.into());
        }
        let took = Duration::from_micros(rows::micros(took).cast_unsigned());
        let entry = match stored.entry {
            Some(entry) if stored.is_creation => Some(self.settle_creation(entry, took, &outcome)?),
            _ => None,
        };
        let (about, changed) = match entry {
            Some(entry) => (stored.entry, Some(entry)),
            None => self.settle_call(&stored, &outcome)?,
        };
        let outcome = outcome.map_err(|(failure, _)| failure);
        self.write_outcome(id, about, took, &outcome)?;
        let exchange = StoredExchange { took: Some(took), outcome: Some(outcome), ..stored }
            .finished()
            .expect("an exchange with an outcome is finished");
        Ok(Recorded { entry: changed, exchange })
    }

    fn write_outcome(
        &self,
        id: ExchangeId,
        about: Option<EntryId>,
        took: Duration,
        outcome: &Result<ApiResponse, Failure>,
    ) -> rusqlite::Result<()> {
        let answer = outcome.as_ref().ok();
        let failure = outcome.as_ref().err();
        self.connection
            .prepare_cached(
                "UPDATE exchanges SET entry = ?2, took_micros = ?3, http_status = ?4, answer_headers = ?5, \
                 answer_body = ?6, failure_kind = ?7, failure_message = ?8, failure_text = ?9 WHERE id = ?1",
            )?
            .execute((
                id.0,
                about.map(|entry| entry.0),
                rows::micros(took),
                answer.map(|answer| answer.http_status).or(failure.and_then(|failure| failure.http_status)),
                answer.map(|answer| rows::pairs_json(&answer.headers)),
                answer.map(|answer| &answer.body),
                failure.map(|failure| &failure.kind),
                failure.map(|failure| &failure.message),
                failure.and_then(|failure| failure.text.as_ref()),
            ))
            .map(drop)
    }

    fn settle_creation(
        &self,
        id: EntryId,
        took: Duration,
        outcome: &Result<ApiResponse, (Failure, bool)>,
    ) -> Result<Entry, Failed> {
        let mut entry = self.entries("id = ?1", [id.0])?.pop().ok_or(StoreError::NoSuchCall)?;
        entry.took = Some(took);
        (entry.status, entry.code) = match outcome {
            Ok(response) => match response.json().as_ref() {
                Some(body) if response.is_success() => match Token::of(body) {
                    Some(token) => {
                        entry.token_id = Some(token.id().to_owned());
                        entry.brand = token.brand().map(str::to_owned).or(entry.brand);
                        entry.last4 = token.last4().map(str::to_owned).or(entry.last4);
                        (if token.is_used() { Status::Used } else { Status::Unused }, None)
                    }
                    None => (Status::Failed, Some(NO_TOKEN.to_owned())),
                },
                body => {
                    let code = body.and_then(ErrorView::of).map(|error| error.label().to_owned());
                    (Status::Failed, Some(code.unwrap_or_else(|| format!("http_{}", response.http_status))))
                }
            },
            Err((failure, true)) => (Status::Unknown, Some(failure.kind.clone())),
            Err((failure, false)) => (Status::Failed, Some(failure.kind.clone())),
        };
        save_entry(&self.connection, &entry, next_revision(&self.connection)?, None)?;
        Ok(entry)
    }

    /// The entry whose timeline a call belongs to, and the same entry if the call's answer changed it: a token turns used
    /// here, whoever used it up.
    fn settle_call(
        &self,
        call: &StoredExchange,
        outcome: &Result<ApiResponse, (Failure, bool)>,
    ) -> Result<(Option<EntryId>, Option<Entry>), Failed> {
        let response = outcome.as_ref().ok();
        let Some(TokenUse { token, verdict }) = usage::of_call(&call.request, response) else {
            return Ok((None, None));
        };
        // The newest entry of a token shows the call, where several have it.
        let entries = self.entries_of(&token, call.target)?;
        let about = entries.last().map(|entry| entry.id);
        let Verdict::Used(by) = verdict else { return Ok((about, None)) };
        let mut changed = None;
        for mut entry in entries {
            if entry.status == Status::Used && (entry.used_by.is_some() || by.is_none()) {
                continue;
            }
            entry.status = Status::Used;
            entry.used_by = entry.used_by.or_else(|| by.clone());
            save_entry(&self.connection, &entry, next_revision(&self.connection)?, None)?;
            changed = Some(entry);
        }
        Ok((about, changed))
    }

    /// The entries of a token, oldest first.
    fn entries_of(&self, token: &str, target: Target) -> rusqlite::Result<Vec<Entry>> {
        self.entries("token_id = ?1 AND target = ?2", (token, target.as_str()))
    }

    /// Oldest first.
    fn entries(&self, which: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<Entry>> {
        self.connection
            .prepare_cached(&format!("SELECT {} FROM entries WHERE {which} ORDER BY id", rows::ENTRY))?
            .query_map(values, rows::entry)?
            .collect()
    }
}

/// Turns what dead runs left pending into *interrupted*. Their lock files go when the result is dropped.
pub(super) fn interrupt_dead_runs(connection: &mut Connection, data: &Path) -> rusqlite::Result<Vec<DeadRun>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut names = runs::names(data);
    names.extend(
        transaction
            .prepare("SELECT DISTINCT run FROM entries WHERE run IS NOT NULL")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<String>>>()?,
    );
    names.sort();
    names.dedup();
    let mut dead = Vec::new();
    for name in names {
        let Some(run) = runs::dead(data, &name) else { continue };
        let pending = transaction
            .prepare(&format!("SELECT {} FROM entries WHERE run = ?1 ORDER BY id", rows::ENTRY))?
            .query_map([&name], rows::entry)?
            .collect::<rusqlite::Result<Vec<Entry>>>()?;
        for entry in pending {
            let entry = Entry { status: Status::Interrupted, ..entry };
            tracing::info!(entry = entry.id.0, "a call was interrupted");
            save_entry(&transaction, &entry, next_revision(&transaction)?, None)?;
        }
        dead.push(run);
    }
    transaction.commit()?;
    Ok(dead)
}

fn next_revision(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("UPDATE counters SET value = value + 1 WHERE name = 'revision' RETURNING value")?
        .query_row([], |row| row.get(0))
}

/// Writes every column of an entry. `run` is the run that waits for its answer.
fn save_entry(connection: &Connection, entry: &Entry, revision: i64, run: Option<&str>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE entries SET status = ?2, target = ?3, token_id = ?4, brand = ?5, last4 = ?6, code = ?7, \
             used_by = ?8, started_ms = ?9, took_micros = ?10, revision = ?11, haystack = ?12, run = ?13 WHERE id = ?1",
        )?
        .execute((
            entry.id.0,
            entry.status.as_str(),
            entry.target.as_str(),
            &entry.token_id,
            &entry.brand,
            &entry.last4,
            &entry.code,
            &entry.used_by,
            entry.started.as_millisecond(),
            entry.took.map(rows::micros),
            revision,
            haystack(entry),
            run,
        ))
        .map(drop)
}

/// What a search looks through. A line each, so that no word is found across two of them.
fn haystack(entry: &Entry) -> String {
    let parts = [&entry.token_id, &entry.last4, &entry.brand, &entry.code, &entry.used_by];
    let mut haystack: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    haystack.extend([entry.status.as_str(), entry.target.as_str()]);
    haystack.join("\n").to_lowercase()
}
