//! `/v1/refunds`: a charge is paid back, in one piece or in several.

use serde_json::{Value, json};

use super::{
    accepted::{AcceptedParams, METADATA},
    call::{CallError, MinterCall},
    expand,
    fields::CallFields,
    ledger::ObjectKind,
    lists::{self, ListQuery},
    lookup::{charge_of_param, charge_of_path, refund_of_path},
    shapes,
};
use crate::domain::{call::error::ApiError, card::currency::ChargeCurrency};

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

const CREATE: AcceptedParams = AcceptedParams {
    written: &[&[METADATA]],
    read: &[&["charge", "amount", "reason"]],
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
const UPDATE: AcceptedParams = AcceptedParams { written: &[&[METADATA]], read: &[], not_modelled: &[] };
const LIST: AcceptedParams = AcceptedParams {
    written: &[],
    read: &[&["charge"], lists::CREATED, lists::PAGING],
    not_modelled: &["payment_intent"],
};

/// `POST /v1/refunds`: all that is left, or an amount of it.
pub(super) fn create(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CREATE)?;
    expand::check(&fields, "refund")?;
    let id = fields.word("charge")?.ok_or_else(|| {
        let message = "One of the following params should be provided for this request: payment_intent or charge.";
        ApiError::request(Some("parameter_missing"), None, message)
    })?;
    let reason = fields.choice("reason", &REASONS)?;
    let asked = fields.integer("amount", 1..=i64::MAX)?;
    let mut charge = charge_of_param(call, id)?;
    let amount = refundable(&charge.body, asked)?;
    let mut refund = json!({
        "id": call.ids.refund(call.now),
        "object": "refund",
        "amount": amount,
        "balance_transaction": null,
        "charge": charge.id,
        "created": call.now.as_second(),
        "currency": charge.body["currency"],
        "customer": charge.body["customer"],
        "customer_account": null,
        "destination_details": destination_details(charge.body["captured"] == json!(true)),
        "metadata": {},
        "payment_intent": null,
        "payment_method": charge.body["payment_method"],
        "reason": reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": "succeeded",
        "transfer_reversal": null,
    });
    fields.write_to(&mut refund)?;
    if charge.body["captured"] == json!(true) {
        refund["balance_transaction"] = call.ids.balance_transaction(call.now).into();
    }
    let refunded = charge.body["amount_refunded"].as_i64().unwrap_or_default() + amount;
    charge.body["amount_refunded"] = refunded.into();
    charge.body["refunded"] = (charge.body["amount"] == refunded).into();
    call.ledger.update(&charge)?;
    let stored = call.keep(ObjectKind::Refund, Some(charge.id), refund, Value::Null)?;
    expand::apply(call, &fields, stored.body)
}

/// Where the money goes. The bank's reference follows days later. A charge that was never captured is reversed, of which
/// there is no recording: our choice.
fn destination_details(is_captured: bool) -> Value {
    let card = if is_captured {
        json!({ "reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund" })
    } else {
        json!({ "type": "reversal" })
    };
    json!({ "card": card, "type": "card" })
}

/// The amount to refund: as asked, or all that is left of the charge. Of a charge that was never captured only the
/// whole amount can be refunded.
///
/// # Errors
/// A failed charge, nothing left, more than is left, a part of what was never captured.
fn refundable(charge: &Value, asked: Option<i64>) -> Result<i64, ApiError> {
    let id = shapes::text(charge, "id");
    let number = |key: &str| charge[key].as_i64().unwrap_or_default();
    if charge["status"] != "succeeded" {
        // Undocumented by Stripe: our wording.
        let message = format!("Charge {id} cannot be refunded because it failed.");
        return Err(ApiError::request(None, None, message));
    }
    let left = number("amount") - number("amount_refunded");
    if left == 0 {
        let message = format!("Charge {id} has already been refunded.");
        return Err(ApiError::request(Some("charge_already_refunded"), None, message));
    }
    let amount = asked.unwrap_or(left);
    let currency = ChargeCurrency::parse(&shapes::text(charge, "currency"));
    let shown = |amount: i64| currency.map_or_else(|| amount.to_string(), |currency| currency.show(amount));
    if amount > left {
        let message =
            format!("Refund amount ({}) is greater than unrefunded amount on charge ({})", shown(amount), shown(left));
        return Err(ApiError::request(None, Some("amount"), message));
    }
    if charge["captured"] != json!(true) && amount < left {
        // Undocumented by Stripe: our wording.
        let message = format!("Charge {id} is not captured: it can be refunded as a whole only, or captured in part.");
        return Err(ApiError::request(None, Some("amount"), message));
    }
    Ok(amount)
}

/// `GET /v1/refunds/:id`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    let refund = refund_of_path(call, ids[0])?;
    expand::apply(call, &fields, refund.body)
}

/// `POST /v1/refunds/:id`: metadata only.
pub(super) fn update(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &UPDATE)?;
    expand::check(&fields, "refund")?;
    let mut refund = refund_of_path(call, ids[0])?;
    fields.write_to(&mut refund.body)?;
    call.ledger.update(&refund)?;
    expand::apply(call, &fields, refund.body)
}

/// `GET /v1/refunds`.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST)?;
    let parent = fields.word("charge")?;
    let list = ListQuery { kind: ObjectKind::Refund, what: "refund", parent, url: "/v1/refunds" };
    let page = lists::page(call, &fields, &list)?;
    expand::apply(call, &fields, page)
}

/// `GET /v1/charges/:id/refunds`.
pub(super) fn list_of_charge(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST)?;
    let charge = charge_of_path(call, ids[0])?.id;
    let url = format!("/v1/charges/{charge}/refunds");
    let list = ListQuery { kind: ObjectKind::Refund, what: "refund", parent: Some(&charge), url: &url };
    let page = lists::page(call, &fields, &list)?;
    expand::apply(call, &fields, page)
}
