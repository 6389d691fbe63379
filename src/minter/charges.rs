//! `/v1/charges`: a token, a ready alias or a customer's card is charged, now or by a later capture.

use serde_json::{Value, json};

use super::{
    Call, Stop, StoredObject,
    cards::{Card, Step, Verdict},
    expand,
    fields::{Fields, Given, LONGEST_TEXT, Takes},
    ledger::ObjectKind,
    lists::{self, List},
    shapes,
};
use crate::domain::{
    call::error::{ApiError, Decline},
    card::currency::{ChargeCurrency, LARGEST_CHARGE, SUPPORTED},
    mask,
};

/// The last version that shows the refunds of a charge unasked is the one before this.
const REFUNDS_LEFT_OUT_SINCE: &str = "2022-11-15";
const LONGEST_DESCRIPTOR: usize = 22;
const LONGEST_DESCRIPTION: usize = 40_000;
/// What Stripe takes where it pays others out too.
const CONNECT: &[&str] = &[
    "application_fee",
    "application_fee_amount",
    "destination",
    "on_behalf_of",
    "radar_options",
    "transfer_data",
    "transfer_group",
];

const CREATE: Takes = Takes {
    names: &[
        "amount",
        "currency",
        "source",
        "card",
        "customer",
        "capture",
        "description",
        "expand[*]",
        "metadata",
        "metadata[*]",
        "receipt_email",
        "shipping[address][*address]",
        "shipping[carrier]",
        "shipping[name]",
        "shipping[phone]",
        "shipping[tracking_number]",
        "statement_descriptor",
        "statement_descriptor_suffix",
    ],
    not_modelled: CONNECT,
};
const UPDATE: Takes = Takes {
    names: &[
        "customer",
        "description",
        "expand[*]",
        "fraud_details[user_report]",
        "metadata",
        "metadata[*]",
        "receipt_email",
        "shipping[address][*address]",
        "shipping[carrier]",
        "shipping[name]",
        "shipping[phone]",
        "shipping[tracking_number]",
    ],
    not_modelled: &["transfer_group"],
};
const CAPTURE: Takes = Takes {
    names: &["amount", "expand[*]", "receipt_email", "statement_descriptor", "statement_descriptor_suffix"],
    not_modelled: CONNECT,
};
const RETRIEVE: Takes = Takes { names: &["expand[*]"], not_modelled: &[] };
const PAGE: Takes = Takes {
    names: &[
        "customer",
        "created",
        "created[gt]",
        "created[gte]",
        "created[lt]",
        "created[lte]",
        "ending_before",
        "starting_after",
        "limit",
        "expand[*]",
    ],
    not_modelled: &["payment_intent", "transfer_group"],
};

/// `POST /v1/charges`. A decline leaves a failed charge behind, and uses the token up too.
pub(super) fn create(call: &mut Call<'_>, _: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &CREATE)?;
    expand::check(&fields, "charge")?;
    let (amount, currency) = amount_and_currency(&fields)?;
    let is_captured = fields.boolean("capture")?.unwrap_or(true);
    let mut charge = blank(call, amount, currency);
    write_texts(&fields, &mut charge)?;
    for name in ["statement_descriptor", "statement_descriptor_suffix"] {
        descriptor(&fields, name)?.write(&mut charge, name);
    }
    let mut card = payer(call, &fields)?;
    charge["customer"] = card.body["customer"].clone();
    let verdict = card.verdict(call, Step::Charge);
    card.spend(call)?;
    card.take_checks();
    show_card(&mut charge, &card, amount);
    let refusal = match verdict {
        Verdict::Approved => {
            approve(call, &mut charge, &card, amount, is_captured);
            None
        }
        Verdict::Declined { error, is_blocked_by_radar } => {
            decline(&mut charge, &card, &error, is_blocked_by_radar);
            Some(error)
        }
    };
    let stored = StoredObject {
        kind: ObjectKind::Charge,
        id: text(&charge, "id"),
        parent: charge["customer"].as_str().map(str::to_owned),
        created: call.now.as_second(),
        body: charge,
        state: card.state,
    };
    call.ledger.insert(&stored)?;
    match refusal {
        None => show(call, &fields, stored.body),
        Some(error) => {
            let decline = error.decline.map(|decline| Decline { charge: Some(stored.id), ..*decline });
            // Recorded: a decline at a charge names no parameter but a field of the card.
            let param = error.param.filter(|param| !param.is_empty());
            Err(ApiError { decline: decline.map(Box::new), param, ..error }.into())
        }
    }
}

