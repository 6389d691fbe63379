//! A run and its rows as they are kept: what lists, reports and comparisons are made of.

use std::{fmt::Write as _, time::Duration};

use jiff::{Timestamp, civil::Date};

use super::{
    kept_row::KeptSource,
    row::{RunRow, RunStep},
    verdict::{RowVerdict, StepResult},
};
use crate::domain::{
    call::api::Target,
    card::expiry::utc_day,
    history::entry::EntryId,
    mask,
    plural::{number_of, plural},
    rules::expectation::Expectation,
    settings::profile::ProfileId,
    words::words,
};

/// The number of a run. Later runs have higher numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// A process makes its calls, or ended without saying so.
    Running,
    /// It was stopped, and can be resumed.
    Stopped,
    /// Every row has come to its end.
    Finished,
}

words!(RunState {
    Running => "running" | "Running",
    Stopped => "stopped" | "Stopped",
    Finished => "finished" | "Finished",
});

/// A run before it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// See [`run_name`].
    pub name: String,
    /// Random letters: what the idempotency keys of the run begin with.
    pub uid: String,
    pub list_hash: String,
    pub target: Target,
    /// At the real API: the profile whose settings and key it goes with.
    pub profile: Option<ProfileId>,
    /// At the real API: its address.
    pub base_url: Option<String>,
    pub created: Timestamp,
    /// How far rows go that do not say it themselves.
    pub last_step: RunStep,
    /// What the list was made of, in words.
    pub source: String,
    /// The most calls a second; `None` for as many as can be.
    pub rate: Option<u32>,
    pub rows: u64,
}

/// A run, and how many of its rows came to which end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    pub id: RunId,
    pub run: NewRun,
    pub state: RunState,
    pub finished: Option<Timestamp>,
    pub as_expected: u64,
    pub differs: u64,
    pub unanswered: u64,
}

impl RunRecord {
    /// The day on which its requests are made: see [`super::row::RunRow::on`].
    pub fn day(&self) -> Date {
        utc_day(self.run.created)
    }

    /// How many rows have come to an end.
    pub fn ended(&self) -> u64 {
        self.as_expected + self.differs + self.unanswered
    }

    /// Whether another run was made of the same list, so that the two can be compared row by row.
    pub fn is_of_same_list(&self, other: &Self) -> bool {
        self.run.list_hash == other.run.list_hash
    }

    /// Whether every row came as expected.
    pub fn holds(&self) -> bool {
        self.as_expected == self.run.rows
    }

    /// "1000 rows: 998 as expected, 2 differ".
    pub fn words(&self) -> String {
        let rows = number_of(self.run.rows, "row", "rows");
        let mut words = format!("{rows}: {} as expected", self.as_expected);
        let open = self.run.rows.saturating_sub(self.ended());
        for (count, what) in [
            (self.differs, plural(self.differs, "differs", "differ")),
            (self.unanswered, "unanswered"),
            (open, "not made yet"),
        ] {
            if count > 0 {
                let _ = write!(words, ", {count} {what}");
            }
        }
        words
    }
}

/// A row as it is kept, masked.
#[derive(Clone, Debug, PartialEq)]
pub struct RowRecord {
    /// From 1, in the order of the list.
    pub number: u64,
    pub card: String,
    pub variant: String,
    pub source: KeptSource,
    pub last_step: RunStep,
    pub amount: String,
    pub currency: String,
    pub expects: Expectation,
    /// Whether that is what the rules predicted, for the list said nothing.
    pub is_predicted: bool,
    pub note: String,
    pub tags: Vec<String>,
    /// The entry of its token creation, once the call has left.
    pub entry: Option<EntryId>,
    pub results: Vec<StepResult>,
    pub verdict: Option<RowVerdict>,
}

impl RowRecord {
    /// The row in a few words: card and variant.
    pub fn label(&self) -> String {
        if self.variant.is_empty() { self.card.clone() } else { format!("{} · {}", self.card, self.variant) }
    }

    /// The row that this is kept of; `None` where a part of its request may not be kept. Whether the other texts were kept
    /// whole, the hash of the list tells.
    pub fn restored(&self) -> Option<RunRow> {
        Some(RunRow {
            source: self.source.restored()?,
            variant: self.variant.clone(),
            last_step: self.last_step,
            amount: self.amount.clone(),
            currency: self.currency.clone(),
            expects: (!self.is_predicted).then(|| self.expects.clone()),
            note: self.note.clone(),
            tags: self.tags.clone(),
        })
    }

    /// What came of it, call by call: "token ok, charge insufficient_funds".
    pub fn outcome(&self) -> String {
        let results = self.results.iter().map(|result| format!("{} {}", result.step.as_str(), result.got));
        results.collect::<Vec<_>>().join(", ")
    }

    /// The time that all its calls took.
    pub fn took(&self) -> Duration {
        self.results.iter().map(|result| result.took).sum()
    }
}

/// The longest name of a run, in characters.
const LONGEST_NAME: usize = 60;

/// A name as a run has it, from what was typed or from the name of a file: masked, lower case, with dashes for white space,
/// so that `run:NAME` is one word of a search. Digits alone are the number of a run, and get a word before them.
pub fn run_name(text: &str) -> String {
    let shown: String = text.chars().filter(|sign| sign.is_whitespace() || !sign.is_control()).collect();
    let words: Vec<String> = mask::text(&shown).split_whitespace().map(str::to_lowercase).collect();
    let name: String = words.join("-").chars().take(LONGEST_NAME).collect();
    match name.as_str() {
        "" => "run".to_owned(),
        name if name.bytes().all(|byte| byte.is_ascii_digit()) => format!("run-{name}"),
        _ => name,
    }
}

/// The idempotency key of a row's call: the same whenever the call is made again, and of no other call.
pub fn idempotency_key(uid: &str, row: u64, step: RunStep) -> String {
    // Letters only: a run of digits would be masked as a card number in the journal, and the key would be lost.
    let mut letters = Vec::new();
    let mut rest = row;
    while rest > 0 || letters.is_empty() {
        letters.push(char::from(b'a' + (rest % 26) as u8));
        rest /= 26;
    }
    let row: String = letters.into_iter().rev().collect();
    format!("testcard-run-{uid}-{row}-{}", step.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::mask;

    #[test]
    fn every_call_of_a_run_has_a_key_of_its_own_that_may_be_kept() {
        let mut keys = HashSet::new();
        for row in (0..2000).chain([u64::MAX]) {
            for step in RunStep::ALL {
                let key = idempotency_key("abcdefghijklmnopqrst", row, step);
                assert!(mask::is_whole(&key), "{key}");
                assert!(keys.insert(key));
            }
        }
    }

    #[test]
    fn a_name_is_one_word_and_no_number() {
        for (text, name) in
            [("Nightly Smoke", "nightly-smoke"), ("", "run"), (" \t", "run"), ("42", "run-42"), ("a\u{1b}b", "ab")]
        {
            assert_eq!(run_name(text), name, "{text}");
        }
        let cut = format!("{} 4539 5787 6362 1486", "x".repeat(LONGEST_NAME - 20));
        for text in ["Of 4539 5787 6362 1486", "Of 45395787\u{7}63621486", &cut] {
            let name = run_name(text);
            assert!(name.ends_with("1486") && name.contains("******") != name.contains("**-****-"), "{text}: {name}");
            assert!(!name.replace('-', "").contains("4539578763621486"), "{text}: {name}");
        }
        assert_eq!(run_name(&"x".repeat(100)).len(), LONGEST_NAME);
    }
}
