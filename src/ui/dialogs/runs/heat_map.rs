//! The heat map of a run: cards as rows, variants as columns. Only the rows and columns in view are drawn.

use egui::{
    Align2, Color32, EventFilter, Id, Key, Label, Modifiers, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui,
    UiBuilder, WidgetInfo, pos2, vec2,
};

use crate::{
    domain::{
        foreign,
        plural::plural,
        run::summary::{HeatCell, HeatMap, VerdictCounts},
    },
    ui::{
        icons::{self, Icon},
        theme::{self, DesignTokens},
        widgets::{
            IconButton, RowScroll, VirtualRows,
            chip::grouped,
            paint, row_by_key,
            virtual_rows::{BAR, focus_ring_ui},
        },
    },
};

const ROW: f32 = 30.0;
/// The least width of a field, which has its sign, and that of one that has its outcome in words too.
const NARROW: f32 = 44.0;
const WIDE: f32 = 168.0;
const WITH_WORDS: f32 = 72.0;
const HEAD_LINE: f32 = 15.0;
/// The width of a column that has room for "network visa".
const ROOM_FOR_AXES: f32 = 88.0;
/// The height of the lines about the field that the keys are at.
const ABOUT: f32 = 42.0;

/// What the map remembers from frame to frame.
#[derive(Debug, Default)]
pub(super) struct HeatMapState {
    /// The field that the keys are at: the places of card and variant.
    cursor: (usize, usize),
    /// The first variant in view.
    first: usize,
    scroll: RowScroll,
    is_focus_wanted: bool,
    /// How many rows the last frame drew.
    pub(super) rows_drawn: usize,
}

impl HeatMapState {
    pub(super) fn take_focus(&mut self) {
        self.is_focus_wanted = true;
    }
}

/// How a field or a row ended, with a sign and a word beside the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeatSign {
    AsExpected,
    Differs,
    Unanswered,
    Open,
}

impl HeatSign {
    pub(super) const ALL: [Self; 4] = [Self::AsExpected, Self::Differs, Self::Unanswered, Self::Open];

    /// The worst of what came of several rows.
    fn of(counts: &VerdictCounts) -> Self {
        match counts {
            VerdictCounts { differs: 1.., .. } => Self::Differs,
            VerdictCounts { unanswered: 1.., .. } => Self::Unanswered,
            VerdictCounts { open: 1.., .. } => Self::Open,
            _ => Self::AsExpected,
        }
    }

    pub(super) fn count(self, counts: &VerdictCounts) -> u64 {
        match self {
            Self::AsExpected => counts.as_expected,
            Self::Differs => counts.differs,
            Self::Unanswered => counts.unanswered,
            Self::Open => counts.open,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::AsExpected => "as expected",
            Self::Differs => "differs",
            Self::Unanswered => "unanswered",
            Self::Open => "not made yet",
        }
    }

    /// The word as it goes with a number of rows.
    pub(super) fn words_of(self, rows: u64) -> &'static str {
        if self == Self::Differs { plural(rows, self.word(), "differ") } else { self.word() }
    }

    pub(super) fn icon(self) -> Icon {
        match self {
            Self::AsExpected => icons::CHECK,
            Self::Differs => icons::TRIANGLE_ALERT,
            Self::Unanswered => icons::CIRCLE_QUESTION_MARK,
            Self::Open => icons::CLOCK,
        }
    }

    pub(super) fn color(self, t: &DesignTokens) -> Color32 {
        match self {
            Self::AsExpected => t.ok,
            Self::Differs => t.warn,
            Self::Unanswered => t.unknown,
            Self::Open => t.faint,
        }
    }

    fn fill(self, t: &DesignTokens) -> Color32 {
        match self {
            Self::AsExpected => t.ok_fill,
            Self::Differs => t.warn_fill,
            Self::Unanswered => t.info_fill,
            Self::Open => t.raised,
        }
    }
}

