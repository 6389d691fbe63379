//! What goes wrong on purpose: the rules at work, and the idempotency keys and tokens that a rule holds in flight.

use std::{
    collections::HashSet,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;
use rand::RngExt as _;
use tokio::time::Sleep;

use crate::domain::{
    call::{
        api::{ApiRequest, HttpMethod},
        error::{ApiError, ErrorKind},
        usage,
    },
    fault::{Fault, FaultRule, RuleTiming},
    history::request_log::FAULT_HEADER,
    mask,
};

/// The rules of a server with their counts, and what calls in flight hold.
#[derive(Default)]
pub(super) struct FaultInjector {
    rules: Mutex<Vec<CountedRule>>,
    held: Arc<Mutex<HashSet<HeldItem>>>,
    /// How many calls were refused.
    refused: AtomicU64,
}

struct CountedRule {
    rule: FaultRule,
    /// How many calls fitted the rule.
    seen: u64,
    /// How many calls the rule acted on.
    acted: u64,
}

/// What a held call has to itself: while it is in flight, another call with the same key or token is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum HeldItem {
    /// An idempotency key. Each account, as `Stripe-Account` names it, has keys of its own.
    Key {
        account: Option<String>,
        key: String,
    },
    Token(String),
    /// An object that the path names, such as a charge that is captured.
    Object(String),
}

/// What is to become of a call.
pub(super) enum FaultPlan {
    /// Nothing is carried out: the answer is this error with these headers besides, of which one names the fault. `nth`
    /// tells the refusal from the others of the server.
    Refused { error: ApiError, nth: u64, headers: Vec<(String, String)> },
    /// Nothing is carried out, and nothing is answered.
    Dropped { fault: Fault },
    /// The call is carried out; `fault` is what goes wrong besides, if anything does.
    CarriedOut {
        ending: AnswerEnding,
        fault: Option<Fault>,
        /// Held until the call is answered.
        hold: Option<HoldGuard>,
    },
}

/// What becomes of the answer of a call that is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerEnding {
    /// It is sent whole.
    Well,
    /// The connection is closed instead.
    Dropped,
    /// The connection is closed in the middle of the body.
    Cut,
    /// Something is sent that is not JSON.
    Garbage,
}

impl FaultPlan {
    fn carried_out(ending: AnswerEnding, fault: Option<Fault>) -> Self {
        Self::CarriedOut { ending, fault, hold: None }
    }
}

impl FaultInjector {
    pub(super) fn new(rules: Vec<FaultRule>) -> Self {
        let faults = Self::default();
        faults.set(rules);
        faults
    }

    pub(super) fn set(&self, rules: Vec<FaultRule>) {
        *lock(&self.rules) = rules.into_iter().map(|rule| CountedRule { rule, seen: 0, acted: 0 }).collect();
    }

    /// What is to become of a call, after the pause that a rule makes.
    pub(super) async fn plan(&self, request: &ApiRequest) -> FaultPlan {
        let (fault, hold) = match self.decide(request) {
            FaultDecision::Refused(refused) => return refused,
            FaultDecision::Well => return FaultPlan::carried_out(AnswerEnding::Well, None),
            FaultDecision::Faulty(fault, hold) => (fault, hold),
        };
        match &fault {
            Fault::Ok => FaultPlan::carried_out(AnswerEnding::Well, None),
            Fault::Latency(range) => {
                let pause = rand::rng().random_range(range.clone());
                tokio::time::sleep(pause).await;
                FaultPlan::carried_out(AnswerEnding::Well, Some(fault))
            }
            Fault::TooManyRequests { retry_after } => {
                let retry_after = retry_after.map(|seconds| ("Retry-After", seconds.to_string()));
                self.refused(rate_limited(), fault.to_string(), retry_after)
            }
            Fault::ServerError(status) => self.refused(server_error(*status), fault.to_string(), None),
            Fault::Drop => FaultPlan::Dropped { fault },
            Fault::Cut => FaultPlan::carried_out(AnswerEnding::Cut, Some(fault)),
            Fault::Garbage => FaultPlan::carried_out(AnswerEnding::Garbage, Some(fault)),
            Fault::CommitDrop => FaultPlan::carried_out(AnswerEnding::Dropped, Some(fault)),
            Fault::Event(_) => FaultPlan::carried_out(AnswerEnding::Well, Some(fault)),
            Fault::Hold(time) => {
                tokio::time::sleep(*time).await;
                FaultPlan::CarriedOut { ending: AnswerEnding::Well, fault: Some(fault), hold }
            }
        }
    }

