//! Numbers and times in the words of the window.

use std::time::Duration;

use jiff::Timestamp;

use super::widgets::chip::grouped;
use crate::{
    domain::{foreign, history::entry::HistoryEntry, plural::plural, zone::LocalZone},
    messages::RunningRun,
};

/// So many seconds ahead are no time to come: clocks are set right by less.
const JITTER: i64 = -4;

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

/// How long something took: "0.1 ms", "212 ms", "1.4 s"; "< 0.1 ms" of what would be none.
pub fn took(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1000.0;
    if millis < 0.05 {
        "< 0.1 ms".to_owned()
    } else if millis < 9.95 {
        format!("{millis:.1} ms")
    } else if millis < 999.5 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", millis / 1000.0)
    }
}

/// How long ago something was: "now", "2 min ago", "3 h ago", "5 d ago", after a week the date. Of a time to come, as
/// after the clock was put back: "in 3 min".
pub fn ago(then: Timestamp, now: Timestamp, zone: &LocalZone) -> String {
    let secs = now.as_second() - then.as_second();
    // Units of a time to come are counted up, so that they change as often as those of one that is past.
    let to_come = |unit: i64| (-secs + unit - 1) / unit;
    match secs {
        JITTER..60 => "now".to_owned(),
        60..3600 => format!("{} min ago", secs / 60),
        3600..86_400 => format!("{} h ago", secs / 3600),
        86_400..604_800 => format!("{} d ago", secs / 86_400),
        -3600..JITTER => format!("in {} min", to_come(60)),
        -86_400..-3600 => format!("in {} h", to_come(3600)),
        -604_800..-86_400 => format!("in {} d", to_come(86_400)),
        _ => zone.day(then).to_string(),
    }
}

/// A date and time in full, with the distance from UTC: "2031-05-02 20:31:02 +02:00", or "2031-05-02 18:31:02 UTC".
pub fn moment(then: Timestamp, zone: &LocalZone) -> String {
    format!("{} {}", zone.wall(then).strftime("%Y-%m-%d %H:%M:%S"), distance(then, zone))
}

/// A date and time in short: "May 2, 20:31 +02:00", or "May 2, 18:31 UTC".
pub fn short_moment(then: Timestamp, zone: &LocalZone) -> String {
    format!("{} {}", zone.wall(then).strftime("%b %-d, %H:%M"), distance(then, zone))
}

/// A time of a day that is known: "18:31:02".
pub fn time_of_day(then: Timestamp, zone: &LocalZone) -> String {
    zone.wall(then).strftime("%H:%M:%S").to_string()
}

/// A day and a time where there is little room: "May 2, 18:31".
pub fn day_and_time(then: Timestamp, zone: &LocalZone) -> String {
    zone.wall(then).strftime("%b %-d, %H:%M").to_string()
}

/// A date and time for a hint: as [`moment`] with the name of the zone, and in UTC below it.
pub fn moment_in_both(then: Timestamp, zone: &LocalZone) -> String {
    let in_utc = moment(then, &LocalZone::UTC);
    if zone.is_utc() {
        return in_utc;
    }
    let name = zone.name(then);
    let name = if name.starts_with("UTC") { String::new() } else { format!(" {name}") };
    format!("{}{name}\n{in_utc}", moment(then, zone))
}

fn distance(then: Timestamp, zone: &LocalZone) -> String {
    if zone.is_utc() { "UTC".to_owned() } else { zone.offset(then) }
}

/// In which zone times are shown: "Times are in Europe/Berlin", or why they are in UTC.
pub fn zone(zone: &LocalZone, now: Timestamp) -> String {
    match zone.problem() {
        Some(problem) => format!("Times are in UTC: {problem}"),
        None => format!("Times are in {}", zone.name(now)),
    }
}

/// How long the words of [`ago`] stay as they are; `None` when they change no more today.
pub fn until_next_words(then: Timestamp, now: Timestamp) -> Option<Duration> {
    let secs = now.as_second() - then.as_second();
    let unit = match secs {
        // A minute ahead is "now" a little before it is over.
        -60..JITTER => return Some(Duration::from_secs((JITTER - secs).unsigned_abs())),
        -3600..3600 => 60,
        -86_400..86_400 => 3600,
        _ => return None,
    };
    Some(Duration::from_secs((unit - secs.rem_euclid(unit)).unsigned_abs()))
}

