//! The lines of the history, and what is done to them: filters, lists, edits, the request log.

pub mod days;
pub mod edit;
pub mod entry;
pub mod filter;
pub mod listing;
pub mod request_log;
