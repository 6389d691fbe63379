//! `/v1/refunds`: a charge is paid back, in one piece or in several.

use serde_json::{Value, json};

use super::{
    accepted::{AcceptedParams, METADATA},
    amounts, balance,
    call::{CallError, ChangeContext, MinterCall},
    dispute_steps,
    effects::EffectKind,
    expand,
    fields::CallFields,
    fraud_warnings,
    ledger::LedgerError,
    lists::{self, ListQuery},
    lookup::{charge_of_path, refund_of_path},
    shapes,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{
    call::{error::ApiError, event_type::EventType},
    card::{
        currency::{ChargeCurrency, LARGEST_CHARGE},
        later_effects::RefundCourse,
        test_cards::{self, TestCard},
    },
};

const CREATED: EventType = EventType::named("refund.created");
const UPDATED: EventType = EventType::named("refund.updated");
const FAILED: EventType = EventType::named("refund.failed");
/// The older name of the same.
const UPDATED_OF_CHARGE: EventType = EventType::named("charge.refund.updated");
pub(super) const REFUNDED: EventType = EventType::named("charge.refunded");
const CHARGE_UPDATED: EventType = EventType::named("charge.updated");
/// So long after it was made a refund settles or fails that does so later: "after some time" (docs.stripe.com/testing).
const SETTLES_AFTER_SECS: i64 = 5;
const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

const CREATE: AcceptedParams = AcceptedParams {
    written: &[&[METADATA]],
    read: &[&["charge", "payment_intent"], OF_CHARGE_READ],
    not_modelled: CREATE_NOT_MODELLED,
};
/// What is taken where the path names the charge.
pub(super) const CREATE_OF_CHARGE: AcceptedParams =
    AcceptedParams { written: &[&[METADATA]], read: &[OF_CHARGE_READ], not_modelled: CREATE_NOT_MODELLED };
const OF_CHARGE_READ: &[&str] = &["amount", "reason", "refund_application_fee", "reverse_transfer"];
const CREATE_NOT_MODELLED: &[&str] = &["currency", "customer", "instructions_email", "origin"];
const UPDATE: AcceptedParams = AcceptedParams { written: &[&[METADATA]], read: &[], not_modelled: &[] };
const LIST: AcceptedParams = AcceptedParams {
    written: &[],
    read: &[&["charge", "payment_intent"], lists::CREATED, lists::PAGING],
    not_modelled: &[],
};
const LIST_OF_CHARGE: AcceptedParams =
    AcceptedParams { written: &[], read: &[lists::CREATED, lists::PAGING], not_modelled: &[] };

/// `POST /v1/refunds`: all that is left of a charge, or an amount of it.
pub(super) fn create(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CREATE)?;
    expand::check(&fields, "refund")?;
    let id = match (fields.word("charge")?, fields.word(INTENT)?) {
        (Some(charge), None) => charge.to_owned(),
        (None, Some(intent)) => charge_of_intent(call, intent)?,
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: charge, payment_intent.";
            return Err(ApiError::request(Some("parameters_exclusive"), Some("charge"), message).into());
        }
        (None, None) => {
            let message = "One of the following params should be provided for this request: payment_intent or charge.";
            return Err(ApiError::request(Some("parameter_missing"), None, message).into());
        }
    };
    let refund = refund(call, &fields, &id, "id")?;
    expand::apply(call, &fields, refund.body)
}

const INTENT: &str = "payment_intent";

/// The charge that an intent was paid with. Reported: the refusal where there is none.
fn charge_of_intent(call: &mut MinterCall<'_>, id: &str) -> Result<String, CallError> {
    let found = call.ledger.get(ObjectKind::PaymentIntent, id)?;
    let intent = found.ok_or_else(|| ApiError::no_such(INTENT, id, INTENT).with_status(404))?;
    match intent.body["latest_charge"].as_str().filter(|_| intent.body["status"] == "succeeded") {
        Some(charge) => Ok(charge.to_owned()),
        None => Err(nothing_to_refund(id).into()),
    }
}

fn nothing_to_refund(intent: &str) -> ApiError {
    let message = format!("This PaymentIntent ({intent}) does not have a successful charge to refund.");
    ApiError::request(None, None, message).of_state()
}

