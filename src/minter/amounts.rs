//! The amount of a charge: a number in a currency, within the bounds of both.

use super::fields::CallFields;
use crate::domain::{
    call::error::ApiError,
    card::currency::{ChargeCurrency, LARGEST_CHARGE},
    rules::prediction,
};

/// What a new charge is to take.
///
/// # Errors
/// No amount or currency, none that there is, and an amount beyond the bounds of the currency.
pub(super) fn of_charge(fields: &CallFields<'_>) -> Result<(i64, ChargeCurrency), ApiError> {
    let amount = fields.integer("amount", 1..=i64::MAX)?;
    let amount = amount.ok_or_else(|| ApiError::missing("amount"))?;
    let word = fields.word("currency")?.ok_or_else(|| ApiError::missing("currency"))?;
    let currency = prediction::check_currency(word, "currency")?;
    if amount < currency.smallest_charge() {
        return Err(too_small(currency));
    }
    if amount > LARGEST_CHARGE {
        return Err(too_large(currency));
    }
    Ok((amount, currency))
}

/// The refusal of less than the smallest charge.
pub(super) fn too_small(currency: ChargeCurrency) -> ApiError {
    let message =
        format!("Amount must be at least {} {}", currency.show(currency.smallest_charge()), currency.as_str());
    ApiError::request(Some("amount_too_small"), Some("amount"), message)
}

/// The refusal of an amount with more than eight digits.
pub(super) fn too_large(currency: ChargeCurrency) -> ApiError {
    let message = format!("Amount must be no more than {} {}", currency.show(LARGEST_CHARGE), currency.as_str());
    ApiError::request(Some("amount_too_large"), Some("amount"), message)
}
