//! What goes wrong on purpose: the rules at work, and the calls that one of them holds in flight.

use std::{
    collections::HashSet,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;
use rand::RngExt as _;
use tokio::time::Sleep;

use crate::{
    backend::refusal,
    domain::{
        call::{
            api::{ApiRequest, ApiResponse, HttpMethod},
            error::{ApiError, ErrorKind},
            usage,
        },
        fault::{Fault, Rule, When},
        history::request_log::FAULT_HEADER,
        mask,
    },
};

/// The rules of a server with their counts, and what is held.
#[derive(Default)]
pub(super) struct Faults {
    rules: Mutex<Vec<Counted>>,
    held: Arc<Mutex<HashSet<Held>>>,
}

struct Counted {
    rule: Rule,
    /// Calls that fit.
    seen: u64,
    /// Calls that it acted on.
    acted: u64,
}

/// What no other call may have while it is held in flight.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Held {
    /// Each account has keys of its own, as `Stripe-Account` names it.
    Key {
        account: Option<String>,
        key: String,
    },
    Token(String),
}

/// What becomes of a call.
pub(super) enum Course {
    /// Nothing is done: this is the answer.
    Refused {
        answer: ApiResponse,
        fault: String,
    },
    /// Nothing is done, and nothing is answered.
    Dropped {
        fault: String,
    },
    CarriedOut {
        ending: Ending,
        fault: Option<String>,
        _hold: Option<Hold>,
    },
}

/// What becomes of the answer of a call that is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Well,
    Dropped,
    Cut,
    Garbage,
}

impl Course {
    /// What went wrong on purpose, in the words of the rule.
    pub(super) fn fault(&self) -> Option<String> {
        match self {
            Self::Refused { fault, .. } | Self::Dropped { fault } => Some(fault.clone()),
            Self::CarriedOut { fault, .. } => fault.clone(),
        }
    }

    fn carried_out(ending: Ending, fault: Option<String>) -> Self {
        Self::CarriedOut { ending, fault, _hold: None }
    }

    fn refused(error: &ApiError, fault: String, more: Option<(&str, String)>) -> Self {
        let mut answer = refusal(error);
        answer.headers.extend(more.map(|(name, value)| (name.to_owned(), value)));
        answer.headers.push((FAULT_HEADER.to_owned(), fault.clone()));
        Self::Refused { answer, fault }
    }
}

impl Faults {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let faults = Self::default();
        faults.set(rules);
        faults
    }

    pub(super) fn set(&self, rules: Vec<Rule>) {
        *lock(&self.rules) = rules.into_iter().map(|rule| Counted { rule, seen: 0, acted: 0 }).collect();
    }

    /// What becomes of a call, after the pause that a rule makes.
    pub(super) async fn course(&self, request: &ApiRequest) -> Course {
        let (fault, hold) = match self.begin(request) {
            Begun::Refused(refused) => return refused,
            Begun::Well => return Course::carried_out(Ending::Well, None),
            Begun::Faulty(fault, hold) => (fault, hold),
        };
        let name = fault.to_string();
        match fault {
            Fault::Ok => Course::carried_out(Ending::Well, None),
            Fault::Latency(range) => {
                let pause = rand::rng().random_range(range);
                tokio::time::sleep(pause).await;
                Course::carried_out(Ending::Well, Some(name))
            }
            Fault::TooManyRequests { retry_after } => {
                let more = retry_after.map(|seconds| ("Retry-After", seconds.to_string()));
                Course::refused(&rate_limited(), name, more)
            }
            Fault::ServerError(status) => Course::refused(&server_error(status), name, None),
            Fault::Drop => Course::Dropped { fault: name },
            Fault::Cut => Course::carried_out(Ending::Cut, Some(name)),
            Fault::Garbage => Course::carried_out(Ending::Garbage, Some(name)),
            Fault::CommitDrop => Course::carried_out(Ending::Dropped, Some(name)),
            Fault::Hold(time) => {
                tokio::time::sleep(time).await;
                Course::CarriedOut { ending: Ending::Well, fault: Some(name), _hold: hold }
            }
        }
    }

    /// Looks at what is held and holds what this call is to hold under one lock: of two calls with one token that come
    /// together, only one is held.
    fn begin(&self, request: &ApiRequest) -> Begun {
        let mut held = lock(&self.held);
        if let Some(refused) = meets_held(&held, request) {
            return Begun::Refused(refused);
        }
        let Some(fault) = self.next(request) else { return Begun::Well };
        let hold = matches!(fault, Fault::Hold(_)).then(|| {
            let mine = held_by(request);
            held.extend(mine.iter().cloned());
            Hold { all: Arc::clone(&self.held), mine }
        });
        Begun::Faulty(fault, hold)
    }

    /// The step of the first rule that acts on this call.
    fn next(&self, request: &ApiRequest) -> Option<Fault> {
        let mut rules = lock(&self.rules);
        let counted = rules.iter_mut().find_map(|counted| {
            let fits = counted.rule.fits(request.method.as_str(), &request.path);
            counted.seen += u64::from(fits);
            let acts = fits
                && match counted.rule.when {
                    When::Always => true,
                    When::Every(nth) => counted.seen.is_multiple_of(nth.into()),
                    When::Next(most) => counted.acted < most.into(),
                };
            acts.then_some(counted)
        })?;
        let steps = &counted.rule.steps;
        let step = steps[(counted.acted % steps.len() as u64) as usize].clone();
        counted.acted += 1;
        Some(step)
    }
}

/// How a call begins.
enum Begun {
    Refused(Course),
    /// No rule acts on it.
    Well,
    Faulty(Fault, Option<Hold>),
}

