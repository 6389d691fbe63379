//! Texts of others in XML and HTML.

/// A text between tags. What XML 1.0 has no place for becomes U+FFFD.
pub(super) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => escaped.push(sign),
            _ => escaped.push('\u{fffd}'),
        }
    }
    escaped
}

/// A text in an attribute: on one line, for a parser makes spaces of line ends there.
pub(super) fn attribute(words: &str) -> String {
    text(&words.replace(['\n', '\t'], " "))
}
