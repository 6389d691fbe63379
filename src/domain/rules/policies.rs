//! What an account allows: the switches behind which Stripe's refusals wait.

use crate::domain::words::words;

/// How the local stand-in treats requests. The defaults let everything through that the API page promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, as the account's settings have them")]
pub struct Policies {
    /// Whether card numbers may be sent at all. Off is Stripe's default for a new account, even in test mode.
    pub raw_card_data: bool,
    /// Whether a publishable key may make card tokens. Off for newer accounts.
    pub publishable_keys: bool,
    /// Whether charges and customers take card tokens. Off for newer accounts since 2026.
    pub card_tokens_on_charges: bool,
    /// Answer `test_mode_live_card` to every number that Stripe has not published as a test card.
    pub published_test_cards_only: bool,
    /// Answer `invalid_number` to a number with spaces or dashes, where the default strips them.
    pub strict_number: bool,
    /// Refuse a charge or an attach with `incorrect_cvc` when the check of the security code fails.
    pub block_if_cvc_fails: bool,
    /// Refuse a charge or an attach with `incorrect_zip` when the check of the postal code fails.
    pub block_if_zip_fails: bool,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            raw_card_data: true,
            publishable_keys: true,
            card_tokens_on_charges: true,
            published_test_cards_only: false,
            strict_number: false,
            block_if_cvc_fails: false,
            block_if_zip_fails: false,
        }
    }
}

/// One switch of [`Policies`], with its name in files and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    RawCardData,
    PublishableKeys,
    CardTokensOnCharges,
    PublishedTestCardsOnly,
    StrictNumber,
    BlockIfCvcFails,
    BlockIfZipFails,
}

words!(Policy {
    RawCardData => "raw_card_data",
    PublishableKeys => "publishable_keys",
    CardTokensOnCharges => "card_tokens_on_charges",
    PublishedTestCardsOnly => "published_test_cards_only",
    StrictNumber => "strict_number",
    BlockIfCvcFails => "block_if_cvc_fails",
    BlockIfZipFails => "block_if_zip_fails",
});

impl Policy {
    /// This switch of an account.
    pub fn of(self, policies: &mut Policies) -> &mut bool {
        match self {
            Self::RawCardData => &mut policies.raw_card_data,
            Self::PublishableKeys => &mut policies.publishable_keys,
            Self::CardTokensOnCharges => &mut policies.card_tokens_on_charges,
            Self::PublishedTestCardsOnly => &mut policies.published_test_cards_only,
            Self::StrictNumber => &mut policies.strict_number,
            Self::BlockIfCvcFails => &mut policies.block_if_cvc_fails,
            Self::BlockIfZipFails => &mut policies.block_if_zip_fails,
        }
    }
}
