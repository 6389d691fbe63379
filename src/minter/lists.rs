//! Lists with cursors: newest first, `limit` objects a page, `starting_after` and `ending_before`.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::{
    accepted::AcceptedParams,
    call::{CallError, MinterCall},
    fields::{self, CallFields},
    ledger::{PageCursor, PageQuery},
    lookup::charge_of_param,
    shapes,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::call::error::ApiError;

const DEFAULT_LIMIT: i64 = 10;
const LIMITS: RangeInclusive<i64> = 1..=100;
/// No object has more parts: a longer list counts as so long.
const MOST_COUNTED: usize = 100_000;

/// How many objects are read at once where a list leaves most of them out.
const LOOKED_AT_ONCE: usize = 500;

/// The parameters that choose a page, which every list takes.
pub(super) const PAGING: &[&str] = &["ending_before", "starting_after", "limit"];
/// The parameters that filter a list by the time of creation.
pub(super) const CREATED: &[&str] = &["created", "created[gt]", "created[gte]", "created[lt]", "created[lte]"];

/// Which list is asked for.
pub(super) struct ListQuery<'a> {
    pub(super) kind: ObjectKind,
    /// The word of the kind in "No such charge".
    pub(super) what: &'static str,
    /// Only objects of this parent.
    pub(super) parent: Option<&'a str>,
    /// The path that the list says it is at.
    pub(super) url: &'a str,
}

impl<'a> ListQuery<'a> {
    /// So many of its newest objects.
    fn newest(&self, limit: usize) -> PageQuery<'a> {
        PageQuery { parent: self.parent, ..PageQuery::of(self.kind, limit) }
    }
}

/// A page of a list, by the paging parameters and `created` of the call.
pub(super) fn page(
    call: &mut MinterCall<'_>,
    fields: &CallFields<'_>,
    list: &ListQuery<'_>,
) -> Result<Value, CallError> {
    Ok(page_of(call, fields, list, &|_| true)?.shown(list.url))
}

/// The objects of a page, as they are kept.
pub(super) struct ListPage {
    pub(super) objects: Vec<StoredObject>,
    pub(super) has_more: bool,
}

/// What a call says of the page that it wants.
pub(super) struct Paging<'a> {
    pub(super) limit: usize,
    pub(super) starting_after: Option<&'a str>,
    pub(super) ending_before: Option<&'a str>,
    pub(super) created: RangeInclusive<i64>,
}

impl<'a> Paging<'a> {
    /// # Errors
    /// A limit out of range, and both cursors at once.
    pub(super) fn of(fields: &CallFields<'a>) -> Result<Self, ApiError> {
        let limit = fields.integer("limit", LIMITS)?.unwrap_or(DEFAULT_LIMIT) as usize;
        let (starting_after, ending_before) = (fields.word("starting_after")?, fields.word("ending_before")?);
        if starting_after.is_some() && ending_before.is_some() {
            let message = "You may only specify one of these parameters: ending_before, starting_after.";
            return Err(ApiError::request(Some("parameters_exclusive"), Some("ending_before"), message));
        }
        Ok(Self { limit, starting_after, ending_before, created: created(fields)? })
    }
}

impl ListPage {
    /// The page of a list that says it is at `url`.
    pub(super) fn shown(self, url: &str) -> Value {
        shown(self.objects.into_iter().map(|object| object.body).collect(), self.has_more, url)
    }
}

/// The same, with those objects only that `is_wanted` takes.
pub(super) fn page_of(
    call: &mut MinterCall<'_>,
    fields: &CallFields<'_>,
    list: &ListQuery<'_>,
    is_wanted: &dyn Fn(&StoredObject) -> bool,
) -> Result<ListPage, CallError> {
    let query = query(call, fields, list)?;
    slice(call, &query, is_wanted)
}

/// What a list of what came of payments takes; see [`page_of_payment`].
pub(super) const OF_PAYMENT: AcceptedParams =
    AcceptedParams { written: &[], read: &[&["charge", "payment_intent"], CREATED, PAGING], not_modelled: &[] };

