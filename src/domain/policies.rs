//! What an account allows: the switches behind which Stripe's refusals wait.

/// How the local stand-in treats requests. The defaults let everything through that the API page promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policies {
    /// Whether card numbers may be sent at all. Off is Stripe's default for a new account, even in test mode.
    pub raw_card_data: bool,
    /// Answer `test_mode_live_card` to every number that Stripe has not published as a test card.
    pub published_test_cards_only: bool,
    /// Answer `invalid_number` to a number with spaces or dashes, where the default strips them.
    pub strict_number: bool,
}

impl Default for Policies {
    fn default() -> Self {
        Self { raw_card_data: true, published_test_cards_only: false, strict_number: false }
    }
}
