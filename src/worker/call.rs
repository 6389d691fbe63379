//! One call on its way: made, stopped, told, and kept if nobody knows what became of it.

use std::{sync::mpsc, time::Instant};

use jiff::Timestamp;

use super::{
    history::HistoryQuestion,
    in_flight::{InFlight, RepeatableCall, RunningJob},
    resolver::{BackendResolver, Destination},
};
use crate::{
    backend::{Backend, StartedCall},
    domain::{
        call::{
            api::{ApiRequest, ApiResponse},
            error::ErrorView,
            refusal::AccountRefusal,
        },
        history::entry::{EntryId, EntryStatus},
        rules::expectation::Expectation,
    },
    messages::{AuthenticatedIntent, CreatedToken, JobOutcome, RetrievedToken, UsedToken, WorkerUpdate},
    store::{RecordedCall, StoreError},
};

const NO_REASON: &str = "The answer gives no reason";

/// What a call is made for: how it is begun, and what kind of outcome it has.
#[derive(Clone, Debug)]
pub(super) enum CallPurpose {
    Create {
        expects: Option<Expectation>,
    },
    /// Repeats the call of this entry.
    AskAgain {
        entry: EntryId,
    },
    /// Looks at the token of this entry.
    Retrieve {
        entry: EntryId,
    },
    Use,
    /// Ends the authentication of this intent.
    Authenticate {
        intent: String,
    },
}

impl CallPurpose {
    /// The outcome of a job with this purpose.
    pub(super) fn outcome(&self, recorded: Result<RecordedCall, String>) -> JobOutcome {
        match self {
            Self::Create { .. } => JobOutcome::CreateToken(recorded.and_then(created)),
            Self::AskAgain { .. } => JobOutcome::AskAgain(recorded.and_then(created)),
            Self::Retrieve { entry } => JobOutcome::Retrieve(*entry, recorded.map(retrieved)),
            Self::Use => JobOutcome::UseToken(recorded.map(used)),
            Self::Authenticate { intent } => {
                JobOutcome::Authenticate(recorded.and_then(|recorded| authenticated(intent, &recorded)))
            }
        }
    }
}

/// How a call gets to a backend.
pub(super) enum CallRoute {
    To(Box<Destination>),
    /// As an earlier call went, with the key of then.
    AsBefore(Backend),
}

/// What a call needs to be made and told.
pub(super) struct CallTask {
    pub(super) job: RunningJob,
    pub(super) resolver: BackendResolver,
    pub(super) history: mpsc::Sender<HistoryQuestion>,
    pub(super) in_flight: InFlight,
}

impl CallTask {
    pub(super) async fn run(self, route: CallRoute, request: ApiRequest, purpose: CallPurpose, now: Timestamp) {
        let backend = match route {
            CallRoute::To(destination) => self.resolver.backend(*destination).await,
            CallRoute::AsBefore(backend) => Ok(backend),
        };
        let recorded = match backend {
            Ok(backend) => {
                let recorded = self.make(&backend, request.clone(), &purpose, now).await;
                self.keep_if_unknown(&purpose, &recorded, RepeatableCall { backend, request });
                recorded
            }
            Err(message) => Err(message),
        };
        let Self { job, history, .. } = self;
        tell(&history, job.finish(purpose.outcome(recorded)));
    }

    async fn make(
        &self,
        backend: &Backend,
        request: ApiRequest,
        purpose: &CallPurpose,
        now: Timestamp,
    ) -> Result<RecordedCall, String> {
        let begun = match purpose {
            CallPurpose::AskAgain { entry } => backend.begin_again(*entry, request, now).await,
            CallPurpose::Create { expects } => backend.begin_expecting(request, expects.clone(), now).await,
            CallPurpose::Retrieve { .. } | CallPurpose::Use | CallPurpose::Authenticate { .. } => {
                backend.begin(request, now).await
            }
        }
        .map_err(|error| error.to_string())?;
        if let Some(entry) = &begun.entry {
            tell(&self.history, WorkerUpdate::Begun { job: self.job.id(), entry: entry.id });
        }
        self.finish_or_stop(backend, &begun).await.map_err(|error| error.to_string())
    }

