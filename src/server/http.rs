//! A call between HTTP and the API: what a client sent, in whatever way it sends it, as an [`ApiRequest`], and the answer
//! as bytes.

use std::{
    borrow::Cow,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use axum::{
    body::{Body, HttpBody as _},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header, request::Parts},
};
use percent_encoding::percent_decode;

use super::{
    Shared,
    connections::{Dropped, Place},
    door::{self, text},
    faults::{self, Course},
    intake::{self, FIRST_BYTES, Incoming},
};
use crate::{
    backend::{Admission, Door, KEY_PARAM, Served, admit, admit_by_param, refusal, unrecognized},
    domain::{
        call::{
            api::{ApiRequest, ApiResponse, Failure, HttpMethod},
            error::ApiError,
            params::Params,
        },
        history::request_log::FAULT_KIND,
    },
};

pub(super) type Request = axum::http::Request<Body>;
pub(super) type Response = axum::http::Response<Body>;

/// Of one call; the largest that Stripe takes has some hundreds.
const MOST_PARAMS: usize = 1000;
/// The headers that say something about a call; all others are about the connection or the client's machine.
const KEPT_HEADERS: [&str; 6] =
    ["Content-Type", "Idempotency-Key", "Stripe-Account", "Stripe-Context", "Stripe-Version", "User-Agent"];
const FORM: &str = "application/x-www-form-urlencoded";
/// What a call takes of the memory for calls in flight besides its bytes, about.
const CALL_BYTES: usize = 2 * 1024;
/// When to come back after a refusal for want of room, in seconds: a call takes a fraction of one.
const RETRY_AFTER: &str = "1";

/// Answers whatever came to a path that is not the server's own.
pub(super) async fn answer(shared: &Shared, request: Request) -> Response {
    let (arrived, started) = (Instant::now(), shared.clock.now());
    let (head, mut body) = request.into_parts();
    let refused = async |error: &ApiError| {
        let mut answer = refusal(error);
        if error.http_status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers.push(("Retry-After".to_owned(), RETRY_AFTER.to_owned()));
        }
        respond(match without_params(&head) {
            Ok(request) => shared.targets.refuse(request, started, arrived, answer).await,
            Err(_) => answer,
        })
    };
    let door = shared.door();
    let (request, admission) = match at_the_door(&head, &door) {
        Ok(admitted) => admitted,
        Err(error) => {
            let answer = refused(&error).await;
            intake::drain(&mut body).await;
            return closing(&head, answer);
        }
    };
    let mut body = match Incoming::new(body, CALL_BYTES + head_bytes(&head), &shared.arriving) {
        Ok(incoming) if !shared.leaving.is_spent() => incoming,
        Ok(incoming) => {
            let answer = refused(&intake::no_room()).await;
            incoming.drain().await;
            return closing(&head, answer);
        }
        Err(mut unread) => {
            let answer = refused(&intake::no_room()).await;
            intake::drain(&mut unread).await;
            return closing(&head, answer);
        }
    };
    let params = match read_params(&head, &mut body, &request, admission, &door).await {
        Ok(params) => params,
        Err(error) => {
            let answer = refused(&error).await;
            let is_at_the_door = error.http_status == StatusCode::UNAUTHORIZED;
            let is_whole = body.drain().await;
            return if is_whole && !is_at_the_door { answer } else { closing(&head, answer) };
        }
    };
    // The bytes are parameters by now; what they take is given back with the answer.
    let _taken = body.into_taken();
    let request = ApiRequest { params, ..request };
    let _busy = head.extensions.get::<Arc<Place>>().map(Place::begin);
    let course = shared.faults.course(&request).await;
    let fault = course.fault();
    match course {
        Course::Refused { answer, .. } => respond(shared.targets.refuse(request, started, arrived, answer).await),
        Course::Dropped { .. } => {
            let message = fault.unwrap_or_default();
            let failure = Failure { kind: FAULT_KIND.to_owned(), message, http_status: None, text: None };
            shared.targets.note(request, started, arrived, failure).await;
            dropped()
        }
        Course::CarriedOut { ending, .. } => {
            let call = Served { request, started, arrived, fault };
            let answer = {
                // So many answers at most are made before they are counted. The semaphore is never closed.
                let _at_work = shared.at_work.acquire().await;
                let answer = shared.targets.serve(call, door.policies).await;
                counted(shared, answer)
            };
            match ending {
                faults::Ending::Well => answer,
                faults::Ending::Dropped => dropped(),
                faults::Ending::Cut => cut(answer),
                faults::Ending::Garbage => garbage(answer),
            }
        }
    }
}

/// What is checked before a byte of the body is read: whom the call is for, who sent it, what it calls, and its key as
/// far as the head names one.
fn at_the_door(head: &Parts, door: &Door) -> Result<(ApiRequest, Admission), ApiError> {
    door::check(&head.headers, &head.uri)?;
    let request = without_params(head)?;
    // A header that is no text is no key, but it is there: the key does not follow.
    let authorization = head.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let admission = admit(authorization, &request, door.policies, door.only.as_ref())?;
    Ok((request, admission))
}

