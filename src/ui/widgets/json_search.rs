//! The search in the lines of a JSON document: it finds what is seen.

use std::ops::Range;

use super::json_lines::{JsonPart, JsonRow, JsonText, LINE_CHARS, SearchHit};
use crate::domain::{
    invisible::without_invisible,
    json_document::{JsonKind, JsonView},
};

/// What is searched, whatever its case. Without a quote in it, the quotes of the lines do not count; white space beside
/// a colon never does. So a key with its value is found as it is shown, as it came, and as a person types it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchWords {
    signs: Vec<char>,
    has_quote: bool,
}

/// The signs of a text that count, and which characters of the text they are.
#[derive(Debug, Default)]
struct FoldedText {
    signs: Vec<char>,
    places: Vec<u32>,
}

/// What stands between a line and the words beside it.
pub(super) const BEFORE_WORDS: &str = "   ";

/// No more matches are counted: nobody walks through them.
pub const MOST_HITS: usize = 1_000_000;

impl SearchWords {
    /// The words as they were typed or pasted. Invisible characters are dropped.
    pub fn new(typed: &str) -> Self {
        let plain = |sign: char| match sign {
            // As a word processor writes a quote.
            '\u{201c}' | '\u{201d}' | '\u{201e}' => '"',
            sign => sign,
        };
        let text: String = without_invisible(typed).chars().map(plain).collect();
        let text = text.trim();
        let has_quote = text.contains('"');
        let mut folded = FoldedText::default();
        folded.read(text, has_quote);
        Self { signs: folded.signs, has_quote }
    }

    pub fn is_empty(&self) -> bool {
        self.signs.is_empty()
    }

    /// Where a text has the words, in characters.
    pub fn marks(&self, text: &str) -> Vec<Range<usize>> {
        let mut marks = Vec::new();
        self.find_in(text, &mut FoldedText::default(), |mark| marks.push(mark));
        marks
    }

    /// Where the text of a row and the words beside it have the words. What a string says counts too, where it is written
    /// with escapes, and what of a value is too long to be shown: then all of it is marked.
    pub(super) fn marks_in_row(&self, row: &JsonRow<'_>, text: &str) -> Vec<Range<usize>> {
        let mut marks = self.marks(text);
        if marks.is_empty() && self.is_read_in(row, &mut FoldedText::default()) {
            marks.push(row.value_chars());
        }
        marks
    }

    fn is_read_in(&self, row: &JsonRow<'_>, folded: &mut FoldedText) -> bool {
        let (value, mut is_found) = (row.value, false);
        let is_escaped = value.kind() == JsonKind::Text && value.text().contains('\\');
        if let Some(reading) = value.string().filter(|_| is_escaped) {
            self.find_in(&reading, folded, |_| is_found = true);
        }
        if !is_found && row.part == JsonPart::Leaf && value.text().len() > LINE_CHARS {
            self.find_in(value.text(), folded, |_| is_found = true);
        }
        is_found
    }

    fn find_in(&self, text: &str, folded: &mut FoldedText, mut take: impl FnMut(Range<usize>)) {
        let Some(first) = self.signs.first() else { return };
        folded.read(text, self.has_quote);
        let (signs, places) = (&folded.signs, &folded.places);
        let mut at = 0;
        while let Some(next) = signs[at..].iter().position(|sign| sign == first) {
            at += next;
            let end = at + self.signs.len();
            if signs.get(at..end) == Some(&self.signs[..]) {
                take(places[at] as usize..places[end - 1] as usize + 1);
                at = end;
            } else {
                at += 1;
            }
        }
    }
}

impl FoldedText {
    fn read(&mut self, text: &str, with_quotes: bool) {
        self.signs.clear();
        self.places.clear();
        let mut is_behind_colon = false;
        for (place, sign) in text.chars().enumerate() {
            if sign == '"' && !with_quotes {
                continue;
            }
            if sign == ' ' && is_behind_colon {
                continue;
            }
            if sign == ':' {
                while self.signs.last() == Some(&' ') {
                    self.signs.pop();
                    self.places.pop();
                }
            }
            is_behind_colon = sign == ':';
            if sign.is_ascii() {
                self.push(sign.to_ascii_lowercase(), place);
            } else {
                sign.to_lowercase().for_each(|lower| self.push(lower, place));
            }
        }
    }

    fn push(&mut self, sign: char, place: usize) {
        self.signs.push(sign);
        self.places.push(place as u32);
    }
}

