//! Text from outside, made safe to show: what an API answered, what an older history holds, what a person typed.
//!
//! Such text can have any length and contain any character: escape sequences that move a terminal's cursor, newlines
//! that fake another line, characters that reverse the writing direction. It is stored and exported unchanged; every
//! place that shows it passes it through one of these functions.

use std::{borrow::Cow, fmt::Write as _};

use super::{invisible::is_invisible, signs};

/// The longest cell of a table on the terminal, in characters like all lengths here: Stripe's longest ids have 255.
const CELL_CHARS: usize = 255;
/// The longest message on the terminal.
const SENTENCE_CHARS: usize = 4000;
/// The longest single line in the window: more than any line shows, and short enough to be laid out in one frame.
const LABEL_CHARS: usize = 1000;
/// The longest text of several lines in the window.
const BLOCK_CHARS: usize = 20_000;
/// What stands for an unsafe character where the text must keep its length: a box, which every font of the window has.
const STAND_IN: char = '\u{25a1}';

/// A cell of a table on the terminal.
pub fn cell(text: &str) -> String {
    shown(text, CELL_CHARS, char_in_line).into_owned()
}

/// A message on the terminal, in one line.
pub fn sentence(text: &str) -> String {
    shown(text, SENTENCE_CHARS, char_in_line).into_owned()
}

/// Several lines for the terminal, written by Testcard but quoting foreign text. Newlines stay, and the length is not
/// limited.
pub fn lines(text: &str) -> String {
    shown(text, usize::MAX, |c| (c != '\n').then(|| char_in_line(c)).flatten()).into_owned()
}

/// One line in the window, such as an id, a name or a message.
pub fn label(text: &str) -> Cow<'_, str> {
    shown(text, LABEL_CHARS, char_in_line)
}

/// A text of several lines in the window, such as a response that is not JSON. Newlines and tabs stay.
pub fn block(text: &str) -> Cow<'_, str> {
    shown(text, BLOCK_CHARS, |c| (!matches!(c, '\n' | '\t')).then(|| char_in_line(c)).flatten())
}

/// A text as it is edited: one stand-in for each unsafe character, so that every place in it stays its place. In a
/// single line, newlines and tabs have stand-ins too.
pub fn edited(text: &str, is_single_line: bool) -> Cow<'_, str> {
    let is_layout = |c| !is_single_line && matches!(c, '\n' | '\t');
    shown(text, usize::MAX, |c| (acts(c) && !is_layout(c)).then(|| STAND_IN.to_string()))
}

/// A text for a screen reader, cut after `most` characters: one stand-in for each unsafe character. Newlines and tabs
/// stay.
pub fn spoken(text: &str, most: usize) -> Cow<'_, str> {
    shown(text, most, |c| (acts(c) && !matches!(c, '\n' | '\t')).then(|| STAND_IN.to_string()))
}

/// What of a text can have been typed or pasted on purpose: no control characters but newlines and tabs, and nothing
/// that is no character. Marks of direction and invisible characters stay, for names need them.
pub fn typeable(text: &str) -> Cow<'_, str> {
    let is_dropped = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || is_no_character(c);
    if !text.contains(is_dropped) {
        return Cow::Borrowed(text);
    }
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    Cow::Owned(lines.replace(is_dropped, ""))
}

/// The start of a JSON text in one line of the window, cut after `most` characters.
pub fn json_start(text: &str, most: usize) -> String {
    let end = text.char_indices().nth(most).map(|(end, _)| signs::start_of_sign(text, end));
    let mut start = json(&text[..end.unwrap_or(text.len())]).into_owned();
    if end.is_some() {
        start.push('…');
    }
    start
}

/// JSON for the terminal: the same value, with the unsafe characters that JSON allows unescaped written as escapes. In
/// JSON such characters occur within strings only, so an escape means the same.
pub fn json(text: &str) -> Cow<'_, str> {
    let is_layout = |c: char| matches!(c, '\n' | '\r' | '\t');
    let escape = |c: char| {
        let mut escape = String::new();
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(escape, "\\u{unit:04x}");
        }
        escape
    };
    shown(text, usize::MAX, |c| (acts(c) && !is_layout(c)).then(|| escape(c)))
}

/// What replaces a character in a line of text, if anything: a space for white space, an escape for other unsafe
/// characters.
fn char_in_line(c: char) -> Option<String> {
    match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(" ".to_owned()),
        c if acts(c) => Some(c.escape_unicode().to_string()),
        _ => None,
    }
}

/// Whether a character acts on the display instead of being seen: control characters (C0 and C1), those that change the
/// writing direction, invisible ones, and what Unicode says will never be a character. The joiners and variation
/// selectors that emoji and some scripts are written with are not among them.
pub fn acts(c: char) -> bool {
    let belongs_to_script = matches!(
        c,
        '\u{34f}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180d}'
            | '\u{180f}'
            | '\u{200c}'
            | '\u{200d}'
            | '\u{2800}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0100}'..='\u{e01ef}'
    );
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}')
        || (is_invisible(c) && !belongs_to_script)
        || is_no_character(c)
}

