//! Between HTTP and the API: reads what a client sent as an [`ApiRequest`], and writes the answer as bytes.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock, atomic::Ordering},
};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header, request::Parts},
};
use percent_encoding::percent_decode;

use super::{admission::text, faults::TruncatedBody, slot::ConnectionSlot};
use crate::{
    backend::{sent_headers, unrecognized},
    domain::call::{
        api::{ApiRequest, ApiResponse, HttpMethod},
        error::ApiError,
        params::Params,
    },
};

pub(super) type HttpRequest = axum::http::Request<Body>;
pub(super) type HttpResponse = axum::http::Response<Body>;

/// The most parameters of a call. The largest calls that Stripe takes have some hundreds.
const MOST_PARAMS: usize = 1000;
/// The headers that say something about a call; all others are about the connection or the client's machine. Each as
/// HTTP looks it up, and as it is kept.
static KEPT_HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_TYPE, "Content-Type"),
    (HeaderName::from_static("idempotency-key"), "Idempotency-Key"),
    (HeaderName::from_static("stripe-account"), "Stripe-Account"),
    (HeaderName::from_static("stripe-context"), "Stripe-Context"),
    (HeaderName::from_static("stripe-version"), "Stripe-Version"),
    (header::USER_AGENT, "User-Agent"),
];
/// The names of the headers that nearly every answer has, as HTTP has them: any other name is read for each answer.
static USUAL_HEADERS: [(&str, HeaderName); 8] = [
    ("Content-Type", header::CONTENT_TYPE),
    ("Cache-Control", header::CACHE_CONTROL),
    ("Request-Id", HeaderName::from_static("request-id")),
    ("Stripe-Version", HeaderName::from_static("stripe-version")),
    ("Stripe-Account", HeaderName::from_static("stripe-account")),
    ("Idempotency-Key", HeaderName::from_static("idempotency-key")),
    ("Original-Request", HeaderName::from_static("original-request")),
    ("Stripe-Should-Retry", HeaderName::from_static("stripe-should-retry")),
];
/// Room for the headers of an answer: a map that grows as they are added is made anew three times.
const MOST_SENT_HEADERS: usize = 24;
const FORM: &str = "application/x-www-form-urlencoded";

/// Adds the parameters of a form, which came in `place`. Text that is not UTF-8 is refused, as Stripe does: a
/// replacement character in its place would make two values one.
pub(super) fn push_params(params: &mut Params, form: &[u8], place: &str) -> Result<(), ApiError> {
    for (name, value) in pairs(form) {
        if params.len() == MOST_PARAMS {
            let message = format!("The request has more than {MOST_PARAMS} parameters.");
            return Err(ApiError::request(None, None, message));
        }
        let (Ok(name), Ok(value)) = (String::from_utf8(name.into_owned()), String::from_utf8(value.into_owned()))
        else {
            return Err(invalid_utf8(place));
        };
        params.push(name, value);
    }
    Ok(())
}

/// Names and values as the URL standard reads a form, before they are text.
pub(super) fn pairs(form: &[u8]) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        (decoded(&pair[..end]), decoded(pair.get(end + 1..).unwrap_or_default()))
    })
}

fn decoded(part: &[u8]) -> Cow<'_, [u8]> {
    if part.contains(&b'+') {
        let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        Cow::Owned(percent_decode(&spaced).collect())
    } else {
        percent_decode(part).into()
    }
}

/// Stripe's words for a body. Those for other places are undocumented: formed after them.
fn invalid_utf8(place: &str) -> ApiError {
    ApiError::request(None, None, format!("Invalid UTF-8 characters found in {place}"))
}

/// The call as far as its head tells: all but the parameters.
///
/// # Errors
/// A method that the API does not have, and text that is not UTF-8.
pub(super) fn without_params(head: &Parts) -> Result<ApiRequest, ApiError> {
    let path = percent_decode(head.uri.path().as_bytes()).decode_utf8().map_err(|_| invalid_utf8("URL path"))?;
    let method = head.method.as_str().parse::<HttpMethod>();
    let method = method.map_err(|()| unrecognized(head.method.as_str(), &path))?;
    Ok(ApiRequest { method, path: path.into_owned(), params: Params::new(), headers: kept_headers(&head.headers)? })
}

