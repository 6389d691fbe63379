//! Where the minter keeps its objects: in memory for tests, in SQLite otherwise.

use std::collections::HashMap;

use serde_json::Value;

/// The kinds of objects that the minter keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    Token,
}

impl ObjectKind {
    /// The word in the object's `object` field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
        }
    }
}

/// An object as kept: what Stripe shows of it, and what it knows besides.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredObject {
    pub kind: ObjectKind,
    pub id: String,
    /// Unix seconds.
    pub created: i64,
    /// The object as an answer shows it.
    pub body: Value,
    /// What the minter must know to go on with it, such as the number of a published test card. Never a number that is
    /// not published, never a security code.
    pub state: Value,
}

/// The ledger cannot be read or written: Stripe's 500, and nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The minter's ledger cannot be used: {0}")]
pub struct LedgerError(pub String);

/// The minter's objects. All changes of one request are kept together or not at all.
pub trait Ledger {
    /// The next number of the ledger's own count, never given twice, not even after a restart.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    fn next_sequence(&mut self) -> Result<u64, LedgerError>;

    /// Keeps a new object.
    ///
    /// # Errors
    /// When the ledger cannot be written, or has an object of this id.
    fn insert(&mut self, object: &StoredObject) -> Result<(), LedgerError>;

    /// The object of this kind and id.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn get(&mut self, kind: ObjectKind, id: &str) -> Result<Option<StoredObject>, LedgerError>;
}

/// A ledger that is gone with the program.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger {
    sequence: u64,
    objects: HashMap<(ObjectKind, String), StoredObject>,
}

impl Ledger for MemoryLedger {
    fn next_sequence(&mut self) -> Result<u64, LedgerError> {
        self.sequence += 1;
        Ok(self.sequence)
    }

    fn insert(&mut self, object: &StoredObject) -> Result<(), LedgerError> {
        let key = (object.kind, object.id.clone());
        match self.objects.insert(key, object.clone()) {
            None => Ok(()),
            Some(_) => Err(LedgerError(format!("{} exists already", object.id))),
        }
    }

    fn get(&mut self, kind: ObjectKind, id: &str) -> Result<Option<StoredObject>, LedgerError> {
        Ok(self.objects.get(&(kind, id.to_owned())).cloned())
    }
}
