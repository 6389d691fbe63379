//! What is to follow a call later, by the clock of the world: a refund that settles, a dispute that is decided.
//!
//! It is kept beside the objects ([`super::ledger::Ledger::schedule`]) and carried out when its time has come (see
//! `carry_out`).

use crate::domain::words::words;

/// What is to happen to an object. In the order of their words, which is that of the ids of the rows on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EffectKind {
    /// The bank decides a dispute by the evidence.
    DecideDispute,
    /// The time to answer a dispute is over.
    EndDispute,
    /// What a charge without an intent holds of a card is given back.
    ExpireCharge,
    /// The same of an intent.
    ExpireIntent,
    /// A refund that seemed to have succeeded fails.
    FailRefund,
    /// A pending refund succeeds.
    SettleRefund,
}

words!(EffectKind {
    DecideDispute => "decide_dispute",
    EndDispute => "end_dispute",
    ExpireCharge => "expire_charge",
    ExpireIntent => "expire_intent",
    FailRefund => "fail_refund",
    SettleRefund => "settle_refund",
});

/// What is to happen to an object at a time of its world's clock. The one that is due first is the least.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaterEffect {
    /// Unix seconds.
    pub due: i64,
    pub kind: EffectKind,
    /// The id of the object.
    pub object: String,
    /// The connected account of the object, as it is stored.
    pub account: Option<String>,
    /// What its ids follow from besides, of the ids of whatever asked for it: a clock that is turned back can bring the same
    /// effect once more. Empty in rows of versions that had none.
    pub nonce: String,
}

impl LaterEffect {
    /// Whether both are the same to happen: then it happens once.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.due, self.kind, &self.object, &self.account) == (other.due, other.kind, &other.object, &other.account)
    }
}
