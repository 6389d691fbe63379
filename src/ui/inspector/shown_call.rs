//! Which call the inspector shows.

use crate::domain::history::{entry::EntryId, request_log::ExchangeId};

/// The call whose answer or code is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShownCall {
    /// The call that made the token of this entry, or was to make it.
    Entry(EntryId),
    /// A call of the request log.
    Logged(ExchangeId),
}
