//! What rules of retention leave over: as a plan, as counts, and entry by entry.

use jiff::Timestamp;

use super::{
    HistoryReader,
    tolerant::{ReadResult, TolerantConnection},
};
use crate::{
    domain::{
        history::{
            entry::EntryId,
            removal::{RemovalOrder, RemovalPreview},
            request_log::ExchangeId,
        },
        settings::retention::{RetentionBound, RetentionRule, RetentionScope},
    },
    store::{
        error::is_damage,
        exchanges, log_bound,
        removal::{MARKED, MinterCalls, NEEDED, RemovalPlan, UNDER_WAY},
    },
};

/// The size of an entry in bytes, without its calls: the texts of its row, and what its numbers and its places in the
/// indexes take at least.
const ENTRY_BYTES: &str = "64 + octet_length(haystack) + octet_length(note) + octet_length(tags) + \
     coalesce(octet_length(token_id), 0) + coalesce(octet_length(expects), 0) + coalesce(octet_length(judgement), 0)";

impl HistoryReader {
    /// Works out which entries are to go at this moment.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn plan_removal(&self, order: &RemovalOrder, now: Timestamp) -> ReadResult<RemovalPlan> {
        let mut parts = Vec::new();
        for rule in &order.rules {
            let scope = scope_sql(rule.scope, &order.rules);
            let bound = match rule.bound {
                RetentionBound::Last(count) => format!("id <= {}", self.history.nth_newest(&scope, count)?),
                RetentionBound::Days(days) => {
                    let millis = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(86_400_000);
                    format!("started_ms < {}", now.as_millisecond().saturating_sub(millis))
                }
            };
            parts.push(format!("{scope} AND {bound}"));
        }
        let newest = self.history.count_of("SELECT coalesce(max(id), 0) FROM entries")?;
        let any = if parts.is_empty() { "FALSE".to_owned() } else { parts.join(" OR ") };
        Ok(RemovalPlan { unkept: format!("id <= {newest} AND ({any})"), takes_marked: order.takes_marked })
    }

    /// Counts what would go by a plan.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn preview_removal(&self, plan: &RemovalPlan, now: Timestamp) -> ReadResult<RemovalPreview> {
        self.history.at_once(|| {
            let mut preview = self.history.entries_to_go(plan)?;
            let needed =
                MinterCalls::at(&self.history.connection, now).map_err(|error| self.history.store_error(&error))?;
            (preview.calls, preview.answers_kept) = self.history.calls_to_go(plan, needed, &mut preview.bytes)?;
            let unkept = format!("SELECT count(*) FROM entries WHERE deleted_ms IS NULL AND ({})", plan.unkept);
            preview.under_way = self.history.count_of(&format!("{unkept} AND {UNDER_WAY}"))?;
            if !plan.takes_marked {
                let marked = format!("{unkept} AND {MARKED} AND NOT {UNDER_WAY}");
                preview.marked = self.history.count_of(&marked)?;
            }
            Ok(preview)
        })
    }

    /// The next entries that go by a plan, oldest first, so many at most.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn entries_to_remove(&self, plan: &RemovalPlan, after: EntryId, most: usize) -> ReadResult<Vec<EntryId>> {
        let sql = format!("SELECT id FROM entries WHERE id > ?1 AND {} ORDER BY id LIMIT {most}", plan.condition());
        let ids = self.history.all(&sql, [after.0], |row| row.get(0).map(EntryId));
        ids.map_err(|error| self.history.store_error(&error))
    }

    /// The next calls that are kept for the minter alone, oldest first, so many at most.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn minter_calls(&self, after: ExchangeId, most: usize) -> ReadResult<Vec<ExchangeId>> {
        let sql = format!("{MINTER_CALLS} LIMIT {most}");
        let ids = self.history.all(&sql, [after.0], |row| row.get(0).map(ExchangeId));
        ids.map_err(|error| self.history.store_error(&error))
    }

    /// How often entries were removed for good, by whatever process: a list from before the last time shows some that are
    /// gone.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn removals(&self) -> ReadResult<i64> {
        let sql = "SELECT coalesce((SELECT value FROM counters WHERE name = 'removals'), 0)";
        match self.history.number(sql, Vec::new()) {
            Err(error) if is_damage(&error) => {
                self.history.damage.borrow_mut().note_table("the table of counters");
                Ok(0)
            }
            removals => removals.map_err(|error| self.history.store_error(&error)),
        }
    }
}

