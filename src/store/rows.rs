//! Rows of the database as the nouns of the domain, for the writer that returns what it wrote and for the reader.

use std::{borrow::Cow, ops::Range, str::FromStr, time::Duration};

use jiff::Timestamp;
use rusqlite::{
    Row,
    types::{FromSqlError, Type},
};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::packed::{self, UnpackedCall};
use crate::domain::{
    call::api::{ApiExchange, ApiResponse, CallFailure, HttpMethod, MaskedRequest, Target},
    history::{
        entry::{EntryId, EntryStatus, HistoryEntry},
        request_filter,
        request_log::{ExchangeId, FAULT_HEADER, FAULT_KIND, RequestRow},
    },
    mask::{HIDDEN, Kept},
    rules::expectation::{Expectation, Judgement},
    settings::profile::ProfileId,
};
use crate::minter::{ObjectKind, StoredObject};

/// The columns that [`entry`] reads.
pub(super) const ENTRY: &str = "id, status, target, token_id, brand, last4, code, used_by, started_ms, took_micros, used_client, note, tags, \
     expects, judgement, profile, account";

/// # Errors
/// When a part of the row cannot be read.
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<HistoryEntry> {
    read_entry(row, UnreadablePart::Refused)
}

/// An entry of which a part cannot be read: that part is empty, and a status that is no known word is *unknown*.
///
/// # Errors
/// When its number, target or time cannot be read: without these there is no entry to show.
pub(super) fn entry_in_parts(row: &Row<'_>) -> rusqlite::Result<HistoryEntry> {
    read_entry(row, UnreadablePart::Empty)
}

/// What becomes of a part of a row that cannot be read.
#[derive(Clone, Copy)]
enum UnreadablePart {
    /// The row counts as unreadable.
    Refused,
    /// The rest of the row is shown without it.
    Empty,
}

impl UnreadablePart {
    fn or_empty<T: Default>(self, part: rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.or(part, T::default())
    }

    fn or<T>(self, part: rusqlite::Result<T>, instead: T) -> rusqlite::Result<T> {
        match self {
            Self::Refused => part,
            Self::Empty => Ok(part.unwrap_or(instead)),
        }
    }
}

fn read_entry(row: &Row<'_>, unreadable: UnreadablePart) -> rusqlite::Result<HistoryEntry> {
    Ok(HistoryEntry {
        id: EntryId(row.get(0)?),
        status: unreadable.or(word(row, 1), EntryStatus::Unknown)?,
        target: word(row, 2)?,
        token_id: unreadable.or_empty(row.get(3))?,
        brand: unreadable.or_empty(row.get(4))?,
        last4: unreadable.or_empty(row.get(5))?,
        code: unreadable.or_empty(row.get(6))?,
        used_by: unreadable.or_empty(row.get(7))?,
        started: moment(row, 8)?,
        took: unreadable.or_empty(took(row, 9))?,
        used_client: unreadable.or_empty(row.get(10))?,
        note: unreadable.or_empty(row.get(11))?,
        tags: unreadable.or_empty(tags(row, 12))?,
        expects: unreadable.or_empty(json(row, 13))?.as_ref().and_then(Expectation::of_json).map(Box::new),
        judgement: unreadable.or_empty(json(row, 14))?.as_ref().and_then(Judgement::of_json).map(Box::new),
        profile: unreadable.or_empty(row.get::<_, Option<i64>>(15))?.map(ProfileId),
        account: unreadable.or_empty(row.get(16))?,
    })
}

/// Tags as a JSON array of words.
pub(super) fn tags_json(tags: &[String]) -> String {
    serde_json::to_string(tags).expect("words are JSON")
}

