//! Tabs with an underline, for pages of which one is shown: those of the inspector and of the settings.

use crate::ui::{
    theme::{self, DesignTokens},
    widgets::paint,
};
use egui::{
    EventFilter, FontId, Id, Key, Modifiers, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Widget, WidgetInfo,
    pos2, vec2,
};

/// One of several panes; the response is `changed` when the user chose another.
#[must_use = "add it with `ui.add`"]
pub struct TabBar<'a, T> {
    name: &'a str,
    value: &'a mut T,
    options: &'a [(T, &'a str)],
}

impl<'a, T: PartialEq + Clone> TabBar<'a, T> {
    /// A row of tabs called `name` over `options`.
    pub fn new(name: &'a str, value: &'a mut T, options: &'a [(T, &'a str)]) -> Self {
        Self { name, value, options }
    }

    /// How wide the words of each tab are, in points.
    fn label_widths(&self, ui: &Ui) -> Vec<f32> {
        let color = DesignTokens::of(ui).text;
        let width = |label| paint::line(ui, label, label_font(), color, f32::INFINITY).size().x;
        self.options.iter().map(|(_, label)| width(label)).collect()
    }

    /// The place of the chosen tab.
    fn place(&self) -> Option<usize> {
        self.options.iter().position(|(value, _)| value == self.value)
    }
}

/// The tab that the arrow keys lead to, while the chosen one has the focus.
fn moved(ui: &Ui, chosen: Id, place: usize, count: usize) -> Option<usize> {
    if !ui.memory(|memory| memory.has_focus(chosen)) {
        return None;
    }
    let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(chosen, filter));
    ui.input_mut(|input| {
        let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
        if pressed(Key::ArrowRight) {
            Some((place + 1) % count)
        } else if pressed(Key::ArrowLeft) {
            Some((place + count - 1) % count)
        } else if pressed(Key::Home) {
            Some(0)
        } else if pressed(Key::End) {
            Some(count - 1)
        } else {
            None
        }
    })
}

impl<T: PartialEq + Clone> Widget for TabBar<'_, T> {
    fn ui(self, ui: &mut Ui) -> Response {
        const HEIGHT: f32 = 34.0;
        let widths = self.label_widths(ui);
        let available = ui.available_width();
        // Narrow panes get narrower gaps before any word is cut.
        let text: f32 = widths.iter().sum();
        let side = ((available - text) / (2.0 * widths.len().max(1) as f32)).clamp(4.0, 10.0);
        let (rect, mut whole) = ui.allocate_exact_size(vec2(available, HEIGHT), Sense::hover());
        ui.accesskit_node_builder(whole.id, |node| {
            node.set_role(Role::TabList);
            node.set_label(self.name);
        });
        paint_ground(ui, rect);

        let before = self.place();
        let moved = before.and_then(|place| moved(ui, whole.id.with(place), place, self.options.len()));
        if let Some(place) = moved.filter(|place| Some(*place) != before) {
            *self.value = self.options[place].0.clone();
            whole.mark_changed();
        }
        let place = self.place();
        let mut left = rect.left();
        for (i, ((value, label), width)) in self.options.iter().zip(widths).enumerate() {
            let tab = Rect::from_min_max(pos2(left, rect.top()), pos2(left + width + 2.0 * side, rect.bottom()));
            left = tab.right();
            // The chosen tab alone can be reached by Tab: from there the arrows lead on.
            let sense = if place == Some(i) { Sense::click() } else { Sense::CLICK };
            let response = ui.interact(tab, whole.id.with(i), sense);
            if moved == Some(i) {
                response.request_focus();
            }
            if response.clicked() && self.value != value {
                *self.value = value.clone();
                whole.mark_changed();
            }
            show_tab(ui, &response, label, self.value == value);
        }
        whole
    }
}

/// Paints the line that the tabs stand on, from edge to edge of the pane.
fn paint_ground(ui: &Ui, tabs: Rect) {
    let line = Rect::from_x_y_ranges(ui.clip_rect().x_range(), tabs.bottom() - 1.0..=tabs.bottom());
    ui.painter().rect_filled(line, 0, DesignTokens::of(ui).border);
}

/// Shows one tab, to the eye and to a screen reader.
fn show_tab(ui: &mut Ui, response: &Response, label: &str, is_chosen: bool) {
    let t = DesignTokens::of(ui);
    let tab = response.rect;
    response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), is_chosen, label));
    let color = if is_chosen || response.hovered() { t.text } else { t.subdued };
    let text = paint::line(ui, label, label_font(), color, f32::INFINITY);
    paint::galley_center(ui.painter(), text, tab.center() - vec2(0.0, 1.0));
    if is_chosen {
        let underline = Rect::from_min_max(pos2(tab.left(), tab.bottom() - 2.0), tab.max);
        ui.painter().rect_filled(underline, 0, t.accent);
    }
    if response.has_focus() {
        let ring = Stroke::new(1.5, t.accent);
        let inside = tab.shrink2(vec2(1.0, 4.0));
        ui.painter().rect_stroke(inside, theme::RADIUS_SMALL, ring, StrokeKind::Inside);
    }
    if response.hovered() {
        ui.set_cursor_icon(egui::CursorIcon::PointingHand);
    }
}

fn label_font() -> FontId {
    theme::regular(theme::BODY_SIZE)
}
