//! A call that this program makes, to either target: started, made and written down.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tracing::{Instrument as _, Span};

use super::span::{call_span, record_request_id};
use crate::{
    domain::{
        call::{
            account::AccountId,
            api::{ApiRequest, ApiResponse, Target, TransportError},
        },
        history::{
            entry::{EntryId, HistoryEntry},
            request_log::ExchangeId,
        },
        rules::{expectation::Expectation, policies::AccountPolicies},
        settings::profile::ProfileId,
    },
    minter::{MinterAccount, PreparedCall},
    store::{EntryOfRow, LocalAnswer, NewCall, RecordedCall, Store, StoreError},
    stripe::StripeClient,
};

/// A target with all that is needed to call it. Cheap to clone: store and client are shared.
#[derive(Clone, Debug)]
pub enum Backend {
    /// The stand-in on this machine.
    Local { store: Store, workspace: Arc<MinterAccount>, policies: AccountPolicies },
    /// Stripe's test mode, as a profile calls it.
    Stripe { store: Store, client: Arc<StripeClient>, profile: ProfileId },
}

/// A call before it is made. One to the real API is written down already, without its answer.
#[derive(Debug)]
pub struct StartedCall {
    request: ApiRequest,
    expects: Option<Expectation>,
    /// Of the token of a run: which row it is of.
    row: Option<EntryOfRow>,
    started: Timestamp,
    journalled: Option<ExchangeId>,
    /// What the log lines of the call share.
    span: Span,
    /// The pending entry that waits for the answer: of a token creation at the real API only.
    pub entry: Option<HistoryEntry>,
}

impl StartedCall {
    fn call(&self, target: Target, profile: Option<ProfileId>, own_account: Option<AccountId>) -> NewCall {
        let (request, expects) = (self.request.clone(), self.expects.clone());
        NewCall { target, started: self.started, request, expects, profile, world: None, own_account }
    }
}

impl Backend {
    pub fn target(&self) -> Target {
        match self {
            Self::Local { .. } => Target::Local,
            Self::Stripe { .. } => Target::Stripe,
        }
    }

    /// The store that the calls are written to.
    pub fn store(&self) -> &Store {
        match self {
            Self::Local { store, .. } | Self::Stripe { store, .. } => store,
        }
    }

    /// Makes a call and writes it down: [`Backend::begin`] and [`Backend::finish`] in one.
    ///
    /// # Errors
    /// When the store cannot be written; an answer of any status and a failed connection are outcomes, not errors.
    pub async fn send(&self, request: &ApiRequest, now: Timestamp) -> Result<RecordedCall, StoreError> {
        let started = self.begin(request.clone(), now).await?;
        self.finish(&started).await
    }

    /// Writes a call to the real API down before it leaves. The minter's calls need no journal.
    ///
    /// # Errors
    /// When the store cannot be written: then the call must not be made.
    pub async fn begin(&self, request: ApiRequest, now: Timestamp) -> Result<StartedCall, StoreError> {
        self.begin_expecting(request, None, now).await
    }

    /// As [`Backend::begin`], for a token creation of a preset: what it expects is kept with the call.
    ///
    /// # Errors
    /// As [`Backend::begin`].
    pub async fn begin_expecting(
        &self,
        request: ApiRequest,
        expects: Option<Expectation>,
        now: Timestamp,
    ) -> Result<StartedCall, StoreError> {
        self.begin_call(request, expects, None, now).await
    }

    /// As [`Backend::begin_expecting`], for the token of a run's row: the row knows its entry from the moment that the
    /// entry is written.
    ///
    /// # Errors
    /// As [`Backend::begin`].
    pub async fn begin_row(
        &self,
        request: ApiRequest,
        expects: Expectation,
        row: EntryOfRow,
        now: Timestamp,
    ) -> Result<StartedCall, StoreError> {
        self.begin_call(request, Some(expects), Some(row), now).await
    }

    /// Starts the call of a row once more, whose entry is of unknown outcome: `request` has the idempotency key of the
    /// first time.
    ///
    /// # Errors
    /// As [`Backend::begin_again`].
    pub async fn begin_row_again(
        &self,
        entry: EntryId,
        request: ApiRequest,
        now: Timestamp,
    ) -> Result<StartedCall, StoreError> {
        let span = call_span(self.target(), request.method.as_str());
        let started =
            StartedCall { request, expects: None, row: None, started: now, journalled: None, span, entry: None };
        let call = started.call(self.target(), None, None);
        let journaled = started.span.in_scope(|| self.store().journal_row_again(entry, call)).await?;
        Ok(StartedCall { journalled: Some(journaled.exchange), entry: journaled.entry, ..started })
    }

