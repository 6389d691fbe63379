//! Stripe's published test cards: how each behaves when a token is created, when it is charged and when it is attached.
//!
//! The table is `assets/test-cards.csv`, collected from docs.stripe.com/testing, docs.stripe.com/connect/testing and
//! the pages in the column `source`. The column `confidence_notes` says what is not documented.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    brand::{Brand, CardFunding},
    networks::CardNetwork,
};
use crate::domain::words::words;

/// What happens to a card in one step: creating a token, charging it, attaching it to a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    Ok,
    /// Succeeds, but something follows later, such as a dispute.
    Later(String),
    /// Refused with this error. `decline_code` may be empty.
    Refused {
        code: String,
        decline_code: String,
        message: String,
        param: String,
    },
    /// An earlier step is refused already.
    NotReached,
}

impl StepOutcome {
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// The most specific word for the outcome: "ok", the decline code, or the error code if there is no decline code.
    pub fn label(&self) -> &str {
        match self {
            Self::Ok => "ok",
            Self::Later(what) => what,
            Self::Refused { code, decline_code, .. } => {
                if decline_code.is_empty() {
                    code
                } else {
                    decline_code
                }
            }
            Self::NotReached => "not reached",
        }
    }
}

/// A value that the card's bank compares with its own records, if it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BankCheck {
    Cvc,
    Line1,
    Zip,
}

// The words of the CSV table, and the labels in the window.
words!(BankCheck {
    Cvc => "cvc" | "CVC check",
    Line1 => "line1" | "address line 1 check",
    Zip => "zip" | "postal code check",
});

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCard {
    /// Digits only.
    pub number: String,
    /// What the card is for: `brand`, `country`, `decline`, `fraud`, `3ds` …
    pub group: String,
    pub description: String,
    pub brand: Brand,
    pub funding: CardFunding,
    /// ISO 3166-1 alpha-2, or empty.
    pub country: String,
    /// The networks of the card, of those that `networks[preferred]` accepts.
    pub networks: Vec<CardNetwork>,
    /// All networks of the card, in the words of `networks.available`. Empty where they are not known.
    pub available_networks: Vec<String>,
    pub at_token: StepOutcome,
    pub at_charge: StepOutcome,
    pub at_attach: StepOutcome,
    /// The results of the checks after a charge or attach, in the words of the table.
    pub checks: String,
    /// Ready-made tokens for this card, such as `tok_visa`. They can be used repeatedly, and where raw card numbers are
    /// refused.
    pub token_aliases: Vec<String>,
    pub pm_aliases: Vec<String>,
    /// No longer listed on Stripe's pages.
    pub is_retired: bool,
    /// What Stripe does not document about this card.
    pub notes: String,
    haystack: String,
}

impl TestCard {
    pub fn last4(&self) -> &str {
        &self.number[self.number.len() - 4..]
    }

    /// A ready-made token for this card.
    pub fn ready_alias(&self) -> Option<&str> {
        self.token_aliases.first().map(String::as_str)
    }

    /// All searchable text about the card, in lower case.
    pub fn search_text(&self) -> &str {
        &self.haystack
    }

    /// Whether every word occurs in the card's number, name, brand, country, group, aliases or outcomes, ignoring case.
    /// A search of digits alone may have spaces or dashes between them.
    pub fn matches(&self, words: &str) -> bool {
        let digits: String = words.chars().filter(char::is_ascii_digit).collect();
        let grouped_number = !digits.is_empty() && words.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-');
        if grouped_number && self.number.contains(&digits) {
            return true;
        }
        words.to_lowercase().split_whitespace().all(|word| self.haystack.contains(word))
    }

