//! Stripe's test mode as a pure state machine over a [`Ledger`]: no clock, no files, no network.
//!
//! [`handle`] answers one call: a row of the route table (`routes`) names the handler, `accepted` the parameters that
//! the handler takes. A route that Stripe has and the minter does not play is refused in words that say so; any other
//! one is refused as Stripe does it.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `admission`, `auth` | whether a call is let in, by its key |
//! | `routes`, `call` | which handler answers, and what every handler is given |
//! | `tokens`, `charges`, `refunds`, `customers`, `sources`, `payment_methods`, `payment_intents`, `setup_intents`, `own_account`, `account_balance`, `balance_transactions`, `disputes`, `fraud_warnings` | the handlers, a file per resource |
//! | `authentication`, `payer_page` | the program's own calls: what the payer of an intent does at the bank's page, and the page |
//! | `accepted`, `fields`, `amounts`, `descriptors`, `metadata` | which parameters a handler takes, and how they are read and written |
//! | `lookup`, `lists`, `expand` | objects by their id, in lists, within other objects |
//! | `shapes`, `shape_rules` | objects as a version shows them, and which fields it shows |
//! | `cards`, `charge_object`, `balance` | what a card's bank says, what a charge shows of it, and what it does to the balance |
//! | `effects`, `carry_out`, `dispute_steps`, `dispute_object`, `hold_expiry` | what follows later, and how a dispute goes on |
//! | `happened`, `events`, `webhook_endpoints` | what happened to objects: how it is kept with the change, who asks for it, who is to be sent it |
//! | `method_object` | a payment method and what its use leaves in it |
//! | `intents`, `intent_params`, `intent_steps`, `next_action` | what both kinds of intents have in common, and what the payer has to do next |
//! | `payment_intent_object`, `payment_intent_params`, `intent_charge`, `intent_authorization` | a payment intent, its parameters, the charge that it makes, and how much of it is authorized |
//! | `idempotency`, `ledger`, `stored_object` | one answer for one key, and where objects and answers are kept |
//! | `answers`, `ids`, `versions` | the bytes of an answer, ids, and which versions the API has |
//! | `new_token`, `answered_token` | a new token and its answer as text, and the token as it is kept of that answer |
//! | `workspace`, `accounts` | whose account it is, and which connected one a call is for |

mod accepted;
mod account_balance;
mod accounts;
mod admission;
mod amounts;
mod answered_token;
mod answers;
pub mod auth;
mod authentication;
mod balance;
mod balance_transactions;
mod call;
mod cards;
mod carry_out;
mod charge_object;
mod charges;
mod customers;
mod descriptors;
mod dispute_object;
mod dispute_steps;
mod disputes;
mod effects;
mod events;
mod expand;
mod fields;
mod fraud_warnings;
mod happened;
mod hold_expiry;
mod idempotency;
pub mod ids;
mod intent_authorization;
mod intent_charge;
mod intent_params;
mod intent_steps;
mod intents;
pub mod ledger;
mod lists;
mod lookup;
mod metadata;
mod method_object;
mod new_token;
mod next_action;
mod own_account;
mod payer_page;
mod payment_intent_object;
mod payment_intent_params;
mod payment_intents;
mod payment_methods;
mod refunds;
mod routes;
mod setup_intents;
mod shape_rules;
mod shapes;
mod sources;
mod stored_object;
mod tokens;
mod versions;
mod webhook_endpoints;
pub mod workspace;

use std::{cell::OnceCell, sync::Arc};

use jiff::Timestamp;

pub use admission::{Admission, KEY_PARAM, admit, admit_by_param, check_account, takes_key_param};
pub use answered_token::token_of_answer;
pub use answers::{refusal, refused_on_purpose, sent_headers, unavailable};
pub use carry_out::carry_out_due;
pub use effects::{EffectKind, LaterEffect};
pub use events::{EVENTS_SHOWN_SECS, event_fits, event_text, event_type_fits};
pub use happened::{event_fault, event_object};
pub use ledger::{
    EventSelection, Ledger, LedgerChange, LedgerError, MemoryLedger, PageCursor, PageQuery, RememberedAnswer,
};
pub use new_token::NewToken;
pub use payer_page::check_payer_page;
pub use routes::{needs_secret_key, unrecognized};
pub use stored_object::{ObjectKind, StoredObject};
pub use workspace::MinterAccount;