    /// `fault` is what the header of the answer says, `extra` is one more header.
    fn refused(&self, error: ApiError, fault: String, extra: Option<(&str, String)>) -> FaultPlan {
        let mut headers: Vec<(String, String)> =
            extra.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        headers.push((FAULT_HEADER.to_owned(), fault));
        FaultPlan::Refused { error, nth: self.refused.fetch_add(1, Ordering::Relaxed), headers }
    }

    /// Looks at what is held, and holds what this call is to hold, under one lock: of two calls with one token that
    /// come at the same time, one is held and the other is refused.
    fn decide(&self, request: &ApiRequest) -> FaultDecision {
        let mut held = lock(&self.held);
        if let Some(met) = meets_held(&held, request) {
            // The answer to a lock says so by itself.
            let extra = (!matches!(met, HeldItem::Object(_))).then(|| ("Stripe-Should-Retry", "true".to_owned()));
            return FaultDecision::Refused(self.refused(in_use(&met), "another call is held".to_owned(), extra));
        }
        let Some(fault) = self.next(request) else { return FaultDecision::Well };
        let hold = matches!(fault, Fault::Hold(_)).then(|| {
            let is_change = request.method != HttpMethod::Get;
            let mine: Vec<HeldItem> =
                held_by(request).into_iter().chain(object_of(request).filter(|_| is_change)).collect();
            held.extend(mine.iter().cloned());
            HoldGuard { all: Arc::clone(&self.held), mine }
        });
        FaultDecision::Faulty(fault, hold)
    }

    /// The fault of the first rule that acts on this call. Rules behind it do not count the call.
    fn next(&self, request: &ApiRequest) -> Option<Fault> {
        let mut rules = lock(&self.rules);
        let counted = rules.iter_mut().find_map(|counted| {
            let fits = counted.rule.fits(request.method.as_str(), &request.path);
            counted.seen += u64::from(fits);
            let acts = fits
                && match counted.rule.when {
                    RuleTiming::Always => true,
                    RuleTiming::Every(nth) => counted.seen.is_multiple_of(nth.into()),
                    RuleTiming::Next(most) => counted.acted < most.into(),
                };
            acts.then_some(counted)
        })?;
        let steps = &counted.rule.steps;
        let step = steps[(counted.acted % steps.len() as u64) as usize].clone();
        counted.acted += 1;
        Some(step)
    }
}

/// What the rules, and the calls that are held, say of a call.
enum FaultDecision {
    Refused(FaultPlan),
    /// No rule acts on it.
    Well,
    Faulty(Fault, Option<HoldGuard>),
}

/// What of a call another one holds.
fn meets_held(held: &HashSet<HeldItem>, request: &ApiRequest) -> Option<HeldItem> {
    if held.is_empty() {
        return None;
    }
    held_by(request).into_iter().chain(object_of(request)).find(|wanted| held.contains(wanted))
}

fn held_by(request: &ApiRequest) -> Vec<HeldItem> {
    let key = request.header("Idempotency-Key").filter(|key| !key.is_empty() && request.method == HttpMethod::Post);
    let masked = request.masked();
    let token = usage::token_of(&masked).filter(|_| request.method == HttpMethod::Post);
    let account = request.header("Stripe-Account").map(str::to_owned);
    key.map(|key| HeldItem::Key { account, key: key.to_owned() })
        .into_iter()
        .chain(token.map(|token| HeldItem::Token(token.to_owned())))
        .collect()
}

