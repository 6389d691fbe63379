//! `/v1/charges`: a token, a ready alias or a customer's card is charged, now or by a later capture.

use serde_json::{Value, json};

use super::{
    accepted::{AcceptedParams, METADATA, WriteRule, WrittenParam},
    amounts, balance,
    call::{CallError, MinterCall},
    cards::{BankVerdict, CardStep, PaymentCard},
    charge_object, descriptors, dispute_steps, expand,
    fields::{CallFields, LONGEST_TEXT},
    fraud_warnings, hold_expiry,
    ledger::LedgerError,
    lists::{self, ListQuery},
    lookup::{card_of_customer, charge_of_path, customer_of_param},
    refunds, shapes,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{
    call::{
        error::{ApiError, Decline},
        event_type::EventType,
    },
    card::{
        currency::ChargeCurrency,
        test_cards::{self, TestCard},
    },
    mask,
};

const LONGEST_DESCRIPTION: usize = 40_000;
/// The most charges that a transfer group can be listed with (docs.stripe.com/api/charges/list).
const MOST_OF_GROUP: usize = 100;
/// Parameters that Stripe takes where it pays others out too.
const CONNECT: &[&str] =
    &["application_fee", "application_fee_amount", "destination", "on_behalf_of", "radar_options", "transfer_data"];

const RECEIPT_EMAIL: WrittenParam = WrittenParam::text("receipt_email", LONGEST_TEXT);
/// A word that charges have in common. Nothing is transferred here, so it is no more than that.
const TRANSFER_GROUP: WrittenParam = WrittenParam::text("transfer_group", LONGEST_TEXT);
/// What can be given when a charge is made and changed later.
const TEXTS: &[WrittenParam] = &[
    WrittenParam::text("description", LONGEST_DESCRIPTION),
    RECEIPT_EMAIL,
    METADATA,
    TRANSFER_GROUP,
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

pub(super) const SUCCEEDED: EventType = EventType::named("charge.succeeded");
pub(super) const FAILED: EventType = EventType::named("charge.failed");
pub(super) const UPDATED: EventType = EventType::named("charge.updated");
const CAPTURED: EventType = EventType::named("charge.captured");

const CREATE: AcceptedParams = AcceptedParams {
    written: &[TEXTS, DESCRIPTORS],
    read: &[&["amount", "currency", "source", "card", "customer", "capture"]],
    not_modelled: CONNECT,
};
const UPDATE: AcceptedParams =
    AcceptedParams { written: &[TEXTS], read: &[&["customer", "fraud_details[user_report]"]], not_modelled: &[] };
const CAPTURE: AcceptedParams = AcceptedParams {
    written: &[DESCRIPTORS, &[RECEIPT_EMAIL, TRANSFER_GROUP]],
    read: &[&["amount"]],
    not_modelled: CONNECT,
};
const LIST: AcceptedParams = AcceptedParams {
    written: &[],
    read: &[&["customer", "payment_intent", "transfer_group"], lists::CREATED, lists::PAGING],
    not_modelled: &[],
};

/// `POST /v1/charges`. A decline leaves a failed charge behind, and uses the token up too.
pub(super) fn create(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CREATE)?;
    expand::check(&fields, "charge")?;
    let (amount, currency) = amounts::of_charge(&fields)?;
    let is_captured = fields.boolean("capture")?.unwrap_or(true);
    let mut charge = charge_object::blank(call, &call.ids.charge(call.now), amount, currency.as_str());
    fields.write_to(&mut charge)?;
    descriptors::write_calculated(&mut charge);
    let mut card = payer(call, &fields)?;
    charge["customer"] = card.body["customer"].clone();
    let verdict = card.verdict(call, CardStep::Charge);
    card.spend(call)?;
    card.take_checks(&verdict);
    charge_object::show_card(call, &mut charge, &card, amount);
    charge["billing_details"] = card.billing_details();
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
    let published = card.published();
    charge["source"] = card.body;
    let mut stored = call.keep(ObjectKind::Charge, customer, charge, card.state)?;
    call.happened(if refusal.is_none() { SUCCEEDED } else { FAILED }, &stored)?;
    match refusal {
        None => {
            let before = succeeded(call, &mut stored, published, is_captured)?;
            expand::apply(call, &fields, before.unwrap_or(stored.body))
        }
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
    expand::check(&fields, "charge")?;
    let charge = charge_of_path(call, ids[0], "id")?;
    expand::apply(call, &fields, charge.body)
}

/// `GET /v1/charges`.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST)?;
    expand::check_list(&fields, "charge")?;
    let parent = fields.word("customer")?;
    if let Some(customer) = parent {
        check_has_been(call, customer)?;
    }
    let list = ListQuery { kind: ObjectKind::Charge, what: "charge", parent, url: "/v1/charges" };
    let intent = fields.word("payment_intent")?;
    let page = match fields.word("transfer_group")? {
        None if intent.is_some() => {
            lists::page_of(call, &fields, &list, &|charge| charge.body["payment_intent"].as_str() == intent)?
                .shown(list.url)
        }
        None => lists::page(call, &fields, &list)?,
        Some(group) => {
            let is_of_group = |charge: &StoredObject| charge.body["transfer_group"] == group;
            if lists::has_more_than(call, MOST_OF_GROUP, &ListQuery { parent: None, ..list }, &is_of_group)? {
                return Err(too_many_of_group(group).into());
            }
            lists::page_of(call, &fields, &list, &is_of_group)?.shown(list.url)
        }
    };
    expand::apply(call, &fields, page)
}

/// Recorded, without a code.
fn too_many_of_group(group: &str) -> ApiError {
    let message = format!("Too many charges with transfer group: `{}`", mask::text(group));
    ApiError::request(None, Some("transfer_group"), message)
}

/// `POST /v1/charges/:id`.
pub(super) fn update(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &UPDATE)?;
    expand::check(&fields, "charge")?;
    let mut charge = charge_of_path(call, ids[0], "id")?;
    let before = charge.body.clone();
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
    call.changed(UPDATED, &before, &charge)?;
    expand::apply(call, &fields, charge.body)
}

