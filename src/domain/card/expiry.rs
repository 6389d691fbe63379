//! The expiry of a card: how its month and year are read, and when it has passed.

use jiff::{Timestamp, civil::Date, tz::Offset};

/// How many years ahead a card may expire (Stripe's testing page: a year "up to 50 years" away).
const YEARS_AHEAD: i16 = 50;

/// The day that the rules go by: UTC, whatever the clock on the wall says.
pub fn utc_day(now: Timestamp) -> Date {
    Offset::UTC.to_datetime(now).date()
}

/// A month that a card is good through, to its last day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// 1 to 12.
    pub month: i8,
    /// Four digits.
    pub year: i16,
}

/// What is wrong with an expiry, in the order in which Stripe looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryFault {
    /// Not a month from 1 to 12.
    NoSuchMonth,
    /// Neither two nor four digits.
    NoSuchYear,
    /// The year is over.
    PastYear,
    /// More than fifty years from now.
    TooFar,
    /// This year, and its month is over.
    PastMonth,
}

impl ExpiryFault {
    /// Whether Stripe blames the month (`exp_month`) and not the year.
    pub fn is_month(self) -> bool {
        matches!(self, Self::NoSuchMonth | Self::PastMonth)
    }
}

impl Expiry {
    /// Reads month and year as Stripe does: "5" and "05" are May; "30" is 2030, in the window from fifty years back to
    /// forty-nine ahead, so that "95" is 1995; four digits stand for themselves.
    ///
    /// # Errors
    /// The first fault, month before year.
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

    /// A date that is good for years, for forms and commands that were given none.
    pub fn default_for(today: Date) -> Self {
        Self { month: 12, year: today.year() + 4 }
    }

    /// So many months after this one.
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

/// The expiry field's text for a month and a year: digits alone where they can be told apart again.
pub fn join_expiry(month: &str, year: &str) -> String {
    let is_regular = (1..=2).contains(&month.len())
        && [month, year].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    match (month, year) {
        ("", "") => String::new(),
        _ if is_regular => format!("{month:0>2}{year}"),
        _ => format!("{month}/{year}"),
    }
}

/// Month and year of an expiry as typed: two digits and the rest, or what stands before and after a slash.
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
        let good = |month, year| Ok(Expiry { month, year });
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
            assert_eq!(Expiry::read(month, year, today), expected, "{month}/{year}");
        }
    }

    #[test]
    fn a_card_is_good_to_the_last_day_of_its_month() {
        assert!(Expiry::read("2", "2032", date(2032, 2, 29)).is_ok());
        assert_eq!(Expiry::read("2", "2032", date(2032, 3, 1)), Err(ExpiryFault::PastMonth));
    }
}
