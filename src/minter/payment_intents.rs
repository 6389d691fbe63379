//! `/v1/payment_intents`: a payment from its amount to its charge, in the steps that the card needs.

use serde_json::Value;

use super::{
    call::{CallError, MinterCall},
    cards, charges, expand,
    fields::CallFields,
    hold_expiry,
    intent_charge::{self, AuthenticationFlow},
    intent_params::{self, TYPES},
    intent_steps::{Confirmed, NewIntent},
    intents::{
        self, CANCELED, IntentKind, METHOD, PROCESSING, REQUIRES_ACTION, REQUIRES_CAPTURE, REQUIRES_CONFIRMATION,
        REQUIRES_METHOD, SUCCEEDED,
    },
    lists::{self, ListQuery},
    lookup::customer_of_param,
    method_object::CallMethod,
    next_action::{self, WayBack},
    payment_intent_object, payment_intent_params as params, refunds, shapes,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{call::error::ApiError, card::authentication::AuthenticationStep};

const OBJECT: &str = "payment_intent";
const KIND: IntentKind = IntentKind::Payment;

/// Why an intent may be cancelled.
const CANCELLATIONS: [&str; 4] = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];
/// The statuses before the bank was asked, in which everything can be changed.
const OPEN: [&str; 3] = [REQUIRES_METHOD, REQUIRES_CONFIRMATION, REQUIRES_ACTION];

/// `POST /v1/payment_intents`, which confirms the intent too where it is asked to.
pub(super) fn create(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &params::CREATE)?;
    expand::check(&fields, OBJECT)?;
    let (amount, currency) = params::amount(&fields)?;
    let mut intent = payment_intent_object::blank(call, amount, currency);
    fields.write_to(&mut intent)?;
    intent_params::write_types(call, &fields, &mut intent, true)?;
    intent_params::write_options(&fields, &mut intent)?;
    params::write_way_of_capture(&fields, &mut intent)?;
    if let Some(word) = fields.choice("confirmation_method", &["automatic", "manual"])? {
        intent["confirmation_method"] = word.into();
    }
    if let Some(word) = fields.choice("setup_future_usage", &["off_session", "on_session"])? {
        intent["setup_future_usage"] = word.into();
    }
    let confirmation = Confirmation::of(&fields)?;
    let is_confirmed = fields.boolean("confirm")?.unwrap_or(false);
    let customer = match fields.word("customer")? {
        Some(id) => Some(customer_of_param(call, id)?),
        None => None,
    };
    let mut method = intent_params::method_of(call, &fields)?;
    // The customer's default card pays where nothing else is named (docs of `payment_method`).
    if is_confirmed
        && method.is_none()
        && let Some(card) = customer.as_ref().and_then(|customer| customer.body["default_source"].as_str())
    {
        method = CallMethod::find(call, card)?;
    }
    let return_url = confirmation.way.return_url.as_deref();
    let customer = customer.map(|customer| customer.id);
    let new = NewIntent { body: intent, customer, method, is_confirmed, return_url };
    let confirm = |call: &mut MinterCall<'_>, intent: &mut StoredObject, method| {
        confirm_with(call, intent, method, &confirmation)
    };
    let intent = new.keep(KIND, call, confirm)?;
    expand::apply(call, &fields, intent)
}

/// `GET /v1/payment_intents/:id`, also with a publishable key and the intent's client secret.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &params::RETRIEVE)?;
    expand::check_for_caller(call, &fields, OBJECT)?;
    let intent = KIND.find(call, ids[0])?;
    KIND.check_secret(call, &fields, &intent.body)?;
    answer(call, &fields, intent)
}

/// `GET /v1/payment_intents`.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &params::LIST)?;
    expand::check_list(&fields, OBJECT)?;
    let parent = fields.word("customer")?;
    if let Some(customer) = parent {
        charges::check_has_been(call, customer)?;
    }
    let list = ListQuery { kind: ObjectKind::PaymentIntent, what: OBJECT, parent, url: "/v1/payment_intents" };
    let page = lists::page(call, &fields, &list)?;
    expand::apply(call, &fields, page)
}

