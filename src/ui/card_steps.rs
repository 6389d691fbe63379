//! The steps of a test card's life, as the outcome rail draws them.

use super::widgets::{RailStep, StepState};
use crate::domain::card::{authentication::REQUIRES_ACTION, test_cards::StepOutcome};

/// Token, attach, charge and intent with their outcomes, in the words of the rail.
pub fn card_steps([token, attach, charge, intent]: [&StepOutcome; 4]) -> [RailStep<'_>; 4] {
    let steps = [("token", token), ("attach", attach), ("charge", charge), ("intent", intent)];
    let mut steps = steps.map(|(name, outcome)| {
        let (state, code) = match outcome {
            StepOutcome::Ok => (StepState::Ok, ""),
            StepOutcome::Later(what) if what == REQUIRES_ACTION => (StepState::Waits, "3D Secure"),
            StepOutcome::Later(what) => (StepState::Ok, what.as_str()),
            StepOutcome::Refused { .. } => (StepState::Fail, outcome.label()),
            StepOutcome::NotReached => (StepState::Later, ""),
        };
        RailStep { name, state, code }
    });
    // What comes of the charge comes of the intent: the code stands there once.
    if steps[3].code == steps[2].code {
        steps[3].code = "";
    }
    steps
}
