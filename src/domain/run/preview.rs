//! What a run will do, before it does anything.

use std::{collections::BTreeMap, time::Duration};

use jiff::civil::Date;

use super::row::{RunRow, RunStep};
use crate::domain::{
    call::api::Target,
    rules::{
        account_answers::refusal_of,
        policies::{AccountPolicies, AccountPolicy},
        prediction::predict,
    },
};

/// So many different expectations are told one by one.
const MOST_EXPECTED: usize = 40;

/// How many rows and calls a run has, what is expected of them, and what the account will refuse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunPreview {
    pub rows: u64,
    /// Rows that are expected to end with a refused token make fewer.
    pub calls: u64,
    /// How many rows go as far as each step.
    pub by_step: BTreeMap<RunStep, u64>,
    /// An expectation in words, and how many rows have it.
    pub expected: BTreeMap<String, u64>,
    /// How many rows have others than those.
    pub expected_otherwise: u64,
    /// A policy of the account, and how many rows it will refuse.
    pub refused: Vec<(AccountPolicy, u64)>,
}

impl RunPreview {
    /// Adds a row, as it is on a day. `policies` are those of the account, where they are known.
    pub fn add(&mut self, row: &RunRow, day: Date, policies: Option<AccountPolicies>) {
        let planned = row.on(day);
        self.rows += 1;
        self.calls += row.last_step.path().len() as u64;
        *self.by_step.entry(row.last_step).or_default() += 1;
        let words = planned.expects.words();
        if self.expected.contains_key(&words) || self.expected.len() < MOST_EXPECTED {
            *self.expected.entry(words).or_default() += 1;
        } else {
            self.expected_otherwise += 1;
        }
        for policy in policies.map(switched).unwrap_or_default() {
            let mut alone = AccountPolicies::default();
            let usual = *policy.of(&mut alone);
            *policy.of(&mut alone) = !usual;
            let is_refused = match policy {
                AccountPolicy::CardTokensOnCharges => matches!(row.last_step, RunStep::Attach | RunStep::Charge),
                _ => {
                    let predicted = |policies| predict(&planned.request.params, day, policies);
                    predicted(alone).error().is_some() && predicted(AccountPolicies::default()).error().is_none()
                }
            };
            if is_refused {
                self.note_refused(policy);
            }
        }
    }

    fn note_refused(&mut self, policy: AccountPolicy) {
        match self.refused.iter_mut().find(|(known, _)| *known == policy) {
            Some((_, rows)) => *rows += 1,
            None => self.refused.push((policy, 1)),
        }
    }

    /// What the account will refuse at a target, in a sentence for each policy.
    pub fn refusals(&self, target: Target) -> impl Iterator<Item = String> + '_ {
        self.refused.iter().map(move |(policy, rows)| {
            let why = refusal_words(*policy, target);
            let noun = if *rows == 1 { "row" } else { "rows" };
            format!("{why}: it will refuse {rows} {noun}")
        })
    }

    /// How long the calls take at so many a second.
    pub fn time_at(&self, rate: u32) -> Duration {
        Duration::from_secs(self.calls.div_ceil(u64::from(rate.max(1))))
    }
}

/// A time in words: "44 s", "3 min 20 s", "2 h 5 min".
pub fn time_words(time: Duration) -> String {
    match time.as_secs() {
        secs @ 0..60 => format!("{secs} s"),
        secs @ 60..3600 => format!("{} min {} s", secs / 60, secs % 60),
        secs => format!("{} h {} min", secs / 3600, secs % 3600 / 60),
    }
}

/// Why the account of a target refuses rows, without a full stop.
pub fn refusal_words(policy: AccountPolicy, target: Target) -> String {
    match refusal_of(policy).filter(|_| target == Target::Stripe) {
        Some(refusal) => format!("{}, as its last answer to this profile says", refusal.title()),
        None => format!("The policy {} of the account is not as usual", policy.as_str()),
    }
}

/// The policies that are not as by default.
fn switched(mut policies: AccountPolicies) -> Vec<AccountPolicy> {
    let mut usual = AccountPolicies::default();
    AccountPolicy::ALL.into_iter().filter(|policy| policy.of(&mut policies) != policy.of(&mut usual)).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::run::matrix::RunMatrix;

    #[test]
    fn a_preview_says_how_many_calls_what_is_expected_and_what_is_refused() {
        let matrix = RunMatrix::parse("card=4242424242424242,4000000000009995 cvc=good,bad").unwrap();
        let mut preview = RunPreview::default();
        let policies = AccountPolicies { raw_card_data: false, card_tokens_on_charges: false, ..Default::default() };
        for row in matrix.rows() {
            let row = RunRow { last_step: RunStep::Charge, ..row };
            preview.add(&row, date(2030, 1, 15), Some(policies));
        }
        assert_eq!((preview.rows, preview.calls, preview.time_at(3)), (4, 8, Duration::from_secs(3)));
        let expected: Vec<(&str, u64)> = preview.expected.iter().map(|(words, rows)| (words.as_str(), *rows)).collect();
        assert_eq!(
            expected,
            [
                ("charge declines with insufficient_funds", 1),
                ("token fails with invalid_cvc", 2),
                ("token, attach and charge work", 1),
            ]
        );
        // A short code is refused by itself, whatever the account says.
        assert_eq!(preview.refused, [(AccountPolicy::RawCardData, 2), (AccountPolicy::CardTokensOnCharges, 4)]);
    }
}
