//! Ranks search results: the order of everything that is found by typing.

use crate::domain::invisible::without_invisible;

/// The words of an item that a search compares with.
#[derive(Clone, Debug)]
pub struct SearchWords {
    /// The words that a person searches for first: those of the name, the outcome and its codes.
    primary: Vec<String>,
    other: Vec<String>,
    all: String,
}

impl SearchWords {
    /// `primary` has the words that a person searches for first.
    pub fn new(primary: &str, other: &str) -> Self {
        let all = format!("{primary} {other}").to_lowercase();
        Self { primary: words_of(primary), other: words_of(other), all }
    }

    /// How well an item matches a search; 0 is best. `None` if a word of the search occurs nowhere.
    ///
    /// Each word of the search has a rank, and the worst one counts. From best to worst: the first of the
    /// `primary` words, another whole `primary` word, the start of one, the start of another word, a part of any word.
    /// See [`is_close`].
    pub fn rank(&self, search: &SearchQuery) -> Option<u32> {
        search.words.iter().map(|word| self.rank_word(word)).try_fold(0, |worst, rank| Some(worst.max(rank?)))
    }

    fn rank_word(&self, word: &str) -> Option<u32> {
        let begins = |known: &Vec<String>| known.iter().any(|known| known.starts_with(word));
        if self.primary.first().is_some_and(|first| first == word) {
            Some(0)
        } else if self.primary.iter().any(|known| known == word) {
            Some(1)
        } else if begins(&self.primary) {
            Some(2)
        } else if begins(&self.other) {
            Some(3)
        } else {
            self.all.contains(word).then_some(PART_OF_A_WORD)
        }
    }
}

/// The rank of an item that matches only inside a word.
pub const PART_OF_A_WORD: u32 = 4;

/// Whether a rank is that of a whole word or the start of one. Only among these do favourites and recently used items
/// come first.
pub fn is_close(rank: u32) -> bool {
    rank < PART_OF_A_WORD
}

/// A search, split into words once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    words: Vec<String>,
    /// The digits, if the search has only digits and separators; else empty.
    digits: String,
}

impl SearchQuery {
    pub fn new(text: &str) -> Self {
        let text = &*without_invisible(text);
        let is_number = text.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-');
        let digits = if is_number { text.chars().filter(char::is_ascii_digit).collect() } else { String::new() };
        Self { words: words_of(text), digits }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The digits, if the search has only digits and separators; else empty.
    pub fn digits(&self) -> &str {
        &self.digits
    }
}

fn words_of(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_come_before_beginnings_and_parts_come_last() {
        let words = SearchWords::new("Export the history", "as json to a file");
        for (search, rank) in [
            ("", Some(0)),
            ("export", Some(0)),
            ("EXPORT history", Some(1)),
            ("exp", Some(2)),
            ("export json", Some(3)),
            ("port", Some(4)),
            ("export nothing", None),
        ] {
            assert_eq!(words.rank(&SearchQuery::new(search)), rank, "{search}");
        }
        assert!(is_close(3) && !is_close(4));
    }
}
