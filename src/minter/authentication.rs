//! What the payer does at the bank's page: the authentication of an intent is completed, fails or is cancelled. This is the
//! program's own call, for Stripe has none: a person does it in a browser there.

use serde_json::Value;

use super::{
    accepted::AcceptedParams,
    call::{CallError, MinterCall},
    fields::CallFields,
    intents::{self, IntentKind, METHOD, REQUIRES_ACTION},
    payment_intents, setup_intents, shapes,
    stored_object::ObjectKind,
};
use crate::domain::call::{
    error::ApiError,
    intent_calls::{AuthenticationResult, INTENT, RESULT},
};

const AUTHENTICATE: AcceptedParams = AcceptedParams { written: &[], read: &[&[INTENT, RESULT]], not_modelled: &[] };

/// `POST /_testcard/authenticate`: answers with the intent as it is then. One that is cancelled is as one that fails: the
/// payer is back at the shop, and nothing is paid. So is one whose payment method may no longer be used.
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
    let method = intents::method_in(call, &intent.body)?;
    let refusal = match &method {
        _ if result != AuthenticationResult::Complete.as_str() => Some(kind.authentication_failed()),
        Some(method) => match kind.check_use(call, &intent.body, method) {
            Ok(()) => None,
            Err(CallError::Refused(error)) => Some(error),
            Err(error) => return Err(error),
        },
        None => Some(ApiError::no_such("PaymentMethod", &shapes::text(&intent.body, METHOD), METHOD)),
    };
    match (refusal, method, kind) {
        (None, Some(method), IntentKind::Payment) => payment_intents::authenticated(call, &mut intent, method)?,
        (None, Some(method), IntentKind::Setup) => setup_intents::authenticated(call, &mut intent, method)?,
        (refusal, method, _) => {
            let error = refusal.unwrap_or_else(|| kind.authentication_failed());
            kind.fail(&mut intent.body, method.as_ref(), error);
        }
    }
    call.ledger.update(&intent)?;
    kind.went_on(call, &intent)?;
    Ok(intent.body)
}
