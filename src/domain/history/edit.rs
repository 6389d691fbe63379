//! What a person does to entries of the history: notes, tags, and deleting with a way back.

use super::entry::EntryId;

/// The most characters of a note.
pub const LONGEST_NOTE: usize = 2000;
/// The most characters of a tag.
const LONGEST_TAG: usize = 40;

/// A change of the history by hand. None of them touches what the minter has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// What is written about an entry; nothing where it is empty.
    Note { id: EntryId, note: String },
    /// Tags that each of these entries gets, and tags that it loses.
    Tag { ids: Vec<EntryId>, add: Vec<String>, remove: Vec<String> },
    /// Hides these entries everywhere; they can be restored for a while.
    Delete { ids: Vec<EntryId> },
    /// Brings deleted entries back.
    Restore { ids: Vec<EntryId> },
}

impl Edit {
    /// What is being done, in the words of an error.
    pub fn doing(&self) -> &'static str {
        match self {
            Self::Note { .. } => "save the note",
            Self::Tag { .. } => "save the tags",
            Self::Delete { .. } => "delete from the history",
            Self::Restore { .. } => "restore what was deleted",
        }
    }

    /// The same change in pieces of so many entries at most, so that none of them holds others up.
    pub fn in_pieces(&self, most: usize) -> Vec<Self> {
        let pieces = |ids: &[EntryId], of: &dyn Fn(Vec<EntryId>) -> Self| {
            ids.chunks(most.max(1)).map(|piece| of(piece.to_vec())).collect()
        };
        match self {
            Self::Note { .. } => vec![self.clone()],
            Self::Tag { ids, add, remove } => {
                pieces(ids, &|ids| Self::Tag { ids, add: add.clone(), remove: remove.clone() })
            }
            Self::Delete { ids } => pieces(ids, &|ids| Self::Delete { ids }),
            Self::Restore { ids } => pieces(ids, &|ids| Self::Restore { ids }),
        }
    }
}

/// A note as typed, in one line: what breaks lines becomes a space, and what is too long is cut.
pub fn note_in(text: &str) -> String {
    let line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.chars().take(LONGEST_NOTE).collect()
}

/// The tags in a line as typed: words between spaces or commas, in lower case, each once, in their order. A leading `#`
/// is how some write them; quotes and backslashes are no part of a tag.
pub fn tags_in(line: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for word in line.split(|c: char| c.is_whitespace() || c == ',') {
        let word = word.trim_start_matches('#').to_lowercase();
        let tag: String = word.chars().filter(|c| !matches!(c, '"' | '\\') && !c.is_control()).collect();
        let tag: String = tag.chars().take(LONGEST_TAG).collect();
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// Tags after some came and some went.
pub fn tagged(tags: &[String], add: &[String], remove: &[String]) -> Vec<String> {
    let mut tags: Vec<String> = tags.iter().filter(|tag| !remove.contains(tag)).cloned().collect();
    for tag in add {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_words_in_lower_case() {
        for (line, expected) in [
            ("", &[][..]),
            (" , ,\t", &[]),
            ("Smoke", &["smoke"]),
            ("#smoke, Nightly  smoke", &["smoke", "nightly"]),
            ("a\"b\\c", &["abc"]),
            ("##", &[]),
            ("größe 支付", &["größe", "支付"]),
        ] {
            assert_eq!(tags_in(line), expected, "{line}");
        }
        assert_eq!(tags_in(&"x".repeat(100))[0].len(), LONGEST_TAG);
    }

    #[test]
    fn a_note_is_one_line() {
        assert_eq!(note_in(" for\nthe refund\t\u{1b}[2J "), "for the refund  [2J");
        assert_eq!(note_in(&"é".repeat(9000)).chars().count(), LONGEST_NOTE);
    }

    #[test]
    fn tags_come_and_go() {
        let words = |line: &str| tags_in(line);
        assert_eq!(tagged(&words("a b"), &words("b c"), &words("a")), words("b c"));
        assert_eq!(tagged(&[], &[], &words("a")), words(""));
    }

    #[test]
    fn a_long_change_falls_into_pieces() {
        let ids: Vec<EntryId> = (1..=5).map(EntryId).collect();
        let pieces = Edit::Delete { ids: ids.clone() }.in_pieces(2);
        assert_eq!(pieces.len(), 3);
        let together: Vec<EntryId> = pieces
            .into_iter()
            .flat_map(|piece| match piece {
                Edit::Delete { ids } => ids,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(together, ids);
    }
}
