//! The steps that payment intents and setup intents take alike: how a new one is kept, how its payer changes, and how what
//! came of a confirmation is kept.

use serde_json::Value;

use super::{
    call::{CallError, MinterCall},
    fields::CallFields,
    intent_params,
    intents::{self, IntentKind, METHOD, REQUIRES_CONFIRMATION},
    lookup::customer_of_param,
    method_object::CallMethod,
    shapes,
    stored_object::StoredObject,
};
use crate::domain::call::error::ApiError;

/// What came of a confirmation. The inner error is a decline, to be answered when the intent is kept.
pub(super) type Confirmed = Result<Result<(), CallError>, CallError>;

/// A new intent, as its call describes it.
pub(super) struct NewIntent<'a> {
    pub(super) body: Value,
    /// The id of its customer.
    pub(super) customer: Option<String>,
    pub(super) method: Option<CallMethod>,
    pub(super) is_confirmed: bool,
    /// Where its payer is sent back to.
    pub(super) return_url: Option<&'a str>,
}

impl NewIntent<'_> {
    /// Keeps the intent, and lets `confirm` confirm it where it is to be confirmed at once; gives its body. All that is
    /// refused is refused before anything is kept.
    ///
    /// # Errors
    /// A payment method that cannot be used, none for a confirmation, no way back, and a decline.
    pub(super) fn keep(
        self,
        kind: IntentKind,
        call: &mut MinterCall<'_>,
        confirm: impl FnOnce(&mut MinterCall<'_>, &mut StoredObject, CallMethod) -> Confirmed,
    ) -> Result<Value, CallError> {
        let Self { mut body, customer, mut method, is_confirmed, return_url } = self;
        body["customer"] = customer.clone().into();
        if let Some(method) = &method {
            kind.check_method(method, customer.as_deref())?;
            body[METHOD] = method.id().into();
            body["status"] = REQUIRES_CONFIRMATION.into();
        }
        if is_confirmed {
            kind.check_way_back(&body, return_url)?;
            if method.is_none() {
                return Err(ApiError { objects: Vec::new(), ..kind.method_missing(&body) }.into());
            }
        }
        if let Some(method) = &mut method {
            method.keep(call)?;
        }
        let (id, created) = (shapes::text(&body, "id"), call.now.as_second());
        let mut intent =
            StoredObject { kind: kind.object(), id, parent: customer, created, body, state: intents::new_state() };
        call.ledger.insert(&intent)?;
        kind.created(call, &intent)?;
        if let Some(method) = method.filter(|_| is_confirmed) {
            let confirmed = confirm(call, &mut intent, method)?;
            kind.keep_confirmed(call, &intent, confirmed)?;
        }
        Ok(intent.body)
    }
}

impl IntentKind {
    /// Gives an intent the customer and the payment method that a change of it names; whether there is a payment method
    /// that is to be used from now on.
    ///
    /// # Errors
    /// A customer who is not there, and a payment method that the customer cannot use.
    pub(super) fn change_payer(
        self,
        call: &mut MinterCall<'_>,
        fields: &CallFields<'_>,
        intent: &mut StoredObject,
    ) -> Result<bool, CallError> {
        if let Some(customer) = fields.word("customer")? {
            let customer = customer_of_param(call, customer)?;
            intent.body["customer"] = customer.id.clone().into();
            intent.parent = Some(customer.id);
        }
        let method = match intent_params::method_of(call, fields)? {
            // The one that is there has to suit the new customer.
            None if fields.has("customer") => intents::method_in(call, &intent.body)?,
            named => named,
        };
        let Some(mut method) = method else { return Ok(false) };
        self.check_use(call, &intent.body, &method)?;
        method.keep(call)?;
        intent.body[METHOD] = method.id().into();
        Ok(true)
    }

    /// Keeps an intent that was confirmed, and says what came of it.
    ///
    /// # Errors
    /// The decline, and a ledger that cannot be written.
    pub(super) fn keep_confirmed(
        self,
        call: &mut MinterCall<'_>,
        intent: &StoredObject,
        confirmed: Result<(), CallError>,
    ) -> Result<(), CallError> {
        call.ledger.update(intent)?;
        self.went_on(call, intent)?;
        confirmed
    }
}
