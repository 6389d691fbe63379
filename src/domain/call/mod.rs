//! API calls: a request, its response, what they carry, and what is recorded of them.

pub mod account;
pub mod again;
pub mod api;
pub mod client_fields;
pub mod error;
pub mod event_type;
pub mod field_help;
pub mod field_place;
pub mod grades;
pub mod intent_calls;
pub mod params;
pub mod payer_page;
pub mod redaction;
pub mod refusal;
pub mod token;
pub mod token_calls;
pub mod usage;
pub mod version;
pub mod webhook_signature;
