//! The integration tests, one binary so that egui links once; a file per subject.

mod cli;
mod contract;
mod determinism;
mod export;
mod form;
mod gallery;
mod keys;
mod layers;
mod life;
mod minter;
mod model;
mod objects;
mod presets;
mod races;
mod refresh;
mod requests;
mod rules;
mod schemas;
mod secrets;
mod serve;
mod settings;
mod shell;
mod store;
mod stripe;
mod support;
mod window;
