//! The card networks that `card[networks][preferred]` can name.

/// A network that a customer may prefer on a co-branded card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardNetwork {
    CartesBancaires,
    Mastercard,
    Visa,
}

impl CardNetwork {
    /// In the order in which Stripe lists them.
    pub const ALL: [Self; 3] = [Self::CartesBancaires, Self::Mastercard, Self::Visa];

    /// The value of the parameter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CartesBancaires => "cartes_bancaires",
            Self::Mastercard => "mastercard",
            Self::Visa => "visa",
        }
    }

    /// The name that people use.
    pub fn label(self) -> &'static str {
        match self {
            Self::CartesBancaires => "Cartes Bancaires",
            Self::Mastercard => "Mastercard",
            Self::Visa => "Visa",
        }
    }

    pub fn from_stripe(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.as_str() == word)
    }
}

/// What the card keeps of a preference: the network, or `invalid_preference` where it does not apply to the card.
pub fn stored_preference(preferred: CardNetwork, available: &[CardNetwork]) -> &'static str {
    if available.contains(&preferred) { preferred.as_str() } else { "invalid_preference" }
}
