//! The page on which the payer of an intent authenticates a payment: what it shows, and what its buttons do. The server
//! makes a page of what is answered here.

use serde_json::{Value, json};

use super::{
    accepted::AcceptedParams,
    authentication,
    call::{CallError, MinterCall},
    fields::CallFields,
    intents::{self, IntentKind, REQUIRES_ACTION},
    next_action::{self, PayerVisit},
    shapes,
    stored_object::StoredObject,
};
use crate::domain::{
    call::{error::ApiError, intent_calls::RESULT, payer_page::PAYER_PAGE},
    mask::{self, keyed_hash::is_same_secret},
};

const PRESS: AcceptedParams = AcceptedParams { written: &[], read: &[&[RESULT]], not_modelled: &[] };

/// `GET /_testcard/3ds/:intent/:attempt`: what the payer is asked.
pub(super) fn show(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    let (kind, intent) = waiting(call, ids)?;
    page(call, kind, &intent)
}

/// `POST /_testcard/3ds/:intent/:attempt`: what the payer does there. Answers with where the payer is led then.
pub(super) fn press(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &PRESS)?;
    let result = authentication::result(&fields)?;
    let (kind, mut intent) = waiting(call, ids)?;
    authentication::end(call, kind, &mut intent, result)?;
    page(call, kind, &intent)
}

/// The intent of a page that waits for its payer.
///
/// # Errors
/// 404 for a page that there is not, and 410 for one that has had its time; that error shows the page as it is now.
fn waiting(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<(IntentKind, StoredObject), CallError> {
    let &[id, name] = ids else { unreachable!("the route has two ids") };
    let Some((kind, intent)) = intents::of_either_kind(call, id)? else {
        return Err(
            no_such_page(&format!("{} is no intent of this world, or the world was reset", mask::text(id))).into()
        );
    };
    let visit = PayerVisit::of(&intent);
    let number = name.split('-').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    let known = call.workspace.name_of_page(call.account_id, id, number);
    if !(1..=visit.number).contains(&number) || !is_same_secret(name.as_bytes(), known.as_bytes()) {
        return Err(no_such_page("the next_action of an intent has the address of its page").into());
    }
    let status = shapes::text(&intent.body, "status");
    let why = match visit.result {
        _ if number < visit.number => "the intent was confirmed again since, and has another page now".to_owned(),
        Some(result) => format!("it ended with '{result}', and the intent has a status of {status}"),
        None if status != REQUIRES_ACTION => format!("the intent has a status of {status}"),
        None => return Ok((kind, intent)),
    };
    let error = ApiError::request(None, None, format!("This authentication is over: {why}.")).with_status(410);
    let is_last = number == visit.number;
    Err(if is_last { error.showing(PAYER_PAGE, page(call, kind, &intent)?) } else { error }.into())
}

fn no_such_page(why: &str) -> ApiError {
    ApiError::request(None, None, format!("There is no such page: {why}.")).with_status(404)
}

/// What the page tells: the payment, and where its payer comes from and is led.
fn page(call: &mut MinterCall<'_>, kind: IntentKind, intent: &StoredObject) -> Result<Value, CallError> {
    let method = intents::method_in(call, &intent.body)?;
    let card = method.map(|method| {
        let card = &method.object.body["card"];
        json!({ "brand": card["brand"], "last4": card["last4"] })
    });
    let visit = PayerVisit::of(intent);
    let is_over = visit.result.is_some() || intent.body["status"] != REQUIRES_ACTION;
    Ok(json!({
        "object": PAYER_PAGE,
        "intent": intent.id,
        "kind": kind.object().as_str(),
        "status": intent.body["status"],
        "amount": intent.body["amount"],
        "currency": intent.body["currency"],
        "card": card,
        "account": mask::identity(call.account_id),
        "return_url": visit.return_url,
        "result": visit.result,
        "leads_to": if is_over { next_action::way_back(kind, intent) } else { None },
    }))
}
