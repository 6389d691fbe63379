//! Testcard: a workbench for test-card tokens.

pub mod ui;
