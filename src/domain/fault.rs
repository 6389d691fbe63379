//! Fault rules: they make the loopback server fail on purpose, as in
//! `POST /v1/charges next 3: 429 retry-after 1, 500, ok`.
//!
//! ```text
//! RULE  WHICH: WHAT
//! WHICH METHOD PATH [every N | next K]     METHOD and PATH may be * or hold one
//! WHAT  FAULT, FAULT …                     one at each call that the rule acts on, from the start again after the last
//! FAULT a word of the table `KINDS`, with what the table says may follow it
//! ```

use std::{fmt, ops::RangeInclusive, str::FromStr, sync::LazyLock, time::Duration};

use super::invisible::without_invisible;

/// The longest wait that a rule may ask for. A longer one is more likely a slip of the pen than a wish.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// What goes wrong with which calls. `Display` gives the rule as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    text: String,
    /// The method in upper case; `*` for any.
    method: String,
    path: String,
    pub when: RuleTiming,
    /// One fault for each call that the rule acts on, from the first again after the last. Never empty.
    pub steps: Vec<Fault>,
}

/// Which of the calls that match a rule it acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleTiming {
    Always,
    /// Every Nth call.
    Every(u32),
    /// The first K calls; after them the rule does nothing.
    Next(u32),
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call is carried out after a delay in this range.
    Latency(RangeInclusive<Duration>),
    /// The rate limit is answered, with the seconds to wait in `Retry-After` where there are some; nothing is done.
    TooManyRequests { retry_after: Option<u32> },
    /// This status, 500 or 503, is answered; nothing is done.
    ServerError(u16),
    /// The connection is closed without a response; the call is not carried out.
    Drop,
    /// The call is carried out, and its response breaks off in the middle.
    Cut,
    /// The call is carried out, and its response is not JSON.
    Garbage,
    /// The call stays in flight for this long. Meanwhile, calls with the same idempotency key or the same token are
    /// refused, and calls on the object that its path names.
    Hold(Duration),
    /// The call is carried out, and the connection is closed without a response.
    CommitDrop,
    /// The call is carried out and answered, and this goes wrong with the events that it makes.
    Event(EventFault),
    /// Nothing goes wrong.
    Ok,
}

/// What goes wrong with an event on its way to a webhook endpoint. The event itself can be asked for as ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFault {
    /// It is sent so much later, whatever is sent before it by then.
    Late(Duration),
    /// It is sent twice.
    Twice,
    /// It is kept back for a second, and of those that are, the newest is sent first.
    Shuffle,
    /// It is never sent.
    Drop,
    /// It is sent once, signed with another secret.
    WrongSignature,
    /// It is sent once, signed as it was right ten minutes ago.
    OldTimestamp,
}

