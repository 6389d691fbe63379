//! `/v1/charges`: a token, a ready alias or a customer's card is charged, now or by a later capture.

use serde_json::{Value, json};

use super::{
    accepted::{AcceptedParams, METADATA, WriteRule, WrittenParam},
    call::{CallError, MinterCall},
    cards::{BankVerdict, CardStep, PaymentCard},
    charge_object, expand,
    fields::{CallFields, LONGEST_TEXT},
    ledger::ObjectKind,
    lists::{self, ListQuery},
    lookup::{card_of_customer, charge_of_path, customer_of_param},
    shapes,
};
use crate::domain::{
    call::error::{ApiError, Decline},
    card::currency::{ChargeCurrency, LARGEST_CHARGE},
    mask,
    rules::prediction,
};

const LONGEST_DESCRIPTION: usize = 40_000;
/// Parameters that Stripe takes where it pays others out too.
const CONNECT: &[&str] = &[
    "application_fee",
    "application_fee_amount",
    "destination",
    "on_behalf_of",
    "radar_options",
    "transfer_data",
    "transfer_group",
];

const RECEIPT_EMAIL: WrittenParam = WrittenParam::text("receipt_email", LONGEST_TEXT);
/// What can be given when a charge is made and changed later.
const TEXTS: &[WrittenParam] = &[
    WrittenParam::text("description", LONGEST_DESCRIPTION),
    RECEIPT_EMAIL,
    METADATA,
    WrittenParam::with_parts(
        "shipping",
        &[
            "shipping[address][*address]",
            "shipping[carrier]",
            "shipping[name]",
            "shipping[phone]",
            "shipping[tracking_number]",
        ],
        WriteRule::Shipping,
    ),
];
const DESCRIPTORS: &[WrittenParam] = &[
    WrittenParam::new("statement_descriptor", WriteRule::StatementDescriptor),
    WrittenParam::new("statement_descriptor_suffix", WriteRule::StatementDescriptor),
];

const CREATE: AcceptedParams = AcceptedParams {
    written: &[TEXTS, DESCRIPTORS],
    read: &[&["amount", "currency", "source", "card", "customer", "capture"]],
    not_modelled: CONNECT,
};
const UPDATE: AcceptedParams = AcceptedParams {
    written: &[TEXTS],
    read: &[&["customer", "fraud_details[user_report]"]],
    not_modelled: &["transfer_group"],
};
const CAPTURE: AcceptedParams =
    AcceptedParams { written: &[DESCRIPTORS, &[RECEIPT_EMAIL]], read: &[&["amount"]], not_modelled: CONNECT };
const LIST: AcceptedParams = AcceptedParams {
    written: &[],
    read: &[&["customer"], lists::CREATED, lists::PAGING],
    not_modelled: &["payment_intent", "transfer_group"],
};

/// `POST /v1/charges`. A decline leaves a failed charge behind, and uses the token up too.
pub(super) fn create(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CREATE)?;
    expand::check(&fields, "charge")?;
    let (amount, currency) = amount_and_currency(&fields)?;
    let is_captured = fields.boolean("capture")?.unwrap_or(true);
    let mut charge = charge_object::blank(call, amount, currency);
    fields.write_to(&mut charge)?;
    let mut card = payer(call, &fields)?;
    charge["customer"] = card.body["customer"].clone();
    let verdict = card.verdict(call, CardStep::Charge);
    card.spend(call)?;
    card.take_checks(&verdict);
    charge_object::show_card(call, &mut charge, &card, amount);
    let refusal = match verdict {
        BankVerdict::Approved => {
            charge_object::approve(call, &mut charge, &card, amount, is_captured);
            None
        }
        BankVerdict::Declined { error, radar_block } => {
            charge_object::decline(call, &mut charge, &card, &error, radar_block);
            Some(error)
        }
    };
    let customer = charge["customer"].as_str().map(str::to_owned);
    let stored = call.keep(ObjectKind::Charge, customer, charge, card.state)?;
    match refusal {
        None => expand::apply(call, &fields, stored.body),
        Some(error) => {
            let decline = error.decline.map(|decline| Decline { charge: Some(stored.id), ..*decline });
            // Recorded: a decline at a charge names no parameter but a field of the card.
            let param = error.param.filter(|param| !param.is_empty());
            Err(ApiError { decline: decline.map(Box::new), param, ..error }.into())
        }
    }
}

/// `GET /v1/charges/:id`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    let charge = charge_of_path(call, ids[0])?;
    expand::apply(call, &fields, charge.body)
}

/// `GET /v1/charges`.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST)?;
    let parent = fields.word("customer")?;
    let list = ListQuery { kind: ObjectKind::Charge, what: "charge", parent, url: "/v1/charges" };
    let page = lists::page(call, &fields, &list)?;
    expand::apply(call, &fields, page)
}

