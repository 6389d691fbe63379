//! `POST /v1/tokens` and `GET /v1/tokens/:id`.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{Call, Stop, StoredObject, cards, ledger::ObjectKind};
use crate::domain::{
    error::ApiError,
    params::TokenRequest,
    rules::{self, CardDetails, Prediction},
};

/// Makes a card token.
pub(super) fn create(call: &mut Call<'_>, _: &[&str]) -> Result<Value, Stop> {
    let request = TokenRequest::new(call.request.params.clone());
    let today = TimeZone::UTC.to_datetime(call.now).date();
    let card = match rules::predict(&request, today, call.policies) {
        Prediction::Token(card) => card,
        Prediction::Clone { customer, .. } => return Err(ApiError::no_such("customer", &customer, "customer").into()),
        Prediction::Refused(error) => return Err(error.into()),
    };
    if request.params.get("card[number]").is_some_and(|text| text.contains([' ', '-'])) {
        tracing::warn!("card[number] was sent with separators: the minter strips them, Stripe may refuse them");
    }
    let published = card.number.published().map(|published| published.number.as_str());
    let token = StoredObject {
        kind: ObjectKind::Token,
        id: call.ids.token(call.now),
        parent: None,
        created: call.now.as_second(),
        body: Value::Null,
        state: cards::state(published, None, [card.has_cvc, card.address.line1.is_some(), card.address.zip.is_some()]),
    };
    let token = StoredObject { body: body(call, &token.id, &card), ..token };
    call.ledger.insert(&token)?;
    Ok(token.body)
}

/// Shows a token again.
pub(super) fn retrieve(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    rules::check_retrieve(&call.request.params)?;
    let id = ids.first().copied().unwrap_or_default();
    let token = call
        .ledger
        .get(ObjectKind::Token, id)?
        .ok_or_else(|| ApiError::no_such("token", id, "token").with_status(404))?;
    Ok(token.body)
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
