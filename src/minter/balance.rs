//! Balance transactions: what a charge or a refund does to the account's balance. They follow from these and are kept
//! nowhere.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    call::MinterCall,
    ids,
    ledger::{LedgerError, PageCursor, PageQuery},
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
    source_by_name(call, id)
}

/// So long after a charge was made its money can be taken (docs.stripe.com/payments/place-a-hold-on-a-payment-method).
const LONGEST_HOLD_SECS: i64 = 7 * 24 * 60 * 60;
/// So many charges and so many refunds are read at most to find an older transaction, and so many at once.
const MOST_READ: usize = 100_000;
const READ_AT_ONCE: usize = 1000;

/// The charge or the refund that names a transaction whose id does not lead to it, as in ledgers of older versions. The id
/// tells when the money was taken, so only what was made by then is read, the newest first.
fn source_by_name(call: &mut MinterCall<'_>, id: &str) -> Result<Option<StoredObject>, LedgerError> {
    let Some(taken) = ids::second_of(id) else { return Ok(None) };
    for kind in [ObjectKind::Charge, ObjectKind::Refund] {
        let mut reached: Option<String> = None;
        for _ in 0..MOST_READ / READ_AT_ONCE {
            let cursor = reached.as_deref().map_or(PageCursor::Start, PageCursor::After);
            let created = taken - LONGEST_HOLD_SECS..=taken;
            let page = call.ledger.page(&PageQuery { kind, parent: None, created, cursor, limit: READ_AT_ONCE })?;
            let Some(oldest) = page.last().map(|source| source.id.clone()) else { break };
            if let Some(source) = page.into_iter().find(|source| source.body[OBJECT] == id) {
                return Ok(Some(source));
            }
            reached = Some(oldest);
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
