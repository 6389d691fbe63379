//! `POST /v1/tokens` and `GET /v1/tokens/:id`.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{
    call::{CallError, HandlerAnswer, MinterCall},
    lookup::{card_of_customer, customer_of_param},
    new_token::{NewToken, token_body},
    stored_object::ObjectKind,
};
use crate::domain::{
    call::{error::ApiError, version::ApiVersion},
    rules::prediction::{self, Prediction},
};

/// Makes a card token.
pub(super) fn create(call: &mut MinterCall<'_>, _: &[&str]) -> Result<HandlerAnswer, CallError> {
    let params = &call.request.params;
    let today = TimeZone::UTC.to_datetime(call.now).date();
    let card = match prediction::predict(params, today, call.policies) {
        Prediction::Token(card) => card,
        Prediction::Clone { customer, card } => {
            return clone(call, &customer, card.as_deref()).map(HandlerAnswer::Object);
        }
        Prediction::Refused(error) => return Err(error.into()),
    };
    if params.get("card[number]").is_some_and(|text| text.contains([' ', '-'])) {
        tracing::warn!("card[number] was sent with separators: the minter strips them, Stripe may refuse them");
    }
    let fingerprint = call.workspace.fingerprint(&card.number);
    let token = NewToken::of(&card, fingerprint, &call.ids, call.now);
    call.ledger.insert_token(&token)?;
    Ok(HandlerAnswer::Shown(token.shown(call.version)))
}

/// Copies a card of the platform's customer, its default one where none is named, into a new token of the connected
/// account. The copy
/// has an id of its own and the checks of the original. That a connected account is needed is documented; the refusal
/// without one is undocumented by Stripe: our wording.
fn clone(call: &mut MinterCall<'_>, customer: &str, card: Option<&str>) -> Result<Value, CallError> {
    let owner = call.at_platform(|call| customer_of_param(call, customer))?;
    if !call.ledger.is_connected() {
        let message = "A customer's card can only be made into a token for a connected account: send the header \
                       Stripe-Account with its id.";
        return Err(ApiError::request(None, Some("customer"), message).into());
    }
    let default = owner.body["default_source"].as_str();
    let card = card.or(default).ok_or_else(|| {
        let message = format!("The customer {} has no card to make a token of.", owner.id);
        ApiError::request(Some("missing"), Some("card"), message)
    })?;
    let found = call.at_platform(|call| card_of_customer(call, card, &owner.id))?;
    let original = found.ok_or_else(|| ApiError::no_such("source", card, "card"))?;
    let mut copy = original.body;
    if let Some(fields) = copy.as_object_mut() {
        fields.shift_remove("customer");
    }
    copy["id"] = call.ids.card(call.now).into();
    copy["metadata"] = json!({});
    let token = token_body(call.ids.token(call.now).into(), call.now.as_second().into(), copy);
    Ok(call.keep(ObjectKind::Token, None, token, original.state)?.body)
}

/// Shows a token again: with the bytes that showed it when it was made, where these are at hand and it is the same still.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<HandlerAnswer, CallError> {
    prediction::check_retrieve(&call.request.params)?;
    let id = ids.first().copied().unwrap_or_default();
    if let Some(shown) = call.ledger.shown_token(id, &ApiVersion::shown(call.request))? {
        return Ok(HandlerAnswer::Shown(shown));
    }
    let token = call
        .ledger
        .get(ObjectKind::Token, id)?
        .ok_or_else(|| ApiError::no_such("token", id, "token").with_status(404))?;
    Ok(HandlerAnswer::Object(token.body))
}
