//! Runs in the database: a run, its rows before their calls leave, and what came of them.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::{
    edits,
    error::{JobError, StoreError},
    rows, session,
    write_context::WriteContext,
};
use crate::domain::{
    history::{edit::EntryEdit, entry::EntryId},
    mask,
    run::{
        kept_row::KeptSource,
        record::{NewRun, RunId, RunState},
        row::{PlannedRow, RunRow},
        verdict::{RowVerdict, StepResult, results_to_json},
    },
};

/// The row of a run that a new entry is of, and what the entry takes from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryOfRow {
    pub run: RunId,
    pub row: u64,
    pub note: String,
    pub tags: Vec<String>,
}

/// Marks the runs as stopped whose session ended without giving them back.
pub(super) fn stop_abandoned(connection: &mut Connection, data: &Path) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let sessions: Vec<String> = transaction
        .prepare("SELECT DISTINCT session FROM runs WHERE session IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for name in sessions.iter().filter(|name| !session::is_alive(data, name)) {
        let stopped = RunState::Stopped.as_str();
        transaction.execute("UPDATE runs SET state = ?2, session = NULL WHERE session = ?1", (name, stopped))?;
    }
    transaction.commit()
}

/// Tags as an edit of the history keeps them.
pub(super) fn masked_tags(tags: &[String]) -> Vec<String> {
    let edit = EntryEdit::Tag { ids: Vec::new(), add: tags.to_vec(), remove: Vec::new() };
    match edits::masked(edit) {
        EntryEdit::Tag { add, .. } => add,
        _ => Vec::new(),
    }
}

/// What of a run stands in one column, for nothing is looked up by it.
#[derive(Serialize, Deserialize)]
pub(super) struct RunSettings {
    pub(super) source: String,
    #[serde(default)]
    pub(super) last_step: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base_url: Option<String>,
}

