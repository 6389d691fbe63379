//! Who answers a call: the one place that knows of both targets, the stand-in and the real API.
//!
//! [`BackendTargets`] leads to both; [`Backend`] is one of them, ready to be called. Either way the call is written
//! down before anybody hears of it. The minter's answer, its objects and the exchange are one transaction; a call to
//! the real API is journalled before it leaves and completed when its answer is here.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `targets` | what both targets need, kept from call to call |
//! | `worlds` | which account a key is of, and the account of each world |
//! | `call` | a call that this program makes, to either target |
//! | `served` | a call that came over HTTP, for the stand-in |
//! | `save_failures` | tells a person why calls over HTTP are not saved |
//! | `span` | the span that the log lines of one call share |

mod call;
mod save_failures;
mod served;
mod span;
mod targets;
mod worlds;

pub use crate::{
    minter::{
        Admission, KEY_PARAM, admit, admit_by_param, auth::authenticate, check_account, refusal, sent_headers,
        takes_key_param, unrecognized,
    },
    store::{ClockChange, StoreError},
    stripe::{CaError, CallLimits, check_ca, new_idempotency_key},
};
pub use call::{Backend, StartedCall};
pub use served::{AdmissionRules, CallOrigin, LoggedCall, LoggedPage, ServedCall};
pub use span::call_span;
pub use targets::{BackendTargets, send_unrecorded};
