//! A line of the history: one token creation, failed ones too.

use std::{ops::Range, time::Duration};

use jiff::Timestamp;

use crate::domain::{
    call::api::{ApiResponse, Exchange, Failure, MaskedRequest, Target},
    rules::expectation::{Expectation, Judgement},
    settings::profile::ProfileId,
    words::words,
};

/// The number of an entry in the history: later entries have higher ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub i64);

/// How a token creation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// A token that nothing has consumed yet, as far as known.
    Unused,
    Used,
    /// Stripe (or the minter) answered with an error, or no answer came at all.
    Failed,
    /// On its way.
    Pending,
    /// The program ended while the call was on its way: a token may exist.
    Interrupted,
    /// Cancelled, timed out or cut off: a token may exist, and can be asked for again.
    Unknown,
}

words!(Status {
    Unused => "unused" | "Unused",
    Used => "used" | "Used",
    Failed => "failed" | "Failed",
    Pending => "pending" | "Pending",
    Interrupted => "interrupted" | "Interrupted",
    Unknown => "unknown" | "Unknown",
});

/// What the history's table shows of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub id: EntryId,
    pub status: Status,
    pub target: Target,
    /// The profile that it was made with at the real API; `None` where that is not known, and for local ones.
    pub profile: Option<ProfileId>,
    /// The token, once there is one.
    pub token_id: Option<String>,
    /// In Stripe's spelling.
    pub brand: Option<String>,
    pub last4: Option<String>,
    /// Of a failed entry: the decline code, code or kind of failure.
    pub code: Option<String>,
    /// What consumed the token, such as `ch_…`.
    pub used_by: Option<String>,
    /// The client whose call that was, such as `stripe-python 16.1.0`.
    pub used_client: Option<String>,
    /// What a person wrote about it.
    pub note: String,
    /// Words in lower case.
    pub tags: Vec<String>,
    /// What should come of it, where something is expected.
    pub expects: Option<Box<Expectation>>,
    /// How it stands to that, once something came of it.
    pub judgement: Option<Box<Judgement>>,
    pub started: Timestamp,
    /// `None` while it is on its way.
    pub took: Option<Duration>,
}

/// Everything that is known of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryDetail {
    pub entry: Entry,
    /// The call that made the token; without an outcome while it is on its way.
    pub request: MaskedRequest,
    pub outcome: Option<Result<ApiResponse, Failure>>,
    /// The places of the answer's body that are not as they came, for they may not be kept: in bytes.
    pub replaced: Vec<Range<usize>>,
    /// Oldest first, the creation not among them.
    pub timeline: Vec<Exchange>,
    /// Whether the history is damaged where a part of this stood: what is missing is empty.
    pub is_damaged: bool,
}

impl EntryDetail {
    /// What was answered, if anything was.
    pub fn answer(&self) -> Option<&ApiResponse> {
        self.outcome.as_ref()?.as_ref().ok()
    }
}

/// How many entries of each status there are, whatever the filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub unused: u64,
    pub used: u64,
    pub failed: u64,
    pub pending: u64,
    pub interrupted: u64,
    pub unknown: u64,
}

impl Counts {
    pub fn of(&self, status: Status) -> u64 {
        match status {
            Status::Unused => self.unused,
            Status::Used => self.used,
            Status::Failed => self.failed,
            Status::Pending => self.pending,
            Status::Interrupted => self.interrupted,
            Status::Unknown => self.unknown,
        }
    }

    pub fn set(&mut self, status: Status, count: u64) {
        *match status {
            Status::Unused => &mut self.unused,
            Status::Used => &mut self.used,
            Status::Failed => &mut self.failed,
            Status::Pending => &mut self.pending,
            Status::Interrupted => &mut self.interrupted,
            Status::Unknown => &mut self.unknown,
        } = count;
    }

    pub fn all(&self) -> u64 {
        Status::ALL.into_iter().map(|status| self.of(status)).sum()
    }
}
