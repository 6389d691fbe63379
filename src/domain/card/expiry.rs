//! The expiry date of a card: how month and year are read, and when the card has expired.

use jiff::{Timestamp, civil::Date, tz::Offset};

/// How many years ahead a card may expire (Stripe's testing page: a year "up to 50 years" away).
const YEARS_AHEAD: i16 = 50;

/// Today in UTC, the day that the expiry checks use whatever the local time zone.
pub fn utc_day(now: Timestamp) -> Date {
    Offset::UTC.to_datetime(now).date()
}

/// The last month in which a card is valid, to its last day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardExpiry {
    /// 1 to 12.
    pub month: i8,
    /// Four digits.
    pub year: i16,
}

/// What is wrong with an expiry date, in the order in which Stripe checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryFault {
    /// The month is not a number from 1 to 12.
    NoSuchMonth,
    /// The year does not have two or four digits.
    NoSuchYear,
    /// The year is past.
    PastYear,
    /// The year is more than fifty years ahead.
    TooFar,
    /// The year is this one, and the month is past.
    PastMonth,
}

impl ExpiryFault {
    /// Whether Stripe's error names the month (`exp_month`) rather than the year.
    pub fn is_month(self) -> bool {
        matches!(self, Self::NoSuchMonth | Self::PastMonth)
    }
}

impl CardExpiry {
    /// Reads month and year as Stripe does. "5" and "05" are May. Two digits of a year mean the one from fifty years
    /// back to forty-nine ahead: in 2026, "30" is 2030 and "95" is 1995. Four digits are the year itself.
    ///
    /// # Errors
    /// The first fault, in the order of [`ExpiryFault`].
    pub fn read(month: &str, year: &str, today: Date) -> Result<Self, ExpiryFault> {
        let month = digits(month, 1, 2)
            .and_then(|month| i8::try_from(month).ok())
            .filter(|month| (1..=12).contains(month))
            .ok_or(ExpiryFault::NoSuchMonth)?;
        let year = match year.trim().len() {
            2 => digits(year, 2, 2).map(|year| in_window(year, today.year())),
            4 => digits(year, 4, 4),
            _ => None,
        }
        .ok_or(ExpiryFault::NoSuchYear)?;
        let this_year = today.year();
        if year < this_year {
            Err(ExpiryFault::PastYear)
        } else if year > this_year + YEARS_AHEAD {
            Err(ExpiryFault::TooFar)
        } else if year == this_year && month < today.month() {
            Err(ExpiryFault::PastMonth)
        } else {
            Ok(Self { month, year })
        }
    }

    /// An expiry date some years ahead, for forms and commands that were given none.
    pub fn default_for(today: Date) -> Self {
        Self { month: 12, year: today.year() + 4 }
    }

    /// The expiry date that is `months` after the month of `today`.
    pub fn ahead(today: Date, months: u16) -> Self {
        let months = i32::from(today.year()) * 12 + i32::from(today.month()) - 1 + i32::from(months);
        let month = i8::try_from(months % 12).unwrap_or_default() + 1;
        Self { month, year: i16::try_from(months / 12).unwrap_or(i16::MAX) }
    }
}

fn digits(text: &str, fewest: usize, most: usize) -> Option<i16> {
    let text = text.trim();
    let well_formed = (fewest..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    well_formed.then(|| text.parse().ok()).flatten()
}

fn in_window(two_digits: i16, this_year: i16) -> i16 {
    let earliest = this_year - YEARS_AHEAD;
    let year = earliest - earliest.rem_euclid(100) + two_digits;
    if year < earliest { year + 100 } else { year }
}

/// The text of the expiry field for a month and a year: digits only where [`split_expiry`] can split them again, else
/// with a slash.
pub fn join_expiry(month: &str, year: &str) -> String {
    let is_regular = (1..=2).contains(&month.len())
        && [month, year].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    match (month, year) {
        ("", "") => String::new(),
        _ if is_regular => format!("{month:0>2}{year}"),
        _ => format!("{month}/{year}"),
    }
}

/// Splits the text of the expiry field into month and year: at the slash, or after two digits if there is none.
pub fn split_expiry(text: &str) -> (String, String) {
    let (month, year) = match text.split_once('/') {
        Some(parts) => parts,
        None if text.is_char_boundary(2) => text.split_at(2.min(text.len())),
        None => (text, ""),
    };
    (month.trim().to_owned(), year.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn month_and_year_are_read_as_stripe_does() {
        use ExpiryFault::{NoSuchMonth, NoSuchYear, PastMonth, PastYear, TooFar};
        let today = date(2031, 6, 15);
        let good = |month, year| Ok(CardExpiry { month, year });
        for (month, year, expected) in [
            ("6", "31", good(6, 2031)),
            ("06", "2031", good(6, 2031)),
            ("5", "31", Err(PastMonth)),
            ("12", "30", Err(PastYear)),
            ("12", "95", Err(PastYear)),
            ("12", "80", good(12, 2080)),
            ("12", "81", Err(PastYear)),
            ("12", "2081", good(12, 2081)),
            ("12", "2082", Err(TooFar)),
            ("0", "40", Err(NoSuchMonth)),
            ("13", "40", Err(NoSuchMonth)),
            ("xx", "40", Err(NoSuchMonth)),
            ("", "40", Err(NoSuchMonth)),
            ("12", "xx", Err(NoSuchYear)),
            ("12", "1", Err(NoSuchYear)),
            ("12", "203", Err(NoSuchYear)),
            ("13", "xx", Err(NoSuchMonth)),
        ] {
            assert_eq!(CardExpiry::read(month, year, today), expected, "{month}/{year}");
        }
    }

    #[test]
    fn a_card_is_good_to_the_last_day_of_its_month() {
        assert!(CardExpiry::read("2", "2032", date(2032, 2, 29)).is_ok());
        assert_eq!(CardExpiry::read("2", "2032", date(2032, 3, 1)), Err(ExpiryFault::PastMonth));
    }
}
