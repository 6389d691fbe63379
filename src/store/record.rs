//! What is written of a call: first that it leaves, then what came of it.
//!
//! ```text
//! answer (local)    minter ─► entry, exchange               one transaction
//! the real API      journal │ on its way │ finish           Pending │ Unused, Used, Failed, Unknown
//!                            └─ the run dies ─► Interrupted  at the next opening
//! ask again         Unknown, Interrupted ─► Pending          the same exchange, the same idempotency key
//! ```

use std::{
    ops::Range,
    path::Path,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::{
    error::{Failed, StoreError},
    ledger::{SqlLedger, keep_answer},
    log_bound,
    rows::{self, StoredExchange},
    runs::{self, DeadRun},
    schema::{self, Erasing},
    writer::Work,
};
use crate::{
    domain::{
        call::{
            api::{ApiRequest, ApiResponse, Exchange, Failure, MaskedRequest, Target, TransportError},
            error::ErrorView,
            redaction::{KeptAnswer, Redaction},
            token::Token,
            usage::{self, TokenUse, Verdict},
        },
        card::{digits::only_digits, number::CardNumber},
        history::{
            entry::{Entry, EntryId, Status},
            request_log::{ExchangeId, REPLAYED_HEADER, client_name},
        },
        mask::keyed_hash::IdentityKey,
        rules::expectation::{Expectation, Judgement},
        settings::profile::ProfileId,
    },
    minter::{Ledger, LedgerError},
};

/// The code of an entry whose answer is a success without a token in it.
const NO_TOKEN: &str = "no_token";

/// A call as its sender has it: not masked yet.
#[derive(Clone, Debug)]
pub struct Call {
    pub target: Target,
    pub started: Timestamp,
    pub request: ApiRequest,
    /// Of a token creation: what should come of it.
    pub expects: Option<Expectation>,
    /// At the real API: the profile whose settings and key it goes with.
    pub profile: Option<ProfileId>,
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

/// A call as it may be written. Made on the thread of the caller: masking is no work for the one thread that writes.
pub(super) struct MaskedCall {
    redaction: Redaction,
    /// The connected account that it is for, as it is stored.
    account: Option<String>,
    target: Target,
    started: Timestamp,
    request: MaskedRequest,
    params: String,
    headers: String,
    /// Of a token creation: its line of the history, without a number yet.
    entry: Option<Entry>,
}

impl MaskedCall {
    pub(super) fn of(call: Call, identities: &IdentityKey) -> Self {
        let entry = call.request.makes_token().then(|| new_entry(&call));
        let Call { target, started, request: sent, .. } = call;
        let (redaction, request) = Redaction::with_request(&sent);
        let account = sent.header("Stripe-Account").map(|account| identities.stored(account));
        let (params, headers) = (rows::params_json(&request), rows::pairs_json(&request.headers));
        Self { redaction, account, target, started, request, params, headers, entry }
    }

    /// The exchange as the history gives it back: its times are as precise as their columns. The answer is the minter's
    /// or a fault's, of which nothing was replaced after it was sent.
    fn ended(self, took: Duration, outcome: Result<ApiResponse, Failure>) -> Exchange {
        let (target, started) = (self.target, moment_kept(self.started));
        Exchange { target, started, took: time_kept(took), request: self.request, outcome, replaced: Vec::new() }
    }
}

impl Work {
    pub(super) fn answer(&mut self, call: MaskedCall, answer: Answer) -> Result<Recorded, Failed> {
        self.carry_out(call, Instant::now(), answer).map(|(recorded, _)| recorded)
    }

    pub(super) fn serve(&mut self, call: MaskedCall, arrived: Instant, answer: Answer) -> Result<ApiResponse, Failed> {
        self.carry_out(call, arrived, answer).map(|(_, response)| response)
    }

    /// The call as written, and the answer as it is sent.
    fn carry_out(
        &mut self,
        mut call: MaskedCall,
        begun: Instant,
        answer: Answer,
    ) -> Result<(Recorded, ApiResponse), Failed> {
        let mut ledger = SqlLedger::new(&self.connection, &self.identities, &call.redaction, call.account.as_deref());
        let response = answer(&mut ledger)?;
        let rest = ledger.finish()?;
        let response = call.redaction.local_answer(response);
        let took = begun.elapsed();
        let outcome = Ok(call.redaction.kept_of_sent(&response));
        // An answer that was given before is no new entry: the call joins the timeline of the first.
        let repeated = rest.recalled.filter(|_| response.header(REPLAYED_HEADER).is_some());
        let created = call.entry.take().filter(|_| repeated.is_none());
        let is_creation = created.is_some();
        let (about, changed) = match (repeated, created) {
            (Some(entry), _) => (Some(entry), self.entries("id = ?1", [entry.0])?.pop()),
            (None, Some(entry)) => {
                let entry = self.insert_entry(settled(entry, &call.request, took, &outcome, false), None)?;
                (Some(entry.id), Some(entry))
            }
            (None, None) => self.settle_call(&call.request, call.target, outcome.as_ref().ok())?,
        };
        let id = self.insert_exchange(about, is_creation, &call, Some((took, &outcome)))?;
        if let Some(record) = &rest.remembered {
            keep_answer(&self.connection, record, id)?;
        }
        if repeated.is_some() || changed.is_none() {
            self.log_call(id)?;
        }
        Ok((Recorded { entry: changed, exchange: call.ended(took, outcome) }, response))
    }

    /// Writes down a call that neither target answered: what a fault made of it on purpose.
    pub(super) fn note(
        &mut self,
        call: MaskedCall,
        took: Duration,
        outcome: Result<ApiResponse, Failure>,
    ) -> Result<Recorded, Failed> {
        let outcome = outcome.map(|response| call.redaction.kept_of_sent(&call.redaction.local_answer(response)));
        let about = usage::token_of(&call.request).map(|token| self.entries_of(token, call.target)).transpose()?;
        let about = about.and_then(|entries| entries.last().map(|entry| entry.id));
        let id = self.insert_exchange(about, false, &call, Some((took, &outcome)))?;
        self.log_call(id)?;
        Ok(Recorded { entry: None, exchange: call.ended(took, outcome) })
    }

    /// Writes the call without an outcome, and a pending entry if it makes a token.
    pub(super) fn journal(&mut self, mut call: MaskedCall) -> Result<Journaled, Failed> {
        let run = self.run.clone();
        let entry = call.entry.take().map(|entry| self.insert_entry(entry, Some(&run))).transpose()?;
        let id = entry.as_ref().map(|entry| entry.id);
        let exchange = self.insert_exchange(id, id.is_some(), &call, None)?;
        self.redactions.insert(exchange, call.redaction);
        Ok(Journaled { exchange, entry })
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
        (entry.status, entry.code, entry.took, entry.judgement) = (Status::Pending, None, None, None);
        save_entry(&self.connection, &entry, Some(&self.run))?;
        Ok(Journaled { exchange, entry: Some(entry) })
    }

    pub(super) fn finish(
        &mut self,
        id: ExchangeId,
        took: Duration,
        outcome: &Result<ApiResponse, TransportError>,
    ) -> Result<Recorded, Failed> {
        let nobody = Redaction::default();
        let redaction = self.redactions.get(&id).unwrap_or(&nobody);
        let may_have_happened = outcome.as_ref().is_err_and(TransportError::may_have_happened);
        let masked = match outcome {
            Ok(response) => Ok(redaction.foreign_answer(response)),
            Err(error) => Err((redaction.failure(error), may_have_happened)),
        };
        let recorded = self.settle(id, took, masked)?;
        // A call that may be asked again will have another answer to mask.
        if !(may_have_happened && recorded.entry.is_some()) {
            self.settled.push(id);
        }
        Ok(recorded)
    }

    pub(super) fn reset(&mut self) -> Result<u64, Failed> {
        // Test suites reset often, and what the objects hold is in the history too: to write over a million of them
        // would take minutes.
        schema::set_erasing(&self.connection, Erasing::WrittenPages)?;
        let dropped = self
            .connection
            .execute("DELETE FROM answers", [])
            .and_then(|_| self.connection.execute("DELETE FROM objects", []));
        schema::set_erasing(&self.connection, Erasing::All)?;
        Ok(dropped? as u64)
    }

    /// Writes a call, with what came of it once that is known.
    fn insert_exchange(
        &self,
        entry: Option<EntryId>,
        is_creation: bool,
        call: &MaskedCall,
        end: Option<(Duration, &Result<ApiResponse, Failure>)>,
    ) -> rusqlite::Result<ExchangeId> {
        let kept = end.map(|(_, outcome)| log_bound::kept(call.request.method, outcome));
        let outcome = kept.as_deref().map(Outcome::of).unwrap_or_default();
        self.connection
            .prepare_cached(
                "INSERT INTO exchanges (entry, is_creation, target, started_ms, method, path, params, headers, \
                 took_micros, http_status, answer_headers, answer_body, failure_kind, failure_message, failure_text, \
                 account, has_marks) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 1)",
            )?
            .execute((
                entry.map(|entry| entry.0),
                is_creation,
                call.target.as_str(),
                call.started.as_millisecond(),
                call.request.method.as_str(),
                &call.request.path,
                &call.params,
                &call.headers,
                end.map(|(took, _)| rows::micros(took)),
                outcome.http_status,
                outcome.headers,
                outcome.body,
                outcome.failure_kind,
                outcome.failure_message,
                outcome.failure_text,
                &call.account,
            ))?;
        Ok(ExchangeId(self.connection.last_insert_rowid()))
    }

    /// Writes a new entry and gives it its number. `run` is the run that waits for its answer.
    fn insert_entry(&self, entry: Entry, run: Option<&str>) -> rusqlite::Result<Entry> {
        write_entry(&self.connection, INSERT_ENTRY, &entry, run)?;
        Ok(Entry { id: EntryId(self.connection.last_insert_rowid()), ..entry })
    }

    /// Writes what came of a call that is in the journal. The outcome is masked: an answer says at which places of its
    /// body, a failure whether the call may have happened all the same.
    fn settle(
        &mut self,
        id: ExchangeId,
        took: Duration,
        outcome: Result<KeptAnswer, (Failure, bool)>,
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
        let took = time_kept(took);
        let may_have_happened = outcome.as_ref().is_err_and(|(_, may_have_happened)| *may_have_happened);
        let (outcome, replaced) = match outcome {
            Ok(KeptAnswer { answer, replaced }) => (Ok(answer), replaced),
            Err((failure, _)) => (Err(failure), Vec::new()),
        };
        let (about, changed) = match stored.entry {
            Some(id) if stored.is_creation => {
                let entry = self.entries("id = ?1", [id.0])?.pop().ok_or(StoreError::NoSuchCall)?;
                let entry = settled(entry, &stored.request, took, &outcome, may_have_happened);
                save_entry(&self.connection, &entry, None)?;
                (Some(id), Some(entry))
            }
            _ => self.settle_call(&stored.request, stored.target, outcome.as_ref().ok())?,
        };
        let kept = log_bound::kept(stored.request.method, &outcome);
        // Of an answer that is kept cut, what was replaced behind the cut is gone too.
        let length = kept.as_ref().as_ref().map_or(0, |answer| answer.body.len());
        let kept_places: Vec<Range<usize>> = replaced.iter().filter(|place| place.end <= length).cloned().collect();
        self.write_outcome(id, about, took, &kept, &kept_places)?;
        drop(kept);
        if changed.is_some() {
            self.keep_call(id)?;
        } else {
            self.log_call(id)?;
        }
        let exchange = StoredExchange { took: Some(took), outcome: Some(outcome), replaced, ..stored }
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
        replaced: &[Range<usize>],
    ) -> rusqlite::Result<()> {
        let outcome = Outcome::of(outcome);
        self.connection
            .prepare_cached(
                "UPDATE exchanges SET entry = ?2, took_micros = ?3, http_status = ?4, answer_headers = ?5, \
                 answer_body = ?6, failure_kind = ?7, failure_message = ?8, failure_text = ?9, answer_marks = ?10 \
                 WHERE id = ?1",
            )?
            .execute((
                id.0,
                about.map(|entry| entry.0),
                rows::micros(took),
                outcome.http_status,
                outcome.headers,
                outcome.body,
                outcome.failure_kind,
                outcome.failure_message,
                outcome.failure_text,
                rows::places_json(replaced),
            ))
            .map(drop)
    }

    /// The entry whose timeline a call belongs to, and the same entry if the call's answer changed it: a token turns used
    /// here, whoever used it up.
    fn settle_call(
        &self,
        request: &MaskedRequest,
        target: Target,
        response: Option<&ApiResponse>,
    ) -> rusqlite::Result<(Option<EntryId>, Option<Entry>)> {
        let Some(TokenUse { token, verdict }) = usage::of_call(request, response) else {
            return Ok((None, None));
        };
        // The newest entry of a token shows the call, where several have it.
        let entries = self.entries_of(&token, target)?;
        let about = entries.last().map(|entry| entry.id);
        let Verdict::Used(by) = verdict else { return Ok((about, None)) };
        let mut changed = None;
        for mut entry in entries {
            let judged = judged(&entry, request, response);
            let is_known = entry.status == Status::Used && (entry.used_by.is_some() || by.is_none());
            if is_known && judged == entry.judgement {
                continue;
            }
            entry.judgement = judged;
            entry.status = Status::Used;
            if entry.used_by.is_none() && by.is_some() {
                entry.used_by.clone_from(&by);
                entry.used_client = Some(client_name(request.header("User-Agent")));
            }
            save_entry(&self.connection, &entry, None)?;
            changed = Some(entry);
        }
        Ok((about, changed))
    }

    /// The entries of a token, oldest first.
    fn entries_of(&self, token: &str, target: Target) -> rusqlite::Result<Vec<Entry>> {
        self.entries("token_id = ?1 AND target = ?2", (token, target.as_str()))
    }

    /// Oldest first.
    pub(super) fn entries(&self, which: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<Entry>> {
        self.connection
            .prepare_cached(&format!("SELECT {} FROM entries WHERE {which} ORDER BY id", rows::ENTRY))?
            .query_map(values, rows::entry)?
            .collect()
    }
}

/// The columns of an exchange that say what came of it.
#[derive(Default)]
struct Outcome<'a> {
    http_status: Option<u16>,
    headers: Option<String>,
    body: Option<&'a [u8]>,
    failure_kind: Option<&'a str>,
    failure_message: Option<&'a str>,
    failure_text: Option<&'a str>,
}

impl<'a> Outcome<'a> {
    fn of(outcome: &'a Result<ApiResponse, Failure>) -> Self {
        match outcome {
            Ok(answer) => Self {
                http_status: Some(answer.http_status),
                headers: Some(rows::pairs_json(&answer.headers)),
                body: Some(&answer.body),
                ..Self::default()
            },
            Err(failure) => Self {
                http_status: failure.http_status,
                failure_kind: Some(&failure.kind),
                failure_message: Some(&failure.message),
                failure_text: failure.text.as_deref(),
                ..Self::default()
            },
        }
    }
}

fn moment_kept(moment: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap_or(moment)
}

fn time_kept(time: Duration) -> Duration {
    Duration::from_micros(rows::micros(time).cast_unsigned())
}

/// The entry of a token creation that nothing came of yet. It has no number yet.
fn new_entry(call: &Call) -> Entry {
    let typed = only_digits(call.request.params.get("card[number]").unwrap_or_default());
    Entry {
        id: EntryId(0),
        status: Status::Pending,
        target: call.target,
        profile: call.profile,
        token_id: None,
        brand: CardNumber::parse(&typed).map(|number| number.brand().as_str().to_owned()),
        last4: typed.len().checked_sub(4).map(|start| typed[start..].to_owned()),
        code: None,
        used_by: None,
        used_client: None,
        note: String::new(),
        tags: Vec::new(),
        expects: call.expects.clone().map(Box::new),
        judgement: None,
        started: moment_kept(call.started),
        took: None,
    }
}

/// How an entry stands to what is expected of it, after this call.
fn judged(entry: &Entry, request: &MaskedRequest, response: Option<&ApiResponse>) -> Option<Box<Judgement>> {
    match (&entry.expects, response) {
        (Some(expects), Some(response)) => expects.judge(entry.judgement.as_deref(), request, response).map(Box::new),
        _ => entry.judgement.clone(),
    }
}

/// An entry with what came of its creation. A failure may have happened at Stripe all the same.
fn settled(
    mut entry: Entry,
    request: &MaskedRequest,
    took: Duration,
    outcome: &Result<ApiResponse, Failure>,
    may_have_happened: bool,
) -> Entry {
    entry.judgement = judged(&entry, request, outcome.as_ref().ok());
    entry.took = Some(time_kept(took));
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
        Err(failure) if may_have_happened => (Status::Unknown, Some(failure.kind.clone())),
        Err(failure) => (Status::Failed, Some(failure.kind.clone())),
    };
    entry
}

/// An entry that is lost, made anew from the call that made it and the calls of its timeline, oldest first. What a person
/// wrote on it is gone. Of a call without an answer nobody knows any more whether it was carried out.
pub(super) fn entry_of_calls(id: EntryId, creation: &StoredExchange, timeline: &[StoredExchange]) -> Entry {
    let digits = only_digits(creation.request.param("card[number]").unwrap_or_default());
    let entry = Entry {
        id,
        status: Status::Interrupted,
        target: creation.target,
        profile: None,
        token_id: None,
        brand: None,
        last4: digits.len().checked_sub(4).map(|start| digits[start..].to_owned()),
        code: None,
        used_by: None,
        used_client: None,
        note: String::new(),
        tags: Vec::new(),
        expects: None,
        judgement: None,
        started: creation.started,
        took: None,
    };
    let Some(outcome) = &creation.outcome else { return entry };
    let took = creation.took.unwrap_or_default();
    let mut entry = settled(entry, &creation.request, took, outcome, outcome.is_err());
    for call in timeline {
        let response = call.outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
        if let Some(TokenUse { verdict: Verdict::Used(by), .. }) = usage::of_call(&call.request, response) {
            entry.status = Status::Used;
            if entry.used_by.is_none() && by.is_some() {
                entry.used_by = by;
                entry.used_client = Some(client_name(call.request.header("User-Agent")));
            }
        }
    }
    entry
}

/// Writes an entry that has its number already.
pub(super) fn insert_numbered(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    write_entry(connection, INSERT_ENTRY, entry, None)
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
            .query_map([&name], |row| Ok(rows::entry(row).or_else(|_| rows::entry_in_parts(row)).ok()))?
            .collect::<rusqlite::Result<Vec<Option<Entry>>>>()?;
        // A row that is damaged stays as it is, and stops no opening.
        for entry in pending.into_iter().flatten() {
            let entry = Entry { status: Status::Interrupted, ..entry };
            tracing::info!(entry = entry.id.0, "a call was interrupted");
            save_entry(&transaction, &entry, None)?;
        }
        dead.push(run);
    }
    transaction.commit()?;
    Ok(dead)
}

