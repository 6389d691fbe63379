//! `expand[]`: the object itself in the place of its id.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Call, Stop, fields::Fields, ledger::ObjectKind, lists, shapes};
use crate::domain::{call::error::ApiError, mask};

/// The most properties that one path goes down (docs.stripe.com/api/expanding_objects).
const DEEPEST: usize = 4;

/// What stands at a property that can be expanded.
enum Property {
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

fn property(object: &str, name: &str) -> Option<Property> {
    Some(match (object, name) {
        ("charge" | "card" | "refund" | "payment_method", "customer") => Property::Id(ObjectKind::Customer),
        ("customer", "default_source") => Property::Id(ObjectKind::Card),
        ("refund", "charge") => Property::Id(ObjectKind::Charge),
        ("charge", "refunds") => Property::Refunds,
        ("customer", "sources") => Property::Sources,
        ("charge", "source") | ("token", "card") => Property::Card,
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
        | ("customer", "test_clock") => Property::Null,
        ("charge" | "refund", "balance_transaction") => Property::NotModelled,
        _ => return None,
    })
}

/// What a path leads to, as far as it is followed.
#[derive(Clone, Copy)]
enum Place {
    Object(&'static str),
    /// A list of these objects.
    List(&'static str),
    /// Nothing is below it, and whatever is asked for below it is not there.
    Null,
}

/// Checks that every path names what can be expanded, before anything is done for the call: what passes here is not
/// refused by [`apply`], when the call may be carried out already.
pub(super) fn check(fields: &Fields<'_>, object: &'static str) -> Result<(), ApiError> {
    for path in fields.expand() {
        check_depth(path)?;
        let mut place = Place::Object(object);
        for name in path.split('.') {
            place = match place {
                Place::Null => Place::Null,
                Place::List(element) if name == "data" => Place::Object(element),
                Place::List(_) => return Err(cannot_be_expanded(path)),
                Place::Object(object) => match property(object, name).ok_or_else(|| cannot_be_expanded(path))? {
                    Property::Id(kind) => Place::Object(kind.as_str()),
                    Property::Refunds => Place::List(ObjectKind::Refund.as_str()),
                    Property::Sources => Place::List(ObjectKind::Card.as_str()),
                    Property::Card => Place::Object(ObjectKind::Card.as_str()),
                    Property::Null => Place::Null,
                    Property::NotModelled => return Err(not_modelled(name)),
                },
            };
        }
    }
    Ok(())
}

/// Expands everything that the call names, in its answer.
pub(super) fn apply(call: &mut Call<'_>, fields: &Fields<'_>, mut answer: Value) -> Result<Value, Stop> {
    let paths: BTreeSet<&str> = fields.expand().collect();
    for path in paths {
        check_depth(path)?;
        let parts: Vec<&str> = path.split('.').collect();
        go(call, &mut answer, &parts, path)?;
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

fn go(call: &mut Call<'_>, value: &mut Value, parts: &[&str], path: &str) -> Result<(), Stop> {
    let [name, rest @ ..] = parts else { return Ok(()) };
    // Null, or the id of a customer that was deleted.
    if !value.is_object() {
        return Ok(());
    }
    let object = value["object"].as_str().unwrap_or_default().to_owned();
    if object == "list" && *name == "data" {
        for element in value["data"].as_array_mut().into_iter().flatten() {
            go(call, element, rest, path)?;
        }
        return Ok(());
    }
    let id = value["id"].as_str().unwrap_or_default().to_owned();
    match property(&object, name).ok_or_else(|| cannot_be_expanded(path))? {
        Property::Id(kind) => {
            if let Some(id) = value[*name].as_str() {
                let found = call.ledger.get(kind, id)?;
                value[*name] = found.map_or_else(|| value[*name].clone(), |found| found.body);
            }
        }
        Property::Refunds => shapes::add(value, name, lists::refunds_of(call, &id)?),
        Property::Sources => shapes::add(value, name, lists::sources_of(call, &id)?),
        Property::Card | Property::Null => {}
        Property::NotModelled => return Err(not_modelled(name).into()),
    }
    if rest.is_empty() { Ok(()) } else { go(call, &mut value[*name], rest, path) }
}

fn not_modelled(name: &str) -> ApiError {
    ApiError::request(None, None, format!("Testcard's local minter does not model '{name}', so it cannot expand it."))
}

fn cannot_be_expanded(path: &str) -> ApiError {
    ApiError::request(None, None, format!("This property cannot be expanded ({}).", mask::text(path)))
}
