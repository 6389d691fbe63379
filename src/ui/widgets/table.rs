//! A table with columns and virtual rows: its layout, the look of a row, and the keys that move the selection.

use egui::{
    Align, Event, Id, Layout, Modifiers, Rangef, Rect, Response, RichText, Role, Sense, Stroke, StrokeKind,
    TextWrapMode, Ui, UiBuilder, WidgetInfo, pos2,
};

use super::{
    row_keys::row_by_key,
    virtual_rows::{BAR, RowScroll, VirtualRows, focus_ring_ui},
};
use crate::ui::{theme, theme::DesignTokens};

/// How wide a column is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ColumnWidth {
    Exact(f32),
    /// A share of the width that the other columns leave.
    Rest,
}

/// A column of a table.
pub trait TableColumn: Copy {
    fn width(self, ui: &Ui) -> ColumnWidth;
    fn title(self) -> &'static str;
    /// Whether it stands at the right, as numbers and times do.
    fn is_at_right(self) -> bool;
}

/// Height of the row with the columns' names, in points.
const HEAD: f32 = 28.0;
/// Space between the last column and the end of its row, in points: times at the right do not touch the scroll bar.
const EDGE: f32 = 6.0;
/// Space between two columns, in points.
const GAP: f32 = 8.0;

/// A table of `len` rows with the columns `cells`.
#[derive(Debug)]
pub struct DataTable<'a, C> {
    pub id: Id,
    /// As a screen reader calls it.
    pub name: &'a str,
    pub cells: &'a [C],
    pub scroll: &'a mut RowScroll,
    pub len: usize,
}

impl<C: TableColumn> DataTable<'_, C> {
    /// Draws the names of the columns by `head`, and the rows in view by `row`; gives the response of the rows as a
    /// whole, which can have the focus.
    pub fn show(
        self,
        ui: &mut Ui,
        mut head: impl FnMut(&mut Ui, C),
        mut row: impl FnMut(&mut TableRow<'_>),
    ) -> Response {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.style_mut().interaction.selectable_labels = false;
        ui.style_mut().wrap_mode = Some(TextWrapMode::Truncate);
        let outer = ui.available_rect_before_wrap();
        let across = Rangef::new(outer.left(), outer.right() - BAR - EDGE);
        let spans = spans(ui, self.cells, across);
        for (cell, span) in self.cells.iter().zip(&spans) {
            let place = Rect::from_x_y_ranges(*span, outer.top()..=outer.top() + HEAD);
            let mut inside =
                ui.new_child(UiBuilder::new().max_rect(place).layout(layout_of(*cell)).id_salt(cell.title()));
            head(&mut inside, *cell);
        }
        ui.add_space(HEAD);
        let rows = VirtualRows {
            id: self.id,
            name: self.name,
            role: Role::Table,
            scroll: self.scroll,
            len: self.len,
            row_height: theme::TABLE_ROW_HEIGHT,
        };
        let table = self.id;
        let is_focused = ui.memory(|memory| memory.has_focus(table));
        let mut shows_focus = false;
        let list = rows.show(ui, |ui, index, rect| {
            let mut drawn = TableRow { ui, table, index, rect, spans: &spans, is_focused, shows_focus: false };
            row(&mut drawn);
            shows_focus |= drawn.shows_focus;
        });
        // Without a selected row in view the table as a whole shows that it has the focus.
        if !shows_focus {
            focus_ring_ui(ui, &list);
        }
        list
    }
}

/// The name of a column as plain text.
pub fn title_ui(ui: &mut Ui, cell: impl TableColumn) {
    ui.label(RichText::new(cell.title()).size(theme::SMALL_SIZE).color(DesignTokens::of(ui).subdued));
}

fn layout_of(cell: impl TableColumn) -> Layout {
    if cell.is_at_right() { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) }
}

/// The horizontal range of each column.
fn spans(ui: &Ui, cells: &[impl TableColumn], across: Rangef) -> Vec<Rangef> {
    let exact: f32 =
        cells.iter().map(|cell| if let ColumnWidth::Exact(width) = cell.width(ui) { width } else { 0.0 }).sum();
    let rest = cells.iter().filter(|cell| cell.width(ui) == ColumnWidth::Rest).count().max(1) as f32;
    let gaps = GAP * cells.len().saturating_sub(1) as f32;
    let each = ((across.span() - exact - gaps) / rest).max(0.0);
    let mut left = across.min;
    cells
        .iter()
        .map(|cell| {
            let width = if let ColumnWidth::Exact(width) = cell.width(ui) { width } else { each };
            let span = Rangef::new(left, left + width);
            left += width + GAP;
            span
        })
        .collect()
}

