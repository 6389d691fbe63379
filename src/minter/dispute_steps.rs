//! The steps of a dispute: it is opened, the money is withdrawn, the bank decides by the evidence, or nobody answers it.
//!
//! ```text
//! payment ─► needs_response ─ evidence ─► under_review ─ winning_evidence ─► won    the money comes back
//!               │                            └────────── losing_evidence ──► lost
//!               └─ closed, or not answered in time ─────────────────────────► lost
//!         ─► warning_needs_response ─ evidence ─► warning_under_review ─ escalate_inquiry_evidence ─► needs_response
//!               └─ closed, or 120 days later ────────────┴─ other words that decide ─► warning_closed
//! ```
//!
//! Observed: disputes are there right after the payment; the bank decides some five seconds after one of the words of
//! docs.stripe.com/testing was sent as evidence, and never by other evidence; what was withdrawn comes back without the fee.

use serde_json::Value;

use super::{
    balance,
    call::{CallError, ChangeContext},
    dispute_object::{
        self, INQUIRY_CLOSED, INQUIRY_NEEDS_RESPONSE, INQUIRY_UNDER_REVIEW, LOST, NEEDS_RESPONSE, UNDER_REVIEW, WON,
    },
    effects::EffectKind,
    fields,
    ledger::{LedgerError, PageQuery},
    shapes,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{
    call::{error::ApiError, event_type::EventType},
    card::{
        later_effects::DisputeKind,
        test_cards::{self, TestCard},
    },
};

const CREATED: EventType = EventType::named("charge.dispute.created");
const UPDATED: EventType = EventType::named("charge.dispute.updated");
const CLOSED: EventType = EventType::named("charge.dispute.closed");
const WITHDRAWN: EventType = EventType::named("charge.dispute.funds_withdrawn");
const REINSTATED: EventType = EventType::named("charge.dispute.funds_reinstated");

/// So long after the evidence the bank decides. Observed: four to eight seconds.
const DECIDED_AFTER_SECS: i64 = 5;
/// So long after it was opened an inquiry ends by itself (docs.stripe.com/disputes/how-disputes-work).
const INQUIRY_ENDS_AFTER_SECS: i64 = 120 * 24 * 60 * 60;
/// The field of a dispute's state with the word that was submitted and decides, null where none does.
const SUBMITTED: &str = "submitted";
/// The most disputes of one charge that are looked at.
const MOST_DISPUTES: usize = 100;

/// Opens the disputes of a charge that was captured and is kept, where its card disputes every charge. Gives the charge
/// as it was before, which the answer is to show: Stripe opens the dispute right after it has answered the call that made
/// the charge (reported: `dispute` is null in that answer, and set when the charge is retrieved next). How several
/// disputes share the amount is undocumented: here they do it equally.
///
/// # Errors
/// A ledger that cannot be written.
pub(super) fn open(
    change: &mut ChangeContext<'_, '_>,
    charge: &mut StoredObject,
    card: Option<&TestCard>,
) -> Result<Option<Value>, LedgerError> {
    let Some(plan) = card.and_then(TestCard::dispute) else { return Ok(None) };
    let before = charge.body.clone();
    let (whole, count) = (before["amount_captured"].as_i64().unwrap_or_default(), i64::from(plan.count));
    charge.body["disputed"] = true.into();
    for nth in 0..plan.count {
        let share = whole / count + if nth == 0 { whole % count } else { 0 };
        let body = dispute_object::blank(change, &before, plan, share, nth);
        let mut dispute = change.keep(ObjectKind::Dispute, Some(charge.id.clone()), body, Value::Null)?;
        shapes::add(&mut charge.body, "dispute", dispute.id.clone().into());
        change.ledger.update(charge)?;
        change.happened(CREATED, &dispute)?;
        match plan.kind {
            DisputeKind::Chargeback => withdraw(change, &mut dispute)?,
            DisputeKind::Inquiry => change.schedule(INQUIRY_ENDS_AFTER_SECS, EffectKind::EndDispute, &dispute.id)?,
        }
    }
    Ok(Some(before))
}

/// Takes the money of a dispute from the balance; the dispute has to be answered in time from now on.
fn withdraw(change: &mut ChangeContext<'_, '_>, dispute: &mut StoredObject) -> Result<(), LedgerError> {
    let transaction = balance::of_withdrawal(change, &dispute.body);
    move_funds(change, dispute, transaction)?;
    change.happened(WITHDRAWN, dispute)?;
    let due_by = dispute.body["evidence_details"]["due_by"].as_i64().unwrap_or_default();
    change.schedule_at(due_by + 1, EffectKind::EndDispute, &dispute.id)
}

/// Keeps what a dispute did to the balance, and the dispute, which shows it.
fn move_funds(
    change: &mut ChangeContext<'_, '_>,
    dispute: &mut StoredObject,
    transaction: Value,
) -> Result<(), LedgerError> {
    dispute.body["balance_transaction"] = transaction["id"].clone();
    if let Some(shown) = dispute.body["balance_transactions"].as_array_mut() {
        shown.push(transaction.clone());
    }
    change.keep(ObjectKind::BalanceTransaction, Some(dispute.id.clone()), transaction, Value::Null)?;
    change.ledger.update(dispute)
}

/// Says that a dispute was changed by its owner, and lets the bank decide where evidence was submitted that decides.
///
/// # Errors
/// A ledger that cannot be written.
pub(super) fn answered(
    change: &mut ChangeContext<'_, '_>,
    before: &Value,
    dispute: &StoredObject,
    is_submitted: bool,
) -> Result<(), LedgerError> {
    change.ledger.update(dispute)?;
    change.changed(UPDATED, before, dispute)?;
    match BankDecision::by_submitted(dispute) {
        Some(_) if is_submitted => change.schedule(DECIDED_AFTER_SECS, EffectKind::DecideDispute, &dispute.id),
        _ => Ok(()),
    }
}

/// What the words of docs.stripe.com/testing lead to.
#[derive(Clone, Copy)]
enum BankDecision {
    Won,
    Lost,
    Escalated,
}

impl BankDecision {
    /// What the bank says to what was submitted. What is only staged is not before it.
    fn by_submitted(dispute: &StoredObject) -> Option<Self> {
        // What older versions kept of a dispute is its evidence alone.
        Self::by_word(dispute.state.get(SUBMITTED).unwrap_or_else(|| evidence_text(dispute)))
    }

    fn by_word(word: &Value) -> Option<Self> {
        match word.as_str()? {
            "winning_evidence" => Some(Self::Won),
            "losing_evidence" => Some(Self::Lost),
            "escalate_inquiry_evidence" => Some(Self::Escalated),
            _ => None,
        }
    }
}

fn evidence_text(dispute: &StoredObject) -> &Value {
    &dispute.body["evidence"]["uncategorized_text"]
}

/// Submits the evidence of a dispute as it is by now. The caller writes it and says so with [`answered`].
pub(super) fn submit(dispute: &mut StoredObject) {
    let status = if is_inquiry(dispute) { INQUIRY_UNDER_REVIEW } else { UNDER_REVIEW };
    dispute.body["status"] = status.into();
    let details = &mut dispute.body["evidence_details"];
    details["submission_count"] = (details["submission_count"].as_i64().unwrap_or_default() + 1).into();
    // Other words decide nothing, and need not be kept twice.
    let word = Some(evidence_text(dispute)).filter(|text| BankDecision::by_word(text).is_some());
    dispute.state = fields::object([(SUBMITTED, word.cloned().unwrap_or_default())]);
}

/// Lets the bank decide a dispute that is under review.
///
/// # Errors
/// A ledger that cannot be used; so it is with all steps.
pub(super) fn decide(change: &mut ChangeContext<'_, '_>, id: &str) -> Result<(), LedgerError> {
    let Some(mut dispute) = change.ledger.get(ObjectKind::Dispute, id)? else { return Ok(()) };
    let Some(decision) = BankDecision::by_submitted(&dispute) else { return Ok(()) };
    match (status_of(&dispute), decision) {
        (UNDER_REVIEW, BankDecision::Won) => win(change, &mut dispute),
        (INQUIRY_UNDER_REVIEW, BankDecision::Escalated) => escalate(change, &mut dispute),
        (UNDER_REVIEW, BankDecision::Lost) | (INQUIRY_UNDER_REVIEW, _) => close(change, &mut dispute),
        _ => Ok(()),
    }
}

fn win(change: &mut ChangeContext<'_, '_>, dispute: &mut StoredObject) -> Result<(), LedgerError> {
    dispute.body["status"] = WON.into();
    dispute.body["is_charge_refundable"] = true.into();
    let transaction = balance::of_reinstatement(change, &dispute.body);
    let withdrawal = dispute.body["balance_transaction"].clone();
    move_funds(change, dispute, transaction)?;
    // Recorded: the field has the withdrawal, the list has both.
    if !withdrawal.is_null() {
        dispute.body["balance_transaction"] = withdrawal;
        change.ledger.update(dispute)?;
    }
    change.happened(REINSTATED, dispute)?;
    change.happened(CLOSED, dispute)
}

/// Makes a dispute of an inquiry, unless the charge was refunded as a whole: then no money is withdrawn any more
/// (docs.stripe.com/api/disputes/object, `is_charge_refundable`). Of a charge that was refunded in part, what is left is
/// disputed: undocumented, but no bank takes back what its cardholder has already.
fn escalate(change: &mut ChangeContext<'_, '_>, dispute: &mut StoredObject) -> Result<(), LedgerError> {
    let charge = change.ledger.get(ObjectKind::Charge, dispute.body["charge"].as_str().unwrap_or_default())?;
    let before = dispute.body.clone();
    if let Some(charge) = charge {
        let amount = |name: &str| charge.body[name].as_i64().unwrap_or_default();
        let left = amount("amount") - amount("amount_refunded");
        if left <= 0 {
            return close(change, dispute);
        }
        dispute.body["amount"] = left.min(before["amount"].as_i64().unwrap_or(left)).into();
    }
    dispute_object::escalate(&mut dispute.body, change.now);
    change.ledger.update(dispute)?;
    change.changed(UPDATED, &before, dispute)?;
    withdraw(change, dispute)
}

/// Ends a dispute that is not won: by its owner, the bank, or because nobody answered. What an inquiry that is closed by
/// its owner becomes is undocumented: here it is over, as one that the bank closes.
///
/// # Errors
/// A ledger that cannot be written.
pub(super) fn close(change: &mut ChangeContext<'_, '_>, dispute: &mut StoredObject) -> Result<(), LedgerError> {
    dispute.body["status"] = if is_inquiry(dispute) { INQUIRY_CLOSED } else { LOST }.into();
    change.ledger.update(dispute)?;
    change.happened(CLOSED, dispute)
}

/// Ends a dispute that nobody answered in time, and an inquiry that did not become a dispute.
///
/// # Errors
/// A ledger that cannot be used.
pub(super) fn end(change: &mut ChangeContext<'_, '_>, id: &str) -> Result<(), LedgerError> {
    let Some(mut dispute) = change.ledger.get(ObjectKind::Dispute, id)? else { return Ok(()) };
    let now = change.now.as_second();
    let due_by = dispute.body["evidence_details"]["due_by"].as_i64().unwrap_or_default();
    let is_over = match status_of(&dispute) {
        NEEDS_RESPONSE => due_by < now,
        INQUIRY_NEEDS_RESPONSE | INQUIRY_UNDER_REVIEW => dispute.created + INQUIRY_ENDS_AFTER_SECS <= now,
        _ => false,
    };
    if is_over { close(change, &mut dispute) } else { Ok(()) }
}

fn is_inquiry(dispute: &StoredObject) -> bool {
    status_of(dispute).starts_with("warning")
}

/// Whether a dispute is decided: nothing can be said to it any more.
pub(super) fn is_closed(dispute: &StoredObject) -> bool {
    [WON, LOST, INQUIRY_CLOSED].contains(&status_of(dispute))
}

fn status_of(dispute: &StoredObject) -> &str {
    dispute.body["status"].as_str().unwrap_or_default()
}

/// Refuses to refund a charge that was charged back; an inquiry, and a dispute that was won, leave it refundable. In the
/// words of Stripe's recorded answers.
///
/// # Errors
/// For such a charge, and a ledger that cannot be read.
pub(super) fn check_refundable(change: &mut ChangeContext<'_, '_>, charge: &StoredObject) -> Result<(), CallError> {
    if charge.body["disputed"] != true {
        return Ok(());
    }
    let disputes = change.ledger.page(&PageQuery::newest(ObjectKind::Dispute, &charge.id, MOST_DISPUTES))?;
    let is_charged_back = if disputes.is_empty() {
        // It was disputed by an older Testcard, which kept no disputes.
        let card = charge.state["number"].as_str().and_then(test_cards::by_number);
        card.and_then(TestCard::dispute).is_some_and(|plan| plan.kind == DisputeKind::Chargeback)
    } else {
        disputes.iter().any(|dispute| dispute.body["is_charge_refundable"] == false)
    };
    if !is_charged_back {
        return Ok(());
    }
    let message = format!("Charge {} has been charged back; cannot issue a refund.", charge.id);
    Err(ApiError::request(Some("charge_disputed"), None, message).of_state().into())
}
