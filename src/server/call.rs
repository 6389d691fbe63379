//! One call from its first byte to its answer: admitted, read, made to fail on purpose where a rule says so, and handed to
//! the backend.

use std::{sync::Arc, time::Instant};

use axum::http::{StatusCode, header, request::Parts};
use tracing::Instrument as _;

use super::{
    admission,
    faults::{AnswerEnding, FaultPlan},
    http::{self, HttpRequest, HttpResponse, closing, respond, without_params},
    intake::{self, FIRST_BYTES, IncomingBody},
    shared::SharedState,
    slot::ConnectionSlot,
};
use crate::{
    backend::{Admission, AdmissionRules, KEY_PARAM, ServedCall, admit, admit_by_param, call_span, refusal},
    domain::{
        call::{
            api::{ApiRequest, CallFailure, Target},
            error::ApiError,
            params::Params,
        },
        history::request_log::FAULT_KIND,
    },
};

/// About what a call takes of the memory besides the bytes of its head and body.
const CALL_BYTES: usize = 2 * 1024;
/// `Retry-After` of a refusal for want of memory, in seconds. The least there is: a call takes a fraction of a second.
const RETRY_AFTER: &str = "1";

/// Answers whatever came to a path that is not the server's own.
pub(super) async fn answer(shared: &SharedState, request: HttpRequest) -> HttpResponse {
    let arrived = Instant::now();
    let span = call_span(Target::Local, request.method().as_str());
    let work = async {
        let answer = carry_out(shared, request, arrived).await;
        let took_micros = arrived.elapsed().as_micros();
        tracing::debug!(http_status = answer.status().as_u16(), took_micros, "ready to be sent");
        answer
    };
    work.instrument(span).await
}

async fn carry_out(shared: &SharedState, request: HttpRequest, arrived: Instant) -> HttpResponse {
    let started = shared.clock.now();
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
    let rules = shared.admission();
    let (request, admission) = match admitted(&head, &rules) {
        Ok(admitted) => admitted,
        Err(error) => {
            let answer = refused(&error).await;
            intake::drain(&mut body).await;
            return closing(&head, answer);
        }
    };
    let mut body = match IncomingBody::new(body, CALL_BYTES + http::head_bytes(&head), &shared.arriving) {
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
    let params = match read_params(&head, &mut body, &request, admission, &rules).await {
        Ok(params) => params,
        Err(error) => {
            let answer = refused(&error).await;
            let is_unadmitted = error.http_status == StatusCode::UNAUTHORIZED;
            let is_whole = body.drain().await;
            return if is_whole && !is_unadmitted { answer } else { closing(&head, answer) };
        }
    };
    // The bytes are parameters by now; the memory that they take is given back once the call is answered.
    let _taken = body.into_taken();
    let request = ApiRequest { params, ..request };
    let _busy = head.extensions.get::<Arc<ConnectionSlot>>().map(ConnectionSlot::begin);
    match shared.faults.plan(&request).await {
        FaultPlan::Refused { answer } => respond(shared.targets.refuse(request, started, arrived, answer).await),
        FaultPlan::Dropped { fault } => {
            let message = fault.to_string();
            let failure = CallFailure { kind: FAULT_KIND.to_owned(), message, http_status: None, text: None };
            shared.targets.note(request, started, arrived, failure).await;
            http::dropped()
        }
        FaultPlan::CarriedOut { ending, fault, hold: _held } => {
            let call = ServedCall { request, started, arrived, fault };
            let answer = {
                // An answer counts as memory once it is there; the permit bounds how many come at once. The semaphore is
                // never closed.
                let _at_work = shared.at_work.acquire().await;
                let answer = shared.targets.serve(call, rules.policies).await;
                http::respond_with(answer, |bytes| {
                    let share = shared.leaving.take_what_is_left(bytes.len());
                    intake::counted(bytes, share)
                })
            };
            match ending {
                AnswerEnding::Well => answer,
                AnswerEnding::Dropped => http::dropped(),
                AnswerEnding::Cut => http::cut(answer),
                AnswerEnding::Garbage => http::garbage(answer),
            }
        }
    }
}

/// What is checked before a byte of the body is read: whom the call is for, who sent it, what it calls, and its key as
/// far as the head names one.
fn admitted(head: &Parts, rules: &AdmissionRules) -> Result<(ApiRequest, Admission), ApiError> {
    admission::check(&head.headers, &head.uri)?;
    let request = without_params(head)?;
    // A header that is no text is no key. It is there all the same, so no key among the parameters stands in for it.
    let authorization = head.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let admission = admit(authorization, &request, rules.policies, rules.only.as_ref())?;
    Ok((request, admission))
}

/// Reads the parameters of the query and after them those of the body; refuses the call where its key is among them and is
/// not let in.
async fn read_params(
    head: &Parts,
    body: &mut IncomingBody,
    request: &ApiRequest,
    admission: Admission,
    rules: &AdmissionRules,
) -> Result<Params, ApiError> {
    let mut params = Params::new();
    let query = head.uri.query().unwrap_or_default().as_bytes();
    if admission == Admission::KeyMayFollow {
        body.read_first().await?;
        let first = &body.bytes()[..body.bytes().len().min(FIRST_BYTES)];
        let key =
            [query, first].into_iter().flat_map(http::pairs).find(|(name, _)| name.as_ref() == KEY_PARAM.as_bytes());
        let key = key.map(|(_, key)| String::from_utf8_lossy(&key).into_owned());
        admit_by_param(key.as_deref(), request, rules.policies, rules.only.as_ref())?;
    }
    body.read_all().await?;
    http::push_params(&mut params, query, "query string")?;
    if !body.bytes().is_empty() {
        http::check_form(&head.headers)?;
        http::push_params(&mut params, body.bytes(), "POST body")?;
    }
    if admission == Admission::KeyMayFollow {
        params.remove(KEY_PARAM);
    }
    Ok(params)
}
