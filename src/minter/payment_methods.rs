//! `/v1/payment_methods`: a card for Stripe's newer objects, made of its details, of a token or of a ready alias.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{
    accepted::{AcceptedParams, METADATA},
    call::{CallError, MinterCall},
    expand,
    fields::CallFields,
    lists::{self, ListQuery},
    lookup::{customer_of_param, customer_of_path},
    method_object::{BILLING_DETAILS, CARD, CARD_DETAILS, CallMethod, MethodPlace, REDISPLAY},
    sources,
    stored_object::ObjectKind,
};
use crate::domain::call::{error::ApiError, event_type::EventType};

const OBJECT: &str = "payment_method";
const UPDATED: EventType = EventType::named("payment_method.updated");
const DETACHED: EventType = EventType::named("payment_method.detached");

const CREATE: AcceptedParams = AcceptedParams {
    written: &[&[METADATA]],
    read: &[CARD_DETAILS, BILLING_NAMES, &["customer", "payment_method"]],
    not_modelled: OTHER_KINDS,
};
const UPDATE: AcceptedParams = AcceptedParams {
    written: &[BILLING_DETAILS, &[METADATA]],
    read: &[&["allow_redisplay", "card[exp_month]", "card[exp_year]"]],
    not_modelled: &["card[networks]", "link", "payto", "us_bank_account"],
};
const ATTACH: AcceptedParams =
    AcceptedParams { written: &[], read: &[&["customer"]], not_modelled: &["customer_account"] };
const LIST: AcceptedParams = AcceptedParams {
    written: &[],
    read: &[&["customer", "type"], lists::PAGING],
    not_modelled: &["allow_redisplay", "customer_account"],
};
const LIST_OF_CUSTOMER: AcceptedParams =
    AcceptedParams { written: &[], read: &[&["type"], lists::PAGING], not_modelled: &["allow_redisplay"] };
/// The names of [`BILLING_DETAILS`].
const BILLING_NAMES: &[&str] = &[
    "billing_details[email]",
    "billing_details[name]",
    "billing_details[phone]",
    "billing_details[tax_id]",
    "billing_details[address][*address]",
];
/// Every other kind of payment method, each with a parameter of its name, and what goes beyond a card.
pub(super) const OTHER_KINDS: &[&str] = &[
    "acss_debit",
    "affirm",
    "afterpay_clearpay",
    "alipay",
    "alma",
    "amazon_pay",
    "au_becs_debit",
    "bacs_debit",
    "bancontact",
    "billie",
    "blik",
    "boleto",
    "card_present",
    "cashapp",
    "crypto",
    "custom",
    "customer_balance",
    "eps",
    "fpx",
    "giropay",
    "grabpay",
    "ideal",
    "interac_present",
    "kakao_pay",
    "klarna",
    "konbini",
    "kr_card",
    "link",
    "mb_way",
    "mobilepay",
    "multibanco",
    "naver_pay",
    "nz_bank_account",
    "oxxo",
    "p24",
    "pay_by_bank",
    "payco",
    "paynow",
    "paypal",
    "paypay",
    "payto",
    "pix",
    "promptpay",
    "radar_options",
    "revolut_pay",
    "samsung_pay",
    "satispay",
    "sepa_debit",
    "sofort",
    "sunbit",
    "swish",
    "twint",
    "upi",
    "us_bank_account",
    "wechat_pay",
    "zip",
];

/// `POST /v1/payment_methods` of card details or of a token, which it uses up. The bank is not asked yet, so no card is
/// declined here.
pub(super) fn create(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CREATE)?;
    expand::check(&fields, OBJECT)?;
    let mut method = match fields.word(OBJECT)? {
        Some(original) => lent(call, &fields, original)?,
        None if fields.has("customer") => {
            // Undocumented by Stripe: our wording.
            let message = "The parameter 'customer' is for a copy of the payment method that 'payment_method' names. Make \
                           this one without it, and attach it to the customer then.";
            return Err(ApiError::request(None, Some("customer"), message).into());
        }
        None => CallMethod::of_details(call, &fields, MethodPlace::Call)?,
    };
    fields.write_to(&mut method.object.body)?;
    method.keep(call)?;
    expand::apply(call, &fields, method.object.body)
}

/// The platform's payment method as a new one of the connected account. The refusal without a connected account is
/// undocumented by Stripe: our wording.
fn lent(call: &mut MinterCall<'_>, fields: &CallFields<'_>, id: &str) -> Result<CallMethod, CallError> {
    let customer = fields.word("customer")?;
    if !call.ledger.is_connected() {
        let message = "A payment method can only be made of another one for a connected account: send the header \
                       Stripe-Account with its id.";
        return Err(ApiError::request(None, Some(OBJECT), message).into());
    }
    let original = call.at_platform(|call| CallMethod::named(call, id))?;
    if let Some(customer) = customer {
        call.at_platform(|call| customer_of_param(call, customer))?;
    }
    if original.customer() != customer {
        return Err(not_of_customer(id).into());
    }
    Ok(CallMethod::copied(call, &original.object))
}

/// `GET /v1/payment_methods/:id`. A ready alias is a new payment method each time.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, OBJECT)?;
    let mut method = of_path(call, ids[0])?;
    method.keep(call)?;
    expand::apply(call, &fields, method.object.body)
}

