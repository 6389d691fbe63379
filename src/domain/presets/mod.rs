//! Presets: Stripe's test cards, requests that fail on purpose, and the user's own drafts, each with its expected
//! outcome.

pub mod catalog;
pub mod found_calls;
pub mod library;
pub mod preset;
pub mod search;
