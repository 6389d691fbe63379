//! Exchanges in the database: how a call and what came of it are written.

use std::{ops::Range, time::Duration};

use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};
use serde_json::{Value, json};

use super::{
    call::MaskedCall,
    key_index::KeyRecord,
    log_bound,
    packed::{CallParts, UnpackedCall, pack_call},
    rows::{self, StoredExchange},
};
use crate::{
    domain::{
        call::api::{ApiResponse, CallFailure, MaskedRequest},
        history::{
            entry::EntryId,
            request_filter::{CallTraits, fault_of},
            request_log::{ExchangeId, client_name},
        },
    },
    minter::{self, ObjectKind, StoredObject},
};

/// What is written of a call's ledger with its exchange.
#[derive(Default)]
pub(super) struct LedgerUse {
    pub(super) token: Option<KeptToken>,
    pub(super) remembered: Option<KeyRecord>,
    /// The entry of the call whose answer was given again.
    pub(super) recalled: Option<EntryId>,
}

/// A new token that is kept with its exchange, whose answer shows it.
pub(super) struct KeptToken {
    pub(super) id: String,
    pub(super) brand: String,
    pub(super) last4: String,
    /// See [`minter::NewToken::has_plain_ids`].
    pub(super) has_plain_ids: bool,
    /// What the minter has to know of it besides. The minter made it of flags and a published number: there is nothing
    /// in it to redact.
    pub(super) state: String,
}

/// A call with what came of it, as it is written.
pub(super) struct EndedCall<'a> {
    pub(super) number: ExchangeId,
    pub(super) entry: Option<EntryId>,
    pub(super) is_creation: bool,
    pub(super) call: &'a MaskedCall,
    pub(super) took: Duration,
    pub(super) outcome: &'a Result<ApiResponse, CallFailure>,
    pub(super) ledger: &'a LedgerUse,
}

/// The condition for the calls of entries, which are a list or a query of numbers: an index has all of them but the call
/// that made an entry's token, which the entry itself names.
pub(super) fn of_entries(entries: &str) -> String {
    format!(
        "id IN (SELECT id FROM exchanges WHERE entry IN ({entries}) AND token IS NULL \
         UNION ALL SELECT token_call FROM entries WHERE id IN ({entries}) AND token_call IS NOT NULL)"
    )
}

/// Writes a call that has come to its end: its lists and its answer are packed.
pub(super) fn insert_ended(connection: &Connection, ended: &EndedCall<'_>) -> rusqlite::Result<()> {
    let EndedCall { number, entry, is_creation, call, took, outcome, ledger } = ended;
    let kept = log_bound::kept(call.request.method, outcome);
    let outcome = OutcomeColumns::of(&kept);
    let token_state = ledger.token.as_ref().map(|token| token.state.as_str());
    let packed = pack_call(&CallParts {
        params: &call.params_json,
        headers: &call.headers_json,
        answer: outcome.headers.as_deref().zip(outcome.body),
        token_state,
    });
    connection
        .prepare_cached(
            "INSERT INTO exchanges (id, entry, is_creation, target, started_ms, method, path, params, headers, \
             took_micros, http_status, failure_kind, failure_message, failure_text, \
             account, has_marks, client, fault, world, packed, record, token) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '', '', ?8, ?9, ?10, ?11, ?12, ?13, 1, ?14, ?15, ?16, ?17, ?18, ?19)",
        )?
        .execute(params![
            number.0,
            entry.map(|entry| entry.0),
            is_creation,
            call.target.as_str(),
            call.started.as_millisecond(),
            call.request.method.as_str(),
            &call.request.path,
            rows::micros(*took),
            outcome.http_status,
            outcome.failure_kind,
            outcome.failure_message,
            outcome.failure_text,
            &call.account,
            client_name(call.request.header("User-Agent")),
            fault_of(&kept),
            &call.world,
            packed,
            ledger.remembered.as_ref().map(KeyRecord::to_bytes),
            token_state.map(|_| false),
        ])
        .map(drop)
}

/// Writes a call that is on its way: [`write_outcome`] follows.
pub(super) fn insert_begun(
    connection: &Connection,
    number: ExchangeId,
    entry: Option<EntryId>,
    call: &MaskedCall,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO exchanges (id, entry, is_creation, target, started_ms, method, path, params, headers, \
             account, has_marks, world) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11)",
        )?
        .execute(params![
            number.0,
            entry.map(|entry| entry.0),
            entry.is_some(),
            call.target.as_str(),
            call.started.as_millisecond(),
            call.request.method.as_str(),
            &call.request.path,
            &call.params_json,
            &call.headers_json,
            &call.account,
            &call.world,
        ])
        .map(drop)
}

/// The token that is kept with a call, in this world and for this account (empty for the account itself).
pub(super) fn token(
    connection: &Connection,
    number: ExchangeId,
    world: &str,
    account: &str,
) -> rusqlite::Result<Option<StoredObject>> {
    connection
        .prepare_cached(
            "SELECT token, packed FROM exchanges WHERE id = ?1 AND token IS NOT NULL AND world = ?2 \
             AND coalesce(account, '') = ?3",
        )?
        .query_row((number.0, world, account), read_token)
        .optional()
}

