//! The payment intent as an object, when nothing is known of it but the amount.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{
    call::MinterCall,
    intent_params::TYPES,
    intents::{AUTOMATIC, CLIENT_SECRET, METHOD, REQUIRES_METHOD},
};
use crate::domain::{call::version::ApiVersion, card::currency::ChargeCurrency};

/// From this version on a payment is captured a moment later (docs.stripe.com/changelog/2024-04-10).
const CAPTURED_LATER: ApiVersion<'static> = ApiVersion::dated(2024, 4, 10);

/// What stands in every new intent. A copy costs a third of what it takes to make one.
static BLANK: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "id": null,
        "object": "payment_intent",
        "allowed_payment_method_types": null,
        "amount": null,
        "amount_capturable": 0,
        "amount_details": { "tip": {} },
        "amount_received": 0,
        "application": null,
        "application_fee_amount": null,
        AUTOMATIC: null,
        "canceled_at": null,
        "cancellation_reason": null,
        "capture_method": null,
        CLIENT_SECRET: null,
        "confirmation_method": "automatic",
        "created": null,
        "currency": null,
        "customer": null,
        "customer_account": null,
        "description": null,
        "excluded_payment_method_types": null,
        "invoice": null,
        "last_payment_error": null,
        "latest_charge": null,
        "livemode": false,
        "managed_payments": { "enabled": false },
        "metadata": {},
        "next_action": null,
        "on_behalf_of": null,
        METHOD: null,
        "payment_method_configuration_details": null,
        "payment_method_options": {
            "card": {
                "installments": null,
                "mandate_options": null,
                "network": null,
                "request_three_d_secure": "automatic",
            },
        },
        TYPES: null,
        "processing": null,
        "receipt_email": null,
        "review": null,
        "setup_future_usage": null,
        "shared_payment_granted_token": null,
        "shipping": null,
        "source": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": REQUIRES_METHOD,
        "transfer_data": null,
        "transfer_group": null,
    })
});

/// An intent of which nothing is known but the amount.
pub(super) fn blank(call: &MinterCall<'_>, amount: i64, currency: ChargeCurrency) -> Value {
    let id = call.ids.payment_intent(call.now);
    let capture = if call.version.is_since(CAPTURED_LATER) { "automatic_async" } else { "automatic" };
    let mut intent = BLANK.clone();
    intent["amount"] = amount.into();
    intent["capture_method"] = capture.into();
    intent[CLIENT_SECRET] = call.ids.client_secret(&id).into();
    intent["created"] = call.now.as_second().into();
    intent["currency"] = currency.as_str().into();
    intent["id"] = id.into();
    intent
}
