//! The entries of the history: filters, lists and edits; and the rows of the request log.

pub mod account_filter;
pub mod call_words;
pub mod days;
pub mod delivery_refusal;
pub mod edit;
pub mod entry;
pub mod filter;
pub mod import_report;
pub mod listing;
pub mod removal;
pub mod request_filter;
pub mod request_lines;
pub mod request_log;
pub mod token_life;
