//! The user's edits of the history: notes, tags, and deletions that can be undone.

use jiff::Timestamp;

use super::entry::EntryId;
use crate::domain::signs;

/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 2000;
/// The longest tag, in characters.
const LONGEST_TAG: usize = 40;

/// An edit of the history. No edit changes the minter's objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryEdit {
    /// Sets the note of an entry, or removes it if `note` is empty.
    Note { id: EntryId, note: String },
    /// Adds and removes tags of these entries.
    Tag { ids: Vec<EntryId>, add: Vec<String>, remove: Vec<String> },
    /// Hides these entries everywhere. They can be restored for a while.
    Delete { ids: Vec<EntryId> },
    /// Restores deleted entries.
    Restore { ids: Vec<EntryId> },
}

/// The deletion that would be undone next, whichever window or process made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastDeletion {
    pub when: Timestamp,
    /// How many entries it hides that are not gone for good.
    pub entries: u64,
}

impl EntryEdit {
    /// What could not be done, for an error message.
    pub fn doing(&self) -> &'static str {
        match self {
            Self::Note { .. } => "save the note",
            Self::Tag { .. } => "save the tags",
            Self::Delete { .. } => "delete from the history",
            Self::Restore { .. } => "restore what was deleted",
        }
    }

    /// Splits the edit into pieces of at most `most` entries, so that no piece blocks other writes for long.
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

/// A note as typed, made one line: control characters become spaces, and the text is cut to [`LONGEST_NOTE`].
pub fn note_in(text: &str) -> String {
    let line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    signs::at_most(&line, LONGEST_NOTE).to_owned()
}

/// The tags in a line as typed: separated by spaces or commas, in lower case, without repetitions, in their order. A
/// leading `#` is dropped, because some people type it; so are quotes and backslashes.
pub fn tags_in(line: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for word in line.split(|c: char| c.is_whitespace() || c == ',') {
        let word = word.trim_start_matches('#').to_lowercase();
        let tag: String = word.chars().filter(|c| !matches!(c, '"' | '\\') && !c.is_control()).collect();
        let tag = signs::at_most(&tag, LONGEST_TAG).to_owned();
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// The tags after removing some and adding others.
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
        let pieces = EntryEdit::Delete { ids: ids.clone() }.in_pieces(2);
        assert_eq!(pieces.len(), 3);
        let together: Vec<EntryId> = pieces
            .into_iter()
            .flat_map(|piece| match piece {
                EntryEdit::Delete { ids } => ids,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(together, ids);
    }
}
