//! Exchanges in the database: how a call and what came of it are written.

use std::{ops::Range, time::Duration};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    call::MaskedCall,
    log_bound,
    rows::{self, StoredExchange},
};
use crate::domain::{
    call::api::{ApiResponse, CallFailure, MaskedRequest},
    history::{entry::EntryId, request_filter::CallTraits, request_log::ExchangeId},
};

/// Writes a call about an entry, with what came of it once that is known.
pub(super) fn insert(
    connection: &Connection,
    entry: Option<EntryId>,
    is_creation: bool,
    call: &MaskedCall,
    end: Option<(Duration, &Result<ApiResponse, CallFailure>)>,
) -> rusqlite::Result<ExchangeId> {
    let kept = end.map(|(_, outcome)| log_bound::kept(call.request.method, outcome));
    let traits = kept.as_deref().map(|outcome| CallTraits::of(&call.request, outcome));
    let outcome = kept.as_deref().map(OutcomeColumns::of).unwrap_or_default();
    connection
        .prepare_cached(
            "INSERT INTO exchanges (entry, is_creation, target, started_ms, method, path, params, headers, \
             took_micros, http_status, answer_headers, answer_body, failure_kind, failure_message, failure_text, \
             account, has_marks, client, fault, log_text, world) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 1, ?17, ?18, ?19, ?20)",
        )?
        .execute(params![
            entry.map(|entry| entry.0),
            is_creation,
            call.target.as_str(),
            call.started.as_millisecond(),
            call.request.method.as_str(),
            &call.request.path,
            &call.params_json,
            &call.headers_json,
            end.map(|(took, _)| rows::micros(took)),
            outcome.http_status,
            outcome.headers,
            outcome.body,
            outcome.failure_kind,
            outcome.failure_message,
            outcome.failure_text,
            &call.account,
            traits.as_ref().map(|traits| &traits.client),
            traits.as_ref().and_then(|traits| traits.fault.as_ref()),
            traits.as_ref().map(|traits| &traits.text),
            &call.world,
        ])?;
    Ok(ExchangeId(connection.last_insert_rowid()))
}

/// Writes what came of a call, and which entry it is about. `replaced` are the places of the kept body that are not as
/// they came.
pub(super) fn write_outcome(
    connection: &Connection,
    id: ExchangeId,
    about: Option<EntryId>,
    took: Duration,
    request: &MaskedRequest,
    outcome: &Result<ApiResponse, CallFailure>,
    replaced: &[Range<usize>],
) -> rusqlite::Result<()> {
    let traits = CallTraits::of(request, outcome);
    let outcome = OutcomeColumns::of(outcome);
    connection
        .prepare_cached(
            "UPDATE exchanges SET entry = ?2, took_micros = ?3, http_status = ?4, answer_headers = ?5, \
             answer_body = ?6, failure_kind = ?7, failure_message = ?8, failure_text = ?9, answer_marks = ?10, \
             client = ?11, fault = ?12, log_text = ?13 WHERE id = ?1",
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
            traits.client,
            traits.fault,
            traits.text,
        ))
        .map(drop)
}

/// Takes the outcome of an entry's creation away, for it is asked for again from `started_ms` on.
pub(super) fn reopen_creation(
    connection: &Connection,
    entry: EntryId,
    started_ms: i64,
) -> rusqlite::Result<ExchangeId> {
    connection
        .prepare_cached(
            "UPDATE exchanges SET started_ms = ?2, took_micros = NULL, http_status = NULL, failure_kind = NULL, \
             failure_message = NULL, failure_text = NULL WHERE entry = ?1 AND is_creation = 1 RETURNING id",
        )?
        .query_row((entry.0, started_ms), |row| row.get(0).map(ExchangeId))
}

/// The exchange of a number, with its outcome if there is one already.
pub(super) fn find(connection: &Connection, id: ExchangeId) -> rusqlite::Result<Option<StoredExchange>> {
    connection
        .prepare_cached(&format!("SELECT {} FROM exchanges WHERE id = ?1", rows::EXCHANGE))?
        .query_row([id.0], rows::exchange)
        .optional()
}

/// The columns of an exchange that say what came of it.
#[derive(Default)]
struct OutcomeColumns<'a> {
    http_status: Option<u16>,
    headers: Option<String>,
    body: Option<&'a [u8]>,
    failure_kind: Option<&'a str>,
    failure_message: Option<&'a str>,
    failure_text: Option<&'a str>,
}

impl<'a> OutcomeColumns<'a> {
    fn of(outcome: &'a Result<ApiResponse, CallFailure>) -> Self {
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
