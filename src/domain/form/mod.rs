//! The form as typed: its draft, the state of its fields, what of it may be kept.

pub mod defaults;
pub mod draft;
pub mod field_state;
pub mod kept_draft;
pub mod places;
