//! Refusals that depend on the Stripe account rather than the card, explained in plain words with their remedy.

use super::{api::ApiResponse, error::ErrorView};
use crate::domain::card::test_cards;

/// A refusal for what the account or its key may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountRefusal {
    /// The account may not send raw card numbers. This is the default of every account, also in test mode.
    RawCardData,
    /// The account may not create tokens with a publishable key.
    PublishableKey,
    /// The account may no longer use card tokens with the Charges and Customers APIs.
    CardTokensEnded,
    /// The key was not accepted.
    BadKey,
}

impl AccountRefusal {
    /// Recognises a refusal by its status and by those phrases of the message that Stripe has kept while it reworded
    /// the rest.
    pub fn of(response: &ApiResponse) -> Option<Self> {
        if response.is_success() {
            return None;
        }
        let body = response.json()?;
        let message = ErrorView::of(&body)?.message().unwrap_or_default();
        if response.http_status == 401 {
            Some(Self::BadKey)
        } else if message.starts_with("Sending credit card numbers directly to the Stripe API") {
            Some(Self::RawCardData)
        } else if message.contains("unsupported for publishable key tokenization") {
            Some(Self::PublishableKey)
        } else if message.contains("has reached end of life") {
            Some(Self::CardTokensEnded)
        } else {
            None
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::RawCardData => "This Stripe account does not accept raw card numbers",
            Self::PublishableKey => "This Stripe account makes no tokens with a publishable key",
            Self::CardTokensEnded => "This Stripe account no longer takes card tokens here",
            Self::BadKey => "Stripe did not accept the API key",
        }
    }

    /// The reason, and what to switch on or do instead.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::RawCardData => {
                "Nothing is wrong with the card. Every new account starts so, in test mode too. Ask Stripe support to \
                 enable the raw card data APIs in test mode, use a ready token of the same card, or make the token \
                 with the local minter"
            }
            Self::PublishableKey => {
                "Nothing is wrong with the card. Use a secret test key (sk_test_…), or let an account owner lift the \
                 restriction on publishable keys"
            }
            Self::CardTokensEnded => {
                "Use a PaymentMethod made of the token, or switch card tokens for Charges and Customers on again in \
                 the API policies of the Dashboard"
            }
            Self::BadKey => "Check that the test key is complete, was not rolled and belongs to this base URL",
        }
    }

    /// Where Stripe explains the refusal, or the setting that lifts it.
    pub fn link(self) -> &'static str {
        match self {
            Self::RawCardData => "https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis",
            Self::PublishableKey => {
                "https://support.stripe.com/questions/card-tokenization-restrictions-using-publishable-keys"
            }
            Self::CardTokensEnded => "https://dashboard.stripe.com/settings/developers/api-policies",
            Self::BadKey => "https://dashboard.stripe.com/test/apikeys",
        }
    }

    /// The ready-made token for the same card, such as `tok_visa`, if it avoids the refusal.
    pub fn ready_alias(self, number: &str) -> Option<&'static str> {
        matches!(self, Self::RawCardData | Self::PublishableKey)
            .then(|| test_cards::by_number(number)?.ready_alias())
            .flatten()
    }
}
