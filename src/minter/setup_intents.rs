//! `/v1/setup_intents`: a payment method is made ready for later payments, without charging it.

use serde_json::{Value, json};

use super::{
    accepted::{AcceptedParams, METADATA, WrittenParam},
    call::{CallError, MinterCall},
    cards::{self, BankVerdict, CardStep},
    charges, expand,
    fields::CallFields,
    intent_params::{self, TYPE_NAMES, TYPES},
    intent_steps::{Confirmed, NewIntent},
    intents::{
        self, AUTOMATIC, CANCELED, CLIENT_SECRET, IntentKind, METHOD, REQUIRES_ACTION, REQUIRES_CONFIRMATION,
        REQUIRES_METHOD, SUCCEEDED,
    },
    lists::{self, ListQuery},
    lookup::customer_of_param,
    method_object::CallMethod,
    next_action::{self, WayBack},
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{call::error::ApiError, card::authentication::AuthenticationStep};

const OBJECT: &str = "setup_intent";
const KIND: IntentKind = IntentKind::Setup;
const LONGEST_DESCRIPTION: usize = 1000;

const TEXTS: &[WrittenParam] = &[WrittenParam::text("description", LONGEST_DESCRIPTION), METADATA];
const OPTIONS: &[&str] = &[
    intent_params::MANDATE_CURRENCY,
    "payment_method_options[card][moto]",
    "payment_method_options[card][network]",
    "payment_method_options[card][request_three_d_secure]",
];
/// Connect, the consent to a mandate, and what is no card.
const NOT_MODELLED: &[&str] = &[
    "attach_to_self",
    "confirmation_token",
    "customer_account",
    "excluded_payment_method_types",
    "flow_directions",
    "mandate_data",
    "on_behalf_of",
    "payment_method_configuration",
    "payment_method_data",
    "payment_method_options",
    "single_use",
];
const CREATE: AcceptedParams = AcceptedParams {
    written: &[TEXTS],
    read: &[
        &["confirm", "customer", METHOD, "return_url", "usage", "use_stripe_sdk"],
        intent_params::METHOD_DATA,
        TYPE_NAMES,
        OPTIONS,
        intent_params::MANDATE_OPTIONS,
    ],
    not_modelled: NOT_MODELLED,
};
const UPDATE: AcceptedParams = AcceptedParams {
    written: &[TEXTS],
    read: &[
        &["customer", METHOD, CLIENT_SECRET],
        intent_params::METHOD_DATA,
        TYPE_NAMES,
        OPTIONS,
        intent_params::MANDATE_OPTIONS,
    ],
    not_modelled: NOT_MODELLED,
};
const CONFIRM: AcceptedParams = AcceptedParams {
    written: &[],
    read: &[
        &[METHOD, "return_url", "use_stripe_sdk", CLIENT_SECRET],
        intent_params::METHOD_DATA,
        OPTIONS,
        intent_params::MANDATE_OPTIONS,
    ],
    not_modelled: NOT_MODELLED,
};
/// With a publishable key: what the payer's browser knows, and nothing that the merchant decides.
const CONFIRM_BY_PAYER: AcceptedParams = AcceptedParams {
    written: &[],
    read: &[
        &[METHOD, "return_url", "use_stripe_sdk", CLIENT_SECRET, "payment_method_options[card][network]"],
        intent_params::METHOD_DATA,
    ],
    not_modelled: &["confirmation_token", "mandate_data", "payment_method_data"],
};
const CANCEL: AcceptedParams = AcceptedParams { written: &[], read: &[&["cancellation_reason"]], not_modelled: &[] };
const RETRIEVE: AcceptedParams = AcceptedParams { written: &[], read: &[&[CLIENT_SECRET]], not_modelled: &[] };
const LIST: AcceptedParams = AcceptedParams {
    written: &[],
    read: &[&["customer", METHOD], lists::CREATED, lists::PAGING],
    not_modelled: &["attach_to_self", "customer_account"],
};
const CANCELLATIONS: [&str; 3] = ["abandoned", "duplicate", "requested_by_customer"];

/// `POST /v1/setup_intents`, which confirms the intent too where it is asked to.
pub(super) fn create(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CREATE)?;
    expand::check(&fields, OBJECT)?;
    let mut intent = blank(call);
    fields.write_to(&mut intent)?;
    intent_params::write_types(call, &fields, &mut intent, true)?;
    intent_params::write_options(&fields, &mut intent)?;
    if let Some(word) = fields.choice("usage", &["off_session", "on_session"])? {
        intent["usage"] = word.into();
    }
    let way = WayBack::of(&fields)?;
    let is_confirmed = fields.boolean("confirm")?.unwrap_or(false);
    let customer = match fields.word("customer")? {
        Some(id) => Some(customer_of_param(call, id)?.id),
        None => None,
    };
    let method = intent_params::method_of(call, &fields)?;
    let new = NewIntent { body: intent, customer, method, is_confirmed, return_url: way.return_url.as_deref() };
    let confirm =
        |call: &mut MinterCall<'_>, intent: &mut StoredObject, method| confirm_with(call, intent, method, &way);
    let intent = new.keep(KIND, call, confirm)?;
    expand::apply(call, &fields, intent)
}

