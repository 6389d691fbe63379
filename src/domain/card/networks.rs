//! The card networks that `card[networks][preferred]` can name.

use crate::domain::words::words;

/// A network that a customer may prefer on a co-branded card.
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

/// What the card keeps of a preference: the network, or `invalid_preference` where it does not apply to the card.
pub fn stored_preference(preferred: CardNetwork, available: &[CardNetwork]) -> &'static str {
    if available.contains(&preferred) { preferred.as_str() } else { "invalid_preference" }
}