/// "1 row", "1,284 rows".
pub fn number_of(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), plural(count, one, many))
}

/// "1 entry", "1,284 entries".
pub fn entries(count: u64) -> String {
    number_of(count, "entry", "entries")
}

/// "1 row", "1,284 rows".
pub fn rows(count: u64) -> String {
    number_of(count, "row", "rows")
}

/// How many rules let the server go wrong: "2 faults on".
pub fn faults(rules: usize) -> String {
    number_of(rules as u64, "fault on", "faults on")
}

/// How far a run is: "Run smoke: 30 of 72 rows".
pub fn run_progress(running: &RunningRun) -> String {
    let rows = running.counts.rows();
    let paused = if running.is_paused { ", paused" } else { "" };
    let name = foreign::label(&running.name);
    format!("Run {name}: {} of {}{paused}", grouped(rows - running.counts.open), self::rows(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_do() {
        let now = Timestamp::from_second(1_900_000_000).unwrap();
        for (secs, expected) in [
            (0, "now"),
            (59, "now"),
            (60, "1 min ago"),
            (7200, "2 h ago"),
            (200_000, "2 d ago"),
            (604_800, "2030-03-10"),
            (-1, "now"),
            (-5, "in 1 min"),
            (-60, "in 1 min"),
            (-180, "in 3 min"),
            (-7200, "in 2 h"),
            (-86_400, "in 24 h"),
            (-200_000, "in 3 d"),
            (-700_000, "2030-03-25"),
        ] {
            let then = Timestamp::from_second(1_900_000_000 - secs).unwrap();
            assert_eq!(ago(then, now, &LocalZone::UTC), expected, "{secs}");
        }
        for (micros, expected) in [
            (0, "< 0.1 ms"),
            (49, "< 0.1 ms"),
            (50, "0.1 ms"),
            (120, "0.1 ms"),
            (9_960, "10 ms"),
            (212_400, "212 ms"),
            (1_420_000, "1.4 s"),
        ] {
            assert_eq!(took(Duration::from_micros(micros)), expected);
        }
    }

    #[test]
    fn words_change_no_later_than_it_is_told() {
        let now = Timestamp::from_second(1_900_000_000).unwrap();
        for ahead in [-100_000, -7000, -3601, -3600, -150, -60, -5, 0, 59, 60, 3599, 3600, 80_000] {
            let then = Timestamp::from_second(1_900_000_000 + ahead).unwrap();
            let Some(later) = until_next_words(then, now) else { continue };
            assert!((1..=3600).contains(&later.as_secs()), "{ahead}: {later:?}");
            let before = now + jiff::SignedDuration::from_secs(later.as_secs().cast_signed() - 1);
            let unit_of = |at| ago(then, at, &LocalZone::UTC);
            assert!(ahead.abs() < 6 || unit_of(now) == unit_of(before), "{ahead}: {}", unit_of(before));
        }
    }

    #[test]
    fn a_moment_is_told_in_the_local_zone_with_utc_beside_it() {
        let zone = |rule: &str| LocalZone::new(jiff::tz::TimeZone::posix(rule).unwrap());
        let then: Timestamp = "2031-12-31T18:31:02Z".parse().unwrap();
        let kathmandu = zone("<+0545>-5:45");
        assert_eq!(moment(then, &kathmandu), "2032-01-01 00:16:02 +05:45");
        assert_eq!(short_moment(then, &kathmandu), "Jan 1, 00:16 +05:45");
        assert_eq!(moment_in_both(then, &kathmandu), "2032-01-01 00:16:02 +05:45\n2031-12-31 18:31:02 UTC");
        assert_eq!(moment_in_both(then, &LocalZone::UTC), "2031-12-31 18:31:02 UTC");
        assert_eq!(super::zone(&kathmandu, then), "Times are in UTC+05:45");
        assert_eq!(super::zone(&LocalZone::unknown("x"), then), "Times are in UTC: x");
    }
}
