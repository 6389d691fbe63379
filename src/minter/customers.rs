//! `/v1/customers`: who cards are attached to.

use serde_json::{Value, json};

use super::{
    Call, Stop, StoredObject,
    charges::{shipping, text},
    expand,
    fields::{Fields, LONGEST_TEXT, Takes},
    ledger::{Cursor, ObjectKind, PageQuery},
    lists::{self, List},
    shapes, sources,
};
use crate::domain::{call::error::ApiError, mask};

/// The last version that shows the cards of a customer unasked is the one before this.
const SOURCES_LEFT_OUT_SINCE: &str = "2020-08-27";
const LONGEST_EMAIL: usize = 512;
const LONGEST_NAME: usize = 256;
const LONGEST_PHONE: usize = 20;
/// A default.
const LARGEST_NUMBER: i64 = 99_999_999;
/// No customer has more cards than are dropped with it at once.
const MOST_CARDS: usize = 10_000;

/// Everything of the spec that makes or changes what the minter does not play.
const NOT_MODELLED: &[&str] = &[
    "bank_account",
    "cash_balance",
    "coupon",
    "default_alipay_account",
    "default_bank_account",
    "invoice_settings[custom_fields]",
    "invoice_settings[default_payment_method]",
    "invoice_settings[rendering_options]",
    "payment_method",
    "promotion_code",
    "tax",
    "tax_id_data",
    "test_clock",
];
const CREATE: Takes = Takes {
    names: &[
        "address",
        "address[*address]",
        "balance",
        "card",
        "description",
        "email",
        "expand[*]",
        "id",
        "invoice_prefix",
        "invoice_settings[footer]",
        "metadata",
        "metadata[*]",
        "name",
        "next_invoice_sequence",
        "phone",
        "preferred_locales[*]",
        "shipping",
        "shipping[address][*address]",
        "shipping[name]",
        "shipping[phone]",
        "source",
        "tax_exempt",
    ],
    not_modelled: NOT_MODELLED,
};
const UPDATE: Takes = Takes {
    names: &[
        "address",
        "address[*address]",
        "balance",
        "card",
        "default_card",
        "default_source",
        "description",
        "email",
        "expand[*]",
        "invoice_prefix",
        "invoice_settings[footer]",
        "metadata",
        "metadata[*]",
        "name",
        "next_invoice_sequence",
        "phone",
        "preferred_locales[*]",
        "shipping",
        "shipping[address][*address]",
        "shipping[name]",
        "shipping[phone]",
        "source",
        "tax_exempt",
    ],
    not_modelled: NOT_MODELLED,
};
const RETRIEVE: Takes = Takes { names: &["expand[*]"], not_modelled: &[] };
const PAGE: Takes = Takes {
    names: &[
        "created",
        "created[gt]",
        "created[gte]",
        "created[lt]",
        "created[lte]",
        "email",
        "ending_before",
        "starting_after",
        "limit",
        "expand[*]",
    ],
    not_modelled: &["test_clock"],
};

/// `POST /v1/customers`. With a card that does not attach, no customer is made.
pub(super) fn create(call: &mut Call<'_>, _: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &CREATE)?;
    expand::check(&fields, "customer")?;
    let mut customer = blank(call);
    if let Some(own) = fields.word("id")? {
        customer["id"] = own_id(call, own)?.into();
    }
    write(&fields, &mut customer)?;
    let parent = email(call, &fields)?.flatten();
    let id = text(&customer, "id");
    if let Some(card) = sources::named(call, &fields)? {
        customer["default_source"] = sources::attach(call, card, &id)?.id.into();
    }
    let stored = StoredObject {
        kind: ObjectKind::Customer,
        id,
        parent,
        created: call.now.as_second(),
        body: customer,
        state: Value::Null,
    };
    call.ledger.insert(&stored)?;
    show(call, &fields, stored.body)
}

/// `GET /v1/customers/:id`. One that was deleted says so.
pub(super) fn retrieve(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &RETRIEVE)?;
    if let Some(deleted) = call.ledger.get(ObjectKind::DeletedCustomer, ids[0])? {
        return Ok(deleted.body);
    }
    let customer = find(call, ids[0])?;
    show(call, &fields, customer.body)
}

/// `GET /v1/customers`, those with an email address only where one is given.
pub(super) fn list(call: &mut Call<'_>, _: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &PAGE)?;
    let email = fields.word("email")?.map(|email| call.workspace.identities().stored(email));
    let list = List { kind: ObjectKind::Customer, what: "customer", parent: email.as_deref(), url: "/v1/customers" };
    let page = lists::page(call, &fields, &list)?;
    expand::apply(call, &fields, page)
}

/// `POST /v1/customers/:id`. A new `source` takes the place of the default one, which is deleted.
pub(super) fn update(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    let fields = Fields::of(call.request, &UPDATE)?;
    expand::check(&fields, "customer")?;
    let mut customer = find(call, ids[0])?;
    write(&fields, &mut customer.body)?;
    if let Some(email) = email(call, &fields)? {
        customer.parent = email;
    }
    for param in ["default_source", "default_card"] {
        if let Some(card) = fields.word(param)? {
            let known = call.ledger.get(ObjectKind::Card, card)?;
            known.filter(|known| known.parent.as_deref() == Some(&customer.id)).ok_or_else(|| {
                let message = format!("Customer {} does not have card with ID {}", customer.id, mask::text(card));
                ApiError::request(Some("resource_missing"), Some(param), message)
            })?;
            customer.body["default_source"] = card.into();
        }
    }
    if let Some(card) = sources::named(call, &fields)? {
        let card = sources::attach(call, card, &customer.id)?;
        if let Some(old) = customer.body["default_source"].as_str() {
            call.ledger.remove(ObjectKind::Card, old)?;
        }
        customer.body["default_source"] = card.id.into();
    }
    call.ledger.update(&customer)?;
    show(call, &fields, customer.body)
}

