//! A card, and what can be read from it: its number, brand, expiry, networks, how it is typed, the published test cards.

pub mod brand;
pub mod currency;
pub mod digits;
pub mod expiry;
pub mod networks;
pub mod number;
pub mod test_cards;
pub mod typing;
