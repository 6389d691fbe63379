//! The charge as an object: blank, with its card, and as the bank's answer leaves it.

use std::sync::LazyLock;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    balance,
    call::MinterCall,
    cards::{PaymentCard, RadarBlock},
    shapes,
};
use crate::domain::{call::error::ApiError, card::declines};

/// So long an authorization can be captured (docs.stripe.com/api/charges/capture).
pub(super) const CAPTURABLE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What stands in every new charge. A copy costs a third of what it takes to make one.
static BLANK: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "id": null,
        "object": "charge",
        "amount": null,
        "amount_captured": 0,
        "amount_refunded": 0,
        "amount_updates": [],
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": null,
        "billing_details": null,
        "calculated_statement_descriptor": "Stripe",
        "captured": false,
        "created": null,
        "currency": null,
        "customer": null,
        "description": null,
        "destination": null,
        "dispute": null,
        "disputed": false,
        "failure_balance_transaction": null,
        "failure_code": null,
        "failure_message": null,
        "fraud_details": {},
        "invoice": null,
        "livemode": false,
        "metadata": {},
        "on_behalf_of": null,
        "order": null,
        "outcome": null,
        "paid": false,
        "payment_intent": null,
        "payment_method": null,
        "payment_method_details": null,
        "radar_options": {},
        "receipt_email": null,
        "receipt_number": null,
        "receipt_url": null,
        "refunded": false,
        "review": null,
        "shipping": null,
        "source": null,
        "source_transfer": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": "failed",
        "transfer_data": null,
        "transfer_group": null,
    })
});

/// A charge of which nobody knows yet how it ends.
pub(super) fn blank(call: &MinterCall<'_>, id: &str, amount: i64, currency: &str) -> Value {
    let mut charge = BLANK.clone();
    charge["id"] = id.into();
    charge["amount"] = amount.into();
    charge["created"] = call.now.as_second().into();
    charge["currency"] = currency.into();
    charge
}

/// What stands in the card of every charge.
static BLANK_DETAILS: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "card": {
            "amount_authorized": null,
            "authorization_code": null,
            "brand": null,
            "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": null },
            "country": null,
            "exp_month": null,
            "exp_year": null,
            "extended_authorization": { "status": "disabled" },
            "fingerprint": null,
            "funding": null,
            "incremental_authorization": { "status": "unavailable" },
            "installments": null,
            "last4": null,
            "mandate": null,
            "multicapture": { "status": "unavailable" },
            "network": null,
            "network_token": { "used": false },
            "network_transaction_id": null,
            "overcapture": { "maximum_amount_capturable": null, "status": "unavailable" },
            "regulated_status": "unregulated",
            "three_d_secure": null,
            "transaction_link_id": null,
            "wallet": null,
        },
        "type": "card",
    })
});

/// Writes what a charge shows of its card, with the results of the card's checks. Whom it is billed to, and the source, are
/// the caller's.
pub(super) fn show_card(call: &MinterCall<'_>, charge: &mut Value, card: &PaymentCard, amount: i64) {
    charge["payment_method"] = card.body["id"].clone();
    let mut details = BLANK_DETAILS.clone();
    let shown = &mut details["card"];
    card.show_in(shown);
    shown["network"] = network(card);
    shown["network_transaction_id"] = call.ids.network_transaction().into();
    shown["overcapture"]["maximum_amount_capturable"] = amount.into();
    shown["transaction_link_id"] = call.ids.transaction_link().into();
    charge["payment_method_details"] = details;
}

/// The network that carried the charge: the preferred one of a co-branded card, else the brand's.
fn network(card: &PaymentCard) -> Value {
    match card.body["networks"]["preferred"].as_str() {
        Some(preferred) if preferred != "invalid_preference" => preferred.into(),
        _ => card.brand_code().into(),
    }
}

/// Writes that the bank approved the charge, and that it was captured where it was.
pub(super) fn approve(call: &MinterCall<'_>, charge: &mut Value, card: &PaymentCard, amount: i64, is_captured: bool) {
    charge["outcome"] = json!({
        "advice_code": null,
        "network_advice_code": null,
        "network_decline_code": null,
        "network_status": "approved_by_network",
        "reason": null,
        "risk_level": card.risk_level(),
        "risk_score": risk_score(call, card),
        "seller_message": "Payment complete.",
        "type": "authorized",
    });
    let shown = &mut charge["payment_method_details"]["card"];
    shown["amount_authorized"] = amount.into();
    shown["authorization_code"] = call.ids.authorization_code().into();
    if !is_captured {
        let last_moment = call.now.as_second() + CAPTURABLE.as_secs();
        shapes::add(shown, "capture_before", last_moment.into());
    }
    charge["paid"] = true.into();
    charge["status"] = "succeeded".into();
    let receipt = format!("https://pay.stripe.com/receipts/{}/{}", call.shown_account(), shapes::text(charge, "id"));
    charge["receipt_url"] = receipt.into();
    if is_captured {
        charge["captured"] = true.into();
        charge["amount_captured"] = amount.into();
        charge["balance_transaction"] = balance::id_of(&shapes::text(charge, "id")).into();
    }
}

/// Writes why a charge was declined. Texts for the seller are recorded for a generic decline, and reported for the
/// others.
pub(super) fn decline(
    call: &MinterCall<'_>,
    charge: &mut Value,
    card: &PaymentCard,
    error: &ApiError,
    radar_block: Option<RadarBlock>,
) {
    let reason = error.decline_code().or(error.code);
    let (kind, network_status, reason, seller_message) = match (radar_block, reason) {
        (Some(block), _) => {
            let (reason, message) = radar_words(block);
            ("blocked", "not_sent_to_network", Some(reason), message.to_owned())
        }
        (None, Some("generic_decline") | None) => {
            let message = "The bank did not return any further details with this decline.".to_owned();
            ("issuer_declined", "declined_by_network", reason, message)
        }
        (None, Some(code)) => {
            let message = format!("The bank returned the decline code `{code}`.");
            ("issuer_declined", "declined_by_network", reason, message)
        }
    };
    let advice = reason.map(declines::advice_on).unwrap_or_default();
    charge["outcome"] = json!({
        "advice_code": advice.advice_code,
        "network_advice_code": advice.network_advice_code,
        "network_decline_code": advice.network_decline_code,
        "network_status": network_status,
        "reason": reason,
        "risk_level": card.risk_level(),
        "risk_score": risk_score(call, card),
        "seller_message": seller_message,
        "type": kind,
    });
    charge["failure_code"] = error.code.into();
    charge["failure_message"] = error.message.clone().into();
}

/// What a blocked payment gives as its reason, and what it tells the seller.
fn radar_words(block: RadarBlock) -> (&'static str, &'static str) {
    match block {
        RadarBlock::Risk => ("highest_risk_level", "Stripe blocked this payment as too risky."),
        RadarBlock::BlockList => ("merchant_blacklist", "Stripe blocked this payment."),
        RadarBlock::ChecksRule => ("rule", "Stripe blocked this payment as too risky."),
    }
}

/// The score behind the level of risk, with the bounds that Stripe gives each level (docs.stripe.com/radar/risk-evaluation).
fn risk_score(call: &MinterCall<'_>, card: &PaymentCard) -> u8 {
    let scores = match card.risk_level() {
        "highest" => 75..=99,
        "elevated" => 65..=74,
        _ => 0..=64,
    };
    call.ids.number("risk_score", scores)
}
