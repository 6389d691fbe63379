//! The form as typed: its draft, the states of its fields, its defaults, and what of it may be stored.

pub mod defaults;
pub mod draft;
pub mod field_state;
pub mod kept_draft;
pub mod places;