/// A kind of fault in the language of the rules. The table of kinds is [`KINDS`].
struct FaultKind {
    /// The word that a fault of this kind begins with. No other kind has it.
    word: &'static str,
    /// A fault of this kind as a person may write it.
    example: &'static str,
    /// Whether the call is carried out all the same.
    is_carried_out: bool,
    /// Reads what follows the word.
    read: fn(&mut WordReader<'_>) -> Result<Fault, RuleError>,
}

/// What can go wrong: the one table that rules are read with, that help and error messages list, and that tells whether
/// the call was carried out. How a [`Fault`] is written stands in its `Display`; a test holds the two together.
const KINDS: [FaultKind; 11] = [
    FaultKind { word: "latency", example: "latency 200ms", is_carried_out: true, read: read_latency },
    FaultKind { word: "429", example: "429 retry-after 1", is_carried_out: false, read: read_rate_limit },
    FaultKind { word: "500", example: "500", is_carried_out: false, read: |_| Ok(Fault::ServerError(500)) },
    FaultKind { word: "503", example: "503", is_carried_out: false, read: |_| Ok(Fault::ServerError(503)) },
    FaultKind { word: "drop", example: "drop", is_carried_out: false, read: |_| Ok(Fault::Drop) },
    FaultKind { word: "cut", example: "cut", is_carried_out: true, read: |_| Ok(Fault::Cut) },
    FaultKind { word: "garbage", example: "garbage", is_carried_out: true, read: |_| Ok(Fault::Garbage) },
    FaultKind { word: "hold", example: "hold 3s", is_carried_out: true, read: read_hold },
    FaultKind { word: "commit-drop", example: "commit-drop", is_carried_out: true, read: |_| Ok(Fault::CommitDrop) },
    FaultKind { word: "event", example: "event late 5s", is_carried_out: true, read: read_event },
    FaultKind { word: "ok", example: "ok", is_carried_out: true, read: |_| Ok(Fault::Ok) },
];

/// An example of every kind of fault, as a sentence lists them: `latency 200ms, …, event late 5s or ok`.
pub fn examples() -> String {
    in_a_sentence(|kind| kind.example)
}

fn in_a_sentence(name: fn(&FaultKind) -> &'static str) -> String {
    let [others @ .., last] = KINDS.each_ref().map(name);
    format!("{} or {last}", others.join(", "))
}

/// Where a rule is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: expected {expected}, found {found}")]
pub struct RuleError {
    /// Where the wrong word begins, in characters from 1.
    pub column: usize,
    pub expected: &'static str,
    found: String,
}

/// The first rule of a list that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {error}")]
pub struct LineError {
    /// The line of the wrong rule, from 1.
    pub line: usize,
    pub error: RuleError,
}

/// Reads rules, one a line; empty lines and lines that start with `#` do not count.
///
/// # Errors
/// The first line that cannot be parsed.
pub fn rules_of(text: &str) -> Result<Vec<FaultRule>, LineError> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !without_invisible(line).trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(|(at, line)| line.parse().map_err(|error| LineError { line: at + 1, error }))
        .collect()
}

impl FaultRule {
    /// Whether a request matches the rule's method and path. `path` comes without its query.
    pub fn fits(&self, method: &str, path: &str) -> bool {
        (self.method == "*" || self.method == method) && matches(&self.path, path)
    }
}

/// Whether a text matches a pattern in which each `*` stands for any characters, or none.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text
            .strip_prefix(start)
            .is_some_and(|text| (0..=text.len()).any(|at| text.is_char_boundary(at) && matches(rest, &text[at..]))),
    }
}

impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency(range) if range.start() == range.end() => write!(f, "latency {:?}", range.start()),
            Self::Latency(range) => write!(f, "latency {:?}..{:?}", range.start(), range.end()),
            Self::TooManyRequests { retry_after: None } => f.write_str("429"),
            Self::TooManyRequests { retry_after: Some(seconds) } => write!(f, "429 retry-after {seconds}"),
            Self::ServerError(status) => write!(f, "{status}"),
            Self::Drop => f.write_str("drop"),
            Self::Cut => f.write_str("cut"),
            Self::Garbage => f.write_str("garbage"),
            Self::Hold(time) => write!(f, "hold {time:?}"),
            Self::CommitDrop => f.write_str("commit-drop"),
            Self::Event(fault) => write!(f, "event {fault}"),
            Self::Ok => f.write_str("ok"),
        }
    }
}

impl fmt::Display for EventFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // As it is read, for an event keeps its fault in these words.
            Self::Late(time) if time.subsec_millis() == 0 => write!(f, "late {}s", time.as_secs()),
            Self::Late(time) => write!(f, "late {}ms", time.as_millis()),
            Self::Twice => f.write_str("twice"),
            Self::Shuffle => f.write_str("shuffle"),
            Self::Drop => f.write_str("drop"),
            Self::WrongSignature => f.write_str("wrong-signature"),
            Self::OldTimestamp => f.write_str("old-timestamp"),
        }
    }
}

impl FromStr for EventFault {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        event_fault(&mut WordReader::of(text))
    }
}