/// `POST /v1/charges/:id/refunds`: the same, of the charge in the path.
pub(super) fn create_of_charge(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CREATE_OF_CHARGE)?;
    expand::check(&fields, "refund")?;
    let refund = refund(call, &fields, ids[0], "charge")?;
    expand::apply(call, &fields, refund.body)
}

/// Refunds a charge. `param` is what a refusal names where there is no such charge.
pub(super) fn refund(
    call: &mut MinterCall<'_>,
    fields: &CallFields<'_>,
    charge: &str,
    param: &str,
) -> Result<StoredObject, CallError> {
    let reason = fields.choice("reason", &REASONS)?;
    let asked = fields.integer("amount", 1..=i64::MAX)?;
    let reverses_transfer = fields.boolean("reverse_transfer")?.unwrap_or(false);
    let refunds_fee = fields.boolean("refund_application_fee")?.unwrap_or(false);
    let mut charge = charge_of_path(call, charge, param)?;
    if let Some(intent) = charge.body[INTENT].as_str().filter(|_| charge.body["captured"] != true) {
        return Err(nothing_to_refund(intent).into());
    }
    check_left(&charge)?;
    dispute_steps::check_refundable(&mut call.change(), &charge)?;
    let amount = refundable(&charge, asked)?;
    check_connect(&charge.id, reverses_transfer, refunds_fee)?;
    let course = course_of(&charge);
    let mut change = call.change();
    let mut refund = new(&change, &charge, amount);
    refund["reason"] = reason.into();
    fields.write_to(&mut refund)?;
    if charge.body["captured"] == true {
        refund["balance_transaction"] = balance::id_of(&shapes::text(&refund, "id")).into();
    }
    if course == RefundCourse::Pending {
        refund["status"] = PENDING.into();
    }
    let before = charge.body.clone();
    let refund = keep(&mut change, &mut charge, refund)?;
    change.ledger.update(&charge)?;
    change.changed(REFUNDED, &before, &charge)?;
    match course {
        RefundCourse::AtOnce => {}
        RefundCourse::Pending => change.schedule(SETTLES_AFTER_SECS, EffectKind::SettleRefund, &refund.id)?,
        RefundCourse::FailsLater => change.schedule(SETTLES_AFTER_SECS, EffectKind::FailRefund, &refund.id)?,
    }
    fraud_warnings::charge_changed(&mut change, &charge)?;
    Ok(refund)
}

const PENDING: &str = "pending";
const SUCCEEDED: &str = "succeeded";

/// How a refund of a charge goes on. What was never captured is just let go.
fn course_of(charge: &StoredObject) -> RefundCourse {
    let card = charge.state["number"].as_str().and_then(test_cards::by_number);
    match card {
        Some(card) if charge.body["captured"] == true => TestCard::refund_course(card),
        _ => RefundCourse::AtOnce,
    }
}

/// Lets a pending refund succeed.
///
/// # Errors
/// A ledger that cannot be used.
pub(super) fn settle(change: &mut ChangeContext<'_, '_>, id: &str) -> Result<(), LedgerError> {
    let Some(mut refund) = change.ledger.get(ObjectKind::Refund, id)? else { return Ok(()) };
    if refund.body["status"] != PENDING {
        return Ok(());
    }
    let before = refund.body.clone();
    refund.body["status"] = SUCCEEDED.into();
    change.ledger.update(&refund)?;
    change.changed(UPDATED, &before, &refund)?;
    change.changed(UPDATED_OF_CHARGE, &before, &refund)
}

/// Lets a refund fail that seemed to have succeeded: the money comes back to the balance, and is to be refunded again. The
/// reason is the documented one of the card that does so; that the charge tells it by an update is undocumented.
///
/// # Errors
/// A ledger that cannot be used.
pub(super) fn fail(change: &mut ChangeContext<'_, '_>, id: &str) -> Result<(), LedgerError> {
    let Some(mut refund) = change.ledger.get(ObjectKind::Refund, id)? else { return Ok(()) };
    if refund.body["status"] != SUCCEEDED {
        return Ok(());
    }
    let before = refund.body.clone();
    let transaction = balance::of_failed_refund(change, &refund.body);
    shapes::add(&mut refund.body, "failure_balance_transaction", transaction["id"].clone());
    shapes::add(&mut refund.body, "failure_reason", "expired_or_canceled_card".into());
    refund.body["status"] = "failed".into();
    change.keep(ObjectKind::BalanceTransaction, Some(refund.id.clone()), transaction, Value::Null)?;
    change.ledger.update(&refund)?;
    for event in [FAILED, UPDATED, UPDATED_OF_CHARGE] {
        change.changed(event, &before, &refund)?;
    }
    let Some(mut charge) = change.ledger.get(ObjectKind::Charge, refund.parent.as_deref().unwrap_or_default())? else {
        return Ok(());
    };
    let before = charge.body.clone();
    let amount = |value: &Value| value.as_i64().unwrap_or_default();
    charge.body["amount_refunded"] = (amount(&before["amount_refunded"]) - amount(&refund.body["amount"])).into();
    charge.body["refunded"] = false.into();
    change.ledger.update(&charge)?;
    change.changed(CHARGE_UPDATED, &before, &charge)?;
    fraud_warnings::charge_changed(change, &charge)
}

