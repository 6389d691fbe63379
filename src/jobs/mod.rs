//! Long work with progress and cancel, for the window and the command line alike.

pub mod export;
pub mod refresh;
