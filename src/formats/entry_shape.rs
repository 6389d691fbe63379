//! An entry as it stands in an export, on its way back into the history.

use std::{ops::Range, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::domain::{
    call::api::{ApiExchange, ApiResponse, CallFailure, HttpMethod, MaskedRequest, Target},
    history::entry::{EntryDetail, EntryId, EntryStatus, EntryUid, HistoryEntry},
    json_spans::{self, JsonLayout},
    mask::{
        Kept,
        keyed_hash::{first_half, keyed_hash},
    },
    rules::expectation::{Expectation, Judgement},
};
use crate::store::{EXPORT_VERSION, ExportedEntry};

/// The highest number of an entry that every reader of JSON reads as it is.
const HIGHEST_ID: i64 = 1 << 53;

/// The fields of [`ExportedEntry`]. Fields that are not known were written by a newer program, and are passed over.
#[derive(Debug, Deserialize)]
pub(super) struct EntryShape {
    /// Only in JSON Lines, and only above 1.
    #[serde(default)]
    version: Option<u32>,
    id: i64,
    #[serde(default)]
    uid: Option<String>,
    status: String,
    target: String,
    token: Option<String>,
    brand: Option<String>,
    last4: Option<String>,
    code: Option<String>,
    used_by: Option<String>,
    used_client: Option<String>,
    #[serde(default)]
    account: Option<String>,
    note: String,
    tags: Vec<String>,
    #[serde(default)]
    expected: Option<Value>,
    #[serde(default)]
    judgement: Option<Value>,
    created: String,
    took_micros: Option<u64>,
    request: RequestShape,
    #[serde(default)]
    response: Option<ResponseShape>,
    #[serde(default)]
    failure: Option<FailureShape>,
    timeline: Vec<ExchangeShape>,
}

#[derive(Debug, Deserialize)]
struct ExchangeShape {
    target: String,
    created: String,
    took_micros: u64,
    request: RequestShape,
    #[serde(default)]
    response: Option<ResponseShape>,
    #[serde(default)]
    failure: Option<FailureShape>,
}

#[derive(Debug, Deserialize)]
struct RequestShape {
    method: String,
    path: String,
    params: Vec<ParamShape>,
    headers: Vec<PairShape>,
}

#[derive(Debug, Deserialize)]
struct ParamShape {
    name: String,
    value: String,
    #[serde(default)]
    kept: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PairShape {
    name: String,
    value: String,
}

#[derive(Debug, Deserialize)]
struct ResponseShape {
    status: u16,
    headers: Vec<PairShape>,
    body: Box<RawValue>,
    #[serde(default)]
    body_is_text: bool,
    #[serde(default)]
    replaced: Vec<[usize; 2]>,
}

#[derive(Debug, Deserialize)]
struct FailureShape {
    kind: String,
    message: String,
    status: Option<u16>,
    text: Option<String>,
}

impl EntryShape {
    /// The entry as the history has it. A call that was on its way when it was exported is interrupted here, for nobody
    /// waits for its answer. An entry without an id across histories gets one that is made of all that it says.
    ///
    /// # Errors
    /// Which field says what it cannot, as a sentence.
    pub(super) fn into_detail(self) -> Result<EntryDetail, String> {
        if self.version.is_some_and(|version| version > EXPORT_VERSION) {
            return Err(newer());
        }
        if !(1..=HIGHEST_ID).contains(&self.id) {
            return Err(wrong("id", "no number of an entry"));
        }
        let uid = self.uid.map(|uid| uid.parse::<EntryUid>().map_err(|()| wrong("uid", "not 32 letters from a to p")));
        let uid = uid.transpose()?;
        let status = match word("status", &self.status)? {
            EntryStatus::Pending => EntryStatus::Interrupted,
            status => status,
        };
        let has_token = self.token.is_some();
        if matches!(status, EntryStatus::Unused | EntryStatus::Used) && !has_token {
            return Err(wrong("token", &format!("missing, and the status is {}", status.as_str())));
        }
        let (outcome, replaced) = outcome("", self.response, self.failure)?;
        let request = self.request.into_request("request")?;
        if request.method != HttpMethod::Post {
            return Err(wrong("request.method", "not POST, by which tokens are made"));
        }
        let timeline = self.timeline.into_iter().enumerate().map(|(at, call)| call.into_exchange(at));
        let timeline = timeline.collect::<Result<Vec<_>, _>>()?;
        let expects = known("expected", self.expected, Expectation::of_json)?;
        let judgement = known("judgement", self.judgement, Judgement::of_json)?;
        let entry = HistoryEntry {
            id: EntryId(self.id),
            status,
            target: word::<Target>("target", &self.target)?,
            profile: None,
            token_id: self.token,
            brand: self.brand,
            last4: self.last4,
            code: self.code,
            used_by: self.used_by,
            used_client: self.used_client,
            account: self.account,
            note: self.note,
            tags: self.tags,
            expects: expects.map(Box::new),
            judgement: judgement.map(Box::new),
            started: moment("created", &self.created)?,
            took: self.took_micros.map(|micros| span("took_micros", micros)).transpose()?,
        };
        let detail = EntryDetail { entry, uid, request, outcome, replaced, timeline, is_damaged: false };
        Ok(match uid {
            Some(_) => detail,
            None => EntryDetail { uid: Some(uid_of_content(&detail)), ..detail },
        })
    }
}

/// The words for an export of a newer program.
pub(super) fn newer() -> String {
    format!("a newer Testcard wrote this (this one reads version {EXPORT_VERSION}). Update Testcard, then import again")
}

fn wrong(field: &str, what: &str) -> String {
    format!("{field} is {what}")
}

fn word<T: std::str::FromStr<Err = ()>>(field: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|()| wrong(field, "no word of an export"))
}

fn known<T>(field: &str, json: Option<Value>, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, String> {
    json.map(|json| read(&json).ok_or_else(|| wrong(field, "not as an export has it"))).transpose()
}

fn moment(field: &str, text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| wrong(field, "no time in the form of 2026-01-31T12:00:00.000Z"))
}

fn span(field: &str, micros: u64) -> Result<Duration, String> {
    if i64::try_from(micros).is_err() {
        return Err(wrong(field, "longer than any time"));
    }
    Ok(Duration::from_micros(micros))
}

/// The same for the same entry, so that a second import of the same file knows it.
fn uid_of_content(detail: &EntryDetail) -> EntryUid {
    let line = ExportedEntry::from(detail).to_line().unwrap_or_default();
    EntryUid(first_half(keyed_hash(&[0; 32], "entry", line.as_bytes())))
}

impl ExchangeShape {
    fn into_exchange(self, at: usize) -> Result<ApiExchange, String> {
        let field = |name: &str| format!("timeline[{at}].{name}");
        let (outcome, replaced) = outcome(&field(""), self.response, self.failure)?;
        Ok(ApiExchange {
            target: word(&field("target"), &self.target)?,
            started: moment(&field("created"), &self.created)?,
            took: span(&field("took_micros"), self.took_micros)?,
            request: self.request.into_request(&field("request"))?,
            outcome: outcome.ok_or_else(|| wrong(&field("response"), "missing, and there is no failure"))?,
            replaced,
        })
    }
}

impl RequestShape {
    fn into_request(self, field: &str) -> Result<MaskedRequest, String> {
        if !self.path.starts_with('/') {
            return Err(wrong(&format!("{field}.path"), "no path that begins with a slash"));
        }
        let (mut params, mut kept) = (Vec::with_capacity(self.params.len()), Vec::with_capacity(self.params.len()));
        for (at, param) in self.params.into_iter().enumerate() {
            let mark = param.kept.map(|mark| {
                Kept::of_mark(&mark).ok_or_else(|| wrong(&format!("{field}.params[{at}].kept"), "no word of an export"))
            });
            kept.push(mark.transpose()?.unwrap_or_default());
            params.push((param.name, param.value));
        }
        let method = word(&format!("{field}.method"), &self.method)?;
        Ok(MaskedRequest { method, path: self.path, params, kept, headers: pairs(self.headers) })
    }
}

fn pairs(pairs: Vec<PairShape>) -> Vec<(String, String)> {
    pairs.into_iter().map(|pair| (pair.name, pair.value)).collect()
}

type ReadOutcome = (Option<Result<ApiResponse, CallFailure>>, Vec<Range<usize>>);

fn outcome(
    before: &str,
    response: Option<ResponseShape>,
    failure: Option<FailureShape>,
) -> Result<ReadOutcome, String> {
    match (response, failure) {
        (Some(_), Some(_)) => Err(wrong(&format!("{before}failure"), "there beside a response")),
        (None, None) => Ok((None, Vec::new())),
        (None, Some(FailureShape { kind, message, status, text })) => {
            Ok((Some(Err(CallFailure { kind, message, http_status: status, text })), Vec::new()))
        }
        (Some(response), None) => {
            let field = format!("{before}response");
            let body = if response.body_is_text {
                serde_json::from_str::<String>(response.body.get())
                    .map_err(|_| wrong(&format!("{field}.body"), "no text, and body_is_text says that it is"))?
            } else {
                json_spans::laid_out(response.body.get(), JsonLayout::OneLine)
            };
            let place = |[start, length]: [usize; 2]| {
                let place = start..start.checked_add(length)?;
                body.get(place.clone()).map(|_| place)
            };
            let replaced = response.replaced.into_iter().map(place).collect::<Option<Vec<_>>>();
            let replaced = replaced.ok_or_else(|| wrong(&format!("{field}.replaced"), "outside of the body"))?;
            let headers = pairs(response.headers);
            Ok((Some(Ok(ApiResponse { http_status: response.status, headers, body: body.into_bytes() })), replaced))
        }
    }
}
