//! A list of very many rows of one height, of which only those in view are drawn. It is scrolled by a row number and an
//! offset: a single `f32` offset would be too coarse for a touchpad's smallest step at the millionth row.

use crate::ui::theme::{self, DesignTokens};
use egui::{
    EventFilter, Id, Rangef, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

/// How far a list is scrolled.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowScroll {
    /// The row at the top, and how many points of it are out of sight.
    top: usize,
    hidden: f32,
    /// How many whole rows the last frame had room for.
    in_view: usize,
    /// Where the pointer took the handle, in points below the handle's top.
    grabbed: Option<f32>,
    /// The row that is to come into view, and how many rows around it.
    reveal: Option<(usize, usize)>,
}

impl RowScroll {
    /// Brings a row into view in the next frame.
    pub fn reveal(&mut self, row: usize) {
        self.reveal = Some((row, 0));
    }

    /// Brings a row and so many around it into view in the next frame.
    pub fn reveal_within(&mut self, row: usize, around: usize) {
        self.reveal = Some((row, around));
    }

    /// How many whole rows the last frame had room for.
    pub fn in_view(&self) -> usize {
        self.in_view
    }

    /// The row at the top, and how many points of it are out of sight.
    pub fn top(&self) -> (usize, f32) {
        (self.top, self.hidden)
    }

    /// Scrolls on by so many points, back if they are negative.
    pub(super) fn by(&mut self, points: f32, height: f32) {
        let hidden = self.hidden + points;
        let rows = (hidden / height).floor();
        self.hidden = hidden - rows * height;
        let rows = rows as isize;
        match self.top.checked_add_signed(rows) {
            Some(top) => self.top = top,
            None => (self.top, self.hidden) = (0, 0.0),
        }
    }

    fn position(&self, height: f32) -> f64 {
        self.top as f64 * f64::from(height) + f64::from(self.hidden)
    }

    fn set_position(&mut self, points: f64, height: f32) {
        let rows = (points / f64::from(height)).floor().max(0.0);
        self.top = rows as usize;
        self.hidden = (points - rows * f64::from(height)).max(0.0) as f32;
    }

    /// Keeps the last row at the bottom at most, and brings into view what was asked for.
    fn settle(&mut self, len: usize, height: f32, room: f32) {
        self.in_view = (room / height).max(0.0) as usize;
        if let Some((row, around)) = self.reveal.take() {
            // As many rows as there is room for on both sides.
            let around = (around.min(self.in_view.saturating_sub(1) / 2) as f32) * height;
            let above = row as f64 * f64::from(height) - f64::from(around);
            let position = self.position(height);
            let lowest = above - f64::from((room - height - 2.0 * around).max(0.0));
            self.set_position(position.clamp(lowest.min(above), above), height);
        }
        let last = last_position(len, height, room);
        if self.position(height) > last {
            self.set_position(last, height);
        }
    }
}

fn last_position(len: usize, height: f32, room: f32) -> f64 {
    (len as f64 * f64::from(height) - f64::from(room)).max(0.0)
}

/// A list of `len` rows, called `name`, that can have the keyboard's focus as a whole.
#[must_use = "call `show`"]
pub struct VirtualRows<'a> {
    pub id: Id,
    pub name: &'a str,
    pub role: Role,
    pub scroll: &'a mut RowScroll,
    pub len: usize,
    pub row_height: f32,
}

/// Width of the scroll bar beside the rows, in points, with the space between the two.
pub const BAR: f32 = 12.0;

impl VirtualRows<'_> {
    /// Draws the rows in view in all that is left of `ui`, each by `add`, which gets its place among all and its
    /// rectangle. The response is that of the list: it can have the focus, and the arrow keys with it, which the caller
    /// shows.
    pub fn show(self, ui: &mut Ui, mut add: impl FnMut(&mut Ui, usize, Rect)) -> Response {
        let Self { id, name, role, scroll, len, row_height } = self;
        let outer = ui.available_rect_before_wrap();
        let list = ui.interact(outer, id, Sense::focusable_noninteractive());
        list.widget_info(|| WidgetInfo::labeled(role, true, name));
        ui.accesskit_node_builder(id, |node| node.set_row_count(len));
        if list.has_focus() {
            let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        }
        let body = outer.with_max_x(outer.right() - BAR);
        take_wheel(ui, outer, scroll, len, row_height);
        scroll.settle(len, row_height, body.height());
        bar_ui(ui, id, name, outer.with_min_x(body.right()), scroll, len, row_height);
        scroll.settle(len, row_height, body.height());

        let clip = body.intersect(ui.clip_rect());
        let mut inside = ui.new_child(UiBuilder::new().max_rect(body).accessibility_parent(id));
        inside.set_clip_rect(clip);
        let hidden = (scroll.hidden * ui.pixels_per_point()).round() / ui.pixels_per_point();
        let rows = ((body.height() + hidden) / row_height).ceil() as usize;
        for row in scroll.top..(scroll.top + rows).min(len) {
            let y = body.top() - hidden + (row - scroll.top) as f32 * row_height;
            add(&mut inside, row, Rect::from_min_size(pos2(body.left(), y), vec2(body.width(), row_height)));
        }
        ui.advance_cursor_after_rect(outer);
        list
    }
}

