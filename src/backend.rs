//! Who answers a call: the one place that knows there are two.
//!
//! Either way the call is written down before anybody hears of it. The minter's answer, its objects and the exchange
//! are one transaction; a call to the real API is journalled before it leaves and completed when its answer is here.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::{
    domain::{
        call::api::{ApiRequest, ApiResponse, Exchange, Failure, Target, TransportError},
        history::{
            entry::{Entry, EntryId},
            request_log::{ExchangeId, FAULT_HEADER, RequestRow},
        },
        key::ApiKey,
        rules::{expectation::Expectation, policies::Policies},
        settings::{profile::ProfileId, stripe::StripeSettings},
    },
    minter::{self, PreparedCall, Workspace},
    store::{NewCall, Recorded, Store, StoreError},
    stripe,
};

pub use crate::{
    minter::{Admission, KEY_PARAM, admit, admit_by_param, refusal, unrecognized},
    stripe::{CaError, Limits, check_ca, new_idempotency_key},
};

/// Sends a call to the real API that is written down nowhere: to find out about a key, not to make anything.
///
/// # Errors
/// No usable answer came.
pub async fn send_unrecorded(
    settings: StripeSettings,
    key: ApiKey,
    request: &ApiRequest,
    limits: Limits,
) -> Result<ApiResponse, TransportError> {
    // It may read a file of certificates.
    let client = tokio::task::spawn_blocking(move || stripe::Client::new(&settings, key, limits)).await;
    client.unwrap_or(Err(TransportError::Cancelled))?.send(request).await
}

/// What leads to both targets: the store that both write to, and what outlives a single call. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Targets {
    store: Store,
    workspace: Arc<Workspace>,
    client: LastClient,
    complaints: Arc<Complaints>,
}

/// How long a reason for which calls are not saved is not told again.
const TOLD_EVERY: Duration = Duration::from_mins(1);

/// Tells a person why calls that came over HTTP are not saved, each reason once in a while however many calls it meets.
#[derive(Default)]
struct Complaints {
    tell: Option<Tell>,
    told: Mutex<HashMap<String, Instant>>,
}

type Tell = Box<dyn Fn(&str) + Send + Sync>;

impl fmt::Debug for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Complaints").field("told", &self.told).finish_non_exhaustive()
    }
}

impl Complaints {
    fn add(&self, error: &StoreError) {
        tracing::error!("a call was not saved: {error}");
        let Some(tell) = &self.tell else { return };
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, when| now.duration_since(*when) < TOLD_EVERY);
        if told.insert(error.cause(), now).is_none() {
            tell(&error.to_string());
        }
    }
}

/// The last client of the real API, with what it was made of: its connections are worth keeping.
type LastClient = Arc<Mutex<Option<(StripeSettings, ApiKey, Arc<stripe::Client>)>>>;

impl Targets {
    /// With a seed, ids, fingerprints and request ids are the same on every run.
    pub fn new(store: Store, seed: Option<u64>) -> Self {
        let secret = store.workspace_secret();
        let workspace = seed.map_or_else(|| Workspace::new(secret), |seed| Workspace::seeded(seed).in_folder(&secret));
        Self { store, workspace: Arc::new(workspace), client: Arc::default(), complaints: Arc::default() }
    }

    /// Lets `tell` hear why calls over HTTP are not saved: each reason once a minute at most.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let complaints = Complaints { tell: Some(Box::new(tell)), told: Mutex::default() };
        Self { complaints: Arc::new(complaints), ..self }
    }

    /// The store that both targets write to.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The stand-in on this machine.
    pub fn local(&self, policies: Policies) -> Backend {
        Backend::Local { store: self.store.clone(), workspace: Arc::clone(&self.workspace), policies }
    }

    /// Stripe's test mode, with the settings of a profile. It may read a file of certificates.
    ///
    /// # Errors
    /// [`TransportError::NotSent`] when no client can be made of these settings.
    pub fn stripe(
        &self,
        profile: ProfileId,
        settings: &StripeSettings,
        key: ApiKey,
    ) -> Result<Backend, TransportError> {
        let store = self.store.clone();
        let mut last = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, known_key, client)) = &*last
            && (known, known_key) == (settings, &key)
        {
            return Ok(Backend::Stripe { store, client: Arc::clone(client), profile });
        }
        let client = Arc::new(stripe::Client::new(settings, key.clone(), stripe::Limits::default())?);
        *last = Some((settings.clone(), key, Arc::clone(&client)));
        Ok(Backend::Stripe { store, client, profile })
    }
}

