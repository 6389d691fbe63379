//! A row of the request log: one call of any client.

use std::time::Duration;

use jiff::Timestamp;

use super::entry::EntryId;
use crate::domain::call::api::{HttpMethod, Target};

/// The number of a call in the journal. Later calls have higher numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExchangeId(pub i64);

/// The response header that names the fault that acted on the call.
pub const FAULT_HEADER: &str = "Testcard-Fault";
/// The response header that marks a stored response, repeated for the same idempotency key.
pub const REPLAYED_HEADER: &str = "Idempotent-Replayed";
/// The kind of a failure that a fault rule caused.
pub const FAULT_KIND: &str = "fault";

/// What the request log shows of a call, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    pub id: ExchangeId,
    /// The entry that the call belongs to.
    pub entry: Option<EntryId>,
    pub target: Target,
    pub started: Timestamp,
    pub took: Duration,
    pub method: HttpMethod,
    pub path: String,
    /// The parameters of a call that reads or deletes, as they are kept: "limit=3&customer=cus_1". Empty for a POST,
    /// whose parameters are its body.
    pub query: String,
    pub http_status: Option<u16>,
    /// The client's `User-Agent`; `None` for Testcard itself.
    pub user_agent: Option<String>,
    /// The kind of failure of a call without a response.
    pub failure: Option<String>,
    /// The fault that acted on the call.
    pub fault: Option<String>,
    /// The account that the call is for, as [`super::entry::HistoryEntry::account`].
    pub account: Option<String>,
}

impl RequestRow {
    /// Whether the two say the same of the same entry, but for when and how long: a client that asks again and again makes
    /// such rows. Calls that made two tokens are never the same.
    pub fn repeats(&self, other: &Self) -> bool {
        self.method == other.method
            && self.http_status == other.http_status
            && self.target == other.target
            && self.entry == other.entry
            && self.path == other.path
            && self.query == other.query
            && self.user_agent == other.user_agent
            && self.failure == other.failure
            && self.fault == other.fault
            && self.account == other.account
    }

    /// The short name of the client.
    pub fn client(&self) -> String {
        client_name(self.user_agent.as_deref())
    }
}

/// The short name of a client from its `User-Agent`: `stripe-python 16.1.0`, `curl 8.5.0`, or `Testcard` if there is
/// none.
pub fn client_name(user_agent: Option<&str>) -> String {
    let Some(agent) = user_agent else { return "Testcard".to_owned() };
    let first = agent.split_whitespace().next().unwrap_or_default();
    let (name, version) = first.split_once('/').unwrap_or((first, ""));
    // Stripe's own SDKs send `Stripe/v1 PythonBindings/16.1.0`.
    let sdk = agent.split_whitespace().find_map(|word| word.split_once("Bindings/"));
    match sdk {
        Some((language, version)) => format!("stripe-{} {version}", language.to_lowercase()),
        None => format!("{name} {version}").trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_named_in_short() {
        let row = |agent: Option<&str>| RequestRow {
            id: ExchangeId(1),
            entry: None,
            target: Target::Local,
            started: Timestamp::UNIX_EPOCH,
            took: Duration::ZERO,
            method: HttpMethod::Get,
            path: String::new(),
            query: String::new(),
            http_status: None,
            user_agent: agent.map(str::to_owned),
            failure: None,
            fault: None,
            account: None,
        };
        for (agent, expected) in [
            (None, "Testcard"),
            (Some("Stripe/v1 PythonBindings/16.1.0"), "stripe-python 16.1.0"),
            (Some("Stripe/v1 NodeBindings/23.1.0 (app)"), "stripe-node 23.1.0"),
            (Some("curl/8.5.0"), "curl 8.5.0"),
            (Some("python-requests/2.31 x"), "python-requests 2.31"),
            (Some(""), ""),
        ] {
            assert_eq!(row(agent).client(), expected);
        }
    }
}