/// Draws the map in all that is left of `ui`; gives the field that was opened by a click or Enter.
pub(super) fn heat_map_ui<'a>(ui: &mut Ui, state: &mut HeatMapState, map: &'a HeatMap) -> Option<&'a HeatCell> {
    let id = Id::unique("heat_map");
    let (rows, columns) = (map.cards.len(), map.variants.len());
    if rows == 0 || columns == 0 {
        return None;
    }
    let width = ui.available_width() - BAR;
    let names = (width * 0.36).clamp(120.0, 300.0);
    let fit = (((width - names) / NARROW) as usize).clamp(1, columns);
    state.cursor = (state.cursor.0.min(rows - 1), state.cursor.1.min(columns - 1));
    let is_focused = ui.memory(|memory| memory.has_focus(id));
    let mut is_opened = is_focused && keys_ui(ui, state, rows, columns);
    state.first = state.first.clamp((state.cursor.1 + 1).saturating_sub(fit), state.cursor.1).min(columns - fit);
    if fit < columns {
        columns_ui(ui, state, fit, columns);
    }
    let across = ((width - names) / fit as f32).min(WIDE);
    head_ui(ui, &map.variants[state.first..state.first + fit], names, across);

    let (first, cursor) = (state.first, state.cursor);
    let mut drawn = 0;
    let mut shows_focus = false;
    let mut clicked = None;
    let grid =
        VirtualRows { id, name: "Heat map", role: Role::Grid, scroll: &mut state.scroll, len: rows, row_height: ROW };
    let place = ui.available_rect_before_wrap();
    let room = (place.height() - ABOUT).max(0.0);
    // Whole rows, so that none is cut through where there is no room for all.
    let split = place.top() + if room >= ROW { (room / ROW).floor() * ROW } else { room };
    let mut upper = ui.new_child(UiBuilder::new().max_rect(place.with_max_y(split)));
    let list = grid.show(&mut upper, |ui, row, rect| {
        drawn += 1;
        let t = DesignTokens::of(ui);
        let name = paint::line(ui, &map.cards[row], theme::regular(theme::SMALL_SIZE), t.text, names - 10.0);
        paint::galley_left(ui.painter(), name, rect.left() + 2.0, rect.center().y);
        for column in first..first + fit {
            let left = rect.left() + names + (column - first) as f32 * across;
            let place = Rect::from_min_size(pos2(left, rect.top()), vec2(across, rect.height())).shrink(1.5);
            let is_cursor = (row, column) == cursor;
            let Some(cell) = map.cells.get(&(row, column)) else {
                if is_cursor && is_focused {
                    shows_focus = true;
                    ring(ui, place);
                }
                continue;
            };
            let what = format!("{}, {}", map.cards[row], named(&map.variants[column]));
            let response = ui.interact(place, id.with((row, column)), Sense::CLICK);
            cell_ui(ui, &response, cell, &what, is_cursor);
            if is_cursor && is_focused {
                shows_focus = true;
                ring(ui, place);
            }
            if response.clicked() {
                ui.memory_mut(|memory| memory.request_focus(id));
                clicked = Some((row, column));
            }
        }
    });
    if list.has_focus() {
        let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        if !shows_focus {
            focus_ring_ui(ui, &list);
        }
    }
    if std::mem::take(&mut state.is_focus_wanted) {
        list.request_focus();
    }
    state.rows_drawn = drawn;
    let mut lower = ui.new_child(UiBuilder::new().max_rect(place.with_min_y(split + 4.0)));
    about_ui(&mut lower, map, state.cursor);
    if let Some(clicked) = clicked {
        state.cursor = clicked;
        is_opened = true;
    }
    map.cells.get(&state.cursor).filter(|_| is_opened)
}

/// Moves from field to field by the arrow keys; whether Enter was pressed.
fn keys_ui(ui: &Ui, state: &mut HeatMapState, rows: usize, columns: usize) -> bool {
    let mut pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let (row, column) = state.cursor;
    if pressed(Key::ArrowRight) {
        state.cursor.1 = (column + 1).min(columns - 1);
    } else if pressed(Key::ArrowLeft) {
        state.cursor.1 = column.saturating_sub(1);
    }
    let page = state.scroll.in_view().saturating_sub(1).max(1);
    if let Some(row) = row_by_key(&mut pressed, Some(row), rows, page) {
        state.cursor.0 = row;
        state.scroll.reveal(row);
    }
    pressed(Key::Enter)
}

