//! The dialogs that lie over the window, a file each. Each draws itself, and says when it is to be closed.

pub mod export;
pub mod keys;
pub mod preset;
pub mod server;
pub mod use_token;
