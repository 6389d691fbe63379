//! `/v1/customers/:id/sources`: the cards of a customer.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{
    Call, Stop, StoredObject,
    cards::{Card, Step, Verdict},
    customers, expand,
    fields::{Fields, Given, LONGEST_TEXT, Takes},
    ledger::{Cursor, ObjectKind, PageQuery},
    lists::{self, List},
    shapes,
};
use crate::domain::{call::error::ApiError, card::expiry::Expiry, rules::prediction};

const CREATE: Takes = Takes {
    names: &["source", "card", "metadata", "metadata[*]", "expand[*]"],
    not_modelled: &["alipay_account", "bank_account"],
};
const UPDATE: Takes = Takes {
    names: &[
        "name",
        "address_city",
        "address_country",
        "address_line1",
        "address_line2",
        "address_state",
        "address_zip",
        "exp_month",
        "exp_year",
        "metadata",
        "metadata[*]",
        "expand[*]",
    ],
    not_modelled: &["account_holder_name", "account_holder_type", "owner"],
};
const RETRIEVE: Takes = Takes { names: &["expand[*]"], not_modelled: &[] };
const PAGE: Takes =
    Takes { names: &["object", "ending_before", "starting_after", "limit", "expand[*]"], not_modelled: &[] };
const TEXTS: [&str; 7] =
    ["name", "address_city", "address_country", "address_line1", "address_line2", "address_state", "address_zip"];

/// `POST /v1/customers/:id/sources`: the first card becomes the default source, a further one changes nothing of that.
pub(super) fn create(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &CREATE)?;
    expand::check(&fields, "card")?;
    let mut customer = customers::find(call, ids[0])?;
    let mut card = named(call, &fields)?.ok_or_else(|| ApiError::missing("source"))?;
    fields.metadata(&mut card.body)?;
    let card = attach(call, card, &customer.id)?;
    if customer.body["default_source"].is_null() {
        customer.body["default_source"] = card.id.clone().into();
        call.ledger.update(&customer)?;
    }
    expand::apply(call, &fields, card.body)
}

/// The card of the token in `source`, or in the older `card`.
pub(super) fn named(call: &mut Call<'_>, fields: &Fields<'_>) -> Result<Option<Card>, Stop> {
    for param in ["source", "card"] {
        if let Some(id) = fields.word(param)? {
            return Card::of_token(call, id, param).map(Some);
        }
    }
    Ok(None)
}

/// Asks the bank, uses the token up and gives the card to the customer. The card keeps its token's id for it.
///
/// # Errors
/// A decline. It uses the token up as well, as one of a charge does: a default.
pub(super) fn attach(call: &mut Call<'_>, mut card: Card, customer: &str) -> Result<StoredObject, Stop> {
    let verdict = card.verdict(call, Step::Attach);
    card.spend(call)?;
    if let Verdict::Declined { error, .. } = verdict {
        return Err(error.into());
    }
    card.take_checks();
    let mut body = card.body;
    shapes::add(&mut body, "customer", customer.into());
    let stored = StoredObject {
        kind: ObjectKind::Card,
        id: super::charges::text(&body, "id"),
        parent: Some(customer.to_owned()),
        created: call.now.as_second(),
        body,
        state: card.state,
    };
    call.ledger.insert(&stored)?;
    Ok(stored)
}

/// `GET /v1/customers/:id/sources`.
pub(super) fn list(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &PAGE)?;
    let customer = customers::find(call, ids[0])?;
    // There are no other kinds of sources here, so the filter takes all or nothing away.
    fields.choice("object", &["card", "source"])?;
    let url = format!("/v1/customers/{}/sources", customer.id);
    let list = List { kind: ObjectKind::Card, what: "source", parent: Some(&customer.id), url: &url };
    let mut page = lists::page(call, &fields, &list)?;
    if fields.raw("object") == Some("source") {
        page["data"] = json!([]);
        page["has_more"] = false.into();
    }
    expand::apply(call, &fields, page)
}

/// `GET /v1/customers/:id/sources/:id`.
pub(super) fn retrieve(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &RETRIEVE)?;
    let card = find(call, ids)?;
    expand::apply(call, &fields, card.body)
}

/// `POST /v1/customers/:id/sources/:id`. A new address line or ZIP code has not been checked: a default.
pub(super) fn update(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &UPDATE)?;
    expand::check(&fields, "card")?;
    let mut card = find(call, ids)?;
    for name in TEXTS {
        let given = fields.text(name, LONGEST_TEXT)?;
        let check = format!("{name}_check");
        if given != Given::Absent && card.body.get(&check).is_some() {
            let is_set = matches!(given, Given::Set(_));
            card.body[&check] = is_set.then_some("unchecked").into();
            card.state[if name == "address_zip" { "zip_sent" } else { "line1_sent" }] = is_set.into();
        }
        given.write(&mut card.body, name);
    }
    update_expiry(call, &fields, &mut card.body)?;
    fields.metadata(&mut card.body)?;
    call.ledger.update(&card)?;
    expand::apply(call, &fields, card.body)
}

fn update_expiry(call: &Call<'_>, fields: &Fields<'_>, card: &mut Value) -> Result<(), ApiError> {
    let (month, year) = (fields.word("exp_month")?, fields.word("exp_year")?);
    if month.is_none() && year.is_none() {
        return Ok(());
    }
    let kept = |key: &str| card[key].to_string();
    let month = month.map_or_else(|| kept("exp_month"), str::to_owned);
    let year = year.map_or_else(|| kept("exp_year"), str::to_owned);
    let today = TimeZone::UTC.to_datetime(call.now).date();
    let expiry = Expiry::read(&month, &year, today).map_err(prediction::expiry_error)?;
    card["exp_month"] = expiry.month.into();
    card["exp_year"] = expiry.year.into();
    Ok(())
}

/// `DELETE /v1/customers/:id/sources/:id`. The newest card that is left becomes the default source
/// (docs.stripe.com/api/cards/delete).
pub(super) fn delete(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    Fields::of(call.request, &RETRIEVE)?;
    let mut customer = customers::find(call, ids[0])?;
    let card = find(call, ids)?;
    call.ledger.remove(ObjectKind::Card, &card.id)?;
    if customer.body["default_source"] == card.id.as_str() {
        let newest = PageQuery {
            kind: ObjectKind::Card,
            parent: Some(&customer.id),
            created: i64::MIN..=i64::MAX,
            cursor: Cursor::Start,
            limit: 1,
        };
        let newest = call.ledger.page(&newest)?.pop();
        customer.body["default_source"] = newest.map(|card| card.id).into();
        call.ledger.update(&customer)?;
    }
    Ok(json!({ "id": card.id, "object": "card", "deleted": true }))
}

/// The card that a path names after its customer.
fn find(call: &mut Call<'_>, ids: &[&str]) -> Result<StoredObject, Stop> {
    let customer = customers::find(call, ids[0])?;
    let card = call.ledger.get(ObjectKind::Card, ids[1])?;
    let card = card.filter(|card| card.parent.as_deref() == Some(&customer.id));
    Ok(card.ok_or_else(|| ApiError::no_such("source", ids[1], "id").with_status(404))?)
}