/// Which variants are in view where there is no room for all, and buttons to the others.
fn columns_ui(ui: &mut Ui, state: &mut HeatMapState, fit: usize, columns: usize) {
    let t = DesignTokens::of(ui);
    ui.horizontal(|ui| {
        let words = format!("Variants {} to {} of {columns}", state.first + 1, state.first + fit);
        ui.label(egui::RichText::new(words).size(theme::SMALL_SIZE).color(t.subdued));
        let before = IconButton::new(icons::CHEVRON_DOWN, "Variants before these").small();
        if ui.add_enabled(state.first > 0, before).clicked() {
            state.cursor.1 = state.first.saturating_sub(1);
        }
        let after = IconButton::new(icons::CHEVRON_RIGHT, "Variants after these").small();
        if ui.add_enabled(state.first + fit < columns, after).clicked() {
            state.cursor.1 = (state.first + fit).min(columns - 1);
        }
    });
}

/// The names of the variants, part by part in lines. In narrow columns the words that all of them have in common, such as
/// "network", stand once, before the first column.
fn head_ui(ui: &mut Ui, variants: &[String], names: f32, across: f32) {
    let t = DesignTokens::of(ui);
    let lines = variants.iter().map(|variant| variant.split(" · ").count()).max().unwrap_or(1);
    let height = lines as f32 * HEAD_LINE + 6.0;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let middle = |line: usize| rect.top() + (line as f32 + 0.5) * HEAD_LINE;
    let axes = if across < ROOM_FOR_AXES { common_axes(variants) } else { Vec::new() };
    for (line, axis) in axes.iter().enumerate() {
        let text = paint::line(ui, axis, theme::regular(theme::SMALL_SIZE), t.faint, names - 12.0);
        paint::galley_right(ui.painter(), text, rect.left() + names - 8.0, middle(line));
    }
    for (place, variant) in variants.iter().enumerate() {
        let left = rect.left() + names + place as f32 * across;
        let column = Rect::from_min_size(pos2(left, rect.top()), vec2(across, height));
        let response = ui.interact(column, Id::unique(("heat_map_head", place)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, named(variant)));
        for (line, part) in named(variant).split(" · ").enumerate() {
            let part = if axes.is_empty() { part } else { axis_and_value(part).1 };
            let text = paint::line(ui, part, theme::regular(theme::SMALL_SIZE), t.subdued, across - 6.0);
            paint::galley_left(ui.painter(), text, left + 3.0, middle(line));
        }
        response.on_hover_text(foreign::block(named(variant)));
    }
}

fn axis_and_value(part: &str) -> (&str, &str) {
    part.rsplit_once(' ').unwrap_or(("", part))
}

/// The words before the values, part by part, where all variants have the same; else none.
fn common_axes(variants: &[String]) -> Vec<&str> {
    let Some(first) = variants.first() else { return Vec::new() };
    let words: Vec<&str> = first.split(" · ").map(|part| axis_and_value(part).0).collect();
    let is_same = |variant: &String| variant.split(" · ").map(|part| axis_and_value(part).0).eq(words.iter().copied());
    if words.contains(&"") || !variants.iter().all(is_same) { Vec::new() } else { words }
}

/// What the field at the keys says, for those who see it and have no pointer over it.
fn about_ui(ui: &mut Ui, map: &HeatMap, cursor: (usize, usize)) {
    let Some(cell) = map.cells.get(&cursor) else { return };
    let t = DesignTokens::of(ui);
    let what = format!("{}, {}", map.cards[cursor.0], named(&map.variants[cursor.1]));
    let text = RichText::new(foreign::block(&spoken(cell, &what))).size(theme::SMALL_SIZE).color(t.subdued);
    ui.add(Label::new(text).wrap());
}

