//! What the payer does at the bank's page: the authentication of an intent is completed, fails or is cancelled. This is the
//! program's own call, for Stripe has none: a person does it in a browser there.

use serde_json::Value;

use super::{
    accepted::AcceptedParams,
    call::{CallError, MinterCall},
    fields::CallFields,
    intents::{self, IntentKind, REQUIRES_ACTION},
    payment_intents, setup_intents,
    stored_object::ObjectKind,
};
use crate::domain::call::{
    error::ApiError,
    intent_calls::{AuthenticationResult, INTENT, RESULT},
};

const AUTHENTICATE: AcceptedParams = AcceptedParams { written: &[], read: &[&[INTENT, RESULT]], not_modelled: &[] };

/// `POST /_testcard/authenticate`: answers with the intent as it is then. One that is cancelled is as one that fails: the
/// payer is back at the shop, and nothing is paid.
pub(super) fn authenticate(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AUTHENTICATE)?;
    let id = fields.word(INTENT)?.ok_or_else(|| ApiError::missing(INTENT))?;
    let words: Vec<&'static str> = AuthenticationResult::ALL.iter().map(|result| result.as_str()).collect();
    let result = fields.choice(RESULT, &words)?.ok_or_else(|| ApiError::missing(RESULT))?;
    let is_payment = call.ledger.get(ObjectKind::PaymentIntent, id)?.is_some();
    let kind = if is_payment { IntentKind::Payment } else { IntentKind::Setup };
    let found = call.ledger.get(kind.object(), id)?;
    let mut intent = found.ok_or_else(|| ApiError::no_such("intent", id, INTENT).with_status(404))?;
    if intent.body["status"] != REQUIRES_ACTION {
        let status = intent.body["status"].as_str().unwrap_or_default();
        let message = format!(
            "{id} waits for no authentication: it has a status of {status}. Only an intent with a status of \
             {REQUIRES_ACTION} can be authenticated."
        );
        return Err(kind.unexpected_state(&intent.body, message).into());
    }
    match (result.parse(), kind) {
        (Ok(AuthenticationResult::Complete), IntentKind::Payment) => payment_intents::authenticated(call, &mut intent)?,
        (Ok(AuthenticationResult::Complete), IntentKind::Setup) => setup_intents::authenticated(call, &mut intent)?,
        _ => {
            if let Some(method) = intents::method_in(call, &intent.body)? {
                kind.fail(&mut intent.body, &method, kind.authentication_failed());
            }
        }
    }
    call.ledger.update(&intent)?;
    kind.went_on(call, &intent)?;
    Ok(intent.body)
}
