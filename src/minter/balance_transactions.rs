//! `/v1/balance_transactions`: what charges, refunds and disputes did to the account's balance.

use std::cmp::Reverse;

use serde_json::Value;

use super::{
    accepted::AcceptedParams,
    balance::{self, OBJECT},
    call::{CallError, MinterCall},
    expand,
    fields::CallFields,
    ledger::{PageCursor, PageQuery},
    lists::{self, ListPage, Paging},
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::call::error::ApiError;

const LIST: AcceptedParams = AcceptedParams {
    written: &[],
    read: &[&["currency", "source", "type"], lists::CREATED, lists::PAGING],
    not_modelled: &["payout"],
};
const URL: &str = "/v1/balance_transactions";
/// So many refunds are read at most to find the oldest ones.
const MOST_READ: usize = 100_000;
/// What transactions are read from: those that are kept, and what they follow from. Of two of the same second, the one of
/// the kind that is named first is the newer one.
pub(super) const SOURCES: [ObjectKind; 3] = [ObjectKind::BalanceTransaction, ObjectKind::Refund, ObjectKind::Charge];

/// `GET /v1/balance_transactions/:id`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, OBJECT)?;
    let source = balance::source_of(call, ids[0])?;
    let source = source.ok_or_else(|| ApiError::no_such(OBJECT, ids[0], "id").with_status(404))?;
    let whole = balance::of(call, &source)?;
    expand::apply(call, &fields, whole)
}

/// `GET /v1/balance_transactions`: those of charges, refunds and disputes in one list.
pub(super) fn list(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &LIST)?;
    expand::check_list(&fields, OBJECT)?;
    let wanted =
        [("currency", fields.word("currency")?), ("source", fields.word("source")?), ("type", fields.word("type")?)];
    let is_wanted = |source: &StoredObject| {
        let is_kept = is_kept(source);
        // Where a charge or a refund tells what its transaction would.
        let place = |name: &'static str| match name {
            "source" if !is_kept => "id",
            "type" if !is_kept => "object",
            name => name,
        };
        has_transaction(source)
            && wanted.iter().all(|(name, word)| word.is_none_or(|word| source.body[place(name)] == word))
    };
    let paging = Paging::of(&fields)?;
    let is_backward = paging.ending_before.is_some();
    let cursor = match (paging.starting_after, paging.ending_before) {
        (Some(id), _) => Some(known(call, id, "starting_after")?),
        (None, Some(id)) => Some(known(call, id, "ending_before")?),
        (None, None) => None,
    };
    let mut page = ListPage { objects: Vec::new(), has_more: false };
    for kind in SOURCES {
        let (mut place, created) = from_cursor(kind, cursor.as_ref(), is_backward, &paging);
        // Backwards, the list of the other kind begins at its newest object that is older than the cursor. Where there is
        // none, all of it is newer, and its end is the page.
        let is_other = is_backward && matches!(place, PageCursor::Start);
        let older = if is_other {
            let created = i64::MIN..=created.start().saturating_sub(1);
            let query = PageQuery { created, ..PageQuery::of(kind, 1) };
            call.ledger.page(&query)?.pop()
        } else {
            None
        };
        if let Some(older) = &older {
            place = PageCursor::Before(&older.id);
        }
        let limit = if is_other && older.is_none() { MOST_READ } else { paging.limit };
        let part = lists::slice(call, &PageQuery { created, cursor: place, ..PageQuery::of(kind, limit) }, &is_wanted)?;
        page.has_more |= part.has_more;
        page.objects.extend(part.objects);
    }
    // The two are in their order already, which a stable sort keeps.
    page.objects.sort_by_key(|source| (Reverse(source.created), rank(source.kind)));
    let surplus = page.objects.len().saturating_sub(paging.limit);
    page.has_more |= surplus > 0;
    if is_backward {
        page.objects.drain(..surplus);
    } else {
        page.objects.truncate(paging.limit);
    }
    for source in &mut page.objects {
        source.body = balance::of(call, source)?;
    }
    expand::apply(call, &fields, page.shown(URL))
}

fn is_kept(source: &StoredObject) -> bool {
    source.kind == ObjectKind::BalanceTransaction
}

/// Whether an object of [`SOURCES`] did something to the balance, or is what was done.
pub(super) fn has_transaction(source: &StoredObject) -> bool {
    is_kept(source) || source.body[OBJECT].is_string()
}

/// Where the objects of a kind go on behind the source of the cursor, or end before it: at that object itself, or, of the
/// other kind, at its second.
fn from_cursor<'a>(
    kind: ObjectKind,
    cursor: Option<&'a StoredObject>,
    is_backward: bool,
    paging: &Paging<'_>,
) -> (PageCursor<'a>, std::ops::RangeInclusive<i64>) {
    let (from, until) = (*paging.created.start(), *paging.created.end());
    let Some(source) = cursor else { return (PageCursor::Start, from..=until) };
    let is_newer = rank(kind) < rank(source.kind);
    match (source.kind == kind, is_backward) {
        (true, false) => (PageCursor::After(&source.id), from..=until),
        (true, true) => (PageCursor::Before(&source.id), from..=until),
        (false, false) => (PageCursor::Start, from..=until.min(source.created - i64::from(is_newer))),
        (false, true) => (PageCursor::Start, from.max(source.created + i64::from(!is_newer))..=until),
    }
}

fn rank(kind: ObjectKind) -> usize {
    SOURCES.iter().position(|known| *known == kind).unwrap_or(SOURCES.len())
}

/// What the transaction is read from that a cursor names.
fn known(call: &mut MinterCall<'_>, id: &str, param: &str) -> Result<StoredObject, CallError> {
    Ok(balance::source_of(call, id)?.ok_or_else(|| ApiError::no_such(OBJECT, id, param))?)
}
