//! The bound of the request log: how many calls are kept, and how many bytes of them.
//!
//! Only calls that neither made nor changed an entry are bounded. A call that did, such as the charge that used a
//! token, is part of the history and stays with its entry. A call whose answer an idempotency key stands for stays for
//! a day, or until a million calls followed it, because a retry would be carried out twice without it. All other calls go, oldest first, those in a token's
//! timeline too: a program that asks for one token all night would fill the disk otherwise.
//!
//! All this is written once a commit. Every call that is entered drops a few old ones, found by their number, so that no
//! commit waits long for this.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use rusqlite::{Connection, OptionalExtension as _, Params};

use super::{error::is_damage, key_index::MOST_ANSWERS};
use crate::{
    domain::{
        call::api::{ApiResponse, CUT_HEADER, CallFailure, HttpMethod},
        history::request_log::ExchangeId,
        settings::preferences::LogSettings,
    },
    minter::ledger::KEY_KEPT_SECS,
};

/// The most calls that one call drops. More than one, so that a log that is too long gets shorter.
const MOST_DROPPED: i64 = 4;
/// How many calls from before the bound existed are entered with each call that is written.
const MOST_ENTERED: i64 = 16;
/// How many bytes of the answer to a GET are kept: a list of a hundred charges is longer, and can be asked for again.
pub(super) const LONGEST_READ_ANSWER: usize = 64 * 1024;

/// The size of a call in bytes, as it is kept; SQLite tells it without reading the long ones.
macro_rules! size {
    () => {
        "coalesce(octet_length(packed), 0) + octet_length(path) + octet_length(params) + octet_length(headers) + coalesce(octet_length(answer_headers), 0) \
         + coalesce(octet_length(answer_body), 0) + coalesce(octet_length(failure_message), 0) \
         + coalesce(octet_length(failure_text), 0)"
    };
}
/// The same, for whoever adds up what calls take.
pub(super) const CALL_BYTES: &str = size!();
const ENTER: &str = concat!(
    "INSERT OR IGNORE INTO log_calls (exchange, bytes) SELECT id, ",
    size!(),
    " FROM exchanges WHERE id = ?1 RETURNING bytes"
);
const WEIGH_AGAIN: &str =
    concat!("UPDATE log_calls SET bytes = (SELECT ", size!(), " FROM exchanges WHERE id = ?1) WHERE exchange = ?1");
const ENTER_OLD: &str = concat!(
    "INSERT OR IGNORE INTO log_calls (exchange, bytes) SELECT id, ",
    size!(),
    " FROM exchanges WHERE id BETWEEN ?1 AND ?2 AND is_creation = 0 AND entry IS NULL AND took_micros IS NOT NULL \
     RETURNING bytes"
);
const LEAVE: &str = "DELETE FROM log_calls WHERE exchange = ?1";
const COUNT: &str = "UPDATE log_size SET calls = calls + ?1, bytes = bytes + ?2 WHERE id = 1 \
     RETURNING calls, bytes, old_next, old_last";
const OLD_ENTERED: &str = "UPDATE log_size SET old_next = ?1 WHERE id = 1";
/// The oldest calls after one, with their sizes, and whether an idempotency key stands for them.
const CANDIDATES: &str = "SELECT exchange, bytes, EXISTS (SELECT 1 FROM answers WHERE answers.exchange = \
     log_calls.exchange) OR EXISTS (SELECT 1 FROM exchanges WHERE id = log_calls.exchange AND record IS NOT NULL \
     AND started_ms > ?4 AND id > ?5) FROM log_calls WHERE exchange > ?1 AND exchange <= ?2 ORDER BY exchange LIMIT ?3";
/// When a call is no longer remembered: a day before the newest one.
const LONG_AGO: &str = "SELECT started_ms - ?2 FROM exchanges WHERE id = ?1";
const DROP: &str = "DELETE FROM exchanges WHERE id = ?1";

/// How much is kept, as the store's handles set it and its writer reads it.
#[derive(Debug)]
pub(super) struct LogLimit {
    calls: AtomicI64,
    bytes: AtomicI64,
}

impl LogLimit {
    pub(super) fn set(&self, settings: LogSettings) {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.calls.store(number(settings.calls), Ordering::Relaxed);
        self.bytes.store(number(settings.bytes()), Ordering::Relaxed);
    }
}

impl Default for LogLimit {
    fn default() -> Self {
        let limit = Self { calls: AtomicI64::new(0), bytes: AtomicI64::new(0) };
        limit.set(LogSettings::default());
        limit
    }
}

/// What the writer knows of the bound.
#[derive(Debug, Default)]
pub(super) struct LogBound {
    limit: Arc<LogLimit>,
    /// The calls of the open transaction that are to be entered.
    open: Vec<ExchangeId>,
    /// The number of the last call that was looked at. Those before it stay for now: they are looked at again once the
    /// newest was reached.
    looked_at: i64,
    /// Whether its tables are damaged: then the log grows.
    is_given_up: bool,
}

