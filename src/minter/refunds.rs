//! `/v1/refunds`: a charge is paid back, in one piece or in several.

use serde_json::{Value, json};

use super::{
    Call, Stop, StoredObject,
    charges::text,
    expand,
    fields::{Fields, Takes},
    ledger::ObjectKind,
    lists::{self, List},
};
use crate::domain::{call::error::ApiError, card::currency::ChargeCurrency};

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

const CREATE: Takes = Takes {
    names: &["charge", "amount", "reason", "metadata", "metadata[*]", "expand[*]"],
    not_modelled: &[
        "currency",
        "customer",
        "instructions_email",
        "origin",
        "payment_intent",
        "refund_application_fee",
        "reverse_transfer",
    ],
};
const UPDATE: Takes = Takes { names: &["metadata", "metadata[*]", "expand[*]"], not_modelled: &[] };
const RETRIEVE: Takes = Takes { names: &["expand[*]"], not_modelled: &[] };
const PAGE: Takes = Takes {
    names: &[
        "charge",
        "created",
        "created[gt]",
        "created[gte]",
        "created[lt]",
        "created[lte]",
        "ending_before",
        "starting_after",
        "limit",
        "expand[*]",
    ],
    not_modelled: &["payment_intent"],
};

/// `POST /v1/refunds`: all that is left, or an amount of it.
pub(super) fn create(call: &mut Call<'_>, _: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &CREATE)?;
    expand::check(&fields, "refund")?;
    let id = fields.word("charge")?.ok_or_else(|| {
        let message = "One of the following params should be provided for this request: payment_intent or charge.";
        ApiError::request(Some("parameter_missing"), None, message)
    })?;
    let reason = fields.choice("reason", &REASONS)?;
    let asked = fields.integer("amount", 1..=i64::MAX)?;
    let charge = call.ledger.get(ObjectKind::Charge, id)?;
    let mut charge = charge.ok_or_else(|| ApiError::no_such("charge", id, "charge"))?;
    let amount = refundable(&charge.body, asked)?;
    let mut refund = json!({
        "id": call.ids.refund(call.now),
        "object": "refund",
        "amount": amount,
        "balance_transaction": null,
        "charge": charge.id,
        "created": call.now.as_second(),
        "currency": charge.body["currency"],
        "destination_details": { "card": { "type": "refund" }, "type": "card" },
        "metadata": {},
        "payment_intent": null,
        "reason": reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": "succeeded",
        "transfer_reversal": null,
    });
    fields.metadata(&mut refund)?;
    if charge.body["captured"] == json!(true) {
        refund["balance_transaction"] = call.ids.balance_transaction(call.now).into();
    } else {
        refund["destination_details"]["card"]["type"] = "reversal".into();
    }
    let refunded = charge.body["amount_refunded"].as_i64().unwrap_or_default() + amount;
    charge.body["amount_refunded"] = refunded.into();
    charge.body["refunded"] = (charge.body["amount"] == refunded).into();
    call.ledger.update(&charge)?;
    let stored = StoredObject {
        kind: ObjectKind::Refund,
        id: text(&refund, "id"),
        parent: Some(charge.id),
        created: call.now.as_second(),
        body: refund,
        state: Value::Null,
    };
    call.ledger.insert(&stored)?;
    expand::apply(call, &fields, stored.body)
}

/// The amount to refund, of what is left of the charge. What was never captured can be given back as a whole only.
fn refundable(charge: &Value, asked: Option<i64>) -> Result<i64, ApiError> {
    let id = text(charge, "id");
    let number = |key: &str| charge[key].as_i64().unwrap_or_default();
    if charge["status"] != "succeeded" {
        // The text is a default.
        let message = format!("Charge {id} cannot be refunded because it failed.");
        return Err(ApiError::request(None, None, message));
    }
    let left = number("amount") - number("amount_refunded");
    if left == 0 {
        let message = format!("Charge {id} has already been refunded.");
        return Err(ApiError::request(Some("charge_already_refunded"), None, message));
    }
    let amount = asked.unwrap_or(left);
    let currency = ChargeCurrency::parse(&text(charge, "currency"));
    let shown = |amount: i64| currency.map_or_else(|| amount.to_string(), |currency| currency.show(amount));
    if amount > left {
        let message =
            format!("Refund amount ({}) is greater than unrefunded amount on charge ({})", shown(amount), shown(left));
        return Err(ApiError::request(None, Some("amount"), message));
    }
    if charge["captured"] != json!(true) && amount < left {
        // The text is a default.
        let message = format!("Charge {id} is not captured: it can be refunded as a whole only, or captured in part.");
        return Err(ApiError::request(None, Some("amount"), message));
    }
    Ok(amount)
}

/// `GET /v1/refunds/:id`.
pub(super) fn retrieve(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &RETRIEVE)?;
    let refund = find(call, ids[0])?;
    expand::apply(call, &fields, refund.body)
}

/// `POST /v1/refunds/:id`: metadata only.
pub(super) fn update(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &UPDATE)?;
    expand::check(&fields, "refund")?;
    let mut refund = find(call, ids[0])?;
    fields.metadata(&mut refund.body)?;
    call.ledger.update(&refund)?;
    expand::apply(call, &fields, refund.body)
}

/// `GET /v1/refunds`.
pub(super) fn list(call: &mut Call<'_>, _: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &PAGE)?;
    let parent = fields.word("charge")?;
    let list = List { kind: ObjectKind::Refund, what: "refund", parent, url: "/v1/refunds" };
    let page = lists::page(call, &fields, &list)?;
    expand::apply(call, &fields, page)
}

/// `GET /v1/charges/:id/refunds`.
pub(super) fn list_of_charge(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &PAGE)?;
    let id = ids[0];
    if call.ledger.get(ObjectKind::Charge, id)?.is_none() {
        return Err(ApiError::no_such("charge", id, "id").with_status(404).into());
    }
    let url = format!("/v1/charges/{id}/refunds");
    let list = List { kind: ObjectKind::Refund, what: "refund", parent: Some(id), url: &url };
    let page = lists::page(call, &fields, &list)?;
    expand::apply(call, &fields, page)
}

/// Recorded of charges and customers: 404, with the param `id`.
fn find(call: &mut Call<'_>, id: &str) -> Result<StoredObject, Stop> {
    let found = call.ledger.get(ObjectKind::Refund, id)?;
    Ok(found.ok_or_else(|| ApiError::no_such("refund", id, "id").with_status(404))?)
}
