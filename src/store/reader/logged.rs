//! The request log as it is filtered: the calls are gone through from the newest on. What a search looks through is
//! unpacked of those only that pass everything else.

use rusqlite::{OptionalExtension as _, Row};

use super::tolerant::{ReadResult, TolerantConnection};
use crate::{
    domain::{
        call::api::{ApiResponse, CallFailure},
        history::{
            request_filter::{CallTraits, FilteredCall, RequestFilter, RequestMatcher},
            request_log::RequestRow,
        },
    },
    store::{error::is_damage, packed, rows},
};

/// How many calls are gone through, at most, before it is asked whether to go on.
const CALLS_AT_A_TIME: i64 = 10_000;
/// The same of calls that are unpacked to be searched.
const CALLS_TO_SEARCH: i64 = 1000;

const SCAN: &str = "SELECT id, method, http_status, client, fault IS NOT NULL, log_text, \
     coalesce(account, nullif(world, '')), packed, path, coalesce(failure_kind, '') || char(10) || coalesce(fault, '') FROM exchanges NOT INDEXED WHERE id < ?1 \
     AND took_micros IS NOT NULL ORDER BY id DESC LIMIT ?2";

impl TolerantConnection {
    /// See [`super::HistoryReader::logged`].
    pub(super) fn logged(
        &self,
        filter: &RequestFilter,
        is_enough: impl Fn(&[RequestRow]) -> bool,
        goes_on: impl Fn() -> bool,
    ) -> ReadResult<Option<(Vec<RequestRow>, bool)>> {
        let matcher = filter.matcher();
        let mut found: Vec<RequestRow> = Vec::new();
        let mut before = i64::MAX;
        // Few at first: mostly the newest calls are enough.
        let mut at_a_time = 400;
        loop {
            if !goes_on() {
                return Ok(None);
            }
            let scanned = self.all(SCAN, (before, at_a_time), |row| {
                let id: i64 = row.get(0)?;
                let passes = if filter.is_everything() { Some(true) } else { passes(&matcher, row)? };
                Ok((id, passes))
            });
            let scanned = match scanned {
                Err(error) if is_damage(&error) => return self.logged_by_rows(&matcher, before, found, is_enough),
                scanned => scanned.map_err(|error| self.store_error(&error))?,
            };
            for (id, passes) in &scanned {
                before = *id;
                let passes = match passes {
                    Some(passes) => *passes,
                    None => self.passes_as_kept(&matcher, *id)?,
                };
                if passes && let Some(row) = self.request_row(*id)? {
                    found.push(row);
                    if is_enough(&found) {
                        return Ok(Some((found, true)));
                    }
                }
            }
            if i64::try_from(scanned.len()).is_ok_and(|len| len < at_a_time) {
                return Ok(Some((found, false)));
            }
            at_a_time = if matcher.has_words() { CALLS_TO_SEARCH } else { CALLS_AT_A_TIME };
        }
    }

    /// The rest of it where the index is damaged: each call that can be read is looked at by itself.
    fn logged_by_rows(
        &self,
        matcher: &RequestMatcher<'_>,
        before: i64,
        mut found: Vec<RequestRow>,
        is_enough: impl Fn(&[RequestRow]) -> bool,
    ) -> ReadResult<Option<(Vec<RequestRow>, bool)>> {
        let calls = self.sound_exchanges()?.into_iter().map(|(id, _)| id).filter(|id| *id < before);
        let mut ids: Vec<i64> = calls.collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        for id in ids {
            if self.passes_as_kept(matcher, id)?
                && let Some(row) = self.request_row(id)?
            {
                found.push(row);
                if is_enough(&found) {
                    return Ok(Some((found, true)));
                }
            }
        }
        Ok(Some((found, false)))
    }

    /// Whether a call passes, by all that is kept of it: for calls from before there were columns for that.
    fn passes_as_kept(&self, matcher: &RequestMatcher<'_>, id: i64) -> ReadResult<bool> {
        let Some(call) = self.exchanges(std::iter::once(id))?.pop() else { return Ok(false) };
        let Some(outcome) = &call.outcome else { return Ok(false) };
        let traits = CallTraits::of(&call.request, outcome);
        let account = "SELECT coalesce(account, nullif(world, '')) FROM exchanges NOT INDEXED WHERE id = ?1";
        let account: Option<String> = self
            .connection
            .prepare_cached(account)
            .and_then(|mut account| account.query_row([id], |row| row.get(0)))
            .map_err(|error| self.store_error(&error))?;
        Ok(matcher.passes(&FilteredCall {
            method: call.request.method.as_str(),
            http_status: http_status(outcome),
            client: &traits.client,
            account: account.as_deref(),
            has_fault: traits.fault.is_some(),
            text: &traits.text,
        }))
    }

    /// A line of the log; `None` where it cannot be read, which is noted, or has no outcome any more.
    fn request_row(&self, id: i64) -> ReadResult<Option<RequestRow>> {
        let sql =
            format!("SELECT {} FROM exchanges NOT INDEXED WHERE id = ?1 AND took_micros IS NOT NULL", rows::REQUEST);
        let read =
            self.connection.prepare_cached(&sql).and_then(|mut query| query.query_row([id], rows::request).optional());
        match read {
            Err(error) if is_damage(&error) => {
                self.damage.borrow_mut().exchanges.insert(id);
                Ok(None)
            }
            read => read.map_err(|error| self.store_error(&error)),
        }
    }
}

/// Whether a call of the index passes; `None` where the index does not say.
fn passes(matcher: &RequestMatcher<'_>, row: &Row<'_>) -> rusqlite::Result<Option<bool>> {
    let text = |column: usize| row.get_ref(column).ok().and_then(|value| value.as_str().ok());
    let (Some(method), Some(client)) = (text(1), text(3)) else { return Ok(None) };
    let call = FilteredCall {
        method,
        http_status: row.get(2)?,
        client,
        account: text(6),
        has_fault: row.get(4)?,
        text: text(5).unwrap_or_default(),
    };
    if text(5).is_some() {
        return Ok(Some(matcher.passes(&call)));
    }
    if !matcher.passes_without_text(&call) {
        return Ok(Some(false));
    }
    if !matcher.has_words() {
        return Ok(Some(true));
    }
    // A word that stands nowhere in the call is not in what is searched of it either.
    let packed = row.get_ref(7)?.as_blob_or_null()?.and_then(packed::unpacked);
    let Some(packed) = packed else { return Ok(None) };
    let [path, failure] = [text(8), text(9)].map(Option::unwrap_or_default);
    let everything = format!("{method}\n{path}\n{client}\n{failure}\n{}", String::from_utf8_lossy(&packed));
    Ok(if matcher.may_be_in(&everything.to_lowercase()) { None } else { Some(false) })
}

fn http_status(outcome: &Result<ApiResponse, CallFailure>) -> Option<u16> {
    match outcome {
        Ok(answer) => Some(answer.http_status),
        Err(failure) => failure.http_status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn the_log_is_gone_through_in_its_order_and_not_sorted() {
        let connection = schema::in_memory_for_tests();
        let plan: Vec<String> = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {SCAN}"))
            .unwrap()
            .query_map((7, 7), |row| row.get(3))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert_eq!(plan, ["SEARCH exchanges USING INTEGER PRIMARY KEY (rowid<?)"]);
    }
}
