//! The objects that a path or a parameter names, and the refusals where there is none.

use super::{
    call::{CallError, MinterCall},
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::call::error::ApiError;

/// The charge that a path names. Recorded: 404, with the param `id`; where something is done to the charge
/// (`…/capture`), reported with the param `charge`. A refund's parameter `charge` is answered with `id` too: reported.
pub(super) fn charge_of_path(call: &mut MinterCall<'_>, id: &str, param: &str) -> Result<StoredObject, CallError> {
    let found = call.ledger.get(ObjectKind::Charge, id)?;
    Ok(found.ok_or_else(|| ApiError::no_such("charge", id, param).with_status(404))?)
}

/// The charge that the parameter `charge` of a list names.
pub(super) fn charge_of_param(call: &mut MinterCall<'_>, id: &str) -> Result<StoredObject, CallError> {
    let found = call.ledger.get(ObjectKind::Charge, id)?;
    Ok(found.ok_or_else(|| ApiError::no_such("charge", id, "charge"))?)
}

/// The refund that a path names: as recorded of charges and customers.
pub(super) fn refund_of_path(call: &mut MinterCall<'_>, id: &str) -> Result<StoredObject, CallError> {
    let found = call.ledger.get(ObjectKind::Refund, id)?;
    Ok(found.ok_or_else(|| ApiError::no_such("refund", id, "id").with_status(404))?)
}

/// The customer that a path names; one that was deleted does not count. Recorded: 404, with the param `id`. Where the
/// path goes on below the customer, `param` is `customer`: likely, as reported of charges.
pub(super) fn customer_of_path(call: &mut MinterCall<'_>, id: &str, param: &str) -> Result<StoredObject, CallError> {
    let found = call.ledger.get(ObjectKind::Customer, id)?;
    Ok(found.ok_or_else(|| ApiError::no_such("customer", id, param).with_status(404))?)
}

/// The customer that the parameter `customer` names.
pub(super) fn customer_of_param(call: &mut MinterCall<'_>, id: &str) -> Result<StoredObject, CallError> {
    let found = call.ledger.get(ObjectKind::Customer, id)?;
    Ok(found.ok_or_else(|| ApiError::no_such("customer", id, "customer"))?)
}

/// A card that belongs to a customer; `None` also where it belongs to another one.
pub(super) fn card_of_customer(
    call: &mut MinterCall<'_>,
    card: &str,
    customer: &str,
) -> Result<Option<StoredObject>, CallError> {
    let found = call.ledger.get(ObjectKind::Card, card)?;
    Ok(found.filter(|found| found.parent.as_deref() == Some(customer)))
}
