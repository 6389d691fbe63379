//! The shape of an entry in exports and in what the command line prints: its own structs, with a version, so that a
//! change of the program's types does not change the files.

use std::{borrow::Cow, ops::Range};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::domain::{
    call::api::{ApiExchange, ApiResponse, CallFailure, MaskedRequest},
    history::entry::EntryDetail,
    json_spans::{self, JsonLayout},
    mask::{Kept, keyed_hash},
};

/// The word in `format` of an export.
pub const EXPORT_FORMAT: &str = "testcard";
/// The number in `version` of an export. It is raised when a program that reads older exports would misread a newer
/// one.
pub const EXPORT_VERSION: u32 = 1;

/// An entry of the history, masked as the store keeps it.
#[derive(Clone, Debug, Serialize)]
pub struct ExportedEntry<'a> {
    id: i64,
    /// What tells the entry from those of other histories; not of entries that are older than these.
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    status: &'static str,
    target: &'static str,
    token: Option<&'a str>,
    brand: Option<&'a str>,
    last4: Option<&'a str>,
    code: Option<&'a str>,
    used_by: Option<&'a str>,
    used_client: Option<&'a str>,
    /// The account that the token is of; only where that is not the account itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    note: &'a str,
    tags: &'a [String],
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
    request: ExportedRequest<'a>,
    #[serde(flatten)]
    outcome: ExportedOutcome<'a>,
    /// Oldest first.
    timeline: Vec<ExportedExchange<'a>>,
    /// Whether a part of this could not be read; only where that is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    damaged: bool,
}

/// A later call about the same token.
#[derive(Clone, Debug, Serialize)]
struct ExportedExchange<'a> {
    target: &'static str,
    created: String,
    took_micros: u64,
    request: ExportedRequest<'a>,
    #[serde(flatten)]
    outcome: ExportedOutcome<'a>,
}

#[derive(Clone, Debug, Serialize)]
struct ExportedRequest<'a> {
    method: &'static str,
    path: &'a str,
    /// In the order of sending; a name may occur twice.
    params: Vec<ExportedParam<'a>>,
    headers: Vec<NameValue<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct ExportedParam<'a> {
    #[serde(flatten)]
    pair: NameValue<'a>,
    /// `masked` or `hidden`; nothing where the value is as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<&'static str>,
}

#[derive(Clone, Debug, Serialize)]
struct NameValue<'a> {
    name: &'a str,
    value: &'a str,
}

/// What came of a call: a response or a failure, or neither while the call is on its way.
#[derive(Clone, Debug, Default, Serialize)]
struct ExportedOutcome<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ExportedResponse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<ExportedFailure<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct ExportedResponse<'a> {
    status: u16,
    headers: Vec<NameValue<'a>>,
    /// As it came: every number and string as it was written, its keys in their order, those that occur twice too. Text
    /// if it is not JSON.
    body: Cow<'a, RawValue>,
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
struct ExportedFailure<'a> {
    kind: &'a str,
    message: &'a str,
    status: Option<u16>,
    text: Option<&'a str>,
}

impl ExportedEntry<'_> {
    /// The entry as JSON in one line.
    ///
    /// # Errors
    /// None: an entry has texts and numbers only.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        self.laid_out(JsonLayout::OneLine)
    }

    /// The entry as JSON in indented lines.
    ///
    /// # Errors
    /// As [`Self::to_line`].
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        self.laid_out(JsonLayout::Indented { levels_around: 0 })
    }

    /// The entry as JSON. Serde writes the bodies as they came, whatever the layout of the rest.
    ///
    /// # Errors
    /// As [`Self::to_line`].
    pub fn laid_out(&self, layout: JsonLayout) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|json| json_spans::laid_out(&json, layout))
    }
}

impl<'a> From<&'a EntryDetail> for ExportedEntry<'a> {
    fn from(detail: &'a EntryDetail) -> Self {
        let entry = &detail.entry;
        Self {
            id: entry.id.0,
            uid: detail.uid.map(|uid| uid.to_string()),
            status: entry.status.as_str(),
            target: entry.target.as_str(),
            token: entry.token_id.as_deref(),
            brand: entry.brand.as_deref(),
            last4: entry.last4.as_deref(),
            code: entry.code.as_deref(),
            used_by: entry.used_by.as_deref(),
            used_client: entry.used_client.as_deref(),
            account: entry.account.as_deref().map(keyed_hash::shown),
            note: &entry.note,
            tags: &entry.tags,
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

impl<'a> From<&'a ApiExchange> for ExportedExchange<'a> {
    fn from(exchange: &'a ApiExchange) -> Self {
        Self {
            target: exchange.target.as_str(),
            created: moment(exchange.started),
            took_micros: exchange.took.as_micros() as u64,
            request: (&exchange.request).into(),
            outcome: exported(&exchange.outcome, &exchange.replaced),
        }
    }
}

impl<'a> From<&'a MaskedRequest> for ExportedRequest<'a> {
    fn from(request: &'a MaskedRequest) -> Self {
        Self {
            method: request.method.as_str(),
            path: &request.path,
            params: request.params.iter().zip(&request.kept).map(param).collect(),
            headers: pairs(&request.headers),
        }
    }
}

fn exported<'a>(outcome: &'a Result<ApiResponse, CallFailure>, replaced: &[Range<usize>]) -> ExportedOutcome<'a> {
    match outcome {
        Ok(response) => {
            let (body, body_is_text) = body(response);
            let places = if replaced.is_empty() { Vec::new() } else { places_in_line(&response.text(), replaced) };
            let response = ExportedResponse {
                status: response.http_status,
                headers: pairs(&response.headers),
                body,
                body_is_text,
                cut_from_bytes: response.cut_from(),
                replaced_places: (!replaced.is_empty()).then_some(replaced.len()),
                replaced: places.into_iter().map(|place| [place.start, place.len()]).collect(),
            };
            ExportedOutcome { response: Some(response), failure: None }
        }
        Err(failure) => ExportedOutcome { response: None, failure: Some(failure.into()) },
    }
}

/// The body as JSON, and whether it is a text that is none. Serde checks the whole of it.
fn body(response: &ApiResponse) -> (Cow<'_, RawValue>, bool) {
    let text = String::from_utf8_lossy(&response.body);
    let json = match &text {
        Cow::Borrowed(text) => serde_json::from_str(text).map(Cow::Borrowed),
        Cow::Owned(text) => serde_json::from_str(text).map(Cow::Owned),
    };
    match json {
        Ok(json) => (json, false),
        Err(_) => {
            let text = serde_json::value::to_raw_value(&text).expect("a text is JSON");
            (Cow::Owned(text), true)
        }
    }
}

/// Where places of a body stand once the white space between its tokens is gone. Each lies in one token.
fn places_in_line(body: &str, places: &[Range<usize>]) -> Vec<Range<usize>> {
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

impl<'a> From<&'a CallFailure> for ExportedFailure<'a> {
    fn from(failure: &'a CallFailure) -> Self {
        Self {
            kind: &failure.kind,
            message: &failure.message,
            status: failure.http_status,
            text: failure.text.as_deref(),
        }
    }
}

fn param<'a>(((name, value), kept): (&'a (String, String), &Kept)) -> ExportedParam<'a> {
    ExportedParam { pair: NameValue { name, value }, kept: kept.mark() }
}

fn pairs(pairs: &[(String, String)]) -> Vec<NameValue<'_>> {
    pairs.iter().map(|(name, value)| NameValue { name, value }).collect()
}

fn moment(moment: Timestamp) -> String {
    format!("{moment:.3}")
}
