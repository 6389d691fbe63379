//! What several subjects share.

pub mod cpu_renderer;
pub mod hands;
pub mod http;
pub mod local;
pub mod program;
pub mod serving;
pub mod waiting;
pub mod wire;
