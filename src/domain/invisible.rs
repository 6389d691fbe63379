//! Characters that nobody sees: they come along when text is copied from a web page, a chat or a document.
//!
//! A card number, a key or an id that holds one looks right and is wrong. So the fields take such characters away as
//! they take spaces away: codes and numbers with [`without_blanks`], words that are searched for with
//! [`without_invisible`].

use std::borrow::Cow;

/// Whether a character shows nothing and takes no room: soft hyphen, joiners, the byte order mark, direction marks,
/// invisible operators, fillers, variation selectors, annotations and tags.
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffc}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether a character is blank: white space of any width, a control character, or one that is invisible.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || is_invisible(c)
}

/// A code, a number, a key or an id: no blank belongs in it, wherever it stands.
pub fn without_blanks(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_blank) { text.chars().filter(|c| !is_blank(*c)).collect() } else { text.into() }
}

/// Words as they are typed or searched for, without what is invisible. White space of any width is a plain space. A
/// joiner or a variation selector stays behind a sign that is no letter or digit of ASCII: emoji and many scripts are
/// written with it.
pub fn without_invisible(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| c == ' ' || !is_blank(c)) {
        return text.into();
    }
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        let joins = matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}');
        if c.is_whitespace() {
            cleaned.push(' ');
        } else if !is_blank(c) || (joins && cleaned.chars().next_back().is_some_and(|before| !before.is_ascii())) {
            cleaned.push(c);
        }
    }
    cleaned.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Zero-width space, non-joiner and joiner, word joiner, byte order mark, soft hyphen, direction marks and
    /// overrides, isolates, variation selectors, fillers, tags.
    const INVISIBLE: &str = "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{200e}\u{200f}\u{61c}\u{202a}\u{202e}\
                             \u{2066}\u{2069}\u{fe0e}\u{fe0f}\u{e0100}\u{3164}\u{180e}\u{34f}\u{e0041}\u{fffc}";
    /// No-break spaces, spaces of other widths, line and paragraph separators.
    const SPACES: &str = " \t\r\n\u{a0}\u{202f}\u{2007}\u{2009}\u{200a}\u{2003}\u{3000}\u{205f}\u{2028}\u{2029}\u{85}";

    #[test]
    fn nothing_of_a_code_is_lost_and_no_blank_is_left() {
        for blank in INVISIBLE.chars().chain(SPACES.chars()).chain(['\0', '\u{1b}', '\u{7f}']) {
            assert_eq!(without_blanks(&format!("{blank}sk_{blank}test{blank}")), "sk_test", "{blank:?}");
        }
        assert!(matches!(without_blanks("tok_1"), Cow::Borrowed("tok_1")));
        assert_eq!(without_blanks("Jos\u{e9} \u{738b}"), "Jos\u{e9}\u{738b}");
    }

    #[test]
    fn words_keep_their_spaces_and_emoji_their_joiners() {
        for c in INVISIBLE.chars() {
            assert_eq!(without_invisible(&format!("{c}two{c} wor{c}ds")), "two words", "{c:?}");
        }
        for c in SPACES.chars() {
            assert_eq!(without_invisible(&format!("two{c}words")), "two words", "{c:?}");
        }
        assert_eq!(without_invisible("a\0b\u{1b}c"), "abc");
        for kept in ["\u{1f469}\u{200d}\u{1f680}", "\u{2764}\u{fe0f}", "\u{645}\u{6cc}\u{200c}\u{62e}", "tok_1 a"] {
            assert_eq!(without_invisible(kept), kept);
        }
    }
}
