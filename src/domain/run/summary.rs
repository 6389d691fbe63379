//! The rows of a run in numbers: how many of each verdict and outcome, how long they took, and which card came to what in
//! which variant.

use std::{collections::BTreeMap, time::Duration};

use super::{record::RowRecord, verdict::RowVerdict};
use crate::domain::history::entry::EntryId;

/// The most cards and variants that a heat map shows; what is beyond counts in the sums alone. All published cards fit.
const MOST_CARDS: usize = 400;
const MOST_VARIANTS: usize = 60;
/// The most outcomes that are counted one by one.
const MOST_OUTCOMES: usize = 60;
/// The upper ends of the classes of durations, in milliseconds; one more class has the rest.
pub const DURATION_CLASSES: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/// How many rows came to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerdictCounts {
    pub as_expected: u64,
    pub differs: u64,
    pub unanswered: u64,
    /// Rows that have not come to an end.
    pub open: u64,
}

impl VerdictCounts {
    fn add(&mut self, verdict: Option<&RowVerdict>) {
        *match verdict {
            Some(RowVerdict::AsExpected) => &mut self.as_expected,
            Some(RowVerdict::Differs(_)) => &mut self.differs,
            Some(RowVerdict::Unanswered { .. }) => &mut self.unanswered,
            None => &mut self.open,
        } += 1;
    }

    pub fn rows(&self) -> u64 {
        self.as_expected + self.differs + self.unanswered + self.open
    }
}

/// A field of the heat map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeatCell {
    pub counts: VerdictCounts,
    /// What the first of its rows came to that is worst: one that differs before one that does not.
    pub outcome: String,
    /// The same row's expectation, and its verdict in words; empty while no row has come to its end.
    pub expected: String,
    pub verdict: String,
    /// The entry of the same row's token; that of the first row while none has come to its end.
    pub entry: Option<EntryId>,
}

/// Outcomes by card and variant, both in the order in which the list first names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeatMap {
    pub cards: Vec<String>,
    pub variants: Vec<String>,
    /// By the places of card and variant.
    pub cells: BTreeMap<(usize, usize), HeatCell>,
    /// How many rows have no field, for there are too many cards or variants.
    pub left_out: u64,
}

/// A run in numbers. It takes the same room for a million rows as for a hundred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    pub counts: VerdictCounts,
    pub heat_map: HeatMap,
    /// What the last call of a row came to ("charge insufficient_funds"), and how many rows did.
    pub outcomes: BTreeMap<String, u64>,
    /// How many rows with other outcomes there are.
    pub other_outcomes: u64,
    /// How many rows took how long, by [`DURATION_CLASSES`].
    pub durations: [u64; DURATION_CLASSES.len() + 1],
    pub shortest: Option<Duration>,
    pub longest: Option<Duration>,
    pub total: Duration,
    /// How many calls were sent, repeated ones too.
    pub sent: u64,
}

impl Default for RunSummary {
    fn default() -> Self {
        Self {
            counts: VerdictCounts::default(),
            heat_map: HeatMap::default(),
            outcomes: BTreeMap::new(),
            other_outcomes: 0,
            durations: [0; DURATION_CLASSES.len() + 1],
            shortest: None,
            longest: None,
            total: Duration::ZERO,
            sent: 0,
        }
    }
}

impl RunSummary {
    pub fn add(&mut self, row: &RowRecord) {
        self.counts.add(row.verdict.as_ref());
        self.heat_map.add(row);
        let Some(last) = row.results.last() else { return };
        let outcome = format!("{} {}", last.step.as_str(), last.got);
        if self.outcomes.contains_key(&outcome) || self.outcomes.len() < MOST_OUTCOMES {
            *self.outcomes.entry(outcome).or_default() += 1;
        } else {
            self.other_outcomes += 1;
        }
        let took = row.took();
        let class = DURATION_CLASSES.partition_point(|end| u128::from(*end) <= took.as_millis());
        self.durations[class] += 1;
        self.shortest = Some(self.shortest.map_or(took, |known| known.min(took)));
        self.longest = Some(self.longest.map_or(took, |known| known.max(took)));
        self.total += took;
        self.sent += row.results.iter().map(|result| u64::from(result.tries)).sum::<u64>();
    }

    /// How many rows have made a call.
    pub fn called(&self) -> u64 {
        self.durations.iter().sum()
    }

    /// The mean time of a row that made a call.
    pub fn mean(&self) -> Option<Duration> {
        let rows = self.called();
        (rows > 0).then(|| Duration::from_micros((self.total.as_micros() / u128::from(rows)) as u64))
    }
}

/// A class of durations in words: "under 1 ms", "2 to 5 ms", "5 s and more".
pub fn class_words(class: usize) -> String {
    let shown = |millis: u64| if millis < 1000 { format!("{millis} ms") } else { format!("{} s", millis / 1000) };
    match (class.checked_sub(1).map(|at| DURATION_CLASSES[at]), DURATION_CLASSES.get(class)) {
        (None, Some(end)) => format!("under {}", shown(*end)),
        (Some(start), Some(end)) => format!("{} to {}", shown(start), shown(*end)),
        (start, None) => format!("{} and more", shown(start.unwrap_or_default())),
    }
}

