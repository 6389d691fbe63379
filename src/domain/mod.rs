//! Nouns and rules, all pure: no window, no disk, no network, no clock.

pub mod api;
pub mod card;
pub mod clock;
pub mod currency;
pub mod draft;
pub mod entry;
pub mod error;
pub mod expiry;
pub mod fault;
pub mod key;
pub mod mask;
pub mod networks;
pub mod params;
pub mod places;
pub mod policies;
pub mod refusal;
pub mod request_log;
pub mod rules;
pub mod secret;
pub mod settings;
pub mod test_cards;
pub mod token;
pub mod token_call;
pub mod typing;
pub mod usage;
