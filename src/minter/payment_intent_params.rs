//! The parameters of payment intents: which ones each call takes, and those that decide about more than one field.

use serde_json::Value;

use super::{
    accepted::{AcceptedParams, METADATA, WriteRule, WrittenParam},
    amounts,
    fields::{CallFields, LONGEST_TEXT},
    intent_params::{MANDATE_OPTIONS, METHOD_DATA, TYPE_NAMES},
    intents::{CLIENT_SECRET, METHOD},
    lists, shapes,
};
use crate::domain::{
    call::{error::ApiError, intent_calls},
    card::currency::{ChargeCurrency, LARGEST_CHARGE},
    rules::prediction,
};

const LONGEST_DESCRIPTION: usize = 1000;

const RECEIPT_EMAIL: WrittenParam = WrittenParam::text("receipt_email", LONGEST_TEXT);
const SHIPPING: WrittenParam = WrittenParam::with_parts(
    "shipping",
    &[
        "shipping",
        "shipping[address][*address]",
        "shipping[carrier]",
        "shipping[name]",
        "shipping[phone]",
        "shipping[tracking_number]",
    ],
    WriteRule::Shipping,
);
const STATEMENT_DESCRIPTOR: WrittenParam = WrittenParam::new("statement_descriptor", WriteRule::StatementDescriptor);
pub(super) const DESCRIPTORS: &[WrittenParam] =
    &[STATEMENT_DESCRIPTOR, WrittenParam::new("statement_descriptor_suffix", WriteRule::StatementDescriptor)];
const DESCRIPTION: WrittenParam = WrittenParam::text("description", LONGEST_DESCRIPTION);
const TEXTS: &[WrittenParam] =
    &[DESCRIPTION, RECEIPT_EMAIL, METADATA, WrittenParam::text("transfer_group", LONGEST_TEXT), SHIPPING];
/// What decides how an intent is paid.
const PAYER: &[&str] = &[METHOD, "setup_future_usage"];
/// What only a confirmation reads.
const CONFIRMATION: &[&str] = &["off_session", "error_on_requires_action", "return_url", "use_stripe_sdk"];
const OPTIONS: &[&str] = &[
    "payment_method_options[card][capture_method]",
    "payment_method_options[card][moto]",
    "payment_method_options[card][network]",
    "payment_method_options[card][request_incremental_authorization]",
    OPTION_PARTIAL,
    "payment_method_options[card][request_three_d_secure]",
    "payment_method_options[card][setup_future_usage]",
];
pub(super) const OPTION_PARTIAL: &str = intent_calls::PARTIAL_AUTHORIZATION;
/// Connect, and what goes beyond a card that is charged once.
const NOT_MODELLED: &[&str] = &[
    "amount_details",
    "application_fee_amount",
    "confirmation_token",
    "customer_account",
    "excluded_payment_method_types",
    "hooks",
    "mandate",
    "mandate_data",
    "on_behalf_of",
    "payment_details",
    "payment_method_configuration",
    "payment_method_data",
    "payment_method_options[card][installments]",
    "payment_method_options[card][request_extended_authorization]",
    "payment_method_options[card][request_multicapture]",
    "payment_method_options[card][request_overcapture]",
    "payment_method_options",
    "radar_options",
    "transfer_data",
];