/// `GET /v1/setup_intents/:id`, also with a publishable key and the intent's client secret.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &RETRIEVE)?;
    expand::check_for_caller(call, &fields, OBJECT)?;
    let intent = KIND.find(call, ids[0])?;
    KIND.check_secret(call, &fields, &intent.body)?;
    answer(call, &fields, intent)
}

/// `GET /v1/setup_intents`.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST)?;
    expand::check_list(&fields, OBJECT)?;
    let (parent, method) = (fields.word("customer")?, fields.word(METHOD)?);
    if let Some(customer) = parent {
        charges::check_has_been(call, customer)?;
    }
    let list = ListQuery { kind: ObjectKind::SetupIntent, what: "setupintent", parent, url: "/v1/setup_intents" };
    let page =
        lists::page_of(call, &fields, &list, &|intent| method.is_none_or(|method| intent.body[METHOD] == method))?
            .shown(list.url);
    expand::apply(call, &fields, page)
}

/// `POST /v1/setup_intents/:id`.
pub(super) fn update(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &UPDATE)?;
    expand::check(&fields, OBJECT)?;
    let mut intent = KIND.find(call, ids[0])?;
    KIND.check_secret(call, &fields, &intent.body)?;
    let changes_setup = ["customer", METHOD, "payment_method_data", TYPES, AUTOMATIC, "payment_method_options"];
    if changes_setup.into_iter().any(|name| fields.has(name)) {
        check_open(&intent.body, "update")?;
    }
    fields.write_to(&mut intent.body)?;
    intent_params::write_types(call, &fields, &mut intent.body, false)?;
    intent_params::write_options(&fields, &mut intent.body)?;
    if KIND.change_payer(call, &fields, &mut intent)? {
        intent.body["status"] = REQUIRES_CONFIRMATION.into();
        intent.body["next_action"] = Value::Null;
        intent.body[KIND.last_error()] = Value::Null;
    }
    call.ledger.update(&intent)?;
    answer(call, &fields, intent)
}

/// `POST /v1/setup_intents/:id/confirm`, also with a publishable key and the intent's client secret.
pub(super) fn confirm(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let accepted = if call.is_publishable { &CONFIRM_BY_PAYER } else { &CONFIRM };
    let fields = CallFields::of(call.request, accepted)?;
    expand::check_for_caller(call, &fields, OBJECT)?;
    let mut intent = KIND.find(call, ids[0])?;
    KIND.check_secret(call, &fields, &intent.body)?;
    let method = match intent_params::method_of(call, &fields)? {
        Some(method) => Some(method),
        None => intents::method_in(call, &intent.body)?,
    };
    let Some(mut method) = method else { return Err(KIND.method_missing(&intent.body).into()) };
    check_open(&intent.body, "confirm")?;
    let way = WayBack::of(&fields)?;
    intent_params::write_options(&fields, &mut intent.body)?;
    KIND.check_use(call, &intent.body, &method)?;
    KIND.check_way_back(&intent.body, way.return_url.as_deref())?;
    method.keep(call)?;
    let confirmed = confirm_with(call, &mut intent, method, &way)?;
    KIND.keep_confirmed(call, &intent, confirmed)?;
    answer(call, &fields, intent)
}

/// `POST /v1/setup_intents/:id/cancel`.
pub(super) fn cancel(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CANCEL)?;
    expand::check(&fields, OBJECT)?;
    let reason = fields.choice("cancellation_reason", &CANCELLATIONS)?;
    let mut intent = KIND.find(call, ids[0])?;
    // Both refusals are recorded, with the doubled word.
    match intent.body["status"].as_str() {
        Some(CANCELED) => {
            let message = "You cannot cancel this SetupIntent because it it already canceled.";
            return Err(KIND.unexpected_state(&intent.body, message).into());
        }
        Some(SUCCEEDED) => {
            let message = format!(
                "You cannot cancel this SetupIntent because it has a status of {SUCCEEDED}. Only a SetupIntent with one \
                 of the following statuses may be canceled: `{REQUIRES_METHOD}`, `{REQUIRES_CONFIRMATION}`, or \
                 `{REQUIRES_ACTION}`."
            );
            return Err(KIND.unexpected_state(&intent.body, message).into());
        }
        _ => {}
    }
    intent.body["cancellation_reason"] = reason.into();
    intent.body["next_action"] = Value::Null;
    intent.body["status"] = CANCELED.into();
    call.ledger.update(&intent)?;
    KIND.went_on(call, &intent)?;
    answer(call, &fields, intent)
}