/// A row about to be drawn.
pub struct TableRow<'a> {
    pub ui: &'a mut Ui,
    table: Id,
    /// Its place among all.
    pub index: usize,
    rect: Rect,
    spans: &'a [Rangef],
    /// Whether the table has the focus, and whether this row shows it.
    is_focused: bool,
    shows_focus: bool,
}

impl TableRow<'_> {
    /// Draws what is behind the cells and the line under them. The row is a click's target, not the focus's, which is
    /// the table's; `spoken` is what a screen reader says of it. The row that the keys are at shows the table's focus.
    pub fn begin(&mut self, id: Id, is_selected: bool, has_keys: bool, spoken: &str) -> Response {
        let t = DesignTokens::of(self.ui);
        let response = self.ui.interact(self.rect, id, Sense::CLICK);
        if response.clicked() || response.secondary_clicked() {
            self.ui.memory_mut(|memory| memory.request_focus(self.table));
        }
        let index = self.index;
        response.widget_info(|| WidgetInfo::selected(Role::Row, true, is_selected, spoken));
        self.ui.accesskit_node_builder(id, |node| {
            node.set_row_index(index);
            node.set_selected(is_selected);
        });
        let fill = if is_selected {
            Some(t.selection)
        } else if response.hovered() || response.context_menu_opened() {
            Some(t.raised)
        } else {
            None
        };
        if let Some(fill) = fill {
            self.ui.painter().rect_filled(self.rect, 0, fill);
        }
        self.ui.painter().hline(self.rect.x_range(), self.rect.bottom() - 0.5, t.hairline());
        if has_keys && self.is_focused {
            self.shows_focus = true;
            let ring = Stroke::new(1.5, t.accent);
            self.ui.painter().rect_stroke(self.rect, theme::RADIUS_SMALL, ring, StrokeKind::Inside);
        }
        response
    }

    /// Draws the cells, each in its column.
    pub fn cells<C: TableColumn>(&mut self, cells: &[C], cell_ui: impl Fn(C, &mut Ui)) {
        for (cell, span) in cells.iter().zip(self.spans) {
            let place = Rect::from_x_y_ranges(*span, self.rect.y_range());
            let salt = (self.index, cell.title());
            let builder = UiBuilder::new().max_rect(place).layout(layout_of(*cell)).id_salt(salt);
            let mut inside = self.ui.new_child(builder);
            inside.set_clip_rect(place.intersect(self.ui.clip_rect()));
            cell_ui(*cell, &mut inside);
        }
    }

    /// Says that the row is not here yet.
    pub fn wait(&mut self) {
        let t = DesignTokens::of(self.ui);
        let at = pos2(self.rect.left() + 6.0, self.rect.center().y);
        let font = theme::regular(theme::BODY_SIZE);
        self.ui.painter().text(at, egui::Align2::LEFT_CENTER, "…", font, t.faint);
        self.ui.painter().hline(self.rect.x_range(), self.rect.bottom() - 0.5, t.hairline());
    }
}

/// Where a table would be that has no rows: it can have the focus as the table can, so that it is not lost with the
/// last row.
pub fn empty_table_ui(ui: &Ui, table: Id, name: &str) -> Response {
    let response = ui.interact(ui.available_rect_before_wrap(), table, Sense::focusable_noninteractive());
    response.widget_info(|| WidgetInfo::labeled(Role::Table, true, name));
    focus_ring_ui(ui, &response);
    response
}

/// Whether a key that no other widget takes is for this table: the table or nothing has the focus, and neither a dialog
/// nor a menu is open over it.
pub fn has_keys(ui: &Ui, table: Id) -> bool {
    let is_free = ui.memory(|memory| {
        memory.focused().is_none_or(|focused| focused == table) && memory.allows_interaction(ui.layer_id())
    });
    is_free && !egui::Popup::is_any_open(ui.ctx())
}

/// The row that a pressed arrow, Page, Home or End key with exactly these modifiers moves the selection to; `None` when
/// no such key was pressed or the keys are not for this table.
pub fn moved(
    ui: &Ui,
    table: Id,
    how: Modifiers,
    place: Option<usize>,
    len: usize,
    rows_in_view: usize,
) -> Option<usize> {
    if !has_keys(ui, table) {
        return None;
    }
    // The modifiers of the press itself count: at the end of the frame they may be released already.
    let is_press = |event: &Event, sought| matches!(event, Event::Key { key, pressed: true, modifiers, .. } if *key == sought && modifiers.matches_exact(how));
    let pressed = |key| ui.input(|input| input.events.iter().any(|event| is_press(event, key)));
    let page = rows_in_view.saturating_sub(1).max(1);
    row_by_key(pressed, place, len, page)
}
