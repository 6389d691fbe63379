//! `POST /v1/tokens` and `GET /v1/tokens/:id`.

use jiff::{civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::{Call, Stop, StoredObject, ledger::ObjectKind};
use crate::domain::{
    api::ApiRequest,
    error::ApiError,
    mask,
    params::TokenRequest,
    rules::{self, CardDetails, Prediction},
};

/// The first version of the API that shows a card in its current shape.
const CURRENT_SHAPE_SINCE: &str = "2024-04-10";

/// Makes a card token.
pub(super) fn create(call: &mut Call<'_>, _: &[&str]) -> Result<Value, Stop> {
    let request = TokenRequest::new(call.request.params.clone());
    let today = TimeZone::UTC.to_datetime(call.now).date();
    let card = match rules::predict(&request, today, call.policies) {
        Prediction::Token(card) => card,
        Prediction::Clone { customer, .. } => return Err(no_such_customer(&customer).into()),
        Prediction::Refused(error) => return Err(error.into()),
    };
    if request.params.get("card[number]").is_some_and(|text| text.contains([' ', '-'])) {
        tracing::warn!("card[number] was sent with separators: the minter strips them, Stripe may refuse them");
    }
    let token = StoredObject {
        kind: ObjectKind::Token,
        id: call.ids.token(call.now),
        parent: None,
        created: call.now.as_second(),
        body: Value::Null,
        state: state(&card),
    };
    let token = StoredObject { body: body(call, &token.id, &card), ..token };
    call.ledger.insert(&token)?;
    Ok(shaped(token.body, call.request))
}

/// Shows a token again, in the shape of the version that asks now.
pub(super) fn retrieve(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    rules::check_retrieve(&call.request.params)?;
    let id = ids.first().copied().unwrap_or_default();
    let token = call.ledger.get(ObjectKind::Token, id)?.ok_or_else(|| no_such_token(id))?;
    Ok(shaped(token.body, call.request))
}

/// What charges and customers must know later: the number of a published test card, else null, and whether the fields
/// that a bank checks were sent. The security code itself is gone by now.
fn state(card: &CardDetails) -> Value {
    json!({
        "number": card.number.published().map(|published| &published.number),
        "cvc_sent": card.has_cvc,
        "line1_sent": card.address.line1.is_some(),
        "zip_sent": card.address.zip.is_some(),
    })
}

/// The token in its current shape, keys in the order of the API page.
fn body(call: &Call<'_>, id: &str, card: &CardDetails) -> Value {
    let check = |is_sent: bool| is_sent.then_some("unchecked");
    let address = &card.address;
    json!({
        "id": id,
        "object": "token",
        "card": {
            "id": call.ids.card(call.now),
            "object": "card",
            "address_city": address.city,
            "address_country": address.country,
            "address_line1": address.line1,
            "address_line1_check": check(address.line1.is_some()),
            "address_line2": address.line2,
            "address_state": address.state,
            "address_zip": address.zip,
            "address_zip_check": check(address.zip.is_some()),
            "allow_redisplay": "unspecified",
            "brand": card.number.brand().as_str(),
            "country": card.number.country(),
            "cvc_check": check(card.has_cvc),
            "dynamic_last4": null,
            "exp_month": card.expiry.month,
            "exp_year": card.expiry.year,
            "fingerprint": call.workspace.fingerprint(&card.number),
            "funding": card.number.funding().as_str(),
            "last4": card.number.last4(),
            "metadata": {},
            "name": card.name,
            "networks": { "preferred": card.preferred },
            "regulated_status": "unregulated",
            "tokenization_method": null,
            "wallet": null,
        },
        "client_ip": "127.0.0.1",
        "created": call.now.as_second(),
        "livemode": false,
        "type": "card",
        "used": false,
    })
}

/// The token as the request's version shows it. Without a version, or with an old one, the card has the 23 fields of
/// the API page, and its networks besides when a preference was sent.
fn shaped(mut token: Value, request: &ApiRequest) -> Value {
    if shows_current_shape(request) {
        return token;
    }
    if let Some(card) = token["card"].as_object_mut() {
        card.shift_remove("allow_redisplay");
        card.shift_remove("regulated_status");
        if card["networks"]["preferred"].is_null() {
            card.shift_remove("networks");
        }
    }
    token
}

fn shows_current_shape(request: &ApiRequest) -> bool {
    let date = |version: &str| version.get(..10)?.parse::<Date>().ok();
    let since = date(CURRENT_SHAPE_SINCE);
    request.header("Stripe-Version").and_then(date).is_some_and(|version| Some(version) >= since)
}

fn no_such_token(id: &str) -> ApiError {
    let message = format!("No such token: '{}'", mask::text(id));
    ApiError::request(Some("resource_missing"), Some("token"), message).with_status(404)
}

/// Stripe answers 400, not 404, where the missing object is named by a parameter.
fn no_such_customer(id: &str) -> ApiError {
    let message = format!("No such customer: '{}'", mask::text(id));
    ApiError::request(Some("resource_missing"), Some("customer"), message)
}