use crate::domain::{
    call::{
        api::{ApiRequest, ApiResponse, MaskedRequest},
        error::ApiError,
        payer_page::PayerPages,
        version::ApiVersion,
    },
    fault::EventFault,
    rules::policies::AccountPolicies,
};
use accounts::ConnectedAccount;
use answers::Answering;
use call::{CallError, HandlerAnswer, MinterCall};
use idempotency::{IdempotencyCheck, PreparedRecord};
use ledger::AccountLedger;

/// Answers one call of the API. The key has been checked by [`admit`], where there is one.
///
/// A refusal is an answer. The same seed, ledger, moment and request give the same bytes.
///
/// # Errors
/// When the ledger cannot be used: nothing may be kept of the call then.
pub fn handle(
    ledger: &mut dyn Ledger,
    request: &ApiRequest,
    now: Timestamp,
    policies: AccountPolicies,
    workspace: &MinterAccount,
) -> Result<ApiResponse, LedgerError> {
    let caller = Caller { policies, workspace, is_publishable: false, event_fault: None, payer_pages: None };
    carry_out(ledger, request, CallMatters::of(request, None, workspace), now, caller)
}

/// Whom a call is answered for.
#[derive(Clone, Copy, Debug)]
struct Caller<'a> {
    policies: AccountPolicies,
    workspace: &'a MinterAccount,
    /// Whether its key is a publishable one, which a payer's browser has.
    is_publishable: bool,
    /// What is to go wrong with the events of the call on their way.
    event_fault: Option<EventFault>,
    /// Where payers authenticate what the call pays; `None` where no server shows them a page.
    payer_pages: Option<&'a PayerPages>,
}

/// What is worked out of a request before the ledger is needed.
#[derive(Clone, Debug)]
struct CallMatters {
    /// The connected account that it is for.
    account: Option<ConnectedAccount>,
    record: Option<PreparedRecord>,
}

impl CallMatters {
    /// # Errors
    /// A connected account that cannot be one, and an idempotency key that is none.
    fn of(request: &ApiRequest, masked: Option<&MaskedRequest>, workspace: &MinterAccount) -> Result<Self, ApiError> {
        let account = accounts::connected(request, workspace)?;
        let record = idempotency::record_of(request, masked, account.as_ref(), workspace)?;
        Ok(Self { account, record })
    }
}

/// A call that only waits for the ledger: what its idempotency key asks for, masking and hashing the whole request, is
/// done already. Made on the thread of the caller, for one thread answers the calls of all of them.
#[derive(Debug)]
pub struct PreparedCall {
    request: ApiRequest,
    now: Timestamp,
    policies: AccountPolicies,
    workspace: Arc<MinterAccount>,
    is_publishable: bool,
    matters: Result<CallMatters, ApiError>,
    event_fault: Option<EventFault>,
    payer_pages: Option<PayerPages>,
}

impl PreparedCall {
    /// `masked` is the same request as it is recorded, where that was made already.
    pub fn new(
        request: ApiRequest,
        masked: Option<&MaskedRequest>,
        now: Timestamp,
        policies: AccountPolicies,
        workspace: Arc<MinterAccount>,
    ) -> Self {
        let matters = CallMatters::of(&request, masked, &workspace);
        let (is_publishable, event_fault, payer_pages) = (false, None, None);
        Self { request, now, policies, workspace, is_publishable, matters, event_fault, payer_pages }
    }

    /// The same call, made with a publishable key where this is true: it shows less.
    #[must_use]
    pub fn by_publishable_key(self, is_publishable: bool) -> Self {
        Self { is_publishable, ..self }
    }

    /// The same, with what is to go wrong on purpose with the events of the call on their way.
    #[must_use]
    pub fn with_event_fault(self, event_fault: Option<EventFault>) -> Self {
        Self { event_fault, ..self }
    }

    /// The same, of a call that came to a server, which shows payers these pages.
    #[must_use]
    pub fn with_payer_pages(self, payer_pages: PayerPages) -> Self {
        Self { payer_pages: Some(payer_pages), ..self }
    }