pub(super) fn next_revision(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("UPDATE counters SET value = value + 1 WHERE name = 'revision' RETURNING value")?
        .query_row([], |row| row.get(0))
}

/// The columns that are written of an entry, in the order of the values in [`write_entry`]: that it was deleted is not
/// among them.
macro_rules! entry_columns {
    () => {
        "status, target, token_id, brand, last4, code, used_by, started_ms, took_micros, used_client, note, tags, \
         expects, judgement, profile, haystack, revision, run"
    };
}
macro_rules! entry_values {
    () => {
        "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19"
    };
}
/// The number that is bound first is 0: SQLite gives another.
const INSERT_ENTRY: &str = concat!(
    "INSERT INTO entries (id, ",
    entry_columns!(),
    ", uid) VALUES (nullif(?1, 0), ",
    entry_values!(),
    ", randomblob(16))"
);
const UPDATE_ENTRY: &str =
    concat!("UPDATE entries SET (", entry_columns!(), ") = (", entry_values!(), ") WHERE id = ?1");

/// Writes what is known of an entry that is there. `run` is the run that waits for its answer.
pub(super) fn save_entry(connection: &Connection, entry: &Entry, run: Option<&str>) -> rusqlite::Result<()> {
    write_entry(connection, UPDATE_ENTRY, entry, run)
}