impl FromStr for FaultRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let text = &*without_invisible(text);
        let mut words = WordReader::of(text);
        let method = words.next("a method such as POST, or *", |word| {
            let is_method = word == "*" || ["GET", "POST", "DELETE"].contains(&word.to_ascii_uppercase().as_str());
            is_method.then(|| word.to_ascii_uppercase())
        })?;
        let path =
            words.next("a path such as /v1/charges", |word| word.starts_with(['/', '*']).then(|| word.to_owned()))?;
        let when = match words.peek() {
            Some("every") => {
                words.skip();
                RuleTiming::Every(words.next("a number from 1", count)?)
            }
            Some("next") => {
                words.skip();
                RuleTiming::Next(words.next("a number from 1", count)?)
            }
            _ => RuleTiming::Always,
        };
        words.next("every N, next K or ':'", |word| (word == ":").then_some(()))?;
        let mut steps = vec![fault(&mut words)?];
        while words.peek().is_some() {
            words.next("',' or the end", |word| (word == ",").then_some(()))?;
            steps.push(fault(&mut words)?);
        }
        Ok(Self { text: text.trim().to_owned(), method, path, when, steps })
    }
}

fn count(word: &str) -> Option<u32> {
    word.parse().ok().filter(|count| *count > 0)
}

fn fault(words: &mut WordReader<'_>) -> Result<Fault, RuleError> {
    static EXPECTED: LazyLock<String> = LazyLock::new(|| in_a_sentence(|kind| kind.word));
    let kind = words.next(&EXPECTED, |word| KINDS.iter().find(|kind| kind.word == word))?;
    (kind.read)(words)
}

fn read_latency(words: &mut WordReader<'_>) -> Result<Fault, RuleError> {
    words.next("a time such as 200ms, or 50ms..2s", times).map(Fault::Latency)
}

fn read_rate_limit(words: &mut WordReader<'_>) -> Result<Fault, RuleError> {
    if words.peek() != Some("retry-after") {
        return Ok(Fault::TooManyRequests { retry_after: None });
    }
    words.skip();
    let seconds = words.next("seconds, such as 2", |word| word.parse().ok())?;
    Ok(Fault::TooManyRequests { retry_after: Some(seconds) })
}

fn read_hold(words: &mut WordReader<'_>) -> Result<Fault, RuleError> {
    words.next("a time such as 3s", time).map(Fault::Hold)
}

fn read_event(words: &mut WordReader<'_>) -> Result<Fault, RuleError> {
    event_fault(words).map(Fault::Event)
}

fn event_fault(words: &mut WordReader<'_>) -> Result<EventFault, RuleError> {
    const EXPECTED: &str = "late, twice, shuffle, drop, wrong-signature or old-timestamp";
    let fault = words.next(EXPECTED, |word| {
        Some(match word {
            "late" => EventFault::Late(Duration::ZERO),
            "twice" => EventFault::Twice,
            "shuffle" => EventFault::Shuffle,
            "drop" => EventFault::Drop,
            "wrong-signature" => EventFault::WrongSignature,
            "old-timestamp" => EventFault::OldTimestamp,
            _ => return None,
        })
    })?;
    match fault {
        EventFault::Late(_) => words.next("a time such as 5s", time).map(EventFault::Late),
        fault => Ok(fault),
    }
}

fn times(word: &str) -> Option<RangeInclusive<Duration>> {
    let (first, last) = word.split_once("..").unwrap_or((word, word));
    let (first, last) = (time(first)?, time(last)?);
    (first <= last).then_some(first..=last)
}

fn time(word: &str) -> Option<Duration> {
    let (number, unit) = word.split_at(word.find(|c: char| c.is_ascii_alphabetic())?);
    let number: u64 = number.parse().ok()?;
    let time = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        _ => return None,
    };
    (time <= LONGEST_WAIT).then_some(time)
}