fn named(variant: &str) -> &str {
    if variant.is_empty() { "as it is" } else { variant }
}

fn ring(ui: &Ui, place: Rect) {
    let ring = Stroke::new(2.0, DesignTokens::of(ui).accent);
    ui.painter().rect_stroke(place, theme::RADIUS_SMALL, ring, StrokeKind::Inside);
}

/// What a field says in full.
fn spoken(cell: &HeatCell, what: &str) -> String {
    let sign = HeatSign::of(&cell.counts);
    let several = match cell.counts.rows() {
        0 | 1 => String::new(),
        rows => format!(" ({} of {} rows)", grouped(sign.count(&cell.counts)), grouped(rows)),
    };
    match sign {
        HeatSign::Open if cell.verdict.is_empty() => format!("{what}: {}", sign.word()),
        HeatSign::Differs | HeatSign::Unanswered | HeatSign::Open => {
            format!("{what}: {}{several}. {}. Expected: {}", sign.word(), cell.verdict, cell.expected)
        }
        HeatSign::AsExpected => {
            format!("{what}: {}{several}. Came: {}. Expected: {}", sign.word(), cell.outcome, cell.expected)
        }
    }
}

fn cell_ui(ui: &Ui, response: &egui::Response, cell: &HeatCell, what: &str, is_cursor: bool) {
    let t = DesignTokens::of(ui);
    let (sign, place) = (HeatSign::of(&cell.counts), response.rect);
    response.widget_info(|| WidgetInfo::selected(Role::GridCell, true, is_cursor, foreign::label(&spoken(cell, what))));
    ui.accesskit_node_builder(response.id, |node| node.set_selected(is_cursor));
    let painter = ui.painter();
    painter.rect_filled(place, theme::RADIUS_SMALL, sign.fill(t));
    if response.hovered() {
        painter.rect_stroke(place, theme::RADIUS_SMALL, Stroke::new(1.0, sign.color(t)), StrokeKind::Inside);
    }
    let glyph = paint::line(ui, &sign.icon().glyph().to_string(), icons::font(13.0), sign.color(t), f32::INFINITY);
    if place.width() < WITH_WORDS || cell.outcome.is_empty() {
        paint::galley_center(painter, glyph, place.center());
    } else {
        let sign_place = paint::galley_left(painter, glyph, place.left() + 7.0, place.center().y);
        let room = place.right() - sign_place.right() - 9.0;
        let words = paint::line(ui, &cell.outcome, theme::regular(theme::SMALL_SIZE), t.text, room);
        paint::galley_left(painter, words, sign_place.right() + 5.0, place.center().y);
    }
    if cell.counts.rows() > 1 {
        let at = place.right_top() + vec2(-3.0, 1.0);
        let rows = grouped(cell.counts.rows());
        painter.text(at, Align2::RIGHT_TOP, rows, theme::regular(theme::CAP_SIZE), t.faint);
    }
    response.clone().on_hover_ui(|ui| {
        ui.label(foreign::block(&spoken(cell, what)));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_variants_have_in_common_stands_once() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let matrix = names(&["CVC good · network visa", "CVC none · network none"]);
        assert_eq!(common_axes(&matrix), ["CVC", "network"]);
        for mixed in [&["CVC good", "ZIP none"][..], &["charge"], &["CVC good", "CVC good · network visa"], &[]] {
            assert!(common_axes(&names(mixed)).is_empty(), "{mixed:?}");
        }
    }

    #[test]
    fn a_field_of_several_rows_has_the_sign_of_the_worst() {
        let counts = |as_expected, differs, unanswered, open| VerdictCounts { as_expected, differs, unanswered, open };
        for (counts, sign) in [
            (counts(2, 0, 0, 0), HeatSign::AsExpected),
            (counts(2, 1, 1, 1), HeatSign::Differs),
            (counts(2, 0, 1, 1), HeatSign::Unanswered),
            (counts(2, 0, 0, 1), HeatSign::Open),
        ] {
            assert_eq!(HeatSign::of(&counts), sign);
        }
    }
}
