//! A call on its way into the history: as its sender has it, masked, and as it was written.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{entries, rows};
use crate::{
    domain::{
        call::{
            account::AccountId,
            api::{ApiExchange, ApiRequest, ApiResponse, CallFailure, MaskedRequest, Target},
            redaction::Redaction,
        },
        card::{digits::only_digits, number::CardNumber},
        history::{entry::HistoryEntry, request_log::ExchangeId},
        mask::keyed_hash::IdentityKey,
        rules::expectation::Expectation,
        settings::profile::ProfileId,
    },
    minter::{Ledger, LedgerError},
};

/// A call that is to be recorded, as its sender has it: not masked yet.
#[derive(Clone, Debug)]
pub struct NewCall {
    pub target: Target,
    pub started: Timestamp,
    pub request: ApiRequest,
    /// Of a token creation: what should come of it.
    pub expects: Option<Expectation>,
    /// At the real API: the profile whose settings and key it goes with.
    pub profile: Option<ProfileId>,
    /// The account whose world the call is in; `None` for the one world of all calls.
    pub world: Option<AccountId>,
    /// The minter's own account: a call that names it is for no connected one.
    pub own_account: Option<AccountId>,
}

/// The minter's side of a local call: what it changes in the ledger is kept with the exchange, or not at all.
/// It is asked again where another call of the same commit fails after it wrote; nothing is kept of what it did before
/// then.
pub type LocalAnswer = Box<dyn Fn(&mut dyn Ledger) -> Result<ApiResponse, LedgerError> + Send>;

/// A call that is written down and may leave.
#[derive(Clone, Debug, PartialEq)]
pub struct JournaledCall {
    pub exchange: ExchangeId,
    /// Of a token creation: its new entry of the history, pending.
    pub entry: Option<HistoryEntry>,
}

/// A call with its outcome, as written: masked.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedCall {
    /// The entry that the call made or changed.
    pub entry: Option<HistoryEntry>,
    pub exchange: ApiExchange,
}

/// A call as it may be written. It is made on the caller's thread: the one thread that writes has no time for masking.
pub(super) struct MaskedCall {
    pub(super) redaction: Arc<Redaction>,
    /// The world that the call is in, as it is stored: empty for the one of all calls.
    pub(super) world: String,
    /// The connected account that the call is for, as it is stored.
    pub(super) account: Option<String>,
    pub(super) target: Target,
    pub(super) started: Timestamp,
    pub(super) request: MaskedRequest,
    /// The columns `params` and `headers` of the exchange.
    pub(super) params_json: String,
    pub(super) headers_json: String,
    /// Of a token creation: its entry of the history, without a number yet.
    pub(super) entry: Option<HistoryEntry>,
}

impl MaskedCall {
    pub(super) fn of(call: NewCall, identities: &IdentityKey) -> Self {
        Self::with_request(call, identities).0
    }

    /// As [`Self::of`], with the request as its sender has it.
    pub(super) fn with_request(call: NewCall, identities: &IdentityKey) -> (Self, ApiRequest) {
        let NewCall { target, started, request: sent, expects, profile, world, own_account } = call;
        let world = world.map(|world| identities.stored(world.as_str())).unwrap_or_default();
        let own = own_account.as_ref().map(AccountId::as_str);
        let connected = sent.named_account().filter(|account| Some(*account) != own);
        let account = connected.map(|account| identities.stored(account));
        let entry = sent.makes_token().then(|| {
            let number = sent.params.get("card[number]").unwrap_or_default();
            let brand = CardNumber::parse(&only_digits(number)).map(|number| number.brand().as_str().to_owned());
            let entry = entries::unanswered(target, rows::kept_moment(started), number);
            let account = account.as_ref().or(Some(&world)).filter(|account| !account.is_empty()).cloned();
            HistoryEntry { brand, profile, account, expects: expects.map(Box::new), ..entry }
        });
        let (redaction, request) = Redaction::with_request(&sent);
        let (params_json, headers_json) = (rows::params_json(&request), rows::pairs_json(&request.headers));
        let redaction = Arc::new(redaction);
        (Self { redaction, world, account, target, started, request, params_json, headers_json, entry }, sent)
    }

    /// The exchange as the history gives it back: its times are as precise as their columns. For the answer of the
    /// minter or of a fault only, in which nothing is replaced after it was sent.
    pub(super) fn ended(&self, took: Duration, outcome: Result<ApiResponse, CallFailure>) -> ApiExchange {
        ApiExchange {
            target: self.target,
            started: rows::kept_moment(self.started),
            took: rows::kept_duration(took),
            request: self.request.clone(),
            outcome,
            replaced: Vec::new(),
        }
    }
}
