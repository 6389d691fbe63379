//! Markdown as GitHub reads it.

use super::pieces::{DocumentFact, DocumentPiece};
use crate::domain::markdown::escaped;

pub(super) fn text(piece: &DocumentPiece) -> String {
    match piece {
        DocumentPiece::Heading(level, text) => format!("{} {}\n\n", "#".repeat(usize::from(*level)), escaped(text)),
        DocumentPiece::Paragraph(text) => format!("{}\n\n", escaped(text)),
        DocumentPiece::Facts(facts) => facts.iter().map(fact).collect::<String>() + "\n",
        DocumentPiece::Code(language, code) => {
            // A fence is longer than any that stands in the code.
            let fence = "`".repeat(longest_run(code).max(2) + 1);
            format!("{fence}{language}\n{}\n{fence}\n\n", code.trim_end_matches('\n'))
        }
    }
}

fn fact(DocumentFact { name, value, link }: &DocumentFact) -> String {
    match link {
        Some(link) => format!("- **{name}** [{}]({link})\n", escaped(value)),
        None => format!("- **{name}** {}\n", escaped(value)),
    }
}

fn longest_run(code: &str) -> usize {
    code.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let code = |code: &str| text(&DocumentPiece::Code("text", code.to_owned()));
        assert_eq!(code("a\n"), "```text\na\n```\n\n");
        assert_eq!(code("```\n````"), "`````text\n```\n````\n`````\n\n");
    }
}