/// `POST /v1/charges/:id`.
pub(super) fn update(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &UPDATE)?;
    expand::check(&fields, "charge")?;
    let mut charge = charge_of_path(call, ids[0])?;
    fields.write_to(&mut charge.body)?;
    if let Some(report) = fields.choice("fraud_details[user_report]", &["fraudulent", "safe"])? {
        charge.body["fraud_details"] = json!({ "user_report": report });
    }
    if let Some(customer) = fields.word("customer")? {
        if !charge.body["customer"].is_null() && charge.body["customer"] != customer {
            // Undocumented by Stripe: our wording.
            let message = "This charge already has a customer, which cannot be changed.";
            return Err(ApiError::request(None, Some("customer"), message).into());
        }
        let customer = customer_of_param(call, customer)?;
        charge.body["customer"] = customer.id.clone().into();
        charge.parent = Some(customer.id);
    }
    call.ledger.update(&charge)?;
    expand::apply(call, &fields, charge.body)
}

/// `POST /v1/charges/:id/capture`. What is not captured is given back: it counts as refunded.
pub(super) fn capture(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CAPTURE)?;
    expand::check(&fields, "charge")?;
    let mut charge = charge_of_path(call, ids[0])?;
    let body = &mut charge.body;
    let id = shapes::text(body, "id");
    let refused = |code: Option<&'static str>, message: String| Err(ApiError::request(code, None, message).into());
    if body["captured"] == json!(true) {
        return refused(Some("charge_already_captured"), format!("Charge {id} has already been captured."));
    }
    // This refusal and the next one are undocumented by Stripe: our wording.
    if body["status"] != "succeeded" {
        return refused(None, format!("Charge {id} could not be captured because it failed."));
    }
    if body["refunded"] == json!(true) {
        return refused(Some("charge_already_refunded"), format!("Charge {id} has already been refunded."));
    }
    let authorized = body["amount"].as_i64().unwrap_or_default();
    let amount = fields.integer("amount", 1..=i64::MAX)?.unwrap_or(authorized);
    if amount > authorized {
        let message = "You cannot capture a charge for an amount greater than it already has.";
        return Err(ApiError::request(None, Some("amount"), message).into());
    }
    fields.write_to(body)?;
    body["captured"] = true.into();
    body["amount_captured"] = amount.into();
    if let Some(card) = body["payment_method_details"]["card"].as_object_mut() {
        card.shift_remove("capture_before");
    }
    body["amount_refunded"] = (authorized - amount).into();
    body["balance_transaction"] = call.ids.balance_transaction(call.now).into();
    call.ledger.update(&charge)?;
    expand::apply(call, &fields, charge.body)
}

fn amount_and_currency(fields: &CallFields<'_>) -> Result<(i64, ChargeCurrency), ApiError> {
    let amount = fields.integer("amount", 1..=i64::MAX)?;
    let amount = amount.ok_or_else(|| ApiError::missing("amount"))?;
    let word = fields.word("currency")?.ok_or_else(|| ApiError::missing("currency"))?;
    let currency = prediction::check_currency(word, "currency")?;
    let refused = |code, words: &str, bound| {
        let message = format!("Amount must be {words} {} {}", currency.show(bound), currency.as_str());
        Err(ApiError::request(Some(code), Some("amount"), message))
    };
    if amount < currency.smallest_charge() {
        return refused("amount_too_small", "at least", currency.smallest_charge());
    }
    if amount > LARGEST_CHARGE {
        return refused("amount_too_large", "no more than", LARGEST_CHARGE);
    }
    Ok((amount, currency))
}

/// What is charged: a token or an alias; a card of the customer, its default one where none is named.
fn payer(call: &mut MinterCall<'_>, fields: &CallFields<'_>) -> Result<PaymentCard, CallError> {
    let (param, source) = match (fields.word("source")?, fields.word("card")?) {
        (Some(source), _) => ("source", Some(source)),
        (None, card) => ("card", card),
    };
    let customer = match fields.word("customer")? {
        Some(id) => Some(customer_of_param(call, id)?),
        None => None,
    };
    match (customer, source) {
        (None, None) => {
            Err(ApiError::request(Some("parameter_missing"), None, "Must provide source or customer.").into())
        }
        (None, Some(id)) => PaymentCard::of_token(call, id, param),
        (Some(customer), source) => {
            let id = source.map(str::to_owned).or_else(|| customer.body["default_source"].as_str().map(str::to_owned));
            let id = id.ok_or_else(nothing_saved)?;
            let card = card_of_customer(call, &id, &customer.id)?.ok_or_else(|| {
                let message =
                    format!("Customer {} does not have a linked source with ID {}.", customer.id, mask::text(&id));
                ApiError::request(Some("missing"), Some(param), message)
            })?;
            Ok(PaymentCard::of_customer(card))
        }
    }
}

fn nothing_saved() -> ApiError {
    ApiError::card(
        "missing",
        "card",
        "This Customer doesn't have any saved payment details. Attach a legacy Token, Card, Bank Account, or Source to \
         this Customer and then try this request again, or use Payment Intents and Payment Methods instead.",
    )
}
