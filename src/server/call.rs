//! One call from its first byte to its answer: admitted, read, made to fail on purpose where a rule says so, and handed
//! to the backend.

use std::time::Instant;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header, request::Parts},
};
use tracing::Instrument as _;

use super::{
    admission, control, cors,
    faults::{AnswerEnding, FaultPlan},
    http::{self, HttpRequest, HttpResponse, closing, respond, without_params},
    intake::{self, FIRST_BYTES, IncomingBody, MemoryShare},
    shared::SharedState,
    slot::BusyGuard,
};
use crate::{
    backend::{
        Admission, AdmissionRules, CallOrigin, KEY_PARAM, ServedCall, admit, admit_by_param, authenticate, call_span,
        check_account, refusal, takes_key_param, unrecognized,
    },
    domain::{
        call::{
            api::{ApiRequest, CallFailure, Target},
            client_fields,
            error::ApiError,
        },
        history::request_log::FAULT_KIND,
        key::{ApiKey, KeyKind},
        rules::policies::AccountPolicies,
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
    let (head, body) = request.into_parts();
    let origin = CallOrigin { started, arrived, world: None, is_publishable: false, server: shared.origin() };
    let call = ArrivedCall { shared, head: &head, origin };
    let rules = shared.admission();
    match admission::check(&head, shared.port, &rules.origins) {
        Err(error) => call.refuse_unread(&error, body).await,
        Ok(None) => call.carry_out(body, &rules).await,
        Ok(Some(page)) if cors::is_preflight(&head) => call.permit(body, page).await,
        Ok(Some(page)) => cors::permitted(call.carry_out(body, &rules).await, page),
    }
}

/// A call whose head is here.
struct ArrivedCall<'a> {
    shared: &'a SharedState,
    head: &'a Parts,
    /// Its world is known once its key is.
    origin: CallOrigin,
}

impl ArrivedCall<'_> {
    async fn carry_out(mut self, body: Body, rules: &AdmissionRules) -> HttpResponse {
        // The bytes are parameters by now; the memory that they take is given back once the call is answered.
        let (request, _taken) = match self.read(body, rules).await {
            Ok(read) => read,
            Err(refused) => return refused,
        };
        let _busy = BusyGuard::of(self.head);
        self.answer(request, rules.policies).await
    }

    /// Answers the question of a browser whether this page may make a call. It is no call, so it is not written down.
    async fn permit(&self, mut body: Body, page: &HeaderValue) -> HttpResponse {
        let answer = cors::preflight(self.head, page);
        if intake::drain(&mut body).await { answer } else { closing(self.head, answer) }
    }

    /// The call with its parameters, and the memory that they take.
    ///
    /// # Errors
    ///
    /// The answer to a call that is refused.
    async fn read(&mut self, body: Body, rules: &AdmissionRules) -> Result<(ApiRequest, MemoryShare), HttpResponse> {
        let (request, admission) = match admitted(self.head, rules) {
            Ok(admitted) => admitted,
            Err(error) => {
                // Refused, but a call of its world all the same, if its key tells one.
                if let Ok(key) = authenticate(authorization(self.head), false, None) {
                    self.enter_world(&key);
                }
                return Err(self.refuse_unread(&error, body).await);
            }
        };
        if let Admission::Admitted(key) = &admission {
            self.enter_world(key);
        }
        let mut body = self.make_room(body).await?;
        match read_params(self.head, &mut body, request, admission, rules).await {
            Ok((request, key)) => {
                self.enter_world(&key);
                Ok((request, body.into_taken()))
            }
            Err(error) => Err(self.refuse_read(&error, body).await),
        }
    }

    /// Where each account has a world of its own, the call is in that of its key.
    fn enter_world(&mut self, key: &ApiKey) {
        self.origin.is_publishable = key.kind() == KeyKind::Publishable;
        self.origin.world = self.shared.is_isolating.then(|| self.shared.targets.account_of(key));
    }

    /// Takes the memory that the call needs, or refuses the call where there is none.
    async fn make_room(&self, body: Body) -> Result<IncomingBody, HttpResponse> {
        let shared = self.shared;
        match IncomingBody::new(body, CALL_BYTES + http::head_bytes(self.head), &shared.arriving) {
            Ok(incoming) if !shared.leaving.is_spent() => Ok(incoming),
            Ok(incoming) => {
                let answer = self.refuse(&intake::no_room()).await;
                incoming.drain().await;
                Err(closing(self.head, answer))
            }
            Err(unread) => Err(self.refuse_unread(&intake::no_room(), unread).await),
        }
    }

    /// Refuses a call of whose body nothing was read yet.
    async fn refuse_unread(&self, error: &ApiError, mut body: Body) -> HttpResponse {
        let answer = self.refuse(error).await;
        intake::drain(&mut body).await;
        closing(self.head, answer)
    }

    /// Refuses a call for what its body says. The connection stays open if the body came to its end.
    async fn refuse_read(&self, error: &ApiError, body: IncomingBody) -> HttpResponse {
        let answer = self.refuse(error).await;
        let is_unadmitted = error.http_status == StatusCode::UNAUTHORIZED;
        let is_whole = body.drain().await;
        if is_whole && !is_unadmitted { answer } else { closing(self.head, answer) }
    }

    /// The answer that refuses the call, which goes into the request log if the head can be read.
    async fn refuse(&self, error: &ApiError) -> HttpResponse {
        let mut answer = refusal(error);
        if error.http_status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers.push(("Retry-After".to_owned(), RETRY_AFTER.to_owned()));
        }
        respond(match without_params(self.head) {
            Ok(request) => self.shared.targets.refuse(request, &self.origin, answer).await,
            Err(_) => answer,
        })
    }

    /// Answers the call, unless a rule makes it fail on purpose.
    async fn answer(self, request: ApiRequest, policies: AccountPolicies) -> HttpResponse {
        let Self { shared, origin, .. } = self;
        match shared.faults.of(origin.world.as_ref()).plan(&request).await {
            FaultPlan::Refused { error, nth, headers } => {
                let mut answer = shared.targets.refused_on_purpose(&request, &origin, nth, error);
                answer.headers.extend(headers);
                respond(shared.targets.refuse(request, &origin, answer).await)
            }
            FaultPlan::Dropped { fault } => {
                let message = fault.to_string();
                let failure = CallFailure { kind: FAULT_KIND.to_owned(), message, http_status: None, text: None };
                shared.targets.note(request, &origin, failure).await;
                http::dropped()
            }
            FaultPlan::CarriedOut { ending, fault, hold: _held } => {
                let answer = serve(shared, ServedCall { request, origin, fault }, policies).await;
                match ending {
                    AnswerEnding::Well => answer,
                    AnswerEnding::Dropped => http::dropped(),
                    AnswerEnding::Cut => http::cut(answer),
                    AnswerEnding::Garbage => http::garbage(answer),
                }
            }
        }
    }
}

