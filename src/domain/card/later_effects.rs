//! What a test card does after its payment has succeeded: disputes, early fraud warnings, refunds that end otherwise than
//! they began; and for which cards something of the kind happens at Stripe and nothing here.

use super::test_cards::TestCard;

/// What a dispute is at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeKind {
    /// The money is taken back: no refund is possible any more.
    Chargeback,
    /// The bank asks first, and a refund is still possible.
    Inquiry,
}

/// The disputes of every payment with a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardDispute {
    pub kind: DisputeKind,
    /// In the words of the API: `fraudulent`, `product_not_received`, `noncompliant`.
    pub reason: &'static str,
    /// By what other rule of the network it may be answered, in the words of the API.
    pub eligibility: Option<&'static str>,
    /// How many there are of one payment.
    pub count: u32,
}

/// How a refund to a card goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundCourse {
    /// It succeeds at once.
    AtOnce,
    /// It is pending, and succeeds later.
    Pending,
    /// It succeeds at once, and fails later.
    FailsLater,
}

const DISPUTE: &str = "dispute";
const PREVENTION: &str = "dispute-prevention";
const WARNING: &str = "Early fraud warning";

impl TestCard {
    /// The disputes that follow a payment with the card. An early fraud warning is none. Whether one is prevented is up to
    /// the account: Stripe opens an ordinary dispute where it is not enrolled for that, as the account here.
    pub fn dispute(&self) -> Option<CardDispute> {
        let plain = CardDispute { kind: DisputeKind::Chargeback, reason: "fraudulent", eligibility: None, count: 1 };
        match (self.group.as_str(), self.description.as_str()) {
            (DISPUTE, WARNING) => None,
            (DISPUTE, "Inquiry") => Some(CardDispute { kind: DisputeKind::Inquiry, ..plain }),
            (DISPUTE, "Product not received") => Some(CardDispute { reason: "product_not_received", ..plain }),
            (DISPUTE, "Multiple disputes") => Some(CardDispute { count: 2, ..plain }),
            (DISPUTE, "Visa Compelling Evidence 3.0") => {
                Some(CardDispute { eligibility: Some("visa_compelling_evidence_3"), ..plain })
            }
            (DISPUTE, "Visa compliance") => {
                Some(CardDispute { reason: "noncompliant", eligibility: Some("visa_compliance"), ..plain })
            }
            (DISPUTE, "Mastercard compliance") => Some(CardDispute { reason: "noncompliant", ..plain }),
            (DISPUTE | PREVENTION, _) => Some(plain),
            _ => None,
        }
    }

    /// Whether the card's bank warns of fraud after each payment.
    pub fn warns_of_fraud(&self) -> bool {
        (self.group.as_str(), self.description.as_str()) == (DISPUTE, WARNING)
    }