/// A call of the stand-in as it came over HTTP, its key let in by [`admit`].
#[derive(Debug)]
pub struct Served {
    pub request: ApiRequest,
    pub started: Timestamp,
    pub arrived: Instant,
    /// What goes wrong with it on purpose: the answer says so in a header, and is kept with it.
    pub fault: Option<String>,
}

/// What the stand-in lets in over HTTP.
#[derive(Clone, Debug, Default)]
pub struct Door {
    pub policies: Policies,
    /// The one secret key that is let in; `None` lets every one of test mode in.
    pub only: Option<ApiKey>,
}

impl Targets {
    /// Answers a call that came over HTTP, once it is committed. There is always an answer: a commit that failed is
    /// Stripe's 500.
    pub async fn serve(&self, call: Served, policies: Policies) -> ApiResponse {
        let Served { request, started, arrived, fault } = call;
        let prepared = PreparedCall::new(request.clone(), started, policies, Arc::clone(&self.workspace));
        let call = NewCall { target: Target::Local, started, request, expects: None, profile: None };
        let answer =
            move |ledger: &mut dyn minter::Ledger| prepared.answer(ledger).map(|answer| with_fault(answer, fault));
        self.store.serve(call, arrived, Box::new(answer)).await.unwrap_or_else(|error| {
            self.complaints.add(&error);
            minter::unavailable(&error.cause())
        })
    }

    /// Writes down a call that came over HTTP and did not reach the stand-in, and gives the answer to send: as it is
    /// kept.
    pub async fn refuse(
        &self,
        request: ApiRequest,
        started: Timestamp,
        arrived: Instant,
        answer: ApiResponse,
    ) -> ApiResponse {
        let call = NewCall { target: Target::Local, started, request, expects: None, profile: None };
        let (answer, noted) = self.store.refuse(call, arrived.elapsed(), answer);
        if let Err(error) = noted.await {
            self.complaints.add(&error);
        }
        answer
    }

    /// Writes down a call that came over HTTP and did not reach the stand-in, with what became of it instead of an answer.
    pub async fn note(&self, request: ApiRequest, started: Timestamp, arrived: Instant, failure: Failure) {
        let call = NewCall { target: Target::Local, started, request, expects: None, profile: None };
        if let Err(error) = self.store.note(call, arrived.elapsed(), failure).await {
            self.complaints.add(&error);
        }
    }
}

/// A call of the request log, whole.
#[derive(Clone, Debug)]
pub struct LoggedCall {
    pub row: RequestRow,
    pub exchange: Exchange,
}

/// Calls of the request log, newest first.
#[derive(Clone, Debug)]
pub struct Logged {
    pub calls: Vec<LoggedCall>,
    /// Whether there are older ones.
    pub has_more: bool,
    /// What of the log could not be read, in words; `None` where all could.
    pub damage: Option<String>,
}

impl Targets {
    /// The newest calls to a target after the one of this number, so many at most.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn logged(&self, target: Target, after: Option<i64>, limit: usize) -> Result<Logged, StoreError> {
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || {
            let reader = store.reader()?;
            let mut rows = reader.request_rows(Some(target), after.map(ExchangeId), limit + 1)?;
            let has_more = rows.len() > limit;
            rows.truncate(limit);
            let mut calls = Vec::with_capacity(rows.len());
            for row in rows {
                calls.extend(reader.exchange(row.id)?.map(|exchange| LoggedCall { row, exchange }));
            }
            let damage = Some(reader.damage()).filter(|damage| !damage.is_empty());
            Ok(Logged { calls, has_more, damage: damage.map(|damage| damage.to_string()) })
        });
        read.await.unwrap_or(Err(StoreError::Closed { doing: "read the request log" }))
    }
}

fn with_fault(mut answer: ApiResponse, fault: Option<String>) -> ApiResponse {
    answer.headers.extend(fault.map(|fault| (FAULT_HEADER.to_owned(), fault)));
    answer
}

/// A target with all that is needed to call it. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Backend {
    Local { store: Store, workspace: Arc<Workspace>, policies: Policies },
    Stripe { store: Store, client: Arc<stripe::Client>, profile: ProfileId },
}

/// A call that is written down as far as it can be before it is made.
#[derive(Debug)]
pub struct Begun {
    request: ApiRequest,
    expects: Option<Expectation>,
    started: Timestamp,
    journalled: Option<ExchangeId>,
    /// The entry that now waits for the answer, where there is one already.
    pub entry: Option<Entry>,
}

impl Begun {
    fn call(&self, target: Target, profile: Option<ProfileId>) -> NewCall {
        NewCall { target, started: self.started, request: self.request.clone(), expects: self.expects.clone(), profile }
    }
}

impl Backend {
    pub fn target(&self) -> Target {
        match self {
            Self::Local { .. } => Target::Local,
            Self::Stripe { .. } => Target::Stripe,
        }
    }

