//! The user's preferences for what the form fills in and does by itself.

use std::{borrow::Cow, fmt};

use jiff::civil::Date;

use super::draft::Draft;
use crate::domain::{
    card::{
        expiry::CardExpiry,
        test_cards::{self, TestCard},
    },
    mask,
    secret::SecretText,
};

/// The number that the empty form stands for, of the card that always works.
pub const PLAIN_NUMBER: &str = "4242424242424242";

/// What the form fills in and does by itself.
#[derive(Clone, PartialEq, Eq)]
pub struct FormDefaults {
    /// Whether the focus moves to the next field when a card field is complete.
    pub moves_on: bool,
    /// Whether the id of a new token is copied to the clipboard.
    pub copies_id: bool,
    /// The cardholder name that a test card is filled in with; empty for none.
    pub name: String,
    /// How many months from today a test card expires; `None` for December in four years.
    pub months_ahead: Option<u16>,
    /// Whether a test card is filled in with a security code.
    pub fills_cvc: bool,
}

impl Default for FormDefaults {
    fn default() -> Self {
        Self { moves_on: true, copies_id: true, name: String::new(), months_ahead: None, fills_cvc: true }
    }
}

impl FormDefaults {
    /// A year of two digits is at most 49 years ahead.
    pub const MOST_MONTHS: u16 = 49 * 12;

    /// The expiry of a test card that is filled in today.
    pub fn expiry(&self, today: Date) -> CardExpiry {
        self.months_ahead.map_or_else(|| CardExpiry::default_for(today), |months| CardExpiry::ahead(today, months))
    }

    /// The draft that is sent for what was typed: the empty form stands for [`PLAIN_NUMBER`], and everything else for
    /// itself, however incomplete. Whatever sends, predicts, shows or keeps a form reads it through this.
    pub fn sent<'a>(&self, typed: &'a Draft, today: Date) -> Cow<'a, Draft> {
        match test_cards::by_number(PLAIN_NUMBER) {
            Some(card) if typed.is_empty() => {
                let mut draft = Draft::default();
                self.take_test_card(&mut draft, card, today);
                Cow::Owned(draft)
            }
            _ => Cow::Borrowed(typed),
        }
    }

    /// Fills in a test card. The values that the user has typed stay if they suit the card.
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
    use crate::domain::call::params::Params;

    fn taken(defaults: &FormDefaults, draft: &Draft) -> Draft {
        let mut draft = draft.clone();
        defaults.take_test_card(&mut draft, test_cards::by_number(PLAIN_NUMBER).unwrap(), date(2031, 11, 30));
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
    fn the_empty_form_stands_for_the_card_that_works() {
        let own = FormDefaults { name: "Jenny Rosen".to_owned(), months_ahead: Some(2), ..FormDefaults::default() };
        let sent = own.sent(&Draft::default(), date(2031, 11, 30)).into_owned();
        let read = (sent.number.expose(), sent.expiry.as_str(), sent.cvc.expose(), sent.name.as_str());
        assert_eq!(read, (PLAIN_NUMBER, "0132", "123", "Jenny Rosen"));
        for typed in [
            Draft { name: "Ann".to_owned(), ..Draft::default() },
            // Nothing of it is sent, but somebody typed it.
            Draft { expiry: "/".to_owned(), ..Draft::default() },
            Draft { raw: Some(Params::new()), ..Draft::default() },
        ] {
            assert_eq!(*own.sent(&typed, date(2031, 11, 30)), typed);
        }
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
