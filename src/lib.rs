//! Testcard: a workbench for test-card tokens.

pub mod domain;
pub mod jobs;
pub mod minter;
pub mod store;
