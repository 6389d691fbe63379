//! What several subjects share.

pub mod background;
pub mod cpu_renderer;
pub mod golden;
pub mod hands;
pub mod histories;
pub mod http;
pub mod local;
pub mod local_server;
pub mod loopback;
pub mod pane;
pub mod patient;
pub mod program;
pub mod receiver;
pub mod recorded;
pub mod sending;
pub mod serving;
pub mod waiting;
pub mod window;
pub mod wire;