    /// The result of a check if its field was sent: `pass`, `fail` or `unavailable`.
    pub fn check(&self, check: BankCheck) -> &'static str {
        let found = self.checks.split("; ").find_map(|part| part.strip_prefix(check.as_str())?.strip_prefix(':'));
        match found.and_then(|result| result.split(' ').next()) {
            Some("fail") => "fail",
            Some("unavailable") => "unavailable",
            _ => "pass",
        }
    }

    /// The checks that do not pass after a charge or attach, such as "cvc fail if sent".
    pub fn failing_checks(&self) -> Option<String> {
        let failing = self.checks.split("; ").filter(|check| check.contains("fail") || check.contains("unavailable"));
        let failing: Vec<String> = failing.map(|check| check.replace(':', " ")).collect();
        (!failing.is_empty()).then(|| failing.join(", "))
    }
}

static CSV: &str = include_str!("../../../assets/test-cards.csv");
static CARDS: LazyLock<Vec<TestCard>> =
    LazyLock::new(|| read(CSV).expect("the table of test cards is part of the program"));
static INDEX: LazyLock<CardIndex> = LazyLock::new(CardIndex::new);

/// What a number of most brands has at most, in digits.
const USUAL_LENGTH: usize = 16;

struct CardIndex {
    /// The few cards whose numbers are longer than usual.
    long: Vec<&'static TestCard>,
    by_number: HashMap<&'static str, &'static TestCard>,
    by_alias: HashMap<&'static str, &'static TestCard>,
}

impl CardIndex {
    fn new() -> Self {
        let mut by_alias = HashMap::new();
        for card in CARDS.iter() {
            for alias in card.token_aliases.iter().chain(&card.pm_aliases) {
                // Two JCB cards share `tok_jcb`. The first row, which Stripe's page lists today, gets it.
                by_alias.entry(alias.as_str()).or_insert(card);
            }
        }
        let long = CARDS.iter().filter(|card| card.number.len() > USUAL_LENGTH).collect();
        Self { long, by_number: CARDS.iter().map(|card| (card.number.as_str(), card)).collect(), by_alias }
    }
}

/// Every published test card, in the order of Stripe's pages.
pub fn all() -> &'static [TestCard] {
    &CARDS
}

/// The published test card with this number, given as digits only.
pub fn by_number(digits: &str) -> Option<&'static TestCard> {
    INDEX.by_number.get(digits).copied()
}

/// How many digits a published test card has whose number begins with these and goes on.
pub fn length_of_one_that_begins(digits: &str) -> Option<usize> {
    let goes_on = |card: &&TestCard| card.number.len() > digits.len() && card.number.starts_with(digits);
    INDEX.long.iter().copied().find(goes_on).map(|card| card.number.len())
}

/// The card of a ready-made token or payment method, such as `tok_visa_chargeDeclined`.
pub fn by_alias(alias: &str) -> Option<&'static TestCard> {
    INDEX.by_alias.get(alias).copied()
}

/// The card that Stripe publishes for a decline, such as `insufficient_funds`; other cards come to the same decline on
/// their way to something else. `None` where there are several for it.
pub fn made_for(decline: &str) -> Option<&'static TestCard> {
    let mut cards = CARDS.iter().filter(|card| card.group == "decline" && card.at_charge.label() == decline);
    cards.next().filter(|_| cards.next().is_none())
}

/// The cards that match all words, in the order of the table. An empty search returns all cards.
pub fn search(words: &str) -> impl Iterator<Item = &'static TestCard> {
    CARDS.iter().filter(move |card| card.matches(words))
}