impl JsonText {
    /// The matches in the lines and in the words beside them, in their order; at most [`MOST_HITS`]. Asked now and then,
    /// `is_wanted` can end the search before its time.
    pub fn find(
        &self,
        words: &SearchWords,
        beside: impl Fn(JsonView<'_>) -> Option<String>,
        is_wanted: impl Fn() -> bool,
    ) -> Vec<SearchHit> {
        /// So many lines are searched before it is asked whether anybody still wants the result.
        const LINES_AT_A_TIME: usize = 4096;
        let mut hits = Vec::new();
        let (mut text, mut folded) = (String::new(), FoldedText::default());
        if words.is_empty() {
            return hits;
        }
        for line in 0..self.line_count() {
            if (line.is_multiple_of(LINES_AT_A_TIME) && !is_wanted()) || hits.len() >= MOST_HITS {
                break;
            }
            let row = self.row(line);
            // A bracket alone is nothing that anybody looks for among ten thousand of them.
            if row.part == JsonPart::Close {
                continue;
            }
            text.clear();
            row.pieces(|_, piece| text.push_str(piece));
            if let Some(beside) = words_beside(&row, beside(row.value)) {
                text.push_str(BEFORE_WORDS);
                text.push_str(&beside);
            }
            let before = hits.len();
            let mut push = |mark: Range<usize>| {
                hits.push(SearchHit { line: line as u32, start: mark.start as u32, end: mark.end as u32 });
            };
            words.find_in(&text, &mut folded, &mut push);
            if hits.len() == before && words.is_read_in(&row, &mut folded) {
                let value = row.value_chars();
                hits.push(SearchHit { line: line as u32, start: value.start as u32, end: value.end as u32 });
            }
        }
        hits.truncate(MOST_HITS);
        hits
    }
}

/// The words beside a row: that its name occurs more than once, and what is known of its value.
pub(super) fn words_beside(row: &JsonRow<'_>, about: Option<String>) -> Option<String> {
    let twin = row.value.twin().filter(|_| row.opens()).map(|(nth, of)| format!("{nth} of {of} with this name"));
    match (twin, about) {
        (Some(twin), Some(about)) => Some(format!("{twin} · {about}")),
        (twin, about) => twin.or(about),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::json_document::JsonDocument, ui::widgets::json_lines::JsonLines};

    const BODY: &str = r#"{"livemode":false,"n":1.10,"N":1E+05,"name":"J\u00f6rg \/ Ren\u00e9e","Größe":["ÄB",[],{}],
        "url":"https:\/\/x.test:80","used":false,"used":true,"big":9223372036854775807123}"#;

    /// The pointers of the lines that are found.
    #[track_caller]
    fn check(needle: &str, expected: &[&str]) {
        let json = JsonLines::new(JsonDocument::of_body(BODY.as_bytes()));
        let beside = |value: JsonView<'_>| (value.text() == "1.10").then(|| "Mar 17, 17:46 UTC".to_owned());
        let hits = json.text().find(&SearchWords::new(needle), beside, || true);
        let found: Vec<String> = hits.iter().map(|hit| json.pointer(hit.line as usize)).collect();
        assert_eq!(found, expected, "{needle}");
    }

    #[test]
    fn what_is_seen_is_found_however_it_is_typed() {
        for needle in [
            "\"livemode\": false",
            "\"livemode\":false",
            "livemode: false",
            "LIVEMODE:false",
            "livemode : false",
            "\"livemode\": false,",
            "live\u{200b}mode",
            "\u{201c}livemode\u{201d}: false",
            "  livemode ",
        ] {
            check(needle, &["/livemode"]);
        }
        check("1.10", &["/n"]);
        check("1.1", &["/n"]);
        check("n: 1.10", &["/n"]);
        check("1e+05", &["/N"]);
        check("9223372036854775807123", &["/big"]);
        check("größe", &["/Größe"]);
        check("äb", &["/Größe/0"]);
        check("[]", &["/Größe/1"]);
        check("used", &["/used", "/used"]);
        check("\"used\": true", &["/used"]);
        check("2 of 2 with this name", &["/used"]);
    }

    #[test]
    fn what_escapes_say_is_found_too() {
        check(r"J\u00f6rg", &["/name"]);
        check("jörg / renée", &["/name"]);
        check("https://x.test", &["/url"]);
        check("https:\\/\\/x.test:80", &["/url"]);
    }

    #[test]
    fn the_words_beside_a_value_are_found_and_nothing_is_found_for_nothing() {
        check("mar 17", &["/n"]);
        check("zzz", &[]);
        check("", &[]);
        check(" \u{200b} ", &[]);
        let json = JsonLines::new(JsonDocument::of_body(BODY.as_bytes()));
        assert!(json.text().find(&SearchWords::new("a"), |_| None, || false).is_empty());
    }

    #[test]
    fn each_match_has_its_place_in_the_line() {
        let words = SearchWords::new("livemode: f");
        assert_eq!(words.marks("\"livemode\": false, \"LIVEMODE\":FALSE"), [1..13, 20..31]);
        assert_eq!(SearchWords::new("aa").marks("aaaaa"), [0..2, 2..4]);
        assert_eq!(SearchWords::new("ö").marks("KÖLN ö"), [1..2, 5..6]);
    }
}
