//! What can be asked for by its outcome: test cards, requests that fail on purpose, and the user's own.

pub mod catalog;
pub mod library;
pub mod preset;
pub mod search;
