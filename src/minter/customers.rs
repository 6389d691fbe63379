//! `/v1/customers`: who cards are attached to.

use serde_json::{Value, json};

use super::{
    accepted::{AcceptedParams, METADATA, WriteRule, WrittenParam},
    call::{CallError, MinterCall},
    expand,
    fields::{CallFields, LONGEST_TEXT},
    ledger::PageQuery,
    lists::{self, ListQuery},
    lookup::{card_of_customer, customer_of_path},
    method_object::CallMethod,
    payment_methods, shapes, sources,
    stored_object::ObjectKind,
};
use crate::domain::{
    call::{error::ApiError, event_type::EventType},
    mask,
};

const CREATED: EventType = EventType::named("customer.created");
const UPDATED: EventType = EventType::named("customer.updated");
const DELETED: EventType = EventType::named("customer.deleted");
const LONGEST_EMAIL: usize = 512;
const LONGEST_NAME: usize = 256;
const LONGEST_PHONE: usize = 20;
/// The largest balance and invoice number. Undocumented by Stripe: our choice.
const LARGEST_NUMBER: i64 = 99_999_999;
/// So many cards are deleted with their customer at most: more than any has, so that none is left behind.
const MOST_CARDS: usize = 10_000;

/// Every parameter of Stripe's specification that makes or changes what the minter does not play.
const NOT_MODELLED: &[&str] = &[
    "bank_account",
    "business_vat_id",
    "cash_balance",
    "coupon",
    "default_alipay_account",
    "default_bank_account",
    "invoice_settings[custom_fields]",
    "invoice_settings[rendering_options]",
    "plan",
    "promotion_code",
    "quantity",
    "tax",
    "tax_id_data",
    "tax_info",
    "tax_percent",
    "test_clock",
    "trial_end",
    "trial_period_days",
    "validate",
];
/// Which payment method pays the invoices.
const DEFAULT_METHOD: &str = "invoice_settings[default_payment_method]";
/// The name of `balance` in older versions, which Stripe still takes.
const OLD_BALANCE: &str = "account_balance";
/// What can be given when a customer is made and changed later.
const WRITTEN: &[WrittenParam] = &[
    WrittenParam::text("email", LONGEST_EMAIL),
    WrittenParam::text("name", LONGEST_NAME),
    WrittenParam::text("phone", LONGEST_PHONE),
    WrittenParam::text("description", LONGEST_TEXT),
    WrittenParam::text("invoice_prefix", LONGEST_TEXT),
    WrittenParam::with_parts("address", &["address", "address[*address]"], WriteRule::Address),
    WrittenParam::new("balance", WriteRule::Integer { least: -LARGEST_NUMBER, most: LARGEST_NUMBER }),
    WrittenParam::new("next_invoice_sequence", WriteRule::Integer { least: 1, most: LARGEST_NUMBER }),
    WrittenParam::new("tax_exempt", WriteRule::Word { words: &["exempt", "none", "reverse"], when_empty: "none" }),
    WrittenParam::text("invoice_settings[footer]", LONGEST_TEXT),
    WrittenParam::with_parts("preferred_locales", &["preferred_locales[*]"], WriteRule::Texts),
    WrittenParam::with_parts(
        "shipping",
        &["shipping", "shipping[address][*address]", "shipping[name]", "shipping[phone]"],
        WriteRule::Shipping,
    ),
    METADATA,
];

const CREATE: AcceptedParams = AcceptedParams {
    written: &[WRITTEN],
    read: &[&["id", "card", "source", "payment_method", DEFAULT_METHOD, OLD_BALANCE]],
    not_modelled: NOT_MODELLED,
};
const UPDATE: AcceptedParams = AcceptedParams {
    written: &[WRITTEN],
    read: &[&["card", "source", "default_card", "default_source", DEFAULT_METHOD, OLD_BALANCE]],
    not_modelled: NOT_MODELLED,
};
const LIST: AcceptedParams =
    AcceptedParams { written: &[], read: &[&["email"], lists::CREATED, lists::PAGING], not_modelled: &["test_clock"] };

