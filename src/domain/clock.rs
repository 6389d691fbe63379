//! The clock as a value. The domain takes `now` as an argument; only `main` creates the clock that reads the system
//! time.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};

/// Returns the current time: the system's, as `main` reads it, or a fixed one for repeatable runs and tests.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// A clock that always returns `now`.
    pub fn fixed(now: Timestamp) -> Self {
        Self::new(move || now)
    }

    /// A clock that runs at the speed of this one and shows `start` at the moment of the call.
    #[must_use]
    pub fn running_from(&self, start: Timestamp) -> Self {
        let (clock, origin) = (self.clone(), self.now());
        Self::new(move || {
            let elapsed = clock.now().duration_since(origin);
            start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
        })
    }

    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

/// A moment as it is typed: Unix seconds, or a time in the form of YYYY-MM-DDThh:mm:ssZ.
///
/// # Errors
/// What is to be written instead.
pub fn parse_moment(text: &str) -> Result<Timestamp, String> {
    let moment = match text.parse::<i64>() {
        Ok(seconds) => Timestamp::from_second(seconds),
        Err(_) => text.parse::<Timestamp>(),
    };
    moment.map_err(|_| "write it as Unix seconds, or in the form of YYYY-MM-DDThh:mm:ssZ".to_owned())
}

/// A time as it is typed: seconds, or a number with s, m, h or d behind it.
///
/// # Errors
/// What is to be written instead.
pub fn parse_time_span(text: &str) -> Result<SignedDuration, String> {
    const UNITS: [(char, i64); 4] = [('s', 1), ('m', 60), ('h', 60 * 60), ('d', 24 * 60 * 60)];
    let unit = UNITS.iter().find(|(sign, _)| text.ends_with(*sign));
    let (number, seconds) =
        unit.map_or((text, 1), |(sign, seconds)| (text.strip_suffix(*sign).unwrap_or(text), *seconds));
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let span = number.parse::<i64>().ok().filter(|_| is_number).and_then(|number| number.checked_mul(seconds));
    span.map(SignedDuration::from_secs)
        .ok_or_else(|| "write it in seconds, or as a number with s, m, h or d behind it, such as 36h".to_owned())
}

/// A moment, so much later (or earlier, where the duration is negative); the last one there is where it would be later.
pub fn shifted(moment: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    moment.checked_add(by).unwrap_or(end)
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_span_has_a_unit_or_is_in_seconds() {
        for (text, secs) in [
            ("0", Some(0)),
            ("90", Some(90)),
            ("90s", Some(90)),
            ("5m", Some(300)),
            ("36h", Some(129_600)),
            ("400d", Some(34_560_000)),
            ("", None),
            ("d", None),
            ("-1", None),
            ("+1", None),
            ("1.5h", None),
            ("1dd", None),
            ("1 d", None),
            ("9223372036854775807d", None),
        ] {
            let read = parse_time_span(text).ok().map(|span| span.as_secs());
            assert_eq!(read, secs, "{text}");
        }
    }

    #[test]
    fn a_moment_stays_within_what_there_is() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(shifted(now, SignedDuration::from_secs(-7)).as_second(), 1_699_999_993);
        assert_eq!(shifted(now, SignedDuration::MAX), Timestamp::MAX);
        assert_eq!(shifted(now, SignedDuration::MIN), Timestamp::MIN);
    }
}
