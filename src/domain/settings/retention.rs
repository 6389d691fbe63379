//! How much of the history is kept: rules that a person sets, each for a part of the history.

use std::{fmt, ops::RangeInclusive};

use super::profile::ProfileId;
use crate::domain::call::api::Target;

/// The part of the history that a rule is about. Of two parts that an entry is in, the smaller one counts: a profile's
/// before its target's, a target's before the whole history's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RetentionScope {
    Everything,
    Target(Target),
    /// What was made at Stripe with this profile. Local entries have no profile.
    Profile(ProfileId),
}

/// What stays of a part of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionBound {
    /// The newest entries, so many of them.
    Last(u64),
    /// The entries of the last days, of 24 hours each.
    Days(u64),
}

impl RetentionBound {
    /// From nothing but what is protected, to more than any disk holds.
    pub const LAST: RangeInclusive<u64> = 0..=1_000_000_000;
    /// Up to a hundred years.
    pub const DAYS: RangeInclusive<u64> = 1..=36_500;
}

impl fmt::Display for RetentionBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last(1) => f.write_str("the last entry"),
            Self::Last(count) => write!(f, "the last {count} entries"),
            Self::Days(1) => f.write_str("the last day"),
            Self::Days(days) => write!(f, "the last {days} days"),
        }
    }
}

/// What stays of one part of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionRule {
    pub scope: RetentionScope,
    pub bound: RetentionBound,
}

/// The rules of the settings, and whether they are followed without being asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionSettings {
    /// At most one for each scope.
    rules: Vec<RetentionRule>,
    /// Whether they are followed at the start of the window and once a day.
    pub is_automatic: bool,
}

impl RetentionSettings {
    /// Of two rules for the same part, the later one counts.
    pub fn new(rules: impl IntoIterator<Item = RetentionRule>, is_automatic: bool) -> Self {
        let mut settings = Self { rules: Vec::new(), is_automatic };
        rules.into_iter().for_each(|rule| settings.set(rule.scope, Some(rule.bound)));
        settings
    }

    /// In the order of their scopes.
    pub fn rules(&self) -> &[RetentionRule] {
        &self.rules
    }

    pub fn bound_of(&self, scope: RetentionScope) -> Option<RetentionBound> {
        self.rules.iter().find(|rule| rule.scope == scope).map(|rule| rule.bound)
    }

    /// Sets what stays of a part; `None` for all of it.
    pub fn set(&mut self, scope: RetentionScope, bound: Option<RetentionBound>) {
        self.rules.retain(|rule| rule.scope != scope);
        self.rules.extend(bound.map(|bound| RetentionRule { scope, bound }));
        self.rules.sort_by_key(|rule| rule.scope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_one_rule_and_the_last_one_counts() {
        let rule = |scope, bound| RetentionRule { scope, bound };
        let local = RetentionScope::Target(Target::Local);
        let mut settings = RetentionSettings::new(
            [
                rule(RetentionScope::Profile(ProfileId(7)), RetentionBound::Days(30)),
                rule(local, RetentionBound::Last(5)),
                rule(local, RetentionBound::Last(9)),
            ],
            true,
        );
        assert_eq!(settings.rules().len(), 2);
        assert_eq!(settings.bound_of(local), Some(RetentionBound::Last(9)));
        assert_eq!(settings.rules()[0].scope, local, "the larger part comes first");
        settings.set(local, None);
        assert_eq!(settings.bound_of(local), None);
        assert_eq!(settings.rules().len(), 1);
    }
}
