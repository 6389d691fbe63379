//! The goals, and whether they are met.

use super::figures::Rounds;

#[derive(Clone, Copy)]
pub(super) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn is_met_by(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(least) => figure >= least,
            Self::AtMost(most) => figure <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!(">= {least}"),
            Self::AtMost(most) => format!("<= {most}"),
        }
    }
}

struct Goal {
    name: String,
    figure: Rounds,
    bound: Bound,
    stretch: Option<Bound>,
}

/// The goals of what was measured, in that order.
#[derive(Default)]
pub(super) struct Goals(Vec<Goal>);

impl Goals {
    pub(super) fn add(&mut self, name: impl Into<String>, figure: Rounds, bound: Bound) {
        self.0.push(Goal { name: name.into(), figure, bound, stretch: None });
    }

    /// A goal with one behind it that is harder.
    pub(super) fn add_with_stretch(&mut self, name: impl Into<String>, figure: Rounds, bound: Bound, stretch: Bound) {
        self.0.push(Goal { name: name.into(), figure, bound, stretch: Some(stretch) });
    }

    pub(super) fn print(&self) {
        println!("\n{:<64} {:>24} {:>18}  met", "goal", "figure", "bound");
        for Goal { name, figure, bound, stretch } in &self.0 {
            let is_met = |bound: &Bound| bound.is_met_by(figure.median());
            let bounds = match stretch {
                Some(stretch) => format!("{}, {}", bound.text(), stretch.text()),
                None => bound.text(),
            };
            let verdict = match (is_met(bound), stretch.as_ref().is_some_and(is_met)) {
                (false, _) => "NO",
                (true, false) => "yes",
                (true, true) => "yes, and the stretch",
            };
            println!("{name:<64} {:>24} {bounds:>18}  {verdict}", figure.to_string());
        }
    }
}
