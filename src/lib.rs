//! Testcard: a workbench for test-card tokens.

pub mod domain;
pub mod messages;
pub mod minter;
pub mod model;
pub mod ui;
