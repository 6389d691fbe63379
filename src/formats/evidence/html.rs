//! HTML: one page that loads nothing and runs nothing, in the colours that the reader's system has.

use super::pieces::{DocumentFact, DocumentPiece};
use crate::domain::markup;

pub(super) const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Evidence of test-card tokens</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { border-top: 1px solid #8886; padding-top: 1.5rem; margin-top: 2rem; overflow-wrap: anywhere; }
h4 { margin-bottom: .25rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; }
dt { opacity: .7; }
dd { margin: 0; overflow-wrap: anywhere; }
pre { background: #8881; border-radius: 6px; padding: .75rem; overflow-x: auto; font: 13px/1.45 ui-monospace, monospace; }
</style>
</head>
<body>
"#;
pub(super) const FOOT: &str = "</body>\n</html>\n";

pub(super) fn text(piece: &DocumentPiece) -> String {
    match piece {
        DocumentPiece::Heading(level, text) => format!("<h{level}>{}</h{level}>\n", markup::text(text)),
        DocumentPiece::Paragraph(text) => format!("<p>{}</p>\n", markup::text(text)),
        DocumentPiece::Facts(facts) => format!("<dl>\n{}</dl>\n", facts.iter().map(fact).collect::<String>()),
        DocumentPiece::Code(_, code) => format!("<pre>{}</pre>\n", markup::text(code.trim_end_matches('\n'))),
    }
}

fn fact(DocumentFact { name, value, link }: &DocumentFact) -> String {
    let value = markup::text(value);
    match link {
        Some(link) => format!("<dt>{name}</dt><dd><a href=\"{}\">{value}</a></dd>\n", markup::text(link)),
        None => format!("<dt>{name}</dt><dd>{value}</dd>\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_read_as_html() {
        let raw = "</pre><script>alert('1')</script> &amp; \"x\"";
        let written =
            "<pre>&lt;/pre&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp;amp; &quot;x&quot;</pre>\n";
        assert_eq!(text(&DocumentPiece::Code("text", raw.to_owned())), written);
    }
}
