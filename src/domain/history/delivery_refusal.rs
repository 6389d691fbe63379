//! Why a webhook endpoint did not take events, and how many wait for it.

use std::fmt;

use jiff::Timestamp;

use crate::domain::{mask, plural::number_of};

/// How an attempt ended that the endpoint did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRefusal {
    /// When it ended, by the machine's clock.
    pub when: Timestamp,
    /// The status of the answer; `None` where there was none.
    pub http_status: Option<u16>,
    /// The start of what the endpoint answered, masked, in one line; where there was no answer, why not. May be empty.
    pub words: String,
}

/// So many characters of an answer are kept.
const LONGEST_WORDS: usize = 160;
/// So many characters at the end of an answer that was not read to its end are not kept: a secret that was cut off there
/// may not be known as one.
const UNSURE_END: usize = 256;

impl DeliveryRefusal {
    /// An answer with a status other than one of success. `is_cut` where there is more of the body than was read.
    pub fn answered(when: Timestamp, http_status: u16, body: &[u8], is_cut: bool) -> Self {
        let mut masked = mask::text(&String::from_utf8_lossy(body));
        if is_cut {
            let sure = masked.chars().count().saturating_sub(UNSURE_END);
            masked = masked.chars().take(sure).collect();
        }
        let line = masked.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let line = line.collect::<Vec<_>>().join(" ");
        let mut words: String = line.chars().take(LONGEST_WORDS).collect();
        if words.len() < line.len() {
            words.push('…');
        }
        Self { when, http_status: Some(http_status), words }
    }

    /// An attempt that got no answer, for this reason.
    pub fn unanswered(when: Timestamp, reason: &str) -> Self {
        Self { when, http_status: None, words: reason.to_owned() }
    }
}

/// What an endpoint has not taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointBacklog {
    /// How many events are sent again, or wait behind one that is.
    pub waiting: u32,
    /// How many were not taken and are not sent again.
    pub given_up: u32,
    /// The last attempt at any of these that failed.
    pub last_refusal: Option<DeliveryRefusal>,
}

impl EndpointBacklog {
    /// Such as `2 events wait, 1 given up · HTTP 500 (12:31:02)`, where `time` writes a moment; `None` where the endpoint has
    /// taken all that was sent.
    pub fn words(&self, time: impl Fn(Timestamp) -> String) -> Option<String> {
        let Self { waiting, given_up, last_refusal } = self;
        let waiting = (*waiting > 0).then(|| number_of((*waiting).into(), "event waits", "events wait"));
        let given_up = (*given_up > 0).then(|| format!("{given_up} given up"));
        let counts = waiting.into_iter().chain(given_up).collect::<Vec<_>>().join(", ");
        (!counts.is_empty()).then(|| with_refusal(counts, last_refusal.as_ref(), time))
    }
}

/// How something stands, with why it was not taken and when that was.
pub(super) fn with_refusal(
    state: String,
    refusal: Option<&DeliveryRefusal>,
    time: impl Fn(Timestamp) -> String,
) -> String {
    match refusal {
        Some(refusal) => format!("{state} · {refusal} ({})", time(refusal.when)),
        None => state,
    }
}

/// Such as `HTTP 400: no signatures found` or `nobody listens there`.
impl fmt::Display for DeliveryRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.http_status, &*self.words) {
            (Some(http_status), "") => write!(f, "HTTP {http_status}"),
            (Some(http_status), words) => write!(f, "HTTP {http_status}: {words}"),
            (None, words) => f.write_str(words),
        }
    }
}
