//! What is held of a card is given back after seven days, if nobody has captured it (docs.stripe.com/payments/
//! place-a-hold-on-a-payment-method): an intent is canceled, a charge without one expires.

use serde_json::Value;

use super::{
    call::ChangeContext,
    charge_object::CAPTURABLE,
    effects::EffectKind,
    intents::{CANCELED, REQUIRES_CAPTURE},
    ledger::LedgerError,
    refunds,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::call::event_type::EventType;

const EXPIRED: EventType = EventType::named("charge.expired");
const INTENT_CANCELED: EventType = EventType::named("payment_intent.canceled");

/// Lets a charge that is held now be given back when its time is over.
///
/// # Errors
/// A ledger that cannot be written.
pub(super) fn schedule(change: &mut ChangeContext<'_, '_>, charge: &StoredObject) -> Result<(), LedgerError> {
    // In the last second it can still be captured.
    let after = CAPTURABLE.as_secs() + 1;
    match charge.body["payment_intent"].as_str() {
        Some(intent) => change.schedule(after, EffectKind::ExpireIntent, intent),
        None => change.schedule(after, EffectKind::ExpireCharge, &charge.id),
    }
}

/// Cancels an intent whose money was not captured in time.
///
/// # Errors
/// A ledger that cannot be used.
pub(super) fn expire_intent(change: &mut ChangeContext<'_, '_>, id: &str) -> Result<(), LedgerError> {
    let Some(mut intent) = change.ledger.get(ObjectKind::PaymentIntent, id)? else { return Ok(()) };
    if intent.body["status"] != REQUIRES_CAPTURE {
        return Ok(());
    }
    let charge = intent.body["latest_charge"].as_str().unwrap_or_default();
    let Some(charge) = change.ledger.get(ObjectKind::Charge, charge)?.filter(|charge| is_over(change, charge)) else {
        return Ok(());
    };
    cancel(change, &mut intent, Some((charge, EXPIRED)), Some("automatic"))?;
    change.happened(INTENT_CANCELED, &intent)
}

/// Cancels an intent, and gives back what is held of the card on this charge, of which this event is to tell. The caller
/// says that the intent was canceled.
///
/// The event of a hold that expires is `charge.expired`, as of a charge without an intent (docs.stripe.com/api/events/types;
/// reported with charges of intents), not `charge.refunded`, which is that of a hold that somebody gives up.
///
/// # Errors
/// A ledger that cannot be written.
pub(super) fn cancel(
    change: &mut ChangeContext<'_, '_>,
    intent: &mut StoredObject,
    held: Option<(StoredObject, EventType)>,
    reason: Option<&str>,
) -> Result<(), LedgerError> {
    if let Some((mut charge, event)) = held {
        let amount = intent.body["amount_capturable"].as_i64().unwrap_or_default();
        let before = charge.body.clone();
        refunds::give_back(change, &mut charge, amount)?;
        change.ledger.update(&charge)?;
        change.changed(event, &before, &charge)?;
    }
    intent.body["amount_capturable"] = 0.into();
    intent.body["canceled_at"] = change.now.as_second().into();
    intent.body["cancellation_reason"] = reason.into();
    intent.body["next_action"] = Value::Null;
    intent.body["status"] = CANCELED.into();
    change.ledger.update(intent)
}

/// Gives back what a charge without an intent holds.
///
/// # Errors
/// A ledger that cannot be used.
pub(super) fn expire_charge(change: &mut ChangeContext<'_, '_>, id: &str) -> Result<(), LedgerError> {
    let Some(mut charge) = change.ledger.get(ObjectKind::Charge, id)? else { return Ok(()) };
    let is_held = charge.body["captured"] == false && charge.body["refunded"] == false;
    if !is_held || !is_over(change, &charge) {
        return Ok(());
    }
    let before = charge.body.clone();
    let amount = |name: &str| before[name].as_i64().unwrap_or_default();
    refunds::give_back(change, &mut charge, amount("amount") - amount("amount_refunded"))?;
    change.ledger.update(&charge)?;
    change.changed(EXPIRED, &before, &charge)
}

fn is_over(change: &ChangeContext<'_, '_>, charge: &StoredObject) -> bool {
    charge.created + CAPTURABLE.as_secs() < change.now.as_second()
}