/// `DELETE /v1/customers/:id`: the cards go too.
pub(super) fn delete(call: &mut Call<'_>, ids: &[&str]) -> Result<Value, Stop> {
    Fields::of(call.request, &RETRIEVE)?;
    let mut customer = find(call, ids[0])?;
    let all = PageQuery {
        kind: ObjectKind::Card,
        parent: Some(&customer.id),
        created: i64::MIN..=i64::MAX,
        cursor: Cursor::Start,
        limit: MOST_CARDS,
    };
    for card in call.ledger.page(&all)? {
        call.ledger.remove(ObjectKind::Card, &card.id)?;
    }
    call.ledger.remove(ObjectKind::Customer, &customer.id)?;
    customer.body = json!({ "id": customer.id, "object": "customer", "deleted": true });
    customer.kind = ObjectKind::DeletedCustomer;
    customer.parent = None;
    call.ledger.insert(&customer)?;
    Ok(customer.body)
}

/// The customer that a path names; one that was deleted does not count.
pub(super) fn find(call: &mut Call<'_>, id: &str) -> Result<StoredObject, Stop> {
    let found = call.ledger.get(ObjectKind::Customer, id)?;
    Ok(found.ok_or_else(|| ApiError::no_such("customer", id, "id").with_status(404))?)
}

fn blank(call: &Call<'_>) -> Value {
    let id = call.ids.customer(call.now);
    json!({
        "id": id,
        "object": "customer",
        "address": null,
        "balance": 0,
        "created": call.now.as_second(),
        "currency": null,
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
fn own_id(call: &mut Call<'_>, id: &str) -> Result<String, Stop> {
    let refused = |code, message: &str| Err(ApiError::request(code, Some("id"), message).into());
    if !mask::is_whole(id) {
        return refused(
            None,
            "Testcard keeps no card number, security code or key, and this id holds what may be one: choose another id.",
        );
    }
    for kind in [ObjectKind::Customer, ObjectKind::DeletedCustomer] {
        if call.ledger.get(kind, id)?.is_some() {
            return refused(Some("resource_already_exists"), "Customer already exists.");
        }
    }
    Ok(id.to_owned())
}

/// What lists find the customer by: the outer `None` where no email address was sent, the inner one where it was unset.
#[expect(clippy::option_option, reason = "absent and unset are two things")]
fn email(call: &Call<'_>, fields: &Fields<'_>) -> Result<Option<Option<String>>, ApiError> {
    let Some(email) = fields.raw("email") else { return Ok(None) };
    if email.is_empty() {
        return Ok(Some(None));
    }
    check_email(email)?;
    Ok(Some(Some(call.workspace.identities().stored(email))))
}

fn write(fields: &Fields<'_>, customer: &mut Value) -> Result<(), ApiError> {
    for (name, longest) in [
        ("email", LONGEST_EMAIL),
        ("name", LONGEST_NAME),
        ("phone", LONGEST_PHONE),
        ("description", LONGEST_TEXT),
        ("invoice_prefix", LONGEST_TEXT),
    ] {
        fields.text(name, longest)?.write(customer, name);
    }
    fields.address("address")?.write(customer, "address");
    if let Some(balance) = fields.integer("balance", -LARGEST_NUMBER..=LARGEST_NUMBER)? {
        customer["balance"] = balance.into();
    }
    if let Some(next) = fields.integer("next_invoice_sequence", 1..=LARGEST_NUMBER)? {
        customer["next_invoice_sequence"] = next.into();
    }
    if fields.raw("tax_exempt") == Some("") {
        customer["tax_exempt"] = "none".into();
    } else if let Some(word) = fields.choice("tax_exempt", &["exempt", "none", "reverse"])? {
        customer["tax_exempt"] = word.into();
    }
    let footer = fields.text("invoice_settings[footer]", LONGEST_TEXT)?;
    footer.write(&mut customer["invoice_settings"], "footer");
    if fields.has("preferred_locales") {
        let locales = fields.texts("preferred_locales");
        customer["preferred_locales"] = locales.filter(|locale| !locale.is_empty()).collect();
    }
    if fields.has("shipping") {
        customer["shipping"] = shipping(fields)?;
    }
    fields.metadata(customer)
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

/// A customer as this call's version shows it, with what it wants expanded.
fn show(call: &mut Call<'_>, fields: &Fields<'_>, mut customer: Value) -> Result<Value, Stop> {
    let is_old =
        call.request.header("Stripe-Version").is_some() && !shapes::is_since(call.request, SOURCES_LEFT_OUT_SINCE);
    if is_old {
        let sources = lists::sources_of(call, &text(&customer, "id"))?;
        shapes::add(&mut customer, "sources", sources);
    }
    expand::apply(call, fields, customer)
}
