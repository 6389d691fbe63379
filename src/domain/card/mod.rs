//! A card and what can be read from it: number, brand, expiry, networks, currencies, how it is typed, what comes with
//! a decline, how much is authorized, what follows a payment, and Stripe's published test cards.

pub mod authentication;
pub mod authorization;
pub mod brand;
pub mod currency;
pub mod declines;
pub mod digits;
pub mod expiry;
pub mod later_effects;
pub mod networks;
pub mod number;
pub mod test_cards;
pub mod typing;
