//! Stripe's test mode as a pure state machine over a [`Ledger`]: no clock, no files, no network.

pub mod ledger;

pub use ledger::{Ledger, LedgerError, MemoryLedger, ObjectKind, StoredObject};
