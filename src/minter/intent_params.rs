//! The parameters that payment intents and setup intents have in common: with what they are paid, which payment methods they
//! take, and what is asked of a card.

use serde_json::{Value, json};

use super::{
    call::{CallError, MinterCall},
    fields::CallFields,
    intents::{AUTOMATIC, METHOD},
    method_object::{CARD, CallMethod, MethodPlace},
    shapes,
};
use crate::domain::{
    call::{error::ApiError, version::ApiVersion},
    mask,
};

/// The names of `payment_method_data`, of which a payment method is made on the way.
pub(super) const METHOD_DATA: &[&str] = &[
    "payment_method_data[allow_redisplay]",
    "payment_method_data[billing_details][address][*address]",
    "payment_method_data[billing_details][email]",
    "payment_method_data[billing_details][name]",
    "payment_method_data[billing_details][phone]",
    "payment_method_data[billing_details][tax_id]",
    "payment_method_data[card][cvc]",
    "payment_method_data[card][exp_month]",
    "payment_method_data[card][exp_year]",
    "payment_method_data[card][networks][preferred]",
    "payment_method_data[card][number]",
    "payment_method_data[card][token]",
    "payment_method_data[type]",
];

/// The payment method that a call names or describes; `None` where it does neither.
///
/// # Errors
/// Both at once, one that is not there, and what is wrong with the card.
pub(super) fn method_of(call: &mut MinterCall<'_>, fields: &CallFields<'_>) -> Result<Option<CallMethod>, CallError> {
    match (fields.word(METHOD)?, fields.has("payment_method_data")) {
        (Some(_), true) => {
            let message = "You may only specify one of these parameters: payment_method, payment_method_data.";
            Err(ApiError::request(Some("parameters_exclusive"), Some("payment_method_data"), message).into())
        }
        (Some(id), false) => CallMethod::named(call, id).map(Some),
        (None, true) => CallMethod::of_details(call, fields, MethodPlace::Data).map(Some),
        (None, false) => Ok(None),
    }
}

/// From this version on an intent takes every payment method of the account unless the call says otherwise
/// (docs.stripe.com/changelog/2023-08-16).
const AUTOMATIC_BY_DEFAULT: ApiVersion<'static> = ApiVersion::dated(2023, 8, 16);

/// Writes which payment methods an intent takes. A card is always among them.
///
/// # Errors
/// A list without cards, and one beside an automatic choice.
pub(super) fn write_types(
    call: &MinterCall<'_>,
    fields: &CallFields<'_>,
    intent: &mut Value,
    is_new: bool,
) -> Result<(), ApiError> {
    let types: Vec<String> = fields.elements(TYPES).map(mask::text).collect();
    let enabled = fields.boolean("automatic_payment_methods[enabled]")?;
    let redirects = fields.choice("automatic_payment_methods[allow_redirects]", &["always", "never"])?;
    if fields.has(AUTOMATIC) && enabled.is_none() {
        return Err(ApiError::missing("automatic_payment_methods[enabled]"));
    }
    if enabled == Some(true) && !types.is_empty() {
        // Reported.
        let message = "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.";
        return Err(ApiError::request(Some("parameters_exclusive"), Some(AUTOMATIC), message));
    }
    if !types.is_empty() {
        if !types.iter().any(|kind| kind == CARD) {
            let message = "Testcard's local minter plays payment methods of type 'card' only: name it among the types.";
            return Err(ApiError::request(None, Some(TYPES), message));
        }
        intent[TYPES] = types.into();
    }
    let is_default = is_new && intent[TYPES].is_null() && call.version.is_since(AUTOMATIC_BY_DEFAULT);
    if intent[TYPES].is_null() {
        intent[TYPES] = json!([CARD]);
    }
    if enabled.unwrap_or(is_default) {
        intent[AUTOMATIC] = json!({ "allow_redirects": redirects.unwrap_or("always"), "enabled": true });
        intent["payment_method_configuration_details"] =
            json!({ "id": call.ids.method_configuration(), "parent": null });
    }
    Ok(())
}

pub(super) const TYPES: &str = "payment_method_types";
/// The names by which a call says which payment methods an intent takes.
pub(super) const TYPE_NAMES: &[&str] =
    &["payment_method_types[*]", "automatic_payment_methods[enabled]", "automatic_payment_methods[allow_redirects]"];

/// Writes `payment_method_options[card]`, as far as the minter plays it.
///
/// # Errors
/// A word that an option does not take.
pub(super) fn write_options(fields: &CallFields<'_>, intent: &mut Value) -> Result<(), ApiError> {
    let name = |option: &str| format!("payment_method_options[card][{option}]");
    let option = |option: &str, words: &[&'static str]| fields.choice(&name(option), words);
    let request = option("request_three_d_secure", &["any", "automatic", "challenge"])?;
    let usage = option("setup_future_usage", &["none", "off_session", "on_session"])?;
    let capture = option("capture_method", &["manual"])?;
    let network = fields.word(&name("network"))?.map(mask::text);
    let mut requests = Vec::new();
    for request in [REQUEST_PARTIAL, REQUEST_INCREMENTAL] {
        requests.extend(option(request, REQUEST_WORDS)?.map(|word| (request, word)));
    }
    if fields.boolean(&name("moto"))? == Some(true) {
        let message = "Testcard's local minter does not model orders by mail and telephone: leave the parameter out.";
        return Err(ApiError::request(None, Some(&name("moto")), message));
    }
    let options = &mut intent["payment_method_options"][CARD];
    if let Some(word) = request {
        options["request_three_d_secure"] = word.into();
    }
    if let Some(word) = network {
        options["network"] = word.into();
    }
    let named = [("setup_future_usage", usage), ("capture_method", capture)];
    let named = named.into_iter().filter_map(|(option, word)| Some((option, word?)));
    for (option, word) in named.chain(requests) {
        shapes::add(options, option, word.into());
    }
    Ok(())
}

/// The options of a card by which a payment asks for more than a charge: a part of the amount where there is not enough for
/// all of it, and a higher amount later.
pub(super) const REQUEST_PARTIAL: &str = "request_partial_authorization";
pub(super) const REQUEST_INCREMENTAL: &str = "request_incremental_authorization";
pub(super) const REQUEST_WORDS: &[&str] = &[IF_AVAILABLE, "never"];
pub(super) const IF_AVAILABLE: &str = "if_available";

/// Whether a call says that the payer is not there: true, or the words of older versions.
///
/// # Errors
/// Another word.
pub(super) fn is_off_session(fields: &CallFields<'_>) -> Result<bool, ApiError> {
    match fields.word("off_session")? {
        Some("one_off" | "recurring") => Ok(true),
        _ => Ok(fields.boolean("off_session")?.unwrap_or(false)),
    }
}
