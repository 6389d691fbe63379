//! Testcard: a workbench for test-card tokens.

pub mod domain;
pub mod keys;
pub mod minter;
pub mod settings;
pub mod stripe;
