//! 3-D Secure of the published test cards: when a card's bank wants its holder to authenticate a payment, and what comes
//! of the payment afterwards.
//!
//! What each card does is from docs.stripe.com/testing, section 3D Secure authentication. That cards of India want it is
//! recorded (2023 and 2024).

use std::{collections::HashMap, sync::LazyLock};

use super::test_cards::{self, StepOutcome, TestCard};

/// The status of an intent that waits until the holder has authenticated the card.
pub const REQUIRES_ACTION: &str = "requires_action";

/// When the holder of a card has to authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationDemand {
    Never,
    /// Only where the call asks for it.
    OnRequest,
    /// The same, but the attempt ends in an error of the bank.
    OnRequestInVain,
    /// While the holder is there; without the holder a payment goes through.
    WithHolder,
    /// While the holder is there; without the holder a payment is declined unless the card was set up for it.
    UnlessSetUp,
    Always,
    /// Always, but the bank is content with what it is told, and asks the holder nothing.
    WithoutQuestion,
}

/// Under what circumstances a card is to be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a circumstance of its own")]
pub struct CardUse {
    /// The holder is not there.
    pub is_off_session: bool,
    /// The call wants the holder to authenticate.
    pub is_requested: bool,
    /// The card was set up for payments without its holder.
    pub is_set_up: bool,
    /// The card is not charged, but set up for later payments.
    pub is_setup: bool,
}

/// What has to happen before the card is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationStep {
    NotNeeded,
    /// The bank is asked, and the holder is not.
    WithoutQuestion,
    /// The holder has to do something.
    Challenge,
    /// The holder would have to do something, and is not there.
    HolderMissing,
    /// The attempt to authenticate fails.
    InVain,
}

/// A decline that the table of test cards does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaterDecline {
    pub decline_code: &'static str,
    pub message: &'static str,
}

impl LaterDecline {
    pub(super) const INSUFFICIENT_FUNDS: Self =
        Self { decline_code: "insufficient_funds", message: "Your card has insufficient funds." };
    pub(super) const GENERIC: Self = Self { decline_code: "generic_decline", message: "Your card was declined." };
}

impl AuthenticationDemand {
    /// What a use of the card needs.
    pub fn step(self, card_use: CardUse) -> AuthenticationStep {
        use AuthenticationStep as Step;
        let CardUse { is_off_session, is_requested, is_set_up, is_setup } = card_use;
        let with_holder = if is_off_session { Step::HolderMissing } else { Step::Challenge };
        match self {
            Self::OnRequest if is_requested => with_holder,
            Self::OnRequestInVain if is_requested => Step::InVain,
            Self::Never | Self::OnRequest | Self::OnRequestInVain => Step::NotNeeded,
            Self::WithHolder if is_off_session || (is_setup && !is_requested) => Step::NotNeeded,
            Self::UnlessSetUp if is_off_session && is_set_up => Step::NotNeeded,
            Self::WithoutQuestion if is_off_session => Step::HolderMissing,
            Self::WithoutQuestion => Step::WithoutQuestion,
            Self::WithHolder | Self::UnlessSetUp | Self::Always => with_holder,
        }
    }
}

impl TestCard {
    /// When the holder of this card has to authenticate.
    pub fn authentication(&self) -> AuthenticationDemand {
        match self.number.as_str() {
            "4000000000003055" => AuthenticationDemand::OnRequest,
            "4000000000003097" => AuthenticationDemand::OnRequestInVain,
            "4000003800000446" | "4000008405600003" => AuthenticationDemand::WithHolder,
            "4000002500003155" => AuthenticationDemand::UnlessSetUp,
            "4000000032200000" => AuthenticationDemand::WithoutQuestion,
            "4000002760003184" | "4000008260003178" | "4000000000003220" | "4000008400000027" | "4000008400001629"
            | "4000000000003063" => AuthenticationDemand::Always,
            _ if self.group == "3ds-mobile" => AuthenticationDemand::OnRequest,
            _ if self.country == "IN" => AuthenticationDemand::UnlessSetUp,
            _ => AuthenticationDemand::Never,
        }
    }

