//! Disputes, as far as a charge and an event show them: some test cards dispute every charge. A dispute is no object of
//! its own here.

use serde_json::{Map, Value, json};

use super::{call::MinterCall, ledger::LedgerError, shapes, stored_object::StoredObject};
use crate::domain::{
    call::{error::ApiError, event_type::EventType},
    card::test_cards::{self, DisputeKind, TestCard},
};

const CREATED: EventType = EventType::named("charge.dispute.created");

/// Marks a charge as disputed that was captured and is kept, where its card disputes every charge. Gives the charge as it was
/// before, which the answer is to show: Stripe opens the dispute right after it has answered the call that made the
/// charge (reported: `dispute` is null in that answer, and set when the charge is retrieved next).
///
/// # Errors
/// A ledger that cannot be written.
pub(super) fn open(
    call: &mut MinterCall<'_>,
    charge: &mut StoredObject,
    card: Option<&TestCard>,
) -> Result<Option<Value>, LedgerError> {
    let Some((card, kind)) = card.and_then(|card| Some((card, card.dispute()?))) else { return Ok(None) };
    let before = charge.body.clone();
    let dispute = dispute_of(call, &before, card, kind);
    charge.body["disputed"] = true.into();
    shapes::add(&mut charge.body, "dispute", dispute["id"].clone());
    call.ledger.update(charge)?;
    call.happened_to_unkept(CREATED, dispute)?;
    Ok(Some(before))
}

/// The dispute of a charge as it is opened, in the recorded shape. Nothing of the balance moves for it here.
fn dispute_of(call: &MinterCall<'_>, charge: &Value, card: &TestCard, kind: DisputeKind) -> Value {
    let is_inquiry = kind == DisputeKind::Inquiry;
    let brand = &charge["payment_method_details"]["card"]["brand"];
    let reason = if card.description == "Product not received" { "product_not_received" } else { "fraudulent" };
    // The codes of the networks for these two reasons.
    let code = match (reason, brand.as_str()) {
        ("fraudulent", Some("mastercard")) => "4837",
        ("fraudulent", _) => "10.4",
        _ => "13.1",
    };
    json!({
        "id": call.ids.dispute(call.now),
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": call.now.as_second(),
        "currency": charge["currency"],
        "evidence": EVIDENCE.iter().map(|name| ((*name).to_owned(), Value::Null)).collect::<Map<_, _>>(),
        "evidence_details": {
            "due_by": call.now.as_second() + ANSWERED_WITHIN_SECS,
            "has_evidence": false,
            "past_due": false,
            "submission_count": 0,
        },
        "is_charge_refundable": is_inquiry,
        "livemode": false,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": { "card": { "brand": brand, "network_reason_code": code }, "type": "card" },
        "reason": reason,
        "status": if is_inquiry { "warning_needs_response" } else { "needs_response" },
    })
}

/// How long a dispute can be answered: nine days, as for the test cards (docs.stripe.com/testing).
const ANSWERED_WITHIN_SECS: i64 = 9 * 24 * 60 * 60;
/// What can be said in answer to a dispute, in the recorded order.
const EVIDENCE: [&str; 27] = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
];

/// Refuses to refund a charge that was charged back; an inquiry leaves it refundable. In the words of Stripe's recorded
/// answers.
///
/// # Errors
/// For such a charge.
pub(super) fn check_refundable(charge: &StoredObject) -> Result<(), ApiError> {
    let card = charge.state["number"].as_str().and_then(test_cards::by_number);
    let is_charged_back = card.and_then(TestCard::dispute) == Some(DisputeKind::Chargeback);
    if charge.body["disputed"] != true || !is_charged_back {
        return Ok(());
    }
    let message = format!("Charge {} has been charged back; cannot issue a refund.", charge.id);
    Err(ApiError::request(Some("charge_disputed"), None, message).of_state())
}
