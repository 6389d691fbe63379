//! Two runs of the same list: which rows came to something else.

use std::cmp::Ordering;

use super::record::RowRecord;

/// A row that came to something else in another run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    pub number: u64,
    pub label: String,
    /// What it came to in the earlier run, with its verdict.
    pub before: String,
    pub after: String,
    /// Whether it came as expected before, and now.
    pub held: bool,
    pub holds: bool,
}

/// What differs between two runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunComparison {
    /// The first of them, so many at most as were asked for.
    pub changes: Vec<RowChange>,
    pub changed: u64,
    pub same: u64,
    /// Rows that one of the two has not made.
    pub not_in_both: u64,
}

impl RunComparison {
    /// Compares the rows of two runs, both in the order of their numbers. Nothing but the changes stays in memory.
    ///
    /// # Errors
    /// What the reading of a row says.
    pub fn of<E>(
        before: impl Iterator<Item = Result<RowRecord, E>>,
        after: impl Iterator<Item = Result<RowRecord, E>>,
        most: usize,
    ) -> Result<Self, E> {
        let mut comparison = Self::default();
        let (mut before, mut after) = (before, after);
        let (mut old, mut new) = (before.next().transpose()?, after.next().transpose()?);
        loop {
            let order = match (&old, &new) {
                (None, None) => return Ok(comparison),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => old.number.cmp(&new.number),
            };
            if let (Ordering::Equal, Some(old), Some(new)) = (order, &old, &new) {
                comparison.add(old, new, most);
            } else {
                comparison.not_in_both += 1;
            }
            if order != Ordering::Greater {
                old = before.next().transpose()?;
            }
            if order != Ordering::Less {
                new = after.next().transpose()?;
            }
        }
    }

    fn add(&mut self, old: &RowRecord, new: &RowRecord, most: usize) {
        let (Some(was), Some(is)) = (&old.verdict, &new.verdict) else {
            self.not_in_both += 1;
            return;
        };
        if old.outcome() == new.outcome() && was.as_str() == is.as_str() {
            self.same += 1;
            return;
        }
        self.changed += 1;
        if self.changes.len() < most {
            self.changes.push(RowChange {
                number: new.number,
                label: new.label(),
                before: format!("{} ({})", old.outcome(), was.label()),
                after: format!("{} ({})", new.outcome(), is.label()),
                held: was.holds(),
                holds: is.holds(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::summary::tests::row, *};

    #[test]
    fn rows_that_came_to_something_else_are_told_and_the_rest_is_counted() {
        let rows = |rows: Vec<RowRecord>| rows.into_iter().map(Ok::<_, ()>);
        let before = rows(vec![
            row(1, "a", "", "ok", 1),
            row(2, "b", "", "ok", 1),
            row(3, "c", "", "x", 1),
            row(5, "e", "", "ok", 1),
        ]);
        let after = rows(vec![
            row(1, "a", "", "ok", 9),
            row(2, "b", "", "y", 1),
            row(3, "c", "", "z", 1),
            row(4, "d", "", "", 1),
        ]);
        let compared = RunComparison::of(before, after, 1).unwrap();
        assert_eq!((compared.changed, compared.same, compared.not_in_both), (2, 1, 2));
        let change = &compared.changes[0];
        assert_eq!((change.number, compared.changes.len(), change.held, change.holds), (2, 1, true, false));
        assert_eq!((&*change.before, &*change.after), ("charge ok (As expected)", "charge y (Differs)"));
    }
}
