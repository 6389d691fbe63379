//! What comes with a decline besides its code: how to go on, and what the card's network said.

/// The codes beside a decline code, for programs. `None` is what an answer leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeclineAdvice {
    /// Stripe's word for how to go on, such as `try_again_later`.
    pub advice_code: Option<&'static str>,
    /// The network's own two digits of advice, such as "02".
    pub network_advice_code: Option<&'static str>,
    /// The network's own code of the reason, such as "51".
    pub network_decline_code: Option<&'static str>,
}

const fn advice(
    decline_code: &'static str,
    advice_code: &'static str,
    network_advice_code: Option<&'static str>,
    network_decline_code: &'static str,
) -> (&'static str, DeclineAdvice) {
    let advice = DeclineAdvice {
        advice_code: Some(advice_code),
        network_advice_code,
        network_decline_code: Some(network_decline_code),
    };
    (decline_code, advice)
}

/// Recorded in August 2026 for the test card of each of these decline codes.
const RECORDED: [(&str, DeclineAdvice); 8] = [
    advice("card_velocity_exceeded", "try_again_later", Some("02"), "61"),
    advice("expired_card", "confirm_card_data", Some("03"), "54"),
    advice("generic_decline", "try_again_later", None, "01"),
    advice("incorrect_cvc", "confirm_card_data", Some("03"), "N7"),
    advice("insufficient_funds", "try_again_later", Some("02"), "51"),
    advice("lost_card", "do_not_try_again", Some("01"), "41"),
    advice("processing_error", "try_again_later", None, "06"),
    advice("stolen_card", "do_not_try_again", Some("01"), "43"),
];

/// What comes with a decline code. Nothing with one that no network gives (`fraudulent`, which Radar says), and with
/// `authentication_required`, of which nothing is recorded.
pub fn advice_on(decline_code: &str) -> DeclineAdvice {
    RECORDED.iter().find(|(known, _)| *known == decline_code).map_or_else(DeclineAdvice::default, |(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::card::test_cards::{self, StepOutcome};

    #[test]
    fn every_declining_test_card_has_its_advice() {
        let without = ["fraudulent", "authentication_required"];
        let mut declining = 0;
        for card in test_cards::all() {
            let StepOutcome::Refused { .. } = card.at_charge else { continue };
            let code = card.at_charge.label();
            let is_known = advice_on(code) != DeclineAdvice::default();
            assert_eq!(is_known, !without.contains(&code), "{} {code}", card.number);
            declining += usize::from(is_known);
        }
        assert!(declining >= 9, "{declining} cards with advice");
    }
}
