//! A figure of several rounds.

use std::fmt;

/// The same figure of every round, or the same ratio.
#[derive(Clone, Debug)]
pub(super) struct Rounds(Vec<f64>);

impl Rounds {
    pub(super) fn new(mut figures: Vec<f64>) -> Self {
        assert!(!figures.is_empty());
        figures.sort_by(f64::total_cmp);
        Self(figures)
    }

    pub(super) fn once(figure: f64) -> Self {
        Self(vec![figure])
    }

    pub(super) fn median(&self) -> f64 {
        self.0[self.0.len() / 2]
    }

    fn ends(&self) -> (f64, f64) {
        (self.0[0], self.0[self.0.len() - 1])
    }
}

/// The median, with the least and the most in parentheses.
impl fmt::Display for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = self.ends();
        match self.0.len() {
            1 => write!(f, "{:.2}", self.median()),
            _ => write!(f, "{:.2} ({least:.2} to {most:.2})", self.median()),
        }
    }
}