/// Reads the parameters: those of the query, and behind them those of the body.
async fn read_params(
    head: &Parts,
    body: &mut Incoming,
    request: &ApiRequest,
    admission: Admission,
    door: &Door,
) -> Result<Params, ApiError> {
    let mut params = Params::new();
    let query = head.uri.query().unwrap_or_default().as_bytes();
    if admission == Admission::KeyMayFollow {
        body.read_first().await?;
        let first = &body.bytes()[..body.bytes().len().min(FIRST_BYTES)];
        let key = [query, first].into_iter().flat_map(pairs).find(|(name, _)| name.as_ref() == KEY_PARAM.as_bytes());
        let key = key.map(|(_, key)| String::from_utf8_lossy(&key).into_owned());
        admit_by_param(key.as_deref(), request, door.policies, door.only.as_ref())?;
    }
    body.read_all().await?;
    push_params(&mut params, query, "query string")?;
    if !body.bytes().is_empty() {
        check_form(&head.headers)?;
        push_params(&mut params, body.bytes(), "POST body")?;
    }
    if admission == Admission::KeyMayFollow {
        params.remove(KEY_PARAM);
    }
    Ok(params)
}

/// Adds what a form holds. Its text is UTF-8, as Stripe has it: what is not is refused, for a sign put in its place would
/// make two values one.
fn push_params(params: &mut Params, form: &[u8], place: &str) -> Result<(), ApiError> {
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
fn pairs(form: &[u8]) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
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

/// Stripe's words for a body; those for other places are formed after them.
fn invalid_utf8(place: &str) -> ApiError {
    ApiError::request(None, None, format!("Invalid UTF-8 characters found in {place}"))
}

/// The call as far as its head tells.
///
/// # Errors
/// A method that the API does not have, and text that is not UTF-8.
fn without_params(head: &Parts) -> Result<ApiRequest, ApiError> {
    let path = percent_decode(head.uri.path().as_bytes()).decode_utf8().map_err(|_| invalid_utf8("URL path"))?;
    let method = head.method.as_str().parse::<HttpMethod>();
    let method = method.map_err(|()| unrecognized(head.method.as_str(), &path))?;
    Ok(ApiRequest { method, path: path.into_owned(), params: Params::new(), headers: kept_headers(&head.headers)? })
}

/// The bytes that the head of a call holds in memory.
fn head_bytes(head: &Parts) -> usize {
    let uri = head.uri.path_and_query().map_or(0, |path| path.as_str().len());
    head.headers.iter().fold(uri, |bytes, (name, value)| bytes + name.as_str().len() + value.len())
}

/// A body without a type is taken for a form, as Stripe does.
fn check_form(headers: &HeaderMap) -> Result<(), ApiError> {
    let kind = text(headers, &header::CONTENT_TYPE).unwrap_or(FORM);
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case(FORM) {
        return Ok(());
    }
    let message = format!("Invalid request (check that your POST content type is {FORM}).");
    Err(ApiError::request(None, None, message))
}

fn kept_headers(headers: &HeaderMap) -> Result<Vec<(String, String)>, ApiError> {
    let mut kept = Vec::new();
    for name in KEPT_HEADERS {
        if let Some(value) = headers.get(name) {
            let value = String::from_utf8(value.as_bytes().to_vec());
            kept.push((name.to_owned(), value.map_err(|_| invalid_utf8(&format!("header {name}")))?));
        }
    }
    Ok(kept)
}

/// The answer as bytes.
pub(super) fn respond(answer: ApiResponse) -> Response {
    let ApiResponse { http_status, headers, body } = answer;
    with_head(http_status, headers, Body::from(body))
}

/// As [`respond`], its bytes counted until the client has them.
fn counted(shared: &Shared, answer: ApiResponse) -> Response {
    let ApiResponse { http_status, headers, body } = answer;
    let taken = shared.leaving.take_what_is_left(body.len());
    with_head(http_status, headers, Body::from(intake::counted(body, taken)))
}

fn with_head(http_status: u16, headers: Vec<(String, String)>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        // A header that repeats what a client sent, such as its key, is a header already.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Closes the connection behind an answer, and says so: what is left of the body would be taken for the next request.
/// HTTP/2 gives up the stream alone, and has no such header.
pub(super) fn closing(head: &Parts, mut answer: Response) -> Response {
    if head.version < Version::HTTP_2 {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        if let Some(place) = head.extensions.get::<Arc<Place>>() {
            place.lingers.store(true, Ordering::Relaxed);
        }
    }
    answer
}

/// No answer: the connection is closed.
fn dropped() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Dropped);
    response
}

/// An answer that ends in the middle of its body, its length announced in full.
fn cut(mut response: Response) -> Response {
    let body = std::mem::take(response.body_mut());
    let length = body.size_hint().lower();
    *response.body_mut() = Body::new(faults::Half::new(body, length as usize / 2));
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

/// An answer that is not JSON, as a proxy in between would give it.
fn garbage(mut response: Response) -> Response {
    let body: &[u8] = b"<html><head><title>Bad gateway</title></head><body>\xff\xfe not an API";
    *response.body_mut() = Body::from(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}
