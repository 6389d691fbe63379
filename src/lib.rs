//! Testcard: a workbench for test-card tokens.
