//! A call on its way into the history: as its sender has it, masked, and as it was written.

use std::time::Duration;

use jiff::Timestamp;

use super::{entries, rows};
use crate::{
    domain::{
        call::{
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
}

/// The minter's side of a local call: what it changes in the ledger is kept with the exchange, or not at all.
pub type LocalAnswer = Box<dyn FnOnce(&mut dyn Ledger) -> Result<ApiResponse, LedgerError> + Send>;

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
    pub(super) redaction: Redaction,
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
        let NewCall { target, started, request: sent, expects, profile } = call;
        let entry = sent.makes_token().then(|| {
            let number = sent.params.get("card[number]").unwrap_or_default();
            let brand = CardNumber::parse(&only_digits(number)).map(|number| number.brand().as_str().to_owned());
            let entry = entries::unanswered(target, rows::kept_moment(started), number);
            HistoryEntry { brand, profile, expects: expects.map(Box::new), ..entry }
        });
        let (redaction, request) = Redaction::with_request(&sent);
        let account = sent.header("Stripe-Account").map(|account| identities.stored(account));
        let (params_json, headers_json) = (rows::params_json(&request), rows::pairs_json(&request.headers));
        Self { redaction, account, target, started, request, params_json, headers_json, entry }
    }

    /// The exchange as the history gives it back: its times are as precise as their columns. For the answer of the
    /// minter or of a fault only, in which nothing is replaced after it was sent.
    pub(super) fn ended(self, took: Duration, outcome: Result<ApiResponse, CallFailure>) -> ApiExchange {
        ApiExchange {
            target: self.target,
            started: rows::kept_moment(self.started),
            took: rows::kept_duration(took),
            request: self.request,
            outcome,
            replaced: Vec::new(),
        }
    }
}
