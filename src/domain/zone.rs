//! The local time zone as a value: the day of a moment, and where a day begins and ends. As with the clock, only `main`
//! asks the system.

use std::sync::Arc;

use jiff::{
    Span, Timestamp,
    civil::Date,
    tz::{AmbiguousOffset, TimeZone},
};

/// The time zone in which days are counted and times are shown. The rules of cards and of Stripe stay in UTC.
#[derive(Clone, Debug)]
pub struct LocalZone {
    zone: TimeZone,
    /// Why this is UTC although another zone was asked for.
    problem: Option<Arc<str>>,
}

impl LocalZone {
    pub const UTC: Self = Self { zone: TimeZone::UTC, problem: None };

    pub fn new(zone: TimeZone) -> Self {
        Self { zone, problem: None }
    }

    /// UTC in the place of a zone that is not known, with the reason for a person.
    pub fn unknown(problem: &str) -> Self {
        Self { zone: TimeZone::UTC, problem: Some(problem.into()) }
    }

    /// Why this is UTC although another zone was asked for.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Whether local times are those of UTC, all year.
    pub fn is_utc(&self) -> bool {
        match self.zone.iana_name() {
            Some(name) => matches!(name, "UTC" | "Etc/UTC" | "Etc/UCT" | "UCT" | "Zulu" | "Etc/Zulu" | "Universal"),
            None => {
                let never_moves = self.zone.following(Timestamp::UNIX_EPOCH).next().is_none();
                never_moves && self.zone.to_offset(Timestamp::UNIX_EPOCH).is_zero()
            }
        }
    }

    /// "Europe/Berlin"; of a zone without a name its distance from UTC at that moment, "UTC+05:45".
    pub fn name(&self, at: Timestamp) -> String {
        match self.zone.iana_name() {
            _ if self.is_utc() => "UTC".to_owned(),
            Some(name) => name.to_owned(),
            None => format!("UTC{}", self.offset(at)),
        }
    }

    /// The distance from UTC at a moment: "+05:45".
    pub fn offset(&self, at: Timestamp) -> String {
        let seconds = self.zone.to_offset(at).seconds();
        let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// A moment as the clock on the wall shows it.
    pub fn wall(&self, moment: Timestamp) -> jiff::civil::DateTime {
        self.zone.to_datetime(moment)
    }

    /// The day that a moment belongs to.
    pub fn day(&self, moment: Timestamp) -> Date {
        self.wall(moment).date()
    }

    /// The first moment of a day, which is not midnight where the clock is put forward at midnight. Of a day that a
    /// zone left out, the first moment of the next one.
    pub fn first_moment(&self, day: Date) -> Option<Timestamp> {
        let midnight = self.zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0));
        let is_gap = matches!(midnight.offset(), AmbiguousOffset::Gap { .. });
        let first = midnight.compatible().ok()?;
        if is_gap {
            // The clock may have been put forward before midnight, to a time after it.
            let forward = self.zone.preceding(first).next().map(|transition| transition.timestamp());
            return Some(forward.filter(|forward| self.day(*forward) >= day).unwrap_or(first));
        }
        Some(first)
    }

    /// The last moment of a day, to the millisecond: entries are stored with this precision.
    pub fn last_moment(&self, day: Date) -> Option<Timestamp> {
        self.first_moment(day.tomorrow().ok()?)?.checked_sub(Span::new().milliseconds(1)).ok()
    }

    /// When the day after that of `now` begins.
    pub fn next_day(&self, now: Timestamp) -> Option<Timestamp> {
        self.first_moment(self.day(now).tomorrow().ok()?).filter(|next| *next > now)
    }
}

impl Default for LocalZone {
    fn default() -> Self {
        Self::UTC
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zone by its rule, which needs no table of zones on the machine.
    fn zone(rule: &str) -> LocalZone {
        LocalZone::new(TimeZone::posix(rule).unwrap())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_and_ends_where_the_zone_says() {
        for (rule, day, first, last) in [
            ("UTC0", "2026-03-01", "2026-03-01T00:00:00Z", "2026-03-01T23:59:59.999Z"),
            // Kiritimati and Pago Pago, 25 hours apart.
            ("<+14>-14", "2026-03-01", "2026-02-28T10:00:00Z", "2026-03-01T09:59:59.999Z"),
            ("<-11>11", "2026-03-01", "2026-03-01T11:00:00Z", "2026-03-02T10:59:59.999Z"),
            ("<+0545>-5:45", "2026-03-01", "2026-02-28T18:15:00Z", "2026-03-01T18:14:59.999Z"),
            // Berlin: a day of 23 hours and one of 25.
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59.999Z"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59.999Z"),
            // Half an hour: Lord Howe.
            ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-04-05", "2026-04-04T13:00:00Z", "2026-04-05T13:29:59.999Z"),
            // Put forward at midnight, so that the day begins at one: Santiago.
            ("<-04>4<-03>,M9.1.6/24,M4.1.6/24", "2026-09-06", "2026-09-06T04:00:00Z", "2026-09-07T02:59:59.999Z"),
            // Put forward from half past eleven to half past twelve.
            ("XST5XDT,M3.5.0/23:30,M10.5.0/3", "2026-03-30", "2026-03-30T04:30:00Z", "2026-03-31T03:59:59.999Z"),
        ] {
            let (zone, day) = (zone(rule), day.parse().unwrap());
            assert_eq!(zone.first_moment(day), Some(at(first)), "{rule} {day}");
            assert_eq!(zone.last_moment(day), Some(at(last)), "{rule} {day}");
            assert_eq!(zone.day(at(first)), day, "{rule} {day}");
            assert_eq!(zone.day(at(last)), day, "{rule} {day}");
            assert_eq!(zone.next_day(at(first)).map(|next| zone.day(next)), day.tomorrow().ok(), "{rule} {day}");
        }
    }

    #[test]
    fn a_zone_without_a_name_is_called_by_its_distance() {
        let now = at("2026-07-01T00:00:00Z");
        assert_eq!(zone("CET-1CEST,M3.5.0,M10.5.0/3").name(now), "UTC+02:00");
        assert_eq!(zone("<-0930>9:30").name(now), "UTC-09:30");
        assert_eq!(zone("UTC0").name(now), "UTC");
        assert!(zone("UTC0").is_utc() && LocalZone::UTC.is_utc());
        assert!(!zone("GMT0BST,M3.5.0/1,M10.5.0").is_utc(), "London is UTC in winter only");
    }

    #[test]
    fn the_ends_of_time_are_no_trouble() {
        for zone in [zone("<+14>-14"), zone("<-11>11"), LocalZone::UTC] {
            assert_eq!(zone.last_moment(Date::MAX), None);
            zone.next_day(Timestamp::MAX);
            zone.first_moment(Date::MIN);
        }
    }
}
