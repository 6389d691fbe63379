//! Disputes, as far as a charge shows them: some test cards dispute every charge. A dispute is no object of its own here.

use serde_json::Value;

use super::{call::MinterCall, shapes, stored_object::StoredObject};
use crate::domain::{
    call::error::ApiError,
    card::test_cards::{self, DisputeKind, TestCard},
};

/// Marks a charge as disputed that was captured, where its card disputes every charge. Gives the charge as it was
/// before, which the answer is to show: Stripe opens the dispute right after it has answered the call that made the
/// charge (reported: `dispute` is null in that answer, and set when the charge is retrieved next).
pub(super) fn open(call: &MinterCall<'_>, charge: &mut Value, card: Option<&TestCard>) -> Option<Value> {
    card?.dispute()?;
    let before = charge.clone();
    charge["disputed"] = true.into();
    shapes::add(charge, "dispute", call.ids.dispute(call.now).into());
    Some(before)
}

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
