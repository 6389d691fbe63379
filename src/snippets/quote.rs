//! Texts as literals: whatever was typed comes out as code that means the same, and that shows what it means.

use std::fmt::Write as _;

/// Whether a sign can stand in source text as it is. Control signs cannot; nor should what is invisible or turns the
/// direction of the text, for then the code reads otherwise than it runs.
pub(super) fn is_plain(c: char) -> bool {
    let hides = matches!(u32::from(c),
        0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
        | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
        | 0xe000..=0xf8ff | 0xe0000..=0x0010_ffff);
    let is_no_character = u32::from(c) & 0xfffe == 0xfffe;
    let is_wide_space = c.is_whitespace() && c != ' ';
    !c.is_control() && !hides && !is_no_character && !is_wide_space
}

/// How a language writes a sign by its code point between double quotes.
#[derive(Clone, Copy)]
pub(super) enum EscapeStyle {
    /// `\u{1f600}`: JavaScript, PHP, Ruby.
    Braces,
    /// `\u00e9` and `\U0001f600`: Python, Go, C#.
    Wide,
    /// `\ud83d\ude00`: Java.
    Utf16,
}

/// `text` between two `quote`s, with backslashes; `special` signs get one too.
pub(super) fn with_backslashes(text: &str, quote: char, special: &[char], escapes: EscapeStyle) -> String {
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote || c == '\\' || special.contains(&c) => {
                out.push('\\');
                out.push(c);
            }
            c if is_plain(c) => out.push(c),
            c => push_escape(&mut out, c, escapes),
        }
    }
    out.push(quote);
    out
}

/// `text` between single quotes where nothing but they and the backslash is special, else between double quotes.
pub(super) fn single_or_double(text: &str, special: &[char]) -> String {
    if text.chars().all(is_plain) {
        with_backslashes(text, '\'', &[], EscapeStyle::Braces)
    } else {
        with_backslashes(text, '"', special, EscapeStyle::Braces)
    }
}

fn push_escape(out: &mut String, c: char, escapes: EscapeStyle) {
    let code = u32::from(c);
    // Writing to a text cannot fail.
    let _ = match escapes {
        EscapeStyle::Braces => write!(out, "\\u{{{code:x}}}"),
        EscapeStyle::Wide if code > 0xffff => write!(out, "\\U{code:08x}"),
        EscapeStyle::Wide => write!(out, "\\u{code:04x}"),
        EscapeStyle::Utf16 => c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}")),
    };
}

/// One word for a shell. `None`: no argument can hold a zero byte.
pub(super) fn shell(word: &str) -> Option<String> {
    if word.contains('\0') {
        return None;
    }
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "-_./:=%@+,".contains(c);
    if !word.is_empty() && word.chars().all(is_bare) {
        return Some(word.to_owned());
    }
    if word.chars().all(is_plain) {
        return Some(format!("'{}'", word.replace('\'', r"'\''")));
    }
    // The form of bash and zsh, byte by byte where a sign cannot stand as it is.
    let mut out = String::from("$'");
    for c in word.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\'' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if is_plain(c) => out.push(c),
            c => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
        }
    }
    out.push('\'');
    Some(out)
}

/// Whether a name can stand unquoted before a colon or an equals sign.
pub(super) fn is_identifier(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
