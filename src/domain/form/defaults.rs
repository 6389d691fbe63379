//! What the form does by itself, as the user set it.

use std::fmt;

use jiff::civil::Date;

use super::draft::Draft;
use crate::domain::{
    card::{expiry::Expiry, test_cards::TestCard},
    mask,
    secret::SecretText,
};

/// What is filled in and done without being asked for each time.
#[derive(Clone, PartialEq, Eq)]
pub struct FormDefaults {
    /// A completed card field hands the focus to the next.
    pub moves_on: bool,
    /// The id of a new token is copied.
    pub copies_id: bool,
    /// The name on a card that a test card is taken for; empty for none.
    pub name: String,
    /// How many months from now a test card expires; `None` for December in four years.
    pub months_ahead: Option<u16>,
    /// A test card is taken with a security code.
    pub fills_cvc: bool,
}

impl Default for FormDefaults {
    fn default() -> Self {
        Self { moves_on: true, copies_id: true, name: String::new(), months_ahead: None, fills_cvc: true }
    }
}

impl FormDefaults {
    /// Two digits name a year up to 49 ahead.
    pub const MOST_MONTHS: u16 = 49 * 12;

    /// The expiry of a test card that is taken today.
    pub fn expiry(&self, today: Date) -> Expiry {
        self.months_ahead.map_or_else(|| Expiry::default_for(today), |months| Expiry::ahead(today, months))
    }

    /// Puts a test card into a draft. What the user has filled in stays, as long as it goes with the card.
    pub fn take_test_card(&self, draft: &mut Draft, card: &TestCard, today: Date) {
        let had_code = !draft.cvc.expose().is_empty();
        draft.take_test_card(card, self.expiry(today));
        if !self.fills_cvc && !had_code {
            draft.cvc = SecretText::default();
        }
        if draft.name.is_empty() {
            draft.name.clone_from(&self.name);
        }
    }
}

impl fmt::Debug for FormDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormDefaults")
            .field("moves_on", &self.moves_on)
            .field("copies_id", &self.copies_id)
            .field("name", &mask::text(&self.name))
            .field("months_ahead", &self.months_ahead)
            .field("fills_cvc", &self.fills_cvc)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::card::test_cards;

    fn taken(defaults: &FormDefaults, draft: &Draft) -> Draft {
        let mut draft = draft.clone();
        defaults.take_test_card(&mut draft, test_cards::by_number("4242424242424242").unwrap(), date(2031, 11, 30));
        draft
    }

    #[test]
    fn a_test_card_comes_with_what_was_set() {
        let usual = taken(&FormDefaults::default(), &Draft::default());
        assert_eq!((usual.expiry.as_str(), usual.cvc.expose(), usual.name.as_str()), ("1235", "123", ""));
        let own = FormDefaults {
            name: "Jenny Rosen".to_owned(),
            months_ahead: Some(2),
            fills_cvc: false,
            ..FormDefaults::default()
        };
        let set = taken(&own, &Draft::default());
        assert_eq!((set.expiry.as_str(), set.cvc.expose(), set.name.as_str()), ("0132", "", "Jenny Rosen"));
    }

    #[test]
    fn what_was_typed_stays() {
        let own = FormDefaults { name: "Jenny Rosen".to_owned(), fills_cvc: false, ..FormDefaults::default() };
        let typed = Draft {
            name: "Ann".to_owned(),
            cvc: SecretText::new("999"),
            expiry: "0140".to_owned(),
            ..Draft::default()
        };
        let set = taken(&own, &typed);
        assert_eq!((set.expiry.as_str(), set.cvc.expose(), set.name.as_str()), ("0140", "999", "Ann"));
    }
}