impl LogBound {
    pub(super) fn new(limit: Arc<LogLimit>) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Notes a call that has its outcome and neither made nor changed an entry: [`Self::write`] enters it.
    pub(super) fn enter(&mut self, id: ExchangeId) {
        self.open.push(id);
    }

    /// Takes a call out of the log again: for one that made or changed an entry with an answer that came late, and was
    /// logged as one that failed.
    pub(super) fn leave(&mut self, connection: &Connection, id: ExchangeId) -> rusqlite::Result<()> {
        self.open.retain(|open| *open != id);
        connection.prepare_cached(LEAVE)?.execute([id.0]).map(drop)
    }

    /// Forgets the calls of a transaction of which nothing stays.
    pub(super) fn forget(&mut self) {
        self.open.clear();
    }

    /// Enters the calls of the open transaction, and drops the oldest that are too many. To be called before the commit.
    pub(super) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let open = std::mem::take(&mut self.open);
        if open.is_empty() || self.is_given_up {
            return Ok(());
        }
        match self.write_open(connection, &open) {
            Err(error) if is_damage(&error) => {
                tracing::warn!("the request log is bounded no more, its sizes are damaged: {error}");
                self.is_given_up = true;
                Ok(())
            }
            written => written,
        }
    }

    fn write_open(&mut self, connection: &Connection, open: &[ExchangeId]) -> rusqlite::Result<()> {
        let count = (open.len() as u64).cast_signed();
        let mut entered = LogSize::default();
        for id in open {
            let new = entered.add(connection, ENTER, [id.0])?;
            if !new {
                // A trigger counts the difference.
                connection.prepare_cached(WEIGH_AGAIN)?.execute([id.0])?;
            }
        }
        let (mut size, old_next, old_last) = entered.count(connection)?;
        if old_next <= old_last {
            let next = old_next + MOST_ENTERED * count;
            let mut old = LogSize::default();
            old.add(connection, ENTER_OLD, (old_next, old_last.min(next - 1)))?;
            connection.prepare_cached(OLD_ENTERED)?.execute([next])?;
            (size, ..) = old.count(connection)?;
        }
        let newest = open.iter().map(|id| id.0).max().unwrap_or_default();
        let long_ago = connection
            .prepare_cached(LONG_AGO)?
            .query_row((newest, 1000 * KEY_KEPT_SECS), |row| row.get(0))
            .optional()?;
        // A removal in the same transaction may have taken it away again; the next call drops what is too much.
        let Some(long_ago) = long_ago else { return Ok(()) };
        self.drop_oldest(connection, size, NewestCall { id: newest, long_ago }, MOST_DROPPED * count)
    }

    /// Drops the oldest calls while there are too many, `most` at once.
    fn drop_oldest(
        &mut self,
        connection: &Connection,
        mut size: LogSize,
        newest: NewestCall,
        most: i64,
    ) -> rusqlite::Result<()> {
        let bound = LogSize {
            calls: self.limit.calls.load(Ordering::Relaxed),
            bytes: self.limit.bytes.load(Ordering::Relaxed),
        };
        if size.is_within(bound) {
            return Ok(());
        }
        let NewestCall { id: newest, long_ago } = newest;
        // The call itself stays, whatever its size; and where there are too many, the newest are not: those that are
        // older than so many calls are.
        let last = if size.bytes > bound.bytes { newest - 1 } else { newest - bound.calls };
        let found = connection
            .prepare_cached(CANDIDATES)?
            .query_map((self.looked_at, last, most, long_ago, newest - MOST_ANSWERS), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<rusqlite::Result<Vec<(i64, i64, bool)>>>()?;
        let is_last = (found.len() as u64).cast_signed() < most;
        for (id, bytes, is_remembered) in found {
            if size.is_within(bound) {
                return Ok(());
            }
            self.looked_at = id;
            if !is_remembered {
                connection.prepare_cached(DROP)?.execute([id])?;
                size = LogSize { calls: size.calls - 1, bytes: size.bytes - bytes };
            }
        }
        if is_last {
            self.looked_at = 0;
        }
        Ok(())
    }
}

/// The last call that was entered.
#[derive(Clone, Copy)]
struct NewestCall {
    id: i64,
    /// When a call was made that is no longer remembered, in milliseconds: a day before it.
    long_ago: i64,
}

/// So many calls, and what they come to in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct LogSize {
    calls: i64,
    bytes: i64,
}

impl LogSize {
    fn is_within(self, bound: Self) -> bool {
        self.calls <= bound.calls && self.bytes <= bound.bytes
    }

    /// Adds what a statement enters; whether that was anything.
    fn add(&mut self, connection: &Connection, sql: &str, which: impl Params) -> rusqlite::Result<bool> {
        let before = self.calls;
        let mut statement = connection.prepare_cached(sql)?;
        let mut entered = statement.query(which)?;
        while let Some(row) = entered.next()? {
            (self.calls, self.bytes) = (self.calls + 1, self.bytes + row.get::<_, i64>(0)?);
        }
        Ok(self.calls > before)
    }

