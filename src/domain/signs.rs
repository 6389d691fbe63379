//! What a person takes for one sign: a letter with its marks, a flag, an emoji with its skin tone, a whole family.
//!
//! Unicode calls it an extended grapheme cluster, and it can be many characters. Whatever cuts text, deletes from it or
//! puts a caret into it does so between two signs. Places are counted in characters, as the window's fields count them.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation as _};

/// `text` cut to at most `most` characters, in front of the sign that would go beyond them.
pub fn at_most(text: &str, most: usize) -> &str {
    match text.char_indices().nth(most) {
        Some((end, _)) => &text[..start_of_sign(text, end)],
        None => text,
    }
}

/// The start of the sign that the byte at `end` is in, or `end` itself if a sign begins there. A sign longer than all of
/// the text before `end` is cut: whoever piles up a thousand accents must not make the text vanish.
pub fn start_of_sign(text: &str, end: usize) -> usize {
    let mut cursor = GraphemeCursor::new(end, text.len(), true);
    if cursor.is_boundary(text, 0).unwrap_or(true) {
        return end;
    }
    cursor.prev_boundary(text, 0).ok().flatten().filter(|start| *start > 0).unwrap_or(end)
}

/// The places between signs, both ends of the text among them, in order.
pub fn places(text: &str) -> impl Iterator<Item = usize> + '_ {
    let ends = text.graphemes(true).scan(0, |place, sign| {
        *place += sign.chars().count();
        Some(*place)
    });
    std::iter::once(0).chain(ends)
}

/// The last place between signs that is before `place`.
pub fn place_before(text: &str, place: usize) -> usize {
    places(text).take_while(|at| *at < place).last().unwrap_or(0)
}

/// The first place between signs that is after `place`; the end of the text if there is none.
pub fn place_after(text: &str, place: usize) -> usize {
    let mut last = 0;
    for at in places(text) {
        if at > place {
            return at;
        }
        last = at;
    }
    last
}

/// Whether `place` is between two signs, or at an end of the text.
pub fn is_between(text: &str, place: usize) -> bool {
    places(text).take_while(|at| *at <= place).last() == Some(place)
}

/// Where the word or the gap around `place` begins and ends.
pub fn word_around(text: &str, place: usize) -> (usize, usize) {
    let mut start = 0;
    for word in text.split_word_bounds() {
        let end = start + word.chars().count();
        if place < end {
            return (start, end);
        }
        start = end;
    }
    (start, start)
}

/// Whether every character of the text is a sign of its own, so that nothing is to be counted.
pub fn are_single(text: &str) -> bool {
    text.is_ascii() && !text.contains("\r\n") || text.graphemes(true).all(|sign| sign.chars().nth(1).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signs of more than one character.
    const SIGNS: [&str; 9] = [
        "e\u{301}",
        "\u{1f44d}\u{1f3fd}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{1f1e9}\u{1f1ea}",
        "1\u{fe0f}\u{20e3}",
        "\u{915}\u{94d}\u{937}\u{93f}",
        "\u{e19}\u{e49}",
        "\u{1112}\u{1161}\u{11ab}",
        "\u{5e9}\u{5c1}\u{5b8}",
    ];

    #[test]
    fn a_sign_is_stepped_over_as_one() {
        for sign in SIGNS {
            let count = sign.chars().count();
            let text = format!("a{sign}{sign}b");
            assert_eq!(places(&text).collect::<Vec<_>>(), [0, 1, 1 + count, 1 + 2 * count, 2 + 2 * count], "{sign}");
            for inside in 1..=count {
                assert_eq!(place_before(&text, 1 + inside), 1, "{sign}");
                assert_eq!(place_after(&text, inside), 1 + count, "{sign}");
                assert_eq!(is_between(&text, 1 + inside), inside == count, "{sign}");
            }
            assert!(!are_single(&text));
        }
        assert!(are_single("Jörg 王"));
        assert_eq!(place_before("ab", 0), 0);
        assert_eq!(place_after("ab", 2), 2);
        assert_eq!(place_after("", 7), 0);
    }

    #[test]
    fn a_cut_never_halves_a_sign() {
        for sign in SIGNS {
            let text = format!("ab{sign}c");
            let count = sign.chars().count();
            for most in 2..2 + count {
                assert_eq!(at_most(&text, most), "ab", "{sign}");
            }
            assert_eq!(at_most(&text, 2 + count), format!("ab{sign}"));
            assert_eq!(at_most(&text, 100), text);
        }
        let piled_up = format!("e{}", "\u{301}".repeat(100));
        assert_eq!(at_most(&piled_up, 10).chars().count(), 10);
    }

    #[test]
    fn a_word_is_found_from_within() {
        for (text, place, expected) in
            [("Anna Smith", 6, (5, 10)), ("Anna Smith", 4, (4, 5)), ("שלום כהן", 7, (5, 8)), ("", 0, (0, 0))]
        {
            assert_eq!(word_around(text, place), expected, "{text}");
        }
    }
}