const MINTER_CALLS: &str =
    "SELECT id FROM exchanges INDEXED BY exchanges_for_minter WHERE for_minter = 1 AND id > ?1 ORDER BY id";

/// The entries of a part, without those of a smaller part that has a rule of its own.
fn scope_sql(scope: RetentionScope, rules: &[RetentionRule]) -> String {
    let smaller = rules.iter().filter(|rule| rule.scope > scope).map(|rule| rule.scope);
    let but_not = smaller.map(|smaller| format!(" AND NOT {}", part_sql(smaller)));
    part_sql(scope) + &but_not.collect::<String>()
}

fn part_sql(scope: RetentionScope) -> String {
    match scope {
        RetentionScope::Everything => "TRUE".to_owned(),
        RetentionScope::Target(target) => format!("(target = '{}')", target.as_str()),
        RetentionScope::Profile(profile) => format!("(profile IS {})", profile.0),
    }
}

impl TolerantConnection {
    /// The number of the newest entry of a part that is older than so many of it; 0 where there is none.
    fn nth_newest(&self, scope: &str, count: u64) -> ReadResult<u64> {
        let sql = format!(
            "SELECT coalesce((SELECT id FROM entries WHERE deleted_ms IS NULL AND {scope} ORDER BY id DESC \
             LIMIT 1 OFFSET {count}), 0)"
        );
        self.count_of(&sql)
    }

    fn count_of(&self, sql: &str) -> ReadResult<u64> {
        let count = self.number(sql, Vec::new()).map_err(|error| self.store_error(&error))?;
        Ok(count.unsigned_abs())
    }

    fn entries_to_go(&self, plan: &RemovalPlan) -> ReadResult<RemovalPreview> {
        let sql = format!(
            "SELECT count(*), min(started_ms), max(started_ms), coalesce(sum({ENTRY_BYTES}), 0) FROM entries WHERE {}",
            plan.condition()
        );
        let moment = |millis: Option<i64>| millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
        let read = self.connection.prepare_cached(&sql).and_then(|mut query| {
            query.query_row([], |row| {
                Ok(RemovalPreview {
                    entries: row.get::<_, i64>(0)?.unsigned_abs(),
                    oldest: moment(row.get(1)?),
                    newest: moment(row.get(2)?),
                    bytes: row.get::<_, i64>(3)?.unsigned_abs(),
                    ..RemovalPreview::default()
                })
            })
        });
        read.map_err(|error| self.store_error(&error))
    }

    /// The calls that go with the entries of a plan, and those that are kept for the minter; adds the bytes of the former.
    fn calls_to_go(&self, plan: &RemovalPlan, needed: MinterCalls, bytes: &mut u64) -> ReadResult<(u64, u64)> {
        let sql = format!(
            "SELECT count(*), coalesce(sum(is_needed), 0), coalesce(sum(iif(is_needed, 0, bytes)), 0) FROM \
             (SELECT {NEEDED} AS is_needed, {} AS bytes FROM exchanges WHERE {})",
            log_bound::CALL_BYTES,
            exchanges::of_entries(&format!("SELECT id FROM entries WHERE {}", plan.condition()))
        );
        let read = self.connection.prepare_cached(&sql).and_then(|mut query| {
            query.query_row(needed.values(), |row| {
                let [all, kept, freed] = [row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?].map(i64::unsigned_abs);
                Ok((all - kept, kept, freed))
            })
        });
        let (calls, kept, freed) = read.map_err(|error| self.store_error(&error))?;
        *bytes += freed;
        Ok((calls, kept))
    }
}
