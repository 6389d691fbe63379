//! The tokens of a JSON text as byte ranges, in their order.
//!
//! A parser that builds a value loses how a number was spelled, and all but one of the keys that occur twice. The spans
//! lose nothing: between them there is only white space, colons and commas.

use std::ops::Range;

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonPiece {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    /// The name of an object member, with its quotes.
    Key,
    /// A string value, with its quotes.
    Text,
    Number,
    /// `true`, `false` or `null`.
    Literal,
}

/// A token of JSON and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonSpan {
    pub piece: JsonPiece,
    /// In bytes.
    pub place: Range<usize>,
}

/// The text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not JSON at byte {at}")]
pub struct NotJson {
    pub at: usize,
}

/// All tokens of a JSON text (RFC 8259), nested to any depth.
///
/// # Errors
/// The byte offset of the first byte that JSON does not allow there.
pub fn spans(text: &str) -> Result<Vec<JsonSpan>, NotJson> {
    let mut spans = Vec::new();
    for_each_span(text, |span| spans.push(span))?;
    Ok(spans)
}

/// Gives the tokens of a JSON text one by one, up to the first byte that is wrong.
///
/// # Errors
/// As [`spans`].
pub fn for_each_span(text: &str, take: impl FnMut(JsonSpan)) -> Result<(), NotJson> {
    JsonScanner { bytes: text.as_bytes(), at: 0, take, open: Vec::new() }.scan()
}

/// How the tokens of a JSON text are set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonLayout {
    /// No white space between them.
    OneLine,
    /// On lines of their own, indented by two spaces for each level: those of the text itself, and so many around it.
    Indented { levels_around: usize },
}

/// The same JSON with every token as it is written, and no white space between them: one line.
///
/// # Errors
/// As [`spans`].
pub fn compact(text: &str) -> Result<String, NotJson> {
    checked_and_laid_out(text, JsonLayout::OneLine)
}

/// The same JSON with every token as it is written, on lines of their own that are indented by two spaces.
///
/// # Errors
/// As [`spans`].
pub fn indented(text: &str) -> Result<String, NotJson> {
    checked_and_laid_out(text, JsonLayout::Indented { levels_around: 0 })
}

fn checked_and_laid_out(text: &str, layout: JsonLayout) -> Result<String, NotJson> {
    for_each_span(text, drop)?;
    Ok(laid_out(text, layout))
}

/// Deeper than this, lines are not indented any further: the white space of a text of a million brackets would take
/// more room than any machine has.
pub const DEEPEST_INDENT: usize = 200;

/// What is known to be JSON, such as what serde wrote, in a layout: every token as it is written. Each byte is looked at
/// once.
pub fn laid_out(json: &str, layout: JsonLayout) -> String {
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(json.len() + json.len() / 4);
    let break_line = |out: &mut String, depth: usize| {
        if let JsonLayout::Indented { levels_around } = layout {
            out.push('\n');
            (0..levels_around + depth.min(DEEPEST_INDENT)).for_each(|_| out.push_str("  "));
        }
    };
    // What stands between `copied` and `at` is copied as it is.
    let (mut at, mut copied, mut depth) = (0, 0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = behind_text(bytes, at),
            b' ' | b'\t' | b'\n' | b'\r' => {
                out.push_str(&json[copied..at]);
                at = behind_space(bytes, at);
                copied = at;
            }
            b'{' | b'[' => {
                out.push_str(&json[copied..=at]);
                at = behind_space(bytes, at + 1);
                copied = at;
                if matches!(bytes.get(at), Some(b'}' | b']')) {
                    at += 1;
                } else {
                    depth += 1;
                    break_line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                out.push_str(&json[copied..at]);
                copied = at;
                at += 1;
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
            }
            b',' => {
                out.push_str(&json[copied..=at]);
                at += 1;
                copied = at;
                break_line(&mut out, depth);
            }
            b':' => {
                at += 1;
                if layout != JsonLayout::OneLine {
                    out.push_str(&json[copied..at]);
                    out.push(' ');
                    copied = at;
                }
            }
            _ => at += 1,
        }
    }
    out.push_str(&json[copied..]);
    out
}

