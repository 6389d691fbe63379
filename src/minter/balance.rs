//! Balance transactions: what a charge or a refund does to the account's balance. They follow from these and are kept
//! nowhere.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    call::MinterCall,
    ledger::LedgerError,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::card::test_cards;

pub(super) const OBJECT: &str = "balance_transaction";
const PREFIX: &str = "txn_";

/// After this time the money of a charge can be paid out: the two days of an account in the United States.
const PENDING: SignedDuration = SignedDuration::from_hours(48);
/// The group of the test cards whose money can be paid out at once.
const BYPASSES_PENDING: &str = "available-balance";

/// The balance transaction of a captured charge, with Stripe's standard price in the United States: 2.9 % and 30 cents.
pub(super) fn of_charge(call: &MinterCall<'_>, charge: &StoredObject) -> Value {
    let body = &charge.body;
    let amount = body["amount_captured"].as_i64().unwrap_or_default();
    let fee = (amount * 29 + 500) / 1000 + 30;
    let card = charge.state["number"].as_str().and_then(test_cards::by_number);
    let is_immediate = card.is_some_and(|card| card.group == BYPASSES_PENDING);
    let pending = if is_immediate { SignedDuration::ZERO } else { PENDING };
    let fee_details = json!([{
        "amount": fee,
        "application": null,
        "currency": body["currency"],
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }]);
    transaction(call, body, "charge", amount, pending, (fee, fee_details), &body["description"])
}

/// The balance transaction of a refund. The fee of the charge is not given back.
pub(super) fn of_refund(call: &MinterCall<'_>, refund: &Value, charge: Option<&StoredObject>) -> Value {
    let amount = -refund["amount"].as_i64().unwrap_or_default();
    let description = match charge.and_then(|charge| charge.body["description"].as_str()) {
        Some(description) => format!("REFUND FOR CHARGE ({description})"),
        None => "REFUND FOR CHARGE".to_owned(),
    };
    transaction(call, refund, "refund", amount, PENDING, (0, json!([])), &description.into())
}

/// The id of the transaction of a charge or a refund: the own part of that object's id, so that one leads to the other and
/// nothing needs to be kept.
pub(super) fn id_of(source: &str) -> String {
    format!("{PREFIX}{}", source.split_once('_').map_or(source, |(_, own)| own))
}

/// The charge or the refund that a transaction is of.
///
/// # Errors
/// A ledger that cannot be read.
pub(super) fn source_of(call: &mut MinterCall<'_>, id: &str) -> Result<Option<StoredObject>, LedgerError> {
    let Some(own) = id.strip_prefix(PREFIX) else { return Ok(None) };
    for (kind, prefix) in [(ObjectKind::Charge, "ch_"), (ObjectKind::Refund, "re_")] {
        let found = call.ledger.get(kind, &format!("{prefix}{own}"))?;
        if let Some(source) = found.filter(|source| source.body[OBJECT] == id) {
            return Ok(Some(source));
        }
    }
    Ok(None)
}

/// The transaction of a charge or a refund that names one.
///
/// # Errors
/// A ledger that cannot be read.
pub(super) fn of(call: &mut MinterCall<'_>, source: &StoredObject) -> Result<Value, LedgerError> {
    if source.kind == ObjectKind::Charge {
        return Ok(of_charge(call, source));
    }
    let charge = match source.parent.as_deref() {
        Some(charge) => call.ledger.get(ObjectKind::Charge, charge)?,
        None => None,
    };
    Ok(of_refund(call, &source.body, charge.as_ref()))
}

/// The transaction of an object that names it: keys in the order of recorded ones.
fn transaction(
    call: &MinterCall<'_>,
    source: &Value,
    kind: &str,
    amount: i64,
    pending: SignedDuration,
    (fee, fee_details): (i64, Value),
    description: &Value,
) -> Value {
    let created = source["created"].as_i64().unwrap_or_default();
    let available_on = Timestamp::from_second(created).unwrap_or(call.now).saturating_add(pending).unwrap_or(call.now);
    json!({
        "id": source["balance_transaction"],
        "object": OBJECT,
        "amount": amount,
        "available_on": available_on.as_second(),
        "created": created,
        "currency": source["currency"],
        "description": description,
        "exchange_rate": null,
        "fee": fee,
        "fee_details": fee_details,
        "net": amount - fee,
        "reporting_category": kind,
        "source": source["id"],
        "status": if available_on <= call.now { "available" } else { "pending" },
        "type": kind,
    })
}