fn read(csv: &str) -> Result<Vec<TestCard>, csv::Error> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let headers = reader.headers()?.clone();
    let place = |name: &str| headers.iter().position(|header| header == name).unwrap_or(usize::MAX);
    let column = |record: &csv::StringRecord, name: &str| record.get(place(name)).unwrap_or_default().to_owned();
    reader
        .records()
        .map(|record| {
            let record = record?;
            let text = |name: &str| column(&record, name);
            let words = |name: &str| text(name).split_whitespace().map(str::to_owned).collect();
            let at_token = token_outcome(&text("token_create_outcome"));
            let at_charge = charge_outcome(&text);
            let at_attach = attach_outcome(&text("attach_outcome"), &at_charge);
            let card = TestCard {
                number: text("number"),
                group: text("group"),
                description: text("description"),
                brand: text("brand").parse().unwrap_or(Brand::Unknown),
                funding: text("funding").parse().unwrap_or(CardFunding::Credit),
                country: text("country"),
                networks: text("networks_available").split(',').filter_map(|word| word.parse().ok()).collect(),
                available_networks: listed(&text("networks_available")),
                haystack: record
                    .iter()
                    .take(HAYSTACK_COLUMNS)
                    .chain([&*text("token_alias"), &*text("pm_alias")])
                    .collect::<Vec<_>>()
                    .join(" ")
                    .replace("MasterCard", "MasterCard Mastercard")
                    .to_lowercase(),
                at_token,
                at_charge,
                at_attach,
                checks: text("checks_after_charge_or_attach"),
                token_aliases: words("token_alias"),
                pm_aliases: words("pm_alias"),
                is_retired: text("status") == "retired",
                notes: text("confidence_notes"),
            };
            Ok(match card.follows_payment() {
                Some(what) => TestCard { at_charge: StepOutcome::Later(format!("ok, then {what}")), ..card },
                None => card,
            })
        })
        .collect()
}

/// The words of a cell with commas between them.
fn listed(cell: &str) -> Vec<String> {
    cell.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// How many columns are searched, from the first to the attach outcome.
const HAYSTACK_COLUMNS: usize = 15;

fn token_outcome(cell: &str) -> StepOutcome {
    if cell == "ok" {
        StepOutcome::Ok
    } else {
        // Both cards that are refused at this step fail the Luhn check.
        StepOutcome::Refused {
            code: "incorrect_number".to_owned(),
            decline_code: String::new(),
            message: "Your card number is incorrect.".to_owned(),
            param: "number".to_owned(),
        }
    }
}

fn charge_outcome(text: &impl Fn(&str) -> String) -> StepOutcome {
    match text("charge_outcome").as_str() {
        "n/a" => StepOutcome::NotReached,
        _ if text("charge_http_status") == "402" => StepOutcome::Refused {
            code: text("charge_error_code"),
            decline_code: text("charge_decline_code"),
            message: text("charge_message"),
            param: text("charge_param"),
        },
        _ => StepOutcome::Ok,
    }
}

fn attach_outcome(cell: &str, at_charge: &StepOutcome) -> StepOutcome {
    if cell == "ok" {
        StepOutcome::Ok
    } else if cell.starts_with("402") {
        at_charge.clone()
    } else if cell.starts_with("ok") {
        StepOutcome::Later("ok, charges fail later".to_owned())
    } else {
        StepOutcome::NotReached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        assert_eq!(all().len(), 318);
        assert!(all().iter().all(|card| card.number.len() >= 12 && !card.description.is_empty()));
        assert_eq!(all().iter().filter(|card| card.at_token != StepOutcome::Ok).count(), 2);
    }

    #[test]
    fn a_card_is_found_by_any_part_of_what_is_known_of_it() {
        for (words, number) in [
            ("insufficient", "4000000000009995"),
            ("4000 0000 0000 9995", "4000000000009995"),
            ("9995", "4000000000009995"),
            ("tok_visa_chargeDeclinedInsufficientFunds", "4000000000009995"),
            ("cartes visa", "4000002500001001"),
            ("mastercard prepaid", "5105105105105100"),
        ] {
            assert!(search(words).any(|card| card.number == number), "{words}");
        }
        assert_eq!(search("no such card").count(), 0);
        assert_eq!(search("").count(), 318);
    }

    #[test]
    fn a_decline_has_a_card_that_is_made_for_it() {
        assert_eq!(made_for("insufficient_funds").unwrap().number, "4000000000009995");
        assert_eq!(made_for("generic_decline"), None, "one declines at once, one after it was attached");
        assert_eq!(made_for("ok"), None);
    }

    #[test]
    fn an_alias_names_its_card() {
        assert_eq!(by_alias("tok_visa").unwrap().number, "4242424242424242");
        assert_eq!(by_alias("tok_jcb").unwrap().number, "3566002020360505");
        assert!(by_alias("tok_nope").is_none());
    }
}