/// `GET /v1/payment_methods`: those that are attached, to one customer where it is named.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST)?;
    expand::check_list(&fields, OBJECT)?;
    let customer = match fields.word("customer")? {
        Some(id) => Some(customer_of_param(call, id)?.id),
        None => None,
    };
    listed(call, &fields, customer.as_deref(), "/v1/payment_methods")
}

/// `GET /v1/customers/:id/payment_methods`.
pub(super) fn list_of_customer(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST_OF_CUSTOMER)?;
    expand::check_list(&fields, OBJECT)?;
    let customer = customer_of_path(call, ids[0], "customer")?.id;
    listed(call, &fields, Some(&customer), &format!("/v1/customers/{customer}/payment_methods"))
}

fn listed(
    call: &mut MinterCall<'_>,
    fields: &CallFields<'_>,
    customer: Option<&str>,
    url: &str,
) -> Result<Value, CallError> {
    if fields.word("type")?.is_some_and(|kind| kind != CARD) {
        return Ok(lists::empty(url));
    }
    let list = ListQuery { kind: ObjectKind::PaymentMethod, what: "PaymentMethod", parent: customer, url };
    let page = lists::page_of(call, fields, &list, &|method| !method.body["customer"].is_null())?.shown(url);
    expand::apply(call, fields, page)
}

/// `GET /v1/customers/:id/payment_methods/:id`.
pub(super) fn retrieve_of_customer(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, OBJECT)?;
    let customer = customer_of_path(call, ids[0], "customer")?.id;
    let method = of_path(call, ids[1])?;
    if method.customer() != Some(&customer) {
        return Err(not_of_customer(ids[1]).with_status(404).into());
    }
    expand::apply(call, &fields, method.object.body)
}

/// `POST /v1/payment_methods/:id`. Only one that is attached can be changed (docs.stripe.com/api/payment_methods/update);
/// the words are our own.
pub(super) fn update(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &UPDATE)?;
    expand::check(&fields, OBJECT)?;
    let redisplay = fields.choice("allow_redisplay", &REDISPLAY)?;
    let mut method = of_path(call, ids[0])?;
    if method.customer().is_none() {
        let message = "You must save this PaymentMethod to a customer before you can update it.";
        return Err(ApiError::request(None, None, message).of_state().into());
    }
    let before = method.object.body.clone();
    fields.write_to(&mut method.object.body)?;
    method.note_address();
    if let Some(word) = redisplay {
        method.object.body["allow_redisplay"] = word.into();
    }
    let today = TimeZone::UTC.to_datetime(call.now).date();
    sources::update_expiry(today, &fields, ["card[exp_month]", "card[exp_year]"], &mut method.object.body["card"])?;
    method.save(call)?;
    if method.object.kind == ObjectKind::PaymentMethod {
        call.changed(UPDATED, &before, &method.object)?;
    }
    expand::apply(call, &fields, method.object.body)
}

/// `POST /v1/payment_methods/:id/attach`. The bank is asked, as where a card becomes a customer's source.
pub(super) fn attach(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &ATTACH)?;
    expand::check(&fields, OBJECT)?;
    let customer = fields.word("customer")?.ok_or_else(|| ApiError::missing("customer"))?;
    let mut method = of_path(call, ids[0])?;
    let customer = customer_of_param(call, customer)?;
    method.attach(call, &customer.id)?;
    expand::apply(call, &fields, method.object.body)
}

/// `POST /v1/payment_methods/:id/detach`: from then on it cannot be used. A customer whose default it was has none.
pub(super) fn detach(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, OBJECT)?;
    let mut method = of_path(call, ids[0])?;
    let Some(customer) = method.customer().map(str::to_owned) else {
        // Reported.
        let message = "The payment method you provided is not attached to a customer so detachment is impossible.";
        return Err(ApiError::request(None, None, message).of_state().into());
    };
    if method.object.kind == ObjectKind::Card {
        sources::take_from(call, &customer, method.id())?;
        method.object.body["customer"] = Value::Null;
        return expand::apply(call, &fields, method.object.body);
    }
    let before = method.object.body.clone();
    method.detach();
    method.save(call)?;
    call.changed(DETACHED, &before, &method.object)?;
    if let Some(mut customer) = call.ledger.get(ObjectKind::Customer, &customer)? {
        let default = &mut customer.body["invoice_settings"]["default_payment_method"];
        if *default == method.id() {
            *default = Value::Null;
            call.ledger.update(&customer)?;
        }
    }
    expand::apply(call, &fields, method.object.body)
}

/// The payment method that a path names. Recorded.
fn of_path(call: &mut MinterCall<'_>, id: &str) -> Result<CallMethod, CallError> {
    let found = CallMethod::find(call, id)?;
    Ok(found.ok_or_else(|| ApiError::no_such("PaymentMethod", id, "payment_method").with_status(404))?)
}

/// Reported (codes and all): the refusal of a payment method that is not the customer's.
pub(super) fn not_of_customer(id: &str) -> ApiError {
    let message = format!(
        "The customer does not have a payment method with the ID {}. The payment method must be attached to the customer.",
        crate::domain::mask::text(id)
    );
    ApiError::request(Some("resource_missing"), Some(OBJECT), message)
}