/// The object that the path names: a call that reads it waits for no lock, but meets one.
fn object_of(request: &ApiRequest) -> Option<HeldItem> {
    let parts = request.segments();
    let [_, resource, id, ..] = parts[..] else { return None };
    Some(HeldItem::Object(format!("{resource}/{id}")))
}

/// Keys, tokens and objects that are held in flight until this is dropped.
pub(super) struct HoldGuard {
    all: Arc<Mutex<HashSet<HeldItem>>>,
    mine: Vec<HeldItem>,
}

impl Drop for HoldGuard {
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

/// Undocumented by Stripe: our wording.
fn server_error(http_status: u16) -> ApiError {
    let message = "Sorry! There was an error while talking to Stripe (made on purpose by Testcard).";
    ApiError { kind: ErrorKind::Api, ..ApiError::request(None, None, message).with_status(http_status) }
}

fn in_use(held: &HeldItem) -> ApiError {
    match held {
        HeldItem::Key { key, .. } => {
            let message = format!(
                "There is currently another in-progress request using this Idempotent Key (that probably means you \
                 submitted twice, and the other request is still going through): {}. Please try again later.",
                mask::identity(key)
            );
            let error = ApiError::request(Some("idempotency_key_in_use"), None, message);
            ApiError { kind: ErrorKind::Idempotency, ..error.with_status(409) }
        }
        HeldItem::Token(token) => {
            let message = format!(
                "There is currently another in-progress request using this Stripe token (that probably means you clicked \
                 twice, and the other charge is still going through): {token}."
            );
            // Undocumented by Stripe whether this is 400 or 409: its other conflicts in flight are 409.
            ApiError::request(Some("token_in_use"), None, message).with_status(409)
        }
        HeldItem::Object(_) => {
            // Recorded.
            let message = "This object cannot be accessed right now because another API request or Stripe process is \
                           currently accessing it. If you see this error intermittently, retry the request. If you see \
                           this error frequently and are making multiple concurrent requests to a single object, make \
                           your requests serially or at a lower rate.";
            ApiError::request(Some("lock_timeout"), None, message).with_status(429)
        }
    }
}

/// How long after the bytes the connection breaks: hyper drops what it has not written by then.
const BEFORE_THE_BREAK: Duration = Duration::from_millis(50);

/// A body of which only the first bytes are sent before the connection breaks.
pub(super) struct TruncatedBody {
    whole: Body,
    left: usize,
    /// Set once the bytes are sent: when it ends, the connection breaks.
    broken: Option<Pin<Box<Sleep>>>,
}

impl TruncatedBody {
    pub(super) fn new(whole: Body, bytes: usize) -> Self {
        Self { whole, left: bytes, broken: None }
    }
}

impl HttpBody for TruncatedBody {
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

    fn holding() -> FaultInjector {
        FaultInjector::new(vec!["POST /v1/charges: hold 3s".parse().unwrap()])
    }

    #[test]
    fn of_calls_with_one_token_that_come_together_one_is_held() {
        const CALLS: usize = 8;
        for _ in 0..200 {
            let (faults, start) = (holding(), Barrier::new(CALLS));
            let call = || {
                let request = charge("tok_1", &[]);
                start.wait();
                faults.decide(&request)
            };
            let begun: Vec<FaultDecision> = thread::scope(|scope| {
                let calls: Vec<_> = (0..CALLS).map(|_| scope.spawn(call)).collect();
                calls.into_iter().map(|call| call.join().unwrap()).collect()
            });
            let held = begun.iter().filter(|begun| matches!(begun, FaultDecision::Faulty(_, Some(_)))).count();
            let refused = begun.iter().filter(|begun| matches!(begun, FaultDecision::Refused(_))).count();
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
            faults.decide(&charge(token, &headers))
        };
        let _first = sent("tok_1", Some("acct_1"));
        assert!(matches!(sent("tok_2", Some("acct_1")), FaultDecision::Refused(_)));
        for (token, account) in [("tok_3", Some("acct_2")), ("tok_4", None)] {
            assert!(matches!(sent(token, account), FaultDecision::Faulty(..)), "{account:?}");
        }
    }
}
