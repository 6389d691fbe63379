//! Splits the lines of a snippet into comments, texts, numbers and keywords, so that a view can colour them.
//!
//! It reads a line at a time: no text of a snippet runs over a line's end, because line breaks in values are escaped.

use std::ops::Range;

use super::language::SnippetLanguage;

/// The syntactic kind of a piece of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyntaxKind {
    Plain,
    Comment,
    /// A text between quotes.
    Text,
    Number,
    Keyword,
}

/// The pieces of a line, in order and without gaps.
pub fn parts(line: &str, language: SnippetLanguage) -> Vec<(Range<usize>, SyntaxKind)> {
    let mut found: Vec<(Range<usize>, SyntaxKind)> = Vec::new();
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        let rest = &line[at..];
        let (length, part) = if rest.starts_with(language.comment()) {
            (rest.len(), SyntaxKind::Comment)
        } else if c == '"' || c == '\'' {
            (text_length(rest, c, escapes(language, c, line[..at].ends_with('$'))), SyntaxKind::Text)
        } else if c.is_ascii_digit() {
            (rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len()), SyntaxKind::Number)
        } else if is_word(c) {
            let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            let is_keyword = keywords(language).contains(&&rest[..length]);
            (length, if is_keyword { SyntaxKind::Keyword } else { SyntaxKind::Plain })
        } else {
            (c.len_utf8(), SyntaxKind::Plain)
        };
        match found.last_mut() {
            Some((range, last)) if *last == part && part == SyntaxKind::Plain => range.end += length,
            _ => found.push((at..at + length, part)),
        }
        at += length;
    }
    found
}

/// A word may begin with a dash: that is how options are written.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Whether a backslash is special between these quotes.
fn escapes(language: SnippetLanguage, quote: char, after_dollar: bool) -> bool {
    let is_shell = matches!(language, SnippetLanguage::Curl | SnippetLanguage::StripeCli);
    !is_shell || quote == '"' || after_dollar
}

fn text_length(rest: &str, quote: char, escapes: bool) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if escapes => is_escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn keywords(language: SnippetLanguage) -> &'static [&'static str] {
    match language {
        SnippetLanguage::Curl => &["curl", "-u", "-d", "-G", "-X", "--data-urlencode"],
        SnippetLanguage::StripeCli => &["stripe", "-d", "--api-key", "--api-base", "--confirm"],
        SnippetLanguage::Python => &["import"],
        SnippetLanguage::Node => &["const", "await", "require"],
        SnippetLanguage::Ruby | SnippetLanguage::Go => &["if", "nil"],
        SnippetLanguage::Php | SnippetLanguage::Java => &["new", "null"],
        SnippetLanguage::Dotnet => &["var", "new"],
    }
}
