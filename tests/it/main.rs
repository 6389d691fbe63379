//! The integration tests, one binary so that egui links once; a file per subject.

mod cli;
mod export;
mod form;
mod gallery;
mod keys;
mod layers;
mod life;
mod minter;
mod requests;
mod rules;
mod secrets;
mod settings;
mod store;
mod stripe;
mod support;
mod window;
