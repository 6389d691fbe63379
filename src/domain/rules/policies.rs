//! What an account allows: the settings that decide about some of Stripe's refusals.

use crate::domain::words::words;

/// The settings of the local stand-in's account. By default it accepts everything that Stripe's API reference allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, as the account's settings have them")]
pub struct AccountPolicies {
    /// Whether raw card numbers may be sent. Off by default in a new Stripe account, even in test mode.
    pub raw_card_data: bool,
    /// Whether a publishable key may create card tokens. Off in newer accounts.
    pub publishable_keys: bool,
    /// Whether charges and customers accept card tokens. Off in newer accounts since 2026.
    pub card_tokens_on_charges: bool,
    /// Whether every number that is not a published test card is refused with `test_mode_live_card`.
    pub published_test_cards_only: bool,
    /// Whether a number with spaces or dashes is refused with `invalid_number`. By default they are removed.
    pub strict_number: bool,
    /// Whether a charge or an attach is refused with `incorrect_cvc` if the check of the security code fails.
    pub block_if_cvc_fails: bool,
    /// Whether a charge or an attach is refused with `incorrect_zip` if the check of the postal code fails.
    pub block_if_zip_fails: bool,
}

impl Default for AccountPolicies {
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

/// One setting of [`AccountPolicies`], with its name in files and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountPolicy {
    RawCardData,
    PublishableKeys,
    CardTokensOnCharges,
    PublishedTestCardsOnly,
    StrictNumber,
    BlockIfCvcFails,
    BlockIfZipFails,
}

words!(AccountPolicy {
    RawCardData => "raw_card_data",
    PublishableKeys => "publishable_keys",
    CardTokensOnCharges => "card_tokens_on_charges",
    PublishedTestCardsOnly => "published_test_cards_only",
    StrictNumber => "strict_number",
    BlockIfCvcFails => "block_if_cvc_fails",
    BlockIfZipFails => "block_if_zip_fails",
});

impl AccountPolicy {
    /// The value of this setting.
    pub fn of(self, policies: &mut AccountPolicies) -> &mut bool {
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
