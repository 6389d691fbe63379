//! How Stripe responds: the checks of a token request, the policies of an account, and what is expected of a card.

pub mod account_answers;
pub mod expectation;
pub mod policies;
pub mod prediction;
