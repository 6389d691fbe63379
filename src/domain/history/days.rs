//! Days as people write them.

use jiff::civil::Date;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_in_one_form() {
        for (text, expected) in [
            ("2024-02-29", Ok("2024-02-29")),
            ("2023-02-29", Err("There is no day 2023-02-29")),
            ("2023-2-1", Err("Write the day as YYYY-MM-DD")),
            ("２０２３-02-01", Err("Write the day as YYYY-MM-DD")),
            ("", Err("Write the day as YYYY-MM-DD")),
        ] {
            assert_eq!(day(text), expected.map(|day| day.parse().unwrap()).map_err(str::to_owned), "{text}");
        }
    }
}
