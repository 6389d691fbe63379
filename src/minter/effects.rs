//! What is to follow a call later, by the clock of the world: a refund that settles, a dispute that is decided.
//!
//! It is kept beside the objects ([`super::ledger::Ledger::schedule`]) and carried out when its time has come (see
//! `carry_out`).

use crate::domain::words::words;

/// What is to happen to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EffectKind {
    /// A pending refund succeeds.
    SettleRefund,
    /// A refund that seemed to have succeeded fails.
    FailRefund,
    /// The bank decides a dispute by the evidence.
    DecideDispute,
    /// The time to answer a dispute is over.
    EndDispute,
    /// What an intent holds of a card is given back.
    ExpireIntent,
    /// The same of a charge without an intent.
    ExpireCharge,
}

words!(EffectKind {
    SettleRefund => "settle_refund",
    FailRefund => "fail_refund",
    DecideDispute => "decide_dispute",
    EndDispute => "end_dispute",
    ExpireIntent => "expire_intent",
    ExpireCharge => "expire_charge",
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
}