/// `POST /v1/charges/:id/capture`. What is not captured is given back: it is a refund.
pub(super) fn capture(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CAPTURE)?;
    expand::check(&fields, "charge")?;
    let mut charge = charge_of_path(call, ids[0], "charge")?;
    check_capturable(call, &charge)?;
    if let Some(intent) = charge.body["payment_intent"].as_str() {
        // Undocumented by Stripe: our wording.
        let message = format!(
            "Charge {} was created by a PaymentIntent: capture it with POST /v1/payment_intents/{intent}/capture.",
            charge.id
        );
        return Err(ApiError::request(None, None, message).of_state().into());
    }
    let authorized = charge.body["amount"].as_i64().unwrap_or_default();
    let amount = captured_amount(&fields, &charge.body, authorized)?;
    let authorization = charge.body.clone();
    fields.write_to(&mut charge.body)?;
    let before = take(call, &mut charge, amount, &authorization)?;
    expand::apply(call, &fields, before.unwrap_or(charge.body))
}

/// Takes an amount of what is held, which was `authorization`, and gives the rest back. Gives the charge as the answer is to show it where it is
/// disputed right afterwards.
///
/// # Errors
/// An authorization that has expired.
pub(super) fn take(
    call: &mut MinterCall<'_>,
    charge: &mut StoredObject,
    amount: i64,
    authorization: &Value,
) -> Result<Option<Value>, CallError> {
    check_capturable(call, charge)?;
    descriptors::write_calculated(&mut charge.body);
    let authorized = charge.body["amount"].as_i64().unwrap_or_default();
    if amount < authorized {
        refunds::give_back(&mut call.change(), charge, authorized - amount)?;
    }
    charge.body["captured"] = true.into();
    charge.body["amount_captured"] = amount.into();
    if let Some(card) = charge.body["payment_method_details"]["card"].as_object_mut() {
        card.shift_remove("capture_before");
    }
    charge.body["balance_transaction"] = balance::id_of(&charge.id).into();
    let card = charge.state["number"].as_str().and_then(test_cards::by_number);
    call.ledger.update(charge)?;
    call.changed(CAPTURED, authorization, charge)?;
    Ok(succeeded(call, charge, card, true)?)
}

