//! Long work with progress and cancel, for the window and the command line alike.

pub mod account_answers;
pub mod check_key;
pub mod evidence;
pub mod export;
mod halves;
pub mod import;
pub mod keep;
pub mod look;
pub mod pace;
pub mod parity;
pub mod refresh;
pub mod run;
pub mod run_again;
pub mod run_entries;
pub mod run_removal;
pub mod run_report;
