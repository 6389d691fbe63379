//! An entry of the history: one attempt to create a token.

use std::{fmt, ops::Range, str::FromStr, time::Duration};

use jiff::Timestamp;

use crate::domain::{
    call::api::{ApiExchange, ApiResponse, CallFailure, MaskedRequest, Target},
    rules::expectation::{Expectation, Judgement},
    settings::profile::ProfileId,
    words::words,
};

/// The number of an entry. Later entries have higher numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub i64);

/// What tells an entry from those of all other histories: 128 random bits, which an export carries. Written as 32 letters
/// from a to p: digits could be taken for those of a card number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryUid(pub u128);

impl fmt::Display for EntryUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..32).rev().try_for_each(|place| {
            let half_byte = (self.0 >> (4 * place)) as u8 & 0xf;
            write!(f, "{}", char::from(b'a' + half_byte))
        })
    }
}

impl FromStr for EntryUid {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let letters = text.bytes().map(|letter| letter.checked_sub(b'a').filter(|half_byte| *half_byte < 16));
        let bits = letters.map(|half_byte| half_byte.map(u128::from)).collect::<Option<Vec<u128>>>().ok_or(())?;
        if bits.len() == 32 {
            Ok(Self(bits.into_iter().fold(0, |bits, half_byte| bits << 4 | half_byte)))
        } else {
            Err(())
        }
    }
}

/// The state of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryStatus {
    /// The token exists, and as far as is known nothing has used it.
    Unused,
    Used,
    /// The response was an error, or there was none because the call failed.
    Failed,
    /// The call is in flight.
    Pending,
    /// The program ended while the call was in flight, so a token may exist.
    Interrupted,
    /// The call was cancelled, timed out or was cut off, so a token may exist. Repeating the call with its idempotency
    /// key shows whether it does.
    Unknown,
}

words!(EntryStatus {
    Unused => "unused" | "Unused",
    Used => "used" | "Used",
    Failed => "failed" | "Failed",
    Pending => "pending" | "Pending",
    Interrupted => "interrupted" | "Interrupted",
    Unknown => "unknown" | "Unknown",
});

/// What the history's table shows of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    pub id: EntryId,
    pub status: EntryStatus,
    pub target: Target,
    /// The profile whose settings the call to the real API used; `None` if unknown, and for the local target.
    pub profile: Option<ProfileId>,
    /// The token's id, once it exists.
    pub token_id: Option<String>,
    /// In Stripe's spelling.
    pub brand: Option<String>,
    pub last4: Option<String>,
    /// For a failed entry: the decline code, the error code or the kind of failure.
    pub code: Option<String>,
    /// The object that used the token, such as `ch_…`.
    pub used_by: Option<String>,
    /// The client that used the token, such as `stripe-python 16.1.0`.
    pub used_client: Option<String>,
    /// The account that the token is of: the one that `Stripe-Account` named, or the one whose world it is in. A text
    /// that may not be shown is a hash: see [`crate::domain::mask::keyed_hash::shown`]. `None` for the account itself.
    pub account: Option<String>,
    /// The user's note.
    pub note: String,
    /// In lower case.
    pub tags: Vec<String>,
    /// What is expected of the token, if anything.
    pub expects: Option<Box<Expectation>>,
    /// How the outcomes so far compare with `expects`; `None` before the first outcome.
    pub judgement: Option<Box<Judgement>>,
    pub started: Timestamp,
    /// `None` while the call is in flight.
    pub took: Option<Duration>,
}

/// Everything that is recorded of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryDetail {
    pub entry: HistoryEntry,
    /// `None` in entries that are older than these, and where it cannot be read.
    pub uid: Option<EntryUid>,
    /// The request that creates the token. `outcome` is `None` while the call is in flight.
    pub request: MaskedRequest,
    pub outcome: Option<Result<ApiResponse, CallFailure>>,
    /// Where the response body differs from what was received, because it held secrets: byte ranges.
    pub replaced: Vec<Range<usize>>,
    /// The later calls with the token, oldest first.
    pub timeline: Vec<ApiExchange>,
    /// Whether a part of this entry was lost to damage of the database. Lost parts are empty.
    pub is_damaged: bool,
}

impl EntryDetail {
    /// The response, if there was one.
    pub fn answer(&self) -> Option<&ApiResponse> {
        self.outcome.as_ref()?.as_ref().ok()
    }
}

/// The number of entries in each status, whatever the filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusCounts {
    pub unused: u64,
    pub used: u64,
    pub failed: u64,
    pub pending: u64,
    pub interrupted: u64,
    pub unknown: u64,
}

impl StatusCounts {
    pub fn of(&self, status: EntryStatus) -> u64 {
        match status {
            EntryStatus::Unused => self.unused,
            EntryStatus::Used => self.used,
            EntryStatus::Failed => self.failed,
            EntryStatus::Pending => self.pending,
            EntryStatus::Interrupted => self.interrupted,
            EntryStatus::Unknown => self.unknown,
        }
    }

    pub fn set(&mut self, status: EntryStatus, count: u64) {
        *match status {
            EntryStatus::Unused => &mut self.unused,
            EntryStatus::Used => &mut self.used,
            EntryStatus::Failed => &mut self.failed,
            EntryStatus::Pending => &mut self.pending,
            EntryStatus::Interrupted => &mut self.interrupted,
            EntryStatus::Unknown => &mut self.unknown,
        } = count;
    }

    /// The number of all entries.
    pub fn all(&self) -> u64 {
        EntryStatus::ALL.into_iter().map(|status| self.of(status)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_written_in_letters_and_read_again() {
        for (bits, text) in [
            (0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            (u128::MAX, "pppppppppppppppppppppppppppppppp"),
            (0x0123_4567_89ab_cdef_0000_0000_0000_0010, "abcdefghijklmnopaaaaaaaaaaaaaaba"),
        ] {
            assert_eq!(EntryUid(bits).to_string(), text);
            assert_eq!(text.parse(), Ok(EntryUid(bits)));
        }
        for text in ["", "aaaa", "0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "qaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "é"] {
            assert_eq!(text.parse::<EntryUid>(), Err(()), "{text}");
        }
    }
}
