//! What several subjects share.

pub mod cpu_renderer;
