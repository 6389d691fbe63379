//! What a person sets: preferences, profiles, how the real API is reached, the layout of the window.

pub mod key_check;
pub mod layout;
pub mod preferences;
pub mod profile;
pub mod proxy;
pub mod stripe;
