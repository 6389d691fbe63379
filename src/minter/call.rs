//! One call on its way through a handler, and why it may not end in an object.

use std::cell::OnceCell;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    effects::EffectKind,
    ids::RequestIds,
    ledger::{AccountLedger, LedgerError},
    shapes,
    stored_object::{ObjectKind, StoredObject},
    workspace::MinterAccount,
};
use crate::domain::{
    call::{
        api::{ApiRequest, HttpMethod},
        error::ApiError,
        payer_page::PayerPages,
        version::ApiVersion,
    },
    fault::EventFault,
    mask,
    rules::policies::AccountPolicies,
};

/// One call with all that its handler needs: whom it is for, what it may change, and what moment it is.
pub(super) struct MinterCall<'a> {
    /// The objects of the account that the call is for.
    pub(super) ledger: AccountLedger<'a>,
    pub(super) request: &'a ApiRequest,
    pub(super) now: Timestamp,
    pub(super) policies: AccountPolicies,
    pub(super) workspace: &'a MinterAccount,
    /// Whether it was made with a publishable key.
    pub(super) is_publishable: bool,
    /// The id of the account that the call is for.
    pub(super) account_id: &'a str,
    pub(super) ids: RequestIds<'a>,
    /// The id of the call itself.
    pub(super) request_id: &'a str,
    /// What is to go wrong with the events of the call on their way.
    pub(super) event_fault: Option<EventFault>,
    /// Where payers authenticate what the call pays; `None` where no server shows them a page.
    pub(super) payer_pages: Option<&'a PayerPages>,
    /// How many events there are of the call by now.
    pub(super) events: u32,
    /// The idempotency key as its events show it, once there is one.
    pub(super) shown_key: OnceCell<Option<&'a str>>,
    /// The version that the call is answered in.
    pub(super) version: ApiVersion<'a>,
}

/// What changes objects, and when: a call, or what was to follow a call later (see `carry_out`).
pub(super) struct ChangeContext<'c, 'a> {
    pub(super) ledger: &'c mut AccountLedger<'a>,
    pub(super) now: Timestamp,
    pub(super) ids: &'c RequestIds<'a>,
    /// The call; `None` for what happens by itself.
    pub(super) cause: Option<ChangeCause<'c>>,
    /// How many events there are of it by now.
    pub(super) events: &'c mut u32,
}

/// What the events of a call say of it.
#[derive(Clone, Copy)]
pub(super) struct ChangeCause<'c> {
    pub(super) request_id: &'c str,
    /// As it may be shown.
    pub(super) idempotency_key: Option<&'c str>,
    /// What is to go wrong with its events on their way.
    pub(super) event_fault: Option<EventFault>,
}

impl ChangeContext<'_, '_> {
    /// Keeps a new object under the `id` in its body; for `parent` and `state` see [`StoredObject`].
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn keep(
        &mut self,
        kind: ObjectKind,
        parent: Option<String>,
        body: Value,
        state: Value,
    ) -> Result<StoredObject, LedgerError> {
        let id = shapes::text(&body, "id");
        let object = StoredObject { kind, id, parent, created: self.now.as_second(), body, state };
        self.ledger.insert(&object)?;
        Ok(object)
    }

    /// Lets something happen to an object so many seconds from now.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn schedule(&mut self, after_secs: i64, kind: EffectKind, object: &str) -> Result<(), LedgerError> {
        self.schedule_at(self.now.as_second().saturating_add(after_secs), kind, object)
    }

    /// The same, at a Unix second.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn schedule_at(&mut self, due: i64, kind: EffectKind, object: &str) -> Result<(), LedgerError> {
        self.ledger.schedule(due, kind, object, self.ids.effect_nonce())
    }
}

impl<'a> MinterCall<'a> {
    /// What the call changes objects with.
    pub(super) fn change(&mut self) -> ChangeContext<'_, 'a> {
        let request = self.request;
        let sent = || request.header("Idempotency-Key").filter(|_| request.method == HttpMethod::Post);
        let key = *self.shown_key.get_or_init(|| sent().map(mask::identity));
        let cause = ChangeCause { request_id: self.request_id, idempotency_key: key, event_fault: self.event_fault };
        let Self { ledger, now, ids, events, .. } = self;
        ChangeContext { ledger, now: *now, ids, cause: Some(cause), events }
    }

    /// As [`ChangeContext::keep`], by this call.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn keep(
        &mut self,
        kind: ObjectKind,
        parent: Option<String>,
        body: Value,
        state: Value,
    ) -> Result<StoredObject, LedgerError> {
        self.change().keep(kind, parent, body, state)
    }

    /// The id of the account that the call is for, as it may be shown: the name of a connected one is what was sent.
    pub(super) fn shown_account(&self) -> &'a str {
        if self.ledger.is_connected() { mask::identity(self.account_id) } else { self.account_id }
    }

    /// Lets `read` meet the objects of the account itself, also in a call for a connected one.
    pub(super) fn at_platform<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let account = self.ledger.switch_to(None);
        let found = read(self);
        self.ledger.switch_to(account);
        found
    }

    /// Whether the request's version shows objects in their current shape.
    pub(super) fn shows_current_shape(&self) -> bool {
        self.version.is_since(ApiVersion::dated(2024, 4, 10))
    }
}

/// What a call ends in that goes well.
pub(super) enum HandlerAnswer {
    /// The object, in its current shape.
    Object(Value),
    /// The body of the answer, as the version of the call shows the object. The ledger knows already that it is shown.
    Shown(Vec<u8>),
}

/// Why a call does not end in an object.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error("refused: {}", .0.label())]
    Refused(ApiError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<ApiError> for CallError {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}
