//! Texts of others in XML and HTML: no sign of them acts.

/// A text between tags. What XML 1.0 has no place for becomes U+FFFD.
pub fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // A parser makes a line end of a bare one.
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => escaped.push(sign),
            _ => escaped.push('\u{fffd}'),
        }
    }
    escaped
}

/// A text in an attribute: on one line, for a parser makes spaces of line ends there.
pub fn attribute(words: &str) -> String {
    text(&words.replace(['\n', '\t'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_read_as_markup() {
        for (raw, written) in [
            ("</pre><script>alert('1')</script>", "&lt;/pre&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"),
            ("&amp; \"x\"", "&amp;amp; &quot;x&quot;"),
            ("a\r\nb\tc", "a&#13;\nb\tc"),
            ("a\0b\u{1b}[1m\u{ffff}", "a\u{fffd}b\u{fffd}[1m\u{fffd}"),
        ] {
            assert_eq!(text(raw), written);
        }
        assert_eq!(attribute("one\ntwo\t\"3\""), "one two &quot;3&quot;");
    }
}
