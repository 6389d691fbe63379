//! One request in, one answer out: the calls of the API, what they carry, and what an answer says.

pub mod again;
pub mod api;
pub mod error;
pub mod field_help;
pub mod params;
pub mod redaction;
pub mod refusal;
pub mod token;
pub mod token_calls;
pub mod usage;
