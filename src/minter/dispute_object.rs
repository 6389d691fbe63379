//! A dispute as an object, as it is when it is opened.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::call::ChangeContext;
use crate::domain::card::later_effects::{CardDispute, DisputeKind};

/// The statuses of disputes; those of inquiries begin with `warning`.
pub(super) const NEEDS_RESPONSE: &str = "needs_response";
pub(super) const UNDER_REVIEW: &str = "under_review";
pub(super) const WON: &str = "won";
pub(super) const LOST: &str = "lost";
pub(super) const INQUIRY_NEEDS_RESPONSE: &str = "warning_needs_response";
pub(super) const INQUIRY_UNDER_REVIEW: &str = "warning_under_review";
pub(super) const INQUIRY_CLOSED: &str = "warning_closed";

/// How many days a dispute can be answered, to the end of the last one. Observed of the test cards.
const ANSWERED_WITHIN_DAYS: i64 = 8;
const DAY_SECS: i64 = 24 * 60 * 60;

/// What can be said in answer to a dispute, in the recorded order, as the parameters are named.
pub(super) const EVIDENCE: [&str; 27] = [
    "evidence[access_activity_log]",
    "evidence[billing_address]",
    "evidence[cancellation_policy]",
    "evidence[cancellation_policy_disclosure]",
    "evidence[cancellation_rebuttal]",
    "evidence[customer_communication]",
    "evidence[customer_email_address]",
    "evidence[customer_name]",
    "evidence[customer_purchase_ip]",
    "evidence[customer_signature]",
    "evidence[duplicate_charge_documentation]",
    "evidence[duplicate_charge_explanation]",
    "evidence[duplicate_charge_id]",
    "evidence[product_description]",
    "evidence[receipt]",
    "evidence[refund_policy]",
    "evidence[refund_policy_disclosure]",
    "evidence[refund_refusal_explanation]",
    "evidence[service_date]",
    "evidence[service_documentation]",
    "evidence[shipping_address]",
    "evidence[shipping_carrier]",
    "evidence[shipping_date]",
    "evidence[shipping_documentation]",
    "evidence[shipping_tracking_number]",
    "evidence[uncategorized_file]",
    "evidence[uncategorized_text]",
];

/// The nth dispute of a charge, about this much of it, in the recorded shape. No money was moved for it yet.
pub(super) fn blank(change: &ChangeContext<'_, '_>, charge: &Value, plan: CardDispute, amount: i64, nth: u32) -> Value {
    let is_inquiry = plan.kind == DisputeKind::Inquiry;
    let card = &charge["payment_method_details"]["card"];
    json!({
        "id": change.ids.dispute(change.now, nth),
        "object": "dispute",
        "amount": amount,
        "balance_transaction": null,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": change.now.as_second(),
        "currency": charge["currency"],
        "customer": null,
        "enhanced_eligibility_types": plan.eligibility.into_iter().collect::<Vec<_>>(),
        "evidence": no_evidence(),
        "evidence_details": {
            "due_by": due_by(change.now),
            "enhanced_eligibility": {},
            "has_evidence": false,
            "past_due": false,
            "submission_count": 0,
        },
        "is_charge_refundable": is_inquiry,
        "livemode": false,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card["brand"],
                "case_type": case_type(plan),
                "network": card["network"],
                "network_reason_code": reason_code(plan.reason, card["brand"].as_str(), is_inquiry),
            },
            "type": "card",
        },
        "reason": plan.reason,
        "status": if is_inquiry { INQUIRY_NEEDS_RESPONSE } else { NEEDS_RESPONSE },
    })
}

/// Makes a dispute of an inquiry: it has to be answered anew.
pub(super) fn escalate(dispute: &mut Value, now: Timestamp) {
    dispute["status"] = NEEDS_RESPONSE.into();
    dispute["is_charge_refundable"] = false.into();
    dispute["evidence_details"]["due_by"] = due_by(now).into();
    let reason = dispute["reason"].as_str().unwrap_or_default().to_owned();
    let card = &mut dispute["payment_method_details"]["card"];
    let code = reason_code(&reason, card["brand"].as_str(), false);
    card["network_reason_code"] = code.into();
    card["case_type"] = "chargeback".into();
}

fn case_type(plan: CardDispute) -> &'static str {
    match (plan.kind, plan.reason) {
        (DisputeKind::Inquiry, _) => "inquiry",
        (_, "noncompliant") => "compliance",
        _ => "chargeback",
    }
}

/// The code of the network for a reason. Observed but for Mastercard's, which is the network's own. Undocumented for a
/// case of compliance: none.
fn reason_code(reason: &str, brand: Option<&str>, is_inquiry: bool) -> Option<&'static str> {
    match (reason, brand) {
        ("noncompliant", _) => None,
        ("product_not_received", _) => Some("13.1"),
        (_, Some("mastercard")) => Some("4837"),
        _ if is_inquiry => Some("10"),
        _ => Some("10.4"),
    }
}

fn no_evidence() -> Value {
    let mut evidence: Map<String, Value> =
        EVIDENCE.iter().map(|name| (field_of_evidence(name).to_owned(), Value::Null)).collect();
    super::shapes::insert(&mut evidence, "enhanced_evidence", json!({}));
    Value::Object(evidence)
}

/// The field that a parameter of [`EVIDENCE`] is written into.
fn field_of_evidence(param: &str) -> &str {
    param.trim_start_matches("evidence[").trim_end_matches(']')
}

/// The last second in which a dispute that is opened now can be answered: the end of a day in UTC.
fn due_by(now: Timestamp) -> i64 {
    (now.as_second().div_euclid(DAY_SECS) + ANSWERED_WITHIN_DAYS + 1) * DAY_SECS - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispute_can_be_answered_until_the_end_of_a_day() {
        for (now, expected) in [
            ("2026-09-13T22:51:08Z", "2026-09-21T23:59:59Z"),
            ("2026-09-13T00:00:00Z", "2026-09-21T23:59:59Z"),
            ("2026-12-31T23:59:59Z", "2027-01-08T23:59:59Z"),
        ] {
            let moment: Timestamp = now.parse().unwrap();
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(due_by(moment), expected.as_second(), "{now}");
        }
    }
}