    fn store(&self) -> &Store {
        match self {
            Self::Local { store, .. } | Self::Stripe { store, .. } => store,
        }
    }

    /// Makes a call and writes it down: [`Backend::begin`] and [`Backend::finish`] in one.
    ///
    /// # Errors
    /// When the store cannot be written; an answer of any status and a failed connection are outcomes, not errors.
    pub async fn send(&self, request: &ApiRequest, now: Timestamp) -> Result<Recorded, StoreError> {
        let begun = self.begin(request.clone(), now).await?;
        self.finish(&begun).await
    }

    /// Writes a call to the real API down before it leaves. The minter's calls need no journal.
    ///
    /// # Errors
    /// When the store cannot be written: then the call must not be made.
    pub async fn begin(&self, request: ApiRequest, now: Timestamp) -> Result<Begun, StoreError> {
        self.begin_expecting(request, None, now).await
    }

    /// As [`Backend::begin`], for a token creation that something is expected of.
    ///
    /// # Errors
    /// As [`Backend::begin`].
    pub async fn begin_expecting(
        &self,
        request: ApiRequest,
        expects: Option<Expectation>,
        now: Timestamp,
    ) -> Result<Begun, StoreError> {
        let mut begun = Begun { request, expects, started: now, journalled: None, entry: None };
        match self {
            Self::Local { .. } => Ok(begun),
            Self::Stripe { store, client, profile } => {
                // What the settings say with every call is written down with it: the same call can be made again.
                for (name, value) in client.meaning() {
                    if begun.request.header(&name).is_none() {
                        begun.request.headers.push((name, value));
                    }
                }
                let journalled = store.journal(begun.call(Target::Stripe, Some(*profile))).await?;
                Ok(Begun { journalled: Some(journalled.exchange), entry: journalled.entry, ..begun })
            }
        }
    }

    /// Puts an entry of unknown outcome back on its way, to be asked for again with the same key.
    ///
    /// # Errors
    /// When the store cannot be written, or the entry is not of unknown outcome.
    pub async fn begin_again(&self, entry: EntryId, request: ApiRequest, now: Timestamp) -> Result<Begun, StoreError> {
        let journalled = self.store().journal_again(entry, now).await?;
        Ok(Begun {
            request,
            expects: None,
            started: now,
            journalled: Some(journalled.exchange),
            entry: journalled.entry,
        })
    }

    /// Makes the call and writes its outcome down.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn finish(&self, begun: &Begun) -> Result<Recorded, StoreError> {
        let recorded = self.carry_out(begun).await?;
        log(&recorded);
        Ok(recorded)
    }

    async fn carry_out(&self, begun: &Begun) -> Result<Recorded, StoreError> {
        match self {
            Self::Local { store, workspace, policies } => {
                let call = begun.call(Target::Local, None);
                let prepared =
                    PreparedCall::new(begun.request.clone(), begun.started, *policies, Arc::clone(workspace));
                store.answer(call, Box::new(move |ledger| prepared.answer(ledger))).await
            }
            Self::Stripe { store, client, profile } => {
                let exchange = match begun.journalled {
                    Some(exchange) => exchange,
                    None => store.journal(begun.call(Target::Stripe, Some(*profile))).await?.exchange,
                };
                let sent = Instant::now();
                let outcome = client.send(&begun.request).await;
                store.finish(exchange, sent.elapsed(), outcome).await
            }
        }
    }

    /// Gives up a call that was begun: its outcome is unknown from now on. A call to the minter has nothing to give up.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn abandon(&self, begun: &Begun, sent: Instant) -> Result<Option<Recorded>, StoreError> {
        match begun.journalled {
            Some(exchange) => {
                let outcome = Err(TransportError::Cancelled);
                self.store().finish(exchange, sent.elapsed(), outcome).await.map(Some)
            }
            None => Ok(None),
        }
    }
}

/// One line for a call that is written down: it is masked already.
fn log(recorded: &Recorded) {
    let exchange = &recorded.exchange;
    let call = tracing::debug_span!(
        "call",
        target = exchange.target.as_str(),
        method = exchange.request.method.as_str(),
        path = exchange.request.path,
        took_micros = exchange.took.as_micros(),
        entry = recorded.entry.as_ref().map(|entry| entry.id.0),
    );
    let _entered = call.enter();
    for (name, value) in &exchange.request.params {
        tracing::trace!(name, value, "sent");
    }
    match &exchange.outcome {
        Ok(response) => {
            tracing::debug!(http_status = response.http_status, request_id = response.request_id(), "answered");
        }
        Err(failure) => tracing::debug!(kind = failure.kind, "not answered"),
    }
}
