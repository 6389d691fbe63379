//! Entries that go for good because no rule of retention keeps them, some at a time, each time in one commit.
//!
//! An entry takes its calls with it, those of the request log that are about its token too. Two kinds of calls stay, for
//! the minter alone: the one whose answer is a token that was not reset, and one whose answer an idempotency key still
//! stands for. Of these the parameters and headers of the request go, the answer stays, and they are in no list any more ([`MinterCalls`]). They go in their turn when
//! the minter needs them no more, by the end of the key's day or by a reset.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    entries,
    error::JobError,
    exchanges,
    key_index::MOST_ANSWERS,
    packed::{CallParts, UnpackedCall, pack_call},
    write_context::WriteContext,
};
use crate::{
    domain::history::{entry::EntryId, removal::RemovalReport, request_log::ExchangeId},
    minter::ledger::KEY_KEPT_SECS,
};

/// Which entries are to go: made by [`super::HistoryReader::plan_removal`], and asked again of each entry when it goes.
/// Entries that are made later are none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovalPlan {
    /// What no rule keeps, as a condition on `entries`: of numbers and of words of the program alone.
    pub(super) unkept: String,
    pub(super) takes_marked: bool,
}

/// Entries whose call is on its way, or whose run may go on.
pub(super) const UNDER_WAY: &str = "(run IS NOT NULL OR status = 'pending' OR EXISTS (SELECT 1 FROM run_rows JOIN runs \
     ON runs.id = run_rows.run WHERE run_rows.entry = entries.id AND runs.state <> 'finished'))";
/// Entries that a person or a run marked.
pub(super) const MARKED: &str =
    "(note <> '' OR tags <> '[]' OR EXISTS (SELECT 1 FROM run_rows WHERE run_rows.entry = entries.id))";

impl RemovalPlan {
    /// The entries that go, as a condition.
    pub(super) fn condition(&self) -> String {
        let marked = if self.takes_marked { String::new() } else { format!(" AND NOT {MARKED}") };
        format!("deleted_ms IS NULL AND ({}) AND NOT {UNDER_WAY}{marked}", self.unkept)
    }
}

/// Which calls the minter needs, at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct MinterCalls {
    /// Keys of calls that began before this moment, in milliseconds, are forgotten.
    keys_after_ms: i64,
    /// So are keys of calls up to this number.
    keys_after: i64,
}

/// A condition on `exchanges`, its two values those of [`MinterCalls::values`].
pub(super) const NEEDED: &str = "(id > coalesce((SELECT void FROM worlds WHERE name = exchanges.world), id) AND (token IS NOT NULL \
     OR record IS NOT NULL AND started_ms > ?1 AND id > ?2) \
     OR EXISTS (SELECT 1 FROM answers WHERE answers.exchange = exchanges.id))";

impl MinterCalls {
    pub(super) fn at(connection: &Connection, now: Timestamp) -> rusqlite::Result<Self> {
        let last = "SELECT coalesce(max(id), 0) FROM exchanges";
        let last: i64 = connection.prepare_cached(last)?.query_row([], |row| row.get(0))?;
        Ok(Self { keys_after_ms: now.as_millisecond() - 1000 * KEY_KEPT_SECS, keys_after: last - MOST_ANSWERS })
    }

    pub(super) fn values(self) -> (i64, i64) {
        (self.keys_after_ms, self.keys_after)
    }
}

impl WriteContext {
    /// Removes those of these entries that are still to go.
    pub(super) fn remove_entries(
        &mut self,
        ids: &[EntryId],
        plan: &RemovalPlan,
        now: Timestamp,
    ) -> Result<RemovalReport, JobError> {
        let needed = MinterCalls::at(&self.connection, now)?;
        let mut report = RemovalReport::default();
        let is_to_go = format!("SELECT 1 FROM entries WHERE id = ?1 AND {}", plan.condition());
        for id in ids {
            if !self.connection.prepare_cached(&is_to_go)?.exists([id.0])? {
                continue;
            }
            let calls = format!("SELECT count(*) FROM exchanges WHERE {}", exchanges::of_entries("?1"));
            let calls: i64 = self.connection.prepare_cached(&calls)?.query_row([id.0], |row| row.get(0))?;
            let kept = keep_for_minter(&self.connection, *id, needed)?;
            // Those of its calls that are left go with it.
            self.connection.prepare_cached("DELETE FROM entries WHERE id = ?1")?.execute([id.0])?;
            report.add(RemovalReport { entries: 1, calls: calls.unsigned_abs() - kept, answers_kept: kept });
        }
        if report.entries > 0 {
            let revision = self.next_revision();
            entries::write_revision(&self.connection, revision)?;
            let told = "UPDATE counters SET value = value + 1 WHERE name = 'removals'";
            self.connection.prepare_cached(told)?.execute([])?;
        }
        Ok(report)
    }

    pub(super) fn remove_minter_calls(&mut self, ids: &[ExchangeId], now: Timestamp) -> Result<u64, JobError> {
        let (after_ms, after) = MinterCalls::at(&self.connection, now)?.values();
        let sql = format!("DELETE FROM exchanges WHERE id = ?3 AND for_minter IS NOT NULL AND NOT {NEEDED}");
        let mut delete = self.connection.prepare_cached(&sql)?;
        let mut removed = 0;
        for id in ids {
            removed += delete.execute((after_ms, after, id.0))? as u64;
        }
        Ok(removed)
    }
}

/// Takes the calls of an entry that the minter needs out of the history, with nothing of their requests; gives how many.
/// A call that cannot be read goes with its entry: the minter could not read it either.
fn keep_for_minter(connection: &Connection, entry: EntryId, needed: MinterCalls) -> rusqlite::Result<u64> {
    let (after_ms, after) = needed.values();
    let calls: Vec<(i64, Option<Vec<u8>>)> = connection
        .prepare_cached(&format!(
            "SELECT id, packed FROM exchanges WHERE {} AND {NEEDED}",
            exchanges::of_entries("?3")
        ))?
        .query_map((after_ms, after, entry.0), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut kept = 0;
    for (id, packed) in calls {
        let packed = match packed {
            // A call of an older version has its answer in columns.
            None => None,
            Some(packed) => match UnpackedCall::of(&packed) {
                Some(call) => Some(answer_alone(&call)),
                None => continue,
            },
        };
        connection.prepare_cached("DELETE FROM log_calls WHERE exchange = ?1")?.execute([id])?;
        // Both lists are in `packed`, where there is one.
        connection
            .prepare_cached(
                "UPDATE exchanges SET for_minter = 1, entry = NULL, took_micros = NULL, client = NULL, fault = NULL, \
                 log_text = NULL, packed = ?2, params = iif(?2 IS NULL, '[]', ''), headers = iif(?2 IS NULL, '[]', '') \
                 WHERE id = ?1",
            )?
            .execute((id, packed))?;
        kept += 1;
    }
    Ok(kept)
}

/// A call without its request.
fn answer_alone(call: &UnpackedCall) -> Vec<u8> {
    let token_state = Some(call.token_state()).filter(|state| !state.is_empty());
    let answer = call.answer_headers().map(|headers| (headers, call.body()));
    pack_call(&CallParts { params: "[]", headers: "[]", answer, token_state })
}