/// What follows a charge that succeeded and is kept: of one that was captured, what its card does to every one. Gives the
/// charge as the answer is to show it, where it is disputed right afterwards.
///
/// # Errors
/// A ledger that cannot be written.
pub(super) fn succeeded(
    call: &mut MinterCall<'_>,
    charge: &mut StoredObject,
    card: Option<&TestCard>,
    is_captured: bool,
) -> Result<Option<Value>, LedgerError> {
    let mut change = call.change();
    if !is_captured {
        hold_expiry::schedule(&mut change, charge)?;
        return Ok(None);
    }
    fraud_warnings::warn(&mut change, charge, card)?;
    dispute_steps::open(&mut change, charge, card)
}

/// `POST /v1/charges/:id/refund`: the oldest way to refund, which answers with the charge.
pub(super) fn refund(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &refunds::CREATE_OF_CHARGE)?;
    expand::check(&fields, "charge")?;
    refunds::refund(call, &fields, ids[0], "charge")?;
    let charge = charge_of_path(call, ids[0], "charge")?;
    expand::apply(call, &fields, charge.body)
}

/// Refuses to capture what is not held any more.
fn check_capturable(call: &MinterCall<'_>, charge: &StoredObject) -> Result<(), ApiError> {
    let (id, body) = (&charge.id, &charge.body);
    let refused = |code, message: String| Err(ApiError::request(code, None, message).of_state());
    if body["captured"] == true {
        return refused(Some("charge_already_captured"), format!("Charge {id} has already been captured."));
    }
    // Undocumented by Stripe: our wording.
    if body["status"] != "succeeded" {
        return refused(None, format!("Charge {id} could not be captured because it failed."));
    }
    if charge.created + charge_object::CAPTURABLE.as_secs() < call.now.as_second() {
        // The words of the code's own documentation.
        let message = "The charge cannot be captured as the authorization has expired. Auth and capture charges must be \
                       captured within seven days.";
        return refused(Some("charge_expired_for_capture"), message.to_owned());
    }
    if body["refunded"] == true {
        return refused(Some("charge_already_refunded"), format!("Charge {id} has already been refunded."));
    }
    Ok(())
}

/// What is to be captured: all that was authorized, or an amount of it. Reported: the refusal of an amount that is too
/// small names no parameter.
fn captured_amount(fields: &CallFields<'_>, charge: &Value, authorized: i64) -> Result<i64, ApiError> {
    let Some(amount) = fields.integer("amount", 1..=i64::MAX)? else { return Ok(authorized) };
    if amount > authorized {
        let message = "You cannot capture a charge for an amount greater than it already has.";
        return Err(ApiError::request(None, Some("amount"), message).of_state());
    }
    match ChargeCurrency::parse(&shapes::text(charge, "currency")) {
        Some(currency) if amount < currency.smallest_charge() => {
            Err(ApiError { param: None, ..amounts::too_small(currency) })
        }
        _ => Ok(amount),
    }
}

/// The customer of a list is one of the account's, be it that it was deleted.
pub(super) fn check_has_been(call: &mut MinterCall<'_>, customer: &str) -> Result<(), CallError> {
    if call.ledger.get(ObjectKind::DeletedCustomer, customer)?.is_none() {
        customer_of_param(call, customer)?;
    }
    Ok(())
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
                // Reported: 404, though the parameter names it.
                ApiError::request(Some("missing"), Some(param), message).with_status(404)
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
