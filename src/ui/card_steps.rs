//! The steps of a test card's life, as the outcome rail draws them.

use super::widgets::{RailStep, StepState};
use crate::domain::card::test_cards::StepOutcome;

/// Token, attach and charge with their outcomes, in the words of the rail.
pub fn card_steps([token, attach, charge]: [&StepOutcome; 3]) -> [RailStep<'_>; 3] {
    [("token", token), ("attach", attach), ("charge", charge)].map(|(name, outcome)| {
        let (state, code) = match outcome {
            StepOutcome::Ok => (StepState::Ok, ""),
            StepOutcome::Later(what) => (StepState::Ok, what.as_str()),
            StepOutcome::Refused { .. } => (StepState::Fail, outcome.label()),
            StepOutcome::NotReached => (StepState::Later, ""),
        };
        RailStep { name, state, code }
    })
}