/// The body of the answer that made a token, where that is unused and was shown under this value of `Stripe-Version`;
/// `None` otherwise, and where another id stands in it.
pub(super) fn token_as_shown(
    connection: &Connection,
    number: ExchangeId,
    (world, account): (&str, &str),
    id: &str,
    version: &str,
) -> rusqlite::Result<Option<Vec<u8>>> {
    let shown = connection
        .prepare_cached(
            "SELECT packed FROM exchanges WHERE id = ?1 AND token = 0 AND world = ?2 AND coalesce(account, '') = ?3",
        )?
        .query_row((number.0, world, account), |row| Ok(UnpackedCall::of(row.get_ref(0)?.as_blob()?)))
        .optional()?
        .flatten();
    // A list of headers is written in one way only.
    let (is_of_version, start) =
        (format!("[\"Stripe-Version\",{}]", json!(version)), format!("{{\n  \"id\": \"{id}\""));
    let is_it = |call: &UnpackedCall| {
        call.answer_headers().is_some_and(|headers| headers.contains(&is_of_version))
            && call.body().starts_with(start.as_bytes())
    };
    Ok(shown.filter(is_it).map(UnpackedCall::into_body))
}

/// Whether a call made a token that is used.
pub(super) fn has_used_token(connection: &Connection, number: ExchangeId) -> rusqlite::Result<bool> {
    let used = "SELECT token FROM exchanges WHERE id = ?1";
    let used = connection.prepare_cached(used)?.query_row([number.0], |row| row.get::<_, Option<bool>>(0));
    Ok(used.optional()?.flatten().unwrap_or_default())
}

/// The tokens that are kept with the calls of an entry, `None` of all, and are not void, each with its world and account;
/// without those that cannot be read.
pub(super) fn tokens_of(
    connection: &Connection,
    entry: Option<EntryId>,
) -> rusqlite::Result<Vec<(StoredObject, String, Option<String>)>> {
    let of_entry = if entry.is_some() { of_entries("?1") } else { "?1 IS NULL".to_owned() };
    let tokens = connection
        .prepare_cached(&format!(
            "SELECT token, packed, world, account FROM exchanges WHERE {of_entry} AND token IS NOT NULL \
             AND id > coalesce((SELECT void FROM worlds WHERE name = exchanges.world), id)"
        ))?
        .query_map([entry.map(|entry| entry.0)], |row| Ok((read_token(row), row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(tokens
        .into_iter()
        .filter_map(|(token, world, account)| match token {
            Ok(token) => Some((token, world, account)),
            Err(error) => {
                tracing::warn!("a token that cannot be read goes with its call: {error}");
                None
            }
        })
        .collect())
}

fn read_token(row: &Row<'_>) -> rusqlite::Result<StoredObject> {
    let damaged = |error| rusqlite::Error::FromSqlConversionFailure(1, Type::Blob, error);
    let call = UnpackedCall::of(row.get_ref(1)?.as_blob()?).ok_or_else(|| damaged("it cannot be unpacked".into()))?;
    let answer: Value = serde_json::from_slice(call.body()).map_err(|error| damaged(error.into()))?;
    let mut body = minter::token_of_answer(answer);
    let state = serde_json::from_str(call.token_state()).map_err(|error| damaged(error.into()))?;
    if row.get(0)? {
        body["used"] = true.into();
    }
    Ok(StoredObject {
        kind: ObjectKind::Token,
        id: body["id"].as_str().unwrap_or_default().to_owned(),
        parent: None,
        created: body["created"].as_i64().unwrap_or_default(),
        body,
        state,
    })
}

/// A call that is remembered under an idempotency key, with what is remembered.
pub(super) fn remembered(
    connection: &Connection,
    number: ExchangeId,
) -> rusqlite::Result<Option<(StoredExchange, KeyRecord)>> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT {}, record FROM exchanges WHERE id = ?1 AND record IS NOT NULL",
            rows::EXCHANGE
        ))?
        .query_row([number.0], |row| {
            Ok((rows::exchange(row)?, row.get_ref("record")?.as_blob().ok().and_then(KeyRecord::of_bytes)))
        })
        .optional()?;
    Ok(found.and_then(|(call, record)| Some((call, record?))))
}

/// The entry that a call made, where it has this token.
pub(super) fn entry_made_by(
    connection: &Connection,
    number: ExchangeId,
    token: &str,
) -> rusqlite::Result<Option<EntryId>> {
    connection
        .prepare_cached(
            "SELECT entries.id FROM exchanges CROSS JOIN entries ON entries.id = exchanges.entry \
             WHERE exchanges.id = ?1 AND exchanges.is_creation = 1 AND entries.token_id = ?2",
        )?
        .query_row((number.0, token), |row| row.get(0).map(EntryId))
        .optional()
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
             failure_message = NULL, failure_text = NULL \
             WHERE entry = ?1 AND token IS NULL AND is_creation = 1 RETURNING id",
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