/// A page of what was said of payments, by the parameters `charge` and `payment_intent` besides. Nothing is said of a charge
/// but the latest one of an intent: those before it were declined.
///
/// # Errors
/// As [`page_of`], and a charge that is not there.
pub(super) fn page_of_payment(
    call: &mut MinterCall<'_>,
    fields: &CallFields<'_>,
    kind: ObjectKind,
    what: &'static str,
    url: &str,
) -> Result<Value, CallError> {
    let (charge, intent) = (fields.word("charge")?, fields.word("payment_intent")?);
    if let Some(charge) = charge {
        charge_of_param(call, charge)?;
    }
    let of_intent = match intent {
        Some(intent) => {
            let intent = call.ledger.get(ObjectKind::PaymentIntent, intent)?;
            // An intent without a charge, and one that is not there, lead to no object.
            Some(intent.map(|intent| shapes::text(&intent.body, "latest_charge")).unwrap_or_default())
        }
        None => None,
    };
    let list = ListQuery { kind, what, parent: charge.or(of_intent.as_deref()), url };
    let is_of = |object: &StoredObject| of_intent.is_none() || object.parent == of_intent;
    Ok(page_of(call, fields, &list, &is_of)?.shown(url))
}

/// What a call says of the page of a list that it wants.
///
/// # Errors
/// As [`Paging::of`], and a cursor that is not in the list.
pub(super) fn query<'a>(
    call: &mut MinterCall<'_>,
    fields: &CallFields<'a>,
    list: &ListQuery<'a>,
) -> Result<PageQuery<'a>, CallError> {
    let Paging { limit, starting_after, ending_before, created } = Paging::of(fields)?;
    let cursor = match (starting_after, ending_before) {
        (Some(id), _) => PageCursor::After(known(call, list, id, "starting_after")?),
        (None, Some(id)) => PageCursor::Before(known(call, list, id, "ending_before")?),
        (None, None) => PageCursor::Start,
    };
    Ok(PageQuery { created, cursor, ..list.newest(limit) })
}

/// Whether there are more than so many objects that `is_wanted` takes.
pub(super) fn has_more_than(
    call: &mut MinterCall<'_>,
    most: usize,
    list: &ListQuery<'_>,
    is_wanted: &dyn Fn(&StoredObject) -> bool,
) -> Result<bool, CallError> {
    Ok(slice(call, &list.newest(most), is_wanted)?.has_more)
}

/// A list of what the account has none of.
pub(super) fn empty(url: &str) -> Value {
    shown(Vec::new(), false, url)
}

/// The first page of a list, as a property of an object shows it: with the count of all. Recorded: a list that is the
/// answer itself has no count.
fn first_page(call: &mut MinterCall<'_>, list: &ListQuery<'_>) -> Result<Value, CallError> {
    let page = slice(call, &list.newest(DEFAULT_LIMIT as usize), &|_| true)?;
    let count = if page.has_more { call.ledger.page(&list.newest(MOST_COUNTED))?.len() } else { page.objects.len() };
    let mut page = page.shown(list.url);
    shapes::add(&mut page, "total_count", count.into());
    Ok(page)
}

/// The refunds of a charge, as the charge shows them.
pub(super) fn refunds_of(call: &mut MinterCall<'_>, charge: &str) -> Result<Value, CallError> {
    let url = format!("/v1/charges/{charge}/refunds");
    first_page(call, &ListQuery { kind: ObjectKind::Refund, what: "refund", parent: Some(charge), url: &url })
}

/// The charges that an intent made, newest first, as the intent shows them in old versions.
pub(super) fn charges_of(call: &mut MinterCall<'_>, intent: &str) -> Result<Value, CallError> {
    let found = call.ledger.get(ObjectKind::PaymentIntent, intent)?;
    let ids = found.map(|intent| intent.state["charges"].clone()).unwrap_or_default();
    let mut charges = Vec::new();
    for id in ids.as_array().into_iter().flatten().rev().filter_map(Value::as_str) {
        charges.extend(call.ledger.get(ObjectKind::Charge, id)?.map(|charge| charge.body));
    }
    let count = charges.len();
    let mut list = shown(charges, false, &format!("/v1/charges?payment_intent={intent}"));
    shapes::add(&mut list, "total_count", count.into());
    Ok(list)
}