/// The refusal of a call whose key or token another one holds.
fn meets_held(held: &HashSet<Held>, request: &ApiRequest) -> Option<Course> {
    if held.is_empty() {
        return None;
    }
    let met = held_by(request).into_iter().find(|wanted| held.contains(wanted))?;
    let fault = "another call is held".to_owned();
    Some(Course::refused(&in_use(&met), fault, Some(("Stripe-Should-Retry", "true".to_owned()))))
}

fn held_by(request: &ApiRequest) -> Vec<Held> {
    let key = request.header("Idempotency-Key").filter(|key| !key.is_empty() && request.method == HttpMethod::Post);
    let masked = request.masked();
    let token = usage::token_of(&masked).filter(|_| request.method == HttpMethod::Post);
    let account = request.header("Stripe-Account").map(str::to_owned);
    key.map(|key| Held::Key { account, key: key.to_owned() })
        .into_iter()
        .chain(token.map(|token| Held::Token(token.to_owned())))
        .collect()
}

/// Keys and tokens that are held in flight until this is dropped.
pub(super) struct Hold {
    all: Arc<Mutex<HashSet<Held>>>,
    mine: Vec<Held>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut all = lock(&self.all);
        for held in &self.mine {
            all.remove(held);
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn rate_limited() -> ApiError {
    let message = "Testmode request rate limit exceeded, the rate limits in testmode are lower than livemode. You can \
                   learn more about rate limits here https://stripe.com/docs/rate-limits.";
    ApiError::request(Some("rate_limit"), None, message).with_status(429)
}

/// The words are a default.
fn server_error(http_status: u16) -> ApiError {
    let message = "Sorry! There was an error while talking to Stripe (made on purpose by Testcard).";
    ApiError { kind: ErrorKind::Api, ..ApiError::request(None, None, message).with_status(http_status) }
}

fn in_use(held: &Held) -> ApiError {
    match held {
        Held::Key { key, .. } => {
            let message = format!(
                "There is currently another in-progress request using this Idempotent Key (that probably means you \
                 submitted twice, and the other request is still going through): {}. Please try again later.",
                mask::identity(key)
            );
            let error = ApiError::request(Some("idempotency_key_in_use"), None, message);
            ApiError { kind: ErrorKind::Idempotency, ..error.with_status(409) }
        }
        Held::Token(token) => {
            let message = format!(
                "There is currently another in-progress request using this Stripe token (that probably means you clicked \
                 twice, and the other charge is still going through): {token}."
            );
            // Whether Stripe says 400 or 409 is not documented: a conflict in flight is 409 elsewhere.
            ApiError::request(Some("token_in_use"), None, message).with_status(409)
        }
    }
}

/// What was sent before a break is on its way by then: hyper drops what it has not yet written.
const BEFORE_THE_BREAK: Duration = Duration::from_millis(50);

/// A body of which so many bytes are sent, and then the connection breaks.
pub(super) struct Half {
    whole: Body,
    left: usize,
    /// Once the bytes are sent.
    broken: Option<Pin<Box<Sleep>>>,
}

impl Half {
    pub(super) fn new(whole: Body, bytes: usize) -> Self {
        Self { whole, left: bytes, broken: None }
    }
}

impl HttpBody for Half {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(pause) = &mut self.broken {
            std::task::ready!(pause.as_mut().poll(context));
            return Poll::Ready(Some(Err(axum::Error::new(std::io::Error::other("cut on purpose")))));
        }
        let frame = std::task::ready!(Pin::new(&mut self.whole).poll_frame(context));
        self.broken = Some(Box::pin(tokio::time::sleep(BEFORE_THE_BREAK)));
        let left = self.left;
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(|data| data.slice(..left.min(data.len()))))))
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

    use super::*;

    fn charge(token: &str, headers: &[(&str, &str)]) -> ApiRequest {
        ApiRequest {
            method: HttpMethod::Post,
            path: "/v1/charges".to_owned(),
            params: [("source", token)].into_iter().collect(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    fn holding() -> Faults {
        Faults::new(vec!["POST /v1/charges: hold 3s".parse().unwrap()])
    }

    #[test]
    fn of_calls_with_one_token_that_come_together_one_is_held() {
        const CALLS: usize = 8;
        for _ in 0..200 {
            let (faults, start) = (holding(), Barrier::new(CALLS));
            let call = || {
                let request = charge("tok_1", &[]);
                start.wait();
                faults.begin(&request)
            };
            let begun: Vec<Begun> = thread::scope(|scope| {
                let calls: Vec<_> = (0..CALLS).map(|_| scope.spawn(call)).collect();
                calls.into_iter().map(|call| call.join().unwrap()).collect()
            });
            let held = begun.iter().filter(|begun| matches!(begun, Begun::Faulty(_, Some(_)))).count();
            let refused = begun.iter().filter(|begun| matches!(begun, Begun::Refused(_))).count();
            assert_eq!((held, refused), (1, CALLS - 1));
            drop(begun);
            assert!(lock(&faults.held).is_empty(), "what was held is free again");
        }
    }

    #[test]
    fn a_key_is_held_for_its_account_only() {
        let faults = holding();
        let sent = |token: &str, account: Option<&str>| {
            let account = account.map(|account| ("Stripe-Account", account));
            let headers: Vec<(&str, &str)> = [("Idempotency-Key", "key-1")].into_iter().chain(account).collect();
            faults.begin(&charge(token, &headers))
        };
        let _first = sent("tok_1", Some("acct_1"));
        assert!(matches!(sent("tok_2", Some("acct_1")), Begun::Refused(_)));
        for (token, account) in [("tok_3", Some("acct_2")), ("tok_4", None)] {
            assert!(matches!(sent(token, account), Begun::Faulty(..)), "{account:?}");
        }
    }
}
