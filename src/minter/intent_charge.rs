//! The charge that a payment intent makes of its payment method.

use serde_json::{Value, json};

use super::{
    call::{CallError, MinterCall},
    cards::{BankVerdict, CardStep},
    charge_object, charges, descriptors,
    intent_authorization::AskedAuthorization,
    intents::{IntentKind, METHOD, REQUIRES_CAPTURE, SUCCEEDED},
    method_object::{CARD, CallMethod},
    shapes,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::call::error::{ApiError, Decline};

/// How the holder of a card was authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthenticationFlow {
    Challenge,
    Frictionless,
}

/// What an intent and its charge have in common: it is copied when the charge is made.
const COPIED: [&str; 8] = [
    "customer",
    "description",
    "metadata",
    "receipt_email",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
];

/// Charges a payment method that is kept, and writes into the intent what came of it. A decline leaves a failed charge
/// behind, also one for want of an authentication, which is `known` before. Gives the refusal of a decline.
///
/// # Errors
/// A ledger that cannot be written.
pub(super) fn charge(
    call: &mut MinterCall<'_>,
    intent: &mut StoredObject,
    method: &mut CallMethod,
    flow: Option<AuthenticationFlow>,
    known: Option<ApiError>,
) -> Result<Option<ApiError>, CallError> {
    let body = &intent.body;
    let amount = body["amount"].as_i64().unwrap_or_default();
    let currency = shapes::text(body, "currency");
    let is_held =
        body["capture_method"] == "manual" || body["payment_method_options"][CARD]["capture_method"] == "manual";
    let id = call.ids.charge_of_intent(call.now);
    let mut charge = charge_object::blank(call, &id, amount, &currency);
    for name in COPIED {
        charge[name] = body[name].clone();
    }
    charge["payment_intent"] = body["id"].clone();
    descriptors::write_calculated(&mut charge);
    let mut card = method.card();
    let asked = AskedAuthorization::of(body);
    let part = asked.part_at_first(&card, amount, &currency);
    let verdict = match known {
        Some(error) => BankVerdict::Declined { error, radar_block: None },
        None => card.verdict(call, if part.is_some() { CardStep::PartOfPayment } else { CardStep::Payment }),
    };
    let authorized = part.filter(|_| verdict == BankVerdict::Approved).unwrap_or(amount);
    charge["amount"] = authorized.into();
    card.take_checks(&verdict);
    method.take_checks(&verdict);
    charge_object::show_card(call, &mut charge, &card, authorized);
    asked.show(&mut charge, &card, amount, is_held, verdict == BankVerdict::Approved);
    charge["billing_details"] = method.object.body["billing_details"].clone();
    if let Some(flow) = flow {
        charge["payment_method_details"][CARD]["three_d_secure"] = authenticated(call, flow);
    }
    let refusal = match verdict {
        BankVerdict::Approved => {
            charge_object::approve(call, &mut charge, &card, authorized, !is_held);
            None
        }
        BankVerdict::Declined { error, radar_block } => {
            charge_object::decline(call, &mut charge, &card, &error, radar_block);
            let decline = error.decline.map(|decline| Decline { charge: Some(id.clone()), ..*decline });
            // Recorded: a decline at a charge names no parameter but a field of the card.
            let param = error.param.filter(|param| !param.is_empty());
            Some(ApiError { decline: decline.map(Box::new), param, ..error })
        }
    };
    let is_paid = refusal.is_none();
    let customer = charge["customer"].as_str().map(str::to_owned);
    let published = card.published();
    let mut kept = call.keep(ObjectKind::Charge, customer, charge, card.state)?;
    call.happened(if is_paid { charges::SUCCEEDED } else { charges::FAILED }, &kept)?;
    if is_paid {
        charges::succeeded(call, &mut kept, published, !is_held)?;
    }
    if let Some(charges) = intent.state["charges"].as_array_mut() {
        charges.push(id.clone().into());
    }
    intent.body["latest_charge"] = id.into();
    if is_paid {
        let (status, field) =
            if is_held { (REQUIRES_CAPTURE, "amount_capturable") } else { (SUCCEEDED, "amount_received") };
        intent.body["status"] = status.into();
        intent.body["amount"] = authorized.into();
        intent.body[field] = authorized.into();
        intent.body[METHOD] = method.id().into();
        intent.body["next_action"] = Value::Null;
        intent.body[IntentKind::Payment.last_error()] = Value::Null;
    }
    Ok(refusal)
}

/// What a charge shows of an authentication that went well: the fields of recorded ones.
fn authenticated(call: &MinterCall<'_>, flow: AuthenticationFlow) -> Value {
    json!({
        "authentication_flow": match flow {
            AuthenticationFlow::Challenge => "challenge",
            AuthenticationFlow::Frictionless => "frictionless",
        },
        "electronic_commerce_indicator": "05",
        "exemption_indicator": null,
        "result": "authenticated",
        "result_reason": null,
        "transaction_id": call.ids.uuid("directory server transaction"),
        "version": "2.2.0",
    })
}
