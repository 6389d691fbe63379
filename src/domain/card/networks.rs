//! The card networks that `card[networks][preferred]` accepts.

use crate::domain::words::words;

/// A network that a customer can prefer on a co-branded card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardNetwork {
    CartesBancaires,
    Mastercard,
    Visa,
}

words!(CardNetwork {
    CartesBancaires => "cartes_bancaires" | "Cartes Bancaires",
    Mastercard => "mastercard" | "Mastercard",
    Visa => "visa" | "Visa",
});

/// What the card object stores for a preference: the network, or `invalid_preference` if the card does not have it.
pub fn stored_preference(preferred: CardNetwork, available: &[CardNetwork]) -> &'static str {
    if available.contains(&preferred) { preferred.as_str() } else { "invalid_preference" }
}
