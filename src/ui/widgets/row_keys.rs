//! The keys that lead through a list of rows: the arrows, Page, Home and End.

use egui::Key;

/// The row that a key leads to from `row` in a list of `count` rows, of which a page has `page`; `None` when none of
/// the keys was pressed or the list is empty. From no row, `None`, the arrows lead to the first.
///
/// `pressed` tells whether a key was pressed, and takes it out of the input where nobody else may see it: who asks
/// knows which modifiers count.
pub fn row_by_key(
    mut pressed: impl FnMut(Key) -> bool,
    row: Option<usize>,
    count: usize,
    page: usize,
) -> Option<usize> {
    let last = count.checked_sub(1)?;
    let target = if pressed(Key::ArrowDown) {
        row.map_or(0, |row| row.saturating_add(1))
    } else if pressed(Key::ArrowUp) {
        row.map_or(0, |row| row.saturating_sub(1))
    } else if pressed(Key::PageDown) {
        row.unwrap_or(0).saturating_add(page)
    } else if pressed(Key::PageUp) {
        row.unwrap_or(0).saturating_sub(page)
    } else if pressed(Key::Home) {
        0
    } else if pressed(Key::End) {
        last
    } else {
        return None;
    };
    Some(target.min(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key: Key, row: Option<usize>, expected: usize) {
        assert_eq!(row_by_key(|known| known == key, row, 10, 4), Some(expected), "{key:?} from {row:?}");
    }

    #[test]
    fn each_key_leads_to_a_row_of_the_list() {
        for (key, from_none, from_two, from_last) in [
            (Key::ArrowDown, 0, 3, 9),
            (Key::ArrowUp, 0, 1, 8),
            (Key::PageDown, 4, 6, 9),
            (Key::PageUp, 0, 0, 5),
            (Key::Home, 0, 0, 0),
            (Key::End, 9, 9, 9),
        ] {
            check(key, None, from_none);
            check(key, Some(2), from_two);
            check(key, Some(9), from_last);
        }
        assert_eq!(row_by_key(|_| false, Some(2), 10, 4), None);
        assert_eq!(row_by_key(|_| true, None, 0, 4), None, "an empty list has no row");
    }
}