/// Gives the part of an authorization back that is not captured. The caller writes the charge, and says that it was
/// captured: whether Stripe says `charge.refunded` besides is undocumented. Here it does not.
pub(super) fn give_back(
    change: &mut ChangeContext<'_, '_>,
    charge: &mut StoredObject,
    amount: i64,
) -> Result<(), LedgerError> {
    let refund = new(change, charge, amount);
    keep(change, charge, refund).map(|_| ())
}

/// A refund of an amount of a charge. What was never captured is no matter of the balance: it is reversed, and the bank
/// has no reference for it (no recording: our choice). The reference of another refund follows days later.
fn new(change: &ChangeContext<'_, '_>, charge: &StoredObject, amount: i64) -> Value {
    let card = if charge.body["captured"] == true {
        json!({ "reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund" })
    } else {
        json!({ "type": "reversal" })
    };
    json!({
        "id": change.ids.refund(change.now),
        "object": "refund",
        "amount": amount,
        "balance_transaction": null,
        "charge": charge.id,
        "created": change.now.as_second(),
        "currency": charge.body["currency"],
        "customer": charge.body["customer"],
        "customer_account": null,
        "destination_details": { "card": card, "type": "card" },
        "metadata": {},
        "payment_intent": charge.body["payment_intent"],
        "payment_method": charge.body["payment_method"],
        "reason": null,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": SUCCEEDED,
        "transfer_reversal": null,
    })
}

/// Keeps a refund, and notes in the charge what of it is refunded now.
fn keep(
    change: &mut ChangeContext<'_, '_>,
    charge: &mut StoredObject,
    refund: Value,
) -> Result<StoredObject, LedgerError> {
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let refunded = number(&charge.body["amount_refunded"]) + number(&refund["amount"]);
    charge.body["amount_refunded"] = refunded.into();
    charge.body["refunded"] = (charge.body["amount"] == refunded).into();
    let refund = change.keep(ObjectKind::Refund, Some(charge.id.clone()), refund, Value::Null)?;
    change.happened(CREATED, &refund)?;
    Ok(refund)
}

/// Checks that there is something left of a charge that can be refunded.
///
/// # Errors
/// A failed charge, and nothing left.
fn check_left(charge: &StoredObject) -> Result<(), ApiError> {
    let (id, body) = (&charge.id, &charge.body);
    if body["status"] != "succeeded" {
        // Undocumented by Stripe: our wording.
        let message = format!("Charge {id} cannot be refunded because it failed.");
        return Err(ApiError::request(None, None, message).of_state());
    }
    if body["amount"] == body["amount_refunded"] {
        let message = format!("Charge {id} has already been refunded.");
        return Err(ApiError::request(Some("charge_already_refunded"), None, message).of_state());
    }
    Ok(())
}

