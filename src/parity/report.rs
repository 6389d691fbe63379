//! What differs in all answers: each difference once, with the cards that have it.

use std::collections::HashMap;

use super::{
    catalogue::{CaseCard, ParityStep},
    drift::Drift,
};

/// The outcome of a comparison.
#[derive(Clone, Debug, Default)]
pub struct ParityReport {
    /// How many answers were compared.
    pub answers: usize,
    /// In the order in which they were found.
    pub drifts: Vec<FoundDrift>,
    /// Where each difference stands in `drifts`.
    places: HashMap<(ParityStep, Drift), usize>,
}

/// A difference, and the cards that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDrift {
    pub step: ParityStep,
    pub drift: Drift,
    pub cards: Vec<&'static str>,
}

impl ParityReport {
    /// Adds what differs in the answers to one call. A card has a difference once, however often it is asked for.
    pub fn add(&mut self, card: CaseCard, step: ParityStep, drifts: Vec<Drift>) {
        self.answers += 1;
        for drift in drifts {
            let next = self.drifts.len();
            let nth = *self.places.entry((step, drift.clone())).or_insert(next);
            if nth == next {
                self.drifts.push(FoundDrift { step, drift, cards: Vec::new() });
            }
            let cards = &mut self.drifts[nth].cards;
            if cards.last() != Some(&card.as_str()) {
                cards.push(card.as_str());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parity::drift::DriftKind;

    #[test]
    fn a_difference_of_many_cards_is_one_line() {
        let drift = |theirs: &str| Drift {
            kind: DriftKind::Value,
            place: "card.brand".to_owned(),
            ours: "\"Visa\"".to_owned(),
            theirs: theirs.to_owned(),
        };
        let mut report = ParityReport::default();
        for (card, step, theirs) in [
            ("1", ParityStep::Token, "\"visa\""),
            ("1", ParityStep::Token, "\"visa\""),
            ("2", ParityStep::Token, "\"visa\""),
            ("2", ParityStep::Token, "\"other\""),
            ("2", ParityStep::Charge, "\"visa\""),
        ] {
            report.add(CaseCard::Number(card), step, vec![drift(theirs)]);
        }
        report.add(CaseCard::Number("3"), ParityStep::Token, Vec::new());
        let found: Vec<(&str, usize)> =
            report.drifts.iter().map(|found| (found.step.as_str(), found.cards.len())).collect();
        assert_eq!(found, [("POST /v1/tokens", 2), ("POST /v1/tokens", 1), ("POST /v1/charges", 1)]);
        assert_eq!(report.answers, 6);
    }
}