/// `POST /v1/payment_intents/:id`. Once the bank was asked, only what does not concern the payment can be changed.
pub(super) fn update(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &params::UPDATE)?;
    expand::check(&fields, OBJECT)?;
    let mut intent = KIND.find(call, ids[0])?;
    KIND.check_secret(call, &fields, &intent.body)?;
    let status = shapes::text(&intent.body, "status");
    let changes_payment = ["amount", "currency", "customer", "capture_method", METHOD, "payment_method_data", TYPES];
    let changed = changes_payment.into_iter().find(|name| fields.has(name));
    if let Some(name) = changed.filter(|_| !OPEN.contains(&&*status)) {
        return Err(not_updatable(&intent.body, name, &status).into());
    }
    if fields.has("amount") || fields.has("currency") {
        let (amount, currency) = params::new_amount(&fields, &intent.body)?;
        intent.body["amount"] = amount.into();
        intent.body["currency"] = currency.as_str().into();
    }
    fields.write_to(&mut intent.body)?;
    intent_params::write_types(call, &fields, &mut intent.body, false)?;
    intent_params::write_options(&fields, &mut intent.body)?;
    params::write_way_of_capture(&fields, &mut intent.body)?;
    match fields.raw("setup_future_usage") {
        Some("") => intent.body["setup_future_usage"] = Value::Null,
        _ => params::write_usage(&fields, &mut intent.body)?,
    }
    KIND.change_payer(call, &fields, &mut intent)?;
    if changed.is_some() {
        // What was asked of the payer before is for another payment.
        let has_method = !intent.body[METHOD].is_null();
        intent.body["status"] = if has_method { REQUIRES_CONFIRMATION } else { REQUIRES_METHOD }.into();
        intent.body["next_action"] = Value::Null;
        intent.body[KIND.last_error()] = Value::Null;
    }
    call.ledger.update(&intent)?;
    answer(call, &fields, intent)
}

/// `POST /v1/payment_intents/:id/confirm`, also with a publishable key and the intent's client secret.
pub(super) fn confirm(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let accepted = if call.is_publishable { &params::CONFIRM_BY_PAYER } else { &params::CONFIRM };
    let fields = CallFields::of(call.request, accepted)?;
    expand::check_for_caller(call, &fields, OBJECT)?;
    let mut intent = KIND.find(call, ids[0])?;
    KIND.check_secret(call, &fields, &intent.body)?;
    if call.is_publishable && intent.body["confirmation_method"] == "manual" {
        // Reported.
        let message = "This PaymentIntent cannot be confirmed using your publishable key because its \
                       `confirmation_method` is set to `manual`. Please use your secret key instead, or create a \
                       PaymentIntent with `confirmation_method` set to `automatic`.";
        return Err(KIND.unexpected_state(&intent.body, message).into());
    }
    let named = intent_params::method_of(call, &fields)?;
    let is_again = named.is_none();
    let method = match named {
        Some(method) => Some(method),
        None => intents::method_in(call, &intent.body)?,
    };
    check_confirmable(&intent.body, method.is_some())?;
    let Some(mut method) = method else { return Err(KIND.method_missing(&intent.body).into()) };
    let confirmation = Confirmation::of(&fields)?;
    fields.write_to(&mut intent.body)?;
    intent_params::write_types(call, &fields, &mut intent.body, false)?;
    intent_params::write_options(&fields, &mut intent.body)?;
    params::write_way_of_capture(&fields, &mut intent.body)?;
    params::write_usage(&fields, &mut intent.body)?;
    KIND.check_use(call, &intent.body, &method)?;
    KIND.check_way_back(&intent.body, confirmation.way.return_url.as_deref())?;
    method.keep(call)?;
    let is_authenticated = next_action::take_authenticated(&mut intent);
    let outcome = if is_again && is_authenticated {
        pay(call, &mut intent, method, Some(AuthenticationFlow::Challenge), None)?
    } else {
        confirm_with(call, &mut intent, method, &confirmation)?
    };
    KIND.keep_confirmed(call, &intent, outcome)?;
    answer(call, &fields, intent)
}