fn tags(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    let json = row.get_ref(column)?.as_str()?;
    serde_json::from_str(json)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// A JSON object; `None` where it cannot be read, for the row is shown also with what a newer program wrote in it.
fn json(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Value>> {
    let json: Option<String> = row.get(column)?;
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}

/// The columns that [`exchange`] reads.
pub(super) const EXCHANGE: &str = "entry, is_creation, target, started_ms, took_micros, method, path, params, headers, \
     http_status, answer_headers, answer_body, failure_kind, failure_message, failure_text, has_marks, answer_marks, \
     packed";

/// An exchange as kept, which may still wait for its outcome.
pub(super) struct StoredExchange {
    pub(super) entry: Option<EntryId>,
    pub(super) is_creation: bool,
    pub(super) target: Target,
    pub(super) started: Timestamp,
    pub(super) took: Option<Duration>,
    pub(super) request: MaskedRequest,
    pub(super) outcome: Option<Result<ApiResponse, CallFailure>>,
    pub(super) replaced: Vec<Range<usize>>,
}

impl StoredExchange {
    /// `None` while the call is on its way.
    pub(super) fn finished(self) -> Option<ApiExchange> {
        Some(ApiExchange {
            target: self.target,
            started: self.started,
            took: self.took.unwrap_or_default(),
            request: self.request,
            outcome: self.outcome?,
            replaced: self.replaced,
        })
    }
}

/// # Errors
/// When a part of the row cannot be read.
pub(super) fn exchange(row: &Row<'_>) -> rusqlite::Result<StoredExchange> {
    read_exchange(row, UnreadablePart::Refused)
}

/// A call of which a part cannot be read: that part is empty.
///
/// # Errors
/// When its target, time or method cannot be read: without these there is no call to show.
pub(super) fn exchange_in_parts(row: &Row<'_>) -> rusqlite::Result<StoredExchange> {
    read_exchange(row, UnreadablePart::Empty)
}

fn read_exchange(row: &Row<'_>, unreadable: UnreadablePart) -> rusqlite::Result<StoredExchange> {
    let http_status: Option<u16> = unreadable.or_empty(row.get(9))?;
    let failure: Option<String> = unreadable.or_empty(row.get(12))?;
    let unpacked = unreadable.or_empty(unpacked(row, 17))?;
    let parts = unreadable.or_empty(match unpacked {
        Some(call) => packed_parts(call),
        None => column_parts(row, unreadable),
    })?;
    let outcome = match (parts.answer, failure) {
        (Some(answer), _) => Some(Ok(ApiResponse { http_status: http_status.unwrap_or_default(), ..answer })),
        (None, Some(kind)) => {
            let message = unreadable.or_empty(row.get::<_, Option<String>>(13))?.unwrap_or_default();
            Some(Err(CallFailure { kind, message, http_status, text: unreadable.or_empty(row.get(14))? }))
        }
        (None, None) => None,
    };
    let (params, kept) = parts.params.into_iter().unzip();
    Ok(StoredExchange {
        entry: row.get::<_, Option<i64>>(0)?.map(EntryId),
        is_creation: row.get(1)?,
        target: word(row, 2)?,
        started: moment(row, 3)?,
        took: unreadable.or_empty(took(row, 4))?,
        request: MaskedRequest {
            method: word(row, 5)?,
            path: unreadable.or_empty(row.get(6))?,
            params,
            kept,
            headers: parts.headers,
        },
        outcome,
        replaced: unreadable.or_empty(places(row, 16))?,
    })
}

/// The lists and bodies of a call.
#[derive(Default)]
struct ExchangeParts {
    params: Vec<((String, String), Kept)>,
    headers: Vec<(String, String)>,
    /// Without its status.
    answer: Option<ApiResponse>,
}

fn packed_parts(call: UnpackedCall) -> rusqlite::Result<ExchangeParts> {
    let answer_headers = call.answer_headers().map(|headers| pairs_of(headers, 17)).transpose()?;
    Ok(ExchangeParts {
        params: params_of(call.params(), true, 17)?,
        headers: pairs_of(call.headers(), 17)?,
        answer: answer_headers.map(|headers| ApiResponse { http_status: 0, headers, body: call.into_body() }),
    })
}

fn column_parts(row: &Row<'_>, unreadable: UnreadablePart) -> rusqlite::Result<ExchangeParts> {
    let body: Option<Vec<u8>> = unreadable.or_empty(row.get(11))?;
    let answer_headers = unreadable.or_empty(pairs(row, 10))?;
    Ok(ExchangeParts {
        params: unreadable.or_empty(params(row))?,
        headers: unreadable.or_empty(pairs(row, 8))?,
        answer: body.map(|body| ApiResponse { http_status: 0, headers: answer_headers, body }),
    })
}

/// The packed part of a call, where it has one.
pub(super) fn unpacked(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<UnpackedCall>> {
    let Some(packed) = row.get_ref(column)?.as_blob_or_null()? else { return Ok(None) };
    let damaged = || rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, "it cannot be unpacked".into());
    UnpackedCall::of(packed).map(Some).ok_or_else(damaged)
}

/// The columns that [`request`] reads: of a call that is not packed without its body, which may lie on pages of its own.
pub(super) const REQUEST: &str = "id, entry, target, started_ms, took_micros, method, path, http_status, headers, \
     answer_headers, failure_kind, failure_message, CASE method WHEN 'POST' THEN NULL ELSE params END, \
     coalesce(account, nullif(world, '')), packed";

pub(super) fn request(row: &Row<'_>) -> rusqlite::Result<RequestRow> {
    let find = |pairs: Vec<(String, String)>, name: &str| {
        pairs.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let failure: Option<String> = row.get(10)?;
    let on_purpose = failure.as_deref() == Some(FAULT_KIND);
    let method = word(row, 5)?;
    let (headers, answer_headers, params) = match unpacked(row, 14)? {
        Some(call) => {
            let params = if method == HttpMethod::Post { "[]" } else { call.params() };
            let answer_headers = pairs_of(call.answer_headers().unwrap_or("[]"), 14)?;
            (pairs_of(call.headers(), 14)?, answer_headers, names_and_values(params, 14)?)
        }
        None => {
            let params: Option<String> = row.get(12)?;
            (pairs(row, 8)?, pairs(row, 9)?, names_and_values(params.as_deref().unwrap_or("[]"), 12)?)
        }
    };
    let fault = if on_purpose { row.get(11)? } else { find(answer_headers, FAULT_HEADER) };
    Ok(RequestRow {
        id: ExchangeId(row.get(0)?),
        entry: row.get::<_, Option<i64>>(1)?.map(EntryId),
        target: word(row, 2)?,
        started: moment(row, 3)?,
        took: took(row, 4)?.unwrap_or_default(),
        method,
        path: row.get(6)?,
        query: request_filter::query(&params),
        http_status: row.get(7)?,
        user_agent: find(headers, "User-Agent"),
        failure,
        fault,
        account: row.get(13)?,
    })
}

/// Parameters as they are kept, without their marks.
fn names_and_values(json: &str, column: usize) -> rusqlite::Result<Vec<(String, String)>> {
    let rows: Vec<Vec<String>> = serde_json::from_str(json)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))?;
    let pair = |row: Vec<String>| {
        let mut parts = row.into_iter();
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    };
    Ok(rows.into_iter().map(pair).collect())
}

/// Parameters as a JSON array of pairs, with a mark as the third element of those that are not whole.
pub(super) fn params_json(request: &MaskedRequest) -> String {
    let marked = request.params.iter().zip(&request.kept).map(|((name, value), kept)| ParamRow {
        name: name.into(),
        value: value.into(),
        mark: kept.mark().map(Into::into),
    });
    serde_json::to_string(&marked.collect::<Vec<_>>()).expect("texts are JSON")
}

/// A parameter in the database: `[name, value]`, or `[name, value, mark]`.
struct ParamRow<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    mark: Option<Cow<'a, str>>,
}

