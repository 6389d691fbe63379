//! `/v1/customers/:id/sources`: the cards of a customer. The older path ends in `cards`.

use jiff::{civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::{
    accepted::{AcceptedParams, METADATA},
    call::{CallError, MinterCall},
    cards::{BankVerdict, CardStep, PaymentCard},
    expand,
    fields::{CallFields, LONGEST_TEXT, SentValue},
    ledger::PageQuery,
    lists::{self, ListQuery},
    lookup::{card_of_customer, customer_of_path},
    shapes,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{
    call::{error::ApiError, event_type::EventType},
    card::expiry::CardExpiry,
    rules::prediction,
};

pub(super) const CREATED: EventType = EventType::named("customer.source.created");
const UPDATED: EventType = EventType::named("customer.source.updated");
const DELETED: EventType = EventType::named("customer.source.deleted");
const CUSTOMER_UPDATED: EventType = EventType::named("customer.updated");

const CREATE: AcceptedParams = AcceptedParams {
    written: &[&[METADATA]],
    read: &[&["source", "card"]],
    not_modelled: &["alipay_account", "bank_account"],
};
const UPDATE: AcceptedParams = AcceptedParams {
    written: &[&[METADATA]],
    read: &[&TEXTS, &["exp_month", "exp_year"]],
    not_modelled: &["account_holder_name", "account_holder_type", "owner"],
};
const LIST: AcceptedParams = AcceptedParams { written: &[], read: &[&["object"], lists::PAGING], not_modelled: &[] };
const CARD: &str = "card";
/// The kinds of sources that a list can be asked for, of which there are cards only.
const KINDS: [&str; 6] = ["alipay_account", "bank_account", "bitcoin_receiver", CARD, "cash_balance", "source"];
/// The fields of a card that hold free text.
const TEXTS: [&str; 7] =
    ["name", "address_city", "address_country", "address_line1", "address_line2", "address_state", "address_zip"];

/// `POST /v1/customers/:id/sources`: the first card becomes the default source; a further one does not.
pub(super) fn create(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CREATE)?;
    expand::check(&fields, CARD)?;
    let customer = customer_of_path(call, ids[0], "customer")?;
    let mut card = named(call, &fields)?.ok_or_else(|| ApiError::missing("source"))?;
    fields.write_to(&mut card.body)?;
    let card = attach(call, card, &customer.id)?;
    call.happened(CREATED, &card)?;
    if customer.body["default_source"].is_null() {
        set_default(call, customer, Some(card.id.clone()))?;
    }
    expand::apply(call, &fields, card.body)
}

/// The card of the token in `source`, or in the older `card`.
pub(super) fn named(call: &mut MinterCall<'_>, fields: &CallFields<'_>) -> Result<Option<PaymentCard>, CallError> {
    for param in ["source", "card"] {
        if let Some(id) = fields.word(param)? {
            return PaymentCard::of_token(call, id, param).map(Some);
        }
    }
    Ok(None)
}

/// Makes another card of a customer, or none, its default source.
fn set_default(call: &mut MinterCall<'_>, mut customer: StoredObject, card: Option<String>) -> Result<(), CallError> {
    let before = customer.body.clone();
    customer.body["default_source"] = card.into();
    call.ledger.update(&customer)?;
    Ok(call.changed(CUSTOMER_UPDATED, &before, &customer)?)
}

/// Takes a card away from its customer.
pub(super) fn drop_card(call: &mut MinterCall<'_>, id: &str) -> Result<(), CallError> {
    let card = call.ledger.get(ObjectKind::Card, id)?;
    call.ledger.remove(ObjectKind::Card, id)?;
    if let Some(card) = card {
        call.happened_to_unkept(DELETED, card.body)?;
    }
    Ok(())
}

/// Asks the bank, uses the token up and gives the card to the customer. The card keeps the id that the token gave it.
///
/// # Errors
/// A decline. It uses the token up as well, as one of a charge does: undocumented by Stripe, our choice.
///
/// The caller says what happened.
pub(super) fn attach(
    call: &mut MinterCall<'_>,
    mut card: PaymentCard,
    customer: &str,
) -> Result<StoredObject, CallError> {
    let verdict = card.verdict(call, CardStep::Attach);
    card.spend(call)?;
    card.take_checks(&verdict);
    if let BankVerdict::Declined { error, .. } = verdict {
        return Err(error.into());
    }
    let mut body = card.body;
    shapes::add(&mut body, "customer", customer.into());
    Ok(call.keep(ObjectKind::Card, Some(customer.to_owned()), body, card.state)?)
}

/// `GET /v1/customers/:id/sources`.
pub(super) fn list(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST)?;
    expand::check_list(&fields, CARD)?;
    let customer = customer_of_path(call, ids[0], "customer")?;
    let kind = fields.choice("object", &KINDS)?;
    let path_end = call.request.segments().last().copied().unwrap_or_default();
    let url = format!("/v1/customers/{}/{path_end}", customer.id);
    if kind.is_some_and(|kind| kind != CARD) {
        return Ok(lists::empty(&url));
    }
    let list = ListQuery { kind: ObjectKind::Card, what: "source", parent: Some(&customer.id), url: &url };
    let page = lists::page(call, &fields, &list)?;
    expand::apply(call, &fields, page)
}