    /// What comes of a payment intent that is confirmed with this card while its holder is there.
    pub fn at_intent(&self) -> &StepOutcome {
        static OUTCOMES: LazyLock<HashMap<&str, StepOutcome>> = LazyLock::new(|| {
            test_cards::all().iter().map(|card| (card.number.as_str(), card.outcome_at_intent())).collect()
        });
        OUTCOMES.get(self.number.as_str()).unwrap_or(&self.at_charge)
    }

    fn outcome_at_intent(&self) -> StepOutcome {
        match (&self.at_token, self.authentication().step(CardUse::default())) {
            (StepOutcome::Refused { .. }, _) => StepOutcome::NotReached,
            (_, AuthenticationStep::Challenge) => StepOutcome::Later(REQUIRES_ACTION.to_owned()),
            // A charge has no way to ask the bank, and is declined for it.
            (_, AuthenticationStep::WithoutQuestion) => StepOutcome::Ok,
            (_, AuthenticationStep::NotNeeded | AuthenticationStep::HolderMissing | AuthenticationStep::InVain) => {
                self.at_charge.clone()
            }
        }
    }

    /// The outcomes in the order token, attach, charge, intent.
    pub fn steps(&self) -> [&StepOutcome; 4] {
        [&self.at_token, &self.at_attach, &self.at_charge, self.at_intent()]
    }

    /// The decline that follows though the holder authenticated the payment.
    pub fn decline_after_authentication(&self) -> Option<LaterDecline> {
        match self.number.as_str() {
            "4000008260003178" => Some(LaterDecline::INSUFFICIENT_FUNDS),
            "4000008400001629" => Some(LaterDecline::GENERIC),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn step(number: &str, card_use: CardUse) -> AuthenticationStep {
        test_cards::by_number(number).unwrap().authentication().step(card_use)
    }

    #[test]
    fn each_card_asks_when_its_page_says_so() {
        use AuthenticationStep as Step;
        let now = CardUse::default();
        let off_session = CardUse { is_off_session: true, ..now };
        let set_up = CardUse { is_set_up: true, ..off_session };
        let requested = CardUse { is_requested: true, ..now };
        let setup = CardUse { is_setup: true, ..now };
        for (number, expected) in [
            ("4242424242424242", [Step::NotNeeded; 5]),
            ("4000000000003055", [Step::NotNeeded, Step::NotNeeded, Step::NotNeeded, Step::Challenge, Step::NotNeeded]),
            ("4000000000003097", [Step::NotNeeded, Step::NotNeeded, Step::NotNeeded, Step::InVain, Step::NotNeeded]),
            ("4000003800000446", [Step::Challenge, Step::NotNeeded, Step::NotNeeded, Step::Challenge, Step::NotNeeded]),
            (
                "4000002500003155",
                [Step::Challenge, Step::HolderMissing, Step::NotNeeded, Step::Challenge, Step::Challenge],
            ),
            (
                "4000002760003184",
                [Step::Challenge, Step::HolderMissing, Step::HolderMissing, Step::Challenge, Step::Challenge],
            ),
            (
                "4000000032200000",
                [
                    Step::WithoutQuestion,
                    Step::HolderMissing,
                    Step::HolderMissing,
                    Step::WithoutQuestion,
                    Step::WithoutQuestion,
                ],
            ),
        ] {
            let found = [now, off_session, set_up, requested, setup].map(|card_use| step(number, card_use));
            assert_eq!(found, expected, "{number}");
        }
    }

    #[test]
    fn every_card_that_a_charge_cannot_authenticate_asks_an_intent_for_it() {
        let asking = test_cards::all().iter().filter(|card| card.at_charge.label() == "authentication_required");
        let idle: Vec<&str> = asking
            .filter(|card| card.authentication() == AuthenticationDemand::Never)
            .map(|card| &*card.number)
            .collect();
        assert_eq!(idle, [""; 0]);
    }

    #[test]
    fn an_intent_of_a_card_is_paid_declined_or_waits_for_the_holder() {
        for (number, expected) in [
            ("4242424242424242", "ok"),
            ("4000000000009995", "insufficient_funds"),
            ("4000002500003155", "requires_action"),
            ("4000008260003178", "requires_action"),
            ("4000000032200000", "ok"),
            ("4000000000003055", "ok"),
        ] {
            assert_eq!(test_cards::by_number(number).unwrap().at_intent().label(), expected, "{number}");
        }
    }
}
