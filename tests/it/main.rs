//! All integration tests, one file per subject, in one binary.

mod keys;
mod settings;
mod stripe;