/// The bytes that the head of a call holds in memory.
pub(super) fn head_bytes(head: &Parts) -> usize {
    let uri = head.uri.path_and_query().map_or(0, |path| path.as_str().len());
    head.headers.iter().fold(uri, |bytes, (name, value)| bytes + name.as_str().len() + value.len())
}

/// Refuses a body that says it is no form. A body without a type is taken for a form, as Stripe does.
pub(super) fn check_form(headers: &HeaderMap) -> Result<(), ApiError> {
    let kind = text(headers, &header::CONTENT_TYPE).unwrap_or(FORM);
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case(FORM) {
        return Ok(());
    }
    // Reported of a body that says it is JSON.
    let message = format!(
        "Invalid request (check that your POST content type is {FORM}). If you have any questions, we can help at \
         https://support.stripe.com/."
    );
    Err(ApiError::request(None, None, message))
}

fn kept_headers(headers: &HeaderMap) -> Result<Vec<(String, String)>, ApiError> {
    let mut kept = Vec::new();
    for (known, name) in &KEPT_HEADERS {
        if let Some(value) = headers.get(known) {
            let value = String::from_utf8(value.as_bytes().to_vec());
            kept.push(((*name).to_owned(), value.map_err(|_| invalid_utf8(&format!("header {name}")))?));
        }
    }
    Ok(kept)
}

/// Marks an answer that is not sent: the connection is closed instead.
#[derive(Clone, Copy)]
pub(super) struct DropConnection;

/// The headers that are the same on every answer that went well, read once.
static SENT_WITH_200: LazyLock<Vec<(HeaderName, HeaderValue)>> = LazyLock::new(|| read_sent_headers(200).collect());

fn read_sent_headers(http_status: u16) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    sent_headers(http_status).map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
}

/// The answer as bytes.
pub(super) fn respond(answer: ApiResponse) -> HttpResponse {
    respond_with(answer, Bytes::from)
}

/// As [`respond`]; `body` makes the bytes that are sent, such as bytes that are counted while they are kept.
pub(super) fn respond_with(answer: ApiResponse, body: impl FnOnce(Vec<u8>) -> Bytes) -> HttpResponse {
    let ApiResponse { http_status, headers, body: bytes } = answer;
    let mut response = HttpResponse::new(Body::from(body(bytes)));
    *response.status_mut() = StatusCode::from_u16(http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().reserve(MOST_SENT_HEADERS);
    for (name, value) in headers {
        // None is left out: a value that repeats what a client sent, such as its key, came in as a header value.
        if let (Some(name), Ok(value)) = (header_name(&name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    if http_status == 200 {
        response.headers_mut().extend(SENT_WITH_200.iter().cloned());
    } else {
        response.headers_mut().extend(read_sent_headers(http_status));
    }
    response
}

fn header_name(name: &str) -> Option<HeaderName> {
    match USUAL_HEADERS.iter().find(|(usual, _)| *usual == name) {
        Some((_, known)) => Some(known.clone()),
        None => HeaderName::try_from(name).ok(),
    }
}

/// Lets the connection be closed after this answer, for the rest of the body, which nobody read, would be taken for the
/// next request. In HTTP/2 a body ends with its stream, so the connection goes on.
pub(super) fn closing(head: &Parts, mut answer: HttpResponse) -> HttpResponse {
    if head.version < Version::HTTP_2 {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        if let Some(slot) = head.extensions.get::<Arc<ConnectionSlot>>() {
            slot.lingers.store(true, Ordering::Relaxed);
        }
    }
    answer
}

/// No answer: the connection is closed.
pub(super) fn dropped() -> HttpResponse {
    let mut response = HttpResponse::new(Body::empty());
    response.extensions_mut().insert(DropConnection);
    response
}

/// An answer whose `Content-Length` is right and whose body ends in the middle.
pub(super) fn cut(mut response: HttpResponse) -> HttpResponse {
    let body = std::mem::take(response.body_mut());
    let length = body.size_hint().lower();
    *response.body_mut() = Body::new(TruncatedBody::new(body, length as usize / 2));
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

/// An answer that is not JSON, such as a proxy between client and API gives.
pub(super) fn garbage(mut response: HttpResponse) -> HttpResponse {
    let body: &[u8] = b"<html><head><title>Bad gateway</title></head><body>\xff\xfe not an API";
    *response.body_mut() = Body::from(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}