/// Goes on with an intent whose payer authenticated the card. A decline is written into the intent.
///
/// # Errors
/// A ledger that cannot be written.
pub(super) fn authenticated(
    call: &mut MinterCall<'_>,
    intent: &mut StoredObject,
    method: CallMethod,
) -> Result<(), CallError> {
    match set_up(call, intent, method)? {
        Ok(()) | Err(CallError::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Confirms an intent with a payment method that is kept.
fn confirm_with(call: &mut MinterCall<'_>, intent: &mut StoredObject, method: CallMethod, way: &WayBack) -> Confirmed {
    intent.body[KIND.last_error()] = Value::Null;
    intent.body["latest_attempt"] = call.ids.setup_attempt(call.now).into();
    match KIND.authentication(&intent.body, &method, false) {
        AuthenticationStep::NotNeeded | AuthenticationStep::WithoutQuestion => set_up(call, intent, method),
        AuthenticationStep::Challenge | AuthenticationStep::HolderMissing => {
            intent.body[METHOD] = method.id().into();
            next_action::ask_payer(call, intent, way);
            Ok(Ok(()))
        }
        AuthenticationStep::InVain => {
            let error = cards::processing_error(call);
            Ok(Err(KIND.fail(&mut intent.body, Some(&method), error).into()))
        }
    }
}

/// Asks the bank, as where a card is attached, and gives the payment method to the customer.
fn set_up(call: &mut MinterCall<'_>, intent: &mut StoredObject, mut method: CallMethod) -> Confirmed {
    let verdict = method.card().verdict(call, CardStep::Attach);
    method.take_checks(&verdict);
    if let BankVerdict::Declined { error, .. } = verdict {
        method.save(call)?;
        // Recorded of payments: a decline names no parameter but a field of the card.
        let param = error.param.clone().filter(|param| !param.is_empty());
        return Ok(Err(KIND.fail(&mut intent.body, Some(&method), ApiError { param, ..error }).into()));
    }
    method.note_set_up();
    method.keep_for(call, intent.body["customer"].as_str())?;
    intent.body[METHOD] = method.id().into();
    intent.body["next_action"] = Value::Null;
    intent.body["status"] = SUCCEEDED.into();
    Ok(Ok(()))
}

fn answer(call: &mut MinterCall<'_>, fields: &CallFields<'_>, intent: StoredObject) -> Result<Value, CallError> {
    let seen = KIND.seen(call, intent.body);
    expand::apply(call, fields, seen)
}

/// Refuses what an intent at its end does not take any more. Reported of one that succeeded; of one that was cancelled
/// the words are our own.
fn check_open(intent: &Value, what: &str) -> Result<(), ApiError> {
    let why = match intent["status"].as_str() {
        Some(SUCCEEDED) => "it has already succeeded",
        Some(CANCELED) => "it has a status of canceled",
        _ => return Ok(()),
    };
    Err(KIND.unexpected_state(intent, format!("You cannot {what} this SetupIntent because {why}.")))
}

fn blank(call: &MinterCall<'_>) -> Value {
    let id = call.ids.setup_intent(call.now);
    let client_secret = call.ids.client_secret(&id);
    json!({
        "id": id,
        "object": OBJECT,
        "application": null,
        AUTOMATIC: null,
        "cancellation_reason": null,
        CLIENT_SECRET: client_secret,
        "created": call.now.as_second(),
        "customer": null,
        "customer_account": null,
        "description": null,
        "excluded_payment_method_types": null,
        "flow_directions": null,
        "last_setup_error": null,
        "latest_attempt": null,
        "livemode": false,
        "mandate": null,
        "metadata": {},
        "next_action": null,
        "on_behalf_of": null,
        METHOD: null,
        "payment_method_configuration_details": null,
        "payment_method_options": {
            "card": { "mandate_options": null, "network": null, "request_three_d_secure": "automatic" },
        },
        TYPES: null,
        "single_use_mandate": null,
        "status": REQUIRES_METHOD,
        "usage": "off_session",
    })
}