/// The end of the string that begins here.
fn behind_text(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match json.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return json.len(),
        }
    }
}

fn behind_space(json: &[u8], start: usize) -> usize {
    let spaces = json[start..].iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    spaces.map_or(json.len(), |spaces| start + spaces)
}

struct JsonScanner<'a, T> {
    bytes: &'a [u8],
    at: usize,
    take: T,
    /// The objects and arrays around the current position, outermost first.
    open: Vec<JsonPiece>,
}

impl<T: FnMut(JsonSpan)> JsonScanner<'_, T> {
    fn scan(&mut self) -> Result<(), NotJson> {
        loop {
            if !self.value()? {
                continue;
            }
            // A value has ended. The objects and arrays around it may end here too.
            loop {
                self.skip_space();
                match (self.open.last(), self.peek()) {
                    (None, None) => return Ok(()),
                    (Some(_), Some(b',')) => {
                        self.at += 1;
                        break;
                    }
                    (Some(JsonPiece::ObjectStart), Some(b'}')) => self.close(JsonPiece::ObjectEnd),
                    (Some(JsonPiece::ArrayStart), Some(b']')) => self.close(JsonPiece::ArrayEnd),
                    _ => return self.wrong(),
                }
            }
            self.key_if_in_object()?;
        }
    }

    /// Reads a value up to its end, or up to its first member if it is an object or array with members. Returns whether
    /// the value has ended.
    fn value(&mut self) -> Result<bool, NotJson> {
        self.skip_space();
        let start = self.at;
        match self.peek() {
            Some(b'{') => {
                self.open(JsonPiece::ObjectStart);
                self.skip_space();
                if self.peek() == Some(b'}') {
                    self.close(JsonPiece::ObjectEnd);
                    return Ok(true);
                }
                self.key_if_in_object()?;
                return Ok(false);
            }
            Some(b'[') => {
                self.open(JsonPiece::ArrayStart);
                self.skip_space();
                if self.peek() == Some(b']') {
                    self.close(JsonPiece::ArrayEnd);
                    return Ok(true);
                }
                return Ok(false);
            }
            Some(b'"') => {
                self.text()?;
                self.push(JsonPiece::Text, start);
            }
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                self.push(JsonPiece::Number, start);
            }
            _ => {
                let word =
                    ["true", "false", "null"].into_iter().find(|word| self.bytes[start..].starts_with(word.as_bytes()));
                let Some(word) = word else { return self.wrong() };
                self.at += word.len();
                self.push(JsonPiece::Literal, start);
            }
        }
        Ok(true)
    }

    fn key_if_in_object(&mut self) -> Result<(), NotJson> {
        if self.open.last() != Some(&JsonPiece::ObjectStart) {
            return Ok(());
        }
        self.skip_space();
        let start = self.at;
        self.text()?;
        self.push(JsonPiece::Key, start);
        self.skip_space();
        self.expect(|byte| byte == b':')
    }

    /// A string with its quotes.
    fn text(&mut self) -> Result<(), NotJson> {
        self.expect(|byte| byte == b'"')?;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                self.expect(|byte| byte.is_ascii_hexdigit())?;
                            }
                        }
                        _ => return self.wrong(),
                    }
                }
                Some(byte) if byte >= b' ' => self.at += 1,
                _ => return self.wrong(),
            }
        }
    }

    fn number(&mut self) -> Result<(), NotJson> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// One or more digits.
    fn digits(&mut self) -> Result<(), NotJson> {
        self.expect(|byte| byte.is_ascii_digit())?;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn open(&mut self, piece: JsonPiece) {
        self.open.push(piece);
        self.at += 1;
        self.push(piece, self.at - 1);
    }

    fn close(&mut self, piece: JsonPiece) {
        self.open.pop();
        self.at += 1;
        self.push(piece, self.at - 1);
    }

    fn push(&mut self, piece: JsonPiece, start: usize) {
        (self.take)(JsonSpan { piece, place: start..self.at });
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, fits: impl Fn(u8) -> bool) -> Result<(), NotJson> {
        match self.peek() {
            Some(byte) if fits(byte) => {
                self.at += 1;
                Ok(())
            }
            _ => self.wrong(),
        }
    }

    fn wrong<R>(&self) -> Result<R, NotJson> {
        Err(NotJson { at: self.at })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn everything_has_its_place_also_a_key_that_occurs_twice() {
        let json = r#" {"a": 1.10, "a": [true, null, "x\"y"], "": {}} "#;
        let found: Vec<(JsonPiece, &str)> =
            spans(json).unwrap().into_iter().map(|span| (span.piece, &json[span.place])).collect();
        assert_eq!(
            found,
            [
                (JsonPiece::ObjectStart, "{"),
                (JsonPiece::Key, r#""a""#),
                (JsonPiece::Number, "1.10"),
                (JsonPiece::Key, r#""a""#),
                (JsonPiece::ArrayStart, "["),
                (JsonPiece::Literal, "true"),
                (JsonPiece::Literal, "null"),
                (JsonPiece::Text, r#""x\"y""#),
                (JsonPiece::ArrayEnd, "]"),
                (JsonPiece::Key, r#""""#),
                (JsonPiece::ObjectStart, "{"),
                (JsonPiece::ObjectEnd, "}"),
                (JsonPiece::ObjectEnd, "}"),
            ]
        );
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        for (text, at) in [
            ("", 0),
            ("{", 1),
            ("{]", 1),
            ("[1,]", 3),
            ("{\"a\" 1}", 5),
            ("01", 1),
            ("1.", 2),
            ("\"\\x\"", 2),
            ("\"\n\"", 1),
            ("nul", 0),
            ("1 2", 2),
            ("[1}", 2),
        ] {
            assert_eq!(spans(text), Err(NotJson { at }), "{text}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        assert_eq!(spans(&deep).unwrap().len(), 2_000_000);
    }

    #[test]
    fn a_layout_changes_no_token() {
        let json = " { \"b\" : [ 1.10 , 1E+05, {} , [ ] ], \"b\": \"\\u00e9 : , \" } ";
        assert_eq!(compact(json).unwrap(), r#"{"b":[1.10,1E+05,{},[]],"b":"\u00e9 : , "}"#);
        let around = laid_out(json, JsonLayout::Indented { levels_around: 2 });
        assert_eq!(around, indented(json).unwrap().replace('\n', "\n    "));
        let lines = "{\n  \"b\": [\n    1.10,\n    1E+05,\n    {},\n    []\n  ],\n  \"b\": \"\\u00e9 : , \"\n}";
        assert_eq!(indented(json).unwrap(), lines);
        assert_eq!(indented(" 1 ").as_deref(), Ok("1"));
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        assert!(indented(&deep).unwrap().len() < 10_000_000);
        assert_eq!(compact("[1,"), Err(NotJson { at: 3 }));
    }

    proptest! {
        #[test]
        fn a_layout_is_that_of_serde_json(value in any::<Vec<(String, Vec<(i32, bool)>)>>()) {
            let text = serde_json::to_string(&value).unwrap();
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(indented(&text).unwrap(), &*pretty);
            prop_assert_eq!(compact(&pretty).unwrap(), text);
        }

        #[test]
        fn what_serde_json_reads_is_json_and_nothing_else_is(text in r#"[\[\]{}",: 01.eE+\-truefalsn\\ux/]{0,12}"#) {
            // `IgnoredAny` builds no value, so a number may be out of range of every numeric type.
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(spans(&text).is_ok(), is_json, "{}", text);
        }

        #[test]
        fn what_serde_json_writes_is_read(value in any::<Vec<(String, Vec<f64>)>>()) {
            let text = serde_json::to_string_pretty(&value).unwrap();
            prop_assert!(spans(&text).is_ok());
        }
    }
}
