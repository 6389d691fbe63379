//! `GET /v1/balance`: what all balance transactions of an account come to, by currency. It is kept nowhere: every
//! transaction is read for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    accepted::AcceptedParams,
    balance, balance_transactions,
    call::{CallError, MinterCall},
    expand,
    fields::CallFields,
    ledger::{LedgerError, PageCursor, PageQuery},
};
use crate::domain::call::error::ApiError;

pub(super) const OBJECT: &str = "balance";
/// The currency of the account, which is one of the United States. It is shown also where nothing came in.
pub(super) const OF_ACCOUNT: &str = "usd";
/// How many objects are read at once.
const READ_AT_ONCE: usize = 1000;
/// The property that Stripe shows of connected accounts, and only to whom expands it.
const NET_AVAILABLE: &str = "instant_available.net_available";

/// What there is of one currency.
#[derive(Clone, Copy, Debug, Default)]
struct Funds {
    available: i64,
    pending: i64,
}

/// `GET /v1/balance`.
pub(super) fn retrieve(call: &mut MinterCall<'_>, _: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &AcceptedParams::ONLY_EXPAND)?;
    expand::check(&fields, OBJECT)?;
    let shows_net = fields.expand().any(|path| path == NET_AVAILABLE);
    check_net(call, shows_net)?;
    let funds = funds(call)?;
    let of_account = funds[OF_ACCOUNT];
    // Documented: what came of cards can be paid out at once, also while it is pending. How much that is of a balance below
    // zero is not documented.
    let mut instant = amount(OF_ACCOUNT, (of_account.available + of_account.pending).max(0));
    if shows_net {
        // By external account; this one has none.
        instant["net_available"] = json!([]);
    }
    let listed = |part: fn(&Funds) -> i64| -> Vec<Value> {
        // The account's own currency first: undocumented by Stripe.
        let own = funds.get_key_value(OF_ACCOUNT).into_iter();
        let others = funds.iter().filter(|(currency, _)| *currency != OF_ACCOUNT);
        own.chain(others).map(|(currency, funds)| amount(currency, part(funds))).collect()
    };
    Ok(json!({
        "object": OBJECT,
        "available": listed(|funds| funds.available),
        "instant_available": [instant],
        "livemode": false,
        "pending": listed(|funds| funds.pending),
    }))
}

/// Refuses to show the account itself what only connected ones have (docs.stripe.com/connect/instant-payouts).
/// Undocumented by Stripe: our wording.
fn check_net(call: &MinterCall<'_>, is_asked_for: bool) -> Result<(), ApiError> {
    if !is_asked_for || call.ledger.is_connected() {
        return Ok(());
    }
    let message = format!(
        "You can only expand '{NET_AVAILABLE}' of a connected account. Name one in the header 'Stripe-Account', or leave \
         it out."
    );
    Err(ApiError::request(None, None, message))
}

/// An amount of a currency. All of it came of cards.
fn amount(currency: &str, amount: i64) -> Value {
    json!({ "amount": amount, "currency": currency, "source_types": { "card": amount } })
}

/// What all transactions come to, by currency.
fn funds(call: &mut MinterCall<'_>) -> Result<BTreeMap<String, Funds>, LedgerError> {
    let mut funds = BTreeMap::from([(OF_ACCOUNT.to_owned(), Funds::default())]);
    for kind in balance_transactions::SOURCES {
        let mut reached: Option<String> = None;
        loop {
            let cursor = reached.as_deref().map_or(PageCursor::Start, PageCursor::After);
            let page = call.ledger.page(&PageQuery { cursor, ..PageQuery::of(kind, READ_AT_ONCE) })?;
            for source in page.iter().filter(|source| balance_transactions::has_transaction(source)) {
                let transaction = balance::figures_of(call, source);
                let currency = transaction["currency"].as_str().unwrap_or_default();
                let net = transaction["net"].as_i64().unwrap_or_default();
                let of_currency = funds.entry(currency.to_owned()).or_default();
                let part = if transaction["status"] == balance::AVAILABLE {
                    &mut of_currency.available
                } else {
                    &mut of_currency.pending
                };
                *part += net;
            }
            match page.into_iter().next_back() {
                Some(last) => reached = Some(last.id),
                None => break,
            }
        }
    }
    Ok(funds)
}
