//! The keys that move in a list: arrows, Page Up and Down, Home and End.

use egui::Key;

/// The row that a pressed key moves to, of `len` rows; `None` when no such key was pressed or there are no rows. `place` is
/// the row to move from, if there is one, and `page` the number of rows that Page Up and Down move by.
pub fn moved_row(mut pressed: impl FnMut(Key) -> bool, place: Option<usize>, len: usize, page: usize) -> Option<usize> {
    let last = len.checked_sub(1)?;
    let row = place.unwrap_or(0);
    let target = if pressed(Key::ArrowDown) {
        place.map_or(0, |place| place + 1)
    } else if pressed(Key::ArrowUp) {
        row.saturating_sub(1)
    } else if pressed(Key::PageDown) {
        row + page
    } else if pressed(Key::PageUp) {
        row.saturating_sub(page)
    } else if pressed(Key::Home) {
        0
    } else if pressed(Key::End) {
        last
    } else {
        return None;
    };
    Some(target.min(last))
}