/// `POST /v1/payment_intents/:id/capture`: all that is held, or an amount of it; the rest is given back.
pub(super) fn capture(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &params::CAPTURE)?;
    expand::check(&fields, OBJECT)?;
    let asked = fields.integer("amount_to_capture", 1..=i64::MAX)?;
    if fields.boolean("final_capture")? == Some(false) {
        let message = "Testcard's local minter does not model final_capture=false: a capture gives the rest back. Leave the \
                       parameter out.";
        return Err(ApiError::request(None, Some("final_capture"), message).into());
    }
    let mut intent = KIND.find(call, ids[0])?;
    let status = shapes::text(&intent.body, "status");
    if status != REQUIRES_CAPTURE {
        // Both are reported.
        let message = if status == SUCCEEDED {
            "This PaymentIntent could not be captured because it has already been captured.".to_owned()
        } else {
            format!(
                "This PaymentIntent could not be captured because it has a status of {status}. Only a PaymentIntent with \
                 one of the following statuses may be captured: {REQUIRES_CAPTURE}."
            )
        };
        return Err(KIND.unexpected_state(&intent.body, message).into());
    }
    let held = intent.body["amount_capturable"].as_i64().unwrap_or_default();
    let amount = asked.unwrap_or(held);
    if amount > held {
        // Undocumented by Stripe: our wording.
        let message =
            format!("The amount to capture ({amount}) is greater than the amount that can be captured ({held}).");
        return Err(ApiError::request(Some("amount_too_large"), Some("amount_to_capture"), message).of_state().into());
    }
    fields.write_to(&mut intent.body)?;
    let mut charge = latest_charge(call, &intent.body)?;
    let authorization = charge.body.clone();
    for param in params::DESCRIPTORS {
        if fields.raw(param.name).is_some() {
            charge.body[param.name] = intent.body[param.name].clone();
        }
    }
    charges::take(call, &mut charge, amount, &authorization)?;
    intent.body["amount_capturable"] = 0.into();
    intent.body["amount_received"] = amount.into();
    intent.body["status"] = SUCCEEDED.into();
    call.ledger.update(&intent)?;
    KIND.went_on(call, &intent)?;
    answer(call, &fields, intent)
}

/// `POST /v1/payment_intents/:id/cancel`. What is held of the card is given back.
pub(super) fn cancel(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &params::CANCEL)?;
    expand::check(&fields, OBJECT)?;
    let reason = fields.choice("cancellation_reason", &CANCELLATIONS)?;
    let mut intent = KIND.find(call, ids[0])?;
    let status = shapes::text(&intent.body, "status");
    let cancellable = [REQUIRES_METHOD, REQUIRES_CAPTURE, REQUIRES_CONFIRMATION, REQUIRES_ACTION, PROCESSING];
    if !cancellable.contains(&&*status) {
        // Recorded.
        let message = format!(
            "You cannot cancel this PaymentIntent because it has a status of {status}. Only a PaymentIntent with one of \
             the following statuses may be canceled: {}.",
            cancellable.join(", ")
        );
        return Err(KIND.unexpected_state(&intent.body, message).into());
    }
    let charge = if status == REQUIRES_CAPTURE { Some(latest_charge(call, &intent.body)?) } else { None };
    let held = charge.map(|charge| (charge, refunds::REFUNDED));
    hold_expiry::cancel(&mut call.change(), &mut intent, held, reason)?;
    KIND.went_on(call, &intent)?;
    answer(call, &fields, intent)
}

