//! Every integration test: one binary, so that the window's libraries are linked once. A file per subject.

mod layers;
mod minter;
mod rules;
