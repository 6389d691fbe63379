//! The integration tests, one binary so that egui links once; a file per subject.

mod gallery;
mod keys;
mod settings;
mod stripe;
mod support;