/// Whether a code point is one that Unicode keeps free of characters for good: the last two of each plane, and 32 more.
fn is_no_character(c: char) -> bool {
    matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff) || matches!(c, '\u{fdd0}'..='\u{fdef}')
}

/// The text with unsafe characters replaced, cut after `most` characters.
fn shown(text: &str, most: usize, replaced: impl Fn(char) -> Option<String>) -> Cow<'_, str> {
    // Most texts, and each of them in every frame, have nothing but the letters and signs of ASCII, which no rule replaces.
    if text.len() <= most && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let end = text.char_indices().nth(most).map(|(end, _)| signs::start_of_sign(text, end));
    let kept = &text[..end.unwrap_or(text.len())];
    if end.is_none() && kept.chars().all(|c| replaced(c).is_none()) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(kept.len());
    for c in kept.chars() {
        match replaced(c) {
            Some(other) => shown.push_str(&other),
            None => shown.push(c),
        }
    }
    if end.is_some() {
        shown.push('…');
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_escaped_and_what_is_seen_stays() {
        for (text, expected) in [
            ("tok_1", "tok_1"),
            ("J\u{f6}rg 王 \u{1f469}\u{200d}\u{1f680}", "J\u{f6}rg 王 \u{1f469}\u{200d}\u{1f680}"),
            ("\u{5e9}\u{5dc}\u{5d5}\u{5dd}", "\u{5e9}\u{5dc}\u{5d5}\u{5dd}"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\u{9b}2Jb\u{7f}", "a\\u{9b}2Jb\\u{7f}"),
            ("a\nb\r\tc\u{2028}d", "a b  c d"),
            ("a\u{202e}b\u{2066}c\u{200f}", "a\\u{202e}b\\u{2066}c\\u{200f}"),
            ("a\0b\u{feff}\u{e0041}", "a\\u{0}b\\u{feff}\\u{e0041}"),
        ] {
            assert_eq!(sentence(text), expected);
            assert_eq!(cell(text), expected);
            assert_eq!(label(text), expected);
        }
        assert_eq!(lines("a\u{1b}\nb"), "a\\u{1b}\nb");
        assert_eq!(block("a\n\tb\u{202e}"), "a\n\tb\\u{202e}");
    }

    #[test]
    fn every_place_of_an_edited_text_stays_its_place() {
        let text = "a\0\u{1b}\u{85}\u{202e}\u{e0041}\u{ffff}\n\tb";
        assert_eq!(edited(text, true), format!("a{}b", "\u{25a1}".repeat(8)));
        assert_eq!(edited(text, false), format!("a{}\n\tb", "\u{25a1}".repeat(6)));
        assert_eq!(spoken(text, 100), edited(text, false));
        assert_eq!(spoken("abc", 2), "ab…");
        for plain in ["J\u{f6}rg \u{1f469}\u{200d}\u{1f680}", "\u{645}\u{6cc}\u{200c}\u{62e}", "\u{2764}\u{fe0f}"] {
            assert!(matches!(edited(plain, true), Cow::Borrowed(_)), "{plain}");
        }
    }

    #[test]
    fn the_length_is_bounded_by_signs_and_not_by_bytes() {
        let long = "\u{1f469}".repeat(10_000_000);
        for (shown, most) in
            [(cell(&long), CELL_CHARS), (sentence(&long), SENTENCE_CHARS), (label(&long).into(), LABEL_CHARS)]
        {
            assert_eq!(shown.chars().count(), most + 1);
            assert!(shown.ends_with('…'));
        }
        let fits = "x".repeat(CELL_CHARS);
        assert_eq!(cell(&fits), fits);
    }

    #[test]
    fn of_a_json_text_no_more_is_shown_than_there_is_room_for() {
        let long = format!("\"{}\"", "x".repeat(10_000_000));
        for (of, expected) in [
            ("\"tok_1\"", "\"tok_1\"".to_owned()),
            ("\"a\u{202e}\\n\"", "\"a\\u202e\\n\"".to_owned()),
            ("{\"a\":[1,2.50,null]}", "{\"a\":[1,2.50,null]}".to_owned()),
            (&long, format!("\"{}…", "x".repeat(99))),
        ] {
            assert_eq!(json_start(of, 100), expected);
        }
        assert_eq!(json_start(&"\u{1f469}".repeat(300), 10).chars().count(), 11);
    }

    #[test]
    fn json_means_the_same_and_does_nothing_to_a_terminal() {
        let signs: String = (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| acts(*c)).collect();
        assert!(signs.len() > 300);
        let value = serde_json::json!({ signs.clone(): [signs, "\\\u{9b}\"\u{7f}", "plain"] });
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            let shown = json(&text);
            assert!(!shown.chars().any(|c| acts(c) && c != '\n'), "{shown}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
        assert!(matches!(json("{\n  \"a\": 1\n}"), Cow::Borrowed(_)));
    }
}
