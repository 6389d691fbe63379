//! What the payer does at the bank's page: the authentication of an intent is completed, fails or is cancelled. This is the
//! program's own call, for Stripe has none: a person does it in a browser there.

use serde_json::Value;

use super::{
    accepted::AcceptedParams,
    call::{CallError, MinterCall},
    fields::CallFields,
    intents::{self, IntentKind, METHOD, REQUIRES_ACTION},
    next_action, payment_intents, setup_intents, shapes,
    stored_object::StoredObject,
};
use crate::domain::call::{
    error::ApiError,
    intent_calls::{AuthenticationResult, INTENT, RESULT},
};

const AUTHENTICATE: AcceptedParams = AcceptedParams { written: &[], read: &[&[INTENT, RESULT]], not_modelled: &[] };

/// `POST /_testcard/authenticate`: answers with the intent as it is then.
pub(super) fn authenticate(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AUTHENTICATE)?;
    let id = fields.word(INTENT)?.ok_or_else(|| ApiError::missing(INTENT))?;
    let result = result(&fields)?;
    let found = intents::of_either_kind(call, id)?;
    let (kind, mut intent) = found.ok_or_else(|| ApiError::no_such("intent", id, INTENT).with_status(404))?;
    if intent.body["status"] != REQUIRES_ACTION {
        let status = intent.body["status"].as_str().unwrap_or_default();
        let message = format!(
            "{id} waits for no authentication: it has a status of {status}. Only an intent with a status of \
             {REQUIRES_ACTION} can be authenticated."
        );
        return Err(kind.unexpected_state(&intent.body, message).into());
    }
    end(call, kind, &mut intent, result)?;
    Ok(intent.body)
}

/// What the payer does, as the call says.
///
/// # Errors
/// When it says nothing, or something else.
pub(super) fn result(fields: &CallFields<'_>) -> Result<AuthenticationResult, ApiError> {
    let words: Vec<&'static str> = AuthenticationResult::ALL.iter().map(|result| result.as_str()).collect();
    let word = fields.choice(RESULT, &words)?;
    word.and_then(|word| word.parse().ok()).ok_or_else(|| ApiError::missing(RESULT))
}

/// Ends the authentication of an intent that waits for it. One that is cancelled is as one that fails: the payer is back at
/// the shop, and nothing is paid. So is one whose payment method may no longer be used.
///
/// # Errors
/// A ledger that cannot be written.
pub(super) fn end(
    call: &mut MinterCall<'_>,
    kind: IntentKind,
    intent: &mut StoredObject,
    result: AuthenticationResult,
) -> Result<(), CallError> {
    let method = intents::method_in(call, &intent.body)?;
    let refusal = match &method {
        _ if result != AuthenticationResult::Complete => Some(kind.authentication_failed()),
        Some(method) => match kind.check_use(call, &intent.body, method) {
            Ok(()) => None,
            Err(CallError::Refused(error)) => Some(error),
            Err(error) => return Err(error),
        },
        None => Some(ApiError::no_such("PaymentMethod", &shapes::text(&intent.body, METHOD), METHOD)),
    };
    match (refusal, method, kind) {
        (None, Some(method), IntentKind::Payment) => payment_intents::authenticated(call, intent, method)?,
        (None, Some(method), IntentKind::Setup) => setup_intents::authenticated(call, intent, method)?,
        (refusal, method, _) => {
            let error = refusal.unwrap_or_else(|| kind.authentication_failed());
            kind.fail(&mut intent.body, method.as_ref(), error);
        }
    }
    next_action::note_result(intent, result.as_str());
    call.ledger.update(intent)?;
    kind.went_on(call, intent)?;
    Ok(())
}