impl Serialize for ParamRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.mark {
            Some(mark) => (&self.name, &self.value, mark).serialize(serializer),
            None => (&self.name, &self.value).serialize(serializer),
        }
    }
}

/// The parameters of an exchange, and how much of each is kept. A row that is older than the marks is read by its
/// looks: a star beside a digit, or the sign of a hidden text.
fn params(row: &Row<'_>) -> rusqlite::Result<Vec<((String, String), Kept)>> {
    let json: Option<String> = row.get(7)?;
    params_of(json.as_deref().unwrap_or("[]"), row.get(15)?, 7)
}

fn params_of(json: &str, has_marks: bool, column: usize) -> rusqlite::Result<Vec<((String, String), Kept)>> {
    let rows: Vec<Vec<String>> = serde_json::from_str(json)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))?;
    let read = |row: Vec<String>| {
        let mut parts = row.into_iter();
        let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let kept = match (parts.next(), has_marks) {
            (Some(mark), _) => Kept::of_mark(&mark).unwrap_or_default(),
            (None, true) => Kept::Whole,
            (None, false) => kept_by_looks(&value),
        };
        ((name, value), kept)
    };
    Ok(rows.into_iter().map(read).collect())
}

fn kept_by_looks(value: &str) -> Kept {
    if value == HIDDEN {
        return Kept::Hidden;
    }
    let has_stars = value.contains('*') && value.bytes().any(|byte| byte.is_ascii_digit());
    if has_stars || value.contains(HIDDEN) { Kept::Masked } else { Kept::Whole }
}