/// `GET /v1/charges/:id`.
pub(super) fn retrieve(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &RETRIEVE)?;
    let charge = find(call, ids[0])?;
    show(call, &fields, charge.body)
}

/// `GET /v1/charges`.
pub(super) fn list(call: &mut Call<'_>, _: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &PAGE)?;
    let parent = fields.word("customer")?;
    let list = List { kind: ObjectKind::Charge, what: "charge", parent, url: "/v1/charges" };
    let mut page = lists::page(call, &fields, &list)?;
    if shows_refunds(call) {
        for charge in page["data"].as_array_mut().into_iter().flatten() {
            *charge = with_refunds(call, charge.take())?;
        }
    }
    expand::apply(call, &fields, page)
}

/// `POST /v1/charges/:id`.
pub(super) fn update(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &UPDATE)?;
    expand::check(&fields, "charge")?;
    let mut charge = find(call, ids[0])?;
    write_texts(&fields, &mut charge.body)?;
    if let Some(report) = fields.choice("fraud_details[user_report]", &["fraudulent", "safe"])? {
        charge.body["fraud_details"] = json!({ "user_report": report });
    }
    if let Some(customer) = fields.word("customer")? {
        if !charge.body["customer"].is_null() && charge.body["customer"] != customer {
            // The text is a default.
            let message = "This charge already has a customer, which cannot be changed.";
            return Err(ApiError::request(None, Some("customer"), message).into());
        }
        let customer = find_customer(call, customer)?;
        charge.body["customer"] = customer.id.clone().into();
        charge.parent = Some(customer.id);
    }
    call.ledger.update(&charge)?;
    show(call, &fields, charge.body)
}

/// `POST /v1/charges/:id/capture`. What is not captured is given back: it counts as refunded.
pub(super) fn capture(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &CAPTURE)?;
    expand::check(&fields, "charge")?;
    let mut charge = find(call, ids[0])?;
    let body = &mut charge.body;
    let id = text(body, "id");
    let refused = |code: Option<&'static str>, message: String| Err(ApiError::request(code, None, message).into());
    if body["captured"] == json!(true) {
        return refused(Some("charge_already_captured"), format!("Charge {id} has already been captured."));
    }
    // The texts of the next two are defaults.
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
    for name in ["statement_descriptor", "statement_descriptor_suffix"] {
        descriptor(&fields, name)?.write(body, name);
    }
    fields.text("receipt_email", LONGEST_TEXT)?.write(body, "receipt_email");
    body["captured"] = true.into();
    body["amount_captured"] = amount.into();
    body["amount_refunded"] = (authorized - amount).into();
    body["balance_transaction"] = call.ids.balance_transaction(call.now).into();
    call.ledger.update(&charge)?;
    show(call, &fields, charge.body)
}

/// The charge that a path names.
fn find(call: &mut Call<'_>, id: &str) -> Result<StoredObject, Stop> {
    let found = call.ledger.get(ObjectKind::Charge, id)?;
    Ok(found.ok_or_else(|| ApiError::no_such("charge", id, "id").with_status(404))?)
}

/// The customer that a parameter names.
fn find_customer(call: &mut Call<'_>, id: &str) -> Result<StoredObject, Stop> {
    let found = call.ledger.get(ObjectKind::Customer, id)?;
    Ok(found.ok_or_else(|| ApiError::no_such("customer", id, "customer"))?)
}