    /// Adds it to the size of the log; gives that, and which older calls are still to be entered: the next and the last.
    fn count(self, connection: &Connection) -> rusqlite::Result<(Self, i64, i64)> {
        connection.prepare_cached(COUNT)?.query_row((self.calls, self.bytes), |row| {
            Ok((Self { calls: row.get(0)?, bytes: row.get(1)? }, row.get(2)?, row.get(3)?))
        })
    }
}

/// What is kept of an outcome: the answer to a GET is cut where it is long, and says so in a header. An answer that an
/// idempotency key may stand for is never one: only a POST has such a key.
pub(super) fn kept(
    method: HttpMethod,
    outcome: &Result<ApiResponse, CallFailure>,
) -> Cow<'_, Result<ApiResponse, CallFailure>> {
    let Ok(answer) = outcome else { return Cow::Borrowed(outcome) };
    let is_cut = method == HttpMethod::Get && answer.body.len() > LONGEST_READ_ANSWER;
    // A target that sends the header itself is not believed.
    if !is_cut && answer.header(CUT_HEADER).is_none() {
        return Cow::Borrowed(outcome);
    }
    let mut answer = answer.clone();
    answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(CUT_HEADER));
    if is_cut {
        let whole = answer.body.len();
        // Not within a letter.
        let end = (0..4).map(|back| LONGEST_READ_ANSWER - back).find(|&end| answer.body[end] & 0xC0 != 0x80);
        answer.body.truncate(end.unwrap_or(LONGEST_READ_ANSWER));
        answer.headers.push((CUT_HEADER.to_owned(), format!("{} of {whole} bytes", answer.body.len())));
    }
    Cow::Owned(Ok(answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn no_step_of_it_goes_through_the_log() {
        let connection = schema::in_memory_for_tests();
        for sql in [ENTER, WEIGH_AGAIN, ENTER_OLD, LEAVE, COUNT, OLD_ENTERED, CANDIDATES, LONG_AGO, DROP] {
            let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            for value in 1..=explained.parameter_count() {
                explained.raw_bind_parameter(value, 1).unwrap();
            }
            let mut plan = Vec::new();
            let mut rows = explained.raw_query();
            while let Some(row) = rows.next().unwrap() {
                plan.push(row.get::<_, String>(3).unwrap());
            }
            let plan = plan.join("; ");
            assert!(!plan.contains("SCAN") && !plan.contains("B-TREE"), "{sql}: {plan}");
        }
    }

    #[test]
    fn a_call_drops_a_few_however_many_there_are_too_many() {
        let connection = schema::in_memory_for_tests();
        let limit = Arc::new(LogLimit::default());
        let mut log = LogBound::new(Arc::clone(&limit));
        let write = |log: &mut LogBound| {
            connection
                .execute(
                    "INSERT INTO exchanges (is_creation, target, started_ms, took_micros, method, path, params, headers) \
                     VALUES (0, 'local', 0, 1, 'GET', '/', '[]', '[]')",
                    [],
                )
                .unwrap();
            log.enter(ExchangeId(connection.last_insert_rowid()));
            log.write(&connection).unwrap();
        };
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        for _ in 0..1000 {
            write(&mut log);
        }
        assert_eq!(number("SELECT count(*) FROM exchanges"), 1000);
        limit.set(LogSettings { calls: 100, megabytes: 1 });
        let mut before = 1000;
        for _ in 0..400 {
            write(&mut log);
            let now = number("SELECT count(*) FROM exchanges");
            assert!(before + 1 - now <= MOST_DROPPED, "{before} to {now}");
            before = now;
        }
        assert_eq!(before, 100);
        assert_eq!(number("SELECT min(id) FROM exchanges"), 1301, "the newest stay");
        assert_eq!(number("SELECT calls FROM log_size"), 100);
        assert_eq!(number("SELECT bytes FROM log_size"), number("SELECT sum(bytes) FROM log_calls"));
    }

    #[test]
    fn a_letter_is_not_cut_through() {
        let answer = |text: String| ApiResponse { http_status: 200, headers: Vec::new(), body: text.into_bytes() };
        for lead in 0..4 {
            let outcome = Ok(answer("x".repeat(lead) + &"🂡".repeat(LONGEST_READ_ANSWER)));
            let cut = kept(HttpMethod::Get, &outcome).into_owned().unwrap();
            assert!(String::from_utf8(cut.body.clone()).is_ok() && cut.body.len() > LONGEST_READ_ANSWER - 4);
            assert_eq!(cut.cut_from(), Some(lead + 4 * LONGEST_READ_ANSWER));
            assert!(matches!(kept(HttpMethod::Post, &outcome), Cow::Borrowed(_)));
        }
    }
}