    async fn finish_or_stop(&self, backend: &Backend, begun: &StartedCall) -> Result<RecordedCall, StoreError> {
        let sent = Instant::now();
        let finish = backend.finish(begun);
        tokio::pin!(finish);
        tokio::select! {
            recorded = &mut finish => return recorded,
            () = self.job.cancelled().cancelled() => {}
        }
        match backend.abandon(begun, sent).await? {
            Some(recorded) => Ok(recorded),
            // A local commit cannot be cancelled.
            None => finish.await,
        }
    }

    /// Keeps the call of an unknown outcome, so that it can be asked again while the program runs. A repetition that
    /// could not even be begun leaves the outcome as unknown as it was.
    fn keep_if_unknown(&self, purpose: &CallPurpose, recorded: &Result<RecordedCall, String>, call: RepeatableCall) {
        let entry = match (recorded, purpose) {
            (Ok(recorded), _) => {
                recorded.entry.as_ref().filter(|entry| entry.status == EntryStatus::Unknown).map(|entry| entry.id)
            }
            (Err(_), CallPurpose::AskAgain { entry }) => Some(*entry),
            (Err(_), _) => None,
        };
        if let Some(entry) = entry {
            self.in_flight.keep_repeatable(entry, call);
        }
    }
}

/// Lets the history tell what was committed, and then this.
fn tell(history: &mpsc::Sender<HistoryQuestion>, then: WorkerUpdate) {
    let _ = history.send(HistoryQuestion::Changed(Box::new(then)));
}

/// Of an error: the parameter that it names, and its words. Of a call without an answer: why there was none.
fn param_and_message(recorded: &RecordedCall) -> (Option<String>, Option<String>) {
    match &recorded.exchange.outcome {
        Ok(response) => {
            let body = response.json();
            let error = body.as_ref().and_then(ErrorView::of);
            let text = |text: Option<&str>| text.map(str::to_owned);
            (text(error.and_then(ErrorView::param)), text(error.and_then(ErrorView::message)))
        }
        Err(failure) => (None, Some(failure.message.clone())),
    }
}

fn refusal_of(recorded: &RecordedCall) -> Option<AccountRefusal> {
    recorded.exchange.outcome.as_ref().ok().and_then(AccountRefusal::of)
}

/// A creation always has an entry; where it has none all the same, what the answer says is told as an error.
fn created(recorded: RecordedCall) -> Result<CreatedToken, String> {
    let refusal = refusal_of(&recorded).map(|refusal| {
        let number = recorded.exchange.request.param("card[number]").unwrap_or_default();
        (refusal, refusal.ready_alias(number).map(str::to_owned))
    });
    let (param, message) = param_and_message(&recorded);
    let is_answered = recorded.exchange.outcome.is_ok();
    match recorded.entry {
        Some(entry) => Ok(CreatedToken { entry: Box::new(entry), is_answered, param, message, refusal }),
        None => Err(message.unwrap_or_else(|| NO_REASON.to_owned())),
    }
}

fn retrieved(recorded: RecordedCall) -> RetrievedToken {
    let (_, message) = param_and_message(&recorded);
    RetrievedToken { entry: recorded.entry.map(Box::new), message }
}

fn authenticated(intent: &str, recorded: &RecordedCall) -> Result<AuthenticatedIntent, String> {
    let (_, message) = param_and_message(recorded);
    let answer = recorded.exchange.outcome.as_ref().ok().filter(|answer| answer.is_success());
    let Some(body) = answer.and_then(ApiResponse::json) else {
        return Err(message.unwrap_or_else(|| NO_REASON.to_owned()));
    };
    let error = ["last_payment_error", "last_setup_error"].into_iter().find_map(|name| body[name]["message"].as_str());
    Ok(AuthenticatedIntent {
        id: intent.to_owned(),
        status: body["status"].as_str().unwrap_or("?").to_owned(),
        error: error.map(str::to_owned),
    })
}

fn used(recorded: RecordedCall) -> UsedToken {
    let (refusal, (_, message)) = (refusal_of(&recorded), param_and_message(&recorded));
    let judgement = recorded.entry.and_then(|entry| entry.judgement).map(|judgement| *judgement);
    let success = recorded.exchange.outcome.ok().filter(ApiResponse::is_success);
    let is_success = success.is_some();
    let made = success.and_then(|answer| answer.json());
    let made = made.and_then(|body| body["id"].as_str().map(str::to_owned));
    let nothing = || "The answer is a success without an object: whether the token was used is not known";
    let message = message.or_else(|| (is_success && made.is_none()).then(|| nothing().to_owned()));
    UsedToken { made, message, refusal, judgement }
}