/// Hands a call to the backend. Its answer counts as memory once it is there; the permit bounds how many come at once.
async fn serve(shared: &SharedState, call: ServedCall, policies: AccountPolicies) -> HttpResponse {
    // The semaphore is never closed.
    let _at_work = shared.at_work.acquire().await;
    let answer = shared.targets.serve(call, policies).await;
    http::respond_with(answer, |bytes| {
        let share = shared.leaving.take_what_is_left(bytes.len());
        intake::counted(bytes, share)
    })
}

/// What is checked before a byte of the body is read besides whom the call is for and who sent it: what it calls, and its
/// key as far as the head names one.
fn admitted(head: &Parts, rules: &AdmissionRules) -> Result<(ApiRequest, Admission), ApiError> {
    let request = without_params(head)?;
    let admission = admit(authorization(head), &request, rules.policies, rules.only.as_ref())?;
    Ok((request, admission))
}

/// The header that names the key. One that is no text is no key; it is there all the same, so no key among the parameters
/// stands in for it.
fn authorization(head: &Parts) -> Option<&str> {
    head.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default())
}

/// Reads the parameters of the query and after them those of the body into the request; gives the call's key too. What
/// Stripe.js sends as a parameter and SDKs as a header becomes a header, or is the key: then the call is refused where it
/// is not let in.
async fn read_params(
    head: &Parts,
    body: &mut IncomingBody,
    mut request: ApiRequest,
    admission: Admission,
    rules: &AdmissionRules,
) -> Result<(ApiRequest, ApiKey), ApiError> {
    let admit_key =
        |key: Option<&str>, request: &ApiRequest| admit_by_param(key, request, rules.policies, rules.only.as_ref());
    let query = head.uri.query().unwrap_or_default().as_bytes();
    let key = match admission {
        Admission::Admitted(key) => key,
        Admission::KeyMayFollow => {
            body.read_first().await?;
            let first = &body.bytes()[..body.bytes().len().min(FIRST_BYTES)];
            let mut params = [query, first].into_iter().flat_map(http::pairs);
            let key = params.find(|(name, _)| name.as_ref() == KEY_PARAM.as_bytes());
            let key = key.map(|(_, key)| String::from_utf8_lossy(&key).into_owned());
            admit_key(key.as_deref(), &request)?
        }
    };
    body.read_all().await?;
    http::push_params(&mut request.params, query, "query string")?;
    if !body.bytes().is_empty() {
        http::check_form(&head.headers)?;
        http::push_params(&mut request.params, body.bytes(), "POST body")?;
    }
    client_fields::take_headers(&mut request)?;
    if let Some(key) = request.params.get(KEY_PARAM).filter(|_| takes_key_param(&request)) {
        admit_key(Some(key), &request)?;
        request.params.remove(KEY_PARAM);
    }
    check_account(&request, &key)?;
    // A key leads to no control route, however the path is written.
    if request.segments().first() == Some(&control::ROOT) {
        return Err(unrecognized(request.method.as_str(), &request.path));
    }
    Ok((request, key))
}
