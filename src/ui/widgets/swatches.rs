//! A choice of colours, each with its name: the name of the chosen one stands beside them.

use crate::ui::{
    icons,
    theme::{self, DesignTokens},
    widgets::paint,
};
use egui::{Color32, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Widget, WidgetInfo, pos2, vec2};

/// One of `options`; the response is `changed` when the user chose another.
#[must_use = "add it with `ui.add`"]
pub struct ColorSwatches<'a, T> {
    name: &'a str,
    value: &'a mut T,
    options: &'a [(T, &'a str, Color32)],
}

impl<'a, T: PartialEq + Clone> ColorSwatches<'a, T> {
    /// A control called `name` over `options`, each a value, its name and its colour.
    pub fn new(name: &'a str, value: &'a mut T, options: &'a [(T, &'a str, Color32)]) -> Self {
        Self { name, value, options }
    }
}

impl<T: PartialEq + Clone> Widget for ColorSwatches<'_, T> {
    fn ui(self, ui: &mut Ui) -> Response {
        const STEP: f32 = 30.0;
        const SIDE: f32 = 20.0;
        let t = DesignTokens::of(ui);
        let (rect, mut whole) = ui.allocate_exact_size(theme::full_width(ui, theme::CONTROL_HEIGHT), Sense::hover());
        ui.accesskit_node_builder(whole.id, |node| {
            node.set_role(Role::RadioGroup);
            node.set_label(self.name);
        });
        for (i, (value, label, color)) in self.options.iter().enumerate() {
            let center = pos2(rect.left() + STEP * i as f32 + SIDE / 2.0 + 2.0, rect.center().y);
            let swatch = Rect::from_center_size(center, vec2(SIDE, SIDE));
            let response = ui.interact(swatch.expand(3.0), whole.id.with(i), Sense::click());
            if response.clicked() && self.value != value {
                *self.value = value.clone();
                whole.mark_changed();
            }
            let chosen = self.value == value;
            response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), chosen, *label));
            ui.painter().rect_filled(swatch, theme::RADIUS, *color);
            if chosen {
                let tick = icons::CHECK.glyph().to_string();
                let tick = paint::line(ui, &tick, icons::font(14.0), t.panel, f32::INFINITY);
                paint::galley_center(ui.painter(), tick, center);
            }
            if response.has_focus() || response.hovered() {
                let ring = if response.has_focus() { t.accent } else { t.border_strong };
                ui.painter().rect_stroke(swatch.expand(3.0), theme::RADIUS, Stroke::new(1.5, ring), StrokeKind::Inside);
            }
            response.on_hover_text(*label);
        }
        if let Some((_, label, _)) = self.options.iter().find(|(value, ..)| value == self.value) {
            let left = rect.left() + STEP * self.options.len() as f32 + 6.0;
            let label = paint::line(ui, label, theme::regular(theme::BODY_SIZE), t.subdued, rect.right() - left);
            paint::galley_left(ui.painter(), label, left, rect.center().y);
        }
        whole
    }
}
