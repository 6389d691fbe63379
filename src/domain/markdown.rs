//! Texts of others in Markdown: no sign of them acts.

/// A text in a line, with no sign in it that Markdown or HTML would read.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '\n' | '\r' => out.push(' '),
            // Also what turns a bare name into a link or a mention.
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '>' | '#' | '|' | '~' | '!' | '@' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_read_as_markdown() {
        for (raw, written) in [
            ("a_b *c* `d` <script>", r"a\_b \*c\* \`d\` &lt;script\>"),
            ("[x](javascript:1) ![y](z) @everyone", r"\[x\](javascript:1) \!\[y\](z) \@everyone"),
            ("one\ntwo &amp; # three", r"one two &amp;amp; \# three"),
        ] {
            assert_eq!(escaped(raw), written);
        }
    }
}
