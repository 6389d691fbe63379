//! How many there are of something, in words: one is told otherwise than several.

/// The word for so many: `one` where there is one, else `many`.
pub fn plural<'a>(count: u64, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// "1 row", "2 rows", "0 rows".
pub fn number_of(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", plural(count, one, many))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_told_otherwise_than_none_and_several() {
        for (count, expected) in [(0, "0 entries"), (1, "1 entry"), (2, "2 entries"), (1284, "1284 entries")] {
            assert_eq!(number_of(count, "entry", "entries"), expected);
        }
    }
}
