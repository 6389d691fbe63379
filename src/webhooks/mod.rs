//! Events on their way to webhook endpoints: signed, sent, and sent again where they were not taken.
//!
//! ```text
//! store: the change and its event ─► queue, one for each endpoint ─► sender: signed, POST ─► taken, or again later
//!            one transaction               in order for each object                          └─ noted in slices
//! ```
//!
//! An endpoint was made by a call or named by a person ([`ForwardTo`]). Nothing leaves this machine but to an origin that a
//! person named ([`crate::domain::settings::receiver`]). Of the processes that have a folder open, one sends to an endpoint.
//! Each event is sent once at least: what was sent last before the program died is sent again.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `config` | by what events are sent |
//! | `delivery` | the thread that sends, until its handle is dropped |
//! | `endpoint` | whom an endpoint is of, what it asks for, and where it is |
//! | `queue` | what is to be sent to one endpoint, and when |
//! | `sender` | one event on its way |
//! | `waiting` | what waits on the disk for its next attempt, or behind one that does |

mod config;
mod delivery;
mod endpoint;
mod queue;
mod sender;
mod waiting;

pub use config::{ForwardTo, UnnamedEndpoint, WebhookConfig};
pub use delivery::{WebhookDelivery, is_sent_by_another};
pub use endpoint::forward_id;