    /// What follows each payment with the card at once, in a few words.
    pub fn follows_payment(&self) -> Option<&'static str> {
        match self.dispute() {
            Some(CardDispute { kind: DisputeKind::Inquiry, .. }) => Some("an inquiry"),
            Some(CardDispute { count: 2.., .. }) => Some("two disputes"),
            Some(_) => Some("a dispute"),
            None => self.warns_of_fraud().then_some("a fraud warning"),
        }
    }

    pub fn refund_course(&self) -> RefundCourse {
        match (self.group.as_str(), self.description.as_str()) {
            ("refund", description) if description.starts_with("Asynchronous refund success") => RefundCourse::Pending,
            ("refund", _) => RefundCourse::FailsLater,
            _ => RefundCourse::AtOnce,
        }
    }

    /// In a sentence, what follows a payment with the card here, or that nothing does though it would at Stripe; `None`
    /// where nothing follows anywhere.
    pub fn what_follows(&self) -> Option<&'static str> {
        if let Some(CardDispute { kind, reason, count, .. }) = self.dispute() {
            return Some(match (kind, self.group.as_str()) {
                (DisputeKind::Inquiry, _) => {
                    "Right after the payment the bank asks about it; evidence may escalate that to a dispute"
                }
                (_, PREVENTION) => {
                    "Right after the payment it is disputed as fraud: the account is in no program that prevents it"
                }
                _ if count > 1 => "Right after the payment it is disputed twice, half of it each time",
                _ if reason == "product_not_received" => {
                    "Right after the payment it is disputed: the product was not received"
                }
                _ if reason == "noncompliant" => {
                    "Right after the payment it is disputed as against the rules of the network"
                }
                _ => "Right after the payment it is disputed as fraud",
            });
        }
        Some(match (self.refund_course(), self.group.as_str(), self.description.as_str()) {
            _ if self.warns_of_fraud() => "Right after the payment the bank warns of fraud",
            (RefundCourse::Pending, ..) => "A refund is pending, and succeeds five seconds later",
            (RefundCourse::FailsLater, ..) => "A refund succeeds, and fails five seconds later",
            (_, "connect-payout", _) => "Payouts are not played here: nothing comes of it",
            (_, "connect-trigger", _) => "Requirements of accounts are not played here: nothing comes of it",
            (_, "india-recurring", _) => "Mandates are not played here: nothing comes of it",
            (_, "captcha", _) => "No captcha is asked for here: the payment just succeeds",
            (_, "pin" | "terminal", _) => "No terminal is played here: nothing comes of it",
            (_, "partial authorization", _) if self.part_of(100).is_some() => {
                "An intent that asks for partial authorization is paid to 70 %"
            }
            (_, "partial authorization", _) => {
                "An increment that asks for partial authorization adds 70 % of it; any other is declined"
            }
            (_, "incremental authorization", _) => "An increment of what is held is authorized in full",
            (_, "overcapture", _) => "Overcapture is not played here; an increment of what is held is declined",
            (_, "installments", _) => "What the card is made for is not played here: the payment just succeeds",
            (
                _,
                "fraud",
                "High fraud dispute score"
                | "High early fraud warning score"
                | "Dynamic risk thresholds"
                | "Free trial abuse"
                | "Adaptive 3DS",
            ) => "Scores and rules of Radar are not played here: nothing comes of it",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::card::test_cards;

    #[test]
    fn eleven_cards_dispute_their_charges_and_one_of_them_only_asks() {
        let of_kind = |kind| {
            let is_of = move |card: &&TestCard| card.dispute().is_some_and(|dispute| dispute.kind == kind);
            test_cards::all().iter().filter(is_of).map(|card| &*card.number)
        };
        assert_eq!(of_kind(DisputeKind::Inquiry).collect::<Vec<_>>(), ["4000000000001976"]);
        assert_eq!(of_kind(DisputeKind::Chargeback).count(), 10);
    }

    #[test]
    fn each_row_of_the_groups_with_later_effects_says_what_follows() {
        for card in test_cards::all() {
            let has_effect = [DISPUTE, PREVENTION, "refund"].contains(&card.group.as_str());
            let is_played =
                card.dispute().is_some() || card.warns_of_fraud() || card.refund_course() != RefundCourse::AtOnce;
            assert_eq!(has_effect, is_played, "{}", card.description);
            let says_nothing_comes = card.what_follows().is_some_and(|words| words.contains("not played"));
            assert!(!(has_effect && says_nothing_comes), "{}", card.description);
            assert!(!has_effect || card.what_follows().is_some(), "{}", card.description);
        }
        for (description, expected) in [
            ("Fraudulent dispute", "ok, then a dispute"),
            ("Inquiry", "ok, then an inquiry"),
            ("Early fraud warning", "ok, then a fraud warning"),
            ("Multiple disputes", "ok, then two disputes"),
            ("Ethoca alert", "ok, then a dispute"),
            ("Asynchronous refund failure (succeeded -> failed)", "ok"),
        ] {
            let card = test_cards::all().iter().find(|card| card.description == description).unwrap();
            assert_eq!(card.at_charge.label(), expected, "{description}");
        }
        let words = |alias: &str| test_cards::by_alias(alias).unwrap().what_follows();
        assert_eq!(words("tok_visa"), None);
        assert!(words("tok_visa_debit_us_transferFail").unwrap().contains("not played"));
    }
}
