//! The shape of an entry in exports and in what the command line prints: its own structs, with a version, so that a
//! change of the program's types does not change the files.

use std::ops::Range;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::domain::{
    call::api::{ApiExchange, ApiResponse, CallFailure, MaskedRequest},
    history::entry::EntryDetail,
    json_spans,
    mask::{Kept, keyed_hash},
};

/// The word in `format` of an export.
pub const EXPORT_FORMAT: &str = "testcard";
/// The number in `version` of an export. It is raised when a program that reads older exports would misread a newer
/// one.
pub const EXPORT_VERSION: u32 = 1;

/// An entry of the history, masked as the store keeps it.
#[derive(Clone, Debug, Serialize)]
pub struct ExportedEntry {
    id: i64,
    /// What tells the entry from those of other histories; not of entries that are older than these.
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    status: &'static str,
    target: &'static str,
    token: Option<String>,
    brand: Option<String>,
    last4: Option<String>,
    code: Option<String>,
    used_by: Option<String>,
    used_client: Option<String>,
    /// The account that the token is of; only where that is not the account itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    note: String,
    tags: Vec<String>,
    /// What should come of it at each step, as the history keeps it; only where something was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Value>,
    /// Whether it came as expected so far; only where something was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    judgement: Option<Value>,
    /// RFC 3339 in UTC, to the millisecond.
    created: String,
    /// `null` while the call is on its way.
    took_micros: Option<u64>,
    request: ExportedRequest,
    #[serde(flatten)]
    outcome: ExportedOutcome,
    /// Oldest first.
    timeline: Vec<ExportedExchange>,
    /// Whether a part of this could not be read; only where that is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    damaged: bool,
}

/// A later call about the same token.
#[derive(Clone, Debug, Serialize)]
struct ExportedExchange {
    target: &'static str,
    created: String,
    took_micros: u64,
    request: ExportedRequest,
    #[serde(flatten)]
    outcome: ExportedOutcome,
}

#[derive(Clone, Debug, Serialize)]
struct ExportedRequest {
    method: &'static str,
    path: String,
    /// In the order of sending; a name may occur twice.
    params: Vec<ExportedParam>,
    headers: Vec<NameValue>,
}

#[derive(Clone, Debug, Serialize)]
struct ExportedParam {
    #[serde(flatten)]
    pair: NameValue,
    /// `masked` or `hidden`; nothing where the value is as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<&'static str>,
}

#[derive(Clone, Debug, Serialize)]
struct NameValue {
    name: String,
    value: String,
}

/// What came of a call: a response or a failure, or neither while the call is on its way.
#[derive(Clone, Debug, Default, Serialize)]
struct ExportedOutcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ExportedResponse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<ExportedFailure>,
}

#[derive(Clone, Debug, Serialize)]
struct ExportedResponse {
    status: u16,
    headers: Vec<NameValue>,
    /// As it came: every number and string as it was written, its keys in their order, those that occur twice too. Text
    /// if it is not JSON.
    body: Box<RawValue>,
    /// Whether the body is text that is no JSON, written as a string; only where it is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    body_is_text: bool,
    /// Where the history keeps only the start of the body: how many bytes the whole had.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_from_bytes: Option<usize>,
    /// In how many places the body is not as it came, for they may not be kept; only where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_places: Option<usize>,
    /// The same places, each as its offset and length in bytes: in the body as one line of JSON without white space
    /// between its tokens, or in the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replaced: Vec<[usize; 2]>,
}

#[derive(Clone, Debug, Serialize)]
struct ExportedFailure {
    kind: String,
    message: String,
    status: Option<u16>,
    text: Option<String>,
}

impl ExportedEntry {
    /// The entry as JSON in one line.
    ///
    /// # Errors
    /// None: an entry has texts and numbers only.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// The entry as JSON in indented lines. Serde's own indented form would leave the bodies, which are written as they
    /// came, unindented.
    ///
    /// # Errors
    /// As [`Self::to_line`].
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let line = self.to_line()?;
        Ok(json_spans::indented(&line).unwrap_or(line))
    }
}

