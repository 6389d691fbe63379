//! `/v1/radar/early_fraud_warnings`: a bank that holds a payment for fraud says so before anybody disputes it. One test
//! card warns of every payment.

use serde_json::{Value, json};

use super::{
    accepted::AcceptedParams,
    call::{CallError, ChangeContext, MinterCall},
    expand,
    fields::CallFields,
    ledger::{LedgerError, PageQuery},
    lists,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{
    call::{error::ApiError, event_type::EventType},
    card::test_cards::{self, TestCard},
};

const OBJECT: &str = "radar.early_fraud_warning";
const URL: &str = "/v1/radar/early_fraud_warnings";
const CREATED: EventType = EventType::named("radar.early_fraud_warning.created");
const UPDATED: EventType = EventType::named("radar.early_fraud_warning.updated");

/// `GET /v1/radar/early_fraud_warnings/:id`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, OBJECT)?;
    let found = call.ledger.get(ObjectKind::FraudWarning, ids[0])?;
    // Undocumented by Stripe: as recorded of disputes.
    let what = "early_fraud_warning";
    let warning = found.ok_or_else(|| ApiError::no_such(what, ids[0], what).with_status(404))?;
    expand::apply(call, &fields, warning.body)
}

/// `GET /v1/radar/early_fraud_warnings`.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &lists::OF_PAYMENT)?;
    expand::check_list(&fields, OBJECT)?;
    let page = lists::page_of_payment(call, &fields, ObjectKind::FraudWarning, "early_fraud_warning", URL)?;
    expand::apply(call, &fields, page)
}

/// Warns of a charge that was captured and is kept, where its card's bank does so of every one. Observed: right after the
/// payment. The kind of fraud is the recorded one.
///
/// # Errors
/// A ledger that cannot be written.
pub(super) fn warn(
    change: &mut ChangeContext<'_, '_>,
    charge: &StoredObject,
    card: Option<&TestCard>,
) -> Result<(), LedgerError> {
    if !card.is_some_and(TestCard::warns_of_fraud) {
        return Ok(());
    }
    let body = json!({
        "id": change.ids.fraud_warning(change.now),
        "object": OBJECT,
        "actionable": true,
        "charge": charge.id,
        "created": change.now.as_second(),
        "fraud_type": "made_with_stolen_card",
        "livemode": false,
        "payment_intent": charge.body["payment_intent"],
    });
    let warning = change.keep(ObjectKind::FraudWarning, Some(charge.id.clone()), body, Value::Null)?;
    change.happened(CREATED, &warning)
}

/// Marks the warnings of a charge as done with, once the charge is refunded as a whole, and as open again where that
/// failed (docs.stripe.com/api/radar/early_fraud_warnings/object, `actionable`).
///
/// # Errors
/// A ledger that cannot be used.
pub(super) fn charge_changed(change: &mut ChangeContext<'_, '_>, charge: &StoredObject) -> Result<(), LedgerError> {
    let card = charge.state["number"].as_str().and_then(test_cards::by_number);
    if !card.is_some_and(TestCard::warns_of_fraud) {
        return Ok(());
    }
    for mut warning in change.ledger.page(&PageQuery::newest(ObjectKind::FraudWarning, &charge.id, 1))? {
        let before = warning.body.clone();
        warning.body["actionable"] = (charge.body["refunded"] != true).into();
        if warning.body != before {
            change.ledger.update(&warning)?;
            change.changed(UPDATED, &before, &warning)?;
        }
    }
    Ok(())
}
