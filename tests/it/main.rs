//! All integration tests, one file per subject, in one binary.

mod settings;
