//! Calls that come over HTTP for the stand-in: answered, refused or dropped, and in each case written down.

use std::{sync::Arc, time::Instant};

use jiff::Timestamp;

use super::targets::BackendTargets;
use crate::{
    domain::{
        call::api::{ApiExchange, ApiRequest, ApiResponse, CallFailure, Target},
        fault::Fault,
        history::request_log::{ExchangeId, FAULT_HEADER, RequestRow},
        key::ApiKey,
        rules::policies::AccountPolicies,
        settings::origin::PageOrigin,
    },
    minter::{self, PreparedCall},
    store::{NewCall, StoreError},
};

/// A call that came over HTTP for the stand-in, its key let in by [`super::admit`].
#[derive(Debug)]
pub struct ServedCall {
    pub request: ApiRequest,
    /// When its head was there, by the clock of the store's entries and of the minter.
    pub started: Timestamp,
    /// The same moment, to measure how long the answer takes.
    pub arrived: Instant,
    /// What goes wrong with the call on purpose. A header of the answer says so, and the answer is kept with it.
    pub fault: Option<Fault>,
}

/// By what calls over HTTP are let in.
#[derive(Clone, Debug, Default)]
pub struct AdmissionRules {
    pub policies: AccountPolicies,
    /// The one secret key that is let in; `None` lets every key of test mode in.
    pub only: Option<ApiKey>,
    /// The pages of other origins that may call.
    pub origins: Vec<PageOrigin>,
}

impl BackendTargets {
    /// Answers a call that came over HTTP, once it is committed. There is always an answer: a commit that failed is
    /// Stripe's 500.
    pub async fn serve(&self, call: ServedCall, policies: AccountPolicies) -> ApiResponse {
        let ServedCall { request, started, arrived, fault } = call;
        let prepared = PreparedCall::new(request.clone(), started, policies, Arc::clone(&self.workspace));
        let call = NewCall { target: Target::Local, started, request, expects: None, profile: None, world: None };
        let answer = move |ledger: &mut dyn minter::Ledger| {
            prepared.answer(ledger).map(|answer| with_fault(answer, fault.as_ref()))
        };
        self.store.serve(call, arrived, Box::new(answer)).await.unwrap_or_else(|error| {
            self.save_failures.add(&error);
            minter::unavailable(&error.cause())
        })
    }

    /// Writes down a call that came over HTTP and was refused before it reached the stand-in. Gives the answer to send,
    /// which is redacted: the same bytes are kept.
    pub async fn refuse(
        &self,
        request: ApiRequest,
        started: Timestamp,
        arrived: Instant,
        answer: ApiResponse,
    ) -> ApiResponse {
        let call = NewCall { target: Target::Local, started, request, expects: None, profile: None, world: None };
        let (answer, noted) = self.store.refuse(call, arrived.elapsed(), answer);
        if let Err(error) = noted.await {
            self.save_failures.add(&error);
        }
        answer
    }

    /// Writes down a call that came over HTTP and did not reach the stand-in, with what became of it instead of an
    /// answer.
    pub async fn note(&self, request: ApiRequest, started: Timestamp, arrived: Instant, failure: CallFailure) {
        let call = NewCall { target: Target::Local, started, request, expects: None, profile: None, world: None };
        if let Err(error) = self.store.note(call, arrived.elapsed(), failure).await {
            self.save_failures.add(&error);
        }
    }
}

/// A line of the request log with the call and its answer.
#[derive(Clone, Debug)]
pub struct LoggedCall {
    pub row: RequestRow,
    pub exchange: ApiExchange,
}

/// A page of the request log, newest calls first.
#[derive(Clone, Debug)]
pub struct LoggedPage {
    pub calls: Vec<LoggedCall>,
    /// Whether there are older ones.
    pub has_more: bool,
    /// What of the log could not be read, in words; `None` where all could.
    pub damage: Option<String>,
}

impl BackendTargets {
    /// The newest calls to a target, `limit` at most; only those after the call of number `after`, where one is given.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn logged(&self, target: Target, after: Option<i64>, limit: usize) -> Result<LoggedPage, StoreError> {
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
            Ok(LoggedPage { calls, has_more, damage: damage.map(|damage| damage.to_string()) })
        });
        read.await.unwrap_or(Err(StoreError::Closed { doing: "read the request log" }))
    }
}

fn with_fault(mut answer: ApiResponse, fault: Option<&Fault>) -> ApiResponse {
    answer.headers.extend(fault.map(|fault| (FAULT_HEADER.to_owned(), fault.to_string())));
    answer
}
