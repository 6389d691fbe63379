//! Numbers and times in the words of the window.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{foreign, history::entry::HistoryEntry};

/// The card of an entry: "Visa •••• 4242", or as much of it as is known.
pub fn card(entry: &HistoryEntry) -> String {
    let brand = match entry.brand.as_deref() {
        Some("MasterCard") => "Mastercard",
        Some("American Express") => "Amex",
        Some(brand) => brand,
        None => "",
    };
    let brand = foreign::label(brand);
    match entry.last4.as_deref() {
        Some(last4) => format!("{brand} •••• {}", foreign::label(last4)).trim_start().to_owned(),
        None => brand.into_owned(),
    }
}

/// How long something took: "0.1 ms", "212 ms", "1.4 s".
pub fn took(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1000.0;
    if millis < 9.95 {
        format!("{millis:.1} ms")
    } else if millis < 999.5 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", millis / 1000.0)
    }
}

/// How long ago something was: "now", "2 min ago", "3 h ago", "5 d ago", after a week the date.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let secs = now.as_second() - then.as_second();
    match secs {
        ..60 => "now".to_owned(),
        60..3600 => format!("{} min ago", secs / 60),
        3600..86_400 => format!("{} h ago", secs / 3600),
        86_400..604_800 => format!("{} d ago", secs / 86_400),
        _ => then.strftime("%Y-%m-%d").to_string(),
    }
}

/// A date and time in full: "2031-05-02 18:31:02 UTC".
pub fn moment(then: Timestamp) -> String {
    then.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A date and time in short: "May 2, 18:31 UTC".
pub fn short_moment(then: Timestamp) -> String {
    then.strftime("%b %-d, %H:%M UTC").to_string()
}

/// How long the words of [`ago`] stay as they are; `None` when they change no more today.
pub fn until_next_words(then: Timestamp, now: Timestamp) -> Option<Duration> {
    let secs = now.as_second() - then.as_second();
    let unit = match secs {
        ..3600 => 60,
        3600..86_400 => 3600,
        _ => return None,
    };
    Some(Duration::from_secs((unit - secs.rem_euclid(unit)).unsigned_abs()))
}

/// How many rules let the server go wrong: "2 faults on".
pub fn faults(rules: usize) -> String {
    if rules == 1 { "1 fault on".to_owned() } else { format!("{rules} faults on") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_do() {
        let now = Timestamp::from_second(1_900_000_000).unwrap();
        for (secs, expected) in [(0, "now"), (59, "now"), (60, "1 min ago"), (7200, "2 h ago"), (200_000, "2 d ago")] {
            let then = Timestamp::from_second(1_900_000_000 - secs).unwrap();
            assert_eq!(ago(then, now), expected);
        }
        for (micros, expected) in [(120, "0.1 ms"), (9_960, "10 ms"), (212_400, "212 ms"), (1_420_000, "1.4 s")] {
            assert_eq!(took(Duration::from_micros(micros)), expected);
        }
    }
}
