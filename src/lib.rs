//! Testcard: a workbench for test-card tokens.

pub mod domain;
pub mod jobs;
pub mod messages;
pub mod minter;
pub mod model;
pub mod store;
pub mod ui;
