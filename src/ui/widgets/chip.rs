//! A filter chip with how many entries it would leave.

use crate::ui::{
    theme::{self, DesignTokens},
    widgets::paint,
};
use egui::{Color32, CornerRadius, Response, Role, Sense, Stroke, StrokeKind, Ui, Widget, WidgetInfo, vec2};

/// A toggle that narrows a list.
#[must_use = "add it with `ui.add`"]
pub struct FilterChip<'a> {
    label: &'a str,
    count: Option<u64>,
    selected: bool,
}

impl<'a> FilterChip<'a> {
    /// A chip that says `label`.
    pub fn new(label: &'a str) -> Self {
        Self { label, count: None, selected: false }
    }

    /// How many entries the filter would leave.
    pub fn count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// How wide it will be.
    pub fn width(&self, ui: &Ui) -> f32 {
        let words =
            paint::line(ui, &self.words(), theme::regular(theme::SMALL_SIZE), Color32::PLACEHOLDER, f32::INFINITY);
        (words.size().x + 22.0).ceil()
    }

    fn words(&self) -> String {
        match self.count {
            Some(count) => format!("{} {}", self.label, grouped(count)),
            None => self.label.to_owned(),
        }
    }

    /// Whether the filter is on.
    pub fn selected(mut self, selected: bool) -> Self {
        self.selected = selected;
        self
    }
}

impl Widget for FilterChip<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let t = DesignTokens::of(ui);
        let words = self.words();
        let size = vec2(self.width(ui), theme::CHIP_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, self.selected, &words));

        let radius = CornerRadius::same((theme::CHIP_HEIGHT / 2.0) as u8);
        let raised = response.hovered() || response.is_pointer_button_down_on();
        let (fill, edge, color) = match (self.selected, raised) {
            (true, _) => (t.selection, Color32::TRANSPARENT, t.accent_text),
            (false, true) => (t.raised, t.border_strong, t.text),
            (false, false) => (Color32::TRANSPARENT, t.border, t.subdued),
        };
        ui.painter().rect(rect, radius, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
        let text = paint::line(ui, &words, theme::regular(theme::SMALL_SIZE), color, f32::INFINITY);
        paint::galley_center(ui.painter(), text, rect.center());
        if response.has_focus() {
            paint::button_focus_ring(ui, rect, radius.nw);
        }
        if raised && enabled {
            ui.set_cursor_icon(egui::CursorIcon::PointingHand);
        }
        response
    }
}

/// A number with commas between its thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_set_apart() {
        for (number, expected) in [(0, "0"), (999, "999"), (1_284, "1,284"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(number), expected);
        }
    }
}
