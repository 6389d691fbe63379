//! Balance transactions: what a charge, a refund or a dispute does to the account's balance. Those of charges and refunds
//! follow from these and are kept nowhere. What a dispute or a failed refund does is kept.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    call::{ChangeContext, MinterCall},
    ids,
    ledger::{LedgerError, PageCursor, PageQuery},
    shapes,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::card::test_cards;

pub(super) const OBJECT: &str = "balance_transaction";
const PREFIX: &str = "txn_";
/// The status of what can be paid out.
pub(super) const AVAILABLE: &str = "available";

/// After this time the money of a charge can be paid out: the two days of an account in the United States.
pub(super) const PENDING: SignedDuration = SignedDuration::from_hours(48);
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

/// What Stripe takes for a dispute in the United States, whoever wins it. Recorded.
const DISPUTE_FEE: i64 = 1500;

/// The balance transaction of a dispute that is opened: its amount is taken, with a fee.
pub(super) fn of_withdrawal(change: &ChangeContext<'_, '_>, dispute: &Value) -> Value {
    let fee = json!([{
        "amount": DISPUTE_FEE,
        "application": null,
        "currency": dispute["currency"],
        "description": "Dispute fee",
        "type": "stripe_fee",
    }]);
    let moved = MovedFunds {
        id: id_of(&shapes::text(dispute, "id")),
        kind: ADJUSTMENT,
        category: "dispute",
        amount: -amount_of(dispute),
        description: format!("Chargeback withdrawal for {}", shapes::text(dispute, "charge")),
    };
    moved.to_json(change, dispute, (DISPUTE_FEE, fee))
}

/// The balance transaction of a dispute that is won. Recorded: the fee is not given back.
pub(super) fn of_reinstatement(change: &ChangeContext<'_, '_>, dispute: &Value) -> Value {
    let moved = MovedFunds {
        id: change.ids.balance_transaction(change.now),
        kind: ADJUSTMENT,
        category: "dispute_reversal",
        amount: amount_of(dispute),
        description: format!("Chargeback reversal for {}", shapes::text(dispute, "charge")),
    };
    moved.to_json(change, dispute, (0, json!([])))
}

/// The balance transaction of a refund that failed: its amount comes back. The description is reported.
pub(super) fn of_failed_refund(change: &ChangeContext<'_, '_>, refund: &Value) -> Value {
    let moved = MovedFunds {
        id: change.ids.balance_transaction(change.now),
        kind: REFUND_FAILURE,
        category: REFUND_FAILURE,
        amount: amount_of(refund),
        description: "REFUND FAILURE".to_owned(),
    };
    moved.to_json(change, refund, (0, json!([])))
}

/// The type of the transactions of disputes, and that of failed refunds.
pub(super) const ADJUSTMENT: &str = "adjustment";
pub(super) const REFUND_FAILURE: &str = "refund_failure";

fn amount_of(source: &Value) -> i64 {
    source["amount"].as_i64().unwrap_or_default()
}

/// What is kept of the balance. It can be paid out, or is missing, at once: recorded of disputes.
struct MovedFunds {
    id: String,
    kind: &'static str,
    category: &'static str,
    amount: i64,
    description: String,
}

impl MovedFunds {
    fn to_json(&self, change: &ChangeContext<'_, '_>, source: &Value, (fee, fee_details): (i64, Value)) -> Value {
        let now = change.now.as_second();
        json!({
            "id": self.id,
            "object": OBJECT,
            "amount": self.amount,
            "available_on": now,
            "created": now,
            "currency": source["currency"],
            "description": self.description,
            "exchange_rate": null,
            "fee": fee,
            "fee_details": fee_details,
            "net": self.amount - fee,
            "reporting_category": self.category,
            "source": source["id"],
            "status": AVAILABLE,
            "type": self.kind,
        })
    }
}

/// The id of the transaction of a charge or a refund: the own part of that object's id, so that one leads to the other and
/// nothing needs to be kept.
pub(super) fn id_of(source: &str) -> String {
    format!("{PREFIX}{}", source.split_once('_').map_or(source, |(_, own)| own))
}

/// The charge or the refund that a transaction is of; the transaction itself where it is kept.
///
/// # Errors
/// A ledger that cannot be read.
pub(super) fn source_of(call: &mut MinterCall<'_>, id: &str) -> Result<Option<StoredObject>, LedgerError> {
    let Some(own) = id.strip_prefix(PREFIX) else { return Ok(None) };
    if let Some(kept) = call.ledger.get(ObjectKind::BalanceTransaction, id)? {
        return Ok(Some(kept));
    }
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
            let page = call.ledger.page(&PageQuery { created, cursor, ..PageQuery::of(kind, READ_AT_ONCE) })?;
            let Some(oldest) = page.last().map(|source| source.id.clone()) else { break };
            if let Some(source) = page.into_iter().find(|source| source.body[OBJECT] == id) {
                return Ok(Some(source));
            }
            reached = Some(oldest);
        }
    }
    Ok(None)
}

/// The transaction of a charge or a refund that names one, or the one that is kept.
///
/// # Errors
/// A ledger that cannot be read.
pub(super) fn of(call: &mut MinterCall<'_>, source: &StoredObject) -> Result<Value, LedgerError> {
    let charge = match source.parent.as_deref() {
        Some(charge) if source.kind == ObjectKind::Refund => call.ledger.get(ObjectKind::Charge, charge)?,
        _ => None,
    };
    Ok(transaction_of(call, source, charge.as_ref()))
}

/// As [`of`], for whoever reads no more than its figures: nothing else is looked up for it.
pub(super) fn figures_of(call: &MinterCall<'_>, source: &StoredObject) -> Value {
    transaction_of(call, source, None)
}

/// `charge` is that of a refund.
fn transaction_of(call: &MinterCall<'_>, source: &StoredObject, charge: Option<&StoredObject>) -> Value {
    match source.kind {
        ObjectKind::BalanceTransaction => source.body.clone(),
        ObjectKind::Charge => of_charge(call, source),
        _ => of_refund(call, &source.body, charge),
    }
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
        "status": if available_on <= call.now { AVAILABLE } else { "pending" },
        "type": kind,
    })
}