    /// Answers the call, as [`handle`] does. It can be answered again, where nothing was kept of the answer before.
    ///
    /// # Errors
    /// As [`handle`].
    pub fn answer(&self, ledger: &mut dyn Ledger) -> Result<ApiResponse, LedgerError> {
        let Self { policies, is_publishable, event_fault, .. } = *self;
        let payer_pages = self.payer_pages.as_ref();
        let caller = Caller { policies, workspace: &self.workspace, is_publishable, event_fault, payer_pages };
        carry_out(ledger, &self.request, self.matters.clone(), self.now, caller)
    }
}

fn carry_out(
    ledger: &mut dyn Ledger,
    request: &ApiRequest,
    matters: Result<CallMatters, ApiError>,
    now: Timestamp,
    caller: Caller<'_>,
) -> Result<ApiResponse, LedgerError> {
    let Caller { policies, workspace, is_publishable, event_fault, payer_pages } = caller;
    if let Err(error) = versions::check(request) {
        return Ok(refusal(&error));
    }
    let now = ledger.moment(now);
    carry_out_due(ledger, now)?;
    let (account, record) = match matters {
        Ok(CallMatters { account, record }) => (account, Ok(record)),
        // An account that cannot be one: refused before the call is any account's.
        Err(error) if error.http_status == 403 => return Ok(refusal(&error)),
        Err(error) => (None, Err(error)),
    };
    let account_id = account.as_ref().map_or(workspace.account_id(), |account| account.id.as_str());
    let ids = workspace.ids();
    let ids = if ids.is_seeded() {
        ids.for_request(ledger.next_sequence()?)
    } else {
        ids.for_request(0).with_token_number(ledger.token_number()).with_objects(ledger.object_numbers())
    };
    let ids = ids.of_account(account_id);
    let answering = Answering::new(request, account_id, now, &ids);
    // Every line that is logged of the call from here on carries the id: the span is the call's.
    tracing::Span::current().record("request_id", answering.request_id());
    let checked = record.map_err(CallError::from).and_then(|record| idempotency::check(ledger, request, record, now));
    let record = match checked {
        Ok(IdempotencyCheck::New) => None,
        Ok(IdempotencyCheck::Remember(record)) => Some(record),
        Ok(IdempotencyCheck::Replay(first)) => {
            tracing::debug!("answered again");
            return Ok(answers::replayed(request, first.answer, answering.request_id()));
        }
        Err(CallError::Refused(error)) => return Ok(answering.answer(Err(error))),
        Err(CallError::Ledger(error)) => return Err(error),
    };
    let version = ApiVersion::of(request);
    let objects = AccountLedger::new(&mut *ledger, account.as_ref().map(|account| account.stored.as_str()));
    let request_id = answering.request_id();
    let mut call = MinterCall {
        ledger: objects,
        request,
        now,
        policies,
        workspace,
        is_publishable,
        account_id,
        ids,
        request_id,
        event_fault,
        payer_pages,
        events: 0,
        shown_key: OnceCell::new(),
        version,
    };
    let outcome = match routes::run(&mut call).and_then(|answer| shown(&mut call, answer)) {
        Ok(shown) => Ok(shown),
        Err(CallError::Refused(error)) => {
            let seen = intents::seen_in_error(&call, error);
            Err(expand::add_unasked_to_error(&mut call, seen)?)
        }
        Err(CallError::Ledger(error)) => return Err(error),
    };
    tracing::debug!(code = outcome.as_ref().err().map(ApiError::label), "answered");
    let is_carried_out = outcome.as_ref().map_or_else(ApiError::is_carried_out, |_| true);
    let answer = answering.answer(outcome);
    if let Some(record) = record
        && is_carried_out
    {
        ledger.remember(&record, &answer)?;
    }
    Ok(answer)
}

/// The body of the answer, as the version of the call shows what it ends in.
fn shown(call: &mut MinterCall<'_>, answer: HandlerAnswer) -> Result<Vec<u8>, CallError> {
    Ok(match answer {
        HandlerAnswer::Shown(body) => body,
        HandlerAnswer::Object(object) => {
            let object = expand::add_unasked(call, object)?;
            answers::text(&shapes::shaped(call.version, call.payer_pages, object))
        }
    })
}
