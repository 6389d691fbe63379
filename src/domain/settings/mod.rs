//! What the user sets: preferences, profiles, how the real API is reached, what
//! entries are saved as, and the layout of the window.

pub mod file_format;
pub mod key_check;
pub mod layout;
pub mod origin;
pub mod preferences;
pub mod profile;
pub mod proxy;
pub mod receiver;
pub mod retention;
pub mod stripe;