/// `POST /v1/customers`. With a card that does not attach, no customer is made.
pub(super) fn create(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &CREATE)?;
    expand::check(&fields, "customer")?;
    let mut customer = blank(call);
    if let Some(own) = fields.word("id")? {
        customer["id"] = own_id(call, own)?.into();
    }
    write_fields(&fields, &mut customer)?;
    let parent = email(call, &fields)?.flatten();
    let id = shapes::text(&customer, "id");
    let method = match fields.word("payment_method")? {
        Some(method) => Some(CallMethod::named(call, method)?),
        None => None,
    };
    // The one that comes with the customer may be its default one at once.
    if let Some(default) = fields.word(DEFAULT_METHOD)? {
        if method.as_ref().is_none_or(|method| method.id() != default) {
            return Err(not_of_customer(call, default)?.into());
        }
        customer["invoice_settings"]["default_payment_method"] = default.into();
    }
    let source = sources::named(call, &fields)?;
    // Where one of the two does not attach, the other one does not either.
    if let Some(method) = &method {
        method.check_attach(call, &id)?;
    }
    let mut attached = None;
    if let Some(card) = source {
        let card = sources::attach(call, card, &id)?;
        customer["default_source"] = card.id.clone().into();
        attached = Some(card);
    }
    if let Some(mut method) = method {
        method.attach(call, &id)?;
    }
    let stored = call.keep(ObjectKind::Customer, parent, customer, Value::Null)?;
    call.happened(CREATED, &stored)?;
    if let Some(card) = attached {
        call.happened(sources::CREATED, &card)?;
    }
    expand::apply(call, &fields, stored.body)
}

/// `GET /v1/customers/:id`. A deleted customer is answered with `"deleted": true`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, "customer")?;
    if let Some(deleted) = call.ledger.get(ObjectKind::DeletedCustomer, ids[0])? {
        return Ok(deleted.body);
    }
    let customer = customer_of_path(call, ids[0], "id")?;
    expand::apply(call, &fields, customer.body)
}

/// `GET /v1/customers`, those with an email address only where one is given.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST)?;
    expand::check_list(&fields, "customer")?;
    let email = fields.word("email")?.map(|email| call.workspace.identities().stored(email));
    let list =
        ListQuery { kind: ObjectKind::Customer, what: "customer", parent: email.as_deref(), url: "/v1/customers" };
    let page = lists::page(call, &fields, &list)?;
    expand::apply(call, &fields, page)
}

/// `POST /v1/customers/:id`. A new `source` takes the place of the default one, which is deleted.
pub(super) fn update(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &UPDATE)?;
    expand::check(&fields, "customer")?;
    let mut customer = customer_of_path(call, ids[0], "id")?;
    let before = customer.body.clone();
    write_fields(&fields, &mut customer.body)?;
    if let Some(email) = email(call, &fields)? {
        customer.parent = email;
    }
    for param in ["default_source", "default_card"] {
        if let Some(card) = fields.word(param)? {
            // Reported: the refusal names the param `source`.
            let found = card_of_customer(call, card, &customer.id)?;
            found.ok_or_else(|| ApiError::no_such("source", card, "source"))?;
            customer.body["default_source"] = card.into();
        }
    }
    match fields.raw(DEFAULT_METHOD) {
        None => {}
        Some("") => customer.body["invoice_settings"]["default_payment_method"] = Value::Null,
        Some(default) => {
            let found = CallMethod::find(call, default)?;
            if found.is_none_or(|method| method.customer() != Some(&customer.id)) {
                return Err(not_of_customer(call, default)?.into());
            }
            customer.body["invoice_settings"]["default_payment_method"] = default.into();
        }
    }
    if let Some(card) = sources::named(call, &fields)? {
        let card = sources::attach(call, card, &customer.id)?;
        call.happened(sources::CREATED, &card)?;
        if let Some(old) = customer.body["default_source"].as_str() {
            sources::drop_card(call, old)?;
        }
        customer.body["default_source"] = card.id.into();
    }
    call.ledger.update(&customer)?;
    call.changed(UPDATED, &before, &customer)?;
    expand::apply(call, &fields, customer.body)
}

