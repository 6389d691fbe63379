//! Where the minter keeps its objects: in memory for tests, in SQLite otherwise.

use std::collections::HashMap;

use serde_json::Value;

use super::idempotency::{AnswerKey, Record};
use crate::domain::call::api::ApiResponse;

/// The kinds of objects that the minter keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    Token,
    /// A customer's card.
    Card,
    Charge,
    Refund,
    Customer,
    /// What is left of a customer: its id.
    DeletedCustomer,
    PaymentMethod,
}

impl ObjectKind {
    /// The word for the kind: that of the object's `object` field, where it is not deleted.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Card => "card",
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::Customer => "customer",
            Self::DeletedCustomer => "deleted_customer",
            Self::PaymentMethod => "payment_method",
        }
    }
}

/// An object as kept: what Stripe shows of it, and what it knows besides.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredObject {
    pub kind: ObjectKind,
    pub id: String,
    /// What lists of this kind are asked for: the customer of a card or charge, the charge of a refund, the email
    /// address of a customer as [`crate::domain::mask::keyed_hash::IdentityKey::stored`] has it.
    pub parent: Option<String>,
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

/// Which objects of a list are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageQuery<'a> {
    pub kind: ObjectKind,
    /// Only objects of this parent.
    pub parent: Option<&'a str>,
    /// Unix seconds, both inclusive.
    pub created: std::ops::RangeInclusive<i64>,
    pub cursor: Cursor<'a>,
    pub limit: usize,
}

/// From where on a page goes. The newest object is the first of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor<'a> {
    Start,
    /// Objects made before this one: `starting_after`.
    After(&'a str),
    /// Objects made after this one, the nearest to it: `ending_before`.
    Before(&'a str),
}

/// An answer that a request with the same idempotency key gets again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub record: Record,
    pub answer: ApiResponse,
}

/// The minter's objects. All changes of one request are kept together or not at all.
///
/// Every method fails when the ledger cannot be read or written; then nothing of the request is kept.
#[expect(clippy::missing_errors_doc, reason = "the trait's own text says it once for all")]
pub trait Ledger {
    /// The next number of the ledger's own count, never given twice, not even after a restart.
    fn next_sequence(&mut self) -> Result<u64, LedgerError>;

    /// Keeps a new object; an id that exists already is an error.
    fn insert(&mut self, object: &StoredObject) -> Result<(), LedgerError>;

    /// The object of this kind and id.
    fn get(&mut self, kind: ObjectKind, id: &str) -> Result<Option<StoredObject>, LedgerError>;

    /// Writes parent, body and state of an object that exists; it keeps its place in lists.
    fn update(&mut self, object: &StoredObject) -> Result<(), LedgerError>;

    /// Drops an object; one that is not there is no error.
    fn remove(&mut self, kind: ObjectKind, id: &str) -> Result<(), LedgerError>;

    /// The objects of a page, newest first, in the order in which they were inserted. A cursor that names no object of
    /// the kind gives none.
    fn page(&mut self, query: &PageQuery<'_>) -> Result<Vec<StoredObject>, LedgerError>;

    /// What was answered under an idempotency key, however long ago.
    fn recall(&mut self, key: &AnswerKey) -> Result<Option<Remembered>, LedgerError>;

    /// Keeps an answer under its key, in the place of an older one, and may drop those that are older than a day.
    fn remember(&mut self, record: &Record, answer: &ApiResponse) -> Result<(), LedgerError>;
}

/// A ledger that is gone with the program.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger {
    sequence: u64,
    /// In the order of insertion.
    objects: Vec<StoredObject>,
    answers: HashMap<String, Remembered>,
}

impl MemoryLedger {
    fn place(&self, kind: ObjectKind, id: &str) -> Option<usize> {
        self.objects.iter().position(|object| object.kind == kind && object.id == id)
    }
}

impl Ledger for MemoryLedger {
    fn next_sequence(&mut self) -> Result<u64, LedgerError> {
        self.sequence += 1;
        Ok(self.sequence)
    }

    fn insert(&mut self, object: &StoredObject) -> Result<(), LedgerError> {
        if self.place(object.kind, &object.id).is_some() {
            return Err(LedgerError(format!("{} exists already", object.id)));
        }
        self.objects.push(object.clone());
        Ok(())
    }

    fn get(&mut self, kind: ObjectKind, id: &str) -> Result<Option<StoredObject>, LedgerError> {
        Ok(self.place(kind, id).map(|place| self.objects[place].clone()))
    }

    fn update(&mut self, object: &StoredObject) -> Result<(), LedgerError> {
        let place =
            self.place(object.kind, &object.id).ok_or_else(|| LedgerError(format!("{} does not exist", object.id)))?;
        self.objects[place] = object.clone();
        Ok(())
    }

    fn remove(&mut self, kind: ObjectKind, id: &str) -> Result<(), LedgerError> {
        self.objects.retain(|object| object.kind != kind || object.id != id);
        Ok(())
    }

    fn page(&mut self, query: &PageQuery<'_>) -> Result<Vec<StoredObject>, LedgerError> {
        let fits = |object: &&StoredObject| {
            object.kind == query.kind
                && query.parent.is_none_or(|parent| object.parent.as_deref() == Some(parent))
                && query.created.contains(&object.created)
        };
        let place = |id: &str| self.place(query.kind, id);
        let (older, newer) = match query.cursor {
            Cursor::Start => (&self.objects[..], None),
            Cursor::After(id) => (place(id).map_or(&[][..], |place| &self.objects[..place]), None),
            Cursor::Before(id) => (&[][..], place(id).map(|place| &self.objects[place + 1..])),
        };
        if let Some(newer) = newer {
            let mut page: Vec<StoredObject> = newer.iter().filter(fits).take(query.limit).cloned().collect();
            page.reverse();
            return Ok(page);
        }
        Ok(older.iter().rev().filter(fits).take(query.limit).cloned().collect())
    }

    fn recall(&mut self, key: &AnswerKey) -> Result<Option<Remembered>, LedgerError> {
        Ok(self.answers.get(&key.text).cloned())
    }

    fn remember(&mut self, record: &Record, answer: &ApiResponse) -> Result<(), LedgerError> {
        let remembered = Remembered { record: record.clone(), answer: answer.clone() };
        self.answers.insert(record.key.text.clone(), remembered);
        Ok(())
    }
}