fn amount_and_currency(fields: &Fields<'_>) -> Result<(i64, ChargeCurrency), ApiError> {
    let amount = fields.integer("amount", 1..=i64::MAX)?;
    let amount = amount.ok_or_else(|| ApiError::missing("amount"))?;
    let word = fields.word("currency")?.ok_or_else(|| ApiError::missing("currency"))?;
    let currency = ChargeCurrency::parse(word).ok_or_else(|| {
        let message = format!(
            "Invalid currency: {}. Stripe currently supports these currencies: {}",
            mask::text(&word.to_lowercase()),
            SUPPORTED.join(", ")
        );
        ApiError::request(None, Some("currency"), message)
    })?;
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

fn descriptor(fields: &Fields<'_>, name: &str) -> Result<Given<String>, ApiError> {
    fields.text(name, LONGEST_TEXT).and_then(|given| match given {
        // The text is a default.
        Given::Set(text) if text.chars().count() > LONGEST_DESCRIPTOR => {
            let message = format!("The statement descriptor must be at most {LONGEST_DESCRIPTOR} characters.");
            Err(ApiError::request(None, Some(name), message))
        }
        other => Ok(other),
    })
}

/// The texts that a charge is made with, and that can be changed later.
fn write_texts(fields: &Fields<'_>, charge: &mut Value) -> Result<(), ApiError> {
    fields.text("description", LONGEST_DESCRIPTION)?.write(charge, "description");
    fields.text("receipt_email", LONGEST_TEXT)?.write(charge, "receipt_email");
    fields.metadata(charge)?;
    if fields.has("shipping") {
        charge["shipping"] = shipping(fields)?;
    }
    Ok(())
}

/// `shipping` of a charge or a customer: an address and a name at least.
pub(super) fn shipping(fields: &Fields<'_>) -> Result<Value, ApiError> {
    if fields.raw("shipping") == Some("") {
        return Ok(Value::Null);
    }
    let text = |name: &str| Ok::<_, ApiError>(fields.text(name, LONGEST_TEXT)?.set());
    let address = fields.address("shipping[address]")?.set();
    let name = fields.word("shipping[name]")?;
    Ok(json!({
        "address": address.ok_or_else(|| ApiError::missing("shipping[address]"))?,
        "carrier": text("shipping[carrier]")?,
        "name": name.map(mask::text).ok_or_else(|| ApiError::missing("shipping[name]"))?,
        "phone": text("shipping[phone]")?,
        "tracking_number": text("shipping[tracking_number]")?,
    }))
}

/// What is charged: a token or an alias; a card of the customer, its default one where none is named.
fn payer(call: &mut Call<'_>, fields: &Fields<'_>) -> Result<Card, Stop> {
    let (param, source) = match (fields.word("source")?, fields.word("card")?) {
        (Some(source), _) => ("source", Some(source)),
        (None, card) => ("card", card),
    };
    let customer = match fields.word("customer")? {
        Some(id) => Some(find_customer(call, id)?),
        None => None,
    };
    match (customer, source) {
        (None, None) => {
            Err(ApiError::request(Some("parameter_missing"), None, "Must provide source or customer.").into())
        }
        (None, Some(id)) => Card::of_token(call, id, param),
        (Some(customer), source) => {
            let id = source.map(str::to_owned).or_else(|| customer.body["default_source"].as_str().map(str::to_owned));
            let id = id.ok_or_else(nothing_saved)?;
            let card = call.ledger.get(ObjectKind::Card, &id)?;
            let card = card.filter(|card| card.parent.as_deref() == Some(&customer.id)).ok_or_else(|| {
                let message =
                    format!("Customer {} does not have a linked source with ID {}.", customer.id, mask::text(&id));
                ApiError::request(Some("missing"), Some(param), message)
            })?;
            Ok(Card::of_customer(card))
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

/// A charge of which nobody knows yet how it ends.
fn blank(call: &Call<'_>, amount: i64, currency: ChargeCurrency) -> Value {
    json!({
        "id": call.ids.charge(call.now),
        "object": "charge",
        "amount": amount,
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": null,
        "billing_details": null,
        "calculated_statement_descriptor": "Stripe",
        "captured": false,
        "created": call.now.as_second(),
        "currency": currency.as_str(),
        "customer": null,
        "description": null,
        "disputed": false,
        "failure_balance_transaction": null,
        "failure_code": null,
        "failure_message": null,
        "fraud_details": {},
        "livemode": false,
        "metadata": {},
        "on_behalf_of": null,
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
}

fn show_card(charge: &mut Value, card: &Card, amount: i64) {
    let body = &card.body;
    charge["billing_details"] = billing_details(body);
    charge["payment_method"] = body["id"].clone();
    charge["payment_method_details"] = json!({
        "card": {
            "amount_authorized": amount,
            "authorization_code": null,
            "brand": card.brand_code(),
            "checks": {
                "address_line1_check": body["address_line1_check"],
                "address_postal_code_check": body["address_zip_check"],
                "cvc_check": body["cvc_check"],
            },
            "country": body["country"],
            "exp_month": body["exp_month"],
            "exp_year": body["exp_year"],
            "extended_authorization": { "status": "disabled" },
            "fingerprint": body["fingerprint"],
            "funding": body["funding"],
            "incremental_authorization": { "status": "unavailable" },
            "installments": null,
            "last4": body["last4"],
            "mandate": null,
            "multicapture": { "status": "unavailable" },
            "network": network(card),
            "network_token": { "used": false },
            "network_transaction_id": null,
            "overcapture": { "maximum_amount_capturable": amount, "status": "unavailable" },
            "regulated_status": "unregulated",
            "three_d_secure": null,
            "wallet": null,
        },
        "type": "card",
    });
    charge["source"] = body.clone();
}

/// The network that carried the charge: the preferred one of a co-branded card, else the brand's.
fn network(card: &Card) -> Value {
    match card.body["networks"]["preferred"].as_str() {
        Some(preferred) if preferred != "invalid_preference" => preferred.into(),
        _ => card.brand_code().into(),
    }
}

/// Name and address of a card, as charges and payment methods show them.
pub(super) fn billing_details(card: &Value) -> Value {
    json!({
        "address": {
            "city": card["address_city"],
            "country": card["address_country"],
            "line1": card["address_line1"],
            "line2": card["address_line2"],
            "postal_code": card["address_zip"],
            "state": card["address_state"],
        },
        "email": null,
        "name": card["name"],
        "phone": null,
        "tax_id": null,
    })
}

fn approve(call: &Call<'_>, charge: &mut Value, card: &Card, amount: i64, is_captured: bool) {
    charge["outcome"] = json!({
        "advice_code": null,
        "network_advice_code": null,
        "network_decline_code": null,
        "network_status": "approved_by_network",
        "reason": null,
        "risk_level": card.risk_level(),
        "seller_message": "Payment complete.",
        "type": "authorized",
    });
    charge["paid"] = true.into();
    charge["status"] = "succeeded".into();
    let receipt = format!("https://pay.stripe.com/receipts/{}/{}", call.workspace.account_id(), text(charge, "id"));
    charge["receipt_url"] = receipt.into();
    if is_captured {
        charge["captured"] = true.into();
        charge["amount_captured"] = amount.into();
        charge["balance_transaction"] = call.ids.balance_transaction(call.now).into();
    }
}

/// Texts for the seller are recorded for a generic decline, and likely for the others.
fn decline(charge: &mut Value, card: &Card, error: &ApiError, is_blocked_by_radar: bool) {
    let decline = error.decline.as_deref();
    let reason = error.decline_code().or(error.code);
    let seller_message = match reason {
        _ if is_blocked_by_radar => "Stripe blocked this payment as too risky.".to_owned(),
        Some("generic_decline") | None => "The bank did not return any further details with this decline.".to_owned(),
        Some(code) => format!("The bank returned the decline code `{code}`."),
    };
    charge["outcome"] = json!({
        "advice_code": decline.and_then(|decline| decline.advice_code),
        "network_advice_code": null,
        "network_decline_code": decline.and_then(|decline| decline.network_decline_code),
        "network_status": if is_blocked_by_radar { "not_sent_to_network" } else { "declined_by_network" },
        "reason": if is_blocked_by_radar { Some(radar_reason(error)) } else { reason },
        "risk_level": card.risk_level(),
        "seller_message": seller_message,
        "type": if is_blocked_by_radar { "blocked" } else { "issuer_declined" },
    });
    charge["failure_code"] = error.code.into();
    charge["failure_message"] = error.message.clone().into();
}

/// What Radar blocked a payment for: its risk, or one of the account's own rules.
fn radar_reason(error: &ApiError) -> &'static str {
    if error.code == Some("card_declined") { "highest_risk_level" } else { "rule" }
}

/// A charge as this call's version shows it, with what it wants expanded.
fn show(call: &mut Call<'_>, fields: &Fields<'_>, charge: Value) -> Result<Value, Stop> {
    let charge = if shows_refunds(call) { with_refunds(call, charge)? } else { charge };
    expand::apply(call, fields, charge)
}

/// A version before 2022-11-15 shows the refunds unasked; a request without a version does not.
fn shows_refunds(call: &Call<'_>) -> bool {
    call.request.header("Stripe-Version").is_some() && !shapes::is_since(call.request, REFUNDS_LEFT_OUT_SINCE)
}

fn with_refunds(call: &mut Call<'_>, mut charge: Value) -> Result<Value, Stop> {
    let refunds = lists::refunds_of(call, &text(&charge, "id"))?;
    shapes::add(&mut charge, "refunds", refunds);
    Ok(charge)
}

/// A text field of an object of ours.
pub(super) fn text(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_default().to_owned()
}
