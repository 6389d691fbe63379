//! Testcard: a workbench for test-card tokens.

pub mod app;
pub mod backend;
pub mod cli;
pub mod domain;
pub mod jobs;
pub mod keys;
pub mod messages;
pub mod minter;
pub mod model;
pub mod settings;
pub mod store;
pub mod stripe;
pub mod ui;
pub mod worker;
