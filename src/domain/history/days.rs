//! Days in UTC as people write them, and their first and last moments.

use jiff::{Span, Timestamp, civil::Date, tz::Offset};

/// Parses a day written as YYYY-MM-DD.
///
/// # Errors
/// A message for the person who wrote the day.
pub fn day(text: &str) -> Result<Date, String> {
    let has_form = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !has_form {
        return Err("Write the day as YYYY-MM-DD".to_owned());
    }
    text.parse().map_err(|_| format!("There is no day {text}"))
}

/// The first moment of a day.
pub fn first_moment(day: Date) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

/// The last moment of a day, to the millisecond: entries are stored with this precision.
pub fn last_moment(day: Date) -> Option<Timestamp> {
    first_moment(day.tomorrow().ok()?)?.checked_sub(Span::new().milliseconds(1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_in_one_form() {
        for (text, expected) in [
            ("2024-02-29", Ok("2024-02-29T23:59:59.999Z")),
            ("2023-02-29", Err("There is no day 2023-02-29")),
            ("2023-2-1", Err("Write the day as YYYY-MM-DD")),
            ("２０２３-02-01", Err("Write the day as YYYY-MM-DD")),
            ("", Err("Write the day as YYYY-MM-DD")),
        ] {
            let expected = expected.map(|moment| moment.parse().unwrap()).map_err(str::to_owned);
            assert_eq!(day(text).map(|day| last_moment(day).unwrap()), expected, "{text}");
        }
        assert_eq!(first_moment(day("2024-02-29").unwrap()), "2024-02-29T00:00:00Z".parse().ok());
    }
}