/// The cards of a customer, as the customer shows them: at `sources`, in old versions at `cards` too.
pub(super) fn sources_of(call: &mut MinterCall<'_>, customer: &str, field: &str) -> Result<Value, CallError> {
    let url = format!("/v1/customers/{customer}/{field}");
    first_page(call, &ListQuery { kind: ObjectKind::Card, what: "source", parent: Some(customer), url: &url })
}

/// As many objects of a query as it has room for, those only that `is_wanted` takes.
pub(super) fn slice(
    call: &mut MinterCall<'_>,
    query: &PageQuery<'_>,
    is_wanted: &dyn Fn(&StoredObject) -> bool,
) -> Result<ListPage, CallError> {
    let PageQuery { cursor, limit, .. } = *query;
    // One more than is shown tells whether there are more.
    let enough = limit + 1;
    let mut found: Vec<StoredObject> = Vec::new();
    let mut reached: Option<String> = None;
    loop {
        let cursor = match (&reached, cursor) {
            (None, start) => start,
            (Some(id), PageCursor::Before(_)) => PageCursor::Before(id),
            (Some(id), PageCursor::Start | PageCursor::After(_)) => PageCursor::After(id),
        };
        // Where few of the objects are wanted, many are looked at: not a few at a time.
        let at_once = if reached.is_none() { enough } else { enough.max(LOOKED_AT_ONCE) };
        let mut read = call.ledger.page(&PageQuery { cursor, limit: at_once, ..query.clone() })?;
        let is_last = read.len() < at_once;
        let goes_to_newer = matches!(cursor, PageCursor::Before(_));
        let farthest = if goes_to_newer { read.first() } else { read.last() };
        let farthest = farthest.map(|object| object.id.clone());
        read.retain(is_wanted);
        if goes_to_newer {
            found.splice(..0, read);
        } else {
            found.extend(read);
        }
        if is_last || found.len() >= enough {
            break;
        }
        reached = farthest;
    }
    let has_more = found.len() > limit;
    // Of the objects before a cursor the surplus ones are the farthest, which are the newest.
    let surplus = found.len().saturating_sub(limit);
    if matches!(cursor, PageCursor::Before(_)) {
        found.drain(..surplus);
    } else {
        found.truncate(limit);
    }
    Ok(ListPage { objects: found, has_more })
}

fn shown(data: Vec<Value>, has_more: bool, url: &str) -> Value {
    fields::object([
        ("object", "list".into()),
        ("data", data.into()),
        ("has_more", has_more.into()),
        ("url", url.into()),
    ])
}

fn known<'a>(call: &mut MinterCall<'_>, list: &ListQuery<'_>, id: &'a str, param: &str) -> Result<&'a str, CallError> {
    let object = call.ledger.get(list.kind, id)?;
    let is_listed = object.is_some_and(|object| list.parent.is_none() || object.parent.as_deref() == list.parent);
    if is_listed { Ok(id) } else { Err(ApiError::no_such(list.what, id, param).into()) }
}

/// `created` as a moment, or as a dictionary of bounds.
fn created(fields: &CallFields<'_>) -> Result<RangeInclusive<i64>, ApiError> {
    let moment = |name: &str| fields.integer(name, 0..=i64::MAX - 1);
    if let Some(moment) = moment("created")? {
        return Ok(moment..=moment);
    }
    let from = moment("created[gte]")?.max(moment("created[gt]")?.map(|moment| moment + 1));
    let before = moment("created[lt]")?.map(|moment| moment - 1);
    let until = match (moment("created[lte]")?, before) {
        (Some(first), Some(second)) => Some(first.min(second)),
        (first, second) => first.or(second),
    };
    Ok(from.unwrap_or(i64::MIN)..=until.unwrap_or(i64::MAX))
}
