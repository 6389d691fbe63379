//! HAR 1.2 (the W3C's draft "HTTP Archive format"): the calls of each entry, as browsers and proxies save theirs. They are
//! masked as the history has them, and hold no `Authorization`.

use std::io::{self, Write};

use serde::Serialize;

use super::entry_writer::EntryWriter;
use crate::domain::{
    call::api::{ApiResponse, CallFailure, HttpMethod, MaskedRequest, Target},
    history::entry::EntryDetail,
    settings::stripe::BaseUrl,
};

/// Stands for the local minter, whose calls mostly never had an address: where `testcard serve` listens by default.
const LOCAL: &str = "http://127.0.0.1:12111";

#[derive(Default)]
pub(super) struct HarWriter {
    has_calls: bool,
}

impl HarWriter {
    fn call(&mut self, out: &mut dyn Write, call: &HarCall<'_>) -> io::Result<()> {
        out.write_all(if self.has_calls { b",\n" } else { b"\n" })?;
        self.has_calls = true;
        serde_json::to_writer(out, call).map_err(io::Error::from)
    }
}

impl EntryWriter for HarWriter {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        write!(
            out,
            "{{\"log\":{{\"version\":\"1.2\",\"creator\":{{\"name\":\"Testcard\",\"version\":\"{version}\"}},\"entries\":["
        )
    }

    /// First the call that made the entry, then those of its timeline.
    fn entry(&mut self, out: &mut dyn Write, detail: &EntryDetail) -> io::Result<()> {
        let entry = &detail.entry;
        let creation = HarCall::of(entry.target, &detail.request, detail.outcome.as_ref());
        self.call(out, &creation.at(entry.started, entry.took.unwrap_or_default()))?;
        for call in &detail.timeline {
            let later = HarCall::of(call.target, &call.request, Some(&call.outcome));
            self.call(out, &later.at(call.started, call.took))?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"\n]}}\n")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarCall<'a> {
    started_date_time: String,
    /// In milliseconds.
    time: f64,
    request: HarRequest<'a>,
    response: HarResponse<'a>,
    cache: HarCache,
    timings: HarTimings,
}

#[derive(Serialize)]
struct HarCache {}

/// In milliseconds. How the time of a call was spent is not known: all of it counts as waiting.
#[derive(Serialize)]
struct HarTimings {
    send: f64,
    wait: f64,
    receive: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest<'a> {
    method: &'static str,
    url: String,
    http_version: &'static str,
    cookies: [(); 0],
    headers: Vec<HarPair<'a>>,
    query_string: Vec<HarPair<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<HarPostData<'a>>,
    headers_size: i64,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarPostData<'a> {
    mime_type: &'static str,
    params: Vec<HarPair<'a>>,
}

#[derive(Serialize)]
struct HarPair<'a> {
    name: &'a str,
    value: &'a str,
    /// `masked` or `hidden`, where the value is not as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarResponse<'a> {
    /// 0 where no answer came, as browsers write it.
    status: u16,
    status_text: &'static str,
    http_version: &'static str,
    cookies: [(); 0],
    headers: Vec<HarPair<'a>>,
    content: HarContent,
    #[serde(rename = "redirectURL")]
    redirect_url: &'static str,
    headers_size: i64,
    body_size: i64,
    /// Why no answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarContent {
    size: usize,
    mime_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// What the format wants where nothing is known.
const UNKNOWN_SIZE: i64 = -1;
const UNKNOWN_VERSION: &str = "unknown";

impl<'a> HarCall<'a> {
    fn of(target: Target, request: &'a MaskedRequest, outcome: Option<&'a Result<ApiResponse, CallFailure>>) -> Self {
        Self {
            started_date_time: String::new(),
            time: 0.0,
            request: HarRequest::of(target, request),
            response: HarResponse::of(outcome),
            cache: HarCache {},
            timings: HarTimings { send: 0.0, wait: 0.0, receive: 0.0 },
        }
    }

    fn at(self, started: jiff::Timestamp, took: std::time::Duration) -> Self {
        let millis = took.as_micros() as f64 / 1000.0;
        Self {
            started_date_time: format!("{started:.3}"),
            time: millis,
            timings: HarTimings { wait: millis, ..self.timings },
            ..self
        }
    }
}

impl<'a> HarRequest<'a> {
    fn of(target: Target, request: &'a MaskedRequest) -> Self {
        let base = match target {
            Target::Local => LOCAL,
            Target::Stripe => BaseUrl::STRIPE,
        };
        let params: Vec<HarPair<'_>> = request
            .params
            .iter()
            .zip(&request.kept)
            .map(|((name, value), kept)| HarPair { name, value, comment: kept.mark() })
            .collect();
        let (query_string, post_data) = match request.method {
            HttpMethod::Post => {
                (Vec::new(), Some(HarPostData { mime_type: "application/x-www-form-urlencoded", params }))
            }
            HttpMethod::Get | HttpMethod::Delete => (params, None),
        };
        Self {
            method: request.method.as_str(),
            url: url(base, &request.path, &query_string),
            http_version: UNKNOWN_VERSION,
            cookies: [],
            headers: pairs(&request.headers),
            query_string,
            post_data,
            headers_size: UNKNOWN_SIZE,
            body_size: UNKNOWN_SIZE,
        }
    }
}

fn url(base: &str, path: &str, query: &[HarPair<'_>]) -> String {
    let query = query.iter().map(|pair| (pair.name, pair.value));
    match url::Url::parse(&format!("{}{path}", base.trim_end_matches('/'))) {
        Ok(mut url) => {
            let query: Vec<(&str, &str)> = query.collect();
            if !query.is_empty() {
                url.query_pairs_mut().extend_pairs(query);
            }
            url.into()
        }
        // A path that no address can have was refused before it was sent.
        Err(_) => base.to_owned(),
    }
}

impl<'a> HarResponse<'a> {
    fn of(outcome: Option<&'a Result<ApiResponse, CallFailure>>) -> Self {
        let (status, headers, content, comment) = match outcome {
            Some(Ok(answer)) => {
                let mime_type = answer.header("Content-Type").unwrap_or_default().to_owned();
                let content = HarContent { size: answer.body.len(), mime_type, text: Some(answer.text()) };
                (answer.http_status, pairs(&answer.headers), content, None)
            }
            Some(Err(failure)) => {
                let size = failure.text.as_ref().map_or(0, String::len);
                let content = HarContent { size, mime_type: String::new(), text: failure.text.clone() };
                (failure.http_status.unwrap_or_default(), Vec::new(), content, Some(failure.message.as_str()))
            }
            None => {
                let content = HarContent { size: 0, mime_type: String::new(), text: None };
                (0, Vec::new(), content, Some("The call is on its way"))
            }
        };
        Self {
            status,
            status_text: "",
            http_version: UNKNOWN_VERSION,
            cookies: [],
            headers,
            content,
            redirect_url: "",
            headers_size: UNKNOWN_SIZE,
            body_size: UNKNOWN_SIZE,
            comment,
        }
    }
}

fn pairs(pairs: &[(String, String)]) -> Vec<HarPair<'_>> {
    pairs.iter().map(|(name, value)| HarPair { name, value, comment: None }).collect()
}
