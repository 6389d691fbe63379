//! `GET /v1/account`: the account that the minter plays, as a new one in the United States is set up. Recorded of it are the
//! fields of the first level; what is in its settings is documented (docs.stripe.com/api/accounts/object).

use serde_json::{Value, json};

use super::{
    accepted::AcceptedParams,
    account_balance, balance,
    call::{CallError, MinterCall},
    descriptors::ACCOUNT_PREFIX,
    expand,
    fields::CallFields,
};
use crate::domain::call::error::ApiError;

const OBJECT: &str = "account";

/// `GET /v1/account`. Connected accounts are not modelled.
pub(super) fn retrieve(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, OBJECT)?;
    if call.ledger.is_connected() {
        let message = "Testcard's local minter does not model GET /v1/account of a connected account: leave the header \
                       'Stripe-Account' out.";
        return Err(ApiError::request(None, None, message).with_status(404).into());
    }
    Ok(json!({
        "id": call.account_id,
        "object": OBJECT,
        "capabilities": { "card_payments": "active", "transfers": "active" },
        "charges_enabled": true,
        "country": "US",
        "default_currency": account_balance::OF_ACCOUNT,
        "details_submitted": true,
        "payouts_enabled": true,
        "settings": {
            "branding": { "icon": null, "logo": null, "primary_color": null, "secondary_color": null },
            "card_payments": {
                "decline_on": { "avs_failure": false, "cvc_failure": false },
                "statement_descriptor_prefix": ACCOUNT_PREFIX,
                "statement_descriptor_prefix_kana": null,
                "statement_descriptor_prefix_kanji": null,
            },
            "dashboard": { "display_name": null, "timezone": "Etc/UTC" },
            "payments": {
                "statement_descriptor": ACCOUNT_PREFIX,
                "statement_descriptor_kana": null,
                "statement_descriptor_kanji": null,
            },
            "payouts": {
                "debit_negative_balances": true,
                "schedule": { "delay_days": balance::PENDING.as_hours() / 24, "interval": "daily" },
                "statement_descriptor": null,
            },
        },
        "type": "standard",
    }))
}