    async fn begin_call(
        &self,
        request: ApiRequest,
        expects: Option<Expectation>,
        row: Option<EntryOfRow>,
        now: Timestamp,
    ) -> Result<StartedCall, StoreError> {
        let span = call_span(self.target(), request.method.as_str());
        let mut started = StartedCall { request, expects, row, started: now, journalled: None, span, entry: None };
        match self {
            Self::Local { .. } => Ok(started),
            Self::Stripe { store, client, profile } => {
                // Recorded so that the call can be repeated, whatever the profile says by then.
                for (name, value) in client.scope_headers() {
                    if started.request.header(&name).is_none() {
                        started.request.headers.push((name, value));
                    }
                }
                let call = started.call(Target::Stripe, Some(*profile), None);
                let journalled = started.span.in_scope(|| match started.row.clone() {
                    Some(row) => store.journal_row(call, row),
                    None => store.journal(call),
                });
                let journalled = journalled.await?;
                Ok(StartedCall { journalled: Some(journalled.exchange), entry: journalled.entry, ..started })
            }
        }
    }

    /// Starts the call of an entry of unknown outcome once more: `request` has the idempotency key of the first time.
    ///
    /// # Errors
    /// When the store cannot be written, or the entry is not of unknown outcome.
    pub async fn begin_again(
        &self,
        entry: EntryId,
        request: ApiRequest,
        now: Timestamp,
    ) -> Result<StartedCall, StoreError> {
        let span = call_span(self.target(), request.method.as_str());
        let journalled = span.in_scope(|| self.store().journal_again(entry, now)).await?;
        Ok(StartedCall {
            request,
            expects: None,
            row: None,
            started: now,
            journalled: Some(journalled.exchange),
            span,
            entry: journalled.entry,
        })
    }

    /// Makes the call and writes its outcome down.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn finish(&self, started: &StartedCall) -> Result<RecordedCall, StoreError> {
        let work = async {
            let recorded = self.carry_out(started).await?;
            log(&recorded);
            Ok(recorded)
        };
        work.instrument(started.span.clone()).await
    }

    async fn carry_out(&self, started: &StartedCall) -> Result<RecordedCall, StoreError> {
        match self {
            Self::Local { store, workspace, policies } => {
                let call = started.call(Target::Local, None, Some(workspace.account().clone()));
                let prepared =
                    PreparedCall::new(started.request.clone(), None, started.started, *policies, Arc::clone(workspace));
                let answer: LocalAnswer = Box::new(move |ledger| prepared.answer(ledger));
                match started.row.clone() {
                    Some(row) => store.answer_row(call, row, answer).await,
                    None => store.answer(call, answer).await,
                }
            }
            Self::Stripe { store, client, profile } => {
                let exchange = match started.journalled {
                    Some(exchange) => exchange,
                    None => store.journal(started.call(Target::Stripe, Some(*profile), None)).await?.exchange,
                };
                let sent = Instant::now();
                let outcome = client.send(&started.request).await;
                if let Ok(answer) = &outcome {
                    record_request_id(answer);
                }
                store.finish(exchange, sent.elapsed(), outcome).await
            }
        }
    }

    /// Sends a started call to the real API once, and writes nothing down: for who decides by rules of their own whether it
    /// is sent again. [`Backend::settle`] follows. `None` for a call to the minter, which [`Backend::finish`] makes.
    pub async fn attempt(&self, started: &StartedCall) -> Option<Result<ApiResponse, TransportError>> {
        match self {
            Self::Local { .. } => None,
            Self::Stripe { client, .. } => Some(client.send(&started.request).instrument(started.span.clone()).await),
        }
    }

    /// Writes down what came of a call to the real API that was made by [`Backend::attempt`]; `took` is the time of the
    /// attempt that counts.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn settle(
        &self,
        started: &StartedCall,
        took: Duration,
        outcome: Result<ApiResponse, TransportError>,
    ) -> Result<RecordedCall, StoreError> {
        let exchange = started.journalled.ok_or(StoreError::NoSuchCall)?;
        let finish = started.span.in_scope(|| self.store().finish(exchange, took, outcome));
        let recorded = finish.await?;
        started.span.in_scope(|| log(&recorded));
        Ok(recorded)
    }

    /// Gives up waiting for a call that left at `sent`: its outcome is unknown from now on. Gives `None` for a call to
    /// the minter, of which nothing is written down before its answer.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn abandon(&self, started: &StartedCall, sent: Instant) -> Result<Option<RecordedCall>, StoreError> {
        match started.journalled {
            Some(exchange) => {
                let outcome = Err(TransportError::Cancelled);
                self.store().finish(exchange, sent.elapsed(), outcome).await.map(Some)
            }
            None => Ok(None),
        }
    }
}

/// Says what came of a call that is written down: the exchange is masked already.
fn log(recorded: &RecordedCall) {
    let exchange = &recorded.exchange;
    for (name, value) in &exchange.request.params {
        tracing::trace!(name, value, "sent");
    }
    let (path, took_micros) = (&exchange.request.path, exchange.took.as_micros());
    let entry = recorded.entry.as_ref().map(|entry| entry.id.0);
    match &exchange.outcome {
        Ok(response) => tracing::debug!(http_status = response.http_status, path, took_micros, entry, "answered"),
        Err(failure) => tracing::debug!(kind = failure.kind, path, took_micros, entry, "not answered"),
    }
}