fn write_entry(connection: &Connection, sql: &str, entry: &Entry, run: Option<&str>) -> rusqlite::Result<()> {
    let revision = next_revision(connection)?;
    connection
        .prepare_cached(sql)?
        .execute(params![
            entry.id.0,
            entry.status.as_str(),
            entry.target.as_str(),
            entry.token_id,
            entry.brand,
            entry.last4,
            entry.code,
            entry.used_by,
            entry.started.as_millisecond(),
            entry.took.map(rows::micros),
            entry.used_client,
            entry.note,
            rows::tags_json(&entry.tags),
            entry.expects.as_ref().map(|expects| expects.to_json().to_string()),
            entry.judgement.as_ref().map(|judgement| judgement.to_json().to_string()),
            entry.profile.map(|profile| profile.0),
            haystack(entry),
            revision,
            run,
        ])
        .map(drop)
}

/// What a search looks through. A line each, so that no word is found across two of them.
pub(super) fn haystack(entry: &Entry) -> String {
    let parts = [&entry.token_id, &entry.last4, &entry.brand, &entry.code, &entry.used_by];
    let mut haystack: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    haystack.extend([entry.status.as_str(), entry.target.as_str()]);
    let mut haystack = haystack.join("\n");
    if !entry.note.is_empty() {
        haystack = haystack + "\n" + &entry.note;
    }
    for tag in &entry.tags {
        haystack = haystack + "\n#" + tag;
    }
    if let Some(judgement) = &entry.judgement {
        haystack = haystack + "\n" + judgement.word();
    }
    haystack.to_lowercase()
}
