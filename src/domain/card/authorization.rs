//! How much of an amount the bank of a test card authorizes: a part of it at first, and what it says when the amount is to
//! be raised later (docs.stripe.com/payments/partial-authorization and docs.stripe.com/payments/incremental-authorization).

use super::{authentication::LaterDecline, test_cards::TestCard};

const PARTIAL: &str = "partial authorization";
/// The group of the card of which a higher amount is declined.
const OVERCAPTURE: &str = "overcapture";

/// What the bank says to a higher amount than it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncrementVerdict {
    /// It holds so much from now on.
    Held(i64),
    /// It goes on to hold what it held.
    Declined(LaterDecline),
}

impl TestCard {
    /// The part of an amount that the bank authorizes where a part is enough; `None` of a card whose bank authorizes all or
    /// nothing.
    pub fn part_of(&self, amount: i64) -> Option<i64> {
        self.authorizes_part_at_first().then(|| seventy_percent(amount))
    }

    fn authorizes_part_at_first(&self) -> bool {
        self.group == PARTIAL && self.at_charge.is_refused()
    }

    /// What the bank says when it holds an amount and is asked for a higher one; `is_part_enough` where it may raise it by
    /// less. The 70 % are those of what is added: so it is in the example of Stripe's page. A card of which only a part was
    /// authorized has no more to give: that is not documented.
    pub fn on_increment(&self, held: i64, asked: i64, is_part_enough: bool) -> IncrementVerdict {
        let part = seventy_percent(asked - held);
        match self.group.as_str() {
            PARTIAL if is_part_enough && part > 0 && !self.authorizes_part_at_first() => {
                IncrementVerdict::Held(held + part)
            }
            PARTIAL => IncrementVerdict::Declined(LaterDecline::INSUFFICIENT_FUNDS),
            OVERCAPTURE => IncrementVerdict::Declined(LaterDecline::GENERIC),
            _ => IncrementVerdict::Held(asked),
        }
    }
}

/// Rounded down to the currency's smallest unit.
fn seventy_percent(amount: i64) -> i64 {
    amount * 7 / 10
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::card::test_cards;

    fn card(alias: &str) -> &'static TestCard {
        test_cards::by_alias(alias).unwrap()
    }

    #[test]
    fn one_card_authorizes_a_part_at_first_and_one_of_what_is_added() {
        assert_eq!(card("pm_card_debit_partialAuthorization").part_of(999), Some(699));
        let others = test_cards::all().iter().filter(|card| card.part_of(1000).is_some());
        assert_eq!(others.count(), 1);
        let adding = card("pm_card_debit_partialIncrement");
        assert_eq!(adding.on_increment(10_000, 15_000, true), IncrementVerdict::Held(13_500));
        for (alias, asked, is_part_enough, expected) in [
            (
                "pm_card_debit_partialIncrement",
                15_000,
                false,
                IncrementVerdict::Declined(LaterDecline::INSUFFICIENT_FUNDS),
            ),
            (
                "pm_card_debit_partialIncrement",
                10_001,
                true,
                IncrementVerdict::Declined(LaterDecline::INSUFFICIENT_FUNDS),
            ),
            (
                "pm_card_debit_partialAuthorization",
                15_000,
                true,
                IncrementVerdict::Declined(LaterDecline::INSUFFICIENT_FUNDS),
            ),
            (
                "pm_card_credit_disableEnterpriseCardFeatures",
                15_000,
                true,
                IncrementVerdict::Declined(LaterDecline::GENERIC),
            ),
            ("pm_card_debit_incrementalAuthAuthorized", 15_000, true, IncrementVerdict::Held(15_000)),
            ("pm_card_visa", 15_000, false, IncrementVerdict::Held(15_000)),
        ] {
            assert_eq!(card(alias).on_increment(10_000, asked, is_part_enough), expected, "{alias} {asked}");
        }
    }
}