pub(super) const CREATE: AcceptedParams = AcceptedParams {
    written: &[TEXTS, DESCRIPTORS],
    read: &[
        &["amount", "currency", "customer", "capture_method", "confirm", "confirmation_method"],
        PAYER,
        METHOD_DATA,
        TYPE_NAMES,
        OPTIONS,
        MANDATE_OPTIONS,
        CONFIRMATION,
    ],
    not_modelled: NOT_MODELLED,
};
pub(super) const UPDATE: AcceptedParams = AcceptedParams {
    written: &[TEXTS, DESCRIPTORS],
    read: &[
        &["amount", "currency", "customer", "capture_method", CLIENT_SECRET],
        PAYER,
        METHOD_DATA,
        TYPE_NAMES,
        OPTIONS,
        MANDATE_OPTIONS,
    ],
    not_modelled: NOT_MODELLED,
};
pub(super) const CONFIRM: AcceptedParams = AcceptedParams {
    written: &[&[RECEIPT_EMAIL, SHIPPING]],
    read: &[&["capture_method", CLIENT_SECRET], PAYER, METHOD_DATA, TYPE_NAMES, OPTIONS, MANDATE_OPTIONS, CONFIRMATION],
    not_modelled: NOT_MODELLED,
};
/// With a publishable key: what the payer's browser knows, and nothing that the merchant decides.
pub(super) const CONFIRM_BY_PAYER: AcceptedParams = AcceptedParams {
    written: &[&[RECEIPT_EMAIL, SHIPPING]],
    read: &[
        &["payment_method_options[card][network]", "return_url", "use_stripe_sdk", CLIENT_SECRET],
        PAYER,
        METHOD_DATA,
    ],
    not_modelled: &["confirmation_token", "mandate_data", "payment_method_data", "radar_options"],
};
pub(super) const CAPTURE: AcceptedParams = AcceptedParams {
    written: &[DESCRIPTORS, &[METADATA]],
    read: &[&["amount_to_capture", "final_capture"]],
    not_modelled: &["amount_details", "application_fee_amount", "hooks", "payment_details", "transfer_data"],
};
pub(super) const INCREMENT: AcceptedParams = AcceptedParams {
    written: &[&[DESCRIPTION, METADATA, STATEMENT_DESCRIPTOR]],
    read: &[&["amount", OPTION_PARTIAL]],
    not_modelled: &["amount_details", "application_fee_amount", "hooks", "payment_details", "transfer_data"],
};
pub(super) const CANCEL: AcceptedParams =
    AcceptedParams { written: &[], read: &[&["cancellation_reason"]], not_modelled: &[] };
pub(super) const RETRIEVE: AcceptedParams =
    AcceptedParams { written: &[], read: &[&[CLIENT_SECRET]], not_modelled: &[] };
pub(super) const LIST: AcceptedParams = AcceptedParams {
    written: &[],
    read: &[&["customer"], lists::CREATED, lists::PAGING],
    not_modelled: &["customer_account"],
};

/// What a new intent is to take. Recorded in 2024: the refusal of nothing at all has words of its own.
pub(super) fn amount(fields: &CallFields<'_>) -> Result<(i64, ChargeCurrency), ApiError> {
    match amounts::of_charge(fields) {
        Err(error) if error.code == Some("parameter_invalid_integer") && fields.raw("amount") == Some("0") => {
            let message = "The amount must be greater than or equal to the minimum charge amount allowed for your account \
                           and the currency set (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).  \
                           If you want to save a Payment Method for future use without an immediate payment, use a Setup \
                           Intent instead: https://docs.stripe.com/payments/setup-intents";
            Err(ApiError { message: message.to_owned(), ..error })
        }
        outcome => outcome,
    }
}

/// The amount and the currency of an intent where one of them or both are changed.
pub(super) fn new_amount(fields: &CallFields<'_>, intent: &Value) -> Result<(i64, ChargeCurrency), ApiError> {
    let word = fields.word("currency")?.map_or_else(|| shapes::text(intent, "currency"), str::to_owned);
    let currency = prediction::check_currency(&word, "currency")?;
    let amount = fields.integer("amount", 1..=i64::MAX)?;
    match amount.or(intent["amount"].as_i64()).unwrap_or_default() {
        amount if amount < currency.smallest_charge() => Err(amounts::too_small(currency)),
        amount if amount > LARGEST_CHARGE => Err(amounts::too_large(currency)),
        amount => Ok((amount, currency)),
    }
}

pub(super) fn write_way_of_capture(fields: &CallFields<'_>, intent: &mut Value) -> Result<(), ApiError> {
    if let Some(word) = fields.choice("capture_method", &["automatic", "automatic_async", "manual"])? {
        intent["capture_method"] = word.into();
    }
    Ok(())
}

pub(super) fn write_usage(fields: &CallFields<'_>, intent: &mut Value) -> Result<(), ApiError> {
    if let Some(word) = fields.choice("setup_future_usage", &["off_session", "on_session"])? {
        intent["setup_future_usage"] = word.into();
    }
    Ok(())
}
