//! `/v1/disputes`: what cardholders object to. Some test cards dispute every charge (see `dispute_steps`).

use serde_json::Value;

use super::{
    accepted::{AcceptedParams, METADATA, WrittenParam},
    call::{CallError, MinterCall},
    dispute_object::EVIDENCE,
    dispute_steps, expand,
    fields::CallFields,
    lists,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::call::error::ApiError;

const OBJECT: &str = "dispute";
const URL: &str = "/v1/disputes";
/// The longest text of one field of evidence, and of all of them, in characters (docs.stripe.com/api/disputes/update).
const LONGEST_EVIDENCE: usize = 20_000;
const LONGEST_WHOLE: usize = 150_000;

/// A file is named by its id. There are no files here, so any id is taken.
const EVIDENCE_PARAMS: [WrittenParam; EVIDENCE.len()] = {
    let mut params = [const { WrittenParam::text("", LONGEST_EVIDENCE) }; EVIDENCE.len()];
    let mut nth = 0;
    while nth < EVIDENCE.len() {
        params[nth] = WrittenParam::text(EVIDENCE[nth], LONGEST_EVIDENCE);
        nth += 1;
    }
    params
};
const UPDATE: AcceptedParams = AcceptedParams {
    written: &[&EVIDENCE_PARAMS, &[METADATA]],
    read: &[&[SUBMIT]],
    not_modelled: &["evidence[enhanced_evidence]"],
};
const SUBMIT: &str = "submit";

/// `GET /v1/disputes/:id`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, OBJECT)?;
    let dispute = named(call, ids[0])?;
    expand::apply(call, &fields, dispute.body)
}

/// `GET /v1/disputes`.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &lists::OF_PAYMENT)?;
    expand::check_list(&fields, OBJECT)?;
    let page = lists::page_of_payment(call, &fields, ObjectKind::Dispute, OBJECT, URL)?;
    expand::apply(call, &fields, page)
}

/// `POST /v1/disputes/:id`: evidence, which is submitted unless the call says otherwise, and metadata.
pub(super) fn update(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &UPDATE)?;
    expand::check(&fields, OBJECT)?;
    let asked = fields.boolean(SUBMIT)?;
    let mut dispute = named(call, ids[0])?;
    check_open(&dispute)?;
    let before = dispute.body.clone();
    fields.write_to(&mut dispute.body)?;
    let is_answered = check_evidence(&dispute.body["evidence"])?;
    // Evidence that was sent before is submitted by a call that says so.
    let is_submitted = is_answered && asked.unwrap_or_else(|| fields.has("evidence"));
    dispute.body["evidence_details"]["has_evidence"] = is_answered.into();
    if is_submitted {
        dispute_steps::submit(&mut dispute);
    }
    dispute_steps::answered(&mut call.change(), &before, &dispute, is_submitted)?;
    expand::apply(call, &fields, dispute.body)
}

/// `POST /v1/disputes/:id/close`: it is accepted, and lost.
pub(super) fn close(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, OBJECT)?;
    let mut dispute = named(call, ids[0])?;
    check_open(&dispute)?;
    dispute_steps::close(&mut call.change(), &mut dispute)?;
    expand::apply(call, &fields, dispute.body)
}

/// The dispute that a path names. Recorded: the parameter is `dispute`.
fn named(call: &mut MinterCall<'_>, id: &str) -> Result<StoredObject, CallError> {
    let found = call.ledger.get(ObjectKind::Dispute, id)?;
    Ok(found.ok_or_else(|| ApiError::no_such(OBJECT, id, OBJECT).with_status(404))?)
}

/// Recorded, without a code.
fn check_open(dispute: &StoredObject) -> Result<(), ApiError> {
    if dispute_steps::is_closed(dispute) {
        return Err(ApiError::request(None, None, "This dispute is already closed").of_state());
    }
    Ok(())
}

/// Whether there is any evidence.
///
/// # Errors
/// More of it than may be. Undocumented by Stripe: our wording.
fn check_evidence(evidence: &Value) -> Result<bool, ApiError> {
    let texts: Vec<&str> =
        evidence.as_object().into_iter().flat_map(|fields| fields.values()).filter_map(Value::as_str).collect();
    let length: usize = texts.iter().map(|text| text.chars().count()).sum();
    if length > LONGEST_WHOLE {
        let message = format!("The evidence has {length} characters in all; {LONGEST_WHOLE} is the most.");
        return Err(ApiError::request(None, Some("evidence"), message));
    }
    Ok(!texts.is_empty())
}
