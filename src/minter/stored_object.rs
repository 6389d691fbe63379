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
    PaymentIntent,
    SetupIntent,
    Dispute,
    FraudWarning,
    /// What a dispute or a failed refund did to the balance. What charges and refunds did follows from them (see
    /// `balance`).
    BalanceTransaction,
    /// What happened to another object.
    Event,
    /// Where events are sent.
    WebhookEndpoint,
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
            Self::PaymentIntent => "payment_intent",
            Self::SetupIntent => "setup_intent",
            Self::Dispute => "dispute",
            Self::FraudWarning => "radar.early_fraud_warning",
            Self::BalanceTransaction => "balance_transaction",
            Self::Event => "event",
            Self::WebhookEndpoint => "webhook_endpoint",
        }
    }

    /// The kind of this word.
    pub fn parse(word: &str) -> Option<Self> {
        const ALL: [ObjectKind; 14] = [
            ObjectKind::Token,
            ObjectKind::Card,
            ObjectKind::Charge,
            ObjectKind::Refund,
            ObjectKind::Customer,
            ObjectKind::DeletedCustomer,
            ObjectKind::PaymentMethod,
            ObjectKind::PaymentIntent,
            ObjectKind::SetupIntent,
            ObjectKind::Dispute,
            ObjectKind::FraudWarning,
            ObjectKind::BalanceTransaction,
            ObjectKind::Event,
            ObjectKind::WebhookEndpoint,
        ];
        ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether [`super::ids::ObjectNumbers`] are in the ids of this kind. A balance transaction has the one of what it is of,
    /// and a customer's card that of its token.
    pub fn is_numbered(self) -> bool {
        match self {
            Self::Charge
            | Self::Refund
            | Self::PaymentMethod
            | Self::PaymentIntent
            | Self::SetupIntent
            | Self::Dispute
            | Self::Event
            | Self::WebhookEndpoint => true,
            Self::Token
            | Self::Card
            | Self::Customer
            | Self::DeletedCustomer
            | Self::FraudWarning
            | Self::BalanceTransaction => false,
        }
    }

    /// Whether something can happen to objects of this kind that an event tells of. To a token nothing does: so it is at
    /// Stripe.
    pub(super) fn has_events(self) -> bool {
        !matches!(
            self,
            Self::Token | Self::DeletedCustomer | Self::BalanceTransaction | Self::Event | Self::WebhookEndpoint
        )
    }
}

/// An object as the ledger keeps it: what an answer shows of it, and what the minter has to know besides.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredObject {
    pub kind: ObjectKind,
    pub id: String,
    /// What objects of this kind are found by: the customer of a card, charge, payment method or intent, the
    /// charge of a refund, a dispute or a fraud warning, the email address of a customer as
    /// [`crate::domain::mask::keyed_hash::IdentityKey::stored`] has it, the object that an event points to (see
    /// `happened`).
    pub parent: Option<String>,
    /// Unix seconds.
    pub created: i64,
    /// The object as an answer shows it.
    pub body: Value,
    /// What the minter must know to go on with it, such as the number of a published test card. Never a number that is
    /// not published, never a security code.
    pub state: Value,
}

impl StoredObject {
    /// What an event that points to an object has for its parent.
    pub fn pointer(kind: ObjectKind, id: &str) -> String {
        format!("{} {id}", kind.as_str())
    }

    /// The type of an event; empty for what is no event.
    pub fn event_type(&self) -> &str {
        match self.kind {
            ObjectKind::Event => self.body["type"].as_str().unwrap_or_default(),
            _ => "",
        }
    }
}
