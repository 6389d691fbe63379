//! What the tables of the window share: their look, the line under a row, and the keys that move in them.

use egui::{Key, Layout, Modifiers, Rangef, Rect, RichText, TextWrapMode, Ui};
use egui_extras::{Column, TableRow};

use super::{theme, theme::Tokens};

/// How far a table is scrolled. With other columns it is another table to egui, which would begin at its top again.
#[derive(Debug, Default)]
pub struct Scrolled {
    columns: usize,
    offset: f32,
}

impl Scrolled {
    /// Where the table has to be scrolled to, if its columns have changed.
    pub fn restored(&mut self, columns: usize) -> Option<f32> {
        let before = std::mem::replace(&mut self.columns, columns);
        (before != columns && before > 0).then_some(self.offset)
    }

    /// Remembers where the table is now.
    pub fn keep(&mut self, offset: f32) {
        self.offset = offset;
    }
}

/// Gives what follows the look of a table, and tells how many rows are in view.
pub fn table_style_ui(ui: &mut Ui) -> usize {
    let t = Tokens::of(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.style_mut().interaction.selectable_labels = false;
    ui.visuals_mut().selection.bg_fill = t.selection;
    // The words of a selected row keep their colour.
    ui.visuals_mut().selection.stroke.color = t.text;
    ui.style_mut().wrap_mode = Some(TextWrapMode::Truncate);
    // Beside the rows, not over them.
    ui.spacing_mut().scroll.floating_allocated_width = 10.0;
    (ui.available_height() / theme::TABLE_ROW_HEIGHT) as usize
}

/// A column of a table.
pub trait Cell: Copy {
    fn column(self) -> Column;
    fn title(self) -> &'static str;
    fn layout(self) -> Layout;
}

/// The names of the columns.
pub fn header_ui(header: &mut TableRow<'_, '_>, cells: &[impl Cell]) {
    for cell in cells {
        header.col(|ui| {
            let name = RichText::new(cell.title()).size(theme::SMALL_SIZE).color(Tokens::of(ui).subdued);
            ui.with_layout(cell.layout(), |ui| ui.label(name));
        });
    }
}

/// A row with the line under it, each cell by `cell_ui`.
pub fn row_ui<C: Cell>(row: &mut TableRow<'_, '_>, cells: &[C], across: Rangef, cell_ui: impl Fn(C, &mut Ui)) {
    for (place, cell) in cells.iter().enumerate() {
        row.col(|ui| {
            if place == 0 {
                rule_ui(ui, across);
            }
            ui.with_layout(cell.layout(), |ui| cell_ui(*cell, ui));
        });
    }
}

/// The line under a row, across the whole table.
fn rule_ui(ui: &Ui, across: Rangef) {
    let area = Rect::from_x_y_ranges(across, ui.clip_rect().y_range());
    let line = ui.ctx().layer_painter(ui.layer_id()).with_clip_rect(area);
    line.hline(across, ui.max_rect().bottom() - 0.5, Tokens::of(ui).hairline());
}

/// The place that the keys move the selection to, unless a field has the focus.
pub fn moved(ui: &Ui, place: Option<usize>, len: usize, rows_in_view: usize) -> Option<usize> {
    if ui.memory(|memory| memory.focused().is_some()) {
        return None;
    }
    let pressed = |key| ui.input(|input| input.key_pressed(key) && input.modifiers == Modifiers::NONE);
    let last = len.checked_sub(1)?;
    let page = rows_in_view.saturating_sub(1).max(1);
    let target = if pressed(Key::ArrowDown) {
        place.map_or(0, |place| place + 1)
    } else if pressed(Key::ArrowUp) {
        place.map_or(0, |place| place.saturating_sub(1))
    } else if pressed(Key::PageDown) {
        place.unwrap_or(0) + page
    } else if pressed(Key::PageUp) {
        place.unwrap_or(0).saturating_sub(page)
    } else if pressed(Key::Home) {
        0
    } else if pressed(Key::End) {
        last
    } else {
        return None;
    };
    Some(target.min(last))
}