/// The ring around a list that has the focus, where no row in it shows that.
pub fn focus_ring_ui(ui: &Ui, list: &Response) {
    if list.has_focus() {
        let ring = Stroke::new(1.0, DesignTokens::of(ui).accent);
        ui.painter().rect_stroke(list.rect, theme::RADIUS_SMALL, ring, StrokeKind::Inside);
    }
}

/// What a wheel or a touchpad scrolls, as long as there is somewhere to go: else an outer list gets it.
fn take_wheel(ui: &Ui, area: Rect, scroll: &mut RowScroll, len: usize, row_height: f32) {
    if !ui.rect_contains_pointer(area) {
        return;
    }
    let before = scroll.position(row_height);
    let last = last_position(len, row_height, area.height());
    ui.input_mut(|input| {
        let delta = input.smooth_scroll_delta.y;
        if (delta > 0.0 && before > 0.0) || (delta < 0.0 && before < last) {
            scroll.by(-delta, row_height);
            input.smooth_scroll_delta.y = 0.0;
        }
    });
}

fn bar_ui(ui: &Ui, id: Id, name: &str, track: Rect, scroll: &mut RowScroll, len: usize, row_height: f32) {
    let last = last_position(len, row_height, track.height());
    if last <= 0.0 {
        scroll.grabbed = None;
        return;
    }
    let t = DesignTokens::of(ui);
    let all = last + f64::from(track.height());
    let length = (f64::from(track.height()) / all * f64::from(track.height())).max(24.0) as f32;
    let travel = track.height() - length;
    let top_of = |scroll: &RowScroll| track.top() + (scroll.position(row_height) / last) as f32 * travel;

    let response = ui.interact(track, id.with("bar"), Sense::CLICK | Sense::DRAG);
    response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, true, format!("Scroll bar of {name}")));
    ui.accesskit_node_builder(response.id, |node| {
        node.set_numeric_value(scroll.top as f64);
        node.set_min_numeric_value(0.0);
        node.set_max_numeric_value((last / f64::from(row_height)).ceil());
    });
    match response.interact_pointer_pos().filter(|_| response.is_pointer_button_down_on()) {
        Some(pointer) => {
            let top = top_of(scroll);
            let held = Rangef::new(top, top + length).contains(pointer.y);
            let grabbed = *scroll.grabbed.get_or_insert(if held { pointer.y - top } else { length / 2.0 });
            let share = ((pointer.y - grabbed - track.top()) / travel.max(1.0)).clamp(0.0, 1.0);
            scroll.set_position(f64::from(share) * last, row_height);
        }
        None => scroll.grabbed = None,
    }
    let is_live = response.hovered() || scroll.grabbed.is_some();
    let across = if is_live { 8.0 } else { 6.0 };
    let handle = Rect::from_min_size(pos2(track.right() - across, top_of(scroll)), vec2(across, length));
    ui.painter().rect_filled(handle, across / 2.0, if is_live { t.faint } else { t.border_strong });
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEIGHT: f32 = 34.0;

    #[test]
    fn the_smallest_step_counts_at_the_millionth_row() {
        let mut scroll = RowScroll { top: 999_000, ..RowScroll::default() };
        for _ in 0..1000 {
            scroll.by(0.1, HEIGHT);
        }
        assert_eq!(scroll.top().0, 999_002);
        assert!((scroll.hidden - 32.0).abs() < 0.01, "{scroll:?}");
        for _ in 0..1000 {
            scroll.by(-0.1, HEIGHT);
        }
        assert!((scroll.position(HEIGHT) - 999_000.0 * 34.0).abs() < 0.02, "{scroll:?}");
    }

    #[test]
    fn a_list_ends_with_its_last_row_and_begins_with_its_first() {
        let mut scroll = RowScroll::default();
        scroll.by(-50.0, HEIGHT);
        assert_eq!(scroll.top(), (0, 0.0));
        scroll.by(1e9, HEIGHT);
        scroll.settle(100, HEIGHT, 10.0 * HEIGHT);
        assert_eq!(scroll.top(), (90, 0.0));
        scroll.settle(5, HEIGHT, 10.0 * HEIGHT);
        assert_eq!(scroll.top(), (0, 0.0));
    }

    #[test]
    fn a_row_comes_into_view_with_those_around_it() {
        let mut scroll = RowScroll { top: 500, ..RowScroll::default() };
        for (row, around, expected) in [(512, 3, 506), (506, 3, 503), (508, 3, 503), (510, 99, 505), (1, 3, 0)] {
            scroll.reveal_within(row, around);
            scroll.settle(1_000_000, HEIGHT, 10.0 * HEIGHT);
            assert_eq!(scroll.top(), (expected, 0.0), "{row}");
        }
    }

    #[test]
    fn a_row_that_is_asked_for_comes_into_view_by_the_shortest_way() {
        let mut scroll = RowScroll { top: 500, hidden: 10.0, ..RowScroll::default() };
        for (row, expected) in [(505, (500, 10.0)), (500, (500, 0.0)), (400, (400, 0.0)), (420, (411, 0.0))] {
            scroll.reveal(row);
            scroll.settle(1_000_000, HEIGHT, 10.0 * HEIGHT);
            assert_eq!(scroll.top(), expected, "{row}");
        }
    }
}