/// `DELETE /v1/customers/:id`: the cards go too, and payment methods are detached.
pub(super) fn delete(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    let mut customer = customer_of_path(call, ids[0], "id")?;
    let all = PageQuery::newest(ObjectKind::Card, &customer.id, MOST_CARDS);
    for card in call.ledger.page(&all)? {
        sources::drop_card(call, &card.id)?;
    }
    let all = PageQuery::newest(ObjectKind::PaymentMethod, &customer.id, MOST_CARDS);
    for object in call.ledger.page(&all)? {
        let mut method = CallMethod::kept(object);
        method.detach();
        method.save(call)?;
    }
    call.ledger.remove(ObjectKind::Customer, &customer.id)?;
    call.happened_to_unkept(DELETED, customer.body)?;
    customer.body = json!({ "id": customer.id, "object": "customer", "deleted": true });
    customer.kind = ObjectKind::DeletedCustomer;
    customer.parent = None;
    call.ledger.insert(&customer)?;
    Ok(customer.body)
}

/// The refusal of a default payment method that the customer does not have; of a ready alias it names the payment method
/// that was made of it. Reported.
fn not_of_customer(call: &mut MinterCall<'_>, id: &str) -> Result<ApiError, CallError> {
    let found = CallMethod::find(call, id)?;
    let error = payment_methods::not_of_customer(found.as_ref().map_or(id, CallMethod::id));
    Ok(ApiError { param: Some(DEFAULT_METHOD.to_owned()), ..error })
}

/// Writes everything that was sent into a customer, also by its older name.
fn write_fields(fields: &CallFields<'_>, customer: &mut Value) -> Result<(), ApiError> {
    fields.write_to(customer)?;
    if let Some(balance) = fields.integer(OLD_BALANCE, -LARGEST_NUMBER..=LARGEST_NUMBER)? {
        customer["balance"] = balance.into();
    }
    Ok(())
}

fn blank(call: &MinterCall<'_>) -> Value {
    let id = call.ids.customer(call.now);
    json!({
        "id": id,
        "object": "customer",
        "address": null,
        "balance": 0,
        "created": call.now.as_second(),
        "currency": null,
        "customer_account": null,
        "default_source": null,
        "delinquent": false,
        "description": null,
        "discount": null,
        "email": null,
        // Eight characters of its own.
        "invoice_prefix": id[id.len() - 8..].to_ascii_uppercase(),
        "invoice_settings": {
            "custom_fields": null,
            "default_payment_method": null,
            "footer": null,
            "rendering_options": null,
        },
        "livemode": false,
        "metadata": {},
        "name": null,
        "next_invoice_sequence": 1,
        "phone": null,
        "preferred_locales": [],
        "shipping": null,
        "tax_exempt": "none",
        "test_clock": null,
    })
}

/// The id that a customer is given by its maker: what Stripe takes, though its pages do not list it.
///
/// # Errors
/// One that exists, and one that may not be kept as it is.
fn own_id(call: &mut MinterCall<'_>, id: &str) -> Result<String, CallError> {
    if !mask::is_whole(id) {
        let message = "Testcard keeps no card number, security code or key, and this id holds what may be one: choose \
                       another id.";
        return Err(ApiError::request(None, Some("id"), message).into());
    }
    for kind in [ObjectKind::Customer, ObjectKind::DeletedCustomer] {
        if call.ledger.get(kind, id)?.is_some() {
            // Reported, without a param.
            let error = ApiError::request(Some("resource_already_exists"), None, "Customer already exists.");
            return Err(error.of_state().into());
        }
    }
    Ok(id.to_owned())
}

/// What lists find the customer by: the outer `None` where no email address was sent, the inner one where it was unset.
#[expect(clippy::option_option, reason = "absent and unset are two things")]
fn email(call: &MinterCall<'_>, fields: &CallFields<'_>) -> Result<Option<Option<String>>, ApiError> {
    let Some(email) = fields.raw("email") else { return Ok(None) };
    if email.is_empty() {
        return Ok(Some(None));
    }
    check_email(email)?;
    Ok(Some(Some(call.workspace.identities().stored(email))))
}

/// Recorded: `Invalid email address: x`, code `email_invalid`.
fn check_email(email: &str) -> Result<(), ApiError> {
    let is_address = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if is_address && !email.contains(char::is_whitespace) {
        return Ok(());
    }
    let message = format!("Invalid email address: {}", mask::identity(email));
    Err(ApiError::request(Some("email_invalid"), Some("email"), message))
}