impl WriteContext {
    pub(super) fn begin_run(&mut self, run: &NewRun) -> Result<RunId, JobError> {
        let settings = RunSettings {
            source: mask::text(&run.source),
            last_step: run.last_step.as_str().to_owned(),
            rate: run.rate,
            base_url: run.base_url.as_deref().map(mask::text),
        };
        let settings = serde_json::to_string(&settings).expect("texts and numbers are JSON");
        self.connection
            .prepare_cached(
                "INSERT INTO runs (uid, name, list_hash, target, profile, created_ms, state, settings, rows, session) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                run.uid,
                mask::text(&run.name),
                run.list_hash,
                run.target.as_str(),
                run.profile.map(|profile| profile.0),
                run.created.as_millisecond(),
                RunState::Running.as_str(),
                settings,
                run.rows.cast_signed(),
                self.session,
            ])?;
        Ok(RunId(self.connection.last_insert_rowid()))
    }

    pub(super) fn rename_run(&mut self, run: RunId, name: &str) -> Result<(), JobError> {
        let mut rename = self.connection.prepare_cached("UPDATE runs SET name = ?2 WHERE id = ?1")?;
        if rename.execute((run.0, mask::text(name)))? == 0 { Err(StoreError::NoSuchRun.into()) } else { Ok(()) }
    }

    pub(super) fn remove_run_rows(&mut self, run: RunId, most: u64) -> Result<u64, JobError> {
        self.check_at_rest(run)?;
        let sql = "DELETE FROM run_rows WHERE run = ?1 AND number > \
                   (SELECT coalesce(max(number), 0) - ?2 FROM run_rows WHERE run = ?1)";
        Ok(self.connection.prepare_cached(sql)?.execute((run.0, most.cast_signed()))? as u64)
    }

    pub(super) fn remove_run(&mut self, run: RunId) -> Result<(), JobError> {
        self.check_at_rest(run)?;
        self.connection.prepare_cached("DELETE FROM runs WHERE id = ?1")?.execute([run.0])?;
        Ok(())
    }

    /// Refuses a run whose calls are made by somebody who is alive.
    fn check_at_rest(&self, run: RunId) -> Result<(), JobError> {
        let Some(session) = self.session_of(run)? else { return Ok(()) };
        let folder = self.file.as_deref().and_then(Path::parent);
        if session == self.session || folder.is_some_and(|folder| session::is_alive(folder, &session)) {
            return Err(StoreError::RunInUse { run: run.0 }.into());
        }
        Ok(())
    }

    /// The session that makes the calls of a run.
    fn session_of(&self, run: RunId) -> Result<Option<String>, JobError> {
        let mut query = self.connection.prepare_cached("SELECT session FROM runs WHERE id = ?1")?;
        Ok(query.query_row([run.0], |row| row.get(0)).optional()?.ok_or(StoreError::NoSuchRun)?)
    }

    pub(super) fn take_run(&mut self, run: RunId) -> Result<(), JobError> {
        let other = self.session_of(run)?.filter(|session| *session != self.session);
        let folder = self.file.as_deref().and_then(Path::parent);
        if let (Some(other), Some(folder)) = (other, folder) {
            if session::is_alive(folder, &other) {
                return Err(StoreError::RunInUse { run: run.0 }.into());
            }
            // It may have ended after this store was opened.
            for entry in session::pending_of(&self.connection, &other)? {
                self.update_entry(&entry, None)?;
            }
        }
        self.connection
            .prepare_cached("UPDATE runs SET session = ?2, state = ?3, finished_ms = NULL WHERE id = ?1")?
            .execute(params![run.0, self.session, RunState::Running.as_str()])?;
        Ok(())
    }

    pub(super) fn link_entry(&mut self, of: &EntryOfRow, entry: Option<EntryId>) -> Result<(), JobError> {
        let Some(entry) = entry else { return Ok(()) };
        self.connection.prepare_cached("UPDATE run_rows SET entry = ?3 WHERE run = ?1 AND number = ?2")?.execute((
            of.run.0,
            of.row.cast_signed(),
            entry.0,
        ))?;
        Ok(())
    }

    pub(super) fn end_row(
        &mut self,
        run: RunId,
        row: u64,
        verdict: &RowVerdict,
        results: &[StepResult],
    ) -> Result<(), JobError> {
        let before: Option<String> = self
            .connection
            .prepare_cached("SELECT verdict FROM run_rows WHERE run = ?1 AND number = ?2")?
            .query_row((run.0, row.cast_signed()), |row| row.get(0))
            .optional()?
            .ok_or(StoreError::NoSuchRun)?;
        self.connection
            .prepare_cached(
                "UPDATE run_rows SET results = ?3, verdict = ?4, verdict_json = ?5 WHERE run = ?1 AND number = ?2",
            )?
            .execute((
                run.0,
                row.cast_signed(),
                results_to_json(results),
                verdict.as_str(),
                mask::text(&verdict.to_json()),
            ))?;
        self.connection
            .prepare_cached(
                "UPDATE runs SET as_expected = as_expected + (?2 = 'as_expected') - (?3 = 'as_expected'), \
                 differs = differs + (?2 = 'differs') - (?3 = 'differs'), \
                 unanswered = unanswered + (?2 = 'unanswered') - (?3 = 'unanswered') WHERE id = ?1",
            )?
            .execute((run.0, verdict.as_str(), before.unwrap_or_default()))?;
        Ok(())
    }

    pub(super) fn end_run(&mut self, run: RunId, now: Timestamp) -> Result<RunState, JobError> {
        let is_finished: bool = self
            .connection
            .prepare_cached("SELECT as_expected + differs >= rows FROM runs WHERE id = ?1")?
            .query_row([run.0], |row| row.get(0))
            .optional()?
            .ok_or(StoreError::NoSuchRun)?;
        let state = if is_finished { RunState::Finished } else { RunState::Stopped };
        self.connection
            .prepare_cached("UPDATE runs SET state = ?2, finished_ms = ?3, session = NULL WHERE id = ?1")?
            .execute((run.0, state.as_str(), is_finished.then(|| now.as_millisecond())))?;
        Ok(state)
    }
}

/// A row as it may be written.
pub(super) struct MaskedRow {
    number: u64,
    card: String,
    variant: String,
    source: String,
    last_step: &'static str,
    amount: String,
    currency: String,
    expects: String,
    is_predicted: bool,
    note: String,
    tags: String,
}

impl MaskedRow {
    pub(super) fn of((number, row, planned): (u64, &RunRow, &PlannedRow)) -> Self {
        Self {
            number,
            card: row.card(),
            variant: mask::text(&row.variant),
            source: KeptSource::of(&row.source).to_json(),
            last_step: row.last_step.as_str(),
            amount: mask::text(&row.amount),
            currency: mask::text(&row.currency),
            expects: mask::text(&planned.expects.to_json().to_string()),
            is_predicted: row.expects.is_none(),
            note: mask::text(&row.note),
            tags: rows::tags_json(&masked_tags(&row.tags)),
        }
    }

    pub(super) fn insert(&self, connection: &Connection, run: RunId) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO run_rows (run, number, card, variant, source, last_step, amount, currency, expects, \
                 is_predicted, note, tags) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                run.0,
                self.number.cast_signed(),
                self.card,
                self.variant,
                self.source,
                self.last_step,
                self.amount,
                self.currency,
                self.expects,
                self.is_predicted,
                self.note,
                self.tags,
            ])
            .map(drop)
    }
}
