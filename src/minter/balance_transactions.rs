//! `/v1/balance_transactions`: what charges and refunds did to the account's balance.

use serde_json::Value;

use super::{
    accepted::AcceptedParams,
    balance::{self, OBJECT},
    call::{CallError, MinterCall},
    expand,
    fields::CallFields,
    lists::{self, ListQuery},
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::call::error::ApiError;

const LIST: AcceptedParams = AcceptedParams {
    written: &[],
    read: &[&["currency", "source", "type"], lists::CREATED, lists::PAGING],
    not_modelled: &["payout"],
};

/// `GET /v1/balance_transactions/:id`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, OBJECT)?;
    let whole = match call.ledger.get(ObjectKind::BalanceTransaction, ids[0])? {
        Some(kept) => balance::whole(call, &kept.body)?,
        None => None,
    };
    let whole = whole.ok_or_else(|| ApiError::no_such(OBJECT, ids[0], "id").with_status(404))?;
    expand::apply(call, &fields, whole)
}

/// `GET /v1/balance_transactions`.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST)?;
    expand::check_list(&fields, OBJECT)?;
    let wanted =
        [("currency", fields.word("currency")?), ("source", fields.word("source")?), ("type", fields.word("type")?)];
    let is_wanted =
        |kept: &StoredObject| wanted.iter().all(|(name, word)| word.is_none_or(|word| kept.body[*name] == word));
    let list =
        ListQuery { kind: ObjectKind::BalanceTransaction, what: OBJECT, parent: None, url: "/v1/balance_transactions" };
    let mut page = lists::page_of(call, &fields, &list, &is_wanted)?;
    for kept in &mut page.objects {
        if let Some(whole) = balance::whole(call, &kept.body)? {
            kept.body = whole;
        }
    }
    expand::apply(call, &fields, page.shown(list.url))
}