impl From<&EntryDetail> for ExportedEntry {
    fn from(detail: &EntryDetail) -> Self {
        let entry = &detail.entry;
        Self {
            id: entry.id.0,
            uid: detail.uid.map(|uid| uid.to_string()),
            status: entry.status.as_str(),
            target: entry.target.as_str(),
            token: entry.token_id.clone(),
            brand: entry.brand.clone(),
            last4: entry.last4.clone(),
            code: entry.code.clone(),
            used_by: entry.used_by.clone(),
            used_client: entry.used_client.clone(),
            account: entry.account.as_deref().map(|account| keyed_hash::shown(account).to_owned()),
            note: entry.note.clone(),
            tags: entry.tags.clone(),
            expected: entry.expects.as_ref().map(|expects| expects.to_json()),
            judgement: entry.judgement.as_ref().map(|judgement| judgement.to_json()),
            created: moment(entry.started),
            took_micros: entry.took.map(|took| took.as_micros() as u64),
            request: (&detail.request).into(),
            outcome: detail.outcome.as_ref().map(|outcome| exported(outcome, &detail.replaced)).unwrap_or_default(),
            timeline: detail.timeline.iter().map(Into::into).collect(),
            damaged: detail.is_damaged,
        }
    }
}

impl From<&ApiExchange> for ExportedExchange {
    fn from(exchange: &ApiExchange) -> Self {
        Self {
            target: exchange.target.as_str(),
            created: moment(exchange.started),
            took_micros: exchange.took.as_micros() as u64,
            request: (&exchange.request).into(),
            outcome: exported(&exchange.outcome, &exchange.replaced),
        }
    }
}

impl From<&MaskedRequest> for ExportedRequest {
    fn from(request: &MaskedRequest) -> Self {
        Self {
            method: request.method.as_str(),
            path: request.path.clone(),
            params: request.params.iter().zip(&request.kept).map(param).collect(),
            headers: pairs(&request.headers),
        }
    }
}

fn exported(outcome: &Result<ApiResponse, CallFailure>, replaced: &[Range<usize>]) -> ExportedOutcome {
    match outcome {
        Ok(response) => {
            let text = response.text();
            let replaced_places = (!replaced.is_empty()).then_some(replaced.len());
            let response = ExportedResponse {
                status: response.http_status,
                headers: pairs(&response.headers),
                body: RawValue::from_string(response.json_line()).unwrap_or_else(|_| RawValue::NULL.to_owned()),
                body_is_text: !response.is_json(),
                cut_from_bytes: response.cut_from(),
                replaced_places,
                replaced: places_in_line(&text, replaced).into_iter().map(|place| [place.start, place.len()]).collect(),
            };
            ExportedOutcome { response: Some(response), failure: None }
        }
        Err(failure) => ExportedOutcome { response: None, failure: Some(failure.into()) },
    }
}

/// Where places of a body stand once the white space between its tokens is gone. Each lies in one token.
fn places_in_line(body: &str, places: &[Range<usize>]) -> Vec<Range<usize>> {
    if places.is_empty() {
        return Vec::new();
    }
    let (mut moved, mut behind, mut removed) = (places.to_vec(), 0, 0);
    let walked = json_spans::for_each_span(body, |span| {
        removed += body[behind..span.place.start].bytes().filter(u8::is_ascii_whitespace).count();
        behind = span.place.end;
        for (place, moved) in places.iter().zip(&mut moved) {
            if span.place.contains(&place.start) {
                *moved = place.start - removed..place.end - removed;
            }
        }
    });
    if walked.is_ok() { moved } else { places.to_vec() }
}

impl From<&CallFailure> for ExportedFailure {
    fn from(failure: &CallFailure) -> Self {
        Self {
            kind: failure.kind.clone(),
            message: failure.message.clone(),
            status: failure.http_status,
            text: failure.text.clone(),
        }
    }
}

fn param(((name, value), kept): (&(String, String), &Kept)) -> ExportedParam {
    ExportedParam { pair: NameValue { name: name.clone(), value: value.clone() }, kept: kept.mark() }
}

fn pairs(pairs: &[(String, String)]) -> Vec<NameValue> {
    pairs.iter().map(|(name, value)| NameValue { name: name.clone(), value: value.clone() }).collect()
}

fn moment(moment: Timestamp) -> String {
    format!("{moment:.3}")
}
