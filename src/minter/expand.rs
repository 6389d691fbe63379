//! The parameter `expand[]`: puts the object itself in the place of its id.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    balance,
    call::{CallError, MinterCall},
    fields::CallFields,
    ledger::LedgerError,
    lists,
    shape_rules::{CUSTOMER_LISTS_LEFT_OUT, REFUNDS_LEFT_OUT, SOURCES},
    shapes,
    stored_object::ObjectKind,
};
use crate::domain::{call::error::ApiError, mask};

/// The most properties that one path goes down (docs.stripe.com/api/expanding_objects).
const DEEPEST: usize = 4;

/// What stands at a property that can be expanded.
enum ExpandProperty {
    /// The id of an object, or null.
    Id(ObjectKind),
    /// The id of a balance transaction, or null.
    BalanceTransaction,
    /// The id of the charge, the refund or the dispute that a balance transaction is of.
    BalanceSource,
    /// A list that is left out until it is asked for.
    Refunds,
    Sources,
    /// The charges of an intent, in the versions that show them.
    Charges,
    /// A dictionary in which something can be expanded, by the name that it has here.
    Dictionary(&'static str),
    /// Such a list of what the account has none of.
    NoneOf,
    /// A field that is left out until it is asked for, and null then.
    AddedNull,
    /// A card that is always there in full.
    Card,
    /// A dictionary, always there in full. Whatever can be expanded in it is null here.
    Part,
    /// Always null here.
    Null,
    /// Stripe expands it, and the minter has no such objects.
    NotModelled,
}

/// The properties that Stripe expands: those of its specification, with those of older versions.
fn property(object: &str, name: &str) -> Option<ExpandProperty> {
    Some(match (object, name) {
        ("charge" | "card" | "refund" | "payment_method" | "payment_intent" | "setup_intent", "customer") => {
            ExpandProperty::Id(ObjectKind::Customer)
        }
        ("refund" | "dispute" | WARNING, "charge") | ("payment_intent", "latest_charge") => {
            ExpandProperty::Id(ObjectKind::Charge)
        }
        ("charge" | "refund" | "dispute" | WARNING, "payment_intent") => ExpandProperty::Id(ObjectKind::PaymentIntent),
        ("charge", "dispute") => ExpandProperty::Id(ObjectKind::Dispute),
        ("dispute", "balance_transaction") | ("refund", "failure_balance_transaction") => {
            ExpandProperty::Id(ObjectKind::BalanceTransaction)
        }
        ("payment_intent" | "setup_intent" | INVOICE_SETTINGS, "payment_method" | "default_payment_method") => {
            ExpandProperty::Id(ObjectKind::PaymentMethod)
        }
        ("payment_intent", "charges") => ExpandProperty::Charges,
        ("customer", "invoice_settings") => ExpandProperty::Dictionary(INVOICE_SETTINGS),
        ("customer", "default_source") => ExpandProperty::Id(ObjectKind::Card),
        ("charge" | "refund", "balance_transaction") => ExpandProperty::BalanceTransaction,
        ("balance_transaction", "source") => ExpandProperty::BalanceSource,
        // What a balance shows of it is up to the account: see there.
        ("balance", "instant_available") => ExpandProperty::Dictionary(INSTANT_AVAILABLE),
        ("charge", "refunds") => ExpandProperty::Refunds,
        ("customer", "sources") => ExpandProperty::Sources,
        ("customer", "subscriptions" | "tax_ids") => ExpandProperty::NoneOf,
        ("customer", "cash_balance") => ExpandProperty::AddedNull,
        ("charge", "card" | "source") | ("token", "card") => ExpandProperty::Card,
        (
            "charge",
            "billing_details"
            | "fraud_details"
            | "outcome"
            | "payment_method_details"
            | "radar_options"
            | "shipping"
            | "transfer_data",
        )
        | ("customer", "address" | "shipping")
        | ("payment_intent", "last_payment_error" | "next_action" | "shipping" | "transfer_data")
        | ("setup_intent", "last_setup_error" | "next_action")
        | ("refund", "destination_details")
        | ("dispute", "balance_transactions" | "evidence" | "evidence_details" | "payment_method_details")
        | ("payment_method", "billing_details" | "card")
        | ("account", "capabilities" | "settings")
        | ("balance", "available" | "pending")
        | (INSTANT_AVAILABLE, "net_available") => ExpandProperty::Part,
        (
            "charge",
            "application"
            | "application_fee"
            | "destination"
            | "failure_balance_transaction"
            | "invoice"
            | "on_behalf_of"
            | "order"
            | "review"
            | "source_transfer"
            | "transfer",
        )
        | ("payment_intent", "application" | "invoice" | "on_behalf_of" | "review" | "source")
        | ("setup_intent", "application" | "mandate" | "on_behalf_of" | "single_use_mandate")
        | ("refund", "payment_method" | "source_transfer_reversal" | "transfer_reversal")
        | ("dispute", "customer")
        | ("card", "account")
        | ("customer", "discount" | "test_clock")
        | ("token", "bank_account") => ExpandProperty::Null,
        ("customer", "tax") | ("setup_intent", "latest_attempt") => ExpandProperty::NotModelled,
        _ => return None,
    })
}

/// What a path leads to, as far as it is followed.
#[derive(Clone, Copy)]
enum ExpandNode {
    Object(&'static str),
    /// A list of these objects.
    ListQuery(&'static str),
    /// Nothing is below it, and whatever is asked for below it is not there.
    Null,
}

/// Checks that every path names what can be expanded in an object of this kind, before anything is done for the call:
/// what passes here is not refused by [`apply`], when the call may be carried out already.
pub(super) fn check(fields: &CallFields<'_>, object: &'static str) -> Result<(), ApiError> {
    fields.expand().try_for_each(|path| check_path(path, ExpandNode::Object(object)))
}

/// As [`check`], for an object that a publishable key may ask for too: of that, a payer's browser sees nothing more than
/// the payment method in the place of its id. Undocumented by Stripe: our wording.
pub(super) fn check_for_caller(
    call: &MinterCall<'_>,
    fields: &CallFields<'_>,
    object: &'static str,
) -> Result<(), ApiError> {
    check(fields, object)?;
    let Some(path) = fields.expand().find(|path| call.is_publishable && *path != "payment_method") else {
        return Ok(());
    };
    let ApiError { message, .. } = cannot_be_expanded(path);
    Err(ApiError::request(None, None, format!("{message} With a publishable key, only 'payment_method' can.")))
}

/// As [`check`], for a list of objects of this kind.
pub(super) fn check_list(fields: &CallFields<'_>, element: &'static str) -> Result<(), ApiError> {
    fields.expand().try_for_each(|path| check_path(path, ExpandNode::ListQuery(element)))
}

fn check_path(path: &str, mut node: ExpandNode) -> Result<(), ApiError> {
    check_depth(path)?;
    let mut end = 0;
    for (nth, name) in path.split('.').enumerate() {
        end += name.len() + usize::from(nth > 0);
        let refused = || cannot_be_expanded(&path[..end]);
        node = match node {
            ExpandNode::Null => ExpandNode::Null,
            ExpandNode::ListQuery(element) if name == "data" => ExpandNode::Object(element),
            ExpandNode::ListQuery(_) if nth == 0 => return Err(lies_in_data(name)),
            ExpandNode::ListQuery(_) => return Err(refused()),
            ExpandNode::Object(object) => match property(object, name).ok_or_else(refused)? {
                ExpandProperty::Id(kind) => ExpandNode::Object(kind.as_str()),
                ExpandProperty::BalanceTransaction => ExpandNode::Object(BALANCE_TRANSACTION),
                // Of a refund or a dispute it is that; what only a charge has is then left alone.
                ExpandProperty::BalanceSource => ExpandNode::Object(ObjectKind::Charge.as_str()),
                ExpandProperty::Refunds => ExpandNode::ListQuery(ObjectKind::Refund.as_str()),
                ExpandProperty::Sources => ExpandNode::ListQuery(ObjectKind::Card.as_str()),
                ExpandProperty::Charges => ExpandNode::ListQuery(ObjectKind::Charge.as_str()),
                ExpandProperty::Dictionary(dictionary) => ExpandNode::Object(dictionary),
                ExpandProperty::Card => ExpandNode::Object(ObjectKind::Card.as_str()),
                ExpandProperty::NoneOf | ExpandProperty::AddedNull | ExpandProperty::Part | ExpandProperty::Null => {
                    ExpandNode::Null
                }
                ExpandProperty::NotModelled => return Err(not_modelled(name)),
            },
        };
    }
    Ok(())
}

const BALANCE_TRANSACTION: &str = "balance_transaction";
const WARNING: &str = "radar.early_fraud_warning";
const INVOICE_SETTINGS: &str = "customer.invoice_settings";
const INSTANT_AVAILABLE: &str = "balance.instant_available";

/// Expands everything that the call names, in its answer. The paths have been checked by [`check`] or [`check_list`].
pub(super) fn apply(call: &mut MinterCall<'_>, fields: &CallFields<'_>, mut answer: Value) -> Result<Value, CallError> {
    let paths: BTreeSet<&str> = fields.expand().collect();
    for path in paths {
        let parts: Vec<&str> = path.split('.').collect();
        expand_path(call, &mut answer, &parts, "")?;
    }
    Ok(answer)
}

fn check_depth(path: &str) -> Result<(), ApiError> {
    if path.split('.').count() <= DEEPEST {
        return Ok(());
    }
    // Reported, with the code.
    let message = format!("You cannot expand more than {DEEPEST} levels of a property. Property: {}", mask::text(path));
    Err(ApiError::request(Some("property_expansion_max_depth"), None, message))
}

/// Follows a path into an object, or into a dictionary that has this name here.
fn expand_path(
    call: &mut MinterCall<'_>,
    value: &mut Value,
    parts: &[&str],
    dictionary: &str,
) -> Result<(), CallError> {
    let [name, rest @ ..] = parts else { return Ok(()) };
    if !value.is_object() || value.get("deleted").is_some() {
        return Ok(());
    }
    let object = value["object"].as_str().unwrap_or(dictionary).to_owned();
    if object == "list" && *name == "data" {
        for element in value["data"].as_array_mut().into_iter().flatten() {
            expand_path(call, element, rest, "")?;
        }
        return Ok(());
    }
    let id = value["id"].as_str().unwrap_or_default().to_owned();
    let mut inner = "";
    match property(&object, name).unwrap_or(ExpandProperty::Null) {
        ExpandProperty::Id(kind) => put_object(call, value, name, kind)?,
        ExpandProperty::BalanceTransaction => put_balance_transaction(call, value)?,
        ExpandProperty::BalanceSource => {
            let kind = match value["type"].as_str() {
                Some("refund" | balance::REFUND_FAILURE) => ObjectKind::Refund,
                Some(balance::ADJUSTMENT) => ObjectKind::Dispute,
                _ => ObjectKind::Charge,
            };
            put_object(call, value, name, kind)?;
        }
        ExpandProperty::Refunds => shapes::add(value, name, lists::refunds_of(call, &id)?),
        ExpandProperty::Sources => shapes::add(value, name, lists::sources_of(call, &id, name)?),
        ExpandProperty::NoneOf => shapes::add(value, name, shapes::empty_list(&format!("/v1/customers/{id}/{name}"))),
        ExpandProperty::AddedNull => shapes::add(value, name, Value::Null),
        ExpandProperty::Charges => {
            let charges = lists::charges_of(call, &id)?;
            shapes::add(value, name, charges);
        }
        ExpandProperty::Dictionary(dictionary) => inner = dictionary,
        ExpandProperty::Card => {}
        ExpandProperty::Part | ExpandProperty::Null | ExpandProperty::NotModelled => return Ok(()),
    }
    match value.get_mut(*name) {
        Some(next) if !rest.is_empty() => expand_path(call, next, rest, inner),
        _ => Ok(()),
    }
}

/// Puts an object in the place of its id, also a customer that was deleted; an id that leads nowhere stays. A field that
/// is not there, as the customer of a token's card, is not added: it has its place where the version shows it.
fn put_object(call: &mut MinterCall<'_>, value: &mut Value, name: &str, kind: ObjectKind) -> Result<(), CallError> {
    let Some(place) = value.get_mut(name) else { return Ok(()) };
    let Some(id) = place.as_str() else { return Ok(()) };
    let mut found = call.ledger.get(kind, id)?;
    if found.is_none() && kind == ObjectKind::Customer {
        found = call.ledger.get(ObjectKind::DeletedCustomer, id)?;
    }
    if let Some(found) = found {
        *place = found.body;
    }
    Ok(())
}

/// Puts the balance transaction of a charge or a refund in the place of its id.
fn put_balance_transaction(call: &mut MinterCall<'_>, value: &mut Value) -> Result<(), CallError> {
    if !value[BALANCE_TRANSACTION].is_string() {
        return Ok(());
    }
    let is_refund = value["object"] == "refund";
    // The charge of a refund may be expanded already.
    let charge =
        if is_refund { value["charge"].as_str().or(value["charge"]["id"].as_str()) } else { value["id"].as_str() };
    let charge = match charge {
        Some(id) => call.ledger.get(ObjectKind::Charge, id)?,
        None => None,
    };
    value[BALANCE_TRANSACTION] = match charge {
        _ if is_refund => balance::of_refund(call, value, charge.as_ref()),
        Some(charge) => balance::of_charge(call, &charge),
        None => return Ok(()),
    };
    Ok(())
}

/// Adds the lists that old versions show unasked: the refunds of each charge, the cards of each customer.
///
/// # Errors
/// A ledger that cannot be read.
pub(super) fn add_unasked(call: &mut MinterCall<'_>, mut answer: Value) -> Result<Value, CallError> {
    if !call.version.is_since(REFUNDS_LEFT_OUT) {
        add_lists(call, &mut answer)?;
    }
    Ok(answer)
}

/// As [`add_unasked`], to the objects that an error shows.
///
/// # Errors
/// A ledger that cannot be read.
pub(super) fn add_unasked_to_error(call: &mut MinterCall<'_>, mut error: ApiError) -> Result<ApiError, LedgerError> {
    for (_, object) in &mut error.objects {
        *object = match add_unasked(call, object.take()) {
            Ok(object) => object,
            Err(CallError::Ledger(error)) => return Err(error),
            Err(CallError::Refused(other)) => return Ok(other),
        };
    }
    Ok(error)
}

fn add_lists(call: &mut MinterCall<'_>, value: &mut Value) -> Result<(), CallError> {
    match value {
        Value::Array(items) => return items.iter_mut().try_for_each(|item| add_lists(call, item)),
        Value::Object(fields) => {
            fields
                .iter_mut()
                .filter(|(name, _)| *name != "metadata")
                .try_for_each(|(_, inner)| add_lists(call, inner))?;
        }
        _ => return Ok(()),
    }
    let id = shapes::text(value, "id");
    let is_left_out = |name: &str| value.get("deleted").is_none() && value.get(name).is_none();
    match value["object"].as_str() {
        Some("payment_intent") if is_left_out("charges") && !call.is_publishable => {
            let mut charges = lists::charges_of(call, &id)?;
            add_lists(call, &mut charges)?;
            shapes::add(value, "charges", charges);
        }
        Some("charge") if is_left_out("refunds") => shapes::add(value, "refunds", lists::refunds_of(call, &id)?),
        Some("customer") if !call.version.is_since(CUSTOMER_LISTS_LEFT_OUT) => {
            let has_cards = !call.version.is_since(SOURCES) && is_left_out("cards");
            if is_left_out("sources") {
                shapes::add(value, "sources", lists::sources_of(call, &id, "sources")?);
            }
            if has_cards {
                shapes::add(value, "cards", lists::sources_of(call, &id, "cards")?);
            }
        }
        _ => {}
    }
    Ok(())
}

fn not_modelled(name: &str) -> ApiError {
    ApiError::request(None, None, format!("Testcard's local minter does not model '{name}', so it cannot expand it."))
}

/// What is asked for of a list itself and not of its elements. Reported (stripe/stripe-python#316), whether or not they
/// have such a property.
fn lies_in_data(name: &str) -> ApiError {
    let ApiError { message, .. } = cannot_be_expanded(name);
    let name = mask::text(name);
    ApiError::request(None, None, format!("{message} You may want to try expanding 'data.{name}' instead."))
}

/// The refusal of a path, up to the property that is none.
fn cannot_be_expanded(path: &str) -> ApiError {
    ApiError::request(None, None, format!("This property cannot be expanded ({}).", mask::text(path)))
}
