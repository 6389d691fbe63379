//! The parameters that payment intents and setup intents have in common: with what they are paid, which payment methods they
//! take, and what is asked of a card.

use serde_json::{Value, json};

use super::{
    call::{CallError, MinterCall},
    fields::CallFields,
    intents::{AUTOMATIC, METHOD},
    method_object::{CARD, CallMethod, MethodPlace},
    shapes,
    stored_object::ObjectKind,
};
use crate::domain::{
    call::{error::ApiError, intent_calls::IF_AVAILABLE, version::ApiVersion},
    mask,
    rules::prediction,
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
    let is_setup = intent["object"] == ObjectKind::SetupIntent.as_str();
    let options = &mut intent["payment_method_options"][CARD];
    write_mandate_options(fields, options, is_setup)?;
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

/// The names of `mandate_options`, of which the currency is a setup intent's: a payment has one anyway.
pub(super) const MANDATE_OPTIONS: &[&str] = &[
    "payment_method_options[card][mandate_options][amount]",
    "payment_method_options[card][mandate_options][amount_type]",
    "payment_method_options[card][mandate_options][description]",
    "payment_method_options[card][mandate_options][end_date]",
    "payment_method_options[card][mandate_options][interval]",
    "payment_method_options[card][mandate_options][interval_count]",
    "payment_method_options[card][mandate_options][reference]",
    "payment_method_options[card][mandate_options][start_date]",
    "payment_method_options[card][mandate_options][supported_types][*]",
];
pub(super) const MANDATE_CURRENCY: &str = "payment_method_options[card][mandate_options][currency]";
/// The longest of its texts, in characters (Stripe's specification).
const LONGEST_REFERENCE: usize = 80;
const LONGEST_MANDATE_DESCRIPTION: usize = 200;

/// Writes what is asked of the permission for payments to come, where anything is. That no mandate comes of it is recorded of
/// nearly all intents that asked for one.
///
/// # Errors
/// What is missing of it, and a value that it does not take.
fn write_mandate_options(fields: &CallFields<'_>, options: &mut Value, is_setup: bool) -> Result<(), ApiError> {
    let root = "payment_method_options[card][mandate_options]";
    if !fields.has(root) {
        return Ok(());
    }
    let name = |option: &str| format!("{root}[{option}]");
    let needed = |option: &str, value: Option<Value>| value.ok_or_else(|| ApiError::missing(&name(option)));
    let number = |option: &str| fields.integer(&name(option), 0..=i64::MAX).map(|number| number.map(Value::from));
    let word =
        |option: &str, words: &[&'static str]| fields.choice(&name(option), words).map(|word| word.map(Value::from));
    let text = |option: &str, longest| fields.text(&name(option), longest).map(|text| text.set().map(Value::from));
    let types: Vec<String> = fields.elements(&name("supported_types")).map(mask::text).collect();
    let mut asked = json!({
        "amount": needed("amount", number("amount")?)?,
        "amount_type": needed("amount_type", word("amount_type", &["fixed", "maximum"])?)?,
        "description": text("description", LONGEST_MANDATE_DESCRIPTION)?,
        "end_date": number("end_date")?,
        "interval": needed("interval", word("interval", &["day", "month", "sporadic", "week", "year"])?)?,
        "interval_count": number("interval_count")?,
        "reference": needed("reference", text("reference", LONGEST_REFERENCE)?)?,
        "start_date": needed("start_date", number("start_date")?)?,
        "supported_types": (!types.is_empty()).then_some(types),
    });
    if is_setup {
        let word = fields.word(MANDATE_CURRENCY)?.ok_or_else(|| ApiError::missing(MANDATE_CURRENCY))?;
        let currency = prediction::check_currency(word, MANDATE_CURRENCY)?;
        shapes::add(&mut asked, "currency", currency.as_str().into());
    }
    options["mandate_options"] = asked;
    Ok(())
}

/// The options of a card by which a payment asks for more than a charge: a part of the amount where there is not enough for
/// all of it, and a higher amount later.
pub(super) const REQUEST_PARTIAL: &str = "request_partial_authorization";
pub(super) const REQUEST_INCREMENTAL: &str = "request_incremental_authorization";
pub(super) const REQUEST_WORDS: &[&str] = &[IF_AVAILABLE, "never"];

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
