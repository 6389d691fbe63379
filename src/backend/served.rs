//! Calls that come over HTTP for the stand-in: answered, refused or dropped, and in each case written down.

use std::{sync::Arc, time::Instant};

use jiff::Timestamp;

use super::targets::BackendTargets;
use crate::{
    domain::{
        call::{
            account::AccountId,
            api::{ApiExchange, ApiRequest, ApiResponse, CallFailure, HttpMethod, MaskedRequest, Target},
            error::ApiError,
            payer_page::PayerPages,
            webhook_signature::{EndpointSecret, HIDDEN_SECRET},
        },
        fault::Fault,
        history::request_log::{ExchangeId, FAULT_HEADER, RequestRow},
        key::ApiKey,
        rules::policies::AccountPolicies,
        settings::origin::PageOrigin,
    },
    minter::{self, MinterAccount, PreparedCall},
    store::{CallSelection, LocalAnswer, NewCall, StoreError},
};

/// A call that came over HTTP for the stand-in, its key let in by [`super::admit`].
#[derive(Debug)]
pub struct ServedCall {
    pub request: ApiRequest,
    pub origin: CallOrigin,
    /// What goes wrong with the call on purpose. A header of the answer says so, and the answer is kept with it.
    pub fault: Option<Fault>,
}

/// When a call came over HTTP, and whose it is.
#[derive(Clone, Debug)]
pub struct CallOrigin {
    /// When its head was there, by the machine's clock.
    pub started: Timestamp,
    /// The same moment, to measure how long the answer takes.
    pub arrived: Instant,
    /// The account whose world the call is in; `None` for the common world.
    pub world: Option<AccountId>,
    /// Whether its key is a publishable one.
    pub is_publishable: bool,
    /// The server that it came to, such as `http://127.0.0.1:12111`.
    pub server: Arc<str>,
}

impl CallOrigin {
    fn call(&self, request: ApiRequest, account: &MinterAccount) -> NewCall {
        let (started, world, own_account) = (self.started, self.world.clone(), Some(account.account().clone()));
        NewCall { target: Target::Local, started, request, expects: None, profile: None, world, own_account }
    }
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
        let ServedCall { request, origin, fault } = call;
        let account = self.accounts.of(origin.world.as_ref());
        let makes_endpoint = request.method == HttpMethod::Post && request.segments() == ["v1", "webhook_endpoints"];
        let event_fault = match &fault {
            Some(Fault::Event(fault)) => Some(*fault),
            _ => None,
        };
        let pages = PayerPages::new(Arc::clone(&origin.server), origin.world.clone());
        let call = origin.call(request, &account);
        let prepare = |request: ApiRequest, masked: &MaskedRequest| -> LocalAnswer {
            let prepared = PreparedCall::new(request, Some(masked), origin.started, policies, account);
            let prepared = prepared.by_publishable_key(origin.is_publishable).with_event_fault(event_fault);
            let prepared = prepared.with_payer_pages(pages);
            Box::new(move |ledger| prepared.answer(ledger).map(|answer| with_fault(answer, fault.as_ref())))
        };
        let answer = self.store.serve(call, origin.arrived, prepare).await.unwrap_or_else(|error| {
            self.save_failures.add(&error);
            minter::unavailable(&error.cause())
        });
        if makes_endpoint { self.with_secret(answer) } else { answer }
    }

    /// Checks that a call is for a page of a payer that was made here. A world is met by the call of such a one only: whoever
    /// guesses makes none.
    ///
    /// # Errors
    /// 404 for every other address.
    pub fn check_payer_page(&self, request: &ApiRequest, world: Option<&AccountId>) -> Result<(), ApiError> {
        minter::check_payer_page(request, &self.accounts.of(world))
    }

    /// The answer that makes a webhook endpoint, with the secret that is hidden wherever the answer is written down. The
    /// same answer given again shows it too.
    fn with_secret(&self, mut answer: ApiResponse) -> ApiResponse {
        if let Some(mut endpoint) = answer.json().filter(|body| body["secret"] == HIDDEN_SECRET) {
            let id = endpoint["id"].as_str().unwrap_or_default();
            let secret = EndpointSecret::of(&self.store.workspace_secret(), id);
            endpoint["secret"] = secret.expose().into();
            answer.body = format!("{endpoint:#}").into_bytes();
        }
        answer
    }

    /// The answer to a call that is let in and made to fail on purpose: nothing is carried out. `nth` tells it from the
    /// others of its kind.
    pub fn refused_on_purpose(
        &self,
        request: &ApiRequest,
        origin: &CallOrigin,
        nth: u64,
        error: ApiError,
    ) -> ApiResponse {
        minter::refused_on_purpose(request, &self.accounts.of(origin.world.as_ref()), origin.started, nth, error)
    }

    /// Writes down a call that came over HTTP and was refused before it reached the stand-in. Gives the answer to send,
    /// which is redacted: the same bytes are kept.
    pub async fn refuse(&self, request: ApiRequest, origin: &CallOrigin, answer: ApiResponse) -> ApiResponse {
        let (answer, noted) = self.store.refuse(self.call(request, origin), origin.arrived.elapsed(), answer);
        if let Err(error) = noted.await {
            self.save_failures.add(&error);
        }
        answer
    }

    /// Writes down a call that came over HTTP and did not reach the stand-in, with what became of it instead of an
    /// answer.
    pub async fn note(&self, request: ApiRequest, origin: &CallOrigin, failure: CallFailure) {
        if let Err(error) = self.store.note(self.call(request, origin), origin.arrived.elapsed(), failure).await {
            self.save_failures.add(&error);
        }
    }

    fn call(&self, request: ApiRequest, origin: &CallOrigin) -> NewCall {
        origin.call(request, &self.accounts.of(origin.world.as_ref()))
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
    /// The newest calls to the stand-in in a world (`None`: in any) and for an account, `limit` at most; only those after
    /// the call of number `after`, where one is given.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn logged(
        &self,
        world: Option<&AccountId>,
        account: Option<&AccountId>,
        after: Option<i64>,
        limit: usize,
    ) -> Result<LoggedPage, StoreError> {
        // Whoever asks for the calls means those that were answered before.
        self.store.settle_lines().await;
        let store = self.store.clone();
        let is_own = account.is_some_and(|account| account.as_str() == self.account_id());
        let which = CallSelection {
            target: Some(Target::Local),
            world: world.map(|world| store.stored_account(world)),
            account: account.map(|account| if is_own { String::new() } else { store.stored_account(account) }),
        };
        let read = tokio::task::spawn_blocking(move || {
            let reader = store.reader()?;
            let mut rows = reader.request_rows(&which, after.map(ExchangeId), limit + 1)?;
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
