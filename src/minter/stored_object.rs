//! An object of the minter as it is kept.

use serde_json::Value;

/// The kinds of objects that the minter keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    Token,
    /// A customer's card.
    Card,
    Charge,
    Refund,
    Customer,
    /// What is left of a customer that was deleted: its id.
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

/// An object as the ledger keeps it: what an answer shows of it, and what the minter has to know besides.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredObject {
    pub kind: ObjectKind,
    pub id: String,
    /// What lists of this kind are filtered by: the customer of a card or charge, the charge of a refund, the email
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
