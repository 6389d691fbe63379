//! The rows of the request log as lines: calls in a row that say the same are one line, which can be unfolded.

use std::{collections::HashSet, ops::Range};

use super::request_log::{ExchangeId, RequestRow};

/// A line of the request log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLine {
    /// The index of the row that it shows: of several equal ones the newest.
    pub row: usize,
    pub kind: LineKind,
}

/// What a line stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// One call.
    Single,
    /// So many equal calls in a row.
    Folded(usize),
    /// The newest of so many equal calls, above the others.
    Unfolded(usize),
    /// One of the others.
    Member,
}

/// The runs of rows that say the same, in the order of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestRuns(Vec<Range<usize>>);

impl RequestRuns {
    pub fn of(rows: &[RequestRow]) -> Self {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            match runs.last_mut() {
                Some(run) if rows[run.start].repeats(row) => run.end = index + 1,
                _ => runs.push(index..index + 1),
            }
        }
        Self(runs)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rows of a row's run.
    pub fn run_of(&self, row: usize) -> Option<Range<usize>> {
        let place = self.0.partition_point(|run| run.end <= row);
        self.0.get(place).filter(|run| run.contains(&row)).cloned()
    }

    /// The lines to show, with the runs unfolded that have a call of `unfolded`. Any call may stand for its run: newer ones
    /// join at one end while the oldest leave the list at the other.
    pub fn lines(&self, rows: &[RequestRow], unfolded: &HashSet<ExchangeId>) -> Vec<RequestLine> {
        let mut lines = Vec::with_capacity(self.0.len());
        for run in &self.0 {
            let (row, count) = (run.start, run.len());
            let is_unfolded = count > 1 && rows[run.clone()].iter().any(|row| unfolded.contains(&row.id));
            let kind = match (count, is_unfolded) {
                (1, _) => LineKind::Single,
                (_, false) => LineKind::Folded(count),
                (_, true) => LineKind::Unfolded(count),
            };
            lines.push(RequestLine { row, kind });
            if is_unfolded {
                lines.extend((row + 1..run.end).map(|row| RequestLine { row, kind: LineKind::Member }));
            }
        }
        lines
    }
}

/// The place of the line that shows a row, or that has it folded in.
pub fn line_of(lines: &[RequestLine], row: usize) -> Option<usize> {
    lines.partition_point(|line| line.row <= row).checked_sub(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::domain::{
        call::api::{HttpMethod, Target},
        history::entry::EntryId,
    };

    fn rows(paths: &str) -> Vec<RequestRow> {
        let row = |(index, path): (usize, char)| RequestRow {
            id: ExchangeId(100 - i64::try_from(index).unwrap()),
            entry: None,
            target: Target::Local,
            started: Timestamp::UNIX_EPOCH,
            took: Duration::from_millis(index as u64),
            method: HttpMethod::Get,
            path: path.to_string(),
            query: String::new(),
            http_status: Some(200),
            user_agent: None,
            failure: None,
            fault: None,
            account: None,
        };
        paths.chars().enumerate().map(row).collect()
    }

    #[test]
    fn equal_calls_in_a_row_are_one_line_until_it_is_unfolded() {
        use LineKind::{Folded, Member, Single, Unfolded};

        let rows = rows("aaabaa");
        let runs = RequestRuns::of(&rows);
        let shown = |unfolded: &[i64]| {
            let unfolded = unfolded.iter().copied().map(ExchangeId).collect();
            runs.lines(&rows, &unfolded).iter().map(|line| (line.row, line.kind)).collect::<Vec<_>>()
        };
        assert_eq!(shown(&[]), [(0, Folded(3)), (3, Single), (4, Folded(2))]);
        assert_eq!(shown(&[98]), [(0, Unfolded(3)), (1, Member), (2, Member), (3, Single), (4, Folded(2))]);
        let grown = RequestRuns::of(&rows[..2]).lines(&rows[..2], &HashSet::from([ExchangeId(100)]));
        assert_eq!(grown[0].kind, Unfolded(2), "a run stays unfolded while its oldest calls leave the list");
        let lines = runs.lines(&rows, &HashSet::new());
        assert_eq!([0, 2, 3, 5].map(|row| line_of(&lines, row)), [Some(0), Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn whatever_is_shown_of_a_call_sets_it_apart() {
        let first = rows("a").remove(0);
        let changes: [fn(&mut RequestRow); 9] = [
            |row| row.method = HttpMethod::Post,
            |row| row.path = "b".to_owned(),
            |row| row.query = "limit=1".to_owned(),
            |row| row.http_status = None,
            |row| row.user_agent = Some("curl/8".to_owned()),
            |row| row.failure = Some("timeout".to_owned()),
            |row| row.fault = Some("500".to_owned()),
            |row| row.target = Target::Stripe,
            |row| row.entry = Some(EntryId(1)),
        ];
        for change in changes {
            let mut other = first.clone();
            change(&mut other);
            assert!(!first.repeats(&other), "{other:?}");
        }
        let later = RequestRow { id: ExchangeId(7), took: Duration::ZERO, ..first.clone() };
        assert!(first.repeats(&later));
    }
}
