//! A call between HTTP and the API: what a client sent, in whatever way it sends it, as an [`ApiRequest`], and the answer
//! as bytes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header, request::Parts},
};
use percent_encoding::percent_decode_str;
use tokio::time::timeout;

use super::{
    Shared,
    connections::{Dropped, Place},
    faults::{self, Course},
};
use crate::{
    backend::{Served, refusal, unrecognized},
    domain::{
        api::{ApiRequest, ApiResponse, Failure, HttpMethod},
        error::ApiError,
        params::Params,
        request_log::FAULT_KIND,
    },
};

pub(super) type Request = axum::http::Request<Body>;
pub(super) type Response = axum::http::Response<Body>;

const BODY_BYTES: usize = 1 << 20;
/// Of one call; the largest that Stripe takes has some hundreds.
const MOST_PARAMS: usize = 1000;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// The headers that say something about a call; all others are about the connection or the client's machine.
const KEPT_HEADERS: [&str; 6] =
    ["Content-Type", "Idempotency-Key", "Stripe-Account", "Stripe-Context", "Stripe-Version", "User-Agent"];
const FORM: &str = "application/x-www-form-urlencoded";

/// Answers whatever came to a path that is not the server's own.
pub(super) async fn answer(shared: &Shared, request: Request) -> Response {
    let (arrived, started) = (Instant::now(), shared.clock.now());
    let (head, body) = request.into_parts();
    let authorization = text(&head.headers, &header::AUTHORIZATION).map(str::to_owned);
    let request = match read(&head, body).await {
        Ok(request) => request,
        Err(error) => {
            let answer = refusal(&error);
            return respond(match without_params(&head) {
                Some(request) => shared.targets.refuse(request, started, arrived, answer).await,
                None => answer,
            });
        }
    };
    let _busy = head.extensions.get::<Arc<Place>>().map(Place::begin);
    let course = shared.faults.course(&request).await;
    let fault = course.fault();
    match course {
        Course::Refused { answer, .. } => respond(shared.targets.refuse(request, started, arrived, answer).await),
        Course::Dropped { .. } => {
            let message = fault.unwrap_or_default();
            let failure = Failure { kind: FAULT_KIND.to_owned(), message, http_status: None, text: None };
            shared.targets.note(request, started, arrived, Err(failure)).await;
            dropped()
        }
        Course::CarriedOut { ending, .. } => {
            let call = Served { request, authorization, started, arrived, fault };
            let answer = shared.targets.serve(call, &shared.door()).await;
            match ending {
                faults::Ending::Well => respond(answer),
                faults::Ending::Dropped => dropped(),
                faults::Ending::Cut => cut(answer),
                faults::Ending::Garbage => garbage(answer),
            }
        }
    }
}

/// Reads a call: checks who is meant, then takes query and body together.
async fn read(head: &Parts, body: Body) -> Result<ApiRequest, ApiError> {
    check_host(&head.headers, &head.uri)?;
    let request = without_params(head);
    let request = request.ok_or_else(|| unrecognized(head.method.as_str(), &decoded_path(&head.uri)))?;
    let body = read_body(body).await?;
    let mut params = Params::new();
    let query = head.uri.query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        params.push(name, value.into_owned());
    }
    if !body.is_empty() {
        check_form(&head.headers)?;
        for (name, value) in form_urlencoded::parse(&body) {
            params.push(name, value.into_owned());
        }
    }
    if params.len() > MOST_PARAMS {
        let message = format!("The request has more than {MOST_PARAMS} parameters.");
        return Err(ApiError::request(None, None, message));
    }
    Ok(ApiRequest { params, ..request })
}

/// The call as far as its head tells; `None` for a method that the API does not have.
fn without_params(head: &Parts) -> Option<ApiRequest> {
    let method = head.method.as_str().parse::<HttpMethod>().ok()?;
    let (path, headers) = (decoded_path(&head.uri), kept_headers(&head.headers));
    Some(ApiRequest { method, path, params: Params::new(), headers })
}

fn decoded_path(uri: &Uri) -> String {
    percent_decode_str(uri.path()).decode_utf8_lossy().into_owned()
}

/// Refuses a name that is not this machine's: a page in a browser may have been led here under its own name.
pub(super) fn check_host(headers: &HeaderMap, uri: &Uri) -> Result<(), ApiError> {
    let host = uri.host().or_else(|| {
        let host = text(headers, &header::HOST)?;
        let end = if host.starts_with('[') { host.find(']').map(|end| end + 1) } else { host.find(':') };
        Some(&host[..end.unwrap_or(host.len())])
    });
    let host = host.unwrap_or_default();
    if ["127.0.0.1", "localhost", "[::1]"].iter().any(|known| host.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    let message = "Testcard's local server answers to 127.0.0.1 and localhost only: set the host of your client to one \
                   of them.";
    Err(ApiError::request(None, None, message).with_status(403))
}

async fn read_body(body: Body) -> Result<Bytes, ApiError> {
    match timeout(BODY_TIMEOUT, to_bytes(body, BODY_BYTES)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let message = format!("The body of the request is broken, or larger than {BODY_BYTES} bytes.");
            Err(ApiError::request(None, None, message).with_status(413))
        }
        Err(_) => {
            let message = format!("The body of the request did not arrive within {} s.", BODY_TIMEOUT.as_secs());
            Err(ApiError::request(None, None, message).with_status(408))
        }
    }
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

fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let value = |name: &str| Some(String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned());
    let kept = |name: &&str| Some(((*name).to_owned(), value(name)?));
    KEPT_HEADERS.iter().filter_map(kept).collect()
}

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The answer as bytes.
pub(super) fn respond(answer: ApiResponse) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        // A header that repeats what a client sent, such as its key, is a header already.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// No answer: the connection is closed.
fn dropped() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Dropped);
    response
}

/// An answer that ends in the middle of its body, its length announced in full.
fn cut(answer: ApiResponse) -> Response {
    let length = answer.body.len();
    let mut response = respond(answer);
    let body = std::mem::take(response.body_mut());
    *response.body_mut() = Body::new(faults::Half::new(body, length / 2));
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

/// An answer that is not JSON, as a proxy in between would give it.
fn garbage(answer: ApiResponse) -> Response {
    let body = b"<html><head><title>Bad gateway</title></head><body>\xff\xfe not an API".to_vec();
    let headers = answer.headers.into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"));
    let headers = headers.chain([("Content-Type".to_owned(), "text/html".to_owned())]).collect();
    respond(ApiResponse { headers, body, ..answer })
}