/// Goes on with an intent whose payer was asked to authenticate the card: it is paid, or, where the caller confirms every
/// step, ready to be confirmed again.
///
/// # Errors
/// A ledger that cannot be written. A decline is written into the intent: whoever authenticates is not told more.
pub(super) fn authenticated(
    call: &mut MinterCall<'_>,
    intent: &mut StoredObject,
    method: CallMethod,
) -> Result<(), CallError> {
    if intent.body["confirmation_method"] == "manual" {
        next_action::note_authenticated(intent);
        intent.body["status"] = REQUIRES_CONFIRMATION.into();
        intent.body["next_action"] = Value::Null;
        return Ok(());
    }
    match pay(call, intent, method, Some(AuthenticationFlow::Challenge), None)? {
        Ok(()) | Err(CallError::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What a confirmation is told besides the payment method.
struct Confirmation {
    is_off_session: bool,
    /// A payment that the payer would have to authenticate is declined.
    fails_on_action: bool,
    way: WayBack,
}

impl Confirmation {
    fn of(fields: &CallFields<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            is_off_session: intent_params::is_off_session(fields)?,
            fails_on_action: fields.boolean("error_on_requires_action")?.unwrap_or(false),
            way: WayBack::of(fields)?,
        })
    }
}

/// Confirms an intent with a payment method that is kept, and writes into both what came of it.
fn confirm_with(
    call: &mut MinterCall<'_>,
    intent: &mut StoredObject,
    method: CallMethod,
    confirmation: &Confirmation,
) -> Confirmed {
    intent.body[KIND.last_error()] = Value::Null;
    match KIND.authentication(&intent.body, &method, confirmation.is_off_session) {
        AuthenticationStep::NotNeeded => pay(call, intent, method, None, None),
        AuthenticationStep::WithoutQuestion => pay(call, intent, method, Some(AuthenticationFlow::Frictionless), None),
        AuthenticationStep::Challenge if !confirmation.fails_on_action => {
            intent.body[METHOD] = method.id().into();
            next_action::ask_payer(call, intent, &confirmation.way);
            Ok(Ok(()))
        }
        AuthenticationStep::Challenge | AuthenticationStep::HolderMissing => {
            let error = cards::authentication_required(call);
            pay(call, intent, method, None, Some(error))
        }
        AuthenticationStep::InVain => {
            let error = cards::processing_error(call);
            pay(call, intent, method, None, Some(error))
        }
    }
}

/// Charges the payment method, or declines it for what is known, and writes what came of it; after the payment, it is the customer's where it is to be kept.
fn pay(
    call: &mut MinterCall<'_>,
    intent: &mut StoredObject,
    mut method: CallMethod,
    flow: Option<AuthenticationFlow>,
    known: Option<ApiError>,
) -> Confirmed {
    if let Some(error) = intent_charge::charge(call, intent, &mut method, flow, known)? {
        method.note_use();
        method.save(call)?;
        return Ok(Err(KIND.fail(&mut intent.body, Some(&method), error).into()));
    }
    // What is said of cards goes before what is said of all payment methods.
    let of_cards = intent.body["payment_method_options"]["card"]["setup_future_usage"].as_str();
    let usage = of_cards.or(intent.body["setup_future_usage"].as_str()).filter(|usage| *usage != "none");
    if usage.is_some() {
        method.note_set_up();
    }
    let customer = intent.body["customer"].as_str().filter(|_| usage.is_some());
    if customer.is_none() {
        method.note_use();
    }
    method.keep_for(call, customer)?;
    Ok(Ok(()))
}

fn answer(call: &mut MinterCall<'_>, fields: &CallFields<'_>, intent: StoredObject) -> Result<Value, CallError> {
    let seen = KIND.seen(call, intent.body);
    expand::apply(call, fields, seen)
}

/// The charge that an intent is about by now.
pub(super) fn latest_charge(call: &mut MinterCall<'_>, intent: &Value) -> Result<StoredObject, CallError> {
    let id = shapes::text(intent, "latest_charge");
    let found = call.ledger.get(ObjectKind::Charge, &id)?;
    Ok(found.ok_or_else(|| ApiError::no_such("charge", &id, "charge"))?)
}

/// Refuses to confirm what cannot be confirmed any more. Reported.
fn check_confirmable(intent: &Value, has_method: bool) -> Result<(), ApiError> {
    let status = shapes::text(intent, "status");
    match status.as_str() {
        REQUIRES_METHOD | REQUIRES_CONFIRMATION | REQUIRES_ACTION => Ok(()),
        CANCELED if !has_method => Err(KIND.method_missing(intent)),
        SUCCEEDED => {
            let message = "You cannot confirm this PaymentIntent because it has already succeeded after being previously \
                           confirmed.";
            Err(KIND.unexpected_state(intent, message))
        }
        _ => {
            let message = format!(
                "You cannot confirm this PaymentIntent because it has a status of {status}. Only a PaymentIntent with one \
                 of the following statuses may be confirmed: {REQUIRES_CONFIRMATION}, {REQUIRES_ACTION}."
            );
            Err(KIND.unexpected_state(intent, message))
        }
    }
}

/// Reported.
fn not_updatable(intent: &Value, name: &str, status: &str) -> ApiError {
    let message = format!(
        "This PaymentIntent's {name} could not be updated because it has a status of {status}. You may only update the \
         {name} of a PaymentIntent with one of the following statuses: {}.",
        OPEN.join(", ")
    );
    KIND.unexpected_state(intent, message)
}