/// The amount to refund: as asked, or all that is left of the charge. Of a charge that was never captured only the
/// whole amount can be refunded.
///
/// # Errors
/// More than is left, a part of what was never captured.
fn refundable(charge: &StoredObject, asked: Option<i64>) -> Result<i64, ApiError> {
    let body = &charge.body;
    let number = |key: &str| body[key].as_i64().unwrap_or_default();
    let (whole, left) = (number("amount"), number("amount") - number("amount_refunded"));
    let amount = asked.unwrap_or(left);
    let currency = ChargeCurrency::parse(&shapes::text(body, "currency"));
    let shown = |amount: i64| currency.map_or_else(|| amount.to_string(), |currency| currency.show(amount));
    let refused = |message: String| Err(ApiError::request(None, Some("amount"), message).of_state());
    match currency {
        Some(currency) if amount > LARGEST_CHARGE => Err(amounts::too_large(currency)),
        // Both texts are recorded.
        _ if amount > whole => {
            refused(format!("Refund amount ({}) is greater than charge amount ({})", shown(amount), shown(whole)))
        }
        _ if amount > left => refused(format!(
            "Refund amount ({}) is greater than unrefunded amount on charge ({})",
            shown(amount),
            shown(left)
        )),
        // Reported.
        _ if body["captured"] != true && amount < left => refused(
            "You cannot partially refund an uncaptured charge. Instead, capture the charge for an amount less than the \
             original amount"
                .to_owned(),
        ),
        _ => Ok(amount),
    }
}

/// Nothing is transferred here, and no fee is taken, so there is neither to give back: refused in reported words.
fn check_connect(charge: &str, reverses_transfer: bool, refunds_fee: bool) -> Result<(), ApiError> {
    if reverses_transfer {
        let message =
            format!("Cannot reverse transfer on charge {charge} because it does not have an associated transfer.");
        return Err(ApiError::request(None, Some("reverse_transfer"), message).of_state());
    }
    if refunds_fee {
        let message = format!("Attempting to refund_application_fee on {charge}, but it has no application fee");
        return Err(ApiError::request(None, Some("refund_application_fee"), message).of_state());
    }
    Ok(())
}

/// `GET /v1/refunds/:id`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, "refund")?;
    let refund = named(call, ids)?;
    expand::apply(call, &fields, refund.body)
}

/// `POST /v1/refunds/:id`: metadata only.
pub(super) fn update(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &UPDATE)?;
    expand::check(&fields, "refund")?;
    let mut refund = named(call, ids)?;
    let before = refund.body.clone();
    fields.write_to(&mut refund.body)?;
    call.ledger.update(&refund)?;
    call.changed(UPDATED, &before, &refund)?;
    call.changed(UPDATED_OF_CHARGE, &before, &refund)?;
    expand::apply(call, &fields, refund.body)
}

/// The refund that a path names: `/v1/refunds/:id`, or `/v1/charges/:id/refunds/:id`.
fn named(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<StoredObject, CallError> {
    let [charge @ .., id] = ids else { return Err(ApiError::no_such("refund", "", "id").with_status(404).into()) };
    let mut parent = None;
    if let [charge] = charge {
        parent = Some(charge_of_path(call, charge, "charge")?.id);
    }
    let refund = refund_of_path(call, id)?;
    if parent.is_some() && refund.parent != parent {
        return Err(ApiError::no_such("refund", id, "id").with_status(404).into());
    }
    Ok(refund)
}

/// `GET /v1/refunds`.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST)?;
    expand::check_list(&fields, "refund")?;
    let of_intent = match fields.word(INTENT)? {
        Some(id) => {
            Some(call.ledger.get(ObjectKind::PaymentIntent, id)?.ok_or_else(|| ApiError::no_such(INTENT, id, INTENT))?)
        }
        None => None,
    };
    // An intent is paid by one charge at most; one that was never charged has no refunds either.
    let of_intent = of_intent.map(|intent| shapes::text(&intent.body, "latest_charge"));
    let parent = fields.word("charge")?.or(of_intent.as_deref());
    if of_intent.as_deref() == Some("") {
        return Ok(lists::empty("/v1/refunds"));
    }
    if let Some(charge) = parent
        && call.ledger.get(ObjectKind::Charge, charge)?.is_none()
    {
        return Err(ApiError::no_such("charge", charge, "charge").into());
    }
    let list = ListQuery { kind: ObjectKind::Refund, what: "refund", parent, url: "/v1/refunds" };
    let page = lists::page(call, &fields, &list)?;
    expand::apply(call, &fields, page)
}

/// `GET /v1/charges/:id/refunds`.
pub(super) fn list_of_charge(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST_OF_CHARGE)?;
    expand::check_list(&fields, "refund")?;
    let charge = charge_of_path(call, ids[0], "charge")?.id;
    let url = format!("/v1/charges/{charge}/refunds");
    let list = ListQuery { kind: ObjectKind::Refund, what: "refund", parent: Some(&charge), url: &url };
    let page = lists::page(call, &fields, &list)?;
    expand::apply(call, &fields, page)
}
