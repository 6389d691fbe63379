//! Carries out what was to follow a call later, when its time has come.
//!
//! That is before the next call of its world is answered, or when whoever watches the clock asks for it. It says that it
//! happened at its own time: nobody can tell how much later it was carried out. It is taken out of the ledger in the same
//! transaction, so it happens once, however many processes there are. One that fails is given up, for it would fail again:
//! it changes nothing, the log names it, and calls go on.

use jiff::Timestamp;

use super::{
    call::ChangeContext,
    dispute_steps,
    effects::{EffectKind, LaterEffect},
    hold_expiry,
    ids::RequestIds,
    ledger::{AccountLedger, Ledger, LedgerError},
    refunds,
};
use crate::domain::mask::keyed_hash::keyed_hash;

/// Carries out all that is due by now, in the order of its times.
///
/// # Errors
/// A ledger of which nothing may be kept: it cannot be used at all, or has more that is due than it takes at once.
pub fn carry_out_due(ledger: &mut dyn Ledger, now: Timestamp) -> Result<(), LedgerError> {
    while let Some(effect) = ledger.take_due(now.as_second())? {
        if let Some(error) = ledger.attempt(&mut |ledger| carry_out(ledger, &effect, now))? {
            let LaterEffect { due, kind, object, .. } = &effect;
            tracing::warn!(object, kind = kind.as_str(), due, "a later effect failed and is given up: {error}");
        }
    }
    Ok(())
}

/// An object that is not there any more, or to which something else happened meanwhile, is left alone.
fn carry_out(ledger: &mut dyn Ledger, effect: &LaterEffect, now: Timestamp) -> Result<(), LedgerError> {
    let LaterEffect { due, kind, object: id, account, nonce } = effect;
    tracing::debug!(id, kind = kind.as_str(), "a later effect happens");
    // The ids follow from the effect, so a seed fixes them too, and nothing is taken of the count of calls.
    let seed = keyed_hash(&[0; 32], "later effect", format!("{due} {} {id} {nonce}", kind.as_str()).as_bytes());
    let ids = RequestIds::following(&seed, id);
    let mut objects = AccountLedger::new(ledger, account.as_deref());
    let mut change = ChangeContext {
        ledger: &mut objects,
        now: Timestamp::from_second(*due).unwrap_or(now),
        ids: &ids,
        cause: None,
        events: &mut 0,
    };
    match kind {
        EffectKind::SettleRefund => refunds::settle(&mut change, id),
        EffectKind::FailRefund => refunds::fail(&mut change, id),
        EffectKind::DecideDispute => dispute_steps::decide(&mut change, id),
        EffectKind::EndDispute => dispute_steps::end(&mut change, id),
        EffectKind::ExpireIntent => hold_expiry::expire_intent(&mut change, id),
        EffectKind::ExpireCharge => hold_expiry::expire_charge(&mut change, id),
    }
}