/// `GET /v1/customers/:id/sources/:id`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, CARD)?;
    let card = find(call, ids)?;
    expand::apply(call, &fields, card.body)
}

/// `POST /v1/customers/:id/sources/:id`. A new address line or ZIP code counts as not checked yet: undocumented by
/// Stripe, our choice.
pub(super) fn update(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &UPDATE)?;
    expand::check(&fields, CARD)?;
    let mut card = find(call, ids)?;
    let before = card.body.clone();
    for name in TEXTS {
        let given = fields.text(name, LONGEST_TEXT)?;
        let check = format!("{name}_check");
        if given != SentValue::Absent && card.body.get(&check).is_some() {
            let is_set = matches!(given, SentValue::Set(_));
            card.body[&check] = is_set.then_some("unchecked").into();
            card.state[if name == "address_zip" { "zip_sent" } else { "line1_sent" }] = is_set.into();
        }
        given.write(&mut card.body, name);
    }
    let today = TimeZone::UTC.to_datetime(call.now).date();
    update_expiry(today, &fields, ["exp_month", "exp_year"], &mut card.body)?;
    fields.write_to(&mut card.body)?;
    call.ledger.update(&card)?;
    call.changed(UPDATED, &before, &card)?;
    expand::apply(call, &fields, card.body)
}

/// Writes the month or the year that the parameters of these names have into a card.
pub(super) fn update_expiry(
    today: Date,
    fields: &CallFields<'_>,
    [month, year]: [&str; 2],
    card: &mut Value,
) -> Result<(), ApiError> {
    let (month, year) = (fields.word(month)?, fields.word(year)?);
    if month.is_none() && year.is_none() {
        return Ok(());
    }
    let kept = |key: &str| card[key].to_string();
    let month = month.map_or_else(|| kept("exp_month"), str::to_owned);
    let year = year.map_or_else(|| kept("exp_year"), str::to_owned);
    let expiry = CardExpiry::read(&month, &year, today).map_err(prediction::expiry_error)?;
    card["exp_month"] = expiry.month.into();
    card["exp_year"] = expiry.year.into();
    Ok(())
}

/// `DELETE /v1/customers/:id/sources/:id`.
pub(super) fn delete(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    let card = find(call, ids)?;
    take_from(call, ids[0], &card.id)?;
    Ok(json!({ "id": card.id, "object": "card", "deleted": true }))
}

/// Drops a customer's card. The newest one that is left becomes the default source (docs.stripe.com/api/cards/delete).
pub(super) fn take_from(call: &mut MinterCall<'_>, customer: &str, card: &str) -> Result<(), CallError> {
    let customer = customer_of_path(call, customer, "customer")?;
    drop_card(call, card)?;
    if customer.body["default_source"] == card {
        let newest = PageQuery::newest(ObjectKind::Card, &customer.id, 1);
        let newest = call.ledger.page(&newest)?.pop();
        set_default(call, customer, newest.map(|card| card.id))?;
    }
    Ok(())
}

/// The card that a path names after its customer.
fn find(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<StoredObject, CallError> {
    let customer = customer_of_path(call, ids[0], "customer")?;
    let card = card_of_customer(call, ids[1], &customer.id)?;
    Ok(card.ok_or_else(|| ApiError::no_such("source", ids[1], "id").with_status(404))?)
}