/// Places of a body as a JSON array of `[offset, length]` in bytes; `None` where there are no places.
pub(super) fn places_json(places: &[Range<usize>]) -> Option<String> {
    let pairs: Vec<[usize; 2]> = places.iter().map(|place| [place.start, place.len()]).collect();
    (!pairs.is_empty()).then(|| serde_json::to_string(&pairs).expect("numbers are JSON"))
}

fn places(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<Range<usize>>> {
    let json: Option<String> = row.get(column)?;
    let Some(json) = json else { return Ok(Vec::new()) };
    let pairs: Vec<[usize; 2]> = serde_json::from_str(&json)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))?;
    Ok(pairs.into_iter().map(|[start, length]| start..start.saturating_add(length)).collect())
}

/// Headers as a JSON array of `[name, value]`.
pub(super) fn pairs_json(pairs: &[(String, String)]) -> String {
    serde_json::to_string(pairs).expect("pairs of text are JSON")
}

/// A moment as precise as its column: to the millisecond.
pub(super) fn kept_moment(moment: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap_or(moment)
}

/// A duration as precise as its column: to the microsecond.
pub(super) fn kept_duration(duration: Duration) -> Duration {
    Duration::from_micros(micros(duration).cast_unsigned())
}

/// A duration as its column has it.
pub(super) fn micros(took: Duration) -> i64 {
    i64::try_from(took.as_micros()).unwrap_or(i64::MAX)
}

pub(super) fn pairs(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<(String, String)>> {
    let json: Option<String> = row.get(column)?;
    pairs_of(json.as_deref().unwrap_or("[]"), column)
}

fn pairs_of(json: &str, column: usize) -> rusqlite::Result<Vec<(String, String)>> {
    serde_json::from_str(json)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

fn word<T: FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let word = row.get_ref(column)?.as_str()?;
    word.parse()
        .map_err(|_| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(FromSqlError::InvalidType)))
}

fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let millis = row.get(column)?;
    Timestamp::from_millisecond(millis).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, millis))
}

fn took(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Duration>> {
    let micros: Option<i64> = row.get(column)?;
    Ok(micros.map(|micros| Duration::from_micros(micros.cast_unsigned())))
}

/// The columns that [`stored_object`] reads.
pub(super) const OBJECT: &str = "id, parent, created, body, state, packed";

/// An object of the minter, of a row with the columns [`OBJECT`].
pub(super) fn stored_object(kind: ObjectKind, row: &Row<'_>) -> rusqlite::Result<StoredObject> {
    let is_event = kind == ObjectKind::Event;
    Ok(StoredObject {
        kind,
        id: row.get(0)?,
        parent: row.get(1)?,
        created: row.get(2)?,
        body: if is_event { json_value(row, 3)? } else { shown_object(row, 3, 5)? },
        state: if is_event { shown_object(row, 4, 5)? } else { json_value(row, 4)? },
    })
}

/// The object that a row shows: in its column, or packed in another.
pub(super) fn shown_object(row: &Row<'_>, column: usize, packed: usize) -> rusqlite::Result<Value> {
    let Some(piece) = row.get_ref(packed)?.as_blob_or_null()? else { return json_value(row, column) };
    let damaged = |error| rusqlite::Error::FromSqlConversionFailure(packed, Type::Blob, error);
    let text = packed::unpacked(piece).ok_or_else(|| damaged("it cannot be unpacked".into()))?;
    serde_json::from_slice(&text).map_err(|error| damaged(error.into()))
}

/// The JSON of a column.
pub(super) fn json_value(row: &Row<'_>, column: usize) -> rusqlite::Result<Value> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}