impl HeatMap {
    fn add(&mut self, row: &RowRecord) {
        let card = place(&mut self.cards, &row.card, MOST_CARDS);
        let variant = place(&mut self.variants, &row.variant, MOST_VARIANTS);
        let (Some(card), Some(variant)) = (card, variant) else {
            self.left_out += 1;
            return;
        };
        let cell = self.cells.entry((card, variant)).or_default();
        let is_worse = |counts: &VerdictCounts| match row.verdict {
            Some(RowVerdict::Differs(_)) => counts.differs == 0,
            Some(RowVerdict::Unanswered { .. }) => counts.differs + counts.unanswered == 0,
            Some(RowVerdict::AsExpected) => counts.differs + counts.unanswered + counts.as_expected == 0,
            None => false,
        };
        if is_worse(&cell.counts) {
            cell.outcome = row.results.last().map(|last| last.got.clone()).unwrap_or_default();
            cell.expected = row.expects.words();
            cell.verdict = row.verdict.as_ref().map(RowVerdict::words).unwrap_or_default();
            cell.entry = row.entry;
        }
        cell.entry = cell.entry.or(row.entry);
        cell.counts.add(row.verdict.as_ref());
    }
}

/// The place of a name, which it gets if there is room for one more.
fn place(names: &mut Vec<String>, name: &str, most: usize) -> Option<usize> {
    let known = names.iter().position(|known| known == name);
    known.or_else(|| {
        (names.len() < most).then(|| {
            names.push(name.to_owned());
            names.len() - 1
        })
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::{
        rules::expectation::{Expectation, LifeStep, StepDifference},
        run::{
            kept_row::KeptSource,
            row::{CvcVariant, RunStep},
            verdict::StepResult,
        },
    };

    pub(in crate::domain::run) fn row(number: u64, card: &str, variant: &str, got: &str, millis: u64) -> RowRecord {
        let result = StepResult {
            step: RunStep::Charge,
            got: got.to_owned(),
            http_status: Some(200),
            object: None,
            request_id: None,
            took: Duration::from_millis(millis),
            tries: 2,
        };
        let difference = StepDifference { step: LifeStep::Charge, expected: "ok".to_owned(), got: got.to_owned() };
        RowRecord {
            number,
            card: card.to_owned(),
            variant: variant.to_owned(),
            source: KeptSource::Params { params: Vec::new(), adds_expiry: true, cvc: CvcVariant::Good },
            last_step: RunStep::Charge,
            amount: "2000".to_owned(),
            currency: "usd".to_owned(),
            expects: Expectation::default(),
            is_predicted: true,
            note: String::new(),
            tags: Vec::new(),
            entry: None,
            results: if got.is_empty() { Vec::new() } else { vec![result] },
            verdict: match got {
                "" => None,
                "ok" => Some(RowVerdict::AsExpected),
                _ => Some(RowVerdict::Differs(difference)),
            },
        }
    }

    #[test]
    fn a_run_is_counted_by_verdict_card_outcome_and_duration() {
        let mut summary = RunSummary::default();
        for row in [
            row(1, "visa", "good", "ok", 0),
            row(2, "visa", "bad", "card_declined", 4),
            row(3, "visa", "bad", "ok", 7000),
            row(4, "amex", "good", "", 0),
        ] {
            summary.add(&row);
        }
        let counts = VerdictCounts { as_expected: 2, differs: 1, unanswered: 0, open: 1 };
        assert_eq!((summary.counts, summary.counts.rows(), summary.called(), summary.sent), (counts, 4, 3, 6));
        assert_eq!(summary.outcomes.get("charge ok"), Some(&2));
        assert_eq!((summary.durations[0], summary.durations[2], summary.durations[12]), (1, 1, 1));
        assert_eq!([0, 2, 9, 12].map(class_words), ["under 1 ms", "2 ms to 5 ms", "500 ms to 1 s", "5 s and more"]);
        assert_eq!(summary.mean(), Some(Duration::from_micros(2_334_666)));
        let HeatMap { cards, variants, cells, left_out } = summary.heat_map;
        assert_eq!(
            (cards, variants, left_out),
            (vec!["visa".into(), "amex".into()], vec!["good".into(), "bad".into()], 0)
        );
        assert_eq!(cells[&(0, 1)].outcome, "card_declined");
        assert_eq!((cells[&(0, 1)].counts.differs, cells[&(0, 1)].counts.as_expected), (1, 1));
    }

    #[test]
    fn a_list_of_any_length_takes_the_same_room() {
        let mut summary = RunSummary::default();
        for number in 0..2000 {
            summary.add(&row(number, &format!("card {number}"), &format!("v{number}"), &format!("code_{number}"), 1));
        }
        assert_eq!(summary.heat_map.cards.len(), MOST_CARDS);
        assert_eq!((summary.heat_map.variants.len(), summary.heat_map.left_out), (MOST_VARIANTS, 1940));
        assert_eq!((summary.outcomes.len(), summary.other_outcomes), (MOST_OUTCOMES, 1940));
    }
}
