//! The dialogs that lie over the window, a file each, that of runs a folder: the state of one while it is open, and a function that draws it
//! and returns `false` when it is to be closed.

pub mod closing;
pub mod evidence;
pub mod export;
pub mod import;
pub mod keep;
pub mod keys;
pub mod output_file;
pub mod preset;
pub mod runs;
pub mod server;
pub mod use_token;
pub mod webhooks;
