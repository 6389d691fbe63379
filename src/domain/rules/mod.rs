//! What Stripe will say: the checks that the form predicts with and the minter answers with.

pub mod expectation;
pub mod policies;
pub mod prediction;
