//! The parameter `expand[]`: puts the object itself in the place of its id.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    call::{CallError, MinterCall},
    fields::CallFields,
    ledger::ObjectKind,
    lists,
    shape_rules::{CUSTOMER_LISTS_LEFT_OUT, REFUNDS_LEFT_OUT, SOURCES},
    shapes,
};
use crate::domain::{call::error::ApiError, mask};

/// The most properties that one path goes down (docs.stripe.com/api/expanding_objects).
const DEEPEST: usize = 4;

/// What stands at a property that can be expanded.
enum ExpandProperty {
    /// The id of an object, or null.
    Id(ObjectKind),
    /// A list that is left out until it is asked for.
    Refunds,
    Sources,
    /// A card that is always there in full.
    Card,
    /// Always null here.
    Null,
    /// Stripe expands it, and the minter has no such objects.
    NotModelled,
}

fn property(object: &str, name: &str) -> Option<ExpandProperty> {
    Some(match (object, name) {
        ("charge" | "card" | "refund" | "payment_method", "customer") => ExpandProperty::Id(ObjectKind::Customer),
        ("customer", "default_source") => ExpandProperty::Id(ObjectKind::Card),
        ("refund", "charge") => ExpandProperty::Id(ObjectKind::Charge),
        ("charge", "refunds") => ExpandProperty::Refunds,
        ("customer", "sources") => ExpandProperty::Sources,
        ("charge", "source") | ("token", "card") => ExpandProperty::Card,
        (
            "charge",
            "application"
            | "application_fee"
            | "on_behalf_of"
            | "payment_intent"
            | "review"
            | "source_transfer"
            | "transfer"
            | "dispute"
            | "failure_balance_transaction"
            | "invoice",
        )
        | ("refund", "payment_intent" | "source_transfer_reversal" | "transfer_reversal")
        | ("customer", "test_clock") => ExpandProperty::Null,
        ("charge" | "refund", "balance_transaction") => ExpandProperty::NotModelled,
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

/// Checks that every path names what can be expanded, before anything is done for the call: what passes here is not
/// refused by [`apply`], when the call may be carried out already.
pub(super) fn check(fields: &CallFields<'_>, object: &'static str) -> Result<(), ApiError> {
    for path in fields.expand() {
        check_depth(path)?;
        let mut node = ExpandNode::Object(object);
        for name in path.split('.') {
            node = match node {
                ExpandNode::Null => ExpandNode::Null,
                ExpandNode::ListQuery(element) if name == "data" => ExpandNode::Object(element),
                ExpandNode::ListQuery(_) => return Err(cannot_be_expanded(path)),
                ExpandNode::Object(object) => match property(object, name).ok_or_else(|| cannot_be_expanded(path))? {
                    ExpandProperty::Id(kind) => ExpandNode::Object(kind.as_str()),
                    ExpandProperty::Refunds => ExpandNode::ListQuery(ObjectKind::Refund.as_str()),
                    ExpandProperty::Sources => ExpandNode::ListQuery(ObjectKind::Card.as_str()),
                    ExpandProperty::Card => ExpandNode::Object(ObjectKind::Card.as_str()),
                    ExpandProperty::Null => ExpandNode::Null,
                    ExpandProperty::NotModelled => return Err(not_modelled(name)),
                },
            };
        }
    }
    Ok(())
}

/// Expands everything that the call names, in its answer.
pub(super) fn apply(call: &mut MinterCall<'_>, fields: &CallFields<'_>, mut answer: Value) -> Result<Value, CallError> {
    let paths: BTreeSet<&str> = fields.expand().collect();
    for path in paths {
        check_depth(path)?;
        let parts: Vec<&str> = path.split('.').collect();
        expand_path(call, &mut answer, &parts, path)?;
    }
    Ok(answer)
}

fn check_depth(path: &str) -> Result<(), ApiError> {
    if path.split('.').count() <= DEEPEST {
        return Ok(());
    }
    let message = format!("You cannot expand more than {DEEPEST} levels of a property ({}).", mask::text(path));
    Err(ApiError::request(None, None, message))
}

fn expand_path(call: &mut MinterCall<'_>, value: &mut Value, parts: &[&str], path: &str) -> Result<(), CallError> {
    let [name, rest @ ..] = parts else { return Ok(()) };
    // Null, or the id of a customer that was deleted.
    if !value.is_object() {
        return Ok(());
    }
    let object = value["object"].as_str().unwrap_or_default().to_owned();
    if object == "list" && *name == "data" {
        for element in value["data"].as_array_mut().into_iter().flatten() {
            expand_path(call, element, rest, path)?;
        }
        return Ok(());
    }
    let id = value["id"].as_str().unwrap_or_default().to_owned();
    match property(&object, name).ok_or_else(|| cannot_be_expanded(path))? {
        ExpandProperty::Id(kind) => {
            if let Some(id) = value[*name].as_str() {
                let found = call.ledger.get(kind, id)?;
                value[*name] = found.map_or_else(|| value[*name].clone(), |found| found.body);
            }
        }
        ExpandProperty::Refunds => shapes::add(value, name, lists::refunds_of(call, &id)?),
        ExpandProperty::Sources => shapes::add(value, name, lists::sources_of(call, &id, name)?),
        ExpandProperty::Card | ExpandProperty::Null => {}
        ExpandProperty::NotModelled => return Err(not_modelled(name).into()),
    }
    if rest.is_empty() { Ok(()) } else { expand_path(call, &mut value[*name], rest, path) }
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

fn cannot_be_expanded(path: &str) -> ApiError {
    ApiError::request(None, None, format!("This property cannot be expanded ({}).", mask::text(path)))
}