/// Whether a call was carried out though something went wrong with it. `fault` is what the header of its answer says
/// ([`crate::domain::history::request_log::FAULT_HEADER`]): a [`Fault`] as written, or another reason, by which nothing
/// was carried out.
pub fn is_carried_out(fault: &str) -> bool {
    let word = fault.split(' ').next().unwrap_or_default();
    KINDS.iter().any(|kind| kind.word == word && kind.is_carried_out)
}

/// Reads a rule word by word, and knows the column of each; `:` and `,` are words of their own.
struct WordReader<'a> {
    all: Vec<(usize, &'a str)>,
    at: usize,
    end: usize,
}

impl<'a> WordReader<'a> {
    fn of(text: &'a str) -> Self {
        let mut words = Vec::new();
        let mut start = None;
        let column = |at: usize| text[..at].chars().count() + 1;
        for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
            let is_mark = matches!(c, ':' | ',');
            if !is_mark && !c.is_whitespace() {
                start.get_or_insert(at);
                continue;
            }
            if let Some(start) = start.take() {
                words.push((column(start), &text[start..at]));
            }
            if is_mark {
                words.push((column(at), &text[at..=at]));
            }
        }
        Self { all: words, at: 0, end: text.trim_end().chars().count() + 1 }
    }

    fn peek(&self) -> Option<&'a str> {
        self.all.get(self.at).map(|(_, word)| *word)
    }

    fn skip(&mut self) {
        self.at += 1;
    }

    fn next<T>(&mut self, expected: &'static str, read: impl FnOnce(&'a str) -> Option<T>) -> Result<T, RuleError> {
        let (column, word) = self.all.get(self.at).copied().unwrap_or((self.end, ""));
        self.at += 1;
        let found = || if word.is_empty() { "the end".to_owned() } else { format!("'{word}'") };
        (!word.is_empty()).then(|| read(word)).flatten().ok_or_else(|| RuleError { column, expected, found: found() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn rule(text: &str) -> FaultRule {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_example_is_read() {
        let rule = rule("POST /v1/charges next 3: 429 retry-after 1, 500, ok");
        assert_eq!(rule.when, RuleTiming::Next(3));
        let limit = Fault::TooManyRequests { retry_after: Some(1) };
        assert_eq!(rule.steps, [limit, Fault::ServerError(500), Fault::Ok]);
        assert!(rule.fits("POST", "/v1/charges") && !rule.fits("GET", "/v1/charges"));
        assert!(!rule.fits("POST", "/v1/charges/ch_1"));
    }

    #[test]
    fn every_kind_is_written_as_it_is_read() {
        let what = "latency 200ms, latency 50ms..2s, 429, 429 retry-after 2, 500, 503, drop, cut, garbage, hold 3s, \
                    commit-drop, event late 5s, event late 200ms, event twice, event shuffle, event drop, \
                    event wrong-signature, event old-timestamp, ok";
        let rule = rule(&format!("* /v1/* every 2: {what}"));
        let written: Vec<String> = rule.steps.iter().map(Fault::to_string).collect();
        assert_eq!(written.join(", "), what);
        assert_eq!(rule.when, RuleTiming::Every(2));
        assert!(rule.fits("DELETE", "/v1/customers/cus_1") && !rule.fits("GET", "/v2/x"));
    }

    #[test]
    fn every_example_of_the_table_is_a_fault_of_its_kind() {
        for kind in KINDS {
            let rule = rule(&format!("* *: {}", kind.example));
            assert_eq!(rule.steps[0].to_string(), kind.example);
            assert_eq!(kind.example.split(' ').next(), Some(kind.word));
        }
        let words = "latency 200ms, 429 retry-after 1, 500, 503, drop, cut, garbage, hold 3s, commit-drop, \
                     event late 5s or ok";
        assert_eq!(examples(), words);
    }

    #[test]
    fn a_wrong_rule_names_the_place() {
        for (text, expected) in [
            ("", "column 1: expected a method such as POST, or *, found the end"),
            ("PUSH /v1/charges: ok", "column 1: expected a method such as POST, or *, found 'PUSH'"),
            ("POST v1: ok", "column 6: expected a path such as /v1/charges, found 'v1'"),
            ("POST /v1/charges", "column 17: expected every N, next K or ':', found the end"),
            ("POST /v1/charges next x: ok", "column 23: expected a number from 1, found 'x'"),
            ("POST /v1/charges every 0: ok", "column 24: expected a number from 1, found '0'"),
            ("POST /v1/charges sometimes: ok", "column 18: expected every N, next K or ':', found 'sometimes'"),
            ("POST /v1/charges: latency 2", "column 27: expected a time such as 200ms, or 50ms..2s, found '2'"),
            (
                "POST /v1/charges: latency 2s..1s",
                "column 27: expected a time such as 200ms, or 50ms..2s, found '2s..1s'",
            ),
            ("POST /v1/charges: 429 500", "column 23: expected ',' or the end, found '500'"),
            ("POST /v1/charges: 429 retry-after", "column 34: expected seconds, such as 2, found the end"),
            (
                "POST /v1/charges: explode",
                "column 19: expected latency, 429, 500, 503, drop, cut, garbage, hold, commit-drop, event or ok, found \
                 'explode'",
            ),
            (
                "POST /v1/charges: event",
                "column 24: expected late, twice, shuffle, drop, wrong-signature or old-timestamp, found the end",
            ),
            ("POST /v1/charges: event late soon", "column 30: expected a time such as 5s, found 'soon'"),
            (
                "POST /v1/charges: ok,",
                "column 22: expected latency, 429, 500, 503, drop, cut, garbage, hold, commit-drop, event or ok, found the \
                 end",
            ),
        ] {
            assert_eq!(text.parse::<FaultRule>().unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn a_text_of_rules_names_the_line_of_the_first_mistake() {
        let text = "# in the morning\n\nPOST /v1/charges: 500\n  GET *: latency 1s\n";
        assert_eq!(rules_of(text).unwrap().len(), 2);
        assert_eq!(rules_of("").unwrap(), []);
        let error = rules_of("# x\nPOST /v1/charges: 500\nPOST v1: ok\nalso wrong").unwrap_err();
        assert_eq!(error.to_string(), "line 3, column 6: expected a path such as /v1/charges, found 'v1'");
    }

    #[test]
    fn the_words_of_a_fault_tell_whether_the_call_is_carried_out() {
        let second = Duration::from_secs(1);
        for (fault, expected) in [
            (Fault::Latency(second..=second), true),
            (Fault::Latency(second..=second * 2), true),
            (Fault::TooManyRequests { retry_after: None }, false),
            (Fault::TooManyRequests { retry_after: Some(1) }, false),
            (Fault::ServerError(500), false),
            (Fault::ServerError(503), false),
            (Fault::Drop, false),
            (Fault::Cut, true),
            (Fault::Garbage, true),
            (Fault::Hold(second), true),
            (Fault::CommitDrop, true),
            (Fault::Event(EventFault::Drop), true),
            (Fault::Ok, true),
        ] {
            assert_eq!(is_carried_out(&fault.to_string()), expected, "{fault}");
        }
        assert!(!is_carried_out("another call is held"));
    }

    #[test]
    fn the_fault_of_an_event_is_read_as_it_is_written() {
        let late = |millis| EventFault::Late(Duration::from_millis(millis));
        let others = [EventFault::Twice, EventFault::Shuffle, EventFault::Drop, EventFault::WrongSignature];
        for fault in [late(0), late(200), late(1500), late(5000), EventFault::OldTimestamp].into_iter().chain(others) {
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("/v1/*", "/v1/charges", true),
            ("*", "/v1/charges", true),
            ("/v1/*/capture", "/v1/charges/ch_1/capture", true),
            ("/v1/*/capture", "/v1/charges/ch_1", false),
            ("/v1/charges", "/v1/charges2", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
